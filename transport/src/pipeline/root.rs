//! Moves the root field of each subscription out of fragments. At the root of a subscription, the executor does not run fields that are inside a
//! fragment, and would end such a subscription without a message.

use std::collections::HashMap;

use async_graphql::{
    Name, Positioned,
    parser::types::{
        DocumentOperations, ExecutableDocument, Field, FragmentDefinition, OperationDefinition,
        OperationType, Selection, SelectionSet,
    },
};

type Fragments = HashMap<Name, Positioned<FragmentDefinition>>;

/// Replaces the fragments at the root of each subscription with the field in them. The document must be valid, so a subscription has one root field,
/// no directive decides whether the field is selected, and no fragment spreads itself.
pub(super) fn without_fragments(mut document: ExecutableDocument) -> ExecutableDocument {
    let ExecutableDocument { operations, fragments } = &mut document;
    match operations {
        DocumentOperations::Single(only) => flatten(&mut only.node, fragments),
        DocumentOperations::Multiple(all) => {
            all.values_mut().for_each(|operation| flatten(&mut operation.node, fragments));
        }
    }
    document
}

fn flatten(operation: &mut OperationDefinition, fragments: &Fragments) {
    if operation.ty != OperationType::Subscription {
        return;
    }
    let set = &mut operation.selection_set.node;
    if let Some(field) = root_field(set, fragments) {
        let at = field.pos;
        set.items = vec![Positioned::new(Selection::Field(field), at)];
    }
}

/// The only root field. Every selection set has a selection, so the first selection leads to the field.
fn root_field(set: &SelectionSet, fragments: &Fragments) -> Option<Positioned<Field>> {
    let mut first = set.items.first();
    loop {
        let inner = match &first?.node {
            Selection::Field(field) => return Some(field.clone()),
            Selection::InlineFragment(inline) => &inline.node.selection_set,
            Selection::FragmentSpread(spread) => {
                &fragments.get(&spread.node.fragment_name.node)?.node.selection_set
            }
        };
        first = inner.node.items.first();
    }
}
