//! `show`: one commit, event, image or annotation.

use std::ops::ControlFlow;

use clap::Args;
use holotype::event::{State, read};
use holotype::id::{AnnotationId, CommitId, ImageId};
use holotype::model::{EntityKind, ImageRecord, Key, KeyParts};
use holotype::repo::{Repo, RepoError, Version};
use serde_json::Value;

use crate::app::{App, commit_json};
use crate::failure::Failure;
use crate::rows::{RowContext, image_row};

/// Shows one commit, image or annotation
#[derive(Debug, Args)]
pub(crate) struct ShowArgs {
    /// A revision, an annotation's id or unique prefix, an image's name or id, or an event's id
    subject: String,
}

/// What a text names.
pub(crate) enum Subject {
    Commit(CommitId),
    Image(ImageId, String),
    Annotation(AnnotationId),
}

pub(crate) fn run(app: &mut App, args: &ShowArgs) -> Result<u8, Failure> {
    let repo = app.repo()?;
    if let Some((batch, number)) = args.subject.split_once(':')
        && let (Ok(batch), Ok(number)) = (holotype::id::BatchId::parse(batch), number.parse::<u64>())
    {
        return show_event(app, &repo, batch, number);
    }
    let version = repo.draft_version()?;
    let object = match find_subject(&repo, &args.subject)? {
        Subject::Commit(id) => commit_json(&repo, id, &repo.commit(id)?)?,
        Subject::Image(id, _) => {
            let record: ImageRecord = read(&version, &Key::image(id))?.unwrap_or_default();
            image_row(id, &record)
        }
        Subject::Annotation(id) => {
            let context = RowContext::new(&version)?;
            let Some(row) = context.annotation(id, |row| context.row(row))? else {
                return Err(Failure::refused(
                    format!("the annotation {id} was withdrawn"),
                    format!("holotype blame {id} tells by whom and why"),
                ));
            };
            row
        }
    };
    print(app, &object)?;
    app.out.object("holotype/show/1", &object)?;
    Ok(0)
}

fn show_event(app: &mut App, repo: &Repo, batch: holotype::id::BatchId, number: u64) -> Result<u8, Failure> {
    for commit in holotype::log::first_parents(repo.store(), repo.head()?) {
        let (id, commit) = commit?;
        if !commit.batches.iter().any(|range| range.batch == batch) {
            continue;
        }
        let events = holotype::repo::events_of(repo, id, &commit, holotype::repo::Scope::Everything, &[""])?;
        if let Some(event) = events
            .iter()
            .find(|event| event.batch == batch && event.number == number)
        {
            let object = crate::commands::blame::event_json(repo, event)?;
            print(app, &object)?;
            app.out.object("holotype/show/1", &object)?;
            return Ok(0);
        }
    }
    Err(Failure::refused(
        format!("there is no event {batch}:{number}"),
        "holotype log --events --json lists the events",
    ))
}

fn print(app: &mut App, object: &Value) -> Result<(), Failure> {
    if let Value::Object(members) = object {
        for (name, value) in members {
            if value.is_null() {
                continue;
            }
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            app.out
                .line(format!("{name:<14} {}", crate::output::one_line(&text)))?;
        }
    }
    Ok(())
}

/// Finds what a text names: an image, an annotation (also a withdrawn one, by its full id), or a commit.
pub(crate) fn find_subject(repo: &Repo, text: &str) -> Result<Subject, Failure> {
    let version = repo.draft_version()?;
    if let Some((id, name)) = find_image(&version, text)? {
        return Ok(Subject::Image(id, name));
    }
    // A whole id of an annotation that is there needs no look at the commits, whose ids may begin with anything.
    if let Ok(id) = AnnotationId::parse(text)
        && version.get(&Key::annotation(id))?.is_some()
    {
        return Ok(Subject::Annotation(id));
    }
    match repo.resolve(text) {
        Ok(id) => return Ok(Subject::Commit(id)),
        Err(RepoError::UnknownRevision { .. }) => {}
        Err(error) => return Err(error.into()),
    }
    if let Some(id) = find_annotation(&version, text)? {
        return Ok(Subject::Annotation(id));
    }
    if let Ok(id) = AnnotationId::parse(text) {
        return Ok(Subject::Annotation(id));
    }
    Err(Failure::refused(
        format!("nothing is called '{text}' here"),
        "holotype list images|annotations shows names and ids, holotype log the commits",
    ))
}

/// Finds an image by name or id.
pub(crate) fn find_image(version: &Version, text: &str) -> Result<Option<(ImageId, String)>, Failure> {
    let candidates = [ImageId::parse(text).ok(), Some(ImageId::of_name(text))];
    for id in candidates.into_iter().flatten() {
        if let Some(record) = read::<ImageRecord>(version, &Key::image(id))? {
            return Ok(Some((id, record.name)));
        }
    }
    Ok(None)
}

/// Finds an annotation by id or unique prefix of at least 4 digits.
pub(crate) fn find_annotation(version: &Version, text: &str) -> Result<Option<AnnotationId>, Failure> {
    if let Ok(id) = AnnotationId::parse(text) {
        return Ok(version.get(&Key::annotation(id))?.map(|_| id));
    }
    let hex =
        text.len() >= 4 && text.len() < 48 && text.bytes().all(|byte| b"0123456789abcdef".contains(&byte));
    if !hex {
        return Ok(None);
    }
    let mut found = Vec::new();
    let mut prefix = Key::kind_prefix(EntityKind::Annotation);
    for pair in text.as_bytes().chunks_exact(2) {
        let digits = std::str::from_utf8(pair).unwrap_or("00");
        prefix.push(u8::from_str_radix(digits, 16).unwrap_or(0));
    }
    version.scan(&prefix, &mut |key, _| {
        if let Ok(KeyParts::Annotation(id)) = Key::from_bytes(key).and_then(|key| key.parts())
            && id.to_string().starts_with(text)
        {
            found.push(id);
        }
        if found.len() > 1 {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    })?;
    match found.as_slice() {
        [] => Ok(None),
        [id] => Ok(Some(*id)),
        _ => Err(Failure::refused(
            format!("'{text}' begins more than one id"),
            "give more digits of the id",
        )),
    }
}
