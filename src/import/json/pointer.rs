//! Where in a JSON document a value stands, as a JSON Pointer (RFC 6901). A pointer is a chain on the stack, and becomes
//! a text only where a message needs one.

use std::fmt;

/// The place of a value.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Pointer<'p> {
    /// The document itself.
    Root,
    /// A member of an object.
    Member(&'p Self, &'p str),
    /// An element of a list.
    Element(&'p Self, usize),
}

impl<'p> Pointer<'p> {
    /// The member of this name.
    pub(crate) const fn member(&'p self, name: &'p str) -> Self {
        Self::Member(self, name)
    }

    /// The element at this index.
    pub(crate) const fn element(&'p self, index: usize) -> Self {
        Self::Element(self, index)
    }
}

impl fmt::Display for Pointer<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Root => Ok(()),
            Self::Member(parent, name) => {
                write!(f, "{parent}/")?;
                name.chars().try_for_each(|letter| match letter {
                    '~' => f.write_str("~0"),
                    '/' => f.write_str("~1"),
                    other => write!(f, "{other}"),
                })
            }
            Self::Element(parent, index) => write!(f, "{parent}/{index}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_escaped_as_the_standard_says() {
        let root = Pointer::Root;
        let (features, name) = (root.member("features"), "a/b~c");
        let third = features.element(3);
        assert_eq!(third.member(name).to_string(), "/features/3/a~1b~0c");
        assert_eq!(root.to_string(), "");
    }
}
