//! COCO files that are too long to be held: the same events as from short files, whatever the order within them.

use serde_json::Value;

use crate::lab::{Lab, count_of, message_of, text};

/// So many boxes, with the white space that is in each, are longer than what is held in memory.
const BOXES: usize = 1_300;
const IMAGES: usize = 40;

/// A file of fewer bytes is held.
const HELD_BYTES: usize = 256 << 10;

/// What differs between files.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Order {
    ImagesFirst,
    AnnotationsFirst,
    Shuffled,
}

/// The boxes of a file, as one record each, image by image.
fn boxes() -> Vec<String> {
    let space = " ".repeat(350);
    (0..BOXES)
        .map(|n| {
            let (image, x, y) = (1 + n * IMAGES / BOXES, n % 900, n / 900);
            format!(
                r#"{{"id":{n},"image_id":{image},"category_id":1,"bbox":[{x},{y}.5,20,30],"area":600,{space}"score":0.{n}}}"#
            )
        })
        .collect()
}

/// A file with these boxes; images say how large they are where a size is given.
fn file(order: Order, boxes: &[String], size: Option<usize>) -> String {
    let size = size.map_or(String::new(), |size| {
        format!(r#","width":{size},"height":{size}"#)
    });
    let images: Vec<String> = (1..=IMAGES)
        .map(|id| format!(r#"{{"id":{id},"file_name":"{id}.tiff"{size}}}"#))
        .collect();
    let images = format!(r#""images":[{}]"#, images.join(","));
    let place = |n: usize| match order {
        Order::Shuffled => n * 7919 % boxes.len(),
        Order::ImagesFirst | Order::AnnotationsFirst => n,
    };
    let boxes: Vec<&str> = (0..boxes.len()).map(|n| boxes[place(n)].as_str()).collect();
    let boxes = format!(r#""annotations":[{}]"#, boxes.join(", "));
    let lists = match order {
        Order::ImagesFirst | Order::Shuffled => [images, boxes],
        Order::AnnotationsFirst => [boxes, images],
    };
    format!(
        r#"{{"categories":[{{"id":1,"name":"cell"}},{{"id":2,"name":"other"}}],{}}}"#,
        lists.join(",")
    )
}

fn import(lab: &Lab, name: &str, content: &str) -> Value {
    let path = lab.write(name, content);
    lab.json(&["import", &path, "--source", "cells", "--box-format", "xywh"])
}

#[test]
fn quirk_17_a_long_file_gives_what_short_ones_give_in_any_order() {
    let boxes = boxes();
    let short = Lab::seeded("2026-01-02", '1', "Ada Example <ada@example.org>");
    for part in boxes.chunks(BOXES / 4) {
        let content = file(Order::ImagesFirst, part, Some(1000));
        assert!(content.len() < HELD_BYTES, "each is held");
        import(&short, "part.json", &content);
    }
    let expected = short.commit("short");
    for order in [Order::ImagesFirst, Order::AnnotationsFirst, Order::Shuffled] {
        let lab = Lab::new();
        let content = file(order, &boxes, Some(1000));
        assert!(content.len() > HELD_BYTES, "it is not held");
        let report = import(&lab, "long.json", &content);
        assert_eq!(report["created"], BOXES);
        assert_eq!(report["losses"], Value::Array(Vec::new()));
        assert_eq!(lab.commit("long"), expected);
        let again = import(&lab, "again.json", &content);
        assert_eq!((&again["events"], &again["matched"]), (&0.into(), &BOXES.into()));
    }
}

#[test]
fn what_changed_in_a_long_file_is_found() {
    let lab = Lab::new();
    let mut boxes = boxes();
    let path = lab.write("first.json", file(Order::ImagesFirst, &boxes, Some(1000)));
    lab.json(&["import", &path, "--box-format", "xywh"]);
    lab.commit("first");
    let relabelled = boxes[7].replace("\"category_id\":1", "\"category_id\":2");
    boxes[7] = relabelled;
    let moved = boxes[1_000].replace("\"bbox\":[", "\"bbox\":[1");
    boxes[1_000] = moved;
    boxes.remove(BOXES - 1);
    let path = lab.write("second.json", file(Order::AnnotationsFirst, &boxes, Some(1000)));
    let report = lab.json(&["import", &path, "--complete", "--box-format", "xywh"]);
    for (member, count) in [
        ("matched", BOXES - 1),
        ("created", 0),
        ("modified", 2),
        ("withdrawn", 1),
        ("events", 3),
    ] {
        assert_eq!(report[member], count, "{member}: {report}");
    }
    assert_eq!(report["lineage"], "coco-1");
}

/// The records without the white space by which they are long, so that a file of them is held in memory.
fn short(boxes: &[String]) -> Vec<String> {
    boxes.iter().map(|one| one.replace("  ", "")).collect()
}

/// A report without what tells one file from another.
fn comparable(mut report: Value) -> Value {
    for member in ["took_ms", "files"] {
        report.as_object_mut().unwrap().remove(member);
    }
    report
}

/// Edits as tools make them: every tenth box moved, every ninth numbered anew, every fifth of another class, some gone.
fn edited(boxes: &[String]) -> Vec<String> {
    let edit = |(n, one): (usize, &String)| {
        let mut one = one.clone();
        if n % 10 == 0 {
            one = one.replace(".5,20,30]", ".25,20,30]");
        }
        if n % 9 == 0 {
            one = one.replace(&format!("\"id\":{n},"), &format!("\"id\":{},", n + 1_000_000));
        }
        if n % 5 == 0 {
            one = one.replace("\"category_id\":1", "\"category_id\":2");
        }
        (n % 77 != 0).then_some(one)
    };
    boxes.iter().enumerate().filter_map(edit).collect()
}

#[test]
fn quirk_17_what_is_found_in_a_long_file_is_what_is_found_in_a_short_one() {
    let (long, held) = (Lab::new(), Lab::new());
    let mut boxes = boxes();
    let steps: [(&str, &[&str]); 4] = [
        ("first", &[]),
        ("again", &[]),
        ("edited", &["--complete"]),
        ("anonymous", &["--annotator", "Ada", "--match-radius", "3"]),
    ];
    for (step, flags) in steps {
        match step {
            "edited" => boxes = edited(&boxes),
            "anonymous" => {
                let anonymous = |one: &String| format!("{{{}", one.split_once(',').unwrap().1);
                boxes = boxes.iter().map(anonymous).collect();
            }
            _ => {}
        }
        let text = file(Order::Shuffled, &boxes, Some(1000));
        let short = file(Order::Shuffled, &short(&boxes), Some(1000));
        assert!(text.len() > HELD_BYTES && short.len() < HELD_BYTES);
        let reports = [(&long, text), (&held, short)].map(|(lab, text)| {
            let path = lab.write("f.json", text);
            let flags = [&["import", &path, "--box-format", "xywh"], flags].concat();
            comparable(lab.json(&flags))
        });
        assert_eq!(reports[0], reports[1], "{step}");
        if step != "again" {
            assert_eq!(long.commit(step), held.commit(step), "{step}");
        }
        let counts =
            ["matched", "created", "modified", "withdrawn", "rekeyed"].map(|member| &reports[0][member]);
        let of_edited = boxes.len();
        match step {
            "first" => assert_eq!((counts[1], counts[0]), (&Value::from(BOXES), &Value::from(0))),
            "again" => assert_eq!(reports[0]["events"], 0),
            "edited" => {
                assert_eq!(counts[0], of_edited);
                assert!(
                    counts[2..].iter().all(|count| count.as_u64() > Some(10)),
                    "{counts:?}"
                );
            }
            _ => assert_eq!(counts[0], of_edited),
        }
    }
}

#[test]
fn f16_a_long_file_that_is_broken_is_refused_with_the_place_and_leaves_nothing() {
    let lab = Lab::new();
    let before = lab.truth();
    let boxes = boxes();
    let good = file(Order::ImagesFirst, &boxes, None).replace(", {", ",\n{");
    for (content, place) in [
        (
            good.replace(r#"{"id":1200,"#, r#"{"id":1200,,"#),
            "broken.json, line 1201, column 12: key must be a string",
        ),
        (
            good.replace(r#"{"id":1201,"#, r#"{"id":1200,"#),
            "annotations[1200] and annotations[1201] both have the id 1200, and they differ",
        ),
        (good.trim_end_matches('}').to_owned(), "EOF while parsing"),
        (
            good.replace(r#""name":"other""#, "\"name\":\"\u{1}\""),
            "control character",
        ),
    ] {
        assert_ne!(content, good);
        let path = lab.write("broken.json", &content);
        let ran = lab.run(&["import", &path, "--box-format", "xywh"]);
        let line = ran.refused(3);
        assert!(line.contains(place), "{line}");
        assert_eq!(lab.truth(), before);
    }
}

#[test]
fn quirk_16_boxes_outside_are_flagged_by_the_reader_or_else_by_what_is_known() {
    let boxes = boxes();
    let outside = (0..BOXES).filter(|n| n % 900 + 20 > 800).count();
    let lab = Lab::new();
    let with_size = import(&lab, "with.json", &file(Order::Shuffled, &boxes, Some(800)));
    assert_eq!(
        count_of(&with_size, "warnings", "outside_image"),
        u64::try_from(outside).unwrap()
    );
    assert!(message_of(&with_size, "warnings", "outside_image").contains("annotations["));
    lab.commit("with sizes");
    let without = import(&lab, "without.json", &file(Order::Shuffled, &boxes, None));
    assert_eq!(without["events"], 0);
    assert_eq!(
        count_of(&without, "warnings", "outside_image"),
        u64::try_from(outside).unwrap()
    );
    let message = message_of(&without, "warnings", "outside_image");
    assert!(message.starts_with("without.json: a box on "), "{message}");
    assert_eq!(text(&without["lineage"]), "cells");
}
