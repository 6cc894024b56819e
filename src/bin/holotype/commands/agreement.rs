//! `agreement`: how far those who rate agree, and whether that can be taken at its word.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use clap::{Args, ValueEnum};
use holotype::event::{State, scan_records};
use holotype::id::{ImagePrefix, LabelId};
use holotype::model::{AnnotatorKind, EntityKind, FactValue, ImageRecord, Key, KeyParts, LabelRecord};
use holotype::quality::agreement::{Agreement, AgreementOptions, Pair, read_agreement};
use holotype::quality::contingency::Weights;
use holotype::quality::krippendorff::Metric;
use holotype::quality::statistic::{Interval, Statistic, Undefined};
use serde_json::{Map, Value, json};

use crate::app::App;
use crate::failure::Failure;
use crate::output::one_line;

/// How often cases are drawn for an interval.
const DRAWS: u32 = 1000;

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum WeightArg {
    Nominal,
    Linear,
    Quadratic,
}

/// Tells how far annotators agree: each pair and all, and what is not independent
#[derive(Debug, Args)]
pub(crate) struct AgreementArgs {
    /// The revision; HEAD where none is given
    revision: Option<String>,
    /// Ratings of this round alone
    #[arg(long, value_name = "R")]
    round: Option<u32>,
    /// The label that F1 and Jaccard are about; the rarer of two where none is given
    #[arg(long, value_name = "LABEL")]
    positive: Option<String>,
    /// How much it weighs that two labels differ
    #[arg(long, value_name = "HOW", default_value = "nominal")]
    weights: WeightArg,
    /// The labels in their order, lowest first, for weights and for ordinal and interval alpha
    #[arg(long, value_name = "LABEL,…", value_delimiter = ',')]
    order: Vec<String>,
    /// Also apart for each value of this fact of images, such as scanner, or of `name`
    #[arg(long, value_name = "FACT")]
    by: Option<String>,
    /// The seed of the draws of cases
    #[arg(long, value_name = "S", default_value_t = 1)]
    seed: u64,
}

pub(crate) fn run(app: &mut App, args: &AgreementArgs) -> Result<u8, Failure> {
    let repo = app.repo()?;
    let version = app.version(&repo, args.revision.as_deref())?;
    let labels = label_ids(&version)?;
    let id = |name: &String| -> Result<LabelId, Failure> {
        labels.get(name).copied().ok_or_else(|| {
            Failure::refused(format!("there is no label '{name}'"), "see holotype list labels")
        })
    };
    let order = args.order.iter().map(id).collect::<Result<Vec<_>, _>>()?;
    let positive = args.positive.as_ref().map(id).transpose()?;
    let options = AgreementOptions {
        round: args.round,
        images: None,
        order,
    };
    let all = read_agreement(&version, &options)?;
    let view = View { args, positive };
    let mut object = view.object(&all);
    let mut groups = Vec::new();
    if let Some(fact) = &args.by {
        for (value, images) in images_by(&version, fact)? {
            let options = AgreementOptions {
                images: Some(images),
                ..options.clone()
            };
            groups.push((value, read_agreement(&version, &options)?));
        }
        let rows = groups.iter().map(|(value, one)| {
            let mut row = view.object(one);
            row.insert("value".to_owned(), json!(value));
            Value::Object(row)
        });
        object.insert(
            "by".to_owned(),
            json!({"fact": fact, "groups": rows.collect::<Vec<_>>()}),
        );
    }
    app.out.object("holotype/agreement/1", &Value::Object(object))?;
    view.print(app, &all)?;
    for (value, one) in &groups {
        app.out.line("")?;
        app.out.line(format!(
            "{}: {}",
            args.by.as_deref().unwrap_or(""),
            one_line(value)
        ))?;
        view.print(app, one)?;
    }
    Ok(0)
}

/// The labels of a version by name.
fn label_ids(state: &dyn State) -> Result<BTreeMap<String, LabelId>, Failure> {
    let mut labels = BTreeMap::new();
    scan_records(
        state,
        &Key::kind_prefix(EntityKind::Label),
        |key, record: LabelRecord| {
            if let Ok(KeyParts::Label(id)) = key.parts() {
                labels.insert(record.name, id);
            }
            ControlFlow::Continue(())
        },
    )?;
    Ok(labels)
}

/// The images of a version by the value of a fact; those without it are under "not stated".
fn images_by(state: &dyn State, fact: &str) -> Result<BTreeMap<String, BTreeSet<ImagePrefix>>, Failure> {
    let mut groups: BTreeMap<String, BTreeSet<ImagePrefix>> = BTreeMap::new();
    scan_records(
        state,
        &Key::kind_prefix(EntityKind::Image),
        |key, record: ImageRecord| {
            if let Ok(KeyParts::Image(id)) = key.parts() {
                let value = match record.facts.get(fact) {
                    _ if fact == "name" => record.name.clone(),
                    Some(FactValue::Text(text)) => text.clone(),
                    Some(other) => other.to_string(),
                    None => "not stated".to_owned(),
                };
                groups.entry(value).or_default().insert(id.prefix());
            }
            ControlFlow::Continue(())
        },
    )?;
    Ok(groups)
}

/// How agreement is shown.
struct View<'a> {
    args: &'a AgreementArgs,
    positive: Option<LabelId>,
}

/// A figure as JSON; one that is not defined is null.
fn figure(statistic: &Statistic) -> Value {
    statistic.as_ref().map_or(Value::Null, |value| json!(value))
}

fn bounds(interval: &Interval) -> Value {
    interval
        .as_ref()
        .map_or(Value::Null, |[low, high]| json!([low, high]))
}

/// A figure for people.
fn shown(statistic: &Statistic) -> String {
    statistic
        .as_ref()
        .map_or_else(|_| "–".to_owned(), |value| format!("{value:.3}"))
}

impl View<'_> {
    fn weights(&self) -> Weights {
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

    fn object(&self, agreement: &Agreement) -> Map<String, Value> {
        let people = agreement.people();
        let independent: Vec<usize> = people
            .iter()
            .copied()
            .filter(|one| agreement.is_independent(*one))
            .collect();
        let (fleiss, fleiss_items) = agreement.fleiss(&people);
        let alpha = agreement.alpha(&people, Metric::Nominal);
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
        let mut undefined = Map::new();
        for (name, statistic) in [("krippendorff_alpha", &alpha), ("fleiss_kappa", &fleiss)] {
            if let Err(why) = statistic {
                undefined.insert(name.to_owned(), json!(why.to_string()));
            }
        }
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
            "krippendorff_alpha_ordinal": figure(&agreement.alpha(&people, Metric::Ordinal)),
            "krippendorff_alpha_interval": figure(&agreement.alpha(&people, Metric::Interval)),
            "fleiss_kappa": figure(&fleiss),
            "fleiss_items": fleiss_items,
            "independent_annotators": codes(&independent),
            "krippendorff_alpha_independent": figure(&agreement.alpha(&independent, Metric::Nominal)),
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
        let mut undefined = Map::new();
        for (name, statistic) in [
            ("percent_agreement", &percent),
            ("cohen_kappa", &value),
            ("f1", &f1),
            ("jaccard", &jaccard),
        ] {
            if let Err(why) = statistic {
                undefined.insert(name.to_owned(), json!(why.to_string()));
            }
        }
        json!({
            "a": code(pair.a),
            "b": code(pair.b),
            "n": pair.table.n(),
            "cases": pair.cases(),
            "percent_agreement": figure(&percent),
            "cohen_kappa": figure(&value),
            "cohen_kappa_ci": bounds(&pair.table.kappa_interval(self.weights())),
            "cohen_kappa_ci_cases": bounds(&pair.kappa_by_cases(self.weights(), DRAWS, self.args.seed)),
            "f1": figure(&f1),
            "jaccard": figure(&jaccard),
            "by_label": by_label,
            "labels": names,
            "table": cells.collect::<Vec<_>>(),
            "independent": agreement.is_independent(pair.a) && agreement.is_independent(pair.b),
            "undefined": undefined,
        })
    }

    fn print(&self, app: &mut App, agreement: &Agreement) -> Result<(), Failure> {
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
                Ok([low, high]) => format!("{low:.3} – {high:.3}"),
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
