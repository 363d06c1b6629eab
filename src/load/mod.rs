//! `dx-connect load`: a load test of a running hub, over its own interfaces and from the outside.
//!
//! Requests are due at times that do not depend on answers, and every time is taken from when it was due.
//! While it measures it checks: each message that was accepted is shown to whoever has to be told, once,
//! in order, without a hole in anybody's stream.

mod alarm;
mod api;
mod course;
mod error;
mod fixture;
mod frame;
mod frozen;
mod holders;
mod http;
mod lane;
mod ledger;
mod meter;
mod names;
pub mod options;
mod order;
mod process;
mod progress;
mod report;
mod run;
mod socket;
mod sources;
mod stored;
mod table;

use std::{error::Error, fs, path::Path, process::ExitCode};

use self::{error::LoadError, options::LoadArgs, report::Report};
use crate::{shutdown, terminal};

/// The test could not be run.
const EXIT_FAILED: u8 = 1;
/// It is not run as asked for; also clap's own.
const EXIT_USAGE: u8 = 2;

/// Runs the test and shows its result; how it went is in the exit code.
pub fn run(args: LoadArgs) -> ExitCode {
    match run_to_report(args) {
        Ok(report) => report.verdict.exit_code().into(),
        Err(error) => {
            terminal::print_error(&format!("Erro: {}", whole(&error)));
            ExitCode::from(if error.is_usage() { EXIT_USAGE } else { EXIT_FAILED })
        }
    }
}

fn run_to_report(args: LoadArgs) -> Result<Report, LoadError> {
    let json = args.json.clone();
    let runtime = tokio::runtime::Runtime::new()?;
    let report = runtime.block_on(async {
        let shutdown = shutdown::listen()?;
        course::execute(args, &shutdown).await
    })?;
    // What still runs has been given up.
    runtime.shutdown_background();
    terminal::print_text(&table::render(&report))?;
    if let Some(path) = json {
        write(&path, &report).map_err(|source| LoadError::NotWritten { path, source })?;
    }
    Ok(report)
}

fn write(path: &Path, report: &Report) -> std::io::Result<()> {
    let mut text = serde_json::to_vec_pretty(report)?;
    text.push(b'\n');
    fs::write(path, text)
}

/// An error with its causes.
fn whole(error: &LoadError) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}
