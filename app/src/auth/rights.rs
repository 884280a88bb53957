//! The rights of each role, as one table.

use entity::Role;

/// An action in the subtree of a user's account. The user's role decides whether the user may perform the action.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Right {
    /// Create and change child accounts and their users.
    ManageAccounts,
    /// Create and change attendants of the user's callshop.
    ManageAttendants,
    /// See accounts, callshops and their users.
    SeeAccounts,
    /// Create, block and assign phones, and rotate their secrets.
    ManagePhones,
    /// See phones and their state.
    SeePhones,
    /// Top up, adjust and limit children's credit.
    ManageCredit,
    /// See credit.
    SeeCredit,
    /// Create, import, activate and assign tariffs.
    ManageTariffs,
    /// See complete price tables.
    SeeTariffs,
    /// Look up the price of calls to one number.
    Quote,
    /// See cost and margin of calls in the subtree.
    SeeCost,
    /// Create, change and retire cabins.
    ManageCabins,
    /// Change cash rounding, receipt texts and attendants' limits.
    ManageSettings,
    /// Open, close and settle cabins' sessions.
    OperateCabins,
    /// Open and close the register.
    OperateRegister,
    /// See cabins, sessions, calls, register and activity.
    SeeShop,
    /// See the expected contents of the drawer, and figures that reveal these contents, before the drawer is counted.
    SeeDrawer,
    /// Hang up a live call.
    HangUp,
    /// Suspend and resume children.
    Suspend,
    /// Make, rotate and revoke API tokens.
    ManageTokens,
    /// Create, change and delete webhooks, and see their deliveries.
    ManageWebhooks,
}

/// Every right, in the order of the enum.
const ALL: [Right; 21] = {
    use Right::*;
    [
        ManageAccounts,
        ManageAttendants,
        SeeAccounts,
        ManagePhones,
        SeePhones,
        ManageCredit,
        SeeCredit,
        ManageTariffs,
        SeeTariffs,
        Quote,
        SeeCost,
        ManageCabins,
        ManageSettings,
        OperateCabins,
        OperateRegister,
        SeeShop,
        SeeDrawer,
        HangUp,
        Suspend,
        ManageTokens,
        ManageWebhooks,
    ]
};

/// The rights of a role.
pub fn of(role: Role) -> impl Iterator<Item = Right> {
    ALL.into_iter().filter(move |right| allows(role, *right))
}

/// Whether `role` has `right`.
pub fn allows(role: Role, right: Right) -> bool {
    use Right::*;
    match role {
        Role::Admin | Role::Distributor | Role::Reseller => {
            !matches!(right, OperateCabins | OperateRegister | ManageAttendants)
        }
        Role::CallshopOwner => matches!(
            right,
            ManageAttendants
                | SeeAccounts
                | SeePhones
                | SeeCredit
                | SeeTariffs
                | Quote
                | SeeCost
                | ManageCabins
                | ManageSettings
                | OperateCabins
                | OperateRegister
                | SeeShop
                | SeeDrawer
                | HangUp
                | ManageTokens
                | ManageWebhooks
        ),
        Role::Attendant => {
            matches!(right, SeePhones | Quote | OperateCabins | OperateRegister | SeeShop | HangUp)
        }
    }
}
