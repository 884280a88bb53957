//! Writes responses in which some values are already JSON text. The executor sees such JSON text as a binary value, because no scalar of a schema has
//! binary values.

use std::io;

use serde::Serialize;
use serde_json::{Serializer, ser::Formatter};

/// Writes JSON without spaces, and copies values that are already JSON text.
struct Spliced;

impl Formatter for Spliced {
    fn write_byte_array<W: ?Sized + io::Write>(&mut self, writer: &mut W, json: &[u8]) -> io::Result<()> {
        writer.write_all(json)
    }
}

/// Writes a value of the executor, or a response with such values, as JSON.
///
/// # Errors
/// Returns the errors of the writer and of the values.
pub fn to_writer(writer: impl io::Write, value: &impl Serialize) -> serde_json::Result<()> {
    value.serialize(&mut Serializer::with_formatter(writer, Spliced))
}

#[cfg(test)]
mod tests {
    use async_graphql::{Response, Value, indexmap::IndexMap};

    use super::*;

    #[test]
    fn binary_values_are_json_texts() {
        let written = Value::Binary(r#"{"a":["é",null,1.5]}"#.into());
        let list = Value::List(vec![Value::from(1), written.clone(), Value::String("\"".to_owned())]);
        let fields = [("list", list), ("object", written), ("none", Value::Null)];
        let data: IndexMap<_, _> =
            fields.into_iter().map(|(name, value)| (async_graphql::Name::new(name), value)).collect();
        let mut out = Vec::new();
        to_writer(&mut out, &Response::new(Value::Object(data))).expect("written");
        let expected =
            r#"{"data":{"list":[1,{"a":["é",null,1.5]},"\""],"object":{"a":["é",null,1.5]},"none":null}}"#;
        assert_eq!(String::from_utf8(out).expect("text"), expected);
    }
}
