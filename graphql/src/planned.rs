//! Writes the values of fields without the executor. The resolvers that `#[object]` generates use this module in place of async-graphql. This module
//! has the library's items, except for the functions that resolve an object or a field's value.
//!
//! A resolver returns an object, a list of objects or a page of a list. Normally, the executor makes a future for each field of each returned object.
//! Most objects need no further query, so a plan writes the whole value as JSON in one step. A plan is made once for each selection set of a cached
//! document ([`Plans`]), and a document is cached for one role or one set of scopes. The written value is one binary value of the executor, which the
//! transports put into the response unchanged ([`transport::spliced`]).
//!
//! If only some fields of an object need the executor, another plan writes the other fields. The values from the executor are then inserted into the
//! written text, so the object is one binary value as well.
//!
//! A plan has no queries, no arguments and no guards: a field that has one of these is an `async` method, or takes more than `&self`, and is not
//! compiled. If a plan fails, the executor resolves the value again, and reports the error and its path. In debug builds, the executor resolves every
//! value, and the request fails if the value differs from the written one.

pub use ::async_graphql::*;

use std::sync::Arc;

use futures_util::FutureExt as _;
use futures_util::future::try_join_all;

use super::compiled::{Begun, Below, Output, Written};
use super::payload::retried;
use base::error::Error as Fault;
use transport::metrics::Resolved;
use transport::pipeline::Plans;
use transport::spliced;

/// Initial capacity of a text, in bytes.
const TEXT_BYTES: usize = 64;

/// The library's items for the root types, whose objects have no values that a plan could write.
pub mod roots {
    pub use ::async_graphql::*;

    /// The library's module, with one function replaced by a function that writes values with plans.
    pub mod resolver_utils {
        pub use crate::planned::resolver_utils::resolve_field_async;
        pub use ::async_graphql::resolver_utils::*;
    }
}

/// The library's module, with three functions replaced by functions that write values with plans.
pub mod resolver_utils {
    pub use ::async_graphql::resolver_utils::*;
    use ::async_graphql::{Context, ContextSelectionSet, Error, OutputType, ServerResult, Value};

    use crate::compiled::{Output, Written};

    /// Resolves an object. A plan writes the fields that need no executor.
    ///
    /// # Errors
    /// Returns the errors of the fields.
    pub async fn resolve_container<T: ::async_graphql::ContainerType + Written>(
        ctx: &ContextSelectionSet<'_>,
        object: &T,
    ) -> ServerResult<Value> {
        match super::begin(ctx, object) {
            Some(begun) => super::complete(ctx, object, begun).await,
            None => ::async_graphql::resolver_utils::resolve_container(ctx, object).await,
        }
    }

    /// Resolves a field whose value is already known.
    ///
    /// # Errors
    /// Returns the error of the value.
    // the library keeps the resolvers of objects small by not inlining these two functions
    #[inline(never)]
    pub async fn resolve_simple_field_value<T: OutputType + Output + ?Sized>(
        ctx: &Context<'_>,
        value: &T,
    ) -> ServerResult<Option<Value>> {
        super::resolve(ctx, value).await.map(Some).map_err(|error| ctx.set_error_path(error))
    }

    /// Resolves a field whose value comes from a future.
    ///
    /// # Errors
    /// Returns the error of the future or of its value.
    #[inline(never)]
    pub async fn resolve_field_async<T, E, F>(ctx: &Context<'_>, value: F) -> ServerResult<Option<Value>>
    where
        T: OutputType + Output + Send,
        E: Into<Error> + Send + Sync,
        F: Future<Output = Result<T, E>> + Send,
    {
        let value = value.await.map_err(|error| {
            let error: Error = error.into();
            ctx.set_error_path(error.into_server_error(ctx.item.pos))
        })?;
        super::resolve(ctx, &value).await.map(Some)
    }
}

/// Resolves the value of a field, with the field's plan if there is one.
async fn resolve<T: OutputType + Output + ?Sized>(ctx: &Context<'_>, value: &T) -> ServerResult<Value> {
    let below = ctx.with_selection_set(&ctx.item.node.selection_set);
    let is_scalar = below.item.node.items.is_empty();
    let written = if is_scalar { None } else { write(&below, value) };
    match written {
        Some(json) if !cfg!(debug_assertions) => Ok(Value::Binary(json.into())),
        written => {
            let resolved = OutputType::resolve(value, &below, ctx.item).await;
            match written {
                Some(json) => compared(ctx, json, resolved),
                None => resolved,
            }
        }
    }
}

/// Writes a value with the plan for its selection set; `None` if the executor must resolve the value.
fn write<T: Output + ?Sized>(ctx: &ContextSelectionSet<'_>, value: &T) -> Option<Vec<u8>> {
    let written = plan::<T>(ctx).and_then(|plan| {
        let mut out = Vec::with_capacity(TEXT_BYTES);
        // the executor reports and logs the error
        retried(|| value.write(plan, &mut out)).ok()?;
        Some(out)
    });
    if let Some(resolved) = ctx.data_opt::<Resolved>() {
        resolved.count(written.is_some());
    }
    written
}

fn plan<'a, T: Output + ?Sized>(ctx: &ContextSelectionSet<'a>) -> Option<&'a T::Plan> {
    let (fragments, set) = (&ctx.query_env.fragments, ctx.item);
    let compile = || T::compile(&Below::Resolved { fragments, sets: vec![&set.node] });
    ctx.data_opt::<Arc<Plans>>()?.whole(set.pos, compile)
}

/// Writes the fields of an object that need no executor; `None` if the executor must resolve all fields.
fn begin<'a, T: Written>(ctx: &ContextSelectionSet<'a>, object: &T) -> Option<Begun<'a>> {
    let (fragments, set) = (&ctx.query_env.fragments, &ctx.item.node);
    let compile = || Below::Resolved { fragments, sets: vec![set] }.parts::<T>();
    let plan = ctx.data_opt::<Arc<Plans>>()?.parts(ctx.item.pos, compile)?;
    retried(|| plan.begin(object, fragments, set))
}

/// Resolves the other fields of an object, and puts their values into the object's text.
async fn complete<T: ContainerType + Written>(
    ctx: &ContextSelectionSet<'_>,
    object: &T,
    begun: Begun<'_>,
) -> ServerResult<Value> {
    let Begun { text, fields } = begun;
    let values = fields.iter().map(|(field, _)| {
        let (ctx, field) = (ctx.clone(), *field);
        // objects of this type may contain other objects of the same type, so the type of the future must not depend on itself
        async move { object.resolve_field(&ctx.with_field(field)).await }.boxed()
    });
    let values = try_join_all(values).await?;
    let (mut out, mut done) = (Vec::with_capacity(2 * text.len()), 0);
    for ((field, written), value) in fields.iter().zip(values) {
        let value = value.unwrap_or_default();
        if !written.is_empty() {
            compared(&ctx.with_field(field), text[written.clone()].to_vec(), Ok(value))?;
            continue;
        }
        out.extend_from_slice(&text[done..written.start]);
        done = written.start;
        match &value {
            Value::Binary(json) => out.extend_from_slice(json),
            value => spliced::to_writer(&mut out, value)
                .map_err(|error| ServerError::new(error.to_string(), Some(field.pos)))?,
        }
    }
    out.extend_from_slice(&text[done..]);
    Ok(Value::Binary(out.into()))
}

/// The written value, if it is the same as the executor's value.
fn compared(ctx: &Context<'_>, json: Vec<u8>, resolved: ServerResult<Value>) -> ServerResult<Value> {
    let mut text = Vec::new();
    let is_same = match &resolved {
        Ok(value) => spliced::to_writer(&mut text, value).is_ok() && text == json,
        Err(error) => {
            text.extend_from_slice(error.message.as_bytes());
            false
        }
    };
    if is_same {
        return Ok(Value::Binary(json.into()));
    }
    let (written, resolved) = (String::from_utf8_lossy(&json), String::from_utf8_lossy(&text));
    let field = &ctx.item.node.name.node;
    let fault = format!("a plan wrote {written} for the field {field}, instead of {resolved}");
    let error = super::payload::top_level(Fault::fault(fault));
    Err(ctx.set_error_path(error.into_server_error(ctx.item.pos)))
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use ::async_graphql::{
        Description, EmptyMutation, EmptySubscription, Object, Request, Schema, SimpleObject,
    };
    use futures_util::FutureExt as _;
    use graphql_macros::object;
    use tracing::span::{Attributes, Id, Record};
    use tracing::subscriber::with_default;
    use tracing::{Event, Level, Metadata, Subscriber};

    use super::*;
    use crate::paging::{Page, empty};

    /// An object whose fields are facts about a number.
    #[derive(Description)]
    struct Item(i32);

    #[object]
    impl Item {
        fn number(&self) -> i32 {
            self.0
        }

        /// An item with the number 2 returns an error.
        fn failing(&self) -> Result<i32> {
            if self.0 == 2 { Err(Error::new("no two")) } else { Ok(self.0) }
        }

        /// An item with the number 2 returns an error, so only this field is null.
        fn nullable(&self) -> Option<Result<i32>> {
            (self.0 != 1).then(|| self.failing())
        }

        fn faulty(&self) -> Result<i32> {
            Err(super::super::payload::top_level(Fault::fault("a fault")))
        }

        fn text(&self) -> &str {
            "\"é\u{1}\\"
        }

        fn inner(&self) -> Inner {
            Inner { one: self.0, two: vec![Some("a".to_owned()), None] }
        }

        /// The executor resolves this field.
        async fn asked(&self) -> Inner {
            self.inner()
        }

        /// The executor resolves this field.
        async fn asked_failing(&self) -> Result<i32> {
            self.failing()
        }

        /// The executor resolves this field.
        async fn asked_nullable(&self) -> Option<Result<i32>> {
            self.nullable()
        }
    }

    #[object]
    #[derive(SimpleObject)]
    struct Inner {
        one: i32,
        two: Vec<Option<String>>,
    }

    struct Root;

    #[Object(crate = "crate::planned::roots")]
    impl Root {
        async fn items(&self, to: i32) -> Vec<Item> {
            (0..to).map(Item).collect()
        }

        async fn item(&self, number: i32) -> Option<Result<Item>> {
            (number >= 0).then_some(Ok(Item(number)))
        }

        async fn page(&self, to: i32) -> Page<Item> {
            let mut page = empty(false, true, None);
            (0..to).for_each(|number| page.push(format!("c{number}"), Item(number)));
            page
        }
    }

    /// The response as JSON, and how many values a plan wrote.
    fn answer(query: &str, is_planned: bool) -> (String, usize) {
        let schema = Schema::build(Root, EmptyMutation, EmptySubscription).finish();
        let document = ::async_graphql::parser::parse_query(query).expect("a document");
        let mut request = Request::new(query);
        if is_planned {
            request = request.data(Arc::new(Plans::of(&document)));
        }
        let mut response = schema.execute(request).now_or_never().expect("no waiting");
        // the executor reports the errors of a list's objects in any order
        response.errors.sort_by_key(|error| format!("{:?}", error.path));
        let mut out = Vec::new();
        spliced::to_writer(&mut out, &response).expect("written");
        (String::from_utf8(out).expect("text"), written(&response.data))
    }

    fn written(value: &Value) -> usize {
        match value {
            Value::Binary(_) => 1,
            Value::List(values) => values.iter().map(written).sum(),
            Value::Object(fields) => fields.values().map(written).sum(),
            _ => 0,
        }
    }

    /// Checks that the answer is the same as the executor's, and that plans wrote this many of its values.
    fn assert_written(query: &str, times: usize) {
        let ((planned, count), (resolved, none)) = (answer(query, true), answer(query, false));
        assert_eq!(planned, resolved, "{query}");
        assert_eq!((count, none), (times, 0), "{query}: {planned}");
    }

    #[test]
    fn lists_objects_and_pages_are_written_whole() {
        for query in [
            "{ items(to: 4) { number text inner { one two } again: inner { two } } }",
            "{ items(to: 0) { number } }",
            "{ item(number: 1) { __typename number other: number inner { __typename } } }",
            "{ item(number: -1) { number } }",
            "{ page(to: 2) { pageInfo { hasNextPage hasPreviousPage startCursor endCursor } edges { cursor node { number } } nodes { text } } }",
            "{ page(to: 0) { __typename pageInfo { startCursor } edges { __typename cursor } nodes { number } } }",
            "{ item(number: 3) { ...F ... on Item { text } ... { number } } } fragment F on Item { inner { one } inner { two } }",
        ] {
            assert_written(query, 1);
        }
        assert_written(
            "{ a: item(number: 1) { number } items(to: 2) { number } b: item(number: 1) { text } }",
            3,
        );
    }

    #[test]
    fn errors_are_those_of_the_executor() {
        for query in [
            "{ items(to: 4) { number failing } }",
            "{ item(number: 2) { inner { one } failing } }",
            "{ items(to: 4) { number nullable } }",
            "{ page(to: 3) { nodes { failing } } }",
            "{ page(to: 3) { edges { node { nullable } } } }",
            "{ page(to: 3) { nodes { number } totalCount } }",
        ] {
            let ((planned, _), (resolved, _)) = (answer(query, true), answer(query, false));
            assert_eq!(planned, resolved, "{query}");
            assert!(resolved.contains("\"errors\":[{"), "{query}: {resolved}");
        }
        assert_written("{ items(to: 2) { number failing nullable } }", 1);
    }

    /// Counts the errors that are logged.
    struct Counter(Arc<AtomicUsize>);

    impl Subscriber for Counter {
        fn enabled(&self, metadata: &Metadata<'_>) -> bool {
            *metadata.level() == Level::ERROR
        }

        fn new_span(&self, _: &Attributes<'_>) -> Id {
            Id::from_u64(1)
        }

        fn record(&self, _: &Id, _: &Record<'_>) {}

        fn record_follows_from(&self, _: &Id, _: &Id) {}

        fn event(&self, _: &Event<'_>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }

        fn enter(&self, _: &Id) {}

        fn exit(&self, _: &Id) {}
    }

    #[test]
    fn a_failing_value_is_logged_once() {
        for fields in ["number faulty", "number faulty asked { one }"] {
            for is_planned in [true, false] {
                let logged = Arc::new(AtomicUsize::new(0));
                let query = format!("{{ item(number: 1) {{ {fields} }} }}");
                let (text, _) = with_default(Counter(logged.clone()), || answer(&query, is_planned));
                assert!(text.contains("INTERNAL"), "{text}");
                assert_eq!(logged.load(Ordering::Relaxed), 1, "{text}");
            }
        }
    }

    #[test]
    fn the_executor_resolves_only_the_fields_that_need_it() {
        for (query, times) in [
            ("{ item(number: 3) { number asked { one } text } }", 1),
            (
                "{ item(number: 3) { again: asked { two } ... on Item { text asked { one } } ...F } } fragment F on Item { inner { one } }",
                1,
            ),
            ("{ items(to: 3) { number __typename asked { one } again: number } }", 3),
            ("{ page(to: 3) { nodes { asked { one } text } edges { cursor } } }", 3),
            ("{ item(number: 3) { inner { one } inner { two } asked { one } } }", 1),
            // the values of a field that is selected twice are merged
            ("{ item(number: 3) { number asked { one } asked { two } } }", 0),
            ("{ item(number: 3) { number asked { one } ... @include(if: true) { text } } }", 1),
        ] {
            assert_written(query, times);
        }
        for query in [
            "{ items(to: 4) { number asked { one } failing } }",
            "{ items(to: 4) { number askedFailing } }",
            "{ item(number: 2) { number nullable askedFailing } }",
            "{ items(to: 4) { number askedNullable nullable } }",
        ] {
            let ((planned, _), (resolved, _)) = (answer(query, true), answer(query, false));
            assert_eq!(planned, resolved, "{query}");
            assert!(resolved.contains("\"errors\":[{"), "{query}: {resolved}");
        }
    }

    #[test]
    fn the_executor_resolves_what_is_merged_or_has_directives() {
        for query in [
            "{ item(number: 1) { number } item(number: 1) { text } }",
            "{ item(number: 1) { number inner { one } } item(number: 1) { inner { two } } }",
            "{ items(to: 2) { number @include(if: true) text @skip(if: true) } }",
            "{ items(to: 2) { ... @skip(if: true) { number } text } }",
            "{ items(to: 2) { ...F } } fragment F on Item { number text @skip(if: true) }",
        ] {
            assert_written(query, 0);
        }
        // plans still write the values below a selection set that the executor resolves
        assert_written("{ items(to: 2) { number @include(if: true) inner { one } } }", 2);
        assert_written("{ items(to: 3) { asked { one two } number } }", 3);
        assert_written("{ page(to: 3) { nodes { asked { one } } edges { cursor } } }", 3);
    }
}
