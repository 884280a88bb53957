//! The dialing rules of countries, from which a shop's dial plan is made.

use super::DialPlan;

/// A country's dialing rules: ISO code, calling code, international prefixes, trunk prefix, minimum and maximum digits of a national number,
/// emergency numbers. The prefixes and lengths come from the ITU's national numbering plans.
type CountryRule =
    (&'static str, &'static str, &'static [&'static str], &'static str, u8, u8, &'static [&'static str]);

/// The emergency numbers come from libphonenumber's short numbers (release 9.0.33), except where a comment names another source. A number that was
/// replaced, or that was never activated, is left out; a shop can add numbers to its own plan.
const COUNTRIES: &[CountryRule] = &[
    // 111: Ministério do Interior, 2020
    ("AO", "244", &["00"], "", 9, 9, &["111", "112", "113", "115"]),
    ("AR", "54", &["00"], "0", 10, 11, &["100", "101", "107", "911"]),
    ("BO", "591", &["00"], "0", 8, 8, &["110", "118", "119"]),
    // Anatel, Serviços Públicos de Emergência; 128 (Mercosul) was never activated
    (
        "BR",
        "55",
        &["00"],
        "0",
        10,
        11,
        &["112", "190", "191", "192", "193", "194", "197", "198", "199", "911"],
    ),
    ("CA", "1", &["011", "00"], "1", 10, 10, &["112", "911"]),
    // 134 and 137: Servicio Nacional de Turismo
    ("CL", "56", &["00"], "", 9, 9, &["131", "132", "133", "134", "137", "911"]),
    // 125: ambulances. Each international prefix except 00 includes the code of a carrier (Comisión de Regulación de Comunicaciones)
    (
        "CO",
        "57",
        &["00", "00414", "00444", "00456", "005", "007", "009"],
        "0",
        10,
        10,
        &["112", "119", "123", "125", "132", "156"],
    ),
    ("DE", "49", &["00"], "0", 6, 12, &["110", "112"]),
    // 061, 062, 080, 091 and 092: Plan Nacional de Numeración; 088 became 112 in 2008
    ("ES", "34", &["00"], "", 9, 9, &["061", "062", "080", "085", "091", "092", "112"]),
    // 114: ARCEP, numéros d'urgence
    ("FR", "33", &["00"], "0", 9, 9, &["112", "114", "15", "17", "18"]),
    ("GB", "44", &["00"], "0", 9, 10, &["112", "999"]),
    // the list omits 1298 and 2611, which work only in parts of the country
    ("IN", "91", &["00"], "0", 10, 10, &["100", "101", "102", "108", "112"]),
    ("IT", "39", &["00"], "", 6, 12, &["112", "113", "115", "118"]),
    // 060, 061, 065, 066, 068 and 080 became 911 (Diario Oficial, December 2, 2015)
    ("MX", "52", &["00"], "", 10, 10, &["911"]),
    // 106: Decreto Legislativo 1590
    ("PE", "51", &["00"], "0", 8, 9, &["105", "106", "116", "117"]),
    // 115 became 112 (Decreto-Lei 73/97); 117: ANACOM, forest fires
    ("PT", "351", &["00"], "", 9, 9, &["112", "117"]),
    // 132: Bomberos Voluntarios; 141: Ministerio de Salud Pública
    ("PY", "595", &["00"], "0", 8, 9, &["128", "132", "141", "911"]),
    ("US", "1", &["011", "00"], "1", 10, 10, &["112", "911"]),
    // 104 and 109: Ministerio del Interior; 105: ambulances
    ("UY", "598", &["00"], "0", 8, 8, &["104", "105", "109", "128", "911"]),
];

/// Brazilian short numbers that every network routes.
const BRAZIL_SHORT: [(&str, &str); 5] = [
    ("100", "Direitos Humanos"),
    ("156", "Prefeitura"),
    ("180", "Central de Atendimento à Mulher"),
    ("181", "Disque Denúncia"),
    ("188", "Centro de Valorização da Vida"),
];

impl DialPlan {
    /// Brazil's plan, with the area code of the shop (`11`).
    pub fn brazil(area_code: &str) -> DialPlan {
        DialPlan { area_code: Some(area_code.to_owned()), ..DialPlan::for_country("BR") }
    }

    /// The plan of a country (ISO 3166, two capital letters). A country that is not in the table gets a plan that accepts
    /// only 112 and international numbers, with or without `+` or `00`.
    pub fn for_country(iso: &str) -> DialPlan {
        let rule = COUNTRIES.iter().find(|rule| rule.0 == iso);
        let (_, code, international, trunk, min, max, emergency) =
            *rule.unwrap_or(&("", "", &["00"], "", 0, 0, &["112"]));
        let is_brazil = iso == "BR";
        let short: &[(&str, &str)] = if is_brazil { &BRAZIL_SHORT } else { &[] };
        DialPlan {
            country: iso.to_owned(),
            country_code: code.to_owned(),
            area_code: None,
            international_prefixes: owned(international),
            trunk_prefix: (!trunk.is_empty()).then(|| trunk.to_owned()),
            carrier_code_digits: if is_brazil { 2 } else { 0 },
            min_national: min,
            max_national: max,
            emergency: owned(emergency),
            short: short.iter().map(|(number, name)| ((*number).to_owned(), (*name).to_owned())).collect(),
        }
    }
}

fn owned<T: FromIterator<String>>(texts: &[&str]) -> T {
    texts.iter().map(|text| (*text).to_owned()).collect()
}
