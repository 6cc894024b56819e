//! `blame`: every event of an annotation's or image's life.

use clap::Args;
use holotype::codec::to_canonical;
use holotype::event::{Event, EventLine};
use holotype::id::{AnnotationId, ImageId};
use holotype::model::KeyParts;
use holotype::repo::{HistoryEvent, Repo, Scope, events_since};
use serde_json::{Value, json};

use crate::app::{App, short};
use crate::commands::show::{Subject, find_subject};
use crate::failure::Failure;
use crate::output::table;

/// Tells who did what to an annotation or image, when, why, with what
#[derive(Debug, Args)]
pub(crate) struct BlameArgs {
    /// An annotation's id or unique prefix, or an image's name or id
    subject: String,
}

pub(crate) fn run(app: &mut App, args: &BlameArgs) -> Result<u8, Failure> {
    let repo = app.repo()?;
    let head = repo.head()?;
    let (scope, needle, name) = match find_subject(&repo, &args.subject)? {
        Subject::Annotation(id) => (Scope::Image(id.image_prefix()), id.to_string(), None),
        Subject::Image(id, name) => (Scope::Image(id.prefix()), id.to_string(), Some(name)),
        Subject::Commit(_) => {
            return Err(Failure::refused(
                format!(
                    "'{}' is a commit; blame tells the life of an annotation or image",
                    args.subject
                ),
                format!("holotype show {}", args.subject),
            ));
        }
    };
    // What is about an image has its id or its name.
    let quoted = name.as_ref().map(|name| to_canonical(name).unwrap_or_default());
    let quoted = quoted.as_deref().map(String::from_utf8_lossy);
    let needles: Vec<&str> = [Some(needle.as_str()), quoted.as_deref()]
        .into_iter()
        .flatten()
        .collect();
    let mut events = Vec::new();
    for event in events_since(&repo, head, None, scope, &needles)? {
        if concerns(&event, &needle, name.as_deref()) {
            events.push(event_json(&repo, &event)?);
        }
    }
    print(app, &events)?;
    app.out
        .object("holotype/blame/1", &json!({"subject": needle, "events": events}))?;
    Ok(0)
}

/// Whether an event is about the annotation or image itself.
fn concerns(event: &HistoryEvent, id: &str, image_name: Option<&str>) -> bool {
    let Some(name) = image_name else {
        return event
            .logged
            .event
            .annotation()
            .is_some_and(|own: AnnotationId| own.to_string() == id);
    };
    if let Event::ImageDeclared { name: own, .. } | Event::ImageIngested { name: own, .. } =
        &event.logged.event
    {
        return own == name;
    }
    let event = &event.logged.event;
    event.annotation().is_none() && image_of(event).is_some_and(|own| own.to_string() == id)
}

/// The image that an event is about, other than by its name.
fn image_of(event: &Event) -> Option<ImageId> {
    if let Event::ImageErased { image }
    | Event::ImageAssigned { image, .. }
    | Event::RegionScreened { image, .. } = event
    {
        return Some(*image);
    }
    if let Event::FactsSet { entity, .. } = event {
        return ImageId::parse(&entity.id).ok();
    }
    let Event::RecordRestored { key, .. } = event else {
        return None;
    };
    let Ok(KeyParts::Image(image)) = key.parts() else {
        return None;
    };
    Some(image)
}

fn print(app: &mut App, events: &[Value]) -> Result<(), Failure> {
    let mut rows = vec![
        ["when", "what", "annotator", "by", "with", "why", "commit"]
            .map(str::to_owned)
            .to_vec(),
    ];
    for event in events {
        let member = |name: &str| event.get(name).and_then(Value::as_str).unwrap_or("-").to_owned();
        let what = match member("detail").as_str() {
            "-" | "" => member("kind"),
            detail => format!("{} {detail}", member("kind")),
        };
        let commit = member("commit");
        rows.push(vec![
            member("at"),
            what,
            member("annotator"),
            member("author"),
            member("tool"),
            member("reason"),
            short(&commit).to_owned(),
        ]);
    }
    if app.out.json || app.out.quiet {
        Ok(())
    } else {
        app.out.text(&table(&rows))
    }
}

/// The members of an event that checks rely on.
pub(crate) fn event_json(repo: &Repo, event: &HistoryEvent) -> Result<Value, Failure> {
    let context = &event.logged.context;
    let author = match context.author {
        Some(author) => Value::String(repo.person(author)?.to_text()),
        None => Value::Null,
    };
    let mut private = serde_json::Map::new();
    for (name, id) in context.private.iter().flatten() {
        private.insert(name.clone(), Value::String(repo.person(*id)?.to_text()));
    }
    let tool = context.tool.as_ref().map(|tool| match &tool.version {
        Some(version) => format!("{} {version}", tool.name),
        None => tool.name.clone(),
    });
    let payload = to_canonical(&EventLine::of(&event.logged.event))
        .ok()
        .and_then(|bytes| serde_json::from_slice::<Value>(&bytes).ok())
        .unwrap_or(Value::Null);
    Ok(json!({
        "event": event.id(),
        "commit": event.commit,
        "at": context.happened_at(),
        "recorded_at": context.recorded_at,
        "claimed_at": context.claimed_at,
        "author": author,
        "annotator": context.annotator,
        "tool": tool,
        "kind": event.logged.event.format().kind(),
        "reason": context.reason,
        "method": context.method,
        "round": context.round,
        "blinded": context.blinded,
        "source": context.source,
        "lineage": context.lineage,
        "subject": subject(&event.logged.event),
        "detail": detail(repo, &event.logged.event)?,
        "private": private,
        "payload": payload,
    }))
}

fn subject(event: &Event) -> String {
    if let Some(annotation) = event.annotation() {
        return annotation.to_string();
    }
    if let Event::ImageDeclared { name, .. }
    | Event::ImageIngested { name, .. }
    | Event::LabelDefined { name, .. } = event
    {
        return name.clone();
    }
    if let Event::AnnotatorRegistered { code, .. }
    | Event::CaseRegistered { code, .. }
    | Event::SlideRegistered { code, .. } = event
    {
        return code.to_string();
    }
    if let Event::FactsSet { entity, .. } = event {
        return format!("{} {}", entity.kind, entity.id).trim_end().to_owned();
    }
    image_of(event).map(|image| image.to_string()).unwrap_or_default()
}

/// What changed, in a few words.
fn detail(repo: &Repo, event: &Event) -> Result<String, Failure> {
    if let Event::AnnotationCreated { geometry, label, .. } = event {
        return Ok(format!("{} {}", geometry.type_name(), label_name(repo, *label)?));
    }
    if let Event::AnnotationRelabelled { label, .. } = event {
        return Ok(format!("as {}", label_name(repo, *label)?));
    }
    if let Event::RatingGiven { label, .. } = event {
        return if label.is_none() {
            Ok("no opinion".to_owned())
        } else {
            label_name(repo, *label)
        };
    }
    if let Event::GeometryRevised { geometry, .. } = event {
        return Ok(geometry.type_name().to_owned());
    }
    if let Event::ImageIngested { files, .. } = event {
        let sizes: Vec<String> = files
            .iter()
            .map(|file| format!("{} bytes", file.size_bytes))
            .collect();
        return Ok(sizes.join(", "));
    }
    if let Event::FactsSet { changes, .. } = event {
        return Ok(changes.keys().cloned().collect::<Vec<_>>().join(", "));
    }
    Ok(String::new())
}

/// The present name of a label, in quotes.
fn label_name(repo: &Repo, label: Option<holotype::id::LabelId>) -> Result<String, Failure> {
    let Some(label) = label else {
        return Ok("no label".to_owned());
    };
    let version = repo.head_version()?;
    let record: Option<holotype::model::LabelRecord> =
        holotype::event::read(&version, &holotype::model::Key::label(label))?;
    Ok(record.map_or_else(|| label.to_string(), |record| format!("'{}'", record.name)))
}
