//! The columns and rows of the exported tables.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;

use billing::money::Micros;
use billing::table::Cell;
use entity::{Book, PaymentKind, PaymentMethod, account, call, payment, register_shift};
use uuid::Uuid;

use super::{PAGE, Style, names};
use crate::auth::{Actor, Right, resume};
use crate::{App, ledger, rates, register};
use base::error::{OrFault as _, Result};
use store::exports::{self as rows, Part};
use store::tariffs::{self, RateFilter, RatePage};
use store::{Page, Scope, Within, accounts, cabins};

/// Number of callshops that are read at a time.
const SHOPS: u64 = 100;

/// The columns of calls.
pub(super) const CALLS: [&str; 23] = [
    "id",
    "callshop",
    "cabin",
    "session_id",
    "state",
    "authorized_at",
    "ringing_at",
    "answered_at",
    "ended_at",
    "dialed",
    "number",
    "destination",
    "talk_seconds",
    "billed_seconds",
    "currency",
    "charge",
    "cost",
    "written_off",
    "refusal",
    "sip_code",
    "ended_by",
    "cause",
    "estimated",
];

/// The columns of payments.
pub(super) const PAYMENTS: [&str; 12] = [
    "id",
    "callshop",
    "session_id",
    "shift_id",
    "at",
    "kind",
    "method",
    "currency",
    "received",
    "reference",
    "reason",
    "user",
];

/// The columns of the ledger.
pub(super) const LEDGER: [&str; 13] = [
    "transfer_id",
    "at",
    "account",
    "book",
    "kind",
    "currency",
    "amount",
    "note",
    "user",
    "call_id",
    "session_id",
    "reverses",
    "reversed_by",
];

const METHODS: [PaymentMethod; 4] =
    [PaymentMethod::Cash, PaymentMethod::Card, PaymentMethod::Pix, PaymentMethod::Other];

/// The columns of shifts.
pub(super) fn shift_columns() -> Vec<String> {
    let fixed = [
        "id",
        "callshop",
        "number",
        "opened_at",
        "opened_by",
        "closed_at",
        "closed_by",
        "currency",
        "float",
        "sales",
    ];
    let mut columns = names(&fixed);
    for method in METHODS {
        let method = method.as_str().to_lowercase();
        columns.extend(["expected", "counted", "variance"].map(|figure| format!("{method}_{figure}")));
    }
    columns
}

/// The rates of a tariff version.
pub(super) struct Rates {
    pub version_id: Uuid,
    pub bands: Vec<String>,
    pub after: Option<String>,
}

impl Rates {
    pub async fn read(&mut self, app: &App) -> Result<Option<Vec<Vec<Cell>>>> {
        let page = RatePage { after: self.after.clone(), limit: PAGE, ..RatePage::default() };
        let found = tariffs::rates(app.store.reader(), self.version_id, &RateFilter::default(), page).await?;
        let Some(last) = found.rows.last() else { return Ok(None) };
        self.after = Some(last.prefix.clone());
        let cells = |row| {
            Ok(billing::deck::deck_cells(&rates::from_row(row)?, self.bands.iter().map(String::as_str)))
        };
        found.rows.into_iter().map(cells).collect::<Result<_>>().map(Some)
    }
}

/// The kind of a list. Each callshop has one list of each kind.
#[derive(Clone, Copy)]
pub(super) enum List {
    Calls,
    Payments,
    Shifts,
}

/// The same list for every callshop of a subtree, one callshop after another.
pub(super) struct Shops {
    list: List,
    scope: Scope,
    /// The exported account. The cost of each call is the cost to this account.
    account_id: Uuid,
    within: Within,
    style: Style,
    /// Callshops that were read from the database but not exported yet.
    waiting: VecDeque<account::Model>,
    /// The last callshop that was read.
    last_shop: Option<Uuid>,
    present: Option<account::Model>,
    after: Option<Uuid>,
}

impl Shops {
    pub fn new(list: List, scope: Scope, account_id: Uuid, within: Within, style: Style) -> Self {
        Self {
            list,
            scope,
            account_id,
            within,
            style,
            waiting: VecDeque::new(),
            last_shop: None,
            present: None,
            after: None,
        }
    }

    /// The next rows; `None` after the last callshop.
    pub async fn read(&mut self, app: &App, actor: &Actor) -> Result<Option<Vec<Vec<Cell>>>> {
        loop {
            let Some(shop) = self.shop(app, actor).await? else { return Ok(None) };
            let (found, last) = match self.list {
                List::Calls => self.calls(app, actor, &shop).await?,
                List::Payments => self.payments(app, &shop).await?,
                List::Shifts => self.shifts(app, actor, &shop).await?,
            };
            let is_last = u64::try_from(found.len()).or_fault()? < PAGE;
            (self.after, self.present) = if is_last { (None, None) } else { (last, Some(shop)) };
            if !found.is_empty() {
                return Ok(Some(found));
            }
            // reading thousands of callshops without rows takes a while
            resume::still_valid(app, actor).await?;
        }
    }

    /// The callshop whose rows come next.
    async fn shop(&mut self, app: &App, actor: &Actor) -> Result<Option<account::Model>> {
        if let Some(shop) = self.present.take() {
            return Ok(Some(shop));
        }
        if self.waiting.is_empty() {
            let found = rows::callshops(app.store.reader(), &self.scope, self.last_shop, SHOPS).await?;
            self.last_shop = found.last().map(|shop| shop.id).or(self.last_shop);
            // the account was checked, and callshops below it are in the actor's subtree
            self.waiting = found.into_iter().filter(|shop| actor.scope().holds(&shop.path)).collect();
        }
        Ok(self.waiting.pop_front())
    }

    fn part(&self) -> Part {
        Part { within: self.within, after: self.after, limit: PAGE }
    }

    async fn calls(&self, app: &App, actor: &Actor, shop: &account::Model) -> Result<Read> {
        let conn = app.store.reader();
        let calls = rows::calls(conn, shop.id, self.part()).await?;
        let ids: Vec<Uuid> = calls.iter().map(|call| call.id).collect();
        let costs = match actor.may(Right::SeeCost) {
            true => rows::costs(conn, self.account_id, &ids).await?,
            false => HashMap::new(),
        };
        let in_cabins: Vec<Uuid> = distinct(calls.iter().filter_map(|call| call.cabin_id));
        let numbers: HashMap<Uuid, i32> = cabins::by_ids(conn, &in_cabins)
            .await?
            .into_iter()
            .map(|cabin| (cabin.id, cabin.number))
            .collect();
        let row = |call: &call::View| {
            let cabin = call.cabin_id.and_then(|id| numbers.get(&id));
            self.call(call, &shop.code, cabin.copied(), costs.get(&call.id).copied())
        };
        Ok((calls.iter().map(row).collect(), ids.last().copied()))
    }

    fn call(&self, call: &call::View, shop: &str, cabin: Option<i32>, cost: Option<Micros>) -> Vec<Cell> {
        let style = self.style;
        vec![
            style.id("Call", call.id),
            Cell::Text(shop.to_owned()),
            Cell::count(cabin),
            style.id_if("CabinSession", call.session_id),
            Cell::Text(call.state.as_str().to_owned()),
            style.time(call.authorized_at),
            style.time_if(call.ringing_at),
            style.time_if(call.answered_at),
            style.time_if(call.ended_at),
            Cell::Text(call.dialed.clone()),
            Cell::Text(call.number.clone()),
            Cell::Text(call.destination.clone()),
            Cell::Count(call.talk_seconds.into()),
            Cell::Count(call.billed_seconds.into()),
            Cell::Text(call.currency.clone()),
            Cell::Money(call.charge.into()),
            Cell::money(cost),
            Cell::Money(call.written_off.into()),
            Cell::text(call.refusal.clone()),
            Cell::count(call.sip_code),
            Cell::text(call.ended_by.map(|by| by.as_str())),
            Cell::text(call.cause.map(|cause| cause.as_str())),
            Cell::Flag(call.estimated),
        ]
    }

    async fn payments(&self, app: &App, shop: &account::Model) -> Result<Read> {
        let found = rows::payments(app.store.reader(), shop.id, self.part()).await?;
        let users = user_names(app, found.iter().map(|payment| payment.user_id)).await?;
        let style = self.style;
        let row = |payment: &payment::Model| {
            let amount = Micros::from(payment.amount);
            let is_back = matches!(payment.kind, PaymentKind::Refund | PaymentKind::DepositRefund);
            let received = if is_back { amount.checked_neg().or_fault()? } else { amount };
            Ok(vec![
                style.id("Payment", payment.id),
                Cell::Text(shop.code.clone()),
                style.id("CabinSession", payment.session_id),
                style.id("RegisterShift", payment.shift_id),
                style.time(payment.at),
                Cell::Text(payment.kind.as_str().to_owned()),
                Cell::Text(payment.method.as_str().to_owned()),
                Cell::Text(shop.currency.clone()),
                Cell::Money(received),
                Cell::text(payment.reference.clone()),
                Cell::text(payment.reason.clone()),
                Cell::text(users.get(&payment.user_id).cloned()),
            ])
        };
        let last = found.last().map(|payment| payment.id);
        Ok((found.iter().map(row).collect::<Result<_>>()?, last))
    }

    async fn shifts(&self, app: &App, actor: &Actor, shop: &account::Model) -> Result<Read> {
        let page = Page { above: self.after, below: None, limit: PAGE, descending: false, counted: false };
        let found = register::list(app, actor, shop.id, self.within, page).await?.rows;
        let shifts = || found.iter().map(|view| &view.shift);
        let users = shifts().map(|shift| shift.opened_by).chain(shifts().filter_map(|shift| shift.closed_by));
        let users = user_names(app, users).await?;
        let row = |view: &register::ShiftView| {
            let shift = &view.shift;
            let report = register::z_report(shift)?;
            let mut cells = self.shift(shift, &shop.code, &users);
            cells.push(Cell::Text(view.currency.clone()));
            cells.push(Cell::money(view.float()));
            cells.push(Cell::money(report.as_ref().map(|report| report.sales_total)));
            for method in METHODS {
                let lines = report.as_ref().map(|report| report.methods.as_slice()).unwrap_or_default();
                let line = lines.iter().find(|line| line.method == method);
                cells.push(Cell::money(line.map(|line| line.expected)));
                cells.push(Cell::money(line.and_then(|line| line.counted)));
                cells.push(Cell::money(line.and_then(|line| line.variance)));
            }
            Ok(cells)
        };
        let last = found.last().map(|view| view.shift.id);
        Ok((found.iter().map(row).collect::<Result<_>>()?, last))
    }

    fn shift(&self, shift: &register_shift::Model, shop: &str, users: &BTreeMap<Uuid, String>) -> Vec<Cell> {
        let user = |id: Option<Uuid>| Cell::text(id.and_then(|id| users.get(&id).cloned()));
        vec![
            self.style.id("RegisterShift", shift.id),
            Cell::Text(shop.to_owned()),
            Cell::Count(shift.number),
            self.style.time(shift.opened_at),
            user(Some(shift.opened_by)),
            self.style.time_if(shift.closed_at),
            user(shift.closed_by),
        ]
    }
}

/// Rows, and the id of the last row.
type Read = (Vec<Vec<Cell>>, Option<Uuid>);

/// The changes to one book of an account.
pub(super) struct Ledger {
    pub account: account::Model,
    pub book: Book,
    pub within: Within,
    pub style: Style,
    pub after: Option<Uuid>,
}

impl Ledger {
    pub async fn read(&mut self, app: &Arc<App>, actor: &Actor) -> Result<Option<Vec<Vec<Cell>>>> {
        let page = Page { above: self.after, below: None, limit: PAGE, descending: false, counted: false };
        let lines = ledger::list(app, actor, self.account.id, self.book, self.within, page).await?.rows;
        let Some(last) = lines.last() else { return Ok(None) };
        self.after = Some(last.transfer.id);
        Ok(Some(lines.iter().map(|line| self.line(line)).collect()))
    }

    fn line(&self, line: &ledger::Line) -> Vec<Cell> {
        let (style, transfer) = (self.style, &line.transfer);
        vec![
            style.id("LedgerTransfer", transfer.id),
            style.time(transfer.at),
            Cell::Text(self.account.code.clone()),
            Cell::Text(self.book.as_str().to_owned()),
            Cell::Text(transfer.kind.as_str().to_owned()),
            Cell::Text(line.currency.clone()),
            Cell::Money(line.amount),
            Cell::Text(transfer.note.clone()),
            Cell::text(line.user.as_ref().map(|user| user.display_name.clone())),
            style.id_if("Call", transfer.call_id),
            style.id_if("CabinSession", transfer.session_id),
            style.id_if("LedgerTransfer", transfer.reverses),
            style.id_if("LedgerTransfer", line.reversed_by),
        ]
    }
}

/// The display names of these users, keyed by the user's id.
async fn user_names(app: &App, ids: impl Iterator<Item = Uuid>) -> Result<BTreeMap<Uuid, String>> {
    let users = accounts::users_by_ids(app.store.reader(), &distinct(ids)).await?;
    Ok(users.into_iter().map(|user| (user.id, user.display_name)).collect())
}

fn distinct(ids: impl Iterator<Item = Uuid>) -> Vec<Uuid> {
    ids.collect::<std::collections::BTreeSet<_>>().into_iter().collect()
}
