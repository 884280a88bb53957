//! The rows that a batch of attempts needs, loaded at once.

use std::collections::{BTreeSet, HashMap, HashSet};

use chrono::{DateTime, Utc};
use entity::{account, cabin, cabin_session, call, callshop, phone, tariff};
use sea_orm::ConnectionTrait;
use uuid::Uuid;

use super::AuthorizeRequest;
use crate::access::path_ids;
use crate::calls::cover;
use crate::calls::money::LockedCredit;
use base::error::{Error, Result};
use store::calls::Spent;
use store::{accounts, tariffs};

/// Batch context: the rows needed to process a batch of attempts.
pub(super) struct BatchContext {
    pub(super) phones: HashMap<String, phone::Model>,
    pub(super) cabins: HashMap<Uuid, cabin::Model>,
    pub(super) sessions: HashMap<Uuid, cabin_session::Model>,
    pub(super) spent: HashMap<Uuid, Spent>,
    pub(super) live: Vec<call::Model>,
    pub(super) busy: HashSet<Uuid>,
    pub(super) shops: HashMap<Uuid, callshop::Model>,
    pub(super) accounts: HashMap<Uuid, account::Model>,
    pub(super) locked_credit: LockedCredit,
    pub(super) tariffs: HashMap<Uuid, (Uuid, tariff::Model)>,
    pub(super) asked: HashMap<String, call::Model>,
    pub(super) abandoned: HashSet<String>,
}

impl BatchContext {
    pub(super) async fn load(
        conn: &impl ConnectionTrait,
        requests: &[&AuthorizeRequest],
        now: DateTime<Utc>,
    ) -> Result<Self> {
        let users: Vec<&str> = requests.iter().map(|request| request.user.as_str()).collect();
        let asked_ids: Vec<&str> = requests.iter().map(|request| request.request_id.as_str()).collect();
        let phones = store::calls::lock_phones(conn, &users).await?;
        let phone_ids: Vec<Uuid> = phones.iter().map(|phone| phone.id).collect();
        let shop_ids: Vec<Uuid> = phones.iter().map(|phone| phone.callshop_id).collect();
        let cabins = store::calls::cabins_of(conn, &phone_ids).await?;
        let cabin_ids: Vec<Uuid> = cabins.iter().map(|cabin| cabin.id).collect();
        let asked = store::calls::lock_named(conn, &[], &asked_ids, now).await?;
        let sessions = store::calls::lock_open_sessions(conn, &cabin_ids).await?;
        let bounded: Vec<Uuid> =
            sessions.iter().filter(|row| cover::is_bounded(row)).map(|row| row.id).collect();
        let live = if bounded.is_empty() {
            Vec::new()
        } else {
            store::calls::live_of_sessions(conn, &bounded).await?
        };
        let accounts = load_chains(conn, &shop_ids).await?;
        let wanted: BTreeSet<Uuid> = accounts
            .values()
            .flat_map(|account| [account.cost_tariff_id, account.retail_tariff_id])
            .flatten()
            .collect();
        let wanted: Vec<Uuid> = wanted.into_iter().collect();
        Ok(Self {
            busy: store::calls::busy_phones(conn, &phone_ids).await?,
            spent: store::calls::spent(
                conn,
                &sessions.iter().map(|row| (row.id, row.opened_at)).collect::<Vec<_>>(),
            )
            .await?,
            shops: accounts::callshops(conn, &shop_ids)
                .await?
                .into_iter()
                .map(|row| (row.account_id, row))
                .collect(),
            live,
            locked_credit: LockedCredit::default(),
            tariffs: tariffs::effective_versions(conn, &wanted, now).await?,
            abandoned: store::calls::abandoned(conn, &asked_ids).await?,
            asked: asked.into_iter().map(|row| (row.request_id.clone(), row)).collect(),
            phones: phones.into_iter().map(|row| (row.sip_user.clone(), row)).collect(),
            cabins: cabins.into_iter().filter_map(|row| Some((row.phone_id?, row))).collect(),
            sessions: sessions.into_iter().map(|row| (row.cabin_id, row)).collect(),
            accounts,
        })
    }

    /// The accounts that pay for a callshop's calls, starting with the callshop. Each account is paired with the id of its payee. The platform pays
    /// nobody, so the platform is not included.
    ///
    /// # Errors
    /// Fails with a fault if an account of the chain is missing. If the code skipped a missing account, that account would not be charged.
    pub(super) fn payers(&self, callshop_id: Uuid) -> Result<Vec<(&account::Model, Uuid)>> {
        let account = |id: &Uuid| {
            let row = self.accounts.get(id);
            row.ok_or_else(|| Error::fault(format!("the account {id} of a callshop's path does not exist")))
        };
        let mut payers = Vec::new();
        for id in path_ids(&account(&callshop_id)?.path)?.iter().rev() {
            let row = account(id)?;
            match row.parent_id {
                Some(payee) => payers.push((row, payee)),
                None if row.kind == entity::AccountKind::Platform => {}
                None => return Err(Error::fault(format!("the account {id} has no parent"))),
            }
        }
        Ok(payers)
    }
}

async fn load_chains(conn: &impl ConnectionTrait, shops: &[Uuid]) -> Result<HashMap<Uuid, account::Model>> {
    let leaves = accounts::by_ids(conn, shops).await?;
    let mut above = BTreeSet::new();
    for leaf in &leaves {
        above.extend(path_ids(&leaf.path)?);
    }
    let above: Vec<Uuid> = above.into_iter().collect();
    Ok(accounts::by_ids(conn, &above).await?.into_iter().map(|row| (row.id, row)).collect())
}
