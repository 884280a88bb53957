//! Saved mappings of carriers' decks. An account saves a mapping under a name, usually the carrier's, and uses the mapping for the carrier's next
//! decks.

use billing::carrier_deck::Mapping;
use entity::{Role, tariff, tariff_mapping};
use serde::Deserialize as _;
use serde_json::json;
use uuid::Uuid;

use super::owned;
use crate::accounts::clean_name;
use crate::audit::{self, Change};
use crate::auth::{Actor, Right};
use crate::{App, access};
use base::error::{Error, ErrorCode, OrFault as _, Result};
use store::{Listed, Page, tariff_mappings as rows};

/// Maximum number of mappings per account.
pub const MAX_MAPPINGS: u64 = 500;

/// Checks the bounds of a mapping.
///
/// # Errors
/// Fails with `INVALID_INPUT`.
pub fn check_mapping(mapping: &Mapping) -> Result<()> {
    mapping.check().map_err(|refusal| Error::invalid("mapping", refusal.to_string()))
}

/// Reads a saved mapping of the tariff's account. `mapping` completes or corrects the saved mapping.
///
/// # Errors
/// Fails with `INVALID_INPUT` if the account has no such mapping.
pub(super) async fn with_saved(
    app: &App,
    tariff: &tariff::Model,
    id: Uuid,
    mapping: Option<Mapping>,
) -> Result<Mapping> {
    let saved = rows::find(app.store.reader(), tariff.account_id, id).await?;
    let saved =
        saved.ok_or_else(|| Error::invalid("mappingId", "The account of the tariff has no such mapping."))?;
    let saved = Mapping::deserialize(&saved.mapping).or_fault()?;
    Ok(saved.merged(mapping.unwrap_or_default()))
}

/// The mapping for an import into a tariff: the saved mapping `id`, completed or corrected by `mapping`; only `mapping` if there is no `id`.
///
/// # Errors
/// Fails with `INVALID_INPUT` if the tariff's account has no such mapping. May also fail with `NOT_FOUND` or `FORBIDDEN`.
pub async fn chosen(
    app: &App,
    actor: &Actor,
    tariff_id: Uuid,
    (id, mapping): (Option<Uuid>, Option<Mapping>),
) -> Result<Option<Mapping>> {
    let Some(id) = id else { return Ok(mapping) };
    let tariff = owned(app, actor, tariff_id).await?;
    with_saved(app, &tariff, id, mapping).await.map(Some)
}

/// The account whose mappings the actor has permission to use: the actor's own account or, for the platform's admins, any account.
async fn account_of(app: &App, actor: &Actor, account_id: Option<Uuid>) -> Result<Uuid> {
    actor.require(Right::ManageTariffs)?;
    let id = account_id.unwrap_or(actor.account_id);
    if id != actor.account_id && actor.role != Role::Admin {
        return Err(Error::Forbidden);
    }
    // a token that is limited to a lower account cannot reach its user's own account, so this lookup fails with `NOT_FOUND`
    Ok(access::account(app.store.reader(), actor, id, Right::ManageTariffs).await?.id)
}

/// Saves a mapping under a name, without the answers that are about a single deck ([`Mapping::for_later_decks`]). A mapping with the same name is
/// replaced.
///
/// # Errors
/// Fails with `ILLEGAL_STATE` if the account has [`MAX_MAPPINGS`] mappings. May also fail with `INVALID_INPUT`, `NOT_FOUND` or `FORBIDDEN`.
pub async fn save(
    app: &App,
    actor: &Actor,
    account_id: Option<Uuid>,
    name: &str,
    mapping: Mapping,
) -> Result<tariff_mapping::Model> {
    let account_id = account_of(app, actor, account_id).await?;
    let name = &clean_name("name", name)?;
    check_mapping(&mapping)?;
    let mapping = &serde_json::to_value(mapping.for_later_decks()).or_fault()?;
    let now = app.clock.now();
    app.write_as(actor, |tx| async move {
        let conn = tx.conn();
        let before = rows::named(conn, account_id, name).await?;
        let change = |row: &tariff_mapping::Model, before| Change {
            account_id,
            action: "saveTariffMapping",
            object: ("TariffMapping", row.id),
            before,
            after: json!({ "name": row.name, "mapping": row.mapping }),
        };
        if let Some(before) = before {
            let was = json!({ "name": before.name, "mapping": before.mapping });
            let row = tariff_mapping::Model { mapping: mapping.clone(), updated_at: now, ..before };
            audit::record(&tx, actor, now, change(&row, was)).await?;
            return rows::update(conn, row).await;
        }
        if rows::count(conn, account_id).await? >= MAX_MAPPINGS {
            let message = base::message!("An account can have at most {max} mappings.", max = MAX_MAPPINGS);
            return Err(Error::user(ErrorCode::IllegalState, message));
        }
        let row = tariff_mapping::Model {
            id: Uuid::now_v7(),
            account_id,
            name: name.clone(),
            mapping: mapping.clone(),
            created_at: now,
            updated_at: now,
        };
        audit::record(&tx, actor, now, change(&row, serde_json::Value::Null)).await?;
        // if two requests save the same name at the same time, the second runs again and replaces the mapping of the first
        rows::insert(conn, row.clone())
            .await
            .map_err(|error| if error.is_unique_violation() { Error::Overtaken } else { error })?;
        Ok(row)
    })
    .await
}

/// Lists the mappings of an account, oldest first.
///
/// # Errors
/// Fails with `NOT_FOUND` or `FORBIDDEN`.
pub async fn list(
    app: &App,
    actor: &Actor,
    account_id: Option<Uuid>,
    page: Page,
) -> Result<Listed<tariff_mapping::Model>> {
    let account_id = account_of(app, actor, account_id).await?;
    rows::list(app.store.reader(), account_id, page).await
}

/// The account's mapping with this name.
///
/// # Errors
/// Fails with `INVALID_INPUT` if the account has no mapping with this name.
pub async fn named(app: &App, account_id: Uuid, name: &str) -> Result<Mapping> {
    let found = rows::named(app.store.reader(), account_id, name).await?.ok_or_else(|| unknown(name))?;
    Mapping::deserialize(&found.mapping).or_fault()
}

fn unknown(name: &str) -> Error {
    Error::invalid("name", base::message!("There is no mapping with the name \"{name}\".", name))
}

/// Deletes the mapping with this name, and returns it. Imports that were created with the mapping keep their own copies.
///
/// # Errors
/// Fails with `INVALID_INPUT` if there is no such mapping. May also fail with `NOT_FOUND` or `FORBIDDEN`.
pub async fn delete(
    app: &App,
    actor: &Actor,
    account_id: Option<Uuid>,
    name: &str,
) -> Result<tariff_mapping::Model> {
    let account_id = account_of(app, actor, account_id).await?;
    let (name, now) = (&clean_name("name", name)?, app.clock.now());
    app.write_as(actor, |tx| async move {
        let found = rows::named(tx.conn(), account_id, name).await?.ok_or_else(|| unknown(name))?;
        let change = Change {
            account_id,
            action: "deleteTariffMapping",
            object: ("TariffMapping", found.id),
            before: json!({ "name": found.name, "mapping": found.mapping }),
            after: json!({ "name": null, "mapping": null }),
        };
        audit::record(&tx, actor, now, change).await?;
        rows::delete(tx.conn(), found.id).await?;
        Ok(found)
    })
    .await
}
