//! Phones: create them, rotate their SIP passwords, block them, and assign them to cabins.

use std::collections::HashMap;

use billing::words;
use entity::{ActivityKind, cabin, phone};
use md5::{Digest as _, Md5};
use serde_json::{Value, json};
use uuid::Uuid;

use super::accounts::{MAX_NAME, clean_name};
use super::audit;
use super::audited::record;
use super::cabins::CabinView;
use super::{App, access, cabins, idempotency};
use crate::auth::{Actor, Right, token};
use base::error::{Error, ErrorCode, Result};
use store::{Listed, Slice, Tx, accounts, cabins as cabin_rows, phones, sessions};

/// Maximum number of phones that one request creates.
pub const MAX_BATCH: u32 = 100;
/// Maximum number of phones per callshop.
const MAX_PHONES: u64 = 1000;
/// Length of a SIP user name. The 31^12 possible names are too many to guess, and collisions are negligible.
const USER_LENGTH: usize = 12;
/// Length of a SIP password. A password has 99 bits of entropy, but is short enough to type into a phone.
const SECRET_LENGTH: usize = 20;

/// A phone with its secret. The secret cannot be read again.
pub struct NewPhone {
    /// The phone.
    pub phone: phone::Model,
    /// The phone's SIP password; `None` if an earlier request with the same idempotency key already returned it.
    pub secret: Option<String>,
}

/// Creates `count` phones for a callshop, named `label 1`, `label 2` …. Numbering continues after the existing phones.
///
/// # Errors
/// Fails with `FORBIDDEN` for users of callshops. May also fail with `INVALID_INPUT` or `NOT_FOUND`.
pub async fn create(
    app: &App,
    actor: &Actor,
    callshop_id: Uuid,
    count: u32,
    label: &str,
) -> Result<Vec<NewPhone>> {
    let again = async |ids: Vec<Uuid>| {
        actor.require(Right::ManagePhones)?;
        let mut phones = phones::find_all(app.store.reader(), &actor.scope(), &ids).await?;
        if phones.is_empty() {
            return Err(Error::NotFound);
        }
        phones.sort_by_key(|phone| phone.id);
        Ok(phones.into_iter().map(|phone| NewPhone { phone, secret: None }).collect())
    };
    idempotency::repeatable(app, actor, create_new(app, actor, callshop_id, count, label), again).await
}

async fn create_new(
    app: &App,
    actor: &Actor,
    callshop_id: Uuid,
    count: u32,
    label: &str,
) -> Result<Vec<NewPhone>> {
    if !(1..=MAX_BATCH).contains(&count) {
        return Err(Error::invalid(
            "count",
            base::message!("`count` must be between 1 and {max}.", max = MAX_BATCH),
        ));
    }
    let label = clean_name("label", label)?;
    if label.chars().count() + " 1000".len() > MAX_NAME {
        return Err(Error::invalid(
            "label",
            base::message!(
                "`label` must have at most {max} characters, because a number is appended.",
                max = MAX_NAME - 5
            ),
        ));
    }
    let label = &label;
    app.write_as(actor, |tx| async move {
        let shop = access::shop(tx.conn(), actor, callshop_id, Right::ManagePhones).await?;
        // the lock on the callshop keeps the number of phones valid until the commit
        accounts::lock_callshop(tx.conn(), shop.id()).await?;
        let present = phones::count(tx.conn(), shop.id()).await?;
        if present + u64::from(count) > MAX_PHONES {
            return Err(Error::invalid(
                "count",
                base::message!("A callshop can have at most {max} phones.", max = MAX_PHONES),
            ));
        }
        let made: Vec<NewPhone> = (1..=u64::from(count))
            .map(|n| build(app, shop.id(), format!("{label} {}", present + n)))
            .collect();
        phones::insert(tx.conn(), made.iter().map(|new| new.phone.clone()).collect()).await?;
        for NewPhone { phone, .. } in &made {
            let after = json!({ "label": phone.label, "sipUser": phone.sip_user });
            record(&tx, actor, phone.created_at, "createPhones", phone, (Value::Null, after)).await?;
        }
        let now = app.clock.now();
        audit::announce(&tx, shop.id(), ActivityKind::PhoneChanged, now);
        let ids: Vec<Uuid> = made.iter().map(|new| new.phone.id).collect();
        idempotency::keep(&tx, actor, now, &ids).await?;
        Ok(made)
    })
    .await
}

fn build(app: &App, callshop_id: Uuid, label: String) -> NewPhone {
    let sip_user = token::random_code(USER_LENGTH);
    let secret = token::random_code(SECRET_LENGTH);
    let realm = app.config.realm.clone();
    let phone = phone::Model {
        id: Uuid::now_v7(),
        callshop_id,
        ha1: ha1(&sip_user, &realm, &secret),
        sip_user,
        label,
        realm,
        blocked_at: None,
        online: false,
        online_changed_at: None,
        contact: None,
        source: None,
        user_agent: None,
        proxy: None,
        created_at: app.clock.now(),
    };
    NewPhone { phone, secret: Some(secret) }
}

/// The hash of a phone's password for digest authentication: MD5(user:realm:secret), hex (RFC 2617 3.2.2.2).
fn ha1(user: &str, realm: &str, secret: &str) -> String {
    Md5::digest(format!("{user}:{realm}:{secret}")).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Gives a phone a new secret. The old secret stops working immediately.
///
/// # Errors
/// Fails with `FORBIDDEN` for users of callshops. May also fail with `NOT_FOUND`.
pub async fn rotate_secret(app: &App, actor: &Actor, id: Uuid) -> Result<NewPhone> {
    let again = async |id| Ok(NewPhone { phone: managed(app, actor, id).await?, secret: None });
    idempotency::repeatable(app, actor, replace_secret(app, actor, id), again).await
}

/// The phone that an earlier request created or changed.
async fn managed(app: &App, actor: &Actor, id: Uuid) -> Result<phone::Model> {
    actor.require(Right::ManagePhones)?;
    phones::find(app.store.reader(), &actor.scope(), id).await?.ok_or(Error::NotFound)
}

async fn replace_secret(app: &App, actor: &Actor, id: Uuid) -> Result<NewPhone> {
    let rotated = app
        .write_as(actor, |tx| async move {
            let mut phone = lock(&tx, actor, id).await?;
            let secret = token::random_code(SECRET_LENGTH);
            phone.realm.clone_from(&app.config.realm);
            phone.ha1 = ha1(&phone.sip_user, &phone.realm, &secret);
            let phone = phones::update(tx.conn(), phone).await?;
            let change = (json!({}), json!({ "secret": "changed" }));
            let now = app.clock.now();
            record(&tx, actor, now, "rotatePhoneSecret", &phone, change).await?;
            idempotency::keep(&tx, actor, now, &phone.id).await?;
            Ok(NewPhone { phone, secret: Some(secret) })
        })
        .await?;
    app.proxies.purge_phone(&rotated.phone.sip_user).await;
    Ok(rotated)
}

/// Blocks or unblocks a phone. A blocked phone may call only emergency numbers. A call in progress continues.
///
/// # Errors
/// Fails with `FORBIDDEN` for users of callshops. May also fail with `NOT_FOUND`.
pub async fn set_blocked(app: &App, actor: &Actor, id: Uuid, blocked: bool) -> Result<phone::Model> {
    let act = change_blocked(app, actor, id, blocked);
    idempotency::repeatable(app, actor, act, |id| managed(app, actor, id)).await
}

async fn change_blocked(app: &App, actor: &Actor, id: Uuid, blocked: bool) -> Result<phone::Model> {
    let now = app.clock.now();
    let phone = app
        .write_as(actor, |tx| async move {
            let mut phone = lock(&tx, actor, id).await?;
            let before = json!({ "blockedAt": phone.blocked_at });
            phone.blocked_at = blocked.then(|| phone.blocked_at.unwrap_or(now));
            let change = audit::changed(before, json!({ "blockedAt": phone.blocked_at }));
            let action = if blocked { "blockPhone" } else { "unblockPhone" };
            record(&tx, actor, now, action, &phone, change).await?;
            idempotency::keep(&tx, actor, now, &phone.id).await?;
            phones::update(tx.conn(), phone).await
        })
        .await?;
    app.proxies.purge_phone(&phone.sip_user).await;
    Ok(phone)
}

async fn lock(tx: &Tx, actor: &Actor, id: Uuid) -> Result<phone::Model> {
    let phone = phones::lock(tx.conn(), &actor.scope(), id).await?.ok_or(Error::NotFound)?;
    actor.require(Right::ManagePhones)?;
    Ok(phone)
}

/// Moves a phone to a cabin; if `cabin_id` is `None`, removes the phone from its cabin. Another phone in the new cabin is removed from that cabin.
///
/// # Errors
/// Fails with `ILLEGAL_STATE` while one of the two phones is in a call. Fails with `FORBIDDEN` for users of callshops. May also fail with
/// `NOT_FOUND`.
pub async fn assign(app: &App, actor: &Actor, id: Uuid, cabin_id: Option<Uuid>) -> Result<phone::Model> {
    let now = app.clock.now();
    app.write_as(actor, |tx| async move {
        phones::find(tx.conn(), &actor.scope(), id).await?.ok_or(Error::NotFound)?;
        actor.require(Right::ManagePhones)?;
        let displaced = phone_in(&tx, actor, cabin_id).await?;
        // locking both phones prevents new calls on either phone
        let both: Vec<Uuid> = [Some(id), displaced].into_iter().flatten().collect();
        let locked = phones::lock_all(tx.conn(), &both).await?;
        let phone = locked.into_iter().find(|phone| phone.id == id).ok_or(Error::NotFound)?;
        let from = cabin_rows::of_phone(tx.conn(), id).await?.map(|cabin| cabin.id);
        if from == cabin_id {
            return Ok(phone);
        }
        let ids: Vec<Uuid> = from.into_iter().chain(cabin_id).collect();
        let locked = cabin_rows::lock(tx.conn(), &ids).await?;
        let target = match cabin_id {
            Some(id) => Some(assignable(&phone, locked.iter().find(|cabin| cabin.id == id))?),
            None => None,
        };
        if target.as_ref().and_then(|cabin| cabin.phone_id) != displaced {
            let message = "Another user has just changed the cabin's phone. Check the cabin and try again.";
            return Err(Error::field(ErrorCode::IllegalState, "cabinId", message));
        }
        for phone in [Some(id), displaced].into_iter().flatten() {
            if sessions::live_call_of_phone(tx.conn(), phone).await?.is_some() {
                return Err(Error::user(
                    ErrorCode::IllegalState,
                    "The phone is in a call. Try again when the call is over.",
                ));
            }
        }
        let from_id = from;
        // the phone may have left the cabin while this transaction waited for the cabin's lock
        let from =
            locked.iter().find(|cabin| Some(cabin.id) != cabin_id && cabin.phone_id == Some(id)).cloned();
        for (cabin, phone_id) in [(from, None), (target, Some(id))] {
            if let Some(cabin) = cabin {
                let cabin = cabin_rows::update(tx.conn(), cabin::Model { phone_id, ..cabin }).await?;
                cabins::emit(&tx, ActivityKind::CabinChanged, &cabin, None, now).await?;
            }
        }
        let change = (json!({ "cabin": from_id }), json!({ "cabin": cabin_id }));
        record(&tx, actor, now, "assignPhone", &phone, change).await?;
        Ok(phone)
    })
    .await
}

async fn phone_in(tx: &Tx, actor: &Actor, cabin_id: Option<Uuid>) -> Result<Option<Uuid>> {
    let Some(id) = cabin_id else { return Ok(None) };
    Ok(cabin_rows::find(tx.conn(), &actor.scope(), id).await?.and_then(|cabin| cabin.phone_id))
}

fn assignable(phone: &phone::Model, cabin: Option<&cabin::Model>) -> Result<cabin::Model> {
    match cabin {
        Some(cabin) if cabin.callshop_id == phone.callshop_id && cabin.retired_at.is_none() => {
            Ok(cabin.clone())
        }
        _ => Err(Error::field(ErrorCode::NotFound, "cabinId", "The phone's callshop has no such cabin.")),
    }
}

/// A phone with its cabin.
#[derive(Clone, Debug)]
pub struct PhoneView {
    /// The phone.
    pub phone: phone::Model,
    /// The phone's cabin, if any.
    pub cabin: Option<CabinView>,
}

/// Adds the cabin to a phone. The calling function has already checked access to the phone.
///
/// # Errors
/// May fail with database errors.
pub async fn view(app: &App, phone: phone::Model) -> Result<PhoneView> {
    let conn = app.store.reader();
    let cabin = match cabin_rows::of_phone(conn, phone.id).await? {
        Some(cabin) => Some(cabins::view(conn, cabin).await?),
        None => None,
    };
    Ok(PhoneView { phone, cabin })
}

/// Finds a phone in the actor's subtree.
///
/// # Errors
/// Fails with `NOT_FOUND`.
pub async fn find(app: &App, actor: &Actor, id: Uuid) -> Result<PhoneView> {
    let phone = phones::find(app.store.reader(), &actor.scope(), id).await?.ok_or(Error::NotFound)?;
    actor.require(Right::SeePhones)?;
    view(app, phone).await
}

/// Finds the phones with these ids in the actor's subtree. Returns an empty list if the actor has no right to see phones.
///
/// # Errors
/// May fail with database errors.
pub async fn find_all(app: &App, actor: &Actor, ids: &[Uuid]) -> Result<Vec<PhoneView>> {
    if !actor.may(Right::SeePhones) {
        return Ok(Vec::new());
    }
    let conn = app.store.reader();
    let rows = phones::find_all(conn, &actor.scope(), ids).await?;
    let ids: Vec<Uuid> = rows.iter().map(|phone| phone.id).collect();
    let cabins = cabins::views_across(conn, cabin_rows::of_phones(conn, &ids).await?).await?;
    let mut cabins: HashMap<Option<Uuid>, CabinView> =
        cabins.into_iter().map(|view| (view.cabin.phone_id, view)).collect();
    Ok(rows.into_iter().map(|phone| PhoneView { cabin: cabins.remove(&Some(phone.id)), phone }).collect())
}

/// Lists one page of a callshop's phones, optionally limited to phones that match all of the given words ([`crate::finding::words`]). The search
/// covers labels and, if the actor may see them, SIP user names and User-Agents.
///
/// # Errors
/// Fails with `NOT_FOUND`.
pub async fn list(
    app: &App,
    actor: &Actor,
    callshop_id: Uuid,
    search: &[String],
    slice: Slice,
) -> Result<Listed<PhoneView>> {
    let conn = app.store.reader();
    let shop = access::shop(conn, actor, callshop_id, Right::SeePhones).await?;
    let sees_details = actor.may(Right::SeeAccounts);
    let matches = |phone: &phone::Model| {
        let details = [phone.sip_user.as_str(), phone.user_agent.as_deref().unwrap_or_default()];
        let details = if sees_details { details.join(" ") } else { String::new() };
        words::matches(&format!("{} {details}", phone.label), search)
    };
    let matches: Option<&(dyn Fn(&phone::Model) -> bool + Sync)> =
        if search.is_empty() { None } else { Some(&matches) };
    let Listed { rows, total } = phones::list(conn, shop.id(), matches, &slice).await?;
    let ids: Vec<Uuid> = rows.iter().map(|phone| phone.id).collect();
    let cabins = cabin_rows::of_phones(conn, &ids).await?;
    let mut cabins: HashMap<Option<Uuid>, CabinView> =
        cabins::views(conn, shop.id(), &shop.account.currency, cabins)
            .await?
            .into_iter()
            .map(|view| (view.cabin.phone_id, view))
            .collect();
    let view = |phone: phone::Model| PhoneView { cabin: cabins.remove(&Some(phone.id)), phone };
    Ok(Listed { rows: rows.into_iter().map(view).collect(), total })
}

#[cfg(test)]
mod tests {
    use super::ha1;

    #[test]
    fn ha1_is_that_of_the_example_of_rfc_2617() {
        assert_eq!(ha1("Mufasa", "testrealm@host.com", "Circle Of Life"), "939e7578ed9e3c518a452acee763bce9");
    }
}
