//! The highest cost of a call whose answer time is not known yet.

use chrono::{DateTime, Utc};

use super::{Pricing, Span, billed_seconds, sixtieths};
use crate::money::Micros;

/// A [`Span`], its start, and the exact cost of all seconds before that start: once at the initial-increment prices, and once at the normal prices.
#[derive(Clone, Copy, Debug)]
struct LaidSpan {
    start: i64,
    first: Micros,
    price: Micros,
    fee: Micros,
    before: Laid,
}

/// The exact cost of a run of seconds, in sixtieths of a micro.
#[derive(Clone, Copy, Debug, Default)]
struct Laid {
    /// The cost if the seconds belong to the initial increment.
    first: i128,
    /// The cost if the seconds come after the initial increment.
    price: i128,
}

/// The possible answer times, in whole Unix seconds, and the prices that apply from the first answer time onward. Prices are computed only as far as
/// needed.
pub(super) struct AnswerWindow<'a> {
    pricing: &'a Pricing,
    first: i64,
    last: i64,
    has_initial_price: bool,
    spans: Vec<LaidSpan>,
    laid_until: i64,
}

impl<'a> AnswerWindow<'a> {
    pub(super) fn new(
        pricing: &'a Pricing,
        authorized_at: DateTime<Utc>,
        ring_timeout_secs: u32,
    ) -> AnswerWindow<'a> {
        let first = authorized_at.timestamp();
        // The first and the last answer time have the same fraction of a second, so adding whole seconds to the first gives the last.
        let last = first + i64::from(ring_timeout_secs);
        let has_initial_price = pricing.rate.has_initial_price();
        AnswerWindow { pricing, first, last, has_initial_price, spans: Vec::new(), laid_until: first }
    }

    /// The highest exact cost of `talk` seconds, before the minimum charge and rounding are applied; `None` if all these seconds are free. More
    /// talk time never costs less, so this is also the highest cost of any shorter talk time.
    pub(super) fn highest_cost(&mut self, talk: u32) -> Option<i128> {
        let rate = &self.pricing.rate;
        if talk == 0 || talk < rate.free_seconds {
            return None;
        }
        let billed = billed_seconds(rate, talk);
        if !self.pricing.is_banded() {
            return Some(self.pricing.flat_cost(billed));
        }
        let billed = i64::from(billed);
        self.lay_until(self.last + billed + 1);
        let highest = self.candidates(billed).map(|answer| self.cost(answer, billed)).max();
        Some(highest.unwrap_or_default())
    }

    /// Some answer times, among them the most expensive one. While the answer moves from one of these times to the next, none of the following
    /// crosses a price change: the first billed second, the last billed second, and the end of an initial increment that has its own price.
    /// Therefore, between two neighboring times, the cost is linear in the answer time, and is highest at one of the two times.
    fn candidates(&self, billed: i64) -> impl Iterator<Item = i64> {
        let edges_near = |from: i64, to: i64| {
            let begin = self.spans.partition_point(|span| span.start < from);
            self.spans[begin..].iter().map(|span| span.start).take_while(move |start| *start <= to)
        };
        let starts = edges_near(self.first, self.last + 1);
        let from = move |length: i64| {
            edges_near(self.first + length - 1, self.last + length + 1).map(move |edge| edge - length)
        };
        let initial = self.has_initial_price.then(|| from(i64::from(self.pricing.rate.initial_increment)));
        let around = starts
            .chain(initial.into_iter().flatten())
            .chain(from(billed))
            .flat_map(|edge| [edge - 1, edge, edge + 1]);
        [self.first, self.last].into_iter().chain(around).filter(|at| (self.first..=self.last).contains(at))
    }

    fn cost(&self, answer: i64, billed: i64) -> i128 {
        let fee = self.span(answer).map_or(Micros::ZERO, |span| span.fee);
        let (begin, end) = (self.cost_until(answer), self.cost_until(answer + billed));
        if !self.has_initial_price {
            return sixtieths(fee) + end.price - begin.price;
        }
        let initial = self.cost_until(answer + i64::from(self.pricing.rate.initial_increment));
        sixtieths(fee) + initial.first - begin.first + end.price - initial.price
    }

    /// Exact cost of all seconds from the first possible answer to `second`, exclusive.
    fn cost_until(&self, second: i64) -> Laid {
        self.span(second).map_or(Laid::default(), |span| {
            let seconds = i128::from(second - span.start);
            Laid {
                first: span.before.first + seconds * i128::from(span.first.0),
                price: span.before.price + seconds * i128::from(span.price.0),
            }
        })
    }

    fn span(&self, second: i64) -> Option<&LaidSpan> {
        let after = self.spans.partition_point(|span| span.start <= second);
        after.checked_sub(1).and_then(|index| self.spans.get(index))
    }

    fn lay_until(&mut self, second: i64) {
        while self.laid_until <= second {
            let start = self.laid_until;
            let span = self.pricing.span_at(start);
            let before = self.cost_until(start);
            let Span { first, price, fee, .. } = span;
            let same = |last: &LaidSpan| (last.first, last.price, last.fee) == (first, price, fee);
            if !self.spans.last().is_some_and(same) {
                self.spans.push(LaidSpan { start, first, price, fee, before });
            }
            self.laid_until = span.until;
        }
    }
}
