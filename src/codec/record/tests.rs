use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::{Value, json};

use crate::codec::tests::any_value;
use crate::codec::{EncodeError, from_canonical, record, to_canonical};

/// Has the name of a type inside the macro's expansion; fields must not be caught by that.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub(crate) struct Name(u32);

record! {
    /// A record with one member of each kind.
    pub(crate) struct Sample {
        /// An ordinary field, though others read it first.
        pub(crate) format: String,
        pub(crate) name: Name,
        pub(crate) label: Option<String> = optional,
        pub(crate) attributes: BTreeMap<String, f64> = default,
        pub(crate) kind: String = required("type"),
        map: Option<u8> = optional("extra"),
        value: bool = default("is-good"),
        nullable: Option<u8>,
    }
}

record! {
    struct Nothing {}
}

record! {
    #[derive(Eq)]
    struct Nested {
        nothing: Vec<u8> = default
    }
}

const LEAST: &str = r#"{"format":"sample/1","name":7,"nullable":null,"type":"box"}"#;
const MOST: &str = r#"{"attributes":{"a":0.5},"extra":3,"format":"sample/1","is-good":true,"label":"x","name":7,"nullable":1,"type":"box"}"#;

fn refusal(text: &str) -> String {
    let error = from_canonical::<Sample>(text.as_bytes()).unwrap_err();
    std::error::Error::source(&error).unwrap().to_string()
}

#[test]
fn members_left_out_have_their_defaults() {
    let sample: Sample = from_canonical(LEAST.as_bytes()).unwrap();
    assert_eq!(sample.format, "sample/1");
    assert_eq!(sample.name, Name(7));
    assert_eq!((&sample.label, sample.map, sample.value), (&None, None, false));
    assert!(sample.attributes.is_empty());
    assert_eq!(sample.kind, "box");
    assert_eq!(sample.nullable, None);
    assert!(sample.extra.is_empty());
    assert_eq!(to_canonical(&sample).unwrap(), LEAST.as_bytes());
}

#[test]
fn members_given_are_written_back() {
    let sample: Sample = from_canonical(MOST.as_bytes()).unwrap();
    assert_eq!(sample.label.as_deref(), Some("x"));
    assert_eq!(
        (sample.map, sample.value, sample.nullable),
        (Some(3), true, Some(1))
    );
    assert_eq!(to_canonical(&sample).unwrap(), MOST.as_bytes());
}

#[test]
fn unknown_members_are_kept_byte_for_byte() {
    let text = r#"{"format":"sample/1","name":7,"nullable":null,"type":"box","z":{"a":[1,-1.5,1e+21,1152921504606847000,-9007199254740994,5e-324],"b":"\u0001€"},"ä":null}"#;
    let sample: Sample = from_canonical(text.as_bytes()).unwrap();
    assert_eq!(sample.extra.len(), 2);
    assert_eq!(sample.extra.get("ä"), Some(&Value::Null));
    assert_eq!(sample.extra.get("type"), None);
    assert_eq!(
        sample.extra.iter().map(|(name, _)| name).collect::<Vec<_>>(),
        ["z", "ä"]
    );
    assert_eq!(to_canonical(&sample).unwrap(), text.as_bytes());

    let text = r#"{"a":[true],"nothing":[1]}"#;
    let nested: Nested = from_canonical(text.as_bytes()).unwrap();
    assert_eq!(nested.nothing, [1]);
    assert_eq!(to_canonical(&nested).unwrap(), text.as_bytes());
}

#[test]
fn a_record_differs_by_what_it_does_not_know() {
    let read = |text: &str| from_canonical::<Nothing>(text.as_bytes()).unwrap();
    assert_eq!(read("{}"), read("{}"));
    assert_ne!(read(r#"{"a":1}"#), read("{}"));
    assert_ne!(read(r#"{"a":1}"#), read(r#"{"a":2}"#));
}

#[test]
fn an_extra_is_as_large_as_a_pointer() {
    assert_eq!(size_of::<crate::codec::Extra>(), size_of::<usize>());
}

#[test]
fn a_missing_required_member_is_named() {
    assert!(refusal(r#"{"format":"sample/1","name":7,"nullable":null}"#).contains("`type`"));
    assert!(refusal(r#"{"format":"sample/1","name":7,"type":"box"}"#).contains("`nullable`"));
    assert!(refusal("{}").contains("`format`"));
    assert!(refusal("[]").contains("an object for Sample"));
}

#[test]
fn a_member_that_should_be_left_out_is_refused() {
    let with =
        |members: &str| format!(r#"{{{members}"format":"sample/1","name":7,"nullable":null,"type":"box"}}"#);
    assert!(refusal(&with(r#""attributes":{},"#)).contains("`attributes`"));
    assert!(refusal(&with(r#""extra":null,"#)).contains("`extra`"));
    let text = LEAST.replace(r#""name""#, r#""is-good":false,"name""#);
    assert!(refusal(&text).contains("`is-good`"));
}

#[test]
fn a_member_that_stands_twice_is_refused_without_the_check_too() {
    let read = |text: &str| serde_json::from_str::<Sample>(text).unwrap_err().to_string();
    assert!(read(r#"{"name":1,"name":1}"#).contains("duplicate field `name`"));
    assert!(read(r#"{"type":"a","type":"a"}"#).contains("duplicate field `type`"));
    assert!(read(r#"{"x":1,"x":1}"#).contains("duplicate member `x`"));
}

#[test]
fn a_declared_member_cannot_be_written_twice() {
    let mut extra = serde_json::from_str::<Nothing>(r#"{"name":1}"#).unwrap().extra;
    let sample = Sample {
        extra: std::mem::take(&mut extra),
        ..from_canonical(LEAST.as_bytes()).unwrap()
    };
    assert_eq!(
        to_canonical(&sample),
        Err(EncodeError::DuplicateMember { name: "name".into() })
    );
}

proptest! {
    #[test]
    fn any_unknown_members_are_kept(members in prop::collection::btree_map(".{0,6}", any_value(), 0..5)) {
        let mut object = serde_json::Map::from_iter(members);
        for known in ["attributes", "extra", "is-good", "label"] {
            object.remove(known);
        }
        object.extend([
            ("format".to_owned(), json!("sample/1")),
            ("name".to_owned(), json!(7)),
            ("type".to_owned(), json!("box")),
            ("nullable".to_owned(), Value::Null),
        ]);
        let bytes = to_canonical(&object).unwrap();
        let sample: Sample = from_canonical(&bytes).unwrap();
        prop_assert_eq!(sample.extra.len(), object.len() - 4);
        prop_assert_eq!(to_canonical(&sample).unwrap(), bytes);
    }
}
