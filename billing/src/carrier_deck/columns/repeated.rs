//! Several columns with a role that only one column may have.

use super::super::header::{Role, is_gross, names_band, role_name};
use super::super::mapping::Mapping;
use super::super::table::Row;
use super::super::{Answer, Question};
use super::Draft;

impl Draft<'_> {
    /// Leaves out columns of increments for certain times of the day if they have the same increments as the column for the standard time. Returns
    /// the columns that are kept.
    fn without_bands(&mut self, role: Role, columns: Vec<usize>) -> Vec<usize> {
        if !matches!(role, Role::Increment | Role::InitialIncrement | Role::NextIncrement) {
            return columns;
        }
        let (banded, plain): (Vec<usize>, Vec<usize>) =
            columns.iter().copied().partition(|column| names_band(&self.name(*column)));
        let [standard] = plain.as_slice() else { return columns };
        let same = |column: &usize| {
            self.sample().all(|row| row.get(*column).is_empty() || row.get(*column) == row.get(*standard))
        };
        if !banded.iter().all(same) {
            return columns;
        }
        self.left.extend(
            banded.into_iter().map(|column| (column, "Its increments are those of the standard time.")),
        );
        plain
    }

    /// Leaves out the columns whose amounts include taxes, if other columns have amounts without taxes.
    fn without_gross(&self, columns: Vec<usize>) -> Vec<usize> {
        let (gross, net): (Vec<usize>, Vec<usize>) =
            columns.iter().copied().partition(|column| is_gross(&self.name(*column)));
        if gross.is_empty() || net.is_empty() { columns } else { net }
    }

    /// If several columns have a role that only one column may have, asks the user to choose a column.
    pub(super) fn ask_repeated(&mut self) {
        const SINGLE: &[Role] = &[
            Role::InitialIncrement,
            Role::NextIncrement,
            Role::FreeSeconds,
            Role::ConnectionFee,
            Role::MinimumCharge,
            Role::Effective,
            Role::Ends,
            Role::Unit,
            Role::Currency,
        ];
        for role in SINGLE.iter().copied() {
            let columns = self.roles.get(&role).cloned().unwrap_or_default();
            // a column may be empty in all rows but the last ones
            let has_cells = |column: &usize| {
                let mut rows = self.rows().filter(|row| row.filled() > 2);
                self.profiles[*column].filled > 0
                    || columns.len() > 1 && rows.any(|row| !row.get(*column).is_empty())
            };
            let filled: Vec<usize> = columns.iter().copied().filter(has_cells).collect();
            let filled = self.without_bands(role, filled);
            let filled = self.without_gross(filled);
            let Some(first) = filled.first().copied() else { continue };
            self.roles.insert(role, filled.clone());
            // a column with a longer name is preferred to a column named only "date"
            let vague = role == Role::Effective && self.is_vague_date(&filled);
            let same = filled.iter().all(|column| self.rows().all(|row| row.get(*column) == row.get(first)));
            // "Increase date" and "Decrease date": each row has one of them
            let dated = |row: Row<'_>| filled.iter().filter(|column| !row.get(**column).is_empty()).count();
            let split = role == Role::Effective
                && filled.len() > 1
                && self.rows().filter(|row| row.filled() > 2).all(|row| dated(row) < 2);
            self.split_dates |= split;
            if filled.len() < 2 || vague || same || split {
                continue;
            }
            let key = role_name(role);
            let answers = filled.iter().map(|column| {
                Answer::new(self.name(*column), Mapping::column(&key, self.reference(*column)))
            });
            let answers = answers.collect();
            let text = format!(
                "Several columns may be the {}. Choose one; the others are left out.",
                key.replace('_', " ")
            );
            let example = self.name(first);
            self.questions.push(Question { code: "COLUMN_CHOICE".into(), text, line: 0, example, answers });
        }
    }
}
