//! The two sums that boletos are checked with. They take ASCII digits.

/// Modulo 10: weights 2 and 1 in turn from the right, digits of each product added up. 0 to 9.
pub fn modulo_10(digits: &str) -> u32 {
    let sum: u32 = values_from_the_right(digits)
        .zip([2, 1].into_iter().cycle())
        .map(|(digit, weight)| digit * weight)
        .map(|product| product / 10 + product % 10)
        .sum();
    (10 - sum % 10) % 10
}

/// Modulo 11 with weights from 2 to `weight_max` from the right: `11 − sum mod 11`, so 1 to 11. What
/// 10 and 11 become differs by user.
pub fn modulo_11(digits: &str, weight_max: u32) -> u32 {
    let sum: u32 = values_from_the_right(digits)
        .zip((2..=weight_max).cycle())
        .map(|(digit, weight)| digit * weight)
        .sum();
    11 - sum % 11
}

fn values_from_the_right(digits: &str) -> impl Iterator<Item = u32> {
    digits.bytes().rev().map(|digit| u32::from(digit.wrapping_sub(b'0')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_sums_agree_with_published_ones() {
        // The three fields of 00190500954014481606906809350314337370000000100.
        assert_eq!(modulo_10("001905009"), 5);
        assert_eq!(modulo_10("4014481606"), 9);
        assert_eq!(modulo_10("0680935031"), 4);
        // Its bar code without the check digit.
        assert_eq!(modulo_11("0019373700000001000500940144816060680935031", 9), 3);
        // Bradesco: our number 00000000525 in wallet 06 has the digit P, which stands for 10.
        assert_eq!(modulo_11("0600000000525", 7), 10);
    }
}
