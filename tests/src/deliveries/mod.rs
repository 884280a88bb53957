//! Webhooks under faults: a receiver that fails, hangs and dies, and nodes that are killed. Afterward, each webhook's receiver must have accepted every
//! event at least once, and the events of each callshop in order.

mod receiver;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::crash::Random;
use crate::crash::process::{self, Process};
use crate::shop::{person, text};
use crate::{Backend, Client, Shop, TestServer};
use receiver::{Accepted, Receiver};

/// Number of callshops besides the first.
const SHOPS: usize = 3;
/// Pause between two events.
const EVENTS_EVERY: Duration = Duration::from_millis(40);
/// Maximum wait for the last messages, after the faults have ended.
const PATIENCE: Duration = Duration::from_secs(90);
/// While the test waits for the last messages, it makes the server retry all waiting positions at this interval.
const FORGIVEN_EVERY: Duration = Duration::from_secs(3);

/// Parameters of a run.
#[derive(Clone, Copy, Debug)]
pub struct Dose {
    /// Time during which faults are injected.
    pub time: Duration,
    /// Seed for the choice and time of faults.
    pub seed: u64,
    /// Use the release build of the server.
    pub release: bool,
}

/// A webhook, and the callshops whose events it delivers.
struct Hook {
    id: String,
    path: &'static str,
    /// For each callshop, the number of the last event before the webhook was created.
    bases: BTreeMap<String, i64>,
}

/// All running parts.
struct Stage {
    shop: Shop,
    /// Global ids of the callshops.
    shops: Vec<String>,
    receiver: Arc<Receiver>,
    hooks: Vec<Hook>,
}

/// Injects faults for the time that the dose sets. Returns a summary if every check passed.
///
/// # Errors
/// The error says which message is missing or out of order.
pub async fn run(dose: Dose, progress: impl Fn(&str)) -> Result<String, String> {
    let stage = Stage::set(dose.seed).await;
    let folders = [tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder")];
    let mut nodes = Vec::new();
    for folder in &folders {
        let config = stage.shop.server.config_of_another().await;
        let mut node = Process::new(process::build(dose.release), &config, folder.path());
        node.start();
        node.ready().await;
        nodes.push(node);
    }
    progress(&format!("two nodes, {} callshops, {} webhooks", stage.shops.len(), stage.hooks.len()));
    let emitting = tokio::spawn(emit(stage.shop.reseller.clone(), stage.shops.clone(), dose));
    let moods = tokio::spawn(stage.receiver.clone().change_moods(Random(dose.seed ^ 2)));
    let mut random = Random(dose.seed ^ 3);
    let (begun, mut kills) = (Instant::now(), 0);
    while begun.elapsed() < dose.time {
        tokio::time::sleep(Duration::from_millis(1_500 + random.below(2_500).unsigned_abs())).await;
        let unlucky = usize::try_from(random.below(2)).expect("an index");
        nodes[unlucky].kill().await;
        tokio::time::sleep(Duration::from_millis(random.below(1_500).unsigned_abs())).await;
        nodes[unlucky].start();
        nodes[unlucky].ready().await;
        kills += 1;
    }
    let events = emitting.await.map_err(|error| error.to_string())?;
    moods.abort();
    stage.receiver.calm_down();
    progress(&format!("{events} events; nodes were killed {kills} times; waiting for the last messages"));
    let behind = stage.until_all().await?;
    let summary = stage.verify().await?;
    stage.shop.finish().await;
    Ok(format!(
        "{events} events, {kills} killed nodes; everything was accepted {:.1} s after the last fault\n{summary}",
        behind.as_secs_f32()
    ))
}

/// Emits events of random callshops for `dose.time`. Returns the number of events.
async fn emit(reseller: Client, shops: Vec<String>, dose: Dose) -> usize {
    let mut random = Random(dose.seed ^ 4);
    let (begun, mut count) = (Instant::now(), 0);
    while begun.elapsed() < dose.time {
        let which = usize::try_from(random.below(i64::try_from(shops.len()).expect("few callshops")))
            .expect("an index");
        let input = json!({ "accountId": shops[which], "name": format!("Shop {count}") });
        reseller.did("updateAccount", "UpdateAccountInput", input, "callshop { id }").await;
        count += 1;
        tokio::time::sleep(EVENTS_EVERY).await;
    }
    count
}

impl Stage {
    async fn set(seed: u64) -> Self {
        // this node emits events, and delivers no messages
        let server = TestServer::start(Backend::Postgres, |config| {
            config.auth.access_seconds = 86_400;
            config.webhooks.timeout_seconds = 1;
            config.webhooks.first_retry_seconds = 1;
            config.webhooks.concurrency = 0;
        })
        .await;
        let shop = Shop::on(server, 1).await;
        let mut shops = vec![shop.id.clone()];
        for number in 0..SHOPS {
            let input = json!({ "name": format!("Shop {number}"), "owner": person() });
            let made =
                shop.reseller.did("createCallshop", "CreateCallshopInput", input, "callshop { id }").await;
            shops.push(text(&made["callshop"]["id"]));
        }
        let receiver = Receiver::start(Random(seed ^ 1)).await;
        let mut stage = Self { shop, shops, receiver, hooks: Vec::new() };
        let branch = format!("accountActivity(accountId: \"{}\")", stage.shop.reseller_id);
        let all = stage.shops.clone();
        stage.hook("branch", &stage.shop.reseller.clone(), &branch, &all).await;
        let single = format!("accountActivity(accountId: \"{}\")", stage.shop.id);
        stage.hook("shop", &stage.shop.owner.clone(), &single, &all[..1]).await;
        stage
    }

    async fn hook(&mut self, path: &'static str, client: &Client, field: &str, shops: &[String]) {
        let mut bases = BTreeMap::new();
        for shop in shops {
            bases.insert(shop.clone(), self.head(shop).await);
        }
        let query =
            format!("subscription {{ feed: {field} {{ callshopId cursorExpired event {{ seq }} }} }}");
        let input = json!({ "url": self.receiver.url(path), "query": query });
        let made = client.did("createWebhook", "CreateWebhookInput", input, "webhook { id }").await;
        self.hooks.push(Hook { id: text(&made["webhook"]["id"]), path, bases });
    }

    /// The number of a callshop's last event.
    async fn head(&self, shop: &str) -> i64 {
        let id = graphql::scalars::Kind::Callshop.parse(&shop.into()).expect("an id");
        store::activity::head(self.shop.server.app.store.reader(), id).await.expect("the database answers")
    }

    /// The webhook's events that the receiver has not accepted, each as callshop and number.
    async fn missing(&self, hook: &Hook) -> Vec<(String, i64)> {
        let accepted: BTreeSet<(String, i64)> =
            self.receiver.accepted(hook.path).into_iter().map(|one| (one.shop, one.seq)).collect();
        let mut missing = Vec::new();
        for (shop, base) in &hook.bases {
            let all = (*base + 1..=self.head(shop).await).map(|seq| (shop.clone(), seq));
            missing.extend(all.filter(|one| !accepted.contains(one)));
        }
        missing
    }

    /// Waits until the receiver has accepted every event. Returns the waiting time.
    async fn until_all(&self) -> Result<Duration, String> {
        let begun = Instant::now();
        let mut forgiven = None::<Instant>;
        loop {
            let mut missing = Vec::new();
            for hook in &self.hooks {
                missing
                    .extend(self.missing(hook).await.into_iter().map(|(shop, seq)| (hook.path, shop, seq)));
            }
            if missing.is_empty() {
                return Ok(begun.elapsed());
            }
            if begun.elapsed() > PATIENCE {
                return Err(format!("{} messages never came, such as {:?}", missing.len(), missing.first()));
            }
            if forgiven.is_none_or(|at| at.elapsed() > FORGIVEN_EVERY) {
                // a position whose attempts failed several times would wait for minutes
                for hook in &self.hooks {
                    let input = json!({ "webhookId": hook.id });
                    self.shop
                        .reseller
                        .did("enableWebhook", "EnableWebhookInput", input, "webhook { id }")
                        .await;
                }
                forgiven = Some(Instant::now());
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }

    async fn verify(&self) -> Result<String, String> {
        let mut lines = Vec::new();
        for hook in &self.hooks {
            let accepted = self.receiver.accepted(hook.path);
            let distinct =
                in_order(&accepted, &hook.bases).map_err(|wrong| format!("{}: {wrong}", hook.path))?;
            lines.push(format!(
                "{}: {distinct} events accepted in order, {} more than once; {} attempts were not accepted",
                hook.path,
                accepted.len() - distinct,
                self.receiver.refused(hook.path)
            ));
            let webhook = self.shop.reseller.object("webhook", &hook.id, "state").await;
            if webhook["state"] != "ACTIVE" {
                return Err(format!("{}: the webhook is {webhook}", hook.path));
            }
        }
        Ok(lines.join("\n"))
    }
}

/// Checks that no event was accepted before the event with the previous number, and that all messages of an event had the same id. Returns the number
/// of events.
fn in_order(accepted: &[Accepted], bases: &BTreeMap<String, i64>) -> Result<usize, String> {
    let mut last = bases.clone();
    let mut ids = BTreeMap::new();
    for one in accepted {
        let known = last.get_mut(&one.shop).ok_or_else(|| format!("{one:?} is of another callshop"))?;
        if one.seq > *known + 1 {
            return Err(format!("{one:?} was accepted after event {known}"));
        }
        *known = one.seq.max(*known);
        let id = ids.entry((one.shop.clone(), one.seq)).or_insert_with(|| one.id.clone());
        if *id != one.id {
            return Err(format!("{one:?} had the id {id} before"));
        }
    }
    Ok(ids.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gaps_and_other_ids_are_found() {
        let one = |seq: i64, id: &str| Accepted { shop: "s".to_owned(), seq, id: id.to_owned() };
        let bases = BTreeMap::from([("s".to_owned(), 4)]);
        assert_eq!(in_order(&[one(5, "a"), one(6, "b"), one(5, "a"), one(7, "c")], &bases), Ok(3));
        assert!(in_order(&[one(5, "a"), one(7, "c")], &bases).is_err());
        assert!(in_order(&[one(5, "a"), one(5, "b")], &bases).is_err());
    }
}
