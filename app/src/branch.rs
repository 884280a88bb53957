//! Starts a subscription to all callshops of a branch, which is an account and everything below it. Each callshop has its own events and its own
//! cursor, so the branch has one stream for each callshop and merges these streams.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use futures_util::stream::{self, BoxStream, SelectAll, StreamExt as _};
use tokio::time::{Interval, MissedTickBehavior};
use uuid::Uuid;

use super::activity::{self, Start, State};
use super::calls::pricing;
use super::{App, access};
use crate::auth::{Actor, Right};
use crate::feed::{ActivityEvent, Watch, stream as positions};
use base::error::{Error, ErrorCode, Result};
use entity::call;
use store::{Scope, accounts};

/// Maximum number of callshops that one subscription follows.
pub const MAX_SHOPS: usize = 500;
/// Interval at which a subscription looks for callshops that were created after its start.
const REFRESH: Duration = Duration::from_secs(10);

/// A message about one callshop of the branch.
pub struct Message {
    /// The callshop.
    pub callshop_id: Uuid,
    /// The message itself.
    pub body: Body,
}

/// The content of a message.
pub enum Body {
    /// The callshop's state at the activity number `seq`.
    Snapshot {
        /// The number of the last activity event that the state includes.
        seq: i64,
        /// The state.
        state: Box<State>,
        /// Whether the subscriber's cursor was too old, as in [`Start::expired`].
        expired: bool,
    },
    /// An activity event of the callshop.
    Event(Arc<ActivityEvent>),
}

/// Follows the callshops of a branch.
pub struct Branch {
    app: Arc<App>,
    actor: Actor,
    /// The account at the top of the branch.
    account_id: Uuid,
    followed: HashSet<Uuid>,
    shops: SelectAll<BoxStream<'static, (Uuid, Result<Body>)>>,
    refresh: Interval,
}

impl Branch {
    /// Starts to follow the callshops of `account_id` and of all accounts below it. A callshop with a cursor in `after` resumes after that cursor;
    /// all other callshops begin with a snapshot. Cursors of callshops outside the branch are ignored.
    ///
    /// # Errors
    /// Fails with `BRANCH_TOO_LARGE` if the branch has more than [`MAX_SHOPS`] callshops. Fails with `INVALID_INPUT` if a cursor is malformed. May
    /// also fail with `NOT_FOUND`.
    pub async fn start(
        app: Arc<App>,
        actor: Actor,
        account_id: Uuid,
        mut after: HashMap<Uuid, String>,
    ) -> Result<Self> {
        for cursor in after.values() {
            positions::parse_cursor(cursor)?;
        }
        let ids = shops(&app, &actor, account_id).await?;
        // the first tick is immediate, and the callshops have just been read
        let mut refresh = tokio::time::interval_at(tokio::time::Instant::now() + REFRESH, REFRESH);
        refresh.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut branch =
            Self { app, actor, account_id, followed: HashSet::new(), shops: SelectAll::new(), refresh };
        for id in ids {
            branch.follow(id, after.remove(&id));
        }
        Ok(branch)
    }

    /// The next message of any callshop. Each callshop's messages are in order. This method is cancel-safe.
    ///
    /// # Errors
    /// Fails with `BRANCH_TOO_LARGE` if the branch has grown too large. Also fails if one callshop has an error that a retry would not fix.
    pub async fn next(&mut self) -> Result<Message> {
        loop {
            tokio::select! {
                Some((callshop_id, body)) = self.shops.next() => match body {
                    Ok(body) => return Ok(Message { callshop_id, body }),
                    // the callshop is no longer in the actor's subtree
                    Err(Error::NotFound | Error::Forbidden) => { self.followed.remove(&callshop_id); }
                    Err(error) => return Err(error),
                },
                _ = self.refresh.tick() => {
                    let find = || shops(&self.app, &self.actor, self.account_id);
                    for id in positions::retry_until_available(find).await? {
                        if !self.followed.contains(&id) {
                            self.follow(id, None);
                        }
                    }
                }
            }
        }
    }

    fn follow(&mut self, callshop_id: Uuid, after: Option<String>) {
        self.followed.insert(callshop_id);
        let (app, actor) = (self.app.clone(), self.actor.clone());
        let messages = stream::unfold(Position::Start(after), move |position| {
            let (app, actor) = (app.clone(), actor.clone());
            async move { position.advance(&app, &actor, callshop_id).await }
        });
        self.shops.push(messages.map(move |body| (callshop_id, body)).boxed());
    }
}

/// The ids of the branch's callshops.
async fn shops(app: &App, actor: &Actor, account_id: Uuid) -> Result<Vec<Uuid>> {
    let conn = app.store.reader();
    let account = access::account(conn, actor, account_id, Right::SeeShop).await?;
    let limit = MAX_SHOPS as u64 + 1;
    let ids = accounts::callshop_ids(conn, &Scope::subtree(&account.path), limit).await?;
    if ids.len() > MAX_SHOPS {
        let message = base::message!(
            "The branch has more than {max} callshops. Subscribe to the accounts below it, one by one.",
            max = MAX_SHOPS
        );
        return Err(Error::field(ErrorCode::BranchTooLarge, "accountId", message));
    }
    Ok(ids)
}

/// The position of one callshop's stream.
enum Position {
    /// The stream has not started. The stream will start after the cursor or, without a cursor, with a snapshot.
    Start(Option<String>),
    /// The stream has started and delivers events.
    Events(Box<Watch>),
    /// The stream failed.
    End,
}

impl Position {
    /// The next message, and the position after it; `None` after an error.
    async fn advance(self, app: &App, actor: &Actor, shop: Uuid) -> Option<(Result<Body>, Self)> {
        let mut watch = match self {
            Self::End => return None,
            Self::Events(watch) => watch,
            Self::Start(after) => match begin(app, actor, shop, after.as_deref()).await {
                Ok((watch, Some(body))) => return Some((Ok(body), Self::Events(watch))),
                Ok((watch, None)) => watch,
                Err(error) => return Some((Err(error), Self::End)),
            },
        };
        match watch.next().await {
            Ok(event) => Some((Ok(Body::Event(event)), Self::Events(watch))),
            Err(error) => Some((Err(error), Self::End)),
        }
    }
}

/// Starts to follow one callshop. Waits for its turn first, because all callshops of a branch start at the same time.
async fn begin(
    app: &App,
    actor: &Actor,
    shop: Uuid,
    after: Option<&str>,
) -> Result<(Box<Watch>, Option<Body>)> {
    let start = || async move {
        let _turn = app.hub.turn().await?;
        store::in_time(positions::PATIENCE, activity::start(app, actor, shop, None, after)).await
    };
    let Start { watch, seq, snapshot, expired } = Box::pin(positions::retry_until_available(start)).await?;
    let body = snapshot.map(|state| Body::Snapshot { seq, state: Box::new(state), expired });
    Ok((Box::new(watch), body))
}

/// The oldest live calls of a branch, at most 1,000, oldest first.
///
/// # Errors
/// Fails with `NOT_FOUND`.
pub async fn live_calls(app: &App, actor: &Actor, account_id: Uuid) -> Result<Vec<call::View>> {
    let conn = app.store.reader();
    let account = access::account(conn, actor, account_id, Right::SeeShop).await?;
    let mut calls = store::calls::live_in(conn, &Scope::subtree(&account.path)).await?;
    pricing::show(&app.rates, conn, &mut calls).await?;
    Ok(calls)
}
