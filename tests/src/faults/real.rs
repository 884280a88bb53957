//! Makes real calls in addition to the simulated calls. SIPp's phones call through the SIP proxy, which is killed and restarted.
//!
//! Each call's charge is compared with the messages that the phones and the gateway logged. If the call's end event reached the API, the charge must
//! be for the talk time. If that event was lost with the proxy, the charge must cover the time until the last sign that the proxy had the call.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use entity::{CallState, HookStatus, call, hook_event};
use graphql::scalars::Kind;
use sea_orm::{ColumnTrait as _, DatabaseConnection, EntityTrait as _, QueryFilter as _};
use serde_json::json;
use uuid::Uuid;

use super::site::Site;
use super::verify::Charges;
use super::{COST, RETAIL, WHOLESALE};
use crate::Shop;
use crate::crash::Random;
use crate::shop::SipAccount;
use crate::sip::{Script, Trace};

/// Maximum wait for the end of calls that neither side will hang up.
const PATIENCE: Duration = Duration::from_secs(90);
/// Maximum delay between a message and its log entry on a busy machine.
const SLACK: TimeDelta = TimeDelta::milliseconds(150);
/// If an end event was sent at least this long before the proxy died, it has been delivered, because links are down for eight seconds at most.
const IN_MEMORY: TimeDelta = TimeDelta::seconds(20);

/// Disturbances that affect how a call of the real proxy is charged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Disturbance {
    /// The proxy's clock was off by the size of the step.
    Step,
    /// The proxy was killed.
    Kill,
}

/// A callshop with real phones.
pub(super) struct Real {
    phones: Vec<SipAccount>,
    /// Phones that only ring, and only when a test asks them to.
    ringing: Vec<SipAccount>,
    shop: uuid::Uuid,
    stop: AtomicBool,
    made: AtomicU64,
    whole: AtomicU64,
    heard: Mutex<BTreeMap<String, Heard>>,
    disturbed: Mutex<Vec<Disturbed>>,
}

/// A past disturbance of the proxy.
struct Disturbed {
    what: Disturbance,
    since: DateTime<Utc>,
    until: DateTime<Utc>,
}

/// A call as the phone and the gateway logged it.
#[derive(Clone, Debug, Default)]
struct Heard {
    /// The gateway sent the answer.
    answer_sent: Option<DateTime<Utc>>,
    /// The phone received the answer.
    answer_heard: Option<DateTime<Utc>>,
    /// The first BYE was sent or received.
    bye: Option<DateTime<Utc>>,
    /// The BYE was answered.
    bye_answered: Option<DateTime<Utc>>,
    /// Whether only the proxy hung up. If a proxy hangs up on its own, it reports the end before the two sides learn of it.
    cut: bool,
}

impl Heard {
    /// Adds a message logged by one side.
    fn add(&mut self, by_phone: bool, message: &crate::sip::Message) {
        let first = |known: &mut Option<DateTime<Utc>>| {
            *known = Some(known.map_or(message.at, |at| at.min(message.at)));
        };
        if message.answers("INVITE") == Some(200) {
            first(if by_phone { &mut self.answer_heard } else { &mut self.answer_sent });
        }
        if message.is_request("BYE") {
            self.cut = !message.sent && (self.cut || self.bye.is_none());
            first(&mut self.bye);
        }
        if message.answers("BYE").is_some() {
            self.bye_answered = self.bye_answered.max(Some(message.at));
        }
    }

    /// Minimum and maximum number of whole seconds that the proxy may have measured. There is no maximum if neither side saw the end.
    fn seconds(&self) -> (i64, Option<i64>) {
        let up = |time: TimeDelta| (time.num_microseconds().unwrap_or(0).max(0) + 999_999) / 1_000_000;
        // if the proxy cuts a call, it reports the end before either side learns of the end
        let early = if self.cut { TimeDelta::seconds(1) } else { TimeDelta::zero() };
        let least = self.answer_heard.zip(self.bye).map_or(0, |(from, to)| up(to - from - SLACK - early));
        let last = self.bye_answered.max(self.bye);
        let most = self.answer_sent.or(self.answer_heard).zip(last).map(|(from, to)| up(to - from + SLACK));
        (least, most)
    }
}

/// Number of real calls for each kind of end.
#[derive(Default)]
struct Ends {
    exact: usize,
    estimated: usize,
    stepped: usize,
    unanswered: usize,
}

impl Real {
    /// Opens the cabins of `shop`.
    pub(super) async fn prepare(shop: &Shop) -> Self {
        shop.open_register().await;
        for cabin in 0..shop.cabins.len() {
            shop.open_cabin(cabin).await;
        }
        let (ringing, phones) = shop.phones.split_at(2);
        Self {
            phones: phones.to_vec(),
            ringing: ringing.to_vec(),
            shop: Kind::Callshop.parse(&shop.id.clone().into()).expect("an id"),
            stop: AtomicBool::new(false),
            made: AtomicU64::new(0),
            whole: AtomicU64::new(0),
            heard: Mutex::default(),
            disturbed: Mutex::default(),
        }
    }

    pub(super) fn stop(&self) {
        self.stop.store(true, Ordering::Relaxed);
    }

    /// Records a disturbance of the proxy that began at `since` and has just ended.
    pub(super) fn disturbed(&self, what: Disturbance, since: DateTime<Utc>) {
        self.disturbed.lock().expect("the list").push(Disturbed { what, since, until: Utc::now() });
    }

    /// Whether this disturbance affected the proxy at any time in a period.
    fn was(&self, what: Disturbance, from: DateTime<Utc>, to: DateTime<Utc>) -> bool {
        let list = self.disturbed.lock().expect("the list");
        list.iter().any(|known| known.what == what && known.since <= to && from <= known.until)
    }

    /// Makes every phone place a call, talk for up to three seconds, and call again.
    pub(super) async fn call(self: Arc<Self>, site: Arc<Site>, mut random: Random) {
        let mut calling = Vec::new();
        for account in self.phones.clone() {
            let (real, site, own) = (self.clone(), site.clone(), Random(random.next()));
            calling.push(tokio::spawn(async move { real.phone(&site, &account, own).await }));
        }
        for phone in calling {
            phone.await.expect("a phone's task");
        }
    }

    async fn phone(&self, site: &Site, account: &SipAccount, mut random: Random) {
        let phone = site.sip.lock().await.phone(account);
        while !self.stop.load(Ordering::Relaxed) {
            let talk = (500 + random.below(2_500)).to_string();
            let options = ["-d", &talk, "-timeout", "20s"];
            let script = Script::call("phone-call", "0013055550123", &options);
            let playing = site.sip.lock().await.play(&phone, &script);
            self.made.fetch_add(1, Ordering::Relaxed);
            let (whole, trace) = playing.over().await;
            if whole {
                self.whole.fetch_add(1, Ordering::Relaxed);
            }
            self.hear(true, &trace);
            tokio::time::sleep(Duration::from_millis(random.below(500).unsigned_abs())).await;
        }
    }

    /// Makes phones ring for `time`; then, the callers give up. A refused phone dials again, as a customer does, because the proxy may still be
    /// recovering from the previous fault.
    ///
    /// # Errors
    /// Fails if a phone was refused every time.
    pub(super) async fn ring(&self, site: &Site, time: Duration) -> Result<(), String> {
        let milliseconds = time.as_millis().to_string();
        let options = ["-d", &milliseconds];
        let script = Script::call("phone-cancel", "0013055550700", &options);
        let rings = async |account: &SipAccount| {
            let begun = Instant::now();
            loop {
                let playing = {
                    let sip = site.sip.lock().await;
                    sip.play(&sip.phone(account), &script)
                };
                let (whole, trace) = playing.over().await;
                self.hear(true, &trace);
                if whole {
                    return Ok(());
                }
                if begun.elapsed() > PATIENCE {
                    let answers: Vec<_> =
                        trace.messages().iter().filter_map(|message| message.answers("INVITE")).collect();
                    return Err(format!(
                        "a phone did not ring in {PATIENCE:?}; the last answers were {answers:?}"
                    ));
                }
                tokio::time::sleep(Duration::from_secs(2)).await;
            }
        };
        futures_util::future::try_join_all(self.ringing.iter().map(rings)).await.map(drop)
    }

    fn hear(&self, by_phone: bool, trace: &Trace) {
        let mut heard = self.heard.lock().expect("the calls");
        for message in trace.messages() {
            if let Some(id) = message.call_id() {
                heard.entry(id.to_owned()).or_default().add(by_phone, message);
            }
        }
    }

    /// Waits until no call is in progress.
    ///
    /// # Errors
    /// The error lists the calls that are still in progress.
    pub(super) async fn settle(&self, conn: &DatabaseConnection) -> Result<(), String> {
        let begun = Instant::now();
        loop {
            let up = call::Entity::find().filter(call::Column::CallshopId.eq(self.shop)).filter(
                call::Column::State.is_in([CallState::Authorized, CallState::Ringing, CallState::Answered]),
            );
            let up = up.all(conn).await.map_err(|error| error.to_string())?;
            if up.is_empty() {
                return Ok(());
            }
            if begun.elapsed() > PATIENCE {
                return Err(format!("{} calls of the real proxy do not end: {:?}", up.len(), up[0]));
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }

    /// Compares each call with the messages logged by the phone and the gateway. Returns a summary.
    ///
    /// # Errors
    /// The error names a call whose charge does not match its talk time.
    pub(super) async fn check(
        &self,
        conn: &DatabaseConnection,
        charges: &Charges,
        gateway: &Trace,
    ) -> Result<String, String> {
        self.hear(false, gateway);
        let failed = |error: sea_orm::DbErr| error.to_string();
        let rows = call::Entity::find().filter(call::Column::CallshopId.eq(self.shop));
        let rows = rows.all(conn).await.map_err(failed)?;
        let told = hook_event::Entity::find()
            .filter(hook_event::Column::Kind.is_in(["ended", "lost"]))
            .filter(hook_event::Column::Status.eq(HookStatus::Applied));
        let mut ends: BTreeMap<(String, Uuid), DateTime<Utc>> = BTreeMap::new();
        for event in told.all(conn).await.map_err(failed)? {
            let reference = event.reference.and_then(|id| id.parse().ok());
            ends.extend(reference.map(|id| ((event.kind, id), event.at)));
        }
        let heard = self.heard.lock().expect("the calls").clone();
        let (mut found, mut charged) = (BTreeSet::new(), BTreeSet::new());
        let mut count = Ends::default();
        for row in &rows {
            let seen = heard.get(&row.sip_call_id).cloned().unwrap_or_default();
            let end = |kind: &str| ends.get(&(kind.to_owned(), row.id)).copied();
            if let Err(wrong) = self.judge(row, &seen, (end("ended"), end("lost")), charges, &mut count) {
                let told = hook_event::Entity::find().filter(
                    hook_event::Column::Reference.is_in([row.id.to_string(), row.request_id.clone()]),
                );
                let told = told.all(conn).await.map_err(failed)?;
                return Err(format!(
                    "a real call {wrong}: {row:?}; its two ends saw {seen:?}; its proxy reported {told:?}"
                ));
            }
            found.insert(row.sip_call_id.as_str());
            if charges.standing(row.id) > 0 && !charged.insert(row.sip_call_id.as_str()) {
                return Err(format!("a real call is stored as two calls, and both are charged: {row:?}"));
            }
        }
        let unknown =
            heard.iter().find(|(id, seen)| seen.answer_heard.is_some() && !found.contains(id.as_str()));
        if let Some(unknown) = unknown {
            return Err(format!("a real call was answered but is not stored: {unknown:?}"));
        }
        Ok(format!(
            "real calls: {} charged once, to the second that phones and gateway measured, {} up to where they were seen last \
             (their end died with the proxy), {} over a step of the proxy's clock, {} never answered and free",
            count.exact, count.estimated, count.stepped, count.unanswered
        ))
    }

    /// Checks one call against the messages of both sides and against the times of the call's stored `ended` and `lost` events.
    fn judge(
        &self,
        row: &call::Model,
        seen: &Heard,
        (ended, lost): (Option<DateTime<Utc>>, Option<DateTime<Utc>>),
        charges: &Charges,
        count: &mut Ends,
    ) -> Result<(), String> {
        let seconds = i64::from(row.billed_seconds);
        let costs = [RETAIL.cost(seconds), COST.cost(seconds), WHOLESALE.cost(seconds), 0];
        let (levels, standing) = (charges.levels(row.id), charges.standing(row.id));
        if row.holds != json!([]) {
            return Err("must hold no credit".to_owned());
        }
        let last = seen.bye_answered.max(seen.bye).unwrap_or(row.authorized_at);
        let killed = self.was(Disturbance::Kill, row.authorized_at - SLACK, last + IN_MEMORY);
        if row.state != CallState::Ended {
            count.unanswered += 1;
            return match () {
                () if standing != 0 || levels.iter().any(|(_, amount)| *amount != 0) => {
                    Err(format!("was never answered, but is charged {levels:?}, {standing} times"))
                }
                () if seen.answer_heard.is_some() && !killed => {
                    Err("was answered, but is not stored as answered".to_owned())
                }
                () => Ok(()),
            };
        }
        let none = row.answered_at.is_none() && levels.is_empty();
        if standing != i64::from(seconds > 0) || !(none || levels.iter().copied().eq((0..).zip(costs))) {
            return Err(format!("is charged {levels:?} for {seconds} s, {standing} times"));
        }
        if self.was(Disturbance::Step, row.authorized_at - SLACK, last + SLACK) {
            // the API doubts the times that the proxy reported during the step, because they are an hour off; the charge must still not exceed the
            // price of the covered time
            count.stepped += 1;
            return if seconds <= i64::from(row.covered) {
                Ok(())
            } else {
                Err("is charged for more than is covered".to_owned())
            };
        }
        // the end that the proxy reported is the end that counts. The end is an estimate only if the proxy had lost the time of the answer
        if row.estimated == ended.is_some() && !(killed && row.answered_at.is_none()) {
            return Err(format!("must be estimated exactly if its proxy reported no end ({ended:?})"));
        }
        if row.estimated && !killed {
            return Err("is estimated although its proxy was up all the time".to_owned());
        }
        // if a call was last listed at the time of its answer, its talk time is one microsecond
        let moment = row.answered_at.map(|at| at + TimeDelta::microseconds(1));
        if row.ended_at != ended.or(lost.max(moment.filter(|_| lost.is_some()))) {
            return Err(format!("did not end at the reported time: {ended:?}, {lost:?}"));
        }
        // a restarted proxy may know the time of the answer only to the second
        let (least, most) = seen.seconds();
        let (least, most) = (least - i64::from(killed), most.map(|most| most + i64::from(killed)));
        if most.is_some_and(|most| seconds > most) {
            return Err(format!("is charged for {seconds} s, but was {least} to {most:?} s long"));
        }
        if row.estimated {
            count.estimated += 1;
        } else if seconds < least.min(i64::from(row.covered)) && !(killed && row.answered_at.is_none()) {
            return Err(format!("is charged for {seconds} s, but was {least} to {most:?} s long"));
        } else {
            count.exact += 1;
        }
        Ok(())
    }

    pub(super) fn summary(&self) -> String {
        let (made, whole) = (self.made.load(Ordering::Relaxed), self.whole.load(Ordering::Relaxed));
        format!("{made} real calls through the SIP proxy, {whole} of them whole")
    }
}
