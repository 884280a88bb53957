//! Imports of rate decks as jobs.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

use crate::columns::ImportState;
use crate::parents::parents;

/// An import of a rate deck as a job.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize, Deserialize)]
#[sea_orm(table_name = "tariff_import")]
pub struct Model {
    /// Primary key, a UUIDv7.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The tariff that gets a new version.
    pub tariff_id: Uuid,
    /// The login for which the job works; null if the job was created with an API token.
    pub auth_session_id: Option<Uuid>,
    /// The API token for which the job works; null if the job was created in a login.
    pub api_token_id: Option<Uuid>,
    /// The state.
    pub state: ImportState,
    /// The mode, mapping, base version and so on, as the use case writes them.
    pub input: Json,
    /// The running program that has the file; null before the upload.
    pub node: Option<Uuid>,
    /// Last sign of life of the node.
    pub heartbeat_at: DateTimeUtc,
    /// When the job fails unless the file is uploaded, or the question is answered.
    pub expires_at: DateTimeUtc,
    /// Number of rates that are written.
    pub rows_read: i64,
    /// Number of rates to write; null until the file has been read.
    pub rows_total: Option<i64>,
    /// What was found in the file, as the use case writes it; null until the file has been read.
    pub report: Option<Json>,
    /// Why the job failed, as the use case writes it.
    pub error: Option<Json>,
    /// The new version; null before it is complete, and after it was discarded.
    pub version_id: Option<Uuid>,
    /// When the job was created.
    pub created_at: DateTimeUtc,
    /// When the job ended; null until then.
    pub ended_at: Option<DateTimeUtc>,
}

parents! {
    /// The tariff that gets a new version.
    Tariff: TariffId => tariff::Id,
    /// The login for which the job works.
    AuthSession: AuthSessionId => auth_session::Id,
    /// The API token for which the job works.
    ApiToken: ApiTokenId => api_token::Id,
    /// The new version.
    Version: VersionId => tariff_version::Id,
}
