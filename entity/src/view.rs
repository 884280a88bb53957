//! Declares the view of a table: the columns that readers may see, without the table's internal columns.

/// Declares the view type of a table: a struct of some of its columns, the list of these columns, and the conversion from a row. The columns after
/// the semicolon are read only on request; otherwise their values are `None`. The fields after the second semicolon are not columns: each has the
/// given value until other code sets it.
macro_rules! view {
    (
        $(#[$meta:meta])*
        $name:ident {
            $($(#[$field_meta:meta])* $field:ident: $type:ty,)+;
            $($(#[$large_meta:meta])* $large:ident: $large_type:ty,)*;
            $($(#[$added_meta:meta])* $added:ident: $added_type:ty = $initial:expr,)*
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
        pub struct $name {
            $(#[doc = concat!("See [`Model::", stringify!($field), "`].")] $(#[$field_meta])* pub $field: $type,)+
            $(
                #[doc = concat!("See [`Model::", stringify!($large), "`]; `None` if it was not read.")]
                $(#[$large_meta])*
                pub $large: Option<$large_type>,
            )*
            $($(#[$added_meta])* pub $added: $added_type,)*
        }

        impl $name {
            /// The columns in the order in which [`Self::read`] expects them. The columns that are read on request come last, because a query
            /// may select null instead of them.
            pub const COLUMNS: &[&str] = &[$(stringify!($field),)+ $(stringify!($large),)*];

            /// Reads a row of exactly [`Self::COLUMNS`]. Reads columns by position, because looking up a column by name takes as long as reading
            /// its value.
            ///
            /// # Errors
            /// Fails if a column's type differs from the expected type.
            pub fn read(row: &sea_orm::QueryResult) -> Result<Self, sea_orm::DbErr> {
                let mut columns = 0..;
                let mut next = || columns.next().unwrap_or_default();
                Ok(Self {
                    $($field: row.try_get_by_index(next())?,)+
                    $($large: row.try_get_by_index(next())?,)*
                    $($added: $initial,)*
                })
            }

            /// The view of a whole row.
            pub fn of(row: &Model) -> Self {
                Self { $($field: row.$field.clone(),)+ $($large: Some(row.$large.clone()),)* $($added: $initial,)* }
            }
        }
    };
}
pub(crate) use view;
