//! Opens the files of a YOLO dataset: its classes, its labels, and images beside them where their size is not known.

use std::path::Path;

use super::document::{Document, SourceImage};
use super::load::{LoadError, LoadOptions};
use super::yolo::{YoloFolder, YoloReader, class_files_near, image_key, needs_size};
use crate::files::input::{FilesError, FoundFile, InputFile, find_files, read_file};
use crate::id::Digest;

/// So much of a text file is looked at to see whether it holds labels.
pub(super) const YOLO_HEAD_BYTES: u64 = 1 << 16;

/// Folders by which datasets say which part of a split an image is in.
const SPLIT_PARTS: [&str; 5] = ["train", "val", "valid", "validation", "test"];

/// No file of a dataset is longer.
const FILE_LIMIT: u64 = 1 << 28;

/// Makes a dataset of one label file, with the classes that are named beside it or in the folder above.
pub(super) fn around(file: &FoundFile) -> Result<YoloFolder, FilesError> {
    let folder = file.path.parent().map(Path::to_owned).unwrap_or_default();
    let folders = [folder.clone(), folder.join("..")];
    let mut class_files = Vec::new();
    for near in folders
        .iter()
        .flat_map(|folder| class_files_near().map(|name| folder.join(name)))
    {
        if near != file.path && is_file(&near) {
            class_files.extend(find_files(&near)?);
            break;
        }
    }
    Ok(YoloFolder {
        class_files,
        label_files: vec![file.clone()],
        title: file.name.clone(),
        ..YoloFolder::default()
    })
}

fn is_file(path: &Path) -> bool {
    InputFile::open(path).is_ok()
}

/// Reads a dataset; the digest is of the names and digests of its files.
pub(super) fn load(folder: &YoloFolder, options: &LoadOptions) -> Result<(Digest, Document), LoadError> {
    let mut listing = String::new();
    let mut read = |file: &FoundFile| -> Result<Vec<u8>, FilesError> {
        let bytes = read_file(&file.path, FILE_LIMIT)?;
        listing.push_str(&format!("{}  {}\n", Digest::of(&bytes), file.name));
        Ok(bytes)
    };
    let mut classes = Vec::new();
    for file in &folder.class_files {
        classes.push((file.name.clone(), read(file)?));
    }
    let mut reader = YoloReader::new(&folder.title, &classes)?;
    for file in &folder.label_files {
        let bytes = read(file)?;
        let key = image_key(&folder.name, &file.name);
        let beside = folder.others.get(&key).map_or(&[] as &[FoundFile], Vec::as_slice);
        let (mut image, beside) = image(key, beside);
        let size = if needs_size(&bytes) {
            size(&mut image, beside, options)?
        } else {
            None
        };
        reader.label_file(&file.name, &bytes, image, size)?;
    }
    Ok((Digest::of(listing.as_bytes()), reader.finish()))
}

/// The image of a label file, with the extension of the one file beside it that is an image.
fn image(key: String, beside: &[FoundFile]) -> (SourceImage, Option<&FoundFile>) {
    let mut images = beside.iter().filter(|file| is_image(&file.path));
    let only = images.next().filter(|_| images.next().is_none());
    let name = match only.and_then(|file| file.name.rsplit_once('.')) {
        Some((_, extension)) => format!("{key}.{extension}"),
        None => key,
    };
    // Parts of a split are no folders of images.
    let (folder, name) = match name.split_once('/') {
        Some((part, rest)) if SPLIT_PARTS.contains(&part) => (Some(part.to_owned()), rest.to_owned()),
        Some(_) | None => (None, name),
    };
    let image = SourceImage {
        name,
        folder,
        ..SourceImage::default()
    };
    (image, only)
}

fn is_image(path: &Path) -> bool {
    InputFile::open(path).is_ok_and(|file| file.probe().width.is_some())
}

/// The size of an image in px: as it is known, else as it was given, else as the file beside it says. What is not known
/// yet is kept as a fact of the image.
fn size(
    image: &mut SourceImage,
    beside: Option<&FoundFile>,
    options: &LoadOptions,
) -> Result<Option<[f64; 2]>, FilesError> {
    if let Some(known) = options.known.size_of(image) {
        return Ok(Some(known));
    }
    let size = match (options.image_size, beside) {
        (Some(given), _) => Some(given),
        (None, Some(file)) => {
            let probe = InputFile::open(&file.path)?.probe();
            let whole = |px: Option<u64>| px.and_then(|px| u32::try_from(px).ok()).map(f64::from);
            whole(probe.width)
                .zip(whole(probe.height))
                .map(|(width, height)| [width, height])
        }
        (None, None) => None,
    };
    if let Some([width, height]) = size {
        (image.width, image.height) = (Some(width), Some(height));
    }
    Ok(size)
}
