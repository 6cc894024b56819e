//! Numbers in JSON that other tools read: in their shortest form, whole ones without a point; and texts that are JSON
//! already. Canonical JSON, which is hashed, is `codec`'s.

use std::io::{self, Write};

use serde_json::ser::Formatter;

use crate::codec::write_short_float;

/// Beyond 2^53 digits would claim an exactness that a float does not have.
const EXACT_MAX: f64 = 9_007_199_254_740_992.0;

/// Writes a finite number in its shortest form, whole ones without a point. Where a number has two shortest decimals,
/// canonical JSON and `Display` may choose differently, and -0 has a sign here alone; these are left to `Display`.
pub(super) fn push_number(value: f64, out: &mut Vec<u8>) {
    let is_negative_zero = value == 0.0 && value.is_sign_negative();
    if is_negative_zero || !write_short_float(value, out) {
        // Writing to memory does not fail.
        let _ = Shortest.write_f64(out, value);
    }
}

/// Compact JSON with numbers in their shortest form, whole ones without a point.
pub(super) struct Shortest;

impl Formatter for Shortest {
    fn write_f64<W: ?Sized + Write>(&mut self, writer: &mut W, value: f64) -> io::Result<()> {
        if value.abs() <= EXACT_MAX {
            write!(writer, "{value}")
        } else {
            write!(writer, "{value:e}")
        }
    }
}

/// A number that JSON cannot carry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct NotFinite;

/// Writes a list of numbers.
pub(super) fn push_numbers(numbers: &[f64], out: &mut Vec<u8>) -> Result<(), NotFinite> {
    out.push(b'[');
    for (n, number) in numbers.iter().enumerate() {
        if n > 0 {
            out.push(b',');
        }
        if !number.is_finite() {
            return Err(NotFinite);
        }
        push_number(*number, out);
    }
    out.push(b']');
    Ok(())
}

/// Whether a text is a JSON list or object without spaces between its parts, nested no deeper than readers go.
pub(super) fn is_compact_json(text: &str) -> bool {
    if !text.starts_with(['[', '{']) {
        return false;
    }
    let (mut depth, mut deepest, mut in_text, mut escaped) = (0_u32, 0_u32, false, false);
    for byte in text.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_text => escaped = true,
            b'"' => in_text = !in_text,
            _ if in_text => {}
            b'[' | b'{' => depth += 1,
            b']' | b'}' => depth = depth.saturating_sub(1),
            byte if byte.is_ascii_whitespace() => return false,
            _ => {}
        }
        deepest = deepest.max(depth);
    }
    deepest < 100 && serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_short_way_to_write_a_number_agrees_with_the_long_one() {
        let mut numbers = vec![
            0.0,
            -0.0,
            1e-6,
            9.9e-7,
            1e-7,
            EXACT_MAX,
            EXACT_MAX * 2.0,
            1e300,
            5e-324,
        ];
        let mut seed = 1_u64;
        for n in 0..20_000_u32 {
            seed = seed
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            let random = f64::from_bits(seed);
            let near =
                f64::from(u32::try_from(seed >> 40).unwrap()) / [1.0, 2.0, 10.0, 1000.0, 3.0][n as usize % 5];
            numbers.extend(
                [random, near, -near]
                    .into_iter()
                    .filter(|number| number.is_finite()),
            );
        }
        for number in numbers {
            let mut expected = Vec::new();
            Shortest.write_f64(&mut expected, number).unwrap();
            let mut pushed = Vec::new();
            push_number(number, &mut pushed);
            assert_eq!(
                String::from_utf8(pushed).unwrap(),
                String::from_utf8(expected).unwrap()
            );
        }
    }
}
