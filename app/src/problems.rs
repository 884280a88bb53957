//! Problems that need a person's attention: in the callshops below an account, in the account's books, and, for the platform's admins, at the SIP
//! proxies.

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};
use entity::{HookStatus, Role, account};
use uuid::Uuid;

use super::{App, access};
use crate::auth::{Actor, Right};
use crate::sip_proxies::StuckEntry;
use base::error::{Error, OrFault as _, Result};
use base::message::{Message, Word};
use serde::Deserialize as _;
use store::problems::{self, Found, LiveCall, Search};
use store::{Tx, accounts, reconcile};

/// Maximum number of problems returned per kind.
const MAX_PROBLEMS: usize = 100;
/// Maximum number of live calls that are checked.
const MAX_LIVE: u64 = 10_000;
/// A session that has been CLOSING for longer than this is a problem.
const CLOSING: TimeDelta = TimeDelta::minutes(10);
/// A session that has been open for longer than this is a problem.
const OPEN: TimeDelta = TimeDelta::hours(24);
/// A call is a problem if it is still live this long after its last covered second, or if it has been ringing for this long. If a proxy's last
/// listing is older than this duration, the proxy is a problem.
const GRACE: TimeDelta = TimeDelta::minutes(5);

/// The kind of a problem.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ProblemKind {
    /// A session has waited more than ten minutes for its call to end.
    SessionClosing,
    /// A session has been open for more than a day.
    SessionOpen,
    /// A call is still live although its covered time or its ring time has long passed.
    CallWithoutEnd,
    /// A session has more than one live call.
    CallsOverlap,
    /// A phone is offline in an open cabin.
    PhoneOffline,
    /// A call cost the account more than the call earned.
    MarginNegative,
    /// Part of a call's price was written off.
    WrittenOff,
    /// The end of a call was estimated.
    EndEstimated,
    /// The phone of a call never acknowledged the answer.
    CallUnacknowledged,
    /// An event of a proxy cannot be parsed or applied.
    EventRejected,
    /// A proxy's event reports something impossible, or the end of a call whose end was already known.
    EventDoubted,
    /// Attempts to apply an event of a proxy have failed for minutes, and continue.
    EventStuck,
    /// A proxy has dialogs that belong to none of this server's calls.
    DialogsUnknown,
    /// A proxy does not respond.
    ProxySilent,
    /// A balance of the account is not the sum of its entries.
    LedgerDifference,
}

/// The object that a problem is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// A cabin session.
    Session(Uuid),
    /// A call.
    Call(Uuid),
    /// A phone.
    Phone(Uuid),
    /// The account whose problems were requested.
    Account,
    /// An event, a stream entry or a proxy; none of these is an object with an id.
    Event,
}

/// A problem that needs a person's attention.
#[derive(Clone, Debug)]
pub struct Problem {
    /// The object that the problem is about.
    pub subject: Subject,
    /// Id and name of the callshop; `None` if the problem is not in a callshop.
    pub callshop: Option<(Uuid, String)>,
    /// When the problem began.
    pub since: DateTime<Utc>,
    /// A description, and the recommended next step.
    pub text: Message,
}

/// The problems of one kind.
#[derive(Clone, Debug)]
pub struct Group {
    /// The kind.
    pub kind: ProblemKind,
    /// The problems, oldest first.
    pub problems: Vec<Problem>,
    /// Whether there are more problems than the 100 listed.
    pub more: bool,
}

/// Lists the problems in the callshops of an account, and in the account's books. The account must be in the actor's subtree. If an admin of the
/// platform asks for the platform's own account, the list also has the problems of the proxies and their events. Kinds that have no problem are
/// omitted.
///
/// # Errors
/// Fails with `FORBIDDEN` for attendants. May also fail with `NOT_FOUND`.
pub async fn list(app: &App, actor: &Actor, account_id: Uuid) -> Result<(account::Model, Vec<Group>)> {
    let now = app.clock.now();
    let account = access::account(app.store.reader(), actor, account_id, Right::SeeCost).await?;
    let for_admin = actor.role == Role::Admin && account.id == actor.account_id;
    let asked = &account;
    let groups = app
        .store
        .read(|tx| async move {
            let mut look = Look { tx: &tx, account: asked, now, groups: Vec::new() };
            look.at_sessions().await?;
            look.at_live_calls().await?;
            look.at_phones().await?;
            look.at_ended_calls().await?;
            if for_admin {
                look.at_events().await?;
                look.at_stream(app);
                look.at_proxies(app).await?;
            }
            look.at_books().await?;
            look.named().await
        })
        .await?;
    Ok((account, groups))
}

const LOST: &str = "The end of the call was estimated, because the proxy had lost the call. If the proxy reports the true end later, that end replaces the estimate.";
const DOUBTED: &str = "The proxy reported impossible times for the call, so the call's end was estimated. Check whether the clocks of the \
                       proxy and the server agree. The end is corrected automatically if the proxy reports the true end.";

/// Builds the problem for a proxy's event that reports something impossible or came too late.
fn doubtful(event: entity::hook_event::Model) -> Problem {
    let call = event
        .reference
        .as_deref()
        .filter(|_| !matches!(event.kind.as_str(), "online" | "offline" | "abandoned"));
    let call = call.and_then(|reference| Uuid::parse_str(reference).ok());
    Problem {
        subject: call.map_or(Subject::Event, Subject::Call),
        callshop: None,
        since: event.received_at,
        text: base::message!(
            "The proxy \"{proxy}\" sent the doubtful event \"{event}\" ({kind}), {error}.",
            event = event.eid,
            kind = event.kind,
            proxy = event.proxy,
            error = event.error.unwrap_or_default()
        ),
    }
}

struct Look<'a> {
    tx: &'a Tx,
    account: &'a account::Model,
    now: DateTime<Utc>,
    groups: Vec<Group>,
}

impl Look<'_> {
    fn search(&self) -> Search {
        Search { path: self.account.path.clone(), limit: MAX_PROBLEMS as u64 + 1 }
    }

    fn add(&mut self, kind: ProblemKind, mut problems: Vec<Problem>) {
        let more = problems.len() > MAX_PROBLEMS;
        problems.sort_by_key(|problem| problem.since);
        problems.truncate(MAX_PROBLEMS);
        if !problems.is_empty() {
            self.groups.push(Group { kind, problems, more });
        }
    }

    fn add_found(
        &mut self,
        kind: ProblemKind,
        subject: fn(Uuid) -> Subject,
        found: Vec<Found>,
        text: &'static str,
    ) {
        let problem = |found: Found| Problem {
            subject: subject(found.id),
            // `named` adds all callshops' names later, with one query
            callshop: Some((found.callshop_id, String::new())),
            since: found.since,
            text: text.into(),
        };
        self.add(kind, found.into_iter().map(problem).collect());
    }

    async fn at_sessions(&mut self) -> Result<()> {
        let (conn, search) = (self.tx.conn(), self.search());
        let closing = problems::closing_since_before(conn, &search, self.now - CLOSING).await?;
        let text = "The session has waited more than ten minutes for its call to end. Hang up the call. If the call does not end, check whether \
                    the proxy can reach the server.";
        self.add_found(ProblemKind::SessionClosing, Subject::Session, closing, text);
        let open = problems::open_since_before(conn, &search, self.now - OPEN).await?;
        let text = "The session has been open for more than a day. Close the cabin if the customer has left.";
        self.add_found(ProblemKind::SessionOpen, Subject::Session, open, text);
        Ok(())
    }

    async fn at_live_calls(&mut self) -> Result<()> {
        let search = Search { limit: MAX_LIVE, ..self.search() };
        let live = problems::live_since_before(self.tx.conn(), &search, self.now - GRACE).await?;
        let late = |call: &LiveCall| {
            // the proxy gives up on a ringing call long before this time
            let lasts =
                if call.answered { TimeDelta::seconds(call.covered.into()) } else { TimeDelta::zero() };
            call.found.since + lasts + GRACE < self.now
        };
        let late: Vec<Found> = live.into_iter().filter(late).map(|call| call.found).collect();
        let text = "The call should have ended by now, but the proxy has not reported its end. Hang up the call, or check whether the proxy can \
                    reach the server. The call's credit stays held until the call ends.";
        self.add_found(ProblemKind::CallWithoutEnd, Subject::Call, late, text);
        let overlapping = problems::overlapping(self.tx.conn(), &self.search()).await?;
        let text = "The session has more than one live call. Check which phones make the calls, and hang up each call that is not the customer's.";
        self.add_found(ProblemKind::CallsOverlap, Subject::Session, overlapping, text);
        Ok(())
    }

    async fn at_phones(&mut self) -> Result<()> {
        let phones = problems::offline_phones(self.tx.conn(), &self.search()).await?;
        let text = "The phone of an open cabin is not registered. Check its cable and settings, or move the customer to another cabin.";
        self.add_found(ProblemKind::PhoneOffline, Subject::Phone, phones, text);
        Ok(())
    }

    async fn at_ended_calls(&mut self) -> Result<()> {
        let (conn, search) = (self.tx.conn(), self.search());
        let losses = problems::sold_below_cost(conn, &search, self.now).await?;
        let text = "The call cost more than it earned. Use explainCharge to compare the steps of the two levels, and raise the price.";
        self.add_found(ProblemKind::MarginNegative, Subject::Call, losses, text);
        let written_off = problems::written_off(conn, &search, self.now).await?;
        let text = "The call continued beyond its covered seconds, and the rest was written off. Check whether the server can reach \
                    the proxy's control listener in time.";
        self.add_found(ProblemKind::WrittenOff, Subject::Call, written_off, text);
        let lost = problems::estimated(conn, &search, self.now, true).await?;
        let doubted = problems::estimated(conn, &search, self.now, false).await?;
        let problem = |(found, text): (Found, &'static str)| Problem {
            subject: Subject::Call(found.id),
            callshop: Some((found.callshop_id, String::new())),
            since: found.since,
            text: text.into(),
        };
        let lost = lost.into_iter().map(|found| (found, LOST));
        let doubted = doubted.into_iter().map(|found| (found, DOUBTED));
        self.add(ProblemKind::EndEstimated, lost.chain(doubted).map(problem).collect());
        let unacknowledged = problems::unacknowledged(conn, &search, self.now).await?;
        let text = "The phone never acknowledged the answer, so the call was ended. In this way, callers can talk without paying. \
                    Check who uses the phone, and block the phone if this happens again. A phone that never acknowledges an answer is \
                    broken or cannot reach the proxy.";
        self.add_found(ProblemKind::CallUnacknowledged, Subject::Call, unacknowledged, text);
        Ok(())
    }

    async fn at_events(&mut self) -> Result<()> {
        let (conn, most) = (self.tx.conn(), MAX_PROBLEMS as u64 + 1);
        let doubted = problems::events(conn, HookStatus::Doubted, self.now, most).await?;
        self.add(ProblemKind::EventDoubted, doubted.into_iter().map(doubtful).collect());
        let events = problems::events(conn, HookStatus::Rejected, self.now, most).await?;
        let problem = |event: entity::hook_event::Model| Problem {
            subject: Subject::Event,
            callshop: None,
            since: event.received_at,
            text: base::message!(
                "The event \"{event}\" of the proxy \"{proxy}\" was rejected ({error}). Compare the proxy's configuration with the \
                 server's version.",
                event = event.eid,
                proxy = event.proxy,
                error = event.error.unwrap_or_default()
            ),
        };
        self.add(ProblemKind::EventRejected, events.into_iter().map(problem).collect());
        Ok(())
    }

    /// Adds the stuck entries that this node found in the Redis stream at its last poll, a few seconds ago.
    fn at_stream(&mut self, app: &App) {
        let Some(queue) = &app.event_queue else { return };
        let problem = |stuck: StuckEntry| Problem {
            subject: Subject::Event,
            callshop: None,
            since: stuck.since,
            text: base::message!(
                "The entry {entry} of the Redis stream failed {times} times and is still being retried. Later events of the same call or phone \
                 wait for this entry. See the servers' logs for the reason.",
                entry = stuck.id,
                times = stuck.deliveries
            ),
        };
        self.add(ProblemKind::EventStuck, queue.stuck().into_iter().map(problem).collect());
    }

    async fn at_proxies(&mut self, app: &App) -> Result<()> {
        let known = reconcile::proxies(self.tx.conn()).await?;
        let (mut unknown, mut silent) = (Vec::new(), Vec::new());
        for proxy in known.into_iter().filter(|row| app.proxies.knows(&row.name)) {
            let problem = |since, text| Problem { subject: Subject::Event, callshop: None, since, text };
            let dialogs = Vec::<serde::de::IgnoredAny>::deserialize(&proxy.strays).or_fault()?.len();
            if let Some(since) = proxy.alarm_since {
                let text = base::message!(
                    "The proxy \"{proxy}\" has at least {dialogs} dialogs that are not calls of this server, too many to hang up. Check \
                     whether the databases of the proxy and the server belong together. Each dialog ends at its own limit.",
                    proxy = proxy.name,
                    dialogs
                );
                unknown.push(problem(since, text));
            } else if dialogs > 0 {
                let text = base::message!(
                    "The proxy \"{proxy}\" has {dialogs} dialogs that belong to no call. These dialogs are hung up at the next \
                     comparison.",
                    proxy = proxy.name,
                    dialogs
                );
                unknown.push(problem(proxy.listed_at.unwrap_or(self.now), text));
            }
            let silent_since = match proxy.listed_at {
                Some(at) => Some(at).filter(|at| *at + GRACE < self.now),
                None => proxy.looked_at.filter(|_| proxy.lease_until.is_none()),
            };
            if let Some(since) = silent_since {
                let text = base::message!(
                    "The proxy \"{proxy}\" has not listed its calls since then, and lost calls stay open. Check whether the proxy runs \
                     and whether the server reaches its control listener.",
                    proxy = proxy.name
                );
                silent.push(problem(since, text));
            }
        }
        self.add(ProblemKind::DialogsUnknown, unknown);
        self.add(ProblemKind::ProxySilent, silent);
        Ok(())
    }

    async fn at_books(&mut self) -> Result<()> {
        let books = problems::broken_books(self.tx.conn(), self.account.id).await?;
        let problem = |book: entity::Book| Problem {
            subject: Subject::Account,
            callshop: None,
            since: self.now,
            text: base::message!(
                "The balance of {book} is not the sum of its entries. Do not rely on this balance, and inform the operator of the \
                 server.",
                book = Word(book.as_str())
            ),
        };
        self.add(ProblemKind::LedgerDifference, books.into_iter().map(problem).collect());
        Ok(())
    }

    /// Returns the groups, with the callshops' names filled in.
    async fn named(self) -> Result<Vec<Group>> {
        let problems = self.groups.iter().flat_map(|group| &group.problems);
        let mut ids: Vec<Uuid> =
            problems.filter_map(|problem| problem.callshop.as_ref().map(|(id, _)| *id)).collect();
        ids.sort_unstable();
        ids.dedup();
        let found = accounts::by_ids(self.tx.conn(), &ids).await?;
        let names: HashMap<Uuid, String> =
            found.into_iter().map(|account| (account.id, account.name)).collect();
        let mut groups = self.groups;
        for (id, name) in groups
            .iter_mut()
            .flat_map(|group| &mut group.problems)
            .filter_map(|problem| problem.callshop.as_mut())
        {
            let found = names.get(id).cloned();
            *name = found.ok_or_else(|| Error::fault("the callshop of a problem does not exist"))?;
        }
        Ok(groups)
    }
}
