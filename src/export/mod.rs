//! Writing annotations in other tools' formats. Each writer is a pure function from values to bytes, gives the same
//! bytes for the same values, and counts what its format cannot say.

pub mod voc;
