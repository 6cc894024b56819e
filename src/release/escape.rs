//! Text from people in the formats of documents. Pure.
//!
//! * **Markdown**: every ASCII punctuation mark that could begin markup or HTML there gets a backslash; line feeds become
//!   spaces. So a text is shown as it is, and no link, image, tag or script comes of it (threat R09).
//! * **YAML**: always a double-quoted scalar. `"` and `\` get a backslash; control characters, U+0085, U+2028, U+2029
//!   and U+FEFF become `\uXXXX`. So no text is a number, a date, `no`, an anchor or a comment.
//! * **BibTeX**: the ten characters that TeX reads become their commands (braces too, as BibTeX counts them even
//!   behind a backslash); line feeds become spaces; all else stays as it is, in UTF-8.
//! * **JSON**: serde_json.

/// A text within Markdown.
pub(super) fn markdown(text: &str) -> String {
    let mut out = String::new();
    for character in text.chars() {
        if character.is_control() {
            out.push(' ');
            continue;
        }
        let begins_list = out.is_empty() && "+-".contains(character);
        if begins_list || "\\`*_{}[]<>()#!|~&$:@".contains(character) {
            out.push('\\');
        }
        out.push(character);
    }
    out
}

/// A text as a YAML scalar.
pub(super) fn yaml(text: &str) -> String {
    let mut out = String::from("\"");
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\u{2028}' | '\u{2029}' | '\u{FEFF}' => out.push_str(&format!("\\u{:04X}", u32::from(character))),
            other if other.is_control() => out.push_str(&format!("\\u{:04X}", u32::from(other))),
            other => out.push(other),
        }
    }
    out.push('"');
    out
}

/// A text within the braces of a BibTeX field.
pub(super) fn bibtex(text: &str) -> String {
    let mut out = String::new();
    for character in text.chars() {
        match character {
            '\\' => out.push_str("\\textbackslash{}"),
            '{' => out.push_str("\\textbraceleft{}"),
            '}' => out.push_str("\\textbraceright{}"),
            '~' => out.push_str("\\textasciitilde{}"),
            '^' => out.push_str("\\textasciicircum{}"),
            '$' | '&' | '#' | '_' | '%' => {
                out.push('\\');
                out.push(character);
            }
            other if other.is_control() => out.push(' '),
            other => out.push(other),
        }
    }
    out
}

/// A text on one line, as it is.
pub(super) fn plain(text: &str) -> String {
    text.split(char::is_control)
        .filter(|part| !part.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r09_markdown_shows_what_it_is_given() {
        let hostile = "<script>alert(1)</script> ![x](javascript:y)\n# T | `c`";
        let text = markdown(hostile);
        assert_eq!(text.matches('<').count(), text.matches("\\<").count());
        assert!(text.contains("\\!\\[x\\]\\(javascript\\:y\\) \\# T \\| \\`c\\`"));
    }

    #[test]
    fn yaml_scalars_are_texts() {
        assert_eq!(yaml("no"), "\"no\"");
        assert_eq!(
            yaml("a \"b\" \\ c\n\u{7}\u{85}\u{2028}"),
            r#""a \"b\" \\ c\n\u0007\u0085\u2028""#
        );
    }

    #[test]
    fn bibtex_braces_stay_balanced() {
        let text = bibtex("50 % of {a}_b & c\\d} #1 $x^2~");
        let mut depth = 0_i32;
        for character in text.chars() {
            depth += i32::from(character == '{') - i32::from(character == '}');
            assert!(depth >= 0);
        }
        assert_eq!(depth, 0);
        assert!(text.starts_with("50 \\% of \\textbraceleft{}a\\textbraceright{}\\_b \\& c"));
    }
}
