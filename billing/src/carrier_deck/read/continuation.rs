//! Rows that continue the row above them: they have further codes, but no price.

use super::super::columns::CodeSource;
use super::super::header::{Role, words};
use super::super::table::Row;
use super::Reader;

impl Reader<'_, '_> {
    /// Whether the row has codes and nothing else, apart from the name of the row above it.
    pub(super) fn is_continuation(&self, row: Row<'_>) -> bool {
        // nearly all rows have a price
        if !row.get(self.plan.columns.price).is_empty() {
            return false;
        }
        let Some(above) = self.continues.and_then(|above| self.plan.table.row(above)) else { return false };
        let columns = &self.plan.columns;
        let codes = match columns.code {
            CodeSource::Full(code) => vec![code],
            CodeSource::Parts(country, area) => vec![country, area],
        };
        let names: Vec<usize> = [Role::Destination, Role::Country, Role::Network]
            .iter()
            .flat_map(|role| columns.all(*role))
            .copied()
            .collect();
        let same = |column: usize| {
            row.get(column).is_empty()
                || names.contains(&column) && words(row.get(column)) == words(above.get(column))
        };
        let coded = codes.iter().any(|column| !row.get(*column).is_empty());
        coded && (0..row.len()).all(|column| codes.contains(&column) || same(column))
    }

    /// Whether the row has no country of its own, or has the same country as `above`.
    pub(super) fn has_same_country(&self, row: Row<'_>, above: Row<'_>) -> bool {
        let country = self.plan.columns.first(Role::Country);
        country.is_none_or(|column| row.get(column).is_empty() || row.get(column) == above.get(column))
    }
}
