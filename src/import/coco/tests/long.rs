//! Files of which the annotations stay in the file: the same as files that are held, whatever the order of what is in
//! them; and what changes, or is too long, is refused. All other tests read their files both ways, too.

use std::path::Path;

use super::super::open::{Opened, open};
use super::*;
use crate::import::document::{SourceAnnotation, SourceId};

/// Opens a file and reads all its annotations, once in its order, and once image by image from the last to the first.
pub(super) fn read(
    name: &str,
    path: &Path,
    options: &CocoOptions,
    limits: Limits,
) -> Result<Document, CocoError> {
    let Opened {
        mut document,
        in_file,
        ..
    } = open(name, path, options, &Unwatched, limits)?;
    let Some(in_file) = in_file else {
        return Ok(document);
    };
    assert!(document.annotations.is_empty());
    let images: Vec<usize> = (0..document.images.len()).collect();
    let mut of_images: Vec<_> = images
        .iter()
        .rev()
        .map(|image| in_file.read(&[*image]).unwrap())
        .collect();
    of_images.reverse();
    document.annotations = in_file.read(&images)?;
    assert_eq!(in_file.has_any()?, !document.annotations.is_empty());
    let in_order = in_file.sample(usize::MAX)?;
    assert!(in_order.iter().eq(&document.annotations), "all are a sample");
    document.report.merge(&in_file.report());
    for (image, annotations) in of_images.iter().enumerate() {
        let same = document.annotations.iter().filter(|a| a.image == image);
        assert!(same.eq(annotations.iter()));
        assert!(annotations.len() <= in_file.count(image));
    }
    in_file.check()?;
    Ok(document)
}

fn limits(window: usize) -> Limits {
    Limits {
        window,
        chunk: 2,
        ..Limits::default()
    }
}

/// Opens a text as a file with windows of so many bytes.
fn opened(text: &str, options: &CocoOptions, limits: Limits) -> Result<Opened, CocoError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.json");
    std::fs::write(&path, text).unwrap();
    open("a.json", &path, options, &Unwatched, limits)
}

/// The same file with its annotations before its images.
fn annotations_first(annotations: &str) -> String {
    format!(
        r#"{{"categories":[{{"id":1,"name":"mitosis"}}],"annotations":[{annotations}],
"images":[{{"id":1,"file_name":"a.tiff","width":100,"height":80}},{{"id":2,"file_name":"b.tiff"}}]}}"#
    )
}

fn corners(count: u32) -> String {
    let list: Vec<String> = (0..count)
        .map(|n| {
            let image = 1 + n % 2;
            format!(r#"{{"id":{n},"image_id":{image},"category_id":1,"bbox":[60,50,80,70]}}"#)
        })
        .collect();
    list.join(",\n")
}

#[test]
fn images_may_follow_their_annotations() {
    let text = annotations_first(&corners(100));
    let document = super::read_coco("a.json", text.as_bytes(), &CocoOptions::default()).unwrap();
    let decision = document.box_format.unwrap();
    assert_eq!(decision.format, crate::import::document::BoxFormat::Xyxy);
    assert!(
        decision.evidence.starts_with("of 100 boxes 50 leave their image"),
        "{}",
        decision.evidence
    );
}

#[test]
fn a_file_is_read_twice_and_the_list_of_images_at_its_end_once_more() {
    for (window, times) in [(1_usize << 12, 2), (16, 3)] {
        let text = annotations_first(&corners(1000));
        let size = u64::try_from(text.len()).unwrap();
        let opened = opened(&text, &CocoOptions::default(), limits(window)).unwrap();
        let in_file = opened.in_file.unwrap();
        let read: usize = (0..2).map(|image| in_file.read(&[image]).unwrap().len()).sum();
        assert_eq!(read, 1000);
        assert_eq!(opened.digest, crate::id::Digest::of(text.as_bytes()));
        // Where the list of images is longer than what is looked at, boxes are counted in a reading of their own.
        let most = times * size + 2 * u64::try_from(window).unwrap();
        assert!(in_file.read_bytes() <= most, "{} of {most}", in_file.read_bytes());
    }
    let text = file(&corners(1000).replace(r#""image_id":2"#, r#""image_id":1"#));
    let opened = opened(&text, &CocoOptions::default(), limits(1 << 12)).unwrap();
    let in_file = opened.in_file.unwrap();
    assert_eq!(
        in_file.read_bytes(),
        u64::try_from(text.len()).unwrap(),
        "images first"
    );
}

#[test]
fn a_sample_is_spread_evenly_over_the_file() {
    let text = annotations_first(&corners(1000));
    let in_file = opened(&text, &xywh(), limits(500)).unwrap().in_file.unwrap();
    let ids = |at_most: usize| -> Vec<String> {
        let sample = in_file.sample(at_most).unwrap();
        let id = |one: SourceAnnotation| match one.id {
            Some(SourceId::Local(id)) => id,
            other => panic!("{other:?}"),
        };
        sample.into_iter().map(id).collect()
    };
    let every = |step: usize| -> Vec<String> { (0..1000).step_by(step).map(|n| n.to_string()).collect() };
    assert_eq!(ids(1000), every(1));
    assert_eq!(ids(999), every(2));
    assert_eq!(ids(100), every(10));
    assert_eq!(ids(7), every(143));
    assert_eq!(ids(0), every(1000));
}

#[test]
fn c01_a_file_that_changes_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.json");
    let text = file(&annotation("1", r#""bbox":[1,2,3,4]"#));
    for other in [
        text.replace("[1,2,3,4]", "[1,2,3,4"),
        text.replace("[1,2,3,4]", "[1,2,3,40]"),
    ] {
        std::fs::write(&path, &text).unwrap();
        let opened = open("a.json", &path, &xywh(), &Unwatched, limits(50)).unwrap();
        let in_file = opened.in_file.unwrap();
        in_file.check().unwrap();
        std::fs::write(&path, &other).unwrap();
        if let Ok(read) = in_file.read(&[0]) {
            assert_eq!(read.len(), 1);
        }
        let error = in_file.check().unwrap_err().to_string();
        assert!(error.ends_with("changed while it was read"), "{error}");
    }
}

#[test]
fn f16_what_is_too_long_to_be_held_is_refused() {
    let tight = Limits {
        record: 200,
        rest: 400,
        ..limits(64)
    };
    let long = " ".repeat(1000);
    let record = file(&annotation("1", &format!(r#""bbox":[1,2,3,4],"x":"{long}""#)));
    let before = file("").replacen('{', &format!(r#"{{"x":"{long}","#), 1);
    let behind = file("").replacen("]}", &format!(r#"],"x":"{long}"}}"#), 3);
    for (text, what) in [
        (record, "one of its annotations has more than 200 bytes"),
        (
            before,
            "what stands before its annotations has more than 400 bytes",
        ),
        (
            behind,
            "what stands beside its annotations has more than 400 bytes",
        ),
    ] {
        let error = opened(&text, &xywh(), tight).unwrap_err().to_string();
        assert!(
            error.starts_with("a.json, behind byte ") && error.ends_with(what),
            "{error}"
        );
    }
    let spaced = file(&annotation("1", r#""bbox":[1,2,3,4]"#))
        .replace("[{\"id\":1,\"image_id", &format!("[{long}{{\"id\":1,\"image_id"));
    let read = opened(&spaced, &xywh(), tight).unwrap().in_file.unwrap();
    assert_eq!(read.read(&[0]).unwrap().len(), 1, "white space is not held");
}

#[test]
fn f16_errors_far_behind_have_their_place() {
    let good: Vec<String> = (0..500)
        .map(|n| annotation(&n.to_string(), r#""bbox":[1,2,3,4],"note":"ä"#) + "\"}")
        .collect();
    let whole = file(&good.join(",\n"));
    for (from, to, message) in [
        (
            r#"{"id":400,"#,
            r#"{"id":400 "x","#,
            "a.json, line 402, column 11: expected `,` or `}`",
        ),
        (
            r#"{"id":400,"#,
            r#"{"id":400,"id":1,"#,
            "annotations[400] has the member 'id' twice",
        ),
        (
            r#"{"id":400,"#,
            r#"{"id":400,"bbox":[NaN,1e999],"#,
            "number out of range",
        ),
        ("]}", "],}", "line 501, column"),
        ("]}", "]", "EOF while parsing an object"),
    ] {
        let broken = whole.replace(from, to);
        assert_ne!(broken, whole);
        let error = super::read_coco("a.json", broken.as_bytes(), &xywh()).unwrap_err();
        assert!(error.to_string().contains(message), "{error}");
    }
}
