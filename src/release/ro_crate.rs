//! `ro-crate-metadata.json`: the release as an RO-Crate 1.1, whose root is the bag. Pure.

use serde_json::{Map, Value, json};

use super::croissant::{About, media_type};
use super::history::OBJECTS;
use super::manifest::SHA256_NAME;
use crate::export::image_table::percent_encoded;

/// Documents beside the payload that the crate describes.
const DOCUMENTS: [(&str, &str); 6] = [
    ("README.md", "What is in this folder"),
    (
        "datasheet.md",
        "What the dataset is, how it came about, what is not known",
    ),
    ("CITATION.cff", "How to cite it"),
    ("croissant.json", "The tables as programs load them"),
    ("datacite.json", "The metadata for archives"),
    (SHA256_NAME, "SHA-256 of every file below data/"),
];

/// Writes the metadata. The objects of the history are described as one folder.
pub(super) fn ro_crate(about: &About<'_>) -> String {
    let mut entities = files(about);
    let parts: Vec<Value> = entities
        .iter()
        .filter_map(|entity| Some(json!({"@id": entity.get("@id")?})))
        .collect();
    let root = root(about, parts, &mut entities);
    let descriptor = json!({
        "@id": "ro-crate-metadata.json",
        "@type": "CreativeWork",
        "about": {"@id": "./"},
        "conformsTo": {"@id": "https://w3id.org/ro/crate/1.1"},
    });
    let graph: Vec<Value> = [descriptor, root].into_iter().chain(entities).collect();
    let metadata = json!({"@context": "https://w3id.org/ro/crate/1.1/context", "@graph": graph});
    format!("{metadata:#}\n")
}

/// What is in the crate.
fn files(about: &About<'_>) -> Vec<Value> {
    let documents = DOCUMENTS.into_iter().map(|(name, what)| {
        json!({
            "@id": name,
            "@type": "File",
            "name": what,
            "encodingFormat": media_type(name),
        })
    });
    let payload = about
        .payload
        .iter()
        .filter(|(name, _)| !name.starts_with(OBJECTS));
    let payload = payload.map(|(name, file)| {
        json!({
            "@id": percent_encoded(name),
            "@type": "File",
            "name": name,
            "contentSize": file.size_bytes.to_string(),
            "encodingFormat": media_type(name),
        })
    });
    let history = json!({
        "@id": OBJECTS,
        "@type": "Dataset",
        "name": "Commits and batches of events, each under its BLAKE3",
    });
    documents.chain(payload).chain([history]).collect()
}

/// The dataset itself; whom and what it names besides is added to `entities`.
fn root(about: &About<'_>, parts: Vec<Value>, entities: &mut Vec<Value>) -> Value {
    let (release, citation) = (about.release, about.citation);
    let doi = citation.doi().map(|doi| format!("https://doi.org/{doi}"));
    let mut root = Map::new();
    let mut put = |name: &str, value: Value| root.insert(name.to_owned(), value);
    put("@id", json!("./"));
    put("@type", json!("Dataset"));
    put("name", json!(citation.title()));
    put("description", json!(about.description()));
    put("datePublished", json!(release.date));
    put("version", json!(release.version));
    put(
        "identifier",
        json!(doi.unwrap_or_else(|| format!("urn:holotype:commit:{}", release.commit))),
    );
    put("hasPart", Value::Array(parts));
    match (citation.licence_address(), citation.licence()) {
        (Some(address), name) => {
            put("license", json!({"@id": address}));
            entities.push(json!({
                "@id": address,
                "@type": "CreativeWork",
                "name": name.unwrap_or(&address),
            }));
        }
        (None, name) => {
            put("license", json!(name.unwrap_or("not stated")));
        }
    }
    let mut authors: Vec<Value> = Vec::new();
    for (number, creator) in (1_u64..).zip(citation.creators()) {
        let id = format!("#creator-{number}");
        let mut entity = About::creator(creator);
        if let Some(members) = entity.as_object_mut() {
            members.insert("@id".to_owned(), json!(id));
        }
        authors.push(json!({"@id": id}));
        entities.push(entity);
    }
    if !authors.is_empty() {
        put("author", Value::Array(authors));
    }
    if let Some(publisher) = citation.publisher() {
        put("publisher", json!({"@id": "#publisher"}));
        entities.push(json!({"@id": "#publisher", "@type": "Organization", "name": publisher}));
    }
    Value::Object(root)
}
