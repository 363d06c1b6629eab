//! Logs: one line per fact on standard error, as text or as JSON.

use std::io::{self, IsTerminal};

use tracing_subscriber::{EnvFilter, filter::ParseError};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    Text,
    Json,
}

const LEVELS: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];

/// What the client library of WhatsApp Web logs names people, their messages' ids and pairing codes. It is
/// off unless `whatsapp_rust` is asked for by name.
const QUIET: &str = "whatsapp_rust=off,wacore=off,Client=off,Bot=off,usync=off,Blocking=off,blocklist=off,\
     UnifiedSession=off,ChatstateHandler=off,Chatstate=off,AppState=off,TcToken=off,PresenceHandler=off,\
     MessageQueue=off,Mex=off";
const LIBRARY: &str = "whatsapp_rust";

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
        .with_env_filter(EnvFilter::try_new(directives(level))?)
        .with_writer(io::stderr)
        .with_ansi(io::stderr().is_terminal());
    // An error only says that a test has installed one before.
    let _already_installed = match format {
        LogFormat::Text => log.try_init(),
        LogFormat::Json => log.json().flatten_event(true).try_init(),
    };
    Ok(())
}

fn directives(level: &str) -> String {
    if level.contains(LIBRARY) { level.to_owned() } else { format!("{level},{QUIET}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_library_that_names_people_is_heard_only_on_request() {
        for level in ["trace", "info,dx_connect=debug"] {
            let filter = EnvFilter::try_new(directives(level)).unwrap().to_string();
            assert!(
                filter.contains("Client=off") && filter.contains("whatsapp_rust=off"),
                "{filter}"
            );
        }
        assert_eq!(directives("debug,whatsapp_rust=debug"), "debug,whatsapp_rust=debug");
    }

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
