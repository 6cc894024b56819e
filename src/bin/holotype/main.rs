//! The `holotype` command line: arguments, text, exit codes. All work is done by the library.

mod app;
mod cli;
mod commands;
mod failure;
mod filter;
mod output;
mod render;
mod rows;

use std::process::ExitCode;

fn main() -> ExitCode {
    let matches = match cli::parse() {
        Ok(matches) => matches,
        Err(code) => return ExitCode::from(code),
    };
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
