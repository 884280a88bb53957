//! Compiled JSON writers. A document is compiled once. The objects in the document are then written without the executor, from the values that
//! `#[object]` declares for their types. A selection set is not compiled if it has a directive, a fragment on an interface, or a field that queries
//! the database or has an argument. The executor resolves the parts that are not compiled; the results are the same, but take more memory and time.
//!
//! The events of subscriptions and webhooks are written by a plan for the whole document ([`crate::live`]). In queries, the executor runs the fields
//! that query the database, and a plan writes the objects that these fields return, with everything below the objects ([`crate::planned`]).

use std::collections::HashMap;
use std::io::Write as _;

use apollo_compiler::executable::{ExecutableDocument, Field, Selection, SelectionSet};
use async_graphql::parser::types as parsed;
use async_graphql::{ID, Name, OutputType, Positioned, Result};
use chrono::{DateTime, NaiveDate, NaiveTime, Utc};

use super::payload::top_level;
use super::scalars::{CurrencyCode, Decimal};
use base::error::Error;

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

/// The fragments of a document, by name, as values of the executor's types.
pub type Fragments = HashMap<Name, Positioned<parsed::FragmentDefinition>>;

/// The merged selection sets for one object.
pub enum Below<'a> {
    /// The selection sets of a subscription whose events are written instead of resolved.
    OfEvents {
        /// The document, for its fragments.
        document: &'a ExecutableDocument,
        /// The selection sets of all fields with one response key.
        sets: Vec<&'a SelectionSet>,
    },
    /// The selection sets of a field that the executor has resolved. No selection depends on a variable.
    Resolved {
        /// The document's fragments.
        fragments: &'a Fragments,
        /// The selection sets of all fields with one response key.
        sets: Vec<&'a parsed::SelectionSet>,
    },
}

/// The fields with one response key.
struct Selected<'a> {
    key: &'a str,
    name: &'a str,
    below: Below<'a>,
}

/// The fields of type `ty` by response key, in order (GraphQL specification, section 6.3.2). `None` if a selection has a directive, or is a
/// fragment on another type.
pub fn fields<'a>(
    document: &'a ExecutableDocument,
    sets: &[&'a SelectionSet],
    ty: &str,
) -> Option<Vec<(&'a str, Vec<&'a Field>)>> {
    let mut fields = Vec::new();
    for set in sets {
        collect(document, set, ty, &mut fields)?;
    }
    Some(fields)
}

fn collect<'a>(
    document: &'a ExecutableDocument,
    set: &'a SelectionSet,
    ty: &str,
    fields: &mut Vec<(&'a str, Vec<&'a Field>)>,
) -> Option<()> {
    for selection in &set.selections {
        if !selection.directives().is_empty() {
            return None;
        }
        let inner = match selection {
            Selection::Field(field) => {
                add(field.response_key().as_str(), &**field, fields);
                continue;
            }
            Selection::InlineFragment(inline) => &inline.selection_set,
            Selection::FragmentSpread(spread) => {
                let fragment = document.fragments.get(&spread.fragment_name)?;
                if !fragment.directives.is_empty() {
                    return None;
                }
                &fragment.selection_set
            }
        };
        if inner.ty != ty {
            return None;
        }
        collect(document, inner, ty, fields)?;
    }
    Some(())
}

/// Like [`collect`], for the executor's types.
fn collect_parsed<'a>(
    fragments: &'a Fragments,
    set: &'a parsed::SelectionSet,
    ty: &str,
    fields: &mut Vec<(&'a str, Vec<&'a parsed::Field>)>,
) -> Option<()> {
    for selection in &set.items {
        if !selection.node.directives().is_empty() {
            return None;
        }
        let (condition, inner) = match &selection.node {
            parsed::Selection::Field(field) => {
                add(&field.node.response_key().node, &field.node, fields);
                continue;
            }
            parsed::Selection::InlineFragment(inline) => {
                (inline.node.type_condition.as_ref(), &inline.node.selection_set)
            }
            parsed::Selection::FragmentSpread(spread) => {
                let fragment = &fragments.get(&spread.node.fragment_name.node)?.node;
                (Some(&fragment.type_condition), &fragment.selection_set)
            }
        };
        if condition.is_some_and(|condition| condition.node.on.node.as_str() != ty) {
            return None;
        }
        collect_parsed(fragments, &inner.node, ty, fields)?;
    }
    Some(())
}

fn add<'a, F>(key: &'a str, field: &'a F, fields: &mut Vec<(&'a str, Vec<&'a F>)>) {
    match fields.iter_mut().find(|(known, _)| *known == key) {
        Some((_, same)) => same.push(field),
        None => fields.push((key, vec![field])),
    }
}

impl<'a> Below<'a> {
    /// The selection sets below these fields, which have the same response key.
    pub fn events(document: &'a ExecutableDocument, same: &[&'a Field]) -> Self {
        Self::OfEvents { document, sets: same.iter().map(|field| &field.selection_set).collect() }
    }

    /// Whether the selection sets are those of a subscription's events.
    pub fn is_of_events(&self) -> bool {
        matches!(self, Self::OfEvents { .. })
    }

    fn selected(&self, ty: &str) -> Option<Vec<Selected<'a>>> {
        match self {
            Self::OfEvents { document, sets } => {
                let document = *document;
                let select = |(key, same): (&'a str, Vec<&'a Field>)| {
                    let name = same.first()?.name.as_str();
                    Some(Selected { key, name, below: Below::events(document, &same) })
                };
                fields(document, sets, ty)?.into_iter().map(select).collect()
            }
            Self::Resolved { fragments, sets } => {
                let (fragments, mut fields) = (*fragments, Vec::new());
                for set in sets {
                    collect_parsed(fragments, set, ty, &mut fields)?;
                }
                let select = |(key, same): (&'a str, Vec<&'a parsed::Field>)| {
                    let name = same.first()?.name.node.as_str();
                    let sets = same.iter().map(|field| &field.selection_set.node).collect();
                    Some(Selected { key, name, below: Below::Resolved { fragments, sets } })
                };
                fields.into_iter().map(select).collect()
            }
        }
    }

    /// Compiles the selection sets for objects of type `T`.
    pub fn object<T: Written>(&self) -> Option<Object<T>> {
        let write = |Selected { key, name, below }: Selected<'_>| {
            let write: Write<T> = match name {
                "__typename" => Box::new(|_: &T, out: &mut Vec<u8>| json(T::type_name(), out)),
                name => T::field(name, &below)?,
            };
            Some((format!("\"{key}\":"), write))
        };
        self.selected(&T::type_name())?.into_iter().map(write).collect::<Option<_>>().map(Object)
    }
}

/// Appends null.
///
/// # Errors
/// This function never fails, but has the signature of a writer.
pub fn null(out: &mut Vec<u8>) -> Result<()> {
    out.extend_from_slice(b"null");
    Ok(())
}

fn json(value: impl serde::Serialize, out: &mut Vec<u8>) -> Result<()> {
    serde_json::to_writer(out, &value).map_err(|error| top_level(Error::fault(error)))
}

/// Implements [`Output`] for scalars. The expression after `=>` converts a scalar to a value that serde writes as the executor would.
macro_rules! scalars {
    ($($type:ty: $value:ident => $json:expr;)+) => {
        $(impl Output for $type {
            type Plan = ();

            fn compile(_: &Below<'_>) -> Option<()> {
                Some(())
            }

            fn write(&self, (): &(), out: &mut Vec<u8>) -> Result<()> {
                let $value = self;
                json($json, out)
            }
        })+
    };
}

scalars! {
    bool: value => value;
    i32: value => value;
    u32: value => value;
    i64: value => value;
    u64: value => value;
    str: value => value;
    String: value => value;
    ID: value => value.as_str();
    CurrencyCode: value => &value.0;
    DateTime<Utc>: value => value.to_rfc3339();
    NaiveDate: value => value.to_string();
    NaiveTime: value => value.format("%H:%M:%S%.f").to_string();
}

impl Output for Decimal {
    type Plan = ();

    fn compile(_: &Below<'_>) -> Option<()> {
        Some(())
    }

    fn write(&self, (): &(), out: &mut Vec<u8>) -> Result<()> {
        Ok(write!(out, "\"{}\"", self.0)?)
    }
}

impl<T: Output + ?Sized> Output for &T {
    type Plan = T::Plan;

    fn compile(below: &Below<'_>) -> Option<Self::Plan> {
        T::compile(below)
    }

    fn write(&self, plan: &Self::Plan, out: &mut Vec<u8>) -> Result<()> {
        (**self).write(plan, out)
    }
}

impl<T: Output> Output for Option<T> {
    type Plan = T::Plan;

    fn compile(below: &Below<'_>) -> Option<Self::Plan> {
        T::compile(below)
    }

    fn write(&self, plan: &Self::Plan, out: &mut Vec<u8>) -> Result<()> {
        match self {
            Some(value) => value.write(plan, out),
            None => null(out),
        }
    }
}

impl<T: Output> Output for Result<T> {
    type Plan = T::Plan;

    fn compile(below: &Below<'_>) -> Option<Self::Plan> {
        T::compile(below)
    }

    fn write(&self, plan: &Self::Plan, out: &mut Vec<u8>) -> Result<()> {
        self.as_ref().map_err(Clone::clone)?.write(plan, out)
    }
}

impl<T: Output> Output for [T] {
    type Plan = T::Plan;

    fn compile(below: &Below<'_>) -> Option<Self::Plan> {
        T::compile(below)
    }

    fn write(&self, plan: &Self::Plan, out: &mut Vec<u8>) -> Result<()> {
        write_list(self.iter(), plan, out)
    }
}

/// Appends a list.
///
/// # Errors
/// Fails if a value is an error.
pub fn write_list<'a, T: Output + 'a>(
    values: impl Iterator<Item = &'a T>,
    plan: &T::Plan,
    out: &mut Vec<u8>,
) -> Result<()> {
    out.push(b'[');
    for (at, value) in values.enumerate() {
        if at > 0 {
            out.push(b',');
        }
        value.write(plan, out)?;
    }
    out.push(b']');
    Ok(())
}

impl<T: Output> Output for Vec<T> {
    type Plan = T::Plan;

    fn compile(below: &Below<'_>) -> Option<Self::Plan> {
        T::compile(below)
    }

    fn write(&self, plan: &Self::Plan, out: &mut Vec<u8>) -> Result<()> {
        self.as_slice().write(plan, out)
    }
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
