//! Tests of the schema's declarations.

use std::collections::{BTreeMap, BTreeSet};

use apollo_compiler::Schema;
use async_graphql::ContainerType;

use super::fields::Field;
use super::*;

fn whole() -> Schema {
    Schema::parse(sdl(), "schema.graphql").expect("a schema")
}

/// The declared fields of each type.
fn fields() -> BTreeMap<&'static str, Vec<&'static Field>> {
    let mut types: BTreeMap<&'static str, Vec<&'static Field>> = BTreeMap::new();
    for declaration in declared() {
        types.entry(declaration.name).or_default().extend(declaration.fields);
    }
    types
}

/// Types that libraries declare.
fn is_undeclared(name: &str) -> bool {
    name.starts_with("__") || ["Connection", "Edge", "PageInfo"].iter().any(|ending| name.ends_with(ending))
}

/// If a type is missing from the list of declarations, every role can see the type, even if its declaration restricts the roles.
#[test]
fn every_object_is_in_the_list_with_all_its_fields() {
    let (schema, declared) = (whole(), fields());
    for (name, ty) in &schema.types {
        let Some(ty) = ty.as_object().filter(|_| !is_undeclared(name)) else { continue };
        let fields = declared.get(name.as_str()).unwrap_or_else(|| panic!("{name} is not in the list"));
        let names: BTreeSet<&str> = fields.iter().map(|field| field.name).collect();
        let expected: BTreeSet<&str> = ty.fields.keys().map(|name| name.as_str()).collect();
        assert_eq!(names, expected, "{name}");
    }
}

/// The list of declarations must also contain input types and interfaces, because the declared roles of a type apply only if the type is in the
/// list.
#[test]
fn every_declaration_is_in_the_list() {
    let (mut folders, mut found) = (vec![concat!(env!("CARGO_MANIFEST_DIR"), "/src").into()], 0);
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir::<std::path::PathBuf>(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let text = std::fs::read_to_string(&path).expect("a source");
            let declares = |line: &&str| {
                (line.starts_with("#[object") && !line.contains("root = ")) || *line == "payload!("
            };
            found += text.lines().filter(declares).count();
        }
    }
    assert_eq!(OBJECTS.len(), found);
}

/// Every list of objects is a connection, is sized by its `ids` argument, or declares its usual length.
#[test]
fn every_list_of_objects_counts() {
    let (schema, declared) = (whole(), fields());
    for (name, ty) in &schema.types {
        let Some(ty) = ty.as_object().filter(|_| !is_undeclared(name)) else { continue };
        for field in ty.fields.values() {
            let of = schema.types.get(field.ty.inner_named_type()).expect("its type");
            let is_counted =
                field.ty.is_list() && !of.is_scalar() && !of.is_enum() && field.name != "userErrors";
            let known = declared[name.as_str()]
                .iter()
                .find(|known| known.name == field.name.as_str())
                .expect("a field");
            let by_ids = field.argument_by_name("ids").is_some();
            assert_eq!(known.length.is_some(), is_counted && !by_ids, "{name}.{}", field.name);
        }
    }
}

/// To compute a query's cost, the program finds the length of a list by the field's name.
#[test]
fn lists_of_one_name_have_one_length() {
    let mut lengths = BTreeMap::new();
    for field in declared().flat_map(|of| of.fields).filter(|field| field.length.is_some()) {
        assert_eq!(*lengths.entry(field.name).or_insert(field.length), field.length, "{}", field.name);
    }
}

/// A list argument is either `ids`, which count toward the cost, or a list of enum values. The cursors in a branch subscription add nothing to
/// the subscription's cost.
#[test]
fn no_other_list_of_ids_goes_uncounted() {
    let schema = whole();
    let objects = schema.types.values().filter_map(|ty| ty.as_object());
    for field in objects.flat_map(|ty| ty.fields.values()) {
        for argument in field.arguments.iter().filter(|argument| argument.ty.is_list()) {
            let of = schema.types.get(argument.ty.inner_named_type()).expect("its type");
            let is_cursors = argument.ty.inner_named_type() == "ShopCursor";
            assert!(
                of.is_enum() || is_cursors || argument.name == "ids",
                "{}({})",
                field.name,
                argument.name
            );
        }
    }
}

#[test]
fn notes_are_of_texts() {
    let schema = whole();
    for (key, _) in TEXTS {
        let (ty, field) = key.split_once('.').expect("Type.field");
        let ty = schema.get_input_object(ty).unwrap_or_else(|| panic!("{key}"));
        assert_eq!(ty.fields[field].ty.inner_named_type(), "String", "{key}");
    }
}

/// Size in bytes of the future that the executor allocates for each field of an object of this type.
fn size<T: 'static, F>(_: fn(&'static T, &'static Context<'static>) -> F) -> usize {
    size_of::<F>()
}

/// A list of a hundred calls with ten fields each needs a thousand futures at once. Each future is as large as the type's largest future.
/// Resolvers that query the database are therefore boxed (docs/performance.md).
#[test]
fn fields_of_objects_in_lists_have_small_futures() {
    macro_rules! sizes {
        ($($type:ty,)+) => { [$((stringify!($type), size(<$type as ContainerType>::resolve_field))),+] };
    }
    let sizes = sizes![
        accounts::types::Account,
        accounts::types::Callshop,
        cabins::Cabin,
        calls::Call,
        ledger::LedgerEntry,
        phones::Phone,
        register::RegisterShift,
        scalars::Money,
        sessions::types::CabinSession,
        tariffs::rates::RateView,
        tariffs::types::Tariff,
        tariffs::types::TariffVersion,
        users::User,
    ];
    let large: Vec<_> = sizes.into_iter().filter(|(_, size)| *size > 1_500).collect();
    assert_eq!(large, []);
}
