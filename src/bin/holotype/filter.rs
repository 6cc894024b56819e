//! `--where`: one CEL expression over a row, such as `label == "mitotic figure" && image.scanner == "CS2"`.

use cel::{Context, Program, Value as CelValue};
use holotype::id::ImageId;
use holotype::model::ImageRecord;
use serde_json::{Value, json};

use crate::commands::list::{RowContext, image_row};
use crate::failure::Failure;

/// A compiled expression.
pub(crate) struct Filter {
    program: Program,
    text: String,
    /// The functions of the language; making them anew for each row would cost more than all else.
    language: Context<'static, 'static>,
}

/// Longer expressions are refused, as is deep nesting: evaluation is bounded by the expression's size.
const LENGTH_MAX: usize = 4096;
const NESTING_MAX: usize = 64;

impl Filter {
    pub(crate) fn parse(text: &str) -> Result<Self, Failure> {
        let bad = |why: String| {
            Failure::usage(
                format!("--where '{text}': {why}"),
                "write CEL, such as 'label == \"mitotic figure\" && image.width > 100'",
            )
        };
        let nesting = text.chars().scan(0_usize, |depth, character| {
            match character {
                '(' | '[' | '{' => *depth += 1,
                ')' | ']' | '}' => *depth = depth.saturating_sub(1),
                _ => {}
            }
            Some(*depth)
        });
        if text.len() > LENGTH_MAX || nesting.max().unwrap_or(0) > NESTING_MAX {
            return Err(bad("it is too long or too deep".to_owned()));
        }
        let program = Program::compile(text).map_err(|error| bad(error.to_string().replace('\n', " ")))?;
        Ok(Self {
            program,
            text: text.to_owned(),
            language: Context::default(),
        })
    }

    /// Whether the expression is true for a row. A member that the row does not have is no error but false.
    pub(crate) fn accepts(&self, row: &Value, rows: &RowContext) -> Result<bool, Failure> {
        let mut context = self.language.new_inner_scope();
        let names = self.program.references();
        let failed = |why: String| {
            Failure::refused(
                format!("--where '{}': {why}", self.text),
                "see holotype list --json for the members of a row",
            )
        };
        // Only what the expression names is turned into values: rows may be many and wide.
        if let Value::Object(members) = row {
            for (name, value) in members.iter().filter(|(name, _)| names.has_variable(name)) {
                context
                    .add_variable(name.as_str(), value)
                    .map_err(|error| failed(error.to_string()))?;
            }
        }
        if names.has_variable("image")
            && let Some((id, record)) = image_of(row, rows)
        {
            context
                .add_variable("image", image_row(*id, record))
                .map_err(|error| failed(error.to_string()))?;
        }
        if names.has_variable("row") {
            context
                .add_variable("row", row)
                .map_err(|error| failed(error.to_string()))?;
        }
        context
            .add_variable("none", json!(null))
            .map_err(|error| failed(error.to_string()))?;
        match self.program.execute(&context) {
            Ok(CelValue::Bool(accepted)) => Ok(accepted),
            Ok(_) => Err(failed("it is neither true nor false".to_owned())),
            Err(cel::ExecutionError::NoSuchKey(_)) => Ok(false),
            Err(cel::ExecutionError::UndeclaredReference(name)) if is_fact_elsewhere(&name, row, rows) => {
                Ok(false)
            }
            Err(error) => Err(failed(error.to_string())),
        }
    }
}

/// The image that a row is about.
fn image_of<'a>(row: &Value, rows: &'a RowContext) -> Option<&'a (ImageId, ImageRecord)> {
    let id = row.get("image").and_then(Value::as_str)?;
    rows.images.get(&ImageId::parse(id).ok()?.prefix())
}

/// Whether a name that an image's row does not have is a fact that other images have: no slip of the pen.
fn is_fact_elsewhere(name: &str, row: &Value, rows: &RowContext) -> bool {
    row.get("blob").is_some()
        && rows
            .images
            .values()
            .any(|(_, record)| record.facts.contains_key(name))
}
