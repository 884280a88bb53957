//! Sets of roles that see a type or a field. A field of `Query`, `Mutation` or `Subscription` that does not declare its roles is a compile error.
//! Any other field without declared roles is visible to every role that can reach its type.

pub use transport::role_schema::RoleSet;

/// Requests without a login.
pub const ANONYMOUS: RoleSet = RoleSet::role(0);
/// Users of the platform.
pub const ADMIN: RoleSet = RoleSet::role(1);
/// Users of a distributor.
pub const DISTRIBUTOR: RoleSet = RoleSet::role(2);
/// Users of a reseller.
pub const RESELLER: RoleSet = RoleSet::role(3);
/// Owners of a callshop.
pub const OWNER: RoleSet = RoleSet::role(4);
/// Attendants of a callshop.
pub const ATTENDANT: RoleSet = RoleSet::role(5);

/// Every logged-in user of a sandbox, in addition to the user's role.
pub const SANDBOX: RoleSet = RoleSet::role(6);

/// Roles that manage accounts.
pub const MANAGERS: RoleSet = ADMIN.or(DISTRIBUTOR).or(RESELLER);
/// Roles that work in a callshop.
pub const SHOP: RoleSet = OWNER.or(ATTENDANT);
/// Every logged-in role except attendants.
pub const BACK_OFFICE: RoleSet = MANAGERS.or(OWNER);
/// Every logged-in role.
pub const SIGNED_IN: RoleSet = MANAGERS.or(SHOP);
/// Every role, and requests without a login.
pub const EVERYONE: RoleSet = SIGNED_IN.or(ANONYMOUS);

/// A row of the visibility table: `Type.field` (or `Type`), and the roles that see it.
pub type Rule = (&'static str, RoleSet);

/// The role's key and bit. A request without a login gets the key and bit of `anonymous`.
pub fn of(role: Option<entity::Role>) -> (&'static str, RoleSet) {
    match role {
        None => ("anonymous", ANONYMOUS),
        Some(entity::Role::Admin) => ("admin", ADMIN),
        Some(entity::Role::Distributor) => ("distributor", DISTRIBUTOR),
        Some(entity::Role::Reseller) => ("reseller", RESELLER),
        Some(entity::Role::CallshopOwner) => ("callshop-owner", OWNER),
        Some(entity::Role::Attendant) => ("attendant", ATTENDANT),
    }
}

/// Every role's key and bit, anonymous first.
pub const ALL: [(&str, RoleSet); 6] = [
    ("anonymous", ANONYMOUS),
    ("admin", ADMIN),
    ("distributor", DISTRIBUTOR),
    ("reseller", RESELLER),
    ("callshop-owner", OWNER),
    ("attendant", ATTENDANT),
];
