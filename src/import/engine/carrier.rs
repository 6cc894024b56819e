//! A carrier is taken in: the records of a dataset that an export of Holotype left in a file of another tool's format.
//!
//! Nothing in it is believed that its records do not show, and nothing here is overwritten: what is not here is made, by
//! the command that says what it is where one can make just this record, else as a record put back
//! ([`Command::Restore`]), such as a label whose id is that of an earlier name. What is here and differs stays, and is
//! told. Codes of people are those of the dataset that was exported: in another dataset the same code can be somebody
//! else, so each is known by the code *and* the dataset.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use crate::codec::{Record, to_canonical};
use crate::event::{Command, Context, EntityRef, State, read, scan_records};
use crate::id::{Code, Digest, ImageId, LabelId};
use crate::model::carrier::{CarriedLabelRecord, Carrier, without_private};
use crate::model::{
    AnnotatorKind, AnnotatorRecord, CaseRecord, DatasetRecord, EntityKind, FactChanges, FactValue, Facts,
    ImageRecord, Key, KeyParts, LabelRecord, RuleRecord, ScreeningRecord, SlideRecord, SplitRecord,
};
use crate::repo::Transaction;
use crate::store::PrivateKind;

use super::run::Run;
use super::{Import, ImportError};

/// What became of a record of a carrier.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Put {
    /// It is here as it is there.
    Same,
    /// Another one is here, or it cannot be.
    Not,
}

impl Import<'_, Transaction<'_>> {
    /// Takes in all records of a carrier.
    pub(super) fn carrier(&mut self, carrier: &Carrier, run: &mut Run) -> Result<(), ImportError> {
        let is_new = self.is_empty_here()?;
        if let Some(dataset) = &carrier.dataset {
            self.carried_dataset(dataset)?;
        }
        for label in &carrier.labels {
            self.carried_label(label)?;
        }
        for annotator in &carrier.annotators {
            self.carried_annotator(annotator, carrier.repository)?;
        }
        for case in &carrier.cases {
            self.carried_case(case)?;
        }
        for slide in &carrier.slides {
            self.carried_slide(slide)?;
        }
        let images = self.carried_images(&carrier.images, run)?;
        if let Some(rule) = &carrier.rule {
            self.carried_rule(rule, is_new)?;
        }
        for split in &carrier.splits {
            self.carried_split(split)?;
        }
        for screening in &carrier.screenings {
            self.carried_screening(screening, &images)?;
        }
        Ok(())
    }

    /// Whether nothing was recorded here yet that a rule could be about.
    fn is_empty_here(&self) -> Result<bool, ImportError> {
        let mut is_empty = true;
        for kind in [EntityKind::Image, EntityKind::Label, EntityKind::Annotator] {
            self.recorder.scan(&Key::kind_prefix(kind), &mut |_, _| {
                is_empty = false;
                ControlFlow::Break(())
            })?;
        }
        Ok(is_empty)
    }

    /// Makes a record where there is none: by the commands, and put back as it is where these do not make just it.
    fn put<R: Record>(
        &mut self,
        what: &str,
        key: Key,
        record: &R,
        commands: Vec<(Context, Command)>,
    ) -> Result<Put, ImportError> {
        let Ok(wanted) = to_canonical(record) else {
            self.refused(what, "it cannot be stored exactly");
            return Ok(Put::Not);
        };
        if let Some(there) = self.recorder.get(&key)? {
            if there == wanted {
                return Ok(Put::Same);
            }
            self.differs(what);
            return Ok(Put::Not);
        }
        for (context, command) in commands {
            if let Err(rejection) = self.recorder.execute(&context, command)? {
                self.refused(what, &rejection.to_string());
                return Ok(Put::Not);
            }
        }
        let there = self.recorder.get(&key)?;
        if there.as_ref() != Some(&wanted) {
            let restore = Command::Restore {
                key,
                expected: there,
                record: Some(wanted),
            };
            let context = self.plain_context();
            self.recorder.must(&context, restore)?;
        }
        Ok(Put::Same)
    }

    /// States the facts that are carried and not known here; tells of those that differ.
    fn add_facts(
        &mut self,
        what: &str,
        entity: EntityRef,
        here: &Facts,
        carried: &Facts,
    ) -> Result<(), ImportError> {
        let changes: FactChanges = carried
            .iter()
            .filter(|(name, _)| !here.contains_key(*name))
            .map(|(name, value)| (name.clone(), Some(value.clone())))
            .collect();
        if carried
            .iter()
            .any(|(name, value)| here.get(name).is_some_and(|known| known != value))
        {
            self.differs(what);
        }
        let context = self.plain_context();
        self.must(&context, Command::SetFacts { entity, changes })?;
        Ok(())
    }

    fn facts_command(&self, entity: EntityRef, facts: &Facts) -> (Context, Command) {
        let changes = facts
            .iter()
            .map(|(name, value)| (name.clone(), Some(value.clone())))
            .collect();
        (self.plain_context(), Command::SetFacts { entity, changes })
    }

    /// Returns the facts without what names private objects, which a file has no business with.
    fn public_facts(&mut self, what: &str, facts: &Facts) -> Facts {
        let mut facts = facts.clone();
        if without_private(&mut facts) > 0 {
            self.refused(
                what,
                "a fact of it names a private object, which is nowhere but in its own dataset",
            );
        }
        facts
    }

    fn differs(&mut self, what: &str) {
        let file = self.setting.file;
        self.outcome.report.warnings.add("carrier_differs", || {
            format!("{file}: {what} is known here otherwise than the file carries it; what is here stays")
        });
    }

    fn refused(&mut self, what: &str, why: &str) {
        let file = self.setting.file;
        self.outcome.report.losses.add("carrier_refused", || {
            format!("{file}: what it carries of {what} is left out: {why}")
        });
    }

    fn carried_dataset(&mut self, record: &DatasetRecord) -> Result<(), ImportError> {
        let what = "the dataset";
        let facts = self.public_facts(what, &record.facts);
        let here: Option<DatasetRecord> = read(&*self.recorder, &Key::dataset())?;
        match here {
            Some(here) => self.add_facts(what, EntityRef::dataset(), &here.facts, &facts),
            None => {
                let command = self.facts_command(EntityRef::dataset(), &facts);
                let record = DatasetRecord {
                    facts,
                    ..record.clone()
                };
                self.put(what, Key::dataset(), &record, vec![command]).map(drop)
            }
        }
    }

    fn carried_label(&mut self, label: &CarriedLabelRecord) -> Result<(), ImportError> {
        let (id, name) = (label.id, &label.record.name);
        let what = format!("the label '{name}'");
        let facts = self.public_facts(&what, &label.record.facts);
        let mut by_name = None;
        let mut by_id = None;
        scan_records(
            &*self.recorder,
            &Key::kind_prefix(EntityKind::Label),
            |key, record: LabelRecord| {
                if let Ok(KeyParts::Label(known)) = key.parts() {
                    if record.name == *name {
                        by_name = Some((known, record));
                    } else if known == id {
                        by_id = Some((known, record));
                    }
                }
                ControlFlow::Continue(())
            },
        )?;
        if let Some((known, record)) = by_name.or(by_id) {
            if record.name != *name || known != id {
                self.differs(&what);
            }
            self.named.insert(name.clone(), known);
            let entity = EntityRef {
                kind: EntityKind::Label,
                id: known.to_string(),
            };
            return self.add_facts(&what, entity, &record.facts, &facts);
        }
        let mut commands = Vec::new();
        if id == LabelId::of_name(name, 0) {
            let (name, facts) = (name.clone(), facts.clone());
            commands.push((self.plain_context(), Command::DefineLabel { name, facts }));
        } else if let Err(why) = crate::event::check_text(name) {
            self.refused(&what, why);
            return Ok(());
        }
        let record = LabelRecord {
            facts,
            ..label.record.clone()
        };
        if self.put(&what, Key::label(id), &record, commands)? == Put::Same {
            self.named.insert(name.clone(), id);
        }
        Ok(())
    }

    /// Finds or registers somebody who rates, and notes who the code is here.
    fn carried_annotator(
        &mut self,
        record: &AnnotatorRecord,
        dataset: Option<Digest>,
    ) -> Result<(), ImportError> {
        let carried = &record.code;
        let what = format!("the annotator '{carried}'");
        let there: Option<AnnotatorRecord> = read(&*self.recorder, &Key::annotator(carried))?;
        let is_same_dataset = dataset == Some(self.setting.repo.store().repository().id);
        let is_same_model = |here: &AnnotatorRecord| {
            here.kind == record.kind && here.kind != AnnotatorKind::Human && here.name == record.name
        };
        if let Some(here) = there
            .as_ref()
            .filter(|here| is_same_dataset || is_same_model(here))
        {
            if here != record {
                self.differs(&what);
            }
            self.recorder.note_person(carried.as_str(), carried);
            return Ok(());
        }
        let name = match (&record.name, record.kind) {
            (Some(name), AnnotatorKind::Model | AnnotatorKind::Procedure) => name.clone(),
            _ => elsewhere(carried, dataset),
        };
        if let Some(known) = self.known_person(&name)? {
            self.recorder.note_person(carried.as_str(), &known);
            return Ok(());
        }
        let code = match there {
            None => carried.clone(),
            Some(_) => self.other_code(record)?,
        };
        let facts = self.public_facts(&what, &record.facts);
        let person = match record.kind {
            AnnotatorKind::Human => Some(self.setting.repo.private(PrivateKind::Person, &name)?),
            AnnotatorKind::Model | AnnotatorKind::Procedure => None,
        };
        let entity = EntityRef {
            kind: EntityKind::Annotator,
            id: code.to_string(),
        };
        let register = Command::RegisterAnnotator {
            code: code.clone(),
            kind: record.kind,
            name: record.name.clone(),
            person,
        };
        let commands = vec![
            (self.plain_context(), register),
            self.facts_command(entity, &facts),
        ];
        let record = AnnotatorRecord {
            code: code.clone(),
            facts,
            ..record.clone()
        };
        if self.put(&what, Key::annotator(&code), &record, commands)? == Put::Same {
            self.recorder.note_person(carried.as_str(), &code);
            self.recorder.note_person(&name, &code);
        }
        Ok(())
    }

    /// A free code for somebody whose code is somebody else's here.
    fn other_code(&mut self, record: &AnnotatorRecord) -> Result<Code, ImportError> {
        let code = self.setting.repo.free_code(&*self.recorder, record.kind)?;
        let (file, carried, taken) = (self.setting.file, &record.code, &code);
        self.outcome.report.warnings.add("code_taken", || {
            format!(
                "{file}: '{carried}' is somebody else here; who is so called in the file is '{taken}' here"
            )
        });
        Ok(code)
    }

    fn carried_case(&mut self, record: &CaseRecord) -> Result<(), ImportError> {
        let code = record.code.clone();
        let what = format!("the case '{code}'");
        let key = Key::of(&KeyParts::Case(code.clone()));
        let facts = self.public_facts(&what, &record.facts);
        let entity = EntityRef {
            kind: EntityKind::Case,
            id: code.to_string(),
        };
        if let Some(here) = read::<CaseRecord>(&*self.recorder, &key)? {
            return self.add_facts(&what, entity, &here.facts, &facts);
        }
        let register = Command::RegisterCase { code, source: None };
        let commands = vec![
            (self.plain_context(), register),
            self.facts_command(entity, &facts),
        ];
        let record = CaseRecord {
            facts,
            ..record.clone()
        };
        self.put(&what, key, &record, commands).map(drop)
    }

    fn carried_slide(&mut self, record: &SlideRecord) -> Result<(), ImportError> {
        let code = record.code.clone();
        let what = format!("the slide '{code}'");
        let key = Key::of(&KeyParts::Slide(code.clone()));
        let facts = self.public_facts(&what, &record.facts);
        let entity = EntityRef {
            kind: EntityKind::Slide,
            id: code.to_string(),
        };
        if let Some(here) = read::<SlideRecord>(&*self.recorder, &key)? {
            if here.case != record.case {
                self.differs(&what);
            }
            return self.add_facts(&what, entity, &here.facts, &facts);
        }
        let register = Command::RegisterSlide {
            code,
            case: record.case.clone(),
        };
        let commands = vec![
            (self.plain_context(), register),
            self.facts_command(entity, &facts),
        ];
        let record = SlideRecord {
            facts,
            ..record.clone()
        };
        self.put(&what, key, &record, commands).map(drop)
    }

    /// Declares the images; returns which image here each is, by its id there.
    fn carried_images(
        &mut self,
        records: &[ImageRecord],
        run: &mut Run,
    ) -> Result<BTreeMap<ImageId, ImageId>, ImportError> {
        if self.setting.options.image.is_some() {
            return Ok(BTreeMap::new());
        }
        let names = self.names_here(records.iter().map(|record| record.name.as_str()), run)?;
        let mut images = BTreeMap::new();
        for (record, name) in records.iter().zip(names) {
            let (there, here) = (ImageId::of_name(&record.name), ImageId::of_name(&name));
            if self.carried_image(record, &name)? {
                images.insert(there, here);
            }
        }
        let known = run.images(&*self.recorder)?;
        for image in images.values() {
            if let Some(record) = read::<ImageRecord>(&*self.recorder, &Key::image(*image))? {
                known.take(&record);
            }
        }
        Ok(images)
    }

    /// Makes an image known, or adds to what is known of it; returns whether it is here.
    fn carried_image(&mut self, record: &ImageRecord, name: &str) -> Result<bool, ImportError> {
        let what = format!("the image '{name}'");
        if record.facts.get("erased") == Some(&FactValue::Flag(true)) {
            self.refused(&what, "an erased image does not travel");
            return Ok(false);
        }
        let facts = self.public_facts(&what, &record.facts);
        let image = ImageId::of_name(name);
        let key = Key::image(image);
        let assign = |case: &Option<Code>, slide: &Option<Code>| Command::AssignImage {
            image,
            case: case.clone(),
            slide: slide.clone(),
        };
        if let Some(here) = read::<ImageRecord>(&*self.recorder, &key)? {
            self.add_facts(&what, EntityRef::image(image), &here.facts, &facts)?;
            let case = here.case.clone().or_else(|| record.case.clone());
            let slide = here.slide.clone().or_else(|| record.slide.clone());
            let is_other = |here: &Option<Code>, there: &Option<Code>| {
                here.is_some() && there.is_some() && here != there
            };
            if is_other(&here.case, &record.case)
                || is_other(&here.slide, &record.slide)
                || (here.files != record.files && !record.files.is_empty())
            {
                self.differs(&what);
            }
            let context = self.plain_context();
            if let Err(rejection) = self.recorder.execute(&context, assign(&case, &slide))? {
                self.refused(&what, &rejection.to_string());
            }
            return Ok(true);
        }
        let declare = Command::DeclareImage {
            name: name.to_owned(),
            facts: facts.clone(),
        };
        let commands = vec![
            (self.plain_context(), declare),
            (self.plain_context(), assign(&record.case, &record.slide)),
        ];
        let record = ImageRecord {
            facts,
            name: name.to_owned(),
            ..record.clone()
        };
        self.put(&what, key, &record, commands)?;
        Ok(self.recorder.get(&Key::image(image))?.is_some())
    }

    /// A rule changes what every label means, so it comes into force only where there is nothing yet.
    fn carried_rule(&mut self, record: &RuleRecord, is_new: bool) -> Result<(), ImportError> {
        let here: RuleRecord = read(&*self.recorder, &Key::rule())?.unwrap_or_default();
        if !is_new || self.recorder.get(&Key::rule())?.is_some() {
            if here.rule != record.rule {
                self.differs("the rule");
            }
            return Ok(());
        }
        let set = Command::SetRule {
            rule: record.rule.clone(),
        };
        let commands = vec![(self.plain_context(), set)];
        self.put("the rule", Key::rule(), record, commands).map(drop)
    }

    fn carried_split(&mut self, record: &SplitRecord) -> Result<(), ImportError> {
        let what = format!("'{}' in the split '{}'", record.member, record.split);
        let assign = Command::AssignSplit {
            split: record.split.clone(),
            member: record.member.clone(),
            part: Some(record.part.clone()),
        };
        let key = Key::split(&record.split, &record.member);
        let commands = vec![(self.plain_context(), assign)];
        self.put(&what, key, record, commands).map(drop)
    }

    fn carried_screening(
        &mut self,
        record: &ScreeningRecord,
        images: &BTreeMap<ImageId, ImageId>,
    ) -> Result<(), ImportError> {
        let what = format!("a screening of image {}", record.image);
        let Some(image) = images.get(&record.image).copied() else {
            self.refused(&what, "the image is not in the file");
            return Ok(());
        };
        let annotator = match &record.annotator {
            None => None,
            Some(code) => match self.recorder.noted_person(code.as_str()) {
                Some(code) => Some(code),
                None => {
                    self.refused(&what, &format!("nobody is known as '{code}'"));
                    return Ok(());
                }
            },
        };
        let region = match record.region.as_ref().map(to_canonical).transpose() {
            Ok(region) => region.unwrap_or_default(),
            Err(error) => {
                self.refused(&what, &error.to_string());
                return Ok(());
            }
        };
        let key = Key::screening(image.prefix(), &region, annotator.as_ref(), record.round);
        let context = Context {
            annotator: annotator.clone(),
            round: Some(record.round),
            blinded: record.blinded,
            ..self.plain_context()
        };
        let screen = Command::Screen {
            image,
            region: record.region.clone(),
        };
        let record = ScreeningRecord {
            annotator,
            image,
            ..record.clone()
        };
        self.put(&what, key, &record, vec![(context, screen)]).map(drop)
    }
}

/// Names somebody of another dataset, of whom nothing but the code there is known.
fn elsewhere(code: &Code, dataset: Option<Digest>) -> String {
    let dataset = dataset.map_or_else(|| "unknown".to_owned(), |dataset| dataset.to_string());
    format!("{code} of dataset {}", dataset.get(..12).unwrap_or(&dataset))
}
