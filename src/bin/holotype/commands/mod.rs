//! One file a subcommand.

pub(crate) mod add;
pub(crate) mod agreement;
pub(crate) mod blame;
pub(crate) mod check;
pub(crate) mod checkout;
pub(crate) mod cite;
pub(crate) mod commit;
pub(crate) mod completeness;
pub(crate) mod consensus;
mod dataset_facts;
pub(crate) mod datasheet;
pub(crate) mod demo;
pub(crate) mod derive;
pub(crate) mod diff;
pub(crate) mod discard;
pub(crate) mod erase;
pub(crate) mod errata;
pub(crate) mod export;
pub(crate) mod gc;
pub(crate) mod import;
pub(crate) mod index;
pub(crate) mod init;
pub(crate) mod list;
pub(crate) mod log;
pub(crate) mod metadata;
mod personal;
pub(crate) mod record;
pub(crate) mod release;
pub(crate) mod repair;
pub(crate) mod resolve;
pub(crate) mod revert;
pub(crate) mod round;
pub(crate) mod set;
pub(crate) mod show;
pub(crate) mod split;
mod split_view;
pub(crate) mod status;
pub(crate) mod tag;
pub(crate) mod verify;
pub(crate) mod vocabulary;

use crate::app::App;
use crate::cli::Command;
use crate::failure::Failure;

/// Runs a command; returns the exit code.
pub(crate) fn run(app: &mut App, command: Command) -> Result<u8, Failure> {
    match command {
        Command::Init(args) => init::run(app, &args),
        Command::Add(args) => add::run(app, &args),
        Command::Metadata(args) => metadata::run(app, &args),
        Command::Import(args) => import::run(app, &args),
        Command::Record(args) => record::run(app, &args),
        Command::Set(args) => set::run(app, &args),
        Command::Status(args) => status::run(app, &args),
        Command::Commit(args) => commit::run(app, &args),
        Command::Discard(args) => discard::run(app, &args),
        Command::Log(args) => log::run(app, &args),
        Command::Show(args) => show::run(app, &args),
        Command::List(args) => list::run(app, &args),
        Command::Diff(args) => diff::run(app, &args),
        Command::Blame(args) => blame::run(app, &args),
        Command::Revert(args) => revert::run(app, &args),
        Command::Agreement(args) => agreement::run(app, &args),
        Command::Completeness(args) => completeness::run(app, &args),
        Command::Consensus(args) => consensus::run(app, &args),
        Command::Round(args) => round::run(app, &args),
        Command::Split(args) => split::run(app, &args),
        Command::Check(args) => check::run(app, &args),
        Command::Vocabulary(args) => vocabulary::run(app, &args),
        Command::Tag(args) => tag::run(app, &args),
        Command::Release(args) => release::run(app, &args),
        Command::Cite(args) => cite::run(app, &args),
        Command::Resolve(args) => resolve::run(app, &args),
        Command::Errata(args) => errata::run(app, &args),
        Command::Derive(args) => derive::run(app, &args),
        Command::Datasheet(args) => datasheet::run(app, &args),
        Command::Export(args) => export::run(app, &args),
        Command::Checkout(args) => checkout::run(app, &args),
        Command::Verify(args) => verify::run(app, &args),
        Command::Repair(args) => repair::run(app, &args),
        Command::Erase(args) => erase::run(app, &args),
        Command::Gc(args) => gc::run(app, &args),
        Command::Index(args) => index::run(app, &args),
        Command::Demo(args) => demo::run(app, &args),
    }
}
