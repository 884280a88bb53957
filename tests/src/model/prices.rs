//! An independent calculation of call prices that uses plain integers.

/// A rate, in micros and seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Price {
    /// Price per minute, after the first increment.
    pub minute: i64,
    /// Price per minute of the first increment.
    pub first: i64,
    /// Connection fee.
    pub fee: i64,
    /// Minimum billed seconds.
    pub initial: i64,
    /// Billing increment after the initial increment, in seconds.
    pub increment: i64,
    /// Minimum charge of an answered call.
    pub minimum: i64,
    /// Calls shorter than this many seconds are free.
    pub free: i64,
}

const fn price(minute: i64, fee: i64, initial: i64, increment: i64, minimum: i64, free: i64) -> Price {
    Price { minute, first: minute, fee, initial, increment, minimum, free }
}

const NOTHING: Price = price(0, 0, 1, 1, 0, 0);
const BY_SECOND: Price = price(60_000, 0, 1, 1, 0, 0);
const STEPS: Price = price(300_000, 50_000, 60, 6, 0, 0);
const MINIMUM: Price = price(120_000, 0, 30, 6, 90_000, 0);
const ODD: Price = price(77_777, 0, 1, 1, 0, 5);
const CHEAP: Price = price(40_000, 1_300, 7, 3, 0, 0);
const FIRST: Price = Price { first: 190_003, ..CHEAP };
const LATER: Price = Price { first: 0, ..STEPS };

/// The tariffs to assign, as prices by prefix; `None` if the tariff has no rate for the prefix.
pub const TARIFFS: [[Option<Price>; 3]; 6] = [
    [Some(NOTHING), Some(NOTHING), Some(NOTHING)],
    [Some(BY_SECOND), Some(STEPS), Some(ODD)],
    [Some(FIRST), Some(MINIMUM), None],
    [Some(MINIMUM), Some(ODD), Some(BY_SECOND)],
    [Some(ODD), Some(BY_SECOND), Some(LATER)],
    [Some(STEPS), Some(CHEAP), Some(CHEAP)],
];

impl Price {
    /// Cost of `talk` whole seconds. The fee and the price of the billed time are added in sixtieths of a micro. The sum is raised to the minimum
    /// charge if necessary, and then rounded once to four decimals, half up.
    pub fn cost(self, talk: i64) -> i64 {
        if talk <= 0 || talk < self.free {
            return 0;
        }
        let beyond = (talk - self.initial).max(0);
        let billed = self.initial + (beyond + self.increment - 1) / self.increment * self.increment;
        let time = self.first * self.initial + self.minute * (billed - self.initial);
        let sixtieths = (self.fee * 60 + time).max(self.minimum * 60);
        (sixtieths + 3_000) / 6_000 * 100
    }

    /// True if every call at this price is free.
    pub fn is_free(self) -> bool {
        self.minute == 0 && self.first == 0 && self.fee == 0 && self.minimum == 0
    }
}
