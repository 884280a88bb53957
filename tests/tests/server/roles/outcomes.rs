//! Outcomes of requests, by role. Sets of roles have the same names as in the schema.

use Outcome::{Allowed, Forbidden, Hidden, Missing};

/// A caller's role.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// No login.
    Anonymous,
    /// Users of the platform.
    Admin,
    /// Users of a distributor, two levels above a callshop.
    Distributor,
    /// Users of a reseller, one level above a callshop.
    Reseller,
    /// Owners of a callshop.
    Owner,
    /// Attendants of a callshop.
    Attendant,
}

impl Role {
    /// Every role, in the order of `Branch::clients`.
    pub(super) const ALL: [Self; 6] =
        [Self::Anonymous, Self::Admin, Self::Distributor, Self::Reseller, Self::Owner, Self::Attendant];

    /// The name of the role's schema.
    pub(super) fn key(self) -> &'static str {
        match self {
            Self::Anonymous => "anonymous",
            Self::Admin => "admin",
            Self::Distributor => "distributor",
            Self::Reseller => "reseller",
            Self::Owner => "callshop-owner",
            Self::Attendant => "attendant",
        }
    }
}

/// The outcome of a request for one role.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// The response is the same as for a field that does not exist.
    Hidden,
    /// The request is run.
    Allowed,
    /// The role sees the field, but the request fails with `FORBIDDEN`.
    Forbidden,
    /// The response is the same as for an object that does not exist.
    Missing,
}

/// The outcome of a request for each role.
#[derive(Clone, Copy, Debug)]
pub(super) struct Outcomes {
    anonymous: Outcome,
    admin: Outcome,
    distributor: Outcome,
    reseller: Outcome,
    owner: Outcome,
    attendant: Outcome,
}

impl Outcomes {
    /// The outcome for a role.
    pub(super) fn of(self, role: Role) -> Outcome {
        match role {
            Role::Anonymous => self.anonymous,
            Role::Admin => self.admin,
            Role::Distributor => self.distributor,
            Role::Reseller => self.reseller,
            Role::Owner => self.owner,
            Role::Attendant => self.attendant,
        }
    }

    /// Whether the field does not exist for a role.
    pub(super) fn hides_from(self, role: Role) -> bool {
        self.of(role) == Hidden
    }
}

/// Hidden from every role of a person. Only a customer's screen sees the field.
pub(super) const NOBODY: Outcomes = Outcomes {
    anonymous: Hidden,
    admin: Hidden,
    distributor: Hidden,
    reseller: Hidden,
    owner: Hidden,
    attendant: Hidden,
};

/// Allowed for users of the platform.
pub(super) const ADMIN: Outcomes = Outcomes { admin: Allowed, ..NOBODY };
/// Allowed for roles that manage accounts.
pub(super) const MANAGERS: Outcomes = Outcomes { distributor: Allowed, reseller: Allowed, ..ADMIN };
/// Allowed for roles that work in a callshop.
pub(super) const SHOP: Outcomes = Outcomes { owner: Allowed, attendant: Allowed, ..NOBODY };
/// Allowed for every logged-in role except attendants.
pub(super) const BACK_OFFICE: Outcomes = Outcomes { owner: Allowed, ..MANAGERS };
/// Allowed for every logged-in role.
pub(super) const SIGNED_IN: Outcomes = Outcomes { attendant: Allowed, ..BACK_OFFICE };
/// Allowed for every role, and without a login.
pub(super) const EVERYONE: Outcomes = Outcomes { anonymous: Allowed, ..SIGNED_IN };

/// Every caller may query its own user. Without a login, the user is null.
pub(super) const OWN_USER: Outcomes = Outcomes { anonymous: Missing, ..SIGNED_IN };
/// Only the parent of the account (in this test the reseller) and the platform may run the request. The distributor sees the account.
pub(super) const PARENT: Outcomes = Outcomes { distributor: Forbidden, ..MANAGERS };
/// Like [`PARENT`], but the account itself may also run the request.
pub(super) const PARENT_OR_SELF: Outcomes = Outcomes { owner: Allowed, ..PARENT };
/// Only the user who created the token (in this test the shop's owner) may run the request. The accounts above see the token.
pub(super) const MAKER: Outcomes =
    Outcomes { admin: Forbidden, distributor: Forbidden, reseller: Forbidden, owner: Allowed, ..NOBODY };
/// Only the owner of the tariff (in this test the reseller) and the platform may see the tariff.
pub(super) const TARIFF_OWNER: Outcomes = Outcomes { distributor: Missing, ..MANAGERS };
