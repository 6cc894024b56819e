//! Questions about the tokens of a body or an attribute: which words stand in it, and can it fail a test.

use std::collections::BTreeSet;

use proc_macro2::{Delimiter, TokenStream, TokenTree};

use crate::cursor::{Cursor, list};

/// Returns every word in the tokens, at any depth.
pub(crate) fn words(stream: TokenStream) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for token in stream {
        match token {
            TokenTree::Ident(ident) => {
                found.insert(ident.to_string().trim_start_matches("r#").to_owned());
            }
            TokenTree::Group(group) => found.extend(words(group.stream())),
            TokenTree::Punct(_) | TokenTree::Literal(_) => {}
        }
    }
    found
}

/// Says whether an attribute is `#[word]`, `#[path::word]` or `#[path::word(…)]`.
pub(crate) fn ends_in_word(tokens: &[TokenTree], word: &str) -> bool {
    let cursor = Cursor::new(tokens);
    let mut at = 0;
    while cursor.name(at).is_some() && cursor.is_path_mark(at + 1) {
        at += 3;
    }
    cursor.is_word(at, word) && !cursor.is_mark(at + 1, '=')
}

/// Says whether a word stands in the tokens without a text after it (`ignore`, but not `ignore = "why"`).
pub(crate) fn has_bare_word(stream: TokenStream, word: &str) -> bool {
    let tokens = list(stream);
    let cursor = Cursor::new(&tokens);
    (0..tokens.len()).any(|at| {
        let has_text = cursor.is_mark(at + 1, '=')
            && matches!(cursor.token(at + 2), Some(TokenTree::Literal(text))
                if !text.to_string().trim_matches('"').trim().is_empty());
        let inside = cursor
            .any_group(at)
            .is_some_and(|group| has_bare_word(group.stream(), word));
        inside || (cursor.is_word(at, word) && !has_text)
    })
}

/// Says whether a body itself holds something that can make a test fail.
pub(crate) fn can_fail(stream: TokenStream) -> bool {
    let tokens = list(stream);
    let cursor = Cursor::new(&tokens);
    (0..tokens.len()).any(|at| {
        cursor.any_group(at).is_some_and(|group| can_fail(group.stream()))
            || is_asserting_macro(&cursor, at)
            || is_asserting_call(&cursor, at)
    })
}

fn is_asserting_macro(cursor: &Cursor<'_>, at: usize) -> bool {
    let Some(name) = cursor.name(at) else { return false };
    if !cursor.is_mark(at + 1, '!') {
        return false;
    }
    let Some(group) = cursor.any_group(at + 2) else {
        return false;
    };
    let arguments = list(group.stream());
    let is_always_true = Cursor::new(&arguments).is_word(0, "true")
        && (arguments.len() == 1 || Cursor::new(&arguments).is_mark(1, ','));
    let is_assertion = name.starts_with("assert") || name.starts_with("prop_assert") || name == "panic";
    is_assertion && !is_always_true
}

fn is_asserting_call(cursor: &Cursor<'_>, at: usize) -> bool {
    let Some(name) = cursor.name(at) else { return false };
    let is_definition = at > 0 && cursor.is_word(at - 1, "fn");
    let is_named_so = ["assert_", "check_", "expect_"]
        .iter()
        .any(|start| name.starts_with(start));
    is_named_so && !is_definition && cursor.group(at + 1, Delimiter::Parenthesis).is_some()
}
