//! Threads that work one at a time: each asks before an operation on what they share, and goes on when it is told to.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use holotype::id::Digest;
use holotype::store::LockMode;

use crate::memory::{Disk, MemoryVfs, Plant};

/// What an operation shall do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It is about nothing that is shared.
    Free,
    /// It takes effect.
    Work,
    /// It takes effect, and who asked for it is told of a failure.
    LoseAnswer,
    /// It fails without effect.
    Fail,
    /// Its process was killed before it.
    Die,
}

/// An operation that waits for its turn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Op {
    pub(crate) what: &'static str,
    pub(crate) path: PathBuf,
    pub(crate) lock: Option<LockMode>,
}

enum Message<T> {
    /// It wants to do this; the digest is that of all that it has seen.
    At(Op, Digest),
    Ended(T, Digest),
}

/// The end of the line at a thread: what it asks through.
pub(crate) struct Hand {
    pub(crate) who: usize,
    is_shared: fn(&Path) -> bool,
    ask: Box<dyn Fn(Op, Digest) + Send + Sync>,
    answers: Mutex<Receiver<Fate>>,
    seen: Mutex<Digest>,
    is_dead: AtomicBool,
}

impl Hand {
    /// Waits for the turn of an operation.
    pub(crate) fn ask(&self, what: &'static str, path: &Path, lock: Option<LockMode>) -> Fate {
        if self.is_dead.load(Ordering::SeqCst) {
            return Fate::Die;
        }
        if !(self.is_shared)(path) {
            return Fate::Free;
        }
        let path = path.to_owned();
        (self.ask)(Op { what, path, lock }, *self.seen.lock().unwrap());
        let fate = self.answers.lock().unwrap().recv().unwrap_or(Fate::Die);
        if fate == Fate::Die {
            self.is_dead.store(true, Ordering::SeqCst);
        }
        fate
    }

    /// Notes what an operation gave.
    pub(crate) fn saw(&self, result: &str) {
        let mut seen = self.seen.lock().unwrap();
        *seen = Digest::of(format!("{} {result}", *seen).as_bytes());
    }
}

/// What a process does with its files; its end is what it was told.
pub(crate) type Process<T> = Arc<dyn Fn(MemoryVfs) -> T + Send + Sync>;

/// Where a process stands.
pub(crate) enum Stand<T> {
    At(Op, Digest),
    Ended(T, Digest),
    /// It was killed.
    Dead,
}

/// Processes at work on one disk.
pub(crate) struct Stage<T> {
    pub(crate) disk: Arc<Mutex<Disk>>,
    pub(crate) stands: Vec<Stand<T>>,
    tell: Vec<Sender<Fate>>,
    messages: Vec<Receiver<Message<T>>>,
    threads: Vec<JoinHandle<()>>,
}

impl<T: Send + 'static> Stage<T> {
    /// Starts the processes; each stands at its first operation on what is shared.
    pub(crate) fn begin(
        disk: Disk,
        processes: &[Process<T>],
        is_shared: fn(&Path) -> bool,
        plant: Plant,
    ) -> Self {
        let mut stage = Self {
            disk: Arc::new(Mutex::new(disk)),
            stands: Vec::new(),
            tell: Vec::new(),
            messages: Vec::new(),
            threads: Vec::new(),
        };
        for (who, process) in processes.iter().enumerate() {
            let (tell, answers) = channel();
            let (sender, messages) = channel();
            let asking = sender.clone();
            let hand = Arc::new(Hand {
                who,
                is_shared,
                ask: Box::new(move |op, seen| drop(asking.send(Message::At(op, seen)))),
                answers: Mutex::new(answers),
                seen: Mutex::new(Digest::of(b"")),
                is_dead: AtomicBool::new(false),
            });
            let vfs = MemoryVfs::new(&stage.disk, Some(Arc::clone(&hand)), plant);
            let process = Arc::clone(process);
            stage.threads.push(std::thread::spawn(move || {
                let end = process(vfs);
                let _ = sender.send(Message::Ended(end, *hand.seen.lock().unwrap()));
            }));
            stage.tell.push(tell);
            stage.messages.push(messages);
            let stand = stage.listen(who);
            stage.stands.push(stand);
        }
        stage
    }

    fn listen(&self, who: usize) -> Stand<T> {
        match self.messages[who].recv().expect("a process does not panic") {
            Message::At(op, seen) => Stand::At(op, seen),
            Message::Ended(end, seen) => Stand::Ended(end, seen),
        }
    }

    /// Lets one process go on to its next operation or its end.
    pub(crate) fn go(&mut self, who: usize, fate: Fate) {
        self.tell[who].send(fate).unwrap();
        let stand = self.listen(who);
        self.stands[who] = if fate == Fate::Die {
            assert!(matches!(stand, Stand::Ended(..)), "the dead ask for nothing");
            self.disk.lock().unwrap().bury(who);
            Stand::Dead
        } else {
            stand
        };
    }
}

impl<T> Drop for Stage<T> {
    fn drop(&mut self) {
        // Whoever waits is told to die.
        self.tell.clear();
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}
