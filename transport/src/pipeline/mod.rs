//! The stages a request passes, in order, one file each. Every transport sends its requests through here.
//!
//! 1. [`byte_cap`]: at most so many bytes.
//! 2. [`bracket_depth`]: no nesting that a recursive parser could not bear.
//! 3. [`token_cap`]: bounded work for the parser.
//! 4. [`parse`]: text to syntax tree.
//! 5. [`count`]: fields, aliases, directives, depth and complexity, through fragments, in linear time.
//! 6. [`operation`]: which operation is meant.
//! 7. [`validate`]: the document against the caller's role schema.
//! 8. [`variables`]: their values against their types; complexity again if a list's size is among them.
//! 9. [`text`]: no text has what no text should have, in the document or in a variable.
//! 10. [`introspection`] from the role schema, and [`execute`] with a deadline.
//!
//! What depends on the text and the role alone (2 to 5, and 7) is done once and kept, bounded, in [`RolePipeline`].
//! For callers the order of 6 and 7 makes no difference: an invalid document is answered as such.

use std::{sync::Arc, time::Instant};

use actix_web::http::StatusCode;
use apollo_compiler::{
    ExecutableDocument, Node, Schema,
    ast::Document,
    collections::HashMap,
    executable::Operation,
    response::{JsonMap, JsonValue},
    schema::{Implementers, Name},
    validation::Valid,
};
use async_graphql::{Request, Response, ServerError, Value};
use futures_util::{StreamExt as _, stream::BoxStream};

use super::{error::RequestError, limits::Limits};
use telemetry::RequestId;

use crate::metrics::Metrics;

pub mod bracket_depth;
pub mod byte_cap;
pub mod count;
pub mod execute;
pub mod introspection;
mod lexer;
pub mod live;
pub mod operation;
pub mod parse;
pub mod text;
pub mod token_cap;
pub mod validate;
pub mod variables;

pub use live::{Answer, Compile, Live};
pub use operation::Kind;

/// The parameters of a GraphQL request, alike on every transport.
#[derive(Debug, Default)]
pub struct Parameters {
    /// The document.
    pub query: String,
    /// Which of its operations to run.
    pub operation_name: Option<String>,
    /// Values of the operation's variables.
    pub variables: JsonMap,
}

impl Parameters {
    /// Reads the JSON object of a POST body.
    pub fn from_json(json: &[u8], limits: &Limits) -> Result<Self, RequestError> {
        bracket_depth::check_json(json, limits.json_depth)?;
        match serde_json::from_slice(json) {
            Ok(JsonValue::Object(fields)) => Self::from_fields(fields),
            Ok(JsonValue::Array(_)) => {
                Err(bad_request("BATCHES_REFUSED", "One operation per request: batches are not accepted."))
            }
            Ok(_) | Err(_) => Err(bad_request("BAD_REQUEST", "The request has to be a JSON object.")),
        }
    }

    /// Reads the URL parameters of a GET, `variables` and `extensions` being JSON in text.
    pub fn from_url(pairs: Vec<(String, String)>, limits: &Limits) -> Result<Self, RequestError> {
        let mut fields = JsonMap::new();
        for (name, value) in pairs {
            let value = match name.as_str() {
                "query" => JsonValue::String(value.into()),
                "operationName" | "variables" | "extensions" if value.is_empty() => JsonValue::Null,
                "operationName" => JsonValue::String(value.into()),
                "variables" | "extensions" => json_in_text(&name, &value, limits)?,
                _ => continue,
            };
            fields.insert(name, value);
        }
        Self::from_fields(fields)
    }

    /// Reads the fields of a POST body or of a `subscribe` payload. `null` is the same as nothing.
    pub fn from_fields(mut fields: JsonMap) -> Result<Self, RequestError> {
        let mut take = |name: &str| fields.remove(name).unwrap_or_default();
        let JsonValue::String(query) = take("query") else {
            return Err(bad_request("BAD_REQUEST", "The request needs a query, a string."));
        };
        let operation_name = match take("operationName") {
            JsonValue::Null => None,
            JsonValue::String(name) => Some(name.as_str().to_owned()),
            _ => return Err(bad_request("BAD_REQUEST", "operationName has to be a string.")),
        };
        let variables = match take("variables") {
            JsonValue::Null => JsonMap::new(),
            JsonValue::Object(variables) => variables,
            _ => return Err(bad_request("BAD_REQUEST", "variables have to be an object.")),
        };
        if !matches!(take("extensions"), JsonValue::Null | JsonValue::Object(_)) {
            return Err(bad_request("BAD_REQUEST", "extensions have to be an object."));
        }
        Ok(Self { query: query.as_str().to_owned(), operation_name, variables })
    }
}

fn json_in_text(name: &str, text: &str, limits: &Limits) -> Result<JsonValue, RequestError> {
    bracket_depth::check_json(text.as_bytes(), limits.json_depth)?;
    serde_json::from_str(text)
        .map_err(|_| bad_request("BAD_REQUEST", &format!("{name} has to be a JSON object.")))
}

fn bad_request(code: &'static str, message: &str) -> RequestError {
    RequestError::transport(StatusCode::BAD_REQUEST, code, message)
}

/// A document that passed every stage that looks at its text alone.
struct Checked {
    tree: Document,
    typed: Valid<ExecutableDocument>,
    /// The executor's own syntax tree; it parses only what is valid by then.
    for_executor: async_graphql::parser::types::ExecutableDocument,
    /// How events are written, by the operation's name.
    live: HashMap<Option<Name>, Arc<dyn Live>>,
}

/// What the types of a schema do not say of its members.
#[derive(Clone, Copy, Debug)]
pub struct Notes {
    /// What lists that are no pages count.
    pub lists: count::Lists,
    /// Input fields that take more than a line of text.
    pub texts: text::Texts,
    /// Whether a text is acceptable as one line.
    pub is_line: fn(&str) -> bool,
    /// Whether a text is acceptable as lines, each of which ends in a line feed.
    pub is_lines: fn(&str) -> bool,
}

impl Default for Notes {
    fn default() -> Self {
        Self { lists: &[], texts: &[], is_line: |_| true, is_lines: |_| true }
    }
}

/// One role's schema and the documents checked against it.
pub struct RolePipeline {
    schema: Valid<Schema>,
    implementers: HashMap<Name, Implementers>,
    /// By the document's text; refusals are kept too, so that sending one again costs nothing.
    documents: moka::sync::Cache<Arc<str>, Arc<Result<Checked, RequestError>>>,
    compile: Option<Compile>,
    notes: Notes,
}

impl RolePipeline {
    /// A pipeline for the schema a role sees.
    pub fn new(schema: Valid<Schema>, limits: &Limits) -> Self {
        let documents = moka::sync::Cache::builder()
            .weigher(|text: &Arc<str>, _| u32::try_from(text.len().max(256)).unwrap_or(u32::MAX))
            .max_capacity(limits.cached_document_bytes)
            .build();
        Self {
            implementers: schema.implementers_map(),
            schema,
            documents,
            compile: None,
            notes: Notes::default(),
        }
    }

    /// Asks this how the events of subscriptions are written.
    pub fn compile_with(&mut self, compile: Compile) {
        self.compile = Some(compile);
    }

    /// Holds requests to these notes.
    pub fn note(&mut self, notes: Notes) {
        self.notes = notes;
    }

    /// The role's schema in the schema definition language.
    pub fn sdl(&self) -> String {
        self.schema.to_string()
    }

    /// Takes a request through stages 1 to 9.
    pub fn prepare(&self, parameters: Parameters, limits: &Limits) -> Result<Prepared, RequestError> {
        byte_cap::check(parameters.query.len(), limits.body_bytes)?;
        let checked = self.checked(&parameters.query, limits);
        let document = checked.as_ref().as_ref().map_err(Clone::clone)?;
        let name = parameters.operation_name.as_deref();
        let chosen = operation::choose(&document.tree, name)?;
        let typed = document
            .typed
            .operations
            .get(name)
            .map_err(|error| RequestError::document("UNKNOWN_OPERATION", error.message().to_string()))?;
        let values = variables::coerce(&self.schema, &document.typed, typed, &parameters.variables)?;
        count::check_variables(&document.tree, chosen, &values, (limits, self.notes.lists))?;
        text::check(&self.schema, &document.typed, typed, &values, &self.notes)?;
        let roots = introspection::root_fields(&document.typed, typed);
        let introspected = if roots.introspection {
            let answer =
                introspection::answer(&self.schema, &self.implementers, &document.typed, typed, &values)?;
            Some(variables::from_json(&answer))
        } else {
            None
        };
        Ok(Prepared {
            kind: chosen.operation_type.into(),
            request: executor_request(parameters, typed, &values, document),
            introspected,
            has_data: roots.data || !roots.introspection,
            root_fields: roots.count,
            field: typed.selection_set.fields().next().map(|field| field.name.clone()),
            live: document.live.get(&typed.name).cloned(),
            observed: None,
        })
    }

    fn checked(&self, text: &str, limits: &Limits) -> Arc<Result<Checked, RequestError>> {
        if let Some(known) = self.documents.get(text) {
            return known;
        }
        let checked = Arc::new(self.check(text, limits));
        self.documents.insert(text.into(), checked.clone());
        checked
    }

    fn check(&self, text: &str, limits: &Limits) -> Result<Checked, RequestError> {
        bracket_depth::check_document(text, limits.bracket_depth)?;
        token_cap::check(text, limits.tokens)?;
        let tree = parse::parse(text, limits)?;
        count::check_document(&tree, limits, self.notes.lists)?;
        let typed = validate::validate(&tree, &self.schema)?;
        let for_executor = async_graphql::parser::parse_query(text).map_err(|_| {
            RequestError::document("GRAPHQL_PARSE_FAILED", "The document is not valid GraphQL.")
        })?;
        let live = self.live(&typed);
        Ok(Checked { tree, typed, for_executor, live })
    }

    fn live(&self, document: &ExecutableDocument) -> HashMap<Option<Name>, Arc<dyn Live>> {
        let subscriptions = document.operations.iter().filter(|operation| operation.is_subscription());
        let compiled =
            |operation: &Node<Operation>| Some((operation.name.clone(), self.compile?(document, operation)?));
        subscriptions.filter_map(compiled).collect()
    }
}

fn executor_request(
    parameters: Parameters,
    operation: &Operation,
    values: &JsonMap,
    document: &Checked,
) -> Request {
    // The text itself is not needed again: the executor gets the syntax tree.
    let mut request =
        Request::new(String::new()).variables(variables::for_executor(values)).disable_introspection();
    request.operation_name = parameters.operation_name;
    let document = document.for_executor.clone();
    request.set_parsed_query(variables::without_unset(document, operation, values));
    request
}

/// A request that passed every stage but the last.
pub struct Prepared {
    /// What the operation does.
    pub kind: Kind,
    /// For the executor; the caller's data has to be added.
    pub request: Request,
    introspected: Option<async_graphql::indexmap::IndexMap<async_graphql::Name, Value>>,
    has_data: bool,
    /// How many fields the operation has at its root, through fragments.
    pub root_fields: u32,
    /// The first field of the operation: a name of the schema, not of the client.
    pub field: Option<Name>,
    live: Option<Arc<dyn Live>>,
    observed: Option<Observed>,
}

/// Who counts what comes of an operation, and which request it is of.
struct Observed {
    metrics: Arc<Metrics>,
    request: RequestId,
    begun: Instant,
}

impl Prepared {
    /// From now on it is counted, and errors that nobody outside can explain name the request.
    pub(crate) fn observe(&mut self, metrics: Arc<Metrics>, request: RequestId, begun: Instant) {
        self.observed = Some(Observed { metrics, request, begun });
    }

    /// Runs a query or mutation within the deadline. Introspection fields keep their places among the others.
    pub async fn run(
        mut self,
        executor: &dyn execute::DynExecutor,
        limits: &Limits,
    ) -> Result<Response, RequestError> {
        let (kind, observed) = (self.kind, self.observed.take());
        let mut response = self.execute(executor, limits).await?;
        if let Some(observed) = observed {
            observed.name(&mut response);
            let outcome = observed.metrics.done(kind.as_str(), codes(&response), observed.begun.elapsed());
            tracing::Span::current().record("outcome", outcome);
        }
        Ok(response)
    }

    async fn execute(
        self,
        executor: &dyn execute::DynExecutor,
        limits: &Limits,
    ) -> Result<Response, RequestError> {
        let Some(introspected) = self.introspected else {
            return execute::run(executor, self.request, limits.query_time()).await;
        };
        if !self.has_data {
            return Ok(Response::new(Value::Object(introspected)));
        }
        let mut response = execute::run(executor, self.request, limits.query_time()).await?;
        if let Value::Object(data) = &mut response.data {
            data.extend(introspected);
        }
        Ok(response)
    }

    /// Runs a subscription. What the executor kept for it goes with its last answer, when the events are not its own.
    pub fn stream(mut self, executor: &dyn execute::DynExecutor) -> BoxStream<'static, Answer> {
        let events = self.live.map(|live| live.take_over(&mut self.request));
        let answers = execute::stream(executor, self.request).map(Answer::Response);
        let answers = match events {
            Some(events) => answers.chain(events).boxed(),
            None => answers.boxed(),
        };
        let Some(observed) = self.observed else { return answers };
        observed.metrics.subscribed();
        let running = Running(observed);
        answers.map(move |answer| running.tell(answer)).boxed()
    }
}

impl Observed {
    /// Errors of ours name the request: it is all that a client can report of them.
    fn name(&self, response: &mut Response) {
        for error in &mut response.errors {
            if code(error) == Some("INTERNAL")
                && let Some(extensions) = &mut error.extensions
            {
                extensions.set("requestId", self.request.as_str());
            }
        }
    }
}

/// A subscription, for as long as it runs.
struct Running(Observed);

impl Running {
    fn tell(&self, mut answer: Answer) -> Answer {
        self.0.metrics.messages.inc();
        if let Answer::Response(response) = &mut answer {
            self.0.name(response);
        }
        answer
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.0.metrics.subscriptions.dec();
    }
}

fn codes(response: &Response) -> impl Iterator<Item = &str> {
    response.errors.iter().map(|error| code(error).unwrap_or("NONE"))
}

fn code(error: &ServerError) -> Option<&str> {
    match error.extensions.as_ref()?.get("code")? {
        Value::String(code) => Some(code),
        _ => None,
    }
}
