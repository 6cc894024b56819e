//! Why a YOLO dataset was not read.

/// A file that was not read: which one and why.
#[derive(Debug, thiserror::Error)]
#[error("{file}: {problem}")]
pub struct YoloError {
    /// The file.
    pub file: String,
    /// Why.
    #[source]
    pub problem: YoloProblem,
}

/// Why a file of a YOLO dataset is not read. Lines count from 1.
#[derive(Debug, thiserror::Error)]
pub enum YoloProblem {
    /// No file names the classes.
    #[error("no file beside it names the classes (classes.txt, obj.names or data.yaml)")]
    NoClasses,
    /// Two files name the classes, and not alike.
    #[error("it names other classes than {other}")]
    ClassesDiffer {
        /// The other file.
        other: String,
    },
    /// It is not UTF-8, or holds a NUL.
    #[error("line {line} is no UTF-8 text")]
    NotText {
        /// The line.
        line: u64,
    },
    /// It names more classes than are read.
    #[error("it names more than {limit} classes")]
    TooManyClasses {
        /// The limit.
        limit: usize,
    },
    /// It holds more lines than are read.
    #[error("line {line} is beyond the {limit} lines that are read")]
    TooManyLines {
        /// The line.
        line: usize,
        /// The limit.
        limit: usize,
    },
    /// The list of names is written in a way that is not read.
    #[error("line {line}: {why}")]
    Yaml {
        /// The line.
        line: usize,
        /// What is there, and what would be read.
        why: &'static str,
    },
    /// The places are those of keypoints.
    #[error("line {line}: 'kpt_shape' says that these are keypoints, which are not read")]
    Keypoints {
        /// The line.
        line: usize,
    },
    /// The size of the image is not known.
    #[error("places are parts of the image's size, and that of '{image}' is not known")]
    SizeUnknown {
        /// The image.
        image: String,
    },
    /// It is no file of labels.
    #[error("line {line} ('{text}') is no class number with four or more numbers")]
    NotLabels {
        /// The line.
        line: usize,
        /// Its beginning.
        text: String,
    },
    /// A number that no `f64` holds.
    #[error("line {line}: the number '{text}' is out of range")]
    OutOfRange {
        /// The line.
        line: usize,
        /// The number.
        text: String,
    },
}
