//! Samples, their medians, and how two things are measured in turn.

use std::time::Instant;

/// What a measurement gives, or why there is none.
pub(crate) type Outcome<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// One run of something.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Sample {
    /// How long it took.
    pub(crate) seconds: f64,
    /// The most memory that its process had, bytes; 0 where it was none of its own.
    pub(crate) peak_bytes: u64,
}

/// What something is measured in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unit {
    /// Times.
    Seconds,
    /// Lengths.
    Bytes,
}

/// A line of the table.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    /// What was done.
    pub(crate) operation: String,
    /// With how much.
    pub(crate) size: String,
    /// What both sides are measured in.
    pub(crate) unit: Unit,
    /// What it took; none where the program does not have it yet.
    pub(crate) ours: Option<f64>,
    /// What it is held against.
    pub(crate) against: String,
    /// What that took.
    pub(crate) limit: f64,
    /// What the ratio should be.
    pub(crate) target: String,
    /// The most memory that our process had, bytes; 0 where it was not measured.
    pub(crate) peak_bytes: u64,
}

impl Row {
    /// Returns ours / limit.
    pub(crate) fn ratio(&self) -> Option<f64> {
        self.ours.map(|ours| ours / self.limit)
    }

    /// Returns what identifies the row among those of other runs.
    pub(crate) fn key(&self) -> (String, String, String) {
        (self.operation.clone(), self.size.clone(), self.against.clone())
    }
}

/// Samples of two things that were measured in turn.
#[derive(Debug, Default)]
pub(crate) struct Pair {
    /// Ours.
    pub(crate) ours: Vec<Sample>,
    /// What ours is held against.
    pub(crate) limit: Vec<Sample>,
}

impl Pair {
    /// Makes a row of the medians.
    pub(crate) fn row(&self, operation: &str, size: &str, against: &str, target: &str) -> Row {
        Row {
            operation: operation.to_owned(),
            size: size.to_owned(),
            unit: Unit::Seconds,
            ours: Some(median(&self.ours)),
            against: against.to_owned(),
            limit: median(&self.limit),
            target: target.to_owned(),
            peak_bytes: self
                .ours
                .iter()
                .map(|sample| sample.peak_bytes)
                .max()
                .unwrap_or(0),
        }
    }
}

/// Runs two things in turn, after one run of each that does not count.
pub(crate) fn in_turn(
    repetitions: usize,
    mut ours: impl FnMut() -> Outcome<Sample>,
    mut limit: impl FnMut() -> Outcome<Sample>,
) -> Outcome<Pair> {
    let mut pair = Pair::default();
    for repetition in 0..=repetitions {
        let (one, other) = (ours()?, limit()?);
        // The first finds cold caches, which is not what is compared.
        if repetition > 0 || repetitions == 1 {
            pair.ours.push(one);
            pair.limit.push(other);
        }
        if repetitions == 1 {
            break;
        }
    }
    Ok(pair)
}

/// Times something in this process.
pub(crate) fn timed<T>(work: impl FnOnce() -> Outcome<T>) -> Outcome<(T, Sample)> {
    let begin = Instant::now();
    let result = work()?;
    Ok((result, since(begin)))
}

/// Returns the time since `begin` as a sample.
pub(crate) fn since(begin: Instant) -> Sample {
    Sample {
        seconds: begin.elapsed().as_secs_f64(),
        peak_bytes: 0,
    }
}

/// Returns the median time.
pub(crate) fn median(samples: &[Sample]) -> f64 {
    median_of(samples.iter().map(|sample| sample.seconds).collect())
}

/// Returns the median; of an even number, the mean of the two in the middle.
pub(crate) fn median_of(mut values: Vec<f64>) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    let middle = values.len() / 2;
    let at = |index: usize| values.get(index).copied().unwrap_or(f64::NAN);
    if values.len().is_multiple_of(2) {
        f64::midpoint(at(middle.wrapping_sub(1)), at(middle))
    } else {
        at(middle)
    }
}
