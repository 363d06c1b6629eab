//! Small pictures of pictures, made when they are asked for.

use std::io::Cursor;

use image::{ImageFormat, ImageReader, Limits, codecs::jpeg::JpegEncoder};

/// Contract §13: within 300 × 300 pixels, JPEG of quality 80.
const SIDE_MAX: u32 = 300;
const QUALITY: u8 = 80;
/// What one picture may take while it is unpacked: a photograph of 50 megapixels fits.
const MEMORY_BYTES_MAX: u64 = 256 * 1024 * 1024;
const PIXELS_MAX: u32 = 12_000;

/// A JPEG of the picture; `None` when it cannot be read. Blocks: not for the runtime's threads.
pub fn make(picture: &[u8]) -> Option<Vec<u8>> {
    let mut reader = ImageReader::new(Cursor::new(picture)).with_guessed_format().ok()?;
    let mut limits = Limits::default();
    limits.max_alloc = Some(MEMORY_BYTES_MAX);
    limits.max_image_width = Some(PIXELS_MAX);
    limits.max_image_height = Some(PIXELS_MAX);
    reader.limits(limits);
    let small = reader.decode().ok()?.thumbnail(SIDE_MAX, SIDE_MAX).to_rgb8();
    let mut out = Vec::new();
    small.write_with_encoder(JpegEncoder::new_with_quality(&mut out, QUALITY)).ok()?;
    Some(out)
}

/// What thumbnails are.
pub const MEDIA_TYPE: &str = "image/jpeg";

/// Whether a file of this type has a thumbnail.
pub fn is_possible(media_type: &str) -> bool {
    let format = ImageFormat::from_mime_type(media_type);
    format.is_some_and(|format| format.reading_enabled())
}

#[cfg(test)]
mod tests {
    use image::{DynamicImage, GenericImageView};

    use super::*;

    #[test]
    fn a_thumbnail_keeps_the_form_and_what_is_no_picture_has_none() {
        let mut png = Vec::new();
        let picture = DynamicImage::new_rgb8(1200, 400);
        picture.write_to(&mut Cursor::new(&mut png), ImageFormat::Png).unwrap();
        let small = image::load_from_memory(&make(&png).unwrap()).unwrap();
        assert_eq!(small.dimensions(), (300, 100));
        assert_eq!(make(b"<html>"), None);
        assert_eq!(make(&png[..png.len() / 2]), None);
        assert!(is_possible("image/png") && is_possible("image/webp"));
        assert!(!is_possible("video/mp4") && !is_possible("image/svg+xml"));
    }
}
