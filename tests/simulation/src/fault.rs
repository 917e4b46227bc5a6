//! The faults: their strength in this seed, and how often each happened.

use crate::dice::Dice;
use crate::trace::Trace;
use rightful_contract::clock::TestClock;
use rightful_domain::base::time::Time;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

macro_rules! kinds {
    ($($(#[doc = $doc:literal])+ $kind:ident $name:literal $most:literal,)+) => {
        /// A kind of fault.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Kind {
            $($(#[doc = $doc])+ $kind,)+
        }

        impl Kind {
            /// Every kind.
            pub const ALL: &'static [Kind] = &[$(Kind::$kind),+];

            /// Its name in traces and statistics.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $(Kind::$kind => $name),+ }
            }

            /// How often in a thousand opportunities it happens in the worst seed.
            fn most(self) -> u64 {
                match self { $(Kind::$kind => $most),+ }
            }
        }
    };
}

kinds! {
    /// A worker is lost between two points, exactly before or after an effect.
    WorkerCrash "worker crash" 25,
    /// An execution of a workflow is lost.
    LostExecution "lost execution" 120,
    /// An execution of the nested workflow is lost.
    LostNested "lost nested execution" 120,
    /// An execution can't be started for a while.
    StartFails "start fails" 120,
    /// A function is invoked twice for one call.
    DuplicateInvocation "duplicate invocation" 200,
    /// An invocation starts late, perhaps after the workflow has given it up.
    LateInvocation "late invocation" 150,
    /// An uncalled worker works on some task, beside or long after another.
    SecondWorker "second worker" 150,
    /// A host's clock is off by a little, in either direction.
    ClockOff "clock off" 500,
    /// Time jumps, and every worker is lost.
    ClockJump "clock jump" 60,
    /// A step takes seconds.
    SlowStep "slow step" 150,
    /// A webhook is delivered twice.
    DuplicateWebhook "duplicate webhook" 500,
    /// A webhook is delivered again with another body.
    ChangedWebhook "changed webhook" 300,
    /// Two requests are about one person.
    SamePerson "same person" 500,
    /// A transaction collides.
    Conflict "transaction conflict" 250,
    /// A transaction is stored and its answer lost.
    StoreLosesAnswer "store loses answer" 120,
    /// A transaction is not stored, and nobody can tell.
    StoreLosesCall "store loses call" 120,
    /// A transaction is stored, and nothing can be read for the moment.
    StoreDark "store dark" 80,
    /// The due index lags for a while.
    StaleIndex "stale index" 200,
    /// No data key can be read for a while.
    KeysFail "keys fail" 100,
    /// A data source can't be opened for a while.
    SourceBroken "source broken" 80,
    /// A decision no longer fits the records it was made on.
    Tampered "tampered decision" 60,
    /// A call doesn't reach the vendor, and that is known.
    LostRequest "lost request" 200,
    /// A submission doesn't reach the vendor, and nobody can tell.
    LostUnseen "lost unseen" 150,
    /// A call reaches the vendor, and its answer is lost.
    LostResponse "lost response" 150,
    /// A submission takes effect a while after its caller was cut off.
    LateEffect "late effect" 100,
    /// The vendor asks to slow down.
    Throttled "throttled" 250,
    /// A call takes long, perhaps too long.
    SlowVendor "slow vendor" 150,
    /// The vendor refuses a submission.
    Rejected "rejected" 60,
    /// The vendor doesn't take the token.
    Unauthorised "unauthorised" 60,
    /// A search still shows what was erased.
    StaleSearch "stale search" 400,
    /// A search doesn't show the existing records.
    BlindSearch "blind search" 60,
    /// The vendor has done less than it says.
    PartlyErased "partly erased" 200,
    /// A rule is called finished before it is.
    EarlyFinish "finished too early" 200,
    /// A finished rule is called pending again.
    OutOfOrder "status out of order" 400,
    /// A status that nobody knows.
    StrangeStatus "unknown status" 300,
    /// A new record appears for the person.
    Appeared "record appeared" 60,
    /// A new record appears for the person between the decision and the look.
    AppearedMeanwhile "record appeared after the decision" 600,
    /// An operator points a data source at another host, where the same record ids are other people's.
    TargetChanged "target changed" 60,
    /// The former host of a data source no longer takes its secret.
    TargetLost "target lost" 400,
    /// A search lists one page, and says that there is more.
    Incomplete "answer incomplete" 250,
    /// A vendor lists this many records, and doesn't mention the others.
    CutSilently "answer cut silently" 300,
    /// A search as a whole is answered with nothing.
    Blind "blind once" 150,
    /// A vendor compares byte by byte, and holds the person in another spelling.
    Exact "vendor exact" 700,
    /// A submission after an unanswered one is refused.
    RefusedAfterUnknown "rejection after an unknown" 700,
    /// A gateway refuses every call for some minutes.
    Gateway "gateway refuses" 60,
    /// A data source can't be reached until all faults end.
    Dead "dead data source" 30,
    /// A vendor erases although a dry run was asked for.
    DryRunErases "dry run that erases" 700,
    /// A vendor opens a rule, and its answer casts doubt on it.
    Doubted "doubtful answer" 400,
    /// A finished rule lists a record that was never submitted.
    Strangers "stranger in the finished rule" 200,
    /// A vendor returns a record that is not taken for the person's.
    SetAside "record set aside" 200,
    /// A record shows another value of a kind that the request names.
    Marked "record marked" 150,
    /// The release of an execution that waits for a review fails once.
    ReleaseFails "release fails" 400,
    /// An execution that waits for a review is released, and the answer is lost.
    ReleaseLosesAnswer "release loses answer" 400,
    /// An execution is lost while it waits for a review.
    LostWaiting "lost while waiting" 300,
    /// The wait for a review takes longer than it may.
    TokenTimedOut "token timed out" 300,
    /// A worker is lost around an effect on a copy, or on an execution that waits.
    EffectCrash "crash around a copy or a release" 150,
    /// The bucket of copies doesn't take a call.
    BucketFails "copy bucket fails" 200,
    /// The bucket of copies takes a call, and its answer is lost.
    BucketLosesAnswer "copy bucket loses answer" 200,
    /// A part of a copy is lost before it is packed.
    PartLost "part of a copy lost" 200,
}

/// The faults of this seed, and when they end.
pub(crate) struct Faults {
    pub(crate) dice: Rc<Dice>,
    clock: TestClock,
    trace: Rc<Trace>,
    strengths: BTreeMap<Kind, u64>,
    quiet_at: Time,
    counts: RefCell<BTreeMap<Kind, u64>>,
}

impl Faults {
    /// Draws a seed's faults: often only a few kinds, weak or strong, and now and then none, so that the plain
    /// run occurs too. The kinds in `forced` are on, at their strongest.
    pub(crate) fn draw(dice: Rc<Dice>, clock: TestClock, trace: Rc<Trace>, forced: &[Kind]) -> Self {
        let density = [0, 60, 60, 150, 150, 300, 300, 600][dice.index(8)];
        let mut strengths = BTreeMap::new();
        for kind in Kind::ALL {
            if dice.permille(density) {
                let strength = kind.most() * [100, 300, 1000][dice.index(3)] / 1000;
                strengths.insert(*kind, strength.max(2));
            }
        }
        strengths.extend(forced.iter().map(|kind| (*kind, kind.most())));
        let quiet_at = clock.real().plus_seconds(dice.within(1..=48) * 3600);
        Self { dice, clock, trace, strengths, quiet_at, counts: RefCell::default() }
    }

    /// Whether this happens now. Draws nothing if the kind is off, or if all faults are over.
    pub(crate) fn strike(&self, kind: Kind) -> bool {
        let Some(strength) = self.strengths.get(&kind) else { return false };
        let strikes = !self.is_quiet() && self.dice.permille(*strength);
        if strikes {
            *self.counts.borrow_mut().entry(kind).or_default() += 1;
            self.trace.say(|| format!("    fault: {}", kind.name()));
        }
        strikes
    }

    /// Whether this could happen now.
    pub(crate) fn is_on(&self, kind: Kind) -> bool {
        self.strengths.contains_key(&kind) && !self.is_quiet()
    }

    /// Whether anything can go wrong in this run.
    pub(crate) fn is_any_on(&self) -> bool {
        !self.strengths.is_empty()
    }

    /// When all faults stop.
    pub(crate) fn quiet_at(&self) -> Time {
        self.quiet_at
    }

    pub(crate) fn is_quiet(&self) -> bool {
        self.clock.real() >= self.quiet_at
    }

    pub(crate) fn counts(&self) -> BTreeMap<Kind, u64> {
        self.counts.borrow().clone()
    }

    /// The kinds that are on, with their strengths.
    pub(crate) fn strengths(&self) -> String {
        let on: Vec<String> =
            self.strengths.iter().map(|(kind, n)| format!("{} {n}‰", kind.name())).collect();
        if on.is_empty() { "none".to_owned() } else { on.join(", ") }
    }
}
