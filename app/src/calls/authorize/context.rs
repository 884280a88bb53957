//! The rows that a batch of attempts needs, loaded at once.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use chrono::{DateTime, Utc};
use entity::{cabin_session, call, phone};
use sea_orm::ConnectionTrait;
use uuid::Uuid;

use super::AuthorizeRequest;
use crate::App;
use crate::access::path_ids;
use crate::calls::cover;
use crate::calls::money::LockedCredit;
use base::error::{Error, Result};
use store::calls::{AttemptCabin, AttemptSettings, Payer, Spent};

/// Batch context: the rows needed to process a batch of attempts.
pub(super) struct BatchContext {
    pub(super) phones: HashMap<String, phone::Model>,
    /// The cabins by phone.
    pub(super) cabins: HashMap<Uuid, AttemptCabin>,
    /// The open and closing sessions by cabin.
    pub(super) sessions: HashMap<Uuid, cabin_session::Model>,
    pub(super) spent: HashMap<Uuid, Spent>,
    pub(super) live: Vec<call::Model>,
    /// The phones with live calls.
    pub(super) busy: HashSet<Uuid>,
    /// The accounts of all callshops, and the accounts above them.
    pub(super) accounts: HashMap<Uuid, Payer>,
    pub(super) locked_credit: LockedCredit,
    pub(super) asked: HashMap<String, call::Model>,
    pub(super) abandoned: HashSet<String>,
}

impl BatchContext {
    /// Locks and reads the rows. The number of statements does not depend on the number of attempts. A few statements with wide joins are faster than
    /// many simple statements: for each statement, the server and the database wait and wake up once (docs/performance.md).
    ///
    /// # Errors
    /// Fails with a fault if an account's path cannot be read. May also fail with database errors.
    pub(super) async fn load(
        app: &App,
        conn: &impl ConnectionTrait,
        requests: &[&AuthorizeRequest],
        now: DateTime<Utc>,
    ) -> Result<Self> {
        let users: Vec<&str> = requests.iter().map(|request| request.user.as_str()).collect();
        let asked_ids: Vec<&str> = requests.iter().map(|request| request.request_id.as_str()).collect();
        let phones = store::calls::lock_phones(conn, &users).await?;
        let phone_ids: Vec<Uuid> = phones.iter().map(|phone| phone.id).collect();
        let cabins = store::calls::attempt_cabins(conn, &phone_ids).await?;
        let cabin_ids: Vec<Uuid> = cabins.iter().map(|cabin| cabin.id).collect();
        let known = store::calls::known_requests(conn, &asked_ids, now).await?;
        let asked = store::calls::lock(conn, &known.calls).await?;
        let sessions = store::calls::lock_open_sessions(conn, &cabin_ids).await?;
        let bounded: Vec<Uuid> =
            sessions.iter().filter(|row| cover::is_bounded(row)).map(|row| row.id).collect();
        let live = if bounded.is_empty() {
            Vec::new()
        } else {
            store::calls::live_of_sessions(conn, &bounded).await?
        };
        // a repeated request may name a different phone than before
        let shops = phones.iter().map(|phone| phone.callshop_id);
        let shops: BTreeSet<Uuid> = shops.chain(asked.iter().map(|call| call.callshop_id)).collect();
        let path = paths(app, conn, &shops).await?;
        let opened: Vec<_> = sessions.iter().map(|row| (row.id, row.opened_at)).collect();
        Ok(Self {
            busy: store::calls::busy_phones(conn, &phone_ids).await?,
            spent: store::calls::spent(conn, &opened).await?,
            live,
            locked_credit: LockedCredit::default(),
            abandoned: known.abandoned,
            asked: asked.into_iter().map(|row| (row.request_id.clone(), row)).collect(),
            phones: phones.into_iter().map(|row| (row.sip_user.clone(), row)).collect(),
            cabins: cabins.into_iter().map(|row| (row.phone_id, row)).collect(),
            sessions: sessions.into_iter().map(|row| (row.cabin_id, row)).collect(),
            accounts: store::calls::payers(conn, &path, now)
                .await?
                .into_iter()
                .map(|row| (row.id, row))
                .collect(),
        })
    }

    /// The open or closing session of a phone's cabin, if any.
    pub(super) fn session(&self, phone_id: Uuid) -> Option<&cabin_session::Model> {
        self.sessions.get(&self.cabins.get(&phone_id)?.id)
    }

    /// A callshop's account and settings.
    ///
    /// # Errors
    /// Fails with a fault if the callshop does not exist.
    pub(super) fn callshop(&self, id: Uuid) -> Result<(&Payer, &AttemptSettings)> {
        let found = self.accounts.get(&id).and_then(|account| Some((account, account.callshop.as_ref()?)));
        found.ok_or_else(|| Error::fault(format!("the phone's callshop {id} does not exist")))
    }

    /// The accounts that pay for a callshop's calls, starting with the callshop. Each account is paired with the id of its payee. The platform pays
    /// nobody, so the platform is not included.
    ///
    /// # Errors
    /// Fails with a fault if an account of the chain is missing. If the code skipped a missing account, that account would not be charged.
    pub(super) fn payers(&self, callshop_id: Uuid) -> Result<Vec<(&Payer, Uuid)>> {
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

/// The accounts on the paths of callshops. The node remembers the paths, because a path never changes.
async fn paths(app: &App, conn: &impl ConnectionTrait, shops: &BTreeSet<Uuid>) -> Result<Vec<Uuid>> {
    let (mut found, mut unknown) = (BTreeSet::new(), Vec::new());
    for shop in shops {
        match app.callshops.path(*shop) {
            Some(path) => found.extend(path.iter().copied()),
            None => unknown.push(*shop),
        }
    }
    if !unknown.is_empty() {
        for (shop, path) in store::calls::paths(conn, &unknown).await? {
            let path: Arc<[Uuid]> = path_ids(&path)?.into();
            found.extend(path.iter().copied());
            app.callshops.learn_path(shop, path);
        }
    }
    Ok(found.into_iter().collect())
}
