//! The values of a column in one row group: plain, or as places in a dictionary.

use std::sync::Arc;

use super::error::Fault;
use super::footer::{Chunk, Column, Physical};
use super::page::{Kind, Page, Pages};

/// A value.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Cell {
    Flag(bool),
    Whole(i64),
    Number(f64),
    Bytes(Arc<[u8]>),
}

impl Cell {
    /// Returns the bytes, where it has some.
    pub(super) fn bytes(&self) -> Option<&[u8]> {
        match self {
            Self::Bytes(bytes) => Some(bytes),
            Self::Flag(_) | Self::Whole(_) | Self::Number(_) => None,
        }
    }
}

/// Reads all values of a column in a row group: one for each row. `budget` is how many bytes they may have in all.
pub(super) fn read(
    bytes: &[u8],
    chunk: &Chunk,
    column: &Column,
    (group, rows): (usize, u64),
    budget: &mut u64,
) -> Result<Vec<Option<Cell>>, Fault> {
    let mut pages = Pages::new(bytes, chunk, column, group)?;
    if let Physical::Other(kind) = column.physical {
        return Err(Fault::NotRead {
            place: pages.place().to_owned(),
            what: format!("values of type {kind}"),
        });
    }
    let wanted = usize::try_from(rows).unwrap_or(usize::MAX);
    let mut cells = Vec::new();
    let mut dictionary: Option<Vec<Cell>> = None;
    while cells.len() < wanted {
        let Some(page) = pages.next()? else { break };
        match page.kind {
            Kind::Dictionary if dictionary.is_none() && cells.is_empty() => {
                dictionary = Some(plain(&pages, column, &page.bytes, page.values, budget)?);
            }
            Kind::Dictionary => return Err(pages.impossible("it has two dictionaries")),
            Kind::Data | Kind::DataTwo { .. } => {
                let left = wanted - cells.len();
                if usize::try_from(page.values).map_or(true, |values| values > left) {
                    return Err(pages.impossible(format!("it has more values than its {rows} rows")));
                }
                add_page(&pages, column, &page, dictionary.as_deref(), &mut cells, budget)?;
            }
            Kind::Other => {}
        }
    }
    if cells.len() == wanted {
        Ok(cells)
    } else {
        Err(pages.impossible(format!("it has {} values for {rows} rows", cells.len())))
    }
}

fn add_page(
    pages: &Pages<'_>,
    column: &Column,
    page: &Page,
    dictionary: Option<&[Cell]>,
    cells: &mut Vec<Option<Cell>>,
    budget: &mut u64,
) -> Result<(), Fault> {
    let count = usize::try_from(page.values).unwrap_or(usize::MAX);
    let short = || pages.impossible("a page is shorter than its levels");
    let (levels, values) = match page.kind {
        Kind::DataTwo { levels, repeated, .. } => {
            let skip = usize::try_from(repeated).unwrap_or(usize::MAX);
            let rest = page.bytes.get(skip..).ok_or_else(short)?;
            let length = usize::try_from(levels).unwrap_or(usize::MAX);
            rest.split_at_checked(length).ok_or_else(short)?
        }
        Kind::Data if column.is_optional => {
            let (length, rest) = page.bytes.split_first_chunk::<4>().ok_or_else(short)?;
            let length = usize::try_from(u32::from_le_bytes(*length)).unwrap_or(usize::MAX);
            rest.split_at_checked(length).ok_or_else(short)?
        }
        Kind::Data | Kind::Dictionary | Kind::Other => (&[][..], page.bytes.as_slice()),
    };
    let present = if column.is_optional {
        hybrid(levels, 1, count).ok_or_else(|| pages.impossible("the levels of a page are damaged"))?
    } else {
        vec![1; count]
    };
    let there = present.iter().filter(|level| **level == 1).count();
    let number = u64::try_from(there).unwrap_or(u64::MAX);
    let found = match page.encoding {
        0 => plain(pages, column, values, number, budget)?,
        2 | 8 => {
            let dictionary = dictionary.ok_or_else(|| pages.impossible("its dictionary is missing"))?;
            looked_up(pages, values, there, dictionary, budget)?
        }
        other => {
            return Err(Fault::NotRead {
                place: pages.place().to_owned(),
                what: format!("values in encoding {other}"),
            });
        }
    };
    let mut found = found.into_iter();
    for level in present {
        cells.push(if level == 1 { found.next() } else { None });
    }
    Ok(())
}

fn looked_up(
    pages: &Pages<'_>,
    bytes: &[u8],
    count: usize,
    dictionary: &[Cell],
    budget: &mut u64,
) -> Result<Vec<Cell>, Fault> {
    if count == 0 {
        return Ok(Vec::new());
    }
    let damaged = || pages.impossible("places in its dictionary are damaged");
    let (width, rest) = bytes.split_first().ok_or_else(damaged)?;
    let places = hybrid(rest, u32::from(*width), count).ok_or_else(damaged)?;
    let mut cells = Vec::with_capacity(count);
    for place in places {
        let cell = usize::try_from(place)
            .ok()
            .and_then(|place| dictionary.get(place));
        let cell = cell.ok_or_else(|| pages.impossible("a value is not in its dictionary"))?;
        pages.spend(cell, budget)?;
        cells.push(cell.clone());
    }
    Ok(cells)
}

impl Pages<'_> {
    /// A small file can repeat a long text of its dictionary without end: what all cells hold is bounded.
    fn spend(&self, cell: &Cell, budget: &mut u64) -> Result<(), Fault> {
        let length = cell.bytes().map_or(8, <[u8]>::len);
        let length = u64::try_from(length).unwrap_or(u64::MAX);
        let left = budget.checked_sub(length);
        *budget = left.ok_or_else(|| self.impossible("its values unfold to far more than the file has"))?;
        Ok(())
    }
}

/// Reads values as they are.
fn plain(
    pages: &Pages<'_>,
    column: &Column,
    bytes: &[u8],
    count: u64,
    budget: &mut u64,
) -> Result<Vec<Cell>, Fault> {
    let short = || pages.impossible("a page has fewer values than it says");
    let count = usize::try_from(count).map_err(|_| short())?;
    if column.physical == Physical::Flag {
        let flag = |n: usize| bytes.get(n / 8).map(|byte| Cell::Flag(byte >> (n % 8) & 1 == 1));
        if count.div_ceil(8) > bytes.len() {
            return Err(short());
        }
        return (0..count).map(|n| flag(n).ok_or_else(short)).collect();
    }
    let least = match column.physical {
        Physical::I32 | Physical::Float | Physical::Bytes => 4,
        Physical::I64 | Physical::Double => 8,
        Physical::Fixed(length) => length.max(1),
        Physical::Flag | Physical::Other(_) => 1,
    };
    if count.checked_mul(least).is_none_or(|needed| needed > bytes.len()) {
        return Err(short());
    }
    let mut rest = bytes;
    let mut cells = Vec::with_capacity(count);
    for _ in 0..count {
        let (cell, after) = one(column.physical, rest).ok_or_else(short)?;
        pages.spend(&cell, budget)?;
        cells.push(cell);
        rest = after;
    }
    Ok(cells)
}

fn one(physical: Physical, bytes: &[u8]) -> Option<(Cell, &[u8])> {
    Some(match physical {
        Physical::I32 => {
            let (value, rest) = bytes.split_first_chunk::<4>()?;
            (Cell::Whole(i64::from(i32::from_le_bytes(*value))), rest)
        }
        Physical::I64 => {
            let (value, rest) = bytes.split_first_chunk::<8>()?;
            (Cell::Whole(i64::from_le_bytes(*value)), rest)
        }
        Physical::Float => {
            let (value, rest) = bytes.split_first_chunk::<4>()?;
            (Cell::Number(f64::from(f32::from_le_bytes(*value))), rest)
        }
        Physical::Double => {
            let (value, rest) = bytes.split_first_chunk::<8>()?;
            (Cell::Number(f64::from_le_bytes(*value)), rest)
        }
        Physical::Bytes => {
            let (length, rest) = bytes.split_first_chunk::<4>()?;
            let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
            let (value, rest) = rest.split_at_checked(length)?;
            (Cell::Bytes(Arc::from(value)), rest)
        }
        Physical::Fixed(length) => {
            let (value, rest) = bytes.split_at_checked(length)?;
            (Cell::Bytes(Arc::from(value)), rest)
        }
        Physical::Flag | Physical::Other(_) => return None,
    })
}

/// Reads `count` numbers of `width` bits, written as runs and packed in eights. `None` when they are not there.
fn hybrid(mut bytes: &[u8], width: u32, count: usize) -> Option<Vec<u32>> {
    if width > 32 {
        return None;
    }
    let mut numbers = Vec::new();
    while numbers.len() < count {
        let (head, rest) = short_varint(bytes)?;
        bytes = rest;
        let left = count - numbers.len();
        if head & 1 == 0 {
            let length = usize::try_from(width.div_ceil(8)).ok()?;
            let (value, rest) = bytes.split_at_checked(length)?;
            bytes = rest;
            let value = value
                .iter()
                .rev()
                .fold(0_u32, |value, byte| (value << 8) | u32::from(*byte));
            let run = usize::try_from(head >> 1).ok()?.min(left);
            numbers.resize(numbers.len() + run, value);
        } else {
            let groups = usize::try_from(head >> 1).ok()?;
            let length = groups.checked_mul(usize::try_from(width).ok()?)?;
            // The last group may be cut off behind the last number.
            let (packed, rest) = bytes.split_at(length.min(bytes.len()));
            bytes = rest;
            let take = groups.checked_mul(8)?.min(left);
            unpack(packed, width, take, &mut numbers)?;
        }
    }
    Some(numbers)
}

fn unpack(packed: &[u8], width: u32, count: usize, numbers: &mut Vec<u32>) -> Option<()> {
    let (mut held, mut bits) = (0_u64, 0_u32);
    let mut bytes = packed.iter();
    let mask = (1_u64 << width) - 1;
    for _ in 0..count {
        while bits < width {
            held |= u64::from(*bytes.next()?) << bits;
            bits += 8;
        }
        numbers.push(u32::try_from(held & mask).ok()?);
        held >>= width;
        bits -= width;
    }
    Some(())
}

/// Reads a number of at most five bytes.
fn short_varint(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let mut value = 0_u64;
    for (at, byte) in bytes.iter().take(5).enumerate() {
        value |= u64::from(byte & 0x7f) << (7 * at);
        if *byte < 0x80 {
            return Some((value, bytes.get(at + 1..)?));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::hybrid;

    #[test]
    fn runs_and_packed_numbers_are_read() {
        // A run of four fives, then eight numbers of three bits.
        let bytes = [8, 5, 3, 0b1000_1000, 0b1100_0110, 0b1111_1010];
        assert_eq!(
            hybrid(&bytes, 3, 12),
            Some(vec![5, 5, 5, 5, 0, 1, 2, 3, 4, 5, 6, 7])
        );
        assert_eq!(hybrid(&bytes, 3, 13), None, "there are no more");
        assert_eq!(hybrid(&[3], 0, 8), Some(vec![0; 8]), "no bits are a zero each");
        assert_eq!(
            hybrid(&[0xff, 0xff, 0xff, 0xff, 0x0f, 1], 1, 9),
            None,
            "packed numbers that are not there"
        );
        assert_eq!(
            hybrid(&[0xfe, 0xff, 0xff, 0xff, 0x0f, 1], 1, 3),
            Some(vec![1; 3]),
            "a run is no room"
        );
        assert_eq!(hybrid(&[], 1, 0), Some(vec![]));
        assert_eq!(hybrid(&[2, 1], 33, 1), None);
    }
}
