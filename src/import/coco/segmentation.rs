//! Numbers of a record that make a place: `bbox`, polygon lists, and run lengths as a list or as COCO's text.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::super::json::text::is_literal_marker;
use super::super::json::{Name, Number, drain_map};
use crate::model::geometry::{Position, Shape, float_to_whole, whole_to_float};

/// Why numbers make no place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Unusable {
    /// Code of the loss.
    pub(super) code: &'static str,
    /// What is wrong.
    pub(super) why: String,
}

impl Unusable {
    fn new(code: &'static str, why: impl Into<String>) -> Self {
        Self {
            code,
            why: why.into(),
        }
    }

    fn not_finite(member: &str) -> Self {
        Self::new(
            "coordinate_not_a_number",
            format!("'{member}' has a coordinate that is null, NaN or Infinity"),
        )
    }
}

macro_rules! expecting {
    ($what:literal) => {
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str($what)
        }
    };
}

/// Implements what a visitor says to scalars where a list belongs: null is nothing there, others are unusable.
macro_rules! scalars_are {
    ($value:ty, $null:expr, $bad:expr) => {
        fn visit_unit<E>(self) -> Result<$value, E> {
            Ok($null)
        }
        fn visit_bool<E>(self, _: bool) -> Result<$value, E> {
            Ok($bad)
        }
        fn visit_u64<E>(self, _: u64) -> Result<$value, E> {
            Ok($bad)
        }
        fn visit_i64<E>(self, _: i64) -> Result<$value, E> {
            Ok($bad)
        }
        fn visit_f64<E>(self, _: f64) -> Result<$value, E> {
            Ok($bad)
        }
    };
}

/// The four numbers of a `bbox`, as given.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) enum RawBox {
    /// None there.
    #[default]
    Absent,
    /// Four numbers.
    Four([f64; 4]),
    /// Something else.
    Bad(Box<Unusable>),
}

impl RawBox {
    fn bad(why: impl Into<String>) -> Self {
        Self::Bad(Box::new(Unusable::new("box_unusable", why)))
    }
}

impl<'de> Deserialize<'de> for RawBox {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct BoxVisitor;
        impl<'de> Visitor<'de> for BoxVisitor {
            type Value = RawBox;
            expecting!("four numbers");
            scalars_are!(
                RawBox,
                RawBox::Absent,
                RawBox::bad("'bbox' is no list of numbers")
            );
            fn visit_str<E>(self, text: &str) -> Result<RawBox, E> {
                Ok(if is_literal_marker(text) {
                    RawBox::Bad(Box::new(Unusable::not_finite("bbox")))
                } else {
                    RawBox::bad("'bbox' is no list of numbers")
                })
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<RawBox, A::Error> {
                drain_map(map).map(|()| RawBox::bad("'bbox' is no list of numbers"))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<RawBox, A::Error> {
                let mut four = [0.0; 4];
                let (mut count, mut not_finite, mut other) = (0_usize, false, false);
                while let Some(number) = seq.next_element()? {
                    match (number, four.get_mut(count)) {
                        (Number::Value(value), Some(place)) => *place = value,
                        (Number::Value(_), None) => {}
                        (Number::NotFinite, _) => not_finite = true,
                        (Number::Other, _) => other = true,
                    }
                    count += 1;
                }
                Ok(match (count, other, not_finite) {
                    (_, true, _) => RawBox::bad("'bbox' is no list of numbers"),
                    (_, _, true) => RawBox::Bad(Box::new(Unusable::not_finite("bbox"))),
                    (0, ..) => RawBox::Absent,
                    (4, ..) => RawBox::Four(four),
                    _ => RawBox::bad(format!("'bbox' has {count} numbers, not 4")),
                })
            }
        }
        deserializer.deserialize_any(BoxVisitor)
    }
}

/// A segmentation, as given.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) enum Segmentation {
    /// None there: absent, null or `[]`.
    #[default]
    Absent,
    /// A shape.
    Shape(Shape),
    /// Something else.
    Bad(Unusable),
}

impl Segmentation {
    fn bad(why: impl Into<String>) -> Self {
        Self::Bad(Unusable::new("segmentation_unusable", why))
    }

    /// Makes a shape of rings: one is a polygon, several a multipolygon.
    fn of_rings(mut rings: Vec<Vec<Position>>) -> Self {
        match rings.len() {
            0 => Self::Absent,
            1 => Self::Shape(Shape::Polygon { rings }),
            _ => Self::Shape(Shape::MultiPolygon {
                polygons: rings.drain(..).map(|ring| vec![ring]).collect(),
            }),
        }
    }
}

const NO_SEGMENTATION: &str = "'segmentation' is neither a list of polygons nor run lengths";

impl<'de> Deserialize<'de> for Segmentation {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct SegmentationVisitor;
        impl<'de> Visitor<'de> for SegmentationVisitor {
            type Value = Segmentation;
            expecting!("polygons or run lengths");
            scalars_are!(
                Segmentation,
                Segmentation::Absent,
                Segmentation::bad(NO_SEGMENTATION)
            );
            fn visit_str<E>(self, _: &str) -> Result<Segmentation, E> {
                Ok(Segmentation::bad(NO_SEGMENTATION))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Segmentation, A::Error> {
                let (mut rings, mut bad) = (Vec::new(), None);
                while let Some(Ring(ring)) = seq.next_element()? {
                    match ring {
                        Ok(ring) => rings.push(ring),
                        Err(unusable) => {
                            bad.get_or_insert(unusable);
                        }
                    }
                }
                Ok(bad.map_or_else(|| Segmentation::of_rings(rings), Segmentation::Bad))
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Segmentation, A::Error> {
                read_runs(map)
            }
        }
        deserializer.deserialize_any(SegmentationVisitor)
    }
}

/// One ring: x, y, x, y, …
struct Ring(Result<Vec<Position>, Unusable>);

impl Ring {
    fn bad(why: &str) -> Self {
        Self(Err(Unusable::new("polygon_unusable", why)))
    }
}

const NO_RING: &str = "'segmentation' has a part that is no list of numbers";

impl<'de> Deserialize<'de> for Ring {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct RingVisitor;
        impl<'de> Visitor<'de> for RingVisitor {
            type Value = Ring;
            expecting!("a list of numbers");
            scalars_are!(Ring, Ring::bad(NO_RING), Ring::bad(NO_RING));
            fn visit_str<E>(self, _: &str) -> Result<Ring, E> {
                Ok(Ring::bad(NO_RING))
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Ring, A::Error> {
                drain_map(map).map(|()| Ring::bad(NO_RING))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Ring, A::Error> {
                let (mut ring, mut half) = (Vec::new(), None);
                let (mut not_finite, mut other) = (false, false);
                while let Some(number) = seq.next_element()? {
                    match number {
                        Number::Value(y) => match half.take() {
                            Some(x) => ring.push([x, y]),
                            None => half = Some(y),
                        },
                        Number::NotFinite => not_finite = true,
                        Number::Other => other = true,
                    }
                }
                Ok(if other {
                    Ring::bad(NO_RING)
                } else if not_finite {
                    Ring(Err(Unusable::not_finite("segmentation")))
                } else if half.is_some() {
                    Ring::bad("a polygon of 'segmentation' has an odd count of numbers")
                } else if ring.len() < 3 {
                    Ring::bad("a polygon of 'segmentation' has under 3 positions")
                } else {
                    Ring(Ok(ring))
                })
            }
        }
        deserializer.deserialize_any(RingVisitor)
    }
}

/// Run lengths, from a list or from COCO's text; `Err` says why they are none.
struct Counts(Result<Vec<u64>, &'static str>);

const NO_COUNTS: &str = "'counts' is neither a list of whole numbers nor a text";

impl<'de> Deserialize<'de> for Counts {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct CountsVisitor;
        impl<'de> Visitor<'de> for CountsVisitor {
            type Value = Counts;
            expecting!("run lengths");
            scalars_are!(Counts, Counts(Err(NO_COUNTS)), Counts(Err(NO_COUNTS)));
            fn visit_str<E>(self, text: &str) -> Result<Counts, E> {
                Ok(Counts(decode_runs(text).ok_or("the text of 'counts' is damaged")))
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Counts, A::Error> {
                drain_map(map).map(|()| Counts(Err(NO_COUNTS)))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Counts, A::Error> {
                let mut counts = Some(Vec::new());
                while let Some(number) = seq.next_element()? {
                    let whole = match number {
                        Number::Value(value) => float_to_whole(value),
                        Number::NotFinite | Number::Other => None,
                    };
                    match (whole, counts.as_mut()) {
                        (Some(run), Some(runs)) => runs.push(run),
                        _ => counts = None,
                    }
                }
                Ok(Counts(
                    counts.ok_or("'counts' has something else than whole numbers from 0"),
                ))
            }
        }
        deserializer.deserialize_any(CountsVisitor)
    }
}

/// Reads `{counts, size: [height, width]}`.
fn read_runs<'de, A: MapAccess<'de>>(mut map: A) -> Result<Segmentation, A::Error> {
    let (mut counts, mut size): (Option<Counts>, Option<Counts>) = (None, None);
    while let Some(Name(name)) = map.next_key()? {
        let slot = match name.as_ref() {
            "counts" => &mut counts,
            "size" => &mut size,
            _ => {
                map.next_value::<IgnoredAny>()?;
                continue;
            }
        };
        if slot.replace(map.next_value()?).is_some() {
            return Err(A::Error::custom(format!(
                "a 'segmentation' has the member '{name}' twice"
            )));
        }
    }
    let (Some(Counts(counts)), Some(Counts(Ok(size)))) = (counts, size) else {
        return Ok(Segmentation::bad(
            "'segmentation' is an object without usable 'counts' and 'size'",
        ));
    };
    let (counts, &[height, width]) = (
        match counts {
            Ok(counts) => counts,
            Err(why) => return Ok(Segmentation::Bad(Unusable::new("runs_unusable", why))),
        },
        size.as_slice(),
    ) else {
        return Ok(Segmentation::bad("'size' is not [height, width]"));
    };
    let sum = counts.iter().try_fold(0_u64, |sum, run| sum.checked_add(*run));
    let product = height.checked_mul(width);
    if sum.is_none() || sum != product {
        let told = |value: Option<u64>| value.map_or("more than 2^64".to_owned(), |value| value.to_string());
        let why = format!(
            "the run lengths add up to {} pixels, {height} x {width} are {}",
            told(sum),
            told(product)
        );
        return Ok(Segmentation::Bad(Unusable::new("runs_do_not_add_up", why)));
    }
    Ok(Segmentation::Shape(Shape::Mask {
        x: 0.0,
        y: 0.0,
        width: whole_to_float(width),
        height: whole_to_float(height),
        counts,
    }))
}

/// Decodes COCO's text of run lengths: six bits a character from '0' on, five of them value, the sixth "more
/// follows", the last value bit the sign; from the third run on the difference to the run two before
/// (`rleFrString` of the COCO API).
fn decode_runs(text: &str) -> Option<Vec<u64>> {
    let mut runs: Vec<i64> = Vec::new();
    let mut bytes = text.bytes();
    while let Some(first) = bytes.next() {
        let (mut value, mut shift, mut byte) = (0_i64, 0_u32, first);
        loop {
            let six = byte.checked_sub(b'0').filter(|six| *six < 64)?;
            // Runs below 2^53 need 11 characters; more would shift out of the number.
            if shift > 55 {
                return None;
            }
            value |= i64::from(six & 0x1f) << shift;
            shift += 5;
            if six & 0x20 == 0 {
                if six & 0x10 != 0 {
                    value |= -1 << shift;
                }
                break;
            }
            byte = bytes.next()?;
        }
        // pycocotools adds the run two before only from the fourth run on (`m > 2`).
        if runs.len() > 2 {
            value = value.checked_add(*runs.get(runs.len() - 2)?)?;
        }
        runs.push(value);
    }
    runs.into_iter().map(|run| u64::try_from(run).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_of_run_lengths_is_decoded() {
        assert_eq!(decode_runs(""), Some(vec![]));
        // 52203 and 25 as rleToString of the COCO API writes them.
        assert_eq!(decode_runs("[ob1"), Some(vec![52203]));
        assert_eq!(decode_runs("9"), Some(vec![9]));
        // 0, 5, 3 and then 2 less than the run two before.
        assert_eq!(decode_runs("053N"), Some(vec![0, 5, 3, 3]));
        assert_eq!(decode_runs("N"), None, "a negative run");
        assert_eq!(decode_runs("o"), None, "text that ends within a number");
        assert_eq!(decode_runs("!"), None, "a character before '0'");
        assert_eq!(decode_runs(&"o".repeat(40)), None);
    }
}
