//! The GraphQL schema, built on the use cases. Each kind of object has one file with its types, its queries and its mutations.

pub mod accounts;
pub mod activity;
pub mod api_tokens;
pub mod audit;
pub mod auth;
pub mod cabins;
pub mod calls;
mod compiled;
pub mod credit;
pub mod day;
mod descriptions;
pub mod endpoint;
pub mod explain;
pub mod exports;
pub mod fields;
pub mod filters;
pub mod kept;
pub mod languages;
pub mod ledger;
pub mod live;
pub mod live_calls;
pub mod loaders;
pub mod node;
mod objects;
pub mod paging;
pub mod payload;
pub mod phones;
mod planned;
pub mod prices;
pub mod problems;
pub mod receipts;
pub mod register;
pub mod reports;
pub mod roles;
pub mod sandbox;
pub mod scalars;
pub mod scopes;
pub mod screens;
pub mod sessions;
pub mod settings;
pub mod tariffs;
pub mod totp;
pub mod users;
pub mod webhook_documents;
pub mod webhooks;

use std::borrow::Cow;
use std::sync::{Arc, LazyLock};

use async_graphql::{Context, MergedObject, MergedSubscription, SchemaBuilder};

use app::App;
use app::auth::Actor;
use app::auth::login::Origin;
use app::idempotency::Key;
use base::error::{Error, OrFault as _};
use fields::{Declaration, Declared};
use objects::OBJECTS;
use roles::{RoleSet, Rule};
use transport::pipeline::Notes;
use transport::pipeline::text::{Shape, Texts};
use transport::role_schema::{self, RoleSchemaError};

/// Declares a root type: its parts, and the list of their declarations.
macro_rules! root {
    ($(#[$meta:meta])* pub struct $name:ident: $merge:ident { $($part:ty,)+ }) => {
        $(#[$meta])*
        #[derive($merge, Default)]
        pub struct $name($($part),+);

        impl $name {
            /// The declarations of the root type's parts.
            const DECLARATIONS: &[Declaration] = &[$(<$part as Declared>::DECLARATION),+];
        }
    };
}

root!(
    /// Queries. A field whose type ends in `Connection` is a paged list: pass exactly one of `first` and `last` (1 to 100), and optionally the
    /// cursors `after` and `before`. An object outside the caller's subtree (the caller's account and the accounts below it) is null, as if it did
    /// not exist.
    pub struct Query: MergedObject {
        auth::AuthQuery,
        accounts::AccountQuery,
        ledger::LedgerQuery,
        audit::AuditQuery,
        users::UserQuery,
        tariffs::TariffQuery,
        tariffs::TariffVersionQuery,
        tariffs::TariffImportQuery,
        tariffs::TariffMappingQuery,
        prices::PriceQuery,
        phones::PhoneQuery,
        cabins::CabinQuery,
        register::RegisterQuery,
        sessions::SessionQuery,
        calls::CallQuery,
        receipts::ReceiptQuery,
        explain::ExplainQuery,
        reports::ReportQuery,
        exports::ExportQuery,
        day::DayQuery,
        problems::ProblemQuery,
        screens::ScreenQuery,
        api_tokens::ApiTokenQuery,
        webhooks::WebhookQuery,
        node::NodeQuery,
    }
);

root!(
    /// Mutations. Each mutation takes at most one `input`. A mutation returns either the changed object or `userErrors`, which are errors that the
    /// caller can correct. Some inputs have an `idempotencyKey`: repeating a request with the same key and input returns the first result and changes
    /// nothing. The same key with a different input fails with `IDEMPOTENCY_CONFLICT`. Errors are not stored, so a failed request may be retried with
    /// the same key.
    pub struct Mutation: MergedObject {
        auth::AuthMutation,
        totp::TotpMutation,
        accounts::AccountMutation,
        credit::CreditMutation,
        users::UserMutation,
        tariffs::TariffMutation,
        tariffs::TariffVersionMutation,
        tariffs::TariffDerivationMutation,
        tariffs::TariffImportMutation,
        tariffs::TariffMappingMutation,
        phones::PhoneMutation,
        cabins::CabinMutation,
        register::RegisterMutation,
        sessions::SessionMutation,
        settings::SettingsMutation,
        calls::CallMutation,
        screens::ScreenMutation,
        api_tokens::ApiTokenMutation,
        webhooks::WebhookMutation,
        exports::ExportMutation,
        sandbox::SandboxMutation,
    }
);

root!(
    /// Live updates over WebSocket or server-sent events.
    pub struct Subscription: MergedSubscription {
        activity::ActivitySubscription,
        live_calls::LiveCallSubscription,
        credit::CreditSubscription,
        screens::ScreenSubscription,
        tariffs::TariffImportSubscription,
        webhooks::WebhookSubscription,
    }
);

/// The full schema, including the fields of every role.
pub type Schema = async_graphql::Schema<Query, Mutation, Subscription>;

/// Schema builder without the application; sufficient to print the SDL.
pub fn builder() -> SchemaBuilder<Query, Mutation, Subscription> {
    async_graphql::Schema::build(Query::default(), Mutation::default(), Subscription::default())
        .disable_suggestions()
        .validation_mode(async_graphql::ValidationMode::Fast)
}

/// The executable schema for an [`App`].
pub fn schema(app: Arc<App>) -> Schema {
    builder().data(app).finish()
}

/// The full schema in SDL, including the fields that exist only in a sandbox.
pub fn sdl() -> String {
    let text = descriptions::replace(builder().finish().sdl());
    format!("{}\n", text.trim_end())
}

/// The schema of a production server (not a sandbox) in SDL: the content of `schema.graphql`.
///
/// # Errors
/// Fails if the schema is invalid after the visibility table is applied.
pub fn published_sdl() -> std::result::Result<String, RoleSchemaError> {
    let everyone = RoleSet::ALL.except(roles::SANDBOX);
    Ok(role_schema::prune(&sdl(), "every role", everyone, &visibility())?.to_string())
}

/// The SDL as one role sees it.
///
/// # Errors
/// Fails if the role is unknown, or if the schema is invalid after the visibility table is applied.
pub fn role_sdl(role: &str) -> std::result::Result<String, Box<dyn std::error::Error + Send + Sync>> {
    let (key, bit) = known_role(role)?;
    Ok(role_schema::prune(&sdl(), key, bit, &visibility())?.to_string())
}

/// The SDL as an API token with these scopes sees it, if its maker has this role.
///
/// # Errors
/// Fails if the role is unknown, or if the schema is invalid after the tables are applied.
pub fn token_sdl(
    role: &str,
    token_scopes: &[entity::TokenScope],
) -> std::result::Result<String, Box<dyn std::error::Error + Send + Sync>> {
    let (key, bit) = known_role(role)?;
    let table = [visibility(), scope_table()].concat();
    Ok(role_schema::prune(&sdl(), key, scopes::of_role(bit, token_scopes), &table)?.to_string())
}

fn known_role(role: &str) -> std::result::Result<(&'static str, RoleSet), String> {
    roles::ALL.into_iter().find(|(key, _)| *key == role).ok_or_else(|| {
        let known: Vec<&str> = roles::ALL.iter().map(|(key, _)| *key).collect();
        format!("unknown role {role:?}: use one of {}", known.join(", "))
    })
}

/// All declarations.
fn declared() -> impl Iterator<Item = &'static Declaration> {
    let all = [Query::DECLARATIONS, Mutation::DECLARATIONS, Subscription::DECLARATIONS, OBJECTS];
    all.into_iter().flatten()
}

/// The visibility table: the declared roles of all types and fields.
pub fn visibility() -> Vec<Rule> {
    static TABLE: LazyLock<Vec<(String, RoleSet)>> =
        LazyLock::new(|| declared().flat_map(Declaration::rules).collect());
    TABLE.iter().map(|(key, roles)| (key.as_str(), *roles)).collect()
}

/// The table of scopes: the declared scopes of all types and fields. The types for the pages of a list have the same scope as the type of the list's
/// objects.
pub fn scope_table() -> Vec<Rule> {
    static TABLE: LazyLock<Vec<(String, RoleSet)>> = LazyLock::new(|| {
        let sdl = sdl();
        let pages = declared().filter_map(|of| Some((of.name, of.scope?))).flat_map(|(name, scope)| {
            ["Connection", "Edge"].map(|ending| (format!("{name}{ending}"), scope))
        });
        let pages = pages.filter(|(name, _)| sdl.contains(&format!("\ntype {name} ")));
        declared().flat_map(Declaration::scopes).chain(pages).collect()
    });
    TABLE.iter().map(|(key, scopes)| (key.as_str(), *scopes)).collect()
}

/// The application that serves this request.
pub(crate) fn app<'a>(ctx: &Context<'a>) -> &'a App {
    ctx.data_unchecked::<Arc<App>>()
}

/// Facts about fields that the fields' types do not express.
pub fn notes() -> Notes {
    static LISTS: LazyLock<Vec<(&'static str, u64)>> = LazyLock::new(|| {
        let lengths =
            declared().flat_map(|of| of.fields).filter_map(|field| Some((field.name, field.length?)));
        lengths.collect()
    });
    Notes {
        lists: &LISTS,
        texts: TEXTS,
        is_line: billing::text::is_line,
        is_lines: billing::text::is_lines,
        scalar: scalars::refused,
    }
}

/// String inputs that may span several lines.
const TEXTS: Texts = &[
    ("ImportTariffInput.csv", Shape::File),
    ("ImportTariffInput.mapping", Shape::File),
    ("CreateTariffImportInput.mapping", Shape::File),
    ("AnswerTariffImportInput.mapping", Shape::File),
    ("SaveTariffMappingInput.mapping", Shape::File),
    ("CreateWebhookInput.query", Shape::File),
    ("UpdateWebhookInput.query", Shape::File),
    ("UpdateCallshopSettingsInput.address", Shape::Lines),
    ("UpdateCallshopSettingsInput.receiptFooter", Shape::Lines),
];

/// The logged-in user of this request. The returned error can be sent to the client as it is.
///
/// # Errors
/// Fails with `UNAUTHENTICATED` if there is no login.
pub(crate) fn actor<'a>(ctx: &Context<'a>) -> async_graphql::Result<&'a Actor> {
    caller(ctx).map_err(payload::top_level)
}

/// The logged-in user, for code that returns the errors of use cases.
///
/// # Errors
/// Fails with [`Error::Unauthenticated`] without a login.
pub(crate) fn caller<'a>(ctx: &Context<'a>) -> base::error::Result<&'a Actor> {
    ctx.data_opt::<Actor>().ok_or(Error::Unauthenticated)
}

/// The logged-in user, with the idempotency key that the client sent with this mutation, if any.
///
/// # Errors
/// Fails with [`Error::Unauthenticated`] without a login, and with `INVALID_INPUT` for a key that is empty or too long.
pub(crate) fn keyed<'a>(ctx: &Context<'a>, key: Option<&str>) -> base::error::Result<Cow<'a, Actor>> {
    let actor = caller(ctx)?;
    let Some(key) = key else { return Ok(Cow::Borrowed(actor)) };
    let arguments = ctx.field().arguments().map_err(|error| Error::fault(error.message))?;
    let input =
        arguments.into_iter().map(|(name, value)| Ok((name.to_string(), value.into_json().or_fault()?)));
    let input = input.collect::<base::error::Result<serde_json::Map<_, _>>>()?;
    let key = Key::new(ctx.field().name(), key, input.into())?;
    Ok(Cow::Owned(actor.clone().with_key(key)))
}

/// The client's address and user agent.
pub(crate) fn origin<'a>(ctx: &Context<'a>) -> async_graphql::Result<&'a Origin> {
    ctx.data_opt::<Origin>().ok_or_else(|| {
        payload::top_level(Error::fault("the request has no origin; this is a bug, please report it"))
    })
}

/// Declares a GraphQL enum with the same values as an existing Rust enum.
macro_rules! graphql_enum {
    ($(#[$meta:meta])* $name:ident = $remote:literal { $($(#[$value_meta:meta])* $value:ident),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, async_graphql::Enum)]
        #[graphql(remote = $remote)]
        pub enum $name { $($(#[$value_meta])* $value,)+ }

        $crate::compiled::enums!($name);
    };
}
pub(crate) use graphql_enum;

#[cfg(test)]
mod tests;
