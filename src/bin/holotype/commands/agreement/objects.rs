//! Agreement about objects that each marked alone, as it is shown.

use holotype::id::LabelId;
use holotype::model::Radius;
use holotype::quality::agreement::AgreementOptions;
use holotype::quality::contingency::Weights;
use holotype::quality::matching::MatchRule;
use holotype::quality::objects::{ObjectAgreement, ObjectError, ObjectOptions, ObjectPair, read_objects};
use holotype::repo::Version;
use serde_json::{Value, json};

use super::labels::{bounds, figure, shown, undefined};
use super::{AgreementArgs, DRAWS, MatchArg};
use crate::app::App;
use crate::failure::{Failure, chain};

/// What was asked for.
pub(super) struct Objects {
    radius: Radius,
    rule: MatchRule,
    label: Option<LabelId>,
}

impl MatchArg {
    fn rule(self) -> MatchRule {
        match self {
            Self::Maximum => MatchRule::Maximum,
            Self::Greedy => MatchRule::Greedy,
            Self::AnyHit => MatchRule::AnyHit,
        }
    }
}

impl Objects {
    /// What the arguments ask for; `None` where no radius is given.
    pub(super) fn asked(args: &AgreementArgs, label: Option<LabelId>) -> Result<Option<Self>, Failure> {
        let Some(text) = &args.match_radius else {
            return Ok(None);
        };
        let radius = Radius::parse(text).ok_or_else(|| {
            Failure::usage(
                format!("--match-radius '{text}' is no length"),
                "--match-radius 12px, or --match-radius 3um",
            )
        })?;
        Ok(Some(Self {
            radius,
            rule: args.rule.rule(),
            label,
        }))
    }

    pub(super) fn read(
        &self,
        version: &Version,
        options: &AgreementOptions,
    ) -> Result<ObjectAgreement, Failure> {
        Ok(read_objects(
            version,
            &ObjectOptions {
                radius: self.radius,
                rule: self.rule,
                label: self.label,
                round: options.round,
                images: options.images.clone(),
            },
        )?)
    }
}

/// Objects that are one annotation which both rated.
const SHARED: &str = "were not marked twice but are one annotation that both rated: \
                      that they match says nothing about where each one looked";
/// Nobody said what was searched.
const UNSCREENED: &str = "has no screening recorded: an image on which they marked nothing is left out, \
                          whether it was searched or not";

fn code(found: &ObjectAgreement, n: usize) -> &str {
    found.raters.get(n).map_or("", |(code, _)| code.as_str())
}

pub(super) fn members(found: &ObjectAgreement, args: &AgreementArgs) -> Value {
    let (icc, icc_images) = found.icc(&found.people());
    json!({
        "match": args.rule.rule().as_str(),
        "radius": args.match_radius.as_deref().and_then(Radius::parse).map(|radius| json!({
            "value": radius.value, "unit": radius.unit.as_str(),
        })),
        "label": args.label,
        "annotators": found.people().into_iter().map(|n| code(found, n)).collect::<Vec<_>>(),
        "pairs": found.pairs.iter().map(|pair| pair_members(found, pair, args.seed)).collect::<Vec<_>>(),
        "icc_2_1": figure(&icc),
        "icc_images": icc_images,
        "undefined": undefined(&[("icc_2_1", &icc)]),
        "warnings": warnings(found),
    })
}

fn pair_members(found: &ObjectAgreement, pair: &ObjectPair, seed: u64) -> Value {
    let [a, b] = pair.tally.counts;
    let [hit_a, hit_b] = pair.tally.hits;
    let (f1, iou, dice, icc) = (pair.tally.f1(), pair.mean_iou(), pair.mean_dice(), pair.icc());
    let kappa = pair.table.kappa(Weights::Nominal).map(|kappa| kappa.value);
    json!({
        "a": code(found, pair.a),
        "b": code(found, pair.b),
        "images": pair.images(),
        "objects_a": a,
        "objects_b": b,
        "matched_a": hit_a,
        "matched_b": hit_b,
        "only_a": a - hit_a,
        "only_b": b - hit_b,
        "shared": pair.shared,
        "f1": figure(&f1),
        "f1_ci_cases": bounds(&pair.f1_by_cases(DRAWS, seed)),
        "mean_iou": figure(&iou),
        "mean_dice": figure(&dice),
        "icc_2_1": figure(&icc),
        "matched_cohen_kappa": figure(&kappa),
        "undefined": undefined(&[
            ("f1", &f1), ("mean_iou", &iou), ("mean_dice", &dice), ("icc_2_1", &icc), ("matched_cohen_kappa", &kappa),
        ]),
    })
}

fn warnings(found: &ObjectAgreement) -> Vec<Value> {
    let mut warnings = Vec::new();
    for pair in found.pairs.iter().filter(|pair| pair.shared > 0) {
        let (a, b) = (code(found, pair.a), code(found, pair.b));
        warnings.push(json!({
            "code": "shared_objects",
            "count": pair.shared,
            "annotators": [a, b],
            "message": format!("{} matched objects of {a} and {b} {SHARED}", pair.shared),
        }));
    }
    for n in &found.unscreened {
        let code = code(found, *n);
        warnings.push(json!({
            "code": "no_screening",
            "count": 1,
            "annotator": code,
            "message": format!("{code} {UNSCREENED}"),
        }));
    }
    warnings
}

pub(super) fn print(app: &mut App, found: &ObjectAgreement, args: &AgreementArgs) -> Result<(), Failure> {
    app.out.line(format!(
        "objects within {}, matched by {}{}",
        args.match_radius.as_deref().unwrap_or(""),
        args.rule.rule().as_str(),
        args.label
            .as_ref()
            .map_or(String::new(), |label| format!(", labelled {label}")),
    ))?;
    app.out
        .line("annotators          images  objects          both   F1     IoU    Dice   ICC(2,1)")?;
    for pair in &found.pairs {
        let ([a, b], [both, _]) = (pair.tally.counts, pair.tally.hits);
        app.out.line(format!(
            "{:<18} {:>7}  {:<15} {:>5}  {:<5}  {:<5}  {:<5}  {}",
            format!("{} {}", code(found, pair.a), code(found, pair.b)),
            pair.images(),
            format!("{a} and {b}"),
            both,
            shown(&pair.tally.f1()),
            shown(&pair.mean_iou()),
            shown(&pair.mean_dice()),
            shown(&pair.icc()),
        ))?;
    }
    for warning in warnings(found) {
        let message = warning.get("message").and_then(Value::as_str).unwrap_or_default();
        app.out
            .line(format!("  look  {}", crate::output::one_line(message)))?;
    }
    Ok(())
}

impl From<ObjectError> for Failure {
    fn from(error: ObjectError) -> Self {
        let line = chain(&error);
        match error {
            ObjectError::State(error) => error.into(),
            ObjectError::NoResolution { image } => Self::refused(
                line,
                format!(
                    "holotype set image {image} um_per_px_x=0.25 um_per_px_y=0.25, or give the radius in px"
                ),
            ),
            ObjectError::TooCrowded { .. } => {
                Self::refused(line, "take a smaller --match-radius, or --match greedy")
            }
        }
    }
}
