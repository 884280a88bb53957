//! Pages of lists that are sorted by a name or an amount.
//!
//! A sorted list is limited to [`MAX_COUNT`] rows: its keys are read and sorted here, and then the rows of one page are read by their ids. In this
//! way, the order is the same on both databases, and amounts that change during a call need no index.

use std::collections::HashMap;

use uuid::Uuid;

use crate::page::{MAX_COUNT, Page, Total};
use base::error::{Error, ErrorCode, Result};

/// The value by which a list is sorted. All keys of a list are of the same kind.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Key {
    /// An amount in micros.
    Amount(i64),
    /// A name, folded by [`billing::fold::fold`].
    Name(String),
}

impl Key {
    /// The sort key of a display name.
    pub fn name(name: &str) -> Self {
        Self::Name(billing::fold::fold(name))
    }
}

/// The place of a row in a sorted list. The id makes the order stable among rows with the same key.
pub type Place = (Key, Uuid);

/// The part of a sorted list to read. The bounds and the direction are as in [`Page`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SortedPage {
    /// Exclusive lower bound.
    pub above: Option<Place>,
    /// Exclusive upper bound.
    pub below: Option<Place>,
    /// Maximum number of rows to read.
    pub limit: u64,
    /// Whether to read from the highest key down.
    pub descending: bool,
}

impl SortedPage {
    /// Selects this page's ids from the rows of the whole list.
    pub fn cut(&self, mut places: Vec<Place>) -> Vec<Uuid> {
        places.sort_unstable();
        let begin = self.above.as_ref().map_or(0, |above| places.partition_point(|place| place <= above));
        let end =
            self.below.as_ref().map_or(places.len(), |below| places.partition_point(|place| place < below));
        let within = places.get(begin..end).unwrap_or_default().iter().map(|(_, id)| *id);
        let limit = usize::try_from(self.limit).unwrap_or(usize::MAX);
        if self.descending { within.rev().take(limit).collect() } else { within.take(limit).collect() }
    }
}

/// The part of a list to read, in one of its orders.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Slice {
    /// The rows are in the order of creation.
    Created(Page),
    /// The rows are in the order of their sort keys. The length of the list is always counted.
    Sorted(SortedPage),
}

/// Sorts rows that were read by id into the order of `ids`. Ids without a row are left out.
pub fn in_order<T>(ids: &[Uuid], rows: Vec<T>, id: impl Fn(&T) -> Uuid) -> Vec<T> {
    let mut by_id: HashMap<Uuid, T> = rows.into_iter().map(|row| (id(&row), row)).collect();
    ids.iter().filter_map(|id| by_id.remove(id)).collect()
}

/// Returns the length of a list, if the list is short enough to be sorted.
///
/// # Errors
/// Fails with `SEARCH_TOO_BROAD` if the list has more than [`MAX_COUNT`] rows.
pub fn sortable(found: usize) -> Result<Total> {
    match Total::of(u64::try_from(found).unwrap_or(u64::MAX)) {
        total if total.is_exact => Ok(total),
        _ => {
            let message = base::message!(
                "A list of more than {max} objects cannot be sorted in this order. Narrow the list with a filter or a shorter time \
                 range.",
                max = MAX_COUNT
            );
            Err(Error::field(ErrorCode::SearchTooBroad, "orderBy", message))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(n: u128) -> Uuid {
        Uuid::from_u128(n)
    }

    #[test]
    fn pages_are_cut_in_both_directions() {
        let place = |amount: i64, n: u128| (Key::Amount(amount), id(n));
        let places = vec![place(5, 1), place(3, 2), place(5, 3), place(1, 4)];
        let page = |above, below, limit, descending| SortedPage { above, below, limit, descending };
        let cut = |page: SortedPage| page.cut(places.clone());
        assert_eq!(cut(page(None, None, 9, false)), [id(4), id(2), id(1), id(3)]);
        assert_eq!(cut(page(None, None, 2, true)), [id(3), id(1)]);
        assert_eq!(cut(page(None, Some(place(5, 1)), 9, true)), [id(2), id(4)]);
        assert_eq!(cut(page(Some(place(2, 9)), Some(place(5, 3)), 9, false)), [id(2), id(1)]);
        assert_eq!(cut(page(Some(place(9, 9)), Some(place(0, 0)), 9, false)), Vec::<Uuid>::new());
    }

    #[test]
    fn a_long_list_is_not_sorted() {
        assert!(sortable(10_000).is_ok_and(|total| total.is_exact));
        assert!(sortable(10_001).is_err());
    }
}
