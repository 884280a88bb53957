//! Compiled JSON writers. A document is compiled once. The objects in the document are then written without the executor, from the values that
//! `#[object]` declares for their types. A selection set is not compiled if it has a directive, a fragment on an interface, or a field that queries
//! the database or has an argument. The executor resolves the parts that are not compiled; the results are the same, but take more memory and time
//! than a compiled part.
//!
//! The events of subscriptions and webhooks are written by a plan for the whole document ([`crate::live`]). In queries, the executor runs the fields
//! that query the database, and a plan writes the objects that these fields return, with everything below the objects ([`crate::planned`]).

mod selection;
mod values;

pub use selection::{Below, Fragments, fields};
pub use values::{null, write_list};

use std::ops::Range;

use async_graphql::parser::types as parsed;
use async_graphql::{OutputType, Positioned, Result};

/// Writes a value of type `T` as JSON.
pub type Write<T> = Box<dyn Fn(&T, &mut Vec<u8>) -> Result<()> + Send + Sync>;

/// The type of a field whose values can be written as JSON.
pub trait Output {
    /// The compiled selection, made once per document. An object's plan is the writer of the selected fields. A scalar's plan is empty.
    type Plan: Send + Sync + 'static;

    /// Compiles the selection set below the field; `None` if only the executor can resolve this selection set.
    fn compile(below: &Below<'_>) -> Option<Self::Plan>;

    /// Appends the value as JSON.
    ///
    /// # Errors
    /// Fails if the value is an error.
    fn write(&self, plan: &Self::Plan, out: &mut Vec<u8>) -> Result<()>;
}

/// An object type whose fields can be written as JSON.
pub trait Written: OutputType + Sized + 'static {
    /// The writer of the field with this name; `None` if only the executor can resolve it.
    fn field(name: &str, below: &Below<'_>) -> Option<Write<Self>>;
}

/// A compiled selection set: the JSON text before each value, and the value's writer.
pub struct Object<T>(Vec<(String, Write<T>)>);

impl<T: 'static> Object<T> {
    /// Appends the selected fields of `value`.
    ///
    /// # Errors
    /// Fails if a value is an error.
    pub fn write(&self, value: &T, out: &mut Vec<u8>) -> Result<()> {
        let mut before = b'{';
        for (key, write) in &self.0 {
            out.push(before);
            out.extend_from_slice(key.as_bytes());
            write(value, out)?;
            before = b',';
        }
        out.push(b'}');
        Ok(())
    }
}

/// A compiled selection set in which only some fields have a writer.
pub struct Parts<T>(Vec<Part<T>>);

/// A field of an object: the JSON text before the value, the place of the field in the selection set, and the value's writer. The executor resolves a
/// field without a writer.
struct Part<T> {
    key: String,
    path: Path,
    /// Whether the field is selected several times; `path` then leads to its first selection.
    is_merged: bool,
    write: Option<Write<T>>,
}

/// The index of a field in its selection set. If the field is in a fragment, the index of the fragment comes first.
type Path = Vec<usize>;

/// The text of an object in which the values of some fields are missing.
pub struct Begun<'a> {
    /// The text.
    pub text: Vec<u8>,
    /// The fields that the executor must resolve, and where their values belong in the text. In debug builds, the list also has the fields that are
    /// already written, with the places of their values in the text, except for fields that are selected several times.
    pub fields: Vec<(&'a Positioned<parsed::Field>, Range<usize>)>,
}

impl<T: 'static> Parts<T> {
    /// Begins the text of an object; `None` if a value is an error.
    pub fn begin<'a>(
        &self,
        value: &T,
        fragments: &'a Fragments,
        set: &'a parsed::SelectionSet,
    ) -> Option<Begun<'a>> {
        let (mut text, mut fields) = (Vec::with_capacity(256), Vec::with_capacity(self.0.len()));
        let mut before = b'{';
        for Part { key, path, is_merged, write } in &self.0 {
            text.push(before);
            text.extend_from_slice(key.as_bytes());
            let start = text.len();
            if let Some(write) = write {
                write(value, &mut text).ok()?;
            }
            // the executor would resolve a merged field at only one of its places, so its value cannot be compared
            if write.is_none() || (cfg!(debug_assertions) && !is_merged) {
                let field = at(fragments, set, path)?;
                // the resolvers of the type do not know this field
                if field.node.name.node != "__typename" {
                    fields.push((field, start..text.len()));
                }
            }
            before = b',';
        }
        text.push(b'}');
        Some(Begun { text, fields })
    }
}

/// The field at this path.
fn at<'a>(
    fragments: &'a Fragments,
    mut set: &'a parsed::SelectionSet,
    path: &[usize],
) -> Option<&'a Positioned<parsed::Field>> {
    for index in path {
        set = match &set.items.get(*index)?.node {
            parsed::Selection::Field(field) => return Some(field),
            parsed::Selection::InlineFragment(inline) => &inline.node.selection_set.node,
            parsed::Selection::FragmentSpread(spread) => {
                &fragments.get(&spread.node.fragment_name.node)?.node.selection_set.node
            }
        };
    }
    None
}

/// Implements [`Output`] for object types that implement [`Written`]. The type parameters are in brackets.
macro_rules! output {
    ([$($parameters:tt)*] $type:ty) => {
        impl<$($parameters)*> $crate::compiled::Output for $type {
            type Plan = $crate::compiled::Object<Self>;

            fn compile(below: &$crate::compiled::Below<'_>) -> Option<Self::Plan> {
                below.object()
            }

            fn write(&self, plan: &Self::Plan, out: &mut Vec<u8>) -> async_graphql::Result<()> {
                plan.write(self, out)
            }
        }
    };
}
pub(crate) use output;

/// Implements [`Output`] for GraphQL enums.
macro_rules! enums {
    ($($type:ty),+ $(,)?) => {
        $(impl $crate::compiled::Output for $type {
            type Plan = ();

            fn compile(_: &$crate::compiled::Below<'_>) -> Option<()> {
                Some(())
            }

            fn write(&self, (): &(), out: &mut Vec<u8>) -> async_graphql::Result<()> {
                let items = <Self as async_graphql::resolver_utils::EnumType>::items();
                let name = items.iter().find(|item| item.value == *self).map_or("", |item| item.name);
                $crate::compiled::Output::write(name, &(), out)
            }
        })+
    };
}
pub(crate) use enums;
