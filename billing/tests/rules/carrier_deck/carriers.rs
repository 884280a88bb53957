//! Decks of many carriers, each in another layout. All decks are read without a question.

use super::*;

/// The rates as `code name price first/next`, with the date if there is one.
pub(super) fn shown(deck: &CarrierDeck) -> Vec<String> {
    let shown = |rate: &billing::carrier_deck::CarrierRate| match &rate.entry {
        Entry::Price(price) => {
            let date = rate.effective.map(|date| format!(" {date}")).unwrap_or_default();
            let (initial, next) = (price.initial_increment, price.increment);
            format!(
                "{} {} {} {initial}/{next}{date}",
                price.prefix, price.destination, price.price_per_minute
            )
        }
        Entry::Removed(prefix) => format!("{prefix} removed"),
        Entry::Blocked(prefix) => format!("{prefix} blocked"),
    };
    deck.rates.iter().map(shown).collect()
}

#[test]
fn decks_of_many_carriers() {
    let decks: &[(&str, &str, &[&str])] = &[
        (
            "PortaOne",
            "Destination,Country,Description,Interval First,Interval Next,Price First,Price Next,Rate Formula,Payback Rate,Forbidden,Hidden,Discontinued,Effective From\n33,FRANCE,Proper,1,1,0.00410,0.00410,,,N,N,N,2026-12-03 00:00:00\n336,FRANCE,Mobile,1,1,0.00880,0.00880,,,N,N,N,2026-12-03 00:00:00\n53,CUBA,Proper,60,60,0.75000,0.75000,,,Y,N,N,2026-12-03 00:00:00\n674,NAURU,Proper,60,60,1.25000,1.25000,,,N,N,Y,2026-12-03 00:00:00\n",
            &[
                "33 FRANCE - Proper 0.0041 1/1 2026-12-03",
                "336 FRANCE - Mobile 0.0088 1/1 2026-12-03",
                "53 blocked",
                "674 removed",
            ],
        ),
        (
            "MOR",
            "Country,Destination,Prefix,Rate,Connection Fee,Increment,Minimal Time,Start time,End time,Week day,Effective from\nAlbania,Albania Tirana,3554,0.1500,0.0,1,60,00:00:00,23:59:59,,2026-12-10 00:00:00\nAlbania,Albania Mobile,35569,0.3500,0.0,1,60,00:00:00,23:59:59,,2026-12-10 00:00:00\nGhana,Ghana Mobile,23324,0.2500,0.0,60,60,00:00:00,23:59:59,,2026-12-10 00:00:00\n",
            &[
                "3554 Albania Tirana 0.15 60/1 2026-12-10",
                "35569 Albania Mobile 0.35 60/1 2026-12-10",
                "23324 Ghana Mobile 0.25 60/60 2026-12-10",
            ],
        ),
        (
            "JeraSoft",
            "Code,Code Name,Rate,Setup Fee,Min Time,Interval,Grace Volume,Effective Date,End Date\n355,Albania Proper,0.1500,0,30,6,0,2026-12-07,\n35569,Albania Mobile,0.3500,0,30,6,0,2026-12-07,\n233,Ghana Proper,0.2500,0,60,60,0,2026-12-07,\n",
            &[
                "355 Albania Proper 0.15 30/6 2026-12-07",
                "35569 Albania Mobile 0.35 30/6 2026-12-07",
                "233 Ghana Proper 0.25 60/60 2026-12-07",
            ],
        ),
        (
            "a wholesale carrier with rounding rules in words",
            "Wholesale Voice A-Z\nEffective: 7 December 2026\n\nLocation,Dial Codes,Current Rate ($),New Rate ($),Change,Rounding Rules\nAlgeria,213,0.0700,0.0720,Increase,Min 1 sec; Inc 1 sec\nMexico,52,0.0060,0.0055,Decrease,Min 60 sec; Inc 60 sec\nGambia,220,0.4100,0.4100,No Change,Min 30 sec; Inc 6 sec\n",
            &[
                "213 Algeria 0.072 1/1 2026-12-07",
                "52 Mexico 0.0055 60/60 2026-12-07",
                "220 Gambia 0.41 30/6 2026-12-07",
            ],
        ),
        (
            "a British rate card in pence with a code in each row",
            "Destination,Prefix,Price (ppm ex VAT),Connection (p)\nFrance,33,0.45,0.00\nFrance Mobile,336,1.10,0.00\nCuba,53,75.00,1.50\nBilling is per second after a minimum of 1 second.\n",
            &["33 France 0.0045 1/1", "336 France Mobile 0.011 1/1", "53 Cuba 0.75 1/1"],
        ),
        (
            "a Dutch carrier",
            "Tarievenlijst internationaal, tarieven in EUR per minuut exclusief BTW\nLand;Bestemming;Netnummer;Tarief;Afrekening;Ingangsdatum\nFrankrijk;Frankrijk vast;33;0,0045;1/1;14-12-2026\nFrankrijk;Frankrijk mobiel;336;0,0110;1/1;14-12-2026\nTurkije;Turkije mobiel;905;0,1450;60/1;14-12-2026\n",
            &[
                "33 Frankrijk vast 0.0045 1/1 2026-12-14",
                "336 Frankrijk mobiel 0.011 1/1 2026-12-14",
                "905 Turkije mobiel 0.145 60/1 2026-12-14",
            ],
        ),
        (
            "a Polish carrier",
            "Cennik hurtowy\nKierunek;Prefiks;Stawka (PLN/min, netto);Naliczanie;Obowiązuje od\nNiemcy stacjonarne;49;0,0210;1/1;15 gru 2026\nNiemcy komórkowe;4915;0,0480;1/1;15 gru 2026\nKuba;53;3,1500;60/60;15 gru 2026\n",
            &[
                "49 Niemcy stacjonarne 0.021 1/1 2026-12-15",
                "4915 Niemcy komórkowe 0.048 1/1 2026-12-15",
                "53 Kuba 3.15 60/60 2026-12-15",
            ],
        ),
        (
            "a Turkish carrier",
            "Ülke;Yön;Alan Kodu;Fiyat (USD/dk);Ücretlendirme;Geçerlilik Tarihi\nAlmanya;Almanya Sabit;49;0,0045;1/1;15.12.2026\nAlmanya;Almanya Mobil;4915;0,0110;1/1;15.12.2026\nKüba;Küba;53;0,7500;60/60;15.12.2026\n",
            &[
                "49 Almanya Sabit 0.0045 1/1 2026-12-15",
                "4915 Almanya Mobil 0.011 1/1 2026-12-15",
                "53 Küba 0.75 60/60 2026-12-15",
            ],
        ),
        (
            "a Russian carrier",
            "Направление;Код;Цена, USD/мин;Шаг тарификации;Дата начала\nГермания;49;0,0045;1/1;15.12.2026\nГермания моб.;4915;0,0110;1/1;15.12.2026\nКуба;53;0,7500;60/60;15.12.2026\n",
            &[
                "49 Германия 0.0045 1/1 2026-12-15",
                "4915 Германия моб. 0.011 1/1 2026-12-15",
                "53 Куба 0.75 60/60 2026-12-15",
            ],
        ),
        (
            "a Chinese carrier",
            "国家,区号,费率(USD/min),计费周期,生效日期\n法国,33,0.0045,6/6,2026/12/15\n法国移动,336,0.0110,6/6,2026/12/15\n古巴,53,0.7500,60/60,2026/12/15\n",
            &[
                "33 法国 0.0045 6/6 2026-12-15",
                "336 法国移动 0.011 6/6 2026-12-15",
                "53 古巴 0.75 60/60 2026-12-15",
            ],
        ),
        (
            "codes of the country once for several area codes",
            "Country,Country Code,Area Codes,Rate,Increments\nEgypt,20,,0.1010,1/1\nEgypt Mobile,20,\"10,11,12,15\",0.1165,1/1\nEgypt Cairo,20,2,0.0900,1/1\n",
            &[
                "20 Egypt 0.101 1/1",
                "2010 Egypt Mobile 0.1165 1/1",
                "2011 Egypt Mobile 0.1165 1/1",
                "2012 Egypt Mobile 0.1165 1/1",
                "2015 Egypt Mobile 0.1165 1/1",
                "202 Egypt Cairo 0.09 1/1",
            ],
        ),
        (
            "merged cells: the country and its code only in the first row",
            "Country;CC;Zone;NDC;EUR/min\nFrance;33;Fixed;1, 2, 3;0,0045\n;;Mobile;6, 7;0,0110\nMali;223;Fixed;2;0,2000\n;;Mobile;6, 7;0,2500\n",
            &[
                "331 France - Fixed 0.0045 60/60",
                "332 France - Fixed 0.0045 60/60",
                "333 France - Fixed 0.0045 60/60",
                "336 France - Mobile 0.011 60/60",
                "337 France - Mobile 0.011 60/60",
                "2232 Mali - Fixed 0.2 60/60",
                "2236 Mali - Mobile 0.25 60/60",
                "2237 Mali - Mobile 0.25 60/60",
            ],
        ),
        (
            "prices per 100 minutes, and N/A",
            "Destination|Code|Price per 100 min (EUR)\nFrance|33|0.45\nCuba|53|75.00\nNauru|674|N/A\n",
            &["33 France 0.0045 60/60", "53 Cuba 0.75 60/60", "674 removed"],
        ),
        (
            "cents in each cell, and a date without separators",
            "Destination\tDial code\tRate per minute\tValid from\nFrance\t33\t0.45¢\t07DEC2026\nFrance Mobile\t336\t1.10¢\t07DEC2026\nCuba\t53\t75.00¢\t07DEC2026\n",
            &[
                "33 France 0.0045 60/60 2026-12-07",
                "336 France Mobile 0.011 60/60 2026-12-07",
                "53 Cuba 0.75 60/60 2026-12-07",
            ],
        ),
        (
            "a price with and without VAT",
            "Destinazione;Prefisso;Prezzo al minuto (IVA esclusa);Prezzo al minuto (IVA inclusa)\nFrancia;33;0,0100;0,0122\nCuba;53;0,7500;0,9150\nGhana;233;0,2000;0,2440\nTariffazione al secondo\n",
            &["33 Francia 0.01 1/1", "53 Cuba 0.75 1/1", "233 Ghana 0.2 1/1"],
        ),
        (
            "exceptions before the general increments",
            "Billing increments: USA 6/6, Mexico and Gambia 60/60, all other destinations 30/6\nDestination,Code,Rate\nUSA,1,0.005\nMexico Mobile,521,0.02\nGambia,220,0.41\nGhana,233,0.2\n",
            &[
                "1 USA 0.005 6/6",
                "521 Mexico Mobile 0.02 60/60",
                "220 Gambia 0.41 60/60",
                "233 Ghana 0.2 30/6",
            ],
        ),
        (
            "a footer in French about the first minute",
            "Destination;Indicatif;Prix HT en euro/mn\nFrance;33;0,0045\nMali;223;0,2000\nMaroc;212;0,1100\nFacturation : première minute indivisible puis à la seconde\n",
            &["33 France 0.0045 60/1", "223 Mali 0.2 60/1", "212 Maroc 0.11 60/1"],
        ),
        (
            "a German footer",
            "Ziel;Vorwahl;Preis/Min. zzgl. MwSt. in €\nFrankreich;0033;0,0045\nGhana;00233;0,2000\nKuba;0053;0,7500\nDie Abrechnung erfolgt sekundengenau.\n",
            &["33 Frankreich 0.0045 1/1", "233 Ghana 0.2 1/1", "53 Kuba 0.75 1/1"],
        ),
        (
            "a Portuguese deck with the increments above",
            "Cobrança: mínimo de 30 segundos e incrementos de 6 segundos\nPaís;Destino;DDI;DDD;Preço R$/min s/ impostos\nBrasil;Brasil Fixo;55;11;0,0450\nBrasil;Brasil Móvel;55;119;0,0900\nPortugal;Portugal Fixo;351;2;0,0300\n",
            &["5511 Brasil Fixo 0.045 30/6", "55119 Brasil Móvel 0.09 30/6", "3512 Portugal Fixo 0.03 30/6"],
        ),
        (
            "the effective date above a deck in American style",
            "RATE SHEET\nRates effective 12/15/2026\nDestination,Code,Rate/min,Billing\n\"India - Mobile\",\"91-7, 91-8, 91-9\",$0.0150,6 sec\nIndia,91,$0.0160,6 sec\nUSA,1,$0.0050,6 sec\n",
            &[
                "917 India - Mobile 0.015 6/6 2026-12-15",
                "918 India - Mobile 0.015 6/6 2026-12-15",
                "919 India - Mobile 0.015 6/6 2026-12-15",
                "91 India 0.016 6/6 2026-12-15",
                "1 USA 0.005 6/6 2026-12-15",
            ],
        ),
        (
            "a price for each currency, and the same price per second",
            "Destination,Code,USD/min,USD/sec,Billing Increment (sec)\nFrance,33,0.0060,0.0001,1+1\nCuba,53,0.7500,0.0125,60+60\nGhana,233,0.2400,0.004,1+1\n",
            &["33 France 0.006 1/1", "53 Cuba 0.75 60/60", "233 Ghana 0.24 1/1"],
        ),
        (
            "peak and off-peak prices that are equal",
            "Destination,Code,Peak,Off-Peak,Weekend,Inc\nFrance,33,0.0060,0.0060,0.0060,1/1\nCuba,53,0.7500,0.7500,0.7500,60/60\nGhana,233,0.2400,0.2400,0.2400,1/1\n",
            &["33 France 0.006 1/1", "53 Cuba 0.75 60/60", "233 Ghana 0.24 1/1"],
        ),
        (
            "weekdays in the dates, and increments in words",
            "Destination,Code,Price (USD),Charging,Start\nFrance,33,0.0060,per second,\"Mon, 14 Dec 2026\"\nCuba,53,0.7500,per minute,\"Mon, 14 Dec 2026\"\nGhana,233,0.2400,first minute then per second,\"Mon, 14 Dec 2026\"\n",
            &[
                "33 France 0.006 1/1 2026-12-14",
                "53 Cuba 0.75 60/60 2026-12-14",
                "233 Ghana 0.24 60/1 2026-12-14",
            ],
        ),
        (
            "a legend for the changes",
            "A = addition; D = decrease; I = increase; X = deleted\nDestination,Code,Rate,Flag\nFrance,33,0.0060,D\nCuba,53,0.7500,I\nGhana,233,0.2400,X\nMali,223,0.2400,A\n",
            &["33 France 0.006 60/60", "53 Cuba 0.75 60/60", "233 removed", "223 Mali 0.24 60/60"],
        ),
        (
            "the order of the date in the header",
            "Destination,Code,Rate,Effective Date (DD/MM/YYYY)\nFrance,33,0.0060,03/02/2026\nCuba,53,0.7500,03/02/2026\n",
            &["33 France 0.006 60/60 2026-02-03", "53 Cuba 0.75 60/60 2026-02-03"],
        ),
        (
            "area codes under the name Clave, and codes with a plus and parentheses",
            "Destino,Clave País,Clave Ciudad,Tarifa USD\nMéxico,+52,,0.0070\nMéxico Cel.,+52,1,0.0105\nCuba,+53,,0.7500\n",
            &["52 México 0.007 60/60", "521 México Cel. 0.0105 60/60", "53 Cuba 0.75 60/60"],
        ),
        (
            "all callers, written in another way",
            "Destination,Code,Origin,Price EUR/min\nFrance,33,All origins,0.0060\nFrance Mobile,336,All origins,0.0120\nFrance Mobile,336,Non-EEA,0.1900\n",
            &["33 France 0.006 60/60", "336 France Mobile 0.012 60/60"],
        ),
        (
            "codes over several rows with a comma at the end",
            "Destination,Code,Rate,Increment\nEgypt,20,0.1010,1/1\nEgypt Mobile,\"2010,\",0.1165,1/1\n,\"2011,\",,\n,2012,,\nGhana,233,0.2,60/60\n",
            &[
                "20 Egypt 0.101 1/1",
                "2010 Egypt Mobile 0.1165 1/1",
                "2011 Egypt Mobile 0.1165 1/1",
                "2012 Egypt Mobile 0.1165 1/1",
                "233 Ghana 0.2 60/60",
            ],
        ),
        (
            "no known name at all",
            "Xa,Xb,Xc,Xd\nFrance,33,0.0060,2026-12-15\nFrance Mobile,336,0.0120,2026-12-15\nCuba,53,0.7500,2026-12-15\n",
            &[
                "33 France 0.006 60/60 2026-12-15",
                "336 France Mobile 0.012 60/60 2026-12-15",
                "53 Cuba 0.75 60/60 2026-12-15",
            ],
        ),
    ];
    assert_eq!(decks.len(), 29);
    let wrong: Vec<String> = decks
        .iter()
        .filter_map(|(name, text, expected)| {
            let currency = if name.contains("pence") { Some("GBP") } else { None };
            let deck = read_with(text.as_bytes(), &Mapping::default(), currency);
            let found = shown(&deck);
            (found != *expected).then(|| {
                let asked: Vec<_> = deck.questions.iter().map(|q| (&q.code, &q.text, &q.example)).collect();
                let errors: Vec<_> =
                    deck.problems.iter().map(|p| (p.line, &p.code, &p.column, &p.value)).collect();
                let guesses: Vec<_> = deck.detected.iter().map(|d| format!("{}={}", d.item, d.value)).collect();
                format!("{name}\n  found {found:?}\n  asked {asked:?}\n  problems {errors:?}\n  guesses {guesses:?}")
            })
        })
        .collect();
    assert!(wrong.is_empty(), "{} of {} are wrong:\n{}", wrong.len(), decks.len(), wrong.join("\n"));
}
