//! A proxy's control listener that notes what it is told and answers as the test wants.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// What the proxy does with the next commands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mood {
    /// Takes them.
    #[default]
    Takes,
    /// Takes them, and the answer is lost.
    LosesAnswers,
    /// Knows no such call.
    KnowsNothing,
}

/// A control listener on loopback.
pub struct FakeProxy {
    /// Where it listens.
    pub address: SocketAddr,
    told: Arc<Mutex<Vec<(String, Value)>>>,
    mood: Arc<Mutex<Mood>>,
}

impl FakeProxy {
    /// Starts it; it serves until the test's runtime ends.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let proxy = Self { address, told: Arc::default(), mood: Arc::default() };
        let (told, mood) = (proxy.told.clone(), proxy.mood.clone());
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, told.clone(), mood.clone()));
            }
        });
        proxy
    }

    /// What it does from now on.
    pub fn be(&self, mood: Mood) {
        *self.mood.lock().expect("the mood") = mood;
    }

    /// The bodies of all commands to `path` so far.
    pub fn told(&self, path: &str) -> Vec<Value> {
        let told = self.told.lock().expect("what was told");
        told.iter().filter(|(to, _)| to == path).map(|(_, body)| body.clone()).collect()
    }
}

async fn serve(mut stream: TcpStream, told: Arc<Mutex<Vec<(String, Value)>>>, mood: Arc<Mutex<Mood>>) {
    while let Some((path, body)) = request(&mut stream).await {
        told.lock().expect("what was told").push((path, body.clone()));
        let mood = *mood.lock().expect("the mood");
        let (status, answer) = match mood {
            Mood::Takes => ("200 OK", json!({ "covered": body["covered"] })),
            Mood::KnowsNothing => ("404 Not Found", json!({ "error": "NO_SUCH_CALL" })),
            Mood::LosesAnswers => return,
        };
        let answer = answer.to_string();
        let head = format!(
            "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
            answer.len()
        );
        if stream.write_all(format!("{head}{answer}").as_bytes()).await.is_err() {
            return;
        }
    }
}

/// One request: its path and its JSON body.
async fn request(stream: &mut TcpStream) -> Option<(String, Value)> {
    let mut read = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&read).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| {
                let (name, value) = line.split_once(':')?;
                name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok())?
            });
            if body.len() >= length.unwrap_or(0) {
                let path = head.split(' ').nth(1)?.to_owned();
                return Some((path, serde_json::from_str(body).ok()?));
            }
        }
        let mut chunk = [0; 4096];
        match stream.read(&mut chunk).await {
            Ok(0) | Err(_) => return None,
            Ok(bytes) => read.extend_from_slice(&chunk[..bytes]),
        }
    }
}
