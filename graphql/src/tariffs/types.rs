//! GraphQL types of tariffs and their versions.

use async_graphql::{Context, Enum, ID, SimpleObject};
use billing::tariff::TimeBand;
use chrono::{DateTime, NaiveDate, NaiveTime, Utc, Weekday};
use entity::tariff;
use futures_util::FutureExt as _;
use graphql_macros::object;

use super::derived::TariffDerivation;
use super::impact::TariffImpact;
use super::imports::TariffImport;
use super::mutations::MarginGuard;
use super::rates::{RateSearchInput, RateView, version_rates};
use super::versions::RateChanges;
use crate::accounts::Account;
use crate::loaders::{self, DerivationOf, TermsOf};
use crate::paging::{Page, Paging, connection};
use crate::payload::top_level;
use crate::roles::MANAGERS;
use crate::scalars::{CurrencyCode, Kind};
use crate::{actor, app, graphql_enum};
use app::access;
use app::rates::Terms;
use app::tariffs::imports::Job;
use app::tariffs::{self, Version};

graphql_enum!(
    /// How an amount is rounded to a tariff's decimals.
    RoundingMode = "entity::RoundingMode" {
        /// Rounds to the nearest value; halves are rounded away from zero.
        HalfUp,
        /// Always up.
        Up,
        /// Always down.
        Down,
    }
);

graphql_enum!(
    /// State of a tariff version.
    TariffVersionState = "tariffs::VersionState" {
        /// The version is not activated, so no call uses it.
        Draft,
        /// The version becomes active at a later time.
        Scheduled,
        /// The version sets the prices of new calls.
        Active,
        /// A later version has replaced this version.
        Retired,
    }
);

graphql_enum!(
    /// How an import treats existing rates.
    TariffImportMode = "tariffs::ImportMode" {
        /// The file is the complete new version.
        Replace,
        /// The file is complete for each country in it: the rates of these countries are replaced, and the rates of other countries are kept. A
        /// prefix that belongs to no single country is replaced individually.
        ReplaceCountries,
        /// The file's rows add rates to the base version or change its rates. Values that have no column in the file are left unchanged.
        Merge,
    }
);

graphql_enum!(
    /// Purpose of an assigned tariff.
    TariffAssignment = "tariffs::Assignment" {
        /// The account pays its parent according to this tariff.
        Cost,
        /// A callshop's customers pay according to this tariff.
        Retail,
    }
);

graphql_enum!(
    /// Severity of a problem in an imported file.
    ProblemSeverity = "billing::deck::Severity" {
        /// The row cannot be used.
        Error,
        /// The row can be used; the message says how the row was read.
        Fixed,
        /// The row can be used; the message says why a person should check the row.
        Warning,
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

crate::compiled::enums!(DayOfWeek);

pub(super) const DAYS: [(DayOfWeek, Weekday); 7] = [
    (DayOfWeek::Monday, Weekday::Mon),
    (DayOfWeek::Tuesday, Weekday::Tue),
    (DayOfWeek::Wednesday, Weekday::Wed),
    (DayOfWeek::Thursday, Weekday::Thu),
    (DayOfWeek::Friday, Weekday::Fri),
    (DayOfWeek::Saturday, Weekday::Sat),
    (DayOfWeek::Sunday, Weekday::Sun),
];

/// An account's table of prices. The prices of a tariff are in its versions.
#[derive(async_graphql::Description)]
pub struct Tariff(pub tariff::Model);

impl Tariff {
    /// The terms of the active version; if no version is active, the terms of the newest version. If the tariff has no version yet, the terms that
    /// the first version will get.
    async fn terms(&self, ctx: &Context<'_>) -> async_graphql::Result<Terms> {
        match loaders::load(ctx, TermsOf(self.0.id)).await.map_err(top_level)? {
            Some(terms) => Ok(terms),
            None => Terms::first(&self.0).map_err(top_level),
        }
    }
}

#[object(roles = MANAGERS, scope = TARIFFS_READ)]
impl Tariff {
    /// Global id.
    pub(crate) fn id(&self) -> ID {
        Kind::Tariff.id(self.0.id)
    }

    /// Owner of the tariff; null if the owner is the parent of the caller's account.
    async fn account(&self, ctx: &Context<'_>) -> async_graphql::Result<Option<Account>> {
        if tariffs::is_bought(actor(ctx)?, &self.0) {
            return Ok(None);
        }
        let owner =
            access::by_id(app(ctx).store.reader(), self.0.account_id).boxed().await.map_err(top_level)?;
        Ok(Some(Account(owner)))
    }

    /// Display name.
    fn name(&self) -> &str {
        &self.0.name
    }

    /// Currency of the tariff's prices.
    fn currency(&self) -> CurrencyCode {
        CurrencyCode(self.0.currency.clone())
    }

    /// Number of decimals to which a charge is rounded, once per call; 0 to 6.
    async fn rounding_decimals(&self, ctx: &Context<'_>) -> async_graphql::Result<i32> {
        Ok(self.terms(ctx).await?.rounding.decimals.into())
    }

    /// How a charge is rounded.
    async fn rounding_mode(&self, ctx: &Context<'_>) -> async_graphql::Result<RoundingMode> {
        Ok(entity::RoundingMode::from(self.terms(ctx).await?.rounding.mode).into())
    }

    /// IANA time zone of the bands and holidays.
    async fn time_zone(&self, ctx: &Context<'_>) -> async_graphql::Result<&'static str> {
        Ok(self.terms(ctx).await?.time_zone.name())
    }

    /// Parts of the week with their own prices. The first matching band applies.
    #[field(length = 10)]
    async fn bands(&self, ctx: &Context<'_>) -> async_graphql::Result<Vec<TimeBandView>> {
        Ok(self.terms(ctx).await?.bands.into_iter().map(Into::into).collect())
    }

    /// Local dates that count as holidays, regardless of their weekday.
    async fn holidays(&self, ctx: &Context<'_>) -> async_graphql::Result<Vec<NaiveDate>> {
        Ok(self.terms(ctx).await?.holidays.into_iter().collect())
    }

    /// Blocked prefixes (E.164 digits). Numbers that begin with a blocked prefix are refused.
    fn blocked_prefixes(&self) -> Vec<&str> {
        self.0
            .blocked_prefixes
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(serde_json::Value::as_str)
            .collect()
    }

    /// When the tariff was created.
    fn created_at(&self) -> DateTime<Utc> {
        self.0.created_at
    }

    /// When the tariff was archived; null if it is not archived.
    fn archived_at(&self) -> Option<DateTime<Utc>> {
        self.0.archived_at
    }

    /// The version that sets the prices of new calls; null before the first activation.
    async fn active_version(&self, ctx: &Context<'_>) -> async_graphql::Result<Option<TariffVersion>> {
        let found =
            tariffs::active_version(app(ctx), actor(ctx)?, self.0.id).boxed().await.map_err(top_level)?;
        Ok(found.map(TariffVersion))
    }

    /// How the prices follow another tariff; null if they do not, or if the tariff belongs to the parent of the caller's account.
    async fn derivation(&self, ctx: &Context<'_>) -> async_graphql::Result<Option<TariffDerivation>> {
        if tariffs::is_bought(actor(ctx)?, &self.0) {
            return Ok(None);
        }
        let found = loaders::load(ctx, DerivationOf(self.0.id)).await.map_err(top_level)?;
        Ok(found.map(|derivation| TariffDerivation { derivation, tariff: self.0.clone() }))
    }

    /// Imports into the tariff, newest first; empty if the tariff belongs to the parent of the caller's account. Imports are kept for 30 days after
    /// their end.
    #[field(scope = TARIFFS_WRITE)]
    async fn imports(&self, ctx: &Context<'_>, paging: Paging) -> async_graphql::Result<Page<TariffImport>> {
        let (app, actor) = (app(ctx), actor(ctx)?);
        let read = |page| tariffs::imports::list(app, actor, self.0.id, page);
        connection(ctx, paging, true, read, |job: &Job| job.row.id, TariffImport).boxed().await
    }

    /// Versions, newest first. If the tariff belongs to the parent of the caller's account, the list has only the active version and the scheduled
    /// versions.
    async fn versions(
        &self,
        ctx: &Context<'_>,
        paging: Paging,
    ) -> async_graphql::Result<Page<TariffVersion>> {
        let (app, actor) = (app(ctx), actor(ctx)?);
        let read = |page| tariffs::versions(app, actor, self.0.id, page);
        connection(ctx, paging, true, read, |row: &Version| row.version.id, TariffVersion).await
    }
}

/// A recurring part of the week, in the tariff's time zone.
#[object]
#[derive(SimpleObject)]
#[graphql(name = "TimeBand")]
pub struct TimeBandView {
    /// Name of the band. Rates refer to the band by this name.
    pub name: String,
    /// Days on which the band begins, Monday first.
    pub weekdays: Vec<DayOfWeek>,
    /// First second of the band, local time.
    pub from: NaiveTime,
    /// End of the band (exclusive), local time. If the end is at or before `from`, the band runs past midnight.
    pub to: NaiveTime,
    /// Whether the band also begins on holidays.
    pub holidays: bool,
}

impl From<TimeBand> for TimeBandView {
    fn from(band: TimeBand) -> Self {
        let weekdays =
            DAYS.iter().filter(|(_, day)| band.weekdays.contains(*day)).map(|(day, _)| *day).collect();
        Self { name: band.name, weekdays, from: band.from, to: band.to, holidays: band.holidays }
    }
}

/// An immutable version of a tariff's prices. Each change creates a new version.
#[derive(async_graphql::Description)]
pub struct TariffVersion(pub Version);

impl TariffVersion {
    fn terms(&self) -> async_graphql::Result<Terms> {
        Terms::of(&self.0.version).map_err(top_level)
    }
}

#[object(roles = MANAGERS, scope = TARIFFS_READ)]
impl TariffVersion {
    /// Global id.
    pub(crate) fn id(&self) -> ID {
        Kind::TariffVersion.id(self.0.version.id)
    }

    /// The tariff of this version.
    fn tariff(&self) -> Tariff {
        Tariff(tariff::Model::clone(&self.0.tariff))
    }

    /// Number of the version within the tariff: 1, 2, 3 ….
    fn number(&self) -> i32 {
        self.0.version.number
    }

    /// The version's current state, which follows from `activeFrom` and the tariff's other versions.
    fn state(&self) -> TariffVersionState {
        self.0.state.into()
    }

    /// When the version became or will become active; null for a draft.
    fn active_from(&self) -> Option<DateTime<Utc>> {
        self.0.version.active_from
    }

    /// Number of rates in the version.
    fn rate_count(&self) -> i32 {
        self.0.version.rate_count
    }

    /// Whether the version was derived from a version of another tariff.
    fn is_derived(&self) -> bool {
        self.0.version.source_revision.is_some()
    }

    /// Description as free text; empty if the tariff belongs to the parent of the caller's account.
    fn note(&self) -> &str {
        &self.0.version.note
    }

    /// When the version was created.
    fn created_at(&self) -> DateTime<Utc> {
        self.0.version.created_at
    }

    /// Number of decimals to which a charge is rounded, once per call; 0 to 6.
    fn rounding_decimals(&self) -> async_graphql::Result<i32> {
        Ok(self.terms()?.rounding.decimals.into())
    }

    /// How a charge is rounded.
    fn rounding_mode(&self) -> async_graphql::Result<RoundingMode> {
        Ok(entity::RoundingMode::from(self.terms()?.rounding.mode).into())
    }

    /// IANA time zone of the bands and holidays.
    fn time_zone(&self) -> async_graphql::Result<&'static str> {
        Ok(self.terms()?.time_zone.name())
    }

    /// Parts of the week with their own prices. The first matching band applies.
    #[field(length = 10)]
    fn bands(&self) -> async_graphql::Result<Vec<TimeBandView>> {
        Ok(self.terms()?.bands.into_iter().map(Into::into).collect())
    }

    /// Local dates that count as holidays, regardless of their weekday.
    fn holidays(&self) -> async_graphql::Result<Vec<NaiveDate>> {
        Ok(self.terms()?.holidays.into_iter().collect())
    }

    /// Differences between the rates of the version that this version replaces, or would replace, and the rates of this version. The first version is
    /// compared with an empty version. If the tariff belongs to the parent of the caller's account, every version is compared with an empty version.
    fn changes(&self) -> RateChanges {
        RateChanges(tariffs::changes_of(&self.0))
    }

    /// The calls of the last thirty days, rated at this version's prices. Requesting this field takes up to ten seconds. Only the tariff's owner may
    /// request this field.
    async fn impact(&self, ctx: &Context<'_>) -> async_graphql::Result<TariffImpact> {
        let rated = tariffs::impact_of_version(app(ctx), actor(ctx)?, &self.0);
        let impact = rated.boxed().await.map_err(top_level)?;
        Ok(TariffImpact { impact, currency: self.0.tariff.currency.clone() })
    }

    /// Prices below cost while this version is in force: from now on or, for a scheduled version, from its beginning. All prices are compared, even those
    /// of destinations that nobody has called; `impact { destinationsBelowCost }` counts only destinations with calls. Only the tariff's owner may
    /// request this field.
    async fn margin(&self, ctx: &Context<'_>) -> async_graphql::Result<MarginGuard> {
        let compared = tariffs::margins_of_version(app(ctx), actor(ctx)?, &self.0);
        compared.boxed().await.map(Into::into).map_err(top_level)
    }

    /// Rates, ordered by prefix.
    async fn rates(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Filter; all rates if omitted.")] search: Option<RateSearchInput>,
        paging: Paging,
    ) -> async_graphql::Result<Page<RateView>> {
        version_rates(ctx, &self.0, search, paging).boxed().await
    }
}
