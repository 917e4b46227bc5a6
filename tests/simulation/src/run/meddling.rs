//! The faults between two steps, and their duration.

use crate::fault::Kind;
use crate::run::sim::{Sim, Window};
use crate::scenario::OTHER_HOST;
use crate::vendor::SimVendor;
use rightful_contract::driver::Function;
use rightful_contract::world::source;
use rightful_domain::base::code::Code;
use rightful_domain::base::failure::Failure;
use rightful_domain::base::ids::TaskRef;
use rightful_domain::base::time::Time;
use rightful_domain::law::right::Right;
use rightful_domain::model::request::RequestState;
use rightful_domain::model::task::{Task, TaskState};
use rightful_domain::vendor::fault::Fault;
use std::rc::Rc;

impl Sim {
    /// The faults from outside.
    pub(super) fn meddle(&mut self) {
        let now = self.world.clock.real();
        let until = now.plus_seconds(self.dice.within(60..=7200)).min(self.faults.quiet_at());
        if self.faults.strike(Kind::StaleIndex) {
            self.world.store.lag(true);
            self.windows.push((until, Window::Index));
        }
        if self.faults.strike(Kind::KeysFail) {
            self.world.keys.fail(Some(Failure::of(Code::KmsUnavailable)));
            self.windows.push((until, Window::Keys));
        }
        if self.faults.strike(Kind::SourceBroken) {
            let names: Vec<&'static str> = self.scenario.vendors.keys().copied().collect();
            let name = names[self.dice.index(names.len())];
            self.world.vendors.vendor(&source(name)).set(|state| {
                state.broken = Some(Failure::of(Code::SecretDenied));
            });
            self.windows.push((until, Window::Source(name)));
        }
        self.change_target();
        if self.faults.strike(Kind::Gateway) {
            let until = now.plus_seconds(self.dice.within(30..=150)).min(self.faults.quiet_at());
            let fault =
                [Fault::Unauthorized, Fault::Refused(Code::VendorNotFound), Fault::Refused(Code::VendorGone)]
                    [self.dice.index(3)]
                .clone();
            self.some_vendor().refuse_until(until, fault);
        }
        if self.faults.strike(Kind::Dead) {
            self.some_vendor().is_dead_until(self.faults.quiet_at());
        }
        self.lose_a_part();
        if self.faults.strike(Kind::StartFails) {
            self.world.workflow.fail_next([1, 1, 5, 40][self.dice.index(4)]);
        }
        if self.faults.strike(Kind::Appeared) {
            self.appear();
        }
        self.bother_a_task();
    }

    pub(super) fn bother_a_task(&mut self) {
        let tasks: Vec<&Task> = self.watch.tasks().collect();
        if tasks.is_empty() {
            return;
        }
        let task = tasks[self.dice.index(tasks.len())];
        let at = TaskRef { request_id: task.request, source_id: task.source.clone() };
        // Only before its first intent: a worker that read the row earlier writes the true decision again.
        if task.state == TaskState::Decided && self.faults.strike(Kind::Tampered) {
            self.world.tamper(&at, |task| {
                if let Some(decision) = &mut task.decision {
                    decision.records.mac = "0".repeat(64);
                }
            });
        }
        if self.faults.strike(Kind::SecondWorker) {
            let functions = [
                Function::Search(at.clone()),
                Function::Submit(at.clone()),
                Function::Submit(at.clone()),
                Function::CheckStatus(at.clone()),
                Function::Look(at.clone()),
                Function::Close(at.request_id),
            ];
            self.cloud.stray(&functions[self.dice.index(functions.len())]);
        }
    }

    /// An operator has it copied again; nobody else can.
    pub(super) fn lose_a_part(&self) {
        if self.staff.is_none() || !self.faults.is_on(Kind::PartLost) {
            return;
        }
        let open = self.watch.requests().filter(|(request, _)| request.state == RequestState::Open);
        let parts: Vec<_> = open
            .filter(|(request, _)| request.right == Right::Access && request.copy.is_none())
            .flat_map(|(request, _)| {
                self.world.copies.parts_of(request.id).into_iter().map(|source| (request.id, source))
            })
            .collect();
        if !parts.is_empty() && self.faults.strike(Kind::PartLost) {
            let (id, source) = &parts[self.dice.index(parts.len())];
            self.world.copies.lose_part(*id, source);
        }
    }

    pub(super) fn some_source(&self) -> &'static str {
        let names: Vec<&'static str> = self.scenario.vendors.keys().copied().collect();
        names[self.dice.index(names.len())]
    }

    /// One of the vendors, mostly one that a data source pointed at from the beginning.
    pub(super) fn some_vendor(&self) -> Rc<SimVendor> {
        let name = self.some_source();
        let moved = self.dice.permille(250);
        Rc::clone(if moved { &self.scenario.moved[name] } else { &self.scenario.vendors[name] })
    }

    pub(super) fn appear(&self) {
        let person = self.dice.index(self.scenario.people.len());
        self.some_vendor().appear(person);
    }

    /// An operator points a data source elsewhere, or back, whatever is under way there.
    pub(super) fn change_target(&self) {
        if !self.faults.strike(Kind::TargetChanged) {
            return;
        }
        let name = self.some_source();
        let mut there = None;
        self.world.tamper_source(name, |row| {
            there = match row.params.remove("host") {
                Some(_) => None,
                None => row
                    .params
                    .insert("host".to_owned(), OTHER_HOST.to_owned())
                    .or(Some(OTHER_HOST.to_owned())),
            };
        });
        let left = if there.is_some() { None } else { Some(OTHER_HOST) };
        let lost = self.faults.strike(Kind::TargetLost);
        self.world.vendors.at(&source(name), left).set(|state| {
            state.broken = lost.then_some(Failure::misconfigured(Code::TargetLost));
        });
        self.world.vendors.at(&source(name), there.as_deref()).set(|state| state.broken = None);
    }

    pub(super) fn close_windows(&mut self, now: Time) {
        for (_, window) in self.windows.extract_if(.., |(until, _)| *until <= now) {
            match window {
                Window::Index => self.world.store.lag(false),
                Window::Keys => self.world.keys.fail(None),
                Window::Source(name) => {
                    self.world.vendors.vendor(&source(name)).set(|state| {
                        state.broken = state.broken.filter(|failure| failure.code == Code::TargetLost);
                    });
                }
            }
        }
        if self.faults.is_quiet() {
            self.world.workflow.fail_next(0);
        }
    }
}
