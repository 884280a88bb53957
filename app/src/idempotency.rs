//! Idempotency keys. A request that repeats a key with the same input gets the first answer again, and nothing happens twice.
//!
//! Mutations that move money need a key. A mutation that moves money has only one transaction, and looks the key up while the transaction holds its
//! locks ([`once`]). Most other mutations take an optional key, which travels with the [`Actor`]: [`repeatable`] looks the key up before the work
//! begins, and the transaction that makes the change calls [`keep`].

use chrono::{DateTime, Utc};
use entity::idempotency_key;
use sea_orm::ConnectionTrait;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::App;
use crate::auth::{Actor, token};
use base::clock::Clock;
use base::error::{Error, ErrorCode, OrFault as _, Result};
use store::{Tx, keys};

/// Maximum length of a key, in bytes.
const MAX_LENGTH: usize = 100;
/// Input fields that are ignored when two inputs are compared. A hash of an input with a password would let a reader of the table test passwords
/// quickly.
const NOT_COMPARED: [&str; 2] = ["idempotencyKey", "password"];
/// Input fields whose values are sets: neither the order of the values nor repeated values matter.
const SETS: [&str; 4] = ["holidays", "prefixes", "scopes", "weekdays"];

/// The idempotency key of one mutation in a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    mutation: String,
    key: String,
    input_hash: String,
}

impl Key {
    /// A key of a mutation with this input.
    ///
    /// # Errors
    /// Fails with `INVALID_INPUT` for a key that is empty or has more than [`MAX_LENGTH`] bytes.
    pub fn new(mutation: &str, key: &str, mut input: Value) -> Result<Self> {
        check_length(key)?;
        remove_not_compared(&mut input);
        let input_hash = token::digest(&input.to_string());
        Ok(Self { mutation: mutation.to_owned(), key: key.to_owned(), input_hash })
    }

    /// The stored answer to the first request with this key.
    async fn first<A: DeserializeOwned>(
        &self,
        conn: &impl ConnectionTrait,
        actor: &Actor,
    ) -> Result<Option<A>> {
        let found = keys::find(conn, actor.principal(), &self.mutation, &self.key).await?;
        found.map(|first| same_answer(first, &self.input_hash)).transpose()
    }

    /// The row that stores the answer to the actor's request.
    fn row(
        &self,
        actor: &Actor,
        created_at: DateTime<Utc>,
        answer: &impl Serialize,
    ) -> Result<idempotency_key::Model> {
        Ok(idempotency_key::Model {
            user_id: actor.principal(),
            mutation: self.mutation.clone(),
            key: self.key.clone(),
            input_hash: self.input_hash.clone(),
            answer: serde_json::to_value(answer).or_fault()?,
            created_at,
        })
    }
}

fn check_length(key: &str) -> Result<()> {
    if !key.is_empty() && key.len() <= MAX_LENGTH {
        return Ok(());
    }
    Err(Error::invalid(
        "idempotencyKey",
        base::message!("`idempotencyKey` must have 1 to {max} bytes.", max = MAX_LENGTH),
    ))
}

fn remove_not_compared(input: &mut Value) {
    match input {
        Value::Object(fields) => {
            fields.retain(|name, _| !NOT_COMPARED.contains(&name.as_str()));
            for (name, value) in fields.iter_mut() {
                remove_not_compared(value);
                if SETS.contains(&name.as_str()) {
                    sort(value);
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(remove_not_compared),
        _ => {}
    }
}

/// Sorts the texts of a list, and keeps each text once.
fn sort(list: &mut Value) {
    let Value::Array(items) = list else { return };
    items.sort_by(|one, other| one.as_str().cmp(&other.as_str()));
    items.dedup();
}

fn same_answer<A: DeserializeOwned>(first: idempotency_key::Model, input_hash: &str) -> Result<A> {
    if first.input_hash != input_hash {
        let message = "The key was already used with different input. Use a new key for each operation.";
        return Err(Error::field(ErrorCode::IdempotencyConflict, "idempotencyKey", message));
    }
    serde_json::from_value(first.answer).or_fault()
}

/// Runs `act`, unless an earlier request with the actor's key was carried out. If there was such a request, `again` makes the result from the answer
/// that the request stored with [`keep`]. If two requests with the same key arrive at the same time, one is carried out, and both get its answer.
/// `again` must check the actor's rights. Without a key, only runs `act`.
///
/// # Errors
/// Fails with `IDEMPOTENCY_CONFLICT` if the key was used with a different input, and with `NOT_FOUND` if the object of the earlier request is gone.
/// Also returns the errors of `act` and `again`; errors are not stored.
pub async fn repeatable<A, T, Fut>(
    app: &App,
    actor: &Actor,
    act: impl Future<Output = Result<T>>,
    again: impl FnOnce(A) -> Fut,
) -> Result<T>
where
    A: DeserializeOwned,
    Fut: Future<Output = Result<T>>,
{
    let Some(key) = actor.key() else { return act.await };
    let first = match key.first(app.store.reader(), actor).await? {
        Some(first) => first,
        None => match Box::pin(act).await {
            Ok(done) => return Ok(done),
            // another request with this key may have been faster, and its changes may have made this request fail
            Err(error) => key.first(app.store.reader(), actor).await?.ok_or(error)?,
        },
    };
    Box::pin(again(first)).await.map_err(|error| match error {
        Error::NotFound => Error::field(
            ErrorCode::NotFound,
            "idempotencyKey",
            "An earlier request with this key was carried out, but you can no longer see its object. Use a new key to repeat the change.",
        ),
        error => error,
    })
}

/// Stores the answer to a request with a key. Call this function once, in the transaction that makes the change. The answer must contain only ids and
/// amounts, never secrets. Without a key, does nothing.
///
/// # Errors
/// Fails with `IDEMPOTENCY_CONFLICT` if another request with the key was faster; [`repeatable`] then finds the answer to that request. May also fail
/// with database errors.
pub async fn keep(tx: &Tx, actor: &Actor, at: DateTime<Utc>, answer: &impl Serialize) -> Result<()> {
    let Some(key) = actor.key() else { return Ok(()) };
    keys::insert(tx.conn(), key.row(actor, at, answer)?).await.map_err(|error| {
        match error.is_unique_violation() {
            true => Error::field(
                ErrorCode::IdempotencyConflict,
                "idempotencyKey",
                "Another request with this key was carried out at the same time. Send this request again.",
            ),
            false => error,
        }
    })
}

/// Stores the answer to a request that has a key but had nothing to change. Without a key, does nothing.
///
/// # Errors
/// See [`keep`].
pub async fn keep_unchanged(app: &App, actor: &Actor, answer: &(impl Serialize + Sync)) -> Result<()> {
    if actor.key().is_none() {
        return Ok(());
    }
    app.write_as(actor, |tx| async move { keep(&tx, actor, app.clock.now(), answer).await }).await
}

/// In the given transaction, runs `act` once for each combination of user or API token, mutation, and key. The answer that `act` returns is stored,
/// so it must contain only ids and amounts, never secrets.
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
    check_length(key)?;
    let input_hash = token::digest(&serde_json::to_string(input).or_fault()?);
    let key = Key { mutation: mutation.to_owned(), key: key.to_owned(), input_hash };
    if let Some(first) = key.first(tx.conn(), actor).await? {
        return Ok(first);
    }
    let answer = match act().await {
        Ok(answer) => answer,
        Err(error @ (Error::User(_) | Error::NotFound | Error::Forbidden)) => {
            // another request with this key may have committed while this request waited for a lock; this request then runs again and finds the
            // stored answer. The look-up fails if the database refuses further statements in this transaction
            let found = keys::find(tx.conn(), actor.principal(), &key.mutation, &key.key).await;
            return Err(if matches!(found, Ok(Some(_))) { Error::Overtaken } else { error });
        }
        Err(error) => return Err(error),
    };
    // if two concurrent requests have the same key, the second request runs again and finds the answer to the first request
    keys::insert(tx.conn(), key.row(actor, clock.now(), &answer)?)
        .await
        .map_err(|error| if error.is_unique_violation() { Error::Overtaken } else { error })?;
    Ok(answer)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_order_of_fields_and_passwords_do_not_matter() {
        let hash = |input: Value| Key::new("createUser", "k", input).expect("a key").input_hash;
        let first = hash(json!({ "accountId": "a", "user": { "name": "rosa", "password": "one" } }));
        let again = hash(
            json!({ "user": { "password": "two", "name": "rosa" }, "idempotencyKey": "k", "accountId": "a" }),
        );
        assert_eq!(first, again);
        assert_ne!(first, hash(json!({ "accountId": "a", "user": { "name": "ana", "password": "one" } })));
    }

    #[test]
    fn the_order_of_scopes_does_not_matter() {
        let hash = |scopes: Value| {
            Key::new("createApiToken", "k", json!({ "input": { "scopes": scopes } }))
                .expect("a key")
                .input_hash
        };
        let first = hash(json!(["CALLS_READ", "TARIFFS_READ"]));
        assert_eq!(first, hash(json!(["TARIFFS_READ", "CALLS_READ", "TARIFFS_READ"])));
        assert_ne!(first, hash(json!(["CALLS_READ"])));
    }

    #[test]
    fn a_key_has_a_length() {
        assert!(Key::new("createUser", "", Value::Null).is_err());
        assert!(Key::new("createUser", &"k".repeat(MAX_LENGTH + 1), Value::Null).is_err());
        assert!(Key::new("createUser", &"k".repeat(MAX_LENGTH), Value::Null).is_ok());
    }
}
