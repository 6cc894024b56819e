//! What the parts of a reader share while a file is read: its name, its report, and warnings about the record that is
//! being read, whose name in messages may not be known yet.

use std::fmt;

use super::super::report::LossReport;

/// The shared state of one reading.
pub(crate) struct Context<'f> {
    /// The file's name, for messages.
    pub(crate) file: &'f str,
    /// Whether NaN and Infinity literals were replaced by markers (see `text`).
    pub(crate) has_literals: bool,
    /// What a person is told.
    pub(crate) report: LossReport,
    /// Warnings about the record that is being read.
    notes: Vec<(&'static str, String)>,
}

impl<'f> Context<'f> {
    /// Begins a reading.
    pub(crate) fn new(file: &'f str) -> Self {
        Self {
            file,
            has_literals: false,
            report: LossReport::default(),
            notes: Vec::new(),
        }
    }

    /// Tells of a byte order mark before the text.
    pub(crate) fn tell_byte_order_mark(&mut self) {
        let file = self.file;
        self.report.warnings.add("byte_order_mark", || {
            format!("{file}: begins with a byte order mark, which JSON does not have; it was passed over")
        });
    }

    /// Forgets what was noted of a record that is read again.
    pub(crate) fn forget_notes(&mut self) {
        self.notes.clear();
    }

    /// Warns about the record that is being read.
    pub(crate) fn note(&mut self, code: &'static str, text: impl FnOnce() -> String) {
        let told = self.report.warnings.count(code) > 0 || self.notes.iter().any(|(seen, _)| *seen == code);
        self.notes.push((code, if told { String::new() } else { text() }));
    }

    /// Reports the notes of what was read, now that it has a name.
    pub(crate) fn end(&mut self, record: &dyn fmt::Display) {
        let file = self.file;
        for (code, text) in self.notes.drain(..) {
            self.report
                .warnings
                .add(code, || format!("{file}, {record}: {text}"));
        }
    }

    /// Reports a record, or a part of one, that is not taken over.
    pub(crate) fn lose(
        &mut self,
        code: &'static str,
        record: &dyn fmt::Display,
        why: impl FnOnce() -> String,
    ) {
        let file = self.file;
        self.report
            .losses
            .add(code, || format!("{file}, {record}: {}", why()));
    }

    /// Reports what deserves a look.
    pub(crate) fn warn(
        &mut self,
        code: &'static str,
        record: &dyn fmt::Display,
        why: impl FnOnce() -> String,
    ) {
        let file = self.file;
        self.report
            .warnings
            .add(code, || format!("{file}, {record}: {}", why()));
    }
}
