//! How far each one differs from the agreed label, as it is shown.

use holotype::model::geometry::whole_to_float;
use holotype::quality::noise::Disagreement;
use holotype::quality::statistic::wilson;
use serde_json::{Value, json};

use crate::app::App;
use crate::failure::Failure;

fn rate(one: &Disagreement) -> f64 {
    whole_to_float(one.differing) / whole_to_float(one.rated)
}

pub(super) fn members(disagreements: &[Disagreement]) -> Value {
    let member = |one: &Disagreement| {
        json!({
            "annotator": one.annotator,
            "rated": one.rated,
            "differing": one.differing,
            "rate": rate(one),
            "rate_ci": wilson(one.differing, one.rated).ok(),
        })
    };
    disagreements.iter().map(member).collect()
}

pub(super) fn print(app: &mut App, disagreements: &[Disagreement]) -> Result<(), Failure> {
    for one in disagreements {
        let interval = wilson(one.differing, one.rated);
        let interval = interval.map(|[low, high]| format!(" ({:.1} to {:.1})", 100.0 * low, 100.0 * high));
        app.out.line(format!(
            "{} differs from the agreed label on {} of {}: {:.1} %{}",
            one.annotator,
            one.differing,
            one.rated,
            100.0 * rate(one),
            interval.unwrap_or_default()
        ))?;
    }
    Ok(())
}
