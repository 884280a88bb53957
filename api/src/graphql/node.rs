//! Relay's server specification: any object again by its global id.

use async_graphql::{Context, ID, Interface, Object};

use super::accounts::{Account, Callshop};
use super::cabins::Cabin;
use super::calls::Call;
use super::payload::nullable;
use super::phones::Phone;
use super::register::RegisterShift;
use super::roles::{Rule, SIGNED_IN};
use super::scalars::{Kind, parse_any};
use super::sessions::CabinSession;
use super::tariffs::{Tariff, TariffVersion};
use super::users::User;
use super::{app, caller};
use crate::app::{accounts, cabins, calls, phones, register, sessions, tariffs, users};
use crate::error::{Error, Result};

/// Who sees what of this file.
pub const RULES: &[Rule] = &[("Node", SIGNED_IN), ("Query.node", SIGNED_IN), ("Query.nodes", SIGNED_IN)];

/// Ids that `nodes` takes at once.
const MAX_NODES: usize = 100;

/// An object with a global id.
#[allow(clippy::large_enum_variant, reason = "one at a time, on its way into an answer")]
#[derive(Interface)]
#[graphql(field(name = "id", ty = "ID", desc = "Global id."))]
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
}

/// Queries of this file.
#[derive(Default)]
pub struct NodeQuery;

#[Object]
impl NodeQuery {
    /// An object of the caller's branch by its global id; null when there is none that he may see.
    async fn node(&self, ctx: &Context<'_>, id: ID) -> Option<async_graphql::Result<Node>> {
        found(find(ctx, &id).await)
    }

    /// The same for up to 100 ids, in their order.
    async fn nodes(&self, ctx: &Context<'_>, ids: Vec<ID>) -> async_graphql::Result<Vec<Option<Node>>> {
        if ids.len() > MAX_NODES {
            return Err(super::payload::top_level(Error::invalid("ids", format!("at most {MAX_NODES} ids"))));
        }
        let mut nodes = Vec::with_capacity(ids.len());
        for id in &ids {
            nodes.push(found(find(ctx, id).await).transpose()?);
        }
        Ok(nodes)
    }
}

/// An id is no place to learn what exists: what the role may not see is null, like what is not there.
fn found(result: Result<Node>) -> Option<async_graphql::Result<Node>> {
    match result {
        Err(Error::Forbidden) => None,
        result => nullable(result),
    }
}

async fn find(ctx: &Context<'_>, id: &ID) -> Result<Node> {
    let (app, actor) = (app(ctx), caller(ctx)?);
    let (kind, id) = parse_any(id).ok_or(Error::NotFound)?;
    Ok(match kind {
        Kind::Account => Node::Account(Account(accounts::find(app, actor, id).await?)),
        Kind::Callshop => Node::Callshop(Callshop(accounts::find_shop(app, actor, id).await?)),
        Kind::User => Node::User(User(users::find(app, actor, id).await?)),
        Kind::Phone => Node::Phone(Phone(phones::find(app, actor, id).await?)),
        Kind::Cabin => Node::Cabin(Cabin(cabins::find(app, actor, id).await?)),
        Kind::CabinSession => Node::CabinSession(CabinSession(sessions::find(app, actor, id).await?)),
        Kind::Call => Node::Call(Call::new(calls::find(app, actor, id).await?, app.clock.now())),
        Kind::Tariff => Node::Tariff(Tariff(tariffs::find(app, actor, id).await?)),
        Kind::TariffVersion => {
            Node::TariffVersion(TariffVersion(tariffs::find_version(app, actor, id).await?))
        }
        // part of a session, and no object of its own
        Kind::SessionItem => return Err(Error::NotFound),
        Kind::RegisterShift => Node::RegisterShift(RegisterShift(register::find(app, actor, id).await?)),
        // it looks different from each account that it concerns: `ledger` shows it
        Kind::LedgerTransfer => return Err(Error::NotFound),
    })
}
