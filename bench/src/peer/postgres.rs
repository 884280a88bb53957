//! Runs pgbench like an application that sends its statements one by one over its own connection.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use entity::Book;

use super::{ACCOUNTS, BOOKS, CHARGES, PAID, Sample};
use crate::database::{Postgres, run};
use crate::processor::Processor;
use crate::report::Figures;
use crate::{Plan, Result};

/// Maximum number of pgbench threads.
const THREADS: u32 = 2;

/// pgbench clients with a script.
pub struct Pgbench {
    script: PathBuf,
    clients: u32,
    done: u64,
    turns: u32,
}

impl Pgbench {
    /// Writes the script.
    pub fn new(server: &Postgres, plan: &Plan, sample: &Sample) -> Result<Self> {
        let script = server.scratch().join("call-end.sql");
        std::fs::write(&script, script_text(u64::from(plan.shops), sample)?)?;
        // analyze the tables now; otherwise, autovacuum would analyze them during a turn
        run(server.client("vacuumdb").args(["--analyze", "--quiet", "peer"]))?;
        Ok(Self { script, clients: plan.connections, done: 0, turns: 0 })
    }

    /// Runs a turn in which every client ends its share of calls.
    pub fn turn(&mut self, server: &Postgres, calls: u32) -> Result<Figures> {
        let share = calls.div_ceil(self.clients);
        self.turns += 1;
        let log = format!("turn-{}", self.turns);
        let mut pgbench = server.client("pgbench");
        pgbench.args(["--no-vacuum", "--protocol=prepared", "--log", "--log-prefix", &log]);
        for (option, value) in [
            ("--client", self.clients.to_string()),
            ("--jobs", self.clients.min(THREADS).to_string()),
            ("--transactions", share.to_string()),
            ("--define", "n=0".to_owned()),
            ("--define", format!("share={share}")),
            ("--define", format!("base={}", self.done)),
        ] {
            pgbench.arg(option).arg(value);
        }
        let process = Some(server.process()?);
        let before = Processor::now(process)?;
        let output = run(pgbench.arg("--file").arg(&self.script).arg("peer"))?;
        // pgbench has already ended, so the time excludes pgbench's own processor time
        let spent = Processor::now(process)?.since(before);
        let spent = Processor { database: spent.database, ..Processor::default() };
        let asked = u64::from(share) * u64::from(self.clients);
        self.done += asked;
        let latencies = latencies(server.scratch(), &log)?;
        if latencies.len() as u64 != asked {
            return Err(format!("pgbench did {} of {asked} transactions:\n{output}", latencies.len()).into());
        }
        // the rate does not include the time to connect
        let tps =
            output.lines().find_map(|line| line.strip_prefix("tps = ")).ok_or("pgbench reported no rate")?;
        let tps: f64 = tps.split_whitespace().next().unwrap_or_default().parse()?;
        let elapsed = f64::from(u32::try_from(latencies.len())?) / tps;
        Ok(Figures::new(latencies, Duration::from_secs_f64(elapsed)).with(spent))
    }
}

/// The third column of pgbench's logs, one file per thread: the microseconds of each transaction.
fn latencies(dir: &Path, log: &str) -> Result<Vec<Duration>> {
    let mut latencies = Vec::new();
    for entry in std::fs::read_dir(dir)? {
        let entry = entry?;
        if !entry.file_name().to_string_lossy().starts_with(&format!("{log}.")) {
            continue;
        }
        for line in std::fs::read_to_string(entry.path())?.lines() {
            let micros = line.split_whitespace().nth(2).ok_or("a line of pgbench's log has six columns")?;
            latencies.push(Duration::from_micros(micros.parse()?));
        }
    }
    Ok(latencies)
}

/// The SQL expression that makes an id (a UUID) from a script variable.
fn id(variable: &str) -> String {
    format!("lpad(:{variable}::text, 32, '0')::uuid")
}

fn script_text(shops: u64, sample: &Sample) -> Result<String> {
    let (call, shop, shown) = (id("call"), id("a1"), literal(&sample.shown));
    let charges = (1..).zip(PAID).map(|(level, amount): (u64, i64)| {
        let [payer, payee] = [level, level + 1].map(|place| id(&format!("a{place}")));
        format!("({call}, {level}, {payer}, {payee}, {call}, {amount}, 90)")
    });
    let charges = charges.collect::<Vec<_>>().join(", ");
    let books = BOOKS
        .map(|(place, book, amount)| format!("{}, '{}', {amount}", id(&format!("a{place}")), book.as_str()));
    let held = BOOKS.map(|(_, book, amount)| if book == Book::Credit { amount } else { 0 });
    let currency = &sample.call.currency;
    let balances = books.iter().zip(held).map(|(book, held)| format!("({book}, {held}, '{currency}')"));
    let balances = balances.collect::<Vec<_>>().join(", ");
    let mut script = String::from("\\set n :n + 1\n\\set call :base + :client_id * :share + :n\n");
    for place in 1..=4 {
        writeln!(script, "\\set a{place} {ACCOUNTS} + (:call % {shops}) * 10 + {place}")?;
    }
    write!(
        script,
        "BEGIN;
INSERT INTO hook_event (eid, kind, reference, proxy, at, received_at, status)
 VALUES (gen_random_uuid()::text, 'ended', {call}::text, 'bench', now(), now(), 'APPLIED') ON CONFLICT (eid) DO NOTHING;
SELECT state, answered_at, covered, levels, holds FROM call WHERE id = {call} FOR UPDATE;
UPDATE call SET state = 'ENDED', ended_at = now(), ended_by = 'CALLER', cause = 'BYE', talk_seconds = 90, billed_seconds = 90,
 charge = 359900, charges = '{CHARGES}', to_tag = 't', holds = '[]', extend_at = NULL WHERE id = {call};
DELETE FROM live_call WHERE call_id = {call};
INSERT INTO ledger_transfer (id, kind, currency, at, call_id, note) VALUES ({call}, 'CALL', '{currency}', now(), {call}, '');
INSERT INTO call_charge (transfer_id, level, payer_id, payee_id, version_id, amount, billed_seconds) VALUES {charges};
INSERT INTO ledger_balance (account_id, book, balance, held, currency) VALUES {balances}
 ON CONFLICT (account_id, book, currency) DO UPDATE SET balance = ledger_balance.balance + excluded.balance, held = ledger_balance.held + excluded.held;
UPDATE activity_head SET seq = seq + 1 WHERE callshop_id = {shop} RETURNING seq \\gset
INSERT INTO activity (callshop_id, seq, at, kind, call_id, payload) VALUES ({shop}, :seq, now(), 'CALL_ENDED', {call}, {shown});
COMMIT;
"
    )?;
    Ok(script)
}

/// A JSON literal. pgbench interprets a colon before a letter or digit as a variable, even inside quotes, so a space is inserted.
fn literal(value: &serde_json::Value) -> String {
    let mut text = String::from("'");
    let mut after_colon = false;
    for character in value.to_string().chars() {
        if after_colon && (character.is_ascii_alphanumeric() || character == '_') {
            text.push(' ');
        }
        if character == '\'' {
            text.push('\'');
        }
        text.push(character);
        after_colon = character == ':';
    }
    text.push_str("'::json");
    text
}
