//! Finds objects by the words of their names. `search_word` has one row per word, object and owner.

use std::collections::BTreeSet;

use entity::WordKind;
use entity::search_word::{Column, Entity, Model};
use sea_orm::sea_query::{Expr, ExprTrait as _, IntoColumnRef, SimpleExpr};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QuerySelect, QueryTrait as _, Select};
use uuid::Uuid;

use crate::bulk;
use crate::page::MAX_COUNT;
use base::error::Result;

/// Stores the words of a new object's name for each owner.
///
/// # Errors
/// Every function in this module may fail with a database error.
pub(crate) async fn insert(
    conn: &impl ConnectionTrait,
    kind: WordKind,
    owners: &[Uuid],
    (object_id, name): (Uuid, &str),
) -> Result<()> {
    let words = billing::words::of(name);
    let row = |owner_id: Uuid, word: &String| Model { kind, owner_id, word: word.clone(), object_id };
    let rows: Vec<Model> =
        owners.iter().flat_map(|owner| words.iter().map(|word| row(*owner, word))).collect();
    bulk::insert::<Entity>(conn, &rows, "").await
}

/// Replaces the words of an object whose name changed.
pub(crate) async fn replace(
    conn: &impl ConnectionTrait,
    kind: WordKind,
    owners: &[Uuid],
    (object_id, name): (Uuid, &str),
) -> Result<()> {
    Entity::delete_many().filter(Column::ObjectId.eq(object_id)).exec(conn).await?;
    insert(conn, kind, owners, (object_id, name)).await
}

/// The objects that match a search.
pub(crate) enum Matches {
    /// All matching objects, at most [`MAX_COUNT`].
    Few(Vec<Uuid>),
    /// Each word matches more than [`MAX_COUNT`] objects.
    Many,
}

/// Finds an owner's objects that match all of `words`. A search word matches if a word of the object's name begins with the search word. Each word
/// requires one range scan of the primary key.
pub(crate) async fn find(
    conn: &impl ConnectionTrait,
    kind: WordKind,
    owner: Uuid,
    words: &[String],
) -> Result<Matches> {
    let mut found: Option<BTreeSet<Uuid>> = None;
    for word in words {
        let query = of_owner(kind, owner, word).limit(MAX_COUNT + 1);
        let ids: Vec<Uuid> = query.into_tuple().all(conn).await?;
        if u64::try_from(ids.len()).unwrap_or(u64::MAX) > MAX_COUNT {
            continue;
        }
        let ids: BTreeSet<Uuid> = ids.into_iter().collect();
        found = Some(match found {
            Some(found) => found.intersection(&ids).copied().collect(),
            None => ids,
        });
    }
    Ok(found.map_or(Matches::Many, |found| Matches::Few(found.into_iter().collect())))
}

fn of_owner(kind: WordKind, owner: Uuid, word: &str) -> Select<Entity> {
    Entity::find()
        .select_only()
        .column(Column::ObjectId)
        .filter(Column::Kind.eq(kind))
        .filter(Column::OwnerId.eq(owner))
        .filter(begins(word))
}

/// Condition that the object in `column` matches all of `words`, checked with the index of the object's own words.
pub(crate) fn has_all(
    column: impl IntoColumnRef + Clone,
    words: &[String],
) -> impl Iterator<Item = SimpleExpr> {
    words.iter().map(move |word| {
        let own = Entity::find()
            .select_only()
            .expr_as(Expr::cust("1"), "one")
            .filter(Expr::col((Entity, Column::ObjectId)).equals(column.clone()))
            .filter(begins(word));
        Expr::exists(own.into_query())
    })
}

/// Condition that the word begins with `prefix`. Words consist of letters and digits, and all of these sort below the range's end.
fn begins(prefix: &str) -> SimpleExpr {
    let range = Column::Word.gte(prefix).and(Column::Word.lt(format!("{prefix}\u{10ffff}")));
    SimpleExpr::from(range)
}
