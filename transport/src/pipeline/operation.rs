//! Stage 6: which of the document's operations is meant.

use apollo_compiler::ast::{Definition, Document, OperationDefinition, OperationType};

use crate::error::RequestError;

/// Chooses the operation to run: the one of that name, or without a name the only one.
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
                    "The document has several operations: say which with operationName.",
                ));
            }
            first
        }
    };
    found
        .map(AsRef::as_ref)
        .ok_or_else(|| RequestError::document("UNKNOWN_OPERATION", "The document has no such operation."))
}

/// What an operation does, as the transports need to know it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Reads.
    Query,
    /// Changes; never over GET.
    Mutation,
    /// Answers many times; only over a WebSocket or an event stream.
    Subscription,
}

impl Kind {
    /// The keyword.
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
