//! A short dose of the faults command (docs/testing.md): the whole topology under load, broken for some seconds.

use std::time::Duration;

use tests::faults::{Fault, Plan, rolling, run};

fn plan(rate: u32, faults: Vec<Fault>) -> Plan {
    let seed = u64::from(uuid::Uuid::new_v4().as_fields().0);
    println!("seed {seed}");
    // no minute is spent: each fault comes once
    Plan {
        time: Duration::ZERO,
        rate,
        subscribers: 20,
        seed,
        idle: 1_000,
        faults,
        release: false,
        fsync: false,
    }
}

/// One topology at a time.
static ALONE: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn faults_leave_everything_once_and_in_order() {
    let _alone = ALONE.lock().await;
    let faults = vec![
        Fault::KillNode,
        Fault::RestartPostgres,
        Fault::StopRedis,
        Fault::CutDatabase,
        Fault::StallNode,
        Fault::BadManners,
        Fault::IdleSockets,
        Fault::KillProxy,
    ];
    let told = run(&plan(10, faults), |line| println!("{line}")).await;
    println!("{}", told.unwrap_or_else(|wrong| panic!("{wrong}")));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn faults_are_none_when_nodes_are_restarted_in_turn() {
    let _alone = ALONE.lock().await;
    let told = rolling(&plan(10, Vec::new()), |line| println!("{line}")).await;
    println!("{}", told.unwrap_or_else(|wrong| panic!("{wrong}")));
}
