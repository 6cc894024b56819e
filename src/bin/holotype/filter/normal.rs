//! The normal form of an expression, in which a query is stored: single spaces around operators and behind commas, none
//! elsewhere, no comments, plain texts in double quotes. Tokens and their order stay, and so does the meaning.

/// A piece of an expression.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Token {
    /// A name, a keyword or a number.
    Word(String),
    /// A text with its quotes.
    Text(String),
    /// An operator or a bracket.
    Mark(String),
}

/// Marks of two characters.
const PAIRS: [&str; 6] = ["&&", "||", "==", "!=", "<=", ">="];
/// Marks with a space on either side, `-` where it is between two operands.
const SPACED: [&str; 15] = [
    "&&", "||", "==", "!=", "<=", ">=", "<", ">", "+", "-", "*", "/", "%", "?", ":",
];

/// Returns the normal form of an expression that can be read.
pub(crate) fn normal(text: &str) -> String {
    let mut out = String::new();
    let mut before: Option<Token> = None;
    let mut is_sign = false;
    for token in tokens(text) {
        let follows_sign = is_sign;
        is_sign = token == Token::Mark("-".to_owned()) && !before.as_ref().is_some_and(ends_operand);
        if !follows_sign
            && before
                .as_ref()
                .is_some_and(|before| is_apart(before, &token, is_sign))
        {
            out.push(' ');
        }
        match &token {
            Token::Word(text) | Token::Text(text) | Token::Mark(text) => out.push_str(text),
        }
        before = Some(token);
    }
    out
}

/// Whether a space stands between two tokens; `is_sign` says that the second is the sign of a number.
fn is_apart(before: &Token, token: &Token, is_sign: bool) -> bool {
    let is_spaced = |token: &Token| matches!(token, Token::Mark(mark) if SPACED.contains(&mark.as_str()));
    let is_comma = |token: &Token| matches!(token, Token::Mark(mark) if mark == ",");
    let is_word = |token: &Token| matches!(token, Token::Word(_) | Token::Text(_));
    let is_keyword = |token: &Token| matches!(token, Token::Word(word) if word == "in");
    let is_point = |token: &Token| matches!(token, Token::Mark(mark) if mark == ".");
    let is_number = |token: &Token| matches!(token, Token::Word(word) if word.starts_with(|first: char| first.is_ascii_digit()));
    is_spaced(before)
        || is_comma(before)
        || (is_number(before) && is_point(token))
        || (is_spaced(token) && !is_sign)
        || is_keyword(before)
        || is_keyword(token)
        || (is_word(before) && is_word(token))
}

/// Whether an operand can end with this token, so that a `-` behind it takes away.
fn ends_operand(token: &Token) -> bool {
    match token {
        Token::Word(word) => word != "in",
        Token::Text(_) => true,
        Token::Mark(mark) => [")", "]", "}"].contains(&mark.as_str()),
    }
}

fn tokens(text: &str) -> Vec<Token> {
    let mut found = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let quoted = ["", "r", "R", "b", "B"]
            .iter()
            .find_map(|prefix| text_length(rest, prefix));
        let length = if rest.starts_with("//") {
            rest = rest
                .find('\n')
                .and_then(|end| rest.get(end..))
                .unwrap_or("")
                .trim_start();
            continue;
        } else if let Some(length) = quoted {
            length
        } else if is_of_word(first) {
            word_length(rest)
        } else if PAIRS.iter().any(|pair| rest.starts_with(pair)) {
            2
        } else {
            first.len_utf8()
        };
        let (token, behind) = rest.split_at(length);
        found.push(if quoted.is_some() {
            Token::Text(in_double_quotes(token))
        } else if is_of_word(first) {
            Token::Word(token.to_owned())
        } else {
            Token::Mark(token.to_owned())
        });
        rest = behind.trim_start();
    }
    found
}

fn is_of_word(character: char) -> bool {
    character.is_alphanumeric() || character == '_'
}

/// The length of a name or a number in bytes: `1.5e-3` is one token, `a.b` are three.
fn word_length(text: &str) -> usize {
    let is_number = text.starts_with(|first: char| first.is_ascii_digit());
    let is_hex = text.starts_with("0x") || text.starts_with("0X");
    let mut before = ' ';
    for (at, character) in text.char_indices() {
        let is_part = is_of_word(character)
            || (is_number && character == '.')
            || (is_number && !is_hex && "+-".contains(character) && "eE".contains(before));
        if !is_part {
            return at;
        }
        before = character;
    }
    text.len()
}

/// The length in bytes of a text in quotes with this prefix; `None` where there is none.
fn text_length(text: &str, prefix: &str) -> Option<usize> {
    let behind = text.strip_prefix(prefix)?;
    let quote = ["\"\"\"", "'''", "\"", "'"]
        .into_iter()
        .find(|quote| behind.starts_with(quote))?;
    let is_raw = prefix.eq_ignore_ascii_case("r");
    let mut at = quote.len();
    while let Some(rest) = behind.get(at..).filter(|rest| !rest.is_empty()) {
        if rest.starts_with(quote) {
            return Some(prefix.len() + at + quote.len());
        }
        let mut characters = rest.chars();
        at += characters.next().map_or(0, char::len_utf8);
        if rest.starts_with('\\') && !is_raw {
            at += characters.next().map_or(0, char::len_utf8);
        }
    }
    Some(text.len())
}

/// A text in single quotes without quotes and escapes in it, in double quotes; any other as it is.
fn in_double_quotes(token: &str) -> String {
    let inner = token
        .strip_prefix('\'')
        .and_then(|rest| rest.strip_suffix('\''))
        .filter(|inner| !inner.contains(['\'', '"', '\\', '\n', '\r']));
    inner.map_or_else(|| token.to_owned(), |inner| format!("\"{inner}\""))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn one_meaning_has_one_form() {
        for (text, form) in [
            (
                " label=='mitotic figure'&&image . scanner==\"CS2\" ",
                r#"label == "mitotic figure" && image.scanner == "CS2""#,
            ),
            ("x in [ 1,2 , -3 ]", "x in [1, 2, -3]"),
            ("a - -1.5e-3 >= b-1", "a - -1.5e-3 >= b - 1"),
            ("! ( a||b ) // why\n && c", "!(a || b) && c"),
            (
                "ratings . exists( r,r.label != none )",
                "ratings.exists(r, r.label != none)",
            ),
            (r#"a == 'it''s' "#, r#"a == "it" "s""#),
            (r#"a=='"' && b == "\"//" "#, r#"a == '"' && b == "\"//""#),
            (r"a == r'\d'", r"a == r'\d'"),
            ("a?b:c", "a ? b : c"),
        ] {
            assert_eq!(normal(text), form);
        }
    }

    fn token() -> impl Strategy<Value = &'static str> {
        proptest::sample::select(vec![
            "label",
            "in",
            "x1",
            "12",
            "1.5",
            "-",
            "+",
            "!",
            "==",
            "&&",
            "||",
            "<",
            ">=",
            "(",
            ")",
            "[",
            "]",
            ",",
            ".",
            "?",
            ":",
            "'a  b'",
            "\"c'\"",
            "'\\''",
            "r\"\\\"",
            "\"\"\"d\"\"\"",
        ])
    }

    proptest! {
        #[test]
        fn spaces_do_not_matter(parts in proptest::collection::vec((token(), 1_usize..4), 0..12)) {
            let wide: String = parts.iter().map(|(token, spaces)| format!("{token}{}", " ".repeat(*spaces))).collect();
            let narrow = parts.iter().map(|(token, _)| *token).collect::<Vec<_>>().join(" ");
            prop_assert_eq!(normal(&wide), normal(&narrow));
        }

        #[test]
        fn the_normal_form_has_the_same_tokens_and_is_its_own(
            parts in proptest::collection::vec(token(), 0..12), other in ".{0,20}",
        ) {
            let text = parts.join(" ");
            prop_assert_eq!(tokens(&normal(&text)), tokens(&text));
            prop_assert_eq!(normal(&normal(&text)), normal(&text));
            // Nothing is looked for in what is no expression, but nothing fails either.
            normal(&other);
        }
    }
}
