//! Settles the columns whose names are unknown.

use super::super::cells::{PriceUnit, StatusRule, currencies, status, unit};
use super::super::header::{
    Meaning, Role, Words, is_ignored, is_surcharge, is_surcharge_by_origin, mentions_price, mentions_time,
    names_group, role_name, words,
};
use super::super::header_words::{PER_TIME, TAXES};
use super::super::increments::spoken;
use super::super::mapping::Mapping;
use super::super::read::{change, change_answer};
use super::super::{Answer, Question};
use super::Draft;
use super::prices::{GROSS, UNDISCOUNTED};

impl Draft<'_> {
    /// If the prices have decimals, a "minimum charge" like 1, 30 or 60 is probably a time. It becomes the first increment if a column has the next
    /// increments and none of them is longer than the time in its row; otherwise, the user is asked.
    pub(super) fn settle_minimum(&mut self) {
        let Some(column) = self.role(Role::MinimumCharge).filter(|column| !self.mapped.contains(column))
        else {
            return;
        };
        let profile = &self.profiles[column];
        let integers = profile.is_mostly(profile.integers) && profile.looks_like_increments();
        if !integers
            || !self.has_decimals_beside(column)
            || profile.largest < 2 && self.has(Role::InitialIncrement)
        {
            return;
        }
        let next = self.role(Role::Increment).or(self.role(Role::NextIncrement));
        let single = |column: usize| {
            let profile = &self.profiles[column];
            profile.is_mostly(profile.integers) && profile.looks_like_increments()
        };
        match next.filter(|next| single(*next)) {
            Some(next) if !self.has(Role::InitialIncrement) && self.is_never_less(column, next) => {
                self.roles.remove(&Role::MinimumCharge);
                self.guess(
                    column,
                    Role::InitialIncrement,
                    "Its numbers are seconds, like those in the column of increments.",
                );
                self.share_increments();
            }
            _ => {
                let reference = self.reference(column);
                let answers = vec![
                    Answer::new(
                        "the first increment in seconds",
                        Mapping::column("initial_increment", reference.clone()),
                    ),
                    Answer::new("an amount of money", Mapping::column("minimum_charge", reference)),
                ];
                self.ask_unknown_column(column, "may have seconds or amounts", answers);
            }
        }
    }

    fn is_never_less(&self, column: usize, than: usize) -> bool {
        self.sample().all(|row| match (row.get(column).parse::<u32>(), row.get(than).parse::<u32>()) {
            // 0 means that there is no first increment
            (Ok(one), Ok(other)) => one == 0 || one >= other,
            _ => true,
        })
    }

    /// Guesses the meaning of a column with an unknown name if its contents allow only one meaning, and asks about the other columns that may matter.
    pub(super) fn settle_unknown(&mut self) {
        if !self.sheet.has_header {
            return self.ask_amounts();
        }
        self.find_units();
        self.find_status();
        let unknown: Vec<usize> =
            (0..self.meanings.len()).filter(|column| self.meanings[*column] == Meaning::Unknown).collect();
        let mut seconds: Vec<usize> = Vec::new();
        for column in unknown {
            if self.used().contains(&column) || is_surcharge(&self.name(column)) {
                continue;
            }
            let profile = self.profiles[column].clone();
            let has_increments = [Role::Increment, Role::InitialIncrement, Role::NextIncrement]
                .into_iter()
                .any(|role| self.role(role).is_some());
            if profile.is_mostly(profile.pairs + profile.hyphened) {
                if has_increments {
                    self.ask_role(column, "looks like increments", &["increment"]);
                } else {
                    self.guess(column, Role::Increment, "Its cells look like increments.");
                }
            } else if profile.is_mostly(profile.timed) && self.settle_times(column, has_increments) {
            } else if profile.is_mostly(profile.integers)
                && profile.looks_like_increments()
                && !self.counts_rows(column)
            {
                seconds.push(column);
            } else if profile.is_mostly(profile.dates) {
                let dates = self.profiles.iter().filter(|profile| profile.is_mostly(profile.dates)).count();
                let full = self.profiles[column].filled * 10
                    >= self.sample().filter(|row| row.filled() > 2).count() * 9;
                if dates == 1
                    && full
                    && self.role(Role::Effective).is_none()
                    && !is_ignored(&self.name(column))
                {
                    self.guess(column, Role::Effective, "Only this column has dates.");
                } else {
                    self.ask_role(column, "has dates", &["effective", "ends"]);
                }
            } else if profile.is_mostly(profile.texts)
                && self.is_status(column)
                && !names_group(&self.name(column))
            {
                self.guess(column, Role::Status, "Its cells say which codes are removed or blocked.");
            } else if !has_increments && profile.timed > 0 && profile.distinct.len() <= 12 {
                // ask about increments in unknown words, so that they are not left out silently
                self.ask_role(column, "has times", &["increment"]);
            } else if !has_increments
                && profile.pairs + profile.hyphened > 0
                && profile.texts * 2 <= profile.filled
            {
                self.ask_role(column, "has times", &["increment"]);
            } else if self.has_rare_flag(column) {
                self.ask_role(column, "has flags", &["blocked", "removed"]);
            } else if self.has_odd_numbers(column) {
                let roles: &[&str] =
                    if has_increments { &["connection_fee"] } else { &["increment", "connection_fee"] };
                self.ask_role(column, "has whole numbers", roles);
            }
        }
        self.settle_seconds(&seconds);
        self.ask_amounts();
    }

    /// Whether a column has only values like "Y" and "N", and fewer than half of the rows have a value like "Y".
    fn has_rare_flag(&self, column: usize) -> bool {
        const TRUE: &[&str] =
            &["y", "yes", "true", "t", "1", "si", "sim", "oui", "ja", "x", "да", "是", "evet", "tak"];
        const FALSE: &[&str] =
            &["n", "no", "false", "f", "0", "nao", "non", "nein", "нет", "否", "hayir", "nie"];
        let is = |cell: &str, list: &[&str]| matches!(words(cell).as_slice(), [word] if list.contains(&word.as_str()));
        let values = &self.profiles[column].distinct;
        let flags =
            (1..=2).contains(&values.len()) && values.iter().all(|value| is(value, TRUE) || is(value, FALSE));
        let rows = self.sample().filter(|row| row.filled() > 2).count();
        let set = self.sample().filter(|row| is(row.get(column), TRUE)).count();
        flags && set > 0 && set * 2 < rows && !is_ignored(&self.name(column))
    }

    /// Whether a column has small whole numbers that repeat, so that they are neither row numbers nor ids.
    fn has_odd_numbers(&self, column: usize) -> bool {
        const LARGEST: u64 = 10_000;
        let profile = &self.profiles[column];
        profile.is_mostly(profile.integers)
            && (2..=10).contains(&profile.distinct.len())
            && profile.distinct.len() * 2 <= profile.filled
            && profile.largest <= LARGEST
            && !self.counts_rows(column)
    }

    /// A column of texts like "USD/min" has the unit of the prices, whatever its name.
    fn find_units(&mut self) {
        let is_unit = |cell: &String| {
            let rated =
                cell.contains('/') || words(cell).iter().any(|word| PER_TIME.contains(&word.as_str()));
            rated && unit(cell).is_some() && !currencies(cell).is_empty()
        };
        let found = (0..self.meanings.len()).find(|column| {
            let profile = &self.profiles[*column];
            matches!(self.meanings[*column], Meaning::Unknown | Meaning::Ignored)
                && !self.used().contains(column)
                && !self.mapped.contains(column)
                && profile.filled > 0
                && profile.distinct.iter().all(is_unit)
        });
        if let (Some(column), None) = (found, self.role(Role::Unit)) {
            self.guess(column, Role::Unit, "Its cells name the unit of time that the prices cover.");
        }
    }

    /// Settles a column of texts like "per second", which may be increments or the unit of the prices. A column that would change nothing is left out.
    fn settle_times(&mut self, column: usize, has_increments: bool) -> bool {
        let minute = self.profiles[column].distinct.iter().all(|cell| spoken(cell) == Some((60, 60)));
        let priced = self.price.is_some_and(|price| unit(&self.name(price)).is_some());
        let named = mentions_price(&self.name(column)) && self.role(Role::Unit).is_none();
        match (minute, has_increments || self.role(Role::Increment).is_some()) {
            (true, _) => {}
            (false, _) if named => {
                self.guess(column, Role::Unit, "Its name mentions prices, and its cells name time units.")
            }
            (false, false) if priced || self.role(Role::Unit).is_some() => {
                self.guess(column, Role::Increment, "Its cells name time units, and the prices have a unit.");
            }
            (false, has_increments) => {
                let reference = self.reference(column);
                let mut answers = vec![
                    Answer::new(
                        "the unit of time that a price covers",
                        Mapping::column("unit", reference.clone()),
                    ),
                    Answer::new("leave the column out", Mapping::column("ignore", reference.clone())),
                ];
                if !has_increments {
                    let increments = Mapping::column("increment", reference);
                    let both = Mapping { price_unit: Some(PriceUnit::Increment), ..increments.clone() };
                    answers.insert(0, Answer::new("the increments", increments));
                    answers.insert(1, Answer::new("the increments, and a price covers one increment", both));
                }
                self.ask_unknown_column(column, "has times", answers);
            }
        }
        true
    }

    /// Settles columns whose whole numbers are usual increments.
    fn settle_seconds(&mut self, columns: &[usize]) {
        // a name like "(sec)" leaves only one meaning
        if let [column] = columns
            && mentions_time(&self.name(*column))
            && [Role::InitialIncrement, Role::NextIncrement, Role::Increment]
                .iter()
                .all(|role| self.role(*role).is_none())
        {
            return self.guess(
                *column,
                Role::Increment,
                "Its name mentions seconds, and its numbers are usual increments.",
            );
        }
        let first = self.role(Role::InitialIncrement).is_some();
        let step = self.role(Role::NextIncrement).or(self.role(Role::Increment));
        let next = step.is_some();
        // first and next increments stand side by side
        if let ([column], false, Some(step)) = (columns, first, step)
            && column.abs_diff(step) == 1
            && !self.profiles[step].is_mostly(self.profiles[step].pairs)
            && self.is_never_less(*column, step)
        {
            let reason = "It stands beside the column of increments, and its numbers are never less.";
            self.guess(*column, Role::InitialIncrement, reason);
            return self.share_increments();
        }
        if let ([column], Some(initial), false) = (columns, self.role(Role::InitialIncrement), next)
            && column.abs_diff(initial) == 1
            && self.is_never_less(initial, *column)
        {
            let reason = "It stands beside the first increments, and its numbers are never more.";
            return self.guess(*column, Role::NextIncrement, reason);
        }
        // numbers like 1, 6, 30 and 60 can hardly be anything else
        if let ([column], false, false) = (columns, first, next)
            && self.has_clear_increments(*column)
        {
            return self.guess(*column, Role::Increment, "Its numbers are the usual increments.");
        }
        // two columns of usual increments side by side can hardly be anything else
        if let ([one, other], false, false) = (columns, first, next)
            && other - one == 1
            && self.is_never_less(*one, *other)
        {
            let reason = "It stands beside another column of usual increments.";
            self.guess(*one, Role::InitialIncrement, reason);
            return self.guess(*other, Role::NextIncrement, reason);
        }
        match (columns, first, next) {
            ([], ..) => {}
            (_, false, false) => self.ask_increments(columns),
            (_, _, _) => {
                for column in columns {
                    let roles: &[&str] = match (first, next) {
                        (false, _) => &["initial_increment", "connection_fee"],
                        (true, false) => &["next_increment", "connection_fee"],
                        (true, true) => &["connection_fee"],
                    };
                    self.ask_role(*column, "has whole numbers", roles);
                }
            }
        }
    }

    /// Whether all numbers of a column are among the most usual increments, one of them is longer than five seconds, and the column's name is in another
    /// script, so that the name cannot be expected to be known.
    fn has_clear_increments(&self, column: usize) -> bool {
        let profile = &self.profiles[column];
        let usual = |value: &String| matches!(value.as_str(), "1" | "6" | "30" | "60");
        !self.name(column).is_ascii()
            && profile.distinct.len() > 1
            && profile.distinct.iter().all(usual)
            && profile.largest >= 6
    }

    /// Whether the column has statuses. There are three cases. Each cell is a known status or a letter for a kind of change (such as I for an
    /// increase), and at least two of the letters I, D and N occur. The column has few distinct texts, all of them short, with both symbols like "+"
    /// and letters. Each cell is a known status, and at least one status removes or blocks its code.
    fn is_status(&self, column: usize) -> bool {
        const LETTERS: &[&str] = &["i", "d", "n", "u", "c", "s", "nc", "a", "x", "b", "r"];
        let values = &self.profiles[column].distinct;
        let letter = |value: &String| LETTERS.contains(&value.to_lowercase().as_str());
        let common =
            values.iter().filter(|value| matches!(value.to_lowercase().as_str(), "i" | "d" | "n")).count();
        if common >= 2 && values.iter().all(|value| letter(value) || status(value).is_some()) {
            return true;
        }
        // "+", "-", "=" and a letter such as "N"
        let symbol = |value: &String| {
            value.chars().all(|letter| matches!(letter, '+' | '-' | '=' | '↑' | '↓' | '▲' | '▼' | '–' | '*'))
        };
        let short = values.iter().all(|value| value.chars().count() <= 3);
        let letters = values.iter().any(|value| value.contains(char::is_alphabetic));
        if (2..=6).contains(&values.len())
            && short
            && letters
            && values.iter().filter(|value| symbol(value)).count() >= 1
        {
            return true;
        }
        let ends = |value: &String| matches!(status(value), Some(StatusRule::Remove | StatusRule::Block));
        values.len() <= 12 && values.iter().all(|value| status(value).is_some()) && values.iter().any(ends)
    }

    /// Asks about columns of unknown meaning that have numbers with decimals, because the numbers may be fees or surcharges.
    fn ask_amounts(&mut self) {
        if self.price.is_none() {
            return;
        }
        let whole_prices = self.price.is_some_and(|price| {
            let profile = &self.profiles[price];
            profile.is_mostly(profile.integers)
        });
        let used = self.used();
        let unknown: Vec<usize> = (0..self.meanings.len())
            .filter(|column| {
                let profile = &self.profiles[*column];
                let numbers = profile.is_mostly(profile.decimals + profile.integers);
                // zeros change nothing
                let zeros = profile.nonzero == 0
                    && profile.largest == 0
                    && profile.decimals + profile.integers == profile.filled;
                let amounts = profile.nonzero > 0 && (numbers || profile.nonzero * 5 >= profile.filled);
                let whole = whole_prices
                    && profile.is_mostly(profile.integers)
                    && profile.largest > 0
                    && !self.counts_rows(*column);
                let surcharge =
                    (profile.largest > 0 || profile.nonzero > 0) && is_surcharge(&self.name(*column));
                let ignored = is_ignored(&self.name(*column));
                // these amounts raise no question: surcharges that depend on the caller's number (the reader warns about them), taxes, and price
                // differences
                let by_origin = is_surcharge_by_origin(&self.name(*column))
                    || self.is_tax(*column)
                    || self.has_differences(*column);
                self.meanings[*column] == Meaning::Unknown
                    && !used.contains(column)
                    && !by_origin
                    && !zeros
                    && (amounts || surcharge || whole && !ignored)
            })
            .collect();
        for column in (0..self.meanings.len()).filter(|column| self.has_percents(*column)).collect::<Vec<_>>()
        {
            self.ask_percents(column);
        }
        for column in unknown {
            let asked = self.questions.iter().any(|question| {
                question.answers.iter().any(|answer| {
                    answer.mapping.columns.values().flatten().any(|named| *named == self.reference(column))
                })
            });
            if !asked {
                self.ask_role(column, "has amounts", &["connection_fee", "minimum_charge"]);
            }
        }
    }

    /// Whether a column called "Discount" or "Surcharge" has percentages that the prices may lack. Taxes are not part of a tariff.
    fn has_percents(&self, column: usize) -> bool {
        let name = self.name(column);
        let is_percent = |cell: &String| {
            cell.trim().ends_with('%') && cell.contains(|letter: char| matches!(letter, '1'..='9'))
        };
        let net = self.left.iter().any(|(_, reason)| *reason == UNDISCOUNTED);
        self.meanings[column] == Meaning::Unknown
            && !self.used().contains(&column)
            && is_surcharge(&name)
            && !is_surcharge_by_origin(&name)
            && !Words(words(&name)).any(TAXES)
            && !net
            && self.profiles[column].distinct.iter().any(is_percent)
    }

    /// Asks about percentages. If they are the same in all rows, an answer changes all prices.
    fn ask_percents(&mut self, column: usize) {
        let left_out = Mapping::column("ignore", self.reference(column));
        let mut answers = vec![Answer::new("leave the column out", left_out.clone())];
        let values = &self.profiles[column].distinct;
        let rows = self.sample().filter(|row| row.filled() > 2).count();
        if let (1, Some(value)) = (values.len(), values.first())
            && self.profiles[column].filled >= rows
            && let Some(change) = change(&format!("{} {value}", self.name(column)))
        {
            answers.push(change_answer(change, left_out));
        }
        self.ask_unknown_column(column, "has amounts", answers);
    }

    /// Whether a column has the changes from old to new prices: each number other than 0 begins with a plus or minus sign.
    fn has_differences(&self, column: usize) -> bool {
        let nonzero = |cell: &&str| cell.contains(|letter: char| matches!(letter, '1'..='9'));
        let cells = || self.sample().map(|row| row.get(column)).filter(nonzero);
        let signed = |sign: char| cells().filter(|cell| cell.starts_with(sign)).count();
        cells().count() > 0 && signed('+') > 0 && signed('+') + signed('-') == cells().count()
    }

    /// Whether a column has the tax on each price: the same share of every price.
    fn is_tax(&self, column: usize) -> bool {
        // unless another column has the prices with taxes, it is not clear which prices the tariff should have
        let named = Words(words(&self.name(column))).any(TAXES)
            && self.left.iter().any(|(_, reason)| *reason == GROSS);
        named
            && self
                .price
                .is_some_and(|price| self.ratio(column, price).is_some_and(|(tax, price)| tax < price))
    }

    fn ask_role(&mut self, column: usize, why: &str, roles: &[&str]) {
        let reference = self.reference(column);
        let mut answers =
            vec![Answer::new("leave the column out", Mapping::column("ignore", reference.clone()))];
        for role in roles {
            let text = match *role {
                "connection_fee" => "the fee for each call",
                "minimum_charge" => "the minimum charge for each call",
                "initial_increment" => "the first increment in seconds",
                "next_increment" => "the next increment in seconds",
                "increment" => "the increments",
                "effective" => "the first day of the price",
                "blocked" => "whether the code is blocked",
                "removed" => "whether the code is removed",
                _ => "the day from which the price no longer applies",
            };
            let taken = self.roles.keys().any(|taken| role_name(*taken) == *role);
            if !taken || answers.len() < 2 {
                answers.push(Answer::new(text, Mapping::column(role, reference.clone())));
            }
        }
        self.ask_unknown_column(column, why, answers);
    }

    fn ask_unknown_column(&mut self, column: usize, why: &str, answers: Vec<Answer>) {
        let text = format!(
            "The column {:?} {why}, but its name does not say what it is. Choose its meaning.",
            self.name(column)
        );
        let example = self.example(column);
        self.questions.push(Question { code: "COLUMN_UNKNOWN".into(), text, line: 0, example, answers });
    }
}
