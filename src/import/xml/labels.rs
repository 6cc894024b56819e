//! The classes of a file, each once, in the order in which it names them.

use std::collections::BTreeMap;

use crate::import::document::{SourceFacts, SourceLabel};

/// Where each class stands in a document's labels.
#[derive(Debug, Default)]
pub(crate) struct Labels(BTreeMap<String, usize>);

impl Labels {
    /// Returns where a class stands, which is behind the others when it is new.
    pub(crate) fn index(&mut self, labels: &mut Vec<SourceLabel>, name: &str) -> usize {
        if let Some(index) = self.0.get(name) {
            return *index;
        }
        labels.push(SourceLabel {
            name: name.to_owned(),
            facts: SourceFacts::new(),
        });
        self.0.insert(name.to_owned(), labels.len() - 1);
        labels.len() - 1
    }
}
