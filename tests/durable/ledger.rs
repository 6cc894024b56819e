//! What a loss of power may take at this moment: bytes that were written and not synced, and names that were given or
//! taken in a folder that was not synced since. Nothing of it may be truth when a write is acknowledged.

#![allow(dead_code, reason = "each test program uses a part of this")]

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use holotype::store::{Lock, LockMode, RealVfs, Vfs};

use crate::hooks::{HookVfs, Op};

/// The one file whose last lines may be lost.
const WITNESS: &str = "refs/witness";

/// What was done, and what of it a loss of power may take.
#[derive(Default)]
struct State {
    done: Vec<(Op, PathBuf)>,
    contents: BTreeSet<PathBuf>,
    names: BTreeSet<PathBuf>,
    /// Whether the present operation makes a name, where it need not.
    is_new: bool,
    faults: Vec<String>,
}

/// A record of what is done to the files of one repository.
#[derive(Clone)]
pub(crate) struct Ledger {
    root: PathBuf,
    /// A name that may come back.
    spared: Option<&'static str>,
    state: Arc<Mutex<State>>,
}

impl Ledger {
    /// Begins a record for the repository in `dir`.
    pub(crate) fn new(dir: &Path) -> Self {
        Self {
            root: dir.join(".holotype"),
            spared: None,
            state: Arc::default(),
        }
    }

    /// As this record, but for a name that was taken and may come back after a loss of power.
    pub(crate) fn sparing(mut self, name: &'static str) -> Self {
        self.spared = Some(name);
        self
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Real files, whose operations stand in this record.
    pub(crate) fn vfs(&self) -> Arc<dyn Vfs> {
        let (before, after) = (self.clone(), self.clone());
        HookVfs::telling(
            move |op, path| {
                before.begin(op, path);
                Ok(())
            },
            move |op, path| after.end(op, path),
        )
    }

    /// Notes that another process gave or took this name and died before it synced the folder.
    pub(crate) fn doubt(&self, relative: &str) {
        let path = self.root.join(relative);
        self.state().names.insert(path);
    }

    /// What a loss of power may take of the truth, as paths below the repository.
    pub(crate) fn pending(&self) -> Vec<String> {
        let state = self.state();
        let contents = state.contents.iter().map(|path| (path, "the bytes of"));
        let names = state.names.iter().map(|path| (path, "the name"));
        contents
            .chain(names)
            .filter(|(path, what)| self.is_truth(path, what))
            .map(|(path, what)| format!("{what} {}", self.relative(path)))
            .collect()
    }

    /// Returns what was done out of order, and what was done, and begins anew.
    pub(crate) fn take(&self) -> (Vec<String>, Vec<(Op, String)>) {
        let mut state = self.state();
        let done = std::mem::take(&mut state.done);
        let named = done.into_iter().map(|(op, path)| (op, self.relative(&path)));
        let done = named.collect();
        (std::mem::take(&mut state.faults), done)
    }

    fn relative(&self, path: &Path) -> String {
        let below = path.strip_prefix(&self.root).unwrap_or(path);
        below.display().to_string()
    }

    /// What is derived or temporary may be lost, and lines of the witness may lag.
    fn is_truth(&self, path: &Path, what: &str) -> bool {
        let relative = self.relative(path);
        let may_vanish = ["derived/", "tmp/"]
            .iter()
            .any(|folder| relative.starts_with(folder));
        let is_spared = what == "the name" && self.spared == Some(&relative) && !path.exists();
        let is_witness = relative == WITNESS && what == "the bytes of";
        !may_vanish && !is_witness && !is_spared
    }

    /// Checks the order: the file `format` and every ref come after all that they lead to, and nothing is removed
    /// before what stands for it is durable.
    fn begin(&self, op: Op, path: &Path) {
        let relative = self.relative(path);
        let is_last = op == Op::Link
            || (op == Op::Rename && relative == "format")
            || (op == Op::Remove && self.is_truth(path, "the name"));
        if is_last {
            // That the repository itself has a name is told when all is done; a ref may be there already.
            let own = ["the name ".to_owned(), format!("the name {relative}")];
            let mut pending = self.pending();
            pending.retain(|one| !own.contains(one));
            if !pending.is_empty() {
                let fault = format!("{op:?} {relative} before these were durable: {pending:?}");
                self.state().faults.push(fault);
            }
        }
        self.state().is_new = !path.exists();
    }

    fn end(&self, op: Op, path: &Path) {
        let is_truth = self.is_truth(path, "the name");
        let mut state = self.state();
        let path = path.to_owned();
        state.done.push((op, path.clone()));
        match op {
            Op::Create | Op::Write | Op::Truncate => {
                state.contents.insert(path.clone());
                if state.is_new {
                    state.names.insert(path);
                }
            }
            Op::Append => {
                state.contents.insert(path);
            }
            Op::Sync => {
                state.contents.remove(&path);
            }
            Op::RenameFrom | Op::LinkFrom => {
                let is_unsynced = state.contents.contains(&path) && self.relative(&path) != WITNESS;
                if op == Op::RenameFrom {
                    state.contents.remove(&path);
                    state.names.insert(path.clone());
                }
                // What it becomes is told next.
                state.is_new = is_unsynced;
            }
            Op::Rename | Op::RenameNew | Op::Link => {
                if state.is_new {
                    state.contents.insert(path.clone());
                    if is_truth {
                        let fault = format!("{} got its name before its bytes were synced", path.display());
                        state.faults.push(fault);
                    }
                }
                state.names.insert(path);
            }
            Op::Remove => {
                state.contents.remove(&path);
                state.names.insert(path);
            }
            Op::CreateDir => {
                if state.is_new {
                    state.names.insert(path);
                }
            }
            Op::SyncDir => state.names.retain(|name| name.parent() != Some(&path)),
            Op::Open | Op::Read | Op::ReadAt | Op::List | Op::Look | Op::Lock => {}
        }
    }
}

/// Whether somebody holds the kernel lock on a file or folder.
pub(crate) fn is_locked(path: &Path) -> bool {
    let taken: io::Result<Box<dyn Lock>> = RealVfs.lock(path, LockMode::TryExclusive);
    taken.is_err_and(|error| error.kind() == io::ErrorKind::WouldBlock)
}
