//! Stage 8: the variables against the types the operation declares for them, in the caller's role schema.

use apollo_compiler::{
    ExecutableDocument, Schema,
    executable::Operation,
    request::coerce_variable_values,
    response::{JsonMap, JsonValue},
    validation::Valid,
};
use async_graphql::{Name, Value, Variables, indexmap::IndexMap};

use crate::http::error::RequestError;

/// Coerces the values (October 2021, section 6.1.2): defaults filled in, unknown ones dropped.
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

/// The same values as the executor takes them.
pub fn for_executor(values: &JsonMap) -> Variables {
    let mut variables = Variables::default();
    for (name, value) in values.iter() {
        variables.insert(Name::new(name.as_str()), to_value(value));
    }
    variables
}

/// Depth is bounded by the scan of the request's JSON.
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

/// The reverse, for answers of introspection.
pub(super) fn from_json(map: &JsonMap) -> IndexMap<Name, Value> {
    map.iter().map(|(name, value)| (Name::new(name.as_str()), to_value(value))).collect()
}
