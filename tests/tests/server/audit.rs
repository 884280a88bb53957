//! Tests that `callshop audit` names the right invariant each time a consistent database is damaged, for every kind of damage.

use api::cli::{Cli, run};
use app::ledger::audit;
use billing::money::Micros;
use chrono::{DateTime, TimeDelta, Utc};
use clap::Parser as _;
use entity::{
    AccountKind, Book, CallState, Charges, LevelCharge, LevelKey, Levels, MovementKind, PaymentKind,
    PaymentMethod, Prefix, RateKey, SessionMode, SessionState, TransferKind, account, cabin, cabin_session,
    call, callshop, cash_movement, payment, phone, rate, register_shift, tariff, tariff_version, user,
};
use sea_orm::{ConnectionTrait as _, DatabaseTransaction, EntityTrait as _, IntoActiveModel as _};
use serde_json::{Value, json};
use store::ledger::{self, CallCharge, Entry, NewTransfer};
use store::{Writes, calls};
use uuid::Uuid;

use tests::{TestServer, on_both};

/// Converts units to micros.
fn m(units: i64) -> Micros {
    Micros(units * 1_000_000)
}

/// A branch with two levels. The branch has ended, failed and live calls, paid, unpaid and refunded sessions, and a closed shift.
struct Books {
    platform: Uuid,
    reseller: Uuid,
    shop: Uuid,
    now: DateTime<Utc>,
    user: Uuid,
    cabin: Uuid,
    phone: Uuid,
    version: Uuid,
    shifts: [Uuid; 2],
    sessions: [Uuid; 3],
}

impl Books {
    fn new() -> Self {
        let id = Uuid::now_v7;
        let (shifts, sessions) = ([id(), id()], [id(), id(), id()]);
        Self {
            // this id is older than any import, because a damaged rate refers to it
            platform: store::first_id(Utc::now() - TimeDelta::days(1)),
            reseller: id(),
            shop: id(),
            now: Utc::now(),
            user: id(),
            cabin: id(),
            phone: id(),
            version: id(),
            shifts,
            sessions,
        }
    }

    async fn write(&self, tx: &DatabaseTransaction) {
        self.accounts(tx).await;
        self.tariff(tx).await;
        self.shop(tx).await;
        self.calls(tx).await;
        self.credit(tx).await;
        self.drawers(tx).await;
    }

    async fn accounts(&self, tx: &DatabaseTransaction) {
        let rows = [
            (self.platform, None, AccountKind::Platform, None),
            (self.reseller, Some(self.platform), AccountKind::Reseller, Some(m(0))),
            (self.shop, Some(self.reseller), AccountKind::Callshop, Some(m(10))),
        ];
        for (id, parent_id, kind, limit) in rows {
            let row = account::Model {
                id,
                parent_id,
                path: format!("{}/", id.simple()),
                kind,
                code: id.simple().to_string(),
                name: "Somebody".to_owned(),
                currency: "BRL".to_owned(),
                time_zone: "UTC".to_owned(),
                locale: "en".to_owned(),
                country: "BR".to_owned(),
                cost_tariff_id: None,
                retail_tariff_id: None,
                credit_limit: limit.map(Into::into),
                low_credit: None,
                credit_low: false,
                suspended_at: None,
                created_at: self.now,
            };
            account::Entity::insert(row.into_active_model())
                .exec_without_returning(tx)
                .await
                .expect("an account");
        }
    }

    async fn tariff(&self, tx: &DatabaseTransaction) {
        let tariff = tariff::Model {
            id: self.version,
            account_id: self.platform,
            name: "Tariff".to_owned(),
            currency: "BRL".to_owned(),
            blocked_prefixes: json!([]),
            first_terms: json!(null),
            created_at: self.now,
            last_number: None,
            archived_at: None,
        };
        tariff::Entity::insert(tariff.into_active_model())
            .exec_without_returning(tx)
            .await
            .expect("a tariff");
        let version = tariff_version::Model {
            id: self.version,
            tariff_id: self.version,
            number: 1,
            active_from: None,
            starts_later: false,
            rounding_decimals: 4,
            rounding_mode: entity::RoundingMode::HalfUp,
            time_zone: "UTC".to_owned(),
            bands: json!([]),
            holidays: json!([]),
            rate_count: 0,
            note: String::new(),
            base_version_id: None,
            source_version_id: None,
            source_revision: None,
            created_at: self.now,
        };
        tariff_version::Entity::insert(version.into_active_model())
            .exec_without_returning(tx)
            .await
            .expect("a version");
        let rate = rate::Model {
            version_id: self.version,
            prefix: "1".to_owned(),
            destination: "US".to_owned(),
            price_per_minute: m(1).into(),
            initial_price: None,
            connection_fee: m(0).into(),
            initial_increment: 1,
            increment: 1,
            minimum_charge: m(0).into(),
            free_seconds: 0,
            band_prices: json!([]),
        };
        rate::Entity::insert(rate.into_active_model()).exec_without_returning(tx).await.expect("a rate");
    }

    /// A user, a phone, and its cabin.
    async fn equipment(&self, tx: &DatabaseTransaction) {
        let user = user::Model {
            id: self.user,
            account_id: self.shop,
            name: "ana".to_owned(),
            display_name: "Ana".to_owned(),
            locale: None,
            role: entity::Role::Attendant,
            password_hash: String::new(),
            disabled_at: None,
            failed_logins: 0,
            last_failed_at: None,
            totp_seed: None,
            totp_since: None,
            totp_step: None,
            recovery_hashes: None,
            created_at: self.now,
        };
        user::Entity::insert(user.into_active_model()).exec_without_returning(tx).await.expect("a user");
        let phone = phone::Model {
            id: self.phone,
            callshop_id: self.shop,
            sip_user: self.phone.simple().to_string(),
            label: String::new(),
            realm: String::new(),
            ha1: String::new(),
            blocked_at: None,
            online: false,
            online_changed_at: None,
            contact: None,
            source: None,
            user_agent: None,
            proxy: None,
            created_at: self.now,
        };
        phone::Entity::insert(phone.into_active_model()).exec_without_returning(tx).await.expect("a phone");
        let cabin = cabin::Model {
            id: self.cabin,
            callshop_id: self.shop,
            number: 1,
            label: String::new(),
            phone_id: Some(self.phone),
            out_of_service: false,
            retired_at: None,
            created_at: self.now,
        };
        cabin::Entity::insert(cabin.into_active_model()).exec_without_returning(tx).await.expect("a cabin");
    }

    async fn shop(&self, tx: &DatabaseTransaction) {
        let zero = m(0).into();
        let settings = callshop::Model {
            account_id: self.shop,
            dial_plan: json!({}),
            max_call_seconds: 60,
            blocked_prefixes: json!([]),
            caller_id: String::new(),
            next_shift_number: 3,
            next_receipt_number: 3,
            cash_step: None,
            legal_name: String::new(),
            tax_id: String::new(),
            address: String::new(),
            receipt_footer: String::new(),
            pix_key: None,
            pix_name: None,
            pix_city: None,
            mask_numbers: false,
            ending_soon_seconds: None,
            attendant_max_discount: zero,
            attendant_max_refund: zero,
        };
        callshop::Entity::insert(settings.into_active_model())
            .exec_without_returning(tx)
            .await
            .expect("a shop");
        self.equipment(tx).await;
        let z_report = json!({ "methods": [
            { "method": "CASH", "expected": "125" }, { "method": "CARD", "expected": "5" } ] });
        for (number, (id, float, report)) in
            (1..).zip([(self.shifts[0], m(100), Some(z_report)), (self.shifts[1], m(0), None)])
        {
            let shift = register_shift::Model {
                id,
                callshop_id: self.shop,
                number,
                opened_by: self.user,
                opened_at: self.now,
                float_amount: float.into(),
                closed_by: None,
                closed_at: report.is_some().then_some(self.now),
                z_report: report,
            };
            register_shift::Entity::insert(shift.into_active_model())
                .exec_without_returning(tx)
                .await
                .expect("a shift");
        }
        let movement = cash_movement::Model {
            id: Uuid::now_v7(),
            callshop_id: self.shop,
            shift_id: self.shifts[0],
            kind: MovementKind::PayIn,
            amount: m(20).into(),
            reason: "change".to_owned(),
            user_id: self.user,
            at: self.now,
        };
        cash_movement::Entity::insert(movement.into_active_model())
            .exec_without_returning(tx)
            .await
            .expect("a movement");
        self.sessions(tx).await;
    }

    async fn sessions(&self, tx: &DatabaseTransaction) {
        let open = cabin_session::Model {
            id: self.sessions[2],
            callshop_id: self.shop,
            cabin_id: self.cabin,
            shift_id: self.shifts[1],
            mode: SessionMode::Prepaid,
            state: SessionState::Open,
            customer: String::new(),
            spending_limit: None,
            time_limit: None,
            carried_over: false,
            opened_by: self.user,
            opened_at: self.now,
            closed_by: None,
            closed_at: None,
            total: None,
            settled_shift_id: None,
            settled_by: None,
            settled_at: None,
            cash_rounding: m(0).into(),
            receipt_number: None,
            deposit: m(15).into(),
            deposit_low: false,
            calls_total: None,
            items_total: None,
            discounts_total: None,
            rounding: None,
            refunded: m(0).into(),
        };
        let settled = |id, number, parts: [i64; 4], deposit, refunded| cabin_session::Model {
            id,
            cabin_id: self.cabin,
            shift_id: self.shifts[0],
            state: SessionState::Settled,
            closed_at: Some(self.now),
            total: Some(Micros(parts[0] + parts[1] - parts[2] + parts[3]).into()),
            calls_total: Some(Micros(parts[0]).into()),
            items_total: Some(Micros(parts[1]).into()),
            discounts_total: Some(Micros(parts[2]).into()),
            rounding: Some(Micros(parts[3]).into()),
            receipt_number: Some(number),
            deposit,
            refunded,
            ..open.clone()
        };
        let prepaid = settled(
            self.sessions[0],
            1,
            [6_300_000, 2_000_000, 1_000_000, -300_000],
            m(10).into(),
            m(0).into(),
        );
        let postpaid = settled(self.sessions[1], 2, [0, 5_000_000, 0, 0], m(0).into(), m(2).into());
        for session in [prepaid, postpaid, open] {
            cabin_session::Entity::insert(session.into_active_model())
                .exec_without_returning(tx)
                .await
                .expect("a session");
        }
        for (session, shift, kind, method, amount) in [
            (0, 0, PaymentKind::Deposit, PaymentMethod::Cash, 10),
            (0, 0, PaymentKind::DepositRefund, PaymentMethod::Cash, 3),
            (1, 0, PaymentKind::Sale, PaymentMethod::Card, 5),
            (1, 0, PaymentKind::Refund, PaymentMethod::Cash, 2),
            (2, 1, PaymentKind::Deposit, PaymentMethod::Pix, 15),
        ] {
            let row = payment::Model {
                id: Uuid::now_v7(),
                callshop_id: self.shop,
                session_id: self.sessions[session],
                shift_id: self.shifts[shift],
                method,
                amount: m(amount).into(),
                user_id: self.user,
                at: self.now,
                kind,
                reason: None,
                reference: None,
            };
            payment::Entity::insert(row.into_active_model())
                .exec_without_returning(tx)
                .await
                .expect("a payment");
        }
    }

    /// Creates a call that was paid for, a call that was not answered, and a live call.
    async fn calls(&self, tx: &DatabaseTransaction) {
        let rate = RateKey { version_id: self.version, prefix: Prefix::parse("1").expect("a prefix") };
        let level = |account_id: Uuid, payee_id: Uuid| LevelKey { account_id, payee_id, rate };
        let levels = [
            level(self.shop, self.shop),
            level(self.shop, self.reseller),
            level(self.reseller, self.platform),
        ];
        let levels = Levels::new(self.shop, &levels).expect("a chain of payers");
        let mut paid = Uuid::nil();
        for (state, answered, charge, holds) in [
            (CallState::Ended, true, 6_300_000, json!([])),
            (CallState::Failed, false, 0, json!([])),
            (CallState::Answered, true, 0, json!([3_000_000, 2_000_000, 1_000_000])),
        ] {
            let mut call = self.call(state, answered, Micros(charge), holds, levels.clone());
            if state == CallState::Ended {
                paid = call.id;
                let charges = [6_300_000, 4_000_000, 3_000_000];
                call.charges = Charges::new(
                    &charges.map(|amount| LevelCharge { billed_seconds: 60, amount: entity::Micros(amount) }),
                );
            }
            calls::insert(tx, &[call]).await.expect("a call");
        }
        let charge = |level: i32, payer_id: Uuid, payee_id: Uuid, amount: i64| CallCharge {
            level,
            payer_id,
            payee_id,
            version_id: self.version,
            billed_seconds: 60,
            amount: m(amount),
        };
        let of_charges = |charges: Vec<CallCharge>| NewTransfer::of_charges(paid, "BRL", self.now, charges);
        let charges =
            vec![charge(1, self.shop, self.reseller, 4), charge(2, self.reseller, self.platform, 3)];
        // at first, the call was charged too much, and that charge was reversed
        let wrong = of_charges(vec![charge(1, self.shop, self.reseller, 5)]);
        let back = NewTransfer {
            reverses: Some(wrong.id),
            ..NewTransfer::new(
                TransferKind::Reversal,
                "BRL",
                self.now,
                vec![
                    Entry::new(self.shop, Book::Credit, m(5)),
                    Entry::new(self.reseller, Book::Revenue, m(-5)),
                ],
            )
        };
        let charged = of_charges(charges);
        let of_call = |transfer| NewTransfer { call_id: Some(paid), ..transfer };
        let held = [(self.shop, m(2)), (self.reseller, m(1))];
        let held = held.into_iter().map(|(id, held)| ((id, "BRL".to_owned()), held)).collect();
        ledger::post_and_hold(
            tx,
            vec![of_call(wrong), of_call(back), of_call(charged)],
            &held,
            Writes::default(),
        )
        .await
        .expect("posted");
    }

    fn call(
        &self,
        state: CallState,
        answered: bool,
        charge: Micros,
        holds: Value,
        levels: Levels,
    ) -> call::Model {
        let at = self.now - TimeDelta::minutes(1);
        let id = Uuid::now_v7();
        call::Model {
            id,
            callshop_id: self.shop,
            cabin_id: None,
            session_id: Some(self.sessions[if state == CallState::Answered { 2 } else { 0 }]),
            attendant_id: None,
            phone_id: self.phone,
            request_id: id.to_string(),
            dialed: "1".to_owned(),
            number: "1".to_owned(),
            destination: "US".to_owned(),
            emergency: false,
            state,
            authorized_at: at,
            ringing_at: None,
            answered_at: answered.then_some(at),
            ended_at: None,
            covered: 60,
            sip_code: None,
            ended_by: None,
            cause: None,
            refusal: None,
            talk_seconds: 60,
            billed_seconds: if charge == Micros::ZERO { 0 } else { 60 },
            charge: charge.into(),
            charges: Charges::default(),
            currency: "BRL".to_owned(),
            levels,
            proxy: String::new(),
            sip_call_id: String::new(),
            from_tag: String::new(),
            to_tag: None,
            hang_up_by: None,
            holds,
            extend_at: None,
            warn_after: None,
            ending_soon: false,
            confirmed: 0,
            estimated: false,
            written_off: m(0).into(),
            attempt_day: String::new(),
            answer_day: None,
            answered_far: false,
        }
    }

    async fn credit(&self, tx: &DatabaseTransaction) {
        let give = |kind, child, parent, amount| {
            let entries = vec![
                Entry::new(child, Book::Credit, m(amount)),
                Entry::new(parent, Book::Issued, m(-amount)),
            ];
            NewTransfer::new(kind, "BRL", self.now, entries)
        };
        let correction = give(TransferKind::Adjustment, self.shop, self.reseller, 5);
        let back = NewTransfer {
            reverses: Some(correction.id),
            ..give(TransferKind::Reversal, self.shop, self.reseller, -5)
        };
        let transfers = vec![
            give(TransferKind::TopUp, self.reseller, self.platform, 100),
            give(TransferKind::TopUp, self.shop, self.reseller, 50),
            correction,
            back,
        ];
        ledger::post(tx, transfers).await.expect("posted");
    }

    /// Simulates a shift: a float of 100, a prepaid customer, a card payment, a refund, change paid in, and one unit missing at closing.
    async fn drawers(&self, tx: &DatabaseTransaction) {
        let drawer =
            |shift: usize, method, amount| Entry::drawer(self.shop, self.shifts[shift], method, m(amount));
        let cash = |amount| drawer(0, PaymentMethod::Cash, amount);
        let card = |amount| drawer(0, PaymentMethod::Card, amount);
        let book = |book, micros| Entry::new(self.shop, book, Micros(micros));
        let units = |name, amount: i64| book(name, amount * 1_000_000);
        let plain = |kind, entries| NewTransfer::new(kind, "BRL", self.now, entries);
        let of = |session: usize, kind, entries| NewTransfer {
            session_id: Some(self.sessions[session]),
            ..plain(kind, entries)
        };
        let transfers = vec![
            plain(TransferKind::Float, vec![cash(100), units(Book::Outside, -100)]),
            plain(TransferKind::PayIn, vec![cash(20), units(Book::Outside, -20)]),
            of(0, TransferKind::Deposit, vec![cash(10), units(Book::Deposits, -10)]),
            of(
                0,
                TransferKind::Sale,
                vec![
                    units(Book::Receivable, 7),
                    book(Book::Sales, -7_300_000),
                    book(Book::Rounding, 300_000),
                ],
            ),
            of(
                0,
                TransferKind::Settlement,
                vec![units(Book::Receivable, -7), units(Book::Deposits, 10), cash(-3)],
            ),
            of(1, TransferKind::Sale, vec![units(Book::Receivable, 5), units(Book::Sales, -5)]),
            of(1, TransferKind::Settlement, vec![units(Book::Receivable, -5), card(5)]),
            of(1, TransferKind::Refund, vec![cash(-2), units(Book::Sales, 2)]),
            plain(
                TransferKind::Count,
                vec![
                    units(Book::Variance, 1),
                    cash(-1),
                    cash(-124),
                    units(Book::Outside, 124),
                    card(-5),
                    units(Book::Outside, 5),
                ],
            ),
            of(2, TransferKind::Deposit, vec![drawer(1, PaymentMethod::Pix, 15), units(Book::Deposits, -15)]),
        ];
        ledger::post(tx, transfers).await.expect("posted");
    }
}

/// Each kind of damage: the broken invariant, the SQL statement that breaks it, and the SQL statement that repairs the damage.
const DAMAGES: &[(&str, &str, &str)] = &[
    (
        "calls refer only to existing rows",
        "UPDATE call SET cabin_id = callshop_id WHERE state = 'FAILED'",
        "UPDATE call SET cabin_id = NULL",
    ),
    (
        "the levels of calls refer only to existing rows",
        "UPDATE rate SET prefix = '12'",
        "UPDATE rate SET prefix = '1'",
    ),
    (
        "the levels of calls refer only to existing rows",
        // each level's bytes begin 16 bytes too late, so the payee is a version
        "UPDATE call SET levels = substr(levels, 17, 40) WHERE state = 'ENDED'",
        "UPDATE call SET levels = (SELECT l.levels FROM call l WHERE l.state = 'FAILED') WHERE state = 'ENDED'",
    ),
    (
        "the levels of calls refer only to existing rows",
        "UPDATE call SET levels = substr(levels, 1, 41) WHERE state = 'ENDED'",
        "UPDATE call SET levels = (SELECT l.levels FROM call l WHERE l.state = 'FAILED') WHERE state = 'ENDED'",
    ),
    (
        "charges refer only to existing rows",
        "UPDATE call_charge SET version_id = payer_id WHERE level = 1",
        "UPDATE call_charge SET version_id = (SELECT id FROM tariff_version)",
    ),
    (
        "charges refer only to existing rows",
        "UPDATE call_charge SET payee_id = version_id WHERE level = 2",
        "UPDATE call_charge SET payee_id = (SELECT id FROM account WHERE kind = 'PLATFORM') WHERE level = 2",
    ),
    (
        "charges refer only to existing rows",
        "UPDATE ledger_transfer SET call_id = (SELECT id FROM tariff_version) WHERE kind = 'CALL'",
        "UPDATE ledger_transfer SET call_id = (SELECT id FROM call WHERE charge > 0) WHERE kind = 'CALL'",
    ),
    (
        "activity events refer only to existing rows",
        "INSERT INTO activity (callshop_id, seq, at, kind, payload) SELECT phone_id, 1, authorized_at, 'CALL_ENDED', '{}' \
         FROM call WHERE state = 'FAILED'",
        "DELETE FROM activity",
    ),
    (
        "activity events refer only to existing rows",
        "INSERT INTO activity (callshop_id, seq, at, kind, call_id, payload) \
         SELECT callshop_id, 1, authorized_at, 'CALL_ENDED', phone_id, '{}' FROM call WHERE state = 'FAILED'",
        "DELETE FROM activity",
    ),
    (
        "sightings refer only to existing rows",
        "INSERT INTO call_sighting (call_id, proxy) SELECT phone_id, 'p' FROM call WHERE state = 'FAILED'",
        "DELETE FROM call_sighting",
    ),
    (
        "rates refer only to existing rows",
        "UPDATE rate SET version_id = (SELECT account_id FROM tariff)",
        "UPDATE rate SET version_id = (SELECT id FROM tariff_version)",
    ),
    (
        "the ledger refers only to existing rows",
        "UPDATE ledger_transfer SET user_id = session_id WHERE kind = 'REFUND'",
        "UPDATE ledger_transfer SET user_id = NULL",
    ),
    (
        "entries of every transfer sum to zero",
        "UPDATE ledger_posting SET amount = amount + 1 WHERE book = 'OUTSIDE'",
        "UPDATE ledger_posting SET amount = amount - 1 WHERE book = 'OUTSIDE'",
    ),
    (
        "every entry has a transfer, and every transfer has entries",
        "UPDATE ledger_posting SET position = position + 10, transfer_id = account_id WHERE book = 'VARIANCE'",
        "UPDATE ledger_posting SET position = position - 10, transfer_id = (SELECT id FROM ledger_transfer WHERE kind = 'COUNT') \
         WHERE book = 'VARIANCE'",
    ),
    (
        "every entry has a transfer, and every transfer has entries",
        "UPDATE call_charge SET level = level + 10, transfer_id = payer_id WHERE level = 2",
        "UPDATE call_charge SET level = level - 10, transfer_id = (SELECT transfer_id FROM call_charge WHERE amount = 4000000) \
         WHERE level = 12",
    ),
    (
        "every entry has a transfer, and every transfer has entries",
        "UPDATE ledger_transfer SET kind = 'CALL' WHERE kind = 'COUNT'",
        "UPDATE ledger_transfer SET kind = 'COUNT' WHERE kind = 'CALL' AND call_id IS NULL",
    ),
    (
        "every balance equals its entries",
        "UPDATE ledger_balance SET balance = balance + 1 WHERE book = 'ISSUED'",
        "UPDATE ledger_balance SET balance = balance - 1 WHERE book = 'ISSUED'",
    ),
    (
        "all balances of a currency sum to zero",
        "UPDATE ledger_balance SET balance = balance + 1 WHERE book = 'SALES'",
        "UPDATE ledger_balance SET balance = balance - 1 WHERE book = 'SALES'",
    ),
    (
        "every balance except the platform's is in its account's currency",
        "UPDATE ledger_balance SET currency = 'EUR' WHERE book = 'WRITE_OFF' OR book = 'VARIANCE'",
        "UPDATE ledger_balance SET currency = 'BRL' WHERE currency = 'EUR'",
    ),
    (
        "no account exceeds its limit",
        "UPDATE account SET credit_limit = -46000000 WHERE kind = 'CALLSHOP'",
        "UPDATE account SET credit_limit = 10000000 WHERE kind = 'CALLSHOP'",
    ),
    (
        "every answered call has its charges",
        "UPDATE call SET charges = '[]' WHERE charge > 0",
        "UPDATE call SET charges = '[60,6300000,60,4000000,60,3000000]' WHERE charge > 0",
    ),
    (
        "the charges of every call are a list of numbers",
        "UPDATE call SET charges = '[60,6300000,60' WHERE charge > 0",
        "UPDATE call SET charges = '[60,6300000,60,4000000,60,3000000]' WHERE charge > 0",
    ),
    (
        "the charges of every call are a list of numbers",
        "UPDATE call SET charges = 'null' WHERE charge > 0",
        "UPDATE call SET charges = '[60,6300000,60,4000000,60,3000000]' WHERE charge > 0",
    ),
    (
        "the charges of every call are a list of numbers",
        "UPDATE call SET charges = '[60,6300000,60,4000000,60,true]' WHERE charge > 0",
        "UPDATE call SET charges = '[60,6300000,60,4000000,60,3000000]' WHERE charge > 0",
    ),
    (
        "the charges of every call are a list of numbers",
        "UPDATE call SET charges = '{}' WHERE state = 'FAILED'",
        "UPDATE call SET charges = '[]' WHERE state = 'FAILED'",
    ),
    (
        "the customer's charge equals the call's price",
        "UPDATE call SET charges = '[]' WHERE charge > 0",
        "UPDATE call SET charges = '[60,6300000,60,4000000,60,3000000]' WHERE charge > 0",
    ),
    (
        "the customer's charge equals the call's price",
        "UPDATE call SET charges = 'null' WHERE charge > 0",
        "UPDATE call SET charges = '[60,6300000,60,4000000,60,3000000]' WHERE charge > 0",
    ),
    (
        "the customer's billed seconds equal the call's billed seconds",
        "UPDATE call SET charges = '[59,6300000,60,4000000,60,3000000]' WHERE charge > 0",
        "UPDATE call SET charges = '[60,6300000,60,4000000,60,3000000]' WHERE charge > 0",
    ),
    (
        "the customer's billed seconds equal the call's billed seconds",
        "UPDATE call SET billed_seconds = 60 WHERE state = 'FAILED'",
        "UPDATE call SET billed_seconds = 0 WHERE state = 'FAILED'",
    ),
    (
        "the customer's charge equals the call's price",
        "UPDATE call SET charges = '[60,6300001,60,4000000,60,3000000]' WHERE charge > 0",
        "UPDATE call SET charges = '[60,6300000,60,4000000,60,3000000]' WHERE charge > 0",
    ),
    (
        "every call is charged once",
        "UPDATE ledger_transfer SET reverses = NULL WHERE reverses IN (SELECT id FROM ledger_transfer WHERE kind = 'CALL')",
        "UPDATE ledger_transfer SET reverses = (SELECT t.id FROM ledger_transfer t WHERE t.kind = 'CALL' ORDER BY t.id LIMIT 1) \
         WHERE kind = 'REVERSAL' AND call_id IS NOT NULL",
    ),
    (
        "every call is charged its stored price",
        "UPDATE call_charge SET amount = amount + 1 WHERE level = 2",
        "UPDATE call_charge SET amount = amount - 1 WHERE level = 2",
    ),
    (
        "every call is charged its stored price",
        "UPDATE call_charge SET billed_seconds = 59 WHERE level = 2",
        "UPDATE call_charge SET billed_seconds = 60 WHERE level = 2",
    ),
    (
        "no unanswered call is charged",
        "UPDATE call SET state = 'FAILED' WHERE state = 'ENDED'",
        "UPDATE call SET state = 'ENDED' WHERE charge > 0",
    ),
    (
        "the table of live calls has exactly the calls that are not over",
        "UPDATE live_call SET phone_id = callshop_id",
        "UPDATE live_call SET phone_id = (SELECT c.phone_id FROM call c WHERE c.id = live_call.call_id)",
    ),
    (
        "the table of live calls has exactly the calls that are not over",
        "DELETE FROM live_call",
        "INSERT INTO live_call (call_id, callshop_id, cabin_id, session_id, phone_id, emergency, extend_at) \
         SELECT id, callshop_id, cabin_id, session_id, phone_id, emergency, extend_at FROM call WHERE state = 'ANSWERED'",
    ),
    (
        "every reversal names the reversed transfer",
        "UPDATE ledger_transfer SET kind = 'ADJUSTMENT' WHERE kind = 'REVERSAL'",
        "UPDATE ledger_transfer SET kind = 'REVERSAL' WHERE reverses IS NOT NULL",
    ),
    (
        "every reversal negates the reversed transfer",
        "UPDATE ledger_posting SET amount = amount * 2 WHERE transfer_id IN (SELECT id FROM ledger_transfer WHERE kind = 'REVERSAL')",
        "UPDATE ledger_posting SET amount = amount / 2 WHERE transfer_id IN (SELECT id FROM ledger_transfer WHERE kind = 'REVERSAL')",
    ),
    (
        "receipt numbers are consecutive from 1",
        "UPDATE cabin_session SET receipt_number = 3 WHERE receipt_number = 2",
        "UPDATE cabin_session SET receipt_number = 2 WHERE receipt_number = 3",
    ),
    (
        "a session's statement is the sum of its calls",
        "UPDATE call SET charge = charge + 1 WHERE state = 'ENDED'",
        "UPDATE call SET charge = charge - 1 WHERE state = 'ENDED'",
    ),
    (
        "a session's total equals the total of its statement",
        "UPDATE cabin_session SET total = total + 1 WHERE receipt_number = 1",
        "UPDATE cabin_session SET total = total - 1 WHERE receipt_number = 1",
    ),
    (
        "sales equal the sessions' statements",
        "UPDATE cabin_session SET discounts_total = discounts_total + 1, rounding = rounding + 1 WHERE receipt_number = 1",
        "UPDATE cabin_session SET discounts_total = discounts_total - 1, rounding = rounding - 1 WHERE receipt_number = 1",
    ),
    (
        "a settled session owes nothing",
        "UPDATE ledger_transfer SET session_id = NULL WHERE kind = 'SETTLEMENT'",
        "UPDATE ledger_transfer SET session_id = (SELECT s.id FROM cabin_session s WHERE s.receipt_number = CASE WHEN EXISTS \
         (SELECT 1 FROM ledger_entry e WHERE e.transfer_id = ledger_transfer.id AND e.book = 'DEPOSITS') THEN 1 ELSE 2 END) \
         WHERE kind = 'SETTLEMENT'",
    ),
    (
        "deposits of unpaid sessions are in the ledger",
        "UPDATE cabin_session SET deposit = deposit + 1 WHERE state = 'OPEN'",
        "UPDATE cabin_session SET deposit = deposit - 1 WHERE state = 'OPEN'",
    ),
    (
        "refunds in the ledger equal the refunds of sessions",
        "UPDATE cabin_session SET refunded = refunded + 1 WHERE receipt_number = 2",
        "UPDATE cabin_session SET refunded = refunded - 1 WHERE receipt_number = 2",
    ),
    (
        "every drawer entry has its shift and method",
        "UPDATE ledger_posting SET method = NULL WHERE method = 'PIX'",
        "UPDATE ledger_posting SET method = 'PIX' WHERE book = 'DRAWER' AND method IS NULL",
    ),
    (
        "a drawer equals its float, payments and movements",
        "UPDATE payment SET amount = amount + 1 WHERE kind = 'REFUND'",
        "UPDATE payment SET amount = amount - 1 WHERE kind = 'REFUND'",
    ),
    (
        "the drawer of a closed shift is empty",
        "UPDATE ledger_posting SET method = 'OTHER' WHERE book = 'DRAWER' AND amount = -124000000",
        "UPDATE ledger_posting SET method = 'CASH' WHERE method = 'OTHER'",
    ),
    (
        "held amounts equal the holds of live calls",
        "UPDATE ledger_balance SET held = held + 1 WHERE held > 0",
        "UPDATE ledger_balance SET held = held - 1 WHERE held > 0",
    ),
    (
        "Z reports agree with the ledger",
        "UPDATE register_shift SET z_report = '{\"methods\": [{\"method\": \"CASH\", \"expected\": \"124\"}]}' WHERE number = 1",
        "UPDATE register_shift SET z_report = '{\"methods\": [{\"method\": \"CASH\", \"expected\": \"125\"}, \
         {\"method\": \"CARD\", \"expected\": \"5\"}]}' WHERE number = 1",
    ),
    (
        "no transfer is reversed twice",
        "DROP INDEX ledger_transfer_reverses; UPDATE ledger_transfer SET reverses = (SELECT t.id FROM ledger_transfer t \
         WHERE t.kind = 'ADJUSTMENT') WHERE kind = 'REVERSAL'",
        "UPDATE ledger_transfer SET reverses = (SELECT t.id FROM ledger_transfer t WHERE t.kind = 'CALL' ORDER BY t.id LIMIT 1) \
         WHERE kind = 'REVERSAL' AND call_id IS NOT NULL",
    ),
];

/// Names of the broken invariants.
async fn broken(server: &TestServer) -> Vec<&'static str> {
    let checked = audit(&server.app.store, |_| {}).await.expect("the audit runs");
    for invariant in &checked {
        assert!(invariant.findings.len() <= 10);
    }
    let broken = checked.iter().filter(|invariant| !invariant.findings.is_empty());
    broken.map(|invariant| invariant.name).collect()
}

/// The exit status of `callshop audit` on a database.
async fn command(url: &str) -> u8 {
    let cli = Cli::try_parse_from(["callshop", "audit", "--quiet", "--database", url]).expect("a command");
    run(cli).await.expect("an exit status")
}

async fn execute(server: &TestServer, statements: &str) {
    server
        .app
        .store
        .write(|tx| async move {
            tx.conn().execute_unprepared(statements).await?;
            Ok(())
        })
        .await
        .unwrap_or_else(|error| panic!("{statements}: {error}"));
}

on_both!(every_damage_is_found_under_its_name, |backend| async move {
    let server = TestServer::start(backend, |_| {}).await;
    let url = server.config().database_url.clone();
    let books = Books::new();
    let books = &books;
    server
        .app
        .store
        .write(|tx| async move {
            books.write(tx.conn()).await;
            Ok(())
        })
        .await
        .expect("the books are written");
    assert_eq!(broken(&server).await, [""; 0], "the undamaged books must pass the audit");
    assert_eq!(command(&url).await, 0);
    let all = audit(&server.app.store, |_| {}).await.expect("the audit runs");
    // tests/tests/server/upkeep.rs tests the invariant about missing months, because a test of that invariant has to detach a partition
    for invariant in all.iter().filter(|invariant| !invariant.name.starts_with("no month")) {
        assert!(DAMAGES.iter().any(|(name, ..)| *name == invariant.name), "{}: no damage", invariant.name);
    }
    for (name, damage, repair) in DAMAGES {
        execute(&server, damage).await;
        let found = broken(&server).await;
        assert!(found.contains(name), "the audit does not report {name} after {damage}: {found:?}");
        assert_eq!(command(&url).await, 1, "{name}");
        execute(&server, repair).await;
        assert_eq!(broken(&server).await, [""; 0], "{name} is mended");
    }
    assert_eq!(command(&url).await, 0);
    server.stop().await;
});

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_is_not_there_cannot_be_audited() {
    let dir = tempfile::tempdir().expect("a folder");
    let file = dir.path().join("none.db");
    assert_eq!(command(&format!("sqlite:{}", file.display())).await, 2);
    assert!(!file.exists(), "the audit must not create a database");
    assert_eq!(command("postgres://nobody@127.0.0.1:1/none").await, 2);
}
