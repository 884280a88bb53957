//! Stage 2: refuses deep nesting before the input reaches a recursive parser. A few kilobytes of brackets would overflow a recursive parser's
//! stack, and a stack overflow ends the whole process.

use actix_web::http::StatusCode;

use super::lexer;
use crate::error::RequestError;

/// Refuses a GraphQL document whose brackets are nested deeper than `limit`.
pub fn check_document(document: &str, limit: usize) -> Result<(), RequestError> {
    if lexer::bracket_depth(lexer::tokens(document)) <= limit {
        return Ok(());
    }
    Err(RequestError::document(
        "DOCUMENT_TOO_DEEP",
        format!("The document nests brackets deeper than {limit} levels."),
    ))
}

/// Refuses a JSON text, including variables, whose brackets are nested deeper than `limit`.
pub fn check_json(json: &[u8], limit: usize) -> Result<(), RequestError> {
    if lexer::bracket_depth(lexer::json_brackets(json)) <= limit {
        return Ok(());
    }
    Err(RequestError::transport(
        StatusCode::BAD_REQUEST,
        "JSON_TOO_DEEP",
        format!("The JSON of the request nests deeper than {limit} levels."),
    ))
}
