//! Stage 3: limits the parser's work and memory by counting tokens first.

use super::lexer;
use crate::error::RequestError;

/// Refuses a document of more than `limit` lexical tokens.
pub fn check(document: &str, limit: usize) -> Result<(), RequestError> {
    if lexer::tokens(document).take(limit.saturating_add(1)).count() <= limit {
        return Ok(());
    }
    Err(RequestError::document("TOO_MANY_TOKENS", format!("The document has more than {limit} tokens.")))
}
