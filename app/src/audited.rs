//! Records changes to single rows in the audit log.

use chrono::{DateTime, Utc};
use entity::{cabin, cabin_session, phone, register_shift, tariff};
use serde_json::Value;
use uuid::Uuid;

use crate::audit::{self, Change};
use crate::auth::Actor;
use base::error::Result;
use store::Tx;

/// A row whose changes the audit log records.
pub(crate) trait Audited {
    /// The row's GraphQL type.
    const KIND: &'static str;
    /// The account that owns the row, and the row's id.
    fn owner_and_id(&self) -> (Uuid, Uuid);
}

macro_rules! audited {
    ($($table:ident of $owner:ident = $kind:literal;)+) => {
        $(impl Audited for $table::Model {
            const KIND: &'static str = $kind;
            fn owner_and_id(&self) -> (Uuid, Uuid) {
                (self.$owner, self.id)
            }
        })+
    };
}

audited! {
    cabin of callshop_id = "Cabin";
    cabin_session of callshop_id = "CabinSession";
    phone of callshop_id = "Phone";
    register_shift of callshop_id = "RegisterShift";
    tariff of account_id = "Tariff";
}

/// Records a change to `row`; see [`audit::record`]. `before` and `after` are the values of the changed fields.
///
/// # Errors
/// May fail with database errors.
pub(crate) async fn record<T: Audited + Sync>(
    tx: &Tx,
    actor: &Actor,
    at: DateTime<Utc>,
    action: &'static str,
    row: &T,
    (before, after): (Value, Value),
) -> Result<()> {
    let (account_id, id) = row.owner_and_id();
    audit::record(tx, actor, at, Change { account_id, action, object: (T::KIND, id), before, after }).await
}
