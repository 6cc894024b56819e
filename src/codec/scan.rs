//! Reading canonical JSON of a shape that is known beforehand, in one pass and from the front: literal text, hex
//! digits, plain texts, numbers.
//!
//! What is read this way is canonical, since nothing else fits. What does not fit is not judged here: the general
//! reader ([`from_canonical`](super::from_canonical)) accepts it, or says what is wrong with it.

use super::number;
use super::text;

/// A reader at a place within canonical JSON.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scan<'b> {
    rest: &'b [u8],
}

impl<'b> Scan<'b> {
    /// Begins at the front.
    pub(crate) const fn new(bytes: &'b [u8]) -> Self {
        Self { rest: bytes }
    }

    /// Returns what was not read yet.
    pub(crate) const fn rest(&self) -> &'b [u8] {
        self.rest
    }

    /// Returns what was read since `earlier`, a copy of this reader.
    pub(crate) fn since(&self, earlier: Self) -> &'b [u8] {
        let length = earlier.rest.len() - self.rest.len();
        earlier.rest.get(..length).unwrap_or_default()
    }

    /// Reads exactly this text.
    #[inline]
    pub(crate) fn literal(&mut self, text: &[u8]) -> Option<()> {
        self.rest = self.rest.strip_prefix(text)?;
        Some(())
    }

    /// Reads this text, if it comes next.
    #[inline]
    pub(crate) fn take(&mut self, text: &[u8]) -> bool {
        self.literal(text).is_some()
    }

    /// Reads `2 * N` lower-case hex digits.
    #[inline]
    pub(crate) fn hex<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (digits, rest) = self.rest.split_at_checked(2 * N)?;
        let bytes = crate::id::bytes_of_hex(digits)?;
        self.rest = rest;
        Some(bytes)
    }

    /// Reads a string that holds no escape, with its quotes.
    #[inline]
    pub(crate) fn text(&mut self) -> Option<&'b str> {
        self.string(text::is_special)
    }

    /// Reads the name of a member that sorts by its bytes, with its quotes and colon.
    pub(crate) fn name(&mut self) -> Option<&'b str> {
        let name = self.string(text::is_not_plain)?;
        self.literal(b":")?;
        Some(name)
    }

    fn string(&mut self, stop: impl Fn(u8) -> bool) -> Option<&'b str> {
        let content = self.rest.strip_prefix(b"\"")?;
        let (text, rest) = content.split_at_checked(text::find(content, stop)?)?;
        self.rest = rest.strip_prefix(b"\"")?;
        std::str::from_utf8(text).ok()
    }

    /// Reads a number.
    #[inline]
    pub(crate) fn number(&mut self) -> Option<f64> {
        let (value, length) = number::read_canonical(self.rest)?;
        self.rest = self.rest.get(length..)?;
        Some(value)
    }

    /// Says whether everything was read.
    pub(crate) fn end(&self) -> Option<()> {
        self.rest.is_empty().then_some(())
    }

    /// Reads the elements of an array, one or more; `element` reads one.
    pub(crate) fn list(&mut self, mut element: impl FnMut(&mut Self) -> Option<()>) -> Option<()> {
        self.literal(b"[")?;
        loop {
            element(self)?;
            if !self.take(b",") {
                return self.literal(b"]");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::codec::{check_canonical, from_canonical};

    proptest! {
        #[test]
        fn a_number_is_read_as_the_general_reader_reads_it(
            digits in "-?(0|[1-9][0-9]{0,17})(\\.[0-9]{1,18})?(e[+-]?[0-9]{1,3})?",
            behind in "[,}0-9e.]?",
        ) {
            let bytes = format!("{digits}{behind}");
            let mut scan = Scan::new(bytes.as_bytes());
            match scan.number() {
                Some(value) => {
                    let read = scan.since(Scan::new(bytes.as_bytes()));
                    prop_assert!(check_canonical(read).is_ok());
                    let expected: f64 = from_canonical(read).unwrap();
                    prop_assert_eq!(value.to_bits(), expected.to_bits());
                    prop_assert!(!scan.rest().first().is_some_and(u8::is_ascii_digit));
                }
                None => {
                    let ends = behind.is_empty() || behind == "," || behind == "}";
                    prop_assert!(!ends || check_canonical(digits.as_bytes()).is_err(), "{}", digits);
                }
            }
        }

        #[test]
        fn a_text_is_read_as_the_general_reader_reads_it(text in "[a-z\\\\\"é\u{e000}\u{1}]{0,40}") {
            let bytes = crate::codec::to_canonical(&text).unwrap();
            let escapes = text.contains(['\\', '"', '\u{1}']);
            let mut scan = Scan::new(&bytes);
            let read = scan.text();
            prop_assert_eq!(read, (!escapes).then_some(text.as_str()));
            if read.is_some() {
                prop_assert!(scan.end().is_some());
            }
        }
    }

    #[test]
    fn hex_digits_and_lists_are_read() {
        let mut scan = Scan::new(b"[00ff,a1b2]x");
        let mut found = Vec::new();
        scan.list(|scan| {
            found.push(scan.hex::<2>()?);
            Some(())
        })
        .unwrap();
        assert_eq!((found, scan.rest()), (vec![[0, 255], [0xa1, 0xb2]], &b"x"[..]));
        for bad in ["0", "0g", "0A", "\u{e9}"] {
            assert_eq!(Scan::new(bad.as_bytes()).hex::<1>(), None, "{bad}");
        }
        assert!(Scan::new(b"[]").list(|scan| scan.number().map(drop)).is_none());
    }
}
