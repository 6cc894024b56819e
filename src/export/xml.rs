//! Text in XML: what must be written as a reference, and what XML cannot say.

use std::fmt::Write as _;

/// Appends the text of an element. White space at an end would be taken for layout, and a return for a line feed: both
/// become references. Returns how many characters XML does not allow; they are written as U+FFFD.
pub(super) fn push_text(out: &mut String, text: &str) -> u64 {
    let last = text.chars().count().saturating_sub(1);
    let mut replaced = 0;
    for (index, character) in text.chars().enumerate() {
        let is_at_end = index == 0 || index == last;
        match character {
            ' ' | '\t' | '\n' if is_at_end => drop(write!(out, "&#{};", u32::from(character))),
            '\t' | '\n' => out.push(character),
            other => replaced += push(out, other),
        }
    }
    replaced
}

/// Appends the value of an attribute, without the quotation marks; white space but the space becomes references, since
/// it would be read as spaces. Returns how many characters XML does not allow; they are written as U+FFFD.
pub(super) fn push_value(out: &mut String, value: &str) -> u64 {
    let mut replaced = 0;
    for character in value.chars() {
        match character {
            '"' => out.push_str("&quot;"),
            '\t' | '\n' => drop(write!(out, "&#{};", u32::from(character))),
            other => replaced += push(out, other),
        }
    }
    replaced
}

fn push(out: &mut String, character: char) -> u64 {
    match character {
        '&' => out.push_str("&amp;"),
        '<' => out.push_str("&lt;"),
        '>' => out.push_str("&gt;"),
        '\r' => out.push_str("&#13;"),
        '\0'..='\u{1F}' | '\u{FFFE}' | '\u{FFFF}' => {
            out.push('\u{FFFD}');
            return 1;
        }
        other => out.push(other),
    }
    0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_reader_would_change_becomes_a_reference() {
        let mut out = String::new();
        assert_eq!(push_text(&mut out, " a\t<b>&\r "), 0);
        assert_eq!(out, "&#32;a\t&lt;b&gt;&amp;&#13;&#32;");
        out.clear();
        assert_eq!(push_value(&mut out, " \"a\"\t\n\r\u{1}"), 1);
        assert_eq!(out, " &quot;a&quot;&#9;&#10;&#13;\u{FFFD}");
    }
}
