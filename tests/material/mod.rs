//! What tests put into a repository through the library.

#![allow(dead_code, reason = "each test program uses a part of this")]

use std::io::{self, Cursor, Read};
use std::os::fd::BorrowedFd;
use std::path::Path;

use holotype::event::{AnnotationIdentity, Command};
use holotype::id::ImageId;
use holotype::model::{Facts, Geometry};
use holotype::store::BlobSource;

/// Bytes in memory as those of an image.
pub(crate) struct Bytes(Cursor<Vec<u8>>);

impl Bytes {
    /// Takes bytes, to be read from the first.
    pub(crate) fn of(bytes: impl Into<Vec<u8>>) -> Self {
        Self(Cursor::new(bytes.into()))
    }
}

impl Read for Bytes {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer)
    }
}

impl BlobSource for Bytes {
    fn as_fd(&self) -> Option<BorrowedFd<'_>> {
        None
    }

    fn path(&self) -> &Path {
        Path::new("memory")
    }
}

/// Draws a point at (`x`, 1) px in `a.png`, without a label.
pub(crate) fn point(x: u32) -> Command {
    point_with(x, Facts::new())
}

/// Draws such a point with attributes.
pub(crate) fn point_with(x: u32, attributes: Facts) -> Command {
    Command::Annotate {
        image: ImageId::of_name("a.png"),
        geometry: Geometry::point(f64::from(x), 1.0),
        label: None,
        identity: AnnotationIdentity::Content,
        source_id: None,
        attributes,
        image_version: None,
    }
}
