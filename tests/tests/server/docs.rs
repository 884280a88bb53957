//! Checks the documentation. The tests run the README's tour and the guide to the first shop. Links must resolve, and the example configuration and
//! the schema must match the program.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use api::config::Config;
use serde_json::Value;

/// Maximum time for the tour.
const TOUR_SECONDS: u64 = 120;
/// Separator between the outputs of two blocks.
const END: &str = "@@ end of block @@";
/// Numbers that are different in each run.
const MOVING: [&str; 1] = ["elapsedSeconds"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace").to_owned()
}

fn read(path: impl AsRef<Path>) -> String {
    let path = root().join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Folders that belong to other programs, or that contain builds of the web workspace. The documentation site's own build checks its pages.
const SKIPPED: [&str; 7] = ["target", "node_modules", ".git", "callshop-data", "dist", "generated", "pages"];

/// All files of the project in `folder` with one of these extensions, as paths relative to the workspace.
fn files(folder: &Path, endings: &[&str]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            if path.is_dir() && !SKIPPED.contains(&name) {
                folders.push(path);
            } else if endings.iter().any(|ending| name.ends_with(ending)) {
                found.push(path.strip_prefix(root()).expect("inside the workspace").to_owned());
            }
        }
    }
    assert!(!found.is_empty(), "files were found");
    found
}

/// A command of the README, with its documented output.
#[derive(Debug, Default)]
struct Step {
    line: usize,
    command: String,
    shown: String,
}

/// The `sh` blocks in the section with this heading. Each block comes with the output block that follows it.
fn steps(text: &str, heading: &str) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    let (mut inside, mut fence) = (false, None::<String>);
    for (number, line) in (1..).zip(text.lines()) {
        match (&fence, line.strip_prefix("```")) {
            (None, Some(language)) => {
                if inside && language == "sh" {
                    steps.push(Step { line: number, ..Step::default() });
                }
                fence = Some(language.to_owned());
            }
            (Some(_), Some(_)) => fence = None,
            (Some(language), None) if inside => {
                let step = steps.last_mut().expect("output follows a command");
                let block = if language == "sh" { &mut step.command } else { &mut step.shown };
                block.push_str(line);
                block.push('\n');
            }
            (None, None) if line.starts_with("## ") => inside = line == heading,
            _ => {}
        }
    }
    steps
}

/// Runs the commands in one shell, in a folder that has only `examples`. Returns the output of each command. `callshop ARGS` and `cargo run … -- ARGS` run
/// the built binary; a demo listens on a free port.
fn run(steps: &[Step]) -> Vec<String> {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let mut script = "set -eu\ntrap 'kill $(jobs -p) 2>/dev/null || true; wait' EXIT\n\
        cargo() { while [ \"$1\" != -- ]; do shift; done; shift; callshop \"$@\"; }\n\
        callshop() { case \"$1\" in demo) exec \"$CALLSHOP\" \"$@\" --listen 127.0.0.1:0;; serve|listen) exec \"$CALLSHOP\" \"$@\";; *) \"$CALLSHOP\" \"$@\";; esac; }\n"
        .to_owned();
    for step in steps {
        script.push_str(&format!("{}echo '{END}'\n", step.command));
    }
    std::os::unix::fs::symlink(root().join("examples"), dir.path().join("examples")).expect("a link");
    let path = dir.path().join("tour.sh");
    std::fs::write(&path, script).expect("the script is written");
    let (out, err) = (dir.path().join("out"), dir.path().join("err"));
    let mut shell = Command::new("bash")
        .arg(&path)
        .current_dir(dir.path())
        .env("CALLSHOP", tests::crash::process::build(false))
        .env("TMPDIR", dir.path())
        .env("PATH", path_with_packages())
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .stdin(Stdio::null())
        .stdout(std::fs::File::create(&out).expect("a file"))
        .stderr(std::fs::File::create(&err).expect("a file"))
        .spawn()
        .expect("bash runs");
    let until = Instant::now() + Duration::from_secs(TOUR_SECONDS);
    let status = loop {
        if let Some(status) = shell.try_wait().expect("the shell is ours") {
            break Some(status);
        }
        if Instant::now() > until {
            // the shell gets SIGTERM; the shell's trap then ends the processes that the shell started
            Command::new("kill").arg(shell.id().to_string()).status().expect("kill runs");
            break None;
        }
        std::thread::sleep(Duration::from_millis(50));
    };
    let (out, err) =
        (std::fs::read_to_string(&out).expect("output"), std::fs::read_to_string(&err).expect("errors"));
    assert!(status.is_some_and(|status| status.success()), "the tour must succeed: {status:?}\n{out}\n{err}");
    let mut outputs: Vec<String> = out.split(&format!("{END}\n")).map(str::to_owned).collect();
    outputs.pop();
    outputs
}

/// The PATH, preceded by the folder into which `tests/run` installs a `python3` with the packages.
fn path_with_packages() -> std::ffi::OsString {
    let own = std::env::var_os("PATH").unwrap_or_default();
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from);
    let packages = target.join("tools/python/bin");
    std::env::join_paths([packages].into_iter().chain(std::env::split_paths(&own))).expect("a PATH")
}

/// Whether the output matches the documented output. JSON is compared by value and other lines literally. `…` in the documentation matches
/// anything.
fn same(shown: &str, output: &str) -> bool {
    if let (Ok(shown), Ok(output)) = (values(shown), values(output)) {
        return shown.len() == output.len()
            && shown.iter().zip(&output).all(|(shown, output)| same_value("", shown, output));
    }
    let (shown, output): (Vec<&str>, Vec<&str>) = (shown.lines().collect(), output.lines().collect());
    shown.len() == output.len() && shown.iter().zip(&output).all(|(shown, output)| same_line(shown, output))
}

fn values(text: &str) -> serde_json::Result<Vec<Value>> {
    serde_json::Deserializer::from_str(text).into_iter::<Value>().collect()
}

fn same_line(shown: &str, output: &str) -> bool {
    match (shown.split_once("data: "), output.split_once("data: ")) {
        (Some(("", shown)), Some(("", output))) => same(shown, output),
        _ => same_text(shown, output),
    }
}

fn same_value(key: &str, shown: &Value, output: &Value) -> bool {
    match (shown, output) {
        (Value::Object(shown), Value::Object(output)) => {
            shown.len() == output.len()
                && shown
                    .iter()
                    .all(|(key, value)| output.get(key).is_some_and(|output| same_value(key, value, output)))
        }
        (Value::Array(shown), Value::Array(output)) => {
            shown.len() == output.len()
                && shown.iter().zip(output).all(|(shown, output)| same_value(key, shown, output))
        }
        (Value::String(shown), Value::String(output)) => {
            (is_time(shown) && is_time(output)) || same_text(shown, output)
        }
        (Value::Number(_), Value::Number(_)) if MOVING.contains(&key) => true,
        (shown, output) => shown == output,
    }
}

fn is_time(text: &str) -> bool {
    chrono::DateTime::parse_from_rfc3339(text).is_ok()
}

fn same_text(shown: &str, output: &str) -> bool {
    match shown.split_once('…') {
        Some((start, end)) => {
            output.len() >= start.len() + end.len() && output.starts_with(start) && output.ends_with(end)
        }
        None => shown == output,
    }
}

#[test]
fn the_comparison_sees_what_is_wrong() {
    assert!(same(
        r#"{"id":"Q2Fi…","n":1,"at":"2026-01-01T00:00:00Z"}"#,
        r#"{"at":"2027-02-02T10:00:00.5Z","id":"Q2FiaW4","n":1}"#
    ));
    assert!(same("event: next\ndata: {\"a\":1}\n", "event: next\ndata: { \"a\": 1 }\n"));
    for (shown, output) in [
        (r#"{"a":1}"#, r#"{"a":2}"#),
        (r#"{"a":1}"#, r#"{"a":1,"b":2}"#),
        (r#"{"a":[1]}"#, r#"{"a":[1,1]}"#),
        (r#"{"a":"Q2Fi…"}"#, r#"{"a":"UGhv"}"#),
        (r#"{"a":"x"}"#, r#"{"a":"2027-02-02T10:00:00Z"}"#),
        ("event: next\ndata: {\"a\":1}\n", "event: next\ndata: {\"a\":2}\n"),
        ("", "{}"),
    ] {
        assert!(!same(shown, output), "{shown} is not {output}");
    }
}

/// Runs the commands of a section and compares their output with the documentation. Default ports are replaced by free ports.
fn runs_as_shown(file: &str, heading: &str) {
    let free = || std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let (http, hook) = (free(), free());
    let address = |listener: &std::net::TcpListener| listener.local_addr().expect("an address").to_string();
    let text =
        read(file).replace("127.0.0.1:8080", &address(&http)).replace("127.0.0.1:8081", &address(&hook));
    drop((http, hook));
    let steps = steps(&text, heading);
    assert!(steps.len() >= 8, "too few steps found: {}", steps.len());
    let outputs = run(&steps);
    assert_eq!(outputs.len(), steps.len());
    for (step, output) in steps.iter().zip(&outputs) {
        assert!(
            same(&step.shown, output),
            "{file}:{}: the output is not what is shown\n--- command\n{}--- shown\n{}--- output\n{output}",
            step.line,
            step.command,
            step.shown
        );
    }
}

#[test]
fn the_tour_of_the_readme_runs_as_it_is_shown() {
    runs_as_shown("README.md", "## Five minutes");
}

#[test]
fn the_walk_to_the_first_shop_runs_as_it_is_shown() {
    runs_as_shown("docs/first-shop.md", "## Step by step");
}

#[test]
fn the_walk_through_versions_runs_as_it_is_shown() {
    runs_as_shown("docs/tariffs.md", "## Step by step");
}

#[test]
fn the_import_of_a_deck_runs_as_it_is_shown() {
    runs_as_shown("docs/decks.md", "## An import, step by step");
}

#[test]
fn the_steps_of_webhooks_run_as_they_are_shown() {
    runs_as_shown("docs/webhooks.md", "## Step by step");
}

#[test]
fn the_steps_of_exports_run_as_they_are_shown() {
    runs_as_shown("docs/exports.md", "## Step by step");
}

#[test]
fn the_guide_for_integrators_runs_as_it_is_shown_with_python_packages() {
    runs_as_shown("docs/integrators.md", "## Step by step");
}

#[test]
fn the_readmes_commands_are_those_that_are_tested() {
    let readme = read("README.md");
    for command in ["cargo run -- demo", "tests/run"] {
        assert!(readme.contains(&format!("\n{command}")), "the README shows {command}");
    }
    assert!(root().join("tests/run").is_file());
    // `cargo run` without `-p` must run the crate `api`, although the workspace has more than one binary
    assert!(
        read("Cargo.toml").contains("\ndefault-members = [\"api\"]\n"),
        "cargo run must have a default binary"
    );
}

/// Targets of the links in a Markdown text, outside its code.
fn links(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut code = false;
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            code = !code;
        }
        if code {
            continue;
        }
        let targets = line.split("](").skip(1).filter_map(|rest| rest.split(')').next());
        found.extend(targets.map(|target| target.split(' ').next().unwrap_or_default().to_owned()));
        let images = line.split("src=\"").skip(1).filter_map(|rest| rest.split('"').next());
        found.extend(images.map(str::to_owned));
    }
    found
}

/// The anchors that a Git host derives from the headings of a Markdown text.
fn anchors(text: &str) -> BTreeSet<String> {
    let headings =
        text.lines().filter(|line| line.starts_with('#')).map(|line| line.trim_start_matches('#').trim());
    let slug = |heading: &str| -> String {
        let lower = heading.to_lowercase().replace(' ', "-");
        lower.chars().filter(|letter| letter.is_alphanumeric() || "-_".contains(*letter)).collect()
    };
    headings.map(slug).collect()
}

#[test]
fn every_link_between_the_texts_leads_somewhere() {
    let mut broken = Vec::new();
    for file in files(&root(), &[".md"]) {
        let text = read(&file);
        for link in links(&text) {
            if link.contains("://") || link.starts_with("mailto:") {
                continue;
            }
            let (path, anchor) = link.split_once('#').unwrap_or((&link, ""));
            let target = if path.is_empty() {
                root().join(&file)
            } else {
                root().join(&file).with_file_name("").join(path)
            };
            let there = target.exists()
                && (anchor.is_empty()
                    || std::fs::read_to_string(&target).is_ok_and(|text| anchors(&text).contains(anchor)));
            if !there {
                broken.push(format!("{}: {link}", file.display()));
            }
        }
    }
    assert!(broken.is_empty(), "broken links\n{}", broken.join("\n"));
}

#[test]
fn the_files_that_the_map_names_are_there() {
    let mut missing = Vec::new();
    for file in ["ARCHITECTURE.md", "CONTRIBUTING.md", "docs/operations.md"] {
        let text = read(file);
        for name in text.split('`').skip(1).step_by(2) {
            let plain = !name.is_empty()
                && name.chars().all(|letter| letter.is_ascii_alphanumeric() || "._-/".contains(letter));
            let first = name.split('/').next().unwrap_or_default();
            let ours = [
                "api",
                "billing",
                "entity",
                "migration",
                "tests",
                "docs",
                "kamailio",
                "examples",
                "bench",
                ".ci",
            ]
            .contains(&first);
            let is_path = plain && name.contains('/') && ours;
            if is_path && !root().join(name).exists() {
                missing.push(format!("{file}: {name}"));
            }
        }
    }
    assert!(missing.is_empty(), "missing files\n{}", missing.join("\n"));
}

/// The paths of all options of a configuration, such as `hook.listen`.
fn options(value: &Value, prefix: &str, found: &mut BTreeSet<String>) {
    for (key, value) in value.as_object().into_iter().flatten() {
        let path = if prefix.is_empty() { key.clone() } else { format!("{prefix}.{key}") };
        if value.is_object() {
            options(value, &path, found);
        } else {
            found.insert(path);
        }
    }
}

/// The options that a TOML text names, including commented-out options.
fn named_options(text: &str) -> BTreeSet<String> {
    let mut section = String::new();
    let mut found = BTreeSet::new();
    for line in text.lines() {
        let line = line.strip_prefix("# ").unwrap_or(line);
        if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            section = format!("{}.", name.trim_matches(['[', ']']));
            if name.starts_with('[') {
                found.insert(section.trim_end_matches('.').to_owned());
            }
        } else if let Some((key, _)) = line.split_once(" = ")
            && key.chars().all(|letter| letter.is_ascii_lowercase() || letter == '_')
        {
            found.insert(format!("{section}{key}"));
        }
    }
    found
}

#[test]
fn the_example_configuration_is_the_default_one_and_names_every_option() {
    let loaded = Config::load(Some(&root().join("callshop.example.toml"))).expect("the example loads");
    let loaded = serde_json::to_value(&loaded).expect("a configuration serialises");
    let default = serde_json::to_value(Config::default()).expect("a configuration serialises");
    assert_eq!(loaded, default, "the example shows the defaults");
    let mut expected = BTreeSet::new();
    options(&default, "", &mut expected);
    let of_a_proxy = ["name", "control_url", "token"].map(|key| format!("hook.proxies.{key}"));
    expected.extend(of_a_proxy);
    assert_eq!(named_options(&read("callshop.example.toml")), expected);
}

#[test]
fn the_exported_schema_is_the_present_one() {
    assert!(
        read("schema.graphql") == graphql::published_sdl().expect("a schema"),
        "schema.graphql is out of date, run  callshop schema > schema.graphql"
    );
}

#[test]
fn the_texts_speak_of_the_product_alone() {
    // the forbidden words are assembled from parts, so that this file itself does not contain them
    let words = [["/wo", "rk/"].concat(), ["/tmp", "/w/"].concat()];
    let mut found = Vec::new();
    for file in files(
        &root(),
        &[".md", ".rs", ".toml", ".yml", ".cfg", ".graphql", ".xml", ".html", "run", "Dockerfile"],
    ) {
        let text = read(&file);
        for (number, line) in (1..).zip(text.lines()) {
            if words.iter().any(|word| line.contains(word)) {
                found.push(format!("{}:{number}: {line}", file.display()));
            }
        }
    }
    assert!(found.is_empty(), "paths of one machine\n{}", found.join("\n"));
}
