//! Compiled JSON writers. A document is compiled once. The objects in the document are then written without the executor, from the values that
//! `#[object]` declares for their types. A selection set is not compiled if it has a directive, a fragment on an interface, or a field that queries
//! the database or has an argument. The executor resolves the parts that are not compiled; the results are the same, but take more memory and time.
//!
//! The events of subscriptions and webhooks are written by a plan for the whole document ([`crate::live`]). In queries, the executor runs the fields
//! that query the database, and a plan writes the objects that these fields return, with everything below the objects ([`crate::planned`]).

use std::collections::HashMap;
use std::io::Write as _;
use std::ops::Range;

use apollo_compiler::executable::{ExecutableDocument, Field, Selection, SelectionSet};
use async_graphql::parser::types as parsed;
use async_graphql::{ID, Name, OutputType, Positioned, Result};
use chrono::{DateTime, Datelike as _, NaiveDate, NaiveTime, Timelike as _, Utc};

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

/// A compiled selection set in which only some fields have a writer.
pub struct Parts<T>(Vec<Part<T>>);

/// A field of an object: the JSON text before the value, the place of the field in the selection set, and the value's writer. The executor resolves a
/// field without a writer.
struct Part<T> {
    key: String,
    path: Path,
    /// Whether the field is selected several times. `path` is its first place.
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
            // the executor's value of a merged field is the value of one of its places
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
    /// Where the first of the fields is; empty for the fields of events.
    path: Path,
    /// Whether there is more than one field.
    is_merged: bool,
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
    (set, path): (&'a parsed::SelectionSet, &mut Path),
    ty: &str,
    fields: &mut Vec<(&'a str, Vec<(&'a parsed::Field, Path)>)>,
) -> Option<()> {
    for (index, selection) in set.items.iter().enumerate() {
        if !selection.node.directives().is_empty() {
            return None;
        }
        let (condition, inner) = match &selection.node {
            parsed::Selection::Field(field) => {
                let place = path.iter().copied().chain([index]).collect();
                add(&field.node.response_key().node, (&field.node, place), fields);
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
        path.push(index);
        collect_parsed(fragments, (&inner.node, path), ty, fields)?;
        path.pop();
    }
    Some(())
}

fn add<'a, F>(key: &'a str, field: F, fields: &mut Vec<(&'a str, Vec<F>)>) {
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
                    let (is_merged, below) = (same.len() > 1, Below::events(document, &same));
                    Some(Selected { key, name, path: Path::new(), is_merged, below })
                };
                fields(document, sets, ty)?.into_iter().map(select).collect()
            }
            Self::Resolved { fragments, sets } => {
                let (fragments, mut fields) = (*fragments, Vec::new());
                for set in sets {
                    collect_parsed(fragments, (set, &mut Path::new()), ty, &mut fields)?;
                }
                let select = |(key, same): (&'a str, Vec<(&'a parsed::Field, Path)>)| {
                    let (first, path) = same.first()?.clone();
                    let sets = same.iter().map(|(field, _)| &field.selection_set.node).collect();
                    let below = Below::Resolved { fragments, sets };
                    Some(Selected { key, name: &first.name.node, path, is_merged: same.len() > 1, below })
                };
                fields.into_iter().map(select).collect()
            }
        }
    }

    /// Compiles the selection sets for objects of type `T`.
    pub fn object<T: Written>(&self) -> Option<Object<T>> {
        let write = |Selected { key, name, below, .. }: Selected<'_>| {
            Some((format!("\"{key}\":"), writer::<T>(name, &below)?))
        };
        self.selected(&T::type_name())?.into_iter().map(write).collect::<Option<_>>().map(Object)
    }

    /// Compiles the fields that need no executor. `None` unless there are both such fields and others.
    pub fn parts<T: Written>(&self) -> Option<Parts<T>> {
        let part = |Selected { key, name, path, is_merged, below }: Selected<'_>| {
            let write = writer::<T>(name, &below);
            // the executor would merge the values
            (write.is_some() || !is_merged).then(|| Part {
                key: format!("\"{key}\":"),
                path,
                is_merged,
                write,
            })
        };
        let parts: Vec<Part<T>> =
            self.selected(&T::type_name())?.into_iter().map(part).collect::<Option<_>>()?;
        let is_mixed = [true, false].map(|is| parts.iter().any(|part| part.write.is_some() == is));
        (is_mixed == [true, true]).then_some(Parts(parts))
    }
}

fn writer<T: Written>(name: &str, below: &Below<'_>) -> Option<Write<T>> {
    match name {
        "__typename" => Some(Box::new(|_: &T, out: &mut Vec<u8>| json(T::type_name(), out))),
        name => T::field(name, below),
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
    NaiveDate: value => value.to_string();
    NaiveTime: value => value.format("%H:%M:%S%.f").to_string();
}

impl Output for DateTime<Utc> {
    type Plan = ();

    fn compile(_: &Below<'_>) -> Option<()> {
        Some(())
    }

    fn write(&self, (): &(), out: &mut Vec<u8>) -> Result<()> {
        time(self, out).map_or_else(|| json(self.to_rfc3339(), out), Ok)
    }
}

/// Appends a time as [`DateTime::to_rfc3339`] formats it, in less time. Appends nothing and returns `None` if the time is a leap second, or if its year
/// has more or less than four digits.
fn time(at: &DateTime<Utc>, out: &mut Vec<u8>) -> Option<()> {
    let (date, time) = (at.date_naive(), at.time());
    let year = u32::try_from(date.year()).ok().filter(|year| (1_000..10_000).contains(year))?;
    let nanos = Some(time.nanosecond()).filter(|nanos| *nanos < 1_000_000_000)?;
    let mut put = |value: u32, width: usize, after: &str| {
        let mut digits = [b'0'; 9];
        let mut rest = value;
        for digit in digits[..width].iter_mut().rev() {
            *digit = b"0123456789"[usize::try_from(rest % 10).unwrap_or_default()];
            rest /= 10;
        }
        out.extend_from_slice(&digits[..width]);
        out.extend_from_slice(after.as_bytes());
    };
    put(0, 0, "\"");
    put(year, 4, "-");
    put(date.month(), 2, "-");
    put(date.day(), 2, "T");
    put(time.hour(), 2, ":");
    put(time.minute(), 2, ":");
    put(time.second(), 2, if nanos == 0 { "" } else { "." });
    match nanos {
        0 => {}
        millis if millis.is_multiple_of(1_000_000) => put(millis / 1_000_000, 3, ""),
        micros if micros.is_multiple_of(1_000) => put(micros / 1_000, 6, ""),
        nanos => put(nanos, 9, ""),
    }
    put(0, 0, "+00:00\"");
    Some(())
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_like_the_executors() {
        for text in [
            "2026-11-30T07:08:09Z",
            "2026-11-30T23:59:59.5Z",
            "2026-01-02T00:00:00.000001Z",
            "2026-01-02T00:00:00.120000Z",
            "1970-01-01T00:00:00.123456789Z",
            "9999-12-31T23:59:59.999Z",
            "1000-01-01T00:00:00.01Z",
            // another writer
            "0999-12-31T00:00:00.1Z",
            "2016-12-31T23:59:60.25Z",
            "+12026-01-01T00:00:00Z",
        ] {
            let at: DateTime<Utc> = text.parse().expect("a time");
            let mut out = Vec::new();
            at.write(&(), &mut out).expect("written");
            assert_eq!(String::from_utf8(out).expect("text"), format!("\"{}\"", at.to_rfc3339()));
        }
    }
}
