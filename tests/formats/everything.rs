//! A dataset with everything that a snapshot can hold, from a seed: labels that were renamed and names that were given
//! again, all kinds of annotators, rounds, gaps in the numbers of ratings, every shape, planes, overrides, rules, splits.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

use holotype::event::{AnnotationIdentity, Command, Context, EntityRef, State};
use holotype::id::{AnnotationId, BlobId, ImageId, LabelId};
use holotype::model::geometry::Plane;
use holotype::model::rule::Tie;
use holotype::model::{
    AnnotatorKind, EntityKind, FactChanges, FactValue, Facts, Geometry, ImageFile, Key, KeyParts, Method,
    Rule, Shape,
};
use holotype::repo::Repo;
use holotype::store::RealVfs;

use crate::common::random::{Dice, FLOATS};
use crate::common::{Author, around, code};

/// The names of the images.
pub(crate) type Names = [&'static str; 6];
/// Names that formats could take for something else.
pub(crate) const ODD_NAMES: Names = ["None", "~a/b 1.tif", "C:/x.png", "日本/α.svs", "a.tif", "a"];
/// Names that files can have.
pub(crate) const FILE_NAMES: Names = ["None", "b 1.tif", "x/y.png", "日本/α.svs", "a.tif", "a"];
const PEOPLE: [(&str, AnnotatorKind); 5] = [
    ("human-1", AnnotatorKind::Human),
    ("human-2", AnnotatorKind::Human),
    ("Dr.X", AnnotatorKind::Human),
    ("model-1", AnnotatorKind::Model),
    ("procedure-1", AnnotatorKind::Procedure),
];

/// Makes the dataset of a seed in a folder.
pub(crate) fn make(dir: &Path, seed: u64, names: Names) -> Author {
    let mut author = Author::begin(dir, "everything");
    let mut dice = Dice::new(seed);
    let commands = scaffold(&author, &mut dice, names);
    author.commit("Set up", commands);
    let (labels, renaming) = labels(&author);
    author.commit("Rename", renaming);
    let mut ids = Vec::new();
    let commands = annotations(&author, &mut dice, &labels, names, &mut ids);
    author.commit("Annotate", commands);
    let commands = later(&author, &mut dice, &labels, names, &ids);
    author.commit("Later", commands);
    author
}

fn odd_facts(dice: &mut Dice) -> Facts {
    let mut facts = Facts::new();
    for n in 0..dice.below(4) {
        let float = FLOATS[usize::try_from(dice.below(12)).unwrap()];
        facts.insert(format!("f{n}"), FactValue::Number(float));
        facts.insert(
            format!("description {n}"),
            FactValue::from("'=1+1\u{1f52c}\n\u{2028}"),
        );
    }
    if dice.below(3) == 0 {
        facts.insert("special".to_owned(), FactValue::Flag(true));
        facts.insert("clickable".to_owned(), FactValue::Flag(dice.below(2) == 0));
    }
    facts
}

fn facts_of(kind: EntityKind, id: &str, dice: &mut Dice) -> Command {
    let changes: FactChanges = odd_facts(dice)
        .into_iter()
        .map(|(name, value)| (name, Some(value)))
        .collect();
    let id = id.to_owned();
    Command::SetFacts {
        entity: EntityRef { kind, id },
        changes,
    }
}

fn scaffold(author: &Author, dice: &mut Dice, names: Names) -> Vec<(Context, Command)> {
    let mut commands = vec![facts_of(EntityKind::Dataset, "", dice)];
    for (name, kind) in PEOPLE {
        commands.push(Command::RegisterAnnotator {
            code: code(name),
            kind,
            name: (kind != AnnotatorKind::Human).then(|| format!("net {name}")),
            person: None,
        });
        commands.push(facts_of(EntityKind::Annotator, name, dice));
    }
    for case in ["case-1", "case-2"] {
        commands.push(Command::RegisterCase {
            code: code(case),
            source: None,
        });
        commands.push(facts_of(EntityKind::Case, case, dice));
    }
    commands.push(Command::RegisterSlide {
        code: code("slide-1"),
        case: Some(code("case-2")),
    });
    for (name, n) in names.iter().zip(0..) {
        let mut facts = odd_facts(dice);
        if n % 2 == 0 {
            facts.insert("width".to_owned(), FactValue::from(7215.5));
            facts.insert("height".to_owned(), FactValue::from(5412.0));
        }
        commands.push(Command::DeclareImage {
            name: (*name).to_owned(),
            facts,
        });
        if n > 2 {
            commands.push(Command::AssignImage {
                image: ImageId::of_name(name),
                case: (n > 3).then(|| code("case-1")),
                slide: Some(code("slide-1")),
            });
        }
    }
    // Bytes that are not here: only what the record says of them travels.
    commands.push(Command::IngestImage {
        name: "a".to_owned(),
        files: vec![ImageFile::new("a".to_owned(), BlobId::of(b"bytes elsewhere"), 15)],
        facts: Facts::new(),
    });
    for (member, part) in [("case-1", "train"), ("case-2", "test")] {
        commands.push(Command::AssignSplit {
            split: "Ä/1".to_owned(),
            member: member.to_owned(),
            part: Some(part.to_owned()),
        });
    }
    for name in ["Mitose", "None", "tab\"quote\\"] {
        commands.push(Command::DefineLabel {
            name: name.to_owned(),
            facts: odd_facts(dice),
        });
    }
    commands
        .into_iter()
        .map(|command| (author.context(), command))
        .collect()
}

/// A label that was renamed, and another one that took its first name.
fn labels(author: &Author) -> (Vec<LabelId>, Vec<(Context, Command)>) {
    let mitosis = LabelId::of_name("Mitose", 0);
    let again = LabelId::of_name("Mitose", 1);
    let rename = Command::RenameLabel {
        label: mitosis,
        to: "mitotic figure".to_owned(),
    };
    let define = Command::DefineLabel {
        name: "Mitose".to_owned(),
        facts: Facts::from([("colour".to_owned(), FactValue::from("#FF00aa"))]),
    };
    let labels = vec![
        mitosis,
        again,
        LabelId::of_name("None", 0),
        LabelId::of_name("tab\"quote\\", 0),
    ];
    let commands = [rename, define].map(|command| (author.context(), command));
    (labels, commands.into())
}

fn coordinate(dice: &mut Dice) -> f64 {
    let whole = f64::from(u32::try_from(dice.below(4_000_000)).unwrap());
    match dice.below(4) {
        0 => whole / 1000.0,
        1 => -whole / 7.0,
        _ => whole / 2.0,
    }
}

fn ring(dice: &mut Dice, length: u64) -> Vec<[f64; 2]> {
    (0..length)
        .map(|_| [coordinate(dice), coordinate(dice)])
        .collect()
}

fn shape(dice: &mut Dice) -> Shape {
    let (x, y) = (coordinate(dice), coordinate(dice));
    let (width, height) = (coordinate(dice).abs(), coordinate(dice).abs());
    match dice.below(14) {
        0 | 1 => Shape::Point { x, y },
        2 => Shape::RotatedBox {
            x,
            y,
            width,
            height,
            angle_deg: 33.3,
        },
        3 => Shape::Circle {
            x,
            y,
            radius: width / 3.0,
        },
        4 => Shape::Ellipse {
            x,
            y,
            radius_x: width,
            radius_y: height,
            angle_deg: 0.0,
        },
        5 => Shape::Ellipse {
            x,
            y,
            radius_x: width,
            radius_y: height,
            angle_deg: 12.5,
        },
        6 => Shape::Polygon {
            rings: vec![ring(dice, 7)],
        },
        7 => Shape::Polygon {
            rings: vec![ring(dice, 5), ring(dice, 4)],
        },
        8 => Shape::Polygon {
            rings: vec![ring(dice, 2)],
        },
        9 => Shape::MultiPolygon {
            polygons: vec![vec![ring(dice, 4)], vec![ring(dice, 3), ring(dice, 3)]],
        },
        10 => Shape::Polyline {
            points: ring(dice, 3),
        },
        11 => Shape::Mask {
            x,
            y,
            width: 3.0,
            height: 2.0,
            counts: vec![1, 2, 1, 2],
        },
        12 => Shape::Image,
        _ => Shape::Box { x, y, width, height },
    }
}

fn annotations(
    author: &Author,
    dice: &mut Dice,
    labels: &[LabelId],
    names: Names,
    ids: &mut Vec<AnnotationId>,
) -> Vec<(Context, Command)> {
    let mut commands = Vec::new();
    for _ in 0..90 {
        // Two images stay without annotations.
        let name = names[usize::try_from(dice.below(4)).unwrap() + 2];
        let image = ImageId::of_name(name);
        let plane = (dice.below(5) == 0).then(|| Plane {
            c: u32::try_from(dice.below(2)).unwrap(),
            t: 0,
            z: u32::try_from(dice.below(3)).unwrap(),
        });
        let geometry = Geometry {
            shape: shape(dice),
            plane,
        };
        let mut own = [7; 16];
        for byte in &mut own {
            *byte = u8::try_from(dice.below(256)).unwrap();
        }
        let id = AnnotationId::from_uuid(image.prefix(), own);
        let label = labels.get(usize::try_from(dice.below(5)).unwrap()).copied();
        let by = if dice.below(2) == 0 {
            author.context()
        } else {
            rating(author, dice)
        };
        let context = Context {
            lineage: Some(format!("line\u{e9}-{}", dice.below(2))),
            ..by
        };
        let command = Command::Annotate {
            image,
            geometry,
            label,
            identity: AnnotationIdentity::Given(id),
            source_id: (dice.below(2) == 0).then(|| dice.below(1 << 31).to_string()),
            attributes: odd_facts(dice),
            image_version: (dice.below(6) == 0).then(|| BlobId::of(b"bytes elsewhere")),
        };
        commands.push((context, command));
        ids.push(id);
    }
    commands
}

fn rating(author: &Author, dice: &mut Dice) -> Context {
    let (who, _) = PEOPLE[usize::try_from(dice.below(5)).unwrap()];
    Context {
        round: (dice.below(2) == 0).then(|| u32::try_from(1 + dice.below(3)).unwrap()),
        blinded: [None, Some(true), Some(false)][usize::try_from(dice.below(3)).unwrap()],
        method: [None, Some(Method::Manual), Some(Method::Predicted)]
            [usize::try_from(dice.below(3)).unwrap()],
        claimed_at: [
            None,
            Some("2021-03-19T10:13:50.551Z".to_owned()),
            Some("last Tuesday".to_owned()),
        ][usize::try_from(dice.below(3)).unwrap()]
        .clone(),
        ..author.rating_by(who)
    }
}

fn later(
    author: &Author,
    dice: &mut Dice,
    labels: &[LabelId],
    names: Names,
    ids: &[AnnotationId],
) -> Vec<(Context, Command)> {
    let mut commands = Vec::new();
    for id in ids {
        for _ in 0..dice.below(5) {
            let label = labels.get(usize::try_from(dice.below(5)).unwrap()).copied();
            let command = Command::Rate {
                annotation: *id,
                label,
            };
            commands.push((rating(author, dice), command));
        }
        if dice.below(6) == 0 {
            let label = labels.get(usize::try_from(dice.below(5)).unwrap()).copied();
            let command = Command::Override {
                annotation: *id,
                label: Some(label),
            };
            commands.push((author.context(), command));
        }
        if dice.below(4) == 0 {
            let context = Context {
                lineage: Some("other".to_owned()),
                ..author.context()
            };
            let source_id = format!("é {}", dice.below(1 << 31));
            commands.push((
                context,
                Command::AttachSourceId {
                    annotation: *id,
                    source_id,
                },
            ));
        }
    }
    for image in [names[0], names[3]].map(ImageId::of_name) {
        let region = (dice.below(2) == 0).then(|| Geometry::rectangle(1.0, 2.0, 3.5, 4.0));
        commands.push((rating(author, dice), Command::Screen { image, region }));
        commands.push((author.context(), Command::Screen { image, region: None }));
    }
    let rule = match dice.below(3) {
        0 => Rule::Majority {
            kinds: vec![AnnotatorKind::Human, AnnotatorKind::Model],
            tie: Tie::Recorded,
        },
        1 => Rule::Adjudicated {
            primary: [code("human-1"), code("human-2")],
            third: code("Dr.X"),
        },
        _ => Rule::FirstHuman,
    };
    commands.push((author.context(), Command::SetRule { rule }));
    commands
}

/// Takes the first of several ratings away, so that a number is missing.
pub(crate) fn leave_gaps(author: &mut Author) {
    let version = author.repo.head_version().unwrap();
    let mut first = Vec::new();
    let mut seen: BTreeMap<Vec<u8>, (Key, Vec<u8>)> = BTreeMap::new();
    version
        .scan(&Key::kind_prefix(EntityKind::Rating), &mut |key, value| {
            let key = Key::from_bytes(key).unwrap();
            let Ok(KeyParts::Rating(rating)) = key.parts() else {
                return ControlFlow::Continue(());
            };
            let who = key.as_bytes()[..key.as_bytes().len() - 4].to_vec();
            if rating.n == 1 {
                first.extend(seen.remove(&who));
            } else if rating.n == 0 {
                seen.insert(who, (key, value.to_vec()));
            }
            ControlFlow::Continue(())
        })
        .unwrap();
    assert!(!first.is_empty(), "somebody rated twice in a round");
    let commands = first.into_iter().map(|(key, value)| {
        let restore = Command::Restore {
            key,
            expected: Some(value),
            record: None,
        };
        (author.context(), restore)
    });
    let commands = commands.collect();
    author.commit("Gaps", commands);
}

/// All records of the latest version, as text.
pub(crate) fn records(dir: &Path) -> BTreeMap<String, String> {
    let repo = Repo::open(Arc::new(RealVfs), dir, around(0)).unwrap();
    let version = repo.head_version().unwrap();
    let mut records = BTreeMap::new();
    version
        .scan(&[], &mut |key, value| {
            let key = Key::from_bytes(key).unwrap().to_string();
            records.insert(key, String::from_utf8(value.to_vec()).unwrap());
            ControlFlow::Continue(())
        })
        .unwrap();
    records
}

/// Asserts that two repositories hold the same, and says the first differences.
pub(crate) fn assert_same(here: &Path, there: &Path) {
    let (here, there) = (records(here), records(there));
    let differ: Vec<String> = here
        .keys()
        .chain(there.keys())
        .filter(|key| here.get(*key) != there.get(*key))
        .take(6)
        .map(|key| format!("{key}\n  here  {:?}\n  there {:?}", here.get(key), there.get(key)))
        .collect();
    assert!(differ.is_empty(), "{}", differ.join("\n"));
    assert!(here.len() > 200, "there is much to compare");
}
