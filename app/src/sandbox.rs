//! Simulated calls, for a server that is a sandbox, such as the demo. A server with real customers has no simulator.

use std::time::Duration;

use entity::call;
use uuid::Uuid;

use crate::auth::{Actor, Right};
use crate::{App, cabins, calls};
use base::error::{Error, ErrorCode, Result};
use store::{Page, Slice};

/// The script of a simulated call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Script {
    /// Digits that the customer dials.
    pub number: String,
    /// Time from the first ring to the answer, or to the failure.
    pub ring: Duration,
    /// How the called party reacts.
    pub outcome: Outcome,
}

/// How the called party reacts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The called party answers and talks for this time; the call ends earlier if somebody hangs up or the credit is used up.
    Answered(Duration),
    /// The called party is busy.
    Busy,
    /// The called party does not answer.
    NoAnswer,
}

/// Makes simulated calls.
#[async_trait::async_trait]
pub trait Simulator: Send + Sync {
    /// Dials from a phone, and plays the rest of the script afterward. Returns the call's id; `None` if the call was refused.
    ///
    /// # Errors
    /// Fails with `ILLEGAL_STATE` if the phone is in a call or the simulation is stopping, and with a fault if the hook does not accept the request.
    async fn dial(&self, sip_user: &str, script: Script) -> Result<Option<Uuid>>;
}

/// Maximum ring time, and maximum talk time, of a simulated call.
const LONGEST: Duration = Duration::from_secs(3_600);

/// Makes a call from the phone of a cabin. Returns the call, which may be refused.
///
/// # Errors
/// Fails with `NOT_FOUND` on a server without a simulator, with `INVALID_INPUT` for a time above an hour, with `CABIN_WITHOUT_PHONE` if the cabin has
/// no phone, and with `ILLEGAL_STATE` if the phone is in a call. May also fail with `FORBIDDEN`, or with `NOT_FOUND` for the cabin.
pub async fn simulate_call(app: &App, actor: &Actor, cabin_id: Uuid, script: Script) -> Result<call::View> {
    let simulator = app.simulator.as_ref().ok_or(Error::NotFound)?;
    let cabin = cabins::find(app, actor, cabin_id).await?;
    actor.require(Right::HangUp)?;
    let talk = match script.outcome {
        Outcome::Answered(talk) => talk,
        Outcome::Busy | Outcome::NoAnswer => Duration::ZERO,
    };
    for (field, time) in [("answerAfterSeconds", script.ring), ("talkSeconds", talk)] {
        if time > LONGEST {
            return Err(Error::invalid(field, "Use at most 3600 seconds."));
        }
    }
    let phone = cabin.phone.ok_or_else(|| {
        Error::field(ErrorCode::CabinWithoutPhone, "cabinId", "The cabin has no phone. Assign a phone first.")
    })?;
    if let Some(id) = simulator.dial(&phone.sip_user, script).await? {
        return calls::find(app, actor, id).await;
    }
    // the proxy gets no id for a refused call, so read the phone's newest call: it is the refused call, because a phone dials one call at a time
    let filter = store::calls::CallFilter { cabin_id: Some(cabin_id), ..Default::default() };
    let last = Page { above: None, below: None, limit: 1, descending: true, counted: false };
    let newest = calls::list(app, actor, cabin.cabin.callshop_id, &filter, Slice::Created(last)).await?;
    newest.rows.into_iter().next().ok_or_else(|| Error::fault("a refused call was not stored"))
}
