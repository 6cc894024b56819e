//! Laws over random datasets: nothing leaks, nothing depends on an order, what is reported is what is there.

use std::collections::{BTreeMap, BTreeSet};

use super::*;
use crate::id::{BlobId, Code, ImageId};
use crate::model::{CaseRecord, FactValue, ImageFile, ImageRecord, Origin, Severity, SlideRecord};
use crate::quality::bootstrap::Draws;

/// The records of a dataset.
#[derive(Clone)]
struct Records {
    images: Vec<(ImageRecord, u64)>,
    slides: Vec<SlideRecord>,
    cases: Vec<CaseRecord>,
}

impl Records {
    fn material(&self) -> Material {
        Material::new(self.images.clone(), self.slides.clone(), self.cases.clone())
    }

    fn shuffled(&self, draws: &mut Draws) -> Self {
        let mut other = self.clone();
        shuffle(&mut other.images, draws);
        shuffle(&mut other.slides, draws);
        shuffle(&mut other.cases, draws);
        other
    }
}

fn below(draws: &mut Draws, bound: usize) -> usize {
    usize::try_from(draws.below(u64::try_from(bound).unwrap())).unwrap()
}

fn shuffle<T>(items: &mut [T], draws: &mut Draws) {
    for n in (1..items.len()).rev() {
        items.swap(n, below(draws, n + 1));
    }
}

fn code(kind: &str, n: usize) -> Code {
    Code::parse(&format!("{kind}-{n}")).unwrap()
}

fn image(name: &str) -> ImageRecord {
    ImageRecord {
        name: name.to_owned(),
        ..ImageRecord::default()
    }
}

fn file(content: usize) -> ImageFile {
    ImageFile::new(String::new(), BlobId::of(&content.to_le_bytes()), 8)
}

/// Cases, slides, images with and without them, duplicates under two names, crops of crops, facts here and there.
fn random(draws: &mut Draws) -> Records {
    let (cases, slides) = (below(draws, 12), below(draws, 12));
    let mut images: Vec<(ImageRecord, u64)> = Vec::new();
    let count = below(draws, 40);
    for n in 0..count {
        let mut record = image(&format!("{n}.tiff"));
        if cases > 0 && draws.below(3) > 0 {
            record.case = Some(code("case", below(draws, cases)));
        }
        if slides > 0 && draws.below(3) == 0 {
            record.slide = Some(code("slide", below(draws, slides)));
        }
        if draws.below(2) == 0 {
            record.files = vec![file(below(draws, 60))];
        }
        if draws.below(8) == 0 {
            record.versions = vec![vec![file(below(draws, 60))]];
        }
        if draws.below(6) == 0 {
            record.origin = Some(Origin {
                image: ImageId::of_name(&format!("{}.tiff", below(draws, count + 2))),
                scale: 1.0,
                x: 0.0,
                y: 0.0,
                extra: crate::codec::Extra::default(),
            });
        }
        if draws.below(4) > 0 {
            let scanner = ["A", "B", "C"][below(draws, 3)];
            record
                .facts
                .insert("scanner".to_owned(), FactValue::from(scanner));
        }
        images.push((record, draws.below(9)));
    }
    let case = |n| {
        let mut record = CaseRecord::empty(code("case", n));
        let species = if n % 3 == 0 { "cat" } else { "dog" };
        record
            .facts
            .insert("species".to_owned(), FactValue::from(species));
        record
    };
    let slide = |n: usize| SlideRecord {
        case: (n.is_multiple_of(2) && n < cases).then(|| code("case", n)),
        ..SlideRecord::empty(code("slide", n))
    };
    Records {
        images,
        slides: (0..slides).map(slide).collect(),
        cases: (0..cases).map(case).collect(),
    }
}

fn plan(shares: &[(&str, u32)], stratify: &[&str], seed: u64) -> Plan {
    let share = |(part, share): &(&str, u32)| Share {
        part: (*part).to_owned(),
        share: *share,
    };
    Plan {
        shares: shares.iter().map(share).collect(),
        stratify: stratify.iter().map(|fact| (*fact).to_owned()).collect(),
        seed,
    }
}

const USUAL: [(&str, u32); 3] = [("train", 70), ("validation", 15), ("test", 15)];

fn errors(material: &Material, assignment: &Assignment) -> Vec<LeakFinding> {
    let mut found = check(material, "s", assignment, &BTreeMap::new());
    found.retain(|one| one.severity != Severity::Information);
    found
}

/// Looks for leaks without what the code under test uses: each two images, compared.
fn leaks_by_pairs(records: &Records, assignment: &Assignment) -> bool {
    let case_of = |record: &ImageRecord| {
        let slide = records
            .slides
            .iter()
            .find(|slide| Some(&slide.code) == record.slide.as_ref());
        record
            .case
            .clone()
            .or_else(|| slide.and_then(|slide| slide.case.clone()))
    };
    let part = |record: &ImageRecord| {
        let id = ImageId::of_name(&record.name).to_string();
        assignment[&case_of(record).map_or(id, |case| case.to_string())].clone()
    };
    let blobs = |record: &ImageRecord| -> BTreeSet<BlobId> {
        record
            .versions
            .iter()
            .flatten()
            .chain(&record.files)
            .map(|file| file.blob)
            .collect()
    };
    let crop_of = |a: &ImageRecord, b: &ImageRecord| {
        a.origin
            .as_ref()
            .is_some_and(|origin| origin.image == ImageId::of_name(&b.name))
    };
    records.images.iter().any(|(a, _)| {
        records.images.iter().any(|(b, _)| {
            let same_case = case_of(a).is_some() && case_of(a) == case_of(b);
            let same_slide = a.slide.is_some() && a.slide == b.slide;
            let siblings = a.origin.is_some()
                && a.origin.as_ref().map(|o| o.image) == b.origin.as_ref().map(|o| o.image);
            let same =
                same_case || same_slide || siblings || crop_of(a, b) || !blobs(a).is_disjoint(&blobs(b));
            same && part(a) != part(b)
        })
    })
}

#[test]
fn a_thousand_random_datasets_have_no_leak_and_one_split_whatever_the_order() {
    let mut draws = Draws::new(6);
    let (mut linked, mut several) = (0, 0);
    for seed in 0..1000 {
        let records = random(&mut draws);
        let material = records.material();
        let plan = plan(&USUAL, &["species", "scanner"], seed);
        let assignment = assign(&material, &plan);
        assert_eq!(
            assignment.keys().collect::<Vec<_>>(),
            material.members().keys().collect::<Vec<_>>()
        );
        assert_eq!(errors(&material, &assignment), []);
        assert!(!leaks_by_pairs(&records, &assignment), "seed {seed}");
        assert_eq!(
            assign(&records.shuffled(&mut draws).material(), &plan),
            assignment,
            "seed {seed}"
        );
        for split in leave_out(&material, "scanner", "train", "test").values() {
            assert_eq!(errors(&material, split), []);
        }
        linked += usize::from(material.units().len() < material.members().len());
        several += usize::from(assignment.values().collect::<BTreeSet<_>>().len() > 1);
    }
    assert!(
        linked > 500 && several > 500,
        "the datasets are no test: {linked}, {several}"
    );
}

#[test]
fn what_is_reported_is_what_is_counted() {
    let mut draws = Draws::new(7);
    for seed in 0..200 {
        let records = random(&mut draws);
        let material = records.material();
        let plan = plan(&USUAL, &["species", "scanner"], seed);
        let assignment = assign(&material, &plan);
        let report = report(&material, &assignment, &plan.stratify, &plan.shares);
        let mut images = 0;
        for part in &report.parts {
            let cases = assignment.values().filter(|own| **own == part.part).count();
            assert_eq!(part.cases, u64::try_from(cases).unwrap());
            let share = part.cases as f64 / assignment.len() as f64;
            assert!(part.share.is_none_or(|told| (told - share).abs() < 1e-12));
            images += part.images;
        }
        assert_eq!(images, u64::try_from(records.images.len()).unwrap());
        let annotations: u64 = report.parts.iter().map(|part| part.annotations).sum();
        assert_eq!(
            annotations,
            records.images.iter().map(|(_, count)| count).sum::<u64>()
        );
        for fact in ["species", "scanner"] {
            let of_fact = report
                .strata
                .iter()
                .filter(|one| one.values.len() == 1 && one.values.contains_key(fact));
            let cases: u64 = of_fact.map(|one| one.cases).sum();
            assert_eq!(cases, u64::try_from(assignment.len()).unwrap());
        }
        for stratum in &report.strata {
            assert_eq!(
                stratum.cases,
                stratum.parts.iter().map(|part| part.cases).sum::<u64>()
            );
        }
    }
}

/// 100 dogs and 40 cats on two scanners, an image each.
fn even() -> Material {
    let images = (0..140).map(|n| {
        let mut record = image(&format!("{n}.tiff"));
        let species = if n < 100 { "dog" } else { "cat" };
        record
            .facts
            .insert("species".to_owned(), FactValue::from(species));
        let scanner = if n % 2 == 0 { "A" } else { "B" };
        record
            .facts
            .insert("scanner".to_owned(), FactValue::from(scanner));
        (record, 1)
    });
    Material::new(images, [], [])
}

#[test]
fn shares_are_met_over_all_and_in_each_stratum() {
    let material = even();
    for seed in 0..20 {
        let plan = plan(&USUAL, &["species", "scanner"], seed);
        let assignment = assign(&material, &plan);
        let report = report(&material, &assignment, &plan.stratify, &plan.shares);
        let cases: Vec<u64> = report.parts.iter().map(|part| part.cases).collect();
        assert_eq!(cases, [98, 21, 21], "seed {seed}");
        for stratum in &report.strata {
            assert!(stratum.misses.is_some_and(|misses| misses <= 1.5), "{stratum:?}");
        }
        let other = Plan {
            seed: seed + 1,
            ..plan
        };
        assert_ne!(assign(&material, &other), assignment, "a seed has to matter");
    }
}

#[test]
fn many_small_strata_do_not_fill_the_largest_part() {
    let images = (0..100).map(|n| {
        let mut record = image(&format!("{n}.tiff"));
        record
            .facts
            .insert("laboratory".to_owned(), FactValue::Text(format!("lab {n}")));
        (record, 0)
    });
    let material = Material::new(images, [], []);
    let plan = plan(&USUAL, &["laboratory"], 1);
    let report = report(&material, &assign(&material, &plan), &plan.stratify, &plan.shares);
    let cases: Vec<u64> = report.parts.iter().map(|part| part.cases).collect();
    assert_eq!(cases, [70, 15, 15]);
    assert!(
        report
            .strata
            .iter()
            .all(|one| one.misses.is_some_and(|misses| misses > 0.1))
    );
}

#[test]
fn a_seed_gives_the_same_split_for_ever() {
    let assignment = assign(&even(), &plan(&USUAL, &["species", "scanner"], 42));
    assert_eq!(
        members_digest(&assignment, "test"),
        "8f07b8168606e39f9b4633b019ed47dd3b90f8759e0bfbeadb0aace2b3dbc6a3"
    );
}

#[test]
fn a_domain_is_left_out_of_train_whole() {
    let mut records = vec![image("a.tiff"), image("b.tiff"), image("c.tiff"), image("d.tiff")];
    for (record, scanner) in records.iter_mut().zip(["A", "B", "B", ""]) {
        record
            .facts
            .insert("scanner".to_owned(), FactValue::from(scanner));
    }
    records[0].case = Some(code("case", 1));
    records[1].case = Some(code("case", 1));
    let material = Material::new(records.into_iter().map(|one| (one, 0)), [], []);
    let splits = leave_out(&material, "scanner", "train", "test");
    assert_eq!(splits.keys().collect::<Vec<_>>(), ["A", "B"]);
    let [b, c] = ["b.tiff", "c.tiff"].map(|name| ImageId::of_name(name).to_string());
    assert_eq!(splits["A"]["case-1"], "test");
    assert_eq!(splits["A"][&c], "train");
    assert!(!splits["A"].contains_key(&b), "it is of a case");
    assert_eq!(splits["B"]["case-1"], "test", "train must not have seen B");
    assert_eq!(splits["B"].len(), 2, "what has no scanner is in neither");
}

#[test]
fn files_that_every_series_has_are_no_duplicates() {
    let series = |name: &str, own: usize| {
        let mut record = image(name);
        record.files = vec![file(0), file(own)];
        (record, 0)
    };
    let material = Material::new([series("a", 1), series("b", 2), series("c", 2)], [], []);
    assert_eq!(material.units().len(), 2);
}

#[test]
fn codes_are_unique_and_leaks_are_errors() {
    let codes: BTreeSet<&str> = CODES.iter().map(|(code, ..)| *code).collect();
    assert_eq!(codes.len(), CODES.len());
    assert!(
        CODES
            .iter()
            .take(6)
            .all(|(_, severity, _)| *severity == Severity::Error)
    );
}

/// What a picture looks like whose cells grow brighter to the right, but for the first `n`.
fn look(n: usize) -> crate::model::Look {
    let mut grey: Vec<u8> = (0..17 * 16)
        .map(|at| u8::try_from(at % 17 * 10).unwrap())
        .collect();
    for row in 0..n {
        // One cell that is darker than its left neighbour flips one bit.
        grey[row % 16 * 17 + row / 16 * 2 + 1] = 0;
    }
    crate::model::Look::of_grey(17, 16, &grey).unwrap()
}

#[test]
fn pictures_that_look_alike_are_found_and_the_same_kept_together() {
    let names = ["a.jpg", "b.png", "c.jpg", "d.jpg"];
    let images = names.iter().map(|name| (image(name), 1));
    let distance = |n: usize| look(0).distance(&look(n));
    assert_eq!((distance(3), distance(12)), (3, 12));
    let looks = BTreeMap::from([
        ("a.jpg".to_owned(), look(0)),
        ("b.png".to_owned(), look(3)),
        ("c.jpg".to_owned(), look(12)),
    ]);
    let material = Material::new(images, [], []).with_looks(&looks);
    let sizes: Vec<usize> = material.units().iter().map(|unit| unit.members.len()).collect();
    assert_eq!(sizes.iter().sum::<usize>(), 4);
    assert_eq!(
        sizes.iter().max(),
        Some(&2),
        "only what looks the same stays together"
    );
    let id = |name: &str| ImageId::of_name(name).to_string();
    let assignment = Assignment::from([
        (id("a.jpg"), "train".to_owned()),
        (id("b.png"), "test".to_owned()),
        (id("c.jpg"), "test".to_owned()),
        (id("d.jpg"), "test".to_owned()),
    ]);
    let found = check(&material, "main", &assignment, &BTreeMap::new());
    let codes: Vec<&str> = found.iter().map(|one| one.code).collect();
    assert_eq!(codes, ["HT-Q209", "HT-Q210"]);
    assert!(found[0].message.contains("a.jpg (train)") && found[0].message.contains("b.png (test)"));
    let together = assignment
        .into_keys()
        .map(|member| (member, "train".to_owned()))
        .collect();
    assert_eq!(check(&material, "main", &together, &BTreeMap::new()), []);
}
