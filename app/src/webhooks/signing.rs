//! Signatures of messages, as in [Standard Webhooks](https://www.standardwebhooks.com): HMAC-SHA-256 of the message's id, time and body.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use entity::webhook;
use hmac::{Hmac, Mac as _};
use sha2::Sha256;

use crate::App;
use base::error::{OrFault as _, Result};

/// The beginning of a secret in the form that receivers get.
const PREFIX: &str = "whsec_";

/// The current secret of a webhook, in the form that receivers get.
///
/// # Errors
/// Fails with internal faults only.
pub(super) fn shown_secret(app: &App, webhook: &webhook::Model) -> Result<String> {
    let secret = app.identities.key.webhook_secret(webhook.id, &webhook.seed)?;
    Ok(format!("{PREFIX}{}", STANDARD.encode(secret)))
}

/// The headers of a message. While a replaced secret is valid, there is a signature with each secret, the new one first.
///
/// # Errors
/// Fails with internal faults only.
pub(super) fn headers(
    app: &App,
    webhook: &webhook::Model,
    message_id: &str,
    body: &str,
    now: DateTime<Utc>,
) -> Result<[(&'static str, String); 3]> {
    let key = &app.identities.key;
    let mut secrets = vec![key.webhook_secret(webhook.id, &webhook.seed)?];
    if let (Some(old), Some(until)) = (&webhook.old_seed, webhook.old_seed_until)
        && until > now
    {
        secrets.push(key.webhook_secret(webhook.id, old)?);
    }
    let timestamp = now.timestamp();
    let signatures: Vec<String> =
        secrets.iter().map(|secret| sign(secret, message_id, timestamp, body)).collect::<Result<_>>()?;
    Ok([
        ("webhook-id", message_id.to_owned()),
        ("webhook-timestamp", timestamp.to_string()),
        ("webhook-signature", signatures.join(" ")),
    ])
}

/// A signature of a message.
///
/// # Errors
/// Fails with internal faults only.
pub fn sign(secret: &[u8], message_id: &str, timestamp: i64, body: &str) -> Result<String> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).or_fault()?;
    mac.update(format!("{message_id}.{timestamp}.").as_bytes());
    mac.update(body.as_bytes());
    Ok(format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes())))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example from the specification's reference libraries.
    #[test]
    fn a_signature_is_that_of_the_specification() {
        let secret = STANDARD.decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").expect("base 64");
        let body = r#"{"test": 2432232314}"#;
        let signature = sign(&secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, body);
        assert_eq!(signature.expect("a signature"), "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }
}
