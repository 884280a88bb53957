//! Liveness and readiness of this node, for `/livez`, `/readyz` and the metrics.
//!
//! A node is **live** while its loops run. Each loop records a heartbeat. If a loop has ended, or if it has recorded no heartbeat within its time
//! limit, the node should be restarted. A node is **ready** for requests while it is not stopping, its loops run, its tables are migrated, the
//! database responds, and the writer's queue has room. An unavailable database makes a node unready but not dead, because a restart would not bring
//! the database back.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde::Serialize;

/// Heartbeat interval while a loop waits for other work.
const WAITING: Duration = Duration::from_secs(1);

/// Health of this node.
pub struct Health {
    started: Instant,
    stopping: AtomicBool,
    beats: Mutex<Vec<Arc<Beat>>>,
    notes: Mutex<Vec<(&'static str, Note)>>,
}

/// An informational check that does not affect the status.
type Note = Box<dyn Fn() -> Check + Send + Sync>;

struct Beat {
    name: &'static str,
    bound: Duration,
    /// Time of the last heartbeat, in milliseconds since [`Health`] was created.
    last: AtomicU64,
    over: AtomicBool,
}

/// The heartbeat of a loop that must run as long as the node runs. Dropping the heartbeat reports that the loop has ended.
pub struct Heartbeat {
    beat: Arc<Beat>,
    started: Instant,
}

/// Result of one check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// Whether the check passed.
    pub ok: bool,
    /// A short description of the check's result, without secrets, addresses, or names.
    pub detail: String,
}

/// Response to a probe.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// `ok`, or `failed` if any check failed.
    pub status: &'static str,
    /// Results by the check's name. A result is `ok` or `failed`, followed by the detail. Results that begin with `note:` do not affect `status`.
    pub checks: serde_json::Map<String, serde_json::Value>,
}

impl Check {
    /// A passed check.
    pub fn ok(detail: impl Into<String>) -> Self {
        Self { ok: true, detail: detail.into() }
    }

    /// A failed check.
    pub fn failed(detail: impl Into<String>) -> Self {
        Self { ok: false, detail: detail.into() }
    }

    fn line(&self, failed: &str) -> serde_json::Value {
        format!("{}: {}", if self.ok { "ok" } else { failed }, self.detail).into()
    }
}

impl Report {
    fn new(checks: Vec<(&'static str, Check)>, notes: Vec<(&'static str, Check)>) -> Self {
        let status = if checks.iter().all(|(_, check)| check.ok) { "ok" } else { "failed" };
        let notes = notes.into_iter().map(|(name, check)| (name.to_owned(), check.line("note: failed")));
        let checks = checks.into_iter().map(|(name, check)| (name.to_owned(), check.line("failed")));
        Self { status, checks: checks.chain(notes).collect() }
    }

    /// Whether every check passed.
    pub fn is_ok(&self) -> bool {
        self.status == "ok"
    }
}

impl Default for Health {
    fn default() -> Self {
        Self {
            started: Instant::now(),
            stopping: AtomicBool::new(false),
            beats: Mutex::default(),
            notes: Mutex::default(),
        }
    }
}

impl Health {
    /// Registers a loop that must run from now on and call [`Heartbeat::beat`] at least once per `bound`.
    pub fn heartbeat(&self, name: &'static str, bound: Duration) -> Heartbeat {
        let last = AtomicU64::new(millis(self.started.elapsed()));
        let beat = Arc::new(Beat { name, bound, last, over: AtomicBool::new(false) });
        let mut beats = self.beats.lock().unwrap_or_else(PoisonError::into_inner);
        beats.retain(|known| known.name != name);
        beats.push(beat.clone());
        Heartbeat { beat, started: self.started }
    }

    /// Adds an informational check, for example of Redis. Without Redis, the node is slower but still live and ready.
    pub fn note(&self, name: &'static str, look: impl Fn() -> Check + Send + Sync + 'static) {
        let mut notes = self.notes.lock().unwrap_or_else(PoisonError::into_inner);
        notes.retain(|(known, _)| *known != name);
        notes.push((name, Box::new(look)));
    }

    /// Makes the node unready from now on.
    pub fn stop(&self) {
        self.stopping.store(true, Ordering::Relaxed);
    }

    /// Whether the node is stopping.
    pub fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Relaxed)
    }

    /// The liveness report, which says whether the node's loops run. The liveness report runs no queries.
    pub fn live(&self) -> Report {
        let now = millis(self.started.elapsed());
        let beats = self.beats.lock().unwrap_or_else(PoisonError::into_inner);
        let checks = beats.iter().map(|beat| (beat.name, beat.check(now, self.is_stopping())));
        Report::new(checks.collect(), Vec::new())
    }

    /// The readiness report. A node is ready if it is not stopping, its loops run, and the checks in `more` passed. Notes are included in the
    /// report but do not affect its status.
    pub fn ready(&self, more: Vec<(&'static str, Check)>) -> Report {
        let serving = match self.is_stopping() {
            false => Check::ok("serving"),
            true => Check::failed("stopping"),
        };
        let loops = match self.live().is_ok() {
            true => Check::ok("all running"),
            false => Check::failed("see /livez"),
        };
        let checks = [("serving", serving), ("loops", loops)].into_iter().chain(more).collect();
        let notes = self.notes.lock().unwrap_or_else(PoisonError::into_inner);
        Report::new(checks, notes.iter().map(|(name, look)| (*name, look())).collect())
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

impl Beat {
    fn check(&self, now: u64, stopping: bool) -> Check {
        if self.over.load(Ordering::Relaxed) {
            return if stopping { Check::ok("stopped") } else { Check::failed("ended by itself") };
        }
        let silent = now.saturating_sub(self.last.load(Ordering::Relaxed));
        let told = format!("{silent} ms ago");
        if silent > millis(self.bound) { Check::failed(told) } else { Check::ok(told) }
    }
}

impl Heartbeat {
    /// Records that the heartbeat's loop runs.
    pub fn beat(&self) {
        self.beat_at(Instant::now());
    }

    /// Records the time of the loop's last progress. If the loop has several pieces of work, give the earliest of their times, so that the progress
    /// of one piece does not hide another piece that hangs.
    pub fn beat_at(&self, progress: Instant) {
        let at = progress.saturating_duration_since(self.started);
        self.beat.last.store(millis(at), Ordering::Relaxed);
    }

    /// Keeps the heartbeat going while the loop waits for other work that has a heartbeat or timeout of its own.
    pub async fn during<T>(&self, work: impl Future<Output = T>) -> T {
        let mut work = std::pin::pin!(work);
        let mut beats = tokio::time::interval(WAITING);
        loop {
            tokio::select! {
                done = &mut work => return done,
                _ = beats.tick() => self.beat(),
            }
        }
    }
}

impl Drop for Heartbeat {
    fn drop(&mut self) {
        self.beat.over.store(true, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_loop_that_is_over_or_silent_fails_and_one_that_stopped_in_order_does_not() {
        let health = Health::default();
        let (steady, silent) =
            (health.heartbeat("steady", Duration::from_secs(60)), health.heartbeat("silent", Duration::ZERO));
        std::thread::sleep(Duration::from_millis(5));
        steady.beat();
        let report = health.live();
        assert!(
            !report.is_ok() && report.checks["steady"].as_str().is_some_and(|line| line.starts_with("ok"))
        );
        assert!(
            report.checks["silent"].as_str().is_some_and(|line| line.starts_with("failed")),
            "{report:?}"
        );
        drop(silent);
        let gone = health.live();
        assert_eq!(gone.checks["silent"], "failed: ended by itself");
        health.stop();
        assert!(health.live().is_ok());
    }
}
