//! From files to documents: finds the sources (files, or folders of files that belong together), recognises what each is
//! by its content, and reads it.

use std::path::Path;

use crate::files::input::{FilesError, FoundFile, find_files, read_file, read_head};
use crate::id::Digest;

use super::asap::{self, AsapError};
use super::carrier::{self, CarrierReadError};
use super::coco::{BoxChoice, CocoError, CocoOptions, InFile, VoteChoice, open_coco, read_coco};
use super::csv::{self, CsvError, CsvOptions, CsvOrder};
use super::cvat::{self, CvatError};
use super::dicom::{self, DicomError};
use super::document::Document;
use super::engine::KnownSizes;
use super::exact::{self, ExactError};
use super::format::{Format, Recognised, is_table, recognise};
use super::geojson::{self, GeoJsonError};
use super::imagescope::{self, ImageScopeError};
use super::labelstudio::{self, LabelStudioError};
use super::parquet::{self, ParquetReadError};
use super::progress::{Progress, Stage};
use super::scheme::{self, SchemeError};
use super::sliderunner::{SlideRunnerError, read_sliderunner};
use super::voc::{VocError, read_voc};
use super::yolo::{YoloError, YoloFolder, split_folders};
use super::yolo_folder::{self, YOLO_HEAD_BYTES};

/// So much of a file is looked at to see whether it is what an export left.
const CARRIER_HEAD_BYTES: u64 = 1 << 20;
/// No annotation file is longer.
const FILE_LIMIT: u64 = 16 << 30;

/// A longer COCO file is not held in memory, and its ordinary boxes are read faster.
const HELD_BYTES: u64 = 256 << 10;

/// A file that cannot be read as annotations.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The file cannot be read.
    #[error(transparent)]
    Files(#[from] FilesError),
    /// No format fits.
    #[error("{file} is in no format that is known")]
    Unknown {
        /// The file.
        file: String,
    },
    /// It is a table, and none of its columns is a coordinate.
    #[error("{file} is a table of facts, not of annotations: no column is a coordinate")]
    Facts {
        /// The file.
        file: String,
    },
    /// Several formats fit.
    #[error("{file} can be {}", several(.fits))]
    Unclear {
        /// The file.
        file: String,
        /// The formats that fit, and by what.
        fits: Vec<Recognised>,
    },
    /// A folder holds no file of a known format.
    #[error("the folder {folder} holds no annotations in a known format")]
    EmptyFolder {
        /// The folder.
        folder: String,
    },
    /// It is not COCO JSON.
    #[error(transparent)]
    Coco(#[from] CocoError),
    /// It is not Pascal VOC XML.
    #[error(transparent)]
    Voc(#[from] VocError),
    /// It is not a SlideRunner database.
    #[error(transparent)]
    SlideRunner(#[from] SlideRunnerError),
    /// It is not QuPath GeoJSON.
    #[error(transparent)]
    GeoJson(#[from] GeoJsonError),
    /// It is no list of places.
    #[error(transparent)]
    Csv(#[from] CsvError),
    /// It is not ASAP XML.
    #[error(transparent)]
    Asap(#[from] AsapError),
    /// It is not ImageScope XML.
    #[error(transparent)]
    ImageScope(#[from] ImageScopeError),
    /// It is not Label Studio JSON.
    #[error(transparent)]
    LabelStudio(#[from] LabelStudioError),
    /// It is not CVAT XML.
    #[error(transparent)]
    Cvat(#[from] CvatError),
    /// It is not a YOLO text file.
    #[error(transparent)]
    Yolo(#[from] YoloError),
    /// It is not EXACT JSON.
    #[error(transparent)]
    Exact(#[from] ExactError),
    /// It holds no DICOM annotations.
    #[error(transparent)]
    Dicom(#[from] DicomError),
    /// It is no Parquet table of annotations.
    #[error(transparent)]
    Parquet(#[from] ParquetReadError),
    /// It is no label scheme.
    #[error(transparent)]
    Scheme(#[from] SchemeError),
    /// It is not what an export leaves.
    #[error(transparent)]
    Carrier(#[from] CarrierReadError),
}

fn several(fits: &[Recognised]) -> String {
    let one = |fit: &Recognised| format!("{} ({})", fit.format.as_str(), fit.why);
    fits.iter().map(one).collect::<Vec<_>>().join(" or ")
}

/// Choices of reading.
#[derive(Debug, Clone, Default)]
pub struct LoadOptions {
    /// The format; recognised where none is given.
    pub format: Option<Format>,
    /// How boxes are written.
    pub box_format: BoxChoice,
    /// What becomes of votes.
    pub votes: VoteChoice,
    /// What the columns of a list are that does not name them.
    pub csv_order: Option<CsvOrder>,
    /// The width and height in px of images whose size is not known.
    pub image_size: Option<[f64; 2]>,
    /// The sizes of images that are known.
    pub known: KnownSizes,
}

/// Where a source stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SourcePlace {
    /// One file.
    File(FoundFile),
    /// A folder of files that belong together.
    Yolo(YoloFolder),
}

impl SourcePlace {
    /// Returns the folder that the file stands in.
    #[must_use]
    pub fn folder(&self) -> Option<&Path> {
        match self {
            Self::File(file) => file.path.parent(),
            Self::Yolo(_) => None,
        }
    }

    /// Returns how many bytes are read of it.
    #[must_use]
    pub fn size_bytes(&self) -> u64 {
        match self {
            Self::File(file) => file.size_bytes,
            Self::Yolo(folder) => folder.label_files.iter().map(|file| file.size_bytes).sum(),
        }
    }

    /// Returns the file's own name, or the folder's below the one that was given.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::File(file) => &file.name,
            Self::Yolo(folder) => &folder.title,
        }
    }
}

/// A source that can be read, and as what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundSource {
    /// Where it stands.
    pub place: SourcePlace,
    /// Its format.
    pub format: Format,
    /// What of its content tells; `None` where the format was given.
    pub why: Option<&'static str>,
}

/// A source as read.
#[derive(Debug)]
pub struct Loaded {
    /// The file's or folder's own name.
    pub file: String,
    /// Its format.
    pub format: Format,
    /// The digest of its bytes; of a folder, of the names and digests of its files.
    pub digest: Digest,
    /// What it says.
    pub document: Document,
    /// Its annotations where they are not in the document, but in their file.
    pub in_file: Option<InFile>,
}

/// Finds the sources at a path: the file itself, or, in a folder, the folders that belong together and the files that
/// have a known format.
///
/// # Errors
/// [`LoadError`] when there are none, or a file can be of several formats.
pub fn find_sources(path: &Path, options: &LoadOptions) -> Result<Vec<FoundSource>, LoadError> {
    let files = find_files(path)?;
    if !crate::files::input::is_folder(path) {
        return files.into_iter().map(|file| only_source(file, options)).collect();
    }
    let mut sources = Vec::new();
    let files = match options.format {
        None | Some(Format::Yolo) => {
            let (folders, others) = split_folders(files, |file| read_head(&file.path, YOLO_HEAD_BYTES))?;
            sources.extend(folders.into_iter().map(|folder| yolo_source(folder, path)));
            others
        }
        Some(
            Format::Coco
            | Format::Voc
            | Format::SlideRunner
            | Format::GeoJson
            | Format::Csv
            | Format::Asap
            | Format::ImageScope
            | Format::LabelStudio
            | Format::Cvat
            | Format::Exact
            | Format::Dicom
            | Format::Parquet
            | Format::Scheme
            | Format::Carrier,
        ) => files,
    };
    let is_done = options.format == Some(Format::Yolo) && !sources.is_empty();
    for file in files.into_iter().filter(|_| !is_done) {
        if let Ok(source) = source(file, options)? {
            sources.push(source);
        }
    }
    // What an export left of the dataset comes before the files that it is about.
    sources.sort_by_key(|source| source.format != Format::Carrier);
    if sources.is_empty() {
        return Err(LoadError::EmptyFolder {
            folder: path.display().to_string(),
        });
    }
    Ok(sources)
}

fn yolo_source(mut folder: YoloFolder, path: &Path) -> FoundSource {
    if folder.name.is_empty() {
        let own = path.file_name().map(|name| name.to_string_lossy().into_owned());
        folder.title = own.unwrap_or_else(|| ".".to_owned());
    }
    FoundSource {
        place: SourcePlace::Yolo(folder),
        format: Format::Yolo,
        why: Some("a folder with a list of classes and files of labels"),
    }
}

/// The source that one file is.
fn only_source(file: FoundFile, options: &LoadOptions) -> Result<FoundSource, LoadError> {
    match source(file, options)? {
        Ok(found) => Ok(found),
        Err(file) if is_table(&file.path)? => Err(LoadError::Facts { file: file.name }),
        Err(file) => Err(LoadError::Unknown { file: file.name }),
    }
}

/// Recognises one file; gives it back where no format fits.
fn source(file: FoundFile, options: &LoadOptions) -> Result<Result<FoundSource, FoundFile>, LoadError> {
    let found = |file, format, why| FoundSource {
        place: SourcePlace::File(file),
        format,
        why,
    };
    if let Some(format) = options.format {
        // It lies beside files of this format and says what they have no place for.
        let is_carrier = format == Format::GeoJson
            && carrier::recognise(&read_head(&file.path, CARRIER_HEAD_BYTES)?).is_some();
        let format = if is_carrier { Format::Carrier } else { format };
        return Ok(Ok(found(file, format, None)));
    }
    let fits = recognise(&file.path)?;
    match fits.as_slice() {
        [] => Ok(Err(file)),
        [only] => Ok(Ok(found(file, only.format, Some(only.why)))),
        _ => Err(LoadError::Unclear {
            file: file.name,
            fits,
        }),
    }
}

/// Reads a source.
///
/// # Errors
/// [`LoadError`] when it is not in its format.
pub fn load(
    source: &FoundSource,
    options: &LoadOptions,
    progress: &dyn Progress,
) -> Result<Loaded, LoadError> {
    let (digest, document, in_file) = match &source.place {
        SourcePlace::Yolo(folder) => {
            let (digest, document) = yolo_folder::load(folder, options)?;
            (digest, document, None)
        }
        SourcePlace::File(file) => {
            progress.begin(Stage::Reading, file.size_bytes);
            let is_long = (HELD_BYTES..=FILE_LIMIT).contains(&file.size_bytes);
            if source.format == Format::Coco && is_long {
                let opened = open_coco(&file.name, &file.path, &coco_options(options), progress)?;
                (opened.digest, opened.document, opened.in_file)
            } else {
                let (digest, document) = load_file(file, source.format, options)?;
                progress.advance(file.size_bytes);
                (digest, document, None)
            }
        }
    };
    Ok(Loaded {
        file: source.place.name().to_owned(),
        format: source.format,
        digest,
        document,
        in_file,
    })
}

fn coco_options(options: &LoadOptions) -> CocoOptions {
    CocoOptions {
        box_format: options.box_format,
        votes: options.votes,
    }
}

fn load_file(
    found: &FoundFile,
    format: Format,
    options: &LoadOptions,
) -> Result<(Digest, Document), LoadError> {
    let file = found.name.clone();
    let bytes = read_file(&found.path, FILE_LIMIT)?;
    let digest = Digest::of(&bytes);
    let document = match format {
        Format::Coco => read_coco(&file, &bytes, &coco_options(options))?,
        Format::Voc => read_voc(&file, &bytes)?,
        Format::SlideRunner => read_sliderunner(&file, &found.path)?,
        Format::GeoJson => geojson::read(&file, &bytes)?,
        Format::Csv => {
            let order = options.csv_order.as_ref();
            csv::read(&file, &bytes, &CsvOptions { order })?
        }
        Format::Asap => asap::read(&file, &bytes)?,
        Format::ImageScope => imagescope::read(&file, &bytes)?,
        Format::LabelStudio => labelstudio::read(&file, &bytes)?,
        Format::Cvat => cvat::read(&file, &bytes)?,
        Format::Yolo => return yolo_folder::load(&yolo_folder::around(found)?, options),
        Format::Exact => exact::read(&file, &bytes)?,
        Format::Dicom => dicom::read(&file, &bytes)?,
        Format::Parquet => parquet::read(&file, &bytes)?,
        Format::Scheme => scheme::read(&file, &bytes)?,
        Format::Carrier => carrier::read(&file, &bytes)?,
    };
    Ok((digest, document))
}
