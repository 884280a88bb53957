//! One customer's use of a cabin: when it may call, how it closes, when it is paid.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Where a session is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum SessionState {
    /// The customer is in the cabin and may call.
    Open,
    /// No new calls; the end of a running one is awaited.
    Closing,
    /// The statement is final and unpaid.
    Closed,
    /// Paid.
    Settled,
    /// Opened by mistake, without calls.
    Voided,
}

impl fmt::Display for SessionState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            SessionState::Open => "OPEN",
            SessionState::Closing => "CLOSING",
            SessionState::Closed => "CLOSED",
            SessionState::Settled => "SETTLED",
            SessionState::Voided => "VOIDED",
        })
    }
}

/// When the customer pays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum SessionMode {
    /// After the calls, with an optional spending limit.
    Postpaid,
    /// Before them: a deposit, whose end cuts the call.
    Prepaid,
}

/// What closing does with a call that is up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum CloseMode {
    /// Ends it.
    #[default]
    HangUp,
    /// Refuses to close.
    Refuse,
    /// Lets it go on, allows no other, and closes after it.
    Drain,
}

/// What closing comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CloseDecision {
    /// The state from now on: CLOSING, or CLOSED when no call is live.
    pub next: SessionState,
    /// Whether the live calls are to be hung up.
    pub hang_up: bool,
}

/// Why a session does not do what it is asked to. Every one names the present state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SessionError {
    /// It takes an open session.
    #[error("the session is {state}, not OPEN")]
    NotOpen {
        /// The present state.
        state: SessionState,
    },
    /// It takes a session that is closed and unpaid.
    #[error("the session is {state}, not CLOSED")]
    NotClosed {
        /// The present state.
        state: SessionState,
    },
    /// It takes a session that nobody has paid or voided.
    #[error("the session is {state}: its bill is over")]
    BillOver {
        /// The present state.
        state: SessionState,
    },
    /// It takes a session that was paid.
    #[error("the session is {state}, not SETTLED")]
    NotSettled {
        /// The present state.
        state: SessionState,
    },
    /// Only what is paid before the calls has a deposit.
    #[error("the session is {state} and POSTPAID: it has no deposit")]
    NotPrepaid {
        /// The present state.
        state: SessionState,
    },
    /// It cannot be done during a call.
    #[error("the session is {state} with a call in progress")]
    CallInProgress {
        /// The present state.
        state: SessionState,
    },
    /// It takes a session without calls.
    #[error("the session is {state} and has calls")]
    HasCalls {
        /// The present state.
        state: SessionState,
    },
}

impl SessionError {
    /// The stable code of the error.
    pub fn code(&self) -> &'static str {
        match self {
            SessionError::NotOpen { .. } => "SESSION_NOT_OPEN",
            SessionError::NotClosed { .. } => "SESSION_NOT_CLOSED",
            SessionError::BillOver { .. } => "BILL_OVER",
            SessionError::NotSettled { .. } => "SESSION_NOT_SETTLED",
            SessionError::NotPrepaid { .. } => "SESSION_NOT_PREPAID",
            SessionError::CallInProgress { .. } => "CALL_IN_PROGRESS",
            SessionError::HasCalls { .. } => "SESSION_HAS_CALLS",
        }
    }

    /// The state the session is in.
    pub fn state(&self) -> SessionState {
        match self {
            SessionError::NotOpen { state }
            | SessionError::NotClosed { state }
            | SessionError::BillOver { state }
            | SessionError::NotSettled { state }
            | SessionError::NotPrepaid { state }
            | SessionError::CallInProgress { state }
            | SessionError::HasCalls { state } => *state,
        }
    }
}

/// A new call takes an open session.
pub fn may_call(state: SessionState) -> Result<(), SessionError> {
    match state {
        SessionState::Open => Ok(()),
        _ => Err(SessionError::NotOpen { state }),
    }
}

/// Moving to another cabin takes an open session without a live call.
pub fn may_move(state: SessionState, live_calls: u32) -> Result<(), SessionError> {
    may_call(state)?;
    if live_calls > 0 { Err(SessionError::CallInProgress { state }) } else { Ok(()) }
}

/// A deposit is raised while its session is open, during a call too.
pub fn may_deposit(state: SessionState, mode: SessionMode) -> Result<(), SessionError> {
    may_call(state)?;
    match mode {
        SessionMode::Prepaid => Ok(()),
        SessionMode::Postpaid => Err(SessionError::NotPrepaid { state }),
    }
}

/// Items and discounts come onto the bill, and off it, until it is paid: a drink is bought at the counter after the calls.
pub fn may_bill(state: SessionState) -> Result<(), SessionError> {
    match state {
        SessionState::Open | SessionState::Closing | SessionState::Closed => Ok(()),
        SessionState::Settled | SessionState::Voided => Err(SessionError::BillOver { state }),
    }
}

/// What was paid is given back of a settled session only.
pub fn may_refund(state: SessionState) -> Result<(), SessionError> {
    match state {
        SessionState::Settled => Ok(()),
        _ => Err(SessionError::NotSettled { state }),
    }
}

/// Closes a session. One that is already CLOSING can be closed again, to hang up what was left to drain.
pub fn close(state: SessionState, live_calls: u32, mode: CloseMode) -> Result<CloseDecision, SessionError> {
    if !matches!(state, SessionState::Open | SessionState::Closing) {
        return Err(SessionError::NotOpen { state });
    }
    if live_calls == 0 {
        return Ok(CloseDecision { next: SessionState::Closed, hang_up: false });
    }
    match mode {
        CloseMode::HangUp => Ok(CloseDecision { next: SessionState::Closing, hang_up: true }),
        CloseMode::Refuse => Err(SessionError::CallInProgress { state }),
        CloseMode::Drain => Ok(CloseDecision { next: SessionState::Closing, hang_up: false }),
    }
}

/// The state after the end of a call was recorded, with `remaining_live` others still up.
pub fn call_over(state: SessionState, remaining_live: u32) -> SessionState {
    match (state, remaining_live) {
        (SessionState::Closing, 0) => SessionState::Closed,
        _ => state,
    }
}

/// Settling takes a session that is closed and unpaid.
pub fn settle(state: SessionState) -> Result<SessionState, SessionError> {
    match state {
        SessionState::Closed => Ok(SessionState::Settled),
        _ => Err(SessionError::NotClosed { state }),
    }
}

/// Voiding takes an open or closed session that never called. `calls` counts every call that was allowed, live ones
/// too.
pub fn void(state: SessionState, calls: u64) -> Result<SessionState, SessionError> {
    match (state, calls) {
        (SessionState::Open | SessionState::Closed, 0) => Ok(SessionState::Voided),
        (SessionState::Open | SessionState::Closing | SessionState::Closed, _) => {
            Err(SessionError::HasCalls { state })
        }
        (SessionState::Settled | SessionState::Voided, _) => Err(SessionError::NotOpen { state }),
    }
}
