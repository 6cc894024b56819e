//! The bytes of a batch and its runs: events in a row whose lines name one image first. Who looks for the events of some
//! images passes over the others without looking at their lines.

use crate::codec::{LinesError, lines};
use crate::id::{ImagePrefix, bytes_of_hex};

/// A batch in memory.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct BatchText {
    bytes: Vec<u8>,
    runs: Vec<Run>,
    /// Why the bytes behind the last run are no lines.
    end: Option<LinesError>,
}

/// Events in a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Run {
    /// The image that each line names first; `None` for lines that begin otherwise.
    pub(super) image: Option<ImagePrefix>,
    /// How many they are.
    pub(super) events: u64,
    start: usize,
    end: usize,
}

impl BatchText {
    pub(super) fn new(bytes: Vec<u8>) -> Self {
        let mut runs: Vec<Run> = Vec::new();
        let mut end = None;
        for line in lines(&bytes).skip(1) {
            let (start, line) = match line {
                Ok(line) => line,
                Err(error) => {
                    end = Some(error);
                    break;
                }
            };
            let image = image_at_front(line);
            let end = start + line.len() + 1;
            match runs.last_mut().filter(|run| run.image == image) {
                Some(run) => (run.events, run.end) = (run.events + 1, end),
                None => runs.push(Run {
                    image,
                    events: 1,
                    start,
                    end,
                }),
            }
        }
        Self { bytes, runs, end }
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub(super) fn runs(&self) -> &[Run] {
        &self.runs
    }

    /// Returns why the batch does not end with its last run.
    pub(super) fn end(&self) -> Option<LinesError> {
        self.end
    }

    /// Returns the lines of a run, in order.
    pub(super) fn lines_of(&self, run: &Run) -> impl Iterator<Item = &[u8]> {
        let bytes = self.bytes.get(run.start..run.end).unwrap_or_default();
        lines(bytes).filter_map(|line| line.ok().map(|(_, line)| line))
    }
}

/// Returns the image of the annotation that a line names first.
fn image_at_front(line: &[u8]) -> Option<ImagePrefix> {
    let digits = line.strip_prefix(b"{\"annotation\":\"")?.get(..16)?;
    bytes_of_hex(digits).map(ImagePrefix::from_bytes)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_annotation_that_a_line_names_first_tells_the_image() {
        let id = format!("{:016x}{}", 7, "0".repeat(32));
        let front = |line: String| image_at_front(line.as_bytes());
        let image = ImagePrefix::from_bytes(7_u64.to_be_bytes());
        assert_eq!(front(format!("{{\"annotation\":\"{id}\"}}")), Some(image));
        assert_eq!(front(format!("{{\"key\":\"{id}\"}}")), None);
        assert_eq!(front("{\"annotation\":\"0\"}".to_owned()), None);
    }

    proptest! {
        #[test]
        fn the_lines_of_all_runs_are_those_of_the_batch(
            parts in prop::collection::vec((0_u8..4, "[a-z]{0,3}", any::<bool>()), 0..12),
            tail in "[a\r\n]{0,3}",
        ) {
            let mut text = "{}\n".to_owned();
            for (image, rest, ends) in parts {
                let line = match image {
                    0 => format!("{{{rest}"),
                    _ => format!("{{\"annotation\":\"{image:016x}{rest}"),
                };
                text.push_str(&line);
                text.push_str(if ends { "\n" } else { "x\n" });
            }
            text.push_str(&tail);
            let batch = BatchText::new(text.clone().into_bytes());
            let mut found = Vec::new();
            for run in batch.runs() {
                let lines: Vec<&[u8]> = batch.lines_of(run).collect();
                prop_assert_eq!(u64::try_from(lines.len()).unwrap(), run.events);
                prop_assert!(lines.iter().all(|line| image_at_front(line) == run.image));
                found.extend(lines);
            }
            let images: Vec<_> = batch.runs().iter().map(|run| run.image).collect();
            prop_assert!(images.windows(2).all(|pair| pair[0] != pair[1]));
            let expected: Vec<_> = lines(text.as_bytes()).skip(1).collect();
            let good: Vec<&[u8]> = expected.iter().filter_map(|line| line.ok()).map(|(_, line)| line).collect();
            prop_assert_eq!(found, good);
            prop_assert_eq!(batch.end(), expected.iter().find_map(|line| line.err()));
        }
    }
}
