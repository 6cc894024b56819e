//! How splits are told: as JSON and as tables. It records and decides nothing.

use holotype::quality::splits::{Assignment, Report};
use serde_json::{Value, json};

use crate::app::{App, plural};
use crate::failure::Failure;
use crate::output::{one_line, table};

/// A split to be recorded.
pub(crate) struct Made {
    pub name: String,
    pub assignment: Assignment,
    pub report: Report,
}

fn split_json(name: &str, report: &Report) -> Value {
    let parts = report.parts.iter().map(|one| {
        json!({"part": one.part, "cases": one.cases, "images": one.images, "annotations": one.annotations,
               "share": one.share, "requested": one.requested})
    });
    let strata = report.strata.iter().map(|one| {
        let parts = one.parts.iter().map(|part| {
            json!({"part": part.part, "cases": part.cases, "images": part.images, "share": part.share})
        });
        json!({"values": one.values, "cases": one.cases, "misses_by_cases": one.misses,
               "parts": parts.collect::<Vec<_>>()})
    });
    json!({"split": name, "parts": parts.collect::<Vec<_>>(), "strata": strata.collect::<Vec<_>>(),
           "without_part": report.without_part})
}

/// Tells what was made, or what is there.
pub(crate) fn tell(
    app: &mut App,
    name: &str,
    made: &[Made],
    events: u64,
    is_list: bool,
) -> Result<u8, Failure> {
    let mut object = match made.first().filter(|_| !is_list) {
        Some(one) => split_json(&one.name, &one.report),
        None => {
            let splits: Vec<Value> = made
                .iter()
                .map(|one| split_json(&one.name, &one.report))
                .collect();
            json!({"split": name, "splits": splits})
        }
    };
    if let Value::Object(members) = &mut object {
        members.insert("events".to_owned(), json!(events));
    }
    app.out.object("holotype/split/1", &object)?;
    for one in made {
        print(app, &one.name, &one.report)?;
    }
    app.out.line(format!("{events} event{}", plural(events)))?;
    Ok(0)
}

fn percent(share: Option<f64>) -> String {
    share.map_or_else(|| "–".to_owned(), |share| format!("{:.1} %", 100.0 * share))
}

fn print(app: &mut App, name: &str, report: &Report) -> Result<(), Failure> {
    let heads = ["part", "cases", "images", "annotations", "share", "requested"];
    let mut rows = vec![heads.map(str::to_owned).to_vec()];
    for one in &report.parts {
        let counts = [one.cases, one.images, one.annotations].map(|count| count.to_string());
        let shares = [percent(one.share), percent(one.requested)];
        rows.push(
            [one.part.clone()]
                .into_iter()
                .chain(counts)
                .chain(shares)
                .collect(),
        );
    }
    app.out.line(format!("split {}", one_line(name)))?;
    app.out.line(table(&rows).trim_end())?;
    for one in report.parts.iter().filter(|one| one.cases == 0) {
        app.out.note(format!("part '{}' got no case", one.part));
    }
    for one in &report.strata {
        let values: Vec<String> = one
            .values
            .iter()
            .map(|(fact, value)| format!("{fact} {value}"))
            .collect();
        let parts: Vec<String> = one
            .parts
            .iter()
            .map(|part| format!("{} {}", part.part, part.cases))
            .collect();
        let misses = one
            .misses
            .map(|misses| format!("; misses its shares by {misses:.1} cases"))
            .unwrap_or_default();
        app.out.line(one_line(&format!(
            "  {}: {}{misses}",
            values.join(", "),
            parts.join(", ")
        )))?;
    }
    Ok(())
}
