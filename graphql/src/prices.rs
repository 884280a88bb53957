//! What a callshop's customers pay: the price list, and the price of one number.

use async_graphql::{Context, ID, Object};
use billing::money::Micros;

use super::paging::{Page, Paging};
use super::payload::{UserError, top_level};
use super::roles::{BACK_OFFICE, Rule, SIGNED_IN};
use super::scalars::{Decimal, Kind, Money};
use super::tariffs::{BandPriceView, RateSearchInput, band_prices, by_prefix};
use super::{actor, app, caller};
use app::accounts;
use app::prices::{self, Price, Quote, Target};
use base::error::Error;

/// Who sees what of this file.
pub const RULES: &[Rule] = &[
    ("Query.priceList", SIGNED_IN),
    ("Query.quote", SIGNED_IN),
    ("Price.costPerMinute", BACK_OFFICE),
    ("Quote.costPerMinute", BACK_OFFICE),
];

/// One line of a callshop's price list.
pub struct PriceView(Price);

#[Object(name = "Price")]
impl PriceView {
    /// E.164 digits; the longest prefix of a number wins.
    async fn prefix(&self) -> &str {
        &self.0.rate.prefix
    }

    /// For people.
    async fn destination(&self) -> &str {
        &self.0.rate.destination
    }

    /// What a customer pays for sixty seconds, outside the bands below.
    async fn price_per_minute(&self) -> Money {
        Money::new(self.0.rate.price_per_minute, &self.0.currency)
    }

    /// Charged once per answered call.
    async fn connection_fee(&self) -> Money {
        Money::new(self.0.rate.connection_fee, &self.0.currency)
    }

    /// Seconds billed at least.
    async fn initial_increment(&self) -> u32 {
        self.0.rate.initial_increment
    }

    /// Seconds of each further step.
    async fn increment(&self) -> u32 {
        self.0.rate.increment
    }

    /// What an answered call costs at least.
    async fn minimum_charge(&self) -> Money {
        Money::new(self.0.rate.minimum_charge, &self.0.currency)
    }

    /// Calls shorter than this cost nothing.
    async fn free_seconds(&self) -> u32 {
        self.0.rate.free_seconds
    }

    /// Prices within time bands.
    async fn band_prices(&self) -> Vec<BandPriceView> {
        band_prices(&self.0.rate, &self.0.currency)
    }

    /// Whether calls there are refused, whatever the price.
    async fn blocked(&self) -> bool {
        self.0.blocked
    }

    /// What the callshop pays for sixty seconds, outside bands; null where it cannot buy.
    async fn cost_per_minute(&self) -> Option<Money> {
        self.0.cost_per_minute.map(|cost| Money::new(cost, &self.0.currency))
    }
}

/// What a call costs a customer now, and how long an amount lasts.
pub struct QuoteView(Quote);

impl QuoteView {
    fn money(&self, amount: impl Fn(&prices::Offer) -> Micros) -> Option<Money> {
        self.0.offer.as_ref().map(|offer| Money::new(amount(offer), &self.0.currency))
    }
}

#[Object(name = "Quote")]
impl QuoteView {
    /// The number in E.164, or a short number; null for a destination and for what is no number.
    async fn number(&self) -> Option<&str> {
        self.0.number.as_deref()
    }

    /// The number as people write it.
    async fn formatted_number(&self) -> Option<&str> {
        self.0.formatted_number.as_deref()
    }

    /// Where it is.
    async fn destination(&self) -> Option<&str> {
        self.0.destination.as_deref()
    }

    /// Digits of the rate that matches.
    async fn prefix(&self) -> Option<&str> {
        self.0.offer.as_ref().map(|offer| offer.rate.prefix.as_str())
    }

    /// An emergency number: it costs nothing.
    async fn emergency(&self) -> bool {
        self.0.emergency
    }

    /// Price of sixty seconds now.
    async fn price_per_minute(&self) -> Option<Money> {
        self.money(|offer| offer.price_per_minute)
    }

    /// Fee of a call that is answered now.
    async fn connection_fee(&self) -> Option<Money> {
        self.money(|offer| offer.connection_fee)
    }

    /// What an answered call costs at least.
    async fn minimum_charge(&self) -> Option<Money> {
        self.money(|offer| offer.rate.minimum_charge)
    }

    /// Seconds billed at least.
    async fn initial_increment(&self) -> Option<u32> {
        self.0.offer.as_ref().map(|offer| offer.rate.initial_increment)
    }

    /// Seconds of each further step.
    async fn increment(&self) -> Option<u32> {
        self.0.offer.as_ref().map(|offer| offer.rate.increment)
    }

    /// Calls shorter than this cost nothing.
    async fn free_seconds(&self) -> Option<u32> {
        self.0.offer.as_ref().map(|offer| offer.rate.free_seconds)
    }

    /// Prices within time bands.
    async fn band_prices(&self) -> Vec<BandPriceView> {
        self.0.offer.as_ref().map(|offer| band_prices(&offer.rate, &self.0.currency)).unwrap_or_default()
    }

    /// Seconds of talk that the amount lasts, at most the callshop's longest call; null without an amount.
    async fn seconds(&self) -> Option<u32> {
        self.0.offer.as_ref().and_then(|offer| offer.seconds)
    }

    /// What the callshop pays for sixty seconds now.
    async fn cost_per_minute(&self) -> Option<Money> {
        let cost = self.0.offer.as_ref()?.cost_per_minute?;
        Some(Money::new(cost, &self.0.currency))
    }

    /// Why such a call would be refused; empty when it would not.
    async fn user_errors(&self) -> Vec<UserError> {
        let refusal = self.0.refusal.iter().cloned();
        refusal
            .map(|error| UserError { code: error.code.into(), message: error.message, field: error.field })
            .collect()
    }
}

/// Queries of this file.
#[derive(Default)]
pub struct PriceQuery;

#[Object]
impl PriceQuery {
    /// What the customers of a callshop pay now, in the order of the prefixes; empty while no prices are in force.
    #[allow(clippy::too_many_arguments, reason = "the arguments of a connection, and two more")]
    async fn price_list(
        &self,
        ctx: &Context<'_>,
        callshop_id: ID,
        #[graphql(desc = "Which prices; all when left out.")] search: Option<RateSearchInput>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
    ) -> async_graphql::Result<Page<PriceView>> {
        let (app, actor) = (app(ctx), actor(ctx)?);
        let id = Kind::Callshop.parse(&callshop_id).map_err(top_level)?;
        let shop = accounts::find_shop(app, actor, id).await.map_err(top_level)?;
        let plan = serde_json::from_value(shop.settings.dial_plan)
            .map_err(|error| top_level(Error::fault(error)))?;
        let search = search.unwrap_or_default().into_search(&plan).map_err(top_level)?;
        let read = |page| prices::price_list(app, actor, id, &search, page);
        by_prefix(
            Paging { first, after, last, before },
            read,
            |price: &Price| price.rate.prefix.as_str(),
            PriceView,
        )
        .await
    }

    /// What a call from a callshop costs a customer now, and how long an amount lasts. A call that would be refused says so in `userErrors`.
    async fn quote(
        &self,
        ctx: &Context<'_>,
        callshop_id: ID,
        #[graphql(desc = "A number as it would be dialled there; give this or `destination`.")]
        number: Option<String>,
        #[graphql(desc = "A destination by its name or a part of it; give this or `number`.")]
        destination: Option<String>,
        #[graphql(desc = "What the customer has, in the callshop's currency.")] amount: Option<Decimal>,
    ) -> async_graphql::Result<QuoteView> {
        let quoted = async {
            let target = match (number, destination) {
                (Some(number), None) => Target::Number(number),
                (None, Some(destination)) => Target::Destination(destination),
                _ => return Err(Error::invalid("number", "give exactly one of number and destination")),
            };
            let amount = amount.map(|amount| amount.0);
            prices::quote(app(ctx), caller(ctx)?, Kind::Callshop.parse(&callshop_id)?, target, amount).await
        };
        quoted.await.map(QuoteView).map_err(top_level)
    }
}
