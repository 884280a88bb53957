//! Decides which columns have the prices.

use super::super::cells::currencies;
use super::super::header::is_surcharge;
use super::super::header::{Age, Meaning, PriceColumn, Role, Step};
use super::super::mapping::Mapping;
use super::super::{Answer, Question, Refusal};
use super::Draft;

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
            prices.retain(|(_, price)| !matches!(price.age, Age::Old | Age::Current));
        } else if has(&prices, Age::Plain) || has(&prices, Age::Current) {
            prices.retain(|(_, price)| price.age != Age::Old);
        }
        self.keep_currency(&mut prices, currency);
        let any_base = prices.iter().any(|(_, price)| price.band.is_none()) || self.price.is_some();
        let is_base = |price: &PriceColumn| price.band.is_none() || price.band == Some("peak") && !any_base;
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

    pub(super) fn choose_base(&mut self, base: &[(usize, PriceColumn)]) {
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

    /// Without a known name, the price is in a column of amounts.
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
            [] => {
                let message = "No column has prices.";
                let remedy =
                    "Name the column with the prices in a mapping: {\"columns\": {\"price\": \"Rate\"}}.";
                self.refusal = Some(Refusal::new(0, "PRICE_COLUMN_MISSING", message, remedy));
            }
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
                    && self.meanings[**other] == Meaning::Unknown
                    && !is_surcharge(&self.name(**other))
            }) {
                mapping = mapping.merged(Mapping::column("ignore", self.reference(*other)));
            }
            answers.push(Answer::new(self.name(*column), mapping));
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
