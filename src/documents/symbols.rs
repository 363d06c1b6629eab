//! Bar code and QR code as SVG: one path each, so that no printer leaves seams between the parts.

use std::fmt::Write as _;

use dx_actors::domain::boleto::{BAR_CODE_MODULES, BoletoCode, interleaved_2_of_5};
use qrcode::{Color, EcLevel, QrCode};

/// Modules of white around a QR code (ISO/IEC 18004).
const QUIET: usize = 4;

/// A boleto's bar code, 405 units wide; the layout stretches it to its size.
pub(super) fn bar_code(code: &BoletoCode) -> Option<String> {
    let mut path = String::new();
    let mut at = 0_u32;
    for (index, width) in interleaved_2_of_5(code.as_str())?.into_iter().enumerate() {
        if index % 2 == 0 {
            // Writing to a String does not fail.
            let _ = write!(path, "M{at} 0h{width}v50h-{width}z");
        }
        at += u32::from(width);
    }
    Some(svg(BAR_CODE_MODULES as usize, 50, &path))
}

/// A QR code with its quiet zone; `None` for a text that no code has room for.
pub(super) fn qr_code(text: &str) -> Option<String> {
    let code = QrCode::with_error_correction_level(text, EcLevel::M).ok()?;
    let modules = code.width();
    let colors = code.to_colors();
    let mut path = String::new();
    for (y, row) in colors.chunks(modules).enumerate() {
        let mut x = 0;
        while x < modules {
            let run = row[x..].iter().take_while(|color| **color == Color::Dark).count();
            if run > 0 {
                let _ = write!(path, "M{} {}h{run}v1h-{run}z", x + QUIET, y + QUIET);
            }
            x += run.max(1);
        }
    }
    let side = modules + 2 * QUIET;
    Some(svg(side, side, &path))
}

fn svg(width: usize, height: usize, path: &str) -> String {
    format!(
        r#"<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" preserveAspectRatio="none"><path d="{path}" fill="black"/></svg>"#
    )
}
