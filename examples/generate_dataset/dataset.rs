//! Invented annotations as a COCO file. Every annotation is a function of the seed and its number alone, so that the
//! file streams out in any order, and nothing but one count an image is held in memory.
//!
//! The skew is that of whole slides: four images in ten have nothing, a few have up to [`IMAGE_MAX`] annotations.

use std::io::{self, Write};

/// As many annotations as a crowded slide has. More stand on an image only where there are too few images.
pub(crate) const IMAGE_MAX: u64 = 30_000;

/// The labels. No annotation has the last one, so that to give it to one is always a change.
pub(crate) const LABELS: [&str; 4] = [
    "mitotic figure",
    "non-mitotic cell",
    "apoptotic body",
    "out of focus",
];

/// Annotations lie within images of this width and height, px.
const SIZE: u64 = 20_000;

/// The geometries to make.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shapes {
    /// Boxes.
    Boxes,
    /// Points, in the exact geometry that exports of Holotype carry.
    Points,
    /// Polygons with 8 to 40 corners.
    Polygons,
    /// Each of them, boxes most often.
    Mixed,
}

impl Shapes {
    /// Reads the word for it.
    pub(crate) fn parse(word: &str) -> Option<Self> {
        Some(match word {
            "boxes" => Self::Boxes,
            "points" => Self::Points,
            "polygons" => Self::Polygons,
            "mixed" => Self::Mixed,
            _ => return None,
        })
    }
}

/// The order in which things stand in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    /// Images, then their annotations, image by image.
    ImagesFirst,
    /// Annotations, image by image, then images.
    AnnotationsFirst,
    /// Images, then annotations in no order.
    Shuffled,
}

impl Order {
    /// Reads the word for it.
    pub(crate) fn parse(word: &str) -> Option<Self> {
        Some(match word {
            "images-first" => Self::ImagesFirst,
            "annotations-first" => Self::AnnotationsFirst,
            "shuffled" => Self::Shuffled,
            _ => return None,
        })
    }
}

/// What is asked for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wanted {
    /// How many images; at least one.
    pub(crate) images: u64,
    /// How many annotations in all.
    pub(crate) annotations: u64,
    /// Their geometries.
    pub(crate) shapes: Shapes,
    /// How many vote on each annotation; no votes are written for 0.
    pub(crate) annotators: u64,
    /// What everything derives from.
    pub(crate) seed: u64,
    /// The order.
    pub(crate) order: Order,
}

impl Wanted {
    /// Boxes without votes, image by image.
    pub(crate) fn boxes(images: u64, annotations: u64) -> Self {
        Self {
            images,
            annotations,
            shapes: Shapes::Boxes,
            annotators: 0,
            seed: 1,
            order: Order::ImagesFirst,
        }
    }
}

/// Writes the file, on one line.
pub(crate) fn write_coco(wanted: &Wanted, out: &mut impl Write) -> io::Result<()> {
    write!(
        out,
        "{{\"info\":{{\"description\":\"invented annotations\",\"version\":\"1.0\"}},\"categories\":["
    )?;
    for (id, name) in (1..).zip(LABELS) {
        write!(out, "{}{{\"id\":{id},\"name\":\"{name}\"}}", comma(id == 1))?;
    }
    write!(out, "],")?;
    if wanted.order == Order::AnnotationsFirst {
        write_annotations(wanted, out)?;
        write!(out, ",")?;
        write_images(wanted, out)?;
    } else {
        write_images(wanted, out)?;
        write!(out, ",")?;
        write_annotations(wanted, out)?;
    }
    writeln!(out, "}}")
}

fn comma(is_first: bool) -> &'static str {
    if is_first { "" } else { "," }
}

fn write_images(wanted: &Wanted, out: &mut impl Write) -> io::Result<()> {
    write!(out, "\"images\":[")?;
    for id in 1..=wanted.images {
        let comma = comma(id == 1);
        write!(
            out,
            "{comma}{{\"id\":{id},\"file_name\":\"{id:07}.tiff\",\"width\":{SIZE},\"height\":{SIZE}}}"
        )?;
    }
    write!(out, "]")
}

fn write_annotations(wanted: &Wanted, out: &mut impl Write) -> io::Result<()> {
    let ends = ends(&counts(wanted));
    let shuffle = Shuffle::new(wanted.annotations, wanted.seed);
    write!(out, "\"annotations\":[")?;
    for place in 0..wanted.annotations {
        let number = match wanted.order {
            Order::Shuffled => shuffle.at(place),
            Order::ImagesFirst | Order::AnnotationsFirst => place,
        };
        let image = ends.partition_point(|end| *end <= number) + 1;
        write!(out, "{}", comma(place == 0))?;
        write_annotation(wanted, number, image, out)?;
    }
    write!(out, "]")
}

fn write_annotation(wanted: &Wanted, number: u64, image: usize, out: &mut impl Write) -> io::Result<()> {
    let mut chance = Chance::new(wanted.seed, number);
    let (width, height) = (10 + chance.below(90), 10 + chance.below(90));
    // Half pixels, as centres halved give them.
    let (x, y) = (
        chance.below(2 * (SIZE - width)),
        chance.below(2 * (SIZE - height)),
    );
    let label = 1 + chance.below(10) / 4;
    write!(
        out,
        "{{\"id\":{},\"image_id\":{image},\"category_id\":{label},",
        number + 1
    )?;
    match (wanted.shapes, chance.below(10)) {
        (Shapes::Boxes, _) | (Shapes::Mixed, 0..6) => {
            let (x, y) = (Half(x), Half(y));
            write!(
                out,
                "\"bbox\":[{x},{y},{width},{height}],\"area\":{}",
                width * height
            )?;
        }
        (Shapes::Points, _) | (Shapes::Mixed, 6..8) => {
            let (x, y) = (Half(x), Half(y));
            write!(
                out,
                "\"bbox\":[{x},{y},0,0],\"area\":0,\"holotype_geometry\":{{\"type\":\"point\",\"x\":{x},\"y\":{y}}}"
            )?;
        }
        (Shapes::Polygons | Shapes::Mixed, _) => write_polygon(&mut chance, (x, y), (width, height), out)?,
    }
    write!(out, ",\"iscrowd\":0")?;
    if wanted.annotators > 0 {
        write!(out, ",\"labels\":[{label}")?;
        for _ in 1..wanted.annotators {
            // Three in four agree with the first.
            let vote = if chance.below(4) > 0 {
                label
            } else {
                1 + chance.below(3)
            };
            write!(out, ",{vote}")?;
        }
        write!(out, "]")?;
    }
    write!(out, "}}")
}

/// Writes a polygon around a box: down its left side and up its right one, so that it never crosses itself.
fn write_polygon(
    chance: &mut Chance,
    (x, y): (u64, u64),
    (width, height): (u64, u64),
    out: &mut impl Write,
) -> io::Result<()> {
    let side = 4 + chance.below(17);
    let step = |corner: u64| y + 2 * height * corner / (side - 1);
    write!(out, "\"segmentation\":[[")?;
    for corner in 0..side {
        let left = x + chance.below(width);
        write!(out, "{}{},{}", comma(corner == 0), Half(left), Half(step(corner)))?;
    }
    for corner in (0..side).rev() {
        let right = x + width + 1 + chance.below(width);
        write!(out, ",{},{}", Half(right), Half(step(corner)))?;
    }
    let (x, y) = (Half(x), Half(y));
    write!(
        out,
        "]],\"bbox\":[{x},{y},{width},{height}],\"area\":{}",
        width * height
    )
}

/// Twice a number of pixels.
struct Half(u64);

impl std::fmt::Display for Half {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let rest = if self.0.is_multiple_of(2) { "" } else { ".5" };
        write!(f, "{}{rest}", self.0 / 2)
    }
}

/// Returns how many annotations each image has, first to last; their sum is what is asked for.
///
/// The n-th most crowded of the six in ten images that have any gets a share of 1/n, and no more than
/// [`IMAGE_MAX`] or an even share of all.
pub(crate) fn counts(wanted: &Wanted) -> Vec<u64> {
    let crowded = (wanted.images * 6).div_ceil(10);
    let most = IMAGE_MAX.max(wanted.annotations.div_ceil(crowded));
    let mut ranked = vec![0_u64; usize::try_from(crowded).unwrap_or(0)];
    let mut left = wanted.annotations;
    while left > 0 {
        let open = || (1_u64..).zip(&ranked).filter(|(_, count)| **count < most);
        let weights: u64 = open().map(|(rank, _)| (1 << 32) / rank).sum();
        let before = left;
        for (rank, count) in (1_u64..).zip(&mut ranked).filter(|(_, count)| **count < most) {
            let share = u128::from(before) * ((1 << 32) / u128::from(rank)) / u128::from(weights.max(1));
            let share = u64::try_from(share).unwrap_or(u64::MAX).max(1);
            let given = share.min(most - *count).min(left);
            *count += given;
            left -= given;
        }
    }
    let mut all = vec![0; usize::try_from(wanted.images).unwrap_or(0)];
    let places = Shuffle::new(wanted.images, wanted.seed ^ 1);
    for (rank, count) in (0..).zip(ranked) {
        if let Some(place) = all.get_mut(usize::try_from(places.at(rank)).unwrap_or(usize::MAX)) {
            *place = count;
        }
    }
    all
}

/// Returns the number after the last annotation of each image.
fn ends(counts: &[u64]) -> Vec<u64> {
    let sums = counts.iter().scan(0, |sum, count| {
        *sum += count;
        Some(*sum)
    });
    sums.collect()
}

/// An order of `0..n` that looks random and is computed place by place.
struct Shuffle {
    n: u64,
    factor: u64,
    offset: u64,
}

impl Shuffle {
    fn new(n: u64, seed: u64) -> Self {
        let n = n.max(1);
        let mut chance = Chance::new(seed, u64::MAX);
        // About the golden section, so that neighbours go far apart.
        let mut factor = n / 8 * 5 + chance.below(n / 8 + 1) + 1;
        while common_divisor(factor, n) != 1 {
            factor += 1;
        }
        Self {
            n,
            factor,
            offset: chance.below(n),
        }
    }

    fn at(&self, place: u64) -> u64 {
        let product = u128::from(place) * u128::from(self.factor) + u128::from(self.offset);
        u64::try_from(product % u128::from(self.n)).unwrap_or(0)
    }
}

fn common_divisor(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { common_divisor(b, a % b) }
}

/// Numbers that look random and are the same every time (`SplitMix64`).
struct Chance(u64);

impl Chance {
    fn new(seed: u64, number: u64) -> Self {
        let mut chance = Self(seed.wrapping_mul(0xd134_2543_de82_ef95) ^ number);
        Self(chance.next())
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, end: u64) -> u64 {
        self.next() % end.max(1)
    }
}
