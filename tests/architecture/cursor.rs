//! Looking ahead in a list of tokens without indexing it.

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};

/// A view of the tokens of one level; positions are absolute.
pub(crate) struct Cursor<'a> {
    tokens: &'a [TokenTree],
}

impl<'a> Cursor<'a> {
    /// Looks at the tokens.
    pub(crate) fn new(tokens: &'a [TokenTree]) -> Self {
        Self { tokens }
    }

    /// Returns the token at a position.
    pub(crate) fn token(&self, at: usize) -> Option<&'a TokenTree> {
        self.tokens.get(at)
    }

    /// Returns the name at a position, without `r#`.
    pub(crate) fn name(&self, at: usize) -> Option<String> {
        match self.tokens.get(at) {
            Some(TokenTree::Ident(ident)) => Some(ident.to_string().trim_start_matches("r#").to_owned()),
            Some(TokenTree::Group(_) | TokenTree::Punct(_) | TokenTree::Literal(_)) | None => None,
        }
    }

    /// Says whether a word stands at a position.
    pub(crate) fn is_word(&self, at: usize, word: &str) -> bool {
        matches!(self.tokens.get(at), Some(TokenTree::Ident(ident)) if ident == word)
    }

    /// Says whether a mark stands at a position.
    pub(crate) fn is_mark(&self, at: usize, mark: char) -> bool {
        matches!(self.tokens.get(at), Some(TokenTree::Punct(punct)) if punct.as_char() == mark)
    }

    /// Says whether `::` begins at a position.
    pub(crate) fn is_path_mark(&self, at: usize) -> bool {
        self.is_mark(at, ':') && self.is_mark(at + 1, ':')
    }

    /// Returns the group at a position, if it has this delimiter.
    pub(crate) fn group(&self, at: usize, delimiter: Delimiter) -> Option<&'a Group> {
        match self.tokens.get(at) {
            Some(TokenTree::Group(group)) if group.delimiter() == delimiter => Some(group),
            Some(TokenTree::Group(_) | TokenTree::Ident(_) | TokenTree::Punct(_) | TokenTree::Literal(_))
            | None => None,
        }
    }

    /// Returns any group at a position.
    pub(crate) fn any_group(&self, at: usize) -> Option<&'a Group> {
        match self.tokens.get(at) {
            Some(TokenTree::Group(group)) => Some(group),
            Some(TokenTree::Ident(_) | TokenTree::Punct(_) | TokenTree::Literal(_)) | None => None,
        }
    }

    /// Says whether a statement can begin at a position.
    pub(crate) fn is_statement_start(&self, at: usize) -> bool {
        at.checked_sub(1).is_none_or(|before| self.is_item_end(before))
    }

    /// Says whether an item or a statement can end with the token at a position.
    pub(crate) fn is_item_end(&self, at: usize) -> bool {
        self.is_mark(at, ';') || self.group(at, Delimiter::Brace).is_some()
    }

    /// Returns the position of the first mark at or after a position, or the end.
    pub(crate) fn find_mark(&self, from: usize, mark: char) -> usize {
        (from..self.tokens.len())
            .find(|at| self.is_mark(*at, mark))
            .unwrap_or(self.tokens.len())
    }

    /// Returns the first brace group after a position and before a `;`: the body of what stands there.
    pub(crate) fn body_after(&self, from: usize) -> Option<&'a Group> {
        let end = self.find_mark(from, ';');
        (from..end).find_map(|at| self.group(at, Delimiter::Brace))
    }

    /// Returns the tokens of a range of positions.
    pub(crate) fn between(&self, from: usize, end: usize) -> TokenStream {
        self.tokens
            .iter()
            .skip(from)
            .take(end.saturating_sub(from))
            .cloned()
            .collect()
    }

    /// Returns the line of a position, from 1.
    pub(crate) fn line(&self, at: usize) -> usize {
        self.tokens.get(at).map_or(1, |token| token.span().start().line)
    }
}

/// Returns a stream's tokens as a list.
pub(crate) fn list(stream: TokenStream) -> Vec<TokenTree> {
    stream.into_iter().collect()
}
