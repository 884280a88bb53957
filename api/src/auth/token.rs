//! Access tokens (JWT, HS256) and refresh tokens (opaque, rotating), and other generated secrets.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use rand::Rng as _;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use crate::error::{Error, Result};

const ISSUER: &str = "callshop";

/// What an access token says. The database is asked about everything else.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Claims {
    /// Always `callshop`.
    pub iss: String,
    /// User id.
    pub sub: Uuid,
    /// Login (auth session) id.
    pub sid: Uuid,
    /// Unix second of issue.
    pub iat: i64,
    /// Unix second of expiry.
    pub exp: i64,
}

/// Signs and checks access tokens.
pub struct TokenKey {
    encoding: EncodingKey,
    decoding: DecodingKey,
}

impl TokenKey {
    /// From a secret of at least 32 bytes.
    pub fn new(secret: &[u8]) -> Self {
        Self { encoding: EncodingKey::from_secret(secret), decoding: DecodingKey::from_secret(secret) }
    }

    /// A token for `user` in login `session`, good until `expires_at`.
    ///
    /// # Errors
    /// Faults only.
    pub fn issue(
        &self,
        user: Uuid,
        session: Uuid,
        now: DateTime<Utc>,
        expires_at: DateTime<Utc>,
    ) -> Result<String> {
        let claims = Claims {
            iss: ISSUER.to_owned(),
            sub: user,
            sid: session,
            iat: now.timestamp(),
            exp: expires_at.timestamp(),
        };
        jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &self.encoding).map_err(Error::fault)
    }

    /// The claims of a token that this key signed with HS256 and that has not expired at `now`.
    ///
    /// # Errors
    /// [`Error::Unauthenticated`] whatever is wrong with it.
    pub fn check(&self, token: &str, now: DateTime<Utc>) -> Result<Claims> {
        let mut rules = Validation::new(Algorithm::HS256);
        rules.set_issuer(&[ISSUER]);
        // expiry is checked below against the injected clock
        rules.validate_exp = false;
        rules.set_required_spec_claims(&["exp", "iss", "sub"]);
        let claims = jsonwebtoken::decode::<Claims>(token, &self.decoding, &rules)
            .map_err(|_| Error::Unauthenticated)?
            .claims;
        if claims.exp <= now.timestamp() { Err(Error::Unauthenticated) } else { Ok(claims) }
    }
}

/// 32 random bytes as 43 URL-safe characters.
pub fn random_secret() -> String {
    URL_SAFE_NO_PAD.encode(rand::rng().random::<[u8; 32]>())
}

/// `length` characters that are hard to mistake for each other when read aloud or typed from paper.
pub fn random_code(length: usize) -> String {
    const ALPHABET: &[u8] = b"abcdefghjkmnpqrstuvwxyz23456789";
    let mut rng = rand::rng();
    (0..length).map(|_| char::from(ALPHABET[rng.random_range(0..ALPHABET.len())])).collect()
}

/// SHA-256, hex: how a high-entropy secret is stored.
pub fn digest(secret: &str) -> String {
    Sha256::digest(secret.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}
