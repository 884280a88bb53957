//! The audit log: each entry names the user, the change and its object.

use graphql_macros::object;
use std::collections::BTreeSet;

use async_graphql::{Context, ID, SimpleObject};
use chrono::{DateTime, Utc};
use serde_json::Value;

use super::accounts::parse_account;
use super::api_tokens::ApiToken;
use super::filters::{TimeRange, within};
use super::paging::{Page, Paging, connection};
use super::payload::top_level;
use super::roles::BACK_OFFICE;
use super::scalars::Kind;
use super::users::User;
use super::{actor, app};
use app::audit::{self, Entry};

/// The change that one mutation made to one object.
#[derive(async_graphql::Description)]
pub struct AuditEntry(Entry);

/// A changed field.
#[object]
#[derive(SimpleObject)]
pub struct AuditChange {
    /// Name of the field.
    pub field: String,
    /// Previous value as plain text, or as JSON if the value is not text; null if the field was unset.
    pub before: Option<String>,
    /// New value in the format of `before`; null if the value was removed.
    pub after: Option<String>,
}

#[object]
impl AuditEntry {
    /// Opaque id of the entry; unique and stable.
    fn entry_id(&self) -> ID {
        Kind::AuditEntry.id(self.0.row.id)
    }

    /// When the change was committed.
    fn at(&self) -> DateTime<Utc> {
        self.0.row.at
    }

    /// Name of the mutation.
    fn action(&self) -> &str {
        &self.0.row.action
    }

    /// GraphQL type of the changed object.
    fn object_type(&self) -> &str {
        &self.0.row.object_kind
    }

    /// Global id of the changed object; null if the object has no global id.
    fn object_id(&self) -> Option<ID> {
        Kind::named(&self.0.row.object_kind).map(|kind| kind.id(self.0.row.object_id))
    }

    /// User who made the change; null for a change on the server's command line, or if the user belongs to an account above the caller's account.
    fn user(&self) -> Option<User> {
        self.0.user.clone().map(User)
    }

    /// API token with which a program made the change on behalf of `user`; null if a person made the change, or if `user` is null.
    fn api_token(&self) -> Option<ApiToken> {
        self.0.token.clone().map(ApiToken)
    }

    /// IP address of the request; null if `user` is null.
    fn address(&self) -> Option<&str> {
        Some(self.0.row.address.as_str()).filter(|address| !address.is_empty())
    }

    /// Changed fields, without secrets.
    #[field(length = 20)]
    fn changes(&self) -> Vec<AuditChange> {
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

/// The fields of `Query` for the audit log.
#[derive(Default)]
pub struct AuditQuery;

#[object(root = "Query")]
impl AuditQuery {
    /// Changes to the caller's account or an account below it, and to the objects of that account, newest first. Hidden from attendants.
    #[field(roles = BACK_OFFICE, scope = AUDIT_READ)]
    async fn audit_log(
        &self,
        ctx: &Context<'_>,
        account_id: ID,
        #[graphql(desc = "Only entries in this range of time; all if omitted.")] at: Option<TimeRange>,
        paging: Paging,
    ) -> async_graphql::Result<Page<AuditEntry>> {
        let (app, actor) = (app(ctx), actor(ctx)?);
        let id = parse_account(ctx, &account_id).await.map_err(top_level)?;
        let within = within("at", at).map_err(top_level)?;
        let read = |page| audit::list(app, actor, id, within, page);
        connection(ctx, paging, true, read, |entry: &Entry| entry.row.id, AuditEntry).await
    }
}
