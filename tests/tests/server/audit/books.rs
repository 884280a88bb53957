//! The consistent books that the tests damage.

use billing::money::Micros;
use chrono::{DateTime, TimeDelta, Utc};
use entity::{
    AccountKind, Book, CallState, Charges, LevelCharge, LevelKey, Levels, MovementKind, PaymentKind,
    PaymentMethod, Prefix, RateKey, SessionMode, SessionState, TransferKind, account, cabin, cabin_session,
    call, callshop, cash_movement, payment, phone, rate, register_shift, tariff, tariff_version, user,
};
use sea_orm::{DatabaseTransaction, EntityTrait as _, IntoActiveModel as _};
use serde_json::{Value, json};
use store::ledger::{self, CallCharge, Entry, NewTransfer};
use store::{Writes, calls};
use uuid::Uuid;

/// Converts units to micros.
fn m(units: i64) -> Micros {
    Micros(units * 1_000_000)
}

/// A branch with two levels. The branch has ended, failed and live calls, paid, unpaid and refunded sessions, and a closed shift.
pub(super) struct Books {
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
    pub(super) fn new() -> Self {
        let id = Uuid::now_v7;
        let (shifts, sessions) = ([id(), id()], [id(), id(), id()]);
        Self {
            // this id must be older than any import, because a damaged rate refers to it
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

    pub(super) async fn write(&self, tx: &DatabaseTransaction) {
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
