//! Signals that end the program: what stands under a temporary name is removed first.

use holotype::leftovers;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use signal_hook::low_level::emulate_default_handler;

/// Waits for the signals that end the program, beside its work. It then ends by that very signal, so that a shell sees 130, 143
/// or 129 and leaves its loop, too. One that whoever started the program wants ignored (`nohup`) stays ignored; where no thread
/// can be had, the signals end the program at once, as they do anyway.
pub(crate) fn watch() {
    let ignored = ignored();
    let wanted = [SIGINT, SIGTERM, SIGHUP]
        .into_iter()
        .filter(move |signal| ignored >> (signal - 1) & 1 == 0);
    // The thread comes first: a signal that is caught and that nobody waits for would end nothing.
    let _ = std::thread::Builder::new().spawn(move || {
        let Ok(mut signals) = Signals::new(wanted) else {
            return;
        };
        if let Some(signal) = signals.forever().next() {
            leftovers::remove_all();
            let _ = emulate_default_handler(signal);
        }
    });
}

/// The signals that this process was started to ignore, one a bit from signal 1 on. Where the system does not tell (`/proc`
/// is missing), there is none.
fn ignored() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok())
        .unwrap_or(0)
}
