//! Feeds one reader with bytes: libFuzzer's loop around [`laws::run`], and the bound on memory.
//!
//! One program holds all targets, since linking it takes longer than most of them need to be built; the environment
//! says which one runs (`HOLOTYPE_FUZZ_TARGET`). What a target does stands in `tests/corpus/readers.rs`, where the
//! tests of the corpus use it, too.

#![no_main]

#[path = "../../tests/corpus/readers.rs"]
mod laws;

use std::alloc::System;
use std::sync::LazyLock;

use cap::Cap;
use laws::Target;

/// So many bytes a reader may hold at once; where it asks for more, the process ends. libFuzzer's own limit of single
/// allocations needs a sanitizer, which stable Rust has not, and its limit of the whole is looked at once a second only.
/// What C code allocates (SQLite) is left to that.
#[global_allocator]
static ALLOCATOR: Cap<System> = Cap::new(System, 1 << 30);

static TARGET: LazyLock<Target> = LazyLock::new(|| {
    let name = std::env::var("HOLOTYPE_FUZZ_TARGET").unwrap_or_default();
    let names = Target::ALL.map(Target::as_str).join(" ");
    Target::parse(&name).unwrap_or_else(|| panic!("HOLOTYPE_FUZZ_TARGET must be one of: {names}"))
});

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    laws::run(*TARGET, bytes);
});
