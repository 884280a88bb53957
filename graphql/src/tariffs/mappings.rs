//! Saved mappings of carriers' decks.

use async_graphql::{Context, ID, InputObject};
use chrono::{DateTime, Utc};
use entity::tariff_mapping;
use graphql_macros::object;

use super::carrier_decks::parse_mapping;
use crate::accounts::parse_account_if;
use crate::paging::{Page, Paging, connection};
use crate::payload::{answer, payload};
use crate::roles::{ADMIN, MANAGERS};
use crate::scalars::Kind;
use crate::{actor, app, caller};
use app::tariffs::mappings;

/// A saved mapping of a carrier's decks.
#[derive(async_graphql::Description)]
pub struct TariffMapping(pub tariff_mapping::Model);

#[object(roles = MANAGERS, scope = TARIFFS_READ)]
impl TariffMapping {
    /// Global id.
    pub(crate) fn id(&self) -> ID {
        Kind::TariffMapping.id(self.0.id)
    }

    /// Name, usually that of the carrier.
    fn name(&self) -> &str {
        &self.0.name
    }

    /// The mapping as JSON.
    fn mapping(&self) -> String {
        self.0.mapping.to_string()
    }

    /// When the mapping was first saved.
    fn created_at(&self) -> DateTime<Utc> {
        self.0.created_at
    }

    /// When the mapping was last saved.
    fn updated_at(&self) -> DateTime<Utc> {
        self.0.updated_at
    }
}

/// A mapping to save.
#[object]
#[derive(InputObject)]
pub struct SaveTariffMappingInput {
    /// Owner of the mapping; the caller's own account if omitted. Visible to the platform only.
    #[field(roles = ADMIN)]
    pub account_id: Option<ID>,
    /// Name, usually that of the carrier. A mapping with the same name is replaced.
    pub name: String,
    /// The mapping as JSON, at most 100000 bytes.
    pub mapping: String,
}

/// A mapping to delete.
#[object]
#[derive(InputObject)]
pub struct DeleteTariffMappingInput {
    /// Owner of the mapping; the caller's own account if omitted. Visible to the platform only.
    #[field(roles = ADMIN)]
    pub account_id: Option<ID>,
    /// Name of the mapping.
    pub name: String,
}

payload!(
    /// Result of `saveTariffMapping` and `deleteTariffMapping`.
    TariffMappingPayload {
        /// The mapping as it was saved or deleted.
        mapping: TariffMapping,
    }
);

/// The queries that this file defines.
#[derive(Default)]
pub struct TariffMappingQuery;

#[object(root = "Query")]
impl TariffMappingQuery {
    /// Saved mappings of the caller's account, oldest first.
    #[field(roles = MANAGERS, scope = TARIFFS_READ)]
    async fn tariff_mappings(
        &self,
        ctx: &Context<'_>,
        paging: Paging,
    ) -> async_graphql::Result<Page<TariffMapping>> {
        let (app, actor) = (app(ctx), actor(ctx)?);
        let read = |page| mappings::list(app, actor, None, page);
        connection(ctx, paging, false, read, |row: &tariff_mapping::Model| row.id, TariffMapping).await
    }
}

/// The mutations that this file defines.
#[derive(Default)]
pub struct TariffMappingMutation;

#[object(root = "Mutation")]
impl TariffMappingMutation {
    /// Saves a mapping of a carrier's decks under a name. `createTariffImport` and `callshop tariff import` can use the saved mapping for the
    /// carrier's next decks.
    #[field(roles = MANAGERS, scope = TARIFFS_WRITE)]
    async fn save_tariff_mapping(
        &self,
        ctx: &Context<'_>,
        input: SaveTariffMappingInput,
    ) -> async_graphql::Result<TariffMappingPayload> {
        let done = async {
            let account_id = parse_account_if(ctx, input.account_id.as_ref()).await?;
            let mapping = parse_mapping(&input.mapping)?;
            mappings::save(app(ctx), caller(ctx)?, account_id, &input.name, mapping).await
        };
        answer(done.await.map(mapped))
    }

    /// Deletes a saved mapping. Imports that were created with the mapping are not affected.
    #[field(roles = MANAGERS, scope = TARIFFS_WRITE)]
    async fn delete_tariff_mapping(
        &self,
        ctx: &Context<'_>,
        input: DeleteTariffMappingInput,
    ) -> async_graphql::Result<TariffMappingPayload> {
        let done = async {
            let account_id = parse_account_if(ctx, input.account_id.as_ref()).await?;
            mappings::delete(app(ctx), caller(ctx)?, account_id, &input.name).await
        };
        answer(done.await.map(mapped))
    }
}

fn mapped(row: tariff_mapping::Model) -> TariffMappingPayload {
    TariffMappingPayload { mapping: Some(TariffMapping(row)), ..Default::default() }
}
