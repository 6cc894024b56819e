//! What every reader of an XML format needs: the bytes as text, checked; elements one after the other or as a tree; places,
//! numbers, classes, and what is not understood kept as facts. What elements mean is each format's own.
//!
//! Whatever could pull in another file or grow without end is refused: no document type, no entity but XML's five,
//! nothing after the root, at most 128 levels and 256 attributes of an element. Nothing is repaired.

mod error;
mod ids;
mod keep;
mod labels;
mod number;
mod reader;
mod shape;
mod text;
mod tree;

pub use error::{Place, XmlError, XmlProblem};
pub(crate) use ids::Ids;
pub(crate) use keep::{add_nested, add_others, insert, keep_attributes, keep_member, leaf_value, lose_text};
pub(crate) use labels::Labels;
pub(crate) use number::{Coordinate, number, positive};
pub(crate) use reader::{STREAM_BYTES, Tag, XmlReader};
pub(crate) use shape::{box_of, polygon, polyline, upright, upright_box};
pub(crate) use text::first_tags;
pub(crate) use tree::{Element, Member, read_tree};

#[cfg(test)]
pub(crate) mod hostile;
#[cfg(test)]
mod tests;
