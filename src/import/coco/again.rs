//! Records that were found once are read again from their places in the file. Whatever cannot be read so now was
//! changed meanwhile.

use super::super::json::Context;
use super::error::CocoError;
use super::index::Places;
use super::parse::read_annotation;
use super::records::RawAnnotation;
use super::source::Source;

/// Reads records again.
#[derive(Clone, Copy)]
pub(super) struct Again<'a> {
    pub(super) source: &'a Source,
    pub(super) places: &'a Places,
    /// So many bytes are read at a time, and more only where one record has more.
    pub(super) window: usize,
}

/// Neighbouring records that are read at once.
struct Run<'r> {
    records: &'r [u32],
    from: u64,
    to: u64,
}

impl Again<'_> {
    /// Calls `each` with the number and content of each of these records, which are in ascending order. What their
    /// members told was told when they were found.
    pub(super) fn each(
        &self,
        mut records: &[u32],
        mut each: impl FnMut(u32, RawAnnotation) -> Result<(), CocoError>,
    ) -> Result<(), CocoError> {
        let mut buffer = Vec::new();
        while let Some(run) = self.run(records)? {
            self.source.read(run.from, run.to, &mut buffer)?;
            for record in run.records {
                let raw = self.parse(*record, run.from, &buffer)?;
                each(*record, raw)?;
            }
            records = records.get(run.records.len()..).unwrap_or_default();
        }
        Ok(())
    }

    /// Reads one record.
    pub(super) fn one(&self, record: u32) -> Result<RawAnnotation, CocoError> {
        let mut found = None;
        self.each(&[record], |_, raw| {
            found = Some(raw);
            Ok(())
        })?;
        found.ok_or_else(|| self.source.changed())
    }

    /// Returns the first records that are read at once: those that follow each other in the file.
    fn run<'r>(&self, records: &'r [u32]) -> Result<Option<Run<'r>>, CocoError> {
        let Some(first) = records.first() else {
            return Ok(None);
        };
        let (from, mut to) = self.place(*first)?;
        let limit = from.saturating_add(u64::try_from(self.window).unwrap_or(u64::MAX));
        let mut count = 1;
        for (before, record) in records.iter().zip(records.iter().skip(1)) {
            let (_, end) = self.place(*record)?;
            if *record != *before + 1 || end > limit {
                break;
            }
            (to, count) = (end, count + 1);
        }
        let records = records.get(..count).unwrap_or(records);
        Ok(Some(Run { records, from, to }))
    }

    fn place(&self, record: u32) -> Result<(u64, u64), CocoError> {
        self.places.of(record).ok_or_else(|| self.source.changed())
    }

    /// Parses a record of a buffer that begins at `base`.
    fn parse(&self, record: u32, base: u64, buffer: &[u8]) -> Result<RawAnnotation, CocoError> {
        let (from, to) = self.place(record)?;
        let within = |at: u64| usize::try_from(at.saturating_sub(base)).unwrap_or(usize::MAX);
        let parse = || {
            let bytes = buffer.get(within(from)..within(to))?;
            // What follows a record up to the next one is a comma and white space.
            let end = memchr::memrchr(b'}', bytes)?;
            let text = std::str::from_utf8(bytes.get(..=end)?).ok()?;
            let index = usize::try_from(record).ok()?;
            read_annotation(text, index, &mut Context::new(&self.source.name)).ok()
        };
        parse().ok_or_else(|| self.source.changed())
    }
}
