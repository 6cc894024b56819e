//! Random histories: the counts are those of a comparison of all records.

use std::collections::BTreeMap;

use holotype::codec::from_canonical;
use holotype::event::{AnnotationIdentity, Command, Context, EntityRef, State};
use holotype::id::{AnnotationId, ImageId, LabelId};
use holotype::model::{
    AnnotationRecord, AnnotatorKind, EntityKind, FactChanges, FactValue, Facts, Geometry, Key, KeyParts, Rule,
};
use holotype::repo::Version;
use holotype::snapshot::changes::{ChangeKind, LabelsInForce, Summary};
use proptest::prelude::*;

use crate::lab::{IMAGE, Lab, declare, label, majority, set};

/// One random step.
#[derive(Debug, Clone)]
enum Step {
    Annotate(u8, bool),
    Move(u8, u8),
    Relabel(u8, bool, u8),
    Rate(u8, bool, u8),
    Withdraw(u8),
    Override(u8, Option<Option<bool>>),
    Rule(u8),
    Attach(u8),
    Rename(bool, u8),
    Fact(u8, u8),
    Attribute(u8, u8),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        (0..6_u8, any::<bool>()).prop_map(|(n, b)| Step::Annotate(n, b)),
        (0..6_u8, 0..4_u8).prop_map(|(n, x)| Step::Move(n, x)),
        (0..6_u8, any::<bool>(), 0..3_u8).prop_map(|(n, b, who)| Step::Relabel(n, b, who)),
        (0..6_u8, any::<bool>(), 0..3_u8).prop_map(|(n, b, who)| Step::Rate(n, b, who)),
        (0..6_u8).prop_map(Step::Withdraw),
        (0..6_u8, any::<Option<Option<bool>>>()).prop_map(|(n, b)| Step::Override(n, b)),
        (0..3_u8).prop_map(Step::Rule),
        (0..6_u8).prop_map(Step::Attach),
        (any::<bool>(), 0..3_u8).prop_map(|(b, n)| Step::Rename(b, n)),
        (0..3_u8, 0..3_u8).prop_map(|(n, v)| Step::Fact(n, v)),
        (0..6_u8, 0..3_u8).prop_map(|(n, v)| Step::Attribute(n, v)),
    ]
}

/// Returns the command of a step, and in what context it is given.
fn command(lab: &Lab, step: &Step) -> (Context, Command) {
    let id = |n: u8| AnnotationId::from_uuid(ImageId::of_name(IMAGE).prefix(), [n; 16]);
    let which = |b: bool| label(if b { "b" } else { "a" });
    let who = |n: u8| lab.by(["human-1", "human-2", "model-1"][usize::from(n)], "r");
    let on = |annotation| (who(0), annotation);
    match *step {
        Step::Annotate(n, b) => on(create(n, which(b))),
        Step::Move(n, x) => {
            let geometry = if x == 3 {
                Geometry::point(1.0, 1.0)
            } else {
                Geometry::rectangle(f64::from(x), 1.0, 5.0, 5.0)
            };
            on(Command::Revise {
                annotation: id(n),
                geometry,
            })
        }
        Step::Relabel(n, b, by) => (
            who(by),
            Command::Relabel {
                annotation: id(n),
                label: Some(which(b)),
            },
        ),
        Step::Rate(n, b, by) => (
            who(by),
            Command::Rate {
                annotation: id(n),
                label: Some(which(b)),
            },
        ),
        Step::Withdraw(n) => on(Command::Withdraw { annotation: id(n) }),
        Step::Override(n, b) => on(Command::Override {
            annotation: id(n),
            label: b.map(|b| b.map(which)),
        }),
        Step::Rule(n) => on(Command::SetRule { rule: rule(n) }),
        Step::Attach(n) => {
            let lineage = Context {
                lineage: Some("l".to_owned()),
                ..lab.context()
            };
            (
                lineage,
                Command::AttachSourceId {
                    annotation: id(n),
                    source_id: "s".to_owned(),
                },
            )
        }
        Step::Rename(b, n) => on(Command::RenameLabel {
            label: which(b),
            to: format!("n{n}"),
        }),
        Step::Fact(n, v) => on(fact(n, v)),
        Step::Attribute(n, v) => {
            let score = (v > 0).then(|| f64::from(v).into());
            let changes = FactChanges::from([("score".to_owned(), score)]);
            on(Command::ReviseAttributes {
                annotation: id(n),
                changes,
            })
        }
    }
}

fn fact(n: u8, v: u8) -> Command {
    let entity = match n {
        0 => EntityRef::dataset(),
        _ => EntityRef::image(ImageId::of_name(IMAGE)),
    };
    set(
        entity,
        &format!("f{n}"),
        (v > 0).then(|| FactValue::from(f64::from(v))),
    )
}

fn rule(n: u8) -> Rule {
    match n {
        0 => Rule::AsRecorded,
        1 => Rule::FirstHuman,
        _ => majority(vec![AnnotatorKind::Human, AnnotatorKind::Model]),
    }
}

fn create(n: u8, label: LabelId) -> Command {
    Command::Annotate {
        image: ImageId::of_name(IMAGE),
        geometry: Geometry::rectangle(1.0, 1.0, 5.0, 5.0),
        label: Some(label),
        identity: AnnotationIdentity::Uuid([n; 16]),
        source_id: None,
        attributes: Facts::new(),
        image_version: None,
    }
}

/// Makes a commit of steps; those that do not fit are no steps.
fn build(lab: &Lab, steps: &[Step]) -> Version {
    lab.commit(|transaction| {
        // So that there is something to commit, whatever the steps.
        let name = format!("{}.png", steps.len());
        transaction.must(&lab.context(), declare(&name, Facts::new()))?;
        let marker = set(EntityRef::dataset(), "n", Some(name.as_str().into()));
        transaction.must(&lab.context(), marker)?;
        for step in steps {
            let (context, command) = command(lab, step);
            let _ = transaction.execute(&context, command)?;
        }
        Ok(())
    })
}

/// All records of a version.
fn records(version: &Version) -> BTreeMap<Vec<u8>, Vec<u8>> {
    let mut records = BTreeMap::new();
    version
        .scan(&[], &mut |key, value| {
            records.insert(key.to_vec(), value.to_vec());
            std::ops::ControlFlow::Continue(())
        })
        .unwrap();
    records
}

/// An annotation as the naive comparison sees it: record, agreed label, override.
type Seen = (AnnotationRecord, Option<LabelId>, Option<Vec<u8>>);

fn annotations(version: &Version) -> BTreeMap<AnnotationId, Seen> {
    let view = holotype::snapshot::SnapshotView {
        tree: version.tree(),
        source: version.nodes(),
    };
    let labels = LabelsInForce::load(view).unwrap();
    let mut seen = BTreeMap::new();
    let mut scan = labels.scan().unwrap();
    for (key, value) in records(version) {
        if let KeyParts::Annotation(annotation) = Key::from_bytes(&key).unwrap().parts().unwrap() {
            let record: AnnotationRecord = from_canonical(&value).unwrap();
            let agreed = labels.agreed(annotation, record.label).unwrap();
            assert_eq!(
                scan.next().unwrap().unwrap(),
                (annotation, agreed),
                "both ways give one label"
            );
            let exception = version.get(&Key::label_override(annotation)).unwrap();
            seen.insert(annotation, (record, agreed, exception));
        }
    }
    assert!(scan.next().is_none());
    seen
}

/// Counts by comparing full scans.
fn naive(before: &Version, after: &Version) -> Summary {
    let mut summary = Summary::default();
    let (left, right) = (records(before), records(after));
    let mut dataset = false;
    for key in left
        .keys()
        .chain(right.keys().filter(|key| !left.contains_key(*key)))
    {
        let (a, b) = (left.get(key), right.get(key));
        let counts = match Key::from_bytes(key).unwrap().kind().unwrap() {
            EntityKind::Image => &mut summary.images,
            EntityKind::Label => &mut summary.labels,
            EntityKind::Annotator => &mut summary.annotators,
            EntityKind::Rating => &mut summary.ratings,
            EntityKind::Dataset => {
                dataset |= a != b;
                continue;
            }
            EntityKind::Rule
            | EntityKind::Case
            | EntityKind::Slide
            | EntityKind::Annotation
            | EntityKind::Override
            | EntityKind::SourceId
            | EntityKind::Screening
            | EntityKind::Split => continue,
        };
        match (a, b) {
            (None, _) => counts.added += 1,
            (_, None) => counts.removed += 1,
            (a, b) => counts.modified += u64::from(a != b),
        }
    }
    let rule = |version: &Version| {
        let bytes = version.get(&Key::rule()).unwrap();
        bytes.map_or(Rule::AsRecorded, |bytes| {
            from_canonical::<holotype::model::RuleRecord>(&bytes)
                .unwrap()
                .rule
        })
    };
    summary.dataset.modified = u64::from(dataset || rule(before) != rule(after));
    let (left, right) = (annotations(before), annotations(after));
    let counts = &mut summary.annotations;
    counts.removed = left.keys().filter(|id| !right.contains_key(id)).count() as u64;
    for (id, now) in right {
        let Some(was) = left.get(&id) else {
            counts.added += 1;
            continue;
        };
        counts.modified += u64::from(*was != now);
        counts.relabelled += u64::from(was.1 != now.1);
        let same_type = was.0.geometry.type_name() == now.0.geometry.type_name();
        counts.moved += u64::from(was.0.geometry != now.0.geometry && same_type);
        counts.reshaped += u64::from(!same_type);
    }
    summary
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn counts_are_those_of_a_comparison_of_all_records(
        first in prop::collection::vec(step(), 0..25),
        second in prop::collection::vec(step(), 25..40),
    ) {
        let lab = Lab::new();
        let (base, _) = lab.begin();
        let (middle, last) = (build(&lab, &first), build(&lab, &second));
        for (before, after) in [(&base, &middle), (&middle, &last), (&base, &last), (&last, &base)] {
            let found = lab.compare(before, after);
            prop_assert_eq!(&found.summary, &naive(before, after));
            if before.id() != last.id() {
                let by = lab.repo.attribute(before, after, &found.changes).unwrap();
                for (change, by) in found.changes.iter().zip(by) {
                    let taken_over = change.kind == ChangeKind::Rekeyed;
                    prop_assert!(by.is_some() || taken_over, "{:#?}", change);
                }
            }
        }
    }
}
