//! Collects the [`Facts`] of one file from its tokens.
//!
//! Tokens rather than a syntax tree, because the same walk then reads what stands inside macros
//! (`proptest!`, `macro_rules!`, `assert!`) and attributes (`derive`, serde's `with = "path"`). What a macro
//! *expands to* is not seen.

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use syn::UseTree;

use crate::bodies;
use crate::cursor::{Cursor, list};
use crate::facts::{Call, Facts, Function, Kind, Module, Reference};

/// What the attributes say that stand before the next item.
#[derive(Clone, Copy, Default)]
struct Pending {
    is_test_only: bool,
    is_test: bool,
    should_panic: bool,
}

/// Where the walk is.
#[derive(Clone)]
struct Level {
    scope: Vec<String>,
    in_test: bool,
    is_attribute: bool,
}

/// Collects the facts of a file that holds the module `scope`.
pub(crate) fn scan(stream: TokenStream, scope: Vec<String>, in_test: bool) -> Facts {
    let mut scanner = Scanner {
        facts: Facts::default(),
    };
    scanner.level(
        stream,
        Level {
            scope,
            in_test,
            is_attribute: false,
        },
    );
    scanner.facts
}

struct Scanner {
    facts: Facts,
}

impl Scanner {
    fn level(&mut self, stream: TokenStream, mut level: Level) {
        let tokens = list(stream);
        let cursor = Cursor::new(&tokens);
        let mut pending = Pending::default();
        let mut at = 0;
        while let Some(token) = cursor.token(at) {
            let here = Level {
                in_test: level.in_test || pending.is_test_only,
                ..level.clone()
            };
            if let Some(next) = self.attribute(&cursor, at, &mut level, &mut pending) {
                at = next;
                continue;
            }
            if cursor.is_item_end(at) {
                pending = Pending::default();
            }
            at = match token {
                TokenTree::Ident(_) => {
                    let next = self.word(&cursor, at, &here, pending);
                    if next > at + 1 && cursor.is_item_end(next - 1) {
                        pending = Pending::default();
                    }
                    next
                }
                TokenTree::Group(group) => {
                    self.level(group.stream(), here);
                    at + 1
                }
                TokenTree::Literal(literal) => {
                    if level.is_attribute {
                        self.quoted_path(&literal.to_string(), cursor.line(at), &here);
                    }
                    at + 1
                }
                TokenTree::Punct(_) => at + 1,
            };
        }
    }

    /// Reads an attribute, if one begins here, and returns the position after it.
    fn attribute(
        &mut self,
        cursor: &Cursor<'_>,
        at: usize,
        level: &mut Level,
        pending: &mut Pending,
    ) -> Option<usize> {
        if !cursor.is_mark(at, '#') {
            return None;
        }
        let inner = cursor.is_mark(at + 1, '!');
        let group_at = if inner { at + 2 } else { at + 1 };
        let group = cursor.group(group_at, Delimiter::Bracket)?;
        let tokens = list(group.stream());
        let inside = Cursor::new(&tokens);
        let name = inside.name(0).unwrap_or_default();
        let words = bodies::words(group.stream());
        let line = cursor.line(at);
        if name == "cfg" && words.contains("test") && !words.contains("not") {
            if inner {
                level.in_test = true;
            } else {
                pending.is_test_only = true;
            }
        }
        if bodies::ends_in_word(&tokens, "test") {
            pending.is_test = true;
            pending.is_test_only = true;
        }
        pending.should_panic |= name == "should_panic";
        if (name == "ignore" || name == "cfg_attr") && bodies::has_bare_word(group.stream(), "ignore") {
            self.facts.bare_ignores.push(line);
        }
        if name == "path" || (name == "cfg_attr" && words.contains("path")) {
            self.facts.path_attributes.push(line);
        }
        if name == "doc" && words.contains("hidden") {
            self.facts.hidden.push(line);
        }
        if words.contains("unsafe") {
            self.facts.unsafes.push(line);
        }
        if name != "doc" && name != "cfg" {
            let in_test = level.in_test || pending.is_test_only;
            self.level(
                group.stream(),
                Level {
                    in_test,
                    is_attribute: true,
                    ..level.clone()
                },
            );
        }
        Some(group_at + 1)
    }

    /// Reads what begins with a word and returns the position after what was read.
    fn word(&mut self, cursor: &Cursor<'_>, at: usize, level: &Level, pending: Pending) -> usize {
        let word = cursor.name(at).unwrap_or_default();
        match word.as_str() {
            "use" if !cursor.is_mark(at + 1, '<') => self.import(cursor, at, level),
            "extern" if cursor.is_word(at + 1, "crate") => {
                let segments = cursor.name(at + 2).into_iter().collect();
                self.refer(level, segments, cursor.line(at), true);
                at + 3
            }
            "mod" if cursor.name(at + 1).is_some() => self.module(cursor, at, level),
            "fn" => self.function(cursor, at, pending),
            "unsafe" => {
                self.facts.unsafes.push(cursor.line(at));
                at + 1
            }
            "pub" if is_restriction(cursor, at + 1) => at + 2,
            _ if at > 0 && cursor.is_mark(at - 1, '.') && !cursor.is_mark(at.wrapping_sub(2), '.') => {
                self.method(cursor, at, word, level)
            }
            _ => self.path(cursor, at, level),
        }
    }

    fn import(&mut self, cursor: &Cursor<'_>, at: usize, level: &Level) -> usize {
        let end = cursor.find_mark(at, ';');
        let item: Result<syn::ItemUse, _> = syn::parse2(cursor.between(at, end + 1));
        let Ok(item) = item else { return at + 1 };
        let mut found = Vec::new();
        flatten(&item.tree, &mut Vec::new(), &mut found);
        for (segments, alias, line) in found {
            let reference = Reference {
                scope: level.scope.clone(),
                segments,
                line,
                in_test: level.in_test,
                is_global: item.leading_colon.is_some(),
            };
            if let Some(alias) = alias {
                self.facts
                    .imports
                    .entry((level.scope.clone(), alias))
                    .or_default()
                    .push(reference.clone());
            }
            self.facts.references.push(reference);
        }
        end + 1
    }

    fn module(&mut self, cursor: &Cursor<'_>, at: usize, level: &Level) -> usize {
        let name = cursor.name(at + 1).unwrap_or_default();
        let mut inner = level.scope.clone();
        inner.push(name.clone());
        let line = cursor.line(at);
        self.facts
            .imports
            .entry((level.scope.clone(), name.clone()))
            .or_default()
            .push(Reference {
                scope: level.scope.clone(),
                segments: inner.clone(),
                line,
                in_test: level.in_test,
                is_global: false,
            });
        let scope = level.scope.clone();
        self.facts.modules.push(Module {
            scope,
            name,
            line,
            in_test: level.in_test,
        });
        match cursor.group(at + 2, Delimiter::Brace) {
            None => at + 2,
            Some(group) => {
                self.level(
                    group.stream(),
                    Level {
                        scope: inner,
                        ..level.clone()
                    },
                );
                at + 3
            }
        }
    }

    fn function(&mut self, cursor: &Cursor<'_>, at: usize, pending: Pending) -> usize {
        let name_at = if cursor.is_mark(at + 1, '$') {
            at + 2
        } else {
            at + 1
        };
        let Some(name) = cursor.name(name_at) else {
            return at + 1;
        };
        if let Some(body) = cursor.body_after(name_at) {
            let kind = if pending.is_test { Kind::Test } else { Kind::Plain };
            self.facts.functions.push(Function {
                name,
                kind,
                first_line: cursor.line(at),
                last_line: body.span_close().end().line,
                can_fail: pending.should_panic || bodies::can_fail(body.stream()),
                mentions: bodies::words(body.stream()),
            });
        }
        name_at + 1
    }

    fn method(&mut self, cursor: &Cursor<'_>, at: usize, name: String, level: &Level) -> usize {
        if cursor.group(at + 1, Delimiter::Parenthesis).is_some() {
            let (line, in_test) = (cursor.line(at), level.in_test);
            self.facts.methods.push(Call {
                name,
                line,
                in_test,
                is_statement: false,
            });
        }
        at + 1
    }

    fn path(&mut self, cursor: &Cursor<'_>, at: usize, level: &Level) -> usize {
        let mut segments: Vec<String> = cursor.name(at).into_iter().collect();
        let mut end = at + 1;
        while cursor.is_path_mark(end) {
            let Some(next) = cursor.name(end + 2) else { break };
            segments.push(next);
            end += 3;
        }
        let line = cursor.line(at);
        if cursor.is_mark(end, '!')
            && let Some(group) = macro_group(cursor, end + 1)
        {
            let name = segments.last().cloned().unwrap_or_default();
            if name == "macro_rules" {
                self.macro_rules(cursor, end + 1, group.stream());
            }
            let is_statement =
                cursor.is_statement_start(at) && cursor.is_mark(group_position(cursor, end + 1) + 1, ';');
            self.facts.macros.push(Call {
                name,
                line,
                in_test: level.in_test,
                is_statement,
            });
        }
        if segments.len() > 1 {
            let after_path_mark = at >= 2 && cursor.is_path_mark(at - 2);
            let is_global = after_path_mark && (at < 3 || !cursor.is_mark(at - 3, '>'));
            self.refer(level, segments, line, is_global);
        }
        end
    }

    fn macro_rules(&mut self, cursor: &Cursor<'_>, name_at: usize, body: TokenStream) {
        let line = cursor.line(name_at);
        self.facts.functions.push(Function {
            name: cursor.name(name_at).unwrap_or_default(),
            kind: Kind::Macro,
            first_line: line,
            last_line: line,
            can_fail: bodies::can_fail(body.clone()),
            mentions: bodies::words(body),
        });
    }

    /// Notes a path that an attribute gives as a string, as serde's `with` does.
    fn quoted_path(&mut self, literal: &str, line: usize, level: &Level) {
        let text = literal.trim_matches('"');
        let segments: Vec<String> = text.split("::").map(str::to_owned).collect();
        let is_word =
            |word: &String| !word.is_empty() && word.chars().all(|c| c.is_alphanumeric() || c == '_');
        if segments.len() > 1 && segments.iter().all(is_word) {
            self.refer(level, segments, line, false);
        }
    }

    fn refer(&mut self, level: &Level, segments: Vec<String>, line: usize, is_global: bool) {
        let (scope, in_test) = (level.scope.clone(), level.in_test);
        self.facts.references.push(Reference {
            scope,
            segments,
            line,
            in_test,
            is_global,
        });
    }
}

/// Says whether `(crate)`, `(super)`, `(self)` or `(in …)` of a visibility stands at a position.
fn is_restriction(cursor: &Cursor<'_>, at: usize) -> bool {
    cursor.group(at, Delimiter::Parenthesis).is_some_and(|group| {
        let tokens = list(group.stream());
        let inside = Cursor::new(&tokens);
        let first = inside.name(0).unwrap_or_default();
        first == "in" || (tokens.len() == 1 && matches!(first.as_str(), "crate" | "super" | "self"))
    })
}

/// Returns the position of a macro's group: after its `!`, or after the name of a `macro_rules!`.
fn group_position(cursor: &Cursor<'_>, at: usize) -> usize {
    if cursor.name(at).is_some() { at + 1 } else { at }
}

fn macro_group<'a>(cursor: &Cursor<'a>, at: usize) -> Option<&'a proc_macro2::Group> {
    cursor.any_group(group_position(cursor, at))
}

/// Lists every path of a `use`, with the name that it brings in (none for a glob and for `_`).
fn flatten(tree: &UseTree, prefix: &mut Vec<String>, found: &mut Vec<(Vec<String>, Option<String>, usize)>) {
    let plain = |ident: &syn::Ident| ident.to_string().trim_start_matches("r#").to_owned();
    let line = |ident: &syn::Ident| ident.span().start().line;
    let joined = |prefix: &[String], name: String| {
        let mut path = prefix.to_vec();
        if name != "self" || path.is_empty() {
            path.push(name);
        }
        path
    };
    match tree {
        UseTree::Path(path) => {
            prefix.push(plain(&path.ident));
            flatten(&path.tree, prefix, found);
            prefix.pop();
        }
        UseTree::Name(name) => {
            let path = joined(prefix, plain(&name.ident));
            let alias = path.last().cloned();
            found.push((path, alias, line(&name.ident)));
        }
        UseTree::Rename(rename) => {
            let alias = Some(plain(&rename.rename)).filter(|alias| alias != "_");
            found.push((joined(prefix, plain(&rename.ident)), alias, line(&rename.ident)));
        }
        UseTree::Glob(glob) => {
            let path = joined(prefix, "*".to_owned());
            found.push((
                path,
                None,
                glob.star_token.spans.first().map_or(1, |span| span.start().line),
            ));
        }
        UseTree::Group(group) => {
            for tree in &group.items {
                flatten(tree, prefix, found);
            }
        }
    }
}
