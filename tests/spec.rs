//! Executes the specification: every example in `docs/spec/format-1.md` is what the library makes of the example
//! repository, and has the hash that stands above it.
//!
//! An HTML comment `<!-- spec: KIND ARGUMENTS -->` says what the block behind it is, and ends with the block's hash
//! where it has one. `HOLOTYPE_UPDATE_SPEC=1 cargo test --test spec` writes both anew.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on panics, in its helpers too"
)]

mod common;
#[path = "spec/examples.rs"]
mod examples;
#[path = "spec/vectors.rs"]
mod vectors;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use examples::Examples;
use holotype::codec::check_canonical;
use holotype::id::Digest;

fn path() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/spec/format-1.md")
}

/// What stands in the page for one directive.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Block {
    /// Kind and arguments, without a hash.
    directive: String,
    hash: Option<String>,
    /// The lines of the fenced block, each ended by a newline.
    body: String,
}

/// Takes a page apart: text and blocks in turns. The text holds all but what a block renders.
fn parse(page: &str) -> (Vec<String>, Vec<Block>) {
    let (mut texts, mut blocks) = (vec![String::new()], Vec::new());
    let mut lines = page.split_inclusive('\n');
    while let Some(line) = lines.next() {
        let Some(directive) = line
            .strip_prefix("<!-- spec: ")
            .and_then(|rest| rest.strip_suffix(" -->\n"))
        else {
            texts.last_mut().expect("there is one").push_str(line);
            continue;
        };
        let (directive, hash) = match directive.rsplit_once(' ') {
            Some((rest, hash)) if Digest::parse(hash).is_ok() => (rest, Some(hash.to_owned())),
            _ => (directive, None),
        };
        assert_eq!(lines.next(), Some("```json\n"), "a block follows `{directive}`");
        let body = lines.by_ref().take_while(|line| *line != "```\n").collect();
        blocks.push(Block {
            directive: directive.to_owned(),
            hash,
            body,
        });
        texts.push(String::new());
    }
    (texts, blocks)
}

fn render(texts: &[String], blocks: &[Block]) -> String {
    let mut page = String::new();
    for (number, text) in texts.iter().enumerate() {
        page.push_str(text);
        if let Some(Block {
            directive,
            hash,
            body,
        }) = blocks.get(number)
        {
            let hash = hash.as_ref().map_or(String::new(), |hash| format!(" {hash}"));
            page.push_str(&format!("<!-- spec: {directive}{hash} -->\n```json\n{body}```\n"));
        }
    }
    page
}

/// What the library makes of a directive.
fn execute(examples: &Examples, directive: &str) -> Block {
    let (kind, arguments) = directive.split_once(' ').unwrap_or((directive, ""));
    let (hash, body) = match kind {
        "vectors" => (None, vectors::compute(arguments)),
        "event" => (None, examples.event(arguments)),
        "edits" => (None, examples.edits(arguments)),
        _ => examples.file(kind, arguments),
    };
    Block {
        directive: directive.to_owned(),
        hash,
        body,
    }
}

#[test]
fn every_example_is_what_the_library_makes() {
    let page = std::fs::read_to_string(path()).unwrap();
    let (texts, blocks) = parse(&page);
    let examples = Examples::build();
    let computed: Vec<Block> = blocks
        .iter()
        .map(|block| execute(&examples, &block.directive))
        .collect();
    if std::env::var_os("HOLOTYPE_UPDATE_SPEC").is_some_and(|value| value == "1") {
        std::fs::write(path(), render(&texts, &computed)).unwrap();
        return;
    }
    assert!(blocks.len() > 60, "there are {} examples", blocks.len());
    for (written, computed) in blocks.iter().zip(&computed) {
        assert_eq!(written, computed, "{}", written.directive);
    }
    assert_eq!(
        render(&texts, &blocks),
        page,
        "nothing is lost when the page is taken apart"
    );
}

#[test]
fn every_example_is_canonical_and_has_its_hash() {
    let page = std::fs::read_to_string(path()).unwrap();
    for block in parse(&page).1 {
        for line in block.body.lines() {
            // Lines of `refs/witness` begin with a hash; the file `format` is none of JSON.
            let json = line
                .split_once(" {")
                .map_or(line.to_owned(), |(_, rest)| format!("{{{rest}"));
            if !block.directive.starts_with("text ") {
                assert_eq!(
                    check_canonical(json.as_bytes()),
                    Ok(()),
                    "{}: {line}",
                    block.directive
                );
            }
        }
        examples::check_hash(&block.directive, block.hash.as_deref(), &block.body);
    }
}

#[test]
fn the_page_names_every_format() {
    let page = std::fs::read_to_string(path()).unwrap();
    let (_, blocks) = parse(&page);
    let directives: BTreeSet<&str> = blocks.iter().map(|block| block.directive.as_str()).collect();
    for format in examples::event_formats() {
        let (event, edits) = (format!("event {format}"), format!("edits {format}"));
        assert!(directives.contains(event.as_str()), "no example of {format}");
        assert!(directives.contains(edits.as_str()), "no edits of {format}");
        assert!(
            page.contains(&format!("#### `{format}`")),
            "no section about {format}"
        );
    }
    for format in examples::record_formats() {
        assert!(page.contains(&format!("`{format}`")), "{format} is not named");
    }
    for fixed in [
        "holotype/snapshot/1",
        "holotype/node/1",
        "holotype/tree/1",
        "holotype/private/1",
    ] {
        assert!(page.contains(fixed), "{fixed} is not named");
    }
}
