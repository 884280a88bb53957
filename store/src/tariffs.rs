//! Tariffs, their versions and rates.

use std::collections::{BTreeSet, HashMap};

use chrono::{DateTime, Utc};
use entity::{AccountKind, RateKey, account, rate, tariff, tariff_version};
use sea_orm::sea_query::{
    Alias, ArrayType, Expr, ExprTrait as _, IntoIden, LockType, Order, Query, SimpleExpr, SubQueryStatement,
};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, Condition, ConnectionTrait, DbBackend, EntityTrait, FromQueryResult,
    IdenStatic as _, IntoActiveModel, Iterable as _, QueryFilter, QueryOrder, QueryResult, QuerySelect,
    Select, Statement, Value,
};
use uuid::Uuid;

use super::page::count;
use super::{Listed, Page, Scope, bulk};
use base::error::Result;

/// The accounts whose tariffs a query may see.
#[derive(Clone, Debug)]
pub enum Owners {
    /// No account.
    Nobody,
    /// One account.
    One(Uuid),
    /// All accounts of a subtree.
    Subtree(Scope),
}

impl Owners {
    pub(super) fn condition(&self) -> SimpleExpr {
        match self {
            Self::Nobody => tariff::Column::Id.is_in::<Uuid, _>([]),
            Self::One(id) => tariff::Column::AccountId.eq(*id),
            Self::Subtree(scope) => scope.owns((tariff::Entity, tariff::Column::AccountId)),
        }
    }
}

/// Inserts a tariff.
///
/// # Errors
/// Every function in this module may fail with a database error.
pub async fn insert(conn: &impl ConnectionTrait, tariff: tariff::Model) -> Result<()> {
    tariff::Entity::insert(tariff.into_active_model()).exec_without_returning(conn).await?;
    Ok(())
}

/// Updates every column of a tariff. The calling function must have locked the row in this transaction.
pub async fn update(conn: &impl ConnectionTrait, tariff: tariff::Model) -> Result<tariff::Model> {
    Ok(tariff.into_active_model().reset_all().update(conn).await?)
}

/// A tariff of `owners`.
pub async fn find(conn: &impl ConnectionTrait, owners: &Owners, id: Uuid) -> Result<Option<tariff::Model>> {
    Ok(tariff::Entity::find_by_id(id).filter(owners.condition()).one(conn).await?)
}

/// A tariff by id. This query does not check the actor's scope: the calling function must have checked access to the tariff.
pub async fn by_id(conn: &impl ConnectionTrait, id: Uuid) -> Result<Option<tariff::Model>> {
    Ok(tariff::Entity::find_by_id(id).one(conn).await?)
}

/// The tariffs of `owners` with these ids.
pub async fn find_all(
    conn: &impl ConnectionTrait,
    owners: &Owners,
    ids: &[Uuid],
) -> Result<Vec<tariff::Model>> {
    let wanted = bulk::among(conn, tariff::Column::Id, ids.iter().copied());
    Ok(tariff::Entity::find().filter(wanted).filter(owners.condition()).all(conn).await?)
}

/// Like [`find`], but locks the tariff until the transaction ends. A new version gets its number under this lock.
pub async fn lock(conn: &impl ConnectionTrait, owners: &Owners, id: Uuid) -> Result<Option<tariff::Model>> {
    Ok(tariff::Entity::find_by_id(id)
        .filter(owners.condition())
        .lock(LockType::NoKeyUpdate)
        .one(conn)
        .await?)
}

/// A page of the tariffs of `owners`, oldest first. Archived tariffs are left out unless `archived` is set.
pub async fn list(
    conn: &impl ConnectionTrait,
    owners: &Owners,
    archived: bool,
    page: Page,
) -> Result<Listed<tariff::Model>> {
    let mut query = tariff::Entity::find().filter(owners.condition());
    if !archived {
        query = query.filter(tariff::Column::ArchivedAt.is_null());
    }
    page.read(conn, query, tariff::Column::Id).await
}

/// A version of a tariff of `owners`, with the tariff.
pub async fn find_version(
    conn: &impl ConnectionTrait,
    owners: &Owners,
    id: Uuid,
) -> Result<Option<(tariff::Model, tariff_version::Model)>> {
    let query =
        tariff_version::Entity::find_by_id(id).find_also_related(tariff::Entity).filter(owners.condition());
    Ok(query.one(conn).await?.and_then(|(version, tariff)| Some((tariff?, version))))
}

/// The versions with these ids. The result has a version's tariff if the tariff belongs to `owners`. A version whose tariff belongs to another owner
/// is also returned, but without the tariff.
pub async fn find_versions(
    conn: &impl ConnectionTrait,
    owners: &Owners,
    ids: &[Uuid],
) -> Result<(Vec<tariff::Model>, Vec<tariff_version::Model>)> {
    let wanted = bulk::among(conn, tariff_version::Column::Id, ids.iter().copied());
    let versions = tariff_version::Entity::find().filter(wanted).all(conn).await?;
    let tariffs: BTreeSet<Uuid> = versions.iter().map(|version| version.tariff_id).collect();
    let tariffs: Vec<Uuid> = tariffs.into_iter().collect();
    Ok((find_all(conn, owners, &tariffs).await?, versions))
}

/// The versions with these ids, with their tariffs. This query does not check the actor's scope: the calling function must have checked access to the
/// versions' tariffs.
pub async fn versions_by_ids(
    conn: &impl ConnectionTrait,
    ids: &[Uuid],
) -> Result<Vec<(tariff::Model, tariff_version::Model)>> {
    let wanted = bulk::among(conn, tariff_version::Column::Id, ids.iter().copied());
    let found = tariff_version::Entity::find().filter(wanted).find_also_related(tariff::Entity);
    let found = found.all(conn).await?.into_iter();
    Ok(found.filter_map(|(version, tariff)| Some((tariff?, version))).collect())
}

/// A version by id. This query does not check the actor's scope: the calling function must have checked access to the version's tariff.
pub async fn version(conn: &impl ConnectionTrait, id: Uuid) -> Result<Option<tariff_version::Model>> {
    Ok(tariff_version::Entity::find_by_id(id).one(conn).await?)
}

/// For each of these tariffs, the version that is in force at `now`. If a tariff has no version in force, the result has the tariff's version with
/// the highest number. Tariffs without versions are omitted. This query does not check the actor's scope: the calling function must have checked
/// access to the objects.
pub async fn current_versions(
    conn: &impl ConnectionTrait,
    tariff_ids: &[Uuid],
    now: DateTime<Utc>,
) -> Result<Vec<tariff_version::Model>> {
    let in_force = effective_versions(conn, tariff_ids, now).await?;
    let ids = in_force.values().map(|(id, _)| *id);
    let wanted = bulk::among(conn, tariff_version::Column::Id, ids);
    let mut found = tariff_version::Entity::find().filter(wanted).all(conn).await?;
    let others = tariff_ids.iter().filter(|id| !in_force.contains_key(id)).copied();
    found.extend(newest_versions(conn, others).await?);
    Ok(found)
}

async fn newest_versions(
    conn: &impl ConnectionTrait,
    tariff_ids: impl Iterator<Item = Uuid>,
) -> Result<Vec<tariff_version::Model>> {
    use tariff_version::Column::{Number, TariffId};
    let later = Alias::new("later");
    let newest = Query::select()
        .expr(Expr::col((later.clone(), Number)).max())
        .from_as(tariff_version::Entity, later.clone())
        .and_where(Expr::col((later, TariffId)).equals((tariff_version::Entity, TariffId)))
        .to_owned();
    let newest = SimpleExpr::SubQuery(None, Box::new(SubQueryStatement::SelectStatement(newest)));
    let query = tariff_version::Entity::find().filter(bulk::among(conn, TariffId, tariff_ids));
    Ok(query.filter(Expr::col((tariff_version::Entity, Number)).eq(newest)).all(conn).await?)
}

/// A page of a tariff's versions. This query does not check the actor's scope: the calling function must have checked access to the tariff.
pub async fn list_versions(
    conn: &impl ConnectionTrait,
    tariff_id: Uuid,
    page: Page,
) -> Result<Listed<tariff_version::Model>> {
    let query = tariff_version::Entity::find().filter(tariff_version::Column::TariffId.eq(tariff_id));
    page.read(conn, query, tariff_version::Column::Id).await
}

/// A page of these versions of a tariff: the version in force at `now`, and the scheduled versions. This query does not check the actor's scope: the
/// calling function must have checked access to the tariff.
pub async fn list_planned(
    conn: &impl ConnectionTrait,
    tariff_id: Uuid,
    now: DateTime<Utc>,
    page: Page,
) -> Result<Listed<tariff_version::Model>> {
    use tariff_version::Column::{ActiveFrom, Id, TariffId};
    let in_force = in_force(conn, tariff_id, now).await?.map(|version| version.id);
    let planned = Condition::any().add(ActiveFrom.gt(now)).add(Id.is_in(in_force));
    let query = tariff_version::Entity::find().filter(TariffId.eq(tariff_id)).filter(planned);
    page.read(conn, query, Id).await
}

/// The tariff's version with the highest number, which may be a draft.
pub async fn latest_version(
    conn: &impl ConnectionTrait,
    tariff_id: Uuid,
) -> Result<Option<tariff_version::Model>> {
    let query = tariff_version::Entity::find().filter(tariff_version::Column::TariffId.eq(tariff_id));
    Ok(query.order_by_desc(tariff_version::Column::Number).one(conn).await?)
}

/// A version of this tariff.
pub async fn version_of(
    conn: &impl ConnectionTrait,
    tariff_id: Uuid,
    id: Uuid,
) -> Result<Option<tariff_version::Model>> {
    let query = tariff_version::Entity::find_by_id(id);
    Ok(query.filter(tariff_version::Column::TariffId.eq(tariff_id)).one(conn).await?)
}

/// The version in force at the time `at`, as in [`effective_versions`]. If a version is scheduled for exactly `at`, it is in force.
pub async fn in_force(
    conn: &impl ConnectionTrait,
    tariff_id: Uuid,
    at: DateTime<Utc>,
) -> Result<Option<tariff_version::Model>> {
    let query = tariff_version::Entity::find()
        .filter(tariff_version::Column::TariffId.eq(tariff_id))
        .filter(tariff_version::Column::ActiveFrom.lte(at))
        .order_by_desc(tariff_version::Column::ActiveFrom)
        .order_by_desc(tariff_version::Column::Number);
    Ok(query.one(conn).await?)
}

/// The first version that takes effect after `at`.
pub async fn next_version(
    conn: &impl ConnectionTrait,
    tariff_id: Uuid,
    at: DateTime<Utc>,
) -> Result<Option<tariff_version::Model>> {
    let query = tariff_version::Entity::find()
        .filter(tariff_version::Column::TariffId.eq(tariff_id))
        .filter(tariff_version::Column::ActiveFrom.gt(at))
        .order_by_asc(tariff_version::Column::ActiveFrom);
    Ok(query.one(conn).await?)
}

/// Inserts a version.
pub async fn insert_version(conn: &impl ConnectionTrait, version: tariff_version::Model) -> Result<()> {
    tariff_version::Entity::insert(version.into_active_model()).exec_without_returning(conn).await?;
    Ok(())
}

/// Updates every column of a version. The calling function must have locked the version's tariff in this transaction.
pub async fn update_version(
    conn: &impl ConnectionTrait,
    version: tariff_version::Model,
) -> Result<tariff_version::Model> {
    Ok(version.into_active_model().reset_all().update(conn).await?)
}

#[derive(FromQueryResult)]
struct Effective {
    #[sea_orm(nested)]
    tariff: tariff::Model,
    version_id: Option<Uuid>,
}

/// For each tariff, the version that is in force at `now`, together with the tariff, in one query. The version in force has the latest `active_from`
/// that is not after `now`. If several versions have the same `active_from`, the version with the highest number is in force. Tariffs without a
/// version in force are omitted.
pub async fn effective_versions(
    conn: &impl ConnectionTrait,
    tariff_ids: &[Uuid],
    now: DateTime<Utc>,
) -> Result<HashMap<Uuid, (Uuid, tariff::Model)>> {
    if tariff_ids.is_empty() {
        return Ok(HashMap::new());
    }
    let version = version_in_force(tariff::Entity, now);
    let rows = tariff::Entity::find()
        .filter(bulk::among(conn, tariff::Column::Id, tariff_ids.iter().copied()))
        .expr_as(version, "version_id")
        .into_model::<Effective>()
        .all(conn)
        .await?;
    Ok(rows.into_iter().filter_map(|row| Some((row.tariff.id, (row.version_id?, row.tariff)))).collect())
}

/// The id of a tariff's version in force at `now`, for a query that reads the tariff under the name `tariff`.
pub(crate) fn version_in_force(tariff: impl IntoIden, now: DateTime<Utc>) -> SimpleExpr {
    let column = |column| Expr::col((tariff_version::Entity, column));
    let version = Query::select()
        .column((tariff_version::Entity, tariff_version::Column::Id))
        .from(tariff_version::Entity)
        .and_where(column(tariff_version::Column::TariffId).equals((tariff, tariff::Column::Id)))
        .and_where(column(tariff_version::Column::ActiveFrom).lte(now))
        .order_by((tariff_version::Entity, tariff_version::Column::ActiveFrom), Order::Desc)
        .order_by((tariff_version::Entity, tariff_version::Column::Number), Order::Desc)
        .limit(1)
        .to_owned();
    SimpleExpr::SubQuery(None, Box::new(SubQueryStatement::SelectStatement(version)))
}

/// Filters a version's rates by prefix. All given conditions must match.
#[derive(Clone, Debug, Default)]
pub struct RateFilter {
    /// Rates whose prefix begins with these digits.
    pub prefix: Option<String>,
    /// Rates whose prefix matches the start of this number (E.164 digits). For a call to the number, the rate with the longest prefix would apply.
    pub number: Option<String>,
}

impl RateFilter {
    fn apply(&self, mut query: Select<rate::Entity>) -> Select<rate::Entity> {
        if let Some(prefix) = &self.prefix {
            // ':' is the byte after '9', so it ends the range of prefixes; prefixes are compared by bytes
            query = query
                .filter(rate::Column::Prefix.gte(prefix.clone()))
                .filter(rate::Column::Prefix.lt(format!("{prefix}:")));
        }
        if let Some(number) = &self.number {
            let prefixes = number.char_indices().map(|(at, char)| number[..at + char.len_utf8()].to_owned());
            query = query.filter(rate::Column::Prefix.is_in(prefixes));
        }
        query
    }
}

/// The part of a version's rates to read, in prefix order.
#[derive(Clone, Debug, Default)]
pub struct RatePage {
    /// Only rates after this prefix are read.
    pub after: Option<String>,
    /// Only rates before this prefix are read.
    pub before: Option<String>,
    /// Maximum number of rates to read.
    pub limit: u64,
    /// Whether the highest prefix comes first.
    pub descending: bool,
    /// Whether to count the whole list, too.
    pub counted: bool,
}

/// A page of a version's rates. This query does not check the actor's scope: the calling function must have checked access to the version.
pub async fn rates(
    conn: &impl ConnectionTrait,
    version_id: Uuid,
    filter: &RateFilter,
    page: RatePage,
) -> Result<Listed<rate::Model>> {
    let mut query = filter.apply(rate::Entity::find().filter(rate::Column::VersionId.eq(version_id)));
    let total = if page.counted { Some(count(conn, &query).await?) } else { None };
    if let Some(after) = page.after {
        query = query.filter(rate::Column::Prefix.gt(after));
    }
    if let Some(before) = page.before {
        query = query.filter(rate::Column::Prefix.lt(before));
    }
    let order = if page.descending { Order::Desc } else { Order::Asc };
    let rows = query.order_by(rate::Column::Prefix, order).limit(page.limit).all(conn).await?;
    Ok(Listed { rows, total })
}

/// A pair of cost and retail tariffs, with the number of callshops that use the pair.
#[derive(Clone, Debug, PartialEq, Eq, FromQueryResult)]
pub struct Spread {
    /// Tariff that sets the prices that the callshops pay.
    pub cost_tariff_id: Uuid,
    /// Tariff that sets the prices that the callshops' customers pay.
    pub retail_tariff_id: Uuid,
    /// Number of callshops with this pair.
    pub callshops: i64,
}

/// The pairs of cost and retail tariffs that include this tariff. Returns at most `limit` pairs, those with the most callshops first.
pub async fn spreads(conn: &impl ConnectionTrait, tariff_id: Uuid, limit: u64) -> Result<Vec<Spread>> {
    let either = Condition::any()
        .add(account::Column::CostTariffId.eq(tariff_id))
        .add(account::Column::RetailTariffId.eq(tariff_id));
    let count = || Expr::col(account::Column::Id).count();
    Ok(account::Entity::find()
        .select_only()
        .column(account::Column::CostTariffId)
        .column(account::Column::RetailTariffId)
        .column_as(count(), "callshops")
        .filter(account::Column::Kind.eq(AccountKind::Callshop))
        .filter(account::Column::CostTariffId.is_not_null())
        .filter(account::Column::RetailTariffId.is_not_null())
        .filter(either)
        .group_by(account::Column::CostTariffId)
        .group_by(account::Column::RetailTariffId)
        .order_by_desc(count())
        .limit(limit)
        .into_model::<Spread>()
        .all(conn)
        .await?)
}

/// The rates with these keys, each with its version, in one statement. Rates that do not exist are left out, and the last rate may occur several
/// times.
pub async fn used_rates(
    conn: &impl ConnectionTrait,
    keys: &[RateKey],
) -> Result<Vec<(rate::Model, tariff_version::Model)>> {
    let (Some(last), backend) = (keys.last(), conn.get_database_backend()) else { return Ok(Vec::new()) };
    let rates = rate::Column::iter().map(|column| format!("r.\"{0}\"", column.as_str()));
    let versions =
        tariff_version::Column::iter().map(|column| format!("t.\"{0}\" AS \"t_{0}\"", column.as_str()));
    let columns = rates.chain(versions).collect::<Vec<_>>().join(", ");
    let (wanted, values): (String, Vec<Value>) = match backend {
        DbBackend::Sqlite => {
            // the number of rows is a power of two, so that there are few statements to prepare
            let count = keys.len().next_power_of_two();
            let padded = keys.iter().chain(std::iter::repeat(last)).take(count);
            let values = padded.flat_map(|key| [key.version_id.into(), key.prefix.to_string().into()]);
            let rows = vec!["(?, ?)"; count].join(", ");
            (format!("(VALUES {rows}) AS v"), values.collect())
        }
        _ => {
            let versions = keys.iter().map(|key| key.version_id.into()).collect();
            let prefixes = keys.iter().map(|key| key.prefix.to_string().into()).collect();
            let arrays = [(ArrayType::Uuid, versions), (ArrayType::String, prefixes)];
            let arrays = arrays.map(|(kind, values)| Value::Array(kind, Some(Box::new(values))));
            ("unnest($1::uuid[], $2::text[]) AS v (column1, column2)".to_owned(), arrays.into())
        }
    };
    // CROSS JOIN makes SQLite look up each key in the primary keys
    let sql = format!(
        "SELECT {columns} FROM {wanted} CROSS JOIN rate r CROSS JOIN tariff_version t \
         WHERE r.version_id = v.column1 AND r.prefix = v.column2 AND t.id = r.version_id"
    );
    let rows = conn.query_all_raw(Statement::from_sql_and_values(backend, sql, values)).await?;
    let read = |row: &QueryResult| {
        Ok((rate::Model::from_query_result(row, "")?, tariff_version::Model::from_query_result(row, "t_")?))
    };
    rows.iter().map(read).collect()
}
