//! The order of the columns as somebody gives it, for a file that does not name them.

use super::columns::{Columns, columns};
use super::error::CsvProblem;

/// The names of all columns, in order, as a header would give them; `-` is a column that is passed over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CsvOrder(Vec<String>);

impl CsvOrder {
    /// Reads `x,y,label` and the like.
    ///
    /// # Errors
    /// [`CsvProblem`] when the names do not say in one way where things are.
    pub fn parse(text: &str) -> Result<Self, CsvProblem> {
        let names: Vec<String> = text.split(',').map(|name| name.trim().to_owned()).collect();
        match columns(1, &names)? {
            Some(_) => Ok(Self(names)),
            None => Err(CsvProblem::NoPlace {
                columns: names.join(", "),
            }),
        }
    }

    /// Returns how many columns there are.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// Returns what they are, in a file whose first line is this one with so many cells.
    pub(super) fn columns(&self, line: u64, found: usize) -> Result<Columns, CsvProblem> {
        if found != self.len() {
            let given = self.len();
            return Err(CsvProblem::OrderLength { given, line, found });
        }
        columns(line, &self.0)?.ok_or_else(|| CsvProblem::NoPlace {
            columns: self.0.join(", "),
        })
    }
}
