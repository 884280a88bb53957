//! Cursor pagination of lists in a stable order.

use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Select};
use uuid::Uuid;

/// Maximum number of rows in a page.
pub const MAX_PAGE: u64 = 100;

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
}
