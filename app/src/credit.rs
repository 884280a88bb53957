//! Credit: parents top up, adjust and limit the credit of their child accounts.
//!
//! Every change locks the account, then the balance row of its CREDIT book. Calls reserve and spend credit under the same lock.

use billing::money::Micros;
use entity::{AccountKind, Book, TransferKind, account};
use sea_orm::ConnectionTrait;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::accounts::{MAX_NAME, clean_name};
use super::audit::{self, Change};
use super::{App, access, idempotency};
use crate::auth::{Actor, Right};
use base::error::{Error, ErrorCode, OrFault as _, Result};
use base::message::Word;
use store::ledger::{self, Credit, Entry, NewTransfer};
use store::{Tx, accounts};

/// Maximum amount, limit or threshold: ten billion currency units.
const MAX_AMOUNT: Micros = Micros(10_000_000_000_000_000);
/// Maximum balance, so that sums of balances do not overflow.
const MAX_BALANCE: Micros = Micros(100_000_000_000_000_000);

/// The state of an account's credit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// The account's balance with its parent.
    pub balance: Micros,
    /// Amount reserved for live calls.
    pub held: Micros,
    /// Amount that can still be spent, which is balance + limit - held; `None` if there is no limit.
    pub available: Option<Micros>,
    /// Whether balance + limit is below the account's warning threshold. Amounts held by live calls are ignored, because these amounts come and go
    /// with calls.
    pub low: bool,
}

fn standing(account: &account::Model, credit: Credit) -> Result<Standing> {
    let limit = account.credit_limit.map(Into::into);
    let spendable = available(Credit { held: Micros::ZERO, ..credit }, limit)?;
    let low = spendable.zip(account.low_credit).is_some_and(|(left, low)| left < low.into());
    let available = available(credit, limit)?;
    Ok(Standing { balance: credit.balance, held: credit.held, available, low })
}

fn available(credit: Credit, limit: Option<Micros>) -> Result<Option<Micros>> {
    let left = |limit| credit.balance.checked_add(limit)?.checked_sub(credit.held);
    limit.map(left).transpose().or_fault()
}

/// The credit of an account. The calling function has already checked access to the account.
///
/// # Errors
/// May fail with database errors.
pub async fn of(conn: &impl ConnectionTrait, account: &account::Model) -> Result<Standing> {
    let credit = ledger::credit(conn, &[account.id]).await?.remove(&account.id);
    let credit = credit.ok_or_else(|| Error::fault("the account has no credit balance"))?;
    standing(account, credit)
}

/// Finds an account in the actor's subtree, and reads its credit.
///
/// # Errors
/// Fails with `FORBIDDEN` for attendants. May also fail with `NOT_FOUND`.
pub async fn find(app: &App, actor: &Actor, id: Uuid) -> Result<(account::Model, Standing)> {
    let conn = app.store.reader();
    let account = access::account(conn, actor, id, Right::SeeCredit).await?;
    let standing = of(conn, &account).await?;
    Ok((account, standing))
}

async fn lock(tx: &Tx, id: Uuid) -> Result<Credit> {
    let locked = ledger::lock_credit(tx.conn(), &[id]).await?.remove(&id);
    locked.ok_or_else(|| Error::fault("the account has no credit balance"))
}

/// Fails if a change decreases the available credit to an amount (`after`) below zero. A change that does not decrease the available credit is always
/// allowed.
fn check_left(before: Option<Micros>, after: Option<Micros>) -> Result<()> {
    match (before, after) {
        (_, None) => Ok(()),
        (_, Some(after)) if !after.is_negative() => Ok(()),
        (Some(before), Some(after)) if after >= before => Ok(()),
        _ => Err(Error::user(
            ErrorCode::InsufficientCredit,
            "The account does not have enough credit: balance + limit - held must not fall below zero.",
        )),
    }
}

fn check_currency(account: &account::Model, currency: &str) -> Result<()> {
    if currency == account.currency {
        return Ok(());
    }
    let message = base::message!(
        "`amount.currency` must be {currency}, the account's currency.",
        currency = account.currency
    );
    Err(Error::field(ErrorCode::CurrencyMismatch, "amount.currency", message))
}

fn check_size(field: &str, amount: Micros) -> Result<()> {
    if (Micros(-MAX_AMOUNT.0)..=MAX_AMOUNT).contains(&amount) {
        return Ok(());
    }
    Err(Error::invalid(field, base::message!("`{field}` must be at most {max}.", field, max = MAX_AMOUNT)))
}

/// Result of a change to an account's credit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Posted {
    /// The transfer.
    pub transfer_id: Uuid,
    /// The account's balance after the transfer.
    pub balance: Micros,
}

/// Posts `amount` to a child's CREDIT against its parent's ISSUED, and records the transfer in the audit log. Fails if too little credit would be
/// left.
async fn give(
    tx: &Tx,
    app: &App,
    actor: &Actor,
    account: &account::Model,
    amount: Micros,
    act: Act<'_>,
) -> Result<Posted> {
    let (parent, now) = (account.parent_id.ok_or(Error::Forbidden)?, app.clock.now());
    let before = lock(tx, account.id).await?;
    let balance = before.balance.checked_add(amount).or_fault()?;
    // check both signs: without a credit limit, a balance could come close to what its column can store, and then the account's calls could not be
    // charged
    if balance > MAX_BALANCE || balance < MAX_BALANCE.checked_neg().or_fault()? {
        return Err(Error::invalid(
            "amount",
            base::message!("The resulting balance must be between -{max} and {max}.", max = MAX_BALANCE),
        ));
    }
    let after = Credit { balance, ..before };
    let limit = account.credit_limit.map(Into::into);
    check_left(available(before, limit)?, available(after, limit)?)?;
    let entries = vec![
        Entry::new(account.id, Book::Credit, amount),
        Entry::new(parent, Book::Issued, amount.checked_neg().or_fault()?),
    ];
    let transfer = NewTransfer {
        user_id: (!actor.user_id.is_nil()).then_some(actor.user_id),
        note: act.note.to_owned(),
        reverses: act.reverses,
        ..NewTransfer::new(act.kind, &account.currency, now, entries)
    };
    let transfer_id = transfer.id;
    ledger::post(tx.conn(), vec![transfer]).await?;
    let change = Change {
        account_id: account.id,
        action: act.action,
        object: (object(account), account.id),
        before: serde_json::json!({ "balance": before.balance.to_string() }),
        after: serde_json::json!({
            "balance": balance.to_string(), "amount": amount.to_string(), "note": act.note, "transfer": transfer_id,
        }),
    };
    audit::record(tx, actor, now, change).await?;
    Ok(Posted { transfer_id, balance })
}

/// The purpose of a transfer by [`give`].
struct Act<'a> {
    action: &'static str,
    kind: TransferKind,
    note: &'a str,
    reverses: Option<Uuid>,
}

/// The name of an account's GraphQL type.
pub(super) fn object(account: &account::Model) -> &'static str {
    if account.kind == AccountKind::Callshop { "Callshop" } else { "Account" }
}

/// Input of [`top_up`], stored with its idempotency key.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct TopUp {
    /// The child account.
    pub account_id: Uuid,
    /// The amount, above zero.
    pub amount: Micros,
    /// ISO 4217 code; must be the child's currency.
    pub currency: String,
    /// Reason or reference, up to 100 characters.
    pub note: String,
}

/// Tops up a child's CREDIT against its parent's ISSUED. The parent's own CREDIT does not change. Returns the new balance.
///
/// # Errors
/// Fails with `FORBIDDEN` for anyone but the account's parent and the platform's admins. May also fail with `INVALID_INPUT`, `CURRENCY_MISMATCH` or
/// `IDEMPOTENCY_CONFLICT`.
pub async fn top_up(app: &App, actor: &Actor, key: &str, input: TopUp) -> Result<(account::Model, Micros)> {
    if input.amount <= Micros::ZERO {
        return Err(Error::invalid("amount", "`amount` must be above zero."));
    }
    check_size("amount", input.amount)?;
    if input.note.chars().count() > MAX_NAME {
        return Err(Error::invalid(
            "note",
            base::message!("`note` can have at most {max} characters.", max = MAX_NAME),
        ));
    }
    let input = &input;
    app.write_as(actor, |tx| async move {
        let account = access::child(tx.conn(), actor, input.account_id, Right::ManageCredit).await?;
        check_currency(&account, &input.currency)?;
        let act = Act { action: "topUp", kind: TransferKind::TopUp, note: &input.note, reverses: None };
        let balance = idempotency::once(&tx, actor, &app.clock, "topUp", key, input, || async {
            Ok(give(&tx, app, actor, &account, input.amount, act).await?.balance)
        })
        .await?;
        Ok((account, balance))
    })
    .await
}

/// Input of [`adjust`], stored with its idempotency key.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Adjustment {
    /// The child account.
    pub account_id: Uuid,
    /// The amount: positive or negative, not zero.
    pub amount: Micros,
    /// ISO 4217 code; must be the child's currency.
    pub currency: String,
    /// The reason, 1 to 100 characters.
    pub reason: String,
}

/// Adjusts a child's CREDIT, up or down, against its parent's ISSUED.
///
/// # Errors
/// Fails with `INSUFFICIENT_CREDIT` if too little credit would be left. Fails with `FORBIDDEN` for anyone but the account's parent and the platform's
/// admins. May also fail with `INVALID_INPUT`, `CURRENCY_MISMATCH` or `IDEMPOTENCY_CONFLICT`.
pub async fn adjust(
    app: &App,
    actor: &Actor,
    key: &str,
    input: Adjustment,
) -> Result<(account::Model, Posted)> {
    if input.amount == Micros::ZERO {
        return Err(Error::invalid("amount", "`amount` must not be zero."));
    }
    check_size("amount", input.amount)?;
    let reason = clean_name("reason", &input.reason)?;
    let (input, reason) = (&input, &reason);
    app.write_as(actor, |tx| async move {
        let account = access::child(tx.conn(), actor, input.account_id, Right::ManageCredit).await?;
        check_currency(&account, &input.currency)?;
        let act =
            Act { action: "adjustCredit", kind: TransferKind::Adjustment, note: reason, reverses: None };
        let posted = idempotency::once(&tx, actor, &app.clock, "adjustCredit", key, input, || async {
            give(&tx, app, actor, &account, input.amount, act).await
        })
        .await?;
        Ok((account, posted))
    })
    .await
}

/// Input of [`reverse`], stored with its idempotency key.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Reversal {
    /// The transfer to reverse.
    pub transfer_id: Uuid,
    /// The reason, 1 to 100 characters.
    pub reason: String,
}

/// Reverses a top-up or an adjustment, at most once. The reversal is a new transfer that refers to the reversed transfer.
///
/// # Errors
/// Fails with `INSUFFICIENT_CREDIT` if too much of the amount is already spent or reserved. Fails with `ILLEGAL_STATE` for other kinds of transfers.
/// Fails with `FORBIDDEN` for anyone but the account's parent and the platform's admins. May also fail with `ALREADY_REVERSED`, `INVALID_INPUT`,
/// `IDEMPOTENCY_CONFLICT` or `NOT_FOUND`.
pub async fn reverse(
    app: &App,
    actor: &Actor,
    key: &str,
    input: Reversal,
) -> Result<(account::Model, Posted)> {
    let reason = clean_name("reason", &input.reason)?;
    let (input, reason) = (&input, &reason);
    let reversed = app.write_as(actor, |tx| async move {
        let (account, amount) = reversible(&tx, actor, input.transfer_id).await?;
        let posted = idempotency::once(&tx, actor, &app.clock, "reverseTransfer", key, input, || async {
            if !ledger::reversals(tx.conn(), &[input.transfer_id]).await?.is_empty() {
                return Err(Error::user(
                    ErrorCode::AlreadyReversed,
                    "The transfer has already been reversed.",
                ));
            }
            let amount = amount.checked_neg().or_fault()?;
            let act = Act {
                action: "reverseTransfer",
                kind: TransferKind::Reversal,
                note: reason,
                reverses: Some(input.transfer_id),
            };
            give(&tx, app, actor, &account, amount, act).await
        })
        .await?;
        Ok((account, posted))
    });
    reversed.await
}

/// Locks the child account whose CREDIT a top-up or adjustment changed. Returns the account and the amount.
async fn reversible(tx: &Tx, actor: &Actor, id: Uuid) -> Result<(account::Model, Micros)> {
    let transfer = ledger::transfers(tx.conn(), &[id]).await?.pop().ok_or(Error::NotFound)?;
    let entries = ledger::entries(tx.conn(), &[id]).await?;
    let credit = entries.iter().find(|entry| entry.book == Book::Credit);
    // a transfer that did not change credit counts as not found
    let credit = credit.ok_or(Error::NotFound)?;
    let account = access::child(tx.conn(), actor, credit.account_id, Right::ManageCredit).await?;
    match transfer.kind {
        TransferKind::TopUp | TransferKind::Adjustment => Ok((account, credit.amount.into())),
        kind => {
            let message = base::message!(
                "A {kind} cannot be reversed. Only top-ups and adjustments can.",
                kind = Word(kind.as_str())
            );
            Err(Error::field(ErrorCode::IllegalState, "transferId", message))
        }
    }
}

/// Sets how far a child's CREDIT may fall below zero. `None` removes the limit.
///
/// # Errors
/// Fails with `INVALID_INPUT` for a negative limit. Fails with `INSUFFICIENT_CREDIT` if the new limit is already exceeded. Fails with `FORBIDDEN` for
/// anyone but the account's parent and the platform's admins.
pub async fn set_limit(app: &App, actor: &Actor, id: Uuid, limit: Option<Micros>) -> Result<account::Model> {
    let again = async |id| access::account(app.store.reader(), actor, id, Right::ManageCredit).await;
    idempotency::repeatable(app, actor, change_limit(app, actor, id, limit), again).await
}

async fn change_limit(app: &App, actor: &Actor, id: Uuid, limit: Option<Micros>) -> Result<account::Model> {
    if limit.is_some_and(|limit| limit < Micros::ZERO) {
        return Err(Error::invalid("limit", "`limit` must not be negative. Use null for no limit."));
    }
    check_size("limit", limit.unwrap_or(Micros::ZERO))?;
    app.write_as(actor, |tx| async move {
        let account = access::child(tx.conn(), actor, id, Right::ManageCredit).await?;
        let credit = lock(&tx, id).await?;
        let old = account.credit_limit.map(Into::into);
        check_left(available(credit, old)?, available(credit, limit)?)?;
        let change = Change {
            account_id: id,
            action: "setCreditLimit",
            object: (object(&account), id),
            before: serde_json::json!({ "creditLimit": old.map(|limit: Micros| limit.to_string()) }),
            after: serde_json::json!({ "creditLimit": limit.map(|limit| limit.to_string()) }),
        };
        let now = app.clock.now();
        audit::record(&tx, actor, now, change).await?;
        idempotency::keep(&tx, actor, now, &id).await?;
        let account = account::Model { credit_limit: limit.map(Into::into), ..account };
        accounts::update(tx.conn(), account).await
    })
    .await
}

/// Sets the threshold below which an account's users are warned of low credit. `None` turns these warnings off.
///
/// # Errors
/// Fails with `INVALID_INPUT` for a negative amount. Fails with `FORBIDDEN` for attendants, and for anyone outside the account, its parent and the
/// platform.
pub async fn set_low(app: &App, actor: &Actor, id: Uuid, low: Option<Micros>) -> Result<account::Model> {
    let again = async |id| access::account(app.store.reader(), actor, id, Right::SeeCredit).await;
    idempotency::repeatable(app, actor, change_low(app, actor, id, low), again).await
}

async fn change_low(app: &App, actor: &Actor, id: Uuid, low: Option<Micros>) -> Result<account::Model> {
    if low.is_some_and(|low| low < Micros::ZERO) {
        return Err(Error::invalid("amount", "`amount` must not be negative. Use null for no warnings."));
    }
    check_size("amount", low.unwrap_or(Micros::ZERO))?;
    app.write_as(actor, |tx| async move {
        let account = accounts::lock(tx.conn(), &actor.scope(), id).await?.ok_or(Error::NotFound)?;
        actor.require(Right::SeeCredit)?;
        if account.id != actor.account_id && !actor.is_parent_of(&account) {
            return Err(Error::Forbidden);
        }
        let old: Option<Micros> = account.low_credit.map(Into::into);
        let change = Change {
            account_id: id,
            action: "setLowCredit",
            object: (object(&account), id),
            before: serde_json::json!({ "lowCredit": old.map(|low| low.to_string()) }),
            after: serde_json::json!({ "lowCredit": low.map(|low| low.to_string()) }),
        };
        let now = app.clock.now();
        audit::record(&tx, actor, now, change).await?;
        idempotency::keep(&tx, actor, now, &id).await?;
        let account = account::Model { low_credit: low.map(Into::into), credit_low: false, ..account };
        accounts::update(tx.conn(), account).await
    })
    .await
}
