//! The `holotype` command line: arguments, text, exit codes. All work is done by the library.

mod app;
mod cli;
mod commands;
mod failure;
mod filter;
mod output;
mod progress;
mod render;
mod rows;
mod signals;

use std::io;
use std::process::ExitCode;
use std::sync::{Arc, Mutex, mpsc};
use std::thread;

/// Bulk work makes and drops small records by the million on all processors, a fifth of its time with the system's own.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// What sled panics about is caught and told as an error; its own report of it would be a second voice.
fn keep_sled_quiet() {
    let report = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        let is_in_sled = panic
            .location()
            .is_some_and(|place| place.file().contains("/sled-"));
        if !is_in_sled {
            report(panic);
        }
    }));
}

/// Makes the pool of the threads that the system gives, and of this one where it gives none. Left to itself, the pool would
/// be made when it is first asked for, and panic where there are fewer threads than processors.
fn make_thread_pool() {
    let (hand_over, taken) = mpsc::channel::<rayon::ThreadBuilder>();
    let taken = Arc::new(Mutex::new(taken));
    let start = |_| {
        let taken = Arc::clone(&taken);
        let wait = move || taken.lock().ok().and_then(|taken| taken.recv().ok());
        let work = move || wait().map(rayon::ThreadBuilder::run).unwrap_or_default();
        thread::Builder::new().spawn(work).ok()
    };
    let wanted = thread::available_parallelism().map_or(1, usize::from);
    let given = (0..wanted).map_while(start).count();
    let pool = rayon::ThreadPoolBuilder::new().num_threads(given.max(1));
    // It is made once; that one was made already is as good.
    let _ = if given == 0 {
        pool.use_current_thread().build_global()
    } else {
        let gone = |_| io::Error::from(io::ErrorKind::BrokenPipe);
        pool.spawn_handler(move |worker| hand_over.send(worker).map_err(gone))
            .build_global()
    };
}

fn main() -> ExitCode {
    keep_sled_quiet();
    let matches = match cli::parse() {
        Ok(matches) => matches,
        Err(code) => return ExitCode::from(code),
    };
    make_thread_pool();
    signals::watch();
    let mut app = match app::App::new(&matches.global) {
        Ok(app) => app,
        Err(failure) => return ExitCode::from(failure.report(matches.global.color)),
    };
    let result = commands::run(&mut app, matches.command).and_then(|code| app.out.finish().map(|()| code));
    match result {
        Ok(code) => ExitCode::from(code),
        Err(failure) => ExitCode::from(failure.report(matches.global.color)),
    }
}
