//! A TCP relay that the test can disconnect, stall or slow down to simulate failures of a database, a proxy or a network.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// Maximum number of bytes forwarded at once.
const PIECE: usize = 4 * 1024;

/// A relay that forwards connections to an address.
pub struct Relay {
    /// The address on which the relay listens.
    pub address: SocketAddr,
    line: watch::Sender<Line>,
    to: watch::Sender<SocketAddr>,
}

/// State of the line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Line {
    Up,
    /// Existing connections are closed, and each new connection is closed immediately.
    Cut,
    /// Connections stay open and new connections are accepted, but no data passes.
    Stalled,
    /// Each piece of up to 4 KiB takes this long, in each direction.
    Slow(Duration),
}

impl Relay {
    /// Relays from a free port to the address `to`, until this value is dropped.
    ///
    /// # Panics
    /// Panics if no port is free.
    pub async fn to(to: SocketAddr) -> Self {
        Self::between(SocketAddr::from(([127, 0, 0, 1], 0)), to).await
    }

    /// Relays from one address to another until the relay is dropped.
    ///
    /// # Panics
    /// Panics if the relay cannot bind `from`.
    pub async fn between(from: SocketAddr, to: SocketAddr) -> Self {
        let listener = TcpListener::bind(from).await.unwrap_or_else(|error| panic!("{from}: {error}"));
        let address = listener.local_addr().expect("an address");
        let (line, state) = watch::channel(Line::Up);
        let (to, leads_to) = watch::channel(to);
        tokio::spawn(async move {
            let mut over = state.clone();
            loop {
                let accepted = tokio::select! {
                    accepted = listener.accept() => accepted,
                    gone = over.wait_for(|_| false) => { drop(gone); return }
                };
                // accepting a connection may fail for lack of file descriptors, and may succeed the next time
                let Ok((stream, _)) = accepted else {
                    tokio::time::sleep(Duration::from_millis(10)).await;
                    continue;
                };
                let to = *leads_to.borrow();
                tokio::spawn(carry(stream, to, state.clone()));
            }
        });
        Self { address, line, to }
    }

    /// Sends new connections to another target.
    pub fn lead_to(&self, to: SocketAddr) {
        self.to.send_replace(to);
    }

    /// Closes every connection, and closes each new connection immediately.
    pub fn cut(&self) {
        self.line.send_replace(Line::Cut);
    }

    /// Stops all data without closing connections.
    pub fn stall(&self) {
        self.line.send_replace(Line::Stalled);
    }

    /// Delays each piece of data by this time from now on.
    pub fn slow(&self, by: Duration) {
        self.line.send_replace(Line::Slow(by));
    }

    /// Resumes forwarding, including data that was held back during a stall.
    pub fn mend(&self) {
        self.line.send_replace(Line::Up);
    }
}

async fn carry(stream: TcpStream, to: SocketAddr, mut line: watch::Receiver<Line>) {
    let mut ways = line.clone();
    let both = async {
        if ways.wait_for(|line| *line != Line::Stalled).await.is_err() {
            return;
        }
        let Ok(other) = TcpStream::connect(to).await else { return };
        drop((stream.set_nodelay(true), other.set_nodelay(true)));
        let ((mut in_read, mut in_write), (mut out_read, mut out_write)) =
            (stream.into_split(), other.into_split());
        // a clean close is forwarded after all data; after an error, both directions end immediately
        let there = pass(&mut in_read, &mut out_write, ways.clone());
        let back = pass(&mut out_read, &mut in_write, ways.clone());
        drop(tokio::try_join!(there, back));
    };
    tokio::select! {
        () = both => {}
        cut = line.wait_for(|line| *line == Line::Cut) => drop(cut),
    }
}

/// Forwards data in one direction, piece by piece, as the state of the line allows.
async fn pass(
    from: &mut OwnedReadHalf,
    to: &mut OwnedWriteHalf,
    mut line: watch::Receiver<Line>,
) -> std::io::Result<()> {
    let mut piece = vec![0; PIECE];
    loop {
        let length = from.read(&mut piece).await?;
        let state = line.wait_for(|line| *line != Line::Stalled).await.map(|line| *line);
        match state.map_err(std::io::Error::other)? {
            Line::Slow(by) => tokio::time::sleep(by).await,
            Line::Up | Line::Cut | Line::Stalled => {}
        }
        if length == 0 {
            return to.shutdown().await;
        }
        to.write_all(&piece[..length]).await?;
    }
}
