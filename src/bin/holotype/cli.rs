//! The command line, as the contract has it.

use std::io::Write;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::commands;
use crate::failure::USAGE;

/// Whether to colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Color {
    Auto,
    Always,
    Never,
}

impl Color {
    /// Whether to colour a stream that is, or is not, a terminal.
    pub(crate) fn enabled(self, is_terminal: bool) -> bool {
        match self {
            Self::Always => true,
            Self::Never => false,
            Self::Auto => is_terminal && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty()),
        }
    }
}

/// Options of every command.
#[derive(Debug, Clone, Args)]
pub(crate) struct Global {
    /// Go to this folder first
    #[arg(short = 'C', value_name = "DIR", global = true)]
    pub directory: Option<PathBuf>,
    /// Print one JSON object instead of text
    #[arg(long, global = true)]
    pub json: bool,
    /// Print results only
    #[arg(long, global = true)]
    pub quiet: bool,
    /// When to use colour
    #[arg(long, value_name = "WHEN", default_value = "auto", global = true)]
    pub color: Color,
}

/// Dataset versioning for microscopy images and their annotations.
#[derive(Debug, Parser)]
#[command(
    name = "holotype",
    version,
    max_term_width = 100,
    subcommand_required = true,
    disable_help_subcommand = true
)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub global: Global,
    #[command(subcommand)]
    pub command: Command,
}

/// The commands, in the order in which a newcomer meets them.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Init(commands::init::InitArgs),
    Add(commands::add::AddArgs),
    Metadata(commands::metadata::MetadataArgs),
    Import(Box<commands::import::ImportArgs>),
    Record(commands::record::RecordArgs),
    Set(commands::set::SetArgs),
    Status(commands::status::StatusArgs),
    Commit(commands::commit::CommitArgs),
    Discard(commands::discard::DiscardArgs),
    Log(commands::log::LogArgs),
    Show(commands::show::ShowArgs),
    List(commands::list::ListArgs),
    Diff(commands::diff::DiffArgs),
    Blame(commands::blame::BlameArgs),
    Revert(commands::revert::RevertArgs),
    Agreement(commands::agreement::AgreementArgs),
    Completeness(commands::completeness::CompletenessArgs),
    Consensus(commands::consensus::ConsensusArgs),
    Round(commands::round::RoundArgs),
    Split(commands::split::SplitArgs),
    Check(commands::check::CheckArgs),
    Vocabulary(commands::vocabulary::VocabularyArgs),
    Tag(commands::tag::TagArgs),
    Release(Box<commands::release::ReleaseArgs>),
    Cite(commands::cite::CiteArgs),
    Resolve(commands::resolve::ResolveArgs),
    Errata(commands::errata::ErrataArgs),
    Derive(commands::derive::DeriveArgs),
    Datasheet(commands::datasheet::DatasheetArgs),
    Export(commands::export::ExportArgs),
    Checkout(commands::checkout::CheckoutArgs),
    Verify(commands::verify::VerifyArgs),
    Repair(commands::repair::RepairArgs),
    Erase(commands::erase::EraseArgs),
    Gc(commands::gc::GcArgs),
    Index(commands::index::IndexArgs),
    Demo(commands::demo::DemoArgs),
}

/// Reads the command line; on help, version or error the exit code.
pub(crate) fn parse() -> Result<Cli, u8> {
    match Cli::try_parse() {
        Ok(cli) => Ok(cli),
        Err(error) if error.use_stderr() => {
            let text = error.render().to_string();
            let first = first_line(&text);
            let tip = text.lines().find_map(|line| line.trim().strip_prefix("tip: "));
            let hint = tip.map_or_else(|| hint_for(&text), |tip| format!("{tip}; see holotype --help"));
            let mut stderr = std::io::stderr().lock();
            let _ = writeln!(stderr, "{first}");
            let _ = writeln!(stderr, "Hint: {hint}");
            Err(USAGE)
        }
        Err(message) => Err(if message.print().is_ok() {
            0
        } else {
            crate::failure::IO
        }),
    }
}

/// What is wrong, in one line; what stands indented below it, such as arguments that are missing, belongs to it.
fn first_line(text: &str) -> String {
    let mut lines = text.lines().filter(|line| !line.trim().is_empty());
    let first = lines
        .next()
        .unwrap_or("error: the command line cannot be understood");
    let below: Vec<&str> = lines
        .take_while(|line| first.ends_with(':') && line.starts_with("  "))
        .map(str::trim)
        .collect();
    [&[first], below.as_slice()].concat().join(" ")
}

/// Where to look after a mistake: the command's own help, where the line names one.
fn hint_for(text: &str) -> String {
    let usage = text
        .lines()
        .find_map(|line| line.trim().strip_prefix("Usage: holotype "));
    let command = usage
        .and_then(|usage| usage.split(' ').next())
        .filter(|word| word.starts_with(char::is_alphabetic));
    match command {
        Some(command) => format!("see holotype {command} --help"),
        None => "see holotype --help".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::first_line;

    #[test]
    fn what_is_missing_stands_in_the_line() {
        let text = "error: the following arguments are missing:\n  --message <MESSAGE>\n  <NAME>\n\nUsage: holotype tag\n";
        assert_eq!(
            first_line(text),
            "error: the following arguments are missing: --message <MESSAGE> <NAME>"
        );
        assert_eq!(first_line("error: no\n\n  tip: yes\n"), "error: no");
        assert_eq!(first_line(""), "error: the command line cannot be understood");
    }
}
