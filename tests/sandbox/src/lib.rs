//! A fake Qualifio GDPR API, beside it a fake Zendesk and a fake in-house system: a real HTTP server on
//! loopback that behaves like the vendor's public walkthrough, traps included, with faults to order and a
//! journal. The product is tested against it instead of a vendor's account, so it must be at least as nasty
//! as the vendor.

pub mod http;
mod answer;
mod options;
mod fault;
mod journal;
mod profile;
mod ticket;
mod inhouse;
mod rule;
mod state;
mod control;
mod app;
mod control_api;
mod vendor;
mod server;

use std::net::{Ipv4Addr, TcpListener};
use std::thread::JoinHandle;

use anyhow::{Context, Result};
use tokio::sync::oneshot;

pub use control::Control;
pub use fault::{Fault, FaultKind, On, Ordered};
pub use inhouse::{Person, default_people};
pub use journal::{Call, Erasure, InhouseErasure, Journal};
pub use options::{
    DEFAULT_FINISH_AFTER_MS, DEFAULT_INHOUSE_TOKEN, DEFAULT_TICKETING_TOKEN, DEFAULT_TOKEN, Options,
};
pub use profile::{ANONYMOUS_EMAIL, CONTROL, DEFAULT_CLIENT_ID, DEFAULT_USER_ID, Profile, default_seed};
pub use state::{Reset, Token};
pub use ticket::{Comment, DEFAULT_TICKET, DEFAULT_TICKETING_USER, Ticket};

/// A running sandbox. It has a thread and a runtime of its own, so one may be shared by tests with
/// a runtime each. Dropping it stops it and closes its connections.
#[derive(Debug)]
pub struct Sandbox {
    /// `http://127.0.0.1:<port>`
    pub url: String,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Sandbox {
    /// Starts one; it accepts connections when this returns.
    ///
    /// # Errors
    /// If the port is taken, or no thread can be started.
    pub fn start(options: Options) -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, options.port))
            .context("the sandbox's port can't be had")?;
        listener.set_nonblocking(true)?;
        let url = format!("http://{}", listener.local_addr()?);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let app = app::App::new(state::State::new(options, app::clock()));
        let listener = {
            let _inside = runtime.enter();
            tokio::net::TcpListener::from_std(listener)?
        };
        let (stop, stopped) = oneshot::channel();
        let thread = std::thread::Builder::new().name("sandbox".to_owned()).spawn(move || {
            runtime.block_on(async {
                tokio::select! {
                    () = server::serve(listener, app) => {}
                    _ = stopped => {}
                }
            });
        })?;
        Ok(Self { url, stop: Some(stop), thread: Some(thread) })
    }

    /// A client for its control API.
    pub fn control(&self) -> Control {
        Control::new(self.url.clone())
    }

    /// Stops it: the port is free and every connection closed when this returns.
    pub fn stop(self) {}
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
