//! What comes back of a round: the classes of objects in GeoJSON, by their ids. Places are not read.

use serde_json::Value;

use super::ItemId;

/// An object that came back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// Its id; `None` where it has none, or none of a package's form.
    pub id: Option<ItemId>,
    /// Its class; `None` where it has none.
    pub class: Option<String>,
}

/// A file that cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum AnswerError {
    /// It is no JSON.
    #[error("it is no JSON")]
    Json(#[from] serde_json::Error),
    /// It is no GeoJSON.
    #[error("it is no GeoJSON: there is neither a feature nor a list of them")]
    NoFeatures,
}

/// Reads the objects of a file: a collection, a list of features, or one.
///
/// # Errors
/// [`AnswerError`].
pub fn read_answers(bytes: &[u8]) -> Result<Vec<Answer>, AnswerError> {
    let document: Value = serde_json::from_slice(bytes)?;
    let features = match &document {
        Value::Array(features) => features.as_slice(),
        Value::Object(members) => match members.get("features") {
            Some(Value::Array(features)) => features.as_slice(),
            Some(_) => return Err(AnswerError::NoFeatures),
            None if members.contains_key("geometry") => std::slice::from_ref(&document),
            None => return Err(AnswerError::NoFeatures),
        },
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            return Err(AnswerError::NoFeatures);
        }
    };
    Ok(features.iter().map(answer).collect())
}

fn answer(feature: &Value) -> Answer {
    let id = feature.get("id").and_then(Value::as_str);
    let id = id.and_then(|text| uuid::Uuid::parse_str(text).ok());
    let class = feature
        .get("properties")
        .and_then(|all| all.get("classification"));
    Answer {
        id: id.map(uuid::Uuid::into_bytes),
        class: class.and_then(class_name).filter(|name| !name.trim().is_empty()),
    }
}

/// QuPath writes a class by its name, or by the names that it is derived from.
fn class_name(class: &Value) -> Option<String> {
    if let Some(name) = class.get("name").and_then(Value::as_str) {
        return Some(name.to_owned());
    }
    let names = class.get("names").and_then(Value::as_array)?;
    let names: Vec<&str> = names.iter().filter_map(Value::as_str).collect();
    Some(names.join(": "))
}
