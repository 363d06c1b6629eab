//! The process: arguments, configuration, log, then the command.

use std::process::ExitCode;

use anyhow::Context;
use clap::Parser;
use dx_connect::{
    args::{Cli, Command},
    config::Config,
    load, openapi, outbound, serve, telemetry, terminal,
};

/// Gives memory back. The C library's keeps, for each thread, what a password was hashed in (19 MiB): hundreds
/// of megabytes after a morning's logins.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    outbound::install_tls();
    match run() {
        Ok(code) => code,
        Err(error) => {
            terminal::print_error(&format!("Erro: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn run() -> anyhow::Result<ExitCode> {
    let (flags, command) = Cli::parse().into_parts();
    // Before the configuration is read: for these a faulty one is no obstacle.
    match command {
        Command::Openapi => {
            openapi::print()?;
            return Ok(ExitCode::SUCCESS);
        }
        Command::Load(args) => return Ok(load::run(*args)),
        Command::Serve { .. } | Command::Migrate | Command::User(_) => {}
    }
    // Names and values that are not UTF-8 cannot be meant for us.
    let environment = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
    let config = Config::load(&flags, environment)?;
    telemetry::init(&config.log_level, config.log_format).context("log cannot be installed")?;
    let runtime = tokio::runtime::Runtime::new().context("runtime cannot be started")?;
    let outcome = runtime.block_on(serve::run(config, command));
    // Nothing that still runs is worth waiting for: what was answered is durable.
    runtime.shutdown_background();
    outcome?;
    Ok(ExitCode::SUCCESS)
}
