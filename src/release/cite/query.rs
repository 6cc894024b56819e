//! Stored queries: a part of a version that can be cited, as *Data Citation of Evolving Data* (Research Data Alliance, 2015)
//! recommends. What is stored is the expression in its normal form, the version that it was asked of, how many annotations
//! it chose, and the digest of what is recorded of them; the id is BLAKE3 of all that. It stands as the fact `query.ID` of
//! the dataset, so that event, author and time are those of the fact.

use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::super::hashed::Hashed;
use super::super::{NamedFilter, ReleaseError, safe_name};
use crate::codec::{EncodeError, Extra, Record, Tag, from_canonical, record, to_canonical};
use crate::export::{Dataset, ExportOptions, Filter, ImageRow, Parts, Row, export_parquet};
use crate::files::output::StagedFolder;
use crate::id::{AnnotationId, Code, CommitId, Digest, QueryId, SnapshotId};
use crate::model::{AnnotationRecord, FactValue, Facts, RatingRecord};
use crate::repo::{Repo, Version};

/// Stands before the id of a stored query in the fact of the dataset that holds it.
pub const QUERY_FACT: &str = "query.";

/// Stands before the id of a stored query in a citation.
pub(super) const QUERY_MARK: &str = "?query#";

record! {
    /// A stored query. Canonical JSON.
    pub struct QueryRecord {
        /// The commit that was asked.
        pub commit: CommitId,
        /// How many annotations it chose.
        pub count: u64,
        /// The random number that tells the dataset from all others.
        pub dataset: Digest,
        /// The format.
        pub format: Tag<QueryRecord>,
        /// The expression, in its normal form.
        pub query: String,
        /// BLAKE3 of what is recorded of these annotations ([`select`]).
        pub result: Digest,
        /// The content of the version that was asked.
        pub snapshot: SnapshotId,
        /// The tag of that version, where it was asked by one.
        pub version: Option<String> = optional,
    }
}

impl Record for QueryRecord {
    const FORMAT: &'static str = "holotype/query/1";
}

/// A stored query with its id.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredQuery {
    /// BLAKE3 of the record.
    pub id: QueryId,
    /// The record.
    pub record: QueryRecord,
}

/// How many annotations were chosen, and the digest of what is recorded of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Selected {
    /// How many.
    pub count: u64,
    /// BLAKE3 of the lines.
    pub result: Digest,
}

/// A citation of a stored query: `NAME@vVERSION?query#ID`, with what follows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueryCitation {
    /// The query.
    pub id: QueryId,
    /// The commit, where it is given.
    pub commit: Option<CommitId>,
    /// The snapshot, where it is given.
    pub snapshot: Option<SnapshotId>,
}

/// What is recorded of an annotation, as a line.
#[derive(Serialize)]
struct Line<'a> {
    annotation: AnnotationId,
    image: &'a str,
    label: Option<&'a str>,
    ratings: Vec<RatingLine<'a>>,
    record: &'a AnnotationRecord,
}

#[derive(Serialize)]
struct RatingLine<'a> {
    annotator: &'a Code,
    n: u32,
    record: &'a RatingRecord,
    round: u32,
}

/// Writes what is recorded of the annotations that a filter takes: a line of canonical JSON each, by id, with the image's
/// name, the agreed label, the record and the ratings. The digest is that of these bytes, so that `b3sum` gives it.
///
/// # Errors
/// [`ReleaseError`] when the version cannot be read or `out` not be written.
pub fn select(version: &Version, filter: Filter<'_>, out: &mut dyn Write) -> Result<Selected, ReleaseError> {
    let dataset = Dataset::open(version, None)?;
    let mut images: Vec<&ImageRow> = dataset.images().iter().collect();
    images.sort_by_key(|image| image.id);
    let mut out = BufWriter::new(Hashed::new(out));
    let mut count = 0;
    let lines_of = |_: &ImageRow, rows: Vec<Row<'_>>| {
        let taken = rows.iter().filter(|row| filter.takes(row));
        let lines = taken.map(|row| to_canonical(&line_of(row)));
        lines.collect::<Result<Vec<Vec<u8>>, EncodeError>>()
    };
    let mut write = |lines: Result<Vec<Vec<u8>>, EncodeError>| -> Result<(), ReleaseError> {
        for line in lines? {
            out.write_all(&line)?;
            out.write_all(b"\n")?;
            count += 1;
        }
        Ok(())
    };
    dataset
        .rows()
        .each_image(images, Parts::ALL, lines_of, &mut write)?;
    let hashed = out.into_inner().map_err(io::IntoInnerError::into_error)?;
    let (_, result) = hashed.finish();
    Ok(Selected { count, result })
}

fn line_of<'r>(row: &'r Row<'_>) -> Line<'r> {
    let ratings = row.ratings.iter().map(|rating| RatingLine {
        annotator: &rating.key.annotator,
        n: rating.key.n,
        record: &rating.record,
        round: rating.key.round,
    });
    Line {
        annotation: row.annotation,
        image: &row.image.record.name,
        label: row.label_name,
        ratings: ratings.collect(),
        record: &row.record,
    }
}

impl StoredQuery {
    /// Names a record.
    fn of(record: QueryRecord) -> Result<Self, EncodeError> {
        Ok(Self {
            id: QueryId::of(&to_canonical(&record)?),
            record,
        })
    }

    /// Asks a version, by its tag where one is given. Nothing is recorded.
    ///
    /// # Errors
    /// [`ReleaseError::NoCommit`] for the version before the first commit, or when it cannot be read.
    pub fn ask(
        repo: &Repo,
        version: &Version,
        tag: Option<&str>,
        query: NamedFilter<'_>,
    ) -> Result<Self, ReleaseError> {
        let (Some(commit), Some(sealed)) = (version.id(), version.commit()) else {
            return Err(ReleaseError::NoCommit);
        };
        let selected = select(version, query.filter, &mut io::sink())?;
        Ok(Self::of(QueryRecord {
            commit,
            count: selected.count,
            dataset: repo.store().repository().id,
            format: Tag::default(),
            query: query.text.to_owned(),
            result: selected.result,
            snapshot: sealed.snapshot,
            version: tag.map(str::to_owned),
            extra: Extra::default(),
        })?)
    }

    /// Returns the fact of the dataset that stores it.
    ///
    /// # Errors
    /// [`ReleaseError::Encode`] when the record cannot be written.
    pub fn fact(&self) -> Result<(String, FactValue), ReleaseError> {
        let bytes = to_canonical(&self.record)?;
        let text = String::from_utf8(bytes).map_err(io::Error::other)?;
        Ok((format!("{QUERY_FACT}{}", self.id), FactValue::Text(text)))
    }

    /// Reads one of the facts of the dataset; `None` when it is no stored query, or not the one that its name says.
    fn read(name: &str, value: &FactValue) -> Option<Self> {
        let id = QueryId::parse(name.strip_prefix(QUERY_FACT)?).ok()?;
        let bytes = value.as_text()?.as_bytes();
        (QueryId::of(bytes) == id).then_some(())?;
        let record = from_canonical(bytes).ok()?;
        Some(Self { id, record })
    }

    /// Finds the query that was stored before with the same expression and the same result: that of the same commit where
    /// `commit` is given, else the first by id.
    #[must_use]
    pub fn stored_as(&self, facts: &Facts, commit: Option<CommitId>) -> Option<Self> {
        stored_queries(facts).find(|stored| {
            stored.record.query == self.record.query
                && stored.record.result == self.record.result
                && stored.record.count == self.record.count
                && stored.record.dataset == self.record.dataset
                && commit.is_none_or(|commit| commit == stored.record.commit)
        })
    }
}

/// Returns the stored queries among the facts of the dataset, by id.
pub fn stored_queries(facts: &Facts) -> impl Iterator<Item = StoredQuery> {
    facts
        .range(QUERY_FACT.to_owned()..)
        .take_while(|(name, _)| name.starts_with(QUERY_FACT))
        .filter_map(|(name, value)| StoredQuery::read(name, value))
}

impl QueryCitation {
    /// Finds a citation in a text: 64 hex digits behind the first `?query#`. `Commit ID` and `snapshot ID` count wherever
    /// they stand behind it.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let behind = text.get(text.find(QUERY_MARK)? + QUERY_MARK.len()..)?;
        let id_behind = |word: &str| {
            let at = behind.rfind(word)? + word.len();
            behind.get(at..)?.get(..64)
        };
        Some(Self {
            id: QueryId::parse(behind.get(..64)?).ok()?,
            commit: id_behind("Commit ").and_then(|id| CommitId::parse(id).ok()),
            snapshot: id_behind("snapshot ").and_then(|id| SnapshotId::parse(id).ok()),
        })
    }

    /// Finds the stored query among the facts of this repository's dataset, as it was cited.
    ///
    /// # Errors
    /// [`ReleaseError::UnresolvedQuery`] when it is not there, or is another than was cited.
    pub fn find(&self, repo: &Repo, facts: &Facts) -> Result<StoredQuery, ReleaseError> {
        let name = format!("{QUERY_FACT}{}", self.id);
        let value = facts
            .get(&name)
            .ok_or_else(|| self.unresolved("this repository has no such stored query"))?;
        let stored = StoredQuery::read(&name, value)
            .ok_or_else(|| self.unresolved("what is stored under this id here is something else"))?;
        let record = &stored.record;
        if record.dataset != repo.store().repository().id {
            return Err(self.unresolved("it was asked of another dataset"));
        }
        if self.commit.is_some_and(|commit| commit != record.commit) {
            return Err(self.unresolved(format!("it was asked of the commit {}", record.commit)));
        }
        if self.snapshot.is_some_and(|snapshot| snapshot != record.snapshot) {
            return Err(self.unresolved(format!("it was asked of the snapshot {}", record.snapshot)));
        }
        Ok(stored)
    }

    fn unresolved(&self, why: impl Into<String>) -> ReleaseError {
        ReleaseError::UnresolvedQuery {
            id: self.id,
            why: why.into(),
        }
    }

    /// Writes what the query chooses, if it is what was cited: `version` is that of the stored query's commit.
    ///
    /// # Errors
    /// [`ReleaseError::UnresolvedQuery`] when the log gives something else, or when something cannot be read or written.
    pub fn write(
        &self,
        stored: &StoredQuery,
        version: &Version,
        filter: Filter<'_>,
        out: &mut dyn Write,
    ) -> Result<(), ReleaseError> {
        let record = &stored.record;
        if let Some(commit) = version
            .commit()
            .filter(|commit| commit.snapshot != record.snapshot)
        {
            return Err(self.unresolved(format!("the snapshot of its commit here is {}", commit.snapshot)));
        }
        let found = select(version, filter, out)?;
        if (found.count, found.result) != (record.count, record.result) {
            return Err(self.unresolved(format!(
                "the log gives {} annotations with the digest {}, and {} with {} are cited",
                found.count, found.result, record.count, record.result
            )));
        }
        Ok(())
    }

    /// Makes a folder below `out_dir` with what the query chooses: `query.json`, whose BLAKE3 is the id,
    /// `annotations.jsonl`, whose BLAKE3 is the result, and the same rows as `annotations.parquet`.
    ///
    /// # Errors
    /// As [`QueryCitation::write`]; then nothing is there.
    pub fn make(
        &self,
        repo: &Repo,
        stored: &StoredQuery,
        version: &Version,
        filter: Filter<'_>,
        out_dir: &Path,
    ) -> Result<PathBuf, ReleaseError> {
        let short: String = stored.id.to_string().chars().take(12).collect();
        let path = out_dir.join(format!("{}-query-{short}", safe_name(repo.name())));
        let mut folder = StagedFolder::create(&path)?;
        folder.write_file("query.json", &to_canonical(&stored.record)?)?;
        let mut rows = folder.create_file("annotations.jsonl")?;
        self.write(stored, version, filter, &mut rows)?;
        rows.finish()?;
        let options = ExportOptions {
            name: repo.name(),
            filter,
            repository: Some(stored.record.dataset),
            ..ExportOptions::default()
        };
        let mut table = folder.create_file("annotations.parquet")?;
        export_parquet(version, None, &mut table, &options)?;
        table.finish()?;
        folder.publish()?;
        Ok(path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn record(query: &str) -> QueryRecord {
        QueryRecord {
            commit: CommitId::of(b"c"),
            count: 3,
            dataset: Digest::of(b"d"),
            format: Tag::default(),
            query: query.to_owned(),
            result: Digest::of(b"r"),
            snapshot: SnapshotId::of(b"s"),
            version: None,
            extra: Extra::default(),
        }
    }

    #[test]
    fn a_citation_is_found_in_a_line() {
        let (id, commit, snapshot) = (QueryId::of(b"q"), CommitId::of(b"c"), SnapshotId::of(b"s"));
        let bare = format!("Müller's cells@v1.0.0{QUERY_MARK}{id}");
        let long = format!(
            "Ngo, B. (2026). Cells. {bare} 3 annotations for which label == \"Commit x, snapshot y\". Commit {commit}, snapshot {snapshot}."
        );
        let parsed = QueryCitation::parse(&long).unwrap();
        assert_eq!(
            (parsed.id, parsed.commit, parsed.snapshot),
            (id, Some(commit), Some(snapshot))
        );
        let short = QueryCitation::parse(&bare).unwrap();
        assert_eq!((short.id, short.commit, short.snapshot), (id, None, None));
        for bad in ["", "cells@1.0.0?query#", "?query#00ff", &format!("cells#{id}")] {
            assert_eq!(QueryCitation::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn the_same_expression_and_result_are_found_again() {
        let first = StoredQuery::of(record("label == \"a\"")).unwrap();
        let facts: Facts = [first.fact().unwrap()].into();
        let later = StoredQuery::of(QueryRecord {
            commit: CommitId::of(b"later"),
            ..record("label == \"a\"")
        })
        .unwrap();
        assert_ne!(later.id, first.id);
        assert_eq!(later.stored_as(&facts, None), Some(first.clone()));
        assert_eq!(later.stored_as(&facts, Some(later.record.commit)), None);
        assert_eq!(later.stored_as(&facts, Some(first.record.commit)), Some(first));
        let other = StoredQuery::of(QueryRecord {
            result: Digest::of(b"other"),
            ..record("label == \"a\"")
        });
        assert_eq!(other.unwrap().stored_as(&facts, None), None);
    }

    proptest! {
        #[test]
        fn a_fact_with_other_bytes_is_no_stored_query(at in 0_usize..200, byte in b'0'..b'z') {
            let stored = StoredQuery::of(record("label == \"a\"")).unwrap();
            let (name, value) = stored.fact().unwrap();
            prop_assert_eq!(StoredQuery::read(&name, &value), Some(stored));
            let mut bytes = value.as_text().unwrap().as_bytes().to_vec();
            let at = at % bytes.len();
            prop_assume!(bytes[at] != byte);
            bytes[at] = byte;
            let changed = FactValue::from(String::from_utf8(bytes).unwrap().as_str());
            prop_assert_eq!(StoredQuery::read(&name, &changed), None);
        }
    }
}
