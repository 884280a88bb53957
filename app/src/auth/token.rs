//! Access tokens (JWT, HS256), refresh tokens (opaque, rotating), and other generated secrets.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use rand::Rng as _;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;
use uuid::Uuid;

use super::totp::{SECRET_BYTES, Secret};
use base::error::{Error, OrFault as _, Result};

const ISSUER: &str = "callshop";
/// Maximum number of rows that count wrong passwords of unknown logins.
const BUCKETS: u64 = 1 << 18;

/// Claims of an access token. All other facts about the user are read from the database.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Claims {
    /// Always `callshop`.
    pub iss: String,
    /// User id.
    pub sub: Uuid,
    /// Id of the login session.
    pub sid: Uuid,
    /// Issued at, Unix seconds.
    pub iat: i64,
    /// Expires at, Unix seconds.
    pub exp: i64,
    /// Start of the token's validity, Unix seconds. If a token has this claim, the claim is checked; this server's own tokens omit it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nbf: Option<i64>,
}

/// Signs and verifies access tokens.
pub struct TokenKey {
    encoding: EncodingKey,
    decoding: DecodingKey,
}

impl TokenKey {
    /// Creates a key from a secret of at least 32 bytes.
    pub fn new(secret: &[u8]) -> Self {
        Self { encoding: EncodingKey::from_secret(secret), decoding: DecodingKey::from_secret(secret) }
    }

    /// Issues an access token for `user` in login `session`, valid until `expires_at`.
    ///
    /// # Errors
    /// Fails only with internal faults.
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
            nbf: None,
        };
        jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &self.encoding).or_fault()
    }

    /// Returns a token's claims if this key signed the token with HS256 and the token is valid at `now`.
    ///
    /// # Errors
    /// Fails with [`Error::Unauthenticated`], regardless of the cause.
    pub fn check(&self, token: &str, now: DateTime<Utc>) -> Result<Claims> {
        let mut rules = Validation::new(Algorithm::HS256);
        rules.set_issuer(&[ISSUER]);
        // the code below checks the token's validity against the injected clock
        rules.validate_exp = false;
        rules.set_required_spec_claims(&["exp", "iss", "sub"]);
        let claims = jsonwebtoken::decode::<Claims>(token, &self.decoding, &rules)
            .map_err(|_| Error::Unauthenticated)?
            .claims;
        let now = now.timestamp();
        let good = claims.exp > now && claims.nbf.is_none_or(|begins| begins <= now);
        if good { Ok(claims) } else { Err(Error::Unauthenticated) }
    }

    /// The refresh secret of a login's generation: `generation.HMAC`, without the login's id. Every node derives the same secret for a generation,
    /// and only the secret's hash is stored.
    ///
    /// # Errors
    /// Fails only with internal faults.
    pub fn refresh_secret(&self, session: Uuid, generation: i64) -> Result<String> {
        let code = self.code(&format!("refresh {session} {generation}"))?;
        Ok(format!("{generation}.{code}"))
    }

    /// The generation of a refresh secret that was derived for this login; `None` for any other text.
    ///
    /// # Errors
    /// Fails only with internal faults.
    pub fn generation_of(&self, session: Uuid, secret: &str) -> Result<Option<i64>> {
        let generation = secret.split_once('.').and_then(|(generation, _)| generation.parse().ok());
        let Some(generation) = generation else { return Ok(None) };
        let derived = self.refresh_secret(session, generation)?;
        Ok(bool::from(derived.as_bytes().ct_eq(secret.as_bytes())).then_some(generation))
    }

    /// The signature of a ticket for an event stream.
    ///
    /// # Errors
    /// Fails only with internal faults.
    pub fn ticket_code(&self, ticket: &str) -> Result<String> {
        self.code(&format!("ticket {ticket}"))
    }

    /// The signature in the URL for uploading an import's file. The URL is valid until the Unix time `until`.
    ///
    /// # Errors
    /// Fails only with internal faults.
    pub fn upload_code(&self, import: Uuid, until: i64) -> Result<String> {
        self.code(&format!("upload {import} {until}"))
    }

    /// The signature of the contents of a link to an export.
    ///
    /// # Errors
    /// Fails with internal faults only.
    pub fn export_code(&self, contents: &str) -> Result<String> {
        self.code(&format!("export {contents}"))
    }

    /// The secret of a login's cookie for event streams. Every node derives the same secret.
    ///
    /// # Errors
    /// Fails only with internal faults.
    pub fn stream_secret(&self, session: Uuid) -> Result<String> {
        self.code(&format!("stream {session}"))
    }

    /// The number of the bucket that counts wrong passwords of an unknown login; less than [`BUCKETS`]. Outsiders cannot tell which logins share a
    /// bucket.
    ///
    /// # Errors
    /// Fails only with internal faults.
    pub fn bucket(&self, login: &str) -> Result<i64> {
        let code = self.code(&format!("login {login}"))?;
        let first =
            Sha256::digest(code.as_bytes()).iter().take(8).fold(0, |sum, byte| sum << 8 | u64::from(*byte));
        i64::try_from(first % BUCKETS).or_fault()
    }

    /// The secret that a user shares with an authenticator app. Every node derives the same secret from the user's seed.
    ///
    /// # Errors
    /// Fails only with internal faults.
    pub fn totp_secret(&self, user: Uuid, seed: &str) -> Result<Secret> {
        let code = URL_SAFE_NO_PAD.decode(self.code(&format!("totp {user} {seed}"))?).or_fault()?;
        let secret: &[u8; SECRET_BYTES] = code.first_chunk().ok_or_else(|| Error::fault("a short HMAC"))?;
        Ok(Secret(*secret))
    }

    /// The secret that signs the messages of a webhook. Every node derives the same secret from the webhook's seed.
    ///
    /// # Errors
    /// Fails only with internal faults.
    pub fn webhook_secret(&self, webhook: Uuid, seed: &str) -> Result<Vec<u8>> {
        URL_SAFE_NO_PAD.decode(self.code(&format!("webhook {webhook} {seed}"))?).or_fault()
    }

    /// HMAC-SHA-256 of a text. The text contains a space, so the text cannot be the signing input of a JWT.
    fn code(&self, text: &str) -> Result<String> {
        jsonwebtoken::crypto::sign(text.as_bytes(), &self.encoding, Algorithm::HS256).or_fault()
    }
}

/// 32 random bytes as 43 URL-safe characters.
pub fn random_secret() -> String {
    URL_SAFE_NO_PAD.encode(rand::rng().random::<[u8; 32]>())
}

/// `length` characters from an alphabet without characters that people easily confuse when they read a code aloud or type it from paper.
pub fn random_code(length: usize) -> String {
    const ALPHABET: &[u8] = b"abcdefghjkmnpqrstuvwxyz23456789";
    let mut rng = rand::rng();
    (0..length).map(|_| char::from(ALPHABET[rng.random_range(0..ALPHABET.len())])).collect()
}

/// SHA-256 in hex, the stored form of high-entropy secrets.
pub fn digest(secret: &str) -> String {
    Sha256::digest(secret.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::TimeDelta;

    const KEY: &[u8] = b"a key of the tests, and long enough";

    #[test]
    fn a_token_is_not_good_before_its_time() {
        let (key, now) = (TokenKey::new(KEY), Utc::now());
        let with = |nbf: serde_json::Value| {
            let mut claims = serde_json::json!({
                "iss": ISSUER, "sub": Uuid::nil(), "sid": Uuid::nil(), "iat": now.timestamp(), "exp": now.timestamp() + 60,
            });
            claims["nbf"] = nbf;
            let token = jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &key.encoding);
            key.check(&token.unwrap(), now).is_ok()
        };
        let at = |seconds: i64| serde_json::json!((now + TimeDelta::seconds(seconds)).timestamp());
        assert!(with(at(-5)) && with(at(0)) && with(serde_json::Value::Null));
        assert!(!with(at(5)) && !with(serde_json::json!("tomorrow")));
        let ours = key.issue(Uuid::nil(), Uuid::nil(), now, now + TimeDelta::seconds(60)).unwrap();
        assert!(key.check(&ours, now).is_ok());
    }

    #[test]
    fn refresh_tokens_are_of_one_login_one_generation_and_one_key() {
        let (key, login) = (TokenKey::new(KEY), Uuid::now_v7());
        let secret = key.refresh_secret(login, 7).unwrap();
        assert_eq!(key.refresh_secret(login, 7).unwrap(), secret);
        assert_eq!(key.generation_of(login, &secret).unwrap(), Some(7));
        assert_eq!(key.generation_of(Uuid::now_v7(), &secret).unwrap(), None);
        assert_eq!(key.generation_of(login, &secret.replacen('7', "8", 1)).unwrap(), None);
        assert_eq!(key.generation_of(login, &secret.replacen('7', "+7", 1)).unwrap(), None);
        let another = TokenKey::new(b"another key of the tests, as long");
        assert_eq!(another.generation_of(login, &secret).unwrap(), None);
        assert!((0..BUCKETS as i64).contains(&key.bucket("nobody@nowhere").unwrap()));
    }

    #[test]
    fn a_secret_of_an_app_is_of_one_user_one_seed_and_one_key() {
        let another = TokenKey::new(b"another key of the tests, as long");
        let (key, user) = (TokenKey::new(KEY), Uuid::now_v7());
        let of = |key: &TokenKey, user, seed| key.totp_secret(user, seed).unwrap().to_base32();
        let secret = of(&key, user, "seed");
        assert_eq!((of(&key, user, "seed"), secret.len()), (secret.clone(), 32));
        for differs in [of(&another, user, "seed"), of(&key, Uuid::now_v7(), "seed"), of(&key, user, "tree")]
        {
            assert_ne!(differs, secret);
        }
    }
}
