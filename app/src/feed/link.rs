//! The link between nodes: one Redis connection, on which a node publishes its commits and receives the other nodes' commits.
//!
//! Messages between nodes are only hints: if a message is lost, its activity is found in the table ([`super::poller`]). Therefore, the link never
//! waits for a missing message and stores no message for later delivery.

use std::sync::Arc;
use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Client, PushInfo, PushKind, RedisResult, Value};
use tokio::sync::{Notify, mpsc};
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use super::Hub;
use super::hub::Outgoing;
use super::message::{self, Kind};
use crate::redis_client::{PATIENCE, Pauses};
use telemetry::trace::TraceContext;

/// Heartbeat interval. If Redis does not respond to a heartbeat in time, the connection is ended, because a connection may be dead without having
/// been closed.
const BEAT: Duration = Duration::from_secs(1);
/// Maximum number of activities in one pipeline.
const BATCH: usize = 128;

/// One node's link.
pub(super) struct Link {
    pub(super) hub: Arc<Hub>,
    pub(super) client: Client,
    pub(super) channel: String,
    pub(super) queue: mpsc::Receiver<Outgoing>,
}

impl Link {
    /// Connects, and reconnects after each loss, until `stop`; then publishes the activities that are still queued.
    pub(super) async fn run(mut self, stop: CancellationToken) {
        let mut pauses = Pauses::default();
        loop {
            let Err(error) = self.session(&stop, &mut pauses).await else { return };
            self.lost(&error);
            tokio::select! {
                () = tokio::time::sleep(pauses.pause()) => {}
                () = stop.cancelled() => return,
            }
        }
    }

    fn lost(&mut self, error: &str) {
        let status = self.hub.status();
        if status.link_up.set(0) == 1 || status.last_error().is_none() {
            tracing::warn!(
                error,
                "the link to Redis is lost: other nodes' activities are read from the database"
            );
        }
        status.failed(Some(error.to_owned()));
        // drop queued activities, because they would arrive late, and other nodes read them from the table
        while let Ok(outgoing) = self.queue.try_recv() {
            self.hub.taken(&outgoing);
            status.dropped.inc();
        }
        self.hub.poll.notify_one();
    }

    /// Runs one connection until it ends. Returns `Ok` if the node stops; otherwise, returns the reason why the connection was lost.
    async fn session(&mut self, stop: &CancellationToken, pauses: &mut Pauses) -> Result<(), String> {
        let closed = Arc::new(Notify::new());
        let mut connection = tokio::select! {
            made = self.connect(closed.clone()) => made.map_err(|error| error.to_string())?,
            () = stop.cancelled() => return Ok(()),
        };
        let status = self.hub.status();
        status.connections.inc();
        status.failed(None);
        status.link_up.set(1);
        tracing::info!("connected to Redis");
        *pauses = Pauses::default();
        // messages that were published before this node subscribed are lost
        self.hub.poll.notify_one();
        let mut beats = interval(BEAT);
        beats.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut batch = Vec::with_capacity(BATCH);
        loop {
            tokio::select! {
                waiting = self.queue.recv_many(&mut batch, BATCH), if !self.queue.is_closed() => {
                    if waiting > 0 {
                        self.tell(&mut connection, &mut batch).await.map_err(|error| error.to_string())?;
                    }
                }
                _ = beats.tick() => self.beat(&mut connection, Kind::Heartbeat).await?,
                () = closed.notified() => return Err("the connection was closed".to_owned()),
                () = stop.cancelled() => return self.leave(&mut connection, &mut batch).await,
            }
        }
    }

    async fn connect(&self, closed: Arc<Notify>) -> RedisResult<MultiplexedConnection> {
        let hub = self.hub.clone();
        let pushed = move |push: PushInfo| {
            match push.kind {
                // [channel, message]
                PushKind::Message => {
                    if let Some(Value::BulkString(bytes)) = push.data.get(1) {
                        hub.heard(bytes);
                    }
                }
                PushKind::Disconnection => closed.notify_one(),
                _ => {}
            }
            Ok::<_, ()>(())
        };
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(PATIENCE))
            .set_response_timeout(Some(PATIENCE))
            .set_push_sender(pushed);
        let mut connection = self.client.get_multiplexed_async_connection_with_config(&config).await?;
        connection.subscribe(&self.channel).await?;
        Ok(connection)
    }

    /// Publishes a batch in one pipeline, in order. The next batch accumulates until Redis responds to the current batch.
    async fn tell(
        &self,
        connection: &mut MultiplexedConnection,
        batch: &mut Vec<Outgoing>,
    ) -> RedisResult<()> {
        let status = self.hub.status();
        let mut pipeline = redis::Pipeline::with_capacity(batch.len());
        for outgoing in batch.iter() {
            self.hub.taken(outgoing);
            let message = match outgoing {
                Outgoing::Activity(row, trace) => {
                    let trace = trace.as_ref().map(TraceContext::to_text).unwrap_or_default();
                    message::of_activity(self.hub.node(), row, &trace)
                }
                Outgoing::Changed(id) => message::of_changed(self.hub.node(), *id),
            };
            pipeline.cmd("PUBLISH").arg(&self.channel).arg(message).ignore();
        }
        let count = batch.len() as u64;
        batch.clear();
        let done = pipeline.query_async::<()>(connection).await;
        match &done {
            Ok(()) => status.published.inc_by(count),
            // some of the activities may have been published, but receivers drop duplicates
            Err(_) => status.dropped.inc_by(count),
        };
        done
    }

    /// Publishes a heartbeat. Redis responds with the number of receivers. If there are no receivers, this node's own subscription is lost.
    async fn beat(&self, connection: &mut MultiplexedConnection, kind: Kind) -> Result<(), String> {
        let lost = i64::try_from(self.hub.status().dropped.get()).unwrap_or(i64::MAX);
        let message = message::of_heartbeat(self.hub.node(), kind, lost);
        let mut publish = redis::cmd("PUBLISH");
        publish.arg(&self.channel).arg(message);
        match publish.query_async::<i64>(connection).await {
            Ok(0) => Err("the subscription is gone".to_owned()),
            Ok(_) => Ok(()),
            Err(error) => Err(error.to_string()),
        }
    }

    async fn leave(
        &mut self,
        connection: &mut MultiplexedConnection,
        batch: &mut Vec<Outgoing>,
    ) -> Result<(), String> {
        self.queue.close();
        while self.queue.recv_many(batch, BATCH).await > 0 {
            self.tell(connection, batch).await.map_err(|error| error.to_string())?;
        }
        self.beat(connection, Kind::Leave).await?;
        self.hub.status().link_up.set(0);
        Ok(())
    }
}
