//! Mutations that move money carry an idempotency key: the same key with the same input answers what the first one answered.

use entity::idempotency_key;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::auth::{Actor, token};
use base::clock::Clock;
use base::error::{Error, ErrorCode, OrFault as _, Result};
use store::{Tx, keys};

/// Longest key.
const MAX_LENGTH: usize = 100;

/// Runs `act` once per key, inside the transaction it is given. `answer` is what is kept: ids, never secrets.
///
/// # Errors
/// `IDEMPOTENCY_CONFLICT` when the key came with another input before; those of `act`, which are not kept.
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
        return Err(Error::invalid("idempotencyKey", format!("a key has 1 to {MAX_LENGTH} bytes")));
    }
    let input_hash = token::digest(&serde_json::to_string(input).or_fault()?);
    if let Some(first) = keys::find(tx.conn(), actor.user_id, mutation, key).await? {
        if first.input_hash != input_hash {
            let message = "this key was used with another input";
            return Err(Error::field(ErrorCode::IdempotencyConflict, "idempotencyKey", message));
        }
        return serde_json::from_value(first.answer).or_fault();
    }
    let answer = act().await?;
    let row = idempotency_key::Model {
        user_id: actor.user_id,
        mutation: mutation.to_owned(),
        key: key.to_owned(),
        input_hash,
        answer: serde_json::to_value(&answer).or_fault()?,
        created_at: clock.now(),
    };
    // two at once with one key: the second runs again, and finds what the first answered
    keys::insert(tx.conn(), row)
        .await
        .map_err(|error| if error.is_unique_violation() { Error::Overtaken } else { error })?;
    Ok(answer)
}
