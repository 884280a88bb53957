//! An authenticator app, written from RFC 6238 and not from the server's code.

use chrono::{DateTime, Utc};
use data_encoding::BASE32_NOPAD;
use hmac::{Hmac, Mac as _};
use serde_json::{Value, json};
use sha1::Sha1;

use crate::client::Client;
use crate::shop::{PASSWORD, text};

/// The app of one user.
#[derive(Clone, Debug)]
pub struct Authenticator(Vec<u8>);

impl Authenticator {
    /// An app with a secret in base 32.
    pub fn new(secret: &str) -> Self {
        Self(BASE32_NOPAD.decode(secret.as_bytes()).expect("base 32"))
    }

    /// The six digits that the app shows.
    pub fn code(&self, at: DateTime<Utc>) -> String {
        let mut mac = Hmac::<Sha1>::new_from_slice(&self.0).expect("a key");
        mac.update(&(at.timestamp() / 30).to_be_bytes());
        let hash: [u8; 20] = mac.finalize().into_bytes().into();
        let at = usize::from(hash[19] & 0xf);
        let number = u32::from_be_bytes([hash[at], hash[at + 1], hash[at + 2], hash[at + 3]]);
        format!("{:06}", (number & 0x7fff_ffff) % 1_000_000)
    }

    /// Sets up the app for a client whose user has the usual password. The setup is not confirmed yet.
    pub async fn begin(client: &Client) -> Self {
        let input = json!({ "password": PASSWORD });
        let begun = client.did("beginTotp", "BeginTotpInput", input, "secret").await;
        Self::new(&text(&begun["secret"]))
    }

    /// Confirms the app with its current code. Returns the recovery codes.
    pub async fn confirm(&self, client: &Client, at: DateTime<Utc>) -> Vec<String> {
        let input = json!({ "code": self.code(at) });
        let confirmed = client.did("confirmTotp", "ConfirmTotpInput", input, "recoveryCodes").await;
        codes(&confirmed)
    }
}

/// The recovery codes in a payload.
pub fn codes(payload: &Value) -> Vec<String> {
    payload["recoveryCodes"].as_array().expect("codes").iter().map(text).collect()
}
