//! Scales that cannot be: µm per px out of any microscope's reach, out of step with the objective, or in another unit.
//!
//! A sensor's pixel is 2 to 25 µm wide, and an objective makes the specimen larger by its magnification: so µm per px
//! times magnification lies between 2 and 25 (whole-slide scanners: 20 × 0.5 = 40 × 0.25 = 10).

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{FactValue, ImageRecord};

use super::codes::{Code, IMPOSSIBLE_SCALE, SCALE_AND_OBJECTIVE, UNIT};
use super::finding::{Finding, counted, some};
use super::inventory::Inventory;

/// µm of a sensor's pixel, smallest and largest.
const PIXEL_UM: (f64, f64) = (2.0, 25.0);
/// µm per px that an image of a specimen can have at all: an electron microscope is not meant, a macro lens is.
const SCALE_UM: (f64, f64) = (0.01, 100.0);
/// Where light microscopes are.
const USUAL_UM: (f64, f64) = (0.05, 5.0);
/// How far the two axes may be apart.
const AXES: f64 = 1.1;

const SCALES: [&str; 4] = ["um_per_px_x", "um_per_px_y", "um_per_px", "mpp"];
const OBJECTIVES: [&str; 2] = ["objective", "magnification"];

/// A kind of problem, what is said of it, and what would settle it.
type Problem = (Code, String, String, String);

/// Finds scales that cannot be.
pub(super) fn check(inventory: &Inventory, findings: &mut Vec<Finding>) {
    let mut found: BTreeMap<(&'static str, String), (Problem, BTreeSet<String>)> = BTreeMap::new();
    for image in &inventory.images {
        for problem in problems(inventory, image) {
            let key = (problem.0.text, problem.1.clone());
            let (_, images) = found.entry(key).or_insert_with(|| (problem, BTreeSet::new()));
            images.insert(image.name.clone());
        }
    }
    for ((code, object, message, settle), images) in found.into_values() {
        let message = format!("{message}: {}, {}", counted(images.len(), "image"), some(&images));
        findings.push(Finding::new(code, object, message, settle).about(images));
    }
}

/// A number as stated, and the unit that stands behind it.
struct Stated {
    number: f64,
    unit: String,
}

fn problems(inventory: &Inventory, image: &ImageRecord) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut number = |names: &[&'static str]| -> Option<(&'static str, f64)> {
        let (name, value) = names.iter().find_map(|name| {
            let mut all = inventory.facts_of(image).chain([&inventory.dataset]);
            all.find_map(|facts| facts.get(*name)).map(|value| (*name, value))
        })?;
        match parse(value) {
            Some(stated) if is_unit_of(name, &stated.unit) => Some((name, stated.number)),
            stated => {
                problems.extend(other_unit(name, value, stated.as_ref()));
                None
            }
        }
    };
    let objective = number(&OBJECTIVES);
    let x = number(&SCALES);
    let y = number(&["um_per_px_y", "um_per_px", "mpp", "um_per_px_x"]);
    problems.extend(x.and_then(|(name, um)| scale(name, um, objective)));
    if let (Some((_, x)), Some((_, y))) = (x, y)
        && x > 0.0
        && y > 0.0
        && (x / y > AXES || y / x > AXES)
    {
        problems.push((
            SCALE_AND_OBJECTIVE,
            format!("fact/um_per_px_x/{x}, um_per_px_y/{y}"),
            format!("{x} µm per px in x and {y} in y differ by more than a tenth"),
            "holotype set image NAME um_per_px_x=… um_per_px_y=…".to_owned(),
        ));
    }
    problems
}

/// Takes a number, and what stands behind it, out of a fact; `None` where there is no number, or the fact says in words
/// that it is not known.
fn parse(value: &FactValue) -> Option<Stated> {
    match value {
        FactValue::Number(number) => Some(Stated {
            number: *number,
            unit: String::new(),
        }),
        FactValue::Text(text) => {
            let text = text.trim();
            let end = text
                .find(|c: char| !c.is_ascii_digit() && !".+-eE".contains(c))
                .unwrap_or(text.len());
            let (number, unit) = text.split_at_checked(end)?;
            Some(Stated {
                number: number.parse().ok()?,
                unit: unit.trim().to_lowercase(),
            })
        }
        FactValue::Flag(_) | FactValue::Private(_) => None,
    }
}

fn is_unit_of(name: &str, unit: &str) -> bool {
    if OBJECTIVES.contains(&name) {
        matches!(unit, "" | "x" | "×")
    } else {
        matches!(
            unit,
            "" | "µm"
                | "μm"
                | "um"
                | "micron"
                | "microns"
                | "µm/px"
                | "μm/px"
                | "um/px"
                | "µm/pixel"
                | "μm/pixel"
                | "um/pixel"
        )
    }
}

/// What is wrong with a value that is no number in the unit of its fact; nothing where it only says that it is not known.
fn other_unit(name: &str, value: &FactValue, stated: Option<&Stated>) -> Option<Problem> {
    let has_digit = value.to_string().contains(|c: char| c.is_ascii_digit());
    let said = match stated {
        Some(stated) => format!(
            "{name} is '{value}', in '{}' and not in the unit of this fact",
            stated.unit
        ),
        None if has_digit => format!("{name} is '{value}', which is no number"),
        None => return None,
    };
    Some((
        UNIT,
        format!("fact/{name}/{value}"),
        said,
        format!("holotype set image NAME {name}=NUMBER, or holotype vocabulary map {name} OLD=NEW"),
    ))
}

fn within(number: f64, (low, high): (f64, f64)) -> bool {
    (low..=high).contains(&number)
}

/// What is wrong with a scale.
fn scale(name: &str, um: f64, objective: Option<(&str, f64)>) -> Option<Problem> {
    let settle = format!("holotype set image NAME {name}=NUMBER (µm per px)");
    let object = |objective: Option<f64>| match objective {
        Some(objective) => format!("fact/{name}/{um}, objective/{objective}"),
        None => format!("fact/{name}/{um}"),
    };
    let units = [("nm", um / 1000.0), ("mm", um * 1000.0)];
    let objective = objective
        .map(|(_, objective)| objective)
        .filter(|objective| *objective > 0.0);
    if um > 0.0
        && let Some(objective) = objective
    {
        if within(um * objective, PIXEL_UM) {
            return None;
        }
        let other = units.iter().find(|(_, um)| within(um * objective, PIXEL_UM));
        let (code, why) = match other {
            Some((unit, _)) => (UNIT, format!("looks like {unit}")),
            None if !within(um, SCALE_UM) => (IMPOSSIBLE_SCALE, "cannot be".to_owned()),
            None => (
                SCALE_AND_OBJECTIVE,
                format!(
                    "does not fit: {objective}x gives {:.3} to {:.3}",
                    PIXEL_UM.0 / objective,
                    PIXEL_UM.1 / objective
                ),
            ),
        };
        let message = format!("{name} = {um} µm with an objective of {objective}x {why}");
        return Some((code, object(Some(objective)), message, settle));
    }
    if within(um, SCALE_UM) {
        return None;
    }
    let other = units.iter().find(|(_, um)| within(*um, USUAL_UM));
    let (code, why) = match other {
        Some((unit, _)) => (UNIT, format!("looks like {unit}")),
        None => (IMPOSSIBLE_SCALE, "cannot be".to_owned()),
    };
    Some((code, object(None), format!("{name} = {um} µm {why}"), settle))
}
