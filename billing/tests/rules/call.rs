//! Tests the call state machine with late, duplicate and reordered events.

use billing::call::{
    Call, CallEvent, CallEventKind, CallState, Doubt, Emitted, EndCause, EndedBy, Unacknowledged, Window,
    apply, apply_within,
};
use chrono::{DateTime, Duration, Utc};
use proptest::prelude::*;

fn at(second: i64) -> DateTime<Utc> {
    "2026-11-22T12:00:00Z".parse::<DateTime<Utc>>().unwrap() + Duration::seconds(second)
}

fn event(second: i64, kind: CallEventKind) -> CallEvent {
    CallEvent { at: at(second), kind }
}

fn ringing() -> CallEvent {
    event(2, CallEventKind::Ringing)
}

fn answered() -> CallEvent {
    event(10, CallEventKind::Answered)
}

fn ended(second: i64, cause: EndCause, answered_at: Option<i64>) -> CallEvent {
    event(second, CallEventKind::Ended { by: EndedBy::Caller, cause, answered_at: answered_at.map(at) })
}

fn failed(second: i64) -> CallEvent {
    event(second, CallEventKind::Failed { code: 486, by: EndedBy::Callee })
}

fn abandoned() -> CallEvent {
    event(1, CallEventKind::Abandoned { code: None })
}

fn run(events: &[CallEvent]) -> (Call, Vec<Emitted>) {
    run_with(events, Unacknowledged::Charged)
}

fn run_with(events: &[CallEvent], unacknowledged: Unacknowledged) -> (Call, Vec<Emitted>) {
    let mut call = Call::authorized(at(0), 60);
    let mut emitted = Vec::new();
    for event in events {
        let transition = apply(&call, event, unacknowledged);
        call = transition.call;
        emitted.extend(transition.emitted);
    }
    (call, emitted)
}

#[test]
fn an_ordinary_call() {
    let (call, emitted) = run(&[
        event(0, CallEventKind::Authorized),
        ringing(),
        answered(),
        ended(41, EndCause::Bye, Some(10)),
    ]);
    assert_eq!((call.state, call.talk_seconds, call.ringing_at), (CallState::Ended, 31, Some(at(2))));
    assert_eq!((call.ended_by, call.cause), (Some(EndedBy::Caller), Some(EndCause::Bye)));
    let order =
        [Emitted::Ringing { at: at(2) }, Emitted::Answered { at: at(10) }, Emitted::Ended { at: at(41) }];
    assert_eq!(emitted, order);
}

#[test]
fn an_end_alone_is_enough_and_makes_the_rest_no_ops() {
    let (call, emitted) = run(&[ended(41, EndCause::Bye, Some(10))]);
    assert_eq!((call.state, call.talk_seconds), (CallState::Ended, 31));
    assert_eq!(emitted, [Emitted::Answered { at: at(10) }, Emitted::Ended { at: at(41) }]);
    let late = apply(&call, &ringing(), Unacknowledged::Charged);
    assert_eq!((late.call.ringing_at, late.emitted), (Some(at(2)), Vec::new()));
    for event in [answered(), ended(50, EndCause::Rpc, Some(11)), failed(20), abandoned()] {
        let late = apply(&call, &event, Unacknowledged::Charged);
        assert_eq!((late.call, late.emitted), (call.clone(), Vec::new()), "{event:?}");
    }
}

#[test]
fn the_answer_instant_of_the_end_is_the_one_that_counts() {
    let end = || ended(41, EndCause::Bye, Some(12));
    for events in [[answered(), end()], [end(), answered()]] {
        let (call, _) = run(&events);
        assert_eq!((call.answered_at, call.talk_seconds), (Some(at(12)), 29));
    }
}

#[test]
fn talk_is_covered_and_never_negative() {
    let (call, _) = run(&[ended(100, EndCause::MaxDuration, Some(10))]);
    assert_eq!((call.talk_seconds, call.measured_seconds()), (60, 90));
    let (call, _) = run(&[ended(9, EndCause::Bye, Some(10))]);
    assert_eq!((call.state, call.talk_seconds, call.ended_at), (CallState::Ended, 0, Some(at(9))));
}

#[test]
fn unanswered_ends() {
    let (call, emitted) = run(&[ringing(), ended(40, EndCause::Bye, None)]);
    assert_eq!((call.state, call.answered_at, call.talk_seconds), (CallState::Ended, None, 0));
    assert_eq!(emitted, [Emitted::Ringing { at: at(2) }, Emitted::Ended { at: at(40) }]);
    // a reported answer counts even if the end event does not repeat the answer
    let (call, _) = run(&[answered(), ended(40, EndCause::KeepaliveLost, None)]);
    assert_eq!((call.answered_at, call.talk_seconds), (Some(at(10)), 30));
}

#[test]
fn an_answer_that_was_never_acknowledged_is_charged_unless_the_operator_says_otherwise() {
    let unacknowledged = |answer| ended(20, EndCause::NoAck, answer);
    for events in [
        vec![answered(), unacknowledged(Some(10))],
        vec![answered(), unacknowledged(None)],
        vec![unacknowledged(Some(10))],
        vec![unacknowledged(Some(10)), answered()],
    ] {
        let (call, emitted) = run(&events);
        assert_eq!((call.state, call.answered_at, call.talk_seconds), (CallState::Ended, Some(at(10)), 10));
        assert_eq!(call.cause, Some(EndCause::NoAck));
        assert_eq!(emitted, [Emitted::Answered { at: at(10) }, Emitted::Ended { at: at(20) }]);
        let (call, _) = run_with(&events, Unacknowledged::Free);
        assert_eq!((call.state, call.answered_at, call.talk_seconds), (CallState::Ended, None, 0));
    }
    // when unacknowledged calls are free, an unacknowledged answer does not prove that anybody talked
    let (call, _) = run_with(&[failed(15), unacknowledged(Some(10))], Unacknowledged::Free);
    assert_eq!(call.state, CallState::Failed);
}

#[test]
fn failures() {
    let (call, emitted) = run(&[ringing(), failed(20), answered()]);
    assert_eq!((call.state, call.sip_code, call.ended_at), (CallState::Failed, Some(486), Some(at(20))));
    assert_eq!(emitted, [Emitted::Ringing { at: at(2) }, Emitted::Failed { at: at(20) }]);
    let (call, emitted) = run(&[answered(), failed(20)]);
    assert_eq!((call.state, emitted.len()), (CallState::Answered, 1));
    // an end event that proves that the call was answered overrides a failure
    let (call, emitted) = run(&[failed(20), ended(41, EndCause::Bye, Some(10))]);
    assert_eq!((call.state, call.talk_seconds, call.sip_code), (CallState::Ended, 31, None));
    let order =
        [Emitted::Failed { at: at(20) }, Emitted::Answered { at: at(10) }, Emitted::Ended { at: at(41) }];
    assert_eq!(emitted, order);
}

#[test]
fn abandoned_and_refused() {
    let (call, emitted) = run(&[abandoned(), event(0, CallEventKind::Authorized), abandoned(), ringing()]);
    assert_eq!((call.state, emitted), (CallState::Abandoned, vec![Emitted::Abandoned { at: at(1) }]));
    let (call, _) = run(&[ringing(), abandoned()]);
    assert_eq!(call.state, CallState::Ringing);
    let refused = Call::refused(at(0));
    for event in [ringing(), answered(), ended(41, EndCause::Bye, Some(10)), failed(3), abandoned()] {
        assert_eq!(apply(&refused, &event, Unacknowledged::Charged).call, refused);
    }
}

#[test]
fn what_the_phone_got_instead_is_kept() {
    let given_up = |code| event(1, CallEventKind::Abandoned { code: Some(code) });
    for (code, by) in [(503, EndedBy::Proxy), (487, EndedBy::Caller)] {
        let (call, _) = run(&[given_up(code)]);
        assert_eq!((call.state, call.sip_code, call.ended_by), (CallState::Abandoned, Some(code), Some(by)));
    }
    // the refusal by the API reached the proxy too late
    let refused = Call { sip_code: Some(402), ..Call::refused(at(0)) };
    let late = apply(&refused, &given_up(503), Unacknowledged::Charged);
    assert_eq!(late.call, Call { sip_code: Some(503), ..refused });
    assert_eq!(late.emitted, [Emitted::Abandoned { at: at(1) }]);
    assert_eq!(apply(&late.call, &given_up(503), Unacknowledged::Charged).emitted, []);
}

#[test]
fn each_state_is_live_or_final() {
    use CallState::{Abandoned, Answered, Authorized, Ended, Failed, Refused, Ringing};
    for state in [Authorized, Ringing, Answered] {
        assert!(state.is_live() && !state.is_final());
    }
    for state in [Ended, Failed, Abandoned, Refused] {
        assert!(state.is_final() && !state.is_live());
    }
    let (call, _) = run(&[answered(), ended(41, EndCause::Bye, None)]);
    assert_eq!(serde_json::from_str::<Call>(&serde_json::to_string(&call).unwrap()).unwrap(), call);
}

/// Complete sets of the events that a proxy sends about one call.
fn whole_lives() -> Vec<Vec<CallEvent>> {
    let authorized = event(0, CallEventKind::Authorized);
    vec![
        vec![authorized.clone(), ringing(), answered(), ended(41, EndCause::Bye, Some(10))],
        vec![authorized.clone(), answered(), ended(200, EndCause::MaxDuration, Some(10))],
        vec![authorized.clone(), ringing(), answered(), failed(11), ended(41, EndCause::Bye, Some(10))],
        vec![authorized.clone(), ringing(), answered(), ended(104, EndCause::NoAck, Some(10))],
        vec![authorized.clone(), ringing(), ended(30, EndCause::Bye, None)],
        vec![authorized.clone(), ringing(), failed(30)],
        vec![authorized.clone(), failed(1)],
        vec![authorized, abandoned()],
        vec![answered(), ended(5, EndCause::Api, Some(10))],
    ]
}

fn shuffled_life() -> impl Strategy<Value = (Vec<CallEvent>, Vec<CallEvent>)> {
    prop::sample::select(whole_lives()).prop_flat_map(|life| {
        let doubled = prop::collection::vec(prop::sample::select(life.clone()), 0..6);
        (Just(life), doubled).prop_flat_map(|(life, doubled)| {
            let all: Vec<CallEvent> = life.iter().cloned().chain(doubled).collect();
            (Just(life), Just(all).prop_shuffle())
        })
    })
}

fn rank(emitted: &Emitted) -> u8 {
    match emitted {
        Emitted::Ringing { .. } => 0,
        Emitted::Failed { .. } | Emitted::Abandoned { .. } => 1,
        Emitted::Answered { .. } => 2,
        Emitted::Ended { .. } => 3,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn every_order_ends_in_the_same_call((life, events) in shuffled_life()) {
        let (expected, _) = run(&life);
        let (call, emitted) = run(&events);
        prop_assert_eq!(call, expected);
        let ranks: Vec<u8> = emitted.iter().map(rank).collect();
        prop_assert!(ranks.windows(2).all(|pair| pair[0] < pair[1]), "{:?}", emitted);
        prop_assert!(!emitted.is_empty());
    }
}

#[test]
fn a_lost_call_is_an_estimate_until_the_truth_comes() {
    let lost = |second| event(second, CallEventKind::Lost);
    let (call, emitted) = run(&[ringing(), answered(), lost(30)]);
    assert_eq!((call.state, call.talk_seconds, call.estimated), (CallState::Ended, 20, true));
    assert_eq!((call.ended_by, call.cause), (Some(EndedBy::Proxy), Some(EndCause::Lost)));
    assert_eq!(emitted.last(), Some(&Emitted::Ended { at: at(30) }));
    // this call was last listed at the time of its answer, so only the first increment is charged
    let (call, _) = run(&[answered(), lost(10)]);
    assert_eq!((call.talk_seconds, call.estimated), (1, true));
    let (call, emitted) = run(&[answered(), lost(30), ended(50, EndCause::Bye, Some(10))]);
    assert_eq!((call.talk_seconds, call.estimated, call.cause), (40, false, Some(EndCause::Bye)));
    assert_eq!(emitted.len(), 3);
    // an unanswered lost call counts as failed
    let (call, emitted) = run(&[ringing(), lost(5)]);
    assert_eq!((call.state, call.sip_code, call.estimated), (CallState::Failed, None, true));
    assert_eq!((call.cause, emitted.last()), (Some(EndCause::Lost), Some(&Emitted::Failed { at: at(5) })));
    let (call, emitted) = run(&[ringing(), lost(5), failed(4), failed(9)]);
    assert_eq!((call.sip_code, call.ended_at, call.estimated), (Some(486), Some(at(4)), false));
    assert_eq!((call.cause, emitted.len()), (None, 2), "subscribers must learn that the call failed");
    let (call, _) = run(&[ringing(), lost(5), ended(50, EndCause::Bye, Some(10))]);
    assert_eq!((call.state, call.talk_seconds, call.estimated), (CallState::Ended, 40, false));
    let (call, _) = run(&[ended(41, EndCause::Bye, Some(10)), lost(50)]);
    assert_eq!((call.talk_seconds, call.estimated), (31, false), "a final state must not change");
}

/// Applies an event that the server receives at second `received`. The clocks may be five minutes apart.
fn heard(call: &Call, event: &CallEvent, second: i64) -> (Call, Vec<Emitted>, Option<Doubt>) {
    let window = Window { received: at(second), skew: Duration::minutes(5) };
    let (transition, doubt) = apply_within(call, event, window, Unacknowledged::Charged);
    (transition.call, transition.emitted, doubt)
}

/// A call that was allowed at second 0 for ten minutes, and answered at second 10.
fn talking() -> Call {
    heard(&Call::authorized(at(0), 600), &answered(), 10).0
}

const TEN_YEARS: i64 = 315_360_000;
/// The Unix epoch, as a number of seconds relative to `at(0)`.
const EPOCH: i64 = -1_795_348_800;

#[test]
fn a_time_that_cannot_be_true_is_moved() {
    let call = Call::authorized(at(0), 600);
    for (told, kept, doubt) in [
        (-300, -300, None),
        (305, 305, None),
        (-301, 0, Some(Doubt::Time)),
        (EPOCH, 0, Some(Doubt::Time)),
        (306, 5, Some(Doubt::Time)),
        (TEN_YEARS, 5, Some(Doubt::Time)),
    ] {
        let (call, emitted, found) = heard(&call, &event(told, CallEventKind::Answered), 5);
        assert_eq!((call.answered_at, found), (Some(at(kept)), doubt), "{told}");
        assert_eq!(emitted, [Emitted::Answered { at: at(kept) }]);
        assert!(!call.estimated, "its end will correct it");
    }
    // the clock of the receiving node is behind the clock of the node that allowed the call
    let (call, _, doubt) = heard(&call, &event(1, CallEventKind::Answered), -600);
    assert_eq!((call.answered_at, doubt), (Some(at(1)), None));
}

#[test]
fn an_end_whose_times_cannot_be_true_is_an_estimate() {
    let bye = |second, answered| ended(second, EndCause::Bye, answered);
    for (event, talk, doubt) in [
        // the answer time that is already known counts
        (bye(41, Some(EPOCH)), 31, Doubt::Time),
        (bye(41, Some(TEN_YEARS)), 31, Doubt::Time),
        // the only known fact about the end is that the event arrived at second 100
        (bye(TEN_YEARS, Some(10)), 90, Doubt::Time),
        (bye(TEN_YEARS, None), 90, Doubt::Time),
        (bye(TEN_YEARS, Some(EPOCH)), 90, Doubt::Time),
        // only the first increment of the call is charged
        (bye(EPOCH, Some(10)), 1, Doubt::Time),
        (bye(EPOCH, None), 1, Doubt::Time),
        (bye(EPOCH, Some(TEN_YEARS)), 1, Doubt::Time),
        (bye(9, Some(10)), 1, Doubt::EndBeforeAnswer),
        (bye(9, None), 1, Doubt::EndBeforeAnswer),
        // a clock that is off by an hour or by ten years still measures the call's length correctly
        (bye(3_641, Some(3_610)), 31, Doubt::Time),
        (bye(TEN_YEARS + 31, Some(TEN_YEARS)), 31, Doubt::Time),
        (bye(-3_569, Some(-3_600)), 31, Doubt::Time),
    ] {
        let (call, emitted, found) = heard(&talking(), &event, 100);
        assert_eq!((call.state, call.talk_seconds), (CallState::Ended, talk), "{event:?}");
        assert_eq!((found, call.estimated), (Some(doubt), true), "{event:?}");
        assert_eq!(emitted.len(), 1, "{event:?}");
        // the true end replaces the estimated end; another doubtful end does not
        let (corrected, _, doubt) = heard(&call, &bye(55, Some(10)), 100);
        assert_eq!((corrected.talk_seconds, corrected.estimated, doubt), (45, false, None), "{event:?}");
        assert_eq!(heard(&call, &bye(TEN_YEARS, Some(10)), 300).0, call, "{event:?}");
        assert_eq!(heard(&corrected, &event, 100).0, corrected, "{event:?}");
    }
    // a call that was answered and ended in the same microsecond is not free
    let (call, _, doubt) = heard(&talking(), &bye(10, Some(10)), 100);
    assert_eq!((call.talk_seconds, doubt, call.estimated), (1, None, false));
}

#[test]
fn an_end_alone_whose_times_cannot_be_true_is_measured_as_well_as_can_be() {
    let new = || Call::authorized(at(0), 600);
    let rang = || heard(&new(), &ringing(), 2).0;
    let bye = |second, answered| ended(second, EndCause::Bye, answered);
    for (call, event, answered, talk) in [
        (new(), bye(TEN_YEARS + 31, Some(TEN_YEARS)), 69, 31),
        (rang(), bye(EPOCH + 31, Some(EPOCH)), 0, 31),
        (new(), bye(-3_480, Some(-3_600)), 0, 100),
        (new(), bye(-3_580, Some(-3_600)), 0, 20),
        (rang(), bye(41, Some(EPOCH)), 2, 39),
        (new(), bye(41, Some(EPOCH)), 0, 41),
        (new(), bye(TEN_YEARS, Some(EPOCH)), 0, 100),
    ] {
        let (call, _, doubt) = heard(&call, &event, 100);
        assert_eq!((call.answered_at, call.talk_seconds), (Some(at(answered)), talk), "{event:?}");
        assert_eq!((doubt, call.estimated), (Some(Doubt::Time), true), "{event:?}");
    }
}

#[test]
fn an_end_without_an_answer_is_open_to_one() {
    let (call, emitted, doubt) = heard(&Call::authorized(at(0), 600), &ended(41, EndCause::Bye, None), 50);
    assert_eq!((call.talk_seconds, call.estimated, doubt), (0, true, Some(Doubt::NoAnswer)));
    assert_eq!(emitted, [Emitted::Ended { at: at(41) }]);
    let (late, emitted, doubt) = heard(&call, &answered(), 60);
    assert_eq!((late.talk_seconds, late.estimated, doubt), (31, false, None));
    assert_eq!(emitted, [Emitted::Answered { at: at(10) }, Emitted::Ended { at: at(41) }]);
    // this answer event arrives after the end event
    let (late, _, _) = heard(&call, &event(45, CallEventKind::Answered), 60);
    assert_eq!((late.answered_at, late.talk_seconds, late.estimated), (Some(at(45)), 1, true));
    // an end event with an answer time proves that the call was answered, even if the times come from a wrong clock
    let (late, _, doubt) = heard(&call, &ended(TEN_YEARS + 20, EndCause::Bye, Some(TEN_YEARS)), 60);
    assert_eq!((late.talk_seconds, late.estimated, doubt), (20, true, Some(Doubt::Time)));
    // this is an ordinary end event of a call whose answer is already known
    let (call, _, _) = heard(&talking(), &ended(41, EndCause::Bye, None), 50);
    assert_eq!((call.talk_seconds, call.estimated), (31, false));
    assert_eq!(heard(&call, &answered(), 60).0, call);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn an_answered_call_is_never_free_nor_longer_than_it_can_have_been(
        told in prop::option::of(prop_oneof![Just(EPOCH), Just(TEN_YEARS), -1_000_i64..2_000]),
        end in prop_oneof![Just(EPOCH), Just(TEN_YEARS), -1_000_i64..2_000],
        received in 10_i64..1_000,
    ) {
        let (call, _, _) = heard(&talking(), &ended(end, EndCause::Bye, told), received);
        prop_assert_eq!(call.state, CallState::Ended);
        prop_assert!(call.talk_seconds > 0);
        prop_assert!(i64::from(call.measured_seconds()) <= received + 600, "{call:?}");
    }
}
