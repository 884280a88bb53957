//! Reads rows by position, and declares the view of a table: the columns that readers may see, without the table's internal columns.

/// Whether a list of names contains this name. Usable at compile time.
pub(crate) const fn has(mut names: &[&str], name: &str) -> bool {
    while let [first, rest @ ..] = names {
        if is_same(first.as_bytes(), name.as_bytes()) {
            return true;
        }
        names = rest;
    }
    false
}

const fn is_same(mut left: &[u8], mut right: &[u8]) -> bool {
    while let ([a, left_rest @ ..], [b, right_rest @ ..]) = (left, right) {
        if *a != *b {
            return false;
        }
        (left, right) = (left_rest, right_rest);
    }
    left.is_empty() && right.is_empty()
}

/// Declares the model of a table as it is written, and implements reading whole rows by position. The first column must be the primary key.
macro_rules! by_position {
    (
        $(#[$meta:meta])*
        pub struct Model {
            $($(#[$field_meta:meta])* pub $field:ident: $type:ty,)+
        }
    ) => {
        $(#[$meta])*
        pub struct Model {
            $($(#[$field_meta])* pub $field: $type,)+
        }

        impl Model {
            /// All columns in the order in which [`Self::read`] expects them.
            pub const COLUMNS: &[&str] = &[$(stringify!($field)),+];

            /// Reads all columns of a row that may have further columns. The table's first column is at the position `first`. Returns `None` if the
            /// primary key is null, because an outer join then found no row.
            ///
            /// # Errors
            /// Fails if a column's type differs from the expected type.
            pub fn read(row: &sea_orm::QueryResult, first: usize) -> Result<Option<Self>, sea_orm::DbErr> {
                if row.try_get_by_index::<Option<Uuid>>(first)?.is_none() {
                    return Ok(None);
                }
                let mut columns = first..;
                let mut next = || columns.next().unwrap_or_default();
                Ok(Some(Self { $($field: row.try_get_by_index(next())?,)+ }))
            }
        }
    };
}
pub(crate) use by_position;

/// Declares the view type of a table: a struct of some of its columns, the list of these columns, and the conversion from a row. The columns after
/// the semicolon are read only on request; otherwise their values are `None`. The fields after the second semicolon are not columns: each has the
/// given value until other code sets it. The columns that follow the word `details` are left out of brief rows.
macro_rules! view {
    (
        $(#[$meta:meta])*
        $name:ident {
            $($(#[$field_meta:meta])* $field:ident: $type:ty,)+;
            $($(#[$large_meta:meta])* $large:ident: $large_type:ty,)*;
            $($(#[$added_meta:meta])* $added:ident: $added_type:ty = $initial:expr,)*
        }
        details: $($detail:ident,)+
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

            /// The columns that a brief row leaves out.
            pub const DETAILS: &[&str] = &[$(stringify!($detail)),+];

            /// The columns of a brief row, in the order in which [`Self::read_brief`] expects them.
            pub fn brief_columns() -> impl Iterator<Item = &'static str> {
                Self::COLUMNS.iter().copied().filter(|column| !$crate::view::has(Self::DETAILS, column))
            }

            /// Reads a row of exactly [`Self::COLUMNS`]. Reads columns by position, because looking up a column by name takes as long as reading
            /// its value.
            ///
            /// # Errors
            /// Fails if a column's type differs from the expected type.
            pub fn read(row: &sea_orm::QueryResult) -> Result<Self, sea_orm::DbErr> {
                Self::read_row(row, false)
            }

            /// Reads a row of exactly [`Self::brief_columns`]. The values of [`Self::DETAILS`] are the defaults of their types, so the calling
            /// function must not use them.
            ///
            /// # Errors
            /// Fails if a column's type differs from the expected type.
            pub fn read_brief(row: &sea_orm::QueryResult) -> Result<Self, sea_orm::DbErr> {
                Self::read_row(row, true)
            }

            fn read_row(row: &sea_orm::QueryResult, is_brief: bool) -> Result<Self, sea_orm::DbErr> {
                let mut columns = 0..;
                let mut next = || columns.next().unwrap_or_default();
                Ok(Self {
                    $($field: match is_brief && const { $crate::view::has(Self::DETAILS, stringify!($field)) } {
                        true => Default::default(),
                        false => row.try_get_by_index(next())?,
                    },)+
                    $($large: row.try_get_by_index(next())?,)*
                    $($added: $initial,)*
                })
            }

            /// The view of a whole row.
            pub fn of(row: &Model) -> Self {
                Self { $($field: row.$field.clone(),)+ $($large: Some(row.$large.clone()),)* $($added: $initial,)* }
            }
        }

        // each name in `details` must be a field
        const _: fn(&$name) = |view| { $(let _ = &view.$detail;)+ };
    };
}
pub(crate) use view;
