//! Finds the list of annotations in the bytes of a file, and cuts it between records, as the bytes come. What is found
//! here need not be right: each record, and the file without them, is parsed as strictly as the whole would be, and
//! each piece that can be parsed begins where the one before ended.

use super::super::json::text::Outside;

/// Returns the place behind the bracket that opens the list `annotations`; `None` when it is not among these bytes, the
/// first ones of a file.
pub(super) fn find_list(head: &[u8]) -> Option<usize> {
    let mut scan = Outside::new(head);
    let (mut depth, mut name, mut is_value) = (0_usize, None, false);
    while let Some((at, byte)) = scan.next_byte() {
        match byte {
            b'"' if depth == 1 && !is_value => name = head.get(at..scan.at),
            b':' if depth == 1 => is_value = true,
            b',' if depth == 1 => is_value = false,
            b'{' | b'[' => {
                if depth == 1 && byte == b'[' && is_value && name == Some(b"\"annotations\"") {
                    return Some(at + 1);
                }
                depth += 1;
            }
            b'}' | b']' => depth = depth.checked_sub(1)?,
            _ => {}
        }
    }
    None
}

/// What may follow within the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Next {
    /// A record or the end.
    FirstOrEnd,
    /// A record.
    Record,
    /// A comma or the end.
    CommaOrEnd,
}

/// Where the walk along the list has come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Found {
    /// At the end of the bytes.
    More,
    /// At the list's closing bracket, which is at this place.
    End(usize),
    /// At something that no list of records has.
    Odd,
}

/// Walks along the list, however many bytes of it are there.
#[derive(Debug)]
pub(super) struct Cutter {
    /// The next byte to look at.
    at: usize,
    /// How many brackets are open within the record.
    depth: usize,
    /// Where the open record began.
    start: usize,
    next: Next,
}

impl Cutter {
    /// Begins behind the list's opening bracket.
    pub(super) const fn new(at: usize) -> Self {
        Self {
            at,
            depth: 0,
            start: at,
            next: Next::FirstOrEnd,
        }
    }

    /// Goes on to the end of the bytes; `each` is called with begin and end of every record that is complete.
    pub(super) fn run(&mut self, bytes: &[u8], mut each: impl FnMut(usize, usize)) -> Found {
        while let Some(byte) = bytes.get(self.at) {
            let at = self.at;
            self.at += 1;
            match byte {
                b'"' if self.depth > 0 => match end_of_text(bytes, self.at) {
                    Some(end) => self.at = end,
                    None => {
                        // It is begun anew when more of it is there.
                        self.at = at;
                        return Found::More;
                    }
                },
                b'{' | b'[' if self.depth > 0 => self.depth += 1,
                b'}' | b']' if self.depth > 0 => {
                    self.depth -= 1;
                    if self.depth == 0 {
                        each(self.start, self.at);
                        self.next = Next::CommaOrEnd;
                    }
                }
                _ if self.depth > 0 => {}
                b' ' | b'\t' | b'\n' | b'\r' => {}
                b'{' if self.next != Next::CommaOrEnd => (self.start, self.depth) = (at, 1),
                b',' if self.next == Next::CommaOrEnd => self.next = Next::Record,
                b']' if self.next != Next::Record => return Found::End(at),
                _ => return Found::Odd,
            }
        }
        Found::More
    }

    /// Returns where what is still needed begins: the open record, else the next byte.
    pub(super) const fn needed_from(&self) -> usize {
        if self.depth > 0 { self.start } else { self.at }
    }

    /// Forgets so many bytes at the beginning, which must not be needed.
    pub(super) const fn forget(&mut self, count: usize) {
        self.at -= count;
        self.start = self.start.saturating_sub(count);
    }
}

/// Returns the place behind the closing quote of a text of which `at` is the first character.
fn end_of_text(bytes: &[u8], mut at: usize) -> Option<usize> {
    loop {
        match bytes.get(at)? {
            b'"' => return Some(at + 1),
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Cuts a text that comes in pieces of so many bytes.
    fn cut(text: &str, piece: usize) -> (Vec<String>, Found) {
        let (mut cutter, mut bytes, mut records) = (Cutter::new(0), Vec::new(), Vec::new());
        let mut found = Found::More;
        for piece in text.as_bytes().chunks(piece) {
            bytes.extend_from_slice(piece);
            found = cutter.run(&bytes, |from, to| {
                records.push(String::from_utf8(bytes[from..to].to_vec()).unwrap());
            });
            if found != Found::More {
                break;
            }
            let needed = cutter.needed_from();
            bytes.drain(..needed);
            cutter.forget(needed);
        }
        (records, found)
    }

    #[test]
    fn a_list_is_cut_between_its_records() {
        let one = r#"{"a":[1,{"b":"}],{\"["}],"c":"\\"}"#;
        let list = format!("{one} ,\n{{}},{one}]");
        for piece in 1..list.len() {
            let (records, found) = cut(&list, piece);
            assert_eq!(records, [one, "{}", one]);
            assert!(matches!(found, Found::End(_)));
        }
        assert_eq!(cut(" ]", 1).0.len(), 0);
    }

    #[test]
    fn what_no_list_of_records_has_is_told() {
        for odd in ["{} {}", "{},]", ",{}", "null", "[1]", "{}}", "\"{}\"", "{}:"] {
            assert_eq!(cut(odd, 100).1, Found::Odd, "{odd}");
        }
        for open in ["", "{", "{\"", "{\"a\":\"]", "{},", "{}"] {
            assert_eq!(cut(open, 100).1, Found::More, "{open}");
        }
    }

    #[test]
    fn the_list_is_found_by_its_name_at_the_top() {
        let place = |text: &str| find_list(text.as_bytes());
        assert_eq!(place(r#"{"annotations":[]}"#), Some(16));
        assert_eq!(place("\u{feff}{ \"annotations\" : [ ]"), Some(22));
        assert_eq!(
            place(r#"{"x":"annotations","y":[],"z":{"annotations":[]}}"#),
            None
        );
        assert_eq!(place(r#"{"x":["annotations",[]],"annotations":["#), Some(39));
        assert_eq!(place(r#"{"annotations":{},"images":[]}"#), None);
        assert_eq!(place(r#"{"annotations":null,"images":[]}"#), None);
        assert_eq!(place(r#"{"annotations"#), None);
    }

    proptest! {
        #[test]
        fn any_bytes_in_any_pieces_end_alike(text in "[{}\\[\\],\"\\\\a ]{0,40}", piece in 1_usize..9) {
            let (records, found) = cut(&text, piece);
            let whole = cut(&text, 100);
            prop_assert_eq!(records, whole.0);
            prop_assert_eq!(matches!(found, Found::End(_)), matches!(whole.1, Found::End(_)));
            prop_assert_eq!(found == Found::Odd, whole.1 == Found::Odd);
        }
    }
}
