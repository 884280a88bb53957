//! The SIP messages that a SIPp process logged.

use std::fs;
use std::path::Path;

use chrono::{DateTime, NaiveDateTime, Utc};

/// The SIP messages that one SIPp process logged.
pub struct Trace(Vec<Message>);

/// One SIP message.
pub struct Message {
    /// Time of the message, by the machine's clock.
    pub at: DateTime<Utc>,
    /// True if the message was sent, false if it was received.
    pub sent: bool,
    text: String,
}

impl Trace {
    pub(super) fn read(file: &Path) -> Self {
        let text = fs::read_to_string(file).unwrap_or_default();
        let messages = text.split("-----------------------------------------------").filter_map(|block| {
            let (head, text) = block.split_once("\n\n")?;
            let at =
                NaiveDateTime::parse_from_str(head.lines().next()?.trim(), "%Y-%m-%d %H:%M:%S%.f").ok()?;
            let sent = head.contains("message sent");
            Some(Message { at: at.and_utc(), sent, text: text.trim_start().to_owned() })
        });
        Self(messages.collect())
    }

    /// All messages in order of time.
    pub fn messages(&self) -> &[Message] {
        &self.0
    }

    /// The Call-ID of the first message.
    ///
    /// # Panics
    /// Panics if there is no message.
    pub fn call_id(&self) -> String {
        let first = self.0.iter().find_map(|message| message.header("Call-ID"));
        first.expect("a message with a Call-ID").to_owned()
    }

    /// Number of received requests with this method.
    pub fn requests(&self, method: &str) -> usize {
        self.0.iter().filter(|message| message.is_received(method)).count()
    }

    /// Number of received requests with this method in one call.
    pub fn received(&self, method: &str, call_id: &str) -> usize {
        let received = self.0.iter().filter(|message| message.is_received(method));
        received.filter(|message| message.header("Call-ID") == Some(call_id)).count()
    }
}

impl Message {
    fn is_received(&self, method: &str) -> bool {
        !self.sent && self.is_request(method)
    }

    /// True for a request with this method.
    pub fn is_request(&self, method: &str) -> bool {
        self.text.strip_prefix(method).is_some_and(|rest| rest.starts_with(' '))
    }

    /// The status code, if this is a response to a request with this method.
    pub fn answers(&self, method: &str) -> Option<u16> {
        let status = self.text.strip_prefix("SIP/2.0 ")?.get(..3)?.parse().ok()?;
        self.header("CSeq").filter(|sequence| sequence.ends_with(method)).map(|_| status)
    }

    /// The Call-ID.
    pub fn call_id(&self) -> Option<&str> {
        self.header("Call-ID")
    }

    fn header(&self, name: &str) -> Option<&str> {
        let lines = self.text.lines().filter_map(|line| line.split_once(':'));
        lines.into_iter().find(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
    }
}
