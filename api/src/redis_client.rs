//! How Redis is reached: address, user, TLS, protocol.

use std::path::Path;
use std::time::Duration;

use redis::{
    AsyncConnectionConfig, Client, ConnectionInfo, IntoConnectionInfo as _, ProtocolVersion, RedisError,
    TlsCertificates,
};
use secrecy::ExposeSecret as _;

use crate::config::RedisConfig;

/// Longest wait for a connection, and for the answer to a command that does not wait by itself: a Redis that is slower than this
/// counts as lost.
pub const PATIENCE: Duration = Duration::from_secs(1);

/// Shortest and longest pause between two attempts to connect.
const PAUSES: [Duration; 2] = [Duration::from_millis(50), Duration::from_secs(1)];

/// Why Redis cannot be used at all.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The address is none.
    #[error("redis.url: {0}")]
    Address(RedisError),
    /// The file with the certificates cannot be read.
    #[error("redis.ca_file {0}: {1}")]
    Certificates(String, std::io::Error),
}

/// A client of the configured Redis; none when none is configured. Connects to nothing yet.
///
/// # Errors
/// An address that is none, a file of certificates that cannot be read.
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

/// Whether the configured Redis answers, and its user may do what nodes do: listen at the channel and tell on it. What is told is nothing that a
/// node understands.
///
/// # Errors
/// What Redis said.
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
        // a group that is not there is made at the start; a right that is not there is refused before
        let group = &config.events_group;
        let mut asked = ["XINFO", "XPENDING", "XCLAIM", "XINFO"].map(redis::cmd);
        asked[0].arg("CONSUMERS").arg(stream).arg(group);
        asked[1].arg(stream).arg(group);
        // an entry that is nobody's
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

/// What an address says, with what it does not say: RESP3, and packets that leave at once.
///
/// # Errors
/// An address that is none.
pub fn address(url: &str) -> Result<ConnectionInfo, RedisError> {
    let info = url.into_connection_info()?;
    let settings = info.redis_settings().clone().set_protocol(ProtocolVersion::RESP3);
    let tcp = info.tcp_settings().clone().set_nodelay(true);
    Ok(info.set_redis_settings(settings).set_tcp_settings(tcp))
}

/// The pauses between attempts: growing, bounded, endless.
pub struct Pauses(Duration);

impl Default for Pauses {
    fn default() -> Self {
        Self(PAUSES[0])
    }
}

impl Pauses {
    /// How long to wait before the next attempt.
    pub fn pause(&mut self) -> Duration {
        let pause = self.0;
        self.0 = (pause * 2).min(PAUSES[1]);
        pause
    }
}
