//! Prices of calls in a callshop: the price list, and quotes for a number or destination.

use billing::money::Micros;
use billing::number::{DialPlan, Dialed, E164, format_international};
use billing::rating::{self, PricesAt, Pricing};
use billing::tariff::Rate;
use chrono::{DateTime, Utc};
use entity::{AccountKind, account, callshop, tariff};
use uuid::Uuid;

use super::access::{self, Shop};
use super::{App, rates};
use crate::auth::{Actor, Right};
use crate::rates::RateSearch;
use base::error::{Error, ErrorCode, OrFault as _, Result, UserError};
use base::message::Message;
use store::Listed;
use store::tariffs::{self, RatePage};

/// Maximum length of a destination in a search, in characters.
const MAX_SEARCH: usize = 100;

/// Maximum number of destinations that a quote offers.
const MAX_CANDIDATES: usize = 10;

/// One line of a callshop's price list.
#[derive(Clone, Debug)]
pub struct Price {
    /// The rate that customers pay.
    pub rate: Rate,
    /// ISO 4217 code.
    pub currency: String,
    /// Whether calls to this prefix are blocked.
    pub blocked: bool,
    /// Price per minute that the callshop pays; `None` if the actor lacks [`Right::SeeCost`], or if the cost tariff has no rate.
    pub cost_per_minute: Option<Micros>,
}

/// Lists a callshop's current customer prices, sorted by prefix. The list is empty if no prices are in force.
///
/// # Errors
/// Fails with `NOT_FOUND`.
pub async fn price_list(
    app: &App,
    actor: &Actor,
    callshop_id: Uuid,
    search: &RateSearch,
    page: RatePage,
) -> Result<Listed<Price>> {
    let conn = app.store.reader();
    let shop = access::shop(conn, actor, callshop_id, Right::Quote).await?;
    let (Some(retail_id), cost_id) = (retail_tariff(&shop.account), shop.account.cost_tariff_id) else {
        return Ok(Listed::default());
    };
    let ids: Vec<Uuid> = [Some(retail_id), cost_id].into_iter().flatten().collect();
    let versions = tariffs::effective_versions(conn, &ids, app.clock.now()).await?;
    let Some((version_id, retail)) = versions.get(&retail_id) else { return Ok(Listed::default()) };
    let cost = match cost_id.and_then(|id| versions.get(&id)) {
        Some((version_id, _)) if actor.may(Right::SeeCost) => Some(app.rates.get(conn, *version_id).await?),
        _ => None,
    };
    let found = app.rates.search(conn, *version_id, search, page).await?;
    let price = |rate: Rate| {
        let bought = cost.as_ref().and_then(|cost| cost.table.find(&rate.prefix));
        Ok(Price {
            currency: retail.currency.clone(),
            blocked: is_blocked(&shop.settings, retail, &rate.prefix)?,
            cost_per_minute: bought.map(|rate| rate.price_per_minute),
            rate,
        })
    };
    Ok(Listed { total: found.total, rows: found.rows.into_iter().map(price).collect::<Result<_>>()? })
}

/// The tariff that sets the prices for a callshop's customers.
fn retail_tariff(callshop: &account::Model) -> Option<Uuid> {
    callshop.retail_tariff_id.or(callshop.cost_tariff_id)
}

fn is_blocked(shop: &callshop::Model, tariff: &tariff::Model, number: &str) -> Result<bool> {
    Ok(rates::is_blocked(&shop.blocked_prefixes, number)?
        || rates::is_blocked(&tariff.blocked_prefixes, number)?)
}

/// The target of a quote.
#[derive(Clone, Debug)]
pub enum Target {
    /// A number as dialed in the callshop.
    Number(String),
    /// A destination's name, or a part of it.
    Destination(String),
}

/// The price of a number or destination. Unknown fields are `None`.
#[derive(Clone, Debug, Default)]
pub struct Quote {
    /// The number in E.164 with its plus sign, or the short number.
    pub number: Option<String>,
    /// The number formatted for display.
    pub formatted_number: Option<String>,
    /// Name of the destination.
    pub destination: Option<String>,
    /// In a quote by destination, the names of the destinations that match, best first.
    pub candidates: Vec<String>,
    /// Whether the number is an emergency number, and therefore free.
    pub emergency: bool,
    /// ISO 4217 code.
    pub currency: String,
    /// The customer's price; `None` if calls to the number are free or refused.
    pub offer: Option<Offer>,
    /// Why a call would be refused.
    pub refusal: Option<UserError>,
}

/// The customer's price for a call that is answered now.
#[derive(Clone, Debug)]
pub struct Offer {
    /// The rate that matches.
    pub rate: Rate,
    /// The price per minute at this moment, which depends on time bands.
    pub price_per_minute: Micros,
    /// The price per minute of the initial increment at this moment; `None` if it is `price_per_minute`.
    pub initial_price: Option<Micros>,
    /// Connection fee of a call that is answered now.
    pub connection_fee: Micros,
    /// Seconds that the requested amount pays for, at most the callshop's maximum call length; `None` if no amount was given.
    pub seconds: Option<u32>,
    /// Current price per minute for the callshop; `None` if the actor lacks [`Right::SeeCost`].
    pub cost_per_minute: Option<Micros>,
}

/// Quotes the price of a call, and the number of seconds that `amount` pays for. If the call would be refused, [`Quote::refusal`] has the reason. A
/// problem with an account above the callshop is reported only as `SERVICE_UNAVAILABLE`.
///
/// # Errors
/// Fails with `INVALID_INPUT` for a negative amount, or a destination that is empty or too long. May also fail with `NOT_FOUND`.
pub async fn quote(
    app: &App,
    actor: &Actor,
    callshop_id: Uuid,
    target: Target,
    amount: Option<Micros>,
) -> Result<Quote> {
    let shop = access::shop(app.store.reader(), actor, callshop_id, Right::Quote).await?;
    if amount.is_some_and(Micros::is_negative) {
        return Err(Error::invalid("amount", "`amount` must not be negative."));
    }
    let quote = Quote { currency: shop.account.currency.clone(), ..Quote::default() };
    match target {
        Target::Number(dialed) => of_number(app, actor, &shop, quote, &dialed, amount).await,
        Target::Destination(name) => of_destination(app, actor, &shop, quote, name.trim(), amount).await,
    }
}

async fn of_number(
    app: &App,
    actor: &Actor,
    shop: &Shop,
    quote: Quote,
    dialed: &str,
    amount: Option<Micros>,
) -> Result<Quote> {
    let plan: DialPlan = serde_json::from_value(shop.settings.dial_plan.clone()).or_fault()?;
    match plan.normalize(dialed) {
        Err(error) => Ok(refused(quote, ErrorCode::NumberInvalid, error.to_string())),
        Ok(Dialed::Emergency { number }) => {
            let (destination, formatted) = (Some("Emergency".to_owned()), Some(number.clone()));
            Ok(Quote {
                number: Some(number),
                formatted_number: formatted,
                destination,
                emergency: true,
                ..quote
            })
        }
        // short numbers have no prices, so the prefixes of a tariff must not match them (190 is not +1 90…)
        Ok(Dialed::Short { number, name }) => {
            let formatted = Some(number.clone());
            let quote =
                Quote { number: Some(number), formatted_number: formatted, destination: Some(name), ..quote };
            Ok(refused(quote, ErrorCode::DestinationNotRated, "This number has no price."))
        }
        Ok(Dialed::Number { e164, .. }) => {
            let quote =
                Quote { number: Some(e164.to_string()), formatted_number: Some(formatted(&e164)), ..quote };
            priced(app, actor, shop, quote, e164.as_str(), amount).await
        }
    }
}

fn formatted(number: &E164) -> String {
    format_international(number)
}

async fn of_destination(
    app: &App,
    actor: &Actor,
    shop: &Shop,
    quote: Quote,
    name: &str,
    amount: Option<Micros>,
) -> Result<Quote> {
    if name.is_empty() || name.chars().count() > MAX_SEARCH {
        return Err(Error::invalid(
            "destination",
            base::message!("`destination` must have 1 to {max} characters.", max = MAX_SEARCH),
        ));
    }
    let conn = app.store.reader();
    let unknown = |quote| {
        Ok(refused(quote, ErrorCode::DestinationNotRated, "No destination with this name has a price."))
    };
    let Some(tariff_id) = retail_tariff(&shop.account) else { return unknown(quote) };
    let versions = tariffs::effective_versions(conn, &[tariff_id], app.clock.now()).await?;
    let Some((version_id, _)) = versions.get(&tariff_id) else { return unknown(quote) };
    let found = app.rates.by_destination(conn, *version_id, name, MAX_CANDIDATES).await?;
    let quote = Quote { candidates: found.iter().map(|rate| rate.destination.clone()).collect(), ..quote };
    match found.first() {
        Some(rate) => priced(app, actor, shop, quote, &rate.prefix, amount).await,
        None => unknown(quote),
    }
}

/// Quotes the price of `number` (E.164 digits, or a prefix), if every account of the chain has a rate for the number.
async fn priced(
    app: &App,
    actor: &Actor,
    shop: &Shop,
    quote: Quote,
    number: &str,
    amount: Option<Micros>,
) -> Result<Quote> {
    let conn = app.store.reader();
    let now = app.clock.now();
    if rates::is_blocked(&shop.settings.blocked_prefixes, number)? {
        return Ok(refused(quote, ErrorCode::DestinationBlocked, "Calls to this destination are blocked."));
    }
    let above = access::chain(conn, &shop.account).await?;
    let payers = above
        .iter()
        .filter(|account| account.kind != AccountKind::Platform)
        .map(|account| account.cost_tariff_id);
    let tariff_ids: Vec<Option<Uuid>> = std::iter::once(retail_tariff(&shop.account)).chain(payers).collect();
    let known: Vec<Uuid> = tariff_ids.iter().copied().flatten().collect();
    let versions = tariffs::effective_versions(conn, &known, now).await?;
    let mut levels = Vec::with_capacity(tariff_ids.len());
    for (level, tariff_id) in tariff_ids.into_iter().enumerate() {
        let found = match tariff_id.and_then(|id| versions.get(&id)) {
            Some((version_id, tariff)) => match_at(app, *version_id, tariff, number).await?,
            None => Match::Unrated,
        };
        match found {
            Match::Rated(pricing) => levels.push(pricing),
            // the callshop may see the customer's price and its own cost, but nothing about the accounts above
            _ if level > 1 => {
                return Ok(refused(
                    quote,
                    ErrorCode::ServiceUnavailable,
                    "Calls to this destination are not available now.",
                ));
            }
            Match::Unrated => {
                return Ok(refused(
                    quote,
                    ErrorCode::DestinationNotRated,
                    "Calls to this destination have no price.",
                ));
            }
            Match::Blocked => {
                return Ok(refused(
                    quote,
                    ErrorCode::DestinationBlocked,
                    "Calls to this destination are blocked.",
                ));
            }
        }
    }
    let mut levels = levels.into_iter();
    let (Some(retail), cost) = (levels.next(), levels.next()) else {
        return Err(Error::fault("the quote has no levels"));
    };
    let cost = cost.filter(|_| actor.may(Right::SeeCost));
    let offer = offer(app, shop, retail, cost, amount, now)?;
    Ok(Quote { destination: Some(offer.rate.destination.clone()), offer: Some(offer), ..quote })
}

enum Match {
    Rated(Box<Pricing>),
    Unrated,
    Blocked,
}

async fn match_at(app: &App, version_id: Uuid, tariff: &tariff::Model, number: &str) -> Result<Match> {
    if rates::is_blocked(&tariff.blocked_prefixes, number)? {
        return Ok(Match::Blocked);
    }
    let loaded = app.rates.get(app.store.reader(), version_id).await?;
    match loaded.table.find(number) {
        Some(rate) => Ok(Match::Rated(Box::new(rates::pricing(&loaded.terms, rate)))),
        None => Ok(Match::Unrated),
    }
}

fn offer(
    app: &App,
    shop: &Shop,
    retail: Box<Pricing>,
    cost: Option<Box<Pricing>>,
    amount: Option<Micros>,
    now: DateTime<Utc>,
) -> Result<Offer> {
    let cap = u32::try_from(shop.settings.max_call_seconds).or_fault()?;
    // assume that the call is answered at the most expensive moment of the ring time, as the server does for a prepaid call
    let lasts = |amount| rating::covered_seconds(&retail, now, app.config.calls.ring_seconds, amount, cap);
    let seconds = amount.map(lasts);
    let PricesAt { connection_fee, initial_price, price_per_minute } = rating::prices_at(&retail, now);
    let cost_per_minute = cost.map(|cost| rating::prices_at(&cost, now).price_per_minute);
    Ok(Offer { price_per_minute, initial_price, connection_fee, seconds, cost_per_minute, rate: retail.rate })
}

fn refused(quote: Quote, code: ErrorCode, message: impl Into<Message>) -> Quote {
    Quote { refusal: Some(UserError { code, message: message.into(), field: Vec::new() }), ..quote }
}
