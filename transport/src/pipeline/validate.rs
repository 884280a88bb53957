//! Stage 7: the document against the caller's role schema. What the role may not see is answered exactly like what
//! does not exist.

use apollo_compiler::{ExecutableDocument, Schema, ast::Document, validation::Valid};

use super::parse::errors_of;
use crate::error::RequestError;

/// Validates by the GraphQL specification, section 5.
pub fn validate(
    document: &Document,
    schema: &Valid<Schema>,
) -> Result<Valid<ExecutableDocument>, RequestError> {
    document
        .to_executable_validate(schema)
        .map_err(|invalid| errors_of("GRAPHQL_VALIDATION_FAILED", &invalid.errors))
}
