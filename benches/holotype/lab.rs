//! The folder in which everything is measured: generated files that later runs find again, and repositories that no
//! run finds, since the program that made them may have changed.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::BufWriter;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use crate::dataset::{Wanted, write_coco};
use crate::measure::Outcome;
use crate::options::{Options, size_name};
use crate::process::{holotype, inside, run, whole};

/// Each repository can be changed so many times.
const EDITS_MAX: u64 = 40_000;

/// The folder.
pub(crate) struct Lab {
    data: PathBuf,
    work: PathBuf,
    next: Cell<u64>,
    repositories: RefCell<BTreeMap<u64, Rc<Repository>>>,
    /// Repetitions of each measurement.
    pub(crate) repetitions: usize,
}

/// A repository with one import, whose annotations are relabelled one after the other.
pub(crate) struct Repository {
    /// Where it is.
    pub(crate) dir: PathBuf,
    /// What was imported.
    pub(crate) source: PathBuf,
    /// Annotations.
    pub(crate) size: u64,
    lines: Vec<String>,
    next: Cell<usize>,
}

impl Drop for Lab {
    fn drop(&mut self) {
        // What stays behind is removed by the next run.
        let _ = fs::remove_dir_all(&self.work);
    }
}

impl Lab {
    /// Makes the folder; what an earlier run left there is removed.
    pub(crate) fn open(options: &Options) -> Outcome<Self> {
        let root = Path::new(env!("CARGO_TARGET_TMPDIR")).join("bench");
        let (data, work) = (root.join("data"), root.join("work"));
        if work.exists() {
            fs::remove_dir_all(&work)?;
        }
        fs::create_dir_all(&data)?;
        fs::create_dir_all(&work)?;
        Ok(Self {
            data,
            work,
            next: Cell::new(0),
            repositories: RefCell::default(),
            repetitions: options.repetitions,
        })
    }

    /// Returns a path that nothing is at.
    pub(crate) fn fresh(&self, name: &str) -> PathBuf {
        let number = self.next.get();
        self.next.set(number + 1);
        self.work.join(format!("{name}-{number}"))
    }

    /// Returns a COCO file of so many boxes; a tenth of a percent as many images, a hundred at least.
    pub(crate) fn source(&self, size: u64) -> Outcome<PathBuf> {
        let wanted = Wanted::boxes((size / 1000).max(100), size);
        let path = self.data.join(format!("boxes-{}.json", size_name(size)));
        if !path.exists() {
            let temporary = self.fresh("generated");
            let mut out = BufWriter::with_capacity(1 << 20, File::create(&temporary)?);
            write_coco(&wanted, &mut out)?;
            out.into_inner()?.sync_all()?;
            fs::rename(temporary, &path)?;
        }
        Ok(path)
    }

    /// Makes a repository with nothing in it.
    pub(crate) fn empty_repository(&self) -> Outcome<PathBuf> {
        let dir = self.fresh("repository");
        fs::create_dir_all(&dir)?;
        run(&mut holotype(&dir, &["init", "--name", "bench"]))?;
        Ok(dir)
    }

    /// Returns the repository with so many annotations; it is made once.
    pub(crate) fn repository(&self, size: u64) -> Outcome<Rc<Repository>> {
        if let Some(found) = self.repositories.borrow().get(&size) {
            return Ok(Rc::clone(found));
        }
        let made = Rc::new(self.make_repository(size)?);
        self.repositories.borrow_mut().insert(size, Rc::clone(&made));
        Ok(made)
    }

    /// Makes a repository with so many annotations, for one measurement alone.
    pub(crate) fn make_repository(&self, size: u64) -> Outcome<Repository> {
        let source = self.source(size)?;
        let dir = self.empty_repository()?;
        run(&mut import(&dir, &source))?;
        let lines = self.fresh("lines");
        let wanted = EDITS_MAX.min(size).to_string();
        inside("relabels", &[text(&dir), &wanted, text(&lines)])?;
        let lines = fs::read_to_string(&lines)?;
        Ok(Repository {
            dir,
            source,
            size,
            lines: lines.lines().map(str::to_owned).collect(),
            next: Cell::new(0),
        })
    }
}

impl Repository {
    /// Writes a file of `record` lines that each change an annotation which none has changed before. The first call
    /// commits one line beforehand, which makes the annotator known.
    pub(crate) fn lines(&self, lab: &Lab, count: usize) -> Outcome<PathBuf> {
        if self.next.get() == 0 {
            let first = self.next_lines(lab, 1)?;
            run(record(&self.dir, &first).arg("--create"))?;
        }
        self.next_lines(lab, count)
    }

    fn next_lines(&self, lab: &Lab, count: usize) -> Outcome<PathBuf> {
        let begin = self.next.get();
        let part = self.lines.get(begin..begin + count);
        let part = part.ok_or("there are too few annotations to change; take a larger --size")?;
        self.next.set(begin + count);
        let path = lab.fresh("lines");
        fs::write(&path, part.join("\n") + "\n")?;
        Ok(path)
    }

    /// Returns how many annotations can still be changed.
    pub(crate) fn lines_left(&self) -> usize {
        self.lines.len() - self.next.get().max(1)
    }

    /// Commits so many changes at once.
    pub(crate) fn commit(&self, lab: &Lab, count: usize) -> Outcome<()> {
        run(&mut record(&self.dir, &self.lines(lab, count)?))?;
        Ok(())
    }

    /// Returns the id of the next annotation that will be changed.
    pub(crate) fn an_annotation(&self) -> Outcome<String> {
        let line = self.lines.get(self.next.get()).ok_or("no annotation is left")?;
        let line: serde_json::Value = serde_json::from_str(line)?;
        let id = line.get("annotation").and_then(serde_json::Value::as_str);
        Ok(id.ok_or("the line has no annotation")?.to_owned())
    }

    /// Returns a fact about the latest version.
    pub(crate) fn fact(&self, name: &str) -> Outcome<u64> {
        whole(&inside("facts", &[text(&self.dir)])?.0, name)
    }
}

/// Makes the command that imports a file and commits.
pub(crate) fn import(dir: &Path, source: &Path) -> std::process::Command {
    holotype(dir, &["import", text(source), "--commit", "bench"])
}

/// Makes the command that records lines and commits.
pub(crate) fn record(dir: &Path, lines: &Path) -> std::process::Command {
    holotype(dir, &["record", text(lines), "--commit", "bench"])
}

/// Returns a path of the bench as text; they all are.
pub(crate) fn text(path: &Path) -> &str {
    path.to_str().unwrap_or_default()
}
