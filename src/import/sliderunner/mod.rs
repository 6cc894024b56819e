//! Reads sliderunner.
