//! Makes a large COCO file of invented annotations, the same for the same numbers, in memory that does not grow with
//! the number of annotations:
//!
//! ```sh
//! cargo run --release --example generate_dataset -- --images 1000 --annotations 1000000 --out boxes.json
//! ```

mod dataset;

use std::error::Error;
use std::fs::File;
use std::io::BufWriter;

use dataset::{Order, Shapes, Wanted, write_coco};

/// What may be said on the command line.
const USAGE: &str = "--images N --annotations M --shapes boxes|points|polygons|mixed --annotators K --seed S \
                     --order images-first|annotations-first|shuffled --out FILE";

fn main() -> Result<(), Box<dyn Error>> {
    let (wanted, path) = arguments(std::env::args().skip(1))?;
    let mut out = BufWriter::with_capacity(1 << 20, File::create(path)?);
    write_coco(&wanted, &mut out)?;
    Ok(out.into_inner()?.sync_all()?)
}

fn arguments(mut words: impl Iterator<Item = String>) -> Result<(Wanted, String), Box<dyn Error>> {
    let mut wanted = Wanted::boxes(1000, 1_000_000);
    let mut out = None;
    while let Some(word) = words.next() {
        let value = words.next().ok_or_else(|| format!("{word} needs a value"))?;
        let unknown = || format!("there is no {word} {value}; there are {USAGE}");
        match word.as_str() {
            "--images" => wanted.images = value.parse()?,
            "--annotations" => wanted.annotations = value.parse()?,
            "--annotators" => wanted.annotators = value.parse()?,
            "--seed" => wanted.seed = value.parse()?,
            "--shapes" => wanted.shapes = Shapes::parse(&value).ok_or_else(unknown)?,
            "--order" => wanted.order = Order::parse(&value).ok_or_else(unknown)?,
            "--out" => out = Some(value),
            _ => return Err(unknown().into()),
        }
    }
    let out = out.ok_or_else(|| format!("--out FILE is needed; there are {USAGE}"))?;
    if wanted.images == 0 {
        return Err("at least one image is needed".into());
    }
    Ok((wanted, out))
}
