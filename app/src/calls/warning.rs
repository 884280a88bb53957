//! Announces that a call ends soon (`CALL_ENDING_SOON`), and that a deposit is nearly used up (`DEPOSIT_LOW`).
//!
//! The end of a call is announced once, when the call's remaining time falls to the callshop's `ending_soon_seconds`. Each time the server reserves
//! money for a call, it also computes how long the call may last and when to check the call again. Therefore, a call that is not near its end needs
//! no extra database statement. The call's row is locked during each check, so the end of each call is announced only once, even if there are several
//! nodes.

use billing::money::Micros;
use billing::rating::{self, Pricing};
use chrono::{DateTime, TimeDelta, Utc};
use entity::call;

use base::error::{OrFault as _, Result};

/// The remaining time in seconds at which the callshop's calls are announced as ending soon; `None` if they are never announced.
pub(super) fn ahead(ending_soon_seconds: Option<i32>) -> Result<Option<u32>> {
    ending_soon_seconds.map(u32::try_from).transpose().or_fault()
}

/// The seconds of talk after which to check a call that may last `reach` seconds.
pub(super) fn look_after(ahead: Option<u32>, reach: u32) -> Result<Option<i32>> {
    ahead.map(|ahead| i32::try_from(reach.saturating_sub(ahead))).transpose().or_fault()
}

/// When to check whether an answered call ends soon; `None` if the end of the call was already announced, or is never announced.
pub(super) fn due(call: &call::Model) -> Option<DateTime<Utc>> {
    Some(call.answered_at? + TimeDelta::seconds(call.warn_after?.into()))
}

/// The facts that decide when an answered call must end.
#[derive(Clone, Copy, Debug)]
pub(super) struct Prospect<'a> {
    /// The time of the answer.
    pub(super) answered_at: DateTime<Utc>,
    /// How long the call may last in total, in seconds of talk.
    pub(super) reach: u32,
    /// The customer's price.
    pub(super) price: Option<&'a Pricing>,
    /// The part of the deposit that is left for the call, counted from the answer; `None` if the customer pays later.
    pub(super) deposit: Option<Micros>,
}

impl Prospect<'_> {
    fn talked(&self, now: DateTime<Utc>) -> u32 {
        u32::try_from((now - self.answered_at).num_seconds().max(0)).unwrap_or(u32::MAX)
    }

    /// Whether the call may last at most `ahead` more seconds.
    pub(super) fn ends_within(&self, ahead: u32, now: DateTime<Utc>) -> bool {
        self.reach.saturating_sub(self.talked(now)) <= ahead
    }

    /// Whether the deposit pays for at most `ahead` more seconds of the call.
    pub(super) fn deposit_lasts_at_most(&self, ahead: u32, now: DateTime<Utc>) -> bool {
        let (Some(price), Some(deposit)) = (self.price, self.deposit) else { return false };
        let most = self.talked(now).saturating_add(ahead);
        rating::covered_seconds(price, self.answered_at, 0, deposit, most.saturating_add(1)) <= most
    }
}

#[cfg(test)]
mod tests {
    use billing::tariff::Rate;

    use super::*;

    fn price() -> Pricing {
        let rate = serde_json::json!({ "prefix": "1", "destination": "United States", "price_per_minute": 60_000, "connection_fee": 0,
            "initial_increment": 1, "increment": 1 });
        let rate: Rate = serde_json::from_value(rate).expect("a rate");
        serde_json::from_value(serde_json::json!({ "rate": rate, "time_zone": "UTC" })).expect("a price")
    }

    #[test]
    fn a_call_is_near_its_end_from_the_threshold_on() {
        let answered_at = DateTime::UNIX_EPOCH;
        let after = |seconds: i64| answered_at + TimeDelta::seconds(seconds);
        let call = Prospect { answered_at, reach: 100, price: None, deposit: None };
        let near = [-5, 39, 40, 99, 150].map(|seconds| call.ends_within(60, after(seconds)));
        assert_eq!(near, [false, false, true, true, true]);
        assert!(!call.deposit_lasts_at_most(60, after(99)), "there is no deposit");
        assert_eq!(look_after(Some(60), 100).expect("seconds"), Some(40));
        assert_eq!(look_after(Some(60), 30).expect("seconds"), Some(0));
        assert_eq!(look_after(None, 100).expect("nothing"), None);
    }

    #[test]
    fn a_deposit_is_low_when_it_pays_for_no_more_than_the_threshold() {
        let (answered_at, price) = (DateTime::UNIX_EPOCH, price());
        let after = |seconds: i64| answered_at + TimeDelta::seconds(seconds);
        // a second costs 0.001, so the deposit pays for 100 seconds
        let call = Prospect { answered_at, reach: 1000, price: Some(&price), deposit: Some(Micros(100_000)) };
        let low = [0, 39, 40, 200].map(|seconds| call.deposit_lasts_at_most(60, after(seconds)));
        assert_eq!(low, [false, false, true, true]);
    }
}
