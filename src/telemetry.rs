//! Logs: one line per fact on standard error, as text or as JSON.

use std::io::{self, IsTerminal};

use tracing_subscriber::{EnvFilter, filter::ParseError};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    Text,
    Json,
}

const LEVELS: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];

/// Reads a level (`info`) or a list of directives (`info,dx_connect=debug`).
pub fn parse_level(text: &str) -> Option<String> {
    let text = text.trim().to_lowercase();
    let is_level = LEVELS.contains(&text.as_str());
    let is_directives = text.contains('=') && EnvFilter::try_new(&text).is_ok();
    (is_level || is_directives).then_some(text)
}

/// Installs the log of the process; a second call changes nothing.
pub fn init(level: &str, format: LogFormat) -> Result<(), ParseError> {
    let log = tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::try_new(level)?)
        .with_writer(io::stderr)
        .with_ansi(io::stderr().is_terminal());
    // An error only says that a test has installed one before.
    let _already_installed = match format {
        LogFormat::Text => log.try_init(),
        LogFormat::Json => log.json().flatten_event(true).try_init(),
    };
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_level_is_a_known_word_or_directives() {
        let cases = [
            ("INFO", Some("info")),
            (" debug ", Some("debug")),
            ("info,dx_connect=trace", Some("info,dx_connect=trace")),
            ("banana", None),
            ("a=b=c", None),
            ("", None),
        ];
        for (text, expected) in cases {
            assert_eq!(parse_level(text).as_deref(), expected, "{text}");
        }
    }
}
