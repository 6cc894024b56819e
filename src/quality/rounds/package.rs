//! What is handed out in a round: places, and of a round that is not blinded the agreed labels. As files: GeoJSON as QuPath
//! reads it, one file an image, and a page that says what to do. A database of SlideRunner is made of the same contents by
//! whoever writes databases.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::event::{State, StateError, find_image, read};
use crate::id::{Digest, ImagePrefix, LabelId, hash_parts};
use crate::model::geometry::{Drawn, Position};
use crate::model::{AnnotationRecord, Geometry, Key, qupath};
use crate::quality::images;
use crate::quality::noise::Agreed;

use super::{Item, ItemId, PackageForm, Round};

/// An object that is handed out.
#[derive(Debug, Clone, PartialEq)]
pub struct PackageObject {
    /// Its name within the package.
    pub id: ItemId,
    /// Where it is.
    pub geometry: Geometry,
    /// Its agreed label; `None` in a blinded round.
    pub label: Option<String>,
}

/// An image with the objects that are handed out of it.
#[derive(Debug, Clone, PartialEq)]
pub struct PackageImage {
    /// Its name.
    pub name: String,
    /// Its width and height in px, where known.
    pub size: Option<(f64, f64)>,
    /// The objects, by their ids.
    pub objects: Vec<PackageObject>,
}

/// What is handed out.
#[derive(Debug, Clone, PartialEq)]
pub struct Contents {
    /// The names of all labels, sorted.
    pub labels: Vec<String>,
    /// The images, by name.
    pub images: Vec<PackageImage>,
}

/// A file of a package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackageFile {
    /// Its name; letters, digits, `.`, `_` and `-` alone.
    pub name: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// Returns the digest of a package: of names and bytes, in order.
#[must_use]
pub fn package_digest(files: &[PackageFile]) -> Digest {
    let parts: Vec<&[u8]> = files
        .iter()
        .flat_map(|file| [file.name.as_bytes(), file.bytes.as_slice()])
        .collect();
    hash_parts("holotype/round-package/1", &parts)
}

fn place(drawn: &Drawn) -> Value {
    let ring = |ring: &Vec<Position>| -> Vec<Position> {
        // A ring of GeoJSON ends where it begins.
        ring.iter().chain(ring.first()).copied().collect()
    };
    let rings = |polygon: &Vec<Vec<Position>>| polygon.iter().map(ring).collect::<Vec<_>>();
    match drawn {
        Drawn::Point(position) => json!({"type": "Point", "coordinates": position}),
        Drawn::Line(points) => json!({"type": "LineString", "coordinates": points}),
        Drawn::Polygon(polygon) => json!({"type": "Polygon", "coordinates": rings(polygon)}),
        Drawn::MultiPolygon(polygons) => {
            let polygons: Vec<_> = polygons.iter().map(rings).collect();
            json!({"type": "MultiPolygon", "coordinates": polygons})
        }
    }
}

/// A name that is a file's on every system.
fn file_name(number: usize, image: &str) -> String {
    let plain = |character: char| match character {
        'a'..='z' | 'A'..='Z' | '0'..='9' | '.' | '-' => character,
        _ => '_',
    };
    let short: String = image.chars().take(80).map(plain).collect();
    format!("{number:04}-{short}.geojson")
}

/// Reads what is handed out in a round.
///
/// # Errors
/// [`StateError`] when the state cannot be read.
pub fn contents(state: &dyn State, round: &Round, items: &[Item]) -> Result<Contents, StateError> {
    let mut by_image: BTreeMap<ImagePrefix, Vec<&Item>> = BTreeMap::new();
    for item in items {
        by_image
            .entry(item.annotation.image_prefix())
            .or_default()
            .push(item);
    }
    let labels: BTreeMap<LabelId, String> = images::labels(state)?.into_iter().collect();
    let agreed = Agreed::open(state)?;
    let mut found = Vec::new();
    for (prefix, mut items) in by_image {
        let Some((_, image)) = find_image(state, prefix)? else {
            continue;
        };
        items.sort_by_key(|item| item.id);
        let given = if round.is_blinded {
            BTreeMap::new()
        } else {
            agreed.on(state, prefix)?
        };
        let mut objects = Vec::new();
        for item in items {
            let record: Option<AnnotationRecord> = read(state, &Key::annotation(item.annotation))?;
            let Some(record) = record else { continue };
            let label = given.get(&item.annotation).copied().flatten();
            objects.push(PackageObject {
                id: item.id,
                geometry: record.geometry,
                label: label.and_then(|label| labels.get(&label)).cloned(),
            });
        }
        found.push(PackageImage {
            size: image.size(),
            name: image.name,
            objects,
        });
    }
    found.sort_by(|a, b| a.name.cmp(&b.name));
    let mut labels: Vec<String> = labels.into_values().collect();
    labels.sort_unstable();
    Ok(Contents {
        labels,
        images: found,
    })
}

/// Writes a round as files for QuPath, behind the page that says what to do.
#[must_use]
pub fn geojson_package(round: &Round, contents: &Contents) -> Vec<PackageFile> {
    let mut files = Vec::new();
    for (number, image) in (1..).zip(&contents.images) {
        let features: Vec<Value> = image
            .objects
            .iter()
            .map(|object| feature(object, image.size))
            .collect();
        let collection = json!({"type": "FeatureCollection", "features": features});
        let mut bytes = collection.to_string().into_bytes();
        bytes.push(b'\n');
        files.push(PackageFile {
            name: file_name(number, &image.name),
            bytes,
        });
    }
    files.insert(0, instructions(round, contents, &files));
    files
}

fn feature(object: &PackageObject, size: Option<(f64, f64)>) -> Value {
    let mut properties = json!({"objectType": "annotation", "isLocked": true});
    if let (Some(name), Some(members)) = (&object.label, properties.as_object_mut()) {
        let class = json!({"name": name, "color": qupath::made_up_colour(name)});
        members.insert("classification".to_owned(), class);
    }
    json!({
        "type": "Feature",
        "id": uuid::Uuid::from_bytes(object.id).to_string(),
        "geometry": place(&Drawn::of(&object.geometry, size)),
        "properties": properties,
    })
}

/// The page that says what to do; `files` stand beside it.
#[must_use]
pub fn instructions(round: &Round, contents: &Contents, files: &[PackageFile]) -> PackageFile {
    let mut text = format!(
        "Round {} of {}: {} objects on {} images\n\n{}\n\nClasses:\n",
        round.number,
        round.annotator,
        round.objects,
        contents.images.len(),
        match round.form {
            PackageForm::GeoJson =>
                "Open each image in QuPath and drag its file onto it. Give every object one of these classes, and leave its place \
                 alone; an object without a class counts as not answered. Then export the objects as GeoJSON, and send the files \
                 back."
                    .to_owned(),
            PackageForm::SlideRunner => format!(
                "Open the database in SlideRunner, and each image with it. Choose the annotator '{}', give every object one of \
                 these classes, and leave its place alone; an object without a class counts as not answered. Then send the \
                 database back.",
                round.annotator
            ),
        }
    );
    for name in &contents.labels {
        text.push_str(&format!("  {name}\n"));
    }
    text.push_str("\nFiles:\n");
    match round.form {
        PackageForm::GeoJson => {
            for (file, image) in files.iter().zip(&contents.images) {
                let line = format!(
                    "  {}  {} ({} objects)\n",
                    file.name,
                    image.name,
                    image.objects.len()
                );
                text.push_str(&line);
            }
        }
        PackageForm::SlideRunner => {
            for file in files {
                text.push_str(&format!("  {}\n", file.name));
            }
            text.push_str("\nImages:\n");
            for image in &contents.images {
                text.push_str(&format!("  {} ({} objects)\n", image.name, image.objects.len()));
            }
        }
    }
    PackageFile {
        name: "0000-README.txt".to_owned(),
        bytes: text.into_bytes(),
    }
}
