//! A relay of TCP connections that the test can cut: how a database, or a proxy, goes away and comes back.

use std::net::SocketAddr;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// Stands before an address.
pub struct Relay {
    /// Where it listens.
    pub address: SocketAddr,
    up: watch::Sender<bool>,
}

impl Relay {
    /// Relays to `to` until it is dropped.
    ///
    /// # Panics
    /// Without a free port.
    pub async fn to(to: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let (up, is_up) = watch::channel(true);
        tokio::spawn(async move {
            let mut over = is_up.clone();
            loop {
                let accepted = tokio::select! {
                    accepted = listener.accept() => accepted,
                    gone = over.wait_for(|_| false) => { drop(gone); return }
                };
                let Ok((stream, _)) = accepted else { return };
                tokio::spawn(carry(stream, to, is_up.clone()));
            }
        });
        Self { address, up }
    }

    /// Ends every connection, and each new one at once.
    pub fn cut(&self) {
        self.up.send_replace(false);
    }

    /// Relays again.
    pub fn mend(&self) {
        self.up.send_replace(true);
    }
}

async fn carry(mut stream: TcpStream, to: SocketAddr, mut up: watch::Receiver<bool>) {
    if !*up.borrow_and_update() {
        return;
    }
    let Ok(mut other) = TcpStream::connect(to).await else { return };
    tokio::select! {
        // one side closed, or broke off: so does the other
        carried = tokio::io::copy_bidirectional(&mut stream, &mut other) => drop(carried),
        cut = up.wait_for(|up| !up) => drop(cut),
    }
}
