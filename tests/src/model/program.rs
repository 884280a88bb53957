//! The application that runs the cases, with a new branch of the account tree for each case.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use api::config::Config;
use app::App;
use app::auth::Actor;
use app::calls::writer::CallWriter;
use billing::number::DialPlan;
use chrono::{DateTime, TimeDelta, Utc};
use entity::{AccountKind, Micros, Role, RoundingMode};
use sea_orm::{EntityTrait as _, IntoActiveModel as _};
use serde_json::json;
use store::ledger;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::books::{CASH_STEP, CEILING, LONGEST};
use super::ops::{ACCOUNTS, CABINS, Case, PARENTS, PREFIXES, SHOPS};
use super::prices::TARIFFS;
use crate::proxy::FakeProxy;
use crate::server::{Backend, HOOK_SECRET, TestTime, proxy};

/// Maximum number of seconds for which a call reserves money at a time. This time is short, so that calls are often extended.
const SLICE: u32 = 40;

/// An application without listeners on its own database.
pub struct Program {
    /// The application.
    pub app: Arc<App>,
    /// Accepts the proxy's call attempts and events.
    pub writer: CallWriter,
    /// The application's clock.
    pub time: TestTime,
    tally: Mutex<BTreeMap<String, u64>>,
    tariffs: Vec<Uuid>,
    _dir: tempfile::TempDir,
    _proxy: FakeProxy,
    _stop: tokio_util::sync::DropGuard,
}

/// A case's branch of the account tree.
pub struct Branch {
    /// The root, distributor, reseller, sub-reseller, and two callshops.
    pub accounts: [entity::account::Model; ACCOUNTS],
    /// Cabins.
    pub cabins: Vec<Uuid>,
    /// SIP users of the cabins' phones.
    pub phones: Vec<String>,
    managers: [Uuid; ACCOUNTS],
    attendants: [Uuid; 2],
}

impl Program {
    /// Starts an application with this setting. The SQLite file is in memory if possible, because no case tests a power failure.
    pub async fn start(backend: Backend, charge_unacknowledged: bool) -> Self {
        let memory = std::path::Path::new("/dev/shm");
        let dir = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
        let dir = dir.expect("a temporary folder");
        let fake = FakeProxy::start().await;
        let mut config = Config {
            database_url: backend.new_database(&dir).await,
            database_connections: 4,
            ..Config::default()
        };
        config.hook.proxies = vec![proxy("test", fake.address)];
        config.hook.secrets = vec![HOOK_SECRET.to_owned().into()];
        config.calls.slice_seconds = SLICE;
        config.calls.charge_unacknowledged = charge_unacknowledged;
        // an event may report that a call ended up to a quarter of an hour before or after the current time
        config.calls.clock_skew_seconds = 3_600;
        let time = TestTime::default();
        let app = crate::server::node(config, time.clock()).await.app;
        let stop = CancellationToken::new();
        let (writer, _) = CallWriter::start(app.clone(), stop.clone());
        let tariffs = make_tariffs(&app).await;
        Self {
            app,
            writer,
            time,
            tally: Mutex::default(),
            tariffs,
            _dir: dir,
            _proxy: fake,
            _stop: stop.drop_guard(),
        }
    }

    /// Counts an occurrence of `what` for the summary.
    pub fn count(&self, what: &str) {
        *self.tally.lock().expect("the tally").entry(what.to_owned()).or_default() += 1;
    }

    /// Summary of counted occurrences.
    pub fn counted(&self) -> String {
        let tally = self.tally.lock().expect("the tally");
        let counts: Vec<String> = tally.iter().map(|(what, count)| format!("{what} {count}")).collect();
        counts.join(", ")
    }

    /// Creates a branch for a case, with its limits and tariffs.
    pub async fn branch(&self, case: &Case) -> Branch {
        let now = self.app.clock.now();
        let branch = Branch::new(case, &self.tariffs, now);
        let (accounts, shops) = (&branch.accounts, branch.shops());
        let (cabins, phones) = branch.cabins(now);
        let (shops, cabins, phones, users) = (&shops, &cabins, &phones, &branch.users(now));
        let made = self.app.store.write(|tx| async move {
            let conn = tx.conn();
            let rows = accounts.iter().cloned().map(|row| row.into_active_model());
            entity::account::Entity::insert_many(rows).exec_without_returning(conn).await?;
            for account in accounts {
                ledger::open_credit(conn, account.id, &account.currency).await?;
            }
            let rows = users.iter().cloned().map(|row| row.into_active_model());
            entity::user::Entity::insert_many(rows).exec_without_returning(conn).await?;
            let rows = shops.iter().cloned().map(|row| row.into_active_model());
            entity::callshop::Entity::insert_many(rows).exec_without_returning(conn).await?;
            let rows = phones.iter().cloned().map(|row| row.into_active_model());
            entity::phone::Entity::insert_many(rows).exec_without_returning(conn).await?;
            let rows = cabins.iter().cloned().map(|row| row.into_active_model());
            entity::cabin::Entity::insert_many(rows).exec_without_returning(conn).await?;
            Ok(())
        });
        made.await.expect("a branch");
        branch
    }
}

impl Branch {
    fn new(case: &Case, tariffs: &[Uuid], now: DateTime<Utc>) -> Self {
        let mut accounts: Vec<entity::account::Model> = Vec::new();
        let tariff = |index: Option<usize>| index.map(|index| tariffs[index]);
        for (index, above) in PARENTS.into_iter().enumerate() {
            let id = Uuid::now_v7();
            let parent = accounts.get(above);
            let shop = SHOPS.iter().position(|shop| *shop == index);
            accounts.push(entity::account::Model {
                id,
                parent_id: parent.map(|parent| parent.id),
                path: format!("{}{}/", parent.map_or("", |parent| &parent.path), id.simple()),
                kind: match index {
                    0 => AccountKind::Platform,
                    1 => AccountKind::Distributor,
                    2 | 3 => AccountKind::Reseller,
                    _ => AccountKind::Callshop,
                },
                code: id.simple().to_string(),
                name: format!("Account {index}"),
                currency: "BRL".to_owned(),
                time_zone: "America/Sao_Paulo".to_owned(),
                locale: "pt-BR".to_owned(),
                country: "BR".to_owned(),
                cost_tariff_id: index.checked_sub(1).and_then(|below| tariff(case.tariffs[below])),
                retail_tariff_id: shop.and_then(|shop| tariff(case.tariffs[5 + shop])),
                credit_limit: index.checked_sub(1).and_then(|below| case.limits[below]).map(Micros),
                low_credit: shop.map(|_| Micros(500_000)),
                credit_low: false,
                suspended_at: None,
                created_at: now,
            });
        }
        let phones = CABINS.map(|_| Uuid::now_v7().simple().to_string());
        Self {
            accounts: accounts.try_into().expect("six accounts"),
            cabins: CABINS.map(|_| Uuid::now_v7()).to_vec(),
            phones: phones.to_vec(),
            managers: std::array::from_fn(|_| Uuid::now_v7()),
            attendants: std::array::from_fn(|_| Uuid::now_v7()),
        }
    }

    /// The actors' users. The users of the cases never log in.
    fn users(&self, now: DateTime<Utc>) -> Vec<entity::user::Model> {
        let managers = self.managers.iter().zip(&self.accounts);
        let attendants = self.attendants.iter().zip(SHOPS.map(|shop| &self.accounts[shop]));
        let user = |(id, account): (&Uuid, &entity::account::Model)| entity::user::Model {
            id: *id,
            account_id: account.id,
            name: id.simple().to_string(),
            display_name: "User".to_owned(),
            locale: None,
            role: Role::Attendant,
            password_hash: String::new(),
            disabled_at: None,
            failed_logins: 0,
            last_failed_at: None,
            totp_seed: None,
            totp_since: None,
            totp_step: None,
            recovery_hashes: None,
            created_at: now,
        };
        managers.chain(attendants).map(user).collect()
    }

    fn shops(&self) -> Vec<entity::callshop::Model> {
        let shop = |shop: usize| entity::callshop::Model {
            account_id: self.accounts[SHOPS[shop]].id,
            dial_plan: serde_json::to_value(DialPlan::for_country("BR")).expect("JSON"),
            max_call_seconds: i32::try_from(LONGEST).expect("seconds"),
            blocked_prefixes: json!([]),
            caller_id: String::new(),
            next_shift_number: 1,
            next_receipt_number: 1,
            cash_step: Some(Micros(CASH_STEP[shop])).filter(|step| step.0 != 10_000),
            legal_name: String::new(),
            tax_id: String::new(),
            address: String::new(),
            receipt_footer: String::new(),
            pix_key: None,
            pix_name: None,
            pix_city: None,
            mask_numbers: false,
            ending_soon_seconds: Some(60),
            attendant_max_discount: Micros(CEILING),
            attendant_max_refund: Micros(CEILING),
        };
        vec![shop(0), shop(1)]
    }

    fn cabins(&self, now: DateTime<Utc>) -> (Vec<entity::cabin::Model>, Vec<entity::phone::Model>) {
        let both =
            (1..).zip(CABINS).zip(&self.cabins).zip(&self.phones).map(|(((number, shop), id), user)| {
                let phone = entity::phone::Model {
                    id: Uuid::now_v7(),
                    callshop_id: self.accounts[SHOPS[shop]].id,
                    sip_user: user.clone(),
                    label: "Phone".to_owned(),
                    realm: "test".to_owned(),
                    ha1: String::new(),
                    blocked_at: None,
                    online: true,
                    online_changed_at: None,
                    contact: None,
                    source: None,
                    user_agent: None,
                    proxy: None,
                    created_at: now,
                };
                let cabin = entity::cabin::Model {
                    id: *id,
                    callshop_id: phone.callshop_id,
                    number,
                    label: "Cabin".to_owned(),
                    phone_id: Some(phone.id),
                    out_of_service: false,
                    retired_at: None,
                    created_at: now,
                };
                (cabin, phone)
            });
        both.unzip()
    }

    /// The actor that manages the children of an account.
    pub fn manager(&self, account: usize) -> Actor {
        let role = match account {
            0 => Role::Admin,
            1 => Role::Distributor,
            _ => Role::Reseller,
        };
        self.actor(account, self.managers[account], role)
    }

    /// A shop's owner or attendant.
    pub fn at_counter(&self, shop: usize, owner: bool) -> Actor {
        let account = SHOPS[shop];
        match owner {
            true => self.actor(account, self.managers[account], Role::CallshopOwner),
            false => self.actor(account, self.attendants[shop], Role::Attendant),
        }
    }

    fn actor(&self, account: usize, user_id: Uuid, role: Role) -> Actor {
        let mut actor = Actor::operator(&self.accounts[account]);
        (actor.user_id, actor.role) = (user_id, role);
        actor
    }
}

/// Creates the tariffs that all cases use.
async fn make_tariffs(app: &App) -> Vec<Uuid> {
    let begin = app.clock.now() - TimeDelta::days(1);
    let owner = app::accounts::ensure_platform(app).await.expect("an owner");
    let (mut tariffs, mut versions, mut rates) = (Vec::new(), Vec::new(), Vec::new());
    for prices in TARIFFS {
        let (tariff_id, version_id) = (Uuid::now_v7(), Uuid::now_v7());
        tariffs.push(entity::tariff::Model {
            id: tariff_id,
            account_id: owner.id,
            name: "Tariff".to_owned(),
            currency: "BRL".to_owned(),
            blocked_prefixes: json!([]),
            first_terms: json!(null),
            created_at: begin,
            last_number: None,
            archived_at: None,
        });
        let priced = PREFIXES.into_iter().zip(prices).filter_map(|(prefix, price)| Some((prefix, price?)));
        let of_version: Vec<_> = priced
            .map(|(prefix, price)| entity::rate::Model {
                version_id,
                prefix: prefix.to_owned(),
                destination: prefix.to_owned(),
                price_per_minute: Micros(price.minute),
                initial_price: (price.first != price.minute).then_some(Micros(price.first)),
                connection_fee: Micros(price.fee),
                initial_increment: i32::try_from(price.initial).expect("seconds"),
                increment: i32::try_from(price.increment).expect("seconds"),
                minimum_charge: Micros(price.minimum),
                free_seconds: i32::try_from(price.free).expect("seconds"),
                band_prices: json!({}),
            })
            .collect();
        versions.push(entity::tariff_version::Model {
            id: version_id,
            tariff_id,
            number: 1,
            active_from: Some(begin),
            starts_later: false,
            rounding_decimals: 4,
            rounding_mode: RoundingMode::HalfUp,
            time_zone: "America/Sao_Paulo".to_owned(),
            bands: json!([]),
            holidays: json!([]),
            rate_count: i32::try_from(of_version.len()).expect("few"),
            note: String::new(),
            base_version_id: None,
            source_version_id: None,
            source_revision: None,
            created_at: begin,
        });
        rates.extend(of_version);
    }
    let ids = tariffs.iter().map(|tariff| tariff.id).collect();
    let (tariffs, versions, rates) = (&tariffs, &versions, &rates);
    let made = app.store.write(|tx| async move {
        let conn = tx.conn();
        let rows = tariffs.iter().cloned().map(|row| row.into_active_model());
        entity::tariff::Entity::insert_many(rows).exec_without_returning(conn).await?;
        let rows = versions.iter().cloned().map(|row| row.into_active_model());
        entity::tariff_version::Entity::insert_many(rows).exec_without_returning(conn).await?;
        let rows = rates.iter().cloned().map(|row| row.into_active_model());
        entity::rate::Entity::insert_many(rows).exec_without_returning(conn).await?;
        Ok(())
    });
    made.await.expect("tariffs");
    ids
}
