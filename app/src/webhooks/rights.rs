//! The rights with which webhooks read.

use entity::{Role, TokenScope, webhook};
use sea_orm::ConnectionTrait;
use serde_json::{Value, json};
use uuid::Uuid;

use super::ports::Reader;
use crate::App;
use crate::auth::Actor;
use base::error::Result;
use store::api_tokens;

/// The rights of a webhook, or of an actor who manages a webhook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Rights {
    pub(super) role: Role,
    /// `None` for a login, which has all scopes.
    scopes: Option<Vec<TokenScope>>,
    /// The first token in a chain of rotations. The rights end when this chain ends. `None` if the rights come from a login.
    pub(super) api_token_id: Option<Uuid>,
}

impl Rights {
    /// The rights of an actor.
    pub(super) fn of(actor: &Actor) -> Self {
        let token = actor.token.as_ref();
        Self {
            role: actor.role,
            scopes: token.map(|token| token.scopes.clone()),
            api_token_id: token.map(|token| token.family_id),
        }
    }

    /// The rights that are stored with a webhook.
    pub(super) fn stored(webhook: &webhook::Model) -> Self {
        let scopes = webhook.scopes.as_ref().map(|_| scopes_of(webhook));
        Self { role: webhook.role, scopes, api_token_id: webhook.api_token_id }
    }

    /// The rights that `self` and `other` have in common. The common rights end with the token of `other` or, if `other` has no token, with the token
    /// of `self`.
    pub(super) fn and(&self, other: &Self) -> Self {
        let scopes = match (&self.scopes, &other.scopes) {
            (Some(own), Some(others)) => {
                Some(own.iter().filter(|own| others.contains(own)).copied().collect())
            }
            (own, others) => own.clone().or_else(|| others.clone()),
        };
        let role = if rank(self.role) <= rank(other.role) { self.role } else { other.role };
        Self { role, scopes, api_token_id: other.api_token_id.or(self.api_token_id) }
    }

    /// The same rights, but without the token with which they would end.
    pub(super) fn without_token(self) -> Self {
        Self { api_token_id: None, ..self }
    }

    pub(super) fn reader(&self) -> Reader {
        Reader { role: self.role, scopes: self.scopes.clone() }
    }

    /// The scopes in the form in which the database stores them.
    pub(super) fn stored_scopes(&self) -> Option<Value> {
        self.scopes.as_ref().map(|scopes| json!(scopes))
    }
}

/// The rank of a role. A role with a higher rank sees more than a role with a lower rank.
fn rank(role: Role) -> u8 {
    match role {
        Role::Attendant => 0,
        Role::CallshopOwner => 1,
        Role::Reseller => 2,
        Role::Distributor => 3,
        Role::Admin => 4,
    }
}

/// The rights with which a webhook's document is read, as they are stored with the webhook.
pub(super) fn reader_of_row(webhook: &webhook::Model) -> Reader {
    Rights::stored(webhook).reader()
}

/// The scopes of an API token, as stored with a webhook; empty if the webhook's rights come from a login. A scope that only a later release knows
/// grants nothing.
pub fn scopes_of(webhook: &webhook::Model) -> Vec<TokenScope> {
    let texts =
        webhook.scopes.as_ref().and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
    texts.filter_map(|text| text.parse().ok()).collect()
}

/// Whether the token that created a webhook, and all tokens that replaced this token, were revoked or have expired. A webhook does not end if the
/// user who created the token is disabled.
///
/// # Errors
/// May fail with database errors.
pub(super) async fn has_ended(
    app: &App,
    conn: &impl ConnectionTrait,
    webhook: &webhook::Model,
) -> Result<bool> {
    match webhook.api_token_id {
        Some(family) => Ok(!api_tokens::is_family_valid(conn, family, app.clock.now()).await?),
        None => Ok(false),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn common_rights_are_never_wider_than_either() {
        use TokenScope::{CallsRead, SessionsRead};
        let rights = |role, scopes: Option<&[TokenScope]>, token: Option<u128>| Rights {
            role,
            scopes: scopes.map(<[_]>::to_vec),
            api_token_id: token.map(Uuid::from_u128),
        };
        let owner = rights(Role::CallshopOwner, None, None);
        let reseller = rights(Role::Reseller, None, None);
        assert_eq!(owner.and(&reseller), owner);
        assert_eq!(reseller.and(&owner), owner);
        let program = rights(Role::CallshopOwner, Some(&[CallsRead, SessionsRead]), Some(1));
        let other = rights(Role::CallshopOwner, Some(&[CallsRead]), Some(2));
        assert_eq!(program.and(&owner), program);
        assert_eq!(owner.and(&program), program);
        assert_eq!(program.and(&other), other);
        assert_eq!(other.and(&program), rights(Role::CallshopOwner, Some(&[CallsRead]), Some(1)));
        assert_eq!(program.without_token().and(&owner).api_token_id, None);
    }
}
