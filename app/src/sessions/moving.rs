//! Moves a session to another cabin.

use billing::session as rules;
use entity::{ActivityKind, cabin, cabin_session};
use serde_json::json;
use uuid::Uuid;

use super::opening::check_usable;
use super::{SessionView, count, illegal, lock, record, view};
use crate::auth::{Actor, Right};
use crate::{App, cabins};
use base::error::{Error, ErrorCode, Result};
use store::{cabins as cabin_rows, sessions};

/// Moves a customer's session to another cabin. Past calls keep the cabin from which they were made.
///
/// # Errors
/// Fails with `ILLEGAL_STATE` during a call, or if the session is not open. Fails with `FORBIDDEN` for users outside the callshop. May also fail with
/// `NOT_FOUND`. See [`open`](super::open) for errors about the other cabin.
pub async fn change_cabin(app: &App, actor: &Actor, id: Uuid, cabin_id: Uuid) -> Result<SessionView> {
    let now = app.clock.now();
    app.write_as(actor, |tx| async move {
        let found = sessions::find(tx.conn(), &actor.scope(), id).await?.ok_or(Error::NotFound)?;
        actor.require(Right::OperateCabins)?;
        if found.cabin_id == cabin_id {
            return Err(Error::invalid("cabinId", "The session is already in this cabin."));
        }
        let locked = cabin_rows::lock(tx.conn(), &[found.cabin_id, cabin_id]).await?;
        let in_shop =
            |cabin: &&cabin::Model| cabin.callshop_id == found.callshop_id && cabin.retired_at.is_none();
        let unknown = || Error::field(ErrorCode::NotFound, "cabinId", "The callshop has no such cabin.");
        let target = locked.iter().filter(in_shop).find(|cabin| cabin.id == cabin_id).ok_or_else(unknown)?;
        check_usable(tx.conn(), target).await?;
        let session = lock(&tx, actor, id).await?;
        let live = sessions::live_calls(tx.conn(), id).await?;
        rules::may_move(session.state.into(), count(live.len())?).map_err(illegal)?;
        if session.cabin_id != found.cabin_id {
            return Err(Error::user(
                ErrorCode::IllegalState,
                "Another user has just moved the session. Check its cabin and try again.",
            ));
        }
        let session = sessions::update(tx.conn(), cabin_session::Model { cabin_id, ..session }).await?;
        let (before, after) = (json!({ "cabin_id": found.cabin_id }), json!({ "cabin_id": cabin_id }));
        record(&tx, actor, now, "moveSession", &session, (before, after)).await?;
        for cabin in &locked {
            cabins::emit(&tx, ActivityKind::SessionMoved, cabin, Some(&session), now).await?;
        }
        view(tx.conn(), session).await
    })
    .await
}
