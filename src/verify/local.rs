//! The settings of this copy, in `local/`.

use super::Check;
use super::batch::Named;
use super::inventory::Inventory;

/// Checks each file in `local/`.
pub(super) fn check(check: &mut Check<'_>, files: &Inventory, named: &mut Named) {
    if files.local_author {
        match check.store.local_author() {
            Ok(Some(author)) => named.name_private(author, "local/author.json"),
            Ok(None) => {}
            Err(error) => check.fail(&error),
        }
    }
    if files.local_erasure
        && let Err(error) = check.store.check_local("erasing.json")
    {
        check.fail(&error);
    }
    if files.local_collections {
        match check.store.collections() {
            Ok(lines) => {
                for author in lines.iter().filter_map(|line| line.author) {
                    named.name_private(author, "local/gc.jsonl");
                }
            }
            Err(error) => check.fail(&error),
        }
    }
    for blob in &files.local_paths {
        if let Err(error) = check.store.check_local(&format!("paths/{blob}.json")) {
            check.fail(&error);
        }
    }
}
