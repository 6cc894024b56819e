//! What a split is made of: images, what each is of, and which of them must stay together. It assigns nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use crate::event::{State, StateError, all_records};
use crate::id::{Code, Digest, ImageId, ImagePrefix, hash_parts};
use crate::model::look::{Look, LookAlike};
use crate::model::{
    CaseRecord, EntityKind, FactValue, Facts, ImageFile, ImageRecord, Key, KeyParts, SlideRecord,
};

/// The value of a fact that nobody stated.
pub const NOT_STATED: &str = "not stated";

/// An image as splits see it.
#[derive(Debug, Clone, PartialEq)]
pub struct Picture {
    /// Its id.
    pub id: ImageId,
    /// Its name.
    pub name: String,
    /// The case that it is of, its slide's where it names none itself.
    pub case: Option<Code>,
    /// The slide that it shows.
    pub slide: Option<Code>,
    /// The image that it was cropped from.
    pub origin: Option<ImageId>,
    /// One digest for the bytes of each of its versions; none where it is declared only.
    pub contents: BTreeSet<Digest>,
    /// How many annotations it has.
    pub annotations: u64,
    facts: Facts,
}

impl Picture {
    /// Returns what is assigned: the case's code, or the image's id where it is of no case.
    #[must_use]
    pub fn member(&self) -> String {
        match &self.case {
            Some(case) => case.to_string(),
            None => self.id.to_string(),
        }
    }
}

/// The images of a version, in the order of their ids, with cases and slides.
#[derive(Debug, Clone, Default)]
pub struct Material {
    pictures: Vec<Picture>,
    alike: Vec<(usize, usize, LookAlike)>,
    cases: BTreeMap<Code, Facts>,
    slides: BTreeMap<Code, Facts>,
}

/// Members that must stay together: cases that share a slide, an image's bytes, or a crop and its parent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unit {
    /// The members, sorted.
    pub members: BTreeSet<String>,
}

/// The bytes of a version of an image as one digest. The files of a series count together: single files, such as an empty
/// tile or a descriptor, are the same in many series.
fn content(files: &[ImageFile]) -> Option<Digest> {
    let blobs: BTreeSet<_> = files.iter().map(|file| file.blob.digest()).collect();
    let parts: Vec<&[u8]> = blobs.iter().map(|blob| blob.as_bytes().as_slice()).collect();
    (!parts.is_empty()).then(|| hash_parts("holotype/split-content/1", &parts))
}

impl Material {
    /// Puts records together, in whatever order they come.
    #[must_use]
    pub fn new(
        images: impl IntoIterator<Item = (ImageRecord, u64)>,
        slides: impl IntoIterator<Item = SlideRecord>,
        cases: impl IntoIterator<Item = CaseRecord>,
    ) -> Self {
        let slides: BTreeMap<Code, SlideRecord> =
            slides.into_iter().map(|one| (one.code.clone(), one)).collect();
        let mut pictures: Vec<Picture> = images
            .into_iter()
            .map(|(record, annotations)| picture(record, annotations, &slides))
            .collect();
        pictures.sort_by_key(|one| one.id);
        Self {
            pictures,
            alike: Vec::new(),
            cases: cases.into_iter().map(|one| (one.code, one.facts)).collect(),
            slides: slides.into_iter().map(|(code, one)| (code, one.facts)).collect(),
        }
    }

    /// Reads a version.
    ///
    /// # Errors
    /// [`StateError`] when a record cannot be had or decoded.
    pub fn read(state: &dyn State) -> Result<Self, StateError> {
        let mut counts: BTreeMap<ImagePrefix, u64> = BTreeMap::new();
        state.scan(&Key::kind_prefix(EntityKind::Annotation), &mut |key, _| {
            if let Ok(KeyParts::Annotation(id)) = Key::from_bytes(key).and_then(|key| key.parts()) {
                *counts.entry(id.image_prefix()).or_default() += 1;
            }
            ControlFlow::Continue(())
        })?;
        let images = all_records::<ImageRecord>(state, EntityKind::Image)?;
        let images = images.into_iter().map(|record| {
            let prefix = ImageId::of_name(&record.name).prefix();
            (record, counts.get(&prefix).copied().unwrap_or(0))
        });
        Ok(Self::new(
            images,
            all_records::<SlideRecord>(state, EntityKind::Slide)?,
            all_records::<CaseRecord>(state, EntityKind::Case)?,
        ))
    }

    /// Adds what images look like, by their names: those that look as one picture stay together.
    #[must_use]
    pub fn with_looks(mut self, looks: &BTreeMap<String, Look>) -> Self {
        let known: Vec<(usize, &Look)> = self
            .pictures
            .iter()
            .enumerate()
            .filter_map(|(n, picture)| Some((n, looks.get(&picture.name)?)))
            .collect();
        let mut alike = Vec::new();
        for (at, (a, look)) in known.iter().enumerate() {
            let later = known.iter().skip(at + 1);
            alike.extend(later.filter_map(|(b, other)| Some((*a, *b, look.likeness(other)?))));
        }
        self.alike = alike;
        self
    }

    /// Returns the pairs of images that look alike.
    pub fn alike(&self) -> impl Iterator<Item = (&Picture, &Picture, LookAlike)> {
        self.alike
            .iter()
            .filter_map(|(a, b, how)| Some((self.pictures.get(*a)?, self.pictures.get(*b)?, *how)))
    }

    /// Returns the images, in the order of their ids.
    #[must_use]
    pub fn pictures(&self) -> &[Picture] {
        &self.pictures
    }

    /// Returns what is stated of an image: by itself, else of its slide, else of its case. What is kept privately is not
    /// told.
    #[must_use]
    pub fn fact(&self, picture: &Picture, name: &str) -> Option<String> {
        let slide = picture.slide.as_ref().and_then(|code| self.slides.get(code));
        let case = picture.case.as_ref().and_then(|code| self.cases.get(code));
        let value = [Some(&picture.facts), slide, case]
            .into_iter()
            .flatten()
            .find_map(|facts| facts.get(name))?;
        match value {
            FactValue::Text(text) if text.trim().is_empty() => None,
            FactValue::Text(text) => Some(text.clone()),
            FactValue::Number(_) | FactValue::Flag(_) => Some(value.to_string()),
            FactValue::Private(_) => None,
        }
    }

    /// Returns the images by the member that they belong to.
    #[must_use]
    pub fn members(&self) -> BTreeMap<String, Vec<&Picture>> {
        let mut members: BTreeMap<String, Vec<&Picture>> = BTreeMap::new();
        for picture in &self.pictures {
            members.entry(picture.member()).or_default().push(picture);
        }
        members
    }

    /// Returns the values that a fact has among images, sorted; none where it is not stated.
    #[must_use]
    pub fn values(&self, pictures: &[&Picture], fact: &str) -> BTreeSet<String> {
        pictures
            .iter()
            .filter_map(|picture| self.fact(picture, fact))
            .collect()
    }

    /// Returns the groups of members that must stay together, in the order of their first members.
    #[must_use]
    pub fn units(&self) -> Vec<Unit> {
        let names: Vec<String> = self.members().into_keys().collect();
        let place = |member: &String| names.binary_search(member).ok();
        let mut groups = Groups((0..names.len()).collect());
        let mut first_of: BTreeMap<Link, usize> = BTreeMap::new();
        for picture in &self.pictures {
            let Some(own) = place(&picture.member()) else {
                continue;
            };
            let contents = picture.contents.iter().copied().map(Link::Content);
            let slide = picture.slide.clone().map(Link::Slide);
            // A crop is linked with its parent, and through it with all other crops of it, be the parent here or not.
            let family = [Some(picture.id), picture.origin]
                .into_iter()
                .flatten()
                .map(Link::Image);
            for link in contents.chain(slide).chain(family) {
                let other = *first_of.entry(link).or_insert(own);
                groups.join(own, other);
            }
        }
        let same = self.alike().filter(|(_, _, how)| *how == LookAlike::Same);
        for (a, b, _) in same {
            if let (Some(a), Some(b)) = (place(&a.member()), place(&b.member())) {
                groups.join(a, b);
            }
        }
        let mut units: BTreeMap<usize, BTreeSet<String>> = BTreeMap::new();
        for (n, name) in names.iter().enumerate() {
            units.entry(groups.root(n)).or_default().insert(name.clone());
        }
        units.into_values().map(|members| Unit { members }).collect()
    }
}

/// What two images can have in common.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Link {
    Content(Digest),
    Slide(Code),
    Image(ImageId),
}

/// Disjoint sets of numbers: each knows one of its set that is not above it, and the lowest knows itself.
struct Groups(Vec<usize>);

impl Groups {
    fn root(&mut self, mut n: usize) -> usize {
        while let Some(up) = self.0.get(n).copied().filter(|up| *up != n) {
            let above = self.0.get(up).copied().unwrap_or(up);
            if let Some(place) = self.0.get_mut(n) {
                *place = above;
            }
            n = above;
        }
        n
    }

    fn join(&mut self, a: usize, b: usize) {
        let (a, b) = (self.root(a), self.root(b));
        if let Some(place) = self.0.get_mut(a.max(b)) {
            *place = a.min(b);
        }
    }
}

fn picture(record: ImageRecord, annotations: u64, slides: &BTreeMap<Code, SlideRecord>) -> Picture {
    let of_slide = record.slide.as_ref().and_then(|code| slides.get(code));
    let versions = record.versions.iter().chain([&record.files]);
    Picture {
        id: ImageId::of_name(&record.name),
        case: record
            .case
            .or_else(|| of_slide.and_then(|slide| slide.case.clone())),
        contents: versions.filter_map(|files| content(files)).collect(),
        origin: record.origin.map(|origin| origin.image),
        slide: record.slide,
        facts: record.facts,
        name: record.name,
        annotations,
    }
}
