//! Stage 4: parses the text to a syntax tree with apollo-compiler's parser, which has its own limits.

use apollo_compiler::{
    ast::Document,
    parser::Parser,
    validation::{DiagnosticList, WithErrors},
};

use crate::{error::RequestError, limits::Limits};

/// Largest number of errors reported for one document. A malformed document can have thousands of errors.
const MAX_ERRORS: usize = 20;

/// Parses a document. Refuses documents that can never be executed, because they have syntax errors, no definitions, or more definitions than
/// allowed.
pub fn parse(document: &str, limits: &Limits) -> Result<Document, RequestError> {
    let tree = Parser::new()
        .recursion_limit(limits.bracket_depth.saturating_mul(8))
        .token_limit(limits.tokens.saturating_mul(4))
        .parse_ast(document, "request")
        .map_err(|WithErrors { errors, .. }| errors_of("GRAPHQL_PARSE_FAILED", &errors))?;
    if tree.definitions.len() > limits.definitions {
        return Err(RequestError::document(
            "TOO_MANY_DEFINITIONS",
            format!("The document has more than {} operations and fragments.", limits.definitions),
        ));
    }
    if tree.definitions.is_empty() {
        return Err(RequestError::document("GRAPHQL_PARSE_FAILED", "The document is empty."));
    }
    Ok(tree)
}

/// Joins the parser's diagnostics into one error with this `code`. Each diagnostic keeps its location in the document.
pub(super) fn errors_of(code: &'static str, diagnostics: &DiagnosticList) -> RequestError {
    let errors = diagnostics.iter().take(MAX_ERRORS).map(|diagnostic| {
        let error = diagnostic.to_json();
        error.locations.iter().fold(RequestError::document(code, error.message), |found, place| {
            found.at(place.line, place.column)
        })
    });
    RequestError::join(errors)
        .unwrap_or_else(|| RequestError::document(code, "The document is not valid GraphQL."))
}
