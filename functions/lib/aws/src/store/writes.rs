//! One write of a transaction, and what a refused transaction means.

use super::rows::{Item, size};
use super::tables::Store;
use crate::failures::{Cause, STORE, cause};
use crate::random::random_name;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{AttributeValue, ConditionCheck, Delete, Put, TransactWriteItem};
use rightful_domain::base::code::Code;
use rightful_domain::base::failure::Failure;
use rightful_domain::chain::links::Head;
use ring::rand::{SecureRandom as _, SystemRandom};
use std::collections::HashMap;
use std::time::Duration;

/// DynamoDB's limits: a row, a transaction's bytes, a transaction's rows.
const MAX_ROW_BYTES: usize = 400 * 1024;
const MAX_BYTES: usize = 4 * 1024 * 1024;
const MAX_ROWS: usize = 100;

/// How often a write is tried while it only collides with others.
pub(super) const TRIES: u32 = 8;
const BASE_PAUSE_MILLIS: u64 = 20;
const MAX_PAUSE_MILLIS: u64 = 1000;

pub(super) const BUSY: Failure = Failure::of(Code::StoreBusy);

/// The condition for a row to be written or deleted.
#[derive(Clone, Debug)]
pub(super) enum Guard {
    /// Nothing: another row's guard covers it.
    Nothing,
    /// It does not exist.
    Absent,
    /// It has this revision.
    Revision(u64),
    /// It is the head of the chain that the new events follow.
    Head(Head),
}

impl Guard {
    /// The guard of a row that was read at `revision`; 0 means that it did not exist.
    pub(super) fn read_at(revision: u64) -> Self {
        if revision == 0 { Self::Absent } else { Self::Revision(revision) }
    }

    /// As a condition: its expression, names and values.
    #[allow(clippy::type_complexity, reason = "the SDK's three arguments")]
    pub(super) fn condition(
        &self,
    ) -> (Option<String>, Option<HashMap<String, String>>, Option<HashMap<String, AttributeValue>>) {
        let condition = |expression: &str, values: &[(&str, AttributeValue)]| {
            let names = values.iter().map(|(name, _)| (format!("#{name}"), (*name).to_owned())).collect();
            let values = values.iter().map(|(name, value)| (format!(":{name}"), value.clone())).collect();
            (Some(expression.to_owned()), Some(names), Some(values))
        };
        match self {
            Guard::Nothing => (None, None, None),
            Guard::Absent => (Some("attribute_not_exists(pk)".to_owned()), None, None),
            Guard::Revision(revision) => {
                condition("#revision = :revision", &[("revision", AttributeValue::N(revision.to_string()))])
            }
            Guard::Head(head) => condition(
                "#seq = :seq AND #hash = :hash",
                &[
                    ("seq", AttributeValue::N(head.seq.to_string())),
                    ("hash", AttributeValue::S(head.hash.clone())),
                ],
            ),
        }
    }
}

/// One row to be written, deleted, or checked.
#[derive(Clone, Debug)]
pub(super) enum Write {
    Put {
        table: String,
        item: Item,
        guard: Guard,
    },
    Delete {
        table: String,
        key: Item,
        guard: Guard,
    },
    /// Nothing is written: the row must have this revision.
    Check {
        table: String,
        key: Item,
        revision: u64,
    },
}

impl Write {
    fn size(&self) -> usize {
        match self {
            Write::Put { item, .. } => size(item),
            Write::Delete { key, .. } | Write::Check { key, .. } => size(key),
        }
    }

    fn to_sdk(&self) -> Result<TransactWriteItem, Failure> {
        let incomplete = |_| Failure::of(Code::RowUnwritable);
        let write = TransactWriteItem::builder();
        Ok(match self {
            Write::Put { table, item, guard } => {
                let (expression, names, values) = guard.condition();
                let put = Put::builder()
                    .table_name(table)
                    .set_item(Some(item.clone()))
                    .set_condition_expression(expression)
                    .set_expression_attribute_names(names)
                    .set_expression_attribute_values(values)
                    .build()
                    .map_err(incomplete)?;
                write.put(put).build()
            }
            Write::Delete { table, key, guard } => {
                let (expression, names, values) = guard.condition();
                let delete = Delete::builder()
                    .table_name(table)
                    .set_key(Some(key.clone()))
                    .set_condition_expression(expression)
                    .set_expression_attribute_names(names)
                    .set_expression_attribute_values(values)
                    .build()
                    .map_err(incomplete)?;
                write.delete(delete).build()
            }
            Write::Check { table, key, revision } => {
                let (expression, names, values) = Guard::Revision(*revision).condition();
                let check = ConditionCheck::builder()
                    .table_name(table)
                    .set_key(Some(key.clone()))
                    .set_condition_expression(expression)
                    .set_expression_attribute_names(names)
                    .set_expression_attribute_values(values)
                    .build()
                    .map_err(incomplete)?;
                write.condition_check(check).build()
            }
        })
    }
}

/// Refuses what DynamoDB would refuse, before anything is sent.
pub(super) fn check_limits(writes: &[Write]) -> Result<(), Failure> {
    if writes.iter().any(|write| write.size() > MAX_ROW_BYTES) {
        return Err(Failure::of(Code::RowTooLarge));
    }
    if writes.len() > MAX_ROWS || writes.iter().map(Write::size).sum::<usize>() > MAX_BYTES {
        return Err(Failure::of(Code::ChangeTooLarge));
    }
    Ok(())
}

/// Why a write failed, as far as anyone can tell.
#[derive(Debug)]
pub(super) enum Refusal {
    /// The guards of these writes do not hold.
    Guards(Vec<usize>),
    /// It collided with another transaction, or the table is busy: try again in a moment.
    Busy,
    /// It may have been written.
    Ambiguous(Failure),
    /// It never will be written.
    Failed(Failure),
}

impl Store {
    /// Writes all of it or nothing.
    pub(super) async fn transact(&self, writes: &[Write]) -> Result<(), Refusal> {
        let items: Result<Vec<_>, Failure> = writes.iter().map(Write::to_sdk).collect();
        let sent = self
            .client
            .transact_write_items()
            .set_transact_items(Some(items.map_err(Refusal::Failed)?))
            // The SDK's own retries carry the same token, so that none of them writes twice.
            .client_request_token(random_name().map_err(Refusal::Failed)?)
            .send()
            .await;
        let Err(err) = sent else { return Ok(()) };
        if let Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) = err.as_service_error()
        {
            let codes: Vec<&str> = cancelled
                .cancellation_reasons()
                .iter()
                .map(|reason| reason.code().unwrap_or_default())
                .collect();
            return Err(cancellation(&codes));
        }
        Err(refusal(cause(&err), || STORE.failure(&err)))
    }
}

/// The meaning of a failed write. `failure` is called, and logs, only if it is final.
pub(super) fn refusal(cause: Cause, failure: impl FnOnce() -> Failure) -> Refusal {
    match cause {
        Cause::Busy => Refusal::Busy,
        Cause::Ambiguous => Refusal::Ambiguous(failure()),
        Cause::Denied | Cause::Missing | Cause::Rejected => Refusal::Failed(failure()),
    }
}

/// The joint meaning of a transaction's reasons, one for each write.
fn cancellation(codes: &[&str]) -> Refusal {
    let guards: Vec<usize> =
        (0..codes.len()).filter(|&index| codes[index] == "ConditionalCheckFailed").collect();
    if !guards.is_empty() {
        return Refusal::Guards(guards);
    }
    if codes.iter().any(|code| ["ValidationError", "ItemCollectionSizeLimitExceeded"].contains(code)) {
        tracing::warn!(
            code = STORE.rejected.as_str(),
            aws_code = "TransactionCanceledException",
            "a call to AWS failed"
        );
        return Refusal::Failed(STORE.of(Cause::Rejected));
    }
    // TransactionConflict, ThrottlingError, ProvisionedThroughputExceeded, or no reason at all.
    Refusal::Busy
}

/// Waits before try number `attempt` (0 is the first and does not wait): full jitter, so that
/// writers that met once do not meet again.
pub(super) async fn pause(attempt: u32) {
    if attempt == 0 {
        return;
    }
    let ceiling = BASE_PAUSE_MILLIS.saturating_mul(1 << (attempt - 1).min(16)).min(MAX_PAUSE_MILLIS);
    let mut bytes = [0u8; 8];
    let random = SystemRandom::new().fill(&mut bytes).map_or(ceiling, |()| u64::from_le_bytes(bytes));
    tokio::time::sleep(Duration::from_millis(random % (ceiling + 1))).await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_guard_outweighs_a_collision() {
        let refusal = cancellation(&["None", "TransactionConflict", "ConditionalCheckFailed"]);
        assert!(matches!(refusal, Refusal::Guards(failed) if failed == [2]));
        assert!(matches!(cancellation(&["None", "ThrottlingError"]), Refusal::Busy));
        assert!(matches!(cancellation(&["ValidationError"]), Refusal::Failed(_)));
        assert!(matches!(cancellation(&[]), Refusal::Busy));
    }

    #[test]
    fn a_row_read_at_revision_nought_must_not_exist() {
        assert_eq!(Guard::read_at(0).condition().0.as_deref(), Some("attribute_not_exists(pk)"));
        assert_eq!(Guard::read_at(3).condition().0.as_deref(), Some("#revision = :revision"));
    }

    #[test]
    fn too_many_or_too_large_rows_are_refused_before_they_are_sent() {
        let put = |bytes: usize| Write::Put {
            table: "t".to_owned(),
            item: HashMap::from([("pk".to_owned(), AttributeValue::S("x".repeat(bytes)))]),
            guard: Guard::Nothing,
        };
        assert!(check_limits(&vec![put(10); 100]).is_ok());
        assert_eq!(check_limits(&vec![put(10); 101]), Err(Failure::of(Code::ChangeTooLarge)));
        assert_eq!(check_limits(&vec![put(400_000); 11]), Err(Failure::of(Code::ChangeTooLarge)));
        assert_eq!(check_limits(&[put(400 * 1024)]), Err(Failure::of(Code::RowTooLarge)));
    }
}
