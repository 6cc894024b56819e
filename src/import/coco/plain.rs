//! Ordinary boxes, as most records of long files are, read without a parser's machinery: only members that every box
//! has, with numbers of few digits. A record that has anything else is left to the parser, which says the same of
//! ordinary ones.

use super::super::json::{Id, RawId};
use super::records::RawAnnotation;
use super::segmentation::RawBox;
use crate::model::geometry::whole_to_float;

/// Below 2^53, so that a float holds every number of so many digits.
const DIGITS_MAX: usize = 15;

/// Powers of ten that a float holds, by the digits behind the point. The quotient of two numbers that floats hold is
/// rounded once, as the parser rounds (W. D. Clinger, How to read floating point numbers accurately, 1990).
const POWERS: [f64; DIGITS_MAX + 1] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
];

/// Which members a record has had, a bit each.
#[derive(Default)]
struct Seen(u8);

impl Seen {
    /// Notes a member; `None` the second time.
    fn once(&mut self, bit: u8) -> Option<()> {
        let is_new = self.0 & bit == 0;
        self.0 |= bit;
        is_new.then_some(())
    }
}

/// Reads a record that is an ordinary box and nothing else; `None` where it is not.
pub(super) fn read(text: &str) -> Option<RawAnnotation> {
    let mut cursor = Cursor {
        bytes: text.as_bytes(),
        at: 0,
    };
    let (mut record, mut seen) = (RawAnnotation::default(), Seen::default());
    cursor.expect(b'{')?;
    loop {
        let name = cursor.name()?;
        cursor.expect(b':')?;
        match name {
            b"id" => {
                seen.once(1)?;
                record.id = cursor.id()?;
            }
            b"image_id" => {
                seen.once(2)?;
                record.image = cursor.id()?;
            }
            b"category_id" => {
                seen.once(4)?;
                record.category = cursor.id()?;
            }
            b"bbox" => {
                seen.once(8)?;
                record.bbox = RawBox::Four(cursor.four()?);
            }
            b"area" => {
                seen.once(16)?;
                record.area = Some(cursor.number()?);
            }
            b"iscrowd" => {
                seen.once(32)?;
                (cursor.whole()? == 0).then_some(())?;
            }
            b"segmentation" => {
                seen.once(64)?;
                cursor.expect(b'[')?;
                cursor.expect(b']')?;
            }
            _ => return None,
        }
        match cursor.next()? {
            b',' => {}
            b'}' => break,
            _ => return None,
        }
    }
    cursor.next().is_none().then_some(record)
}

/// A place in the text.
struct Cursor<'b> {
    bytes: &'b [u8],
    at: usize,
}

impl<'b> Cursor<'b> {
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    /// Steps over white space and returns the byte behind it.
    fn next(&mut self) -> Option<u8> {
        loop {
            let byte = self.peek()?;
            self.at += 1;
            if !matches!(byte, b' ' | b'\t' | b'\n' | b'\r') {
                return Some(byte);
            }
        }
    }

    fn expect(&mut self, byte: u8) -> Option<()> {
        (self.next()? == byte).then_some(())
    }

    /// Reads a member's name. None that is known has an escape.
    fn name(&mut self) -> Option<&'b [u8]> {
        self.expect(b'"')?;
        let from = self.at;
        while self.peek()? != b'"' {
            self.at += 1;
        }
        self.at += 1;
        self.bytes.get(from..self.at - 1)
    }

    /// Reads digits and puts them behind others; returns the number and how many there were.
    fn digits(&mut self, before: u64) -> (u64, usize) {
        let (mut number, from) = (before, self.at);
        while let Some(byte) = self.peek().filter(u8::is_ascii_digit) {
            // What is too long for this is not used.
            number = number.wrapping_mul(10).wrapping_add(u64::from(byte - b'0'));
            self.at += 1;
        }
        (number, self.at - from)
    }

    /// Steps to a number, which does not begin with a needless zero; returns its digits before a point.
    fn begin_number(&mut self) -> Option<(u64, usize)> {
        self.next()?;
        self.at -= 1;
        let is_zero = self.peek() == Some(b'0');
        let (whole, count) = self.digits(0);
        ((1..=DIGITS_MAX).contains(&count) && !(is_zero && count > 1)).then_some((whole, count))
    }

    /// Reads a whole number without a sign.
    fn whole(&mut self) -> Option<u64> {
        let (whole, _) = self.begin_number()?;
        (!matches!(self.peek()?, b'.' | b'e' | b'E')).then_some(whole)
    }

    fn id(&mut self) -> Option<RawId> {
        let number = i64::try_from(self.whole()?).ok()?;
        Some(RawId::Id(Id::Number(number)))
    }

    /// Reads a number without a sign or exponent.
    fn number(&mut self) -> Option<f64> {
        let (mut number, mut count) = self.begin_number()?;
        let mut power = 1.0;
        if self.peek()? == b'.' {
            self.at += 1;
            let (digits, behind) = self.digits(number);
            count += behind;
            if behind == 0 || count > DIGITS_MAX {
                return None;
            }
            (number, power) = (digits, *POWERS.get(behind)?);
        }
        if matches!(self.peek()?, b'e' | b'E') {
            return None;
        }
        let float = u32::try_from(number).map_or_else(|_| whole_to_float(number), f64::from);
        Some(float / power)
    }

    fn four(&mut self) -> Option<[f64; 4]> {
        let mut four = [0.0; 4];
        let mut before = b'[';
        for place in &mut four {
            self.expect(before)?;
            *place = self.number()?;
            before = b',';
        }
        self.expect(b']')?;
        Some(four)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::super::json::Context;
    use super::super::parse::parse_record;
    use super::*;

    /// Reads a record in both ways; what is read here is what the parser reads, and it has nothing to tell of it.
    fn read_both(text: &str) -> Option<RawAnnotation> {
        let plain = read(text);
        let mut context = Context::new("x");
        let parsed = parse_record::<RawAnnotation>(text, 0, &mut context);
        if let Some(plain) = &plain {
            let parsed = parsed.unwrap_or_else(|error| panic!("{error}: {text}"));
            assert_eq!(plain, &parsed, "{text}");
            let signs = |raw: &RawAnnotation| match &raw.bbox {
                RawBox::Four(four) => four.map(f64::to_bits),
                RawBox::Absent | RawBox::Bad(_) => [0; 4],
            };
            assert_eq!(signs(plain), signs(&parsed), "{text}");
            assert!(context.report.warnings.is_empty() && context.report.losses.is_empty());
        }
        plain
    }

    #[test]
    fn ordinary_boxes_are_read_and_others_left() {
        for text in [
            r#"{"id":1,"image_id":2,"category_id":3,"bbox":[1,2.5,30,40.25],"area":12.5,"iscrowd":0}"#,
            r#" { "bbox" : [ 0 , 0.0 , 123456789012345, 0.00000000000001 ] , "segmentation" : [ ] } "#,
            r#"{"id":0}"#,
        ] {
            assert!(read_both(text).is_some(), "{text}");
        }
        for text in [
            "{}",
            r#"{"id":1,"id":1}"#,
            r#"{"id":-1}"#,
            r#"{"id":1.0}"#,
            r#"{"id":01}"#,
            r#"{"id":1234567890123456}"#,
            r#"{"id":1,}"#,
            r#"{"id":1} x"#,
            r#"{"iscrowd":1}"#,
            r#"{"area":1.}"#,
            r#"{"area":1e2}"#,
            r#"{"area":-0}"#,
            r#"{"area":1.234567890123456}"#,
            r#"{"area":null}"#,
            r#"{"bbox":[1,2,3]}"#,
            r#"{"bbox":[1,2,3,4,5]}"#,
            r#"{"i\u0064":1}"#,
            r#"{"id":1,"score":1}"#,
            r#"{"segmentation":[[1,2,3,4,5,6]]}"#,
            r#"{"id":1"#,
            "[1]",
            "",
        ] {
            assert_eq!(read_both(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_read_is_what_the_parser_reads(
            members in prop::collection::vec((
                prop::sample::select(vec!["id", "image_id", "bbox", "area", "iscrowd", "segmentation", "x"]),
                prop::sample::select(vec!["0", "[]", "[1,2,3,4]", "[1, 2,3.5 ,4]", "", "~"]),
                "[0-9]{1,9}", "[0-9]{0,9}", "[ ,.eE+-]{0,1}",
            ), 0..4),
        ) {
            let members: Vec<String> = members
                .iter()
                .map(|(name, value, whole, fraction, odd)| match *value {
                    "" => format!("\"{name}\":{whole}.{fraction}{odd}"),
                    "~" => format!("\"{name}\":[{whole}.{fraction},{whole},0.{fraction},{fraction}{odd}]"),
                    value => format!("\"{name}\":{value}{odd}"),
                })
                .collect();
            read_both(&format!("{{{}}}", members.join(",")));
        }

        #[test]
        fn every_number_is_the_nearest_float(number in 0.0_f64..1e6, digits in 0_usize..9) {
            let text = format!("{number:.digits$}");
            let read = read_both(&format!(r#"{{"area":{text}}}"#)).and_then(|raw| raw.area);
            prop_assert_eq!(read, text.parse().ok());
        }
    }
}
