//! Finds the actor for work that continues after its request, such as an import. The work has the current rights of the login or API token that
//! started it.

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
    let now = app.clock.now();
    let (actor, _) = match (login, token) {
        (_, Some(token)) => api_token::holder_by_id(app, token, now).await?,
        (Some(login), None) => login::holder_of(app, login, now).await?,
        (None, None) => return Err(Error::Unauthenticated),
    };
    Ok(actor)
}
