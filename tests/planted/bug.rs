//! A planted bug: a piece of the source that keeps a promise, what stands there without it, and the tests that must see
//! the difference.
//!
//! Bugs stand in `tests/planted/*.bugs`. One begins with `== name`; then follow `in FILE FUNCTION`, one or more lines
//! `test PROGRAM PART_OF_NAME` (`lib` for the tests of the library), the piece in lines that begin with `-`, and what
//! takes its place in lines that begin with `+`. White space does not count. The piece is an expression. Where it
//! stands more than once in functions of this name, the line says which one is meant: `in FILE FUNCTION 2 of 3`.

use std::fs;
use std::ops::Range;
use std::path::PathBuf;

use crate::copy::root;

/// A planted bug.
#[derive(Debug, Default)]
pub(crate) struct Bug {
    pub(crate) name: String,
    /// The kind: the name of the file that it is listed in.
    pub(crate) kind: String,
    /// The file, from the root of the project.
    pub(crate) file: String,
    pub(crate) function: String,
    /// Which of how many pieces is meant, from 1.
    which: (usize, usize),
    /// Test programs, and parts of the names of tests in them.
    pub(crate) tests: Vec<(String, String)>,
    old: String,
    new: String,
}

/// All bugs, sorted by kind.
pub(crate) fn all() -> Vec<Bug> {
    let folder = fs::read_dir(root().join("tests/planted")).unwrap();
    let mut lists: Vec<PathBuf> = folder
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "bugs"))
        .collect();
    lists.sort();
    lists
        .iter()
        .flat_map(|list| {
            let kind = list.file_stem().unwrap().to_str().unwrap();
            parse(kind, &fs::read_to_string(list).unwrap())
        })
        .collect()
}

/// Reads a list of bugs.
pub(crate) fn parse(kind: &str, text: &str) -> Vec<Bug> {
    let mut bugs: Vec<Bug> = Vec::new();
    for line in text
        .lines()
        .filter(|line| !line.trim().is_empty() && !line.starts_with('#'))
    {
        if let Some(name) = line.strip_prefix("== ") {
            bugs.push(Bug {
                name: name.to_owned(),
                kind: kind.to_owned(),
                ..Bug::default()
            });
            continue;
        }
        let bug = bugs.last_mut().expect("a bug begins with its name");
        let words: Vec<&str> = line.split_whitespace().collect();
        match (line.split_at(1), words.as_slice()) {
            (("-", piece), _) => bug.old.push_str(piece),
            (("+", piece), _) => bug.new.push_str(piece),
            (_, ["in", file, function]) => {
                (bug.file, bug.function) = ((*file).to_owned(), (*function).to_owned());
                bug.which = (1, 1);
            }
            (_, ["in", file, function, which, "of", all]) => {
                (bug.file, bug.function) = ((*file).to_owned(), (*function).to_owned());
                bug.which = (which.parse().unwrap(), all.parse().unwrap());
            }
            (_, ["test", program, test]) => bug.tests.push(((*program).to_owned(), (*test).to_owned())),
            _ => panic!("no line of a bug: {line}"),
        }
    }
    bugs
}

/// Where the functions of a name stand in a file that is formatted.
fn bodies(source: &str, function: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    for (at, _) in source.match_indices(&format!("fn {function}")) {
        let rest = &source[at + 3 + function.len()..];
        if !rest.starts_with(['(', '<']) {
            continue;
        }
        let line = source[..at].rfind('\n').map_or(0, |end| end + 1);
        let indent: String = source[line..].chars().take_while(|char| *char == ' ').collect();
        let end = source[at..].find(&format!("\n{indent}}}\n"));
        found.push(at..end.map_or(source.len(), |end| at + end));
    }
    found
}

/// Where a piece stands in a part of the source, white space not counting.
fn places(source: &str, part: Range<usize>, piece: &str) -> Vec<Range<usize>> {
    let wanted: Vec<char> = piece.chars().filter(|char| !char.is_whitespace()).collect();
    let chars: Vec<(usize, char)> = source[part.clone()]
        .char_indices()
        .filter(|(_, char)| !char.is_whitespace())
        .collect();
    chars
        .windows(wanted.len().max(1))
        .filter(|window| window.iter().map(|(_, char)| char).eq(wanted.iter()))
        .map(|window| {
            let (first, last) = (window[0], window[window.len() - 1]);
            part.start + first.0..part.start + last.0 + last.1.len_utf8()
        })
        .collect()
}

impl Bug {
    /// Where the piece stands, which the bug takes out.
    ///
    /// # Errors
    /// When it does not stand there as often as is said.
    pub(crate) fn place(&self, source: &str) -> Result<Range<usize>, String> {
        let found: Vec<Range<usize>> = bodies(source, &self.function)
            .into_iter()
            .flat_map(|body| places(source, body, &self.old))
            .collect();
        let (which, all) = self.which;
        found
            .get(which.wrapping_sub(1))
            .filter(|_| found.len() == all)
            .cloned()
            .ok_or_else(|| {
                format!(
                    "{}: its piece stands {} times in `{}` of {}, and not {all} times",
                    self.name,
                    found.len(),
                    self.function,
                    self.file
                )
            })
    }

    /// The piece, with the bug beside it, which is switched on by its name.
    fn switched(&self, piece: &str) -> String {
        let Self { name, new, .. } = self;
        format!("(if crate::planted::is(\"{name}\") {{ {new} }} else {{ {piece} }})")
    }
}

/// Plants bugs into the source of one file; a piece may lie within another.
///
/// # Errors
/// When one does not apply, or two cross each other.
pub(crate) fn plant(source: &str, bugs: &[&Bug]) -> Result<String, String> {
    let mut places = bugs
        .iter()
        .map(|bug| Ok((bug.place(source)?, *bug)))
        .collect::<Result<Vec<_>, String>>()?;
    // The later first, so that what comes before stays in place; the inner before the outer.
    places.sort_by_key(|(place, _)| (std::cmp::Reverse(place.start), place.end));
    let mut planted = source.to_owned();
    let mut done: Vec<(Range<usize>, usize)> = Vec::new();
    for (place, bug) in places {
        let mut end = place.end;
        for (inner, grown) in &done {
            let is_within = inner.start >= place.start && inner.end <= place.end && *inner != place;
            if is_within {
                end += grown;
            } else if inner.start < place.end {
                return Err(format!("{} crosses another", bug.name));
            }
        }
        let switched = bug.switched(&planted[place.start..end]);
        done.push((place.clone(), switched.len() + place.start - end));
        planted.replace_range(place.start..end, &switched);
    }
    Ok(planted)
}
