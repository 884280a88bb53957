//! The model of a branch's expected books, calls and bills. It uses plain integers. The model implements the rules independently of the program. From
//! the program's crates, the model uses only the names of books, payment methods and states.

mod calls;

use std::collections::BTreeMap;

use entity::{Book, PaymentMethod, SessionState};
use uuid::Uuid;

use super::ops::{ACCOUNTS, NUMBERS, PARENTS, SHOPS};
use super::prices::{Price, TARIFFS};

/// Maximum length of a call, in seconds.
pub const LONGEST: i64 = 600;
/// Largest discount or refund that an attendant may give per session, in micros.
pub const CEILING: i64 = 1_000_000;
/// Cash rounding step of each shop, in micros.
pub const CASH_STEP: [i64; 2] = [10_000, 50_000];
/// Payment methods; an operation names a method by its index in this list.
pub const METHODS: [PaymentMethod; 4] =
    [PaymentMethod::Cash, PaymentMethod::Card, PaymentMethod::Pix, PaymentMethod::Other];
const CENT: i64 = 10_000;

/// Result of an operation: done, or refused with this error code.
pub type Verdict = Result<(), &'static str>;

/// Amounts by payment method.
type ByMethod = BTreeMap<PaymentMethod, i64>;

/// The expected state of a branch. Amounts are micros.
#[derive(Clone, Debug, Default)]
pub struct Books {
    /// Whether calls are free if their answer was never acknowledged.
    pub unacknowledged_is_free: bool,
    /// The credit limit of each account.
    pub limits: [Option<i64>; ACCOUNTS],
    /// The tariffs of the case, by their index.
    pub tariffs: [Option<usize>; 7],
    /// Balance of each account's books.
    pub balances: BTreeMap<(usize, Book), i64>,
    /// Drawer content by shift and payment method.
    pub drawers: BTreeMap<(Uuid, PaymentMethod), i64>,
    /// The open shift of each shop.
    pub shifts: [Option<Uuid>; 2],
    /// Sessions, oldest first.
    pub sessions: Vec<Session>,
    /// Call attempts, oldest first.
    pub calls: Vec<Call>,
    /// Credit corrections: the transfer, the account, the amount, and whether the transfer was reversed.
    pub corrections: Vec<(Uuid, usize, i64, bool)>,
    /// Number of receipts of each shop.
    pub receipts: [i64; 2],
}

/// One customer's use of a cabin.
#[derive(Clone, Debug)]
pub struct Session {
    /// The session's id.
    pub id: Uuid,
    /// Index of the shop.
    pub shop: usize,
    /// Index of the cabin.
    pub cabin: usize,
    /// State.
    pub state: SessionState,
    /// Whether the customer pays in advance.
    pub prepaid: bool,
    /// Spending limit for calls.
    pub spending: Option<i64>,
    /// Limit for the total duration of calls.
    pub seconds: Option<i64>,
    /// Deposit, by method.
    pub deposit: BTreeMap<PaymentMethod, i64>,
    /// Items and discounts on the bill: amount, and whether it is a discount.
    pub lines: Vec<(i64, bool)>,
    /// The final statement; `None` until the session is closed.
    pub bill: Option<Bill>,
    /// The amount that cash rounding adds.
    pub cash_rounding: i64,
    /// Total refunded.
    pub refunded: i64,
    /// Receipt number; `None` until settled.
    pub receipt: Option<i64>,
    /// Whether the session was unpaid when a shift closed.
    pub carried_over: bool,
}

/// A statement. Amounts are micros.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Bill {
    /// Sum of the calls.
    pub calls: i64,
    /// Sum of the items.
    pub items: i64,
    /// Sum of the discounts.
    pub discounts: i64,
    /// The amount that rounding to cents adds.
    pub rounding: i64,
}

impl Bill {
    /// Total of the bill.
    pub fn total(self) -> i64 {
        self.calls + self.items - self.discounts + self.rounding
    }
}

/// State of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Allowed.
    Authorized,
    /// Ringing.
    Ringing,
    /// In conversation.
    Answered,
    /// The call ended after an answer.
    Ended,
    /// Not answered.
    Failed,
    /// The call was given up before an answer.
    Abandoned,
    /// Refused.
    Refused,
}

/// A call attempt. Times are micros.
#[derive(Clone, Debug)]
pub struct Call {
    /// Id; nil if refused.
    pub id: Uuid,
    /// The proxy's `request_id`.
    pub request: String,
    /// Index of the caller's cabin.
    pub cabin: usize,
    /// Index of the dialed number.
    pub number: usize,
    /// Refusal code, if refused.
    pub refusal: Option<String>,
    /// Index of the session that pays.
    pub session: Option<usize>,
    /// Payer and price at each level, the customer first.
    pub levels: Vec<(usize, Price)>,
    /// State.
    pub state: State,
    /// Whether a ringing event arrived.
    pub rang: bool,
    /// Time of the answer.
    pub answered: Option<i64>,
    /// Time of the end.
    pub ended: Option<i64>,
    /// Number of seconds for which the call has reserved money.
    pub covered: i64,
    /// Amount reserved at each level.
    pub holds: Vec<i64>,
    /// Number of charged seconds: the talk time, but no more than the covered seconds.
    pub talk: i64,
    /// The customer's charge.
    pub charge: i64,
    /// Charge at each level; empty if nothing was charged.
    pub charges: Vec<i64>,
    /// Retail value of talk time that could not be charged.
    pub written_off: i64,
    /// Whether the call's end is an estimate.
    pub estimated: bool,
    /// Whether the call ended before its answer was acknowledged.
    pub unacked: bool,
    /// Whether the call's true end arrived after the call had already ended.
    pub corrected: bool,
    /// Whether the shop has asked to end the call.
    pub hang_up: bool,
}

impl Call {
    /// True while the call occupies its phone and reserves money.
    pub fn is_live(&self) -> bool {
        matches!(self.state, State::Authorized | State::Ringing | State::Answered)
    }
}

/// Seconds, rounded up, between two times given in microseconds.
fn seconds(from: i64, to: i64) -> i64 {
    ((to - from).max(0) + 999_999) / 1_000_000
}

/// Rounds to the nearest multiple of a step, half up. The amount must not be negative.
fn nearest(amount: i64, step: i64) -> i64 {
    (amount + step / 2) / step * step
}

impl Books {
    fn post(&mut self, account: usize, book: Book, amount: i64) {
        *self.balances.entry((account, book)).or_default() += amount;
    }

    fn drawer(&mut self, shop: usize, shift: Uuid, method: PaymentMethod, amount: i64) {
        self.post(SHOPS[shop], Book::Drawer, amount);
        *self.drawers.entry((shift, method)).or_default() += amount;
    }

    /// The balance of a book.
    pub fn balance(&self, account: usize, book: Book) -> i64 {
        self.balances.get(&(account, book)).copied().unwrap_or_default()
    }

    /// Amount of an account's credit that live calls hold.
    pub fn held(&self, account: usize) -> i64 {
        let holds = self.calls.iter().flat_map(|call| call.levels.iter().zip(&call.holds).skip(1));
        holds.filter(|((payer, _), _)| *payer == account).map(|(_, hold)| hold).sum()
    }

    /// Credit left to spend; `None` without a limit.
    pub fn available(&self, account: usize) -> Option<i64> {
        Some(self.balance(account, Book::Credit) + self.limits[account]? - self.held(account))
    }

    /// Amount in the drawer of the open shift; 0 if no shift is open.
    pub fn in_drawer(&self, shop: usize, method: PaymentMethod) -> i64 {
        self.shifts[shop].and_then(|shift| self.drawers.get(&(shift, method))).copied().unwrap_or_default()
    }

    // credit

    /// Whether an account's credit may change by `amount` while its limit changes to `limit`.
    pub fn may_change_credit(&self, account: usize, amount: i64, limit: Option<i64>) -> Verdict {
        let after =
            limit.map(|limit| self.balance(account, Book::Credit) + amount + limit - self.held(account));
        match (self.available(account), after) {
            (_, Some(after)) if after >= 0 => Ok(()),
            (Some(before), Some(after)) if after >= before => Ok(()),
            (_, None) => Ok(()),
            _ => Err("INSUFFICIENT_CREDIT"),
        }
    }

    /// The parent gives credit. If the amount is negative, the parent takes credit back.
    pub fn give(&mut self, account: usize, amount: i64) {
        self.post(account, Book::Credit, amount);
        self.post(PARENTS[account], Book::Issued, -amount);
    }

    // register

    /// Opens the register.
    pub fn open_register(&mut self, shop: usize, shift: Uuid, float: i64) {
        self.shifts[shop] = Some(shift);
        self.move_cash(shop, float);
    }

    /// Adds cash to the drawer, or withdraws cash if the amount is negative.
    pub fn move_cash(&mut self, shop: usize, amount: i64) {
        let Some(shift) = self.shifts[shop] else { return };
        self.drawer(shop, shift, PaymentMethod::Cash, amount);
        self.post(SHOPS[shop], Book::Outside, -amount);
    }

    /// Whether the drawer has enough cash for a payment by this method.
    fn has_cash(&self, shop: usize, method: PaymentMethod, amount: i64) -> Verdict {
        let enough = method != PaymentMethod::Cash || amount <= self.in_drawer(shop, method).max(0);
        if enough { Ok(()) } else { Err("INSUFFICIENT_CASH") }
    }

    /// A shop's sessions that are closed but not paid.
    pub fn unpaid(&self, shop: usize) -> Vec<Uuid> {
        let unpaid = |row: &&Session| row.shop == shop && row.state == SessionState::Closed;
        self.sessions.iter().filter(unpaid).map(|row| row.id).collect()
    }

    /// Whether the register may close.
    pub fn may_close_register(&self, shop: usize, carry_over: bool) -> Verdict {
        if self.shifts[shop].is_none() {
            return Err("REGISTER_CLOSED");
        }
        let in_the_way = |row: &Session| match row.state {
            SessionState::Open | SessionState::Closing => true,
            SessionState::Closed => !carry_over,
            SessionState::Settled | SessionState::Voided => false,
        };
        let open = self.sessions.iter().any(|row| row.shop == shop && in_the_way(row));
        if open { Err("OPEN_ITEMS") } else { Ok(()) }
    }

    /// Counts and closes the register.
    pub fn close_register(&mut self, shop: usize, counts: [i64; 4]) {
        let Some(shift) = self.shifts[shop] else { return };
        for (method, counted) in METHODS.into_iter().zip(counts) {
            let variance = counted - self.in_drawer(shop, method);
            self.post(SHOPS[shop], Book::Variance, -variance);
            self.drawer(shop, shift, method, variance - counted);
            self.post(SHOPS[shop], Book::Outside, counted);
        }
        self.shifts[shop] = None;
        for session in self.sessions.iter_mut().filter(|row| row.shop == shop) {
            session.carried_over |= session.state == SessionState::Closed;
        }
    }

    // sessions

    /// The session that occupies a cabin.
    pub fn occupying(&self, cabin: usize) -> Option<usize> {
        let occupies = |row: &Session| {
            row.cabin == cabin && matches!(row.state, SessionState::Open | SessionState::Closing)
        };
        self.sessions.iter().position(occupies)
    }

    /// Number of live calls of a session.
    pub fn live(&self, session: usize) -> usize {
        self.calls.iter().filter(|call| call.session == Some(session) && call.is_live()).count()
    }

    /// Takes a deposit.
    pub fn take_deposit(&mut self, session: usize, method: PaymentMethod, amount: i64) {
        let shop = self.sessions[session].shop;
        let Some(shift) = self.shifts[shop] else { return };
        *self.sessions[session].deposit.entry(method).or_default() += amount;
        self.drawer(shop, shift, method, amount);
        self.post(SHOPS[shop], Book::Deposits, -amount);
    }

    /// Cost of a session's ended calls.
    pub fn calls_total(&self, session: usize) -> i64 {
        self.calls.iter().filter(|call| call.session == Some(session)).map(|call| call.charge).sum()
    }

    /// The sum of a session's items, or of its discounts.
    pub fn lines(&self, session: usize, discounts: bool) -> i64 {
        let lines = self.sessions[session].lines.iter();
        lines.filter(|(_, discount)| *discount == discounts).map(|(amount, _)| amount).sum()
    }

    /// Checks that the discounts do not exceed the total of items and calls.
    pub fn may_discount(&self, session: usize, items: i64, discounts: i64) -> Verdict {
        if discounts > items + self.calls_total(session) { Err("DISCOUNT_TOO_HIGH") } else { Ok(()) }
    }

    /// The bill of the session at this moment.
    pub fn bill(&self, session: usize) -> Bill {
        let (calls, items) = (self.calls_total(session), self.lines(session, false));
        let discounts = self.lines(session, true).min(calls + items);
        let exact = calls + items - discounts;
        Bill { calls, items, discounts, rounding: nearest(exact, CENT) - exact }
    }

    fn sell(&mut self, session: usize, bill: Bill, sign: i64) {
        let account = SHOPS[self.sessions[session].shop];
        self.post(account, Book::Receivable, sign * bill.total());
        self.post(account, Book::Sales, -sign * (bill.total() - bill.rounding));
        self.post(account, Book::Rounding, -sign * bill.rounding);
    }

    /// Makes the statement final.
    pub fn finish(&mut self, session: usize) {
        let bill = self.bill(session);
        self.sessions[session].state = SessionState::Closed;
        self.sessions[session].bill = Some(bill);
        self.sell(session, bill, 1);
    }

    /// Recomputes a final statement.
    pub fn restate(&mut self, session: usize) {
        let row = &self.sessions[session];
        let (SessionState::Closed, Some(before)) = (row.state, row.bill) else { return };
        let after = self.bill(session);
        self.sell(session, before, -1);
        self.sell(session, after, 1);
        self.sessions[session].bill = Some(after);
    }

    /// Closes a cabin, and hangs up the cabin's calls if `hang_up` is true.
    pub fn close(&mut self, session: usize, hang_up: bool) {
        if self.live(session) == 0 {
            return self.finish(session);
        }
        self.sessions[session].state = SessionState::Closing;
        let live = |call: &&mut Call| call.session == Some(session) && call.is_live();
        for call in self.calls.iter_mut().filter(live) {
            call.hang_up |= hang_up;
        }
    }

    /// Whether a session may be voided.
    pub fn may_void(&self, session: usize) -> Verdict {
        let row = &self.sessions[session];
        let called =
            self.calls.iter().any(|call| call.session == Some(session) && call.state != State::Refused);
        if called || !matches!(row.state, SessionState::Open | SessionState::Closed) {
            return Err("ILLEGAL_STATE");
        }
        if row.deposit.is_empty() {
            return Ok(());
        }
        if self.shifts[row.shop].is_none() {
            return Err("REGISTER_CLOSED");
        }
        Ok(())
    }

    /// Voids a session that was opened by mistake.
    pub fn void(&mut self, session: usize) {
        let row = self.sessions[session].clone();
        if let Some(bill) = row.bill {
            self.sell(session, bill, -1);
        }
        if let Some(shift) = self.shifts[row.shop] {
            for (method, amount) in row.deposit {
                self.drawer(row.shop, shift, method, -amount);
                self.post(SHOPS[row.shop], Book::Deposits, amount);
            }
        }
        self.sessions[session].state = SessionState::Voided;
        self.sessions[session].lines.clear();
    }

    /// The amount due for a closed session, after its deposit is used up; negative if a part of the deposit is left.
    pub fn due(&self, session: usize) -> i64 {
        let row = &self.sessions[session];
        row.bill.unwrap_or_default().total() - row.deposit.values().sum::<i64>()
    }

    /// Computes a payment. Returns the kept amounts by method, the returned deposit by method, and the amount that cash rounding adds.
    pub fn payment(
        &self,
        session: usize,
        handed: &[(PaymentMethod, i64)],
    ) -> Result<(ByMethod, ByMethod, i64), &'static str> {
        let shop = self.sessions[session].shop;
        if self.shifts[shop].is_none() {
            return Err("REGISTER_CLOSED");
        }
        if self.sessions[session].state != SessionState::Closed {
            return Err("ILLEGAL_STATE");
        }
        let due = self.due(session);
        let (to_pay, mut left) = (due.max(0), (-due).max(0));
        let mut kept: BTreeMap<PaymentMethod, i64> = BTreeMap::new();
        for (method, amount) in handed {
            *kept.entry(*method).or_default() += amount;
        }
        let others: i64 =
            kept.iter().filter(|(method, _)| **method != PaymentMethod::Cash).map(|(_, sum)| sum).sum();
        if others > to_pay {
            return Err("OVERPAID");
        }
        let mut in_cash = to_pay - others;
        let mut rounding = 0;
        if let Some(cash) = kept.get_mut(&PaymentMethod::Cash) {
            let rounded = nearest(in_cash, CASH_STEP[shop]);
            rounding = rounded - in_cash;
            in_cash = rounded;
            if *cash < in_cash {
                return Err("UNDERPAID");
            }
            *cash = in_cash;
        } else if in_cash > 0 {
            return Err("UNDERPAID");
        }
        let mut back = BTreeMap::new();
        for method in [PaymentMethod::Card, PaymentMethod::Pix, PaymentMethod::Other] {
            let came = self.sessions[session].deposit.get(&method).copied().unwrap_or(0);
            back.insert(method, came.min(left));
            left -= came.min(left);
        }
        let coins = nearest(left, CASH_STEP[shop]);
        rounding += left - coins;
        back.insert(PaymentMethod::Cash, coins);
        Ok((kept, back, rounding))
    }

    /// Settles a session.
    pub fn settle(
        &mut self,
        session: usize,
        kept: BTreeMap<PaymentMethod, i64>,
        back: BTreeMap<PaymentMethod, i64>,
        rounding: i64,
    ) {
        let row = self.sessions[session].clone();
        let (account, Some(shift)) = (SHOPS[row.shop], self.shifts[row.shop]) else { return };
        self.post(account, Book::Receivable, -row.bill.unwrap_or_default().total());
        self.post(account, Book::Deposits, row.deposit.values().sum());
        self.post(account, Book::Rounding, -rounding);
        for (method, amount) in kept {
            self.drawer(row.shop, shift, method, amount);
        }
        for (method, amount) in back {
            self.drawer(row.shop, shift, method, -amount);
        }
        self.receipts[row.shop] += 1;
        let receipt = self.receipts[row.shop];
        let row = &mut self.sessions[session];
        (row.state, row.cash_rounding, row.receipt) = (SessionState::Settled, rounding, Some(receipt));
    }

    /// Checks a refund.
    pub fn may_refund(&self, session: usize, method: PaymentMethod, amount: i64, owner: bool) -> Verdict {
        let row = &self.sessions[session];
        if self.shifts[row.shop].is_none() {
            return Err("REGISTER_CLOSED");
        }
        if row.state != SessionState::Settled {
            return Err("ILLEGAL_STATE");
        }
        if amount > row.bill.unwrap_or_default().total() + row.cash_rounding - row.refunded {
            return Err("REFUND_TOO_HIGH");
        }
        if !owner && row.refunded + amount > CEILING {
            return Err("CEILING_EXCEEDED");
        }
        if method == PaymentMethod::Cash && amount % CASH_STEP[row.shop] != 0 {
            return Err("INVALID_INPUT");
        }
        // for an attendant, the model does not check whether the drawer has enough cash, because a refusal would reveal the drawer's content
        if owner { self.has_cash(row.shop, method, amount) } else { Ok(()) }
    }

    /// Refunds part of a session.
    pub fn refund(&mut self, session: usize, method: PaymentMethod, amount: i64) {
        let shop = self.sessions[session].shop;
        let Some(shift) = self.shifts[shop] else { return };
        self.sessions[session].refunded += amount;
        self.drawer(shop, shift, method, -amount);
        self.post(SHOPS[shop], Book::Sales, amount);
    }
}

/// A proxy's event about a call. Times are micros.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// The phone rings.
    Ringing,
    /// The call was answered at this time.
    Answered(i64),
    /// Ended.
    Ended {
        /// Time of the end.
        at: i64,
        /// Time of the answer, if the event contains it.
        answered: Option<i64>,
        /// Whether the answer was acknowledged.
        acked: bool,
    },
    /// Failed.
    Failed,
    /// Abandoned.
    Abandoned,
    /// The proxy lost the call. The proxy last listed the call at this time.
    Lost(i64),
}
