//! The OpenAPI document: what the handlers' annotations say, completed by what holds for every route.
//!
//! Texts are Portuguese, for the developers of clients.

mod conventions;
mod errors;
mod prose;
pub mod schemas;

pub use errors::{
    Conflict, Forbidden, Locked, Missing, NoSuchRange, Refused, TooManyRequests, Unauthorized,
};

use utoipa::openapi::{Components, Info, OpenApi, OpenApiBuilder, Server};

use crate::{http, run_error::RunError, terminal};

/// The version of the API, which is a part of its paths; not that of the program.
const API_VERSION: &str = "v1";

/// The whole document.
pub fn document() -> OpenApi {
    let (documented, _) = http::documented();
    let mut components = documented.components.unwrap_or_else(Components::new);
    errors::add_to(&mut components);
    schemas::complete(&mut components);
    let mut info = Info::new(prose::TITLE, API_VERSION);
    info.description = Some(prose::INTRODUCTION.to_owned());
    OpenApiBuilder::new()
        .info(info)
        .servers(Some([Server::new("/")]))
        .tags(Some(prose::tags()))
        .security(Some([conventions::bearer()]))
        .paths(conventions::applied(documented.paths))
        .components(Some(components))
        .build()
}

/// The document as it is printed and served; ends with a new line.
pub fn json() -> serde_json::Result<String> {
    let mut text = document().to_pretty_json()?;
    text.push('\n');
    Ok(text)
}

/// Prints the document.
pub fn print() -> Result<(), RunError> {
    let text = json().map_err(|error| RunError::Terminal(error.into()))?;
    terminal::print_text(&text).map_err(RunError::Terminal)
}

#[cfg(test)]
mod tests;
