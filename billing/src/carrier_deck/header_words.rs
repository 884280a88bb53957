//! The words of headers and cells, grouped by meaning: in lower case, without accents, in six languages ([`super::header`] looks them up).

mod sentences;

pub(super) use sentences::*;

pub(super) const CODE: &[&str] = &[
    "番号帯", "番号", "地域番号", "지역번호",
    "netnummers", "landnummers", "predvolby", "korzetszam", "κωδικος", "国番号", "국가번호",  "קידומת", "landsnummer", "kode",
    "号码", "字冠", "区號", "區號", "зоны", "зон", "префиксы",
    "رمز", "مفتاح", "كود",     "код", "коды", "префикс", "kod", "kodu", "kodlar", "prefiks", "prefiksy", "netnummer", "landnummer", "landcode", "riktnummer", "landskod", "predvolba", "kierunkowy", "区号", "代码", "前缀", "국번",
    "code", "codes", "prefix", "prefixes", "clave", "claves", "lada", "dialcode", "dialcodes", "digits", "codigo", "codigos", "cod", "prefijo", "prefijos", "prefixo",
    "prefixos", "indicatif", "indicatifs", "prefixe", "prefisso", "prefissi", "codice", "codici", "vorwahl", "vorwahlen", "kennzahl",
    "kennzahlen", "npanxx", "npa", "nxx", "breakout", "breakouts", "dial", "dialed", "dialing", "dialling", "prafix", "rufnummernbereich",
    "e164", "range", "ranges", "dialstring", "dnis", "pattern", "indicativo", "indicativos", "praefix", "rufnummer", "rufnummern",
    "nummernbereich", "nummernkreis", "marcacion", "discado", "discagem", "selezione", "nummernraum", "destcode", "dialprefix",
    "hivoszam", "elohivo", "elohivoszam", "predcisli", "coduri", "кодове", "префикси", "pozivni", "predbroj", "klicna", "predpona", "κωδικοι",
    "προθεμα", "προθεματα", "onek", "landenummer", "landkode", "landekode", "retningsnummer", "suuntanumero", "suuntanumerot", "maatunnus",
    "etuliite", "suunakood", "kood", "koodid", "eesliide", "kods", "kodi", "prefikss", "kodas", "kodai", "prefiksas", "kengetal", "toegangsnummer",
    "prefixen", "awalan", "รหส", "kodigo", "msimbo", "کد", "کدها", "پیش", "شماره", "קידומות", "קוד", "коди", "префікс", "префікси", "kodlari", "კოდი",
    "կոդ",
];

pub(super) const COUNTRY: &[&str] = &[
    "国名", "국가", "국가명",
    "страны", "国家地区", "ulkesi", "kraju", "země",
    "الدولة", "البلد",     "страна", "ulke", "kraj", "tara", "zeme", "国家", "orszag",
    "country", "countries", "pais", "paises", "pays", "paese", "land", "lander", "lands", "zielland", "landes", "nation", "nazione", "landname",
    "landesname", "laender",
    "krajina", "drzava", "drzave", "zemlja", "држава", "χωρα", "χωρες", "maa", "riik", "valsts", "salis", "valstybe",
    "negara", "ประเทศ", "nchi", "کشور", "מדינה", "ארץ", "краіна", "краіни", "мемлекет", "davlat", "mamlakat", "olkə", "ქვეყანა", "երկիր",
    "shteti", "दश", "ملک", "দশ", "አገር", "bansa",
];

pub(super) const INTERNATIONAL: &[&str] = &[
    "دولي", "الدولي", "国際", "intl", "int", "international", "internacional", "internazionale", "cc",
];

pub(super) const AREA: &[&str] = &[
    "lada", "area", "city", "region", "regional", "ciudad", "cidade", "ville", "zone", "local", "locale", "national", "nacional", "sub", "orts", "ndc",
    "destinations", "ortsnetz", "localidad", "localidade", "localita",
];

pub(super) const PRICE: &[&str] = &[
    "minuuttarief", "minuutprijs", "التعريفة",
    "料金", "単価", "通話料", "通話料金", "요금", "단가", "通话费",
    "资费", "单价", "价", "расценка", "расценки",
    "السعر", "سعر", "التعرفة",     "цена", "тариф", "стоимость", "ставка", "fiyat", "fiyati", "ucret", "stawka", "cena", "tarief", "prijs", "pris", "pret", "费率", "价格", "单价",
    "rate", "rates", "price", "prices", "cost", "costs", "tariff", "tariffs", "charge", "charges", "fee", "tarifa", "tarifas", "precio",
    "precios", "preco", "precos", "valor", "costo", "coste", "custo", "prix", "tarif", "tarifs", "cout", "prezzo", "prezzi", "tariffa",
    "tariffe", "preis", "preise", "kosten", "entgelt", "satz", "importe", "amount", "minutenpreis", "minutepreis", "minutenentgelt", "cent",
    "cents", "usc", "usct", "cts", "pence", "centavos", "usd", "eur", "gbp", "ppm", "rpm", "termination", "interrate", "intrarate", "ijrate",
    "interstate", "intrastate", "indeterminate", "inter", "intra", "ij", "indet", "importo", "importi", "montant", "betrag", "taxa", "taxas",
    "tasa", "tasas", "gebuhr", "gebuhren", "gebuehr", "costi", "pvp", "buy", "sell", "gesprachspreis", "minutensatz", "minutentarif",
    "tariffario", "tarifario",
    "dij", "percdij", "dijszabas", "dijak", "sazba", "sadzba", "ceny", "stawki", "preturi", "pretul", "cijena", "cijene", "cene", "цени",
    "τιμη", "τιμες", "κοστος", "minutpris", "takst", "takster", "priser", "minuttpris", "hinta", "minuuttihinta", "hinnat", "taksa", "hind",
    "minutihind", "tariif", "hinnad", "cenas", "kaina", "kainos", "prijzen", "tarieven", "harga", "kadar", "presyo", "نرخ", "قیمت",
    "تعرفه", "هزینه", "מחיר", "תעריף", "עלות", "ціна", "вартість", "баға", "narx", "narxi", "qiymət", "qiyməti", "ფასი", "ტარიფი", "գին", "սակագին",
    "cmimi", "preu", "preus", "prezo", "prys", "ราคา", "อตรา", "दर", "मलय", "মলয", "ዋጋ",
];

pub(super) const OLD: &[&str] = &[
    "eski", "старая", "старыи", "старое", "прежняя", "旧", "原", "القديم", "السابق", "stara", "dotychczasowa", "oud", "oude", "gammel", "gammal", "vechi",
    "old", "previous", "prev", "prior", "anterior", "ancien", "ancienne", "precedent", "vecchio", "vecchia", "precedente", "alt", "alte",
    "alter", "alten", "bisherig", "bisheriger", "bisherige", "antiguo", "antigua", "antigo", "antiga", "antiguos", "antigos", "anteriores",
    "anciens", "vecchi",
    "regi", "stary", "puvodni", "dosavadni", "povodny", "doterajsi", "veche", "stari", "стара", "стар", "παλια", "παλαια", "gammalt", "gamle",
    "tidligere", "vanha", "vana", "veca", "sena", "senas", "lama", "قدیم", "ישן", "попередня",
];

pub(super) const CURRENT: &[&str] = &[
    "现行", "当前", "текущая", "mevcut", "obecna", "huidig", "huidige", "الحالي",
    "current", "actual", "atual", "actuel", "actuelle", "attuale", "aktuell", "aktueller", "aktuelle", "existing", "present", "vigente",
    "vigentes", "corrente", "presente", "bestehend", "bestehender", "derzeitig", "derzeitiger", "geltender",
    "jelenlegi", "soucasna", "soucasny", "aktualni", "sucasna", "actuala", "curent", "curenta", "trenutna", "trenutni", "sadasnja", "текуща",
    "настояща", "τρεχουσα", "nuvarande", "navaerende", "nuvaerende", "nykyinen", "praegune", "esosa", "dabartine", "semasa", "فعلی", "נוכחי",
    "поточна", "чинна",
];

pub(super) const NEW: &[&str] = &[
    "yeni", "новая", "новыи", "новое", "新", "الجديد", "جديد", "nowa", "nieuw", "nieuwe", "ny", "nou",
    "new", "nuevo", "nueva", "novo", "nova", "nouveau", "nouvelle", "nuovo", "nuova", "neu", "neuer", "neue", "future", "updated", "nuevos",
    "nuevas", "novos", "novas", "nouveaux", "nuovi", "futuro", "futura", "futur", "kunftig", "kunftiger", "proposed", "revised", "revisado",
    "revisada",
    "uj", "novy", "nove", "novi", "noua", "нова", "нов", "νεα", "νεο", "nytt", "nye", "uusi", "uus", "jauna", "jaunais", "nauja", "naujas", "baru",
    "جدید", "חדש", "новии",
];

pub(super) const FIRST: &[&str] = &[
    "первои", "первая", "первую", "первые", "pierwsza", "pierwszej",
    "الحد", "الادنى", "первыи", "pierwszy", "minimalny", "minimalna", "起始", "首次", "asgari",
    "首", "最小", "最低", "начальныи", "ilk",
    "first", "initial", "1", "1st", "init", "minimum", "min", "inicial", "primer", "primero", "primera", "primeiro", "primeira", "premier",
    "premiere", "initiale", "iniziale", "primo", "prima", "erste", "erster", "erstes", "erst", "minimo", "minima", "mindest", "mindestdauer",
    "minimale", "setup", "interval1", "1er", "1ere", "1re", "1ra", "1ro", "1o", "1a", "1te", "1ter", "t1", "starting", "start", "opening",
    "primeros", "primeras", "primeiros", "primeiras", "premiers", "premieres", "primi", "prime", "ersten", "anfangs", "anfang", "grund",
    "iniciales", "iniciais", "initiaux", "iniziali", "minimal", "mindestens", "arranque", "erstminute",
    "elso", "kezdo", "minimalis", "prvni", "minimalni", "prvy", "prva", "minim", "prvi", "pocetni", "първа", "първи", "πρωτο", "αρχικο", "ελαχιστη",
    "forsta", "forste", "ensimmainen", "vahintaan", "minimi", "esimene", "pirmais", "pirma", "pirmas", "pertama", "awal", "اولیه", "ראשון", "ראשונה",
    "מינימום", "перша", "першии", "початковии", "мінімальнии", "минимальныи", "минимальная", "минимум", "eerste",
];

pub(super) const NEXT: &[&str] = &[
    "после", "затем", "далее", "nastepnie",
    "الزيادة", "последующии", "sonraki", "nastepny", "kolejny", "后续", "volgende",
    "next", "additional", "addl", "addnl", "addtl", "addit", "add", "subsequent", "following", "n", "2", "2nd", "sub", "siguiente", "siguientes", "adicional", "adicionais",
    "subsecuente", "proximo", "proximos", "seguinte", "seguintes", "suivant", "suivante", "suivants", "successivo", "successivi", "successiva",
    "folgende", "folge", "folgetakt", "weitere", "weiterer", "nachste", "intervaln", "succeeding", "nth", "tn", "t2", "nach", "adicionales",
    "additionnel", "additionnelle", "additionnels", "additionnelles", "supplementaire", "supplementaires", "ulteriore", "ulteriori",
    "zusatzliche", "zusatzlich", "suivantes", "successive", "folgend", "folgender", "folgenden", "danach", "after", "thereafter", "posterior",
    "posteriores", "proxima", "proximas", "restante", "restantes",
    "tovabbi", "kovetkezo", "dalsi", "nasledujici", "urmator", "urmatoarele", "sljedeci", "daljnji", "naredni", "naslednji", "следваща", "следващ",
    "επομενο", "επομενα", "foljande", "darefter", "neste", "deretter", "pafolgende", "efterfolgende", "naeste", "derefter", "seuraava", "jargmine",
    "jargnev", "nakamais", "nakama", "tolesnis", "berikutnya", "selanjutnya", "seterusnya", "بعدی", "נוסף", "הבא", "наступнии", "наступні",
    "подальшии", "daarna", "vervolgens",
];

pub(super) const INTERVAL: &[&str] = &[
    "課金単位", "課金", "과금단위", "计费单位", "計費單位", "احتساب",
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
    "szamlazasi", "leptek", "utemezes", "uctovanie", "uctovaci", "taktowanie", "impuls", "taryfikacja", "tarifare", "taxare", "obracun", "obracunski",
    "obracunska", "obracunavanje", "naplata", "tarifiranje", "обрачун", "таксуване", "тарифиране", "стъпка", "χρεωση", "χρεωσης", "βημα",
    "debiteringsintervall", "avrundning", "taksering", "takseringsenhet", "takseringsenhed", "avregning", "afregning", "afregningsinterval",
    "laskutusvali", "laskutusyksikko", "veloitus", "veloitusvali", "laskutusjakso", "laskutusperuste", "arveldus", "arveldussamm", "arvestus",
    "arvestussamm", "samm", "tarifikacija", "uzskaites", "solis", "apmokestinimas", "apmokestinimo", "zingsnis", "tarifikavimas", "intervalas",
    "afrekeneenheid", "tariefeenheid", "facturatie", "satuan", "pembulatan", "penagihan", "kelipatan", "pengebilan", "محاسبه", "חיוב", "פעימה",
    "крок", "округлення", "округление", "дискретность", "квант", "интервал", "adim",
];

pub(super) const PER_TIME: &[&str] = &[
    "per", "por", "par", "pro", "al",
];

pub(super) const NAME: &[&str] = &[
    "通話先", "対地", "着信先", "宛先", "지역", "착신지", "목적지",
    "ulke", "目的地名称", "destinasyon",
    "الوجهة", "地区名", "地区名称",     "направление", "yon", "hedef", "kierunek", "bestemming", "目的地", "destinatie", "smer", "направления", "地区",
    "destination", "destinations", "description", "desc", "name", "names", "location", "destino", "destinos", "descripcion", "nombre",
    "descricao", "nome", "localidade", "libelle", "nom", "destinazione", "destinazioni", "descrizione", "ziel", "zielort", "ziele",
    "bezeichnung", "beschreibung", "region", "area", "zone", "zona", "breakdown", "term", "destinationname", "localidad", "localite",
    "zielname", "zielbezeichnung", "zielgebiet", "zielregion", "zielnetz", "designation", "intitule", "direttrice", "denominacion",
    "denominacao", "denominazione", "denomination", "gebiet", "ort", "localita", "dest", "destname", "directions", "direction", "destinacion",
    "landname",
    "celorszag", "hivasirany", "irany", "viszonylat", "celallomas", "destinacia", "destinace", "ciel", "destynacja", "destinatia",
    "destinatii", "odrediste", "odredista", "destinacija", "pravac", "smjer", "cilj", "дестинация", "дестинации", "προορισμος", "προορισμοι",
    "destinasjon", "retning", "kohde", "kohteet", "suunta", "sihtkoht", "suund", "galamerkis", "virziens", "virzieni", "kryptis", "kryptys",
    "paskirtis", "tujuan", "destinasi", "ปลายทาง", "مقصد", "יעד", "יעדים", "напрямок", "напрямки", "напрям", "призначення", "бағыт",
    "istiqamət", "მიმართულება", "ուղղություն", "destinacioni", "गतवय", "መድረሻ", "bestemmingen",
];

pub(super) const NETWORK: &[&str] = &[
    "통신사", "事業者",
    "الشبكة", "المشغل", "运营商", "оператор",     "network", "operator", "carrier", "operadora", "operador", "red", "rede", "reseau", "operateur", "rete", "operatore", "netz", "betreiber",
    "netzbetreiber", "type", "tipo", "typ", "provider", "mobile", "operateurs", "operadores", "operators", "networks",
    "halozat", "szolgaltato", "siet", "siec", "retea", "mreza", "operater", "omrezje", "мрежа", "δικτυο", "παροχος", "nett", "verkko",
    "operaattori", "vork", "operaator", "tikls", "tinklas", "operatorius", "netwerk", "jaringan", "rangkaian", "sebeke", "شبکه", "اپراتور", "רשת",
    "מפעיל", "мережа", "сеть",
];

pub(super) const DATE: &[&str] = &[
    "適用開始日", "適用日", "有効日", "적용일", "시행일",
    "wazny", "wazna", "wazne", "obowiazuja", "obowiazujacy", "تسري", "اعتبارا", "ساري", "ابتداء", "действуют", "деиствуют", "вступает", "вступают", "gecerli", "gecerlidir", "itibaren", "itibariyle", "geldig", "gyldig", "gelden", "gaeller", "platny", "platnost", "ucinnost", "valabil", "ervenyes", "voimassa", "intra",
    "تاريخ", "السريان",     "дата", "деиствует", "gecerlilik", "tarih", "tarihi", "obowiazuje", "waznosc", "ingangsdatum", "ingang", "giltig", "gyldig", "生效日期", "生效",
    "wef", "applicables", "aplicables", "aplicable", "applicabili", "effective", "efective", "eff", "valid", "validity", "validite", "vigencia", "vigente", "vigor", "vigueur", "effet", "efectiva", "efectivo",
    "efetiva", "decorrenza", "gultig", "gultigkeit", "wirksam", "activation", "date", "fecha", "data", "datum", "start", "starts", "inicio",
    "debut", "inizio", "beginn", "valido", "valida", "valable", "gueltig", "gueltigkeit", "wirkung", "inkrafttreten", "entrada", "aplicacion",
    "aplicacao", "application", "applicable", "implementation", "begins", "begin", "efectividad", "efetividade", "effettivo", "effettiva",
    "efectivos", "validez", "validade", "validita",
    "hatalyos", "ervenyesseg", "hataly", "kezdete", "platne", "valabila", "valabilitate", "incepand", "vrijedi", "vazi", "veljavnost", "velja",
    "primjena", "важи", "валиден", "валидна", "валидност", "ισχυει", "ισχυς", "ημερομηνια", "εναρξη", "galler", "gallande", "giltighet", "gjelder",
    "gyldighet", "gaelder", "ikrafttraeden", "dato", "voimaantulo", "alkaen", "paivamaara", "kehtiv", "kehtib", "alates", "kuupaev", "speka",
    "datums", "galioja", "ingaand", "vanaf", "berlaku", "tanggal", "berkuatkuasa", "tarikh", "มผล", "วนท", "tarehe", "kuanzia", "تاریخ", "اجرا",
    "اعتبار", "שתאריך", "תאריך", "תוקף", "діє", "чиннии", "чинності", "набуття", "თარიღი", "ամսաթիվ", "tarix",
];

pub(super) const END: &[&str] = &[
    "до", "pana", "εως", "μεχρι", "tot", "hingga", "sampai", "עד", "تا", "حتى", "kadar", "まで", "까지",
    "截止", "失效", "bitis", "окончания",
    "end", "ends", "expiry", "expires", "expiration", "expire", "expired", "until", "till", "hasta", "fim", "fin", "ate", "jusqu", "jusque",
    "fine", "fino", "scadenza", "bis", "to", "discontinue", "discontinued", "ende", "withdrawal", "vencimiento", "vencimento", "expira",
    "expiracion", "expiracao", "termino", "termina", "termine", "ablauf", "endet", "cessation", "baja", "caducidad", "stop", "finish",
    "finishes",
    "vege", "lejarat", "konec", "koniec", "wygasa", "sfarsit", "istek", "slut", "upphor", "utgar", "slutt", "udlob", "utlop", "paattyy", "loppuu",
    "asti", "lopp", "kuni", "lidz", "iki", "pabaiga", "einddatum", "einde", "berakhir", "ληξη", "ληγει", "پایان", "закінчення", "кінець", "окончание",
    "завершения",
];

pub(super) const NOTICE: &[&str] = &[
    "الاصدار",     "issue", "issued", "notice", "notification", "update", "created", "modified", "last", "publication", "sent", "emision", "emissao",
    "emission", "emissione", "ausstellung", "envio", "invio", "aviso",
];

pub(super) const STATUS: &[&str] = &[
    "wijziging", "degisiklik", "zmiana", "изменения", "变动", "التغيير", "变更", "muutos", "andring", "endring", "aendring", "变化", "上次变动", "변경", "変更",
    "الحالة", "изменение", "статус", "durum", "状态",     "status", "change", "changes", "action", "cambio", "cambios", "estado", "situacao", "alteracao", "statut", "evolution", "variazione",
    "stato", "anderung", "movement", "movimiento", "novedad", "accion", "acao", "modification", "changement", "mudanca", "changetype",
    "increase", "decrease", "indicator", "situazione", "situacion", "etat", "zustand", "modifica", "modifiche", "novedades", "movimento",
    "movimenti", "mouvement", "mouvements",
    "valtozas", "allapot", "zmena", "stav", "modificare", "promjena", "promena", "промена", "sprememba", "промяна", "μεταβολη", "αλλαγη",
    "κατασταση", "muutus", "staatus", "izmainas", "statuss", "pokytis", "busena", "perubahan", "وضعیت", "تغییر", "סטטוס", "שינוי", "зміна",
];

pub(super) const COMMENT: &[&str] = &[
    "備考", "비고",
    "备注", "примечание", "примечания", "aciklama", "not", "notlar", "uwagi", "ملاحظات", "opmerking", "opmerkingen", "備註",
    "comment", "comments", "remark", "remarks", "note", "notes", "bemerkung", "bemerkungen", "observaciones", "observacoes", "observacao",
    "commentaire", "commentaires", "comentario", "comentarios", "nota", "notas", "hinweis", "osservazioni", "anmerkung", "anmerkungen",
    "kommentar", "kommentare", "obs", "observacion", "observation", "observations", "remarque", "remarques",
    "megjegyzes", "poznamka", "poznamky", "observatii", "napomena", "napomene", "напомена", "opomba", "opombe", "забележка", "бележка", "σχολια",
    "παρατηρησεις", "anmarkning", "merknad", "bemaerkning", "kommentit", "huomautus", "lisatiedot", "markus", "markused", "piezimes",
    "pastabos", "pastaba", "keterangan", "catatan", "หมายเหต", "توضیحات", "הערות", "הערה", "примітка", "примітки", "maelezo",
];

pub(super) const ORIGIN: &[&str] = &[
    "origin", "originating", "origination", "orig", "source", "origen", "origem", "origine", "ursprung", "herkunft", "ani", "origins",
];

pub(super) const FEE: &[&str] = &[
    "opstart", "opstartkosten",
    "رسوم", "رسم", "inicjacyjna", "polaczenie", "oplata", "соединения", "bağlantı",
    "prisijungimo", "savienojuma", "uhenduse",
    "starttarief", "startkosten", "startpris", "fasttakst", "startgebuhr", "aufschlagsgebuhr", "instelkosten",
    "接续费", "接通费", "起步价", "подключение", "zestawienie", "tesis",
    "conn", "соединение", "oppningsavgift", "startavgift", "oppstart", "opkald", "opkaldsafgift", "aloitusmaksu", "avausmaksu", "baglanti", "з'єднання",
    "connection", "connect", "setup", "flagfall", "conexion", "conexao", "establecimiento", "etablissement", "connexion", "connessione",
    "verbindung", "verbindungsgebuhr", "verbindungsentgelt", "verbindungspreis", "bandeirada", "risposta", "attempt", "completamento",
    "conection", "setupfee", "atendimento", "completion", "answer", "answered", "arranque", "aufbau", "verbindungs", "verbindungsaufbau",
    "grundgebuhr", "startgebuhr", "apertura", "decroche", "decrochage", "relation", "avvio", "attivazione", "estabelecimento", "atendida",
    "kapcsolasi", "spojeni", "sestaveni", "spojovaci", "spojenie", "zostavenie", "conectare", "initiere", "uspostava", "uspostave", "uspostavljanje",
    "vzpostavitev", "vzpostavitve", "свързване", "συνδεσης", "oppkobling", "uppkoppling", "uppkopplingsavgift", "etablering", "etableringsavgift",
    "kaldsafgift", "avaus", "kytkentamaksu", "alustustasu", "uhendustasu", "savienojums", "sujungimo", "verbindingskosten", "חיבור", "פתיחה",
    "підключення",
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
    "indirim", "degisiklik", "nieuw", "nieuwe", "verhoging", "verlaging", "ongewijzigd", "gewijzigd", "تغيير", "بدون", "uusi", "nousu", "lasku", "ny", "hojd", "sankt", "oforandrad",
    "update", "upd", "amend", "amended", "modify", "mod", "insert", "revised", "repriced", "actualizado", "actualizada", "atualizado", "atualizada",
    "new", "increase", "increased", "decrease", "decreased", "unchanged", "no", "change", "changed", "current", "same", "active", "open",
    "opened", "added", "add", "up", "down", "nuevo", "nueva", "aumento", "aumenta", "disminucion", "sin", "cambio", "cambios", "igual", "novo",
    "nova", "reducao", "sem", "alteracao", "mantido", "inalterado", "nouveau", "nouvelle", "hausse", "augmentation", "baisse", "inchange",
    "sans", "changement", "изм", "измен", "nuovo", "nuova", "diminuzione", "ribasso", "invariato", "neu", "erhohung", "senkung", "unverandert", "effective",
    "price", "rate", "code", "codes", "i", "n", "s", "u", "nc", "inc", "dec", "subida", "bajada", "sube", "correction", "updated", "ok",
    "valid", "pending", "in", "out", "reduction", "addition", "ativo", "activo", "actif", "attivo", "aktiv", "enabled", "destination",
    "aumentado", "reduzido", "incremento", "decremento", "existing", "more", "preiserhohung", "preissenkung", "lowered", "raised", "aumentada",
    "diminuido", "diminuida", "rebaja", "rebajado", "aumentato", "diminuito", "augmente", "augmentee", "diminue", "erhoht", "gesenkt",
    "gestiegen", "gesunken", "inalterada", "mantida", "mantenido", "cambiato", "cambiado", "modificado", "modificada", "alterado", "alterada",
    "modifie", "modified", "hinzugefugt", "agregado", "anadido", "adicionado", "ajoute", "aggiunto", "higher", "lower", "increases",
    "decreases", "steigerung", "a", "снижение", "понижение", "повышение", "понижен", "повышен", "снижен", "увеличение", "уменьшение", "рост", "без", "изменении", "новыи", "новая", "новое",
    "изменен", "изменение", "artis", "azalis", "degismedi", "yeni", "podwyzka", "obnizka", "zmian", "bez", "nowy", "nowa", "新增", "上调", "下调", "不变", "无变化",
    "زيادة", "تخفيض", "متاح", "جديد",
    "naik", "turun", "baru", "emelkedett", "csokkent", "valtozatlan", "emeles", "csokkenes", "zvyseni", "snizeni", "beze", "zmeny", "nove",
    "zvysenie", "znizenie", "crestere", "scadere", "neschimbat", "majorare", "povecanje", "smanjenje", "nepromijenjeno", "намаление", "нов", "αυξηση",
    "μειωση", "νεο", "αμεταβλητο", "hojning", "sankning", "oforandrat", "okning", "reduksjon", "uendret", "okt", "redusert", "stigning", "fald",
    "uaendret", "forhojelse", "nedsaettelse", "korotus", "alennus", "ennallaan", "nousee", "laskee", "tous", "langus", "muutmata", "uus",
    "palielinajums", "samazinajums", "nemainigs", "jauns", "didejimas", "mazejimas", "nepakito", "naujas", "verhoogd", "verlaagd", "підвищення",
    "зниження", "змін", "новии", "افزایش", "کاهش", "جدید", "עלייה", "ירידה", "ללא",
];

/// Words that compare prices. They mean that a code keeps its price only if they are a whole status.
pub(super) const COMPARED: &[&str] = &[
    "gleich", "gleichbleibend", "unverandert", "hoher", "hoeher", "niedriger", "teurer", "gunstiger", "billiger", "mayor", "menor", "maior", "mantem",
    "mantiene", "estable", "estavel", "uguale", "stabile", "stable", "gelijk", "hoger", "lager", "ayni", "azalma", "wyzsza", "nizsza", "nizej", "wyzej",
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
    "torolve", "zarva", "zrusene", "ukonceno", "ukoncene", "uzavreno", "inchis", "eliminat", "anulat", "retras", "zatvoreno", "ukinuto", "obrisano",
    "ukinjeno", "zaprto", "затворен", "затворена", "премахнат", "закрит", "κλειστο", "καταργηθηκε", "διαγραφη", "borttagen", "upphord", "udgaet",
    "nedlagt", "suljettu", "poistettu", "poistunut", "suletud", "eemaldatud", "slegts", "dzests", "uzdaryta", "pasalinta", "gesloten", "verwijderd",
    "ditutup", "dihapus", "dimansuhkan", "حذف", "بسته", "סגור", "הוסר", "בוטל", "закрито", "видалено", "скасовано", "исключен", "исключено",
    "прекращено", "zamkniete", "usuniete", "wycofane",
];

pub(super) const BLOCK: &[&str] = &[
    "禁止", "禁", "封锁", "停用", "锁",
    "blocked", "block", "barred", "bloqueado", "bloque", "bloquee", "bloccato", "gesperrt", "forbidden", "unavailable", "suspended",
    "заблокирован", "заблокировано", "engelli", "zablokowany", "锁定", "موقوف", "reject", "rejected",
    "suspendido", "suspenso", "blocage", "bloqueada", "bloccata", "sperre", "suspendida", "suspendu", "sospeso", "ausgesetzt",
    "letiltva", "tiltott", "blokovano", "zablokovano", "blokovane", "blocat", "suspendat", "blokirano", "блокиран", "блокирано", "спрян", "φραγη",
    "αποκλεισμενο", "sparrad", "blockerad", "sperret", "blokkert", "spaerret", "blokeret", "estetty", "blokeeritud", "tokestatud", "blokets",
    "uzblokuota", "geblokkeerd", "diblokir", "blokir", "disekat", "مسدود", "חסום", "заблоковано", "zablokowane", "engellendi",
];

pub(super) const MINUTES: &[&str] = &[
    "دقيقة", "للدقيقة", "الدقيقة", "分", "분", "นาท", "λεπτο", "דקה", "לדקה", "phut", "menit", "perc", "minuutti", "хвилина", "хв", "دقیقه", "минута", "minuta",     "мин", "минута", "минуту", "минуты", "минут", "dk", "dakika", "minuut", "minuta", "minute", "минутная", "поминутная", "поминутно", "分钟",
    "minute", "minutes", "minuto", "minutos", "minut", "minuti", "minuten", "minutenpreis", "permin", "ppm", "mn", "mins", "min",
    "minutt", "minuttet", "minutter", "percenkent", "daqiqa", "dəqiqə", "წუთი", "րոպე", "րոպե", "daqiiqo", "minit", "хвилину", "хвилини", "minuudi",
    "minuter", "minuutin",
];

pub(super) const SECONDS: &[&str] = &[
    "שניות", "שניה", "секунды", "秒", "초", "δευτερολεπτα", "วินาที",
    "ثانية", "للثانية", "الثانية", "초", "วนาท", "δευτερολεπτο", "שנייה", "לשנייה", "giay", "detik", "masodperc", "sekunti", "sekund", "secunda", "vterina", "sn", "ثانیه", "сек",     "сек", "секунда", "секунду", "секунд", "saniye", "sn", "sekunda", "посекундная", "посекундно", "秒",
    "second", "seconds", "segundo", "segundos", "seconde", "secondes", "secondo", "secondi", "sekunde", "sekunden", "sec", "secs", "persec",
    "seg", "sek", "segs",
    "mp", "masodpercenkent", "masodperces", "sekundy", "sekundach", "sekunder", "sekundes", "sekundziu", "sekundit", "saniyə", "წამი", "վայրկյան",
    "ilbiriqsi", "sekundid", "sekuntia", "sekuntien", "sekundowe",
];

pub(super) const CURRENCIES: &[&str] = &[
    "USD", "EUR", "GBP", "BRL", "CHF", "CAD", "AUD", "MXN", "ARS", "CLP", "COP", "PEN", "UYU", "JPY", "CNY", "HKD", "SGD", "INR", "ZAR", "AED",
    "SAR", "TRY", "RUB", "UAH", "PLN", "CZK", "HUF", "RON", "SEK", "NOK", "DKK", "NZD", "THB", "IDR", "MYR", "PHP", "VND", "KRW", "NGN", "KES",
    "GHS", "KWD", "BHD", "QAR", "OMR", "JOD", "IQD", "LYD", "TND", "DZD", "LBP", "PKR", "BDT", "LKR", "NPR", "MMK", "KHR", "TWD", "ISK", "RSD",
    "AMD", "AZN", "KZT", "UZS", "ETB", "UGX", "TZS", "RWF", "ZMW", "BWP", "MUR", "NAD", "JMD", "TTD", "HTG", "HNL", "NIO", "XPF", "GNF", "MGA",
    "MWK", "MNT", "MDL", "BYN", "BAM", "MKD", "SYP", "YER", "AFN", "SDG", "XOF", "XAF", "MAD", "EGP", "ILS", "AOA", "MZN", "CVE", "DOP", "GTQ", "BOB", "PYG", "CRC",
];

/// Words for time. A word for time names an increment only next to a word for the first or the next increment.
pub(super) const TIME: &[&str] = &[
    "длит", "秒", "сек",
    "time", "tiempo", "tempo", "zeit", "temps", "seconds", "second", "segundos", "segundo", "secs", "sec", "secondes", "seconde", "secondi",
    "secondo", "sekunden", "sekunde", "sek", "seg", "segs", "sg", "s",
];

/// Words for a part of the week, or for an increment.
pub(super) const PERIODS: &[&str] = &[
    "period", "periods", "periodo", "periodos", "periode", "perioden", "zeitraum", "zeitabschnitt",
];

/// Words for the minimum amount or time that is charged.
pub(super) const MINIMUMS: &[&str] = &[
    "минимальная", "минимум", "最低", "最小",
    "min", "minimum", "minimo", "minima", "minimal", "minimale", "mindest", "mindestens",
];

/// Names of columns with complete names of destinations. These columns are preferred to columns with names of areas.
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
    "each", "every",
];
