//! What an operator does to a request. Each act is an event of the request, and records who did it.

use crate::answer::{Refusal, objection};
use crate::app::App;
use crate::call::{Call, Nothing};
use crate::handlers::identifiers::{SentIdentifier, malformed};
use crate::handlers::secrets::Hidden;
use crate::ports::Outside;
use crate::success::Json;
use rightful_domain::base::identifier::{Entered, IdentifierError, TakenOffAt};
use rightful_domain::base::ids::SourceId;
use rightful_domain::base::ids::TaskRef;
use rightful_domain::base::seal::Tag;
use rightful_domain::base::time::Time;
use rightful_domain::law::ground::{Ground, RefusalGround};
use rightful_domain::life::Ruling;
use rightful_domain::operations::moves::Acted;
use rightful_domain::operations::person::act::Again;
use rightful_domain::operations::person::extend::{Extend, Extended};
use rightful_domain::operations::person::review::{Review, Reviewed, Reviewing, Seen};
use rightful_domain::view::acts::{ExtendedView, ReviewedSource, ReviewedView};
use serde::{Deserialize, Deserializer, Serialize};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Identify {
    source: SourceId,
    identifier: SentIdentifier,
}

/// What came of an identifier that was given.
#[derive(Serialize)]
pub(crate) struct Identified {
    #[serde(flatten)]
    acted: Acted,
    /// What was taken off the value, and is not in the identifier.
    taken_off: Vec<TakenOffAt>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReviewBody {
    sources: Vec<SeenBody>,
    verdict: VerdictBody,
    ground: Option<RefusalGround>,
    reason: Hidden,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SeenBody {
    source: SourceId,
    /// Required even when null: reviewers state what they saw.
    #[serde(deserialize_with = "required")]
    digest: Option<DigestBody>,
    /// When the search began that was shown.
    searched_at: Option<Time>,
    /// How many records with another value than the request's are confirmed.
    confirm_marked: Option<u32>,
    /// How many doubtful records are confirmed as set aside.
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

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum VerdictBody {
    Proceed,
    Refuse,
    LeaveOut,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RunBody {
    source: SourceId,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReopenBody {
    #[serde(default)]
    sources: Vec<SourceId>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct StateBody {
    source: SourceId,
    erased: bool,
    reason: Hidden,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ExtendBody {
    months: u8,
    ground: Ground,
}

impl<O: Outside> App<O> {
    fn again(&self) -> Again<'_, O::Store, O::Keys, O::Workflow, O::Clock> {
        Again {
            store: self.outside.store(),
            keys: self.outside.keys(),
            workflow: self.outside.workflow(),
            clock: self.outside.clock(),
            settings: self.settings.operations,
        }
    }
}

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
    let acted = app.again().identify(&at, &identifier, catalogue, &call.actor).await?;
    Ok(Json(Identified { acted, taken_off: TakenOffAt::of(place, &taken_off).into_iter().collect() }))
}

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
    let Reviewed { sources, released } = review.run(id, &reviewing, &call.actor).await?;
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
            Err(Refusal::new(422, "ground_missing", &what).with(objection("ground", what)))
        }
        (_, Some(_)) => {
            let what = "only a refusal has a `ground`: leave it out";
            Err(Refusal::new(422, "ground_out_of_place", what).with(objection("ground", what)))
        }
    }
}

/// Runs a data source again.
pub(crate) async fn run<O: Outside>(app: &App<O>, call: &Call<'_, RunBody>) -> Result<Json<Acted>, Refusal> {
    let id = call.request_id()?;
    let RunBody { source } = call.body()?;
    let at = TaskRef { request_id: id, source_id: source };
    Ok(Json(app.again().run(&at, &call.actor).await?))
}

/// Reopens a closed request.
pub(crate) async fn reopen<O: Outside>(
    app: &App<O>,
    call: &Call<'_, ReopenBody>,
) -> Result<Json<Acted>, Refusal> {
    let id = call.request_id()?;
    let ReopenBody { sources } = call.body()?;
    Ok(Json(app.again().reopen(id, &sources, &call.actor).await?))
}

/// Cancels a request.
pub(crate) async fn cancel<O: Outside>(
    app: &App<O>,
    call: &Call<'_, Nothing>,
) -> Result<Json<Acted>, Refusal> {
    let id = call.request_id()?;
    let Nothing {} = call.body()?;
    Ok(Json(app.again().cancel(id, &call.actor).await?))
}

/// States how a task ended that was handed to a person, or that can't be searched.
pub(crate) async fn state<O: Outside>(
    app: &App<O>,
    call: &Call<'_, StateBody>,
) -> Result<Json<Acted>, Refusal> {
    let id = call.request_id()?;
    let StateBody { source, erased, reason } = call.body()?;
    let at = TaskRef { request_id: id, source_id: source };
    Ok(Json(app.again().state(&at, erased, &reason.0, &call.actor).await?))
}

/// Extends the legal deadline.
pub(crate) async fn extend<O: Outside>(
    app: &App<O>,
    call: &Call<'_, ExtendBody>,
) -> Result<Json<ExtendedView>, Refusal> {
    let id = call.request_id()?;
    let ExtendBody { months, ground } = call.body()?;
    let extend = Extend { store: app.outside.store(), clock: app.outside.clock() };
    let Extended { due_at, extension, new } = extend.run(id, months, ground, &call.actor).await?;
    Ok(Json(ExtendedView { due_at, extension, new }))
}
