//! Pages of lists in a stable order.

use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Select};
use uuid::Uuid;

/// Most rows a page may have.
pub const MAX_PAGE: u64 = 100;

/// Which part of a list ordered by UUIDv7 (by time made, that is) to read. Cursors are ids, so they survive inserts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Page {
    /// Ids above this one.
    pub above: Option<Uuid>,
    /// Ids below this one.
    pub below: Option<Uuid>,
    /// Rows to read; one more than the client asked for tells whether there are others.
    pub limit: u64,
    /// Read from the highest id down: which rows a limit leaves, not which ids are asked for.
    pub descending: bool,
}

impl Page {
    /// Narrows and orders `query` by the id column.
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
