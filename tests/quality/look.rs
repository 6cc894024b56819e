//! `agreement --look-first` and `--proposals`: what the log adds to the ratings.

use serde_json::{Value, json};

use crate::lab::Lab;

#[test]
fn what_became_of_proposals_and_what_to_look_at_first() {
    let lab = Lab::new();
    let annotations: Vec<Value> = (0..5)
        .map(|n| json!({"id": n, "image_id": 0, "category_id": 0, "bbox": [100 * n, 0, 10, 10], "area": 100}))
        .collect();
    let file = json!({
        "images": [{"id": 0, "file_name": "a.tiff", "width": 900, "height": 900}],
        "categories": [{"id": 0, "name": "mitosis"}, {"id": 1, "name": "lookalike"}],
        "annotations": annotations,
    });
    let path = lab.write("proposals.json", file.to_string());
    lab.ok(&[
        "import",
        &path,
        "--annotator",
        "detector=model",
        "--commit",
        "proposals",
    ]);
    let mut rows = lab.rows(&["list", "annotations"]);
    rows.sort_by_key(|row| row["geometry"]["x"].as_u64());
    let ids: Vec<&Value> = rows.iter().map(|row| &row["id"]).collect();
    let by = |command: &str, n: usize, more: Value| {
        let mut line = json!({"command": command, "annotation": ids[n], "annotator": "E1"});
        line.as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        line
    };
    let edits = [
        by("rate", 0, json!({"label": "mitosis"})),
        by("relabel", 1, json!({"label": "lookalike"})),
        by(
            "revise",
            2,
            json!({"geometry": {"type": "box", "x": 203, "y": 0, "width": 10, "height": 10}}),
        ),
        by("rate", 2, json!({"label": "mitosis"})),
        by("withdraw", 3, json!({"reason": "nothing there"})),
    ];
    assert_eq!(crate::create(&lab, &edits), 0);
    lab.commit("reviewed");
    let report = lab.json(&["agreement", "--proposals", "--look-first", "10"]);
    let looks = report["look_first"].as_array().unwrap();
    let first = &looks[0];
    assert_eq!((&first["annotation"], &first["disputing"]), (ids[1], &json!(1)));
    assert_eq!((&looks[1]["annotation"], &looks[1]["moves"]), (ids[2], &json!(1)));
    assert_eq!(looks.len(), 2, "nothing speaks for the others: {looks:?}");
    assert_eq!(
        report["proposals"],
        json!([{"model": "model-1", "open": 1, "accepted": 1, "edited": 2, "rejected": 1}])
    );
    let text = lab.ok(&["agreement", "--look-first", "1"]).stdout;
    assert!(
        text.contains("look at these first") && text.contains("1 of 2 raters differ"),
        "{text}"
    );
}
