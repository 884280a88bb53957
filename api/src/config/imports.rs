//! Options of the imports of uploaded rate decks.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// Imports of uploaded rate decks.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ImportsConfig {
    /// Folder of uploaded files. If not set, the folder is `imports` beside the SQLite database, or below the service's state folder.
    pub folder: Option<PathBuf>,
    /// Maximum size of all uploaded files on this node, in bytes.
    pub spool_bytes: u64,
    /// Maximum number of files that this node reads at the same time, 1 to 16.
    pub jobs: usize,
}

impl Default for ImportsConfig {
    fn default() -> Self {
        Self { folder: None, spool_bytes: 1 << 30, jobs: 2 }
    }
}

impl ImportsConfig {
    /// Checks the bounds that types cannot express.
    ///
    /// # Errors
    /// Returns a sentence that names the first option that is out of its bounds.
    pub(super) fn check(&self, upload_bytes: u64) -> Result<(), String> {
        if !(1..=16).contains(&self.jobs) {
            return Err("imports.jobs must be 1 to 16".to_owned());
        }
        if self.spool_bytes < upload_bytes {
            return Err("imports.spool_bytes must be at least limits.upload_bytes".to_owned());
        }
        Ok(())
    }
}
