//! Role schemas. For each role, introspection and validation treat the members that the role has no permission to use as nonexistent.

use std::collections::{BTreeSet, HashMap, HashSet};

use apollo_compiler::{
    Name, Schema,
    ast::FieldDefinition,
    schema::{Component, ComponentName, ExtendedType, InputValueDefinition},
    validation::Valid,
};

/// A set of roles, with one bit for each role. A program may also use bits for other properties of a caller, such as the scopes of a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct RoleSet(u64);

impl RoleSet {
    /// No role.
    pub const NONE: Self = Self(0);
    /// Every role.
    pub const ALL: Self = Self(u64::MAX);

    /// The set of the single role with this number (0 to 63).
    pub const fn role(number: u32) -> Self {
        Self(1 << number)
    }

    /// The union of this set and the other set.
    #[must_use]
    pub const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// The roles that are in this set but not in the other set.
    #[must_use]
    pub const fn except(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// Whether the sets have a role in common.
    pub const fn intersects(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }
}

impl std::ops::BitOr for RoleSet {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        self.or(other)
    }
}

/// Visibility table. A key of the table is `Type`, `Type.member` (a field, input field or enum value) or `Type.field.argument`. A member without an
/// entry is visible to every role that can reach the member. A member with several entries is visible only to callers who match every entry.
pub type Visibility<'a> = &'a [(&'a str, RoleSet)];

/// The reason that the roles' schemas could not be derived.
#[derive(Debug, thiserror::Error)]
pub enum RoleSchemaError {
    /// The full schema is not valid GraphQL.
    #[error("the schema is not valid: {0}")]
    Schema(String),
    /// An entry names a type, member or argument that the schema does not have.
    #[error("the visibility table names {0}, which the schema does not have")]
    UnknownEntry(String),
    /// The part of the schema that a role sees is not a valid schema. For example, an object lacks a field of its interface.
    #[error("the schema of role {role} is not valid: {reason}")]
    Role {
        /// The role's key.
        role: String,
        /// The validation error.
        reason: String,
    },
}

/// Reduces the full schema (`sdl`) to the part that `role` sees. Removes hidden members first, then members of removed types, then types without
/// members, and finally types that no root reaches.
pub fn prune(
    sdl: &str,
    role_key: &str,
    role: RoleSet,
    visibility: Visibility<'_>,
) -> Result<Valid<Schema>, RoleSchemaError> {
    let full = parse(sdl, visibility)?;
    prune_parsed(full, role_key, role, visibility.iter().copied())
}

/// Parses the full schema, and checks that the schema has each member that the table names.
pub(crate) fn parse(sdl: &str, visibility: Visibility<'_>) -> Result<Schema, RoleSchemaError> {
    let full = Schema::parse_and_validate(sdl, "schema.graphql")
        .map_err(|error| RoleSchemaError::Schema(error.errors.to_string()))?
        .into_inner();
    check_entries(&full, visibility)?;
    Ok(full)
}

/// Like [`prune`], but for a schema and a table that [`parse`] returned.
pub(crate) fn prune_parsed<'a>(
    full: Schema,
    role_key: &str,
    role: RoleSet,
    visibility: impl Iterator<Item = (&'a str, RoleSet)>,
) -> Result<Valid<Schema>, RoleSchemaError> {
    let hidden: HashSet<&str> =
        visibility.filter(|(_, roles)| !roles.intersects(role)).map(|(key, _)| key).collect();
    let mut schema = full;
    schema.types.retain(|name, _| !hidden.contains(name.as_str()));
    hide_members(&mut schema, &hidden);
    while remove_dangling(&mut schema) {}
    let reachable = reachable(&schema);
    schema.types.retain(|name, found| reachable.contains(name) || found.is_built_in());
    schema.validate().map_err(|error| RoleSchemaError::Role {
        role: role_key.to_owned(),
        reason: error.errors.to_string(),
    })
}

fn check_entries(schema: &Schema, visibility: Visibility<'_>) -> Result<(), RoleSchemaError> {
    for (key, _) in visibility {
        if !exists(schema, key) {
            return Err(RoleSchemaError::UnknownEntry((*key).to_owned()));
        }
    }
    Ok(())
}

fn exists(schema: &Schema, key: &str) -> bool {
    let mut parts = key.split('.');
    let Some(found) = parts.next().and_then(|name| schema.types.get(name)) else { return false };
    let Some(member) = parts.next() else { return true };
    let argument = parts.next();
    let field = match found {
        ExtendedType::Object(object) => object.fields.get(member),
        ExtendedType::Interface(interface) => interface.fields.get(member),
        ExtendedType::InputObject(input) => return argument.is_none() && input.fields.contains_key(member),
        ExtendedType::Enum(values) => return argument.is_none() && values.values.contains_key(member),
        ExtendedType::Scalar(_) | ExtendedType::Union(_) => None,
    };
    field.is_some_and(|field| argument.is_none_or(|argument| field.argument_by_name(argument).is_some()))
}

fn hide_members(schema: &mut Schema, hidden: &HashSet<&str>) {
    let is_hidden = |key: &str| hidden.contains(key);
    for (name, found) in &mut schema.types {
        match found {
            ExtendedType::Object(object) => hide_fields(name, &mut object.make_mut().fields, &is_hidden),
            ExtendedType::Interface(interface) => {
                hide_fields(name, &mut interface.make_mut().fields, &is_hidden);
            }
            ExtendedType::InputObject(input) => {
                input.make_mut().fields.retain(|field, _| !is_hidden(&format!("{name}.{field}")));
            }
            ExtendedType::Enum(values) => {
                values.make_mut().values.retain(|value, _| !is_hidden(&format!("{name}.{value}")));
            }
            ExtendedType::Scalar(_) | ExtendedType::Union(_) => {}
        }
    }
}

type Fields = apollo_compiler::collections::IndexMap<Name, Component<FieldDefinition>>;

fn hide_fields(name: &Name, fields: &mut Fields, is_hidden: &dyn Fn(&str) -> bool) {
    fields.retain(|field, _| !is_hidden(&format!("{name}.{field}")));
    for (field, definition) in fields {
        if definition.arguments.iter().any(|argument| is_hidden(&format!("{name}.{field}.{}", argument.name)))
        {
            definition
                .make_mut()
                .arguments
                .retain(|argument| !is_hidden(&format!("{name}.{field}.{}", argument.name)));
        }
    }
}

/// Removes members of removed types, and types without members. Returns whether anything was removed.
fn remove_dangling(schema: &mut Schema) -> bool {
    let known: HashSet<Name> = schema.types.keys().cloned().collect();
    let gone = |name: &Name| !known.contains(name) && !is_built_in_scalar(name);
    let mut changed = false;
    for (_, found) in &mut schema.types {
        if found.is_built_in() {
            continue;
        }
        match found {
            ExtendedType::Object(object) => {
                let object = object.make_mut();
                changed |= retain_interfaces(&mut object.implements_interfaces, &gone);
                changed |= retain_fields(&mut object.fields, &gone);
            }
            ExtendedType::Interface(interface) => {
                let interface = interface.make_mut();
                changed |= retain_interfaces(&mut interface.implements_interfaces, &gone);
                changed |= retain_fields(&mut interface.fields, &gone);
            }
            ExtendedType::Union(union) => {
                changed |= retain_interfaces(&mut union.make_mut().members, &gone);
            }
            ExtendedType::InputObject(input) => {
                let fields = &mut input.make_mut().fields;
                let before = fields.len();
                fields.retain(|_, field| !gone(field.ty.inner_named_type()));
                changed |= fields.len() != before;
            }
            ExtendedType::Enum(_) | ExtendedType::Scalar(_) => {}
        }
    }
    let before = schema.types.len();
    schema.types.retain(|_, found| !is_empty(found));
    changed |= schema.types.len() != before;
    drop_missing_roots(schema);
    changed
}

fn retain_interfaces(
    names: &mut apollo_compiler::collections::IndexSet<ComponentName>,
    gone: &dyn Fn(&Name) -> bool,
) -> bool {
    let before = names.len();
    names.retain(|name| !gone(name));
    names.len() != before
}

fn retain_fields(fields: &mut Fields, gone: &dyn Fn(&Name) -> bool) -> bool {
    let before = fields.len();
    // a field whose required argument was removed cannot be used, so the field is removed too
    fields.retain(|_, field| {
        !gone(field.ty.inner_named_type())
            && !field
                .arguments
                .iter()
                .any(|argument| argument.is_required() && gone(argument.ty.inner_named_type()))
    });
    let mut changed = fields.len() != before;
    for (_, field) in fields {
        let lost = |argument: &InputValueDefinition| gone(argument.ty.inner_named_type());
        if field.arguments.iter().any(|argument| lost(argument)) {
            field.make_mut().arguments.retain(|argument| !lost(argument));
            changed = true;
        }
    }
    changed
}

fn is_built_in_scalar(name: &str) -> bool {
    matches!(name, "Int" | "Float" | "String" | "Boolean" | "ID")
}

fn is_empty(found: &ExtendedType) -> bool {
    match found {
        ExtendedType::Object(object) => object.fields.is_empty(),
        ExtendedType::Interface(interface) => interface.fields.is_empty(),
        ExtendedType::Union(union) => union.members.is_empty(),
        ExtendedType::Enum(values) => values.values.is_empty(),
        ExtendedType::InputObject(input) => input.fields.is_empty(),
        ExtendedType::Scalar(_) => false,
    }
}

fn drop_missing_roots(schema: &mut Schema) {
    let types = &schema.types;
    let missing =
        |root: &Option<ComponentName>| root.as_ref().is_some_and(|root| !types.contains_key(&root.name));
    let lost = (missing(&schema.schema_definition.mutation), missing(&schema.schema_definition.subscription));
    if lost != (false, false) {
        let definition = schema.schema_definition.make_mut();
        if lost.0 {
            definition.mutation = None;
        }
        if lost.1 {
            definition.subscription = None;
        }
    }
}

/// The types that are reachable from the roots or from a directive. An object that implements a reachable interface is reachable.
fn reachable(schema: &Schema) -> BTreeSet<Name> {
    let implementers = implementers(schema);
    let roots = &schema.schema_definition;
    let mut waiting: Vec<Name> = [&roots.query, &roots.mutation, &roots.subscription]
        .into_iter()
        .flatten()
        .map(|root| root.name.clone())
        .collect();
    for directive in schema.directive_definitions.values() {
        waiting.extend(directive.arguments.iter().map(|argument| argument.ty.inner_named_type().clone()));
    }
    let mut seen = BTreeSet::new();
    while let Some(name) = waiting.pop() {
        if !seen.insert(name.clone()) {
            continue;
        }
        if let Some(found) = schema.types.get(&name) {
            waiting.extend(neighbours(found));
        }
        waiting.extend(implementers.get(&name).into_iter().flatten().cloned());
    }
    seen
}

fn implementers(schema: &Schema) -> HashMap<Name, Vec<Name>> {
    let mut implementers: HashMap<Name, Vec<Name>> = HashMap::new();
    for (name, found) in &schema.types {
        if let ExtendedType::Object(object) = found {
            for interface in &object.implements_interfaces {
                implementers.entry(interface.name.clone()).or_default().push(name.clone());
            }
        }
    }
    implementers
}

fn neighbours(found: &ExtendedType) -> Vec<Name> {
    let of_fields = |fields: &Fields| -> Vec<Name> {
        fields
            .values()
            .flat_map(|field| {
                std::iter::once(&field.ty).chain(field.arguments.iter().map(|argument| &*argument.ty))
            })
            .map(|ty| ty.inner_named_type().clone())
            .collect()
    };
    let names = |set: &apollo_compiler::collections::IndexSet<ComponentName>| {
        set.iter().map(|it| it.name.clone()).collect()
    };
    match found {
        ExtendedType::Object(object) => {
            let mut all: Vec<Name> = names(&object.implements_interfaces);
            all.extend(of_fields(&object.fields));
            all
        }
        ExtendedType::Interface(interface) => {
            let mut all: Vec<Name> = names(&interface.implements_interfaces);
            all.extend(of_fields(&interface.fields));
            all
        }
        ExtendedType::Union(union) => names(&union.members),
        ExtendedType::InputObject(input) => {
            input.fields.values().map(|field| field.ty.inner_named_type().clone()).collect()
        }
        ExtendedType::Enum(_) | ExtendedType::Scalar(_) => Vec::new(),
    }
}
