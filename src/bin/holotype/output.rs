//! Results to stdout, everything else to stderr.

use std::io::{self, BufWriter, IsTerminal, Write};

use serde::Serialize;
use serde_json::{Map, Value};

use crate::failure::Failure;

/// Where results go.
pub(crate) struct Output {
    stdout: BufWriter<io::Stdout>,
    pub json: bool,
    pub quiet: bool,
}

impl Output {
    pub(crate) fn new(json: bool, quiet: bool) -> Self {
        Self {
            stdout: BufWriter::new(io::stdout()),
            json,
            quiet,
        }
    }

    /// Writes text as it is.
    pub(crate) fn text(&mut self, text: &str) -> Result<(), Failure> {
        Ok(self.stdout.write_all(text.as_bytes())?)
    }

    /// Writes a line for people, unless results are JSON or not wanted.
    pub(crate) fn line(&mut self, line: impl AsRef<str>) -> Result<(), Failure> {
        if self.json || self.quiet {
            return Ok(());
        }
        Ok(writeln!(self.stdout, "{}", line.as_ref())?)
    }

    /// Writes one JSON object with its schema name.
    pub(crate) fn object(&mut self, schema: &str, value: &impl Serialize) -> Result<(), Failure> {
        if !self.json {
            return Ok(());
        }
        self.bytes(&object_line(schema, value))
    }

    /// Writes bytes as they are.
    pub(crate) fn bytes(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        Ok(self.stdout.write_all(bytes)?)
    }

    /// Writes a note to stderr, unless quiet.
    pub(crate) fn note(&self, line: impl AsRef<str>) {
        if !self.quiet {
            let _ = writeln!(io::stderr(), "{}", one_line(line.as_ref()));
        }
    }

    /// Makes sure that everything was written: a full disk must not look like success.
    pub(crate) fn finish(&mut self) -> Result<(), Failure> {
        Ok(self.stdout.flush()?)
    }
}

/// One JSON object with its schema name, as a line.
pub(crate) fn object_line(schema: &str, value: &impl Serialize) -> Vec<u8> {
    let mut members = Map::new();
    members.insert("schema".to_owned(), Value::String(schema.to_owned()));
    if let Ok(Value::Object(rest)) = serde_json::to_value(value) {
        members.extend(rest);
    }
    let mut line = serde_json::to_vec(&members).unwrap_or_default();
    line.push(b'\n');
    line
}

/// Whether progress bars are welcome.
pub(crate) fn shows_progress(quiet: bool) -> bool {
    !quiet && io::stderr().is_terminal()
}

/// Escapes control characters, so that names cannot steer the terminal.
pub(crate) fn one_line(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        let hidden =
            matches!(character, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        if character.is_control() || hidden {
            safe.extend(character.escape_unicode());
        } else {
            safe.push(character);
        }
    }
    safe
}

/// Lays rows out in columns; the first row is the heading.
pub(crate) fn table(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let safe: Vec<Vec<String>> = rows
        .iter()
        .map(|row| row.iter().map(|cell| one_line(cell)).collect())
        .collect();
    let widths: Vec<usize> = (0..columns)
        .map(|column| {
            safe.iter()
                .filter_map(|row| row.get(column))
                .map(|cell| cell.chars().count())
                .max()
                .unwrap_or(0)
        })
        .collect();
    let mut text = String::new();
    for row in &safe {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(&widths) {
            line.push_str(cell);
            line.extend(std::iter::repeat_n(
                ' ',
                width.saturating_sub(cell.chars().count()) + 2,
            ));
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}
