//! `diff`: what differs between two versions, as people speak of it.

use clap::{Args, ValueEnum};
use holotype::repo::Version;
use holotype::snapshot::changes::ChangeItem;

use crate::app::App;
use crate::failure::{FOUND, Failure};
use crate::filter::{Filter, ImageVariable};
use crate::render::diff::{DiffFormat, DiffView, Endpoint, render};
use crate::rows::RowContext;

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
        let sides = [RowContext::new(&after)?, RowContext::new(&before)?];
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

/// Whether the expression is true for the annotation of a change, in the version after or else before.
fn accepts(filter: &Filter, sides: &[RowContext<'_>; 2], item: &ChangeItem) -> Result<bool, Failure> {
    let Some(annotation) = item.annotation() else {
        return Ok(false);
    };
    for side in sides {
        let accepted = side.annotation(annotation, |row| {
            filter.accepts_row(row, &ImageVariable::default(), side)
        })?;
        if let Some(accepted) = accepted {
            return accepted;
        }
    }
    Ok(false)
}
