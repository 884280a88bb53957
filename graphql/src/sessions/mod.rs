//! Cabin sessions: one customer's use of a cabin, its statement and its settlement.

mod inputs;
mod mutations;
mod types;

use async_graphql::{Context, ID, Object};

pub(super) use mutations::changed;
pub use mutations::{SessionMutation, SessionPayload, SettleSessionPayload};
pub(super) use types::user;
pub use types::{CabinSession, PaymentMethod, SessionState, Statement};

use super::paging::{Page, Paging, connection};
use super::payload::{nullable, top_level};
use super::roles::{Rule, SHOP, SIGNED_IN};
use super::scalars::Kind;
use super::{actor, app, caller};
use app::sessions::{self, SessionView};

/// Visibility of this file's fields.
pub const RULES: &[Rule] = &[
    ("Query.session", SIGNED_IN),
    ("Query.sessions", SIGNED_IN),
    ("Query.statement", SIGNED_IN),
    ("Mutation.openCabin", SHOP),
    ("Mutation.closeCabin", SHOP),
    ("Mutation.updateSessionLimits", SHOP),
    ("Mutation.voidSession", SHOP),
    ("Mutation.moveSession", SHOP),
    ("Mutation.settleSession", SHOP),
    ("Mutation.addDeposit", SHOP),
    ("Mutation.addSessionItem", SHOP),
    ("Mutation.removeSessionItem", SHOP),
    ("Mutation.applyDiscount", SHOP),
    ("Mutation.refundSession", SHOP),
];

/// Queries of this file.
#[derive(Default)]
pub struct SessionQuery;

#[Object]
impl SessionQuery {
    /// A session in the caller's subtree; null if there is none.
    async fn session(&self, ctx: &Context<'_>, id: ID) -> Option<async_graphql::Result<CabinSession>> {
        let found = async { sessions::find(app(ctx), caller(ctx)?, Kind::CabinSession.parse(&id)?).await };
        nullable(found.await.map(CabinSession))
    }

    /// Sessions of a callshop, newest first.
    #[allow(clippy::too_many_arguments)]
    async fn sessions(
        &self,
        ctx: &Context<'_>,
        callshop_id: ID,
        #[graphql(desc = "Only sessions in one of these states; all if omitted.")] states: Option<
            Vec<SessionState>,
        >,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
    ) -> async_graphql::Result<Page<CabinSession>> {
        let (app, actor) = (app(ctx), actor(ctx)?);
        let shop = Kind::Callshop.parse(&callshop_id).map_err(top_level)?;
        let mut states: Vec<entity::SessionState> =
            states.unwrap_or_default().into_iter().map(Into::into).collect();
        states.sort_unstable();
        states.dedup();
        let states = &states;
        let read = |page| sessions::list(app, actor, shop, states, page);
        let id = |view: &SessionView| view.session.id;
        connection(Paging { first, after, last, before }, true, read, id, CabinSession).await
    }

    /// A session's bill: final once the session is closed, provisional until then. Null if there is no such session.
    async fn statement(&self, ctx: &Context<'_>, session_id: ID) -> Option<async_graphql::Result<Statement>> {
        let found = async {
            sessions::statement(app(ctx), caller(ctx)?, Kind::CabinSession.parse(&session_id)?).await
        };
        nullable(found.await.map(Statement::from))
    }
}
