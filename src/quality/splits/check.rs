//! What leaks between the parts of a split: one case, slide, image, the same bytes, or a crop and its parent in two parts;
//! what changed in a frozen part; what is in no part. Nothing is changed here.

use std::collections::{BTreeMap, BTreeSet};

use crate::id::ImageId;
use crate::model::Severity;
use crate::model::look::LookAlike;

use super::Assignment;
use super::frozen::members_digest;
use super::material::{Material, Picture};

/// What keeps a split from being relied on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeakFinding {
    /// One of [`CODES`].
    pub code: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// What it is about: `split/NAME/…`.
    pub object: String,
    /// What is wrong, naming what leaks.
    pub message: String,
    /// The command that settles it.
    pub settle: String,
}

struct Code(&'static str, Severity);

const CASE: Code = Code("HT-Q201", Severity::Error);
const SLIDE: Code = Code("HT-Q202", Severity::Error);
const IMAGE: Code = Code("HT-Q203", Severity::Error);
const BYTES: Code = Code("HT-Q204", Severity::Error);
const CROP: Code = Code("HT-Q205", Severity::Error);
const FROZEN: Code = Code("HT-Q206", Severity::Error);
const NO_PART: Code = Code("HT-Q207", Severity::Information);
const UNKNOWN: Code = Code("HT-Q208", Severity::Warning);

const SAME_LOOK: Code = Code("HT-Q209", Severity::Error);
const LOOK_ALIKE: Code = Code("HT-Q210", Severity::Warning);

/// All codes, how bad they are and what they mean. A code never changes its meaning.
pub const CODES: &[(&str, Severity, &str)] = &[
    (CASE.0, CASE.1, "images of one case are in two parts"),
    (SLIDE.0, SLIDE.1, "images of one slide are in two parts"),
    (
        IMAGE.0,
        IMAGE.1,
        "one image is in two parts: by itself and by its case",
    ),
    (
        BYTES.0,
        BYTES.1,
        "the same bytes are in two parts under two names",
    ),
    (
        CROP.0,
        CROP.1,
        "a crop and what it was cropped from are in two parts",
    ),
    (FROZEN.0, FROZEN.1, "a frozen part is no longer what it was"),
    (NO_PART.0, NO_PART.1, "cases are in no part"),
    (
        UNKNOWN.0,
        UNKNOWN.1,
        "a member is no case or image that has images",
    ),
    (
        SAME_LOOK.0,
        SAME_LOOK.1,
        "two images in two parts look as one picture that was encoded anew",
    ),
    (
        LOOK_ALIKE.0,
        LOOK_ALIKE.1,
        "two images in two parts look alike, as fields that overlap do",
    ),
];

/// How many names a message gives before it counts.
const NAMES: usize = 5;

/// Finds what leaks between the parts of a split. `frozen` has the digests of the members of its frozen parts.
#[must_use]
pub fn check(
    material: &Material,
    split: &str,
    assignment: &Assignment,
    frozen: &BTreeMap<String, String>,
) -> Vec<LeakFinding> {
    let checker = Checker {
        material,
        split,
        assignment,
    };
    let mut findings = Vec::new();
    checker.one_thing(&mut findings);
    checker.crops(&mut findings);
    checker.look_alikes(&mut findings);
    checker.frozen(frozen, &mut findings);
    checker.members(&mut findings);
    findings.sort_by(|a, b| (a.severity, a.code, &a.object).cmp(&(b.severity, b.code, &b.object)));
    findings
}

struct Checker<'a> {
    material: &'a Material,
    split: &'a str,
    assignment: &'a Assignment,
}

/// What two images can have in common and must not have across parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Thing {
    Case,
    Slide,
    Image,
    Bytes,
}

/// Images of one kind of thing, by part.
type ByPart<'a> = BTreeMap<&'a str, BTreeSet<&'a str>>;

impl<'a> Checker<'a> {
    /// The parts of an image: by its case, and by itself.
    fn parts(&self, picture: &Picture) -> BTreeSet<&'a str> {
        [picture.member(), picture.id.to_string()]
            .iter()
            .filter_map(|member| self.assignment.get(member))
            .map(String::as_str)
            .collect()
    }

    fn finding(&self, code: &Code, object: &str, message: String, settle: String) -> LeakFinding {
        LeakFinding {
            code: code.0,
            severity: code.1,
            object: format!("split/{}/{object}", self.split),
            message,
            settle,
        }
    }

    fn again(&self) -> String {
        format!(
            "holotype split create {} --replace (what belongs together is kept together), or correct the table and \
             holotype split import {} TABLE.csv",
            self.split, self.split
        )
    }

    /// One case, slide, image or content in two parts.
    fn one_thing(&self, findings: &mut Vec<LeakFinding>) {
        let mut things: BTreeMap<(Thing, String), ByPart<'_>> = BTreeMap::new();
        for picture in self.material.pictures() {
            let parts = self.parts(picture);
            let mut of = vec![(Thing::Image, picture.name.clone())];
            of.extend(picture.case.iter().map(|code| (Thing::Case, code.to_string())));
            of.extend(picture.slide.iter().map(|code| (Thing::Slide, code.to_string())));
            of.extend(picture.contents.iter().map(|one| (Thing::Bytes, one.to_string())));
            for thing in of {
                let entry = things.entry(thing).or_default();
                for part in &parts {
                    entry.entry(part).or_default().insert(&picture.name);
                }
            }
        }
        for ((thing, id), by_part) in things.iter().filter(|(_, by_part)| by_part.len() > 1) {
            let where_ = places(by_part);
            let names: BTreeSet<&str> = by_part.values().flatten().copied().collect();
            // One image in two parts is told as such.
            if names.len() < 2 && *thing != Thing::Image {
                continue;
            }
            let (code, object, what) = match thing {
                Thing::Case => (&CASE, format!("case/{id}"), format!("case {id} is in two parts")),
                Thing::Slide => (
                    &SLIDE,
                    format!("slide/{id}"),
                    format!("slide {id} is in two parts"),
                ),
                Thing::Image => (
                    &IMAGE,
                    format!("image/{id}"),
                    format!("image {id} is in two parts"),
                ),
                Thing::Bytes => (
                    &BYTES,
                    format!("image/{}", names.first().copied().unwrap_or_default()),
                    "the same bytes are in two parts under different names".to_owned(),
                ),
            };
            findings.push(self.finding(code, &object, format!("{what}: {where_}"), self.again()));
        }
    }

    /// A crop and its parent in two parts.
    fn crops(&self, findings: &mut Vec<LeakFinding>) {
        let by_id: BTreeMap<ImageId, &Picture> =
            self.material.pictures().iter().map(|one| (one.id, one)).collect();
        let mut families: BTreeMap<ImageId, ByPart<'_>> = BTreeMap::new();
        for picture in self.material.pictures() {
            let Some(origin) = picture.origin else { continue };
            let family = families.entry(origin).or_default();
            for one in [Some(picture), by_id.get(&origin).copied()].into_iter().flatten() {
                for part in self.parts(one) {
                    family.entry(part).or_default().insert(&one.name);
                }
            }
        }
        for (origin, by_part) in families.iter().filter(|(_, by_part)| by_part.len() > 1) {
            let name = by_id
                .get(origin)
                .map_or_else(|| origin.to_string(), |one| one.name.clone());
            let message = format!("{name} and crops of it are in two parts: {}", places(by_part));
            findings.push(self.finding(&CROP, &format!("image/{name}"), message, self.again()));
        }
    }

    /// Pictures that look alike in two parts, unless their bytes say so already.
    fn look_alikes(&self, findings: &mut Vec<LeakFinding>) {
        for (a, b, how) in self.material.alike() {
            let (of_a, of_b) = (self.parts(a), self.parts(b));
            let apart = of_a.iter().any(|part| of_b.iter().any(|other| other != part));
            if !apart || !a.contents.is_disjoint(&b.contents) {
                continue;
            }
            let (code, what) = match how {
                LookAlike::Same => (&SAME_LOOK, "look as one picture that was encoded anew"),
                LookAlike::Alike => (&LOOK_ALIKE, "look alike, as fields that overlap do"),
            };
            let places = |picture: &Picture, parts: &BTreeSet<&str>| {
                let parts: Vec<&str> = parts.iter().copied().collect();
                format!("{} ({})", picture.name, parts.join(", "))
            };
            let message = format!("{} and {} {what}", places(a, &of_a), places(b, &of_b));
            let object = format!("image/{}/{}", a.name, b.name);
            let settle = format!(
                "look at both; if they are of one case: {}; if not: holotype check waive {} --reason R --until DATE",
                self.again(),
                code.0
            );
            findings.push(self.finding(code, &object, message, settle));
        }
    }

    fn frozen(&self, frozen: &BTreeMap<String, String>, findings: &mut Vec<LeakFinding>) {
        for (part, digest) in frozen {
            let present = members_digest(self.assignment, part);
            if present != *digest {
                let members = self.assignment.values().filter(|own| *own == part).count();
                let message = format!(
                    "part '{part}' is frozen and was changed: it has {members} members with digest {present}, frozen was \
                     {digest}"
                );
                let settle = format!(
                    "holotype log --events shows who moved what; holotype revert REV takes it back, or freeze the part \
                     under a new split: holotype split import NEW TABLE.csv, holotype split freeze NEW {part}"
                );
                findings.push(self.finding(&FROZEN, part, message, settle));
            }
        }
    }

    /// Cases and images in no part, and members that are neither.
    fn members(&self, findings: &mut Vec<LeakFinding>) {
        let missing: BTreeSet<String> = self
            .material
            .pictures()
            .iter()
            .filter(|picture| self.parts(picture).is_empty())
            .map(|picture| match &picture.case {
                Some(case) => case.to_string(),
                None => picture.name.clone(),
            })
            .collect();
        if !missing.is_empty() {
            let message = format!(
                "{} of the cases are in no part: {}",
                missing.len(),
                some(missing.iter().map(String::as_str))
            );
            let settle = format!(
                "holotype split import {} TABLE.csv with a line for each",
                self.split
            );
            findings.push(self.finding(&NO_PART, "no part", message, settle));
        }
        let pictures = self.material.pictures();
        let known: BTreeSet<String> = pictures
            .iter()
            .flat_map(|picture| [picture.member(), picture.id.to_string()])
            .collect();
        for (member, part) in self
            .assignment
            .iter()
            .filter(|(member, _)| !known.contains(*member))
        {
            let message = format!("'{member}' in part '{part}' is no case or image that has images");
            let settle = format!(
                "echo '{{\"command\":\"split\",\"split\":\"{}\",\"member\":\"{member}\",\"part\":null}}' | holotype record -",
                self.split
            );
            findings.push(self.finding(&UNKNOWN, member, message, settle));
        }
    }
}

/// `train: a.tiff, b.tiff; test: c.tiff`.
fn places(by_part: &ByPart<'_>) -> String {
    let parts: Vec<String> = by_part
        .iter()
        .map(|(part, names)| format!("{part}: {}", some(names.iter().copied())))
        .collect();
    parts.join("; ")
}

/// The first names, and how many more there are.
fn some<'n>(names: impl Iterator<Item = &'n str> + Clone) -> String {
    let first: Vec<&str> = names.clone().take(NAMES).collect();
    match names.count().saturating_sub(NAMES) {
        0 => first.join(", "),
        more => format!("{} and {more} more", first.join(", ")),
    }
}
