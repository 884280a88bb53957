//! Names of columns with codes, names, dates, increments and statuses.

use super::super::header_words::{
    AREA, BILLS, CODE, COMMENT, COUNTRY, DATE, DESTINATIONS, END, FEE, FIRST, INTERNATIONAL, INTERVAL,
    MINIMUMS, NAME, NETWORK, NEW, NEXT, NOTICE, OLD, ORIGIN, PER_CALL, PER_TIME, PRICE, STATUS, TIME,
};
use super::{FREE, Meaning, Role, Words, increment_role};

pub(super) fn special(words: &Words) -> Option<Meaning> {
    use Role::{
        Active, Blocked, Comment, ConnectionFee, Currency, ExactMatch, FreeSeconds, Jurisdiction,
        MinimumCharge, Origin, Removed, Status, Unit,
    };
    let role = |role| Some(Meaning::Is(role));
    let is_price = words.any(PRICE);
    let least: Vec<&str> = MINIMUMS.iter().copied().filter(|word| *word != "min").collect();
    let minimum = words.any(&least) || words.0.first().is_some_and(|word| word == "min");
    if words.any(ORIGIN) || words.phrase(&["from", "country"]) || words.phrase(&["a", "number"]) {
        return role(Origin);
    }
    if words.any(&[
        "currency", "moneda", "divisa", "moeda", "devise", "valuta", "wahrung", "waehrung", "ccy", "monnaie",
        "curr",
    ]) {
        return role(Currency);
    }
    if words.any(&["jurisdiction", "jurisdiccion", "jurisdicao"]) {
        return role(Jurisdiction);
    }
    if words.any(&["exact"]) {
        return role(ExactMatch);
    }
    if words.only(&[
        "forbidden",
        "blocked",
        "barred",
        "bloqueado",
        "bloque",
        "bloccato",
        "gesperrt",
        "locked",
        "lock",
        "suspended",
        "bloqueada",
        "bloccata",
        "sperre",
        "锁定",
        "禁止",
        "封锁",
        "заблокирован",
        "заблокировано",
        "engelli",
        "blocat",
        "zablokowany",
        "blokada",
    ]) {
        return role(Blocked);
    }
    if words.any(&["reject", "rejected"]) {
        return role(Blocked);
    }
    if words.only(&["discontinued", "removed", "deleted"]) {
        return role(Removed);
    }
    if words.only(&["active", "enabled", "activo", "ativo", "actif", "attivo", "aktiv"]) {
        return role(Active);
    }
    if words.any(FEE) && !words.any(&["increment", "interval", "seconds", "type"])
        || words.phrase(&["set", "up"])
        || words.phrase(&["flag", "fall"])
    {
        return role(ConnectionFee);
    }
    if words.any(PER_CALL)
        && (words.any(PER_TIME) || (words.any(&["fee"]) && !minimum))
        && !words.any(&["calls"])
    {
        return role(ConnectionFee);
    }
    if minimum
        && is_price
        && !words.any(PER_TIME)
        && !words.any(INTERVAL)
        && !words.any(NEW)
        && words.0.len() <= 4
        && words.0.get(1).is_some_and(|word| PRICE.contains(&word.as_str()))
    {
        return role(MinimumCharge);
    }
    if words.any(FREE) {
        return role(FreeSeconds);
    }
    if words.any(&[
        "period",
        "franja",
        "horario",
        "periodo",
        "zeitfenster",
        "tageszeit",
        "fascia",
        "plage",
        "periode",
        "zeitzone",
    ]) || words.phrase(&["time", "band"])
        || words.phrase(&["time", "of", "day"])
        || words.phrase(&["time", "zone"])
        || words.only(&["timeband"])
    {
        return role(Role::Period);
    }
    if words
        .only(&["unit", "units", "uom", "unidad", "unidade", "unite", "unita", "einheit", "rate", "price"])
        && !words.only(PRICE)
    {
        return role(Unit);
    }
    if words.any(COMMENT) {
        return role(Comment);
    }
    if words.any(STATUS) && !words.any(DATE) && !words.any(OLD) {
        return role(Status);
    }
    None
}

pub(super) fn dated(words: &Words) -> Option<Meaning> {
    // columns such as "from day" and "to hour" say in which part of the week a row applies; if there are several parts, several rows have the same
    // code
    let week = |unit: &str| words.phrase(&["from", unit]) || words.phrase(&["to", unit]);
    if week("day") || week("hour") || week("wday") {
        return Some(Meaning::Ignored);
    }
    let dated = words.any(DATE) || words.phrase(&["w", "e", "f"]);
    let begins =
        words.only(&["from", "desde", "ab", "dal", "dalla", "since", "depuis", "a", "partir", "de", "from"]);
    let ends = words.only(&[
        "to",
        "until",
        "till",
        "hasta",
        "bis",
        "ate",
        "fim",
        "fin",
        "fine",
        "expiry",
        "expires",
        "expiration",
        "end",
        "ends",
        "scadenza",
        "vencimiento",
        "vencimento",
        "ende",
        "ablauf",
        "termino",
        "termine",
        "jusqu",
        "au",
        "a",
        "fino",
        "al",
    ]);
    if !(dated || begins || ends) || words.any(CODE) || words.any(INTERVAL) {
        return None;
    }
    if words.any(NOTICE) {
        return Some(Meaning::Ignored);
    }
    // "effective rate" means a price, not a date
    if words.any(PRICE) && !words.any(&["date", "fecha", "data", "datum", "from", "desde", "ab"]) {
        return None;
    }
    Some(Meaning::Is(if words.any(END) { Role::Ends } else { Role::Effective }))
}

pub(super) fn code(words: &Words) -> Option<Meaning> {
    let single = |list: &[&str]| words.only(list);
    if single(&[
        "cc",
        "ddi",
        "landesvorwahl",
        "landervorwahl",
        "landeskennzahl",
        "landercode",
        "landercodes",
        "countrycode",
        "idd",
    ]) {
        return Some(Meaning::Is(Role::CountryCode));
    }
    if words.any(&[
        "ddd",
        "ortsvorwahl",
        "ortsnetzkennzahl",
        "ortskennzahl",
        "ndc",
        "areacode",
        "citycode",
        "subcode",
        "nxx",
    ]) && !words.any(&["npa"])
    {
        return Some(Meaning::Is(Role::AreaCode));
    }
    if single(&["npa"]) {
        return Some(Meaning::Is(Role::Prefix));
    }
    if !words.any(CODE) {
        return None;
    }
    // "Code name" is the name of a destination, not a code
    if words.any(&[
        "name",
        "description",
        "desc",
        "descripcion",
        "descricao",
        "nombre",
        "nome",
        "bezeichnung",
    ]) {
        return Some(Meaning::Is(Role::Destination));
    }
    if words.any(&[
        "iso", "iso2", "iso3", "alpha", "route", "product", "customer", "zip", "postal", "account",
        "operator", "carrier", "network", "rate", "mcc", "mnc", "vendor", "trunk", "tech", "currency",
        "zone",
    ]) && !words.any(&["prefix", "dial", "dialing"])
    {
        return Some(Meaning::Ignored);
    }
    if words.any(&["to", "end", "until", "hasta", "bis", "ate", "fin", "fim", "last"]) && !words.any(COUNTRY)
    {
        return Some(Meaning::Is(Role::PrefixEnd));
    }
    let place = words.any(AREA) && !words.any(&["destinations"]);
    Some(Meaning::Is(match (words.any(COUNTRY) || words.any(INTERNATIONAL), place) {
        // "Country code + area code"
        (true, true)
            if !words.any(&["without", "sin", "sem", "sans", "ohne", "senza", "no", "w", "excl"]) =>
        {
            Role::Prefix
        }
        (true, false) => Role::CountryCode,
        (_, true) => Role::AreaCode,
        (false, false) => Role::Prefix,
    }))
}

pub(super) fn increment(words: &Words) -> Option<Meaning> {
    const CLEAR: &[&str] = &[
        "increment",
        "increments",
        "interval",
        "intervals",
        "incremento",
        "incrementos",
        "intervalo",
        "intervalos",
        "takt",
        "taktung",
        "incr",
        "inc",
        "granularity",
        "palier",
        "cadencia",
        "cadence",
        "intervalle",
        "intervallo",
    ];
    let strong = words.any(INTERVAL) || words.only(BILLS);
    let unit_only = words.0.iter().all(|word| TIME.contains(&word.as_str()) || word == "billing");
    let step = words.any(FIRST) || words.any(NEXT);
    if words.any(&["类型", "類型"]) {
        return None;
    }
    let priced = words.any(PRICE) && !words.any(CLEAR);
    if !(strong || unit_only || step && words.any(TIME)) || priced || words.any(PER_TIME) && !words.any(CLEAR)
    {
        return None;
    }
    Some(Meaning::Is(increment_role(words)))
}

pub(super) fn named(words: &Words) -> Option<Meaning> {
    let role = |role| Some(Meaning::Is(role));
    if words.only(&["continent", "continente", "kontinent"]) {
        return None;
    }
    if words.only(&["type", "tipo", "typ"]) || (words.any(NETWORK) && !words.any(&["route", "cli", "rate"])) {
        return role(Role::Network);
    }
    let destination = words.any(DESTINATIONS) || words.any(&["name", "nombre", "nom", "nome"]);
    if words.any(COUNTRY) && !words.any(&["iso", "iso2", "iso3", "group", "id"]) {
        return role(if destination && words.0.len() > 2 { Role::Destination } else { Role::Country });
    }
    let code = words.any(&["id", "iso", "iso2", "iso3"])
        || words.any(&["group", "plan"]) && !words.any(DESTINATIONS);
    if words.any(NAME) && !code {
        return role(Role::Destination);
    }
    // a route's quality is not a name
    words
        .only(&["route", "routes", "ruta", "rutas", "rota", "rotas"])
        .then_some(Meaning::Is(Role::Destination))
}
