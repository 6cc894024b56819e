//! Arrays of numbers that stay as the bytes of the file until one is asked for.

use super::dataset::Encoding;

/// The width of a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Width {
    /// Four bytes.
    Single,
    /// Eight bytes.
    Double,
}

/// An array of numbers in a file.
#[derive(Debug, Clone, Copy)]
pub(super) struct Numbers<'b> {
    bytes: &'b [u8],
    width: Width,
    encoding: Encoding,
}

impl<'b> Numbers<'b> {
    /// Wraps bytes; `None` where they are not a whole number of numbers.
    pub(super) fn new(bytes: &'b [u8], width: Width, encoding: Encoding) -> Option<Self> {
        let numbers = Self {
            bytes,
            width,
            encoding,
        };
        bytes.len().is_multiple_of(numbers.size()).then_some(numbers)
    }

    const fn size(&self) -> usize {
        match self.width {
            Width::Single => 4,
            Width::Double => 8,
        }
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.bytes.len() / self.size()
    }

    /// Returns the n-th as a float; a single one keeps its value exactly.
    pub(super) fn float(&self, n: usize) -> Option<f64> {
        let bytes = self.number(n)?;
        match self.width {
            Width::Single => Some(f64::from(f32::from_bits(self.word(bytes)?))),
            Width::Double => {
                let bytes: [u8; 8] = bytes.try_into().ok()?;
                Some(match self.encoding {
                    Encoding::ExplicitBig => f64::from_be_bytes(bytes),
                    Encoding::ImplicitLittle | Encoding::ExplicitLittle => f64::from_le_bytes(bytes),
                })
            }
        }
    }

    /// Returns the n-th as a whole number.
    pub(super) fn whole(&self, n: usize) -> Option<u32> {
        self.word(self.number(n)?)
    }

    fn number(&self, n: usize) -> Option<&'b [u8]> {
        let start = n.checked_mul(self.size())?;
        self.bytes.get(start..start.checked_add(self.size())?)
    }

    fn word(&self, bytes: &[u8]) -> Option<u32> {
        let bytes: [u8; 4] = bytes.try_into().ok()?;
        Some(match self.encoding {
            Encoding::ExplicitBig => u32::from_be_bytes(bytes),
            Encoding::ImplicitLittle | Encoding::ExplicitLittle => u32::from_le_bytes(bytes),
        })
    }
}

/// Returns a short number.
pub(super) fn short(bytes: &[u8], encoding: Encoding) -> Option<u16> {
    let bytes: [u8; 2] = bytes.try_into().ok()?;
    Some(match encoding {
        Encoding::ExplicitBig => u16::from_be_bytes(bytes),
        Encoding::ImplicitLittle | Encoding::ExplicitLittle => u16::from_le_bytes(bytes),
    })
}
