//! Relay connections over rows ordered by id.

use async_graphql::OutputType;
use async_graphql::connection::{Connection, Edge, EmptyFields};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use uuid::Uuid;

use super::payload::top_level;
use base::error::{Error, Result};
use store;
use store::page::MAX_PAGE;

/// A Relay connection with string cursors.
pub type Page<N> = Connection<String, N, EmptyFields, EmptyFields>;

/// The Relay arguments of a connection field.
#[derive(Clone, Debug, Default)]
pub struct Paging {
    /// Number of objects from the start of the list.
    pub first: Option<i32>,
    /// The cursor of an object; the page starts after that object.
    pub after: Option<String>,
    /// Number of objects from the end of the list.
    pub last: Option<i32>,
    /// The cursor of an object; the page ends before that object.
    pub before: Option<String>,
}

/// Builds a connection over rows whose id is a UUIDv7. Reads one row more than requested, to find out whether the list continues. `newest_first`
/// reverses the list's natural order.
///
/// # Errors
/// Fails with `INVALID_INPUT` unless exactly one of `first` and `last` is given, from 1 to 100. Also returns the errors of `read`.
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
    // cursors follow the order of the list, even if a page is read from the end of the list
    let (above, below) = if newest_first { (before, after) } else { (after, before) };
    let page = store::Page { above, below, limit: size + 1, descending: newest_first != backwards };
    // the future is boxed: for every field of every object in a list, the executor allocates as much as the largest field needs
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

/// The requested number of objects, and whether these are counted from the end of the list.
///
/// # Errors
/// Fails with `INVALID_INPUT` unless exactly one of `first` and `last` is given, from 1 to 100.
pub(super) fn size(paging: &Paging) -> Result<(u64, bool)> {
    let (size, backwards) = match (paging.first, paging.last) {
        (Some(first), None) => (first, false),
        (None, Some(last)) => (last, true),
        _ => return Err(Error::invalid("first", "Give exactly one of `first` and `last`.")),
    };
    match u64::try_from(size) {
        Ok(size) if (1..=MAX_PAGE).contains(&size) => Ok((size, backwards)),
        _ => Err(Error::invalid(
            if backwards { "last" } else { "first" },
            format!("Must be between 1 and {MAX_PAGE}."),
        )),
    }
}

/// The parsed cursors `after` and `before`. `parse` returns `None` for text that is not a cursor of this list.
///
/// # Errors
/// Fails with `INVALID_INPUT` for an argument that is not a cursor of this list.
pub(super) fn around<C>(
    paging: &Paging,
    parse: impl Fn(&str) -> Option<C>,
) -> Result<(Option<C>, Option<C>)> {
    let cursor = |name: &str, text: &Option<String>| match text {
        Some(text) => {
            parse(text).map(Some).ok_or_else(|| Error::invalid(name, "This is not a cursor of this list."))
        }
        None => Ok(None),
    };
    Ok((cursor("after", &paging.after)?, cursor("before", &paging.before)?))
}

fn cursor(text: &str) -> Option<Uuid> {
    Uuid::from_slice(&URL_SAFE_NO_PAD.decode(text).ok()?).ok()
}
