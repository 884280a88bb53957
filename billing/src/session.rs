//! One customer's use of a cabin: its states and the actions that each state allows.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The lifecycle state of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum SessionState {
    /// The customer is in the cabin and may call.
    Open,
    /// No new calls are allowed; the session closes when its live calls end.
    Closing,
    /// The statement is final and unpaid.
    Closed,
    /// The statement is paid.
    Settled,
    /// The session was canceled without calls, for example because it was opened by mistake.
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
    /// The customer pays after the calls, with an optional spending limit.
    Postpaid,
    /// The customer pays a deposit before the calls; a call ends when the deposit is used up.
    Prepaid,
}

/// How closing a session treats live calls.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum CloseMode {
    /// Closing the session hangs up its live calls.
    #[default]
    HangUp,
    /// If there are live calls, closing fails, and the session stays open.
    Refuse,
    /// Live calls continue, no new call is allowed, and the session closes when its last call ends.
    Drain,
}

/// The outcome of closing a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CloseDecision {
    /// The new state: CLOSED if no call is live, otherwise CLOSING.
    pub next: SessionState,
    /// Whether to hang up the live calls.
    pub hang_up: bool,
}

/// Why an action on a session is rejected. Each error carries the session's current state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SessionError {
    /// The action requires an open session.
    #[error("The session is {state}; it must be OPEN.")]
    NotOpen {
        /// The current state.
        state: SessionState,
    },
    /// The action requires a closed, unpaid session.
    #[error("The session is {state}; it must be CLOSED.")]
    NotClosed {
        /// The current state.
        state: SessionState,
    },
    /// The action requires a session that is neither paid nor voided.
    #[error("The session is {state}; its bill can no longer change.")]
    BillOver {
        /// The current state.
        state: SessionState,
    },
    /// The action requires a paid session.
    #[error("The session is {state}; it must be SETTLED.")]
    NotSettled {
        /// The current state.
        state: SessionState,
    },
    /// Only prepaid sessions have a deposit.
    #[error("The session is {state} and POSTPAID; only PREPAID sessions take deposits.")]
    NotPrepaid {
        /// The current state.
        state: SessionState,
    },
    /// The action is not allowed during a call.
    #[error("The session is {state} and has a call in progress; end the call first.")]
    CallInProgress {
        /// The current state.
        state: SessionState,
    },
    /// The action requires a session without calls.
    #[error("The session is {state} and has calls; only a session without calls can be voided.")]
    HasCalls {
        /// The current state.
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

    /// The session's current state.
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

/// A new call requires an open session.
pub fn may_call(state: SessionState) -> Result<(), SessionError> {
    match state {
        SessionState::Open => Ok(()),
        _ => Err(SessionError::NotOpen { state }),
    }
}

/// Moving to another cabin requires an open session without a live call.
pub fn may_move(state: SessionState, live_calls: u32) -> Result<(), SessionError> {
    may_call(state)?;
    if live_calls > 0 { Err(SessionError::CallInProgress { state }) } else { Ok(()) }
}

/// A deposit may be raised while its session is open, even during a call.
pub fn may_deposit(state: SessionState, mode: SessionMode) -> Result<(), SessionError> {
    may_call(state)?;
    match mode {
        SessionMode::Prepaid => Ok(()),
        SessionMode::Postpaid => Err(SessionError::NotPrepaid { state }),
    }
}

/// Items and discounts may be added and removed until the bill is paid, because a customer may buy a drink after the calls.
pub fn may_bill(state: SessionState) -> Result<(), SessionError> {
    match state {
        SessionState::Open | SessionState::Closing | SessionState::Closed => Ok(()),
        SessionState::Settled | SessionState::Voided => Err(SessionError::BillOver { state }),
    }
}

/// A refund requires a settled session.
pub fn may_refund(state: SessionState) -> Result<(), SessionError> {
    match state {
        SessionState::Settled => Ok(()),
        _ => Err(SessionError::NotSettled { state }),
    }
}

/// Closes a session. A CLOSING session waits for its calls to end; closing it again can hang up these calls.
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

/// The session's state after a call has ended. `remaining_live` is the number of the session's other live calls.
pub fn call_over(state: SessionState, remaining_live: u32) -> SessionState {
    match (state, remaining_live) {
        (SessionState::Closing, 0) => SessionState::Closed,
        _ => state,
    }
}

/// Settling requires a closed, unpaid session.
pub fn settle(state: SessionState) -> Result<SessionState, SessionError> {
    match state {
        SessionState::Closed => Ok(SessionState::Settled),
        _ => Err(SessionError::NotClosed { state }),
    }
}

/// Voiding requires an open or closed session without calls. `calls` counts every call that was allowed, including live calls.
pub fn void(state: SessionState, calls: u64) -> Result<SessionState, SessionError> {
    match (state, calls) {
        (SessionState::Open | SessionState::Closed, 0) => Ok(SessionState::Voided),
        (SessionState::Open | SessionState::Closing | SessionState::Closed, _) => {
            Err(SessionError::HasCalls { state })
        }
        (SessionState::Settled | SessionState::Voided, _) => Err(SessionError::NotOpen { state }),
    }
}
