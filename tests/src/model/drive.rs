//! Runs a case in the program and in the model, and compares their results.

mod calls;

use std::collections::{BTreeMap, BTreeSet};

use app::auth::Actor;
use app::calls::authorize::{Authorization, AuthorizeRequest};
use app::calls::events::{EventBody, EventResult, ProxyEvent};
use app::{credit, register, sessions};
use base::error::Error;
use billing::call::{CallEventKind, EndCause, EndedBy};
use billing::money::Micros;
use billing::session::CloseMode;
use chrono::{DateTime, TimeDelta, Utc};
use entity::{MovementKind, PaymentMethod, SessionState};
use futures_util::future::join_all;
use sea_orm::EntityTrait as _;
use uuid::Uuid;

use super::books::{Books, Call, Event, METHODS, Session, State, Verdict};
use super::ops::{CABINS, CallOp, Case, NUMBERS, Op, Paying, SHOPS, Terms, What};
use super::program::{Branch, Program};
use super::{Wrong, check};

/// A running case.
pub struct Drive<'a> {
    pub(super) program: &'a Program,
    pub(super) branch: Branch,
    pub(super) books: Books,
    /// The events sent so far. Each event has its counterpart in the model.
    sent: Vec<ProxyEvent>,
    keys: u64,
}

/// Result of an operation without its payload.
fn verdict<T>(done: &Result<T, Error>) -> Result<(), String> {
    match done {
        Ok(_) => Ok(()),
        Err(Error::User(error)) => Err(error.code.as_str().to_owned()),
        Err(Error::NotFound) => Err("NOT_FOUND".to_owned()),
        Err(error) => Err(format!("{error:?}")),
    }
}

/// Picks an element, counted from the newest. If `back` is less than 3, picks only from the elements that fit, if there are any.
fn pick(back: usize, fits: Vec<bool>) -> Option<usize> {
    let fitting: Vec<usize> = (0..fits.len()).filter(|index| fits[*index]).collect();
    match recent(fitting.len(), back) {
        Some(index) if back < 3 => Some(fitting[index]),
        _ => recent(fits.len(), back),
    }
}

/// An index that is counted back from the newest of `length` elements; `None` if the list is empty.
fn recent(length: usize, back: usize) -> Option<usize> {
    length.checked_sub(1).map(|last| last - back % length)
}

fn micros(at: DateTime<Utc>) -> i64 {
    at.timestamp_micros()
}

fn at(micros: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_micros(micros).expect("a near time")
}

/// Runs a case.
///
/// # Errors
/// The error is the first difference between program and model.
pub async fn run(program: &Program, case: &Case) -> Result<(), Wrong> {
    let branch = program.branch(case).await;
    let unacknowledged_is_free = !program.app.config.calls.charge_unacknowledged;
    let mut books = Books { tariffs: case.tariffs, unacknowledged_is_free, ..Books::default() };
    books.limits[1..].copy_from_slice(&case.limits);
    let mut drive = Drive { program, branch, books, sent: Vec::new(), keys: 0 };
    for shop in 0..SHOPS.len() {
        drive.op(&Op::OpenRegister { shop, float: 20_000_000, twice: false }).await?;
    }
    for (number, op) in case.ops.iter().enumerate() {
        let step = async {
            drive.op(op).await?;
            check::step(&drive).await
        };
        step.await.map_err(|wrong: Wrong| format!("operation {number}, {op:?}: {wrong}"))?;
    }
    check::whole(&drive).await
}

impl Drive<'_> {
    fn key(&mut self) -> String {
        self.keys += 1;
        format!("{}-{}", self.branch.accounts[0].code, self.keys)
    }

    fn now(&self) -> DateTime<Utc> {
        self.program.app.clock.now()
    }

    fn same(&self, expected: Verdict, found: Result<(), String>) -> Result<bool, Wrong> {
        self.program.count(expected.err().unwrap_or("done"));
        if expected.map_err(str::to_owned) == found {
            return Ok(expected.is_ok());
        }
        Err(format!("should be {expected:?}, is {found:?}"))
    }

    /// Picks a session, preferably one for which `fits` is true.
    fn session(&self, back: usize, fits: impl Fn(&Session) -> bool) -> Option<usize> {
        pick(back, self.books.sessions.iter().map(fits).collect())
    }

    /// Picks a call, preferably one for which `fits` is true.
    fn call(&self, back: usize, fits: impl Fn(&Call) -> bool) -> Option<usize> {
        pick(back, self.books.calls.iter().map(fits).collect())
    }

    /// Picks a cabin, preferably one for which `fits` is true.
    fn cabin(&self, cabin: usize, fits: impl Fn(usize) -> bool) -> usize {
        let fitting: Vec<usize> = (0..CABINS.len()).filter(|cabin| fits(*cabin)).collect();
        let mostly = cabin < CABINS.len() && !fitting.is_empty();
        if mostly { fitting[cabin % fitting.len()] } else { cabin % CABINS.len() }
    }

    async fn op(&mut self, op: &Op) -> Result<(), Wrong> {
        match *op {
            Op::TakeAll { account } => {
                let left = self.books.available(account).unwrap_or(0);
                self.credit(&Op::Adjust { account, amount: -left, twice: false }).await
            }
            Op::TopUp { .. } | Op::Adjust { .. } | Op::Reverse { .. } | Op::SetLimit { .. } => {
                self.credit(op).await
            }
            Op::OpenRegister { .. } | Op::CloseRegister { .. } | Op::MoveCash { .. } => {
                self.register(op).await
            }
            Op::OpenCabin { cabin, ref terms, twice } => self.open(cabin, terms, twice).await,
            Op::CloseCabin { cabin, mode } => self.close(cabin, mode).await,
            Op::Move { session, cabin } => self.change_cabin(session, cabin).await,
            Op::AddDeposit { .. } | Op::AddItem { .. } | Op::Discount { .. } | Op::RemoveItem { .. } => {
                self.bill(op).await
            }
            Op::Settle { session, how, twice } => self.settle(session, how, twice).await,
            Op::Refund { session, method, amount, owner, twice } => {
                self.refund(session, METHODS[method], amount, owner, twice).await
            }
            Op::Void { session, twice } => self.void(session, twice).await,
            Op::Calls(ref ops) => self.calls(ops).await,
            Op::Extend { call } => self.extend(call).await,
        }
    }

    async fn credit(&mut self, op: &Op) -> Result<(), Wrong> {
        let app = &self.program.app;
        let account = |index: usize| self.branch.accounts[index].id;
        let manager = |index: usize| self.branch.manager(super::ops::PARENTS[index]);
        match *op {
            Op::TopUp { account: index, amount, twice } => {
                let actor = manager(index);
                let (account_id, currency) = (account(index), "BRL".to_owned());
                let input =
                    credit::TopUp { account_id, amount: Micros(amount), currency, note: String::new() };
                let key = self.key();
                for _ in 0..=usize::from(twice) {
                    let done = credit::top_up(app, &actor, &key, input.clone()).await;
                    self.same(Ok(()), verdict(&done))?;
                }
                self.books.give(index, amount);
            }
            Op::Adjust { account: index, amount, twice } => {
                let expected = match amount {
                    0 => Err("INVALID_INPUT"),
                    _ => self.books.may_change_credit(index, amount, self.books.limits[index]),
                };
                let actor = manager(index);
                let (account_id, currency) = (account(index), "BRL".to_owned());
                let reason = "a reason".to_owned();
                let input = credit::Adjustment { account_id, amount: Micros(amount), currency, reason };
                let key = self.key();
                for again in 0..=usize::from(twice) {
                    let done = credit::adjust(app, &actor, &key, input.clone()).await;
                    if self.same(expected, verdict(&done))? && again == 0 {
                        let transfer = done.expect("the program did it, like the model").1.transfer_id;
                        self.books.give(index, amount);
                        self.books.corrections.push((transfer, index, amount, false));
                    }
                }
            }
            Op::Reverse { nth } => {
                let Some(nth) = recent(self.books.corrections.len(), nth) else { return Ok(()) };
                let (transfer_id, index, amount, reversed) = self.books.corrections[nth];
                let expected = match reversed {
                    true => Err("ALREADY_REVERSED"),
                    false => self.books.may_change_credit(index, -amount, self.books.limits[index]),
                };
                let input = credit::Reversal { transfer_id, reason: "a reason".to_owned() };
                let actor = manager(index);
                let done = credit::reverse(app, &actor, &self.key(), input).await;
                if self.same(expected, verdict(&done))? {
                    self.books.give(index, -amount);
                    self.books.corrections[nth].3 = true;
                }
            }
            Op::SetLimit { account: index, limit } => {
                let expected = self.books.may_change_credit(index, 0, limit);
                let done = credit::set_limit(app, &manager(index), account(index), limit.map(Micros)).await;
                if self.same(expected, verdict(&done))? {
                    self.books.limits[index] = limit;
                }
            }
            _ => {}
        }
        Ok(())
    }

    async fn register(&mut self, op: &Op) -> Result<(), Wrong> {
        let app = &self.program.app;
        match *op {
            Op::OpenRegister { shop, float, twice } => {
                let expected = if self.books.shifts[shop].is_some() { Err("REGISTER_OPEN") } else { Ok(()) };
                let (actor, key) = (self.branch.at_counter(shop, false), self.key());
                let callshop_id = self.branch.accounts[SHOPS[shop]].id;
                for again in 0..=usize::from(twice) {
                    let input = register::Opening { callshop_id, float: Micros(float) };
                    let done = register::open(app, &actor, &key, input).await;
                    if self.same(expected, verdict(&done))? && again == 0 {
                        self.books.open_register(
                            shop,
                            done.expect("the program did it, like the model").shift.id,
                            float,
                        );
                    }
                }
            }
            Op::CloseRegister { shop, missing, carry_over, twice } => {
                let expected = self.books.may_close_register(shop, carry_over);
                let mut counts = [0; 4];
                for (index, method) in METHODS.into_iter().enumerate() {
                    counts[index] = self.books.in_drawer(shop, method) + missing[index];
                }
                counts[0] = counts[0].max(0);
                let named = if carry_over { self.books.unpaid(shop) } else { Vec::new() };
                let input = register::Closing {
                    callshop_id: self.branch.accounts[SHOPS[shop]].id,
                    counts: METHODS.into_iter().zip(counts.map(Micros)).collect(),
                    carry_over: named,
                };
                let (actor, key) = (self.branch.at_counter(shop, false), self.key());
                for again in 0..=usize::from(twice) {
                    let done = register::close(app, &actor, &key, input.clone()).await;
                    if self.same(expected, verdict(&done))? && again == 0 {
                        self.books.close_register(shop, counts);
                    }
                }
            }
            Op::MoveCash { shop, amount, twice } => {
                let expected = match amount {
                    0 => Err("INVALID_INPUT"),
                    _ if self.books.shifts[shop].is_none() => Err("REGISTER_CLOSED"),
                    // for an attendant, the drawer's content is not checked
                    _ => Ok(()),
                };
                let kind = if amount < 0 { MovementKind::PayOut } else { MovementKind::PayIn };
                let callshop_id = self.branch.accounts[SHOPS[shop]].id;
                let (amount_moved, reason) = (Micros(amount.abs()), "a reason".to_owned());
                let input = register::NewMovement { callshop_id, kind, amount: amount_moved, reason };
                let (actor, key) = (self.branch.at_counter(shop, false), self.key());
                for again in 0..=usize::from(twice) {
                    let done = register::record_movement(app, &actor, &key, input.clone()).await;
                    if self.same(expected, verdict(&done))? && again == 0 {
                        self.books.move_cash(shop, amount);
                    }
                }
            }
            _ => {}
        }
        Ok(())
    }

    async fn open(&mut self, cabin: usize, terms: &Terms, twice: bool) -> Result<(), Wrong> {
        let cabin = self.cabin(cabin, |cabin| self.books.occupying(cabin).is_none());
        let shop = CABINS[cabin];
        let expected = match self.books.shifts[shop] {
            None => Err("REGISTER_CLOSED"),
            Some(_) if self.books.occupying(cabin).is_some() => Err("CABIN_OCCUPIED"),
            Some(_) => Ok(()),
        };
        let (limits, deposit) = match *terms {
            Terms::Postpaid { spending, seconds } => ((spending, seconds), None),
            Terms::Prepaid { method, deposit, seconds } => {
                ((None, seconds), Some((METHODS[method], deposit)))
            }
        };
        let opening = sessions::Opening {
            cabin_id: self.branch.cabins[cabin],
            customer: String::new(),
            limits: sessions::Limits { spending: limits.0.map(Micros), seconds: limits.1 },
            deposit: deposit.map(|(method, amount)| (method, Micros(amount)).into()),
        };
        let (actor, key) = (self.branch.at_counter(shop, false), self.key());
        for again in 0..=usize::from(twice) {
            let done = sessions::open(&self.program.app, &actor, Some(&key), opening.clone()).await;
            if self.same(expected, verdict(&done))? && again == 0 {
                let id = done.expect("the program did it, like the model").session.id;
                self.books.sessions.push(Session {
                    id,
                    shop,
                    cabin,
                    state: SessionState::Open,
                    prepaid: deposit.is_some(),
                    spending: limits.0,
                    seconds: limits.1.map(i64::from),
                    deposit: BTreeMap::new(),
                    lines: Vec::new(),
                    bill: None,
                    cash_rounding: 0,
                    refunded: 0,
                    receipt: None,
                    carried_over: false,
                });
                if let Some((method, amount)) = deposit {
                    self.books.take_deposit(self.books.sessions.len() - 1, method, amount);
                }
            }
        }
        Ok(())
    }

    async fn close(&mut self, cabin: usize, mode: usize) -> Result<(), Wrong> {
        let mode = [CloseMode::HangUp, CloseMode::Drain, CloseMode::Refuse][mode];
        let cabin = self.cabin(cabin, |cabin| self.books.occupying(cabin).is_some());
        let session = self.books.occupying(cabin);
        let expected = match session {
            None => Err("ILLEGAL_STATE"),
            Some(session) if mode == CloseMode::Refuse && self.books.live(session) > 0 => {
                Err("ILLEGAL_STATE")
            }
            Some(_) => Ok(()),
        };
        let actor = self.branch.at_counter(CABINS[cabin], false);
        let closing = sessions::Closing::Cabin(self.branch.cabins[cabin]);
        let done = sessions::close(&self.program.app, &actor, closing, mode).await;
        if let (true, Some(session)) = (self.same(expected, verdict(&done))?, session) {
            self.books.close(session, mode == CloseMode::HangUp);
        }
        Ok(())
    }

    async fn change_cabin(&mut self, session: usize, cabin: usize) -> Result<(), Wrong> {
        let open = |row: &Session| row.state == SessionState::Open;
        let Some(session) = self.session(session, open) else { return Ok(()) };
        let row = &self.books.sessions[session];
        let expected = match row.state {
            _ if row.cabin == cabin => Err("INVALID_INPUT"),
            _ if row.shop != CABINS[cabin] => Err("NOT_FOUND"),
            _ if self.books.occupying(cabin).is_some() => Err("CABIN_OCCUPIED"),
            SessionState::Open if self.books.live(session) == 0 => Ok(()),
            _ => Err("ILLEGAL_STATE"),
        };
        let actor = self.branch.at_counter(row.shop, false);
        let done = sessions::change_cabin(&self.program.app, &actor, row.id, self.branch.cabins[cabin]).await;
        if self.same(expected, verdict(&done))? {
            self.books.sessions[session].cabin = cabin;
        }
        Ok(())
    }

    async fn bill(&mut self, op: &Op) -> Result<(), Wrong> {
        let (Op::AddDeposit { session, .. }
        | Op::AddItem { session, .. }
        | Op::Discount { session, .. }
        | Op::RemoveItem { session, .. }) = *op
        else {
            return Ok(());
        };
        let is_prepaid = matches!(op, Op::AddDeposit { .. });
        let fits = |row: &Session| match row.state {
            SessionState::Open => row.prepaid || !is_prepaid,
            SessionState::Closing | SessionState::Closed => !is_prepaid,
            SessionState::Settled | SessionState::Voided => false,
        };
        let Some(session) = self.session(session, fits) else { return Ok(()) };
        let row = self.books.sessions[session].clone();
        let open = matches!(row.state, SessionState::Open | SessionState::Closing | SessionState::Closed);
        let billable = if open { Ok(()) } else { Err("ILLEGAL_STATE") };
        match *op {
            Op::AddDeposit { method, amount, twice, .. } => {
                let expected = match row.state {
                    _ if self.books.shifts[row.shop].is_none() => Err("REGISTER_CLOSED"),
                    SessionState::Open if row.prepaid => Ok(()),
                    _ => Err("ILLEGAL_STATE"),
                };
                let method = METHODS[method];
                let input = sessions::AddDeposit {
                    session_id: row.id,
                    amount: Micros(amount),
                    method,
                    reference: None,
                };
                let (actor, key) = (self.branch.at_counter(row.shop, false), self.key());
                for again in 0..=usize::from(twice) {
                    let done = sessions::add_deposit(&self.program.app, &actor, &key, input.clone()).await;
                    if self.same(expected, verdict(&done))? && again == 0 {
                        self.books.take_deposit(session, method, amount);
                    }
                }
            }
            Op::AddItem { price, quantity, twice, .. } => {
                let input = sessions::NewItem {
                    session_id: row.id,
                    description: "A drink".to_owned(),
                    quantity,
                    unit_price: Micros(price),
                };
                let (actor, key) = (self.branch.at_counter(row.shop, false), self.key());
                for again in 0..=usize::from(twice) {
                    let done = sessions::add_item(&self.program.app, &actor, &key, input.clone()).await;
                    if self.same(billable, verdict(&done))? && again == 0 {
                        self.books.sessions[session].lines.push((price * i64::from(quantity), false));
                        self.books.restate(session);
                    }
                }
            }
            Op::Discount { amount, owner, twice, .. } => {
                let (items, discounts) = (self.books.lines(session, false), self.books.lines(session, true));
                let expected = match billable {
                    Err(code) => Err(code),
                    Ok(()) if !owner && discounts + amount > super::books::CEILING => Err("CEILING_EXCEEDED"),
                    Ok(()) => self.books.may_discount(session, items, discounts + amount),
                };
                let reason = "a reason".to_owned();
                let input = sessions::NewDiscount { session_id: row.id, amount: Micros(amount), reason };
                let (actor, key) = (self.branch.at_counter(row.shop, owner), self.key());
                for again in 0..=usize::from(twice) {
                    let done = sessions::apply_discount(&self.program.app, &actor, &key, input.clone()).await;
                    if self.same(expected, verdict(&done))? && again == 0 {
                        self.books.sessions[session].lines.push((amount, true));
                        self.books.restate(session);
                    }
                }
            }
            Op::RemoveItem { line, owner, .. } => self.remove_line(session, line, owner, billable).await?,
            _ => {}
        }
        Ok(())
    }

    async fn remove_line(
        &mut self,
        session: usize,
        line: usize,
        owner: bool,
        billable: Verdict,
    ) -> Result<(), Wrong> {
        let row = self.books.sessions[session].clone();
        let items = sessions::items(&self.program.app, row.id).await.map_err(|error| error.to_string())?;
        let Some(line) = recent(row.lines.len(), line) else { return Ok(()) };
        let item = items.get(line).ok_or("a line of the bill is missing")?;
        let (amount, discount) = row.lines[line];
        let less = |of: bool| self.books.lines(session, of) - if discount == of { amount } else { 0 };
        // an attendant is not allowed to remove items from a final statement, because the removal would be an unlimited discount
        let too_far = !owner && !discount && row.state == SessionState::Closed;
        let may = if too_far { Err("CEILING_EXCEEDED") } else { billable };
        let expected =
            billable.and(may).and_then(|()| self.books.may_discount(session, less(false), less(true)));
        let actor = self.branch.at_counter(row.shop, owner);
        let done = sessions::remove_item(&self.program.app, &actor, row.id, item.id).await;
        if self.same(expected, verdict(&done))? {
            self.books.sessions[session].lines.remove(line);
            self.books.restate(session);
        }
        Ok(())
    }

    async fn settle(&mut self, session: usize, how: Paying, twice: bool) -> Result<(), Wrong> {
        let closed = |row: &Session| row.state == SessionState::Closed;
        let Some(session) = self.session(session, closed) else { return Ok(()) };
        let due = self.books.due(session).max(0);
        let (cash, card) = (PaymentMethod::Cash, PaymentMethod::Card);
        let handed = match how {
            // rounding may increase a cash payment by as much as half a step
            Paying::Cash => vec![(cash, due + 50_000)],
            Paying::CashAndChange(more) => vec![(cash, due + 50_000 + more)],
            Paying::Other(method) => vec![(METHODS[method], due)],
            Paying::Split(hundredths) => {
                let by_card = due / 10_000 * hundredths / 100 * 10_000;
                vec![(card, by_card), (cash, due - by_card + 50_000)]
            }
            Paying::TooLittle => vec![(PaymentMethod::Pix, (due - 10_000).max(0))],
            Paying::TooMuch => vec![(card, due + 10_000)],
        };
        let row = self.books.sessions[session].clone();
        let payment = self.books.payment(session, &handed);
        let expected = payment.as_ref().map(|_| ()).map_err(|code| *code);
        let payments = handed.iter().map(|(method, amount)| (*method, Micros(*amount)).into()).collect();
        let input = sessions::Settling { session_id: row.id, payments };
        let (actor, key) = (self.branch.at_counter(row.shop, false), self.key());
        let mut change = None;
        for again in 0..=usize::from(twice) {
            let done = sessions::settle(&self.program.app, &actor, &key, input.clone()).await;
            self.same(expected, verdict(&done))?;
            let given = done.ok().map(|settled| settled.change);
            if again > 0 && given != change {
                return Err(format!(
                    "the change was {change:?}, but the repeated request returned {given:?}"
                ));
            }
            change = given;
        }
        if let Ok((kept, back, rounding)) = payment {
            let handed: i64 = handed.iter().map(|(_, amount)| amount).sum();
            let expected = handed - kept.values().sum::<i64>();
            if change != Some(Micros(expected)) {
                return Err(format!("the change should be {expected}, is {change:?}"));
            }
            self.books.settle(session, kept, back, rounding);
        }
        Ok(())
    }

    async fn refund(
        &mut self,
        session: usize,
        method: PaymentMethod,
        amount: i64,
        owner: bool,
        twice: bool,
    ) -> Result<(), Wrong> {
        let settled = |row: &Session| row.state == SessionState::Settled;
        let Some(session) = self.session(session, settled) else { return Ok(()) };
        let row = self.books.sessions[session].clone();
        let expected = self.books.may_refund(session, method, amount, owner);
        let reason = "a reason".to_owned();
        let input =
            sessions::Refund { session_id: row.id, amount: Micros(amount), method, reason, reference: None };
        let (actor, key) = (self.branch.at_counter(row.shop, owner), self.key());
        for again in 0..=usize::from(twice) {
            let done = sessions::refund(&self.program.app, &actor, &key, input.clone()).await;
            if self.same(expected, verdict(&done))? && again == 0 {
                self.books.refund(session, method, amount);
            }
        }
        Ok(())
    }

    async fn void(&mut self, session: usize, twice: bool) -> Result<(), Wrong> {
        let open = |row: &Session| matches!(row.state, SessionState::Open | SessionState::Closed);
        let Some(session) = self.session(session, open) else { return Ok(()) };
        let row = self.books.sessions[session].clone();
        let expected = self.books.may_void(session);
        let (actor, key) = (self.branch.at_counter(row.shop, false), self.key());
        for again in 0..=usize::from(twice) {
            let done = sessions::void(&self.program.app, &actor, Some(&key), row.id).await;
            if self.same(expected, verdict(&done))? && again == 0 {
                self.books.void(session);
            }
        }
        Ok(())
    }

    // the proxy
}

/// The actor that the test uses for reads: the owner of a shop.
pub(super) fn owner(drive: &Drive<'_>, shop: usize) -> Actor {
    drive.branch.at_counter(shop, true)
}
