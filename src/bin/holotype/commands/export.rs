//! `export`: annotations in a tool's format.

use std::io::Write;
use std::path::PathBuf;

use clap::Args;
use holotype::export::Row;
use holotype::export::agreed::parse_rule;
use holotype::export::coco::CocoDialect;
use holotype::export::version::{ExportOptions, Exported, Filter, Votes, export_file, export_folder};
use holotype::export::{ExportError, ExportFormat, ExportReport, FileFormat};
use holotype::files::folder::FileError;
use holotype::files::output::{Existing, StagedFile, StagedFolder};
use holotype::repo::Version;
use serde_json::{Value, json};

use crate::app::App;
use crate::failure::{Failure, IO, chain};
use crate::filter::ImageVariable;
use crate::rows::RowContext;

/// Writes annotations in a tool's format
#[derive(Debug, Args)]
pub(crate) struct ExportArgs {
    /// The revision; HEAD where none is given
    revision: Option<String>,
    /// asap, coco, csv, geojson, parquet, sliderunner, voc or yolo
    #[arg(long, value_name = "F")]
    format: String,
    /// The file (coco, csv, parquet, sliderunner), or a new or empty folder (asap, geojson, voc, yolo)
    #[arg(long, value_name = "PATH")]
    out: PathBuf,
    /// Only annotations for which this CEL expression is true
    #[arg(long = "where", value_name = "EXPR")]
    filter: Option<String>,
    /// The rule by which labels are agreed; else the one in force
    #[arg(long, value_name = "R")]
    rule: Option<String>,
    /// Ratings as lists of votes, where the format has a place for them
    #[arg(long)]
    with_votes: bool,
    /// The form of COCO: standard, or midog (corners as boxes, and ratings as lists of votes, as MIDOG++ is published)
    #[arg(long, value_name = "D", default_value = "standard")]
    dialect: String,
    /// Replace a file that is there
    #[arg(long)]
    overwrite: bool,
}

/// The format that is asked for, and in which form.
fn form(args: &ExportArgs) -> Result<(ExportFormat, CocoDialect), Failure> {
    let format = ExportFormat::parse(&args.format).ok_or_else(|| {
        Failure::usage(
            format!("'{}' is no format that is written", args.format),
            format!("formats are {}", ExportFormat::words(", ")),
        )
    })?;
    let dialect = CocoDialect::parse(&args.dialect).ok_or_else(|| {
        Failure::usage(
            format!("'{}' is no form of COCO", args.dialect),
            "dialects are standard, midog",
        )
    })?;
    if dialect != CocoDialect::Standard && format != ExportFormat::File(FileFormat::Coco) {
        return Err(Failure::usage(
            format!("{} has no dialects", args.format),
            "--dialect goes with --format coco",
        ));
    }
    Ok((format, dialect))
}

pub(crate) fn run(app: &mut App, args: &ExportArgs) -> Result<u8, Failure> {
    let (format, dialect) = form(args)?;
    let repo = app.repo()?;
    let version = app.version(&repo, args.revision.as_deref())?;
    let rule = args
        .rule
        .as_deref()
        .map(|text| parse_rule(text, &version))
        .transpose()?;
    let filter = args
        .filter
        .as_deref()
        .map(|text| row_filter(&version, text))
        .transpose()?;
    let takes = filter.as_ref().map(|filter| |row: &Row<'_>| filter.takes(row));
    let options = ExportOptions {
        name: repo.name(),
        votes: if args.with_votes || dialect == CocoDialect::Midog {
            Votes::List
        } else {
            Votes::Omit
        },
        dialect,
        filter: Filter {
            image: None,
            annotation: takes
                .as_ref()
                .map(|takes| takes as &(dyn Fn(&Row<'_>) -> bool + Sync)),
        },
        repository: Some(repo.store().repository().id),
    };
    let path = app.user_path(&args.out);
    let exported = match format {
        ExportFormat::File(format) => {
            let existing = if args.overwrite {
                Existing::Replace
            } else {
                Existing::Refuse
            };
            let mut file = StagedFile::create(&path, existing)?;
            let exported = export_file(format, &version, rule.as_ref(), &mut file, &options)?;
            file.flush()?;
            file.publish()?;
            exported
        }
        ExportFormat::Folder(format) => {
            let mut folder = StagedFolder::create(&path)?;
            let exported = export_folder(format, &version, rule.as_ref(), &mut folder, &options)?;
            folder.publish()?;
            exported
        }
    };
    report(app, args, &path, &exported)?;
    Ok(0)
}

fn report(
    app: &mut App,
    args: &ExportArgs,
    path: &std::path::Path,
    exported: &Exported,
) -> Result<(), Failure> {
    app.out.object(
        "holotype/export/1",
        &json!({
            "format": args.format,
            "path": path,
            "images": exported.images,
            "annotations": exported.annotations,
            "labels": exported.labels,
            "losses": losses(&exported.report),
        }),
    )?;
    app.out.line(format!(
        "wrote {} images, {} annotations, {} labels to {}",
        exported.images,
        exported.annotations,
        exported.labels,
        path.display()
    ))?;
    if exported.report.is_empty() {
        return app.out.line("loss report: the format says it all");
    }
    app.out.line("loss report:")?;
    for loss in exported.report.losses() {
        app.out.line(format!(
            "  lost  {} × {}: {}",
            loss.count,
            loss.code,
            crate::output::one_line(&loss.message)
        ))?;
    }
    Ok(())
}

/// What an export could not say, as results have it.
pub(crate) fn losses(report: &ExportReport) -> Vec<Value> {
    report
        .losses()
        .map(|loss| json!({"code": loss.code, "count": loss.count, "message": loss.message}))
        .collect()
}

/// A `--where` expression over the rows of an export.
pub(crate) struct RowFilter<'a> {
    context: RowContext<'a>,
    filter: crate::filter::Filter,
}

/// Compiles a `--where` expression.
pub(crate) fn row_filter<'a>(version: &'a Version, text: &str) -> Result<RowFilter<'a>, Failure> {
    Ok(RowFilter {
        filter: crate::filter::Filter::parse(text)?,
        context: RowContext::new(version)?,
    })
}

impl RowFilter<'_> {
    /// Whether the expression is true under the rule in force; one that cannot be evaluated for a row is false for it.
    pub(crate) fn takes(&self, row: &Row<'_>) -> bool {
        self.accepts(row).unwrap_or(false)
    }

    /// Whether the expression is true under the rule in force.
    pub(crate) fn accepts(&self, row: &Row<'_>) -> Result<bool, Failure> {
        let row = self.context.reader().in_force(row);
        self.filter
            .accepts_row(&row, &ImageVariable::default(), &self.context)
    }
}

impl From<ExportError> for Failure {
    fn from(error: ExportError) -> Self {
        let line = chain(&error);
        match error {
            ExportError::State(error) => error.into(),
            ExportError::Repo(error) => error.into(),
            ExportError::Store(error) => error.into(),
            ExportError::File(error) => error.into(),
            ExportError::Names { .. } => {
                Self::refused(line, "export as coco, which keeps names inside one file")
            }
            ExportError::BytesMissing { .. } => Self::refused(
                line,
                "fetch the image's bytes with holotype add, or leave the images out",
            ),
            ExportError::BytesChanged { .. } => {
                Self::refused(line, "bring the file back as it was, or add it again")
            }
            ExportError::Coco(_)
            | ExportError::Parquet(_)
            | ExportError::SlideRunner(_)
            | ExportError::Encode(_)
            | ExportError::Write(_)
            | ExportError::Table(_) => Self::new(IO, line, "check the disk, and run the command again"),
        }
    }
}

impl From<FileError> for Failure {
    fn from(error: FileError) -> Self {
        let line = chain(&error);
        match error {
            FileError::Exists { .. } => {
                Self::refused(line, "choose another path, or replace it with --overwrite")
            }
            FileError::NotEmpty { .. } => Self::refused(line, "give a new or empty folder"),
            FileError::Busy { .. } => Self::new(crate::failure::CONFLICT, line, "wait until it is done"),
            FileError::Nameless { .. }
            | FileError::NotAFile { .. }
            | FileError::Deep { .. }
            | FileError::Name(_) => Self::refused(line, "nothing was changed; check the path"),
            FileError::Io { .. } => Self::new(
                IO,
                line,
                "check the disk and the permissions, and run the command again",
            ),
        }
    }
}
