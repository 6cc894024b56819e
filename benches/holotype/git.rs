//! The same rows in git, with every object and ref made durable as ours are.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::measure::{Outcome, Sample};
use crate::process::run;

/// A git repository.
pub(crate) struct Git(PathBuf);

impl Git {
    /// Makes a repository in a folder, which may hold files.
    pub(crate) fn init(dir: &Path) -> Outcome<Self> {
        std::fs::create_dir_all(dir)?;
        let git = Self(dir.to_owned());
        run(&mut git.command(&["init", "-q"]))?;
        Ok(git)
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new("git");
        command.arg("-C").arg(&self.0);
        for setting in [
            "core.fsync=all",
            "gc.auto=0",
            "user.name=A Bench",
            "user.email=bench@example.org",
        ] {
            command.args(["-c", setting]);
        }
        command.args(words);
        command
    }

    /// `git add PATH && git commit`.
    pub(crate) fn commit(&self, path: &str) -> Outcome<Sample> {
        let add = run(&mut self.command(&["add", path]))?;
        let commit = run(&mut self.command(&["commit", "-q", "-m", "change"]))?;
        Ok(Sample {
            seconds: add.seconds + commit.seconds,
            peak_bytes: add.peak_bytes.max(commit.peak_bytes),
        })
    }
}
