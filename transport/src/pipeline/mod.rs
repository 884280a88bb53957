//! The stages that every request passes through, in order. Each stage has its own file, and all transports use the same stages.
//!
//! 1. [`byte_cap`]: limits the size.
//! 2. [`parse`]: parses the text to a syntax tree, with limits on nesting and tokens.
//! 3. [`count`]: limits fields, aliases, directives, depth and complexity, including those in fragments, in linear time.
//! 4. [`operation`]: chooses the operation.
//! 5. [`validate`]: validates the document against the caller's role schema.
//! 6. [`variables`]: checks the values of the variables against their types. If a variable determines the size of a list, the complexity is checked
//!    again.
//! 7. [`text`]: refuses forbidden characters in any text of the document or a variable.
//! 8. [`introspection`] is resolved from the role schema; [`execute`] runs everything else, with a deadline.
//!
//! The stages that depend only on the text and the role (stages 2, 3 and 5) run once per document, and [`RolePipeline`] caches their result in a
//! bounded cache. The order of stages 4 and 5 makes no difference to clients, because an invalid document gets its validation errors in either
//! order.

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

use super::{error::RequestError, languages::Languages, limits::Limits, persisted};
use telemetry::RequestId;

use crate::{
    kept::{self, Keep, Keepable, Place},
    metrics::Metrics,
    rate::Allowance,
};

mod asked;
pub mod byte_cap;
pub mod count;
pub mod execute;
pub mod introspection;
pub mod json_depth;
pub mod live;
pub mod operation;
pub mod parse;
pub mod plans;
mod resume;
mod root;
pub mod text;
pub mod validate;
pub mod variables;

use asked::Asked;
pub use live::{Answer, Compile, Live, Position};
pub use operation::Kind;
pub use plans::Plans;

/// The parameters of a GraphQL request, the same on every transport.
#[derive(Debug, Default)]
pub struct Parameters {
    /// The document; empty if the client sent only its name.
    pub query: String,
    /// The document's name: its SHA-256 hash, or any other text, which matches no document. See [`Documents`](crate::Documents).
    pub document: Option<String>,
    /// The name of the operation to run. The name may be `None` if the document has only one operation.
    pub operation_name: Option<String>,
    /// Values of the operation's variables.
    pub variables: JsonMap,
    /// Whether the response should have `extensions.cost`.
    pub wants_cost: bool,
    /// The cursor after which a subscription starts, in place of the argument in the document.
    pub after: Option<String>,
    /// The languages that the client prefers, which the application finds in the request's data.
    pub languages: Languages,
}

impl Parameters {
    /// Reads the JSON object of a POST body.
    pub fn from_json(json: &[u8], limits: &Limits) -> Result<Self, RequestError> {
        json_depth::check(json, limits.json_depth)?;
        match serde_json::from_slice(json) {
            Ok(JsonValue::Object(fields)) => Self::from_fields(fields),
            Ok(JsonValue::Array(_)) => Err(bad_request(
                "BATCHES_REFUSED",
                "Batches are not accepted. Send one operation per request.",
            )),
            Ok(_) | Err(_) => Err(bad_request("BAD_REQUEST", "The request must be a JSON object.")),
        }
    }

    /// Reads the URL parameters of a GET; `variables` and `extensions` are JSON texts.
    pub fn from_url(pairs: Vec<(String, String)>, limits: &Limits) -> Result<Self, RequestError> {
        let mut fields = JsonMap::new();
        for (name, value) in pairs {
            let value = match name.as_str() {
                "query" | "documentId" => JsonValue::String(value.into()),
                "operationName" | "variables" | "extensions" if value.is_empty() => JsonValue::Null,
                "operationName" => JsonValue::String(value.into()),
                "variables" | "extensions" => json_in_text(&name, &value, limits)?,
                _ => continue,
            };
            fields.insert(name, value);
        }
        Self::from_fields(fields)
    }

    /// Reads the fields of a POST body or of a `subscribe` payload. `null` counts as a missing field.
    pub fn from_fields(mut fields: JsonMap) -> Result<Self, RequestError> {
        let mut take = |name: &str| fields.remove(name).unwrap_or_default();
        let query = match take("query") {
            JsonValue::Null => None,
            JsonValue::String(query) => Some(query.as_str().to_owned()),
            _ => return Err(bad_request("BAD_REQUEST", "`query` must be a string.")),
        };
        let operation_name = match take("operationName") {
            JsonValue::Null => None,
            JsonValue::String(name) => Some(name.as_str().to_owned()),
            _ => return Err(bad_request("BAD_REQUEST", "`operationName` must be a string.")),
        };
        let variables = match take("variables") {
            JsonValue::Null => JsonMap::new(),
            JsonValue::Object(variables) => variables,
            _ => return Err(bad_request("BAD_REQUEST", "`variables` must be an object.")),
        };
        let extensions = match take("extensions") {
            JsonValue::Null => JsonMap::new(),
            JsonValue::Object(extensions) => extensions,
            _ => return Err(bad_request("BAD_REQUEST", "`extensions` must be an object.")),
        };
        let document = persisted::name(take("documentId"), &extensions)?;
        if query.is_none() && document.is_none() {
            return Err(bad_request("BAD_REQUEST", "`query` is required and must be a string."));
        }
        let wants_cost = extensions.get("cost").and_then(JsonValue::as_bool).unwrap_or_default();
        let query = query.unwrap_or_default();
        Ok(Self {
            query,
            document,
            operation_name,
            variables,
            wants_cost,
            after: None,
            languages: Languages::default(),
        })
    }
}

fn json_in_text(name: &str, text: &str, limits: &Limits) -> Result<JsonValue, RequestError> {
    json_depth::check(text.as_bytes(), limits.json_depth)?;
    serde_json::from_str(text)
        .map_err(|_| bad_request("BAD_REQUEST", &format!("`{name}` must be a JSON object.")))
}

fn bad_request(code: &'static str, message: &str) -> RequestError {
    RequestError::transport(StatusCode::BAD_REQUEST, code, message)
}

/// A document that passed every stage that depends only on its text.
struct Checked {
    tree: Document,
    typed: Valid<ExecutableDocument>,
    /// The executor's own syntax tree, which is parsed only once the document is valid.
    for_executor: async_graphql::parser::types::ExecutableDocument,
    /// Number of fields of all operations. A fragment's fields count each time that the fragment is spread.
    fields: u64,
    /// The plans that write values in the executor's place.
    plans: Arc<Plans>,
    /// Compiled subscriptions, keyed by the operation's name.
    live: HashMap<Option<Name>, Arc<dyn Live>>,
    /// Queries whose answers are kept, keyed by the operation's name.
    keepable: HashMap<Option<Name>, Arc<dyn Keepable>>,
    /// Hash of the text.
    hash: [u8; 32],
}

/// Facts about the members of a schema that the schema's types do not express.
#[derive(Clone, Copy, Debug)]
pub struct Notes {
    /// Usual sizes of lists that are not paged.
    pub lists: count::Lists,
    /// Input fields whose text may have more than one line.
    pub texts: text::Texts,
    /// Whether a text is valid for a field that allows only one line.
    pub is_line: fn(&str) -> bool,
    /// Whether a text is valid for a field that allows several lines, each of which ends in a line feed.
    pub is_lines: fn(&str) -> bool,
    /// The reason why a text is not a value of the scalar with this name; `None` if the text is such a value, or if the scalar is not checked.
    pub scalar: fn(&str, &str) -> Option<String>,
}

impl Default for Notes {
    fn default() -> Self {
        Self { lists: &[], texts: &[], is_line: |_| true, is_lines: |_| true, scalar: |_, _| None }
    }
}

/// One role's schema and the documents checked against it.
pub struct RolePipeline {
    schema: Valid<Schema>,
    implementers: HashMap<Name, Implementers>,
    /// Results of the checks, keyed by the document's text. Refusals are cached, too, so repeating a refused document costs nothing.
    documents: moka::sync::Cache<Arc<str>, Arc<Result<Checked, RequestError>>>,
    compile: Option<Compile>,
    keep: Option<Arc<dyn Keep>>,
    notes: Notes,
}

/// Number of bytes that the cache counts for the compiled writer of a field.
const WRITER_BYTES: u64 = 100;

/// The number of bytes that the cache counts for a document: the document's text (at least 256 bytes), and the writers that its plans may have. The
/// plans repeat a fragment's writers each time that the document spreads the fragment, so the plans may be much larger than the text.
fn weight(text: &str, checked: &Result<Checked, RequestError>) -> u32 {
    let writers = checked.as_ref().map_or(0, |checked| checked.fields.saturating_mul(WRITER_BYTES));
    let text = u64::try_from(text.len().max(256)).unwrap_or(u64::MAX);
    u32::try_from(text.saturating_add(writers)).unwrap_or(u32::MAX)
}

impl RolePipeline {
    /// Creates a pipeline for the schema visible to a role.
    pub fn new(schema: Valid<Schema>, limits: &Limits) -> Self {
        let documents = moka::sync::Cache::builder()
            .weigher(|text: &Arc<str>, checked: &Arc<Result<Checked, RequestError>>| weight(text, checked))
            .max_capacity(limits.cached_document_bytes)
            .build();
        Self {
            implementers: schema.implementers_map(),
            schema,
            documents,
            compile: None,
            keep: None,
            notes: Notes::default(),
        }
    }

    /// Sets the object that selects the queries whose answers are kept.
    pub fn keep(&mut self, keep: Arc<dyn Keep>) {
        self.keep = Some(keep);
    }

    /// Sets the compiler of subscriptions.
    pub fn compile_with(&mut self, compile: Compile) {
        self.compile = Some(compile);
    }

    /// Makes the pipeline enforce the rules in `notes`.
    pub fn note(&mut self, notes: Notes) {
        self.notes = notes;
    }

    /// The role's schema in SDL.
    pub fn sdl(&self) -> String {
        self.schema.to_string()
    }

    /// Takes a request through stages 1 to 7, and resolves introspection.
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
        let after = self.cursor(&parameters, (&document.typed, typed))?;
        let cost = match parameters.wants_cost {
            true => Some(Cost {
                counted: count::count(&document.tree, chosen, Some(&values), (limits, self.notes.lists))?
                    .complexity,
                limit: limits.complexity,
            }),
            false => None,
        };
        let roots = introspection::root_fields(&document.typed, typed);
        let introspected = if roots.introspection {
            let answer =
                introspection::answer(&self.schema, &self.implementers, &document.typed, typed, &values)?;
            Some(variables::from_json(&answer))
        } else {
            None
        };
        let keepable =
            document.keepable.get(&typed.name).filter(|_| cost.is_none() && introspected.is_none());
        let keepable = keepable.map(|query| (query.clone(), document.hash));
        let mut request = Request::new(String::new()).disable_introspection();
        request.operation_name = parameters.operation_name;
        request.data.insert(parameters.languages);
        Ok(Prepared {
            kind: chosen.operation_type.into(),
            keepable,
            request,
            introspected,
            has_data: roots.data || !roots.introspection,
            root_fields: roots.count,
            field: typed.root_fields(&document.typed).next().map(|field| field.name.clone()),
            live: document.live.get(&typed.name).cloned(),
            cost,
            rate: None,
            observed: None,
            asked: Asked { checked: checked.clone(), values, after },
        })
    }

    /// The cursor from which the operation resumes; `None` if the operation cannot resume.
    fn cursor(
        &self,
        parameters: &Parameters,
        (document, operation): (&ExecutableDocument, &Operation),
    ) -> Result<Option<String>, RequestError> {
        let asked = parameters.after.as_ref().filter(|_| resume::is_possible(document, operation));
        match asked {
            Some(cursor) if !(self.notes.is_line)(cursor) => Err(RequestError::document(
                "INVALID_INPUT",
                "The id of the last event has forbidden characters.",
            )),
            asked => Ok(asked.cloned()),
        }
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
        let tree = parse::parse(text, limits)?;
        let fields = count::check_document(&tree, limits, self.notes.lists)?;
        let typed = validate::validate(&tree, &self.schema)?;
        let for_executor = async_graphql::parser::parse_query(text).map_err(|_| {
            RequestError::document("GRAPHQL_PARSE_FAILED", "The document is not valid GraphQL.")
        })?;
        let for_executor = root::without_fragments(for_executor);
        let plans = Arc::new(Plans::of(&for_executor));
        let (live, keepable) = (self.live(&typed), self.keepable(&typed));
        let hash = kept::digest([text.as_bytes()]);
        Ok(Checked { tree, typed, for_executor, fields, plans, live, keepable, hash })
    }

    fn keepable(&self, document: &ExecutableDocument) -> HashMap<Option<Name>, Arc<dyn Keepable>> {
        let queries = document.operations.iter().filter(|operation| operation.is_query());
        let planned = |operation: &Node<Operation>| {
            Some((operation.name.clone(), self.keep.as_ref()?.plan(document, operation)?))
        };
        queries.filter_map(planned).collect()
    }

    fn live(&self, document: &ExecutableDocument) -> HashMap<Option<Name>, Arc<dyn Live>> {
        let subscriptions = document.operations.iter().filter(|operation| operation.is_subscription());
        let compiled =
            |operation: &Node<Operation>| Some((operation.name.clone(), self.compile?(document, operation)?));
        subscriptions.filter_map(compiled).collect()
    }
}

/// A request that passed every stage before execution.
pub struct Prepared {
    /// The kind of the operation.
    pub kind: Kind,
    /// The executor's request. The transport must still attach the caller's data.
    pub request: Request,
    introspected: Option<async_graphql::indexmap::IndexMap<async_graphql::Name, Value>>,
    has_data: bool,
    /// Number of root fields, including those in fragments.
    pub root_fields: u32,
    /// The operation's first field: a name from the schema, not from the client.
    pub field: Option<Name>,
    live: Option<Arc<dyn Live>>,
    asked: Asked,
    /// A query whose answers are kept, with the hash of its document.
    keepable: Option<(Arc<dyn Keepable>, [u8; 32])>,
    /// The cost, if the response should have it.
    cost: Option<Cost>,
    /// The caller's remaining quota, if the response should have the cost.
    pub(crate) rate: Option<Allowance>,
    observed: Option<Observed>,
}

/// The complexity of an operation, and its limit.
#[derive(Clone, Copy, Debug)]
struct Cost {
    counted: u64,
    limit: u64,
}

impl Cost {
    fn to_value(self) -> Value {
        let field = |name: &str, number: u64| (async_graphql::Name::new(name), Value::from(number));
        Value::Object([field("complexity", self.counted), field("limit", self.limit)].into_iter().collect())
    }
}

/// The metrics that count an operation, and the id of the operation's request.
struct Observed {
    metrics: Arc<Metrics>,
    request: RequestId,
    begun: Instant,
}

impl Prepared {
    /// Asks the application for the positions of a subscription's messages.
    pub(crate) fn positioned(&mut self) -> Position {
        let position = Position::default();
        self.request.data.insert(position.clone());
        position
    }

    /// The place where the answer is kept, if answers to this query are kept. Call this method once the request has the caller's data.
    pub(crate) fn place(&mut self) -> Option<Place> {
        let (query, document) = self.keepable.take()?;
        let reading = query.begin(&self.asked.values, &mut self.request)?;
        Place::new((&document, self.request.operation_name.as_deref()), &self.asked.values, reading)
    }

    /// Counts an operation that did not have to run, because its answer was already kept.
    pub(crate) fn answered(self) {
        if let Some(observed) = self.observed {
            let outcome = observed.metrics.done(self.kind.as_str(), [], observed.begun.elapsed());
            tracing::Span::current().record("outcome", outcome);
        }
    }

    /// Whether the operation reads the schema.
    pub(crate) fn is_introspection(&self) -> bool {
        self.introspected.is_some()
    }

    /// Whether the response should have the cost.
    pub(crate) fn wants_cost(&self) -> bool {
        self.cost.is_some()
    }

    /// Starts counting the operation, and adds the request's id to internal errors.
    pub(crate) fn observe(&mut self, metrics: Arc<Metrics>, request: RequestId, begun: Instant) {
        self.request.data.insert(metrics.resolved.clone());
        self.observed = Some(Observed { metrics, request, begun });
    }

    /// Runs a query or mutation within the deadline. Introspection fields keep their positions among the other fields.
    pub async fn run(
        mut self,
        executor: &dyn execute::DynExecutor,
        limits: &Limits,
    ) -> Result<Response, RequestError> {
        let (kind, observed, cost) = (self.kind, self.observed.take(), self.cost);
        let mut response = self.execute(executor, limits).await?;
        if let Some(cost) = cost {
            response.extensions.insert("cost".to_owned(), cost.to_value());
        }
        if let Some(observed) = observed {
            observed.name(&mut response);
            let outcome = observed.metrics.done(kind.as_str(), codes(&response), observed.begun.elapsed());
            tracing::Span::current().record("outcome", outcome);
        }
        Ok(response)
    }

    async fn execute(
        mut self,
        executor: &dyn execute::DynExecutor,
        limits: &Limits,
    ) -> Result<Response, RequestError> {
        self.asked.complete(&mut self.request);
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

    /// Runs a subscription. A compiled subscription sends its events after the executor's last response, when the executor's memory is already free.
    pub fn stream(mut self, executor: &dyn execute::DynExecutor) -> BoxStream<'static, Answer> {
        self.asked.complete(&mut self.request);
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
    /// Adds the request's id to internal errors, because the id is all that a client can report about an internal error.
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

/// Counts a subscription as open until it is dropped.
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
