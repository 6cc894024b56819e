//! What the log answers of the questions of a datasheet. A part is a part: what the log cannot know is said.

mod collection;
mod composition;
mod maintenance;

pub(super) use collection::*;
pub(super) use composition::*;
pub(super) use maintenance::*;

use std::fmt;

use super::super::escape::markdown;
use super::super::history::LogFacts;
use super::super::numbers::Numbers;
use super::super::trail::Trail;
use super::Subject;
use crate::event::EventFormat;
use crate::export::Dataset;
use crate::model::FactValue;

/// The words with commas between them, or what is said where there is none.
fn listed(words: &[String], none: &str) -> String {
    if words.is_empty() {
        return none.to_owned();
    }
    words.join(", ")
}

/// What is known of a version, for the answers.
pub(super) struct Known<'a> {
    pub(super) subject: &'a Subject<'a>,
    pub(super) dataset: &'a Dataset<'a>,
    pub(super) numbers: &'a Numbers,
    pub(super) log: &'a LogFacts,
    pub(super) trail: &'a Trail,
}

/// What an answer of the log rests on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evidence {
    /// The command that gives it.
    pub query: &'static str,
    /// Which kinds of events say it, and how many of them there are.
    pub kinds: Vec<(&'static str, u64)>,
    /// The events that stated the facts in it, `BATCH:NUMBER`.
    pub events: Vec<String>,
}

impl fmt::Display for Evidence {
    /// In Markdown: the command, the events by kind, the events that stated facts.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`", self.query)?;
        for (kind, count) in &self.kinds {
            write!(f, "; {count} `{kind}`")?;
        }
        for event in &self.events {
            write!(f, "; event `{event}`")?;
        }
        Ok(())
    }
}

/// An answer of the log, in Markdown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// The whole answer.
    Full(String, Evidence),
    /// A part of it.
    Part(String, Evidence),
    /// The log does not know.
    Open,
}

impl Answer {
    /// Adds the events that stated these facts of the dataset to the evidence.
    fn stated(mut self, known: &Known<'_>, facts: &[&str]) -> Self {
        if let Self::Full(_, evidence) | Self::Part(_, evidence) = &mut self {
            for event in facts.iter().filter_map(|fact| known.trail.stating(fact)) {
                if !evidence.events.contains(&event) {
                    evidence.events.push(event);
                }
            }
        }
        self
    }
}

impl Known<'_> {
    fn fact(&self, name: &str) -> Option<String> {
        let value = self.dataset.facts().get(name).and_then(FactValue::as_text)?;
        (!value.trim().is_empty()).then(|| markdown(value.trim()))
    }

    fn evidence(&self, query: &'static str, kinds: &[EventFormat]) -> Evidence {
        let counted = kinds.iter().map(|kind| (kind.kind(), self.trail.events(*kind)));
        Evidence {
            query,
            kinds: counted.filter(|(_, count)| *count > 0).collect(),
            events: Vec::new(),
        }
    }

    fn full(&self, text: String, query: &'static str, kinds: &[EventFormat]) -> Answer {
        Answer::Full(text, self.evidence(query, kinds))
    }

    fn part(&self, text: String, query: &'static str, kinds: &[EventFormat]) -> Answer {
        Answer::Part(text, self.evidence(query, kinds))
    }

    /// `A: 3, B: 4` of the values of a fact, by images.
    fn spread(&self, fact: &str) -> Option<String> {
        let values = self.numbers.facts.get(fact)?;
        let said = values
            .iter()
            .map(|(value, tally)| format!("{}: {}", markdown(value), tally.images));
        Some(said.collect::<Vec<_>>().join(", "))
    }

    /// How many images state a fact, themselves or by their slide or case.
    fn stated(&self, fact: &str) -> u64 {
        self.numbers.fact_names.get(fact).copied().unwrap_or(0)
    }

    /// How many people rate, and how many models and procedures.
    fn raters(&self) -> (usize, usize) {
        let kinds = self.numbers.annotators.values().map(|work| work.kind.as_str());
        let human = kinds.filter(|kind| *kind == "human").count();
        (human, self.numbers.annotators.len() - human)
    }

    /// `A: 3, B: 4` of the tools that events name, and how many events name none.
    fn tools(&self) -> String {
        let mut said: Vec<String> = self
            .trail
            .tools()
            .iter()
            .map(|(tool, events)| format!("{}: {events}", markdown(tool)))
            .collect();
        said.push(format!("not named: {}", self.trail.without_tool()));
        said.join(", ")
    }
}

pub(super) fn open(_: &Known<'_>) -> Answer {
    Answer::Open
}
