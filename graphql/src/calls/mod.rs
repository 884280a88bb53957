//! Calls. Each attempt has one record, whether the call is live or over.

mod lists;
mod states;
mod types;

use async_graphql::{Context, ID, InputObject};
use graphql_macros::object;

use super::filters::{CallFilterInput, CallOrder};
use super::paging::{Page, Paging};
use super::payload::{answer, nullable, payload, top_level};
use super::roles::SIGNED_IN;
use super::scalars::Kind;
use super::{actor, app, caller};
use app::calls;
use lists::listed;
pub(crate) use lists::{CallOwner, calls_of};
pub use states::{CallRefusal, CallState, EndCause, EndedBy};
pub use types::{Call, CallCost};

/// Selects the call to hang up.
#[derive(InputObject)]
pub struct HangUpCallInput {
    /// A ringing or answered call.
    pub call_id: ID,
}

payload!(
    /// Result of `hangUpCall`.
    HangUpCallPayload {
        /// The call at the moment when the proxy accepted the command to hang up. An activity event reports the end of the call later.
        call: Call,
    }
);

/// The fields of `Query` for calls.
#[derive(Default)]
pub struct CallQuery;

#[object(root = "Query")]
impl CallQuery {
    /// A call in the caller's subtree; null if there is no such call.
    #[field(roles = SIGNED_IN, scope = CALLS_READ)]
    async fn call(&self, ctx: &Context<'_>, id: ID) -> Option<async_graphql::Result<Call>> {
        let app = app(ctx);
        let found = async { calls::find(app, caller(ctx)?, Kind::Call.parse(&id)?).await };
        nullable(found.await.map(|row| Call::new(row, app.clock.now())))
    }

    /// A callshop's calls, newest first.
    #[field(roles = SIGNED_IN, scope = CALLS_READ)]
    async fn calls(
        &self,
        ctx: &Context<'_>,
        callshop_id: ID,
        #[graphql(desc = "Only matching calls; all if omitted.")] filter: Option<CallFilterInput>,
        #[graphql(desc = "Newest first if omitted.")] order_by: Option<CallOrder>,
        paging: Paging,
    ) -> async_graphql::Result<Page<Call>> {
        let shop = Kind::Callshop.parse(&callshop_id).map_err(top_level)?;
        let filter = filter.unwrap_or_default().parse().map_err(top_level)?;
        listed(ctx, shop, filter, order_by, paging).await
    }

    /// A callshop's live calls, oldest first. Subscribe to `liveCalls` to follow these calls.
    #[field(roles = SIGNED_IN, scope = CALLS_READ, length = 100, numbered)]
    async fn live_calls(&self, ctx: &Context<'_>, callshop_id: ID) -> async_graphql::Result<Vec<Call>> {
        let (app, actor) = (app(ctx), actor(ctx)?);
        let shop = Kind::Callshop.parse(&callshop_id).map_err(top_level)?;
        let rows = calls::live(app, actor, shop).await.map_err(top_level)?;
        let now = app.clock.now();
        Ok(rows.into_iter().map(|row| Call::shown(ctx, row, now)).collect())
    }
}

/// The fields of `Mutation` for calls.
#[derive(Default)]
pub struct CallMutation;

#[object(root = "Mutation")]
impl CallMutation {
    /// Hangs up a ringing or answered call.
    #[field(roles = SIGNED_IN, scope = CALLS_WRITE)]
    async fn hang_up_call(
        &self,
        ctx: &Context<'_>,
        input: HangUpCallInput,
    ) -> async_graphql::Result<HangUpCallPayload> {
        let app = app(ctx);
        let done = async { calls::hang_up(app, caller(ctx)?, Kind::Call.parse(&input.call_id)?).await };
        answer(done.await.map(|row| HangUpCallPayload {
            call: Some(Call::new(row, app.clock.now())),
            user_errors: Vec::new(),
        }))
    }
}
