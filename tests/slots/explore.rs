//! Tries every order in which processes can take their turns, with failures in between, and asks after each end whether
//! what must hold does. States that were met before are not gone on from: a process is a function of what it has seen.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use holotype::id::Digest;

use crate::baton::{Fate, Op, Process, Stage, Stand};
use crate::memory::{Disk, Plant};

/// One turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Turn {
    pub(crate) who: usize,
    pub(crate) fate: Fate,
}

/// What is tried.
pub(crate) struct Model<T> {
    pub(crate) disk: Disk,
    pub(crate) processes: Vec<Process<T>>,
    /// Paths at which processes meet.
    pub(crate) is_shared: fn(&Path) -> bool,
    /// Operations whose answer can be lost, or that can fail.
    pub(crate) can_fail: fn(&Op) -> bool,
    /// How many operations fail at most.
    pub(crate) failures: u32,
    /// How many processes are killed at most.
    pub(crate) deaths: u32,
    pub(crate) plant: Plant,
}

/// How one order ended: `None` for a process that was killed.
pub(crate) type Ends<T> = Vec<Option<T>>;

/// What was tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Explored {
    /// Different states that were met.
    pub(crate) states: usize,
    /// Orders of all turns from the beginning to an end.
    pub(crate) orders: u128,
    /// Different ends.
    pub(crate) ends: usize,
}

/// An order after which something does not hold.
#[derive(Debug)]
pub(crate) struct Broken {
    pub(crate) why: String,
    pub(crate) turns: Vec<Turn>,
}

/// Says what does not hold at an end.
pub(crate) type Law<'a, T> = dyn Fn(&Disk, &Ends<T>) -> Result<(), String> + 'a;

#[derive(Default)]
struct Seen {
    next: BTreeMap<Digest, BTreeSet<Digest>>,
    turns: BTreeMap<(Digest, Digest), u128>,
    ends: BTreeSet<Digest>,
}

/// Tries everything.
pub(crate) fn explore<T: Clone + Send + std::fmt::Debug + 'static>(
    model: &Model<T>,
    law: &Law<'_, T>,
) -> Result<Explored, Broken> {
    let mut seen = Seen::default();
    let mut open: Vec<Vec<Turn>> = vec![Vec::new()];
    let mut root = None;
    while let Some(begin) = open.pop() {
        let mut stage = Stage::begin(model.disk.clone(), &model.processes, model.is_shared, model.plant);
        // All but the last turn lead to a state that is known.
        let (last, known) = begin
            .split_last()
            .map_or((None, &begin[..]), |(last, known)| (Some(*last), known));
        for turn in known {
            stage.go(turn.who, turn.fate);
        }
        let mut turns = known.to_vec();
        let mut next = last;
        let mut before = next.map(|_| state(&stage, &turns));
        loop {
            if let Some(turn) = next {
                stage.go(turn.who, turn.fate);
                turns.push(turn);
            }
            let here = state(&stage, &turns);
            root.get_or_insert(here);
            if let Some(before) = before {
                *seen.turns.entry((before, here)).or_default() += 1;
            }
            let is_new = !seen.next.contains_key(&here);
            if let Some(before) = before {
                seen.next.entry(before).or_default().insert(here);
            }
            if !is_new {
                break;
            }
            seen.next.entry(here).or_default();
            let choices = choices(model, &stage, &turns);
            let Some((first, others)) = choices.split_first() else {
                end(&stage, law, &turns)?;
                seen.ends.insert(here);
                break;
            };
            open.extend(others.iter().map(|other| [&turns[..], &[*other]].concat()));
            (before, next) = (Some(here), Some(*first));
        }
    }
    Ok(Explored {
        states: seen.next.len(),
        orders: root.map_or(0, |root| orders(&seen, root)),
        ends: seen.ends.len(),
    })
}

fn end<T: Clone + std::fmt::Debug>(stage: &Stage<T>, law: &Law<'_, T>, turns: &[Turn]) -> Result<(), Broken> {
    let mut ends = Vec::new();
    for stand in &stage.stands {
        match stand {
            Stand::Ended(end, _) => ends.push(Some(end.clone())),
            Stand::Dead => ends.push(None),
            Stand::At(op, _) => {
                let why = format!("nobody can go on, and one waits for {op:?}");
                return Err(Broken {
                    why,
                    turns: turns.to_vec(),
                });
            }
        }
    }
    let disk = stage.disk.lock().unwrap().clone();
    law(&disk, &ends).map_err(|why| Broken {
        why: format!("{why}; {ends:?}"),
        turns: turns.to_vec(),
    })
}

/// The turns that are possible.
fn choices<T>(model: &Model<T>, stage: &Stage<T>, turns: &[Turn]) -> Vec<Turn> {
    let count = |fates: &[Fate]| {
        let had = turns.iter().filter(|turn| fates.contains(&turn.fate)).count();
        u32::try_from(had).unwrap()
    };
    let may_fail = count(&[Fate::Fail, Fate::LoseAnswer]) < model.failures;
    let may_die = count(&[Fate::Die]) < model.deaths;
    let disk = stage.disk.lock().unwrap();
    let mut found = Vec::new();
    for (who, stand) in stage.stands.iter().enumerate() {
        let Stand::At(op, _) = stand else { continue };
        if !op.lock.is_some_and(|mode| waits(&disk, op, mode)) {
            found.push(Turn {
                who,
                fate: Fate::Work,
            });
        }
        if may_fail && (model.can_fail)(op) {
            found.extend([Fate::LoseAnswer, Fate::Fail].map(|fate| Turn { who, fate }));
        }
        if may_die {
            found.push(Turn { who, fate: Fate::Die });
        }
    }
    found
}

fn waits(disk: &Disk, op: &Op, mode: holotype::store::LockMode) -> bool {
    mode != holotype::store::LockMode::TryExclusive && disk.is_locked(&op.path, mode)
}

/// All that what comes depends on.
fn state<T>(stage: &Stage<T>, turns: &[Turn]) -> Digest {
    let mut text = stage.disk.lock().unwrap().digest().to_string();
    for stand in &stage.stands {
        text.push_str(&match stand {
            Stand::At(op, seen) => format!("\n{} {} {seen}", op.what, op.path.display()),
            Stand::Ended(_, seen) => format!("\nended {seen}"),
            Stand::Dead => "\ndead".to_owned(),
        });
    }
    // Failures and deaths that are left are part of it.
    let had = |fates: &[Fate]| turns.iter().filter(|turn| fates.contains(&turn.fate)).count();
    text.push_str(&format!(
        "\n{} {}",
        had(&[Fate::Fail, Fate::LoseAnswer]),
        had(&[Fate::Die])
    ));
    Digest::of(text.as_bytes())
}

/// How many ways there are from a state to an end.
fn orders(seen: &Seen, root: Digest) -> u128 {
    let mut known: BTreeMap<Digest, u128> = BTreeMap::new();
    let mut open = vec![root];
    while let Some(at) = open.last().copied() {
        let next = &seen.next[&at];
        let unknown: Vec<Digest> = next
            .iter()
            .filter(|one| !known.contains_key(one))
            .copied()
            .collect();
        if !unknown.is_empty() {
            open.extend(unknown);
            continue;
        }
        open.pop();
        let ways = next
            .iter()
            .map(|one| known[one].saturating_mul(seen.turns[&(at, *one)]));
        let sum = ways.fold(0_u128, u128::saturating_add);
        known.insert(at, if next.is_empty() { 1 } else { sum });
    }
    known[&root]
}
