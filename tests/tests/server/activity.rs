//! Tests that activity subscriptions deliver a snapshot, then every event once and in order, even after a reconnect.

use chrono::{TimeDelta, Utc};
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _, QueryOrder as _};
use serde_json::{Value, json};
use tests::shop::{Shop, answered_call, event, text};
use tests::{Backend, Socket, on_both};

const SHOP: &str = "subscription($s: ID!, $after: String) { callshopActivity(callshopId: $s, after: $after) { cursor cursorExpired \
    snapshot { cabins { number state phoneOnline } liveCalls { number state } } \
    event { seq kind cabinId call { number state cost { amount } elapsedSeconds refusal } } } }";
const CABIN: &str = "subscription($c: ID!, $after: String) { cabinActivity(cabinId: $c, after: $after) { cursor \
    snapshot { cabin { number state } liveCalls { number } } event { seq kind call { number } } } }";
const LIVE: &str = "subscription($s: ID!) { liveCalls(callshopId: $s, everySeconds: 1) { asOf calls { number state elapsedSeconds \
    cost { amount } } } }";

async fn kinds(socket: &mut Socket, field: &str, count: usize) -> Vec<String> {
    let mut kinds = Vec::new();
    for _ in 0..count {
        kinds.push(text(&socket.next().await[field]["event"]["kind"]));
    }
    kinds
}

on_both!(a_watcher_sees_everything_in_order, |backend: Backend| async move {
    let shop = Shop::start(backend, 2).await;
    let mut socket = Socket::open(shop.server.http, shop.attendant.token()).await;
    socket.subscribe("1", SHOP, json!({ "s": shop.id })).await;
    let first = socket.next().await["callshopActivity"].take();
    assert_eq!(
        first["snapshot"]["cabins"],
        json!([
            { "number": 1, "state": "CLOSED", "phoneOnline": false }, { "number": 2, "state": "CLOSED", "phoneOnline": false },
        ])
    );
    let online = json!({ "eid": "on-1", "kind": "online", "ts": "1795388290472917", "proxy": "test", "user": shop.phones[0].user });
    assert_eq!(shop.hook().events(&[online]).await, ["applied"]);
    shop.open_register().await;
    shop.open_cabin(0).await;
    assert_eq!(
        kinds(&mut socket, "callshopActivity", 3).await,
        ["PHONE_ONLINE", "REGISTER_OPENED", "CABIN_OPENED"]
    );
    shop.call(0, "+13055550123", 60_000).await;
    let mut seen = Vec::new();
    for _ in 0..4 {
        seen.push(socket.next().await["callshopActivity"]["event"].take());
    }
    let shown: Vec<_> = seen
        .iter()
        .map(|event| {
            (text(&event["kind"]), text(&event["call"]["state"]), text(&event["call"]["cost"]["amount"]))
        })
        .collect();
    let expected = [
        ("CALL_AUTHORIZED", "AUTHORIZED", "0"),
        ("CALL_RINGING", "RINGING", "0"),
        ("CALL_ANSWERED", "ANSWERED", "0"),
        ("CALL_ENDED", "ENDED", "0.06"),
    ];
    assert_eq!(
        shown,
        expected.map(|(kind, state, cost)| (kind.to_owned(), state.to_owned(), cost.to_owned()))
    );
    let seqs: Vec<i64> = seen.iter().filter_map(|event| event["seq"].as_i64()).collect();
    assert_eq!(seqs, (seqs[0]..seqs[0] + 4).collect::<Vec<_>>());
    shop.close_cabin(0).await;
    assert_eq!(kinds(&mut socket, "callshopActivity", 1).await, ["CABIN_CLOSED"]);
    shop.finish().await;
});

/// All fields of an event that need no database query, selected in the different ways that a client may use.
const WRITTEN: &str = "subscription S($s: ID!) { ...R } fragment R on Subscription { all: callshopActivity(callshopId: $s) { __typename cursor cursorExpired event { ...E } \
    snapshot { asOf } event { again: seq call { state } } } } \
    fragment E on Activity { __typename seq at kind cabinId sessionId call { ... on Call { id cabinId sessionId dialed } number numberFormatted \
    destination emergency state authorizedAt ringingAt answeredAt endedAt asOf elapsedSeconds cost { __typename amount currency } billedSeconds \
    pricePerMinute { amount currency } connectionFee { amount } initialPrice { amount } initialIncrement increment minimumCharge { amount } freeSeconds maxSeconds \
    endingSoon estimated writtenOff { amount } sipCode endedBy cause refusal } }";

/// The next event, skipping a snapshot.
async fn event_of(socket: &mut Socket, field: &str) -> Value {
    loop {
        let message = socket.next().await;
        if message[field]["snapshot"].is_null() {
            return message;
        }
    }
}

on_both!(events_are_written_as_the_executor_would, |backend: Backend| async move {
    let shop = Shop::start(backend, 2).await;
    let mut written = Socket::open(shop.server.http, shop.attendant.token()).await;
    written.subscribe("1", WRITTEN, json!({ "s": shop.id })).await;
    // if the document has a directive, or a field that needs the database, the executor handles the events
    let mut executed = Socket::open(shop.server.http, shop.attendant.token()).await;
    let directed = WRITTEN.replacen("cursor ", "cursor @include(if: true) ", 1);
    executed.subscribe("1", &directed, json!({ "s": shop.id })).await;
    let mut asking = Socket::open(shop.server.http, shop.reseller.token()).await;
    let asked = WRITTEN.replacen("refusal }", "refusal costs { account } }", 1);
    asking.subscribe("1", &asked, json!({ "s": shop.id })).await;
    for socket in [&mut written, &mut executed, &mut asking] {
        assert!(socket.next().await["all"]["snapshot"]["asOf"].is_string());
    }
    let online = json!({ "eid": "on-1", "kind": "online", "ts": "1795388290472917", "proxy": "test", "user": shop.phones[0].user });
    assert_eq!(shop.hook().events(&[online]).await, ["applied"]);
    shop.open_register().await;
    shop.open_cabin(0).await;
    shop.call(0, "+5521987654321", 61_000).await;
    shop.call(0, "112", 5_000).await;
    // the number has no rate, so the call is refused and belongs to no session
    shop.hook().authorize(&shop.phones[0].user, "+88213000000").await;
    shop.close_cabin(0).await;
    let mut kinds = Vec::new();
    while kinds.last().is_none_or(|kind| kind != "CABIN_CLOSED") {
        let ours = event_of(&mut written, "all").await;
        assert_eq!(ours, event_of(&mut executed, "all").await);
        let mut theirs = event_of(&mut asking, "all").await;
        if let Some(call) = theirs["all"]["event"]["call"].as_object_mut() {
            assert!(call.remove("costs").is_some(), "the executor must have answered");
        }
        assert_eq!(ours, theirs);
        kinds.push(text(&ours["all"]["event"]["kind"]));
    }
    for kind in
        ["PHONE_ONLINE", "CALL_AUTHORIZED", "CALL_RINGING", "CALL_ANSWERED", "CALL_ENDED", "CALL_REFUSED"]
    {
        assert!(kinds.iter().any(|seen| seen == kind), "{kind} is in {kinds:?}");
    }
    shop.finish().await;
});

/// One document for many subscribers. Each subscriber chooses the kinds of events that it receives.
const SHARED: &str = "subscription($s: ID!, $k: [ActivityKind!]) { callshopActivity(callshopId: $s, kinds: $k) { cursor \
    event { seq kind cabinId call { number cost { amount } } } } }";

/// A subscriber, with the cabins (counted from 0) and the kinds of the events that the subscriber must receive.
struct Subscriber<'a> {
    token: &'a str,
    languages: &'a str,
    document: &'a str,
    variables: Value,
    cabins: &'a [usize],
    kinds: &'a [&'a str],
}

impl Subscriber<'_> {
    /// Subscribes, and skips the snapshot.
    async fn open(&self, shop: &Shop) -> Socket {
        let payload =
            json!({ "authorization": format!("Bearer {}", self.token), "acceptLanguage": self.languages });
        let mut socket = Socket::begin(shop.server.http, payload).await;
        socket.subscribe("1", self.document, self.variables.clone()).await;
        socket.next().await;
        socket
    }

    /// The next events, without the names of their root fields.
    async fn next(&self, socket: &mut Socket, count: usize) -> Vec<Value> {
        let mut events = Vec::new();
        for _ in 0..count {
            let message = socket.next().await;
            let root = message.as_object().and_then(|fields| fields.values().next());
            events.push(root.expect("a root field")["event"].clone());
        }
        events
    }
}

const OF_A_CALL: [&str; 4] = ["CALL_AUTHORIZED", "CALL_RINGING", "CALL_ANSWERED", "CALL_ENDED"];

on_both!(an_event_is_written_once_for_each_document_and_role, |backend: Backend| async move {
    let shop = Shop::start(backend, 2).await;
    shop.open_register().await;
    let expires = Utc::now() + TimeDelta::days(1);
    let input = json!({ "name": "Feed", "scopes": ["CALLS_READ"], "expiresAt": expires });
    let token = text(&shop.owner.did("createApiToken", "CreateApiTokenInput", input, "token").await["token"]);
    let other = SHARED.replacen("cursor", "position: cursor", 1);
    let of_cabin = "subscription($c: ID!) { cabinActivity(cabinId: $c) { event { seq kind cabinId call { number cost { amount } } } } }";
    let (attendant, owner) = (shop.attendant.token(), shop.owner.token());
    let (all, some) = (json!({ "s": shop.id }), ["CABIN_OPENED", "CALL_ENDED"]);
    let both = |token, document| Subscriber {
        token,
        languages: "en",
        document,
        variables: all.clone(),
        cabins: &[0, 1],
        kinds: &OF_A_CALL,
    };
    let one_cabin = |variables, cabins| Subscriber { variables, cabins, ..both(attendant, of_cabin) };
    let subscribers = [
        both(attendant, SHARED),
        // the text has no words of any language, so readers of all languages share it
        Subscriber { languages: "pt-BR", ..both(attendant, SHARED) },
        // the kinds are chosen for each subscriber before the text is shared
        Subscriber {
            variables: json!({ "s": shop.id, "k": some }),
            kinds: &["CALL_ENDED"],
            ..both(attendant, SHARED)
        },
        // these subscribers share no text, either with the subscribers above or with each other
        both(attendant, other.as_str()),
        both(owner, SHARED),
        both(token.as_str(), SHARED),
        // these subscribers share a document, but each receives the events of its own cabin
        one_cabin(json!({ "c": shop.cabins[0] }), &[0]),
        one_cabin(json!({ "c": shop.cabins[1] }), &[1]),
    ];
    let mut sockets = Vec::new();
    for subscriber in &subscribers {
        sockets.push(subscriber.open(&shop).await);
    }
    // a subscriber that has received an event no longer reads the table
    shop.open_cabin(0).await;
    shop.open_cabin(1).await;
    for (subscriber, socket) in subscribers.iter().zip(&mut sockets) {
        subscriber.next(socket, subscriber.cabins.len()).await;
    }
    let written =
        async || crate::metrics::samples(shop.server.hook).await["callshop_activity_texts_written_total"];
    let before = written().await;
    shop.call(0, "+13055550123", 60_000).await;
    shop.call(1, "+351912345678", 60_000).await;
    let mut first = Vec::new();
    for (subscriber, socket) in subscribers.iter().zip(&mut sockets) {
        let count = subscriber.cabins.len() * subscriber.kinds.len();
        let events = subscriber.next(socket, count).await;
        if first.is_empty() {
            first = events.clone();
        }
        let wanted = |event: &&Value| {
            let place = shop.cabins.iter().position(|id| event["cabinId"] == json!(id));
            place.is_some_and(|place| subscriber.cabins.contains(&place))
                && subscriber.kinds.contains(&event["kind"].as_str().unwrap_or_default())
        };
        let wanted: Vec<Value> = first.iter().filter(wanted).cloned().collect();
        assert_eq!((events.len(), &events), (count, &wanted));
    }
    assert_eq!(first.iter().filter(|event| event["call"]["number"] == "+351912345678").count(), 4);
    // each of the eight events is written five times: for each of the attendant's two documents, for the owner, for the token, and for the subscriber
    // of the event's cabin
    assert_eq!(written().await - before, 40.0);
    shop.finish().await;
});

on_both!(a_watcher_who_was_away_goes_on_where_he_was, |backend: Backend| async move {
    let mut shop = Shop::start(backend, 2).await;
    shop.open_register().await;
    shop.open_cabin(0).await;
    shop.open_cabin(1).await;
    let mut socket = Socket::open(shop.server.http, shop.attendant.token()).await;
    socket.subscribe("1", SHOP, json!({ "s": shop.id })).await;
    let first = socket.next().await["callshopActivity"].take();
    assert!(first["snapshot"].is_object() && first["event"].is_null(), "{first}");
    shop.call(0, "+13055550123", 5_000).await;
    let mut cursor = Value::Null;
    for _ in 0..2 {
        cursor = socket.next().await["callshopActivity"]["cursor"].take();
    }
    drop(socket);
    // more than one page of activity events is stored while the subscriber is disconnected, and the server restarts
    for _ in 0..60 {
        shop.call(1, "+13055550123", 1_000).await;
    }
    let stopped = shop.server.pause().await;
    shop.server = stopped.start().await;
    let mut socket = Socket::open(shop.server.http, shop.attendant.token()).await;
    socket.subscribe("1", SHOP, json!({ "s": shop.id, "after": cursor })).await;
    let mut last = None;
    for _ in 0..242 {
        let message = socket.next().await["callshopActivity"].take();
        assert!(message["snapshot"].is_null(), "{message}");
        let seq = message["event"]["seq"].as_i64().expect("a seq");
        assert!(last.is_none_or(|last| seq == last + 1), "{last:?} then {seq}");
        last = Some(seq);
    }
    // live events follow after the stored events
    shop.call(0, "+13055550123", 1_000).await;
    assert_eq!(
        kinds(&mut socket, "callshopActivity", 4).await,
        ["CALL_AUTHORIZED", "CALL_RINGING", "CALL_ANSWERED", "CALL_ENDED"]
    );
    // an unknown cursor is reported as expired, and a snapshot follows
    socket.subscribe("2", SHOP, json!({ "s": shop.id, "after": app::feed::stream::cursor(1_000_000) })).await;
    let message = socket.next().await["callshopActivity"].take();
    assert_eq!((&message["cursorExpired"], message["snapshot"].is_object()), (&json!(true), true));
    shop.finish().await;
});

on_both!(a_cabin_is_watched_alone, |backend: Backend| async move {
    let shop = Shop::start(backend, 2).await;
    shop.open_register().await;
    let mut socket = Socket::open(shop.server.http, shop.attendant.token()).await;
    socket.subscribe("1", CABIN, json!({ "c": shop.cabins[0] })).await;
    assert_eq!(
        socket.next().await["cabinActivity"]["snapshot"]["cabin"],
        json!({ "number": 1, "state": "CLOSED" })
    );
    shop.open_cabin(1).await;
    shop.call(1, "+13055550123", 1_000).await;
    shop.open_cabin(0).await;
    shop.call(0, "+351912345678", 1_000).await;
    assert_eq!(
        kinds(&mut socket, "cabinActivity", 5).await,
        ["CABIN_OPENED", "CALL_AUTHORIZED", "CALL_RINGING", "CALL_ANSWERED", "CALL_ENDED"]
    );
    shop.finish().await;
});

on_both!(live_calls_tick, |backend: Backend| async move {
    let shop = Shop::start(backend, 1).await;
    shop.open_register().await;
    shop.open_cabin(0).await;
    let mut socket = Socket::open(shop.server.http, shop.attendant.token()).await;
    socket.subscribe("1", LIVE, json!({ "s": shop.id })).await;
    assert_eq!(socket.next().await["liveCalls"]["calls"], json!([]));
    let answer = shop.hook().authorize(&shop.phones[0].user, "+13055550123").await;
    let start = Utc::now() - TimeDelta::seconds(33);
    let events = answered_call(&answer["ref"], start, 600_000);
    assert_eq!(shop.hook().events(&events[..2]).await, ["applied"; 2]);
    // the call was answered half a minute ago at 0.06 per minute, so each second costs 0.001
    let mut ticks: Vec<(i64, String)> = Vec::new();
    while ticks.len() < 3 {
        let message = socket.next().await;
        let calls = message["liveCalls"]["calls"].as_array().expect("calls");
        if let Some(call) = calls.iter().find(|call| call["state"] == "ANSWERED") {
            ticks.push((call["elapsedSeconds"].as_i64().expect("seconds"), text(&call["cost"]["amount"])));
            ticks.dedup();
        }
    }
    assert!(ticks[0].0 >= 30 && ticks.is_sorted(), "{ticks:?}");
    for (seconds, cost) in &ticks {
        assert_eq!(cost, &format!("0.0{seconds}").trim_end_matches('0').to_owned(), "{seconds} s");
    }
    let end = json!({ "by": "caller", "cause": "bye", "answered_ts": events[1]["ts"] });
    assert_eq!(shop.hook().events(&[event("ended", &answer["ref"], Utc::now(), end)]).await, ["applied"]);
    while socket.next().await["liveCalls"]["calls"] != json!([]) {}
    shop.finish().await;
});

on_both!(a_stranger_watches_nothing, |backend: Backend| async move {
    let shop = Shop::start(backend, 1).await;
    let mut socket = Socket::open(shop.server.http, shop.attendant.token()).await;
    let foreign = graphql::scalars::Kind::Callshop.id(uuid::Uuid::now_v7());
    socket.subscribe("1", SHOP, json!({ "s": foreign.as_str() })).await;
    let message = socket.receive().await;
    let shown = message.to_string();
    assert!(shown.contains("NOT_FOUND"), "{shown}");
    // ending the login also ends the socket
    shop.attendant.ok("mutation { logout(input: { everywhere: true }) { done } }", json!({})).await;
    assert_eq!(socket.closed().await.0, 4403);
    shop.finish().await;
});

/// The kinds of a callshop's events after this number, and the number of the last event.
async fn kinds_after(shop: &Shop, seq: &mut i64) -> Vec<String> {
    let callshop = graphql::scalars::Kind::Callshop.parse(&shop.id.clone().into()).expect("an id");
    let rows = entity::activity::Entity::find()
        .filter(entity::activity::Column::CallshopId.eq(callshop))
        .filter(entity::activity::Column::Seq.gt(*seq))
        .order_by_asc(entity::activity::Column::Seq);
    let rows = rows.all(shop.server.app.store.reader()).await.expect("events");
    *seq = rows.last().map_or(*seq, |row| row.seq);
    rows.iter().map(|row| row.kind.as_str().to_owned()).collect()
}

on_both!(every_change_has_an_event_of_its_own, |backend: Backend| async move {
    let shop = Shop::start(backend, 2).await;
    let mut seq = 0;
    kinds_after(&shop, &mut seq).await;
    let (id, cabins, phone) = (&shop.id, &shop.cabins, &shop.phones[0].id);
    let key = |key: &str| json!({ "idempotencyKey": key });
    let with = |mut input: serde_json::Value, more: serde_json::Value| {
        input.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        input
    };
    let money = |amount: &str| json!({ "amount": amount, "currency": "BRL" });
    let mut step = async |by: &tests::Client,
                          mutation: &str,
                          input: serde_json::Value,
                          fields: &str,
                          expected: &[&str]| {
        let ty = match mutation {
            "blockPhone" | "unblockPhone" | "rotatePhoneSecret" => "PhoneIdInput".to_owned(),
            "blockDestination" | "unblockDestination" => "BlockDestinationInput".to_owned(),
            "suspendAccount" | "resumeAccount" => "AccountIdInput".to_owned(),
            "disableUser" | "enableUser" => "UserIdInput".to_owned(),
            _ => tests::client::input_type(mutation),
        };
        let made = by.did(mutation, &ty, input, fields).await;
        assert_eq!(kinds_after(&shop, &mut seq).await, expected, "{mutation}");
        made
    };
    let float = with(json!({ "callshopId": id, "float": "100" }), key("open"));
    step(&shop.attendant, "openRegister", float, "shift { id }", &["REGISTER_OPENED"]).await;
    let coins =
        with(json!({ "callshopId": id, "kind": "PAY_IN", "amount": "5", "reason": "coins" }), key("coins"));
    step(&shop.attendant, "recordCashMovement", coins, "movement { reason }", &["CASH_MOVED"]).await;
    let opened = step(
        &shop.attendant,
        "openCabin",
        json!({ "cabinId": cabins[0] }),
        "session { id }",
        &["CABIN_OPENED"],
    )
    .await;
    let session = json!({ "sessionId": opened["session"]["id"] });
    let of = |more| with(session.clone(), more);
    let shown = "session { items { itemId } }";
    step(
        &shop.attendant,
        "updateSessionLimits",
        of(json!({ "spendingLimit": "9" })),
        shown,
        &["LIMITS_CHANGED"],
    )
    .await;
    let water = with(of(json!({ "description": "Water", "unitPrice": "2" })), key("water"));
    let made = step(&shop.attendant, "addSessionItem", water, shown, &["ITEM_ADDED"]).await;
    let item = json!({ "itemId": made["session"]["items"][0]["itemId"] });
    step(&shop.attendant, "removeSessionItem", of(item), shown, &["ITEM_REMOVED"]).await;
    let there = of(json!({ "cabinId": cabins[1] }));
    step(&shop.attendant, "moveSession", there, shown, &["SESSION_MOVED", "SESSION_MOVED"]).await;
    step(&shop.attendant, "voidSession", session.clone(), shown, &["SESSION_VOIDED"]).await;
    let prepaid = with(
        json!({ "cabinId": cabins[0], "mode": "PREPAID", "deposit": { "amount": "5" } }),
        key("prepaid"),
    );
    let opened = step(&shop.attendant, "openCabin", prepaid, "session { id }", &["CABIN_OPENED"]).await;
    let more = with(json!({ "sessionId": opened["session"]["id"], "amount": "5" }), key("more"));
    step(&shop.attendant, "addDeposit", more, "session { id }", &["DEPOSIT_ADDED"]).await;

    for mutation in ["blockPhone", "unblockPhone", "rotatePhoneSecret"] {
        step(&shop.reseller, mutation, json!({ "phoneId": phone }), "phone { id }", &["PHONE_CHANGED"]).await;
    }
    let phones = json!({ "callshopId": id, "count": 2 });
    step(&shop.reseller, "createPhones", phones, "phones { phone { id } }", &["PHONE_CHANGED"]).await;
    let account = json!({ "accountId": id });
    let on = |more| with(account.clone(), more);
    let top_up = with(on(json!({ "amount": money("7") })), key("top-up"));
    step(&shop.reseller, "topUp", top_up, "balance { amount }", &["CREDIT_CHANGED"]).await;
    let adjust = with(on(json!({ "amount": money("-1"), "reason": "mistake" })), key("adjust"));
    let adjusted = step(&shop.reseller, "adjustCredit", adjust, "transferId", &["CREDIT_CHANGED"]).await;
    let reverse =
        with(json!({ "transferId": adjusted["transferId"], "reason": "no mistake" }), key("reverse"));
    step(&shop.reseller, "reverseTransfer", reverse, "transferId", &["CREDIT_CHANGED"]).await;
    step(
        &shop.reseller,
        "setCreditLimit",
        on(json!({ "limit": "10" })),
        "callshop { id }",
        &["CREDIT_CHANGED"],
    )
    .await;
    step(
        &shop.reseller,
        "setLowCredit",
        on(json!({ "amount": "3" })),
        "callshop { id }",
        &["CREDIT_CHANGED"],
    )
    .await;
    let prefix = json!({ "callshopId": id, "prefix": "882" });
    for mutation in ["blockDestination", "unblockDestination"] {
        step(&shop.reseller, mutation, prefix.clone(), "callshop { id }", &["PRICES_CHANGED"]).await;
    }
    let plan = json!({ "callshopId": id, "country": "BR", "areaCode": "21" });
    step(&shop.reseller, "setDialPlan", plan, "callshop { id }", &["SETTINGS_CHANGED"]).await;
    step(
        &shop.reseller,
        "updateAccount",
        on(json!({ "name": "New" })),
        "callshop { id }",
        &["SETTINGS_CHANGED"],
    )
    .await;
    let settings = json!({ "callshopId": id, "receiptFooter": "Thank you" });
    step(&shop.owner, "updateCallshopSettings", settings, "callshop { id }", &["SETTINGS_CHANGED"]).await;
    step(&shop.reseller, "suspendAccount", account.clone(), "callshop { id }", &["SHOP_SUSPENDED"]).await;
    step(&shop.reseller, "resumeAccount", account.clone(), "callshop { id }", &["SHOP_RESUMED"]).await;
    // an account above the callshop
    let above = json!({ "accountId": shop.reseller_id });
    step(&shop.distributor, "suspendAccount", above.clone(), "account { id }", &["SHOP_SUSPENDED"]).await;
    step(&shop.distributor, "resumeAccount", above, "account { id }", &["SHOP_RESUMED"]).await;

    let user = on(json!({ "role": "ATTENDANT", "user": tests::shop::person() }));
    let made = step(&shop.owner, "createUser", user, "user { id }", &["USERS_CHANGED"]).await;
    let user = json!({ "userId": made["user"]["id"] });
    let named = with(user.clone(), json!({ "displayName": "Ana" }));
    step(&shop.owner, "updateUser", named, "user { id }", &["USERS_CHANGED"]).await;
    for mutation in ["disableUser", "enableUser"] {
        step(&shop.owner, mutation, user.clone(), "user { id }", &["USERS_CHANGED"]).await;
    }

    let shown = format!("{{ callshop(id: {}) {{ retailTariff {{ id }} }} }}", json!(id));
    let tariff = shop.reseller.ok(&shown, json!({})).await["callshop"]["retailTariff"]["id"].clone();
    let rate = json!({ "tariffId": tariff, "rates": [{ "prefix": "4420", "destination": "London", "pricePerMinute": "0.20" }] });
    let draft = step(&shop.reseller, "upsertRates", rate, "version { id }", &[]).await;
    let version = json!({ "versionId": draft["version"]["id"] });
    step(&shop.reseller, "activateTariffVersion", version, "version { id }", &["PRICES_CHANGED"]).await;
    shop.finish().await;
});
