//! The image formats that are told apart. It is a closed list; recognising them is done by the readers.

use std::fmt;

/// A format, recognised by content.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ImageKind {
    /// JPEG, of any coding process.
    Jpeg,
    /// PNG.
    Png,
    /// Classic TIFF (32-bit offsets) that is none of the dialects below.
    Tiff,
    /// BigTIFF (64-bit offsets) that is none of the dialects below.
    BigTiff,
    /// Aperio SVS, in a classic TIFF or a BigTIFF.
    Svs,
    /// Hamamatsu NDPI.
    Ndpi,
    /// OME-TIFF, in a classic TIFF or a BigTIFF.
    OmeTiff,
    /// Anything else.
    Unknown,
}

impl ImageKind {
    /// Names the format in lower case; these names do not change.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Jpeg => "jpeg",
            Self::Png => "png",
            Self::Tiff => "tiff",
            Self::BigTiff => "bigtiff",
            Self::Svs => "svs",
            Self::Ndpi => "ndpi",
            Self::OmeTiff => "ome-tiff",
            Self::Unknown => "unknown",
        }
    }

    /// Gives the registered media type (RFC 6838); every TIFF dialect is `image/tiff`, since none has its
    /// own.
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
            Self::Tiff | Self::BigTiff | Self::Svs | Self::Ndpi | Self::OmeTiff => "image/tiff",
            Self::Unknown => "application/octet-stream",
        }
    }
}

impl fmt::Display for ImageKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}
