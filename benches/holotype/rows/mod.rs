//! The rows of the table, by the names that `--only` takes. Each is held against the limit that its line names.

mod bulk;
mod commit;
mod images;
mod output;
pub(crate) mod read;

use crate::lab::Lab;
use crate::measure::{Outcome, Row};
use crate::options::Options;
use crate::report::cells;

type Measure = fn(&Lab, &Options) -> Outcome<Vec<Row>>;

/// All of them, in the order of the table.
const ROWS: &[(&str, Measure)] = &[
    ("tree-build", bulk::tree_build),
    ("import", bulk::import),
    ("import-git", bulk::import_git),
    ("reimport", bulk::reimport),
    ("relabel", commit::relabel),
    ("relabel-git", commit::relabel_git),
    ("relabel-growth", commit::relabel_growth),
    ("synced-bytes", commit::synced_bytes),
    ("diff-one", read::diff_one),
    ("diff-many", read::diff_many),
    ("merge", read::merge),
    ("replay", bulk::replay),
    ("verify", bulk::verify),
    ("add-many", images::add_many),
    ("add-one", images::add_one),
    ("one-image", read::one_image),
    ("quick", read::quick),
    ("commits", commit::many_commits),
    ("export", output::export),
    ("release", output::release),
];

/// Measures the rows that are asked for.
pub(crate) fn measure(lab: &Lab, options: &Options) -> Outcome<Vec<Row>> {
    let mut found = Vec::new();
    for (name, measure) in ROWS.iter().filter(|(name, _)| options.takes(name)) {
        eprintln!("bench: {name}");
        let rows = measure(lab, options).map_err(|error| format!("{name}: {error}"))?;
        for row in &rows {
            eprintln!("  {}", cells(row).join(" · "));
        }
        found.extend(rows);
    }
    Ok(found)
}
