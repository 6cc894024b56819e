use proptest::prelude::*;

use super::*;

fn round(closing: Option<Closing>) -> Round {
    Round {
        annotator: Code::parse("human-1.x").unwrap(),
        number: 2,
        is_blinded: true,
        base: "ab".repeat(32),
        images: Some("image.scanner == 'CS2'".to_owned()),
        seed: u64::MAX,
        sample: Some(50),
        objects: 42,
        form: PackageForm::GeoJson,
        package: "cd".repeat(32),
        closing,
    }
}

fn facts(changes: &[FactChanges]) -> Facts {
    let all = changes.iter().flatten();
    all.filter_map(|(name, value)| Some((name.clone(), value.clone()?)))
        .collect()
}

#[test]
fn a_round_is_read_back_from_its_facts() {
    let open = round(None);
    let mut read = facts(&[open.opening_facts()]);
    read.insert("title".to_owned(), "round.5".into());
    read.insert("round.human-1.x.base".to_owned(), "no round".into());
    assert_eq!(rounds_of(&read), std::slice::from_ref(&open));
    let database = Round {
        form: PackageForm::SlideRunner,
        ..open.clone()
    };
    assert_eq!(
        rounds_of(&facts(&[database.opening_facts()])),
        std::slice::from_ref(&database)
    );
    let closing = Closing {
        answers: "ef".repeat(32),
        answered: 40,
        differing: 3,
        compared: 39,
    };
    let read = facts(&[open.opening_facts(), open.closing_facts(&closing)]);
    assert_eq!(rounds_of(&read), [round(Some(closing))]);
}

#[test]
fn answers_are_read_as_qupath_writes_them() {
    let id = "00112233-4455-6677-8899-aabbccddeeff";
    let text = format!(
        r#"{{"type":"FeatureCollection","features":[
            {{"type":"Feature","id":"{id}","geometry":null,"properties":{{"classification":{{"name":"a"}}}}}},
            {{"type":"Feature","id":"PathAnnotationObject","geometry":null,
              "properties":{{"classification":{{"names":["a","b"]}}}}}},
            {{"type":"Feature","id":"{id}","geometry":null,"properties":{{}}}}]}}"#
    );
    let answers = read_answers(text.as_bytes()).unwrap();
    let known = answers[0].id.unwrap();
    assert_eq!(known[..2], [0x00, 0x11]);
    let classes: Vec<Option<&str>> = answers.iter().map(|one| one.class.as_deref()).collect();
    assert_eq!(classes, [Some("a"), Some("a: b"), None]);
    assert_eq!(answers[1].id, None);
    for bad in ["", "{}", "3", r#"{"features":1}"#] {
        assert!(read_answers(bad.as_bytes()).is_err(), "{bad}");
    }
}

proptest! {
    #[test]
    fn ids_of_a_package_are_unique_and_depend_on_the_seed(seed in any::<u64>(), count in 1_usize..200) {
        let ids = |seed| (0..count).map(|n| item_id(["human-1", "2"], seed, n)).collect::<Vec<_>>();
        let mut once = ids(seed);
        prop_assert_ne!(&once, &ids(seed.wrapping_add(1)));
        once.sort_unstable();
        once.dedup();
        prop_assert_eq!(once.len(), count);
    }

    #[test]
    fn no_bytes_make_the_reader_fail_in_another_way(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        if let Ok(answers) = read_answers(&bytes) {
            prop_assert!(answers.len() <= bytes.len());
        }
    }
}
