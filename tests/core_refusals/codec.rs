//! Canonical JSON: which values are names and numbers, and what is wrong with bytes that are refused.

use std::collections::BTreeMap;
use std::fmt;

use holotype::codec::{EncodeError, check_canonical, from_canonical, to_canonical};
use holotype::log::Commit;
use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};

/// An object of one member.
struct Member<N>(N);

impl<N: Serialize> Serialize for Member<N> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(1))?;
        map.serialize_entry(&self.0, &1)?;
        map.end()
    }
}

/// Bytes, and nothing.
struct Raw;

impl Serialize for Raw {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(b"raw")
    }
}

/// What cannot be displayed.
struct Silent;

impl fmt::Display for Silent {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        Err(fmt::Error)
    }
}

impl Serialize for Silent {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[derive(Serialize)]
struct Unit;
#[derive(Serialize)]
struct Newtype<T>(T);
#[derive(Serialize)]
struct Pair(u8, u8);
#[derive(Serialize)]
struct Named {
    a: u8,
}
#[derive(Serialize)]
enum Variant {
    Plain,
    New(u8),
    Tuple(u8, u8),
    Named { a: u8 },
}

fn text(value: &impl Serialize) -> String {
    String::from_utf8(to_canonical(value).unwrap()).unwrap()
}

#[test]
fn texts_integers_and_names_of_variants_are_names_of_members() {
    let big = u64::MAX;
    assert_eq!(text(&Member("a")), r#"{"a":1}"#);
    assert_eq!(text(&Member('\n')), r#"{"\n":1}"#);
    assert_eq!(text(&Member(Some("a"))), r#"{"a":1}"#);
    assert_eq!(text(&Member(Newtype("a"))), r#"{"a":1}"#);
    assert_eq!(text(&Member(Variant::Plain)), r#"{"Plain":1}"#);
    assert_eq!(text(&Member(i8::MIN)), r#"{"-128":1}"#);
    assert_eq!(text(&Member(u16::MAX)), r#"{"65535":1}"#);
    // A name is a text, which has no limit of 2^53.
    assert_eq!(text(&Member(big)), format!(r#"{{"{big}":1}}"#));
    assert_eq!(text(&Member(i128::MIN)), format!(r#"{{"{}":1}}"#, i128::MIN));
    assert_eq!(text(&Member(format_args!("{}\"", 1))), r#"{"1\"":1}"#);
}

#[test]
fn whatever_else_is_no_name() {
    let found = |error: EncodeError| {
        let EncodeError::KeyNotText { found } = error else {
            panic!("{error}")
        };
        found
    };
    macro_rules! refused {
        ($($value:expr => $found:literal),* $(,)?) => {
            $(assert_eq!(found(to_canonical(&Member($value)).unwrap_err()), $found, "{}", stringify!($value));)*
        };
    }
    refused! {
        true => "a boolean",
        1.5_f32 => "a float",
        1.5_f64 => "a float",
        Raw => "bytes",
        None::<u8> => "absent",
        () => "a unit",
        Unit => "a unit",
        vec![1] => "a sequence",
        (1, 2) => "a tuple",
        Pair(1, 2) => "a tuple",
        BTreeMap::from([(1, 2)]) => "a map",
        Named { a: 1 } => "a struct",
        Variant::New(1) => "a variant",
        Variant::Tuple(1, 2) => "a variant",
        Variant::Named { a: 1 } => "a variant",
        Some(Newtype(vec![1])) => "a sequence",
    }
    for failed in [to_canonical(&Member(Silent)), to_canonical(&Silent)] {
        assert_eq!(
            failed.unwrap_err().to_string(),
            "the value refused to be encoded: its Display failed"
        );
    }
}

#[test]
fn integers_of_every_width_have_one_limit() {
    const LIMIT: i64 = 1 << 53;
    assert_eq!(
        text(&(i8::MIN, i16::MIN, i32::MIN, u8::MAX, u16::MAX)),
        "[-128,-32768,-2147483648,255,65535]"
    );
    assert_eq!(
        text(&(i128::from(-LIMIT), u128::from(LIMIT.unsigned_abs()))),
        format!("[-{LIMIT},{LIMIT}]")
    );
    assert_eq!(text(&Unit), "null");
    let too_large = |error: EncodeError| {
        let EncodeError::IntegerTooLarge { value } = error else {
            panic!("{error}")
        };
        value
    };
    assert_eq!(
        too_large(to_canonical(&(LIMIT + 1)).unwrap_err()),
        (LIMIT + 1).to_string()
    );
    assert_eq!(
        too_large(to_canonical(&i128::MIN).unwrap_err()),
        i128::MIN.to_string()
    );
    assert_eq!(
        too_large(to_canonical(&u128::MAX).unwrap_err()),
        u128::MAX.to_string()
    );
}

#[test]
fn each_offence_is_named_with_its_place() {
    let deep = "[".repeat(200);
    for (bytes, offset, reason) in [
        (&b"{\"a\":1"[..], 6, "the bytes end within a value"),
        (b"?", 0, "this byte cannot stand here"),
        (b"{ \"a\":1}", 1, "white space between tokens"),
        (b"1\n", 1, "bytes behind the value"),
        (b"\"\xff\"", 1, "not UTF-8"),
        (b"\"\x01\"", 1, "a control character without its escape"),
        (b"\"\\u0041\"", 1, "not the escape of canonical JSON"),
        (b"1.0", 0, "not a number as canonical JSON prints it"),
        (b"{\"b\":1,\"a\":2}", 7, "the member sorts before its predecessor"),
        (b"{\"a\":1,\"a\":2}", 7, "the member stands twice"),
        (deep.as_bytes(), 128, "arrays and objects nest too deep"),
    ] {
        let fault = check_canonical(bytes).unwrap_err();
        let told = (fault.offset, fault.reason.to_string());
        assert_eq!(
            told,
            (offset, reason.to_owned()),
            "{}",
            String::from_utf8_lossy(bytes)
        );
    }
}

#[test]
fn a_record_that_is_no_object_says_what_was_looked_for() {
    let error = from_canonical::<Commit>(b"[]").unwrap_err();
    assert_eq!(
        error.to_string(),
        "the JSON does not describe holotype::log::Commit"
    );
    let cause = std::error::Error::source(&error).unwrap().to_string();
    assert!(cause.contains("an object for Commit"), "{cause}");
}
