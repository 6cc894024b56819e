//! The one pass through a long file: finds its lists, parses what stands beside the annotations, and of each
//! annotation, parsed as strictly as in a short file, remembers only what all others need to know of it.

use rayon::prelude::*;

use super::super::json::Context;
use super::super::json::text::BYTE_ORDER_MARK;
use super::assemble::weigh;
use super::boxes::Evidence;
use super::broken::Broken;
use super::cut::{Cutter, Found, find_list};
use super::error::CocoError;
use super::index::{Brief, Index};
use super::parse::{RawFile, read_annotation};
use super::parse_text;
use super::records::RawAnnotation;
use super::sizes::Sizes;
use super::source::{Limits, Source, Stream};
use crate::id::Digest;
use crate::import::progress::Progress;
use crate::import::report::LossReport;

/// What the pass found.
pub(super) enum Scan {
    /// A file whose annotations stay in it.
    Long(Box<Scanned>),
    /// The whole text of a file without a list of annotations, and its digest.
    Whole(Vec<u8>, Digest),
    /// A file that cannot be read this way.
    Broken(Broken),
}

/// A file as scanned.
pub(super) struct Scanned {
    /// What stands beside the annotations.
    pub(super) file: RawFile,
    pub(super) index: Index,
    /// What the boxes tell, with images as large as `sizes` says.
    pub(super) evidence: Evidence,
    pub(super) sizes: Sizes,
    pub(super) digest: Digest,
}

/// Goes through a file.
pub(super) fn scan(
    source: &Source,
    limits: Limits,
    progress: &dyn Progress,
    context: &mut Context<'_>,
) -> Result<Scan, CocoError> {
    let mut stream = Stream::new(source, progress);
    let Some(head) = read_head(&mut stream, limits)? else {
        return Ok(Scan::Whole(std::mem::take(&mut stream.buffer), stream.digest()));
    };
    let has_bom = head.starts_with(BYTE_ORDER_MARK);
    let mut pass = Pass {
        source,
        limits,
        cutter: Cutter::new(0),
        stream,
        is_over: false,
    };
    let sizes = Sizes::guess(source, without_mark(&head), pass.stream.base, limits.window)?;
    let mut found = Records {
        sizes: &sizes,
        index: Index::default(),
        evidence: Evidence::default(),
        report: LossReport::default(),
        last: None,
    };
    let closed = pass.records(&mut found)?;
    let broken = |last| Broken {
        head: without_mark(&head).to_vec(),
        has_bom,
        last,
    };
    if closed == Closed::No {
        return Ok(Scan::Broken(broken(found.last)));
    }
    pass.stream.fill_up(limits.window, limits.rest)?;
    let rest = [without_mark(&head), pass.stream.buffer.as_slice()].concat();
    if has_bom {
        context.tell_byte_order_mark();
    }
    let Some(file) = std::str::from_utf8(&rest)
        .ok()
        .and_then(|rest| parse_text(rest, context).ok())
    else {
        return Ok(Scan::Broken(broken(found.last)));
    };
    context.report.merge(&found.report);
    Ok(Scan::Long(Box::new(Scanned {
        file,
        index: found.index,
        evidence: found.evidence,
        digest: pass.stream.digest(),
        sizes,
    })))
}

fn without_mark(head: &[u8]) -> &[u8] {
    head.strip_prefix(BYTE_ORDER_MARK).unwrap_or(head)
}

/// Reads up to and with the bracket that opens the list of annotations; `None` where the file has none and all of it
/// is in the buffer.
fn read_head(stream: &mut Stream<'_>, limits: Limits) -> Result<Option<Vec<u8>>, CocoError> {
    while stream.fill(limits.window)? {
        if let Some(at) = find_list(without_mark(&stream.buffer)) {
            let mark = stream.buffer.len() - without_mark(&stream.buffer).len();
            return Ok(Some(stream.take(mark + at)));
        }
        stream.within(limits.rest, "what stands before its annotations")?;
    }
    Ok(None)
}

/// Whether the list of annotations came to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Closed {
    Yes,
    No,
}

/// The way through the list of annotations.
struct Pass<'s> {
    source: &'s Source,
    limits: Limits,
    cutter: Cutter,
    stream: Stream<'s>,
    /// Whether nothing more is to be cut.
    is_over: bool,
}

/// Records that were read together.
struct Window {
    bytes: Vec<u8>,
    /// Where they begin in the file.
    base: u64,
    /// Begin and end of each.
    records: Vec<(usize, usize)>,
    /// What came behind them.
    found: Found,
}

impl Pass<'_> {
    /// Reads all records: one window is read and cut while the one before is parsed by the other processors.
    fn records(&mut self, found: &mut Records<'_>) -> Result<Closed, CocoError> {
        let mut window = self.window()?;
        while let Some(present) = window {
            let (file, chunk) = (&self.source.name, self.limits.chunk);
            let (next, taken) = rayon::join(|| self.window(), || found.take(file, &present, chunk));
            match (taken?, present.found) {
                (Taken::All, Found::More) => window = next?,
                (Taken::All, Found::End(_)) => return Ok(Closed::Yes),
                (Taken::All, Found::Odd) | (Taken::Broken, _) => return Ok(Closed::No),
            }
        }
        // It ended within the list.
        Ok(Closed::No)
    }

    /// Reads on until there is at least one record, or the list is over.
    fn window(&mut self) -> Result<Option<Window>, CocoError> {
        if self.is_over {
            return Ok(None);
        }
        let mut records = Vec::new();
        loop {
            let found = self
                .cutter
                .run(&self.stream.buffer, |from, to| records.push((from, to)));
            let has_more = match found {
                Found::More if records.is_empty() => {
                    self.forget();
                    self.stream.within(self.limits.record, "one of its annotations")?;
                    self.stream.fill(self.limits.window)?
                }
                Found::More | Found::End(_) | Found::Odd => false,
            };
            if has_more {
                continue;
            }
            self.is_over = found != Found::More || records.is_empty();
            let base = self.stream.base;
            let keep = match found {
                Found::End(at) => at,
                Found::More | Found::Odd => self.cutter.needed_from(),
            };
            let bytes = self.stream.take(keep);
            self.cutter.forget(keep);
            let is_nothing = records.is_empty() && found == Found::More;
            return Ok((!is_nothing).then_some(Window {
                bytes,
                base,
                records,
                found,
            }));
        }
    }

    /// Forgets what is not needed any more.
    fn forget(&mut self) {
        let needed = self.cutter.needed_from();
        if needed > 0 {
            self.stream.take(needed);
            self.cutter.forget(needed);
        }
    }
}

/// What is gathered of records.
struct Records<'s> {
    sizes: &'s Sizes,
    index: Index,
    evidence: Evidence,
    report: LossReport,
    /// Where in the file the last good record begins, and its index.
    last: Option<(u64, usize)>,
}

/// Whether records could be taken in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Taken {
    All,
    Broken,
}

/// What one thread found in some records.
struct Piece {
    briefs: Vec<Brief>,
    evidence: Evidence,
    report: LossReport,
    taken: Taken,
}

impl Records<'_> {
    /// Takes in the records of a window, up to one that is broken.
    fn take(&mut self, file: &str, window: &Window, chunk: usize) -> Result<Taken, CocoError> {
        let first = self.index.places.len();
        let sizes = self.sizes;
        let pieces: Vec<Piece> = window
            .records
            .par_chunks(chunk)
            .enumerate()
            .map(|(n, records)| piece(file, window, records, first + n * chunk, sizes))
            .collect();
        let end = window.records.last().map_or(0, |(_, end)| *end);
        self.index
            .begin_window(window.base, u32::try_from(end).unwrap_or(u32::MAX));
        let mut places = window.records.iter();
        for piece in pieces {
            self.evidence.merge(&piece.evidence);
            self.report.merge(&piece.report);
            for (brief, (start, _)) in piece.briefs.into_iter().zip(&mut places) {
                let index = self.index.places.len();
                self.index.push(brief).ok_or_else(|| CocoError::TooMany {
                    file: file.to_owned(),
                    count: index,
                })?;
                self.last = Some((window.base + u64::try_from(*start).unwrap_or(0), index));
            }
            if piece.taken == Taken::Broken {
                return Ok(Taken::Broken);
            }
        }
        Ok(Taken::All)
    }
}

/// Parses some records of a window.
fn piece(file: &str, window: &Window, records: &[(usize, usize)], first: usize, sizes: &Sizes) -> Piece {
    let mut context = Context::new(file);
    let mut raws: Vec<RawAnnotation> = Vec::with_capacity(records.len());
    let mut taken = Taken::All;
    for (n, (from, to)) in records.iter().enumerate() {
        let text = window
            .bytes
            .get(*from..*to)
            .and_then(|bytes| std::str::from_utf8(bytes).ok());
        match text.and_then(|text| read_annotation(text, first + n, &mut context).ok()) {
            Some(raw) => raws.push(raw),
            None => {
                taken = Taken::Broken;
                break;
            }
        }
    }
    let mut evidence = Evidence::default();
    weigh(&mut evidence, raws.iter(), |image| sizes.of(image));
    let briefs = raws
        .into_iter()
        .zip(records)
        // A window is shorter than 2^32 bytes, as its limits are.
        .map(|(raw, (start, _))| Brief::new(u32::try_from(*start).unwrap_or(u32::MAX), raw))
        .collect();
    Piece {
        briefs,
        evidence,
        report: context.report,
        taken,
    }
}
