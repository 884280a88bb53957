//! Checks the texts of webhooks.

use entity::{AccountKind, account};

use super::ports::{Payload, SendError};
use crate::App;
use base::error::{Error, Result};
use base::message::Message;

/// Maximum length of a description, in characters.
const MAX_DESCRIPTION: usize = 200;
/// Maximum length of an address, in bytes.
const MAX_URL: usize = 2_000;
/// Maximum length of a document, in bytes.
const MAX_QUERY: usize = 20_000;

/// Replaces tabs in a document with spaces, and Windows line endings with line feeds. Refuses all other control characters, because databases refuse
/// some of them.
pub(super) fn clean_query(text: &str) -> Result<String> {
    let text = text.replace("\r\n", "\n").replace('\t', " ");
    if text.len() <= MAX_QUERY && billing::text::is_lines(&text) {
        return Ok(text);
    }
    let message = base::message!(
        "The document must be a text of at most {max} bytes, without control characters.",
        max = MAX_QUERY
    );
    Err(Error::invalid("query", message))
}

/// Fails if the document is about one callshop and the account is not a callshop. Also fails if the document is about an account's feed and the
/// account is a callshop.
pub(super) fn check_kind(account: &account::Model, payload: &dyn Payload) -> Result<()> {
    let is_callshop = account.kind == AccountKind::Callshop;
    let fits = if is_callshop { !payload.is_for_account() } else { !payload.is_for_callshop() };
    if fits { Ok(()) } else { Err(Error::NotFound) }
}

/// Trims and checks a description.
pub(super) fn clean_description(text: &str) -> Result<String> {
    let text = text.trim();
    if text.chars().count() <= MAX_DESCRIPTION && (text.is_empty() || billing::text::is_line(text)) {
        return Ok(text.to_owned());
    }
    let message =
        base::message!("`description` must have at most {max} printable characters.", max = MAX_DESCRIPTION);
    Err(Error::invalid("description", message))
}

/// Checks whether messages may be posted to an address now.
pub(super) async fn check_url(app: &App, url: &str) -> Result<(), SendError> {
    match url.len() <= MAX_URL {
        true => app.webhooks.sender.check(url).await,
        false => Err(SendError::Url),
    }
}

/// The error for an address that was refused.
pub(super) fn bad_url(refused: SendError) -> Error {
    let message: Message = match refused {
        SendError::Insecure(_) => {
            "Use HTTPS. Plain HTTP is allowed only to the networks in `webhooks.allow_private`.".into()
        }
        SendError::Forbidden(host) => base::message!(
            "{host} has no public address. Use a public host, or ask the operator to add its network to `webhooks.allow_private`.",
            host
        ),
        SendError::Unresolved(host) => {
            base::message!("{host} cannot be resolved. Check the host name.", host)
        }
        _ => base::message!(
            "Use an address of at most {max} bytes, such as https://example.com/hook, without a user name, a password or a fragment.",
            max = MAX_URL
        ),
    };
    Error::invalid("url", message)
}
