//! `croissant.json`: the dataset as programs load it (Croissant 1.0, mlcommons.org/croissant/1.0). Pure.
//!
//! Every file of the exports is a `FileObject` with its SHA-256; the tables are record sets: `images`, `annotations`
//! (the Parquet table), `labels`, `splits`, and `image_sources` where there are any.

use serde_json::{Map, Value, json};

use super::cite::{Citation, CiteFormat, Creator};
use super::manifest::Found;
use super::payload::{COCO, CSV, GEOJSON, IMAGE_SOURCES, IMAGES, LABELS, PARQUET, SPLITS};
use super::record::ReleaseRecord;

/// What documents for programs are written from.
pub(super) struct About<'a> {
    pub(super) release: &'a ReleaseRecord,
    pub(super) citation: &'a Citation,
    /// The files below `data/`.
    pub(super) payload: &'a Found,
}

impl About<'_> {
    /// What the dataset is, as far as somebody said it.
    pub(super) fn description(&self) -> String {
        let stated = self.citation.description().map(str::to_owned);
        stated.unwrap_or_else(|| {
            let exported = &self.release.exported;
            format!(
                "{}: {} images with {} annotations.",
                self.citation.title(),
                exported.images,
                exported.annotations
            )
        })
    }

    /// Creators as schema.org has them.
    pub(super) fn creator(creator: &Creator) -> Value {
        match &creator.given {
            Some(given) => json!({
                "@type": "Person",
                "familyName": creator.family,
                "givenName": given,
                "name": creator.name(),
            }),
            None => json!({"@type": "Organization", "name": creator.family}),
        }
    }
}

/// The media types of files, by the end of their names.
const MEDIA_TYPES: [(&str, &str); 13] = [
    (".parquet", "application/x-parquet"),
    (".geojson", "application/geo+json"),
    (".json", "application/json"),
    (".csv", "text/csv"),
    (".md", "text/markdown"),
    (".html", "text/html"),
    (".txt", "text/plain"),
    (".cff", "text/yaml"),
    (".py", "text/x-python"),
    (".jpg", "image/jpeg"),
    (".jpeg", "image/jpeg"),
    (".png", "image/png"),
    (".tiff", "image/tiff"),
];

/// Returns the media type of a file by its name.
pub(super) fn media_type(name: &str) -> &'static str {
    let lower = name.to_ascii_lowercase();
    MEDIA_TYPES
        .into_iter()
        .find(|(end, _)| lower.ends_with(end))
        .map_or("application/octet-stream", |(_, media_type)| media_type)
}

/// What a column holds.
#[derive(Clone, Copy)]
enum Holds {
    Text,
    Number,
    Whole,
}

impl Holds {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Text => "sc:Text",
            Self::Number => "sc:Float",
            Self::Whole => "sc:Integer",
        }
    }
}

/// A table: its file, what a row is, and its columns. Columns of CSV that may be empty are texts, as the loader has no
/// other word for an empty cell.
struct Table {
    id: &'static str,
    file: &'static str,
    what: &'static str,
    columns: &'static [(&'static str, Holds, &'static str)],
}

const TABLES: [Table; 4] = [
    Table {
        id: "images",
        file: IMAGES,
        what: "A file of an image; an image without bytes has one row, too.",
        columns: &[
            ("name", Holds::Text, "The image's name."),
            ("holotype_id", Holds::Text, "The image's id."),
            ("file", Holds::Text, "The name of the file."),
            ("blob", Holds::Text, "BLAKE3 of the file."),
            ("size_bytes", Holds::Text, "The length of the file in bytes."),
            ("width", Holds::Text, "Width of the full resolution in px."),
            ("height", Holds::Text, "Height of the full resolution in px."),
            ("case", Holds::Text, "The code of the case (patient or animal)."),
            ("slide", Holds::Text, "The code of the slide."),
        ],
    },
    Table {
        id: "annotations",
        file: PARQUET,
        what: "An annotation with its agreed label; places in px of the full resolution.",
        columns: &[
            ("annotation", Holds::Text, "The annotation's id."),
            ("image", Holds::Text, "The image's name."),
            ("image_id", Holds::Text, "The image's id."),
            ("label", Holds::Text, "The agreed label."),
            ("recorded_label", Holds::Text, "The label as it was recorded."),
            ("ratings", Holds::Whole, "How many ratings there are."),
            ("annotators", Holds::Whole, "How many annotators rated."),
            ("shape", Holds::Text, "The type of the geometry."),
            ("x", Holds::Number, "Left edge of the bounds in px."),
            ("y", Holds::Number, "Upper edge of the bounds in px."),
            ("width", Holds::Number, "Width of the bounds in px."),
            ("height", Holds::Number, "Height of the bounds in px."),
        ],
    },
    Table {
        id: "splits",
        file: SPLITS,
        what: "That an image belongs to a part of a split.",
        columns: &[
            ("split", Holds::Text, "The split's name."),
            ("part", Holds::Text, "train, validation, test, …"),
            ("image", Holds::Text, "The image's name."),
            ("holotype_id", Holds::Text, "The image's id."),
            ("case", Holds::Text, "The code of the case."),
        ],
    },
    Table {
        id: "image_sources",
        file: IMAGE_SOURCES,
        what: "Where a file of an image can be had.",
        columns: &[
            ("name", Holds::Text, "The image's name."),
            ("holotype_id", Holds::Text, "The image's id."),
            ("blob", Holds::Text, "BLAKE3 of the file."),
            ("url", Holds::Text, "Its address."),
        ],
    },
];

/// Writes `croissant.json`.
pub(super) fn croissant(about: &About<'_>) -> String {
    let release = about.release;
    let citation = about.citation;
    let mut out = Map::new();
    let mut put = |name: &str, value: Value| out.insert(name.to_owned(), value);
    put("@context", context());
    put("@type", json!("sc:Dataset"));
    put("conformsTo", json!("http://mlcommons.org/croissant/1.0"));
    put("name", json!(super::safe_name(&release.name)));
    put("alternateName", json!([citation.title()]));
    put("description", json!(about.description()));
    put("version", json!(release.version));
    put("datePublished", json!(release.date));
    put("citeAs", json!(citation.render(CiteFormat::Bibtex)));
    put(
        "identifier",
        json!(format!("urn:holotype:commit:{}", release.commit)),
    );
    if let Some(doi) = citation.doi() {
        put("url", json!(format!("https://doi.org/{doi}")));
    }
    if let Some(licence) = citation.licence_address() {
        put("license", json!(licence));
    } else if let Some(licence) = citation.licence() {
        put("license", json!(licence));
    }
    if let Some(publisher) = citation.publisher() {
        put("publisher", json!({"@type": "Organization", "name": publisher}));
    }
    let creators: Vec<Value> = citation.creators().iter().map(About::creator).collect();
    if !creators.is_empty() {
        put("creator", Value::Array(creators));
    }
    put("distribution", Value::Array(distribution(about.payload)));
    let tables = TABLES
        .iter()
        .filter(|table| about.payload.contains_key(table.file));
    let mut sets: Vec<Value> = tables.map(record_set).collect();
    sets.push(labels_set());
    put("recordSet", Value::Array(sets));
    format!("{:#}\n", Value::Object(out))
}

/// The files of the exports and tables, and the folder of GeoJSON.
fn distribution(payload: &Found) -> Vec<Value> {
    let names = [COCO, CSV, PARQUET, LABELS, IMAGES, SPLITS, IMAGE_SOURCES];
    let files = names
        .into_iter()
        .filter_map(|name| payload.get(name).map(|file| (name, file)));
    let mut out: Vec<Value> = files
        .map(|(name, file)| {
            json!({
                "@type": "cr:FileObject",
                "@id": name,
                "name": name,
                "contentUrl": name,
                "contentSize": format!("{} B", file.size_bytes),
                "encodingFormat": media_type(name),
                "sha256": file.digests.sha256.to_string(),
            })
        })
        .collect();
    if payload.keys().any(|name| name.starts_with(GEOJSON)) {
        out.push(json!({
            "@type": "cr:FileSet",
            "@id": "geojson",
            "name": "geojson",
            "description": "The annotations as GeoJSON for QuPath, a file an image.",
            "encodingFormat": "application/geo+json",
            "includes": format!("{GEOJSON}**/*.geojson"),
        }));
    }
    out
}

fn record_set(table: &Table) -> Value {
    let fields: Vec<Value> = table
        .columns
        .iter()
        .map(|(name, holds, what)| {
            json!({
                "@type": "cr:Field",
                "@id": format!("{}/{name}", table.id),
                "name": name,
                "description": what,
                "dataType": holds.as_str(),
                "source": {"fileObject": {"@id": table.file}, "extract": {"column": name}},
            })
        })
        .collect();
    json!({
        "@type": "cr:RecordSet",
        "@id": table.id,
        "name": table.id,
        "description": table.what,
        "field": fields,
    })
}

fn labels_set() -> Value {
    let columns = [
        ("name", "The label's name."),
        ("holotype_id", "The label's id, which stays when it is renamed."),
        ("coco_id", "Its number in COCO."),
    ];
    let fields: Vec<Value> = columns
        .into_iter()
        .map(|(name, what)| {
            let holds = if name == "coco_id" { Holds::Whole } else { Holds::Text };
            json!({
                "@type": "cr:Field",
                "@id": format!("labels/{name}"),
                "name": name,
                "description": what,
                "dataType": holds.as_str(),
                "source": {"fileObject": {"@id": LABELS}, "extract": {"jsonPath": format!("$.labels[*].{name}")}},
            })
        })
        .collect();
    json!({
        "@type": "cr:RecordSet",
        "@id": "labels",
        "name": "labels",
        "description": "A label.",
        "field": fields,
    })
}

/// The terms of the format, as its specification gives them.
fn context() -> Value {
    json!({
        "@language": "en",
        "@vocab": "https://schema.org/",
        "citeAs": "cr:citeAs",
        "column": "cr:column",
        "conformsTo": "dct:conformsTo",
        "cr": "http://mlcommons.org/croissant/",
        "rai": "http://mlcommons.org/croissant/RAI/",
        "data": {"@id": "cr:data", "@type": "@json"},
        "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
        "dct": "http://purl.org/dc/terms/",
        "examples": {"@id": "cr:examples", "@type": "@json"},
        "extract": "cr:extract",
        "field": "cr:field",
        "fileProperty": "cr:fileProperty",
        "fileObject": "cr:fileObject",
        "fileSet": "cr:fileSet",
        "format": "cr:format",
        "includes": "cr:includes",
        "isLiveDataset": "cr:isLiveDataset",
        "jsonPath": "cr:jsonPath",
        "key": "cr:key",
        "md5": "cr:md5",
        "parentField": "cr:parentField",
        "path": "cr:path",
        "recordSet": "cr:recordSet",
        "references": "cr:references",
        "regex": "cr:regex",
        "repeated": "cr:repeated",
        "replace": "cr:replace",
        "sc": "https://schema.org/",
        "separator": "cr:separator",
        "source": "cr:source",
        "subField": "cr:subField",
        "transform": "cr:transform",
    })
}
