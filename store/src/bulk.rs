//! Many rows in one statement whose text does not tell how many: it is prepared once, and found again by the next batch.
//!
//! PostgreSQL takes each column as one array. SQLite has no arrays: it gets statements of 1, 2, 4 … rows, and lists of as many keys.

use chrono::{DateTime, Utc};
use sea_orm::sea_query::extension::postgres::PgFunc;
use sea_orm::sea_query::{ArrayType, Expr, ExprTrait as _, SimpleExpr};
use sea_orm::{
    ColumnTrait, ColumnType, ConnectionTrait, DbBackend, EntityTrait, IdenStatic, Iterable, ModelTrait,
    QueryResult, Statement, Value,
};
use uuid::Uuid;

use base::error::{Error, Result};

/// Rows of one statement on SQLite at most: of 48 columns each they stay below its 32,766 parameters.
const SQLITE_ROWS: usize = 512;
/// Rows of one statement on PostgreSQL at most: bounds the memory that one takes.
const POSTGRES_ROWS: usize = 4_096;

/// Inserts whole rows; `conflict` is what follows, if anything does (`ON CONFLICT …`). Rows are locked in the order they are given.
///
/// # Errors
/// Those of the database, as for every function here; a fault for a column type that is not known here.
pub(super) async fn insert<E>(conn: &impl ConnectionTrait, rows: &[E::Model], conflict: &str) -> Result<()>
where
    E: EntityTrait,
    E::Model: ModelTrait<Entity = E>,
{
    together(conn, inserts::<E>(conn.get_database_backend(), rows, conflict)?).await
}

/// Runs statements that answer nothing and do not see what the others write: on PostgreSQL as one, in one round trip. Only one of them
/// may lock rows that others wait for, since in which order they run is not said.
///
/// # Errors
/// Those of the database.
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

/// Statements as one, of PostgreSQL: each but the last has the name `s1`, `s2` … for those behind it.
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

/// A statement whose parameters begin behind `before` others. No text in our statements has a `$` of its own.
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

/// The same; what `conflict` says is returned, in no order.
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

/// What [`insert`] runs.
///
/// # Errors
/// A fault for a column type that is not known here.
pub(super) fn inserts<E>(backend: DbBackend, rows: &[E::Model], conflict: &str) -> Result<Vec<Statement>>
where
    E: EntityTrait,
    E::Model: ModelTrait<Entity = E>,
{
    inserts_computed::<E>(backend, rows, None, conflict)
}

/// The same; on PostgreSQL one column may be an expression of the rows, which are called `v`, and of what `rest` joins to them.
///
/// # Errors
/// A fault for a column type that is not known here.
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
        // a column without any value is left to its default, which is none
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

/// Writes `changed` of rows that are there, found by `key`.
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

/// What [`update`] runs.
///
/// # Errors
/// A fault for a column type that is not known here.
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

/// Whether `column` is one of `keys`.
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

/// The same of ids, of which there may be none: on PostgreSQL the text of the statement does not tell.
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
    /// What stands for a row's value; none when no row has one.
    value: Option<String>,
}

/// Rows as a statement reads them.
struct Source {
    columns: Vec<Column>,
    /// `VALUES …` on SQLite, `unnest(…) AS v(…)` on PostgreSQL.
    from: String,
    values: Vec<Value>,
}

/// Which columns a [`Source`] on PostgreSQL has.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Columns {
    /// Those of which any row has a value.
    Filled,
    /// All: rows of which now these and now those columns are empty, as calls that ring, go on and end, are one statement nevertheless.
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
        // an array of a parameter has no NULL here: which values are none is told beside it, a bit for each column that may be empty
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
                true => format!("v.\"{name}\"::jsonb"),
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

/// JSON goes as its text.
fn stored(value: Value) -> Value {
    match value {
        Value::Json(json) => Value::String(json.map(|json| json.to_string())),
        other => other,
    }
}

/// How PostgreSQL takes the values of a column.
struct ArrayKind {
    name: &'static str,
    array: ArrayType,
    is_json: bool,
    /// Stands where there is no value.
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
            ColumnType::Integer => kind("int4", ArrayType::Int, 0_i32.into()),
            ColumnType::BigInteger => kind("int8", ArrayType::BigInt, 0_i64.into()),
            ColumnType::Boolean => kind("boolean", ArrayType::Bool, false.into()),
            ColumnType::TimestampWithTimeZone => {
                kind("timestamptz", ArrayType::ChronoDateTimeUtc, DateTime::<Utc>::UNIX_EPOCH.into())
            }
            other => return Err(Error::fault(format!("no array of {other:?}"))),
        })
    }
}

/// As many rows as a statement takes: on SQLite the powers of two that make up their number.
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
