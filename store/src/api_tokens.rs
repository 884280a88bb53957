//! API tokens.

use chrono::{DateTime, Utc};
use entity::api_token::{ActiveModel, Column, Entity, Model};
use entity::user;
use sea_orm::sea_query::{Expr, LockType, SimpleExpr};
use sea_orm::{
    ActiveModelTrait as _, ColumnTrait as _, Condition, ConnectionTrait, EntityTrait as _,
    IntoActiveModel as _, PaginatorTrait as _, QueryFilter as _, QuerySelect as _, QueryTrait as _,
};
use uuid::Uuid;

use super::{Listed, Page, Scope, bulk};
use base::error::Result;

/// Maximum number of ended tokens that one query returns.
const MAX_ENDED: u64 = 10_000;

/// Condition that the user who made the token belongs to an account inside `scope`.
fn made_within(scope: &Scope) -> SimpleExpr {
    let makers = user::Entity::find()
        .select_only()
        .column(user::Column::Id)
        .filter(scope.owns((user::Entity, user::Column::AccountId)));
    Column::CreatedBy.in_subquery(makers.into_query())
}

/// Inserts a token.
///
/// # Errors
/// Every function in this module may fail with a database error.
pub async fn insert(conn: &impl ConnectionTrait, token: Model) -> Result<()> {
    Entity::insert(token.into_active_model()).exec_without_returning(conn).await?;
    Ok(())
}

/// Updates every column of a token. The calling function must have locked the row in this transaction.
pub async fn update(conn: &impl ConnectionTrait, token: Model) -> Result<Model> {
    let row: ActiveModel = token.into_active_model();
    Ok(row.reset_all().update(conn).await?)
}

/// The token with this hash of its secret, and the user who made it. This query ignores scopes, because the secret itself is the proof.
pub async fn by_secret(conn: &impl ConnectionTrait, hash: &str) -> Result<Option<(Model, user::Model)>> {
    let found =
        Entity::find().filter(Column::SecretHash.eq(hash)).find_also_related(user::Entity).one(conn).await?;
    Ok(found.and_then(|(token, user)| Some((token, user?))))
}

/// The token with this id, and the user who made it. This query ignores scopes, because the id comes from work that the token started.
pub async fn with_maker(conn: &impl ConnectionTrait, id: Uuid) -> Result<Option<(Model, user::Model)>> {
    let found = Entity::find_by_id(id).find_also_related(user::Entity).one(conn).await?;
    Ok(found.and_then(|(token, user)| Some((token, user?))))
}

/// Whether a token is valid: neither revoked nor made by a disabled user. Takes a shared lock on a valid token, so that nobody can end the token
/// until the transaction ends.
pub async fn hold(conn: &impl ConnectionTrait, id: Uuid) -> Result<bool> {
    let held: Option<Uuid> = Entity::find_by_id(id)
        .select_only()
        .column(Column::Id)
        .filter(Column::RevokedAt.is_null())
        .filter(Column::MakerDisabledAt.is_null())
        .lock_shared()
        .into_tuple()
        .one(conn)
        .await?;
    Ok(held.is_some())
}

/// The tokens with these ids that were made by users inside `scope`.
pub async fn find_all(conn: &impl ConnectionTrait, scope: &Scope, ids: &[Uuid]) -> Result<Vec<Model>> {
    let wanted = bulk::among(conn, Column::Id, ids.iter().copied());
    Ok(Entity::find().filter(wanted).filter(made_within(scope)).all(conn).await?)
}

/// Tokens by id. This query does not check the actor's scope: the calling function must have checked access to the records that refer to these
/// tokens.
pub async fn by_ids(conn: &impl ConnectionTrait, ids: &[Uuid]) -> Result<Vec<Model>> {
    Ok(Entity::find().filter(bulk::among(conn, Column::Id, ids.iter().copied())).all(conn).await?)
}

/// A token that a user inside `scope` made, locked until the transaction ends.
pub async fn lock(conn: &impl ConnectionTrait, scope: &Scope, id: Uuid) -> Result<Option<Model>> {
    let query = Entity::find_by_id(id).filter(made_within(scope)).lock(LockType::NoKeyUpdate);
    Ok(query.one(conn).await?)
}

/// The token that replaced the token `id`; `None` if the token was not rotated.
pub async fn successor(conn: &impl ConnectionTrait, id: Uuid) -> Result<Option<Model>> {
    Ok(Entity::find().filter(Column::RotatedFromId.eq(id)).one(conn).await?)
}

/// A page of an account's tokens that were made by users inside `scope`.
pub async fn list(
    conn: &impl ConnectionTrait,
    scope: &Scope,
    account_id: Uuid,
    page: Page,
) -> Result<Listed<Model>> {
    let query = Entity::find().filter(Column::AccountId.eq(account_id)).filter(made_within(scope));
    page.read(conn, query, Column::Id).await
}

/// Number of an account's tokens that are valid at `now`.
pub async fn count_valid(conn: &impl ConnectionTrait, account_id: Uuid, now: DateTime<Utc>) -> Result<u64> {
    let query = Entity::find()
        .filter(Column::AccountId.eq(account_id))
        .filter(Column::RevokedAt.is_null())
        .filter(Column::ExpiresAt.gt(now));
    Ok(query.count(conn).await?)
}

/// Whether any token of this chain of rotations is valid at `now`: neither revoked nor expired. It does not matter whether the user who made the
/// tokens is disabled.
pub async fn is_family_valid(
    conn: &impl ConnectionTrait,
    family_id: Uuid,
    now: DateTime<Utc>,
) -> Result<bool> {
    let query = Entity::find()
        .select_only()
        .column(Column::Id)
        .filter(Column::FamilyId.eq(family_id))
        .filter(Column::RevokedAt.is_null())
        .filter(Column::ExpiresAt.gt(now));
    let found: Option<Uuid> = query.limit(1).into_tuple().one(conn).await?;
    Ok(found.is_some())
}

/// Records that the user who made these tokens was disabled. If `at` is `None`, records that the user was enabled again. Returns the ids of the
/// user's tokens.
pub async fn set_maker_disabled(
    conn: &impl ConnectionTrait,
    user_id: Uuid,
    at: Option<DateTime<Utc>>,
) -> Result<Vec<Uuid>> {
    Entity::update_many()
        .col_expr(Column::MakerDisabledAt, Expr::value(at))
        .filter(Column::CreatedBy.eq(user_id))
        .exec(conn)
        .await?;
    let ids = Entity::find().select_only().column(Column::Id).filter(Column::CreatedBy.eq(user_id));
    Ok(ids.into_tuple().all(conn).await?)
}

/// Ids of the tokens that ended between `since` and `now`: revoked, expired, or made by a user who was disabled.
pub async fn ended(
    conn: &impl ConnectionTrait,
    since: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<Vec<Uuid>> {
    let expired = Condition::all().add(Column::ExpiresAt.gte(since)).add(Column::ExpiresAt.lte(now));
    let ended = Condition::any()
        .add(Column::RevokedAt.gte(since))
        .add(Column::MakerDisabledAt.gte(since))
        .add(expired);
    let query = Entity::find().select_only().column(Column::Id).filter(ended);
    Ok(query.limit(MAX_ENDED).into_tuple().all(conn).await?)
}

/// Records a use of the token, unless a use after `before` has already been recorded.
pub async fn touch(
    conn: &impl ConnectionTrait,
    id: Uuid,
    now: DateTime<Utc>,
    before: DateTime<Utc>,
) -> Result<()> {
    let stale = Condition::any().add(Column::LastUsedAt.is_null()).add(Column::LastUsedAt.lt(before));
    Entity::update_many()
        .col_expr(Column::LastUsedAt, Expr::value(now))
        .filter(Column::Id.eq(id))
        .filter(stale)
        .exec(conn)
        .await?;
    Ok(())
}
