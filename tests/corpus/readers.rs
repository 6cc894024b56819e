//! What is done with the bytes of one file: its reader reads them, and what it gives must obey the laws of a document.
//!
//! The fuzzer (`fuzz/`) and the tests of the corpus use it alike. It knows the public readers only.

use std::io::{Cursor, Write};
use std::path::Path;

use holotype::files::probe::probe;
use holotype::import::coco::{CocoOptions, read_coco};
use holotype::import::csv::{CsvOptions, CsvOrder};
use holotype::import::document::{Document, SourceFacts, SourceImage, SourceValue};
use holotype::import::format::{is_table, recognise};
use holotype::import::sliderunner::read_sliderunner;
use holotype::import::table::read_table;
use holotype::import::voc::read_voc;
use holotype::import::yolo::{YoloError, YoloReader};
use holotype::import::{
    asap, carrier, csv, cvat, dicom, exact, geojson, imagescope, labelstudio, parquet, scheme, yolo,
};
use holotype::model::Geometry;

mod stored;

/// The name that the readers are told.
const FILE: &str = "hostile.bin";

/// What no script may say: it could run for ever, fill the memory before the reader sees a byte, touch other files, or
/// lift a bound.
const FORBIDDEN: [&str; 14] = [
    "select", "with", "trigger", "attach", "vacuum", "blob", "printf", "format", "replace", "hex", "virtual",
    "page", "begin", "journal",
];

/// What is fed with bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Target {
    /// COCO JSON.
    Coco,
    /// Pascal VOC XML.
    Voc,
    /// A SlideRunner database, as its file.
    SlideRunner,
    /// A SlideRunner database, as the statements that make it: far more of them are whole databases.
    SlideRunnerSql,
    /// QuPath GeoJSON.
    GeoJson,
    /// Lists of points or boxes that name their columns.
    Csv,
    /// Lists of points or boxes whose columns somebody gave.
    CsvOrdered,
    /// ASAP XML.
    Asap,
    /// Aperio ImageScope XML.
    ImageScope,
    /// Label Studio JSON.
    LabelStudio,
    /// CVAT XML.
    Cvat,
    /// A YOLO label file.
    Yolo,
    /// The files that name YOLO's classes: `data.yaml` and `classes.txt`.
    YoloClasses,
    /// EXACT JSON.
    Exact,
    /// DICOM annotations.
    Dicom,
    /// Parquet tables.
    Parquet,
    /// A label scheme.
    Scheme,
    /// What an export leaves beside files of another tool's format.
    Carrier,
    /// A metadata table.
    Table,
    /// Telling the format of a file.
    Recognise,
    /// The header of an image.
    Probe,
    /// A stored record of any kind.
    Record,
    /// A batch of events.
    Batch,
    /// A node of a tree.
    Node,
    /// The key of a record.
    Key,
    /// Well-known binary of a place.
    Place,
    /// A revision, version, citation or key that a user names.
    Name,
    /// An expression for `--where`.
    Query,
    /// One file of a repository.
    Repository,
    /// One file of a release.
    Release,
    /// A release as one file.
    Archive,
}

impl Target {
    /// All of them.
    pub(crate) const ALL: [Self; 31] = [
        Self::Coco,
        Self::Voc,
        Self::SlideRunner,
        Self::SlideRunnerSql,
        Self::GeoJson,
        Self::Csv,
        Self::CsvOrdered,
        Self::Asap,
        Self::ImageScope,
        Self::LabelStudio,
        Self::Cvat,
        Self::Yolo,
        Self::YoloClasses,
        Self::Exact,
        Self::Dicom,
        Self::Parquet,
        Self::Scheme,
        Self::Carrier,
        Self::Table,
        Self::Recognise,
        Self::Probe,
        Self::Record,
        Self::Batch,
        Self::Node,
        Self::Key,
        Self::Place,
        Self::Name,
        Self::Query,
        Self::Repository,
        Self::Release,
        Self::Archive,
    ];

    /// Returns its name, which is that of its folder in the corpus.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Coco => "coco",
            Self::Voc => "voc",
            Self::SlideRunner => "sliderunner",
            Self::SlideRunnerSql => "sliderunner_sql",
            Self::GeoJson => "geojson",
            Self::Csv => "csv",
            Self::CsvOrdered => "csv_ordered",
            Self::Asap => "asap",
            Self::ImageScope => "imagescope",
            Self::LabelStudio => "labelstudio",
            Self::Cvat => "cvat",
            Self::Yolo => "yolo",
            Self::YoloClasses => "yolo_classes",
            Self::Exact => "exact",
            Self::Dicom => "dicom",
            Self::Parquet => "parquet",
            Self::Scheme => "scheme",
            Self::Carrier => "carrier",
            Self::Table => "table",
            Self::Recognise => "recognise",
            Self::Probe => "probe",
            Self::Record => "record",
            Self::Batch => "batch",
            Self::Node => "node",
            Self::Key => "key",
            Self::Place => "place",
            Self::Name => "name",
            Self::Query => "query",
            Self::Repository => "repository",
            Self::Release => "release",
            Self::Archive => "archive",
        }
    }

    /// Reads the name.
    pub(crate) fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|target| target.as_str() == name)
    }
}

#[allow(dead_code, reason = "the fuzzer takes the seeds from the corpus")]
/// Files of a repository and a release as they are made now, each for its target.
pub(crate) fn seeds() -> Vec<(Target, String, Vec<u8>)> {
    let read = |(target, name, bytes)| (Target::parse(target).expect("a target"), name, bytes);
    stored::seeds().into_iter().map(read).collect()
}

/// What became of the bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// They say something.
    Read,
    /// They are refused, or say nothing.
    Refused,
}

/// Feeds a target with bytes; panics where a law is broken.
pub(crate) fn run(target: Target, bytes: &[u8]) -> Outcome {
    match target {
        Target::Coco => twice(|| read_coco(FILE, bytes, &CocoOptions::default())),
        Target::Voc => twice(|| read_voc(FILE, bytes)),
        Target::SlideRunner => on_disk(bytes, |path| twice(|| read_sliderunner(FILE, path))),
        Target::SlideRunnerSql => scripted(bytes, |path| twice(|| read_sliderunner(FILE, path))),
        Target::GeoJson => twice(|| geojson::read(FILE, bytes)),
        Target::Csv => twice(|| csv::read(FILE, bytes, &CsvOptions { order: None })),
        Target::CsvOrdered => {
            let order = CsvOrder::parse("image,y,x,label").expect("the order names a place");
            let order = Some(&order);
            twice(|| csv::read(FILE, bytes, &CsvOptions { order }))
        }
        Target::Asap => twice(|| asap::read(FILE, bytes)),
        Target::ImageScope => twice(|| imagescope::read(FILE, bytes)),
        Target::LabelStudio => twice(|| labelstudio::read(FILE, bytes)),
        Target::Cvat => twice(|| cvat::read(FILE, bytes)),
        Target::Yolo => twice(|| yolo_labels(bytes)),
        Target::YoloClasses => {
            twice(|| yolo_classes("classes.txt", bytes));
            twice(|| yolo_classes("data.yaml", bytes))
        }
        Target::Exact => twice(|| exact::read(FILE, bytes)),
        Target::Dicom => twice(|| dicom::read(FILE, bytes)),
        Target::Parquet => twice(|| parquet::read(FILE, bytes)),
        Target::Scheme => twice(|| scheme::read(FILE, bytes)),
        Target::Carrier => twice(|| carrier::read(FILE, bytes)),
        Target::Table => table(bytes),
        Target::Recognise => on_disk(bytes, recognised),
        Target::Probe => probed(bytes),
        Target::Record => stored::record(bytes),
        Target::Batch => stored::batch(bytes),
        Target::Node => stored::node(bytes),
        Target::Key => stored::key(bytes),
        Target::Place => stored::place(bytes),
        Target::Name => stored::name(bytes),
        Target::Query => stored::query(bytes),
        Target::Repository => stored::repository(bytes),
        Target::Release => stored::release(bytes),
        Target::Archive => on_disk(bytes, stored::archive),
    }
}

/// Reads twice: what is read obeys the laws and is the same each time; what is refused names the file.
fn twice<E: std::error::Error>(read: impl Fn() -> Result<Document, E>) -> Outcome {
    match read() {
        Ok(document) => {
            check(&document);
            let again = read().expect("what was read once is read again");
            assert_eq!(document, again, "the same bytes gave another document");
            Outcome::Read
        }
        Err(error) => {
            assert_names_a_file(&error.to_string());
            Outcome::Refused
        }
    }
}

fn assert_names_a_file(message: &str) {
    let names = [FILE, "data.yaml", "classes.txt"];
    let is_named = names.iter().any(|name| message.contains(name));
    assert!(is_named, "a refusal that does not name the file: {message}");
}

/// The laws of a document.
fn check(document: &Document) {
    let is_in = |index: usize, list: usize| assert!(index < list, "an index {index} into {list} entries");
    let (images, labels, people) = (
        document.images.len(),
        document.labels.len(),
        document.people.len(),
    );
    for annotation in &document.annotations {
        is_in(annotation.image, images);
        annotation
            .label
            .into_iter()
            .for_each(|label| is_in(label, labels));
        for rating in &annotation.ratings {
            is_in(rating.person, people);
            rating.label.into_iter().for_each(|label| is_in(label, labels));
        }
        check_facts(&annotation.attributes);
        check_geometry(&annotation.geometry);
    }
    for screening in &document.screenings {
        is_in(screening.image, images);
        screening.region.iter().for_each(check_geometry);
        screening
            .person
            .into_iter()
            .for_each(|person| is_in(person, people));
    }
    for image in &document.images {
        assert!(!image.name.starts_with('/'), "an absolute path: {}", image.name);
        check_facts(&image.facts);
    }
    document.labels.iter().for_each(|label| check_facts(&label.facts));
    check_facts(&document.dataset);
    for entry in document
        .report
        .losses
        .iter()
        .chain(document.report.warnings.iter())
    {
        assert!(entry.count > 0, "{} happened never", entry.code);
        assert_names_a_file(&entry.message);
    }
}

/// A place can be stored, is the same when it is read again, and can be measured.
fn check_geometry(geometry: &Geometry) {
    let stored = serde_json::to_string(geometry).expect("a geometry is written");
    let read: Geometry = serde_json::from_str(&stored).unwrap_or_else(|error| panic!("{error} in {stored}"));
    assert_eq!(*geometry, read, "stored as {stored}");
    let area = geometry.area().unwrap_or_default();
    assert!(area.is_finite() && area >= 0.0, "an area of {area}");
    let flags = geometry.flags(Some((640.0, 479.0)));
    assert_eq!(
        flags,
        geometry.flags(Some((640.0, 479.0))),
        "other flags the second time"
    );
}

/// Facts can be stored: a number in them is one.
fn check_facts(facts: &SourceFacts) {
    for (name, value) in facts {
        match value {
            SourceValue::Number(number) => assert!(number.is_finite(), "'{name}' is {number}"),
            SourceValue::Text(_) | SourceValue::Flag(_) | SourceValue::Private(_) => {}
        }
    }
}

fn yolo_labels(bytes: &[u8]) -> Result<Document, YoloError> {
    let classes = ("classes.txt".to_owned(), b"mitosis\nimposter\n\ncell".to_vec());
    let mut reader = YoloReader::new(FILE, &[classes])?;
    let image = SourceImage {
        name: "a.png".to_owned(),
        ..SourceImage::default()
    };
    let size = yolo::needs_size(bytes).then_some([640.0, 479.0]);
    reader.label_file(FILE, bytes, image, size)?;
    Ok(reader.finish())
}

fn yolo_classes(name: &str, bytes: &[u8]) -> Result<Document, YoloError> {
    Ok(YoloReader::new(FILE, &[(name.to_owned(), bytes.to_vec())])?.finish())
}

fn table(bytes: &[u8]) -> Outcome {
    let table = match read_table(FILE, bytes) {
        Ok(table) => table,
        Err(error) => {
            assert_names_a_file(&error.to_string());
            return Outcome::Refused;
        }
    };
    let width = table.columns.len();
    assert!(width > 0, "a table without columns");
    for row in &table.rows {
        assert_eq!(row.cells.len(), width, "line {} is ragged", row.line);
    }
    let again = read_table(FILE, bytes).expect("what was read once is read again");
    assert_eq!(table, again, "the same bytes gave another table");
    Outcome::Read
}

fn recognised(path: &Path) -> Outcome {
    let fits = recognise(path).expect("the file can be read");
    let mut formats: Vec<_> = fits.iter().map(|fit| fit.format).collect();
    formats.sort();
    formats.dedup();
    assert_eq!(formats.len(), fits.len(), "a format was recognised twice");
    let is_table = is_table(path).expect("the file can be read");
    if is_table || !fits.is_empty() {
        Outcome::Read
    } else {
        Outcome::Refused
    }
}

fn probed(bytes: &[u8]) -> Outcome {
    let size = u64::try_from(bytes.len()).expect("a length fits");
    let facts = probe(Cursor::new(bytes), size);
    for side in [facts.width, facts.height].into_iter().flatten() {
        assert!((1..=1 << 31).contains(&side), "a side of {side} px");
    }
    for scale in [facts.um_per_px_x, facts.um_per_px_y].into_iter().flatten() {
        assert!(scale.is_finite() && scale > 0.0, "a pixel of {scale} µm");
    }
    assert!(facts.warnings.len() <= 32, "{} warnings", facts.warnings.len());
    let again = probe(Cursor::new(bytes), size);
    assert_eq!(facts, again, "the same bytes gave other facts");
    match facts.width {
        Some(_) => Outcome::Read,
        None => Outcome::Refused,
    }
}

/// Hands the path of a file with these bytes on; it is gone afterwards.
fn on_disk(bytes: &[u8], read: impl FnOnce(&Path) -> Outcome) -> Outcome {
    let mut file = tempfile::Builder::new()
        .suffix(FILE)
        .tempfile()
        .expect("a file can be made");
    file.write_all(bytes).expect("a file can be written");
    read(file.path())
}

/// Makes the database of a script and hands its path on. What fails midway keeps what was made; a script that says
/// anything of [`FORBIDDEN`] is passed over.
fn scripted(script: &[u8], read: impl FnOnce(&Path) -> Outcome) -> Outcome {
    let Ok(script) = std::str::from_utf8(script) else {
        return Outcome::Refused;
    };
    let lower = script.to_ascii_lowercase();
    if FORBIDDEN.iter().any(|word| lower.contains(word)) {
        return Outcome::Refused;
    }
    let file = tempfile::Builder::new()
        .suffix(FILE)
        .tempfile()
        .expect("a file can be made");
    let connection = rusqlite::Connection::open(file.path()).expect("a database can be made");
    let bounds =
        "pragma page_size=512; pragma max_page_count=512; pragma journal_mode=off; pragma synchronous=off;";
    connection
        .execute_batch(bounds)
        .expect("a database takes its bounds");
    let _ = connection.execute_batch(script);
    connection.close().expect("a database can be closed");
    read(file.path())
}
