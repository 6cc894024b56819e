//! Opens a long file: what all of its annotations decide together is decided, and they stay in the file.

use std::path::Path;
use std::sync::Mutex;

use rayon::prelude::*;

use super::super::json::Context;
use super::again::Again;
use super::assemble::{Assembler, Lists, people, weigh};
use super::boxes::Evidence;
use super::error::CocoError;
use super::in_file::{InFile, Reported};
use super::index::Places;
use super::repeats::repeats;
use super::scan::{Scan, Scanned, scan};
use super::sizes::Sizes;
use super::source::{Limits, Source};
use super::{CocoOptions, VoteChoice, read_coco};
use crate::id::Digest;
use crate::import::document::Document;
use crate::import::progress::Progress;

/// A file as opened.
#[derive(Debug)]
pub struct Opened {
    /// What it says; without annotations where these stay in the file.
    pub document: Document,
    /// The digest of its bytes.
    pub digest: Digest,
    /// Its annotations; `None` where they are in the document.
    pub in_file: Option<InFile>,
}

/// Opens a file that is too long to be held. `source` is its name without folders, for messages.
///
/// # Errors
/// [`CocoError`] as for [`read_coco`], or when the file cannot be read.
pub fn open_coco(
    source: &str,
    path: &Path,
    options: &CocoOptions,
    progress: &dyn Progress,
) -> Result<Opened, CocoError> {
    open(source, path, options, progress, Limits::default())
}

pub(super) fn open(
    name: &str,
    path: &Path,
    options: &CocoOptions,
    progress: &dyn Progress,
    limits: Limits,
) -> Result<Opened, CocoError> {
    let source = Source::open(name, path)?;
    let mut context = Context::new(name);
    let opened = match scan(&source, limits, progress, &mut context)? {
        Scan::Long(scanned) => return long(source, *scanned, context, options, limits),
        Scan::Whole(bytes, digest) => Opened {
            document: read_coco(name, &bytes, options)?,
            digest,
            in_file: None,
        },
        Scan::Broken(broken) => {
            let document = broken.read(&source, limits.window, options);
            source.check()?;
            let (document, digest) = document?;
            Opened {
                document,
                digest,
                in_file: None,
            }
        }
    };
    source.check()?;
    Ok(opened)
}

/// Decides what all annotations decide together.
fn long(
    source: Source,
    scanned: Scanned,
    mut context: Context<'_>,
    options: &CocoOptions,
    limits: Limits,
) -> Result<Opened, CocoError> {
    let Scanned {
        file,
        mut index,
        mut evidence,
        sizes,
        digest,
    } = scanned;
    // What was read of a file that changed meanwhile means nothing.
    source.check()?;
    let lists = Lists::take(file, &mut context)?;
    let again = Again {
        source: &source,
        places: &index.places,
        window: limits.window,
    };
    let repeats = repeats(std::mem::take(&mut index.ids), again, &mut context)?;
    let known = Sizes::known(&lists);
    if lists.needs_evidence(options) && known != sizes {
        evidence = weigh_again(again, &known, limits.chunk)?;
    }
    let decision = lists.decide(&source.name, options, &evidence)?;
    let (mut document, meaning) = lists.meaning(options, decision);
    let votes = std::mem::take(&mut index.votes);
    let has_local_ids = index.has_local_ids;
    let (places, by_image) = index.by_image(document.images.len(), |id| meaning.place(id));
    let in_file = InFile {
        source,
        places,
        by_image,
        repeats,
        meaning,
        window: limits.window,
        has_local_ids,
        reported: Mutex::default(),
    };
    let told = in_file.assemble(&in_file.by_image.nowhere, &mut Vec::new())?;
    let mut reported = Reported::default();
    reported.told.merge(told);
    let in_file = InFile {
        reported: Mutex::new(reported),
        ..in_file
    };
    document.people = match options.votes {
        VoteChoice::Ratings => people(longest(&in_file, &votes)?),
        VoteChoice::Ignore => Vec::new(),
    };
    document.report = context.report;
    Ok(Opened {
        document,
        digest,
        in_file: Some(in_file),
    })
}

/// Counts once more what boxes tell, where the images were not as they were guessed to be.
fn weigh_again(again: Again<'_>, sizes: &Sizes, chunk: usize) -> Result<Evidence, CocoError> {
    let places: &Places = again.places;
    let records: Vec<u32> = (0..places.count()).collect();
    let parts = records.par_chunks(chunk).map(|records| {
        let mut evidence = Evidence::default();
        let mut raws = Vec::with_capacity(records.len());
        again.each(records, |_, raw| {
            raws.push(raw);
            Ok(())
        })?;
        weigh(&mut evidence, raws.iter(), |image| sizes.of(image));
        Ok(evidence)
    });
    let mut evidence = Evidence::default();
    for part in parts.collect::<Result<Vec<_>, CocoError>>()? {
        evidence.merge(&part);
    }
    Ok(evidence)
}

/// Returns how many votes the annotation with the most of them has. Only records that become annotations count, so
/// that those with the most votes are tried until one does.
fn longest(in_file: &InFile, votes: &[u8]) -> Result<usize, CocoError> {
    let mut counts = [0_usize; 256];
    for count in votes {
        if let Some(counted) = counts.get_mut(usize::from(*count)) {
            *counted += 1;
        }
    }
    let present = (1..=u8::MAX).rev().filter(|count| {
        counts
            .get(usize::from(*count))
            .is_some_and(|counted| *counted > 0)
    });
    for count in present {
        let mut longest = 0;
        let records = (0_u32..).zip(votes).filter(|(_, votes)| **votes == count);
        for (record, _) in records {
            longest = longest.max(in_file.votes(record)?);
            // The last number stands for longer lists, too, so that all of them are looked at.
            if longest > 0 && count < u8::MAX {
                return Ok(longest);
            }
        }
        if longest > 0 {
            return Ok(longest);
        }
    }
    Ok(0)
}

impl InFile {
    /// Returns how many votes a record has; none where it is no annotation.
    fn votes(&self, record: u32) -> Result<usize, CocoError> {
        if self.repeats.binary_search(&record).is_ok() {
            return Ok(0);
        }
        let mut assembler = Assembler::new(&self.meaning, &self.source.name);
        let index = usize::try_from(record).unwrap_or(usize::MAX);
        assembler.annotation(index, self.again().one(record)?);
        Ok(assembler.people)
    }
}
