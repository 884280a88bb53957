//! Tariffs and their versions, as they are shown.

use async_graphql::{Context, Enum, ID, Object, SimpleObject};
use billing::tariff::TimeBand;
use chrono::{DateTime, NaiveDate, NaiveTime, Utc, Weekday};
use entity::tariff;
use futures_util::FutureExt as _;

use super::rates::{RateSearchInput, RateView, version_rates};
use crate::accounts::Account;
use crate::paging::{Page, Paging, connection};
use crate::payload::top_level;
use crate::scalars::{CurrencyCode, Kind};
use crate::{actor, app, remote_enum};
use app::tariffs::{self, Version};
use app::{access, rates};
use base::error::Error;

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
        /// The file's rows change and add to the rates of the version that it builds on; what the file has no column for stays.
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

pub(super) const DAYS: [(DayOfWeek, Weekday); 7] = [
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
    pub(crate) async fn id(&self) -> ID {
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
    pub(crate) async fn id(&self) -> ID {
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
