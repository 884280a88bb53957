//! The words of headers and cells, grouped by meaning: in lower case, without accents, in six languages ([`super::header`] looks them up).

pub(super) const CODE: &[&str] = &[
    "netnummers", "landnummers", "predvolby", "korzetszam", "κωδικος", "国番号", "국가번호",  "קידומת", "landsnummer", "kode",
    "号码", "字冠", "区號", "區號", "зоны", "зон", "префиксы",
    "رمز", "مفتاح", "كود",     "код", "коды", "префикс", "kod", "kodu", "kodlar", "prefiks", "prefiksy", "netnummer", "landnummer", "landcode", "riktnummer", "landskod", "predvolba", "kierunkowy", "区号", "代码", "前缀", "국번",
    "code", "codes", "prefix", "prefixes", "clave", "claves", "lada", "dialcode", "dialcodes", "digits", "codigo", "codigos", "cod", "prefijo", "prefijos", "prefixo",
    "prefixos", "indicatif", "indicatifs", "prefixe", "prefisso", "prefissi", "codice", "codici", "vorwahl", "vorwahlen", "kennzahl",
    "kennzahlen", "npanxx", "npa", "nxx", "breakout", "breakouts", "dial", "dialed", "dialing", "dialling", "prafix", "rufnummernbereich",
    "e164", "range", "ranges", "dialstring", "dnis", "pattern", "indicativo", "indicativos", "praefix", "rufnummer", "rufnummern",
    "nummernbereich", "nummernkreis", "marcacion", "discado", "discagem", "selezione", "nummernraum", "destcode", "dialprefix",
];

pub(super) const COUNTRY: &[&str] = &[
    "страны", "国家地区", "ulkesi", "kraju", "země",
    "الدولة", "البلد",     "страна", "ulke", "kraj", "tara", "zeme", "国家", "orszag",
    "country", "countries", "pais", "paises", "pays", "paese", "land", "lander", "lands", "zielland", "landes", "nation", "nazione", "landname",
    "landesname", "laender",
];

pub(super) const INTERNATIONAL: &[&str] = &[
    "intl", "int", "international", "internacional", "internazionale", "cc",
];

pub(super) const AREA: &[&str] = &[
    "lada", "area", "city", "region", "regional", "ciudad", "cidade", "ville", "zone", "local", "locale", "national", "nacional", "sub", "orts", "ndc",
    "destinations", "ortsnetz", "localidad", "localidade", "localita",
];

pub(super) const PRICE: &[&str] = &[
    "资费", "单价", "价", "расценка", "расценки",
    "السعر", "سعر", "التعرفة",     "цена", "тариф", "стоимость", "ставка", "fiyat", "fiyati", "ucret", "stawka", "cena", "tarief", "prijs", "pris", "pret", "费率", "价格", "单价",
    "rate", "rates", "price", "prices", "cost", "costs", "tariff", "tariffs", "charge", "charges", "fee", "tarifa", "tarifas", "precio",
    "precios", "preco", "precos", "valor", "costo", "coste", "custo", "prix", "tarif", "tarifs", "cout", "prezzo", "prezzi", "tariffa",
    "tariffe", "preis", "preise", "kosten", "entgelt", "satz", "importe", "amount", "minutenpreis", "minutepreis", "minutenentgelt", "cent",
    "cents", "usc", "usct", "cts", "pence", "centavos", "usd", "eur", "gbp", "ppm", "rpm", "termination", "interrate", "intrarate", "ijrate",
    "interstate", "intrastate", "indeterminate", "inter", "intra", "ij", "indet", "importo", "importi", "montant", "betrag", "taxa", "taxas",
    "tasa", "tasas", "gebuhr", "gebuhren", "gebuehr", "costi", "pvp", "buy", "sell", "gesprachspreis", "minutensatz", "minutentarif",
    "tariffario", "tarifario",
];

pub(super) const OLD: &[&str] = &[
    "eski", "старая", "старыи", "старое", "прежняя", "旧", "原", "القديم", "السابق", "stara", "dotychczasowa", "oud", "oude", "gammel", "gammal", "vechi",
    "old", "previous", "prev", "prior", "anterior", "ancien", "ancienne", "precedent", "vecchio", "vecchia", "precedente", "alt", "alte",
    "alter", "alten", "bisherig", "bisheriger", "bisherige", "antiguo", "antigua", "antigo", "antiga", "antiguos", "antigos", "anteriores",
    "anciens", "vecchi",
];

pub(super) const CURRENT: &[&str] = &[
    "现行", "当前", "текущая", "mevcut", "obecna", "huidig", "huidige", "الحالي",
    "current", "actual", "atual", "actuel", "actuelle", "attuale", "aktuell", "aktueller", "aktuelle", "existing", "present", "vigente",
    "vigentes", "corrente", "presente", "bestehend", "bestehender", "derzeitig", "derzeitiger", "geltender",
];

pub(super) const NEW: &[&str] = &[
    "yeni", "новая", "новыи", "новое", "新", "الجديد", "جديد", "nowa", "nieuw", "nieuwe", "ny", "nou",
    "new", "nuevo", "nueva", "novo", "nova", "nouveau", "nouvelle", "nuovo", "nuova", "neu", "neuer", "neue", "future", "updated", "nuevos",
    "nuevas", "novos", "novas", "nouveaux", "nuovi", "futuro", "futura", "futur", "kunftig", "kunftiger", "proposed", "revised", "revisado",
    "revisada",
];

pub(super) const FIRST: &[&str] = &[
    "首", "最小", "最低", "начальныи", "ilk",
    "first", "initial", "1", "1st", "init", "minimum", "min", "inicial", "primer", "primero", "primera", "primeiro", "primeira", "premier",
    "premiere", "initiale", "iniziale", "primo", "prima", "erste", "erster", "erstes", "erst", "minimo", "minima", "mindest", "mindestdauer",
    "minimale", "setup", "interval1", "1er", "1ere", "1re", "1ra", "1ro", "1o", "1a", "1te", "1ter", "t1", "starting", "start", "opening",
    "primeros", "primeras", "primeiros", "primeiras", "premiers", "premieres", "primi", "prime", "ersten", "anfangs", "anfang", "grund",
    "iniciales", "iniciais", "initiaux", "iniziali", "minimal", "mindestens", "arranque", "erstminute",
];

pub(super) const NEXT: &[&str] = &[
    "next", "additional", "add", "subsequent", "following", "n", "2", "2nd", "sub", "siguiente", "siguientes", "adicional", "adicionais",
    "subsecuente", "proximo", "proximos", "seguinte", "seguintes", "suivant", "suivante", "suivants", "successivo", "successivi", "successiva",
    "folgende", "folge", "folgetakt", "weitere", "weiterer", "nachste", "intervaln", "succeeding", "nth", "tn", "t2", "nach", "adicionales",
    "additionnel", "additionnelle", "additionnels", "additionnelles", "supplementaire", "supplementaires", "ulteriore", "ulteriori",
    "zusatzliche", "zusatzlich", "suivantes", "successive", "folgend", "folgender", "folgenden", "danach", "after", "thereafter", "posterior",
    "posteriores", "proxima", "proximas", "restante", "restantes",
];

pub(super) const INTERVAL: &[&str] = &[
    "step", "schritt", "paso", "passo", "tariffing",
    "тарификация", "тарификации", "тарифікація", "laskutus", "debitering", "ucto", "uctovani", "ücretlendirme", "шаг", "naliczanie", "afrekening", "ucretlendirme", "fakturering", "计费周期", "计费",
    "increment", "increments", "interval", "intervals", "billing", "rounding", "block", "pulse", "pulses", "takt", "taktung", "abrechnung",
    "abrechnungstakt", "incremento", "incrementos", "intervalo", "intervalos", "facturacion", "facturado", "cadencia", "cadence", "fraccion",
    "fraccionamiento", "fracao", "tarifacao", "tarificacion", "facturation", "intervalle", "palier", "arrondi", "intervallo", "intervalli",
    "fatturazione", "scatti", "inc", "incr", "duration", "duracion", "duracao", "duree", "durata", "dauer", "mindestdauer", "folgetakt",
    "bloque", "redondeo", "interval1", "intervaln", "cobranca", "tarification", "charging", "granularity", "granularidad", "granularidade",
    "granularite", "granularita", "granularitat", "tariffication", "tarifficazione", "tarificazione", "tassazione", "taxation", "tasacion",
    "taxacao", "faturamento", "tramo", "tramos", "pulso", "pulsos", "impulso", "impulsos", "impulsi", "impulsion", "impulsions", "fraccionado",
    "fracionamento", "arredondamento", "arrotondamento", "rundung", "abrechnungsintervall", "abrechnungseinheit", "pas", "steps", "resolution",
    "intervall", "intervallen", "inkrement", "incrs", "tick", "ticks", "scatto", "bloques", "blocks", "blocco", "bloco", "mindestzeit",
    "taktlange", "taktlaenge", "blocking",
];

pub(super) const PER_TIME: &[&str] = &[
    "per", "por", "par", "pro", "al",
];

pub(super) const NAME: &[&str] = &[
    "ulke", "目的地名称", "destinasyon",
    "الوجهة", "地区名", "地区名称",     "направление", "yon", "hedef", "kierunek", "bestemming", "目的地", "destinatie", "smer", "направления", "地区",
    "destination", "destinations", "description", "desc", "name", "names", "location", "destino", "destinos", "descripcion", "nombre",
    "descricao", "nome", "localidade", "libelle", "nom", "destinazione", "destinazioni", "descrizione", "ziel", "zielort", "ziele",
    "bezeichnung", "beschreibung", "region", "area", "zone", "zona", "breakdown", "term", "destinationname", "localidad", "localite",
    "zielname", "zielbezeichnung", "zielgebiet", "zielregion", "zielnetz", "designation", "intitule", "direttrice", "denominacion",
    "denominacao", "denominazione", "denomination", "gebiet", "ort", "localita", "dest", "destname", "directions", "direction", "destinacion",
    "landname",
];

pub(super) const NETWORK: &[&str] = &[
    "الشبكة", "المشغل", "运营商", "оператор",     "network", "operator", "carrier", "operadora", "operador", "red", "rede", "reseau", "operateur", "rete", "operatore", "netz", "betreiber",
    "netzbetreiber", "type", "tipo", "typ", "provider", "mobile", "operateurs", "operadores", "operators", "networks",
];

pub(super) const DATE: &[&str] = &[
    "wazny", "wazna", "wazne", "obowiazuja", "obowiazujacy", "تسري", "اعتبارا", "ساري", "ابتداء", "действуют", "деиствуют", "вступает", "вступают", "gecerli", "gecerlidir", "itibaren", "itibariyle", "geldig", "gyldig", "gelden", "gaeller", "platny", "platnost", "ucinnost", "valabil", "ervenyes", "voimassa", "intra",
    "تاريخ", "السريان",     "дата", "деиствует", "gecerlilik", "tarih", "tarihi", "obowiazuje", "waznosc", "ingangsdatum", "ingang", "giltig", "gyldig", "生效日期", "生效",
    "wef", "applicables", "aplicables", "aplicable", "applicabili", "effective", "efective", "eff", "valid", "validity", "validite", "vigencia", "vigente", "vigor", "vigueur", "effet", "efectiva", "efectivo",
    "efetiva", "decorrenza", "gultig", "gultigkeit", "wirksam", "activation", "date", "fecha", "data", "datum", "start", "starts", "inicio",
    "debut", "inizio", "beginn", "valido", "valida", "valable", "gueltig", "gueltigkeit", "wirkung", "inkrafttreten", "entrada", "aplicacion",
    "aplicacao", "application", "applicable", "implementation", "begins", "begin", "efectividad", "efetividade", "effettivo", "effettiva",
    "efectivos", "validez", "validade", "validita",
];

pub(super) const END: &[&str] = &[
    "до", "pana", "εως", "μεχρι", "tot", "hingga", "sampai", "עד", "تا", "حتى", "kadar", "まで", "까지",
    "截止", "失效", "bitis", "окончания",
    "end", "ends", "expiry", "expires", "expiration", "expire", "expired", "until", "till", "hasta", "fim", "fin", "ate", "jusqu", "jusque",
    "fine", "fino", "scadenza", "bis", "to", "discontinue", "discontinued", "ende", "withdrawal", "vencimiento", "vencimento", "expira",
    "expiracion", "expiracao", "termino", "termina", "termine", "ablauf", "endet", "cessation", "baja", "caducidad", "stop", "finish",
    "finishes",
];

pub(super) const NOTICE: &[&str] = &[
    "الاصدار",     "issue", "issued", "notice", "notification", "update", "created", "modified", "last", "publication", "sent", "emision", "emissao",
    "emission", "emissione", "ausstellung", "envio", "invio", "aviso",
];

pub(super) const STATUS: &[&str] = &[
    "الحالة", "изменение", "статус", "durum", "状态",     "status", "change", "changes", "action", "cambio", "cambios", "estado", "situacao", "alteracao", "statut", "evolution", "variazione",
    "stato", "anderung", "movement", "movimiento", "novedad", "accion", "acao", "modification", "changement", "mudanca", "changetype",
    "increase", "decrease", "indicator", "situazione", "situacion", "etat", "zustand", "modifica", "modifiche", "novedades", "movimento",
    "movimenti", "mouvement", "mouvements",
];

pub(super) const COMMENT: &[&str] = &[
    "备注", "примечание", "примечания", "aciklama", "not", "notlar", "uwagi", "ملاحظات", "opmerking", "opmerkingen", "備註",
    "comment", "comments", "remark", "remarks", "note", "notes", "bemerkung", "bemerkungen", "observaciones", "observacoes", "observacao",
    "commentaire", "commentaires", "comentario", "comentarios", "nota", "notas", "hinweis", "osservazioni", "anmerkung", "anmerkungen",
    "kommentar", "kommentare", "obs", "observacion", "observation", "observations", "remarque", "remarques",
];

pub(super) const ORIGIN: &[&str] = &[
    "origin", "originating", "origination", "orig", "source", "origen", "origem", "origine", "ursprung", "herkunft", "ani", "origins",
];

pub(super) const FEE: &[&str] = &[
    "starttarief", "startkosten", "startpris", "fasttakst", "startgebuhr", "aufschlagsgebuhr", "instelkosten",
    "接续费", "接通费", "起步价", "подключение", "zestawienie", "tesis",
    "conn", "соединение", "oppningsavgift", "startavgift", "oppstart", "opkald", "opkaldsafgift", "aloitusmaksu", "avausmaksu", "baglanti", "з'єднання",
    "connection", "connect", "setup", "flagfall", "conexion", "conexao", "establecimiento", "etablissement", "connexion", "connessione",
    "verbindung", "verbindungsgebuhr", "verbindungsentgelt", "verbindungspreis", "bandeirada", "risposta", "attempt", "completamento",
    "conection", "setupfee", "atendimento", "completion", "answer", "answered", "arranque", "aufbau", "verbindungs", "verbindungsaufbau",
    "grundgebuhr", "startgebuhr", "apertura", "decroche", "decrochage", "relation", "avvio", "attivazione", "estabelecimento", "atendida",
];

/// Words for amounts that change a price. A column with such a name is never ignored without a question.
pub(super) const SURCHARGES: &[&str] = &[
    "surcharge", "surcharges", "discount", "tax", "taxes", "vat", "iva", "tva", "mwst", "supplement", "markup", "recargo", "descuento",
    "desconto", "imposto", "impuesto", "zuschlag", "rabatt", "sconto", "remise", "suplemento", "extra", "surtax", "levy", "aufschlag",
    "maggiorazione", "majoration", "supplemento", "sobretaxa", "acrescimo",
];

pub(super) const IGNORED: &[&str] = &[
    "hidden", "visible", "portability", "ported", "lnp", "direct", "tested", "wholesale",
    "diff", "variance", "var", "abweichung",
    "asr", "acd", "ner", "pdd", "mos", "mcc", "mnc", "mccmnc", "ocn", "lata", "state", "lerg", "tier", "rank", "preference", "percent",
    "margin", "quality", "product", "level", "lcr", "routes", "route", "capacity", "id", "item", "serial", "row", "num", "no", "difference",
    "delta", "variation", "diferencia", "diferenca", "ecart", "differenza", "differenz", "cli", "iso", "iso2", "iso3", "gmt", "ports",
    "rateplan", "plan", "group", "class", "category", "version", "sms", "clir", "calidad", "continent",
];

pub(super) const PER_CALL: &[&str] = &[
    "call", "llamada", "chamada", "appel", "anruf", "chiamata", "verbindung",
];

pub(super) const KEEP: &[&str] = &[
    "update", "upd", "amend", "amended", "modify", "mod", "insert", "revised", "repriced", "actualizado", "actualizada", "atualizado", "atualizada",
    "new", "increase", "increased", "decrease", "decreased", "unchanged", "no", "change", "changed", "current", "same", "active", "open",
    "opened", "added", "add", "up", "down", "nuevo", "nueva", "aumento", "aumenta", "disminucion", "sin", "cambio", "cambios", "igual", "novo",
    "nova", "reducao", "sem", "alteracao", "mantido", "inalterado", "nouveau", "nouvelle", "hausse", "augmentation", "baisse", "inchange",
    "sans", "changement", "nuovo", "nuova", "diminuzione", "ribasso", "invariato", "neu", "erhohung", "senkung", "unverandert", "effective",
    "price", "rate", "code", "codes", "i", "n", "s", "u", "nc", "inc", "dec", "subida", "bajada", "sube", "correction", "updated", "ok",
    "valid", "pending", "in", "out", "reduction", "addition", "ativo", "activo", "actif", "attivo", "aktiv", "enabled", "destination",
    "aumentado", "reduzido", "incremento", "decremento", "existing", "more", "preiserhohung", "preissenkung", "lowered", "raised", "aumentada",
    "diminuido", "diminuida", "rebaja", "rebajado", "aumentato", "diminuito", "augmente", "augmentee", "diminue", "erhoht", "gesenkt",
    "gestiegen", "gesunken", "inalterada", "mantida", "mantenido", "cambiato", "cambiado", "modificado", "modificada", "alterado", "alterada",
    "modifie", "modified", "hinzugefugt", "agregado", "anadido", "adicionado", "ajoute", "aggiunto", "higher", "lower", "increases",
    "decreases", "steigerung", "a", "снижение", "повышение", "увеличение", "уменьшение", "рост", "без", "изменении", "новыи", "новая", "новое",
    "изменен", "изменение", "artis", "azalis", "degismedi", "yeni", "podwyzka", "obnizka", "zmian", "bez", "nowy", "nowa", "新增", "上调", "下调", "不变", "无变化",
    "زيادة", "تخفيض", "متاح", "جديد",
];

pub(super) const REMOVE: &[&str] = &[
    "停止", "停售", "下线", "作废", "إغلاق", "اغلاق", "zrusen", "zruseno", "megszunt", "uitgeschakeld", "vervallen", "stengt", "lukket", "stangd",
    "closed", "close", "removed", "remove", "deleted", "delete", "withdrawn", "discontinued", "terminated", "cerrado", "eliminado", "encerrado",
    "removido", "excluido", "cancelado", "cancelada", "ferme", "supprime", "supprimee", "retire", "chiuso", "rimosso", "eliminato", "cessato",
    "geschlossen", "geloscht", "entfernt", "entfallt", "deletion", "removal", "obsolete", "suprimido", "expired", "cancelled", "canceled",
    "fechado", "del", "cancellato", "cancellata", "annullato", "annullata", "dismesso", "dismessa", "soppresso", "soppressa", "retirado",
    "retirada", "descontinuado", "descontinuada", "desativado", "desativada", "inactive", "inactivo", "inactiva", "inativo", "inativa",
    "inaktiv", "inattivo", "inactif", "eliminada", "encerrada", "cerrada", "cessata", "chiusa", "supprimer", "supprimees", "supprimes",
    "закрыто", "закрыт", "закрыта", "удален", "удалено", "отключен", "kapali", "iptal", "zamkniety", "usuniety", "删除", "关闭", "取消", "مغلق", "ملغي",
    "retiree", "annule", "annulee", "eingestellt", "storniert", "deactivated", "disabled", "ended",
];

pub(super) const BLOCK: &[&str] = &[
    "禁止", "禁", "封锁", "停用", "锁",
    "blocked", "block", "barred", "bloqueado", "bloque", "bloquee", "bloccato", "gesperrt", "forbidden", "unavailable", "suspended",
    "заблокирован", "заблокировано", "engelli", "zablokowany", "锁定", "موقوف", "reject", "rejected",
    "suspendido", "suspenso", "blocage", "bloqueada", "bloccata", "sperre", "suspendida", "suspendu", "sospeso", "ausgesetzt",
];

pub(super) const MINUTES: &[&str] = &[
    "دقيقة", "للدقيقة", "الدقيقة", "分", "분", "นาท", "λεπτο", "דקה", "לדקה", "phut", "menit", "perc", "minuutti", "хвилина", "хв", "دقیقه", "минута", "minuta",     "мин", "минута", "минуту", "минуты", "минут", "dk", "dakika", "minuut", "minuta", "minute", "минутная", "поминутная", "поминутно", "分钟",
    "minute", "minutes", "minuto", "minutos", "minut", "minuti", "minuten", "minutenpreis", "permin", "ppm", "mn", "mins", "min",
];

pub(super) const SECONDS: &[&str] = &[
    "שניות", "שניה", "секунды", "秒", "초", "δευτερολεπτα", "วินาที",
    "ثانية", "للثانية", "الثانية", "초", "วนาท", "δευτερολεπτο", "שנייה", "לשנייה", "giay", "detik", "masodperc", "sekunti", "sekund", "secunda", "vterina", "sn", "ثانیه", "сек",     "сек", "секунда", "секунду", "секунд", "saniye", "sn", "sekunda", "посекундная", "посекундно", "秒",
    "second", "seconds", "segundo", "segundos", "seconde", "secondes", "secondo", "secondi", "sekunde", "sekunden", "sec", "secs", "persec",
    "seg", "sek", "segs",
];

pub(super) const CURRENCIES: &[&str] = &[
    "USD", "EUR", "GBP", "BRL", "CHF", "CAD", "AUD", "MXN", "ARS", "CLP", "COP", "PEN", "UYU", "JPY", "CNY", "HKD", "SGD", "INR", "ZAR", "AED",
    "SAR", "TRY", "RUB", "UAH", "PLN", "CZK", "HUF", "RON", "SEK", "NOK", "DKK", "NZD", "THB", "IDR", "MYR", "PHP", "VND", "KRW", "NGN", "KES",
    "GHS", "KWD", "BHD", "QAR", "OMR", "JOD", "IQD", "LYD", "TND", "DZD", "LBP", "PKR", "BDT", "LKR", "NPR", "MMK", "KHR", "TWD", "ISK", "RSD",
    "AMD", "AZN", "KZT", "UZS", "ETB", "UGX", "TZS", "RWF", "ZMW", "BWP", "MUR", "NAD", "JMD", "TTD", "HTG", "HNL", "NIO", "XPF", "GNF", "MGA",
    "MWK", "MNT", "MDL", "BYN", "BAM", "MKD", "SYP", "YER", "AFN", "SDG", "XOF", "XAF", "MAD", "EGP", "ILS", "AOA", "MZN", "CVE", "DOP", "GTQ", "BOB", "PYG", "CRC",
];

/// Words for time. They name an increment only next to a word for the first or the next increment.
pub(super) const TIME: &[&str] = &[
    "длит", "秒", "сек",
    "time", "tiempo", "tempo", "zeit", "temps", "seconds", "second", "segundos", "segundo", "secs", "sec", "secondes", "seconde", "secondi",
    "secondo", "sekunden", "sekunde", "sek", "seg", "segs", "sg", "s",
];

/// Words for a part of the week, or for an increment.
pub(super) const PERIODS: &[&str] = &[
    "period", "periods", "periodo", "periodos", "periode", "perioden", "zeitraum", "zeitabschnitt",
];

/// Words for the least amount or time that is charged.
pub(super) const MINIMUMS: &[&str] = &[
    "минимальная", "минимум", "最低", "最小",
    "min", "minimum", "minimo", "minima", "minimal", "minimale", "mindest", "mindestens",
];

/// Names of columns with complete names of destinations, which come before columns with names of areas.
pub(super) const DESTINATIONS: &[&str] = &[
    "destination", "destinations", "destino", "destinos", "destinazione", "destinazioni", "destinacion", "destinationname", "dest", "destname",
    "ziel", "ziele", "zielort", "zielname", "zielbezeichnung", "zielgebiet", "zielregion", "zielnetz", "direttrice",
];

/// Names of columns that may have only the continent or area of the destination.
pub(super) const AREAS: &[&str] = &[
    "region", "area", "zone", "zona", "route", "routes", "term", "gebiet", "ort", "location", "localidad", "localidade", "localite", "localita",
    "direction", "directions", "group",
];

/// Words with which a line of totals below the rates begins.
pub(super) const TOTALS: &[&str] = &[
    "total", "totals", "totale", "totales", "totaux", "gesamt", "gesamtzahl", "summe", "sum", "suma", "soma", "somme", "somma", "subtotal",
    "average", "avg", "mean", "media", "moyenne", "durchschnitt", "mittelwert", "promedio", "count", "anzahl", "cantidad", "quantidade",
    "nombre", "numero", "number",
];

/// Words for what a line of totals counts.
pub(super) const COUNTED: &[&str] = &[
    "of", "de", "des", "di", "der", "the", "grand", "general", "records", "record", "registros", "registro", "rows", "row", "lines", "line",
    "lineas", "linhas", "lignes", "righe", "zeilen", "codes", "code", "codigos", "codici", "prefixes", "prefix", "prefijos", "prefixos",
    "indicatifs", "prefissi", "destinations", "destination", "destinos", "destinazioni", "ziele", "countries", "country", "paises", "pays",
    "paesi", "lander", "rates", "rate", "tarifas", "tarifs", "tariffe", "tarife", "price", "prices", "precio", "precios", "preco", "precos",
    "prix", "prezzo", "prezzi", "preis", "preise", "entries", "entrees", "eintrage", "n", "no", "items", "item",
];

/// Words that, next to "first" or "next" in a column's name, do not show whether the column has prices or increments.
pub(super) const BARE: &[&str] = &[
    "minute", "minutes", "minuto", "minutos", "minuti", "minuten", "min", "mins", "mn", "ht", "ttc", "hors", "netto", "net", "neto", "brutto",
    "usd", "eur", "gbp", "brl", "chf", "cop", "mxn", "per", "par", "por", "pro", "al", "the", "de", "la", "le", "les", "der", "die", "das", "a",
    "or", "and", "y", "e", "et", "und", "part", "time", "sec", "secs", "seconds", "s", "seg", "sek", "period", "periodo", "periode", "unit",
    "call",
];

/// Words beside the numbers of increments.
pub(super) const FILLERS: &[&str] = &[
    "then", "and", "y", "e", "et", "und", "of", "de", "del", "di", "by", "per", "por", "par", "pro", "al", "la", "a", "au", "ao", "the", "in",
    "each", "every", "full", "whole", "thereafter", "increment", "increments", "incr", "inc", "interval", "intervals", "block", "blocks",
    "billing", "billed", "rounding", "rounded", "minimum", "minimo", "mindestens", "luego", "despues", "depois", "puis", "ensuite", "poi",
    "dann", "danach", "je", "step", "steps", "started", "begun", "up", "to", "call", "calls", "charge", "charged", "pulse", "duration",
    "cada", "chaque", "ogni", "jede", "completo", "completa", "entiere", "volle", "voll", "intero", "dopo", "apres", "plus", "tras",
];

/// Words in sentences about increments.
pub(super) const BILLS: &[&str] = &[
    "uctovani", "szamlazas", "taxare", "χρεωση", "afrekening", "pembulatan", "課金", "과금", "ucto", "uctovane",
    "billing", "billed", "increment", "increments", "charged", "charging", "rounded", "rounding", "rounds", "granularity", "pulse", "pulses", "taktung",
    "takt", "abrechnung", "abgerechnet", "abrechnungstakt", "sekundentakt", "minutentakt", "sekundengenau", "sekundengenaue", "minutengenau",
    "sekundengenauer", "incremento", "incrementos", "facturacion", "facturado", "facturados", "facturan", "factura", "tasacion", "tasado",
    "tarificacion", "tarificado", "tarifican", "fraccion", "fraccionamiento", "redondeo", "cobranca", "cobrado", "cobradas", "tarifacao",
    "tarifado", "faturamento", "faturadas", "cadencia", "cadence", "palier", "paliers", "facturation", "facture", "facturee", "facturees",
    "factures", "tarification", "taxation", "arrondi", "increment", "fatturazione", "fatturato", "fatturate", "tariffazione", "tariffate",
    "tassazione", "conteggio", "scatti", "arrotondamento", "afrekening", "facturering", "afgerekend", "naliczanie", "rozliczane",
    "taksymetria", "fakturering", "faktureres", "debitering", "tarifikacia", "тарификация", "шаг", "округление", "ucretlendirme", "granularidad",
    "granularidade", "granularite", "granularita", "intervals", "interval", "duration", "duracion", "duracao", "duree", "durata", "dauer",
];

/// Words in sentences about payments, which are not about increments.
pub(super) const PAYS: &[&str] = &[
    "payment", "payments", "terms", "cycle", "cycles", "ciclo", "invoice", "invoices", "invoicing", "invoiced", "days", "weekly", "monthly", "month", "week", "due", "net",
    "prepaid", "postpaid", "dispute", "disputes", "pago", "pagos", "factura", "dias", "semanal", "mensual", "pagamento", "dia",
    "paiement", "jours", "mensuelle", "hebdomadaire", "zahlung", "tage", "rechnung", "pagamenti", "giorni", "mensal", "fatura",
];

/// Words that come before the destinations of an exception.
pub(super) const EXCEPTS: &[&str] = &[
    "except", "excepting", "excluding", "exception", "exceptions", "besides", "other", "excepto", "salvo", "menos", "exceto", "sauf", "hors",
    "ausser", "auser", "ausgenommen", "eccetto", "tranne", "unless", "only", "but",
];

/// Words in a list of destinations that are not part of a name.
pub(super) const ALL_PLACES: &[&str] = &[
    "all", "any", "every", "other", "others", "destinations", "destination", "countries", "country", "codes", "calls", "call", "routes",
    "route", "traffic", "for", "to", "in", "on", "the", "of", "with", "are", "is", "be", "will", "which", "where", "that", "as", "at", "by",
    "default", "standard", "general", "otherwise", "apply", "applies", "using", "use", "following", "follows", "seconds", "second", "sec",
    "s", "our", "this", "these", "offer", "have", "has", "para", "todos", "todas", "los", "las", "el", "la", "destinos", "resto", "demas",
    "os", "as", "o", "a", "de", "do", "da", "del", "em", "en", "por", "pour", "tous", "toutes", "les", "le", "vers", "autres", "destinations",
    "fur", "alle", "ziele", "lander", "ubrigen", "nach", "per", "tutte", "tutti", "destinazioni", "altre", "le", "i", "gli", "basis",
    "rest", "remaining", "world", "worldwide", "duration", "min", "minimum", "steps", "apart", "from", "rates", "rate", "prices", "price",
    "terms", "units", "unit", "so", "demais", "que", "son", "sao", "es", "sind", "wird", "werden", "sont", "sono", "und", "voice",
];

/// Taxes on calls.
pub(super) const TAXES: &[&str] = &[
    "vat", "iva", "tva", "mwst", "ust", "tax", "taxes", "taxe", "impuesto", "impuestos", "imposto", "impostos", "gst", "icms", "btw", "moms",
    "kdv", "steuer", "steuern", "mehrwertsteuer", "ндс", "dph", "tasse", "imposte", "pis", "cofins", "iss", "igv",
];

/// Words that say, next to the name of a tax, whether the tax is included.
pub(super) const TAX_NOTES: &[&str] = &[
    "excl", "excluding", "exclusive", "excluded", "exc", "ex", "w", "o", "without", "wo", "plus", "net", "of", "sin", "sem", "senza", "hors",
    "ht", "ohne", "zzgl", "zuzuglich", "exkl", "inkl", "inklusive", "incl", "including", "inclusive", "included", "inc", "with", "con", "com",
    "avec", "mit", "no", "not", "non", "mas", "piu", "before", "escl", "esclusa", "escluso", "esclusi", "exclu", "exclue", "exclus", "exclues",
    "inclusa", "incluso", "inclus", "incluse", "incluida", "incluido", "incluidos", "incluidas", "inclusos", "excluido", "excluidos", "s",
    "compris", "comprise", "comprises", "gesetzl", "gesetzlicher", "der", "the", "all", "and", "any", "e", "y", "antes", "de", "sur", "bez",
    "без", "hariç", "haric", "dahil", "excl.", "net", "free", "applicable", "local",
];

/// Words in the name of a column with the price at any time.
pub(super) const PLAIN_PRICE: &[&str] = &[
    "flat", "general", "all", "any", "base", "basic", "default", "termination", "voice", "call", "calls", "net", "unit", "the", "in", "of", "for",
    "usd", "eur", "gbp", "brl", "chf", "wholesale", "final", "your", "our", "offered", "offer", "normal", "full", "a", "z", "international",
];

/// Words for fixed lines.
pub(super) const FIXED: &[&str] = &["fixed", "fixo", "fixos", "fijo", "fijos", "fixe", "fisso", "fissi", "festnetz", "landline", "vast", "sabit"];

/// Words for mobile phones.
pub(super) const MOBILE: &[&str] = &[
    "mobile", "mobiles", "movel", "moveis", "movil", "moviles", "mobil", "mobilfunk", "celular", "celulares", "cellular", "cellulare", "gsm", "cell",
    "mobiel",
];

/// Words for destinations that the deck does not list.
pub(super) const LISTED: &[&str] = &[
    "listed", "unlisted", "listado", "listados", "listadas", "relacionados", "relacionadas", "listes", "listees", "repertoriees", "mentionnees",
    "aufgefuhrt", "aufgefuhrte", "aufgefuhrten", "aufgelistet", "gelistet", "elencati", "elencate", "mentioned", "contemplados",
    "указанные", "перечисленные", "listelenmeyen", "vermeld", "列明",
];

/// Words for the quality of the traffic and for its callers, on which no price of a tariff depends.
pub(super) const QUALITY: &[&str] = &[
    "asr", "acd", "aloc", "ner", "pdd", "fas", "mos", "short", "sdr", "cortas", "curtas", "courte", "kurz", "attempts", "invalid", "spoofed", "spoofing",
    "fraud", "fraudulent", "fraude", "fraudulento", "cli", "clis", "anumber", "caller", "callers", "calling", "origin", "origins", "originating", "originated",
    "origination", "origen", "origem", "origine", "eea", "eee", "ewr", "eer", "robocalls", "dialer", "volume", "volumes", "commitment", "capacity", "ports",
    "cps", "channels", "concurrent", "average", "test", "sms", "retries", "release", "ringing", "timeout", "session",
];

/// Words for invoices and disputes.
pub(super) const DELIVERED: &[&str] = &[
    "dispute", "disputed", "disputes", "objection", "iban", "swift", "deposit", "interest", "late", "invoice", "invoices", "tel", "fax", "helpdesk",
    "noc", "confidential",
];

/// Words that make a length of time a limit.
pub(super) const LOWER: &[&str] = &[
    "less", "below", "under", "shorter", "menos", "menor", "menores", "inferior", "inferiores", "moins", "weniger", "unter", "meno", "inferiori", "менее",
    "within", "dentro", "innerhalb", "maximum", "max", "maximo", "maximal", "limit",
];

/// Words for exceptions that can have no other meaning.
pub(super) const EXCEPT: &[&str] = &[
    "except", "excepting", "excluding", "exception", "exceptions", "excepto", "salvo", "exceto", "sauf", "hormis", "ausgenommen", "ausser", "eccetto",
    "tranne", "кроме", "haric", "uitgezonderd",
];

/// Words for destinations that are not offered, next to those in [`REMOVE`] and [`BLOCK`].
pub(super) const UNAVAILABLE: &[&str] = &[
    "unavailable", "suspended", "temporarily", "disponible", "disponivel", "disponibili", "verfugbar", "stopped", "barred", "недоступно",
];

/// Words for rows whose prices rise or fall.
pub(super) const RISES: &[&str] = &[
    "increases", "increased", "decreases", "decreased", "aumentos", "aumentados", "disminuciones", "bajas", "hausses", "baisses", "erhohungen", "senkungen",
    "aumenti", "ribassi", "reducoes", "повышения", "снижения", "zamlar", "indirimler", "artislar",
];
