//! Whose annotations they are, what was looked at, and on which image.

use super::*;
use crate::model::AnnotatorKind;

/// An annotation of one rectangle with these members.
fn set(members: &str) -> String {
    format!(r#"{{"result":[{}],{members}}}"#, rectangle("r"))
}

#[test]
fn quirk_28_each_annotation_is_rated_by_who_made_it() {
    let sets = [
        set(
            r#""id":1,"completed_by":3,"created_at":"2026-01-02T03:04:05.678901Z","updated_at":"2026-01-03T00:00:00+01:00","lead_time":12.5"#,
        ),
        set(
            r#""id":2,"completed_by":{"id":4,"email":"ben@example.org","first_name":"Ben","last_name":"Roe"},"created_at":"2026-01-02T03:04:05.678901Z""#,
        ),
        set(r#""id":3,"completed_by":{"id":5,"first_name":"Cy","last_name":"Doe"},"ground_truth":true"#),
        set(r#""id":4,"completed_by":3"#),
        set(r#""id":5"#),
    ];
    let document = document(&tasks(&sets.join(","), ""));
    let people: Vec<_> = document
        .people
        .iter()
        .map(|person| (person.name.as_str(), person.kind))
        .collect();
    let human = Some(AnnotatorKind::Human);
    assert_eq!(
        people,
        [
            ("Label Studio user 3", human),
            ("ben@example.org", human),
            ("Cy Doe", human)
        ]
    );
    let rated: Vec<Vec<usize>> = document
        .annotations
        .iter()
        .map(|annotation| annotation.ratings.iter().map(|rating| rating.person).collect())
        .collect();
    assert_eq!(rated, [vec![0], vec![1], vec![2], vec![0], vec![]]);
    let claimed = |n: usize| document.annotations[n].ratings[0].claimed_at.clone();
    assert_eq!(claimed(0).as_deref(), Some("2026-01-02T23:00:00.000Z"));
    assert_eq!(claimed(1).as_deref(), Some("2026-01-02T03:04:05.678Z"));
    assert_eq!(claimed(2), None);
    assert_eq!(
        document.annotations[0].attributes["lead_time"],
        SourceValue::Number(12.5)
    );
    assert_eq!(
        document.annotations[2].attributes["ground_truth"],
        SourceValue::Flag(true)
    );
    assert_eq!(warnings(&document), [("annotation_without_person", 1)]);
}

#[test]
fn quirk_28_predictions_are_rated_by_their_model() {
    let predictions = [
        set(r#""id":1,"model_version":"mitnet-2","score":0.75"#),
        set(r#""id":2,"model_version":null"#),
    ];
    let document = document(&tasks(&set(r#""id":1,"completed_by":3"#), &predictions.join(",")));
    let models: Vec<_> = document.people[1..]
        .iter()
        .map(|person| (person.name.as_str(), person.kind))
        .collect();
    let model = Some(AnnotatorKind::Model);
    assert_eq!(models, [("mitnet-2", model), ("unnamed model", model)]);
    assert_eq!(
        document.annotations[1].id,
        Some(SourceId::Local("prediction 1:r".to_owned()))
    );
    assert_eq!(
        document.annotations[1].attributes["score"],
        SourceValue::Number(0.75)
    );
    let empty = tasks("", r#"{"id":1,"model_version":"m","result":[]}"#);
    assert!(
        self::document(&empty).screenings.is_empty(),
        "a model searches nothing completely"
    );
}

#[test]
fn quirk_28_submitted_and_empty_is_a_screening_and_cancelled_is_not() {
    let sets = [
        r#"{"id":1,"completed_by":3,"result":[],"was_cancelled":false}"#,
        r#"{"id":2,"completed_by":4,"result":[],"was_cancelled":true}"#,
    ];
    let document = document(&tasks(&sets.join(","), ""));
    assert_eq!(document.screenings.len(), 1);
    let screening = &document.screenings[0];
    assert_eq!(
        (screening.image, screening.person, &screening.region),
        (0, Some(0), &None)
    );
    assert_eq!(losses(&document), [("cancelled", 1)]);
    let cancelled = set(r#""id":3,"completed_by":3,"was_cancelled":true"#);
    assert!(self::document(&tasks(&cancelled, "")).annotations.is_empty());
    let untouched = self::document(&tasks("", ""));
    assert!(untouched.images.is_empty() && untouched.screenings.is_empty());
    let drafted = self::document(
        &tasks("", "").replace("\"predictions\"", "\"drafts\":[{\"id\":1},{}],\"predictions\""),
    );
    assert_eq!(losses(&drafted), [("draft", 2)]);
}

#[test]
fn quirk_28_one_image_of_several_tasks_is_one_image() {
    let one = task(&rectangle("r")).replace("a.png", "/data/upload/3/0a1b2c3d-a%20b.png");
    let two = one
        .replace("\"id\":11", "\"id\":12")
        .replace("0a1b2c3d", "ffffffff");
    let both = format!("{},{}", one.trim_end_matches(']'), two.trim_start_matches('['));
    let document = document(&both);
    assert_eq!(document.images.len(), 1);
    assert_eq!(document.images[0].name, "a b.png");
    assert!(matches!(
        document.images[0].facts["path"],
        SourceValue::Private(_)
    ));
    assert_eq!(warnings(&document), [("upload_prefix_off", 2)]);
    for (data, code) in [
        (r#"{"text":"no image"}"#, "image_unclear"),
        (r#"{"left":"a.png","right":"b.png"}"#, "image_unclear"),
        (r#"{"image":"data:image/png;base64,AAAA"}"#, "image_without_name"),
    ] {
        let other = task(&rectangle("r")).replace(r#"{"image":"a.png"}"#, data);
        assert_eq!(losses(&self::document(&other)), [(code, 1)], "{data}");
    }
    let slide = task(&rectangle("r")).replace(
        r#"{"image":"a.png"}"#,
        r#"{"slide":"a.svs","stain":"H&E","patient":"P-1"}"#,
    );
    let slide = self::document(&slide);
    assert_eq!(slide.images[0].name, "a.svs");
    assert_eq!(slide.images[0].facts["stain"], text("H&E"));
    assert!(matches!(
        slide.images[0].facts["patient"],
        SourceValue::Private(_)
    ));
}

#[test]
fn quirk_28_flat_records_of_json_min() {
    let record = r#"[{"image":"/data/upload/1/0a1b2c3d-a.png","id":5,"label":[{"x":10,"y":20,"width":5,"height":50,"rotation":0,
"rectanglelabels":["mitosis"],"original_width":200,"original_height":50}],"kind":{"choices":["sharp","new"]},"annotator":7,
"annotation_id":11,"created_at":"2026-01-02T03:04:05.678901Z","updated_at":"2026-01-02T03:04:06Z","lead_time":3.5},
{"image":"b.png","id":6,"annotator":7,"annotation_id":12,"created_at":"2026-01-02T03:04:05Z","updated_at":"2026-01-02T03:04:06Z","lead_time":1}]"#;
    assert!(recognise(record.as_bytes()).is_some());
    let document = document(record);
    assert_eq!(document.annotations.len(), 3);
    assert_eq!(
        document.annotations[0].geometry,
        crate::model::Geometry::rectangle(20.0, 10.0, 10.0, 25.0)
    );
    assert_eq!(
        document.annotations[0].id, None,
        "a flat record gives regions no ids"
    );
    assert_eq!(
        document.annotations[0].attributes["lead_time"],
        SourceValue::Number(3.5)
    );
    let rating = &document.annotations[0].ratings[0];
    assert_eq!(document.people[rating.person].name, "Label Studio user 7");
    assert_eq!(rating.claimed_at.as_deref(), Some("2026-01-02T03:04:06.000Z"));
    let labels: Vec<&str> = document.labels.iter().map(|label| label.name.as_str()).collect();
    assert_eq!(labels, ["mitosis", "sharp", "new"]);
    assert_eq!(document.screenings.len(), 1, "the second record is empty");
    assert_eq!(document.images[document.screenings[0].image].name, "b.png");
    assert!(document.report.losses.is_empty());
}

#[test]
fn old_completions_and_single_tasks_are_read() {
    let old = task(&rectangle("r"))
        .replace("\"annotations\"", "\"completions\"")
        .replace("\"was_cancelled\":false", "\"created_at\":1577934245");
    let old = document(&old);
    assert_eq!(
        old.annotations[0].ratings[0].claimed_at.as_deref(),
        Some("2020-01-02T03:04:05.000Z")
    );
    let alone = task(&rectangle("r"));
    let alone = alone.trim_start_matches('[').trim_end_matches(']');
    assert!(recognise(alone.as_bytes()).is_some());
    assert_eq!(
        document(alone).annotations,
        document(&task(&rectangle("r"))).annotations
    );
    let named = tasks("1001,1002", "");
    assert_eq!(losses(&document(&named)), [("annotation_not_there", 2)]);
}

#[test]
fn f25_times_that_are_none() {
    for time in [
        "\"2026-01-02T03:04:05\"",
        "\"10000-01-01T00:00:00Z\"",
        "\"yesterday\"",
        "1e300",
        "99999999999999",
        "true",
    ] {
        let document = document(&tasks(
            &set(&format!(r#""id":1,"completed_by":3,"created_at":{time}"#)),
            "",
        ));
        assert_eq!(document.annotations[0].ratings[0].claimed_at, None, "{time}");
        assert_eq!(losses(&document), [("time_unusable", 1)], "{time}");
    }
}
