//! The handlers of the functions, called as AWS calls them.

use crate::catalogue::FakeCatalogue;
use crate::clock::TestClock;
use crate::copies::PlainPacker;
use crate::keys::{KeyTable, TagKey};
use crate::store::Store;
use crate::vendor::FakeVendors;
use crate::workflow::StateMachine;
use crate::world::deployment::{MOST_CALLS, World};
use crate::world::names::{ann, email, request_id, source};
use rightful_domain::base::failure::Failure;
use rightful_domain::base::ids::{RequestId, TaskRef};
use rightful_domain::documents::receipt::Issuer;
use rightful_domain::model::request::EndStatus;
use rightful_domain::operations::accept::{Accept, AcceptError, Accepted, Arrival, Demand};
use rightful_domain::operations::close::closing::{Close, Closing};
use rightful_domain::operations::fulfil::look::Look;
use rightful_domain::operations::fulfil::park::Park;
use rightful_domain::operations::fulfil::search::Search;
use rightful_domain::operations::fulfil::status::StatusCheck;
use rightful_domain::operations::fulfil::submit::Submit;
use rightful_domain::operations::reconcile::ended::{Ended, Ending, Marking};
use rightful_domain::operations::reconcile::run::{Reconcile, Run};
use rightful_domain::operations::step::Step;

/// How many seconds a handler has.
pub const HANDLER_SECONDS: u64 = 80;
/// How many seconds the handler `close` has.
pub const CLOSE_SECONDS: u64 = 60;
/// How many seconds one run of the reconciliation has.
pub const RECONCILE_SECONDS: u64 = 600;

impl World {
    /// Takes in an operator's demand for request `n`.
    ///
    /// # Errors
    /// [`AcceptError`].
    pub async fn demand(&self, n: u16, demand: &Demand) -> Result<Accepted, AcceptError> {
        self.accept(n, demand, Arrival::Operator { by: &ann(), key: None }).await
    }

    /// Takes in a demand for request `n`.
    ///
    /// # Errors
    /// [`AcceptError`].
    pub async fn accept(
        &self,
        n: u16,
        demand: &Demand,
        arrival: Arrival<'_>,
    ) -> Result<Accepted, AcceptError> {
        self.accepting().accept(request_id(n), demand, arrival).await
    }

    /// Makes the day's synthetic request, as number `n` unless it exists already.
    ///
    /// # Errors
    /// [`AcceptError`].
    pub async fn synthetic(&self, n: u16, address: &str, sources: &[&str]) -> Result<Accepted, AcceptError> {
        let sources = sources.iter().map(|name| source(name)).collect();
        self.accepting().synthetic(request_id(n), email(address), sources).await
    }

    fn accepting(&self) -> Accept<'_, Store, KeyTable, TagKey, StateMachine, FakeCatalogue, TestClock> {
        Accept {
            store: &self.store,
            keys: &self.keys,
            tags: &self.tags,
            workflow: &self.workflow,
            catalogue: &FakeCatalogue,
            clock: &self.clock,
            settings: self.settings,
            policies: self.policies,
            legal_zone: self.legal_zone.clone(),
        }
    }

    fn searches(&self) -> Search<'_, Store, KeyTable, TagKey, FakeVendors, TestClock> {
        Search {
            store: &self.store,
            keys: &self.keys,
            tags: &self.tags,
            vendors: &self.vendors,
            clock: &self.clock,
            settings: self.settings,
        }
    }

    /// Calls the handler `search` to find.
    ///
    /// # Errors
    /// The handler's failure.
    pub async fn search(&self, at: &TaskRef) -> Result<Step, Failure> {
        self.passed(at, self.searches().search(at, self.now().plus_seconds(HANDLER_SECONDS)).await)
    }

    /// Calls the handler `search` to test a data source.
    ///
    /// # Errors
    /// The handler's failure.
    pub async fn test_source(&self, name: &str) -> Result<(), Failure> {
        self.searches().test(&source(name), self.now().plus_seconds(HANDLER_SECONDS)).await
    }

    /// Calls the handler `submit`.
    ///
    /// # Errors
    /// The handler's failure.
    pub async fn submit(&self, at: &TaskRef) -> Result<Step, Failure> {
        let submit = Submit {
            store: &self.store,
            keys: &self.keys,
            tags: &self.tags,
            vendors: &self.vendors,
            copies: &self.copies,
            clock: &self.clock,
            settings: self.settings,
        };
        self.passed(at, submit.submit(at, self.now().plus_seconds(HANDLER_SECONDS)).await)
    }

    /// Calls the handler `status-check`.
    ///
    /// # Errors
    /// The handler's failure.
    pub async fn check_status(&self, at: &TaskRef) -> Result<Step, Failure> {
        let check = StatusCheck {
            store: &self.store,
            keys: &self.keys,
            vendors: &self.vendors,
            clock: &self.clock,
            settings: self.settings,
        };
        self.passed(at, check.check(at, self.now().plus_seconds(HANDLER_SECONDS)).await)
    }

    /// Calls the handler `search` to look again.
    ///
    /// # Errors
    /// The handler's failure.
    pub async fn look(&self, at: &TaskRef) -> Result<Step, Failure> {
        let look = Look {
            store: &self.store,
            keys: &self.keys,
            vendors: &self.vendors,
            clock: &self.clock,
            settings: self.settings,
        };
        self.passed(at, look.look(at, self.now().plus_seconds(HANDLER_SECONDS)).await)
    }

    /// Calls the handler `close`.
    ///
    /// # Errors
    /// The handler's failure.
    pub async fn close(&self, id: RequestId) -> Result<Closing, Failure> {
        self.close_within(id, CLOSE_SECONDS).await
    }

    /// Calls the handler `close` with only this many seconds left.
    ///
    /// # Errors
    /// The handler's failure.
    pub async fn close_within(&self, id: RequestId, seconds: u64) -> Result<Closing, Failure> {
        let close = Close {
            store: &self.store,
            keys: &self.keys,
            forgets: &self.keys,
            signer: &self.signer,
            receipts: &self.receipts,
            copies: &self.copies,
            packer: &PlainPacker,
            tickets: &self.tickets,
            clock: &self.clock,
            settings: self.settings,
            forget_after_days: self.forget_after_days,
            copy_days: self.copy_days,
            issuer: Issuer { stage: "test".to_owned(), sandbox: true },
        };
        let closing = close.close(id, self.now().plus_seconds(seconds)).await?;
        self.workflow.pass(&closing)?;
        Ok(closing)
    }

    /// Calls the handler `reconcile`.
    ///
    /// # Errors
    /// The handler's failure.
    pub async fn reconcile(&self) -> Result<Run, Failure> {
        let reconcile = Reconcile {
            store: &self.store,
            keys: &self.keys,
            vendors: &self.vendors,
            workflow: &self.workflow,
            clock: &self.clock,
            settings: self.settings,
        };
        let run = reconcile.reconcile(self.now().plus_seconds(RECONCILE_SECONDS)).await?;
        self.workflow.pass(&run)?;
        Ok(run)
    }

    /// Calls the handler `reconcile` with the end of an execution; `source` names that of a task.
    ///
    /// # Errors
    /// The handler's failure.
    pub async fn ended(
        &self,
        request: RequestId,
        attempt: u32,
        source: Option<&str>,
        status: EndStatus,
    ) -> Result<Marking, Failure> {
        let ended = Ended { store: &self.store, clock: &self.clock, settings: self.settings };
        let source = source.map(crate::world::names::source);
        let marking = ended.mark(&Ending { request, attempt, source, status }).await?;
        self.workflow.pass(&marking)?;
        Ok(marking)
    }

    /// Calls the handler `review` with the token of an execution that waits.
    ///
    /// # Errors
    /// The handler's failure.
    pub async fn park(&self, at: &TaskRef, token: &str) -> Result<Step, Failure> {
        let park =
            Park { store: &self.store, tokens: &self.workflow, clock: &self.clock, settings: self.settings };
        self.passed(at, park.park(at, token).await)
    }

    fn passed(&self, at: &TaskRef, answer: Result<Step, Failure>) -> Result<Step, Failure> {
        self.calls.set(self.calls.get() + 1);
        assert!(self.calls.get() < MOST_CALLS, "the operations never come to an end");
        self.workflow.pass(at)?;
        let step = answer?;
        self.workflow.pass(&step)?;
        Ok(step)
    }
}
