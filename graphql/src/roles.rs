//! Sets of roles that see a type or a field. A field of `Query`, `Mutation` or `Subscription` that does not declare its roles is a compile error.
//! Any other field without declared roles is visible to every role that can reach its type.

use app::auth::Actor;
use entity::Role;
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

/// Every logged-in user of a sandbox has this role in addition to the user's own role.
pub const SANDBOX: RoleSet = RoleSet::role(6);
/// A customer's screen, regardless of the role of the user who created it.
pub const SCREEN: RoleSet = RoleSet::role(7);

/// Every API token, in addition to the role of the user who made the token.
pub const TOKEN: RoleSet = RoleSet::role(8);

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

/// The key and bit of an actor's role. A request without a login gets the key and bit of `anonymous`. A customer's screen gets the key and bit of
/// `screen`.
pub fn of(actor: Option<&Actor>) -> (&'static str, RoleSet) {
    match actor.map(|actor| (actor.screen_of, actor.role)) {
        None => ("anonymous", ANONYMOUS),
        Some((Some(_), _)) => ("screen", SCREEN),
        Some((None, Role::Admin)) => ("admin", ADMIN),
        Some((None, Role::Distributor)) => ("distributor", DISTRIBUTOR),
        Some((None, Role::Reseller)) => ("reseller", RESELLER),
        Some((None, Role::CallshopOwner)) => ("callshop-owner", OWNER),
        Some((None, Role::Attendant)) => ("attendant", ATTENDANT),
    }
}

/// Every role's key and bit, anonymous first.
pub const ALL: [(&str, RoleSet); 7] = [
    ("anonymous", ANONYMOUS),
    ("admin", ADMIN),
    ("distributor", DISTRIBUTOR),
    ("reseller", RESELLER),
    ("callshop-owner", OWNER),
    ("attendant", ATTENDANT),
    ("screen", SCREEN),
];
