//! Reads voc.
