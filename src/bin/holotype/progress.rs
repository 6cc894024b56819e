//! Bars that show how far long work has come: on a terminal, and only where somebody wants to read more than results.

use std::sync::atomic::{AtomicU64, Ordering};

use holotype::import::load::FoundSource;
use holotype::import::progress::{Progress, Stage};
use holotype::release::{ReleaseProgress, ReleaseStage};
use indicatif::{ProgressBar, ProgressStyle};

use crate::output::{Output, shows_progress};

/// Less is read before anybody would look.
const LONG_BYTES: u64 = 8 << 20;
/// Fewer files are read before anybody would look.
const MANY_FILES: u64 = 100;
/// A bar is told of annotations in portions, as telling costs more than reading one.
const PORTION: u64 = 1 << 10;

/// A bar for an import: what is done with the one file, or how many of many files are done.
pub(crate) struct ImportBar {
    bar: ProgressBar,
    counts: Counts,
    /// What the bar was not told yet.
    waiting: AtomicU64,
}

/// What a bar counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Counts {
    /// What each stage with a file counts.
    Stages,
    /// Files.
    Files,
}

impl ImportBar {
    /// A bar for these files; a hidden one where the work is short or nobody would see it.
    pub(crate) fn new(out: &Output, sources: &[FoundSource]) -> Self {
        let bytes: u64 = sources.iter().map(|source| source.place.size_bytes()).sum();
        let files = u64::try_from(sources.len()).unwrap_or(u64::MAX);
        let is_long = bytes >= LONG_BYTES || files >= MANY_FILES;
        let bar = if is_long && !out.json && shows_progress(out.quiet) {
            ProgressBar::new(0)
        } else {
            ProgressBar::hidden()
        };
        let counts = if files > 1 { Counts::Files } else { Counts::Stages };
        if counts == Counts::Files {
            bar.set_length(files);
            bar.set_style(style("{bar:30} {pos}/{len} files, {eta} left"));
        }
        Self {
            bar,
            counts,
            waiting: AtomicU64::new(0),
        }
    }

    /// A file is done.
    pub(crate) fn end_file(&self) {
        match self.counts {
            Counts::Files => self.bar.inc(1),
            Counts::Stages => self.bar.finish_and_clear(),
        }
    }
}

impl Drop for ImportBar {
    fn drop(&mut self) {
        // Also when it ends with an error, whose line must not follow half a bar.
        self.bar.finish_and_clear();
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}

impl Progress for ImportBar {
    fn begin(&self, stage: Stage, total: u64) {
        if self.counts == Counts::Files {
            return;
        }
        self.waiting.store(0, Ordering::Relaxed);
        self.bar.reset();
        self.bar.set_length(total);
        self.bar.set_style(style(match stage {
            Stage::Reading => "reading    {bar:30} {bytes}/{total_bytes} {bytes_per_sec}, {eta} left",
            Stage::Comparing => "comparing  {bar:30} {pos}/{len} annotations, {eta} left",
            Stage::Recording => "recording  {bar:30} {pos}/{len} annotations, {eta} left",
        }));
    }

    fn advance(&self, count: u64) {
        if self.counts == Counts::Files {
            return;
        }
        let waiting = self.waiting.fetch_add(count, Ordering::Relaxed) + count;
        if waiting >= PORTION {
            self.waiting.store(0, Ordering::Relaxed);
            self.bar.inc(waiting);
        }
    }
}

/// A bar for a release.
pub(crate) struct ReleaseBar {
    bar: ProgressBar,
    stage: AtomicU64,
}

impl ReleaseBar {
    /// A bar; a hidden one where nobody would see it.
    pub(crate) fn new(out: &Output) -> Self {
        let bar = if !out.json && shows_progress(out.quiet) {
            ProgressBar::new(0)
        } else {
            ProgressBar::hidden()
        };
        Self {
            bar,
            stage: AtomicU64::new(0),
        }
    }

    /// Shows how far it has come.
    pub(crate) fn tell(&self, progress: ReleaseProgress) {
        let (number, template) = match progress.stage {
            ReleaseStage::Exporting => (1, "exporting  {bar:30} {pos}/{len} annotations, {eta} left"),
            ReleaseStage::ReadingBack => (2, "reading    {bar:30} {pos}/{len} files, {eta} left"),
        };
        if self.stage.swap(number, Ordering::Relaxed) != number {
            self.bar.reset();
            self.bar.set_style(style(template));
        }
        self.bar.set_length(progress.total);
        // Threads tell in any order; a step back would spoil the estimate.
        if progress.done > self.bar.position() {
            self.bar.set_position(progress.done);
        }
    }
}

impl Drop for ReleaseBar {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

#[cfg(test)]
mod tests {
    use holotype::files::input::FoundFile;
    use holotype::import::format::Format;
    use holotype::import::load::SourcePlace;

    use super::*;

    fn sources(count: usize, size_bytes: u64) -> Vec<FoundSource> {
        let one = FoundSource {
            place: SourcePlace::File(FoundFile {
                name: "a.json".to_owned(),
                path: "a.json".into(),
                size_bytes,
            }),
            format: Format::Coco,
            why: None,
        };
        vec![one; count]
    }

    #[test]
    fn nothing_is_shown_without_a_terminal_or_where_results_are_wanted_alone() {
        for (json, quiet) in [(true, false), (false, true), (true, true)] {
            let bar = ImportBar::new(&Output::new(json, quiet), &sources(1, 1 << 30));
            assert!(bar.bar.is_hidden());
        }
        let short = ImportBar::new(&Output::new(false, false), &sources(1, 1000));
        assert!(short.bar.is_hidden());
    }

    #[test]
    fn a_release_shows_what_it_is_doing() {
        let bar = ReleaseBar::new(&Output::new(true, false));
        assert!(bar.bar.is_hidden());
        let told = |stage, done, total| {
            bar.tell(ReleaseProgress { stage, done, total });
            (bar.bar.position(), bar.bar.length())
        };
        assert_eq!(told(ReleaseStage::Exporting, 7, 9), (7, Some(9)));
        assert_eq!(told(ReleaseStage::ReadingBack, 1, 3), (1, Some(3)));
    }

    #[test]
    fn many_files_are_counted_and_of_one_its_parts() {
        let out = Output::new(true, false);
        let many = ImportBar::new(&out, &sources(200, 10));
        many.begin(Stage::Reading, 10);
        many.advance(10);
        assert_eq!((many.bar.length(), many.bar.position()), (Some(200), 0));
        many.end_file();
        assert_eq!(many.bar.position(), 1);
        let one = ImportBar::new(&out, &sources(1, 1 << 30));
        one.begin(Stage::Recording, 5000);
        for _ in 0..5000 {
            one.advance(1);
        }
        assert_eq!(one.bar.length(), Some(5000));
        let behind = 5000 - one.bar.position();
        assert!(behind < PORTION, "{behind}");
    }
}
