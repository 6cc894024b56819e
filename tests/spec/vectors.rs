//! Tables of inputs and results in the specification, recomputed.

use holotype::codec::to_canonical;
use holotype::id::{AnnotationId, Digest, ImageId, ImagePrefix, LabelId, hash_parts};
use holotype::model::{Geometry, Key, KeyParts, RatingKey};
use holotype::snapshot::snapshot_id;
use holotype::tree::{MemoryNodes, Tree, TreeBuilder, is_boundary};
use serde_json::{Value, json};

use crate::common::code;

/// Computes the lines of a table.
pub(crate) fn compute(name: &str) -> String {
    let lines = match name {
        "numbers" => numbers(),
        "hash-parts" => hashes(),
        "image-id" => ["001.tiff", "slides/Präparat 2.tif"].map(image).to_vec(),
        "label-id" => [("mitotic figure", 0), ("mitotic figure", 1), ("Zellkern", 0)]
            .map(label)
            .to_vec(),
        "annotation-id" => annotations(),
        "keys" => keys(),
        "boundary" => boundaries(),
        "tree" => [0, 1, 7, 8, 100, 1000, 5000].map(tree).to_vec(),
        "long-value" => vec![long_value()],
        other => panic!("`{other}` is no table"),
    };
    let text = |line: &Value| String::from_utf8(to_canonical(line).expect("canonical")).expect("text") + "\n";
    lines.iter().map(text).collect()
}

/// The bits of a binary64 number, and how it is printed.
fn numbers() -> Vec<Value> {
    let floats = [
        0.0,
        -0.0,
        1.0,
        -1.5,
        0.1,
        1e-6,
        1e-7,
        5e-324,
        9_007_199_254_740_992.0,
        1e20,
        1e21,
        123_456_789_012_345_680_000.0,
        f64::MAX,
    ];
    floats
        .iter()
        .map(|value| {
            let printed = String::from_utf8(to_canonical(value).expect("canonical")).expect("text");
            json!({ "bits": format!("{:016x}", value.to_bits()), "printed": printed })
        })
        .collect()
}

fn hashes() -> Vec<Value> {
    let table: [(&str, &[&str]); 4] = [("d", &[]), ("d", &["ab"]), ("d", &["a", "b"]), ("d", &["", "ab"])];
    table
        .iter()
        .map(|(domain, parts)| {
            let bytes: Vec<&[u8]> = parts.iter().map(|part| part.as_bytes()).collect();
            json!({ "domain": domain, "hash": hash_parts(domain, &bytes), "parts": parts })
        })
        .collect()
}

fn image(name: &str) -> Value {
    let id = ImageId::of_name(name);
    json!({ "image": id, "name": name, "prefix": id.prefix() })
}

fn label((name, n): (&str, u32)) -> Value {
    json!({ "label": LabelId::of_name(name, n), "n": n, "name": name })
}

fn annotations() -> Vec<Value> {
    let image = ImageId::of_name("001.tiff");
    let label = LabelId::of_name("mitotic figure", 0);
    let geometry = Geometry::rectangle(10.0, 20.5, 50.0, 50.0);
    let bytes = to_canonical(&geometry).expect("canonical");
    let who = code("human-1");
    let content = |label: Option<LabelId>, annotator, n| {
        json!({
            "annotation": AnnotationId::from_content(&image, &bytes, label, annotator, n),
            "annotator": annotator.map(|code| code.as_str()),
            "from": "content", "geometry": geometry, "image": image, "label": label, "n": n,
        })
    };
    let own = *b"0123456789abcdef";
    vec![
        json!({
            "annotation": AnnotationId::from_uuid(image.prefix(), own), "from": "uuid", "image": image,
            "uuid": own.iter().map(|byte| format!("{byte:02x}")).collect::<String>(),
        }),
        json!({
            "annotation": AnnotationId::from_source(&image, "coco-1", "17"), "from": "source", "image": image,
            "lineage": "coco-1", "source_id": "17",
        }),
        content(Some(label), Some(&who), 0),
        content(None, None, 1),
    ]
}

/// One key of each kind.
fn keys() -> Vec<Value> {
    let (image, annotation) = (ImageId::of_name("001.tiff"), ImagePrefix::from_bytes([1; 8]));
    let annotation = AnnotationId::from_uuid(annotation, [2; 16]);
    let rating = RatingKey {
        annotation,
        round: 1,
        annotator: code("human-1"),
        n: 258,
    };
    let region = to_canonical(&Geometry::rectangle(0.0, 0.0, 10.0, 10.0)).expect("canonical");
    let named = |what: &str, key: Key| json!({ "key": key.to_string(), "of": what });
    vec![
        named("the dataset", Key::dataset()),
        named("the rule", Key::rule()),
        named("case case-1", Key::of(&KeyParts::Case(code("case-1")))),
        named("slide slide-1", Key::of(&KeyParts::Slide(code("slide-1")))),
        named("image 001.tiff", Key::image(image)),
        named("annotator human-1", Key::annotator(&code("human-1"))),
        named(
            "label mitotic figure, n 0",
            Key::label(LabelId::of_name("mitotic figure", 0)),
        ),
        named("annotation 01…02…", Key::annotation(annotation)),
        named("its rating by human-1, round 1, n 258", Key::rating(&rating)),
        named("its override", Key::label_override(annotation)),
        named(
            "id 17 of lineage coco-1 on image 001.tiff",
            Key::source_id(image.prefix(), "coco-1", "17"),
        ),
        named(
            "screening of image 001.tiff by nobody named, round 1",
            Key::screening(image.prefix(), b"", None, 1),
        ),
        named(
            "screening of the box 0 0 10 10 on image 001.tiff by human-1, round 2",
            Key::screening(image.prefix(), &region, Some(&code("human-1")), 2),
        ),
        named("case-1 in the split default", Key::split("default", "case-1")),
    ]
}

/// The first size at which a node ends after this key, at three levels.
fn boundaries() -> Vec<Value> {
    let first = |key: &[u8], level: u8| (1..200_u64).find(|n| is_boundary(key, level, *n));
    (0..8_u32)
        .map(|number| {
            let key = number.to_be_bytes();
            let hash = Digest::of(&key);
            let lot = |level: usize| {
                hash.as_bytes()[4 * level..4 * level + 4]
                    .try_into()
                    .map(u32::from_le_bytes)
            };
            json!({
                "key": key.iter().map(|byte| format!("{byte:02x}")).collect::<String>(),
                "ends_at_0": first(&key, 0), "ends_at_1": first(&key, 1), "ends_at_2": first(&key, 2),
                "lot_0": lot(0).unwrap_or(0), "lot_1": lot(1).unwrap_or(0), "lot_2": lot(2).unwrap_or(0),
            })
        })
        .collect()
}

/// The tree of the keys 0, 1, … as u32 big-endian, with the keys' decimal digits as values.
fn tree(entries: u32) -> Value {
    let (mut builder, mut nodes) = (TreeBuilder::new(), MemoryNodes::default());
    for number in 0..entries {
        builder.push(number.to_be_bytes(), number.to_string(), &mut nodes);
    }
    let root = builder.finish(&mut nodes).root();
    let node = holotype::tree::NodeSource::node(&nodes, root).expect("the root was kept");
    if entries == 0 {
        let counts = holotype::model::Counts::default();
        let snapshot = snapshot_id(Tree::at(root).root(), &counts).expect("canonical");
        return json!({ "entries": 0, "level": 0, "nodes": nodes.len(), "root": root, "snapshot": snapshot });
    }
    json!({ "entries": entries, "level": node.level(), "nodes": nodes.len(), "root": root })
}

/// A value of 1,025 bytes under the key 00, and what stands for it in the leaf.
fn long_value() -> Value {
    let (mut builder, mut nodes) = (TreeBuilder::new(), MemoryNodes::default());
    builder.push([0], [b'1'; 1025], &mut nodes);
    let root = builder.finish(&mut nodes).root();
    let node = holotype::tree::NodeSource::node(&nodes, root).expect("the root was kept");
    let raw = node.entry(0).expect("an entry").raw.to_vec();
    let stands: Value = serde_json::from_slice(&raw).expect("JSON");
    json!({ "in_the_leaf": stands, "root": root, "value": "the byte 31, 1,025 times" })
}
