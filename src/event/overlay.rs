//! Edits that are not in a tree yet, over a state. They are kept apart by image: work goes image by image, so that the
//! map that is searched stays small, and what was worked out for an image elsewhere is taken in whole.

use std::collections::{BTreeMap, btree_map};
use std::iter::Peekable;
use std::ops::ControlFlow;

use crate::id::ImagePrefix;
use crate::model::Key;

use super::Edit;
use super::creations::Creations;
use super::state::{State, StateError, Visit};

/// New values by key; `None` takes a record away.
type Records = BTreeMap<Key, Option<Vec<u8>>>;

/// What an edit is reckoned to take in memory beside its key and value, bytes.
const EDIT_OVERHEAD: usize = 80;

/// Edits by key.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Edits {
    /// Of records that belong to no image.
    general: Records,
    /// Of records of images.
    images: BTreeMap<ImagePrefix, Records>,
    /// About what they take in memory.
    bytes: usize,
}

impl Edits {
    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.general.is_empty() && self.images.is_empty()
    }

    /// Returns about how many bytes of memory they take.
    #[must_use]
    pub fn size_bytes(&self) -> usize {
        self.bytes
    }

    /// Adds edits; later ones replace earlier ones.
    pub fn apply(&mut self, edits: Vec<Edit>) {
        for edit in edits {
            self.bytes += bytes_of(&edit);
            let (key, value) = fitted(edit);
            match key.image_prefix() {
                Some(image) => self.images.entry(image).or_default().insert(key, value),
                None => self.general.insert(key, value),
            };
        }
    }

    /// Takes in later edits of records of one image, or of none; later ones replace earlier ones.
    pub(super) fn apply_sorted(&mut self, image: Option<ImagePrefix>, edits: Vec<Edit>) {
        self.bytes += edits.iter().map(bytes_of).sum::<usize>();
        let records = edits.into_iter().map(fitted).collect();
        match image {
            Some(image) => join(self.images.entry(image), records),
            None => self.general.extend(records),
        }
    }

    /// Takes in later edits.
    pub fn absorb(&mut self, later: Self) {
        self.bytes += later.bytes;
        self.general.extend(later.general);
        for (image, records) in later.images {
            join(self.images.entry(image), records);
        }
    }

    /// Returns the new value under a key; `None` when it was not edited.
    fn get(&self, key: &Key) -> Option<&Option<Vec<u8>>> {
        match key.image_prefix() {
            Some(image) => self.images.get(&image)?.get(key),
            None => self.general.get(key),
        }
    }

    /// Returns the edits whose keys begin with `prefix`, in key order.
    fn under<'e>(
        &'e self,
        prefix: &'e [u8],
    ) -> Box<dyn Iterator<Item = (&'e Key, &'e Option<Vec<u8>>)> + 'e> {
        if let Some(image) = Key::lower_bound(prefix).image_prefix() {
            let records = self.images.get(&image);
            return Box::new(
                records
                    .into_iter()
                    .flat_map(move |records| range(records, prefix)),
            );
        }
        let kinds = Key::image_kind_bytes().into_iter();
        let of_images = kinds
            .filter(|kind| prefix.is_empty() || prefix.first() == Some(kind))
            .flat_map(|kind| {
                let of_kind = move |records: &'e Records| range_of_kind(records, kind);
                self.images.values().flat_map(of_kind)
            });
        Box::new(Merged {
            left: range(&self.general, prefix).peekable(),
            right: of_images
                .filter(move |(key, _)| key.as_bytes().starts_with(prefix))
                .peekable(),
        })
    }

    /// Returns all edits, in key order.
    pub fn iter(&self) -> impl Iterator<Item = (&Key, &Option<Vec<u8>>)> {
        self.under(&[])
    }

    /// Looks a record up here, then in what these edits are over.
    ///
    /// # Errors
    /// [`StateError`] when `base` cannot be read.
    pub fn get_over(&self, base: &dyn State, key: &Key) -> Result<Option<Vec<u8>>, StateError> {
        match self.get(key) {
            Some(value) => Ok(value.clone()),
            None => base.get(key),
        }
    }

    /// Scans what these edits are over, with the edits in place.
    ///
    /// # Errors
    /// [`StateError`] when `base` cannot be read.
    pub fn scan_over(
        &self,
        base: &dyn State,
        prefix: &[u8],
        visit: &mut Visit<'_>,
    ) -> Result<(), StateError> {
        let mut edits = self.under(prefix).peekable();
        let mut stopped = false;
        base.scan(prefix, &mut |key, value| {
            while let Some((edited, new)) = edits.next_if(|(edited, _)| edited.as_bytes() < key) {
                if let Some(new) = new
                    && visit(edited.as_bytes(), new).is_break()
                {
                    stopped = true;
                    return ControlFlow::Break(());
                }
            }
            let value = match edits.next_if(|(edited, _)| edited.as_bytes() == key) {
                Some((_, Some(new))) => new.as_slice(),
                Some((_, None)) => return ControlFlow::Continue(()),
                None => value,
            };
            let flow = visit(key, value);
            stopped = flow.is_break();
            flow
        })?;
        for (key, value) in edits {
            if stopped {
                break;
            }
            if let Some(value) = value {
                stopped = visit(key.as_bytes(), value).is_break();
            }
        }
        Ok(())
    }
}

impl From<Vec<Edit>> for Edits {
    /// Takes many edits at once; later ones replace earlier ones.
    fn from(edits: Vec<Edit>) -> Self {
        let mut taken = Self::default();
        let mut edits: Vec<(Place, Edit)> = edits
            .into_iter()
            .map(|edit| (Place::of(&edit.key), edit))
            .collect();
        // Stable: of two edits of one record the later one stays behind the earlier one, and replaces it.
        edits.sort_by(|(a, one), (b, other)| a.order.cmp(&b.order).then_with(|| one.key.cmp(&other.key)));
        let mut rest = edits.into_iter().peekable();
        while let Some((place, first)) = rest.next() {
            let mut run = vec![first];
            while let Some((_, next)) = rest.next_if(|(next, _)| next.image == place.image) {
                run.push(next);
            }
            taken.apply_sorted(place.image, run);
        }
        taken
    }
}

/// Where an edit comes among others: by image, then by key. Nearly always a number tells.
struct Place {
    image: Option<ImagePrefix>,
    /// The image, the kind, and how the id within the image begins; 0 for what belongs to no image.
    order: u128,
}

impl Place {
    fn of(key: &Key) -> Self {
        let image = key.image_prefix();
        let mut order = [0; 16];
        if image.is_some() {
            let (kind, id) = key.as_bytes().split_at_checked(1).unwrap_or_default();
            let of_image = id.iter().take(8).chain(kind).chain(id.iter().skip(8));
            for (place, byte) in order.iter_mut().zip(of_image) {
                *place = *byte;
            }
        }
        Self {
            image,
            order: u128::from_be_bytes(order),
        }
    }
}

/// About what an edit takes in memory.
fn bytes_of(edit: &Edit) -> usize {
    edit.key.as_bytes().len() + edit.value.as_ref().map_or(0, Vec::len) + EDIT_OVERHEAD
}

/// An edit as it is kept until the commit, by the million: what was reserved while writing is given back.
fn fitted(edit: Edit) -> (Key, Option<Vec<u8>>) {
    let Edit { key, mut value } = edit;
    if let Some(value) = &mut value {
        value.shrink_to_fit();
    }
    (key, value)
}

/// Puts later records of an image to those that are there.
fn join(entry: btree_map::Entry<'_, ImagePrefix, Records>, records: Records) {
    match entry {
        btree_map::Entry::Vacant(entry) => {
            entry.insert(records);
        }
        btree_map::Entry::Occupied(mut entry) => entry.get_mut().extend(records),
    }
}

/// The records whose keys begin with `prefix`.
fn range<'e>(records: &'e Records, prefix: &'e [u8]) -> impl Iterator<Item = (&'e Key, &'e Option<Vec<u8>>)> {
    records
        .range(Key::lower_bound(prefix)..)
        .take_while(move |(key, _)| key.as_bytes().starts_with(prefix))
}

/// The records of a kind.
fn range_of_kind(records: &Records, kind: u8) -> impl Iterator<Item = (&Key, &Option<Vec<u8>>)> {
    records
        .range(Key::lower_bound(&[kind])..)
        .take_while(move |(key, _)| key.as_bytes().first() == Some(&kind))
}

/// Two sorted runs as one.
struct Merged<L: Iterator, R: Iterator> {
    left: Peekable<L>,
    right: Peekable<R>,
}

impl<'e, L, R, V: 'e> Iterator for Merged<L, R>
where
    L: Iterator<Item = (&'e Key, &'e V)>,
    R: Iterator<Item = (&'e Key, &'e V)>,
{
    type Item = (&'e Key, &'e V);

    fn next(&mut self) -> Option<Self::Item> {
        match (self.left.peek(), self.right.peek()) {
            (Some((left, _)), Some((right, _))) if left > right => self.right.next(),
            (Some(_), _) => self.left.next(),
            (None, _) => self.right.next(),
        }
    }
}

impl IntoIterator for Edits {
    type Item = (Key, Option<Vec<u8>>);
    type IntoIter = IntoEdits;

    /// Gives up the edits, in key order.
    fn into_iter(self) -> IntoEdits {
        let images = self.images.into_values();
        IntoEdits {
            general: self.general.into_iter().peekable(),
            images: images.map(|records| records.into_iter().peekable()).collect(),
            kinds: Key::image_kind_bytes(),
            kind: 0,
            image: 0,
        }
    }
}

/// Edits in key order: kind by kind, and within a kind image by image.
#[derive(Debug)]
pub struct IntoEdits {
    general: Peekable<btree_map::IntoIter<Key, Option<Vec<u8>>>>,
    images: Vec<Peekable<btree_map::IntoIter<Key, Option<Vec<u8>>>>>,
    kinds: Vec<u8>,
    kind: usize,
    image: usize,
}

impl Iterator for IntoEdits {
    type Item = (Key, Option<Vec<u8>>);

    fn next(&mut self) -> Option<Self::Item> {
        while let Some(kind) = self.kinds.get(self.kind) {
            if let Some(edit) = self
                .general
                .next_if(|(key, _)| key.as_bytes() < [*kind].as_slice())
            {
                return Some(edit);
            }
            while let Some(records) = self.images.get_mut(self.image) {
                if let Some(edit) = records.next_if(|(key, _)| key.as_bytes().first() == Some(kind)) {
                    return Some(edit);
                }
                self.image += 1;
            }
            self.kind += 1;
            self.image = 0;
        }
        self.general.next()
    }
}

/// Edits over another state.
pub struct Overlay<'a> {
    base: &'a dyn State,
    edits: Edits,
}

impl<'a> Overlay<'a> {
    /// Begins without edits.
    #[must_use]
    pub fn new(base: &'a dyn State) -> Self {
        Self {
            base,
            edits: Edits::default(),
        }
    }

    /// Applies edits.
    pub fn apply(&mut self, edits: Vec<Edit>) {
        self.edits.apply(edits);
    }

    /// Puts creations that wait to the edits.
    pub fn settle(&mut self, creations: &mut Creations) {
        creations.settle(&mut self.edits);
    }

    /// Takes in later edits that were worked out together.
    pub fn absorb(&mut self, later: Edits) {
        self.edits.absorb(later);
    }

    /// Returns what was edited.
    #[must_use]
    pub fn edits(&self) -> &Edits {
        &self.edits
    }

    /// Gives up the edits.
    #[must_use]
    pub fn into_edits(self) -> Edits {
        self.edits
    }
}

impl State for Overlay<'_> {
    fn get(&self, key: &Key) -> Result<Option<Vec<u8>>, StateError> {
        self.edits.get_over(self.base, key)
    }

    fn scan(&self, prefix: &[u8], visit: &mut Visit<'_>) -> Result<(), StateError> {
        self.edits.scan_over(self.base, prefix, visit)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::EmptyState;
    use super::*;
    use crate::id::{AnnotationId, ImageId, LabelId};
    use crate::model::EntityKind;

    fn key(kind: u8, image: u8, own: u8) -> Key {
        let image = ImageId::of_name(&format!("{image}.tiff"));
        let annotation = AnnotationId::from_source(&image, "coco-1", &own.to_string());
        match kind {
            0 => Key::dataset(),
            1 => Key::image(image),
            2 => Key::label(LabelId::of_name(&own.to_string(), 0)),
            3 => Key::annotation(annotation),
            4 => Key::label_override(annotation),
            5 => Key::split("a", &own.to_string()),
            _ => Key::source_id(image.prefix(), "coco-1", &own.to_string()),
        }
    }

    fn edits() -> impl Strategy<Value = Vec<Edit>> {
        let edit =
            (0_u8..7, 0_u8..4, 0_u8..6, any::<Option<u8>>()).prop_map(|(kind, image, own, value)| Edit {
                key: key(kind, image, own),
                value: value.map(|value| vec![value]),
            });
        proptest::collection::vec(edit, 0..60)
    }

    fn plain(edits: &[Edit]) -> BTreeMap<Key, Option<Vec<u8>>> {
        edits
            .iter()
            .map(|edit| (edit.key.clone(), edit.value.clone()))
            .collect()
    }

    fn scanned(state: &dyn State, prefix: &[u8]) -> Vec<(Vec<u8>, Vec<u8>)> {
        let mut found = Vec::new();
        state
            .scan(prefix, &mut |key, value| {
                found.push((key.to_vec(), value.to_vec()));
                ControlFlow::Continue(())
            })
            .unwrap();
        found
    }

    #[test]
    fn an_edit_takes_its_key_its_value_and_some() {
        let mut edits = Edits::default();
        assert_eq!((edits.size_bytes(), edits.is_empty()), (0, true));
        for (own, value, bytes) in [(1, None, 0), (2, Some(vec![7; 500]), 500)] {
            let before = edits.size_bytes();
            let key = key(3, 1, own);
            edits.apply(vec![Edit {
                key: key.clone(),
                value,
            }]);
            let expected = key.as_bytes().len() + bytes + EDIT_OVERHEAD;
            assert_eq!((edits.size_bytes() - before, edits.is_empty()), (expected, false));
        }
    }

    proptest! {
        #[test]
        fn edits_are_in_key_order_like_those_of_one_map(all in edits()) {
            let mut apart = Edits::default();
            apart.apply(all.clone());
            let plain = plain(&all);
            prop_assert_eq!(&Edits::from(all), &apart);
            prop_assert_eq!(apart.is_empty(), plain.is_empty());
            prop_assert!(apart.iter().eq(plain.iter()));
            prop_assert!(apart.into_iter().eq(plain));
        }

        #[test]
        fn what_is_taken_in_whole_is_as_if_applied(first in edits(), second in edits()) {
            let mut one_by_one = Edits::default();
            one_by_one.apply([first.clone(), second.clone()].concat());
            let (mut taken_in, mut later) = (Edits::default(), Edits::default());
            taken_in.apply(first);
            later.apply(second);
            taken_in.absorb(later);
            prop_assert_eq!(taken_in, one_by_one);
        }

        #[test]
        fn an_overlay_reads_as_its_edits_say(below in edits(), above in edits(), probe in (0_u8..7, 0_u8..4, 0_u8..6)) {
            let mut base = Overlay::new(&EmptyState);
            base.apply(below.clone());
            let mut state = Overlay::new(&base);
            state.apply(above.clone());
            let mut plain = plain(&below);
            plain.extend(self::plain(&above));
            let records: Vec<_> =
                plain.iter().filter_map(|(key, value)| Some((key.as_bytes().to_vec(), value.clone()?))).collect();
            let probe = key(probe.0, probe.1, probe.2);
            prop_assert_eq!(state.get(&probe).unwrap(), plain.get(&probe).cloned().flatten());
            let image = ImageId::of_name("1.tiff").prefix();
            for prefix in [
                vec![],
                Key::kind_prefix(EntityKind::Annotation),
                Key::kind_prefix(EntityKind::Label),
                Key::on_image_prefix(EntityKind::SourceId, image),
                probe.as_bytes().get(..5).unwrap_or_default().to_vec(),
                probe.as_bytes().to_vec(),
            ] {
                let expected: Vec<_> =
                    records.iter().filter(|(key, _)| key.starts_with(&prefix)).cloned().collect();
                prop_assert_eq!(scanned(&state, &prefix), expected);
            }
        }
    }
}
