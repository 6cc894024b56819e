//! Other names of images: as a source writes them, as they are here; one by one, or by a pattern.
//!
//! `{}` in a pattern stands for any text of at least one character, folders included: `{}.svs={}.ndpi` says that each image
//! whose name ends with `.svs` there is the one that ends with `.ndpi` here.

use std::collections::BTreeMap;

/// What stands for any text.
const BLANK: &str = "{}";

/// Names of images that are other ones here.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ImageMap {
    exact: BTreeMap<String, String>,
    patterns: Vec<Pattern>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Pattern {
    old: [String; 2],
    new: [String; 2],
}

/// A pair of names that cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ImageMapError {
    /// A side is empty.
    #[error("a name is empty")]
    Empty,
    /// One side is a pattern and the other is not.
    #[error("{{}} stands on one side only, so several images would become one, or none can be named")]
    OneSide,
    /// A side has `{}` more than once.
    #[error("{{}} can stand once on each side")]
    Twice,
}

impl ImageMap {
    /// Adds a pair.
    ///
    /// # Errors
    /// [`ImageMapError`] when a side is empty, or `{}` does not stand once on each side or on none.
    pub fn insert(&mut self, old: &str, new: &str) -> Result<(), ImageMapError> {
        if old.is_empty() || new.is_empty() {
            return Err(ImageMapError::Empty);
        }
        match (halves(old)?, halves(new)?) {
            (None, None) => {
                self.exact.insert(old.to_owned(), new.to_owned());
            }
            (Some(old), Some(new)) => self.patterns.push(Pattern { old, new }),
            (Some(_), None) | (None, Some(_)) => return Err(ImageMapError::OneSide),
        }
        Ok(())
    }

    /// Returns what a name is here; a name that is given itself goes before patterns, of these the first that fits.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<String> {
        let exact = self.exact.get(name).cloned();
        exact.or_else(|| self.patterns.iter().find_map(|pattern| pattern.apply(name)))
    }
}

impl Pattern {
    fn apply(&self, name: &str) -> Option<String> {
        let [before, after] = &self.old;
        let middle = name.strip_prefix(before.as_str())?.strip_suffix(after.as_str())?;
        let [new_before, new_after] = &self.new;
        (!middle.is_empty()).then(|| format!("{new_before}{middle}{new_after}"))
    }
}

/// What stands before and after the blank; `None` without one.
fn halves(name: &str) -> Result<Option<[String; 2]>, ImageMapError> {
    let Some((before, after)) = name.split_once(BLANK) else {
        return Ok(None);
    };
    if after.contains(BLANK) {
        return Err(ImageMapError::Twice);
    }
    Ok(Some([before.to_owned(), after.to_owned()]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(pairs: &[(&str, &str)]) -> ImageMap {
        let mut map = ImageMap::default();
        for (old, new) in pairs {
            map.insert(old, new).unwrap();
        }
        map
    }

    #[test]
    fn a_blank_is_any_text_and_a_name_goes_before_patterns() {
        let map = map(&[
            ("{}.svs", "slides/{}.ndpi"),
            ("{}", "other/{}"),
            ("a.svs", "b.tif"),
        ]);
        let got = |name: &str| map.get(name).unwrap_or_default();
        assert_eq!(got("a.svs"), "b.tif");
        assert_eq!(got("2019/c.svs"), "slides/2019/c.ndpi");
        assert_eq!(got("c.tif"), "other/c.tif");
        assert_eq!(got(".svs"), "other/.svs", "a blank is at least one character");
        assert_eq!(got("é.svs"), "slides/é.ndpi");
    }

    #[test]
    fn pairs_that_say_nothing_are_refused() {
        let mut map = ImageMap::default();
        assert_eq!(map.insert("", "a"), Err(ImageMapError::Empty));
        assert_eq!(map.insert("{}.a", "b"), Err(ImageMapError::OneSide));
        assert_eq!(map.insert("a", "{}"), Err(ImageMapError::OneSide));
        assert_eq!(map.insert("{}{}", "{}"), Err(ImageMapError::Twice));
        assert_eq!(map, ImageMap::default());
    }

    #[test]
    fn prefix_and_suffix_do_not_overlap() {
        let map = map(&[("ab{}ba", "{}")]);
        assert_eq!(map.get("aba"), None);
        assert_eq!(map.get("abba"), None);
        assert_eq!(map.get("abcba").as_deref(), Some("c"));
    }
}
