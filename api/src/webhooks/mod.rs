//! Posts the messages of webhooks. Users choose the addresses, so a message must not reach a machine that is not public: each call resolves the host,
//! checks its addresses, and connects only to an address that passed. A request uses no proxy and no pooled connection, and follows no redirect, so
//! no later answer from a name server or receiver can change the target.

mod addresses;

use std::net::{IpAddr, ToSocketAddrs as _};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use app::webhooks::config::{Network, WebhookConfig};
use app::webhooks::ports::{Answer, Outgoing, SendError, Sender};
use http_body_util::{BodyExt as _, Full};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1;
use hyper::header::{CONNECTION, CONTENT_TYPE, HOST, USER_AGENT};
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio_rustls::TlsConnector;
use url::{Host, Url};

/// How long a name server may take to answer, including the wait for a thread.
const RESOLVE: Duration = Duration::from_secs(5);
/// Maximum number of threads that wait for name servers.
const LOOKUPS: usize = 16;
/// Maximum number of a host's addresses that are tried.
const MAX_ADDRESSES: usize = 4;
/// Number of bytes of a response that are kept.
const KEPT_BYTES: usize = 1024;
/// Maximum size of a response's head, in bytes.
const HEAD_BYTES: usize = 16 * 1024;

/// Finds the addresses of a host.
#[async_trait::async_trait]
trait Resolve: Send + Sync {
    async fn resolve(&self, host: &str, port: u16) -> std::io::Result<Vec<IpAddr>>;
}

/// The resolver of the system. A lookup blocks a thread until the name server answers, so the number of threads is limited. A thread counts
/// toward the limit until its lookup ends, even if no message waits for the lookup anymore.
struct System {
    threads: Arc<Semaphore>,
}

#[async_trait::async_trait]
impl Resolve for System {
    async fn resolve(&self, host: &str, port: u16) -> std::io::Result<Vec<IpAddr>> {
        let host = host.to_owned();
        let ask = move || Ok((host.as_str(), port).to_socket_addrs()?.map(|address| address.ip()).collect());
        in_thread(&self.threads, ask).await
    }
}

/// Runs a lookup in its own thread. If the maximum number of lookups is running, waits until one of them ends.
async fn in_thread<T: Send + 'static>(
    threads: &Arc<Semaphore>,
    ask: impl FnOnce() -> std::io::Result<T> + Send + 'static,
) -> std::io::Result<T> {
    let place = threads.clone().acquire_owned().await.map_err(std::io::Error::other)?;
    let asked = tokio::task::spawn_blocking(move || {
        let answer = ask();
        drop(place);
        answer
    });
    asked.await.map_err(std::io::Error::other)?
}

/// Posts messages to public addresses and to allowed networks.
pub struct WebhookSender {
    allowed: Vec<Network>,
    resolver: Arc<dyn Resolve>,
    tls: OnceLock<TlsConnector>,
}

/// Where a message goes.
struct Target {
    url: Url,
    host: Host<String>,
    port: u16,
    is_secure: bool,
}

impl Target {
    fn parse(text: &str) -> Result<Self, SendError> {
        let url = Url::parse(text).map_err(|_| SendError::Url)?;
        let is_secure = match url.scheme() {
            "https" => true,
            "http" => false,
            _ => return Err(SendError::Url),
        };
        let is_plain = url.username().is_empty() && url.password().is_none() && url.fragment().is_none();
        let host = url.host().map(|host| host.to_owned()).filter(|_| is_plain).ok_or(SendError::Url)?;
        let port = url.port_or_known_default().ok_or(SendError::Url)?;
        Ok(Self { url, host, port, is_secure })
    }

    /// The path and the query, in the form that a request line needs.
    fn path(&self) -> String {
        match self.url.query() {
            Some(query) => format!("{}?{query}", self.url.path()),
            None => self.url.path().to_owned(),
        }
    }

    /// The value of the header `host`.
    fn authority(&self) -> String {
        match self.url.port() {
            Some(port) => format!("{}:{port}", self.host),
            None => self.host.to_string(),
        }
    }
}

impl WebhookSender {
    /// A sender that uses the system's resolver.
    pub fn new(config: &WebhookConfig) -> Self {
        let threads = Arc::new(Semaphore::new(LOOKUPS));
        Self::with(config.allow_private.clone(), Arc::new(System { threads }))
    }

    fn with(allowed: Vec<Network>, resolver: Arc<dyn Resolve>) -> Self {
        Self { allowed, resolver, tls: OnceLock::new() }
    }

    /// The addresses to which a message may be sent, at most [`MAX_ADDRESSES`].
    async fn addresses(&self, target: &Target) -> Result<Vec<IpAddr>, SendError> {
        let found = match &target.host {
            Host::Ipv4(address) => vec![IpAddr::V4(*address)],
            Host::Ipv6(address) => vec![IpAddr::V6(*address)],
            Host::Domain(name) => {
                let found = tokio::time::timeout(RESOLVE, self.resolver.resolve(name, target.port)).await;
                found.ok().and_then(Result::ok).unwrap_or_default()
            }
        };
        let host = target.host.to_string();
        if found.is_empty() {
            return Err(SendError::Unresolved(host));
        }
        let is_listed = |address: &IpAddr| self.allowed.iter().any(|network| network.contains(*address));
        let may_connect =
            |address: &IpAddr| is_listed(address) || target.is_secure && addresses::is_public(*address);
        let mut good: Vec<IpAddr> = found.into_iter().filter(may_connect).collect();
        good.truncate(MAX_ADDRESSES);
        match (good.is_empty(), target.is_secure) {
            (false, _) => Ok(good),
            (true, true) => Err(SendError::Forbidden(host)),
            (true, false) => Err(SendError::Insecure(host)),
        }
    }

    async fn exchange(&self, message: &Outgoing) -> Result<Answer, SendError> {
        let target = Target::parse(&message.url)?;
        let stream = connect(&self.addresses(&target).await?, target.port).await?;
        let request = request(&target, message)?;
        if !target.is_secure {
            return talk(stream, request).await;
        }
        let name = match &target.host {
            Host::Domain(name) => ServerName::try_from(name.clone()).map_err(|_| SendError::Url)?,
            Host::Ipv4(address) => ServerName::from(IpAddr::V4(*address)),
            Host::Ipv6(address) => ServerName::from(IpAddr::V6(*address)),
        };
        talk(self.tls()?.connect(name, stream).await.map_err(connection)?, request).await
    }

    /// The TLS client, which is made when the first message needs it.
    fn tls(&self) -> Result<TlsConnector, SendError> {
        if let Some(made) = self.tls.get() {
            return Ok(made.clone());
        }
        let made = tls_client().map_err(connection)?;
        Ok(self.tls.get_or_init(|| made).clone())
    }
}

/// A TLS client that trusts the certificate authorities of the system and those of Mozilla's list.
///
/// # Errors
/// Fails if the cryptography library supports no safe version of TLS.
pub(crate) fn tls_client() -> Result<TlsConnector, rustls::Error> {
    let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    let config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(TlsConnector::from(Arc::new(config)))
}

#[async_trait::async_trait]
impl Sender for WebhookSender {
    async fn check(&self, url: &str) -> Result<(), SendError> {
        let target = Target::parse(url)?;
        self.addresses(&target).await.map(|_| ())
    }

    async fn post(&self, message: Outgoing) -> Result<Answer, SendError> {
        let answer = tokio::time::timeout(message.timeout, self.exchange(&message)).await;
        answer.unwrap_or(Err(SendError::Late(message.timeout)))
    }
}

fn connection(error: impl std::fmt::Display) -> SendError {
    SendError::Connection(error.to_string())
}

/// Connects to the first address that accepts.
async fn connect(addresses: &[IpAddr], port: u16) -> Result<TcpStream, SendError> {
    let mut failed = None;
    for address in addresses {
        match TcpStream::connect((*address, port)).await {
            Ok(stream) => return Ok(stream),
            Err(error) => failed = Some(error),
        }
    }
    Err(SendError::Connection(failed.map_or_else(|| "no address".to_owned(), |error| error.to_string())))
}

fn request(target: &Target, message: &Outgoing) -> Result<Request<Full<Bytes>>, SendError> {
    let mut request = Request::post(target.path())
        .header(HOST, target.authority())
        .header(CONTENT_TYPE, "application/json")
        .header(USER_AGENT, concat!("callshop/", env!("CARGO_PKG_VERSION")))
        .header(CONNECTION, "close");
    for (name, value) in &message.headers {
        request = request.header(*name, value);
    }
    request.body(Full::new(Bytes::from(message.body.clone()))).map_err(connection)
}

/// Sends a request over a connection, and reads the beginning of the response.
async fn talk<S>(stream: S, request: Request<Full<Bytes>>) -> Result<Answer, SendError>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let mut builder = http1::Builder::new();
    builder.max_buf_size(HEAD_BYTES);
    let (mut sender, connected) = builder.handshake(TokioIo::new(stream)).await.map_err(connection)?;
    let exchange = async { read(sender.send_request(request).await.map_err(connection)?).await };
    tokio::pin!(exchange);
    // the connection makes progress only while it is polled; it may end before the whole response has been read
    tokio::select! {
        answer = &mut exchange => return answer,
        _ = connected => {}
    }
    exchange.await
}

async fn read(response: Response<Incoming>) -> Result<Answer, SendError> {
    let (status, mut body) = (response.status().as_u16(), response.into_body());
    let mut kept = Vec::new();
    while kept.len() < KEPT_BYTES {
        // the status counts, even if the connection is lost while the body is being read
        let Some(Ok(frame)) = body.frame().await else { break };
        if let Some(data) = frame.data_ref() {
            kept.extend_from_slice(&data[..data.len().min(KEPT_BYTES - kept.len())]);
        }
    }
    let text = String::from_utf8_lossy(&kept);
    let body = text.chars().filter(|letter| *letter == '\n' || !letter.is_control()).collect();
    Ok(Answer { status, body })
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;
    use std::sync::Mutex;
    use std::time::Instant;

    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;
    use tokio::task::JoinHandle;

    use super::*;

    /// A name server that gives a different address each time.
    struct Rebinding(Mutex<VecDeque<&'static str>>);

    #[async_trait::async_trait]
    impl Resolve for Rebinding {
        async fn resolve(&self, _: &str, _: u16) -> std::io::Result<Vec<IpAddr>> {
            let next = self.0.lock().expect("answers").pop_front().unwrap_or_default();
            Ok(next.split_whitespace().map(|address| address.parse().expect("an address")).collect())
        }
    }

    fn sender(allowed: &[&str], answers: &[&'static str]) -> WebhookSender {
        let allowed = allowed.iter().map(|network| network.parse().expect("a network")).collect();
        let answers = Mutex::new(answers.iter().copied().collect());
        WebhookSender::with(allowed, Arc::new(Rebinding(answers)))
    }

    fn message(url: String) -> Outgoing {
        let headers = [
            ("webhook-id", "msg_1".to_owned()),
            ("webhook-timestamp", "1".to_owned()),
            ("webhook-signature", "v1,x".to_owned()),
        ];
        Outgoing { url, headers, body: "{}".to_owned(), timeout: Duration::from_millis(500) }
    }

    /// Starts a receiver that reads a request and writes this answer. Returns the receiver's port, and the request that it reads.
    async fn receiver(answer: &'static [u8], then: Duration) -> (u16, JoinHandle<String>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let serve = async move {
            let (mut stream, _) = listener.accept().await.expect("a connection");
            let mut seen = Vec::new();
            while !seen.ends_with(b"{}") {
                assert_ne!(stream.read_buf(&mut seen).await.expect("a request"), 0);
            }
            stream.write_all(answer).await.expect("it is sent");
            tokio::time::sleep(then).await;
            String::from_utf8(seen).expect("a text")
        };
        (port, tokio::spawn(serve))
    }

    #[tokio::test]
    async fn a_message_has_its_headers_and_gets_the_beginning_of_the_answer() {
        let long = b"HTTP/1.1 201 Created\r\ncontent-length: 5000\r\n\r\na\x00b\n";
        let answer: &'static [u8] = Vec::leak([long.as_slice(), &[b'x'; 4_996]].concat());
        let (port, seen) = receiver(answer, Duration::ZERO).await;
        let sender = sender(&["127.0.0.1"], &["127.0.0.1"]);
        let got =
            sender.post(message(format!("http://receiver.test:{port}/a/b?c=d"))).await.expect("an answer");
        assert_eq!((got.status, got.body.len()), (201, 1_023));
        assert!(got.body.starts_with("ab\nxx"), "{}", got.body);
        let seen = seen.await.expect("it ends").to_lowercase();
        assert!(seen.starts_with("post /a/b?c=d http/1.1\r\n"), "{seen}");
        for header in [
            format!("host: receiver.test:{port}\r\n"),
            "content-type: application/json\r\n".to_owned(),
            "content-length: 2\r\n".to_owned(),
            "webhook-id: msg_1\r\n".to_owned(),
            "webhook-signature: v1,x\r\n".to_owned(),
        ] {
            assert!(seen.contains(&header), "{header} in {seen}");
        }
    }

    #[tokio::test]
    async fn redirects_are_answers() {
        let (port, _) = receiver(
            b"HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n",
            Duration::ZERO,
        )
        .await;
        let sender = sender(&["127.0.0.1"], &[]);
        let got = sender.post(message(format!("http://127.0.0.1:{port}/"))).await.expect("an answer");
        assert_eq!(got, Answer { status: 302, body: String::new() });
    }

    #[tokio::test]
    async fn a_receiver_that_hangs_is_left() {
        for answer in
            [b"".as_slice(), b"HTTP/1.1 200 OK\r\nconte", b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\na"]
        {
            let (port, _) = receiver(answer, Duration::from_secs(60)).await;
            let (sender, begun) = (sender(&["127.0.0.1"], &[]), Instant::now());
            let got = sender.post(message(format!("http://127.0.0.1:{port}/"))).await;
            assert_eq!(got, Err(SendError::Late(Duration::from_millis(500))));
            assert!(begun.elapsed() < Duration::from_secs(5));
        }
    }

    #[tokio::test]
    async fn a_receiver_that_is_gone_or_talks_nonsense_is_an_error() {
        let (port, _) = receiver(b"SSH-2.0-nonsense\r\n\r\n", Duration::ZERO).await;
        let sender = sender(&["127.0.0.1"], &[]);
        for port in [port, 1] {
            let got = sender.post(message(format!("http://127.0.0.1:{port}/"))).await;
            assert!(matches!(got, Err(SendError::Connection(_))), "{got:?}");
        }
    }

    /// Lookups that hang keep their threads, but the number of these threads is limited, and a request waits for a thread only for a limited time.
    #[tokio::test]
    async fn slow_lookups_hold_a_limited_number_of_threads() {
        let threads = Arc::new(Semaphore::new(2));
        let (hang, end) = std::sync::mpsc::channel::<()>();
        let end = Arc::new(Mutex::new(end));
        let slow = || {
            let end = end.clone();
            let ask = move || {
                // until the test ends
                let _ = end.lock().expect("the end").recv();
                Ok(())
            };
            tokio::time::timeout(Duration::from_millis(50), in_thread(&threads, ask))
        };
        assert!(slow().await.is_err() && slow().await.is_err());
        assert_eq!(threads.available_permits(), 0);
        let third = tokio::time::timeout(Duration::from_millis(50), in_thread(&threads, || Ok(()))).await;
        assert!(third.is_err(), "it waits for a thread");
        drop(hang);
        let later = in_thread(&threads, || Ok(7)).await;
        assert_eq!(later.expect("an answer"), 7);
    }

    /// The name has a public address when the webhook is created, and a private one when the message is sent.
    #[tokio::test]
    async fn a_name_that_becomes_private_is_refused_at_each_attempt() {
        let answers =
            ["8.8.8.8", "127.0.0.1", "10.0.0.1 192.168.0.1", "::ffff:127.0.0.1", "64:ff9b::7f00:1", ""];
        let sender = sender(&[], &answers);
        let url = "https://rebinding.test/hook";
        assert_eq!(sender.check(url).await, Ok(()));
        for _ in 0..4 {
            let got = sender.post(message(url.to_owned())).await;
            assert_eq!(got, Err(SendError::Forbidden("rebinding.test".to_owned())));
        }
        assert_eq!(sender.check(url).await, Err(SendError::Unresolved("rebinding.test".to_owned())));
    }

    /// The sender connects only to allowed addresses, even if the host name also has addresses that are not allowed.
    #[tokio::test]
    async fn only_the_good_addresses_of_a_name_are_used() {
        let (port, seen) = receiver(b"HTTP/1.1 204 No Content\r\n\r\n", Duration::ZERO).await;
        let sender = sender(&["127.0.0.2"], &["127.0.0.1", "127.0.0.1 127.0.0.2"]);
        let url = format!("http://both.test:{port}/");
        assert_eq!(sender.check(&url).await, Err(SendError::Insecure("both.test".to_owned())));
        let target = Target::parse(&url).expect("a target");
        let good = sender.addresses(&target).await.expect("an address");
        assert_eq!(good, ["127.0.0.2".parse::<IpAddr>().expect("an address")]);
        seen.abort();
    }

    #[tokio::test]
    async fn addresses_are_checked() {
        let sender = sender(&["10.1.0.0/16"], &[]);
        for (url, expected) in [
            ("https://8.8.8.8/", Ok(())),
            ("https://[2606:4700::1111]:8443/hook?x=y", Ok(())),
            ("http://10.1.2.3/", Ok(())),
            ("https://10.1.2.3/", Ok(())),
            ("http://8.8.8.8/", Err(SendError::Insecure("8.8.8.8".to_owned()))),
            ("https://10.2.0.1/", Err(SendError::Forbidden("10.2.0.1".to_owned()))),
            ("https://0x7f.1/", Err(SendError::Forbidden("127.0.0.1".to_owned()))),
            ("https://2130706433/", Err(SendError::Forbidden("127.0.0.1".to_owned()))),
            ("https://[::1]/", Err(SendError::Forbidden("[::1]".to_owned()))),
            ("https://[::ffff:8.8.8.8]/", Err(SendError::Forbidden("[::ffff:808:808]".to_owned()))),
            ("https://user@8.8.8.8/", Err(SendError::Url)),
            ("https://:pw@8.8.8.8/", Err(SendError::Url)),
            ("https://8.8.8.8/#part", Err(SendError::Url)),
            ("ftp://8.8.8.8/", Err(SendError::Url)),
            ("8.8.8.8", Err(SendError::Url)),
            ("", Err(SendError::Url)),
        ] {
            assert_eq!(sender.check(url).await, expected, "{url}");
        }
    }

    #[test]
    fn the_tls_client_is_made() {
        sender(&[], &[]).tls().expect("a client");
    }
}
