//! The receipt states what was asked, decided, found, submitted, claimed and verified, without personal data.
//! It is signed, so anyone with the public key can check it offline.
//!
//! The file is JSON with two members. `receipt` is the receipt itself; its exact bytes are its
//! canonical JSON (keys sorted, no white space: `jq -cSj .receipt FILE`). `statement` is a JWS
//! (RFC 7515, compact, `EdDSA`) over a small fixed payload: the receipt's id, the SHA-256 of its
//! exact bytes, and a time. The file is written in only one way, so a file with one changed byte, even a space,
//! does not verify.

use crate::base::canonical::{canonical, hex};
use crate::base::identifier::IdentifierKind;
use crate::base::ids::{Reference, RequestId, SourceId};
use crate::base::seal::Tag;
use crate::base::stored::{first, is_default};
use crate::base::time::Time;
use crate::chain::links::{ChainError, Head};
use crate::law::deadline::LegalZone;
use crate::law::extension::Extension;
use crate::law::ground::RefusalGround;
use crate::law::right::Right;
use crate::model::package::Package;
use crate::model::policy::Policy;
use crate::model::request::{Request, RequestOutcome};
use crate::model::rule::{Rule, RuleState};
use crate::model::task::{Asked, Assurance, Counts, Outcome, Task, Verdict};
use crate::vendor::report::Claim;
use crate::vendor::target::Target;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL;
use ring::digest::{SHA256, digest};
use ring::signature::{ED25519, UnparsedPublicKey};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// A receipt's statement about one batch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BatchStatement {
    /// The number of the batch, from 0.
    pub batch: u32,
    /// Its final state.
    pub state: RuleState,
    /// The number of this try at its records, from 1.
    #[serde(default = "first", skip_serializing_if = "is_first")]
    pub attempt: u32,
    /// The batch whose remaining records this one repeats, if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repeats: Option<u32>,
    /// How many of its records were seen to be gone although no answer came.
    #[serde(default, skip_serializing_if = "is_default")]
    pub gone: u32,
    /// The number of records in it.
    pub records: u32,
    /// The vendor's id for the rule, if it gave one.
    pub rule_id: Option<String>,
    /// When the intent was stored.
    pub intended_at: Time,
    /// When the vendor accepted it.
    pub accepted_at: Option<Time>,
    /// When it was seen finished.
    pub finished_at: Option<Time>,
    /// How many of its records the finished rule lists.
    pub confirmed: u32,
    /// How many records the rule lists that its submission never named.
    #[serde(default, skip_serializing_if = "is_default")]
    pub strangers: u32,
    /// Why the vendor did not accept it, if it did not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused: Option<String>,
    /// The vendor's claim about the records.
    pub claim: Option<Claim>,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
fn is_first(attempt: &u32) -> bool {
    *attempt == 1
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
/// A receipt's statement about one data source.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TaskStatement {
    /// The data source.
    pub source: SourceId,
    /// Its connector.
    pub connector: String,
    /// The task's outcome.
    pub outcome: Outcome,
    /// The reason, if the outcome alone does not show it.
    pub reason: Option<String>,
    /// The legal ground of a reviewer's refusal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ground: Option<RefusalGround>,
    /// The number of the run at this data source, from 1. The list of batches covers all runs.
    #[serde(default = "first", skip_serializing_if = "is_first")]
    pub run: u32,
    /// The number of rounds after the run's first decision. The list of batches covers all rounds.
    #[serde(default, skip_serializing_if = "is_default")]
    pub rounds: u32,
    /// Records found, submitted and confirmed in the run that the outcome concerns, over all its rounds.
    pub counts: Counts,
    /// The system and account that the run searched, submitted and looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<Target>,
    /// The number of spellings that the search asked by, and the records it set aside.
    #[serde(default)]
    pub asked: Asked,
    /// The same for the last look.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub looked: Option<Asked>,
    /// Why the last look counts, if it found nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assurance: Option<Assurance>,
    /// The number of records that finished rules of the run list and that were never submitted: another
    /// person's records may be erased.
    #[serde(default, skip_serializing_if = "is_default")]
    pub strangers: u32,
    /// The author of the decision.
    pub decided_by: Option<String>,
    /// The time of the decision.
    pub decided_at: Option<Time>,
    /// The keyed digest of the exact records decided on.
    pub records_digest: Option<Tag>,
    /// When the search found them.
    pub searched_at: Option<Time>,
    /// The vendor's claim about the records; not an observation of ours.
    pub claim: Option<Claim>,
    /// When a later search by every identifier found none of them.
    pub verified_at: Option<Time>,
    /// The number of looks after the rules finished that still found submitted records.
    pub looks_that_found: u32,
    /// The number of submitted records that the last look found again.
    pub left: u32,
    /// The number of records that the last look found and that no decision covers; they were not erased.
    pub appeared: u32,
    /// The batches.
    pub batches: Vec<BatchStatement>,
}

/// The content of a receipt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Statement {
    /// `rightful.receipt.v1`.
    pub format: String,
    /// The receipt's id, equal to its request's.
    pub receipt_id: RequestId,
    /// Whether vendors on the loopback interface were allowed; if so, the receipt proves nothing.
    pub sandbox: bool,
    /// The deployment that made it.
    pub stage: String,
    /// The right that the data subject exercised.
    pub right: Right,
    /// Whether it was a dry run, which erases nothing.
    pub dry_run: bool,
    /// Whether the deployment made the request itself, for a test address; it concerns no data subject.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub synthetic: bool,
    /// The ticket.
    pub reference: Option<Reference>,
    /// The origin of the request.
    pub origin: String,
    /// The kinds of the identifiers that were searched by.
    pub identifier_kinds: Vec<IdentifierKind>,
    /// The data sources that were connected but not asked.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub not_asked: Vec<SourceId>,
    /// The policy that decided on the records found.
    pub policy: Policy,
    /// When the person asked; the legal deadline was counted from here.
    pub received_at: Time,
    /// When the request reached the deployment, if later.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arrived_at: Option<Time>,
    /// The time zone in which the law's days and months were counted.
    #[serde(default, skip_serializing_if = "LegalZone::is_utc")]
    pub legal_zone: LegalZone,
    /// The legal deadline for the answer.
    pub due_at: Time,
    /// The extension of that deadline, if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub extension: Option<Extension>,
    /// When it was closed.
    pub closed_at: Time,
    /// When the person is forgotten.
    pub forget_at: Option<Time>,
    /// The request's outcome.
    pub outcome: RequestOutcome,
    /// How often the request was reopened after an earlier closing. Each closing has its own receipt.
    #[serde(default, skip_serializing_if = "is_default")]
    pub reopened: u32,
    /// The person's copy, if one was made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub copy: Option<Package>,
    /// Each data source.
    pub tasks: Vec<TaskStatement>,
    /// The number of events that led to it.
    pub events: u64,
    /// The hash of the last of them.
    pub events_head: String,
    /// The number of the first event, from 1, that was changed, is missing or is out of order; the chain proves
    /// nothing from there on. Absent when the chain is intact.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub events_broken_at: Option<u64>,
}

/// The deployment that makes a receipt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issuer {
    /// The stage's name.
    pub stage: String,
    /// Whether vendors on the loopback interface are allowed.
    pub sandbox: bool,
}

/// The receipt can't be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a receipt is made for a closed request whose tasks are settled")]
pub struct NotClosed;

/// States what the store holds about a closed request; the same rows give the same statement.
///
/// # Errors
/// [`NotClosed`] while the request or one of its tasks is open.
pub fn state(
    request: &Request,
    tasks: &[(Task, Vec<Rule>)],
    (events, broken): (Head, Option<ChainError>),
    issuer: &Issuer,
) -> Result<Statement, NotClosed> {
    let tasks = tasks.iter().map(state_task).collect::<Result<Vec<_>, _>>()?;
    Ok(Statement {
        format: "rightful.receipt.v1".to_owned(),
        receipt_id: request.id,
        sandbox: issuer.sandbox,
        stage: issuer.stage.clone(),
        right: request.right,
        dry_run: request.dry_run,
        synthetic: request.synthetic,
        reference: request.reference.clone(),
        origin: request.origin.clone(),
        identifier_kinds: request.identifier_kinds.clone(),
        not_asked: request.not_asked.clone(),
        policy: request.policy,
        received_at: request.received_at,
        arrived_at: request.arrived_at,
        legal_zone: request.legal_zone.clone(),
        due_at: request.due_at,
        extension: request.extension.clone(),
        closed_at: request.closed_at.ok_or(NotClosed)?,
        forget_at: request.forget_at,
        outcome: request.outcome.ok_or(NotClosed)?,
        reopened: request.reopened,
        copy: request.copy.clone(),
        tasks,
        events: events.seq,
        events_head: events.hash,
        events_broken_at: broken.map(|broken| broken.at),
    })
}

fn state_task((task, rules): &(Task, Vec<Rule>)) -> Result<TaskStatement, NotClosed> {
    let earlier = task.earlier.as_ref().and_then(|earlier| earlier.decision.as_deref());
    let decision = task.decision.as_ref().or(earlier);
    let decided = match (decision, &task.review) {
        (Some(decision), _) => (Some(decision.by.clone()), Some(decision.at)),
        (None, Some(review)) => (Some(review.by.clone()), Some(review.at)),
        (None, None) => (None, None),
    };
    Ok(TaskStatement {
        source: task.source.clone(),
        connector: task.connector.clone(),
        outcome: task.outcome.ok_or(NotClosed)?,
        reason: task.reason.clone(),
        ground: match task.review.as_ref().map(|review| review.verdict) {
            Some(Verdict::Refuse(ground)) => Some(ground),
            Some(Verdict::Proceed | Verdict::LeftOut | Verdict::Stated) | None => None,
        },
        run: task.run,
        rounds: task.earlier.as_ref().map_or(0, |earlier| earlier.rounds),
        counts: task.all_counts(),
        target: task.target.clone(),
        asked: task.asked,
        looked: task.looked,
        assurance: task.assurance,
        strangers: task.strangers,
        decided_by: decided.0,
        decided_at: decided.1,
        records_digest: decision.map(|decision| decision.records.clone()),
        searched_at: task.searched_at,
        claim: task.claim,
        verified_at: task.verified_at,
        looks_that_found: task.looks,
        left: task.left,
        appeared: task.appeared,
        batches: rules
            .iter()
            .map(|rule| BatchStatement {
                batch: rule.batch,
                state: rule.state,
                attempt: rule.attempt,
                repeats: rule.repeats,
                gone: rule.gone,
                records: rule.records,
                rule_id: rule.rule_id.clone(),
                intended_at: rule.intent_at,
                accepted_at: rule.accepted_at,
                finished_at: rule.finished_at,
                confirmed: rule.confirmed,
                strangers: rule.strangers,
                refused: rule.refused.clone(),
                claim: rule.claim,
            })
            .collect(),
    })
}

/// A receipt and its statement's signing input, before it is signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unsigned {
    receipt: Value,
    signing_input: String,
    sha256: String,
}

impl Unsigned {
    /// Prepares a statement for the key `key_id`.
    ///
    /// # Errors
    /// Never for a [`Statement`]; only for a value that JSON can't express.
    pub fn new(statement: &Statement, key_id: &str) -> Result<Self, serde_json::Error> {
        let receipt = serde_json::to_value(statement)?;
        let sha256 = hex(digest(&SHA256, &canonical(&receipt)?).as_ref());
        let header = json!({"alg": "EdDSA", "kid": key_id, "typ": "rightful-receipt"});
        let payload = json!({
            "receipt_id": statement.receipt_id,
            "sha256": sha256,
            "time": statement.closed_at,
        });
        let signing_input =
            format!("{}.{}", BASE64URL.encode(canonical(&header)?), BASE64URL.encode(canonical(&payload)?));
        Ok(Self { receipt, signing_input, sha256 })
    }

    /// The bytes to sign: a few hundred, whatever the receipt's size.
    #[must_use]
    pub fn signing_input(&self) -> &[u8] {
        self.signing_input.as_bytes()
    }

    /// The finished file.
    ///
    /// # Errors
    /// Never for a statement; only for a value that JSON can't express.
    pub fn sign(self, signature: &[u8]) -> Result<Receipt, serde_json::Error> {
        let statement = format!("{}.{}", self.signing_input, BASE64URL.encode(signature));
        let file = render(&self.receipt, &statement)?;
        Ok(Receipt { file, sha256: self.sha256 })
    }
}

fn render(receipt: &Value, statement: &str) -> Result<Vec<u8>, serde_json::Error> {
    let mut file = serde_json::to_vec_pretty(&json!({"receipt": receipt, "statement": statement}))?;
    file.push(b'\n');
    Ok(file)
}

/// A signed receipt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// The file's bytes.
    pub file: Vec<u8>,
    /// SHA-256 of the receipt's exact bytes, in hex.
    pub sha256: String,
}

impl Receipt {
    /// [`Receipt::sha256`] of a stored file, or the hash of all its bytes if it is not a receipt file.
    #[must_use]
    pub fn sha256_of(file: &[u8]) -> String {
        let parsed: Option<File> = serde_json::from_slice(file).ok();
        let exact = parsed.and_then(|file| canonical(&file.receipt).ok());
        hex(digest(&SHA256, exact.as_deref().unwrap_or(file)).as_ref())
    }
}

/// A public key for receipts: a JSON Web Key of type OKP (RFC 8037).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PublicKey {
    /// The key's id, as in the statement's header.
    pub kid: String,
    /// `OKP`.
    pub kty: String,
    /// `Ed25519`.
    pub crv: String,
    /// The 32 bytes of the key, base64url.
    pub x: String,
}

impl PublicKey {
    /// A key from its 32 raw bytes.
    #[must_use]
    pub fn new(kid: &str, raw: &[u8]) -> Self {
        Self {
            kid: kid.to_owned(),
            kty: "OKP".to_owned(),
            crv: "Ed25519".to_owned(),
            x: BASE64URL.encode(raw),
        }
    }
}

/// The reasons why a receipt does not verify.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum VerifyError {
    /// The file is not JSON of this format.
    #[error("this is not a receipt file, or its format is not known to this version")]
    NotAReceipt,
    /// The file's spelling differs from that of a receipt file.
    #[error("the file was changed: a receipt file is written in one way only, and this one differs")]
    Rewritten,
    /// The signing key is not among the given keys.
    #[error("the receipt was signed with a key that is not among the given keys")]
    UnknownKey,
    /// The key is not an Ed25519 key.
    #[error("the key with the receipt's key id is not an Ed25519 public key")]
    BadKey,
    /// The signature does not belong to this statement and key.
    #[error("the signature does not fit the statement: the file was changed, or another key signed it")]
    BadSignature,
    /// The receipt is not the one that the statement names.
    #[error("the receipt is not the one that was signed: it was changed")]
    Changed,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    receipt: Value,
    statement: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    alg: String,
    kid: String,
    typ: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Payload {
    receipt_id: RequestId,
    sha256: String,
    time: Time,
}

/// Checks a receipt file against keys from a source other than the file.
///
/// # Errors
/// [`VerifyError`] when anything differs from the signed file.
pub fn verify(file: &[u8], keys: &[PublicKey]) -> Result<Statement, VerifyError> {
    let parsed: File = serde_json::from_slice(file).map_err(|_| VerifyError::NotAReceipt)?;
    let rendered = render(&parsed.receipt, &parsed.statement).map_err(|_| VerifyError::NotAReceipt)?;
    if rendered != file {
        return Err(VerifyError::Rewritten);
    }
    let (input, signature) = parsed.statement.rsplit_once('.').ok_or(VerifyError::NotAReceipt)?;
    let (header, payload) = input.split_once('.').ok_or(VerifyError::NotAReceipt)?;
    let header: Header = decode(header)?;
    if header.alg != "EdDSA" || header.typ != "rightful-receipt" {
        return Err(VerifyError::NotAReceipt);
    }
    let key = keys.iter().find(|key| key.kid == header.kid).ok_or(VerifyError::UnknownKey)?;
    let raw = BASE64URL.decode(&key.x).map_err(|_| VerifyError::BadKey)?;
    if key.kty != "OKP" || key.crv != "Ed25519" || raw.len() != 32 {
        return Err(VerifyError::BadKey);
    }
    let signature = BASE64URL.decode(signature).map_err(|_| VerifyError::BadSignature)?;
    UnparsedPublicKey::new(&ED25519, raw)
        .verify(input.as_bytes(), &signature)
        .map_err(|_| VerifyError::BadSignature)?;
    let payload: Payload = decode(payload)?;
    let exact = canonical(&parsed.receipt).map_err(|_| VerifyError::NotAReceipt)?;
    if hex(digest(&SHA256, &exact).as_ref()) != payload.sha256 {
        return Err(VerifyError::Changed);
    }
    let statement: Statement =
        serde_json::from_value(parsed.receipt).map_err(|_| VerifyError::NotAReceipt)?;
    if statement.receipt_id != payload.receipt_id || statement.closed_at != payload.time {
        return Err(VerifyError::Changed);
    }
    Ok(statement)
}

fn decode<T: for<'de> Deserialize<'de>>(part: &str) -> Result<T, VerifyError> {
    let bytes = BASE64URL.decode(part).map_err(|_| VerifyError::NotAReceipt)?;
    serde_json::from_slice(&bytes).map_err(|_| VerifyError::NotAReceipt)
}
