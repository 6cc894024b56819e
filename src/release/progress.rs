//! How far a release has come, for a bar. Pure.

use std::sync::atomic::{AtomicU64, Ordering};

/// What a release is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReleaseStage {
    /// Annotations are written in all formats; annotations are counted.
    Exporting,
    /// Files are made durable, read back and hashed; files are counted.
    ReadingBack,
}

/// How far it has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReleaseProgress {
    /// What is being done.
    pub stage: ReleaseStage,
    /// How much of it is done.
    pub done: u64,
    /// How much there is.
    pub total: u64,
}

/// Takes progress, from several threads.
pub type TellProgress<'a> = dyn Fn(ReleaseProgress) + Sync + 'a;

/// A stage under way.
pub(super) struct Telling<'a> {
    to: Option<&'a TellProgress<'a>>,
    stage: ReleaseStage,
    total: u64,
    done: AtomicU64,
}

impl<'a> Telling<'a> {
    /// Begins a stage.
    pub(super) fn begin(to: Option<&'a TellProgress<'a>>, stage: ReleaseStage, total: u64) -> Self {
        Self {
            to,
            stage,
            total,
            done: AtomicU64::new(0),
        }
    }

    /// Says that more is done.
    pub(super) fn advance(&self, count: u64) {
        let done = self.done.fetch_add(count, Ordering::Relaxed) + count;
        if let Some(tell) = self.to {
            tell(ReleaseProgress {
                stage: self.stage,
                done,
                total: self.total,
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    #[test]
    fn a_stage_adds_up() {
        let told = Mutex::new(Vec::new());
        let tell = |progress: ReleaseProgress| told.lock().unwrap().push(progress.done);
        let telling = Telling::begin(Some(&tell), ReleaseStage::Exporting, 5);
        telling.advance(2);
        telling.advance(3);
        assert_eq!(*told.lock().unwrap(), [2, 5]);
        Telling::begin(None, ReleaseStage::ReadingBack, 1).advance(1);
    }
}
