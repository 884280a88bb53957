//! Signed links to exports, for browsers: a browser that downloads a file sends no `Authorization` header, and a token does not belong in an address.
//!
//! A link contains the id of a login or API token, and one request. A link is valid for [`GOOD_FOR`]. The download has the rights that the login or
//! token has when the download begins, so the link stops working when the login or token ends.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq as _;
use uuid::Uuid;

use super::Request;
use crate::App;
use crate::auth::token::TokenKey;
use crate::auth::{Actor, resume};
use base::error::{Error, OrFault as _, Result};

/// The path of exports, before the subject's name.
pub const PATH: &str = "/export";
/// Time within which the download must begin.
pub const GOOD_FOR: TimeDelta = TimeDelta::minutes(5);
/// Longest link that is read, in bytes.
const MAX_BYTES: usize = 2048;

/// A link in the form in which its owner receives it.
#[derive(Clone, Debug)]
pub struct Link {
    /// Path and query, relative to the address of the server.
    pub path: String,
    /// When the link stops working.
    pub expires_at: DateTime<Utc>,
}

/// The signed contents of a link.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Contents {
    login: Option<Uuid>,
    token: Option<Uuid>,
    /// Unix time at which the link stops working.
    until: i64,
    request: Request,
}

/// Makes a link to an export. The calling function must already have checked the request and the actor's rights ([`super::check`]).
///
/// # Errors
/// Fails with internal faults only.
pub fn create(app: &App, actor: &Actor, request: Request) -> Result<Link> {
    let expires_at = app.clock.now() + GOOD_FOR;
    let token = actor.token.as_ref().map(|token| token.id);
    let login = token.is_none().then_some(actor.session_id);
    let name = request.subject.name();
    let contents = Contents { login, token, until: expires_at.timestamp(), request };
    Ok(Link { path: format!("{PATH}/{name}?link={}", contents.sign(&app.identities.key)?), expires_at })
}

/// The actor and the request of a link.
///
/// # Errors
/// Fails with [`Error::Unauthenticated`] for a link that this installation did not issue, that was changed, or that has expired, and if the link's
/// login or token has ended.
pub async fn admit(app: &App, link: &str) -> Result<(Actor, Request)> {
    let contents = Contents::read(&app.identities.key, link)?.ok_or(Error::Unauthenticated)?;
    if contents.until <= app.clock.now().timestamp() {
        return Err(Error::Unauthenticated);
    }
    let actor = resume::actor(app, contents.login, contents.token).await?;
    Ok((actor, contents.request))
}

impl Contents {
    /// `CONTENTS.CODE`.
    fn sign(&self, key: &TokenKey) -> Result<String> {
        let text = URL_SAFE_NO_PAD.encode(serde_json::to_vec(self).or_fault()?);
        let code = key.export_code(&text)?;
        Ok(format!("{text}.{code}"))
    }

    /// The contents of a link that this installation issued, even if it has expired; `None` for any other text.
    fn read(key: &TokenKey, link: &str) -> Result<Option<Self>> {
        let Some((text, code)) = link.split_once('.').filter(|_| link.len() <= MAX_BYTES) else {
            return Ok(None);
        };
        if !bool::from(key.export_code(text)?.as_bytes().ct_eq(code.as_bytes())) {
            return Ok(None);
        }
        let bytes = URL_SAFE_NO_PAD.decode(text).ok();
        Ok(bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok()))
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Format, Subject};
    use super::*;

    #[test]
    fn a_link_is_of_one_key_and_cannot_be_changed() {
        let key = TokenKey::new(b"a key of the tests, and long enough");
        let request = Request {
            subject: Subject::Calls,
            id: Uuid::now_v7(),
            from: Some("2026-11".to_owned()),
            to: None,
            book: None,
            format: Format::Csv,
            locale: None,
        };
        let contents = Contents { login: Some(Uuid::now_v7()), token: None, until: 1_800_000_000, request };
        let link = contents.sign(&key).expect("a link");
        let read = Contents::read(&key, &link).expect("no fault").expect("contents");
        assert_eq!(read, contents);
        let other = TokenKey::new(b"another key of the tests, as long");
        assert!(Contents::read(&other, &link).expect("no fault").is_none());
        let longer = Contents { until: 1_900_000_000, ..read };
        let text = longer.sign(&other).expect("a link").split_once('.').expect("two parts").0.to_owned();
        let code = link.split_once('.').expect("a code").1;
        for forged in [format!("{text}.{code}"), text, String::new(), ".".to_owned(), format!("{link}x")] {
            assert!(Contents::read(&key, &forged).expect("no fault").is_none(), "{forged}");
        }
        assert!(link.len() < 800, "{}", link.len());
    }
}
