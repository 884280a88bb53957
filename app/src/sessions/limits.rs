//! Limits on a customer's calls.

use billing::money::Micros;
use billing::session as rules;
use entity::{ActivityKind, SessionMode};
use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

use super::{SessionView, emit, illegal, lock, record, view};
use crate::App;
use crate::auth::Actor;
use base::error::{Error, Result};
use store::sessions;

/// Maximum time limit of a session, in seconds.
const MAX_TIME_LIMIT: i32 = 86_400;

/// Limits on the calls of a session.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub struct Limits {
    /// Maximum cost of the calls; `None` if there is no limit.
    pub spending: Option<Micros>,
    /// Maximum talk time in seconds; `None` if there is no limit.
    pub seconds: Option<i32>,
}

impl Limits {
    pub(super) fn check(self, mode: SessionMode) -> Result<Self> {
        if mode == SessionMode::Prepaid && self.spending.is_some() {
            let message = "`spendingLimit` must be null for a prepaid session: the deposit is the limit.";
            return Err(Error::invalid("spendingLimit", message));
        }
        if self.spending.is_some_and(|limit| limit <= Micros::ZERO) {
            return Err(Error::invalid(
                "spendingLimit",
                "`spendingLimit` must be above zero, or null for no limit.",
            ));
        }
        if self.seconds.is_some_and(|seconds| !(1..=MAX_TIME_LIMIT).contains(&seconds)) {
            return Err(Error::invalid(
                "timeLimitSeconds",
                base::message!(
                    "`timeLimitSeconds` must be between 1 and {max}, or null for no limit.",
                    max = MAX_TIME_LIMIT
                ),
            ));
        }
        Ok(self)
    }
}

/// Limits to change. `None` leaves a limit unchanged; `Some(None)` removes it.
#[derive(Clone, Copy, Debug, Default)]
pub struct LimitChange {
    /// See [`Limits::spending`].
    pub spending: Option<Option<Micros>>,
    /// See [`Limits::seconds`].
    pub seconds: Option<Option<i32>>,
}

/// Changes the limits of an open session. A call in progress keeps the seconds for which money is already reserved.
///
/// # Errors
/// Fails with `ILLEGAL_STATE` unless the session is open. Fails with `FORBIDDEN` for users outside the callshop. May also fail with `INVALID_INPUT`
/// or `NOT_FOUND`.
pub async fn update_limits(app: &App, actor: &Actor, id: Uuid, change: LimitChange) -> Result<SessionView> {
    let now = app.clock.now();
    app.write_as(actor, |tx| async move {
        let mut session = lock(&tx, actor, id).await?;
        rules::may_call(session.state.into()).map_err(illegal)?;
        let before = json!({ "spending_limit": session.spending_limit, "time_limit": session.time_limit });
        let limits = Limits {
            spending: change.spending.unwrap_or(session.spending_limit.map(Into::into)),
            seconds: change.seconds.unwrap_or(session.time_limit),
        };
        let limits = limits.check(session.mode)?;
        session.spending_limit = limits.spending.map(Into::into);
        session.time_limit = limits.seconds;
        let session = sessions::update(tx.conn(), session).await?;
        let after = json!({ "spending_limit": session.spending_limit, "time_limit": session.time_limit });
        record(&tx, actor, now, "updateSessionLimits", &session, (before, after)).await?;
        emit(&tx, ActivityKind::LimitsChanged, &session, now).await?;
        view(tx.conn(), session).await
    })
    .await
}
