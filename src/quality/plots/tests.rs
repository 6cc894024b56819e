use std::collections::BTreeMap;

use super::*;
use crate::quality::contingency::Contingency;

/// The texts of a figure, as they are escaped; no length of it is anything but a number.
fn texts(svg: &str) -> Vec<String> {
    assert!(svg.starts_with("<?xml") && svg.ends_with("</svg>\n"), "{svg}");
    assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
    assert_eq!(svg.matches("<text ").count(), svg.matches("</text>").count());
    let text = |part: &str| part.rsplit('>').next().unwrap_or_default().to_owned();
    let ends = svg.split("</text>");
    let mut all: Vec<String> = ends.map(text).collect();
    all.pop();
    all
}

#[test]
fn a_table_shows_what_both_said() {
    let mut table = Contingency::new(3);
    table.add(0, 0, 1195);
    table.add(0, 2, 569);
    table.add(2, 0, 356);
    table.add(2, 2, 2315);
    let svg = confusion(
        ["human-1", "human-2"],
        &["a <b> & \"c\"", "unused", "d\u{1}"],
        &table,
    );
    let found = texts(&svg);
    assert!(!found.iter().any(|text| text == "unused"), "{svg}");
    assert!(
        svg.contains("1195 (68 %)") && svg.contains("a &lt;b&gt; &amp; &quot;c&quot;"),
        "{svg}"
    );
    assert!(svg.contains("4435 annotations"), "{svg}");
    assert_eq!(
        svg,
        confusion(
            ["human-1", "human-2"],
            &["a <b> & \"c\"", "unused", "d\u{1}"],
            &table
        )
    );
    texts(&confusion(["a", "b"], &[], &Contingency::new(0)));
}

#[test]
fn kappas_stand_on_one_axis() {
    let row = |name: &str, value: Option<f64>, interval: Option<[f64; 2]>| KappaRow {
        name: name.to_owned(),
        n: 10,
        value,
        interval,
    };
    let rows = [
        row("one", Some(0.556), Some([0.530, 0.581])),
        row("two", Some(-0.165), Some([-0.226, -0.105])),
        row("three", None, None),
    ];
    let svg = kappas("kappa of pairs", &rows);
    let found = texts(&svg);
    assert!(found.contains(&"-0.165".to_owned()) && found.contains(&"not defined".to_owned()));
    assert!(
        found.contains(&"-0.4".to_owned()),
        "the axis begins below the lowest interval"
    );
    texts(&kappas("nothing", &[]));
}

#[test]
fn rates_are_shares_of_what_was_said_in_a_stretch_of_time() {
    let panel = RatePanel {
        annotator: "human-1".to_owned(),
        days: BTreeMap::from([
            (20_000, BTreeMap::from([(0, 3), (1, 1)])),
            (20_100, BTreeMap::from([(1, 2)])),
        ]),
    };
    let svg = rates(&["mitosis", "other"], std::slice::from_ref(&panel)).unwrap();
    let found = texts(&svg);
    assert!(found.contains(&"human-1: 6 ratings".to_owned()), "{found:?}");
    assert!(svg.contains("2024-10-04 to 2025-01-12"), "{svg}");
    assert_eq!(svg.matches("<polyline").count(), 2);
    assert_eq!(rates(&["mitosis"], &[]), None);
    let one_day = RatePanel {
        days: BTreeMap::from([(-5, BTreeMap::from([(0, 1)]))]),
        ..panel
    };
    texts(&rates(&["mitosis"], &[one_day]).unwrap());
}
