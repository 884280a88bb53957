//! Real calls beside the played ones: SIPp's phones through the SIP proxy, which dies and comes back as it is told.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use api::graphql::scalars::Kind;
use entity::{CallState, call};
use sea_orm::{ColumnTrait as _, DatabaseConnection, EntityTrait as _, QueryFilter as _};

use super::site::Site;
use crate::Shop;
use crate::crash::Random;
use crate::shop::SipAccount;
use crate::sip::Script;

/// Longest wait for calls that nobody ends any more.
const PATIENCE: Duration = Duration::from_secs(90);

/// A callshop whose phones are real.
pub(super) struct Real {
    phones: Vec<SipAccount>,
    shop: uuid::Uuid,
    stop: AtomicBool,
    made: AtomicU64,
    whole: AtomicU64,
}

impl Real {
    /// Opens the cabins of `shop`.
    pub(super) async fn prepare(shop: &Shop) -> Self {
        shop.open_register().await;
        for cabin in 0..shop.cabins.len() {
            shop.open_cabin(cabin).await;
        }
        Self {
            phones: shop.phones.clone(),
            shop: Kind::Callshop.parse(&shop.id.clone().into()).expect("an id"),
            stop: AtomicBool::new(false),
            made: AtomicU64::new(0),
            whole: AtomicU64::new(0),
        }
    }

    pub(super) fn stop(&self) {
        self.stop.store(true, Ordering::Relaxed);
    }

    /// Each phone calls, talks for up to three seconds, calls again.
    pub(super) async fn call(self: Arc<Self>, site: Arc<Site>, mut random: Random) {
        let mut calling = Vec::new();
        for account in self.phones.clone() {
            let (real, site, own) = (self.clone(), site.clone(), Random(random.next()));
            calling.push(tokio::spawn(async move { real.phone(&site, &account, own).await }));
        }
        for phone in calling {
            phone.await.expect("a phone's task");
        }
    }

    async fn phone(&self, site: &Site, account: &SipAccount, mut random: Random) {
        let phone = site.sip.lock().await.phone(account);
        while !self.stop.load(Ordering::Relaxed) {
            let talk = (500 + random.below(2_500)).to_string();
            let options = ["-d", &talk, "-timeout", "20s"];
            let script = Script::call("phone-call", "0013055550123", &options);
            let playing = site.sip.lock().await.play(&phone, &script);
            self.made.fetch_add(1, Ordering::Relaxed);
            if playing.over().await {
                self.whole.fetch_add(1, Ordering::Relaxed);
            }
            tokio::time::sleep(Duration::from_millis(random.below(500).unsigned_abs())).await;
        }
    }

    /// Waits until no call is up any more.
    ///
    /// # Errors
    /// Calls that stay up.
    pub(super) async fn settle(&self, conn: &DatabaseConnection) -> Result<(), String> {
        let begun = Instant::now();
        loop {
            let up = call::Entity::find().filter(call::Column::CallshopId.eq(self.shop)).filter(
                call::Column::State.is_in([CallState::Authorized, CallState::Ringing, CallState::Answered]),
            );
            let up = up.all(conn).await.map_err(|error| error.to_string())?;
            if up.is_empty() {
                return Ok(());
            }
            if begun.elapsed() > PATIENCE {
                return Err(format!("{} calls of the real proxy stay up: {:?}", up.len(), up[0]));
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }

    pub(super) fn summary(&self) -> String {
        let (made, whole) = (self.made.load(Ordering::Relaxed), self.whole.load(Ordering::Relaxed));
        format!("{made} real calls through the SIP proxy, {whole} of them whole")
    }
}
