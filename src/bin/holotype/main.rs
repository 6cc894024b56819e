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

use std::process::ExitCode;

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

/// Where the system gives no thread, this one does all work: the pool that is made when it is first asked for would panic.
fn make_thread_pool() {
    let tried = std::thread::Builder::new().spawn(|| {});
    if !tried.is_ok_and(|thread| thread.join().is_ok()) {
        // That one was made already is as good.
        let _ = rayon::ThreadPoolBuilder::new()
            .num_threads(1)
            .use_current_thread()
            .build_global();
    }
}

fn main() -> ExitCode {
    keep_sled_quiet();
    make_thread_pool();
    let matches = match cli::parse() {
        Ok(matches) => matches,
        Err(code) => return ExitCode::from(code),
    };
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
