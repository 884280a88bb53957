//! Decides which columns have the prices.

use super::super::cells::{currencies, unit};
use super::super::header::{
    Age, Meaning, PriceColumn, Role, Step, Words, is_gross, is_next, is_numbered, is_qualified, is_surcharge,
    words,
};
use super::super::mapping::Mapping;
use super::super::numbers::{DecimalMark, amount};
use super::super::{Answer, Question, Refusal};
use super::Draft;

/// Why a column of prices is left out.
pub(super) const GROSS: &str = "It has the prices with taxes.";
pub(super) const UNDISCOUNTED: &str = "It has the prices before a discount.";

impl Draft<'_> {
    pub(super) fn choose_prices(&mut self, currency: Option<&str>) {
        let mut prices: Vec<(usize, PriceColumn)> = Vec::new();
        for (column, meaning) in self.meanings.iter().enumerate() {
            // an empty column cannot be the price
            if let (Meaning::Price(price), true) =
                (meaning, self.profiles.get(column).is_some_and(|profile| profile.filled > 0))
            {
                prices.push((column, price.clone()));
            }
        }
        let has = |prices: &[(usize, PriceColumn)], age| prices.iter().any(|(_, price)| price.age == age);
        if has(&prices, Age::New) {
            let of = |age| prices.iter().find(|(_, price)| price.age == age && price.band.is_none());
            self.current = of(Age::Current).or(of(Age::Old)).map(|(column, _)| *column);
            prices.retain(|(_, price)| !matches!(price.age, Age::Old | Age::Current));
        } else if has(&prices, Age::Plain) || has(&prices, Age::Current) {
            prices.retain(|(_, price)| price.age != Age::Old);
        }
        // "Price 1" and "Price 2" may be prices of two grades
        if !prices.iter().any(|(column, _)| is_next(&self.name(*column))) {
            for (column, price) in &mut prices {
                if price.step == Step::Next || price.step == Step::First && is_numbered(&self.name(*column)) {
                    price.step = Step::Any;
                }
            }
        }
        self.keep_currency(&mut prices, currency);
        self.drop_rivals(&mut prices);
        let any_base = prices.iter().any(|(_, price)| price.band.is_none()) || self.price.is_some();
        let is_base = |price: &PriceColumn| price.band.is_none() || price.band == Some("peak") && !any_base;
        // if one column has a daytime price, it is uncertain whether a price column with an additional word in its name has the general price
        let day: Vec<usize> = prices
            .iter()
            .filter(|(_, price)| price.band == Some("peak"))
            .map(|(column, _)| *column)
            .collect();
        let plain = prices.iter().filter(|(_, price)| price.band.is_none() && price.step != Step::First);
        let doubtful: Vec<usize> =
            plain.map(|(column, _)| *column).filter(|column| is_qualified(&self.name(*column))).collect();
        if let (None, [_, ..], [_, ..]) = (self.price, day.as_slice(), doubtful.as_slice()) {
            let columns = [day, doubtful].concat();
            return self.ask_price(&columns, "Several columns may have the standard price. Choose it.");
        }
        let (base, banded): (Vec<_>, Vec<_>) = prices.into_iter().partition(|(_, price)| is_base(price));
        self.choose_base(&base);
        for (column, price) in banded {
            let role = if price.step == Step::First { Role::FirstPrice } else { Role::Price };
            let band = price.band.unwrap_or("peak").to_owned();
            if let Some(other) = self.bands.entry(band).or_default().insert(role, column) {
                self.ask_price(
                    &[other, column],
                    "Two columns have prices for the same time. Choose the standard price.",
                );
            }
        }
    }

    /// If the column names mention currencies, only the prices in the tariff's currency are kept.
    pub(super) fn keep_currency(&self, prices: &mut Vec<(usize, PriceColumn)>, currency: Option<&str>) {
        let named = |column: usize| currencies(&self.name(column));
        let wanted = |column: usize| currency.is_some_and(|currency| named(column) == [currency]);
        if prices.len() > 1
            && prices.iter().all(|(column, _)| !named(*column).is_empty())
            && prices.iter().any(|(column, _)| wanted(*column))
        {
            prices.retain(|(column, _)| wanted(*column));
        }
    }

    /// Drops columns that add nothing to another column's prices. Such a column repeats the prices of another column (unchanged, with taxes, or for
    /// another unit of time), repeats the standard prices for another part of the week, or has 0 in all rows or 1 in all rows.
    fn drop_rivals(&mut self, prices: &mut Vec<(usize, PriceColumn)>) {
        if prices.len() < 2 {
            return;
        }
        let has = |column: &usize, list: &[&str]| Words(words(&self.name(*column))).any(list);
        let listed = |column: &usize| has(column, &["list", "lista", "listino", "bruto", "liste"]);
        let net = |column: &usize| has(column, &["net", "netto", "neto", "final", "discounted", "nett"]);
        let gross = |column: &usize| is_gross(&self.name(*column));
        let minute = |column: &usize| unit(&self.name(*column)) == Some(60);
        let all = prices.clone();
        let mut dropped: Vec<(usize, &'static str)> = Vec::new();
        for (column, price) in &all {
            let rivals = || {
                all.iter().filter(|(other, rival)| {
                    other != column
                        && rival.step == price.step
                        && !dropped.iter().any(|(gone, _)| gone == other)
                })
            };
            let same_band = |rival: &PriceColumn| rival.band == price.band;
            let base = |rival: &PriceColumn| matches!(rival.band, None | Some("peak"));
            let proportional = |other: &usize| self.ratio(*other, *column).is_some();
            let equal = |other: &usize| self.ratio(*other, *column) == Some((1, 1));
            let unnamed =
                |other: &usize| unit(&self.name(*other)).is_none() && self.is_converted(*other, *column);
            let other_time = |other: &usize| {
                let named = minute(other) && (proportional(other) || self.is_converted(*other, *column));
                !minute(column) && (named || unnamed(other))
            };
            let constant = |column: &usize| {
                let profile = &self.profiles[*column];
                profile.distinct.len() == 1
                    && profile.filled > 1
                    && profile.decimals == 0
                    && profile.largest <= 1
            };
            let reason = match () {
                () if constant(column) && all.iter().any(|(other, _)| !constant(other)) => {
                    "It has the same number in all rows."
                }
                () if gross(column) && rivals().any(|(other, rival)| same_band(rival) && !gross(other)) => {
                    GROSS
                }
                () if listed(column) && rivals().any(|(other, rival)| same_band(rival) && net(other)) => {
                    UNDISCOUNTED
                }
                () if rivals().any(|(other, rival)| same_band(rival) && other_time(other)) => {
                    "It has the same prices for another unit of time."
                }
                () if rivals().any(|(other, rival)| same_band(rival) && other < column && equal(other)) => {
                    "It repeats the prices of another column."
                }
                () if !base(price) && rivals().any(|(other, rival)| base(rival) && equal(other)) => {
                    "Its prices are those of the standard time."
                }
                () => continue,
            };
            dropped.push((*column, reason));
        }
        prices.retain(|(column, _)| !dropped.iter().any(|(gone, _)| gone == column));
        for (column, reason) in dropped {
            self.meanings[column] = Meaning::Ignored;
            self.left.push((column, reason));
        }
    }

    /// The constant ratio of the amounts of two columns, as a fraction; `None` if the ratio differs or a cell is not a number.
    pub(super) fn ratio(&self, one: usize, other: usize) -> Option<(i64, i64)> {
        let mut ratio: Option<(i64, i64)> = None;
        let mut rows = 0;
        for row in self.sample().filter(|row| row.filled() > 2) {
            let value = |column: usize| {
                let cell = row.get(column);
                let mark = if cell.contains(',') { DecimalMark::Comma } else { DecimalMark::Point };
                amount(cell, row.kind(column), mark)
            };
            if row.get(one).is_empty() && row.get(other).is_empty() {
                continue;
            }
            let (first, second) = (value(one)?, value(other)?);
            match ratio {
                None if first > 0 && second > 0 => ratio = Some((first, second)),
                None => {}
                Some((a, b)) if i128::from(first) * i128::from(b) != i128::from(second) * i128::from(a) => {
                    return None;
                }
                Some(_) => {}
            }
            rows += 1;
        }
        let (first, second) = ratio.filter(|_| rows >= 2)?;
        Some(if first == second { (1, 1) } else { (first, second) })
    }

    /// Whether the second column has the prices of the first column, which are per minute, converted to the unit of time in the second column's name
    /// and rounded.
    fn is_converted(&self, minute: usize, other: usize) -> bool {
        let Some(seconds) = unit(&self.name(other)).map(i64::from).filter(|seconds| *seconds < 60) else {
            return false;
        };
        let mut rows = 0;
        for row in self.sample().filter(|row| row.filled() > 2 && !row.get(minute).is_empty()) {
            let value = |column: usize| {
                let cell = row.get(column);
                let mark = if cell.contains(',') { DecimalMark::Comma } else { DecimalMark::Point };
                amount(cell, row.kind(column), mark)
            };
            let (Some(price), Some(part)) = (value(minute), value(other)) else { return false };
            // both prices may be rounded
            let tolerance = price / 100 + 60;
            if price.saturating_sub(part.saturating_mul(60 / seconds)).saturating_abs() > tolerance {
                return false;
            }
            rows += 1;
        }
        rows >= 2
    }

    /// Whether a column called "first price" has mostly zeros, so that it is a fee for each call.
    fn is_mostly_zero(&self, column: usize) -> bool {
        let profile = &self.profiles[column];
        profile.nonzero * 2 < profile.filled
    }

    pub(super) fn choose_base(&mut self, base: &[(usize, PriceColumn)]) {
        let fee = base.iter().find(|(column, price)| {
            price.step == Step::First && self.is_mostly_zero(*column) && !self.mapped.contains(column)
        });
        if let (Some((fee, _)), false, true) = (fee, self.has(Role::ConnectionFee), base.len() > 1) {
            self.guess(*fee, Role::ConnectionFee, "Its amounts are 0 in most rows, so they are no prices.");
            let rest: Vec<(usize, PriceColumn)> =
                base.iter().filter(|(column, _)| column != fee).cloned().collect();
            return self.choose_base(&rest);
        }
        let of = |step: Step| -> Vec<usize> {
            base.iter().filter(|(_, price)| price.step == step).map(|(column, _)| *column).collect()
        };
        let (any, first, next) = (of(Step::Any), of(Step::First), of(Step::Next));
        if let Some(price) = self.price {
            // the mapping already chose the price column; a separate column for the first price is still used
            let kept = first.as_slice();
            if let ([first], false) =
                (kept, self.roles.contains_key(&Role::FirstPrice) || first.contains(&price))
            {
                self.roles.insert(Role::FirstPrice, vec![*first]);
            }
            return;
        }
        match (any.as_slice(), first.as_slice(), next.as_slice()) {
            ([price], [], []) | ([], [price], []) | ([], [], [price]) => self.price = Some(*price),
            ([], [first], [next]) | ([next], [first], []) => {
                self.price = Some(*next);
                self.roles.entry(Role::FirstPrice).or_insert_with(|| vec![*first]);
            }
            ([], [], []) => self.find_price(),
            ([any], [], [next]) => {
                self.ask_price(
                    &[*any, *next],
                    "Two columns may have the price. Choose the price per minute.",
                );
                let both = Mapping::column("first_price", self.reference(*any))
                    .merged(Mapping::column("price", self.reference(*next)));
                let text = format!("{} first, then {}", self.name(*any), self.name(*next));
                if let Some(question) = self.questions.last_mut() {
                    question.answers.insert(0, Answer::new(text, both));
                }
            }
            _ => {
                let columns: Vec<usize> = base.iter().map(|(column, _)| *column).collect();
                self.ask_price(&columns, "Several columns may have the price. Choose the price per minute.");
            }
        }
    }

    /// If no column has a known name for prices, the price is in a column of amounts.
    fn find_price(&mut self) {
        let used = self.used();
        let candidates = |test: &dyn Fn(&super::Profile) -> bool| -> Vec<usize> {
            let free = |column: &usize| {
                !used.contains(column) && !self.mapped.contains(column) && !self.counts_rows(*column)
            };
            let all = (0..self.profiles.len()).filter(free);
            all.filter(|column| test(&self.profiles[*column]) && !is_surcharge(&self.name(*column))).collect()
        };
        let amounts = candidates(&|profile| {
            profile.nonzero > 0 && profile.is_mostly(profile.decimals + profile.integers)
        });
        let named = |column: &usize| self.meanings[*column] == Meaning::Unknown;
        let unknown: Vec<usize> = amounts.iter().copied().filter(named).collect();
        let amounts = if unknown.is_empty() { amounts } else { unknown };
        let numbers = if amounts.is_empty() {
            candidates(&|profile| profile.is_mostly(profile.integers) && !profile.looks_like_increments())
        } else {
            amounts
        };
        match numbers.as_slice() {
            [] => match self.any_columns().as_slice() {
                [] => {
                    let message = "No column has prices.";
                    let remedy =
                        "Name the column with the prices in a mapping: {\"columns\": {\"price\": \"Rate\"}}.";
                    self.refusal = Some(Refusal::new(0, "PRICE_COLUMN_MISSING", message, remedy));
                }
                columns => {
                    let text = "No column was recognized as the price of a minute. Choose the price.";
                    self.ask_column("PRICE_COLUMN", "price", text, columns);
                }
            },
            [price] => {
                self.price = Some(*price);
                self.guessed.insert(*price, "Only this column has amounts.");
            }
            several => {
                self.ask_price(several, "No column's name says that it is the price. Choose the price.");
            }
        }
    }

    /// Asks which column is the price: one of `columns`, or any numeric column without another meaning.
    pub(super) fn ask_price(&mut self, columns: &[usize], text: &str) {
        let numeric = |column: &usize| {
            let profile = &self.profiles[*column];
            profile.is_mostly(profile.decimals + profile.integers)
        };
        let used = self.used();
        let all: Vec<usize> =
            (0..self.profiles.len()).filter(numeric).filter(|column| !used.contains(column)).collect();
        let columns = if columns.len() > 1 { columns } else { all.as_slice() };
        let mut answers: Vec<Answer> = Vec::new();
        for column in columns {
            let mut mapping = Mapping::column("price", self.reference(*column));
            // an answer that chooses one price column ignores the other amounts that could be prices
            for other in columns.iter().filter(|other| {
                *other != column
                    && !matches!(self.meanings[**other], Meaning::Price(_))
                    && self.profiles[**other].is_mostly(self.profiles[**other].decimals)
                    && !is_surcharge(&self.name(**other))
            }) {
                mapping = mapping.merged(Mapping::column("ignore", self.reference(*other)));
            }
            answers.push(Answer::new(self.described(*column), mapping));
        }
        let example = columns.first().map(|column| self.name(*column)).unwrap_or_default();
        self.questions.push(Question {
            code: "PRICE_COLUMN".into(),
            text: text.to_owned(),
            line: 0,
            example,
            answers,
        });
    }
}
