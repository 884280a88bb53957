//! Beginning to watch a callshop or a cabin: where to go on, and how it stands now.

use chrono::{DateTime, Utc};
use entity::call;
use uuid::Uuid;

use super::cabins::{self as cabin_cases, CabinView};
use super::{App, access};
use crate::auth::{Actor, Right};
use crate::feed::{Watch, stream};
use base::error::{Error, Result};
use store::{activity, cabins, calls};

/// How a callshop (or one cabin of it) stands.
#[derive(Clone, Debug)]
pub struct State {
    /// When it stood so.
    pub as_of: DateTime<Utc>,
    /// The cabins, by number.
    pub cabins: Vec<CabinView>,
    /// The live calls, oldest first.
    pub live: Vec<call::Model>,
}

/// Where a watcher begins.
pub struct Start {
    /// What follows.
    pub watch: Watch,
    /// The position of the snapshot.
    pub seq: i64,
    /// How it stands there; none when the watcher goes on behind his cursor.
    pub snapshot: Option<State>,
    /// The cursor was too old: there are events between it and the snapshot that are no longer kept.
    pub expired: bool,
}

/// The callshop of a cabin that the actor may watch.
///
/// # Errors
/// Not found.
pub async fn callshop_of(app: &App, actor: &Actor, cabin: Uuid) -> Result<Uuid> {
    actor.require(Right::SeeShop)?;
    let cabin = cabins::find(app.store.reader(), &actor.scope(), cabin).await?.ok_or(Error::NotFound)?;
    Ok(cabin.callshop_id)
}

/// Starts watching a callshop, or one cabin of it, behind `after` if that is given and still kept, otherwise from now.
///
/// # Errors
/// Not found; `INVALID_INPUT` for a text that is no cursor.
pub async fn start(
    app: &App,
    actor: &Actor,
    shop: Uuid,
    cabin: Option<Uuid>,
    after: Option<&str>,
) -> Result<Start> {
    let found = access::shop(app.store.reader(), actor, shop, Right::SeeShop).await?;
    let currency = found.account.currency.as_str();
    let after = after.map(stream::parse_cursor).transpose()?;
    // listening starts before the snapshot is read: nothing falls between the two
    let watch = Watch::start(&app.store, &app.hub, shop);
    if let Some(seq) = after
        && watch.can_resume(seq).await?
    {
        return Ok(Start { watch: watch.from_seq(seq), seq, snapshot: None, expired: false });
    }
    let (seq, state) = app
        .store
        .read(|tx| async move {
            let seq = activity::head(tx.conn(), shop).await?;
            let mut rows = cabins::all(tx.conn(), shop).await?;
            let mut live = calls::live(tx.conn(), shop).await?;
            if let Some(cabin) = cabin {
                rows.retain(|row| row.id == cabin);
                live.retain(|row| row.cabin_id == Some(cabin));
            }
            let cabins = cabin_cases::views(tx.conn(), shop, currency, rows).await?;
            Ok((seq, State { as_of: app.clock.now(), cabins, live }))
        })
        .await?;
    Ok(Start { watch: watch.from_seq(seq), seq, snapshot: Some(state), expired: after.is_some() })
}
