"""The exceptions of the monitoring's checks, each with its reason. The checks fail for an unneeded one."""

from __future__ import annotations

# Metrics that no end-to-end run writes: name -> (reason, the unit test that shows it written).
NEVER_EMITTED: dict[str, tuple[str, str]] = {
    "DeliveriesRepeated": ("a day must pass between two demands",
                           "a_demand_that_came_again_is_counted_once_it_is_recorded"),
    "ReceiptsDiffering": ("no one else writes a receipt there",
                          "a_receipt_that_is_not_the_one_that_is_kept_is_counted_once_it_is_recorded"),
}

# Saved queries about events that an end-to-end run need not contain: name -> reason. Without a real line,
# they run over the lines of the log calls in the source.
RARE: dict[str, str] = {
    "errors": "no error there needs more than a repetition",
    "not-brought-forward": "the reconciliation brings every request forward",
    "aws-calls-failed": "the emulator fails no call by itself, and keeps no line while it is down",
}

# Saved queries without rows over an end-to-end run: name -> reason.
NO_ROWS: dict[str, str] = {
    "one-request": "it contains the placeholder REQUEST-ID; the check runs it with a real id instead",
    "workflow-events": "the emulator delivers no log of a state machine",
    "api-answers": "the emulator writes no access log of an API",
}
