//! Loss of power, by a model of what a disk keeps: between any two operations on files the content that was synced and the
//! names that were synced stand, and of all else anything may: nothing, all, names without content, content without names,
//! a part of the bytes, the names of one folder alone. Where a foreign process makes the file system write its journal
//! (K03), names run ahead of the bytes behind them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use holotype::id::Digest;
use holotype::repo::{Repo, RepoError};

use super::hooks::{HookVfs, Op};
use super::tree::copy_tree;
use super::{Standing, open, standing};

/// What a name stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Node {
    Folder,
    File(u64),
}

/// Names below a folder.
type Names = BTreeMap<PathBuf, Node>;
/// Contents by inode.
type Contents = BTreeMap<u64, Vec<u8>>;
/// What can be found after a cut: folders as `None`.
type State = BTreeMap<PathBuf, Option<Vec<u8>>>;

/// The names and contents that a folder has now.
fn look(root: &Path) -> (Names, Contents) {
    fn walk(root: &Path, folder: &Path, names: &mut Names, contents: &mut Contents) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.strip_prefix(root).unwrap().to_owned();
            if path.is_dir() {
                names.insert(name, Node::Folder);
                walk(root, &path, names, contents);
            } else {
                let inode = fs::metadata(&path).unwrap().ino();
                names.insert(name, Node::File(inode));
                contents.insert(inode, fs::read(&path).unwrap());
            }
        }
    }
    let (mut names, mut contents) = (Names::new(), Contents::new());
    walk(root, root, &mut names, &mut contents);
    (names, contents)
}

/// The folder in which a name stands.
fn folder_of(name: &Path) -> &Path {
    name.parent().unwrap_or(Path::new(""))
}

/// A disk under an operation: what is durable of it, and the states that a cut could have left so far.
struct Disk {
    root: PathBuf,
    names: Names,
    contents: Contents,
    /// The operation before this one, which has taken effect by now.
    last: Option<(Op, PathBuf)>,
    /// Files that were removed stay open, so that no other file gets their inode.
    held: Vec<fs::File>,
    /// A kind of sync that is taken for one that does nothing.
    ignored: Option<Op>,
    states: BTreeMap<Digest, State>,
}

impl Disk {
    fn new(root: &Path, ignored: Option<Op>) -> Self {
        let (names, contents) = look(root);
        Self {
            root: root.to_owned(),
            names,
            contents,
            last: None,
            held: Vec::new(),
            ignored,
            states: BTreeMap::new(),
        }
    }

    /// Notes that an operation is about to happen, and what a cut before it leaves.
    fn before(&mut self, op: Op, path: &Path) {
        if !op.changes() {
            return;
        }
        self.settle();
        self.cut();
        if matches!(op, Op::Remove | Op::Rename) {
            self.held.extend(fs::File::open(path).ok());
        }
        self.last = Some((op, path.to_owned()));
    }

    /// Applies what the last operation made durable.
    fn settle(&mut self) {
        let Some((op, path)) = self.last.take().filter(|(op, _)| Some(*op) != self.ignored) else {
            return;
        };
        match op {
            Op::Sync => {
                let inode = fs::metadata(&path).unwrap().ino();
                self.contents.insert(inode, fs::read(&path).unwrap());
            }
            Op::SyncDir => self.sync_names(&path),
            Op::Create
            | Op::Write
            | Op::Append
            | Op::Truncate
            | Op::RenameFrom
            | Op::LinkFrom
            | Op::RenameNew
            | Op::Rename
            | Op::Link
            | Op::Remove
            | Op::CreateDir
            | Op::Open
            | Op::Read
            | Op::ReadAt
            | Op::List
            | Op::Look
            | Op::Lock => {}
        }
    }

    /// The names in one folder are as they are now.
    fn sync_names(&mut self, folder: &Path) {
        let folder = folder
            .strip_prefix(&self.root)
            .unwrap_or(Path::new(""))
            .to_owned();
        let (now, _) = look(&self.root);
        self.names = with_folder(&self.names, &now, &folder);
    }

    /// Collects what a loss of power could leave now.
    fn cut(&mut self) {
        let (now, written) = look(&self.root);
        let behind: BTreeSet<&Path> = now
            .iter()
            .filter(|(name, node)| self.names.get(*name) != Some(node))
            .chain(
                self.names
                    .iter()
                    .filter(|(name, node)| now.get(*name) != Some(node)),
            )
            .map(|(name, _)| folder_of(name))
            .collect();
        let mut choices = vec![self.names.clone(), now.clone()];
        for folder in behind {
            choices.push(with_folder(&self.names, &now, folder));
            choices.push(with_folder(&now, &self.names, folder));
        }
        for names in &choices {
            for part in [Part::Durable, Part::Half, Part::All] {
                let state = self.state(names, &written, part);
                self.states.insert(digest(&state), state);
            }
        }
    }

    /// What the names lead to, when so much of what was written is there.
    fn state(&self, names: &Names, written: &Contents, part: Part) -> State {
        let content = |inode: &u64| {
            let durable = self.contents.get(inode).cloned().unwrap_or_default();
            let written = written.get(inode).unwrap_or(&durable);
            match part {
                Part::Durable => durable,
                Part::All => written.clone(),
                // As many bytes as lie between the two lengths, halved, of what was written.
                Part::Half => {
                    written[..usize::midpoint(durable.len(), written.len()).min(written.len())].to_vec()
                }
            }
        };
        let is_reached = |name: &Path| {
            let above = name.ancestors().skip(1).filter(|at| !at.as_os_str().is_empty());
            above.into_iter().all(|at| names.get(at) == Some(&Node::Folder))
        };
        let found = names.iter().filter(|(name, _)| is_reached(name));
        found
            .map(|(name, node)| match node {
                Node::Folder => (name.clone(), None),
                Node::File(inode) => (name.clone(), Some(content(inode))),
            })
            .collect()
    }
}

/// How much is there of what was written and not synced.
#[derive(Debug, Clone, Copy)]
enum Part {
    Durable,
    Half,
    All,
}

/// Names, with those of one folder taken from elsewhere.
fn with_folder(names: &Names, from: &Names, folder: &Path) -> Names {
    let others = names.iter().filter(|(name, _)| folder_of(name) != folder);
    let own = from.iter().filter(|(name, _)| folder_of(name) == folder);
    others
        .chain(own)
        .map(|(name, node)| (name.clone(), *node))
        .collect()
}

fn digest(state: &State) -> Digest {
    let mut bytes = Vec::new();
    for (name, content) in state {
        bytes.extend(format!("{} {:?}\n", name.display(), content.as_ref().map(Vec::len)).bytes());
        bytes.extend(content.iter().flatten());
    }
    Digest::of(&bytes)
}

fn write(state: &State, root: &Path) {
    for (name, content) in state {
        match content {
            None => fs::create_dir(root.join(name)).unwrap(),
            Some(bytes) => fs::write(root.join(name), bytes).unwrap(),
        }
    }
}

/// All that a loss of power could leave during an operation, and after it was acknowledged.
fn cuts(
    base: &Path,
    ignored: Option<Op>,
    operation: &dyn Fn(&Repo) -> Result<(), RepoError>,
) -> (Vec<State>, Vec<State>) {
    let dir = tempfile::tempdir().unwrap();
    copy_tree(base, dir.path());
    let disk = Arc::new(Mutex::new(Disk::new(dir.path(), ignored)));
    let noted = Arc::clone(&disk);
    let vfs = HookVfs::new(move |op, path| {
        noted
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .before(op, path);
        Ok(())
    });
    operation(&open(vfs, dir.path()).unwrap()).unwrap();
    let mut disk = disk.lock().unwrap();
    let during = std::mem::take(&mut disk.states);
    disk.settle();
    disk.cut();
    let after = std::mem::take(&mut disk.states);
    (during.into_values().collect(), after.into_values().collect())
}

/// Cuts the power at every place of an operation: the old or the new state stands, after the acknowledgement the new one,
/// and a second try succeeds. Returns how many states were tried.
pub(crate) fn check(
    base: &Path,
    old: &Standing,
    new: &Standing,
    ignored: Option<Op>,
    operation: &dyn Fn(&Repo) -> Result<(), RepoError>,
) -> usize {
    let (during, after) = cuts(base, ignored, operation);
    let tried = during.len() + after.len();
    let acknowledged = after.into_iter().map(|state| (state, true));
    for (state, is_acknowledged) in during.into_iter().map(|state| (state, false)).chain(acknowledged) {
        let dir = tempfile::tempdir().unwrap();
        write(&state, dir.path());
        let found = standing(dir.path());
        assert!(
            found == *new || (found == *old && !is_acknowledged),
            "{is_acknowledged}: {found:?}"
        );
        if found != *new {
            operation(&open(Arc::new(holotype::store::RealVfs), dir.path()).unwrap()).unwrap();
            assert_eq!(standing(dir.path()), *new, "a second try");
        }
    }
    tried
}
