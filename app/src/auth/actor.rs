//! The authenticated caller. An [`Actor`] is proof of authentication, and the use cases in `app` require it.

use std::net::IpAddr;
use std::sync::Arc;

use entity::{AccountKind, Role, TokenScope, account, api_token, auth_session, user};
use uuid::Uuid;

use super::rights::{self, Right};
use crate::config::AuthConfig;
use crate::idempotency::Key;
use crate::receipt::Locale;
use base::error::{Error, ErrorCode, Result};
use store::Scope;

/// The API token with which a program acts on behalf of the user who created the token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActingToken {
    /// The token's id.
    pub id: Uuid,
    /// The first token in this token's chain of rotations.
    pub family_id: Uuid,
    /// The scopes, with the scopes that they include ([`crate::api_tokens::including`]).
    pub scopes: Vec<TokenScope>,
}

/// An authenticated user, and the account whose subtree the user may act on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor {
    /// The id of the user; nil for the command line.
    pub user_id: Uuid,
    /// The id of the login session or API token; nil for the command line.
    pub session_id: Uuid,
    /// The user's account.
    pub account_id: Uuid,
    /// The top account of the actor's subtree: the user's account or, for an API token that is limited to an account below the user's account, that
    /// lower account.
    pub top_id: Uuid,
    /// Kind of the user's account.
    pub kind: AccountKind,
    /// The user's role.
    pub role: Role,
    /// IP address of the request; `None` for the command line.
    pub address: Option<IpAddr>,
    /// The cabin of a customer's screen; `None` for the login of a person. A screen has no rights.
    pub screen_of: Option<Uuid>,
    /// Whether the server requires a second factor for the user's role, but the user has none. A user without a required second factor has no rights
    /// until the second factor is on.
    pub needs_totp: bool,
    /// The API token that acts on behalf of the user; `None` for a login.
    pub token: Option<ActingToken>,
    /// The locale for messages if the request names no supported language: the locale of the user, or else of the user's account.
    pub locale: Locale,
    path: String,
    key: Option<Arc<Key>>,
}

impl Actor {
    pub(super) fn new(
        config: &AuthConfig,
        session: &auth_session::Model,
        user: &user::Model,
        account: &account::Model,
    ) -> Self {
        Self {
            user_id: user.id,
            session_id: session.id,
            account_id: account.id,
            top_id: account.id,
            kind: account.kind,
            role: user.role,
            address: None,
            screen_of: session.cabin_id,
            needs_totp: config.needs_totp(user),
            token: None,
            locale: Locale::parse(user.locale.as_ref().unwrap_or(&account.locale)),
            path: account.path.clone(),
            key: None,
        }
    }

    /// The actor of a token that belongs to `user`, whose account is `account`. The token may use only the subtree of `top`. If the user lacks a
    /// required second factor, neither the user nor the token has any rights.
    pub(super) fn of_token(
        config: &AuthConfig,
        token: &api_token::Model,
        scopes: Vec<TokenScope>,
        user: &user::Model,
        (account, top): (&account::Model, &account::Model),
    ) -> Self {
        Self {
            user_id: user.id,
            session_id: token.id,
            account_id: account.id,
            top_id: top.id,
            kind: account.kind,
            role: user.role,
            address: None,
            screen_of: None,
            needs_totp: config.needs_totp(user),
            locale: Locale::parse(user.locale.as_ref().unwrap_or(&account.locale)),
            token: Some(ActingToken { id: token.id, family_id: token.family_id, scopes }),
            path: top.path.clone(),
            key: None,
        }
    }

    /// The operator at the server's command line. The operator has all rights of an admin, because anyone at the command line can change the database
    /// directly anyway.
    pub fn operator(platform: &account::Model) -> Self {
        Self {
            user_id: Uuid::nil(),
            session_id: Uuid::nil(),
            account_id: platform.id,
            top_id: platform.id,
            kind: platform.kind,
            role: Role::Admin,
            address: None,
            screen_of: None,
            needs_totp: false,
            token: None,
            locale: Locale::parse(&platform.locale),
            path: platform.path.clone(),
            key: None,
        }
    }

    /// Sets the address of the current request.
    pub fn from(self, address: IpAddr) -> Self {
        Self { address: Some(address), ..self }
    }

    /// Sets the idempotency key of the current mutation.
    pub fn with_key(self, key: Key) -> Self {
        Self { key: Some(Arc::new(key)), ..self }
    }

    /// The idempotency key of the current mutation.
    pub fn key(&self) -> Option<&Key> {
        self.key.as_deref()
    }

    /// The scope of the actor's queries: the actor's account and all accounts below it.
    pub fn scope(&self) -> Scope {
        Scope::subtree(&self.path)
    }

    /// The id to which limits and idempotency keys belong: the id of the user or, for an API token, an id that all tokens in its chain of rotations
    /// share.
    pub fn principal(&self) -> Uuid {
        self.token.as_ref().map_or(self.user_id, |token| token.family_id)
    }

    /// Whether the actor's own account is in the actor's subtree. False for a token that is limited to an account below the actor's own account.
    pub fn has_own_account(&self) -> bool {
        self.top_id == self.account_id
    }

    /// Whether the actor has `right`: the role has the right, the actor is not a customer's screen, and no required second factor is missing. No
    /// token may manage tokens or attendants.
    pub fn may(&self, right: Right) -> bool {
        let is_for_people = matches!(right, Right::ManageTokens | Right::ManageAttendants);
        !self.needs_totp
            && self.screen_of.is_none()
            && rights::allows(self.role, right)
            && !(is_for_people && self.token.is_some())
    }

    /// Checks that the actor is not an API token. A token is not allowed to create logins or tokens, or to change users.
    ///
    /// # Errors
    /// Fails with [`Error::Forbidden`].
    pub fn require_no_token(&self) -> Result<()> {
        if self.token.is_none() { Ok(()) } else { Err(Error::Forbidden) }
    }

    /// Checks that the actor has `right`.
    ///
    /// # Errors
    /// Fails with `TOTP_SETUP_REQUIRED` if only the second factor is missing, and with [`Error::Forbidden`] otherwise.
    pub fn require(&self, right: Right) -> Result<()> {
        if self.may(right) {
            return Ok(());
        }
        if self.needs_totp && self.screen_of.is_none() && rights::allows(self.role, right) {
            let message = "This server requires a second factor for your role. Set it up first.";
            return Err(Error::user(ErrorCode::TotpSetupRequired, message));
        }
        Err(Error::Forbidden)
    }

    /// Whether the actor manages the credit, tariffs and suspension of `account`. The actor manages children of its own account; platform admins
    /// manage any account. No actor manages its own account.
    pub fn is_parent_of(&self, account: &account::Model) -> bool {
        match self.role {
            Role::Admin => account.parent_id.is_some(),
            Role::Distributor | Role::Reseller => account.parent_id == Some(self.account_id),
            Role::CallshopOwner | Role::Attendant => false,
        }
    }
}
