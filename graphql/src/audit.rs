//! The audit log: who changed what.

use std::collections::BTreeSet;

use async_graphql::{Context, ID, Object, SimpleObject};
use chrono::{DateTime, Utc};
use serde_json::Value;

use super::accounts::parse_account;
use super::paging::{Page, Paging, connection};
use super::payload::top_level;
use super::roles::{BACK_OFFICE, Rule};
use super::scalars::Kind;
use super::users::User;
use super::{actor, app};
use app::audit::{self, Entry};

/// Who sees what of this file.
pub const RULES: &[Rule] = &[("Query.auditLog", BACK_OFFICE)];

/// What one mutation changed of one object.
pub struct AuditEntry(Entry);

/// A field of an object that was changed.
#[derive(SimpleObject)]
pub struct AuditChange {
    /// Its name.
    pub field: String,
    /// What it was: text as it is, everything else as JSON; null for nothing.
    pub before: Option<String>,
    /// What it is now, likewise.
    pub after: Option<String>,
}

#[Object]
impl AuditEntry {
    /// When.
    async fn at(&self) -> DateTime<Utc> {
        self.0.row.at
    }

    /// Name of the mutation.
    async fn action(&self) -> &str {
        &self.0.row.action
    }

    /// Name of the changed object's type.
    async fn object_type(&self) -> &str {
        &self.0.row.object_kind
    }

    /// Global id of the changed object.
    async fn object_id(&self) -> Option<ID> {
        Kind::named(&self.0.row.object_kind).map(|kind| kind.id(self.0.row.object_id))
    }

    /// Who did it; null for who is above the caller's account, and for the server's command line.
    async fn user(&self) -> Option<User> {
        self.0.user.clone().map(User)
    }

    /// Address that it came from; null where `user` is.
    async fn address(&self) -> Option<&str> {
        Some(self.0.row.address.as_str()).filter(|address| !address.is_empty())
    }

    /// What changed, without secrets.
    async fn changes(&self) -> Vec<AuditChange> {
        let (before, after) = (self.0.row.before.as_object(), self.0.row.after.as_object());
        let names = [before, after].into_iter().flatten().flat_map(|object| object.keys().cloned());
        let names: BTreeSet<String> = names.collect();
        let change = |field: String| AuditChange {
            before: before.and_then(|object| text(object.get(&field)?)),
            after: after.and_then(|object| text(object.get(&field)?)),
            field,
        };
        names.into_iter().map(change).collect()
    }
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}

/// Queries of this file.
#[derive(Default)]
pub struct AuditQuery;

#[Object]
impl AuditQuery {
    /// What was changed of the caller's account or one below it, and of its objects, newest first.
    async fn audit_log(
        &self,
        ctx: &Context<'_>,
        account_id: ID,
        first: Option<i32>,
        after: Option<String>,
        last: Option<i32>,
        before: Option<String>,
    ) -> async_graphql::Result<Page<AuditEntry>> {
        let (app, actor) = (app(ctx), actor(ctx)?);
        let id = parse_account(ctx, &account_id).await.map_err(top_level)?;
        let read = |page| audit::list(app, actor, id, page);
        let paging = Paging { first, after, last, before };
        connection(paging, true, read, |entry: &Entry| entry.row.id, AuditEntry).await
    }
}
