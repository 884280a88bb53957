//! The rules of calls: the payers of a call, the effects of its events, and the transfers of its charge.

use super::*;

impl Books {
    /// The live call of a cabin's phone.
    pub fn on_phone(&self, cabin: usize) -> Option<usize> {
        self.calls.iter().position(|call| call.cabin == cabin && call.is_live())
    }

    /// The payers and prices for a shop's calls to a number, the customer first. If calls to the number are refused, returns the reason instead.
    pub fn levels(&self, shop: usize, number: usize) -> Result<Vec<(usize, Price)>, &'static str> {
        let account = SHOPS[shop];
        let retail = self.tariffs[5 + shop].or(self.tariffs[account - 1]);
        let mut levels = vec![(account, retail)];
        let mut payer = account;
        while payer != 0 {
            levels.push((payer, self.tariffs[payer - 1]));
            payer = PARENTS[payer];
        }
        let priced = levels.into_iter().map(|(payer, tariff)| {
            let missing = if payer == account { "DESTINATION_NOT_RATED" } else { "SERVICE_UNAVAILABLE" };
            let price = tariff.and_then(|tariff| TARIFFS[tariff].get(number).copied().flatten());
            price.map(|price| (payer, price)).ok_or(missing)
        });
        priced.collect()
    }

    /// The money and the seconds that the customer's limits leave for a call; `None` if there is no limit. `own` is the call itself, which is not
    /// counted.
    fn terms(&self, session: usize, own: Option<usize>) -> (Option<i64>, Option<i64>) {
        let row = &self.sessions[session];
        let others = || {
            let calls = self.calls.iter().enumerate().filter(|(index, _)| Some(*index) != own);
            calls.map(|(_, call)| call).filter(|call| call.session == Some(session))
        };
        let used: i64 = others().map(|call| call.charge + call.holds.first().unwrap_or(&0)).sum();
        let talked: i64 = others().map(|call| if call.is_live() { call.covered } else { call.talk }).sum();
        let bound = if row.prepaid { Some(row.deposit.values().sum()) } else { row.spending };
        (bound.map(|bound: i64| bound - used), row.seconds.map(|limit| (limit - talked).max(0)))
    }

    /// Checks that every level can pay for `seconds` of a call. If the call has already reserved money, `own` is the call itself.
    fn pays_for(
        &self,
        levels: &[(usize, Price)],
        session: usize,
        own: Option<usize>,
        seconds: i64,
    ) -> Verdict {
        let (money, left) = self.terms(session, own);
        if left.is_some_and(|left| left < seconds) {
            return Err("TIME_LIMIT");
        }
        let held =
            |level: usize| own.and_then(|own| self.calls[own].holds.get(level)).copied().unwrap_or_default();
        for (level, (payer, price)) in levels.iter().enumerate() {
            let bound = match level {
                0 => money,
                _ if price.is_free() => None,
                _ => self.available(*payer).map(|available| available + held(level)),
            };
            if bound.is_some_and(|bound| bound < price.cost(seconds)) {
                return Err(match level {
                    0 if self.sessions[session].prepaid => "DEPOSIT_USED_UP",
                    0 => "SPENDING_LIMIT",
                    1 => "NO_CREDIT",
                    _ => "SERVICE_UNAVAILABLE",
                });
            }
        }
        Ok(())
    }

    /// Checks whether a phone may call. Returns the paying session and the levels, both empty for an emergency call.
    #[expect(clippy::type_complexity, reason = "used twice")]
    pub fn may_call(
        &self,
        cabin: usize,
        shop: usize,
        number: usize,
        given_up: bool,
    ) -> Result<(Option<usize>, Vec<(usize, Price)>), &'static str> {
        if given_up {
            return Err("ABANDONED");
        }
        // an emergency call is allowed even while the phone has another call
        if self.on_phone(cabin).is_some() && number + 1 != NUMBERS.len() {
            return Err("PHONE_BUSY");
        }
        self.free_phone_may_call(cabin, shop, number)
    }

    /// Like [`Self::may_call`], for a phone without a call.
    #[expect(clippy::type_complexity, reason = "used twice")]
    pub fn free_phone_may_call(
        &self,
        cabin: usize,
        shop: usize,
        number: usize,
    ) -> Result<(Option<usize>, Vec<(usize, Price)>), &'static str> {
        if number + 1 == NUMBERS.len() {
            return Ok((None, Vec::new()));
        }
        let session =
            self.occupying(cabin).filter(|session| self.sessions[*session].state == SessionState::Open);
        let session = session.ok_or("CABIN_CLOSED")?;
        let levels = self.levels(shop, number)?;
        self.pays_for(&levels, session, None, 1)?;
        Ok((Some(session), levels))
    }

    /// Whether the accounts can pay for another second of a call in progress.
    pub fn could_go_on(&self, call: usize) -> bool {
        let row = &self.calls[call];
        let Some(session) = row.session else { return false };
        row.covered < LONGEST && self.pays_for(&row.levels, session, Some(call), row.covered + 1).is_ok()
    }

    /// Applies an event. Returns whether the event changed anything.
    pub fn tell(&mut self, call: usize, event: Event) -> bool {
        let row = &mut self.calls[call];
        match event {
            Event::Ringing => {
                if row.state == State::Refused || row.rang {
                    return false;
                }
                row.rang = true;
                if row.state == State::Authorized {
                    row.state = State::Ringing;
                }
                true
            }
            Event::Answered(at)
                if row.state == State::Ended
                    && row.estimated
                    && row.answered.is_none()
                    && !(row.unacked && self.unacknowledged_is_free) =>
            {
                let ended = row.ended.unwrap_or(at);
                self.end(call, ended.max(at + 1), Some(at));
                self.calls[call].estimated = at > ended;
                true
            }
            Event::Answered(at) => {
                let rings = matches!(row.state, State::Authorized | State::Ringing);
                if rings {
                    (row.state, row.answered) = (State::Answered, Some(at));
                }
                rings
            }
            // the phone got 503, not the decision
            Event::Abandoned if row.state == State::Refused => {
                let told = matches!(row.refusal.as_deref(), Some("ABANDONED" | "SERVICE_UNAVAILABLE"));
                row.refusal = if told { row.refusal.take() } else { Some("ABANDONED".to_owned()) };
                !told
            }
            Event::Failed if row.state == State::Failed && row.estimated => {
                row.estimated = false;
                true
            }
            Event::Failed | Event::Abandoned => {
                let over = match event {
                    Event::Failed => matches!(row.state, State::Authorized | State::Ringing),
                    _ => row.state == State::Authorized,
                };
                if over {
                    row.state = if event == Event::Failed { State::Failed } else { State::Abandoned };
                    row.holds.clear();
                    self.is_over(call);
                }
                over
            }
            Event::Lost(at) => {
                let live = row.is_live();
                if live && let Some(answered) = row.answered {
                    self.end(call, at.max(answered + 1), Some(answered));
                    self.calls[call].estimated = true;
                } else if live {
                    row.state = State::Failed;
                    row.estimated = true;
                    row.holds.clear();
                    self.is_over(call);
                }
                live
            }
            Event::Ended { at, answered, acked } => {
                let free = !acked && self.unacknowledged_is_free;
                let answer = answered.or(row.answered);
                // an end that precedes the call's answer is an estimate, and does not replace another end
                let doubtful = answer.map_or(!free, |answer| at < answer);
                let replaces = answer.is_some() && row.answered.is_none();
                if doubtful && row.state == State::Ended && !replaces {
                    return false;
                }
                let at = answer.map_or(at, |answer| at.max(answer + 1));
                let answered = answer.filter(|_| !free);
                let proves = answered.is_some() && matches!(row.state, State::Failed | State::Abandoned);
                let counts = row.is_live() || row.estimated || proves;
                if counts {
                    self.end(call, at, answered);
                    (self.calls[call].estimated, self.calls[call].unacked) = (doubtful, !acked);
                }
                counts
            }
        }
    }

    fn end(&mut self, call: usize, at: i64, answered: Option<i64>) {
        let was_live = self.calls[call].is_live();
        let held = std::mem::take(&mut self.calls[call].holds);
        self.calls[call].corrected |= !was_live;
        self.charge(call, -1);
        let session = self.calls[call].session;
        let state = session.map(|session| self.sessions[session].state);
        let paid = !was_live && matches!(state, Some(SessionState::Settled | SessionState::Voided));
        let levels = self.calls[call].levels.clone();
        let bounds: Vec<i64> = (levels.iter().enumerate())
            .map(|(level, (payer, price))| match level {
                _ if was_live => held.get(level).copied().unwrap_or_default(),
                0 => i64::MAX,
                _ if price.is_free() => i64::MAX,
                _ => self.available(*payer).map_or(i64::MAX, |available| available.max(0)),
            })
            .collect();
        let row = &mut self.calls[call];
        // a bill that is paid does not change
        let billed = row.answered.filter(|_| paid).map(|answered| (answered, row.talk));
        (row.state, row.answered, row.ended) = (State::Ended, answered, Some(at));
        let measured = answered.map_or(0, |answered| seconds(answered, at));
        row.talk = measured.min(row.covered);
        row.written_off = 0;
        if !paid {
            row.charge = 0;
        }
        let charges: Vec<i64> = (levels.iter().zip(bounds))
            .map(|((_, price), bound)| if answered.is_some() { price.cost(row.talk).min(bound) } else { 0 })
            .collect();
        if answered.is_some()
            && let Some((_, retail)) = levels.first()
        {
            if !paid {
                row.charge = charges[0];
            }
            row.written_off = (retail.cost(measured) - row.charge).max(0);
        }
        // a correction always records the current charges, even if they are zero
        row.charges = if answered.is_some() || !was_live { charges } else { Vec::new() };
        if let Some(first) = row.charges.first_mut() {
            *first = row.charge;
        }
        if let Some((answered, talk)) = billed {
            (row.answered, row.talk) = (Some(answered), talk);
        }
        self.charge(call, 1);
        match session {
            Some(_) if was_live => self.is_over(call),
            Some(session) => self.restate(session),
            None => {}
        }
    }

    /// Posts a call's charges and write-off, or reverses them if `sign` is -1.
    fn charge(&mut self, call: usize, sign: i64) {
        let row = self.calls[call].clone();
        for (level, charge) in row.charges.iter().enumerate().skip(1) {
            let payer = row.levels[level].0;
            self.post(payer, Book::Credit, -sign * charge);
            self.post(PARENTS[payer], Book::Revenue, sign * charge);
        }
        if let Some((shop, _)) = row.levels.first() {
            self.post(*shop, Book::WriteOff, sign * row.written_off);
            self.post(*shop, Book::Sales, -sign * row.written_off);
        }
    }

    fn is_over(&mut self, call: usize) {
        let Some(session) = self.calls[call].session else { return };
        if self.sessions[session].state == SessionState::Closing && self.live(session) == 0 {
            self.finish(session);
        }
    }
}
