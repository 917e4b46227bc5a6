//! The agreement of a reviewer to exactly what is shown: by naming the digests, or by answering on the
//! terminal.

use crate::args::request::RequestReview;
use crate::terminal::error::{command_error, usage_error};
use crate::values::source::source_id;
use anyhow::Result;
use rightful_domain::base::ids::{RequestId, SourceId};
use rightful_domain::view::task::TaskView;

/// A digest may be cut off, but no shorter than this.
const SHORTEST_DIGEST: usize = 8;

/// A reviewer's decision, by its name in the API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReviewDecision {
    Proceed,
    Refuse,
    LeaveOut,
}

impl ReviewDecision {
    /// The decision of a command line, which names exactly one.
    pub fn of(review: &RequestReview) -> Self {
        match (review.proceed, review.refuse) {
            (true, _) => ReviewDecision::Proceed,
            (_, true) => ReviewDecision::Refuse,
            _ => ReviewDecision::LeaveOut,
        }
    }

    pub fn as_str(self) -> &'static str {
        match self {
            ReviewDecision::Proceed => "proceed",
            ReviewDecision::Refuse => "refuse",
            ReviewDecision::LeaveOut => "leave_out",
        }
    }
}

/// The digest that the reviewer saw of a data source's records.
#[derive(Debug, PartialEq, Eq)]
pub enum SeenDigest {
    /// The first characters of the digest of its records.
    Begins(String),
    /// There was no record.
    Nothing,
}

/// The digests of `--seen`, by data source.
pub fn seen_digests(texts: &[String]) -> Result<Vec<(SourceId, SeenDigest)>> {
    let mut all = Vec::with_capacity(texts.len());
    for text in texts {
        let example = "write it as `rightful request show` does, such as --seen main=0123456789abcdef";
        let Some((source, digest)) = text.split_once('=') else {
            return Err(usage_error("a --seen is not of the form ID=DIGEST", example));
        };
        let digest = digest.to_ascii_lowercase();
        if digest == "none" {
            all.push((source_id(source)?, SeenDigest::Nothing));
            continue;
        }
        if digest.len() < SHORTEST_DIGEST || !digest.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(usage_error("a digest is at least 8 of 0-9 and a-f, or none", example));
        }
        all.push((source_id(source)?, SeenDigest::Begins(digest)));
    }
    Ok(all)
}

/// The beginning of a task's digest, as `--seen` takes it.
fn short_digest(task: &TaskView) -> &str {
    task.found_digest.as_ref().map_or("none", |digest| digest.mac.get(..16).unwrap_or(&digest.mac))
}

/// The error of a request that is not in the state that the command needs.
pub fn wrong_state(what: impl Into<String>, id: RequestId) -> anyhow::Error {
    command_error(what, format!("look at its state: rightful request show {id}"))
}

/// Asks a question on the terminal.
pub type Ask<'a> = &'a mut dyn FnMut(&str) -> Result<String>;

/// The decision, the tasks it is about, and the flags by which the reviewer agrees.
pub struct Agreement<'a> {
    pub id: RequestId,
    pub decision: ReviewDecision,
    pub chosen: &'a [&'a TaskView],
    pub seen: &'a [(SourceId, SeenDigest)],
    pub review: &'a RequestReview,
}

impl Agreement<'_> {
    /// Checks that the reviewer agrees: by flags, or by answers if `ask` can reach them.
    pub fn check(&self, mut ask: Option<Ask<'_>>) -> Result<()> {
        if self.decision != ReviewDecision::Refuse {
            self.check_counts(&mut ask)?;
        }
        let unseen: Vec<&&TaskView> = self
            .chosen
            .iter()
            .filter(|task| !self.seen.iter().any(|(source, _)| *source == task.source))
            .collect();
        let leaves_out = self.decision == ReviewDecision::LeaveOut;
        if unseen.is_empty() || leaves_out && !self.review.source.is_empty() {
            return Ok(());
        }
        let Some(ask) = ask else {
            let (what, flags): (_, Vec<String>) = if leaves_out {
                (
                    "without a terminal, each data source that is left out has to be named",
                    self.chosen.iter().map(|task| format!("--source {}", task.source)).collect(),
                )
            } else {
                (
                    "without a terminal, the digest of each data source has to be given",
                    unseen
                        .iter()
                        .map(|task| format!("--seen {}={}", task.source, short_digest(task)))
                        .collect(),
                )
            };
            let todo = format!("look at what the decision is about, then add {}", flags.join(" "));
            return Err(usage_error(what, todo));
        };
        let question = match self.decision {
            ReviewDecision::Proceed => "Proceed? Type yes:",
            ReviewDecision::Refuse => "Refuse? Type yes:",
            ReviewDecision::LeaveOut => "Leave these out? Type yes:",
        };
        match ask(question)?.as_str() {
            "yes" => Ok(()),
            _ => Err(wrong_state("not agreed: nothing was decided", self.id)),
        }
    }

    /// Checks that the reviewer confirms the records that may be somebody else's, or the person's after
    /// all, by their number.
    fn check_counts(&self, ask: &mut Option<Ask<'_>>) -> Result<()> {
        let sum = |of: fn(&TaskView) -> u32| self.chosen.iter().map(|task| of(task)).sum::<u32>();
        for (number, given, flag, what) in [
            (
                sum(|task| task.asked.marked),
                self.review.confirm_marked,
                "--confirm-marked",
                "records that show another value than the request's, and would be acted on",
            ),
            (
                sum(|task| task.asked.doubtful),
                self.review.confirm_set_aside,
                "--confirm-set-aside",
                "records that were set aside although they contain the identifier, and would not be acted on",
            ),
        ] {
            let what = format!("{what}: {number}");
            let look = format!("look at them: rightful request records {} --source ID --who", self.id);
            match (number, given, &mut *ask) {
                (0, None | Some(0), _) => {}
                (number, Some(given), _) if given == number => {}
                (_, Some(_), _) => {
                    return Err(usage_error(format!("{flag} names another number: {what}"), look));
                }
                (_, None, Some(ask)) => {
                    let answer = ask(&format!("{what}. Type the number to confirm:"))?;
                    if answer != number.to_string() {
                        return Err(wrong_state("not confirmed: nothing was decided", self.id));
                    }
                }
                (_, None, None) => {
                    return Err(usage_error(what, format!("{look}; then add {flag} {number}")));
                }
            }
        }
        Ok(())
    }
}
