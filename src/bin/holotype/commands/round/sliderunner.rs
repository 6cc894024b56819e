//! A round as a database of SlideRunner, and the answers that come back in it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use holotype::export::ExportError;
use holotype::export::sliderunner::{
    SlideRunnerClass, SlideRunnerDatabase, SlideRunnerRow, SlideRunnerSlide, SlideRunnerWriteError,
};
use holotype::import::document::{Document, SourceAnnotation, SourceId};
use holotype::import::sliderunner::read_sliderunner;
use holotype::model::qupath::{colour_text, made_up_colour};
use holotype::model::sliderunner::Placed;
use holotype::quality::rounds::{Answer, Contents, PackageFile, PackageImage, Round, instructions};

use super::close::unreadable;
use crate::failure::Failure;

/// The files of a package: the database, and the page that says what to do. The database names the annotator alone, and
/// holds no label of a blinded round.
pub(super) fn package(round: &Round, contents: &Contents) -> Result<Vec<PackageFile>, Failure> {
    let database = PackageFile {
        name: format!(
            "round-{}-{}.sqlite",
            round.number,
            file_part(round.annotator.as_str())
        ),
        bytes: database(round, contents).map_err(ExportError::from)?,
    };
    let page = instructions(round, contents, std::slice::from_ref(&database));
    Ok(vec![page, database])
}

fn file_part(code: &str) -> String {
    let plain = |character: char| match character {
        'a'..='z' | 'A'..='Z' | '0'..='9' | '.' | '-' => character,
        _ => '_',
    };
    code.chars().map(plain).collect()
}

fn database(round: &Round, contents: &Contents) -> Result<Vec<u8>, SlideRunnerWriteError> {
    let class = |name: &'_ String| (name.clone(), colour_text(made_up_colour(name)));
    let named: Vec<(String, String)> = contents.labels.iter().map(class).collect();
    let classes: Vec<SlideRunnerClass<'_>> = named
        .iter()
        .map(|(name, colour)| SlideRunnerClass {
            name,
            colour: colour.clone(),
        })
        .collect();
    let mut database = SlideRunnerDatabase::begin(&classes, &[round.annotator.as_str()], "")?;
    for image in &contents.images {
        let slide = SlideRunnerSlide {
            name: &image.name,
            width: image.size.map(|size| size.0),
            height: image.size.map(|size| size.1),
        };
        database.put(&slide, &rows(contents, image))?;
    }
    let mut bytes = Vec::new();
    database.end(&mut bytes)?;
    Ok(bytes)
}

fn rows(contents: &Contents, image: &PackageImage) -> Vec<SlideRunnerRow> {
    let objects = image.objects.iter();
    objects
        .map(|object| {
            let placed = Placed::of(&object.geometry, image.size);
            let label = object.label.as_ref();
            SlideRunnerRow {
                guid: uuid::Uuid::from_bytes(object.id).to_string(),
                kind: placed.kind,
                points: placed.points,
                z: placed.z,
                class: label.and_then(|label| contents.labels.iter().position(|name| name == label)),
                is_clickable: true,
                labels: Vec::new(),
                carried: String::new(),
            }
        })
        .collect()
}

/// Reads the answers of a database: of each object what its labeller said last. `codes` are those whose rounds are known.
pub(super) fn answers(path: &Path, codes: &BTreeSet<&str>) -> Result<Vec<Answer>, Failure> {
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
    let document =
        read_sliderunner(&name.unwrap_or_default(), path).map_err(|error| unreadable(path, &error))?;
    let person = labeller(path, &document, codes)?;
    Ok(document
        .annotations
        .iter()
        .map(|annotation| answer(&document, annotation, person))
        .collect())
}

/// Who labelled: the annotator of a round where they did, else the only one who did.
fn labeller(path: &Path, document: &Document, codes: &BTreeSet<&str>) -> Result<Option<usize>, Failure> {
    let mut given: BTreeMap<usize, &str> = BTreeMap::new();
    for rating in document.annotations.iter().flat_map(|one| &one.ratings) {
        let person = document.people.get(rating.person);
        if let (Some(_), Some(person)) = (rating.label, person) {
            given.insert(rating.person, person.name.as_str());
        }
    }
    let own: Vec<usize> = given
        .iter()
        .filter(|(_, name)| codes.contains(*name))
        .map(|(person, _)| *person)
        .collect();
    match (own.as_slice(), given.len()) {
        ([one], _) => Ok(Some(*one)),
        ([], 0) => Ok(None),
        ([], 1) => Ok(given.keys().next().copied()),
        (_, _) => {
            let names: Vec<String> = given.values().map(|name| format!("'{name}'")).collect();
            Err(Failure::refused(
                format!(
                    "{}: several people labelled in it: {}",
                    path.display(),
                    names.join(", ")
                ),
                "nothing was recorded; a round is labelled by one person, under the code in the package's README",
            ))
        }
    }
}

fn answer(document: &Document, annotation: &SourceAnnotation, person: Option<usize>) -> Answer {
    let id = match &annotation.id {
        Some(SourceId::Uuid(id)) => Some(*id),
        Some(SourceId::Holotype(_) | SourceId::Local(_)) | None => None,
    };
    let mut own = annotation.ratings.iter().rev();
    let label = own.find(|rating| Some(rating.person) == person && rating.label.is_some());
    let label = label.and_then(|rating| document.labels.get(rating.label?));
    Answer {
        id,
        class: label.map(|label| label.name.clone()),
    }
}
