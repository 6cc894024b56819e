//! The footer of a table: its columns, where their parts lie, and what stands in its metadata.

use super::MAGIC;
use super::error::Fault;
use super::thrift::{Thrift, Type};

const PLACE: &str = "the footer";

/// The physical types of values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Physical {
    Flag,
    I32,
    I64,
    Float,
    Double,
    Bytes,
    /// Bytes, always as many.
    Fixed(usize),
    /// What is not read: 96 bits, or unknown.
    Other(i64),
}

/// A flat column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Column {
    pub(super) name: String,
    pub(super) physical: Physical,
    pub(super) is_optional: bool,
    /// Which of all leaves it is, also those of nested columns.
    pub(super) leaf: usize,
}

/// The part of a column in one row group.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Chunk {
    pub(super) codec: i64,
    pub(super) values: u64,
    pub(super) start: u64,
    pub(super) length: u64,
}

/// Some rows of the table.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Group {
    pub(super) rows: u64,
    /// By leaf.
    pub(super) chunks: Vec<Chunk>,
}

/// What the footer says.
#[derive(Debug, Default)]
pub(super) struct Footer<'b> {
    pub(super) columns: Vec<Column>,
    /// Columns that hold structures or lists.
    pub(super) nested: Vec<String>,
    pub(super) groups: Vec<Group>,
    pub(super) metadata: Vec<(&'b [u8], &'b [u8])>,
    leaves: usize,
}

/// An element of the schema.
#[derive(Default)]
struct Element<'b> {
    name: &'b [u8],
    kind: Option<i64>,
    length: u64,
    repetition: i64,
    children: u64,
}

impl<'b> Footer<'b> {
    /// Reads the footer of a whole file.
    pub(super) fn read(bytes: &'b [u8]) -> Result<Self, Fault> {
        let (rest, end) = bytes.split_last_chunk::<4>().ok_or(Fault::NotATable)?;
        let (rest, length) = rest.split_last_chunk::<4>().ok_or(Fault::NotATable)?;
        if end != MAGIC || !rest.starts_with(MAGIC) {
            return Err(Fault::NotATable);
        }
        let length = u32::from_le_bytes(*length);
        let available = rest.len() - MAGIC.len();
        let start = usize::try_from(length)
            .ok()
            .filter(|length| *length <= available)
            .map(|length| rest.len() - length);
        let body = start
            .and_then(|start| rest.get(start..))
            .ok_or(Fault::FooterLength {
                length: u64::from(length),
                available: u64::try_from(available).unwrap_or(u64::MAX),
            })?;
        let mut footer = Self::default();
        let mut elements = Vec::new();
        let mut thrift = Thrift::new(body, PLACE);
        thrift.structure(|thrift, id, of| match id {
            2 => thrift.list(of, |thrift| {
                elements.push(element(thrift)?);
                Ok(())
            }),
            4 => thrift.list(of, |thrift| {
                footer.groups.push(group(thrift)?);
                Ok(())
            }),
            5 => thrift.list(of, |thrift| {
                let (mut key, mut value) = (&[][..], &[][..]);
                thrift.structure(|thrift, id, of| match id {
                    1 => thrift.binary(of).map(|found| key = found),
                    2 => thrift.binary(of).map(|found| value = found),
                    _ => thrift.skip(of),
                })?;
                footer.metadata.push((key, value));
                Ok(())
            }),
            _ => thrift.skip(of),
        })?;
        footer.take_schema(&elements)?;
        footer.check(u64::try_from(bytes.len()).unwrap_or(u64::MAX))?;
        Ok(footer)
    }

    /// Returns the value of a key of the metadata.
    pub(super) fn metadata(&self, key: &str) -> Option<&'b [u8]> {
        let mut found = self.metadata.iter().filter(|(name, _)| *name == key.as_bytes());
        found.next().map(|(_, value)| *value)
    }

    /// The first element is the table; those of nested columns follow their column.
    fn take_schema(&mut self, elements: &[Element<'_>]) -> Result<(), Fault> {
        let Some((_, elements)) = elements.split_first() else {
            return Err(impossible("it has no schema".to_owned()));
        };
        // How many elements of the nested column that began last are still to come.
        let mut within = 0_u64;
        for element in elements {
            let name = String::from_utf8_lossy(element.name).into_owned();
            let is_leaf = element.children == 0;
            if within > 0 {
                within = (within - 1).saturating_add(element.children);
            } else if is_leaf && element.repetition != 2 {
                self.columns.push(Column {
                    physical: physical(element),
                    is_optional: element.repetition == 1,
                    leaf: self.leaves,
                    name,
                });
            } else {
                within = element.children;
                self.nested.push(name);
            }
            self.leaves += usize::from(is_leaf);
        }
        Ok(())
    }

    /// Checks that all parts lie within the file, and that there are not more rows than bytes.
    fn check(&self, length: u64) -> Result<(), Fault> {
        let mut rows = 0_u64;
        for (number, group) in self.groups.iter().enumerate() {
            rows = rows.saturating_add(group.rows);
            if group.chunks.len() != self.leaves {
                return Err(impossible(format!(
                    "row group {number} has {} columns, the schema has {}",
                    group.chunks.len(),
                    self.leaves
                )));
            }
            let is_inside = |chunk: &Chunk| {
                chunk
                    .start
                    .checked_add(chunk.length)
                    .is_some_and(|end| end <= length)
            };
            if !group.chunks.iter().all(is_inside) {
                return Err(impossible(format!(
                    "a column of row group {number} lies outside of the file"
                )));
            }
        }
        if rows > length {
            return Err(impossible(format!(
                "{rows} rows cannot be in a file of {length} bytes"
            )));
        }
        Ok(())
    }
}

fn impossible(why: String) -> Fault {
    Fault::Impossible {
        place: PLACE.to_owned(),
        why,
    }
}

fn physical(element: &Element<'_>) -> Physical {
    match element.kind.unwrap_or(-1) {
        0 => Physical::Flag,
        1 => Physical::I32,
        2 => Physical::I64,
        4 => Physical::Float,
        5 => Physical::Double,
        6 => Physical::Bytes,
        7 => Physical::Fixed(usize::try_from(element.length).unwrap_or(usize::MAX)),
        other => Physical::Other(other),
    }
}

fn element<'b>(thrift: &mut Thrift<'b>) -> Result<Element<'b>, Fault> {
    let mut element = Element::default();
    thrift.structure(|thrift, id, of| {
        match id {
            1 => element.kind = Some(thrift.whole(of)?),
            2 => element.length = thrift.size(of)?,
            3 => element.repetition = thrift.whole(of)?,
            4 => element.name = thrift.binary(of)?,
            5 => element.children = thrift.size(of)?,
            _ => thrift.skip(of)?,
        }
        Ok(())
    })?;
    Ok(element)
}

fn group(thrift: &mut Thrift<'_>) -> Result<Group, Fault> {
    let mut group = Group::default();
    thrift.structure(|thrift, id, of| match id {
        1 => thrift.list(of, |thrift| {
            group.chunks.push(chunk(thrift)?);
            Ok(())
        }),
        3 => thrift.size(of).map(|rows| group.rows = rows),
        _ => thrift.skip(of),
    })?;
    Ok(group)
}

fn chunk(thrift: &mut Thrift<'_>) -> Result<Chunk, Fault> {
    let mut chunk = Chunk::default();
    let mut is_elsewhere = false;
    thrift.structure(|thrift, id, of| match (id, of) {
        (1, _) => {
            is_elsewhere = true;
            thrift.skip(of)
        }
        (3, Type::Struct) => chunk_data(thrift, &mut chunk),
        _ => thrift.skip(of),
    })?;
    if is_elsewhere {
        return Err(impossible(
            "a column is in another file, which is not opened".to_owned(),
        ));
    }
    Ok(chunk)
}

/// Pages begin with that of the dictionary, where there is one.
fn chunk_data(thrift: &mut Thrift<'_>, chunk: &mut Chunk) -> Result<(), Fault> {
    let mut dictionary = 0;
    thrift.structure(|thrift, id, of| {
        match id {
            4 => chunk.codec = thrift.whole(of)?,
            5 => chunk.values = thrift.size(of)?,
            7 => chunk.length = thrift.size(of)?,
            9 => chunk.start = thrift.size(of)?,
            11 => dictionary = thrift.size(of)?,
            _ => thrift.skip(of)?,
        }
        Ok(())
    })?;
    if dictionary > 0 && dictionary < chunk.start {
        chunk.start = dictionary;
    }
    Ok(())
}
