//! Work over many items on all cores, its results taken in the order of the items. A bounded number of items is under
//! way at a time, so that memory holds a few results, however many items there are.

use std::collections::VecDeque;
use std::num::NonZero;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Mutex, PoisonError};

/// How many items are under way, for each thread: enough that a thread has work while a large item is waited for.
const AHEAD: usize = 3;

/// Calls `work` for each item on several threads, and `take` on this one with each result, in the order of the items.
///
/// # Errors
/// The first that `take` returns; no further result is taken then.
pub fn in_order<I, T, E>(
    items: I,
    work: impl Fn(I::Item) -> T + Sync,
    mut take: impl FnMut(T) -> Result<(), E>,
) -> Result<(), E>
where
    I: IntoIterator,
    I::Item: Send,
    T: Send,
{
    let threads = std::thread::available_parallelism().map_or(1, NonZero::get);
    if threads == 1 {
        return items.into_iter().try_for_each(|item| take(work(item)));
    }
    let (jobs, queue) = sync_channel::<(I::Item, SyncSender<T>)>(threads * AHEAD);
    let queue = Mutex::new(queue);
    std::thread::scope(|scope| {
        let run = || {
            while let Some((item, result)) = next(&queue) {
                // Nobody waits any more when a result before this one was refused.
                let _ = result.send(work(item));
            }
        };
        let started = (0..threads)
            .filter(|_| std::thread::Builder::new().spawn_scoped(scope, run).is_ok())
            .count();
        if started == 0 {
            // No thread can be had.
            return items.into_iter().try_for_each(|item| take(work(item)));
        }
        let jobs = jobs;
        let mut waiting = VecDeque::new();
        for item in items {
            let (result, receiver) = sync_channel(1);
            if jobs.send((item, result)).is_err() {
                break;
            }
            waiting.push_back(receiver);
            if waiting.len() >= threads * AHEAD {
                take_first(&mut waiting, &mut take)?;
            }
        }
        while !waiting.is_empty() {
            take_first(&mut waiting, &mut take)?;
        }
        Ok(())
    })
}

fn next<J>(queue: &Mutex<Receiver<J>>) -> Option<J> {
    queue.lock().unwrap_or_else(PoisonError::into_inner).recv().ok()
}

/// Takes the result of the first item that is under way.
fn take_first<T, E>(
    waiting: &mut VecDeque<Receiver<T>>,
    take: &mut impl FnMut(T) -> Result<(), E>,
) -> Result<(), E> {
    // No result comes from a thread that panicked; the panic is passed on when all threads have ended.
    match waiting.pop_front().and_then(|receiver| receiver.recv().ok()) {
        Some(result) => take(result),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[test]
    fn results_come_in_order_and_few_at_a_time() {
        let under_way = AtomicUsize::new(0);
        let most = AtomicUsize::new(0);
        let mut taken = Vec::new();
        let items = (0..1000_u32).inspect(|_| {
            let now = under_way.fetch_add(1, Ordering::SeqCst) + 1;
            most.fetch_max(now, Ordering::SeqCst);
        });
        let work = |item: u32| {
            // Uneven work, so that results are ready out of order.
            (0..(item % 7) * 1000).fold(item, |sum, n| sum ^ n.rotate_left(item % 32));
            item
        };
        let result = in_order(items, work, |item| {
            under_way.fetch_sub(1, Ordering::SeqCst);
            taken.push(item);
            Ok::<_, Infallible>(())
        });
        assert_eq!(result, Ok(()));
        assert_eq!(taken, (0..1000).collect::<Vec<_>>());
        let threads = std::thread::available_parallelism().map_or(1, NonZero::get);
        assert!(most.load(Ordering::SeqCst) <= threads * AHEAD);
    }

    #[test]
    fn the_first_refusal_ends_it() {
        let mut taken = 0;
        let result = in_order(
            0..100_000,
            |item| item,
            |item| {
                taken += 1;
                if item == 41 { Err(item) } else { Ok(()) }
            },
        );
        assert_eq!((result, taken), (Err(41), 42));
    }
}
