//! `list`: the rows of a version.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use clap::{Args, ValueEnum};
use holotype::event::{read, scan_records};
use holotype::id::{AnnotationId, ImageId, ImagePrefix, LabelId};
use holotype::model::{
    AnnotationRecord, AnnotatorRecord, CaseRecord, EntityKind, FactValue, ImageRecord, Key, KeyParts,
    LabelRecord, OverrideRecord, RatingRecord, ScreeningRecord, SlideRecord, SplitRecord,
};
use holotype::repo::{Repo, Version};
use holotype::snapshot::changes::Agreement;
use serde_json::{Value, json};

use crate::app::{App, short};
use crate::failure::Failure;
use crate::output::table;

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

/// What rows need from elsewhere in the version.
pub(crate) struct RowContext {
    pub labels: BTreeMap<LabelId, String>,
    pub images: BTreeMap<ImagePrefix, (ImageId, ImageRecord)>,
    pub agreement: Agreement,
}

impl RowContext {
    pub(crate) fn new(version: &Version) -> Result<Self, Failure> {
        let mut context = Self {
            labels: BTreeMap::new(),
            images: BTreeMap::new(),
            agreement: Agreement::load(version)?,
        };
        scan_records(
            version,
            &Key::kind_prefix(EntityKind::Label),
            |key, record: LabelRecord| {
                if let Ok(KeyParts::Label(label)) = key.parts() {
                    context.labels.insert(label, record.name);
                }
                ControlFlow::Continue(())
            },
        )?;
        scan_records(
            version,
            &Key::kind_prefix(EntityKind::Image),
            |_, record: ImageRecord| {
                let id = ImageId::of_name(&record.name);
                context.images.insert(id.prefix(), (id, record));
                ControlFlow::Continue(())
            },
        )?;
        Ok(context)
    }

    fn label(&self, label: Option<LabelId>) -> Value {
        label.map_or(Value::Null, |label| {
            Value::String(
                self.labels
                    .get(&label)
                    .cloned()
                    .unwrap_or_else(|| label.to_string()),
            )
        })
    }
}

pub(crate) fn run(app: &mut App, args: &ListArgs) -> Result<u8, Failure> {
    let repo = app.repo()?;
    let version = app.version(&repo, args.revision.as_deref())?;
    let filter = args
        .filter
        .as_deref()
        .map(crate::filter::Filter::parse)
        .transpose()?;
    let mut rows: Vec<Vec<String>> = Vec::new();
    let context = RowContext::new(&version)?;
    let mut emit = |app: &mut App, row: Value| -> Result<(), Failure> {
        if let Some(filter) = &filter
            && !filter.accepts(&row, &context)?
        {
            return Ok(());
        }
        if app.out.json {
            return app
                .out
                .object(&format!("holotype/list-{}/1", word(args.what)), &row);
        }
        if rows.is_empty() {
            rows.push(columns(args.what).iter().map(|name| (*name).to_owned()).collect());
        }
        rows.push(columns(args.what).iter().map(|name| cell(&row, name)).collect());
        Ok(())
    };
    each_row(app, &repo, &version, &context, args.what, &mut emit)?;
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

fn cell(row: &Value, name: &str) -> String {
    let text = match row.get(name) {
        None | Some(Value::Null) => "-".to_owned(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    };
    if matches!(name, "id" | "annotation" | "blob") && text.len() >= 48 {
        short(&text).to_owned()
    } else {
        text
    }
}

type Emit<'a> = dyn FnMut(&mut App, Value) -> Result<(), Failure> + 'a;

fn each_row(
    app: &mut App,
    repo: &Repo,
    version: &Version,
    context: &RowContext,
    what: What,
    emit: &mut Emit<'_>,
) -> Result<(), Failure> {
    match what {
        What::Images => {
            let mut images: Vec<_> = context.images.values().collect();
            images.sort_by(|(_, a), (_, b)| a.name.cmp(&b.name));
            images
                .into_iter()
                .try_for_each(|(id, record)| emit(app, image_row(*id, record)))
        }
        What::Annotations => scan(
            app,
            version,
            EntityKind::Annotation,
            emit,
            |key, record: AnnotationRecord| {
                let KeyParts::Annotation(id) = key else {
                    return Ok(Value::Null);
                };
                annotation_row(version, context, id, &record)
            },
        ),
        What::Ratings => scan(
            app,
            version,
            EntityKind::Rating,
            emit,
            |key, record: RatingRecord| Ok(rating_row(context, &key, &record)),
        ),
        What::Annotators => annotators(app, repo, version, emit),
        What::Labels | What::Cases | What::Slides | What::Splits | What::Screenings => {
            other_row(app, version, context, what, emit)
        }
    }
}

/// The rows of what an annotation refers to.
fn other_row(
    app: &mut App,
    version: &Version,
    context: &RowContext,
    what: What,
    emit: &mut Emit<'_>,
) -> Result<(), Failure> {
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
                let name = context.images.get(&prefix).map(|(_, image)| image.name.clone());
                Ok(json!({
                    "id": digest, "image": record.image, "image_name": name, "region": record.region,
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

/// The row of an image.
pub(crate) fn image_row(id: ImageId, record: &ImageRecord) -> Value {
    let fact = |name: &str| record.facts.get(name).map_or(Value::Null, fact_json);
    let mut row = json!({
        "id": id,
        "name": record.name,
        "blob": record.single_blob(),
        "width": fact("width"),
        "height": fact("height"),
        "case": record.case,
        "slide": record.slide,
        "versions": record.versions.len(),
        "facts": record.facts,
    });
    if let Value::Object(members) = &mut row {
        for (name, value) in &record.facts {
            members.entry(name.clone()).or_insert_with(|| fact_json(value));
        }
        if record.files.len() > 1 {
            members.insert("files".to_owned(), json!(record.files));
        }
    }
    row
}

/// A fact as JSON; whole numbers without a point.
pub(crate) fn fact_json(value: &FactValue) -> Value {
    holotype::codec::to_canonical(value)
        .ok()
        .and_then(|bytes| serde_json::from_slice(&bytes).ok())
        .unwrap_or(Value::Null)
}

fn rating_row(context: &RowContext, key: &KeyParts, record: &RatingRecord) -> Value {
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

/// The row of an annotation, its label under the rule in force.
pub(crate) fn annotation_row(
    version: &Version,
    context: &RowContext,
    id: AnnotationId,
    record: &AnnotationRecord,
) -> Result<Value, Failure> {
    let mut ratings = Vec::new();
    let mut opinions = Vec::new();
    scan_records(version, &Key::ratings_prefix(id), |key, rating: RatingRecord| {
        if let Ok(KeyParts::Rating(rated)) = key.parts() {
            ratings.push(json!({
                "annotator": rated.annotator,
                "label": context.label(rating.label),
                "round": rated.round,
                "blinded": rating.blinded,
                "method": rating.method,
                "claimed_at": rating.claimed_at,
            }));
            opinions.push((rated, rating.label));
        }
        ControlFlow::Continue(())
    })?;
    let opinions = opinions.iter().map(|(key, label)| (key, *label));
    let derived = context.agreement.by_rule(record.label, opinions);
    let exception: Option<OverrideRecord> = read(version, &Key::label_override(id))?;
    let label = exception.as_ref().map_or(derived, |exception| exception.label);
    let image = context.images.get(&id.image_prefix());
    let size = image.and_then(|(_, image)| image.size());
    let flags: Vec<&str> = record
        .geometry
        .flags(size)
        .into_iter()
        .map(|flag| flag.as_str())
        .collect();
    let geometry = holotype::codec::to_canonical(&record.geometry)
        .ok()
        .and_then(|bytes| serde_json::from_slice::<Value>(&bytes).ok());
    Ok(json!({
        "id": id,
        "image": image.map(|(image, _)| image),
        "image_name": image.map(|(_, image)| image.name.clone()),
        "type": record.geometry.type_name(),
        "geometry": geometry,
        "label": context.label(label),
        "recorded_label": context.label(record.label),
        "ratings": ratings,
        "flags": flags,
        "attributes": record.attributes,
    }))
}
