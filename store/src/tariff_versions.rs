//! The lifecycle of tariff versions: schedules that depend on each other, discarded drafts, and the accounts and callshops whose calls a tariff
//! prices.

use std::collections::{BTreeMap, HashMap};

use billing::money::Micros;
use chrono::{DateTime, Utc};
use entity::{AccountKind, CallState, account, call, rate, tariff_version};
use sea_orm::sea_query::{Alias, Expr, ExprTrait as _, JoinType, Order, Query};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, FromQueryResult, PaginatorTrait, QueryFilter,
    QueryOrder, QuerySelect,
};
use uuid::Uuid;

use crate::Scope;
use crate::calls::{ChargedLevel, charges_of};
use crate::tariffs::Spread;
use base::error::Result;

/// The first version that was activated or scheduled as the successor of this version.
///
/// # Errors
/// Every function in this module may fail with a database error.
pub async fn successor(
    conn: &impl ConnectionTrait,
    tariff_id: Uuid,
    version_id: Uuid,
) -> Result<Option<tariff_version::Model>> {
    let query = of_tariff(tariff_id)
        .filter(tariff_version::Column::BaseVersionId.eq(version_id))
        .filter(tariff_version::Column::ActiveFrom.is_not_null())
        .order_by_asc(tariff_version::Column::ActiveFrom);
    Ok(query.one(conn).await?)
}

/// A version, in any state, that was made from this version.
pub async fn made_from(
    conn: &impl ConnectionTrait,
    tariff_id: Uuid,
    version_id: Uuid,
) -> Result<Option<tariff_version::Model>> {
    let query = of_tariff(tariff_id).filter(tariff_version::Column::BaseVersionId.eq(version_id));
    Ok(query.order_by_asc(tariff_version::Column::Number).one(conn).await?)
}

/// The ids of at most `limit` versions that take effect between the two times, in the order in which they take effect. Only versions of assigned
/// tariffs are included.
pub async fn beginning(
    conn: &impl ConnectionTrait,
    (since, until): (DateTime<Utc>, DateTime<Utc>),
    limit: u64,
) -> Result<Vec<Uuid>> {
    let is_paid_by = |column: account::Column| {
        let payer = Query::select()
            .expr(Expr::val(1))
            .from(account::Entity)
            .and_where(
                Expr::col((account::Entity, column))
                    .equals((tariff_version::Entity, tariff_version::Column::TariffId)),
            )
            .to_owned();
        Expr::exists(payer)
    };
    let query = tariff_version::Entity::find()
        .select_only()
        .column(tariff_version::Column::Id)
        .filter(tariff_version::Column::ActiveFrom.gt(since))
        .filter(tariff_version::Column::ActiveFrom.lte(until))
        .filter(
            Condition::any()
                .add(is_paid_by(account::Column::CostTariffId))
                .add(is_paid_by(account::Column::RetailTariffId)),
        )
        .order_by_asc(tariff_version::Column::ActiveFrom)
        .limit(limit);
    Ok(query.into_tuple().all(conn).await?)
}

/// The ids of at most `limit` scheduled versions that have taken effect, but whose owners have not been notified, with the ids of their tariffs.
pub async fn begun(conn: &impl ConnectionTrait, now: DateTime<Utc>, limit: u64) -> Result<Vec<(Uuid, Uuid)>> {
    // the condition is written as in the partial index
    let query = tariff_version::Entity::find()
        .select_only()
        .columns([tariff_version::Column::Id, tariff_version::Column::TariffId])
        .filter(Expr::cust("starts_later"))
        .filter(tariff_version::Column::ActiveFrom.lte(now))
        .order_by_asc(tariff_version::Column::ActiveFrom)
        .limit(limit);
    Ok(query.into_tuple().all(conn).await?)
}

/// Records that the owner was notified that a scheduled version took effect. Returns false if another node has notified the owner, or if the
/// schedule was canceled.
pub async fn mark_begun(conn: &impl ConnectionTrait, id: Uuid, now: DateTime<Utc>) -> Result<bool> {
    let marked = tariff_version::Entity::update_many()
        .col_expr(tariff_version::Column::StartsLater, Expr::value(false))
        .filter(tariff_version::Column::Id.eq(id))
        .filter(tariff_version::Column::StartsLater.eq(true))
        .filter(tariff_version::Column::ActiveFrom.lte(now))
        .exec(conn)
        .await?;
    Ok(marked.rows_affected > 0)
}

fn of_tariff(tariff_id: Uuid) -> sea_orm::Select<tariff_version::Entity> {
    tariff_version::Entity::find().filter(tariff_version::Column::TariffId.eq(tariff_id))
}

/// Deletes at most `limit` rates of a version, and returns the number of deleted rates.
pub async fn delete_rates(conn: &impl ConnectionTrait, version_id: Uuid, limit: u64) -> Result<u64> {
    let some = Query::select()
        .column(rate::Column::Prefix)
        .from(rate::Entity)
        .and_where(rate::Column::VersionId.eq(version_id))
        .order_by(rate::Column::Prefix, Order::Asc)
        .limit(limit)
        .to_owned();
    let query = rate::Entity::delete_many()
        .filter(rate::Column::VersionId.eq(version_id))
        .filter(rate::Column::Prefix.in_subquery(some));
    Ok(query.exec(conn).await?.rows_affected)
}

/// Deletes a version without rates, unless it was activated.
pub async fn delete_draft(conn: &impl ConnectionTrait, version_id: Uuid) -> Result<()> {
    let query = tariff_version::Entity::delete_many()
        .filter(tariff_version::Column::Id.eq(version_id))
        .filter(tariff_version::Column::ActiveFrom.is_null())
        .filter(tariff_version::Column::RateCount.eq(0));
    query.exec(conn).await?;
    Ok(())
}

/// The number of accounts that have this tariff as their cost or retail tariff.
pub async fn assignments(conn: &impl ConnectionTrait, tariff_id: Uuid) -> Result<u64> {
    let either = Condition::any()
        .add(account::Column::CostTariffId.eq(tariff_id))
        .add(account::Column::RetailTariffId.eq(tariff_id));
    Ok(account::Entity::find().filter(either).count(conn).await?)
}

/// Pairs of a parent's cost tariff and a child's cost tariff. In each pair, at least one of the two is this tariff. The child's tariff is
/// `retail_tariff_id`, and `callshops` is the number of children with the pair. Returns at most `limit` pairs, those with the most accounts first.
pub async fn resales(conn: &impl ConnectionTrait, tariff_id: Uuid, limit: u64) -> Result<Vec<Spread>> {
    let cost = |table: &str| Expr::col((Alias::new(table), account::Column::CostTariffId));
    let either = Condition::any().add(cost("buyer").eq(tariff_id)).add(cost("seller").eq(tariff_id));
    resales_where(conn, either, limit).await
}

/// Like [`resales`], but returns only the pairs in which the parent is the account `seller_id`.
pub async fn resales_of(conn: &impl ConnectionTrait, seller_id: Uuid, limit: u64) -> Result<Vec<Spread>> {
    let id = Expr::col((Alias::new("seller"), account::Column::Id));
    resales_where(conn, Condition::all().add(id.eq(seller_id)), limit).await
}

async fn resales_where(conn: &impl ConnectionTrait, condition: Condition, limit: u64) -> Result<Vec<Spread>> {
    use account::Column::{CostTariffId, Id, ParentId};
    let (buyer, seller) = (Alias::new("buyer"), Alias::new("seller"));
    let cost = |table: &Alias| Expr::col((table.clone(), CostTariffId));
    let count = || Expr::col((buyer.clone(), Id)).count();
    let joined = Expr::col((buyer.clone(), ParentId)).equals((seller.clone(), Id));
    let query = Query::select()
        .expr_as(cost(&seller), Alias::new("cost_tariff_id"))
        .expr_as(cost(&buyer), Alias::new("retail_tariff_id"))
        .expr_as(count(), Alias::new("callshops"))
        .from_as(account::Entity, buyer.clone())
        .join_as(JoinType::InnerJoin, account::Entity, seller.clone(), joined)
        .and_where(cost(&buyer).is_not_null())
        .and_where(cost(&seller).is_not_null())
        .cond_where(condition)
        .group_by_col((seller.clone(), CostTariffId))
        .group_by_col((buyer.clone(), CostTariffId))
        .order_by_expr(count(), Order::Desc)
        .limit(limit)
        .to_owned();
    let rows = conn.query_all(&query).await?;
    rows.iter().map(|row| Ok(Spread::from_query_result(row, "")?)).collect()
}

/// A callshop with calls that are priced by a tariff.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PricedShop {
    /// The callshop.
    pub callshop_id: Uuid,
    /// The highest level at which the tariff sets the price of the callshop's calls: 0 is the customer's level, and 1 is the callshop's.
    pub level: i32,
    /// Whether the tariff also sets the price at the customer's level.
    pub is_retail: bool,
}

/// At most `limit` callshops whose calls this tariff prices now.
pub async fn priced_shops(
    conn: &impl ConnectionTrait,
    tariff_id: Uuid,
    limit: u64,
) -> Result<Vec<PricedShop>> {
    let either = Condition::any()
        .add(account::Column::CostTariffId.eq(tariff_id))
        .add(account::Column::RetailTariffId.eq(tariff_id));
    let query = account::Entity::find().filter(either).order_by_asc(account::Column::Id).limit(limit);
    let mut shops: BTreeMap<Uuid, PricedShop> = BTreeMap::new();
    for payer in query.all(conn).await? {
        let left = limit.saturating_sub(shops.len() as u64);
        for shop in below(conn, &payer, tariff_id, left).await? {
            let known = shops.entry(shop.callshop_id).or_insert(shop);
            known.level = Ord::max(known.level, shop.level);
            known.is_retail |= shop.is_retail;
        }
    }
    Ok(shops.into_values().collect())
}

/// The callshops for whose calls this account pays according to the tariff.
async fn below(
    conn: &impl ConnectionTrait,
    payer: &account::Model,
    tariff_id: Uuid,
    limit: u64,
) -> Result<Vec<PricedShop>> {
    if payer.kind == AccountKind::Callshop {
        let retail = payer.retail_tariff_id.or(payer.cost_tariff_id) == Some(tariff_id);
        let level = i32::from(payer.cost_tariff_id == Some(tariff_id));
        return Ok(vec![PricedShop { callshop_id: payer.id, level, is_retail: retail }]);
    }
    let query = account::Entity::find()
        .filter(Scope::subtree(&payer.path).accounts())
        .filter(account::Column::Kind.eq(AccountKind::Callshop))
        .order_by_asc(account::Column::Id)
        .limit(limit);
    // in a path, a slash follows each account's id; the callshop itself pays at level 1
    let depth = |path: &str| i32::try_from(path.matches('/').count()).unwrap_or(i32::MAX);
    let shop = |shop: account::Model| PricedShop {
        callshop_id: shop.id,
        level: depth(&shop.path) - depth(&payer.path) + 1,
        is_retail: false,
    };
    Ok(query.all(conn).await?.into_iter().map(shop).collect())
}

/// A call, with the facts on which its price depends.
#[derive(Clone, Debug, FromQueryResult)]
pub struct PastCall {
    /// The call.
    pub id: Uuid,
    /// State of the call.
    pub state: CallState,
    /// E.164 digits.
    pub number: String,
    /// When the call was answered.
    pub answered_at: Option<DateTime<Utc>>,
    /// Seconds of talk.
    pub talk_seconds: i32,
}

/// A page of a callshop's attempts between two ids (exclusive), newest first. The page includes attempts in all states, so each statement reads at
/// most `limit` rows.
pub async fn past_calls(
    conn: &impl ConnectionTrait,
    callshop_id: Uuid,
    (after, before): (Uuid, Uuid),
    limit: u64,
) -> Result<Vec<PastCall>> {
    use call::Column::{AnsweredAt, Id, Number, State, TalkSeconds};
    let query = call::Entity::find()
        .select_only()
        .columns([Id, State, Number, AnsweredAt, TalkSeconds])
        .filter(call::Column::CallshopId.eq(callshop_id))
        .filter(Id.gt(after))
        .filter(Id.lt(before))
        .order_by_desc(Id)
        .limit(limit);
    Ok(query.into_model::<PastCall>().all(conn).await?)
}

/// The charges of these calls, by call and level.
pub async fn charges(conn: &impl ConnectionTrait, calls: &[Uuid]) -> Result<HashMap<(Uuid, i32), Micros>> {
    let charges = charges_of(conn, calls).await?.into_iter();
    let by_level = |(id, charges): (Uuid, Vec<ChargedLevel>)| {
        charges.into_iter().map(move |charge| ((id, charge.level), charge.amount.into()))
    };
    Ok(charges.flat_map(by_level).collect())
}
