//! Finds records that repeat an earlier one of the same id: in a list that is held, and in a file without holding its
//! records, where ids tell which can be alike, and only those are read again.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::super::json::Context;
use super::again::Again;
use super::error::CocoError;
use super::index::{Ascend, Hashed, Ids};
use super::records::RawAnnotation;
use crate::id::AnnotationId;

/// Records with one id, in ascending order.
type Alike<K> = BTreeMap<K, Vec<u32>>;

/// Returns the records to be passed over, in ascending order.
///
/// # Errors
/// When two records of one id differ.
pub(super) fn repeats(ids: Ids, again: Again<'_>, context: &mut Context<'_>) -> Result<Vec<u32>, CocoError> {
    let mut repeats = Vec::new();
    if ids.ascend == Ascend::No {
        for (number, alike) in alike_numbers(ids.numbers, &ids.without_number) {
            once(&again, context, ("id", &number), &alike, &mut repeats)?;
        }
        let of_record = |raw: &RawAnnotation| raw.id.id().cloned();
        for (id, alike) in alike_hashes(&again, ids.texts, of_record)? {
            once(&again, context, ("id", &id), &alike, &mut repeats)?;
        }
    }
    if ids.own_ascend == Ascend::No {
        for (id, alike) in alike_hashes(&again, ids.own, RawAnnotation::holotype_id)? {
            let id = AnnotationId::from_bytes(id);
            once(&again, context, ("holotype_id", &id), &alike, &mut repeats)?;
        }
    }
    repeats.sort_unstable();
    repeats.dedup();
    Ok(repeats)
}

/// Compares the records of one id with the first of them.
fn once(
    again: &Again<'_>,
    context: &mut Context<'_>,
    (member, id): (&'static str, &dyn fmt::Display),
    alike: &[u32],
    repeats: &mut Vec<u32>,
) -> Result<(), CocoError> {
    let Some((first, others)) = alike.split_first() else {
        return Ok(());
    };
    let place = |record: u32| usize::try_from(record).unwrap_or(usize::MAX);
    let original = again.one(*first)?;
    for second in others {
        let other = again.one(*second)?;
        let places = (place(*first), place(*second));
        compare(
            context,
            ("annotations", member),
            id,
            places,
            Sameness::of(&original, &other),
        )?;
        repeats.push(*second);
    }
    Ok(())
}

/// Returns the numbers that are there more than once, in ascending order, each with its records.
fn alike_numbers(numbers: Vec<i64>, without: &[u32]) -> Alike<i64> {
    if all_differ(&numbers) {
        return Alike::new();
    }
    let mut without = without.iter().copied().peekable();
    let records = (0_u32..).filter(|record| without.next_if_eq(record).is_none());
    let mut keyed: Vec<(i64, u32)> = numbers.into_iter().zip(records).collect();
    keyed.sort_unstable();
    let groups = keyed.chunk_by(|(a, _), (b, _)| a == b);
    groups
        .filter_map(|group| {
            let records = || group.iter().map(|(_, record)| *record).collect();
            let (number, _) = group.first().filter(|_| group.len() > 1)?;
            Some((*number, records()))
        })
        .collect()
}

/// Whether numbers that lie close to each other, as ids do, all differ: each has a bit of its own. Of numbers that lie
/// far apart it is not known.
fn all_differ(numbers: &[i64]) -> bool {
    let (Some(least), Some(greatest)) = (numbers.iter().min(), numbers.iter().max()) else {
        return true;
    };
    let span = usize::try_from(greatest.abs_diff(*least)).unwrap_or(usize::MAX);
    if span > numbers.len().saturating_mul(64) {
        return false;
    }
    let mut bits = vec![0_u64; span / 64 + 1];
    numbers.iter().all(|number| {
        let at = usize::try_from(number.abs_diff(*least)).unwrap_or(usize::MAX);
        let bit = 1 << (at % 64);
        bits.get_mut(at / 64).is_some_and(|word| {
            let is_new = *word & bit == 0;
            *word |= bit;
            is_new
        })
    })
}

/// Returns the keys that are there more than once, each with its records.
fn alike_hashes<K: Ord>(
    again: &Again<'_>,
    hashed: Hashed,
    key: impl Fn(&RawAnnotation) -> Option<K>,
) -> Result<Alike<K>, CocoError> {
    let mut keys = hashed.keys;
    keys.sort_unstable();
    let mut alike = Alike::new();
    for group in keys
        .chunk_by(|(a, _), (b, _)| a == b)
        .filter(|group| group.len() > 1)
    {
        let mut of_group: Alike<K> = Alike::new();
        for (_, record) in group {
            if let Some(key) = key(&again.one(*record)?) {
                of_group.entry(key).or_default().push(*record);
            }
        }
        alike.extend(of_group.into_iter().filter(|(_, records)| records.len() > 1));
    }
    Ok(alike)
}

/// Finds records that repeat an earlier one of the same id, to be passed over.
///
/// # Errors
/// When two records of one id differ.
pub(super) fn repeated<'a, T: PartialEq, K: Ord + fmt::Display + 'a>(
    context: &mut Context<'_>,
    (list, member): (&'static str, &'static str),
    records: &'a [T],
    id: impl Fn(&'a T) -> Option<K>,
) -> Result<BTreeSet<usize>, CocoError> {
    let ascending = records.iter().filter_map(&id).is_sorted_by(|a, b| a < b);
    let mut repeats = BTreeSet::new();
    if ascending {
        return Ok(repeats);
    }
    let mut keyed: Vec<(K, usize, &T)> = records
        .iter()
        .enumerate()
        .filter_map(|(at, record)| id(record).map(|key| (key, at, record)))
        .collect();
    keyed.sort_by(|(a, at_a, _), (b, at_b, _)| (a, at_a).cmp(&(b, at_b)));
    for group in keyed.chunk_by(|(a, ..), (b, ..)| a == b) {
        let Some(((key, first, original), others)) = group.split_first() else {
            continue;
        };
        for (_, second, other) in others {
            compare(
                context,
                (list, member),
                key,
                (*first, *second),
                Sameness::of(original, other),
            )?;
            repeats.insert(*second);
        }
    }
    Ok(repeats)
}

/// Tells of two records that have one id.
///
/// # Errors
/// When they differ.
pub(super) fn compare(
    context: &mut Context<'_>,
    (list, member): (&'static str, &'static str),
    id: &dyn fmt::Display,
    (first, second): (usize, usize),
    sameness: Sameness,
) -> Result<(), CocoError> {
    let file = context.file;
    match sameness {
        Sameness::Different => Err(CocoError::DuplicateId {
            file: file.to_owned(),
            list,
            member,
            id: id.to_string(),
            first,
            second,
        }),
        Sameness::Same => {
            context.report.warnings.add("record_twice", || {
                format!("{file}, {list}[{second}] ({member} {id}): equals {list}[{first}]; it is taken once")
            });
            Ok(())
        }
    }
}

/// How two records of one id compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sameness {
    /// They say the same.
    Same,
    /// They contradict each other.
    Different,
}

impl Sameness {
    /// Compares two records.
    pub(super) fn of<T: PartialEq>(first: &T, second: &T) -> Self {
        if first == second {
            Self::Same
        } else {
            Self::Different
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn numbers_that_are_there_twice_are_found(
            numbers in prop::collection::vec(prop_oneof![-20_i64..20, Just(i64::MAX), Just(i64::MIN)], 0..30),
            gaps in prop::collection::btree_set(0_u32..40, 0..10),
        ) {
            let records: Vec<u32> = (0..).filter(|n| !gaps.contains(n)).take(numbers.len()).collect();
            let mut expected: Alike<i64> = Alike::new();
            for (number, record) in numbers.iter().zip(&records) {
                expected.entry(*number).or_default().push(*record);
            }
            expected.retain(|_, records| records.len() > 1);
            let without: Vec<u32> = gaps.into_iter().collect();
            prop_assert_eq!(alike_numbers(numbers, &without), expected);
        }
    }
}
