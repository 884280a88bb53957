//! Tests API tokens for every scope × every root field × own objects, objects outside the branch, and missing objects.
//!
//! A new root field needs an entry in `FIELDS`.

use super::*;

/// The root fields that each scope shows, apart from those that the scope shows because it includes another scope.
const FIELDS: &[(&str, &str)] = &[
    (
        "ACCOUNTS_READ",
        "Query.viewer Query.account Query.accounts Query.callshop Query.callshops Query.user Subscription.accountFeed",
    ),
    (
        "ACCOUNTS_WRITE",
        "Mutation.createDistributor Mutation.createReseller Mutation.createCallshop Mutation.updateAccount Mutation.suspendAccount \
        Mutation.resumeAccount Mutation.setDialPlan Mutation.updateCallshopSettings",
    ),
    ("AUDIT_READ", "Query.auditLog"),
    ("CABINS_READ", "Query.cabin Query.cabins"),
    ("CABINS_WRITE", "Mutation.createCabin Mutation.updateCabin Mutation.retireCabin"),
    (
        "CALLS_READ",
        "Query.call Query.calls Query.liveCalls Query.explainCharge Subscription.liveCalls Subscription.callshopActivity \
        Subscription.cabinActivity Subscription.accountActivity Mutation.createExportLink",
    ),
    ("CALLS_WRITE", "Mutation.hangUpCall"),
    (
        "CREDIT_WRITE",
        "Mutation.topUp Mutation.adjustCredit Mutation.reverseTransfer Mutation.setCreditLimit Mutation.setLowCredit",
    ),
    (
        "LEDGER_READ",
        "Query.ledger Query.ledgerBalances Query.accountStatement Subscription.balance Mutation.createExportLink",
    ),
    ("PHONES_READ", "Query.phone Query.phones"),
    (
        "PHONES_WRITE",
        "Mutation.createPhones Mutation.rotatePhoneSecret Mutation.blockPhone Mutation.unblockPhone Mutation.assignPhone",
    ),
    ("REGISTER_READ", "Query.currentRegister Query.registerShifts Query.xReport Mutation.createExportLink"),
    ("REGISTER_WRITE", "Mutation.openRegister Mutation.recordCashMovement Mutation.closeRegister"),
    ("REPORTS_READ", "Query.report Query.daySummary Query.problems"),
    (
        "SESSIONS_READ",
        "Query.session Query.sessions Query.statement Query.receipt Query.printedBill Subscription.callshopActivity \
        Subscription.cabinActivity Subscription.accountActivity Mutation.createExportLink",
    ),
    (
        "SESSIONS_WRITE",
        "Mutation.openCabin Mutation.closeCabin Mutation.updateSessionLimits Mutation.voidSession Mutation.moveSession Mutation.addDeposit \
        Mutation.addSessionItem Mutation.removeSessionItem Mutation.applyDiscount Mutation.refundSession Mutation.settleSession",
    ),
    (
        "TARIFFS_READ",
        "Query.tariff Query.tariffs Query.tariffVersion Query.compareTariffVersions Query.rates Query.priceList \
        Query.quote Query.tariffMappings Subscription.accountFeed Mutation.createExportLink",
    ),
    (
        "TARIFFS_WRITE",
        "Mutation.createTariff Mutation.importTariff Mutation.upsertRates Mutation.deleteRates Mutation.copyTariffVersion \
        Mutation.activateTariffVersion Mutation.cancelTariffVersion Mutation.discardTariffVersion Mutation.revertTariff \
        Mutation.deriveTariff Mutation.stopDerivingTariff Mutation.archiveTariff Mutation.updateTariff Mutation.assignTariff Mutation.blockDestination Mutation.unblockDestination \
        Query.tariffImport Subscription.tariffImport Mutation.createTariffImport Mutation.answerTariffImport \
        Mutation.startTariffImport Mutation.cancelTariffImport Mutation.saveTariffMapping Mutation.deleteTariffMapping",
    ),
    ("WEBHOOKS_READ", "Query.webhook Query.webhooks Subscription.webhookDeliveries"),
    (
        "WEBHOOKS_WRITE",
        "Mutation.createWebhook Mutation.updateWebhook Mutation.rotateWebhookSecret Mutation.deleteWebhook Mutation.disableWebhook Mutation.enableWebhook \
        Mutation.testWebhook Mutation.replayDelivery Mutation.skipDelivery",
    ),
];
/// Root fields that every token sees.
const EVERY_TOKEN: &str = "Query.apiToken Query.node Query.nodes";
/// Root fields that no token sees.
const NO_TOKEN: &str = "Query.apiTokens Query.customerScreen Mutation.login Mutation.refresh Mutation.createStreamTicket Mutation.logout \
    Mutation.changePassword Mutation.createUser Mutation.updateUser Mutation.disableUser Mutation.enableUser Mutation.resetPassword \
    Mutation.createScreen Mutation.revokeScreen Mutation.createApiToken Mutation.rotateApiToken Mutation.revokeApiToken \
    Mutation.beginTotp Mutation.confirmTotp Mutation.disableTotp Mutation.regenerateRecoveryCodes Mutation.resetTotp \
    Subscription.customerScreen";

/// The roles of the tokens in these tests. Tokens of these two roles together have every root field that a token may have, apart from
/// `createDistributor`.
const MAKERS: [Role; 2] = [Role::Reseller, Role::Owner];

/// The fields that a scope shows, including the fields of the scope that it includes.
fn shown_by(scope: &str) -> BTreeSet<&'static str> {
    let included = scope.replace("_WRITE", "_READ");
    let of_scope = FIELDS.iter().filter(|(name, _)| *name == scope || *name == included);
    of_scope.flat_map(|(_, fields)| fields.split_whitespace()).chain(EVERY_TOKEN.split_whitespace()).collect()
}

#[test]
fn every_root_field_has_a_scope_in_this_test() {
    let schema = schema();
    let known: BTreeSet<String> = fields_of(&schema)
        .into_keys()
        .filter(|key| ["Query.", "Mutation.", "Subscription."].iter().any(|root| key.starts_with(root)))
        .collect();
    let listed = FIELDS.iter().map(|(_, fields)| *fields).chain([EVERY_TOKEN, NO_TOKEN]);
    let listed: BTreeSet<String> = listed.flat_map(str::split_whitespace).map(str::to_owned).collect();
    assert_eq!(listed, known, "add the scope of each root field in tests/tests/server/roles/tokens.rs");
    let scopes: BTreeSet<&str> = app::api_tokens::all_scopes().map(entity::TokenScope::as_str).collect();
    assert_eq!(FIELDS.iter().map(|(scope, _)| *scope).collect::<BTreeSet<_>>(), scopes);
}

/// The command line can print the schema of a token without having the token.
#[test]
fn the_schema_of_a_token_is_printed() {
    let sdl = graphql::token_sdl("reseller", &[entity::TokenScope::TariffsWrite]).expect("a schema");
    let shown = Schema::parse_and_validate(&sdl, "token.graphql").expect("the printed schema is valid");
    let query = shown.get_object("Query").expect("queries");
    assert!(query.fields.contains_key("tariffs") && query.fields.contains_key("apiToken"));
    assert!(!query.fields.contains_key("calls") && shown.get_object("Call").is_none());
    assert!(shown.get_object("CallConnection").is_none());
    let followed = shown.get_object("Subscription").expect("subscriptions");
    assert_eq!(
        followed.fields.keys().map(|name| name.as_str()).collect::<Vec<_>>(),
        ["accountFeed", "tariffImport"]
    );
}

/// `node` and `nodes` find objects of every kind, so each kind needs a scope. A token sees no tokens other than itself.
#[test]
fn every_node_has_a_scope() {
    let schema = schema();
    let table: BTreeSet<&str> = graphql::scope_table().into_iter().map(|(key, _)| key).collect();
    let nodes = schema.implementers_map();
    for name in &nodes["Node"].objects {
        assert!(table.contains(name.as_str()) || name.as_str() == "ApiToken", "{name}: #[object(scope = …)]");
    }
}

#[test]
fn the_table_of_scopes_has_each_key_once() {
    let mut known = BTreeSet::new();
    for (key, _) in graphql::scope_table() {
        assert!(known.insert(key), "{key} must have only one row");
    }
}

/// A client with a new token of this client's user.
async fn token_of(client: &Client, scopes: &[&str]) -> Client {
    let input =
        json!({ "name": "Test", "scopes": scopes, "expiresAt": Utc::now() + chrono::TimeDelta::days(1) });
    client.with_token(&text(
        &client.did("createApiToken", "CreateApiTokenInput", input, "token").await["token"],
    ))
}

/// The root fields in the caller's introspection.
async fn introspected(client: &Client) -> BTreeSet<String> {
    let query = "{ __schema { queryType { name fields { name } } mutationType { name fields { name } } \
        subscriptionType { name fields { name } } } }";
    let schema = client.ok(query, json!({})).await["__schema"].take();
    let roots = ["queryType", "mutationType", "subscriptionType"].map(|root| &schema[root]);
    let of_root = |root: &Value| {
        let fields = root["fields"].as_array().cloned().unwrap_or_default();
        let name = root["name"].clone();
        fields.into_iter().map(move |field| format!("{}.{}", text(&name), text(&field["name"])))
    };
    roots.into_iter().flat_map(of_root).collect()
}

on_both!(a_scope_shows_its_root_fields_and_nothing_else, |backend| async move {
    let shop = Shop::start(backend, 2).await;
    let own = Branch::of(&shop).await;
    let full = graphql::schema(shop.server.app.clone());
    for (role, client) in own.clients().filter(|(role, _)| MAKERS.contains(role)) {
        for &(scope, _) in FIELDS {
            let token = token_of(client, &[scope]).await;
            let visible = shown_by(scope);
            let of_role = |root: &&Root| !root.outcomes.hides_from(role) || root.field == "Query.apiToken";
            let expected: BTreeSet<String> = ROOTS
                .iter()
                .filter(of_role)
                .map(|root| root.field.to_owned())
                .filter(|field| visible.contains(field.as_str()))
                .collect();
            assert_eq!(introspected(&token).await, expected, "{scope} as {}", role.key());
            let (actor, _) = login::authenticate(&shop.server.app, token.token()).await.expect("a token");
            for root in ROOTS.iter().filter(|root| !visible.contains(root.field)) {
                let query = filled(root.document, &own, |_| false);
                let answer = token.send(&query, json!({})).await;
                assert_eq!(
                    codes(&answer)[0],
                    "GRAPHQL_VALIDATION_FAILED",
                    "{} as {scope}: {answer}",
                    root.field
                );
                // even with the full schema instead of the token's schema, the field is refused
                let origin = Origin { address: [127, 0, 0, 1].into(), user_agent: String::new() };
                let request = async_graphql::Request::new(query).data(actor.clone()).data(origin);
                let answer = full.execute_stream(request).boxed().next().await.expect("an answer");
                let answer = serde_json::to_value(answer).expect("JSON");
                assert_eq!(codes(&answer), ["FORBIDDEN"], "{} as {scope}: {answer}", root.field);
            }
        }
    }
    shop.finish().await;
});

on_both!(a_token_finds_its_own_objects_and_no_others, |backend| async move {
    let shop = Shop::start(backend, 2).await;
    let own = Branch::of(&shop).await;
    let foreign = Branch::beside(&shop).await;
    let all: Vec<&str> = FIELDS.iter().map(|(scope, _)| *scope).collect();
    let of_tokens = |root: &&Root| !NO_TOKEN.split_whitespace().any(|field| field == root.field);
    for (role, client) in own.clients().filter(|(role, _)| MAKERS.contains(role)) {
        let token = token_of(client, &all).await;
        for root in ROOTS.iter().filter(of_tokens).filter(|root| !root.outcomes.hides_from(role)) {
            foreign_is_missing(&shop.server, &token, root, &own, &foreign).await;
        }
    }
    for (role, client) in foreign.clients().filter(|(role, _)| MAKERS.contains(role)) {
        let token = token_of(client, &all).await;
        for root in ROOTS.iter().filter(of_tokens).filter(|root| !root.outcomes.hides_from(role)) {
            own_is_missing(&shop.server, (role, &token), root, &own).await;
        }
    }
    for (role, client) in own.clients().filter(|(role, _)| MAKERS.contains(role)) {
        let token = token_of(client, &all).await;
        for root in ROOTS.iter().filter(of_tokens).filter(|root| !root.outcomes.hides_from(role)) {
            check_outcome(&shop.server, (role, &token), root, &own).await;
        }
    }
    shop.finish().await;
});

on_both!(a_token_of_one_noun_finds_no_node_of_another, |backend| async move {
    let shop = Shop::start(backend, 2).await;
    let own = Branch::of(&shop).await;
    let token = token_of(&shop.reseller, &["TARIFFS_READ"]).await;
    let ids: Vec<&String> = [
        "{tariff}",
        "{version}",
        "{call}",
        "{session}",
        "{phone}",
        "{cabin}",
        "{callshop}",
        "{user}",
        "{shift}",
        "{account}",
    ]
    .iter()
    .map(|key| &own.ids[key])
    .collect();
    let nodes = token.ok("query($ids: [ID!]!) { nodes(ids: $ids) { id } }", json!({ "ids": ids })).await;
    let found = nodes["nodes"].as_array().expect("a list").iter().map(|node| !node.is_null());
    assert_eq!(
        found.collect::<Vec<_>>(),
        [true, true, false, false, false, false, false, false, false, false]
    );
    for (at, id) in ids.into_iter().enumerate() {
        assert_eq!(token.object("node", id, "id").await.is_null(), at > 1, "{id}");
    }
    // credit needs its own scope, and lists of other kinds of objects do not exist
    let token = token_of(&shop.reseller, &["ACCOUNTS_READ"]).await;
    for field in [
        "balance { amount }",
        "available { amount }",
        "currentRegister { id }",
        "cabins(first: 1) { totalCount }",
    ] {
        let query = filled(&format!("{{ callshop(id: {{callshop}}) {{ {field} }} }}"), &own, |_| false);
        let answer = token.send(&query, json!({})).await;
        assert_eq!(codes(&answer)[0], "GRAPHQL_VALIDATION_FAILED", "{field}: {answer}");
    }
    shop.finish().await;
});
