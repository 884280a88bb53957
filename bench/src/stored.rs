//! Stores years of calls. The database itself writes the rows, which resemble the rows of ended calls.
//!
//! The rows are copies of calls that the product made. Each copy has its own session and its own id, which is older than the id of any new call. The
//! copies contain no money, so the ledger still balances. The copies' texts are short, because the depth of the indexes matters, not the width of the
//! rows.

use entity::{LEVEL_BYTES, activity, cabin_session, call, call_charge, hook_event, ledger_transfer};
use sea_orm::{ConnectionTrait, DbBackend, EntityTrait, IdenStatic as _, Iterable as _};

use crate::Result;

/// Number of calls that serve as templates. At least this many calls must exist.
pub const COPIED: u32 = 100;

/// Calls per transaction.
const CHUNK: u64 = 20_000;

/// Raises the number of stored calls from `from` to `to`.
pub async fn fill(conn: &store::Reader, from: u64, to: u64) -> Result<()> {
    let backend = conn.get_database_backend();
    let mut done = from;
    while done < to {
        let until = (done + CHUNK).min(to);
        let tx = conn.begin().await?;
        for statement in statements(backend, done, until) {
            tx.execute_unprepared(&statement).await?;
        }
        tx.commit().await?;
        done = until;
    }
    conn.execute_unprepared("ANALYZE").await?;
    Ok(())
}

fn statements(backend: DbBackend, from: u64, to: u64) -> Vec<String> {
    let sqlite = backend == DbBackend::Sqlite;
    let (id, text, numbers) = if sqlite {
        (
            "unhex(printf('%012x70008000000000000000', n))",
            "printf('stored %d', n)",
            format!(
                "WITH RECURSIVE numbers (n) AS (SELECT {from} UNION ALL SELECT n + 1 FROM numbers WHERE n + 1 < {to})"
            ),
        )
    } else {
        (
            "(lpad(to_hex(n), 12, '0') || '70008000000000000000')::uuid",
            "'stored ' || n",
            format!("WITH numbers AS (SELECT generate_series({from}, {}) AS n)", to - 1),
        )
    };
    let empty = if sqlite { "'[]'" } else { "'[]'::json" };
    // each stored call copies one of the calls that were made
    let template = format!(
        "{numbers}, template AS (SELECT *, row_number() OVER (ORDER BY id) - 1 AS place
           FROM (SELECT * FROM call WHERE state = 'ENDED' ORDER BY id DESC LIMIT {COPIED}) AS latest)"
    );
    let of = format!("FROM numbers JOIN template ON template.place = n % {COPIED}");
    let of = of.as_str();
    let own = |column: &str| match column {
        "id" | "call_id" | "transfer_id" | "session_id" => Some(id.to_owned()),
        "request_id" | "eid" | "reference" => Some(text.to_owned()),
        "billed_seconds" => Some("89".to_owned()),
        "charges" => Some(free(backend)),
        "amount" | "charge" => Some("0".to_owned()),
        "payload" | "holds" => Some(empty.to_owned()),
        "seq" => Some("-n".to_owned()),
        _ => None,
    };
    vec![
        sessions(&template, of, id),
        copy::<call::Entity>(&template, of, |column| own(column).unwrap_or(format!("template.\"{column}\""))),
        of_call::<ledger_transfer::Entity>(&template, of, "call_id", &own),
        charged(&template, of, &own),
        events(&template, of, &own),
        of_call::<activity::Entity>(&template, &format!("{of} "), "call_id", &own),
    ]
}

/// The charges of a call copied from `template`: 89 seconds and no money at each level.
pub fn free(backend: DbBackend) -> String {
    let levels = format!("LENGTH(template.levels) / {LEVEL_BYTES}");
    let list = match backend {
        DbBackend::Sqlite => format!("replace(hex(zeroblob({levels})), '00', '89,0,')"),
        _ => format!("repeat('89,0,', {levels})"),
    };
    format!("'[' || rtrim({list}, ',') || ']'")
}

/// An SQL statement that copies rows of `E`. `value` is the SQL expression for a column.
pub fn copy<E: EntityTrait>(template: &str, of: &str, value: impl Fn(&str) -> String) -> String {
    let columns: Vec<&str> = E::Column::iter().map(|column| column.as_str()).collect();
    let names = columns.iter().map(|column| format!("\"{column}\"")).collect::<Vec<_>>().join(", ");
    let values = columns.iter().map(|column| value(column)).collect::<Vec<_>>().join(", ");
    let table = E::default();
    format!("INSERT INTO \"{}\" ({names}) {template} SELECT {values} {of}", table.as_str())
}

/// Copies rows that refer to a call.
fn of_call<E: EntityTrait>(
    template: &str,
    of: &str,
    key: &str,
    own: &impl Fn(&str) -> Option<String>,
) -> String {
    let table = E::default();
    let table = table.as_str();
    // copy only one activity event of each call: its end
    let end = if table == "activity" { "AND kept.kind = 'CALL_ENDED'" } else { "" };
    let of = format!("{of} JOIN \"{table}\" AS kept ON kept.\"{key}\" = template.id {end}");
    copy::<E>(template, &of, |column| own(column).unwrap_or(format!("kept.\"{column}\"")))
}

/// Creates a session for each call, because the audit checks that the session exists. The session is voided, so that it does not count as open and
/// needs no bill.
fn sessions(template: &str, of: &str, id: &str) -> String {
    let of = format!("{of} JOIN cabin_session AS kept ON kept.id = template.session_id");
    copy::<cabin_session::Entity>(template, &of, |column| match column {
        "id" => id.to_owned(),
        "state" => "'VOIDED'".to_owned(),
        _ => format!("kept.\"{column}\""),
    })
}

fn charged(template: &str, of: &str, own: &impl Fn(&str) -> Option<String>) -> String {
    let of = format!(
        "{of} JOIN ledger_transfer AS head ON head.call_id = template.id JOIN call_charge AS kept ON kept.transfer_id = head.id"
    );
    copy::<call_charge::Entity>(template, &of, |column| own(column).unwrap_or(format!("kept.\"{column}\"")))
}

fn events(template: &str, of: &str, own: &impl Fn(&str) -> Option<String>) -> String {
    copy::<hook_event::Entity>(template, of, |column| match column {
        "kind" => "'ended'".to_owned(),
        "status" => "'APPLIED'".to_owned(),
        "at" | "received_at" => "template.authorized_at".to_owned(),
        "error" | "body" => "NULL".to_owned(),
        _ => own(column).unwrap_or(format!("template.\"{column}\"")),
    })
}
