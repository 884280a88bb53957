//! Lists of accounts and users. The lists are searched and sorted by name.

use entity::{AccountKind, WordKind, account, user};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, EntityTrait, FromQueryResult, QueryFilter, QuerySelect as _,
    Select,
};
use uuid::Uuid;

use crate::page::{Listed, MAX_COUNT};
use crate::search::{self, Matches};
use crate::sorted::{Key, Place, Slice, in_order, sortable};
use crate::{Scope, bulk, parse_stored};
use base::error::Result;

/// Filters a list of accounts. All conditions must match.
#[derive(Clone, Debug)]
pub struct AccountFilter<'a> {
    /// The accounts that the reader may see.
    pub scope: &'a Scope,
    /// The top account of `scope`.
    pub top: Uuid,
    /// Only children of this account; `None` for the whole scope.
    pub parent: Option<Uuid>,
    /// If true, only callshops are listed; if false, only accounts of other kinds.
    pub callshops: bool,
    /// Words that the name must contain, from [`billing::words::wanted`]; an empty list matches any name.
    pub search: &'a [String],
}

/// A page of accounts. The sort key is the name.
///
/// # Errors
/// Fails with `SEARCH_TOO_BROAD` if more than 10,000 accounts would have to be sorted. Every function in this module may fail with a database error.
pub async fn accounts(
    conn: &impl ConnectionTrait,
    filter: &AccountFilter<'_>,
    slice: &Slice,
) -> Result<Listed<account::Model>> {
    use account::Column::{Id, Kind, Name, ParentId};
    let kind = match filter.callshops {
        true => Kind.eq(AccountKind::Callshop),
        false => Kind.ne(AccountKind::Callshop),
    };
    let named = named::<account::Entity>(conn, WordKind::Account, filter.top, filter.search, Id).await?;
    let query = account::Entity::find()
        .filter(filter.scope.accounts())
        .filter(Condition::all().add(kind).add_option(filter.parent.map(|parent| ParentId.eq(parent))))
        .filter(named);
    read(conn, query, (Id, Name), slice, |account| account.id).await
}

/// A page of the users of one account. The sort key is the display name.
///
/// # Errors
/// Fails with the same errors as [`accounts`].
pub async fn users(
    conn: &impl ConnectionTrait,
    account_id: Uuid,
    words: &[String],
    slice: &Slice,
) -> Result<Listed<user::Model>> {
    use user::Column::{AccountId, DisplayName, Id};
    let named = named::<user::Entity>(conn, WordKind::User, account_id, words, Id).await?;
    let query = user::Entity::find().filter(AccountId.eq(account_id)).filter(named);
    read(conn, query, (Id, DisplayName), slice, |user| user.id).await
}

/// Condition that the object's name contains each of these words.
async fn named<E: EntityTrait>(
    conn: &impl ConnectionTrait,
    kind: WordKind,
    owner: Uuid,
    words: &[String],
    id: E::Column,
) -> Result<Condition> {
    let mut named = Condition::all();
    if words.is_empty() {
        return Ok(named);
    }
    if let Matches::Few(ids) = search::find(conn, kind, owner, words).await? {
        named = named.add(bulk::among(conn, id, ids));
    }
    Ok(search::has_all((E::default(), id), words).fold(named, Condition::add))
}

async fn read<E>(
    conn: &impl ConnectionTrait,
    query: Select<E>,
    (id, name): (E::Column, E::Column),
    slice: &Slice,
    id_of: impl Fn(&E::Model) -> Uuid,
) -> Result<Listed<E::Model>>
where
    E: EntityTrait,
    E::Model: FromQueryResult + Send + Sync,
{
    let page = match slice {
        Slice::Created(page) => return page.read(conn, query, id).await,
        Slice::Sorted(page) => page,
    };
    let names = query.select_only().column(id).column(name).limit(MAX_COUNT + 1);
    let names: Vec<(Uuid, String)> = names.into_tuple().all(conn).await?;
    let total = sortable(names.len())?;
    let places: Vec<Place> = names.into_iter().map(|(id, name)| (Key::name(&name), id)).collect();
    let ids = page.cut(places);
    let rows = E::find().filter(bulk::among(conn, id, ids.iter().copied())).all(conn).await?;
    Ok(Listed { rows: in_order(&ids, rows, id_of), total: Some(total) })
}

/// Makes a new account findable by name in searches from the account itself and from each account above it.
pub(crate) async fn add_account(conn: &impl ConnectionTrait, account: &account::Model) -> Result<()> {
    search::insert(conn, WordKind::Account, &owners(account)?, (account.id, &account.name)).await
}

/// Makes an account findable by its new name.
pub async fn rename_account(conn: &impl ConnectionTrait, account: &account::Model) -> Result<()> {
    search::replace(conn, WordKind::Account, &owners(account)?, (account.id, &account.name)).await
}

fn owners(account: &account::Model) -> Result<Vec<Uuid>> {
    account.path.split_terminator('/').map(|step| parse_stored(step, "account path")).collect()
}

/// Makes a new user findable by the user's names.
pub(crate) async fn add_user(conn: &impl ConnectionTrait, user: &user::Model) -> Result<()> {
    search::insert(conn, WordKind::User, &[user.account_id], (user.id, &names(user))).await
}

/// Makes a user findable by the user's new name.
pub async fn rename_user(conn: &impl ConnectionTrait, user: &user::Model) -> Result<()> {
    search::replace(conn, WordKind::User, &[user.account_id], (user.id, &names(user))).await
}

fn names(user: &user::Model) -> String {
    format!("{} {}", user.display_name, user.name)
}
