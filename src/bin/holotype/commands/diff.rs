//! `diff`: what differs between two versions, as people speak of it.

use clap::{Args, ValueEnum};
use holotype::repo::Version;
use holotype::snapshot::changes::ChangeItem;

use crate::app::App;
use crate::commands::list::{RowContext, annotation_row};
use crate::failure::{FOUND, Failure};
use crate::filter::Filter;
use crate::render::diff::{DiffFormat, DiffView, Endpoint, render};

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum FormatArg {
    Text,
    Json,
    Geojson,
    Html,
    Md,
}

/// Tells what differs between two versions: added, removed, relabelled, moved, reshaped, …
#[derive(Debug, Args)]
pub(crate) struct DiffArgs {
    /// The revision before
    before: String,
    /// The revision after; DRAFT (with what is not yet committed) where none is given
    after: Option<String>,
    /// Numbers only
    #[arg(long)]
    stat: bool,
    /// Only changes of annotations for which this CEL expression is true (on their rows as `list annotations` has them)
    #[arg(long = "where", value_name = "EXPR")]
    filter: Option<String>,
    /// Exit with 1 when something differs
    #[arg(long)]
    exit_code: bool,
    /// The form of the result
    #[arg(long, value_name = "F", default_value = "text")]
    format: FormatArg,
}

pub(crate) fn run(app: &mut App, args: &DiffArgs) -> Result<u8, Failure> {
    let repo = app.repo()?;
    let before = repo.resolve_version(&args.before)?;
    let after_name = args.after.as_deref().unwrap_or("DRAFT");
    let after = repo.resolve_version(after_name)?;
    let mut comparison = before.compare(&after)?;
    if let Some(text) = &args.filter {
        let filter = Filter::parse(text)?;
        let sides = [Side::new(&after)?, Side::new(&before)?];
        let mut failure = None;
        comparison.retain(|item| match accepts(&filter, &sides, item) {
            Ok(accepted) => accepted,
            Err(error) => {
                failure = Some(error);
                false
            }
        });
        if let Some(error) = failure {
            return Err(error);
        }
    }
    let by = repo.attribute(&before, &after, &comparison.changes)?;
    let endpoint = |revision: &str, version: &Version| -> Result<Endpoint, Failure> {
        Ok(Endpoint {
            revision: revision.to_owned(),
            commit: version.id(),
            snapshot: version.snapshot()?,
        })
    };
    let view = DiffView {
        from: endpoint(&args.before, &before)?,
        to: endpoint(after_name, &after)?,
        comparison: &comparison,
        by: &by,
    };
    let format = match args.format {
        _ if app.out.json => DiffFormat::Json,
        FormatArg::Text => DiffFormat::Text,
        FormatArg::Json => DiffFormat::Json,
        FormatArg::Geojson => DiffFormat::Geojson,
        FormatArg::Html => DiffFormat::Html,
        FormatArg::Md => DiffFormat::Md,
    };
    let color = app
        .color
        .enabled(std::io::IsTerminal::is_terminal(&std::io::stdout()));
    let stat_only = args.stat && format != DiffFormat::Json;
    let text = render(&view, format, stat_only, color);
    app.out.text(text.trim_end())?;
    app.out.text("\n")?;
    Ok(if args.exit_code && !comparison.identical {
        FOUND
    } else {
        0
    })
}

/// A version, and what its rows need.
struct Side<'a> {
    version: &'a Version,
    context: RowContext,
}

impl<'a> Side<'a> {
    fn new(version: &'a Version) -> Result<Self, Failure> {
        Ok(Self {
            version,
            context: RowContext::new(version)?,
        })
    }
}

/// Whether the expression is true for the annotation of a change, in the version after or else before.
fn accepts(filter: &Filter, sides: &[Side<'_>; 2], item: &ChangeItem) -> Result<bool, Failure> {
    let Some(annotation) = item.annotation() else {
        return Ok(false);
    };
    for side in sides {
        let key = holotype::model::Key::annotation(annotation);
        if let Some(record) = holotype::event::read(side.version, &key)? {
            let row = annotation_row(side.version, &side.context, annotation, &record)?;
            return filter.accepts(&row, &side.context);
        }
    }
    Ok(false)
}
