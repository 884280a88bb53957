//! Tariffs, their versions and rates.

use std::collections::BTreeMap;

use async_graphql::connection::{Connection, Edge};
use async_graphql::{Context, Enum, ID, InputObject, Object, OutputType, SimpleObject};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use billing::deck::RowProblem;
use billing::money::{Micros, Rounding};
use billing::number::DialPlan;
use billing::tariff::{BandPrice, MAX_DESTINATION_CHARS, MAX_PREFIX_DIGITS, Rate, TimeBand};
use chrono::{DateTime, NaiveDate, NaiveTime, Utc, Weekday};
use entity::{account, tariff};
use futures_util::FutureExt as _;
use uuid::Uuid;

use super::accounts::{Account, Callshop, Page, parse_account};
use super::paging::{Paging, connection, size};
use super::payload::{UserError, answer, nullable, payload, top_level};
use super::roles::{ADMIN, MANAGERS, Rule};
use super::scalars::{CurrencyCode, Decimal, Kind, Money};
use super::{actor, app, caller, remote_enum};
use crate::app::margin::{MarginWarning, Margins};
use crate::app::tariffs::{self, BlockOn, Blocked, Import, NewTariff, Outcome, Version};
use crate::app::{access, accounts, rates};
use crate::error::{Error, ErrorCode, Result};
use crate::store::tariffs::{RatePage, RateSearch};

/// Who sees what of this file.
pub const RULES: &[Rule] = &[
    ("Tariff", MANAGERS),
    ("TariffVersion", MANAGERS),
    ("Query.tariff", MANAGERS),
    ("Query.tariffs", MANAGERS),
    ("Query.tariffVersion", MANAGERS),
    ("Query.rates", MANAGERS),
    ("Mutation.createTariff", MANAGERS),
    ("Mutation.importTariff", MANAGERS),
    ("Mutation.upsertRates", MANAGERS),
    ("Mutation.deleteRates", MANAGERS),
    ("Mutation.copyTariffVersion", MANAGERS),
    ("Mutation.activateTariffVersion", MANAGERS),
    ("Mutation.assignTariff", MANAGERS),
    ("Mutation.blockDestination", MANAGERS),
    ("Mutation.unblockDestination", MANAGERS),
    ("CreateTariffInput.accountId", ADMIN),
];

remote_enum!(
    /// How an amount is brought to a tariff's decimals.
    RoundingMode = "entity::RoundingMode" {
        /// To the nearest, a half away from zero.
        HalfUp,
        /// Up.
        Up,
        /// Down.
        Down,
    }
);

remote_enum!(
    /// Where a tariff version is in its life.
    TariffVersionState = "tariffs::VersionState" {
        /// Not activated: no call uses it.
        Draft,
        /// Counts from a later instant on.
        Scheduled,
        /// In force.
        Active,
        /// A later one took its place.
        Retired,
    }
);

remote_enum!(
    /// What an import does with the rates that are there.
    TariffImportMode = "tariffs::ImportMode" {
        /// The file is the whole version.
        Replace,
        /// The file's rows change and add to the latest version's rates; band prices stay.
        Merge,
    }
);

remote_enum!(
    /// What an assigned tariff is for.
    TariffAssignment = "tariffs::Assignment" {
        /// What the account pays its parent by.
        Cost,
        /// What a callshop's customers pay by.
        Retail,
    }
);

remote_enum!(
    /// Whether a row of a deck can be used.
    ProblemSeverity = "billing::deck::Severity" {
        /// It cannot.
        Error,
        /// It can, read as the message says.
        Fixed,
    }
);

/// A day of the week.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
pub enum DayOfWeek {
    /// Monday.
    Monday,
    /// Tuesday.
    Tuesday,
    /// Wednesday.
    Wednesday,
    /// Thursday.
    Thursday,
    /// Friday.
    Friday,
    /// Saturday.
    Saturday,
    /// Sunday.
    Sunday,
}

const DAYS: [(DayOfWeek, Weekday); 7] = [
    (DayOfWeek::Monday, Weekday::Mon),
    (DayOfWeek::Tuesday, Weekday::Tue),
    (DayOfWeek::Wednesday, Weekday::Wed),
    (DayOfWeek::Thursday, Weekday::Thu),
    (DayOfWeek::Friday, Weekday::Fri),
    (DayOfWeek::Saturday, Weekday::Sat),
    (DayOfWeek::Sunday, Weekday::Sun),
];

/// A price table of an account. Its prices are in its versions.
pub struct Tariff(pub tariff::Model);

#[Object]
impl Tariff {
    /// Global id.
    pub(super) async fn id(&self) -> ID {
        Kind::Tariff.id(self.0.id)
    }

    /// Whose it is.
    async fn account(&self, ctx: &Context<'_>) -> async_graphql::Result<Account> {
        let owner =
            access::by_id(app(ctx).store.reader(), self.0.account_id).boxed().await.map_err(top_level)?;
        Ok(Account(owner))
    }

    /// For people.
    async fn name(&self) -> &str {
        &self.0.name
    }

    /// Currency of its prices.
    async fn currency(&self) -> CurrencyCode {
        CurrencyCode(self.0.currency.clone())
    }

    /// Decimals that a charge is rounded to, once per call, 0 to 6.
    async fn rounding_decimals(&self) -> i32 {
        self.0.rounding_decimals
    }

    /// How a charge is rounded.
    async fn rounding_mode(&self) -> RoundingMode {
        self.0.rounding_mode.into()
    }

    /// IANA time zone of the bands and holidays.
    async fn time_zone(&self) -> &str {
        &self.0.time_zone
    }

    /// Parts of the week that rates may price apart; the first that fits wins.
    async fn bands(&self) -> async_graphql::Result<Vec<TimeBandView>> {
        let bands = rates::bands(&self.0).map_err(top_level)?;
        Ok(bands.into_iter().map(Into::into).collect())
    }

    /// Local dates that count as holidays and not as the weekday they fall on.
    async fn holidays(&self) -> async_graphql::Result<Vec<NaiveDate>> {
        serde_json::from_value(self.0.holidays.clone()).map_err(|error| top_level(Error::fault(error)))
    }

    /// Numbers that begin with one of these digits are refused.
    async fn blocked_prefixes(&self) -> Vec<&str> {
        self.0
            .blocked_prefixes
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(serde_json::Value::as_str)
            .collect()
    }

    /// When it was made.
    async fn created_at(&self) -> DateTime<Utc> {
        self.0.created_at
    }

    /// The version in force; null before the first activation.
    async fn active_version(&self, ctx: &Context<'_>) -> async_graphql::Result<Option<TariffVersion>> {
        let found =
            tariffs::active_version(app(ctx), actor(ctx)?, self.0.id).boxed().await.map_err(top_level)?;
        Ok(found.map(TariffVersion))
    }

    /// Its versions, newest first.
    async fn versions(
        &self,
        ctx: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
    ) -> async_graphql::Result<Page<TariffVersion>> {
        let (app, actor) = (app(ctx), actor(ctx)?);
        let read = |page| tariffs::versions(app, actor, self.0.id, page);
        connection(
            Paging { first, after, last, before },
            true,
            read,
            |row: &Version| row.version.id,
            TariffVersion,
        )
        .await
    }
}

/// A recurring part of the week, in the tariff's time zone.
#[derive(SimpleObject)]
#[graphql(name = "TimeBand")]
pub struct TimeBandView {
    /// The name that rates refer to.
    pub name: String,
    /// Days on which it begins, Monday first.
    pub weekdays: Vec<DayOfWeek>,
    /// Its first second, local time.
    pub from: NaiveTime,
    /// The second after its last, local time; at or before `from` it runs over midnight.
    pub to: NaiveTime,
    /// Whether it begins on holidays too.
    pub holidays: bool,
}

impl From<TimeBand> for TimeBandView {
    fn from(band: TimeBand) -> Self {
        let weekdays =
            DAYS.iter().filter(|(_, day)| band.weekdays.contains(*day)).map(|(day, _)| *day).collect();
        Self { name: band.name, weekdays, from: band.from, to: band.to, holidays: band.holidays }
    }
}

/// A frozen edition of a tariff: a change makes a new one.
pub struct TariffVersion(pub Version);

#[Object]
impl TariffVersion {
    /// Global id.
    pub(super) async fn id(&self) -> ID {
        Kind::TariffVersion.id(self.0.version.id)
    }

    /// Of which tariff.
    async fn tariff(&self) -> Tariff {
        Tariff(tariff::Model::clone(&self.0.tariff))
    }

    /// 1, 2, 3 … in its tariff.
    async fn number(&self) -> i32 {
        self.0.version.number
    }

    /// Where it is in its life.
    async fn state(&self) -> TariffVersionState {
        self.0.state.into()
    }

    /// From when on it counts, or did; null for a draft.
    async fn active_from(&self) -> Option<DateTime<Utc>> {
        self.0.version.active_from
    }

    /// How many rates it has.
    async fn rate_count(&self) -> i32 {
        self.0.version.rate_count
    }

    /// What it is, for people.
    async fn note(&self) -> &str {
        &self.0.version.note
    }

    /// When it was made.
    async fn created_at(&self) -> DateTime<Utc> {
        self.0.version.created_at
    }

    /// Its rates, in the order of their prefixes.
    async fn rates(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which ones; all when left out.")] search: Option<RateSearchInput>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
    ) -> async_graphql::Result<Page<RateView>> {
        version_rates(ctx, &self.0, search, Paging { first, after, last, before }).boxed().await
    }
}

/// One prefix's price in one version.
pub struct RateView {
    rate: Rate,
    currency: String,
}

#[Object(name = "Rate")]
impl RateView {
    /// E.164 digits; the longest prefix of a number wins.
    async fn prefix(&self) -> &str {
        &self.rate.prefix
    }

    /// For people.
    async fn destination(&self) -> &str {
        &self.rate.destination
    }

    /// Price of sixty seconds, outside the bands that this rate prices.
    async fn price_per_minute(&self) -> Money {
        Money::new(self.rate.price_per_minute, &self.currency)
    }

    /// Charged once per answered call.
    async fn connection_fee(&self) -> Money {
        Money::new(self.rate.connection_fee, &self.currency)
    }

    /// Seconds billed at least.
    async fn initial_increment(&self) -> u32 {
        self.rate.initial_increment
    }

    /// Seconds of each further step.
    async fn increment(&self) -> u32 {
        self.rate.increment
    }

    /// What an answered call costs at least.
    async fn minimum_charge(&self) -> Money {
        Money::new(self.rate.minimum_charge, &self.currency)
    }

    /// Calls shorter than this cost nothing.
    async fn free_seconds(&self) -> u32 {
        self.rate.free_seconds
    }

    /// Prices within the tariff's time bands.
    async fn band_prices(&self) -> Vec<BandPriceView> {
        band_prices(&self.rate, &self.currency)
    }
}

/// The price within one time band.
#[derive(SimpleObject)]
#[graphql(name = "BandPrice")]
pub struct BandPriceView {
    /// Name of the band.
    pub band: String,
    /// Price of sixty seconds.
    pub price_per_minute: Money,
    /// Fee of a call that is answered in the band; null when it is the rate's own.
    pub connection_fee: Option<Money>,
}

pub(super) fn band_prices(rate: &Rate, currency: &str) -> Vec<BandPriceView> {
    let view = |(band, price): (&String, &BandPrice)| BandPriceView {
        band: band.clone(),
        price_per_minute: Money::new(price.price_per_minute, currency),
        connection_fee: price.connection_fee.map(|fee| Money::new(fee, currency)),
    };
    rate.band_prices.iter().map(view).collect()
}

/// Which rates; all that is given must hold.
#[derive(Default, InputObject)]
pub struct RateSearchInput {
    /// Rates whose prefix begins with these digits.
    pub prefix: Option<String>,
    /// Rates that begin this number, in E.164 or as it is dialled in the account's country; the longest wins.
    pub number: Option<String>,
    /// Rates whose destination contains this text, in whatever case.
    pub destination: Option<String>,
}

impl RateSearchInput {
    /// Checked, with the number as `plan` reads it.
    pub(super) fn into_search(self, plan: &DialPlan) -> Result<RateSearch> {
        let digits = |text: &String| {
            (1..=MAX_PREFIX_DIGITS).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
        };
        if !self.prefix.as_ref().is_none_or(digits) {
            return Err(Error::invalid("search.prefix", format!("1 to {MAX_PREFIX_DIGITS} digits")));
        }
        if self
            .destination
            .as_ref()
            .is_some_and(|text| text.is_empty() || text.chars().count() > MAX_DESTINATION_CHARS)
        {
            return Err(Error::invalid(
                "search.destination",
                format!("1 to {MAX_DESTINATION_CHARS} characters"),
            ));
        }
        let number = match self.number {
            Some(number) => Some(dialed_digits(plan, &number)?),
            None => None,
        };
        Ok(RateSearch { prefix: self.prefix, number, destination: self.destination })
    }
}

fn dialed_digits(plan: &DialPlan, number: &str) -> Result<String> {
    use billing::number::Dialed;
    let bad = |message: String| Error::field(ErrorCode::NumberInvalid, "search.number", message);
    match plan.normalize(number) {
        Ok(Dialed::Number { e164, .. }) => Ok(e164.into()),
        Ok(Dialed::Emergency { .. } | Dialed::Short { .. }) => {
            Err(bad("a short number has no rates".to_owned()))
        }
        Err(error) => Err(bad(error.to_string())),
    }
}

/// A connection over rows that are ordered by prefix, the cursor.
pub(super) async fn by_prefix<M, N, Fut>(
    paging: Paging,
    read: impl FnOnce(RatePage) -> Fut,
    prefix: impl Fn(&M) -> &str,
    node: impl Fn(M) -> N,
) -> async_graphql::Result<Page<N>>
where
    Fut: Future<Output = Result<Vec<M>>>,
    N: OutputType,
{
    let (size, backwards) = size(&paging).map_err(top_level)?;
    let after = paging.after.as_deref().map(prefix_cursor).transpose().map_err(top_level)?;
    let before = paging.before.as_deref().map(prefix_cursor).transpose().map_err(top_level)?;
    let (begun, ended) = (after.is_some(), before.is_some());
    let mut rows =
        read(RatePage { after, before, limit: size + 1, descending: backwards }).await.map_err(top_level)?;
    let wanted = usize::try_from(size).unwrap_or(usize::MAX);
    let more = rows.len() > wanted;
    rows.truncate(wanted);
    if backwards {
        rows.reverse();
    }
    let (previous, next) = if backwards { (more, ended) } else { (begun, more) };
    let mut connection = Connection::new(previous, next);
    connection
        .edges
        .extend(rows.into_iter().map(|row| Edge::new(URL_SAFE_NO_PAD.encode(prefix(&row)), node(row))));
    Ok(connection)
}

fn prefix_cursor(text: &str) -> Result<String> {
    let bytes = URL_SAFE_NO_PAD.decode(text).ok();
    let prefix = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
    let good = |prefix: &String| {
        prefix.len() <= MAX_PREFIX_DIGITS && prefix.bytes().all(|byte| byte.is_ascii_digit())
    };
    prefix.filter(good).ok_or_else(|| Error::invalid("after", "not a cursor of this list"))
}

async fn version_rates(
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
        paging,
        read,
        |rate: &Rate| rate.prefix.as_str(),
        |rate| RateView { rate, currency: currency.clone() },
    )
    .await
}

/// A part of the week, in the tariff's time zone.
#[derive(InputObject)]
pub struct TimeBandInput {
    /// The name that rates refer to, 1 to 40 characters.
    pub name: String,
    /// Days on which it begins.
    pub weekdays: Vec<DayOfWeek>,
    /// Its first second, local time.
    pub from: NaiveTime,
    /// The second after its last; at or before `from` it runs over midnight.
    pub to: NaiveTime,
    /// Whether it begins on holidays too; a holiday is never the weekday it falls on.
    #[graphql(default)]
    pub holidays: bool,
}

impl From<TimeBandInput> for TimeBand {
    fn from(input: TimeBandInput) -> Self {
        let weekdays =
            DAYS.iter().filter(|(day, _)| input.weekdays.contains(day)).map(|(_, day)| *day).collect();
        Self { name: input.name, weekdays, from: input.from, to: input.to, holidays: input.holidays }
    }
}

/// A new tariff.
#[derive(InputObject)]
pub struct CreateTariffInput {
    /// Whose it is; the caller's own account when left out.
    pub account_id: Option<ID>,
    /// For people.
    pub name: String,
    /// Currency of its prices; the account's when left out.
    pub currency: Option<CurrencyCode>,
    /// Decimals that a charge is rounded to, 0 to 6.
    #[graphql(default = 4)]
    pub rounding_decimals: i32,
    /// How a charge is rounded.
    #[graphql(default_with = "RoundingMode::HalfUp")]
    pub rounding_mode: RoundingMode,
    /// IANA time zone of the bands; the account's when left out.
    pub time_zone: Option<String>,
    /// Parts of the week that rates may price apart, at most 16; the first that fits wins.
    #[graphql(default)]
    pub bands: Vec<TimeBandInput>,
    /// Local dates that count as holidays, at most 1000.
    #[graphql(default)]
    pub holidays: Vec<NaiveDate>,
}

/// Rates as a CSV.
#[derive(InputObject)]
pub struct ImportTariffInput {
    /// Into which tariff.
    pub tariff_id: ID,
    /// The file's text: a header, comma separated, with the columns prefix, destination, rate_per_minute, connection_fee, initial_increment,
    /// increment and, optionally, minimum_charge and free_seconds. At most 64 MiB and 500000 rows, and what the server takes as a request.
    pub csv: String,
    /// Whether the file is the whole version.
    #[graphql(default_with = "TariffImportMode::Replace")]
    pub mode: TariffImportMode,
    /// Only say what would happen.
    #[graphql(default)]
    pub dry_run: bool,
    /// What it is, for people.
    #[graphql(default)]
    pub note: String,
}

/// The price within one time band.
#[derive(InputObject)]
pub struct BandPriceInput {
    /// Name of the tariff's band.
    pub band: String,
    /// Price of sixty seconds.
    pub price_per_minute: Decimal,
    /// Fee of a call that is answered in the band; the rate's own when left out.
    pub connection_fee: Option<Decimal>,
}

/// One prefix's price.
#[derive(InputObject)]
pub struct RateInput {
    /// E.164 digits, 1 to 15.
    pub prefix: String,
    /// For people.
    pub destination: String,
    /// Price of sixty seconds.
    pub price_per_minute: Decimal,
    /// Charged once per answered call; nothing when left out.
    pub connection_fee: Option<Decimal>,
    /// Seconds billed at least.
    #[graphql(default = 1)]
    pub initial_increment: u32,
    /// Seconds of each further step.
    #[graphql(default = 1)]
    pub increment: u32,
    /// What an answered call costs at least; nothing when left out.
    pub minimum_charge: Option<Decimal>,
    /// Calls shorter than this cost nothing.
    #[graphql(default)]
    pub free_seconds: u32,
    /// Prices within the tariff's time bands.
    #[graphql(default)]
    pub band_prices: Vec<BandPriceInput>,
}

impl From<RateInput> for Rate {
    fn from(input: RateInput) -> Self {
        let amount = |amount: Option<Decimal>| amount.map_or(Micros::ZERO, |amount| amount.0);
        let band = |input: BandPriceInput| {
            let connection_fee = input.connection_fee.map(|fee| fee.0);
            (input.band, BandPrice { price_per_minute: input.price_per_minute.0, connection_fee })
        };
        Self {
            prefix: input.prefix,
            destination: input.destination,
            price_per_minute: input.price_per_minute.0,
            connection_fee: amount(input.connection_fee),
            initial_increment: input.initial_increment,
            increment: input.increment,
            minimum_charge: amount(input.minimum_charge),
            free_seconds: input.free_seconds,
            band_prices: input.band_prices.into_iter().map(band).collect::<BTreeMap<_, _>>(),
        }
    }
}

/// Rates to add or change.
#[derive(InputObject)]
pub struct UpsertRatesInput {
    /// Of which tariff.
    pub tariff_id: ID,
    /// 1 to 1000 rates; each takes the place of its prefix's whole rate.
    pub rates: Vec<RateInput>,
    /// What the new version is, for people.
    #[graphql(default)]
    pub note: String,
}

/// Rates to take out.
#[derive(InputObject)]
pub struct DeleteRatesInput {
    /// Of which tariff.
    pub tariff_id: ID,
    /// 1 to 1000 prefixes of the latest version.
    pub prefixes: Vec<String>,
    /// What the new version is, for people.
    #[graphql(default)]
    pub note: String,
}

/// A version to go back to.
#[derive(InputObject)]
pub struct CopyTariffVersionInput {
    /// Which.
    pub version_id: ID,
    /// What the new version is, for people; names its source when left out.
    #[graphql(default)]
    pub note: String,
}

/// A draft to put in force.
#[derive(InputObject)]
pub struct ActivateTariffVersionInput {
    /// Which.
    pub version_id: ID,
    /// From when on; now when left out.
    pub at: Option<DateTime<Utc>>,
}

/// Who pays by which tariff.
#[derive(InputObject)]
pub struct AssignTariffInput {
    /// A child of the caller's account.
    pub account_id: ID,
    /// A tariff of the account's parent, of the same currency; null takes the assignment away.
    pub tariff_id: Option<ID>,
    /// What it is for.
    pub kind: TariffAssignment,
}

/// Numbers to refuse, or not to refuse any more.
#[derive(InputObject)]
pub struct BlockDestinationInput {
    /// For everyone whose calls are charged by this tariff; give this or `callshopId`.
    pub tariff_id: Option<ID>,
    /// For one callshop, a child of the caller's account; give this or `tariffId`.
    pub callshop_id: Option<ID>,
    /// E.164 digits that the numbers begin with.
    pub prefix: String,
}

/// What is wrong, or was mended, in a file.
#[derive(SimpleObject)]
pub struct DeckProblem {
    /// Line of the file on which the row begins, the header being 1; 0 for the file as a whole.
    pub line: u64,
    /// The column, when it is about one.
    pub column: Option<String>,
    /// Whether the row can be used.
    pub severity: ProblemSeverity,
    /// Stable code.
    pub code: String,
    /// For people, in English.
    pub message: String,
}

impl From<RowProblem> for DeckProblem {
    fn from(problem: RowProblem) -> Self {
        let RowProblem { line, column, severity, code, message } = problem;
        Self { line, column, severity: severity.into(), code: code.into_owned(), message }
    }
}

/// Where a callshop's customers would pay less than the callshop.
#[derive(SimpleObject)]
#[graphql(name = "MarginWarning")]
pub struct MarginWarningView {
    /// E.164 digits.
    pub prefix: String,
    /// For people.
    pub destination: String,
    /// What a minute costs the customer.
    pub retail_per_minute: Decimal,
    /// What it costs the callshop.
    pub cost_per_minute: Decimal,
    /// How many callshops buy and sell by these two tariffs.
    pub callshops: i64,
}

impl From<MarginWarning> for MarginWarningView {
    fn from(warning: MarginWarning) -> Self {
        Self {
            prefix: warning.prefix,
            destination: warning.destination,
            retail_per_minute: Decimal(warning.retail_per_minute),
            cost_per_minute: Decimal(warning.cost_per_minute),
            callshops: warning.callshops,
        }
    }
}

/// Prices below cost: told of, not refused.
#[derive(SimpleObject)]
pub struct MarginGuard {
    /// At most 100 of them.
    pub warnings: Vec<MarginWarningView>,
    /// How many there are.
    pub total: u64,
}

impl From<Margins> for MarginGuard {
    fn from(margins: Margins) -> Self {
        Self { warnings: margins.warnings.into_iter().map(Into::into).collect(), total: margins.total }
    }
}

/// What became of the latest version's rates, and of the file's rows.
#[derive(SimpleObject)]
pub struct RateChanges {
    /// Prefixes that are new.
    pub added: u64,
    /// Prefixes whose rate differs.
    pub changed: u64,
    /// Prefixes that are gone.
    pub removed: u64,
    /// Prefixes with the same rate.
    pub unchanged: u64,
}

payload!(
    /// What `createTariff` answers.
    CreateTariffPayload {
        /// The new tariff, without a version yet.
        tariff: Tariff,
    }
);

payload!(
    /// What mutations answer that make a draft.
    TariffDraftPayload {
        /// The new draft; null after a dry run.
        version: TariffVersion,
        /// Against the latest version before; null when a row was bad.
        changes: RateChanges,
        /// Bad and mended rows in the order of the file, at most 1000.
        problems: Vec<DeckProblem>,
        /// How many errors and mended cells there are.
        problems_total: u64,
        /// Prices below cost.
        margin: MarginGuard,
    }
);

payload!(
    /// What `activateTariffVersion` answers.
    ActivateTariffVersionPayload {
        /// The version as it is now.
        version: TariffVersion,
        /// Prices below cost.
        margin: MarginGuard,
    }
);

payload!(
    /// What `assignTariff` answers.
    AssignTariffPayload {
        /// The account, when it is no callshop.
        account: Account,
        /// The callshop, when it is one.
        callshop: Callshop,
        /// Prices below cost.
        margin: MarginGuard,
    }
);

payload!(
    /// What `blockDestination` and `unblockDestination` answer.
    BlockDestinationPayload {
        /// The tariff as it is now, when it was one.
        tariff: Tariff,
        /// The callshop as it is now, when it was one.
        callshop: Callshop,
    }
);

/// Queries of this file.
#[derive(Default)]
pub struct TariffQuery;

#[Object]
impl TariffQuery {
    /// A tariff of the caller's account.
    async fn tariff(&self, ctx: &Context<'_>, id: ID) -> Option<async_graphql::Result<Tariff>> {
        let found = async { tariffs::find(app(ctx), caller(ctx)?, Kind::Tariff.parse(&id)?).await };
        nullable(found.await.map(Tariff))
    }

    /// Tariffs of the caller's account, oldest first; an admin's are all.
    async fn tariffs(
        &self,
        ctx: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
    ) -> async_graphql::Result<Page<Tariff>> {
        let (app, actor) = (app(ctx), actor(ctx)?);
        let read = |page| tariffs::list(app, actor, page);
        connection(Paging { first, after, last, before }, false, read, |row: &tariff::Model| row.id, Tariff)
            .await
    }

    /// A version of a tariff of the caller's account.
    async fn tariff_version(
        &self,
        ctx: &Context<'_>,
        id: ID,
    ) -> Option<async_graphql::Result<TariffVersion>> {
        let found =
            async { tariffs::find_version(app(ctx), caller(ctx)?, Kind::TariffVersion.parse(&id)?).await };
        nullable(found.await.map(TariffVersion))
    }

    /// Rates of a version of a tariff of the caller's account, in the order of their prefixes.
    #[allow(clippy::too_many_arguments, reason = "the arguments of a connection, and two more")]
    async fn rates(
        &self,
        ctx: &Context<'_>,
        version_id: ID,
        #[graphql(desc = "Which ones; all when left out.")] search: Option<RateSearchInput>,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
    ) -> async_graphql::Result<Page<RateView>> {
        let found = async {
            tariffs::find_version(app(ctx), caller(ctx)?, Kind::TariffVersion.parse(&version_id)?).await
        };
        let version = found.await.map_err(top_level)?;
        version_rates(ctx, &version, search, Paging { first, after, last, before }).await
    }
}

/// Mutations of this file.
#[derive(Default)]
pub struct TariffMutation;

#[Object]
impl TariffMutation {
    /// Makes a tariff, still without prices. All but its blocked prefixes is fixed from then on.
    async fn create_tariff(
        &self,
        ctx: &Context<'_>,
        input: CreateTariffInput,
    ) -> async_graphql::Result<CreateTariffPayload> {
        let made = async {
            let decimals = u8::try_from(input.rounding_decimals).ok();
            let mode = entity::RoundingMode::from(input.rounding_mode);
            let rounding = decimals.and_then(|decimals| Rounding::new(decimals, mode.into()).ok());
            let new = NewTariff {
                account_id: input.account_id.as_ref().map(parse_account).transpose()?,
                name: input.name,
                currency: input.currency.map(|currency| currency.0),
                rounding: rounding.ok_or_else(|| Error::invalid("roundingDecimals", "0 to 6"))?,
                time_zone: input.time_zone,
                bands: input.bands.into_iter().map(Into::into).collect(),
                holidays: input.holidays,
            };
            tariffs::create(app(ctx), caller(ctx)?, new).await
        };
        answer(
            made.await
                .map(|tariff| CreateTariffPayload { tariff: Some(Tariff(tariff)), ..Default::default() }),
        )
    }

    /// Makes a draft from a CSV. An error in any row imports nothing, and `problems` names every bad row.
    async fn import_tariff(
        &self,
        ctx: &Context<'_>,
        input: ImportTariffInput,
    ) -> async_graphql::Result<TariffDraftPayload> {
        let done = async {
            let import = Import {
                tariff_id: Kind::Tariff.parse(&input.tariff_id)?,
                csv: input.csv,
                mode: input.mode.into(),
                dry_run: input.dry_run,
                note: input.note,
            };
            tariffs::import(app(ctx), caller(ctx)?, import, |_| {}).await
        };
        answer(done.await.map(drafted))
    }

    /// Makes a draft from the latest version with these rates added or changed.
    async fn upsert_rates(
        &self,
        ctx: &Context<'_>,
        input: UpsertRatesInput,
    ) -> async_graphql::Result<TariffDraftPayload> {
        let done = async {
            let rates = input.rates.into_iter().map(Into::into).collect();
            tariffs::upsert_rates(
                app(ctx),
                caller(ctx)?,
                Kind::Tariff.parse(&input.tariff_id)?,
                rates,
                &input.note,
            )
            .await
        };
        answer(done.await.map(drafted))
    }

    /// Makes a draft from the latest version without these prefixes.
    async fn delete_rates(
        &self,
        ctx: &Context<'_>,
        input: DeleteRatesInput,
    ) -> async_graphql::Result<TariffDraftPayload> {
        let done = async {
            let id = Kind::Tariff.parse(&input.tariff_id)?;
            tariffs::delete_rates(app(ctx), caller(ctx)?, id, input.prefixes, &input.note).await
        };
        answer(done.await.map(drafted))
    }

    /// Makes a draft that is the copy of a version, to go back to it.
    async fn copy_tariff_version(
        &self,
        ctx: &Context<'_>,
        input: CopyTariffVersionInput,
    ) -> async_graphql::Result<TariffDraftPayload> {
        let done = async {
            let id = Kind::TariffVersion.parse(&input.version_id)?;
            tariffs::copy_version(app(ctx), caller(ctx)?, id, &input.note).await
        };
        answer(done.await.map(drafted))
    }

    /// Puts a draft in force, now or at a later instant. Calls that are up keep the prices they began with.
    async fn activate_tariff_version(
        &self,
        ctx: &Context<'_>,
        input: ActivateTariffVersionInput,
    ) -> async_graphql::Result<ActivateTariffVersionPayload> {
        let done = async {
            let id = Kind::TariffVersion.parse(&input.version_id)?;
            tariffs::activate(app(ctx), caller(ctx)?, id, input.at).await
        };
        answer(done.await.map(|(version, margins)| ActivateTariffVersionPayload {
            version: Some(TariffVersion(version)),
            margin: Some(margins.into()),
            user_errors: Vec::new(),
        }))
    }

    /// Gives a child the tariff that it, or a callshop's customers, pay by. It may have no version in force yet: calls are refused until then.
    async fn assign_tariff(
        &self,
        ctx: &Context<'_>,
        input: AssignTariffInput,
    ) -> async_graphql::Result<AssignTariffPayload> {
        let done = async {
            let tariff_id = input.tariff_id.as_ref().map(|id| Kind::Tariff.parse(id)).transpose()?;
            let id = parse_account(&input.account_id)?;
            let (account, margins) =
                tariffs::assign(app(ctx), caller(ctx)?, id, tariff_id, input.kind.into()).await?;
            assigned(ctx, account, margins).await
        };
        answer(done.await)
    }

    /// Refuses numbers that begin with a prefix, from the next call on.
    async fn block_destination(
        &self,
        ctx: &Context<'_>,
        input: BlockDestinationInput,
    ) -> async_graphql::Result<BlockDestinationPayload> {
        answer(set_blocked(ctx, input, true).await)
    }

    /// Takes a prefix out of those that are refused.
    async fn unblock_destination(
        &self,
        ctx: &Context<'_>,
        input: BlockDestinationInput,
    ) -> async_graphql::Result<BlockDestinationPayload> {
        answer(set_blocked(ctx, input, false).await)
    }
}

fn drafted(outcome: Outcome) -> TariffDraftPayload {
    let problems_total = Some(outcome.errors + outcome.fixed);
    let problems = Some(outcome.problems.into_iter().map(Into::into).collect());
    if outcome.errors > 0 {
        let message = format!("{} errors in the file, nothing was imported: see problems", outcome.errors);
        let error = UserError { code: ErrorCode::BadDeck, message, field: vec!["csv".to_owned()] };
        return TariffDraftPayload {
            problems,
            problems_total,
            user_errors: vec![error],
            ..Default::default()
        };
    }
    let tariffs::Changes { added, changed, removed, unchanged } = outcome.changes;
    TariffDraftPayload {
        version: outcome.version.map(TariffVersion),
        changes: Some(RateChanges { added, changed, removed, unchanged }),
        problems,
        problems_total,
        margin: Some(outcome.margins.into()),
        user_errors: Vec::new(),
    }
}

async fn assigned(
    ctx: &Context<'_>,
    account: account::Model,
    margins: Margins,
) -> Result<AssignTariffPayload> {
    let margin = Some(margins.into());
    if account.kind != entity::AccountKind::Callshop {
        return Ok(AssignTariffPayload { account: Some(Account(account)), margin, ..Default::default() });
    }
    let shop = accounts::find_shop(app(ctx), caller(ctx)?, account.id).await?;
    Ok(AssignTariffPayload { callshop: Some(Callshop(shop)), margin, ..Default::default() })
}

async fn set_blocked(
    ctx: &Context<'_>,
    input: BlockDestinationInput,
    blocked: bool,
) -> Result<BlockDestinationPayload> {
    let on = match (&input.tariff_id, &input.callshop_id) {
        (Some(id), None) => BlockOn::Tariff(Kind::Tariff.parse(id)?),
        (None, Some(id)) => BlockOn::Callshop(Kind::Callshop.parse(id)?),
        _ => return Err(Error::invalid("tariffId", "give exactly one of tariffId and callshopId")),
    };
    let mut payload = BlockDestinationPayload::default();
    match tariffs::set_blocked(app(ctx), caller(ctx)?, on, &input.prefix, blocked).await? {
        Blocked::Tariff(tariff) => payload.tariff = Some(Tariff(*tariff)),
        Blocked::Callshop(shop) => payload.callshop = Some(Callshop(*shop)),
    }
    Ok(payload)
}

/// A tariff that is assigned to an account, for who may see it whole: its owner and the platform's admins.
pub(super) async fn assigned_tariff(
    ctx: &Context<'_>,
    id: Option<Uuid>,
) -> async_graphql::Result<Option<Tariff>> {
    let Some(id) = id else { return Ok(None) };
    nullable(tariffs::find(app(ctx), actor(ctx)?, id).await.map(Tariff)).transpose()
}
