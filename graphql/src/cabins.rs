//! Cabins: the phone booths of a callshop.

use async_graphql::{Context, ID, InputObject};
use chrono::{DateTime, Utc};
use futures_util::FutureExt as _;
use graphql_macros::object;
use uuid::Uuid;

use super::accounts::{Callshop, shop_of};
use super::calls::{self, Call, CallOwner};
use super::filters::{CallFilterInput, CallOrder};
use super::loaders::{LiveCallOf, ScreensOf, load};
use super::paging::{Page, Paging, connection};
use super::payload::{answer, nullable, payload, top_level};
use super::phones::Phone;
use super::roles::{BACK_OFFICE, SHOP, SIGNED_IN};
use super::scalars::Kind;
use super::screens::Screen;
use super::sessions::CabinSession;
use super::{actor, app, caller, graphql_enum, keyed};
use app::auth::Right;
use app::cabins::{self, CabinChange, CabinView, NewCabin};
use app::phones::PhoneView;
use app::sessions::SessionView;

graphql_enum!(
    /// State of a cabin.
    CabinState = "app::cabins::CabinState" {
        /// The cabin has no customer. The cabin's phone can make only emergency calls.
        Closed,
        /// A customer has the cabin (the session is OPEN or CLOSING), and no call is in progress.
        Open,
        /// A call is in progress.
        InCall,
        /// A user took the cabin out of service.
        OutOfService,
    }
);

/// A phone booth with a number on its door.
#[derive(async_graphql::Description)]
pub struct Cabin(pub CabinView);

#[object(scope = CABINS_READ)]
impl Cabin {
    /// Global id.
    #[field(numbered)]
    pub(super) fn id(&self) -> ID {
        Kind::Cabin.id(self.0.cabin.id)
    }

    /// Number on the door, unique in the callshop.
    #[field(numbered)]
    fn number(&self) -> i32 {
        self.0.cabin.number
    }

    /// Display name.
    #[field(numbered)]
    fn label(&self) -> &str {
        &self.0.cabin.label
    }

    /// State, derived from the cabin's session and calls.
    #[field(numbered)]
    fn state(&self) -> CabinState {
        self.0.state().into()
    }

    /// Phone in the cabin; null if no phone is assigned. A cabin without a phone cannot be opened.
    #[field(numbered)]
    fn phone(&self) -> Option<Phone> {
        let phone = self.0.phone.clone()?;
        Some(Phone(PhoneView { phone, cabin: Some(self.0.clone()) }))
    }

    /// Whether the phone is registered at the proxy; null without a phone.
    #[field(numbered)]
    fn phone_online(&self) -> Option<bool> {
        self.0.phone.as_ref().map(|phone| phone.online)
    }

    /// The session of the customer in the cabin; null if there is no customer.
    #[field(numbered)]
    fn current_session(&self) -> Option<CabinSession> {
        let session = self.0.session.clone()?;
        Some(CabinSession(SessionView { session, currency: self.0.currency.clone() }))
    }

    /// The live call from the cabin's phone; null if there is no live call.
    #[field(numbered)]
    async fn live_call(&self, ctx: &Context<'_>) -> async_graphql::Result<Option<Call>> {
        if self.0.live_calls == 0 {
            return Ok(None);
        }
        let row = load(ctx, LiveCallOf(self.0.cabin.id)).await.map_err(top_level)?;
        Ok(row.map(|row| Call::shown(ctx, row, app(ctx).clock.now())))
    }

    /// Callshop of the cabin.
    #[field(numbered)]
    async fn callshop(&self, ctx: &Context<'_>) -> async_graphql::Result<Callshop> {
        shop_of(ctx, self.0.cabin.callshop_id).await
    }

    /// The cabin's customer screens, at most five. Expired and revoked screens are left out.
    #[field(roles = SHOP, length = 5)]
    async fn screens(&self, ctx: &Context<'_>) -> async_graphql::Result<Vec<Screen>> {
        actor(ctx)?.require(Right::OperateCabins).map_err(top_level)?;
        let found = load(ctx, ScreensOf(self.0.cabin.id)).await.map_err(top_level)?;
        Ok(found.unwrap_or_default().into_iter().map(Screen::from).collect())
    }

    /// Calls made from the cabin, newest first.
    async fn calls(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Only matching calls; all if omitted. Leave out `cabinId`.")] filter: Option<
            CallFilterInput,
        >,
        #[graphql(desc = "Newest first if omitted.")] order_by: Option<CallOrder>,
        paging: Paging,
    ) -> async_graphql::Result<Page<Call>> {
        let owner = CallOwner::Cabin(self.0.cabin.id);
        calls::calls_of(ctx, self.0.cabin.callshop_id, owner, filter, order_by, paging).boxed().await
    }

    /// When the cabin was retired; null if it is not retired.
    #[field(numbered)]
    fn retired_at(&self) -> Option<DateTime<Utc>> {
        self.0.cabin.retired_at
    }

    /// When the cabin was created.
    #[field(numbered)]
    fn created_at(&self) -> DateTime<Utc> {
        self.0.cabin.created_at
    }
}

/// A new cabin.
#[derive(InputObject)]
pub struct CreateCabinInput {
    /// Callshop that gets the cabin.
    pub callshop_id: ID,
    /// Number on the door, 1 to 9999, unique in the callshop.
    pub number: i32,
    /// Display name; "Cabin" and the number if omitted.
    pub label: Option<String>,
    /// A phone of the callshop that is not in any cabin.
    pub phone_id: Option<ID>,
    /// Makes the request safe to repeat: a repeated request with the same key and input changes nothing, and gets the answer to the first request. A
    /// key has at most 100 bytes and is kept for 400 days.
    pub idempotency_key: Option<String>,
}

/// Changes to a cabin; omitted fields are left unchanged.
#[derive(InputObject)]
pub struct UpdateCabinInput {
    /// The cabin to change.
    pub cabin_id: ID,
    /// Number on the door, 1 to 9999, unique in the callshop.
    pub number: Option<i32>,
    /// Display name.
    pub label: Option<String>,
    /// True takes the cabin out of service; false puts it back. This change is not allowed while a customer has the cabin.
    pub out_of_service: Option<bool>,
}

/// Selects a cabin.
#[derive(InputObject)]
pub struct CabinIdInput {
    /// A cabin in the caller's subtree.
    pub cabin_id: ID,
}

payload!(
    /// Result of the cabin mutations.
    CabinPayload {
        /// The cabin after the change.
        cabin: Cabin,
    }
);

/// The fields of `Query` for cabins.
#[derive(Default)]
pub struct CabinQuery;

#[object(root = "Query")]
impl CabinQuery {
    /// A cabin in the caller's subtree; null if there is no such cabin.
    #[field(roles = SIGNED_IN, scope = CABINS_READ, numbered)]
    async fn cabin(&self, ctx: &Context<'_>, id: ID) -> Option<async_graphql::Result<Cabin>> {
        let found = async { cabins::find(app(ctx), caller(ctx)?, Kind::Cabin.parse(&id)?).await };
        nullable(found.await.map(Cabin))
    }

    /// A callshop's cabins that are not retired, oldest first.
    #[field(roles = SIGNED_IN, scope = CABINS_READ, numbered)]
    async fn cabins(
        &self,
        ctx: &Context<'_>,
        callshop_id: ID,
        paging: Paging,
    ) -> async_graphql::Result<Page<Cabin>> {
        cabins_of(ctx, Kind::Callshop.parse(&callshop_id).map_err(top_level)?, paging).await
    }
}

/// A page of a callshop's cabins, oldest first.
///
/// # Errors
/// Fails with `NOT_FOUND`, or with `INVALID_INPUT` for invalid paging arguments.
pub(super) async fn cabins_of(
    ctx: &Context<'_>,
    shop: Uuid,
    paging: Paging,
) -> async_graphql::Result<Page<Cabin>> {
    let (app, actor) = (app(ctx), actor(ctx)?);
    let read = |page| cabins::list(app, actor, shop, page);
    connection(ctx, paging, false, read, |view: &CabinView| view.cabin.id, Cabin).await
}

/// The fields of `Mutation` for cabins.
#[derive(Default)]
pub struct CabinMutation;

#[object(root = "Mutation")]
impl CabinMutation {
    /// Creates a cabin.
    #[field(roles = BACK_OFFICE, scope = CABINS_WRITE)]
    async fn create_cabin(
        &self,
        ctx: &Context<'_>,
        input: CreateCabinInput,
    ) -> async_graphql::Result<CabinPayload> {
        let made = async {
            let new = NewCabin {
                callshop_id: Kind::Callshop.parse(&input.callshop_id)?,
                number: input.number,
                label: input.label.unwrap_or_else(|| cabins::default_label(input.number)),
                phone_id: input.phone_id.as_ref().map(|id| Kind::Phone.parse(id)).transpose()?,
            };
            let actor = keyed(ctx, input.idempotency_key.as_deref())?;
            cabins::create(app(ctx), &actor, new).await
        };
        answer(made.await.map(done))
    }

    /// Changes a cabin.
    #[field(roles = BACK_OFFICE, scope = CABINS_WRITE)]
    async fn update_cabin(
        &self,
        ctx: &Context<'_>,
        input: UpdateCabinInput,
    ) -> async_graphql::Result<CabinPayload> {
        let changed = async {
            let change = CabinChange {
                number: input.number,
                label: input.label,
                out_of_service: input.out_of_service,
            };
            cabins::update(app(ctx), caller(ctx)?, Kind::Cabin.parse(&input.cabin_id)?, change).await
        };
        answer(changed.await.map(done))
    }

    /// Retires a cabin permanently. The cabin's phone becomes free, and the cabin's history is kept.
    #[field(roles = BACK_OFFICE, scope = CABINS_WRITE)]
    async fn retire_cabin(
        &self,
        ctx: &Context<'_>,
        input: CabinIdInput,
    ) -> async_graphql::Result<CabinPayload> {
        let retired =
            async { cabins::retire(app(ctx), caller(ctx)?, Kind::Cabin.parse(&input.cabin_id)?).await };
        answer(retired.await.map(done))
    }
}

fn done(view: CabinView) -> CabinPayload {
    CabinPayload { cabin: Some(Cabin(view)), user_errors: Vec::new() }
}
