//! Responses to introspection, computed from the caller's role schema. The executor's own introspection is never used.

use apollo_compiler::{
    ExecutableDocument, Schema,
    collections::HashMap,
    executable::Operation,
    introspection::{check_max_depth, partial_execute},
    response::JsonMap,
    schema::{Implementers, Name},
    validation::Valid,
};

use crate::error::RequestError;

/// The kinds of an operation's root fields.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RootFields {
    /// `__schema` or `__type`.
    pub introspection: bool,
    /// Whether the operation has any root field other than `__schema`, `__type` and `__typename`. The executor resolves all fields that are not part
    /// of introspection.
    pub data: bool,
    /// Number of root fields, counting each alias.
    pub count: u32,
}

/// Classifies the operation's root fields.
pub fn root_fields(document: &ExecutableDocument, operation: &Operation) -> RootFields {
    let mut found = RootFields::default();
    for field in operation.root_fields(document) {
        found.count = found.count.saturating_add(1);
        match field.name.as_str() {
            "__schema" | "__type" => found.introspection = true,
            "__typename" => {}
            _ => found.data = true,
        }
    }
    found
}

/// Resolves `__schema`, `__type` and the root's `__typename`, and skips other root fields.
pub fn answer(
    schema: &Valid<Schema>,
    implementers: &HashMap<Name, Implementers>,
    document: &Valid<ExecutableDocument>,
    operation: &Operation,
    variables: &Valid<JsonMap>,
) -> Result<JsonMap, RequestError> {
    let refused = |error: apollo_compiler::request::RequestError| {
        RequestError::document("INTROSPECTION_REFUSED", error.message().to_string())
    };
    check_max_depth(document, operation).map_err(refused)?;
    let answer = partial_execute(schema, implementers, document, operation, variables).map_err(refused)?;
    answer.data.ok_or_else(|| {
        RequestError::document("INTROSPECTION_REFUSED", "Introspection could not be answered.")
    })
}
