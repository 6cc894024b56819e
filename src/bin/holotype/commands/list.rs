//! `list`: the rows of a version.

use std::ops::ControlFlow;

use clap::{Args, ValueEnum};
use holotype::event::scan_records;
use holotype::export::{ImageRow, Parts, Ratings, Row};
use holotype::model::screened::screened_for;
use holotype::model::{
    AnnotatorRecord, CaseRecord, EntityKind, Key, KeyParts, LabelRecord, RatingRecord, ScreeningRecord,
    SlideRecord, SplitRecord,
};
use holotype::repo::{Repo, Version};
use serde_json::{Value, json};

use crate::app::{App, short};
use crate::failure::Failure;
use crate::filter::{Filter, ImageVariable, Within};
use crate::output::table;
use crate::rows::{RowContext, image_row};

/// How many bytes of an image's id the ids of its annotations begin with.
const IMAGE_PREFIX_BYTES: usize = 8;

/// What to list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum What {
    Images,
    Annotations,
    Ratings,
    Annotators,
    Labels,
    Cases,
    Slides,
    Splits,
    Screenings,
}

/// Lists the rows of a version
#[derive(Debug, Args)]
pub(crate) struct ListArgs {
    /// What to list
    what: What,
    /// The revision; HEAD where none is given, DRAFT with what is not yet committed
    revision: Option<String>,
    /// Only rows for which this CEL expression is true, such as 'label == "mitotic figure"'
    #[arg(long = "where", value_name = "EXPR")]
    filter: Option<String>,
}

pub(crate) fn run(app: &mut App, args: &ListArgs) -> Result<u8, Failure> {
    let repo = app.repo()?;
    let version = app.version(&repo, args.revision.as_deref())?;
    let filter = args.filter.as_deref().map(Filter::parse).transpose()?;
    let context = RowContext::new(&version)?;
    let mut rows: Vec<Vec<String>> = Vec::new();
    if args.what == What::Annotations {
        annotations(app, &context, filter.as_ref(), &mut rows)?;
    } else {
        let mut emit = |app: &mut App, row: Value| -> Result<(), Failure> {
            match &filter {
                Some(filter) if !filter.accepts(&row, &context)? => Ok(()),
                _ if app.out.json => app.out.object(&schema(args.what), &row),
                _ => {
                    rows.push(cells(args.what, |name| row.get(name).cloned()));
                    Ok(())
                }
            }
        };
        each_row(app, &repo, &context, args.what, &mut emit)?;
    }
    if !rows.is_empty() {
        rows.insert(
            0,
            columns(args.what).iter().map(|name| (*name).to_owned()).collect(),
        );
    }
    if !app.out.json && !app.out.quiet {
        app.out.text(&table(&rows))?;
    }
    if rows.is_empty() && !app.out.json && args.revision.is_none() && repo.draft()?.is_some() {
        app.out.note(format!(
            "none in HEAD; 'holotype list {} DRAFT' shows what is not yet committed",
            word(args.what)
        ));
    }
    Ok(0)
}

fn schema(what: What) -> String {
    format!("holotype/list-{}/1", word(what))
}

/// A row of the table.
fn cells(what: What, member: impl Fn(&str) -> Option<Value>) -> Vec<String> {
    columns(what)
        .iter()
        .map(|name| cell(member(name), name))
        .collect()
}

fn word(what: What) -> &'static str {
    match what {
        What::Images => "images",
        What::Annotations => "annotations",
        What::Ratings => "ratings",
        What::Annotators => "annotators",
        What::Labels => "labels",
        What::Cases => "cases",
        What::Slides => "slides",
        What::Splits => "splits",
        What::Screenings => "screenings",
    }
}

fn columns(what: What) -> &'static [&'static str] {
    match what {
        What::Images => &["id", "name", "width", "height", "blob", "case"],
        What::Annotations => &["id", "image_name", "type", "label"],
        What::Ratings => &["annotation", "annotator", "round", "label", "method"],
        What::Annotators => &["code", "kind", "name"],
        What::Labels => &["id", "name", "facts"],
        What::Cases | What::Slides => &["id", "case", "facts"],
        What::Splits => &["split", "member", "part"],
        What::Screenings => &["image_name", "annotator", "round", "region"],
    }
}

fn cell(value: Option<Value>, name: &str) -> String {
    let text = match value {
        None | Some(Value::Null) => "-".to_owned(),
        Some(Value::String(text)) => text,
        Some(other) => other.to_string(),
    };
    if matches!(name, "id" | "annotation" | "blob") && text.len() >= 48 {
        short(&text).to_owned()
    } else {
        text
    }
}

type Emit<'a> = dyn FnMut(&mut App, Value) -> Result<(), Failure> + 'a;

/// Lists annotations: several images at a time, and only those on which the expression can be true.
fn annotations(
    app: &mut App,
    context: &RowContext<'_>,
    filter: Option<&Filter>,
    table: &mut Vec<Vec<String>>,
) -> Result<(), Failure> {
    let images = match filter.map_or(Within::ALL, Filter::annotations_within) {
        Within::Nothing => return Ok(()),
        Within::Prefix(prefix) => {
            // An id begins with the first bytes of that of its image.
            let of_image = prefix.get(..IMAGE_PREFIX_BYTES).unwrap_or(&prefix);
            context.images(of_image)?
        }
    };
    let is_json = app.out.json;
    let shown = |row: &Row<'_>| {
        if is_json {
            Shown::Json(crate::output::object_line(
                &schema(What::Annotations),
                &context.row(row),
            ))
        } else {
            Shown::Cells(cells(What::Annotations, |name| context.member(row, name)))
        }
    };
    let rows_of = |_: &ImageRow, rows: Vec<Row<'_>>| {
        let image = ImageVariable::default();
        let mut taken = Vec::new();
        for row in &rows {
            let accepted = filter.map_or(Ok(true), |filter| filter.accepts_row(row, &image, context));
            match accepted {
                Ok(true) => taken.push(Ok(shown(row))),
                Ok(false) => {}
                Err(failure) => taken.push(Err(failure)),
            }
        }
        taken
    };
    let parts = Parts {
        ratings: Ratings::Read,
        source_ids: false,
    };
    context.reader().each_image(&images, parts, rows_of, |taken| {
        for shown in taken {
            match shown? {
                Shown::Json(line) => app.out.bytes(&line)?,
                Shown::Cells(cells) => table.push(cells),
            }
        }
        Ok(())
    })
}

/// An annotation as it is listed.
enum Shown {
    Json(Vec<u8>),
    Cells(Vec<String>),
}

fn each_row(
    app: &mut App,
    repo: &Repo,
    context: &RowContext<'_>,
    what: What,
    emit: &mut Emit<'_>,
) -> Result<(), Failure> {
    let version = context.version();
    match what {
        What::Images => {
            let mut images = context.images(&[])?;
            images.sort_by(|a, b| a.record.name.cmp(&b.record.name));
            images
                .iter()
                .try_for_each(|image| emit(app, image_row(image.id, &image.record)))
        }
        What::Ratings => scan(
            app,
            version,
            EntityKind::Rating,
            emit,
            |key, record: RatingRecord| Ok(rating_row(context, &key, &record)),
        ),
        What::Annotators => annotators(app, repo, version, emit),
        What::Annotations | What::Labels | What::Cases | What::Slides | What::Splits | What::Screenings => {
            other_row(app, context, what, emit)
        }
    }
}

/// The rows of what an annotation refers to.
fn other_row(
    app: &mut App,
    context: &RowContext<'_>,
    what: What,
    emit: &mut Emit<'_>,
) -> Result<(), Failure> {
    let version = context.version();
    match what {
        What::Images | What::Annotations | What::Ratings | What::Annotators => Ok(()),
        What::Labels => scan(
            app,
            version,
            EntityKind::Label,
            emit,
            |key, record: LabelRecord| {
                let KeyParts::Label(id) = key else {
                    return Ok(Value::Null);
                };
                Ok(json!({"id": id, "name": record.name, "facts": record.facts}))
            },
        ),
        What::Cases => scan(app, version, EntityKind::Case, emit, |_, record: CaseRecord| {
            Ok(json!({"id": record.code, "facts": record.facts}))
        }),
        What::Slides => scan(app, version, EntityKind::Slide, emit, |_, record: SlideRecord| {
            Ok(json!({"id": record.code, "case": record.case, "facts": record.facts}))
        }),
        What::Splits => scan(app, version, EntityKind::Split, emit, |_, record: SplitRecord| {
            let id = format!("{}/{}", record.split, record.member);
            Ok(json!({"id": id, "split": record.split, "member": record.member, "part": record.part}))
        }),
        What::Screenings => scan(
            app,
            version,
            EntityKind::Screening,
            emit,
            |key, record: ScreeningRecord| {
                let KeyParts::Screening(prefix, digest) = key else {
                    return Ok(Value::Null);
                };
                let image = context.image(prefix)?.map(|image| image.record);
                let labels = image
                    .as_ref()
                    .and_then(|image| screened_for(&image.facts, record.annotator.as_ref(), record.round));
                Ok(json!({
                    "id": digest, "image": record.image, "image_name": image.map(|image| image.name),
                    "region": record.region, "labels": labels.map(|ids| {
                        ids.into_iter().map(|id| context.label(Some(id))).collect::<Vec<_>>()
                    }),
                    "annotator": record.annotator, "round": record.round, "blinded": record.blinded,
                }))
            },
        ),
    }
}

/// Goes through the records of a kind without holding them all.
fn scan<R: holotype::codec::Record>(
    app: &mut App,
    version: &Version,
    kind: EntityKind,
    emit: &mut Emit<'_>,
    row: impl Fn(KeyParts, R) -> Result<Value, Failure>,
) -> Result<(), Failure> {
    let mut result = Ok(());
    scan_records(version, &Key::kind_prefix(kind), |key, record: R| {
        result = match key.parts() {
            Ok(parts) => row(parts, record).and_then(|row| emit(app, row)),
            Err(_) => Ok(()),
        };
        if result.is_ok() {
            ControlFlow::Continue(())
        } else {
            ControlFlow::Break(())
        }
    })?;
    result
}

fn annotators(app: &mut App, repo: &Repo, version: &Version, emit: &mut Emit<'_>) -> Result<(), Failure> {
    let head = match version.id() {
        Some(id) => Some(id),
        None => repo.head()?,
    };
    let registrations = repo.registrations(head)?;
    scan(
        app,
        version,
        EntityKind::Annotator,
        emit,
        |_, record: AnnotatorRecord| {
            let name = registrations
                .get(&record.code)
                .and_then(|who| who.name.clone())
                .or(record.name);
            Ok(json!({
                "id": record.code, "code": record.code, "kind": record.kind, "name": name, "facts": record.facts,
            }))
        },
    )
}

fn rating_row(context: &RowContext<'_>, key: &KeyParts, record: &RatingRecord) -> Value {
    let KeyParts::Rating(rating) = key else {
        return Value::Null;
    };
    json!({
        "id": Key::rating(rating).to_string(),
        "annotation": rating.annotation,
        "annotator": rating.annotator,
        "round": rating.round,
        "n": rating.n,
        "label": context.label(record.label),
        "blinded": record.blinded,
        "method": record.method,
        "claimed_at": record.claimed_at,
    })
}
