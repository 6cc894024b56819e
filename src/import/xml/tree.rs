//! A small file, or a small part of one, as a tree.

use super::error::{Place, XmlError, XmlProblem};
use super::reader::{Tag, Text, XmlReader};

/// How large a file may be that is read as a tree. The tree takes some forty times the memory of the densest file.
const TREE_BYTES: u64 = 16 << 20;

/// How large a member may be that is kept though nothing here knows it.
const MEMBER_BYTES: usize = 1 << 20;

/// One element.
#[derive(Debug)]
pub(crate) struct Element {
    pub(crate) name: String,
    pub(crate) place: Place,
    pub(crate) attributes: Vec<(String, String)>,
    /// Its own text, without white space around it (which is layout) unless that is written as a reference.
    pub(crate) text: String,
    /// Whether white space on a line of text was left out, which is hardly layout.
    pub(crate) was_trimmed: bool,
    pub(crate) children: Vec<Element>,
}

/// What an element holds of members of one name.
pub(crate) enum Member<'e> {
    Missing,
    One(&'e Element),
    Several(&'e Element),
}

impl Element {
    /// Returns the members of that name.
    pub(crate) fn all<'e>(&'e self, name: &'e str) -> impl Iterator<Item = &'e Element> {
        self.children.iter().filter(move |child| child.name == name)
    }

    /// Returns the member of that name.
    pub(crate) fn member<'e>(&'e self, name: &'e str) -> Member<'e> {
        let mut all = self.all(name);
        match (all.next(), all.next()) {
            (None, _) => Member::Missing,
            (Some(one), None) => Member::One(one),
            (Some(_), Some(second)) => Member::Several(second),
        }
    }

    /// Returns the text of the first member of that name, where there is some.
    pub(crate) fn text_of<'e>(&'e self, name: &'e str) -> Option<&'e str> {
        let text = self.all(name).next().map(|member| member.text.as_str());
        text.filter(|text| !text.is_empty())
    }
}

/// Reads a file of at most 16 MiB into its root element; `file` is the name that messages give it.
pub(crate) fn read_tree(file: &str, bytes: &[u8], root: &'static str) -> Result<Element, XmlError> {
    let mut reader = XmlReader::new(file, bytes, TREE_BYTES)?;
    let tag = reader.root_named(root)?;
    let root = reader.element_within(&tag, usize::MAX)?;
    reader.finish()?;
    root.ok_or_else(|| reader.refuse(0, XmlProblem::NoRoot))
}

impl XmlReader<'_> {
    /// Reads the element that `tag` opened, to its end; `None` when it is larger than what is kept of members that a
    /// reader does not know.
    pub(crate) fn member(&mut self, tag: &Tag<'_>) -> Result<Option<Element>, XmlError> {
        let depth = self.depth();
        let limit = tag.offset.saturating_add(MEMBER_BYTES);
        let element = self.element_within(tag, limit)?;
        self.leave(depth)?;
        Ok(element)
    }

    /// Reads the element that `tag` opened, to its end; refuses one of more than 16 MiB.
    pub(crate) fn part(&mut self, tag: &Tag<'_>) -> Result<Element, XmlError> {
        let limit = usize::try_from(TREE_BYTES).unwrap_or(usize::MAX);
        let element = self.element_within(tag, tag.offset.saturating_add(limit))?;
        element.ok_or_else(|| {
            let element = tag.name().to_owned();
            self.refuse(tag.offset, XmlProblem::MemberTooLarge { element, limit })
        })
    }

    /// Reads the element that `tag` opened; `None` as soon as it goes beyond the byte `limit`.
    fn element_within(&mut self, tag: &Tag<'_>, limit: usize) -> Result<Option<Element>, XmlError> {
        let mut element = self.begin_element(tag);
        // The depth is limited, so that this cannot run out of stack.
        while let Some(child) = self.child()? {
            let Some(child) = self.element_within(&child, limit)? else {
                return Ok(None);
            };
            element.children.push(child);
        }
        if self.offset() > limit {
            return Ok(None);
        }
        let Text { text, was_trimmed } = self.take_text();
        Ok(Some(Element {
            text,
            was_trimmed,
            ..element
        }))
    }

    fn begin_element(&mut self, tag: &Tag<'_>) -> Element {
        let attributes = tag.attributes();
        Element {
            name: tag.name().to_owned(),
            place: self.next_place(tag.offset),
            attributes: attributes
                .map(|(name, value)| (name.to_owned(), value.into_owned()))
                .collect(),
            text: String::new(),
            was_trimmed: false,
            children: Vec::new(),
        }
    }
}
