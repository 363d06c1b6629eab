//! Interleaved 2 of 5, the bar code of boletos: digits in pairs, the first in the bars, the second in
//! the spaces between them.

/// A wide bar or space has the width of this many narrow ones (FEBRABAN: 2.25 to 3).
pub const WIDE_MODULES: u8 = 3;
/// Width of the bar code of 44 digits, in narrow ones.
pub const BAR_CODE_MODULES: u32 = 4 + 22 * (6 + 4 * WIDE_MODULES as u32) + WIDE_MODULES as u32 + 2;

/// Which of the five bars of a digit are wide.
const WIDE: [[bool; 5]; 10] = [
    [false, false, true, true, false],
    [true, false, false, false, true],
    [false, true, false, false, true],
    [true, true, false, false, false],
    [false, false, true, false, true],
    [true, false, true, false, false],
    [false, true, true, false, false],
    [false, false, false, true, true],
    [true, false, false, true, false],
    [false, true, false, true, false],
];

/// The widths of bars and spaces in turn, beginning with a bar, in narrow ones; `None` unless `digits`
/// are an even number of digits.
pub fn interleaved_2_of_5(digits: &str) -> Option<Vec<u8>> {
    if !digits.len().is_multiple_of(2) || !digits.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    let mut widths = vec![1, 1, 1, 1];
    for pair in digits.as_bytes().chunks_exact(2) {
        let [bars, spaces] = [pair[0], pair[1]].map(|digit| WIDE[usize::from(digit - b'0')]);
        for (bar, space) in bars.into_iter().zip(spaces) {
            widths.extend([bar, space].map(|is_wide| if is_wide { WIDE_MODULES } else { 1 }));
        }
    }
    widths.extend([WIDE_MODULES, 1, 1]);
    Some(widths)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_are_interleaved_between_start_and_stop() {
        // 1 = wide narrow narrow narrow wide; 2 = narrow wide narrow narrow wide.
        assert_eq!(
            interleaved_2_of_5("12").unwrap(),
            [1, 1, 1, 1, 3, 1, 1, 3, 1, 1, 1, 1, 3, 3, 3, 1, 1]
        );
        assert_eq!(interleaved_2_of_5("123"), None);
        assert_eq!(interleaved_2_of_5("1é"), None);
    }

    #[test]
    fn every_code_has_the_same_width() {
        let widths = interleaved_2_of_5("00193373700000001000500940144816060680935031").unwrap();
        assert_eq!(widths.into_iter().map(u32::from).sum::<u32>(), BAR_CODE_MODULES);
        assert_eq!(BAR_CODE_MODULES, 405);
    }
}
