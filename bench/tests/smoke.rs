//! Runs every report. Each report puts a short load on each database, and the program itself checks every call in the database.
#![allow(clippy::unwrap_used, reason = "helpers of tests may panic")]

use std::process::Command;

fn report(arguments: &[&str]) -> String {
    let small = ["--shops", "2", "--connections", "4", "--calls", "50", "--rounds", "1"];
    let output =
        Command::new(env!("CARGO_BIN_EXE_callshop-bench")).args(arguments).args(small).output().unwrap();
    let (text, errors) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{arguments:?}: {text}{errors}");
    text.into_owned()
}

#[test]
fn call_end_on_sqlite() {
    assert!(report(&["call-end", "--database", "sqlite"]).contains("ratio of rates"));
}

#[test]
fn call_end_on_postgres() {
    let text = report(&["call-end", "--database", "postgres", "--statements"]);
    assert!(text.contains("ratio of rates") && text.contains("INSERT INTO \"hook_event\""), "{text}");
}

#[test]
fn call_end_on_postgres_with_more_connections_than_a_server_has_by_itself() {
    let output = Command::new(env!("CARGO_BIN_EXE_callshop-bench"))
        .args([
            "call-end",
            "--database",
            "postgres",
            "--shops",
            "2",
            "--connections",
            "256",
            "--calls",
            "300",
            "--rounds",
            "1",
        ])
        .output()
        .unwrap();
    let (text, errors) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success() && text.contains("ratio of rates"), "{text}{errors}");
}

#[test]
fn stored_calls_on_sqlite_and_on_postgres() {
    for database in ["sqlite", "postgres"] {
        assert!(
            report(&["stored", "--database", database, "--up-to", "1000"]).contains("1000"),
            "{database}"
        );
    }
}

#[test]
fn bytes_on_sqlite_and_on_postgres() {
    for database in ["sqlite", "postgres"] {
        let arguments = ["bytes", "--database", database, "--shops", "2", "--calls", "50"];
        let run = Command::new(env!("CARGO_BIN_EXE_callshop-bench")).args(arguments).output().unwrap();
        let (text, errors) = (String::from_utf8_lossy(&run.stdout), String::from_utf8_lossy(&run.stderr));
        assert!(
            run.status.success() && text.contains("| call |") && text.contains("| all |"),
            "{text}{errors}"
        );
        assert_eq!(text.contains("write-ahead log"), database == "postgres", "{text}");
    }
}

#[test]
fn authorize_on_sqlite() {
    assert!(report(&["authorize", "--database", "sqlite"]).contains("the rate of call ends"));
}

#[test]
fn imports_on_sqlite_and_on_postgres() {
    for database in ["sqlite", "postgres"] {
        let arguments = ["import", "--database", database, "--rows", "3000", "--rounds", "1"];
        let run = Command::new(env!("CARGO_BIN_EXE_callshop-bench")).args(arguments).output().unwrap();
        let (text, errors) = (String::from_utf8_lossy(&run.stdout), String::from_utf8_lossy(&run.stderr));
        assert!(run.status.success() && text.contains("memory of the import"), "{text}{errors}");
    }
}

#[test]
fn npm_board_beside_its_peer() {
    let output = Command::new(env!("CARGO_BIN_EXE_callshop-bench"))
        .args(["board", "--connections", "2", "--queries", "20", "--rounds", "1", "--statements"])
        .output()
        .unwrap();
    let (text, errors) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    let told = ["Mercurius's rate", "20 boards", "FROM unnest("];
    assert!(output.status.success() && told.iter().all(|part| text.contains(part)), "{text}{errors}");
}

#[test]
fn fan_out_and_latency_through_redis() {
    let fan_out = ["--shops", "10", "--each", "2", "--events", "200", "--rounds", "1"];
    let latency = ["--subscribers", "20", "--rate", "20", "--seconds", "2"];
    for (command, sizes, bars) in [
        ("fan-out", &fan_out[..], ["CPU per event", "without sharing"]),
        ("latency", &latency[..], ["same node", "other node"]),
    ] {
        let run =
            Command::new(env!("CARGO_BIN_EXE_callshop-bench")).arg(command).args(sizes).output().unwrap();
        let (text, errors) = (String::from_utf8_lossy(&run.stdout), String::from_utf8_lossy(&run.stderr));
        assert!(run.status.success() && bars.iter().all(|bar| text.contains(bar)), "{text}{errors}");
    }
}
