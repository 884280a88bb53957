//! Selects the fields of objects, and compiles their selection sets.

use std::collections::HashMap;

use apollo_compiler::executable::{ExecutableDocument, Field, Selection, SelectionSet};
use async_graphql::parser::types as parsed;
use async_graphql::{Name, Positioned};

use super::values::json;
use super::{Object, Part, Parts, Path, Write, Written};

/// The fragments of a document, by name, as values of the executor's types.
pub type Fragments = HashMap<Name, Positioned<parsed::FragmentDefinition>>;

/// The merged selection sets for one object.
pub enum Below<'a> {
    /// The selection sets of a subscription whose events are written instead of resolved.
    OfEvents {
        /// The document, which contains the fragments of the selection sets.
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
    /// The path of the first of these fields in its selection set; empty for the fields of events.
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

    /// Compiles the fields that need no executor. `None` if all fields need the executor, or if none of them does.
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
