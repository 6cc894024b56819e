//! What can look wrong in a header. Values only: none holds text from the file, so that none can leak a name.

/// A side of an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Axis {
    /// Horizontal: width.
    X,
    /// Vertical: height.
    Y,
}

/// Something in a header that cannot be right; the fact that it concerns is `None` unless said otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProbeWarning {
    /// The header points beyond the end of the file: it is damaged, or cut off.
    BeyondEnd {
        /// Where the missing part should begin, from the start of the file.
        offset_bytes: u64,
        /// How long it should be.
        length_bytes: u64,
    },
    /// The operating system could not read the file there.
    ReadFailed {
        /// Where, from the start of the file.
        offset_bytes: u64,
        /// What it said.
        kind: std::io::ErrorKind,
    },
    /// The header wants more than 64 MiB read; the rest of it was not looked at.
    ReadLimit,
    /// What stands there is not what the format prescribes.
    Malformed {
        /// Where, from the start of the file.
        offset_bytes: u64,
    },
    /// More than 10,000 directories, segments or chunks; the rest were not looked at.
    TooManyParts,
    /// A chain of TIFF directories comes back to one that it has passed.
    IfdLoop {
        /// The directory that it comes back to.
        offset_bytes: u64,
    },
    /// A TIFF directory says that it has more entries than there are tags (65,536).
    TooManyEntries {
        /// The directory.
        offset_bytes: u64,
    },
    /// Every TIFF directory calls itself reduced or a mask; the facts are of the first, which is kept.
    NoFullResolution,
    /// A tag has a type or a count that it cannot have.
    TagMalformed {
        /// Number of the tag.
        tag: u16,
    },
    /// The value of a tag is longer than 16 MiB.
    TagTooLong {
        /// Number of the tag.
        tag: u16,
    },
    /// A device name that is no printable short text, or looks like a path or an address.
    TextRefused,
    /// The header gives no width or no height.
    MissingDimension {
        /// Which.
        axis: Axis,
    },
    /// The header gives a width or a height of 0 px.
    ZeroDimension {
        /// Which.
        axis: Axis,
    },
    /// The header gives a width or a height above 2^31 px.
    AbsurdDimension {
        /// Which.
        axis: Axis,
        /// What it gives, px.
        px: u64,
    },
    /// The pixels of the full-resolution image do not fit into the file; the size of the image is kept.
    PixelsBeyondEnd,
    /// A resolution that is not a number, not above 0, or outside of 10^-6 to 10^6 µm per px.
    NonsenseResolution {
        /// Of which side.
        axis: Axis,
    },
    /// A unit of length that is none.
    UnknownUnit,
    /// An objective magnification that is not a number, not above 0, or above 1000.
    NonsenseObjective,
    /// The EXIF block is damaged; what could be read of it is kept.
    ExifMalformed,
    /// The OME-XML has a document type definition; nothing of it was used.
    XmlDoctype,
    /// The OME-XML is not well formed; what stands before the damage is kept.
    XmlMalformed,
    /// No `Pixels` in the OME-XML has the size of the plane; its scale was not used, the size of the plane
    /// was.
    XmlDisagrees,
}

impl ProbeWarning {
    /// Names the warning in snake case, without its fields; these names do not change.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::BeyondEnd { .. } => "beyond_end",
            Self::ReadFailed { .. } => "read_failed",
            Self::ReadLimit => "read_limit",
            Self::Malformed { .. } => "malformed",
            Self::TooManyParts => "too_many_parts",
            Self::IfdLoop { .. } => "ifd_loop",
            Self::TooManyEntries { .. } => "too_many_entries",
            Self::NoFullResolution => "no_full_resolution",
            Self::TagMalformed { .. } => "tag_malformed",
            Self::TagTooLong { .. } => "tag_too_long",
            Self::TextRefused => "text_refused",
            Self::MissingDimension { .. } => "missing_dimension",
            Self::ZeroDimension { .. } => "zero_dimension",
            Self::AbsurdDimension { .. } => "absurd_dimension",
            Self::PixelsBeyondEnd => "pixels_beyond_end",
            Self::NonsenseResolution { .. } => "nonsense_resolution",
            Self::UnknownUnit => "unknown_unit",
            Self::NonsenseObjective => "nonsense_objective",
            Self::ExifMalformed => "exif_malformed",
            Self::XmlDoctype => "xml_doctype",
            Self::XmlMalformed => "xml_malformed",
            Self::XmlDisagrees => "xml_disagrees",
        }
    }
}
