//! Tests that every `String` in inputs and arguments refuses invalid text with the same code and the field's path.

use apollo_compiler::Schema;
use apollo_compiler::schema::{ExtendedType, InputValueDefinition};
use serde_json::{Value, json};
use tests::shop::{PASSWORD, Shop, text, unique};
use tests::{Client, on_both};

use super::schema::{inline, input, mutations, role_has, scalar, schema, value};

/// Characters that a single line must not contain: NUL, escape, delete, a C1 control, line ends, direction overrides.
const NO_LINE: [&str; 12] = [
    "a\u{0}b",
    "\u{0}",
    "a\u{1b}[2J",
    "a\u{7f}",
    "a\u{85}b",
    "a\nb",
    "a\r",
    "a\tb",
    "a\u{2028}b",
    "a\u{202e}b",
    "a\u{2066}b",
    "a\u{2069}",
];
/// Fields that accept several lines.
const LINES: [&str; 2] = ["UpdateCallshopSettingsInput.address", "UpdateCallshopSettingsInput.receiptFooter"];
/// Fields that accept a file, JSON or a document. The importer reports bad lines of a file, and the parsers report bad JSON and bad documents.
const FILES: [&str; 7] = [
    "ImportTariffInput.csv",
    "ImportTariffInput.mapping",
    "CreateTariffImportInput.mapping",
    "AnswerTariffImportInput.mapping",
    "SaveTariffMappingInput.mapping",
    "CreateWebhookInput.query",
    "UpdateWebhookInput.query",
];

/// The positions of strings in an input object type. Each position has a path, and the key of the string's field.
fn texts(schema: &Schema, ty: &str) -> Vec<(Vec<String>, String)> {
    let mut found = Vec::new();
    for field in input(schema, ty).fields.values() {
        let of = field.ty.inner_named_type().as_str();
        let path = vec![field.name.to_string()];
        match schema.types.get(of) {
            Some(ExtendedType::InputObject(_)) => {
                found.extend(texts(schema, of).into_iter().map(|(inner, key)| {
                    let path: Vec<String> = path.iter().cloned().chain(inner).collect();
                    (path, key)
                }))
            }
            _ if of == "String" => found.push((path, format!("{ty}.{}", field.name))),
            _ => {}
        }
    }
    found
}

/// Puts `text` at `path`. In a list, the text goes to the first element.
fn put(value: &mut Value, path: &[String], text: &str) {
    match value {
        Value::Array(items) => put(&mut items[0], path, text),
        Value::Object(fields) => put(fields.get_mut(&path[0]).expect("the field"), &path[1..], text),
        place => *place = json!(text),
    }
}

/// The code and path of the only error of a response, which must have no data.
fn refusal(answer: &Value) -> Value {
    let errors = answer["errors"].as_array().cloned().unwrap_or_default();
    assert_eq!((errors.len(), answer.get("data").unwrap_or(&Value::Null)), (1, &Value::Null), "{answer}");
    json!([errors[0]["extensions"]["code"], names(&errors[0]["extensions"]["field"])])
}

/// A path without list indexes.
fn names(path: &Value) -> Vec<&str> {
    path.as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .filter(|part| part.parse::<u32>().is_err())
        .collect()
}

on_both!(no_text_of_an_input_has_what_no_line_has, |backend| async move {
    let shop = Shop::start(backend, 1).await;
    let (schema, mut tried) = (schema(), 0);
    for (mutation, ty) in mutations(schema) {
        for (path, key) in texts(schema, &ty) {
            if FILES.contains(&key.as_str()) {
                continue;
            }
            for bad in NO_LINE {
                if LINES.contains(&key.as_str()) && matches!(bad, "a\nb") {
                    continue;
                }
                let on_path = |_: &str, field: &str| path.iter().any(|part| part == field);
                let mut sent = value(schema, &ty, &on_path);
                put(&mut sent, &path, bad);
                let by_variable =
                    format!("mutation($i: {ty}!) {{ {mutation}(input: $i) {{ userErrors {{ code }} }} }}");
                let literal = format!(
                    "mutation {{ {mutation}(input: {}) {{ userErrors {{ code }} }} }}",
                    inline(schema, &ty, &sent)
                );
                let client = client_of(&shop, &mutation);
                let both = [(by_variable, json!({ "i": sent })), (literal, json!({}))];
                // only one bad text is tested as a literal, because each literal needs a document of its own, and each document must be parsed and
                // validated
                let ways = if bad == NO_LINE[0] { 2 } else { 1 };
                for (query, variables) in both.into_iter().take(ways) {
                    let answer = client.send(&query, variables).await;
                    assert_eq!(refusal(&answer), json!(["INVALID_INPUT", path]), "{key} {bad:?}: {answer}");
                    tried += 1;
                }
            }
        }
    }
    assert!(tried > 500, "{tried}");
    shop.finish().await;
});

/// A client whose role has the mutation.
fn client_of<'a>(shop: &'a Shop, mutation: &str) -> &'a Client {
    let roles = [("callshop-owner", &shop.owner), ("reseller", &shop.reseller), ("admin", &shop.admin)];
    let found = roles.into_iter().find(|(role, _)| role_has(role, mutation));
    found.unwrap_or_else(|| panic!("a role with {mutation}")).1
}

/// A value for an argument, in which `bad` replaces one text.
fn argument(schema: &Schema, of: &InputValueDefinition, path: &[String], bad: &str) -> String {
    let ty = of.ty.inner_named_type().as_str();
    let value = match (schema.types.get(ty), path) {
        (Some(ExtendedType::InputObject(_)), [_, field]) => json!({ field.as_str(): bad }),
        (Some(ExtendedType::Enum(of)), _) => json!(of.values.keys().next().expect("a value").as_str()),
        (_, [_]) => json!(bad),
        _ => scalar(&of.name, ty),
    };
    inline(schema, ty, &value)
}

on_both!(no_text_of_an_argument_has_what_no_line_has, |backend| async move {
    let shop = Shop::start(backend, 1).await;
    let (schema, mut tried) = (schema(), 0);
    let root = schema.get_object("Query").expect("queries");
    for field in root.fields.values() {
        let mut places: Vec<Vec<String>> = Vec::new();
        for of in &field.arguments {
            match schema.types.get(of.ty.inner_named_type()) {
                Some(ExtendedType::InputObject(ty)) => {
                    places.extend(
                        texts(schema, &ty.name)
                            .into_iter()
                            .map(|(path, _)| [vec![of.name.to_string()], path].concat()),
                    );
                }
                _ if of.ty.inner_named_type() == "String" => places.push(vec![of.name.to_string()]),
                _ => {}
            }
        }
        for place in places {
            for bad in NO_LINE {
                let arguments =
                    field.arguments.iter().filter(|of| of.is_required() || of.name == place[0].as_str());
                let arguments = arguments.map(|of| {
                    let path: &[String] = if of.name == place[0].as_str() { &place } else { &[] };
                    format!("{}: {}", of.name, argument(schema, of, path, bad))
                });
                let page =
                    if field.ty.inner_named_type().ends_with("Connection") { ", first: 1" } else { "" };
                let query = format!(
                    "{{ {}({}{page}) {{ __typename }} }}",
                    field.name,
                    arguments.collect::<Vec<_>>().join(", ")
                );
                let asks = match field.name.as_str() {
                    "accounts" | "callshops" | "tariffs" | "tariffMappings" | "rates" => &shop.reseller,
                    _ => &shop.owner,
                };
                let answer = asks.send(&query, json!({})).await;
                assert_eq!(refusal(&answer), json!(["INVALID_INPUT", place]), "{query}: {answer}");
                tried += 1;
            }
        }
    }
    assert!(tried > 200, "{tried}");
    shop.finish().await;
});

on_both!(text_of_any_script_and_several_lines_where_they_are_meant_pass, |backend| async move {
    let shop = Shop::start(backend, 1).await;
    shop.open_register().await;
    for good in
        ["São Tomé", "Ærø", "محل الاتصال", "חנות", "बूथ", "公衆電話 🇯🇵", "a\u{200f}b", "it's \"5\" < 6 & more"]
    {
        let input =
            json!({ "callshopId": shop.id, "legalName": good, "receiptFooter": format!("{good}\n{good}") });
        let done = shop
            .owner
            .did(
                "updateCallshopSettings",
                "UpdateCallshopSettingsInput",
                input,
                "callshop { legalName receiptFooter }",
            )
            .await;
        assert_eq!(
            done["callshop"],
            json!({ "legalName": good, "receiptFooter": format!("{good}\n{good}") })
        );
        let input = json!({ "callshopId": shop.id, "kind": "PAY_IN", "amount": "1", "reason": good, "idempotencyKey": unique(good) });
        shop.attendant
            .did("recordCashMovement", "RecordCashMovementInput", input, "movement { reason }")
            .await;
    }
    let answer = Client::anonymous(shop.server.http)
        .send(
            "mutation($i: LoginInput!) { login(input: $i) { userErrors { code } } }",
            json!({ "i": { "login": "no\u{0}body", "password": PASSWORD } }),
        )
        .await;
    assert_eq!(refusal(&answer), json!(["INVALID_INPUT", ["login"]]));
    shop.finish().await;
});

on_both!(a_locale_is_a_language_tag, |backend| async move {
    let shop = Shop::start(backend, 1).await;
    let set = async |locale: &str| {
        let input = json!({ "accountId": shop.id, "locale": locale });
        shop.reseller.tried("updateAccount", "UpdateAccountInput", input, "callshop { locale }").await
    };
    for (locale, kept) in [
        ("pt-BR", "pt-BR"),
        ("en", "en"),
        ("PT-br", "pt-BR"),
        ("zh-hant-tw", "zh-Hant-TW"),
        ("es-419", "es-419"),
        ("sl-rozaj", "sl-rozaj"),
    ] {
        let done = set(locale).await;
        assert_eq!(text(&done["callshop"]["locale"]), kept, "{done}");
    }
    for locale in [
        "",
        " ",
        "p",
        "pt_BR",
        "pt BR",
        "pt-",
        "-pt",
        "pt--BR",
        "../../etc",
        "pt-BR;q=1",
        "toolonglanguage",
        "ação",
        "12",
    ] {
        let done = set(locale).await;
        assert_eq!(done["userErrors"][0]["code"], json!("INVALID_INPUT"), "{locale:?}: {done}");
        assert_eq!(done["userErrors"][0]["field"], json!(["locale"]), "{locale:?}: {done}");
        let query =
            "query($s: ID!, $l: String) { receipt(sessionId: $s, format: HTML, locale: $l) { locale } }";
        let session = crate::edge::schema::scalar("sessionId", "ID");
        let receipt = shop.owner.send(query, json!({ "s": session, "l": locale })).await;
        assert_eq!(
            receipt["errors"][0]["extensions"],
            json!({ "code": "INVALID_INPUT", "field": ["locale"] }),
            "{receipt}"
        );
    }
    shop.finish().await;
});
