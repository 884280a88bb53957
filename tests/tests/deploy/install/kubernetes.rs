//! Tests that deploy/kubernetes is valid according to Kubernetes' own schemas, and consistent with the program's ports, probes, environment and
//! arguments.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::process::Command;

use serde_json::{Value, json};
use tests::local::repository;

use crate::pages::{HIDDEN, PASSED};

use super::package::tool;
use super::{read, run};

const FILES: [&str; 5] = ["config.yaml", "migrate.yaml", "api.yaml", "network.yaml", "ingress.yaml"];

/// All resources, by kind and name.
fn resources() -> BTreeMap<(String, String), Value> {
    let mut found = BTreeMap::new();
    for file in FILES {
        let mut reader = Command::new(tool("python/bin/python"));
        reader.args([
            "-c",
            "import json, sys, yaml; json.dump(list(yaml.safe_load_all(open(sys.argv[1]))), sys.stdout)",
        ]);
        reader.arg(repository().join("deploy/kubernetes").join(file));
        let all: Vec<Value> = serde_json::from_slice(&run(&mut reader).stdout).expect("JSON");
        for resource in all {
            let text = |value: &Value| value.as_str().expect("a text").to_owned();
            let key = (text(&resource["kind"]), text(&resource["metadata"]["name"]));
            assert!(found.insert(key, resource).is_none(), "{file}");
        }
    }
    found
}

fn env_names(text: &str) -> BTreeMap<String, String> {
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines
        .filter_map(|line| line.split_once('='))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

#[test]
fn deployed_kubernetes_resources_are_valid() {
    for file in FILES {
        let mut validate = Command::new(tool("python/bin/kubernetes-validate"));
        run(validate.arg("--strict").arg(repository().join("deploy/kubernetes").join(file)));
    }
    let written: BTreeSet<_> = fs::read_dir(repository().join("deploy/kubernetes"))
        .expect("the folder")
        .map(|entry| entry.expect("a file").file_name().into_string().expect("a name"))
        .filter(|name| name.ends_with("yaml"))
        .collect();
    assert_eq!(written, FILES.map(str::to_owned).into(), "this test must check all files");
}

/// A node's configuration, from its container's environment.
fn printed(data: &BTreeMap<String, String>, arguments: &Value) -> Value {
    let folder = tempfile::tempdir().expect("a folder");
    run(Command::new(repository().join("deploy/make-secrets")).arg(folder.path().join("secrets")));
    let mut command = Command::new(tests::crash::process::build(false));
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("CALLSHOP_")) {
        command.env_remove(name);
    }
    for (name, value) in data {
        let inside =
            value.replace("/run/secrets/callshop", &folder.path().join("secrets").display().to_string());
        command.env(name, inside);
    }
    command.args(arguments.as_array().expect("arguments").iter().map(|word| word.as_str().expect("a word")));
    serde_json::from_slice(&run(command.arg("--print-config")).stdout).expect("JSON")
}

#[test]
fn deployed_kubernetes_nodes_are_what_the_program_takes() {
    let all = resources();
    let get = |kind: &str, name: &str| &all[&(kind.to_owned(), name.to_owned())];
    let workspace = read("Cargo.toml");
    let version = workspace
        .lines()
        .find_map(|line| line.strip_prefix("version = "))
        .expect("a version")
        .trim_matches('"');
    let migrate = get("Job", &format!("callshop-migrate-{version}"))["spec"]["template"]["spec"].clone();
    let deployment = &get("Deployment", "callshop")["spec"];
    let labels = &deployment["template"]["metadata"]["labels"];
    let pod = &deployment["template"]["spec"];
    let (node, job) = (&pod["containers"][0], &migrate["containers"][0]);

    // the environment has the settings of the other deployments, with the same values except for the drain time
    let data = &get("ConfigMap", "callshop")["data"];
    let data: BTreeMap<String, String> = serde_json::from_value(data.clone()).expect("texts");
    for (name, value) in env_names(&read("deploy/api.env")) {
        let longer = name == "CALLSHOP_SHUTDOWN__DRAIN_SECONDS";
        assert!(longer || data.get(&name) == Some(&value), "{name}");
    }
    let compose = read("docker-compose.yml");
    let told: BTreeSet<_> = compose
        .lines()
        .filter_map(|line| line.trim().strip_prefix("CALLSHOP_")?.split_once(": "))
        .map(|(name, _)| format!("CALLSHOP_{name}"))
        .filter(|name| name != "CALLSHOP_ARCHIVE")
        .collect();
    let mut expected: BTreeSet<_> = env_names(&read("deploy/api.env")).into_keys().collect();
    expected.extend(told);
    assert_eq!(data.keys().cloned().collect::<BTreeSet<_>>(), expected);
    for container in [node, job] {
        assert_eq!(container["envFrom"], json!([{ "configMapRef": { "name": "callshop" } }]));
        assert_eq!(container["image"], format!("callshop:{version}"));
        assert_eq!(container["securityContext"]["readOnlyRootFilesystem"], true);
        assert_eq!(container["securityContext"]["capabilities"], json!({ "drop": ["ALL"] }));
    }
    // the secret files are mounted at the paths in the environment
    for pod in [pod, &migrate] {
        let mounts = pod["containers"][0]["volumeMounts"].as_array().expect("mounts");
        assert!(mounts.iter().any(|mount| mount["mountPath"] == "/run/secrets/callshop"));
        assert_eq!(pod["volumes"][0]["secret"]["secretName"], "callshop");
        assert_eq!(pod["securityContext"]["runAsNonRoot"], true);
        let uid = &pod["securityContext"]["runAsUser"];
        assert!(read("Dockerfile").contains(&format!("--uid {uid} ")));
        assert_eq!(uid, &pod["securityContext"]["fsGroup"]);
        assert_eq!(pod["automountServiceAccountToken"], false);
        // the variables that Kubernetes makes for a Service named callshop must not become settings
        assert_eq!(pod["enableServiceLinks"], false);
    }
    let files: BTreeSet<_> = data
        .iter()
        .filter(|(name, _)| name.ends_with("_FILE"))
        .map(|(_, file)| file.rsplit('/').next().expect("a name").to_owned())
        .collect();
    let guide = read("deploy/kubernetes/README.md");
    let made: BTreeSet<_> = guide
        .split("--from-file=deploy/secrets/")
        .skip(1)
        .map(|rest| rest.split_whitespace().next().expect("a name").to_owned())
        .collect();
    assert_eq!(files, made);

    // arguments and ports match the program's configuration
    let config = printed(&data, &node["args"]);
    run(Command::new(tests::crash::process::build(false))
        .arg(job["args"][0].as_str().expect("a command"))
        .arg("--help"));
    let port = |option: &Value| {
        option
            .as_str()
            .expect("an address")
            .rsplit(':')
            .next()
            .expect("a port")
            .parse::<u16>()
            .expect("a port")
    };
    let (graphql, hook) = (port(&config["listen"]), port(&config["hook"]["listen"]));
    assert_eq!(
        node["ports"],
        json!([{ "name": "graphql", "containerPort": graphql }, { "name": "hook", "containerPort": hook }])
    );
    for (service, name, number) in [("callshop", "graphql", graphql), ("callshop-hook", "hook", hook)] {
        let spec = &get("Service", service)["spec"];
        assert_eq!(
            (&spec["selector"], &spec["ports"][0]["targetPort"], &spec["ports"][0]["port"]),
            (labels, &json!(name), &json!(number))
        );
    }
    // liveness and readiness have separate probes, and a stopping node is taken out of service before it closes
    for (probe, path) in
        [("startupProbe", "/livez"), ("livenessProbe", "/livez"), ("readinessProbe", "/readyz")]
    {
        assert_eq!(node[probe]["httpGet"], json!({ "path": path, "port": "graphql" }), "{probe}");
    }
    let number = |value: &Value| value.as_u64().expect("a number");
    let notices = number(&node["readinessProbe"]["periodSeconds"])
        * number(&node["readinessProbe"]["failureThreshold"]);
    assert!(
        number(&config["shutdown"]["drain_seconds"]) > notices,
        "the drain must take longer than the {notices} s until Kubernetes takes the node out of service"
    );
    assert!(number(&pod["terminationGracePeriodSeconds"]) > number(&config["shutdown"]["grace_seconds"]));
    let replicas = number(&deployment["replicas"]);
    let budget = &get("PodDisruptionBudget", "callshop")["spec"];
    assert!(replicas >= 2 && number(&budget["maxUnavailable"]) < replicas);
    assert_eq!(budget["selector"]["matchLabels"], *labels);

    // the network policy must allow exactly two ports for ingress. For egress, it must allow DNS, PostgreSQL, Redis, the SIP proxy and webhooks
    let policy = &get("NetworkPolicy", "callshop")["spec"];
    assert_eq!(
        (&policy["podSelector"]["matchLabels"], &policy["policyTypes"]),
        (labels, &json!(["Ingress", "Egress"]))
    );
    let ports = |direction: &str| -> BTreeSet<u64> {
        let rules = policy[direction].as_array().expect("rules").iter();
        rules
            .flat_map(|rule| rule["ports"].as_array().expect("ports").iter().map(|one| number(&one["port"])))
            .collect()
    };
    assert_eq!(ports("ingress"), [u64::from(graphql), u64::from(hook)].into());
    assert!(
        policy["ingress"].as_array().expect("rules").iter().all(|rule| rule["from"].is_array()),
        "no other egress"
    );
    assert_eq!(ports("egress"), [53, 443, 5432, 6379, 8060].into());
    let secrets = read("deploy/make-secrets");
    for outside in ["5432", "6379", "8060"] {
        assert!(secrets.contains(&format!("$(port {outside})")), "{outside}");
    }
    // traces need one more port, whose lines only have to lose their comment signs
    let network = read("deploy/kubernetes/network.yaml");
    let (_, traces) = network.split_once("\n    # a collector of traces").expect("the lines for traces");
    assert!(traces.contains("\n    # - ports:\n    #     - { port: 4318, protocol: TCP }\n"), "{traces}");
    assert!(read("docs/operations.md").contains("`http://127.0.0.1:4318`"));
}

/// Whether an ingress rule matches a path. A prefix matches only whole path segments.
fn passes(rule: &Value, path: &str) -> bool {
    let given = rule["path"].as_str().expect("a path");
    match rule["pathType"].as_str() {
        Some("Exact") => path == given,
        _ => path.strip_prefix(given).is_some_and(|rest| rest.is_empty() || rest.starts_with('/')),
    }
}

#[test]
fn deployed_kubernetes_ingress_passes_the_pages_and_hides_the_rest() {
    let all = resources();
    let ingress = &all[&("Ingress".to_owned(), "callshop".to_owned())];
    let rules = ingress["spec"]["rules"][0]["http"]["paths"].as_array().expect("paths");
    for rule in rules {
        assert_eq!(rule["backend"]["service"], json!({ "name": "callshop", "port": { "name": "graphql" } }));
    }
    let is_passed = |path: &str| rules.iter().any(|rule| passes(rule, path));
    assert_eq!(PASSED.map(is_passed), PASSED.map(|_| true));
    assert_eq!(HIDDEN.map(is_passed), HIDDEN.map(|_| false));
}
