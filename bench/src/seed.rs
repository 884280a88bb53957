//! Callshops that are open for business, made through the use cases that the API calls.

use api::app::accounts::{self, NewAccount};
use api::app::tariffs::{self, Assignment, Import, ImportMode, NewTariff};
use api::app::{App, cabins, credit, phones, register, sessions};
use api::auth::Actor;
use billing::money::{Micros, Rounding};
use entity::{AccountKind, Role};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use uuid::Uuid;

use crate::Result;

/// Open cabins of a callshop at most: the product's own bound.
const MAX_CABINS: u32 = 200;
/// Callshops made side by side.
const AT_ONCE: usize = 2;
/// What a call of ninety seconds costs at each level of a branch, per minute: the customer, the callshop, two resellers; the distributor
/// pays the platform nothing, so that no row is written by the calls of all branches.
const PRICES: [&str; 5] = ["0.2399", "0.1999", "0.1599", "0.1199", "0"];

/// Opens `shops` callshops with some `phones` phones over all, each phone in an open cabin. The SIP users, callshops in turn.
pub async fn open_shops(app: &App, shops: u32, phones: u32) -> Result<Vec<String>> {
    let each = phones.div_ceil(shops).clamp(1, MAX_CABINS);
    let platform = accounts::ensure_platform(app).await?;
    let operator = &Actor::operator(&platform);
    let opened: Vec<Vec<String>> = stream::iter(0..shops)
        .map(|number| open_shop(app, operator, platform.id, number, each))
        .buffer_unordered(AT_ONCE)
        .try_collect()
        .await?;
    let in_turn =
        (0..each as usize).flat_map(|cabin| opened.iter().filter_map(move |users| users.get(cabin).cloned()));
    Ok(in_turn.collect())
}

/// A branch of the account tree with one callshop at its end.
async fn open_shop(
    app: &App,
    operator: &Actor,
    platform: Uuid,
    number: u32,
    cabins: u32,
) -> Result<Vec<String>> {
    let mut chain = vec![platform];
    let mut owner = None;
    for (kind, name) in [
        (AccountKind::Distributor, "Distributor"),
        (AccountKind::Reseller, "Reseller"),
        (AccountKind::Reseller, "City"),
        (AccountKind::Callshop, "Callshop"),
    ] {
        let parent = chain[chain.len() - 1];
        let account = accounts::create(app, operator, new_account(parent, kind, &format!("{name} {number}")))
            .await?
            .account;
        credit::set_limit(app, operator, account.id, Some(Micros(1_000_000_000_000))).await?;
        chain.push(account.id);
        owner = Some(account);
    }
    let shop = chain[chain.len() - 1];
    let owner = owner.as_ref().map(owner_of).ok_or("a branch has a callshop")?;
    // from the callshop up: who pays a level is one step below who is paid
    let payers = std::iter::once((shop, Assignment::Retail))
        .chain(chain[1..].iter().rev().map(|id| (*id, Assignment::Cost)));
    let sellers =
        std::iter::once(chain[chain.len() - 2]).chain(chain[..chain.len() - 1].iter().rev().copied());
    for (((payer, kind), seller), price) in payers.zip(sellers).zip(PRICES) {
        assign_price(app, operator, seller, payer, kind, price).await?;
    }
    equip(app, operator, &owner, cabins).await
}

/// The callshop's owner: the operator of the platform opens no cabins.
fn owner_of(shop: &entity::account::Model) -> Actor {
    let mut owner = Actor::operator(shop);
    owner.role = Role::CallshopOwner;
    owner
}

fn new_account(parent: Uuid, kind: AccountKind, name: &str) -> NewAccount {
    NewAccount {
        parent_id: Some(parent),
        kind,
        name: name.to_owned(),
        currency: (kind == AccountKind::Distributor).then(|| "BRL".to_owned()),
        time_zone: None,
        country: Some("BR".to_owned()),
        locale: None,
        user: None,
    }
}

async fn assign_price(
    app: &App,
    operator: &Actor,
    owner: Uuid,
    payer: Uuid,
    kind: Assignment,
    price: &str,
) -> Result<()> {
    let new = NewTariff {
        account_id: Some(owner),
        name: format!("{price} a minute"),
        currency: Some("BRL".to_owned()),
        rounding: Rounding::default(),
        time_zone: None,
        bands: Vec::new(),
        holidays: Vec::new(),
    };
    let tariff = tariffs::create(app, operator, new).await?;
    let rows: String = (1..=9).map(|digit| format!("{digit},Zone {digit},{price},0,30,6\n")).collect();
    let csv =
        format!("prefix,destination,rate_per_minute,connection_fee,initial_increment,increment\n{rows}");
    let import =
        Import { tariff_id: tariff.id, csv, mode: ImportMode::Replace, dry_run: false, note: String::new() };
    let version =
        tariffs::import(app, operator, import, |_| {}).await?.version.ok_or("a price list was refused")?;
    tariffs::activate(app, operator, version.version.id, None).await?;
    tariffs::assign(app, operator, payer, Some(tariff.id), kind).await?;
    Ok(())
}

/// Phones in open cabins; the SIP users.
async fn equip(app: &App, operator: &Actor, owner: &Actor, count: u32) -> Result<Vec<String>> {
    let shop = owner.account_id;
    let opening = register::Opening { callshop_id: shop, float: Micros::ZERO };
    register::open(app, owner, &format!("open {shop}"), opening).await?;
    let mut users = Vec::new();
    let mut left = count;
    while left > 0 {
        let some = left.min(phones::MAX_BATCH);
        left -= some;
        for new in phones::create(app, operator, shop, some, "Phone").await? {
            let number = i32::try_from(users.len())? + 1;
            users.push(new.phone.sip_user);
            let cabin = cabins::NewCabin {
                callshop_id: shop,
                number,
                label: format!("Cabin {number}"),
                phone_id: Some(new.phone.id),
            };
            let cabin = cabins::create(app, owner, cabin).await?.cabin;
            let opening = sessions::Opening {
                cabin_id: cabin.id,
                customer: String::new(),
                limits: sessions::Limits::default(),
                deposit: None,
            };
            sessions::open(app, owner, None, opening).await?;
        }
    }
    Ok(users)
}
