//! Laws of encoder and decoder together, and the examples of RFC 8785.

use std::collections::BTreeMap;

use proptest::prelude::*;
use serde::{Deserialize, Serialize};
use serde_json::{Number, Value, json};

use super::*;

fn encoded<T: Serialize + ?Sized>(value: &T) -> String {
    String::from_utf8(to_canonical(value).unwrap()).unwrap()
}

fn refused(text: &str) -> (usize, Reason) {
    let fault = check_canonical(text.as_bytes()).expect_err(text);
    (fault.offset, fault.reason)
}

/// A float that JSON does not print like an integer, so that it reads back as a float.
fn any_float() -> impl Strategy<Value = f64> {
    let float = prop_oneof![
        any::<f64>(),
        (-1e7..1e7_f64).prop_map(|float| (float * 1000.0).round() / 1000.0),
        (-1e-4..1e-4_f64),
    ];
    float.prop_filter("prints as an integer or not at all", |float| {
        float.is_finite() && (float.fract() != 0.0 || float.abs() >= 1e21)
    })
}

fn any_text() -> impl Strategy<Value = String> {
    let edge = prop::sample::select(vec![
        "\"", "\\", "\n", "\u{0}", "\u{1f}", "\u{7f}", "é", "\u{d7ff}", "\u{e000}", "\u{ffff}", "😂", "a",
    ]);
    prop_oneof![
        ".{0,20}",
        "[ -~]{10,50}",
        "[\u{0}-\u{1f}a]{0,10}",
        prop::collection::vec(edge, 0..20).prop_map(|parts| parts.concat()),
    ]
}

/// Any value that comes back from canonical JSON as the same `Value`.
pub(super) fn any_value() -> impl Strategy<Value = Value> {
    const LIMIT: i64 = 1 << 53;
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-LIMIT..=LIMIT).prop_map(Value::from),
        (-1000..1000_i64).prop_map(Value::from),
        any_float().prop_map(Value::from),
        any_text().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 40, 8, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..8).prop_map(Value::from),
            prop::collection::btree_map(any_text(), inner, 0..8)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

/// A value whose members come in the order in which they are listed.
struct Listed<'v>(&'v Value, bool);

impl Serialize for Listed<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Value::Array(values) => serializer.collect_seq(values.iter().map(|v| Listed(v, self.1))),
            Value::Object(members) => {
                let mut members: Vec<_> = members.iter().map(|(k, v)| (k, Listed(v, !self.1))).collect();
                if self.1 {
                    members.reverse();
                } else {
                    let middle = members.len() / 2;
                    members.rotate_left(middle);
                }
                serializer.collect_map(members)
            }
            leaf @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_)) => {
                leaf.serialize(serializer)
            }
        }
    }
}

/// The encoder as one would write it first: slow and plain.
fn reference(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(flag) => flag.to_string(),
        Value::Number(number) => ryu_js::Buffer::new().format(number.as_f64().unwrap()).to_owned(),
        Value::String(text) => reference_text(text),
        Value::Array(values) => {
            format!("[{}]", values.iter().map(reference).collect::<Vec<_>>().join(","))
        }
        Value::Object(members) => {
            let mut members: Vec<_> = members.iter().collect();
            members.sort_by_key(|(name, _)| name.encode_utf16().collect::<Vec<_>>());
            let members: Vec<_> = members
                .iter()
                .map(|(name, value)| format!("{}:{}", reference_text(name), reference(value)))
                .collect();
            format!("{{{}}}", members.join(","))
        }
    }
}

fn reference_text(text: &str) -> String {
    let escaped: String = text
        .chars()
        .map(|c| match c {
            '"' => "\\\"".to_owned(),
            '\\' => "\\\\".to_owned(),
            '\u{8}' => "\\b".to_owned(),
            '\u{c}' => "\\f".to_owned(),
            '\n' => "\\n".to_owned(),
            '\r' => "\\r".to_owned(),
            '\t' => "\\t".to_owned(),
            c if c < ' ' => format!("\\u{:04x}", u32::from(c)),
            c => c.to_string(),
        })
        .collect();
    format!("\"{escaped}\"")
}

proptest! {
    #[test]
    fn decode_undoes_encode(value in any_value()) {
        let bytes = to_canonical(&value).unwrap();
        prop_assert_eq!(check_canonical(&bytes), Ok(()));
        prop_assert_eq!(from_canonical::<Value>(&bytes).unwrap(), value);
    }

    #[test]
    fn the_encoder_agrees_with_a_plain_one_in_any_order(value in any_value(), order in any::<bool>()) {
        let expected = reference(&value);
        prop_assert_eq!(encoded(&value), &*expected);
        prop_assert_eq!(encoded(&Listed(&value, order)), expected);
    }

    #[test]
    fn a_changed_byte_is_refused_or_another_value(
        value in any_value(), at in any::<prop::sample::Index>(), byte in any::<u8>(), ascii in 0..128_u8,
    ) {
        let bytes = to_canonical(&value).unwrap();
        for byte in [byte, ascii, bytes[at.index(bytes.len())] ^ 1] {
            let mut changed = bytes.clone();
            changed[at.index(bytes.len())] = byte;
            if changed != bytes && let Ok(other) = from_canonical::<Value>(&changed) {
                prop_assert_ne!(other, value.clone());
            }
        }
    }

    #[test]
    fn what_is_accepted_is_what_would_be_written(text in "[-0-9.eE+]{1,18}|-?(0|[1-9][0-9]{0,17})(\\.[0-9]{1,18})?(e[-+]?[0-9]{1,3})?|-?0\\.0{0,8}[0-9]{1,3}") {
        let reprinted = text.parse::<f64>().ok().filter(|float| float.is_finite()).map(|float| encoded(&float));
        let accepted = check_canonical(text.as_bytes()).is_ok();
        prop_assert_eq!(accepted, reprinted.as_deref() == Some(&*text));
    }

    #[test]
    fn floats_survive(float in any::<f64>().prop_filter("finite", |float| float.is_finite())) {
        let text = encoded(&float);
        let mut buffer = ryu_js::Buffer::new();
        prop_assert_eq!(&text, buffer.format(float));
        prop_assert_eq!(from_canonical::<f64>(text.as_bytes()).unwrap(), float);
    }

    #[test]
    fn short_decimals_print_alike(integer in -1_000_000_000_000_000..1_000_000_000_000_000_i64, small in -20_000..20_000_i32, scale in prop::sample::select(vec![10.0, 100.0, 1e3, 1e4]), ulps in 0..3_u64) {
        let large: f64 = integer.to_string().parse().unwrap();
        for float in [large / scale, f64::from(small) / scale] {
            let float = f64::from_bits(float.to_bits() + ulps);
            let mut buffer = ryu_js::Buffer::new();
            prop_assert_eq!(encoded(&float), buffer.format(float));
        }
    }

    #[test]
    fn no_bytes_upset_the_check(bytes in prop::collection::vec(any::<u8>(), 0..40), json in "[\\[\\]{}\":,0-9a-e\\\\ -]{0,40}") {
        for bytes in [&bytes[..], json.as_bytes()] {
            if let Ok(value) = from_canonical::<Value>(bytes) {
                match to_canonical(&value) {
                    Ok(again) => prop_assert_eq!(again, bytes),
                    // A float beyond 2^53 that a `Value` holds as an integer.
                    Err(EncodeError::IntegerTooLarge { .. }) => {}
                    Err(error) => panic!("{error}"),
                }
            }
        }
    }
}

#[test]
fn examples_of_rfc_8785() {
    let cases = [
        (
            r#"[ 56, { "d": true, "10": null, "1": [ ] } ]"#,
            r#"[56,{"1":[],"10":null,"d":true}]"#,
        ),
        (
            r#"{"peach": "This sorting order", "péché": "is wrong according to French",
                "pêche": "but canonicalization MUST", "sin": "ignore locale"}"#,
            r#"{"peach":"This sorting order","péché":"is wrong according to French","pêche":"but canonicalization MUST","sin":"ignore locale"}"#,
        ),
        (
            r#"{"1": {"f": {"f": "hi","F": 5} ,"\n": 56.0}, "10": { }, "": "empty", "a": { },
                "111": [ {"e": "yes","E": "no" } ], "A": { }}"#,
            r#"{"":"empty","1":{"\n":56,"f":{"F":5,"f":"hi"}},"10":{},"111":[{"E":"no","e":"yes"}],"A":{},"a":{}}"#,
        ),
        (
            r#"{"Unnormalized Unicode":"A\u030a"}"#,
            "{\"Unnormalized Unicode\":\"A\u{30a}\"}",
        ),
        (
            r#"{"numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
                "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/", "literals": [null, true, false]}"#,
            r#"{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\u000f\nA'B\"\\\\\"/"}"#,
        ),
        (
            r#"{"\u20ac": "Euro Sign", "\r": "Carriage Return", "\u000a": "Newline", "1": "One",
                "\u0080": "Control\u007f", "\ud83d\ude02": "Smiley",
                "\u00f6": "Latin Small Letter O With Diaeresis",
                "\ufb33": "Hebrew Letter Dalet With Dagesh", "</script>": "Browser Challenge"}"#,
            concat!(
                r#"{"\n":"Newline","\r":"Carriage Return","1":"One","</script>":"Browser Challenge","#,
                "\"\u{80}\":\"Control\u{7f}\",\"ö\":\"Latin Small Letter O With Diaeresis\",",
                "\"€\":\"Euro Sign\",\"😂\":\"Smiley\",\"\u{fb33}\":\"Hebrew Letter Dalet With Dagesh\"}"
            ),
        ),
    ];
    for (input, expected) in cases {
        let value: Value = serde_json::from_str(input).unwrap();
        assert_eq!(encoded(&value), expected);
        assert_eq!(check_canonical(expected.as_bytes()), Ok(()));
        assert!(check_canonical(input.as_bytes()).is_err() || input == expected);
    }
}

#[test]
fn numbers_of_rfc_8785_appendix_b() {
    let cases = [
        (0x0000000000000000, "0"),
        (0x8000000000000000, "0"),
        (0x0000000000000001, "5e-324"),
        (0x8000000000000001, "-5e-324"),
        (0x7fefffffffffffff, "1.7976931348623157e+308"),
        (0xffefffffffffffff, "-1.7976931348623157e+308"),
        (0x4340000000000000, "9007199254740992"),
        (0xc340000000000000, "-9007199254740992"),
        (0x4430000000000000, "295147905179352830000"),
        (0x44b52d02c7e14af5, "9.999999999999997e+22"),
        (0x44b52d02c7e14af6, "1e+23"),
        (0x44b52d02c7e14af7, "1.0000000000000001e+23"),
        (0x444b1ae4d6e2ef4e, "999999999999999700000"),
        (0x444b1ae4d6e2ef4f, "999999999999999900000"),
        (0x444b1ae4d6e2ef50, "1e+21"),
        (0x3eb0c6f7a0b5ed8c, "9.999999999999997e-7"),
        (0x3eb0c6f7a0b5ed8d, "0.000001"),
        (0x41b3de4355555553, "333333333.3333332"),
        (0x41b3de4355555554, "333333333.33333325"),
        (0x41b3de4355555555, "333333333.3333333"),
        (0x41b3de4355555556, "333333333.3333334"),
        (0x41b3de4355555557, "333333333.33333343"),
        (0xbecbf647612f3696, "-0.0000033333333333333333"),
        (0x43143ff3c1cb0959, "1424953923781206.2"),
    ];
    for (bits, expected) in cases {
        let float = f64::from_bits(bits);
        assert_eq!(encoded(&float), expected);
        assert_eq!(check_canonical(expected.as_bytes()), Ok(()), "{expected}");
        assert_eq!(from_canonical::<f64>(expected.as_bytes()).unwrap(), float);
    }
    let not_finite = [
        (0x7fffffffffffffff, "NaN"),
        (0x7ff0000000000000, "Infinity"),
        (0xfff0000000000000, "-Infinity"),
    ];
    for (bits, value) in not_finite {
        assert_eq!(
            to_canonical(&f64::from_bits(bits)),
            Err(EncodeError::NotFinite { value })
        );
    }
}

#[test]
fn integers_have_a_limit() {
    const LIMIT: i64 = 1 << 53;
    assert_eq!(encoded(&LIMIT), "9007199254740992");
    assert_eq!(encoded(&-LIMIT), "-9007199254740992");
    assert_eq!(encoded(&LIMIT.unsigned_abs()), "9007199254740992");
    let read = value_from_canonical(b"9007199254740992").unwrap();
    assert_eq!(read, json!(LIMIT));
    assert_eq!(encoded(&i128::from(-LIMIT)), "-9007199254740992");
    assert_eq!(encoded(&[0, -1, 10, 4_294_967_295_i64]), "[0,-1,10,4294967295]");
    let too_large = |value: &str| {
        Err(EncodeError::IntegerTooLarge {
            value: value.to_owned(),
        })
    };
    assert_eq!(to_canonical(&(LIMIT + 1)), too_large("9007199254740993"));
    assert_eq!(to_canonical(&i64::MIN), too_large("-9223372036854775808"));
    assert_eq!(to_canonical(&u64::MAX), too_large("18446744073709551615"));
    assert_eq!(
        to_canonical(&i128::from(-LIMIT - 1)),
        too_large("-9007199254740993")
    );
    assert_eq!(to_canonical(&i128::MIN), too_large(&i128::MIN.to_string()));
    assert_eq!(to_canonical(&u128::MAX), too_large(&u128::MAX.to_string()));
}

#[test]
fn integers_of_every_width_print_alike() {
    #[derive(Serialize)]
    struct Wrapped(i16);
    let signed = (-1_i8, i8::MAX, Wrapped(-300), 0_i32, -70_000_i32, 0_i64, 0_i128);
    assert_eq!(encoded(&signed), "[-1,127,-300,0,-70000,0,0]");
    let unsigned = (1_u8, 300_u16, 70_000_u32, 5_000_000_000_u64, 7_u128);
    assert_eq!(encoded(&unsigned), "[1,300,70000,5000000000,7]");
}

#[test]
fn floats_that_are_integers_print_as_such() {
    assert_eq!(encoded(&[25.0, -25.0, 0.0, -0.0, 1.0, 1.5]), "[25,-25,0,0,1,1.5]");
    assert_eq!(encoded(&9_007_199_254_740_991.0), "9007199254740991");
    assert_eq!(encoded(&1e20), "100000000000000000000");
    assert_eq!(encoded(&0.5_f32), "0.5");
    assert_eq!(encoded(&0.1_f32), "0.10000000149011612");
}

#[derive(Serialize, Deserialize, PartialEq, Debug)]
enum Shape {
    Unit,
    New(u8),
    Tuple(u8, u8),
    Struct { b: u8, a: u8 },
}

#[test]
fn serde_shapes_have_their_usual_json() {
    #[derive(Serialize)]
    struct Unit;
    #[derive(Serialize)]
    struct Pair(u8, Option<u8>);
    #[derive(Serialize)]
    struct Mixed {
        z: (),
        b: Option<u8>,
        #[serde(skip_serializing_if = "Option::is_none")]
        a: Option<u8>,
        c: char,
    }
    let shapes = [
        Shape::Unit,
        Shape::New(1),
        Shape::Tuple(1, 2),
        Shape::Struct { b: 1, a: 2 },
    ];
    let text = r#"["Unit",{"New":1},{"Tuple":[1,2]},{"Struct":{"a":2,"b":1}}]"#;
    assert_eq!(encoded(&shapes), text);
    assert_eq!(from_canonical::<[Shape; 4]>(text.as_bytes()).unwrap(), shapes);
    assert_eq!(
        encoded(&(Unit, Pair(1, None), Pair(1, Some(2)), true)),
        "[null,[1,null],[1,2],true]"
    );
    assert_eq!(
        encoded(&Mixed {
            z: (),
            b: None,
            a: None,
            c: '"'
        }),
        r#"{"b":null,"c":"\"","z":null}"#
    );
    assert_eq!(
        encoded(&Mixed {
            z: (),
            b: None,
            a: Some(1),
            c: 'ä'
        }),
        r#"{"a":1,"b":null,"c":"ä","z":null}"#
    );
    assert_eq!(encoded(&std::net::Ipv4Addr::LOCALHOST), r#""127.0.0.1""#);
}

#[test]
fn bytes_are_numbers() {
    struct Bytes;
    impl Serialize for Bytes {
        fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            serializer.serialize_bytes(&[0, 255])
        }
    }
    assert_eq!(encoded(&Bytes), "[0,255]");
}

#[test]
fn keys_are_strings_or_integers() {
    assert_eq!(
        encoded(&BTreeMap::from([(2, 0), (10, 0), (-1, 0)])),
        r#"{"-1":0,"10":0,"2":0}"#
    );
    assert_eq!(
        encoded(&BTreeMap::from([(u64::MAX, 0)])),
        r#"{"18446744073709551615":0}"#
    );
    assert_eq!(encoded(&BTreeMap::from([('"', 0)])), r#"{"\"":0}"#);
    let refused = |found| Err(EncodeError::KeyNotText { found });
    assert_eq!(to_canonical(&BTreeMap::from([(true, 0)])), refused("a boolean"));
    assert_eq!(to_canonical(&BTreeMap::from([([1], 0)])), refused("a tuple"));
    assert_eq!(
        to_canonical(&BTreeMap::from([(None::<u8>, 0)])),
        refused("absent")
    );
}

#[test]
fn a_failed_encoding_leaves_the_buffer_as_it_was() {
    let mut out = b"before".to_vec();
    assert!(write_canonical(&(1, "x", f64::NAN), &mut out).is_err());
    assert_eq!(out, b"before");
    write_canonical(&json!({"b": 1, "a": 2}), &mut out).unwrap();
    assert_eq!(out, br#"before{"a":2,"b":1}"#);
}

#[test]
fn a_name_stands_once() {
    struct Pairs(&'static [&'static str]);
    impl Serialize for Pairs {
        fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            serializer.collect_map(self.0.iter().map(|name| (name, 1)))
        }
    }
    for names in [&["a\n", "a\n"][..], &["a\n", "b", "a\n"], &["b", "a\n", "a\n"]] {
        let expected = Err(EncodeError::DuplicateMember {
            name: "a\n".to_owned(),
        });
        assert_eq!(to_canonical(&Pairs(names)), expected);
    }
    assert_eq!(refused(r#"{"a":1,"a":1}"#), (7, Reason::DuplicateMember));
}

#[test]
fn depth_has_one_limit_for_writing_and_reading() {
    let nested = |depth: usize| (0..depth).fold(json!(0), |inner, _| json!([inner]));
    let deepest = to_canonical(&nested(MAX_DEPTH)).unwrap();
    assert_eq!(from_canonical::<Value>(&deepest).unwrap(), nested(MAX_DEPTH));
    assert_eq!(to_canonical(&nested(MAX_DEPTH + 1)), Err(EncodeError::TooDeep));
    for (open, at) in [("[", 128), ("{\"\":", 512)] {
        assert_eq!(refused(&open.repeat(1_000_000)), (at, Reason::TooDeep));
    }
    let variant = (0..MAX_DEPTH - 1).fold(json!(Shape::New(1)), |inner, _| json!([inner]));
    assert!(to_canonical(&variant).is_ok());
    assert_eq!(to_canonical(&[variant]), Err(EncodeError::TooDeep));
}

#[test]
fn every_offence_has_its_reason_and_offset() {
    let cases = [
        ("", 0, Reason::UnexpectedEnd),
        ("[1", 2, Reason::UnexpectedEnd),
        ("{\"a\"", 4, Reason::UnexpectedEnd),
        ("\"abc", 4, Reason::UnexpectedEnd),
        ("tru", 3, Reason::UnexpectedEnd),
        ("trux", 0, Reason::UnexpectedByte),
        ("[,1]", 1, Reason::UnexpectedByte),
        ("[1,]", 3, Reason::UnexpectedByte),
        ("{1:1}", 1, Reason::UnexpectedByte),
        ("+1", 0, Reason::UnexpectedByte),
        ("NaN", 0, Reason::UnexpectedByte),
        (" 1", 0, Reason::WhiteSpace),
        ("[1, 2]", 3, Reason::WhiteSpace),
        ("1\n", 1, Reason::TrailingBytes),
        ("{}{}", 2, Reason::TrailingBytes),
        ("\"a\u{1}\"", 2, Reason::ControlCharacter),
        (r#""\/""#, 1, Reason::Escape),
        (r#""a\u0041""#, 2, Reason::Escape),
        (r#""\u000a""#, 1, Reason::Escape),
        (r#""\u001F""#, 1, Reason::Escape),
        (r#""\u001g""#, 1, Reason::Escape),
        (r#""\u0020""#, 1, Reason::Escape),
        (r#""\ud83d\ude02""#, 1, Reason::Escape),
        (r#""\ud83d""#, 1, Reason::Escape),
        (r#""\u00"#, 1, Reason::Escape),
        (r#""\"#, 1, Reason::Escape),
        ("[-0]", 1, Reason::Number),
        ("01", 0, Reason::Number),
        ("-", 0, Reason::Number),
        ("1.", 0, Reason::Number),
        ("1.0", 0, Reason::Number),
        ("1e3", 0, Reason::Number),
        ("1e999", 0, Reason::Number),
        ("1E+21", 0, Reason::Number),
        ("9007199254740993", 0, Reason::Number),
        ("0.0000001", 0, Reason::Number),
        ("[0.0000001]", 1, Reason::Number),
        (r#"{"b":1,"a":1}"#, 7, Reason::MemberOrder),
        ("{\"\u{e000}\":1,\"😂\":1}", 9, Reason::MemberOrder),
        (r#"{"z":{"\"":1,"\n":1}}"#, 13, Reason::MemberOrder),
    ];
    for (text, offset, reason) in cases {
        assert_eq!(refused(text), (offset, reason), "{text}");
    }
    let fault = check_canonical(b"\"\xff\"").unwrap_err();
    assert_eq!(
        fault,
        NotCanonical {
            offset: 1,
            reason: Reason::NotUtf8
        }
    );
    assert!(check_canonical(b"\"\xed\xa0\x80\"").is_err());
}

#[test]
fn a_value_of_another_shape_says_so() {
    let error = from_canonical::<Vec<u8>>(b"{}").unwrap_err();
    assert!(matches!(error, DecodeError::OtherShape { .. }));
    assert!(
        std::error::Error::source(&error)
            .unwrap()
            .to_string()
            .contains("expected a sequence")
    );
    let error = from_canonical::<Vec<u8>>(b"[1 ]").unwrap_err();
    assert_eq!(
        error.to_string(),
        "not canonical JSON at byte 2: white space between tokens"
    );
}

#[test]
fn a_number_keeps_its_type() {
    let number = Number::from_f64(1.5).unwrap();
    assert_eq!(encoded(&number), "1.5");
    assert_eq!(
        from_canonical::<u64>(b"9007199254740994").unwrap(),
        9_007_199_254_740_994
    );
}

#[test]
fn any_value_is_written_again_as_it_was() {
    for text in [
        r#"{"a":100000000000000000,"b":[-12345678901234567000,9007199254740992]}"#,
        r#"{"c":1e+21,"d":0.1,"e":5e-324,"f":18446744073709552000}"#,
    ] {
        let value = value_from_canonical(text.as_bytes()).unwrap();
        assert_eq!(to_canonical(&value).unwrap(), text.as_bytes(), "{text}");
    }
}
