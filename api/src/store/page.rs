//! Pages of lists in a stable order.

use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Select};
use uuid::Uuid;

/// Most rows a page may have.
pub const MAX_PAGE: u64 = 100;

/// Which part of a list ordered by UUIDv7 (by time made, that is) to read. Cursors are ids, so they survive inserts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Page {
    /// Rows after this one.
    pub after: Option<Uuid>,
    /// Rows before this one.
    pub before: Option<Uuid>,
    /// Rows to read; one more than the client asked for tells whether there are others.
    pub limit: u64,
    /// Newest first instead of oldest first.
    pub descending: bool,
}

impl Page {
    /// Ids have to be above the first and below the second.
    pub(super) fn bounds(self) -> (Option<Uuid>, Option<Uuid>) {
        if self.descending { (self.before, self.after) } else { (self.after, self.before) }
    }

    /// Narrows and orders `query` by the id column.
    pub fn apply<E: EntityTrait, C: ColumnTrait>(self, mut query: Select<E>, id: C) -> Select<E> {
        let (above, below) = self.bounds();
        if let Some(above) = above {
            query = query.filter(id.gt(above));
        }
        if let Some(below) = below {
            query = query.filter(id.lt(below));
        }
        let query = if self.descending { query.order_by_desc(id) } else { query.order_by_asc(id) };
        query.limit(self.limit)
    }
}
