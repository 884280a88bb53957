//! Builds and checks the Redis client: address, user, TLS, protocol.

use std::path::Path;
use std::time::Duration;

use redis::{
    AsyncConnectionConfig, Client, ConnectionInfo, IntoConnectionInfo as _, ProtocolVersion, RedisError,
    TlsCertificates,
};
use secrecy::ExposeSecret as _;

use crate::config::RedisConfig;

/// Timeout for a connection, and for the response to a non-blocking command. A slower Redis counts as lost.
pub const PATIENCE: Duration = Duration::from_secs(1);

/// Shortest and longest pause between connection attempts.
const PAUSES: [Duration; 2] = [Duration::from_millis(50), Duration::from_secs(1)];

/// Reason that Redis cannot be used at all.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// `redis.url` is malformed.
    #[error("redis.url: {0}")]
    Address(RedisError),
    /// The certificate file cannot be read.
    #[error("redis.ca_file {0}: {1}")]
    Certificates(String, std::io::Error),
}

/// A client for the configured Redis; none if none is configured. Does not connect yet.
///
/// # Errors
/// A malformed address, a certificate file that cannot be read.
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

/// Checks that the configured Redis answers and that its user has the rights a node needs: to subscribe and publish on the channel, and to read
/// the stream. The published message is one that nodes ignore.
///
/// # Errors
/// The error from Redis.
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
        // a missing group is created at start, but a missing right is refused before that
        let group = &config.events_group;
        let mut asked = ["XINFO", "XPENDING", "XCLAIM", "XINFO"].map(redis::cmd);
        asked[0].arg("CONSUMERS").arg(stream).arg(group);
        asked[1].arg(stream).arg(group);
        // an entry that does not exist
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

/// Parses an address and adds what it leaves open: RESP3, and TCP_NODELAY.
///
/// # Errors
/// A malformed address.
pub fn address(url: &str) -> Result<ConnectionInfo, RedisError> {
    let info = url.into_connection_info()?;
    let settings = info.redis_settings().clone().set_protocol(ProtocolVersion::RESP3);
    let tcp = info.tcp_settings().clone().set_nodelay(true);
    Ok(info.set_redis_settings(settings).set_tcp_settings(tcp))
}

/// Exponentially growing, bounded pauses without end.
pub struct Pauses(Duration);

impl Default for Pauses {
    fn default() -> Self {
        Self(PAUSES[0])
    }
}

impl Pauses {
    /// Waiting time before the next attempt.
    pub fn pause(&mut self) -> Duration {
        let pause = self.0;
        self.0 = (pause * 2).min(PAUSES[1]);
        pause
    }
}
