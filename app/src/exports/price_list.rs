//! The price list of a callshop: its rows, and a document to print.

use std::collections::BTreeSet;

use billing::country::country_of;
use billing::fold::fold;
use billing::money::Micros;
use billing::table::Cell;
use billing::tariff::Rate;

use super::PAGE;
use crate::App;
use crate::prices::{Price, Prices};
use crate::rates::RateSearch;
use crate::receipt::locale::Language;
use crate::receipt::{Block, Locale, clean, pdf_pages};
use base::error::{Error, OrFault as _, Result};
use store::tariffs::RatePage;

/// The columns that precede the columns of a rate deck.
const COLUMNS: [&str; 5] = ["country_code", "country", "currency", "blocked", "cost_per_minute"];
/// Maximum number of lines in a document. More lines would take seconds to lay out, and nobody prints them.
const MAX_LINES: usize = 20_000;

/// The rows of a price list. All rows are from one version, even if another version takes effect while they are read.
pub(super) struct PriceList {
    /// `None` if no prices are in force.
    prices: Option<Prices>,
    locale: Locale,
    after: Option<String>,
}

impl PriceList {
    pub(super) fn new(prices: Option<Prices>, locale: Locale) -> Self {
        Self { prices, locale, after: None }
    }

    /// The names of the columns: [`COLUMNS`], then the columns of a rate deck.
    pub(super) fn columns(&self) -> Vec<String> {
        let bands = self.prices.iter().flat_map(|prices| &prices.bands).map(String::as_str);
        let deck = billing::deck::deck_columns(bands);
        COLUMNS.into_iter().map(str::to_owned).chain(deck).collect()
    }

    async fn page(&mut self, app: &App) -> Result<Vec<Price>> {
        let Some(prices) = &self.prices else { return Ok(Vec::new()) };
        let page = RatePage { after: self.after.clone(), limit: PAGE, ..RatePage::default() };
        let found = prices.page(app, &RateSearch::default(), page).await?.rows;
        self.after = found.last().map(|price| price.rate.prefix.clone());
        Ok(found)
    }

    pub(super) async fn read(&mut self, app: &App) -> Result<Option<Vec<Vec<Cell>>>> {
        let found = self.page(app).await?;
        let bands = self.prices.as_ref().map(|prices| prices.bands.as_slice()).unwrap_or_default();
        let cells = |price: &Price| {
            let code = country_of(&price.rate.prefix);
            let mut cells = vec![
                Cell::text(code),
                Cell::text(code.and_then(|code| self.locale.country(code))),
                Cell::Text(price.currency.clone()),
                Cell::Flag(price.blocked),
                Cell::money(price.cost_per_minute),
            ];
            cells.extend(billing::deck::deck_cells(&price.rate, bands.iter().map(String::as_str)));
            cells
        };
        Ok((!found.is_empty()).then(|| found.iter().map(cells).collect()))
    }

    /// The document, which lists the destinations that are not blocked, by country. Prefixes of one destination share a line if their terms are the
    /// same.
    ///
    /// # Errors
    /// Fails with `INVALID_INPUT` if the document would have more than [`MAX_LINES`] lines. May also fail with database errors.
    pub(super) async fn pdf(mut self, app: &App, shop: &str) -> Result<Vec<u8>> {
        let (mut lines, locale) = (BTreeSet::new(), self.locale);
        let mut currency = String::new();
        loop {
            let found = self.page(app).await?;
            if found.is_empty() {
                break;
            }
            lines.extend(
                found.iter().filter(|price| !price.blocked).map(|price| Entry::of(&price.rate, locale)),
            );
            currency = found.into_iter().next().map(|price| price.currency).unwrap_or_default();
            if lines.len() > MAX_LINES {
                let message = base::message!(
                    "The price list has more than {max} lines, which is too long to print. Choose CSV or JSONL.",
                    max = MAX_LINES
                );
                return Err(Error::invalid("format", message));
            }
        }
        let as_of = app.clock.now();
        let zone = self.prices.as_ref().map_or(chrono_tz::Tz::UTC, |prices| prices.zone);
        let head = [clean(shop), locale.date_time(as_of, zone)];
        let printed = move || {
            let words = words(locale);
            pdf_pages(&blocks(words, head, &lines, (locale, &currency)), words.title, locale)
        };
        tokio::task::spawn_blocking(printed).await.or_fault()
    }
}

/// A line of the document. Lines are sorted by the folded names of the country and the destination.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Entry {
    sorted_by: (String, String),
    /// Name of the country; empty for destinations without a country.
    country: String,
    destination: String,
    per_minute: Micros,
    initial: Option<Micros>,
    fee: Micros,
    minimum: Micros,
    increments: (u32, u32),
}

impl Entry {
    fn of(rate: &Rate, locale: Locale) -> Self {
        let code = country_of(&rate.prefix);
        let country = code.and_then(|code| locale.country(code)).unwrap_or_default().to_owned();
        let destination = locale.destination(&rate.destination, code).into_owned();
        Self {
            sorted_by: (fold(&country), fold(&destination)),
            country,
            destination,
            per_minute: rate.price_per_minute,
            initial: rate.initial_price,
            fee: rate.connection_fee,
            minimum: rate.minimum_charge,
            increments: (rate.initial_increment, rate.increment),
        }
    }
}

/// The document's words in one language.
struct Words {
    title: &'static str,
    legend: &'static str,
    others: &'static str,
    initial: &'static str,
    fee: &'static str,
    minimum: &'static str,
    none: &'static str,
}

const PORTUGUESE: Words = Words {
    title: "TABELA DE PREÇOS",
    legend: "Preços por minuto. Entre parênteses: segundos cobrados no início e em cada passo seguinte.",
    others: "Outros destinos",
    initial: "preço inicial por minuto",
    fee: "taxa de conexão",
    minimum: "mínimo por chamada",
    none: "Nenhum preço em vigor.",
};

const ENGLISH: Words = Words {
    title: "PRICE LIST",
    legend: "Prices per minute. In parentheses: seconds charged at the beginning and in each step after that.",
    others: "Other destinations",
    initial: "initial price per minute",
    fee: "connection fee",
    minimum: "minimum per call",
    none: "No prices are in force.",
};

const SPANISH: Words = Words {
    title: "LISTA DE PRECIOS",
    legend: "Precios por minuto. Entre paréntesis: segundos que se cobran al inicio y en cada paso siguiente.",
    others: "Otros destinos",
    initial: "precio inicial por minuto",
    fee: "cargo de conexión",
    minimum: "mínimo por llamada",
    none: "No hay precios vigentes.",
};

fn words(locale: Locale) -> &'static Words {
    match locale.language() {
        Language::Portuguese => &PORTUGUESE,
        Language::English => &ENGLISH,
        Language::Spanish => &SPANISH,
    }
}

/// The blocks of the document. Prices are printed with all their decimals.
fn blocks(
    words: &Words,
    [shop, as_of]: [String; 2],
    lines: &BTreeSet<Entry>,
    (locale, currency): (Locale, &str),
) -> Vec<Block> {
    let money = |amount| locale.price(amount, currency);
    let title = if currency.is_empty() { shop } else { format!("{shop}  ({currency})") };
    let mut blocks =
        vec![Block::Title(words.title.to_owned()), Block::Centre(title), Block::Centre(as_of), Block::Rule];
    if lines.is_empty() {
        blocks.push(Block::Note(words.none.to_owned()));
        return blocks;
    }
    blocks.push(Block::Note(words.legend.to_owned()));
    // the sort order puts destinations without a country first, but they are printed last
    let (others, of_countries): (Vec<&Entry>, Vec<&Entry>) =
        lines.iter().partition(|line| line.country.is_empty());
    let mut heading = None;
    for line in of_countries.into_iter().chain(others) {
        let name = if line.country.is_empty() { words.others } else { line.country.as_str() };
        if heading != Some(name) {
            blocks.extend([Block::Rule, Block::Heading(clean(name))]);
            heading = Some(name);
        }
        let (first, next) = line.increments;
        let destination = format!("{} ({first}/{next})", clean(&line.destination));
        blocks.push(Block::Sum(destination, money(line.per_minute)));
        let besides = [
            line.initial.map(|price| (words.initial, price)),
            Some((words.fee, line.fee)).filter(|(_, fee)| *fee != Micros::ZERO),
            Some((words.minimum, line.minimum)).filter(|(_, minimum)| *minimum != Micros::ZERO),
        ];
        let note: Vec<String> =
            besides.into_iter().flatten().map(|(name, amount)| format!("{name} {}", money(amount))).collect();
        if !note.is_empty() {
            blocks.push(Block::Note(note.join(", ")));
        }
    }
    blocks
}
