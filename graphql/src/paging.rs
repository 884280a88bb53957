//! Relay connections over rows in the order of their ids or of another key.

use std::borrow::Cow;

use async_graphql::connection::{Connection, Edge, EmptyFields, PageInfo};
use async_graphql::parser::types::Field;
use async_graphql::registry::Registry;
use async_graphql::{Context, ContextSelectionSet, Object, OutputType, Positioned, ServerResult, Value};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use uuid::Uuid;

use super::compiled::{Below, Output, Write, Written, output, write_list};
use super::payload::top_level;
use base::error::{Error, Result};
use store::page::{MAX_PAGE, Total};
use store::sorted::{Key, Place, SortedPage};
use store::{self, Listed, Slice};

/// A Relay connection with string cursors.
type Relay<N> = Connection<String, N, Totals, EmptyFields>;

/// A page of a list: a Relay connection that a plan can write ([`crate::planned`]).
pub struct Page<N: OutputType>(Relay<N>);

impl<N: OutputType> Page<N> {
    /// Adds an object to the end of the page.
    pub(super) fn push(&mut self, cursor: String, node: N) {
        self.0.edges.push(Edge::new(cursor, node));
    }

    fn info(&self) -> PageInfo {
        let (first, last) = (self.0.edges.first(), self.0.edges.last());
        PageInfo {
            has_previous_page: self.0.has_previous_page,
            has_next_page: self.0.has_next_page,
            start_cursor: first.map(|edge| edge.cursor.clone()),
            end_cursor: last.map(|edge| edge.cursor.clone()),
        }
    }
}

#[async_trait::async_trait]
impl<N: OutputType> OutputType for Page<N> {
    fn type_name() -> Cow<'static, str> {
        Relay::<N>::type_name()
    }

    fn create_type_info(registry: &mut Registry) -> String {
        Relay::<N>::create_type_info(registry)
    }

    async fn resolve(&self, ctx: &ContextSelectionSet<'_>, field: &Positioned<Field>) -> ServerResult<Value> {
        self.0.resolve(ctx, field).await
    }
}

impl<N: OutputType + Output + 'static> Written for Page<N> {
    fn field(name: &str, below: &Below<'_>) -> Option<Write<Self>> {
        Some(match name {
            "pageInfo" => {
                let plan = PageInfo::compile(below)?;
                Box::new(move |page, out| page.info().write(&plan, out))
            }
            "edges" => {
                let plan = Edge::<String, N, EmptyFields>::compile(below)?;
                Box::new(move |page, out| page.0.edges.write(&plan, out))
            }
            "nodes" => {
                let plan = N::compile(below)?;
                Box::new(move |page, out| write_list(page.0.edges.iter().map(|edge| &edge.node), &plan, out))
            }
            "totalCount" => Box::new(|page, out| page.0.additional_fields.count()?.write(&(), out)),
            "totalCountIsExact" => {
                Box::new(|page, out| page.0.additional_fields.total()?.is_exact.write(&(), out))
            }
            _ => return None,
        })
    }
}

impl<N: OutputType + Output + 'static> Written for Edge<String, N, EmptyFields> {
    fn field(name: &str, below: &Below<'_>) -> Option<Write<Self>> {
        Some(match name {
            "cursor" => Box::new(|edge, out| edge.cursor.write(&(), out)),
            "node" => {
                let plan = N::compile(below)?;
                Box::new(move |edge, out| edge.node.write(&plan, out))
            }
            _ => return None,
        })
    }
}

impl Written for PageInfo {
    fn field(name: &str, _: &Below<'_>) -> Option<Write<Self>> {
        Some(match name {
            "hasPreviousPage" => Box::new(|info, out| info.has_previous_page.write(&(), out)),
            "hasNextPage" => Box::new(|info, out| info.has_next_page.write(&(), out)),
            "startCursor" => Box::new(|info, out| info.start_cursor.write(&(), out)),
            "endCursor" => Box::new(|info, out| info.end_cursor.write(&(), out)),
            _ => return None,
        })
    }
}

output!([N: OutputType + Output + 'static] Page<N>);
output!([N: OutputType + Output + 'static] Edge<String, N, EmptyFields>);
output!([] PageInfo);

/// The fields that every connection has in addition to the Relay fields. The list is counted only if a client requests one of these fields.
pub struct Totals(Option<Total>);

#[Object]
impl Totals {
    /// Number of items in the whole list, with the filters applied. Long lists are counted up to a bound, at most 10,000: see `totalCountIsExact`.
    async fn total_count(&self) -> async_graphql::Result<u32> {
        self.count()
    }

    /// Whether `totalCount` is the exact number. If false, the list may have more items than `totalCount`.
    async fn total_count_is_exact(&self) -> async_graphql::Result<bool> {
        Ok(self.total()?.is_exact)
    }
}

impl Totals {
    fn count(&self) -> async_graphql::Result<u32> {
        u32::try_from(self.total()?.count).map_err(|error| top_level(Error::fault(error)))
    }

    fn total(&self) -> async_graphql::Result<Total> {
        self.0.ok_or_else(|| {
            top_level(Error::fault("the list was not counted; this is a bug, please report it"))
        })
    }
}

/// Whether the client requests the number of items in the list that this field returns.
pub(super) fn is_counted(ctx: &Context<'_>) -> bool {
    let list = ctx.look_ahead();
    ["totalCount", "totalCountIsExact"].into_iter().any(|name| list.field(name).exists())
}

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

/// An order of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sort {
    /// Whether the list is sorted by a key, such as a name, instead of by the time of creation.
    pub by_key: bool,
    /// Whether the highest key or the newest object comes first.
    pub descending: bool,
}

impl Sort {
    /// The order of creation.
    pub const OLDEST_FIRST: Self = Self { by_key: false, descending: false };
    /// The reverse order of creation.
    pub const NEWEST_FIRST: Self = Self { by_key: false, descending: true };

    /// The first byte of this order's cursors; `None` for the default order (the order without `orderBy`), whose cursors are ids.
    fn tag(self, usual: Self) -> Option<u8> {
        match self {
            sort if sort == usual => None,
            Self { by_key: false, .. } => Some(1),
            Self { by_key: true, descending: false } => Some(2),
            Self { by_key: true, descending: true } => Some(3),
        }
    }
}

/// Builds a connection over rows whose id is a UUIDv7. Reads one row more than requested, to find out whether the list continues. `newest_first`
/// reverses the list's natural order.
///
/// # Errors
/// Fails with `INVALID_INPUT` unless exactly one of `first` and `last` is given, from 1 to 100. Also returns the errors of `read`.
pub async fn connection<M, N, Fut>(
    ctx: &Context<'_>,
    paging: Paging,
    newest_first: bool,
    read: impl FnOnce(store::Page) -> Fut,
    id: impl Fn(&M) -> Uuid,
    node: impl Fn(M) -> N,
) -> async_graphql::Result<Page<N>>
where
    Fut: Future<Output = Result<Listed<M>>>,
    N: OutputType,
{
    let (size, backwards) = size(&paging).map_err(top_level)?;
    let (after, before) = around(&paging, cursor).map_err(top_level)?;
    let around = (after.is_some(), before.is_some());
    // cursors follow the order of the list, even if a page is read from the end of the list
    let (above, below) = if newest_first { (before, after) } else { (after, before) };
    let descending = newest_first != backwards;
    let page = store::Page { above, below, limit: size + 1, descending, counted: is_counted(ctx) };
    // the future is boxed: for every field of every object in a list, the executor allocates as much as the largest field needs
    let rows = Box::pin(read(page)).await.map_err(top_level)?;
    let cursor = |row: &M| URL_SAFE_NO_PAD.encode(id(row).as_bytes());
    Ok(assemble(rows, (size, backwards), around, cursor, node))
}

/// Builds a connection over rows in the order `sort`. `usual` is the default order, used if `orderBy` is omitted. `place` returns the row's position
/// in the order.
///
/// # Errors
/// Fails with `INVALID_INPUT` for the same reasons as [`connection`], and if a cursor belongs to a different order. Also returns the errors of
/// `read`.
pub async fn sorted<M, N, Fut>(
    ctx: &Context<'_>,
    paging: Paging,
    (sort, usual): (Sort, Sort),
    read: impl FnOnce(Slice) -> Fut,
    place: impl Fn(&M) -> Place,
    node: impl Fn(M) -> N,
) -> async_graphql::Result<Page<N>>
where
    Fut: Future<Output = Result<Listed<M>>>,
    N: OutputType,
{
    let (size, backwards) = size(&paging).map_err(top_level)?;
    let tag = sort.tag(usual);
    let after = bound("after", paging.after.as_deref(), tag).map_err(top_level)?;
    let before = bound("before", paging.before.as_deref(), tag).map_err(top_level)?;
    let around = (after.is_some(), before.is_some());
    let (above, below) = if sort.descending { (before, after) } else { (after, before) };
    let (limit, descending) = (size + 1, sort.descending != backwards);
    let slice = if sort.by_key {
        Slice::Sorted(SortedPage { above, below, limit, descending })
    } else {
        let id = |place: Option<Place>| place.map(|(_, id)| id);
        let counted = is_counted(ctx);
        Slice::Created(store::Page { above: id(above), below: id(below), limit, descending, counted })
    };
    let rows = Box::pin(read(slice)).await.map_err(top_level)?;
    Ok(assemble(rows, (size, backwards), around, |row| encode(place(row), sort, tag), node))
}

/// The connection of a page for which one row more than requested was read. `around` says whether the request has the cursors `after` and `before`.
pub(super) fn assemble<M, N: OutputType>(
    listed: Listed<M>,
    (size, backwards): (u64, bool),
    around: (bool, bool),
    cursor: impl Fn(&M) -> String,
    node: impl Fn(M) -> N,
) -> Page<N> {
    let Listed { mut rows, total } = listed;
    let wanted = usize::try_from(size).unwrap_or(usize::MAX);
    let more = rows.len() > wanted;
    rows.truncate(wanted);
    if backwards {
        rows.reverse();
    }
    let (previous, next) = if backwards { (more, around.1) } else { (around.0, more) };
    let mut page = empty(previous, next, total);
    page.0.edges.extend(rows.into_iter().map(|row| Edge::new(cursor(&row), node(row))));
    page
}

/// A page without objects.
pub(super) fn empty<N: OutputType>(previous: bool, next: bool, total: Option<Total>) -> Page<N> {
    Page(Connection::with_additional_fields(previous, next, Totals(total)))
}

/// The requested number of objects, and whether they are taken from the end of the list.
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
            base::message!("Must be between 1 and {max}.", max = MAX_PAGE),
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
        Some(text) => parse(text).map(Some).ok_or_else(|| no_cursor(name)),
        None => Ok(None),
    };
    Ok((cursor("after", &paging.after)?, cursor("before", &paging.before)?))
}

fn no_cursor(name: &str) -> Error {
    Error::invalid(name, "This is not a cursor of this list.")
}

fn cursor(text: &str) -> Option<Uuid> {
    Uuid::from_slice(&URL_SAFE_NO_PAD.decode(text).ok()?).ok()
}

/// Encodes the cursor of a row: its id in the default order, otherwise the order's tag, the id, and the key if the order has one.
fn encode((key, id): Place, sort: Sort, tag: Option<u8>) -> String {
    let Some(tag) = tag else { return URL_SAFE_NO_PAD.encode(id.as_bytes()) };
    let mut bytes = vec![tag];
    bytes.extend_from_slice(id.as_bytes());
    match key {
        _ if !sort.by_key => {}
        Key::Amount(amount) => {
            bytes.push(b'a');
            bytes.extend_from_slice(&amount.to_be_bytes());
        }
        Key::Name(name) => {
            bytes.push(b'n');
            bytes.extend_from_slice(name.as_bytes());
        }
    }
    URL_SAFE_NO_PAD.encode(bytes)
}

/// The position that a cursor encodes. A cursor for the order of creation has no key, so the returned position contains an arbitrary key.
fn decode(text: &str) -> Option<(Option<u8>, Place)> {
    let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
    if let Ok(id) = Uuid::from_slice(&bytes) {
        return Some((None, (Key::Amount(0), id)));
    }
    let (tag, rest) = bytes.split_first()?;
    let (id, key) = rest.split_at_checked(16)?;
    let id = Uuid::from_slice(id).ok()?;
    let key = match (tag, key.split_first()) {
        (1, None) => Key::Amount(0),
        (2 | 3, Some((b'a', amount))) => Key::Amount(i64::from_be_bytes(amount.try_into().ok()?)),
        (2 | 3, Some((b'n', name))) => Key::Name(String::from_utf8(name.to_vec()).ok()?),
        _ => return None,
    };
    Some((Some(*tag), (key, id)))
}

fn bound(name: &str, text: Option<&str>, tag: Option<u8>) -> Result<Option<Place>> {
    let Some(text) = text else { return Ok(None) };
    match decode(text) {
        Some((found, place)) if found == tag => Ok(Some(place)),
        Some(_) => Err(Error::invalid(
            name,
            "This cursor belongs to a different sort order of the list. Use each cursor only with the `orderBy` that returned it.",
        )),
        None => Err(no_cursor(name)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cursors_carry_their_order() {
        let id = Uuid::from_u128(7);
        let usual = Sort::NEWEST_FIRST;
        for (sort, key) in [
            (Sort::NEWEST_FIRST, Key::Amount(0)),
            (Sort::OLDEST_FIRST, Key::Amount(0)),
            (Sort { by_key: true, descending: false }, Key::Amount(-5)),
            (Sort { by_key: true, descending: true }, Key::Name("ana".to_owned())),
        ] {
            let tag = sort.tag(usual);
            let text = encode((key.clone(), id), sort, tag);
            assert_eq!(bound("after", Some(&text), tag).expect("a cursor"), Some((key, id)));
            let other = if tag.is_none() { Some(2) } else { None };
            let error = bound("after", Some(&text), other).expect_err("another order");
            assert!(error.to_string().contains("different sort order"), "{error}");
        }
        for bad in ["", "AAAA", "no cursor", "AgAAAAAAAAAAAAAAAAAAAAAAYQ"] {
            assert!(bound("after", Some(bad), None).is_err(), "{bad}");
        }
    }
}
