//! Roles as bits, for the tables that say which role sees which field. Each noun's file has its own rows (`RULES`); a field of
//! `Query`, `Mutation` or `Subscription` without a row fails a test, any other without a row is seen by whoever reaches its type.

pub use transport::role_schema::RoleSet;

/// Nobody logged in.
pub const ANONYMOUS: RoleSet = RoleSet::role(0);
/// The platform's people.
pub const ADMIN: RoleSet = RoleSet::role(1);
/// A distributor's people.
pub const DISTRIBUTOR: RoleSet = RoleSet::role(2);
/// A reseller's people.
pub const RESELLER: RoleSet = RoleSet::role(3);
/// Who owns a callshop.
pub const OWNER: RoleSet = RoleSet::role(4);
/// Who stands behind its counter.
pub const ATTENDANT: RoleSet = RoleSet::role(5);

/// Everyone who manages accounts.
pub const MANAGERS: RoleSet = ADMIN.or(DISTRIBUTOR).or(RESELLER);
/// Everyone who works in a callshop.
pub const SHOP: RoleSet = OWNER.or(ATTENDANT);
/// Everyone but attendants.
pub const BACK_OFFICE: RoleSet = MANAGERS.or(OWNER);
/// Everyone who is logged in.
pub const SIGNED_IN: RoleSet = MANAGERS.or(SHOP);
/// Everyone.
pub const EVERYONE: RoleSet = SIGNED_IN.or(ANONYMOUS);

/// A row: `Type.field`, and who sees it.
pub type Rule = (&'static str, RoleSet);

/// The role's key and bit; `anonymous` when nobody is logged in.
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
