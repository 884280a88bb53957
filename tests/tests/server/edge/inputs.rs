//! Tests that omitted input fields stay omitted in three cases: the input is in the document, the input is in a variable, or the field is an unset
//! variable.

use std::collections::BTreeSet;

use apollo_compiler::Schema;
use apollo_compiler::schema::ExtendedType;
use serde_json::{Value, json};
use tests::on_both;
use tests::shop::{Shop, text};
use transport::Limits;
use transport::pipeline::{Parameters, RolePipeline};

use super::schema::{inline, input, is_optional, mutations, role_has, role_schema, schema, value};

/// A default of null would turn an omitted variable into null, and null means "remove" for some fields.
#[test]
fn no_input_field_or_argument_has_null_as_its_default() {
    let schema = schema();
    let mut found = Vec::new();
    for (name, ty) in &schema.types {
        let inputs: Vec<_> = match ty {
            ExtendedType::InputObject(ty) => ty.fields.values().map(|field| &field.node).collect(),
            ExtendedType::Object(ty) => ty.fields.values().flat_map(|field| &field.arguments).collect(),
            ExtendedType::Interface(ty) => ty.fields.values().flat_map(|field| &field.arguments).collect(),
            _ => continue,
        };
        let null =
            inputs.into_iter().filter(|of| of.default_value.as_ref().is_some_and(|value| value.is_null()));
        found.extend(null.map(|of| format!("{name}.{}", of.name)));
    }
    assert_eq!(found, Vec::<String>::new());
}

/// Finds values in `coerced` that the client did not send and that are not defaults of the schema.
fn added(at: &str, ty: &str, sent: &Value, coerced: &Value, found: &mut BTreeSet<String>) {
    match (sent, coerced) {
        (Value::Object(sent), Value::Object(coerced)) => {
            let fields = &input(schema(), ty).fields;
            for (name, value) in coerced {
                let (at, field) = (format!("{at}.{name}"), &fields[name.as_str()]);
                match (sent.get(name), &field.default_value) {
                    (Some(sent), _) => added(&at, field.ty.inner_named_type(), sent, value, found),
                    (None, Some(_)) if !value.is_null() => {}
                    (None, _) => drop(found.insert(at)),
                }
            }
        }
        (Value::Array(sent), Value::Array(coerced)) => {
            for (sent, coerced) in sent.iter().zip(coerced) {
                added(at, ty, sent, coerced, found);
            }
        }
        _ => {}
    }
}

/// Checks every optional field of every mutation's input, including nested fields. If a variable omits a field, the executor must treat the field
/// like a field that the document omits.
#[test]
fn a_variable_adds_nothing_to_what_was_sent() {
    let (schema, limits) = (schema(), Limits::default());
    let pipeline = RolePipeline::new(schema.clone(), &limits);
    let (mut tried, mut found) = (0, BTreeSet::new());
    for (mutation, ty) in mutations(schema) {
        let query = format!("mutation($input: {ty}!) {{ {mutation}(input: $input) {{ __typename }} }}");
        let mut without: Vec<(String, String)> = vec![(String::new(), String::new())];
        for (name, of) in schema.types.iter().filter_map(|(name, of)| Some((name, of.as_input_object()?))) {
            let optional = of.fields.values().filter(|field| is_optional(field));
            without.extend(optional.map(|field| (name.to_string(), field.name.to_string())));
        }
        for left_out in &without {
            let all_but = |ty: &str, field: &str| (ty, field) != (left_out.0.as_str(), left_out.1.as_str());
            let none = |_: &str, _: &str| false;
            let sent =
                if left_out.0.is_empty() { value(schema, &ty, &none) } else { value(schema, &ty, &all_but) };
            let body = json!({ "query": query, "variables": { "input": sent } }).to_string();
            let parameters = Parameters::from_json(body.as_bytes(), &limits).expect("a request");
            let prepared =
                pipeline.prepare(parameters, &limits).map_err(|error| format!("{mutation}: {error}"));
            let coerced =
                serde_json::to_value(&prepared.expect("it passes").request.variables).expect("JSON");
            added(&mutation, &ty, &sent, &coerced["input"], &mut found);
            tried += 1;
        }
    }
    assert!(tried > 1_000, "{tried}");
    assert_eq!(found, BTreeSet::new());
}

/// The codes, messages and paths of a response's errors, without locations in the document.
fn refusals(answer: &Value) -> Value {
    let top = answer["errors"].as_array().into_iter().flatten();
    let top: Vec<_> = top.map(|error| json!([error["extensions"]["code"], error["message"]])).collect();
    let payloads = answer["data"].as_object().into_iter().flat_map(|data| data.values());
    let user: Vec<_> = payloads.map(|payload| payload["userErrors"].clone()).collect();
    json!([top, user])
}

/// A mutation with all optional fields omitted, in three forms: as literals, in one variable, and with each field as an unset variable.
fn three_ways(schema: &Schema, mutation: &str, ty: &str) -> [(String, Value); 3] {
    let sent = value(schema, ty, &|_, _| false);
    let answer = "{ userErrors { code message field } }";
    let (mut declared, mut fields) = (Vec::new(), Vec::new());
    for field in input(schema, ty).fields.values() {
        match sent.get(field.name.as_str()) {
            Some(value) => {
                fields.push(format!(
                    "{}: {}",
                    field.name,
                    inline(schema, field.ty.inner_named_type(), value)
                ));
            }
            None => {
                // a field with a default accepts a nullable variable
                declared.push(format!("${}: {}", field.name, (*field.ty).clone().nullable()));
                fields.push(format!("{0}: ${0}", field.name));
            }
        }
    }
    let declared = if declared.is_empty() { String::new() } else { format!("({})", declared.join(", ")) };
    [
        (format!("mutation {{ {mutation}(input: {}) {answer} }}", inline(schema, ty, &sent)), json!({})),
        (format!("mutation($i: {ty}!) {{ {mutation}(input: $i) {answer} }}"), json!({ "i": sent })),
        (
            format!("mutation{declared} {{ {mutation}(input: {{ {} }}) {answer} }}", fields.join(", ")),
            json!({}),
        ),
    ]
}

on_both!(every_mutation_answers_alike_however_a_field_is_left_out, |backend| async move {
    let shop = Shop::start(backend, 1).await;
    for (mutation, ty) in mutations(schema()) {
        // `logout` would end the test's login; `login` counts wrong passwords
        if mutation == "logout" || mutation == "login" {
            continue;
        }
        let roles = [("admin", &shop.admin), ("reseller", &shop.reseller), ("callshop-owner", &shop.owner)];
        let may: Vec<_> = roles.into_iter().filter(|(role, _)| role_has(role, &mutation)).collect();
        assert!(!may.is_empty(), "{mutation}");
        for (role, client) in may {
            let mut answers = Vec::new();
            for (query, variables) in three_ways(role_schema(role), &mutation, &ty) {
                answers.push(refusals(&client.send(&query, variables).await));
            }
            assert_eq!(answers[0], answers[1], "{mutation} in a variable");
            assert_eq!(answers[0], answers[2], "{mutation} with unset variables");
        }
    }
    shop.finish().await;
});

/// The current limits of a session, and the cash step of a shop.
async fn standing(shop: &Shop, session: &str) -> Value {
    let query = "query($s: ID!, $c: ID!) { session(id: $s) { spendingLimit { amount } timeLimitSeconds } \
        callshop(id: $c) { cashStep { amount } receiptFooter } }";
    shop.owner.ok(query, json!({ "s": session, "c": shop.id })).await
}

on_both!(what_is_left_out_stays_and_null_removes, |backend| async move {
    let shop = Shop::start(backend, 1).await;
    shop.open_register().await;
    let input = json!({ "cabinId": shop.cabins[0], "spendingLimit": "7", "timeLimitSeconds": 600 });
    let opened = shop.attendant.did("openCabin", "OpenCabinInput", input, "session { id }").await;
    let session = text(&opened["session"]["id"]);
    let settings = json!({ "callshopId": shop.id, "cashStep": "0.05", "receiptFooter": "Bye" });
    shop.owner
        .did("updateCallshopSettings", "UpdateCallshopSettingsInput", settings, "callshop { id }")
        .await;
    let all = standing(&shop, &session).await;
    assert_eq!(all["session"]["spendingLimit"]["amount"], json!("7"));
    assert_eq!(all["callshop"]["cashStep"]["amount"], json!("0.05"));

    for (mutation, ty, id, of) in [
        ("updateSessionLimits", "UpdateSessionLimitsInput", "sessionId", &session),
        ("updateCallshopSettings", "UpdateCallshopSettingsInput", "callshopId", &shop.id),
    ] {
        let [_, _, (unset, _)] = three_ways(schema(), mutation, ty);
        let nothing = crate::edge::schema::scalar(id, "ID");
        let unset = unset.replace(nothing.as_str().expect("an id"), of);
        shop.owner.ok(&unset, json!({})).await;
        assert_eq!(standing(&shop, &session).await, all, "{unset}");
        shop.owner.did(mutation, ty, json!({ id: of }), "__typename").await;
        assert_eq!(standing(&shop, &session).await, all, "{mutation} in a variable");
    }
    let one = json!({ "sessionId": session, "timeLimitSeconds": null });
    shop.owner.did("updateSessionLimits", "UpdateSessionLimitsInput", one, "__typename").await;
    let none = json!({ "callshopId": shop.id, "cashStep": null });
    shop.owner.did("updateCallshopSettings", "UpdateCallshopSettingsInput", none, "__typename").await;
    let rest = standing(&shop, &session).await;
    assert_eq!(rest["session"], json!({ "spendingLimit": { "amount": "7" }, "timeLimitSeconds": null }));
    assert_eq!(rest["callshop"], json!({ "cashStep": null, "receiptFooter": "Bye" }));
    shop.finish().await;
});

on_both!(an_argument_whose_variable_nobody_set_has_its_default, |backend| async move {
    let shop = Shop::start(backend, 1).await;
    let asked = [
        (
            "query($b: LedgerBook) { ledger(accountId: \"ID\", book: $b, first: 5) { nodes { id } } }",
            "{ ledger(accountId: \"ID\", first: 5) { nodes { id } } }",
        ),
        (
            "query($g: [ReportDimension!]) { report(accountId: \"ID\", from: \"2026-01-01\", to: \"2026-01-02\", groupBy: $g) \
                { ...F } } fragment F on Report { groups(first: 5) { nodes { day } } }",
            "{ report(accountId: \"ID\", from: \"2026-01-01\", to: \"2026-01-02\") { groups(first: 5) { nodes { day } } } }",
        ),
        (
            "query($p: Int, $l: Int, $a: String) { cabins(callshopId: \"ID\", first: $p, last: $l, after: $a) { nodes { id } } }",
            "{ cabins(callshopId: \"ID\") { nodes { id } } }",
        ),
    ];
    for (unset, without) in asked {
        let unset = shop.owner.send(&unset.replace("ID", &shop.id), json!({})).await;
        let without = shop.owner.send(&without.replace("ID", &shop.id), json!({})).await;
        assert_eq!((refusals(&unset), &unset["data"]), (refusals(&without), &without["data"]));
    }
    shop.finish().await;
});
