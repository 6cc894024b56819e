//! Makes DICOM files, in each of the encodings.

use super::super::tags;
use super::Encoding;
use dicom_core::Tag;

/// The value of an element to write.
#[derive(Clone)]
pub(super) enum Value {
    Text(&'static str, String),
    Shorts(Vec<u16>),
    Floats(Vec<f32>),
    Doubles(&'static str, Vec<f64>),
    Longs(&'static str, Vec<u32>),
    Raw(&'static str, Vec<u8>),
    Items(Vec<Elements>),
    /// As `Items`, without stated lengths.
    OpenItems(Vec<Elements>),
}

pub(super) type Elements = Vec<(Tag, Value)>;

/// A file to write.
#[derive(Clone)]
pub(super) struct File {
    pub(super) syntax: &'static str,
    pub(super) encoding: Encoding,
    pub(super) class: &'static str,
    pub(super) elements: Elements,
}

pub(super) const ANN: &str = "1.2.840.10008.5.1.4.1.1.91.1";

pub(super) fn cs(text: &str) -> Value {
    Value::Text("CS", text.to_owned())
}

pub(super) fn lo(text: &str) -> Value {
    Value::Text("LO", text.to_owned())
}

pub(super) fn ui(text: &str) -> Value {
    Value::Text("UI", text.to_owned())
}

pub(super) fn code(value: &str, scheme: &str, meaning: &str) -> Value {
    Value::Items(vec![vec![
        (tags::CODE_VALUE, Value::Text("SH", value.to_owned())),
        (tags::CODE_SCHEME, Value::Text("SH", scheme.to_owned())),
        (tags::CODE_MEANING, lo(meaning)),
    ]])
}

/// A group of mitoses with these coordinates.
pub(super) fn group(kind: &str, count: u32, coordinates: Value, starts: Option<&[u32]>) -> Elements {
    let tag = if matches!(coordinates, Value::Doubles(..)) {
        tags::DOUBLE_COORDINATES
    } else {
        tags::FLOAT_COORDINATES
    };
    let mut group = vec![
        (tags::GROUP_NUMBER, Value::Shorts(vec![1])),
        (tag, coordinates),
        (tags::GROUP_UID, ui("1.2.826.0.1.99.7")),
        (tags::GROUP_LABEL, lo("mitosis")),
        (tags::GENERATION_TYPE, cs("MANUAL")),
        (tags::CATEGORY, code("49755003", "SCT", "Morphologic abnormality")),
        (tags::TYPE, code("370114008", "SCT", "Mitotic figure")),
        (tags::ANNOTATION_COUNT, Value::Longs("UL", vec![count])),
        (tags::ALL_OPTICAL_PATHS, cs("YES")),
        (tags::ALL_Z_PLANES, cs("YES")),
        (tags::GRAPHIC_TYPE, cs(kind)),
    ];
    if let Some(starts) = starts {
        group.push((tags::POINT_INDICES, Value::Longs("OL", starts.to_vec())));
    }
    group
}

/// Two points.
pub(super) fn points() -> Elements {
    group("POINT", 2, Value::Floats(vec![10.5, 20.0, -3.25, 7.0]), None)
}

/// Replaces an element of a data set, or adds it.
pub(super) fn set(elements: &mut Elements, tag: Tag, value: Value) {
    elements.retain(|(known, _)| *known != tag);
    elements.push((tag, value));
}

impl File {
    /// A file with these groups.
    pub(super) fn new(groups: Vec<Elements>) -> Self {
        Self {
            syntax: "1.2.840.10008.1.2.1",
            encoding: Encoding::ExplicitLittle,
            class: ANN,
            elements: vec![
                (tags::SOP_CLASS, ui(ANN)),
                (
                    tags::REFERENCED_IMAGES,
                    Value::Items(vec![vec![(tags::REFERENCED_INSTANCE, ui("1.2.826.0.1.99.1"))]]),
                ),
                (tags::PIXEL_ORIGIN, cs("VOLUME")),
                (tags::COORDINATE_TYPE, cs("2D")),
                (tags::GROUPS, Value::Items(groups)),
            ],
        }
    }

    /// The same file in another encoding.
    pub(super) fn encoded(&self, syntax: &'static str, encoding: Encoding) -> Self {
        Self {
            syntax,
            encoding,
            ..self.clone()
        }
    }

    pub(super) fn set(mut self, tag: Tag, value: Value) -> Self {
        set(&mut self.elements, tag, value);
        self
    }

    pub(super) fn bytes(&self) -> Vec<u8> {
        let meta = encode(
            &vec![
                (tags::MEDIA_CLASS, ui(self.class)),
                (tags::TRANSFER_SYNTAX, ui(self.syntax)),
            ],
            Encoding::ExplicitLittle,
        );
        let mut bytes = vec![0; 128];
        bytes.extend(b"DICM\x02\x00\x00\x00UL\x04\x00");
        bytes.extend(u32::try_from(meta.len()).unwrap().to_le_bytes());
        bytes.extend(meta);
        bytes.extend(encode(&self.elements, self.encoding));
        bytes
    }
}

/// Writes a data set.
pub(super) fn encode(elements: &Elements, encoding: Encoding) -> Vec<u8> {
    let mut sorted: Vec<_> = elements.iter().collect();
    sorted.sort_by_key(|(tag, _)| *tag);
    let mut bytes = Vec::new();
    for (tag, value) in sorted {
        let (vr, body, is_open) = body(value, encoding);
        let length = if is_open {
            u32::MAX
        } else {
            u32::try_from(body.len()).unwrap()
        };
        header(&mut bytes, *tag, vr, length, encoding);
        bytes.extend(body);
        if is_open {
            header(&mut bytes, Tag(0xfffe, 0xe0dd), "", 0, encoding);
        }
    }
    bytes
}

/// Writes the header of an element; that of an item, which has no value representation, for `""`.
pub(super) fn header(bytes: &mut Vec<u8>, tag: Tag, vr: &str, length: u32, encoding: Encoding) {
    const LONG: [&str; 10] = ["OB", "OD", "OF", "OL", "OW", "SQ", "UC", "UN", "UR", "UT"];
    let is_big = encoding == Encoding::ExplicitBig;
    let short = |n: u16| if is_big { n.to_be_bytes() } else { n.to_le_bytes() };
    let long = |n: u32| if is_big { n.to_be_bytes() } else { n.to_le_bytes() };
    bytes.extend(short(tag.0));
    bytes.extend(short(tag.1));
    if vr.is_empty() || encoding == Encoding::ImplicitLittle {
        bytes.extend(long(length));
    } else if LONG.contains(&vr) {
        bytes.extend(vr.as_bytes());
        bytes.extend([0, 0]);
        bytes.extend(long(length));
    } else {
        bytes.extend(vr.as_bytes());
        bytes.extend(short(u16::try_from(length).unwrap()));
    }
}

fn body(value: &Value, encoding: Encoding) -> (&'static str, Vec<u8>, bool) {
    let is_big = encoding == Encoding::ExplicitBig;
    let long = |n: u32| if is_big { n.to_be_bytes() } else { n.to_le_bytes() };
    match value {
        Value::Text(vr, text) => {
            let mut bytes = text.clone().into_bytes();
            if bytes.len() % 2 == 1 {
                bytes.push(if *vr == "UI" { 0 } else { b' ' });
            }
            (vr, bytes, false)
        }
        Value::Shorts(shorts) => {
            let short = |n: &u16| if is_big { n.to_be_bytes() } else { n.to_le_bytes() };
            ("US", shorts.iter().flat_map(short).collect(), false)
        }
        Value::Floats(floats) => {
            let bytes = floats.iter().flat_map(|float| long(float.to_bits())).collect();
            ("OF", bytes, false)
        }
        Value::Doubles(vr, doubles) => {
            let wide = |n: &f64| if is_big { n.to_be_bytes() } else { n.to_le_bytes() };
            (vr, doubles.iter().flat_map(wide).collect(), false)
        }
        Value::Longs(vr, longs) => (vr, longs.iter().flat_map(|n| long(*n)).collect(), false),
        Value::Raw(vr, bytes) => (vr, bytes.clone(), false),
        Value::Items(items) => {
            let mut bytes = Vec::new();
            for item in items {
                let item = encode(item, encoding);
                let length = u32::try_from(item.len()).unwrap();
                header(&mut bytes, Tag(0xfffe, 0xe000), "", length, encoding);
                bytes.extend(item);
            }
            ("SQ", bytes, false)
        }
        Value::OpenItems(items) => {
            let mut bytes = Vec::new();
            for item in items {
                header(&mut bytes, Tag(0xfffe, 0xe000), "", u32::MAX, encoding);
                bytes.extend(encode(item, encoding));
                header(&mut bytes, Tag(0xfffe, 0xe00d), "", 0, encoding);
            }
            ("SQ", bytes, true)
        }
    }
}
