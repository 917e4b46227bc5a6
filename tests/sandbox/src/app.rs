//! The input of every route: the state with the one clock, and the request's connection.

use std::convert::Infallible;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::extract::Request;
use jiff::Timestamp;
use tokio::sync::Notify;

use crate::state::State;

/// The state, shared by all connections.
#[derive(Clone)]
pub(crate) struct App(Arc<Mutex<State>>);

impl App {
    pub(crate) fn new(state: State) -> Self {
        Self(Arc::new(Mutex::new(state)))
    }

    /// The state at this moment: everything due has happened.
    pub(crate) fn now(&self) -> (MutexGuard<'_, State>, Timestamp) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let now = clock();
        state.settle(now);
        (state, now)
    }
}

/// The connection of a request.
#[derive(Clone)]
pub(crate) struct Connection(Arc<Notify>);

impl Connection {
    pub(crate) fn new() -> Self {
        Self(Arc::new(Notify::new()))
    }

    /// Resets it (RST, not a clean end) and never comes back.
    pub(crate) async fn reset(&self) -> Infallible {
        self.0.notify_one();
        std::future::pending().await
    }

    /// Waits until a handler resets it.
    pub(crate) async fn until_reset(&self) {
        self.0.notified().await;
    }
}

/// The one clock. Everything below gets the time passed in.
#[allow(clippy::disallowed_methods)] // the sandbox is the outside world: its time is real
pub(crate) fn clock() -> Timestamp {
    Timestamp::now()
}

/// The connection that the server attached to a request.
pub(crate) fn connection_of(request: &Request) -> Connection {
    let found = request.extensions().get::<Connection>().cloned();
    found.unwrap_or_else(Connection::new)
}
