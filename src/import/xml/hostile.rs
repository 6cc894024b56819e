//! What every reader of an XML format must refuse, tried on a sample of it. Each function returns what went wrong.

use super::{XmlError, XmlProblem};
use crate::import::document::Document;

/// A reader under test.
pub(crate) type Read = fn(&[u8]) -> Result<Document, XmlError>;

fn expect(
    wrong: &mut Vec<String>,
    what: &str,
    result: Result<Document, XmlError>,
    fits: fn(&XmlProblem) -> bool,
) {
    match result {
        Ok(_) => wrong.push(format!("{what}: it was read")),
        Err(error) if !fits(&error.problem) => wrong.push(format!("{what}: {error}")),
        Err(_) => {}
    }
}

/// F15: a byte order mark is accepted, other encodings and what is no text are refused.
pub(crate) fn encodings(read: Read, sample: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    let plain = read(sample.as_bytes()).unwrap();
    let marked = read(format!("\u{FEFF}{sample}").as_bytes());
    if !marked.is_ok_and(|marked| marked == plain) {
        wrong.push("a byte order mark changes what is read".to_owned());
    }
    let units: Vec<u16> = sample.encode_utf16().collect();
    let utf16 = units
        .iter()
        .flat_map(|unit| unit.to_le_bytes())
        .collect::<Vec<u8>>();
    let with_mark = [&b"\xFF\xFE"[..], &utf16].concat();
    let big: Vec<u8> = units.iter().flat_map(|unit| unit.to_be_bytes()).collect();
    for bytes in [&utf16, &with_mark, &big] {
        expect(&mut wrong, "UTF-16", read(bytes), |p| {
            matches!(p, XmlProblem::Utf16)
        });
    }
    let at = sample.rfind("</").unwrap();
    let insert = |bytes: &[u8]| {
        let mut file = sample.as_bytes().to_vec();
        file.splice(at..at, bytes.iter().copied());
        file
    };
    for (what, bytes) in [("latin 1", &b"\xE4"[..]), ("a lone surrogate", b"\xED\xA0\x80")] {
        expect(&mut wrong, what, read(&insert(bytes)), |p| {
            matches!(p, XmlProblem::NotUtf8 { .. })
        });
    }
    for (what, bytes) in [("NUL", &b"\0"[..]), ("&#0;", b"&#0;"), ("&#xD800;", b"&#xD800;")] {
        expect(&mut wrong, what, read(&insert(bytes)), |p| {
            matches!(p, XmlProblem::Character { code: 0 } | XmlProblem::Syntax(_))
        });
    }
    let body = sample.split_once("?>").map_or(sample, |(_, body)| body);
    let declared = format!("<?xml version=\"1.0\" encoding=\"windows-1252\"?>{body}");
    expect(&mut wrong, "windows-1252", read(declared.as_bytes()), |p| {
        matches!(p, XmlProblem::OtherEncoding { .. })
    });
    wrong
}

/// F16: what is not one whole document is refused, wherever it is cut.
pub(crate) fn fragments(read: Read, sample: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    let end = sample.trim_end().len();
    for cut in 0..end {
        let result = read(&sample.as_bytes()[..cut]);
        expect(&mut wrong, &format!("cut at {cut}"), result, |problem| {
            matches!(
                problem,
                XmlProblem::NoRoot
                    | XmlProblem::Truncated { .. }
                    | XmlProblem::Syntax(_)
                    | XmlProblem::Attribute(_)
            )
        });
    }
    for after in [
        "x",
        "<a/>",
        "&amp;",
        "<![CDATA[x]]>",
        sample.split_once("?>").unwrap().1,
    ] {
        let result = read(format!("{sample}{after}").as_bytes());
        expect(&mut wrong, after, result, |p| {
            matches!(p, XmlProblem::OutsideRoot)
        });
    }
    expect(
        &mut wrong,
        "two declarations",
        read(sample.repeat(2).as_bytes()),
        |p| matches!(p, XmlProblem::OutsideRoot | XmlProblem::Syntax(_)),
    );
    if read(format!("{sample}<!-- end -->\n").as_bytes()).is_err() {
        wrong.push("a comment at the end was refused".to_owned());
    }
    wrong
}

/// F21: nothing is pulled in, nothing grows without end.
pub(crate) fn document_types(read: Read, sample: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    let (declaration, body) = sample.split_once("?>").unwrap();
    let root: String = body
        .trim_start()
        .chars()
        .skip(1)
        .take_while(|c| c.is_alphanumeric() || *c == '_')
        .collect();
    for doctype in [
        format!("<!DOCTYPE {root} [<!ENTITY a 'lol'><!ENTITY b '&a;&a;&a;&a;&a;&a;'>]>"),
        format!("<!DOCTYPE {root} SYSTEM 'file:///etc/passwd'>"),
        format!("<!DOCTYPE {root} [<!ENTITY % a SYSTEM 'http://127.0.0.1/a.dtd'>%a;]>"),
        format!("<!DOCTYPE {root}>"),
    ] {
        let file = format!("{declaration}?>{doctype}{body}");
        expect(&mut wrong, &doctype, read(file.as_bytes()), |p| {
            matches!(p, XmlProblem::Doctype)
        });
    }
    let at = sample.rfind("</").unwrap();
    let (before, after) = sample.split_at(at);
    let entity = format!("{before}&lol;{after}");
    expect(&mut wrong, "an entity", read(entity.as_bytes()), |p| {
        matches!(p, XmlProblem::Entity { .. })
    });
    let include =
        "<xi:include xmlns:xi='http://www.w3.org/2001/XInclude' href='file:///etc/passwd' parse='text'/>";
    match read(format!("{before}{include}{after}").as_bytes()) {
        Ok(document) if format!("{document:?}").contains("root:") => {
            wrong.push("a file was included".to_owned());
        }
        Ok(_) => {}
        Err(error) => wrong.push(format!("an inclusion that nobody follows: {error}")),
    }
    let deep = format!("{before}{}", "<a>".repeat(1_000_000));
    expect(&mut wrong, "a million levels", read(deep.as_bytes()), |p| {
        matches!(p, XmlProblem::TooDeep { limit: 128 })
    });
    wrong
}
