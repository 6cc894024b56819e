//! How far each one agrees with themselves, as it is shown.

use holotype::quality::intra::Repeat;
use serde_json::{Value, json};

use super::DRAWS;
use super::labels::{View, bounds, figure, shown, undefined};
use crate::app::App;
use crate::failure::Failure;

pub(super) fn members(repeats: &[Repeat], view: View<'_>) -> Value {
    let member = |one: &Repeat| {
        let percent = one.table.percent_agreement();
        let kappa = one.table.kappa(view.weights()).map(|kappa| kappa.value);
        json!({
            "annotator": one.annotator,
            "rounds": one.rounds,
            "n": one.table.n(),
            "percent_agreement": figure(&percent),
            "cohen_kappa": figure(&kappa),
            "cohen_kappa_ci": bounds(&one.table.kappa_interval(view.weights())),
            "cohen_kappa_ci_cases": bounds(&one.kappa_by_cases(view.weights(), DRAWS, view.args.seed)),
            "undefined": undefined(&[("percent_agreement", &percent), ("cohen_kappa", &kappa)]),
        })
    };
    repeats.iter().map(member).collect()
}

pub(super) fn print(app: &mut App, repeats: &[Repeat], view: View<'_>) -> Result<(), Failure> {
    for one in repeats {
        let [earlier, later] = one.rounds;
        app.out.line(format!(
            "{} in rounds {earlier} and {later}: {} rated twice, agree {}, kappa {}",
            one.annotator,
            one.table.n(),
            shown(&one.table.percent_agreement()),
            shown(&one.table.kappa(view.weights()).map(|kappa| kappa.value)),
        ))?;
    }
    Ok(())
}
