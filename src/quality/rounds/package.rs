//! The files of a round that are handed out: GeoJSON as QuPath reads it, one file an image, and a page that says what to
//! do. Of a blinded round they hold places and nothing else.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::event::{State, StateError, find_image, read};
use crate::id::{Digest, ImagePrefix, LabelId, hash_parts};
use crate::model::geometry::{Drawn, Position};
use crate::model::{AnnotationRecord, Key, qupath};
use crate::quality::images;
use crate::quality::noise::Agreed;

use super::{Item, Round};

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

/// Writes the files of a round.
///
/// # Errors
/// [`StateError`] when the state cannot be read.
pub fn package(state: &dyn State, round: &Round, items: &[Item]) -> Result<Vec<PackageFile>, StateError> {
    let mut by_image: BTreeMap<ImagePrefix, Vec<&Item>> = BTreeMap::new();
    for item in items {
        by_image
            .entry(item.annotation.image_prefix())
            .or_default()
            .push(item);
    }
    let labels: BTreeMap<LabelId, String> = images::labels(state)?.into_iter().collect();
    let agreed = Agreed::open(state)?;
    let mut by_name = Vec::new();
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
        let mut features = Vec::new();
        for item in items {
            let record: Option<AnnotationRecord> = read(state, &Key::annotation(item.annotation))?;
            let Some(record) = record else { continue };
            let label = given.get(&item.annotation).copied().flatten();
            let name = label.and_then(|label| labels.get(&label));
            let mut properties = json!({"objectType": "annotation", "isLocked": true});
            if let (Some(name), Some(members)) = (name, properties.as_object_mut()) {
                let class = json!({"name": name, "color": qupath::made_up_colour(name)});
                members.insert("classification".to_owned(), class);
            }
            features.push(json!({
                "type": "Feature",
                "id": uuid::Uuid::from_bytes(item.id).to_string(),
                "geometry": place(&Drawn::of(&record.geometry, image.size())),
                "properties": properties,
            }));
        }
        by_name.push((image.name, features));
    }
    by_name.sort_by(|a, b| a.0.cmp(&b.0));
    let mut files = vec![instructions(round, &labels, &by_name)];
    for (number, (name, features)) in (1..).zip(by_name) {
        let collection = json!({"type": "FeatureCollection", "features": features});
        let mut bytes = collection.to_string().into_bytes();
        bytes.push(b'\n');
        files.push(PackageFile {
            name: file_name(number, &name),
            bytes,
        });
    }
    Ok(files)
}

fn instructions(
    round: &Round,
    labels: &BTreeMap<LabelId, String>,
    by_name: &[(String, Vec<Value>)],
) -> PackageFile {
    let mut names: Vec<&str> = labels.values().map(String::as_str).collect();
    names.sort_unstable();
    let mut text = format!(
        "Round {} of {}: {} objects on {} images\n\n\
         Open each image in QuPath and drag its file onto it. Give every object one of these classes, and leave its place \
         alone; an object without a class counts as not answered. Then export the objects as GeoJSON, and send the files \
         back.\n\nClasses:\n",
        round.number,
        round.annotator,
        round.objects,
        by_name.len()
    );
    for name in names {
        text.push_str(&format!("  {name}\n"));
    }
    text.push_str("\nFiles:\n");
    for (number, (name, features)) in (1..).zip(by_name) {
        text.push_str(&format!(
            "  {}  {} ({} objects)\n",
            file_name(number, name),
            name,
            features.len()
        ));
    }
    PackageFile {
        name: "0000-README.txt".to_owned(),
        bytes: text.into_bytes(),
    }
}
