//! The formats that are written.

/// Formats of one file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileFormat {
    /// COCO JSON.
    Coco,
    /// A Parquet table.
    Parquet,
    /// A SlideRunner database.
    SlideRunner,
}

/// Formats of a folder of files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FolderFormat {
    /// Pascal VOC XML, a file an image.
    Voc,
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
    pub const ALL: [Self; 4] = [
        Self::File(FileFormat::Coco),
        Self::File(FileFormat::Parquet),
        Self::File(FileFormat::SlideRunner),
        Self::Folder(FolderFormat::Voc),
    ];

    /// Returns the word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::File(FileFormat::Coco) => "coco",
            Self::File(FileFormat::Parquet) => "parquet",
            Self::File(FileFormat::SlideRunner) => "sliderunner",
            Self::Folder(FolderFormat::Voc) => "voc",
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
