//! Makes a subscription continue after the last event of an event stream.
//!
//! A browser that lost an event stream sends the same request again, with the id of its last event. The id is the cursor of that event's message. The
//! id replaces the argument `after` of the operation's root field, whether the document sets that argument to a value, sets it to a variable, or
//! omits it.

use apollo_compiler::{ExecutableDocument, executable::Operation};
use async_graphql::{
    Name, Positioned,
    parser::types::{DocumentOperations, ExecutableDocument as ForExecutor, Selection},
};
use async_graphql_value::Value as Given;

/// The argument with the position after which a subscription starts.
const AFTER: &str = "after";

/// Whether the operation is a subscription that can start after a single cursor, given as a string.
pub(super) fn is_possible(document: &ExecutableDocument, operation: &Operation) -> bool {
    let takes_cursor = |argument: &apollo_compiler::ast::InputValueDefinition| {
        !argument.ty.is_list() && argument.ty.inner_named_type() == "String"
    };
    operation.is_subscription()
        && operation.root_fields(document).all(|field| {
            field.definition.argument_by_name(AFTER).is_some_and(|argument| takes_cursor(argument))
        })
}

/// Sets the argument of the operation's root field. This field is not inside a fragment ([`super::root`]).
pub(super) fn after(mut document: ForExecutor, operation: Option<&str>, cursor: &str) -> ForExecutor {
    let chosen = match &mut document.operations {
        DocumentOperations::Single(only) => Some(only),
        // the document's only operation may have a name that the request omits
        DocumentOperations::Multiple(all) => match operation {
            Some(name) => all.get_mut(name),
            None => all.values_mut().next(),
        },
    };
    let selections = chosen.into_iter().flat_map(|chosen| &mut chosen.node.selection_set.node.items);
    for selection in selections {
        let at = selection.pos;
        if let Selection::Field(field) = &mut selection.node {
            let value = Given::String(cursor.to_owned());
            field.node.arguments.retain(|(name, _)| name.node != AFTER);
            field.node.arguments.push((Positioned::new(Name::new(AFTER), at), Positioned::new(value, at)));
        }
    }
    document
}
