//! Frozen parts: a part is frozen by a fact of the dataset, `split.NAME.frozen.PART`, whose value is the digest of the
//! part's members. The event that states it says who froze it and when; whoever has the dataset can compute the digest.

use std::collections::BTreeMap;

use crate::event::{State, StateError, read};
use crate::id::hash_parts;
use crate::model::{DatasetRecord, FactValue, Key};

use super::Assignment;

/// What stands between a split's and a part's name in the name of the fact. No part has a point in its name.
pub const FROZEN_MARK: &str = ".frozen.";

/// Returns the name of the fact that a part is frozen.
#[must_use]
pub fn frozen_fact(split: &str, part: &str) -> String {
    format!("split.{split}{FROZEN_MARK}{part}")
}

/// Returns the digest of the members of a part, sorted, each preceded by its length, as 64 hex digits.
#[must_use]
pub fn members_digest(assignment: &Assignment, part: &str) -> String {
    let members: Vec<&[u8]> = assignment
        .iter()
        .filter(|(_, own)| own.as_str() == part)
        .map(|(member, _)| member.as_bytes())
        .collect();
    hash_parts("holotype/split-members/1", &members).to_string()
}

/// Returns the frozen parts of a split with the digests of their members.
///
/// # Errors
/// [`StateError`] when the dataset's record cannot be had or decoded.
pub fn frozen_parts(state: &dyn State, split: &str) -> Result<BTreeMap<String, String>, StateError> {
    let dataset: Option<DatasetRecord> = read(state, &Key::dataset())?;
    let prefix = frozen_fact(split, "");
    let facts = dataset.unwrap_or_default().facts.into_iter();
    Ok(facts
        .filter_map(|(name, value)| {
            let part = name.strip_prefix(&prefix)?;
            match value {
                FactValue::Text(digest) if !part.contains('.') => Some((part.to_owned(), digest)),
                FactValue::Text(_) | FactValue::Number(_) | FactValue::Flag(_) | FactValue::Private(_) => {
                    None
                }
            }
        })
        .collect())
}
