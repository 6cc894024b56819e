//! Batches: when one is full, lines that were written before, and lines that are looked for.

use super::*;

/// Withdrawals of annotations on an image, which are short lines.
fn withdrawals(image: ImageId, count: u32) -> Vec<Event> {
    let ids = (0..count).map(|n| AnnotationId::from_source(&image, "coco-1", &n.to_string()));
    ids.map(|annotation| Event::AnnotationWithdrawn { annotation })
        .collect()
}

fn lines_of(context: &Context, events: &[Event]) -> EventLines {
    let mut lines = EventLines::of(context.clone(), EventFormat::AnnotationWithdrawn);
    for event in events {
        lines.push(event).unwrap();
    }
    lines
}

fn read_all(bytes: &[u8]) -> Vec<LoggedEvent> {
    BatchReader::new(bytes)
        .unwrap()
        .collect::<Result<_, _>>()
        .unwrap()
}

/// Puts events into a writer until it is full; returns the bytes.
fn filled(mut writer: BatchWriter, event: &Event) -> usize {
    while !writer.is_full() {
        writer.push(&Context::default(), event).unwrap();
    }
    writer.seal().unwrap().bytes.len()
}

#[test]
fn a_batch_is_full_at_its_size_and_earlier_with_an_event_about_no_image() {
    let image = ImageId::of_name("1.tiff");
    let event = withdrawals(image, 1).remove(0);
    let most = filled(BatchWriter::new(), &event);
    assert!((4_194_304..4_194_504).contains(&most), "{most} bytes");
    let mut mixed = BatchWriter::new();
    let label = LabelId::of_name("a", 0);
    let global = Event::LabelRenamed {
        label,
        name: "b".into(),
    };
    mixed.push(&Context::default(), &global).unwrap();
    let most = filled(mixed, &event);
    assert!((65_536..65_736).contains(&most), "{most} bytes");
}

#[test]
fn lines_that_were_written_before_mean_the_same_in_any_batch() {
    let image = ImageId::of_name("1.tiff");
    let events = withdrawals(image, 5);
    let by = |name: &str| Context {
        reason: Some(name.to_owned()),
        ..Context::default()
    };
    let renamed = Event::LabelRenamed {
        label: LabelId::of_name("a", 0),
        name: "b".into(),
    };
    // Batches without defaults, with the same, with another context, with another kind.
    let before = [
        None,
        Some((by("x"), events[0].clone())),
        Some((by("y"), events[0].clone())),
        Some((by("x"), renamed)),
    ];
    for before in before {
        let mut writer = BatchWriter::new();
        let mut expected = Vec::new();
        if let Some((context, event)) = before {
            writer.push(&context, &event).unwrap();
            expected.push(LoggedEvent { context, event });
        }
        let lines = lines_of(&by("x"), &events);
        assert!(!lines.is_empty());
        let mut next = 0;
        while next < lines.len() {
            let after = writer.push_lines(&lines, next).unwrap();
            assert!(after > next, "it gets on");
            next = after;
        }
        expected.extend(events.iter().map(|event| LoggedEvent {
            context: by("x"),
            event: event.clone(),
        }));
        let sealed = writer.seal().unwrap();
        assert_eq!(read_all(&sealed.bytes), expected);
        assert_eq!(sealed.events, u64::try_from(expected.len()).unwrap());
        assert_eq!(sealed.images, Some((image.prefix(), image.prefix())));
    }
}

#[test]
fn a_header_says_what_differs_from_a_context_without_anything() {
    let event = withdrawals(ImageId::of_name("1.tiff"), 1).remove(0);
    let header = |context: &Context| {
        let mut writer = BatchWriter::new();
        writer.push(context, &event).unwrap();
        let bytes = writer.seal().unwrap().bytes;
        let first = bytes.split(|byte| *byte == b'\n').next().unwrap().to_vec();
        String::from_utf8(first).unwrap()
    };
    let plain = header(&Context::default());
    assert_eq!(
        plain,
        r#"{"event":"annotation.withdrawn/1","format":"holotype/batch/1"}"#
    );
    let second = Context {
        round: Some(2),
        ..Context::default()
    };
    assert!(header(&second).starts_with(r#"{"by":{"round":2},"event""#));
}

#[test]
fn something_happened_when_it_says_else_when_it_was_recorded() {
    let time = |text: &str| crate::time::Timestamp::parse(text).ok();
    let (own, recorded) = (time("2020-01-02T03:04:05Z"), time("2026-11-01T12:00:00Z"));
    let happened = |at, recorded_at| {
        let context = Context {
            at,
            recorded_at,
            ..Context::default()
        };
        context.happened_at()
    };
    assert_eq!(happened(own, recorded), own);
    assert_eq!(happened(None, recorded), recorded);
    assert_eq!(happened(None, None), None);
    assert!(own.is_some() && own != recorded);
}

#[test]
fn no_lines_leave_a_batch_as_it_was() {
    let lines = lines_of(&Context::default(), &withdrawals(ImageId::of_name("1.tiff"), 2));
    let none = lines_of(&Context::default(), &[]);
    assert!(none.is_empty());
    for (lines, from) in [(&lines, 2), (&none, 0)] {
        let mut writer = BatchWriter::new();
        assert_eq!(writer.push_lines(lines, from).unwrap(), lines.len());
        // What comes next gives the batch its defaults and its images.
        let other = withdrawals(ImageId::of_name("2.tiff"), 1).remove(0);
        let mut fresh = BatchWriter::new();
        for writer in [&mut writer, &mut fresh] {
            writer.push(&Context::default(), &other).unwrap();
        }
        assert_eq!(writer.seal(), fresh.seal());
    }
}

#[test]
fn only_lines_that_contain_what_is_looked_for_are_read() {
    let image = ImageId::of_name("1.tiff");
    let events = withdrawals(image, 4);
    let by = Context {
        reason: Some("because".into()),
        ..Context::default()
    };
    let mut writer = BatchWriter::new();
    for event in &events {
        writer.push(&by, event).unwrap();
    }
    let bytes = writer.seal().unwrap().bytes;
    let found = |needles: &[&str]| {
        let mut reader = BatchReader::containing(&bytes, needles).unwrap();
        let mut found = Vec::new();
        while let Some(line) = reader.next_line() {
            let event = line.unwrap().event.into_event();
            found.push((reader.number(), event));
        }
        found
    };
    let id = |at: usize| events[at].annotation().unwrap().to_string();
    let numbered = |at: usize| (at as u64 + 1, events[at].clone());
    assert_eq!(found(&[&id(1), &id(3)]), [numbered(1), numbered(3)]);
    assert_eq!(found(&["nobody"]), []);
    assert_eq!(found(&[]), []);
    // What is looked for stands in the first line, which holds for all.
    assert_eq!(found(&["because"]), [0, 1, 2, 3].map(numbered));
}

#[test]
fn a_part_holds_its_own_lines_alone() {
    let image = ImageId::of_name("1.tiff");
    let mut writer = BatchWriter::new();
    for event in withdrawals(image, 20) {
        writer.push(&Context::default(), &event).unwrap();
    }
    let bytes = writer.seal().unwrap().bytes;
    let counts = |part_bytes: usize| -> Vec<usize> {
        let parts = BatchPart::whole(&bytes).unwrap().divided(part_bytes);
        parts.iter().map(|part| part.reader().count()).collect()
    };
    assert_eq!(counts(0), [1; 20]);
    assert_eq!(counts(bytes.len()), [20]);
    let some = counts(200);
    assert!(some.len() > 2 && some.iter().sum::<usize>() == 20, "{some:?}");
}
