//! A comparison for people, in a terminal.

use std::fmt::Write;

use anstyle::{AnsiColor, Style};
use holotype::snapshot::changes::{ChangeItem, ChangeKind, Entity};

use super::diff::{
    DiffView, Told, Transitions, grouped, own_sections, plain, short, what_happened, who_and_why,
};

/// The most lines of one group.
const LINES_MAX: usize = 20;

/// The most images whose changes are listed.
const IMAGES_MAX: usize = 25;

/// What is written so far, and whether in colour.
struct Page {
    text: String,
    color: bool,
}

impl Page {
    fn line(&mut self, text: &str) {
        self.text.push_str(text);
        self.text.push('\n');
    }

    fn paint(&self, style: Style, text: &str) -> String {
        if self.color {
            format!("{style}{text}{style:#}")
        } else {
            text.to_owned()
        }
    }

    fn title(&mut self, text: &str) {
        let painted = self.paint(Style::new().bold(), text);
        self.line("");
        self.line(&painted);
    }

    fn more(&mut self, count: usize) {
        if count > 0 {
            let count = grouped(u64::try_from(count).unwrap_or(u64::MAX));
            self.line(&format!("  … and {count} more (--json has all)"));
        }
    }
}

/// Renders the text.
pub(super) fn render(view: &DiffView<'_>, stat_only: bool, color: bool) -> String {
    let mut page = Page {
        text: String::new(),
        color,
    };
    let heading = page.paint(Style::new().bold(), &plain(&view.heading()));
    page.line(&heading);
    if view.comparison.changes.is_empty() {
        page.line(if view.comparison.identical {
            "No difference."
        } else {
            "No difference among what was asked for."
        });
        return page.text;
    }
    if !stat_only {
        for entity in own_sections() {
            section(&mut page, view, entity);
        }
        images(&mut page, view);
    }
    transitions(&mut page, view);
    summary(&mut page, view);
    if stat_only {
        image_counts(&mut page, view);
    }
    page.text
}

fn section(page: &mut Page, view: &DiffView<'_>, entity: Entity) {
    let mut changes = view.of(entity);
    if changes.is_empty() {
        return;
    }
    // What was said otherwise before comes first: a long list must not hide it behind what is only new.
    changes.sort_by_key(|told| !contradicts(told.item));
    page.title(&capitalised(entity.as_str()));
    for told in changes.iter().take(LINES_MAX) {
        change(page, told, None);
    }
    page.more(changes.len().saturating_sub(LINES_MAX));
}

/// Whether something has another value than before, or is gone.
fn contradicts(item: &ChangeItem) -> bool {
    item.kind == ChangeKind::Removed
        || item
            .fields
            .iter()
            .any(|(_, field)| field.before.is_some() && field.after.is_some())
}

fn images(page: &mut Page, view: &DiffView<'_>) {
    let groups = view.on_images();
    let length = view.id_length();
    for (name, changes) in groups.iter().take(IMAGES_MAX) {
        let title = format!("{}  {}", image_name(name), counts(changes));
        page.title(&title);
        for told in changes.iter().take(LINES_MAX) {
            change(page, told, Some(length));
        }
        page.more(changes.len().saturating_sub(LINES_MAX));
    }
    let rest = groups.len().saturating_sub(IMAGES_MAX);
    if rest > 0 {
        page.line("");
        page.line(&format!(
            "… and changes on {rest} more images (--json has all, --stat counts them)"
        ));
    }
}

fn image_name(name: &str) -> String {
    if name.is_empty() {
        "(no image)".to_owned()
    } else {
        plain(name)
    }
}

/// Writes `+1 −0 ~2` of what is on an image.
fn counts(changes: &[Told<'_>]) -> String {
    let (mut added, mut removed, mut modified) = (0_u64, 0_u64, 0_u64);
    for told in changes {
        match told.item.kind {
            ChangeKind::Added => added += 1,
            ChangeKind::Removed => removed += 1,
            ChangeKind::Relabelled
            | ChangeKind::Moved
            | ChangeKind::Reshaped
            | ChangeKind::Renamed
            | ChangeKind::Rekeyed
            | ChangeKind::Modified => modified += 1,
        }
    }
    format!("+{} −{} ~{}", grouped(added), grouped(removed), grouped(modified))
}

fn change(page: &mut Page, told: &Told<'_>, id_length: Option<usize>) {
    let item = told.item;
    let (sign, color) = match item.kind {
        ChangeKind::Added => ("+", AnsiColor::Green),
        ChangeKind::Removed => ("−", AnsiColor::Red),
        ChangeKind::Relabelled
        | ChangeKind::Moved
        | ChangeKind::Reshaped
        | ChangeKind::Renamed
        | ChangeKind::Rekeyed
        | ChangeKind::Modified => ("~", AnsiColor::Yellow),
    };
    let mut line = format!("  {} ", page.paint(color.on_default(), sign));
    if let Some(length) = id_length
        && item.entity != Entity::Screenings
    {
        // A rating's id begins with its annotation's.
        let id = short(&item.id, length);
        let _ = write!(line, "{}  ", page.paint(Style::new().dimmed(), &plain(id)));
    }
    line.push_str(&plain(&what_happened(item)));
    let who = plain(&who_and_why(told.by));
    if !who.is_empty() {
        let _ = write!(
            line,
            "  {}",
            page.paint(Style::new().dimmed(), &format!("[{who}]"))
        );
    }
    page.line(&line);
}

fn transitions(page: &mut Page, view: &DiffView<'_>) {
    let found = Transitions::of(view);
    if found.counts.is_empty() {
        return;
    }
    page.title("Labels of annotations");
    let table: Vec<Vec<String>> = found
        .table()
        .iter()
        .map(|row| row.iter().map(|cell| plain(cell)).collect())
        .collect();
    aligned(page, &table);
}

/// Writes a table, the first column to the left, the others to the right.
fn aligned(page: &mut Page, table: &[Vec<String>]) {
    let columns = table.iter().map(Vec::len).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns)
        .map(|at| {
            let cells = table.iter().filter_map(|row| row.get(at));
            cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
        })
        .collect();
    for row in table {
        let mut line = String::from(" ");
        for (at, (cell, width)) in row.iter().zip(&widths).enumerate() {
            let width = *width;
            let _ = if at == 0 {
                write!(line, " {cell:<width$}")
            } else {
                write!(line, "  {cell:>width$}")
            };
        }
        page.line(line.trim_end());
    }
}

fn summary(page: &mut Page, view: &DiffView<'_>) {
    page.title("Summary");
    let mut table = vec![["", "added", "removed", "modified"].map(str::to_owned).to_vec()];
    for entity in Entity::ALL {
        let counts = view.comparison.summary.counts(*entity);
        if !counts.is_empty() {
            let mut row = vec![entity.to_string()];
            row.extend([counts.added, counts.removed, counts.modified].map(grouped));
            table.push(row);
        }
    }
    aligned(page, &table);
    let counts = view.comparison.summary.annotations;
    if counts.modified > 0 {
        page.line(&format!(
            "  of the annotations modified: {} relabelled, {} moved, {} reshaped",
            grouped(counts.relabelled),
            grouped(counts.moved),
            grouped(counts.reshaped)
        ));
    }
}

fn image_counts(page: &mut Page, view: &DiffView<'_>) {
    let groups = view.on_images();
    if groups.is_empty() {
        return;
    }
    page.title("By image");
    for (name, changes) in groups.iter().take(IMAGES_MAX) {
        page.line(&format!("  {}  {}", image_name(name), counts(changes)));
    }
    page.more(groups.len().saturating_sub(IMAGES_MAX));
}

fn capitalised(word: &str) -> String {
    let mut letters = word.chars();
    letters
        .next()
        .map(|first| first.to_uppercase().chain(letters).collect())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::super::diff::tests::{many, sample, view};
    use super::*;

    #[test]
    fn people_read_who_did_what_and_why() {
        let (comparison, by) = sample();
        insta::assert_snapshot!(render(&view(&comparison, &by), false, false), @r#"
        v1 (snapshot 18c52a7ed981) → HEAD (45df22c72c6e)

        Dataset
          ~ licence: CC-BY-4.0 → CC0-1.0

        Labels
          ~ other: renamed to non-mitotic cell

        001\u{1b}[2J.tiff  +2 −1 ~2
          ~ 81fa014019e7cffb0101  <b>mitosis</b>: moved 2.0 px (0.5 µm)  [Ada <ada@example.org>, 2026-11-01: off by | two]
          ~ 81fa014019e7cffb0202  <b>mitosis</b> → non-mitotic cell: relabelled
          − 81fa014019e7cffb0303  other: removed
          + 81fa014019e7cffb0404  non-mitotic cell: added
          + 81fa014019e7cffb0202  human-2 rated non-mitotic cell, round 2

        Labels of annotations
          from \ to       (removed)  non-mitotic cell
          (added)                                   1
          <b>mitosis</b>                            1
          other                   1

        Summary
                       added  removed  modified
          dataset          0        0         1
          labels           0        0         1
          annotations      1        1         2
          ratings          1        0         0
          of the annotations modified: 1 relabelled, 1 moved, 0 reshaped
        "#);
    }

    #[test]
    fn stat_counts_and_lists_nothing() {
        let (comparison, by) = sample();
        insta::assert_snapshot!(render(&view(&comparison, &by), true, false), @r#"
        v1 (snapshot 18c52a7ed981) → HEAD (45df22c72c6e)

        Labels of annotations
          from \ to       (removed)  non-mitotic cell
          (added)                                   1
          <b>mitosis</b>                            1
          other                   1

        Summary
                       added  removed  modified
          dataset          0        0         1
          labels           0        0         1
          annotations      1        1         2
          ratings          1        0         0
          of the annotations modified: 1 relabelled, 1 moved, 0 reshaped

        By image
          001\u{1b}[2J.tiff  +2 −1 ~2
        "#);
    }

    #[test]
    fn long_lists_are_cut() {
        let (comparison, by) = many(200);
        let text = render(&view(&comparison, &by), false, false);
        assert!(text.contains("\n  … and 180 more (--json has all)\n"), "{text}");
        assert_eq!(text.lines().filter(|line| line.contains("added  ")).count(), 1);
        assert!(text.lines().count() < 45, "{text}");
    }

    #[test]
    fn colour_is_asked_for_and_names_cannot_bring_their_own() {
        let (comparison, by) = sample();
        let plain = render(&view(&comparison, &by), false, false);
        assert!(!plain.contains('\u{1b}'));
        let painted = render(&view(&comparison, &by), false, true);
        assert!(painted.contains("\u{1b}[32m+\u{1b}[0m"), "{painted:?}");
        assert!(!painted.contains("\u{1b}[2J"));
    }
}
