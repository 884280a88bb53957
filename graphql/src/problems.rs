//! Problems: what a person should look at.

use async_graphql::{Context, Enum, ID, Object, SimpleObject};
use chrono::{DateTime, Utc};
use entity::{AccountKind, account};

use super::accounts::parse_account;
use super::payload::nullable;
use super::roles::{BACK_OFFICE, Rule};
use super::scalars::Kind;
use super::{app, caller};
use app::problems::{self, Group, Subject};

/// Who sees what of this file.
pub const RULES: &[Rule] = &[("Query.problems", BACK_OFFICE)];

/// What is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[graphql(remote = "problems::ProblemKind")]
pub enum ProblemKind {
    /// A session has waited for the end of its call for more than ten minutes.
    SessionClosing,
    /// A session has been open for more than 24 hours.
    SessionOpen,
    /// A call is up more than five minutes after its last covered second, or rings for more than five minutes: its end never came.
    CallWithoutEnd,
    /// A session has two live calls.
    CallsOverlap,
    /// A phone is offline in a cabin with an open session.
    PhoneOffline,
    /// A call of the last seven days cost the account more than it brought.
    MarginNegative,
    /// Something of a call that ended in the last seven days was given away, because it was cut late or paid before its end was known.
    WrittenOff,
    /// The end of a call, in the last seven days, was estimated: its proxy had lost it, or told times that cannot be true.
    EndEstimated,
    /// The phone of a call of the last seven days never acknowledged the answer: perhaps somebody tries to talk without paying.
    CallUnacknowledged,
    /// An event of the proxy, of the last seven days, was not understood; only shown to the platform.
    EventRejected,
    /// An event of the proxy, of the last seven days, has a time that cannot be true, or is an end that changed nothing because another one, or
    /// no such call, was known; only shown to the platform.
    EventDoubted,
    /// An event of the proxy has waited in the stream for more than ten minutes, because it cannot be applied; only shown to the platform.
    EventStuck,
    /// A proxy has dialogs that are no calls of ours; only shown to the platform.
    DialogsUnknown,
    /// A proxy has not listed its calls for more than five minutes; only shown to the platform.
    ProxySilent,
    /// A balance of the account is not the sum of its entries.
    LedgerDifference,
}

/// Something that a person should look at.
#[derive(SimpleObject)]
pub struct Problem {
    /// Global id of the session, call, phone or account that it is about; null of an event.
    pub object_id: Option<ID>,
    /// The callshop that it is in; null of events and of the account's own books.
    pub callshop_id: Option<ID>,
    /// Name of that callshop.
    pub callshop: Option<String>,
    /// Since when.
    pub since: DateTime<Utc>,
    /// What it is and what to do next, in English.
    pub text: String,
}

/// The problems of one kind.
#[derive(SimpleObject)]
pub struct ProblemGroup {
    /// Which kind.
    pub kind: ProblemKind,
    /// The problems, longest standing first, at most 100.
    pub problems: Vec<Problem>,
    /// Whether there are others.
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
    let problem = |problem: problems::Problem| {
        let (callshop_id, callshop) = problem.callshop.unzip();
        Problem {
            object_id: object_id(problem.subject),
            callshop_id: callshop_id.map(|id| Kind::Callshop.id(id)),
            callshop,
            since: problem.since,
            text: problem.text,
        }
    };
    ProblemGroup {
        kind: group.kind.into(),
        problems: group.problems.into_iter().map(problem).collect(),
        more: group.more,
    }
}

/// Queries of this file.
#[derive(Default)]
pub struct ProblemQuery;

#[Object]
impl ProblemQuery {
    /// What is wrong in the callshops of an account of the caller's branch, or his own, and in its books; kinds without a problem are left
    /// out.
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
