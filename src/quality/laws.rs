//! Laws of what is read from a state: random annotations of two people, held against what can be counted by hand.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use proptest::prelude::*;

use crate::codec::to_canonical;
use crate::event::{State, StateError, Visit};
use crate::id::{AnnotationId, Code, ImageId, LabelId};
use crate::model::{
    AnnotationRecord, AnnotatorKind, AnnotatorRecord, Geometry, ImageRecord, Key, LabelRecord, Radius,
    RadiusUnit, RatingKey, RatingRecord, ScreeningRecord,
};

use super::agreement::{AgreementOptions, read_agreement};
use super::completeness::{CompletenessOptions, Standing, read_completeness};
use super::intra::read_repeats;
use super::matching::MatchRule;
use super::noise::read_disagreements;
use super::objects::{ObjectOptions, read_objects};

/// Records in memory.
#[derive(Default)]
struct Memory(BTreeMap<Vec<u8>, Vec<u8>>);

impl State for Memory {
    fn get(&self, key: &Key) -> Result<Option<Vec<u8>>, StateError> {
        Ok(self.0.get(key.as_bytes()).cloned())
    }

    fn scan(&self, prefix: &[u8], visit: &mut Visit<'_>) -> Result<(), StateError> {
        for (key, value) in self.0.range(prefix.to_vec()..) {
            if !key.starts_with(prefix) || visit(key, value) == ControlFlow::Break(()) {
                break;
            }
        }
        Ok(())
    }
}

const PEOPLE: [&str; 2] = ["human-1", "human-2"];
const LABELS: [&str; 3] = ["a", "b", "c"];

fn code(n: usize) -> Code {
    Code::parse(PEOPLE[n]).unwrap()
}

fn label(n: usize) -> LabelId {
    LabelId::of_name(LABELS[n], 0)
}

impl Memory {
    fn put<R: serde::Serialize>(&mut self, key: &Key, record: &R) {
        self.0
            .insert(key.as_bytes().to_vec(), to_canonical(record).unwrap());
    }

    /// People and labels, and so many images of a case each.
    fn new(images: usize) -> (Self, Vec<ImageId>) {
        let mut memory = Self::default();
        for n in 0..PEOPLE.len() {
            memory.put(
                &Key::annotator(&code(n)),
                &AnnotatorRecord::empty(code(n), AnnotatorKind::Human),
            );
        }
        for (n, name) in LABELS.iter().enumerate() {
            let record = LabelRecord {
                name: (*name).to_owned(),
                ..LabelRecord::default()
            };
            memory.put(&Key::label(label(n)), &record);
        }
        let ids = (0..images)
            .map(|n| {
                let name = format!("{n}.tiff");
                let id = ImageId::of_name(&name);
                let record = ImageRecord {
                    name,
                    ..ImageRecord::default()
                };
                memory.put(&Key::image(id), &record);
                id
            })
            .collect();
        (memory, ids)
    }

    fn annotate(&mut self, image: ImageId, n: u8) -> AnnotationId {
        let id = AnnotationId::from_uuid(image.prefix(), [n; 16]);
        let geometry = Geometry::point(f64::from(n) * 10.0, 0.0);
        self.put(&Key::annotation(id), &AnnotationRecord::empty(geometry));
        id
    }

    fn rate(&mut self, annotation: AnnotationId, who: usize, round: u32, label: Option<LabelId>) {
        let key = Key::rating(&RatingKey {
            annotation,
            round,
            annotator: code(who),
            n: 0,
        });
        let record = RatingRecord {
            label,
            ..RatingRecord::default()
        };
        self.put(&key, &record);
    }

    fn screen(&mut self, image: ImageId, who: usize) {
        let mut record = ScreeningRecord::empty(image, 1);
        record.annotator = Some(code(who));
        let key = Key::screening(image.prefix(), &[], Some(&code(who)), 1);
        self.put(&key, &record);
    }
}

/// On which image, what each one says in the first round, and what the first one says in the second.
type Row = (usize, [Option<usize>; 2], Option<usize>);

fn rows() -> impl Strategy<Value = Vec<Row>> {
    let said = || prop::option::weighted(0.8, 0_usize..3);
    prop::collection::vec((0_usize..4, [said(), said()], said()), 0..30)
}

fn memory(rows: &[Row]) -> (Memory, Vec<ImageId>) {
    let (mut memory, images) = Memory::new(5);
    for (n, (image, said, again)) in (0_u8..).zip(rows) {
        let id = memory.annotate(images[*image], n);
        for (who, said) in said.iter().enumerate() {
            memory.rate(id, who, 1, said.map(label));
        }
        memory.rate(id, 0, 2, again.map(label));
    }
    (memory, images)
}

fn objects(label: Option<LabelId>, radius: f64) -> ObjectOptions {
    ObjectOptions {
        radius: Radius {
            value: radius,
            unit: RadiusUnit::Px,
        },
        rule: MatchRule::Maximum,
        label,
        round: Some(1),
        images: None,
    }
}

fn count(n: usize) -> u64 {
    u64::try_from(n).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// Where both looked everywhere and each annotation is a place of its own, objects of a label are the annotations that
    /// somebody gave it, so that both ways to F1 are one.
    #[test]
    fn objects_at_the_same_places_agree_as_their_labels_do(rows in rows()) {
        let complete = |row: &Row| row.1.iter().all(Option::is_some);
        let rows: Vec<Row> = rows.into_iter().filter(complete).collect();
        let (mut memory, images) = memory(&rows);
        for image in &images {
            memory.screen(*image, 0);
            memory.screen(*image, 1);
        }
        let options = AgreementOptions { round: Some(1), ..AgreementOptions::default() };
        let labels = read_agreement(&memory, &options).unwrap();
        for n in 0..LABELS.len() {
            let found = read_objects(&memory, &objects(Some(label(n)), 0.0)).unwrap();
            prop_assert_eq!(found.pairs.len(), 1);
            let pair = &found.pairs[0];
            prop_assert_eq!(pair.images(), images.len());
            if let Some(of_labels) = labels.pairs.first() {
                match (pair.tally.f1(), of_labels.table.f1(n)) {
                    (Ok(a), Ok(b)) => prop_assert!((a - b).abs() < 1e-12),
                    (a, b) => prop_assert_eq!(a.is_ok(), b.is_ok()),
                }
            }
            prop_assert_eq!(pair.shared, pair.tally.hits[0]);
        }
    }

    #[test]
    fn a_wider_radius_never_matches_less(rows in rows()) {
        let (memory, _) = memory(&rows);
        let hits = |radius| -> u64 {
            let found = read_objects(&memory, &objects(None, radius)).unwrap();
            found.pairs.iter().map(|pair| pair.tally.hits[0]).sum()
        };
        prop_assert!(hits(0.0) <= hits(15.0) && hits(15.0) <= hits(1000.0));
    }

    #[test]
    fn each_annotation_rated_in_two_rounds_counts_once(rows in rows()) {
        let (memory, _) = memory(&rows);
        let labels: Vec<LabelId> = (0..LABELS.len()).map(label).collect();
        let repeats = read_repeats(&memory, &labels, None).unwrap();
        let twice = rows.iter().filter_map(|row| Some((row.1[0]?, row.2?)));
        let mut table = [[0_u64; 3]; 3];
        for (first, second) in twice {
            table[first][second] += 1;
        }
        let n: u64 = table.iter().flatten().sum();
        prop_assert_eq!(repeats.len(), usize::from(n > 0));
        for repeat in &repeats {
            prop_assert_eq!((repeat.annotator.clone(), repeat.rounds), (code(0), [1, 2]));
            for (first, row) in table.iter().enumerate() {
                for (second, count) in row.iter().enumerate() {
                    prop_assert_eq!(repeat.table.cell(first, second), *count);
                }
            }
        }
    }

    #[test]
    fn every_image_stands_in_one_way_and_every_first_label_is_counted(rows in rows(), screened in 0_usize..6) {
        let (mut memory, images) = memory(&rows);
        for image in images.iter().rev().take(screened) {
            memory.screen(*image, 1);
        }
        let options = CompletenessOptions { label: None, round: None, radius: None };
        let found = read_completeness(&memory, &options).unwrap();
        let standings = [Standing::Annotated, Standing::Empty, Standing::PartlyEmpty, Standing::NotAnnotated];
        let counts = standings.map(|standing| found.count(standing));
        prop_assert_eq!(counts.iter().sum::<usize>(), images.len());
        let mut used: Vec<usize> = rows.iter().map(|row| row.0).collect();
        used.sort_unstable();
        used.dedup();
        prop_assert_eq!(counts[0], used.len());
        let empty = images.iter().rev().take(screened).filter(|image| {
            !used.iter().any(|n| images[*n] == **image)
        });
        prop_assert_eq!(counts[1], empty.count());
        let labelled = |row: &&Row| row.1.iter().any(Option::is_some) || row.2.is_some();
        let labelled = count(rows.iter().filter(labelled).count());
        prop_assert_eq!(found.first_labelled.values().sum::<u64>(), labelled);
        let late = rows.iter().filter(|row| row.1.iter().all(Option::is_none) && row.2.is_some());
        let (late, early) = (count(late.count()), found.first_labelled.contains_key(&1));
        prop_assert_eq!(found.found_later(), if early { late } else { 0 });
    }

    /// Nobody differs from labels that were never agreed on; under `as-recorded` these annotations have none.
    #[test]
    fn only_what_is_agreed_can_be_differed_from(rows in rows()) {
        let (mut memory, _) = memory(&rows);
        prop_assert_eq!(read_disagreements(&memory, None, None).unwrap(), []);
        let rule = crate::model::RuleRecord {
            rule: crate::model::Rule::FirstHuman,
            ..crate::model::RuleRecord::default()
        };
        memory.put(&Key::rule(), &rule);
        for one in read_disagreements(&memory, Some(1), None).unwrap() {
            let who = PEOPLE.iter().position(|name| *name == one.annotator.as_str()).unwrap();
            let rated = rows.iter().filter(|row| row.1[who].is_some()).count();
            let differing = rows.iter().filter(|row| {
                row.1[who].is_some_and(|said| row.1[0].is_some_and(|first| first != said))
            });
            prop_assert_eq!((one.rated, one.differing), (count(rated), count(differing.count())));
        }
    }
}
