//! Reads `holotype.json`, which an export leaves in a folder of files of another tool's format: what these have no place
//! for. See [`model::carrier`](crate::model::carrier).

use super::document::{Document, SourceCarried};
use crate::model::Carrier;
use crate::model::carrier::{CARRIER_BYTES_MAX, CarrierError, parse_carried};

/// How it says what it is, as written by an export and as written again by another program.
const SAYS_SO: [&[u8]; 2] = [
    b"\"format\":\"holotype/carrier/",
    b"\"format\": \"holotype/carrier/",
];

/// Members stand in the order of their names, so who rates and the cases come before that; these can be many.
const BEGINNINGS: [&[u8]; 2] = [b"{\"annotators\":[{\"code\":\"", b"{\"cases\":[{\"code\":\""];

/// A file that is no carrier.
#[derive(Debug, thiserror::Error)]
#[error("{file}: {why}")]
pub struct CarrierReadError {
    /// The file.
    pub file: String,
    /// What is wrong with it.
    #[source]
    pub why: CarrierError,
}

/// Tells by the beginning of a file whether it is one, and by what.
#[must_use]
pub fn recognise(head: &[u8]) -> Option<&'static str> {
    let is_object = head.trim_ascii_start().starts_with(b"{");
    let is_carrier = SAYS_SO
        .iter()
        .any(|says| memchr::memmem::find(head, says).is_some())
        || BEGINNINGS.iter().any(|beginning| head.starts_with(beginning));
    (is_object && is_carrier).then_some("an object of the format holotype/carrier")
}

/// Reads one file; `file` is the name that messages give it.
///
/// # Errors
/// [`CarrierReadError`] when it is not what an export writes.
pub fn read(file: &str, bytes: &[u8]) -> Result<Document, CarrierReadError> {
    let carrier: Carrier = parse_carried(bytes, CARRIER_BYTES_MAX).map_err(|why| CarrierReadError {
        file: file.to_owned(),
        why,
    })?;
    Ok(Document {
        carried: SourceCarried {
            dataset: Some(Box::new(carrier)),
            ..SourceCarried::default()
        },
        ..Document::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::to_canonical;
    use crate::id::Code;
    use crate::model::{AnnotatorKind, AnnotatorRecord, CaseRecord};

    fn people(count: u32) -> Carrier {
        let code = |n| Code::parse(&format!("human-{n}")).unwrap();
        Carrier {
            annotators: (1..=count)
                .map(|n| AnnotatorRecord::empty(code(n), AnnotatorKind::Human))
                .collect(),
            ..Carrier::default()
        }
    }

    #[test]
    fn it_is_told_by_what_it_says_also_when_that_comes_late_or_was_written_again() {
        let few = to_canonical(&people(2)).unwrap();
        let none = to_canonical(&Carrier::default()).unwrap();
        let many = to_canonical(&people(40_000)).unwrap();
        let cut = many.get(..1 << 20).unwrap();
        assert_eq!(memchr::memmem::find(cut, b"holotype/carrier"), None);
        let value: serde_json::Value = serde_json::from_slice(&few).unwrap();
        let pretty = serde_json::to_vec_pretty(&value).unwrap();
        for head in [&few[..], &none, cut, &pretty] {
            assert!(recognise(head).is_some(), "{}", String::from_utf8_lossy(head));
        }
        let cases = Carrier {
            cases: vec![CaseRecord::empty(Code::parse("case-1").unwrap())],
            ..Carrier::default()
        };
        let cases = to_canonical(&cases).unwrap();
        assert!(recognise(cases.get(..40).unwrap()).is_some());
    }

    #[test]
    fn what_only_speaks_of_it_is_something_else() {
        for head in [
            "",
            "{}",
            "[]",
            r#"{"type":"FeatureCollection","features":[]}"#,
            r#"{"info":{"description":"\"format\":\"holotype/carrier/1\""},"images":[]}"#,
            r#"["format","holotype/carrier/1"]"#,
            r#"{"format":"holotype/carried/1"}"#,
        ] {
            assert_eq!(recognise(head.as_bytes()), None, "{head}");
        }
    }

    #[test]
    fn it_is_read_as_it_was_or_refused_by_its_name() {
        let carrier = people(3);
        let document = read("holotype.json", &to_canonical(&carrier).unwrap()).unwrap();
        assert_eq!(document.carried.dataset.as_deref(), Some(&carrier));
        assert!(document.annotations.is_empty() && document.images.is_empty());
        for bytes in [&b"{"[..], b"", br#"{"format":"holotype/carrier/2"}"#] {
            let error = read("holotype.json", bytes).unwrap_err().to_string();
            assert!(error.starts_with("holotype.json: "), "{error}");
        }
    }
}
