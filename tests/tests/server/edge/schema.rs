//! The exported schema as data, and generated inputs.

use std::sync::LazyLock;

use apollo_compiler::Schema;
use apollo_compiler::schema::{ExtendedType, InputObjectType, InputValueDefinition, Type};
use apollo_compiler::validation::Valid;
use serde_json::{Map, Value, json};
use uuid::Uuid;

/// The schema of all roles together.
pub fn schema() -> &'static Valid<Schema> {
    static SCHEMA: LazyLock<Valid<Schema>> = LazyLock::new(|| {
        Schema::parse_and_validate(graphql::published_sdl().expect("a schema"), "schema.graphql")
            .expect("a schema")
    });
    &SCHEMA
}

/// Every mutation and the type of its input.
pub fn mutations(schema: &Schema) -> Vec<(String, String)> {
    let root = schema.get_object("Mutation").expect("mutations");
    let input = |field: &apollo_compiler::ast::FieldDefinition| {
        let argument = field.argument_by_name("input")?;
        Some((field.name.to_string(), argument.ty.inner_named_type().to_string()))
    };
    root.fields.values().filter_map(|field| input(field)).collect()
}

/// Roles that together have every mutation.
pub const ROLES: [&str; 3] = ["callshop-owner", "reseller", "admin"];

/// The schema that one of [`ROLES`] sees.
pub fn role_schema(role: &str) -> &'static Schema {
    static SCHEMAS: LazyLock<Vec<Schema>> = LazyLock::new(|| {
        let sdl = |role: &&str| graphql::role_sdl(role).expect("a role");
        ROLES.iter().map(|role| Schema::parse(sdl(role), "role.graphql").expect("a schema")).collect()
    });
    &SCHEMAS[ROLES.iter().position(|known| *known == role).expect("one of the roles")]
}

/// Whether the schema of this role has the mutation.
pub fn role_has(role: &str, mutation: &str) -> bool {
    role_schema(role).get_object("Mutation").is_some_and(|root| root.fields.contains_key(mutation))
}

/// An input object type.
pub fn input<'a>(schema: &'a Schema, name: &str) -> &'a InputObjectType {
    schema.get_input_object(name).unwrap_or_else(|| panic!("an input object {name}"))
}

/// Whether a client may omit the field.
pub fn is_optional(field: &InputValueDefinition) -> bool {
    !field.is_required()
}

/// A value of an input object type. The value has the required fields, and the optional fields that `with` selects by type and field.
pub fn value(schema: &Schema, name: &str, with: &dyn Fn(&str, &str) -> bool) -> Value {
    let fields = input(schema, name).fields.values();
    let wanted = fields.filter(|field| field.is_required() || with(name, &field.name));
    Value::Object(
        wanted.map(|field| (field.name.to_string(), of_type(schema, field, with))).collect::<Map<_, _>>(),
    )
}

fn of_type(schema: &Schema, field: &InputValueDefinition, with: &dyn Fn(&str, &str) -> bool) -> Value {
    let name = field.ty.inner_named_type().as_str();
    let one = match schema.types.get(name) {
        Some(ExtendedType::InputObject(_)) => value(schema, name, with),
        Some(ExtendedType::Enum(of)) => json!(of.values.keys().next().expect("a value").as_str()),
        _ => scalar(&field.name, name),
    };
    if matches!(*field.ty, Type::List(_) | Type::NonNullList(_)) { json!([one]) } else { one }
}

/// A valid value of the scalar. Ids are well formed but unknown.
pub fn scalar(field: &str, name: &str) -> Value {
    match name {
        "ID" => json!(some_id(field)),
        "Int" => json!(1),
        "Boolean" => json!(true),
        "Decimal" => json!("1"),
        "CurrencyCode" => json!("BRL"),
        "DateTime" => json!("2026-01-05T00:00:00Z"),
        "NaiveDate" => json!("2026-01-05"),
        "NaiveTime" => json!("08:00:00"),
        "String" => json!("text"),
        other => panic!("a value for the scalar {other} of {field}"),
    }
}

/// A global id of the kind in the field's name. No object has this id.
fn some_id(field: &str) -> String {
    use graphql::scalars::Kind;
    let kind = match field {
        "callshopId" => Kind::Callshop,
        "userId" => Kind::User,
        "phoneId" => Kind::Phone,
        "cabinId" => Kind::Cabin,
        "sessionId" => Kind::CabinSession,
        "callId" => Kind::Call,
        "tariffId" => Kind::Tariff,
        "versionId" => Kind::TariffVersion,
        "itemId" => Kind::SessionItem,
        "transferId" => Kind::LedgerTransfer,
        "apiTokenId" => Kind::ApiToken,
        "importId" => Kind::TariffImport,
        "mappingId" => Kind::TariffMapping,
        "webhookId" => Kind::Webhook,
        "deliveryId" => Kind::WebhookDelivery,
        _ => Kind::Account,
    };
    kind.id(Uuid::max()).to_string()
}

/// A value as a GraphQL literal. Strings for enum types become unquoted names.
pub fn inline(schema: &Schema, name: &str, value: &Value) -> String {
    match value {
        Value::Object(fields) => {
            let ty = input(schema, name);
            let fields = fields.iter().map(|(field, value)| {
                let of = ty.fields[field.as_str()].ty.inner_named_type();
                format!("{field}: {}", inline(schema, of, value))
            });
            format!("{{ {} }}", fields.collect::<Vec<_>>().join(", "))
        }
        Value::Array(items) => {
            let items = items.iter().map(|item| inline(schema, name, item));
            format!("[{}]", items.collect::<Vec<_>>().join(", "))
        }
        Value::String(text) if matches!(schema.types.get(name), Some(ExtendedType::Enum(_))) => text.clone(),
        value => value.to_string(),
    }
}
