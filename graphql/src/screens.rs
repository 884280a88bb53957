//! Customers' screens: the login that is bound to one cabin, and what the screen shows.

use std::time::Duration;

use async_graphql::{Context, ID, InputObject, SimpleObject};
use chrono::{DateTime, Utc};
use futures_util::FutureExt as _;
use graphql_macros::object;

use super::activity::{Answers, application};
use super::cabins::{Cabin, CabinState};
use super::calls::Call;
use super::live_calls::{interval, ticks};
use super::payload::{answer, payload, secret_shown, top_level};
use super::roles::{SCREEN, SHOP};
use super::scalars::{Kind, Money};
use super::{actor, app, caller, keyed};
use app::screens::{self, ScreenWatch, Shown};
use base::error::Result;

/// A customer's screen: a login that is bound to one cabin and shows the customer's call and cost.
#[object]
#[derive(SimpleObject, Clone)]
pub struct Screen {
    /// Id of the screen, for `revokeScreen`.
    pub screen_id: ID,
    /// When the screen was created.
    pub created_at: DateTime<Utc>,
    /// When the screen's token expires.
    pub expires_at: DateTime<Utc>,
}

impl From<entity::auth_session::Model> for Screen {
    fn from(row: entity::auth_session::Model) -> Self {
        Self { screen_id: Kind::Screen.id(row.id), created_at: row.created_at, expires_at: row.expires_at }
    }
}

/// Content of a customer's screen: the cabin, the current call and the cost so far.
#[derive(async_graphql::Description)]
pub struct CustomerScreen(Shown);

impl CustomerScreen {
    fn money(&self, amount: billing::money::Micros) -> Money {
        Money::new(amount, &self.0.cabin.currency)
    }
}

#[object]
impl CustomerScreen {
    /// Instant at which elapsed times and costs were computed.
    fn as_of(&self) -> DateTime<Utc> {
        self.0.as_of
    }

    /// Display name of the callshop.
    fn callshop_name(&self) -> &str {
        &self.0.shop.name
    }

    /// Language of the callshop's customers, as a BCP 47 tag.
    fn locale(&self) -> &str {
        &self.0.shop.locale
    }

    /// Number on the cabin's door.
    fn cabin_number(&self) -> i32 {
        self.0.cabin.cabin.number
    }

    /// State of the cabin.
    fn cabin_state(&self) -> CabinState {
        self.0.cabin.state().into()
    }

    /// The customer's current call; null if there is none.
    fn call(&self) -> Option<ScreenCall> {
        self.0.call.clone().map(|row| ScreenCall(Call::new(row, self.0.as_of)))
    }

    /// Total of the customer's bill so far, including the current call; null if the cabin has no customer. The total is not rounded.
    fn running_total(&self) -> async_graphql::Result<Option<Money>> {
        let Some(running) = &self.0.running else { return Ok(None) };
        Ok(Some(self.money(running.total().map_err(top_level)?)))
    }

    /// The amount that the customer may still spend on calls; null without a limit.
    fn remaining(&self) -> Option<Money> {
        let left = self.0.running.as_ref()?.money_left(self.0.cabin.session.as_ref()?)?;
        Some(self.money(left))
    }

    /// Talk time that the customer may still use, in seconds; null without a time limit.
    fn remaining_seconds(&self) -> Option<u32> {
        self.0.running.as_ref()?.seconds_left(self.0.cabin.session.as_ref()?)
    }
}

/// The current call as the customer sees it.
#[derive(async_graphql::Description)]
pub struct ScreenCall(Call);

#[object]
impl ScreenCall {
    /// Called number with spaces, for display.
    fn number_formatted(&self) -> String {
        self.0.number_formatted()
    }

    /// Destination, such as "Portugal Mobile".
    fn destination(&self) -> &str {
        self.0.destination()
    }

    /// State of the call.
    fn state(&self) -> super::calls::CallState {
        self.0.state()
    }

    /// Talk time in seconds up to `asOf`.
    fn elapsed_seconds(&self) -> async_graphql::Result<u32> {
        self.0.elapsed_seconds()
    }

    /// Cost of the call up to `asOf`.
    fn cost(&self) -> async_graphql::Result<Money> {
        self.0.cost()
    }

    /// Customer's price for 60 seconds, outside time bands; null if the call has no rate.
    fn price_per_minute(&self) -> async_graphql::Result<Option<Money>> {
        self.0.price_per_minute()
    }

    /// Talk time in seconds after which the call ends unless more credit is reserved for it.
    fn max_seconds(&self) -> i32 {
        self.0.max_seconds()
    }

    /// Whether the call ends soon, because the credit, the deposit or a limit is nearly used up.
    fn ending_soon(&self) -> bool {
        self.0.ending_soon()
    }
}

/// The cabin of a new screen, and the lifetime of the screen.
#[derive(InputObject)]
pub struct CreateScreenInput {
    /// The cabin.
    pub cabin_id: ID,
    /// Days until the token expires, 1 to 400.
    #[graphql(default = 90)]
    pub days: i32,
    /// Makes the request safe to repeat: a repeated request with the same key and input changes nothing. The response to the repeated request has the
    /// error `SECRET_SHOWN` instead of the token. A key has at most 100 bytes and is kept for 400 days.
    pub idempotency_key: Option<String>,
}

/// A screen.
#[derive(InputObject)]
pub struct RevokeScreenInput {
    /// The screen.
    pub screen_id: ID,
}

payload!(
    secret
    /// Result of `createScreen`.
    CreateScreenPayload {
        /// The screen.
        screen: Screen,
        /// Access token of the screen. The token is shown only once; a repeated request gets null. Put the token in the fragment of the page's URL,
        /// because browsers do not send the fragment to the server.
        token: String,
    }
);

payload!(
    /// Result of `revokeScreen`.
    RevokeScreenPayload {
        /// The screen's cabin.
        cabin: Cabin,
    }
);

/// The fields of `Query` for customers' screens.
#[derive(Default)]
pub struct ScreenQuery;

#[object(root = "Query")]
impl ScreenQuery {
    /// Content of the customer's screen to which this login is bound.
    #[field(roles = SCREEN, scope = LOGIN_ONLY)]
    async fn customer_screen(&self, ctx: &Context<'_>) -> async_graphql::Result<CustomerScreen> {
        Ok(CustomerScreen(screens::shown(app(ctx), actor(ctx)?).await.map_err(top_level)?))
    }
}

/// The fields of `Mutation` for customers' screens.
#[derive(Default)]
pub struct ScreenMutation;

#[object(root = "Mutation")]
impl ScreenMutation {
    /// Creates a login for the customer's screen of a cabin. The login shows the customer's current call and cost, and nothing else.
    #[field(roles = SHOP, scope = LOGIN_ONLY)]
    async fn create_screen(
        &self,
        ctx: &Context<'_>,
        input: CreateScreenInput,
    ) -> async_graphql::Result<CreateScreenPayload> {
        let created = async {
            let cabin = Kind::Cabin.parse(&input.cabin_id)?;
            let actor = keyed(ctx, input.idempotency_key.as_deref())?;
            screens::create(app(ctx), &actor, cabin, input.days).await
        };
        let message = "An earlier request with this key showed the token. If it is lost, revoke the screen and create another one.";
        answer(created.await.map(|(screen, token)| CreateScreenPayload {
            screen: Some(screen.into()),
            user_errors: if token.is_none() { vec![secret_shown(message)] } else { Vec::new() },
            token,
        }))
    }

    /// Ends the login of a customer's screen and closes its sockets.
    #[field(roles = SHOP, scope = LOGIN_ONLY)]
    async fn revoke_screen(
        &self,
        ctx: &Context<'_>,
        input: RevokeScreenInput,
    ) -> async_graphql::Result<RevokeScreenPayload> {
        let revoked =
            async { screens::revoke(app(ctx), caller(ctx)?, Kind::Screen.parse(&input.screen_id)?).await };
        answer(
            revoked
                .await
                .map(|cabin| RevokeScreenPayload { cabin: Some(Cabin(cabin)), user_errors: Vec::new() }),
        )
    }
}

/// The fields of `Subscription` for customers' screens.
#[derive(Default)]
pub struct ScreenSubscription;

#[object(root = "Subscription")]
impl ScreenSubscription {
    /// Content of the customer's screen to which this login is bound. A message is sent immediately, every second, and after each change.
    #[field(roles = SCREEN, scope = LOGIN_ONLY)]
    async fn customer_screen(&self, ctx: &Context<'_>) -> async_graphql::Result<Answers<CustomerScreen>> {
        let (app, actor) = (application(ctx), actor(ctx)?.clone());
        let screen = ScreenWatch::start(app, actor).await.map_err(top_level)?;
        Ok(ticks(ScreenTicker { screen, ticks: interval(EVERY) }, |ticker| ticker.next().boxed()))
    }
}

/// Interval between the messages of a screen.
const EVERY: Duration = Duration::from_secs(1);

/// Sends the content of a screen at each tick and after each event of its cabin.
struct ScreenTicker {
    screen: ScreenWatch,
    ticks: tokio::time::Interval,
}

impl ScreenTicker {
    async fn next(&mut self) -> Result<CustomerScreen> {
        tokio::select! {
            _ = self.ticks.tick() => {}
            changed = self.screen.changed() => changed?,
        }
        Ok(CustomerScreen(self.screen.now().await?))
    }
}
