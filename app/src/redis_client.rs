//! Builds and checks the Redis client: address, user, TLS, protocol.

use std::path::{Path, PathBuf};
use std::time::Duration;

use backon::{BackoffBuilder as _, ExponentialBackoff, ExponentialBuilder};
use redis::{
    AsyncConnectionConfig, Client, ConnectionInfo, IntoConnectionInfo as _, ProtocolVersion, RedisError,
    TlsCertificates,
};
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};

/// Timeout for a connection, and for the response to a non-blocking command. If Redis has not responded within this time, the connection counts as
/// lost.
pub const PATIENCE: Duration = Duration::from_secs(1);

/// Longest pause between connection attempts, before random jitter is added.
const LONGEST_PAUSE: Duration = Duration::from_millis(500);
/// Pauses between connection attempts, for an unlimited number of attempts. The first pause is 50 ms, and each later pause is twice as long as the
/// one before it. Random jitter at most doubles a pause, so no pause exceeds 1 s. Without jitter, all nodes would reconnect to a restarted Redis at
/// the same moment.
const PAUSES: ExponentialBuilder = ExponentialBuilder::new()
    .with_min_delay(Duration::from_millis(50))
    .with_max_delay(LONGEST_PAUSE)
    .without_max_times()
    .with_jitter();

/// Redis, for notifications between nodes that share a PostgreSQL database, and for the stream of the SIP proxies' events.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RedisConfig {
    /// `redis://USER:PASSWORD@HOST:PORT/DB`, or `rediss://…` with TLS. If this option is not set, each node polls the database for other nodes'
    /// activity events every second.
    #[serde(serialize_with = "base::secret::hidden_password_of")]
    pub url: Option<SecretString>,
    /// CA certificates (PEM) for Redis. If this option is not set, the system's certificates are used.
    pub ca_file: Option<PathBuf>,
    /// Prefix of channel names. Two installations on one Redis need different prefixes.
    pub channel: String,
    /// Maximum number of activity events waiting for Redis. Further events are dropped; other nodes find them in the database.
    pub queue: usize,
    /// Stream to which the SIP proxies write their events, such as `callshop:events`. If this option is not set, the proxies post their events over
    /// HTTP.
    pub events_stream: Option<String>,
    /// Consumer group in which the nodes read the stream.
    pub events_group: String,
    /// Seconds after which another node takes over entries that were read but not acknowledged.
    pub claim_seconds: u32,
}

impl Default for RedisConfig {
    fn default() -> Self {
        Self {
            url: None,
            ca_file: None,
            channel: "callshop:".to_owned(),
            queue: 4096,
            events_stream: None,
            events_group: "callshop".to_owned(),
            claim_seconds: 5,
        }
    }
}

impl RedisConfig {
    /// Checks the bounds that types cannot express.
    ///
    /// # Errors
    /// Returns a sentence that names the first option that is out of its bounds.
    pub fn check(&self) -> Result<(), String> {
        let bad = |text: &str| Err(text.to_owned());
        let url = self.url.as_ref().map(|url| url.expose_secret());
        if url.is_some_and(|url| !url.starts_with("redis://") && !url.starts_with("rediss://")) {
            return bad("redis.url must start with redis:// or rediss://");
        }
        if url.is_some_and(|url| address(url).is_err()) {
            return bad("redis.url must have the form redis://USER:PASSWORD@HOST:PORT/DB");
        }
        if self.ca_file.is_some() && url.is_some_and(|url| !url.starts_with("rediss://")) {
            return bad("redis.ca_file requires a redis.url that starts with rediss://");
        }
        if self.channel.is_empty() || self.channel.len() > 100 {
            return bad("redis.channel must be 1 to 100 bytes long");
        }
        if self.events_stream.is_some() && url.is_none() {
            return bad("redis.events_stream requires redis.url");
        }
        let names = self.events_stream.iter().chain([&self.events_group]);
        if names.into_iter().any(|name| name.is_empty() || name.len() > 100) {
            return bad("redis.events_stream and redis.events_group must be 1 to 100 bytes long");
        }
        if !(1..=3_600).contains(&self.claim_seconds) {
            return bad("redis.claim_seconds must be 1 to 3600");
        }
        if !(1..=1_000_000).contains(&self.queue) {
            return bad("redis.queue must be 1 to 1000000");
        }
        Ok(())
    }
}

/// The reason why Redis cannot be used at all.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// `redis.url` is malformed.
    #[error("redis.url: {0}")]
    Address(RedisError),
    /// The certificate file cannot be read.
    #[error("redis.ca_file {0}: {1}")]
    Certificates(String, std::io::Error),
}

/// Creates a client for the configured Redis; `None` if Redis is not configured. The client does not connect yet.
///
/// # Errors
/// Fails if the address is malformed, or if the certificate file cannot be read.
pub fn client(config: &RedisConfig) -> Result<Option<Client>, ClientError> {
    let Some(url) = &config.url else { return Ok(None) };
    let address = address(url.expose_secret()).map_err(ClientError::Address)?;
    let client = match &config.ca_file {
        None => Client::open(address),
        Some(file) => {
            Client::build_with_tls(address, TlsCertificates { client_tls: None, root_cert: Some(pem(file)?) })
        }
    };
    client.map(Some).map_err(ClientError::Address)
}

fn pem(file: &Path) -> Result<Vec<u8>, ClientError> {
    std::fs::read(file).map_err(|error| ClientError::Certificates(file.display().to_string(), error))
}

/// Checks that the configured Redis responds and that its user has the rights a node needs: to subscribe and publish on the channel, and to read the
/// stream. The check publishes a message that nodes ignore.
///
/// # Errors
/// Returns the error from Redis.
pub async fn check(client: &Client, config: &RedisConfig) -> Result<(), RedisError> {
    let settings = AsyncConnectionConfig::new()
        .set_connection_timeout(Some(PATIENCE))
        .set_response_timeout(Some(PATIENCE))
        .set_push_sender(|_| Ok::<_, ()>(()));
    let mut connection = client.get_multiplexed_async_connection_with_config(&settings).await?;
    let channel = format!("{}activity", config.channel);
    connection.subscribe(&channel).await?;
    redis::cmd("PUBLISH").arg(&channel).arg("").query_async::<()>(&mut connection).await?;
    if let Some(stream) = &config.events_stream {
        redis::cmd("XLEN").arg(stream).query_async::<()>(&mut connection).await?;
        // a missing group is not an error, because a node creates the group when it starts; only a missing right is an error
        let group = &config.events_group;
        let mut asked = ["XINFO", "XPENDING", "XCLAIM", "XINFO"].map(redis::cmd);
        asked[0].arg("CONSUMERS").arg(stream).arg(group);
        asked[1].arg(stream).arg(group);
        // this command names an entry that does not exist
        asked[2].arg(stream).arg(group).arg("none").arg(0).arg("0-0").arg("JUSTID");
        asked[3].arg("GROUPS").arg(stream);
        for command in asked {
            match command.query_async::<redis::Value>(&mut connection).await {
                Err(error) if error.code() == Some("NOPERM") => return Err(error),
                _ => {}
            }
        }
    }
    Ok(())
}

/// Parses an address, and adds settings that an address cannot specify: RESP3 and TCP_NODELAY.
///
/// # Errors
/// Fails if the address is malformed.
pub fn address(url: &str) -> Result<ConnectionInfo, RedisError> {
    let info = url.into_connection_info()?;
    let settings = info.redis_settings().clone().set_protocol(ProtocolVersion::RESP3);
    let tcp = info.tcp_settings().clone().set_nodelay(true);
    Ok(info.set_redis_settings(settings).set_tcp_settings(tcp))
}

/// The pauses between the attempts to make one connection. The library's retry loop is not used, because a successful connection must reset the
/// pauses, and stopping the node must end a pause.
pub struct Pauses(ExponentialBackoff);

impl Default for Pauses {
    fn default() -> Self {
        Self(PAUSES.build())
    }
}

impl Pauses {
    /// Waiting time before the next attempt.
    pub fn pause(&mut self) -> Duration {
        self.0.next().unwrap_or(LONGEST_PAUSE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_at_most_a_second_and_never_end() {
        let mut pauses = Pauses::default();
        assert!((50..=100).contains(&pauses.pause().as_millis()));
        let later: Vec<u128> = (0..100).map(|_| pauses.pause().as_millis()).collect();
        assert!(later[10..].iter().all(|pause| (500..=1_000).contains(pause)), "{later:?}");
    }
}
