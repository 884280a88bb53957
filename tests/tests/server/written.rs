//! Tests that answers written by plans have the same bytes as the executor's answers.
//!
//! In debug builds, the server itself compares each written value with the executor's, in every test. The tests below compare whole answers. To get
//! the executor's answer, these tests put a directive on each scalar.

use apollo_compiler::Schema;
use apollo_compiler::schema::{Component, ExtendedType, FieldDefinition};
use serde_json::{Value, json};

use crate::metrics::samples;
use tests::{Backend, Client, Shop, TestServer, on_both};

/// Root fields with the values of their required arguments.
const ROOTS: &[(&str, &str)] = &[
    ("viewer", ""),
    ("callshop", "id: $shop"),
    ("cabin", "id: $cabin"),
    ("session", "id: $session"),
    ("call", "id: $call"),
    ("node", "id: $call"),
    ("nodes", "ids: [$call, $cabin, $call]"),
    ("cabins", "callshopId: $shop"),
    ("sessions", "callshopId: $shop"),
    ("calls", "callshopId: $shop"),
    ("liveCalls", "callshopId: $shop"),
    ("phones", "callshopId: $shop"),
    ("statement", "sessionId: $session"),
    ("registerShifts", "callshopId: $shop"),
    ("currentRegister", "callshopId: $shop"),
    ("priceList", "callshopId: $shop"),
    ("ledger", "accountId: $shop"),
    ("auditLog", "accountId: $shop"),
    ("problems", "accountId: $shop"),
];
/// Fields whose value is the time of the request.
const VOLATILE: &[&str] = &["asOf"];

/// Makes a document with every field of a type.
struct Maker<'a> {
    schema: &'a Schema,
    /// The text to write after each scalar.
    directive: &'static str,
    aliases: usize,
}

impl Maker<'_> {
    /// A query with one root field and the objects in its value, up to this depth; `None` if the schema has no such root field.
    fn query(&mut self, root: &str, given: &str, depth: usize) -> Option<String> {
        let roots = self.schema.get_object("Query")?;
        let field = self.field(roots.fields.get(root)?, given, depth)?;
        let variables = ["shop", "cabin", "session", "call"].into_iter();
        let used = variables.filter(|name| field.contains(&format!("${name}")));
        let used: Vec<String> = used.map(|name| format!("${name}: ID!")).collect();
        let variables = if used.is_empty() { String::new() } else { format!("({})", used.join(", ")) };
        Some(format!("query{variables} {{ {field} }}"))
    }

    /// The field with its arguments and its selection set; `None` if the field needs other arguments, or objects below the depth.
    fn field(&mut self, field: &Component<FieldDefinition>, given: &str, depth: usize) -> Option<String> {
        let inner = field.ty.inner_named_type().as_str();
        let is_required = |name: &str| !given.starts_with(&format!("{name}:"));
        let mut required = field.arguments.iter().filter(|argument| argument.is_required());
        if VOLATILE.contains(&field.name.as_str()) || required.any(|argument| is_required(&argument.name)) {
            return None;
        }
        let page = if inner.ends_with("Connection") { "first: 3" } else { "" };
        let arguments: Vec<&str> = [given, page].into_iter().filter(|text| !text.is_empty()).collect();
        let arguments =
            if arguments.is_empty() { String::new() } else { format!("({})", arguments.join(", ")) };
        let name = format!("{}{arguments}", field.name);
        match self.schema.types.get(inner)? {
            ExtendedType::Object(_) => Some(format!("{name} {}", self.object(inner, depth)?)),
            ExtendedType::Interface(_) => {
                // fields that have the same name, but different types, cannot be merged
                let call = self.object("Call", depth)?;
                Some(format!("{name} {{ __typename id ... on Call {call} ... on Cabin {{ label }} }}"))
            }
            _ => {
                self.aliases += 1;
                let alias = if self.aliases.is_multiple_of(5) {
                    format!("a{}: ", self.aliases)
                } else {
                    String::new()
                };
                Some(format!("{alias}{name} {}", self.directive))
            }
        }
    }

    fn object(&mut self, of: &str, depth: usize) -> Option<String> {
        // pages and their edges are not objects of their own, and an amount counts as a scalar
        let is_part = ["Connection", "Edge", "PageInfo", "Money"].iter().any(|ending| of.ends_with(ending));
        let below = if is_part { depth } else { depth.checked_sub(1)? };
        let mut shown = format!("__typename {} ", self.directive);
        let fields: Vec<_> = self.schema.get_object(of)?.fields.values().cloned().collect();
        for (at, field) in fields.iter().enumerate() {
            let Some(text) = self.field(field, "", below) else { continue };
            shown += &if at % 7 == 3 { format!("... on {of} {{ {text} }} ") } else { format!("{text} ") };
        }
        Some(format!("{{ {shown}}}"))
    }
}

/// The number of fields whose values were made by `by`: a plan or the executor.
async fn made_by(shop: &Shop, by: &str) -> f64 {
    let name = format!("callshop_graphql_object_fields_total{{by=\"{by}\"}}");
    samples(shop.server.hook).await[&name]
}

async fn busy_shop(backend: Backend) -> (Shop, Value) {
    let server = TestServer::start(backend, |config| {
        let limits = &mut config.limits;
        (limits.fields, limits.aliases, limits.directives) = (1_000_000, 1_000_000, 1_000_000);
        (limits.complexity, limits.tokens, limits.kept_answer_bytes) = (1 << 40, 1_000_000, 0);
    });
    let shop = Shop::on(server.await, 3).await;
    shop.open_register().await;
    let session = shop.open_cabin(0).await;
    shop.open_cabin(1).await;
    for cabin in [0, 1, 0] {
        shop.call(cabin, "+13055550123", 61_500).await;
    }
    assert_eq!(shop.hook().authorize(&shop.phones[0].user, "+99900").await["allow"], false);
    shop.close_cabin(1).await;
    let call = shop.owner.shop_list("calls", &shop.id, 1, "id").await[0]["id"].clone();
    let ids = json!({ "shop": shop.id, "cabin": shop.cabins[0], "session": session, "call": call });
    (shop, ids)
}

/// Sends the query twice, once in a form that only the executor resolves. Both answers must have the same bytes.
async fn same(reader: &Client, [planned, resolved]: [&str; 2], ids: &Value) {
    let written = reader.text(planned, ids.clone()).await;
    assert!(written.starts_with("{\"data\":") && !written.contains("\"errors\""), "{planned}: {written}");
    assert_eq!(written, reader.text(resolved, ids.clone()).await, "{planned}");
}

on_both!(generated_queries_have_the_executors_answers, |backend: Backend| async move {
    let (shop, ids) = busy_shop(backend).await;
    for (role, reader) in [("callshop-owner", &shop.owner), ("attendant", &shop.attendant)] {
        let sdl = graphql::role_sdl(role).expect("a schema");
        let schema = Schema::parse(sdl, "schema.graphql").expect("the schema parses");
        let mut asked = 0;
        for (root, given) in ROOTS {
            for depth in [1, 2] {
                let query =
                    |directive| Maker { schema: &schema, directive, aliases: 0 }.query(root, given, depth);
                let (Some(planned), Some(resolved)) = (query(""), query("@include(if: true)")) else {
                    continue;
                };
                same(reader, [&planned, &resolved], &ids).await;
                asked += 1;
            }
        }
        assert!(asked > 20, "{role}: {asked}");
    }
    shop.finish().await;
});

on_both!(a_screen_is_written_by_plans, |backend: Backend| async move {
    const CALLS: &str = "calls(callshopId: $shop, first: 5) { pageInfo { hasNextPage } nodes { id number cost { amount } ... }}";
    let (shop, ids) = busy_shop(backend).await;
    let query = |scalar: &str| format!("query($shop: ID!) {{ {} }}", CALLS.replace("...", scalar));
    let before = (made_by(&shop, "plan").await, made_by(&shop, "executor").await);
    let ids = json!({ "shop": ids["shop"] });
    same(&shop.owner, [&query("state"), &query("state @include(if: true)")], &ids).await;
    let after = (made_by(&shop, "plan").await, made_by(&shop, "executor").await);
    // the plan writes the page; in debug builds, the executor then resolves the page too, so that the two can be compared
    assert!(after.0 > before.0, "{before:?} {after:?}");
    // in the document with the directive, a plan still writes `cost`, but the executor resolves the page and the calls
    assert!(after.1 > before.1, "{before:?} {after:?}");
    shop.finish().await;
});
