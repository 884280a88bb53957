//! Declares the relations of a table to its parents.

/// Declares the relations of a table, one for each foreign key: the relation's name, this table's column, and the parent's key. If a parent is listed
/// before the semicolon, a query can join the parent by naming only the parent's entity (`find_also_related`). The relations after the semicolon are
/// additional, for example a second relation to the same parent.
macro_rules! parents {
    (
        $($(#[$meta:meta])* $name:ident: $column:ident => $parent:ident::$key:ident,)+
        $(; $($(#[$other_meta:meta])* $other:ident: $other_column:ident => $other_parent:ident::$other_key:ident,)+)?
    ) => {
        /// The table's relations, one for each foreign key.
        #[derive(Clone, Copy, Debug, EnumIter)]
        pub enum Relation {
            $($(#[$meta])* $name,)+
            $($($(#[$other_meta])* $other,)+)?
        }

        impl RelationTrait for Relation {
            fn def(&self) -> RelationDef {
                match self {
                    $(Self::$name => Entity::belongs_to(super::$parent::Entity)
                        .from(Column::$column)
                        .to(super::$parent::Column::$key)
                        .into(),)+
                    $($(Self::$other => Entity::belongs_to(super::$other_parent::Entity)
                        .from(Column::$other_column)
                        .to(super::$other_parent::Column::$other_key)
                        .into(),)+)?
                }
            }
        }

        $(impl Related<super::$parent::Entity> for Entity {
            fn to() -> RelationDef {
                Relation::$name.def()
            }
        })+

        impl ActiveModelBehavior for ActiveModel {}
    };
}

pub(crate) use parents;
