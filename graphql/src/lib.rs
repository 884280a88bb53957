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

macro_rules! declarations {
    ($($type:ty,)+) => { &[$(<$type as Declared>::DECLARATION),+] };
}

/// The declarations of all types below the root types. A test compares this list with the source files.
const OBJECTS: &[Declaration] = declarations![
    accounts::types::Account,
    accounts::types::Callshop,
    accounts::types::DialPlanView,
    activity::Activity,
    activity::CallshopSnapshot,
    activity::CabinSnapshot,
    activity::CallshopActivity,
    activity::CabinActivity,
    activity::AccountActivity,
    activity::AccountFeed,
    live_calls::LiveCalls,
    api_tokens::ApiToken,
    api_tokens::ApiTokenPayload,
    api_tokens::ApiTokenSecretPayload,
    audit::AuditChange,
    audit::AuditEntry,
    cabins::Cabin,
    calls::CallCost,
    calls::Call,
    credit::Balance,
    day::DaySummary,
    day::AttendantDay,
    day::DayFigures,
    day::DayMethod,
    explain::ChargeStep,
    explain::ExplainedLevel,
    explain::ChargeExplanation,
    ledger::DrawerAmount,
    ledger::LedgerCounterpart,
    ledger::LedgerEntry,
    node::Node,
    payload::MessageParam,
    payload::UserError,
    phones::Phone,
    phones::PhoneSecret,
    prices::PriceView,
    prices::QuoteView,
    problems::Problem,
    problems::ProblemGroup,
    receipts::Receipt,
    receipts::PrintedBill,
    register::RegisterShift,
    register::CashMovement,
    register::report::RegisterReport,
    register::report::MethodReport,
    register::report::CabinSales,
    register::report::DestinationSales,
    register::report::AttendantSales,
    register::report::OpenItem,
    register::report::PaymentReference,
    reports::Report,
    reports::ReportGroup,
    reports::ReportFigures,
    exports::AccountStatement,
    exports::AccountStatementLine,
    exports::CreateExportLinkPayload,
    scalars::Money,
    screens::CreateScreenPayload,
    screens::CustomerScreen,
    screens::RevokeScreenPayload,
    screens::Screen,
    screens::ScreenCall,
    sessions::types::CabinSession,
    sessions::types::SessionItem,
    sessions::types::Payment,
    sessions::types::PixCode,
    sessions::types::Statement,
    sessions::types::StatementCall,
    sessions::types::StatementLine,
    sessions::types::DestinationTotal,
    tariffs::inputs::CreateTariffInput,
    tariffs::carrier_decks::DeckAnswer,
    tariffs::carrier_decks::DeckGuess,
    tariffs::carrier_decks::DeckQuestion,
    tariffs::carrier_decks::DeckSetAside,
    tariffs::derived::TariffDerivation,
    tariffs::impact::TariffImpact,
    tariffs::imports::TariffImport,
    tariffs::imports::TariffImportChanges,
    tariffs::imports::TariffMapping,
    tariffs::imports::SaveTariffMappingInput,
    tariffs::imports::DeleteTariffMappingInput,
    tariffs::imports::TariffImportPayload,
    tariffs::imports::TariffMappingPayload,
    tariffs::mutations::DeckProblem,
    tariffs::mutations::MarginWarningView,
    tariffs::mutations::MarginGuard,
    tariffs::rates::RateView,
    tariffs::rates::BandPriceView,
    tariffs::types::Tariff,
    tariffs::types::TimeBandView,
    tariffs::types::TariffVersion,
    tariffs::versions::RateChanges,
    tariffs::versions::RateChangeView,
    users::User,
    accounts::mutations::AccountPayload,
    accounts::mutations::CreateAccountPayload,
    accounts::mutations::CreateCallshopPayload,
    accounts::mutations::CallshopPayload,
    auth::LoginPayload,
    auth::LogoutPayload,
    auth::CreateStreamTicketPayload,
    auth::ChangePasswordPayload,
    totp::BeginTotpPayload,
    totp::RecoveryCodesPayload,
    totp::DisableTotpPayload,
    cabins::CabinPayload,
    calls::HangUpCallPayload,
    credit::TopUpPayload,
    credit::CreditPayload,
    phones::CreatePhonesPayload,
    phones::RotatePhoneSecretPayload,
    phones::PhonePayload,
    register::OpenRegisterPayload,
    register::RecordCashMovementPayload,
    register::CloseRegisterPayload,
    sandbox::SimulateCallPayload,
    sessions::mutations::SettleSessionPayload,
    sessions::mutations::SessionPayload,
    tariffs::mutations::CreateTariffPayload,
    tariffs::derived::DeriveTariffPayload,
    tariffs::mutations::TariffDraftPayload,
    tariffs::mutations::ActivateTariffVersionPayload,
    tariffs::mutations::AssignTariffPayload,
    tariffs::mutations::BlockDestinationPayload,
    tariffs::versions::CancelTariffVersionPayload,
    tariffs::versions::DiscardTariffVersionPayload,
    tariffs::versions::RevertTariffPayload,
    tariffs::versions::ArchiveTariffPayload,
    tariffs::versions::UpdateTariffPayload,
    users::UserPayload,
    webhooks::Webhook,
    webhooks::WebhookDelivery,
    webhooks::WebhookSecretPayload,
    webhooks::WebhookPayload,
    webhooks::DeleteWebhookPayload,
    webhooks::WebhookDeliveryPayload,
];

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
/// Fails with `UNAUTHENTICATED` without a login.
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
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use apollo_compiler::Schema;
    use async_graphql::ContainerType;

    use super::fields::Field;
    use super::*;

    fn whole() -> Schema {
        Schema::parse(sdl(), "schema.graphql").expect("a schema")
    }

    /// The declared fields of each type.
    fn fields() -> BTreeMap<&'static str, Vec<&'static Field>> {
        let mut types: BTreeMap<&'static str, Vec<&'static Field>> = BTreeMap::new();
        for declaration in declared() {
            types.entry(declaration.name).or_default().extend(declaration.fields);
        }
        types
    }

    /// Types that libraries declare.
    fn is_undeclared(name: &str) -> bool {
        name.starts_with("__")
            || ["Connection", "Edge", "PageInfo"].iter().any(|ending| name.ends_with(ending))
    }

    /// If a type is missing from the list of declarations, every role can see the type, even if its declaration restricts the roles.
    #[test]
    fn every_object_is_in_the_list_with_all_its_fields() {
        let (schema, declared) = (whole(), fields());
        for (name, ty) in &schema.types {
            let Some(ty) = ty.as_object().filter(|_| !is_undeclared(name)) else { continue };
            let fields = declared.get(name.as_str()).unwrap_or_else(|| panic!("{name} is not in the list"));
            let names: BTreeSet<&str> = fields.iter().map(|field| field.name).collect();
            let expected: BTreeSet<&str> = ty.fields.keys().map(|name| name.as_str()).collect();
            assert_eq!(names, expected, "{name}");
        }
    }

    /// The list of declarations must also contain input types and interfaces, because the declared roles of a type apply only if the type is in the
    /// list.
    #[test]
    fn every_declaration_is_in_the_list() {
        let (mut folders, mut found) = (vec![concat!(env!("CARGO_MANIFEST_DIR"), "/src").into()], 0);
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir::<std::path::PathBuf>(folder).expect("a folder") {
                let path = entry.expect("an entry").path();
                if path.is_dir() {
                    folders.push(path);
                    continue;
                }
                let text = std::fs::read_to_string(&path).expect("a source");
                let declares = |line: &&str| {
                    (line.starts_with("#[object") && !line.contains("root = ")) || *line == "payload!("
                };
                found += text.lines().filter(declares).count();
            }
        }
        assert_eq!(OBJECTS.len(), found);
    }

    /// Every list of objects is a connection, is sized by its `ids` argument, or declares its usual length.
    #[test]
    fn every_list_of_objects_counts() {
        let (schema, declared) = (whole(), fields());
        for (name, ty) in &schema.types {
            let Some(ty) = ty.as_object().filter(|_| !is_undeclared(name)) else { continue };
            for field in ty.fields.values() {
                let of = schema.types.get(field.ty.inner_named_type()).expect("its type");
                let is_counted =
                    field.ty.is_list() && !of.is_scalar() && !of.is_enum() && field.name != "userErrors";
                let known = declared[name.as_str()]
                    .iter()
                    .find(|known| known.name == field.name.as_str())
                    .expect("a field");
                let by_ids = field.argument_by_name("ids").is_some();
                assert_eq!(known.length.is_some(), is_counted && !by_ids, "{name}.{}", field.name);
            }
        }
    }

    /// To compute a query's cost, the program finds the length of a list by the field's name.
    #[test]
    fn lists_of_one_name_have_one_length() {
        let mut lengths = BTreeMap::new();
        for field in declared().flat_map(|of| of.fields).filter(|field| field.length.is_some()) {
            assert_eq!(*lengths.entry(field.name).or_insert(field.length), field.length, "{}", field.name);
        }
    }

    /// A list argument is either `ids`, which count toward the cost, or a list of enum values. The cursors in a branch subscription add nothing to
    /// the subscription's cost.
    #[test]
    fn no_other_list_of_ids_goes_uncounted() {
        let schema = whole();
        let objects = schema.types.values().filter_map(|ty| ty.as_object());
        for field in objects.flat_map(|ty| ty.fields.values()) {
            for argument in field.arguments.iter().filter(|argument| argument.ty.is_list()) {
                let of = schema.types.get(argument.ty.inner_named_type()).expect("its type");
                let is_cursors = argument.ty.inner_named_type() == "ShopCursor";
                assert!(
                    of.is_enum() || is_cursors || argument.name == "ids",
                    "{}({})",
                    field.name,
                    argument.name
                );
            }
        }
    }

    #[test]
    fn notes_are_of_texts() {
        let schema = whole();
        for (key, _) in TEXTS {
            let (ty, field) = key.split_once('.').expect("Type.field");
            let ty = schema.get_input_object(ty).unwrap_or_else(|| panic!("{key}"));
            assert_eq!(ty.fields[field].ty.inner_named_type(), "String", "{key}");
        }
    }

    /// Size in bytes of the future that the executor allocates for each field of an object of this type.
    fn size<T: 'static, F>(_: fn(&'static T, &'static Context<'static>) -> F) -> usize {
        size_of::<F>()
    }

    /// A list of a hundred calls with ten fields each needs a thousand futures at once. Each future is as large as the type's largest future.
    /// Resolvers that query the database are therefore boxed (docs/performance.md).
    #[test]
    fn fields_of_objects_in_lists_have_small_futures() {
        macro_rules! sizes {
            ($($type:ty,)+) => { [$((stringify!($type), size(<$type as ContainerType>::resolve_field))),+] };
        }
        let sizes = sizes![
            accounts::types::Account,
            accounts::types::Callshop,
            cabins::Cabin,
            calls::Call,
            ledger::LedgerEntry,
            phones::Phone,
            register::RegisterShift,
            scalars::Money,
            sessions::types::CabinSession,
            tariffs::rates::RateView,
            tariffs::types::Tariff,
            tariffs::types::TariffVersion,
            users::User,
        ];
        let large: Vec<_> = sizes.into_iter().filter(|(_, size)| *size > 1_500).collect();
        assert_eq!(large, []);
    }
}
