//! `datasheet`: what is known of a version, from the log; and a form for what only people know.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use holotype::files::input::read_file;
use holotype::files::output::{Existing, StagedFile};
use holotype::model::{FactChanges, FactValue};
use holotype::release::{ANSWER_FACT, Answer, Answered, QUESTIONS, answers, tally};
use serde_json::{Value, json};
use toml::de::DeTable;

use crate::app::{App, plural};
use crate::commands::dataset_facts;
use crate::failure::Failure;

/// Writes the datasheet of a version, every number from the log
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct DatasheetArgs {
    #[command(subcommand)]
    command: Option<DatasheetCommand>,
    /// The revision; HEAD where none is given
    revision: Option<String>,
}

#[derive(Debug, Subcommand)]
enum DatasheetCommand {
    Edit(EditArgs),
}

/// Writes a form with the questions that only people answer, or records the answers of one that is there
#[derive(Debug, Args)]
struct EditArgs {
    /// The form, a TOML file: where it is not there it is written, else its answers are recorded
    form: PathBuf,
}

pub(crate) fn run(app: &mut App, args: &DatasheetArgs) -> Result<u8, Failure> {
    if let Some(DatasheetCommand::Edit(args)) = &args.command {
        let path = app.user_path(&args.form);
        return if path.exists() {
            record(app, &path)
        } else {
            write_form(app, &path)
        };
    }
    let repo = app.repo()?;
    let version = repo.version(repo.resolve(args.revision.as_deref().unwrap_or("HEAD"))?)?;
    let text = holotype::release::datasheet(&repo, &version, None)?;
    let answered = answers(&repo, &version)?;
    let questions: Vec<Value> = QUESTIONS
        .iter()
        .zip(&answered)
        .map(|(question, answered)| question_json(question.text, answered))
        .collect();
    app.out.object(
        "holotype/datasheet/1",
        &json!({
            "commit": version.id(), "markdown": text, "questions": questions, "answered": tally(&answered),
        }),
    )?;
    app.out.line(text.trim_end())?;
    Ok(0)
}

fn question_json(text: &str, answered: &Answered) -> Value {
    let (by_log, evidence, extent) = match &answered.by_log {
        Answer::Full(said, evidence) => (Some(said), Some(evidence), "full"),
        Answer::Part(said, evidence) => (Some(said), Some(evidence), "part"),
        Answer::Open => (None, None, "open"),
    };
    let kinds = evidence.map(|evidence| evidence.kinds.iter().copied().collect::<BTreeMap<_, _>>());
    json!({
        "name": answered.name, "question": text, "log": extent, "answer": by_log,
        "evidence": evidence.map(|evidence| evidence.query),
        "evidence_events": evidence.map(|evidence| &evidence.events),
        "evidence_kinds": kinds,
        "makers": answered.by_makers,
    })
}

/// Writes the form: every question that the log does not answer wholly, with the present answer.
fn write_form(app: &mut App, path: &Path) -> Result<u8, Failure> {
    let repo = app.repo()?;
    let answered = answers(&repo, &repo.head_version()?)?;
    let mut out = String::from(
        "# What only people know of this dataset. Answer between the quotes, leave what is not known empty, and run\n\
         # holotype datasheet edit with this file again. Answers are recorded with author and date, and are published\n\
         # with releases: no names of patients.\n",
    );
    let mut questions = 0;
    for (question, answered) in QUESTIONS.iter().zip(&answered) {
        let known = match &answered.by_log {
            Answer::Full(..) => continue,
            Answer::Part(said, _) => format!("# The log says: {}\n", said.replace('\n', " ")),
            Answer::Open => String::new(),
        };
        questions += 1;
        // A JSON string is a basic string of TOML.
        let text = answered
            .by_makers
            .clone()
            .unwrap_or_default()
            .replace('\u{7f}', " ");
        out.push_str(&format!(
            "\n# {}: {}\n{known}\"{}\" = {}\n",
            question.section.title(),
            question.text,
            question.name,
            Value::String(text)
        ));
    }
    let mut file = StagedFile::create(path, Existing::Refuse)?;
    file.write_all(out.as_bytes()).map_err(|error| {
        Failure::new(
            crate::failure::IO,
            format!("cannot write {}: {error}", path.display()),
            "check the disk, and run the command again",
        )
    })?;
    file.publish()?;
    app.out.object(
        "holotype/datasheet-edit/1",
        &json!({"form": path, "questions": questions, "events": 0}),
    )?;
    app.out
        .line(format!("wrote {questions} questions to {}", path.display()))?;
    app.out.line("answer them there, and run the command again")?;
    Ok(0)
}

/// Records the answers that differ from the present ones, in the draft.
fn record(app: &mut App, path: &Path) -> Result<u8, Failure> {
    let bad = |why: String| {
        Failure::refused(
            format!("{}: {why}", path.display()),
            "each answer is a line \"NAME\" = \"TEXT\"; delete the file and run the command to have a new form",
        )
    };
    let bytes = read_file(path, 1 << 22)?;
    let text = String::from_utf8(bytes).map_err(|_| bad("it is not UTF-8".to_owned()))?;
    let table = DeTable::parse(&text).map_err(|error| bad(error.message().to_owned()))?;
    let mut form: BTreeMap<String, String> = BTreeMap::new();
    for (name, value) in table.get_ref() {
        let name = name.get_ref().to_string();
        let answer = value
            .get_ref()
            .as_str()
            .ok_or_else(|| bad(format!("the answer of '{name}' is no text")))?;
        form.insert(name, answer.to_owned());
    }
    let repo = app.repo()?;
    let present = answers(&repo, &repo.head_version()?)?;
    let mut changes = FactChanges::new();
    for (name, answer) in &form {
        let known = present
            .iter()
            .find(|answered| answered.name == name)
            .ok_or_else(|| bad(format!("'{}' is no question", crate::output::one_line(name))))?;
        let answer = answer.trim();
        if known.by_makers.as_deref().unwrap_or_default() != answer {
            let value = (!answer.is_empty()).then(|| FactValue::from(answer));
            changes.insert(format!("{ANSWER_FACT}{name}"), value);
        }
    }
    let answers = changes.len();
    let mut events = 0;
    if !changes.is_empty() {
        events = dataset_facts::draft(&repo, &app.context(&repo)?, changes)?;
    }
    app.out.object(
        "holotype/datasheet-edit/1",
        &json!({"form": path, "answers": answers, "events": events}),
    )?;
    app.out.line(format!(
        "recorded {answers} answer{}",
        plural(u64::try_from(answers).unwrap_or(0))
    ))?;
    Ok(0)
}
