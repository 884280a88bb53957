//! Queries for reports, explanations and problems of a callshop or a whole subtree.

use std::collections::{BTreeMap, HashMap};

use billing::country::common_country;
use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, Utc};
use entity::{AccountKind, Book, HookStatus, account, hook_event, ledger_balance, tariff, tariff_version};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbBackend, EntityTrait, QueryFilter, QueryOrder, QueryResult, QuerySelect,
    Statement, Value,
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::calls::REDELIVERY;
use super::{Scope, first_id};
use base::error::{Error, Result};

/// The tariff name and the number of each tariff version.
///
/// # Errors
/// Every function in this module may fail with a database error.
pub async fn tariffs_of_versions(
    conn: &impl ConnectionTrait,
    versions: &[Uuid],
) -> Result<HashMap<Uuid, (String, i32)>> {
    let versions = tariff_version::Entity::find()
        .filter(tariff_version::Column::Id.is_in(versions.iter().copied()))
        .all(conn)
        .await?;
    let tariffs = tariff::Entity::find()
        .filter(tariff::Column::Id.is_in(versions.iter().map(|version| version.tariff_id)))
        .all(conn)
        .await?;
    let names: HashMap<Uuid, String> = tariffs.into_iter().map(|tariff| (tariff.id, tariff.name)).collect();
    let named = |version: tariff_version::Model| {
        let name = names.get(&version.tariff_id).cloned().unwrap_or_default();
        (version.id, (name, version.number))
    };
    Ok(versions.into_iter().map(named).collect())
}

/// A dimension by which a report is grouped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Dimension {
    /// The day, in the callshop's time zone.
    Day,
    /// The cabin that the call was made from.
    Cabin,
    /// The rated destination.
    Destination,
    /// The user who opened the session.
    Attendant,
    /// The callshop.
    Callshop,
    /// The tariff version by which the report's account is paid.
    TariffVersion,
}

/// The key of a report group. A field is `None` if the report is not grouped by that field, or if the calls have no value for that field.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct GroupKey {
    /// The day, `YYYY-MM-DD`.
    pub day: Option<String>,
    /// The callshop.
    pub callshop_id: Option<Uuid>,
    /// The cabin.
    pub cabin_id: Option<Uuid>,
    /// The destination.
    pub destination: Option<String>,
    /// The user who opened the session.
    pub attendant_id: Option<Uuid>,
    /// The tariff version.
    pub version_id: Option<Uuid>,
}

/// Numbers of call attempts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Attempts {
    /// Allowed attempts.
    pub allowed: i64,
    /// Refused attempts.
    pub refused: i64,
    /// The country of the attempts' numbers, in a report by destination; `None` if they have several countries or none.
    pub country: Option<&'static str>,
}

/// Totals of answered calls. Amounts are micros.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Answered {
    /// Number of calls.
    pub calls: i64,
    /// Seconds of talk.
    pub talk_seconds: i64,
    /// Seconds billed to the customers.
    pub billed_seconds: i64,
    /// Amount charged to the customers.
    pub retail: i64,
    /// Amount that the account charges to the level below.
    pub revenue: i64,
    /// Amount that the level above charges to the account.
    pub cost: i64,
}

/// The calls of a report, and their grouping.
#[derive(Clone, Debug)]
pub struct Selection {
    /// Path of the account. The report covers the callshops in the account's subtree.
    pub path: String,
    /// First day, in each callshop's time zone.
    pub from: NaiveDate,
    /// Last day, inclusive, in each callshop's time zone.
    pub to: NaiveDate,
    /// Dimensions to group by, without duplicates.
    pub dimensions: Vec<Dimension>,
    /// Maximum number of groups to read.
    pub limit: u64,
}

/// The number of call attempts in each group, by the day of the attempt.
pub async fn attempts(
    conn: &impl ConnectionTrait,
    selection: &Selection,
) -> Result<Vec<(GroupKey, Attempts)>> {
    let sums = "COUNT(*) AS calls, COALESCE(SUM(CASE WHEN c.state = 'REFUSED' THEN 1 ELSE 0 END), 0) AS refused, \
         MIN(c.number) AS lowest, MAX(c.number) AS highest";
    let rows = conn.query_all_raw(selection.statement(conn, Calls::Attempts, sums, "")).await?;
    let read = |row: &QueryResult| {
        let (calls, refused): (i64, i64) = (row.try_get("", "calls")?, row.try_get("", "refused")?);
        let key = selection.key(row)?;
        // the numbers of one destination are close together, so the first and the last number stand for all of them; numbers without a rate have the
        // empty destination
        let country = match key.destination.as_deref() {
            Some(name) if !name.is_empty() => {
                let (lowest, highest): (String, String) =
                    (row.try_get("", "lowest")?, row.try_get("", "highest")?);
                common_country([lowest.as_str(), &highest])
            }
            _ => None,
        };
        Ok((key, Attempts { allowed: calls - refused, refused, country }))
    };
    rows.iter().map(read).collect()
}

/// The totals of answered calls that are over, by the day of the answer.
pub async fn answered(
    conn: &impl ConnectionTrait,
    selection: &Selection,
) -> Result<Vec<(GroupKey, Answered)>> {
    // SUM of BIGINT is NUMERIC on PostgreSQL
    let sum = |column: &str, name: &str| format!("CAST(COALESCE(SUM({column}), 0) AS BIGINT) AS {name}");
    let sums = [
        "COUNT(*) AS calls".to_owned(),
        sum("c.talk_seconds", "talk"),
        sum("c.billed_seconds", "billed"),
        sum("c.charge", "retail"),
        sum("paid.amount", "revenue"),
        sum("pays.amount", "cost"),
    ];
    // the account receives money at the level of its child in the call's chain, and pays money at the next level up
    let joins = format!(
        "LEFT JOIN call_charge paid ON paid.call_id = c.id AND paid.level = {PAID_LEVEL} \
         LEFT JOIN call_charge pays ON pays.call_id = c.id AND pays.level = {PAID_LEVEL} + 1"
    );
    let read = |row: &QueryResult| {
        let figure = |name: &str| row.try_get::<i64>("", name);
        let answered = Answered {
            calls: figure("calls")?,
            talk_seconds: figure("talk")?,
            billed_seconds: figure("billed")?,
            retail: figure("retail")?,
            revenue: figure("revenue")?,
            cost: figure("cost")?,
        };
        Ok::<_, Error>((selection.key(row)?, answered))
    };
    let mut groups: BTreeMap<GroupKey, Answered> = BTreeMap::new();
    for calls in [Calls::Answered, Calls::AnsweredFar] {
        for row in conn.query_all_raw(selection.statement(conn, calls, &sums.join(", "), &joins)).await? {
            let (key, more) = read(&row)?;
            groups.entry(key).or_default().add(&more)?;
        }
    }
    Ok(groups.into_iter().collect())
}

/// The calls that a statement reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Calls {
    /// Calls attempted on the report's days. A call's id contains the time of the attempt.
    Attempts,
    /// Calls that were answered on the report's days, and attempted on these days or shortly before or after.
    Answered,
    /// Calls that were answered on the report's days, and attempted long before or after.
    AnsweredFar,
}

impl Calls {
    fn day(self) -> &'static str {
        match self {
            Self::Attempts => "c.attempt_day",
            Self::Answered | Self::AnsweredFar => "c.answer_day",
        }
    }

    /// The SQL condition that selects the calls. `$3` and `$4` are the range of ids around the report's days.
    fn condition(self) -> &'static str {
        match self {
            Self::Attempts => "c.id >= $3 AND c.id < $4",
            Self::Answered => "c.id >= $3 AND c.id < $4 AND c.state = 'ENDED' AND c.answered_at IS NOT NULL",
            Self::AnsweredFar => {
                "c.answered_far AND (c.id < $3 OR c.id >= $4) AND c.state = 'ENDED' AND c.answered_at IS NOT NULL"
            }
        }
    }
}

impl Answered {
    fn add(&mut self, more: &Self) -> Result<()> {
        let sums = [
            (&mut self.calls, more.calls),
            (&mut self.talk_seconds, more.talk_seconds),
            (&mut self.billed_seconds, more.billed_seconds),
            (&mut self.retail, more.retail),
            (&mut self.revenue, more.revenue),
            (&mut self.cost, more.cost),
        ];
        for (sum, more) in sums {
            *sum =
                sum.checked_add(more).ok_or_else(|| Error::fault("a sum in the report is out of range"))?;
        }
        Ok(())
    }
}

/// The level at which the account of the report is paid. The level at which an account is paid is the account's distance above the callshop (0 for
/// the callshop itself). Each id in a path takes 33 characters.
const PAID_LEVEL: &str = "((LENGTH(s.path) - LENGTH($1)) / 33)";

impl Selection {
    fn statement(&self, conn: &impl ConnectionTrait, calls: Calls, sums: &str, joins: &str) -> Statement {
        let day = calls.day();
        let backend = conn.get_database_backend();
        let version = match backend {
            DbBackend::Sqlite => format!("json_extract(c.pricing, '$[' || {PAID_LEVEL} || '].version_id')"),
            _ => format!("(c.pricing -> {PAID_LEVEL} ->> 'version_id')"),
        };
        let column = |dimension: &Dimension| match dimension {
            Dimension::Day => day.to_owned(),
            Dimension::Cabin => "c.cabin_id".to_owned(),
            Dimension::Destination => "c.destination".to_owned(),
            Dimension::Attendant => "cs.opened_by".to_owned(),
            Dimension::Callshop => "c.callshop_id".to_owned(),
            Dimension::TariffVersion => version.clone(),
        };
        let keys: Vec<String> =
            self.dimensions.iter().map(|found| format!("{} AS {}", column(found), found.name())).collect();
        let select: Vec<&str> = keys.iter().map(String::as_str).chain([sums]).collect();
        let session = if self.dimensions.contains(&Dimension::Attendant) {
            "LEFT JOIN cabin_session cs ON cs.id = c.session_id"
        } else {
            ""
        };
        let positions: Vec<String> = (1..=keys.len()).map(|position| position.to_string()).collect();
        // without GROUP BY, an SQL aggregate returns a row even if nothing matches
        let group = match positions.as_slice() {
            [] => "HAVING COUNT(*) > 0".to_owned(),
            _ => format!("GROUP BY {}", positions.join(", ")),
        };
        // CROSS JOIN makes SQLite read the callshops first; then, it reads only the calls of each callshop in the period, by index
        let sql = format!(
            "SELECT {} FROM account s CROSS JOIN \"call\" c {session} {joins} \
             WHERE s.path >= $1 AND s.path < $2 AND s.kind = 'CALLSHOP' AND c.callshop_id = s.id \
             AND {} AND {day} >= $5 AND {day} <= $6 {group} LIMIT $7",
            select.join(", "),
            calls.condition(),
        );
        Statement::from_sql_and_values(backend, sql, self.values())
    }

    fn values(&self) -> Vec<Value> {
        let end = self.path.strip_suffix('/').map_or_else(|| "0".to_owned(), |head| format!("{head}0"));
        vec![
            self.path.clone().into(),
            end.into(),
            first_id(midnight(self.from - DAYS_AROUND)).into(),
            first_id(midnight(self.to + DAYS_AROUND + TimeDelta::days(1))).into(),
            self.from.to_string().into(),
            self.to.to_string().into(),
            i64::try_from(self.limit).unwrap_or(i64::MAX).into(),
        ]
    }

    fn key(&self, row: &QueryResult) -> Result<GroupKey> {
        let has = |dimension| self.dimensions.contains(&dimension);
        let text = |dimension: Dimension| -> Result<Option<String>> {
            Ok(if has(dimension) { row.try_get("", dimension.name())? } else { None })
        };
        let id = |dimension: Dimension| -> Result<Option<Uuid>> {
            Ok(if has(dimension) { row.try_get("", dimension.name())? } else { None })
        };
        let version = text(Dimension::TariffVersion)?;
        Ok(GroupKey {
            day: text(Dimension::Day)?,
            callshop_id: id(Dimension::Callshop)?,
            cabin_id: id(Dimension::Cabin)?,
            destination: text(Dimension::Destination)?,
            attendant_id: id(Dimension::Attendant)?,
            version_id: version.map(|version| super::parse_stored(&version, "version id")).transpose()?,
        })
    }
}

impl Dimension {
    fn name(self) -> &'static str {
        match self {
            Self::Day => "by_day",
            Self::Cabin => "by_cabin",
            Self::Destination => "by_destination",
            Self::Attendant => "by_attendant",
            Self::Callshop => "by_callshop",
            Self::TariffVersion => "by_version",
        }
    }
}

/// A call's id contains its authorization time. The margin of two days around the report's days is enough for every time zone, and for calls answered
/// within a day. Calls answered later are found by a flag, which is set according to [`super::calls::is_far`].
const DAYS_AROUND: TimeDelta = TimeDelta::days(2);

fn midnight(day: NaiveDate) -> DateTime<Utc> {
    day.and_time(NaiveTime::MIN).and_utc()
}

/// The distinct currencies of the callshops in `scope`; at most two are read.
pub async fn currencies(conn: &impl ConnectionTrait, scope: &Scope) -> Result<Vec<String>> {
    Ok(account::Entity::find()
        .select_only()
        .column(account::Column::Currency)
        .distinct()
        .filter(scope.accounts())
        .filter(account::Column::Kind.eq(AccountKind::Callshop))
        .limit(2)
        .into_tuple()
        .all(conn)
        .await?)
}

/// An object that a person should review.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Id of the object.
    pub id: Uuid,
    /// The callshop that the object belongs to.
    pub callshop_id: Uuid,
    /// When the problem began.
    pub since: DateTime<Utc>,
}

/// The search for problems.
#[derive(Clone, Debug)]
pub struct Search {
    /// Path of the account. The search covers the callshops in the account's subtree.
    pub path: String,
    /// Maximum number of results to read.
    pub limit: u64,
}

/// How far back the search for problems goes.
const DAYS_BACK: TimeDelta = TimeDelta::days(7);

impl Search {
    /// Finds the rows of `tables`, joined to the callshop's account `s`, that match `condition`. The parameters in `more` start at `$4`.
    async fn find(
        &self,
        conn: &impl ConnectionTrait,
        columns: &str,
        tables: &str,
        condition: &str,
        more: Vec<Value>,
    ) -> Result<Vec<QueryResult>> {
        let sql = format!(
            "SELECT {columns}, s.id AS callshop_id FROM account s CROSS JOIN {tables} \
             WHERE s.path >= $1 AND s.path < $2 AND s.kind = 'CALLSHOP' AND {condition} \
             ORDER BY since, id LIMIT $3"
        );
        let end = self.path.strip_suffix('/').map_or_else(|| "0".to_owned(), |head| format!("{head}0"));
        let limit = i64::try_from(self.limit).unwrap_or(i64::MAX);
        let mut values: Vec<Value> = vec![self.path.clone().into(), end.into(), limit.into()];
        values.extend(more);
        Ok(conn
            .query_all_raw(Statement::from_sql_and_values(conn.get_database_backend(), sql, values))
            .await?)
    }
}

fn found(rows: &[QueryResult]) -> Result<Vec<Found>> {
    let read = |row: &QueryResult| {
        let callshop_id = row.try_get("", "callshop_id")?;
        Ok(Found { id: row.try_get("", "id")?, callshop_id, since: row.try_get("", "since")? })
    };
    rows.iter().map(read).collect()
}

/// Sessions that have been CLOSING since before `before`.
pub async fn closing_since_before(
    conn: &impl ConnectionTrait,
    search: &Search,
    before: DateTime<Utc>,
) -> Result<Vec<Found>> {
    let columns = "cs.id AS id, cs.closed_at AS since";
    let condition = "cs.callshop_id = s.id AND cs.state = 'CLOSING' AND cs.closed_at < $4";
    found(&search.find(conn, columns, "cabin_session cs", condition, vec![before.into()]).await?)
}

/// Sessions that have been OPEN since before `before`.
pub async fn open_since_before(
    conn: &impl ConnectionTrait,
    search: &Search,
    before: DateTime<Utc>,
) -> Result<Vec<Found>> {
    let columns = "cs.id AS id, cs.opened_at AS since";
    let condition = "cs.callshop_id = s.id AND cs.state = 'OPEN' AND cs.opened_at < $4";
    found(&search.find(conn, columns, "cabin_session cs", condition, vec![before.into()]).await?)
}

/// A live call.
#[derive(Clone, Debug)]
pub struct LiveCall {
    /// The call; `since` is the time of its answer, or of its authorization if it is not answered.
    pub found: Found,
    /// Covered time in seconds, which is how long the call may last after its answer.
    pub covered: i32,
    /// Whether the call was answered.
    pub answered: bool,
}

/// Live calls that were authorized before `before`.
pub async fn live_since_before(
    conn: &impl ConnectionTrait,
    search: &Search,
    before: DateTime<Utc>,
) -> Result<Vec<LiveCall>> {
    let columns = "c.id AS id, COALESCE(c.answered_at, c.authorized_at) AS since, c.covered AS covered, \
                   CASE WHEN c.answered_at IS NULL THEN 0 ELSE 1 END AS answered";
    let condition = "l.callshop_id = s.id AND c.authorized_at < $4";
    let tables = "live_call l JOIN \"call\" c ON c.id = l.call_id";
    let rows = search.find(conn, columns, tables, condition, vec![before.into()]).await?;
    let read = |(found, row): (Found, &QueryResult)| {
        let answered: i32 = row.try_get("", "answered")?;
        Ok(LiveCall { found, covered: row.try_get("", "covered")?, answered: answered == 1 })
    };
    found(&rows)?.into_iter().zip(&rows).map(read).collect()
}

/// Sessions with more than one live call.
pub async fn overlapping(conn: &impl ConnectionTrait, search: &Search) -> Result<Vec<Found>> {
    let columns = "o.session_id AS id, o.since AS since";
    let tables = "(SELECT l.session_id, l.callshop_id, MAX(c.authorized_at) AS since FROM live_call l \
                  JOIN \"call\" c ON c.id = l.call_id WHERE l.session_id IS NOT NULL \
                  GROUP BY l.session_id, l.callshop_id HAVING COUNT(*) > 1) o";
    found(&search.find(conn, columns, tables, "o.callshop_id = s.id", Vec::new()).await?)
}

/// Offline phones in cabins with an open session.
pub async fn offline_phones(conn: &impl ConnectionTrait, search: &Search) -> Result<Vec<Found>> {
    let columns = "p.id AS id, COALESCE(p.online_changed_at, cs.opened_at) AS since";
    let tables = "cabin_session cs JOIN cabin k ON k.id = cs.cabin_id JOIN phone p ON p.id = k.phone_id";
    let condition = "cs.callshop_id = s.id AND cs.state = 'OPEN' AND p.online = FALSE";
    found(&search.find(conn, columns, tables, condition, Vec::new()).await?)
}

/// Calls of the last seven days that cost the account more than the account is paid for them.
pub async fn sold_below_cost(
    conn: &impl ConnectionTrait,
    search: &Search,
    now: DateTime<Utc>,
) -> Result<Vec<Found>> {
    let tables = format!(
        "\"call\" c JOIN call_charge paid ON paid.call_id = c.id AND paid.level = {PAID_LEVEL} \
         JOIN call_charge pays ON pays.call_id = c.id AND pays.level = {PAID_LEVEL} + 1"
    );
    let condition = "c.callshop_id = s.id AND c.id >= $4 AND c.state = 'ENDED' AND pays.amount > paid.amount";
    let first = first_id(now - DAYS_BACK);
    found(&search.find(conn, ENDED, &tables, condition, vec![first.into()]).await?)
}

/// Calls that ended in the last seven days later than their covered time, so that an amount was written off.
pub async fn written_off(
    conn: &impl ConnectionTrait,
    search: &Search,
    now: DateTime<Utc>,
) -> Result<Vec<Found>> {
    ended_of_late(conn, search, now, "c.state = 'ENDED' AND c.written_off > 0").await
}

/// Calls with an estimated end in the last seven days. With `lost`, the result has only calls that their proxy lost; without `lost`, it has only all
/// other calls with an estimated end.
pub async fn estimated(
    conn: &impl ConnectionTrait,
    search: &Search,
    now: DateTime<Utc>,
    lost: bool,
) -> Result<Vec<Found>> {
    let cause = if lost { "c.cause = 'LOST'" } else { "c.cause <> 'LOST'" };
    ended_of_late(conn, search, now, &format!("c.estimated AND {cause}")).await
}

/// Calls that ended in the last seven days without an acknowledgment of their answer.
pub async fn unacknowledged(
    conn: &impl ConnectionTrait,
    search: &Search,
    now: DateTime<Utc>,
) -> Result<Vec<Found>> {
    ended_of_late(conn, search, now, "c.cause = 'NO_ACK'").await
}

const ENDED: &str = "c.id AS id, COALESCE(c.ended_at, c.authorized_at) AS since";

/// Calls that ended in the last seven days and match `which`. Estimated and written-off calls have an index. The column `cause` has no index: it
/// changes at the end of every call, so an index would rule out HOT updates.
async fn ended_of_late(
    conn: &impl ConnectionTrait,
    search: &Search,
    now: DateTime<Utc>,
    which: &str,
) -> Result<Vec<Found>> {
    let condition = format!("c.callshop_id = s.id AND c.id >= $4 AND c.ended_at >= $5 AND {which}");
    // a call that ended recently may have been authorized long before, because its events may be late
    let since = now - DAYS_BACK;
    let values = vec![first_id(since - REDELIVERY).into(), since.into()];
    found(&search.find(conn, ENDED, "\"call\" c", &condition, values).await?)
}

/// Hook events of the last seven days with this status (rejected or doubtful), newest first.
pub async fn events(
    conn: &impl ConnectionTrait,
    status: HookStatus,
    now: DateTime<Utc>,
    limit: u64,
) -> Result<Vec<hook_event::Model>> {
    Ok(hook_event::Entity::find()
        .filter(hook_event::Column::Status.eq(status))
        .filter(hook_event::Column::ReceivedAt.gte(now - DAYS_BACK))
        .order_by_desc(hook_event::Column::ReceivedAt)
        .limit(limit)
        .all(conn)
        .await?)
}

/// The books of an account whose balance differs from the sum of its entries.
pub async fn broken_books(conn: &impl ConnectionTrait, account_id: Uuid) -> Result<Vec<Book>> {
    let sql = "SELECT e.book, t.currency, CAST(SUM(e.amount) AS BIGINT) AS amount FROM ledger_entry e \
               JOIN ledger_transfer t ON t.id = e.transfer_id WHERE e.account_id = $1 GROUP BY e.book, t.currency";
    let sums = Statement::from_sql_and_values(conn.get_database_backend(), sql, [account_id.into()]);
    let sums = conn.query_all_raw(sums).await?;
    let kept = ledger_balance::Entity::find()
        .filter(ledger_balance::Column::AccountId.eq(account_id))
        .all(conn)
        .await?;
    // each difference is the balance minus the sum of its entries
    let mut differences: BTreeMap<(Book, String), i128> = BTreeMap::new();
    for row in kept {
        *differences.entry((row.book, row.currency)).or_default() += i128::from(row.balance.0);
    }
    for row in &sums {
        let key = (row.try_get("", "book")?, row.try_get("", "currency")?);
        *differences.entry(key).or_default() -= i128::from(row.try_get::<i64>("", "amount")?);
    }
    let mut books: Vec<Book> = differences
        .into_iter()
        .filter(|(_, difference)| *difference != 0)
        .map(|((book, _), _)| book)
        .collect();
    books.dedup();
    Ok(books)
}
