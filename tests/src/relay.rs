//! A relay of TCP connections that the test can cut, stall and slow: how a database, a proxy or a network goes away and comes back.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// Bytes that pass at once.
const PIECE: usize = 4 * 1024;

/// Stands before an address.
pub struct Relay {
    /// Where it listens.
    pub address: SocketAddr,
    line: watch::Sender<Line>,
    to: watch::Sender<SocketAddr>,
}

/// How the line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Line {
    Up,
    /// Nobody is there: connections end, and each new one at once.
    Cut,
    /// Nobody says a word: connections stay, new ones are accepted, and nothing passes.
    Stalled,
    /// Each piece of up to 4 KiB takes so long, in each direction.
    Slow(Duration),
}

impl Relay {
    /// Relays to `to` from a free port, until it is dropped.
    ///
    /// # Panics
    /// Without a free port.
    pub async fn to(to: SocketAddr) -> Self {
        Self::between(SocketAddr::from(([127, 0, 0, 1], 0)), to).await
    }

    /// Relays from an address to another, until it is dropped.
    ///
    /// # Panics
    /// When the address cannot be had.
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
                // no more descriptors, say: the next one may get one
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

    /// New connections go elsewhere from now on.
    pub fn lead_to(&self, to: SocketAddr) {
        self.to.send_replace(to);
    }

    /// Ends every connection, and each new one at once.
    pub fn cut(&self) {
        self.line.send_replace(Line::Cut);
    }

    /// Lets nothing pass, and tells nobody.
    pub fn stall(&self) {
        self.line.send_replace(Line::Stalled);
    }

    /// Lets each piece pass only after a while.
    pub fn slow(&self, by: Duration) {
        self.line.send_replace(Line::Slow(by));
    }

    /// Relays again; what was held back by a stalled line passes now.
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
        // what one side closed is closed to the other when all is said; what broke off ends both at once
        let there = pass(&mut in_read, &mut out_write, ways.clone());
        let back = pass(&mut out_read, &mut in_write, ways.clone());
        drop(tokio::try_join!(there, back));
    };
    tokio::select! {
        () = both => {}
        cut = line.wait_for(|line| *line == Line::Cut) => drop(cut),
    }
}

/// One way, piece by piece, as the line lets it.
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
