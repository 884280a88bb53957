//! Tests messages in the reader's language: each transport must choose the right language, and the translations must cover every sentence in the
//! sources.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use app::receipt::Locale;
use serde_json::{Value, json};
use tests::shop::{PASSWORD, Shop, text, unique};
use tests::socket::Socket;
use tests::{Backend, Client, on_both};

const CLOSED: &str = "The register is closed. Open it first.";
const FECHADO: &str = "O caixa está fechado. Abra o caixa primeiro.";
const CERRADA: &str = "La caja está cerrada. Ábrala primero.";

/// The error message that a client gets when it opens a cabin while the register is closed.
async fn refusal(shop: &Shop, client: &Client) -> String {
    let input = json!({ "cabinId": shop.cabins[0] });
    let payload = client.tried("openCabin", "OpenCabinInput", input, "session { id }").await;
    assert_eq!(payload["userErrors"][0]["code"], "REGISTER_CLOSED");
    text(&payload["userErrors"][0]["message"])
}

on_both!(a_request_chooses_its_language_and_otherwise_the_account_does, |backend: Backend| async move {
    let shop = Shop::start(backend, 1).await;
    let account = shop.owner.object("callshop", &shop.id, "locale").await;
    assert_eq!(account["locale"], "pt-BR");
    for (languages, message) in [
        ("pt-BR", FECHADO),
        ("es-AR,es;q=0.9,en;q=0.8", CERRADA),
        ("en-GB", CLOSED),
        ("en;q=0.2, fr, es;q=0.5", CERRADA),
        ("fr", FECHADO),
        ("*", FECHADO),
        ("", FECHADO),
    ] {
        assert_eq!(refusal(&shop, &shop.owner.reading(languages)).await, message, "{languages:?}");
    }
    shop.finish().await;
});

on_both!(a_users_own_language_is_before_the_accounts, |backend: Backend| async move {
    let shop = Shop::start(backend, 1).await;
    let viewer =
        shop.attendant.ok("{ viewer { id login displayName locale } }", json!({})).await["viewer"].take();
    assert_eq!(viewer["locale"], Value::Null);
    let mut input =
        json!({ "userId": viewer["id"], "displayName": viewer["displayName"], "locale": "es-PY" });
    let user = shop.owner.did("updateUser", "UpdateUserInput", input.clone(), "user { locale }").await;
    assert_eq!(user["user"]["locale"], "es-PY");
    let attendant = Client::anonymous(shop.server.http).login(&text(&viewer["login"]), PASSWORD).await;
    assert_eq!(refusal(&shop, &attendant.reading("fr")).await, CERRADA);
    assert_eq!(refusal(&shop, &attendant.reading("pt")).await, FECHADO);
    input["locale"] = json!("no tag");
    assert_eq!(
        shop.owner.code("updateUser", "UpdateUserInput", input.clone(), "user { id }").await,
        "INVALID_INPUT"
    );
    input["locale"] = Value::Null;
    let user = shop.owner.did("updateUser", "UpdateUserInput", input, "user { locale }").await;
    assert_eq!(user["user"]["locale"], Value::Null);
    shop.finish().await;
});

on_both!(amounts_are_in_the_message_and_beside_it, |backend: Backend| async move {
    let shop = Shop::start(backend, 1).await;
    shop.open_register().await;
    let session = shop.open_cabin(0).await;
    let item = json!({
        "sessionId": session, "description": "Water", "quantity": 1, "unitPrice": "1234.5", "idempotencyKey": unique("key"),
    });
    shop.attendant.did("addSessionItem", "AddSessionItemInput", item, "session { id }").await;
    shop.close_cabin(0).await;
    let settle = "mutation($i: SettleSessionInput!) { settleSession(input: $i) { userErrors { code message params { name value \
        money { amount currency } } } } }";
    for (languages, amount, message) in [
        ("pt", "R$\u{a0}1.234,50", "Faltam R$\u{a0}1.234,50 para o valor a pagar. Receba o resto."),
        ("es-MX", "R$\u{a0}1,234.50", "Faltan R$\u{a0}1,234.50 para el monto a pagar. Cobre el resto."),
        ("en", "R$\u{a0}1,234.50", "The payments are R$\u{a0}1,234.50 short of the amount due."),
    ] {
        let input = json!({ "sessionId": session, "payments": [], "idempotencyKey": unique("key") });
        let data = shop.attendant.reading(languages).ok(settle, json!({ "i": input })).await;
        let money = json!({ "amount": "1234.5", "currency": "BRL" });
        let params = json!([{ "name": "missing", "value": amount, "money": money }]);
        let expected = json!([{ "code": "UNDERPAID", "message": message, "params": params }]);
        assert_eq!(data["settleSession"]["userErrors"], expected);
    }
    shop.finish().await;
});

const EMPTY_PAGE: &str = "query($s: ID!) { calls(callshopId: $s, first: 0) { totalCount } }";

on_both!(errors_of_a_whole_request_are_translated, |backend: Backend| async move {
    let shop = Shop::start(backend, 1).await;
    let params = json!([{ "name": "max", "value": "100", "money": null }]);
    for (languages, message) in [
        ("es", "Debe estar entre 1 y 100."),
        ("en", "Must be between 1 and 100."),
        ("", "Precisa estar entre 1 e 100."),
    ] {
        let answer = shop.owner.reading(languages).send(EMPTY_PAGE, json!({ "s": shop.id })).await;
        let error = &answer["errors"][0];
        assert_eq!((text(&error["message"]).as_str(), &error["extensions"]["params"]), (message, &params));
    }
    // a transport error
    let stranger = shop.owner.with_token("no token").reading("es");
    let answer = stranger.send(EMPTY_PAGE, json!({ "s": shop.id })).await;
    assert_eq!(answer["errors"][0]["extensions"]["code"], "UNAUTHENTICATED");
    assert_eq!(answer["errors"][0]["message"], "Su sesión venció o fue cerrada. Inicie sesión de nuevo.");
    shop.finish().await;
});

on_both!(a_socket_says_its_language_at_the_start, |backend: Backend| async move {
    let shop = Shop::start(backend, 1).await;
    let authorization = format!("Bearer {}", shop.owner.token());
    for (payload, message) in [
        (json!({ "authorization": authorization, "acceptLanguage": "es-CO" }), "Debe estar entre 1 y 100."),
        (json!({ "authorization": authorization, "acceptLanguage": 7 }), "Precisa estar entre 1 e 100."),
        (json!({ "authorization": authorization }), "Precisa estar entre 1 e 100."),
    ] {
        let mut socket = Socket::begin(shop.server.http, payload).await;
        socket.subscribe("1", EMPTY_PAGE, json!({ "s": shop.id })).await;
        let answer = socket.receive().await;
        assert_eq!(answer["payload"]["errors"][0]["message"], message, "{answer}");
    }
    shop.finish().await;
});

on_both!(problems_are_in_the_readers_language, |backend: Backend| async move {
    let shop = Shop::start(backend, 1).await;
    shop.open_register().await;
    shop.open_cabin(0).await;
    let query = "query($a: ID!) { problems(accountId: $a) { kind problems { text params { name } } } }";
    for (languages, begin) in
        [("es", "El teléfono de una cabina abierta"), ("", "O telefone de uma cabine aberta")]
    {
        let data = shop.owner.reading(languages).ok(query, json!({ "a": shop.id })).await;
        let groups = data["problems"].as_array().expect("groups");
        let offline =
            groups.iter().find(|group| group["kind"] == "PHONE_OFFLINE").expect("a phone is offline");
        let problem = &offline["problems"][0];
        assert!(text(&problem["text"]).starts_with(begin), "{problem}");
        assert_eq!(problem["params"], json!([]));
    }
    shop.finish().await;
});

on_both!(caches_keep_the_languages_apart, |backend: Backend| async move {
    let shop = Shop::start(backend, 1).await;
    let http = reqwest::Client::builder().no_proxy().build().expect("an HTTP client");
    let mut url = reqwest::Url::parse(&format!("http://{}/graphql", shop.server.http)).expect("a URL");
    url.query_pairs_mut().append_pair("query", "{ viewer { login } }");
    let answer = http.get(url).bearer_auth(shop.owner.token()).send().await.expect("an answer");
    let vary = answer.headers()["vary"].to_str().expect("text").to_lowercase();
    assert!(vary.contains("accept-language"), "{vary}");
    shop.finish().await;
});

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace").to_owned()
}

/// The program's code in a folder, without the tests at the ends of files and without the translations.
fn sources(folder: &Path) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.ends_with("languages") {
            continue;
        } else if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let code = std::fs::read_to_string(&path).expect("a text");
            let code = code.split("#[cfg(test)]\nmod tests").next().unwrap_or_default().to_owned();
            found.push((path, code));
        }
    }
    found
}

/// The string literals of code, each with the code before it on the same line or on the previous line.
fn literals(code: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut rest = code;
    let mut before = String::new();
    while let Some(letter) = rest.chars().next() {
        if rest.starts_with("//") {
            rest = &rest[rest.find('\n').unwrap_or(rest.len())..];
        } else if let Some(raw) = rest.strip_prefix("r#\"") {
            rest = raw.split_once("\"#").expect("a closed text").1;
        } else if letter == '\'' && rest.chars().nth(2) == Some('\'') {
            rest = &rest[2 + rest[1..].chars().next().map_or(0, char::len_utf8)..];
        } else if rest.starts_with("'\\") {
            let end = rest[3..].find('\'').expect("a closed letter");
            rest = &rest[3 + end + 1..];
        } else if letter == '"' {
            let (literal, left) = literal(&rest[1..]);
            found.push((before.trim_end().to_owned(), literal));
            before.clear();
            rest = left;
        } else {
            before.push(letter);
            rest = &rest[letter.len_utf8()..];
        }
    }
    found
}

/// A string literal after its quotation mark, and the code after it.
fn literal(code: &str) -> (String, &str) {
    let mut text = String::new();
    let mut letters = code.char_indices();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '"' => return (text, &code[at + 1..]),
            '\\' => match letters.next() {
                // a backslash at the end of a line continues the literal after the next line's indentation
                Some((at, '\n')) => {
                    let line = code[at + 1..].trim_start();
                    let (more, left) = literal(line);
                    return (text + &more, left);
                }
                Some((_, 'n')) => text.push('\n'),
                Some((_, escaped)) => text.push(escaped),
                None => {}
            },
            letter => text.push(letter),
        }
    }
    panic!("a text has no end: {text}");
}

/// Whether a literal is a message: a sentence that ends in a period.
fn is_message(literal: &str) -> bool {
    let begins =
        literal.starts_with(|letter: char| letter.is_ascii_uppercase() || matches!(letter, '`' | '{'));
    begins && literal.ends_with('.') && literal.contains(' ')
}

/// Files whose sentences are not messages: the explanations of charges are always in English, receipts and price lists have their own translations, the
/// questions about decks are translated by their codes, and the errors of scalars are for developers.
const OTHERS: [&str; 5] = [
    "app/src/explain.rs",
    "app/src/exports/price_list.rs",
    "app/src/receipt/locale.rs",
    "app/src/tariffs/files.rs",
    "graphql/src/scalars.rs",
];

#[test]
fn every_message_is_translated_and_every_translation_is_used() {
    let translated: BTreeSet<&str> = app::languages::sentences().map(|(english, _, _)| *english).collect();
    let (mut missing, mut used) = (BTreeSet::new(), BTreeSet::new());
    for (folder, has_messages) in [
        ("app", true),
        ("graphql", true),
        ("store", true),
        ("api", false),
        ("base", false),
        ("billing", false),
    ] {
        for (path, code) in sources(&root().join(folder).join("src")) {
            let name = path.strip_prefix(root()).expect("inside the workspace").display().to_string();
            for (before, literal) in literals(&code) {
                let is_described = before.ends_with("desc =") || before.ends_with("deprecation =");
                let is_told = has_messages && !OTHERS.contains(&name.as_str()) && !is_described;
                if is_told && is_message(&literal) && !translated.contains(literal.as_str()) {
                    missing.insert(format!("{name}: {literal}"));
                }
                used.insert(literal);
            }
        }
    }
    assert_eq!(missing, BTreeSet::new(), "add these sentences to app/src/languages/");
    let unused: Vec<_> = translated.iter().filter(|english| !used.contains(**english)).collect();
    assert!(unused.is_empty(), "remove these sentences, because no message has them: {unused:?}");
}

/// Each question about a carrier's deck must have translations. The key of a translation is the question's code.
#[test]
fn every_question_about_a_deck_is_translated() {
    let mut codes = BTreeSet::new();
    let asking = ["billing/src/carrier_deck", "app/src/tariffs"].map(|folder| sources(&root().join(folder)));
    for (_, code) in asking.into_iter().flatten() {
        for mark in ["code: \"", "ask(\""] {
            let found = code.split(mark).skip(1).filter_map(|rest| rest.split_once('"'));
            codes.extend(
                found
                    .filter(|(_, after)| mark != "code: \"" || after.starts_with(".into()"))
                    .map(|(code, _)| code.to_owned()),
            );
        }
    }
    assert!(codes.len() > 20, "{codes:?}");
    for code in codes {
        for tag in ["pt-BR", "es"] {
            assert!(app::languages::question(&code, "", Locale::parse(tag)).is_some(), "{code} in {tag}");
        }
    }
}

/// Sentences of questions, which are translated by the questions' codes.
const OF_QUESTIONS: [&str; 9] = [
    "Whole numbers may be increments.",
    "The file has no header.",
    "The price's column names a unit that is neither a minute nor a second.",
    "The price's column may name a unit that is not known.",
    "The header and another line name different units.",
    "The column {name:?} may have the time that a price covers.",
    "The prices are very low, and the file does not name their unit.",
    "The prices are very high for prices per second.",
    "The prices are very high.",
];

/// A sentence with a value in the place of each placeholder. Braces with a quotation mark belong to the text.
fn with_values(sentence: &str) -> String {
    let mut pieces = sentence.split('{');
    let mut text = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        match piece.split_once('}').filter(|(name, _)| !name.contains(['"', ' '])) {
            Some((_, rest)) => text = text + "7" + rest,
            None => text = text + "{" + piece,
        }
    }
    text
}

/// The report on a deck is in English, and is translated when it is read, so each sentence in the code that reads decks must have translations.
#[test]
fn every_sentence_about_a_deck_is_translated() {
    let (mut missing, mut found) = (BTreeSet::new(), 0);
    let mut codes: Vec<String> = ["billing/src/carrier_deck", "billing/src/deck"]
        .into_iter()
        .flat_map(|folder| sources(&root().join(folder)))
        .map(|(_, code)| code)
        .collect();
    codes.push(std::fs::read_to_string(root().join("billing/src/tariff.rs")).expect("a source"));
    let mut texts = BTreeSet::new();
    for code in &codes {
        for (_, literal) in literals(code) {
            texts.insert(with_values(&literal));
            if !is_message(&literal)
                || literal.contains("Choose ")
                || OF_QUESTIONS.contains(&literal.as_str())
            {
                continue;
            }
            found += 1;
            for tag in ["pt-BR", "es"] {
                if app::languages::deck_sentence(&with_values(&literal), Locale::parse(tag)).is_none() {
                    missing.insert(literal.clone());
                }
            }
        }
    }
    assert!(found > 200, "{found}");
    assert_eq!(missing, BTreeSet::new(), "add these sentences to app/src/languages/deck_*.rs");
    let unused: Vec<_> = app::languages::deck_sentences()
        .filter(|(english, ..)| !texts.contains(&with_values(english)))
        .collect();
    assert!(unused.is_empty(), "remove these sentences, because no report has them: {unused:?}");
}

/// Answers that are only values or parts of other answers.
const VALUES: [&str; 4] = [
    "{initial}/{next}",
    "{cell}: {text}",
    // each value in the next two answers has its own translations
    "these texts mean that the codes are {text}",
    "all prices are {verb} by {whole}.{part:02}%",
];

/// The answers to questions about decks are translated when they are read, so each answer in the code must have translations.
#[test]
fn every_answer_about_a_deck_is_translated() {
    const CALLS: [&str; 6] =
        ["Answer::new(", "Answer::new(format!(", "answer(", "empty(", "ended(", "choice("];
    let (mut missing, mut found) = (BTreeSet::new(), 0);
    let folders = ["billing/src/carrier_deck", "app/src/tariffs"];
    for (_, code) in folders.into_iter().flat_map(|folder| sources(&root().join(folder))) {
        for (before, literal) in literals(&code) {
            let is_answer = CALLS.iter().any(|call| before.ends_with(call));
            // increments like 60/1 are the same in all languages
            let is_value = VALUES.contains(&literal.as_str()) || !literal.contains(char::is_alphabetic);
            if !is_answer || is_value {
                continue;
            }
            found += 1;
            for tag in ["pt-BR", "es"] {
                if app::languages::deck_answer(&with_values(&literal), Locale::parse(tag)).is_none() {
                    missing.insert(literal.clone());
                }
            }
        }
    }
    assert!(found > 60, "{found}");
    assert_eq!(missing, BTreeSet::new(), "add these answers to app/src/languages/deck_answers.rs");
}

/// `message!` gives every placeholder of its sentence a value, and each sentence with placeholders is in `message!`.
#[test]
fn every_placeholder_has_a_value() {
    for folder in ["app", "graphql", "store"] {
        for (path, code) in sources(&root().join(folder).join("src")) {
            for piece in code.split("base::message!(").skip(1) {
                let (sentence, values) = literal(piece.trim_start().strip_prefix('"').expect("a sentence"));
                let values = values.split(");").next().unwrap_or_default();
                let names: BTreeSet<&str> = values
                    .split(',')
                    .filter_map(|value| value.trim().split([' ', ')', '\n']).next())
                    .filter(|name| !name.is_empty())
                    .collect();
                for placeholder in sentence.split('{').skip(1) {
                    let name = placeholder.split_once('}').expect("a closed placeholder").0;
                    assert!(names.contains(name), "{}: {sentence}", path.display());
                }
            }
        }
    }
}

#[test]
fn literals_are_read_as_the_compiler_does() {
    let code = "a('\"', \"One \\\n    two.\", 'a, b\"Three \\\"four\\\".\"); // \"no\"\n x = r#\"no\"#;";
    let found: Vec<String> = literals(code).into_iter().map(|(_, literal)| literal).collect();
    assert_eq!(found, ["One two.", "Three \"four\"."]);
}
