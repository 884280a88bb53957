//! Cabin sessions: one customer's use of a cabin, its statement and its settlement.

pub(crate) mod inputs;
pub(crate) mod mutations;
pub(crate) mod payments;
pub(crate) mod statements;
pub(crate) mod types;

use async_graphql::{Context, ID};
use graphql_macros::object;

pub(super) use mutations::changed;
pub use mutations::{SessionMutation, SessionPayload, SettleSessionPayload};
pub use payments::{PaymentKind, PaymentMethod};
pub use statements::Statement;
pub(super) use types::user;
pub use types::{CabinSession, SessionState};

use super::filters::{SessionFilterInput, SessionOrder};
use super::paging::{Page, Paging, Sort, sorted};
use super::payload::{nullable, top_level};
use super::scalars::Kind;
use super::{actor, app, caller};
use crate::roles::SIGNED_IN;
use app::sessions::{self, SessionView};
use store::sorted::Key;

/// The fields of `Query` for sessions and statements.
#[derive(Default)]
pub struct SessionQuery;

#[object(root = "Query")]
impl SessionQuery {
    /// A session in the caller's subtree; null if there is no such session.
    #[field(roles = SIGNED_IN, scope = SESSIONS_READ)]
    async fn session(&self, ctx: &Context<'_>, id: ID) -> Option<async_graphql::Result<CabinSession>> {
        let found = async { sessions::find(app(ctx), caller(ctx)?, Kind::CabinSession.parse(&id)?).await };
        nullable(found.await.map(CabinSession))
    }

    /// Sessions of a callshop, newest first.
    #[allow(clippy::too_many_arguments)]
    #[field(roles = SIGNED_IN, scope = SESSIONS_READ, numbered)]
    async fn sessions(
        &self,
        ctx: &Context<'_>,
        callshop_id: ID,
        #[graphql(desc = "Only matching sessions; all if omitted.")] filter: Option<SessionFilterInput>,
        #[graphql(desc = "If omitted, the session that was opened last comes first.")] order_by: Option<
            SessionOrder,
        >,
        paging: Paging,
    ) -> async_graphql::Result<Page<CabinSession>> {
        let (app, actor) = (app(ctx), actor(ctx)?);
        let shop = Kind::Callshop.parse(&callshop_id).map_err(top_level)?;
        let filter = filter.unwrap_or_default().parse().map_err(top_level)?;
        let order = (order_by.map_or(Sort::NEWEST_FIRST, Into::into), Sort::NEWEST_FIRST);
        let read = |slice| sessions::list(app, actor, shop, &filter, slice);
        let place = |view: &SessionView| {
            (Key::Amount(view.session.total.map_or(-1, |total| total.0)), view.session.id)
        };
        sorted(ctx, paging, order, read, place, CabinSession).await
    }

    /// A session's bill: final once the session is closed, provisional until then. Null if there is no such session.
    #[field(roles = SIGNED_IN, scope = SESSIONS_READ)]
    async fn statement(&self, ctx: &Context<'_>, session_id: ID) -> Option<async_graphql::Result<Statement>> {
        let found = async {
            sessions::statement(app(ctx), caller(ctx)?, Kind::CabinSession.parse(&session_id)?).await
        };
        nullable(found.await.map(Statement::from))
    }
}
