//! The compact protocol of Thrift, in which footers and page headers are written: structures field by field, nothing held
//! but the place in the bytes. What is not asked for is passed over at bounded depth.

use super::error::Fault;

/// Structures and lists in each other are at most so deep.
const DEPTH_MAX: u32 = 32;

/// The types on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Type {
    True,
    False,
    Byte,
    I16,
    I32,
    I64,
    Double,
    Binary,
    List,
    Map,
    Struct,
}

/// Reads one structure after the other.
pub(super) struct Thrift<'b> {
    bytes: &'b [u8],
    at: usize,
    place: &'b str,
}

type Read<T> = Result<T, Fault>;

impl<'b> Thrift<'b> {
    /// Begins; `place` names the bytes in messages.
    pub(super) const fn new(bytes: &'b [u8], place: &'b str) -> Self {
        Self { bytes, at: 0, place }
    }

    /// How many bytes were read.
    pub(super) const fn position(&self) -> usize {
        self.at
    }

    fn fault(&self, why: &'static str) -> Fault {
        Fault::Structure {
            place: self.place.to_owned(),
            offset: self.at,
            why,
        }
    }

    fn byte(&mut self) -> Read<u8> {
        let byte = self.bytes.get(self.at).copied();
        let byte = byte.ok_or_else(|| self.fault("it ends here"))?;
        self.at += 1;
        Ok(byte)
    }

    fn slice(&mut self, length: u64) -> Read<&'b [u8]> {
        let end = usize::try_from(length)
            .ok()
            .and_then(|length| self.at.checked_add(length));
        let slice = end.and_then(|end| self.bytes.get(self.at..end));
        let slice = slice.ok_or_else(|| self.fault("something is longer than what is there"))?;
        self.at += slice.len();
        Ok(slice)
    }

    fn varint(&mut self) -> Read<u64> {
        let mut value = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            let low = u64::from(byte & 0x7f);
            if shift == 63 && low > 1 {
                break;
            }
            value |= low << shift;
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err(self.fault("a number has too many bytes"))
    }

    fn of_code(&self, code: u8) -> Read<Type> {
        Ok(match code {
            1 => Type::True,
            2 => Type::False,
            3 => Type::Byte,
            4 => Type::I16,
            5 => Type::I32,
            6 => Type::I64,
            7 => Type::Double,
            8 => Type::Binary,
            9 | 10 => Type::List,
            11 => Type::Map,
            12 => Type::Struct,
            _ => return Err(self.fault("a type is unknown")),
        })
    }

    /// Reads a structure: calls `field` with the number and type of each field, which reads it or passes it over.
    pub(super) fn structure(&mut self, mut field: impl FnMut(&mut Self, i64, Type) -> Read<()>) -> Read<()> {
        let mut id = 0_i64;
        loop {
            let head = self.byte()?;
            if head == 0 {
                return Ok(());
            }
            let of = self.of_code(head & 0x0f)?;
            id = match i64::from(head >> 4) {
                0 => self.zigzag()?,
                step => id
                    .checked_add(step)
                    .ok_or_else(|| self.fault("a field has no number"))?,
            };
            field(self, id, of)?;
        }
    }

    /// Reads a list of structures: calls `element` for each, which reads it.
    pub(super) fn list(&mut self, of: Type, mut element: impl FnMut(&mut Self) -> Read<()>) -> Read<()> {
        let (found, length) = self.list_head(of)?;
        if found != Type::Struct && length > 0 {
            return Err(self.fault("a list holds something else than structures"));
        }
        (0..length).try_for_each(|_| element(self))
    }

    fn list_head(&mut self, of: Type) -> Read<(Type, u64)> {
        if of != Type::List {
            return Err(self.fault("something else stands where a list should"));
        }
        let head = self.byte()?;
        let length = match head >> 4 {
            15 => self.varint()?,
            length => u64::from(length),
        };
        // Each element has a byte at least.
        let left = u64::try_from(self.bytes.len() - self.at).unwrap_or(u64::MAX);
        if length > left {
            return Err(self.fault("a list is longer than what is there"));
        }
        Ok((self.of_code(head & 0x0f)?, length))
    }

    fn zigzag(&mut self) -> Read<i64> {
        let value = self.varint()?;
        let magnitude = i64::try_from(value >> 1).unwrap_or(i64::MAX);
        Ok(if value & 1 == 1 { -magnitude - 1 } else { magnitude })
    }

    /// Reads a whole number.
    pub(super) fn whole(&mut self, of: Type) -> Read<i64> {
        match of {
            Type::I16 | Type::I32 | Type::I64 => self.zigzag(),
            Type::Byte => self.byte().map(i64::from),
            Type::True
            | Type::False
            | Type::Double
            | Type::Binary
            | Type::List
            | Type::Map
            | Type::Struct => Err(self.fault("something else stands where a whole number should")),
        }
    }

    /// Reads a whole number that is not negative.
    pub(super) fn size(&mut self, of: Type) -> Read<u64> {
        let number = self.whole(of)?;
        u64::try_from(number).map_err(|_| self.fault("a size is negative"))
    }

    /// Reads true or false.
    pub(super) fn flag(&mut self, of: Type) -> Read<bool> {
        match of {
            Type::True => Ok(true),
            Type::False => Ok(false),
            Type::Byte
            | Type::I16
            | Type::I32
            | Type::I64
            | Type::Double
            | Type::Binary
            | Type::List
            | Type::Map
            | Type::Struct => Err(self.fault("something else stands where true or false should")),
        }
    }

    /// Reads bytes.
    pub(super) fn binary(&mut self, of: Type) -> Read<&'b [u8]> {
        if of != Type::Binary {
            return Err(self.fault("something else stands where bytes should"));
        }
        let length = self.varint()?;
        self.slice(length)
    }

    /// Passes over what is not asked for.
    pub(super) fn skip(&mut self, of: Type) -> Read<()> {
        self.skip_at(of, 0)
    }

    fn skip_at(&mut self, of: Type, depth: u32) -> Read<()> {
        if depth > DEPTH_MAX {
            return Err(self.fault("structures are too deep in each other"));
        }
        match of {
            Type::True | Type::False => Ok(()),
            Type::Byte => self.byte().map(drop),
            Type::I16 | Type::I32 | Type::I64 => self.varint().map(drop),
            Type::Double => self.slice(8).map(drop),
            Type::Binary => self.binary(of).map(drop),
            Type::List => {
                let (element, length) = self.list_head(of)?;
                // In a list a flag has a byte of its own.
                let is_flag = matches!(element, Type::True | Type::False);
                let element = if is_flag { Type::Byte } else { element };
                (0..length).try_for_each(|_| self.skip_at(element, depth + 1))
            }
            Type::Map => Err(self.fault("a map stands where no footer has one")),
            Type::Struct => self.structure(|thrift, _, of| thrift.skip_at(of, depth + 1)),
        }
    }
}
