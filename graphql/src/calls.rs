//! Calls: one attempt each, live or over.

use std::sync::Arc;

use async_graphql::{Context, ID, InputObject, Object, SimpleObject};
use billing::money::Micros;
use billing::number::{E164, format_international};
use chrono::{DateTime, Utc};
use entity::call;
use futures_util::FutureExt as _;

use super::loaders::{CallsOf, load};
use super::paging::{Page, Paging, connection};
use super::payload::{answer, nullable, payload, top_level};
use super::roles::{BACK_OFFICE, Rule, SIGNED_IN};
use super::scalars::{Kind, Money};
use super::{actor, app, caller, remote_enum};
use app::calls::{self, pricing};
use store::{self, calls::CallFilter};

/// Who sees what of this file.
pub const RULES: &[Rule] = &[
    ("Query.call", SIGNED_IN),
    ("Query.calls", SIGNED_IN),
    ("Query.liveCalls", SIGNED_IN),
    ("Mutation.hangUpCall", SIGNED_IN),
    ("Call.costs", BACK_OFFICE),
    ("Call.margin", BACK_OFFICE),
];

remote_enum!(
    /// Where a call is.
    CallState = "entity::CallState" {
        /// Allowed, on its way.
        Authorized,
        /// The other phone rings.
        Ringing,
        /// Somebody answered; it costs.
        Answered,
        /// It was answered and is over.
        Ended,
        /// It was not answered.
        Failed,
        /// Given up before it was on its way.
        Abandoned,
        /// Not allowed; `refusal` says why.
        Refused,
    }
);

remote_enum!(
    /// Who ended a call.
    EndedBy = "entity::EndedBy" {
        /// The customer.
        Caller,
        /// The other party.
        Callee,
        /// The proxy: a limit, or a phone that died.
        Proxy,
        /// Somebody hung it up through this API.
        Api,
    }
);

remote_enum!(
    /// Why a call ended.
    EndCause = "entity::EndCause" {
        /// Somebody put the phone down.
        Bye,
        /// The credit or a limit was used up.
        MaxDuration,
        /// The phone no longer answered.
        KeepaliveLost,
        /// The phone never acknowledged the answer: the proxy, or the gateway, ended the call. It is charged from the answer,
        /// unless the operator of the server has made such calls free.
        NoAck,
        /// Somebody hung it up through this API.
        Api,
        /// The proxy's operator ended it.
        Rpc,
        /// Its proxy no longer knew it: it ended at the last instant it was seen.
        Lost,
    }
);

/// One attempt to call. Live calls carry what a client needs to tick on its own: `asOf`, `elapsedSeconds`, `cost` and the price.
pub struct Call(pub(super) CallValues);

impl Call {
    /// The call as it is at `as_of`.
    pub fn new(row: impl Into<Arc<call::Model>>, as_of: DateTime<Utc>) -> Self {
        Self(CallValues { row: row.into(), as_of })
    }
}

/// What a call shows of itself, without asking anybody: each method is the field of that name of [`Call`], where it is described.
pub(super) struct CallValues {
    row: Arc<call::Model>,
    as_of: DateTime<Utc>,
}

impl CallValues {
    fn so_far(&self) -> async_graphql::Result<(u32, Micros)> {
        pricing::so_far(&self.row, self.as_of).map_err(top_level)
    }

    fn money(&self, amount: impl Into<Micros>) -> Money {
        Money::new(amount, &self.row.currency)
    }

    fn retail(&self) -> async_graphql::Result<Option<pricing::Level>> {
        Ok(pricing::levels(&self.row).map_err(top_level)?.into_iter().next())
    }

    pub(super) fn id(&self) -> ID {
        Kind::Call.id(self.row.id)
    }

    pub(super) fn cabin_id(&self) -> Option<ID> {
        self.row.cabin_id.map(|id| Kind::Cabin.id(id))
    }

    pub(super) fn session_id(&self) -> Option<ID> {
        self.row.session_id.map(|id| Kind::CabinSession.id(id))
    }

    pub(super) fn dialed(&self) -> &str {
        &self.row.dialed
    }

    pub(super) fn number(&self) -> String {
        match E164::parse(&self.row.number) {
            Ok(number) if !self.row.emergency => number.to_string(),
            _ => self.row.number.clone(),
        }
    }

    pub(super) fn number_formatted(&self) -> String {
        match E164::parse(&self.row.number) {
            Ok(number) if !self.row.emergency => format_international(&number),
            _ => self.row.number.clone(),
        }
    }

    pub(super) fn destination(&self) -> &str {
        &self.row.destination
    }

    pub(super) fn emergency(&self) -> bool {
        self.row.emergency
    }

    pub(super) fn state(&self) -> CallState {
        self.row.state.into()
    }

    pub(super) fn authorized_at(&self) -> DateTime<Utc> {
        self.row.authorized_at
    }

    pub(super) fn ringing_at(&self) -> Option<DateTime<Utc>> {
        self.row.ringing_at
    }

    pub(super) fn answered_at(&self) -> Option<DateTime<Utc>> {
        self.row.answered_at
    }

    pub(super) fn ended_at(&self) -> Option<DateTime<Utc>> {
        self.row.ended_at
    }

    pub(super) fn as_of(&self) -> DateTime<Utc> {
        self.as_of
    }

    pub(super) fn elapsed_seconds(&self) -> async_graphql::Result<u32> {
        Ok(self.so_far()?.0)
    }

    pub(super) fn cost(&self) -> async_graphql::Result<Money> {
        Ok(self.money(self.so_far()?.1))
    }

    pub(super) fn billed_seconds(&self) -> i32 {
        self.row.billed_seconds
    }

    pub(super) fn price_per_minute(&self) -> async_graphql::Result<Option<Money>> {
        Ok(self.retail()?.map(|level| self.money(level.pricing.rate.price_per_minute)))
    }

    pub(super) fn connection_fee(&self) -> async_graphql::Result<Option<Money>> {
        Ok(self.retail()?.map(|level| self.money(level.pricing.rate.connection_fee)))
    }

    pub(super) fn max_seconds(&self) -> i32 {
        self.row.covered
    }

    pub(super) fn estimated(&self) -> bool {
        self.row.estimated
    }

    pub(super) fn written_off(&self) -> Money {
        self.money(self.row.written_off)
    }

    pub(super) fn sip_code(&self) -> Option<i32> {
        self.row.sip_code
    }

    pub(super) fn ended_by(&self) -> Option<EndedBy> {
        self.row.ended_by.map(Into::into)
    }

    pub(super) fn cause(&self) -> Option<EndCause> {
        self.row.cause.map(Into::into)
    }

    pub(super) fn refusal(&self) -> Option<&str> {
        self.row.refusal.as_deref()
    }
}

/// What a call cost one account of the caller's branch.
#[derive(SimpleObject)]
pub struct CallCost {
    /// Name of the account that pays.
    pub account: String,
    /// Seconds billed to it.
    pub billed_seconds: i32,
    /// What it pays to its parent.
    pub amount: Money,
}

#[Object]
impl Call {
    /// Global id.
    pub(super) async fn id(&self) -> ID {
        self.0.id()
    }

    /// The cabin it was made from.
    async fn cabin_id(&self) -> Option<ID> {
        self.0.cabin_id()
    }

    /// The session on whose bill it is.
    async fn session_id(&self) -> Option<ID> {
        self.0.session_id()
    }

    /// As it was dialled.
    async fn dialed(&self) -> &str {
        self.0.dialed()
    }

    /// E.164 digits with "+", or a short number; empty when what was dialled is no number.
    async fn number(&self) -> String {
        self.0.number()
    }

    /// The number, grouped for people.
    async fn number_formatted(&self) -> String {
        self.0.number_formatted()
    }

    /// Name of the rated destination.
    async fn destination(&self) -> &str {
        self.0.destination()
    }

    /// An emergency number: free, and always allowed.
    async fn emergency(&self) -> bool {
        self.0.emergency()
    }

    /// Where it is.
    async fn state(&self) -> CallState {
        self.0.state()
    }

    /// When it was asked for.
    async fn authorized_at(&self) -> DateTime<Utc> {
        self.0.authorized_at()
    }

    /// When the other phone began to ring.
    async fn ringing_at(&self) -> Option<DateTime<Utc>> {
        self.0.ringing_at()
    }

    /// When it was answered.
    async fn answered_at(&self) -> Option<DateTime<Utc>> {
        self.0.answered_at()
    }

    /// When it was over.
    async fn ended_at(&self) -> Option<DateTime<Utc>> {
        self.0.ended_at()
    }

    /// The instant that `elapsedSeconds` and `cost` are of.
    async fn as_of(&self) -> DateTime<Utc> {
        self.0.as_of()
    }

    /// Seconds talked so far, or in all; whole seconds rounded up.
    async fn elapsed_seconds(&self) -> async_graphql::Result<u32> {
        self.0.elapsed_seconds()
    }

    /// What the customer pays if the call ends at `asOf`; once it is over, what he pays.
    async fn cost(&self) -> async_graphql::Result<Money> {
        self.0.cost()
    }

    /// Seconds the customer pays for; 0 until it is over.
    async fn billed_seconds(&self) -> i32 {
        self.0.billed_seconds()
    }

    /// What the customer pays a minute, outside time bands.
    async fn price_per_minute(&self) -> async_graphql::Result<Option<Money>> {
        self.0.price_per_minute()
    }

    /// What the customer pays once when it is answered.
    async fn connection_fee(&self) -> async_graphql::Result<Option<Money>> {
        self.0.connection_fee()
    }

    /// Seconds that are paid for now. While it runs they grow as long as credit, deposit and limits allow; then it is cut.
    async fn max_seconds(&self) -> i32 {
        self.0.max_seconds()
    }

    /// Its end is an estimate, because its proxy lost it or told times that cannot be true: the true one, if it comes, corrects what it cost.
    async fn estimated(&self) -> bool {
        self.0.estimated()
    }

    /// What was talked beyond what was paid for, and given away.
    async fn written_off(&self) -> Money {
        self.0.written_off()
    }

    /// Final SIP status of a call that was not answered.
    async fn sip_code(&self) -> Option<i32> {
        self.0.sip_code()
    }

    /// Who ended it.
    async fn ended_by(&self) -> Option<EndedBy> {
        self.0.ended_by()
    }

    /// Why it ended.
    async fn cause(&self) -> Option<EndCause> {
        self.0.cause()
    }

    /// Stable code of the reason why it was not allowed.
    async fn refusal(&self) -> Option<&str> {
        self.0.refusal()
    }

    /// What it cost the accounts of the caller's branch, from the callshop up; empty until it is over.
    async fn costs(&self, ctx: &Context<'_>) -> async_graphql::Result<Vec<CallCost>> {
        let costs = calls::costs(app(ctx), actor(ctx)?, &self.0.row).boxed().await.map_err(top_level)?;
        let shown = costs.into_iter().map(|cost| CallCost {
            account: cost.account,
            billed_seconds: cost.billed_seconds,
            amount: self.0.money(cost.amount),
        });
        Ok(shown.collect())
    }

    /// What remains of the caller's income from it after what he pays for it: for a callshop, the customer's price less its cost; null until it
    /// is over.
    async fn margin(&self, ctx: &Context<'_>) -> async_graphql::Result<Option<Money>> {
        let margin = calls::margin(app(ctx), actor(ctx)?, &self.0.row).boxed().await.map_err(top_level)?;
        Ok(margin.map(|margin| self.0.money(margin)))
    }
}

/// A page of the calls of a cabin or session that the caller was proven to see, newest first.
///
/// # Errors
/// `INVALID_INPUT` for arguments that are no page; those of the database.
pub(super) async fn calls_of(
    ctx: &Context<'_>,
    of: impl FnOnce(store::Page, bool) -> CallsOf,
    paging: Paging,
) -> async_graphql::Result<Page<Call>> {
    let now = app(ctx).clock.now();
    let (list, asked) = (ctx.look_ahead(), ["pricePerMinute", "connectionFee"]);
    let is_asked = |name| {
        let (node, edge) = (list.field("nodes"), list.field("edges").field("node"));
        node.field(name).exists() || edge.field(name).exists()
    };
    let priced = asked.into_iter().any(is_asked);
    let read = async |page| Ok(load(ctx, of(page, priced)).await?.unwrap_or_default());
    connection(paging, true, read, |row: &Arc<call::Model>| row.id, |row| Call::new(row, now)).await
}

/// Which call.
#[derive(InputObject)]
pub struct HangUpCallInput {
    /// A live call.
    pub call_id: ID,
}

payload!(
    /// What `hangUpCall` answers.
    HangUpCallPayload {
        /// The call as it was when the proxy took the command; its end follows as activity.
        call: Call,
    }
);

/// Queries of this file.
#[derive(Default)]
pub struct CallQuery;

#[Object]
impl CallQuery {
    /// A call of the caller's branch.
    async fn call(&self, ctx: &Context<'_>, id: ID) -> Option<async_graphql::Result<Call>> {
        let app = app(ctx);
        let found = async { calls::find(app, caller(ctx)?, Kind::Call.parse(&id)?).await };
        nullable(found.await.map(|row| Call::new(row, app.clock.now())))
    }

    /// A callshop's calls, newest first; only those of one cabin or one session if given.
    #[allow(clippy::too_many_arguments, reason = "the four of Relay and two filters")]
    async fn calls(
        &self,
        ctx: &Context<'_>,
        callshop_id: ID,
        cabin_id: Option<ID>,
        session_id: Option<ID>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
    ) -> async_graphql::Result<Page<Call>> {
        let (app, actor) = (app(ctx), actor(ctx)?);
        let shop = Kind::Callshop.parse(&callshop_id).map_err(top_level)?;
        let filter = CallFilter {
            cabin_id: cabin_id.map(|id| Kind::Cabin.parse(&id)).transpose().map_err(top_level)?,
            session_id: session_id.map(|id| Kind::CabinSession.parse(&id)).transpose().map_err(top_level)?,
        };
        let now = app.clock.now();
        let read = |page| calls::list(app, actor, shop, filter, page);
        connection(
            Paging { first, after, last, before },
            true,
            read,
            |row: &call::Model| row.id,
            |row| Call::new(row, now),
        )
        .await
    }

    /// A callshop's live calls, oldest first.
    async fn live_calls(&self, ctx: &Context<'_>, callshop_id: ID) -> async_graphql::Result<Vec<Call>> {
        let (app, actor) = (app(ctx), actor(ctx)?);
        let shop = Kind::Callshop.parse(&callshop_id).map_err(top_level)?;
        let rows = calls::live(app, actor, shop).await.map_err(top_level)?;
        let now = app.clock.now();
        Ok(rows.into_iter().map(|row| Call::new(row, now)).collect())
    }
}

/// Mutations of this file.
#[derive(Default)]
pub struct CallMutation;

#[Object]
impl CallMutation {
    /// Hangs a ringing or answered call up.
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
