//! The words in names. Searches use these words to find accounts, users and sessions.

use sea_orm::entity::prelude::*;

use crate::parents::parents;

/// One word in the name of one object, for searches in one account.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "search_word")]
pub struct Model {
    /// Kind of the object.
    #[sea_orm(primary_key, auto_increment = false)]
    pub kind: crate::WordKind,
    /// Account whose objects are searched.
    #[sea_orm(primary_key, auto_increment = false)]
    pub owner_id: Uuid,
    /// The word in lower case, without accents.
    #[sea_orm(primary_key, auto_increment = false)]
    pub word: String,
    /// The object that has the word in its name.
    #[sea_orm(primary_key, auto_increment = false)]
    pub object_id: Uuid,
}

parents! {
    /// The account whose objects are searched.
    Owner: OwnerId => account::Id,
}
