//! The function's inputs and outputs.

use rightful_domain::operations::reconcile::ended::Marking;
use rightful_domain::operations::reconcile::run::Run;
use rightful_domain::operations::reconcile::unreceived::Compared;
use rightful_lambda::Correlated;
use serde::{Deserialize, Serialize};

/// An event; its shape tells which.
#[derive(Deserialize)]
#[serde(untagged)]
pub enum Input {
    /// EventBridge: an execution's status changed.
    Change {
        /// Which execution, and how.
        detail: Change,
    },
    /// The day's schedule.
    Tickets(Order),
    /// The schedule, or `rightful reconcile --now`: its content is ignored.
    Tick {},
}

/// `{"tickets": true}` and nothing else.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Order {
    pub tickets: bool,
}

/// The end of an execution. The event's input, output and cause are not read.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Change {
    pub name: String,
    pub status: String,
    pub state_machine_arn: String,
}

/// The log names a request only once the execution's name is known to be ours.
impl Correlated for Input {}

/// An answer.
#[derive(Serialize)]
#[serde(untagged)]
pub enum Output {
    Run(Box<Run>),
    Marking(Marking),
    /// `null` without a ticketing system or a tag.
    Tickets(Option<Compared>),
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(event: serde_json::Value) -> Input {
        serde_json::from_value(event).unwrap()
    }

    #[test]
    fn the_end_of_an_execution_is_told_from_a_tick_by_its_shape() {
        let event = json!({
            "version": "0", "id": "315c1398-40ff-a850-213b-158f73e60175",
            "detail-type": "Step Functions Execution Status Change", "source": "aws.states",
            "account": "000000000000", "time": "2026-11-21T09:30:00Z", "region": "eu-west-1",
            "resources": ["arn:aws:states:eu-west-1:000000000000:execution:m:n"],
            "detail": {
                "executionArn": "arn:aws:states:eu-west-1:000000000000:execution:m:n",
                "stateMachineArn": "arn:aws:states:eu-west-1:000000000000:stateMachine:m",
                "name": "n", "status": "TIMED_OUT", "startDate": 1, "stopDate": 2,
                "input": "{}", "output": null, "error": "e", "cause": "c"
            }
        });
        let Input::Change { detail } = read(event) else { panic!("taken for a tick") };
        assert_eq!((detail.name.as_str(), detail.status.as_str()), ("n", "TIMED_OUT"));
        assert!(detail.state_machine_arn.ends_with(":stateMachine:m"));
        for (event, expected) in [(json!({"tickets": true}), true), (json!({"tickets": false}), false)] {
            let Input::Tickets(Order { tickets }) = read(event) else { panic!("taken for a tick") };
            assert_eq!(tickets, expected);
        }
        for tick in [
            json!({}),
            json!({"detail-type": "Scheduled Input", "source": "aws.scheduler", "detail": {}}),
            json!({"detail": "{}"}),
        ] {
            assert!(matches!(read(tick), Input::Tick {}));
        }
    }
}
