//! Outcome, receipt, forgetting, the answer to the ticket.

mod closing;
mod answer;
