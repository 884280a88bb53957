//! Idempotency keys for mutations that move money. If a request repeats a key with the same input, it gets the first answer again.

use entity::idempotency_key;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::auth::{Actor, token};
use base::clock::Clock;
use base::error::{Error, ErrorCode, OrFault as _, Result};
use store::{Tx, keys};

/// Maximum length of a key, in bytes.
const MAX_LENGTH: usize = 100;

/// Runs `act` once for each combination of user or API token, mutation, and key, in the given transaction. The answer of `act` is stored, so it must
/// contain only ids and amounts, never secrets.
///
/// # Errors
/// Fails with `IDEMPOTENCY_CONFLICT` if the key was used with a different input. Also returns the errors of `act`; errors are not stored.
pub async fn once<I, A, Fut>(
    tx: &Tx,
    actor: &Actor,
    clock: &Clock,
    mutation: &str,
    key: &str,
    input: &I,
    act: impl FnOnce() -> Fut,
) -> Result<A>
where
    I: Serialize,
    A: Serialize + DeserializeOwned,
    Fut: Future<Output = Result<A>>,
{
    if key.is_empty() || key.len() > MAX_LENGTH {
        return Err(Error::invalid(
            "idempotencyKey",
            base::message!("`idempotencyKey` must have 1 to {max} bytes.", max = MAX_LENGTH),
        ));
    }
    let input_hash = token::digest(&serde_json::to_string(input).or_fault()?);
    if let Some(first) = keys::find(tx.conn(), actor.principal(), mutation, key).await? {
        if first.input_hash != input_hash {
            let message = "The key was already used with another input. Use a new key for each operation.";
            return Err(Error::field(ErrorCode::IdempotencyConflict, "idempotencyKey", message));
        }
        return serde_json::from_value(first.answer).or_fault();
    }
    let answer = act().await?;
    let row = idempotency_key::Model {
        user_id: actor.principal(),
        mutation: mutation.to_owned(),
        key: key.to_owned(),
        input_hash,
        answer: serde_json::to_value(&answer).or_fault()?,
        created_at: clock.now(),
    };
    // if two concurrent requests have the same key, the second request runs again and finds the answer of the first request
    keys::insert(tx.conn(), row)
        .await
        .map_err(|error| if error.is_unique_violation() { Error::Overtaken } else { error })?;
    Ok(answer)
}
