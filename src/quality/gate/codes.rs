//! The codes of the gate's own findings. A code never changes its meaning; those of splits stand in `splits`.

use crate::model::Severity;
use crate::quality::splits;

/// A kind of finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Code {
    pub(super) text: &'static str,
    pub(super) severity: Severity,
}

macro_rules! codes {
    ($($name:ident = $text:literal, $severity:ident, $meaning:literal;)*) => {
        $(
            #[doc = $meaning]
            pub(super) const $name: Code = Code { text: $text, severity: Severity::$severity };
        )*

        /// All codes but those of splits, how bad they are and what they mean.
        pub const CODES: &[(&str, Severity, &str)] = &[
            $(($text, Severity::$severity, $meaning),)*
        ];
    };
}

codes! {
    NOT_STATED = "HT-Q101", Warning, "a required fact is not stated";
    STATED_MISSING = "HT-Q102", Information, "a required fact is stated to be missing";
    SPELLING = "HT-Q103", Warning, "two values of a fact look like spellings of one";
    SYNONYM = "HT-Q104", Warning, "two words stand for one thing";
    CONTRADICTION = "HT-Q105", Warning, "two facts that say the same thing say different things of an image";
    IMPOSSIBLE_SCALE = "HT-Q106", Error, "no microscope gives this many µm per px";
    SCALE_AND_OBJECTIVE = "HT-Q107", Warning, "µm per px do not fit the objective, or each other";
    UNIT = "HT-Q108", Warning, "a number is in another unit, or is none";
    COVERAGE = "HT-Q109", Information, "values of a fact stand in one part of a split alone";
    NOT_ANNOTATED = "HT-Q301", Warning, "images have no annotation, and nobody said that they were searched";
    LABEL_UNUSED = "HT-Q302", Information, "a label of the scheme is used by no annotation or rating";
    LABEL_UNKNOWN = "HT-Q303", Error, "annotations or ratings have a label that is not in the scheme";
    NO_LABEL = "HT-Q304", Information, "annotations have no label";
    LABEL_SPELLING = "HT-Q305", Warning, "two labels look like spellings of one";
    PATH = "HT-Q401", Error, "an absolute path, which names a user, a computer or a clinic's folder";
    MAIL = "HT-Q402", Error, "a mail address";
    NAME = "HT-Q403", Warning, "what looks like a person's name or initials";
    NUMBER = "HT-Q404", Warning, "what looks like the number of a case, specimen or patient";
    DATE = "HT-Q405", Warning, "a date that can be one of a patient";
    POSITION = "HT-Q406", Error, "where on earth a picture was taken";
    LABEL_IMAGE = "HT-Q407", Error, "a photograph of the slide's label in the file of an image";
    MACRO_IMAGE = "HT-Q408", Warning, "a photograph of the slide in the file of an image";
    PATIENT = "HT-Q409", Error, "a header says something of a patient";
    PERSON = "HT-Q410", Error, "a header or fact names somebody who scanned, wrote or owns";
    NOT_LOOKED_AT = "HT-Q411", Information, "headers of images whose bytes are not here could not be looked at";
    STEP_OPEN = "HT-Q501", Warning, "a step of the procedure is not done and not signed off";
    WAIVER_ENDED = "HT-Q601", Warning, "a waiver has ended";
    WAIVER_IDLE = "HT-Q602", Information, "a waiver is about nothing that is found";
    WAIVER_UNREADABLE = "HT-Q603", Warning, "a fact in the place of a waiver is none";
}

/// Returns what a code means and how bad it is, one of splits too; `None` where there is no such code.
#[must_use]
pub fn meaning(code: &str) -> Option<(Severity, &'static str)> {
    let all = CODES.iter().chain(splits::CODES);
    all.filter(|(text, _, _)| *text == code)
        .map(|(_, severity, meaning)| (*severity, *meaning))
        .next()
}
