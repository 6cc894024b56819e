//! A COCO file as plain typed structs: the least that reading and writing one costs with `serde_json`.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::measure::Outcome;

/// The file.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Coco {
    images: Vec<Image>,
    categories: Vec<Category>,
    annotations: Vec<Annotation>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Image {
    id: u64,
    file_name: String,
    width: u64,
    height: u64,
}

#[derive(Debug, Serialize, Deserialize)]
struct Category {
    id: u64,
    name: String,
}

#[derive(Debug, Serialize, Deserialize)]
struct Annotation {
    id: u64,
    image_id: u64,
    category_id: u64,
    bbox: [f64; 4],
    area: f64,
    iscrowd: u8,
}

impl Coco {
    /// Reads a file whole and parses it.
    pub(crate) fn read(path: &Path) -> Outcome<Self> {
        Ok(serde_json::from_slice(&fs::read(path)?)?)
    }

    /// Serialises into a file and syncs it.
    pub(crate) fn write(&self, path: &Path) -> Outcome<()> {
        let mut out = BufWriter::with_capacity(1 << 20, File::create(path)?);
        serde_json::to_writer(&mut out, self)?;
        Ok(out.into_inner()?.sync_all()?)
    }

    /// Writes the annotations as JSON Lines, as somebody would keep them in git.
    pub(crate) fn write_rows(&self, path: &Path) -> Outcome<()> {
        let mut out = BufWriter::with_capacity(1 << 20, File::create(path)?);
        for annotation in &self.annotations {
            serde_json::to_writer(&mut out, annotation)?;
            out.write_all(b"\n")?;
        }
        Ok(out.flush()?)
    }

    /// Writes the annotations as JSON Lines, one file an image.
    pub(crate) fn write_rows_by_image(&self, dir: &Path) -> Outcome<()> {
        let mut rows: BTreeMap<u64, Vec<u8>> =
            self.images.iter().map(|image| (image.id, Vec::new())).collect();
        for annotation in &self.annotations {
            let text = rows.entry(annotation.image_id).or_default();
            serde_json::to_writer(&mut *text, annotation)?;
            text.push(b'\n');
        }
        fs::create_dir_all(dir)?;
        for (image, text) in rows {
            fs::write(dir.join(format!("{image:07}.jsonl")), text)?;
        }
        Ok(())
    }
}
