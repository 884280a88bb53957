//! Stage 5: validates the document against the caller's role schema. Members hidden from the role cause exactly the same errors as members that
//! do not exist.

use apollo_compiler::{ExecutableDocument, Schema, ast::Document, validation::Valid};

use super::parse::errors_of;
use crate::error::RequestError;

/// Validates the document (GraphQL specification, section 5).
pub fn validate(
    document: &Document,
    schema: &Valid<Schema>,
) -> Result<Valid<ExecutableDocument>, RequestError> {
    document
        .to_executable_validate(schema)
        .map_err(|invalid| errors_of("GRAPHQL_VALIDATION_FAILED", &invalid.errors))
}
