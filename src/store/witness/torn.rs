//! What a loss of power leaves of lines that were not synced: holes of zeros, and pieces of lines beside them. Pure:
//! what should stand there, the caller says.
//!
//! A hole begins anywhere, where a write was torn, and ends where the next write began; or it is of whole sectors of the
//! disk. Zeros at another place are no hole but damage.

use super::{WitnessLine, parse_line};

/// The smallest unit in which disks write, bytes.
const SECTOR_BYTES: usize = 512;

/// No line is shorter than its check, bytes.
const LINE_MIN: usize = 64;

/// What is left of a line, beside a hole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Piece<'b> {
    /// Its first bytes.
    Beginning(&'b [u8]),
    /// Bytes between holes.
    Middle(&'b [u8]),
    /// Its last bytes, the line feed too.
    End(&'b [u8]),
}

impl Piece<'_> {
    /// Whether it can be left of this line, which ends with its line feed.
    pub(super) fn is_of(self, line: &[u8]) -> bool {
        match self {
            Self::Beginning(bytes) => line.starts_with(bytes),
            Self::Middle(bytes) => memchr::memmem::find(line, bytes).is_some(),
            Self::End(bytes) => line.ends_with(bytes),
        }
    }
}

/// What stands up to a line feed.
#[derive(Debug, Default)]
pub(super) struct Stretch<'b> {
    /// The whole lines: one, and one more for each hole at most.
    pub(super) lines: Vec<WitnessLine>,
    /// What is left of other lines.
    pub(super) pieces: Vec<Piece<'b>>,
}

/// A run of bytes that are not zero, within a stretch.
struct Run<'b> {
    start: usize,
    bytes: &'b [u8],
    line: Option<WitnessLine>,
}

impl<'b> Stretch<'b> {
    /// Takes apart what stands from `offset` of the file up to a line feed, included; `None` where no loss of power
    /// leaves that.
    pub(super) fn take_apart(text: &'b [u8], offset: usize) -> Option<Self> {
        let end = text.strip_suffix(b"\n")?.len();
        let runs = runs(text);
        let mut stretch = Self::default();
        let mut hole = 0;
        for Run { start, bytes, line } in runs {
            let behind = start + bytes.len();
            if hole < start && !is_hole(offset, hole..start, line.is_some()) {
                return None;
            }
            hole = behind;
            match line {
                Some(line) => stretch.lines.push(line),
                // The whole stretch is one run, and no line.
                None if start == 0 && behind > end => return None,
                None if start == 0 => stretch.pieces.push(Piece::Beginning(bytes)),
                None if behind > end => stretch.pieces.push(Piece::End(bytes)),
                None => stretch.pieces.push(Piece::Middle(bytes)),
            }
        }
        Some(stretch)
    }
}

/// Whether a loss of power leaves zeros at `zeros`, counted from the beginning of the stretch, where a line begins.
fn is_hole(offset: usize, zeros: std::ops::Range<usize>, line_follows: bool) -> bool {
    if line_follows {
        return zeros.end >= LINE_MIN;
    }
    let is_border = |at: usize| (offset + at).is_multiple_of(SECTOR_BYTES);
    is_border(zeros.end) && (zeros.start == 0 || is_border(zeros.start))
}

fn runs(text: &[u8]) -> Vec<Run<'_>> {
    let mut start = 0;
    let mut found = Vec::new();
    for bytes in text.split(|byte| *byte == 0) {
        if !bytes.is_empty() {
            let line = parse_line(bytes.strip_suffix(b"\n").unwrap_or(bytes));
            found.push(Run { start, bytes, line });
        }
        start += bytes.len() + 1;
    }
    found
}

/// The whole lines in some stretches of the file, whatever else stands there.
pub(super) fn whole_lines(bytes: &[u8]) -> impl Iterator<Item = WitnessLine> {
    bytes
        .split(|byte| *byte == b'\n' || *byte == 0)
        .filter_map(parse_line)
}

/// Whether a last line is what a crash leaves: a beginning of a line. A whole line whose line feed became another
/// byte is damage.
pub(super) fn is_unfinished(text: &[u8]) -> bool {
    let is_whole = text
        .split_last()
        .is_some_and(|(_, line)| parse_line(line).is_some());
    !text.ends_with(b"\n") && !is_whole
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::Digest;
    use crate::store::witness::witness_bytes;

    const SECTOR: usize = SECTOR_BYTES;

    fn line() -> Vec<u8> {
        witness_bytes(&WitnessLine {
            digest: Digest::of(b"slot"),
            name: "main".to_owned(),
            seq: Some(1),
        })
    }

    /// Runs of a byte, so often, one after the other, and a line feed.
    fn stretch(runs: &[(u8, usize)]) -> Vec<u8> {
        let mut text: Vec<u8> = runs
            .iter()
            .flat_map(|(byte, count)| vec![*byte; *count])
            .collect();
        text.push(b'\n');
        text
    }

    #[test]
    fn what_stands_before_between_and_behind_holes_is_told_apart() {
        let text = stretch(&[
            (b'a', SECTOR),
            (0, SECTOR),
            (b'b', SECTOR),
            (0, SECTOR),
            (b'c', 3),
        ]);
        let pieces = Stretch::take_apart(&text, 0).unwrap().pieces;
        let (middle, end) = (&text[2 * SECTOR..3 * SECTOR], &text[4 * SECTOR..]);
        assert!(matches!(
            pieces.as_slice(),
            [Piece::Beginning(a), Piece::Middle(b), Piece::End(c)]
                if *a == &text[..SECTOR] && *b == middle && *c == end
        ));
        let text = stretch(&[(0, SECTOR), (b'b', 3)]);
        let found = Stretch::take_apart(&text, 0).unwrap();
        assert!(matches!(found.pieces.as_slice(), [Piece::End(b)] if *b == b"bbb\n"));
        // A line feed alone, behind a hole.
        let text = stretch(&[(b'a', SECTOR), (0, SECTOR)]);
        let found = Stretch::take_apart(&text, 0).unwrap();
        assert!(matches!(
            found.pieces.as_slice(),
            [Piece::Beginning(_), Piece::End(b"\n")]
        ));
        assert!(Stretch::take_apart(&stretch(&[(b'a', SECTOR)]), 0).is_none());
        assert!(Stretch::take_apart(&text[..SECTOR], 0).is_none(), "no line feed");
    }

    #[test]
    fn a_hole_begins_and_ends_where_sectors_do() {
        let is_left = |before: usize, zeros: usize, offset: usize| {
            let text = stretch(&[(b'a', before), (0, zeros), (b'b', 3)]);
            Stretch::take_apart(&text, offset).is_some()
        };
        assert!(is_left(SECTOR, SECTOR, 0) && is_left(SECTOR - 100, SECTOR, 100) && is_left(0, SECTOR, 0));
        assert!(is_left(0, SECTOR - 100, 100), "the stretch began within the hole");
        assert!(!is_left(SECTOR, SECTOR, 100) && !is_left(SECTOR - 1, SECTOR + 1, 0));
        assert!(!is_left(SECTOR, SECTOR - 1, 0) && !is_left(SECTOR, SECTOR + 1, 0) && !is_left(0, 1, 0));
    }

    #[test]
    fn before_a_whole_line_stood_another_one() {
        let behind = |zeros: usize| {
            let text = [vec![0; zeros], line()].concat();
            Stretch::take_apart(&text, 7).map(|found| (found.lines.len(), found.pieces.len()))
        };
        assert_eq!(
            (behind(0), behind(LINE_MIN), behind(LINE_MIN + 1)),
            (Some((1, 0)), Some((1, 0)), Some((1, 0)))
        );
        assert_eq!(behind(LINE_MIN - 1), None);
    }

    #[test]
    fn a_beginning_of_a_line_is_unfinished() {
        let line = line();
        for length in 0..line.len() - 1 {
            assert!(is_unfinished(&line[..length]), "{length}");
        }
        let mut damaged = line.clone();
        *damaged.last_mut().unwrap() = b'x';
        assert!(!is_unfinished(&line) && !is_unfinished(&damaged));
    }
}
