//! Metrics in CloudWatch's embedded metric format: a reading is a member of its own log line, and the log
//! group turns it into a metric. This needs no call and no permission.
//!
//! The format: <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html>
//! (a line has at most 100 metrics for each namespace, a set at most 30 dimensions, a value at most 1,024
//! characters; the time is in milliseconds).

use crate::logging;
use jiff::Timestamp;
use rightful_domain::base::time::Time;
use rightful_domain::metric::{
    self, CallEnd, CallObserver, CommitObserver, Committed, Metric, NAMESPACE, Reading, STAGE, Sets,
};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::io::Write as _;
use std::sync::OnceLock;

static DEPLOYMENT: OnceLock<String> = OnceLock::new();

/// The most metrics that one line may have.
const MOST: usize = 100;

/// Writes the metrics of a deployment, as an observer of commits and calls.
#[derive(Clone, Copy, Debug)]
pub struct Metrics(());

/// Writes readings under this stage from now on; call it once, when the function starts.
pub fn start(stage: &str) -> Metrics {
    // Only a test starts twice; the first start counts.
    let _ = DEPLOYMENT.set(stage.to_owned());
    Metrics(())
}

/// Writes readings of one moment, on as few lines as their dimensions allow. Before [`start`] nothing is
/// written, because the stage is unknown.
#[allow(clippy::disallowed_methods, reason = "a log line's time is no decision's")]
pub fn write(readings: &[Reading]) {
    let Some(stage) = DEPLOYMENT.get() else { return };
    let mut text = String::new();
    for line in lines(readings, stage, logging::service(), Timestamp::now()) {
        text.push_str(&line.to_string());
        text.push('\n');
    }
    // As with a log line, a failed write is not an error.
    let _ = std::io::stdout().lock().write_all(text.as_bytes());
}

impl CommitObserver for Metrics {
    fn committed(&self, committed: &Committed<'_>) {
        write(&metric::of_commit(committed));
    }
}

impl CallObserver for Metrics {
    fn called(&self, connector: &str, end: CallEnd, duration_ms: u64) {
        write(&metric::of_call(connector, end, duration_ms));
    }

    fn unreadable(&self, connector: &str) {
        write(&[metric::of_unreadable(connector)]);
    }
}

/// Readings that fit on one line: each dimension and each metric has one value there.
#[derive(Default)]
struct Line<'a> {
    dimensions: BTreeMap<&'static str, &'a str>,
    values: BTreeMap<Metric, i64>,
}

impl<'a> Line<'a> {
    /// Adds a reading, unless it needs another line.
    fn take(&mut self, reading: &'a Reading) -> bool {
        let value = reading.dimension.as_deref();
        let named = reading.metric.entry().sets.further().map(|further| further.as_str()).zip(value);
        if self.values.contains_key(&reading.metric) || self.values.len() == MOST {
            return false;
        }
        if let Some((name, value)) = named
            && *self.dimensions.entry(name).or_insert(value) != value
        {
            return false;
        }
        self.values.insert(reading.metric, reading.value);
        true
    }

    fn json(&self, stage: &str, service: &str, at: Timestamp) -> Value {
        let mut by_sets: BTreeMap<Sets, Vec<Value>> = BTreeMap::new();
        let mut line = Map::new();
        for (metric, value) in &self.values {
            let entry = metric.entry();
            let metric = json!({"Name": entry.name, "Unit": entry.unit.as_str()});
            by_sets.entry(entry.sets).or_default().push(metric);
            line.insert(entry.name.into(), (*value).into());
        }
        let directives: Vec<Value> = by_sets
            .into_iter()
            .map(|(sets, metrics)| {
                json!({"Namespace": NAMESPACE, "Dimensions": sets.names(), "Metrics": metrics})
            })
            .collect();
        for (name, value) in &self.dimensions {
            line.insert((*name).into(), (*value).into());
        }
        line.insert(STAGE.into(), stage.into());
        line.insert("timestamp".into(), Time::new(at).to_string().into());
        line.insert("level".into(), "INFO".into());
        line.insert("service".into(), service.into());
        line.insert("message".into(), "metrics".into());
        line.insert(
            "_aws".into(),
            json!({"Timestamp": at.as_millisecond(), "CloudWatchMetrics": directives}),
        );
        Value::Object(line)
    }
}

fn lines(readings: &[Reading], stage: &str, service: &str, at: Timestamp) -> Vec<Value> {
    let mut lines: Vec<Line<'_>> = Vec::new();
    for reading in readings {
        // A metric with a dimension can't be written without the dimension's value.
        if reading.metric.entry().sets.further().is_some() != reading.dimension.is_some() {
            tracing::error!(
                metric = reading.metric.entry().name,
                "a reading without its dimension, or with one too many"
            );
            continue;
        }
        if !lines.iter_mut().any(|line| line.take(reading)) {
            let mut line = Line::default();
            line.take(reading);
            lines.push(line);
        }
    }
    lines.iter().map(|line| line.json(stage, service, at)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rightful_domain::duty::gauge::Gauges;
    use rightful_domain::model::request::RequestOutcome;
    use rightful_domain::operations::reconcile::run::Run;

    fn written(readings: &[Reading]) -> Vec<Value> {
        let at = "2026-11-24T09:30:00.250Z".parse().unwrap();
        let lines = lines(readings, "dev", "close", at);
        lines.iter().for_each(check);
        lines
    }

    /// The rules of the specification's schema, and of ours.
    fn check(line: &Value) {
        let root = line.as_object().unwrap();
        assert!(line.to_string().len() <= 1024 * 1024);
        let meta = root["_aws"].as_object().unwrap();
        assert_eq!(meta.keys().collect::<Vec<_>>(), ["CloudWatchMetrics", "Timestamp"]);
        assert!(meta["Timestamp"].as_u64().unwrap() > 1_600_000_000_000, "milliseconds");
        let directives = meta["CloudWatchMetrics"].as_array().unwrap();
        assert!(!directives.is_empty());
        let mut names = Vec::new();
        for directive in directives {
            let directive = directive.as_object().unwrap();
            assert_eq!(directive.keys().collect::<Vec<_>>(), ["Dimensions", "Metrics", "Namespace"]);
            assert_eq!(directive["Namespace"], "Rightful");
            let sets = directive["Dimensions"].as_array().unwrap();
            assert!(!sets.is_empty());
            for set in sets {
                let set = set.as_array().unwrap();
                assert!((1..=30).contains(&set.len()) && set[0] == "Stage");
                for name in set {
                    let value = root[name.as_str().unwrap()].as_str().unwrap();
                    assert!((1..=1024).contains(&value.len()) && value.is_ascii());
                }
            }
            let metrics = directive["Metrics"].as_array().unwrap();
            assert!((1..=100).contains(&metrics.len()));
            for metric in metrics {
                let metric = metric.as_object().unwrap();
                assert_eq!(metric.keys().collect::<Vec<_>>(), ["Name", "Unit"]);
                let name = metric["Name"].as_str().unwrap();
                assert!((1..=1024).contains(&name.len()));
                assert!(["Count", "Seconds", "Milliseconds"].contains(&metric["Unit"].as_str().unwrap()));
                assert!(root[name].is_number(), "{name} has no value");
                names.push(name.to_owned());
            }
        }
        let count = names.len();
        names.sort();
        names.dedup();
        assert_eq!(names.len(), count, "a metric is named once");
    }

    #[test]
    fn a_line_is_as_the_specification_wants_it() {
        let readings = [
            Reading::by(Metric::RequestsClosed, 1, RequestOutcome::Fulfilled.as_str()),
            Reading::new(Metric::RequestDurationSeconds, 60),
        ];
        let line = written(&readings).remove(0);
        assert_eq!(
            line,
            json!({
                "_aws": {
                    "Timestamp": 1_795_512_600_250_i64,
                    "CloudWatchMetrics": [
                        {
                            "Namespace": "Rightful",
                            "Dimensions": [["Stage"]],
                            "Metrics": [{"Name": "RequestDurationSeconds", "Unit": "Seconds"}],
                        },
                        {
                            "Namespace": "Rightful",
                            "Dimensions": [["Stage"], ["Stage", "Outcome"]],
                            "Metrics": [{"Name": "RequestsClosed", "Unit": "Count"}],
                        },
                    ],
                },
                "Stage": "dev",
                "Outcome": "fulfilled",
                "RequestsClosed": 1,
                "RequestDurationSeconds": 60,
                "timestamp": "2026-11-24T09:30:00.250Z",
                "level": "INFO",
                "service": "close",
                "message": "metrics",
            })
        );
    }

    #[test]
    fn readings_of_one_moment_share_a_line_unless_a_dimension_has_two_values() {
        assert_eq!(written(&metric::of_call("qualifio", CallEnd::Failed, 12)).len(), 1);
        let gauges = Gauges { nearest_deadline_seconds: Some(-5), ..Gauges::default() };
        let run = written(&metric::of_run(&Run { gauges: Some(gauges), ..Run::default() }));
        assert_eq!(run.len(), 1);
        assert_eq!((&run[0]["NearestDeadlineSeconds"], &run[0]["ReconcileRuns"]), (&json!(-5), &json!(1)));
        let two = ["verified_erased", "failed"].map(|outcome| Reading::by(Metric::TasksSettled, 1, outcome));
        assert_eq!(written(&two).len(), 2);
        // The same dimension of two metrics, with two values.
        let two = [
            Reading::by(Metric::TasksSettled, 1, "verified_erased"),
            Reading::by(Metric::RequestsClosed, 1, "fulfilled"),
        ];
        let lines = written(&two);
        assert_eq!(
            (&lines[0]["Outcome"], &lines[1]["Outcome"]),
            (&json!("verified_erased"), &json!("fulfilled"))
        );
        assert_eq!(written(&[]).len(), 0);
    }

    #[test]
    fn every_metric_of_the_catalogue_fits_on_a_line() {
        for metric in Metric::ALL {
            let reading = match metric.entry().sets.further() {
                Some(_) => Reading::by(*metric, 1, "value"),
                None => Reading::new(*metric, 1),
            };
            assert_eq!(written(&[reading]).len(), 1, "{metric}");
        }
        assert!(Metric::ALL.len() <= MOST);
    }

    #[test]
    fn a_reading_without_its_dimension_is_not_written() {
        assert_eq!(written(&[Reading::new(Metric::TasksSettled, 1)]).len(), 0);
        assert_eq!(written(&[Reading::by(Metric::RequestsOpen, 1, "x")]).len(), 0);
    }
}
