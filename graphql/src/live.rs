//! Writes subscription events directly as JSON. Each document is compiled once for all its subscribers, using the resolvers of the schema's
//! types. A document that uses anything unsupported here (a field that queries the database, a directive, a fragment on an interface) is left to
//! the executor, which gives the same results with more memory and time.

use std::io::Write as _;
use std::sync::{Arc, Mutex, PoisonError};

use apollo_compiler::executable::{ExecutableDocument, Field, Operation, Selection, SelectionSet};
use async_graphql::resolver_utils::EnumType;
use async_graphql::{Context, ID, Request, Response, Result};
use chrono::{DateTime, Utc};
use futures_util::stream::{self, BoxStream, StreamExt as _};
use uuid::Uuid;

use super::activity::{Activity, ActivityKind, CabinActivity, CallshopActivity};
use super::calls::{Call, CallState, EndCause, EndedBy};
use super::payload::top_level;
use super::scalars::{CurrencyCode, Decimal, Money};
use app::feed::{ActivityEvent, Watch};
use app::metrics::Metrics;
use telemetry::trace;
use transport::pipeline::{Answer, Live};

/// A subscription to the activity events of a callshop or cabin.
pub struct EventSubscription {
    /// The callshop's event stream, from the start position.
    pub watch: Watch,
    /// If set, only events of this cabin are delivered.
    pub cabin: Option<Uuid>,
    /// Counts deliveries.
    pub metrics: Arc<Metrics>,
}

impl EventSubscription {
    /// The next matching activity event.
    ///
    /// # Errors
    /// Errors of [`Watch::next`].
    pub async fn next(&mut self) -> base::error::Result<Arc<ActivityEvent>> {
        loop {
            let told = self.watch.next().await?;
            if self.cabin.is_none() || told.cabin_id == self.cabin {
                return Ok(told);
            }
        }
    }

    /// Builds a response from an event, and records the delivery in the metrics and the event's trace.
    pub fn deliver<T>(&self, told: &ActivityEvent, answer: impl FnOnce(&ActivityEvent) -> T) -> T {
        self.metrics.delivered(told.since.elapsed());
        let _delivery = trace::delivery(told.trace.as_ref()).entered();
        answer(told)
    }
}

/// Passes the [`EventSubscription`] from the resolver to the [`Plan`], which writes the events in place of the executor.
#[derive(Clone, Default)]
struct Handover(Arc<Mutex<Option<EventSubscription>>>);

/// Hands the event stream to the waiting [`Plan`]. If there is no plan, returns the stream, and the executor serves it.
pub fn leave(ctx: &Context<'_>, following: EventSubscription) -> Option<EventSubscription> {
    let Some(handover) = ctx.data_opt::<Handover>() else { return Some(following) };
    *handover.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(following);
    None
}

type Write<T> = Box<dyn Fn(&T, &mut Vec<u8>) -> Result<()> + Send + Sync>;

/// A compiled selection set: the JSON text before each value, and the value's writer.
struct Object<T>(Vec<(String, Write<T>)>);

impl<T: 'static> Object<T> {
    fn write(&self, value: &T, out: &mut Vec<u8>) -> Result<()> {
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

/// A schema type whose values can be written as JSON.
trait Shown: Sized + 'static {
    /// Name of the type in the schema.
    const NAME: &str;

    /// The writer of the field with this name; `None` if only the executor can resolve the field.
    fn field(name: &str, below: &Below<'_>) -> Option<Write<Self>>;
}

/// The merged selection sets of one object.
struct Below<'a> {
    document: &'a ExecutableDocument,
    sets: Vec<&'a SelectionSet>,
}

impl<'a> Below<'a> {
    /// The fields by response key, in order (GraphQL specification, section 6.3.2).
    fn fields(&self) -> Option<Vec<(&'a str, Vec<&'a Field>)>> {
        let mut fields = Vec::new();
        for set in &self.sets {
            self.collect(set, &set.ty, &mut fields)?;
        }
        Some(fields)
    }

    fn collect(
        &self,
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
                    let key = field.response_key().as_str();
                    match fields.iter_mut().find(|(known, _)| *known == key) {
                        Some((_, same)) => same.push(field),
                        None => fields.push((key, vec![field])),
                    }
                    continue;
                }
                Selection::InlineFragment(inline) => &inline.selection_set,
                Selection::FragmentSpread(spread) => {
                    let fragment = self.document.fragments.get(&spread.fragment_name)?;
                    if !fragment.directives.is_empty() {
                        return None;
                    }
                    &fragment.selection_set
                }
            };
            if inner.ty != ty {
                return None;
            }
            self.collect(inner, ty, fields)?;
        }
        Some(())
    }

    fn object<T: Shown>(&self) -> Option<Object<T>> {
        let write = |(key, same): (&str, Vec<&'a Field>)| {
            let sets = same.iter().map(|field| &field.selection_set).collect();
            let name = same.first()?.name.as_str();
            let write = match name {
                "__typename" => Box::new(|_: &T, out: &mut Vec<u8>| T::NAME.put(out)),
                name => T::field(name, &Below { document: self.document, sets })?,
            };
            Some((format!("\"{key}\":"), write))
        };
        self.fields()?.into_iter().map(write).collect::<Option<_>>().map(Object)
    }
}

/// A value that can be written as JSON, without a selection set.
trait Put {
    fn put(&self, out: &mut Vec<u8>) -> Result<()>;
}

macro_rules! put {
    ($($type:ty: $value:ident => $json:expr;)+) => {
        $(impl Put for $type {
            fn put(&self, out: &mut Vec<u8>) -> Result<()> {
                let $value = self;
                serde_json::to_writer(out, $json).map_err(|error| top_level(base::error::Error::fault(error)))
            }
        })+
    };
}

put! {
    bool: value => value;
    i32: value => value;
    u32: value => value;
    i64: value => value;
    str: value => value;
    String: value => value;
    ID: value => value.as_str();
    CurrencyCode: value => &value.0;
    DateTime<Utc>: value => &value.to_rfc3339();
}

impl Put for Decimal {
    fn put(&self, out: &mut Vec<u8>) -> Result<()> {
        Ok(write!(out, "\"{}\"", self.0)?)
    }
}

impl<T: Put + ?Sized> Put for &T {
    fn put(&self, out: &mut Vec<u8>) -> Result<()> {
        (**self).put(out)
    }
}

impl<T: Put> Put for Option<T> {
    fn put(&self, out: &mut Vec<u8>) -> Result<()> {
        match self {
            Some(value) => value.put(out)?,
            None => out.extend_from_slice(b"null"),
        }
        Ok(())
    }
}

macro_rules! put_enums {
    ($($type:ty),+) => {
        $(impl Put for $type {
            fn put(&self, out: &mut Vec<u8>) -> Result<()> {
                Self::items().iter().find(|item| item.value == *self).map_or("", |item| item.name).put(out)
            }
        })+
    };
}

put_enums!(ActivityKind, CallState, EndedBy, EndCause);

/// A field without a selection set.
macro_rules! leaf {
    ($of:ident => $value:expr) => {
        Box::new(|$of: &Self, out: &mut Vec<u8>| Put::put(&$value, out))
    };
}

/// A field with a selection set. `None` is written as null.
macro_rules! nested {
    ($type:ty, $below:ident, $of:ident => $value:expr) => {{
        let object = $below.object::<$type>()?;
        Box::new(move |$of: &Self, out: &mut Vec<u8>| match &$value {
            Some(value) => object.write(value, out),
            None => None::<bool>.put(out),
        })
    }};
}

impl Shown for Money {
    const NAME: &str = "Money";

    fn field(name: &str, _: &Below<'_>) -> Option<Write<Self>> {
        Some(match name {
            "amount" => leaf!(money => money.amount),
            "currency" => leaf!(money => money.currency),
            _ => return None,
        })
    }
}

impl Shown for Call {
    const NAME: &str = "Call";

    fn field(name: &str, below: &Below<'_>) -> Option<Write<Self>> {
        Some(match name {
            "id" => leaf!(call => call.0.id()),
            "cabinId" => leaf!(call => call.0.cabin_id()),
            "sessionId" => leaf!(call => call.0.session_id()),
            "dialed" => leaf!(call => call.0.dialed()),
            "number" => leaf!(call => call.0.number()),
            "numberFormatted" => leaf!(call => call.0.number_formatted()),
            "destination" => leaf!(call => call.0.destination()),
            "emergency" => leaf!(call => call.0.emergency()),
            "state" => leaf!(call => call.0.state()),
            "authorizedAt" => leaf!(call => call.0.authorized_at()),
            "ringingAt" => leaf!(call => call.0.ringing_at()),
            "answeredAt" => leaf!(call => call.0.answered_at()),
            "endedAt" => leaf!(call => call.0.ended_at()),
            "asOf" => leaf!(call => call.0.as_of()),
            "elapsedSeconds" => leaf!(call => call.0.elapsed_seconds()?),
            "cost" => nested!(Money, below, call => Some(call.0.cost()?)),
            "billedSeconds" => leaf!(call => call.0.billed_seconds()),
            "pricePerMinute" => nested!(Money, below, call => call.0.price_per_minute()?),
            "connectionFee" => nested!(Money, below, call => call.0.connection_fee()?),
            "maxSeconds" => leaf!(call => call.0.max_seconds()),
            "estimated" => leaf!(call => call.0.estimated()),
            "writtenOff" => nested!(Money, below, call => Some(call.0.written_off())),
            "sipCode" => leaf!(call => call.0.sip_code()),
            "endedBy" => leaf!(call => call.0.ended_by()),
            "cause" => leaf!(call => call.0.cause()),
            "refusal" => leaf!(call => call.0.refusal()),
            _ => return None,
        })
    }
}

impl Shown for Activity {
    const NAME: &str = "Activity";

    fn field(name: &str, below: &Below<'_>) -> Option<Write<Self>> {
        Some(match name {
            "seq" => leaf!(event => event.seq),
            "at" => leaf!(event => event.at),
            "kind" => leaf!(event => event.kind),
            "cabinId" => leaf!(event => event.cabin_id),
            "sessionId" => leaf!(event => event.session_id),
            "call" => nested!(Call, below, event => event.call),
            _ => return None,
        })
    }
}

/// Both message types have the same fields. In an event, `snapshot` is always null, whatever its selection set.
macro_rules! message {
    ($type:ident) => {
        impl Shown for $type {
            const NAME: &str = stringify!($type);

            fn field(name: &str, below: &Below<'_>) -> Option<Write<Self>> {
                Some(match name {
                    "cursor" => leaf!(message => message.cursor),
                    "snapshot" => leaf!(_message => None::<bool>),
                    "event" => nested!(Activity, below, message => message.event),
                    "cursorExpired" => leaf!(message => message.cursor_expired),
                    _ => return None,
                })
            }
        }
    };
}

message!(CallshopActivity);
message!(CabinActivity);

/// The compiled writer for a document's events.
struct Plan(Write<ActivityEvent>);

impl Plan {
    fn of<T: Shown + for<'a> From<&'a ActivityEvent>>(key: &str, below: &Below<'_>) -> Option<Self> {
        let (start, object) = (format!("{{\"data\":{{\"{key}\":"), below.object::<T>()?);
        Some(Self(Box::new(move |told, out| {
            out.extend_from_slice(start.as_bytes());
            object.write(&T::from(told), out)?;
            out.extend_from_slice(b"}}");
            Ok(())
        })))
    }

    fn answer(&self, told: &ActivityEvent) -> Answer {
        let mut out = Vec::with_capacity(1024);
        let written = (self.0)(told, &mut out).and_then(|()| Ok(String::from_utf8(out)?));
        written.map_or_else(refused, Answer::Written)
    }
}

fn refused(error: async_graphql::Error) -> Answer {
    Answer::Response(Response::from_errors(vec![error.into_server_error(Default::default())]))
}

/// Compiles the writer for this operation's events; `None` if only the executor can serve the operation.
pub fn compile(document: &ExecutableDocument, operation: &Operation) -> Option<Arc<dyn Live>> {
    let roots = Below { document, sets: vec![&operation.selection_set] }.fields()?;
    let [(key, fields)] = roots.as_slice() else { return None };
    let sets = fields.iter().map(|field| &field.selection_set).collect();
    let below = Below { document, sets };
    let plan = match fields.first()?.name.as_str() {
        "callshopActivity" => Plan::of::<CallshopActivity>(key, &below),
        "cabinActivity" => Plan::of::<CabinActivity>(key, &below),
        _ => None,
    };
    Some(Arc::new(plan?))
}

impl Live for Plan {
    fn take_over(self: Arc<Self>, request: &mut Request) -> BoxStream<'static, Answer> {
        let handover = Handover::default();
        request.data.insert(handover.clone());
        // by now the resolver has handed over the stream, or has failed and reported the error
        let follow = async move { handover.0.lock().unwrap_or_else(PoisonError::into_inner).take() };
        let events = move |following: Option<EventSubscription>| {
            let plan = self.clone();
            stream::unfold(following, move |following| {
                let plan = plan.clone();
                async move {
                    let mut following = following?;
                    match following.next().await {
                        Ok(told) => {
                            let answer = following.deliver(&told, |told| plan.answer(told));
                            Some((answer, Some(following)))
                        }
                        Err(error) => Some((refused(top_level(error)), None)),
                    }
                }
            })
        };
        stream::once(follow).flat_map(events).boxed()
    }
}

#[cfg(test)]
mod tests {
    use apollo_compiler::Schema;
    use apollo_compiler::schema::ExtendedType;
    use apollo_compiler::validation::Valid;

    use super::*;

    fn schema() -> Valid<Schema> {
        Schema::parse_and_validate(super::super::sdl(), "schema.graphql").expect("a schema")
    }

    fn is_written(schema: &Valid<Schema>, selection: &str) -> bool {
        let text = format!("subscription {{ {selection} }}");
        let document = ExecutableDocument::parse_and_validate(schema, &text, "q").expect("a document");
        let operation = document.operations.get(None).expect("one operation");
        compile(&document, operation).is_some()
    }

    #[test]
    fn every_field_is_written_but_those_that_ask_the_database() {
        let schema = schema();
        let mut left = Vec::new();
        for (parent, above, after) in [
            ("CallshopActivity", "callshopActivity(callshopId: \"x\") {", "}"),
            ("CabinActivity", "cabinActivity(cabinId: \"x\") {", "}"),
            ("Activity", "callshopActivity(callshopId: \"x\") { event {", "} }"),
            ("Call", "cabinActivity(cabinId: \"x\") { event { call {", "} } }"),
        ] {
            let Some(ExtendedType::Object(object)) = schema.types.get(parent) else { panic!("no {parent}") };
            for (name, field) in &object.fields {
                let is_object = matches!(schema.types[field.ty.inner_named_type()], ExtendedType::Object(_));
                let below = if is_object { "{ __typename }" } else { "" };
                if !is_written(&schema, &format!("{above} {name} {below} {after}")) {
                    left.push(format!("{parent}.{name}"));
                }
            }
        }
        assert_eq!(left, ["Call.costs", "Call.margin"]);
    }

    #[test]
    fn what_depends_on_variables_or_interfaces_is_left_to_the_executor() {
        let schema = schema();
        let on = |inner: &str| format!("cabinActivity(cabinId: \"x\") {{ {inner} }}");
        assert!(is_written(&schema, &on("event { seq ... { at } ... on Activity { kind } }")));
        for inner in [
            "cursor @skip(if: true)",
            "event { ... @include(if: false) { seq } }",
            "event { call { ... on Node { id } } }",
        ] {
            assert!(!is_written(&schema, &on(inner)), "{inner}");
        }
        assert!(!is_written(&schema, "liveCalls(callshopId: \"x\") { asOf }"));
    }
}
