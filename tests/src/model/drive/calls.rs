//! Runs the operations of calls: attempts, events and extensions.

use super::*;

impl Drive<'_> {
    /// Submits all attempts and events in one transaction. Events come first, in the order of the proxy's clock.
    pub(super) async fn calls(&mut self, ops: &[CallOp]) -> Result<(), Wrong> {
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
    pub(super) async fn extend(&mut self, call: usize) -> Result<(), Wrong> {
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
