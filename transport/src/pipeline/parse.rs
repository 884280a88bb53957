//! Stage 2: parses the text to a syntax tree with apollo-compiler's parser. The parser stops at its own limits, which protect the stack and bound the
//! work. The later stages and the executor's parser recurse over the same nesting, so they need no limit of their own.

use apollo_compiler::{
    ast::Document,
    parser::Parser,
    validation::{DiagnosticList, WithErrors},
};

use crate::{error::RequestError, limits::Limits};

/// Largest number of errors reported for one document. A malformed document can have thousands of errors.
const MAX_ERRORS: usize = 20;

/// Parses a document. Refuses documents that exceed a limit, and documents that can never be executed, because they have syntax errors or no
/// definitions.
pub fn parse(document: &str, limits: &Limits) -> Result<Document, RequestError> {
    let mut parser = Parser::new().recursion_limit(limits.bracket_depth).token_limit(limits.tokens);
    let parsed = parser.parse_ast(document, "request");
    // a document that exceeds a limit also has syntax errors, because the parser stopped in the middle of the document
    if parser.recursion_reached() > limits.bracket_depth {
        return Err(RequestError::document(
            "DOCUMENT_TOO_DEEP",
            format!("The document nests brackets deeper than {} levels.", limits.bracket_depth),
        ));
    }
    if parser.tokens_reached() > limits.tokens {
        return Err(RequestError::document(
            "TOO_MANY_TOKENS",
            format!("The document has more than {} tokens.", limits.tokens),
        ));
    }
    let tree = parsed.map_err(|WithErrors { errors, .. }| errors_of("GRAPHQL_PARSE_FAILED", &errors))?;
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

/// Joins the diagnostics into one error with this `code`. Each diagnostic keeps its location in the document. A selection without valid fields counts
/// as empty, so the diagnostic "a selection is missing" may be only a consequence of another diagnostic. Such diagnostics come last.
pub(super) fn errors_of(code: &'static str, diagnostics: &DiagnosticList) -> RequestError {
    let of = |follows: bool| {
        diagnostics.iter().filter(move |diagnostic| {
            diagnostic.error.to_string().contains("must have a subselection set") == follows
        })
    };
    let errors = of(false).chain(of(true)).take(MAX_ERRORS).map(|diagnostic| {
        let error = diagnostic.to_json();
        error.locations.iter().fold(RequestError::document(code, error.message), |found, place| {
            found.at(place.line, place.column)
        })
    });
    RequestError::join(errors)
        .unwrap_or_else(|| RequestError::document(code, "The document is not valid GraphQL."))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The error's code, or the empty text if the document parses.
    fn code(document: &str) -> &'static str {
        parse(document, &Limits::default()).err().map_or("", |error| error.code)
    }

    #[test]
    fn nesting_is_limited_in_every_construct() {
        let fields = |levels: usize| format!("{}{}", "{a".repeat(levels), "}".repeat(levels));
        assert_eq!((code(&fields(48)), code(&fields(49))), ("", "DOCUMENT_TOO_DEEP"));
        for open in ["{a", "{...{a ", "{a(b:[{c:"] {
            assert_eq!(code(&open.repeat(50_000)), "DOCUMENT_TOO_DEEP", "{open}");
        }
        for (before, open) in
            [("{a(b:", "["), ("{a(b:", "{c:"), ("query($a:", "["), ("query($a:A=", "["), ("{a@b(c:", "{d:")]
        {
            let document = format!("{before}{}", open.repeat(50_000));
            assert_eq!(code(&document), "DOCUMENT_TOO_DEEP", "{document:.20}");
        }
    }

    #[test]
    fn tokens_are_limited_before_the_rest_is_read() {
        assert_eq!(code(&format!("{{{}}}", "a ".repeat(9_000))), "");
        for part in ["a ", "(", "\"a\"", "#\n", ",", "é", "query A{a}"] {
            assert_eq!(code(&part.repeat(100_000)), "TOO_MANY_TOKENS", "{part}");
        }
    }

    proptest! {
        #[test]
        fn any_text_ends(text in "[{}\\[\\]()\"#\\\\ \n,a-c.$:é]{0,200}") {
            drop(parse(&text, &Limits::default()));
        }
    }
}
