//! Tests the Redis users of `deploy/redis`, and TLS. The permissions of the API and the proxy must be sufficient and minimal.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use api::config::Config;
use redis::aio::MultiplexedConnection;
use serde_json::json;
use tests::{Backend, RedisServer, Shop, TestServer};

use super::{linked, until};

pub(super) const PROXY: &str = "a-password-of-the-proxy";
pub(super) const API: &str = "a-password-of-the-api";

fn deployed(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy/redis").join(name)
}

/// A Redis server with the shipped configuration and users, and the test's own passwords. `change` may edit the users.
pub(super) async fn as_shipped(change: impl FnOnce(String) -> String) -> RedisServer {
    let server = RedisServer::with(|dir| {
        let users = fs::read_to_string(deployed("users.acl")).expect("users.acl");
        let users = users.replace("change-me-proxy", PROXY).replace("change-me-api", API);
        fs::write(dir.join("users.acl"), change(users)).expect("the file is written");
        let acl = dir.join("users.acl").display().to_string();
        vec![deployed("redis.conf").display().to_string(), "--aclfile".to_owned(), acl]
    });
    server.await
}

pub(super) async fn connect(redis: &RedisServer, user: &str, password: &str) -> MultiplexedConnection {
    let url = format!("redis://{user}:{password}@{}", redis.address());
    let client = redis::Client::open(url).expect("an address");
    client.get_multiplexed_async_connection().await.expect("Redis accepts the login")
}

async fn refused(connection: &mut MultiplexedConnection, command: &str) {
    let mut words = command.split(' ');
    let mut cmd = redis::cmd(words.next().expect("a command"));
    let answer =
        words.fold(&mut cmd, |cmd, word| cmd.arg(word)).query_async::<redis::Value>(connection).await;
    let error = answer.expect_err(command);
    assert_eq!(error.code(), Some("NOPERM"), "{command}: {error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn redis_users_may_do_what_they_need_and_nothing_else() {
    let redis = as_shipped(|users| users).await;
    let url = format!("redis://callshop:{API}@{}", redis.address());
    let change = |config: &mut Config| {
        config.redis.url = Some(url.clone().into());
        config.redis.events_stream = Some("callshop:events".to_owned());
        config.redis.claim_seconds = 1;
    };
    let shop = Shop::on(TestServer::start(Backend::Postgres, change).await, 1).await;
    let other = shop.server.another_node().await;
    linked(&shop.server).await;
    linked(&other).await;

    // the proxy writes; the API reads, applies, acknowledges, and notifies the other node
    let mut proxy = connect(&redis, "proxy", PROXY).await;
    let user = &shop.phones[0].user;
    let online =
        json!({ "eid": "e", "kind": "online", "ts": "1795388290472917", "proxy": "test", "user": user });
    let mut add = redis::cmd("XADD");
    add.arg("callshop:events").arg("*").arg("event").arg(online.to_string());
    add.query_async::<()>(&mut proxy).await.expect("the proxy may write");
    let stream = other.stream.as_ref().expect("the stream");
    until("the event is applied", super::NOTICED, async || stream.drained().await.expect("an answer")).await;
    let received = |node: &TestServer| node.app.hub.status().received.get();
    until("a node is notified", super::NOTICED, async || received(&shop.server) + received(&other) > 0).await;
    let end = stream.end().await.expect("an end");
    assert!(stream.applied_through(&end).await.expect("an answer"));
    // the wait is long enough for claiming entries and checking the consumer group
    let begun = std::time::Instant::now();
    until("both nodes keep working", super::NOTICED, async || {
        begun.elapsed() > std::time::Duration::from_millis(1_800)
    })
    .await;
    for node in [&shop.server, &other] {
        let status = &node.stream.as_ref().expect("the stream").status;
        assert_eq!((status.up.get(), status.failed.get()), (1, 0));
        assert_eq!(node.app.hub.status().connections.get(), 1);
    }

    for command in [
        "XADD other * event x",
        "XREAD STREAMS callshop:events 0",
        "XRANGE callshop:events - +",
        "XLEN callshop:events",
        "XTRIM callshop:events MAXLEN 0",
        "DEL callshop:events",
        "GET callshop:events",
        "KEYS *",
        "FLUSHALL",
        "CONFIG GET *",
        "PUBLISH callshop:activity x",
        "SUBSCRIBE callshop:activity",
        "ACL LIST",
        "SHUTDOWN",
        "EVAL return 0",
        "CLIENT LIST",
    ] {
        refused(&mut proxy, command).await;
    }
    let mut own = connect(&redis, "callshop", API).await;
    for command in [
        "XADD callshop:events * event x",
        "XLEN other",
        "PUBLISH other x",
        "DEL callshop:events",
        "KEYS *",
        "FLUSHALL",
        "CONFIG GET *",
        "ACL LIST",
        "SHUTDOWN",
        "XGROUP DESTROY callshop:events callshop",
        "SUBSCRIBE other",
        "PSUBSCRIBE *",
    ] {
        refused(&mut own, command).await;
    }
    // nobody can log in as the user that Redis itself uses to load its append-only file
    for url in [redis.url(), format!("redis://default:{PROXY}@{}", redis.address())] {
        let client = redis::Client::open(url).expect("an address");
        let entered = async {
            let mut connection = client.get_multiplexed_async_connection().await?;
            redis::cmd("PING").query_async::<()>(&mut connection).await
        };
        entered.await.expect_err("the login must be refused");
    }
    other.stop().await;
    shop.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn redis_operator_may_promote_a_replica_once_it_has_a_password() {
    // the passwords in the file are public, so nobody can log in with them
    let redis = as_shipped(|users| users).await;
    for user in ["replica", "operator"] {
        let url = format!("redis://{user}:change-me-{user}@{}", redis.address());
        let client = redis::Client::open(url).expect("an address");
        let entered = async {
            let mut connection = client.get_multiplexed_async_connection().await?;
            redis::cmd("PING").query_async::<()>(&mut connection).await
        };
        entered.await.expect_err("the login must be refused");
    }

    let redis = as_shipped(|users| users.replace(" off >", " on >")).await;
    let mut operator = connect(&redis, "operator", "change-me-operator").await;
    let guide = fs::read_to_string(tests::local::repository().join("docs/operations.md")).expect("the guide");
    let commands: Vec<_> =
        guide.lines().filter_map(|line| Some(line.split_once(" --user operator ")?.1)).collect();
    assert_eq!(commands, ["INFO replication", "REPLICAOF NO ONE", "INFO replication"]);
    for command in commands {
        let mut words = command.split(' ');
        let mut cmd = redis::cmd(words.next().expect("a command"));
        let cmd = words.fold(&mut cmd, |cmd, word| cmd.arg(word));
        let answer = cmd.query_async::<String>(&mut operator).await.expect(command);
        assert!(answer == "OK" || answer.contains("role:master"), "{command}: {answer}");
    }
    let mut replica = connect(&redis, "replica", "change-me-replica").await;
    for command in ["XLEN callshop:events", "CONFIG GET *", "ACL LIST", "SHUTDOWN", "FLUSHALL"] {
        refused(&mut operator, command).await;
        refused(&mut replica, command).await;
    }
    refused(&mut replica, "REPLICAOF NO ONE").await;
}

fn openssl(dir: &Path, arguments: &str) {
    let done =
        Command::new("openssl").args(arguments.split(' ')).current_dir(dir).output().expect("openssl runs");
    assert!(done.status.success(), "openssl {arguments}: {}", String::from_utf8_lossy(&done.stderr));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn redis_behind_tls_is_believed_only_with_its_authority() {
    let port = tests::redis::free_port().await;
    let redis = RedisServer::with(|dir| {
        let new = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes";
        openssl(dir, &format!("req -x509 {new} -keyout ca.key -out ca.pem -subj /CN=test-authority -days 2"));
        openssl(dir, &format!("req -x509 {new} -keyout other.key -out other.pem -subj /CN=other-authority -days 2"));
        openssl(dir, &format!("req {new} -keyout redis.key -out redis.csr -subj /CN=redis"));
        fs::write(dir.join("san"), "subjectAltName=IP:127.0.0.1").expect("the file is written");
        openssl(dir, "x509 -req -in redis.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile san -out redis.pem");
        let file = |name: &str| dir.join(name).display().to_string();
        let options = [
            ("--tls-port", port.port().to_string()), ("--tls-cert-file", file("redis.pem")), ("--tls-key-file", file("redis.key")),
            ("--tls-ca-cert-file", file("ca.pem")), ("--tls-auth-clients", "no".to_owned()),
        ];
        options.into_iter().flat_map(|(name, value)| [name.to_owned(), value]).collect()
    })
    .await;
    let with = |authority: &str| {
        let (url, file) = (format!("rediss://{port}"), redis.dir().join(authority));
        move |config: &mut Config| {
            config.redis.url = Some(url.into());
            config.redis.ca_file = Some(file);
        }
    };
    let node = TestServer::start(Backend::Postgres, with("ca.pem")).await;
    linked(&node).await;
    let mistrusting = node.another_node_with(with("other.pem")).await;
    let status = mistrusting.app.hub.status();
    until("the certificate is refused", super::NOTICED, async || status.last_error().is_some()).await;
    assert!(!status.is_up(), "a certificate of another authority must be refused");
    println!("{:?}", status.last_error());
    mistrusting.stop().await;
    node.stop().await;
}
