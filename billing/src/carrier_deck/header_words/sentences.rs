//! Words of sentences, cells and remarks, in lower case and without accents.

/// Words beside the numbers of increments.
pub(in crate::carrier_deck) const FILLERS: &[&str] = &[
    "des", "entamee", "entame", "entamees", "indivisible", "commencee", "angefangene", "angefangen", "iniciada", "iniciado", "empezada", "fraccion", "iniziato", "iniziata", "due", "als",
    "then", "and", "y", "e", "et", "und", "of", "de", "del", "di", "by", "per", "por", "par", "pro", "al", "la", "a", "au", "ao", "the", "in",
    "each", "every", "full", "whole", "thereafter", "increment", "increments", "incr", "inc", "interval", "intervals", "block", "blocks",
    "billing", "billed", "rounding", "rounded", "minimum", "minimo", "mindestens", "luego", "despues", "depois", "puis", "ensuite", "poi",
    "dann", "danach", "je", "step", "steps", "started", "begun", "up", "to", "call", "calls", "charge", "charged", "pulse", "duration",
    "cada", "chaque", "ogni", "jede", "completo", "completa", "entiere", "volle", "voll", "intero", "dopo", "apres", "plus", "tras",
    "pabegynt", "paborjad", "pabegyndt", "begonnen", "begonnene", "anticipati", "anticipata", "anticipato", "anticipate", "scatti", "scatto", "da",
    "rozpoczeta", "rozpoczetej", "kazda", "kazdou", "zapocata", "zapocate", "zapocatou", "svaka", "zapoceta", "zapocete", "megkezdett", "minden",
    "pr", "hver", "hvert", "varje", "alkava", "alkavalta", "iga", "alustatud", "katra", "uzsakta", "kiekviena", "pradeta", "setiap", "baslayan",
    "her", "за", "каждую", "каждая", "начатую", "начатая", "полную", "неполную", "commenced", "part", "thereof", "partial", "effettivi", "effettivo",
    "effettive", "exact", "exacte",
];

/// Words in sentences about increments.
pub(in crate::carrier_deck) const BILLS: &[&str] = &[
    "计费", "計費", "الاحتساب", "احتساب", "тарификации", "тарифицируется", "naliczania", "faturalama", "계산", "과금단위", "課金単位", "rozliczanie",
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
pub(in crate::carrier_deck) const PAYS: &[&str] = &[
    "payment", "payments", "terms", "cycle", "cycles", "ciclo", "invoice", "invoices", "invoicing", "invoiced", "days", "weekly", "monthly", "month", "week", "due", "net",
    "prepaid", "postpaid", "dispute", "disputes", "pago", "pagos", "factura", "dias", "semanal", "mensual", "pagamento", "dia",
    "paiement", "jours", "mensuelle", "hebdomadaire", "zahlung", "tage", "rechnung", "pagamenti", "giorni", "mensal", "fatura",
];

/// Words that come before the destinations of an exception.
pub(in crate::carrier_deck) const EXCEPTS: &[&str] = &[
    "except", "excepting", "excluding", "exception", "exceptions", "besides", "other", "excepto", "salvo", "menos", "exceto", "sauf", "hors",
    "ausser", "auser", "ausgenommen", "eccetto", "tranne", "unless", "only", "but",
];

/// Words in a list of destinations that are not part of a name.
pub(in crate::carrier_deck) const ALL_PLACES: &[&str] = &[
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
pub(in crate::carrier_deck) const TAXES: &[&str] = &[
    "ضريبة", "الضريبة", "ضريبه", "税", "增值税", "消费税", "消費税", "税金", "부가세", "부가가치세", "φπα", "afa", "alv", "pvm", "pvn", "pdv", "ddv", "ppn", "vsk", "税抜", "税込", "不課税",
    "vat", "iva", "tva", "mwst", "ust", "tax", "taxes", "taxe", "impuesto", "impuestos", "imposto", "impostos", "gst", "icms", "btw", "moms",
    "kdv", "steuer", "steuern", "mehrwertsteuer", "ндс", "dph", "tasse", "imposte", "pis", "cofins", "iss", "igv",
    "mva", "ддс", "пдв", "sst", "ədv", "дсн", "qqs",
    "afat", "afaval",
];

/// Words that say, next to the name of a tax, whether the tax is included.
pub(in crate::carrier_deck) const TAX_NOTES: &[&str] = &[
    "excl", "excluding", "exclusive", "excluded", "exc", "ex", "w", "o", "without", "wo", "plus", "net", "of", "sin", "sem", "senza", "hors",
    "ht", "ohne", "zzgl", "zuzuglich", "exkl", "inkl", "inklusive", "incl", "including", "inclusive", "included", "inc", "with", "con", "com",
    "avec", "mit", "no", "not", "non", "mas", "piu", "before", "escl", "esclusa", "escluso", "esclusi", "exclu", "exclue", "exclus", "exclues",
    "inclusa", "incluso", "inclus", "incluse", "incluida", "incluido", "incluidos", "incluidas", "inclusos", "excluido", "excluidos", "s",
    "compris", "comprise", "comprises", "gesetzl", "gesetzlicher", "der", "the", "all", "and", "any", "e", "y", "antes", "de", "sur", "bez",
    "без", "hariç", "haric", "dahil", "excl.", "net", "free", "applicable", "local",
];

/// Words in the name of a column with the price at any time.
pub(in crate::carrier_deck) const PLAIN_PRICE: &[&str] = &[
    "flat", "general", "all", "any", "base", "basic", "default", "termination", "voice", "call", "calls", "net", "unit", "the", "in", "of", "for",
    "usd", "eur", "gbp", "brl", "chf", "wholesale", "final", "your", "our", "offered", "offer", "normal", "full", "a", "z", "international",
];

/// Words for fixed lines.
pub(in crate::carrier_deck) const FIXED: &[&str] = &["fiksuotas", "fiksuoti", "landlines", "fisse", "fixes", "fijas", "固话", "固定电话", "ثابت", "الثابت", "стационарные", "стационарныи", "фиксированная", "stacjonarne", "geographic", "geografico", "fixed", "fixo", "fixos", "fijo", "fijos", "fixe", "fisso", "fissi", "festnetz", "landline", "vast", "sabit",
    "vezetekes", "vonalas", "pevna", "pevne", "pevny", "stacjonarny", "stacjonarna", "fiksna", "fiksne", "fiksni", "fiksno", "stacionarno",
    "фиксирана", "стационарни", "стационарна", "σταθερα", "σταθερο", "fasta", "fastnett", "fastnet", "kiintea", "lankaverkko", "tavatelefon",
    "lauatelefon", "fiksetais", "fiksetie", "fiksuotasis", "vaste", "tetap", "קווי", "נייח", "стаціонарнии", "стаціонарні", "фіксовании",
];

/// Words for mobile phones.
pub(in crate::carrier_deck) const MOBILE: &[&str] = &[
    "محمول", "جوال", "الجوال", "المحمول", "手机", "移动", "мобильные", "мобильныи", "мобильная", "komorkowe", "komorka", "mobilus", "mobilni", "携帯", "휴대폰", "mobili", "cellulari", "portable", "portables",
    "mobile", "mobiles", "movel", "moveis", "movil", "moviles", "mobil", "mobilfunk", "celular", "celulares", "cellular", "cellulare", "gsm", "cell",
    "mobiel",
    "mobilna", "komorkowy", "komorkowa", "mobilne", "mobilno", "мобилни", "мобилна", "мобилен", "κινητα", "κινητο", "matkapuhelin", "matkaviestin",
    "mobiili", "mobiil", "mobilais", "mobilie", "mobilusis", "mobilieji", "judrusis", "seluler", "ponsel", "همراه", "موبایل", "סלולר", "סלולרי",
    "נייד", "мобільнии", "мобільні", "мобільна", "cep",
];

/// Words for destinations that the deck does not list.
pub(in crate::carrier_deck) const LISTED: &[&str] = &[
    "listed", "unlisted", "listado", "listados", "listadas", "relacionados", "relacionadas", "listes", "listees", "repertoriees", "mentionnees",
    "aufgefuhrt", "aufgefuhrte", "aufgefuhrten", "aufgelistet", "gelistet", "elencati", "elencate", "mentioned", "contemplados",
    "указанные", "перечисленные", "listelenmeyen", "vermeld", "列明",
];

/// Words for the quality of the traffic and for its callers, on which no price of a tariff depends.
pub(in crate::carrier_deck) const QUALITY: &[&str] = &[
    "asr", "acd", "aloc", "ner", "pdd", "fas", "mos", "short", "sdr", "cortas", "curtas", "courte", "kurz", "attempts", "invalid", "spoofed", "spoofing",
    "fraud", "fraudulent", "fraude", "fraudulento", "cli", "clis", "anumber", "caller", "callers", "calling", "origin", "origins", "originating", "originated",
    "origination", "origen", "origem", "origine", "eea", "eee", "ewr", "eer", "robocalls", "dialer", "volume", "volumes", "commitment", "capacity", "ports",
    "cps", "channels", "concurrent", "average", "test", "sms", "retries", "release", "ringing", "timeout", "session",
];

/// Words for invoices and disputes.
pub(in crate::carrier_deck) const DELIVERED: &[&str] = &[
    "dispute", "disputed", "disputes", "objection", "iban", "swift", "deposit", "interest", "late", "invoice", "invoices", "tel", "fax", "helpdesk",
    "noc", "confidential",
];

/// Words that turn a length of time into a limit, such as "less" and "within".
pub(in crate::carrier_deck) const LOWER: &[&str] = &[
    "less", "below", "under", "shorter", "menos", "menor", "menores", "inferior", "inferiores", "moins", "weniger", "unter", "meno", "inferiori", "менее",
    "within", "dentro", "innerhalb", "maximum", "max", "maximo", "maximal", "limit",
];

/// Words for exceptions that can have no other meaning.
pub(in crate::carrier_deck) const EXCEPT: &[&str] = &[
    "except", "excepting", "excluding", "exception", "exceptions", "excepto", "salvo", "exceto", "sauf", "hormis", "ausgenommen", "ausser", "eccetto",
    "tranne", "кроме", "haric", "uitgezonderd",
];

/// Words for destinations that are not offered, in addition to the words in [`REMOVE`] and [`BLOCK`].
pub(in crate::carrier_deck) const UNAVAILABLE: &[&str] = &[
    "unavailable", "suspended", "temporarily", "disponible", "disponivel", "disponibili", "verfugbar", "stopped", "barred", "недоступно",
];

/// Words for rows whose prices rise or fall.
pub(in crate::carrier_deck) const RISES: &[&str] = &[
    "increases", "increased", "decreases", "decreased", "aumentos", "aumentados", "disminuciones", "bajas", "hausses", "baisses", "erhohungen", "senkungen",
    "aumenti", "ribassi", "reducoes", "повышения", "снижения", "zamlar", "indirimler", "artislar",
];

/// Words for the smaller unit of a currency, such as cents or fils.
pub(in crate::carrier_deck) const CENTS: &[&str] = &[
    "cent", "cents", "cts", "ct", "ctv", "ctvs", "usc", "pence", "penny", "eurocent", "eurocents", "centime", "centimes", "centavo", "centavos",
    "centesimi", "centesimo", "centimo", "centimos", "usct", "cpm", "kurus", "groszy", "grosz", "paise", "kopeks", "копеек", "коп", "fils", "فلس",
    "بالفلس", "baisa", "millimes", "kobo", "halala", "halalas", "halalah", "هللة", "هلله", "بالهللة", "قرش", "pesewa", "pesewas", "piastre",
    "piastres", "satang", "paisa", "poisha", "agorot", "אגורות", "stotinki", "haleru", "centai", "centais", "centu", "тиын", "копеика", "копеики",
    "копейках", "копеиках", "snt", "sentti", "senttia", "senti", "sent", "sentides", "haler", "halierov", "stotin", "стотинки", "стотинок", "lipa",
    "lipe", "bani", "bans", "filler", "santimas", "centi", "centiem", "santims", "santimi", "santim", "piastra", "piastr", "qirsh", "millime",
    "baisas", "kobos", "tambala", "ngwee", "thebe", "копіиок", "копіики", "tiyin", "qəpik", "qəpiklə", "tetri", "თეთრი", "luma", "լումա", "აგორა",
    "agora", "סנט", "סנטים", "אגורה", "سنت", "هللات", "بيسة", "مليم", "دراهم", "halalat", "rappen", "groszach", "centymow", "eurocenti", "eurosent",
    "eurosentti", "sen",
];
