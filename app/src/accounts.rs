//! Accounts and callshops: creates, changes, suspends, finds and lists them.

mod changes;
mod lookup;

use billing::money::Micros;
use billing::number::DialPlan;
use entity::{AccountKind, Role, account, callshop, user};
use language_tags::LanguageTag;
use serde_json::{Value, json};
use uuid::Uuid;

pub use changes::{AccountChange, set_dial_plan, set_suspended, update};
pub use lookup::{
    by_code, find, find_all, find_shop, find_shops, is_callshop, list_managers, list_shops, shops_by_ids,
};

use super::audit::{self, Change};
use super::credit::object;
use super::{App, access, idempotency, settings, users};
use crate::auth::{Actor, Right, token};
use crate::receipt::locale::locale_of;
use base::error::{Error, ErrorCode, OrFault as _, Result};
use store::{accounts, ledger};

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

/// The account's fields that the audit log records.
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

/// The callshop settings that the audit log records.
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
