//! Uses the API's use cases to create callshops that are open for business.

use app::accounts::{self, NewAccount};
use app::auth::Actor;
use app::tariffs::{self, Assignment, Import, ImportMode, NewTariff};
use app::{App, cabins, credit, phones, register, sessions, users};
use billing::money::{Micros, Rounding};
use entity::{AccountKind, Role};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use uuid::Uuid;

use crate::Result;

/// Maximum number of open cabins per callshop. The product has the same limit.
pub const MAX_CABINS: u32 = 200;
/// Callshops created concurrently.
const AT_ONCE: usize = 2;
/// Price per minute at each level of a branch: the customer, the callshop, and two resellers. The distributor pays the platform nothing. Therefore,
/// there is no single row that the calls of all branches share.
const PRICES: [&str; 5] = ["0.2399", "0.1999", "0.1599", "0.1199", "0"];

/// Opens `shops` callshops with about `phones` phones in total, each in an open cabin. Each callshop has its own branch, or all share one
/// branch. Returns the SIP users, alternating between callshops.
pub async fn open_shops(app: &App, shops: u32, phones: u32, one_branch: bool) -> Result<Vec<String>> {
    let each = phones.div_ceil(shops).clamp(1, MAX_CABINS);
    let platform = accounts::ensure_platform(app).await?;
    let mut operator = Actor::operator(&platform);
    // the command line's operator has no user id, but the shops must be opened by a user
    operator.user_id = users::create(app, &operator, platform.id, new_user()).await?.id;
    let operator = &operator;
    let shared = if one_branch { Some(open_branch(app, operator, platform.id, 0).await?) } else { None };
    let opened: Vec<Vec<String>> = stream::iter(0..shops)
        .map(|number| {
            let shared = shared.clone();
            async move {
                let branch = match shared {
                    Some(branch) => branch,
                    None => open_branch(app, operator, platform.id, number).await?,
                };
                open_shop(app, operator, &branch, number, each).await
            }
        })
        .buffer_unordered(AT_ONCE)
        .try_collect()
        .await?;
    let in_turn =
        (0..each as usize).flat_map(|cabin| opened.iter().filter_map(move |users| users.get(cabin).cloned()));
    Ok(in_turn.collect())
}

/// Creates a distributor and two nested resellers. Returns the ids of the platform and of these accounts, in this order.
async fn open_branch(app: &App, operator: &Actor, platform: Uuid, number: u32) -> Result<Vec<Uuid>> {
    let mut chain = vec![platform];
    for (kind, name, price) in [
        (AccountKind::Distributor, "Distributor", PRICES[4]),
        (AccountKind::Reseller, "Reseller", PRICES[3]),
        (AccountKind::Reseller, "City", PRICES[2]),
    ] {
        let parent = chain[chain.len() - 1];
        let account = open_account(app, operator, parent, kind, &format!("{name} {number}")).await?;
        assign_price(app, operator, parent, account.id, Assignment::Cost, price).await?;
        chain.push(account.id);
    }
    Ok(chain)
}

async fn open_account(
    app: &App,
    operator: &Actor,
    parent: Uuid,
    kind: AccountKind,
    name: &str,
) -> Result<entity::account::Model> {
    let account = accounts::create(app, operator, new_account(parent, kind, name)).await?.account;
    credit::set_limit(app, operator, account.id, Some(Micros(1_000_000_000_000))).await?;
    Ok(account)
}

/// Creates a callshop at the end of a branch.
async fn open_shop(
    app: &App,
    operator: &Actor,
    branch: &[Uuid],
    number: u32,
    cabins: u32,
) -> Result<Vec<String>> {
    let parent = *branch.last().ok_or("the branch has a last account")?;
    let name = format!("Callshop {number}");
    let shop = open_account(app, operator, parent, AccountKind::Callshop, &name).await?;
    assign_price(app, operator, parent, shop.id, Assignment::Retail, PRICES[0]).await?;
    assign_price(app, operator, parent, shop.id, Assignment::Cost, PRICES[1]).await?;
    equip(app, operator, &owner_of(&shop, operator.user_id), cabins).await
}

/// The callshop's owner opens the cabins, because the platform's operator cannot open cabins.
fn owner_of(shop: &entity::account::Model, user_id: Uuid) -> Actor {
    let mut owner = Actor::operator(shop);
    (owner.role, owner.user_id) = (Role::CallshopOwner, user_id);
    owner
}

fn new_user() -> users::NewUser {
    users::NewUser {
        name: format!("bench.{}", Uuid::now_v7().as_u128() % 1_000_000_000),
        display_name: "Benchmark".to_owned(),
        role: Role::Admin,
        password: "a password of the benchmark".to_owned(),
    }
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
    let import = Import {
        tariff_id: tariff.id,
        file: csv.into_bytes(),
        mapping: None,
        base_version_id: None,
        mode: ImportMode::Replace,
        by_date: false,
        dry_run: false,
        note: String::new(),
    };
    let version =
        tariffs::import(app, operator, import, |_| {}).await?.version.ok_or("a price list was refused")?;
    tariffs::activate(app, operator, version.version.id, None).await?;
    tariffs::assign(app, operator, payer, Some(tariff.id), kind).await?;
    Ok(())
}

/// Creates phones in open cabins. Returns the phones' SIP users.
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
