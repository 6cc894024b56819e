//! A datasheet's Markdown as a page. Only what our own writer writes is known: headings, tables, lists, paragraphs,
//! `code`, `**bold**` and pictures of ours. Every other character is shown as it is, so that no text of others becomes
//! markup (threat R09); the page has no script and loads nothing from elsewhere.

use crate::codec::{escape_markup, push_markup};

/// Writes the page.
pub(in crate::release) fn page(title: &str, markdown: &str) -> String {
    let mut out = format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; img-src 'self'; style-src 'unsafe-inline'\">\n\
         <title>{}</title>\n<style>body{{font-family:sans-serif;max-width:60em;margin:2em auto;padding:0 1em}}\
         table{{border-collapse:collapse;margin:1em 0}}td,th{{border:1px solid #999;padding:.2em .6em;text-align:left}}\
         code{{background:#eee}}</style>\n</head>\n<body>\n",
        escape_markup(title)
    );
    for block in markdown
        .split("\n\n")
        .map(str::trim)
        .filter(|block| !block.is_empty())
    {
        out.push_str(&html_of(block));
        out.push('\n');
    }
    out.push_str("</body>\n</html>\n");
    out
}

fn html_of(block: &str) -> String {
    for (mark, level) in [("### ", 3), ("## ", 2), ("# ", 1)] {
        if let Some(rest) = block.strip_prefix(mark) {
            return format!("<h{level}>{}</h{level}>", inline(rest));
        }
    }
    if block.starts_with("| ") {
        return table(block);
    }
    if block.starts_with("* ") {
        let items = block.lines().map(|line| line.strip_prefix("* ").unwrap_or(line));
        let items: String = items.map(|item| format!("<li>{}</li>\n", inline(item))).collect();
        return format!("<ul>\n{items}</ul>");
    }
    if let Some((text, path)) = block.strip_prefix("![").and_then(|rest| rest.split_once("](")) {
        let path = path.strip_suffix(')').unwrap_or(path);
        return format!(
            "<p><img src=\"{}\" alt=\"{}\"></p>",
            escape_markup(path),
            escape_markup(text)
        );
    }
    format!("<p>{}</p>", inline(block))
}

/// Rows of cells between `|`; the second row only draws the line.
fn table(block: &str) -> String {
    let mut out = String::from("<table>\n");
    for (number, row) in block.lines().enumerate() {
        if number == 1 {
            continue;
        }
        let tag = if number == 0 { "th" } else { "td" };
        let cells: String = cells(row)
            .iter()
            .map(|cell| format!("<{tag}>{}</{tag}>", inline(cell.trim())))
            .collect();
        out.push_str(&format!("<tr>{cells}</tr>\n"));
    }
    out.push_str("</table>");
    out
}

/// Splits a row at each `|` without a backslash before it.
fn cells(row: &str) -> Vec<String> {
    let mut cells = vec![String::new()];
    let mut characters = row.trim().trim_start_matches('|').chars();
    while let Some(character) = characters.next() {
        if character == '|' {
            cells.push(String::new());
            continue;
        }
        if let Some(cell) = cells.last_mut() {
            cell.push(character);
            if character == '\\' {
                cell.extend(characters.next());
            }
        }
    }
    cells.pop();
    cells
}

/// Text with `code` and `**bold**`; a backslash takes the next character as it is.
fn inline(text: &str) -> String {
    let mut out = String::new();
    let (mut is_code, mut is_bold) = (false, false);
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '\\' if !is_code => {
                if let Some(next) = characters.next() {
                    push_markup(&mut out, next);
                }
            }
            '`' => {
                is_code = !is_code;
                out.push_str(if is_code { "<code>" } else { "</code>" });
            }
            '*' if !is_code && characters.next_if_eq(&'*').is_some() => {
                is_bold = !is_bold;
                out.push_str(if is_bold { "<b>" } else { "</b>" });
            }
            other => push_markup(&mut out, other),
        }
    }
    if is_code {
        out.push_str("</code>");
    }
    if is_bold {
        out.push_str("</b>");
    }
    out
}

#[cfg(test)]
mod tests {
    use super::super::super::escape::markdown;
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn r09_what_others_wrote_is_no_markup() {
        let hostile = "<script>alert(1)</script> ![x](javascript:y) **b** `c` | d";
        let sheet = format!(
            "# {0}\n\n| a | b |\n|---|---|\n| {0} | `1` |\n\n* {0}\n\n**{0}**",
            markdown(hostile)
        );
        let html = page(hostile, &sheet);
        for bad in ["<script", "<img", "href=", "<b>b</b>"] {
            assert!(!html.contains(bad), "{bad} in {html}");
        }
        assert_eq!(
            html.matches("&lt;script&gt;alert(1)&lt;/script&gt; ![x](javascript:y) **b** `c` | d")
                .count(),
            5
        );
        assert_eq!(html.matches("<td>").count(), 2);
        assert!(html.contains("<td><code>1</code></td>"), "{html}");
    }

    proptest! {
        #[test]
        fn r09_any_text_is_shown_as_it_is(text in "[ -~äß\\n]{0,40}") {
            let html = inline(&markdown(&text));
            let shown = text.replace('\n', " ");
            prop_assert_eq!(html, escape_markup(&shown));
        }
    }
}
