//! Reads calls for lists and views.

use std::sync::Arc;

use entity::{call, live_call};
use sea_orm::sea_query::{Alias, ArrayType, Expr};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbBackend, EntityTrait, IdenStatic as _, QueryFilter, QueryOrder,
    QueryResult, QuerySelect, QueryTrait as _, Select, Statement,
};
use uuid::Uuid;

use super::is_one_of;
use crate::partitions::Month;
use crate::within::SKEW;
use crate::{Page, Scope, Within, bulk, first_id};
use base::error::Result;

/// A call of a callshop inside `scope`.
pub async fn find(conn: &impl ConnectionTrait, scope: &Scope, id: Uuid) -> Result<Option<call::View>> {
    let owned = scope.owns((call::Entity, call::Column::CallshopId));
    // a generic plan reads a single partition only if the condition compares a single id instead of a list
    Ok(views(conn, call::Entity::find_by_id(id).filter(owned)).await?.pop())
}

/// The calls with these ids that are inside `scope`.
pub async fn find_all(conn: &impl ConnectionTrait, scope: &Scope, ids: &[Uuid]) -> Result<Vec<call::View>> {
    let owned = scope.owns((call::Entity, call::Column::CallshopId));
    let wanted = bulk::among(conn, call::Column::Id, ids.iter().copied());
    views(conn, call::Entity::find().filter(wanted).filter(owned)).await
}

/// The views of the calls that a query finds.
pub(super) async fn views(
    conn: &impl ConnectionTrait,
    query: Select<call::Entity>,
) -> Result<Vec<call::View>> {
    let query = call::View::COLUMNS.iter().fold(query.select_only(), |query, column| {
        query.expr(Expr::col((call::Entity, Alias::new(*column))))
    });
    let rows = conn.query_all(query.as_query()).await?;
    Ok(rows.iter().map(call::View::read).collect::<Result<_, _>>()?)
}

/// The data that a list reads for its calls. Most clients request only a part of this data.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Detail {
    /// Whether the levels of ended calls are read. The prices of ended calls are computed from the levels.
    pub is_priced: bool,
    /// Whether all other columns are read. If this is false, the calls lack [`call::View::DETAILS`].
    pub is_whole: bool,
}

impl Detail {
    /// Combines two details: reads everything that either of them reads.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self { is_priced: self.is_priced || other.is_priced, is_whole: self.is_whole || other.is_whole }
    }

    fn read(self, row: &QueryResult) -> Result<call::View> {
        let read = if self.is_whole { call::View::read } else { call::View::read_brief };
        Ok(read(row)?)
    }
}

/// A page of calls for each of these cabins or sessions, in one statement on PostgreSQL. `column` says whether `owners` are cabins or sessions.
/// The range `authorized` must include the times at which the calls of the owners were authorized, because the query skips the calls of other months.
pub async fn of_each(
    conn: &impl ConnectionTrait,
    (column, owners): (call::Column, &[Uuid]),
    authorized: Within,
    page: Page,
    detail: Detail,
) -> Result<Vec<Arc<call::View>>> {
    let limit = i64::try_from(page.limit).unwrap_or(i64::MAX);
    let (first, end) = months(authorized);
    let (above, below) = (page.above.unwrap_or_default().max(first), page.below.unwrap_or(end).min(end));
    let bounds: [sea_orm::Value; 3] = [above.into(), below.into(), limit.into()];
    let values = |of: sea_orm::Value| std::iter::once(of).chain(bounds.clone());
    let statements: Vec<Statement> = match conn.get_database_backend() {
        backend @ DbBackend::Postgres => {
            let all = owners.iter().map(|owner| (*owner).into()).collect();
            let all = sea_orm::Value::Array(ArrayType::Uuid, Some(Box::new(all)));
            let page = page_of("owner.id", column, page, detail);
            let sql = format!(
                "SELECT page.* FROM unnest($1::uuid[]) AS owner (id) CROSS JOIN LATERAL ({page}) AS page"
            );
            vec![Statement::from_sql_and_values(backend, sql, values(all))]
        }
        backend => {
            let sql = page_of("$1", column, page, detail);
            let of = |owner: &Uuid| Statement::from_sql_and_values(backend, &sql, values((*owner).into()));
            owners.iter().map(of).collect()
        }
    };
    let mut calls = Vec::new();
    for statement in statements {
        for row in conn.query_all_raw(statement).await? {
            // each row is in an `Arc`: rows are large, and hundreds of rows would otherwise be moved and copied several times per response
            calls.push(Arc::new(detail.read(&row)?));
        }
    }
    Ok(calls)
}

/// Exclusive bounds on the ids of the calls in the months that a range of time covers.
fn months(within: Within) -> (Uuid, Uuid) {
    let first = within.from.and_then(|from| from.checked_sub_signed(SKEW));
    let last = within.to.and_then(|to| to.checked_add_signed(SKEW));
    let first = first.map_or(Uuid::nil(), |from| first_id(Month::of(from).start()));
    (first, last.map_or(Uuid::max(), |to| first_id(Month::of(to).next().start())))
}

/// The statement for one page of calls. `$2` and `$3` are exclusive bounds on the ids, and `$4` is the limit.
fn page_of(owner: &str, column: call::Column, page: Page, detail: Detail) -> String {
    // the statement names its columns; with `*`, prepared statements would break when a newer release adds a column
    let read = |column: &str| match column {
        "levels" if !detail.is_priced => {
            "CASE WHEN call.ended_at IS NULL THEN call.levels END AS levels".to_owned()
        }
        column => format!("\"{column}\""),
    };
    let columns: Vec<String> = match detail.is_whole {
        true => call::View::COLUMNS.iter().map(|column| read(column)).collect(),
        false => call::View::brief_columns().map(read).collect(),
    };
    let (columns, column, order) =
        (columns.join(", "), column.as_str(), if page.descending { "DESC" } else { "ASC" });
    format!(
        "SELECT {columns} FROM call WHERE call.{column} = {owner} AND call.id > $2 AND call.id < $3 \
         ORDER BY call.id {order} LIMIT $4"
    )
}

/// The live calls of cabins, oldest first. A cabin has at most one live call, apart from emergency calls.
pub async fn live_of_cabins(conn: &impl ConnectionTrait, cabins: &[Uuid]) -> Result<Vec<call::View>> {
    let among = bulk::among(conn, live_call::Column::CabinId, cabins.iter().copied());
    let query = call::Entity::find().filter(is_one_of(live_call::Entity::find().filter(among)));
    views(conn, query.order_by_asc(call::Column::Id)).await
}

/// At most 1,000 live calls of all callshops inside the scope, oldest first.
pub async fn live_in(conn: &impl ConnectionTrait, scope: &Scope) -> Result<Vec<call::View>> {
    let owned = scope.owns((live_call::Entity, live_call::Column::CallshopId));
    let query = call::Entity::find().filter(is_one_of(live_call::Entity::find().filter(owned)));
    views(conn, query.order_by_asc(call::Column::Id).limit(1_000)).await
}

/// At most 1,000 live calls of a callshop, oldest first.
pub async fn live(conn: &impl ConnectionTrait, callshop_id: Uuid) -> Result<Vec<call::View>> {
    let live = live_call::Entity::find().filter(live_call::Column::CallshopId.eq(callshop_id));
    let query = call::Entity::find().filter(is_one_of(live));
    views(conn, query.order_by_asc(call::Column::Id).limit(1_000)).await
}
