//! A short run of the crash test (docs/testing.md), which kills the real server three times under load on each database.

use tests::crash::{Plan, run};
use tests::{Backend, on_both};

use super::ALONE;

on_both!(what_was_answered_is_there_once_after_kills, |backend: Backend| async move {
    let _beside = ALONE.read().await;
    let seed = u64::from(uuid::Uuid::new_v4().as_fields().0);
    println!("seed {seed}");
    let plan = Plan { backend, kills: 3, seed, release: false };
    println!("{}", run(plan, |line| println!("{line}")).await);
});
