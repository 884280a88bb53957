//! The content of a request before the request runs. A request that is answered from memory is never converted to the executor's types.

use std::sync::Arc;

use apollo_compiler::{response::JsonMap, validation::Valid};
use async_graphql::Request;

use super::{Checked, resume, variables};
use crate::error::RequestError;

/// The document and the variables of a request, in the pipeline's types. The executor's types are made only for requests that run.
pub(super) struct Asked {
    pub(super) checked: Arc<Result<Checked, RequestError>>,
    pub(super) values: Valid<JsonMap>,
    /// The cursor from which a subscription resumes.
    pub(super) after: Option<String>,
}

impl Asked {
    /// Adds the syntax tree, the variables and the plans to the executor's request, which gets the syntax tree instead of the document's text.
    pub(super) fn complete(self, request: &mut Request) {
        let Ok(document) = self.checked.as_ref() else { return };
        let name = request.operation_name.as_deref();
        let Ok(operation) = document.typed.operations.get(name) else { return };
        let mut tree = variables::without_unset(document.for_executor.clone(), operation, &self.values);
        if let Some(cursor) = &self.after {
            tree = resume::after(tree, name, cursor);
        }
        request.variables = variables::for_executor(&self.values);
        request.data.insert(document.plans.clone());
        request.set_parsed_query(tree);
    }
}
