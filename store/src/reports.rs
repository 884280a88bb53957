//! Queries for reports and explanations of a callshop or a whole subtree.

use std::collections::{BTreeMap, HashMap};

use billing::country::common_country;
use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, Utc};
use entity::{AccountKind, LEVEL_BYTES, account, tariff, tariff_version};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbBackend, EntityTrait, QueryFilter, QueryResult, QuerySelect, Statement,
    Value,
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

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
    /// The cabin from which the call was made.
    Cabin,
    /// The rated destination.
    Destination,
    /// The user who opened the session.
    Attendant,
    /// The callshop.
    Callshop,
    /// The tariff version that sets the income of the report's account.
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
    /// The country of the dialed numbers, in a report by destination; `None` if the numbers belong to several countries or to no country.
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

/// Selects the calls of a report, and says how they are grouped.
#[derive(Clone, Debug)]
pub struct Selection {
    /// Path of the account. The report covers the callshops in the account's subtree.
    pub path: String,
    /// First day, in each callshop's time zone.
    pub from: NaiveDate,
    /// Last day, inclusive, in each callshop's time zone.
    pub to: NaiveDate,
    /// Dimensions by which to group, without duplicates.
    pub dimensions: Vec<Dimension>,
    /// Maximum number of groups to read.
    pub limit: u64,
}

/// The number of call attempts in each group. A call counts on the day of its attempt.
pub async fn attempts(
    conn: &impl ConnectionTrait,
    selection: &Selection,
) -> Result<Vec<(GroupKey, Attempts)>> {
    let sums = "COUNT(*) AS calls, COALESCE(SUM(CASE WHEN c.state = 'REFUSED' THEN 1 ELSE 0 END), 0) AS refused, \
         MIN(c.number) AS lowest, MAX(c.number) AS highest";
    let rows = conn.query_all_raw(selection.statement(conn, Calls::Attempts, sums)).await?;
    let read = |row: &QueryResult| {
        let (calls, refused): (i64, i64) = (row.try_get("", "calls")?, row.try_get("", "refused")?);
        let key = selection.key(row)?;
        // the numbers of one destination are close together, so the first number and the last number represent all of them; numbers without a rate
        // have an empty destination
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

/// For each group, the totals of the calls that were answered and are over. A call counts on the day of its answer.
pub async fn answered(
    conn: &impl ConnectionTrait,
    selection: &Selection,
) -> Result<Vec<(GroupKey, Answered)>> {
    let backend = conn.get_database_backend();
    // SUM of BIGINT is NUMERIC on PostgreSQL
    let sum = |column: &str, name: &str| format!("CAST(COALESCE(SUM({column}), 0) AS BIGINT) AS {name}");
    let sums = [
        "COUNT(*) AS calls".to_owned(),
        sum("c.talk_seconds", "talk"),
        sum("c.billed_seconds", "billed"),
        sum("c.charge", "retail"),
        // the account receives money at the level of its child in the call's chain, and pays money at the next level up
        sum(&level_amount(backend, PAID_LEVEL), "revenue"),
        sum(&level_amount(backend, &format!("({PAID_LEVEL} + 1)")), "cost"),
    ];
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
        for row in conn.query_all_raw(selection.statement(conn, calls, &sums.join(", "))).await? {
            let (key, more) = read(&row)?;
            groups.entry(key).or_default().add(&more)?;
        }
    }
    Ok(groups.into_iter().collect())
}

/// The calls that an SQL statement reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Calls {
    /// Calls that were attempted on the report's days. A call's id contains the time of the attempt.
    Attempts,
    /// Calls that were answered on the report's days. Each call was attempted on these days, or shortly before or after these days.
    Answered,
    /// Calls that were answered on the report's days, but attempted long before or after these days.
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

/// The level at which the report's account is paid. This level is the account's distance above the callshop (0 for the callshop itself). Each id in a
/// path takes 33 characters.
pub(crate) const PAID_LEVEL: &str = "((LENGTH(s.path) - LENGTH($1)) / 33)";

/// SQL expression for the tariff version of a level of the call `c`; null if the call has no such level.
fn level_version(backend: DbBackend, level: &str) -> String {
    // the first 16 bytes of a level are its payee
    let bytes = format!("substr(c.levels, {level} * {LEVEL_BYTES} + 17, 16)");
    match backend {
        DbBackend::Sqlite => format!("NULLIF({bytes}, x'')"),
        _ => format!("CAST(NULLIF(encode({bytes}, 'hex'), '') AS UUID)"),
    }
}

/// SQL condition that the charges of the call `c` are a list of numbers. The condition never fails, whatever the column contains. Numbers of more than
/// 18 digits might not fit into BIGINT, so PostgreSQL does not accept them.
pub(crate) fn charges_are_readable(backend: DbBackend) -> &'static str {
    match backend {
        DbBackend::Sqlite => {
            "(json_valid(c.charges) AND c.charges GLOB '[[]*' AND substr(c.charges, 2, length(c.charges) - 2) NOT GLOB '*[^0-9,]*')"
        }
        _ => r"(c.charges ~ '^\[([0-9]{1,18}(,[0-9]{1,18})*)?\]$')",
    }
}

/// SQL expression for the amount that was charged for the call `c` at a level; null if the call has no charge at that level.
pub(crate) fn level_amount(backend: DbBackend, level: &str) -> String {
    number(backend, &format!("2 * {level} + 1"))
}

/// SQL expression for the seconds that were billed for the call `c` at a level; null if the call has no charge at that level.
pub(crate) fn level_seconds(backend: DbBackend, level: &str) -> String {
    number(backend, &format!("2 * {level}"))
}

/// SQL expression for one number in the list of charges, counted from 0; null if there is no such number. A list that cannot be read gives null, so
/// that one damaged call does not stop a whole report. `callshop audit` finds damaged calls.
fn number(backend: DbBackend, index: &str) -> String {
    match backend {
        DbBackend::Sqlite => {
            let readable = charges_are_readable(backend);
            format!("(CASE WHEN {readable} THEN c.charges ->> ({index}) END)")
        }
        // a cast to JSONB would be no faster, and would fail for text that is not JSON
        _ => {
            let part = format!("btrim(split_part(c.charges, ',', {index} + 1), '[]')");
            let readable = r"c.charges ~ '^\[[0-9]+(,[0-9]+)*\]$'";
            format!(
                "(CASE WHEN {readable} AND length({part}) < 19 THEN CAST(NULLIF({part}, '') AS BIGINT) END)"
            )
        }
    }
}

impl Selection {
    fn statement(&self, conn: &impl ConnectionTrait, calls: Calls, sums: &str) -> Statement {
        let day = calls.day();
        let backend = conn.get_database_backend();
        let version = level_version(backend, PAID_LEVEL);
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
        // CROSS JOIN makes SQLite read the callshops first; for each callshop, SQLite then reads only the calls of the period, by index
        let sql = format!(
            "SELECT {} FROM account s CROSS JOIN \"call\" c {session} \
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
        Ok(GroupKey {
            day: text(Dimension::Day)?,
            callshop_id: id(Dimension::Callshop)?,
            cabin_id: id(Dimension::Cabin)?,
            destination: text(Dimension::Destination)?,
            attendant_id: id(Dimension::Attendant)?,
            version_id: id(Dimension::TariffVersion)?,
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

/// A call's id contains its authorization time. The margin of two days around the report's days is enough for every time zone, and for calls that are
/// answered within a day of the attempt. Calls that are answered later than that are found by a flag, which is set according to
/// [`super::calls::is_far`].
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
