//! The protocol of refs, drafts and `gc`, with every order of turns of two or three processes: the real code over files
//! in memory that let one operation after the other happen, with lost answers, failures and deaths at any of them.
//!
//! After each end: the branch is one line without gaps, what was acknowledged stands there once, what was not
//! acknowledged at most once, the witness and all files agree, and the next writer goes on without anybody's help.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may panic"
)]

#[path = "slots/baton.rs"]
mod baton;
#[path = "slots/explore.rs"]
mod explore;
mod material;
#[path = "slots/memory.rs"]
mod memory;
#[path = "slots/whole.rs"]
mod whole;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex};

use baton::{Op, Process};
use explore::{Ends, Explored, Model, explore};
use holotype::id::{CommitId, Digest, Nonce};
use holotype::store::{RefUpdate, Slot, SlotRead, Store, StoreError};
use memory::{Disk, MemoryVfs, Plant};

/// The folder of the dataset.
const DIR: &str = "/m";
const BRANCH: &str = "main";

/// A path below `.holotype`.
fn within<'p>(path: &'p Path, folder: &str) -> Option<&'p Path> {
    path.strip_prefix("/m/.holotype").ok()?.strip_prefix(folder).ok()
}

/// Where writers of one branch meet. The folder of slots is only synced, which moves nothing.
fn refs_are_shared(path: &Path) -> bool {
    let is_slot = within(path, "refs/heads/main").is_some_and(|slot| slot != Path::new(""));
    is_slot || within(path, "refs/witness").is_some() || within(path, "derived/tips").is_some()
}

/// The same without witness and hints, which then happen together with the turn before.
fn slots_are_shared(path: &Path) -> bool {
    refs_are_shared(path) && within(path, "refs/heads").is_some()
}

/// The operation by which a slot comes to be.
fn is_commit_point(op: &Op) -> bool {
    op.what == "link"
}

fn plain(disk: &Disk) -> MemoryVfs {
    MemoryVfs::new(&Arc::new(Mutex::new(disk.clone())), None, Plant::Nothing)
}

fn empty() -> Disk {
    let disk = Disk::new();
    let vfs = MemoryVfs::new(&disk, None, Plant::Nothing);
    Store::init(Arc::new(vfs), Path::new(DIR), "m", Digest::of(b"id")).unwrap();
    let disk = disk.lock().unwrap();
    disk.clone()
}

/// What a writer wishes to commit: who it is, and its how many-th wish.
type Wish = (&'static str, u32);

fn commit_of(wish: Wish, on: Option<&SlotRead>) -> CommitId {
    let on = on.map(|read| read.digest.to_string()).unwrap_or_default();
    CommitId::of(format!("{} {} on {on}", wish.0, wish.1).as_bytes())
}

/// Commits as `Repo` does: on the tip, and after a lost race on the new one.
fn write(store: &Store, wish: Wish, attempt: u32) -> Result<u64, StoreError> {
    loop {
        let tip = store.read_latest(BRANCH)?;
        let commit = commit_of(wish, tip.as_ref());
        let nonce = Nonce::of(Digest::of(format!("{commit} {attempt}").as_bytes()));
        match store.create_slot(&Slot::after(tip.as_ref(), BRANCH, commit, nonce))? {
            RefUpdate::Applied(read) => return Ok(read.slot.seq),
            RefUpdate::Stale(_) => {}
        }
    }
}

/// Writes `wishes` commits; after a refusal it tries again, as a user would. Its end: the slots, or the last refusal.
fn writer(name: &'static str, wishes: u32) -> Process<Result<Vec<u64>, String>> {
    Arc::new(move |vfs| {
        let store = Store::discover(Arc::new(vfs), Path::new(DIR)).map_err(|error| error.to_string())?;
        let mut slots = Vec::new();
        for number in 0..wishes {
            let mut attempt = 0;
            slots.push(loop {
                match write(&store, (name, number), attempt) {
                    Ok(slot) => break slot,
                    Err(error) if attempt == 2 => return Err(error.to_string()),
                    Err(_) => attempt += 1,
                }
            });
        }
        Ok(slots)
    })
}

/// What must hold of the refs at each end.
fn check_refs(
    wishes: &BTreeMap<&'static str, u32>,
    disk: &Disk,
    ends: &Ends<Result<Vec<u64>, String>>,
) -> Result<(), String> {
    let store = Store::discover(Arc::new(plain(disk)), Path::new(DIR)).map_err(|error| error.to_string())?;
    let mut found: BTreeMap<Wish, Vec<u64>> = BTreeMap::new();
    let mut last: Option<SlotRead> = None;
    while let Some(read) = store
        .read_slot(BRANCH, last.as_ref().map_or(1, |last| last.slot.seq + 1))
        .map_err(|error| error.to_string())?
    {
        if read.slot.previous != last.as_ref().map(|last| last.digest) {
            return Err(format!("slot {} does not continue the one before", read.slot.seq));
        }
        let all = wishes
            .iter()
            .flat_map(|(name, count)| (0..*count).map(|number| (*name, number)));
        let wish = all
            .into_iter()
            .find(|wish| Some(commit_of(*wish, last.as_ref())) == read.slot.commit)
            .ok_or_else(|| format!("nobody wished for the commit of slot {}", read.slot.seq))?;
        found.entry(wish).or_default().push(read.slot.seq);
        last = Some(read);
    }
    for ((name, count), end) in wishes.iter().zip(ends) {
        for number in 0..*count {
            let stands = found.get(&(*name, number)).cloned().unwrap_or_default();
            match end {
                None if stands.len() <= 1 => {}
                None => return Err(format!("a dead writer's commit stands at {stands:?}")),
                Some(Err(why)) => return Err(format!("{name} could not commit: {why}")),
                Some(Ok(told)) => {
                    let told = told[usize::try_from(number).unwrap()];
                    if stands != [told] {
                        return Err(format!(
                            "{name} was told {told}, and its commit stands at {stands:?}"
                        ));
                    }
                }
            }
        }
    }
    let witness = store.check_witness().map_err(|error| error.to_string())?;
    if !witness.leading.is_empty() || witness.damage.is_some() {
        return Err(format!("{witness:?}"));
    }
    let tip = store.read_latest(BRANCH).map_err(|error| error.to_string())?;
    if tip != last {
        return Err("the tip is not the last slot".to_owned());
    }
    // Whoever comes next needs nobody's help.
    write(&store, ("next", 0), 0)
        .map(drop)
        .map_err(|error| error.to_string())
}

struct Setting {
    writers: &'static [(&'static str, u32)],
    is_shared: fn(&Path) -> bool,
    failures: u32,
    deaths: u32,
    plant: Plant,
}

fn explore_refs(setting: &Setting) -> Result<Explored, explore::Broken> {
    let wishes: BTreeMap<&'static str, u32> = setting.writers.iter().copied().collect();
    let model = Model {
        disk: empty(),
        processes: wishes.iter().map(|(name, count)| writer(name, *count)).collect(),
        is_shared: setting.is_shared,
        can_fail: is_commit_point,
        failures: setting.failures,
        deaths: setting.deaths,
        plant: setting.plant,
    };
    explore(&model, &|disk, ends| check_refs(&wishes, disk, ends))
}

const SOUND: Setting = Setting {
    writers: &[("a", 1), ("b", 1)],
    is_shared: refs_are_shared,
    failures: 1,
    deaths: 1,
    plant: Plant::Nothing,
};

#[expect(clippy::print_stdout, reason = "how much was tried is the result")]
pub(crate) fn holds(what: &str, explored: Result<Explored, explore::Broken>) -> Explored {
    let explored = explored.unwrap_or_else(|broken| panic!("{what}: {}\n{:?}", broken.why, broken.turns));
    println!(
        "{what}: {} states, {} orders of turns, {} ends",
        explored.states, explored.orders, explored.ends
    );
    explored
}

#[test]
fn two_writers_lose_nothing_whatever_the_order() {
    let setting = Setting {
        failures: 0,
        deaths: 0,
        ..SOUND
    };
    let explored = holds("two writers", explore_refs(&setting));
    assert!(explored.orders > 100_000, "{explored:?}");
}

#[test]
fn s01_two_writers_with_a_lost_answer_or_a_failure_and_a_death() {
    let explored = holds("two writers, a failure and a death", explore_refs(&SOUND));
    assert!(explored.orders > 1_000_000, "{explored:?}");
}

/// How many of more writers are killed: none, unless `HOLOTYPE_RACE=full` allows it to take minutes.
fn deaths_of_many() -> u32 {
    u32::from(std::env::var("HOLOTYPE_RACE").is_ok_and(|value| value == "full"))
}

#[test]
fn two_writers_of_two_commits_each_and_a_lost_answer() {
    let setting = Setting {
        writers: &[("a", 2), ("b", 2)],
        is_shared: slots_are_shared,
        deaths: deaths_of_many(),
        ..SOUND
    };
    let explored = holds(
        "two writers of two commits each, a failure",
        explore_refs(&setting),
    );
    assert!(explored.orders > 100_000, "{explored:?}");
}

#[test]
fn three_writers_and_a_lost_answer() {
    let setting = Setting {
        writers: &[("a", 1), ("b", 1), ("c", 1)],
        is_shared: slots_are_shared,
        deaths: deaths_of_many(),
        ..SOUND
    };
    let explored = holds("three writers, a failure", explore_refs(&setting));
    assert!(explored.orders > 100_000, "{explored:?}");
}

#[test]
fn a_store_that_gives_a_name_twice_is_found_out() {
    let setting = Setting {
        plant: Plant::CreateOverwrites,
        failures: 0,
        deaths: 0,
        ..SOUND
    };
    let broken = explore_refs(&setting).unwrap_err();
    assert!(broken.why.contains("was told"), "{broken:?}");
}

#[test]
fn a_lost_answer_that_is_taken_for_a_failure_is_found_out() {
    let setting = Setting {
        plant: Plant::StaleReadBack,
        deaths: 0,
        ..SOUND
    };
    let broken = explore_refs(&setting).unwrap_err();
    assert!(broken.why.contains("its commit stands at [2, 3]"), "{broken:?}");
}
