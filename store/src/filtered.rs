//! Lists with filters. Each filter that an index serves is an access path to the list. A query uses one access path, and checks the other conditions
//! for each row that it reads.
//!
//! A statement reads at most [`SCANNED`] rows, so its time is bounded, no matter how rare the wanted rows are. An access path that leads to few rows
//! is read completely. Other access paths lead to many rows. If a query reads many rows in the order of the list, it soon finds enough rows for a
//! page, unless rows that match all filters are rare. If they are too rare, the list fails with `SEARCH_TOO_BROAD`, and the client must choose a
//! shorter time range.

use sea_orm::sea_query::{
    Alias, Asterisk, CaseStatement, Expr, ExprTrait as _, Order, Query, SelectStatement,
};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DbBackend, EntityTrait, IdenStatic as _, QueryResult,
};
use uuid::Uuid;

use crate::page::{Listed, MAX_COUNT, Page, Total};
use crate::sorted::{Key, Place, sortable};
use base::error::{Error, ErrorCode, OrFault as _, Result};

/// Maximum number of rows that one statement reads.
const SCANNED: u64 = 20_000;
/// Maximum number of rows of an access path that is read completely.
const FEW: u64 = 10_000;

/// How an index reads the rows that match a condition: how many rows, and in which order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reads {
    /// The condition matches at most [`FEW`] rows, which are read in any order.
    Few,
    /// The rows are read in the order of their ids.
    InOrder,
    /// The rows are read in any order, because the index cannot use bounds on the ids. An access path of this kind is used only if it leads to at
    /// most [`FEW`] rows.
    AnyOrder,
}

#[derive(Clone)]
struct Way {
    reads: Reads,
    condition: Condition,
}

/// A list of rows of `E`, ordered by id, with the access paths to it.
pub(crate) struct Filtered<E: EntityTrait> {
    id: E::Column,
    /// The columns that conditions and keys use.
    columns: Vec<E::Column>,
    /// The list without filters.
    base: Way,
    /// Access paths in order of preference.
    ways: Vec<Way>,
    all: Condition,
    /// Bounds of the ids, for each access path.
    bounds: Condition,
    /// Whether a filter was added.
    is_filtered: bool,
}

impl<E: EntityTrait> Filtered<E> {
    /// The list of the rows that match `base`. There must be an index that reads these rows in the order of their ids. `columns` are the columns that
    /// filters use.
    pub fn new(id: E::Column, columns: &[E::Column], base: Condition) -> Self {
        Self {
            id,
            columns: columns.to_vec(),
            ways: Vec::new(),
            all: base.clone(),
            base: Way { reads: Reads::InOrder, condition: base },
            bounds: Condition::all(),
            is_filtered: false,
        }
    }

    /// Adds a filter that an index serves by itself.
    pub fn by_index(&mut self, reads: Reads, condition: Condition) {
        self.all = self.all.clone().add(condition.clone());
        self.is_filtered = true;
        self.ways.push(Way { reads, condition });
    }

    /// Adds an access path without a filter: the rows of the path must still be checked by other filters.
    pub fn by_way(&mut self, reads: Reads, condition: Condition) {
        self.ways.push(Way { reads, condition });
    }

    /// Adds a filter that is checked for each row.
    pub fn check(&mut self, condition: impl Into<Condition>) {
        self.all = self.all.clone().add(condition.into());
        self.is_filtered = true;
    }

    /// Adds bounds on the ids. Every access path uses these bounds.
    pub fn bound(&mut self, condition: Condition) {
        self.bounds = self.bounds.clone().add(condition);
    }

    /// The page of ids, and the length of the list if requested.
    ///
    /// # Errors
    /// Fails with `SEARCH_TOO_BROAD` if [`SCANNED`] rows contain fewer matches than the page needs. May also fail with database errors.
    pub async fn ids(&self, conn: &impl ConnectionTrait, page: Page) -> Result<Listed<Uuid>> {
        let way = self.way(conn).await?;
        let total = if page.counted { Some(self.count(conn, way).await?) } else { None };
        let rows = conn.query_all(&self.page(conn, way, page)).await?;
        let wanted = usize::try_from(page.limit).unwrap_or(usize::MAX);
        if self.is_filtered && rows.len() < wanted && way.reads == Reads::InOrder {
            let within = self.rows(way).cond_where(self.after(page)).to_owned();
            if self.scanned(conn, within, SCANNED + 1).await? > SCANNED {
                return Err(too_broad());
            }
        }
        let id = |row: &QueryResult| row.try_get("", self.id.as_str());
        Ok(Listed { rows: rows.iter().map(id).collect::<Result<_, _>>()?, total })
    }

    /// The ids and keys of the whole list, for sorting.
    ///
    /// # Errors
    /// Fails with `SEARCH_TOO_BROAD` if the list is too long to be sorted. May also fail with database errors.
    pub async fn places(&self, conn: &impl ConnectionTrait, key: E::Column) -> Result<Vec<Place>> {
        let way = self.way(conn).await?;
        if !self.count(conn, way).await?.is_exact {
            sortable(usize::MAX)?;
        }
        let rows = self.rows(way).limit(SCANNED).to_owned();
        let query = self.outer(rows, &[self.id, key]).limit(MAX_COUNT).to_owned();
        let place = |row: &QueryResult| -> Result<Place> {
            let amount: Option<i64> = row.try_get("", key.as_str())?;
            // a total that is not known yet sorts below all known totals
            Ok((Key::Amount(amount.unwrap_or(-1)), row.try_get("", self.id.as_str())?))
        };
        conn.query_all(&query).await?.iter().map(place).collect()
    }

    /// The access path to use, by the first of these rules that applies:
    ///
    /// 1. a path that is known to lead to few rows;
    /// 2. the only path, if it reads in id order;
    /// 3. the first path that turns out to lead to few rows;
    /// 4. the list itself, if its rows within the bounds are few;
    /// 5. the first path that reads in id order;
    /// 6. the list itself.
    async fn way(&self, conn: &impl ConnectionTrait) -> Result<&Way> {
        if let Some(few) = self.ways.iter().find(|way| way.reads == Reads::Few) {
            return Ok(few);
        }
        if let [only] = self.ways.as_slice()
            && only.reads == Reads::InOrder
        {
            return Ok(only);
        }
        for way in &self.ways {
            // an index that is not in id order cannot use the bounds, so it would have to read all rows of the condition to find the rows within the
            // bounds
            let rows = match way.reads {
                Reads::AnyOrder => self.unbounded(way),
                Reads::Few | Reads::InOrder => self.rows(way),
            };
            if self.scanned(conn, rows, FEW + 1).await? <= FEW {
                return Ok(way);
            }
        }
        let is_bounded = !self.ways.is_empty() && !self.bounds.is_empty();
        if is_bounded && self.scanned(conn, self.rows(&self.base), FEW + 1).await? <= FEW {
            return Ok(&self.base);
        }
        Ok(self.ways.iter().find(|way| way.reads == Reads::InOrder).unwrap_or(&self.base))
    }

    /// The length of the list, in one statement.
    async fn count(&self, conn: &impl ConnectionTrait, way: &Way) -> Result<Total> {
        if !self.is_filtered {
            return Ok(Total::of(self.scanned(conn, self.rows(way), MAX_COUNT + 1).await?));
        }
        let matching = CaseStatement::new().case(self.all.clone(), Expr::cust("1"));
        let query = Query::select()
            .expr_as(Expr::col(Asterisk).count(), Alias::new("scanned"))
            .expr_as(Expr::expr(matching).count(), Alias::new("matching"))
            .from_subquery(self.rows(way).limit(SCANNED + 1).to_owned(), Alias::new(E::default().as_str()))
            .to_owned();
        let Some(row) = conn.query_one(&query).await? else { return Ok(Total::of(0)) };
        let figure = |name| -> Result<u64> { u64::try_from(row.try_get::<i64>("", name)?).or_fault() };
        let total = Total::of(figure("matching")?);
        Ok(Total { is_exact: total.is_exact && figure("scanned")? <= SCANNED, ..total })
    }

    /// The number of rows of a query, up to `limit`.
    async fn scanned(
        &self,
        conn: &impl ConnectionTrait,
        mut rows: SelectStatement,
        limit: u64,
    ) -> Result<u64> {
        let rows = rows.clear_selects().expr_as(Expr::cust("1"), Alias::new("one")).limit(limit).to_owned();
        let query = Query::select()
            .expr_as(Expr::col(Asterisk).count(), Alias::new("count"))
            .from_subquery(rows, Alias::new("scanned"))
            .to_owned();
        let row = conn.query_one(&query).await?;
        let found: Option<i64> = row.map(|row| row.try_get("", "count")).transpose()?;
        u64::try_from(found.unwrap_or(0)).or_fault()
    }

    /// The rows of an access path, within the bounds.
    fn rows(&self, way: &Way) -> SelectStatement {
        let mut query = self.unbounded(way);
        if !self.bounds.is_empty() {
            query.cond_where(self.bounds.clone());
        }
        query
    }

    /// The rows of an access path.
    fn unbounded(&self, way: &Way) -> SelectStatement {
        let table = Alias::new(E::default().as_str());
        let mut query = Query::select();
        for column in &self.columns {
            query.column((table.clone(), Alias::new(column.as_str())));
        }
        query.from(table).cond_where(way.condition.clone()).to_owned()
    }

    /// The rows of `inner` that match all filters. A limit in `inner` prevents both databases from merging the two query levels.
    fn outer(&self, inner: SelectStatement, columns: &[E::Column]) -> SelectStatement {
        let table = Alias::new(E::default().as_str());
        let mut query = Query::select();
        for column in columns {
            query.column((table.clone(), Alias::new(column.as_str())));
        }
        query.from_subquery(inner, table).cond_where(self.all.clone()).to_owned()
    }

    fn after(&self, page: Page) -> Condition {
        let id = self.id;
        Condition::all()
            .add_option(page.above.map(|above| id.gt(above)))
            .add_option(page.below.map(|below| id.lt(below)))
    }

    fn page(&self, conn: &impl ConnectionTrait, way: &Way, page: Page) -> SelectStatement {
        let table = Alias::new(E::default().as_str());
        let order = if page.descending { Order::Desc } else { Order::Asc };
        let by_id = (table, Alias::new(self.id.as_str()));
        let mut inner = self.rows(way);
        let after = self.after(page);
        if !after.is_empty() {
            inner.cond_where(after);
        }
        let in_order = way.reads == Reads::InOrder;
        if in_order {
            inner.order_by(by_id.clone(), order.clone());
        }
        // an access path that leads to few rows is read completely
        let limit = if in_order && !self.is_filtered { page.limit } else { SCANNED };
        let mut query = self.outer(inner.limit(limit).to_owned(), &[self.id]);
        // with an outer ORDER BY, SQLite would sort all rows again instead of stopping at the limit; without it, SQLite reads the inner rows one by one, in
        // their order
        if !in_order || conn.get_database_backend() == DbBackend::Postgres {
            query.order_by(by_id, order);
        }
        query.limit(page.limit).to_owned()
    }
}

fn too_broad() -> Error {
    let message = base::message!(
        "More than {max} rows would have to be searched to find a page. Give a shorter time range.",
        max = SCANNED
    );
    Error::field(ErrorCode::SearchTooBroad, "filter", message)
}
