//! Acts of an operator on a request. Each is an event of the request, with the operator's name.

use crate::answer::{Refusal, objection};
use crate::app::App;
use crate::call::{Call, Nothing};
use crate::docs::{Docs, Example, PROCESS};
use crate::handlers::identifiers::{SentIdentifier, malformed};
use crate::handlers::secrets::Hidden;
use crate::ports::Outside;
use crate::success::Json;
use rightful_domain::base::code::Code;
use rightful_domain::base::identifier::{Entered, IdentifierError, TakenOffAt};
use rightful_domain::base::ids::{SourceId, TaskRef};
use rightful_domain::base::seal::Tag;
use rightful_domain::base::time::Time;
use rightful_domain::law::ground::{Ground, RefusalGround};
use rightful_domain::life::Ruling;
use rightful_domain::operations::moves::Acted;
use rightful_domain::operations::person::act::Acts;
use rightful_domain::operations::person::extend::{Extend, Extended};
use rightful_domain::operations::person::review::{Review, Reviewed, Reviewing, Seen};
use rightful_domain::view::acts::{ExtendedView, ReviewedSource, ReviewedView};
use serde::{Deserialize, Deserializer, Serialize};

/// An identifier for one data source.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(crate) struct Identify {
    /// The data source.
    source: SourceId,
    /// The identifier.
    identifier: SentIdentifier,
}

/// The result of giving an identifier.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(crate) struct Identified {
    #[serde(flatten)]
    acted: Acted,
    /// The parts removed from the value; the identifier does not contain them.
    taken_off: Vec<TakenOffAt>,
}

/// A decision on some data sources of a request: it is stored for all of them or for none.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(crate) struct ReviewBody {
    /// The data sources, each as it was shown.
    #[cfg_attr(feature = "schema", schemars(length(min = 1)))]
    sources: Vec<SeenBody>,
    /// The decision.
    verdict: VerdictBody,
    /// The legal ground of a refusal.
    ground: Option<RefusalGround>,
    /// Why, in your own words. It may name the person, and is sealed with the person's data.
    #[cfg_attr(feature = "schema", schemars(length(min = 1, max = 1000)))]
    reason: Hidden,
}

/// A data source, and the `found_digest` that was shown of it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(
    feature = "schema",
    derive(schemars::JsonSchema),
    schemars(rename = "Seen", extend("required" = ["source", "digest"]))
)]
struct SeenBody {
    /// The data source.
    source: SourceId,
    /// `found_digest` as it was shown. Required even when null: reviewers state what they saw.
    #[serde(deserialize_with = "required")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<Tag>"))]
    digest: Option<DigestBody>,
    /// `searched_at` as it was shown. If it is given, the decision is refused once a later search has begun.
    /// It is needed to proceed when `digest` is `null`, or when `asked.doubtful` is not 0: no digest says which
    /// search was seen.
    searched_at: Option<Time>,
    /// `asked.marked` as it was shown: so many records show another value than the request's, and are acted
    /// on all the same. Needed to proceed when there are any.
    confirm_marked: Option<u32>,
    /// `asked.doubtful` as it was shown: so many records were set aside although they contain the identifier,
    /// and are not the person's. Needed to go on when there are any.
    confirm_set_aside: Option<u32>,
}

/// Refuses a missing member, which serde would read as `null`.
fn required<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<DigestBody>, D::Error> {
    Option::deserialize(deserializer)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DigestBody {
    key_id: String,
    mac: String,
}

/// The decision.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(inline))]
enum VerdictBody {
    /// Act on exactly the records of the digests.
    Proceed,
    /// Do not act, on a legal ground.
    Refuse,
    /// Go on without data sources that lack their identifier or can't be searched.
    LeaveOut,
}

/// The data source that runs again.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(crate) struct RunBody {
    /// The data source.
    source: SourceId,
}

/// The data sources that run again.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(crate) struct ReopenBody {
    /// The data sources; if none is named, all that were not acted on.
    #[serde(default)]
    sources: Vec<SourceId>,
}

/// How a task ended, as a person found out.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(crate) struct StateBody {
    /// The data source.
    source: SourceId,
    /// `true` if its records are erased, `false` if they are not.
    erased: bool,
    /// How the person found out. It may name the data subject, and is sealed with their data.
    #[cfg_attr(feature = "schema", schemars(length(min = 1, max = 1000)))]
    reason: Hidden,
}

/// An extension of the legal deadline.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub(crate) struct ExtendBody {
    /// The number of months in all, beside the first month.
    #[cfg_attr(feature = "schema", schemars(range(min = 1, max = 2)))]
    months: u8,
    /// Why.
    ground: Ground,
}

impl<O: Outside> App<O> {
    fn acts(&self) -> Acts<'_, O::Store, O::Keys, O::Workflow, O::Clock> {
        Acts {
            store: self.outside.store(),
            keys: self.outside.keys(),
            workflow: self.outside.workflow(),
            clock: self.outside.clock(),
            settings: self.settings.operations,
        }
    }
}

pub(crate) const IDENTIFY: Docs = Docs {
    id: "identify",
    subject: &PROCESS,
    summary: "Give a data source an identifier",
    description: "It replaces another identifier of its kind, and the data source is searched again. \
        Possible until the request closes, but not while a submission is under way.",
    takes: Some(Example::Required(
        r#"{"source": "loyalty", "identifier": {"kind": "phone", "value": "+32470000000"}}"#,
    )),
    errors: &[
        Code::PersonForgotten,
        Code::RequestClosed,
        Code::RequestSynthetic,
        Code::UnderWay,
        Code::IdentifierMalformed,
        Code::IdentifierNotTaken,
        Code::SourceNotInRequest,
    ],
    ..Docs::NONE
};

/// Gives a data source an identifier, and searches it again.
pub(crate) async fn identify<O: Outside>(
    app: &App<O>,
    call: &Call<'_, Identify>,
) -> Result<Json<Identified>, Refusal> {
    let id = call.request_id()?;
    let Identify { source, identifier } = call.body()?;
    let (catalogue, place) = (app.outside.set_ups(), "identifier.value");
    let Some(Entered { identifier, taken_off }) = identifier.entered(place, catalogue)? else {
        return Err(malformed(place, IdentifierError::Empty.to_string()));
    };
    let at = TaskRef { request_id: id, source_id: source };
    let acted = app.acts().identify(&at, &identifier, catalogue, &call.actor).await?;
    Ok(Json(Identified { acted, taken_off: TakenOffAt::of(place, &taken_off).into_iter().collect() }))
}

pub(crate) const REVIEW: Docs = Docs {
    id: "review",
    subject: &PROCESS,
    summary: "Decide on what was found",
    description: "A decision is bound to the exact records: send each `found_digest` as it was shown to you. \
        `null` stands for nothing found, and is refused if something was found. If two reviewers decide at \
        once, the first decision holds and the other reviewer is told who made it. One transaction takes \
        some thirty data sources; a decision on more is stored in several, and sending the same review again \
        continues where one stopped. A data source that can't be searched may be left out: its task fails as \
        `left_out_by_a_person`.",
    takes: Some(Example::Required(
        r#"{"sources": [{"source": "qualifio-main", "searched_at": "2026-11-24T09:30:00.000Z", "digest": {
            "key_id": "alias/rightful-tags",
            "mac": "0202020202020202020202020202020202020202020202020202020202020202"}}],
            "verdict": "proceed", "reason": "The account was closed in March."}"#,
    )),
    errors: &[
        Code::IdentifierMissing,
        Code::IdentifierNotMissing,
        Code::MarkedNotConfirmed,
        Code::NotAwaitingReview,
        Code::PersonForgotten,
        Code::RecordsChanged,
        Code::RequestClosed,
        Code::SearchedAtMissing,
        Code::SetAsideNotConfirmed,
        Code::GroundDoesNotStand,
        Code::GroundMissing,
        Code::GroundOutOfPlace,
        Code::ReasonMalformed,
        Code::SourceNotInRequest,
        Code::SourcesMalformed,
    ],
    ..Docs::NONE
};

/// Records a person's decision on exactly the records they were shown.
pub(crate) async fn review<O: Outside>(
    app: &App<O>,
    call: &Call<'_, ReviewBody>,
) -> Result<Json<ReviewedView>, Refusal> {
    let id = call.request_id()?;
    let ReviewBody { sources, verdict, ground, reason } = call.body()?;
    let seen = |one: SeenBody| Seen {
        source: one.source,
        records: one.digest.map(|digest| Tag { key_id: digest.key_id, mac: digest.mac }),
        searched_at: one.searched_at,
        marked: one.confirm_marked,
        set_aside: one.confirm_set_aside,
    };
    let reviewing = Reviewing {
        sources: sources.into_iter().map(seen).collect(),
        ruling: ruling(verdict, ground)?,
        reason: reason.0.as_str().to_owned(),
    };
    let outside = &app.outside;
    let review = Review {
        store: outside.store(),
        keys: outside.keys(),
        workflow: outside.workflow(),
        clock: outside.clock(),
        settings: app.settings.operations,
    };
    let Reviewed { sources, released } = review.review(id, &reviewing, &call.actor).await?;
    let sources = sources.into_iter().map(|(source, state)| ReviewedSource { source, state }).collect();
    Ok(Json(ReviewedView { sources, released }))
}

fn ruling(verdict: VerdictBody, ground: Option<RefusalGround>) -> Result<Ruling, Refusal> {
    match (verdict, ground) {
        (VerdictBody::Proceed, None) => Ok(Ruling::Proceed),
        (VerdictBody::LeaveOut, None) => Ok(Ruling::LeaveOut),
        (VerdictBody::Refuse, Some(ground)) => Ok(Ruling::Refuse(ground)),
        (VerdictBody::Refuse, None) => {
            let known: Vec<&str> = RefusalGround::ALL.iter().map(|ground| ground.as_str()).collect();
            let what =
                format!("a refusal stands on a legal ground: give `ground`, one of: {}", known.join(", "));
            Err(Refusal::new(Code::GroundMissing, &what).with(objection("ground", what)))
        }
        (_, Some(_)) => {
            let what = "only a refusal has a `ground`: leave it out";
            Err(Refusal::new(Code::GroundOutOfPlace, what).with(objection("ground", what)))
        }
    }
}

pub(crate) const RUN: Docs = Docs {
    id: "runAgain",
    subject: &PROCESS,
    summary: "Run a data source again",
    description: "Starts with a search. The record of the earlier run stays, and the new run needs a decision \
        of its own.",
    takes: Some(Example::Required(r#"{"source": "qualifio-main"}"#)),
    errors: &[Code::RequestClosed, Code::RequestSynthetic, Code::UnderWay, Code::SourceNotInRequest],
    ..Docs::NONE
};

/// Runs a data source again.
pub(crate) async fn run<O: Outside>(app: &App<O>, call: &Call<'_, RunBody>) -> Result<Json<Acted>, Refusal> {
    let id = call.request_id()?;
    let RunBody { source } = call.body()?;
    let at = TaskRef { request_id: id, source_id: source };
    Ok(Json(app.acts().run_again(&at, &call.actor).await?))
}

pub(crate) const REOPEN: Docs = Docs {
    id: "reopen",
    subject: &PROCESS,
    summary: "Reopen a closed request",
    description: "Possible until its person is forgotten. The legal date stays, and the next closing has a \
        receipt of its own.",
    takes: Some(Example::Optional(r#"{"sources": ["qualifio-main"]}"#)),
    errors: &[
        Code::NothingToDo,
        Code::PersonForgotten,
        Code::RequestOpen,
        Code::RequestSynthetic,
        Code::SourceNotInRequest,
    ],
    ..Docs::NONE
};

/// Reopens a closed request.
pub(crate) async fn reopen<O: Outside>(
    app: &App<O>,
    call: &Call<'_, ReopenBody>,
) -> Result<Json<Acted>, Refusal> {
    let id = call.request_id()?;
    let ReopenBody { sources } = call.body()?;
    Ok(Json(app.acts().reopen(id, &sources, &call.actor).await?))
}

pub(crate) const CANCEL: Docs = Docs {
    id: "cancel",
    subject: &PROCESS,
    summary: "Cancel a request",
    description: "Possible as long as nothing was submitted for it.",
    takes: Some(Example::Optional("{}")),
    errors: &[Code::RequestClosed, Code::Submitted, Code::UnderWay],
    ..Docs::NONE
};

/// Cancels a request.
pub(crate) async fn cancel<O: Outside>(
    app: &App<O>,
    call: &Call<'_, Nothing>,
) -> Result<Json<Acted>, Refusal> {
    let id = call.request_id()?;
    let Nothing {} = call.body()?;
    Ok(Json(app.acts().cancel(id, &call.actor).await?))
}

pub(crate) const STATE: Docs = Docs {
    id: "state",
    subject: &PROCESS,
    summary: "State how a task ended that no machine can tell",
    description: "Only for a task that was handed to a person, or that can't be searched. Your statement is \
        shown as yours, never as verified.",
    takes: Some(Example::Required(
        r#"{"source": "qualifio-main", "erased": true, "reason": "The vendor's support confirms it."}"#,
    )),
    errors: &[
        Code::NotErasure,
        Code::NotHandedOver,
        Code::PersonForgotten,
        Code::RequestClosed,
        Code::ReasonMalformed,
        Code::SourceNotInRequest,
    ],
    ..Docs::NONE
};

/// States how a task ended that was handed to a person, or that can't be searched.
pub(crate) async fn state<O: Outside>(
    app: &App<O>,
    call: &Call<'_, StateBody>,
) -> Result<Json<Acted>, Refusal> {
    let id = call.request_id()?;
    let StateBody { source, erased, reason } = call.body()?;
    let at = TaskRef { request_id: id, source_id: source };
    Ok(Json(app.acts().state(&at, erased, &reason.0, &call.actor).await?))
}

pub(crate) const EXTEND: Docs = Docs {
    id: "extend",
    subject: &PROCESS,
    summary: "Extend the legal deadline",
    description: "By one or two months after the first month, and only during the first month (Art. 12(3) \
        GDPR).",
    takes: Some(Example::Required(r#"{"months": 1, "ground": "complexity"}"#)),
    errors: &[
        Code::NotLonger,
        Code::RequestClosed,
        Code::RequestSynthetic,
        Code::TooLate,
        Code::MonthsMalformed,
    ],
    ..Docs::NONE
};

/// Extends the legal deadline.
pub(crate) async fn extend<O: Outside>(
    app: &App<O>,
    call: &Call<'_, ExtendBody>,
) -> Result<Json<ExtendedView>, Refusal> {
    let id = call.request_id()?;
    let ExtendBody { months, ground } = call.body()?;
    let extend = Extend { store: app.outside.store(), clock: app.outside.clock() };
    let Extended { due_at, extension, new } = extend.extend(id, months, ground, &call.actor).await?;
    Ok(Json(ExtendedView { due_at, extension, new }))
}
