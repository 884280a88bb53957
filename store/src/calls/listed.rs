//! Lists of calls with filters. The initial migration says which index serves which filter.

use entity::{CallState, call, live_call};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DbBackend, EntityTrait, QueryFilter, QuerySelect as _,
    QueryTrait as _,
};
use uuid::Uuid;

use super::LIVE;
use super::shown::views;
use crate::filtered::{Filtered, Reads};
use crate::page::{Listed, Total};
use crate::sorted::{Slice, in_order, sortable};
use crate::{Page, Within, bulk};
use base::error::Result;

/// Filters the list of calls. All given conditions must match.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CallFilter {
    /// Calls that were authorized in this range.
    pub authorized: Within,
    /// Calls to numbers that begin with these digits.
    pub number: Option<String>,
    /// Calls to the destination with this name, spelled as in the rates.
    pub destination: Option<String>,
    /// Calls in one of these states; in any state if the list is empty.
    pub states: Vec<CallState>,
    /// Calls made from this cabin.
    pub cabin_id: Option<Uuid>,
    /// Calls on this session's bill.
    pub session_id: Option<Uuid>,
    /// Calls in sessions that this user opened.
    pub attendant_id: Option<Uuid>,
    /// Calls that were refused for this reason.
    pub refusal: Option<String>,
}

/// The columns of the filters and of the sort key.
const COLUMNS: [call::Column; 11] = {
    use call::Column::*;
    [
        Id,
        CallshopId,
        CabinId,
        SessionId,
        AttendantId,
        Number,
        Destination,
        State,
        AuthorizedAt,
        Refusal,
        Charge,
    ]
};

/// A page of one callshop's calls. The sort key is the price.
///
/// # Errors
/// Fails with `SEARCH_TOO_BROAD` if rows that match the filters are too rare, or if more than 10,000 calls would have to be sorted.
pub async fn list(
    conn: &impl ConnectionTrait,
    callshop_id: Uuid,
    filter: &CallFilter,
    slice: &Slice,
) -> Result<Listed<call::View>> {
    let page = match slice {
        Slice::Created(page) if *filter == CallFilter::default() => {
            return plain(conn, callshop_id, *page).await;
        }
        Slice::Created(page) => filtered(callshop_id, filter).ids(conn, *page).await?,
        Slice::Sorted(page) => {
            let places = filtered(callshop_id, filter).places(conn, call::Column::Charge).await?;
            let total: Total = sortable(places.len())?;
            Listed { rows: page.cut(places), total: Some(total) }
        }
    };
    let rows = by_ids(conn, &page.rows).await?;
    Ok(page.with(in_order(&page.rows, rows, |row| row.id)))
}

/// A page of the list without filters, in one statement.
async fn plain(conn: &impl ConnectionTrait, callshop_id: Uuid, page: Page) -> Result<Listed<call::View>> {
    let query = call::Entity::find().filter(call::Column::CallshopId.eq(callshop_id));
    let total = page.total(conn, &query).await?;
    Ok(Listed { rows: views(conn, page.apply(query, call::Column::Id)).await?, total })
}

/// The calls with these ids. The ids must come from a list of the callshop's calls.
async fn by_ids(conn: &impl ConnectionTrait, ids: &[Uuid]) -> Result<Vec<call::View>> {
    let Some((first, last)) = ids.iter().min().zip(ids.iter().max()) else { return Ok(Vec::new()) };
    let mut query = call::Entity::find().filter(bulk::among(conn, call::Column::Id, ids.iter().copied()));
    if conn.get_database_backend() == DbBackend::Postgres {
        // with this range of ids, PostgreSQL can skip the partitions outside the page
        query = query.filter(call::Column::Id.between(*first, *last));
    }
    views(conn, query).await
}

fn filtered(callshop_id: Uuid, filter: &CallFilter) -> Filtered<call::Entity> {
    use call::Column::{
        AttendantId, AuthorizedAt, CabinId, CallshopId, Destination, Id, Number, Refusal, SessionId, State,
    };
    let shop = || Condition::all().add(CallshopId.eq(callshop_id));
    let mut list = Filtered::new(Id, &COLUMNS, shop());
    if !filter.authorized.is_open() {
        list.bound(filter.authorized.ids(Id));
        list.check(filter.authorized.times(AuthorizedAt));
    }
    // the access paths with the fewest calls come first
    if let Some(id) = filter.session_id {
        list.by_index(Reads::Few, Condition::all().add(SessionId.eq(id)));
    }
    if let Some(number) = &filter.number {
        let range = shop().add(Number.gte(number)).add(Number.lt(format!("{number}:")));
        list.by_index(Reads::AnyOrder, range);
    }
    if let Some(refusal) = &filter.refusal {
        list.by_index(Reads::InOrder, shop().add(Refusal.eq(refusal)));
    }
    if let Some(destination) = &filter.destination {
        list.by_index(Reads::InOrder, shop().add(Destination.eq(destination)));
    }
    if let Some(id) = filter.attendant_id {
        list.by_index(Reads::InOrder, Condition::all().add(AttendantId.eq(id)));
    }
    if let Some(id) = filter.cabin_id {
        list.by_index(Reads::InOrder, Condition::all().add(CabinId.eq(id)));
    }
    if !filter.states.is_empty() {
        list.check(Condition::all().add(State.is_in(filter.states.iter().copied())));
        add_states(&mut list, callshop_id, &filter.states);
    }
    list
}

/// Adds the access path for rare states, which are the states of live calls and of refused calls.
fn add_states(list: &mut Filtered<call::Entity>, callshop_id: Uuid, states: &[CallState]) {
    if states.iter().all(|state| LIVE.contains(state)) {
        let live = entity::live_call::Entity::find()
            .select_only()
            .column(live_call::Column::CallId)
            .filter(live_call::Column::CallshopId.eq(callshop_id));
        let condition = call::Column::Id.in_subquery(live.into_query());
        list.by_index(Reads::Few, Condition::all().add(condition));
    } else if states == [CallState::Refused] {
        // every refused call has a reason
        let refused = Condition::all()
            .add(call::Column::CallshopId.eq(callshop_id))
            .add(call::Column::Refusal.is_not_null());
        list.by_index(Reads::InOrder, refused);
    }
}
