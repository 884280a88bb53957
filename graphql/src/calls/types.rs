//! A call and its fields.

use std::sync::Arc;

use async_graphql::{Context, ID, SimpleObject};
use billing::country::country_of_number;
use billing::money::Micros;
use billing::number::{E164, format_international};
use chrono::{DateTime, Utc};
use entity::call;
use futures_util::FutureExt as _;
use graphql_macros::object;

use super::states::{CallRefusal, CallState, EndCause, EndedBy};
use crate::accounts::{Callshop, shop_of};
use crate::cabins::Cabin;
use crate::kept;
use crate::loaders::{CabinId, SessionId, load};
use crate::payload::top_level;
use crate::roles::BACK_OFFICE;
use crate::scalars::{Kind, Money};
use crate::sessions::CabinSession;
use crate::{actor, app};
use app::calls::authorize::Refusal;
use app::calls::{self, pricing};

/// One call attempt. Between updates, a client can show a running clock: `elapsedSeconds` plus the time since `asOf`. For the exact running cost, use
/// `liveCalls`. A client can also compute the cost from the call's prices and increments, unless a time band applies.
#[derive(Clone, async_graphql::Description)]
pub struct Call {
    row: Arc<call::View>,
    as_of: DateTime<Utc>,
}

impl Call {
    /// The call, with its elapsed time and cost computed at `as_of`.
    pub fn new(row: impl Into<Arc<call::View>>, as_of: DateTime<Utc>) -> Self {
        Self { row: row.into(), as_of }
    }

    /// Like [`Call::new`], for an answer that may be kept ([`crate::kept`]).
    pub(crate) fn shown(ctx: &Context<'_>, row: impl Into<Arc<call::View>>, as_of: DateTime<Utc>) -> Self {
        let call = Self::new(row, as_of);
        kept::shows(ctx, &call.row, as_of);
        call
    }

    fn so_far(&self) -> async_graphql::Result<(u32, Micros)> {
        pricing::so_far(&self.row, self.as_of).map_err(top_level)
    }

    fn money(&self, amount: impl Into<Micros>) -> Money {
        Money::new(amount, &self.row.currency)
    }

    fn retail(&self) -> async_graphql::Result<Option<call::ShownPrice>> {
        pricing::retail(&self.row).map_err(top_level)
    }
}

/// Cost of a call to one account.
#[object]
#[derive(SimpleObject)]
pub struct CallCost {
    /// Display name of the paying account.
    pub account: String,
    /// Billed talk time, in seconds.
    pub billed_seconds: i32,
    /// Charge that the account pays to its parent.
    pub amount: Money,
}

#[object(row = call::View, scope = CALLS_READ)]
impl Call {
    /// Global id.
    #[field(columns(id), numbered)]
    pub(crate) fn id(&self) -> ID {
        Kind::Call.id(self.row.id)
    }

    /// Callshop of the phone.
    #[field(columns(callshop_id), numbered)]
    fn callshop_id(&self) -> ID {
        Kind::Callshop.id(self.row.callshop_id)
    }

    /// Callshop of the phone, in its current state.
    #[field(columns(callshop_id), numbered)]
    async fn callshop(&self, ctx: &Context<'_>) -> async_graphql::Result<Callshop> {
        shop_of(ctx, self.row.callshop_id).await
    }

    /// Cabin of the phone; null for a phone without a cabin.
    #[field(columns(cabin_id), numbered)]
    fn cabin_id(&self) -> Option<ID> {
        self.row.cabin_id.map(|id| Kind::Cabin.id(id))
    }

    /// Session that the call is billed to; null for a call outside any session, such as an emergency call from a closed cabin.
    #[field(columns(session_id), numbered)]
    fn session_id(&self) -> Option<ID> {
        self.row.session_id.map(|id| Kind::CabinSession.id(id))
    }

    /// Cabin of the phone, in its current state; null for a phone without a cabin.
    #[field(columns(cabin_id), numbered)]
    async fn cabin(&self, ctx: &Context<'_>) -> async_graphql::Result<Option<Cabin>> {
        let Some(id) = self.row.cabin_id else { return Ok(None) };
        Ok(load(ctx, CabinId(id)).await.map_err(top_level)?.map(Cabin))
    }

    /// Session that the call is billed to, in its current state; null for a call outside any session.
    #[field(columns(session_id), numbered)]
    async fn session(&self, ctx: &Context<'_>) -> async_graphql::Result<Option<CabinSession>> {
        let Some(id) = self.row.session_id else { return Ok(None) };
        Ok(load(ctx, SessionId(id)).await.map_err(top_level)?.map(CabinSession))
    }

    /// Digits as the customer dialed them.
    #[field(columns(dialed), numbered)]
    fn dialed(&self) -> &str {
        &self.row.dialed
    }

    /// Called number in E.164 with "+", or a short number; empty if the dialed text is not a number.
    #[field(columns(number, emergency), numbered)]
    fn number(&self) -> String {
        match E164::parse(&self.row.number) {
            Ok(number) if !self.row.emergency => number.to_string(),
            _ => self.row.number.clone(),
        }
    }

    /// `number` with spaces, for display.
    #[field(columns(number, emergency), numbered)]
    pub(crate) fn number_formatted(&self) -> String {
        match E164::parse(&self.row.number) {
            Ok(number) if !self.row.emergency => format_international(&number),
            _ => self.row.number.clone(),
        }
    }

    /// Country of `number`, ISO 3166-1 alpha-2. A client can use this code to show a flag, or the country's name in the reader's language. Null if
    /// the number cannot be assigned to a single country, as with satellite phones, toll-free North American numbers, short numbers and emergency
    /// numbers.
    #[field(columns(number), numbered)]
    fn country_code(&self) -> Option<&str> {
        country_of_number(&self.row.number)
    }

    /// Destination name of the matching rate, such as "Portugal Mobile"; empty if no rate matched.
    #[field(columns(destination), numbered)]
    pub(crate) fn destination(&self) -> &str {
        &self.row.destination
    }

    /// Whether the number is an emergency number. Emergency calls are free, and allowed even from a blocked phone or a closed cabin.
    #[field(columns(emergency), numbered)]
    fn emergency(&self) -> bool {
        self.row.emergency
    }

    /// State as of `asOf`.
    #[field(columns(state), numbered)]
    pub(crate) fn state(&self) -> CallState {
        self.row.state.into()
    }

    /// When the proxy asked for permission to place the call, by the server's clock. `authorizedAt` is also set if the call was refused.
    #[field(columns(authorized_at), numbered)]
    fn authorized_at(&self) -> DateTime<Utc> {
        self.row.authorized_at
    }

    /// When the called phone began to ring, by the proxy's clock; null if the phone has not rung.
    #[field(columns(ringing_at))]
    fn ringing_at(&self) -> Option<DateTime<Utc>> {
        self.row.ringing_at
    }

    /// When the call was answered, by the proxy's clock; null if it was not answered.
    #[field(columns(answered_at), numbered)]
    fn answered_at(&self) -> Option<DateTime<Utc>> {
        self.row.answered_at
    }

    /// When the call ended, by the proxy's clock; null while it is live.
    #[field(columns(ended_at), numbered)]
    fn ended_at(&self) -> Option<DateTime<Utc>> {
        self.row.ended_at
    }

    /// Instant at which `elapsedSeconds` and `cost` were computed.
    fn as_of(&self) -> DateTime<Utc> {
        self.as_of
    }

    /// Talk time in seconds, rounded up: the time so far while the call is live, the total once it is over.
    #[field(columns(answered_at, ended_at, talk_seconds, covered), ticking)]
    pub(crate) fn elapsed_seconds(&self) -> async_graphql::Result<u32> {
        Ok(self.so_far()?.0)
    }

    /// Price for the customer. While the call is live, this is the price that the customer would pay if the call ended at `asOf`; once the call is
    /// over, it is the final price.
    // The field also reads `retail`, but only for live calls; every list query looks up the prices of live calls.
    #[field(columns(answered_at, ended_at, talk_seconds, covered, charge, currency), ticking)]
    pub(crate) fn cost(&self) -> async_graphql::Result<Money> {
        Ok(self.money(self.so_far()?.1))
    }

    /// Seconds that the customer pays for: talk time rounded up to the rate's increments. 0 until the call is over.
    #[field(columns(billed_seconds), numbered)]
    fn billed_seconds(&self) -> i32 {
        self.row.billed_seconds
    }

    /// Customer's price for 60 seconds, outside time bands; null if there is no rate.
    #[field(columns(retail, currency), numbered)]
    pub(crate) fn price_per_minute(&self) -> async_graphql::Result<Option<Money>> {
        Ok(self.retail()?.map(|price| self.money(price.price_per_minute)))
    }

    /// Customer's one-time fee for an answered call; null if there is no rate.
    #[field(columns(retail, currency), numbered)]
    fn connection_fee(&self) -> async_graphql::Result<Option<Money>> {
        Ok(self.retail()?.map(|price| self.money(price.connection_fee)))
    }

    /// Customer's price for 60 seconds of the initial increment, outside time bands; null if `pricePerMinute` applies from the beginning, or if there
    /// is no rate.
    #[field(columns(retail, currency), numbered)]
    fn initial_price(&self) -> async_graphql::Result<Option<Money>> {
        let price = self.retail()?.and_then(|price| price.initial_price);
        Ok(price.map(|price| self.money(price)))
    }

    /// Minimum number of seconds billed to the customer; null if there is no rate.
    #[field(columns(retail), numbered)]
    fn initial_increment(&self) -> async_graphql::Result<Option<u32>> {
        Ok(self.retail()?.map(|price| price.increments.0))
    }

    /// Size in seconds of each billing step after the initial increment; null if there is no rate.
    #[field(columns(retail), numbered)]
    fn increment(&self) -> async_graphql::Result<Option<u32>> {
        Ok(self.retail()?.map(|price| price.increments.1))
    }

    /// Minimum charge of the call if it is answered; null if there is no rate.
    #[field(columns(retail, currency), numbered)]
    fn minimum_charge(&self) -> async_graphql::Result<Option<Money>> {
        Ok(self.retail()?.map(|price| self.money(price.minimum_charge)))
    }

    /// The call is free if it is shorter than this many seconds; null if there is no rate.
    #[field(columns(retail), numbered)]
    fn free_seconds(&self) -> async_graphql::Result<Option<u32>> {
        Ok(self.retail()?.map(|price| price.free_seconds))
    }

    /// Talk time in seconds that is paid for so far. The paid talk time grows during the call if credit, deposit and limits allow. The call ends when
    /// this time is used up.
    #[field(columns(covered), numbered)]
    pub(crate) fn max_seconds(&self) -> i32 {
        self.row.covered
    }

    /// Whether CALL_ENDING_SOON announced that the call ends soon. The call may still last longer if a deposit or credit has been added since then.
    #[field(columns(ending_soon), numbered)]
    pub(crate) fn ending_soon(&self) -> bool {
        self.row.ending_soon
    }

    /// Whether the end is an estimate, because the proxy lost the call or reported impossible times. If the true end is reported later, the
    /// charge is corrected.
    #[field(columns(estimated), numbered)]
    fn estimated(&self) -> bool {
        self.row.estimated
    }

    /// Value of the talk time that was not charged because it exceeded the paid time; zero unless the call was ended late.
    #[field(columns(written_off, currency), numbered)]
    fn written_off(&self) -> Money {
        self.money(self.row.written_off)
    }

    /// Final SIP status code of a call that was not answered, such as 486; null otherwise.
    #[field(columns(sip_code), numbered)]
    fn sip_code(&self) -> Option<i32> {
        self.row.sip_code
    }

    /// Party that ended the call; null if it is unknown or the call is live.
    #[field(columns(ended_by), numbered)]
    fn ended_by(&self) -> Option<EndedBy> {
        self.row.ended_by.map(Into::into)
    }

    /// Reason that the call ended; null if it is unknown or the call is live.
    #[field(columns(cause), numbered)]
    fn cause(&self) -> Option<EndCause> {
        self.row.cause.map(Into::into)
    }

    /// Reason that the call was refused; null if it was allowed.
    #[field(columns(refusal), numbered)]
    fn refusal(&self) -> Option<CallRefusal> {
        self.row.refusal.as_deref().map(|code| Refusal::stored(code).into())
    }

    /// The cost to each account in the caller's subtree, starting with the callshop; empty until the call is over. Hidden from attendants.
    #[field(roles = BACK_OFFICE, length = 4)]
    async fn costs(&self, ctx: &Context<'_>) -> async_graphql::Result<Vec<CallCost>> {
        let costs = calls::costs(app(ctx), actor(ctx)?, self.row.id).boxed().await.map_err(top_level)?;
        let shown = costs.into_iter().map(|cost| CallCost {
            account: cost.account,
            billed_seconds: cost.billed_seconds,
            amount: self.money(cost.amount),
        });
        Ok(shown.collect())
    }

    /// Profit of the caller's account from this call: its income minus its cost. For a callshop, the customer's price minus the shop's cost.
    /// Null until the call is over. Hidden from attendants.
    #[field(roles = BACK_OFFICE)]
    async fn margin(&self, ctx: &Context<'_>) -> async_graphql::Result<Option<Money>> {
        let margin = calls::margin(app(ctx), actor(ctx)?, self.row.id).boxed().await.map_err(top_level)?;
        Ok(margin.map(|margin| self.money(margin)))
    }
}

#[cfg(test)]
mod tests {
    use apollo_compiler::validation::Valid;
    use apollo_compiler::{ExecutableDocument, Schema};
    use serde_json::{Value, json};

    use super::*;
    use crate::compiled::Below;
    use crate::fields::{Declared as _, Field};

    /// Two ended calls that differ in every column.
    fn calls() -> [Value; 2] {
        let (id, other) = ("1472c42e-9d02-4bf4-969d-8cc8cdbd0658", "2472c42e-9d02-4bf4-969d-8cc8cdbd0658");
        let price = |price: i64| {
            json!({ "price_per_minute": price, "connection_fee": price, "initial_price": price, "increments": [price, price],
                "minimum_charge": price, "free_seconds": price })
        };
        let row = |id: &str, second: u32, of: &Value| {
            let at = |offset: u32| format!("2026-11-22T10:00:{:02}Z", second + offset);
            json!({ "id": id, "callshop_id": id, "cabin_id": id, "session_id": id, "dialed": at(0), "number": if second == 1 {
                "351912345671" } else { "5511987654321" }, "destination": at(1), "emergency": second == 1, "state": if second == 1 { "ENDED" } else { "FAILED" }, "authorized_at":
                at(0), "ringing_at": at(1), "answered_at": at(2), "ended_at": at(3), "covered": second, "sip_code": second, "ended_by": if second == 1 {
                "CALLER" } else { "CALLEE" }, "cause": if second == 1 { "BYE" } else { "LOST" }, "refusal": if second == 1 {
                "NO_CREDIT" } else { "CABIN_CLOSED" }, "ending_soon": second == 1, "talk_seconds": second,
                "billed_seconds": second, "charge": second, "currency": if second == 1 { "BRL" } else { "EUR" }, "estimated": second == 1,
                "written_off": second, "retail": of })
        };
        [row(id, 1, &price(100)), row(other, 20, &price(200))]
    }

    fn write(schema: &Valid<Schema>, field: &str, row: &Value) -> String {
        let below = |inner: &str| format!("{{ call(id: \"x\") {{ {field} {inner} }} }}");
        let parse = |text: String| ExecutableDocument::parse_and_validate(schema, text, "q").ok();
        let document = parse(below("")).or_else(|| parse(below("{ amount currency }"))).expect("a document");
        let operation = document.operations.get(None).expect("an operation");
        let selected = operation.selection_set.fields().next().expect("the field `call`");
        let plan = Below::events(&document, &[selected]).object::<Call>();
        let view: call::View = serde_json::from_value(row.clone()).expect("a view");
        let at = view.authorized_at;
        let mut out = Vec::new();
        let call = Call::new(view, if field == "asOf" { DateTime::UNIX_EPOCH } else { at });
        plan.expect("a plan").write(&call, &mut out).expect("written");
        String::from_utf8(out).expect("text")
    }

    /// A list skips large columns that none of the requested fields declares. Therefore, a field must declare every column that it reads.
    #[test]
    fn a_field_reads_only_the_columns_that_it_declares() {
        let schema = Schema::parse_and_validate(crate::sdl(), "schema.graphql").expect("a schema");
        let written = |field: &Field, row: &Value| write(&schema, field.name, row);
        let [one, other] = calls();
        for field in Call::DECLARATION
            .fields
            .iter()
            .filter(|field| !["costs", "margin", "callshop", "cabin", "session"].contains(&field.name))
        {
            let mut mixed = other.clone();
            for column in field.columns {
                mixed[*column] = one[*column].clone();
            }
            assert_eq!(written(field, &one), written(field, &mixed), "{}", field.name);
            if field.name != "asOf" {
                assert_ne!(written(field, &one), written(field, &other), "{}", field.name);
            }
        }
    }
}
