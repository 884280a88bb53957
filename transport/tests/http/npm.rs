//! Runs the protocols' own test suites and npm clients in Node.js against the toy server.

use std::{path::Path, process::Command};

use super::support::Server;

/// Runs a script of `clients/` and shows its output if it fails.
fn node(script: &str, url: &str) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clients");
    let install = format!("npm ci --prefix {}", folder.display());
    assert!(
        folder.join("node_modules/graphql").exists(),
        "npm packages are missing: install Node.js 20, then run `{install}`"
    );
    let run = Command::new("node").arg(folder.join(script)).arg(url).output();
    let output = run.unwrap_or_else(|error| {
        panic!("Node.js is missing ({error}): install Node.js 20, then run `{install}`")
    });
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(output.status.success(), "{}{}", text(&output.stdout), text(&output.stderr));
}

#[test]
fn graphql_http_audits() {
    let server = Server::start();
    node("audit.mjs", &server.url());
}

#[test]
fn graphql_ws_client() {
    let server = Server::start();
    node("ws.mjs", &server.url().replace("http://", "ws://"));
}

#[test]
fn graphql_sse_client() {
    let server = Server::start();
    node("sse.mjs", &server.url());
}
