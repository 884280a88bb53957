//! The queries whose answers are kept: those about one callshop that select only fields marked `numbered` or `ticking` ([`crate::fields`]).
//!
//! Every change of a marked field is committed together with a numbered activity of the callshop. Therefore, the number of the callshop's last
//! activity is the version of an answer, and a single read by primary key shows whether a kept answer still holds. The costs of live calls also
//! change with time: [`Freshness`] records the first instant at which an answer changes.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use apollo_compiler::ast::Value;
use apollo_compiler::executable::{ExecutableDocument, Operation, Selection, SelectionSet};
use apollo_compiler::response::{JsonMap, JsonValue};
use async_graphql::{Context, ID, Request};
use chrono::{DateTime, Utc};
use entity::{CallState, call};
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;

use super::declared;
use super::fields::Field;
use super::languages;
use super::scalars::Kind;
use app::App;
use app::activity::{self, Whose};
use app::auth::Actor;
use app::calls::pricing;
use transport::{Keep, Keepable, Reading};

/// Name endings of the types that make up a page of a list. The fields of these types depend only on the objects in the list.
const PAGES: [&str; 3] = ["Connection", "Edge", "PageInfo"];

/// Selects the queries whose answers are kept.
pub struct Numbered(pub Arc<App>);

impl Keep for Numbered {
    fn plan(&self, document: &ExecutableDocument, operation: &Operation) -> Option<Arc<dyn Keepable>> {
        let mut walk = Walk { document, spread: HashSet::new(), ticks: false };
        walk.selections(&operation.selection_set)?;
        let about = operation.root_fields(document).map(|field| {
            let argument = match field.name.as_str() {
                "callshop" | "cabin" => "id",
                _ => "callshopId",
            };
            let kind = if field.name == "cabin" { Kind::Cabin } else { Kind::Callshop };
            Some((kind, field.argument_by_name(argument).ok()?.as_ref().clone()))
        });
        let about = about.collect::<Option<Vec<_>>>()?;
        Some(Arc::new(Plan { app: self.0.clone(), about, ticks: walk.ticks }))
    }
}

/// The fields that may be in kept answers: the type, the field's name, and whether the value changes with time while a call is live.
pub fn fields() -> impl Iterator<Item = (&'static str, &'static str, bool)> {
    let marked = |field: &&Field| field.numbered || field.ticking;
    declared()
        .flat_map(move |of| of.fields.iter().filter(marked).map(|field| (of.name, field.name, field.ticking)))
}

/// Checks the fields of an operation.
struct Walk<'a> {
    document: &'a ExecutableDocument,
    /// Fragments that were already checked.
    spread: HashSet<&'a str>,
    ticks: bool,
}

impl<'a> Walk<'a> {
    /// Checks a selection set and the selection sets inside it; `None` if a field is not marked. The number of nested fields is limited when the
    /// document is parsed.
    fn selections(&mut self, set: &'a SelectionSet) -> Option<()> {
        for selection in &set.selections {
            match selection {
                Selection::Field(field) => {
                    self.ticks |= self.may_keep(&set.ty, &field.name)?;
                    self.selections(&field.selection_set)?;
                }
                Selection::InlineFragment(inline) => self.selections(&inline.selection_set)?,
                Selection::FragmentSpread(spread) => {
                    let fragment = self.document.fragments.get(&spread.fragment_name)?;
                    if self.spread.insert(spread.fragment_name.as_str()) {
                        self.selections(&fragment.selection_set)?;
                    }
                }
            }
        }
        Some(())
    }

    /// Whether the field's value changes with time; `None` if an answer that contains the field is never kept.
    fn may_keep(&self, of: &str, field: &str) -> Option<bool> {
        static MARKED: LazyLock<HashMap<(&str, &str), bool>> =
            LazyLock::new(|| fields().map(|(of, field, is_ticking)| ((of, field), is_ticking)).collect());
        if field == "__typename" || PAGES.iter().any(|ending| of.ends_with(ending)) {
            return Some(false);
        }
        MARKED.get(&(of, field)).copied()
    }
}

/// A query whose answers are kept.
struct Plan {
    app: Arc<App>,
    /// The kind and the id of the object that each root field is about.
    about: Vec<(Kind, Value)>,
    ticks: bool,
}

impl Keepable for Plan {
    fn begin(&self, variables: &JsonMap, request: &mut Request) -> Option<Box<dyn Reading>> {
        let about = self.about.iter().map(|(kind, id)| whose(*kind, id, variables));
        let about = about.collect::<Option<HashSet<_>>>()?;
        let [whose] = about.into_iter().collect::<Vec<_>>()[..] else { return None };
        let reader = reader(request)?;
        let freshness = Freshness::new(self.ticks);
        request.data.insert(freshness.clone());
        Some(Box::new(Shown { app: self.app.clone(), whose, reader, freshness }))
    }
}

/// The callshop or cabin whose id is this literal or variable.
fn whose(kind: Kind, id: &Value, variables: &JsonMap) -> Option<Whose> {
    let text = match id {
        Value::Variable(name) => match variables.get(name.as_str())? {
            JsonValue::String(text) => text.as_str(),
            _ => return None,
        },
        Value::String(text) => text.as_str(),
        _ => return None,
    };
    let id = kind.parse(&ID::from(text)).ok()?;
    Some(if kind == Kind::Cabin { Whose::Cabin(id) } else { Whose::Callshop(id) })
}

/// Everything about the caller that an answer depends on: what the caller may see, and in which form.
fn reader(request: &Request) -> Option<String> {
    let actor: &Actor = languages::found(request)?;
    let Actor { user_id, account_id, top_id, kind, role, screen_of, needs_totp, token, .. } = actor;
    let scopes = token.as_ref().map(|token| &token.scopes);
    let (principal, scope, locale) = (actor.principal(), actor.scope(), languages::of(request));
    let caller = (user_id, account_id, top_id, kind, role, screen_of, needs_totp, scopes);
    Some(format!("{principal:?} {caller:?} {scope:?} {locale:?}"))
}

/// One request for a query whose answers are kept.
struct Shown {
    app: Arc<App>,
    whose: Whose,
    reader: String,
    freshness: Freshness,
}

impl Reading for Shown {
    fn reader(&self) -> String {
        self.reader.clone()
    }

    fn version(&self) -> BoxFuture<'_, Option<String>> {
        async {
            match activity::last_number(&self.app, self.whose).await {
                Ok(number) => number.map(|number| number.to_string()),
                // the query then runs, and reports the problem with the database
                Err(error) => {
                    tracing::debug!(%error, "the number of a callshop's last activity could not be read");
                    None
                }
            }
        }
        .boxed()
    }

    fn now(&self) -> DateTime<Utc> {
        self.app.clock.now()
    }

    fn holds_until(&self) -> Option<DateTime<Utc>> {
        self.freshness.state().holds_until()
    }
}

/// How long an answer holds if the callshop has no further activity. Resolvers report each value that may change without an activity.
#[derive(Clone)]
struct Freshness {
    state: Arc<Mutex<State>>,
    /// Whether the query selects values that change with time.
    ticks: bool,
}

#[derive(Clone, Copy)]
struct State {
    is_kept: bool,
    until: DateTime<Utc>,
}

impl State {
    fn holds_until(self) -> Option<DateTime<Utc>> {
        self.is_kept.then_some(self.until)
    }
}

impl Freshness {
    fn new(ticks: bool) -> Self {
        let state = State { is_kept: true, until: DateTime::<Utc>::MAX_UTC };
        Self { state: Arc::new(Mutex::new(state)), ticks }
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn never(&self) {
        self.state().is_kept = false;
    }

    fn until(&self, at: DateTime<Utc>) {
        let mut state = self.state();
        state.until = state.until.min(at);
    }
}

/// Reports a value that may change without an activity, so the answer is not kept.
pub(super) fn never(ctx: &Context<'_>) {
    if let Some(freshness) = ctx.data_opt::<Freshness>() {
        freshness.never();
    }
}

/// Reports a call whose elapsed time and cost were computed at `as_of`.
pub(super) fn shows(ctx: &Context<'_>, call: &call::View, as_of: DateTime<Utc>) {
    let Some(freshness) = ctx.data_opt::<Freshness>() else { return };
    // if the end of a failed call is an estimate, the proxy's report of the true end is not an activity
    if call.estimated && call.state == CallState::Failed {
        freshness.never();
    }
    if let Some(at) = pricing::holds_until(call, as_of).filter(|_| freshness.ticks) {
        freshness.until(at);
    }
}
