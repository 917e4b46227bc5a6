//! Reads vendors' answers. Only record ids, the rule's id, the records that were asked for and values with a
//! meaning in the definition leave this module. A parser's error quotes the answer, so it is dropped.

use crate::definition::{Complete, Definition, Search, Shows, Status, Submission};
use crate::matching::{Fit, texts};
use crate::record_id::{IdKind, TypedId};
use rightful_domain::base::identifier::Identifier;
use rightful_domain::vendor::report::{Claim, RuleReport, RuleStatus};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// The answer does not have the shape that the definition describes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Unreadable;

/// Why an answer to a search can't be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unusable {
    /// It does not have the shape that the definition describes.
    Unreadable,
    /// It says that there are more records, or may be cut off.
    Incomplete,
    /// One of the person's records has no readable id.
    Record,
}

impl From<Unreadable> for Unusable {
    fn from(_: Unreadable) -> Self {
        Self::Unreadable
    }
}

fn json(body: &[u8]) -> Result<Value, Unreadable> {
    serde_json::from_slice(body).map_err(|_| Unreadable)
}

/// Whether an answer is JSON at all.
pub(crate) fn is_json(body: &[u8]) -> bool {
    serde_json::from_slice::<serde::de::IgnoredAny>(body).is_ok()
}

/// A record in the answer to a search.
pub(crate) struct Listed {
    /// Its id; `None` when it has no readable one.
    pub id: Option<TypedId>,
    /// Whose it is. A vendor may compare loosely and list other people's records.
    pub fit: Fit,
    /// The record as the vendor shows it.
    pub record: Value,
}

/// All records that a search by `identifier` listed. A record of the person without a readable id makes the
/// whole answer unusable, because a record that is passed over would never be erased.
pub(crate) fn listed(
    body: &[u8],
    search: &Search,
    kind: IdKind,
    identifier: &Identifier,
) -> Result<Vec<Listed>, Unusable> {
    let mut answer = json(body)?;
    let count = answer.pointer(&search.records).and_then(Value::as_array).ok_or(Unreadable)?.len();
    let whole = is_whole(&answer, &search.complete, count);
    let records = answer.pointer_mut(&search.records).and_then(Value::as_array_mut).ok_or(Unreadable)?;
    let mut listed = Vec::with_capacity(count);
    for record in std::mem::take(records) {
        let shown = record.pointer(&search.matches);
        if shown.is_none() && !record.is_object() {
            return Err(Unusable::Unreadable);
        }
        let fit = search.form.fit(identifier, shown, &record);
        let id = record.pointer(&search.id).and_then(|id| TypedId::read(id, kind));
        if fit == Fit::Matches && id.is_none() {
            return Err(Unusable::Record);
        }
        listed.push(Listed { id, fit, record });
    }
    if whole { Ok(listed) } else { Err(Unusable::Incomplete) }
}

/// Whether an answer with this number of records is known to be whole.
fn is_whole(answer: &Value, complete: &Complete, records: usize) -> bool {
    match complete {
        Complete::Empty(at) => match answer.pointer(at) {
            None | Some(Value::Null) => true,
            Some(Value::String(text)) => text.is_empty(),
            Some(Value::Array(list)) => list.is_empty(),
            Some(_) => false,
        },
        Complete::Says(at, whole) => answer.pointer(at).and_then(Value::as_bool) == Some(*whole),
        Complete::Total(at) => {
            let total = answer.pointer(at).and_then(Value::as_u64);
            total.is_some_and(|total| usize::try_from(total) == Ok(records))
        }
        Complete::FewerThan(size) => records < *size,
        Complete::NotStated { round } => !round.contains(&records),
    }
}

/// Whether a record that was found by `found_by` shows another value of a kind in `named`. The search by each
/// kind says where its value is in a record.
pub(crate) fn is_marked(
    record: &Value,
    searches: &[Search],
    found_by: &Search,
    named: &[Identifier],
) -> bool {
    searches.iter().filter(|other| other.by != found_by.by).any(|other| {
        let own: Vec<&Identifier> = named.iter().filter(|one| *one.kind() == other.by).collect();
        let shown = record.pointer(&other.matches).map(texts).unwrap_or_default();
        let differs = |text: &str| own.iter().all(|one| other.form.differs(one, text));
        !own.is_empty() && shown.iter().any(|text| differs(text))
    })
}

/// The longest text of a field that leaves here, in characters: one more than a person is shown, so that the
/// cut is visible.
const LONGEST_SHOWN: usize = 301;

/// The fields that tell a person whose record it is: texts, numbers, and lists of them, joined by commas.
pub(crate) fn shown(record: &Value, shows: &[Shows]) -> Vec<(String, String)> {
    let field = |field: &Shows| {
        let value = record.pointer(&field.at)?;
        let is_plain = |value: &Value| value.is_string() || value.is_number();
        let plain = match value {
            Value::Array(members) => members.iter().all(is_plain),
            value => is_plain(value),
        };
        let text = texts(value).join(", ");
        // Without control characters, because the text goes to a terminal.
        let clean = text.chars().map(|c| if c.is_control() { ' ' } else { c });
        (plain && !text.is_empty()).then(|| (field.name.clone(), clean.take(LONGEST_SHOWN).collect()))
    };
    shows.iter().filter_map(field).collect()
}

/// The rule that an accepted submission opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Opened {
    pub rule_id: String,
    pub status: RuleStatus,
    /// Whether the vendor says that it is a dry run; `None` when it says neither.
    pub dry_run: Option<bool>,
}

/// Reads the answer to a submission. Only the rule's id must be readable, because everything else can be asked
/// again with it.
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

/// Whether a text can be stored and asked about as a rule's id.
pub(crate) fn is_rule_id(text: &str) -> bool {
    (1..=128).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_graphic())
        && !matches!(text, "." | "..")
}

/// The vendor's status of a rule, how many of the records in `own` it lists, and how many others that are not
/// in `batch`, which holds all records that the rule's submission named.
pub(crate) fn report(
    body: &[u8],
    definition: &Definition,
    rule_id: &str,
    own: &BTreeSet<TypedId>,
    batch: &BTreeSet<TypedId>,
    source: &str,
) -> Result<RuleReport, Unreadable> {
    let answer = json(body)?;
    let at: &Status = &definition.status;
    if answer.pointer(&at.rule_id).and_then(Value::as_str) != Some(rule_id) {
        return Err(Unreadable);
    }
    let status = answer.pointer(&at.status).and_then(Value::as_str).ok_or(Unreadable)?;
    let status = meaning(status, &definition.statuses, source);
    // A missing list, and anything else in it, confirms nothing. This is the safe side.
    let treated = answer.pointer(&at.treated_records).and_then(Value::as_array);
    let mut confirmed = BTreeSet::new();
    let mut claims = BTreeSet::new();
    let mut strangers = BTreeSet::new();
    let mut nameless = 0;
    for record in treated.into_iter().flatten() {
        let id = record.pointer(&at.treated_id).and_then(|id| TypedId::read(id, definition.record_id));
        match id {
            Some(id) if own.contains(&id) => {
                claims.insert(claim(record, at));
                confirmed.insert(id);
            }
            Some(id) if batch.contains(&id) => {}
            Some(id) => drop(strangers.insert(id)),
            None => nameless += 1,
        }
    }
    // A claim counts only when the vendor makes the same one for every record.
    let claim = match (claims.pop_first(), claims.is_empty()) {
        (Some(claim), true) => claim,
        _ => Claim::NotStated,
    };
    // Before the rule has finished, the listed records are not treated yet.
    let strangers = if status == RuleStatus::Finished { strangers.len() + nameless } else { 0 };
    Ok(RuleReport { status, confirmed: confirmed.len(), strangers, claim })
}

fn claim(record: &Value, status: &Status) -> Claim {
    let Some(claimed) = &status.claim else { return Claim::NotStated };
    match record.pointer(&claimed.at).and_then(Value::as_str) {
        Some(text) if Some(text) == claimed.anonymised.as_deref() => Claim::Anonymised,
        Some(text) if Some(text) == claimed.deleted.as_deref() => Claim::Deleted,
        _ => Claim::NotStated,
    }
}

/// The meaning of a vendor's status. A status that the definition doesn't list is unknown. Its text is logged
/// only when it looks like a status, since other text may be about a person.
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
    use rightful_domain::base::identifier::IdentifierKind;

    /// The ids of the person's records, of those set aside, and of the doubtful ones among the latter.
    type Ids = (Vec<String>, Vec<String>, Vec<String>);

    fn all(body: &str) -> Result<Ids, Unusable> {
        let identifier = Identifier::new(IdentifierKind::email(), "ann@example.com").unwrap();
        let definition = Definition::qualifio();
        let listed = listed(body.as_bytes(), &definition.searches[0], definition.record_id, &identifier)?;
        let ids = |wanted: &dyn Fn(Fit) -> bool| {
            let of = listed.iter().filter(|one| wanted(one.fit));
            of.map(|one| {
                one.id.clone().map_or_else(|| "-".to_owned(), |id| id.into_record().expose().to_owned())
            })
            .collect()
        };
        Ok((
            ids(&|fit| fit == Fit::Matches),
            ids(&|fit| fit != Fit::Matches),
            ids(&|fit| fit == Fit::Doubtful),
        ))
    }

    fn ids(body: &str) -> Result<Vec<String>, Unusable> {
        all(body).map(|(found, ..)| found)
    }

    #[test]
    fn an_address_is_the_same_in_either_case() {
        let body = r#"[{"id":100,"email":"ann@example.com"},{"id":9,"email":"ANN@example.com"}]"#;
        assert_eq!(ids(body).unwrap(), ["100", "9"]);
        assert_eq!(ids("[]").unwrap(), [""; 0]);
    }

    #[test]
    fn records_of_someone_else_are_set_aside_without_a_doubt() {
        let body = r#"[{"id":1,"email":"joann@example.com"},{"id":2,"email":"ann@example.com.invalid"},{"id":3,"email":null},{"id":4,"email":""},{"id":5},{"id":6,"email":true},{"email":"bo@example.com"},{"id":"8","email":{}}]"#;
        let (found, set_aside, doubtful) = all(body).unwrap();
        assert_eq!((found, doubtful), (vec![], vec![]));
        assert_eq!(set_aside, ["1", "2", "3", "4", "5", "6", "-", "-"]);
    }

    #[test]
    fn a_record_that_shows_the_identifier_as_a_whole_part_is_set_aside_in_doubt() {
        for shown in [
            r#""ann@example.com, ann.second@example.com""#,
            r#""Ann <ANN@example.com>""#,
            r#"["ann@example.com","bo@example.com"]"#,
            r#"["ann@example.com",null]"#,
            r#"["bo@example.com; ann@example.com"]"#,
            r#"{"home":"ann@example.com"}"#,
            // It shows no address where it should, but one elsewhere.
            r#"null,"key":"ann|example|ann@example.com""#,
        ] {
            let (found, set_aside, doubtful) = all(&format!(r#"[{{"id":1,"email":{shown}}}]"#)).unwrap();
            assert_eq!(
                (found, set_aside, doubtful),
                (vec![], vec!["1".to_owned()], vec!["1".to_owned()]),
                "{shown}"
            );
        }
        assert_eq!(all(r#"[{"mail":"ann@example.com"}]"#).unwrap().2, ["-"]);
        for shown in [r#"["ann@example.com"]"#, r#"["ann@example.com","Ann@Example.com"]"#] {
            assert_eq!(ids(&format!(r#"[{{"id":1,"email":{shown}}}]"#)).unwrap(), ["1"], "{shown}");
        }
    }

    #[test]
    fn a_record_of_the_person_without_an_id_makes_the_answer_unusable() {
        let with = |record: &str| ids(&format!(r#"[{{"id":7,"email":"ann@example.com"}},{record}]"#));
        for record in [
            r#"{"email":"ann@example.com"}"#,
            r#"{"id":null,"email":"ann@example.com"}"#,
            r#"{"id":"1","email":"ann@example.com"}"#,
            r#"{"id":1.5,"email":"ann@example.com"}"#,
            r#"{"id":99999999999999999999,"email":["ann@example.com"]}"#,
        ] {
            assert_eq!(with(record), Err(Unusable::Record), "{record}");
        }
        for record in ["1", "null", r#"["ann@example.com"]"#] {
            assert_eq!(with(record), Err(Unusable::Unreadable), "{record}");
        }
        for body in ["", "{}", "null", "[", r#"{"records":[]}"#] {
            assert_eq!(ids(body), Err(Unusable::Unreadable), "{body}");
        }
    }

    #[test]
    fn an_answer_is_whole_only_when_its_sign_says_so() {
        use serde_json::json;
        let at = |place: &str| place.to_owned();
        for (complete, good, bad) in [
            (
                Complete::Empty(at("/next")),
                vec![json!({}), json!({"next": null}), json!({"next": ""}), json!({"next": []})],
                vec![
                    json!({"next": "/page/2"}),
                    json!({"next": [2]}),
                    json!({"next": 2}),
                    json!({"next": false}),
                ],
            ),
            (
                Complete::Says(at("/more"), false),
                vec![json!({"more": false})],
                vec![json!({"more": true}), json!({}), json!({"more": null}), json!({"more": "false"})],
            ),
            (
                Complete::Says(at("/done"), true),
                vec![json!({"done": true})],
                vec![json!({"done": false}), json!({}), json!({"done": 1})],
            ),
            (
                Complete::Total(at("/total")),
                vec![json!({"total": 3})],
                vec![
                    json!({"total": 4}),
                    json!({"total": 2}),
                    json!({}),
                    json!({"total": "3"}),
                    json!({"total": -3}),
                ],
            ),
        ] {
            for answer in good {
                assert!(is_whole(&answer, &complete, 3), "{complete:?} {answer}");
            }
            for answer in bad {
                assert!(!is_whole(&answer, &complete, 3), "{complete:?} {answer}");
            }
        }
        let fewer = Complete::FewerThan(100);
        assert!(is_whole(&json!([]), &fewer, 99) && !is_whole(&json!([]), &fewer, 100));
        let round = Complete::NotStated { round: vec![10, 25] };
        assert!([0, 1, 9, 11, 24].iter().all(|count| is_whole(&json!([]), &round, *count)));
        assert!(!is_whole(&json!([]), &round, 10) && !is_whole(&json!([]), &round, 25));
    }

    #[test]
    fn a_person_is_shown_texts_and_numbers_alone_and_long_ones_are_cut() {
        let shows = [("email", "/email"), ("name", "/name"), ("city", "/address/city"), ("born", "/born")]
            .map(|(name, at)| Shows { name: name.to_owned(), at: at.to_owned() });
        let record = serde_json::json!({
            "email": ["ann@example.com", "bo@example.com"],
            "name": format!("Ann\u{1b}[2J{}", "n".repeat(300)),
            "address": {"city": {"name": "Brussels"}},
            "born": 1970,
            "secret": "x",
        });
        let fields = shown(&record, &shows);
        let names: Vec<&str> = fields.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["email", "name", "born"]);
        assert_eq!(fields[0].1, "ann@example.com, bo@example.com");
        assert_eq!(fields[1].1, format!("Ann [2J{}", "n".repeat(294)));
        assert_eq!(fields[2].1, "1970");
    }

    #[test]
    fn records_that_a_finished_rule_lists_beside_its_batch_are_counted() {
        let definition = Definition::qualifio();
        let strangers = |status: &str, listed: &str| {
            let body = format!(
                r#"{{"_id":"r","ruleStatus":{{"status":"{status}"}},"ruleTypePayload":{{"profiles":[{listed}]}}}}"#
            );
            let (own, batch) = ([78].map(TypedId::Integer).into(), [78, 79].map(TypedId::Integer).into());
            let report = report(body.as_bytes(), &definition, "r", &own, &batch, "s").unwrap();
            (report.confirmed, report.strangers)
        };
        let both = r#"{"crmId":78},{"crmId":79}"#;
        assert_eq!(strangers("FINISHED", both), (1, 0));
        assert_eq!(strangers("FINISHED", &format!(r#"{both},{{"crmId":80}},{{"crmId":80}}"#)), (1, 1));
        assert_eq!(strangers("FINISHED", &format!(r#"{both},{{"crmId":"81"}},{{}},7"#)), (1, 3));
        assert_eq!(strangers("APPROVED", &format!(r#"{both},{{"crmId":80}},7"#)), (1, 0));
    }

    #[test]
    fn a_claim_counts_only_when_it_is_made_for_every_record() {
        let definition = Definition::qualifio();
        let asked: BTreeSet<_> = [78, 79].map(TypedId::Integer).into();
        let claim = |second: &str| {
            let body = format!(
                r#"{{"_id":"r","ruleStatus":{{"status":"FINISHED"}},"ruleTypePayload":{{"profiles":[
                {{"crmId":78,"crmKey":"anonymous@qualifio.com"}},{{"crmId":79,"crmKey":"{second}"}},{{"crmId":80,"crmKey":"x"}}]}}}}"#
            );
            report(body.as_bytes(), &definition, "r", &asked, &asked, "s").unwrap()
        };
        let both = claim("anonymous@qualifio.com");
        assert_eq!((both.confirmed, both.claim), (2, Claim::Anonymised));
        let one = claim("ann@example.com");
        assert_eq!((one.confirmed, one.claim), (2, Claim::NotStated));
    }

    #[test]
    fn an_accepted_erasure_needs_a_rule_id_and_nothing_more() {
        let definition = Definition::qualifio();
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
