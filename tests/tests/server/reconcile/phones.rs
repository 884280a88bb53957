//! Tests the states of phones, which follow the registrations that the proxies list.

use super::*;

on_both!(phones_are_set_online_and_offline_as_the_proxy_has_them, |backend: Backend| async move {
    let mut stage = Stage::set(backend, 4).await;
    let users: Vec<String> = stage.shop.phones.iter().map(|phone| phone.user.clone()).collect();
    let online = |user: &String, at| {
        let contact = format!("<sip:{user}@127.0.0.9:5060>");
        let more = json!({ "user": user, "contact": contact, "src": "127.0.0.9:5060" });
        event("online", &Value::Null, at, more)
    };
    let events = [online(&users[1], stage.now()), online(&users[2], stage.now())];
    assert_eq!(stage.shop.hook().events(&events).await, ["applied"; 2]);
    // the first phone registered and the second phone unregistered, both without an event to the API; another event is waiting
    stage.lists(|lists| (lists.phones, lists.waiting) = (vec![users[0].clone(), users[2].clone()], 1));
    stage.round().await;
    let state = async |stage: &Stage| {
        let query = "query($id: ID!) { phones(callshopId: $id, first: 10) { nodes { online } } }";
        let data = stage.shop.attendant.ok(query, json!({ "id": stage.shop.id })).await;
        let phones = data["phones"]["nodes"].as_array().expect("phones").clone();
        phones.iter().map(|phone| phone["online"].as_bool().expect("a state")).collect::<Vec<_>>()
    };
    assert_eq!(state(&stage).await, [false, true, true, false]);
    stage.lists(|lists| lists.waiting = 0);
    stage.round().await;
    assert_eq!(state(&stage).await, [true, false, true, false]);
    let heads = activity::Entity::find().count(stage.shop.server.app.store.reader()).await.expect("a count");
    let went = stage.activities(ActivityKind::PhoneOffline).await;
    assert_eq!(went.len(), 1);
    assert_eq!(stage.activities(ActivityKind::PhoneOnline).await.len(), 3);
    stage.round().await;
    let after = activity::Entity::find().count(stage.shop.server.app.store.reader()).await.expect("a count");
    assert_eq!(after, heads, "only changes may produce events");
    // an event that arrives after the list takes precedence over the list
    let later = stage.now() + TimeDelta::seconds(40);
    assert_eq!(stage.shop.hook().events(&[online(&users[3], later)]).await, ["applied"]);
    stage.round().await;
    assert_eq!(state(&stage).await, [true, false, true, true]);
    stage.finish().await;
});

on_both!(a_phone_at_two_proxies_is_where_it_registered_last, |backend: Backend| async move {
    const OTHER: &str = "other";
    let proxies = [FakeProxy::start().await, FakeProxy::start().await];
    let server = TestServer::start(backend, |config| {
        let known = [PROXY, OTHER].into_iter().zip(&proxies);
        config.hook.proxies = known.map(|(name, fake)| tests::server::proxy(name, fake.address)).collect();
    })
    .await;
    let shop = Shop::on(server, 1).await;
    let (time, user) = (shop.server.time().clone(), shop.phones[0].user.clone());
    let lists = |registered: Option<DateTime<Utc>>| {
        let mut lists = Lists::nothing(time.clone());
        lists.phones = registered.iter().map(|_| user.clone()).collect();
        lists.registered = registered.map(|at| (user.clone(), at)).into_iter().collect();
        lists
    };
    let phone = async || {
        let conn = shop.server.app.store.reader();
        entity::phone::Entity::find().one(conn).await.expect("the database answers").expect("a phone")
    };
    let looked = async || {
        let rows = proxies::Entity::find().all(shop.server.app.store.reader()).await.expect("rows");
        rows.into_iter().filter_map(|row| Some((row.name, row.listed_at?))).collect::<BTreeMap<_, _>>()
    };
    // each proxy is reconciled twice; a single reconciliation would not show that a phone alternates between the proxies
    let rounds = async || {
        let mut places = Vec::new();
        for _ in 0..2 {
            let before = looked().await;
            time.pass(TimeDelta::seconds(31));
            eventually("both proxies are reconciled", async || {
                let now = looked().await;
                places.push(phone().await.proxy);
                (now.len() == 2 && now.iter().all(|(name, at)| before.get(name) < Some(at))).then_some(())
            })
            .await;
        }
        places.push(phone().await.proxy);
        places.dedup();
        places
    };
    let start = time.now();
    proxies[0].list(lists(Some(start - TimeDelta::seconds(100))));
    proxies[1].list(lists(None));
    rounds().await;
    assert_eq!((phone().await.online, phone().await.proxy.as_deref()), (true, Some(PROXY)));
    // the phone moves to another proxy without an event; the old proxy lists it until its registration expires
    proxies[1].list(lists(Some(time.now())));
    let places = rounds().await;
    assert_eq!(places.last().expect("a place").as_deref(), Some(OTHER));
    assert_eq!(rounds().await, [Some(OTHER.to_owned())], "the phone must stay at the new proxy");
    // the phone's registration at the old proxy expires, but the new registration stays
    let contact = format!("sip:{user}@127.0.0.9:5060");
    let expired = event(
        "offline",
        &Value::Null,
        time.now(),
        json!({ "user": user, "contact": contact, "why": "expired" }),
    );
    assert_eq!(shop.hook().events(&[expired]).await, ["ignored"]);
    assert!(phone().await.online);
    // the phone returns to the first proxy, which reports the registration, while the other proxy still lists the phone
    let more = json!({ "user": user, "contact": contact });
    assert_eq!(shop.hook().events(&[event("online", &Value::Null, time.now(), more)]).await, ["applied"]);
    proxies[0].list(lists(Some(time.now())));
    assert_eq!(rounds().await, [Some(PROXY.to_owned())], "the phone must stay at the first proxy");
    // later, no proxy lists the phone
    proxies.iter().for_each(|fake| fake.list(lists(None)));
    rounds().await;
    assert!(!phone().await.online);
    shop.finish().await;
});
