//! Accounts and callshops: making, changing and suspending them.

use std::collections::HashMap;

use billing::money::Micros;
use billing::number::DialPlan;
use entity::{AccountKind, Role, account, callshop, user};
use language_tags::LanguageTag;
use sea_orm::ConnectionTrait;
use serde_json::{Value, json};
use uuid::Uuid;

use super::access::{self, Shop};
use super::audit::{self, Change, changed};
use super::credit::object;
use super::{App, users};
use crate::auth::{Actor, Right, token};
use crate::error::{Error, ErrorCode, Result};
use crate::receipt::locale::locale_of;
use crate::store::{Page, accounts, ledger};

/// Longest name or label.
pub const MAX_NAME: usize = 100;
/// Longest language tag: the longest that RFC 5646 asks software to take.
const MAX_LOCALE: usize = 35;

/// What a new account is told.
#[derive(Clone, Debug)]
pub struct NewAccount {
    /// Below whom; the actor's own account when none.
    pub parent_id: Option<Uuid>,
    /// What it is to be.
    pub kind: AccountKind,
    /// Display name.
    pub name: String,
    /// ISO 4217 code, only for a child of the platform; others have their parent's.
    pub currency: Option<String>,
    /// IANA zone; the parent's when none.
    pub time_zone: Option<String>,
    /// ISO 3166 alpha-2; the parent's when none.
    pub country: Option<String>,
    /// BCP 47 tag; the parent's when none.
    pub locale: Option<String>,
    /// Login of its first user, who is its distributor, reseller or owner.
    pub user: Option<users::NewUser>,
}

/// An account that was just made.
#[derive(Clone, Debug)]
pub struct Created {
    /// The account.
    pub account: account::Model,
    /// Its first user.
    pub user: Option<user::Model>,
}

/// Makes a child account, and its first user.
///
/// # Errors
/// `INVALID_INPUT`, `CURRENCY_MISMATCH`, those of [`users::build`].
pub async fn create(app: &App, actor: &Actor, new: NewAccount) -> Result<Created> {
    actor.require(Right::ManageAccounts)?;
    let name = clean_name("name", &new.name)?;
    let id = Uuid::now_v7();
    let role = match new.kind {
        AccountKind::Platform => return Err(Error::invalid("kind", "there is one platform")),
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
        Ok(Created { account, user: user.clone() })
    })
    .await
}

/// The mutation that makes an account.
fn creation(kind: AccountKind) -> &'static str {
    match kind {
        AccountKind::Platform => "createPlatform",
        AccountKind::Distributor => "createDistributor",
        AccountKind::Reseller => "createReseller",
        AccountKind::Callshop => "createCallshop",
    }
}

/// What the audit log shows of an account.
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

/// What the audit log shows of a callshop's settings.
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
    // a distributor's subtree has one currency; only the platform has children of several
    if parent.kind != AccountKind::Platform && currency != parent.currency {
        return Err(Error::field(
            ErrorCode::CurrencyMismatch,
            "currency",
            format!("this branch uses {}", parent.currency),
        ));
    }
    let time_zone = new.time_zone.clone().unwrap_or_else(|| parent.time_zone.clone());
    let _: chrono_tz::Tz =
        time_zone.parse().map_err(|_| Error::invalid("timeZone", "no such IANA time zone"))?;
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
        suspended_at: None,
        created_at: app.clock.now(),
    })
}

fn default_settings(app: &App, account: &account::Model) -> Result<callshop::Model> {
    Ok(callshop::Model {
        account_id: account.id,
        dial_plan: serde_json::to_value(DialPlan::for_country(&account.country)).map_err(Error::fault)?,
        max_call_seconds: i32::try_from(app.config.calls.max_seconds).map_err(Error::fault)?,
        blocked_prefixes: serde_json::Value::Array(Vec::new()),
        caller_id: String::new(),
        next_shift_number: 1,
        next_receipt_number: 1,
        cash_step: None,
        legal_name: String::new(),
        tax_id: String::new(),
        address: String::new(),
        receipt_footer: String::new(),
        mask_numbers: false,
        attendant_max_discount: Micros::ZERO.into(),
        attendant_max_refund: Micros::ZERO.into(),
    })
}

fn country(code: &str) -> Result<String> {
    let code = code.trim().to_ascii_uppercase();
    if code.len() == 2 && code.bytes().all(|byte| byte.is_ascii_uppercase()) {
        Ok(code)
    } else {
        Err(Error::invalid("country", "a country is two letters (ISO 3166), such as BR"))
    }
}

/// A name of people or things: trimmed, printable, 1 to [`MAX_NAME`] characters.
///
/// # Errors
/// `INVALID_INPUT` about `field`.
pub fn clean_name(field: &str, text: &str) -> Result<String> {
    let text = text.trim();
    if text.is_empty() || text.chars().count() > MAX_NAME || !billing::text::is_line(text) {
        return Err(Error::invalid(field, format!("1 to {MAX_NAME} printable characters")));
    }
    Ok(text.to_owned())
}

/// A BCP 47 language tag in its usual case, such as "pt-BR".
///
/// # Errors
/// `INVALID_INPUT` about `field`.
pub fn clean_locale(field: &str, text: &str) -> Result<String> {
    let tag = LanguageTag::parse(text).ok().filter(|tag| tag.as_str().len() <= MAX_LOCALE);
    let tag = tag.ok_or_else(|| Error::invalid(field, "a locale is a BCP 47 language tag, such as pt-BR"))?;
    Ok(tag.to_string())
}

/// What of an account may be changed; none leaves a value as it is.
#[derive(Clone, Debug, Default)]
pub struct AccountChange {
    /// Display name.
    pub name: Option<String>,
    /// IANA zone.
    pub time_zone: Option<String>,
    /// BCP 47 tag.
    pub locale: Option<String>,
    /// Longest call of a callshop, seconds.
    pub max_call_seconds: Option<u32>,
    /// What parties called from a callshop are shown; empty makes its calls anonymous.
    pub caller_id: Option<String>,
}

/// Changes an account: a child of the actor's, or any below for names and settings.
///
/// # Errors
/// `INVALID_INPUT`, not found, forbidden.
pub async fn update(app: &App, actor: &Actor, id: Uuid, change: AccountChange) -> Result<account::Model> {
    let change = &change;
    app.write_as(actor, |tx| async move {
        // locked: all columns are written, and others change limits, suspension and prices meanwhile
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
            let _: chrono_tz::Tz =
                zone.parse().map_err(|_| Error::invalid("timeZone", "no such IANA time zone"))?;
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
        let (before, after) = changed(before, after);
        let object = (object(&account), account.id);
        let change = Change { account_id: account.id, action: "updateAccount", object, before, after };
        audit::record(&tx, actor, app.clock.now(), change).await?;
        accounts::update(tx.conn(), account).await
    })
    .await
}

/// The settings before and after.
async fn update_settings(
    conn: &impl ConnectionTrait,
    id: Uuid,
    change: &AccountChange,
) -> Result<(callshop::Model, callshop::Model)> {
    let mut settings = accounts::lock_callshop(conn, id)
        .await?
        .ok_or_else(|| Error::invalid("accountId", "only a callshop has a longest call and a caller id"))?;
    let before = settings.clone();
    if let Some(seconds) = change.max_call_seconds {
        if !(1..=86_400).contains(&seconds) {
            return Err(Error::invalid("maxCallSeconds", "1 to 86400 seconds"));
        }
        settings.max_call_seconds = i32::try_from(seconds).map_err(Error::fault)?;
    }
    if let Some(caller_id) = &change.caller_id {
        let digits = caller_id.strip_prefix('+').unwrap_or(caller_id);
        if digits.len() > 15 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(Error::invalid("callerId", "up to 15 digits with an optional +, or empty"));
        }
        settings.caller_id.clone_from(caller_id);
    }
    Ok((before, accounts::update_callshop(conn, settings).await?))
}

/// Replaces a callshop's dial plan.
///
/// # Errors
/// `INVALID_INPUT` when the plan contradicts itself.
pub async fn set_dial_plan(app: &App, actor: &Actor, id: Uuid, plan: DialPlan) -> Result<Shop> {
    plan.validate().map_err(|error| Error::invalid("dialPlan", error.to_string()))?;
    let plan = serde_json::to_value(&plan).map_err(Error::fault)?;
    let plan = &plan;
    app.write_as(actor, |tx| async move {
        let account = access::account(tx.conn(), actor, id, Right::ManageAccounts).await?;
        // locked: the row has the next receipt's number as well
        let old = accounts::lock_callshop(tx.conn(), account.id).await?.ok_or(Error::NotFound)?;
        let settings = callshop::Model { dial_plan: plan.clone(), ..old.clone() };
        let (before, after) = changed(shown_settings(&old), shown_settings(&settings));
        let object = ("Callshop", account.id);
        let change = Change { account_id: account.id, action: "setDialPlan", object, before, after };
        audit::record(&tx, actor, app.clock.now(), change).await?;
        let settings = accounts::update_callshop(tx.conn(), settings).await?;
        Ok(Shop { account, settings })
    })
    .await
}

/// Suspends or resumes a child: while suspended, no new calls anywhere below it.
///
/// # Errors
/// Forbidden for an account that is not the actor's child.
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
        accounts::update(tx.conn(), account).await
    })
    .await
}

/// An account inside the actor's subtree.
///
/// # Errors
/// Not found; forbidden for attendants.
pub async fn find(app: &App, actor: &Actor, id: Uuid) -> Result<account::Model> {
    let found = access::account(app.store.reader(), actor, id, Right::SeeAccounts).await?;
    if found.kind == AccountKind::Callshop { Err(Error::NotFound) } else { Ok(found) }
}

/// The accounts of these ids inside the actor's subtree that are no callshops; none without the right to see them.
///
/// # Errors
/// Database errors.
pub async fn find_all(app: &App, actor: &Actor, ids: &[Uuid]) -> Result<Vec<account::Model>> {
    if !actor.may(Right::SeeAccounts) {
        return Ok(Vec::new());
    }
    let mut rows = accounts::find_all(app.store.reader(), &actor.scope(), ids).await?;
    rows.retain(|row| row.kind != AccountKind::Callshop);
    Ok(rows)
}

/// Whether this account is a callshop; none where there is no account.
///
/// # Errors
/// Database errors.
pub async fn is_callshop(app: &App, id: Uuid) -> Result<Option<bool>> {
    let found = accounts::by_ids(app.store.reader(), &[id]).await?.pop();
    Ok(found.map(|account| account.kind == AccountKind::Callshop))
}

/// The callshops of these ids inside the actor's subtree.
///
/// # Errors
/// Database errors.
pub async fn find_shops(app: &App, actor: &Actor, ids: &[Uuid]) -> Result<Vec<Shop>> {
    if !actor.may(Right::SeeShop) {
        return Ok(Vec::new());
    }
    let rows = accounts::find_all(app.store.reader(), &actor.scope(), ids).await?;
    with_settings(app, rows).await
}

/// A callshop inside the actor's subtree.
///
/// # Errors
/// Not found.
pub async fn find_shop(app: &App, actor: &Actor, id: Uuid) -> Result<Shop> {
    access::shop(app.store.reader(), actor, id, Right::SeeShop).await
}

/// Accounts inside the actor's subtree that are no callshops, below `parent` if given.
///
/// # Errors
/// Forbidden in callshops.
pub async fn list_managers(
    app: &App,
    actor: &Actor,
    parent: Option<Uuid>,
    page: Page,
) -> Result<Vec<account::Model>> {
    actor.require(Right::ManageAccounts)?;
    accounts::list(app.store.reader(), &actor.scope(), parent, false, page).await
}

/// Callshops inside the actor's subtree.
///
/// # Errors
/// Database errors.
pub async fn list_shops(app: &App, actor: &Actor, page: Page) -> Result<Vec<Shop>> {
    actor.require(Right::SeeShop)?;
    let rows = accounts::list(app.store.reader(), &actor.scope(), None, true, page).await?;
    with_settings(app, rows).await
}

/// The callshops among these accounts, with their settings.
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

/// Makes the platform account of an empty database, or answers the one that is there.
///
/// # Errors
/// Database errors.
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
                suspended_at: None,
                created_at: app.clock.now(),
            };
            accounts::insert(tx.conn(), platform.clone()).await?;
            ledger::open_credit(tx.conn(), platform.id, &platform.currency).await?;
            Ok(platform)
        })
        .await
}
