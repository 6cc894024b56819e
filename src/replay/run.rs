//! The portions of a replay on several threads, a bounded number of results under way.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::sync_channel;
use std::thread;

use super::fold::Stop;
use super::plan::Portion;

/// Returns how many threads there can be.
pub(super) fn threads() -> usize {
    thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

/// Calls `work` for each portion, and `take` on this thread with each result and the place of its portion, in any order.
/// Where portions stop, all others are worked on nevertheless; the first reason is returned.
pub(super) fn each<T: Send>(
    portions: &[Portion],
    work: impl Fn(&Portion) -> Result<T, Stop> + Sync,
    mut take: impl FnMut(usize, T),
) -> Result<(), Stop> {
    let mut stop: Option<Stop> = None;
    let mut note = |place, result| match result {
        Ok(result) => take(place, result),
        Err(reason) => {
            stop = Some(match stop.take() {
                Some(before) => before.or_first(reason),
                None => reason,
            });
        }
    };
    let next = AtomicUsize::new(0);
    let one = || {
        let place = next.fetch_add(1, Ordering::Relaxed);
        Some((place, work(portions.get(place)?)))
    };
    let threads = threads().min(portions.len());
    let (results, taken) = sync_channel(threads);
    thread::scope(|scope| {
        let mut started = 0;
        for _ in 0..threads.saturating_sub(usize::from(portions.len() == 1)) {
            let results = results.clone();
            let one = &one;
            let run = move || {
                while let Some(result) = one() {
                    if results.send(result).is_err() {
                        break;
                    }
                }
            };
            // Where no thread can be had, this one does the work.
            started += usize::from(thread::Builder::new().spawn_scoped(scope, run).is_ok());
        }
        drop(results);
        if started == 0 {
            while let Some((place, result)) = one() {
                note(place, result);
            }
        }
        for (place, result) in taken {
            note(place, result);
        }
    });
    stop.map_or(Ok(()), Err)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::replay::ReplayError;
    use crate::replay::plan::Subject;

    fn portions(count: usize) -> Vec<Portion> {
        let portion = |place| Portion {
            subject: Subject::All,
            batches: vec![place],
        };
        (0..count).map(portion).collect()
    }

    #[test]
    fn each_portion_is_worked_on_once() {
        for count in [0, 1, 2, 3, 40] {
            let mut found = Vec::new();
            let work = |portion: &Portion| Ok(portion.batches.clone());
            let done = each(&portions(count), work, |place, result| {
                found.push((place, result))
            });
            assert!(done.is_ok());
            found.sort();
            let expected: Vec<_> = (0..count).map(|place| (place, vec![place])).collect();
            assert_eq!(found, expected);
        }
    }

    #[test]
    fn the_first_failure_counts_unless_the_log_is_not_as_stated() {
        let failure = |place: usize| {
            Stop::Failure(
                (place, 0),
                ReplayError::Tree(crate::tree::TreeError::Missing {
                    id: crate::id::NodeId::of(b"node"),
                }),
            )
        };
        let first = |stops: &(dyn Fn(usize) -> Option<Stop> + Sync)| {
            let mut taken = 0;
            let work = |portion: &Portion| stops(portion.batches[0]).map_or(Ok(()), Err);
            let stop = each(&portions(9), work, |_, ()| taken += 1).unwrap_err();
            let place = match stop {
                Stop::Failure((place, _), _) => Some(place),
                Stop::NotAsStated => None,
            };
            (place, taken)
        };
        assert_eq!(first(&|place| (place > 2).then(|| failure(place))), (Some(3), 3));
        assert_eq!(
            first(&|place| (place > 2).then(|| failure(9 - place))),
            (Some(1), 3)
        );
        let mixed = |place| match place {
            4 => Some(Stop::NotAsStated),
            2 | 6 => Some(failure(place)),
            _ => None,
        };
        assert_eq!(first(&mixed), (None, 6));
    }
}
