//! `--where`: one CEL expression over a row, such as `label == "mitotic figure" && image.scanner == "CS2"`.

mod bounds;
mod normal;
mod within;

use std::sync::OnceLock;

use cel::objects::TryIntoValue;
use cel::{Context, Program, Value as CelValue};
use holotype::export::{ImageRow, Row};
use holotype::id::ImageId;
use serde_json::Value;

pub(crate) use normal::normal;
pub(crate) use within::Within;

use crate::failure::Failure;
use crate::rows::{RowContext, image_row};

/// A compiled expression.
pub(crate) struct Filter {
    program: Program,
    text: String,
    /// The variables that the expression names: no others are made of a row.
    variables: Vec<String>,
    /// The functions of the language; making them anew for each row would cost more than all else.
    language: Context<'static, 'static>,
}

/// The variable `image`, made once for all annotations of an image.
#[derive(Default)]
pub(crate) struct ImageVariable(OnceLock<CelValue>);

impl Filter {
    pub(crate) fn parse(text: &str) -> Result<Self, Failure> {
        let bad = |why: String| {
            Failure::usage(
                format!("--where '{text}': {why}"),
                "write CEL, such as 'label == \"mitotic figure\" && image.width > 100'",
            )
        };
        let program = bounds::compile(text).map_err(bad)?;
        let references = program.references();
        let variables = references.variables().into_iter().map(str::to_owned).collect();
        Ok(Self {
            variables,
            program,
            text: text.to_owned(),
            language: Context::default(),
        })
    }

    /// Where the annotations are for which the expression can be true.
    pub(crate) fn annotations_within(&self) -> Within {
        within::annotations_within(self.program.expression())
    }

    /// Whether the expression is true for an annotation. A member that the row does not have is no error but false.
    pub(crate) fn accepts_row(
        &self,
        row: &Row<'_>,
        image: &ImageVariable,
        rows: &RowContext<'_>,
    ) -> Result<bool, Failure> {
        let variable = |name: &str| match name {
            "image" => self.image_variable(row.image, image).map(Some),
            "row" => self.value(rows.row(row)).map(Some),
            name => rows.member(row, name).map(|value| self.value(value)).transpose(),
        };
        self.evaluate(variable, |_| Ok(false))
    }

    /// Whether the expression is true for a row of any other kind.
    pub(crate) fn accepts(&self, row: &Value, rows: &RowContext<'_>) -> Result<bool, Failure> {
        let variable = |name: &str| {
            let image = match name {
                "image" => image_of(row, rows)?,
                _ => None,
            };
            let value = match (name, image) {
                (_, Some(image)) => Some(image_row(image.id, &image.record)),
                ("row", None) => Some(row.clone()),
                (name, None) => row.get(name).cloned(),
            };
            value.map(|value| self.value(value)).transpose()
        };
        // A name that an image's row does not have, but those of other images, is no slip of the pen.
        let is_elsewhere = |name: &str| Ok(row.get("blob").is_some() && rows.is_fact_of_an_image(name)?);
        self.evaluate(variable, is_elsewhere)
    }

    fn evaluate(
        &self,
        variable: impl Fn(&str) -> Result<Option<CelValue>, Failure>,
        is_elsewhere: impl Fn(&str) -> Result<bool, Failure>,
    ) -> Result<bool, Failure> {
        let mut scope = self.language.new_inner_scope();
        for name in &self.variables {
            let value = match name.as_str() {
                "none" => Some(CelValue::Null),
                name => variable(name)?,
            };
            if let Some(value) = value {
                scope.add_variable_from_value(name.as_str(), value);
            }
        }
        match self.program.execute(&scope) {
            Ok(CelValue::Bool(accepted)) => Ok(accepted),
            Ok(_) => Err(self.failed("it is neither true nor false")),
            Err(cel::ExecutionError::NoSuchKey(_)) => Ok(false),
            Err(cel::ExecutionError::UndeclaredReference(name)) if is_elsewhere(&name)? => Ok(false),
            Err(error) => Err(self.failed(error)),
        }
    }

    fn image_variable(&self, image: &ImageRow, made: &ImageVariable) -> Result<CelValue, Failure> {
        if let Some(value) = made.0.get() {
            return Ok(value.clone());
        }
        let value = self.value(image_row(image.id, &image.record))?;
        Ok(made.0.get_or_init(|| value).clone())
    }

    fn value(&self, value: Value) -> Result<CelValue, Failure> {
        value.try_into_value().map_err(|error| self.failed(error))
    }

    fn failed(&self, why: impl std::fmt::Display) -> Failure {
        Failure::refused(
            format!("--where '{}': {why}", self.text),
            "see holotype list --json for the members of a row",
        )
    }
}

/// The image that a row is about.
fn image_of(row: &Value, rows: &RowContext<'_>) -> Result<Option<ImageRow>, Failure> {
    let id = row.get("image").and_then(Value::as_str);
    match id.and_then(|id| ImageId::parse(id).ok()) {
        Some(id) => rows.image(id.prefix()),
        None => Ok(None),
    }
}
