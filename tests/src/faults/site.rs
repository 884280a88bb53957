//! The whole topology on one loopback network, with a relay in every link.
//!
//! | host | role |
//! | --- | --- |
//! | .1 | the SIP proxy and its control listener |
//! | .2 | the balancer; over UDP the carrier's gateway |
//! | .3, .4 | PostgreSQL, Redis |
//! | .11, .12 | relays from the balancer to the nodes .21 and .22 |
//! | .31, .32 and .41, .42 | relays from each node to PostgreSQL and to Redis |
//! | .71, .72 | Redis primary and replica, if replicated; .4 is then a relay to the primary |
//! | .60, .61 to .63 | etcd and the members of a PostgreSQL cluster, if any; .3 is then its balancer |
//! | .51, .52, .53 | relays from the nodes to the proxy's control listener, from the proxy to the hook, from the proxy to Redis |

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use sea_orm::{ConnectionTrait as _, Database};
use tokio::process::{Child, Command};
use tokio::sync::Mutex;

use super::cluster::{Cluster, Postgres};
use super::database::{Durability, append, postgres};
use super::disk::Disk;
use super::node::Node;
use super::redis::Redis;
use crate::crash::process;
use crate::local::repository;
use crate::relay::Relay;
use crate::server::{HOOK_SECRET, proxy};
use crate::sip::{PROXY, Sip, SipPlan};
use crate::{Shop, TestServer};

/// A node and its relays.
pub(super) struct Linked {
    pub(super) node: Node,
    /// Relays from the balancer, for GraphQL and the hook.
    pub(super) doors: [Relay; 2],
    pub(super) to_database: Relay,
    pub(super) to_redis: Relay,
}

/// The topology.
pub(super) struct Site {
    pub(super) nodes: [Linked; 2],
    pub(super) postgres: Mutex<Postgres>,
    pub(super) redis: Mutex<Redis>,
    pub(super) to_control: Relay,
    pub(super) to_hook: Relay,
    pub(super) proxy_to_redis: Relay,
    /// The balancer's addresses for GraphQL and the hook.
    pub(super) graphql: SocketAddr,
    pub(super) hook: SocketAddr,
    /// The address of Redis itself, bypassing the relays.
    pub(super) redis_address: SocketAddr,
    /// Whether Redis has a replica. If there is a replica, it must also confirm each event.
    pub(super) replicated_redis: bool,
    /// URL of the database itself, bypassing the relays.
    pub(super) database: String,
    pub(super) sip: Mutex<Sip>,
    _balancer: Child,
    /// PostgreSQL's disk.
    pub(super) disk: Option<Disk>,
    pub(super) folder: tempfile::TempDir,
}

/// Options of a site.
pub(super) struct Building {
    pub(super) release: bool,
    pub(super) fsync: bool,
    /// Whether PostgreSQL gets its own disk, which a fault can fill.
    pub(super) disk: bool,
    /// Whether PostgreSQL is a cluster with a synchronous standby, in which any member can die.
    pub(super) replicated: bool,
    /// Whether Redis has a replica.
    pub(super) replicated_redis: bool,
}

/// A site whose nodes are not running yet. The shops are created in the site's database.
pub(super) struct PreparedSite {
    plan: SipPlan,
    binary: std::path::PathBuf,
    postgres: Postgres,
    redis: Redis,
    replicated_redis: bool,
    disk: Option<Disk>,
    folder: tempfile::TempDir,
    pub(super) database: String,
    /// `user` or `user:password`, as in a URL.
    user: String,
}

impl PreparedSite {
    /// Starts the databases.
    pub(super) async fn prepare(building: &Building) -> Self {
        let binary = process::build(building.release);
        let plan = SipPlan::new();
        let folder = tempfile::tempdir().expect("a folder");
        // PostgreSQL must be able to enter its own folder, which is inside this folder
        let open = Command::new("chmod").arg("711").arg(folder.path()).status().await;
        assert!(open.is_ok_and(|status| status.success()), "chmod");
        let at = |host: u8, port: u16| SocketAddr::from((plan.address(host), port));
        let disk = building.disk.then(|| Disk::mount(&folder.path().join("postgres")));
        let disk = disk.transpose().unwrap_or_else(|why| panic!("{why}"));
        let (postgres, user) = if building.replicated {
            let cluster = Cluster::start(folder.path(), plan.network()).await;
            (Postgres::Cluster(cluster), Cluster::credentials())
        } else {
            let durability = Durability { fsync: building.fsync, small: building.disk };
            (Postgres::Alone(postgres(folder.path(), at(3, 5432), &durability).await), "postgres".to_owned())
        };
        let redis = if building.replicated_redis {
            Redis::replicated(folder.path(), at(4, 6379), [at(71, 6379), at(72, 6379)]).await
        } else {
            Redis::alone(folder.path(), at(4, 6379)).await
        };
        let replicated_redis = building.replicated_redis;
        let admin = format!("postgres://{user}@{}/postgres", at(3, 5432));
        let conn = connect(&admin).await;
        for name in ["callshop", "kamailio"] {
            conn.execute_unprepared(&format!("CREATE DATABASE {name}")).await.expect("a database");
        }
        conn.close().await.expect("closes");
        let database = format!("postgres://{user}@{}/callshop", at(3, 5432));
        Self { plan, binary, postgres, redis, replicated_redis, disk, folder, database, user }
    }

    /// Starts a node in the test's process. The test creates the shops on this node.
    pub(super) async fn office(&self) -> Shop {
        let control = self.plan.control();
        let server = TestServer::start_at(self.database.clone(), |config| {
            config.auth.access_seconds = 86_400;
            config.hook.proxies = vec![proxy(PROXY, control)];
        })
        .await;
        Shop::on(server, 6).await
    }

    /// Starts all other parts of the topology.
    pub(super) async fn raise(self) -> Site {
        let plan = self.plan;
        let network = plan.network();
        let at = |host: u8, port: u16| {
            SocketAddr::from((Ipv4Addr::new(network[0], network[1], network[2], host), port))
        };
        let control = at(51, 8060);
        let to_control = Relay::between(control, plan.control()).await;
        let to_hook = Relay::between(at(52, 8081), at(2, 8081)).await;
        let proxy_to_redis = Relay::between(at(53, 6379), at(4, 6379)).await;
        let (binary, folder) = (self.binary.as_path(), self.folder.path());
        let link = async |number: u8| {
            let own = [at(20 + number, 8080), at(20 + number, 8081)];
            let database = at(30 + number, 5432);
            let redis = at(40 + number, 6379);
            let toml = settings(own, &format!("{}@{database}", self.user), redis, control);
            Linked {
                node: Node::new(&format!("api-{number}"), binary, &toml, own, folder),
                doors: [
                    Relay::between(at(10 + number, 8080), own[0]).await,
                    Relay::between(at(10 + number, 8081), own[1]).await,
                ],
                to_database: Relay::between(database, at(3, 5432)).await,
                to_redis: Relay::between(redis, at(4, 6379)).await,
            }
        };
        let nodes = [link(1).await, link(2).await];
        for linked in &nodes {
            linked.node.start().await;
        }
        for linked in &nodes {
            linked.node.ready().await;
        }
        let balancer = balance(network, folder);
        let (graphql, hook) = (at(2, 8080), at(2, 8081));
        let dialogs = format!("postgres://{}@{}/kamailio", self.user, at(3, 5432));
        let queue = at(53, 6379);
        let (host, port) = (queue.ip().to_string(), queue.port().to_string());
        let through = [
            ("CS_REDIS_HOST", host.as_str()),
            ("CS_REDIS_PORT", port.as_str()),
            // an empty value keeps the shipped number of workers
            ("CS_SIP_WORKERS", ""),
            ("CS_REDIS_USER", "proxy"),
            ("CS_REDIS_PASSWORD", "change-me-proxy"),
            ("CS_REDIS_REPLICAS", "1"),
        ];
        let through = if self.replicated_redis { &through[..] } else { &through[..through.len() - 1] };
        let sip = plan.start_alone(at(52, 8081), &dialogs, through).await;
        let site = Site {
            nodes,
            postgres: Mutex::new(self.postgres),
            redis: Mutex::new(self.redis),
            to_control,
            to_hook,
            proxy_to_redis,
            graphql,
            hook,
            redis_address: at(4, 6379),
            replicated_redis: self.replicated_redis,
            database: self.database,
            sip: Mutex::new(sip),
            _balancer: balancer,
            disk: self.disk,
            folder: self.folder,
        };
        site.serves().await;
        site
    }
}

/// Connects, and waits for a database that is still starting.
pub(super) async fn connect(url: &str) -> sea_orm::DatabaseConnection {
    let begun = std::time::Instant::now();
    loop {
        let mut options = sea_orm::ConnectOptions::new(url);
        options.max_connections(2).sqlx_logging(false);
        match Database::connect(options).await {
            Ok(conn) => return conn,
            Err(error) => assert!(begun.elapsed() < Duration::from_secs(60), "{url}: {error}"),
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Seconds that a subscriber may take to read a waiting message.
pub(super) const STALL_SECONDS: u64 = 8;

/// A node's configuration. Sockets are checked more often than in production, so that even a run of a few minutes includes checks.
fn settings(own: [SocketAddr; 2], database: &str, redis: SocketAddr, control: SocketAddr) -> String {
    let [listen, hook] = own;
    format!(
        "listen = \"{listen}\"\ndatabase_url = \"postgres://{database}/callshop\"\n\n\
         [auth]\naccess_seconds = 86400\n\n[redis]\nurl = \"redis://callshop:change-me-api@{redis}\"\nevents_stream = \"callshop:events\"\n\n\
         [hook]\nlisten = \"{hook}\"\nsecrets = [\"{HOOK_SECRET}\"]\n\n\
         [[hook.proxies]]\nname = \"{PROXY}\"\ncontrol_url = \"http://{control}\"\ntoken = \"{HOOK_SECRET}\"\n\n\
         [calls]\nreconcile_seconds = 5\n\n[limits.rates]\nsubject_per_minute = 0\naddress_per_minute = 0\n\n\
         [limits.sockets]\nper_subject = 20000\nper_address = 50000\nstall_seconds = {STALL_SECONDS}\nping_seconds = 4\n\n\
         [shutdown]\ndrain_seconds = 2\ngrace_seconds = 20\n"
    )
}

/// Starts the deployed balancer, between the relays.
fn balance([a, b, c]: [u8; 3], folder: &Path) -> Child {
    let mut command = Command::new("/usr/sbin/haproxy");
    command.arg("-db").arg("-f").arg(repository().join("deploy/haproxy.cfg"));
    command.env("NET", format!("{a}.{b}.{c}")).stdin(Stdio::null()).stdout(Stdio::null());
    command.stderr(append(&folder.join("balancer.log"))).kill_on_drop(true);
    // HAProxy can change its user only if it starts as root
    if std::fs::metadata("/proc/self").is_ok_and(|own| std::os::unix::fs::MetadataExt::uid(&own) != 0) {
        command.env("KEEP_USER", "1");
    }
    command.spawn().expect("haproxy: run the tests with tests/run")
}

impl Site {
    /// Waits until the balancer answers a query. The balancer can answer only if a node is ready.
    async fn serves(&self) {
        let begun = std::time::Instant::now();
        let http = reqwest::Client::builder().no_proxy().build().expect("a client");
        loop {
            let answer = http
                .post(format!("http://{}/graphql", self.graphql))
                .json(&serde_json::json!({ "query": "{ __typename }" }));
            if answer.send().await.is_ok_and(|answer| answer.status() == 200) {
                return;
            }
            assert!(
                begun.elapsed() < Duration::from_secs(30),
                "the balancer does not answer within 30 seconds"
            );
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Number of statements that PostgreSQL refused because its disk was full, and number of shutdowns because of the full disk.
    pub(super) fn refusals(&self) -> (usize, usize) {
        let log = std::fs::read(self.folder.path().join("postgres.log")).unwrap_or_default();
        let log = String::from_utf8_lossy(&log);
        let count = |severity: &str| {
            let lines = log.lines().filter(|line| line.contains(severity));
            lines.filter(|line| line.contains("No space left on device")).count()
        };
        (count("ERROR:"), count("PANIC:") + count("FATAL:"))
    }

    /// Restarts nodes and PostgreSQL if they exited on their own, but only while the returned future is polled.
    pub(super) async fn look_after(self: Arc<Self>) {
        loop {
            // while a fault has the lock, the fault itself stops and starts PostgreSQL
            if let Ok(mut postgres) = self.postgres.try_lock() {
                postgres.look_after();
            }
            for linked in &self.nodes {
                linked.node.look_after().await;
            }
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
    }
}
