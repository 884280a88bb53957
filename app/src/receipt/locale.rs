//! The languages of receipts and messages: words, numbers, money, dates.

use std::borrow::Cow;

use billing::country_names;
use billing::money::{Micros, RoundingMode, minor_unit_decimals, round_to};
use billing::statement::PaymentMethod;
use chrono::{DateTime, Utc};
use chrono_tz::Tz;

use crate::accounts::clean_locale;
use base::error::Result;

/// The Spanish-speaking countries that write a decimal point instead of a comma (CLDR).
const SPANISH_WITH_POINT: [&str; 10] = ["MX", "US", "PR", "GT", "HN", "NI", "PA", "SV", "DO", "PE"];

/// A language of receipts and messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// Brazilian Portuguese.
    Portuguese,
    /// English.
    English,
    /// Latin American Spanish.
    Spanish,
}

/// The Portuguese-speaking and the Spanish-speaking countries, by ISO 3166-1 code.
const PORTUGUESE_COUNTRIES: [&str; 8] = ["AO", "BR", "CV", "GW", "MZ", "PT", "ST", "TL"];
const SPANISH_COUNTRIES: [&str; 21] = [
    "AR", "BO", "CL", "CO", "CR", "CU", "DO", "EC", "ES", "GQ", "GT", "HN", "MX", "NI", "PA", "PE", "PR",
    "PY", "SV", "UY", "VE",
];

/// Default receipt language of a country, as a BCP 47 tag.
pub fn locale_of(country: &str) -> String {
    if PORTUGUESE_COUNTRIES.contains(&country) {
        format!("pt-{country}")
    } else if SPANISH_COUNTRIES.contains(&country) {
        format!("es-{country}")
    } else {
        "en".to_owned()
    }
}

/// Wording and number format of a receipt or message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Locale {
    language: Language,
    decimal_point: bool,
}

/// The words of one language.
#[derive(Debug)]
pub(super) struct Words {
    pub tax_id: &'static str,
    pub receipt: &'static str,
    pub bill: &'static str,
    pub due: &'static str,
    pub pix: &'static str,
    pub reprint: &'static str,
    pub date: &'static str,
    pub attendant: &'static str,
    pub cabin: &'static str,
    pub customer: &'static str,
    pub calls: &'static str,
    pub by_destination: &'static str,
    pub items: &'static str,
    pub discount: &'static str,
    pub calls_total: &'static str,
    pub corrected: &'static str,
    pub rounding: &'static str,
    pub total: &'static str,
    pub deposit: &'static str,
    pub deposit_returned: &'static str,
    pub cash_rounding: &'static str,
    pub change: &'static str,
    pub refund: &'static str,
    pub no_calls: &'static str,
    pub unprintable: &'static str,
    cash: &'static str,
    card: &'static str,
    other: &'static str,
}

const PORTUGUESE: Words = Words {
    tax_id: "CNPJ/CPF",
    receipt: "RECIBO Nº",
    bill: "CONTA",
    due: "A PAGAR",
    pix: "Pague com Pix",
    reprint: "2ª VIA",
    date: "Data",
    attendant: "Atendente",
    cabin: "Cabine",
    customer: "Cliente",
    calls: "Chamadas",
    by_destination: "Por destino",
    items: "Outros itens",
    discount: "Desconto",
    calls_total: "Total das chamadas",
    corrected: "Correção após o pagamento",
    rounding: "Arredondamento",
    total: "TOTAL",
    deposit: "Depósito",
    deposit_returned: "Depósito devolvido",
    cash_rounding: "Arredondamento em dinheiro",
    change: "Troco",
    refund: "Reembolso",
    no_calls: "Nenhuma chamada",
    unprintable: "? = letra que este PDF não mostra; o recibo em HTML mostra.",
    cash: "Dinheiro",
    card: "Cartão",
    other: "Outro",
};

const ENGLISH: Words = Words {
    tax_id: "Tax ID",
    receipt: "RECEIPT No.",
    bill: "BILL",
    due: "TO PAY",
    pix: "Pay with Pix",
    reprint: "DUPLICATE",
    date: "Date",
    attendant: "Served by",
    cabin: "Cabin",
    customer: "Customer",
    calls: "Calls",
    by_destination: "By destination",
    items: "Other items",
    discount: "Discount",
    calls_total: "Calls in total",
    corrected: "Corrected after payment",
    rounding: "Rounding",
    total: "TOTAL",
    deposit: "Deposit",
    deposit_returned: "Deposit returned",
    cash_rounding: "Cash rounding",
    change: "Change",
    refund: "Refund",
    no_calls: "No calls",
    unprintable: "? = a letter that this PDF cannot show; the HTML receipt shows it.",
    cash: "Cash",
    card: "Card",
    other: "Other",
};

const SPANISH: Words = Words {
    tax_id: "ID fiscal",
    receipt: "RECIBO N.º",
    bill: "CUENTA",
    due: "A PAGAR",
    pix: "Pague con Pix",
    reprint: "DUPLICADO",
    date: "Fecha",
    attendant: "Atendido por",
    cabin: "Cabina",
    customer: "Cliente",
    calls: "Llamadas",
    by_destination: "Por destino",
    items: "Otros artículos",
    discount: "Descuento",
    calls_total: "Total de llamadas",
    corrected: "Corrección tras el pago",
    rounding: "Redondeo",
    total: "TOTAL",
    deposit: "Depósito",
    deposit_returned: "Depósito devuelto",
    cash_rounding: "Redondeo en efectivo",
    change: "Cambio",
    refund: "Reembolso",
    no_calls: "Ninguna llamada",
    unprintable: "? = letra que este PDF no muestra; el recibo en HTML la muestra.",
    cash: "Efectivo",
    card: "Tarjeta",
    other: "Otro",
};

impl Locale {
    /// English.
    pub const ENGLISH: Self = Self { language: Language::English, decimal_point: true };

    /// The locale of the first tag whose language is supported; `None` if there is no such tag.
    pub fn preferred<'a>(tags: impl IntoIterator<Item = &'a str>) -> Option<Self> {
        let is_supported = |tag: &&str| {
            let language = tag.split(['-', '_']).next().unwrap_or_default().to_ascii_lowercase();
            matches!(language.as_str(), "pt" | "en" | "es")
        };
        tags.into_iter().find(is_supported).map(Self::parse)
    }

    /// The language.
    pub fn language(self) -> Language {
        self.language
    }

    /// The closest locale for a BCP 47 tag: Portuguese, Spanish, or, for all other languages, English.
    pub fn parse(tag: &str) -> Self {
        let mut parts = tag.split(['-', '_']);
        let language = match parts.next().unwrap_or_default().to_ascii_lowercase().as_str() {
            "pt" => Language::Portuguese,
            "es" => Language::Spanish,
            _ => Language::English,
        };
        let region = parts.find(|part| part.len() == 2).unwrap_or_default().to_ascii_uppercase();
        let decimal_point = match language {
            Language::Portuguese => false,
            Language::English => true,
            Language::Spanish => SPANISH_WITH_POINT.contains(&region.as_str()),
        };
        Self { language, decimal_point }
    }

    /// The locale for amounts: the requested locale or, if none is requested, the locale of the currency's country. The first two letters of a
    /// currency code are the country's code.
    ///
    /// # Errors
    /// Fails with `INVALID_INPUT` if the tag is not a BCP 47 tag.
    pub fn requested(tag: Option<&str>, currency: &str) -> Result<Self> {
        match tag {
            Some(tag) => Ok(Self::parse(&clean_locale("locale", tag)?)),
            None => Ok(Self::parse(&locale_of(currency.get(..2).unwrap_or_default()))),
        }
    }

    /// The BCP 47 tag of the language.
    pub fn tag(self) -> &'static str {
        match self.language {
            Language::Portuguese => "pt-BR",
            Language::English => "en",
            Language::Spanish => "es",
        }
    }

    /// The name of a country in the language; `None` for an unknown code.
    pub fn country(self, code: &str) -> Option<&'static str> {
        let [english, portuguese, spanish] = country_names::names_of(code)?;
        Some(match self.language {
            Language::Portuguese => portuguese,
            Language::English => english,
            Language::Spanish => spanish,
        })
    }

    /// If the destination begins with the country's name in any language, replaces that name with the country's name in this language. The rest stays
    /// unchanged, because it is often the name of a network.
    pub fn destination<'a>(self, destination: &'a str, country: Option<&str>) -> Cow<'a, str> {
        let code = country.unwrap_or_default();
        match (self.country(code), country_names::after_country(destination, code)) {
            (Some(name), Some(rest)) => Cow::Owned(format!("{name}{rest}")),
            _ => Cow::Borrowed(destination),
        }
    }

    pub(super) fn words(self) -> &'static Words {
        match self.language {
            Language::Portuguese => &PORTUGUESE,
            Language::English => &ENGLISH,
            Language::Spanish => &SPANISH,
        }
    }

    pub(super) fn method(self, method: PaymentMethod) -> &'static str {
        match method {
            PaymentMethod::Cash => self.words().cash,
            PaymentMethod::Card => self.words().card,
            PaymentMethod::Pix => "Pix",
            PaymentMethod::Other => self.words().other,
        }
    }

    /// An amount with the decimals of the currency's minor unit, without rounding; further digits are dropped.
    pub(super) fn amount(self, amount: Micros, currency: &str) -> String {
        let decimals = minor_unit_decimals(currency);
        self.price(round_to(amount, decimals, RoundingMode::Down).unwrap_or(amount), currency)
    }

    /// An exact price, with at least as many decimals as the currency's minor unit.
    pub(crate) fn price(self, amount: Micros, currency: &str) -> String {
        let magnitude = amount.0.unsigned_abs();
        let (whole, fraction) = (magnitude / 1_000_000, magnitude % 1_000_000);
        let (thousands, decimal) = if self.decimal_point { (',', '.') } else { ('.', ',') };
        let mut text = if amount.is_negative() { "-".to_owned() } else { String::new() };
        let digits = whole.to_string();
        for (index, digit) in digits.chars().enumerate() {
            if index > 0 && (digits.len() - index) % 3 == 0 {
                text.push(thousands);
            }
            text.push(digit);
        }
        let mut fraction = format!("{fraction:06}");
        while fraction.len() > usize::from(minor_unit_decimals(currency)) && fraction.ends_with('0') {
            fraction.pop();
        }
        if !fraction.is_empty() {
            text.push(decimal);
            text.push_str(&fraction);
        }
        text
    }

    /// Like `amount`, with the currency's symbol or code.
    pub(crate) fn money(self, amount: Micros, currency: &str) -> String {
        format!("{} {}", sign(currency), self.amount(amount, currency))
    }

    /// An amount to show on a screen: rounded to the currency's minor unit, with the currency's symbol or code, and without a space at which a line
    /// could break.
    pub fn formatted(self, amount: Micros, currency: &str) -> String {
        let decimals = minor_unit_decimals(currency);
        let rounded = round_to(amount, decimals, RoundingMode::HalfUp).unwrap_or(amount);
        let text = self.amount(rounded, currency);
        match text.strip_prefix('-') {
            Some(magnitude) => format!("-{}\u{a0}{magnitude}", sign(currency)),
            None => format!("{}\u{a0}{text}", sign(currency)),
        }
    }

    /// Date and time to the minute.
    pub(crate) fn date_time(self, at: DateTime<Utc>, zone: Tz) -> String {
        let format = match self.language {
            Language::English => "%-d %b %Y %H:%M",
            Language::Portuguese | Language::Spanish => "%d/%m/%Y %H:%M",
        };
        at.with_timezone(&zone).format(format).to_string()
    }

    /// Date without year, and time to the second.
    pub(super) fn start(self, at: DateTime<Utc>, zone: Tz) -> String {
        let format = match self.language {
            Language::English => "%-d %b %H:%M:%S",
            Language::Portuguese | Language::Spanish => "%d/%m %H:%M:%S",
        };
        at.with_timezone(&zone).format(format).to_string()
    }
}

/// The symbol of a currency, or its code.
fn sign(currency: &str) -> &str {
    match currency {
        "BRL" => "R$",
        "USD" => "US$",
        other => other,
    }
}

/// `m:ss`, or `h:mm:ss` for one hour or more.
pub(crate) fn duration(seconds: u64) -> String {
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    if hours > 0 { format!("{hours}:{minutes:02}:{seconds:02}") } else { format!("{minutes}:{seconds:02}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_exact_and_written_as_the_country_does() {
        let cases = [
            ("pt-BR", 1_234_567_890_000, "BRL", "1.234.567,89"),
            ("pt-BR", 48_000, "BRL", "0,048"),
            ("en-US", 1_234_500_000, "USD", "1,234.50"),
            ("es", -1_000_000, "EUR", "-1,00"),
            ("es-MX", 999_999_000_000, "MXN", "999,999.00"),
            ("ja", 1_500_000_000, "JPY", "1,500"),
            ("pt", i64::MIN, "BRL", "-9.223.372.036.854,775808"),
            ("en", 1_000, "KWD", "0.001"),
        ];
        for (tag, micros, currency, text) in cases {
            assert_eq!(Locale::parse(tag).price(Micros(micros), currency), text, "{tag} {micros}");
        }
    }

    #[test]
    fn shown_amounts_are_rounded_and_do_not_break() {
        let cases = [
            (Some("pt-BR"), 1_234_565_000, "BRL", "R$\u{a0}1.234,57"),
            (Some("en"), -5_000, "BRL", "-R$\u{a0}0.01"),
            (Some("es-AR"), 1_500_000, "JPY", "JPY\u{a0}2"),
            (None, 48_000, "BRL", "R$\u{a0}0,05"),
            (None, 4_999, "MXN", "MXN\u{a0}0.00"),
            (None, 1_500, "KWD", "KWD\u{a0}0.002"),
            (Some("fr"), 1_000_000, "EUR", "EUR\u{a0}1.00"),
        ];
        for (tag, micros, currency, text) in cases {
            let locale = Locale::requested(tag, currency).unwrap();
            assert_eq!(locale.formatted(Micros(micros), currency), text, "{tag:?} {micros}");
        }
        assert!(Locale::requested(Some("no tag"), "BRL").is_err());
    }

    #[test]
    fn unknown_locales_are_english() {
        for (tag, language) in
            [("pt-PT", "pt-BR"), ("PT", "pt-BR"), ("es_AR", "es"), ("fr", "en"), ("", "en")]
        {
            assert_eq!(Locale::parse(tag).tag(), language, "{tag}");
        }
    }

    #[test]
    fn the_first_supported_language_is_preferred() {
        let preferred = |tags: &[&'static str]| Locale::preferred(tags.iter().copied()).map(Locale::tag);
        assert_eq!(preferred(&["fr", "ES-ar", "pt"]), Some("es"));
        assert_eq!(preferred(&["en-GB", "pt"]), Some("en"));
        assert_eq!(preferred(&["fr", "espanol", ""]), None);
    }

    #[test]
    fn durations() {
        assert_eq!([0, 61, 3600, 36_061].map(duration), ["0:00", "1:01", "1:00:00", "10:01:01"]);
    }
}
