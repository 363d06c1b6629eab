//! A pairing code as the picture that a phone scans.

use base64::{Engine, engine::general_purpose::STANDARD};
use qrcode::{Color, EcLevel, QrCode};

/// Pixels per module: large enough for a phone in front of a screen.
const SCALE: usize = 6;
/// Modules of white around the code (ISO/IEC 18004 asks for 4).
const QUIET: usize = 4;

/// The PNG of a code in base64, for `data:image/png;base64,…`. Empty when the text is too long for
/// any QR code, which no network's code is.
pub fn png_base64(code: &str) -> String {
    let Ok(qr) = QrCode::with_error_correction_level(code, EcLevel::L) else {
        return String::new();
    };
    png(&qr).map(|image| STANDARD.encode(image)).unwrap_or_default()
}

fn png(qr: &QrCode) -> Result<Vec<u8>, png::EncodingError> {
    let modules = qr.width();
    let side = (modules + 2 * QUIET) * SCALE;
    let colors = qr.to_colors();
    let is_dark = |x: usize, y: usize| {
        let inside = |at: usize| (at / SCALE).checked_sub(QUIET).filter(|at| *at < modules);
        let (Some(x), Some(y)) = (inside(x), inside(y)) else { return false };
        colors.get(y * modules + x) == Some(&Color::Dark)
    };
    // One byte per pixel compresses as well as one bit and is simpler to fill.
    let pixels: Vec<u8> =
        (0..side * side).map(|at| if is_dark(at % side, at / side) { 0 } else { 255 }).collect();
    let width = u32::try_from(side).unwrap_or(u32::MAX);
    let mut image = Vec::new();
    let mut encoder = png::Encoder::new(&mut image, width, width);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.set_depth(png::BitDepth::Eight);
    let mut writer = encoder.write_header()?;
    writer.write_image_data(&pixels)?;
    writer.finish()?;
    Ok(image)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_picture_is_a_png_with_the_quiet_zone() {
        let image = STANDARD.decode(png_base64("2@abc,def")).unwrap();
        let mut reader = png::Decoder::new(std::io::Cursor::new(image)).read_info().unwrap();
        let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
        let info = reader.next_frame(&mut pixels).unwrap();
        assert_eq!(info.width, info.height);
        let side = info.width as usize;
        let border = QUIET * SCALE;
        assert!(pixels[..side * border].iter().all(|pixel| *pixel == 255), "white around");
        assert_eq!(pixels[side * border + border], 0, "the finder pattern begins here");
    }

    #[test]
    fn a_text_that_fits_no_code_gives_no_picture() {
        assert_eq!(png_base64(&"x".repeat(8000)), "");
    }
}
