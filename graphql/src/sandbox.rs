//! Simulated calls. Only a sandbox, such as the demo, has the fields of this file.

use std::time::Duration;

use async_graphql::{Context, ID, InputObject};
use graphql_macros::object;

use super::calls::Call;
use super::payload::{answer, payload};
use super::roles::SANDBOX;
use super::scalars::Kind;
use super::{app, caller};
use app::sandbox::{self, Outcome, Script};
use base::error::Error;

/// How the called party reacts to a simulated call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, async_graphql::Enum)]
pub enum SimulatedOutcome {
    /// The called party answers, and talks for `talkSeconds`.
    Answered,
    /// The called party is busy.
    Busy,
    /// The called party does not answer.
    NoAnswer,
}

/// A simulated call.
#[derive(InputObject)]
pub struct SimulateCallInput {
    /// Cabin whose phone dials.
    pub cabin_id: ID,
    /// Digits that the customer dials.
    pub number: String,
    /// Seconds from the first ring to the answer or to the failure, at most 3600.
    #[graphql(default = 2)]
    pub answer_after_seconds: u32,
    /// Seconds that an answered call lasts, at most 3600. The call ends earlier if somebody hangs up, or if credit or a limit is used up.
    #[graphql(default = 30)]
    pub talk_seconds: u32,
    /// How the called party reacts.
    #[graphql(default_with = "SimulatedOutcome::Answered")]
    pub outcome: SimulatedOutcome,
}

payload!(
    /// Result of `simulateCall`.
    SimulateCallPayload {
        /// The call, which was just allowed or refused. The call's later events follow without further requests.
        call: Call,
    }
);

/// The fields of `Mutation` for simulated calls.
#[derive(Default)]
pub struct SandboxMutation;

#[object(root = "Mutation")]
impl SandboxMutation {
    /// Makes a simulated call from a cabin's phone. The call passes through the same interface as the calls of a SIP proxy. Only a
    /// sandbox has this mutation.
    #[field(roles = SANDBOX, scope = CALLS_WRITE)]
    async fn simulate_call(
        &self,
        ctx: &Context<'_>,
        input: SimulateCallInput,
    ) -> async_graphql::Result<SimulateCallPayload> {
        let app = app(ctx);
        let done = async {
            let cabin = Kind::Cabin.parse(&input.cabin_id)?;
            sandbox::simulate_call(app, caller(ctx)?, cabin, script(&input)?).await
        };
        answer(done.await.map(|row| SimulateCallPayload {
            call: Some(Call::new(row, app.clock.now())),
            user_errors: Vec::new(),
        }))
    }
}

fn script(input: &SimulateCallInput) -> Result<Script, Error> {
    if input.number.is_empty() || input.number.chars().count() > 32 {
        return Err(Error::invalid("number", "Enter 1 to 32 characters."));
    }
    let talk = Duration::from_secs(input.talk_seconds.into());
    Ok(Script {
        number: input.number.clone(),
        ring: Duration::from_secs(input.answer_after_seconds.into()),
        outcome: match input.outcome {
            SimulatedOutcome::Answered => Outcome::Answered(talk),
            SimulatedOutcome::Busy => Outcome::Busy,
            SimulatedOutcome::NoAnswer => Outcome::NoAnswer,
        },
    })
}
