//! From tasks to the document: whose regions they are, on which image, and what belongs to which region.

use std::collections::BTreeMap;

use serde_json::value::RawValue;

use crate::model::geometry::Shape as Model;
use crate::model::{AnnotatorKind, Geometry};
use crate::time::Timestamp;

use super::super::document::{
    Document, SourceAnnotation, SourceFacts, SourceId, SourceImage, SourceLabel, SourcePerson, SourceRating,
    SourceScreening, SourceValue,
};
use super::super::json::{Any, AnySeed, Context, ElementsSeed, MembersSeed, RawId, keep};
use super::again;
use super::error::LabelStudioError;
use super::image::{Naming, image, is_image};
use super::raw::{Data, Region, Regions, Set, Task, is_bookkeeping};

/// What is said of the whole image, by the type of the result.
const OF_THE_IMAGE: [&str; 8] = [
    "choices", "textarea", "rating", "number", "taxonomy", "datetime", "pairwise", "ranker",
];

/// A document on its way.
#[derive(Default)]
pub(super) struct Assembler {
    document: Document,
    images: BTreeMap<(String, Option<String>), usize>,
    labels: BTreeMap<String, usize>,
    /// Ids, where they stand in the file, and their annotations.
    ids: BTreeMap<String, (String, usize)>,
    /// An id that two regions have which differ, and where they stand.
    twice: Option<[String; 3]>,
}

/// One annotation or prediction being taken over.
struct Author {
    image: usize,
    /// Its place in the file.
    place: String,
    /// Its id, as ids of its regions begin.
    id: Option<String>,
    person: Option<usize>,
    claimed_at: Option<String>,
    facts: SourceFacts,
}

/// All results of one id.
#[derive(Default)]
struct Merged {
    id: Option<String>,
    /// Index of the first of them.
    index: usize,
    parts: Vec<Region>,
}

impl Assembler {
    /// Gives the document out.
    pub(super) fn finish(mut self, context: Context<'_>) -> Result<Document, LabelStudioError> {
        if let Some([id, first, second]) = self.twice {
            return Err(LabelStudioError::RegionTwice {
                file: context.file.to_owned(),
                id,
                first,
                second,
            });
        }
        self.document.report = context.report;
        Ok(self.document)
    }

    /// Takes a task over.
    pub(super) fn task(&mut self, context: &mut Context<'_>, index: Option<usize>, mut task: Task) {
        let place = index.map(|index| format!("/{index}")).unwrap_or_default();
        let name = match (&task.id, place.as_str()) {
            (RawId::Id(id), "") => format!("task {id}"),
            (RawId::Id(id), place) => format!("{place} (task {id})"),
            (RawId::Absent | RawId::Null | RawId::Unusable, place) => place.to_owned(),
        };
        let is_flat = task.annotations.is_none() && task.data.is_none();
        let mut data = task.data.take().unwrap_or_default();
        let mut sets = task.annotations.take().unwrap_or_default().0;
        if is_flat {
            let mut flat = std::mem::take(&mut task.flat);
            let mut regions = Vec::new();
            for (member, value) in std::mem::take(&mut task.others) {
                flat_member(context, &name, &member, &value, &mut data, &mut regions);
            }
            if flat.id.id().is_some() || !regions.is_empty() {
                flat.regions = Some(regions);
                take_fact(&mut data, &mut flat.facts, "lead_time", context);
                sets.push(flat);
            }
        } else {
            for (member, value) in std::mem::take(&mut task.others) {
                if !is_bookkeeping(&member) && member != "updated_by" {
                    keep_text(context, &mut task.facts, &member, &value);
                }
            }
        }
        for _ in 0..task.drafts {
            context.lose("draft", &name, || "a draft was never submitted".to_owned());
        }
        if !sets.is_empty() || !task.predictions.0.is_empty() {
            self.sets(context, &name, &place, data, sets, task);
        }
        context.end(&name);
    }

    /// Takes the annotations and predictions of a task over.
    fn sets(
        &mut self,
        context: &mut Context<'_>,
        name: &str,
        place: &str,
        data: Data,
        sets: Vec<Set>,
        task: Task,
    ) {
        let Some(image) = self.image(context, name, data, task.facts) else {
            return;
        };
        for (index, set) in sets.into_iter().enumerate() {
            let place = format!("{place}/annotations/{index}");
            self.set(context, image, place, set, AnnotatorKind::Human);
        }
        for (index, set) in task.predictions.0.into_iter().enumerate() {
            let place = format!("{place}/predictions/{index}");
            self.set(context, image, place, set, AnnotatorKind::Model);
        }
    }

    /// Finds the image of a task; other data become its facts.
    fn image(
        &mut self,
        context: &mut Context<'_>,
        name: &str,
        data: Data,
        mut facts: SourceFacts,
    ) -> Option<usize> {
        let (mut found, mut rest) = (Vec::new(), Vec::new());
        for (member, value) in data.0 {
            match value {
                Any::Text(text) if member == "image" || is_image(&text) => found.push((member, text)),
                other @ (Any::Null
                | Any::NotANumber(_)
                | Any::Flag(_)
                | Any::Number(_)
                | Any::Digits(_)
                | Any::Text(_)
                | Any::Nested(..)) => rest.push((member, other)),
            }
        }
        let named = found.iter().position(|(member, _)| member == "image");
        let at = named.or((found.len() == 1).then_some(0));
        let Some(at) = at else {
            let members: Vec<&str> = found.iter().map(|(member, _)| member.as_str()).collect();
            context.lose("image_unclear", &name, || match members.as_slice() {
                [] => "its data name no image".to_owned(),
                several => format!("its image can be in {}", several.join(", ")),
            });
            return None;
        };
        let (_, text) = found.swap_remove(at);
        let Some((mut source, naming)) = image(&text) else {
            context.lose("image_without_name", &name, || {
                "its image is written out in the file, or has no name".to_owned()
            });
            return None;
        };
        if naming == Naming::PrefixOff {
            context.warn("upload_prefix_off", &name, || {
                format!(
                    "the eight digits before the name of the upload were taken off: '{}' (--map-image names another)",
                    source.name
                )
            });
        }
        let others = found.into_iter().map(|(member, text)| (member, Any::Text(text)));
        for (member, value) in rest.into_iter().chain(others) {
            keep(context, &mut facts, &member, value);
        }
        facts.append(&mut source.facts);
        source.facts = facts;
        Some(self.known_image(source))
    }

    fn known_image(&mut self, source: SourceImage) -> usize {
        let images = &mut self.document.images;
        let key = (source.name.clone(), source.folder.clone());
        let index = *self.images.entry(key).or_insert(images.len());
        match images.get_mut(index) {
            Some(known) => {
                for (name, value) in source.facts {
                    known.facts.entry(name).or_insert(value);
                }
            }
            None => images.push(source),
        }
        index
    }

    /// Takes over all that one person or model said.
    fn set(&mut self, context: &mut Context<'_>, image: usize, place: String, set: Set, kind: AnnotatorKind) {
        let id = set.id.id().map(ToString::to_string);
        if set.is_named_only {
            context.lose("annotation_not_there", &place, || {
                "only its number is there; export with whole annotations".to_owned()
            });
            return;
        }
        if set.was_cancelled {
            context.lose("cancelled", &place, || {
                "its annotator skipped the task (was_cancelled); nothing of it is taken".to_owned()
            });
            return;
        }
        let Some(regions) = set.regions else {
            context.lose("annotation_without_result", &place, || {
                "it has no list 'result'".to_owned()
            });
            return;
        };
        let person = match (kind, set.by, set.model) {
            (AnnotatorKind::Human | AnnotatorKind::Procedure, Some(name), _) => Some(self.person(name, kind)),
            (AnnotatorKind::Human | AnnotatorKind::Procedure, None, _) => {
                context.warn("annotation_without_person", &place, || {
                    "it does not say who made it; --annotator does".to_owned()
                });
                None
            }
            (AnnotatorKind::Model, _, model) => {
                Some(self.person(model.unwrap_or_else(|| "unnamed model".to_owned()), kind))
            }
        };
        let claimed_at = claimed_at(context, &place, [&set.updated_at, &set.created_at]);
        if regions.is_empty() && kind != AnnotatorKind::Model {
            self.document.screenings.push(SourceScreening {
                image,
                region: None,
                person,
            });
            return;
        }
        let id = match kind {
            AnnotatorKind::Model => id.map(|id| format!("prediction {id}")),
            AnnotatorKind::Human | AnnotatorKind::Procedure => id,
        };
        let author = Author {
            image,
            place,
            id,
            person,
            claimed_at,
            facts: set.facts,
        };
        for merged in merge(context, &author.place, regions) {
            self.region(context, &author, merged);
        }
    }

    fn person(&mut self, name: String, kind: AnnotatorKind) -> usize {
        let person = SourcePerson {
            name,
            kind: Some(kind),
        };
        let known = self.document.people.iter().position(|known| *known == person);
        known.unwrap_or_else(|| {
            self.document.people.push(person);
            self.document.people.len() - 1
        })
    }

    fn label(&mut self, name: &str) -> usize {
        let labels = &mut self.document.labels;
        *self.labels.entry(name.to_owned()).or_insert_with(|| {
            labels.push(SourceLabel {
                name: name.to_owned(),
                ..SourceLabel::default()
            });
            labels.len() - 1
        })
    }

    /// Takes over what is said under one id.
    fn region(&mut self, context: &mut Context<'_>, author: &Author, merged: Merged) {
        let place = format!("{}/result/{}", author.place, merged.index);
        let mut attributes = author.facts.clone();
        let (mut labels, mut choices, mut geometry, mut is_known) = (Vec::new(), Vec::new(), None, false);
        for mut part in merged.parts {
            let kind = part.kind.as_deref().unwrap_or_default().to_owned();
            is_known |= OF_THE_IMAGE.contains(&kind.as_str());
            labels.append(&mut part.shape.labels);
            choices.extend(part.shape.choices.take().into_iter().flatten());
            if part.shape.is_place() && geometry.is_none() {
                if part.image_rotation != 0.0 {
                    context.lose("image_rotated", &place, || {
                        format!(
                            "it was drawn while the image was turned by {}°; where it lies on the image itself is not sure",
                            part.image_rotation
                        )
                    });
                    return;
                }
                self.size(context, author.image, &part, &place);
                let size = part.width.zip(part.height);
                let size = size.filter(|(width, height)| *width > 0.0 && *height > 0.0);
                match part.shape.place(size, context) {
                    Some(Ok(found)) => geometry = Some(found),
                    Some(Err((code, why))) => {
                        context.lose(code, &place, || why);
                        return;
                    }
                    None => {}
                }
            }
            attributes.append(&mut part.facts);
            attributes.append(&mut part.shape.facts);
        }
        labels.dedup();
        let Some(geometry) = geometry else {
            self.of_the_image(
                context,
                author,
                (&place, merged.id),
                (choices, is_known),
                attributes,
            );
            return;
        };
        if !choices.is_empty() {
            attributes.insert("choices".to_owned(), list(&choices));
        }
        if labels.len() > 1 {
            context.warn("several_labels", &place, || {
                "it has several labels; the first is taken, all are kept as 'labels'".to_owned()
            });
            attributes.insert("labels".to_owned(), list(&labels));
        }
        let label = labels.first().map(|label| self.label(label));
        self.push(author, (&place, merged.id), (geometry, label), attributes);
    }

    /// Takes over what is said of the whole image: an annotation for each class that was chosen.
    fn of_the_image(
        &mut self,
        context: &mut Context<'_>,
        author: &Author,
        (place, id): (&str, Option<String>),
        (choices, is_known): (Vec<String>, bool),
        attributes: SourceFacts,
    ) {
        if choices.is_empty() && !is_known {
            context.lose("region_without_place", &place, || {
                "it says of no place in an image what it is".to_owned()
            });
            return;
        }
        if choices.is_empty() {
            let whole = Geometry::new(Model::Image);
            self.push(author, (place, id), (whole, None), attributes);
            return;
        }
        for (index, choice) in choices.iter().enumerate() {
            let label = Some(self.label(choice));
            let id = match (&id, index) {
                (Some(id), 0) => Some(id.clone()),
                (Some(id), index) => Some(format!("{id}/{index}")),
                (None, _) => None,
            };
            let whole = Geometry::new(Model::Image);
            self.push(author, (place, id), (whole, label), attributes.clone());
        }
    }

    /// Notes the size of an image; another one than before is told.
    fn size(&mut self, context: &mut Context<'_>, image: usize, region: &Region, place: &str) {
        let Some(image) = self.document.images.get_mut(image) else {
            return;
        };
        let (Some(width), Some(height)) = (region.width, region.height) else {
            return;
        };
        match (image.width, image.height) {
            (None, None) if width > 0.0 && height > 0.0 => {
                (image.width, image.height) = (Some(width), Some(height));
            }
            known if known != (Some(width), Some(height)) => {
                context.warn("image_sizes_differ", &place, || {
                    format!(
                        "it gives the image {width} × {height} px, and others another size; its place is taken by its own"
                    )
                });
            }
            _ => {}
        }
    }

    fn push(
        &mut self,
        author: &Author,
        (place, id): (&str, Option<String>),
        (geometry, label): (Geometry, Option<usize>),
        attributes: SourceFacts,
    ) {
        let id = match (&author.id, id) {
            (Some(author), Some(id)) => Some(format!("{author}:{id}")),
            (None, Some(id)) => Some(id),
            (_, None) => None,
        };
        let rating = author
            .person
            .filter(|_| label.is_some())
            .map(|person| SourceRating {
                person,
                label,
                claimed_at: author.claimed_at.clone(),
            });
        let annotation = SourceAnnotation {
            image: author.image,
            geometry,
            label,
            id: id.clone().map(SourceId::Local),
            ratings: rating.into_iter().collect(),
            attributes,
        };
        if let Some(id) = id {
            let index = self.document.annotations.len();
            if let Some((first, known)) = self.ids.get(&id) {
                let differs = self.document.annotations.get(*known) != Some(&annotation);
                if differs && self.twice.is_none() {
                    self.twice = Some([id, first.clone(), place.to_owned()]);
                }
                return;
            }
            self.ids.insert(id, (place.to_owned(), index));
        }
        self.document.annotations.push(annotation);
    }
}

/// Puts together what is said under one id, and relations with the region that they begin at.
fn merge(context: &mut Context<'_>, place: &str, regions: Vec<Region>) -> Vec<Merged> {
    let mut all: Vec<Merged> = Vec::new();
    let mut by_id: BTreeMap<String, usize> = BTreeMap::new();
    let mut relations: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (index, region) in regions.into_iter().enumerate() {
        if region.kind.as_deref() == Some("relation") || region.to.is_some() {
            let (from, text) = relation(&region);
            relations.entry(from).or_default().push(text);
            continue;
        }
        let known = region.id.as_ref().and_then(|id| by_id.get(id)).copied();
        if let Some(merged) = known.and_then(|known| all.get_mut(known)) {
            merged.parts.push(region);
            continue;
        }
        if let Some(id) = &region.id {
            by_id.insert(id.clone(), all.len());
        }
        all.push(Merged {
            id: region.id.clone(),
            index,
            parts: vec![region],
        });
    }
    for (from, texts) in relations {
        let region = by_id.get(&from).and_then(|at| all.get_mut(*at));
        match region.and_then(|merged| merged.parts.first_mut()) {
            Some(region) => {
                let text = format!("[{}]", texts.join(","));
                region
                    .facts
                    .insert("relations".to_owned(), SourceValue::Text(text));
            }
            None => context.lose("relation_of_nothing", &place, || {
                format!("a relation begins at the region '{from}', which is not there")
            }),
        }
    }
    all
}

/// Where a relation begins, and what it says, as JSON.
fn relation(region: &Region) -> (String, String) {
    let text = |text: &str| serde_json::to_string(text).unwrap_or_default();
    let to = text(region.to.as_deref().unwrap_or_default());
    let direction = match region.facts.get("direction") {
        Some(SourceValue::Text(direction)) => text(direction),
        Some(SourceValue::Number(_) | SourceValue::Flag(_) | SourceValue::Private(_)) | None => {
            "null".to_owned()
        }
    };
    let labels = serde_json::to_string(&region.shape.labels).unwrap_or_default();
    let json = format!(r#"{{"to":{to},"direction":{direction},"labels":{labels}}}"#);
    (region.from.clone().unwrap_or_default(), json)
}

fn list(texts: &[String]) -> SourceValue {
    SourceValue::Text(serde_json::to_string(texts).unwrap_or_default())
}

/// The first of two times that there is: RFC 3339, or seconds as old versions write them.
fn claimed_at(context: &mut Context<'_>, place: &str, times: [&Any; 2]) -> Option<String> {
    let time = times.into_iter().find(|time| **time != Any::Null)?;
    let parsed = match time {
        Any::Text(text) => Timestamp::parse(text).ok(),
        Any::Number(seconds) => {
            let milliseconds = (seconds * 1000.0).round();
            let whole = crate::model::geometry::float_to_whole(milliseconds);
            whole
                .and_then(|whole| i64::try_from(whole).ok())
                .and_then(Timestamp::from_unix_ms)
        }
        Any::Null | Any::NotANumber(_) | Any::Flag(_) | Any::Digits(_) | Any::Nested(..) => None,
    };
    if parsed.is_none() {
        context.lose("time_unusable", &place, || {
            "when it was made is no point in time (RFC 3339 with a zone); not taken over".to_owned()
        });
    }
    parsed.map(|time| time.to_string())
}

/// Keeps a member that was passed over as text.
fn keep_text(context: &mut Context<'_>, facts: &mut SourceFacts, name: &str, value: &RawValue) {
    match again(value.get(), AnySeed(context)) {
        Ok(any) => keep(context, facts, name, any),
        Err(why) => context.note("member_unusable", || {
            format!("the member '{name}' is left out: {why}")
        }),
    }
}

/// Takes a member of a flat record: regions, something chosen, or data of the task.
fn flat_member(
    context: &mut Context<'_>,
    task: &str,
    name: &str,
    value: &RawValue,
    data: &mut Data,
    regions: &mut Vec<Region>,
) {
    if is_bookkeeping(name) {
        return;
    }
    let text = value.get();
    let inner = text.strip_prefix('[').map(str::trim_start);
    let from_name = SourceValue::Text(name.to_owned());
    let read = if inner.is_some_and(|inner| inner.starts_with('{')) {
        let mut list = Regions::default();
        again(text, ElementsSeed(&mut list, context)).map(|_| list.0)
    } else if text.starts_with('{') {
        let mut region = Region::default();
        again(text, MembersSeed(&mut region, context)).map(|()| vec![region])
    } else {
        match again(text, AnySeed(context)) {
            Ok(any) => data.0.push((name.to_owned(), any)),
            Err(why) => context.lose("member_unusable", &task, || format!("'{name}': {why}")),
        }
        return;
    };
    match read {
        Ok(list) => {
            let is_said = |region: &Region| {
                region.shape.is_place() || region.shape.has_labels || region.shape.choices.is_some()
            };
            if list.iter().all(|region| !is_said(region)) {
                if let Ok(any) = again(text, AnySeed(context)) {
                    data.0.push((name.to_owned(), any));
                }
                return;
            }
            regions.extend(list.into_iter().map(|mut region| {
                region.facts.insert("from_name".to_owned(), from_name.clone());
                region
            }));
        }
        Err(why) => context.lose("member_unusable", &task, || format!("'{name}': {why}")),
    }
}

/// Moves a member of the data to the attributes of the regions.
fn take_fact(data: &mut Data, facts: &mut SourceFacts, name: &str, context: &mut Context<'_>) {
    let at = data.0.iter().position(|(member, _)| member == name);
    if let Some(at) = at {
        let (_, value) = data.0.remove(at);
        keep(context, facts, name, value);
    }
}
