//! The statement as a document to print.

use chrono_tz::Tz;

use super::{Line, LineKind, Statement};
use crate::receipt::locale::{Language, duration};
use crate::receipt::{Block, Locale, clean, pdf_pages};

/// The words on a statement, in one language.
struct Words {
    title: &'static str,
    account: &'static str,
    from: &'static str,
    to: &'static str,
    opening: &'static str,
    movements: &'static str,
    top_up: &'static str,
    adjustment: &'static str,
    reversal: &'static str,
    further: &'static str,
    calls: &'static str,
    version: &'static str,
    unknown: &'static str,
    closing: &'static str,
}

const PORTUGUESE: Words = Words {
    title: "EXTRATO DA CONTA",
    account: "Conta",
    from: "De",
    to: "Até",
    opening: "SALDO INICIAL",
    movements: "Créditos e ajustes",
    top_up: "Recarga",
    adjustment: "Ajuste",
    reversal: "Estorno",
    further: "outros",
    calls: "Chamadas",
    version: "Versão da tarifa",
    unknown: "Versão não mais guardada",
    closing: "SALDO FINAL",
};

const ENGLISH: Words = Words {
    title: "ACCOUNT STATEMENT",
    account: "Account",
    from: "From",
    to: "To",
    opening: "OPENING BALANCE",
    movements: "Credit and adjustments",
    top_up: "Top-up",
    adjustment: "Adjustment",
    reversal: "Reversal",
    further: "others",
    calls: "Calls",
    version: "Tariff version",
    unknown: "Version no longer stored",
    closing: "CLOSING BALANCE",
};

const SPANISH: Words = Words {
    title: "ESTADO DE CUENTA",
    account: "Cuenta",
    from: "Desde",
    to: "Hasta",
    opening: "SALDO INICIAL",
    movements: "Créditos y ajustes",
    top_up: "Recarga",
    adjustment: "Ajuste",
    reversal: "Reversión",
    further: "otros",
    calls: "Llamadas",
    version: "Versión de la tarifa",
    unknown: "Versión que ya no se guarda",
    closing: "SALDO FINAL",
};

fn words(locale: Locale) -> &'static Words {
    match locale.language() {
        Language::Portuguese => &PORTUGUESE,
        Language::English => &ENGLISH,
        Language::Spanish => &SPANISH,
    }
}

pub(super) fn pdf(statement: &Statement, locale: Locale) -> Vec<u8> {
    pdf_pages(&blocks(statement, locale), words(locale).title, locale)
}

/// Amounts are printed exactly, so that they add up.
fn blocks(statement: &Statement, locale: Locale) -> Vec<Block> {
    let (words, account) = (words(locale), &statement.account);
    let zone: Tz = account.time_zone.parse().unwrap_or(Tz::UTC);
    let money = |amount| format!("{} {}", account.currency, locale.price(amount, &account.currency));
    let mut blocks = vec![
        Block::Title(words.title.to_owned()),
        Block::Rule,
        Block::Pair(words.account.to_owned(), clean(&format!("{} ({})", account.name, account.code))),
    ];
    if let Some(from) = statement.within.from {
        blocks.push(Block::Pair(words.from.to_owned(), locale.date_time(from, zone)));
    }
    blocks.push(Block::Pair(words.to.to_owned(), locale.date_time(statement.ends_at(), zone)));
    blocks.push(Block::Rule);
    blocks.push(Block::StrongSum(words.opening.to_owned(), money(statement.opening)));
    let is_call = |line: &&Line| line.kind == LineKind::Calls;
    let (calls, others): (Vec<&Line>, Vec<&Line>) = statement.lines.iter().partition(is_call);
    if !others.is_empty() {
        blocks.extend([Block::Rule, Block::Heading(words.movements.to_owned())]);
    }
    for line in others {
        let kind = match line.kind {
            LineKind::TopUp => words.top_up,
            LineKind::Reversal => words.reversal,
            LineKind::Adjustment | LineKind::Calls => words.adjustment,
        };
        let name = match line.at {
            Some(at) => format!("{}  {kind}", locale.date_time(at, zone)),
            None => format!("{kind}: {} {}", line.count, words.further),
        };
        blocks.push(Block::Sum(name, money(line.amount)));
        if !line.note.is_empty() {
            blocks.push(Block::Note(clean(&line.note)));
        }
    }
    if !calls.is_empty() {
        blocks.extend([Block::Rule, Block::Heading(words.calls.to_owned())]);
    }
    for line in calls {
        let name = match &line.version {
            Some(version) => {
                let from = version.active_from.map(|from| format!(" ({})", locale.date_time(from, zone)));
                format!("{} {}{}", words.version, version.number, from.unwrap_or_default())
            }
            None => words.unknown.to_owned(),
        };
        blocks.push(Block::Sum(name, money(line.amount)));
        let seconds = u64::try_from(line.billed_seconds).unwrap_or(0);
        blocks.push(Block::Note(format!("{} x  {}", line.count, duration(seconds))));
    }
    blocks.extend([Block::Rule, Block::StrongSum(words.closing.to_owned(), money(statement.closing))]);
    blocks
}
