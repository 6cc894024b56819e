//! What the parts of the reader share: the file's name, the report, and how a record is named in a message.

use std::fmt;

use super::super::report::LossReport;
use super::ids::RawId;

/// The shared state of one reading.
pub(super) struct Context<'f> {
    /// The file's name, for messages.
    pub(super) file: &'f str,
    /// Whether NaN and Infinity literals were replaced by markers (see `text`).
    pub(super) has_literals: bool,
    /// What a person is told.
    pub(super) report: LossReport,
    /// Warnings about the record that is being read, whose id may come later.
    notes: Vec<(&'static str, String)>,
}

/// A record of the file.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    /// Its list.
    pub(super) list: &'static str,
    /// Its index there.
    pub(super) index: usize,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}[{}]", self.list, self.index)
    }
}

impl<'f> Context<'f> {
    /// Begins a reading.
    pub(super) fn new(file: &'f str) -> Self {
        Self {
            file,
            has_literals: false,
            report: LossReport::default(),
            notes: Vec::new(),
        }
    }

    /// Begins again, keeping only what was said before the first record.
    pub(super) fn again(self) -> Self {
        let mut next = Self::new(self.file);
        let marks = self
            .report
            .warnings
            .iter()
            .find(|entry| entry.code == "byte_order_mark");
        if let Some(entry) = marks {
            next.report.warnings.add(entry.code, || entry.message);
        }
        next
    }

    /// Warns about the record that is being read.
    pub(super) fn note(&mut self, code: &'static str, text: impl FnOnce() -> String) {
        let told = self.report.warnings.count(code) > 0 || self.notes.iter().any(|(seen, _)| *seen == code);
        self.notes.push((code, if told { String::new() } else { text() }));
    }

    /// Reports the notes of a record, now that it is read.
    pub(super) fn end_record(&mut self, place: Place, id: &RawId) {
        let file = self.file;
        for (code, text) in self.notes.drain(..) {
            self.report
                .warnings
                .add(code, || format!("{}: {text}", named(file, place, id)));
        }
    }

    /// Reports the notes of something that is no record of a list.
    pub(super) fn end_part(&mut self, part: &str) {
        let file = self.file;
        for (code, text) in self.notes.drain(..) {
            self.report
                .warnings
                .add(code, || format!("{file}, {part}: {text}"));
        }
    }

    /// Reports a record, or a part of one, that is not taken over.
    pub(super) fn lose(
        &mut self,
        code: &'static str,
        place: Place,
        id: &RawId,
        why: impl FnOnce() -> String,
    ) {
        let file = self.file;
        self.report
            .losses
            .add(code, || format!("{}: {}", named(file, place, id), why()));
    }

    /// Reports what deserves a look.
    pub(super) fn warn(
        &mut self,
        code: &'static str,
        place: Place,
        id: &RawId,
        why: impl FnOnce() -> String,
    ) {
        let file = self.file;
        self.report
            .warnings
            .add(code, || format!("{}: {}", named(file, place, id), why()));
    }
}

/// Names a record: `MIDOG.json, annotations[17] (id 18)`.
fn named(file: &str, place: Place, id: &RawId) -> String {
    match id {
        RawId::Id(id) => format!("{file}, {place} (id {id})"),
        RawId::Absent | RawId::Null | RawId::Unusable => format!("{file}, {place}"),
    }
}
