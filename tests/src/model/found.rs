//! Regression cases: cases in which the model test once found a difference.

use super::ops::{CallOp, Case, Op, Paying, Terms, What};

/// The regression cases, each with its name.
pub(super) fn cases() -> Vec<(&'static str, Case)> {
    vec![
        (
            "a call that is lost and ends in one transaction is charged once",
            by_the_second(vec![
                open(0),
                ask(0),
                tell(&[What::Answered { ago: 0 }]),
                tell(&[lost(20_000), ended(45_000)]),
            ]),
        ),
        (
            "the reported end of a lost call is final",
            by_the_second(vec![
                open(0),
                ask(0),
                tell(&[What::Answered { ago: 0 }, lost(1_000), ended(5_000), ended(9_000)]),
            ]),
        ),
        (
            "a paid call stays unchanged on the bill although it ended later",
            by_the_second(paid(ended(45_000))),
        ),
        (
            "a paid call stays unchanged although its answer was never acknowledged",
            by_the_second(paid(What::Ended { talk: 20_000, known: false, acked: false })),
        ),
    ]
}

/// A proxy loses a call after twenty seconds, and the customer pays before the true end of the call is known.
fn paid(end: What) -> Vec<Op> {
    vec![
        Op::OpenRegister { shop: 0, float: 1_000_000, twice: false },
        open(0),
        ask(0),
        tell(&[What::Answered { ago: 0 }]),
        tell(&[lost(20_000)]),
        Op::CloseCabin { cabin: 0, mode: 0 },
        Op::Settle { session: 0, how: Paying::Cash, twice: false },
        tell(&[end]),
    ]
}

fn by_the_second(ops: Vec<Op>) -> Case {
    Case { tariffs: [Some(0), Some(1), Some(1), Some(1), Some(1), None, None], limits: [None; 5], ops }
}

fn open(cabin: usize) -> Op {
    Op::OpenCabin { cabin, terms: Terms::Postpaid { spending: None, seconds: None }, twice: false }
}

fn ask(cabin: usize) -> Op {
    Op::Calls(vec![CallOp::Ask { cabin, number: 0, given_up: false }])
}

fn tell(what: &[What]) -> Op {
    Op::Calls(what.iter().map(|what| CallOp::Tell { call: 0, what: *what }).collect())
}

fn lost(talk: i64) -> What {
    What::Lost { talk }
}

fn ended(talk: i64) -> What {
    What::Ended { talk, known: true, acked: true }
}
