//! A comparison as one HTML page: no scripts, nothing from elsewhere.

use std::fmt::Write;

use holotype::codec::escape_markup;
use holotype::snapshot::changes::{ChangeKind, Entity};

use super::diff::{
    DiffView, Told, Transitions, grouped, own_sections, plain, short, what_happened, who_and_why,
};

/// The most changes that are listed.
const ROWS_MAX: usize = 5_000;

const HEAD: &str = r#"<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>
body { font: 15px/1.5 system-ui, sans-serif; max-width: 70rem; margin: 2rem auto; padding: 0 1rem; color: #1b1b1b; background: #fff; }
table { border-collapse: collapse; margin: 0.5rem 0 1.5rem; }
th, td { border: 1px solid #c8c8c8; padding: 0.2rem 0.6rem; text-align: left; vertical-align: top; }
td.n { text-align: right; }
code { font-size: 0.9em; }
.added { background: #e2f4e5; } .removed { background: #fbe5e5; } .changed { background: #fdf5da; }
</style>
"#;

/// Renders the page.
pub(super) fn render(view: &DiffView<'_>, stat_only: bool) -> String {
    let heading = escaped(&view.heading());
    let mut out = format!("{HEAD}<title>{heading}</title>\n</head>\n<body>\n<h1>{heading}</h1>\n");
    if view.comparison.changes.is_empty() {
        out.push_str("<p>No difference.</p>\n");
    } else {
        summary(&mut out, view);
        transitions(&mut out, view);
        if !stat_only {
            all_changes(&mut out, view);
        }
    }
    out.push_str("</body>\n</html>\n");
    out
}

fn summary(out: &mut String, view: &DiffView<'_>) {
    out.push_str("<table>\n<tr><th></th><th>added</th><th>removed</th><th>modified</th></tr>\n");
    for entity in Entity::ALL {
        let counts = view.comparison.summary.counts(*entity);
        if !counts.is_empty() {
            let _ = write!(out, "<tr><th>{entity}</th>");
            for count in [counts.added, counts.removed, counts.modified] {
                let _ = write!(out, "<td class=\"n\">{}</td>", grouped(count));
            }
            out.push_str("</tr>\n");
        }
    }
    out.push_str("</table>\n");
    let counts = view.comparison.summary.annotations;
    let _ = writeln!(
        out,
        "<p>Annotations: {} relabelled, {} moved, {} reshaped.</p>",
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
    out.push_str("<h2>Labels of annotations</h2>\n<table>\n");
    for (row, cells) in found.table().iter().enumerate() {
        out.push_str("<tr>");
        for (column, cell) in cells.iter().enumerate() {
            let cell = escaped(cell);
            let _ = if row == 0 || column == 0 {
                write!(out, "<th>{cell}</th>")
            } else {
                write!(out, "<td class=\"n\">{cell}</td>")
            };
        }
        out.push_str("</tr>\n");
    }
    out.push_str("</table>\n");
}

fn all_changes(out: &mut String, view: &DiffView<'_>) {
    let mut left = ROWS_MAX;
    for entity in own_sections() {
        rows(out, entity.as_str(), &view.of(entity), None, &mut left);
    }
    let length = view.id_length();
    for (name, changes) in view.on_images() {
        let name = if name.is_empty() { "(no image)" } else { name };
        rows(out, name, &changes, Some(length), &mut left);
    }
    let total = view.comparison.changes.len();
    if total > ROWS_MAX {
        let rest = grouped(u64::try_from(total - ROWS_MAX).unwrap_or(u64::MAX));
        let _ = writeln!(out, "<p>… and {rest} more (<code>--json</code> has all).</p>");
    }
}

fn rows(out: &mut String, title: &str, changes: &[Told<'_>], id_length: Option<usize>, left: &mut usize) {
    if changes.is_empty() || *left == 0 {
        return;
    }
    let _ = writeln!(out, "<h2>{}</h2>\n<table>", escaped(title));
    out.push_str("<tr><th>kind</th><th>id</th><th>change</th><th>by</th></tr>\n");
    for told in changes.iter().take(*left) {
        let item = told.item;
        let class = match item.kind {
            ChangeKind::Added => "added",
            ChangeKind::Removed => "removed",
            ChangeKind::Relabelled
            | ChangeKind::Moved
            | ChangeKind::Reshaped
            | ChangeKind::Renamed
            | ChangeKind::Rekeyed
            | ChangeKind::Modified => "changed",
        };
        let id = short(&item.id, id_length.unwrap_or(16));
        let _ = writeln!(
            out,
            "<tr class=\"{class}\"><td>{}</td><td><code title=\"{}\">{}</code></td><td>{}</td><td>{}</td></tr>",
            item.kind,
            escaped(&item.id),
            escaped(id),
            escaped(&what_happened(item)),
            escaped(&who_and_why(told.by))
        );
    }
    *left = left.saturating_sub(changes.len());
    out.push_str("</table>\n");
}

/// Makes text mean itself in HTML, in elements and in quoted attributes.
fn escaped(text: &str) -> String {
    escape_markup(&plain(text))
}

#[cfg(test)]
mod tests {
    use super::super::diff::tests::{many, sample, view};
    use super::*;

    #[test]
    fn the_page_stands_alone_and_runs_nothing() {
        let (comparison, by) = sample();
        let page = render(&view(&comparison, &by), false);
        for needle in [
            "<h2>001\\u{1b}[2J.tiff</h2>",
            "&lt;b&gt;mitosis&lt;/b&gt;: moved 2.0 px (0.5 µm)",
            "Ada &lt;ada@example.org&gt;, 2026-11-01: off by | two",
            "licence: CC-BY-4.0 → CC0-1.0",
            "renamed to non-mitotic cell",
            "<td class=\"n\">1</td>",
        ] {
            assert!(page.contains(needle), "{needle} is not in\n{page}");
        }
        for bad in ["<script", "<b>", "http://", "https://", "src=", "href=", "\u{1b}"] {
            assert!(!page.contains(bad), "{bad} is in\n{page}");
        }
        assert_eq!(page.matches("<table>").count(), page.matches("</table>").count());
        assert_eq!(page.matches("<tr").count(), page.matches("</tr>").count());
    }

    #[test]
    fn stat_has_no_rows_and_quotes_cannot_leave_an_attribute() {
        let (comparison, by) = many(3);
        assert!(!render(&view(&comparison, &by), true).contains("class=\"added\""));
        assert_eq!(escaped("\"' onclick=&"), "&quot;&#39; onclick=&amp;");
    }
}
