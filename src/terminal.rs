//! Talking to the person at the terminal. Logs go elsewhere (`telemetry`).

use std::io::{self, BufRead, Write};

/// Longest line accepted as a password; four times the limit in characters (UTF-8).
const PASSWORD_LINE_BYTES_MAX: u64 = 4 * 128 + 2;

/// Prints one line to standard output.
pub fn print_line(text: &str) -> io::Result<()> {
    print_text(&format!("{text}\n"))
}

/// Prints lines to standard output.
pub fn print_text(lines: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(lines.as_bytes())?;
    out.flush()
}

/// Says on standard error why the program could not do its work.
pub fn print_error(text: &str) {
    // Where even that fails, nobody is listening.
    let _unheard = writeln!(io::stderr().lock(), "{text}");
}

/// Writes a line of standard error over the one before, on a terminal.
pub fn print_over(text: &str) {
    // Back to the first column, then whatever is left of a longer line before.
    let _unheard = write!(io::stderr().lock(), "\r{text}\x1b[K");
}

/// The first line of `input` without its line ending.
pub fn read_password(input: impl BufRead) -> io::Result<String> {
    let mut line = String::new();
    io::Read::take(input, PASSWORD_LINE_BYTES_MAX).read_line(&mut line)?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_the_first_line_with_its_spaces() {
        let cases: [(&str, &str); 4] =
            [("abc\n", "abc"), (" a b \r\nrest", " a b "), ("", ""), ("sem fim", "sem fim")];
        for (input, expected) in cases {
            assert_eq!(read_password(input.as_bytes()).unwrap(), expected);
        }
    }
}
