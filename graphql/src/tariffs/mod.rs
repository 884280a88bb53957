//! Tariffs, their versions and rates.

pub(crate) mod carrier_decks;
pub(crate) mod derived;
pub(crate) mod impact;
pub(crate) mod imports;
pub(crate) mod inputs;
pub(crate) mod mappings;
pub(crate) mod mutations;
pub(crate) mod rates;
pub(crate) mod types;
pub(crate) mod versions;

use async_graphql::{Context, ID};
use entity::tariff;
use graphql_macros::object;
use uuid::Uuid;

pub use derived::{DeriveTariffPayload, TariffDerivationMutation};
pub use imports::{TariffImportMutation, TariffImportPayload, TariffImportQuery, TariffImportSubscription};
pub use mappings::{TariffMappingMutation, TariffMappingPayload, TariffMappingQuery};
pub use mutations::{
    ActivateTariffVersionPayload, AssignTariffPayload, BlockDestinationPayload, CreateTariffPayload,
    TariffDraftPayload, TariffMutation,
};
pub use rates::RateView;
pub(super) use rates::{BandPriceView, RateSearchInput, band_prices, by_prefix};
pub use types::{Tariff, TariffVersion};
pub use versions::{
    ArchiveTariffPayload, CancelTariffVersionPayload, DiscardTariffVersionPayload, RevertTariffPayload,
    TariffVersionMutation, TariffVersionQuery, UpdateTariffPayload,
};

use super::paging::{Page, Paging, connection};
use super::payload::{nullable, top_level};
use super::scalars::Kind;
use super::{actor, app, caller};
use crate::roles::MANAGERS;
use app::tariffs;
use rates::version_rates;

/// The queries that this file defines.
#[derive(Default)]
pub struct TariffQuery;

#[object(root = "Query")]
impl TariffQuery {
    /// A tariff of the caller's account, or that account's cost tariff; null if there is no such tariff. Callshop owners and attendants cannot see
    /// tariffs.
    #[field(roles = MANAGERS, scope = TARIFFS_READ)]
    async fn tariff(&self, ctx: &Context<'_>, id: ID) -> Option<async_graphql::Result<Tariff>> {
        let found = async { tariffs::readable(app(ctx), caller(ctx)?, Kind::Tariff.parse(&id)?).await };
        nullable(found.await.map(Tariff))
    }

    /// Tariffs of the caller's account, oldest first; for platform admins, all tariffs. Archived tariffs are left out unless `includeArchived` is
    /// set.
    #[field(roles = MANAGERS, scope = TARIFFS_READ)]
    async fn tariffs(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Whether to include archived tariffs.", default)] include_archived: bool,
        paging: Paging,
    ) -> async_graphql::Result<Page<Tariff>> {
        let (app, actor) = (app(ctx), actor(ctx)?);
        let read = |page| tariffs::list(app, actor, include_archived, page);
        connection(ctx, paging, false, read, |row: &tariff::Model| row.id, Tariff).await
    }

    /// A version of a tariff of the caller's account, or an active or scheduled version of that account's cost tariff; null if there is no such
    /// version.
    #[field(roles = MANAGERS, scope = TARIFFS_READ)]
    async fn tariff_version(
        &self,
        ctx: &Context<'_>,
        id: ID,
    ) -> Option<async_graphql::Result<TariffVersion>> {
        let found = async {
            tariffs::readable_version(app(ctx), caller(ctx)?, Kind::TariffVersion.parse(&id)?).await
        };
        nullable(found.await.map(TariffVersion))
    }

    /// Rates of a version that `tariffVersion` shows, ordered by prefix.
    #[field(roles = MANAGERS, scope = TARIFFS_READ)]
    async fn rates(
        &self,
        ctx: &Context<'_>,
        version_id: ID,
        #[graphql(desc = "Filter; all rates if omitted.")] search: Option<RateSearchInput>,
        paging: Paging,
    ) -> async_graphql::Result<Page<RateView>> {
        let found = async {
            tariffs::readable_version(app(ctx), caller(ctx)?, Kind::TariffVersion.parse(&version_id)?).await
        };
        let version = found.await.map_err(top_level)?;
        version_rates(ctx, &version, search, paging).await
    }
}

/// A tariff that is assigned to an account; `None` if the caller has no permission to see the tariff. Platform admins and the tariff's owner see the
/// whole tariff. If the tariff is the cost tariff of the caller's account, the caller sees only the active and scheduled versions.
pub(super) async fn bought_tariff(
    ctx: &Context<'_>,
    id: Option<Uuid>,
) -> async_graphql::Result<Option<Tariff>> {
    let Some(id) = id else { return Ok(None) };
    nullable(tariffs::readable(app(ctx), actor(ctx)?, id).await.map(Tariff)).transpose()
}
