//! Uses SQLite's own library with one writer, one transaction per call and `synchronous=FULL`. This is the fastest way to end calls one by one.

use std::time::{Duration, Instant};

use entity::Book;
use rusqlite::{Connection, Transaction, TransactionBehavior, params};
use uuid::Uuid;

use super::{BOOKS, CHARGES, PAID, Sample, account, id};
use crate::processor::Processor;
use crate::report::Figures;
use crate::{Plan, Result};

/// An open database.
pub struct Direct {
    conn: Connection,
    shops: u64,
    clients: u32,
    shown: String,
    done: u64,
}

impl Direct {
    /// Opens the filled database.
    pub fn open(url: &str, plan: &Plan, sample: &Sample) -> Result<Self> {
        let conn = Connection::open(url.trim_start_matches("sqlite:"))?;
        conn.pragma_update(None, "journal_mode", "WAL")?;
        conn.pragma_update(None, "synchronous", "FULL")?;
        let (shops, clients) = (u64::from(plan.shops), plan.connections);
        Ok(Self { conn, shops, clients, shown: sample.shown.to_string(), done: 0 })
    }

    /// Ends calls one after another. Additional clients would only wait for each other.
    pub fn turn(&mut self, calls: u32) -> Result<Figures> {
        let mut latencies: Vec<Duration> = Vec::new();
        let before = Processor::now(None)?;
        let begun = Instant::now();
        for _ in 0..calls.div_ceil(self.clients) * self.clients {
            let start = Instant::now();
            self.done += 1;
            let tx = self.conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
            end_call(&tx, self.done, self.done % self.shops, &self.shown)?;
            tx.commit()?;
            latencies.push(start.elapsed());
        }
        let elapsed = begun.elapsed();
        Ok(Figures::new(latencies, elapsed).with(Processor::now(None)?.since(before)))
    }
}

fn end_call(tx: &Transaction<'_>, number: u64, shop: u64, shown: &str) -> Result<()> {
    let (call, now, eid) = (id(number)?, chrono::Utc::now().to_rfc3339(), Uuid::new_v4().to_string());
    let key = call.as_bytes();
    tx.prepare_cached(
        "INSERT INTO hook_event (eid, kind, reference, proxy, at, received_at, status)
         VALUES (?1, 'ended', ?2, 'bench', ?3, ?3, 'APPLIED') ON CONFLICT (eid) DO NOTHING",
    )?
    .execute(params![eid, call.to_string(), now])?;
    let _levels: Vec<u8> = tx
        .prepare_cached("SELECT levels, holds FROM call WHERE id = ?1 AND state = 'ANSWERED'")?
        .query_row([key], |row| row.get(0))?;
    tx.prepare_cached(
        "UPDATE call SET state = 'ENDED', ended_at = ?2, ended_by = 'CALLER', cause = 'BYE', talk_seconds = 90,
         billed_seconds = 90, charge = 359900, charges = ?3, to_tag = 't', holds = '[]', extend_at = NULL WHERE id = ?1",
    )?
    .execute(params![key, now, CHARGES])?;
    tx.prepare_cached("DELETE FROM live_call WHERE call_id = ?1")?.execute([key])?;
    move_money(tx, key, shop, &now)?;
    let shop = account(shop, 1)?;
    let seq: i64 = tx
        .prepare_cached("UPDATE activity_head SET seq = seq + 1 WHERE callshop_id = ?1 RETURNING seq")?
        .query_row([shop.as_bytes()], |row| row.get(0))?;
    tx.prepare_cached(
        "INSERT INTO activity (callshop_id, seq, at, kind, call_id, payload) VALUES (?1, ?2, ?3, 'CALL_ENDED', ?4, ?5)",
    )?
    .execute(params![shop.as_bytes(), seq, now, key, shown])?;
    Ok(())
}

fn move_money(tx: &Transaction<'_>, call: &[u8; 16], shop: u64, now: &str) -> Result<()> {
    tx.prepare_cached(
        "INSERT INTO ledger_transfer (id, kind, at, call_id, note) VALUES (?1, 'CALL', ?2, ?1, '')",
    )?
    .execute(params![call, now])?;
    for (level, amount) in (1_u64..).zip(PAID) {
        let (payer, payee) = (account(shop, level)?, account(shop, level + 1)?);
        tx.prepare_cached(
            "INSERT INTO call_charge (transfer_id, level, payer_id, payee_id, version_id, amount, billed_seconds)
             VALUES (?1, ?2, ?3, ?4, ?1, ?5, 90)",
        )?
        .execute(params![call, i64::try_from(level)?, payer.as_bytes(), payee.as_bytes(), amount])?;
    }
    for (place, book, amount) in BOOKS {
        let owner = account(shop, place)?;
        tx.prepare_cached(
            "UPDATE ledger_balance SET balance = balance + ?3, held = held + ?4 WHERE account_id = ?1 AND book = ?2",
        )?
        .execute(params![owner.as_bytes(), book.as_str(), amount, if book == Book::Credit { amount } else { 0 }])?;
    }
    Ok(())
}
