//! Rates, rate search, and pages of rates.

use async_graphql::{Context, InputObject, OutputType, SimpleObject};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use billing::country::country_of;
use billing::number::DialPlan;
use billing::tariff::{BandPrice, MAX_DESTINATION_CHARS, MAX_PREFIX_DIGITS, Rate};
use graphql_macros::object;

use crate::paging::{Page, Paging, around, assemble, is_counted, size};
use crate::payload::top_level;
use crate::scalars::Money;
use crate::{actor, app};
use app::access;
use app::rates::RateSearch;
use app::tariffs::{self, Version};
use base::error::{Error, ErrorCode, Result};
use base::message::Message;
use store::Listed;
use store::tariffs::{RateFilter, RatePage};

/// The price of one prefix in one tariff version.
#[derive(async_graphql::Description)]
pub struct RateView {
    pub(super) rate: Rate,
    pub(super) currency: String,
}

#[object(name = "Rate")]
impl RateView {
    /// E.164 digits without "+". A number is priced by its longest matching prefix.
    fn prefix(&self) -> &str {
        &self.rate.prefix
    }

    /// Country of the prefix, ISO 3166-1 alpha-2; null if the prefix belongs to no single country, as with a satellite network or "1" without an area
    /// code.
    fn country_code(&self) -> Option<&str> {
        country_of(&self.rate.prefix)
    }

    /// Destination name.
    fn destination(&self) -> &str {
        &self.rate.destination
    }

    /// Price of 60 seconds, outside the time bands in `bandPrices`.
    fn price_per_minute(&self) -> Money {
        Money::new(self.rate.price_per_minute, &self.currency)
    }

    /// Price of 60 seconds that applies to the initial increment, outside the time bands; null if `pricePerMinute` applies from the beginning.
    fn initial_price(&self) -> Option<Money> {
        self.rate.initial_price.map(|price| Money::new(price, &self.currency))
    }

    /// Fee that is charged once per answered call.
    fn connection_fee(&self) -> Money {
        Money::new(self.rate.connection_fee, &self.currency)
    }

    /// Minimum number of seconds billed.
    fn initial_increment(&self) -> u32 {
        self.rate.initial_increment
    }

    /// Size in seconds of each billing step after the initial increment.
    fn increment(&self) -> u32 {
        self.rate.increment
    }

    /// Minimum charge of an answered call.
    fn minimum_charge(&self) -> Money {
        Money::new(self.rate.minimum_charge, &self.currency)
    }

    /// Calls shorter than this many seconds are free.
    fn free_seconds(&self) -> u32 {
        self.rate.free_seconds
    }

    /// Prices within the tariff's time bands.
    #[field(length = 10)]
    fn band_prices(&self) -> Vec<BandPriceView> {
        band_prices(&self.rate, &self.currency)
    }
}

/// The price within one time band.
#[object]
#[derive(SimpleObject)]
#[graphql(name = "BandPrice")]
pub struct BandPriceView {
    /// Name of the band.
    pub band: String,
    /// Price of 60 seconds.
    pub price_per_minute: Money,
    /// Price of 60 seconds for the seconds of the initial increment that are in the band; null if `pricePerMinute` applies from the beginning.
    pub initial_price: Option<Money>,
    /// Connection fee of a call that is answered in the band; null if the rate's own fee applies.
    pub connection_fee: Option<Money>,
}

pub(crate) fn band_prices(rate: &Rate, currency: &str) -> Vec<BandPriceView> {
    let view = |(band, price): (&String, &BandPrice)| BandPriceView {
        band: band.clone(),
        price_per_minute: Money::new(price.price_per_minute, currency),
        initial_price: price.initial_price.map(|price| Money::new(price, currency)),
        connection_fee: price.connection_fee.map(|fee| Money::new(fee, currency)),
    };
    rate.band_prices.iter().map(view).collect()
}

/// Filter of rates; all given conditions must match.
#[derive(Default, InputObject)]
pub struct RateSearchInput {
    /// Rates whose prefix begins with these digits.
    pub prefix: Option<String>,
    /// Rates whose prefix matches the start of this number, given in E.164 or as dialed in the account's country. A call is charged by the rate
    /// with the longest prefix.
    pub number: Option<String>,
    /// Rates whose destination contains this text, or is in a country with this name in English, Portuguese or Spanish. Case and accents are ignored.
    pub destination: Option<String>,
}

impl RateSearchInput {
    /// Validates the search. The number is interpreted according to `plan`.
    pub(crate) fn into_search(self, plan: &DialPlan) -> Result<RateSearch> {
        let digits = |text: &String| {
            (1..=MAX_PREFIX_DIGITS).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
        };
        if !self.prefix.as_ref().is_none_or(digits) {
            return Err(Error::invalid(
                "search.prefix",
                base::message!("Must be 1 to {max} digits.", max = MAX_PREFIX_DIGITS),
            ));
        }
        if self
            .destination
            .as_ref()
            .is_some_and(|text| text.is_empty() || text.chars().count() > MAX_DESTINATION_CHARS)
        {
            return Err(Error::invalid(
                "search.destination",
                base::message!("Must be 1 to {max} characters.", max = MAX_DESTINATION_CHARS),
            ));
        }
        let number = match self.number {
            Some(number) => Some(dialed_digits(plan, &number)?),
            None => None,
        };
        let filter = RateFilter { prefix: self.prefix, number };
        Ok(RateSearch { filter, destination: self.destination })
    }
}

fn dialed_digits(plan: &DialPlan, number: &str) -> Result<String> {
    use billing::number::Dialed;
    let bad = |message: Message| Error::field(ErrorCode::NumberInvalid, "search.number", message);
    match plan.normalize(number) {
        Ok(Dialed::Number { e164, .. }) => Ok(e164.into()),
        Ok(Dialed::Emergency { .. } | Dialed::Short { .. }) => {
            Err(bad("Short numbers have no rates. Enter a full number.".into()))
        }
        Err(error) => Err(bad(error.to_string().into())),
    }
}

/// A connection over rows ordered by prefix; the cursor is the prefix.
pub(crate) async fn by_prefix<M, N, Fut>(
    ctx: &Context<'_>,
    paging: Paging,
    read: impl FnOnce(RatePage) -> Fut,
    prefix: impl Fn(&M) -> &str,
    node: impl Fn(M) -> N,
) -> async_graphql::Result<Page<N>>
where
    Fut: Future<Output = Result<Listed<M>>>,
    N: OutputType,
{
    let (size, backwards) = size(&paging).map_err(top_level)?;
    let (after, before) = around(&paging, prefix_cursor).map_err(top_level)?;
    let given = (after.is_some(), before.is_some());
    let page = RatePage { after, before, limit: size + 1, descending: backwards, counted: is_counted(ctx) };
    let rows = read(page).await.map_err(top_level)?;
    let cursor = |row: &M| URL_SAFE_NO_PAD.encode(prefix(row));
    Ok(assemble(rows, (size, backwards), given, cursor, node))
}

fn prefix_cursor(text: &str) -> Option<String> {
    let prefix = String::from_utf8(URL_SAFE_NO_PAD.decode(text).ok()?).ok()?;
    let good = |prefix: &String| {
        prefix.len() <= MAX_PREFIX_DIGITS && prefix.bytes().all(|byte| byte.is_ascii_digit())
    };
    Some(prefix).filter(good)
}

pub(super) async fn version_rates(
    ctx: &Context<'_>,
    version: &Version,
    search: Option<RateSearchInput>,
    paging: Paging,
) -> async_graphql::Result<Page<RateView>> {
    let (app, actor) = (app(ctx), actor(ctx)?);
    let owner = access::by_id(app.store.reader(), version.tariff.account_id).await.map_err(top_level)?;
    let plan = DialPlan::for_country(&owner.country);
    let search = search.unwrap_or_default().into_search(&plan).map_err(top_level)?;
    let read = |page| tariffs::version_rates(app, actor, version.version.id, &search, page);
    let currency = &version.tariff.currency;
    by_prefix(
        ctx,
        paging,
        read,
        |rate: &Rate| rate.prefix.as_str(),
        |rate| RateView { rate, currency: currency.clone() },
    )
    .await
}
