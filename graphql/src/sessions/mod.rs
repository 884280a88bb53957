//! Cabin sessions: one customer's use of a cabin, its statement and its settlement.

pub(crate) mod inputs;
pub(crate) mod mutations;
pub(crate) mod types;

use async_graphql::{Context, ID};
use graphql_macros::object;

pub(super) use mutations::changed;
pub use mutations::{SessionMutation, SessionPayload, SettleSessionPayload};
pub(super) use types::user;
pub use types::{CabinSession, PaymentMethod, SessionState, Statement};

use super::paging::{Page, Paging, connection};
use super::payload::{nullable, top_level};
use super::scalars::Kind;
use super::{actor, app, caller};
use crate::roles::SIGNED_IN;
use app::sessions::{self, SessionView};

/// The queries that this file defines.
#[derive(Default)]
pub struct SessionQuery;

#[object(root = "Query")]
impl SessionQuery {
    /// A session in the caller's subtree; null if there is no such session.
    #[field(roles = SIGNED_IN)]
    async fn session(&self, ctx: &Context<'_>, id: ID) -> Option<async_graphql::Result<CabinSession>> {
        let found = async { sessions::find(app(ctx), caller(ctx)?, Kind::CabinSession.parse(&id)?).await };
        nullable(found.await.map(CabinSession))
    }

    /// Sessions of a callshop, newest first.
    #[allow(clippy::too_many_arguments)]
    #[field(roles = SIGNED_IN)]
    async fn sessions(
        &self,
        ctx: &Context<'_>,
        callshop_id: ID,
        #[graphql(desc = "Only sessions in one of these states; all if omitted.")] states: Option<
            Vec<SessionState>,
        >,
        paging: Paging,
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
        connection(paging, true, read, id, CabinSession).await
    }

    /// A session's bill: final once the session is closed, provisional until then. Null if there is no such session.
    #[field(roles = SIGNED_IN)]
    async fn statement(&self, ctx: &Context<'_>, session_id: ID) -> Option<async_graphql::Result<Statement>> {
        let found = async {
            sessions::statement(app(ctx), caller(ctx)?, Kind::CabinSession.parse(&session_id)?).await
        };
        nullable(found.await.map(Statement::from))
    }
}
