//! A long list of annotations is read in portions, by several threads. What is found here need not be right: each
//! portion, and the file without them, is parsed as strictly as the whole would be, and where one of them cannot be,
//! the file is read from its beginning to its end, so that the error names its place.

use rayon::prelude::*;
use serde::de::DeserializeSeed;

use super::super::json::Context;
use super::super::json::text::Outside;
use super::parse::{FileSeed, ListSeed, RawFile};
use super::records::RawAnnotation;

/// A portion has at least so many bytes.
const PORTION_BYTES: usize = 1 << 20;

/// Some records that follow each other.
struct Portion<'b> {
    /// The records, with commas between them.
    text: &'b str,
    /// The index of the first one.
    first: usize,
}

/// The list of annotations apart from the rest.
struct Apart<'b> {
    /// The text before the first annotation, and that from the list's closing bracket on.
    rest: [&'b str; 2],
    portions: Vec<Portion<'b>>,
}

/// Reads a long file; `None` when it is short, or is not as plain as it must be for this way.
pub(super) fn read(body: &str, context: &mut Context<'_>) -> Option<RawFile> {
    let apart = find(body)?;
    let rest = apart.rest.concat();
    let mut whole = Context::new(context.file);
    let mut deserializer = serde_json::Deserializer::from_str(&rest);
    let mut file = FileSeed(&mut whole).deserialize(&mut deserializer).ok()?;
    deserializer.end().ok()?;
    let name = context.file;
    let read = apart.portions.into_par_iter().map(|portion| {
        let mut context = Context::new(name);
        let records = records(&portion, &mut context)?;
        Some((records, context.report))
    });
    let read: Vec<_> = read.collect::<Option<_>>()?;
    let mut annotations = Vec::with_capacity(read.iter().map(|(records, _)| records.len()).sum());
    for (records, report) in read {
        annotations.extend(records);
        whole.report.merge(&report);
    }
    file.annotations = Some(annotations);
    context.report.merge(&whole.report);
    Some(file)
}

fn records(portion: &Portion<'_>, context: &mut Context<'_>) -> Option<Vec<RawAnnotation>> {
    let list = ["[", portion.text, "]"].concat();
    let mut deserializer = serde_json::Deserializer::from_str(&list);
    let records = ListSeed::beginning_at(context, portion.first)
        .deserialize(&mut deserializer)
        .ok()?;
    deserializer.end().ok()?;
    Some(records)
}

/// Finds the list `annotations` and cuts it between records.
fn find(body: &str) -> Option<Apart<'_>> {
    if body.len() < 2 * PORTION_BYTES {
        return None;
    }
    let mut scan = Outside::new(body.as_bytes());
    let (mut depth, mut name) = (0_usize, "");
    let mut list: Option<List<'_>> = None;
    let mut apart = None;
    while let Some((at, byte)) = scan.next_byte() {
        match byte {
            b'"' if depth == 1 => name = body.get(at..scan.at)?,
            b'{' | b'[' => {
                depth += 1;
                if depth == 2 && byte == b'[' && name == "\"annotations\"" {
                    if apart.is_some() {
                        return None;
                    }
                    list = Some(List::new(body, at + 1));
                }
            }
            b',' if depth == 2 => {
                if let Some(list) = &mut list {
                    list.comma(at)?;
                }
            }
            b'}' | b']' => {
                if depth == 2
                    && let Some(list) = list.take()
                {
                    apart = Some(list.end(at)?);
                }
                depth = depth.checked_sub(1)?;
            }
            _ => {}
        }
    }
    apart
}

/// The list while it is walked along.
struct List<'b> {
    body: &'b str,
    /// Behind its opening bracket.
    start: usize,
    /// The index of the record that is walked along.
    index: usize,
    /// Where the portion began, and with which record.
    portion: (usize, usize),
    portions: Vec<Portion<'b>>,
}

impl<'b> List<'b> {
    const fn new(body: &'b str, start: usize) -> Self {
        Self {
            body,
            start,
            index: 0,
            portion: (start, 0),
            portions: Vec::new(),
        }
    }

    /// Goes over a comma between records.
    fn comma(&mut self, at: usize) -> Option<()> {
        self.index += 1;
        if at - self.portion.0 >= PORTION_BYTES {
            self.cut(at)?;
        }
        Some(())
    }

    /// Ends a portion; one without a record is none.
    fn cut(&mut self, at: usize) -> Option<()> {
        let (start, first) = self.portion;
        let text = self.body.get(start..at)?;
        if text.trim_ascii().is_empty() {
            return None;
        }
        self.portions.push(Portion { text, first });
        self.portion = (at + 1, self.index);
        Some(())
    }

    fn end(mut self, at: usize) -> Option<Apart<'b>> {
        self.cut(at)?;
        Some(Apart {
            rest: [self.body.get(..self.start)?, self.body.get(at..)?],
            portions: self.portions,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(records: &[String], separator: &str) -> String {
        format!(
            r#"{{"images":[{{"id":1,"file_name":"a.tiff"}}],"annotations":[{}],"categories":[{{"id":1,"name":"x"}}]}}"#,
            records.join(separator)
        )
    }

    fn record(id: usize) -> String {
        let text = "\\\"},{[".repeat(20);
        format!(r#"{{"id":{id},"image_id":1,"category_id":1,"bbox":[1,2,3,4.5],"note":"{text}"}}"#)
    }

    fn whole(body: &str) -> Option<Vec<RawAnnotation>> {
        let mut context = Context::new("x");
        let mut deserializer = serde_json::Deserializer::from_str(body);
        let file = FileSeed(&mut context).deserialize(&mut deserializer).ok()?;
        deserializer.end().ok()?;
        file.annotations
    }

    #[test]
    fn portions_give_what_the_whole_gives() {
        let records: Vec<String> = (0..20_000).map(record).collect();
        let body = file(&records, " ,\n");
        assert!(find(&body).is_some_and(|apart| apart.portions.len() > 1));
        let mut context = Context::new("x");
        let file = read(&body, &mut context);
        assert_eq!(file.and_then(|file| file.annotations), whole(&body));
    }

    #[test]
    fn what_is_broken_is_left_to_the_strict_reading() {
        let mut records: Vec<String> = (0..20_000).map(record).collect();
        let good = file(&records, ",");
        let spaces = " ".repeat(PORTION_BYTES);
        for (from, to) in [
            ("\"categories\":[", "\"annotations\":[],\"categories\":["),
            ("],\"categories\"", ",],\"categories\""),
            ("],\"categories\"", "},\"categories\""),
            ("\"annotations\":[", "\"annotations\":[,"),
            ("\"bbox\":[1,2,3,4.5]", "\"bbox\":[1,2,3,4.5"),
        ] {
            let broken = good.replacen(from, to, 1);
            assert_ne!(broken, good);
            assert!(read(&broken, &mut Context::new("x")).is_none(), "{to}");
            assert!(whole(&broken).is_none(), "{to}");
        }
        records.insert(5, spaces);
        let broken = file(&records, ",");
        assert!(read(&broken, &mut Context::new("x")).is_none());
    }
}
