//! Names of countries in English, Portuguese and Spanish, from CLDR, used to find destinations by country and to show the names.

use crate::fold::fold;

/// A text matches the beginning of a name only if the text has at least this many letters.
const MIN_BEGINNING: usize = 3;

/// ISO 3166-1 codes with the names in English, Portuguese and Spanish, sorted by code.
#[rustfmt::skip]
const NAMES: &[(&str, &str, &str, &str)] = &[
    ("AD", "Andorra", "Andorra", "Andorra"),
    ("AE", "United Arab Emirates", "Emirados Árabes Unidos", "Emiratos Árabes Unidos"),
    ("AF", "Afghanistan", "Afeganistão", "Afganistán"),
    ("AG", "Antigua and Barbuda", "Antígua e Barbuda", "Antigua y Barbuda"),
    ("AI", "Anguilla", "Anguila", "Anguila"),
    ("AL", "Albania", "Albânia", "Albania"),
    ("AM", "Armenia", "Armênia", "Armenia"),
    ("AO", "Angola", "Angola", "Angola"),
    ("AQ", "Antarctica", "Antártida", "Antártida"),
    ("AR", "Argentina", "Argentina", "Argentina"),
    ("AS", "American Samoa", "Samoa Americana", "Samoa Americana"),
    ("AT", "Austria", "Áustria", "Austria"),
    ("AU", "Australia", "Austrália", "Australia"),
    ("AW", "Aruba", "Aruba", "Aruba"),
    ("AX", "Åland Islands", "Ilhas Aland", "Islas Åland"),
    ("AZ", "Azerbaijan", "Azerbaijão", "Azerbaiyán"),
    ("BA", "Bosnia and Herzegovina", "Bósnia e Herzegovina", "Bosnia-Herzegovina"),
    ("BB", "Barbados", "Barbados", "Barbados"),
    ("BD", "Bangladesh", "Bangladesh", "Bangladés"),
    ("BE", "Belgium", "Bélgica", "Bélgica"),
    ("BF", "Burkina Faso", "Burquina Faso", "Burkina Faso"),
    ("BG", "Bulgaria", "Bulgária", "Bulgaria"),
    ("BH", "Bahrain", "Barein", "Baréin"),
    ("BI", "Burundi", "Burundi", "Burundi"),
    ("BJ", "Benin", "Benin", "Benín"),
    ("BM", "Bermuda", "Bermudas", "Bermudas"),
    ("BN", "Brunei", "Brunei", "Brunéi"),
    ("BO", "Bolivia", "Bolívia", "Bolivia"),
    ("BQ", "Caribbean Netherlands", "Países Baixos Caribenhos", "Caribe neerlandés"),
    ("BR", "Brazil", "Brasil", "Brasil"),
    ("BS", "Bahamas", "Bahamas", "Bahamas"),
    ("BT", "Bhutan", "Butão", "Bután"),
    ("BW", "Botswana", "Botsuana", "Botsuana"),
    ("BY", "Belarus", "Bielorrússia", "Bielorrusia"),
    ("BZ", "Belize", "Belize", "Belice"),
    ("CA", "Canada", "Canadá", "Canadá"),
    ("CC", "Cocos (Keeling) Islands", "Ilhas Cocos (Keeling)", "Islas Cocos"),
    ("CD", "Congo - Kinshasa", "República Democrática do Congo", "República Democrática del Congo"),
    ("CF", "Central African Republic", "República Centro-Africana", "República Centroafricana"),
    ("CG", "Congo - Brazzaville", "República do Congo", "República del Congo"),
    ("CH", "Switzerland", "Suíça", "Suiza"),
    ("CI", "Côte d'Ivoire", "Costa do Marfim", "Costa de Marfil"),
    ("CK", "Cook Islands", "Ilhas Cook", "Islas Cook"),
    ("CL", "Chile", "Chile", "Chile"),
    ("CM", "Cameroon", "Camarões", "Camerún"),
    ("CN", "China", "China", "China"),
    ("CO", "Colombia", "Colômbia", "Colombia"),
    ("CR", "Costa Rica", "Costa Rica", "Costa Rica"),
    ("CU", "Cuba", "Cuba", "Cuba"),
    ("CV", "Cape Verde", "Cabo Verde", "Cabo Verde"),
    ("CW", "Curaçao", "Curaçao", "Curazao"),
    ("CX", "Christmas Island", "Ilha Christmas", "Isla de Navidad"),
    ("CY", "Cyprus", "Chipre", "Chipre"),
    ("CZ", "Czechia", "Tchéquia", "Chequia"),
    ("DE", "Germany", "Alemanha", "Alemania"),
    ("DJ", "Djibouti", "Djibuti", "Yibuti"),
    ("DK", "Denmark", "Dinamarca", "Dinamarca"),
    ("DM", "Dominica", "Dominica", "Dominica"),
    ("DO", "Dominican Republic", "República Dominicana", "República Dominicana"),
    ("DZ", "Algeria", "Argélia", "Argelia"),
    ("EC", "Ecuador", "Equador", "Ecuador"),
    ("EE", "Estonia", "Estônia", "Estonia"),
    ("EG", "Egypt", "Egito", "Egipto"),
    ("EH", "Western Sahara", "Saara Ocidental", "Sáhara Occidental"),
    ("ER", "Eritrea", "Eritreia", "Eritrea"),
    ("ES", "Spain", "Espanha", "España"),
    ("ET", "Ethiopia", "Etiópia", "Etiopía"),
    ("FI", "Finland", "Finlândia", "Finlandia"),
    ("FJ", "Fiji", "Fiji", "Fiyi"),
    ("FK", "Falkland Islands", "Ilhas Malvinas", "Islas Malvinas"),
    ("FM", "Micronesia", "Micronésia", "Micronesia"),
    ("FO", "Faroe Islands", "Ilhas Faroé", "Islas Feroe"),
    ("FR", "France", "França", "Francia"),
    ("GA", "Gabon", "Gabão", "Gabón"),
    ("GB", "United Kingdom", "Reino Unido", "Reino Unido"),
    ("GD", "Grenada", "Granada", "Granada"),
    ("GE", "Georgia", "Geórgia", "Georgia"),
    ("GF", "French Guiana", "Guiana Francesa", "Guayana Francesa"),
    ("GG", "Guernsey", "Guernsey", "Guernesey"),
    ("GH", "Ghana", "Gana", "Ghana"),
    ("GI", "Gibraltar", "Gibraltar", "Gibraltar"),
    ("GL", "Greenland", "Groenlândia", "Groenlandia"),
    ("GM", "Gambia", "Gâmbia", "Gambia"),
    ("GN", "Guinea", "Guiné", "Guinea"),
    ("GP", "Guadeloupe", "Guadalupe", "Guadalupe"),
    ("GQ", "Equatorial Guinea", "Guiné Equatorial", "Guinea Ecuatorial"),
    ("GR", "Greece", "Grécia", "Grecia"),
    ("GT", "Guatemala", "Guatemala", "Guatemala"),
    ("GU", "Guam", "Guam", "Guam"),
    ("GW", "Guinea-Bissau", "Guiné-Bissau", "Guinea-Bisáu"),
    ("GY", "Guyana", "Guiana", "Guyana"),
    ("HK", "Hong Kong", "Hong Kong", "Hong Kong"),
    ("HN", "Honduras", "Honduras", "Honduras"),
    ("HR", "Croatia", "Croácia", "Croacia"),
    ("HT", "Haiti", "Haiti", "Haití"),
    ("HU", "Hungary", "Hungria", "Hungría"),
    ("ID", "Indonesia", "Indonésia", "Indonesia"),
    ("IE", "Ireland", "Irlanda", "Irlanda"),
    ("IL", "Israel", "Israel", "Israel"),
    ("IM", "Isle of Man", "Ilha de Man", "Isla de Man"),
    ("IN", "India", "Índia", "India"),
    ("IO", "British Indian Ocean Territory", "Território Britânico do Oceano Índico", "Territorio Británico del Océano Índico"),
    ("IQ", "Iraq", "Iraque", "Irak"),
    ("IR", "Iran", "Irã", "Irán"),
    ("IS", "Iceland", "Islândia", "Islandia"),
    ("IT", "Italy", "Itália", "Italia"),
    ("JE", "Jersey", "Jersey", "Jersey"),
    ("JM", "Jamaica", "Jamaica", "Jamaica"),
    ("JO", "Jordan", "Jordânia", "Jordania"),
    ("JP", "Japan", "Japão", "Japón"),
    ("KE", "Kenya", "Quênia", "Kenia"),
    ("KG", "Kyrgyzstan", "Quirguistão", "Kirguistán"),
    ("KH", "Cambodia", "Camboja", "Camboya"),
    ("KI", "Kiribati", "Quiribati", "Kiribati"),
    ("KM", "Comoros", "Comores", "Comoras"),
    ("KN", "St. Kitts and Nevis", "São Cristóvão e Névis", "San Cristóbal y Nieves"),
    ("KP", "North Korea", "Coreia do Norte", "Corea del Norte"),
    ("KR", "South Korea", "Coreia do Sul", "Corea del Sur"),
    ("KW", "Kuwait", "Kuwait", "Kuwait"),
    ("KY", "Cayman Islands", "Ilhas Cayman", "Islas Caimán"),
    ("KZ", "Kazakhstan", "Cazaquistão", "Kazajistán"),
    ("LA", "Laos", "Laos", "Laos"),
    ("LB", "Lebanon", "Líbano", "Líbano"),
    ("LC", "St. Lucia", "Santa Lúcia", "Santa Lucía"),
    ("LI", "Liechtenstein", "Liechtenstein", "Liechtenstein"),
    ("LK", "Sri Lanka", "Sri Lanka", "Sri Lanka"),
    ("LR", "Liberia", "Libéria", "Liberia"),
    ("LS", "Lesotho", "Lesoto", "Lesoto"),
    ("LT", "Lithuania", "Lituânia", "Lituania"),
    ("LU", "Luxembourg", "Luxemburgo", "Luxemburgo"),
    ("LV", "Latvia", "Letônia", "Letonia"),
    ("LY", "Libya", "Líbia", "Libia"),
    ("MA", "Morocco", "Marrocos", "Marruecos"),
    ("MC", "Monaco", "Mônaco", "Mónaco"),
    ("MD", "Moldova", "Moldávia", "Moldavia"),
    ("ME", "Montenegro", "Montenegro", "Montenegro"),
    ("MG", "Madagascar", "Madagascar", "Madagascar"),
    ("MH", "Marshall Islands", "Ilhas Marshall", "Islas Marshall"),
    ("MK", "North Macedonia", "Macedônia do Norte", "Macedonia del Norte"),
    ("ML", "Mali", "Mali", "Mali"),
    ("MM", "Myanmar", "Mianmar", "Myanmar"),
    ("MN", "Mongolia", "Mongólia", "Mongolia"),
    ("MO", "Macao", "Macau", "Macao"),
    ("MP", "Northern Mariana Islands", "Ilhas Marianas do Norte", "Islas Marianas del Norte"),
    ("MQ", "Martinique", "Martinica", "Martinica"),
    ("MR", "Mauritania", "Mauritânia", "Mauritania"),
    ("MS", "Montserrat", "Montserrat", "Montserrat"),
    ("MT", "Malta", "Malta", "Malta"),
    ("MU", "Mauritius", "Maurício", "Mauricio"),
    ("MV", "Maldives", "Maldivas", "Maldivas"),
    ("MW", "Malawi", "Malaui", "Malaui"),
    ("MX", "Mexico", "México", "México"),
    ("MY", "Malaysia", "Malásia", "Malasia"),
    ("MZ", "Mozambique", "Moçambique", "Mozambique"),
    ("NA", "Namibia", "Namíbia", "Namibia"),
    ("NC", "New Caledonia", "Nova Caledônia", "Nueva Caledonia"),
    ("NE", "Niger", "Níger", "Níger"),
    ("NF", "Norfolk Island", "Ilha Norfolk", "Isla Norfolk"),
    ("NG", "Nigeria", "Nigéria", "Nigeria"),
    ("NI", "Nicaragua", "Nicarágua", "Nicaragua"),
    ("NL", "Netherlands", "Países Baixos", "Países Bajos"),
    ("NO", "Norway", "Noruega", "Noruega"),
    ("NP", "Nepal", "Nepal", "Nepal"),
    ("NR", "Nauru", "Nauru", "Nauru"),
    ("NU", "Niue", "Niue", "Niue"),
    ("NZ", "New Zealand", "Nova Zelândia", "Nueva Zelanda"),
    ("OM", "Oman", "Omã", "Omán"),
    ("PA", "Panama", "Panamá", "Panamá"),
    ("PE", "Peru", "Peru", "Perú"),
    ("PF", "French Polynesia", "Polinésia Francesa", "Polinesia Francesa"),
    ("PG", "Papua New Guinea", "Papua-Nova Guiné", "Papúa Nueva Guinea"),
    ("PH", "Philippines", "Filipinas", "Filipinas"),
    ("PK", "Pakistan", "Paquistão", "Pakistán"),
    ("PL", "Poland", "Polônia", "Polonia"),
    ("PM", "St. Pierre and Miquelon", "São Pedro e Miquelão", "San Pedro y Miquelón"),
    ("PR", "Puerto Rico", "Porto Rico", "Puerto Rico"),
    ("PS", "Palestine", "Palestina", "Palestina"),
    ("PT", "Portugal", "Portugal", "Portugal"),
    ("PW", "Palau", "Palau", "Palaos"),
    ("PY", "Paraguay", "Paraguai", "Paraguay"),
    ("QA", "Qatar", "Catar", "Catar"),
    ("RE", "Réunion", "Reunião", "Reunión"),
    ("RO", "Romania", "Romênia", "Rumania"),
    ("RS", "Serbia", "Sérvia", "Serbia"),
    ("RU", "Russia", "Rússia", "Rusia"),
    ("RW", "Rwanda", "Ruanda", "Ruanda"),
    ("SA", "Saudi Arabia", "Arábia Saudita", "Arabia Saudita"),
    ("SB", "Solomon Islands", "Ilhas Salomão", "Islas Salomón"),
    ("SC", "Seychelles", "Seicheles", "Seychelles"),
    ("SD", "Sudan", "Sudão", "Sudán"),
    ("SE", "Sweden", "Suécia", "Suecia"),
    ("SG", "Singapore", "Singapura", "Singapur"),
    ("SH", "St. Helena", "Santa Helena", "Santa Elena"),
    ("SI", "Slovenia", "Eslovênia", "Eslovenia"),
    ("SJ", "Svalbard and Jan Mayen", "Svalbard e Jan Mayen", "Svalbard y Jan Mayen"),
    ("SK", "Slovakia", "Eslováquia", "Eslovaquia"),
    ("SL", "Sierra Leone", "Serra Leoa", "Sierra Leona"),
    ("SM", "San Marino", "San Marino", "San Marino"),
    ("SN", "Senegal", "Senegal", "Senegal"),
    ("SO", "Somalia", "Somália", "Somalia"),
    ("SR", "Suriname", "Suriname", "Surinam"),
    ("SS", "South Sudan", "Sudão do Sul", "Sudán del Sur"),
    ("ST", "São Tomé and Príncipe", "São Tomé e Príncipe", "Santo Tomé y Príncipe"),
    ("SV", "El Salvador", "El Salvador", "El Salvador"),
    ("SX", "Sint Maarten", "Sint Maarten", "Sint Maarten"),
    ("SY", "Syria", "Síria", "Siria"),
    ("SZ", "Eswatini", "Essuatíni", "Esuatini"),
    ("TC", "Turks and Caicos Islands", "Ilhas Turcas e Caicos", "Islas Turcas y Caicos"),
    ("TD", "Chad", "Chade", "Chad"),
    ("TG", "Togo", "Togo", "Togo"),
    ("TH", "Thailand", "Tailândia", "Tailandia"),
    ("TJ", "Tajikistan", "Tadjiquistão", "Tayikistán"),
    ("TK", "Tokelau", "Tokelau", "Tokelau"),
    ("TL", "Timor-Leste", "Timor-Leste", "Timor Oriental"),
    ("TM", "Turkmenistan", "Turcomenistão", "Turkmenistán"),
    ("TN", "Tunisia", "Tunísia", "Túnez"),
    ("TO", "Tonga", "Tonga", "Tonga"),
    ("TR", "Türkiye", "Turquia", "Turquía"),
    ("TT", "Trinidad and Tobago", "Trinidad e Tobago", "Trinidad y Tobago"),
    ("TV", "Tuvalu", "Tuvalu", "Tuvalu"),
    ("TW", "Taiwan", "Taiwan", "Taiwán"),
    ("TZ", "Tanzania", "Tanzânia", "Tanzania"),
    ("UA", "Ukraine", "Ucrânia", "Ucrania"),
    ("UG", "Uganda", "Uganda", "Uganda"),
    ("US", "United States", "Estados Unidos", "Estados Unidos"),
    ("UY", "Uruguay", "Uruguai", "Uruguay"),
    ("UZ", "Uzbekistan", "Uzbequistão", "Uzbekistán"),
    ("VA", "Vatican City", "Cidade do Vaticano", "Ciudad del Vaticano"),
    ("VC", "St. Vincent and Grenadines", "São Vicente e Granadinas", "San Vicente y las Granadinas"),
    ("VE", "Venezuela", "Venezuela", "Venezuela"),
    ("VG", "British Virgin Islands", "Ilhas Virgens Britânicas", "Islas Vírgenes Británicas"),
    ("VI", "U.S. Virgin Islands", "Ilhas Virgens Americanas", "Islas Vírgenes de EE. UU."),
    ("VN", "Vietnam", "Vietnã", "Vietnam"),
    ("VU", "Vanuatu", "Vanuatu", "Vanuatu"),
    ("WF", "Wallis and Futuna", "Wallis e Futuna", "Wallis y Futuna"),
    ("WS", "Samoa", "Samoa", "Samoa"),
    ("XK", "Kosovo", "Kosovo", "Kosovo"),
    ("YE", "Yemen", "Iêmen", "Yemen"),
    ("YT", "Mayotte", "Mayotte", "Mayotte"),
    ("ZA", "South Africa", "África do Sul", "Sudáfrica"),
    ("ZM", "Zambia", "Zâmbia", "Zambia"),
    ("ZW", "Zimbabwe", "Zimbábue", "Zimbabue"),
];

/// Further names in common use.
const OTHER_NAMES: &[(&str, &str)] = &[
    ("CD", "DR Congo"),
    ("CI", "Ivory Coast"),
    ("CV", "Cabo Verde"),
    ("CZ", "Czech Republic"),
    ("CZ", "República Checa"),
    ("CZ", "República Tcheca"),
    ("GB", "England"),
    ("GB", "Great Britain"),
    ("GB", "Inglaterra"),
    ("GB", "UK"),
    ("MM", "Burma"),
    ("NL", "Holanda"),
    ("NL", "Holland"),
    ("RU", "Russian Federation"),
    ("TL", "Timor Leste"),
    ("US", "EE. UU."),
    ("US", "EUA"),
    ("US", "USA"),
];

/// How well a text names a country.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Naming {
    /// The text is one of the country's names.
    Whole,
    /// One of the country's names begins with the text.
    Beginning,
}

/// A country that a text names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// ISO 3166-1 alpha-2.
    pub code: &'static str,
    /// How well the text names the country.
    pub naming: Naming,
    /// All names of the country, folded.
    pub names: Vec<String>,
}

/// The countries that a folded text ([`fold`]) names, in English, Portuguese or Spanish.
pub fn named(folded: &str) -> Vec<Named> {
    let find = |(code, english, portuguese, spanish): &(&'static str, &str, &str, &str)| {
        let other = OTHER_NAMES.iter().filter(|(of, _)| of == code).map(|(_, name)| *name);
        let names: Vec<String> =
            [*english, *portuguese, *spanish].into_iter().chain(other).map(fold).collect();
        let naming = if names.iter().any(|name| name == folded) {
            Naming::Whole
        } else if folded.chars().count() >= MIN_BEGINNING && names.iter().any(|name| name.starts_with(folded))
        {
            Naming::Beginning
        } else {
            return None;
        };
        Some(Named { code, naming, names })
    };
    NAMES.iter().filter_map(find).collect()
}

/// The names of a country in English, Portuguese and Spanish.
pub fn names_of(code: &str) -> Option<[&'static str; 3]> {
    let at = NAMES.binary_search_by_key(&code, |(of, ..)| of).ok()?;
    NAMES.get(at).map(|(_, english, portuguese, spanish)| [*english, *portuguese, *spanish])
}

/// The part of a destination after the name of the country (in any of the languages), such as " Mobile"; `None` if the destination does not begin
/// with a name of the country.
pub fn after_country<'a>(destination: &'a str, code: &str) -> Option<&'a str> {
    let other = OTHER_NAMES.iter().filter(|(of, _)| *of == code).map(|(_, name)| *name);
    let names: Vec<String> = names_of(code)?.into_iter().chain(other).map(fold).collect();
    let ends = destination.char_indices().filter(|(_, letter)| !letter.is_alphanumeric()).map(|(at, _)| at);
    let ends: Vec<usize> = ends.chain([destination.len()]).collect();
    let is_name = |end: &&usize| destination.get(..**end).is_some_and(|part| names.contains(&fold(part)));
    ends.iter().rev().find(is_name).and_then(|end| destination.get(*end..))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn codes(text: &str) -> Vec<(&'static str, Naming)> {
        named(&fold(text)).into_iter().map(|country| (country.code, country.naming)).collect()
    }

    #[test]
    fn countries_are_named_in_three_languages() {
        for text in ["Brasil", "BRAZIL", "brasil"] {
            assert_eq!(codes(text), [("BR", Naming::Whole)], "{text}");
        }
        assert_eq!(codes("Costa do Marfim"), [("CI", Naming::Whole)]);
        assert_eq!(codes("Cote d'Ivoire"), [("CI", Naming::Whole)]);
        assert_eq!(codes("Sao Tome"), [("ST", Naming::Beginning)]);
        assert_eq!(codes("Estados Unidos"), [("US", Naming::Whole)]);
        assert_eq!(codes("Alem"), [("DE", Naming::Beginning)]);
        assert!(codes("Br").is_empty() && codes("").is_empty() && codes("Brazil Mobile").is_empty());
        assert!(codes("Guin").len() > 2);
    }

    #[test]
    fn a_destination_begins_with_its_country() {
        assert_eq!(names_of("BR"), Some(["Brazil", "Brasil", "Brasil"]));
        assert_eq!(names_of("XX"), None);
        for (destination, code, rest) in [
            ("Brazil", "BR", Some("")),
            ("Brasil - Mobile", "BR", Some(" - Mobile")),
            ("COSTA DO MARFIM Orange", "CI", Some(" Orange")),
            ("Guinea-Bissau Mobile", "GW", Some(" Mobile")),
            ("Mobile Brazil", "BR", None),
            ("Brazilian", "BR", None),
            ("", "BR", None),
            ("=1+1", "BR", None),
        ] {
            assert_eq!(after_country(destination, code), rest, "{destination}");
        }
    }

    #[test]
    fn each_country_is_listed_once() {
        assert!(NAMES.is_sorted_by(|(one, ..), (other, ..)| one < other));
        assert!(OTHER_NAMES.iter().all(|(code, _)| NAMES.iter().any(|(known, ..)| known == code)));
    }
}
