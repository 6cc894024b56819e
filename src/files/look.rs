//! Decodes small pictures to see what they look like. The bounds are checked before anything is decoded.

use std::io::{BufRead, Seek};

use image::{ImageReader, Limits};

use super::probe::probe;
use crate::model::Look;

/// The most pixels of a picture that is decoded: a region of a slide, and no slide.
const PIXELS_MAX: u64 = 40_000_000;
/// The most bytes that decoding may take.
const DECODED_BYTES: u64 = 512 << 20;

/// Decodes a picture and returns what it looks like; `None` where it is no JPEG, PNG or TIFF, too large, or damaged.
pub(super) fn look<R: BufRead + Seek>(mut reader: R, size_bytes: u64) -> Option<Look> {
    let facts = probe(&mut reader, size_bytes);
    let (width, height) = (facts.width?, facts.height?);
    if width.checked_mul(height)? > PIXELS_MAX {
        return None;
    }
    reader.rewind().ok()?;
    let mut image = ImageReader::new(reader).with_guessed_format().ok()?;
    let mut limits = Limits::default();
    limits.max_image_width = u32::try_from(width).ok();
    limits.max_image_height = u32::try_from(height).ok();
    limits.max_alloc = Some(DECODED_BYTES);
    image.limits(limits);
    let grey = image.decode().ok()?.into_luma8();
    Look::of_grey(u64::from(grey.width()), u64::from(grey.height()), grey.as_raw())
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use image::{DynamicImage, ImageFormat, RgbImage};

    use super::*;

    /// A picture with large differences and a fine grain.
    fn picture(turn: u32) -> DynamicImage {
        DynamicImage::ImageRgb8(RgbImage::from_fn(200, 160, |x, y| {
            let (x, y) = (x + turn, y);
            let wave = (x * x / 97 + y * y / 61 + x * y / 211) % 200;
            let grain = (x * 7 + y * 13) % 5;
            let value = u8::try_from(wave + grain).unwrap();
            image::Rgb([value, value / 2 + 40, 255 - value])
        }))
    }

    fn encoded(image: &DynamicImage, format: ImageFormat) -> Vec<u8> {
        let mut bytes = Cursor::new(Vec::new());
        image.write_to(&mut bytes, format).unwrap();
        bytes.into_inner()
    }

    fn look_of(bytes: &[u8]) -> Option<Look> {
        look(Cursor::new(bytes), u64::try_from(bytes.len()).unwrap())
    }

    #[test]
    fn one_picture_looks_the_same_in_every_format() {
        let looks = [ImageFormat::Png, ImageFormat::Jpeg, ImageFormat::Tiff]
            .map(|format| look_of(&encoded(&picture(0), format)).unwrap());
        for look in looks {
            assert!(
                looks[0].distance(&look) <= crate::model::look::SAME_BITS,
                "{look} {}",
                looks[0]
            );
        }
        let other = look_of(&encoded(&picture(77), ImageFormat::Png)).unwrap();
        assert_eq!(looks[0].likeness(&other), None);
    }

    #[test]
    fn what_cannot_be_decoded_looks_like_nothing() {
        let png = encoded(&picture(0), ImageFormat::Png);
        assert_eq!(look_of(&png[..png.len() / 2]), None);
        assert_eq!(look_of(b"II*\0\x08\0\0\0"), None);
        assert_eq!(look_of(b""), None);
    }
}
