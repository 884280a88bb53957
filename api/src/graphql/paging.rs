//! Relay connections over pages ordered by id.

use async_graphql::OutputType;
use async_graphql::connection::{Connection, Edge, EmptyFields};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use uuid::Uuid;

use super::payload::top_level;
use crate::error::{Error, Result};
use crate::store;
use crate::store::page::MAX_PAGE;

/// A connection of this API.
pub type Page<N> = Connection<String, N, EmptyFields, EmptyFields>;

/// The arguments of a connection field, as Relay names them.
#[derive(Clone, Debug, Default)]
pub struct Paging {
    /// Objects from the start of the list.
    pub first: Option<i32>,
    /// Cursor to go on after.
    pub after: Option<String>,
    /// Objects from the end of the list.
    pub last: Option<i32>,
    /// Cursor to stop before.
    pub before: Option<String>,
}

/// Answers a connection over rows whose id is a UUIDv7: reads one row more than asked for to know whether there are others.
/// `newest_first` turns the list's natural order around.
///
/// # Errors
/// `INVALID_INPUT` unless exactly one of `first` and `last` is given, 1 to 100; those of `read`.
pub async fn connection<M, N, Fut>(
    paging: Paging,
    newest_first: bool,
    read: impl FnOnce(store::Page) -> Fut,
    id: impl Fn(&M) -> Uuid,
    node: impl Fn(M) -> N,
) -> async_graphql::Result<Page<N>>
where
    Fut: Future<Output = Result<Vec<M>>>,
    N: OutputType,
{
    let (size, backwards) = size(&paging).map_err(top_level)?;
    let after = paging.after.as_deref().map(cursor).transpose().map_err(top_level)?;
    let before = paging.before.as_deref().map(cursor).transpose().map_err(top_level)?;
    let page = store::Page { after, before, limit: size + 1, descending: newest_first != backwards };
    // boxed: each field of an object in a list has room for the largest of them
    let mut rows = Box::pin(read(page)).await.map_err(top_level)?;
    let wanted = usize::try_from(size).unwrap_or(usize::MAX);
    let more = rows.len() > wanted;
    rows.truncate(wanted);
    if backwards {
        rows.reverse();
    }
    let (previous, next) = if backwards { (more, before.is_some()) } else { (after.is_some(), more) };
    let mut connection = Connection::new(previous, next);
    connection.edges.extend(rows.into_iter().map(|row| {
        let cursor = URL_SAFE_NO_PAD.encode(id(&row).as_bytes());
        Edge::new(cursor, node(row))
    }));
    Ok(connection)
}

/// How many objects are asked for, and whether from the end of the list.
///
/// # Errors
/// `INVALID_INPUT` unless exactly one of `first` and `last` is given, 1 to 100.
pub(super) fn size(paging: &Paging) -> Result<(u64, bool)> {
    let (size, backwards) = match (paging.first, paging.last) {
        (Some(first), None) => (first, false),
        (None, Some(last)) => (last, true),
        _ => return Err(Error::invalid("first", "give exactly one of first and last")),
    };
    match u64::try_from(size) {
        Ok(size) if (1..=MAX_PAGE).contains(&size) => Ok((size, backwards)),
        _ => Err(Error::invalid(if backwards { "last" } else { "first" }, format!("1 to {MAX_PAGE}"))),
    }
}

fn cursor(text: &str) -> Result<Uuid> {
    let bytes =
        URL_SAFE_NO_PAD.decode(text).map_err(|_| Error::invalid("after", "not a cursor of this list"))?;
    Uuid::from_slice(&bytes).map_err(|_| Error::invalid("after", "not a cursor of this list"))
}
