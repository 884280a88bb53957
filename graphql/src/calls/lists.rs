//! Lists of calls: a callshop's, a cabin's and a session's.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

use async_graphql::Context;
use async_graphql::parser::types::{Selection, SelectionSet};
use chrono::{DateTime, Utc};
use entity::call;
use uuid::Uuid;

use super::types::Call;
use crate::compiled::Fragments;
use crate::fields::{Declared as _, Field};
use crate::filters::{CallFilterInput, CallOrder};
use crate::loaders::{CallsOf, load};
use crate::paging::{Page, Paging, Sort, connection, is_counted, sorted};
use crate::payload::top_level;
use crate::{actor, app};
use app::calls;
use base::error::{Error, Result};
use store::Listed;
use store::calls::{CallFilter, Detail};
use store::sorted::Key;

/// The cabin or session whose calls are listed.
#[derive(Clone, Copy, Debug)]
pub(crate) enum CallOwner {
    /// Calls that were made from this cabin.
    Cabin(Uuid),
    /// Calls that are billed to this session, which was opened at the given time.
    Session(Uuid, DateTime<Utc>),
}

impl CallOwner {
    /// The filter, limited to the calls of the cabin or session.
    fn narrow(self, mut filter: CallFilter) -> Result<CallFilter> {
        let (field, given, id) = match self {
            Self::Cabin(id) => ("filter.cabinId", &mut filter.cabin_id, id),
            Self::Session(id, _) => ("filter.sessionId", &mut filter.session_id, id),
        };
        if given.replace(id).is_some_and(|other| other != id) {
            return Err(Error::invalid(
                field,
                "Omit this field: it names a different object from the one whose calls are listed.",
            ));
        }
        Ok(filter)
    }
}

/// A page of a cabin's or session's calls. The calling function must have checked that the user may see the cabin or session. Lists that use the
/// default order and no filters are read together for all cabins or sessions of a response.
///
/// # Errors
/// Fails with `INVALID_INPUT` for invalid arguments. May also fail with `SEARCH_TOO_BROAD` or database errors.
pub(crate) async fn calls_of(
    ctx: &Context<'_>,
    shop: Uuid,
    owner: CallOwner,
    filter: Option<CallFilterInput>,
    order_by: Option<CallOrder>,
    paging: Paging,
) -> async_graphql::Result<Page<Call>> {
    let now = app(ctx).clock.now();
    let is_usual = order_by.is_none_or(|order| order == CallOrder::TimeDesc);
    if filter.is_some() || !is_usual || is_counted(ctx) {
        let filter = filter.unwrap_or_default().parse().and_then(|filter| owner.narrow(filter));
        return listed(ctx, shop, filter.map_err(top_level)?, order_by, paging).await;
    }
    let detail = detail(&ctx.query_env.fragments, &ctx.item.node.selection_set.node);
    let of = |page| match owner {
        CallOwner::Cabin(id) => CallsOf::Cabin(id, page, detail),
        CallOwner::Session(id, opened_at) => CallsOf::Session((id, opened_at), page, detail),
    };
    let read = async |page| Ok(Listed { rows: load(ctx, of(page)).await?.unwrap_or_default(), total: None });
    connection(ctx, paging, true, read, |row: &Arc<call::View>| row.id, |row| Call::shown(ctx, row, now))
        .await
}

/// The parts of calls that a selection set reads. Fields of other types also count if they have the name of a field of a call.
fn detail(fragments: &Fragments, set: &SelectionSet) -> Detail {
    static OF_FIELDS: LazyLock<HashMap<&str, Detail>> = LazyLock::new(|| {
        let detail = |field: &Field| Detail {
            is_priced: field.columns.contains(&"retail"),
            is_whole: field.columns.iter().any(|column| call::View::DETAILS.contains(column)),
        };
        Call::DECLARATION.fields.iter().map(|field| (field.name, detail(field))).collect()
    });
    set.items.iter().fold(Detail::default(), |found, selection| {
        found.or(match &selection.node {
            Selection::Field(field) => {
                let of_field = OF_FIELDS.get(field.node.name.node.as_str()).copied().unwrap_or_default();
                of_field.or(detail(fragments, &field.node.selection_set.node))
            }
            Selection::InlineFragment(inline) => detail(fragments, &inline.node.selection_set.node),
            Selection::FragmentSpread(spread) => {
                let fragment = fragments.get(&spread.node.fragment_name.node);
                fragment.map_or(Detail::default(), |it| detail(fragments, &it.node.selection_set.node))
            }
        })
    })
}

/// A page of a callshop's calls that match a filter.
pub(super) async fn listed(
    ctx: &Context<'_>,
    shop: Uuid,
    filter: CallFilter,
    order_by: Option<CallOrder>,
    paging: Paging,
) -> async_graphql::Result<Page<Call>> {
    let (app, actor) = (app(ctx), actor(ctx)?);
    let now = app.clock.now();
    let order = (order_by.map_or(Sort::NEWEST_FIRST, Into::into), Sort::NEWEST_FIRST);
    let read = |slice| calls::list(app, actor, shop, &filter, slice);
    let place = |row: &call::View| (Key::Amount(row.charge.0), row.id);
    sorted(ctx, paging, order, read, place, |row| Call::shown(ctx, row, now)).await
}
