//! Agreement about labels, as it is shown.

use holotype::id::LabelId;
use holotype::model::AnnotatorKind;
use holotype::quality::agreement::{Agreement, Pair};
use holotype::quality::contingency::Weights;
use holotype::quality::krippendorff::Metric;
use holotype::quality::statistic::{Interval, Statistic, Undefined};
use serde_json::{Map, Value, json};

use super::{AgreementArgs, DRAWS, WeightArg};
use crate::app::App;
use crate::failure::Failure;
use crate::output::one_line;

/// How agreement is shown.
#[derive(Clone, Copy)]
pub(super) struct View<'a> {
    pub(super) args: &'a AgreementArgs,
    pub(super) positive: Option<LabelId>,
}

/// A figure as JSON; one that is not defined is null.
pub(super) fn figure(statistic: &Statistic) -> Value {
    statistic.as_ref().map_or(Value::Null, |value| json!(value))
}

pub(super) fn bounds(interval: &Interval) -> Value {
    interval
        .as_ref()
        .map_or(Value::Null, |[low, high]| json!([low, high]))
}

/// Why figures are not defined, by their names.
pub(super) fn undefined(figures: &[(&str, &Statistic)]) -> Map<String, Value> {
    let mut reasons = Map::new();
    for (name, statistic) in figures {
        if let Err(why) = statistic {
            reasons.insert((*name).to_owned(), json!(why.to_string()));
        }
    }
    reasons
}

/// Three decimals, and no negative zero.
fn rounded(value: f64) -> String {
    let text = format!("{value:.3}");
    match text.as_str() {
        "-0.000" => "0.000".to_owned(),
        _ => text,
    }
}

/// A figure for people.
pub(super) fn shown(statistic: &Statistic) -> String {
    statistic
        .as_ref()
        .map_or_else(|_| "–".to_owned(), |value| rounded(*value))
}

impl View<'_> {
    pub(super) fn weights(&self) -> Weights {
        match self.args.weights {
            WeightArg::Nominal => Weights::Nominal,
            WeightArg::Linear => Weights::Linear,
            WeightArg::Quadratic => Weights::Quadratic,
        }
    }

    fn positive(&self, agreement: &Agreement) -> Option<usize> {
        match self.positive {
            Some(label) => agreement.labels.iter().position(|(id, _)| *id == label),
            None => agreement.rarer_label(),
        }
    }

    pub(super) fn object(&self, agreement: &Agreement) -> Map<String, Value> {
        let people = agreement.people();
        let independent: Vec<usize> = people
            .iter()
            .copied()
            .filter(|one| agreement.is_independent(*one))
            .collect();
        let (fleiss, fleiss_items) = agreement.fleiss(&people);
        let [alpha, ordinal, interval] = [Metric::Nominal, Metric::Ordinal, Metric::Interval]
            .map(|metric| agreement.alpha(&people, metric));
        let alpha_independent = agreement.alpha(&independent, Metric::Nominal);
        let codes = |places: &[usize]| -> Vec<&str> {
            places
                .iter()
                .filter_map(|n| agreement.raters.get(*n))
                .map(|one| one.code.as_str())
                .collect()
        };
        let positive = self.positive(agreement);
        let label = positive
            .and_then(|n| agreement.labels.get(n))
            .map(|(_, name)| name);
        let pairs: Vec<Value> = agreement
            .pairs
            .iter()
            .map(|pair| self.pair(agreement, pair, positive))
            .collect();
        let undefined = undefined(&[
            ("krippendorff_alpha", &alpha),
            ("krippendorff_alpha_ordinal", &ordinal),
            ("krippendorff_alpha_interval", &interval),
            ("krippendorff_alpha_independent", &alpha_independent),
            ("fleiss_kappa", &fleiss),
        ]);
        let object = json!({
            "rated": agreement.rated,
            "raters": agreement.raters.iter().enumerate().map(|(n, one)| json!({
                "code": one.code, "kind": one.kind, "rated": one.rated,
                "independent": agreement.is_independent(n),
            })).collect::<Vec<_>>(),
            "positive": label,
            "weights": format!("{:?}", self.weights()).to_lowercase(),
            "pairs": pairs,
            "annotators": codes(&people),
            "krippendorff_alpha": figure(&alpha),
            "krippendorff_alpha_ordinal": figure(&ordinal),
            "krippendorff_alpha_interval": figure(&interval),
            "fleiss_kappa": figure(&fleiss),
            "fleiss_items": fleiss_items,
            "independent_annotators": codes(&independent),
            "krippendorff_alpha_independent": figure(&alpha_independent),
            "independent": independent.len() == people.len() && people.len() > 1,
            "undefined": undefined,
            "warnings": warnings(agreement),
        });
        if let Value::Object(map) = object {
            map
        } else {
            Map::new()
        }
    }

    fn pair(&self, agreement: &Agreement, pair: &Pair, positive: Option<usize>) -> Value {
        let code = |n: usize| agreement.raters.get(n).map(|one| one.code.as_str());
        let kappa = pair.table.kappa(self.weights());
        let of_label = |of: &dyn Fn(usize) -> Statistic| positive.map_or(Err(Undefined::LabelNotGiven), of);
        let (f1, jaccard) = (
            of_label(&|n| pair.table.f1(n)),
            of_label(&|n| pair.table.jaccard(n)),
        );
        let percent = pair.table.percent_agreement();
        let cells = (0..pair.table.labels()).map(|a| {
            (0..pair.table.labels())
                .map(|b| pair.table.cell(a, b))
                .collect::<Vec<_>>()
        });
        let names: Vec<&str> = agreement.labels.iter().map(|(_, name)| name.as_str()).collect();
        let by_label: Vec<Value> = names
            .iter()
            .enumerate()
            .map(|(n, name)| {
                json!({"label": name, "f1": figure(&pair.table.f1(n)), "jaccard": figure(&pair.table.jaccard(n))})
            })
            .collect();
        let value = kappa.map(|kappa| kappa.value);
        let by_cases = pair.kappa_by_cases(self.weights(), DRAWS, self.args.seed);
        let mut undefined = undefined(&[
            ("percent_agreement", &percent),
            ("cohen_kappa", &value),
            ("f1", &f1),
            ("jaccard", &jaccard),
        ]);
        if let Err(why) = &by_cases {
            undefined.insert("cohen_kappa_ci_cases".to_owned(), json!(why.to_string()));
        }
        json!({
            "a": code(pair.a),
            "b": code(pair.b),
            "n": pair.table.n(),
            "cases": pair.cases(),
            "percent_agreement": figure(&percent),
            "cohen_kappa": figure(&value),
            "cohen_kappa_ci": bounds(&pair.table.kappa_interval(self.weights())),
            "cohen_kappa_ci_cases": bounds(&by_cases),
            "f1": figure(&f1),
            "jaccard": figure(&jaccard),
            "by_label": by_label,
            "labels": names,
            "table": cells.collect::<Vec<_>>(),
            "independent": agreement.is_independent(pair.a) && agreement.is_independent(pair.b),
            "undefined": undefined,
        })
    }

    pub(super) fn print(&self, app: &mut App, agreement: &Agreement) -> Result<(), Failure> {
        let people = agreement.people();
        let positive = self.positive(agreement);
        app.out
            .line(format!("{} annotations are rated", agreement.rated))?;
        app.out
            .line("annotators             n  agree  kappa  95 % interval    F1     Jaccard")?;
        for pair in &agreement.pairs {
            let code = |n: usize| agreement.raters.get(n).map_or("", |one| one.code.as_str());
            let kappa = pair.table.kappa(self.weights());
            let interval = match pair.table.kappa_interval(self.weights()) {
                Ok([low, high]) => format!("{} – {}", rounded(low), rounded(high)),
                Err(_) => "–".to_owned(),
            };
            let of_label =
                |of: &dyn Fn(usize) -> Statistic| positive.map_or(Err(Undefined::LabelNotGiven), of);
            app.out.line(format!(
                "{:<16} {:>7}  {:>5}  {:>5}  {:<15}  {:>5}  {:>7}",
                format!("{} {}", code(pair.a), code(pair.b)),
                pair.table.n(),
                shown(&pair.table.percent_agreement()),
                shown(&kappa.map(|kappa| kappa.value)),
                interval,
                shown(&of_label(&|n| pair.table.f1(n))),
                shown(&of_label(&|n| pair.table.jaccard(n))),
            ))?;
        }
        let (fleiss, items) = agreement.fleiss(&people);
        let alpha = agreement.alpha(&people, Metric::Nominal);
        for (name, statistic) in [
            ("Krippendorff's alpha of all persons".to_owned(), alpha),
            (
                format!("Fleiss' kappa of all persons over the {items} annotations that each rated"),
                fleiss,
            ),
        ] {
            let why = statistic
                .as_ref()
                .err()
                .map(|why| format!(" ({why})"))
                .unwrap_or_default();
            app.out.line(format!("{name}: {}{why}", shown(&statistic)))?;
        }
        for warning in warnings(agreement) {
            let message = warning
                .get("message")
                .and_then(Value::as_str)
                .unwrap_or_default()
                .to_owned();
            app.out.line(format!("  look  {}", one_line(&message)))?;
        }
        Ok(())
    }
}

/// What keeps figures from being taken at their word.
fn warnings(agreement: &Agreement) -> Vec<Value> {
    let code = |n: usize| agreement.raters.get(n).map_or("", |one| one.code.as_str());
    let mut warnings = Vec::new();
    for one in &agreement.selections {
        let [a, b] = one.others;
        warnings.push(json!({
            "code": "selected_subset",
            "count": 1,
            "annotator": code(one.rater),
            "message": format!(
                "{} rated a selection that depends on what others said: {} and {} differ on {:.1} % of it, and on {:.1} % of the rest; \
                 figures that pool {} with others are biased",
                code(one.rater), code(a), code(b),
                100.0 * one.disputed_among_rated, 100.0 * one.disputed_among_rest, code(one.rater),
            ),
        }));
    }
    for rater in agreement.raters.iter().filter(|rater| rater.rated > 0) {
        if rater.kind != AnnotatorKind::Human {
            warnings.push(json!({
                "code": "not_a_person",
                "count": 1,
                "annotator": rater.code,
                "message": format!("{} is a {}; it is left out of the figures of all persons", rater.code, rater.kind),
            }));
        }
        if rater.unblinded > 0 {
            warnings.push(json!({
                "code": "not_blinded",
                "count": rater.unblinded,
                "annotator": rater.code,
                "message": format!(
                    "{} of the {} opinions of {} were given while those of others were to be seen",
                    rater.unblinded, rater.rated, rater.code
                ),
            }));
        }
    }
    warnings
}
