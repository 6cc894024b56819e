//! Coordinates as parts of an image's width or height, as YOLO writes them, and back.
//!
//! **From parts to pixels.** A part is the decimal that stands in the file. A position is `part · length`, a size
//! likewise, and the border before a middle is `middle · length − size · length / 2`. Each is worked out exactly on the
//! decimal digits and rounded once, to the nearest `f64`: the same digits give the same pixels on every machine.
//!
//! **From pixels to parts.** The quotient is rounded to six digits behind the point; where these are not read as the
//! same pixels, to the fewest more (up to 24) that are. So a part that is written is read as exactly the pixel that it
//! was made of, and parts of six digits come back as they were.

use super::decimal::Decimal;

/// Digits behind the point that are always written, as other tools do.
const DIGITS_MIN: u32 = 6;

/// No part needs more of them.
const DIGITS_MAX: u32 = 24;

/// The length that parts are of: an image's width or height, in level-0 px.
#[derive(Debug, Clone, Copy)]
pub struct Length {
    px: Decimal,
    half: Decimal,
}

impl Length {
    /// Takes a length; `None` for what is no finite number above 0.
    #[must_use]
    pub fn new(px: f64) -> Option<Self> {
        let px = Decimal::from_f64(px).filter(|_| px > 0.0)?;
        let half = px.times(Decimal::parse("0.5")?)?;
        Some(Self { px, half })
    }

    /// Returns the position or size that a part stands for, px; `None` when the part has too many digits.
    #[must_use]
    pub fn position(&self, part: Decimal) -> Option<f64> {
        part.times(self.px)?.to_f64()
    }

    /// Returns the border before a middle, px, with the size; `None` when they have too many digits.
    #[must_use]
    pub fn span(&self, middle: Decimal, size: Decimal) -> Option<[f64; 2]> {
        let border = middle.times(self.px)?.minus(size.times(self.half)?)?;
        Some([border.to_f64()?, self.position(size)?])
    }

    /// Returns the part that is read as a position or size, px; `None` when there is none.
    #[must_use]
    pub fn part(&self, px: f64) -> Option<Part> {
        let exact = Decimal::from_f64(px)?;
        self.search(exact, |part| self.position(part) == Some(px))
    }

    /// Returns the middle and the size that are read as a border and a size, px; `None` when there are none.
    #[must_use]
    pub fn parts_of_span(&self, border: f64, size: f64) -> Option<[Part; 2]> {
        let size_part = self.part(size)?;
        let middle = Decimal::from_f64(border)?.plus(size_part.value.times(self.half)?)?;
        let middle_part = self.search(middle, |part| {
            self.span(part, size_part.value) == Some([border, size])
        })?;
        Some([middle_part, size_part])
    }

    fn search(&self, px: Decimal, is_read_so: impl Fn(Decimal) -> bool) -> Option<Part> {
        (DIGITS_MIN..=DIGITS_MAX).find_map(|digits| {
            let value = px.divided(self.px, digits)?;
            is_read_so(value).then_some(Part { value })
        })
    }
}

/// A part of a length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Part {
    value: Decimal,
}

/// Writes it with six digits behind the point, or as many as it has: `0.500000`.
impl std::fmt::Display for Part {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let text = self.value.to_string();
        let (whole, digits) = text.split_once('.').unwrap_or((&text, ""));
        write!(f, "{whole}.{digits:0<6}")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn decimal(text: &str) -> Decimal {
        Decimal::parse(text).unwrap()
    }

    #[test]
    fn quirk_29_parts_are_multiplied_in_decimals() {
        let width = Length::new(640.0).unwrap();
        assert_eq!(width.position(decimal("0.333333")), Some(213.33312));
        assert_eq!(
            width.span(decimal("0.421875"), decimal("0.25")),
            Some([190.0, 160.0])
        );
        assert_eq!(
            Length::new(7215.0).unwrap().part(50.0).unwrap().to_string(),
            "0.00693000693000693"
        );
        assert_eq!(width.part(320.0).unwrap().to_string(), "0.500000");
        assert_eq!(width.part(-6.0).unwrap().to_string(), "-0.009375");
        assert!(Length::new(0.0).is_none() && Length::new(f64::NAN).is_none() && Length::new(-1.0).is_none());
    }

    proptest! {
        #[test]
        fn quirk_29_six_digits_come_back_as_they_were(
            length in 1u32..200_000, middle in 0u32..=1_000_000, size in 0u32..=1_000_000,
        ) {
            let length = Length::new(f64::from(length)).unwrap();
            let text = |part: u32| format!("{}.{:06}", part / 1_000_000, part % 1_000_000);
            let [border, px] = length.span(decimal(&text(middle)), decimal(&text(size))).unwrap();
            let parts = length.parts_of_span(border, px).unwrap();
            prop_assert_eq!(parts.map(|part| part.to_string()), [text(middle), text(size)]);
        }

        #[test]
        fn quirk_29_pixels_come_back_exactly(
            length in 1u32..200_000, border in -1e5f64..2e5, size in 0f64..1e5, whole in any::<bool>(),
        ) {
            let length = Length::new(f64::from(length)).unwrap();
            let (border, size) = if whole { (border.round(), size.round()) } else { (border, size) };
            let parts = length.parts_of_span(border, size).unwrap();
            let [middle, part] = parts.map(|part| decimal(&part.to_string()));
            prop_assert_eq!(length.span(middle, part), Some([border, size]));
            let position = length.part(border).unwrap();
            prop_assert_eq!(length.position(decimal(&position.to_string())), Some(border));
        }
    }
}
