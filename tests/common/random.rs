//! Larger repositories: thousands of annotations over several commits, with withdrawals and reverts.

use holotype::event::{AnnotationIdentity, Command, Context, State};
use holotype::id::{AnnotationId, ImageId, LabelId};
use holotype::model::{AnnotatorKind, FactValue, Facts, Geometry, Key, Shape};

use super::{Author, code};

/// Numbers that look random, from a seed.
pub(crate) struct Dice(u64);

impl Dice {
    /// Begins.
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A number below `end`.
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        // Knuth's MMIX generator; its upper bits are good enough for tests.
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % end
    }

    fn coordinate(&mut self) -> f64 {
        let whole = f64::from(u32::try_from(self.below(4_000_000)).unwrap_or(0));
        match self.below(5) {
            0 => whole / 1000.0,
            1 => -whole / 7.0,
            2 => whole / 3e9,
            _ => whole / 2.0,
        }
    }

    fn geometry(&mut self) -> Geometry {
        let (x, y) = (self.coordinate(), self.coordinate());
        match self.below(20) {
            0 => Geometry::point(x, y),
            1 => {
                let mut polygon = || vec![(0..60).map(|_| [self.coordinate(), self.coordinate()]).collect()];
                Geometry::new(Shape::Polygon { rings: polygon() })
            }
            2 => Geometry::new(Shape::Circle { x, y, radius: 25.0 }),
            _ => Geometry::rectangle(x, y, 50.0, 50.5),
        }
    }
}

/// Names of images that sort differently by bytes, by UTF-16 and by eye.
const NAMES: [&str; 6] = [
    "a b.png",
    "Ä.tif",
    "\u{e000}.tif",
    "\u{1f52c}/1.tif",
    "z\u{301}.tif",
    "日本.svs",
];

/// Floats whose canonical form is peculiar.
pub(crate) const FLOATS: [f64; 12] = [
    1e21,
    -0.0,
    0.1,
    5e-324,
    1e-7,
    0.000_001,
    123_456_789_012_345_680_000.0,
    1e17,
    9_007_199_254_740_992.0,
    1.797_693_134_862_315_7e308,
    -1e-10,
    4.35,
];

/// Builds `count` annotations over several commits, then withdraws, relabels and puts back.
pub(crate) fn build(dir: &std::path::Path, count: u64) -> Author {
    let mut author = Author::begin(dir, "random");
    let mut dice = Dice::new(7);
    let by = author.context();
    let mut commands: Vec<Command> = NAMES
        .iter()
        .map(|name| Command::DeclareImage {
            name: (*name).to_owned(),
            facts: odd_facts(),
        })
        .collect();
    for name in ["ein Kern \u{fb33}", "tab\"quote\\", "\u{1f52c}"] {
        commands.push(Command::DefineLabel {
            name: name.to_owned(),
            facts: odd_facts(),
        });
    }
    for (name, kind) in [
        ("human-1", AnnotatorKind::Human),
        ("model-1", AnnotatorKind::Model),
    ] {
        commands.push(Command::RegisterAnnotator {
            code: code(name),
            kind,
            name: None,
            person: None,
        });
    }
    author.commit(
        "Set up",
        commands
            .into_iter()
            .map(|command| (by.clone(), command))
            .collect(),
    );
    for part in 0..3_u64 {
        let commands = (0..count / 3)
            .map(|_| annotate(&author, &mut dice, part))
            .collect();
        author.commit("Annotate", commands);
    }
    change(&mut author, &mut dice);
    author
}

/// Facts whose names sort in UTF-16 otherwise than in UTF-8, and whose numbers are peculiar.
fn odd_facts() -> Facts {
    let mut facts: Facts = FLOATS
        .iter()
        .enumerate()
        .map(|(n, value)| (format!("f{n}"), FactValue::Number(*value)))
        .collect();
    facts.insert("\u{fb33}".to_owned(), "after".into());
    facts.insert("\u{1f600}".to_owned(), "before\u{7f}\u{1}\n\u{2028}".into());
    facts.insert("\"\\\r".to_owned(), FactValue::Flag(false));
    facts
}

fn annotate(author: &Author, dice: &mut Dice, part: u64) -> (Context, Command) {
    let pick = usize::try_from(dice.below(6)).unwrap_or(0);
    let label = match dice.below(4) {
        0 => None,
        1 => Some(LabelId::of_name("ein Kern \u{fb33}", 0)),
        2 => Some(LabelId::of_name("tab\"quote\\", 0)),
        _ => Some(LabelId::of_name("\u{1f52c}", 0)),
    };
    let who = ["human-1", "model-1"][usize::try_from(part % 2).unwrap_or(0)];
    let context = Context {
        lineage: Some("line\u{e9}".to_owned()),
        round: (part == 2).then_some(2),
        ..author.rating_by(who)
    };
    let source_id = (part == 1).then(|| format!("{}", dice.below(1 << 31)));
    let command = Command::Annotate {
        image: ImageId::of_name(NAMES[pick]),
        geometry: dice.geometry(),
        label,
        identity: AnnotationIdentity::Content,
        source_id,
        attributes: if dice.below(10) == 0 {
            odd_facts()
        } else {
            Facts::new()
        },
        image_version: None,
    };
    (context, command)
}

/// Withdraws some annotations, relabels some, then puts some of the records back.
fn change(author: &mut Author, dice: &mut Dice) {
    let before = author.repo.head_version().expect("a version");
    let mut all = Vec::new();
    before
        .scan(&[0x30], &mut |key, _| {
            all.push(AnnotationId::from_bytes(key[1..].try_into().expect("24 bytes")));
            std::ops::ControlFlow::Continue(())
        })
        .expect("the state is read");
    let mut chosen: Vec<(AnnotationId, u64)> = Vec::new();
    for annotation in &all {
        if let kind @ 0..=2 = dice.below(10) {
            chosen.push((*annotation, kind));
        }
    }
    let by = author.rating_by("human-1");
    let commands = chosen
        .iter()
        .map(|(annotation, kind)| {
            let annotation = *annotation;
            let command = match kind {
                0 => Command::Withdraw { annotation },
                1 => Command::Relabel {
                    annotation,
                    label: None,
                },
                _ => Command::Revise {
                    annotation,
                    geometry: dice.geometry(),
                },
            };
            (by.clone(), command)
        })
        .collect();
    author.commit("Change", commands);
    let after = author.repo.head_version().expect("a version");
    let mut restored = Vec::new();
    for change in before
        .tree()
        .diff(before.nodes(), &after.tree())
        .filter(|_| dice.below(3) > 0)
    {
        let key = Key::from_bytes(&change.expect("the trees are read").key).expect("a key");
        let (expected, record) = (after.get(&key).expect("read"), before.get(&key).expect("read"));
        restored.push((
            by.clone(),
            Command::Restore {
                key,
                expected,
                record,
            },
        ));
    }
    author.commit("Put back", restored);
}
