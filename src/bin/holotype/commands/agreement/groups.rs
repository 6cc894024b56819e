//! All images, or those that have one value of a field: what is computed of them.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use holotype::event::{State, read, scan_records};
use holotype::id::{ImagePrefix, LabelId};
use holotype::model::{CaseRecord, EntityKind, FactValue, Facts, ImageRecord, Key, KeyParts, SlideRecord};
use holotype::quality::agreement::{Agreement, AgreementOptions, read_agreement};
use holotype::quality::intra::{Repeat, read_repeats};
use holotype::quality::noise::{Disagreement, read_disagreements};
use holotype::quality::objects::ObjectAgreement;
use holotype::repo::Version;
use serde_json::{Map, Value, json};

use super::intra;
use super::labels::View;
use super::noise;
use super::objects::{self, Objects};
use crate::app::App;
use crate::failure::Failure;

/// What was computed of a group of images.
pub(super) struct Group<'a> {
    pub(super) view: View<'a>,
    pub(super) agreement: Agreement,
    pub(super) repeats: Vec<Repeat>,
    disagreements: Vec<Disagreement>,
    objects: Option<ObjectAgreement>,
}

impl<'a> Group<'a> {
    /// Reads what there is on the images of the options.
    pub(super) fn read(
        version: &Version,
        options: &AgreementOptions,
        objects: Option<&Objects>,
        view: View<'a>,
    ) -> Result<Self, Failure> {
        let agreement = read_agreement(version, options)?;
        let labels: Vec<LabelId> = agreement.labels.iter().map(|(id, _)| *id).collect();
        Ok(Self {
            view,
            agreement,
            repeats: read_repeats(version, &labels, options.images.as_ref())?,
            disagreements: read_disagreements(version, options.round, options.images.as_ref())?,
            objects: objects.map(|asked| asked.read(version, options)).transpose()?,
        })
    }

    /// The same without what spans rounds.
    pub(super) fn without_repeats(self) -> Self {
        Self {
            repeats: Vec::new(),
            ..self
        }
    }

    /// The same for each label against the rest.
    pub(super) fn by_label(&self) -> Vec<(String, Self)> {
        let of_label = |(n, (id, name)): (usize, &(LabelId, String))| {
            let group = Self {
                view: View {
                    positive: Some(*id),
                    ..self.view
                },
                agreement: self.agreement.against_rest(n),
                repeats: Vec::new(),
                disagreements: Vec::new(),
                objects: None,
            };
            (name.clone(), group)
        };
        self.agreement.labels.iter().enumerate().map(of_label).collect()
    }

    pub(super) fn object(&self) -> Map<String, Value> {
        let mut object = self.view.object(&self.agreement);
        object.insert("intra_rater".to_owned(), intra::members(&self.repeats, self.view));
        object.insert("disagreement".to_owned(), noise::members(&self.disagreements));
        if let Some(objects) = &self.objects {
            object.insert("objects".to_owned(), objects::members(objects, self.view.args));
        }
        object
    }

    /// The same as a row of a table by values.
    pub(super) fn row(&self, value: &str) -> Value {
        let mut row = self.object();
        row.insert("value".to_owned(), json!(value));
        Value::Object(row)
    }

    pub(super) fn print(&self, app: &mut App) -> Result<(), Failure> {
        self.view.print(app, &self.agreement)?;
        intra::print(app, &self.repeats, self.view)?;
        noise::print(app, &self.disagreements)?;
        match &self.objects {
            Some(objects) => objects::print(app, objects, self.view.args),
            None => Ok(()),
        }
    }
}

/// The images of a version by the value of a field; those without it are under "not stated". A fact is looked for on the
/// image, then on its slide, then on its case.
pub(super) fn images_by(
    state: &dyn State,
    field: &str,
) -> Result<BTreeMap<String, BTreeSet<ImagePrefix>>, Failure> {
    let mut images = Vec::new();
    scan_records(
        state,
        &Key::kind_prefix(EntityKind::Image),
        |key, record: ImageRecord| {
            if let Ok(KeyParts::Image(id)) = key.parts() {
                images.push((id.prefix(), record));
            }
            ControlFlow::Continue(())
        },
    )?;
    let mut groups: BTreeMap<String, BTreeSet<ImagePrefix>> = BTreeMap::new();
    for (prefix, record) in images {
        let value = match field {
            "name" | "image" => Some(record.name.clone()),
            "case" => record.case.as_ref().map(ToString::to_string),
            "slide" => record.slide.as_ref().map(ToString::to_string),
            fact => fact_of(state, &record, fact)?,
        };
        let value = value.unwrap_or_else(|| "not stated".to_owned());
        groups.entry(value).or_default().insert(prefix);
    }
    Ok(groups)
}

fn fact_of(state: &dyn State, image: &ImageRecord, fact: &str) -> Result<Option<String>, Failure> {
    let text = |facts: &Facts| {
        facts.get(fact).map(|value| match value {
            FactValue::Text(text) => text.clone(),
            FactValue::Number(_) | FactValue::Flag(_) | FactValue::Private(_) => value.to_string(),
        })
    };
    if let Some(found) = text(&image.facts) {
        return Ok(Some(found));
    }
    let mut case = image.case.clone();
    if let Some(code) = &image.slide {
        let slide: Option<SlideRecord> = read(state, &Key::of(&KeyParts::Slide(code.clone())))?;
        if let Some(slide) = slide {
            if let Some(found) = text(&slide.facts) {
                return Ok(Some(found));
            }
            case = case.or(slide.case);
        }
    }
    let Some(code) = case else { return Ok(None) };
    let case: Option<CaseRecord> = read(state, &Key::of(&KeyParts::Case(code)))?;
    Ok(case.and_then(|case| text(&case.facts)))
}
