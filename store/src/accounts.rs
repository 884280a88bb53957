//! Accounts, callshop settings, users, logins and shared settings.

use chrono::{DateTime, Utc};
use entity::{AccountKind, account, auth_session, callshop, login_failure, setting, user};
use sea_orm::sea_query::{Expr, LockType};
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, ConnectionTrait, EntityTrait, IntoActiveModel,
    QueryFilter, QueryOrder, QuerySelect, Statement,
};
use uuid::Uuid;

use super::{Scope, account_list, bulk};
use base::error::{Error, Result};

/// The root of the account tree; `None` before it is created.
///
/// # Errors
/// Every function in this module may fail with a database error.
pub async fn platform(conn: &impl ConnectionTrait) -> Result<Option<account::Model>> {
    Ok(account::Entity::find().filter(account::Column::ParentId.is_null()).one(conn).await?)
}

/// An account inside `scope`.
pub async fn find(conn: &impl ConnectionTrait, scope: &Scope, id: Uuid) -> Result<Option<account::Model>> {
    Ok(account::Entity::find_by_id(id).filter(scope.accounts()).one(conn).await?)
}

/// The accounts with these ids that are inside `scope`.
pub async fn find_all(
    conn: &impl ConnectionTrait,
    scope: &Scope,
    ids: &[Uuid],
) -> Result<Vec<account::Model>> {
    let wanted = bulk::among(conn, account::Column::Id, ids.iter().copied());
    Ok(account::Entity::find().filter(wanted).filter(scope.accounts()).all(conn).await?)
}

/// Like [`find`], but locks the account until the transaction ends.
pub async fn lock(conn: &impl ConnectionTrait, scope: &Scope, id: Uuid) -> Result<Option<account::Model>> {
    Ok(account::Entity::find_by_id(id).filter(scope.accounts()).lock(LockType::NoKeyUpdate).one(conn).await?)
}

/// Accounts by id. This query does not check the actor's scope: the calling function must have checked access to the chain of accounts.
pub async fn by_ids(conn: &impl ConnectionTrait, ids: &[Uuid]) -> Result<Vec<account::Model>> {
    Ok(account::Entity::find()
        .filter(bulk::among(conn, account::Column::Id, ids.iter().copied()))
        .all(conn)
        .await?)
}

/// The account with this code, which is the part of a login after `@`. This query ignores scopes, because nobody is logged in yet.
pub async fn by_code(conn: &impl ConnectionTrait, code: &str) -> Result<Option<account::Model>> {
    Ok(account::Entity::find().filter(account::Column::Code.eq(code)).one(conn).await?)
}

/// Inserts an account, and the words of its name.
pub async fn insert(conn: &impl ConnectionTrait, account: account::Model) -> Result<()> {
    account::Entity::insert(account.clone().into_active_model()).exec_without_returning(conn).await?;
    account_list::add_account(conn, &account).await
}

/// Updates every column of an account. The calling function must have read the row in this transaction.
pub async fn update(conn: &impl ConnectionTrait, account: account::Model) -> Result<account::Model> {
    Ok(account.into_active_model().reset_all().update(conn).await?)
}

/// Inserts a callshop's settings.
pub async fn insert_callshop(conn: &impl ConnectionTrait, callshop: callshop::Model) -> Result<()> {
    callshop::Entity::insert(callshop.into_active_model()).exec_without_returning(conn).await?;
    Ok(())
}

/// A callshop inside `scope`, with its settings.
pub async fn find_callshop(
    conn: &impl ConnectionTrait,
    scope: &Scope,
    id: Uuid,
) -> Result<Option<(account::Model, callshop::Model)>> {
    let query = account::Entity::find_by_id(id).filter(scope.accounts()).find_also_related(callshop::Entity);
    Ok(query.one(conn).await?.and_then(|(account, settings)| Some((account, settings?))))
}

/// The settings of a callshop. This query does not check the actor's scope: the calling function must have checked access to the account.
pub async fn callshop(conn: &impl ConnectionTrait, account_id: Uuid) -> Result<Option<callshop::Model>> {
    Ok(callshop::Entity::find_by_id(account_id).one(conn).await?)
}

/// Like [`callshop()`], but locks the settings until the transaction ends.
pub async fn lock_callshop(conn: &impl ConnectionTrait, account_id: Uuid) -> Result<Option<callshop::Model>> {
    Ok(callshop::Entity::find_by_id(account_id).lock(LockType::NoKeyUpdate).one(conn).await?)
}

/// At most `limit` ids of callshops inside the scope, in order; all ids if there is no limit.
pub async fn callshop_ids(
    conn: &impl ConnectionTrait,
    scope: &Scope,
    limit: impl Into<Option<u64>>,
) -> Result<Vec<Uuid>> {
    let query = account::Entity::find()
        .select_only()
        .column(account::Column::Id)
        .filter(scope.accounts())
        .filter(account::Column::Kind.eq(AccountKind::Callshop))
        .order_by_asc(account::Column::Id)
        .limit(limit);
    Ok(query.into_tuple().all(conn).await?)
}

/// The ids of the callshops that have this tariff as their retail tariff.
pub async fn selling_by(conn: &impl ConnectionTrait, tariff_id: Uuid) -> Result<Vec<Uuid>> {
    let query = account::Entity::find()
        .select_only()
        .column(account::Column::Id)
        .filter(account::Column::RetailTariffId.eq(tariff_id))
        .filter(account::Column::Kind.eq(AccountKind::Callshop))
        .order_by_asc(account::Column::Id);
    Ok(query.into_tuple().all(conn).await?)
}

/// The accounts, other than callshops, whose cost tariff is this tariff.
pub async fn resellers_paying_by(conn: &impl ConnectionTrait, tariff_id: Uuid) -> Result<Vec<Uuid>> {
    let query = account::Entity::find()
        .select_only()
        .column(account::Column::Id)
        .filter(account::Column::CostTariffId.eq(tariff_id))
        .filter(account::Column::Kind.ne(AccountKind::Callshop))
        .order_by_asc(account::Column::Id);
    Ok(query.into_tuple().all(conn).await?)
}

/// At most `limit` accounts that are not callshops and whose stored `credit_low` is out of date, each with the correct value: whether the balance
/// plus the credit limit is below `low_credit`.
pub async fn credit_turns(conn: &impl ConnectionTrait, limit: u64) -> Result<Vec<(Uuid, bool)>> {
    let sql = "SELECT id, CASE WHEN is_low THEN 1 ELSE 0 END AS low FROM (
            SELECT a.id, a.credit_low, b.balance + a.credit_limit < a.low_credit AS is_low FROM account a
            JOIN ledger_balance b ON b.account_id = a.id AND b.book = 'CREDIT' AND b.currency = a.currency
            WHERE a.low_credit IS NOT NULL AND a.kind <> 'CALLSHOP' AND a.credit_limit IS NOT NULL
        ) AS watched WHERE is_low <> credit_low ORDER BY id LIMIT $1";
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let asked = Statement::from_sql_and_values(conn.get_database_backend(), sql, [limit.into()]);
    let rows = conn.query_all_raw(asked).await?;
    rows.iter().map(|row| Ok((row.try_get("", "id")?, row.try_get::<i32>("", "low")? == 1))).collect()
}

/// Stores whether an account's credit is low. Returns false if the value is already stored, or if the account no longer has a threshold.
pub async fn set_credit_low(conn: &impl ConnectionTrait, id: Uuid, low: bool) -> Result<bool> {
    let stored = account::Entity::update_many()
        .col_expr(account::Column::CreditLow, Expr::value(low))
        .filter(account::Column::Id.eq(id))
        .filter(account::Column::CreditLow.ne(low))
        .filter(account::Column::LowCredit.is_not_null())
        .exec(conn)
        .await?;
    Ok(stored.rows_affected > 0)
}

/// Settings of several callshops.
pub async fn callshops(conn: &impl ConnectionTrait, ids: &[Uuid]) -> Result<Vec<callshop::Model>> {
    Ok(callshop::Entity::find()
        .filter(bulk::among(conn, callshop::Column::AccountId, ids.iter().copied()))
        .all(conn)
        .await?)
}

/// Updates every column of a callshop's settings.
pub async fn update_callshop(
    conn: &impl ConnectionTrait,
    callshop: callshop::Model,
) -> Result<callshop::Model> {
    Ok(callshop.into_active_model().reset_all().update(conn).await?)
}

/// A user of an account inside `scope`.
pub async fn find_user(conn: &impl ConnectionTrait, scope: &Scope, id: Uuid) -> Result<Option<user::Model>> {
    scope.find::<user::Entity>(conn, id, user::Column::AccountId).await
}

/// The users with these ids that are inside `scope`.
pub async fn find_users(
    conn: &impl ConnectionTrait,
    scope: &Scope,
    ids: &[Uuid],
) -> Result<Vec<user::Model>> {
    scope.find_all::<user::Entity>(conn, ids, (user::Column::Id, user::Column::AccountId)).await
}

/// A user, locked until the transaction ends. This query ignores scopes, because the calling function checks the password outside this transaction.
pub async fn lock_user(conn: &impl ConnectionTrait, id: Uuid) -> Result<Option<user::Model>> {
    Ok(user::Entity::find_by_id(id).lock(LockType::NoKeyUpdate).one(conn).await?)
}

/// Users by id, to show their names. This query does not check the actor's scope: the calling function must have checked access to the records that
/// refer to the users.
pub async fn users_by_ids(conn: &impl ConnectionTrait, ids: &[Uuid]) -> Result<Vec<user::Model>> {
    Ok(user::Entity::find()
        .filter(bulk::among(conn, user::Column::Id, ids.iter().copied()))
        .all(conn)
        .await?)
}

/// The user with login name `name` in an account.
pub async fn user_by_name(
    conn: &impl ConnectionTrait,
    account_id: Uuid,
    name: &str,
) -> Result<Option<user::Model>> {
    let query = user::Entity::find()
        .filter(user::Column::AccountId.eq(account_id))
        .filter(user::Column::Name.eq(name));
    Ok(query.one(conn).await?)
}

/// The counter of failed login attempts for one bucket of nonexistent login names.
pub async fn login_failure(conn: &impl ConnectionTrait, bucket: i64) -> Result<Option<login_failure::Model>> {
    Ok(login_failure::Entity::find_by_id(bucket).one(conn).await?)
}

/// Like [`login_failure()`], but creates a missing counter, and locks the counter until the transaction ends.
pub async fn lock_login_failure(
    conn: &impl ConnectionTrait,
    bucket: i64,
    now: DateTime<Utc>,
) -> Result<login_failure::Model> {
    let empty = login_failure::Model { bucket, failures: 0, last_failed_at: now };
    let insert = login_failure::Entity::insert(empty.clone().into_active_model());
    insert.on_conflict_do_nothing().exec_without_returning(conn).await?;
    let row = login_failure::Entity::find_by_id(bucket).lock(LockType::NoKeyUpdate).one(conn).await?;
    Ok(row.unwrap_or(empty))
}

/// Updates a counter of failed logins. The calling function must have locked the counter in this transaction.
pub async fn update_login_failure(conn: &impl ConnectionTrait, row: login_failure::Model) -> Result<()> {
    row.into_active_model().reset_all().update(conn).await?;
    Ok(())
}

/// Inserts a user, and the words of the user's names.
pub async fn insert_user(conn: &impl ConnectionTrait, user: user::Model) -> Result<()> {
    user::Entity::insert(user.clone().into_active_model()).exec_without_returning(conn).await?;
    account_list::add_user(conn, &user).await
}

/// Updates every column of a user.
pub async fn update_user(conn: &impl ConnectionTrait, user: user::Model) -> Result<user::Model> {
    Ok(user.into_active_model().reset_all().update(conn).await?)
}

/// A login by id, locked until the transaction ends. This query ignores scopes, because the id comes from a signed token or was sent together with a
/// secret.
pub async fn auth_session(conn: &impl ConnectionTrait, id: Uuid) -> Result<Option<auth_session::Model>> {
    Ok(auth_session::Entity::find_by_id(id).lock(LockType::NoKeyUpdate).one(conn).await?)
}

/// Whether a login is valid (not revoked). Takes a shared lock on a valid login, so that the login cannot be revoked until the transaction ends.
pub async fn hold_auth_session(conn: &impl ConnectionTrait, id: Uuid) -> Result<bool> {
    let held: Option<Uuid> = auth_session::Entity::find_by_id(id)
        .select_only()
        .column(auth_session::Column::Id)
        .filter(auth_session::Column::RevokedAt.is_null())
        .lock_shared()
        .into_tuple()
        .one(conn)
        .await?;
    Ok(held.is_some())
}

/// A login with its user and the user's account, for authentication.
pub async fn identity(
    conn: &impl ConnectionTrait,
    session_id: Uuid,
) -> Result<Option<(auth_session::Model, user::Model, account::Model)>> {
    let query = auth_session::Entity::find_by_id(session_id)
        .find_also_related(user::Entity)
        .and_also_related(account::Entity);
    let found = query.one(conn).await?;
    Ok(found.and_then(|(session, user, account)| Some((session, user?, account?))))
}

/// The logins of the customers' screens in these cabins. Only logins that are valid at `now` are included, oldest first.
pub async fn screens(
    conn: &impl ConnectionTrait,
    cabins: &[Uuid],
    now: DateTime<Utc>,
) -> Result<Vec<auth_session::Model>> {
    let query = auth_session::Entity::find()
        .filter(bulk::among(conn, auth_session::Column::CabinId, cabins.iter().copied()))
        .filter(auth_session::Column::RevokedAt.is_null())
        .filter(auth_session::Column::ExpiresAt.gt(now))
        .order_by_asc(auth_session::Column::Id);
    Ok(query.all(conn).await?)
}

/// Inserts a login.
pub async fn insert_auth_session(conn: &impl ConnectionTrait, session: auth_session::Model) -> Result<()> {
    auth_session::Entity::insert(session.into_active_model()).exec_without_returning(conn).await?;
    Ok(())
}

/// Updates every column of a login.
pub async fn update_auth_session(conn: &impl ConnectionTrait, session: auth_session::Model) -> Result<()> {
    session.into_active_model().reset_all().update(conn).await?;
    Ok(())
}

/// Revokes every login of a user except `keep`, and returns the ids of the revoked logins.
pub async fn revoke_auth_sessions(
    conn: &impl ConnectionTrait,
    user_id: Uuid,
    keep: Option<Uuid>,
    at: DateTime<Utc>,
) -> Result<Vec<Uuid>> {
    let live = auth_session::Entity::find()
        .filter(auth_session::Column::UserId.eq(user_id))
        .filter(auth_session::Column::RevokedAt.is_null())
        .all(conn)
        .await?;
    let mut ended = Vec::new();
    for session in live.into_iter().filter(|session| Some(session.id) != keep) {
        ended.push(session.id);
        update_auth_session(conn, auth_session::Model { revoked_at: Some(at), ..session }).await?;
    }
    Ok(ended)
}

/// The value of the setting `key`, which all nodes share. If the setting does not exist yet, stores `value`.
pub async fn shared_setting(conn: &impl ConnectionTrait, key: &str, value: &str) -> Result<String> {
    let row = setting::ActiveModel { key: Set(key.to_owned()), value: Set(value.to_owned()) };
    setting::Entity::insert(row).on_conflict_do_nothing().exec_without_returning(conn).await?;
    let stored = setting::Entity::find_by_id(key.to_owned()).one(conn).await?;
    // return only a stored value, because other nodes would reject this node's tokens if they did not know its token key
    stored
        .map(|row| row.value)
        .ok_or_else(|| Error::fault(format!("the setting {key} is missing although it was just stored")))
}

/// Ids of logins revoked at or after `since`, at most 10,000.
pub async fn revoked_since(conn: &impl ConnectionTrait, since: DateTime<Utc>) -> Result<Vec<Uuid>> {
    let query = auth_session::Entity::find()
        .select_only()
        .column(auth_session::Column::Id)
        .filter(auth_session::Column::RevokedAt.gte(since));
    Ok(query.limit(10_000).into_tuple::<Uuid>().all(conn).await?)
}

/// The credit limits of accounts, by account id; `None` means unlimited.
///
/// # Errors
/// May fail with database errors.
pub async fn credit_limits(
    conn: &impl ConnectionTrait,
    ids: &[Uuid],
) -> Result<std::collections::HashMap<Uuid, Option<billing::money::Micros>>> {
    let rows: Vec<(Uuid, Option<entity::Micros>)> = account::Entity::find()
        .select_only()
        .column(account::Column::Id)
        .column(account::Column::CreditLimit)
        .filter(bulk::among(conn, account::Column::Id, ids.iter().copied()))
        .into_tuple()
        .all(conn)
        .await?;
    Ok(rows.into_iter().map(|(id, limit)| (id, limit.map(Into::into))).collect())
}
