//! Derived files: whatever is wrong with them is information, since they are rebuilt when needed.

use crate::repo::damaged_packs;

use super::Check;
use super::finding::DERIVED;

/// Checks the packs of nodes.
pub(super) fn check(check: &mut Check<'_>) {
    for (name, why) in damaged_packs(check.store) {
        check.find(DERIVED.about(
            format!("derived/nodes/{name}"),
            format!("{why}; it is rebuilt when needed"),
        ));
    }
}
