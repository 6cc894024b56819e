//! Reads the list `names` of a `data.yaml`, and nothing else of it.
//!
//! **Why no library.** YAML can name a part and repeat it (a file of a hundred bytes that means gigabytes), run tags,
//! merge maps, and takes `no` for false and `1e3` for 1000. Of all that a dataset needs one list of texts. So only this is
//! read, line by line: `names:` without indentation, then a block list, a block map from 0 on, or a list or map in
//! brackets. Names are texts as they stand, in quotes or not. Anchors, aliases, tags, block texts and merge keys
//! are refused where they stand in the list; everything beside it is passed over without being looked into.

use std::collections::BTreeMap;

use super::error::YoloProblem;
use super::names::CLASSES_MAX;

/// The names in a file, and the lines that deserve a look.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Names {
    /// The names, by number.
    pub(super) names: Vec<String>,
    /// Names that other readers of YAML take for something else than a text.
    pub(super) typed: Vec<String>,
}

/// A line of the file without its comment.
struct Line<'t> {
    number: usize,
    indent: usize,
    text: &'t str,
}

/// Whether a text has the list.
pub(super) fn has_names(text: &str) -> bool {
    text.lines().any(|line| value_of(line, "names").is_some())
}

/// Reads the names.
pub(super) fn read_names(text: &str) -> Result<Names, YoloProblem> {
    let lines: Vec<Line<'_>> = lines(text);
    let mut at = None;
    for (index, line) in lines.iter().enumerate().filter(|(_, line)| line.indent == 0) {
        if value_of(line.text, "kpt_shape").is_some() {
            return Err(YoloProblem::Keypoints { line: line.number });
        }
        if let Some(value) = value_of(line.text, "names") {
            if at.is_some() {
                return Err(refuse(line.number, "'names' is there twice"));
            }
            at = Some((index, value));
        }
    }
    let Some((index, value)) = at else {
        return Err(refuse(1, "there is no list 'names'"));
    };
    let rest = lines.get(index + 1..).unwrap_or_default();
    let number = lines.get(index).map_or(1, |line| line.number);
    let mut reader = Reader::default();
    if value.is_empty() {
        reader.block(rest)?;
    } else if value.starts_with(['[', '{']) {
        let lines = std::iter::once((number, value)).chain(rest.iter().map(|line| (line.number, line.text)));
        reader.flow(number, lines)?;
    } else {
        return Err(refuse(
            number,
            "'names' is neither a list nor a map from numbers to names",
        ));
    }
    reader.finish(number)
}

fn refuse(line: usize, why: &'static str) -> YoloProblem {
    YoloProblem::Yaml { line, why }
}

/// The value behind a key at the beginning of a line.
fn value_of<'t>(line: &'t str, key: &str) -> Option<&'t str> {
    let bare = line.strip_prefix(key).or_else(|| {
        let quoted = line.strip_prefix(['"', '\''])?.strip_prefix(key)?;
        quoted.strip_prefix(['"', '\''])
    })?;
    let value = bare.trim_start().strip_prefix(':')?;
    (value.is_empty() || value.starts_with([' ', '\t'])).then(|| without_comment(value).trim())
}

/// Lines with something on them.
fn lines(text: &str) -> Vec<Line<'_>> {
    let numbered = text.lines().zip(1..);
    let found = numbered.map(|(line, number)| {
        let text = line.trim_start_matches(' ');
        Line {
            number,
            indent: line.len() - text.len(),
            text: without_comment(text).trim_end(),
        }
    });
    found.filter(|line| !line.text.trim().is_empty()).collect()
}

/// A line up to a `#` at its beginning or behind white space, outside of quotes.
fn without_comment(line: &str) -> &str {
    let (mut quote, mut before) = (None, ' ');
    for (at, character) in line.char_indices() {
        match quote {
            Some(open) if character == open => quote = None,
            Some(_) => {}
            None if character == '#' && before.is_whitespace() => return line.get(..at).unwrap_or(line),
            None if matches!(character, '"' | '\'')
                && (before.is_whitespace() || "[{,:".contains(before)) =>
            {
                quote = Some(character);
            }
            None => {}
        }
        before = character;
    }
    line
}

#[derive(Default)]
struct Reader {
    names: BTreeMap<usize, String>,
    typed: Vec<String>,
}

impl Reader {
    fn add(&mut self, line: usize, number: Option<usize>, text: &str) -> Result<(), YoloProblem> {
        let number = number.unwrap_or(self.names.len());
        let name = scalar(line, text)?;
        if number >= CLASSES_MAX {
            return Err(YoloProblem::TooManyClasses { limit: CLASSES_MAX });
        }
        if !text.starts_with(['"', '\'']) && is_typed(&name) {
            self.typed.push(name.clone());
        }
        if self.names.insert(number, name).is_some() {
            return Err(refuse(line, "a class number is there twice"));
        }
        Ok(())
    }

    /// `- name` or `0: name`, one a line.
    fn block(&mut self, lines: &[Line<'_>]) -> Result<(), YoloProblem> {
        let Some(first) = lines.first() else { return Ok(()) };
        let is_list = first.text.starts_with('-');
        if !is_list && first.indent == 0 {
            return Ok(());
        }
        for line in lines {
            let ends = line.indent < first.indent || (line.indent == 0 && !line.text.starts_with('-'));
            if ends || line.text.starts_with("---") {
                break;
            }
            if line.indent != first.indent {
                return Err(refuse(
                    line.number,
                    "the names are not one a line, indented alike",
                ));
            }
            if is_list {
                let item = line
                    .text
                    .strip_prefix('-')
                    .filter(|rest| rest.is_empty() || rest.starts_with(' '));
                let item = item.ok_or_else(|| refuse(line.number, "this is no item of a list"))?;
                self.add(line.number, None, item.trim())?;
            } else {
                self.entry(line.number, line.text)?;
            }
        }
        Ok(())
    }

    /// `0: name`.
    fn entry(&mut self, line: usize, text: &str) -> Result<(), YoloProblem> {
        let (key, value) = text
            .split_once(':')
            .ok_or_else(|| refuse(line, "this is no number with a name behind a colon"))?;
        let key = key.trim().trim_matches(['"', '\'']);
        let is_number = !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_digit());
        let number = key.parse().ok().filter(|_| is_number);
        let number = number.ok_or_else(|| refuse(line, "a class number is a whole number from 0 on"))?;
        self.add(line, Some(number), value.trim())
    }

    /// `[a, b]` or `{0: a, 1: b}`, over one line or several.
    fn flow<'t>(
        &mut self,
        start: usize,
        lines: impl Iterator<Item = (usize, &'t str)>,
    ) -> Result<(), YoloProblem> {
        let mut walk = Walk::default();
        for (number, text) in lines {
            let mut characters = text.chars();
            while let Some(character) = characters.next() {
                match walk.step(character) {
                    Step::On => {}
                    Step::Nested => return Err(refuse(number, "a name is no list and no map")),
                    Step::Item(item) => self.item(number, &item, walk.close)?,
                    Step::End(item) => {
                        if !characters.as_str().trim().is_empty() {
                            return Err(refuse(number, "there is something behind the bracket"));
                        }
                        // A comma may follow the last name.
                        if item.trim().is_empty() {
                            return Ok(());
                        }
                        return self.item(number, &item, walk.close);
                    }
                }
            }
            walk.item.push(' ');
        }
        Err(refuse(start, "the bracket is never closed"))
    }

    fn item(&mut self, line: usize, item: &str, close: char) -> Result<(), YoloProblem> {
        if close == '}' {
            self.entry(line, item.trim())
        } else {
            self.add(line, None, item.trim())
        }
    }

    /// The names by number, which must be all from 0 on.
    fn finish(self, line: usize) -> Result<Names, YoloProblem> {
        if !self.names.keys().copied().eq(0..self.names.len()) {
            return Err(refuse(line, "the class numbers are not all from 0 on"));
        }
        Ok(Names {
            names: self.names.into_values().collect(),
            typed: self.typed,
        })
    }
}

/// What a character in brackets leads to.
enum Step {
    On,
    Item(String),
    End(String),
    Nested,
}

/// Walks through brackets.
struct Walk {
    item: String,
    quote: Option<char>,
    is_escaped: bool,
    is_open: bool,
    close: char,
}

impl Default for Walk {
    fn default() -> Self {
        Self {
            item: String::new(),
            quote: None,
            is_escaped: false,
            is_open: false,
            close: ']',
        }
    }
}

impl Walk {
    fn step(&mut self, character: char) -> Step {
        if !self.is_open {
            self.is_open = true;
            self.close = if character == '{' { '}' } else { ']' };
            return Step::On;
        }
        if let Some(open) = self.quote {
            self.item.push(character);
            let closes = character == open && !self.is_escaped;
            self.is_escaped = open == '"' && character == '\\' && !self.is_escaped;
            self.quote = Some(open).filter(|_| !closes);
            return Step::On;
        }
        if character == ',' {
            return Step::Item(std::mem::take(&mut self.item));
        }
        if character == self.close {
            return Step::End(std::mem::take(&mut self.item));
        }
        if matches!(character, '[' | ']' | '{' | '}') {
            return Step::Nested;
        }
        let before = self.item.trim_end();
        if matches!(character, '"' | '\'') && (before.is_empty() || before.ends_with(':')) {
            self.quote = Some(character);
        }
        self.item.push(character);
        Step::On
    }
}

/// Reads one name.
fn scalar(line: usize, text: &str) -> Result<String, YoloProblem> {
    if let Some(rest) = text.strip_prefix('\'') {
        let inner = rest.strip_suffix('\'').map(|inner| inner.replace("''", "\u{0}"));
        let inner = inner.filter(|inner| !inner.contains('\''));
        let inner = inner.ok_or_else(|| refuse(line, "a quote is never closed, or something follows it"))?;
        return Ok(inner.replace('\u{0}', "'"));
    }
    if text.starts_with('"') {
        // YAML's double quotes are JSON's but for escapes that no name needs.
        return serde_json::from_str(text).map_err(|_| {
            refuse(
                line,
                "a text in double quotes is not closed, or has an escape that JSON has not",
            )
        });
    }
    if text.is_empty() {
        return Err(refuse(line, "a name is empty"));
    }
    if text.starts_with(['&', '*', '!', '|', '>', '%', '@', '`', '?']) || text.starts_with("<<") {
        return Err(refuse(
            line,
            "anchors, aliases, tags and block texts are not read; write the name itself",
        ));
    }
    if text.starts_with(['[', '{', ']', '}', ',']) || text.contains(": ") || text.ends_with(':') {
        return Err(refuse(
            line,
            "a name is one text; put it in quotes where it has a colon or a bracket",
        ));
    }
    Ok(text.to_owned())
}

/// Whether other readers of YAML take a bare name for a number, a flag or nothing.
fn is_typed(name: &str) -> bool {
    let word = name.to_ascii_lowercase();
    matches!(
        word.as_str(),
        "y" | "n" | "yes" | "no" | "on" | "off" | "true" | "false" | "null" | "~"
    ) || word.parse::<f64>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(text: &str) -> Vec<String> {
        read_names(text).unwrap().names
    }

    fn why(text: &str) -> String {
        read_names(text).unwrap_err().to_string()
    }

    #[test]
    fn quirk_29_names_are_read_in_each_common_form() {
        for text in [
            "names: [RBC, WBC, 'Plate lets']\n",
            "path: ../x # root\ntrain: images\n\nnc: 3\nnames: [\"RBC\", WBC ,\n  Plate lets,\n] # end\n",
            "names:\n- RBC\n- WBC\n- Plate lets\ndownload: x\n",
            "names:\n  - RBC # red\n\n  # more\n  - \"WBC\"\n  - Plate lets\nnc: 3\n",
            "names:\n  0: RBC\n  1: WBC\n  2: Plate lets\n",
            "names:\n  1: WBC\n  \"0\": 'RBC'\n  2: Plate lets\n",
            "names: {0: RBC, 1: WBC, 2: Plate lets}\r\n",
            "download: |\n  names: [not, these]\n\"names\": [RBC, WBC, Plate lets]\n",
        ] {
            assert_eq!(names(text), ["RBC", "WBC", "Plate lets"], "{text}");
            assert!(has_names(text));
        }
        assert_eq!(
            names("names: ['it''s', \"a, \\\"b\\\"\", C#]"),
            ["it's", "a, \"b\"", "C#"]
        );
        assert_eq!(names("names: []"), Vec::<String>::new());
    }

    #[test]
    fn f22_no_bomb_no_tag_no_merge_and_no_type_is_read() {
        for text in [
            "a: &a [x,x]\nb: &b [*a,*a]\nnames: *b\n",
            "names: [&a x, *a]\n",
            "names:\n  - !!python/object x\n",
            "names:\n  <<: *base\n  0: a\n",
            "names:\n  0: |\n    a\n",
            "names: !!set {a, b}\n",
            "names: [[a], b]\n",
            "names:\n  0: a\n  0: b\n",
            "names:\n  0: a\n  2: b\n",
            "names:\n  0: a\n    1: b\n",
            "names: [a\n",
            "names: [a] b\n",
            "names: a\n",
            "names: [a]\nnames: [b]\n",
            "names:\n  99999999999: a\n",
            "names: [a,,b]\n",
            "names: ['a]\n",
            "nc: 3\n",
        ] {
            assert!(read_names(text).is_err(), "{text}");
        }
        assert!(
            why("x: 1\nnames:\n  - *a\n").starts_with("line 3: anchors"),
            "{}",
            why("names: *a")
        );
        let typed = read_names("names: [no, 1e3, 'no', ok]\n").unwrap();
        assert_eq!((typed.names.len(), typed.names[1].as_str()), (4, "1e3"));
        assert_eq!(typed.typed, ["no", "1e3"]);
    }

    #[test]
    fn f22_what_stands_beside_the_names_is_passed_over_in_time() {
        let bomb: String = (0..100_000)
            .map(|n| format!("a{n}: &a{n} [*a{n}, *a{n}]\n"))
            .collect();
        assert_eq!(names(&format!("{bomb}names: [x]\n")), ["x"]);
        assert!(matches!(
            read_names("kpt_shape: [17, 3]\nnames: [a]"),
            Err(YoloProblem::Keypoints { line: 1 })
        ));
    }
}
