//! `callshop demo`: an open shop that needs no setup.
//!
//! Everything is created through the API's use cases, and the calls come through the hook. Therefore, the demo is the real product with simulated
//! phones.

use std::net::{IpAddr, Ipv4Addr};
use std::path::{Path, PathBuf};

use billing::money::{Micros, Rounding};
use entity::AccountKind;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::config::Config;
use crate::web::WebConfig;
use app::auth::login::{self, Origin};
use app::auth::{Actor, token};
use app::settings::SettingsChange;
use app::tariffs::{Assignment, Import, ImportMode, NewTariff};
use app::users::NewUser;
use app::webhooks::config::Network;
use app::{App, accounts, cabins, credit, phones, register, sessions, settings, tariffs, users};
use base::error::{Error, OrFault as _, Result};

/// The retail price list, with ten thousand real prefixes.
const RETAIL: &str = include_str!("../../examples/decks/world-10k.csv");
/// The random Pix key that the central bank's manual uses as an example. The key belongs to no bank account.
const PIX_KEY: &str = "123e4567-e12b-12d1-a456-426655440000";
/// File with the demo's generated logins and secrets.
const FILE: &str = "demo.json";
/// Number of cabins in the shop, and number of cabins that are open at the start.
const CABINS: i32 = 8;
const OPEN: usize = 5;

/// A login of the demo.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct DemoUser {
    /// `name@code`.
    pub login: String,
    /// Generated password.
    pub password: String,
    /// Name of the GraphQL `Role` value.
    pub role: String,
}

/// The demo's logins, secrets and ids, stored next to the database for the next start.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Demo {
    /// One user per role.
    pub users: Vec<DemoUser>,
    /// Secret of the hook.
    pub hook_secret: String,
    /// Id of the callshop.
    pub callshop: Uuid,
    /// Ids of the callshop's cabins, in the order of their numbers.
    pub cabins: Vec<Uuid>,
    /// SIP user names of the callshop's phones.
    pub phones: Vec<String>,
}

impl Demo {
    /// Loads the demo that an earlier start created in `dir`, if any.
    ///
    /// # Errors
    /// Fails if the file exists but cannot be read.
    pub fn load(dir: &Path) -> Result<Option<Self>> {
        match std::fs::read(path(dir)) {
            Ok(bytes) => serde_json::from_slice(&bytes).map(Some).or_fault(),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(Error::fault(error)),
        }
    }

    fn save(&self, dir: &Path) -> Result<()> {
        use std::io::Write as _;
        use std::os::unix::fs::OpenOptionsExt as _;
        let text = serde_json::to_vec_pretty(self).or_fault()?;
        // the file contains passwords, so only its owner may read it
        let file =
            std::fs::OpenOptions::new().create(true).truncate(true).write(true).mode(0o600).open(path(dir));
        file.and_then(|mut file| file.write_all(&text)).or_fault()
    }
}

fn path(dir: &Path) -> PathBuf {
    dir.join(FILE)
}

/// Configuration of a demo in `dir`: one SQLite file, and tokens that are valid for a day.
pub fn config(dir: &Path, hook_secret: &str) -> Config {
    let mut config = Config {
        database_url: format!("sqlite:{}", dir.join("callshop.db").display()),
        web: WebConfig::ALL,
        allow_loopback_origins: true,
        ..Config::default()
    };
    config.auth.access_seconds = 86_400;
    config.hook.secrets = vec![SecretString::from(hook_secret.to_owned())];
    // allow loopback addresses, because developers try webhooks with a receiver on the same machine
    config.webhooks.allow_private = Network::LOOPBACK.to_vec();
    config
}

/// Fills an empty database and opens the shop.
///
/// # Errors
/// Fails with the errors of the use cases.
pub async fn seed(app: &App, dir: &Path, hook_secret: &str) -> Result<Demo> {
    let platform = accounts::ensure_platform(app).await?;
    let operator = Actor::operator(&platform);
    let mut made = Vec::new();
    let admin = new_user("admin", "Ada Admin", entity::Role::Admin);
    made.push((
        users::create(app, &operator, platform.id, admin.clone()).await?,
        platform.code.clone(),
        admin.password,
    ));
    let mut parent = platform.id;
    let mut chain = Vec::new();
    for (kind, name, user) in [
        (
            AccountKind::Distributor,
            "Telefonia Atlântica",
            new_user("diana", "Diana Distributor", entity::Role::Distributor),
        ),
        (AccountKind::Reseller, "Revenda Paulista", new_user("rui", "Rui Reseller", entity::Role::Reseller)),
        (AccountKind::Callshop, "Callshop Sé", new_user("olga", "Olga Owner", entity::Role::CallshopOwner)),
    ] {
        let created = accounts::create(app, &operator, account(parent, kind, name, user.clone())).await?;
        let person = created
            .user
            .ok_or_else(|| Error::fault("the new account has no user; this is a bug, please report it"))?;
        made.push((person, created.account.code.clone(), user.password));
        parent = created.account.id;
        chain.push(created.account);
    }
    let [distributor, reseller, shop] = chain.as_slice() else {
        return Err(Error::fault("the demo did not create three accounts; this is a bug, please report it"));
    };
    let attendant = new_user("ana", "Ana Attendant", entity::Role::Attendant);
    made.push((
        users::create(app, &operator, shop.id, attendant.clone()).await?,
        shop.code.clone(),
        attendant.password,
    ));
    prices(app, &operator, [platform.id, distributor.id, reseller.id, shop.id]).await?;
    credit::set_limit(app, &operator, distributor.id, None).await?;
    for (account, amount) in [(reseller.id, 5_000), (shop.id, 1_000)] {
        let top_up = credit::TopUp {
            account_id: account,
            amount: Micros(amount * 1_000_000),
            currency: shop.currency.clone(),
            note: "opening credit".to_owned(),
        };
        credit::top_up(app, &operator, &format!("demo {account}"), top_up).await?;
    }
    accept_pix(app, &operator, shop.id).await?;
    let (cabins, phones) = equip(app, &operator, shop.id).await?;
    let users = made
        .into_iter()
        .map(|(user, code, password)| DemoUser {
            login: format!("{}@{code}", user.name),
            password,
            role: user.role.as_str().to_owned(),
        })
        .collect();
    let demo = Demo { users, hook_secret: hook_secret.to_owned(), callshop: shop.id, cabins, phones };
    open_shop(app, &demo).await?;
    demo.save(dir)?;
    Ok(demo)
}

fn new_user(name: &str, display_name: &str, role: entity::Role) -> NewUser {
    NewUser {
        name: name.to_owned(),
        display_name: display_name.to_owned(),
        role,
        password: token::random_code(12),
    }
}

fn account(parent: Uuid, kind: AccountKind, name: &str, user: NewUser) -> accounts::NewAccount {
    accounts::NewAccount {
        parent_id: Some(parent),
        kind,
        name: name.to_owned(),
        currency: (kind == AccountKind::Distributor).then(|| "BRL".to_owned()),
        time_zone: Some("America/Sao_Paulo".to_owned()),
        country: Some("BR".to_owned()),
        locale: Some("pt-BR".to_owned()),
        user: Some(user),
    }
}

/// Creates the tariffs of the demo. Customers pay the list price, the callshop pays 85% of it, the reseller 70%, and the distributor nothing.
async fn prices(
    app: &App,
    operator: &Actor,
    [platform, distributor, reseller, shop]: [Uuid; 4],
) -> Result<()> {
    let free: String = (1..=9).map(|digit| format!("{digit},World,0,0,1,1\n")).collect();
    let free =
        format!("prefix,destination,rate_per_minute,connection_fee,initial_increment,increment\n{free}");
    for (owner, payer, name, deck, kind) in [
        (platform, distributor, "Own carrier", free, Assignment::Cost),
        (distributor, reseller, "Wholesale", share(70)?, Assignment::Cost),
        (reseller, shop, "Callshops", share(85)?, Assignment::Cost),
        (reseller, shop, "Counter", RETAIL.to_owned(), Assignment::Retail),
    ] {
        let new = NewTariff {
            account_id: Some(owner),
            name: name.to_owned(),
            currency: Some("BRL".to_owned()),
            rounding: Rounding::default(),
            time_zone: Some("America/Sao_Paulo".to_owned()),
            bands: Vec::new(),
            holidays: Vec::new(),
        };
        let tariff = tariffs::create(app, operator, new).await?;
        let import = Import {
            tariff_id: tariff.id,
            file: deck.into_bytes(),
            mapping: None,
            base_version_id: None,
            mode: ImportMode::Replace,
            by_date: false,
            dry_run: false,
            note: "demo".to_owned(),
        };
        let outcome = tariffs::import(app, operator, import, |_| {}).await?;
        let version = outcome.version.ok_or_else(|| {
            Error::fault("the demo's rate deck was rejected; this is a bug, please report it")
        })?;
        tariffs::activate(app, operator, version.version.id, None).await?;
        tariffs::assign(app, operator, payer, Some(tariff.id), kind).await?;
    }
    Ok(())
}

/// The retail list at a percentage of its prices, billed per second.
fn share(percent: i64) -> Result<String> {
    let deck = billing::deck::parse_deck(RETAIL.as_bytes(), &billing::deck::DeckLimits::default());
    let part = |price: Micros| Micros(price.0 * percent / 100);
    let rates = deck.rates.into_iter().map(|rate| billing::tariff::Rate {
        price_per_minute: part(rate.price_per_minute),
        initial_price: rate.initial_price.map(part),
        connection_fee: part(rate.connection_fee),
        initial_increment: 1,
        increment: 1,
        ..rate
    });
    Ok(billing::deck::write_deck(&rates.collect::<Vec<_>>()))
}

/// Gives the shop a Pix key, so that bills have a code.
async fn accept_pix(app: &App, operator: &Actor, shop: Uuid) -> Result<()> {
    let change = SettingsChange {
        pix_key: Some(Some(PIX_KEY.to_owned())),
        pix_name: Some("Callshop Sé".to_owned()),
        pix_city: Some("São Paulo".to_owned()),
        ..SettingsChange::default()
    };
    settings::update(app, operator, shop, change).await?;
    Ok(())
}

async fn equip(app: &App, operator: &Actor, shop: Uuid) -> Result<(Vec<Uuid>, Vec<String>)> {
    let count = u32::try_from(CABINS).or_fault()?;
    let (mut made, mut users) = (Vec::new(), Vec::new());
    for (number, new) in (1..=CABINS).zip(phones::create(app, operator, shop, count, "Phone").await?) {
        users.push(new.phone.sip_user.clone());
        let cabin = cabins::NewCabin {
            callshop_id: shop,
            number,
            label: format!("Cabine {number}"),
            phone_id: Some(new.phone.id),
        };
        made.push(cabins::create(app, operator, cabin).await?.cabin.id);
    }
    Ok((made, users))
}

/// Opens the register with a counted drawer, and opens cabins for the first customers.
async fn open_shop(app: &App, demo: &Demo) -> Result<()> {
    let attendant = demo
        .users
        .last()
        .ok_or_else(|| Error::fault("the demo has no attendant; delete its folder to create a new demo"))?;
    let tokens = login::login(app, &attendant.login, attendant.password.clone(), &origin()).await?;
    let opening = register::Opening { callshop_id: demo.callshop, float: Micros(200_000_000) };
    register::open(app, &tokens.actor, "demo", opening).await?;
    for cabin in demo.cabins.iter().take(OPEN) {
        let opening = sessions::Opening {
            cabin_id: *cabin,
            customer: String::new(),
            limits: sessions::Limits::default(),
            deposit: None,
        };
        sessions::open(app, &tokens.actor, None, opening).await?;
    }
    Ok(())
}

/// Origin of the demo's own logins.
pub fn origin() -> Origin {
    Origin { address: IpAddr::V4(Ipv4Addr::LOCALHOST), user_agent: "callshop demo".to_owned() }
}

/// An access token for each user, in the order of `users`.
///
/// # Errors
/// Fails if a password was changed after the demo was created. A demo in a new folder has new passwords.
pub async fn tokens(app: &App, demo: &Demo) -> Result<Vec<String>> {
    let mut tokens = Vec::new();
    for user in &demo.users {
        tokens.push(login::login(app, &user.login, user.password.clone(), &origin()).await?.access);
    }
    Ok(tokens)
}
