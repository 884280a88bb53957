//! Lists of sessions with filters. The initial migration says which index serves which filter.

use entity::{SessionState, WordKind, cabin_session};
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, Condition, ConnectionTrait};
use uuid::Uuid;

use crate::filtered::{Filtered, Reads};
use crate::search::{self, Matches};
use crate::sessions::by_ids;
use crate::sorted::{Slice, in_order, sortable};
use crate::{Listed, Within, bulk};
use base::error::Result;

/// Filters the list of sessions. All given conditions must match.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SessionFilter {
    /// Sessions that were opened in this range.
    pub opened: Within,
    /// Words that the customer's name must contain, from [`billing::words::wanted`]; an empty list matches any customer.
    pub customer: Vec<String>,
    /// The session with this receipt.
    pub receipt_number: Option<i64>,
    /// Sessions in one of these states; in any state if the list is empty.
    pub states: Vec<SessionState>,
    /// Sessions in this cabin.
    pub cabin_id: Option<Uuid>,
    /// Sessions that this user opened.
    pub attendant_id: Option<Uuid>,
}

/// The columns of the filters and of the sort key.
const COLUMNS: [cabin_session::Column; 8] = {
    use cabin_session::Column::*;
    [Id, CallshopId, CabinId, OpenedBy, OpenedAt, State, ReceiptNumber, Total]
};

/// A page of one callshop's sessions. The sort key is the total.
///
/// # Errors
/// Fails with `SEARCH_TOO_BROAD` if rows that match the filters are too rare, or if more than 10,000 sessions would have to be sorted.
pub async fn list(
    conn: &impl ConnectionTrait,
    callshop_id: Uuid,
    filter: &SessionFilter,
    slice: &Slice,
) -> Result<Listed<cabin_session::Model>> {
    let list = filtered(conn, callshop_id, filter).await?;
    let page = match slice {
        Slice::Created(page) => list.ids(conn, *page).await?,
        Slice::Sorted(page) => {
            let places = list.places(conn, cabin_session::Column::Total).await?;
            let total = sortable(places.len())?;
            Listed { rows: page.cut(places), total: Some(total) }
        }
    };
    let rows = by_ids(conn, &page.rows).await?;
    Ok(page.with(in_order(&page.rows, rows, |row| row.id)))
}

async fn filtered(
    conn: &impl ConnectionTrait,
    callshop_id: Uuid,
    filter: &SessionFilter,
) -> Result<Filtered<cabin_session::Entity>> {
    use cabin_session::Column::{CabinId, CallshopId, Id, OpenedAt, OpenedBy, ReceiptNumber};
    let shop = || Condition::all().add(CallshopId.eq(callshop_id));
    let mut list = Filtered::new(Id, &COLUMNS, shop());
    if !filter.opened.is_open() {
        list.bound(filter.opened.ids(Id));
        list.check(filter.opened.times(OpenedAt));
    }
    if let Some(number) = filter.receipt_number {
        list.by_index(Reads::Few, shop().add(ReceiptNumber.eq(number)));
    }
    if !filter.customer.is_empty() {
        add_customer(&mut list, conn, callshop_id, &filter.customer).await?;
    }
    add_states(&mut list, callshop_id, &filter.states);
    if let Some(id) = filter.attendant_id {
        list.by_index(Reads::InOrder, Condition::all().add(OpenedBy.eq(id)));
    }
    if let Some(id) = filter.cabin_id {
        list.by_index(Reads::InOrder, Condition::all().add(CabinId.eq(id)));
    }
    Ok(list)
}

async fn add_customer(
    list: &mut Filtered<cabin_session::Entity>,
    conn: &impl ConnectionTrait,
    callshop_id: Uuid,
    words: &[String],
) -> Result<()> {
    if let Matches::Few(ids) = search::find(conn, WordKind::Session, callshop_id, words).await? {
        // the ids are in the statement only once, because SQLite limits the number of parameters
        list.by_way(Reads::Few, Condition::all().add(bulk::among(conn, cabin_session::Column::Id, ids)));
    }
    let id = (cabin_session::Entity, cabin_session::Column::Id);
    list.check(search::has_all(id, words).fold(Condition::all(), Condition::add));
    Ok(())
}

/// Adds the condition on the states. The conditions contain literals, as the partial indexes for unsettled and voided sessions do.
fn add_states(list: &mut Filtered<cabin_session::Entity>, callshop_id: Uuid, states: &[SessionState]) {
    use SessionState::{Closed, Closing, Open, Voided};
    use cabin_session::Column::{CallshopId, State};
    let shop = Condition::all().add(CallshopId.eq(callshop_id));
    if states.is_empty() {
        return;
    }
    list.check(Condition::all().add(State.is_in(states.iter().copied())));
    if states.iter().all(|state| [Open, Closing, Closed].contains(state)) {
        let unsettled = Expr::cust("\"cabin_session\".\"state\" IN ('OPEN', 'CLOSING', 'CLOSED')");
        let state = State.is_in(states.iter().copied());
        list.by_index(Reads::AnyOrder, shop.add(unsettled).add(state));
    } else if states == [Voided] {
        list.by_index(Reads::InOrder, shop.add(Expr::cust("\"cabin_session\".\"state\" = 'VOIDED'")));
    }
}
