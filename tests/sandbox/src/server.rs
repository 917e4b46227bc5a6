//! The server itself: an accept loop of our own instead of `axum::serve`, because some faults need the
//! connection as a whole (a handler can't answer with a reset).

use axum::Router;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tower_service::Service;

use crate::app::{App, Connection};
use crate::{control_api, vendor};

/// Serves for ever; dropping the future and its runtime closes everything.
pub(crate) async fn serve(listener: TcpListener, app: App) {
    let router: Router = control_api::routes().fallback(vendor::answer).with_state(app);
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                tokio::spawn(one_connection(stream, router.clone()));
            }
            // Most likely out of descriptors: other connections have to close first.
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
    let connection = Connection::new();
    let of_requests = connection.clone();
    let service = service_fn(move |mut request: hyper::Request<Incoming>| {
        request.extensions_mut().insert(of_requests.clone());
        let mut router = router.clone();
        async move { router.call(request.map(axum::body::Body::new)).await }
    });
    let serving = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service);
    tokio::select! {
        // The way a connection ends concerns only its client.
        _ = serving => {}
        () = connection.until_reset() => {
            let _ = socket2::SockRef::from(&second).set_linger(Some(std::time::Duration::ZERO));
        }
    }
}
