//! `agreement --look-first N` and `--proposals`: what the log adds to the ratings.

use std::collections::BTreeMap;

use holotype::model::Radius;
use holotype::quality::agreement::Agreement;
use holotype::quality::look::{Look, LookOptions, look_first};
use holotype::quality::proposals::{Fates, Lives};
use holotype::repo::{Repo, Version};
use serde_json::{Map, Value, json};

use super::AgreementArgs;
use super::history::each_event;
use crate::app::{App, short};
use crate::failure::Failure;
use crate::output::one_line;

/// Neighbours are looked for so far away, where no radius is given: half of the 50 px box that is customary around a
/// mitotic figure.
const RADIUS: &str = "25px";

/// What was asked for.
pub(super) struct Told {
    looks: Option<Vec<Look>>,
    fates: Option<BTreeMap<String, Fates>>,
    labels: BTreeMap<holotype::id::LabelId, String>,
}

/// Reads what the arguments ask for; the log is read for it.
pub(super) fn read(
    repo: &Repo,
    version: &Version,
    args: &AgreementArgs,
    agreement: &Agreement,
) -> Result<Told, Failure> {
    let mut told = Told {
        looks: None,
        fates: None,
        labels: agreement.labels.iter().cloned().collect(),
    };
    if args.look_first.is_none() && !args.proposals {
        return Ok(told);
    }
    let kinds = agreement
        .raters
        .iter()
        .map(|rater| (rater.code.clone(), rater.kind));
    let mut lives = Lives::new(kinds.collect());
    each_event(repo, version, |event| lives.take(event))?;
    if args.proposals {
        let fates = lives.fates().into_iter();
        told.fates = Some(fates.map(|(code, fates)| (code.to_string(), fates)).collect());
    }
    let radius = Radius::parse(args.match_radius.as_deref().unwrap_or(RADIUS));
    if let (Some(limit), Some(radius)) = (args.look_first, radius) {
        let options = LookOptions {
            radius,
            limit,
            images: None,
        };
        told.looks = Some(look_first(version, lives.moves(), &options)?);
    }
    Ok(told)
}

impl Told {
    pub(super) fn add_to(&self, object: &mut Map<String, Value>) {
        if let Some(looks) = &self.looks {
            let look = |one: &Look| {
                json!({
                    "annotation": one.annotation, "image": one.image,
                    "label": one.label.and_then(|label| self.labels.get(&label)),
                    "raters": one.raters, "disputing": one.disputing, "neighbours": one.neighbours,
                    "differing_neighbours": one.differing_neighbours, "moves": one.moves, "score": one.score,
                })
            };
            object.insert("look_first".to_owned(), looks.iter().map(look).collect());
        }
        if let Some(fates) = &self.fates {
            let fate = |(code, one): (&String, &Fates)| {
                json!({
                    "model": code, "open": one.open, "accepted": one.accepted, "edited": one.edited,
                    "rejected": one.rejected,
                })
            };
            object.insert("proposals".to_owned(), fates.iter().map(fate).collect());
        }
    }

    pub(super) fn print(&self, app: &mut App) -> Result<(), Failure> {
        for (code, one) in self.fates.iter().flatten() {
            app.out.line(format!(
                "proposals of {code}: {} accepted, {} edited, {} rejected, {} not looked at",
                one.accepted, one.edited, one.rejected, one.open
            ))?;
        }
        let Some(looks) = &self.looks else {
            return Ok(());
        };
        app.out.line("look at these first:")?;
        for one in looks {
            app.out.line(format!(
                "  {:.2}  {}  {}  {} of {} raters differ, {} of {} neighbours, moved {} times",
                one.score,
                short(&one.annotation.to_string()),
                one_line(&one.image),
                one.disputing,
                one.raters,
                one.differing_neighbours,
                one.neighbours,
                one.moves
            ))?;
        }
        Ok(())
    }
}
