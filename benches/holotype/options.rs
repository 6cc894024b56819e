//! The words after `cargo bench --`.

use crate::measure::Outcome;

/// What `--help` prints.
pub(crate) const HELP: &str = "\
cargo bench -- [OPTIONS]

  --size 10k|100k|1m|10m  annotations in the repository that is measured [default: 100k]
  --short                 a small run for CI: 10k, few repetitions; a time never makes it fail
  --only NAME             only rows whose name contains NAME; `counters` are the exact counts
  --repetitions N         repetitions of each measurement, ours and the limit in turn [default: 5]
  --growth                how costs grow with annotations and with commits, up to --size
  --commits N             the most commits that --growth makes [default: 1000; the page has 100000]
  --write-docs            puts the tables into docs/performance.md";

/// What is asked for.
pub(crate) enum Request {
    /// The table.
    Rows(Options),
    /// The tables of growth.
    Growth(Options),
    /// One task in this process, for the process that started it.
    Inside {
        /// Its name.
        task: String,
        /// What it needs to know.
        arguments: Vec<String>,
    },
    /// How to call it.
    Help,
}

/// What to measure, and how often.
#[derive(Debug, Clone)]
pub(crate) struct Options {
    /// Annotations in the repository.
    pub(crate) size: u64,
    /// Whether it must be over soon.
    pub(crate) short: bool,
    /// A part of the names of the rows to measure.
    pub(crate) only: Option<String>,
    /// Repetitions of each measurement.
    pub(crate) repetitions: usize,
    /// The most commits of a history.
    pub(crate) commits: u64,
    /// Whether the page is to be written.
    pub(crate) write_docs: bool,
}

impl Options {
    /// Reads the command line. Cargo adds `--bench` of its own.
    pub(crate) fn parse(words: &[String]) -> Outcome<Request> {
        if let [first, task, arguments @ ..] = words
            && first == "--inside"
        {
            return Ok(Request::Inside {
                task: task.clone(),
                arguments: arguments.to_vec(),
            });
        }
        let mut options = Self {
            size: 100_000,
            short: false,
            only: None,
            repetitions: 5,
            commits: 1000,
            write_docs: false,
        };
        let mut growth = false;
        let mut words = words.iter();
        while let Some(word) = words.next() {
            let mut value = || words.next().ok_or_else(|| format!("{word} needs a value"));
            match word.as_str() {
                "--bench" => {}
                "--help" | "-h" => return Ok(Request::Help),
                "--short" => {
                    options.short = true;
                    options.size = 10_000;
                    options.repetitions = 3;
                }
                "--growth" => growth = true,
                "--write-docs" => options.write_docs = true,
                "--size" => options.size = parse_size(value()?)?,
                "--only" => options.only = Some(value()?.clone()),
                "--repetitions" => options.repetitions = value()?.parse()?,
                "--commits" => options.commits = value()?.parse()?,
                other => return Err(format!("there is no {other}\n\n{HELP}").into()),
            }
        }
        options.repetitions = options.repetitions.max(1);
        Ok(if growth {
            Request::Growth(options)
        } else {
            Request::Rows(options)
        })
    }

    /// Says whether a row is to be measured.
    pub(crate) fn takes(&self, name: &str) -> bool {
        self.only.as_ref().is_none_or(|part| name.contains(part.as_str()))
    }
}

fn parse_size(text: &str) -> Outcome<u64> {
    match text {
        "1k" => Ok(1000),
        "10k" => Ok(10_000),
        "100k" => Ok(100_000),
        "1m" => Ok(1_000_000),
        "10m" => Ok(10_000_000),
        other => Err(format!("{other} is no size; there are 10k, 100k, 1m and 10m").into()),
    }
}

/// Writes a size as it is given.
pub(crate) fn size_name(size: u64) -> String {
    match size {
        1_000_000.. if size.is_multiple_of(1_000_000) => format!("{}m", size / 1_000_000),
        1000.. if size.is_multiple_of(1000) => format!("{}k", size / 1000),
        _ => size.to_string(),
    }
}
