//! Accounts and callshops: create, change and suspend them.

use std::collections::HashMap;

use billing::money::Micros;
use billing::number::DialPlan;
use entity::{AccountKind, ActivityKind, Role, account, callshop, user};
use language_tags::LanguageTag;
use sea_orm::ConnectionTrait;
use serde_json::{Value, json};
use uuid::Uuid;

use super::access::{self, Shop};
use super::audit::{self, Change, changed};
use super::credit::object;
use super::{App, idempotency, settings, users};
use crate::auth::{Actor, Right, token};
use crate::receipt::locale::locale_of;
use base::error::{Error, ErrorCode, OrFault as _, Result};
use store::account_list::{self, AccountFilter};
use store::{Listed, Scope, Slice, accounts, ledger};

/// Maximum length of a name or label, in characters.
pub const MAX_NAME: usize = 100;
/// Maximum length of a language tag. RFC 5646 recommends that software support at least this length.
const MAX_LOCALE: usize = 35;

/// Input for a new account.
#[derive(Clone, Debug)]
pub struct NewAccount {
    /// The parent account. `None` means the actor's own account.
    pub parent_id: Option<Uuid>,
    /// Kind of the account.
    pub kind: AccountKind,
    /// Display name.
    pub name: String,
    /// ISO 4217 code; `None` means the parent's currency. Only a child of the platform can have a different currency.
    pub currency: Option<String>,
    /// IANA time zone; `None` means the parent's time zone.
    pub time_zone: Option<String>,
    /// ISO 3166 alpha-2 code; `None` means the parent's country.
    pub country: Option<String>,
    /// BCP 47 language tag. If the tag is `None` and `country` differs from the parent's country, the account gets the language of `country`;
    /// otherwise, it gets the parent's language.
    pub locale: Option<String>,
    /// The first user, with the role of a distributor, reseller or callshop owner.
    pub user: Option<users::NewUser>,
}

/// A new account.
#[derive(Clone, Debug)]
pub struct Created {
    /// The account.
    pub account: account::Model,
    /// The account's first user.
    pub user: Option<user::Model>,
}

/// Creates an account below its parent and, if requested, the new account's first user.
///
/// # Errors
/// Fails with `CURRENCY_MISMATCH` or the errors of [`users::build`]. May also fail with `INVALID_INPUT`, `NOT_FOUND` or `FORBIDDEN`.
pub async fn create(app: &App, actor: &Actor, new: NewAccount) -> Result<Created> {
    let again = |(id, user_id)| created(app, actor, id, user_id);
    idempotency::repeatable(app, actor, create_new(app, actor, new), again).await
}

/// The result of an earlier request that created an account.
async fn created(app: &App, actor: &Actor, id: Uuid, user_id: Option<Uuid>) -> Result<Created> {
    let account = access::account(app.store.reader(), actor, id, Right::ManageAccounts).await?;
    let user = match user_id {
        Some(id) => Some(users::find(app, actor, id).await?),
        None => None,
    };
    Ok(Created { account, user })
}

async fn create_new(app: &App, actor: &Actor, new: NewAccount) -> Result<Created> {
    actor.require(Right::ManageAccounts)?;
    let name = clean_name("name", &new.name)?;
    let id = Uuid::now_v7();
    let role = match new.kind {
        AccountKind::Platform => {
            return Err(Error::invalid("kind", "A second platform account cannot be created."));
        }
        AccountKind::Distributor => Role::Distributor,
        AccountKind::Reseller => Role::Reseller,
        AccountKind::Callshop => Role::CallshopOwner,
    };
    let user = match new.user.clone() {
        Some(user) => Some(users::build(app, id, users::NewUser { role, ..user }).await?),
        None => None,
    };
    let (new, name, user) = (&new, &name, &user);
    app.write_as(actor, |tx| async move {
        let parent_id = new.parent_id.unwrap_or(actor.account_id);
        let parent = access::account(tx.conn(), actor, parent_id, Right::ManageAccounts).await?;
        access::check_kind(&parent, new.kind)?;
        let account = child_of(app, &parent, id, name, new)?;
        accounts::insert(tx.conn(), account.clone()).await?;
        ledger::open_credit(tx.conn(), account.id, &account.currency).await?;
        if new.kind == AccountKind::Callshop {
            accounts::insert_callshop(tx.conn(), default_settings(app, &account)?).await?;
        }
        if let Some(user) = user {
            accounts::insert_user(tx.conn(), user.clone()).await?;
        }
        let change = Change {
            account_id: account.id,
            action: creation(new.kind),
            object: (object(&account), account.id),
            before: Value::Null,
            after: shown(&account),
        };
        audit::record(&tx, actor, account.created_at, change).await?;
        let answer = (account.id, user.as_ref().map(|user| user.id));
        idempotency::keep(&tx, actor, account.created_at, &answer).await?;
        Ok(Created { account, user: user.clone() })
    })
    .await
}

/// The name of the mutation that creates an account of this kind.
fn creation(kind: AccountKind) -> &'static str {
    match kind {
        AccountKind::Platform => "createPlatform",
        AccountKind::Distributor => "createDistributor",
        AccountKind::Reseller => "createReseller",
        AccountKind::Callshop => "createCallshop",
    }
}

/// The fields of an account that the audit log records.
fn shown(account: &account::Model) -> Value {
    json!({
        "name": account.name,
        "currency": account.currency,
        "timeZone": account.time_zone,
        "locale": account.locale,
        "country": account.country,
        "suspendedAt": account.suspended_at,
    })
}

/// The fields of a callshop's settings that the audit log records.
fn shown_settings(settings: &callshop::Model) -> Value {
    json!({
        "dialPlan": settings.dial_plan,
        "maxCallSeconds": settings.max_call_seconds,
        "blockedPrefixes": settings.blocked_prefixes,
        "callerId": settings.caller_id,
    })
}

fn child_of(
    app: &App,
    parent: &account::Model,
    id: Uuid,
    name: &str,
    new: &NewAccount,
) -> Result<account::Model> {
    let currency = match &new.currency {
        Some(currency) => billing::money::Currency::parse(currency)
            .map_err(|error| Error::invalid("currency", error.to_string()))?
            .to_string(),
        None => parent.currency.clone(),
    };
    // a distributor's subtree has one currency; only the platform can have children with different currencies
    if parent.kind != AccountKind::Platform && currency != parent.currency {
        return Err(Error::field(
            ErrorCode::CurrencyMismatch,
            "currency",
            base::message!(
                "`currency` must be {currency}, the currency of the parent.",
                currency = parent.currency
            ),
        ));
    }
    let time_zone = new.time_zone.clone().unwrap_or_else(|| parent.time_zone.clone());
    let _: chrono_tz::Tz = time_zone.parse().map_err(|_| {
        Error::invalid("timeZone", "`timeZone` must be an IANA time zone, such as Europe/Lisbon.")
    })?;
    let country = country(new.country.as_deref().unwrap_or(&parent.country))?;
    let locale = match &new.locale {
        Some(locale) => locale.clone(),
        None if country == parent.country => parent.locale.clone(),
        None => locale_of(&country),
    };
    Ok(account::Model {
        id,
        parent_id: Some(parent.id),
        path: format!("{}{}/", parent.path, id.simple()),
        kind: new.kind,
        code: token::random_code(7),
        name: name.to_owned(),
        currency,
        time_zone,
        locale,
        country,
        cost_tariff_id: None,
        retail_tariff_id: None,
        credit_limit: Some(Micros::ZERO.into()),
        low_credit: None,
        credit_low: false,
        suspended_at: None,
        created_at: app.clock.now(),
    })
}

fn default_settings(app: &App, account: &account::Model) -> Result<callshop::Model> {
    Ok(callshop::Model {
        account_id: account.id,
        dial_plan: serde_json::to_value(DialPlan::for_country(&account.country)).or_fault()?,
        max_call_seconds: i32::try_from(app.config.calls.max_seconds).or_fault()?,
        blocked_prefixes: serde_json::Value::Array(Vec::new()),
        caller_id: String::new(),
        next_shift_number: 1,
        next_receipt_number: 1,
        cash_step: None,
        legal_name: String::new(),
        tax_id: String::new(),
        address: String::new(),
        receipt_footer: String::new(),
        pix_key: None,
        pix_name: None,
        pix_city: None,
        mask_numbers: false,
        ending_soon_seconds: Some(settings::USUAL_ENDING_SOON),
        attendant_max_discount: Micros::ZERO.into(),
        attendant_max_refund: Micros::ZERO.into(),
    })
}

fn country(code: &str) -> Result<String> {
    let code = code.trim().to_ascii_uppercase();
    if code.len() == 2 && code.bytes().all(|byte| byte.is_ascii_uppercase()) {
        Ok(code)
    } else {
        Err(Error::invalid("country", "`country` must be two letters (ISO 3166), such as BR."))
    }
}

/// Trims and validates a name: 1 to [`MAX_NAME`] printable characters on one line.
///
/// # Errors
/// Fails with `INVALID_INPUT`, naming `field`.
pub fn clean_name(field: &str, text: &str) -> Result<String> {
    let text = text.trim();
    if text.is_empty() || text.chars().count() > MAX_NAME || !billing::text::is_line(text) {
        return Err(Error::invalid(
            field,
            base::message!("`{field}` must have 1 to {max} printable characters.", field, max = MAX_NAME),
        ));
    }
    Ok(text.to_owned())
}

/// Parses a BCP 47 language tag and returns it in canonical case, such as "pt-BR".
///
/// # Errors
/// Fails with `INVALID_INPUT`, naming `field`.
pub fn clean_locale(field: &str, text: &str) -> Result<String> {
    let tag = LanguageTag::parse(text).ok().filter(|tag| tag.as_str().len() <= MAX_LOCALE);
    let tag =
        tag.ok_or_else(|| Error::invalid(field, "`locale` must be a BCP 47 language tag, such as pt-BR."))?;
    Ok(tag.to_string())
}

/// Changes to an account. A field that is `None` leaves its value unchanged.
#[derive(Clone, Debug, Default)]
pub struct AccountChange {
    /// Display name.
    pub name: Option<String>,
    /// IANA time zone.
    pub time_zone: Option<String>,
    /// BCP 47 language tag.
    pub locale: Option<String>,
    /// Maximum length of a callshop's calls, in seconds.
    pub max_call_seconds: Option<u32>,
    /// Caller ID of a callshop's calls; empty for anonymous calls.
    pub caller_id: Option<String>,
}

/// Changes an account below the actor's own.
///
/// # Errors
/// Fails with `INVALID_INPUT`, `NOT_FOUND` or `FORBIDDEN`.
pub async fn update(app: &App, actor: &Actor, id: Uuid, change: AccountChange) -> Result<account::Model> {
    let again = async |id| access::account(app.store.reader(), actor, id, Right::ManageAccounts).await;
    idempotency::repeatable(app, actor, change_account(app, actor, id, change), again).await
}

async fn change_account(app: &App, actor: &Actor, id: Uuid, change: AccountChange) -> Result<account::Model> {
    let change = &change;
    app.write_as(actor, |tx| async move {
        // lock the row: the update writes all columns, and other users may change limits, suspension and tariffs concurrently
        let mut account = accounts::lock(tx.conn(), &actor.scope(), id).await?.ok_or(Error::NotFound)?;
        actor.require(Right::ManageAccounts)?;
        if account.id == actor.account_id {
            return Err(Error::Forbidden);
        }
        let mut before = shown(&account);
        if let Some(name) = &change.name {
            account.name = clean_name("name", name)?;
        }
        if let Some(zone) = &change.time_zone {
            let _: chrono_tz::Tz = zone.parse().map_err(|_| {
                Error::invalid("timeZone", "`timeZone` must be an IANA time zone, such as Europe/Lisbon.")
            })?;
            account.time_zone.clone_from(zone);
        }
        if let Some(locale) = &change.locale {
            account.locale = clean_locale("locale", locale)?;
        }
        let mut after = shown(&account);
        if change.max_call_seconds.is_some() || change.caller_id.is_some() {
            let (old, new) = update_settings(tx.conn(), account.id, change).await?;
            audit::merge(&mut before, shown_settings(&old));
            audit::merge(&mut after, shown_settings(&new));
        }
        if change.name.is_some() {
            account_list::rename_account(tx.conn(), &account).await?;
        }
        let (before, after) = changed(before, after);
        let object = (object(&account), account.id);
        let change = Change { account_id: account.id, action: "updateAccount", object, before, after };
        let now = app.clock.now();
        audit::record(&tx, actor, now, change).await?;
        idempotency::keep(&tx, actor, now, &account.id).await?;
        accounts::update(tx.conn(), account).await
    })
    .await
}

/// Changes a callshop's settings. Returns the old and the new settings.
async fn update_settings(
    conn: &impl ConnectionTrait,
    id: Uuid,
    change: &AccountChange,
) -> Result<(callshop::Model, callshop::Model)> {
    let mut settings = accounts::lock_callshop(conn, id)
        .await?
        .ok_or_else(|| Error::invalid("accountId", "Only a callshop has `maxCallSeconds` and `callerId`."))?;
    let before = settings.clone();
    if let Some(seconds) = change.max_call_seconds {
        if !(1..=86_400).contains(&seconds) {
            return Err(Error::invalid("maxCallSeconds", "`maxCallSeconds` must be between 1 and 86400."));
        }
        settings.max_call_seconds = i32::try_from(seconds).or_fault()?;
    }
    if let Some(caller_id) = &change.caller_id {
        let digits = caller_id.strip_prefix('+').unwrap_or(caller_id);
        if digits.len() > 15 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(Error::invalid(
                "callerId",
                "`callerId` must have up to 15 digits with an optional +, or be empty.",
            ));
        }
        settings.caller_id.clone_from(caller_id);
    }
    Ok((before, accounts::update_callshop(conn, settings).await?))
}

/// Replaces a callshop's dial plan.
///
/// # Errors
/// Fails with `INVALID_INPUT` if the plan contradicts itself. May also fail with `NOT_FOUND` or `FORBIDDEN`.
pub async fn set_dial_plan(app: &App, actor: &Actor, id: Uuid, plan: DialPlan) -> Result<Shop> {
    let again = async |id| access::shop(app.store.reader(), actor, id, Right::ManageAccounts).await;
    idempotency::repeatable(app, actor, replace_dial_plan(app, actor, id, plan), again).await
}

async fn replace_dial_plan(app: &App, actor: &Actor, id: Uuid, plan: DialPlan) -> Result<Shop> {
    plan.validate().map_err(|error| Error::invalid("dialPlan", error.to_string()))?;
    let plan = serde_json::to_value(&plan).or_fault()?;
    let plan = &plan;
    app.write_as(actor, |tx| async move {
        let account = access::account(tx.conn(), actor, id, Right::ManageAccounts).await?;
        // lock the row, because the row also contains the next receipt number
        let old = accounts::lock_callshop(tx.conn(), account.id).await?.ok_or(Error::NotFound)?;
        let settings = callshop::Model { dial_plan: plan.clone(), ..old.clone() };
        let (before, after) = changed(shown_settings(&old), shown_settings(&settings));
        let object = ("Callshop", account.id);
        let change = Change { account_id: account.id, action: "setDialPlan", object, before, after };
        let now = app.clock.now();
        audit::record(&tx, actor, now, change).await?;
        idempotency::keep(&tx, actor, now, &id).await?;
        let settings = accounts::update_callshop(tx.conn(), settings).await?;
        Ok(Shop { account, settings })
    })
    .await
}

/// Suspends or resumes a child account. While an account is suspended, no new calls are allowed in its subtree.
///
/// # Errors
/// Fails with `FORBIDDEN` if the actor is not the account's parent, as in [`Actor::is_parent_of`].
pub async fn set_suspended(app: &App, actor: &Actor, id: Uuid, suspended: bool) -> Result<account::Model> {
    let now = app.clock.now();
    app.write_as(actor, |tx| async move {
        let mut account = access::child(tx.conn(), actor, id, Right::Suspend).await?;
        let before = shown(&account);
        account.suspended_at = if suspended { account.suspended_at.or(Some(now)) } else { None };
        let (before, after) = changed(before, shown(&account));
        let action = if suspended { "suspendAccount" } else { "resumeAccount" };
        let object = (object(&account), account.id);
        let change = Change { account_id: account.id, action, object, before, after };
        audit::record(&tx, actor, now, change).await?;
        let kind = if suspended { ActivityKind::ShopSuspended } else { ActivityKind::ShopResumed };
        for shop in accounts::callshop_ids(tx.conn(), &Scope::subtree(&account.path), None).await? {
            audit::announce(&tx, shop, kind, now);
        }
        accounts::update(tx.conn(), account).await
    })
    .await
}

/// Finds an account, other than a callshop, in the actor's subtree.
///
/// # Errors
/// Fails with `NOT_FOUND` if there is no such account or the account is a callshop. Fails with `FORBIDDEN` for attendants.
pub async fn find(app: &App, actor: &Actor, id: Uuid) -> Result<account::Model> {
    let found = access::account(app.store.reader(), actor, id, Right::SeeAccounts).await?;
    if found.kind == AccountKind::Callshop { Err(Error::NotFound) } else { Ok(found) }
}

/// Finds the account with this code in the actor's subtree; `None` if there is none.
///
/// # Errors
/// May fail with `FORBIDDEN` or database errors.
pub async fn by_code(app: &App, actor: &Actor, code: &str) -> Result<Option<account::Model>> {
    actor.require(Right::SeeAccounts)?;
    let found = accounts::by_code(app.store.reader(), code).await?;
    Ok(found.filter(|account| actor.scope().holds(&account.path)))
}

/// Finds the accounts with these ids in the actor's subtree, except callshops. Returns an empty list if the actor has no right to see accounts.
///
/// # Errors
/// May fail with database errors.
pub async fn find_all(app: &App, actor: &Actor, ids: &[Uuid]) -> Result<Vec<account::Model>> {
    if !actor.may(Right::SeeAccounts) {
        return Ok(Vec::new());
    }
    let mut rows = accounts::find_all(app.store.reader(), &actor.scope(), ids).await?;
    rows.retain(|row| row.kind != AccountKind::Callshop);
    Ok(rows)
}

/// Whether this account is a callshop; `None` if the account does not exist.
///
/// # Errors
/// May fail with database errors.
pub async fn is_callshop(app: &App, id: Uuid) -> Result<Option<bool>> {
    let found = accounts::by_ids(app.store.reader(), &[id]).await?.pop();
    Ok(found.map(|account| account.kind == AccountKind::Callshop))
}

/// Finds the callshops with these ids in the actor's subtree.
///
/// # Errors
/// May fail with database errors.
pub async fn find_shops(app: &App, actor: &Actor, ids: &[Uuid]) -> Result<Vec<Shop>> {
    if !actor.may(Right::SeeShop) {
        return Ok(Vec::new());
    }
    let rows = accounts::find_all(app.store.reader(), &actor.scope(), ids).await?;
    with_settings(app, rows).await
}

/// The callshops with these ids, without an access check. The ids must come from rows that the actor may see.
///
/// # Errors
/// May fail with database errors.
pub async fn shops_by_ids(app: &App, ids: &[Uuid]) -> Result<Vec<Shop>> {
    with_settings(app, accounts::by_ids(app.store.reader(), ids).await?).await
}

/// Finds a callshop in the actor's subtree.
///
/// # Errors
/// Fails with `NOT_FOUND`.
pub async fn find_shop(app: &App, actor: &Actor, id: Uuid) -> Result<Shop> {
    access::shop(app.store.reader(), actor, id, Right::SeeShop).await
}

/// Lists the accounts, except callshops, in the actor's subtree. With `parent`, lists only accounts below that account. With `search`, lists only
/// accounts whose names contain all words of `search` ([`crate::finding::words`]).
///
/// # Errors
/// Fails with `FORBIDDEN` for users of callshops.
pub async fn list_managers(
    app: &App,
    actor: &Actor,
    parent: Option<Uuid>,
    search: &[String],
    slice: Slice,
) -> Result<Listed<account::Model>> {
    actor.require(Right::ManageAccounts)?;
    let scope = actor.scope();
    let filter = AccountFilter { scope: &scope, top: actor.top_id, parent, callshops: false, search };
    account_list::accounts(app.store.reader(), &filter, &slice).await
}

/// Lists the callshops in the actor's subtree. With `search`, lists only callshops whose names contain all words of `search`
/// ([`crate::finding::words`]).
///
/// # Errors
/// May fail with database errors.
pub async fn list_shops(app: &App, actor: &Actor, search: &[String], slice: Slice) -> Result<Listed<Shop>> {
    actor.require(Right::SeeShop)?;
    let scope = actor.scope();
    let filter = AccountFilter { scope: &scope, top: actor.top_id, parent: None, callshops: true, search };
    let Listed { rows, total } = account_list::accounts(app.store.reader(), &filter, &slice).await?;
    Ok(Listed { rows: with_settings(app, rows).await?, total })
}

/// Adds the settings to the callshops among these accounts, and drops the other accounts.
async fn with_settings(app: &App, rows: Vec<account::Model>) -> Result<Vec<Shop>> {
    let ids: Vec<Uuid> = rows.iter().map(|row| row.id).collect();
    let mut settings: HashMap<Uuid, callshop::Model> = accounts::callshops(app.store.reader(), &ids)
        .await?
        .into_iter()
        .map(|row| (row.account_id, row))
        .collect();
    let pairs = rows
        .into_iter()
        .filter_map(|account| Some(Shop { settings: settings.remove(&account.id)?, account }));
    Ok(pairs.collect())
}

/// Returns the platform account. In an empty database, creates the platform account.
///
/// # Errors
/// May fail with database errors.
pub async fn ensure_platform(app: &App) -> Result<account::Model> {
    app.store
        .write(|tx| async move {
            if let Some(platform) = accounts::platform(tx.conn()).await? {
                return Ok(platform);
            }
            let id = Uuid::now_v7();
            let platform = account::Model {
                id,
                parent_id: None,
                path: format!("{}/", id.simple()),
                kind: AccountKind::Platform,
                code: "platform".to_owned(),
                name: "Platform".to_owned(),
                currency: "USD".to_owned(),
                time_zone: "UTC".to_owned(),
                locale: "en".to_owned(),
                country: "US".to_owned(),
                cost_tariff_id: None,
                retail_tariff_id: None,
                credit_limit: None,
                low_credit: None,
                credit_low: false,
                suspended_at: None,
                created_at: app.clock.now(),
            };
            accounts::insert(tx.conn(), platform.clone()).await?;
            ledger::open_credit(tx.conn(), platform.id, &platform.currency).await?;
            Ok(platform)
        })
        .await
}
