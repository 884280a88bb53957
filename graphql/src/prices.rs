//! Prices for a callshop's customers: the price list, and quotes for one number.

use async_graphql::{Context, ID};
use billing::country::{country_of, country_of_number};
use billing::money::Micros;
use chrono::{DateTime, Utc};
use graphql_macros::object;

use super::paging::{Page, Paging};
use super::payload::{UserError, top_level};
use super::roles::{BACK_OFFICE, SIGNED_IN};
use super::scalars::{Decimal, Kind, Money};
use super::tariffs::{BandPriceView, RateSearchInput, band_prices, by_prefix};
use super::{actor, app, caller};
use app::accounts;
use app::prices::{self, Price, Question, Quote, Target};
use base::error::Error;

/// One line of a callshop's price list.
#[derive(async_graphql::Description)]
pub struct PriceView(Price);

#[object(name = "Price")]
impl PriceView {
    /// E.164 digits without "+". A number is priced by its longest matching prefix.
    fn prefix(&self) -> &str {
        &self.0.rate.prefix
    }

    /// Country of the prefix, ISO 3166-1 alpha-2; null if the prefix does not belong to a single country, as with a satellite network or "1" without
    /// an area code.
    fn country_code(&self) -> Option<&str> {
        country_of(&self.0.rate.prefix)
    }

    /// Display name.
    fn destination(&self) -> &str {
        &self.0.rate.destination
    }

    /// Customer's price for 60 seconds, outside the time bands in `bandPrices`.
    fn price_per_minute(&self) -> Money {
        Money::new(self.0.rate.price_per_minute, &self.0.currency)
    }

    /// Customer's price for 60 seconds of the initial increment, outside the time bands; null if `pricePerMinute` applies from the beginning.
    fn initial_price(&self) -> Option<Money> {
        self.0.rate.initial_price.map(|price| Money::new(price, &self.0.currency))
    }

    /// Fee that is charged once per answered call.
    fn connection_fee(&self) -> Money {
        Money::new(self.0.rate.connection_fee, &self.0.currency)
    }

    /// Minimum number of seconds billed.
    fn initial_increment(&self) -> u32 {
        self.0.rate.initial_increment
    }

    /// Size in seconds of each billing step after the initial increment.
    fn increment(&self) -> u32 {
        self.0.rate.increment
    }

    /// Minimum charge of an answered call.
    fn minimum_charge(&self) -> Money {
        Money::new(self.0.rate.minimum_charge, &self.0.currency)
    }

    /// Calls shorter than this many seconds are free.
    fn free_seconds(&self) -> u32 {
        self.0.rate.free_seconds
    }

    /// Prices within time bands.
    #[field(length = 10)]
    fn band_prices(&self) -> Vec<BandPriceView> {
        band_prices(&self.0.rate, &self.0.currency)
    }

    /// Whether calls with this prefix are blocked.
    fn blocked(&self) -> bool {
        self.0.blocked
    }

    /// The callshop's cost for 60 seconds, outside time bands; null if the callshop has no rate for the prefix. Hidden from attendants.
    #[field(roles = BACK_OFFICE)]
    fn cost_per_minute(&self) -> Option<Money> {
        self.0.cost_per_minute.map(|cost| Money::new(cost, &self.0.currency))
    }
}

/// The customer's price for a call that is answered at the requested time (now, unless `at` is given), and the talk time that a given amount pays
/// for.
#[derive(async_graphql::Description)]
pub struct QuoteView(Quote);

impl QuoteView {
    fn money(&self, amount: impl Fn(&prices::Offer) -> Micros) -> Option<Money> {
        self.0.offer.as_ref().map(|offer| Money::new(amount(offer), &self.0.currency))
    }
}

#[object(name = "Quote")]
impl QuoteView {
    /// The number in E.164 with "+", or the short number; null for a quote by destination and for text that is not a number.
    fn number(&self) -> Option<&str> {
        self.0.number.as_deref()
    }

    /// `number` with spaces for display.
    fn formatted_number(&self) -> Option<&str> {
        self.0.formatted_number.as_deref()
    }

    /// Country of the number, or of the matching prefix in a quote by destination, ISO 3166-1 alpha-2. Null if the number cannot be assigned to a
    /// single country, as with satellite phones and short numbers.
    fn country_code(&self) -> Option<&str> {
        match (&self.0.number, &self.0.offer) {
            (Some(number), _) => country_of_number(number.strip_prefix('+')?),
            (None, offer) => country_of(&offer.as_ref()?.rate.prefix),
        }
    }

    /// Destination name of the matching rate; null if no rate matches.
    fn destination(&self) -> Option<&str> {
        self.0.destination.as_deref()
    }

    /// In a quote by destination, the names of the destinations that match, best first, at most 10. The quote is for the first of these destinations.
    /// Empty in a quote for a number.
    fn candidates(&self) -> &[String] {
        &self.0.candidates
    }

    /// Prefix of the matching rate; null if no rate matches.
    fn prefix(&self) -> Option<&str> {
        self.0.offer.as_ref().map(|offer| offer.rate.prefix.as_str())
    }

    /// Whether the number is an emergency number, and therefore free.
    fn emergency(&self) -> bool {
        self.0.emergency
    }

    /// Customer's price for 60 seconds at the requested time; null if no rate matches.
    fn price_per_minute(&self) -> Option<Money> {
        self.money(|offer| offer.price_per_minute)
    }

    /// Customer's price for 60 seconds of the initial increment at the requested time; null if `pricePerMinute` applies from the beginning, or if no
    /// rate matches.
    fn initial_price(&self) -> Option<Money> {
        let price = self.0.offer.as_ref()?.initial_price?;
        Some(Money::new(price, &self.0.currency))
    }

    /// Connection fee of a call that is answered at the requested time; null if no rate matches.
    fn connection_fee(&self) -> Option<Money> {
        self.money(|offer| offer.connection_fee)
    }

    /// Minimum charge of an answered call; null if no rate matches.
    fn minimum_charge(&self) -> Option<Money> {
        self.money(|offer| offer.rate.minimum_charge)
    }

    /// Minimum number of seconds billed; null if no rate matches.
    fn initial_increment(&self) -> Option<u32> {
        self.0.offer.as_ref().map(|offer| offer.rate.initial_increment)
    }

    /// Size in seconds of each billing step after the initial increment; null if no rate matches.
    fn increment(&self) -> Option<u32> {
        self.0.offer.as_ref().map(|offer| offer.rate.increment)
    }

    /// Calls shorter than this many seconds are free; null if no rate matches.
    fn free_seconds(&self) -> Option<u32> {
        self.0.offer.as_ref().map(|offer| offer.rate.free_seconds)
    }

    /// Prices within time bands.
    #[field(length = 10)]
    fn band_prices(&self) -> Vec<BandPriceView> {
        self.0.offer.as_ref().map(|offer| band_prices(&offer.rate, &self.0.currency)).unwrap_or_default()
    }

    /// Talk time in seconds that `amount` pays for, at most the callshop's `maxCallSeconds`; null if no amount is given.
    fn seconds(&self) -> Option<u32> {
        self.0.offer.as_ref().and_then(|offer| offer.seconds)
    }

    /// The callshop's cost for 60 seconds at the requested time; null if no rate matches. Hidden from attendants.
    #[field(roles = BACK_OFFICE)]
    fn cost_per_minute(&self) -> Option<Money> {
        let cost = self.0.offer.as_ref()?.cost_per_minute?;
        Some(Money::new(cost, &self.0.currency))
    }

    /// Reasons why the call would be refused; empty if it would be allowed.
    fn user_errors(&self) -> Vec<UserError> {
        self.0.refusal.iter().cloned().map(UserError).collect()
    }
}

/// The fields of `Query` for prices and quotes.
#[derive(Default)]
pub struct PriceQuery;

#[object(root = "Query")]
impl PriceQuery {
    /// A callshop's current prices for customers, ordered by prefix; empty while no tariff version is active.
    #[field(roles = SIGNED_IN, scope = TARIFFS_READ)]
    async fn price_list(
        &self,
        ctx: &Context<'_>,
        callshop_id: ID,
        #[graphql(desc = "Filter; all prices if omitted.")] search: Option<RateSearchInput>,
        paging: Paging,
    ) -> async_graphql::Result<Page<PriceView>> {
        let (app, actor) = (app(ctx), actor(ctx)?);
        let id = Kind::Callshop.parse(&callshop_id).map_err(top_level)?;
        let shop = accounts::find_shop(app, actor, id).await.map_err(top_level)?;
        let plan = serde_json::from_value(shop.settings.dial_plan)
            .map_err(|error| top_level(Error::fault(error)))?;
        let search = search.unwrap_or_default().into_search(&plan).map_err(top_level)?;
        let read = |page| prices::price_list(app, actor, id, &search, page);
        by_prefix(ctx, paging, read, |price: &Price| price.rate.prefix.as_str(), PriceView).await
    }

    /// Price of a call made from a callshop, now or at another time, and the talk time that an amount pays for. If the call would be refused,
    /// `userErrors` says why.
    #[field(roles = SIGNED_IN, scope = TARIFFS_READ)]
    #[allow(clippy::too_many_arguments, reason = "the arguments of the field")]
    async fn quote(
        &self,
        ctx: &Context<'_>,
        callshop_id: ID,
        #[graphql(desc = "Number as it is dialed in the callshop. Give either `number` or `destination`.")]
        number: Option<String>,
        #[graphql(
            desc = "A destination name or a part of it, or a country's name in English, Portuguese or Spanish, without regard to accents and case. Give \
                    either `destination` or `number`."
        )]
        destination: Option<String>,
        #[graphql(desc = "Customer's budget, in the callshop's currency.")] amount: Option<Decimal>,
        #[graphql(
            desc = "When the call is answered; now if omitted. The quote uses the prices at that time, according to the time bands and the versions \
                    that are already scheduled."
        )]
        at: Option<DateTime<Utc>>,
        #[graphql(
            desc = "The version whose prices to quote, even if it is a draft or has not taken effect yet. It must belong to the tariff that sets the \
                    customers' prices, and the caller must be allowed to read the tariff's drafts."
        )]
        version_id: Option<ID>,
    ) -> async_graphql::Result<QuoteView> {
        let quoted = async {
            let target = match (number, destination) {
                (Some(number), None) => Target::Number(number),
                (None, Some(destination)) => Target::Destination(destination),
                _ => return Err(Error::invalid("number", "Give exactly one of `number` and `destination`.")),
            };
            let version_id = version_id.map(|id| Kind::TariffVersion.parse(&id)).transpose()?;
            let question = Question { target, amount: amount.map(|amount| amount.0), at, version_id };
            prices::quote(app(ctx), caller(ctx)?, Kind::Callshop.parse(&callshop_id)?, question).await
        };
        quoted.await.map(QuoteView).map_err(top_level)
    }
}
