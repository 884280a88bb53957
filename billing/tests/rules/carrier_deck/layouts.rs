//! Decks in layouts of further carriers. All are read without a question.

use super::carriers::shown;
use super::*;

#[test]
fn decks_of_further_carriers() {
    let decks: &[(&str, &[&str])] = &[
        (
            "Telecom carrier GmbH;;;;;\nDestination Name;Country Prefix;Destination Prefix;Rate [EUR/min];Min. Interval [s];Interval [s]\nGermany Fixed;49;;0,0039;1;1\nGermany Mobile;49;15,16,17;0,0097;1;1\nCuba;53;;0,7500;60;60\n",
            &[
                "49 Germany Fixed 0.0039 1/1",
                "4915 Germany Mobile 0.0097 1/1",
                "4916 Germany Mobile 0.0097 1/1",
                "4917 Germany Mobile 0.0097 1/1",
                "53 Cuba 0.75 60/60",
            ],
        ),
        (
            "Destination,Prefix,Peak (07:00-19:00),Off peak (19:00-07:00),Inc.\nSpain,34,0.0100,0.0080,1/1\nSpain Mobile,346,0.0300,0.0280,1/1\nCuba,53,0.7500,0.7400,60/60\n",
            &["34 Spain 0.01 1/1", "346 Spain Mobile 0.03 1/1", "53 Cuba 0.75 60/60"],
        ),
        (
            "Dest.,CC,NDC,Curr.,Rate p.m.,Valid f.,Chg\nFrance,33,1,EUR,0.0045,01-Dec-2026,=\nFrance Mob,33,6;7,EUR,0.0110,01-Dec-2026,+\nCuba,53,,EUR,0.7500,01-Dec-2026,-\n",
            &[
                "331 France 0.0045 60/60 2026-12-01",
                "336 France Mob 0.011 60/60 2026-12-01",
                "337 France Mob 0.011 60/60 2026-12-01",
                "53 Cuba 0.75 60/60 2026-12-01",
            ],
        ),
        (
            "Country;Fixed/Mobile;Prefix list;Tariff (EUR);Billing unit;Valid as of\nNorway;F;47;0,0090;1 second;15.12.2026\nNorway;M;474 | 479;0,0190;1 second;15.12.2026\nCuba;F;53;0,7500;60 seconds;15.12.2026\n",
            &[
                "47 Norway - F 0.009 1/1 2026-12-15",
                "474 Norway - M 0.019 1/1 2026-12-15",
                "479 Norway - M 0.019 1/1 2026-12-15",
                "53 Cuba - F 0.75 60/60 2026-12-15",
            ],
        ),
        (
            "RATES IN USD,,,,\nName,Digits,Rate,Interconnect,Status\nCanada,1204 1226 1236,0.0062,IP,Current\nUSA,1,0.0058,IP,Current\nCuba,53,0.7500,IP,Increase\n",
            &[
                "1204 Canada 0.0062 60/60",
                "1226 Canada 0.0062 60/60",
                "1236 Canada 0.0062 60/60",
                "1 USA 0.0058 60/60",
                "53 Cuba 0.75 60/60",
            ],
        ),
        (
            "Destino;Indicativo;€/min.;Arredondamento;Data de entrada em vigor\nAngola;244;0,2100;\"60\"+\"1\";01/01/2027\nAngola Móvel;2449;0,2300;60+1;01/01/2027\nPortugal;351;0,0120;1+1;01/01/2027\n",
            &[
                "244 Angola 0.21 60/1 2027-01-01",
                "2449 Angola Móvel 0.23 60/1 2027-01-01",
                "351 Portugal 0.012 1/1 2027-01-01",
            ],
        ),
        (
            "id,dest_code,dest_name,price,currency,first_period,next_period,start_date,end_date\n1,33,FRANCE,0.0045,EUR,1,1,2026-12-01T00:00:00Z,\n2,336,FRANCE MOBILE,0.0110,EUR,1,1,2026-12-01T00:00:00Z,\n3,53,CUBA,0.7500,EUR,60,60,2026-12-01T00:00:00Z,\n",
            &[
                "33 FRANCE 0.0045 1/1 2026-12-01",
                "336 FRANCE MOBILE 0.011 1/1 2026-12-01",
                "53 CUBA 0.75 60/60 2026-12-01",
            ],
        ),
        (
            "Destination,Country Code,Area Code,Rate,Effective Date,Rate Change,Initial/Incremental\nIndia,91,,0.0160,12/16/2026,Decrease,6/6\nIndia Mobile,91,\"7,8,9\",0.0150,12/16/2026,Decrease,6/6\nNepal,977,,0.1190,12/16/2026,No Change,60/60\n",
            &[
                "91 India 0.016 6/6 2026-12-16",
                "917 India Mobile 0.015 6/6 2026-12-16",
                "918 India Mobile 0.015 6/6 2026-12-16",
                "919 India Mobile 0.015 6/6 2026-12-16",
                "977 Nepal 0.119 60/60 2026-12-16",
            ],
        ),
        (
            "Zona,Destino,Prefijos,\"Precio (EUR/min, sin IVA)\",Establecimiento de llamada (EUR),Intervalo\nA,Francia,33,\"0,0045\",\"0,0000\",1\nA,Francia móvil,\"336, 337\",\"0,0110\",\"0,0000\",1\nC,Cuba,53,\"0,7500\",\"0,0100\",60\n",
            &[
                "33 Francia 0.0045 1/1",
                "336 Francia móvil 0.011 1/1",
                "337 Francia móvil 0.011 1/1",
                "53 Cuba 0.75 60/60",
            ],
        ),
        (
            "Destination,Dial Code,USD/Min,Effective,Increments\n\"Albania, Fixed\",355,0.1500,Immediate,1/1\n\"Albania, Mobile\",35569,0.3500,Immediate,1/1\n\"Cuba\",53,0.7500,Immediate,60/60\n\"Total: 3 destinations\",,,,\n\"End of file\",,,,\n",
            &["355 Albania, Fixed 0.15 1/1", "35569 Albania, Mobile 0.35 1/1", "53 Cuba 0.75 60/60"],
        ),
        (
            "Destination,Code,Rate 1st min,Rate add. min\nMexico,52,0.0070,0.0070\nBelize,501,0.2450,0.2150\nCuba,53,0.7500,0.7400\n",
            &["52 Mexico 0.007 60/60", "501 Belize 0.215 60/60", "53 Cuba 0.74 60/60"],
        ),
        (
            "Hedef;Ülke Kodu;Operatör Kodu;Ücret (kuruş/dk, KDV hariç);Ücretlendirme periyodu (sn)\nAlmanya;49;;45,00;1\nAlmanya GSM;49;15;110,00;1\nKüba;53;;7500,00;60\n",
            &["49 Almanya 0.45 1/1", "4915 Almanya GSM 1.1 1/1", "53 Küba 75 60/60"],
        ),
        (
            "Code;Pays;Réseau;Tarif HT (centimes d'euro/min);Pas de facturation;Date d'effet\n33;France;Fixe;0,45;1 s;15/12/2026\n336;France;Mobile;1,10;1 s;15/12/2026\n53;Cuba;Tous;75,00;60 s;15/12/2026\n",
            &[
                "33 France - Fixe 0.0045 1/1 2026-12-15",
                "336 France - Mobile 0.011 1/1 2026-12-15",
                "53 Cuba - Tous 0.75 60/60 2026-12-15",
            ],
        ),
        (
            "PREFIX,DESTINATION,RATE/MIN,RATE/MIN,COMMENTS\n,,OLD,NEW,\n33,France,0.0050,0.0045,Decrease\n336,France Mobile,0.0110,0.0120,Increase\n53,Cuba,0.7500,0.7500,\n",
            &["33 France 0.0045 60/60", "336 France Mobile 0.012 60/60", "53 Cuba 0.75 60/60"],
        ),
        (
            "Destination;Code;Rate;Billing\n;;USD/min;sec\nFrance;33;0.0045;1/1\nCuba;53;0.7500;60/60\nGhana;233;0.2;60/60\n",
            &["33 France 0.0045 1/1", "53 Cuba 0.75 60/60", "233 Ghana 0.2 60/60"],
        ),
        (
            "Country,Destination,Prefix,Price,Billing Interval,Active Since,Trend\nAfghanistan,Afghanistan - AWCC,\"93 70, 93 71\",0.2105,1/1,2026-12-07,stable\nAfghanistan,Afghanistan,93,0.1925,1/1,2026-12-07,up\nCuba,Cuba,53,0.7500,60/60,2026-12-07,stable\n",
            &[
                "9370 Afghanistan - AWCC 0.2105 1/1 2026-12-07",
                "9371 Afghanistan - AWCC 0.2105 1/1 2026-12-07",
                "93 Afghanistan 0.1925 1/1 2026-12-07",
                "53 Cuba 0.75 60/60 2026-12-07",
            ],
        ),
        (
            "Destination,Code,Rate\n--- EUROPE ---,,\nFrance,33,0.0045\nSpain,34,0.0050\n--- AMERICA ---,,\nCuba,53,0.7500\nUSA,1,0.0050\nRates per minute. Min. charge: 30 sec, then 6 sec increments.\n",
            &["33 France 0.0045 30/6", "34 Spain 0.005 30/6", "53 Cuba 0.75 30/6", "1 USA 0.005 30/6"],
        ),
        (
            "Term Name,Term Code,Inter Rate,Intra Rate,Increment\nFrance,33,0.0045,0.0045,1/1\nCuba,53,0.7500,0.7500,60/60\n",
            &["33 France 0.0045 1/1", "53 Cuba 0.75 60/60"],
        ),
        (
            "Destination;Dialcode;Rate;Surcharge (payphone);Minimum call duration;Call increment\nFrance;33;0.0045;0.0000;1;1\nCuba;53;0.7500;0.0000;60;60\nGhana;233;0.2;0.0000;30;6\n",
            &["33 France 0.0045 1/1", "53 Cuba 0.75 60/60", "233 Ghana 0.2 30/6"],
        ),
        (
            "Destination,Prefix,Price/min (EUR),Billing step,Rate ID,Notes\nFrance,33,0.0045,1 sec.,10021,\nCuba,53,0.7500,1 min.,10022,effective 1 Jan 2027\nGhana,233,0.2000,30 sec. + 6 sec.,10023,\n",
            &["33 France 0.0045 1/1", "53 Cuba 0.75 60/60", "233 Ghana 0.2 30/6"],
        ),
        (
            "Name;E.164 prefix;Cost;Cost unit;Interval\nFrance;+33;0,45;EUR cent/min;1/1\nCuba;+53;75,00;EUR cent/min;60/60\n",
            &["33 France 0.0045 1/1", "53 Cuba 0.75 60/60"],
        ),
        (
            "Destination Country,Destination Type,Dial Codes,Price per Minute (USD),Quality\nFrance,Landline,33,0.0045,Premium\nFrance,Mobile,336,0.0110,Premium\nCuba,Landline,53,0.7500,Premium\n",
            &[
                "33 France - Landline 0.0045 60/60",
                "336 France - Mobile 0.011 60/60",
                "53 Cuba - Landline 0.75 60/60",
            ],
        ),
        (
            "ISO,Country,Operator,MCC,MNC,Prefix,Rate,Effective\nFR,France,Orange,208,01,33689,0.0110,2026-12-07\nFR,France,SFR,208,10,33609,0.0110,2026-12-07\nCU,Cuba,Cubacel,368,01,535,0.7500,2026-12-07\n",
            &[
                "33689 France - Orange 0.011 60/60 2026-12-07",
                "33609 France - SFR 0.011 60/60 2026-12-07",
                "535 Cuba - Cubacel 0.75 60/60 2026-12-07",
            ],
        ),
        (
            "Rates valid from 01.12.2026 until 31.12.2026\nPrices in USD; tax excl.; billing 60+60 for Cuba and Tunisia, rest 1+1\nDestination;Prefix;Price\nFrance;33;0.0045\nCuba;53;0.7500\nTunisia;216;0.3400\n",
            &[
                "33 France 0.0045 1/1 2026-12-01",
                "53 Cuba 0.75 60/60 2026-12-01",
                "216 Tunisia 0.34 60/60 2026-12-01",
            ],
        ),
        (
            "Prefix,Description,Rate,Min. volume,Interval\n1242,Bahamas,0.1490,0,30/6\n1246,Barbados,0.1710,0,30/6\n1,USA,0.0050,0,6/6\n",
            &["1242 Bahamas 0.149 30/6", "1246 Barbados 0.171 30/6", "1 USA 0.005 6/6"],
        ),
        (
            "Country,Breakout,Code,Rate - Flat,Rate - Peak,Rate - Off-Peak,Start\nSpain,Fixed,34,0.0100,,,2026-12-07\nSpain,Mobile,346,0.0300,,,2026-12-07\nCuba,All,53,0.7500,,,2026-12-07\n",
            &[
                "34 Spain - Fixed 0.01 60/60 2026-12-07",
                "346 Spain - Mobile 0.03 60/60 2026-12-07",
                "53 Cuba - All 0.75 60/60 2026-12-07",
            ],
        ),
        (
            "Country,Code,Rate,Per,Increment\nFrance,33,0.0045,minute,1/1\nCuba,53,0.7500,minute,60/60\n",
            &["33 France 0.0045 1/1", "53 Cuba 0.75 60/60"],
        ),
        (
            "Destination,Prefix,Rate,Effective from,Change,Prev. rate,Delta\nTogo,228,0.3000,07-12-2026,I,0.2900,0.0100\nGhana,233,0.2000,07-12-2026,D,0.2100,-0.0100\nMali,223,0.2000,17-12-2026,N,,\n",
            &[
                "228 Togo 0.3 60/60 2026-12-07",
                "233 Ghana 0.2 60/60 2026-12-07",
                "223 Mali 0.2 60/60 2026-12-17",
            ],
        ),
        (
            "Dear Customer,\nPlease find below the rate changes effective as from 15/12/2026 00:00 GMT.\n\"Destination\",\"Code\",\"Old price\",\"New price\",\"Evolution\"\n\"Ghana\",\"233\",\"0,2000\",\"0,2100\",\"+5%\"\n\"Ghana Mobile\",\"23324\",\"0,2500\",\"0,2300\",\"-8%\"\n\"Cuba\",\"53\",\"0,7500\",\"0,7500\",\"0%\"\n",
            &[
                "233 Ghana 0.21 60/60 2026-12-15",
                "23324 Ghana Mobile 0.23 60/60 2026-12-15",
                "53 Cuba 0.75 60/60 2026-12-15",
            ],
        ),
        (
            "Country,Network Name,Prefix,Rate/min USD,Interval 1/N\nFrance,Orange,33689,0.0110,1/1\nFrance,SFR,33609,0.0110,1/1\nCuba,,53,0.7500,60/60\n",
            &["33689 France - Orange 0.011 1/1", "33609 France - SFR 0.011 1/1", "53 Cuba 0.75 60/60"],
        ),
        (
            "DESTINATION;DIAL CODE;EUR;INC\nAndorra;376;0,0320;1\nAndorra Mobile;3763;0,1900;1\nCuba;53;0,7500;60\n",
            &["376 Andorra 0.032 1/1", "3763 Andorra Mobile 0.19 1/1", "53 Cuba 0.75 60/60"],
        ),
        (
            "Prefix;Zielname;Tarif Tag;Tarif Nacht;Tarif WE;Takt\n33;Frankreich;0,0045;0,0040;0,0040;1/1\n53;Kuba;0,7500;0,7400;0,7400;60/60\n49;Deutschland;0,0040;0,0030;0,0030;1/1\n",
            &["33 Frankreich 0.0045 1/1", "53 Kuba 0.75 60/60", "49 Deutschland 0.004 1/1"],
        ),
        (
            "Name,Prefix,Price,Min duration (s),Billing increment (s),Setup price\nFrance,33,0.0045,0,1,0\nGhana,233,0.2000,0,60,0\nCuba,53,0.7500,0,60,0\n",
            &["33 France 0.0045 1/1", "233 Ghana 0.2 60/60", "53 Cuba 0.75 60/60"],
        ),
        (
            "Country,Area,Dial Prefix,USD per Minute,\"Min. billing unit/incremental billing unit (seconds)\"\nFrance,Fixed,33,0.0045,1/1\nFrance,Mobile,336,0.0110,1/1\nCuba,Fixed,53,0.7500,60/60\n",
            &["33 France - Fixed 0.0045 1/1", "336 France - Mobile 0.011 1/1", "53 Cuba - Fixed 0.75 60/60"],
        ),
        (
            "Rates per minute in GBP pence,,\nDestination,Prefix,Standard\nFrance,33,0.45\nFrance Mobile,336,1.10\nCuba,53,75.00\n",
            &["33 France 0.0045 60/60", "336 France Mobile 0.011 60/60", "53 Cuba 0.75 60/60"],
        ),
        (
            "Destination,Code,Rate per min,First rate block,Following blocks\nFrance,33,0.0045,1,1\nGhana,233,0.2000,60,60\nCuba,53,0.7500,60,60\n",
            &["33 France 0.0045 1/1", "233 Ghana 0.2 60/60", "53 Cuba 0.75 60/60"],
        ),
        (
            "NAME;CODE;RATE;MIN;STEP;VALID FROM;VALID TILL\nFrance;33;0.0045;1;1;2026-12-07;31.12.2049\nGhana;233;0.2000;60;60;2026-12-07;31.12.2049\nCuba;53;0.7500;60;60;2026-12-07;31.12.2049\n",
            &[
                "33 France 0.0045 1/1 2026-12-07",
                "233 Ghana 0.2 60/60 2026-12-07",
                "53 Cuba 0.75 60/60 2026-12-07",
            ],
        ),
        (
            "Destino,Código,Precio,Moneda,Unidad de medida,Redondeo\nFrancia,33,0.0045,USD,Minuto,1/1\nCuba,53,0.7500,USD,Minuto,60/60\nGhana,233,0.2000,USD,Minuto,60/60\n",
            &["33 Francia 0.0045 1/1", "53 Cuba 0.75 60/60", "233 Ghana 0.2 60/60"],
        ),
        (
            "Destination,Prefix,Price per 30 sec,Price per min,Currency\nFrance,33,0.00225,0.0045,EUR\nCuba,53,0.37500,0.7500,EUR\n",
            &["33 France 0.0045 60/60", "53 Cuba 0.75 60/60"],
        ),
        (
            "Country | Network | Codes | Price (USD) | Effective\nFrance | Fixed | 33 | 0.0045 | 2026-12-07\nFrance | Mobile | 336 | 0.0110 | 2026-12-07\nCuba | All | 53 | 0.7500 | 2026-12-07\n",
            &[
                "33 France - Fixed 0.0045 60/60 2026-12-07",
                "336 France - Mobile 0.011 60/60 2026-12-07",
                "53 Cuba - All 0.75 60/60 2026-12-07",
            ],
        ),
        (
            "Nr.;Zielland;Vorwahl;Tarif/Min;Minimum;Abrechnung;Gültig ab\n1;Frankreich;0033;0,0045 €;1 Sek.;1 Sek.;07.12.2026\n2;Kuba;0053;0,7500 €;60 Sek.;60 Sek.;07.12.2026\n3;Ghana;00233;0,2000 €;60 Sek.;1 Sek.;07.12.2026\n",
            &[
                "33 Frankreich 0.0045 1/1 2026-12-07",
                "53 Kuba 0.75 60/60 2026-12-07",
                "233 Ghana 0.2 60/1 2026-12-07",
            ],
        ),
        (
            "Destination,Country code + area code,Tariff USD,Tariffing,Comments\nFrance,33,0.0045,by second,\nGhana,233,0.2000,by minute,\nCuba,53,0.7500,by minute,best effort\n",
            &["33 France 0.0045 1/1", "233 Ghana 0.2 60/60", "53 Cuba 0.75 60/60"],
        ),
        (
            "Code,Destination,Rate,Effective,Level\n33,France,0.0045,7/12/26,A\n53,Cuba,0.7500,7/12/26,A\n233,Ghana,0.2000,7/12/26,B\n",
            &[
                "33 France 0.0045 60/60 2026-12-07",
                "53 Cuba 0.75 60/60 2026-12-07",
                "233 Ghana 0.2 60/60 2026-12-07",
            ],
        ),
        (
            "Country,Operator,Operator codes,USD,Increment in seconds: first/next\nFrance,Orange,\"33-689, 33-608\",0.0110,1/1\nFrance,SFR,\"33-609, 33-610\",0.0110,1/1\nCuba,Cubacel,53-5,0.7500,60/60\n",
            &[
                "33689 France - Orange 0.011 1/1",
                "33608 France - Orange 0.011 1/1",
                "33609 France - SFR 0.011 1/1",
                "33610 France - SFR 0.011 1/1",
                "535 Cuba - Cubacel 0.75 60/60",
            ],
        ),
        (
            "Destination,Prefix,Rate,Fee per call,Min price\nFrance,33,0.0045,0.0000,0\nCuba,53,0.7500,0.0200,0\n",
            &["33 France 0.0045 60/60", "53 Cuba 0.75 60/60"],
        ),
        (
            "Destination;Prefix;Rate;Period\nFrance;33;0.0045;00:00-24:00\nCuba;53;0.7500;00:00-24:00\n",
            &["33 France 0.0045 60/60", "53 Cuba 0.75 60/60"],
        ),
        (
            "Customer ID,1234\nProduct,CLI\nCurrency,USD\nIncrement,60/60\nDestination,Dial Codes,Rate\nFrance,33,0.0045\nCuba,53,0.7500\nIncrement exceptions: Gambia 60/1\n",
            &["33 France 0.0045 60/60", "53 Cuba 0.75 60/60"],
        ),
        (
            "Destination,Code,Rate,Unit\nFrance,33,0.45,cents\nCuba,53,75.00,cents\nGhana,233,20.00,cents\n",
            &["33 France 0.0045 60/60", "53 Cuba 0.75 60/60", "233 Ghana 0.2 60/60"],
        ),
        (
            "Destination,Code,Rate,Price basis\nFrance,33,0.000075,per second\nCuba,53,0.012500,per second\nGhana,233,0.003333,per second\n",
            &["33 France 0.0045 60/60", "53 Cuba 0.75 60/60", "233 Ghana 0.19998 60/60"],
        ),
    ];
    for (text, expected) in decks {
        let deck = read(text.as_bytes());
        assert_eq!(shown(&deck), *expected, "{text}\n{:?}\n{:?}", deck.questions, deck.problems);
    }
}

#[test]
fn the_language_of_the_columns_and_the_dates_near_today_must_agree() {
    let file = |date: &str| format!("Destino,Prefijo,Precio,Fecha\nPeru,51,0.010,{date}\n");
    // 1 December if an American program wrote the file, and otherwise 12 January
    let asked = read(file("12/01/2026").as_bytes());
    let codes: Vec<&str> = asked.questions.iter().map(|question| question.code.as_ref()).collect();
    assert_eq!(codes, ["DATE_ORDER"]);
    let deck = read(file("05/12/2026").as_bytes());
    assert_eq!(clean(&deck), ["51 0.01 0 60/60"]);
    assert_eq!(deck.rates[0].effective, day(2026, 12, 5));
}
