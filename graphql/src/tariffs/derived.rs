//! Derived tariffs.

use async_graphql::{Context, ID, InputObject};
use billing::derived::DerivationRule;
use billing::money::Micros;
use chrono::{DateTime, Utc};
use futures_util::FutureExt as _;
use graphql_macros::object;

use super::bought_tariff;
use super::types::Tariff;
use crate::payload::{UserError, answer, payload, top_level};
use crate::roles::MANAGERS;
use crate::scalars::{Decimal, Kind, Money};
use crate::{app, caller, keyed};
use app::tariffs::derived::{self, Derivation, Derive, Source, Target};
use base::error::{self, Error, Result};

/// How the prices of a tariff follow the prices of another tariff.
#[derive(async_graphql::Description)]
pub struct TariffDerivation {
    pub(super) derivation: Derivation,
    pub(super) tariff: entity::tariff::Model,
}

impl TariffDerivation {
    fn money(&self, amount: Micros) -> Money {
        Money::new(amount, &self.tariff.currency)
    }
}

#[object]
impl TariffDerivation {
    /// The tariff that the prices follow. If `ownCost` is true, this is the current cost tariff of the derived tariff's owner. Null if the caller
    /// has no permission to see the source.
    async fn source(&self, ctx: &Context<'_>) -> async_graphql::Result<Option<Tariff>> {
        let id = derived::source_of(app(ctx), &self.derivation).boxed().await.map_err(top_level)?;
        bought_tariff(ctx, id).boxed().await
    }

    /// Whether the prices follow the prices that the tariff's owner pays. If the owner's parent assigns another cost tariff, the prices follow that
    /// tariff.
    fn own_cost(&self) -> bool {
        self.derivation.is_own_cost()
    }

    /// Percentage that is added to each amount; negative if it is subtracted.
    fn percent(&self) -> Decimal {
        Decimal(self.derivation.rule.percent)
    }

    /// Amount that is added to each price per minute, after the percentage; negative if it is subtracted.
    fn addition(&self) -> Money {
        self.money(self.derivation.rule.addition)
    }

    /// Each price per minute exceeds the source's price by at least this amount; null if a price may be below the source's.
    fn minimum_margin(&self) -> Option<Money> {
        self.derivation.rule.minimum_margin.map(|margin| self.money(margin))
    }

    /// Last digits of each price per minute, such as "0.09"; null if prices are not rounded to an ending.
    fn price_ending(&self) -> Option<Decimal> {
        self.derivation.rule.price_ending.map(Decimal)
    }

    /// Each price per minute is a multiple of this amount; null if prices are not rounded to a step.
    fn price_step(&self) -> Option<Decimal> {
        self.derivation.rule.price_step.map(Decimal)
    }

    /// Whether derived versions take effect with their source. Otherwise, the versions stay drafts until they are activated.
    fn automatic(&self) -> bool {
        self.derivation.row.automatic
    }

    /// Why the tariff does not follow its source; null if it does, or if there has been no attempt yet. The server tries again every half minute.
    fn problem(&self) -> Option<UserError> {
        let failure = self.derivation.problem.as_ref()?;
        let (code, message) = (failure.code(), failure.message.clone().into());
        Some(UserError(error::UserError { code, message, field: Vec::new() }))
    }

    /// The first time at which the source has, or will have, prices that the derived tariff does not follow. Null if a derived version takes effect
    /// with each version of the source.
    async fn source_starts_first_at(
        &self,
        ctx: &Context<'_>,
    ) -> async_graphql::Result<Option<DateTime<Utc>>> {
        derived::source_starts_first(app(ctx), &self.derivation).boxed().await.map_err(top_level)
    }

    /// When the rule or the source last changed.
    fn updated_at(&self) -> DateTime<Utc> {
        self.derivation.row.updated_at
    }
}

/// The source of a derived tariff. Give either `tariffId` or `ownCost`.
#[derive(InputObject)]
pub struct TariffSourceInput {
    /// Another tariff of the account that owns the derived tariff.
    pub tariff_id: Option<ID>,
    /// Whether to derive from the prices that the account pays its parent.
    #[graphql(default)]
    pub own_cost: bool,
}

/// A tariff to derive, with its source and rule. Give either `tariffId` or `name`.
#[derive(InputObject)]
pub struct DeriveTariffInput {
    /// The tariff to derive. An earlier rule and source are replaced.
    pub tariff_id: Option<ID>,
    /// Name of a new tariff, which gets the currency, time zone, bands, holidays and rounding of its source.
    pub name: Option<String>,
    /// The source.
    pub source: TariffSourceInput,
    /// Percentage to add to each amount: prices, fees and minimum charges. At least -100; zero if omitted.
    pub percent: Option<Decimal>,
    /// Amount to add to each price per minute, after the percentage; may be negative; zero if omitted.
    pub addition: Option<Decimal>,
    /// Each price per minute exceeds the source's price by at least this amount. If this amount is given, fees and minimum charges are never below
    /// those of the source. No minimum if omitted.
    pub minimum_margin: Option<Decimal>,
    /// The digits with which each price per minute ends: the digits of this value, beginning with its first digit other than 0. Prices are rounded
    /// up: "0.09" turns 1.234 into 1.29, and "0.99" turns it into 1.99. Zeros at the end do not count: "0.10" and "0.1" both turn 1.234 into 2.1. For
    /// prices in whole cents, use `priceStep`. A price of 0 stays 0. Must be below 1000; no ending if omitted.
    pub price_ending: Option<Decimal>,
    /// Each price per minute is a multiple of this amount. Prices are rounded up: "0.01" turns 0.294 into 0.30, and "0.05" turns 1.21 into 1.25. Must
    /// be above 0 and below 1000; excludes `priceEnding`.
    pub price_step: Option<Decimal>,
    /// Whether derived versions take effect with their source. Otherwise, the versions stay drafts until they are activated.
    #[graphql(default)]
    pub automatic: bool,
    /// Makes the request safe to repeat: a repeated request with the same key and input derives no second tariff, and returns the first one. At most 100
    /// bytes; keys are kept for 400 days.
    pub idempotency_key: Option<String>,
}

impl DeriveTariffInput {
    fn read(self) -> Result<Derive> {
        let target = match (&self.tariff_id, self.name) {
            (Some(id), None) => Target::Tariff(Kind::Tariff.parse(id)?),
            (None, Some(name)) => Target::New(name),
            _ => return Err(Error::invalid("tariffId", "Give either `tariffId` or `name`.")),
        };
        let source = match (&self.source.tariff_id, self.source.own_cost) {
            (Some(id), false) => Source::Tariff(Kind::Tariff.parse(id)?),
            (None, true) => Source::OwnCost,
            _ => return Err(Error::invalid("source", "Give either `source.tariffId` or `source.ownCost`.")),
        };
        let amount = |amount: Option<Decimal>| amount.map_or(Micros::ZERO, |amount| amount.0);
        let rule = DerivationRule {
            percent: amount(self.percent),
            addition: amount(self.addition),
            minimum_margin: self.minimum_margin.map(|margin| margin.0),
            price_ending: self.price_ending.map(|ending| ending.0),
            price_step: self.price_step.map(|step| step.0),
        };
        Ok(Derive { target, source, rule, automatic: self.automatic })
    }
}

/// Selects the derived tariff that stops following its source.
#[derive(InputObject)]
pub struct StopDerivingTariffInput {
    /// The derived tariff.
    pub tariff_id: ID,
}

payload!(
    /// Result of `deriveTariff` and `stopDerivingTariff`.
    DeriveTariffPayload {
        /// The tariff after the change. The tariff's versions are derived within a few seconds.
        tariff: Tariff,
    }
);

/// The mutations that this file defines.
#[derive(Default)]
pub struct TariffDerivationMutation;

#[object(root = "Mutation")]
impl TariffDerivationMutation {
    /// Derives a tariff from another tariff of the account, or from the prices that the account itself pays. A version is derived from each version
    /// of the source that is active or scheduled, and again whenever the source gets a new version. With `automatic`, the derived version takes
    /// effect at the same instant as its source; otherwise, it stays a draft. Increments, free seconds and bands are those of the source. A chain of
    /// tariffs, in which each tariff is derived from the one before it, can have at most 5 derived tariffs.
    #[field(roles = MANAGERS, scope = TARIFFS_WRITE)]
    async fn derive_tariff(
        &self,
        ctx: &Context<'_>,
        input: DeriveTariffInput,
    ) -> async_graphql::Result<DeriveTariffPayload> {
        let done = async {
            let actor = keyed(ctx, input.idempotency_key.as_deref())?;
            derived::derive(app(ctx), &actor, input.read()?).await
        };
        let payload = |tariff| DeriveTariffPayload { tariff: Some(Tariff(tariff)), ..Default::default() };
        answer(done.await.map(payload))
    }

    /// Ends the derivation of a tariff. The tariff keeps its versions, including scheduled versions.
    #[field(roles = MANAGERS, scope = TARIFFS_WRITE)]
    async fn stop_deriving_tariff(
        &self,
        ctx: &Context<'_>,
        input: StopDerivingTariffInput,
    ) -> async_graphql::Result<DeriveTariffPayload> {
        let done = async {
            let id = Kind::Tariff.parse(&input.tariff_id)?;
            derived::stop(app(ctx), caller(ctx)?, id).await
        };
        let payload = |tariff| DeriveTariffPayload { tariff: Some(Tariff(tariff)), ..Default::default() };
        answer(done.await.map(payload))
    }
}
