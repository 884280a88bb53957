//! Stage 7: checks every text of a request for forbidden characters, including texts in arguments, variables and nested input objects. Databases
//! differ in the characters they store (PostgreSQL refuses NUL, SQLite does not), and screens and printers misbehave on control characters. A field
//! that is added later is checked automatically. Texts of scalars such as times are checked here too, because the executor's errors do not name the field.

use std::collections::HashSet;

use super::Notes;
use crate::error::RequestError;
use apollo_compiler::{
    ExecutableDocument, Name, Schema,
    ast::Value,
    executable::{Field, Operation, Selection, SelectionSet},
    response::{JsonMap, JsonValue},
    schema::{ExtendedType, InputObjectType},
};

/// The shape of a text that is not a single line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// The text may have several lines.
    Lines,
    /// The text is a file. The code that reads the file checks its characters.
    File,
}

/// Input fields whose text is not a single line, as `Type.field`.
pub type Texts = &'static [(&'static str, Shape)];

/// The name of the only argument of mutations. Paths in errors omit this name, as the paths in `userErrors` do.
const INPUT: &str = "input";

/// Checks every text of an operation.
///
/// # Errors
/// Fails with `INVALID_INPUT`; the error has the path of the first text that has forbidden characters, or that is not a value of its scalar.
pub fn check(
    schema: &Schema,
    document: &ExecutableDocument,
    operation: &Operation,
    values: &JsonMap,
    notes: &Notes,
) -> Result<(), RequestError> {
    let mut walk = Walk { schema, document, values, notes, spread: HashSet::new(), path: Vec::new() };
    walk.selections(&operation.selection_set)
}

struct Walk<'a> {
    schema: &'a Schema,
    document: &'a ExecutableDocument,
    values: &'a JsonMap,
    notes: &'a Notes,
    /// Fragments that were already checked.
    spread: HashSet<&'a Name>,
    path: Vec<String>,
}

impl<'a> Walk<'a> {
    /// Checks these selections and those below them. Recursion is safe because stage 3 limits the depth.
    fn selections(&mut self, set: &'a SelectionSet) -> Result<(), RequestError> {
        for selection in &set.selections {
            match selection {
                Selection::Field(field) => {
                    self.arguments(field)?;
                    self.selections(&field.selection_set)?;
                }
                Selection::InlineFragment(inline) => self.selections(&inline.selection_set)?,
                Selection::FragmentSpread(spread) => {
                    let fragment = self.document.fragments.get(&spread.fragment_name);
                    if let Some(fragment) = fragment.filter(|_| self.spread.insert(&spread.fragment_name)) {
                        self.selections(&fragment.selection_set)?;
                    }
                }
            }
        }
        Ok(())
    }

    fn arguments(&mut self, field: &'a Field) -> Result<(), RequestError> {
        for argument in &field.arguments {
            let Some(of) = field.definition.argument_by_name(&argument.name) else { continue };
            let ty = of.ty.inner_named_type();
            if argument.name == INPUT {
                self.literal(&argument.value, ty, None)?;
            } else {
                self.at(argument.name.as_str(), |walk| walk.literal(&argument.value, ty, None))?;
            }
        }
        Ok(())
    }

    fn at(
        &mut self,
        part: impl ToString,
        look: impl FnOnce(&mut Self) -> Result<(), RequestError>,
    ) -> Result<(), RequestError> {
        self.path.push(part.to_string());
        look(self)?;
        self.path.pop();
        Ok(())
    }

    fn literal(&mut self, value: &'a Value, ty: &Name, shape: Option<Shape>) -> Result<(), RequestError> {
        match value {
            Value::Variable(name) => match self.values.get(name.as_str()) {
                Some(value) => self.value(value, ty, shape),
                None => Ok(()),
            },
            Value::String(text) => self.text(text, ty, shape),
            Value::List(items) => {
                let mut items = items.iter().enumerate();
                items.try_for_each(|(at, item)| self.at(at, |walk| walk.literal(item, ty, shape)))
            }
            Value::Object(fields) => {
                let Some(input) = self.input(ty) else { return Ok(()) };
                let mut fields = fields.iter();
                fields.try_for_each(|(name, value)| {
                    let Some((ty, shape)) = self.field(input, name.as_str()) else { return Ok(()) };
                    self.at(name, |walk| walk.literal(value, ty, shape))
                })
            }
            _ => Ok(()),
        }
    }

    fn value(&mut self, value: &'a JsonValue, ty: &Name, shape: Option<Shape>) -> Result<(), RequestError> {
        match value {
            JsonValue::String(text) => self.text(text.as_str(), ty, shape),
            JsonValue::Array(items) => {
                let mut items = items.iter().enumerate();
                items.try_for_each(|(at, item)| self.at(at, |walk| walk.value(item, ty, shape)))
            }
            JsonValue::Object(fields) => {
                let Some(input) = self.input(ty) else { return Ok(()) };
                let mut fields = fields.iter();
                fields.try_for_each(|(name, value)| {
                    let Some((ty, shape)) = self.field(input, name.as_str()) else { return Ok(()) };
                    self.at(name.as_str(), |walk| walk.value(value, ty, shape))
                })
            }
            _ => Ok(()),
        }
    }

    fn input(&self, ty: &Name) -> Option<&'a InputObjectType> {
        match self.schema.types.get(ty)? {
            ExtendedType::InputObject(input) => Some(input),
            _ => None,
        }
    }

    fn field(&self, input: &'a InputObjectType, name: &str) -> Option<(&'a Name, Option<Shape>)> {
        let field = input.fields.get(name)?;
        let is_this = |key: &str| key.split_once('.') == Some((input.name.as_str(), name));
        let shape = self.notes.texts.iter().find(|(key, _)| is_this(key)).map(|(_, shape)| *shape);
        Some((field.ty.inner_named_type(), shape))
    }

    /// Checks the characters of values of type `String` only, because the grammars of other scalars allow no forbidden characters.
    fn text(&self, text: &str, ty: &Name, shape: Option<Shape>) -> Result<(), RequestError> {
        if let Some(why) = (self.notes.scalar)(ty.as_str(), text) {
            return Err(self.refused(&why));
        }
        let (good, what) = match shape {
            None => ((self.notes.is_line)(text), "one line"),
            Some(Shape::Lines) => ((self.notes.is_lines)(text), "lines that end in a line feed"),
            Some(Shape::File) => (true, ""),
        };
        if good || ty != "String" {
            return Ok(());
        }
        let why = format!(
            "Remove control characters and characters that override the direction of text. The value must be {what}."
        );
        Err(self.refused(&why))
    }

    /// The error about the current text.
    fn refused(&self, why: &str) -> RequestError {
        let message = format!("{}: {why}", self.path.join("."));
        RequestError::document("INVALID_INPUT", message).about(self.path.clone())
    }
}
