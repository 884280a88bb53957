//! Tickets for event streams in browsers. A browser's `EventSource` sends no token, so its URL has a ticket.
//!
//! A ticket is signed and works once within [`GOOD_FOR`]; the database records each used ticket, so only one node accepts it. The first use sets a
//! cookie. With the cookie, the same URL works again until the login ends, so that an `EventSource` can reconnect by itself. The URL and the cookie
//! work only together: a URL in a log is worthless, and a page that does not know a ticket gains nothing from the cookie.

use chrono::{DateTime, TimeDelta, Utc};
use subtle::ConstantTimeEq as _;
use uuid::Uuid;

use super::actor::Actor;
use super::login;
use super::token::TokenKey;
use crate::App;
use base::error::{Error, Result};
use store::tickets;

/// Time within which a ticket must be used.
const GOOD_FOR: TimeDelta = TimeDelta::seconds(30);

/// A ticket in the form in which its owner receives it.
#[derive(Clone, Debug)]
pub struct StreamTicket {
    /// Letters, digits, `-`, `_` and `.`.
    pub ticket: String,
    /// When an unused ticket expires.
    pub expires_at: DateTime<Utc>,
}

/// The result of admitting an event stream.
#[derive(Clone, Debug)]
pub struct Admission {
    /// The ticket's owner.
    pub actor: Actor,
    /// When the login expires unless it is refreshed.
    pub expires_at: DateTime<Utc>,
    /// The name and the value of the cookie to set; `None` unless this is the ticket's first use.
    pub cookie: Option<(String, String)>,
}

/// The signed contents of a ticket.
struct Contents {
    login: Uuid,
    id: Uuid,
    expires_at: DateTime<Utc>,
}

/// Issues a ticket for the actor's login.
///
/// # Errors
/// Fails with [`Error::Forbidden`] for an API token.
pub fn create(app: &App, actor: &Actor) -> Result<StreamTicket> {
    actor.require_no_token()?;
    let expires_at = app.clock.now() + GOOD_FOR;
    let contents = Contents { login: actor.session_id, id: Uuid::new_v4(), expires_at };
    Ok(StreamTicket { ticket: contents.sign(&app.identities.key)?, expires_at })
}

/// Admits an event stream, and uses the ticket up. `cookie` looks up one of the request's cookies by name.
///
/// # Errors
/// Fails with [`Error::Unauthenticated`] if the ticket is forged, if it was issued for a login that has ended, or if it was used or has expired and
/// the request lacks the ticket's cookie. May also fail with database errors.
pub async fn admit<'a>(
    app: &App,
    ticket: &str,
    cookie: impl Fn(&str) -> Option<&'a str>,
) -> Result<Admission> {
    let (key, now) = (&app.identities.key, app.clock.now());
    let contents = Contents::read(key, ticket)?.ok_or(Error::Unauthenticated)?;
    let (actor, login_ends) = login::holder_of(app, contents.login, now).await?;
    let (id, expires_at) = (contents.id, contents.expires_at);
    let is_first = expires_at > now
        && app.store.write(|tx| async move { tickets::spend(tx.conn(), id, expires_at).await }).await?;
    let (name, secret) = (cookie_name(contents.login), key.stream_secret(contents.login)?);
    let has_cookie =
        || cookie(&name).is_some_and(|given| bool::from(given.as_bytes().ct_eq(secret.as_bytes())));
    if !is_first && !has_cookie() {
        return Err(Error::Unauthenticated);
    }
    Ok(Admission { actor, expires_at: login_ends, cookie: is_first.then_some((name, secret)) })
}

/// Each login has its own cookie, so that two users can be logged in with the same browser.
fn cookie_name(login: Uuid) -> String {
    format!("callshop-stream-{}", login.simple())
}

impl Contents {
    /// `LOGIN.ID.EXPIRY.CODE`, with the expiry in milliseconds since 1970.
    fn sign(&self, key: &TokenKey) -> Result<String> {
        let text =
            format!("{}.{}.{}", self.login.simple(), self.id.simple(), self.expires_at.timestamp_millis());
        Ok(format!("{text}.{}", key.ticket_code(&text)?))
    }

    /// The contents of a ticket that this installation issued, even if the ticket was used or has expired; `None` for any other text.
    fn read(key: &TokenKey, ticket: &str) -> Result<Option<Self>> {
        let Some((text, code)) = ticket.rsplit_once('.') else { return Ok(None) };
        if !bool::from(key.ticket_code(text)?.as_bytes().ct_eq(code.as_bytes())) {
            return Ok(None);
        }
        let mut parts = text.split('.');
        let mut id = || parts.next().and_then(|part| part.parse().ok());
        let (login, ticket_id) = (id(), id());
        let millis = parts.next().and_then(|part| part.parse().ok());
        let expires_at = millis.and_then(DateTime::from_timestamp_millis);
        let all = (login, ticket_id, expires_at);
        let (Some(login), Some(id), Some(expires_at)) = all else { return Ok(None) };
        Ok(Some(Self { login, id, expires_at }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ticket_is_of_one_key_and_cannot_be_changed() {
        let key = TokenKey::new(b"a key of the tests, and long enough");
        let (login, id) = (Uuid::now_v7(), Uuid::new_v4());
        let expires_at = DateTime::from_timestamp_millis(1_800_000_000_123).unwrap();
        let ticket = Contents { login, id, expires_at }.sign(&key).unwrap();
        let read = Contents::read(&key, &ticket).unwrap().unwrap();
        assert_eq!((read.login, read.id, read.expires_at), (login, id, expires_at));
        let other = TokenKey::new(b"another key of the tests, as long");
        assert!(Contents::read(&other, &ticket).unwrap().is_none());
        let later = ticket.replacen("1800000000123", "1900000000123", 1);
        for forged in [later.as_str(), "", ".", "...", "x.y.z.w"] {
            assert!(Contents::read(&key, forged).unwrap().is_none(), "{forged}");
        }
        assert!(
            ticket.len() < 200
                && ticket.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-_".contains(&byte))
        );
    }
}
