//! What a version covers: images, cases and annotations by the values of a fact, over all and in each part of a split, and
//! the gaps between the parts.

use std::collections::{BTreeMap, BTreeSet};

use super::splits::{Assignment, Material, NOT_STATED, Picture};

/// The name of the column for what is in no part.
pub const NO_PART: &str = "no part";

/// How much there is of something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Count {
    /// Cases, each image without one counted as its own.
    pub cases: u64,
    /// Images.
    pub images: u64,
    /// Annotations.
    pub annotations: u64,
}

/// The images that have one value of a fact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The value; [`NOT_STATED`] where there is none.
    pub value: String,
    /// All of them.
    pub all: Count,
    /// Those in each part, in the order of the table's parts.
    pub parts: Vec<Count>,
}

/// Where the parts of a split differ in what they cover.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Gap {
    /// A value stands in one part alone.
    OnlyIn {
        /// The value.
        value: String,
        /// The part.
        part: String,
    },
    /// A value stands in several parts, and not in this one.
    NotIn {
        /// The value.
        value: String,
        /// The part.
        part: String,
    },
    /// The fact is not stated for images.
    NotStated {
        /// How many.
        images: u64,
    },
}

/// A table of coverage by one fact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Coverage {
    /// The fact.
    pub fact: String,
    /// The parts of the split, sorted, [`NO_PART`] last where images are in none; none where there is no split.
    pub parts: Vec<String>,
    /// The values, sorted, [`NOT_STATED`] last.
    pub rows: Vec<Row>,
}

/// What is counted of some images.
#[derive(Default)]
struct Tally<'m> {
    members: BTreeSet<String>,
    images: Vec<&'m Picture>,
}

impl Tally<'_> {
    fn count(&self) -> Count {
        let whole = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
        Count {
            cases: whole(self.members.len()),
            images: whole(self.images.len()),
            annotations: self.images.iter().map(|picture| picture.annotations).sum(),
        }
    }
}

/// Counts what a version covers by a fact: of an image, else of its slide or case.
#[must_use]
pub fn coverage(material: &Material, fact: &str, assignment: Option<&Assignment>) -> Coverage {
    let part_of = |picture: &Picture| -> Option<&str> {
        let assignment = assignment?;
        let part = assignment
            .get(&picture.member())
            .or_else(|| assignment.get(&picture.id.to_string()));
        Some(part.map_or(NO_PART, String::as_str))
    };
    let named = assignment.iter().flat_map(|assignment| assignment.values());
    let named: BTreeSet<&str> = named.map(String::as_str).collect();
    let mut parts: Vec<String> = named.into_iter().map(str::to_owned).collect();
    let mut tallies: BTreeMap<(bool, String), (Tally<'_>, BTreeMap<String, Tally<'_>>)> = BTreeMap::new();
    for picture in material.pictures() {
        let value = material.fact(picture, fact);
        let key = match value {
            Some(value) => (false, value),
            None => (true, NOT_STATED.to_owned()),
        };
        let (all, by_part) = tallies.entry(key).or_default();
        let part = part_of(picture).map(str::to_owned);
        if part.as_deref() == Some(NO_PART) && parts.last().is_none_or(|last| last != NO_PART) {
            parts.push(NO_PART.to_owned());
        }
        let in_part = part.map(|part| by_part.entry(part).or_default());
        for tally in [Some(all), in_part].into_iter().flatten() {
            tally.members.insert(picture.member());
            tally.images.push(picture);
        }
    }
    let rows = tallies.into_iter().map(|((_, value), (all, by_part))| Row {
        value,
        all: all.count(),
        parts: parts
            .iter()
            .map(|part| by_part.get(part).map(Tally::count).unwrap_or_default())
            .collect(),
    });
    Coverage {
        fact: fact.to_owned(),
        rows: rows.collect(),
        parts,
    }
}

impl Coverage {
    /// Finds where the parts differ in what they cover.
    #[must_use]
    pub fn gaps(&self) -> Vec<Gap> {
        let mut gaps = Vec::new();
        for row in &self.rows {
            if row.value == NOT_STATED {
                gaps.push(Gap::NotStated {
                    images: row.all.images,
                });
                continue;
            }
            let named = self.parts.iter().zip(&row.parts);
            let named: Vec<(&String, &Count)> = named.filter(|(part, _)| *part != NO_PART).collect();
            let (there, absent): (Vec<_>, Vec<_>) =
                named.into_iter().partition(|(_, count)| count.images > 0);
            match there.as_slice() {
                [(part, _)] if !absent.is_empty() => gaps.push(Gap::OnlyIn {
                    value: row.value.clone(),
                    part: (*part).clone(),
                }),
                [] => {}
                _ => gaps.extend(absent.into_iter().map(|(part, _)| Gap::NotIn {
                    value: row.value.clone(),
                    part: part.clone(),
                })),
            }
        }
        gaps
    }
}

impl std::fmt::Display for Gap {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::OnlyIn { value, part } => write!(f, "{value} only in {part}"),
            Self::NotIn { value, part } => write!(f, "no {value} in {part}"),
            Self::NotStated { images } => write!(f, "not stated for {images} images"),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::model::{FactValue, ImageRecord};

    /// Images `n`, each with a value and a part (0 is none).
    fn table(images: &[(u8, u8)]) -> (Material, Assignment) {
        let mut assignment = Assignment::new();
        let mut records = Vec::new();
        for (n, (value, part)) in images.iter().enumerate() {
            let mut record = ImageRecord {
                name: format!("{n}.tiff"),
                ..ImageRecord::default()
            };
            if *value > 0 {
                let value = FactValue::from(format!("value {value}").as_str());
                record.facts.insert("scanner".to_owned(), value);
            }
            let id = crate::id::ImageId::of_name(&record.name).to_string();
            if *part > 0 {
                assignment.insert(id, format!("part {part}"));
            }
            records.push((record, 3));
        }
        (Material::new(records, [], []), assignment)
    }

    #[test]
    fn gaps_between_parts_are_named() {
        let (material, parts) = table(&[
            (1, 1),
            (1, 1),
            (2, 1),
            (2, 2),
            (3, 1),
            (3, 2),
            (3, 3),
            (0, 3),
            (4, 0),
        ]);
        let found = coverage(&material, "scanner", Some(&parts));
        assert_eq!(found.parts, ["part 1", "part 2", "part 3", NO_PART]);
        let texts: Vec<String> = found.gaps().iter().map(ToString::to_string).collect();
        assert_eq!(
            texts,
            [
                "value 1 only in part 1",
                "no value 2 in part 3",
                "not stated for 1 images"
            ]
        );
        let first = Count {
            cases: 2,
            images: 2,
            annotations: 6,
        };
        assert_eq!((found.rows[0].all, found.rows[0].parts[0]), (first, first));
        let plain = coverage(&material, "scanner", None);
        assert_eq!((plain.parts.len(), plain.gaps().len()), (0, 1));
    }

    proptest! {
        #[test]
        fn every_image_is_counted_once_over_all_and_in_the_parts(
            images in proptest::collection::vec((0_u8..4, 0_u8..4), 0..40),
        ) {
            let (material, parts) = table(&images);
            let found = coverage(&material, "scanner", Some(&parts));
            let total: u64 = found.rows.iter().map(|row| row.all.images).sum();
            prop_assert_eq!(total, u64::try_from(images.len()).unwrap());
            for row in &found.rows {
                prop_assert_eq!(row.parts.iter().map(|count| count.images).sum::<u64>(), row.all.images);
                prop_assert_eq!(row.parts.iter().map(|count| count.annotations).sum::<u64>(), row.all.annotations);
            }
        }
    }
}
