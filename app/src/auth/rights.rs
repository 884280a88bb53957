//! What each role may do (domain: Who may do what), as one table.

use entity::Role;

/// Something a role may or may not do inside its subtree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Right {
    /// Create and change child accounts and their users.
    ManageAccounts,
    /// Create and change attendants of the own callshop.
    ManageAttendants,
    /// See accounts, callshops and their users.
    SeeAccounts,
    /// Create phones, rotate their secrets, block and assign them.
    ManagePhones,
    /// See phones and their state.
    SeePhones,
    /// Top up, adjust and limit children's credit.
    ManageCredit,
    /// See credit.
    SeeCredit,
    /// Create, import, activate and assign tariffs.
    ManageTariffs,
    /// See whole price tables.
    SeeTariffs,
    /// Look one price up.
    Quote,
    /// See what calls cost the own branch, and margin.
    SeeCost,
    /// Create, change and retire cabins.
    ManageCabins,
    /// Set how a callshop rounds cash, what its receipts say, and how far attendants may go.
    ManageSettings,
    /// Open, close and settle cabins' sessions.
    OperateCabins,
    /// Open and close the register.
    OperateRegister,
    /// See cabins, sessions, calls, register and activity.
    SeeShop,
    /// See what the drawer should hold, and what that follows from, before it is counted.
    SeeDrawer,
    /// Hang up a live call.
    HangUp,
    /// Suspend and resume children.
    Suspend,
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
        ),
        Role::Attendant => {
            matches!(right, SeePhones | Quote | OperateCabins | OperateRegister | SeeShop | HangUp)
        }
    }
}
