//! The rows that the tests write.

use super::*;

pub(super) fn a_call() -> call::Model {
    call::Model {
        id: new_id(),
        callshop_id: Uuid::now_v7(),
        cabin_id: Some(Uuid::now_v7()),
        session_id: Some(Uuid::now_v7()),
        attendant_id: Some(Uuid::now_v7()),
        phone_id: Uuid::now_v7(),
        request_id: Uuid::now_v7().to_string(),
        dialed: "00351912345678".to_owned(),
        number: "351912345678".to_owned(),
        destination: "Portugal".to_owned(),
        emergency: false,
        state: CallState::Authorized,
        authorized_at: now(),
        ringing_at: None,
        answered_at: None,
        ended_at: None,
        covered: 600,
        sip_code: None,
        ended_by: None,
        cause: None,
        refusal: None,
        talk_seconds: 0,
        billed_seconds: 0,
        charge: entity::Micros(0),
        charges: entity::Charges::default(),
        currency: "BRL".to_owned(),
        levels: entity::Levels::default(),
        proxy: "sip1".to_owned(),
        sip_call_id: "c".to_owned(),
        from_tag: "f".to_owned(),
        to_tag: None,
        hang_up_by: None,
        holds: serde_json::json!([1, 2]),
        extend_at: None,
        warn_after: None,
        ending_soon: false,
        confirmed: 0,
        estimated: false,
        written_off: entity::Micros(0),
        attempt_day: "2026-11-23".to_owned(),
        answer_day: None,
        answered_far: false,
    }
}

pub(super) fn a_shop(id: Uuid) -> account::Model {
    account::Model {
        id,
        parent_id: None,
        path: format!("{}/", id.simple()),
        kind: AccountKind::Callshop,
        code: id.simple().to_string(),
        name: String::new(),
        currency: "BRL".to_owned(),
        time_zone: "America/Sao_Paulo".to_owned(),
        locale: "pt-BR".to_owned(),
        country: "BR".to_owned(),
        cost_tariff_id: None,
        retail_tariff_id: None,
        credit_limit: None,
        low_credit: None,
        credit_low: false,
        suspended_at: None,
        created_at: now(),
    }
}

pub(super) fn a_session(id: Uuid) -> cabin_session::Model {
    cabin_session::Model {
        id,
        callshop_id: id,
        cabin_id: id,
        shift_id: id,
        mode: SessionMode::Postpaid,
        state: SessionState::Open,
        customer: String::new(),
        spending_limit: None,
        time_limit: None,
        carried_over: false,
        opened_by: id,
        opened_at: now(),
        closed_by: None,
        closed_at: None,
        total: None,
        settled_shift_id: None,
        settled_by: None,
        settled_at: None,
        cash_rounding: entity::Micros(0),
        receipt_number: None,
        deposit: entity::Micros(0),
        deposit_low: false,
        calls_total: None,
        items_total: None,
        discounts_total: None,
        rounding: None,
        refunded: entity::Micros(0),
    }
}

pub(super) fn an_event(call: &call::Model, error: Option<&str>) -> hook_event::Model {
    hook_event::Model {
        eid: Uuid::now_v7().to_string(),
        kind: "ended".to_owned(),
        reference: error.is_none().then(|| call.id.to_string()),
        proxy: "sip1".to_owned(),
        at: now(),
        received_at: now(),
        status: HookStatus::Applied,
        error: error.map(str::to_owned),
        body: error.map(|error| serde_json::json!({ "was": error })),
    }
}

pub(super) fn charge(row: &call::Model) -> CallCharge {
    CallCharge {
        level: 1,
        payer_id: row.callshop_id,
        payee_id: row.id,
        version_id: row.id,
        billed_seconds: 90,
        amount: Micros(5),
    }
}
