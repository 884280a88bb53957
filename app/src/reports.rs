//! Reports on the revenue and cost of an account's calls, by group. All figures belong to the requested account, never to an account above the
//! actor's account.

use std::collections::{BTreeMap, HashMap};
use std::ops::RangeInclusive;

use billing::money::Micros;
use chrono::{Datelike as _, NaiveDate, TimeDelta};
use entity::{AccountKind, account};
use uuid::Uuid;

use super::{App, access};
use crate::auth::{Actor, Right};
use base::error::{Error, ErrorCode, OrFault as _, Result};
use store::reports::{Answered, Attempts, Dimension, GroupKey, Selection};
use store::{Scope, accounts, cabins, reports, retention};

/// Maximum period of a report, in days.
const MAX_DAYS: i64 = 400;
/// Years in which a report may begin.
pub(crate) const YEARS: RangeInclusive<i32> = 2000..=2199;
/// Maximum number of groups in a report.
pub const MAX_GROUPS: usize = 10_000;

/// The parameters of a report.
#[derive(Clone, Debug)]
pub struct Asked {
    /// A callshop, or an account above callshops.
    pub account_id: Uuid,
    /// First day, in each callshop's time zone.
    pub from: NaiveDate,
    /// Last day, inclusive.
    pub to: NaiveDate,
    /// Dimensions to group by. The list is empty for a report with a single group.
    pub dimensions: Vec<Dimension>,
}

/// The figures of one group of a report.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// Number of call attempts, by the day of the attempt.
    pub attempts: Attempts,
    /// Totals of answered calls, by the day of the answer.
    pub answered: Answered,
}

/// A report.
#[derive(Clone, Debug)]
pub struct Report {
    /// The account of the report.
    pub account: account::Model,
    /// The currency of every amount.
    pub currency: String,
    /// The groups, sorted by key.
    pub groups: Vec<(GroupKey, Figures)>,
    /// The sums over all groups of the report.
    pub total: Figures,
}

/// Creates a report on an account in the actor's subtree, which includes the actor's own account.
///
/// # Errors
/// Fails with `INVALID_INPUT` if the period is too long or there are too many groups. Fails with `CURRENCY_MISMATCH` if the callshops have several
/// currencies. Fails with `FORBIDDEN` for attendants. May also fail with `NOT_FOUND`.
pub async fn make(app: &App, actor: &Actor, asked: &Asked) -> Result<Report> {
    let account = access::account(app.store.reader(), actor, asked.account_id, Right::SeeCost).await?;
    if !YEARS.contains(&asked.from.year()) {
        return Err(Error::invalid(
            "from",
            base::message!(
                "The year of `from` must be between {first} and {last}.",
                first = YEARS.start(),
                last = YEARS.end()
            ),
        ));
    }
    let days = asked.to.signed_duration_since(asked.from).num_days();
    if !(0..MAX_DAYS).contains(&days) {
        return Err(Error::invalid(
            "to",
            base::message!(
                "`to` must not be before `from`, and the period must not exceed {max} days.",
                max = MAX_DAYS
            ),
        ));
    }
    // a report must not silently omit calls that retention deleted. A report's first day must be later than the UTC day from which calls are kept,
    // because a callshop's day may begin before the UTC day.
    if let Some(kept) = retention::calls_kept_from(app.store.reader()).await?
        && asked.from <= kept.date_naive()
    {
        let first = kept.date_naive() + TimeDelta::days(1);
        return Err(Error::invalid(
            "from",
            base::message!("Older calls have been deleted. `from` must be {first} or later.", first),
        ));
    }
    let mut dimensions = asked.dimensions.clone();
    dimensions.sort_unstable();
    dimensions.dedup();
    let limit = u64::try_from(MAX_GROUPS + 1).unwrap_or(u64::MAX);
    let (from, to) = (asked.from, asked.to);
    let selection = &Selection { path: account.path.clone(), from, to, dimensions, limit };
    let account = &account;
    app.store
        .read(|tx| async move {
            let currency = currency(&tx, account).await?;
            let attempts = reports::attempts(tx.conn(), selection).await?;
            let answered = reports::answered(tx.conn(), selection).await?;
            let groups = joined(attempts, answered)?;
            let total = total(groups.values())?;
            let groups = groups.into_iter().collect();
            Ok(Report { account: account.clone(), currency, groups, total })
        })
        .await
}

/// The currency of all amounts. Only the platform can have callshops with several currencies.
async fn currency(tx: &store::Tx, account: &account::Model) -> Result<String> {
    if account.kind != AccountKind::Platform {
        return Ok(account.currency.clone());
    }
    let mut found = reports::currencies(tx.conn(), &Scope::subtree(&account.path)).await?;
    if found.len() > 1 {
        let message = "The callshops have several currencies. Request one distributor at a time.";
        return Err(Error::field(ErrorCode::CurrencyMismatch, "accountId", message));
    }
    Ok(found.pop().unwrap_or_else(|| account.currency.clone()))
}

fn joined(
    attempts: Vec<(GroupKey, Attempts)>,
    answered: Vec<(GroupKey, Answered)>,
) -> Result<BTreeMap<GroupKey, Figures>> {
    let mut groups: BTreeMap<GroupKey, Figures> = BTreeMap::new();
    for (key, attempts) in attempts {
        groups.entry(key).or_default().attempts = attempts;
    }
    for (key, answered) in answered {
        groups.entry(key).or_default().answered = answered;
    }
    if groups.len() > MAX_GROUPS {
        let message = base::message!(
            "The report has more than {max} groups. Choose a shorter period or fewer dimensions.",
            max = MAX_GROUPS
        );
        return Err(Error::invalid("groupBy", message));
    }
    Ok(groups)
}

fn total<'a>(groups: impl Iterator<Item = &'a Figures>) -> Result<Figures> {
    let mut total = Figures::default();
    let add = |sum: &mut i64, more: i64| {
        *sum = sum.checked_add(more).ok_or_else(|| Error::fault("the sums of a report overflow"))?;
        Ok::<_, Error>(())
    };
    for Figures { attempts, answered } in groups {
        add(&mut total.attempts.allowed, attempts.allowed)?;
        add(&mut total.attempts.refused, attempts.refused)?;
        add(&mut total.answered.calls, answered.calls)?;
        add(&mut total.answered.talk_seconds, answered.talk_seconds)?;
        add(&mut total.answered.billed_seconds, answered.billed_seconds)?;
        add(&mut total.answered.retail, answered.retail)?;
        add(&mut total.answered.revenue, answered.revenue)?;
        add(&mut total.answered.cost, answered.cost)?;
    }
    Ok(total)
}

impl Figures {
    /// Answer-seizure ratio: answered calls per allowed attempt, to four decimals; `None` if there were no attempts. The ratio can exceed 1, because
    /// a call may be answered on the day after its attempt.
    pub fn asr(&self) -> Option<Micros> {
        let attempts = self.attempts.allowed;
        (attempts > 0).then(|| Micros((self.answered.calls * 10_000 + attempts / 2) / attempts * 100))
    }

    /// Average call duration: talk seconds per answered call, rounded; `None` if no calls were answered.
    pub fn acd_seconds(&self) -> Option<i64> {
        let calls = self.answered.calls;
        (calls > 0).then(|| (self.answered.talk_seconds + calls / 2) / calls)
    }

    /// Revenue minus cost.
    ///
    /// # Errors
    /// Fails with a fault on overflow.
    pub fn margin(&self) -> Result<Micros> {
        Micros(self.answered.revenue).checked_sub(Micros(self.answered.cost)).or_fault()
    }
}

/// Names of the objects in group keys.
#[derive(Clone, Debug, Default)]
pub struct Names {
    /// Callshop names.
    pub callshops: HashMap<Uuid, String>,
    /// Cabin numbers and labels.
    pub cabins: HashMap<Uuid, (i32, String)>,
    /// Display names of users.
    pub attendants: HashMap<Uuid, String>,
    /// Names of tariff versions: the tariff's name and the version's number.
    pub versions: HashMap<Uuid, (String, i32)>,
}

/// Looks up the names for a page of groups.
///
/// # Errors
/// May fail with database errors.
pub async fn names(app: &App, groups: &[(GroupKey, Figures)]) -> Result<Names> {
    let conn = app.store.reader();
    let ids = |of: fn(&GroupKey) -> Option<Uuid>| {
        let mut ids: Vec<Uuid> = groups.iter().filter_map(|(key, _)| of(key)).collect();
        ids.sort_unstable();
        ids.dedup();
        ids
    };
    let callshops = accounts::by_ids(conn, &ids(|key| key.callshop_id)).await?;
    let cabins = cabins::by_ids(conn, &ids(|key| key.cabin_id)).await?;
    let users = accounts::users_by_ids(conn, &ids(|key| key.attendant_id)).await?;
    Ok(Names {
        callshops: callshops.into_iter().map(|account| (account.id, account.name)).collect(),
        cabins: cabins.into_iter().map(|cabin| (cabin.id, (cabin.number, cabin.label))).collect(),
        attendants: users.into_iter().map(|user| (user.id, user.display_name)).collect(),
        versions: reports::tariffs_of_versions(conn, &ids(|key| key.version_id)).await?,
    })
}
