//! Simulated phones and calls, through the same hook that a SIP proxy uses (docs/hook.md). `callshop simulate` and the demo use these phones.

mod phones;
mod proxy;

use std::time::Duration;

use app::sandbox::{Outcome, Script};
use rand::Rng as _;
use tokio_util::sync::CancellationToken;

pub use phones::{DialError, Simulator};
pub use proxy::PROXY;

/// Numbers dialed by simulated customers: real prefixes with unassigned subscriber numbers.
pub const NUMBERS: [&str; 10] = [
    "+351912345678",
    "+13055550123",
    "+5491155501234",
    "+33612345678",
    "+81312345678",
    "+2349012345678",
    "011987654321",
    "+442079460123",
    "+59891234567",
    "+34612345678",
];

/// Parameters of a simulation.
#[derive(Clone, Debug)]
pub struct Plan {
    /// SIP user names of the phones.
    pub users: Vec<String>,
    /// Number of calls that all phones together start per minute.
    pub calls_per_minute: u32,
    /// Maximum talk time in seconds.
    pub max_talk_seconds: u32,
    /// Number of calls to make; if `None`, the simulation continues until it is stopped.
    pub calls: Option<u64>,
}

/// Results of a simulation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Allowed calls.
    pub allowed: u64,
    /// Refused calls.
    pub refused: u64,
    /// Failed requests.
    pub errors: u64,
}

/// The phone whose call is over, and whether the call was allowed.
type Finished = (String, Result<bool, DialError>);

/// Registers the phones and makes calls until the plan is done or the simulator stops. Runs `progress` after each simulated call.
pub async fn run(simulator: &Simulator, plan: Plan, progress: impl Fn(Tally)) -> Tally {
    let stop = simulator.stop().clone();
    simulator.register(&plan.users).await;
    let mut pause = tokio::time::interval(Duration::from_secs(60) / plan.calls_per_minute.max(1));
    let (mut tally, mut begun) = (Tally::default(), 0);
    let mut running = tokio::task::JoinSet::new();
    let mut idle = plan.users.clone();
    while !stop.is_cancelled() && plan.calls.is_none_or(|calls| begun < calls) {
        tokio::select! {
            () = stop.cancelled() => break,
            Some(done) = running.join_next(), if !running.is_empty() => settle(done, &mut idle, &mut tally, &progress),
            _ = pause.tick(), if !idle.is_empty() => {
                let user = idle.swap_remove(rand::rng().random_range(0..idle.len()));
                running.spawn(one_call(simulator.clone(), user, plan.max_talk_seconds));
                begun += 1;
            }
        }
    }
    while let Some(done) = running.join_next().await {
        settle(done, &mut idle, &mut tally, &progress);
    }
    tally
}

fn settle(
    done: Result<Finished, tokio::task::JoinError>,
    idle: &mut Vec<String>,
    tally: &mut Tally,
    progress: &impl Fn(Tally),
) {
    match done {
        Ok((user, outcome)) => {
            match outcome {
                Ok(true) => tally.allowed += 1,
                Ok(false) => tally.refused += 1,
                // the phone makes a call that was requested with `simulateCall`
                Err(DialError::Busy) => {}
                Err(error) => {
                    tracing::warn!(%error, "a simulated call was not made");
                    tally.errors += 1;
                }
            }
            idle.push(user);
        }
        Err(error) => tracing::error!(%error, "a simulated call failed"),
    }
    progress(*tally);
}

async fn one_call(simulator: Simulator, user: String, max_talk: u32) -> Finished {
    let script = random_script(max_talk);
    let outcome = match simulator.dial(&user, script).await {
        Ok(Some(call)) => {
            call.over().await;
            Ok(true)
        }
        Ok(None) => Ok(false),
        Err(error) => Err(error),
    };
    if !matches!(outcome, Ok(true)) {
        // a refused customer pauses before the next call
        pause(simulator.stop(), Duration::from_secs(5)).await;
    }
    (user, outcome)
}

fn random_script(max_talk: u32) -> Script {
    let mut rng = rand::rng();
    let talk = Duration::from_millis(rng.random_range(1_000..u64::from(max_talk.max(2)) * 1_000));
    Script {
        number: NUMBERS[rng.random_range(0..NUMBERS.len())].to_owned(),
        ring: Duration::from_millis(rng.random_range(500..4_000)),
        outcome: if rng.random_range(0..10) < 8 { Outcome::Answered(talk) } else { Outcome::Busy },
    }
}

/// Waits, or returns early when the simulation stops, so that live calls end immediately and report their end.
async fn pause(stop: &CancellationToken, time: Duration) {
    tokio::select! {
        () = stop.cancelled() => {}
        () = tokio::time::sleep(time) => {}
    }
}
