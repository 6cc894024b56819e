//! Wire structs that keep the members they do not know.
//!
//! A newer Holotype may add members to a record. An older one reads, moves and rewrites such a record without
//! losing them, so [`record!`] gives each wire struct a field [`extra`](Extra) for what it has no field for.
//! `#[serde(flatten)]` would do the same but holds every member in a buffer of its own first.

use std::collections::BTreeMap;
use std::collections::btree_map;

use serde::de;
use serde_json::{Number, Value};

use super::number::MAX_INTEGER;

#[cfg(test)]
mod tests;

/// Members of a record that this version of Holotype does not know, by name.
///
/// They are written back byte for byte by the canonical encoder. An `Extra` is as large as a pointer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Extra {
    #[expect(
        clippy::box_collection,
        reason = "nearly every record has none: 8 bytes instead of 24"
    )]
    members: Option<Box<BTreeMap<String, Value>>>,
}

impl Extra {
    /// Says whether there are no such members.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.members.is_none()
    }

    /// The number of such members.
    #[must_use]
    pub fn len(&self) -> usize {
        self.members.as_ref().map_or(0, |members| members.len())
    }

    /// The member of a name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.members.as_ref()?.get(name)
    }

    /// All members, sorted by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        let members = self.members.iter().flat_map(|members| members.iter());
        members.map(|(name, value)| (name.as_str(), value))
    }

    /// Reads the value of an unknown member of a map.
    ///
    /// # Errors
    ///
    /// Those of the map, and when there is such a member already.
    #[allow(dead_code, reason = "called by the expansion of `record!`")]
    pub(crate) fn read_member<'de, A: de::MapAccess<'de>>(
        &mut self,
        name: String,
        map: &mut A,
    ) -> Result<(), A::Error> {
        match self.members.get_or_insert_default().entry(name) {
            btree_map::Entry::Vacant(entry) => {
                let mut value = map.next_value()?;
                restore_floats(&mut value);
                entry.insert(value);
                Ok(())
            }
            btree_map::Entry::Occupied(entry) => Err(de::Error::custom(format_args!(
                "duplicate member `{}`",
                entry.key()
            ))),
        }
    }
}

/// Turns integers above 2^53 back into the floats that they were written as.
///
/// Canonical JSON prints the float 2^60 with digits alone, and only the reader's type can tell it from an
/// integer; the encoder never writes an integer so large.
pub(crate) fn restore_floats(value: &mut Value) {
    match value {
        Value::Number(number) => {
            let magnitude = number.as_u64().or_else(|| number.as_i64().map(i64::unsigned_abs));
            if magnitude.is_some_and(|magnitude| magnitude > MAX_INTEGER)
                && let Some(float) = number.as_f64().and_then(Number::from_f64)
            {
                *number = float;
            }
        }
        Value::Array(values) => values.iter_mut().for_each(restore_floats),
        Value::Object(members) => members.values_mut().for_each(restore_floats),
        Value::Null | Value::Bool(_) | Value::String(_) => {}
    }
}

/// How [`record!`] treats a value of a member: what it leaves out, and what it must not find.
///
/// A value that is left out when it is written is refused when it is read: else two byte strings would
/// decode to one record.
#[allow(dead_code, reason = "used by the expansion of `record!`")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Member {
    /// Left out.
    Omitted,
    /// Written.
    Written,
}

#[allow(dead_code, reason = "used by the expansion of `record!`")]
impl Member {
    /// A member that may be `None`.
    pub(crate) fn optional<T>(value: &Option<T>) -> Member {
        if value.is_some() {
            Member::Written
        } else {
            Member::Omitted
        }
    }

    /// A member that may have its type's default.
    pub(crate) fn default<T: Default + PartialEq>(value: &T) -> Member {
        if *value == T::default() {
            Member::Omitted
        } else {
            Member::Written
        }
    }

    /// The error for a member that stands there with the value that is left out.
    pub(crate) fn should_be_omitted<E: de::Error>(name: &str) -> E {
        E::custom(format_args!("member `{name}` holds the value that is left out"))
    }

    /// A member that must be there.
    pub(crate) fn required<T>(_: &T) -> Member {
        Member::Written
    }
}

/// Declares a wire struct that keeps the members it does not know.
///
/// It derives `Clone`, `Debug` and `PartialEq`, implements `Serialize` and `Deserialize` as one JSON object,
/// and has a last field `extra: Extra` beside those declared. A field may say how it is written:
///
/// ```ignore
/// record! {
///     /// A box.
///     pub struct BoxRecord {
///         /// Required, as a field is that says nothing.
///         pub image: String,
///         /// Left out when `None`.
///         pub label: Option<String> = optional,
///         /// Left out when equal to `Default::default()`.
///         pub attributes: BTreeMap<String, String> = default,
///         /// Another name in the JSON; `optional("…")` and `default("…")` work alike.
///         pub kind: String = required("type"),
///     }
/// }
/// ```
///
/// A member that stands twice, a required one that is missing, and one that is written although it should be
/// left out (`null` for an optional one) are errors that name the member.
#[allow(unused_macros, reason = "records are declared in the layers above")]
macro_rules! record {
    (
        $(#[$meta:meta])*
        $visibility:vis struct $name:ident {
            $(
                $(#[$field_meta:meta])*
                $field_visibility:vis $field:ident: $type:ty $(= $mode:ident $(($wire:literal))?)?
            ),* $(,)?
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq)]
        $visibility struct $name {
            $(
                $(#[$field_meta])*
                $field_visibility $field: $type,
            )*
            /// The members that this version does not know.
            $visibility extra: $crate::codec::Extra,
        }

        impl ::serde::Serialize for $name {
            fn serialize<S: ::serde::Serializer>(
                &self,
                serializer: S,
            ) -> ::std::result::Result<S::Ok, S::Error> {
                use ::serde::ser::SerializeMap as _;
                let mut map = serializer.serialize_map(::std::option::Option::None)?;
                $(
                    let member = $crate::codec::record!(@member &self.$field $(, $mode)?);
                    if member == $crate::codec::Member::Written {
                        let name = $crate::codec::record!(@wire $field $($($wire)?)?);
                        map.serialize_entry(name, &self.$field)?;
                    }
                )*
                for (name, value) in self.extra.iter() {
                    map.serialize_entry(name, value)?;
                }
                map.end()
            }
        }

        const _: () = {
            #[allow(non_camel_case_types, reason = "variants have the names of fields")]
            enum __MemberName {
                $($field,)*
                Unknown(::std::string::String),
            }

            impl<'de> ::serde::Deserialize<'de> for __MemberName {
                fn deserialize<D: ::serde::Deserializer<'de>>(
                    deserializer: D,
                ) -> ::std::result::Result<Self, D::Error> {
                    struct __NameVisitor;

                    impl ::serde::de::Visitor<'_> for __NameVisitor {
                        type Value = __MemberName;

                        fn expecting(
                            &self,
                            f: &mut ::std::fmt::Formatter<'_>,
                        ) -> ::std::fmt::Result {
                            f.write_str("the name of a member")
                        }

                        fn visit_str<E>(self, name: &str) -> ::std::result::Result<__MemberName, E> {
                            ::std::result::Result::Ok(match name {
                                $($crate::codec::record!(@wire $field $($($wire)?)?) => __MemberName::$field,)*
                                _ => __MemberName::Unknown(name.to_owned()),
                            })
                        }
                    }

                    deserializer.deserialize_identifier(__NameVisitor)
                }
            }

            struct __RecordVisitor;

            impl<'de> ::serde::de::Visitor<'de> for __RecordVisitor {
                type Value = $name;

                fn expecting(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                    f.write_str(concat!("an object for ", stringify!($name)))
                }

                fn visit_map<A: ::serde::de::MapAccess<'de>>(
                    self,
                    mut map: A,
                ) -> ::std::result::Result<$name, A::Error> {
                    $(let mut $field: ::std::option::Option<$type> = ::std::option::Option::None;)*
                    let mut extra = $crate::codec::Extra::default();
                    loop {
                        match map.next_key()? {
                            ::std::option::Option::None => break,
                            $(::std::option::Option::Some(__MemberName::$field) => {
                                const WIRE: &str =
                                    $crate::codec::record!(@wire $field $($($wire)?)?);
                                if $field.is_some() {
                                    return ::std::result::Result::Err(
                                        ::serde::de::Error::duplicate_field(WIRE),
                                    );
                                }
                                let value: $type = map.next_value()?;
                                let member = $crate::codec::record!(@member &value $(, $mode)?);
                                if member == $crate::codec::Member::Omitted {
                                    return ::std::result::Result::Err(
                                        $crate::codec::Member::should_be_omitted(WIRE),
                                    );
                                }
                                $field = ::std::option::Option::Some(value);
                            })*
                            ::std::option::Option::Some(__MemberName::Unknown(unknown)) => {
                                extra.read_member(unknown, &mut map)?
                            }
                        }
                    }
                    ::std::result::Result::Ok($name {
                        $($field: match $field {
                            ::std::option::Option::Some(value) => value,
                            ::std::option::Option::None => $crate::codec::record!(
                                @missing
                                $crate::codec::record!(@wire $field $($($wire)?)?)
                                $(, $mode)?
                            ),
                        },)*
                        extra,
                    })
                }
            }

            impl<'de> ::serde::Deserialize<'de> for $name {
                fn deserialize<D: ::serde::Deserializer<'de>>(
                    deserializer: D,
                ) -> ::std::result::Result<Self, D::Error> {
                    deserializer.deserialize_map(__RecordVisitor)
                }
            }
        };
    };

    (@wire $field:ident) => { stringify!($field) };
    (@wire $field:ident $wire:literal) => { $wire };

    (@member $value:expr) => { $crate::codec::Member::required($value) };
    (@member $value:expr, required) => { $crate::codec::Member::required($value) };
    (@member $value:expr, optional) => { $crate::codec::Member::optional($value) };
    (@member $value:expr, default) => { $crate::codec::Member::default($value) };

    (@missing $wire:expr) => {
        return ::std::result::Result::Err(::serde::de::Error::missing_field($wire))
    };
    (@missing $wire:expr, required) => {
        return ::std::result::Result::Err(::serde::de::Error::missing_field($wire))
    };
    (@missing $wire:expr, optional) => { ::std::option::Option::None };
    (@missing $wire:expr, default) => { ::std::default::Default::default() };
}
#[allow(unused_imports, reason = "records are declared in the layers above")]
pub(crate) use record;
