//! Numbers of canonical JSON: as ECMAScript prints them, which RFC 8785 prescribes.

/// Greatest magnitude of an integer: every integer up to 2^53 is a binary64 number, the next one is not.
pub(super) const MAX_INTEGER: u64 = 1 << 53;

/// Number of decimal digits that a binary64 number always keeps (C calls it `DBL_DIG`).
const SAFE_DIGITS: usize = 15;

/// Greatest number of zeros behind `0.` that ECMAScript writes without an exponent, as in `0.000001`.
const MAX_LEADING_ZEROS: usize = 5;

/// Appends an integer in decimal.
pub(crate) fn write_integer(negative: bool, magnitude: u64, out: &mut Vec<u8>) {
    let mut digits = [b'0'; 20];
    let mut rest = magnitude;
    let mut start = digits.len();
    for digit in digits.iter_mut().rev() {
        *digit = b'0' + u8::try_from(rest % 10).unwrap_or_default();
        rest /= 10;
        start -= 1;
        if rest == 0 {
            break;
        }
    }
    if negative && magnitude != 0 {
        out.push(b'-');
    }
    out.extend_from_slice(digits.get(start..).unwrap_or_default());
}

/// Appends a number that is neither NaN nor infinite; -0 is written as 0.
pub(super) fn write_float(value: f64, out: &mut Vec<u8>) {
    if !write_short_float(value, out) {
        out.extend_from_slice(ryu_js::Buffer::new().format_finite(value).as_bytes());
    }
}

/// Appends a number whose shortest decimal has no second one of its length: an integer below 2^53, or one that has at
/// most three digits behind the point; otherwise nothing.
pub(crate) fn write_short_float(value: f64, out: &mut Vec<u8>) -> bool {
    match small_integer(value) {
        Some(magnitude) => {
            write_integer(value.is_sign_negative(), magnitude, out);
            true
        }
        None => write_short_decimal(value, out),
    }
}

/// Appends a number that has at most three digits behind the point, as most coordinates do; otherwise nothing.
///
/// The quotient of two integers below 2^53 is rounded once, so `scaled / scale` is what the decimal would be
/// read as; a decimal of at most fifteen digits is the shortest one that is read as its number.
fn write_short_decimal(value: f64, out: &mut Vec<u8>) -> bool {
    const SCALES: [(f64, u64); 3] = [(10.0, 10), (100.0, 100), (1000.0, 1000)];
    if value.abs() >= 1e12 {
        return false;
    }
    let exact = SCALES.iter().find_map(|(scale, divisor)| {
        let scaled = (value * scale).round();
        let magnitude = small_integer(scaled).filter(|magnitude| *magnitude != 0)?;
        (scaled / scale == value).then_some((magnitude, *divisor))
    });
    let Some((magnitude, divisor)) = exact else {
        return false;
    };
    if value < 0.0 {
        out.push(b'-');
    }
    write_integer(false, magnitude / divisor, out);
    // The leading 1 of divisor + fraction holds the zeros behind the point; it becomes the point.
    let point = out.len();
    write_integer(false, divisor + magnitude % divisor, out);
    if let Some(first) = out.get_mut(point) {
        *first = b'.';
    }
    true
}

/// The magnitude of a number that is an integer below 2^53.
fn small_integer(value: f64) -> Option<u64> {
    // A binary64 number is 1.fraction · 2^(exponent − 1023); its fraction has 52 bits.
    let bits = value.to_bits();
    let exponent = (bits >> 52) & 0x7ff;
    if bits << 1 == 0 {
        return Some(0);
    }
    let significand = (bits & ((1 << 52) - 1)) | (1 << 52);
    let below_the_point = 1075_u64.checked_sub(exponent).filter(|bits| *bits <= 52)?;
    let magnitude = significand >> below_the_point;
    (magnitude << below_the_point == significand).then_some(magnitude)
}

/// Length of the canonical number that begins `bytes`; `None` when there is none.
///
/// The number ends before the first byte that cannot continue it, so `01` is the number `0` and more.
pub(super) fn canonical_prefix(bytes: &[u8]) -> Option<usize> {
    let digits = count_digits(bytes);
    let more = matches!(bytes.get(digits), Some(b'.' | b'e' | b'E'));
    if !more && (1..=SAFE_DIGITS).contains(&digits) && (digits == 1 || bytes.first() != Some(&b'0')) {
        return Some(digits);
    }
    let parts = Parts::read(bytes)?;
    match parts.verdict() {
        Verdict::Canonical => Some(parts.total),
        Verdict::Other => None,
        Verdict::Unsure => {
            let token = bytes.get(..parts.total)?;
            let value: f64 = std::str::from_utf8(token).ok()?.parse().ok()?;
            if !value.is_finite() {
                return None;
            }
            let mut buffer = ryu_js::Buffer::new();
            (buffer.format_finite(value).as_bytes() == token).then_some(parts.total)
        }
    }
}

/// Powers of ten that a binary64 number has exactly, as many as there can be digits behind a point.
const POWERS: [f64; SAFE_DIGITS + 1] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
];

/// Reads the canonical number that begins `bytes`: its value and length; `None` when there is none, or a digit
/// follows.
pub(super) fn read_canonical(bytes: &[u8]) -> Option<(f64, usize)> {
    match read_short(bytes) {
        Some(Short::Read(value, length)) => Some((value, length)),
        Some(Short::Other) => None,
        None => {
            let length = canonical_prefix(bytes)?;
            let value = std::str::from_utf8(bytes.get(..length)?).ok()?.parse().ok()?;
            (!bytes.get(length).is_some_and(u8::is_ascii_digit)).then_some((value, length))
        }
    }
}

/// What became of reading a short number.
enum Short {
    /// Its value and length.
    Read(f64, usize),
    /// It is not canonical.
    Other,
}

/// Reads a number of at most fifteen digits without exponent; `None` for others.
///
/// Its digits are an integer below 2^53, and the power of ten by which that is divided is exact, so their quotient is
/// the number that is nearest to the decimal.
#[inline]
fn read_short(bytes: &[u8]) -> Option<Short> {
    let negative = bytes.first() == Some(&b'-');
    let unsigned = bytes.get(usize::from(negative)..)?;
    let (mut digits, mut point, mut last, mut length) = (0_u64, None, 0_u8, 0_usize);
    for byte in unsigned.iter().copied() {
        match byte {
            b'0'..=b'9' if length <= SAFE_DIGITS => digits = digits * 10 + u64::from(byte - b'0'),
            b'.' if point.is_none() => point = Some(length),
            b'0'..=b'9' | b'.' | b'e' | b'E' => return None,
            _ => break,
        }
        last = byte;
        length += 1;
    }
    let whole = point.unwrap_or(length);
    let fraction = point.map_or(0, |point| length - point - 1);
    let needless_zero = unsigned.first() == Some(&b'0') && whole != 1;
    let ends_badly = point.is_some() && !matches!(last, b'1'..=b'9');
    if whole == 0 || needless_zero || ends_badly || (negative && digits == 0) {
        return Some(Short::Other);
    }
    if whole + fraction > SAFE_DIGITS {
        return None;
    }
    // Below a millionth ECMAScript writes an exponent.
    if fraction > MAX_LEADING_ZEROS && digits < *WHOLE_POWERS.get(fraction - MAX_LEADING_ZEROS - 1)? {
        return Some(Short::Other);
    }
    let high = f64::from(u32::try_from(digits >> 32).ok()?) * 4_294_967_296.0;
    let low = f64::from(u32::try_from(digits & 0xffff_ffff).ok()?);
    let value = (high + low) / POWERS.get(fraction)?;
    let value = if negative { -value } else { value };
    Some(Short::Read(value, length + usize::from(negative)))
}

/// Powers of ten as integers.
const WHOLE_POWERS: [u64; SAFE_DIGITS] = [
    1,
    10,
    100,
    1_000,
    10_000,
    100_000,
    1_000_000,
    10_000_000,
    100_000_000,
    1_000_000_000,
    10_000_000_000,
    100_000_000_000,
    1_000_000_000_000,
    10_000_000_000_000,
    100_000_000_000_000,
];

/// What the look of a number says about it.
enum Verdict {
    Canonical,
    Other,
    Unsure,
}

/// Lengths of the parts of a number token.
#[derive(Clone, Copy)]
struct Parts {
    negative: bool,
    /// The integer part is `0` alone.
    zero_integer: bool,
    integer_digits: usize,
    fraction_digits: usize,
    /// Zeros at the front of the fraction.
    leading_zeros: usize,
    /// The fraction ends in a zero.
    trailing_zero: bool,
    exponent: bool,
    total: usize,
}

impl Parts {
    /// Reads a token by JSON's grammar of numbers.
    fn read(bytes: &[u8]) -> Option<Parts> {
        let negative = bytes.first() == Some(&b'-');
        let unsigned = bytes.get(usize::from(negative)..)?;
        let zero_integer = unsigned.first() == Some(&b'0');
        let integer_digits = if zero_integer { 1 } else { count_digits(unsigned) };
        let mut rest = unsigned.get(integer_digits..)?;
        if integer_digits == 0 {
            return None;
        }
        let mut fraction = rest.get(..0)?;
        if let [b'.', tail @ ..] = rest {
            let (digits, behind) = tail.split_at_checked(count_digits(tail))?;
            if digits.is_empty() {
                return None;
            }
            (fraction, rest) = (digits, behind);
        }
        let exponent = matches!(rest, [b'e' | b'E', ..]);
        if let [b'e' | b'E', tail @ ..] = rest {
            let digits = match tail {
                [b'+' | b'-', digits @ ..] => digits,
                digits => digits,
            };
            rest = digits.get(count_digits(digits)..)?;
        }
        Some(Parts {
            negative,
            zero_integer,
            integer_digits,
            fraction_digits: fraction.len(),
            leading_zeros: fraction.iter().take_while(|digit| **digit == b'0').count(),
            trailing_zero: fraction.last() == Some(&b'0'),
            exponent,
            total: bytes.len() - rest.len(),
        })
    }

    /// Judges without parsing where it can.
    ///
    /// Two different decimals of at most fifteen digits are never the same binary64 number, so such a decimal
    /// is the shortest one for its number, and only its layout has to be that of ECMAScript.
    fn verdict(self) -> Verdict {
        if self.exponent || self.integer_digits + self.fraction_digits > SAFE_DIGITS {
            return Verdict::Unsure;
        }
        let zero = self.zero_integer && self.leading_zeros == self.fraction_digits;
        let too_small = self.zero_integer && self.leading_zeros > MAX_LEADING_ZEROS;
        if self.trailing_zero || too_small || (self.negative && zero) {
            Verdict::Other
        } else {
            Verdict::Canonical
        }
    }
}

fn count_digits(bytes: &[u8]) -> usize {
    bytes.iter().take_while(|byte| byte.is_ascii_digit()).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the short way makes of a text: nothing, that it is not canonical, or its value and length.
    fn short(text: &str) -> Option<Option<(f64, usize)>> {
        read_short(text.as_bytes()).map(|short| match short {
            Short::Read(value, length) => Some((value, length)),
            Short::Other => None,
        })
    }

    #[test]
    fn numbers_of_at_most_fifteen_digits_are_read_the_short_way() {
        let numbers = [
            "0",
            "7",
            "-7",
            "10",
            "1.25",
            "-0.5",
            "4294967296",
            "123456789012345",
            "-123456789012345",
            "1234567.89012345",
            "0.12345678901234",
            "0.000001",
            "0.0000012",
            "0.00000123",
        ];
        for text in numbers {
            let value: f64 = text.parse().unwrap();
            assert_eq!(short(text), Some(Some((value, text.len()))), "{text}");
            assert_eq!(canonical_prefix(text.as_bytes()), Some(text.len()), "{text}");
            assert_eq!(
                short(&format!("{text},2")),
                Some(Some((value, text.len()))),
                "{text}"
            );
        }
        for text in [
            "",
            "-",
            ".5",
            "01",
            "-0",
            "1.",
            "1.0",
            "0.0",
            "0.0000001",
            "0.00000012",
        ] {
            assert_eq!(short(text), Some(None), "{text}");
            assert!(
                canonical_prefix(text.as_bytes()).is_none_or(|length| length < text.len()),
                "{text}"
            );
        }
        for text in [
            "1e5",
            "1.5E3",
            "1.2.3",
            "1234567890123456",
            "0.123456789012345",
            "12345678.90123456",
        ] {
            assert_eq!(short(text), None, "{text}");
        }
    }

    #[test]
    fn numbers_of_at_most_three_digits_behind_the_point_are_written_the_short_way() {
        let both = |value: f64| {
            let mut found = Vec::new();
            let short = write_short_float(value, &mut found);
            (short, String::from_utf8(found).unwrap())
        };
        let numbers = [
            0.0,
            1.0,
            -25.0,
            4_503_599_627_370_497.0,
            9_007_199_254_740_991.0,
            0.5,
            -0.125,
            12.05,
            999.999,
        ];
        for value in numbers
            .into_iter()
            .chain([999_999_999_999.5, -999_999_999_999.75])
        {
            let expected = ryu_js::Buffer::new().format_finite(value).to_owned();
            assert_eq!(both(value), (true, expected), "{value}");
        }
        for value in [
            0.1234,
            1.0 / 3.0,
            1e-9,
            1e12 + 0.5,
            9_007_199_254_740_992.0,
            1e300,
        ] {
            assert_eq!(both(value), (false, String::new()), "{value}");
        }
    }
}
