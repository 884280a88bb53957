//! The financial impact of a tariff version: the calls of the last thirty days, rated at the version's prices.

use chrono::{DateTime, Utc};
use graphql_macros::object;

use crate::scalars::Money;
use app::tariffs::Impact;

/// The income that the calls of the last thirty days would have brought at the prices of a version. The calls are those of the callshops to which the
/// tariff applies now. The amounts are those of the seller at the tariff's level: for a retail tariff, the callshop; for a cost tariff, the account
/// that assigned the tariff. Nothing is stored or changed.
#[derive(async_graphql::Description)]
pub struct TariffImpact {
    pub(super) impact: Impact,
    pub(super) currency: String,
}

impl TariffImpact {
    fn money(&self, amount: billing::money::Micros) -> Money {
        Money::new(amount, &self.currency)
    }
}

#[object(scope = REPORTS_READ)]
impl TariffImpact {
    /// Calls that were authorized after this time are rated.
    fn since(&self) -> DateTime<Utc> {
        self.impact.since
    }

    /// Number of answered calls.
    fn calls(&self) -> u64 {
        self.impact.calls
    }

    /// Number of answered calls that would have been refused, because the version has no rate for them.
    fn unrated(&self) -> u64 {
        self.impact.unrated
    }

    /// Sum of the charges at the version's prices.
    fn retail(&self) -> Money {
        self.money(self.impact.retail)
    }

    /// Sum that the seller paid for the same calls; zero if the seller is the platform, which pays nobody.
    fn cost(&self) -> Money {
        self.money(self.impact.cost)
    }

    /// `retail` minus `cost`.
    fn margin(&self) -> Money {
        self.money(self.impact.margin)
    }

    /// `margin` minus the margin of all calls at the prices that were charged, including the calls for which the version has no rate.
    fn margin_change(&self) -> Money {
        self.money(self.impact.margin_change)
    }

    /// Number of destinations for which the seller, or all accounts directly below the seller taken together, would have sold calls below cost. Fees,
    /// increments and minimum charges are taken into account.
    fn destinations_below_cost(&self) -> u64 {
        self.impact.destinations_below_cost
    }

    /// Whether a limit was reached: 2000 callshops, 200000 attempts, 20000 destinations, or 8 seconds. If true, some calls were left out, the
    /// oldest first.
    fn is_partial(&self) -> bool {
        self.impact.is_partial
    }
}
