//! Who made a change, when, with what and why: the events between two versions that touched what changed. Each
//! batch that can hold one is read once, whatever the number of changes.

mod subject;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use crate::codec::lines;
use crate::event::{BatchReader, Event, LoggedEvent, Tool};
use crate::id::{Code, CommitId, ImagePrefix, PrivateId};
use crate::log::{BatchRange, Commit, first_parents, read_batch};
use crate::model::{Key, KeyParts, RatingKey};
use crate::snapshot::changes::{ChangeItem, ChangeKind, CompareError, Comparison, Entity, compare};
use crate::time::Timestamp;

use super::{Repo, RepoError, Version};
use subject::{Aspect, rating_given, rating_group, subjects};

/// The bytes with which the line of an event about an annotation begins.
const ANNOTATION_LINE: &[u8] = b"{\"annotation\":\"";

/// Who made a change, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attribution {
    /// Who recorded it, as text: a name, or "erased on …".
    pub author: Option<String>,
    /// Who rates, where somebody does.
    pub annotator: Option<Code>,
    /// When it happened, as far as known.
    pub at: Option<Timestamp>,
    /// Why.
    pub reason: Option<String>,
    /// With which program.
    pub tool: Option<Tool>,
    /// The event; `None` in the draft.
    pub event: Option<String>,
    /// The commit that sealed it; `None` in the draft.
    pub commit: Option<CommitId>,
}

impl From<CompareError> for RepoError {
    fn from(error: CompareError) -> Self {
        match error {
            CompareError::Tree(error) => Self::Tree(error),
            CompareError::State(error) => Self::State(error),
        }
    }
}

impl Version {
    /// Compares this version with a later or another one of the same repository.
    ///
    /// # Errors
    /// [`RepoError`] when one of them cannot be read.
    pub fn compare(&self, after: &Self) -> Result<Comparison, RepoError> {
        Ok(compare(self.nodes(), self.tree(), after.tree())?)
    }
}

/// The events that can explain changes.
#[derive(Default)]
struct Found {
    events: Vec<(LoggedEvent, Option<(CommitId, String)>)>,
    /// The event that explains a record best, by what was done to it.
    last: HashMap<(Key, Aspect), usize>,
    /// The events that gave ratings, in order, by [`rating_group`].
    ratings: HashMap<Key, Vec<usize>>,
    /// The last event that withdrew an annotation.
    withdrawn: HashMap<Key, usize>,
}

/// What is looked for.
struct Wanted {
    annotations: BTreeSet<String>,
    images: BTreeSet<ImagePrefix>,
}

impl Repo {
    /// Finds for each change who made it: the last event between the two versions that explains it. All are
    /// `None` where `after` does not descend from `before` by first parents.
    ///
    /// # Errors
    /// [`RepoError`] when the log or a private object cannot be read.
    pub fn attribute(
        &self,
        before: &Version,
        after: &Version,
        changes: &[ChangeItem],
    ) -> Result<Vec<Option<Arc<Attribution>>>, RepoError> {
        let nobody = vec![None; changes.len()];
        if changes.is_empty() {
            return Ok(nobody);
        }
        let Some(commits) = self.commits_between(before, after)? else {
            return Ok(nobody);
        };
        let wanted = Wanted::of(changes);
        let mut found = Found::default();
        for (id, commit) in commits.iter().rev() {
            for range in commit.batches.iter().filter(|range| wanted.may_be_in(range)) {
                self.look_into(*id, range, &wanted, &mut found)?;
            }
        }
        if after.id().is_none()
            && let Some(draft) = self.draft()?
        {
            draft.for_each(self, |logged| {
                found.take(logged, None);
                Ok(())
            })?;
        }
        self.explain(changes, &found)
    }

    /// Lists the commits after `before` up to `after`, newest first; `None` when one does not descend from the other.
    fn commits_between(
        &self,
        before: &Version,
        after: &Version,
    ) -> Result<Option<Vec<(CommitId, Commit)>>, RepoError> {
        let since = before.id();
        let is_draft = since.is_none() && before.tree() != self.empty_version().tree();
        if is_draft {
            return Ok(None);
        }
        let head = match after.id() {
            Some(id) => Some(id),
            None if after.tree() == self.empty_version().tree() && self.draft()?.is_none() => None,
            None => self.head()?,
        };
        let mut commits = Vec::new();
        for read in first_parents(self.store(), head) {
            let (id, commit) = read?;
            if Some(id) == since {
                return Ok(Some(commits));
            }
            commits.push((id, commit));
        }
        Ok(since.is_none().then_some(commits))
    }

    /// Takes the events of a batch in that can explain a change.
    fn look_into(
        &self,
        commit: CommitId,
        range: &BatchRange,
        wanted: &Wanted,
        found: &mut Found,
    ) -> Result<(), RepoError> {
        let bytes = read_batch(self.store(), range.batch)?;
        let (part, numbers) = wanted.part_of(&bytes)?;
        for (logged, number) in BatchReader::new(&part)?.zip(numbers) {
            found.take(logged?, Some((commit, format!("{}:{number}", range.batch))));
        }
        Ok(())
    }

    fn explain(
        &self,
        changes: &[ChangeItem],
        found: &Found,
    ) -> Result<Vec<Option<Arc<Attribution>>>, RepoError> {
        let first_ratings = first_ratings(changes);
        let mut people = BTreeMap::new();
        let mut made: HashMap<usize, Arc<Attribution>> = HashMap::new();
        let mut result = Vec::with_capacity(changes.len());
        for change in changes {
            let Some(index) = found.explanation(change, &first_ratings) else {
                result.push(None);
                continue;
            };
            if let Some(attribution) = made.get(&index) {
                result.push(Some(Arc::clone(attribution)));
                continue;
            }
            let Some((logged, place)) = found.events.get(index) else {
                result.push(None);
                continue;
            };
            let attribution = Arc::new(self.attribution(logged, place.as_ref(), &mut people)?);
            made.insert(index, Arc::clone(&attribution));
            result.push(Some(attribution));
        }
        Ok(result)
    }

    fn attribution(
        &self,
        logged: &LoggedEvent,
        place: Option<&(CommitId, String)>,
        people: &mut BTreeMap<PrivateId, String>,
    ) -> Result<Attribution, RepoError> {
        let context = &logged.context;
        let author = match context.author {
            None => None,
            Some(id) => Some(match people.get(&id) {
                Some(known) => known.clone(),
                None => {
                    let text = self.person(id)?.to_text();
                    people.insert(id, text.clone());
                    text
                }
            }),
        };
        Ok(Attribution {
            author,
            annotator: context.annotator.clone(),
            at: context.happened_at(),
            reason: context.reason.clone(),
            tool: context.tool.clone(),
            event: place.map(|(_, event)| event.clone()),
            commit: place.map(|(commit, _)| *commit),
        })
    }
}

impl Wanted {
    fn of(changes: &[ChangeItem]) -> Self {
        Self {
            annotations: changes
                .iter()
                .filter_map(ChangeItem::annotation)
                .map(|annotation| annotation.to_string())
                .collect(),
            images: changes
                .iter()
                .filter_map(|change| change.key.image_prefix())
                .collect(),
        }
    }

    fn may_be_in(&self, range: &BatchRange) -> bool {
        let Some((first, last)) = range.images else {
            return true;
        };
        // A rule or a label, which is about no image, may explain what changed on one.
        range.global_events > 0 || (first <= last && self.images.range(first..=last).next().is_some())
    }

    /// Returns the first line of a batch and those that may explain a change, with their numbers.
    fn part_of(&self, bytes: &[u8]) -> Result<(Vec<u8>, Vec<u64>), RepoError> {
        let mut part = Vec::new();
        let mut numbers = Vec::new();
        for (number, line) in (0_u64..).zip(lines(bytes)) {
            let (_, line) = line.map_err(crate::event::BatchError::from)?;
            if number > 0 {
                if !self.wants(line) {
                    continue;
                }
                numbers.push(number);
            }
            part.extend_from_slice(line);
            part.push(b'\n');
        }
        Ok((part, numbers))
    }

    fn wants(&self, line: &[u8]) -> bool {
        let Some(rest) = line.strip_prefix(ANNOTATION_LINE) else {
            return true;
        };
        let id = rest.split(|byte| *byte == b'"').next().unwrap_or(rest);
        std::str::from_utf8(id).is_ok_and(|id| self.annotations.contains(id))
    }
}

impl Found {
    fn take(&mut self, logged: LoggedEvent, place: Option<(CommitId, String)>) {
        let index = self.events.len();
        for (key, aspect) in subjects(&logged) {
            let made = (key.clone(), Aspect::Created);
            match aspect {
                // What came in first made it; a withdrawn thing can be made anew.
                Aspect::Created => {
                    self.last.entry(made).or_insert(index);
                }
                Aspect::Withdrawn => {
                    self.last.remove(&made);
                }
                Aspect::Label | Aspect::Geometry | Aspect::SourceId | Aspect::Anything => {}
            }
            if aspect != Aspect::Created {
                self.last.insert((key.clone(), aspect), index);
            }
            self.last.insert((key, Aspect::Anything), index);
        }
        if let Event::AnnotationWithdrawn { annotation } = &logged.event {
            self.withdrawn.insert(Key::annotation(*annotation), index);
        }
        if let Some(group) = rating_given(&logged) {
            self.ratings.entry(group).or_default().push(index);
        }
        self.events.push((logged, place));
    }

    fn record(&self, key: &Key, aspect: Aspect) -> Option<usize> {
        self.last.get(&(key.clone(), aspect)).copied()
    }

    /// Finds the event that explains a change best.
    fn explanation(&self, change: &ChangeItem, first_ratings: &HashMap<Key, u32>) -> Option<usize> {
        let key = &change.key;
        match (change.entity, key.parts().ok()?) {
            (Entity::Ratings, KeyParts::Rating(rating)) => self.rating(change, &rating, first_ratings),
            (Entity::Annotations, _) => {
                let aspect = aspect_of(change.kind);
                let of_rule = || match change.kind {
                    ChangeKind::Relabelled => self.record(&Key::rule(), Aspect::Anything),
                    ChangeKind::Added
                    | ChangeKind::Removed
                    | ChangeKind::Moved
                    | ChangeKind::Reshaped
                    | ChangeKind::Renamed
                    | ChangeKind::Rekeyed
                    | ChangeKind::Modified => None,
                };
                let direct = self.record(key, aspect);
                direct
                    .max(of_rule())
                    .or_else(|| self.record(key, Aspect::Anything))
            }
            (Entity::Dataset, _) => {
                let rule = || self.record(&Key::rule(), Aspect::Anything);
                let facts = || self.record(key, Aspect::Anything);
                let is_rule = change.fields.get("rule").is_some() && change.fields.len() == 1;
                if is_rule { rule() } else { facts().or_else(rule) }
            }
            _ => {
                let made = (change.kind == ChangeKind::Added).then(|| self.record(key, Aspect::Created));
                made.flatten().or_else(|| self.record(key, Aspect::Anything))
            }
        }
    }

    /// Finds who gave a rating: an annotator's ratings are numbered in the order of their events.
    fn rating(
        &self,
        change: &ChangeItem,
        rating: &RatingKey,
        first_ratings: &HashMap<Key, u32>,
    ) -> Option<usize> {
        let annotation = Key::annotation(rating.annotation);
        if change.kind == ChangeKind::Removed {
            let exact = self.record(&change.key, Aspect::Anything);
            return exact.or_else(|| self.record(&annotation, Aspect::Withdrawn));
        }
        let group = rating_group(rating.annotation, rating.round, &rating.annotator);
        let events = self.ratings.get(&group).map_or(&[][..], Vec::as_slice);
        // What was put back or taken away by itself does not follow the order of the events.
        if let Some(exact) = self.record(&change.key, Aspect::Anything) {
            return events.last().copied().max(Some(exact));
        }
        // An annotation that was withdrawn and made anew begins to count anew.
        let made_anew = self.withdrawn.get(&annotation).copied();
        let first = match made_anew {
            Some(_) => 0,
            None => first_ratings.get(&group).copied().unwrap_or(0),
        };
        let nth = usize::try_from(rating.n.checked_sub(first)?).ok()?;
        let mut counted = events.iter().filter(|event| Some(**event) > made_anew);
        counted.nth(nth).or_else(|| events.last()).copied()
    }
}

/// Returns the lowest number of the new ratings of each group.
fn first_ratings(changes: &[ChangeItem]) -> HashMap<Key, u32> {
    let mut first = HashMap::new();
    for change in changes.iter().filter(|change| change.kind == ChangeKind::Added) {
        if let Ok(KeyParts::Rating(rating)) = change.key.parts() {
            let group = rating_group(rating.annotation, rating.round, &rating.annotator);
            let lowest = first.entry(group).or_insert(rating.n);
            *lowest = rating.n.min(*lowest);
        }
    }
    first
}

/// What an event must be about to explain a change of an annotation.
fn aspect_of(kind: ChangeKind) -> Aspect {
    match kind {
        ChangeKind::Added => Aspect::Created,
        ChangeKind::Removed => Aspect::Withdrawn,
        ChangeKind::Relabelled => Aspect::Label,
        ChangeKind::Moved | ChangeKind::Reshaped => Aspect::Geometry,
        ChangeKind::Rekeyed => Aspect::SourceId,
        ChangeKind::Renamed | ChangeKind::Modified => Aspect::Anything,
    }
}
