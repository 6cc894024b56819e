//! Makes a large COCO file of invented boxes, on one line, the same for the same numbers:
//!
//! ```sh
//! cargo run --release --example generate_boxes -- --images 1000 --boxes 1000000 --out boxes.json
//! ```
//!
//! As in real data sets, a few images have very many boxes and four in ten have none.

use std::error::Error;
use std::fs::File;
use std::io::{BufWriter, Write};

use serde_json::json;

/// Boxes lie within images of this width and height, px.
const SIZE: u64 = 20_000;

/// What is asked for on the command line.
struct Wanted {
    images: u64,
    boxes: u64,
    out: String,
}

fn main() -> Result<(), Box<dyn Error>> {
    let wanted = arguments()?;
    let mut out = BufWriter::new(File::create(&wanted.out)?);
    write_file(&wanted, &mut out)?;
    Ok(out.into_inner()?.sync_all()?)
}

fn arguments() -> Result<Wanted, Box<dyn Error>> {
    let mut wanted = Wanted {
        images: 1000,
        boxes: 1_000_000,
        out: String::new(),
    };
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        let value = words.next().ok_or_else(|| format!("{word} needs a value"))?;
        match word.as_str() {
            "--images" => wanted.images = value.parse()?,
            "--boxes" => wanted.boxes = value.parse()?,
            "--out" => wanted.out = value,
            other => {
                return Err(format!("there is no {other}; there are --images, --boxes and --out").into());
            }
        }
    }
    if wanted.out.is_empty() || wanted.images == 0 {
        return Err("--out FILE is needed, and at least one image".into());
    }
    Ok(wanted)
}

fn write_file(wanted: &Wanted, out: &mut impl Write) -> Result<(), Box<dyn Error>> {
    let info = json!({"description": "invented boxes", "version": "1.0"});
    let names = ["mitotic figure", "non-mitotic cell", "apoptotic body"];
    let categories: Vec<_> = (1..)
        .zip(names)
        .map(|(id, name)| json!({"id": id, "name": name}))
        .collect();
    write!(
        out,
        "{{\"info\":{info},\"categories\":{},\"images\":[",
        json!(categories)
    )?;
    for id in 1..=wanted.images {
        let comma = if id == 1 { "" } else { "," };
        let image = json!({"id": id, "file_name": format!("{id:06}.tiff"), "width": SIZE, "height": SIZE});
        write!(out, "{comma}{image}")?;
    }
    write!(out, "],\"annotations\":[")?;
    let mut chance = Chance(1);
    for id in 1..=wanted.boxes {
        let comma = if id == 1 { "" } else { "," };
        let image = 1 + chance.skewed((wanted.images * 6).div_ceil(10));
        let (width, height) = (10 + chance.below(90), 10 + chance.below(90));
        // Half pixels, as centres halved give them.
        let (x, y) = (
            chance.below(2 * (SIZE - width)),
            chance.below(2 * (SIZE - height)),
        );
        let half = |twice: u64| format!("{}{}", twice / 2, if twice.is_multiple_of(2) { "" } else { ".5" });
        let category = 1 + chance.below(10) / 4;
        write!(
            out,
            "{comma}{{\"id\":{id},\"image_id\":{image},\"category_id\":{category},\"bbox\":[{},{},{width},{height}],\
             \"area\":{},\"iscrowd\":0}}",
            half(x),
            half(y),
            width * height
        )?;
    }
    Ok(writeln!(out, "]}}")?)
}

/// Numbers that look random and are the same every time (`SplitMix64`).
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, end: u64) -> u64 {
        self.next() % end.max(1)
    }

    /// Small numbers far more often than large ones: the least of three.
    fn skewed(&mut self, end: u64) -> u64 {
        self.below(end).min(self.below(end)).min(self.below(end))
    }
}
