//! What every event carries, itself or by its batch's defaults: who, when, with what, how and why.

use std::borrow::Cow;
use std::fmt;

use serde::de::{IgnoredAny, MapAccess, Visitor};
use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize};

use crate::id::{Code, Digest, PrivateId};
use crate::model::Method;
use crate::time::Timestamp;

/// The program with which somebody worked (never Holotype itself).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tool {
    /// Its name, such as `SlideRunner`.
    pub name: String,
    /// Its version, where known.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub version: Option<String>,
}

macro_rules! context {
    ($($(#[$doc:meta])* $name:ident: $type:ty,)*) => {
        /// Who, when, with what, how and why. `None` is *not known* or *does not apply*.
        #[derive(Debug, Clone, PartialEq, Eq, Default)]
        pub struct Context {
            $($(#[$doc])* pub $name: Option<$type>,)*
        }

        /// What of a context differs from the defaults: a member is absent (as the default), null (none) or new.
        /// Members that this version does not know are passed over: a batch is never rewritten.
        #[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
        pub struct ContextWire {
            $(
                #[serde(skip_serializing_if = "Option::is_none")]
                $name: Option<Option<$type>>,
            )*
        }

        impl<'de> Deserialize<'de> for ContextWire {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                deserializer.deserialize_map(ContextVisitor)
            }
        }

        impl<'de> Visitor<'de> for ContextVisitor {
            type Value = ContextWire;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object that says who, when, with what, how and why")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<ContextWire, A::Error> {
                let mut wire = ContextWire::default();
                while let Some(name) = map.next_key::<Cow<'de, str>>()? {
                    match name.as_ref() {
                        $(stringify!($name) => wire.$name = Some(map.next_value()?),)*
                        _ => {
                            map.next_value::<IgnoredAny>()?;
                        }
                    }
                }
                Ok(wire)
            }
        }

        impl ContextWire {
            /// Tells what of `context` differs from `defaults`.
            pub(super) fn difference(context: &Context, defaults: &Context) -> Self {
                Self {
                    $($name: (context.$name != defaults.$name).then(|| context.$name.clone()),)*
                }
            }

            /// Puts the difference upon `defaults`.
            pub(super) fn upon(self, defaults: &Context) -> Context {
                Context {
                    $($name: self.$name.unwrap_or_else(|| defaults.$name.clone()),)*
                }
            }
        }
    };
}

/// Reads an object, in which a member that is null is `Some(None)`.
struct ContextVisitor;

context! {
    /// Who rates.
    annotator: Code,
    /// When it happened, where that differs from when it was recorded.
    at: Timestamp,
    /// Who recorded it.
    author: PrivateId,
    /// Whether the ratings of others were hidden.
    blinded: bool,
    /// When it happened as the tool claims, as its text.
    claimed_at: String,
    /// The chain of files within which a source's ids mean the same.
    lineage: String,
    /// How it came about.
    method: Method,
    /// Private objects with what the source says and can name a person, by the names under which the source has it.
    private: BTreeMap<String, PrivateId>,
    /// Why.
    reason: String,
    /// When it was recorded.
    recorded_at: Timestamp,
    /// The pass over the material, from 1.
    round: u32,
    /// The digest of the source file.
    source: Digest,
    /// The program with which somebody worked.
    tool: Tool,
}

impl ContextWire {
    /// Whether nothing differs.
    pub(super) fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

impl Context {
    /// Returns the round; 1 where none is given.
    #[must_use]
    pub fn round_or_first(&self) -> u32 {
        self.round.unwrap_or(1)
    }

    /// Returns when it happened, as far as known: its own time, else when it was recorded.
    #[must_use]
    pub fn happened_at(&self) -> Option<Timestamp> {
        self.at.or(self.recorded_at)
    }
}
