//! Reports the time that PostgreSQL spends on each statement during a wave of call ends or authorizations, using `pg_stat_statements`.

use crate::Result;
use crate::database::{Databases, Postgres, run};

/// Number of statements in the report.
const LINES: u32 = 20;

/// Watches the SQL statements of one database.
pub struct Watch<'a> {
    server: &'a Postgres,
    database: &'a str,
    commits: u64,
}

impl<'a> Watch<'a> {
    /// Starts counting. Fails on SQLite, which has no such statistics.
    pub fn start(databases: &'a Databases, database: &'a str) -> Result<Self> {
        let Databases::Postgres(server) = databases else {
            return Err("--statements works only on PostgreSQL".into());
        };
        let mut watch = Self { server, database, commits: 0 };
        watch.sql("CREATE EXTENSION IF NOT EXISTS pg_stat_statements")?;
        watch.tuples("SELECT pg_stat_statements_reset()")?;
        watch.commits = watch.commits()?;
        Ok(watch)
    }

    /// Reports the SQL statements that `count` events caused; `what` names the events.
    pub fn report(&self, what: &str, count: usize) -> Result<String> {
        // the number includes the few commits of psql's own queries
        let commits = self.commits()? - self.commits;
        let table = self.sql(&format!(
            "SELECT calls, rows, round(total_exec_time::numeric, 1) AS ms, round((total_exec_time / calls)::numeric, 3) AS ms_each,
               plans, round(total_plan_time::numeric, 1) AS plan_ms,
               left(regexp_replace(regexp_replace(query, '\\s+', ' ', 'g'), '(\\$\\d+(, )?)+', '$', 'g'), 110) AS statement
             FROM pg_stat_statements JOIN pg_database ON pg_database.oid = dbid
             WHERE datname = '{}' AND calls > 0 ORDER BY total_exec_time + total_plan_time DESC LIMIT {LINES}",
            self.database
        ))?;
        Ok(format!("{count} {what} in about {commits} transactions:\n{table}\n"))
    }

    fn commits(&self) -> Result<u64> {
        let text = self.tuples(
            "SELECT calls FROM pg_stat_statements WHERE query = 'COMMIT' ORDER BY calls DESC LIMIT 1",
        )?;
        Ok(text.trim().parse().unwrap_or(0))
    }

    fn sql(&self, text: &str) -> Result<String> {
        run(self.server.client("psql").args(["-X", "-q", "-d", self.database, "-c", text]))
    }

    fn tuples(&self, text: &str) -> Result<String> {
        run(self.server.client("psql").args(["-X", "-q", "-t", "-A", "-d", self.database, "-c", text]))
    }
}
