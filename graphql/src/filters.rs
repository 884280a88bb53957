//! Filters and orders of lists.

use async_graphql::{Enum, ID, InputObject};
use chrono::{DateTime, Utc};

use super::calls::{CallRefusal, CallState};
use super::paging::Sort;
use super::scalars::Kind;
use super::sessions::SessionState;
use app::calls::authorize::Refusal;
use app::finding;
use base::error::Result;
use store::Within;
use store::calls::CallFilter;
use store::session_list::SessionFilter;

/// A range of time. If a bound is omitted, the range is open on that side.
#[derive(Clone, Debug, Default, InputObject)]
pub struct TimeRange {
    /// First instant of the range.
    pub from: Option<DateTime<Utc>>,
    /// End of the range (exclusive); must be after `from`.
    pub to: Option<DateTime<Utc>>,
}

/// Checks the optional range in the argument or input field named `field`.
///
/// # Errors
/// Fails with `INVALID_INPUT` for an empty range.
pub(super) fn within(field: &str, range: Option<TimeRange>) -> Result<Within> {
    let range = range.unwrap_or_default();
    finding::within(field, range.from, range.to)
}

/// Filters calls. All given fields must match. If the server would have to read too many calls to find those that match, the query fails with
/// `SEARCH_TOO_BROAD`; give a shorter range in `authorizedAt`.
#[derive(Clone, Debug, Default, InputObject)]
#[graphql(name = "CallFilter")]
pub struct CallFilterInput {
    /// Only calls that were authorized in this range of time.
    pub authorized_at: Option<TimeRange>,
    /// Beginning of the called number: 1 to 20 digits with the country code, with or without "+". A whole number or short number is also allowed.
    pub number: Option<String>,
    /// Destination name, exactly as in `Call.destination`; at most 100 characters.
    pub destination: Option<String>,
    /// Only calls in one of these states; any state if the list is empty. The list may have at most 50 states.
    pub states: Option<Vec<CallState>>,
    /// Only calls from this cabin.
    pub cabin_id: Option<ID>,
    /// Only calls billed to this session.
    pub session_id: Option<ID>,
    /// Only calls in sessions that this user opened.
    pub attendant_id: Option<ID>,
    /// Only calls that were refused for this reason.
    pub refusal: Option<CallRefusal>,
}

impl CallFilterInput {
    /// Converts this input to the filter that the use case takes.
    ///
    /// # Errors
    /// Fails with `INVALID_INPUT`, or with `NOT_FOUND` for an invalid id.
    pub fn parse(self) -> Result<CallFilter> {
        let states = self.states.unwrap_or_default().into_iter().map(Into::into).collect();
        Ok(CallFilter {
            authorized: within("filter.authorizedAt", self.authorized_at)?,
            number: self.number.map(|number| finding::number("filter.number", &number)).transpose()?,
            destination: self
                .destination
                .map(|name| finding::destination("filter.destination", name))
                .transpose()?,
            states: finding::few("filter.states", states)?,
            cabin_id: self.cabin_id.map(|id| Kind::Cabin.parse(&id)).transpose()?,
            session_id: self.session_id.map(|id| Kind::CabinSession.parse(&id)).transpose()?,
            attendant_id: self.attendant_id.map(|id| Kind::User.parse(&id)).transpose()?,
            refusal: self.refusal.map(|refusal| Refusal::from(refusal).code().to_owned()),
        })
    }
}

/// Filters sessions. All given fields must match. If the server would have to read too many sessions to find those that match, the query fails with
/// `SEARCH_TOO_BROAD`; give a shorter range in `openedAt`.
#[derive(Clone, Debug, Default, InputObject)]
#[graphql(name = "SessionFilter")]
pub struct SessionFilterInput {
    /// Only sessions whose cabin was opened in this range of time.
    pub opened_at: Option<TimeRange>,
    /// Search text: beginnings of words in the customer's name, in any order; accents and case are ignored. At most 100 characters and 8 words.
    pub customer: Option<String>,
    /// Only the session with this receipt number.
    pub receipt_number: Option<String>,
    /// Only sessions in one of these states; any state if the list is empty. The list may have at most 50 states.
    pub states: Option<Vec<SessionState>>,
    /// Only sessions whose current or last cabin is this cabin.
    pub cabin_id: Option<ID>,
    /// Only sessions that this user opened.
    pub attendant_id: Option<ID>,
}

impl SessionFilterInput {
    /// Converts this input to the filter that the use case takes.
    ///
    /// # Errors
    /// Fails with `INVALID_INPUT`, or with `NOT_FOUND` for an invalid id.
    pub fn parse(self) -> Result<SessionFilter> {
        let states = self.states.unwrap_or_default().into_iter().map(Into::into).collect();
        Ok(SessionFilter {
            opened: within("filter.openedAt", self.opened_at)?,
            customer: finding::words("filter.customer", self.customer.as_deref())?,
            receipt_number: self
                .receipt_number
                .map(|number| finding::receipt_number("filter.receiptNumber", &number))
                .transpose()?,
            states: finding::few("filter.states", states)?,
            cabin_id: self.cabin_id.map(|id| Kind::Cabin.parse(&id)).transpose()?,
            attendant_id: self.attendant_id.map(|id| Kind::User.parse(&id)).transpose()?,
        })
    }
}

/// Order of accounts, callshops, users and phones. A list with more than 10,000 objects cannot be sorted by name; search or filter it first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum NameOrder {
    /// Oldest first. This is the order if `orderBy` is omitted.
    CreatedAsc,
    /// Newest first.
    CreatedDesc,
    /// By name, from A to Z; accents and case are ignored.
    NameAsc,
    /// By name, from Z to A.
    NameDesc,
}

/// Order of calls. More than 10,000 calls cannot be sorted by cost; give a shorter range in `authorizedAt`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum CallOrder {
    /// Oldest first.
    TimeAsc,
    /// Newest first. This is the order if `orderBy` is omitted.
    TimeDesc,
    /// Cheapest first. A call that is not over is sorted as if it were free.
    CostAsc,
    /// Most expensive first.
    CostDesc,
}

/// Order of sessions. More than 10,000 sessions cannot be sorted by total; give a shorter range in `openedAt`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum SessionOrder {
    /// By opening time, oldest first.
    OpenedAsc,
    /// By opening time, newest first. This is the order if `orderBy` is omitted.
    OpenedDesc,
    /// Lowest total first. Sessions without a final statement come before all others.
    TotalAsc,
    /// Highest total first.
    TotalDesc,
}

impl From<NameOrder> for Sort {
    fn from(order: NameOrder) -> Self {
        match order {
            NameOrder::CreatedAsc => Self { by_key: false, descending: false },
            NameOrder::CreatedDesc => Self { by_key: false, descending: true },
            NameOrder::NameAsc => Self { by_key: true, descending: false },
            NameOrder::NameDesc => Self { by_key: true, descending: true },
        }
    }
}

impl From<CallOrder> for Sort {
    fn from(order: CallOrder) -> Self {
        match order {
            CallOrder::TimeAsc => Self { by_key: false, descending: false },
            CallOrder::TimeDesc => Self { by_key: false, descending: true },
            CallOrder::CostAsc => Self { by_key: true, descending: false },
            CallOrder::CostDesc => Self { by_key: true, descending: true },
        }
    }
}

impl From<SessionOrder> for Sort {
    fn from(order: SessionOrder) -> Self {
        match order {
            SessionOrder::OpenedAsc => Self { by_key: false, descending: false },
            SessionOrder::OpenedDesc => Self { by_key: false, descending: true },
            SessionOrder::TotalAsc => Self { by_key: true, descending: false },
            SessionOrder::TotalDesc => Self { by_key: true, descending: true },
        }
    }
}
