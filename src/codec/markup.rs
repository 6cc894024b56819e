//! Text within HTML and XML.

/// Appends a character so that HTML and XML show it as it is, in elements and in quoted attributes: `&`, `<`, `>`, `"` and
/// `'` become references.
pub fn push_markup(out: &mut String, character: char) {
    match character {
        '&' => out.push_str("&amp;"),
        '<' => out.push_str("&lt;"),
        '>' => out.push_str("&gt;"),
        '"' => out.push_str("&quot;"),
        '\'' => out.push_str("&#39;"),
        other => out.push(other),
    }
}

/// Returns a text as HTML and XML show it, in elements and in quoted attributes ([`push_markup`]).
#[must_use]
pub fn escape_markup(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    text.chars()
        .for_each(|character| push_markup(&mut out, character));
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn w04_no_mark_is_left() {
        assert_eq!(
            escape_markup("<a b=\"c\" d='e'>&ß"),
            "&lt;a b=&quot;c&quot; d=&#39;e&#39;&gt;&amp;ß"
        );
    }

    proptest! {
        #[test]
        fn w04_references_taken_back_give_the_text(text in ".{0,40}") {
            let escaped = escape_markup(&text);
            prop_assert!(!escaped.contains(['<', '>', '"', '\'']));
            let back = [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#39;", "'"), ("&amp;", "&")]
                .iter()
                .fold(escaped, |text, (reference, mark)| text.replace(reference, mark));
            prop_assert_eq!(back, text);
        }
    }
}
