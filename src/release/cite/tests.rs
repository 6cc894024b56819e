use super::*;
use serde_json::Value;

fn citation(facts: &[(&str, &str)]) -> Citation {
    let facts = facts
        .iter()
        .map(|(name, value)| ((*name).to_owned(), FactValue::from(*value)))
        .collect();
    let cited = Cited {
        name: "cells & co",
        version: Some("1.0"),
        date: Timestamp::parse("2026-11-01T12:00:00Z").unwrap(),
        commit: CommitId::of(b"c"),
        snapshot: SnapshotId::of(b"s"),
        release: None,
        doi: None,
        previous: None,
        subset: None,
        withdrawn: None,
    };
    Citation::new(&facts, cited)
}

#[test]
fn what_is_not_stated_is_left_out() {
    let citation = citation(&[]);
    let snapshot = SnapshotId::of(b"s");
    let text = citation.render(CiteFormat::Text);
    assert!(
        text.starts_with("(2026). cells & co (Version 1.0) [Data set]. "),
        "{text}"
    );
    assert!(text.contains(&format!("cells & co@v1.0#{snapshot}")));
    let json: Value = serde_json::from_str(&citation.render(CiteFormat::Datacite)).unwrap();
    for absent in ["doi", "rightsList", "descriptions", "relatedIdentifiers"] {
        assert!(json.get(absent).is_none(), "{absent}");
    }
    assert_eq!(json["creators"], serde_json::json!([{"name": ":unav"}]));
    assert_eq!(json["publisher"]["name"], ":unav");
    assert!(!citation.render(CiteFormat::Bibtex).contains("author"));
    let cff = citation.render(CiteFormat::Cff);
    assert!(cff.contains("\nauthors:\n  - name: anonymous #"), "{cff}");
}

#[test]
fn names_survive_every_format() {
    let citation = citation(&[
        ("creators", "O'Neil, Zoë \"Z\"; Müller and Sons; Ng_1, {A}"),
        ("title", "50 % mitoses: \"no\"\n#1"),
        ("doi", "https://doi.org/10.5281/zenodo.1_2"),
        ("licence", "CC-BY-4.0"),
        ("publisher", "Zenodo"),
    ]);
    let bib = citation.render(CiteFormat::Bibtex);
    assert!(
        bib.contains("author = {{O'Neil}, {Zoë \"Z\"} and {Müller and Sons} and {Ng\\_1}, "),
        "{bib}"
    );
    assert!(bib.contains("title = {{50 \\% mitoses: \"no\" \\#1}}"), "{bib}");
    assert!(bib.contains("doi = {10.5281/zenodo.1\\_2}"), "{bib}");
    let cff = citation.render(CiteFormat::Cff);
    assert!(cff.contains("given-names: \"Zoë \\\"Z\\\"\"\n"), "{cff}");
    assert!(cff.contains("  - name: \"Müller and Sons\"\n"), "{cff}");
    assert!(cff.contains("license: \"CC-BY-4.0\"\n"), "{cff}");
    let json: Value = serde_json::from_str(&citation.render(CiteFormat::Datacite)).unwrap();
    assert_eq!(json["creators"][2]["givenName"], "{A}");
    assert_eq!(json["doi"], "10.5281/zenodo.1_2");
    assert!(
        citation
            .render(CiteFormat::Text)
            .contains("https://doi.org/10.5281/zenodo.1_2")
    );
}

#[test]
fn only_a_doi_is_one() {
    for (text, doi) in [
        ("https://doi.org/10.5281/zenodo.1", Some("10.5281/zenodo.1")),
        (
            "doi:10.1038/s41597-023-02327-4 ",
            Some("10.1038/s41597-023-02327-4"),
        ),
        ("10.52/x", None),
        ("10.5281/", None),
        ("version 10.5281 of a/b", None),
    ] {
        assert_eq!(bare_doi(text).as_deref(), doi, "{text}");
    }
}

#[test]
fn relations_are_those_of_datacite() {
    let facts = [
        (
            "paper_doi".to_owned(),
            FactValue::from("https://doi.org/10.1038/x"),
        ),
        ("derived_from_release".to_owned(), FactValue::from("00ff")),
    ];
    let cited = Cited {
        name: "n",
        version: Some("2.0.0"),
        date: Timestamp::parse("2026-11-01T12:00:00Z").unwrap(),
        commit: CommitId::of(b"c"),
        snapshot: SnapshotId::of(b"s"),
        release: None,
        doi: Some("10.5281/zenodo.2"),
        previous: Some(ReleaseId::of(b"r")),
        subset: None,
        withdrawn: None,
    };
    let citation = Citation::new(&facts.into_iter().collect(), cited);
    let json: Value = serde_json::from_str(&citation.render(CiteFormat::Datacite)).unwrap();
    let pairs: Vec<(&str, &str)> = json["relatedIdentifiers"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| {
            let text = |name: &str| item[name].as_str().unwrap();
            (text("relationType"), text("relatedIdentifier"))
        })
        .collect();
    let previous = format!("urn:holotype:release:{}", ReleaseId::of(b"r"));
    assert_eq!(
        pairs,
        [
            ("IsDocumentedBy", "10.1038/x"),
            ("IsNewVersionOf", previous.as_str()),
            ("IsDerivedFrom", "urn:holotype:release:00ff"),
        ]
    );
    assert_eq!(json["doi"], "10.5281/zenodo.2");
}
