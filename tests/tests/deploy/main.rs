//! Tests of the files in `deploy/`: the topology that they start, and installations that follow the guides. `tests/run --sqlite-only` skips each
//! test by name.

mod install;
mod pages;
mod topology;

use std::process::{Command, Output};

/// Runs a program to completion. Panics with the program's output if the program fails.
fn run(command: &mut Command) -> Output {
    let output =
        command.output().unwrap_or_else(|error| panic!("{command:?}: {error}: run the tests with tests/run"));
    let said =
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{command:?}: {}\n{said}", output.status);
    output
}
