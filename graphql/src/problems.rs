//! Problems that need a person's attention.

use async_graphql::{Context, Enum, ID, SimpleObject};
use chrono::{DateTime, Utc};
use entity::{AccountKind, account};
use graphql_macros::object;

use super::accounts::parse_account;
use super::languages;
use super::payload::{MessageParam, nullable, params};
use super::roles::BACK_OFFICE;
use super::scalars::Kind;
use super::{app, caller};
use app::problems::{self, Group, Subject};
use base::message::Message;
use uuid::Uuid;

/// Kind of a problem.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "problems::ProblemKind")]
pub enum ProblemKind {
    /// A session has waited more than ten minutes for its last call to end.
    SessionClosing,
    /// A session has been open for more than 24 hours.
    SessionOpen,
    /// A call that should be over has no end: it was answered and is more than five minutes past its last paid second, or it has been ringing for
    /// more than five minutes.
    CallWithoutEnd,
    /// A session has more than one live call.
    CallsOverlap,
    /// A phone is offline in a cabin with an open session.
    PhoneOffline,
    /// A call of the last seven days cost the account more than the account earned from it.
    MarginNegative,
    /// Part of the price of a call that ended in the last seven days was written off, because the call was ended late or was paid for before its
    /// end was known.
    WrittenOff,
    /// The end of a call in the last seven days was estimated, because its proxy lost the call or reported impossible times.
    EndEstimated,
    /// In the last seven days, the phone of a call never acknowledged the answer. Somebody may be trying to talk without paying.
    CallUnacknowledged,
    /// In the last seven days, an event from a proxy could not be understood or applied. Only the platform sees this problem.
    EventRejected,
    /// An event that a proxy sent in the last seven days has an impossible time, or reports the end of a call that is unknown or had already ended.
    /// Only the platform sees this problem.
    EventDoubted,
    /// An event of a proxy has waited in the event stream for more than ten minutes, because it cannot be applied. Only the platform sees this
    /// problem.
    EventStuck,
    /// A proxy has SIP dialogs that match no known call. Only the platform sees this problem.
    DialogsUnknown,
    /// A proxy has not listed its calls for more than five minutes. Only the platform sees this problem.
    ProxySilent,
    /// A balance of the account differs from the sum of its ledger entries.
    LedgerDifference,
}

crate::compiled::enums!(ProblemKind);

/// A problem that needs a person's attention.
#[derive(async_graphql::Description)]
pub struct Problem {
    object_id: Option<ID>,
    callshop: Option<(Uuid, String)>,
    since: DateTime<Utc>,
    text: Message,
}

#[object]
impl Problem {
    /// Global id of the session, call, phone or account concerned; null for a problem with a proxy or its events.
    fn object_id(&self) -> Option<&ID> {
        self.object_id.as_ref()
    }

    /// Callshop of the object; null for proxies, for their events, and for the account's own books.
    fn callshop_id(&self) -> Option<ID> {
        self.callshop.as_ref().map(|(id, _)| Kind::Callshop.id(*id))
    }

    /// Display name of the callshop in `callshopId`; null if `callshopId` is null.
    fn callshop(&self) -> Option<&str> {
        self.callshop.as_ref().map(|(_, name)| name.as_str())
    }

    /// When the problem began.
    fn since(&self) -> DateTime<Utc> {
        self.since
    }

    /// A description of the problem and the next step, in the language of `UserError.message`.
    fn text(&self, ctx: &Context<'_>) -> String {
        app::languages::told(&self.text, "", languages::reader(ctx))
    }

    /// The names and numbers in `text`.
    #[field(length = 3)]
    fn params(&self, ctx: &Context<'_>) -> Vec<MessageParam> {
        params(&self.text, languages::reader(ctx))
    }
}

/// The problems of one kind.
#[object]
#[derive(SimpleObject)]
pub struct ProblemGroup {
    /// Kind of all `problems` in this group.
    pub kind: ProblemKind,
    /// At most 100 problems, oldest first.
    #[field(length = 50)]
    pub problems: Vec<Problem>,
    /// Whether there are more problems of this kind than those listed.
    pub more: bool,
}

fn group(account: &account::Model, group: Group) -> ProblemGroup {
    let account_kind = if account.kind == AccountKind::Callshop { Kind::Callshop } else { Kind::Account };
    let object_id = |subject| match subject {
        Subject::Session(id) => Some(Kind::CabinSession.id(id)),
        Subject::Call(id) => Some(Kind::Call.id(id)),
        Subject::Phone(id) => Some(Kind::Phone.id(id)),
        Subject::Account => Some(account_kind.id(account.id)),
        Subject::Event => None,
    };
    let problem = |problem: problems::Problem| Problem {
        object_id: object_id(problem.subject),
        callshop: problem.callshop,
        since: problem.since,
        text: problem.text,
    };
    ProblemGroup {
        kind: group.kind.into(),
        problems: group.problems.into_iter().map(problem).collect(),
        more: group.more,
    }
}

/// The fields of `Query` for problems.
#[derive(Default)]
pub struct ProblemQuery;

#[object(root = "Query")]
impl ProblemQuery {
    /// Problems in the callshops and books of the caller's account or of an account below it. Kinds that have no problem are omitted. Hidden from
    /// attendants.
    #[field(roles = BACK_OFFICE, scope = REPORTS_READ, length = 50)]
    async fn problems(
        &self,
        ctx: &Context<'_>,
        account_id: ID,
    ) -> Option<async_graphql::Result<Vec<ProblemGroup>>> {
        let found =
            async { problems::list(app(ctx), caller(ctx)?, parse_account(ctx, &account_id).await?).await }
                .await;
        nullable(
            found.map(|(account, groups)| groups.into_iter().map(|found| group(&account, found)).collect()),
        )
    }
}
