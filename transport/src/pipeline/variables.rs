//! Stage 6: checks the variables against the types that the operation declares, in the caller's role schema.

use std::collections::HashSet;

use apollo_compiler::{
    ExecutableDocument, Schema,
    executable::Operation,
    request::coerce_variable_values,
    response::{JsonMap, JsonValue},
    validation::Valid,
};
use async_graphql::{
    Name, Value, Variables,
    indexmap::IndexMap,
    parser::types::{DocumentOperations, ExecutableDocument as ForExecutor, Selection, SelectionSet},
};
use async_graphql_value::Value as Given;

use crate::error::RequestError;

/// Coerces the variables' values (GraphQL specification, October 2021, section 6.1.2). Fills in defaults and drops unknown variables.
pub fn coerce(
    schema: &Valid<Schema>,
    document: &ExecutableDocument,
    operation: &Operation,
    values: &JsonMap,
) -> Result<Valid<JsonMap>, RequestError> {
    coerce_variable_values(schema, operation, values).map_err(|error| {
        let error = error.to_graphql_error(&document.sources);
        error.locations.iter().fold(RequestError::document("BAD_VARIABLES", error.message), |found, place| {
            found.at(place.line, place.column)
        })
    })
}

/// Converts the variables' values to the executor's types.
pub fn for_executor(values: &JsonMap) -> Variables {
    let mut variables = Variables::default();
    for (name, value) in values.iter() {
        variables.insert(Name::new(name.as_str()), to_value(value));
    }
    variables
}

/// Removes arguments whose value is an unset variable. The executor would read such arguments as null, but the specification (October 2021, section
/// 6.4.1) omits them, so that each argument gets its default. For fields of input objects, the executor already follows the specification.
pub fn without_unset(mut document: ForExecutor, operation: &Operation, values: &JsonMap) -> ForExecutor {
    let declared = operation.variables.iter().map(|variable| variable.name.as_str());
    let unset: HashSet<&str> = declared.filter(|name| !values.contains_key(*name)).collect();
    if unset.is_empty() {
        return document;
    }
    match &mut document.operations {
        DocumentOperations::Single(operation) => leave_out(&mut operation.node.selection_set.node, &unset),
        DocumentOperations::Multiple(all) => {
            for operation in all.values_mut() {
                leave_out(&mut operation.node.selection_set.node, &unset);
            }
        }
    }
    for fragment in document.fragments.values_mut() {
        leave_out(&mut fragment.node.selection_set.node, &unset);
    }
    document
}

fn leave_out(set: &mut SelectionSet, unset: &HashSet<&str>) {
    for selection in &mut set.items {
        match &mut selection.node {
            Selection::Field(field) => {
                let is_set =
                    |value: &Given| !matches!(value, Given::Variable(name) if unset.contains(name.as_str()));
                field.node.arguments.retain(|(_, value)| is_set(&value.node));
                leave_out(&mut field.node.selection_set.node, unset);
            }
            Selection::InlineFragment(inline) => leave_out(&mut inline.node.selection_set.node, unset),
            Selection::FragmentSpread(_) => {}
        }
    }
}

/// The scan of the request's JSON limits the recursion depth.
fn to_value(value: &JsonValue) -> Value {
    match value {
        JsonValue::Null => Value::Null,
        JsonValue::Bool(value) => Value::Boolean(*value),
        JsonValue::Number(value) => Value::Number(value.clone()),
        JsonValue::String(value) => Value::String(value.as_str().to_owned()),
        JsonValue::Array(items) => Value::List(items.iter().map(to_value).collect()),
        JsonValue::Object(fields) => {
            let fields: IndexMap<Name, Value> =
                fields.iter().map(|(name, value)| (Name::new(name.as_str()), to_value(value))).collect();
            Value::Object(fields)
        }
    }
}

/// Converts an introspection result to the executor's values.
pub(super) fn from_json(map: &JsonMap) -> IndexMap<Name, Value> {
    map.iter().map(|(name, value)| (Name::new(name.as_str()), to_value(value))).collect()
}
