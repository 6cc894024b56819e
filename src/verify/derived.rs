//! Derived files: whatever is wrong with them is information, since they are rebuilt when needed.

use crate::repo::damaged_packs;
use crate::store::Store;

use super::Check;
use super::finding::DERIVED;

/// Damaged packs of nodes, each with what is wrong with it.
pub(super) type Damaged = Vec<(String, &'static str)>;

/// Reads the packs of nodes.
pub(super) fn read(store: &Store) -> Damaged {
    damaged_packs(store)
}

/// Reports packs of nodes.
pub(super) fn report(check: &mut Check<'_>, damaged: Damaged) {
    for (name, why) in damaged {
        check.find(DERIVED.about(
            format!("derived/nodes/{name}"),
            format!("{why}; it is rebuilt when needed"),
        ));
    }
}
