//! Writes subscription events directly as JSON. Each document is compiled once for all its subscribers ([`crate::compiled`]), and each event is
//! written once for all subscribers of a compiled document. The executor serves documents that cannot be compiled.
//!
//! A compiled document belongs to one role or one set of scopes, because each of these has its own cache of documents
//! ([`transport::pipeline::RolePipeline`]). The writers of a compiled document see only the event: no variable, no language, and no caller.
//! Therefore, all subscribers of a compiled document may get the same text, whichever arguments they passed. Everything that depends on the
//! subscriber stays with the subscriber: the callshop, the cabin and the kinds of events ([`EventSubscription::next`]), the end of the token, and
//! what the transport writes around the text, such as the operation's id.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use apollo_compiler::executable::{ExecutableDocument, Operation};
use async_graphql::{Context, Request, Response};
use futures_util::stream::{self, BoxStream, StreamExt as _};
use uuid::Uuid;

use super::activity::{AccountFeed, CabinActivity, CallshopActivity};
use super::compiled::{self, Below, Write, Written};
use super::languages;
use super::payload::top_level;
use app::feed::texts::WriterId;
use app::feed::{ActivityEvent, Watch, stream as positions};
use app::metrics::Metrics;
use telemetry::trace;
use transport::pipeline::{Answer, Live, Position};

/// The kinds of events that a subscriber wants.
pub type Kinds = HashSet<entity::ActivityKind>;

/// A subscription to the activity events of a callshop or cabin, or to the feed of an account.
pub struct EventSubscription {
    /// The callshop's event stream, from the start position.
    pub watch: Watch,
    /// The cabin whose events are delivered; `None` delivers the events of all cabins.
    pub cabin: Option<Uuid>,
    /// The kinds of events that are delivered; `None` delivers events of all kinds.
    pub kinds: Option<Kinds>,
    /// The metrics, which count deliveries.
    pub metrics: Arc<Metrics>,
    /// Where the transport reads each message's cursor; `None` if the transport does not use cursors.
    pub position: Option<Position>,
}

impl EventSubscription {
    /// The next matching activity event.
    ///
    /// # Errors
    /// Returns the errors of [`Watch::next`].
    pub async fn next(&mut self) -> base::error::Result<Arc<ActivityEvent>> {
        loop {
            let event = self.watch.next().await?;
            let is_wanted = self.kinds.as_ref().is_none_or(|kinds| kinds.contains(&event.kind));
            if is_wanted && (self.cabin.is_none() || event.cabin_id == self.cabin) {
                return Ok(event);
            }
        }
    }

    /// Builds a response from an event. Records the delivery in the metrics and in the event's trace, and sets the position to the event's cursor.
    pub fn deliver<T>(&self, event: &ActivityEvent, answer: impl FnOnce(&ActivityEvent) -> T) -> T {
        self.metrics.delivered(event.since.elapsed());
        if let Some(position) = &self.position {
            position.set(positions::cursor(event.seq));
        }
        let _delivery = trace::delivery(event.trace.as_ref()).entered();
        answer(event)
    }
}

/// The place where the transport reads the cursors of a subscription's messages, if the transport uses cursors. `first` is the position of a snapshot
/// that comes before the events.
pub fn position(ctx: &Context<'_>, first: Option<i64>) -> Option<Position> {
    let position = ctx.data_opt::<Position>()?.clone();
    if let Some(seq) = first {
        position.set(positions::cursor(seq));
    }
    Some(position)
}

/// Passes the [`EventSubscription`] from the resolver to the [`Plan`], which writes the events in place of the executor.
#[derive(Clone, Default)]
struct Handover(Arc<Mutex<Option<EventSubscription>>>);

/// Hands the event stream to the waiting [`Plan`]. If there is no plan, returns the stream, which the executor then serves.
pub fn leave(ctx: &Context<'_>, following: EventSubscription) -> Option<EventSubscription> {
    let Some(handover) = ctx.data_opt::<Handover>() else { return Some(following) };
    *handover.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(following);
    None
}

/// The compiled writer for a document's events.
struct Plan {
    /// The key under which an event keeps the text that this plan wrote for it.
    id: WriterId,
    write: Write<ActivityEvent>,
}

impl Plan {
    fn of<T: Written + for<'a> From<&'a ActivityEvent>>(key: &str, below: &Below<'_>) -> Option<Self> {
        let (start, object) = (format!("{{\"data\":{{\"{key}\":"), below.object::<T>()?);
        let write: Write<ActivityEvent> = Box::new(move |event, out| {
            out.extend_from_slice(start.as_bytes());
            object.write(&T::from(event), out)?;
            out.extend_from_slice(b"}}");
            Ok(())
        });
        Some(Self { id: WriterId::next(), write })
    }

    /// The event's text, which the first of the plan's subscribers writes.
    fn text(&self, event: &ActivityEvent, metrics: &Metrics) -> async_graphql::Result<Arc<str>> {
        event.texts.get_or_write(self.id, || {
            metrics.text_written();
            let mut out = Vec::with_capacity(1024);
            (self.write)(event, &mut out)?;
            Ok(String::from_utf8(out)?)
        })
    }
}

fn refused(error: async_graphql::Error) -> Answer {
    Answer::Response(Response::from_errors(vec![error.into_server_error(Default::default())]))
}

/// Compiles the writer for this operation's events; `None` if only the executor can serve the operation.
pub fn compile(document: &ExecutableDocument, operation: &Operation) -> Option<Arc<dyn Live>> {
    let root = &operation.selection_set;
    let roots = compiled::fields(document, &[root], &root.ty)?;
    let [(key, fields)] = roots.as_slice() else { return None };
    let below = Below::events(document, fields);
    let plan = match fields.first()?.name.as_str() {
        "callshopActivity" => Plan::of::<CallshopActivity>(key, &below),
        "cabinActivity" => Plan::of::<CabinActivity>(key, &below),
        "accountFeed" => Plan::of::<AccountFeed>(key, &below),
        _ => None,
    };
    Some(Arc::new(plan?))
}

impl Live for Plan {
    fn take_over(self: Arc<Self>, request: &mut Request) -> BoxStream<'static, Answer> {
        let (handover, locale) = (Handover::default(), languages::of(request));
        request.data.insert(handover.clone());
        // by now, the resolver has either handed over the event stream, or failed and reported the error
        let follow = async move { handover.0.lock().unwrap_or_else(PoisonError::into_inner).take() };
        let events = move |following: Option<EventSubscription>| {
            let plan = self.clone();
            stream::unfold(following, move |following| {
                let plan = plan.clone();
                async move {
                    let mut following = following?;
                    match following.next().await {
                        Ok(event) => {
                            let text = |event: &_| plan.text(event, &following.metrics);
                            let answer = following.deliver(&event, text).map_or_else(
                                |error| languages::answer(refused(error), locale),
                                Answer::Written,
                            );
                            Some((answer, Some(following)))
                        }
                        Err(error) => Some((languages::answer(refused(top_level(error)), locale), None)),
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
            ("AccountFeed", "accountFeed(accountId: \"x\") {", "}"),
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
        let asked = [
            "Activity.cabin",
            "Activity.session",
            "Call.callshop",
            "Call.cabin",
            "Call.session",
            "Call.costs",
            "Call.margin",
        ];
        assert_eq!(left, asked);
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
