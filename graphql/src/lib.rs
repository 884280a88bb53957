//! The GraphQL schema: what the use cases look like from outside. One file a noun, each with its types, its part of the query and mutation
//! roots, and its rows of the visibility table.

pub mod accounts;
pub mod activity;
pub mod audit;
pub mod auth;
pub mod cabins;
pub mod calls;
pub mod credit;
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

/// Everything that can be asked.
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

/// Everything that can be done. Each mutation takes one `input` and answers the changed object or `userErrors`.
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

/// Everything that can be watched.
#[derive(MergedSubscription, Default)]
#[graphql(name = "Subscription")]
pub struct Subscription(activity::ActivitySubscription, credit::CreditSubscription);

/// The schema of every role together.
pub type Schema = async_graphql::Schema<Query, Mutation, Subscription>;

/// The schema's builder, without data: enough for its SDL.
pub fn builder() -> SchemaBuilder<Query, Mutation, Subscription> {
    async_graphql::Schema::build(Query::default(), Mutation::default(), Subscription::default())
        .disable_suggestions()
        .validation_mode(async_graphql::ValidationMode::Fast)
}

/// The schema over an [`App`].
pub fn schema(app: Arc<App>) -> Schema {
    builder().data(app).finish()
}

/// The whole schema in the schema definition language: what `schema.graphql` holds.
pub fn sdl() -> String {
    let text = builder().finish().sdl();
    format!("{}\n", text.trim_end())
}

/// What one role sees of the schema.
///
/// # Errors
/// A role that does not exist, or a visibility table that makes no schema.
pub fn role_sdl(role: &str) -> std::result::Result<String, Box<dyn std::error::Error + Send + Sync>> {
    let Some((key, bit)) = roles::ALL.iter().find(|(key, _)| *key == role) else {
        let known: Vec<&str> = roles::ALL.iter().map(|(key, _)| *key).collect();
        return Err(format!("no role {role:?}: one of {}", known.join(", ")).into());
    };
    Ok(role_schema::prune(&sdl(), key, *bit, &visibility())?.to_string())
}

/// Who sees what: every noun's rows.
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

/// The application behind a request.
pub(crate) fn app<'a>(ctx: &Context<'a>) -> &'a App {
    ctx.data_unchecked::<Arc<App>>()
}

/// What the types of the schema do not say of its members.
pub const NOTES: Notes =
    Notes { lists: LISTS, texts: TEXTS, is_line: billing::text::is_line, is_lines: billing::text::is_lines };

/// Lists that are no pages, with how many objects of each count. Some may have more, a thousand live calls, say: what an answer weighs in the end is
/// bounded by its bytes.
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

/// Input fields that take more than a line.
const TEXTS: Texts = &[
    ("ImportTariffInput.csv", Shape::File),
    ("UpdateCallshopSettingsInput.address", Shape::Lines),
    ("UpdateCallshopSettingsInput.receiptFooter", Shape::Lines),
];

/// Who calls.
///
/// # Errors
/// `UNAUTHENTICATED` when nobody is logged in.
pub(crate) fn actor<'a>(ctx: &Context<'a>) -> async_graphql::Result<&'a Actor> {
    caller(ctx).map_err(payload::top_level)
}

/// Who calls, for use inside a use case's result.
///
/// # Errors
/// [`Error::Unauthenticated`] when nobody is logged in.
pub(crate) fn caller<'a>(ctx: &Context<'a>) -> base::error::Result<&'a Actor> {
    ctx.data_opt::<Actor>().ok_or(Error::Unauthenticated)
}

/// Where the request came from.
pub(crate) fn origin<'a>(ctx: &Context<'a>) -> async_graphql::Result<&'a Origin> {
    ctx.data_opt::<Origin>().ok_or_else(|| payload::top_level(Error::fault("a request without an origin")))
}

/// Gives an enum of the database the same names in GraphQL.
macro_rules! remote_enum {
    ($(#[$meta:meta])* $name:ident = $remote:literal { $($(#[$value_meta:meta])* $value:ident),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, async_graphql::Enum)]
        #[graphql(remote = $remote)]
        pub enum $name { $($(#[$value_meta])* $value,)+ }
    };
}
pub(crate) use remote_enum;

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use apollo_compiler::Schema;
    use async_graphql::ContainerType;

    use super::*;

    fn whole() -> Schema {
        Schema::parse(sdl(), "schema.graphql").expect("a schema")
    }

    /// A list of objects is a page, is sized by its ids, or counts by [`LISTS`].
    #[test]
    fn every_list_of_objects_counts() {
        let (schema, mut known) = (whole(), BTreeSet::new());
        for (name, ty) in &schema.types {
            // introspection is bounded by itself
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

    /// Arguments that are lists are the ids that are counted, or choose among values of an enum.
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

    /// Bytes of the future that the executor allocates for each field of each object of this type.
    fn size<T: 'static, F>(_: fn(&'static T, &'static Context<'static>) -> F) -> usize {
        size_of::<F>()
    }

    /// A list of a hundred calls of ten fields each has a thousand of them at once, each as large as that of the type's largest field: what asks
    /// the database is boxed (docs/performance.md).
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
