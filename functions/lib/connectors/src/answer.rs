//! Reads vendors' answers. Nothing of an answer leaves here except record ids, the rule's id and
//! what the definition gives a meaning to; a parser's error, which quotes the answer, is dropped.

use crate::definition::{Definition, IdKind, Search, Status, Submission};
use crate::template::TypedId;
use rightful_domain::identifier::Identifier;
use rightful_domain::vendor::{Claim, RecordId, RuleReport, RuleStatus};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// An answer that is not what the definition says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Unreadable;

fn json(body: &[u8]) -> Result<Value, Unreadable> {
    serde_json::from_slice(body).map_err(|_| Unreadable)
}

/// Whether an answer is JSON at all.
pub(crate) fn is_json(body: &[u8]) -> bool {
    serde_json::from_slice::<serde::de::IgnoredAny>(body).is_ok()
}

impl TypedId {
    /// The id in the vendor's JSON; `None` when it has another type.
    fn read(value: &Value, kind: IdKind) -> Option<Self> {
        match (kind, value) {
            (IdKind::Integer, Value::Number(number)) => number.as_i64().map(Self::Integer),
            (IdKind::String, Value::String(text)) if !text.is_empty() => Some(Self::Text(text.clone())),
            _ => None,
        }
    }

    /// The id as the domain keeps it; `None` when it cannot be one of this vendor's.
    pub(crate) fn of(id: &RecordId, kind: IdKind) -> Option<Self> {
        match kind {
            IdKind::Integer => id.expose().parse().ok().map(Self::Integer),
            IdKind::String => Some(Self::Text(id.expose().to_owned())),
        }
    }

    /// The id for the domain.
    pub(crate) fn into_record(self) -> RecordId {
        match self {
            Self::Integer(number) => RecordId::new(number.to_string()),
            Self::Text(text) => RecordId::new(text),
        }
    }
}

/// The records that a search by `identifier` found and that really are the person's, by id and as the
/// vendor shows them: a vendor may compare loosely. A record that can't be read makes the whole answer unreadable,
/// because a record that is passed over would never be erased.
pub(crate) fn found(
    body: &[u8],
    search: &Search,
    kind: IdKind,
    identifier: &Identifier,
) -> Result<BTreeMap<TypedId, Value>, Unreadable> {
    let mut answer = json(body)?;
    let records = answer.pointer_mut(&search.records).and_then(Value::as_array_mut).ok_or(Unreadable)?;
    let mut found = BTreeMap::new();
    for record in std::mem::take(records) {
        let id = record.pointer(&search.id).and_then(|id| TypedId::read(id, kind)).ok_or(Unreadable)?;
        let matches = match record.pointer(&search.matches).ok_or(Unreadable)? {
            Value::String(shown) => search.form.matches(identifier, shown),
            // It says that it has none, so it is someone else's.
            Value::Null => false,
            _ => return Err(Unreadable),
        };
        if matches {
            found.entry(id).or_insert(record);
        }
    }
    Ok(found)
}

/// The rule that an accepted submission opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Opened {
    pub rule_id: String,
    pub status: RuleStatus,
    /// Whether the vendor says that it is a dry run; `None` when it does not say so or otherwise.
    pub dry_run: Option<bool>,
}

/// Reads the answer to a submission. The rule's id alone must be readable: with it, everything else
/// can be asked again.
pub(crate) fn opened(
    body: &[u8],
    submission: &Submission,
    statuses: &BTreeMap<String, RuleStatus>,
    source: &str,
) -> Result<Opened, Unreadable> {
    let answer = json(body)?;
    let rule_id = answer
        .pointer(&submission.rule_id)
        .and_then(Value::as_str)
        .filter(|id| is_rule_id(id))
        .ok_or(Unreadable)?
        .to_owned();
    let status = answer.pointer(&submission.status).and_then(Value::as_str);
    let echo = submission.dry_run_echo.as_ref().and_then(|at| answer.pointer(at));
    Ok(Opened {
        rule_id,
        status: meaning(status.unwrap_or_default(), statuses, source),
        dry_run: echo.and_then(Value::as_bool),
    })
}

/// Whether a text can be kept and asked about as a rule's id.
pub(crate) fn is_rule_id(text: &str) -> bool {
    (1..=128).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_graphic())
        && !matches!(text, "." | "..")
}

/// What the vendor says about a rule, and how many of `asked` it lists.
pub(crate) fn report(
    body: &[u8],
    definition: &Definition,
    rule_id: &str,
    asked: &BTreeSet<TypedId>,
    source: &str,
) -> Result<RuleReport, Unreadable> {
    let answer = json(body)?;
    let at: &Status = &definition.status;
    if answer.pointer(&at.rule_id).and_then(Value::as_str) != Some(rule_id) {
        return Err(Unreadable);
    }
    let status = answer.pointer(&at.status).and_then(Value::as_str).ok_or(Unreadable)?;
    // A list that is missing or has other things in it confirms nothing: that is the safe side.
    let treated = answer.pointer(&at.treated_records).and_then(Value::as_array);
    let mut confirmed = BTreeSet::new();
    let mut claims = BTreeSet::new();
    for record in treated.into_iter().flatten() {
        let id = record.pointer(&at.treated_id).and_then(|id| TypedId::read(id, definition.record_id));
        if let Some(id) = id.filter(|id| asked.contains(id)) {
            claims.insert(claim(record, at));
            confirmed.insert(id);
        }
    }
    // What it claims counts only when it claims the same of every record.
    let claim = match (claims.pop_first(), claims.is_empty()) {
        (Some(claim), true) => claim,
        _ => Claim::NotStated,
    };
    Ok(RuleReport {
        status: meaning(status, &definition.statuses, source),
        confirmed: confirmed.len(),
        strangers: 0,
        claim,
    })
}

fn claim(record: &Value, status: &Status) -> Claim {
    let Some(claimed) = &status.claim else { return Claim::NotStated };
    match record.pointer(&claimed.at).and_then(Value::as_str) {
        Some(text) if Some(text) == claimed.anonymised.as_deref() => Claim::Anonymised,
        Some(text) if Some(text) == claimed.deleted.as_deref() => Claim::Deleted,
        _ => Claim::NotStated,
    }
}

/// What a vendor's status means. One that the definition doesn't list is unknown; it is logged only
/// when it looks like a status and not like something of a person.
fn meaning(status: &str, statuses: &BTreeMap<String, RuleStatus>, source: &str) -> RuleStatus {
    if let Some(known) = statuses.get(status) {
        return *known;
    }
    let printable =
        (1..=32).contains(&status.len()) && status.bytes().all(|b| b.is_ascii_uppercase() || b == b'_');
    let vendor_status = if printable { status } else { "unprintable" };
    tracing::warn!(source_id = source, vendor_status, "unknown vendor status");
    RuleStatus::Unknown
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Connectors;
    use rightful_domain::identifier::IdentifierKind;
    use std::sync::Arc;

    fn qualifio() -> Arc<Definition> {
        Arc::clone(Connectors::embedded().unwrap().get("qualifio").unwrap())
    }

    fn ids(body: &str) -> Result<Vec<String>, Unreadable> {
        let identifier = Identifier::new(IdentifierKind::email(), "ann@example.com").unwrap();
        let definition = qualifio();
        found(body.as_bytes(), &definition.searches[0], definition.record_id, &identifier)
            .map(|found| found.into_keys().map(|id| id.into_record().expose().to_owned()).collect())
    }

    #[test]
    fn ids_come_once_and_in_the_order_of_their_numbers() {
        let body = r#"[{"id":100,"email":"ann@example.com"},{"id":9,"email":"ANN@example.com"},{"id":100,"email":"ann@example.com"}]"#;
        assert_eq!(ids(body).unwrap(), ["9", "100"]);
        assert_eq!(ids("[]").unwrap(), [""; 0]);
    }

    #[test]
    fn records_of_someone_else_are_dropped() {
        let body = r#"[{"id":1,"email":"joann@example.com"},{"id":2,"email":"ann@example.com.invalid"},{"id":3,"email":null},{"id":4,"email":""}]"#;
        assert_eq!(ids(body).unwrap(), [""; 0]);
    }

    #[test]
    fn one_record_that_cannot_be_read_makes_the_answer_unreadable() {
        for record in [
            r#"{"email":"ann@example.com"}"#,
            r#"{"id":null,"email":"ann@example.com"}"#,
            r#"{"id":"1","email":"ann@example.com"}"#,
            r#"{"id":1.5,"email":"ann@example.com"}"#,
            r#"{"id":99999999999999999999,"email":"ann@example.com"}"#,
            r#"{"id":1}"#,
            r#"{"id":1,"email":["ann@example.com"]}"#,
            r#"{"email":"someone.else@example.com"}"#,
            "1",
        ] {
            let body = format!(r#"[{{"id":7,"email":"ann@example.com"}},{record}]"#);
            assert_eq!(ids(&body), Err(Unreadable), "{record}");
        }
        for body in ["", "{}", "null", "[", r#"{"records":[]}"#] {
            assert_eq!(ids(body), Err(Unreadable), "{body}");
        }
    }

    #[test]
    fn a_claim_counts_only_when_it_is_made_for_every_record() {
        let definition = qualifio();
        let asked: BTreeSet<_> = [78, 79].map(TypedId::Integer).into();
        let claim = |second: &str| {
            let body = format!(
                r#"{{"_id":"r","ruleStatus":{{"status":"FINISHED"}},"ruleTypePayload":{{"profiles":[
                {{"crmId":78,"crmKey":"anonymous@qualifio.com"}},{{"crmId":79,"crmKey":"{second}"}},{{"crmId":80,"crmKey":"x"}}]}}}}"#
            );
            report(body.as_bytes(), &definition, "r", &asked, "s").unwrap()
        };
        let both = claim("anonymous@qualifio.com");
        assert_eq!((both.confirmed, both.claim), (2, Claim::Anonymised));
        let one = claim("ann@example.com");
        assert_eq!((one.confirmed, one.claim), (2, Claim::NotStated));
    }

    #[test]
    fn an_accepted_erasure_needs_a_rule_id_and_nothing_more() {
        let definition = qualifio();
        let open = |body: &str| opened(body.as_bytes(), &definition.erase, &definition.statuses, "s");
        let bare = Opened { rule_id: "a1".to_owned(), status: RuleStatus::Unknown, dry_run: None };
        assert_eq!(open(r#"{"_id":"a1"}"#).unwrap(), bare);
        for (echo, dry_run) in [("true", Some(true)), ("false", Some(false)), ("\"true\"", None), ("1", None)]
        {
            let body = format!(r#"{{"_id":"a1","ruleTypePayload":{{"test":{echo}}}}}"#);
            assert_eq!(open(&body).unwrap(), Opened { dry_run, ..bare.clone() }, "{echo}");
        }
        for bad in ["{}", r#"{"_id":""}"#, r#"{"_id":7}"#, r#"{"_id":".."}"#, r#"{"_id":"a b"}"#, "[]"] {
            assert_eq!(open(bad), Err(Unreadable), "{bad}");
        }
    }
}
