//! Tests bills, settlements and the register.

use std::collections::BTreeMap;

use billing::money::Micros;
use billing::register::{Movement, MovementKind, RegisterError, Variance, expected, report, variance};
use billing::statement::PaymentMethod::{self, Card, Cash, Other, Pix};
use billing::statement::{
    Payment, Settlement, SettlementError, Statement, StatementCall, StatementError, StatementLine,
    cap_discounts, settle, settle_prepaid,
};
use proptest::prelude::*;

fn call(destination: &str, minute: u32, amount: i64, answered: bool) -> StatementCall {
    StatementCall {
        id: 0,
        number: "+55 11 98765-4321".to_owned(),
        country_code: destination.get(..2).map(str::to_uppercase),
        destination: destination.to_owned(),
        started_at: format!("2026-11-22T12:{minute:02}:00Z").parse().unwrap(),
        talk_seconds: if answered { 31 } else { 0 },
        billed_seconds: if answered { 36 } else { 0 },
        amount: Micros(amount),
        answered,
    }
}

fn line(amount: i64) -> StatementLine {
    StatementLine::new(0, "coffee".to_owned(), 1, Micros(amount)).unwrap()
}

fn paid(method: PaymentMethod, amount: i64) -> Payment {
    Payment { method, amount: Micros(amount) }
}

#[test]
fn a_destination_shows_a_country_that_all_its_calls_share() {
    let mut other = call("Peru", 3, 10, true);
    other.country_code = Some("CL".to_owned());
    let calls =
        vec![call("Peru", 1, 10, true), call("Brazil", 2, 10, true), call("Brazil", 5, 10, true), other];
    let bill = Statement::build(calls, Vec::new(), Vec::new(), 2).unwrap();
    let countries: Vec<Option<&str>> =
        bill.by_destination.iter().map(|total| total.country_code.as_deref()).collect();
    assert_eq!(countries, [Some("BR"), None]);
}

#[test]
fn a_bill_rounds_once() {
    let calls = vec![
        call("Peru", 9, 3_300, true),
        call("Brazil", 5, 3_300, true),
        call("Peru", 1, 3_300, true),
        call("Chile", 2, 0, false),
    ];
    let bill = Statement::build(calls, vec![line(2_500_000)], vec![line(500_000)], 2).unwrap();
    // three calls of 0.0033 each add up to one cent, although each call alone would be rounded to zero
    assert_eq!(
        (bill.calls_total, bill.rounding, bill.total),
        (Micros(9_900), Micros(100), Micros(2_010_000))
    );
    assert_eq!((bill.items_total, bill.discounts_total), (Micros(2_500_000), Micros(500_000)));
    let starts: Vec<_> = bill.calls.iter().map(|call| call.started_at).collect();
    assert!(starts.is_sorted() && starts.len() == 4);
    let totals: Vec<_> = bill
        .by_destination
        .iter()
        .map(|t| (t.destination.as_str(), t.calls, t.billed_seconds, t.amount.0))
        .collect();
    assert_eq!(totals, [("Brazil", 1, 36, 3_300), ("Peru", 2, 72, 6_600)]);
    assert_eq!(serde_json::from_str::<Statement>(&serde_json::to_string(&bill).unwrap()).unwrap(), bill);
}

#[test]
fn bills_that_cannot_be() {
    let build = |calls, items, discounts| Statement::build(calls, items, discounts, 2).unwrap_err();
    assert_eq!(build(vec![], vec![line(10)], vec![line(11)]), StatementError::DiscountTooHigh);
    assert_eq!(build(vec![], vec![line(-1)], vec![]), StatementError::NegativeAmount);
    assert_eq!(build(vec![], vec![line(5)], vec![line(-1)]), StatementError::NegativeAmount);
    assert_eq!(build(vec![call("x", 1, -1, true)], vec![], vec![]), StatementError::NegativeAmount);
    let most = line(i64::MAX);
    assert_eq!(build(vec![], vec![most.clone(), most.clone()], vec![]).code(), "AMOUNT_OUT_OF_RANGE");
    assert_eq!(build(vec![call("x", 1, 1, true)], vec![most], vec![]).code(), "AMOUNT_OUT_OF_RANGE");
    let empty = Statement::build(vec![], vec![], vec![], 2).unwrap();
    assert_eq!((empty.total, empty.rounding), (Micros::ZERO, Micros::ZERO));
}

/// A bill, the payments for the bill, and the result. Amounts are in micros, and `step` is the smallest coin.
struct Paid {
    total: i64,
    payments: Vec<Payment>,
    step: Option<Micros>,
    result: Result<Settlement, SettlementError>,
}

#[test]
fn settlements() {
    let step = Some(Micros(50_000));
    let settled = |rounding, paid, change| {
        Ok(Settlement {
            cash_rounding: Micros(rounding),
            paid: Micros(paid),
            change: Micros(change),
            deposit_back: vec![],
        })
    };
    let underpaid = |missing| Err(SettlementError::Underpaid { missing: Micros(missing) });
    for Paid { total, payments, step, result } in [
        Paid {
            total: 1_000_000,
            payments: vec![paid(Cash, 2_000_000)],
            step: None,
            result: settled(0, 1_000_000, 1_000_000),
        },
        Paid {
            total: 1_000_000,
            payments: vec![paid(Card, 1_000_000)],
            step: None,
            result: settled(0, 1_000_000, 0),
        },
        Paid {
            total: 1_000_000,
            payments: vec![paid(Pix, 400_000), paid(Cash, 700_000)],
            step: None,
            result: settled(0, 1_000_000, 100_000),
        },
        Paid { total: 1_000_000, payments: vec![paid(Card, 999_999)], step: None, result: underpaid(1) },
        Paid { total: 1_000_000, payments: vec![], step: None, result: underpaid(1_000_000) },
        Paid { total: 0, payments: vec![], step, result: settled(0, 0, 0) },
        // an amount of 1.02 becomes 1.00; 1.03 and 1.025 become 1.05
        Paid {
            total: 1_020_000,
            payments: vec![paid(Cash, 1_000_000)],
            step,
            result: settled(-20_000, 1_000_000, 0),
        },
        Paid { total: 1_030_000, payments: vec![paid(Cash, 1_030_000)], step, result: underpaid(20_000) },
        Paid {
            total: 1_030_000,
            payments: vec![paid(Cash, 1_100_000)],
            step,
            result: settled(20_000, 1_050_000, 50_000),
        },
        Paid {
            total: 1_025_000,
            payments: vec![paid(Cash, 1_050_000)],
            step,
            result: settled(25_000, 1_050_000, 0),
        },
        // only the part that is paid in cash is rounded
        Paid {
            total: 1_030_000,
            payments: vec![paid(Card, 1_030_000)],
            step,
            result: settled(0, 1_030_000, 0),
        },
        Paid {
            total: 1_030_000,
            payments: vec![paid(Card, 1_010_000), paid(Cash, 0)],
            step,
            result: settled(-20_000, 1_010_000, 0),
        },
        Paid { total: 1_030_000, payments: vec![paid(Card, 1_010_000)], step, result: underpaid(20_000) },
        Paid {
            total: 1_030_000,
            payments: vec![paid(Other, 500_000), paid(Cash, 600_000)],
            step,
            result: settled(20_000, 1_050_000, 50_000),
        },
        Paid {
            total: 1_000_000,
            payments: vec![paid(Card, 1_000_001), paid(Cash, 5_000_000)],
            step: None,
            result: Err(SettlementError::ChangeOnlyFromCash { excess: Micros(1) }),
        },
        Paid { total: -1, payments: vec![], step: None, result: Err(SettlementError::NegativeAmount) },
        Paid {
            total: 1,
            payments: vec![paid(Cash, -1)],
            step: None,
            result: Err(SettlementError::NegativeAmount),
        },
        Paid {
            total: 1,
            payments: vec![paid(Cash, 1)],
            step: Some(Micros::ZERO),
            result: Err(SettlementError::InvalidCashStep),
        },
    ] {
        assert_eq!(settle(Micros(total), &payments, step), result, "{total} {payments:?} {step:?}");
    }
    let most = paid(Cash, i64::MAX);
    assert_eq!(settle(Micros(1), &[most, most], None).unwrap_err().code(), "AMOUNT_OUT_OF_RANGE");
}

#[test]
fn a_shift_adds_up() {
    let movement = |kind, method, amount| Movement { kind, method, amount: Micros(amount) };
    let movements = [
        movement(MovementKind::Sale, Cash, 700),
        movement(MovementKind::Sale, Cash, 50),
        movement(MovementKind::Sale, Card, 300),
        movement(MovementKind::Deposit, Cash, 100),
        movement(MovementKind::DepositRefund, Cash, 40),
        movement(MovementKind::PayIn, Cash, 20),
        movement(MovementKind::PayOut, Cash, 500),
        movement(MovementKind::Refund, Card, 10),
    ];
    let books = expected(Micros(1_000), &movements).unwrap();
    assert_eq!(books, BTreeMap::from([(Cash, Micros(1_330)), (Card, Micros(290))]));
    let lines = report(Micros(1_000), &movements).unwrap();
    assert_eq!(lines[&Cash].movements[&MovementKind::Sale], Micros(750));
    assert_eq!((lines[&Cash].opening_float, lines[&Card].opening_float), (Micros(1_000), Micros::ZERO));
    let counted = BTreeMap::from([(Cash, Micros(1_300)), (Card, Micros(290)), (Pix, Micros(5))]);
    let found = variance(&books, &counted).unwrap();
    assert_eq!(
        found[&Cash],
        Variance { expected: Micros(1_330), counted: Micros(1_300), variance: Micros(-30) }
    );
    assert_eq!((found[&Card].variance, found[&Pix].variance), (Micros::ZERO, Micros(5)));
    let uncounted = variance(&books, &BTreeMap::from([(Cash, Micros(1))])).unwrap_err();
    assert_eq!(uncounted, RegisterError::NotCounted { method: Card });
    let negative = expected(Micros(0), &[movement(MovementKind::Sale, Cash, -1)]).unwrap_err();
    assert_eq!(negative.code(), "NEGATIVE_AMOUNT");
    assert_eq!(expected(Micros::ZERO, &[]).unwrap(), BTreeMap::from([(Cash, Micros::ZERO)]));
}

proptest! {
    #[test]
    fn bills_add_up(
        amounts in prop::collection::vec((0i64..9_000_000, any::<bool>(), 0u32..60), 0..20),
        items in prop::collection::vec(0i64..9_000_000, 0..5), share in 0i64..=100, decimals in 0u8..=4,
    ) {
        let calls: Vec<_> =
            amounts.iter().map(|(amount, answered, minute)| call("x", *minute, if *answered { *amount } else { 0 }, *answered)).collect();
        let sum: i64 = calls.iter().map(|call| call.amount.0).sum::<i64>() + items.iter().sum::<i64>();
        let discount = sum / 100 * share;
        let bill = Statement::build(calls, items.into_iter().map(line).collect(), vec![line(discount)], decimals).unwrap();
        let unit = 10i64.pow(6 - u32::from(decimals));
        prop_assert_eq!(bill.total.0 % unit, 0);
        prop_assert_eq!(bill.total.0 - bill.rounding.0, sum - discount);
        prop_assert!(bill.rounding.0.abs() * 2 <= unit);
        prop_assert_eq!(bill.by_destination.iter().map(|total| total.amount.0).sum::<i64>(), bill.calls_total.0);
    }

    #[test]
    fn settlements_add_up(
        total in 0i64..100_000_000, cash in 0i64..200_000_000, card in 0i64..100_000_000,
        step in prop::option::of(prop::sample::select(vec![10_000i64, 50_000, 1_000_000])),
    ) {
        let payments = [paid(Cash, cash), paid(Card, card)];
        if let Ok(settled) = settle(Micros(total), &payments, step.map(Micros)) {
            prop_assert_eq!(settled.paid.0, total + settled.cash_rounding.0);
            prop_assert_eq!(settled.paid.0 + settled.change.0, cash + card);
            prop_assert!((0..=cash).contains(&settled.change.0));
            prop_assert!(settled.cash_rounding.0.abs() * 2 <= step.unwrap_or(0));
        } else {
            prop_assert!(card > total || cash + card < total + step.unwrap_or(0));
        }
    }
}

/// A bill, the deposits for the bill, and the refunds. Amounts are in micros.
struct Returned {
    total: i64,
    deposits: Vec<Payment>,
    back: Vec<Payment>,
    rounding: i64,
}

#[test]
fn a_deposit_goes_back_as_it_came() {
    let step = Some(Micros(50_000));
    for Returned { total, deposits, back, rounding } in [
        // only a cash refund is rounded
        Returned {
            total: 12_340_000,
            deposits: vec![paid(Pix, 20_000_000)],
            back: vec![paid(Pix, 7_660_000)],
            rounding: 0,
        },
        Returned {
            total: 12_340_000,
            deposits: vec![paid(Cash, 20_000_000)],
            back: vec![paid(Cash, 7_650_000)],
            rounding: 10_000,
        },
        // the bill uses the cash of a deposit first, so cash is refunded last
        Returned {
            total: 1_010_000,
            deposits: vec![paid(Cash, 1_000_000), paid(Card, 3_000_000)],
            back: vec![paid(Card, 2_990_000)],
            rounding: 0,
        },
        Returned {
            total: 10_000,
            deposits: vec![
                paid(Pix, 1_000_000),
                paid(Cash, 2_000_000),
                paid(Other, 3_000_000),
                paid(Pix, 500_000),
            ],
            back: vec![paid(Pix, 1_500_000), paid(Other, 3_000_000), paid(Cash, 2_000_000)],
            rounding: -10_000,
        },
        Returned { total: 0, deposits: vec![paid(Card, 1)], back: vec![paid(Card, 1)], rounding: 0 },
        // the rest of this deposit is smaller than the smallest coin
        Returned { total: 980_000, deposits: vec![paid(Cash, 1_000_000)], back: vec![], rounding: 20_000 },
    ] {
        let settled = settle_prepaid(Micros(total), &deposits, &[], step).unwrap();
        assert_eq!((settled.deposit_back, settled.cash_rounding.0), (back, rounding), "{total} {deposits:?}");
    }
}

/// A bill with a deposit in cash, further payments, and the result. Amounts are in micros, and `step` is the smallest coin.
struct Prepaid {
    total: i64,
    deposit: i64,
    payments: Vec<Payment>,
    step: Option<Micros>,
    result: Result<Settlement, SettlementError>,
}

#[test]
fn deposits() {
    let step = Some(Micros(50_000));
    let settled = |rounding, kept, change, back| {
        Ok(Settlement {
            cash_rounding: Micros(rounding),
            paid: Micros(kept),
            change: Micros(change),
            deposit_back: if back == 0 { vec![] } else { vec![paid(Cash, back)] },
        })
    };
    for Prepaid { total, deposit, payments, step, result } in [
        // the bill uses 12.34 of a deposit of 20.00: the refund is 7.66, or 7.65 if the smallest coin is 0.05
        Prepaid {
            total: 12_340_000,
            deposit: 20_000_000,
            payments: vec![],
            step: None,
            result: settled(0, 0, 0, 7_660_000),
        },
        Prepaid {
            total: 12_340_000,
            deposit: 20_000_000,
            payments: vec![],
            step,
            result: settled(10_000, 0, 0, 7_650_000),
        },
        Prepaid {
            total: 12_320_000,
            deposit: 20_000_000,
            payments: vec![],
            step,
            result: settled(-20_000, 0, 0, 7_700_000),
        },
        Prepaid {
            total: 12_340_000,
            deposit: 20_000_000,
            payments: vec![paid(Cash, 1_000_000)],
            step: None,
            result: settled(0, 0, 1_000_000, 7_660_000),
        },
        Prepaid {
            total: 12_340_000,
            deposit: 20_000_000,
            payments: vec![paid(Card, 1)],
            step: None,
            result: Err(SettlementError::ChangeOnlyFromCash { excess: Micros(1) }),
        },
        Prepaid {
            total: 20_000_000,
            deposit: 20_000_000,
            payments: vec![],
            step,
            result: settled(0, 0, 0, 0),
        },
        // a deposit of 10.00 pays for a part of the bill of 12.34
        Prepaid {
            total: 12_340_000,
            deposit: 10_000_000,
            payments: vec![],
            step: None,
            result: Err(SettlementError::Underpaid { missing: Micros(2_340_000) }),
        },
        Prepaid {
            total: 12_340_000,
            deposit: 10_000_000,
            payments: vec![paid(Cash, 5_000_000)],
            step,
            result: settled(10_000, 2_350_000, 2_650_000, 0),
        },
        Prepaid {
            total: 12_340_000,
            deposit: 0,
            payments: vec![paid(Pix, 12_340_000)],
            step,
            result: settled(0, 12_340_000, 0, 0),
        },
        Prepaid {
            total: 1,
            deposit: -1,
            payments: vec![],
            step: None,
            result: Err(SettlementError::NegativeAmount),
        },
    ] {
        let settled = settle_prepaid(Micros(total), &[paid(Cash, deposit)], &payments, step);
        assert_eq!(settled, result, "{total} {deposit} {payments:?} {step:?}");
    }
}

#[test]
fn discounts_shrink_with_what_they_are_taken_off() {
    let mut discounts = vec![line(5), line(4), line(3)];
    cap_discounts(&mut discounts, Micros(7)).unwrap();
    assert_eq!(discounts, vec![line(5), line(2)]);
    cap_discounts(&mut discounts, Micros(100)).unwrap();
    assert_eq!(discounts, vec![line(5), line(2)]);
}

#[test]
fn a_line_is_so_many_at_a_price() {
    let drinks = StatementLine::new(7, "water".to_owned(), 3, Micros(2_500_000)).unwrap();
    assert_eq!(drinks.amount, Micros(7_500_000));
    assert!(StatementLine::new(0, "water".to_owned(), 2, Micros(i64::MAX)).is_err());
}
