//! One JSON line for an event, with the key names of Powertools and ours, so that saved queries
//! find the same fields in every function's log.

use jiff::Timestamp;
use rightful_domain::base::time::Time;
use serde_json::{Map, Value};
use std::fmt;
use std::sync::Mutex;
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt;

/// The present invocation; a function serves one at a time.
struct Context {
    service: &'static str,
    cold_start: bool,
    invocation: Option<String>,
    request: Option<String>,
    source: Option<String>,
}

static CONTEXT: Mutex<Context> = Mutex::new(Context {
    service: "rightful",
    cold_start: true,
    invocation: None,
    request: None,
    source: None,
});

fn with_context<T>(then: impl FnOnce(&mut Context) -> T) -> T {
    then(&mut CONTEXT.lock().unwrap_or_else(std::sync::PoisonError::into_inner))
}

/// Sets up logging for the function `service`; call it first.
pub fn start(service: &'static str) {
    with_context(|context| context.service = service);
    // Our own lines only: other crates' lines may quote URLs and values.
    let function = service.replace('-', "_");
    let ours = Targets::new().with_target("rightful", Level::INFO).with_target(function, Level::INFO);
    let layer = tracing_subscriber::fmt::layer().event_format(Json).with_writer(std::io::stdout);
    // Only a test starts twice; the first start counts.
    let _ = tracing_subscriber::registry().with(ours).with(layer).try_init();
}

/// The function's name.
pub(crate) fn service() -> &'static str {
    with_context(|context| context.service)
}

pub(crate) fn begin(invocation: &str) {
    with_context(|context| context.invocation = Some(invocation.to_owned()));
}

/// Adds ids to every further log line of this invocation, once a handler knows them.
pub fn correlate(request: Option<String>, source: Option<String>) {
    with_context(|context| {
        context.request = request;
        context.source = source;
    });
}

pub(crate) fn end() {
    with_context(|context| {
        context.cold_start = false;
        context.invocation = None;
        context.request = None;
        context.source = None;
    });
}

struct Json;

impl<S, N> FormatEvent<S, N> for Json
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    #[allow(clippy::disallowed_methods, reason = "a log line's time is no decision's")]
    fn format_event(
        &self,
        _: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let mut line = Map::new();
        line.insert("timestamp".into(), Time::new(Timestamp::now()).to_string().into());
        line.insert("level".into(), event.metadata().level().as_str().into());
        with_context(|context| {
            line.insert("service".into(), context.service.into());
            line.insert("cold_start".into(), context.cold_start.into());
            for (key, value) in [
                ("function_request_id", &context.invocation),
                ("correlation_id", &context.request),
                ("request_id", &context.request),
                ("source_id", &context.source),
            ] {
                if let Some(value) = value {
                    line.insert(key.into(), value.as_str().into());
                }
            }
        });
        event.record(&mut Fields(&mut line));
        writeln!(writer, "{}", Value::Object(line))
    }
}

struct Fields<'a>(&'a mut Map<String, Value>);

impl Visit for Fields<'_> {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.insert(field.name().into(), value.into());
    }
    fn record_u64(&mut self, field: &Field, value: u64) {
        self.0.insert(field.name().into(), value.into());
    }
    fn record_i64(&mut self, field: &Field, value: i64) {
        self.0.insert(field.name().into(), value.into());
    }
    fn record_bool(&mut self, field: &Field, value: bool) {
        self.0.insert(field.name().into(), value.into());
    }
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.0.insert(field.name().into(), format!("{value:?}").into());
    }
}
