//! The profile: which facts a dataset has to state, and which words stand for one thing. A TOML file; the default is
//! `profile.toml` beside this file.

use serde::Deserialize;

use crate::model::FactValue;
use crate::model::spelling::Synonyms;

/// The profile that is shipped.
const SHIPPED: &str = include_str!("profile.toml");

/// A profile that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ProfileError {
    /// It is no TOML, or has members that a profile does not have.
    #[error("it is no profile: {}", .source.message())]
    Form {
        /// Why.
        #[source]
        source: Box<toml::de::Error>,
    },
    /// A field names no fact.
    #[error("the field '{name}' names no fact")]
    NoFacts {
        /// The field.
        name: String,
    },
    /// Two fields have one name.
    #[error("there are two fields '{name}'")]
    Twice {
        /// The name.
        name: String,
    },
}

/// Of what a fact has to be stated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FieldOf {
    /// Of each image: by itself, its slide, its case, or once for the dataset.
    Image,
    /// Of the dataset.
    Dataset,
}

/// What has to be stated.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Field {
    /// What is asked for, in words.
    pub name: String,
    /// The names of facts under which it may be stated.
    pub facts: Vec<String>,
    /// Of what.
    pub of: FieldOf,
    /// Whether all these facts say one thing.
    #[serde(default)]
    pub same: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct SynonymsWire {
    words: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ProfileWire {
    #[serde(default)]
    field: Vec<Field>,
    #[serde(default)]
    missing: Vec<String>,
    #[serde(default)]
    synonyms: Vec<SynonymsWire>,
}

/// A profile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile {
    /// What has to be stated.
    pub fields: Vec<Field>,
    /// Values that say that something is not known, in lower case.
    pub missing: Vec<String>,
    /// Words for one thing.
    pub synonyms: Synonyms,
}

impl Profile {
    /// Reads a profile.
    ///
    /// # Errors
    /// [`ProfileError`] when it is none.
    pub fn parse(text: &str) -> Result<Self, ProfileError> {
        let wire: ProfileWire = toml::from_str(text).map_err(|source| ProfileError::Form {
            source: Box::new(source),
        })?;
        for (n, field) in wire.field.iter().enumerate() {
            if field.facts.is_empty() {
                return Err(ProfileError::NoFacts {
                    name: field.name.clone(),
                });
            }
            if wire.field.iter().take(n).any(|other| other.name == field.name) {
                return Err(ProfileError::Twice {
                    name: field.name.clone(),
                });
            }
        }
        let sets: Vec<Vec<String>> = wire.synonyms.into_iter().map(|set| set.words).collect();
        Ok(Self {
            fields: wire.field,
            missing: wire
                .missing
                .iter()
                .map(|word| word.trim().to_lowercase())
                .collect(),
            synonyms: Synonyms::new(&sets),
        })
    }

    /// Returns the profile that is shipped.
    ///
    /// # Errors
    /// Never: a test reads it.
    pub fn shipped() -> Result<Self, ProfileError> {
        Self::parse(SHIPPED)
    }

    /// Returns the text of the profile that is shipped.
    #[must_use]
    pub const fn shipped_text() -> &'static str {
        SHIPPED
    }

    /// Whether a value says that something is not known.
    #[must_use]
    pub fn is_missing(&self, value: &FactValue) -> bool {
        let word = value.as_text().map(|text| text.trim().to_lowercase());
        word.is_some_and(|word| self.missing.contains(&word))
    }
}
