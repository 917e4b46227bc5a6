//! Opens a task's data source, behind its limits, at the run's target.

use crate::base::code::Code;
use crate::base::failure::Failure;
use crate::base::ids::SourceId;
use crate::base::kind::Kind;
use crate::operations::load::Loaded;
use crate::operations::metered::Metered;
use crate::ports::clock::Clock;
use crate::ports::store::{Limits, Reads};
use crate::ports::vendors::Vendors;

/// Opens a data source for a person who waits, behind its limits, at its present target. The error names the
/// flaw of the set-up.
pub(crate) async fn open_source<'a, S: Reads + Limits, V: Vendors, C: Clock>(
    store: &'a S,
    vendors: &V,
    clock: &'a C,
    source: &SourceId,
) -> Result<Metered<'a, S, V::Vendor, C>, Failure> {
    let source = store.source(source).await?.ok_or(Failure::of(Code::SourceNotFound))?;
    let target = vendors.target(&source)?;
    Ok(Metered::new(vendors.open(&source, &target).await?, store, clock, source.id, None).beside())
}

/// The result of opening a task's data source.
pub(crate) enum Opened<V> {
    /// It is open at the run's target.
    There(V),
    /// It is not open: the data source has another target now, and nothing of the run was sent.
    Moved,
}

/// Opens the task's data source behind its limits, at the target where its run was searched.
///
/// Architecture Invariant: search, submission, status check, look and copy of one run all go to one target. A
/// decision made at one target is never sent to another.
pub(crate) async fn open_vendor<'a, S: Limits, V: Vendors, C: Clock>(
    limits: &'a S,
    vendors: &V,
    clock: &'a C,
    Loaded { life, source, .. }: &Loaded,
) -> Result<Opened<Metered<'a, S, V::Vendor, C>>, Failure> {
    let task = &life.task;
    let source = source.as_ref().map_err(|failure| *failure)?;
    let source = source.as_ref().ok_or(Failure::of(Code::SourceNotFound))?;
    let now = vendors.target(source)?;
    let target = match &task.target {
        Some(then) if *then != now && !life.stands_on_its_target() => return Ok(Opened::Moved),
        Some(then) => then,
        // An older release searched it without storing the target: nobody can tell where.
        None if task.decision.is_some() && !life.stands_on_its_target() => return Ok(Opened::Moved),
        None => &now,
    };
    let vendor = vendors.open(source, target).await?;
    Ok(Opened::There(Metered::new(vendor, limits, clock, source.id.clone(), task.slot)))
}

/// The failures that end a task: something that it needs is missing or wrong in the set-up or in its own rows,
/// and trying again can't help. Any other misconfiguration (a role that may not read, a disabled key) is ours
/// to fix, and the task waits for it.
const ENDS_THE_TASK: [Code; 14] = [
    Code::ConnectorUnknown,
    Code::DataKeyUnusable,
    Code::DecisionDoesNotFit,
    Code::IdentifierMissing,
    Code::IdentifiersUnreadable,
    Code::ParameterWrong,
    Code::PersonForgotten,
    Code::RecordsDoNotFit,
    Code::RecordsUnreadable,
    Code::SecretIsNotText,
    Code::SecretMissing,
    Code::SecretUnreadable,
    Code::SourceNotFound,
    Code::TargetLost,
];

pub(crate) fn ends_the_task(failure: Failure) -> bool {
    failure.kind == Kind::Misconfigured && ENDS_THE_TASK.contains(&failure.code)
}

/// Extra seconds around a call to a vendor, for the store and the way back.
pub(crate) const AROUND_A_CALL: u64 = 5;
