//! A report as it is stored with its shift. Money is stored as decimal strings. Fields that were added later have defaults.

use std::collections::BTreeMap;

use billing::money::Micros;
use billing::register as rules;
use chrono::{DateTime, Utc};
use entity::{PaymentKind, PaymentMethod, SessionState, register_shift};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::refused;
use base::error::{OrFault as _, Result};

/// Maximum number of payments with references in a report.
pub const MAX_REFERENCES: u64 = 500;

/// Serializes money in a stored report as a decimal string, which can still be read if the internal unit changes.
mod text {
    use billing::money::Micros;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(amount: &Micros, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(amount)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Micros, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }

    pub(super) mod option {
        use super::*;

        pub(in super::super) fn serialize<S: Serializer>(
            amount: &Option<Micros>,
            serializer: S,
        ) -> Result<S::Ok, S::Error> {
            match amount {
                Some(amount) => serializer.collect_str(amount),
                None => serializer.serialize_none(),
            }
        }

        pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(
            deserializer: D,
        ) -> Result<Option<Micros>, D::Error> {
            let text: Option<String> = Option::deserialize(deserializer)?;
            text.map(|text| text.parse().map_err(serde::de::Error::custom)).transpose()
        }
    }
}

/// An X report (interim) or a Z report (final) of a shift.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// Number of the shift.
    pub shift_number: i64,
    /// When the shift began.
    pub opened_at: DateTime<Utc>,
    /// When the report was created.
    pub at: DateTime<Utc>,
    /// The report's lines, one for each payment method. Cash is always included.
    pub methods: Vec<MethodLine>,
    /// Exact total price of the calls in all sessions settled in the shift.
    #[serde(with = "text")]
    pub calls_total: Micros,
    /// Total of the items of the sessions settled in the shift.
    #[serde(default, with = "text")]
    pub items_total: Micros,
    /// Total of the discounts on the sessions settled in the shift; not negative.
    #[serde(default, with = "text")]
    pub discounts_total: Micros,
    /// The amount that rounding adds to the statements; negative if rounding reduces them.
    #[serde(with = "text")]
    pub rounding: Micros,
    /// The amount that rounding adds to cash payments; negative if rounding reduces them.
    #[serde(default, with = "text")]
    pub cash_rounding: Micros,
    /// Amount that customers paid for the settled sessions, at settlement or in advance. `sales_total = calls_total + items_total - discounts_total
    /// + rounding + cash_rounding`.
    #[serde(with = "text")]
    pub sales_total: Micros,
    /// Calls of the settled sessions per cabin, sorted by cabin number.
    pub by_cabin: Vec<CabinSales>,
    /// Calls of the settled sessions per destination, sorted by name.
    pub by_destination: Vec<DestinationSales>,
    /// Activity per user, sorted by name.
    pub by_attendant: Vec<AttendantSales>,
    /// The payments with a reference, oldest first; at most [`MAX_REFERENCES`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub references: Vec<PaymentReference>,
    /// The unpaid sessions. In a Z report, the unpaid sessions are those that were carried over.
    pub open_items: Vec<OpenItem>,
}

/// A payment with a reference in a [`Report`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PaymentReference {
    /// Id of the payment or refund.
    pub payment_id: Uuid,
    /// Id of the session.
    pub session_id: Uuid,
    /// The purpose, which says whether the customer paid or got money back.
    pub kind: PaymentKind,
    /// The payment method.
    pub method: PaymentMethod,
    /// Amount paid or refunded, never negative.
    #[serde(with = "text")]
    pub amount: Micros,
    /// The payment's number in another system.
    pub reference: String,
    /// When the payment was made.
    pub at: DateTime<Utc>,
}

/// One payment method of a [`Report`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MethodLine {
    /// The payment method.
    pub method: PaymentMethod,
    /// Cash counted at opening; zero for other methods.
    #[serde(with = "text")]
    pub float: Micros,
    /// Amount that customers paid by this method at settlement.
    #[serde(with = "text")]
    pub sales: Micros,
    /// Amount that customers paid by this method in advance.
    #[serde(default, with = "text")]
    pub deposits: Micros,
    /// Deposits refunded.
    #[serde(default, with = "text")]
    pub deposit_refunds: Micros,
    /// Cash added to the drawer by pay-ins.
    #[serde(with = "text")]
    pub pay_ins: Micros,
    /// Cash removed from the drawer by pay-outs.
    #[serde(with = "text")]
    pub pay_outs: Micros,
    /// Refunds of settled sessions.
    #[serde(with = "text")]
    pub refunds: Micros,
    /// Expected amount at the end of the shift.
    #[serde(with = "text")]
    pub expected: Micros,
    /// Counted amount; `None` in an X report.
    #[serde(with = "text::option")]
    pub counted: Option<Micros>,
    /// Counted minus expected; negative if money is missing; `None` in an X report.
    #[serde(with = "text::option")]
    pub variance: Option<Micros>,
}

/// Calls of one cabin in a [`Report`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CabinSales {
    /// Id of the cabin.
    pub cabin_id: Uuid,
    /// Number of the cabin when the report was created.
    pub number: i32,
    /// Label of the cabin when the report was created.
    pub label: String,
    /// Number of calls.
    pub calls: i64,
    /// Total price of the calls.
    #[serde(with = "text")]
    pub amount: Micros,
}

/// Calls to one destination in a [`Report`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DestinationSales {
    /// Name of the destination.
    pub destination: String,
    /// Number of calls.
    pub calls: i64,
    /// Seconds billed.
    pub billed_seconds: i64,
    /// Total price of the calls.
    #[serde(with = "text")]
    pub amount: Micros,
}

/// Activity of one user in the shift of a [`Report`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttendantSales {
    /// Id of the user.
    pub user_id: Uuid,
    /// The user's display name when the report was created.
    pub name: String,
    /// Number of sessions settled by this user.
    pub sessions: i64,
    /// Amount that customers paid for the settled sessions, at settlement or in advance.
    #[serde(with = "text")]
    pub amount: Micros,
    /// Discounts granted by this user on the bills settled in the shift, even if another user settled the bills.
    #[serde(default, with = "text")]
    pub discounts: Micros,
    /// Deposits taken by this user.
    #[serde(default, with = "text")]
    pub deposits: Micros,
    /// Deposits refunded by this user.
    #[serde(default, with = "text")]
    pub deposit_refunds: Micros,
    /// Amount that this user refunded for settled sessions.
    #[serde(default, with = "text")]
    pub refunds: Micros,
    /// Pay-ins by this user.
    #[serde(default, with = "text")]
    pub pay_ins: Micros,
    /// Pay-outs by this user.
    #[serde(default, with = "text")]
    pub pay_outs: Micros,
}

/// An unpaid session in a [`Report`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenItem {
    /// Id of the session.
    pub session_id: Uuid,
    /// Number of the session's cabin.
    pub cabin_number: i32,
    /// State of the session when the report was created.
    pub state: SessionState,
    /// Name of the customer; may be empty.
    pub customer: String,
    /// Total of the bill; `None` until the session is closed.
    #[serde(with = "text::option")]
    pub total: Option<Micros>,
    /// Amount paid in advance.
    #[serde(default, with = "text")]
    pub deposit: Micros,
}

impl Report {
    /// Sets the counted amounts and the variances.
    pub(in crate::register) fn count(&mut self, counted: &BTreeMap<PaymentMethod, Micros>) -> Result<()> {
        let pure = |(method, amount): (&PaymentMethod, &Micros)| ((*method).into(), *amount);
        let expected = self.methods.iter().map(|line| (line.method.into(), line.expected)).collect();
        let variances = rules::variance(&expected, &counted.iter().map(pure).collect()).map_err(refused)?;
        for (method, variance) in variances {
            let method = PaymentMethod::from(method);
            let line = match self.methods.iter_mut().position(|line| line.method == method) {
                Some(position) => &mut self.methods[position],
                None => {
                    self.methods.push(MethodLine::empty(method));
                    let last = self.methods.len() - 1;
                    &mut self.methods[last]
                }
            };
            line.expected = variance.expected;
            line.counted = Some(variance.counted);
            line.variance = Some(variance.variance);
        }
        Ok(())
    }
}

impl MethodLine {
    fn empty(method: PaymentMethod) -> Self {
        let zero = Micros::ZERO;
        Self {
            method,
            float: zero,
            sales: zero,
            deposits: zero,
            deposit_refunds: zero,
            pay_ins: zero,
            pay_outs: zero,
            refunds: zero,
            expected: zero,
            counted: None,
            variance: None,
        }
    }

    pub(super) fn new(method: PaymentMethod, report: &rules::MethodReport) -> Self {
        let sum = |kind| report.movements.get(&kind).copied().unwrap_or_default();
        Self {
            float: report.opening_float,
            sales: sum(rules::MovementKind::Sale),
            deposits: sum(rules::MovementKind::Deposit),
            deposit_refunds: sum(rules::MovementKind::DepositRefund),
            pay_ins: sum(rules::MovementKind::PayIn),
            pay_outs: sum(rules::MovementKind::PayOut),
            refunds: sum(rules::MovementKind::Refund),
            expected: report.expected,
            ..Self::empty(method)
        }
    }
}

/// Returns a closed shift's Z report; `None` while the shift is open.
///
/// # Errors
/// Fails with a fault if the stored report does not parse.
pub fn z_report(shift: &register_shift::Model) -> Result<Option<Report>> {
    shift.z_report.clone().map(|report| serde_json::from_value(report).or_fault()).transpose()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report() -> Report {
        let cash = MethodLine { expected: Micros(5_000_000), ..MethodLine::empty(PaymentMethod::Cash) };
        Report {
            shift_number: 7,
            opened_at: DateTime::UNIX_EPOCH,
            at: DateTime::UNIX_EPOCH,
            methods: vec![cash],
            calls_total: Micros(1),
            items_total: Micros::ZERO,
            discounts_total: Micros::ZERO,
            rounding: Micros(-1),
            cash_rounding: Micros::ZERO,
            sales_total: Micros::ZERO,
            by_cabin: Vec::new(),
            by_destination: Vec::new(),
            by_attendant: Vec::new(),
            references: Vec::new(),
            open_items: Vec::new(),
        }
    }

    #[test]
    fn counting_adds_methods_that_nothing_was_expected_of() {
        let mut report = report();
        let counted =
            BTreeMap::from([(PaymentMethod::Cash, Micros(4_500_000)), (PaymentMethod::Pix, Micros(10_000))]);
        report.count(&counted).unwrap();
        assert_eq!(report.methods[0].variance, Some(Micros(-500_000)));
        assert_eq!(report.methods[1].method, PaymentMethod::Pix);
        assert_eq!(report.methods[1].variance, Some(Micros(10_000)));
    }

    #[test]
    fn a_stored_report_has_money_as_decimal_strings_and_reads_back() {
        let mut report = report();
        report.count(&BTreeMap::from([(PaymentMethod::Cash, Micros(5_000_000))])).unwrap();
        let stored = serde_json::to_value(&report).unwrap();
        assert_eq!(stored["rounding"], "-0.000001");
        assert_eq!(stored["methods"][0]["expected"], "5");
        assert_eq!(serde_json::from_value::<Report>(stored).unwrap(), report);
    }
}
