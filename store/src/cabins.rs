//! Cabins: the booths of callshops.

use std::sync::LazyLock;

use entity::cabin::{Column, Entity, Model};
use entity::{cabin_session, phone};
use sea_orm::sea_query::LockType;
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel, PaginatorTrait,
    QueryFilter, QueryOrder, QueryResult, QuerySelect, Select, Statement, Value,
};
use uuid::Uuid;

use super::{Listed, Page, Scope, bulk};
use base::error::{OrFault as _, Result};

/// A cabin of a callshop inside `scope`, even if the cabin is retired.
///
/// # Errors
/// Every function in this module may fail with a database error.
pub async fn find(conn: &impl ConnectionTrait, scope: &Scope, id: Uuid) -> Result<Option<Model>> {
    scope.find::<Entity>(conn, id, Column::CallshopId).await
}

/// The cabins with these ids that are inside `scope`.
pub async fn find_all(conn: &impl ConnectionTrait, scope: &Scope, ids: &[Uuid]) -> Result<Vec<Model>> {
    scope.find_all::<Entity>(conn, ids, (Column::Id, Column::CallshopId)).await
}

/// Cabins by id, locked in id order until the transaction ends. This query does not check the actor's scope: the calling function must have checked
/// access to the objects.
pub async fn lock(conn: &impl ConnectionTrait, ids: &[Uuid]) -> Result<Vec<Model>> {
    let query =
        Entity::find().filter(bulk::among(conn, Column::Id, ids.iter().copied())).order_by_asc(Column::Id);
    Ok(query.lock(LockType::NoKeyUpdate).all(conn).await?)
}

/// Cabins by id. This query does not check the actor's scope: the calling function must have checked access to the objects.
pub async fn by_ids(conn: &impl ConnectionTrait, ids: &[Uuid]) -> Result<Vec<Model>> {
    Ok(Entity::find().filter(bulk::among(conn, Column::Id, ids.iter().copied())).all(conn).await?)
}

/// The cabin that has this phone.
pub async fn of_phone(conn: &impl ConnectionTrait, phone_id: Uuid) -> Result<Option<Model>> {
    Ok(Entity::find().filter(Column::PhoneId.eq(phone_id)).one(conn).await?)
}

/// The cabins that have one of these phones.
pub async fn of_phones(conn: &impl ConnectionTrait, phones: &[Uuid]) -> Result<Vec<Model>> {
    Ok(Entity::find().filter(bulk::among(conn, Column::PhoneId, phones.iter().copied())).all(conn).await?)
}

/// A cabin with its current phone, session and calls.
#[derive(Clone, Debug)]
pub struct Occupied {
    /// The cabin.
    pub cabin: Model,
    /// The cabin's phone.
    pub phone: Option<phone::Model>,
    /// The open or closing session that occupies the cabin.
    pub session: Option<cabin_session::Model>,
    /// Number of live calls.
    pub live_calls: usize,
}

/// The tables that [`Occupied::columns`] refers to, joined to the table `cabin`. `calls` has the number of live calls per cabin.
const OCCUPIED: &str = "LEFT JOIN phone ON phone.id = cabin.phone_id \
    LEFT JOIN cabin_session ON cabin_session.cabin_id = cabin.id AND cabin_session.state IN ('OPEN', 'CLOSING')";

impl Occupied {
    /// The columns that [`Self::read`] expects.
    fn columns() -> &'static str {
        static COLUMNS: LazyLock<String> = LazyLock::new(|| {
            let of = |table: &str, columns: &[&str]| -> Vec<String> {
                columns.iter().map(|column| format!("{table}.\"{column}\"")).collect()
            };
            let tables = [
                of("cabin", Model::COLUMNS),
                of("phone", phone::Model::COLUMNS),
                of("cabin_session", cabin_session::Model::COLUMNS),
            ];
            tables.concat().join(", ")
        });
        &COLUMNS
    }

    /// Reads a row whose first columns are the callshop's currency and the number of live calls; `None` if the row has no cabin.
    fn read(row: &QueryResult) -> Result<Option<Self>> {
        let phone = 2 + Model::COLUMNS.len();
        let session = phone + phone::Model::COLUMNS.len();
        let Some(cabin) = Model::read(row, 2)? else { return Ok(None) };
        let live_calls: Option<i64> = row.try_get_by_index(1)?;
        Ok(Some(Self {
            cabin,
            phone: phone::Model::read(row, phone)?,
            session: cabin_session::Model::read(row, session)?,
            live_calls: usize::try_from(live_calls.unwrap_or(0)).or_fault()?,
        }))
    }
}

/// A page of a callshop's cabins, without retired cabins, oldest first, with the callshop's currency, in one statement. `None` if the scope does not
/// contain a callshop with this id.
pub async fn list_occupied(
    conn: &impl ConnectionTrait,
    scope: &Scope,
    callshop_id: Uuid,
    page: Page,
) -> Result<Option<(String, Listed<Occupied>)>> {
    let (columns, order) = (Occupied::columns(), if page.descending { "DESC" } else { "ASC" });
    let [first, end] = scope.range();
    let limit = i64::try_from(page.limit).unwrap_or(i64::MAX);
    let mut values: Vec<Value> = vec![callshop_id.into(), limit.into(), first.into(), end.into()];
    let mut bounds = String::new();
    // if there is no bound, add no condition on the id: with one, PostgreSQL could decide to look for the cabins in the primary key, and read all of
    // it
    for (compare, bound) in [(">", page.above), ("<", page.below)] {
        if let Some(bound) = bound {
            values.push(bound.into());
            bounds += &format!("AND id {compare} ${} ", values.len());
        }
    }
    let sql = format!(
        "SELECT account.currency, live.calls, {columns} FROM account \
         LEFT JOIN (SELECT * FROM cabin WHERE callshop_id = $1 AND retired_at IS NULL {bounds}\
         ORDER BY id {order} LIMIT $2) AS cabin ON cabin.callshop_id = account.id {OCCUPIED} \
         LEFT JOIN (SELECT cabin_id, COUNT(*) AS calls FROM live_call WHERE callshop_id = $1 GROUP BY cabin_id) AS live \
         ON live.cabin_id = cabin.id \
         WHERE account.id = $1 AND account.kind = 'CALLSHOP' AND account.path >= $3 AND account.path < $4 \
         ORDER BY cabin.id {order}"
    );
    let statement = Statement::from_sql_and_values(conn.get_database_backend(), sql, values);
    let found = conn.query_all_raw(statement).await?;
    // the result has one row even for a callshop without cabins
    let Some(row) = found.first() else { return Ok(None) };
    let currency = row.try_get_by_index(0)?;
    let rows = found.iter().filter_map(|row| Occupied::read(row).transpose()).collect::<Result<_>>()?;
    let total = page.total(conn, &in_use(callshop_id)).await?;
    Ok(Some((currency, Listed { rows, total })))
}

/// Finds a cabin of a callshop inside `scope`, even a retired cabin. Returns the cabin and the callshop's currency, with one SQL statement.
pub async fn find_occupied(
    conn: &impl ConnectionTrait,
    scope: &Scope,
    id: Uuid,
) -> Result<Option<(String, Occupied)>> {
    let columns = Occupied::columns();
    let sql = format!(
        "SELECT account.currency, (SELECT COUNT(*) FROM live_call WHERE live_call.callshop_id = cabin.callshop_id \
         AND live_call.cabin_id = cabin.id) AS calls, {columns} FROM cabin \
         JOIN account ON account.id = cabin.callshop_id {OCCUPIED} \
         WHERE cabin.id = $1 AND account.path >= $2 AND account.path < $3"
    );
    let [first, end] = scope.range();
    let values: [Value; 3] = [id.into(), first.into(), end.into()];
    let statement = Statement::from_sql_and_values(conn.get_database_backend(), sql, values);
    let Some(row) = conn.query_one_raw(statement).await? else { return Ok(None) };
    let currency = row.try_get_by_index(0)?;
    Ok(Occupied::read(&row)?.map(|cabin| (currency, cabin)))
}

/// All of a callshop's cabins that are not retired, by number. The number of cabins is limited at creation.
pub async fn all(conn: &impl ConnectionTrait, callshop_id: Uuid) -> Result<Vec<Model>> {
    Ok(in_use(callshop_id).order_by_asc(Column::Number).all(conn).await?)
}

/// The number of cabins of a callshop that are not retired.
pub async fn count(conn: &impl ConnectionTrait, callshop_id: Uuid) -> Result<u64> {
    Ok(in_use(callshop_id).count(conn).await?)
}

fn in_use(callshop_id: Uuid) -> Select<Entity> {
    Entity::find().filter(Column::CallshopId.eq(callshop_id)).filter(Column::RetiredAt.is_null())
}

/// Inserts a cabin.
pub async fn insert(conn: &impl ConnectionTrait, cabin: Model) -> Result<()> {
    Entity::insert(cabin.into_active_model()).exec_without_returning(conn).await?;
    Ok(())
}

/// Updates every column of a cabin. The calling function must have locked the row in this transaction.
pub async fn update(conn: &impl ConnectionTrait, cabin: Model) -> Result<Model> {
    Ok(cabin.into_active_model().reset_all().update(conn).await?)
}
