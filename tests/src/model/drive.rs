//! Runs a case in the program and in the model, and compares their results.

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

    /// Submits all attempts and events in one transaction. Events come first, in the order of the proxy's clock.
    async fn calls(&mut self, ops: &[CallOp]) -> Result<(), Wrong> {
        let (mut events, mut asked) = (Vec::new(), Vec::new());
        for op in ops {
            match *op {
                CallOp::Ask { cabin, number, given_up } => {
                    let ready = |session: usize| self.books.sessions[session].state == SessionState::Open;
                    let cabin = self.cabin(cabin, |cabin| {
                        self.books.occupying(cabin).is_some_and(ready) && self.books.on_phone(cabin).is_none()
                    });
                    let request = self.request(cabin, number);
                    if given_up {
                        let body =
                            EventBody::Abandoned { request_id: request.request_id.clone(), code: Some(503) };
                        events.push((self.event(self.now(), body), None));
                    }
                    asked.push((request, Some((cabin, number, given_up))));
                }
                CallOp::AskAgain { call } => {
                    let Some(call) = self.call(call, |_| true) else { continue };
                    let row = &self.books.calls[call];
                    let request = AuthorizeRequest {
                        request_id: row.request.clone(),
                        ..self.request(row.cabin, row.number)
                    };
                    asked.push((request, None));
                }
                CallOp::Tell { call, what } => {
                    let Some(call) = self.call(call, |call| call.is_live() || call.estimated) else {
                        continue;
                    };
                    events.extend(self.happening(call, what));
                }
                CallOp::TellAgain { nth } => {
                    let Some(nth) = recent(self.sent.len(), nth) else { continue };
                    events.push((self.sent[nth].clone(), None));
                }
            }
        }
        let writer = &self.program.writer;
        let telling = writer.apply(events.iter().map(|(event, _)| event.clone()).collect());
        let asking = join_all(asked.iter().map(|(request, _)| writer.authorize(request.clone())));
        let (told, answers) = futures_util::future::join(telling, asking).await;
        self.told(events, told.map_err(|error| error.to_string())?)?;
        for ((request, new), answer) in asked.into_iter().zip(answers) {
            let answer = answer.map_err(|error| error.to_string())?;
            match new {
                Some((cabin, number, given_up)) => {
                    self.answered(request, cabin, number, given_up, answer).await?
                }
                None => self.answered_again(&request, &answer)?,
            }
        }
        Ok(())
    }

    fn request(&mut self, cabin: usize, number: usize) -> AuthorizeRequest {
        AuthorizeRequest {
            request_id: self.key(),
            user: self.branch.phones[cabin].clone(),
            dialed: NUMBERS[number].to_owned(),
            proxy: "test".to_owned(),
            call_id: "c".to_owned(),
            from_tag: "f".to_owned(),
        }
    }

    fn event(&mut self, at: DateTime<Utc>, body: EventBody) -> ProxyEvent {
        ProxyEvent { eid: self.key(), at, proxy: "test".to_owned(), body }
    }

    /// Builds an event about a call, and the event's counterpart in the model.
    fn happening(&mut self, call: usize, what: What) -> Option<(ProxyEvent, Option<(usize, Event)>)> {
        let row = self.books.calls[call].clone();
        let now = micros(self.now());
        let answered = row.answered.unwrap_or(now);
        let (when, kind, event) = match what {
            What::Ringing => (now, CallEventKind::Ringing, Event::Ringing),
            What::Answered { ago } => {
                let then = now - ago * 1_000;
                (then, CallEventKind::Answered, Event::Answered(then))
            }
            What::Ended { talk, known, acked } => {
                let then = answered + talk * 1_000;
                let known = known.then_some(answered);
                let cause = if acked { EndCause::Bye } else { EndCause::NoAck };
                let kind = CallEventKind::Ended { by: EndedBy::Caller, cause, answered_at: known.map(at) };
                (then, kind, Event::Ended { at: then, answered: known, acked })
            }
            What::Failed => (now, CallEventKind::Failed { code: 486, by: EndedBy::Callee }, Event::Failed),
            What::Abandoned => {
                let body = EventBody::Abandoned { request_id: row.request, code: Some(503) };
                return Some((self.event(at(now), body), Some((call, Event::Abandoned))));
            }
            What::Lost { talk } => {
                let then = answered + talk * 1_000;
                (then, CallEventKind::Lost, Event::Lost(then))
            }
        };
        let body = EventBody::Call { reference: row.id, to_tag: None, kind };
        Some((self.event(at(when), body), Some((call, event))))
    }

    fn told(
        &mut self,
        events: Vec<(ProxyEvent, Option<(usize, Event)>)>,
        results: Vec<EventResult>,
    ) -> Result<(), Wrong> {
        let mut seen: BTreeSet<String> = self.sent.iter().map(|event| event.eid.clone()).collect();
        let mut told: Vec<_> = events.into_iter().zip(results).collect();
        told.sort_by_key(|((event, _), _)| event.at);
        for ((event, about), result) in told {
            let estimated = about.is_some_and(|(call, _)| self.books.calls[call].estimated);
            let expected = match about {
                _ if !seen.insert(event.eid.clone()) => EventResult::Duplicate,
                Some((call, about)) if self.books.tell(call, about) => EventResult::Applied,
                Some(_) => EventResult::Ignored,
                None => EventResult::Applied,
            };
            self.program.count(match expected {
                EventResult::Applied if estimated => "events that corrected a call",
                EventResult::Applied => "events applied",
                EventResult::Duplicate => "events doubled",
                _ => "events ignored",
            });
            if result != expected {
                return Err(format!("{event:?} should be {expected:?}, is {result:?}"));
            }
            if expected != EventResult::Duplicate {
                self.sent.push(event);
            }
        }
        Ok(())
    }

    async fn answered(
        &mut self,
        request: AuthorizeRequest,
        cabin: usize,
        number: usize,
        given_up: bool,
        answer: Authorization,
    ) -> Result<(), Wrong> {
        let expected = self.books.may_call(cabin, CABINS[cabin], number, given_up);
        let mut call = Call {
            id: Uuid::nil(),
            request: request.request_id,
            cabin,
            number,
            refusal: None,
            session: None,
            levels: Vec::new(),
            state: State::Authorized,
            rang: false,
            answered: None,
            ended: None,
            covered: 0,
            holds: Vec::new(),
            talk: 0,
            charge: 0,
            charges: Vec::new(),
            written_off: 0,
            estimated: false,
            unacked: false,
            corrected: false,
            hang_up: false,
        };
        match (expected, answer) {
            (Ok((session, levels)), Authorization::Allowed { reference, max_seconds, .. }) => {
                (call.id, call.covered) = (reference, i64::from(max_seconds));
                (call.session, call.levels) = (session, levels);
                call.holds = call.levels.iter().map(|(_, price)| price.cost(call.covered)).collect();
            }
            (Err(code), Authorization::Refused(refusal))
                if refusal.code() == code
                    || self.other_reason(code, cabin, number) == Some(refusal.code()) =>
            {
                (call.state, call.refusal) = (State::Refused, Some(refusal.code().to_owned()));
            }
            (expected, answer) => return Err(format!("should be {expected:?}, is {answer:?}")),
        }
        let counted =
            call.refusal.as_deref().map_or("calls allowed".to_owned(), |why| format!("calls refused {why}"));
        self.program.count(&counted);
        self.books.calls.push(call);
        Ok(())
    }

    /// The other code with which the program may refuse the call if the model says that the phone is busy.
    fn other_reason(&self, code: &str, cabin: usize, number: usize) -> Option<&'static str> {
        let free = self.books.free_phone_may_call(cabin, CABINS[cabin], number);
        free.err().filter(|_| code == "PHONE_BUSY")
    }

    fn answered_again(&self, request: &AuthorizeRequest, answer: &Authorization) -> Result<(), Wrong> {
        let first = self.books.calls.iter().find(|call| call.request == request.request_id);
        let first = first.ok_or("an answer to an authorization request that was not sent")?;
        let same = match answer {
            Authorization::Allowed { reference, max_seconds, .. } => {
                first.is_live() && first.id == *reference && first.covered == i64::from(*max_seconds)
            }
            Authorization::Refused(refusal) => {
                let over = (!first.is_live()).then_some("ABANDONED");
                first.refusal.as_deref().or(over) == Some(refusal.code())
            }
        };
        if same {
            Ok(())
        } else {
            Err(format!("the repeated authorization request of {first:?} got another answer: {answer:?}"))
        }
    }

    /// Lets time pass until a call's next extension is due, and then runs the extension.
    async fn extend(&mut self, call: usize) -> Result<(), Wrong> {
        let talking = |call: &Call| call.state == State::Answered;
        let Some(call) = self.call(call, talking) else { return Ok(()) };
        let row = &self.books.calls[call];
        let found = entity::call::Entity::find_by_id(row.id).one(self.program.app.store.reader()).await;
        let due = found.map_err(|error| error.to_string())?.and_then(|row| row.extend_at);
        if let Some(due) = due {
            let wait = due - self.now() + TimeDelta::milliseconds(1);
            self.program.time.pass(wait.max(TimeDelta::zero()));
        }
        let looked = self.program.writer.extend(vec![row.id]).await.map_err(|error| error.to_string())?;
        let up = row.state == State::Answered && !row.hang_up;
        let Some(looked) = looked.first() else {
            return if up { Err(format!("the call must be extended: {row:?}")) } else { Ok(()) };
        };
        if !up {
            return Err(format!("the call was extended, but it is not in conversation: {row:?}"));
        }
        let confirmed = self.program.writer.confirm(row.id, looked.call.covered, looked.next, None).await;
        confirmed.map_err(|error| error.to_string())?;
        let covered = i64::from(looked.call.covered);
        let more = self.books.could_go_on(call);
        if (covered > row.covered) != more || covered < row.covered {
            return Err(format!(
                "the accounts can pay for more: {more}, but {covered} seconds are covered after {row:?}"
            ));
        }
        self.program.count(if more { "slices taken" } else { "slices without credit" });
        let holds = row.levels.iter().map(|(_, price)| price.cost(covered)).collect();
        let row = &mut self.books.calls[call];
        (row.covered, row.holds) = (covered, holds);
        Ok(())
    }
}

/// The actor that the test uses for reads: the owner of a shop.
pub(super) fn owner(drive: &Drive<'_>, shop: usize) -> Actor {
    drive.branch.at_counter(shop, true)
}
