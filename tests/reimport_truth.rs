//! Re-import scored against known truth: a copy of the published MIDOG++ (26,286 annotations) is edited at random, from a
//! seed, in ten mixes; what the import finds is compared with what was done, with all ids kept and with every id thrown away.
//!
//! Nothing is recorded: the published file is imported once, and each edited copy is tried on a rehearsal of it.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test may panic, and whoever runs it reads what was not recovered"
)]

mod common;
mod lab;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::path::Path;

use common::Author;
use holotype::event::{Context, scan_records};
use holotype::id::{AnnotationId, ImageId, LabelId};
use holotype::import::coco::VoteChoice;
use holotype::import::engine::{Completeness, ImportOptions, ImportOutcome, Source, import};
use holotype::import::load::{LoadOptions, find_sources, load};
use holotype::import::progress::Unwatched;
use holotype::model::geometry::Displacement;
use holotype::model::{AnnotationRecord, EntityKind, Geometry, Key, KeyParts};
use holotype::repo::{Repo, RepoError, Sealing, Transaction, Version};
use rayon::prelude::*;
use serde_json::{Value, json};

/// Numbers that look random, the same for the same seed.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % end
    }

    /// From `-most` to `most`, in quarters of a pixel.
    fn around(&mut self, most: u32) -> f64 {
        let steps = u64::from(most) * 8 + 1;
        f64::from(u32::try_from(self.below(steps)).unwrap()) / 4.0 - f64::from(most)
    }
}

/// How many of a thousand annotations are edited in each way.
#[derive(Debug, Clone, Copy)]
struct Mix {
    moved: u64,
    reshaped: u64,
    relabelled: u64,
    withdrawn: u64,
    added: u64,
    rekeyed: u64,
}

const fn mix(moved: u64, reshaped: u64, relabelled: u64, withdrawn: u64, added: u64, rekeyed: u64) -> Mix {
    Mix {
        moved,
        reshaped,
        relabelled,
        withdrawn,
        added,
        rekeyed,
    }
}

/// Up to 300 of a thousand are touched.
const MIXES: [Mix; 10] = [
    mix(50, 0, 0, 0, 0, 0),
    mix(0, 50, 0, 0, 0, 0),
    mix(0, 0, 50, 0, 0, 0),
    mix(0, 0, 0, 50, 0, 0),
    mix(0, 0, 0, 0, 50, 0),
    mix(0, 0, 0, 0, 0, 50),
    mix(10, 10, 10, 10, 10, 10),
    mix(100, 50, 50, 50, 50, 0),
    mix(50, 50, 50, 50, 50, 50),
    mix(200, 20, 20, 20, 20, 20),
];

/// One thing that was done, or found.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    Moved(AnnotationId, String),
    Reshaped(AnnotationId, String),
    Relabelled(AnnotationId, String),
    Withdrawn(AnnotationId),
    Created(String),
}

impl Event {
    const fn kind(&self) -> &'static str {
        match self {
            Self::Moved(..) => "moved",
            Self::Reshaped(..) => "reshaped",
            Self::Relabelled(..) => "relabelled",
            Self::Withdrawn(_) => "withdrawn",
            Self::Created(_) => "created",
        }
    }
}

/// Whether the edited copy has the ids of the published file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ids {
    Kept,
    /// No annotation has one.
    Removed,
    /// All are numbered anew in another order, so that each number names something else.
    Shuffled,
}

type Records = BTreeMap<AnnotationId, AnnotationRecord>;

fn records(transaction: &Transaction<'_>) -> Records {
    let mut records = Records::new();
    scan_records(
        transaction,
        &Key::kind_prefix(EntityKind::Annotation),
        |key, record: AnnotationRecord| {
            if let Ok(KeyParts::Annotation(id)) = key.parts() {
                records.insert(id, record);
            }
            ControlFlow::Continue(())
        },
    )
    .unwrap();
    records
}

fn place(geometry: &Geometry) -> String {
    serde_json::to_string(geometry).unwrap()
}

/// What differs between two states, as events.
fn difference(before: &Records, after: &Records) -> BTreeSet<Event> {
    let mut events = BTreeSet::new();
    for (id, old) in before {
        let Some(new) = after.get(id) else {
            events.insert(Event::Withdrawn(*id));
            continue;
        };
        match old.geometry.displacement(&new.geometry) {
            Displacement::None => {}
            Displacement::Moved { .. } => {
                events.insert(Event::Moved(*id, place(&new.geometry)));
            }
            Displacement::Reshaped { .. } => {
                events.insert(Event::Reshaped(*id, place(&new.geometry)));
            }
        }
        if old.label != new.label {
            events.insert(Event::Relabelled(*id, format!("{:?}", new.label)));
        }
    }
    for (id, new) in after.iter().filter(|(id, _)| !before.contains_key(*id)) {
        let image = id.image_prefix();
        events.insert(Event::Created(format!(
            "{image:?} {} {:?}",
            place(&new.geometry),
            new.label
        )));
    }
    events
}

/// The published file, imported.
struct Published {
    author: Author,
    version: Version,
    before: Records,
    file: Value,
    /// The annotation of each id of the file.
    names: BTreeMap<u64, AnnotationId>,
    /// The label of each category, and each image's id by that of the file.
    labels: BTreeMap<u64, LabelId>,
    images: BTreeMap<u64, ImageId>,
    folder: tempfile::TempDir,
}

/// Tries a file on a transaction.
fn run(
    repo: &Repo,
    transaction: &mut Transaction<'_>,
    context: &Context,
    path: &Path,
    votes: VoteChoice,
    completeness: Completeness,
) -> ImportOutcome {
    let reading = LoadOptions {
        votes,
        ..LoadOptions::default()
    };
    let found = find_sources(path, &reading).unwrap().remove(0);
    let loaded = load(&found, &reading, &Unwatched).unwrap();
    let source = Source {
        file: &loaded.file,
        format: loaded.format.as_str(),
        digest: loaded.digest,
        document: loaded.document,
        in_file: loaded.in_file,
        folder: None,
        progress: &Unwatched,
    };
    let options = ImportOptions {
        completeness,
        ..ImportOptions::default()
    };
    import(repo, transaction, context, source, &options).unwrap()
}

impl Published {
    /// Imports the file; `None` where the data is not there.
    fn new() -> Option<Self> {
        let path = lab::data_dir()?.join("midog").join("MIDOG++.json");
        let folder = tempfile::tempdir().unwrap();
        let author = Author::begin(&folder.path().join("repository"), "truth");
        let context = author.context();
        let sealing = Sealing {
            author: author.person,
            message: "as published".to_owned(),
        };
        author
            .repo
            .try_commit_with::<_, RepoError>(&sealing, |transaction, _| {
                Ok(run(
                    &author.repo,
                    transaction,
                    &context,
                    &path,
                    VoteChoice::Ratings,
                    Completeness::Partial,
                ))
            })
            .unwrap();
        let file: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        let version = author.repo.head_version().unwrap();
        let before = records(&Transaction::rehearsal(author.repo.store(), &version));
        let images: BTreeMap<u64, ImageId> = list(&file, "images")
            .map(|image| {
                (
                    number(image, "id"),
                    ImageId::of_name(&lab::text(&image["file_name"])),
                )
            })
            .collect();
        let labels = list(&file, "categories")
            .map(|label| {
                (
                    number(label, "id"),
                    LabelId::of_name(&lab::text(&label["name"]), 0),
                )
            })
            .collect();
        let names = list(&file, "annotations")
            .map(|one| {
                let id = number(one, "id");
                let image = &images[&number(one, "image_id")];
                (id, AnnotationId::from_source(image, "coco-1", &id.to_string()))
            })
            .collect();
        assert_eq!(before.len(), 26_286);
        Some(Self {
            author,
            version,
            before,
            file,
            names,
            labels,
            images,
            folder,
        })
    }

    /// Imports an edited copy on a rehearsal; returns the outcome, the number of events and what differs.
    fn try_copy(&self, name: &str, copy: &Value, votes: VoteChoice) -> (ImportOutcome, u64, BTreeSet<Event>) {
        let path = self.folder.path().join(format!("{name}.json"));
        std::fs::write(&path, copy.to_string()).unwrap();
        let repo = self.author.repo.rehearsal();
        let mut transaction = Transaction::rehearsal(repo.store(), &self.version);
        let context = self.author.context();
        let outcome = run(
            &repo,
            &mut transaction,
            &context,
            &path,
            votes,
            Completeness::Complete,
        );
        let events = transaction.events();
        transaction.settle().unwrap();
        (outcome, events, difference(&self.before, &records(&transaction)))
    }
}

fn list<'a>(file: &'a Value, name: &str) -> impl Iterator<Item = &'a Value> {
    file[name].as_array().unwrap().iter()
}

fn number(value: &Value, name: &str) -> u64 {
    value[name].as_u64().unwrap()
}

/// A copy that was edited, and what was done.
struct Edited {
    file: Value,
    truth: BTreeSet<Event>,
    rekeyed: u64,
}

/// The corners of a box of the file.
fn corners(one: &Value) -> [f64; 4] {
    [0, 1, 2, 3].map(|n| one["bbox"][n].as_f64().unwrap())
}

fn edit(published: &Published, mix: Mix, ids: Ids, seed: u64) -> Edited {
    let mut dice = Dice(seed);
    let mut file = published.file.clone();
    let farthest = if ids == Ids::Kept { 150 } else { 7 };
    let mut truth = BTreeSet::new();
    let (mut rekeyed, mut next_id) = (0, 1_000_000);
    let mut kept = Vec::new();
    let mut added = Vec::new();
    for mut one in std::mem::take(file["annotations"].as_array_mut().unwrap()) {
        let id = published.names[&number(&one, "id")];
        let [x1, y1, x2, y2] = corners(&one);
        let bounds = |[x1, y1, x2, y2]: [f64; 4]| place(&Geometry::rectangle(x1, y1, x2 - x1, y2 - y1));
        let mut fate = dice.below(1000);
        let mut is = |share: u64| {
            let (chosen, rest) = (fate < share, fate.wrapping_sub(share));
            fate = rest;
            chosen
        };
        if is(mix.moved) {
            let (mut dx, dy) = (dice.around(farthest), dice.around(farthest));
            if dx == 0.0 && dy == 0.0 {
                dx = 1.0;
            }
            let moved = [x1 + dx, y1 + dy, x2 + dx, y2 + dy];
            truth.insert(Event::Moved(id, bounds(moved)));
            one["bbox"] = json!(moved);
            if dice.below(10) == 0 {
                relabel(published, &mut one, id, &mut truth);
            }
        } else if is(mix.reshaped) {
            let by = [-8.0, -4.0, 6.0, 12.0][usize::try_from(dice.below(4)).unwrap()];
            let reshaped = [x1 - by, y1 - by, x2 + by, y2 + by + 2.0];
            truth.insert(Event::Reshaped(id, bounds(reshaped)));
            one["bbox"] = json!(reshaped);
        } else if is(mix.relabelled) {
            relabel(published, &mut one, id, &mut truth);
        } else if is(mix.withdrawn) {
            truth.insert(Event::Withdrawn(id));
            continue;
        } else if is(mix.rekeyed) && ids == Ids::Kept {
            next_id += 1;
            one["id"] = next_id.into();
            rekeyed += 1;
        }
        if dice.below(1000) < mix.added {
            next_id += 1;
            let new = another(published, &one, &mut dice, next_id, &mut truth);
            added.push(new);
        }
        kept.push(one);
    }
    kept.append(&mut added);
    shuffle(&mut kept, &mut dice);
    for (n, one) in (1_u64..).zip(&mut kept) {
        match ids {
            Ids::Kept => {}
            Ids::Removed => {
                one.as_object_mut().unwrap().remove("id");
            }
            Ids::Shuffled => one["id"] = n.into(),
        }
    }
    file["annotations"] = kept.into();
    Edited { file, truth, rekeyed }
}

/// A new one on the image of another: beside it, or anywhere.
fn another(
    published: &Published,
    one: &Value,
    dice: &mut Dice,
    id: u64,
    truth: &mut BTreeSet<Event>,
) -> Value {
    let [x, y, ..] = corners(one);
    let (dx, dy) = if dice.below(2) == 0 {
        (60.0, dice.around(30))
    } else {
        (dice.around(2000), dice.around(2000))
    };
    let (x, y) = (x + dx, y + dy);
    let mut new = one.clone();
    new["id"] = id.into();
    new["bbox"] = json!([x, y, x + 50.0, y + 50.0]);
    let label = published.labels[&number(&new, "category_id")];
    let image = published.images[&number(&new, "image_id")].prefix();
    let place = place(&Geometry::rectangle(x, y, 50.0, 50.0));
    truth.insert(Event::Created(format!("{image:?} {place} {:?}", Some(label))));
    new
}

fn relabel(published: &Published, one: &mut Value, id: AnnotationId, truth: &mut BTreeSet<Event>) {
    let other = 3 - number(one, "category_id");
    one["category_id"] = other.into();
    truth.insert(Event::Relabelled(
        id,
        format!("{:?}", Some(published.labels[&other])),
    ));
}

fn shuffle(list: &mut [Value], dice: &mut Dice) {
    for n in (1..list.len()).rev() {
        let other = dice.below(u64::try_from(n).unwrap() + 1);
        list.swap(n, usize::try_from(other).unwrap());
    }
}

/// Counts by kind what was done and not found, and what was found and not done; prints it, and returns the share of what is
/// right in all that was done or found.
fn score(name: &str, truth: &BTreeSet<Event>, found: &BTreeSet<Event>) -> f64 {
    let mut missed: BTreeMap<String, u64> = BTreeMap::new();
    let withdrawn: BTreeSet<AnnotationId> = found
        .difference(truth)
        .filter_map(|event| {
            if let Event::Withdrawn(id) = event {
                Some(*id)
            } else {
                None
            }
        })
        .collect();
    for event in truth.difference(found) {
        let why = match event {
            Event::Moved(id, _) | Event::Reshaped(id, _) | Event::Relabelled(id, _)
                if withdrawn.contains(id) =>
            {
                "taken for withdrawn and a new one, or another"
            }
            Event::Moved(id, _) | Event::Reshaped(id, _) => {
                let is_other = found
                    .iter()
                    .any(|other| matches!(other, Event::Moved(of, _) | Event::Reshaped(of, _) if of == id));
                if is_other {
                    "taken for a neighbour"
                } else {
                    "not seen"
                }
            }
            Event::Relabelled(..) => "taken for a neighbour with another label",
            Event::Withdrawn(_) | Event::Created(_) => {
                "a withdrawn one and a new one beside it were taken for a move"
            }
        };
        *missed
            .entry(format!("not found: {}: {why}", event.kind()))
            .or_default() += 1;
    }
    for event in found.difference(truth) {
        *missed.entry(format!("not done: {}", event.kind())).or_default() += 1;
    }
    let right = truth.intersection(found).count();
    let all = truth.union(found).count();
    let share = if all == 0 { 1.0 } else { float(right) / float(all) };
    println!("{name}: {right} of {all} events right, {share:.5}");
    for (what, count) in missed {
        println!("    {count} × {what}");
    }
    share
}

fn float(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap())
}

#[test]
fn what_was_done_to_a_published_file_is_found_with_and_without_ids() {
    let Some(published) = Published::new() else { return };
    let run = |(n, mix): (usize, &Mix)| -> Vec<String> {
        let seed = u64::try_from(n).unwrap() * 1000;
        let mut wrong = Vec::new();
        let without = if n % 2 == 0 { Ids::Removed } else { Ids::Shuffled };
        for (ids, least, votes) in [
            (Ids::Kept, 0.999, VoteChoice::Ratings),
            // Whose votes they are is known by the ids, or by the places where there are none.
            (
                without,
                0.99,
                if n % 2 == 0 {
                    VoteChoice::Ratings
                } else {
                    VoteChoice::Ignore
                },
            ),
        ] {
            let name = format!("mix {n} {ids:?}");
            let edited = edit(&published, *mix, ids, seed + 7);
            let (outcome, _, found) = published.try_copy(&name, &edited.file, votes);
            let share = score(&name, &edited.truth, &found);
            if share < least {
                wrong.push(format!("{name}: {share}"));
            }
            let of_new = u64::try_from(
                edited
                    .truth
                    .iter()
                    .filter(|event| event.kind() == "created")
                    .count(),
            )
            .unwrap();
            // One that is new beside one that is gone is taken for it, with another id.
            if ids == Ids::Kept
                && outcome.rekeyed.abs_diff(edited.rekeyed) * 1000 > edited.rekeyed.max(1000) * 2
            {
                wrong.push(format!(
                    "{name}: {} re-keyed, {} were",
                    outcome.rekeyed, edited.rekeyed
                ));
            }
            if mix.added == 0 && votes == VoteChoice::Ratings && outcome.ratings_added != 0 {
                wrong.push(format!(
                    "{name}: {} ratings for {of_new} new",
                    outcome.ratings_added
                ));
            }
        }
        wrong
    };
    let wrong: Vec<String> = MIXES
        .par_iter()
        .enumerate()
        .map(run)
        .reduce(Vec::new, |all, some| [all, some].concat());
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn another_order_and_other_spellings_of_numbers_are_no_event() {
    let Some(published) = Published::new() else { return };
    let mut file = published.file.clone();
    let list = file["annotations"].as_array_mut().unwrap();
    shuffle(list, &mut Dice(3));
    for one in list.iter_mut() {
        one["bbox"] = json!(corners(one));
    }
    assert!(file.to_string().contains("4336.0"));
    let (outcome, events, found) = published.try_copy("shuffled", &file, VoteChoice::Ratings);
    assert_eq!((events, outcome.matched, found.len()), (0, 26_286, 0));
    for one in file["annotations"].as_array_mut().unwrap() {
        one.as_object_mut().unwrap().remove("id");
    }
    let (outcome, events, found) = published.try_copy("without ids", &file, VoteChoice::Ratings);
    assert_eq!(
        (events, outcome.matched, found.len()),
        (0, 26_286, 0),
        "{outcome:?}"
    );
}
