//! Stage 4: chooses the operation to run.

use apollo_compiler::ast::{Definition, Document, OperationDefinition, OperationType};

use crate::error::RequestError;

/// Chooses the operation with this name. Without a name, chooses the only operation.
pub fn choose<'a>(
    document: &'a Document,
    name: Option<&str>,
) -> Result<&'a OperationDefinition, RequestError> {
    let mut operations = document.definitions.iter().filter_map(Definition::as_operation_definition);
    let found = match name {
        Some(name) => operations.find(|operation| operation.name.as_deref() == Some(name)),
        None => {
            let first = operations.next();
            if operations.next().is_some() {
                return Err(RequestError::document(
                    "OPERATION_NAME_REQUIRED",
                    "The document has several operations. Name one in `operationName`.",
                ));
            }
            first
        }
    };
    found.map(AsRef::as_ref).ok_or_else(|| {
        RequestError::document("UNKNOWN_OPERATION", "The document does not contain this operation.")
    })
}

/// The kind of an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Reads data.
    Query,
    /// A mutation changes data, and is refused over GET.
    Mutation,
    /// A subscription sends many responses, and is allowed only over a WebSocket or an event stream.
    Subscription,
}

impl Kind {
    /// The GraphQL keyword.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Query => "query",
            Self::Mutation => "mutation",
            Self::Subscription => "subscription",
        }
    }
}

impl From<OperationType> for Kind {
    fn from(found: OperationType) -> Self {
        match found {
            OperationType::Query => Self::Query,
            OperationType::Mutation => Self::Mutation,
            OperationType::Subscription => Self::Subscription,
        }
    }
}
