//! An in-house system that speaks Rightful's contract: people with e-mail, phone and customer number, and
//! erasures that finish some time after their submission.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::fault::FaultKind;
use crate::journal::InhouseErasure;
use crate::profile::{CONTROL, stamp};

/// One record. A field left out when seeding is `null` in answers.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Person {
    /// Its id, such as `c-100001`.
    pub id: String,
    /// Its e-mail.
    pub email: Option<String>,
    /// Its phone number in E.164.
    pub phone: Option<String>,
    /// Its customer number.
    pub customer_id: Option<String>,
    /// The person's name.
    pub name: String,
}

impl Person {
    /// A record with everything, for seeding.
    pub fn named(id: &str, name: &str, email: &str, phone: &str, customer_id: &str) -> Self {
        Self {
            id: id.to_owned(),
            email: Some(email.to_owned()),
            phone: Some(phone.to_owned()),
            customer_id: Some(customer_id.to_owned()),
            name: name.to_owned(),
        }
    }

    /// Fuzzy on purpose, like Qualifio's search: a record that only begins like the value is listed too.
    fn is_found_by(&self, kind: &str, value: &str) -> bool {
        let own = match kind {
            "email" => &self.email,
            "phone" => &self.phone,
            _ => &self.customer_id,
        };
        own.as_ref().is_some_and(|own| own.to_lowercase().starts_with(&value.to_lowercase()))
    }
}

/// The people of the default seed: Ann twice, and neighbours that must never be erased.
pub fn default_people() -> Vec<Person> {
    let ann = |id| Person::named(id, "Ann Example", "ann@example.com", "+32470000001", "100001");
    vec![
        ann("c-100001"),
        ann("o-7731"),
        Person::named("c-1000010", "Ann Other", "ann@example.com.example", "+324700000010", "1000010"),
        Person::named("c-100002", "Bo Example", "bo@example.com", "+32470000002", "100002"),
        Person::named("c-9", "Control Example", CONTROL, "+32470999999", "999999"),
    ]
}

#[derive(Debug)]
struct Erasure {
    id: String,
    records: Vec<String>,
    dry_run: bool,
    approved: bool,
    finish_at: Option<Timestamp>,
    listed: Option<Vec<String>>,
    faults: Vec<FaultKind>,
}

impl Erasure {
    fn show(&self) -> Value {
        let status = match (&self.listed, self.approved) {
            (Some(_), _) => "finished",
            (None, true) => "pending",
            (None, false) => "awaiting_approval",
        };
        let listed = self.listed.iter().flatten();
        let records: Vec<Value> = listed.map(|id| json!({"id": id, "result": "deleted"})).collect();
        json!({"id": self.id, "status": status, "dry_run": self.dry_run, "records": records})
    }
}

/// The in-house system's data.
#[derive(Debug, Default)]
pub(crate) struct Inhouse {
    pub(crate) token: String,
    /// Whether erasures wait until they are approved.
    pub(crate) approves: bool,
    people: Vec<Person>,
    erasures: Vec<Erasure>,
    /// Never reset, so that an id is never given twice.
    erasures_ever: u64,
}

impl Inhouse {
    pub(crate) fn reset(&mut self, token: String, approves: bool, more: Vec<Person>) {
        self.token = token;
        self.approves = approves;
        self.erasures.clear();
        self.people = default_people();
        self.add_people(more);
    }

    /// Adds people, or replaces those with the same id.
    pub(crate) fn add_people(&mut self, more: Vec<Person>) {
        for person in more {
            self.people.retain(|one| one.id != person.id);
            self.people.push(person);
        }
    }

    /// Everyone who remains.
    pub(crate) fn people(&self) -> &[Person] {
        &self.people
    }

    /// The e-mails of these records.
    pub(crate) fn emails_of(&self, ids: &[String]) -> Vec<String> {
        let known = self.people.iter().filter(|person| ids.contains(&person.id));
        known.filter_map(|person| person.email.clone()).collect()
    }

    /// The e-mails of an erasure's remaining records.
    pub(crate) fn emails_of_erasure(&self, id: &str) -> Vec<String> {
        let erasure = self.erasures.iter().find(|erasure| erasure.id == id);
        erasure.map(|erasure| self.emails_of(&erasure.records)).unwrap_or_default()
    }

    /// The answer to a search, or the text of the 400.
    pub(crate) fn search(&self, body: Option<&Value>) -> Result<Value, &'static str> {
        let (kind, value) = identifier(body).ok_or("identifier needs a kind and a value")?;
        if !["email", "phone", "customer_id"].contains(&kind) || value.is_empty() {
            return Err("identifier.kind must be email, phone or customer_id, with a value");
        }
        let found: Vec<&Person> = self.people.iter().filter(|one| one.is_found_by(kind, value)).collect();
        Ok(json!({ "records": found, "has_more": false }))
    }

    /// Opens an erasure, or the text of the 400.
    pub(crate) fn erase(
        &mut self,
        body: Option<&Value>,
        faults: Vec<FaultKind>,
        finish_at: Option<Timestamp>,
    ) -> Result<(String, Value), &'static str> {
        let body = body.ok_or("the body must be JSON")?;
        let records = record_ids(body).filter(|ids| !ids.is_empty()).ok_or("records must be string[]")?;
        let asked_dry = body["dry_run"].as_bool().ok_or("dry_run must be a boolean")?;
        if body["justification"].as_str().is_none_or(|text| text.trim().is_empty()) {
            return Err("justification is required");
        }
        self.erasures_ever += 1;
        let never = faults.contains(&FaultKind::NeverFinishes {});
        let erasure = Erasure {
            id: format!("erasure-{}", self.erasures_ever),
            records,
            dry_run: asked_dry && !faults.contains(&FaultKind::IgnoresTest {}),
            approved: !self.approves,
            finish_at: finish_at.filter(|_| !self.approves && !never),
            listed: None,
            faults,
        };
        let (id, shown) = (erasure.id.clone(), erasure.show());
        self.let_appear(&erasure);
        self.erasures.push(erasure);
        Ok((id, shown))
    }

    /// The copies of a new erasure's first record that are ordered with it.
    fn let_appear(&mut self, erasure: &Erasure) {
        let first = erasure.records.iter().find_map(|id| self.people.iter().find(|one| one.id == *id));
        let Some(first) = first.cloned() else { return };
        let copies = erasure.faults.iter().map(|fault| match fault {
            FaultKind::Appears { n } => *n,
            _ => 0,
        });
        for n in 1..=copies.sum() {
            self.people.push(Person { id: format!("{}-{n}", erasure.id), ..first.clone() });
        }
    }

    pub(crate) fn status(&self, id: &str) -> Option<Value> {
        self.erasures.iter().find(|erasure| erasure.id == id).map(Erasure::show)
    }

    /// Approves a waiting erasure; a second approval changes nothing.
    pub(crate) fn approve(&mut self, id: &str, finish_at: Option<Timestamp>) -> Option<Value> {
        let erasure = self.erasures.iter_mut().find(|erasure| erasure.id == id)?;
        if !erasure.approved {
            erasure.approved = true;
            erasure.finish_at = finish_at.filter(|_| !erasure.faults.contains(&FaultKind::NeverFinishes {}));
        }
        Some(erasure.show())
    }

    /// Finishes every due erasure, and returns the records that it treated.
    pub(crate) fn settle(&mut self, now: Timestamp) -> Vec<InhouseErasure> {
        let mut done = Vec::new();
        for erasure in self.erasures.iter_mut().filter(|one| one.listed.is_none()) {
            let Some(at) = erasure.finish_at.filter(|at| *at <= now) else { continue };
            let mut listed = erasure.records.clone();
            let mut erased = listed.clone();
            let strangers = erasure.faults.iter().find_map(|fault| match fault {
                FaultKind::ListsStranger { erases } => Some(*erases),
                _ => None,
            });
            // A record that was never submitted.
            let other = self.people.iter().find(|person| !erasure.records.contains(&person.id));
            if let (Some(erases), Some(other)) = (strangers, other) {
                listed.push(other.id.clone());
                erased.extend(erases.then(|| other.id.clone()));
            }
            let dry_run = erasure.dry_run && !erasure.faults.contains(&FaultKind::ErasesInTest {});
            if !dry_run && !erasure.faults.contains(&FaultKind::Lies {}) {
                for record in erased {
                    let already = !self.people.iter().any(|person| person.id == record);
                    self.people.retain(|person| person.id != record);
                    let erasure_id = erasure.id.clone();
                    done.push(InhouseErasure { record, erasure_id, at: stamp(at), already });
                }
            }
            for fault in &erasure.faults {
                if let FaultKind::MissingCrmIds { n } = fault {
                    listed.truncate(listed.len().saturating_sub(*n));
                }
            }
            erasure.listed = Some(listed);
        }
        done
    }
}

/// Kind and value of a search's body.
pub(crate) fn identifier(body: Option<&Value>) -> Option<(&str, &str)> {
    let identifier = &body?["identifier"];
    Some((identifier["kind"].as_str()?, identifier["value"].as_str()?))
}

/// The submitted record ids, if they are all texts.
pub(crate) fn record_ids(body: &Value) -> Option<Vec<String>> {
    let ids = body["records"].as_array()?;
    ids.iter().map(|id| id.as_str().map(str::to_owned)).collect()
}
