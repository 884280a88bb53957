//! Why an attempt to deliver a message failed. The log stores the reason with its values, so that each reader gets the message in their language.

use entity::webhook_delivery as log;
use serde::{Deserialize, Serialize};

use super::ports::SendError;
use base::message::Message;

/// Why an attempt failed, as it is stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(super) enum Failure {
    /// The receiver did not get the message, or did not answer.
    NoAnswer(SendError),
    /// The receiver answered with this status.
    Refused(u16),
    /// The server could not write the message.
    Unwritten,
}

impl Failure {
    fn message(&self) -> Message {
        match self {
            Self::NoAnswer(SendError::Url) => "The address is not valid.".into(),
            Self::NoAnswer(SendError::Insecure(host)) => {
                base::message!("Plain HTTP is not allowed to {host}.", host)
            }
            Self::NoAnswer(SendError::Forbidden(host)) => {
                base::message!("The server may not connect to any address of {host}.", host)
            }
            Self::NoAnswer(SendError::Unresolved(host)) => {
                base::message!("The host {host} cannot be resolved.", host)
            }
            Self::NoAnswer(SendError::Connection(cause)) => {
                base::message!("The connection failed: {cause}.", cause)
            }
            Self::NoAnswer(SendError::Late(after)) => base::message!(
                "The receiver did not answer within {seconds} seconds.",
                seconds = after.as_secs()
            ),
            Self::Refused(status) if (300..400).contains(status) => base::message!(
                "The receiver answered with status {status}, but redirects are not followed.",
                status
            ),
            Self::Refused(status) => {
                base::message!("The receiver answered with status {status}.", status)
            }
            Self::Unwritten => "The server could not write the message. Its log has the cause.".into(),
        }
    }
}

/// Why the last attempt to deliver a message failed; `None` if the receiver accepted the message.
pub fn failure(delivery: &log::Model) -> Option<Message> {
    let stored = delivery.error.as_ref()?;
    // during an upgrade, a server of a later release may have written the reason
    let unknown = || "The attempt failed for a reason that this server does not know.".into();
    Some(Failure::deserialize(stored).map_or_else(|_| unknown(), |failure| failure.message()))
}
