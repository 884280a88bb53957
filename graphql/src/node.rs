//! The Relay fields `node` and `nodes`, which refetch any object by its global id.

use graphql_macros::object;
use std::collections::{BTreeSet, HashMap};

use async_graphql::{Context, ID, Interface};
use uuid::Uuid;

use super::accounts::{Account, Callshop};
use super::api_tokens::ApiToken;
use super::cabins::Cabin;
use super::calls::Call;
use super::compiled::{Below, Output};
use super::payload::{nullable, top_level};
use super::phones::Phone;
use super::register::RegisterShift;
use super::roles::SIGNED_IN;
use super::scalars::{Kind, parse_any};
use super::sessions::CabinSession;
use super::tariffs::{Tariff, TariffVersion};
use super::users::User;
use super::webhooks::Webhook;
use super::{app, caller, scopes};
use crate::fields::Declared;
use crate::roles::RoleSet;
use app::access::Shop;
use app::{accounts, api_tokens, cabins, phones, register, sessions, tariffs, users, webhooks};
use base::error::{Error, Result};

/// Maximum number of ids in one `nodes` query.
const MAX_NODES: usize = 100;

/// An object with a global id, which `node` and `nodes` can refetch.
#[object(roles = SIGNED_IN)]
#[allow(clippy::large_enum_variant, reason = "short-lived: each value goes straight into a response")]
#[derive(Interface)]
#[graphql(field(
    name = "id",
    ty = "ID",
    method = "resolve_id",
    desc = "Opaque and stable; the same object always has the same id."
))]
pub enum Node {
    /// The platform, a distributor or a reseller.
    Account(Account),
    /// A callshop.
    Callshop(Callshop),
    /// A user.
    User(User),
    /// A phone.
    Phone(Phone),
    /// A cabin.
    Cabin(Cabin),
    /// A cabin session.
    CabinSession(CabinSession),
    /// A call.
    Call(Call),
    /// A tariff.
    Tariff(Tariff),
    /// A version of a tariff.
    TariffVersion(TariffVersion),
    /// A register shift.
    RegisterShift(RegisterShift),
    /// An API token.
    ApiToken(ApiToken),
    /// A webhook.
    Webhook(Webhook),
}

/// The executor resolves interfaces.
impl Output for Node {
    type Plan = ();

    fn compile(_: &Below<'_>) -> Option<()> {
        None
    }

    fn write(&self, (): &(), _: &mut Vec<u8>) -> async_graphql::Result<()> {
        Err(top_level(Error::fault("an interface has no plan")))
    }
}

/// The fields of `Query` for objects of any type by their global ids.
#[derive(Default)]
pub struct NodeQuery;

#[object(root = "Query")]
impl NodeQuery {
    /// The object with this global id; null if the object is not in the caller's subtree, or if the caller's role has no permission to see it.
    #[field(roles = SIGNED_IN, scope = ANY_TOKEN)]
    async fn node(&self, ctx: &Context<'_>, id: ID) -> Option<async_graphql::Result<Node>> {
        found(find(ctx, &id).await)
    }

    /// Like `node`, but for up to 100 ids. The result has the same length and order as `ids`, with null for objects that are not found.
    #[field(roles = SIGNED_IN, scope = ANY_TOKEN)]
    async fn nodes(&self, ctx: &Context<'_>, ids: Vec<ID>) -> async_graphql::Result<Vec<Option<Node>>> {
        if ids.len() > MAX_NODES {
            return Err(top_level(Error::invalid(
                "ids",
                base::message!("Give at most {max} ids.", max = MAX_NODES),
            )));
        }
        let mut places: HashMap<Kind, Vec<(usize, Uuid)>> = HashMap::new();
        for (at, id) in ids.iter().enumerate() {
            if let Some((kind, row)) = parse_any(id) {
                places.entry(kind).or_default().push((at, row));
            }
        }
        let mut nodes = Nodes(ids.iter().map(|_| None).collect());
        for (kind, places) in &places {
            Box::pin(nodes.find(ctx, *kind, places)).await.map_err(top_level)?;
        }
        Ok(nodes.0)
    }
}

/// The objects, at the positions of their ids; `None` for an object that is missing or hidden from the role.
struct Nodes(Vec<Option<Node>>);

impl Nodes {
    /// Finds all objects of one kind with one query.
    async fn find(&mut self, ctx: &Context<'_>, kind: Kind, places: &[(usize, Uuid)]) -> Result<()> {
        let (app, actor) = (app(ctx), caller(ctx)?);
        if !scopes::allows(actor, scope(kind)) {
            return Ok(());
        }
        let ids: BTreeSet<Uuid> = places.iter().map(|(_, id)| *id).collect();
        let ids: Vec<Uuid> = ids.into_iter().collect();
        macro_rules! put {
            ($found:expr, $id:expr, $node:expr) => {
                self.put(places, $found.await?, $id, $node)
            };
        }
        match kind {
            Kind::Account => {
                put!(accounts::find_all(app, actor, &ids), |row| row.id, |row| Node::Account(Account(row)));
            }
            Kind::Callshop => {
                put!(accounts::find_shops(app, actor, &ids), Shop::id, |shop| Node::Callshop(Callshop(shop)));
            }
            Kind::User => put!(users::find_all(app, actor, &ids), |row| row.id, |row| Node::User(User(row))),
            Kind::Phone => {
                put!(phones::find_all(app, actor, &ids), |view| view.phone.id, |view| Node::Phone(Phone(
                    view
                )));
            }
            Kind::Cabin => {
                put!(cabins::find_all(app, actor, &ids), |view| view.cabin.id, |view| Node::Cabin(Cabin(
                    view
                )));
            }
            Kind::CabinSession => {
                let node = |view| Node::CabinSession(CabinSession(view));
                put!(sessions::find_all(app, actor, &ids), |view| view.session.id, node);
            }
            Kind::Call => {
                let now = app.clock.now();
                put!(app::calls::find_all(app, actor, &ids), |row| row.id, |row| Node::Call(Call::new(
                    row, now
                )));
            }
            Kind::Tariff => {
                put!(tariffs::find_all(app, actor, &ids), |row| row.id, |row| Node::Tariff(Tariff(row)));
            }
            Kind::TariffVersion => {
                let node = |version| Node::TariffVersion(TariffVersion(version));
                put!(tariffs::find_versions(app, actor, &ids), |found| found.version.id, node);
            }
            Kind::RegisterShift => {
                let node = |view| Node::RegisterShift(RegisterShift(view));
                put!(register::find_all(app, actor, &ids), |view| view.shift.id, node);
            }
            Kind::ApiToken => {
                put!(api_tokens::find_all(app, actor, &ids), |row| row.id, |row| Node::ApiToken(ApiToken(
                    row
                )));
            }
            Kind::Webhook => {
                put!(webhooks::find_all(app, actor, &ids), |row| row.id, |row| Node::Webhook(Webhook(row)));
            }
            // these kinds are parts of other objects, not nodes; see `find`
            Kind::SessionItem
            | Kind::WebhookDelivery
            | Kind::LedgerTransfer
            | Kind::Screen
            | Kind::Payment
            | Kind::CashMovement
            | Kind::AuditEntry
            | Kind::TariffImport
            | Kind::TariffMapping => {}
        }
        Ok(())
    }

    fn put<M: Clone>(
        &mut self,
        places: &[(usize, Uuid)],
        found: Vec<M>,
        id: impl Fn(&M) -> Uuid,
        node: impl Fn(M) -> Node,
    ) {
        let found: HashMap<Uuid, M> = found.into_iter().map(|model| (id(&model), model)).collect();
        for (at, id) in places {
            self.0[*at] = found.get(id).cloned().map(&node);
        }
    }
}

/// An id must not reveal whether an object exists, so an object that is hidden from the role is null, like a missing object.
fn found(result: Result<Node>) -> Option<async_graphql::Result<Node>> {
    match result {
        Err(Error::Forbidden) => None,
        result => nullable(result),
    }
}

/// The scopes of tokens that may see objects of a kind.
fn scope(kind: Kind) -> Option<RoleSet> {
    fn of<T: Declared>() -> Option<RoleSet> {
        T::DECLARATION.scope
    }
    match kind {
        Kind::Account => of::<Account>(),
        Kind::Callshop => of::<Callshop>(),
        Kind::User => of::<User>(),
        Kind::Phone => of::<Phone>(),
        Kind::Cabin => of::<Cabin>(),
        Kind::CabinSession => of::<CabinSession>(),
        Kind::Call => of::<Call>(),
        Kind::Tariff => of::<Tariff>(),
        Kind::TariffVersion => of::<TariffVersion>(),
        Kind::RegisterShift => of::<RegisterShift>(),
        Kind::ApiToken => of::<ApiToken>(),
        Kind::Webhook => of::<Webhook>(),
        // these kinds are not nodes
        Kind::SessionItem
        | Kind::WebhookDelivery
        | Kind::LedgerTransfer
        | Kind::Screen
        | Kind::Payment
        | Kind::CashMovement
        | Kind::AuditEntry
        | Kind::TariffImport
        | Kind::TariffMapping => None,
    }
}

async fn find(ctx: &Context<'_>, id: &ID) -> Result<Node> {
    let (app, actor) = (app(ctx), caller(ctx)?);
    let (kind, id) = parse_any(id).ok_or(Error::NotFound)?;
    if !scopes::allows(actor, scope(kind)) {
        return Err(Error::NotFound);
    }
    Ok(match kind {
        Kind::Account => Node::Account(Account(accounts::find(app, actor, id).await?)),
        Kind::Callshop => Node::Callshop(Callshop(accounts::find_shop(app, actor, id).await?)),
        Kind::User => Node::User(User(users::find(app, actor, id).await?)),
        Kind::Phone => Node::Phone(Phone(phones::find(app, actor, id).await?)),
        Kind::Cabin => Node::Cabin(Cabin(cabins::find(app, actor, id).await?)),
        Kind::CabinSession => Node::CabinSession(CabinSession(sessions::find(app, actor, id).await?)),
        Kind::Call => Node::Call(Call::new(app::calls::find(app, actor, id).await?, app.clock.now())),
        Kind::Tariff => Node::Tariff(Tariff(tariffs::find(app, actor, id).await?)),
        Kind::TariffVersion => {
            Node::TariffVersion(TariffVersion(tariffs::find_version(app, actor, id).await?))
        }
        // an item or payment belongs to a session, and a movement to a shift, so they are not nodes
        Kind::SessionItem | Kind::Payment | Kind::CashMovement => return Err(Error::NotFound),
        Kind::RegisterShift => Node::RegisterShift(RegisterShift(register::find(app, actor, id).await?)),
        Kind::ApiToken => Node::ApiToken(ApiToken(api_tokens::find(app, actor, id).await?)),
        Kind::Webhook => Node::Webhook(Webhook(webhooks::find(app, actor, id).await?)),
        Kind::WebhookDelivery => return Err(Error::NotFound),
        // each account sees a transfer differently, so only the field `ledger` shows transfers
        Kind::LedgerTransfer | Kind::Screen | Kind::AuditEntry => return Err(Error::NotFound),
        // imports and mappings have their own queries, so they are not nodes
        Kind::TariffImport | Kind::TariffMapping => return Err(Error::NotFound),
    })
}
