//! Tests events through Redis and over HTTP, with a Redis that is slow or dies.

use std::net::SocketAddr;

use super::*;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kamailio_events_go_through_redis_and_around_it() {
    let mut redis = RedisServer::start().await;
    let mut stage = Stage::with_redis(&redis, 3).await;

    // without faults, no event is posted
    stage.talk(0, "1500").finished().await;
    stage.call_in(0, "ENDED").await;
    let ways = stage.ways().await;
    assert!(ways.streamed >= 3 + 1 + 4, "the events of three phones, a boot and a call: {}", ways.streamed);
    assert_eq!(ways.posted, 0);

    // when Redis stops during a call, SIP does not wait for Redis, and the end of the call is posted
    let talking = stage.talk(1, "3000");
    stage.call_in(1, "ANSWERED").await;
    redis.stop().await;
    talking.finished().await;
    let ended = stage.call_in(1, "ENDED").await;
    let late = Utc::now() - time(&ended["endedAt"]);
    assert!(late < TimeDelta::seconds(2), "the API learned of the end only after {late}");
    // a whole call takes place without Redis
    let begun = Instant::now();
    stage.talk(2, "1000").finished().await;
    assert!(begun.elapsed() < Duration::from_secs(4), "a one-second call took {:?}", begun.elapsed());
    stage.call_in(2, "ENDED").await;
    redis.start_again().await;
    let back = Instant::now();
    let posted = stage.ways().await.posted;
    assert!(posted >= 5, "the end of one call and all events of another must be posted, not {posted} events");

    // the API is down while a call ends; the end waits in Redis, and the call is charged to the second
    eventually("the proxy writes to Redis again", async || {
        let before = stage.ways().await.streamed;
        stage.sip.register(&stage.phones[0]).await;
        // if a worker's Redis command has failed, the worker does not use Redis for two seconds (`disable_time`), and posts its events meanwhile
        let every_worker = back.elapsed() > Duration::from_millis(2_500);
        (every_worker && stage.ways().await.streamed > before).then_some(())
    })
    .await;
    let posted = stage.ways().await.posted;
    let talking =
        stage.sip.play(&stage.phones[0], &Script::call("phone-call", "11988880222", &["-d", "3000"]));
    eventually("the call is answered", async || {
        let calls = stage.calls().await;
        calls.iter().any(|call| call["state"] == "ANSWERED").then_some(())
    })
    .await;
    let streamed = stage.ways().await.streamed;
    let stopped = stage.shop.server.pause().await;
    talking.finished().await;
    let mut connection = redis.connection().await;
    let waiting: u64 =
        ::redis::cmd("XLEN").arg("callshop:events").query_async(&mut connection).await.expect("a length");
    assert_eq!(waiting, 1, "the end of the call must be in the stream");
    stage.shop.server = stopped.start().await;
    let calls = eventually("the end is applied", async || {
        let calls = stage.calls().await;
        calls.iter().all(|call| call["state"] == "ENDED").then_some(calls)
    })
    .await;
    assert_eq!(calls.len(), 4);
    // after the process has restarted, its counters begin at zero again
    let stored =
        hook_event::Entity::find().count(stage.shop.server.app.store.reader()).await.expect("the events");
    assert_eq!(stored, streamed + posted + 1, "no event may have been posted");
    for call in &calls {
        let seconds = talk_of(call);
        assert!((1..=4).contains(&seconds), "{call}");
    }
    stage.check_charges(&calls).await;
    println!(
        "{}",
        stage.sip.log().lines().filter(|line| line.contains("edis")).take(6).collect::<Vec<_>>().join("\n")
    );
    stage.finish().await;
}

/// The disk takes 30 ms per write. With the shipped configuration, SIP does not wait for the disk, and every call has the right duration.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kamailio_has_workers_enough_for_a_slow_redis() {
    let carried = rush::run(Rush {
        per_second: 80,
        seconds: 5,
        talk: Duration::from_millis(500),
        workers: None,
        redis_delay: Duration::from_millis(15),
    })
    .await;
    println!("{carried}");
    assert_eq!((carried.calls, carried.ended, carried.drops), (400, 400, 0), "{carried}");
    // The limits leave room for a machine that is busy with other tests: there, a phone of SIPp sometimes gives up, and a message sometimes waits.
    // With the four workers that Kamailio starts by default, 1,185 to 1,250 messages are sent again, and none with sixteen, on an idle machine. The
    // command `rush` (docs/testing.md) measures with strict limits.
    assert!(carried.whole >= 380, "{carried}");
    assert!(carried.sent_again < 1_000, "{carried}");
    assert!(carried.longest_over < Duration::from_secs(5), "{carried}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kamailio_moves_what_waited_to_redis() {
    let mut redis = RedisServer::start().await;
    let mut stage = Stage::with_redis(&redis, 2).await;
    // the API and Redis are down while calls end, so the proxy keeps the ends in memory
    let talking = [stage.talk(0, "3000"), stage.talk(1, "3000")];
    stage.call_in(0, "ANSWERED").await;
    stage.call_in(1, "ANSWERED").await;
    let before = stage.ways().await;
    redis.stop().await;
    let stopped = stage.shop.server.pause().await;
    for phone in talking {
        phone.finished().await;
    }
    redis.start_again().await;
    let mut connection = redis.connection().await;
    eventually("the ends are in Redis", async || {
        let waiting: u64 =
            ::redis::cmd("XLEN").arg("callshop:events").query_async(&mut connection).await.ok()?;
        (waiting > 0).then_some(())
    })
    .await;
    stage.shop.server = stopped.start().await;
    let ends = [stage.call_in(0, "ENDED").await, stage.call_in(1, "ENDED").await];
    let after = stage.ways().await;
    assert_eq!(
        (before.posted, after.streamed),
        (0, 2),
        "the end events of both calls must come through Redis"
    );
    stage.check_charges(&ends).await;
    stage.finish().await;
}

/// A Redis with the shipped configuration and users, plus a user for the test. With a primary, the server starts as its replica.
async fn shipped_redis(primary: Option<SocketAddr>) -> RedisServer {
    let config = tests::local::repository().join("deploy/redis/redis.conf");
    RedisServer::with(|dir| {
        let write = |name: &str, text: String| {
            std::fs::write(dir.join(name), text).expect("the file is written");
            dir.join(name).display().to_string()
        };
        let users = format!("{}user test on >tests ~* &* +@all\n", tests::redis::shipped_users());
        let acl = write("users.acl", users);
        let replica = write("replica.conf", tests::redis::shipped_replica(primary));
        let config = config.display().to_string();
        vec![config, "--aclfile".to_owned(), acl, "--include".to_owned(), replica]
    })
    .await
}

/// Sends a command as a Redis user, and returns the response.
async fn told_as<T: ::redis::FromRedisValue>(login: &str, redis: &RedisServer, command: &str) -> T {
    let client = ::redis::Client::open(format!("redis://{login}@{}", redis.address())).expect("an address");
    let mut connection = client.get_multiplexed_async_connection().await.expect("Redis answers");
    let mut words = command.split(' ');
    let mut told = ::redis::cmd(words.next().expect("a command"));
    for word in words {
        told.arg(word);
    }
    told.query_async(&mut connection).await.expect("an answer")
}

/// Sends a command as the test's own Redis user, and returns the response.
async fn told<T: ::redis::FromRedisValue>(redis: &RedisServer, command: &str) -> T {
    told_as("test:tests", redis, command).await
}

/// Sends a command as the user that promotes a replica, and returns the response.
async fn operated(redis: &RedisServer, command: &str) -> String {
    told_as("operator:change-me-operator", redis, command).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kamailio_a_redis_that_dies_takes_no_event_along() {
    let mut first = shipped_redis(None).await;
    let mut second = shipped_redis(Some(first.address())).await;
    eventually("the replica has connected to its primary", async || {
        operated(&first, "INFO replication").await.contains("state=online").then_some(())
    })
    .await;
    let door = first.door().await;
    let settings = [
        ("CS_REDIS_USER", "proxy"),
        ("CS_REDIS_PASSWORD", "change-me-proxy"),
        ("CS_REDIS_REPLICAS", "1"),
        // the timeout is long, because the machine may be busy
        ("CS_REDIS_WAIT_MS", "90"),
    ];
    let url = format!("redis://callshop:change-me-api@{}", door.address);
    let mut stage = Stage::with_redis_at(url, door.address.port(), 2, &settings).await;
    // a call ends while the API is down; then the primary dies, and the replica takes over (`pause` returns only after the API has stopped)
    let talking = stage.talk(0, "8000");
    stage.call_in(0, "ANSWERED").await;
    stage.ways().await;
    let stopped = stage.shop.server.pause().await;
    talking.finished().await;
    assert_eq!(told::<u64>(&second, "XLEN callshop:events").await, 1, "the end of the call");
    first.kill().await;
    assert_eq!(operated(&second, "REPLICAOF NO ONE").await, "OK");
    door.lead_to(second.address());
    stage.shop.server = stopped.start().await;
    let copied = stage.call_in(0, "ENDED").await;
    assert_eq!((&copied["cause"], &copied["estimated"]), (&json!("BYE"), &json!(false)));

    // the new primary has no replica; a call ends while the API is down, and then the new primary, which has the only copy of the call's end, dies
    let talking = stage.talk(1, "8000");
    stage.call_in(1, "ANSWERED").await;
    stage.ways().await;
    let stopped = stage.shop.server.pause().await;
    talking.finished().await;
    assert!(
        told::<u64>(&second, "XLEN callshop:events").await > 0,
        "the new primary has the end of the call, too"
    );
    second.kill().await;
    stage.shop.server = stopped.start().await;
    let posted = stage.call_in(1, "ENDED").await;
    assert_eq!((&posted["cause"], &posted["estimated"]), (&json!("BYE"), &json!(false)));
    stage.check_charges(&[copied, posted]).await;
    assert!(stage.sip.log().contains("Redis lacks a replica"));
    stage.finish().await;
}
