//! Splits without leaks: who goes to which part, how close that comes to what was asked for, and what leaks.
//!
//! A part is given to cases, never to rows: an image without a case is its own case. What shares a slide, the bytes of an
//! image, or is a crop and its parent, or looks as one picture, stays together. What pictures look like comes in with
//! [`Material::with_looks`].

mod assign;
mod check;
mod frozen;
mod material;
mod report;

pub use assign::{Plan, Share, assign, leave_out};
pub use check::{CODES, LeakFinding, check};
pub use frozen::{FROZEN_MARK, frozen_fact, frozen_parts, members_digest};
pub use material::{Material, NOT_STATED, Picture, Unit};
pub use report::{PartCount, Report, Stratum, StratumPart, report};

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use crate::event::{State, StateError, scan_records};
use crate::model::{EntityKind, Key, SplitRecord};

/// The part of each member: a case's code, or the id of an image that is its own case, in hex digits.
pub type Assignment = BTreeMap<String, String>;

/// Reads the splits of a version, by name.
///
/// # Errors
/// [`StateError`] when a record cannot be had or decoded.
pub fn read_splits(state: &dyn State) -> Result<BTreeMap<String, Assignment>, StateError> {
    let mut splits: BTreeMap<String, Assignment> = BTreeMap::new();
    scan_records(
        state,
        &Key::kind_prefix(EntityKind::Split),
        |_, record: SplitRecord| {
            splits
                .entry(record.split)
                .or_default()
                .insert(record.member, record.part);
            ControlFlow::Continue(())
        },
    )?;
    Ok(splits)
}

#[cfg(test)]
mod tests;
