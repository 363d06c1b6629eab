//! All SQL of the project.

mod error;
pub use error::StoreError;
