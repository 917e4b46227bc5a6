//! Tickets of the fake ticketing system: Zendesk's, as far as an answer needs them.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// The agent whose API token is used.
pub const DEFAULT_TICKETING_USER: &str = "agent@example.com";
/// The ticket that is there from the start.
pub const DEFAULT_TICKET: u64 = 35_436;

/// A comment on a ticket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Comment {
    /// Its number, over all tickets.
    #[serde(default)]
    pub id: u64,
    /// The text.
    pub body: String,
    /// Whether the requester sees it.
    pub public: bool,
}

/// A ticket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ticket {
    /// Its number.
    pub id: u64,
    /// `open`, `solved`, `closed`, or any other value it is set to.
    #[serde(default = "open")]
    pub status: String,
    /// The comments, oldest first.
    #[serde(default)]
    pub comments: Vec<Comment>,
    /// Its tags.
    #[serde(default)]
    pub tags: Vec<String>,
    /// When it was last changed; two hours ago by default.
    #[serde(default)]
    pub updated_at: Option<Timestamp>,
    /// Whether solving it needs a field that it doesn't have.
    #[serde(default)]
    pub unsolvable: bool,
}

fn open() -> String {
    "open".to_owned()
}

impl Ticket {
    /// An open ticket without comments.
    pub fn new(id: u64) -> Self {
        Self {
            id,
            status: open(),
            comments: Vec::new(),
            tags: Vec::new(),
            updated_at: None,
            unsolvable: false,
        }
    }

    /// Applies an update; on an error nothing is changed.
    pub(crate) fn update(&mut self, body: Option<&Value>, comment_id: u64) -> Result<Value, &'static str> {
        if self.status == "closed" {
            return Err("Status closed prevents ticket update");
        }
        let asked = body.map(|body| &body["ticket"]).filter(|ticket| ticket.is_object());
        let asked = asked.ok_or("ticket is required")?;
        let status = asked["status"].as_str();
        if status == Some("solved") && self.unsolvable {
            return Err("Type is required when solving a ticket");
        }
        let comment = match &asked["comment"] {
            Value::Null => None,
            comment => {
                Some(comment["body"].as_str().filter(|text| !text.is_empty()).ok_or("Comment is empty")?)
            }
        };
        if let Some(text) = comment {
            let public = asked["comment"]["public"].as_bool().unwrap_or(true);
            self.comments.push(Comment { id: comment_id, body: text.to_owned(), public });
        }
        if let Some(status) = status {
            self.status = status.to_owned();
        }
        Ok(json!({"ticket": {"id": self.id, "status": self.status}, "audit": {"ticket_id": self.id}}))
    }

    /// A page of its comments, with the cursor of the next one.
    pub(crate) fn page(&self, size: usize, after: Option<&str>) -> Value {
        let begin = after.and_then(|cursor| cursor.strip_prefix("cursor/")?.parse().ok()).unwrap_or(0usize);
        let end = begin.saturating_add(size.clamp(1, 100)).min(self.comments.len());
        let comments: Vec<Value> = self
            .comments
            .get(begin..end)
            .unwrap_or_default()
            .iter()
            .map(|comment| {
                json!({
                    "id": comment.id,
                    "type": "Comment",
                    "body": comment.body,
                    "plain_body": comment.body,
                    "public": comment.public,
                })
            })
            .collect();
        let more = end < self.comments.len();
        let cursor = more.then(|| format!("cursor/{end}"));
        json!({
            "comments": comments,
            "meta": {"has_more": more, "after_cursor": cursor, "before_cursor": null},
            "links": {"next": null, "prev": null},
        })
    }
}

/// A search for tickets: one tag, and bounds of the last change.
struct Sought<'a> {
    tag: &'a str,
    from: Timestamp,
    before: Timestamp,
}

impl<'a> Sought<'a> {
    /// Reads `tags:X updated>=T updated<T`; any other term of Zendesk's search is an error here.
    fn read(query: &'a str) -> Option<Self> {
        let words: Vec<&str> = query.split(' ').collect();
        let [tag, from, before] = words.as_slice() else { return None };
        Some(Self {
            tag: tag.strip_prefix("tags:")?,
            from: from.strip_prefix("updated>=")?.parse().ok()?,
            before: before.strip_prefix("updated<")?.parse().ok()?,
        })
    }
}

/// A page of the tickets that a query finds, in the shape of Zendesk's search export, with all its fields.
pub(crate) fn search(
    tickets: &[&Ticket],
    query: &str,
    size: usize,
    after: Option<&str>,
    now: Timestamp,
) -> Result<Value, &'static str> {
    let sought = Sought::read(query).ok_or("Invalid search")?;
    let begin = after.and_then(|cursor| cursor.strip_prefix("found/")?.parse().ok()).unwrap_or(0usize);
    let usual = now.checked_sub(SignedDuration::from_hours(2)).unwrap_or(now);
    let found: Vec<&&Ticket> = tickets
        .iter()
        .filter(|ticket| ticket.tags.iter().any(|tag| tag == sought.tag))
        .filter(|ticket| (sought.from..sought.before).contains(&ticket.updated_at.unwrap_or(usual)))
        .collect();
    let end = begin.saturating_add(size.clamp(1, 1000)).min(found.len());
    let results: Vec<Value> = found
        .get(begin..end)
        .unwrap_or_default()
        .iter()
        .map(|ticket| {
            json!({
                "id": ticket.id, "result_type": "ticket", "status": ticket.status, "tags": ticket.tags,
                "subject": "Delete my data", "description": "I am canary.requester@secret.example",
            })
        })
        .collect();
    let more = end < found.len();
    Ok(json!({
        "results": results,
        "meta": {"has_more": more, "after_cursor": more.then(|| format!("found/{end}")), "before_cursor": null},
        "links": {"next": null, "prev": null},
    }))
}
