//! Small closed words: who rates, how a rating came about, which entities there are.

use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

/// A text that is none of the words of its kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("'{text}' is no {kind}; known are {}", .known.join(", "))]
pub struct WordError {
    /// The text.
    pub text: String,
    /// What was expected.
    pub kind: &'static str,
    /// All words of the kind.
    pub known: &'static [&'static str],
}

macro_rules! words {
    ($(#[$doc:meta])* $name:ident, $kind:literal, { $($(#[$vdoc:meta])* $variant:ident = $word:literal,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name {
            $($(#[$vdoc])* $variant,)*
        }

        impl $name {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];
            /// Their words.
            pub const WORDS: &'static [&'static str] = &[$($word,)*];

            /// Returns the word.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)*
                }
            }

            /// Reads the word.
            ///
            /// # Errors
            /// [`WordError`] when the text is none.
            pub fn parse(text: &str) -> Result<Self, WordError> {
                match text {
                    $($word => Ok(Self::$variant),)*
                    _ => Err(WordError { text: text.to_owned(), kind: $kind, known: Self::WORDS }),
                }
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = Cow::<str>::deserialize(deserializer)?;
                Self::parse(&text).map_err(D::Error::custom)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.as_str())
            }
        }
    };
}

words! {
    /// Who rates.
    AnnotatorKind, "kind of annotator", {
        /// A person.
        Human = "human",
        /// A trained model.
        Model = "model",
        /// A rule or process, such as a consensus.
        Procedure = "procedure",
    }
}

words! {
    /// How a rating or annotation came about.
    Method, "method", {
        /// Drawn or chosen by hand.
        Manual = "manual",
        /// A proposal of a model or another person, taken as it was.
        ProposalAccepted = "proposal_accepted",
        /// A proposal that was changed.
        ProposalEdited = "proposal_edited",
        /// A proposal that was refused.
        ProposalRejected = "proposal_rejected",
        /// Produced by a model without a person.
        Predicted = "predicted",
        /// Taken over from a file; how it came about there is unknown.
        Imported = "imported",
        /// Derived by a rule from other ratings.
        Derived = "derived",
    }
}

words! {
    /// What a dataset holds.
    EntityKind, "entity", {
        /// The facts of the whole dataset.
        Dataset = "dataset",
        /// The rule by which agreed labels are derived.
        Rule = "rule",
        /// A pseudonymous patient or animal.
        Case = "case",
        /// A glass slide.
        Slide = "slide",
        /// A digital file of a slide or field of view.
        Image = "image",
        /// Who rates.
        Annotator = "annotator",
        /// A class that an annotation can have.
        Label = "label",
        /// A marked place.
        Annotation = "annotation",
        /// One annotator's label for one annotation in one round.
        Rating = "rating",
        /// A logged exception from the rule.
        Override = "override",
        /// A source's id of an annotation.
        SourceId = "source_id",
        /// A declaration that an area was searched completely.
        Screening = "screening",
        /// The part of a split that a case is in.
        Split = "split",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_values_are_inverse() {
        for kind in EntityKind::ALL {
            assert_eq!(EntityKind::parse(kind.as_str()), Ok(*kind));
            assert_eq!(serde_json::to_string(kind).unwrap(), format!("\"{kind}\""));
        }
        // As an enum of serde's own would be, in its other form.
        assert!(serde_json::from_str::<EntityKind>(r#"{"case":null}"#).is_err());
        let error = AnnotatorKind::parse("robot").unwrap_err();
        assert_eq!(
            error.to_string(),
            "'robot' is no kind of annotator; known are human, model, procedure"
        );
    }
}
