//! What each part of the gate finds, and does not.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;
use crate::id::{Code, ImageId, LabelId};
use crate::model::{CaseRecord, FactValue, Facts, ImageRecord, LabelRecord, Severity};

fn facts(pairs: &[(&str, FactValue)]) -> Facts {
    let pairs = pairs.iter().cloned();
    pairs.map(|(name, value)| (name.to_owned(), value)).collect()
}

fn texts(pairs: &[(&str, &str)]) -> Facts {
    let pairs = pairs.iter();
    pairs
        .map(|(name, value)| ((*name).to_owned(), FactValue::from(*value)))
        .collect()
}

fn image(name: &str, facts: Facts) -> ImageRecord {
    ImageRecord {
        name: name.to_owned(),
        facts,
        ..ImageRecord::default()
    }
}

fn of(images: Vec<ImageRecord>) -> Inventory {
    Inventory {
        images,
        ..Inventory::default()
    }
}

fn shipped() -> Profile {
    Profile::shipped().unwrap()
}

fn told(findings: &[Finding]) -> Vec<(&'static str, &str)> {
    findings
        .iter()
        .map(|one| (one.code, one.object.as_str()))
        .collect()
}

fn vocabulary_of(inventory: &Inventory) -> Vec<Finding> {
    let mut findings = Vec::new();
    vocabulary::check(inventory, &shipped(), &mut findings);
    findings
}

fn scale_of(pairs: &[(&str, FactValue)]) -> Vec<(&'static str, String)> {
    let mut findings = Vec::new();
    scale::check(&of(vec![image("a.tiff", facts(pairs))]), &mut findings);
    findings.into_iter().map(|one| (one.code, one.object)).collect()
}

#[test]
fn codes_are_unique_and_each_has_a_meaning() {
    let all = CODES.iter().chain(crate::quality::splits::CODES);
    let mut codes: Vec<&str> = all.map(|(code, _, _)| *code).collect();
    let count = codes.len();
    assert!(
        codes
            .iter()
            .all(|code| code.starts_with("HT-Q") && code.len() == 7)
    );
    codes.sort_unstable();
    codes.dedup();
    assert_eq!(codes.len(), count);
    assert_eq!(
        meaning("HT-Q201").map(|(severity, _)| severity),
        Some(Severity::Error)
    );
    assert_eq!(meaning("HT-Q999"), None);
}

#[test]
fn the_profile_that_is_shipped_asks_for_the_twelve_fields() {
    let names: Vec<String> = shipped().fields.into_iter().map(|field| field.name).collect();
    let wanted = [
        "species",
        "tissue",
        "diagnosis",
        "laboratory",
        "stain",
        "preparation",
        "scanner",
        "objective",
        "µm per px",
        "format",
        "licence",
        "ethics reference",
    ];
    assert_eq!(names, wanted);
}

#[test]
fn a_profile_that_is_none_is_refused_with_the_reason() {
    for (text, why) in [
        ("field = 3", "it is no profile"),
        (
            "[[field]]\nname = \"a\"\nfacts = []\nof = \"image\"",
            "names no fact",
        ),
        (
            "[[field]]\nname = \"a\"\nfacts = [\"a\"]\nof = \"slide\"",
            "it is no profile",
        ),
        ("colour = \"red\"", "it is no profile"),
        (
            "[[field]]\nname=\"a\"\nfacts=[\"a\"]\nof=\"image\"\n[[field]]\nname=\"a\"\nfacts=[\"b\"]\nof=\"image\"",
            "two fields 'a'",
        ),
    ] {
        let error = Profile::parse(text).unwrap_err().to_string();
        assert!(error.contains(why), "{error}");
    }
}

#[test]
fn what_nobody_stated_is_told_and_what_is_stated_as_missing_is_to_know() {
    let profile = Profile::parse(
        "missing = [\"Unknown\"]\n[[field]]\nname=\"stain\"\nfacts=[\"stain\",\"staining\"]\nof=\"image\"\n\
         [[field]]\nname=\"ethics\"\nfacts=[\"ethics\"]\nof=\"dataset\"",
    )
    .unwrap();
    let mut inventory = of(vec![
        image("a", texts(&[("stain", " ")])),
        image("b", texts(&[("staining", "H&E")])),
        image("c", texts(&[("stain", "UNKNOWN ")])),
    ]);
    let run = |inventory: &Inventory| {
        let mut findings = Vec::new();
        required::check(inventory, &profile, &mut findings);
        findings
    };
    let findings = run(&inventory);
    assert_eq!(
        told(&findings),
        [
            ("HT-Q101", "field/stain"),
            ("HT-Q102", "field/stain"),
            ("HT-Q101", "field/ethics")
        ]
    );
    assert_eq!(
        (&findings[0].items, &findings[1].items),
        (&vec!["a".to_owned()], &vec!["c".to_owned()])
    );
    inventory.dataset = texts(&[("stain", "H&E"), ("ethics", "EK 7")]);
    assert_eq!(
        told(&run(&inventory)),
        [("HT-Q102", "field/stain")],
        "once for all images"
    );
}

#[test]
fn a_fact_of_the_case_is_a_fact_of_its_images() {
    let code = Code::parse("case-1").unwrap();
    let mut of_case = CaseRecord::empty(code.clone());
    of_case.facts = texts(&[("species", "dog")]);
    let mut inventory = of(vec![ImageRecord {
        case: Some(code.clone()),
        ..image("a", Facts::new())
    }]);
    inventory.cases.insert(code, of_case);
    let mut findings = Vec::new();
    required::check(&inventory, &shipped(), &mut findings);
    assert!(!told(&findings).contains(&("HT-Q101", "field/species")));
    assert!(told(&findings).contains(&("HT-Q101", "field/scanner")));
}

#[test]
fn two_spellings_and_two_words_are_told_with_the_command_that_unifies_them() {
    let inventory = of(vec![
        image(
            "a",
            texts(&[("scanner", "Hamamatsu XR"), ("tumour", "canine lymphoma")]),
        ),
        image(
            "b",
            texts(&[("scanner", "Hamamatsu XR"), ("tumour", "canine lymphoma")]),
        ),
        image(
            "c",
            texts(&[("scanner", "Hamammatsu XR"), ("tumour", "canine lymphosarcoma")]),
        ),
        image(
            "d",
            texts(&[("scanner", "Hamamatsu S360"), ("tumour", "canine lung cancer")]),
        ),
    ]);
    let findings = vocabulary_of(&inventory);
    assert_eq!(
        told(&findings),
        [
            ("HT-Q103", "fact/scanner/Hamammatsu XR"),
            ("HT-Q104", "fact/tumour/canine lymphosarcoma")
        ]
    );
    assert_eq!(
        findings[0].settle,
        "holotype vocabulary map scanner 'Hamammatsu XR=Hamamatsu XR'"
    );
    assert_eq!(findings[0].items, ["c"]);
}

#[test]
fn a_diagnosis_under_two_names_in_two_facts_is_told() {
    let inventory = of(vec![
        image(
            "a",
            texts(&[
                ("tumour", "canine lymphoma"),
                ("tumor_type", "canine lymphosarcoma"),
            ]),
        ),
        image(
            "b",
            texts(&[("tumour", "human melanoma"), ("tumor_type", "human melanoma")]),
        ),
        image(
            "c",
            texts(&[
                ("tumour", "human melanoma"),
                ("tumor_type", "human breast cancer"),
            ]),
        ),
    ]);
    assert_eq!(
        told(&vocabulary_of(&inventory)),
        [
            ("HT-Q104", "fact/tumor_type/canine lymphosarcoma"),
            ("HT-Q105", "fact/tumor_type/human breast cancer")
        ]
    );
}

#[test]
fn records_of_holotype_and_numbers_have_no_vocabulary() {
    let mut inventory = of(vec![image("a", facts(&[("width", FactValue::from(7.0))]))]);
    inventory.dataset = texts(&[
        ("waiver.HT-Q301.images", "2027-01-01 of no use"),
        ("waiver.HT-Q302", "2027-01-01 Of no use"),
        ("split.main.frozen.test", "abc"),
    ]);
    assert_eq!(fact_values(&inventory).len(), 0);
    assert_eq!(vocabulary_of(&inventory), []);
}

#[test]
fn scales_that_no_microscope_gives_are_told_from_units_and_usual_ones() {
    let number = FactValue::from;
    for (um, objective) in [
        (0.25, 40.0),
        (0.5, 20.0),
        (0.2277, 40.0),
        (6.45, 1.25),
        (0.069, 100.0),
        (0.46, 10.0),
    ] {
        let found = scale_of(&[("um_per_px_x", number(um)), ("objective", number(objective))]);
        assert_eq!(found, [], "{um} at {objective}x");
    }
    let code = |pairs: &[(&str, FactValue)]| scale_of(pairs).first().map(|(code, _)| *code);
    assert_eq!(
        code(&[("um_per_px_x", number(250.0)), ("objective", number(40.0))]),
        Some("HT-Q108")
    );
    assert_eq!(
        code(&[("um_per_px_x", number(0.000_25)), ("objective", number(40.0))]),
        Some("HT-Q108")
    );
    assert_eq!(
        code(&[("um_per_px_x", number(1.0)), ("objective", number(40.0))]),
        Some("HT-Q107")
    );
    assert_eq!(
        code(&[("um_per_px_x", number(0.0)), ("objective", number(40.0))]),
        Some("HT-Q106")
    );
    assert_eq!(code(&[("um_per_px_x", number(-0.25))]), Some("HT-Q106"));
    assert_eq!(code(&[("um_per_px_x", number(352_777.8))]), Some("HT-Q106"));
    assert_eq!(code(&[("um_per_px_x", number(250.0))]), Some("HT-Q108"));
    assert_eq!(
        code(&[("um_per_px_x", number(0.25)), ("um_per_px_y", number(0.5))]),
        Some("HT-Q107")
    );
    assert_eq!(code(&[("um_per_px_x", number(0.25))]), None);
    assert_eq!(code(&[]), None);
}

#[test]
fn numbers_as_texts_are_read_and_other_units_told() {
    for fine in ["0.25", "0.25 µm", "0.25um/px", "unknown"] {
        assert_eq!(scale_of(&[("um_per_px_x", FactValue::from(fine))]), [], "{fine}");
    }
    assert_eq!(scale_of(&[("objective", FactValue::from("40x"))]), []);
    for wrong in ["250 nm", "0,25", "0.00025 mm", "1/4"] {
        let found = scale_of(&[("um_per_px_x", FactValue::from(wrong))]);
        assert_eq!(found, [("HT-Q108", format!("fact/um_per_px_x/{wrong}"))]);
    }
}

#[test]
fn images_that_nobody_looked_at_and_labels_without_use_or_place_are_told() {
    let (a, b) = (ImageId::of_name("a"), ImageId::of_name("b"));
    let mut inventory = of(["a", "b", "c"].map(|name| image(name, Facts::new())).to_vec());
    inventory.annotations.insert(a.prefix(), 2);
    inventory.screened.insert(b);
    inventory.without_label = 1;
    let (used, unused) = (LabelId::of_name("mitosis", 0), LabelId::of_name("other", 0));
    let gone = LabelId::of_name("gone", 0);
    for (id, name) in [(used, "mitosis"), (unused, "other")] {
        let record = LabelRecord {
            name: name.to_owned(),
            ..LabelRecord::default()
        };
        inventory.labels.insert(id, record);
    }
    inventory.label_uses.extend([(used, 1), (gone, 1)]);
    let mut findings = Vec::new();
    content::check(&inventory, &mut findings);
    let unknown = format!("label/{gone}");
    assert_eq!(
        told(&findings),
        [
            ("HT-Q301", "images"),
            ("HT-Q302", "label/other"),
            ("HT-Q303", unknown.as_str()),
            ("HT-Q304", "annotations")
        ]
    );
    assert_eq!(findings[0].items, ["c"]);
}

fn finding(code: &str, object: &str) -> Finding {
    let (severity, _) = meaning(code).unwrap();
    let code = CODES.iter().find(|(text, _, _)| *text == code).unwrap().0;
    Finding {
        code,
        severity,
        object: object.to_owned(),
        message: String::new(),
        settle: String::new(),
        items: Vec::new(),
    }
}

#[test]
fn a_waiver_covers_until_its_last_day_and_is_told_when_it_ended_or_is_idle() {
    let waiver = Waiver {
        code: "HT-Q103".to_owned(),
        object: Some("fact/scanner/A.B".to_owned()),
        until: "2026-11-30".to_owned(),
        reason: "two makers".to_owned(),
    };
    let dataset = Facts::from([(waiver.fact(), FactValue::Text(waiver.value()))]);
    assert_eq!(
        waivers(&dataset).into_values().flatten().collect::<Vec<_>>(),
        std::slice::from_ref(&waiver)
    );
    let both = || {
        vec![
            finding("HT-Q103", "fact/scanner/A.B"),
            finding("HT-Q103", "fact/scanner/C"),
        ]
    };
    let report = waiver::judge(both(), &dataset, "2026-11-30");
    assert_eq!(report.open(), 1, "only what it is about");
    assert_eq!(report.findings[0].waiver.as_ref(), Some(&waiver));
    let ended = waiver::judge(both(), &dataset, "2026-12-01");
    assert_eq!(ended.open(), 3);
    assert!(ended.findings.iter().any(|one| one.finding.code == "HT-Q601"));
    let idle = waiver::judge(Vec::new(), &dataset, "2026-11-30");
    assert_eq!((idle.open(), idle.findings[0].finding.code), (0, "HT-Q602"));
    let all = Waiver {
        object: None,
        ..waiver
    };
    let dataset = Facts::from([(all.fact(), FactValue::Text(all.value()))]);
    assert!(waiver::judge(both(), &dataset, "2026-11-01").passed());
}

#[test]
fn a_fact_in_the_place_of_a_waiver_that_is_none_is_told() {
    for (name, value) in [
        ("waiver.HT-Q103", "soon because"),
        ("waiver.HT-Q103", "2026-11-30"),
        ("waiver.HT-Q103", "2026-11-31 no such day"),
        ("waiver.HT-Q999", "2026-11-30 no such code"),
    ] {
        let report = waiver::judge(Vec::new(), &texts(&[(name, value)]), "2026-01-01");
        assert_eq!(report.findings[0].finding.code, "HT-Q603", "{name} {value}");
        assert_eq!(report.open(), 1);
    }
}

proptest! {
    #[test]
    fn each_waiver_is_read_back_as_it_was_given(
        object in proptest::option::of("[a-zA-Z0-9./' |äß=-]{1,30}"),
        reason in "[a-z0-9][a-z0-9 :=.-]{0,20}[a-z]",
        day in 1_u32..29,
    ) {
        let waiver = Waiver {
            code: "HT-Q301".to_owned(),
            object,
            until: format!("2026-02-{day:02}"),
            reason,
        };
        let dataset = Facts::from([(waiver.fact(), FactValue::Text(waiver.value()))]);
        let read: Vec<Waiver> = waivers(&dataset).into_values().flatten().collect();
        prop_assert_eq!(read, vec![waiver]);
    }

    #[test]
    fn every_field_is_silent_stated_or_missing_for_each_image(values in proptest::collection::vec(0_u8..3, 1..20)) {
        let profile = Profile::parse(
            "missing = [\"unknown\"]\n[[field]]\nname=\"stain\"\nfacts=[\"stain\"]\nof=\"image\"",
        )
        .unwrap();
        let images: Vec<ImageRecord> = values
            .iter()
            .enumerate()
            .map(|(n, value)| {
                let facts = match value {
                    0 => Facts::new(),
                    1 => texts(&[("stain", "H&E")]),
                    _ => texts(&[("stain", "unknown")]),
                };
                image(&format!("{n}"), facts)
            })
            .collect();
        let mut findings = Vec::new();
        required::check(&of(images), &profile, &mut findings);
        let names = |code: &str| {
            let found = findings.iter().find(|one| one.code == code);
            found.map_or(0, |one| one.items.iter().collect::<BTreeSet<_>>().len())
        };
        let count = |wanted: u8| values.iter().filter(|value| **value == wanted).count();
        prop_assert_eq!(names("HT-Q101"), count(0));
        prop_assert_eq!(names("HT-Q102"), count(2));
    }
}
