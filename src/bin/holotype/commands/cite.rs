//! `cite`: names an exact version, or a part of it that a stored query chooses.

use clap::Args;
use holotype::model::FactChanges;
use holotype::release::{CiteFormat, NamedFilter, StoredQuery, cite, cite_query, withdrawal};
use holotype::repo::Repo;
use serde_json::json;

use crate::app::App;
use crate::commands::dataset_facts;
use crate::commands::export::{RowFilter, row_filter};
use crate::failure::Failure;
use crate::filter::normal;
use crate::output::one_line;

/// Cites an exact version, or a part of it
#[derive(Debug, Args)]
pub(crate) struct CiteArgs {
    /// A release's version, a tag, or any revision; with --query HEAD where none is given
    #[arg(required_unless_present = "query")]
    version: Option<String>,
    /// Cite the annotations for which this CEL expression is true; the query is stored as a fact of the dataset
    #[arg(long, value_name = "EXPR")]
    query: Option<String>,
    /// text, bibtex, cff or datacite
    #[arg(long, default_value = "text")]
    format: String,
}

pub(crate) fn run(app: &mut App, args: &CiteArgs) -> Result<u8, Failure> {
    let repo = app.repo()?;
    let format = CiteFormat::parse(&args.format).ok_or_else(|| {
        Failure::usage(
            format!("'{}' is no form of a citation", args.format),
            "forms are text, bibtex, cff, datacite",
        )
    })?;
    let version = args.version.as_deref().unwrap_or("HEAD");
    let (text, stored) = match &args.query {
        Some(query) => {
            let stored = store(app, &repo, args.version.as_deref(), query)?;
            (cite_query(&repo, &stored.query, format)?, Some(stored))
        }
        None => (cite(&repo, version, format)?, None),
    };
    let of = stored
        .as_ref()
        .and_then(|stored| stored.query.record.version.as_deref())
        .unwrap_or(version);
    let tombstone = withdrawal(&repo, of)?.map(|withdrawal| one_line(&withdrawal.to_string()));
    app.out.object(
        "holotype/cite/1",
        &json!({
            "version": of, "format": args.format, "citation": text, "withdrawn": tombstone,
            "query": stored.as_ref().map(|stored| {
                let record = &stored.query.record;
                json!({
                    "id": stored.query.id, "query": record.query, "count": record.count, "result": record.result,
                    "commit": record.commit, "snapshot": record.snapshot, "events": stored.events,
                })
            }),
        }),
    )?;
    if let Some(tombstone) = tombstone {
        app.out.note(tombstone);
    }
    if stored.is_some_and(|stored| stored.events > 0) {
        app.out
            .note("the query is stored in the draft; commit it, so that it resolves in copies, too");
    }
    app.out.line(text.trim_end())?;
    Ok(0)
}

/// A stored query, and how many events that took.
struct Stored {
    query: StoredQuery,
    events: u64,
}

/// Asks a version, and stores the query unless it is stored already with the same result.
fn store(app: &App, repo: &Repo, revision: Option<&str>, text: &str) -> Result<Stored, Failure> {
    let version = repo.version(repo.resolve(revision.unwrap_or("HEAD"))?)?;
    let tag = match revision {
        Some(name) => repo.store().read_tag(name)?.map(|tag| tag.name),
        None => None,
    };
    let text = normal(text);
    let filter = row_filter(&version, &text)?;
    let asked = with_every_row(&filter, &text, |named| {
        Ok(StoredQuery::ask(repo, &version, tag.as_deref(), named)?)
    })?;
    if asked.record.count == 0 {
        return Err(Failure::refused(
            format!("no annotation is chosen by '{}'", one_line(&text)),
            "try the expression with holotype list annotations --where EXPR",
        ));
    }
    let commit = revision.and(version.id());
    if let Some(query) = asked.stored_as(&dataset_facts::drafted(repo)?, commit) {
        return Ok(Stored { query, events: 0 });
    }
    let (name, value) = asked.fact()?;
    let changes = FactChanges::from([(name, Some(value))]);
    let events = dataset_facts::draft(repo, &app.context(repo)?, changes)?;
    Ok(Stored { query: asked, events })
}

/// Runs something with the meaning of an expression; where that cannot be evaluated for a row, it is refused.
pub(crate) fn with_every_row<T>(
    filter: &RowFilter<'_>,
    text: &str,
    run: impl FnOnce(NamedFilter<'_>) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let failed = std::sync::Mutex::new(None);
    let takes = |row: &holotype::export::Row<'_>| {
        filter.accepts(row).unwrap_or_else(|failure| {
            let mut failed = failed.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            failed.get_or_insert(failure);
            false
        })
    };
    let done = run(NamedFilter {
        text,
        filter: holotype::export::version::Filter {
            image: None,
            annotation: Some(&takes),
        },
    });
    let failed = failed
        .into_inner()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    match failed {
        Some(failure) => Err(failure),
        None => done,
    }
}
