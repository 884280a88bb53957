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
    /// The user who created the job, perhaps with an API token; null if no user did.
    pub created_by: Option<Uuid>,
    /// The API token with which the job was created; null if the job was created in a login.
    pub created_with: Option<Uuid>,
    /// The login for which the job works: the login that created the job, or continued it last. Null if that was an API token.
    pub auth_session_id: Option<Uuid>,
    /// The API token for which the job works; null if the job works for a login.
    pub api_token_id: Option<Uuid>,
    /// The state.
    pub state: ImportState,
    /// The job's options, such as the mode, the mapping and the base version. The use case defines the format.
    pub input: Json,
    /// The name of the file, without its folder, as the client gave it.
    pub file_name: Option<String>,
    /// The node that has the file; null before the upload, and once the job no longer needs the file.
    pub node: Option<Uuid>,
    /// Time of the node's last heartbeat for this job.
    pub heartbeat_at: DateTimeUtc,
    /// Deadline for the upload of the file, or for the answers to the questions. If the deadline passes, the job fails. For a checked job, the time
    /// until which its file is kept.
    pub expires_at: DateTimeUtc,
    /// Number of rates written so far.
    pub rows_read: i64,
    /// Number of rates to write; null until the file has been read.
    pub rows_total: Option<i64>,
    /// The findings about the file; null until the file has been read. The use case defines the format.
    pub report: Option<Json>,
    /// Why the job failed, or why the last start of a checked job failed; otherwise null. The use case defines the format.
    pub error: Option<Json>,
    /// The new version; null before it is complete, and after it was discarded.
    pub version_id: Option<Uuid>,
    /// The ids of all versions that an import by date made; null for other imports. Some of the versions may have been discarded since.
    pub scheduled: Option<Json>,
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
    /// The user who created the job.
    User: CreatedBy => user::Id,
    ;
    /// The API token with which the job was created.
    CreationToken: CreatedWith => api_token::Id,
}
