//! Relay connections over pages ordered by id.

use async_graphql::OutputType;
use async_graphql::connection::{Connection, Edge, EmptyFields};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use uuid::Uuid;

use super::payload::top_level;
use base::error::{Error, Result};
use store;
use store::page::MAX_PAGE;

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
    let (after, before) = around(&paging, cursor).map_err(top_level)?;
    // what a cursor bounds is a matter of the list's order alone, wherever the page is read from
    let (above, below) = if newest_first { (before, after) } else { (after, before) };
    let page = store::Page { above, below, limit: size + 1, descending: newest_first != backwards };
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

/// What `after` and `before` stand for; `parse` answers none for what is no cursor of the list.
///
/// # Errors
/// `INVALID_INPUT` about the argument that is no cursor.
pub(super) fn around<C>(
    paging: &Paging,
    parse: impl Fn(&str) -> Option<C>,
) -> Result<(Option<C>, Option<C>)> {
    let cursor = |name: &str, text: &Option<String>| match text {
        Some(text) => {
            parse(text).map(Some).ok_or_else(|| Error::invalid(name, "this is not a cursor of this list"))
        }
        None => Ok(None),
    };
    Ok((cursor("after", &paging.after)?, cursor("before", &paging.before)?))
}

fn cursor(text: &str) -> Option<Uuid> {
    Uuid::from_slice(&URL_SAFE_NO_PAD.decode(text).ok()?).ok()
}
