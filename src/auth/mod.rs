//! Who is asking, and what they may do.

mod extract;
mod failure;
pub mod link;
pub mod password;
pub mod permission;
pub mod scope;
pub mod signature;
pub mod token;

pub use extract::{CurrentAgent, authenticate};
pub(crate) use extract::{bearer_token, resolve};
pub use failure::AuthFailure;
pub use link::Links;
pub use password::Passwords;
pub use permission::Permission;
pub use token::Tokens;
