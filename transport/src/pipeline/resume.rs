//! Makes a subscription continue after the last event of an event stream.
//!
//! A browser that lost an event stream sends the same request again, with the id of its last event. The id is the cursor of that event's message, and
//! replaces the argument `after` of the operation's root field: the document may have a value, a variable, or no such argument at all.

use std::collections::HashSet;

use apollo_compiler::{ExecutableDocument, executable::Operation};
use async_graphql::{
    Name, Positioned,
    parser::types::{DocumentOperations, ExecutableDocument as ForExecutor, Selection, SelectionSet},
};
use async_graphql_value::Value as Given;

/// The argument with the position after which a subscription starts.
const AFTER: &str = "after";

/// Whether the operation is a subscription that can start after one cursor, a text.
pub(super) fn is_possible(document: &ExecutableDocument, operation: &Operation) -> bool {
    let takes_cursor = |argument: &apollo_compiler::ast::InputValueDefinition| {
        !argument.ty.is_list() && argument.ty.inner_named_type() == "String"
    };
    operation.is_subscription()
        && operation.root_fields(document).all(|field| {
            field.definition.argument_by_name(AFTER).is_some_and(|argument| takes_cursor(argument))
        })
}

/// Sets the argument of the operation's root field. The document is valid, so its fragments form no cycle.
pub(super) fn after(mut document: ForExecutor, operation: Option<&str>, cursor: &str) -> ForExecutor {
    let chosen = match &mut document.operations {
        DocumentOperations::Single(only) => Some(only),
        DocumentOperations::Multiple(all) => operation.and_then(|name| all.get_mut(name)),
    };
    let mut spread = Vec::new();
    if let Some(chosen) = chosen {
        set(&mut chosen.node.selection_set.node, cursor, &mut spread);
    }
    let mut done = HashSet::new();
    while let Some(name) = spread.pop() {
        if let Some(fragment) = document.fragments.get_mut(&name).filter(|_| done.insert(name.clone())) {
            set(&mut fragment.node.selection_set.node, cursor, &mut spread);
        }
    }
    document
}

/// The depth of the recursion is limited like the nesting of brackets.
fn set(selections: &mut SelectionSet, cursor: &str, spread: &mut Vec<Name>) {
    for selection in &mut selections.items {
        let at = selection.pos;
        match &mut selection.node {
            Selection::Field(field) => {
                field.node.arguments.retain(|(name, _)| name.node != AFTER);
                let value = Given::String(cursor.to_owned());
                field
                    .node
                    .arguments
                    .push((Positioned::new(Name::new(AFTER), at), Positioned::new(value, at)));
            }
            Selection::InlineFragment(inline) => set(&mut inline.node.selection_set.node, cursor, spread),
            Selection::FragmentSpread(fragment) => spread.push(fragment.node.fragment_name.node.clone()),
        }
    }
}
