//! Builds SQL statements for many rows. A statement's text does not depend on the number of rows, so that the next batch reuses the prepared
//! statement.
//!
//! PostgreSQL gets each column as an array. SQLite has no arrays, so SQLite gets statements with 1, 2, 4 … rows, and key lists of 1, 2, 4 … keys.

use chrono::{DateTime, Utc};
use sea_orm::sea_query::extension::postgres::PgFunc;
use sea_orm::sea_query::{ArrayType, Expr, ExprTrait as _, SimpleExpr};
use sea_orm::{
    ColumnTrait, ColumnType, ConnectionTrait, DbBackend, EntityTrait, IdenStatic, Iterable, ModelTrait,
    QueryResult, Statement, Value,
};
use uuid::Uuid;

use base::error::{Error, Result};

/// Maximum number of rows in a statement on SQLite. With up to 48 columns, a statement stays below SQLite's limit of 32,766 parameters.
const SQLITE_ROWS: usize = 512;
/// Maximum number of rows in a statement on PostgreSQL; it limits the memory that the statement needs.
const POSTGRES_ROWS: usize = 4_096;

/// Inserts whole rows. `conflict` is appended to the statement (`ON CONFLICT …`) and may be empty. The database locks the rows in the given order.
///
/// # Errors
/// Every function in this module may fail with a database error. An insert also fails with a fault if the type of a column is not supported.
pub(super) async fn insert<E>(conn: &impl ConnectionTrait, rows: &[E::Model], conflict: &str) -> Result<()>
where
    E: EntityTrait,
    E::Model: ModelTrait<Entity = E>,
{
    together(conn, inserts::<E>(conn.get_database_backend(), rows, conflict)?).await
}

/// Runs statements that return nothing and do not depend on each other's writes. On PostgreSQL, these statements run as one statement, in one round
/// trip. PostgreSQL does not define the order of the combined statements. Therefore, only one of the combined statements may lock rows for which
/// other transactions wait.
///
/// # Errors
/// May fail with database errors.
pub(super) async fn together(conn: &impl ConnectionTrait, statements: Vec<Statement>) -> Result<()> {
    let backend = conn.get_database_backend();
    if backend == DbBackend::Sqlite || statements.len() < 2 {
        for statement in statements {
            conn.execute_raw(statement).await?;
        }
        return Ok(());
    }
    conn.execute_raw(combined(backend, statements)).await?;
    Ok(())
}

/// Combines several statements into a single statement for PostgreSQL. All statements but the last become the CTEs `s1`, `s2` …, to which later
/// statements can refer.
pub(super) fn combined(backend: DbBackend, statements: Vec<Statement>) -> Statement {
    let (mut parts, mut values) = (Vec::with_capacity(statements.len()), Vec::new());
    for statement in statements {
        parts.push(renumbered(&statement.sql, values.len()));
        values.extend(statement.values.into_iter().flat_map(|values| values.0));
    }
    let last = parts.pop().unwrap_or_default();
    let named: Vec<String> =
        (1..).zip(parts).map(|(n, part): (u32, _)| format!("s{n} AS ({part})")).collect();
    let with = if named.is_empty() { String::new() } else { format!("WITH {} ", named.join(", ")) };
    Statement::from_sql_and_values(backend, format!("{with}{last}"), values)
}

/// Renumbers a statement's parameters so that they follow `before` other parameters. The program's statements contain `$` only in parameters.
fn renumbered(sql: &str, before: usize) -> String {
    let mut parts = sql.split('$');
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let digits = part.bytes().take_while(u8::is_ascii_digit).count();
        let (number, rest) = part.split_at(digits);
        let number = number.parse::<usize>().unwrap_or(0) + before;
        text.push_str(&format!("${number}{rest}"));
    }
    text
}

/// Like [`insert`], but returns the rows of the `RETURNING` clause in `conflict`, in no particular order.
pub(super) async fn insert_returning<E>(
    conn: &impl ConnectionTrait,
    rows: &[E::Model],
    conflict: &str,
) -> Result<Vec<QueryResult>>
where
    E: EntityTrait,
    E::Model: ModelTrait<Entity = E>,
{
    let mut returned = Vec::with_capacity(rows.len());
    for statement in inserts::<E>(conn.get_database_backend(), rows, conflict)? {
        returned.append(&mut conn.query_all_raw(statement).await?);
    }
    Ok(returned)
}

/// The statements of [`insert`].
///
/// # Errors
/// Fails with a fault for an unsupported column type.
pub(super) fn inserts<E>(backend: DbBackend, rows: &[E::Model], conflict: &str) -> Result<Vec<Statement>>
where
    E: EntityTrait,
    E::Model: ModelTrait<Entity = E>,
{
    inserts_computed::<E>(backend, rows, None, conflict)
}

/// Like [`inserts`], but on PostgreSQL, an expression may compute the value of one column. The expression can use the rows, as `v`, and the tables
/// that `rest` joins to the rows.
///
/// # Errors
/// Fails with a fault for an unsupported column type.
pub(super) fn inserts_computed<E>(
    backend: DbBackend,
    rows: &[E::Model],
    computed: Option<(E::Column, &str)>,
    rest: &str,
) -> Result<Vec<Statement>>
where
    E: EntityTrait,
    E::Model: ModelTrait<Entity = E>,
{
    let columns: Vec<E::Column> = E::Column::iter().collect();
    let table = E::default().as_str();
    let one = |chunk| {
        let source = Source::of::<E>(backend, &columns, chunk, Columns::Filled)?;
        // the statement omits columns that have no value in any row, because the default of these columns is NULL
        let filled: Vec<&Column> = source.columns.iter().filter(|column| column.value.is_some()).collect();
        let names = list(&filled, |column| format!("\"{}\"", column.name));
        let sql = match backend {
            DbBackend::Sqlite => format!("INSERT INTO \"{table}\" ({names}) {} {rest}", source.from),
            _ => {
                let values = list(&filled, |column| match computed {
                    Some((name, expression)) if name.as_str() == column.name => expression.to_owned(),
                    _ => column.value.clone().unwrap_or_default(),
                });
                format!("INSERT INTO \"{table}\" ({names}) SELECT {values} FROM {} {rest}", source.from)
            }
        };
        Ok(Statement::from_sql_and_values(backend, sql, source.values))
    };
    chunks(backend, rows).into_iter().map(one).collect()
}

/// Updates the columns `changed` of existing rows, found by `key`.
pub(super) async fn update<E>(
    conn: &impl ConnectionTrait,
    rows: &[E::Model],
    key: E::Column,
    changed: &[E::Column],
) -> Result<()>
where
    E: EntityTrait,
    E::Model: ModelTrait<Entity = E>,
{
    together(conn, updates::<E>(conn.get_database_backend(), rows, key, changed)?).await
}

/// The statements of [`update`].
///
/// # Errors
/// Fails with a fault for an unsupported column type.
pub(super) fn updates<E>(
    backend: DbBackend,
    rows: &[E::Model],
    key: E::Column,
    changed: &[E::Column],
) -> Result<Vec<Statement>>
where
    E: EntityTrait,
    E::Model: ModelTrait<Entity = E>,
{
    let columns: Vec<E::Column> = std::iter::once(key).chain(changed.iter().copied()).collect();
    let (table, key) = (E::default().as_str(), key.as_str());
    let one = |chunk| {
        let source = Source::of::<E>(backend, &columns, chunk, Columns::All)?;
        let value = |column: &Column| column.value.clone().unwrap_or_else(|| "NULL".to_owned());
        let set = source.columns.iter().skip(1).collect::<Vec<_>>();
        let set = list(&set, |column| format!("\"{}\" = {}", column.name, value(column)));
        let found = source.columns.first().map(value).unwrap_or_default();
        let from = match backend {
            DbBackend::Sqlite => format!("({}) AS v", source.from),
            _ => source.from,
        };
        let sql = format!("UPDATE \"{table}\" SET {set} FROM {from} WHERE \"{table}\".\"{key}\" = {found}");
        Ok(Statement::from_sql_and_values(backend, sql, source.values))
    };
    chunks(backend, rows).into_iter().map(one).collect()
}

/// Condition that `column` is one of `keys`.
pub(super) fn among<C, V>(
    conn: &impl ConnectionTrait,
    column: C,
    keys: impl IntoIterator<Item = V>,
) -> SimpleExpr
where
    C: ColumnTrait,
    V: Into<Value>,
{
    let mut keys: Vec<Value> = keys.into_iter().map(Into::into).collect();
    match (keys.last().cloned(), conn.get_database_backend()) {
        (Some(last), DbBackend::Sqlite) => {
            keys.resize(keys.len().next_power_of_two(), last);
            column.is_in(keys)
        }
        (Some(last), _) => {
            let array = Value::Array(last.array_type(), Some(Box::new(keys)));
            Expr::col((column.entity_name(), column)).eq(PgFunc::any(Expr::value(array)))
        }
        (None, _) => Expr::value(false),
    }
}

/// Like [`among`], but for ids. On PostgreSQL, the statement's text is the same even if `ids` is empty.
pub(super) fn any<C: ColumnTrait>(conn: &impl ConnectionTrait, column: C, ids: &[Uuid]) -> SimpleExpr {
    if conn.get_database_backend() != DbBackend::Postgres {
        return among(conn, column, ids.iter().copied());
    }
    let ids = ids.iter().map(|id| (*id).into()).collect();
    let array = Value::Array(ArrayType::Uuid, Some(Box::new(ids)));
    Expr::col((column.entity_name(), column)).eq(PgFunc::any(Expr::value(array)))
}

/// A column of a [`Source`].
struct Column {
    name: &'static str,
    /// SQL expression for the value in a row; `None` if the column has no value in any row.
    value: Option<String>,
}

/// The rows that a bulk statement inserts or updates.
struct Source {
    columns: Vec<Column>,
    /// `VALUES …` on SQLite, `unnest(…) AS v(…)` on PostgreSQL.
    from: String,
    values: Vec<Value>,
}

/// The columns of a [`Source`] on PostgreSQL.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Columns {
    /// Columns in which at least one row has a value.
    Filled,
    /// All columns of the table. If the statement always has all columns, its text is the same for ringing, answered and ended calls, although
    /// different columns are empty.
    All,
}

impl Source {
    fn of<E>(backend: DbBackend, columns: &[E::Column], rows: &[E::Model], which: Columns) -> Result<Self>
    where
        E: EntityTrait,
        E::Model: ModelTrait<Entity = E>,
    {
        match backend {
            DbBackend::Sqlite => Ok(Self::values::<E>(columns, rows)),
            _ => Self::arrays::<E>(columns, rows, which),
        }
    }

    fn values<E>(columns: &[E::Column], rows: &[E::Model]) -> Self
    where
        E: EntityTrait,
        E::Model: ModelTrait<Entity = E>,
    {
        let row = format!("({})", vec!["?"; columns.len()].join(", "));
        let values =
            rows.iter().flat_map(|row| columns.iter().map(|column| stored(row.get(*column)))).collect();
        let columns = (1..).zip(columns).map(|(number, column): (u32, _)| Column {
            name: column.as_str(),
            value: Some(format!("v.\"column{number}\"")),
        });
        Self {
            columns: columns.collect(),
            from: format!("VALUES {}", vec![row.as_str(); rows.len()].join(", ")),
            values,
        }
    }

    fn arrays<E>(columns: &[E::Column], rows: &[E::Model], which: Columns) -> Result<Self>
    where
        E: EntityTrait,
        E::Model: ModelTrait<Entity = E>,
    {
        let mut source = Self { columns: Vec::new(), from: String::new(), values: Vec::new() };
        let (mut arrays, mut names) = (Vec::new(), Vec::new());
        // array parameters cannot contain NULL, so a separate bitmap marks the missing values; it has one bit per nullable column
        let (mut missing, mut bit) = (vec![0_i64; rows.len()], 1_i64);
        for column in columns {
            let (name, definition) = (column.as_str(), column.def());
            let mut values: Vec<Value> = rows.iter().map(|row| row.get(*column)).collect();
            if which == Columns::Filled && values.iter().all(|value| !value.is_some()) {
                source.columns.push(Column { name, value: None });
                continue;
            }
            let kind = ArrayKind::of(definition.get_column_type())?;
            let mut value = match kind.is_json {
                // PostgreSQL converts the text to JSONB if the column has that type
                true => format!("v.\"{name}\"::json"),
                false => format!("v.\"{name}\""),
            };
            if definition.is_null() {
                for (value, missing) in values.iter_mut().zip(&mut missing) {
                    if !value.is_some() {
                        *value = kind.filler.clone();
                        *missing |= bit;
                    }
                }
                value = format!("CASE WHEN v.missing & {bit} = 0 THEN {value} END");
                bit <<= 1;
            }
            let values = values.into_iter().map(stored).collect();
            source.values.push(Value::Array(kind.array, Some(Box::new(values))));
            arrays.push(format!("${}::{}[]", source.values.len(), kind.name));
            names.push(format!("\"{name}\""));
            source.columns.push(Column { name, value: Some(value) });
        }
        if bit > 1 {
            let missing = missing.into_iter().map(Value::from).collect();
            source.values.push(Value::Array(ArrayType::BigInt, Some(Box::new(missing))));
            arrays.push(format!("${}::int8[]", source.values.len()));
            names.push("missing".to_owned());
        }
        source.from = format!("unnest({}) AS v({})", arrays.join(", "), names.join(", "));
        Ok(source)
    }
}

/// Converts JSON to text; other values are left unchanged.
fn stored(value: Value) -> Value {
    match value {
        Value::Json(json) => Value::String(json.map(|json| json.to_string())),
        other => other,
    }
}

/// The PostgreSQL array type for a column's values.
struct ArrayKind {
    name: &'static str,
    array: ArrayType,
    is_json: bool,
    /// Placeholder for a missing value.
    filler: Value,
}

impl ArrayKind {
    fn of(column: &ColumnType) -> Result<Self> {
        let kind = |name, array, filler| Self { name, array, is_json: false, filler };
        let text = || kind("text", ArrayType::String, Value::from(String::new()));
        Ok(match column {
            ColumnType::Uuid => kind("uuid", ArrayType::Uuid, Uuid::nil().into()),
            ColumnType::String(_) | ColumnType::Text => text(),
            ColumnType::Json | ColumnType::JsonBinary => {
                Self { is_json: true, filler: Value::from("null".to_owned()), ..text() }
            }
            ColumnType::Binary(_) | ColumnType::VarBinary(_) | ColumnType::Blob => {
                kind("bytea", ArrayType::Bytes, Vec::<u8>::new().into())
            }
            ColumnType::Integer => kind("int4", ArrayType::Int, 0_i32.into()),
            ColumnType::BigInteger => kind("int8", ArrayType::BigInt, 0_i64.into()),
            ColumnType::Boolean => kind("boolean", ArrayType::Bool, false.into()),
            ColumnType::TimestampWithTimeZone => {
                kind("timestamptz", ArrayType::ChronoDateTimeUtc, DateTime::<Utc>::UNIX_EPOCH.into())
            }
            other => return Err(Error::fault(format!("no PostgreSQL array type for {other:?}"))),
        })
    }
}

/// Splits rows into chunks, one chunk per statement. On SQLite, the sizes of the chunks are powers of two.
fn chunks<T>(backend: DbBackend, mut rows: &[T]) -> Vec<&[T]> {
    if backend != DbBackend::Sqlite {
        return rows.chunks(POSTGRES_ROWS).collect();
    }
    let mut chunks = Vec::new();
    while !rows.is_empty() {
        let largest = (rows.len() + 1).next_power_of_two() / 2;
        let (chunk, rest) = rows.split_at(largest.min(SQLITE_ROWS));
        chunks.push(chunk);
        rows = rest;
    }
    chunks
}

fn list<T>(items: &[T], text: impl Fn(&T) -> String) -> String {
    items.iter().map(text).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_numbered_on() {
        assert_eq!(renumbered("SELECT $1::int, $12 FROM t", 3), "SELECT $4::int, $15 FROM t");
        assert_eq!(renumbered("SELECT 1", 3), "SELECT 1");
    }

    #[test]
    fn any_number_of_rows_is_made_of_few_statements() {
        let sizes = |count: usize| -> Vec<usize> {
            chunks(DbBackend::Sqlite, &vec![(); count]).into_iter().map(<[()]>::len).collect()
        };
        assert_eq!(sizes(0), Vec::<usize>::new());
        assert_eq!(sizes(1), [1]);
        assert_eq!(sizes(64), [64]);
        assert_eq!(sizes(31), [16, 8, 4, 2, 1]);
        assert_eq!(sizes(1_030), [512, 512, 4, 2]);
    }
}
