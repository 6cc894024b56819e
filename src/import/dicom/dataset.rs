//! Walks a data set and takes out the elements that `tags` lists.
//!
//! The parser gives one token after the other; nothing is read on the word of a length alone. Before a value is taken
//! or passed over, its length is held against what is left of the file; items may nest 32 deep; numbers stay where
//! they are, as slices. A value that is not listed is never looked at.

use std::collections::BTreeMap;
use std::io::Cursor;

use dicom_core::header::{DataElementHeader, Header};
use dicom_core::{Tag, VR};
use dicom_parser::dataset::LazyDataToken;
use dicom_parser::dataset::lazy_read::LazyDataSetReader;
use dicom_parser::stateful::decode::StatefulDecode;
use dicom_transfer_syntax_registry::entries::{
    EXPLICIT_VR_BIG_ENDIAN, EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN,
};

use super::error::DicomError;
use super::tags::{self, Kind};

/// Items and sequences within each other.
const DEPTH_MAX: usize = 32;
/// Elements and items that are kept of one file.
const KEPT_MAX: usize = 2_000_000;
/// The group of the tags that begin and end items; no element is of it.
const DELIMITERS: u16 = 0xfffe;
/// Bytes of one text.
const TEXT_MAX: u64 = 1 << 20;

/// How a data set is encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Encoding {
    /// Value representations by the dictionary, least byte first.
    ImplicitLittle,
    /// Value representations in the file, least byte first.
    ExplicitLittle,
    /// Value representations in the file, highest byte first (retired, and still met).
    ExplicitBig,
}

impl Encoding {
    /// Tells the encoding of a transfer syntax. The syntaxes of compressed pictures encode their data sets as
    /// Explicit VR Little Endian, but for those of JPIP, of which some are deflated.
    pub(super) fn of(syntax: &str) -> Option<Self> {
        const COMPRESSED: &str = "1.2.840.10008.1.2.4.";
        const JPIP: [&str; 4] = ["94", "95", "204", "205"];
        match syntax {
            "1.2.840.10008.1.2" => Some(Self::ImplicitLittle),
            "1.2.840.10008.1.2.1" | "1.2.840.10008.1.2.1.98" | "1.2.840.10008.1.2.5" => {
                Some(Self::ExplicitLittle)
            }
            "1.2.840.10008.1.2.2" => Some(Self::ExplicitBig),
            other => {
                let kind = other.strip_prefix(COMPRESSED)?;
                (!JPIP.contains(&kind)).then_some(Self::ExplicitLittle)
            }
        }
    }
}

/// The elements of an item, by tag.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Item<'b> {
    elements: BTreeMap<Tag, Element<'b>>,
    /// Elements that were left behind in this item itself.
    pub(super) left: u64,
    /// The first of them.
    pub(super) first_left: Option<Tag>,
}

/// The value of an element.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Element<'b> {
    /// Its texts.
    Text(Vec<String>),
    /// The bytes of its numbers.
    Numbers(VR, &'b [u8]),
    /// Its items.
    Items(Vec<Item<'b>>),
}

impl<'b> Item<'b> {
    /// Returns the first text of an element, without padding; `None` where it is missing or empty.
    pub(super) fn text(&self, tag: Tag) -> Option<&str> {
        self.texts(tag).first().copied()
    }

    /// Returns the texts of an element that are not empty, without padding.
    pub(super) fn texts(&self, tag: Tag) -> Vec<&str> {
        match self.elements.get(&tag) {
            Some(Element::Text(texts)) => {
                let texts = texts.iter().map(|text| unpadded(text));
                texts.filter(|text| !text.is_empty()).collect()
            }
            Some(Element::Numbers(..) | Element::Items(_)) | None => Vec::new(),
        }
    }

    /// Returns the bytes of an element of numbers.
    pub(super) fn numbers(&self, tag: Tag) -> Option<&'b [u8]> {
        match self.elements.get(&tag) {
            Some(Element::Numbers(_, bytes)) => Some(bytes),
            Some(Element::Text(_) | Element::Items(_)) | None => None,
        }
    }

    /// Whether an element is there.
    pub(super) fn has(&self, tag: Tag) -> bool {
        self.elements.contains_key(&tag)
    }

    /// Returns the items of a sequence.
    pub(super) fn items(&self, tag: Tag) -> &[Self] {
        match self.elements.get(&tag) {
            Some(Element::Items(items)) => items,
            Some(Element::Text(_) | Element::Numbers(..)) | None => &[],
        }
    }

    /// Returns the first item of a sequence.
    pub(super) fn item(&self, tag: Tag) -> Option<&Self> {
        self.items(tag).first()
    }
}

/// A text without the blanks and zeros that fill it up.
fn unpadded(text: &str) -> &str {
    text.trim_matches(|letter: char| letter.is_whitespace() || letter == '\0')
}

/// A part of a file that is one data set.
#[derive(Debug, Clone, Copy)]
pub(super) struct Part<'b> {
    pub(super) file: &'b str,
    pub(super) bytes: &'b [u8],
    /// Where in the file it begins.
    pub(super) offset: u64,
}

/// Reads a data set.
pub(super) fn read(part: Part<'_>, encoding: Encoding) -> Result<Item<'_>, DicomError> {
    let syntax = match encoding {
        Encoding::ImplicitLittle => IMPLICIT_VR_LITTLE_ENDIAN.erased(),
        Encoding::ExplicitLittle => EXPLICIT_VR_LITTLE_ENDIAN.erased(),
        Encoding::ExplicitBig => EXPLICIT_VR_BIG_ENDIAN.erased(),
    };
    let mut walk = Walk {
        part,
        stack: Vec::new(),
        root: Item::default(),
        kept: 0,
        byte: 0,
    };
    let mut reader = LazyDataSetReader::new_with_ts(Cursor::new(part.bytes), &syntax)
        .map_err(|error| walk.damaged(error.to_string(), Some(error)))?;
    while let Some(token) = reader.advance() {
        let token = token.map_err(|error| walk.damaged(chain(&error), Some(error)))?;
        walk.take(token)?;
    }
    walk.byte = reader.into_decoder().position();
    walk.end()
}

/// The messages of an error and of what led to it.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(error) = next {
        text = format!("{text}: {error}");
        next = error.source();
    }
    text
}

/// A sequence or item that is open.
enum Frame<'b> {
    Sequence {
        tag: Tag,
        items: Vec<Item<'b>>,
        /// Items begun.
        begun: usize,
        is_wanted: bool,
    },
    Item(Item<'b>),
}

struct Walk<'b> {
    part: Part<'b>,
    stack: Vec<Frame<'b>>,
    root: Item<'b>,
    kept: usize,
    byte: u64,
}

impl<'b> Walk<'b> {
    fn take<D: StatefulDecode>(&mut self, token: LazyDataToken<D>) -> Result<(), DicomError> {
        match token {
            LazyDataToken::ElementHeader(_) => Ok(()),
            LazyDataToken::LazyValue { header, decoder } => self.value(&header, decoder),
            LazyDataToken::SequenceStart { tag, .. } => self.begin_sequence(tag),
            LazyDataToken::ItemStart { .. } => self.begin_item(),
            LazyDataToken::ItemEnd => self.end_item(),
            LazyDataToken::SequenceEnd => self.end_sequence(),
            LazyDataToken::PixelSequenceStart | LazyDataToken::LazyItemValue { .. } => {
                Err(self.damaged("annotations hold no compressed pictures".to_owned(), None))
            }
            _ => Err(self.damaged(
                "the parser found something that is not known here".to_owned(),
                None,
            )),
        }
    }

    /// Whether what is open now is kept.
    fn is_wanted(&self) -> bool {
        self.stack.iter().all(|frame| match frame {
            Frame::Sequence { is_wanted, .. } => *is_wanted,
            Frame::Item(_) => true,
        })
    }

    /// The innermost item that is open.
    fn item(&mut self) -> Result<&mut Item<'b>, DicomError> {
        match self.stack.last() {
            Some(Frame::Sequence { .. }) => Err(self.damaged(
                "an element stands between the items of a sequence".to_owned(),
                None,
            )),
            Some(Frame::Item(_)) | None => match self.stack.last_mut() {
                Some(Frame::Item(item)) => Ok(item),
                Some(Frame::Sequence { .. }) | None => Ok(&mut self.root),
            },
        }
    }

    fn leave_behind(&mut self, tag: Tag) -> Result<(), DicomError> {
        let item = self.item()?;
        item.left += 1;
        item.first_left.get_or_insert(tag);
        Ok(())
    }

    fn keep(&mut self, tag: Tag, element: Element<'b>) -> Result<(), DicomError> {
        self.count()?;
        let is_twice = self.item()?.elements.insert(tag, element).is_some();
        if is_twice {
            return Err(DicomError::ElementTwice {
                file: self.part.file.to_owned(),
                path: self.path(Some(tag)),
            });
        }
        Ok(())
    }

    fn count(&mut self) -> Result<(), DicomError> {
        self.kept += 1;
        if self.kept > KEPT_MAX {
            return Err(DicomError::TooMany {
                file: self.part.file.to_owned(),
                what: "elements and items",
                limit: KEPT_MAX,
            });
        }
        Ok(())
    }

    fn value<D: StatefulDecode>(
        &mut self,
        header: &DataElementHeader,
        mut decoder: D,
    ) -> Result<(), DicomError> {
        let (tag, start) = (header.tag(), decoder.position());
        self.byte = start;
        if tag.0 == DELIMITERS {
            return Err(self.damaged(format!("{} stands where an element belongs", tag_text(tag)), None));
        }
        let left = length(self.part.bytes).saturating_sub(start);
        let bytes = u64::from(header.len.0);
        let kind = tags::kind(tag).filter(|_| self.is_wanted());
        let limit = if kind == Some(Kind::Text) {
            left.min(TEXT_MAX)
        } else {
            left
        };
        if bytes > limit {
            return Err(DicomError::TooLong {
                file: self.part.file.to_owned(),
                path: self.path(Some(tag)),
                bytes,
                limit,
            });
        }
        let element = match kind {
            None => None,
            Some(Kind::Text) if tags::is_text(header.vr) => {
                let value = decoder.read_value_preserved(header).map_err(|error| {
                    let path = self.path(Some(tag));
                    self.damaged_at(path, chain(&error))
                })?;
                let texts = value.to_multi_str().iter().cloned().collect();
                self.keep(tag, Element::Text(texts))?;
                return Ok(());
            }
            Some(Kind::Numbers(allowed)) if allowed.contains(&header.vr) => {
                Some(Element::Numbers(header.vr, self.slice(start, bytes)))
            }
            Some(Kind::Numbers(_) | Kind::Text | Kind::Sequence) => {
                return Err(DicomError::Representation {
                    file: self.part.file.to_owned(),
                    path: self.path(Some(tag)),
                    vr: header.vr.to_string(),
                });
            }
        };
        decoder.skip_bytes(header.len.0).map_err(|error| {
            let path = self.path(Some(tag));
            self.damaged_at(path, chain(&error))
        })?;
        match element {
            Some(element) => self.keep(tag, element),
            None => self.leave_behind(tag),
        }
    }

    fn slice(&self, start: u64, bytes: u64) -> &'b [u8] {
        let range = usize::try_from(start).ok().zip(usize::try_from(bytes).ok());
        range
            .and_then(|(start, bytes)| self.part.bytes.get(start..start.checked_add(bytes)?))
            .unwrap_or_default()
    }

    fn begin_sequence(&mut self, tag: Tag) -> Result<(), DicomError> {
        if self.stack.len() >= DEPTH_MAX {
            return Err(self.damaged(format!("sequences nest more than {DEPTH_MAX} deep"), None));
        }
        let is_wanted = match tags::kind(tag) {
            Some(Kind::Sequence) => true,
            // A sequence where something else belongs; its items are passed over.
            Some(Kind::Text | Kind::Numbers(_)) if self.is_wanted() => {
                return Err(DicomError::Representation {
                    file: self.part.file.to_owned(),
                    path: self.path(Some(tag)),
                    vr: "SQ",
                });
            }
            Some(Kind::Text | Kind::Numbers(_)) | None => false,
        };
        // Only an item may hold a sequence.
        self.item()?;
        if !is_wanted && self.is_wanted() {
            self.leave_behind(tag)?;
        }
        self.stack.push(Frame::Sequence {
            tag,
            items: Vec::new(),
            begun: 0,
            is_wanted,
        });
        Ok(())
    }

    fn begin_item(&mut self) -> Result<(), DicomError> {
        match self.stack.last_mut() {
            Some(Frame::Sequence { begun, .. }) => *begun += 1,
            Some(Frame::Item(_)) | None => {
                return Err(self.damaged("an item begins outside of a sequence".to_owned(), None));
            }
        }
        self.stack.push(Frame::Item(Item::default()));
        Ok(())
    }

    fn end_item(&mut self) -> Result<(), DicomError> {
        let is_wanted = self.is_wanted();
        match self.stack.pop() {
            Some(Frame::Item(item)) => {
                if !is_wanted {
                    return Ok(());
                }
                self.count()?;
                if let Some(Frame::Sequence { items, .. }) = self.stack.last_mut() {
                    items.push(item);
                }
                Ok(())
            }
            Some(Frame::Sequence { .. }) | None => {
                Err(self.damaged("an item ends that did not begin".to_owned(), None))
            }
        }
    }

    fn end_sequence(&mut self) -> Result<(), DicomError> {
        let is_wanted = self.is_wanted();
        match self.stack.pop() {
            Some(Frame::Sequence { tag, items, .. }) => {
                if is_wanted {
                    self.keep(tag, Element::Items(items))?;
                }
                Ok(())
            }
            Some(Frame::Item(_)) | None => {
                Err(self.damaged("a sequence ends that did not begin".to_owned(), None))
            }
        }
    }

    /// Holds what was read against the length of the data set.
    fn end(self) -> Result<Item<'b>, DicomError> {
        if !self.stack.is_empty() {
            return Err(self.damaged("the file ends within a sequence".to_owned(), None));
        }
        if self.byte != length(self.part.bytes) {
            return Err(self.damaged("the file ends within an element".to_owned(), None));
        }
        Ok(self.root)
    }

    /// Names what is open now, and an element in it.
    fn path(&self, tag: Option<Tag>) -> String {
        let mut path = String::new();
        for frame in &self.stack {
            if let Frame::Sequence { tag, begun, .. } = frame {
                path.push_str(&format!("{}[{begun}].", tag_text(*tag)));
            }
        }
        match tag {
            Some(tag) => path.push_str(&tag_text(tag)),
            None if path.is_empty() => path.push_str("the data set"),
            None => path.truncate(path.len() - 1),
        }
        path
    }

    fn damaged(&self, reason: String, source: Option<dicom_parser::dataset::lazy_read::Error>) -> DicomError {
        DicomError::Damaged {
            file: self.part.file.to_owned(),
            path: self.path(None),
            byte: self.part.offset + self.byte,
            reason,
            source: source.map(Box::new),
        }
    }

    fn damaged_at(&self, path: String, reason: String) -> DicomError {
        DicomError::Damaged {
            file: self.part.file.to_owned(),
            path,
            byte: self.part.offset + self.byte,
            reason,
            source: None,
        }
    }
}

/// A tag as the standard writes it.
pub(super) fn tag_text(tag: Tag) -> String {
    format!("({:04X},{:04X})", tag.0, tag.1)
}

/// A length as it is written in files.
pub(super) fn length(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}
