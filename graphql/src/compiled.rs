//! Compiled JSON writers. A document is compiled once. The objects in the document are then written without the executor, from the values that
//! `#[object]` declares for their types. A document with an unsupported part (a field that queries the database, a directive, a fragment on an
//! interface) is not compiled. The executor serves a document that is not compiled; the results are the same, but take more memory and time.

use std::io::Write as _;

use apollo_compiler::executable::{ExecutableDocument, Field, Selection, SelectionSet};
use async_graphql::{ID, Result};
use chrono::{DateTime, NaiveDate, NaiveTime, Utc};

use super::fields::Declared;
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
pub trait Written: Declared + Sized + 'static {
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

/// The merged selection sets for one object.
pub struct Below<'a> {
    /// The document, for its fragments.
    pub document: &'a ExecutableDocument,
    /// The selection sets of all fields with one response key.
    pub sets: Vec<&'a SelectionSet>,
}

impl<'a> Below<'a> {
    /// The fields by response key, in order (GraphQL specification, section 6.3.2).
    pub fn fields(&self) -> Option<Vec<(&'a str, Vec<&'a Field>)>> {
        let mut fields = Vec::new();
        for set in &self.sets {
            self.collect(set, &set.ty, &mut fields)?;
        }
        Some(fields)
    }

    fn collect(
        &self,
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
                    let key = field.response_key().as_str();
                    match fields.iter_mut().find(|(known, _)| *known == key) {
                        Some((_, same)) => same.push(field),
                        None => fields.push((key, vec![field])),
                    }
                    continue;
                }
                Selection::InlineFragment(inline) => &inline.selection_set,
                Selection::FragmentSpread(spread) => {
                    let fragment = self.document.fragments.get(&spread.fragment_name)?;
                    if !fragment.directives.is_empty() {
                        return None;
                    }
                    &fragment.selection_set
                }
            };
            if inner.ty != ty {
                return None;
            }
            self.collect(inner, ty, fields)?;
        }
        Some(())
    }

    /// Compiles the selection sets for objects of type `T`.
    pub fn object<T: Written>(&self) -> Option<Object<T>> {
        let write = |(key, same): (&str, Vec<&'a Field>)| {
            let sets = same.iter().map(|field| &field.selection_set).collect();
            let name = same.first()?.name.as_str();
            let write = match name {
                "__typename" => Box::new(|_: &T, out: &mut Vec<u8>| json(T::DECLARATION.name, out)),
                name => T::field(name, &Below { document: self.document, sets })?,
            };
            Some((format!("\"{key}\":"), write))
        };
        self.fields()?.into_iter().map(write).collect::<Option<_>>().map(Object)
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
        out.push(b'[');
        for (at, value) in self.iter().enumerate() {
            if at > 0 {
                out.push(b',');
            }
            value.write(plan, out)?;
        }
        out.push(b']');
        Ok(())
    }
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
