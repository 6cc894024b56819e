//! What the pure core refuses, kind by kind, and that it says which: names and numbers of canonical JSON, bytes that are
//! not canonical, commands that ask for what is not there, events that do not fit, states whose records are damaged, files
//! that cannot be read, and errors of a kind that leads on.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may panic"
)]

#[path = "core_refusals/codec.rs"]
mod codec;
#[path = "core_refusals/commands.rs"]
mod commands;
#[path = "core_refusals/events.rs"]
mod events;
#[path = "threats/hooks.rs"]
mod hooks;
#[path = "core_refusals/kinds.rs"]
mod kinds;
#[path = "core_refusals/store.rs"]
mod store;
