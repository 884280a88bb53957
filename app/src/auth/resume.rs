//! Finds the actor for work that continues after its request, such as an import. The continued work has the current rights of the login or API token
//! that started it.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::actor::Actor;
use super::{api_token, login};
use crate::App;
use base::error::{Error, Result};

/// The actor of a login or API token, with its current rights.
///
/// # Errors
/// Fails with [`Error::Unauthenticated`] if the login or token has ended.
pub(crate) async fn actor(app: &App, login: Option<Uuid>, token: Option<Uuid>) -> Result<Actor> {
    Ok(read(app, login, token).await?.0)
}

async fn read(app: &App, login: Option<Uuid>, token: Option<Uuid>) -> Result<(Actor, DateTime<Utc>)> {
    let now = app.clock.now();
    match (login, token) {
        (_, Some(token)) => api_token::holder_by_id(app, token, now).await,
        (Some(login), None) => login::holder_of(app, login, now).await,
        (None, None) => Err(Error::Unauthenticated),
    }
}

/// Checks that the actor's login or API token has not ended, for long-running work. A node notices the end of a login or token within a second.
///
/// # Errors
/// Fails with [`Error::Unauthenticated`] if the login or token has ended.
pub(crate) async fn still_valid(app: &App, actor: &Actor) -> Result<()> {
    // the command line has no login
    if actor.session_id.is_nil() {
        return Ok(());
    }
    let known = app.identities.known(actor.session_id);
    if known.is_some_and(|(_, ends)| ends > app.clock.now()) {
        return Ok(());
    }
    let token = actor.token.as_ref().map(|token| token.id);
    let (fresh, ends) = read(app, Some(actor.session_id), token).await?;
    app.identities.remember(&fresh, ends);
    Ok(())
}
