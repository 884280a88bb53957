//! Creates callshops to watch, and an activity event to publish.

use app::accounts::{self, NewAccount};
use app::auth::Actor;
use app::{App, phones};
use entity::{AccountKind, ActivityKind, activity};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _};
use tests::{Shop, TestServer};
use uuid::Uuid;

use crate::Result;

/// Number of callshops created concurrently.
const AT_ONCE: usize = 4;
/// Lifetime of the watchers' token, in seconds.
const A_DAY: i64 = 86_400;

/// The created callshops, phones and token.
pub struct Seeded {
    /// Access token of a user who may watch all callshops.
    pub token: String,
    /// The callshops.
    pub shops: Vec<Uuid>,
    /// SIP user names of the phones. Each of the first callshops has one phone.
    pub phones: Vec<String>,
    /// A `CALL_ENDED` event.
    pub sample: activity::Model,
}

impl Seeded {
    /// The payload of the sample event, changed so that the call belongs to this callshop.
    pub fn payload(&self, shop: usize) -> serde_json::Value {
        let mut payload = self.sample.payload.clone();
        payload["call"]["callshop_id"] = serde_json::json!(self.shops[shop]);
        payload
    }
}

/// Creates `shops` callshops of one reseller. The first `with_phone` callshops each have a phone.
pub async fn seed(url: &str, shops: u32, with_phone: u32) -> Result<Seeded> {
    let server = TestServer::start(tests::Backend::Sqlite, |config| {
        url.clone_into(&mut config.database_url);
        config.auth.access_seconds = A_DAY;
    });
    let shop = Shop::on(server.await, 1).await;
    shop.open_register().await;
    shop.open_cabin(0).await;
    shop.call(0, "+13055550123", 90_000).await;
    let app = &shop.server.app;
    let ended = activity::Entity::find().filter(activity::Column::Kind.eq(ActivityKind::CallEnded));
    let sample = ended.one(app.store.reader()).await?.ok_or("no call ended")?;
    let reseller = graphql::scalars::Kind::Account.parse(&shop.reseller_id.as_str().into());
    let reseller = reseller.map_err(|error| error.to_string())?;
    let platform = accounts::ensure_platform(app).await?;
    let operator = &Actor::operator(&platform);
    let made: Vec<(Uuid, Option<String>)> = stream::iter(0..shops)
        .map(|number| make(app, operator, reseller, number, number < with_phone))
        .buffered(AT_ONCE)
        .try_collect()
        .await?;
    let seeded = Seeded {
        token: shop.reseller.token().to_owned(),
        phones: made.iter().filter_map(|(_, phone)| phone.clone()).collect(),
        shops: made.into_iter().map(|(id, _)| id).collect(),
        sample,
    };
    shop.server.stop().await;
    Ok(seeded)
}

async fn make(
    app: &App,
    operator: &Actor,
    reseller: Uuid,
    number: u32,
    with_phone: bool,
) -> Result<(Uuid, Option<String>)> {
    let new = NewAccount {
        parent_id: Some(reseller),
        kind: AccountKind::Callshop,
        name: format!("Callshop {number}"),
        currency: None,
        time_zone: None,
        country: Some("BR".to_owned()),
        locale: None,
        user: None,
    };
    let id = accounts::create(app, operator, new).await?.account.id;
    let phone = match with_phone {
        true => phones::create(app, operator, id, 1, "Phone").await?.pop().map(|new| new.phone.sip_user),
        false => None,
    };
    Ok((id, phone))
}
