//! The pages of a column in one row group: their headers, their bytes without compression, their levels.

use super::error::Fault;
use super::footer::{Chunk, Column};
use super::thrift::{Thrift, Type};

/// Snappy makes at most about 21 times as many bytes of what there is (a copy of 64 bytes is said in three).
const SNAPPY_RATIO_MAX: u64 = 64;
/// No page is longer without its compression (bytes).
const PAGE_BYTES_MAX: u64 = 1 << 30;

/// What a page holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Dictionary,
    /// Values, and behind a length how many of them are there.
    Data,
    /// The same with the levels outside of the compression.
    DataTwo {
        levels: u64,
        repeated: u64,
        is_compressed: bool,
    },
    /// What is passed over.
    Other,
}

/// A page.
pub(super) struct Page {
    pub(super) kind: Kind,
    pub(super) encoding: i64,
    /// How many values, those that are null, too.
    pub(super) values: u64,
    pub(super) bytes: Vec<u8>,
}

/// A header, as far as it is needed.
#[derive(Default)]
struct Header {
    kind: i64,
    plain: u64,
    packed: u64,
    values: u64,
    encoding: i64,
    levels_encoding: i64,
    levels: u64,
    repeated: u64,
    is_compressed: bool,
}

/// Reads the pages of a chunk one after the other.
pub(super) struct Pages<'b> {
    rest: &'b [u8],
    codec: i64,
    place: String,
}

impl<'b> Pages<'b> {
    pub(super) fn new(bytes: &'b [u8], chunk: &Chunk, column: &Column, group: usize) -> Result<Self, Fault> {
        let place = format!("column '{}' of row group {group}", column.name);
        if !matches!(chunk.codec, 0 | 1) {
            let what = format!("compressed by {}", codec_name(chunk.codec));
            return Err(Fault::NotRead { place, what });
        }
        let start = usize::try_from(chunk.start).ok();
        let end = chunk
            .start
            .checked_add(chunk.length)
            .and_then(|end| usize::try_from(end).ok());
        let rest = start
            .zip(end)
            .and_then(|(start, end)| bytes.get(start..end))
            .unwrap_or_default();
        Ok(Self {
            rest,
            codec: chunk.codec,
            place,
        })
    }

    pub(super) fn place(&self) -> &str {
        &self.place
    }

    pub(super) fn impossible(&self, why: impl Into<String>) -> Fault {
        Fault::Impossible {
            place: self.place.clone(),
            why: why.into(),
        }
    }

    /// Returns the next page; `None` behind the last.
    pub(super) fn next(&mut self) -> Result<Option<Page>, Fault> {
        if self.rest.is_empty() {
            return Ok(None);
        }
        let place = format!("a page of {}", self.place);
        let mut thrift = Thrift::new(self.rest, &place);
        let header = header(&mut thrift)?;
        let begin = thrift.position();
        let packed = usize::try_from(header.packed)
            .ok()
            .and_then(|length| begin.checked_add(length));
        let body = packed.and_then(|end| self.rest.get(begin..end));
        let body = body.ok_or_else(|| self.impossible("a page is longer than its column"))?;
        self.rest = self.rest.get(begin + body.len()..).unwrap_or_default();
        let kind = match header.kind {
            0 => Kind::Data,
            2 => Kind::Dictionary,
            3 => Kind::DataTwo {
                levels: header.levels,
                repeated: header.repeated,
                is_compressed: header.is_compressed,
            },
            _ => Kind::Other,
        };
        if kind == Kind::Data && header.levels_encoding != 3 {
            return Err(Fault::NotRead {
                place: self.place.clone(),
                what: "levels of an old form".to_owned(),
            });
        }
        let bytes = match kind {
            Kind::Other => Vec::new(),
            Kind::Data | Kind::Dictionary => self.unpack(body, header.plain)?,
            Kind::DataTwo {
                levels,
                repeated,
                is_compressed,
            } => self.unpack_two(body, header.plain, levels.saturating_add(repeated), is_compressed)?,
        };
        Ok(Some(Page {
            kind,
            encoding: header.encoding,
            values: header.values,
            bytes,
        }))
    }

    /// Takes compression away; the length must be as the header says.
    fn unpack(&self, body: &[u8], plain: u64) -> Result<Vec<u8>, Fault> {
        let length = |bytes: &[u8]| u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        if self.codec == 0 {
            return Ok(body.to_vec());
        }
        let most = length(body).saturating_mul(SNAPPY_RATIO_MAX).min(PAGE_BYTES_MAX);
        let stated = snap::raw::decompress_len(body).ok();
        let stated = stated.and_then(|stated| u64::try_from(stated).ok());
        if stated != Some(plain) || plain > most {
            return Err(self.impossible(format!("a page of {} bytes cannot unfold to {plain}", body.len())));
        }
        let unpacked = snap::raw::Decoder::new().decompress_vec(body);
        unpacked.map_err(|_| self.impossible("a page is not what Snappy writes"))
    }

    fn unpack_two(
        &self,
        body: &[u8],
        plain: u64,
        levels: u64,
        is_compressed: bool,
    ) -> Result<Vec<u8>, Fault> {
        let split = usize::try_from(levels)
            .ok()
            .and_then(|levels| body.split_at_checked(levels));
        let (head, values) =
            split.ok_or_else(|| self.impossible("the levels of a page are longer than it"))?;
        if !is_compressed || self.codec == 0 || values.is_empty() {
            return Ok(body.to_vec());
        }
        let plain = plain.saturating_sub(levels);
        Ok([head, &self.unpack(values, plain)?].concat())
    }
}

fn header(thrift: &mut Thrift<'_>) -> Result<Header, Fault> {
    let mut header = Header {
        is_compressed: true,
        levels_encoding: 3,
        ..Header::default()
    };
    thrift.structure(|thrift, id, of| {
        match (id, of) {
            (1, _) => header.kind = thrift.whole(of)?,
            (2, _) => header.plain = thrift.size(of)?,
            (3, _) => header.packed = thrift.size(of)?,
            (5 | 7, Type::Struct) => thrift.structure(|thrift, id, of| {
                match id {
                    1 => header.values = thrift.size(of)?,
                    2 => header.encoding = thrift.whole(of)?,
                    3 => {
                        if matches!(of, Type::True | Type::False) {
                            thrift.skip(of)?;
                        } else {
                            header.levels_encoding = thrift.whole(of)?;
                        }
                    }
                    _ => thrift.skip(of)?,
                }
                Ok(())
            })?,
            (8, Type::Struct) => thrift.structure(|thrift, id, of| {
                match id {
                    1 => header.values = thrift.size(of)?,
                    4 => header.encoding = thrift.whole(of)?,
                    5 => header.levels = thrift.size(of)?,
                    6 => header.repeated = thrift.size(of)?,
                    7 => header.is_compressed = thrift.flag(of)?,
                    _ => thrift.skip(of)?,
                }
                Ok(())
            })?,
            _ => thrift.skip(of)?,
        }
        Ok(())
    })?;
    Ok(header)
}

fn codec_name(codec: i64) -> String {
    match codec {
        2 => "gzip".to_owned(),
        3 => "LZO".to_owned(),
        4 => "Brotli".to_owned(),
        5 | 7 => "LZ4".to_owned(),
        6 => "Zstandard".to_owned(),
        other => format!("the unknown method {other}"),
    }
}
