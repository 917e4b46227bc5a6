//! The log of a test.

use std::cell::RefCell;
use std::io::Write;
use std::sync::Once;

thread_local! {
    /// The log of this thread. Each test has a thread of its own.
    static LOGGED: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// Writes to the log of this thread.
struct Log;

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        LOGGED.with_borrow_mut(|logged| logged.write(bytes))
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Keeps the log of every test, from before the first line: a subscriber that comes later misses lines.
pub fn listen() {
    static LISTENING: Once = Once::new();
    LISTENING.call_once(|| {
        let subscriber = tracing_subscriber::fmt().with_writer(|| Log).with_ansi(false).finish();
        tracing::subscriber::set_global_default(subscriber).unwrap();
    });
}

/// The log of this thread so far.
pub fn logged() -> String {
    LOGGED.with_borrow(|logged| String::from_utf8(logged.clone()).unwrap())
}

/// Panics when the log of this thread holds a value.
pub fn nothing_is_logged_of(value: &str) {
    let logged = logged();
    assert!(logged.contains("answered") && !logged.contains(value), "{logged}");
}
