//! What an operator does to a request. Each act is an event of it, with who did it.

use super::Hidden;
use super::requests::{Given, Told, identifier, malformed};
use crate::answer::{Answer, Refusal, objection};
use crate::api::Api;
use crate::call::Call;
use crate::ports::Outside;
use rightful_domain::base::identifier::{Entered, IdentifierError, TakenOffAt};
use rightful_domain::base::ids::SourceId;
use rightful_domain::base::ids::TaskRef;
use rightful_domain::base::seal::Tag;
use rightful_domain::base::time::Time;
use rightful_domain::law::ground::{Ground, RefusalGround};
use rightful_domain::life::Ruling;
use rightful_domain::operations::person::act::Again;
use rightful_domain::operations::person::extend::{Extend, Extended};
use rightful_domain::operations::person::review::{Review, Reviewed, Reviewing, Seen};
use rightful_domain::view::acts::{ExtendedView, ReviewedSource, ReviewedView};
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Identify {
    source: SourceId,
    identifier: Given,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ReviewBody {
    sources: Vec<SeenBody>,
    verdict: VerdictBody,
    ground: Option<RefusalGround>,
    reason: Hidden,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SeenBody {
    source: SourceId,
    /// Told, also where there is none: nobody decides on what they did not look at.
    #[serde(deserialize_with = "told")]
    digest: Option<DigestBody>,
    /// When the search began whose result was shown.
    searched_at: Option<Time>,
    /// How many records that show another value than the request's are confirmed.
    confirm_marked: Option<u32>,
    /// How many doubtful records that were set aside are confirmed.
    confirm_set_aside: Option<u32>,
}

/// A missing member is no `null`.
fn told<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<DigestBody>, D::Error> {
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
struct Run {
    source: SourceId,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Reopen {
    #[serde(default)]
    sources: Vec<SourceId>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Nothing {}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct State {
    source: SourceId,
    erased: bool,
    reason: Hidden,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Extension {
    months: u8,
    ground: Ground,
}

impl<O: Outside> Api<O> {
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

/// Gives a data source an identifier, and has it searched again.
pub(crate) async fn identify<O: Outside>(api: &Api<O>, call: &Call<'_>) -> Result<Answer, Refusal> {
    let id = call.request_id()?;
    let Identify { source, identifier: given } = call.body()?;
    let (catalogue, place) = (api.outside.set_ups(), "identifier.value");
    let Some(Entered { identifier, taken_off }) = identifier(&given, place, catalogue)? else {
        return Err(malformed(place, IdentifierError::Empty.to_string()));
    };
    let at = TaskRef { request_id: id, source_id: source };
    let view = api.again().identify(&at, &identifier, catalogue, &call.actor).await?;
    Answer::ok(&Told { view, taken_off: TakenOffAt::of(place, &taken_off).into_iter().collect() })
}

/// Records a person's decision on exactly what they were shown.
pub(crate) async fn review<O: Outside>(api: &Api<O>, call: &Call<'_>) -> Result<Answer, Refusal> {
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
    let outside = &api.outside;
    let review = Review {
        store: outside.store(),
        keys: outside.keys(),
        workflow: outside.workflow(),
        clock: outside.clock(),
        settings: api.settings.operations,
    };
    let Reviewed { sources, released } = review.run(id, &reviewing, &call.actor).await?;
    let sources = sources.into_iter().map(|(source, state)| ReviewedSource { source, state }).collect();
    Answer::ok(&ReviewedView { sources, released })
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

/// Has a data source run again.
pub(crate) async fn run<O: Outside>(api: &Api<O>, call: &Call<'_>) -> Result<Answer, Refusal> {
    let id = call.request_id()?;
    let Run { source } = call.body()?;
    let at = TaskRef { request_id: id, source_id: source };
    Answer::ok(&api.again().run(&at, &call.actor).await?)
}

/// Opens a closed request again.
pub(crate) async fn reopen<O: Outside>(api: &Api<O>, call: &Call<'_>) -> Result<Answer, Refusal> {
    let id = call.request_id()?;
    let Reopen { sources } = call.body()?;
    Answer::ok(&api.again().reopen(id, &sources, &call.actor).await?)
}

/// Calls a request off.
pub(crate) async fn cancel<O: Outside>(api: &Api<O>, call: &Call<'_>) -> Result<Answer, Refusal> {
    let id = call.request_id()?;
    let Nothing {} = call.body()?;
    Answer::ok(&api.again().cancel(id, &call.actor).await?)
}

/// Says how a task ended that was handed to a person, or that can't be searched.
pub(crate) async fn state<O: Outside>(api: &Api<O>, call: &Call<'_>) -> Result<Answer, Refusal> {
    let id = call.request_id()?;
    let State { source, erased, reason } = call.body()?;
    let at = TaskRef { request_id: id, source_id: source };
    Answer::ok(&api.again().state(&at, erased, &reason.0, &call.actor).await?)
}

/// Extends the legal deadline.
pub(crate) async fn extend<O: Outside>(api: &Api<O>, call: &Call<'_>) -> Result<Answer, Refusal> {
    let id = call.request_id()?;
    let Extension { months, ground } = call.body()?;
    let extend = Extend { store: api.outside.store(), clock: api.outside.clock() };
    let Extended { due_at, extension, new } = extend.run(id, months, ground, &call.actor).await?;
    Answer::ok(&ExtendedView { due_at, extension, new })
}
