//! Elements one after the other, for files of any size: memory holds the names of the elements that are open and the
//! text of each, and nothing else. The tree of a small file is built on it.

use std::borrow::Cow;

use quick_xml::events::{BytesStart, Event};
use quick_xml::{Reader, XmlVersion};

use super::error::{Place, XmlError, XmlProblem};
use super::text::{Failure, allowed, decode, is_utf8_name, resolve};

/// How deep elements may be nested.
const DEPTH_LIMIT: usize = 128;

/// How many attributes an element may have: each is compared with those before it.
const ATTRIBUTE_LIMIT: usize = 256;

/// How large a file may be that is read element by element.
pub(crate) const STREAM_BYTES: u64 = 4 << 30;

/// The beginning of an element.
#[derive(Debug)]
pub(crate) struct Tag<'t> {
    start: BytesStart<'t>,
    /// The byte where it begins, for [`XmlReader::place`].
    pub(crate) offset: usize,
}

impl Tag<'_> {
    /// Returns its name.
    pub(crate) fn name(&self) -> &str {
        self.start.name().0
    }

    /// Returns its attributes, in order. They were checked when the tag was read.
    pub(crate) fn attributes(&self) -> impl Iterator<Item = (&str, Cow<'_, str>)> {
        let mut attributes = self.start.attributes();
        attributes.with_checks(false);
        attributes.filter_map(|attribute| {
            let attribute = attribute.ok()?;
            let value = attribute.normalized_value(XmlVersion::Explicit1_0).ok()?;
            Some((attribute.key.0, value))
        })
    }

    /// Returns the value of an attribute.
    pub(crate) fn get(&self, name: &str) -> Option<Cow<'_, str>> {
        self.attributes()
            .find_map(|(key, value)| (key == name).then_some(value))
    }
}

/// The text directly within an element.
#[derive(Debug, Default)]
struct OwnText {
    text: String,
    /// The part of it, in bytes, that came as references or CDATA: white space there is meant.
    meant: Option<(usize, usize)>,
}

impl OwnText {
    fn push(&mut self, text: &str) {
        self.text.push_str(text);
    }

    fn push_meant(&mut self, text: &str) {
        let start = self.text.len();
        self.text.push_str(text);
        let first = self.meant.map_or(start, |(first, _)| first);
        self.meant = Some((first, self.text.len()));
    }

    /// Forgets what is layout so far: between a million members there is a lot of it.
    fn drop_layout(&mut self) {
        if self.meant.is_none() && self.text.chars().all(is_layout) {
            self.text.clear();
        }
    }

    fn close(self) -> Text {
        let text = self.text.as_str();
        let (meant_start, meant_end) = self.meant.unwrap_or((text.len(), 0));
        let start = (text.len() - text.trim_start_matches(is_layout).len()).min(meant_start);
        let end = text.trim_end_matches(is_layout).len().max(meant_end).max(start);
        let left_out = [text.get(..start), text.get(end..)];
        let inner = text.get(start..end).unwrap_or_default().to_owned();
        Text {
            was_trimmed: !inner.is_empty()
                && left_out
                    .into_iter()
                    .flatten()
                    .any(|space| !space.is_empty() && !space.contains('\n')),
            text: inner,
        }
    }
}

fn is_layout(character: char) -> bool {
    matches!(character, ' ' | '\t' | '\r' | '\n')
}

/// The text of an element that has ended.
#[derive(Debug, Default)]
pub(crate) struct Text {
    /// The text, without white space around it (which is layout) unless that is written as a reference.
    pub(crate) text: String,
    /// Whether white space on a line of text was left out, which is hardly layout.
    pub(crate) was_trimmed: bool,
}

/// A file, read element by element.
pub(crate) struct XmlReader<'t> {
    file: &'t str,
    text: &'t str,
    reader: Reader<&'t [u8]>,
    /// Name and text of each element whose end is not read yet.
    open: Vec<(String, OwnText)>,
    /// Whether the innermost of them was written `<so/>`.
    innermost_is_empty: bool,
    seen_root: bool,
    closed: Text,
    /// A byte and its place: elements begin one after the other, so places are counted on from the one before.
    last: (usize, Place),
}

impl<'t> XmlReader<'t> {
    /// Checks the bytes of a file; `file` is the name that messages give it.
    pub(crate) fn new(file: &'t str, bytes: &'t [u8], limit: u64) -> Result<Self, XmlError> {
        let text = decode(bytes, limit).map_err(|(offset, problem)| XmlError {
            file: file.to_owned(),
            place: Place::of(
                &String::from_utf8_lossy(bytes.get(..offset).unwrap_or(bytes)),
                offset,
            ),
            problem,
        })?;
        let mut reader = Reader::from_str(text);
        reader.config_mut().enable_all_checks(true);
        Ok(Self {
            file,
            text,
            reader,
            open: Vec::new(),
            innermost_is_empty: false,
            seen_root: false,
            closed: Text::default(),
            last: (0, Place::START),
        })
    }

    /// Reads the root's beginning and checks its name.
    pub(crate) fn root_named(&mut self, expected: &'static str) -> Result<Tag<'t>, XmlError> {
        let root = self.root()?;
        if root.name() == expected {
            return Ok(root);
        }
        let name = root.name().to_owned();
        Err(self.refuse(root.offset, XmlProblem::WrongRoot { root: name, expected }))
    }

    /// Reads the root's beginning.
    pub(crate) fn root(&mut self) -> Result<Tag<'t>, XmlError> {
        match self.advance()? {
            Some(tag) => Ok(tag),
            None => Err(self.refuse(self.text.len(), XmlProblem::NoRoot)),
        }
    }

    /// Reads on to the next member of the innermost element that is open: its beginning, which opens it. `None` at the
    /// element's end, which closes it; [`XmlReader::take_text`] then gives the element's own text.
    pub(crate) fn child(&mut self) -> Result<Option<Tag<'t>>, XmlError> {
        self.advance()
    }

    /// Returns the own text of the element that ended last.
    pub(crate) fn take_text(&mut self) -> Text {
        std::mem::take(&mut self.closed)
    }

    /// Returns how many elements are open.
    pub(crate) fn depth(&self) -> usize {
        self.open.len()
    }

    /// Reads on until fewer than `depth` elements are open.
    pub(crate) fn leave(&mut self, depth: usize) -> Result<(), XmlError> {
        while self.open.len() >= depth {
            self.advance()?;
        }
        Ok(())
    }

    /// Reads on behind the root, where only comments may be.
    pub(crate) fn finish(&mut self) -> Result<(), XmlError> {
        self.advance().map(drop)
    }

    /// Returns the byte that is read next.
    pub(crate) fn offset(&self) -> usize {
        offset(self.reader.buffer_position())
    }

    /// Returns the file's name.
    pub(crate) fn file(&self) -> &'t str {
        self.file
    }

    /// Finds the place of a byte. This reads the file from its beginning: it is for messages.
    pub(crate) fn place(&self, offset: usize) -> Place {
        Place::of(self.text, offset)
    }

    /// Names the file and the place of a byte, as messages begin.
    pub(crate) fn here(&self, offset: usize) -> String {
        format!("{}, {}", self.file, self.place(offset))
    }

    /// Finds the place of a byte behind those asked for before, counting on from there.
    pub(super) fn next_place(&mut self, offset: usize) -> Place {
        let (from, place) = self.last;
        let place = place.after(self.text.get(from..offset).unwrap_or_default());
        self.last = (offset.max(from), place);
        place
    }

    /// Makes the error that ends the reading.
    pub(crate) fn refuse(&self, offset: usize, problem: XmlProblem) -> XmlError {
        XmlError {
            file: self.file.to_owned(),
            place: self.place(offset),
            problem,
        }
    }

    fn advance(&mut self) -> Result<Option<Tag<'t>>, XmlError> {
        if std::mem::take(&mut self.innermost_is_empty) {
            self.close();
            return Ok(None);
        }
        self.read()
            .map_err(|(offset, problem)| self.refuse(offset, problem))
    }

    /// Reads on to the next beginning, or to an end: of an element, or of the file.
    fn read(&mut self) -> Result<Option<Tag<'t>>, Failure> {
        loop {
            let start = offset(self.reader.buffer_position());
            let event = self.reader.read_event();
            let event =
                event.map_err(|error| (offset(self.reader.error_position()), XmlProblem::Syntax(error)))?;
            // A text begins with the white space before what is wrong with it.
            let at = |problem| {
                let rest = self.text.get(start..).unwrap_or_default();
                (start + rest.len() - rest.trim_start().len(), problem)
            };
            match event {
                Event::Start(tag) => return self.begin(tag, start).map(Some).map_err(at),
                Event::Empty(tag) => {
                    let tag = self.begin(tag, start).map_err(at)?;
                    self.innermost_is_empty = true;
                    return Ok(Some(tag));
                }
                Event::End(_) => {
                    self.close();
                    return Ok(None);
                }
                Event::Eof => {
                    return match self.open.last() {
                        Some((element, _)) => Err((
                            self.text.len(),
                            XmlProblem::Truncated {
                                element: element.clone(),
                            },
                        )),
                        None => Ok(None),
                    };
                }
                Event::Text(text) => self.push(&text.xml10_content()).map_err(at)?,
                Event::CData(text) => self.push_meant(&text.xml10_content()).map_err(at)?,
                Event::GeneralRef(reference) => {
                    let character = resolve(&reference).map_err(at)?;
                    self.push_meant(character.encode_utf8(&mut [0; 4])).map_err(at)?;
                }
                Event::Decl(declaration) => match declaration.encoding() {
                    Some(Ok(encoding)) if !is_utf8_name(&encoding) => {
                        let encoding = encoding.into_owned();
                        return Err(at(XmlProblem::OtherEncoding { encoding }));
                    }
                    Some(Err(error)) => return Err(at(XmlProblem::Attribute(error))),
                    Some(Ok(_)) | None => {}
                },
                Event::DocType(_) => return Err(at(XmlProblem::Doctype)),
                Event::Comment(_) | Event::PI(_) => {}
            }
        }
    }

    fn push(&mut self, text: &str) -> Result<(), XmlProblem> {
        match self.open.last_mut() {
            Some((_, own)) => own.push(text),
            None if text.trim().is_empty() => {}
            None => return Err(XmlProblem::OutsideRoot),
        }
        Ok(())
    }

    fn push_meant(&mut self, text: &str) -> Result<(), XmlProblem> {
        let (_, own) = self.open.last_mut().ok_or(XmlProblem::OutsideRoot)?;
        own.push_meant(text);
        Ok(())
    }

    fn begin(&mut self, start: BytesStart<'t>, offset: usize) -> Result<Tag<'t>, XmlProblem> {
        if self.open.is_empty() && std::mem::replace(&mut self.seen_root, true) {
            return Err(XmlProblem::OutsideRoot);
        }
        if self.open.len() >= DEPTH_LIMIT {
            return Err(XmlProblem::TooDeep { limit: DEPTH_LIMIT });
        }
        for (count, attribute) in start.attributes().enumerate() {
            if count >= ATTRIBUTE_LIMIT {
                let limit = ATTRIBUTE_LIMIT;
                return Err(XmlProblem::TooManyAttributes { limit });
            }
            let attribute = attribute.map_err(XmlProblem::Attribute)?;
            let value = attribute
                .normalized_value(XmlVersion::Explicit1_0)
                .map_err(XmlProblem::Syntax)?;
            if let Cow::Owned(value) = value {
                value
                    .chars()
                    .try_for_each(|character| allowed(character).map(drop))?;
            }
        }
        if let Some((_, own)) = self.open.last_mut() {
            own.drop_layout();
        }
        self.open.push((start.name().0.to_owned(), OwnText::default()));
        Ok(Tag { start, offset })
    }

    fn close(&mut self) {
        self.closed = self.open.pop().map(|(_, own)| own.close()).unwrap_or_default();
    }
}

fn offset(position: u64) -> usize {
    usize::try_from(position).unwrap_or(usize::MAX)
}
