//! Monthly partitions of the history tables on PostgreSQL. SQLite has no partitions.
//!
//! A partition is named after its month, such as `call_202612`. The first partition, `call_before_202612`, has all rows before that month. The
//! default partition takes rows that match no other partition. Partitions are created some months ahead, so that the default partition stays empty.

use chrono::{DateTime, Datelike as _, NaiveDate, NaiveTime, Utc};
use sea_orm::{ConnectionTrait, DbBackend, Statement};

use super::first_id;
use base::error::{Error, Result};

/// Key of the advisory lock that a node holds while it creates partitions or deletes old history.
const MAINTENANCE_LOCK: i64 = 0x0063_616c_6c73_6871;
/// Number of months for which a partition exists in advance, including the current month.
const AHEAD: usize = 3;

/// A calendar month in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Month(NaiveDate);

impl Month {
    /// The month of a time.
    pub fn of(at: DateTime<Utc>) -> Self {
        let day = at.date_naive();
        Self(day.with_day(1).unwrap_or(day))
    }

    /// The next month.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0.checked_add_months(chrono::Months::new(1)).unwrap_or(self.0))
    }

    /// The month `months` earlier.
    #[must_use]
    pub fn before(self, months: u32) -> Self {
        Self(self.0.checked_sub_months(chrono::Months::new(months)).unwrap_or(self.0))
    }

    /// The start of the month.
    pub fn start(self) -> DateTime<Utc> {
        self.0.and_time(NaiveTime::MIN).and_utc()
    }

    fn parse(text: &str) -> Option<Self> {
        NaiveDate::parse_from_str(&format!("{text}01"), "%Y%m%d").ok().map(Self)
    }
}

impl std::fmt::Display for Month {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.0.format("%Y%m"))
    }
}

/// A partitioned table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Table {
    name: &'static str,
    key: &'static str,
    by_id: bool,
    with: &'static str,
}

/// The table of calls. A call is updated several times during its life. Free space on the page of a call allows HOT updates, which leave indexes
/// unchanged.
pub const CALLS: Table = Table { name: "call", key: "id", by_id: true, with: " WITH (fillfactor = 70)" };
/// Activity events of callshops.
pub const ACTIVITIES: Table = Table { name: "activity", key: "at", by_id: false, with: "" };

/// A partition other than the default partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Partition {
    /// Name of the partition's table.
    pub name: String,
    /// The month of the partition's rows; `None` for the first partition, which has all rows before `end`.
    pub month: Option<Month>,
    /// The first month after the partition.
    pub end: Month,
}

/// Consecutive months for which a table has no partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gap {
    table: Table,
    /// The first missing month; `None` if all months before `to` are missing.
    pub from: Option<Month>,
    /// The month after the last missing month.
    pub to: Month,
}

impl Gap {
    /// SQL statements that reattach the missing partitions, if their tables still exist.
    pub fn mended_by(&self) -> Vec<String> {
        let Table { name, .. } = self.table;
        let attach = |partition: String, from: String, to: Month| {
            let to = self.table.bound(to);
            format!("ALTER TABLE {name} ATTACH PARTITION {partition} FOR VALUES FROM ({from}) TO ('{to}')")
        };
        let Some(from) = self.from else {
            return vec![attach(format!("{name}_before_{}", self.to), "MINVALUE".to_owned(), self.to)];
        };
        let months = std::iter::successors(Some(from), |month| Some(month.next()));
        let months = months.take_while(|month| *month < self.to);
        months
            .map(|month| {
                attach(format!("{name}_{month}"), format!("'{}'", self.table.bound(month)), month.next())
            })
            .collect()
    }
}

impl std::fmt::Display for Gap {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} has no partition ", self.table.name)?;
        match self.from {
            Some(from) if from.next() == self.to => write!(f, "for {from}"),
            Some(from) => write!(f, "for the months from {from} up to, but not including, {}", self.to),
            None => write!(f, "for the months before {}", self.to),
        }
    }
}

impl Table {
    /// The table's partitions, oldest first. The result is always empty on SQLite.
    ///
    /// # Errors
    /// Every function in this module may fail with a database error.
    pub async fn partitions(self, conn: &impl ConnectionTrait) -> Result<Vec<Partition>> {
        if conn.get_database_backend() != DbBackend::Postgres {
            return Ok(Vec::new());
        }
        let sql = "SELECT c.relname::text AS name FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid \
                   WHERE i.inhparent = $1::text::regclass";
        let asked = Statement::from_sql_and_values(DbBackend::Postgres, sql, [self.name.into()]);
        let names = conn.query_all_raw(asked).await?;
        let names =
            names.iter().map(|row| row.try_get::<String>("", "name")).collect::<Result<Vec<_>, _>>()?;
        let mut found: Vec<Partition> = names.into_iter().filter_map(|name| self.named(name)).collect();
        found.sort_by_key(|partition| partition.end);
        Ok(found)
    }

    /// The months without a partition, between the oldest expected month and the last partition. `kept_from` is the start of the retained history.
    /// Partitions of months before `kept_from` were dropped on purpose. A month in which no server ran also has no partition.
    pub fn gaps(self, partitions: &[Partition], kept_from: Option<DateTime<Utc>>) -> Vec<Gap> {
        let mut gaps = Vec::new();
        let mut behind = kept_from.map(Month::of);
        for partition in partitions {
            if let Some(month) = partition.month.filter(|month| behind.is_none_or(|behind| behind < *month)) {
                gaps.push(Gap { table: self, from: behind, to: month });
            }
            behind = behind.max(Some(partition.end));
        }
        gaps
    }

    fn named(self, name: String) -> Option<Partition> {
        let rest = name.strip_prefix(self.name)?.strip_prefix('_')?;
        let (month, end) = match rest.strip_prefix("before_") {
            Some(end) => (None, Month::parse(end)?),
            None => (Some(Month::parse(rest)?), Month::parse(rest)?.next()),
        };
        Some(Partition { name, month, end })
    }

    /// Creates the partition of a month, and moves the month's rows there from the default partition.
    async fn make(self, conn: &impl ConnectionTrait, month: Month) -> Result<()> {
        let Self { name, key, with, .. } = self;
        let (from, to) = (self.bound(month), self.bound(month.next()));
        let made = format!("{name}_{month}");
        // the code avoids `CREATE … PARTITION OF`, because that statement locks the whole table
        for sql in [
            format!("CREATE TABLE {made} (LIKE {name} INCLUDING ALL){with}"),
            // lock the default partition: if a row were inserted into it after the move, ATTACH would fail
            format!("LOCK TABLE {name}_default IN ACCESS EXCLUSIVE MODE"),
            format!(
                "WITH moved AS (DELETE FROM {name}_default WHERE {key} >= '{from}' AND {key} < '{to}' RETURNING *)
                 INSERT INTO {made} SELECT * FROM moved"
            ),
            format!("ALTER TABLE {name} ATTACH PARTITION {made} FOR VALUES FROM ('{from}') TO ('{to}')"),
        ] {
            conn.execute_unprepared(&sql).await?;
        }
        Ok(())
    }

    fn bound(self, month: Month) -> String {
        match self.by_id {
            true => first_id(month.start()).to_string(),
            false => month.start().to_rfc3339(),
        }
    }
}

/// Creates the missing partitions of the current month and the following months, and returns their names.
pub async fn prepare(conn: &impl ConnectionTrait, now: DateTime<Utc>) -> Result<Vec<String>> {
    let mut made = Vec::new();
    if conn.get_database_backend() != DbBackend::Postgres {
        return Ok(made);
    }
    for table in [CALLS, ACTIVITIES] {
        let there = table.partitions(conn).await?;
        let months = std::iter::successors(Some(Month::of(now)), |month| Some(month.next())).take(AHEAD);
        for month in months {
            let has = |partition: &Partition| match partition.month {
                Some(own) => own == month,
                None => month < partition.end,
            };
            if !there.iter().any(has) {
                table.make(conn, month).await?;
                made.push(format!("{}_{month}", table.name));
            }
        }
    }
    Ok(made)
}

/// Drops partitions with their rows.
pub async fn drop(conn: &impl ConnectionTrait, partitions: &[Partition]) -> Result<()> {
    for partition in partitions {
        conn.execute_unprepared(&format!("DROP TABLE {}", partition.name)).await?;
    }
    Ok(())
}

/// Takes the maintenance lock until the transaction ends; returns false if another node has the lock. Also sets a short lock timeout: if this
/// transaction waited for a table, all later transactions on that table would wait behind it.
pub async fn alone(conn: &impl ConnectionTrait) -> Result<bool> {
    if conn.get_database_backend() != DbBackend::Postgres {
        return Ok(true);
    }
    // the timeout is short: a call's transaction writes to both partitioned tables, so it may wait twice, and the proxy waits only three seconds for
    // a response
    conn.execute_unprepared("SET LOCAL lock_timeout = '500ms'").await?;
    // the statement has no time limit, because a month's rows may have to be moved
    conn.execute_unprepared("SET LOCAL statement_timeout = 0").await?;
    let asked = format!("SELECT pg_try_advisory_xact_lock({MAINTENANCE_LOCK}) AS alone");
    let row = conn.query_one_raw(Statement::from_string(DbBackend::Postgres, asked)).await?;
    row.map_or(Ok(false), |row| row.try_get("", "alone").map_err(Error::from))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_months() {
        let december = Month::parse("202612").expect("a month");
        assert_eq!(december.next().to_string(), "202701");
        assert_eq!(december.before(12).to_string(), "202512");
        assert_eq!(Month::of(december.next().start()), december.next());
        let named = |name: &str| CALLS.named(name.to_owned());
        let month = Partition { name: "call_202612".to_owned(), month: Some(december), end: december.next() };
        assert_eq!(named("call_202612"), Some(month));
        let first = Partition { name: "call_before_202612".to_owned(), month: None, end: december };
        assert_eq!(named("call_before_202612"), Some(first));
        assert_eq!(named("call_default"), None);
        assert_eq!(named("call_sighting_202612"), None);
    }

    #[test]
    fn what_was_dropped_in_order_is_no_gap() {
        let parts = |names: &[&str]| -> Vec<Partition> {
            names.iter().filter_map(|name| CALLS.named(format!("call_{name}"))).collect()
        };
        let gaps = |names: &[&str], kept: Option<&str>| -> Vec<String> {
            let kept = kept.map(|month| Month::parse(month).expect("a month").start());
            CALLS.gaps(&parts(names), kept).iter().map(Gap::to_string).collect()
        };
        let whole = ["before_202612", "202612", "202701"];
        assert_eq!(gaps(&whole, None), [""; 0]);
        assert_eq!(gaps(&whole[1..], None), ["call has no partition for the months before 202612"]);
        assert_eq!(gaps(&whole[1..], Some("202612")), [""; 0]);
        assert_eq!(gaps(&whole[2..], Some("202612")), ["call has no partition for 202612"]);
        assert_eq!(
            gaps(&["before_202612", "202703"], None),
            ["call has no partition for the months from 202612 up to, but not including, 202703"]
        );
        let [gap] = CALLS.gaps(&parts(&["before_202612", "202702"]), None)[..] else { panic!("one gap") };
        let [december, january] = &gap.mended_by()[..] else { panic!("two months") };
        assert!(december.starts_with("ALTER TABLE call ATTACH PARTITION call_202612 FOR VALUES FROM ('"));
        assert!(january.contains("call_202701") && december.split('\'').nth(3) == january.split('\'').nth(1));
    }
}
