//! A small XML file as a tree. No document type, no entity but XML's five, nothing after the root, at most
//! [`DEPTH_LIMIT`] levels: whatever could pull in another file or grow without end is refused.

use quick_xml::events::{BytesRef, BytesStart, Event};
use quick_xml::{Reader, XmlVersion};

use super::error::{Place, VocError, VocProblem};

/// How deep elements may be nested.
const DEPTH_LIMIT: usize = 128;

/// How large a file may be. The tree takes some forty times the memory of the densest file.
const SIZE_LIMIT: usize = 16 << 20;

/// One element.
#[derive(Debug)]
pub(super) struct Element {
    pub(super) name: String,
    pub(super) place: Place,
    pub(super) attributes: Vec<(String, String)>,
    /// Its own text, without white space around it (which is layout) unless that is written as a reference.
    pub(super) text: String,
    /// Whether white space on a line of text was left out, which is hardly layout.
    pub(super) was_trimmed: bool,
    pub(super) children: Vec<Element>,
}

/// What an element holds of members of one name.
pub(super) enum Member<'e> {
    Missing,
    One(&'e Element),
    Several(&'e Element),
}

impl Element {
    /// Returns the members of that name.
    pub(super) fn all<'e>(&'e self, name: &'e str) -> impl Iterator<Item = &'e Element> {
        self.children.iter().filter(move |child| child.name == name)
    }

    /// Returns the member of that name.
    pub(super) fn member<'e>(&'e self, name: &'e str) -> Member<'e> {
        let mut all = self.all(name);
        match (all.next(), all.next()) {
            (None, _) => Member::Missing,
            (Some(one), None) => Member::One(one),
            (Some(_), Some(second)) => Member::Several(second),
        }
    }
}

/// An element whose end is not read yet.
struct Open {
    element: Element,
    /// The part of its text, in bytes, that came as references or CDATA: white space there is meant.
    meant: Option<(usize, usize)>,
}

impl Open {
    fn push(&mut self, text: &str) {
        self.element.text.push_str(text);
    }

    fn push_meant(&mut self, text: &str) {
        let start = self.element.text.len();
        self.element.text.push_str(text);
        let first = self.meant.map_or(start, |(first, _)| first);
        self.meant = Some((first, self.element.text.len()));
    }

    fn close(self) -> Element {
        let mut element = self.element;
        let text = element.text.as_str();
        let (meant_start, meant_end) = self.meant.unwrap_or((text.len(), 0));
        let is_space = |c: char| matches!(c, ' ' | '\t' | '\r' | '\n');
        let start = (text.len() - text.trim_start_matches(is_space).len()).min(meant_start);
        let end = text.trim_end_matches(is_space).len().max(meant_end).max(start);
        let left_out = [text.get(..start), text.get(end..)];
        let inner = text.get(start..end).unwrap_or_default().to_owned();
        element.was_trimmed = !inner.is_empty()
            && left_out
                .into_iter()
                .flatten()
                .any(|space| !space.is_empty() && !space.contains('\n'));
        element.text = inner;
        element
    }
}

/// Reads a file into its root element.
pub(super) fn read(file: &str, bytes: &[u8]) -> Result<Element, VocError> {
    let text = decode(bytes).map_err(|(offset, problem)| VocError {
        file: file.to_owned(),
        place: Place::of(
            &String::from_utf8_lossy(bytes.get(..offset).unwrap_or(bytes)),
            offset,
        ),
        problem,
    })?;
    let mut tree = Tree {
        text,
        open: Vec::new(),
        root: None,
        last: (0, Place { line: 1, column: 1 }),
    };
    tree.read().map_err(|(offset, problem)| VocError {
        file: file.to_owned(),
        place: Place::of(text, offset),
        problem,
    })
}

/// A problem and the byte where it is.
type Failure = (usize, VocProblem);

fn decode(bytes: &[u8]) -> Result<&str, Failure> {
    if bytes.len() > SIZE_LIMIT {
        let bytes = bytes.len();
        return Err((
            0,
            VocProblem::TooLarge {
                bytes,
                limit: SIZE_LIMIT,
            },
        ));
    }
    let is_utf16 = [&b"\xFF\xFE"[..], b"\xFE\xFF", b"<\0", b"\0<"]
        .iter()
        .any(|start| bytes.starts_with(start));
    if is_utf16 {
        return Err((0, VocProblem::Utf16));
    }
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let offset = error.valid_up_to();
        (offset, VocProblem::NotUtf8 { offset })
    })?;
    match text.char_indices().find(|(_, character)| !is_allowed(*character)) {
        Some((offset, character)) => Err((
            offset,
            VocProblem::Character {
                code: u32::from(character),
            },
        )),
        None => Ok(text.strip_prefix('\u{FEFF}').unwrap_or(text)),
    }
}

/// Whether XML 1.0 allows a character.
fn is_allowed(character: char) -> bool {
    !matches!(character, '\0'..='\u{8}' | '\u{B}' | '\u{C}' | '\u{E}'..='\u{1F}' | '\u{FFFE}' | '\u{FFFF}')
}

struct Tree<'t> {
    text: &'t str,
    open: Vec<Open>,
    root: Option<Element>,
    /// Where the last element began: byte and place.
    last: (usize, Place),
}

impl Tree<'_> {
    fn read(&mut self) -> Result<Element, Failure> {
        let mut reader = Reader::from_str(self.text);
        reader.config_mut().enable_all_checks(true);
        loop {
            let start = offset(reader.buffer_position());
            let event = reader.read_event();
            let event =
                event.map_err(|error| (offset(reader.error_position()), VocProblem::Syntax(error)))?;
            if let Event::Eof = event {
                break;
            }
            self.take(event, start).map_err(|problem| {
                // A text begins with the white space before what is wrong with it.
                let rest = self.text.get(start..).unwrap_or_default();
                (start + rest.len() - rest.trim_start().len(), problem)
            })?;
        }
        let end = self.text.len();
        if let Some(open) = self.open.last() {
            let element = open.element.name.clone();
            return Err((end, VocProblem::Truncated { element }));
        }
        self.root
            .take()
            .ok_or((end, VocProblem::NotVoc { root: String::new() }))
    }

    fn take(&mut self, event: Event<'_>, start: usize) -> Result<(), VocProblem> {
        match event {
            Event::Start(tag) => {
                let open = self.open(&tag, start)?;
                self.open.push(open);
                Ok(())
            }
            Event::Empty(tag) => {
                let open = self.open(&tag, start)?;
                self.close(open);
                Ok(())
            }
            Event::End(_) => {
                if let Some(open) = self.open.pop() {
                    self.close(open);
                }
                Ok(())
            }
            Event::Text(text) => {
                let text = text.xml10_content();
                match self.open.last_mut() {
                    Some(open) => open.push(&text),
                    None if text.trim().is_empty() => {}
                    None => return Err(VocProblem::OutsideRoot),
                }
                Ok(())
            }
            Event::CData(text) => self.push_meant(&text.xml10_content()),
            Event::GeneralRef(reference) => {
                let character = resolve(&reference)?;
                self.push_meant(character.encode_utf8(&mut [0; 4]))
            }
            Event::Decl(declaration) => match declaration.encoding() {
                Some(Ok(encoding)) if !is_utf8_name(&encoding) => Err(VocProblem::OtherEncoding {
                    encoding: encoding.into_owned(),
                }),
                Some(Err(error)) => Err(VocProblem::Attribute(error)),
                Some(Ok(_)) | None => Ok(()),
            },
            Event::DocType(_) => Err(VocProblem::Doctype),
            Event::Comment(_) | Event::PI(_) | Event::Eof => Ok(()),
        }
    }

    fn push_meant(&mut self, text: &str) -> Result<(), VocProblem> {
        self.open
            .last_mut()
            .ok_or(VocProblem::OutsideRoot)?
            .push_meant(text);
        Ok(())
    }

    fn open(&mut self, tag: &BytesStart<'_>, start: usize) -> Result<Open, VocProblem> {
        if self.open.is_empty() && self.root.is_some() {
            return Err(VocProblem::OutsideRoot);
        }
        if self.open.len() >= DEPTH_LIMIT {
            return Err(VocProblem::TooDeep { limit: DEPTH_LIMIT });
        }
        let mut attributes = Vec::new();
        for attribute in tag.attributes() {
            let attribute = attribute.map_err(VocProblem::Attribute)?;
            let value = attribute
                .normalized_value(XmlVersion::Explicit1_0)
                .map_err(VocProblem::Syntax)?;
            attributes.push((attribute.key.as_ref().to_owned(), value.into_owned()));
        }
        let element = Element {
            name: tag.name().as_ref().to_owned(),
            place: self.place(start),
            attributes,
            text: String::new(),
            was_trimmed: false,
            children: Vec::new(),
        };
        Ok(Open { element, meant: None })
    }

    /// Elements begin one after the other, so a place is counted on from the one before.
    fn place(&mut self, start: usize) -> Place {
        let (from, place) = &mut self.last;
        for character in self.text.get(*from..start).unwrap_or_default().chars() {
            if character == '\n' {
                *place = Place {
                    line: place.line + 1,
                    column: 1,
                };
            } else {
                place.column += 1;
            }
        }
        *from = start;
        *place
    }

    fn close(&mut self, open: Open) {
        let element = open.close();
        match self.open.last_mut() {
            Some(parent) => parent.element.children.push(element),
            None => self.root = Some(element),
        }
    }
}

fn resolve(reference: &BytesRef<'_>) -> Result<char, VocProblem> {
    let name: &str = reference;
    match name {
        "amp" => return Ok('&'),
        "lt" => return Ok('<'),
        "gt" => return Ok('>'),
        "apos" => return Ok('\''),
        "quot" => return Ok('"'),
        _ => {}
    }
    let character = reference.resolve_char_ref().map_err(VocProblem::Syntax)?;
    let character = character.ok_or_else(|| VocProblem::Entity {
        name: name.to_owned(),
    })?;
    if is_allowed(character) {
        Ok(character)
    } else {
        Err(VocProblem::Character {
            code: u32::from(character),
        })
    }
}

fn is_utf8_name(encoding: &str) -> bool {
    ["utf-8", "utf8", "us-ascii", "ascii"]
        .iter()
        .any(|name| encoding.eq_ignore_ascii_case(name))
}

fn offset(position: u64) -> usize {
    usize::try_from(position).unwrap_or(usize::MAX)
}
