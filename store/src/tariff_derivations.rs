//! Tariffs whose prices follow another tariff, and the versions that were derived.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use entity::tariff_derivation::{Column, Entity, Model};
use entity::{account, tariff, tariff_version};
use sea_orm::sea_query::{Condition, Expr, JoinType};
use sea_orm::{
    ActiveModelTrait as _, ColumnTrait as _, ConnectionTrait, EntityTrait as _, FromQueryResult,
    IntoActiveModel as _, PaginatorTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _,
    RelationTrait as _,
};
use serde_json::Value;
use uuid::Uuid;

use super::bulk;
use super::tariffs::effective_versions;
use base::error::Result;

/// The derivation of a tariff.
///
/// # Errors
/// Every function in this module may fail with a database error.
pub async fn find(conn: &impl ConnectionTrait, tariff_id: Uuid) -> Result<Option<Model>> {
    Ok(Entity::find_by_id(tariff_id).one(conn).await?)
}

/// The derivations of these tariffs.
pub async fn find_all(conn: &impl ConnectionTrait, tariff_ids: &[Uuid]) -> Result<Vec<Model>> {
    let these = bulk::among(conn, Column::TariffId, tariff_ids.iter().copied());
    Ok(Entity::find().filter(these).all(conn).await?)
}

/// The derivations that name one of these tariffs as their source.
pub async fn of_sources(conn: &impl ConnectionTrait, sources: &[Uuid]) -> Result<Vec<Model>> {
    let these = bulk::among(conn, Column::SourceTariffId, sources.iter().copied());
    Ok(Entity::find().filter(these).all(conn).await?)
}

/// Number of an account's derivations.
pub async fn count(conn: &impl ConnectionTrait, account_id: Uuid) -> Result<u64> {
    let query = Entity::find().join(JoinType::InnerJoin, entity::tariff_derivation::Relation::Tariff.def());
    Ok(query.filter(tariff::Column::AccountId.eq(account_id)).count(conn).await?)
}

/// Inserts a derivation.
pub async fn insert(conn: &impl ConnectionTrait, row: Model) -> Result<()> {
    Entity::insert(row.into_active_model()).exec_without_returning(conn).await?;
    Ok(())
}

/// Updates every column of a derivation. The calling function must have locked the derived tariff in this transaction.
pub async fn update(conn: &impl ConnectionTrait, row: Model) -> Result<Model> {
    Ok(row.into_active_model().reset_all().update(conn).await?)
}

/// Deletes a derivation. The versions that were derived remain.
pub async fn delete(conn: &impl ConnectionTrait, tariff_id: Uuid) -> Result<()> {
    Entity::delete_by_id(tariff_id).exec(conn).await?;
    Ok(())
}

/// A derivation, with the tariff that it follows now.
#[derive(Clone, Debug, FromQueryResult)]
pub struct Followed {
    /// The derivation.
    #[sea_orm(nested)]
    pub derivation: Model,
    /// The source: the named tariff, or the current cost tariff of the tariff's owner. `None` if the owner has no cost tariff.
    pub source_id: Option<Uuid>,
}

/// At most `limit` derivations of tariffs that are not archived, in the order of the tariffs' ids, after the tariff `after`.
pub async fn page(conn: &impl ConnectionTrait, after: Option<Uuid>, limit: u64) -> Result<Vec<Followed>> {
    let mut query = with_source().filter(tariff::Column::ArchivedAt.is_null());
    if let Some(after) = after {
        query = query.filter(Column::TariffId.gt(after));
    }
    Ok(query.order_by_asc(Column::TariffId).limit(limit).into_model().all(conn).await?)
}

/// The derivation of a tariff, with its source.
pub async fn followed(conn: &impl ConnectionTrait, tariff_id: Uuid) -> Result<Option<Followed>> {
    Ok(with_source().filter(Column::TariffId.eq(tariff_id)).into_model().one(conn).await?)
}

fn with_source() -> sea_orm::Select<Entity> {
    let named = Expr::col((Entity, Column::SourceTariffId));
    let cost = Expr::col((account::Entity, account::Column::CostTariffId));
    Entity::find()
        .join(JoinType::InnerJoin, entity::tariff_derivation::Relation::Tariff.def())
        .join(JoinType::InnerJoin, tariff::Relation::Account.def())
        .expr_as(Expr::expr(sea_orm::sea_query::Func::coalesce([named, cost])), "source_id")
}

/// A version that is in force or scheduled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromQueryResult)]
pub struct Planned {
    /// The version's tariff.
    pub tariff_id: Uuid,
    /// The version.
    pub id: Uuid,
    /// When the version takes effect.
    pub active_from: DateTime<Utc>,
}

/// For each of these tariffs, the version in force and the scheduled versions, in the order in which they take effect. Tariffs without such versions
/// are omitted.
pub async fn planned(
    conn: &impl ConnectionTrait,
    tariff_ids: &[Uuid],
    now: DateTime<Utc>,
) -> Result<HashMap<Uuid, Vec<Planned>>> {
    use tariff_version::Column::{ActiveFrom, Id, Number, TariffId};
    let in_force = effective_versions(conn, tariff_ids, now).await?;
    let in_force = in_force.values().map(|(id, _)| *id);
    let scheduled =
        Condition::all().add(bulk::among(conn, TariffId, tariff_ids.iter().copied())).add(ActiveFrom.gt(now));
    let either = Condition::any().add(bulk::among(conn, Id, in_force)).add(scheduled);
    let query = tariff_version::Entity::find()
        .select_only()
        .columns([TariffId, Id, ActiveFrom])
        .filter(either)
        .filter(ActiveFrom.is_not_null())
        .order_by_asc(ActiveFrom)
        .order_by_asc(Number);
    let mut planned: HashMap<Uuid, Vec<Planned>> = HashMap::new();
    for version in query.into_model::<Planned>().all(conn).await? {
        planned.entry(version.tariff_id).or_default().push(version);
    }
    Ok(planned)
}

/// Reserves a derivation, so that no other node works on it until `until`. Returns false if another node has reserved the derivation, or if it was
/// changed or is not due yet.
pub async fn take(
    conn: &impl ConnectionTrait,
    derivation: &Model,
    now: DateTime<Utc>,
    until: DateTime<Utc>,
) -> Result<bool> {
    let is_due = Condition::any().add(Column::NextAt.is_null()).add(Column::NextAt.lte(now));
    let taken = Entity::update_many()
        .col_expr(Column::NextAt, Expr::value(until))
        .filter(Column::TariffId.eq(derivation.tariff_id))
        .filter(Column::Revision.eq(derivation.revision))
        .filter(is_due);
    Ok(taken.exec(conn).await?.rows_affected > 0)
}

/// Records how an attempt ended: the versions that the tariff follows now, or the problem and the time of the next attempt. Does nothing if the
/// derivation was changed meanwhile.
pub async fn end(
    conn: &impl ConnectionTrait,
    derivation: &Model,
    followed: Option<Value>,
    problem: Option<Value>,
    next_at: Option<DateTime<Utc>>,
) -> Result<()> {
    let mut update = Entity::update_many()
        .col_expr(Column::Problem, Expr::value(problem))
        .col_expr(Column::NextAt, Expr::value(next_at));
    if let Some(followed) = followed {
        update = update.col_expr(Column::Followed, Expr::value(followed));
    }
    let update = update
        .filter(Column::TariffId.eq(derivation.tariff_id))
        .filter(Column::Revision.eq(derivation.revision));
    update.exec(conn).await?;
    Ok(())
}

/// The tariff's derived versions that are not in force and never were: scheduled versions in descending order of effective time, then drafts.
pub async fn pending(
    conn: &impl ConnectionTrait,
    tariff_id: Uuid,
    now: DateTime<Utc>,
) -> Result<Vec<tariff_version::Model>> {
    use tariff_version::Column::{ActiveFrom, SourceRevision, TariffId};
    let pending = Condition::any().add(ActiveFrom.is_null()).add(ActiveFrom.gt(now));
    let query = tariff_version::Entity::find()
        .filter(TariffId.eq(tariff_id))
        .filter(SourceRevision.is_not_null())
        .filter(pending);
    let mut found = query.all(conn).await?;
    found.sort_by_key(|version| std::cmp::Reverse((version.active_from, version.number)));
    Ok(found)
}

/// The tariff's derived version that took effect last, at or before `at`.
pub async fn latest(
    conn: &impl ConnectionTrait,
    tariff_id: Uuid,
    at: DateTime<Utc>,
) -> Result<Option<tariff_version::Model>> {
    use tariff_version::Column::{ActiveFrom, Number, SourceRevision, TariffId};
    let query = tariff_version::Entity::find()
        .filter(TariffId.eq(tariff_id))
        .filter(SourceRevision.is_not_null())
        .filter(ActiveFrom.lte(at))
        .order_by_desc(ActiveFrom)
        .order_by_desc(Number);
    Ok(query.one(conn).await?)
}

/// Whether the tariff is the account's cost tariff.
pub async fn is_cost_of(conn: &impl ConnectionTrait, tariff_id: Uuid, account_id: Uuid) -> Result<bool> {
    let query = account::Entity::find_by_id(account_id).filter(account::Column::CostTariffId.eq(tariff_id));
    Ok(query.count(conn).await? > 0)
}
