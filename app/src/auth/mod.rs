//! Authentication and authorization: passwords, tokens, [`Actor`], rights.

pub mod actor;
pub mod api_token;
mod attempts;
pub mod login;
pub mod password;
pub(crate) mod resume;
pub mod rights;
pub mod second_factor;
pub mod ticket;
pub mod token;
pub mod totp;

pub use actor::Actor;
pub use rights::Right;
