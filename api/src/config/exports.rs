//! Options of exports.

use serde::{Deserialize, Serialize};

/// Downloads of exports.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ExportsConfig {
    /// Maximum number of downloads that a user or API token may run on this node at the same time, 1 to 100.
    pub per_user: usize,
    /// Maximum number of downloads on this node at the same time, 1 to 1000.
    pub per_node: usize,
    /// Number of seconds after which a download ends if its client reads nothing, 1 to 600.
    pub stall_seconds: u64,
}

impl Default for ExportsConfig {
    fn default() -> Self {
        Self { per_user: 2, per_node: 16, stall_seconds: 60 }
    }
}

impl ExportsConfig {
    /// Checks the bounds that types cannot express.
    ///
    /// # Errors
    /// Returns a sentence that names the first option that is out of its bounds.
    pub(super) fn check(&self) -> Result<(), String> {
        if !(1..=100).contains(&self.per_user) {
            return Err("exports.per_user must be 1 to 100".to_owned());
        }
        if !(1..=1000).contains(&self.per_node) {
            return Err("exports.per_node must be 1 to 1000".to_owned());
        }
        if !(1..=600).contains(&self.stall_seconds) {
            return Err("exports.stall_seconds must be 1 to 600".to_owned());
        }
        Ok(())
    }
}
