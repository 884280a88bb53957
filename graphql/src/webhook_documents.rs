//! Compiles the documents of webhooks. A document is a subscription, so it is checked against its reader's schema, and its messages have the
//! subscription's format. Only documents that need no executor are accepted, so that a message depends only on its event, not on the time of
//! delivery.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use apollo_compiler::Schema;
use apollo_compiler::ast::Value;
use apollo_compiler::executable::{ExecutableDocument, Field};
use apollo_compiler::validation::Valid;
use async_graphql::ID;
use entity::{ActivityKind, Role};
use uuid::Uuid;

use super::activity::{AccountActivity, AccountFeed, CallshopActivity};
use super::compiled::{self, Below, Object, Written};
use super::roles::{self, RoleSet};
use super::scalars::{Kind, parse_any};
use super::{notes, scope_table, scopes, sdl, visibility};
use app::activity::NO_FEED;
use app::feed::{ActivityEvent, stream as positions};
use app::webhooks::ports::{Documents, Payload, Reader};
use base::error::{Error, OrFault as _, Result};
use transport::pipeline::{Parameters, RolePipeline};
use transport::{Limits, role_schema};

/// Maximum number of schemas in memory. When the limit is reached, all schemas are dropped, and each is built again when it is needed.
const MAX_VIEWS: usize = 32;

/// Compiles webhook documents under the same limits that apply to requests.
pub struct Compiler {
    limits: Limits,
    views: Mutex<HashMap<RoleSet, Arc<View>>>,
}

/// The part of the schema that a reader sees, and the pipeline that checks documents against it.
struct View {
    schema: Valid<Schema>,
    pipeline: RolePipeline,
}

impl Compiler {
    /// A compiler with these limits.
    pub fn new(limits: Limits) -> Self {
        Self { limits, views: Mutex::default() }
    }

    fn view(&self, of: RoleSet) -> Result<Arc<View>> {
        let known = self.views.lock().unwrap_or_else(PoisonError::into_inner).get(&of).cloned();
        if let Some(known) = known {
            return Ok(known);
        }
        let table = [visibility(), scope_table()].concat();
        let schema = role_schema::prune(&sdl(), "a webhook", of, &table).or_fault()?;
        let mut pipeline = RolePipeline::new(schema.clone(), &self.limits);
        pipeline.note(notes());
        let view = Arc::new(View { schema, pipeline });
        let mut views = self.views.lock().unwrap_or_else(PoisonError::into_inner);
        if views.len() >= MAX_VIEWS {
            views.clear();
        }
        views.insert(of, view.clone());
        Ok(view)
    }
}

impl Documents for Compiler {
    fn compile(&self, reader: &Reader, document: &str) -> Result<Arc<dyn Payload>> {
        let view = self.view(seen_by(reader))?;
        let request = Parameters { query: document.to_owned(), ..Parameters::default() };
        view.pipeline.prepare(request, &self.limits).map_err(|error| not_valid(error.message))?;
        let parsed = ExecutableDocument::parse_and_validate(&view.schema, document, "document");
        let parsed = parsed.map_err(|error| not_valid(error.errors.to_string()))?;
        let operation = parsed.operations.get(None).map_err(|_| not_one())?;
        if !operation.is_subscription() || !operation.variables.is_empty() || !operation.directives.is_empty()
        {
            return Err(not_one());
        }
        let root = &operation.selection_set;
        let roots = compiled::fields(&parsed, &[root], &root.ty).ok_or_else(not_one)?;
        let [(key, fields)] = roots.as_slice() else { return Err(not_one()) };
        let field = fields.first().ok_or_else(not_one)?;
        let below = Below::events(&parsed, fields);
        match field.name.as_str() {
            "callshopActivity" => Plan::<CallshopActivity>::of(key, field, "callshopId", &below),
            "accountActivity" => Plan::<AccountActivity>::of(key, field, "accountId", &below),
            "accountFeed" => Plan::<AccountFeed>::of(key, field, "accountId", &below),
            _ => Err(not_one()),
        }
    }
}

/// The roles and scopes that select the part of the schema that the reader's login or API token sees.
fn seen_by(reader: &Reader) -> RoleSet {
    let role = match reader.role {
        Role::Admin => roles::ADMIN,
        Role::Distributor => roles::DISTRIBUTOR,
        Role::Reseller => roles::RESELLER,
        Role::CallshopOwner => roles::OWNER,
        Role::Attendant => roles::ATTENDANT,
    };
    match &reader.scopes {
        Some(token) => scopes::of_role(role, token),
        None => role.or(scopes::LOGIN),
    }
}

fn not_valid(reason: String) -> Error {
    let reason = reason.trim().trim_end_matches('.').to_owned();
    Error::invalid("query", base::message!("The document is not valid: {reason}", reason))
}

fn not_one() -> Error {
    Error::invalid(
        "query",
        "The document must be one subscription to `callshopActivity`, `accountActivity` or `accountFeed`, without variables and without directives.",
    )
}

/// A message of a subscription that webhooks deliver.
trait Told: Written + Send + Sync {
    /// Whether the subscription is about one callshop.
    const IS_FOR_CALLSHOP: bool;
    /// Whether the subscription is about the feed of an account that is not a callshop.
    const IS_FOR_ACCOUNT: bool;

    /// The message about an event.
    fn event(event: &ActivityEvent) -> Self;

    /// The message about lost events of a callshop, up to the number `last`.
    fn gap(callshop_id: Uuid, last: i64) -> Self;
}

impl Told for CallshopActivity {
    const IS_FOR_CALLSHOP: bool = true;
    const IS_FOR_ACCOUNT: bool = false;

    fn event(event: &ActivityEvent) -> Self {
        event.into()
    }

    fn gap(_: Uuid, last: i64) -> Self {
        Self { cursor: positions::cursor(last), snapshot: None, event: None, cursor_expired: true }
    }
}

impl Told for AccountActivity {
    const IS_FOR_CALLSHOP: bool = false;
    const IS_FOR_ACCOUNT: bool = false;

    fn event(event: &ActivityEvent) -> Self {
        Self {
            callshop_id: Kind::Callshop.id(event.callshop_id),
            cursor: positions::cursor(event.seq),
            snapshot: None,
            event: Some(event.into()),
            cursor_expired: false,
        }
    }

    fn gap(callshop_id: Uuid, last: i64) -> Self {
        Self {
            callshop_id: Kind::Callshop.id(callshop_id),
            cursor: positions::cursor(last),
            snapshot: None,
            event: None,
            cursor_expired: true,
        }
    }
}

impl Told for AccountFeed {
    const IS_FOR_CALLSHOP: bool = false;
    const IS_FOR_ACCOUNT: bool = true;

    fn event(event: &ActivityEvent) -> Self {
        event.into()
    }

    fn gap(_: Uuid, last: i64) -> Self {
        Self { cursor: positions::cursor(last), event: None, cursor_expired: true }
    }
}

/// A compiled document, whose messages are of the type `T`.
struct Plan<T> {
    /// The text before the message.
    start: String,
    object: Object<T>,
    account_id: Uuid,
    kinds: Option<HashSet<ActivityKind>>,
}

impl<T: Told> Plan<T> {
    fn of(key: &str, field: &Field, argument: &str, below: &Below<'_>) -> Result<Arc<dyn Payload>> {
        if value(field, "after").is_some() {
            return Err(Error::invalid(
                "query",
                "Omit `after`: the server remembers the position of a webhook.",
            ));
        }
        let id = value(field, argument).and_then(Value::as_str).map(ID::from);
        let id = id.ok_or_else(|| {
            Error::invalid("query", "The document names no account. Write the id into the document.")
        })?;
        let account_id = match parse_any(&id) {
            Some((Kind::Callshop, _)) if T::IS_FOR_ACCOUNT => return Err(Error::invalid("query", NO_FEED)),
            Some((Kind::Callshop, id)) => id,
            Some((Kind::Account, id)) if !T::IS_FOR_CALLSHOP => id,
            _ => return Err(Error::NotFound),
        };
        let object = below.object().ok_or_else(|| {
            Error::invalid(
                "query",
                "The document selects a field that is not a part of the event, such as `cabin`, `session` or `formatted`. Select the fields of the event and of its call, such as `cabinId` and `sessionId`.",
            )
        })?;
        let start = format!("{{\"data\":{{\"{key}\":");
        Ok(Arc::new(Self { start, object, account_id, kinds: kinds(field)? }))
    }

    fn write(&self, message: &T) -> Result<String> {
        let mut out = Vec::with_capacity(1024);
        out.extend_from_slice(self.start.as_bytes());
        self.object.write(message, &mut out).map_err(|error| Error::fault(error.message))?;
        out.extend_from_slice(b"}}");
        String::from_utf8(out).or_fault()
    }
}

impl<T: Told> Payload for Plan<T> {
    fn account_id(&self) -> Uuid {
        self.account_id
    }

    fn is_for_callshop(&self) -> bool {
        T::IS_FOR_CALLSHOP
    }

    fn is_for_account(&self) -> bool {
        T::IS_FOR_ACCOUNT
    }

    fn wants_all(&self) -> bool {
        self.kinds.is_none()
    }

    fn wants(&self, kind: ActivityKind) -> bool {
        self.kinds.as_ref().is_none_or(|kinds| kinds.contains(&kind))
    }

    fn event(&self, event: &ActivityEvent) -> Result<String> {
        self.write(&T::event(event))
    }

    fn gap(&self, callshop_id: Uuid, last: i64) -> Result<String> {
        self.write(&T::gap(callshop_id, last))
    }
}

/// The value of an argument; `None` if it is omitted or null.
fn value<'a>(field: &'a Field, name: &str) -> Option<&'a Value> {
    let found = field.arguments.iter().find(|argument| argument.name == name)?;
    Some(found.value.as_ref()).filter(|value| !value.is_null())
}

/// The kinds of events that the document wants; `None` if it wants all kinds. The document has already been validated, so each name is a valid kind.
fn kinds(field: &Field) -> Result<Option<HashSet<ActivityKind>>> {
    let Some(given) = value(field, "kinds") else { return Ok(None) };
    let one = |value: &Value| value.as_enum().and_then(|name| name.as_str().parse::<ActivityKind>().ok());
    let kinds: HashSet<ActivityKind> = match given.as_list() {
        Some(list) => list.iter().filter_map(|value| one(value)).collect(),
        None => one(given).into_iter().collect(),
    };
    if kinds.is_empty() {
        let message = "Name at least one kind of event, or omit `kinds` for all events.";
        return Err(Error::invalid("query", message));
    }
    Ok(Some(kinds))
}

#[cfg(test)]
mod tests {
    use chrono::{TimeZone as _, Utc};
    use entity::{TokenScope, activity};

    use super::*;

    fn compile(role: Role, scopes: Option<&[TokenScope]>, document: &str) -> Result<Arc<dyn Payload>> {
        let reader = Reader { role, scopes: scopes.map(<[_]>::to_vec) };
        Compiler::new(Limits::default()).compile(&reader, document)
    }

    fn shop(selection: &str) -> String {
        let id = Kind::Callshop.id(Uuid::from_u128(1));
        format!("subscription {{ feed: callshopActivity(callshopId: \"{}\"{selection} }}", id.as_str())
    }

    fn event() -> ActivityEvent {
        let row = activity::Model {
            callshop_id: Uuid::from_u128(1),
            seq: 7,
            at: Utc.timestamp_opt(0, 0).single().expect("a time"),
            kind: ActivityKind::CabinOpened,
            cabin_id: None,
            session_id: None,
            call_id: None,
            payload: serde_json::json!({}),
        };
        ActivityEvent::of(Arc::new(row), None)
    }

    #[test]
    fn a_message_is_the_answer_to_the_document() {
        let document =
            shop(", kinds: [CABIN_OPENED]) { cursorExpired snapshot { asOf } event { seq kind cabinId } }");
        let plan = compile(Role::CallshopOwner, None, &document).expect("a plan");
        assert_eq!(plan.account_id(), Uuid::from_u128(1));
        assert!(plan.wants(ActivityKind::CabinOpened) && !plan.wants(ActivityKind::CabinClosed));
        assert_eq!(
            plan.event(&event()).expect("a message"),
            r#"{"data":{"feed":{"cursorExpired":false,"snapshot":null,"event":{"seq":7,"kind":"CABIN_OPENED","cabinId":null}}}}"#
        );
        assert_eq!(
            plan.gap(Uuid::from_u128(1), 6).expect("a message"),
            r#"{"data":{"feed":{"cursorExpired":true,"snapshot":null,"event":null}}}"#
        );
        let id = Kind::Account.id(Uuid::from_u128(2));
        let document =
            format!("subscription {{ accountActivity(accountId: \"{}\") {{ callshopId }} }}", id.as_str());
        let plan = compile(Role::Reseller, None, &document).expect("a plan");
        let message = plan.event(&event()).expect("a message");
        let shop = Kind::Callshop.id(Uuid::from_u128(1));
        assert_eq!(
            message,
            format!(r#"{{"data":{{"accountActivity":{{"callshopId":"{}"}}}}}}"#, shop.as_str())
        );
        assert!(plan.wants(ActivityKind::CreditLow) && !plan.is_for_callshop());
    }

    #[test]
    fn other_documents_are_refused_with_a_reason() {
        let refused = |document: &str| match compile(Role::CallshopOwner, None, document) {
            Ok(_) => panic!("{document} was accepted"),
            Err(error) => error.to_string(),
        };
        for (document, reason) in [
            ("{ viewer { id } }".to_owned(), "one subscription"),
            ("subscription {".to_owned(), "not valid"),
            (shop(") { cursor nonsense }"), "not valid"),
            (shop(", after: \"x\") { cursor }"), "after"),
            (shop(", kinds: []) { cursor }"), "at least one kind"),
            (shop(") { event { cabin { id } } }"), "not a part of the event"),
            ("subscription { cabinActivity(cabinId: \"x\") { cursor } }".to_owned(), "one subscription"),
            (shop(") @skip(if: false) { cursor }"), ""),
            ("subscription($id: ID!) { callshopActivity(callshopId: $id) { cursor } }".to_owned(), ""),
        ] {
            let told = refused(&document);
            assert!(told.contains(reason), "{document}: {told}");
        }
        let foreign = "subscription { callshopActivity(callshopId: \"x\") { cursor } }";
        assert!(matches!(compile(Role::CallshopOwner, None, foreign), Err(Error::NotFound)));
    }

    #[test]
    fn a_document_is_read_with_the_rights_of_its_reader() {
        let document = shop(") { event { call { number } } }");
        assert!(compile(Role::CallshopOwner, Some(&[TokenScope::CallsRead]), &document).is_ok());
        assert!(compile(Role::CallshopOwner, Some(&[TokenScope::SessionsRead]), &document).is_err());
        assert!(compile(Role::CallshopOwner, Some(&[TokenScope::WebhooksWrite]), &document).is_err());
    }
}
