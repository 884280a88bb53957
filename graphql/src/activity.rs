//! Subscriptions to the activity events of a callshop, a cabin or a branch, and to the feed of an account.

mod kinds;
mod messages;

use std::collections::HashMap;
use std::sync::Arc;

use async_graphql::{Context, ID, InputObject};
use futures_util::stream::{self, BoxStream, StreamExt as _};
use graphql_macros::object;
use uuid::Uuid;

pub use kinds::ActivityKind;
pub use messages::{
    AccountActivity, AccountFeed, Activity, CabinActivity, CabinSnapshot, CallshopActivity, CallshopSnapshot,
};

use super::accounts::parse_account;
use super::actor;
use super::cabins::Cabin;
use super::calls::Call;
use super::live::{self, EventSubscription, Kinds};
use super::payload::top_level;
use super::roles::{MANAGERS, SIGNED_IN};
use super::scalars::Kind;
use app::App;
use app::activity::{self as watching, FeedStart, Start};
use app::branch::{self, Body, Branch, Message};
use app::feed::{ActivityEvent, stream as positions};

/// A subscriber's position in the events of one callshop of a branch.
#[derive(InputObject)]
pub struct ShopCursor {
    /// The callshop.
    pub callshop_id: ID,
    /// The cursor of the last message that the client received about the callshop.
    pub cursor: String,
}

/// A stream of the first message and then of the events. The stream ends after its first error.
fn answers<T>(ctx: &Context<'_>, first: Option<T>, following: EventSubscription) -> Answers<T>
where
    T: for<'a> From<&'a ActivityEvent> + Send + 'static,
{
    let first = stream::iter(first.map(Ok));
    // if possible, events are written without the executor
    let Some(following) = live::leave(ctx, following) else { return first.boxed() };
    let events = stream::unfold(Some(following), async |following: Option<EventSubscription>| {
        let mut following = following?;
        match following.next().await {
            Ok(event) => Some((Ok(following.deliver(&event, |event| T::from(event))), Some(following))),
            Err(error) => Some((Err(top_level(error)), None)),
        }
    });
    first.chain(events).boxed()
}

/// Maximum number of kinds in a filter, well above the number of kinds that exist.
const MAX_KINDS: usize = 100;

/// The kinds that a subscriber wants; `None` if it wants all kinds.
fn wanted(kinds: Option<Vec<ActivityKind>>) -> async_graphql::Result<Option<Kinds>> {
    let Some(kinds) = kinds else { return Ok(None) };
    if kinds.is_empty() || kinds.len() > MAX_KINDS {
        let message = "Name at least one kind of event, or omit `kinds` for all events.";
        return Err(top_level(base::error::Error::invalid("kinds", message)));
    }
    Ok(Some(kinds.into_iter().map(entity::ActivityKind::from).collect()))
}

/// The messages of a subscription.
pub(super) type Answers<T> = BoxStream<'static, async_graphql::Result<T>>;

/// The application that serves a subscription. The value is owned, because the stream outlives the first response.
pub(super) fn application(ctx: &Context<'_>) -> Arc<App> {
    ctx.data_unchecked::<Arc<App>>().clone()
}

/// The fields of `Subscription` for activity events.
#[derive(Default)]
pub struct ActivitySubscription;

#[object(root = "Subscription")]
impl ActivitySubscription {
    /// Every activity event of a callshop, in order.
    #[field(roles = SIGNED_IN, scope = CALLS_READ | SESSIONS_READ)]
    async fn callshop_activity(
        &self,
        ctx: &Context<'_>,
        callshop_id: ID,
        #[graphql(desc = "Resume after this cursor, without gaps or repeats.")] after: Option<String>,
        #[graphql(desc = "Deliver only events of these kinds; if omitted, all events.")] kinds: Option<
            Vec<ActivityKind>,
        >,
    ) -> async_graphql::Result<Answers<CallshopActivity>> {
        let (app, actor) = (application(ctx), actor(ctx)?);
        let shop = Kind::Callshop.parse(&callshop_id).map_err(top_level)?;
        let kinds = wanted(kinds)?;
        let Start { watch, seq, snapshot, expired } =
            watching::start(&app, actor, shop, None, after.as_deref()).await.map_err(top_level)?;
        let first = snapshot.map(|state| CallshopActivity {
            cursor: positions::cursor(seq),
            snapshot: Some(state.into()),
            event: None,
            cursor_expired: expired,
        });
        let position = live::position(ctx, first.is_some().then_some(seq));
        let metrics = app.metrics.clone();
        Ok(answers(ctx, first, EventSubscription { watch, cabin: None, kinds, metrics, position }))
    }

    /// Every activity event of a cabin, in order.
    #[field(roles = SIGNED_IN, scope = CALLS_READ | SESSIONS_READ)]
    async fn cabin_activity(
        &self,
        ctx: &Context<'_>,
        cabin_id: ID,
        #[graphql(desc = "Resume after this cursor, without gaps or repeats.")] after: Option<String>,
        #[graphql(desc = "Deliver only events of these kinds; if omitted, all events.")] kinds: Option<
            Vec<ActivityKind>,
        >,
    ) -> async_graphql::Result<Answers<CabinActivity>> {
        let (app, actor) = (application(ctx), actor(ctx)?);
        let cabin = Kind::Cabin.parse(&cabin_id).map_err(top_level)?;
        let kinds = wanted(kinds)?;
        let shop = watching::callshop_of(&app, actor, cabin).await.map_err(top_level)?;
        let Start { watch, seq, snapshot, expired } =
            watching::start(&app, actor, shop, Some(cabin), after.as_deref()).await.map_err(top_level)?;
        let first = snapshot.and_then(|state| {
            Some(CabinActivity {
                cursor: positions::cursor(seq),
                snapshot: Some(CabinSnapshot {
                    as_of: state.as_of,
                    live_calls: state.live.into_iter().map(|row| Call::new(row, state.as_of)).collect(),
                    cabin: Cabin(state.cabins.into_iter().next()?),
                }),
                event: None,
                cursor_expired: expired,
            })
        });
        let position = live::position(ctx, first.is_some().then_some(seq));
        let metrics = app.metrics.clone();
        Ok(answers(ctx, first, EventSubscription { watch, cabin: Some(cabin), kinds, metrics, position }))
    }

    /// Every activity event of all callshops below an account, or of the account itself if it is a callshop. Fails with `BRANCH_TOO_LARGE` if there
    /// are more than 500 callshops. A new callshop joins within ten seconds of its creation.
    #[field(roles = SIGNED_IN, scope = CALLS_READ | SESSIONS_READ)]
    async fn account_activity(
        &self,
        ctx: &Context<'_>,
        account_id: ID,
        #[graphql(
            desc = "Resume after these cursors, at most one for each callshop. A callshop without a cursor begins with a snapshot. Cursors of other callshops are ignored."
        )]
        after: Option<Vec<ShopCursor>>,
        #[graphql(desc = "Deliver only events of these kinds; if omitted, all events.")] kinds: Option<
            Vec<ActivityKind>,
        >,
    ) -> async_graphql::Result<Answers<AccountActivity>> {
        let (app, actor) = (application(ctx), actor(ctx)?.clone());
        let account = parse_account(ctx, &account_id).await.map_err(top_level)?;
        let (kinds, after) = (wanted(kinds)?, cursors(after.unwrap_or_default())?);
        let branch = Branch::start(app, actor, account, after).await.map_err(top_level)?;
        let messages = stream::unfold(Some((branch, kinds)), async |following| {
            let (mut branch, kinds) = following?;
            loop {
                match branch.next().await {
                    Ok(message) if is_wanted(&message, kinds.as_ref()) => {
                        return Some((Ok(message.into()), Some((branch, kinds))));
                    }
                    Ok(_) => {}
                    Err(error) => return Some((Err(top_level(error)), None)),
                }
            }
        });
        Ok(messages.boxed())
    }

    /// Every event in the feed of an account that is not a callshop, in order: imports that end or wait, versions that are scheduled or take effect,
    /// changes to costs and credit, and disabled webhooks. The feed does not include events of the accounts below this account.
    #[field(roles = MANAGERS, scope = ACCOUNTS_READ | TARIFFS_READ)]
    async fn account_feed(
        &self,
        ctx: &Context<'_>,
        account_id: ID,
        #[graphql(desc = "Resume after this cursor, without gaps or repeats.")] after: Option<String>,
        #[graphql(desc = "Deliver only events of these kinds; if omitted, all events.")] kinds: Option<
            Vec<ActivityKind>,
        >,
    ) -> async_graphql::Result<Answers<AccountFeed>> {
        let (app, actor) = (application(ctx), actor(ctx)?);
        let account = parse_account(ctx, &account_id).await.map_err(top_level)?;
        let kinds = wanted(kinds)?;
        let FeedStart { watch, seq, expired, resumed } =
            watching::start_feed(&app, actor, account, after.as_deref()).await.map_err(top_level)?;
        let cursor = positions::cursor(seq);
        let first = (!resumed).then_some(AccountFeed { cursor, event: None, cursor_expired: expired });
        let position = live::position(ctx, first.is_some().then_some(seq));
        let metrics = app.metrics.clone();
        Ok(answers(ctx, first, EventSubscription { watch, cabin: None, kinds, metrics, position }))
    }
}

/// Parses the cursors into a map from callshop to cursor.
fn cursors(after: Vec<ShopCursor>) -> async_graphql::Result<HashMap<Uuid, String>> {
    if after.len() > branch::MAX_SHOPS {
        let message = base::message!("Give at most {max} cursors.", max = branch::MAX_SHOPS);
        return Err(top_level(base::error::Error::invalid("after", message)));
    }
    let parse =
        |one: ShopCursor| Ok((Kind::Callshop.parse(&one.callshop_id).map_err(top_level)?, one.cursor));
    after.into_iter().map(parse).collect()
}

/// Snapshots are delivered regardless of `kinds`: a subscriber that does not want a callshop's snapshot passes a cursor for that callshop.
fn is_wanted(message: &Message, kinds: Option<&Kinds>) -> bool {
    match &message.body {
        Body::Snapshot { .. } => true,
        Body::Event(event) => kinds.is_none_or(|kinds| kinds.contains(&event.kind)),
    }
}
