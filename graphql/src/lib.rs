//! The GraphQL schema, built on the use cases. Each noun has one file with its types, its queries and mutations, and its rows of the visibility
//! table.

pub mod accounts;
pub mod activity;
pub mod audit;
pub mod auth;
pub mod cabins;
pub mod calls;
pub mod credit;
mod descriptions;
pub mod endpoint;
pub mod explain;
pub mod ledger;
pub mod live;
pub mod loaders;
pub mod node;
pub mod paging;
pub mod payload;
pub mod phones;
pub mod prices;
pub mod problems;
pub mod receipts;
pub mod register;
pub mod reports;
pub mod roles;
pub mod scalars;
pub mod sessions;
pub mod settings;
pub mod tariffs;
pub mod users;

use std::sync::Arc;

use async_graphql::{Context, MergedObject, MergedSubscription, SchemaBuilder};

use app::App;
use app::auth::Actor;
use app::auth::login::Origin;
use base::error::Error;
use roles::Rule;
use transport::pipeline::Notes;
use transport::pipeline::count::Lists;
use transport::pipeline::text::{Shape, Texts};
use transport::role_schema;

/// Queries. A field whose type ends in `Connection` is a paged list: pass exactly one of `first` and `last` (1 to 100), and optionally the
/// cursors `after` and `before`. An object outside the caller's subtree (the caller's account and the accounts below it) is null, as if it did
/// not exist.
#[derive(MergedObject, Default)]
#[graphql(name = "Query")]
pub struct Query(
    auth::AuthQuery,
    accounts::AccountQuery,
    ledger::LedgerQuery,
    audit::AuditQuery,
    users::UserQuery,
    tariffs::TariffQuery,
    prices::PriceQuery,
    phones::PhoneQuery,
    cabins::CabinQuery,
    register::RegisterQuery,
    sessions::SessionQuery,
    calls::CallQuery,
    receipts::ReceiptQuery,
    explain::ExplainQuery,
    reports::ReportQuery,
    problems::ProblemQuery,
    node::NodeQuery,
);

/// Mutations. Each takes one `input` and returns either the changed object or `userErrors`, which the caller can correct. Some inputs have an
/// `idempotencyKey`: repeating a request with the same key and input returns the first result and changes nothing. The same key with a different
/// input fails with `IDEMPOTENCY_CONFLICT`. Errors are not stored, so a failed request may be retried with the same key.
#[derive(MergedObject, Default)]
#[graphql(name = "Mutation")]
pub struct Mutation(
    auth::AuthMutation,
    accounts::AccountMutation,
    credit::CreditMutation,
    users::UserMutation,
    tariffs::TariffMutation,
    phones::PhoneMutation,
    cabins::CabinMutation,
    register::RegisterMutation,
    sessions::SessionMutation,
    settings::SettingsMutation,
    calls::CallMutation,
);

/// Live updates over WebSocket or server-sent events.
#[derive(MergedSubscription, Default)]
#[graphql(name = "Subscription")]
pub struct Subscription(activity::ActivitySubscription, credit::CreditSubscription);

/// The full schema, with the fields of every role.
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

/// The full schema in SDL: the content of `schema.graphql`.
pub fn sdl() -> String {
    let text = descriptions::replace(builder().finish().sdl());
    format!("{}\n", text.trim_end())
}

/// The SDL as one role sees it.
///
/// # Errors
/// If the role is unknown, or if the visibility table leaves an invalid schema.
pub fn role_sdl(role: &str) -> std::result::Result<String, Box<dyn std::error::Error + Send + Sync>> {
    let Some((key, bit)) = roles::ALL.iter().find(|(key, _)| *key == role) else {
        let known: Vec<&str> = roles::ALL.iter().map(|(key, _)| *key).collect();
        return Err(format!("unknown role {role:?}: use one of {}", known.join(", ")).into());
    };
    Ok(role_schema::prune(&sdl(), key, *bit, &visibility())?.to_string())
}

/// The visibility table, with the rows of all nouns.
pub fn visibility() -> Vec<Rule> {
    [
        auth::RULES,
        accounts::RULES,
        credit::RULES,
        ledger::RULES,
        audit::RULES,
        users::RULES,
        tariffs::RULES,
        prices::RULES,
        phones::RULES,
        cabins::RULES,
        register::RULES,
        sessions::RULES,
        settings::RULES,
        calls::RULES,
        receipts::RULES,
        explain::RULES,
        reports::RULES,
        problems::RULES,
        activity::RULES,
        node::RULES,
    ]
    .concat()
}

/// The application that serves this request.
pub(crate) fn app<'a>(ctx: &Context<'a>) -> &'a App {
    ctx.data_unchecked::<Arc<App>>()
}

/// Facts about fields that their types do not express.
pub const NOTES: Notes =
    Notes { lists: LISTS, texts: TEXTS, is_line: billing::text::is_line, is_lines: billing::text::is_lines };

/// Estimated lengths of lists that are not paged, used to compute a query's cost. A list may be longer than its estimate (a thousand live calls,
/// for example), because the response size limit still applies.
const LISTS: Lists = &[
    ("bandPrices", 10),
    ("bands", 10),
    ("cabins", 100),
    ("calls", 20),
    ("changes", 20),
    ("costs", 4),
    ("counterparts", 4),
    ("discounts", 10),
    ("drawer", 4),
    ("items", 20),
    ("ledgerBalances", 10),
    ("levels", 4),
    ("liveCalls", 100),
    ("methods", 4),
    ("openItems", 100),
    ("payments", 10),
    ("phones", 100),
    ("problems", 50),
    ("salesByAttendant", 20),
    ("salesByCabin", 100),
    ("salesByDestination", 100),
    ("steps", 10),
    ("totalsByDestination", 20),
    ("warnings", 100),
];

/// String inputs that may span several lines.
const TEXTS: Texts = &[
    ("ImportTariffInput.csv", Shape::File),
    ("UpdateCallshopSettingsInput.address", Shape::Lines),
    ("UpdateCallshopSettingsInput.receiptFooter", Shape::Lines),
];

/// The logged-in user of this request. The error is ready for the response.
///
/// # Errors
/// `UNAUTHENTICATED` without a login.
pub(crate) fn actor<'a>(ctx: &Context<'a>) -> async_graphql::Result<&'a Actor> {
    caller(ctx).map_err(payload::top_level)
}

/// The logged-in user, for code that returns the errors of use cases.
///
/// # Errors
/// [`Error::Unauthenticated`] without a login.
pub(crate) fn caller<'a>(ctx: &Context<'a>) -> base::error::Result<&'a Actor> {
    ctx.data_opt::<Actor>().ok_or(Error::Unauthenticated)
}

/// The client's address and user agent.
pub(crate) fn origin<'a>(ctx: &Context<'a>) -> async_graphql::Result<&'a Origin> {
    ctx.data_opt::<Origin>().ok_or_else(|| payload::top_level(Error::fault("the request has no origin")))
}

/// Declares a GraphQL enum with the same values as an existing Rust enum.
macro_rules! graphql_enum {
    ($(#[$meta:meta])* $name:ident = $remote:literal { $($(#[$value_meta:meta])* $value:ident),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, async_graphql::Enum)]
        #[graphql(remote = $remote)]
        pub enum $name { $($(#[$value_meta])* $value,)+ }
    };
}
pub(crate) use graphql_enum;

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use apollo_compiler::Schema;
    use async_graphql::ContainerType;

    use super::*;

    fn whole() -> Schema {
        Schema::parse(sdl(), "schema.graphql").expect("a schema")
    }

    /// Every list of objects is a connection, is sized by its `ids` argument, or has an entry in [`LISTS`].
    #[test]
    fn every_list_of_objects_counts() {
        let (schema, mut known) = (whole(), BTreeSet::new());
        for (name, ty) in &schema.types {
            // introspection has limits of its own
            let own = |name: &str| !name.ends_with("Connection") && !name.starts_with("__");
            let Some(ty) = ty.as_object().filter(|_| own(name)) else { continue };
            for field in ty.fields.values() {
                let of = schema.types.get(field.ty.inner_named_type()).expect("its type");
                if !field.ty.is_list() || of.is_scalar() || of.is_enum() || field.name == "userErrors" {
                    continue;
                }
                let by_ids = field.argument_by_name("ids").is_some();
                assert!(by_ids || LISTS.iter().any(|(list, _)| field.name == *list), "{name}.{}", field.name);
                known.insert(field.name.to_string());
            }
        }
        let gone: Vec<_> = LISTS.iter().filter(|(list, _)| !known.contains(*list)).collect();
        assert!(gone.is_empty(), "{gone:?}");
    }

    /// A list argument is either `ids`, which the cost counts, or a list of enum values.
    #[test]
    fn no_other_list_of_ids_goes_uncounted() {
        let schema = whole();
        let objects = schema.types.values().filter_map(|ty| ty.as_object());
        for field in objects.flat_map(|ty| ty.fields.values()) {
            for argument in field.arguments.iter().filter(|argument| argument.ty.is_list()) {
                let of = schema.types.get(argument.ty.inner_named_type()).expect("its type");
                assert!(of.is_enum() || argument.name == "ids", "{}({})", field.name, argument.name);
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

    /// A list of a hundred calls with ten fields each needs a thousand futures at once, and each is as large as the type's largest future.
    /// Resolvers that query the database are therefore boxed (docs/performance.md).
    #[test]
    fn fields_of_objects_in_lists_have_small_futures() {
        macro_rules! sizes {
            ($($type:ty),+) => { [$((stringify!($type), size(<$type as ContainerType>::resolve_field))),+] };
        }
        let sizes = sizes![
            accounts::Account,
            accounts::Callshop,
            cabins::Cabin,
            calls::Call,
            ledger::LedgerEntry,
            phones::Phone,
            register::RegisterShift,
            scalars::Money,
            sessions::CabinSession,
            tariffs::RateView,
            tariffs::Tariff,
            tariffs::TariffVersion,
            users::User
        ];
        let large: Vec<_> = sizes.into_iter().filter(|(_, size)| *size > 1_500).collect();
        assert_eq!(large, []);
    }
}
