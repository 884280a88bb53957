//! Cursor pagination of lists in a stable order, and the lengths of lists.

use sea_orm::sea_query::{Alias, Asterisk, Expr, ExprTrait as _, Query};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait as _, Select,
};
use uuid::Uuid;

use base::error::Result;

/// Maximum number of rows in a page.
pub const MAX_PAGE: u64 = 100;
/// Longest list whose length is counted. If a list is longer, only this many of its rows are counted.
pub const MAX_COUNT: u64 = 10_000;

/// The part of a list to read. Lists are ordered by UUIDv7, which is the order of creation. Cursors are ids, so they remain valid after inserts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Page {
    /// Exclusive lower bound of the ids.
    pub above: Option<Uuid>,
    /// Exclusive upper bound of the ids.
    pub below: Option<Uuid>,
    /// Maximum number of rows to read. Reading one row more than the client requested shows whether there is another page.
    pub limit: u64,
    /// Whether to read from the highest id down. The direction determines which rows `limit` omits; it does not change the meaning of `above` and
    /// `below`.
    pub descending: bool,
    /// Whether to count the whole list, too.
    pub counted: bool,
}

/// Length of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Total {
    /// Number of rows, at most [`MAX_COUNT`].
    pub count: u64,
    /// Whether `count` is the exact length of the list.
    pub is_exact: bool,
}

impl Total {
    /// The length of a list in which this many rows were found.
    pub fn of(found: u64) -> Self {
        Self { count: Ord::min(found, MAX_COUNT), is_exact: found <= MAX_COUNT }
    }

    /// The length of two lists together.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        let both = Self::of(self.count + other.count);
        Self { is_exact: both.is_exact && self.is_exact && other.is_exact, ..both }
    }
}

/// The rows of a page, with the length of the whole list if it was requested.
#[derive(Clone, Debug)]
pub struct Listed<T> {
    /// The rows in the order in which they were read.
    pub rows: Vec<T>,
    /// The length of the list; `None` unless it was requested.
    pub total: Option<Total>,
}

impl<T> Listed<T> {
    /// The same page with these rows.
    pub fn with<U>(&self, rows: Vec<U>) -> Listed<U> {
        Listed { rows, total: self.total }
    }

    /// Converts each row.
    pub fn map<U>(self, convert: impl FnMut(T) -> U) -> Listed<U> {
        Listed { total: self.total, rows: self.rows.into_iter().map(convert).collect() }
    }
}

/// An empty list.
impl<T> Default for Listed<T> {
    fn default() -> Self {
        Self { rows: Vec::new(), total: Some(Total::of(0)) }
    }
}

impl Page {
    /// Filters, orders and limits `query` by the column `id`.
    pub fn apply<E: EntityTrait, C: ColumnTrait>(self, mut query: Select<E>, id: C) -> Select<E> {
        if let Some(above) = self.above {
            query = query.filter(id.gt(above));
        }
        if let Some(below) = self.below {
            query = query.filter(id.lt(below));
        }
        let query = if self.descending { query.order_by_desc(id) } else { query.order_by_asc(id) };
        query.limit(self.limit)
    }

    /// Reads the page of `query` by the column `id`, and counts `query` if requested.
    ///
    /// # Errors
    /// May fail with database errors.
    pub async fn read<E: EntityTrait>(
        self,
        conn: &impl ConnectionTrait,
        query: Select<E>,
        id: E::Column,
    ) -> Result<Listed<E::Model>>
    where
        E::Model: Send + Sync,
    {
        let total = self.total(conn, &query).await?;
        Ok(Listed { rows: self.apply(query, id).all(conn).await?, total })
    }

    /// The number of rows that `query` finds, counted up to [`MAX_COUNT`]; `None` if no count was requested.
    ///
    /// # Errors
    /// May fail with database errors.
    pub async fn total<E: EntityTrait>(
        self,
        conn: &impl ConnectionTrait,
        query: &Select<E>,
    ) -> Result<Option<Total>> {
        if self.counted { count(conn, query).await.map(Some) } else { Ok(None) }
    }
}

/// Counts the rows of a query, up to [`MAX_COUNT`], in one statement. The statement stops counting at this bound.
///
/// # Errors
/// May fail with database errors.
pub async fn count<E: EntityTrait>(conn: &impl ConnectionTrait, query: &Select<E>) -> Result<Total> {
    let rows = query.clone().select_only().expr_as(Expr::cust("1"), "one").limit(MAX_COUNT + 1).into_query();
    let counted = Query::select()
        .expr_as(Expr::col(Asterisk).count(), Alias::new("count"))
        .from_subquery(rows, Alias::new("counted"))
        .to_owned();
    let row = conn.query_one(&counted).await?;
    let found: i64 = row.map(|row| row.try_get("", "count")).transpose()?.unwrap_or(0);
    Ok(Total::of(u64::try_from(found).unwrap_or(0)))
}
