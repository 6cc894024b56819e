//! The formats that are written.

/// Formats of one file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileFormat {
    /// COCO JSON.
    Coco,
    /// A table of delimited text.
    Csv,
    /// A Parquet table.
    Parquet,
}

/// Formats of a folder of files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FolderFormat {
    /// ASAP XML, a file an image.
    Asap,
    /// QuPath GeoJSON, a file an image.
    GeoJson,
    /// Pascal VOC XML, a file an image.
    Voc,
    /// YOLO text files, a file an image, with the names of the classes.
    Yolo,
}

/// A format that annotations are written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExportFormat {
    /// Of one file.
    File(FileFormat),
    /// Of a folder of files.
    Folder(FolderFormat),
}

impl ExportFormat {
    /// All of them, by name.
    pub const ALL: [Self; 7] = [
        Self::Folder(FolderFormat::Asap),
        Self::File(FileFormat::Coco),
        Self::File(FileFormat::Csv),
        Self::Folder(FolderFormat::GeoJson),
        Self::File(FileFormat::Parquet),
        Self::Folder(FolderFormat::Voc),
        Self::Folder(FolderFormat::Yolo),
    ];

    /// Returns the word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Folder(FolderFormat::Asap) => "asap",
            Self::File(FileFormat::Coco) => "coco",
            Self::File(FileFormat::Csv) => "csv",
            Self::File(FileFormat::Parquet) => "parquet",
            Self::Folder(FolderFormat::GeoJson) => "geojson",
            Self::Folder(FolderFormat::Voc) => "voc",
            Self::Folder(FolderFormat::Yolo) => "yolo",
        }
    }

    /// Reads the word.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.as_str() == text)
    }

    /// Returns the words for all of them, joined.
    #[must_use]
    pub fn words(separator: &str) -> String {
        Self::ALL.map(Self::as_str).join(separator)
    }
}
