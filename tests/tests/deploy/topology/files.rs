//! Tests that the files of the topology are valid and agree with each other.

use super::*;

/// The configuration that Compose resolves from its files, as JSON.
fn compose(files: &[&str]) -> Value {
    let mut command = Blocking::new("docker-compose");
    command.current_dir(repository());
    for file in files {
        command.args(["-f", file]);
    }
    // the test ignores a .env on this machine
    let none = tempfile::NamedTempFile::new().expect("an empty file");
    command.arg("--env-file").arg(none.path()).arg("config");
    command.env("GATEWAY", "203.0.113.10:5060").env("CARRIER_NETS", "203.0.113.10/32");
    let yaml = run(&mut command).stdout;
    // Debian's docker-compose is written in Python, so a YAML parser for Python is already installed
    let mut reader = Blocking::new("python3");
    reader.args(["-c", "import json, sys, yaml; json.dump(yaml.safe_load(sys.argv[1]), sys.stdout)"]);
    reader.arg(String::from_utf8(yaml).expect("text"));
    serde_json::from_slice(&run(&mut reader).stdout).expect("JSON")
}

#[test]
fn deployed_compose_files_are_valid_and_their_containers_may_do_little() {
    for files in [vec!["docker-compose.yml"], vec!["docker-compose.yml", "compose.monitoring.yml"]] {
        let services = compose(&files)["services"].take();
        let services = services.as_object().expect("services");
        assert!(
            ["api-1", "api-2", "balancer", "kamailio", "postgres", "redis"]
                .iter()
                .all(|name| services.contains_key(*name))
        );
        for (name, service) in services {
            assert_eq!(service["read_only"], true, "{name}");
            assert_eq!(service["cap_drop"], json!(["ALL"]), "{name}");
            assert_eq!(service["security_opt"], json!(["no-new-privileges:true"]), "{name}");
            assert_eq!(service["restart"], "unless-stopped", "{name}");
            let text = service.to_string();
            assert!(
                !text.to_lowercase().contains("password=") && service.get("privileged").is_none(),
                "{name}: {text}"
            );
        }
        // ports are published on loopback only, until an operator decides otherwise
        for (name, service) in services {
            let ports = service["ports"].as_array().cloned().unwrap_or_default();
            let open: Vec<_> = ports
                .iter()
                .filter(|port| !port.as_str().unwrap_or_default().starts_with("127.0.0.1:"))
                .collect();
            assert!(open.is_empty(), "{name}: {open:?}");
        }
    }
}

/// The names in a settings file that deploy/local wrote, or in a service's environment.
fn names(service: &Value) -> BTreeSet<String> {
    service["environment"].as_object().expect("an environment").keys().cloned().collect()
}

/// The names that deploy/local exports (`export NAME=`, `export NAME`), from the line `from` to the end of the function.
fn exported(script: &str, from: &str) -> BTreeSet<String> {
    let part = script.split_once(from).expect("the part").1;
    let part =
        part.split("\n}\n").next().expect("a function").split("env | grep").next().expect("its settings");
    let words = part.split([' ', '\n']).map(|word| word.split_once('=').map_or(word, |(name, _)| name));
    words.filter(|word| word.starts_with("CALLSHOP_") || word.starts_with("CS_")).map(str::to_owned).collect()
}

fn env_file(name: &str) -> BTreeSet<String> {
    let text = fs::read_to_string(repository().join("deploy").join(name)).expect("a file of settings");
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines.filter_map(|line| line.split_once('=')).map(|(name, _)| name.to_owned()).collect()
}

#[test]
fn deployed_containers_and_processes_are_told_the_same() {
    let services = compose(&["docker-compose.yml"])["services"].take();
    let script = fs::read_to_string(repository().join("deploy/local")).expect("the script");
    let mut node = exported(&script, "start_node() (");
    node.extend(env_file("api.env"));
    assert_eq!(names(&services["api-1"]), node);
    assert_eq!(services["api-1"]["environment"], services["api-2"]["environment"]);
    let mut proxy = exported(&script, "start_proxy() {");
    proxy.extend(env_file("kamailio.env"));
    // in the container, the folder and ports are the defaults of kamailio.cfg
    for own in ["CS_RUN_DIR", "CS_CONTROL_PORT", "CS_REDIS_PORT"] {
        assert!(proxy.remove(own));
    }
    assert_eq!(names(&services["kamailio"]), proxy);
}

/// Container paths in a YAML list of `HOST:CONTAINER` volumes.
fn mounted(service: &Value) -> BTreeSet<String> {
    let volumes = service["volumes"].as_array().expect("volumes");
    let inside = volumes.iter().filter_map(|volume| volume.as_str()?.split(':').nth(1));
    inside.map(str::to_owned).collect()
}

#[test]
fn deployed_backups_and_restores_have_somewhere_to_write() {
    let postgres = compose(&["docker-compose.yml"])["services"]["postgres"].take();
    let mounted = mounted(&postgres);
    let image = fs::read_to_string(repository().join("deploy/postgres/Dockerfile")).expect("the Dockerfile");
    let owned = image.lines().find(|line| line.starts_with("RUN install -d -o postgres")).expect("folders");
    // the root file system is read-only, so the guide writes only to volumes; a new volume gets its owner from the image
    let guide = fs::read_to_string(repository().join("docs/operating.md")).expect("the guide");
    assert!(guide.contains("postgres backup /backup\n") && guide.contains("-v callshop_restored:/restored"));
    for folder in ["/archive", "/backup", "/restored"] {
        assert!(owned.split(' ').any(|word| word == folder), "{folder}: {owned}");
        assert!(folder == "/restored" || mounted.contains(folder), "{folder}: {mounted:?}");
    }
}

#[test]
fn deployed_monitoring_follows_the_network() {
    let services = compose(&["docker-compose.yml", "compose.monitoring.yml"])["services"].take();
    let mut seen = 0;
    for file in ["nodes", "balancer", "prometheus"] {
        let path = repository().join(format!("deploy/prometheus/targets/{file}.yml"));
        let text = fs::read_to_string(path).expect("targets");
        for target in text.split('"').skip(1).step_by(2) {
            let (host, _) = target.split_once(':').expect("a port");
            // the address is a service name; for every value of NET, this name resolves to the container
            assert!(host == "localhost" || services.get(host).is_some(), "{file}: {target}");
            seen += 1;
        }
    }
    assert_eq!(seen, 4);
}

/// A program that logs its command line, its environment, and the files that the command line and the environment name.
fn spy(folder: &Path, name: &str, then: &str) {
    let text = format!(
        "#!/bin/sh\n{{ echo \"{name} $*\"; cat /proc/$$/environ; env; }} | tr '\\0' '\\n' >>{0}/seen\n\
         [ -z \"${{PGPASSFILE:-}}\" ] || cat \"$PGPASSFILE\" >>{0}/passwords\n{then}\n",
        folder.display()
    );
    fs::write(folder.join("bin").join(name), text).expect("a program");
    run(Blocking::new("chmod").arg("755").arg(folder.join("bin").join(name)));
}

#[test]
fn deployed_proxy_keeps_secrets_out_of_environments_and_command_lines() {
    const SECRETS: [(&str, &str); 4] = [
        ("CS_SECRET", "a-secret-of-the-hook"),
        ("CS_REDIS_PASSWORD", "a-secret-of-redis"),
        ("CS_DB_DIALOG", "postgres://kamailio:a-secret:of\\dialogs@127.0.0.1/kamailio"),
        ("CS_DB_LOCATION", "postgres://kamailio:a-secret:of\\dialogs@127.0.0.1/kamailio"),
    ];
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name);
    for name in ["bin", "run", "schema"] {
        fs::create_dir(path(name)).expect("a folder");
    }
    for name in ["standard", "dialog", "usrloc"] {
        fs::write(path("schema").join(format!("{name}-create.sql")), "").expect("a schema");
    }
    spy(folder.path(), "psql", "case \"$*\" in *count*) echo 0 ;; *) cat >/dev/null ;; esac");
    spy(folder.path(), "kamailio", "");
    let mut start = Blocking::new("sh");
    start.arg(repository().join("kamailio/start")).arg(folder.path()).env("CS_GATEWAY", "192.0.2.1:5060");
    start.env("CS_RUN_DIR", path("run")).env("KAMAILIO_SCHEMA", path("schema"));
    start.env("PATH", format!("{}:{}", path("bin").display(), std::env::var("PATH").expect("a path")));
    for (name, secret) in SECRETS {
        fs::write(path(name), format!("{secret}\n")).expect("a secret");
        start.env(format!("{name}_FILE"), path(name));
    }
    // a secret in the environment must not reach the programs that `start` runs
    start.env("CS_PROXY_NAME", "a-secret-name");
    run(&mut start);
    let seen = fs::read_to_string(path("seen")).expect("the program logged its start");
    assert!(
        seen.contains("psql postgres://kamailio@127.0.0.1/kamailio -X") && seen.contains("kamailio -DD"),
        "{seen}"
    );
    assert!(!seen.contains("a-secret"), "{seen}");
    let passwords = fs::read_to_string(path("passwords")).expect("psql's");
    assert!(passwords.lines().all(|line| line == r"*:*:*:*:a-secret\:of\\dialogs"), "{passwords}");
    let settings = fs::read_to_string(path("run").join("local.cfg")).expect("settings");
    for (name, secret) in SECRETS {
        assert!(settings.contains(&format!("#!substdef \"!{name}!{secret}!g\"\n")), "{settings}");
    }
    // by default, the data for emergency calls is in the same database as the proxy's other data
    assert!(settings.contains(&format!("\"!CS_DB_EMERGENCY!{}!g\"", SECRETS[2].1)), "{settings}");
    assert!(settings.contains("!CS_GATEWAY!192.0.2.1:5060!") && !settings.contains("_FILE!"), "{settings}");
    let mode =
        std::os::unix::fs::MetadataExt::mode(&fs::metadata(path("run").join("local.cfg")).expect("it"));
    assert_eq!(mode & 0o777, 0o600);
    // create-db refuses a secret as an argument, and says how to pass the secret instead
    let create = Blocking::new("sh").arg(repository().join("kamailio/create-db")).arg(SECRETS[2].1).output();
    let refused = create.expect("create-db starts");
    let told = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(
        !refused.status.success() && told.contains("create-db - <FILE") && !told.contains("a-secret"),
        "{told}"
    );
}

#[test]
fn deployed_proxy_logs_no_number() {
    let config = fs::read_to_string(repository().join("kamailio/kamailio.cfg")).expect("the configuration");
    let lines: Vec<_> = config.lines().filter(|line| line.contains("xlog(")).collect();
    assert!(lines.len() > 8, "{lines:?}");
    // the log must not contain dialed numbers, the API's responses, or whole messages
    let numbers = [
        "rU",
        "ru",
        "tU",
        "tu",
        "rb",
        "mb",
        "fU",
        "fu",
        "ct",
        "var(r)",
        "var(q)",
        "var(j)",
        "var(to)",
        "var(caller)",
        "avp(to)",
        "avp(caller)",
        "shv(batch)",
        "var(value)",
        "var(b)",
    ];
    for line in lines {
        for number in numbers {
            let name = format!("${number}");
            let mut named = line.split(&name).skip(1);
            let whole = named.any(|rest| !rest.starts_with(|next: char| next.is_ascii_alphanumeric()));
            assert!(!whole, "{name}: {}", line.trim());
        }
    }
}

#[test]
fn deployed_the_image_builds_every_crate() {
    let workspace = fs::read_to_string(repository().join("Cargo.toml")).expect("the workspace");
    let (_, members) = workspace.split_once("\nmembers = [").expect("members");
    let (members, _) = members.split_once(']').expect("their end");
    let names = members.split(',').map(|name| name.trim().trim_matches('"')).filter(|name| !name.is_empty());
    let members: BTreeSet<_> = names.collect();
    assert!(members.contains("api") && members.contains("transport"), "{members:?}");
    let dockerfile = fs::read_to_string(repository().join("Dockerfile")).expect("the Dockerfile");
    let copied = dockerfile.lines().filter_map(|line| line.strip_prefix("COPY ")?.split_once("/Cargo.toml "));
    assert_eq!(copied.map(|(name, _)| name).collect::<BTreeSet<_>>(), members);
    let words = |start: &str, end: &str| -> BTreeSet<String> {
        let (_, rest) = dockerfile.split_once(start).expect(start);
        rest.split_once(end).expect(end).0.split_whitespace().map(str::to_owned).collect()
    };
    let members: BTreeSet<String> = members.into_iter().map(str::to_owned).collect();
    assert_eq!(words("for crate in ", ";"), members);
    // the image contains only the program
    let mut touched = words("RUN find ", "-name");
    touched.extend(["tests", "bench"].map(str::to_owned));
    assert_eq!(touched, members);
}

#[test]
fn deployed_secrets_are_made_once_and_kept_from_others() {
    use std::os::unix::fs::MetadataExt as _;
    let folder = tempfile::tempdir().expect("a folder");
    let secrets = folder.path().join("secrets");
    let make =
        |net: &str| run(Blocking::new(repository().join("deploy/make-secrets")).arg(&secrets).arg(net));
    let read = |name: &str| fs::read_to_string(secrets.join(name)).expect("a secret");
    make("172.28.64");
    let (hook, password) = (read("hook_secret"), read("postgres_callshop"));
    assert!(hook.len() >= 32 && hook != password);
    assert_eq!(
        read("database_url").trim_end(),
        format!("postgres://callshop:{password}@172.28.64.3:5432/callshop")
    );
    make("10.0.0");
    assert_eq!(
        (read("hook_secret"), read("postgres_callshop")),
        (hook, password),
        "existing secrets must stay"
    );
    assert!(read("database_url").contains("@10.0.0.3:5432/"));
    assert_eq!(fs::metadata(&secrets).expect("the folder").mode() & 0o777, 0o700);
    // every secret of the compose file is created
    let named = compose(&["docker-compose.yml"])["secrets"].take();
    for (name, secret) in named.as_object().expect("secrets") {
        assert!(
            secret["file"].as_str().is_some_and(|file| file.ends_with(&format!("/deploy/secrets/{name}")))
        );
        assert!(secrets.join(name).exists(), "{name}");
    }
}

#[test]
fn deployed_alerts_are_those_that_are_meant() {
    let folder = repository().join("deploy/prometheus");
    run(Blocking::new("promtool").args(["check", "config", "prometheus.yml"]).current_dir(&folder));
    run(Blocking::new("promtool").args(["test", "rules", "alerts.test.yml"]).current_dir(&folder));
}

#[test]
fn deployed_units_are_valid_and_may_do_little() {
    let folder = tempfile::tempdir().expect("a folder");
    let units = repository().join("deploy/systemd");
    let unit = fs::read_to_string(units.join("callshop.service")).expect("the unit");
    let here = folder.path().join("callshop.service");
    // the program is not installed on this machine
    fs::write(&here, unit.replace("/usr/bin/callshop", "/bin/true")).expect("a copy");
    let checked = run(Blocking::new("systemd-analyze").args(["verify", "--man=no"]).arg(&here));
    assert!(checked.stderr.is_empty(), "{}", String::from_utf8_lossy(&checked.stderr));
    // the exposure of a service is a number from 0 (it may do nothing) to 10 (it may do everything)
    run(Blocking::new("systemd-analyze")
        .args(["security", "--offline=true", "--threshold=15"])
        .arg(units.join("callshop.service")));
    // the unit sets the same `_FILE` variables as the nodes in docker-compose.yml
    let told: BTreeSet<_> =
        unit.lines().filter_map(|line| line.strip_prefix("Environment=")?.split_once('=')).collect();
    let services = compose(&["docker-compose.yml"])["services"].take();
    let secret: BTreeSet<_> =
        names(&services["api-1"]).into_iter().filter(|name| name.ends_with("_FILE")).collect();
    assert_eq!(told.iter().map(|(name, _)| (*name).to_owned()).collect::<BTreeSet<_>>(), secret);
    // the proxy's unit is a drop-in for Debian's unit
    let kamailio = folder.path().join("kamailio.service");
    fs::write(&kamailio, "[Service]\nType=forking\nUser=kamailio\nPIDFile=/run/k.pid\nExecStart=/bin/true\nRuntimeDirectory=kamailio\n").expect("a unit");
    let drop_in = folder.path().join("kamailio.service.d");
    fs::create_dir(&drop_in).expect("a folder");
    let text = fs::read_to_string(units.join("kamailio.service.d/callshop.conf")).expect("the drop-in");
    assert!(text.contains("\nRestart=always\n"));
    fs::write(drop_in.join("callshop.conf"), text.replace("/etc/callshop/start", "/bin/true"))
        .expect("a copy");
    let checked = run(Blocking::new("systemd-analyze").args(["verify", "--man=no"]).arg(&kamailio));
    assert!(checked.stderr.is_empty(), "{}", String::from_utf8_lossy(&checked.stderr));
}
