//! The `holotype` command line.

#[allow(dead_code, reason = "called by commands")]
mod render;

fn main() {}
