//! Records of a list that have the id of an earlier one.

use std::collections::BTreeSet;
use std::fmt;

use super::super::json::Context;
use super::error::CocoError;

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
            if original != other {
                return Err(CocoError::DuplicateId {
                    file: context.file.to_owned(),
                    list,
                    member,
                    id: key.to_string(),
                    first: *first,
                    second: *second,
                });
            }
            repeats.insert(*second);
            let file = context.file;
            context.report.warnings.add("record_twice", || {
                format!("{file}, {list}[{second}] ({member} {key}): equals {list}[{first}]; it is taken once")
            });
        }
    }
    Ok(repeats)
}
