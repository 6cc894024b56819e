//! A comparison as Markdown tables, for the description or a comment of a pull request.

use std::fmt::Write;

use holotype::codec::push_markup;
use holotype::snapshot::changes::Entity;

use super::diff::{
    DiffView, Told, Transitions, grouped, is_on_image, name_of, plain, short, what_happened, who_and_why,
};

/// The most rows of changes; comments have a limit of their own.
const ROWS_MAX: usize = 100;

/// Renders the document.
pub(super) fn render(view: &DiffView<'_>, stat_only: bool) -> String {
    let mut out = String::new();
    let _ = writeln!(out, "## {}\n", escaped(&view.heading()));
    if view.comparison.changes.is_empty() {
        out.push_str("No difference.\n");
        return out;
    }
    summary(&mut out, view);
    transitions(&mut out, view);
    if !stat_only {
        let is_own = |told: &Told<'_>| !is_on_image(told.item.entity);
        let (own, on_images): (Vec<_>, Vec<_>) = view.told().partition(is_own);
        changes(&mut out, "Dataset, images and labels", &own, None);
        changes(&mut out, "On images", &on_images, Some(view.id_length()));
    }
    out
}

fn summary(out: &mut String, view: &DiffView<'_>) {
    out.push_str("| | added | removed | modified |\n|---|---:|---:|---:|\n");
    for entity in Entity::ALL {
        let counts = view.comparison.summary.counts(*entity);
        if !counts.is_empty() {
            let [added, removed, modified] = [counts.added, counts.removed, counts.modified].map(grouped);
            let _ = writeln!(out, "| {entity} | {added} | {removed} | {modified} |");
        }
    }
    let counts = view.comparison.summary.annotations;
    let _ = writeln!(
        out,
        "\nAnnotations: {} relabelled, {} moved, {} reshaped.",
        grouped(counts.relabelled),
        grouped(counts.moved),
        grouped(counts.reshaped)
    );
}

fn transitions(out: &mut String, view: &DiffView<'_>) {
    let found = Transitions::of(view);
    if found.counts.is_empty() {
        return;
    }
    out.push_str("\n### Labels of annotations\n\n");
    for (at, row) in found.table().iter().enumerate() {
        let cells: Vec<String> = row.iter().map(|cell| escaped(cell)).collect();
        let _ = writeln!(out, "| {} |", cells.join(" | "));
        if at == 0 {
            let columns = vec!["---:"; row.len().saturating_sub(1)];
            let _ = writeln!(out, "|---|{}|", columns.join("|"));
        }
    }
}

fn changes(out: &mut String, title: &str, told: &[Told<'_>], id_length: Option<usize>) {
    if told.is_empty() {
        return;
    }
    let _ = writeln!(out, "\n### {title}\n");
    out.push_str("| what | of | change | by |\n|---|---|---|---|\n");
    for told in told.iter().take(ROWS_MAX) {
        let item = told.item;
        let of = match (&item.image, id_length) {
            (Some(image), Some(length)) if item.entity != Entity::Screenings => {
                format!("{} `{}`", escaped(&image.name), short(&item.id, length))
            }
            (Some(image), _) => escaped(&image.name),
            (None, _) => escaped(&name_of(item)),
        };
        let _ = writeln!(
            out,
            "| {} {} | {of} | {} | {} |",
            item.entity,
            item.kind,
            escaped(&what_happened(item)),
            escaped(&who_and_why(told.by))
        );
    }
    let rest = told.len().saturating_sub(ROWS_MAX);
    if rest > 0 {
        let rest = grouped(u64::try_from(rest).unwrap_or(u64::MAX));
        let _ = writeln!(out, "\n… and {rest} more (`--json` has all).");
    }
}

/// Makes text say in Markdown what it says: no markup, HTML, table cells, mentions, references or links of its own.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    for letter in plain(text).chars() {
        match letter {
            '<' | '>' | '&' => push_markup(&mut out, letter),
            '@' => out.push_str("&#64;"),
            '#' => out.push_str("&#35;"),
            '|' => out.push_str("&#124;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '~' => {
                out.push('\\');
                out.push(letter);
            }
            other => out.push(other),
        }
    }
    out.replace("://", "&#58;//")
}

#[cfg(test)]
mod tests {
    use super::super::diff::tests::{many, sample, view};
    use super::*;

    #[test]
    fn tables_for_a_pull_request() {
        let (comparison, by) = sample();
        insta::assert_snapshot!(render(&view(&comparison, &by), false), @r#"
        ## v1 (snapshot 18c52a7ed981) → HEAD (45df22c72c6e)

        | | added | removed | modified |
        |---|---:|---:|---:|
        | dataset | 0 | 0 | 1 |
        | labels | 0 | 0 | 1 |
        | annotations | 1 | 1 | 2 |
        | ratings | 1 | 0 | 0 |

        Annotations: 1 relabelled, 1 moved, 0 reshaped.

        ### Labels of annotations

        | from \\ to | (removed) | non-mitotic cell |
        |---|---:|---:|
        | (added) |  | 1 |
        | &lt;b&gt;mitosis&lt;/b&gt; |  | 1 |
        | other | 1 |  |

        ### Dataset, images and labels

        | what | of | change | by |
        |---|---|---|---|
        | dataset modified |  | licence: CC-BY-4.0 → CC0-1.0 |  |
        | labels renamed | other | other: renamed to non-mitotic cell |  |

        ### On images

        | what | of | change | by |
        |---|---|---|---|
        | annotations moved | 001\\u{1b}\[2J.tiff `81fa014019e7cffb0101` | &lt;b&gt;mitosis&lt;/b&gt;: moved 2.0 px (0.5 µm) | Ada &lt;ada&#64;example.org&gt;, 2026-11-01: off by &#124; two |
        | annotations relabelled | 001\\u{1b}\[2J.tiff `81fa014019e7cffb0202` | &lt;b&gt;mitosis&lt;/b&gt; → non-mitotic cell: relabelled |  |
        | annotations removed | 001\\u{1b}\[2J.tiff `81fa014019e7cffb0303` | other: removed |  |
        | annotations added | 001\\u{1b}\[2J.tiff `81fa014019e7cffb0404` | non-mitotic cell: added |  |
        | ratings added | 001\\u{1b}\[2J.tiff `81fa014019e7cffb0202` | human-2 rated non-mitotic cell, round 2 |  |
        "#);
    }

    #[test]
    fn markup_is_escaped() {
        assert_eq!(
            escaped("<img src=x> @all #1 a|b [x](http://y) `z` *w*\n"),
            "&lt;img src=x&gt; &#64;all &#35;1 a&#124;b \\[x\\](http&#58;//y) \\`z\\` \\*w\\*\\\\u{a}"
        );
    }

    #[test]
    fn long_tables_are_cut_and_stat_has_none() {
        let (comparison, by) = many(200);
        let text = render(&view(&comparison, &by), false);
        assert!(text.contains("… and 100 more (`--json` has all)."), "{text}");
        assert!(!render(&view(&comparison, &by), true).contains("### On images"));
    }
}
