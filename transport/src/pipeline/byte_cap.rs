//! Stage 1: limits the bytes that are held in memory.

use actix_web::http::StatusCode;

use crate::error::RequestError;

/// Refuses a text of more than `limit` bytes.
pub fn check(bytes: usize, limit: usize) -> Result<(), RequestError> {
    if bytes <= limit { Ok(()) } else { Err(too_large(limit)) }
}

/// The error for a body of more than `limit` bytes, even if not all of it was read.
pub fn too_large(limit: usize) -> RequestError {
    RequestError::transport(
        StatusCode::PAYLOAD_TOO_LARGE,
        "BODY_TOO_LARGE",
        format!("The request is larger than {limit} bytes."),
    )
}
