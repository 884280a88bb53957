//! The changes that a batch of calls makes to accounts: transfers to post, and credit to reserve or release. All these changes are posted at the end
//! of the batch.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use billing::money::Micros;
use entity::{ActivityKind, Book};
use sea_orm::ConnectionTrait;
use uuid::Uuid;

use base::error::{Error, OrFault as _, Result};
use store::calls::CallshopTerms;
use store::ledger::{self, Credit, Holds, NewTransfer};
use store::{NewActivity, Tx, Writes, accounts};

/// The transfers, and the changes to reserved credit, that a batch has not posted yet.
#[derive(Default)]
pub(super) struct Money {
    transfers: Vec<NewTransfer>,
    held: Holds,
    credit: BTreeMap<Uuid, Micros>,
    watched: HashMap<Uuid, CallshopTerms>,
    /// Other rows to write together with the postings.
    writes: Writes,
}

fn add<Key: Ord>(sums: &mut BTreeMap<Key, Micros>, key: Key, change: Micros) -> Result<()> {
    let sum = sums.entry(key).or_default();
    *sum = sum.checked_add(change).or_fault()?;
    Ok(())
}

impl Money {
    /// Adds a change to the reserved amount of an account's credit. A negative change releases credit.
    pub(super) fn hold(&mut self, account: Uuid, currency: &str, change: Micros) -> Result<()> {
        add(&mut self.held, (account, currency.to_owned()), change)
    }

    /// The accounts whose credit this batch has changed so far.
    pub(super) fn accounts(&self) -> impl Iterator<Item = Uuid> {
        self.held.keys().map(|(id, _)| *id).chain(self.credit.keys().copied())
    }

    /// Adds a transfer to post.
    pub(super) fn transfer(&mut self, transfer: NewTransfer) -> Result<()> {
        for entry in transfer.entries()?.iter().filter(|entry| entry.book == Book::Credit) {
            add(&mut self.credit, entry.account_id, entry.amount)?;
        }
        self.transfers.push(transfer);
        Ok(())
    }

    /// Drops this batch's unposted transfers of a call, because the call's end was corrected.
    pub(super) fn forget_call(&mut self, call: Uuid) -> Result<()> {
        let (forgotten, kept): (Vec<_>, Vec<_>) = std::mem::take(&mut self.transfers)
            .into_iter()
            .partition(|transfer| transfer.call_id == Some(call));
        self.transfers = kept;
        for transfer in &forgotten {
            for entry in transfer.entries()?.iter().filter(|entry| entry.book == Book::Credit) {
                add(&mut self.credit, entry.account_id, entry.amount.checked_neg().or_fault()?)?;
            }
        }
        Ok(())
    }

    /// Watches a callshop's credit. An activity event is emitted if this batch brings the credit below the shop's warning threshold.
    pub(super) fn watch(&mut self, id: Uuid, shop: CallshopTerms) {
        if shop.low_credit.is_some() {
            self.watched.insert(id, shop);
        }
    }

    /// Defers writing rows until the postings are written. Use this function only for rows that no code reads before the postings are written.
    pub(super) fn write_with(&mut self, writes: Writes) {
        self.writes = writes;
    }

    /// Writes the deferred rows now, because the next step reads these rows.
    pub(super) async fn write_now(&mut self, conn: &impl ConnectionTrait) -> Result<()> {
        std::mem::take(&mut self.writes).run(conn).await
    }

    /// Posts all changes at once, so that each balance is locked once, in the global lock order.
    pub(super) async fn post(mut self, tx: &Tx, now: chrono::DateTime<chrono::Utc>) -> Result<()> {
        let (transfers, writes) = (std::mem::take(&mut self.transfers), std::mem::take(&mut self.writes));
        ledger::post_and_hold(tx.conn(), transfers, &self.held, writes).await?;
        self.tell_low_credit(tx, now).await
    }

    async fn tell_low_credit(&self, tx: &Tx, now: chrono::DateTime<chrono::Utc>) -> Result<()> {
        let spent = |id: &&Uuid| self.credit.get(*id).is_some_and(|change| change.is_negative());
        let shops: Vec<Uuid> = self.watched.keys().filter(spent).copied().collect();
        if shops.is_empty() {
            return Ok(());
        }
        for (id, credit) in ledger::credit(tx.conn(), &shops).await? {
            let (Some(shop), Some(change)) = (self.watched.get(&id), self.credit.get(&id)) else { continue };
            let (Some(threshold), Some(limit)) = (shop.low_credit, shop.credit_limit) else { continue };
            let spendable = credit.balance.checked_add(limit).or_fault()?;
            let before = spendable.checked_sub(*change).or_fault()?;
            if spendable < threshold && before >= threshold {
                tx.emit(NewActivity {
                    callshop_id: id,
                    at: now,
                    kind: ActivityKind::CreditLow,
                    cabin_id: None,
                    session_id: None,
                    call_id: None,
                    payload: serde_json::json!({ "credit": { "spendable": entity::Micros::from(spendable) } }),
                });
            }
        }
        Ok(())
    }
}

/// The locked credit of the accounts whose credit a batch reserves or spends.
#[derive(Default)]
pub(super) struct LockedCredit {
    credit: BTreeMap<Uuid, Credit>,
    limits: HashMap<Uuid, Option<Micros>>,
}

impl LockedCredit {
    /// Locks the credit of accounts, then reads the accounts' limits. Changing a limit also locks the credit, so the limits cannot change
    /// meanwhile.
    pub(super) async fn lock(conn: &impl ConnectionTrait, accounts: BTreeSet<Uuid>) -> Result<Self> {
        if accounts.is_empty() {
            return Ok(Self::default());
        }
        let ids: Vec<Uuid> = accounts.into_iter().collect();
        let credit = ledger::lock_credit(conn, &ids).await?;
        Ok(Self { credit, limits: accounts::credit_limits(conn, &ids).await? })
    }

    /// The account's available credit, which is balance plus limit minus the held amount, including the batch's own unposted changes. The result is
    /// [`Micros::MAX`] if the account has no limit.
    pub(super) fn available(&self, account: Uuid, money: &Money) -> Result<Micros> {
        let not_locked = || Error::fault(format!("the credit of account {account} was not locked"));
        let Some(limit) = self.limits.get(&account).ok_or_else(not_locked)? else { return Ok(Micros::MAX) };
        let credit = self.credit.get(&account).copied().ok_or_else(not_locked)?;
        let spent = money.credit.get(&account).copied().unwrap_or_default();
        let owned = Micros::try_sum([credit.balance, *limit, spent]).or_fault()?;
        // an account that reserves and spends credit uses only one currency
        let changes = money.held.range((account, String::new())..).take_while(|((id, _), _)| *id == account);
        let held = changes.map(|(_, change)| *change).chain([credit.held]);
        owned.checked_sub(Micros::try_sum(held).or_fault()?).or_fault()
    }
}
