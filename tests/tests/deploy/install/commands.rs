//! Tests commands in an environment with unrelated or wrong variables.

use std::process::Command;

use super::run;

#[test]
fn deployed_demo_takes_no_options_from_the_environment_and_says_so() {
    let folder = tempfile::tempdir().expect("a folder");
    let demo = |name: &str| {
        let mut demo = Command::new(tests::crash::process::build(false));
        demo.args(["demo", "--json", "--no-traffic", "--listen", "127.0.0.1:0", "--dir"])
            .arg(folder.path().join("demo"));
        // without a timeout, the command would serve forever
        let mut limited = Command::new("timeout");
        limited.arg("60").arg(demo.get_program()).args(demo.get_args()).env(name, "sqlite:somewhere.db");
        let output = limited.output().expect("timeout runs");
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    for name in ["CALLSHOP_DATABASE_URL", "CALLSHOP_AUTH__TOKEN_KEY_FILE", "CALLSHOP_CONFIG"] {
        let (status, told) = demo(name);
        assert!(status == Some(1) && told.contains(&format!("unset {name}")), "{status:?}: {told}");
    }
    assert!(!folder.path().join("demo").exists(), "the demo must not start");
    // the log variable is not a configuration option
    run(Command::new(tests::crash::process::build(false))
        .args(["demo", "--help"])
        .env("CALLSHOP_LOG", "info"));
}
