//! `rightful request new` and `list`: feeds the deployment and looks over what it has.

use crate::api::{Api, Call, most_pages, told_api};
use crate::args::{RequestList, RequestNew};
use crate::deployment::Deployment;
use crate::input::{Input, pair};
use crate::output::{OK, Out, due_in, lines, table, told, usage, utc};
use crate::{batch, input, source, watch, words};
use anyhow::Result;
use rightful_aws::SystemClock;
use rightful_domain::base::identifier::{Entered, Identifier, IdentifierKind, TakenOffAt};
use rightful_domain::base::ids::{Reference, RequestId, SourceId};
use rightful_domain::base::time::Time;
use rightful_domain::law::deadline::ReceivedAt;
use rightful_domain::law::right::Right;
use rightful_domain::model::request::RequestState;
use rightful_domain::ports::clock::Clock as _;
use rightful_domain::view::acts::AcceptedView;
use rightful_domain::view::request::{RequestDetail, RequestView};
use serde::ser::{SerializeSeq as _, SerializeStruct as _};
use serde::{Serialize, Serializer};
use serde_json::{Value, json};
use zeroize::Zeroizing;

/// A request's id from the command line.
pub fn id(text: &str) -> Result<RequestId> {
    RequestId::parse(text).map_err(|error| {
        usage(format!("this is no request's id: {error}"), "`rightful request list` shows the ids")
    })
}

/// The request of an id, with its tasks.
pub async fn load(api: &Api, id: RequestId) -> Result<RequestDetail> {
    api.call(Call::get(format!("/requests/{id}"))).await.map_err(told_api)
}

/// What somebody demands, as the API takes it. Personal data: for a call's body alone.
#[derive(Serialize)]
pub struct Demand {
    /// Which right.
    pub right: Right,
    /// Who: at least one.
    #[serde(serialize_with = "given")]
    pub identifiers: Vec<Identifier>,
    /// Which data sources; empty for all that are enabled.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub sources: Vec<SourceId>,
    /// Erase and copy nothing.
    pub dry_run: bool,
    /// The ticket.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reference: Option<Reference>,
    /// When the person asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub received_at: Option<ReceivedAt>,
    /// The same key makes one request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
}

/// An identifier as the API takes it.
pub struct Given<'a>(pub &'a Identifier);

impl Serialize for Given<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut given = serializer.serialize_struct("Identifier", 2)?;
        given.serialize_field("kind", self.0.kind())?;
        given.serialize_field("value", self.0.expose())?;
        given.end()
    }
}

fn given<S: Serializer>(identifiers: &[Identifier], serializer: S) -> Result<S::Ok, S::Error> {
    let mut all = serializer.serialize_seq(Some(identifiers.len()))?;
    for identifier in identifiers {
        all.serialize_element(&Given(identifier))?;
    }
    all.end()
}

/// Makes a request, or one for each row of a file, and follows it if asked to.
pub async fn new(out: Out, deployment: &Deployment, new: &RequestNew) -> Result<u8> {
    if !new.wait && (new.watching.timeout.is_some() || new.watching.until_closed) {
        return Err(usage("--timeout and --until-closed are for a request that is watched", "add --wait"));
    }
    if let Some(file) = &new.file {
        return batch::new(out, deployment, new, file).await;
    }
    let (demand, taken_off) = demand(new, &mut Input::default())?;
    // It has a key of its own, so that it may be sent again.
    let call = Call::post("/requests", &demand)?.may_be_repeated();
    let accepted: AcceptedView = deployment.api.call(call).await.map_err(told_api)?;
    say_accepted(out, &accepted, &taken_off)?;
    match new.wait {
        true => watch::watch(out, deployment, accepted.request.id, new.watching).await,
        false => Ok(OK),
    }
}

#[allow(clippy::disallowed_methods, reason = "the one place where the command line makes a key")]
fn new_key() -> String {
    uuid::Uuid::now_v7().to_string()
}

/// The demand of a command line, and what was taken off its identifiers, by their kinds.
fn demand(new: &RequestNew, input: &mut Input) -> Result<(Demand, Vec<TakenOffAt>)> {
    let mut identifiers = Vec::with_capacity(new.identifier.len());
    let mut all_taken_off = Vec::new();
    for text in &new.identifier {
        let Entered { identifier, taken_off } = identifier(text, input)?;
        all_taken_off.extend(TakenOffAt::of(identifier.kind().as_str(), &taken_off));
        identifiers.push(identifier);
    }
    let right = new.right.ok_or_else(|| usage("the right is missing", "give --right erasure or access"))?;
    let reference = new.reference.as_deref().map(Reference::parse).transpose();
    let demand = Demand {
        right: right.into(),
        identifiers,
        reference: reference.map_err(|error| usage(error.to_string(), "give the ticket's number alone"))?,
        dry_run: new.dry_run,
        sources: new.source.iter().map(|text| source::id(text)).collect::<Result<_>>()?,
        received_at: received_at(new)?,
        key: Some(new_key()),
    };
    Ok((demand, all_taken_off))
}

/// When the person asked, from the command line.
pub fn received_at(new: &RequestNew) -> Result<Option<ReceivedAt>> {
    let read = new.received_at.as_deref().map(ReceivedAt::parse).transpose();
    read.map_err(|error| usage("--received-at holds neither a day nor a time", error.to_string()))
}

/// An identifier from the command line, a file or standard input; its value is never in an error.
pub fn identifier(text: &str, input: &mut Input) -> Result<Entered> {
    let example = "write it as in --identifier email=name@example.com, or email=- and pipe it in";
    let (kind, given) =
        pair(text).ok_or_else(|| usage("an --identifier is not of the form KIND=VALUE", example))?;
    let kind = IdentifierKind::parse(kind).map_err(|error| usage(error.to_string(), example))?;
    let value = input.value(kind.as_str(), given)?;
    Identifier::entered(kind, &value).map_err(|error| usage(error.to_string(), example))
}

/// A text in an operator's own words, from the command line, a file or standard input.
pub fn reason(text: &str) -> Result<Zeroizing<String>> {
    let given =
        input::given(text).ok_or_else(|| usage("the reason is empty", "say why, in your own words"))?;
    Input::default().value("reason", given)
}

fn say_accepted(out: Out, accepted: &AcceptedView, taken_off: &[TakenOffAt]) -> Result<()> {
    let request = &accepted.request;
    if out.json {
        return out.json_line(&json!({
            "request_id": request.id,
            "right": request.right,
            "dry_run": request.dry_run,
            "received_at": request.received_at,
            "arrived_at": request.arrived_at,
            "due_at": request.due_at,
            "sources": request.sources,
            "reference": request.reference,
            "started": accepted.started,
            "taken_off": taken_off,
        }));
    }
    let sources: Vec<&str> = request.sources.iter().map(|source| source.as_str()).collect();
    out.line(format_args!("request {}", request.id))?;
    for one in taken_off {
        out.line(format_args!("  {}", words::taken_off(one)))?;
    }
    out.line(format_args!("  right: {}", right(request)))?;
    if request.received_at != request.arrived_at {
        out.line(format_args!("  received: {}", utc(request.received_at)))?;
    }
    out.line(format_args!(
        "  legal date: {} ({})",
        words::legal_date(&request.legal_zone, request.due_at),
        due_in(request.arrived_at, request.due_at)
    ))?;
    out.line(format_args!("  data sources: {}", sources.join(", ")))?;
    if !accepted.started {
        out.line("  its workflow could not be started at once; the reconciliation starts it by itself")?;
    }
    out.line(format_args!("  follow it: rightful request watch {}", request.id))
}

/// The right, and whether it is synthetic, or else a dry run.
pub fn right(request: &RequestView) -> String {
    let dry = if request.synthetic {
        " (synthetic, and a dry run: nothing is erased or copied)"
    } else if request.dry_run {
        " (dry run: nothing is erased or copied)"
    } else {
        ""
    };
    format!("{}{dry}", request.right.as_str())
}

/// How many requests one page of the API holds at most.
const PAGE: usize = 100;

/// Requests, the newest first.
pub async fn list(out: Out, deployment: &Deployment, list: &RequestList) -> Result<u8> {
    let most = if list.all { usize::MAX } else { usize::try_from(list.limit)? };
    let state = match (list.open, list.closed) {
        (true, _) => Some("open"),
        (_, true) => Some("closed"),
        _ => None,
    };
    let rows: Vec<RequestView> = most_pages(&deployment.api, most, |cursor| {
        Call::get("/requests").with("state", state).with("limit", Some(most.min(PAGE))).with("cursor", cursor)
    })
    .await?;
    if out.json {
        let all: Vec<Value> = rows.iter().map(listed).collect::<Result<_>>()?;
        out.value(&json!({"requests": all}))?;
    } else if rows.is_empty() {
        out.line(match state {
            Some("open") => "no request is open",
            Some(_) => "no request is closed",
            None => "there is no request yet",
        })?;
    } else {
        out.line(listing(&rows, SystemClock.now()))?;
        if rows.len() == most {
            out.line(format_args!("the newest {most}; --limit or --all shows more"))?;
        }
    }
    Ok(OK)
}

/// A request as the API shows it, its id under the name that it has in every other answer too.
fn listed(request: &RequestView) -> Result<Value> {
    let mut shown = serde_json::to_value(request)?;
    shown["request_id"] = shown["id"].clone();
    Ok(shown)
}

fn listing(rows: &[RequestView], now: Time) -> String {
    let mut shown = table([
        "ID",
        "RIGHT",
        "STATE",
        "RECEIVED",
        "DUE",
        "SOURCES SETTLED",
        "HELD BY",
        "ESCALATION",
        "TICKET",
    ]);
    for request in rows {
        let tally = request.tasks;
        let mut settled = format!("{} of {}", tally.settled, tally.all);
        for (number, what) in [
            (tally.awaiting_review.saturating_sub(tally.missing_identifier), "to decide"),
            (tally.missing_identifier, "missing identifier"),
            (tally.unknown, "unknown"),
        ] {
            if number > 0 {
                settled.push_str(&format!(", {number} {what}"));
            }
        }
        let extended = if request.extension.is_some() { " (extended)" } else { "" };
        let due = match request.state {
            RequestState::Open if request.synthetic => "-".to_owned(),
            RequestState::Open => format!("{}{extended}", due_in(now, request.due_at)),
            RequestState::Closed => "-".to_owned(),
        };
        let dry = words::trial(request.synthetic, request.dry_run);
        shown.add_row([
            request.id.to_string(),
            format!("{}{dry}", request.right.as_str()),
            words::of_request(request),
            utc(request.received_at),
            due,
            settled,
            request
                .held
                .map_or("-".to_owned(), |held| format!("{} by {}", held.owner.as_str(), utc(held.by))),
            words::escalation(&request.escalation),
            request.reference.as_ref().map_or("-", Reference::as_str).to_owned(),
        ]);
    }
    lines(&shown)
}

/// The error of a request that isn't as the command needs it.
pub fn not_so(what: impl Into<String>, id: RequestId) -> anyhow::Error {
    told(what, format!("look how it stands: rightful request show {id}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures;

    fn error(text: &str) -> String {
        identifier(text, &mut Input::default()).unwrap_err().to_string()
    }

    #[test]
    fn an_identifier_is_a_kind_and_a_value() {
        let read = identifier("email=ann@example.com", &mut Input::default()).unwrap().identifier;
        assert_eq!((read.kind().as_str(), read.expose()), ("email", "ann@example.com"));
    }

    #[test]
    fn what_was_taken_off_an_identifier_is_told_and_what_is_ambiguous_is_refused() {
        let given = "email=\u{feff}'mailto:ann@example.com.'";
        let Entered { identifier: ann, taken_off } = identifier(given, &mut Input::default()).unwrap();
        assert_eq!(ann.expose(), "ann@example.com");
        let told = words::taken_off(&TakenOffAt::of("email", &taken_off).unwrap());
        insta::assert_snapshot!(told, @"taken off the email: characters that aren't seen, mailto:, quotation marks around it, the dot at its end");
        assert!(error("email='canary@example.com").contains("take it off"));
        assert!(error("phone=+32 (0)470 00 00 01").contains("such as +32470000000"));
    }

    #[test]
    fn a_bad_identifier_is_not_repeated() {
        assert!(error("canary@example.com").contains("KIND=VALUE"));
        assert!(error("E-Mail=canary@example.com").contains("kind"));
        assert!(error("email=canary@").contains("not one e-mail address"));
        for bad in ["canary@example.com", "E-Mail=canary@example.com", "email=canary@"] {
            assert!(!error(bad).contains("canary"), "{bad}");
        }
    }

    #[test]
    fn a_bad_id_says_what_an_id_is() {
        assert!(id("T-1").unwrap_err().to_string().contains("a request id is a UUID"));
    }

    #[test]
    fn a_reason_is_a_text_a_file_or_standard_input() {
        let path = std::env::temp_dir().join(format!("rightful-reason-{}", std::process::id()));
        std::fs::write(&path, "It is theirs.\n").unwrap();
        let read = reason(&format!("@{}", path.display()));
        std::fs::remove_file(&path).unwrap();
        assert_eq!(&**read.unwrap(), "It is theirs.");
        assert_eq!(&**reason("a=b, as agreed").unwrap(), "a=b, as agreed");
        assert!(reason("").unwrap_err().to_string().contains("the reason is empty"));
    }

    #[test]
    fn a_demand_is_sent_in_the_shape_of_the_api() {
        let demand = Demand {
            right: Right::Erasure,
            identifiers: vec![identifier("email=ann@example.com", &mut Input::default()).unwrap().identifier],
            sources: Vec::new(),
            dry_run: false,
            reference: None,
            received_at: Some(ReceivedAt::parse("2026-11-03").unwrap()),
            key: Some("k".to_owned()),
        };
        insta::assert_snapshot!(serde_json::to_string(&demand).unwrap(), @r#"{"right":"erasure","identifiers":[{"kind":"email","value":"ann@example.com"}],"dry_run":false,"received_at":"2026-11-03","key":"k"}"#);
    }

    #[test]
    fn the_list_shows_state_due_date_and_sources() {
        let rows: Vec<RequestView> = [
            fixtures::unknown(),
            fixtures::awaiting_review(),
            fixtures::missing_identifier(),
            fixtures::fulfilled(),
        ]
        .iter()
        .map(|(request, tasks)| fixtures::detail(request, tasks, "09:31:00").request)
        .collect();
        let now = Time::parse("2026-11-23T09:30:00Z").unwrap();
        insta::assert_snapshot!(listing(&rows, now), @r"
        ID                                    RIGHT    STATE      RECEIVED                 DUE         SOURCES SETTLED               HELD BY                            ESCALATION  TICKET
        019aa6e0-5c1f-7000-8000-000000000001  erasure  open       2026-11-21 09:30:00 UTC  in 28 days  0 of 1, 1 unknown             person by 2026-12-21 09:30:00 UTC  -           T-1
        019aa6e0-5c1f-7000-8000-000000000001  erasure  open       2026-11-21 09:30:00 UTC  in 28 days  0 of 1, 1 to decide           person by 2026-12-21 09:30:00 UTC  -           T-1
        019aa6e0-5c1f-7000-8000-000000000001  erasure  open       2026-11-21 09:30:00 UTC  in 28 days  0 of 1, 1 missing identifier  person by 2026-12-21 09:30:00 UTC  -           T-1
        019aa6e0-5c1f-7000-8000-000000000001  erasure  fulfilled  2026-11-21 09:30:00 UTC  -           1 of 1                        -                                  -           T-1
        ");
    }
}
