//! The lifecycle of tariff versions: comparing, canceling, discarding, going back, and changing a tariff's terms.

use async_graphql::{Context, ID, InputObject};
use chrono::NaiveDate;
use graphql_macros::object;

use super::inputs::TimeBandInput;
use super::mutations::{MarginGuard, parse_base};
use super::rates::{RateView, by_prefix};
use super::types::{RoundingMode, Tariff, TariffVersion};
use crate::paging::{Page, Paging};
use crate::payload::{answer, nullable, payload, top_level};
use crate::roles::MANAGERS;
use crate::scalars::{CurrencyCode, Decimal, Kind};
use crate::{app, caller, graphql_enum, keyed};
use app::tariffs::{self, Comparison, RateChange, TariffUpdate};
use base::error::{Error, Result};
use billing::rate_changes::percent;

graphql_enum!(
    /// How a prefix differs between two versions.
    RateChangeKind = "billing::rate_changes::RateChangeKind" {
        /// Only the later version has a rate for the prefix.
        Added,
        /// The price per minute is higher.
        Raised,
        /// The price per minute is lower.
        Lowered,
        /// The price per minute is the same, but another value differs: the name, a fee, an increment, the price of the initial increment, the
        /// minimum charge, the free seconds or a price in a band.
        Changed,
        /// Only the earlier version has a rate for the prefix.
        Removed,
        /// Both rates are equal.
        Unchanged,
    }
);

graphql_enum!(
    /// A part of a version's terms.
    TariffTerm = "tariffs::Term" {
        /// Decimals and direction of the rounding.
        Rounding,
        /// Time zone of the bands and holidays.
        TimeZone,
        /// Time bands.
        Bands,
        /// Holidays.
        Holidays,
    }
);

/// The differences between the rates and terms of two versions.
#[derive(async_graphql::Description)]
pub struct RateChanges(pub Comparison);

impl RateChanges {
    async fn count(
        &self,
        ctx: &Context<'_>,
        kind: billing::rate_changes::RateChangeKind,
    ) -> async_graphql::Result<u64> {
        let counts = Box::pin(self.0.counts(app(ctx))).await.map_err(top_level)?;
        Ok(counts.of(kind))
    }
}

#[object]
impl RateChanges {
    /// Currency of both versions' prices.
    fn currency(&self) -> CurrencyCode {
        CurrencyCode(self.0.currency().to_owned())
    }

    /// The terms in which the versions differ; empty if there is no earlier version.
    async fn terms(&self, ctx: &Context<'_>) -> async_graphql::Result<Vec<TariffTerm>> {
        let changed = Box::pin(self.0.changed_terms(app(ctx))).await.map_err(top_level)?;
        Ok(changed.into_iter().map(Into::into).collect())
    }

    /// Number of new prefixes.
    async fn added(&self, ctx: &Context<'_>) -> async_graphql::Result<u64> {
        self.count(ctx, billing::rate_changes::RateChangeKind::Added).await
    }

    /// Number of prefixes with a higher price per minute.
    async fn raised(&self, ctx: &Context<'_>) -> async_graphql::Result<u64> {
        self.count(ctx, billing::rate_changes::RateChangeKind::Raised).await
    }

    /// Number of prefixes with a lower price per minute.
    async fn lowered(&self, ctx: &Context<'_>) -> async_graphql::Result<u64> {
        self.count(ctx, billing::rate_changes::RateChangeKind::Lowered).await
    }

    /// Number of prefixes whose price per minute is the same, but whose rate differs in some other value.
    async fn changed(&self, ctx: &Context<'_>) -> async_graphql::Result<u64> {
        self.count(ctx, billing::rate_changes::RateChangeKind::Changed).await
    }

    /// Number of removed prefixes.
    async fn removed(&self, ctx: &Context<'_>) -> async_graphql::Result<u64> {
        self.count(ctx, billing::rate_changes::RateChangeKind::Removed).await
    }

    /// Number of prefixes with the same rate.
    async fn unchanged(&self, ctx: &Context<'_>) -> async_graphql::Result<u64> {
        self.count(ctx, billing::rate_changes::RateChangeKind::Unchanged).await
    }

    /// The prefixes of either version, ordered by prefix. The cursors remain valid when a dry run is repeated with the same file.
    async fn rows(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Prefixes of this kind; all prefixes if omitted.")] kind: Option<RateChangeKind>,
        paging: Paging,
    ) -> async_graphql::Result<Page<RateChangeView>> {
        let (app, kind) = (app(ctx), kind.map(Into::into));
        let read = |page| self.0.page(app, kind, page);
        let currency = self.0.currency();
        let node = |change| RateChangeView { change, currency: currency.to_owned() };
        by_prefix(ctx, paging, read, RateChange::prefix, node).await
    }
}

/// A prefix that one or both of the compared versions have.
#[derive(async_graphql::Description)]
pub struct RateChangeView {
    pub(super) change: RateChange,
    pub(super) currency: String,
}

impl RateChangeView {
    fn view(&self, rate: Option<&billing::tariff::Rate>) -> Option<RateView> {
        rate.map(|rate| RateView { rate: rate.clone(), currency: self.currency.clone() })
    }
}

#[object(name = "RateChange")]
impl RateChangeView {
    /// How the prefix differs.
    fn kind(&self) -> RateChangeKind {
        self.change.kind().into()
    }

    /// E.164 digits without "+".
    fn prefix(&self) -> &str {
        self.change.prefix()
    }

    /// Destination name in the later version or, if the prefix was removed, in the earlier version.
    fn destination(&self) -> &str {
        self.change.rate().map_or("", |rate| rate.destination.as_str())
    }

    /// The rate in the earlier version; null if the prefix was added.
    fn before(&self) -> Option<RateView> {
        self.view(self.change.before.as_ref())
    }

    /// The rate in the later version; null if the prefix was removed.
    fn after(&self) -> Option<RateView> {
        self.view(self.change.after.as_ref())
    }

    /// Change in the price per minute, in percent, rounded to two decimals, such as "12.5" or "-3"; null if a rate is missing or the old price is
    /// zero.
    fn percent(&self) -> Option<Decimal> {
        let (before, after) = (self.change.before.as_ref()?, self.change.after.as_ref()?);
        percent(before.price_per_minute, after.price_per_minute).map(Decimal)
    }
}

/// Cancels the schedule of a version.
#[derive(InputObject)]
pub struct CancelTariffVersionInput {
    /// The scheduled version.
    pub version_id: ID,
    /// Makes the request safe to repeat: a repeated request with the same key and input changes nothing, and gets the answer to the first request. A
    /// key has at most 100 bytes and is kept for 400 days.
    pub idempotency_key: Option<String>,
}

/// A draft to discard.
#[derive(InputObject)]
pub struct DiscardTariffVersionInput {
    /// The draft.
    pub version_id: ID,
}

/// An earlier version to go back to.
#[derive(InputObject)]
pub struct RevertTariffInput {
    /// The tariff to change.
    pub tariff_id: ID,
    /// A version that was in force earlier; if omitted, the version that was in force before the active version.
    pub version_id: Option<ID>,
    /// Description of the new version; if omitted, the description names the earlier version.
    #[graphql(default)]
    pub note: String,
    /// Makes the request safe to repeat: a repeated request with the same key and input changes nothing, and gets the answer to the first request. A
    /// key has at most 100 bytes and is kept for 400 days.
    pub idempotency_key: Option<String>,
}

/// A tariff to archive or to take out of the archive.
#[derive(InputObject)]
pub struct ArchiveTariffInput {
    /// The tariff.
    pub tariff_id: ID,
    /// Whether the tariff is archived after the change.
    #[graphql(default = true)]
    pub archived: bool,
    /// Makes the request safe to repeat: a repeated request with the same key and input changes nothing, and gets the answer to the first request. A
    /// key has at most 100 bytes and is kept for 400 days.
    pub idempotency_key: Option<String>,
}

/// Changes to a tariff. Omitted values remain unchanged.
#[derive(InputObject)]
pub struct UpdateTariffInput {
    /// The tariff to change.
    pub tariff_id: ID,
    /// Display name, which changes immediately.
    pub name: Option<String>,
    /// Number of decimals to which a charge is rounded, 0 to 6.
    pub rounding_decimals: Option<i32>,
    /// How a charge is rounded.
    pub rounding_mode: Option<RoundingMode>,
    /// IANA time zone of the bands and holidays.
    pub time_zone: Option<String>,
    /// All parts of the week with their own prices, at most 16. The list must have every band in which a rate has a price.
    pub bands: Option<Vec<TimeBandInput>>,
    /// All local dates that count as holidays, at most 1000.
    pub holidays: Option<Vec<NaiveDate>>,
    /// Version to start from: a draft, a scheduled version, or the active version; the active version if omitted.
    pub base_version_id: Option<ID>,
    /// Description of the new version.
    #[graphql(default)]
    pub note: String,
    /// Makes the request safe to repeat: a repeated request with the same key and input changes nothing, and gets the answer to the first request. A
    /// key has at most 100 bytes and is kept for 400 days.
    pub idempotency_key: Option<String>,
}

payload!(
    /// Result of `cancelTariffVersion`.
    CancelTariffVersionPayload {
        /// The version, which is a draft again.
        version: TariffVersion,
    }
);

payload!(
    /// Result of `discardTariffVersion`.
    DiscardTariffVersionPayload {
        /// The tariff of the discarded draft.
        tariff: Tariff,
    }
);

payload!(
    /// Result of `revertTariff`.
    RevertTariffPayload {
        /// The new version, which is active and has the rates and terms of the earlier version.
        version: TariffVersion,
        /// Prices below cost.
        margin: MarginGuard,
        /// The scheduled version that will replace the new version; null if no version is scheduled.
        next: TariffVersion,
    }
);

payload!(
    /// Result of `archiveTariff`.
    ArchiveTariffPayload {
        /// The tariff after the change.
        tariff: Tariff,
    }
);

payload!(
    /// Result of `updateTariff`.
    UpdateTariffPayload {
        /// The tariff after the change.
        tariff: Tariff,
        /// The new draft with the changed terms; null if only the name changed, or if the tariff has no version yet.
        version: TariffVersion,
        /// Prices below cost.
        margin: MarginGuard,
    }
);

/// The queries that this file defines.
#[derive(Default)]
pub struct TariffVersionQuery;

#[object(root = "Query")]
impl TariffVersionQuery {
    /// The differences between the rates of two versions. Both versions must belong to the caller's tariffs and have the same currency. Null if there
    /// is no such version.
    #[field(roles = MANAGERS, scope = TARIFFS_READ)]
    async fn compare_tariff_versions(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The earlier version.")] from: ID,
        #[graphql(desc = "The later version.")] to: ID,
    ) -> Option<async_graphql::Result<RateChanges>> {
        let found = async {
            let (from, to) = (Kind::TariffVersion.parse(&from)?, Kind::TariffVersion.parse(&to)?);
            tariffs::compare(app(ctx), caller(ctx)?, from, to).await
        };
        nullable(found.await.map(RateChanges))
    }
}

/// The mutations that this file defines.
#[derive(Default)]
pub struct TariffVersionMutation;

#[object(root = "Mutation")]
impl TariffVersionMutation {
    /// Cancels the schedule of a version, which becomes a draft again. Fails with `SCHEDULE_CONFLICT` if another scheduled version follows this
    /// version.
    #[field(roles = MANAGERS, scope = TARIFFS_WRITE)]
    async fn cancel_tariff_version(
        &self,
        ctx: &Context<'_>,
        input: CancelTariffVersionInput,
    ) -> async_graphql::Result<CancelTariffVersionPayload> {
        let done = async {
            let id = Kind::TariffVersion.parse(&input.version_id)?;
            let actor = keyed(ctx, input.idempotency_key.as_deref())?;
            tariffs::cancel(app(ctx), &actor, id).await
        };
        let payload = |version| CancelTariffVersionPayload {
            version: Some(TariffVersion(version)),
            ..Default::default()
        };
        answer(done.await.map(payload))
    }

    /// Deletes a draft and its rates. A draft cannot be discarded if another version was made from it.
    #[field(roles = MANAGERS, scope = TARIFFS_WRITE)]
    async fn discard_tariff_version(
        &self,
        ctx: &Context<'_>,
        input: DiscardTariffVersionInput,
    ) -> async_graphql::Result<DiscardTariffVersionPayload> {
        let done = async {
            let id = Kind::TariffVersion.parse(&input.version_id)?;
            tariffs::discard(app(ctx), caller(ctx)?, id).await
        };
        let payload =
            |tariff| DiscardTariffVersionPayload { tariff: Some(Tariff(tariff)), ..Default::default() };
        answer(done.await.map(payload))
    }

    /// Goes back to an earlier version immediately: creates a version with the earlier version's rates and terms, and activates the new version.
    /// Scheduled versions remain scheduled; `next` is the first of these versions.
    #[field(roles = MANAGERS, scope = TARIFFS_WRITE)]
    async fn revert_tariff(
        &self,
        ctx: &Context<'_>,
        input: RevertTariffInput,
    ) -> async_graphql::Result<RevertTariffPayload> {
        let done = async {
            let id = Kind::Tariff.parse(&input.tariff_id)?;
            let to = input.version_id.as_ref().map(|id| Kind::TariffVersion.parse(id)).transpose()?;
            let actor = keyed(ctx, input.idempotency_key.as_deref())?;
            tariffs::revert(app(ctx), &actor, id, to, &input.note).await
        };
        answer(done.await.map(|done| RevertTariffPayload {
            version: Some(TariffVersion(done.version)),
            margin: Some(done.margins.into()),
            next: done.next.map(TariffVersion),
            user_errors: Vec::new(),
        }))
    }

    /// Archives a tariff that is assigned to no account, or takes it out of the archive. An archived tariff gets no new versions and cannot be
    /// assigned; its versions and past calls remain.
    #[field(roles = MANAGERS, scope = TARIFFS_WRITE)]
    async fn archive_tariff(
        &self,
        ctx: &Context<'_>,
        input: ArchiveTariffInput,
    ) -> async_graphql::Result<ArchiveTariffPayload> {
        let done = async {
            let id = Kind::Tariff.parse(&input.tariff_id)?;
            let actor = keyed(ctx, input.idempotency_key.as_deref())?;
            tariffs::archive(app(ctx), &actor, id, input.archived).await
        };
        let payload = |tariff| ArchiveTariffPayload { tariff: Some(Tariff(tariff)), ..Default::default() };
        answer(done.await.map(payload))
    }

    /// Changes a tariff's name immediately. Changes to the rounding, time zone, bands and holidays go into a new draft with the same rates. While the
    /// tariff has no version, these changes also take effect immediately, and no draft is created.
    #[field(roles = MANAGERS, scope = TARIFFS_WRITE)]
    async fn update_tariff(
        &self,
        ctx: &Context<'_>,
        input: UpdateTariffInput,
    ) -> async_graphql::Result<UpdateTariffPayload> {
        let done = async {
            let actor = keyed(ctx, input.idempotency_key.as_deref())?;
            tariffs::update(app(ctx), &actor, parse_update(input)?).await
        };
        answer(done.await.map(|(tariff, draft)| {
            let (version, margins) = draft.map(|draft| (draft.version, draft.margins)).unzip();
            UpdateTariffPayload {
                tariff: Some(Tariff(tariff)),
                version: version.flatten().map(TariffVersion),
                margin: margins.map(Into::into),
                user_errors: Vec::new(),
            }
        }))
    }
}

fn parse_update(input: UpdateTariffInput) -> Result<TariffUpdate> {
    let decimals = input.rounding_decimals.map(|decimals| {
        u8::try_from(decimals)
            .map_err(|_| Error::invalid("roundingDecimals", "`roundingDecimals` must be between 0 and 6."))
    });
    Ok(TariffUpdate {
        tariff_id: Kind::Tariff.parse(&input.tariff_id)?,
        name: input.name,
        rounding_decimals: decimals.transpose()?,
        rounding_mode: input.rounding_mode.map(|mode| entity::RoundingMode::from(mode).into()),
        time_zone: input.time_zone,
        bands: input.bands.map(|bands| bands.into_iter().map(Into::into).collect()),
        holidays: input.holidays,
        base_version_id: parse_base(input.base_version_id.as_ref())?,
        note: input.note,
    })
}
