//! Prices of calls in a callshop: the price list, and quotes for a number or destination.

use std::collections::HashMap;
use std::sync::Arc;

use billing::money::Micros;
use billing::number::{DialPlan, Dialed, E164, format_international};
use billing::rating::{self, PricesAt, Pricing};
use billing::tariff::Rate;
use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use entity::{AccountKind, account, callshop, tariff};
use uuid::Uuid;

use super::access::{self, Shop};
use super::{App, rates};
use crate::auth::{Actor, Right};
use crate::rates::{LoadedVersion, RateSearch};
use crate::tariffs::find_version;
use base::error::{Error, ErrorCode, OrFault as _, Result, UserError};
use base::message::Message;
use store::tariffs::{self, RatePage};
use store::{Listed, parse_stored};

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
    /// Price per minute that the callshop pays; `None` if the actor lacks [`Right::SeeCost`], or if the cost tariff has no rate for the prefix.
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
    match in_force(app, actor, callshop_id).await? {
        Some(prices) => prices.page(app, search, page).await,
        None => Ok(Listed::default()),
    }
}

/// The prices in force for a callshop's customers at one moment.
pub(crate) struct Prices {
    shop: Shop,
    tariff: tariff::Model,
    version_id: Uuid,
    /// The version that sets the callshop's own costs; `None` if none is in force or the actor lacks [`Right::SeeCost`].
    cost: Option<Arc<LoadedVersion>>,
    /// Names of the version's time bands.
    pub(crate) bands: Vec<String>,
    /// Time zone of the callshop.
    pub(crate) zone: Tz,
}

/// The prices that are now in force for a callshop's customers; `None` if there are none.
///
/// # Errors
/// Fails with `NOT_FOUND`.
pub(crate) async fn in_force(app: &App, actor: &Actor, callshop_id: Uuid) -> Result<Option<Prices>> {
    let conn = app.store.reader();
    let shop = access::shop(conn, actor, callshop_id, Right::Quote).await?;
    let (Some(retail_id), cost_id) = (retail_tariff(&shop.account), shop.account.cost_tariff_id) else {
        return Ok(None);
    };
    let ids: Vec<Uuid> = [Some(retail_id), cost_id].into_iter().flatten().collect();
    let mut versions = tariffs::effective_versions(conn, &ids, app.clock.now()).await?;
    let cost = match cost_id.and_then(|id| versions.get(&id)) {
        Some((version_id, _)) if actor.may(Right::SeeCost) => Some(app.rates.get(conn, *version_id).await?),
        _ => None,
    };
    let Some((version_id, tariff)) = versions.remove(&retail_id) else { return Ok(None) };
    let loaded = app.rates.get(conn, version_id).await?;
    let bands = loaded.terms.bands.iter().map(|band| band.name.clone()).collect();
    let zone = parse_stored(&shop.account.time_zone, "time zone")?;
    Ok(Some(Prices { shop, tariff, version_id, cost, bands, zone }))
}

impl Prices {
    /// A page of the prices, sorted by prefix.
    ///
    /// # Errors
    /// May fail with database errors.
    pub(crate) async fn page(&self, app: &App, search: &RateSearch, page: RatePage) -> Result<Listed<Price>> {
        let found = app.rates.search(app.store.reader(), self.version_id, search, page).await?;
        let price = |rate: Rate| {
            let bought = self.cost.as_ref().and_then(|cost| cost.table.find(&rate.prefix));
            Ok(Price {
                currency: self.tariff.currency.clone(),
                blocked: is_blocked(&self.shop.settings, &self.tariff, &rate.prefix)?,
                cost_per_minute: bought.map(|rate| rate.price_per_minute),
                rate,
            })
        };
        Ok(Listed { total: found.total, rows: found.rows.into_iter().map(price).collect::<Result<_>>()? })
    }

    /// The callshop's name.
    pub(crate) fn shop_name(&self) -> &str {
        match self.shop.settings.legal_name.as_str() {
            "" => &self.shop.account.name,
            name => name,
        }
    }
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

/// The customer's price for a call that is answered at the requested time ([`Question::at`]).
#[derive(Clone, Debug)]
pub struct Offer {
    /// The rate that matches.
    pub rate: Rate,
    /// The price per minute at that time, which depends on time bands.
    pub price_per_minute: Micros,
    /// The price per minute of the initial increment at that time; `None` if it equals `price_per_minute`.
    pub initial_price: Option<Micros>,
    /// Connection fee of a call that is answered at that time.
    pub connection_fee: Micros,
    /// Seconds that the requested amount pays for, at most the callshop's maximum call length; `None` if no amount was given.
    pub seconds: Option<u32>,
    /// Price per minute that the callshop pays at that time; `None` if the actor lacks [`Right::SeeCost`].
    pub cost_per_minute: Option<Micros>,
}

/// The call whose price is quoted.
#[derive(Clone, Debug)]
pub struct Question {
    /// The number or destination.
    pub target: Target,
    /// The customer's budget; `None` for no limit.
    pub amount: Option<Micros>,
    /// When the call is answered; `None` for now.
    pub at: Option<DateTime<Utc>>,
    /// The version of the tariff that sets the customers' prices; `None` for the version in force at that time.
    pub version_id: Option<Uuid>,
}

/// Quotes the price of a call, and the number of seconds that the amount pays for. If the call would be refused, [`Quote::refusal`] has the reason. A
/// problem with an account above the callshop is reported only as `SERVICE_UNAVAILABLE`.
///
/// # Errors
/// Fails with `INVALID_INPUT` for a negative amount, for a destination that is empty or too long, and for a version of a tariff that does not set the
/// prices for the callshop's customers. Fails with `NOT_FOUND` or `FORBIDDEN` if the actor has no right to manage the version's tariff. May also fail
/// with `NOT_FOUND` for the callshop.
pub async fn quote(app: &App, actor: &Actor, callshop_id: Uuid, question: Question) -> Result<Quote> {
    let shop = access::shop(app.store.reader(), actor, callshop_id, Right::Quote).await?;
    if question.amount.is_some_and(Micros::is_negative) {
        return Err(Error::invalid("amount", "`amount` must not be negative."));
    }
    let version = match question.version_id {
        Some(id) => Some(named_version(app, actor, &shop, id).await?),
        None => None,
    };
    let quote = Quote { currency: shop.account.currency.clone(), ..Quote::default() };
    let at = question.at.unwrap_or_else(|| app.clock.now());
    let quoting = Quoting { app, actor, shop: &shop, amount: question.amount, at, version };
    match question.target {
        Target::Number(dialed) => quoting.number(quote, &dialed).await,
        Target::Destination(name) => quoting.destination(quote, name.trim()).await,
    }
}

/// A version of the tariff that sets the callshop's customer prices, in any state.
async fn named_version(app: &App, actor: &Actor, shop: &Shop, id: Uuid) -> Result<(Uuid, tariff::Model)> {
    let found = find_version(app, actor, id).await?;
    if retail_tariff(&shop.account) != Some(found.tariff.id) {
        let message =
            "The version must belong to the tariff that sets the prices of the callshop's customers.";
        return Err(Error::invalid("versionId", message));
    }
    Ok((found.version.id, found.tariff.as_ref().clone()))
}

/// The data from which a quote is computed.
struct Quoting<'a> {
    app: &'a App,
    actor: &'a Actor,
    shop: &'a Shop,
    amount: Option<Micros>,
    /// When the call is answered.
    at: DateTime<Utc>,
    /// The requested version and its tariff. The quote uses this version's prices in place of the tariff's current prices.
    version: Option<(Uuid, tariff::Model)>,
}

impl Quoting<'_> {
    /// For each of these tariffs, the version that sets the prices.
    async fn versions(&self, tariff_ids: &[Uuid]) -> Result<HashMap<Uuid, (Uuid, tariff::Model)>> {
        let mut versions = tariffs::effective_versions(self.app.store.reader(), tariff_ids, self.at).await?;
        if let Some((id, tariff)) = &self.version {
            versions.insert(tariff.id, (*id, tariff.clone()));
        }
        Ok(versions)
    }

    async fn number(&self, quote: Quote, dialed: &str) -> Result<Quote> {
        let plan: DialPlan = serde_json::from_value(self.shop.settings.dial_plan.clone()).or_fault()?;
        match plan.normalize(dialed) {
            Err(error) => Ok(refused(quote, ErrorCode::NumberInvalid, error.to_string())),
            Ok(Dialed::Emergency { number }) => {
                let (destination, formatted) = (Some("Emergency".to_owned()), Some(number.clone()));
                let number = Some(number);
                Ok(Quote { number, formatted_number: formatted, destination, emergency: true, ..quote })
            }
            // short numbers have no prices, so the prefixes of a tariff must not match them (190 is not +1 90…)
            Ok(Dialed::Short { number, name }) => {
                let (formatted_number, destination) = (Some(number.clone()), Some(name));
                let quote = Quote { number: Some(number), formatted_number, destination, ..quote };
                Ok(refused(quote, ErrorCode::DestinationNotRated, "This number has no price."))
            }
            Ok(Dialed::Number { e164, .. }) => {
                let (number, formatted_number) = (Some(e164.to_string()), Some(formatted(&e164)));
                let quote = Quote { number, formatted_number, ..quote };
                self.priced(quote, e164.as_str()).await
            }
        }
    }

    async fn destination(&self, quote: Quote, name: &str) -> Result<Quote> {
        if name.is_empty() || name.chars().count() > MAX_SEARCH {
            return Err(Error::invalid(
                "destination",
                base::message!("`destination` must have 1 to {max} characters.", max = MAX_SEARCH),
            ));
        }
        let unknown = |quote| {
            Ok(refused(quote, ErrorCode::DestinationNotRated, "No destination with this name has a price."))
        };
        let Some(tariff_id) = retail_tariff(&self.shop.account) else { return unknown(quote) };
        let versions = self.versions(&[tariff_id]).await?;
        let Some((version_id, _)) = versions.get(&tariff_id) else { return unknown(quote) };
        let (conn, rates) = (self.app.store.reader(), &self.app.rates);
        let found = rates.by_destination(conn, *version_id, name, MAX_CANDIDATES).await?;
        let quote =
            Quote { candidates: found.iter().map(|rate| rate.destination.clone()).collect(), ..quote };
        match found.first() {
            Some(rate) => self.priced(quote, &rate.prefix).await,
            None => unknown(quote),
        }
    }

    /// Quotes the price of `number` (E.164 digits, or a prefix), if every account of the chain has a rate for the number.
    async fn priced(&self, quote: Quote, number: &str) -> Result<Quote> {
        let (shop, blocked) = (self.shop, "Calls to this destination are blocked.");
        if rates::is_blocked(&shop.settings.blocked_prefixes, number)? {
            return Ok(refused(quote, ErrorCode::DestinationBlocked, blocked));
        }
        let above = access::chain(self.app.store.reader(), &shop.account).await?;
        let payers = above
            .iter()
            .filter(|account| account.kind != AccountKind::Platform)
            .map(|account| account.cost_tariff_id);
        let tariff_ids: Vec<Option<Uuid>> =
            std::iter::once(retail_tariff(&shop.account)).chain(payers).collect();
        let known: Vec<Uuid> = tariff_ids.iter().copied().flatten().collect();
        let versions = self.versions(&known).await?;
        let mut levels = Vec::with_capacity(tariff_ids.len());
        for (level, tariff_id) in tariff_ids.into_iter().enumerate() {
            let found = match tariff_id.and_then(|id| versions.get(&id)) {
                Some((version_id, tariff)) => match_at(self.app, *version_id, tariff, number).await?,
                None => Match::Unrated,
            };
            let (code, message) = match found {
                Match::Rated(pricing) => {
                    levels.push(pricing);
                    continue;
                }
                // the callshop may see the customer's price and its own cost, but nothing about the accounts above
                _ if level > 1 => {
                    (ErrorCode::ServiceUnavailable, "Calls to this destination are not available now.")
                }
                Match::Unrated => {
                    (ErrorCode::DestinationNotRated, "Calls to this destination have no price.")
                }
                Match::Blocked => (ErrorCode::DestinationBlocked, blocked),
            };
            return Ok(refused(quote, code, message));
        }
        let mut levels = levels.into_iter();
        let (Some(retail), cost) = (levels.next(), levels.next()) else {
            return Err(Error::fault("the quote has no levels"));
        };
        let offer = self.offer(retail, cost.filter(|_| self.actor.may(Right::SeeCost)))?;
        Ok(Quote { destination: Some(offer.rate.destination.clone()), offer: Some(offer), ..quote })
    }

    fn offer(&self, retail: Box<Pricing>, cost: Option<Box<Pricing>>) -> Result<Offer> {
        let (cap, ring) = (
            u32::try_from(self.shop.settings.max_call_seconds).or_fault()?,
            self.app.config.calls.ring_seconds,
        );
        // assume that the call is answered at the most expensive moment of the ring time, as the server does for a prepaid call
        let lasts = |amount| rating::covered_seconds(&retail, self.at, ring, amount, cap);
        let seconds = self.amount.map(lasts);
        let PricesAt { connection_fee, initial_price, price_per_minute } =
            rating::prices_at(&retail, self.at);
        let cost_per_minute = cost.map(|cost| rating::prices_at(&cost, self.at).price_per_minute);
        Ok(Offer {
            price_per_minute,
            initial_price,
            connection_fee,
            seconds,
            cost_per_minute,
            rate: retail.rate,
        })
    }
}

fn formatted(number: &E164) -> String {
    format_international(number)
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

fn refused(quote: Quote, code: ErrorCode, message: impl Into<Message>) -> Quote {
    Quote { refusal: Some(UserError { code, message: message.into(), field: Vec::new() }), ..quote }
}
