//! Invariants of the ledger and related tables, as queries that find violations.
//!
//! Each query scans its tables once and returns few rows. The queries take longer as the tables grow, but the memory use of this program does not
//! grow. The first invariants check the references for which the tables have no foreign keys (`migration/src/m20261130_000003_initial.sql`).

mod rows;

use chrono::{DateTime, TimeDelta, Utc};
use entity::LEVEL_BYTES;
use sea_orm::{ConnectionTrait, DatabaseTransaction, DbBackend, Statement};
use uuid::Uuid;

use super::first_id;
use super::reports::{charges_are_readable, level_amount, level_seconds};
use base::error::Result;

pub use rows::{closed_shifts, held, live_calls, lost_months, uncounted};

/// Maximum number of violations listed per invariant. One more violation is read than listed, to show whether the list is complete.
pub const MAX_FINDINGS: usize = 10;
/// Maximum time from the start of an import until the import writes its version. An import writes the rates of a version before it writes the version
/// itself.
const LONGEST_IMPORT: TimeDelta = TimeDelta::hours(1);

/// The unit of a finding's figures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Amounts in micros.
    Money,
    /// Numbers of objects.
    Count,
}

/// A condition that must always hold.
#[derive(Clone, Copy, Debug)]
pub struct Invariant {
    /// The name that `callshop audit` prints.
    pub name: &'static str,
    /// The unit of the invariant's figures.
    pub unit: Unit,
    /// Query that returns violations as `id, what, expected, found`.
    query: &'static str,
}

/// A violation of an invariant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Id of the object; `None` for the ledger as a whole.
    pub id: Option<Uuid>,
    /// The wrong property of the object.
    pub what: String,
    /// The correct figure.
    pub expected: i64,
    /// The actual figure.
    pub found: i64,
}

/// The invariants that a single query can check.
pub const INVARIANTS: &[Invariant] = &[
    Invariant {
        name: "calls refer only to existing rows",
        unit: Unit::Count,
        query: "SELECT c.id AS id, CASE WHEN s.account_id IS NULL THEN 'callshop' WHEN p.id IS NULL THEN 'phone'
                WHEN c.cabin_id IS NOT NULL AND b.id IS NULL THEN 'cabin'
                WHEN c.session_id IS NOT NULL AND x.id IS NULL THEN 'session'
                WHEN c.attendant_id IS NOT NULL AND c.attendant_id IS DISTINCT FROM x.opened_by THEN 'attendant'
                ELSE 'user' END || ' of call' AS what,
                1 AS expected, 0 AS found FROM call c
            LEFT JOIN callshop s ON s.account_id = c.callshop_id LEFT JOIN phone p ON p.id = c.phone_id
            LEFT JOIN cabin b ON b.id = c.cabin_id LEFT JOIN cabin_session x ON x.id = c.session_id
            LEFT JOIN user_account u ON u.id = c.hang_up_by
            WHERE s.account_id IS NULL OR p.id IS NULL OR (c.cabin_id IS NOT NULL AND b.id IS NULL)
                OR (c.session_id IS NOT NULL AND x.id IS NULL) OR (c.hang_up_by IS NOT NULL AND u.id IS NULL)
                OR (c.attendant_id IS NOT NULL AND c.attendant_id IS DISTINCT FROM x.opened_by)",
    },
    Invariant {
        name: "the levels of calls refer only to existing rows",
        unit: Unit::Count,
        // many calls have the same rates and payees, so each combination is looked up once
        query: "WITH level AS (SELECT DISTINCT {payee} AS payee_id, {version} AS version_id, {prefix} AS prefix
                FROM call c JOIN numbers ON (n + 1) * {level} <= LENGTH(c.levels))
            SELECT l.version_id AS id, 'rate ' || l.prefix || ' of calls, version' AS what, 1 AS expected, 0 AS found
            FROM (SELECT DISTINCT version_id, prefix FROM level) AS l
            LEFT JOIN rate r ON r.version_id = l.version_id AND r.prefix = l.prefix
            LEFT JOIN tariff_version v ON v.id = l.version_id WHERE r.version_id IS NULL OR v.id IS NULL
            UNION ALL
            SELECT l.payee_id, 'payee of calls', 1, 0 FROM (SELECT DISTINCT payee_id FROM level) AS l
            LEFT JOIN account a ON a.id = l.payee_id WHERE a.id IS NULL
            UNION ALL
            SELECT c.id, 'odd bytes in the levels of call', 0, LENGTH(c.levels) % {level} FROM call c
            WHERE LENGTH(c.levels) % {level} <> 0",
    },
    Invariant {
        name: "charges refer only to existing rows",
        unit: Unit::Count,
        query: "SELECT q.transfer_id AS id, CASE WHEN a.id IS NULL THEN 'payer' WHEN b.id IS NULL THEN 'payee'
                    WHEN v.id IS NULL THEN 'version' ELSE 'call' END || ' of charge' AS what, 1 AS expected, 0 AS found
            FROM call_charge q LEFT JOIN account a ON a.id = q.payer_id LEFT JOIN account b ON b.id = q.payee_id
            LEFT JOIN tariff_version v ON v.id = q.version_id LEFT JOIN ledger_transfer t ON t.id = q.transfer_id
            LEFT JOIN call c ON c.id = t.call_id
            WHERE a.id IS NULL OR b.id IS NULL OR v.id IS NULL OR (t.id IS NOT NULL AND c.id IS NULL AND {kept})",
    },
    Invariant {
        name: "activity events refer only to existing rows",
        unit: Unit::Count,
        query: "SELECT t.callshop_id AS id, CASE WHEN s.id IS NULL THEN 'account'
                WHEN t.cabin_id IS NOT NULL AND b.id IS NULL THEN 'cabin'
                WHEN t.session_id IS NOT NULL AND x.id IS NULL THEN 'session' ELSE 'call' END || ' of activity event' AS what,
                1 AS expected, 0 AS found FROM activity t
            LEFT JOIN account s ON s.id = t.callshop_id LEFT JOIN cabin b ON b.id = t.cabin_id
            LEFT JOIN cabin_session x ON x.id = t.session_id LEFT JOIN call c ON c.id = t.call_id
            WHERE s.id IS NULL OR (t.cabin_id IS NOT NULL AND b.id IS NULL)
                OR (t.session_id IS NOT NULL AND x.id IS NULL) OR (t.call_id IS NOT NULL AND c.id IS NULL AND {kept})
            UNION ALL
            SELECT h.callshop_id, 'account of activity head', 1, 0 FROM activity_head h
            LEFT JOIN account s ON s.id = h.callshop_id WHERE s.id IS NULL",
    },
    Invariant {
        name: "sightings refer only to existing rows",
        unit: Unit::Count,
        query: "SELECT t.call_id AS id, 'call of sighting' AS what, 1 AS expected, 0 AS found FROM call_sighting t
            LEFT JOIN call c ON c.id = t.call_id WHERE c.id IS NULL AND {kept}",
    },
    Invariant {
        name: "rates refer only to existing rows",
        unit: Unit::Count,
        // the query steps from one version to the next in the primary key instead of reading all rates, because a version may have a million rates
        query: "WITH RECURSIVE priced (version_id) AS (
                SELECT (SELECT r.version_id FROM rate r ORDER BY r.version_id LIMIT 1)
                UNION ALL
                SELECT (SELECT r.version_id FROM rate r WHERE r.version_id > p.version_id ORDER BY r.version_id LIMIT 1)
                FROM priced p WHERE p.version_id IS NOT NULL)
            SELECT p.version_id AS id, 'version of rates' AS what, 1 AS expected, 0 AS found FROM priced p
            LEFT JOIN tariff_version v ON v.id = p.version_id
            WHERE v.id IS NULL AND p.version_id < (SELECT written FROM kept)",
    },
    Invariant {
        name: "the ledger refers only to existing rows",
        unit: Unit::Count,
        query: "SELECT t.id AS id, CASE WHEN t.session_id IS NOT NULL AND s.id IS NULL THEN 'session' ELSE 'user' END
                    || ' of transfer' AS what, 1 AS expected, 0 AS found FROM ledger_transfer t
            LEFT JOIN cabin_session s ON s.id = t.session_id LEFT JOIN user_account u ON u.id = t.user_id
            WHERE (t.session_id IS NOT NULL AND s.id IS NULL) OR (t.user_id IS NOT NULL AND u.id IS NULL)
            UNION ALL
            SELECT e.transfer_id, CASE WHEN a.id IS NULL THEN 'account' ELSE 'shift' END || ' of entry', 1, 0 FROM ledger_posting e
            LEFT JOIN account a ON a.id = e.account_id LEFT JOIN register_shift r ON r.id = e.shift_id
            WHERE a.id IS NULL OR (e.shift_id IS NOT NULL AND r.id IS NULL)
            UNION ALL
            SELECT b.account_id, 'account of balance', 1, 0 FROM ledger_balance b
            LEFT JOIN account a ON a.id = b.account_id WHERE a.id IS NULL",
    },
    Invariant {
        name: "entries of every transfer sum to zero",
        unit: Unit::Money,
        // a charge is two entries that sum to zero
        query: "SELECT transfer_id AS id, 'transfer' AS what, 0 AS expected, SUM(amount) AS found
            FROM ledger_posting GROUP BY transfer_id HAVING SUM(amount) <> 0",
    },
    Invariant {
        name: "every entry has a transfer, and every transfer has entries",
        unit: Unit::Count,
        // the transfer of a call's charges has no other entries, and no other transfer has charges
        query: "SELECT e.transfer_id AS id, 'transfer' AS what, 1 AS expected, 0 AS found FROM ledger_posting e
            LEFT JOIN ledger_transfer t ON t.id = e.transfer_id WHERE t.id IS NULL OR t.kind = 'CALL'
            UNION ALL
            SELECT q.transfer_id, 'transfer of a call', 1, 0 FROM call_charge q
            LEFT JOIN ledger_transfer t ON t.id = q.transfer_id WHERE t.id IS NULL OR t.kind <> 'CALL' OR t.call_id IS NULL
            UNION ALL
            SELECT t.id, 'entries of transfer', 2, 0 FROM ledger_transfer t
            LEFT JOIN ledger_posting e ON e.transfer_id = t.id LEFT JOIN call_charge q ON q.transfer_id = t.id
            WHERE e.transfer_id IS NULL AND q.transfer_id IS NULL",
    },
    Invariant {
        name: "every balance equals its entries",
        unit: Unit::Money,
        query: "SELECT account_id AS id, book AS what, SUM(entries) AS expected, SUM(balance) AS found FROM (
                SELECT e.account_id, e.book, t.currency, e.amount AS entries, 0 AS balance FROM ledger_entry e
                JOIN ledger_transfer t ON t.id = e.transfer_id
                UNION ALL SELECT account_id, book, currency, 0, balance FROM ledger_balance) AS both_sides
            GROUP BY account_id, book, currency HAVING SUM(entries) <> SUM(balance)",
    },
    Invariant {
        name: "all balances of a currency sum to zero",
        unit: Unit::Money,
        query: "SELECT CAST(NULL AS UUID) AS id, 'balances in ' || currency AS what, 0 AS expected, SUM(balance) AS found
            FROM ledger_balance GROUP BY currency HAVING SUM(balance) <> 0",
    },
    Invariant {
        name: "every balance except the platform's is in its account's currency",
        unit: Unit::Count,
        query: "SELECT b.account_id AS id, b.book || ' in ' || b.currency AS what, 0 AS expected, 1 AS found
            FROM ledger_balance b JOIN account a ON a.id = b.account_id WHERE a.kind <> 'PLATFORM' AND b.currency <> a.currency",
    },
    Invariant {
        name: "no account exceeds its limit",
        unit: Unit::Money,
        query: "SELECT b.account_id AS id, 'available' AS what, 0 AS expected, b.balance + a.credit_limit - b.held AS found
            FROM ledger_balance b JOIN account a ON a.id = b.account_id
            WHERE b.book = 'CREDIT' AND a.credit_limit IS NOT NULL AND b.balance + a.credit_limit - b.held < 0",
    },
    Invariant {
        name: "every answered call has its charges",
        unit: Unit::Count,
        // two numbers for each level: the seconds and the amount. Calls that were later corrected to unanswered have charges of zero
        query: "SELECT c.id AS id, 'charges of call' AS what, LENGTH(c.levels) / {level} AS expected, {numbers} / 2 AS found FROM call c
            WHERE c.emergency = {false} AND {numbers} <> 2 * LENGTH(c.levels) / {level}
                AND ({numbers} <> 0 OR (c.state = 'ENDED' AND c.answered_at IS NOT NULL))",
    },
    Invariant {
        name: "the charges of every call are a list of numbers",
        unit: Unit::Count,
        // reports and the other invariants would ignore charges in any other form
        query: "SELECT c.id AS id, 'list of charges of call' AS what, 1 AS expected, 0 AS found FROM call c WHERE NOT {readable}",
    },
    Invariant {
        name: "the customer's charge equals the call's price",
        unit: Unit::Money,
        // a call without charges has no price
        query: "SELECT c.id AS id, 'customer''s charge of call' AS what, c.charge AS expected, COALESCE({paid}, 0) AS found FROM call c
            CROSS JOIN (SELECT 0 AS n) AS customer WHERE COALESCE({paid}, 0) <> c.charge",
    },
    Invariant {
        name: "the customer's billed seconds equal the call's billed seconds",
        unit: Unit::Count,
        query: "SELECT c.id AS id, 'customer''s billed seconds of call' AS what, c.billed_seconds AS expected,
                COALESCE({seconds}, 0) AS found FROM call c
            CROSS JOIN (SELECT 0 AS n) AS customer WHERE COALESCE({seconds}, 0) <> c.billed_seconds",
    },
    Invariant {
        name: "every call is charged once",
        unit: Unit::Count,
        query: "SELECT id, 'transfers of call' AS what, SUM(due) AS expected, SUM(posted) AS found FROM (
                SELECT DISTINCT c.id AS id, 1 AS due, 0 AS posted FROM call c JOIN {levels}
                UNION ALL SELECT t.call_id, 0, 1 FROM ledger_transfer t WHERE t.kind = 'CALL' AND {kept} AND {standing}
                    AND EXISTS (SELECT 1 FROM call_charge q WHERE q.transfer_id = t.id AND q.amount <> 0)) AS both_sides
            GROUP BY id HAVING SUM(due) <> SUM(posted)",
    },
    Invariant {
        name: "every call is charged its stored price",
        unit: Unit::Money,
        // the charge must also have the payer, payee, version and seconds of the call's level
        query: "SELECT call_id AS id, 'charge of call' AS what, SUM(due) AS expected, SUM(posted) AS found FROM (
                SELECT c.id AS call_id, n AS level, {payer} AS payer_id, {payee} AS payee_id, {version} AS version_id,
                    {seconds} AS billed_seconds, {paid} AS due, 0 AS posted FROM call c JOIN {levels}
                UNION ALL
                SELECT t.call_id, q.level, q.payer_id, q.payee_id, q.version_id, q.billed_seconds, 0, q.amount
                FROM call_charge q JOIN ledger_transfer t ON t.id = q.transfer_id
                WHERE t.kind = 'CALL' AND {kept} AND {standing}) AS both_sides
            GROUP BY call_id, level, payer_id, payee_id, version_id, billed_seconds HAVING SUM(due) <> SUM(posted)",
    },
    Invariant {
        name: "no unanswered call is charged",
        unit: Unit::Count,
        query: "SELECT t.id AS id, 'transfer' AS what, 0 AS expected, 1 AS found FROM ledger_transfer t
            LEFT JOIN call c ON c.id = t.call_id
            WHERE t.kind = 'CALL' AND {kept} AND {standing} AND (c.answered_at IS NULL OR c.state <> 'ENDED')",
    },
    Invariant {
        name: "the table of live calls has exactly the calls that are not over",
        unit: Unit::Count,
        query: "SELECT c.id AS id, 'live call' AS what, 1 AS expected, 0 AS found FROM call c
            LEFT JOIN live_call l ON l.call_id = c.id
            WHERE c.state IN ('AUTHORIZED', 'RINGING', 'ANSWERED') AND (l.call_id IS NULL
                OR l.callshop_id <> c.callshop_id OR l.phone_id <> c.phone_id OR l.emergency <> c.emergency
                OR l.cabin_id IS DISTINCT FROM c.cabin_id OR l.session_id IS DISTINCT FROM c.session_id
                OR l.extend_at IS DISTINCT FROM c.extend_at)
            UNION ALL
            SELECT l.call_id, 'live call', 0, 1 FROM live_call l LEFT JOIN call c ON c.id = l.call_id
            WHERE c.id IS NULL OR c.state NOT IN ('AUTHORIZED', 'RINGING', 'ANSWERED')",
    },
    Invariant {
        name: "every reversal names the reversed transfer",
        unit: Unit::Count,
        query: "SELECT r.id AS id, 'reversed by transfer' AS what, 1 AS expected, 0 AS found FROM ledger_transfer r
            LEFT JOIN ledger_transfer t ON t.id = r.reverses
            WHERE (r.kind = 'REVERSAL' OR r.reverses IS NOT NULL)
                AND (r.kind <> 'REVERSAL' OR t.id IS NULL OR t.kind = 'REVERSAL')",
    },
    Invariant {
        name: "no transfer is reversed twice",
        unit: Unit::Count,
        query: "SELECT reverses AS id, 'reversals of transfer' AS what, 1 AS expected, COUNT(*) AS found
            FROM ledger_transfer WHERE reverses IS NOT NULL GROUP BY reverses HAVING COUNT(*) > 1",
    },
    Invariant {
        name: "every reversal negates the reversed transfer",
        unit: Unit::Money,
        query: "SELECT id, book AS what, -SUM(reversed) AS expected, SUM(reversal) AS found FROM (
                SELECT r.id, e.account_id, e.book, e.shift_id, e.method, e.amount AS reversal, 0 AS reversed
                FROM ledger_transfer r JOIN ledger_entry e ON e.transfer_id = r.id WHERE r.reverses IS NOT NULL
                UNION ALL
                SELECT r.id, e.account_id, e.book, e.shift_id, e.method, 0, e.amount
                FROM ledger_transfer r JOIN ledger_entry e ON e.transfer_id = r.reverses WHERE r.reverses IS NOT NULL
                ) AS both_sides
            GROUP BY id, account_id, book, shift_id, method HAVING SUM(reversal) + SUM(reversed) <> 0",
    },
    Invariant {
        name: "receipt numbers are consecutive from 1",
        unit: Unit::Count,
        query: "SELECT c.account_id AS id, 'receipts of callshop' AS what, c.next_receipt_number - 1 AS expected,
                COUNT(s.receipt_number) AS found
            FROM callshop c LEFT JOIN cabin_session s ON s.callshop_id = c.account_id AND s.receipt_number IS NOT NULL
            GROUP BY c.account_id, c.next_receipt_number
            HAVING COUNT(s.receipt_number) <> c.next_receipt_number - 1
                OR (COUNT(s.receipt_number) > 0
                    AND (MIN(s.receipt_number) <> 1 OR MAX(s.receipt_number) <> COUNT(s.receipt_number)))",
    },
    Invariant {
        name: "a session's statement is the sum of its calls",
        unit: Unit::Money,
        query: "SELECT id, 'calls of session' AS what, SUM(calls) AS expected, SUM(stated) AS found FROM (
                SELECT s.id AS id, 0 AS calls, s.calls_total AS stated FROM cabin_session s
                WHERE s.calls_total IS NOT NULL AND {whole}
                UNION ALL
                SELECT s.id, c.charge, 0 FROM cabin_session s JOIN call c ON c.session_id = s.id
                WHERE s.calls_total IS NOT NULL AND {whole}) AS both_sides
            GROUP BY id HAVING SUM(calls) <> SUM(stated)",
    },
    Invariant {
        name: "a session's total equals the total of its statement",
        unit: Unit::Money,
        query: "SELECT id, 'total of session' AS what, calls_total + items_total - discounts_total + rounding AS expected,
                total AS found
            FROM cabin_session WHERE calls_total IS NOT NULL
                AND total <> calls_total + items_total - discounts_total + rounding",
    },
    Invariant {
        name: "sales equal the sessions' statements",
        unit: Unit::Money,
        query: "SELECT id, book AS what, SUM(due) AS expected, SUM(posted) AS found FROM (
                SELECT id, 'RECEIVABLE' AS book, total AS due, 0 AS posted FROM cabin_session
                WHERE calls_total IS NOT NULL AND state IN ('CLOSED', 'SETTLED')
                UNION ALL
                SELECT id, 'SALES', discounts_total - calls_total - items_total, 0 FROM cabin_session
                WHERE calls_total IS NOT NULL AND state IN ('CLOSED', 'SETTLED')
                UNION ALL
                SELECT id, 'ROUNDING', -rounding, 0 FROM cabin_session
                WHERE calls_total IS NOT NULL AND state IN ('CLOSED', 'SETTLED')
                UNION ALL
                SELECT t.session_id, e.book, 0, e.amount FROM ledger_transfer t
                JOIN ledger_posting e ON e.transfer_id = t.id WHERE t.kind = 'SALE' AND {standing}) AS both_sides
            GROUP BY id, book HAVING SUM(due) <> SUM(posted)",
    },
    Invariant {
        name: "a settled session owes nothing",
        unit: Unit::Money,
        query: "SELECT s.id AS id, e.book AS what, 0 AS expected, SUM(e.amount) AS found FROM cabin_session s
            JOIN ledger_transfer t ON t.session_id = s.id
            JOIN ledger_posting e ON e.transfer_id = t.id AND e.book IN ('RECEIVABLE', 'DEPOSITS')
            WHERE s.state IN ('SETTLED', 'VOIDED') GROUP BY s.id, e.book HAVING SUM(e.amount) <> 0",
    },
    Invariant {
        name: "deposits of unpaid sessions are in the ledger",
        unit: Unit::Money,
        query: "SELECT id, 'deposit of session' AS what, SUM(due) AS expected, SUM(posted) AS found FROM (
                SELECT id, -deposit AS due, 0 AS posted FROM cabin_session
                WHERE state IN ('OPEN', 'CLOSING', 'CLOSED') AND deposit <> 0
                UNION ALL
                SELECT s.id, 0, e.amount FROM cabin_session s
                JOIN ledger_transfer t ON t.session_id = s.id
                JOIN ledger_posting e ON e.transfer_id = t.id AND e.book = 'DEPOSITS'
                WHERE s.state IN ('OPEN', 'CLOSING', 'CLOSED')) AS both_sides
            GROUP BY id HAVING SUM(due) <> SUM(posted)",
    },
    Invariant {
        name: "refunds in the ledger equal the refunds of sessions",
        unit: Unit::Money,
        query: "SELECT id, 'refunds of session' AS what, SUM(due) AS expected, SUM(posted) AS found FROM (
                SELECT id, refunded AS due, 0 AS posted FROM cabin_session WHERE refunded <> 0
                UNION ALL
                SELECT t.session_id, 0, -e.amount FROM ledger_transfer t
                JOIN ledger_posting e ON e.transfer_id = t.id AND e.book = 'DRAWER'
                WHERE t.kind = 'REFUND' AND {standing}) AS both_sides
            GROUP BY id HAVING SUM(due) <> SUM(posted)",
    },
    Invariant {
        name: "every drawer entry has its shift and method",
        unit: Unit::Count,
        query: "SELECT transfer_id AS id, 'transfer' AS what, 1 AS expected, 0 AS found FROM ledger_posting
            WHERE (book = 'DRAWER' AND (shift_id IS NULL OR method IS NULL))
                OR (book <> 'DRAWER' AND (shift_id IS NOT NULL OR method IS NOT NULL))",
    },
    Invariant {
        name: "a drawer equals its float, payments and movements",
        unit: Unit::Money,
        query: "SELECT shift_id AS id, method AS what, SUM(due) AS expected, SUM(posted) AS found FROM (
                SELECT s.id AS shift_id, 'CASH' AS method, s.float_amount AS due, 0 AS posted FROM register_shift s
                UNION ALL
                SELECT s.id, p.method, CASE WHEN p.kind IN ('SALE', 'DEPOSIT') THEN p.amount ELSE -p.amount END, 0
                FROM register_shift s JOIN payment p ON p.shift_id = s.id
                UNION ALL
                SELECT s.id, 'CASH', CASE WHEN m.kind = 'PAY_IN' THEN m.amount ELSE -m.amount END, 0
                FROM register_shift s JOIN cash_movement m ON m.shift_id = s.id
                UNION ALL
                SELECT e.shift_id, e.method, 0, e.amount FROM ledger_posting e
                JOIN ledger_transfer t ON t.id = e.transfer_id WHERE e.shift_id IS NOT NULL AND t.kind <> 'COUNT') AS both_sides
            GROUP BY shift_id, method HAVING SUM(due) <> SUM(posted)",
    },
    Invariant {
        name: "the drawer of a closed shift is empty",
        unit: Unit::Money,
        query: "SELECT s.id AS id, e.method AS what, 0 AS expected, SUM(e.amount) AS found FROM register_shift s
            JOIN ledger_posting e ON e.shift_id = s.id WHERE s.closed_at IS NOT NULL
            GROUP BY s.id, e.method HAVING SUM(e.amount) <> 0",
    },
];

/// Placeholders in the queries for common conditions.
const WORDS: [(&str, &str); 3] = [
    // rows about deleted calls are skipped, because the calls with which to compare them no longer exist
    ("{kept}", "(t.call_id IS NULL OR t.call_id >= (SELECT id FROM kept))"),
    ("{whole}", "s.opened_at >= (SELECT at FROM kept)"),
    // no other transfer reverses this transfer
    ("{standing}", "NOT EXISTS (SELECT 1 FROM ledger_transfer r WHERE r.reverses = t.id)"),
];

/// Placeholders for the parts of level `n` of the call `c`.
fn level_words(backend: DbBackend) -> [(&'static str, String); 10] {
    let bytes =
        |first: usize, count: usize| format!("substr(c.levels, n * {LEVEL_BYTES} + {first}, {count})");
    let (payee, version, prefix) = (bytes(1, 16), bytes(17, 16), bytes(33, 8));
    let (payee, version, prefix) = match backend {
        DbBackend::Sqlite => (payee, version, format!("rtrim(hex({prefix}), 'F')")),
        _ => (
            format!("CAST(encode({payee}, 'hex') AS UUID)"),
            format!("CAST(encode({version}, 'hex') AS UUID)"),
            format!("rtrim(encode({prefix}, 'hex'), 'f')"),
        ),
    };
    let payer = payee.replace("n * ", "(n - 1) * ");
    let (seconds, paid) = (level_seconds(backend, "n"), level_amount(backend, "n"));
    // the length of the list is one more than the number of its commas
    let numbers = "(CASE WHEN c.charges = '[]' THEN 0 ELSE 1 + length(c.charges) - length(replace(c.charges, ',', '')) END)";
    [
        // the callshop pays at level 1, and each higher level is paid by the payee of the level below
        ("{payer}", format!("CASE WHEN n = 1 THEN c.callshop_id ELSE {payer} END")),
        ("{payee}", payee),
        ("{version}", version),
        ("{prefix}", prefix),
        ("{seconds}", seconds),
        ("{paid}", paid.clone()),
        ("{numbers}", numbers.to_owned()),
        ("{readable}", charges_are_readable(backend).to_owned()),
        // the levels at which accounts pay
        (
            "{levels}",
            format!(
                "numbers ON n > 0 AND (n + 1) * {LEVEL_BYTES} <= LENGTH(c.levels) AND c.id >= (SELECT id FROM kept) AND {paid} <> 0"
            ),
        ),
        ("{level}", LEVEL_BYTES.to_string()),
    ]
}

/// Removes the time limits of this transaction, and raises its `work_mem` for large sorts and joins. Does nothing on SQLite.
///
/// # Errors
/// Every function in this module may fail with a database error.
pub async fn take_time(conn: &DatabaseTransaction) -> Result<()> {
    if conn.get_database_backend() == DbBackend::Postgres {
        conn.execute_unprepared("SET LOCAL statement_timeout = 0").await?;
        conn.execute_unprepared("SET LOCAL idle_in_transaction_session_timeout = 0").await?;
        conn.execute_unprepared("SET LOCAL work_mem = '64MB'").await?;
    }
    Ok(())
}

impl Invariant {
    /// Finds violations, at most one more than [`MAX_FINDINGS`]. All calls since `kept_from` are stored.
    ///
    /// # Errors
    /// May fail with database errors.
    pub async fn check(&self, conn: &impl ConnectionTrait, kept_from: DateTime<Utc>) -> Result<Vec<Finding>> {
        let backend = conn.get_database_backend();
        let mut query = WORDS.iter().fold(self.query.to_owned(), |text, (word, by)| text.replace(word, by));
        query = query.replace("{false}", if backend == DbBackend::Postgres { "FALSE" } else { "0" });
        for (word, by) in level_words(backend) {
            query = query.replace(word, &by);
        }
        let limit = MAX_FINDINGS + 1;
        let kept = match backend {
            DbBackend::Sqlite => "SELECT $1 AS id, $2 AS at, $3 AS written",
            _ => "SELECT $1::uuid AS id, $2::timestamptz AS at, $3::uuid AS written",
        };
        let whole = format!(
            "WITH RECURSIVE kept AS ({kept}), numbers (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM numbers WHERE n < 63)
            SELECT id, CAST(COALESCE(what, '') AS TEXT) AS what, CAST(expected AS BIGINT) AS expected, CAST(found AS BIGINT) AS found
            FROM ({query}) AS findings LIMIT {limit}"
        );
        // use the system's clock, because the ids of versions are made with this clock
        let written = first_id(Utc::now() - LONGEST_IMPORT);
        let values = [first_id(kept_from).into(), kept_from.into(), written.into()];
        let rows = conn.query_all_raw(Statement::from_sql_and_values(backend, whole, values)).await?;
        let finding = |row: sea_orm::QueryResult| {
            Ok(Finding {
                id: row.try_get("", "id")?,
                what: row.try_get("", "what")?,
                expected: row.try_get("", "expected")?,
                found: row.try_get("", "found")?,
            })
        };
        rows.into_iter().map(finding).collect()
    }
}
