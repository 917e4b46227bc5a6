//! The server itself: an accept loop of our own instead of `axum::serve`, because some faults need
//! the connection as a whole (a reset instead of an answer is not something a handler can say).

use std::convert::Infallible;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::extract::Request;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use jiff::Timestamp;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tower_service::Service;

use crate::state::State;

/// The state, shared by all connections.
#[derive(Clone)]
pub(crate) struct App(Arc<Mutex<State>>);

impl App {
    pub(crate) fn new(state: State) -> Self {
        Self(Arc::new(Mutex::new(state)))
    }

    /// The state as it stands at this moment: whatever was due has happened.
    pub(crate) fn now(&self) -> (MutexGuard<'_, State>, Timestamp) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let now = clock();
        state.settle(now);
        (state, now)
    }
}

/// The connection a request came on.
#[derive(Clone)]
pub(crate) struct Connection(Arc<Notify>);

impl Connection {
    /// Resets it (RST, not a clean end) and never comes back.
    pub(crate) async fn reset(&self) -> Infallible {
        self.0.notify_one();
        std::future::pending().await
    }
}

/// The one clock. Everything below it has the time passed in.
#[allow(clippy::disallowed_methods)] // the sandbox is the outside world: its time is real
pub(crate) fn clock() -> Timestamp {
    Timestamp::now()
}

/// Serves for ever; dropping the future and its runtime closes everything.
pub(crate) async fn serve(listener: TcpListener, app: App) {
    let router: Router = crate::control_api::routes().fallback(crate::vendor::answer).with_state(app);
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                tokio::spawn(one_connection(stream, router.clone()));
            }
            // Out of descriptors, most likely: others have to close first.
            Err(_) => tokio::time::sleep(std::time::Duration::from_millis(20)).await,
        }
    }
}

async fn one_connection(stream: TcpStream, router: Router) {
    // A second handle on the same socket, to set its linger time while hyper owns the first.
    let Ok(stream) = stream.into_std() else {
        return;
    };
    let Ok(second) = stream.try_clone() else {
        return;
    };
    let Ok(stream) = TcpStream::from_std(stream) else {
        return;
    };
    let _ = stream.set_nodelay(true);
    let connection = Connection(Arc::new(Notify::new()));
    let of_requests = connection.clone();
    let service = service_fn(move |mut request: hyper::Request<Incoming>| {
        request.extensions_mut().insert(of_requests.clone());
        let mut router = router.clone();
        async move { router.call(request.map(axum::body::Body::new)).await }
    });
    let serving = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service);
    tokio::select! {
        // How a connection ended is the client's business.
        _ = serving => {}
        () = connection.0.notified() => {
            let _ = socket2::SockRef::from(&second).set_linger(Some(std::time::Duration::ZERO));
        }
    }
}

/// The connection of a request, as `one_connection` left it there.
pub(crate) fn connection_of(request: &Request) -> Connection {
    let found = request.extensions().get::<Connection>().cloned();
    found.unwrap_or_else(|| Connection(Arc::new(Notify::new())))
}
