//! Tests the session state machine: every action in every state.

use billing::session::SessionState::{Closed, Closing, Open, Settled, Voided};
use billing::session::{
    CloseDecision, CloseMode, SessionError, SessionState, call_over, close, may_call, may_move, settle, void,
};

const STATES: [SessionState; 5] = [Open, Closing, Closed, Settled, Voided];

#[test]
fn only_an_open_session_calls_or_moves() {
    for state in STATES {
        assert_eq!(may_call(state).is_ok(), state == Open);
        assert_eq!(may_move(state, 0).is_ok(), state == Open);
    }
    assert_eq!(may_move(Open, 1), Err(SessionError::CallInProgress { state: Open }));
    let error = may_call(Closing).unwrap_err();
    assert_eq!((error.code(), error.state()), ("SESSION_NOT_OPEN", Closing));
    assert_eq!(error.to_string(), "The session is CLOSING; it must be OPEN.");
}

#[test]
fn closing() {
    let decision = |next, hang_up| Ok(CloseDecision { next, hang_up });
    for state in [Open, Closing] {
        for mode in [CloseMode::HangUp, CloseMode::Refuse, CloseMode::Drain] {
            assert_eq!(close(state, 0, mode), decision(Closed, false));
        }
        assert_eq!(close(state, 1, CloseMode::HangUp), decision(Closing, true));
        assert_eq!(close(state, 1, CloseMode::Drain), decision(Closing, false));
        let refused = close(state, 1, CloseMode::Refuse).unwrap_err();
        assert_eq!((refused.code(), refused.state()), ("CALL_IN_PROGRESS", state));
    }
    for state in [Closed, Settled, Voided] {
        assert_eq!(close(state, 0, CloseMode::HangUp), Err(SessionError::NotOpen { state }));
    }
}

#[test]
fn the_last_call_closes_a_closing_session() {
    assert_eq!(call_over(Closing, 1), Closing);
    assert_eq!(call_over(Closing, 0), Closed);
    for state in [Open, Closed, Settled, Voided] {
        assert_eq!(call_over(state, 0), state);
    }
}

#[test]
fn settling_and_voiding() {
    for state in STATES {
        let settled = settle(state);
        assert_eq!(settled.is_ok(), state == Closed);
        assert_eq!(void(state, 0).is_ok(), matches!(state, Open | Closed));
        assert!(void(state, 1).is_err());
    }
    assert_eq!(settle(Settled).unwrap_err().code(), "SESSION_NOT_CLOSED");
    assert_eq!(void(Open, 2).unwrap_err().code(), "SESSION_HAS_CALLS");
    assert_eq!(void(Voided, 0).unwrap_err().state(), Voided);
}
