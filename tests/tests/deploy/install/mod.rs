//! Tests an installation that follows the guides: its secrets are protected, its programs run as documented, and backups work. `tests/run
//! --sqlite-only` skips each of these tests by name.

mod commands;
mod images;
mod kubernetes;
mod members;
mod package;
mod postgres;
mod secrets;

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::process::{Command, Output};

use crate::run;

/// Runs a bash script in a folder, with umask 022 unless the script changes it.
fn bash(folder: &Path, script: &str) -> Output {
    let mut bash = Command::new("bash");
    bash.args(["-euo", "pipefail", "-c"]).arg(format!("umask 022\n{script}")).current_dir(folder);
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("CALLSHOP_")) {
        bash.env_remove(name);
    }
    bash.env("CALLSHOP", tests::crash::process::build(false)).env("ROOT", tests::local::repository());
    run(&mut bash)
}

/// Permission bits of a file, such as 0o600 for owner only.
fn mode(path: &Path) -> u32 {
    let data = fs::symlink_metadata(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    data.mode() & 0o7777
}

/// The text of a file in the repository.
fn read(path: &str) -> String {
    fs::read_to_string(tests::local::repository().join(path))
        .unwrap_or_else(|error| panic!("{path}: {error}"))
}
