//! Rate limits: token buckets by address and by subject.

use std::{
    hash::{BuildHasher, Hash, RandomState},
    num::NonZeroU32,
};

use actix_web::http::StatusCode;
use governor::{
    Quota, RateLimiter,
    clock::{Clock, DefaultClock},
    middleware::{StateInformationMiddleware, StateSnapshot},
    state::keyed::DashMapStateStore,
};

use super::error::RequestError;

type Limiter = RateLimiter<u64, DashMapStateStore<u64>, DefaultClock, StateInformationMiddleware>;

/// Number of buckets into which keys are hashed. The number is fixed, so a flood of new keys cannot grow the table. Two keys in the same bucket share
/// the bucket's rate. The hash function is secret, so a client cannot choose the bucket of its key.
const BUCKETS: u64 = 1 << 16;

/// The header with the caller's remaining quota, according to the IETF's draft "RateLimit header fields for HTTP".
pub(crate) const HEADER: &str = "ratelimit";
/// The header with the rate itself.
pub(crate) const POLICY_HEADER: &str = "ratelimit-policy";

/// How much of a rate a key has used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Allowance {
    /// Number of requests that a full bucket allows.
    pub burst: u32,
    /// Seconds in which an empty bucket fills up.
    pub window: u64,
    /// Number of requests that the bucket allows now.
    pub remaining: u32,
    /// Seconds until the bucket is full again.
    pub reset: u64,
}

impl Allowance {
    fn of(state: &StateSnapshot) -> Self {
        let (quota, remaining) = (state.quota(), state.remaining_burst_capacity());
        let burst = quota.burst_size().get();
        let seconds = |requests: u32| (quota.replenish_interval() * requests).as_millis().div_ceil(1000);
        let seconds = |requests| u64::try_from(seconds(requests)).unwrap_or(u64::MAX);
        Self { burst, window: seconds(burst), remaining, reset: seconds(burst.saturating_sub(remaining)) }
    }

    /// The values of the two headers: the remaining quota and the rate.
    pub(crate) fn headers(self) -> [(&'static str, String); 2] {
        let Self { burst, window, remaining, reset } = self;
        [
            (HEADER, format!("\"caller\";r={remaining};t={reset}")),
            (POLICY_HEADER, format!("\"caller\";q={burst};w={window}")),
        ]
    }
}

/// A rate limit for each key.
pub struct KeyedRate {
    buckets: Option<Limiter>,
    hasher: RandomState,
    clock: DefaultClock,
}

impl KeyedRate {
    /// Allows `rate` requests per minute, with bursts of up to `burst`; a `rate` of 0 disables the limit.
    pub fn per_minute(rate: u32, burst: u32) -> Self {
        let burst = NonZeroU32::new(burst).unwrap_or(NonZeroU32::MIN);
        let buckets = NonZeroU32::new(rate)
            .map(|rate| RateLimiter::dashmap(Quota::per_minute(rate).allow_burst(burst)).with_middleware());
        Self { buckets, hasher: RandomState::new(), clock: DefaultClock::default() }
    }

    /// Takes either all `count` tokens from the key's bucket or none. The error says when the tokens will be available, unless `count` exceeds the
    /// bucket's size. Returns the remaining quota; `None` if there is no limit or `count` is 0.
    pub fn take_many(&self, key: impl Hash, count: u32) -> Result<Option<Allowance>, RequestError> {
        let (Some(buckets), Some(count)) = (&self.buckets, NonZeroU32::new(count)) else { return Ok(None) };
        let bucket = self.hasher.hash_one(key) % BUCKETS;
        match buckets.check_key_n(&bucket, count) {
            Ok(Ok(state)) => Ok(Some(Allowance::of(&state))),
            Ok(Err(busy)) => {
                let wait = busy.wait_time_from(self.clock.now());
                Err(too_many_requests().retry_after(wait.as_secs().saturating_add(1)))
            }
            Err(_) => Err(too_many_requests()),
        }
    }

    /// Takes one token from the key's bucket. The error says when the next token will be available. Returns the remaining quota; `None` if there is
    /// no limit.
    pub fn take(&self, key: impl Hash) -> Result<Option<Allowance>, RequestError> {
        let Some(buckets) = &self.buckets else { return Ok(None) };
        let bucket = self.hasher.hash_one(key) % BUCKETS;
        let taken = buckets.check_key(&bucket).map(|state| Some(Allowance::of(&state)));
        taken.map_err(|busy| {
            let wait = busy.wait_time_from(self.clock.now());
            too_many_requests().retry_after(wait.as_secs().saturating_add(1))
        })
    }
}

fn too_many_requests() -> RequestError {
    RequestError::transport(
        StatusCode::TOO_MANY_REQUESTS,
        "RATE_LIMITED",
        "Too many requests. Wait as long as `retryAfter` says, or send fewer at once.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_key_has_its_burst_and_then_waits() {
        let rate = KeyedRate::per_minute(1, 2);
        assert!(rate.take("a").is_ok());
        assert!(rate.take("a").is_ok());
        let refused = rate.take("a").expect_err("the burst is used up");
        assert_eq!(refused.status, StatusCode::TOO_MANY_REQUESTS);
        assert!(refused.retry_after.is_some_and(|seconds| (1..=61).contains(&seconds)));
        assert!(rate.take("b").is_ok());
    }

    #[test]
    fn many_are_taken_together_or_not_at_all() {
        let rate = KeyedRate::per_minute(60, 10);
        assert!(rate.take_many("a", 0).is_ok());
        assert!(rate.take_many("a", 8).is_ok());
        let refused = rate.take_many("a", 5).expect_err("two are left");
        assert!(refused.retry_after.is_some());
        assert!(rate.take_many("a", 2).is_ok());
        assert!(rate.take_many("b", 11).is_err(), "more than the bucket holds");
    }

    #[test]
    fn what_is_left_is_told() {
        let rate = KeyedRate::per_minute(60, 10);
        let left = rate.take_many("a", 4).expect("four").expect("a limit");
        assert_eq!(left, Allowance { burst: 10, window: 10, remaining: 6, reset: 4 });
        let headers = left.headers().map(|(_, value)| value);
        assert_eq!(headers, ["\"caller\";r=6;t=4", "\"caller\";q=10;w=10"]);
        assert_eq!(KeyedRate::per_minute(0, 0).take("a").expect("no limit"), None);
    }

    #[test]
    fn zero_is_no_limit() {
        let rate = KeyedRate::per_minute(0, 0);
        assert!((0..10_000).all(|_| rate.take("a").is_ok()));
    }

    #[test]
    fn the_table_is_bounded() {
        let rate = KeyedRate::per_minute(1, 1);
        for key in 0..200_000_u32 {
            let _ = rate.take(key);
        }
        assert!(rate.buckets.as_ref().is_some_and(|buckets| buckets.len() as u64 <= BUCKETS));
    }
}
