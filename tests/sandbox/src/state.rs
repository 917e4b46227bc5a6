//! The vendor's books, in memory. Rules finish lazily: the first access after a rule's time finishes it as of
//! the time it was due, and due rules in their order. A test's result therefore does not depend on a
//! background task.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::fault::{FaultKind, Faults};
use crate::inhouse::{Inhouse, Person};
use crate::journal::{Erasure, Journal};
use crate::options::{DEFAULT_INHOUSE_TOKEN, Options};
use crate::profile::{
    ANONYMOUS_EMAIL, CONTROL, DEFAULT_CLIENT_ID, DEFAULT_USER_ID, Profile, default_seed, stamp,
};
use crate::rule::{Approval, Finished, Rule, RuleType, Submission};
use crate::ticket::{DEFAULT_TICKET, DEFAULT_TICKETING_USER, Ticket};

/// A client account's token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Token {
    /// The account.
    pub client_id: u64,
    /// The required value of the header `x-api-token`.
    pub token: String,
}

/// How a reset differs from the defaults; a field left out returns to its default.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Reset {
    /// How long after its approval a rule finishes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub finish_after_ms: Option<u64>,
    /// Profiles beside the default seed; one with an id of the seed replaces it.
    pub profiles: Vec<Profile>,
    /// All tokens, instead of the default one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tokens: Option<Vec<Token>>,
    /// Whether `direct=true` answers NEW and waits for approval too.
    pub direct_answers_new: bool,
    /// Whether the search lists near neighbours (default true).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fuzzy: Option<bool>,
    /// Tickets beside the default one; one with its id replaces it.
    pub tickets: Vec<Ticket>,
    /// The API token of the ticketing system's agent, instead of the default one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ticketing_token: Option<String>,
    /// People of the in-house system beside the default ones; one with an id of theirs replaces it.
    pub people: Vec<Person>,
    /// Whether erasures of the in-house system wait until they are approved.
    pub inhouse_approves: bool,
}

#[derive(Debug)]
struct Stored {
    client_id: u64,
    profile: Profile,
    /// The profile before its erasure, and until when the search still shows it.
    ghost: Option<(Profile, Timestamp)>,
    erased: bool,
}

/// Everything the fake vendor knows.
#[derive(Debug)]
pub(crate) struct State {
    defaults: Options,
    finish_after: SignedDuration,
    tokens: Vec<Token>,
    direct_answers_new: bool,
    fuzzy: bool,
    profiles: BTreeMap<u64, Stored>,
    rules: Vec<Rule>,
    tickets: BTreeMap<u64, Ticket>,
    ticketing_token: String,
    /// Never reset, so that no two comments have one number.
    comments_ever: u64,
    /// Never reset, so that a rule id is never given twice.
    rules_ever: u64,
    /// Never reset either: a call that is still held during a reset must not sign another.
    calls_ever: u64,
    pub(crate) inhouse: Inhouse,
    pub(crate) faults: Faults,
    pub(crate) journal: Journal,
}

impl State {
    pub(crate) fn new(defaults: Options, now: Timestamp) -> Self {
        let mut state = Self {
            defaults,
            finish_after: SignedDuration::ZERO,
            tokens: Vec::new(),
            direct_answers_new: false,
            fuzzy: true,
            profiles: BTreeMap::new(),
            rules: Vec::new(),
            tickets: BTreeMap::new(),
            ticketing_token: String::new(),
            comments_ever: 0,
            rules_ever: 0,
            calls_ever: 0,
            inhouse: Inhouse::default(),
            faults: Faults::default(),
            journal: Journal::default(),
        };
        state.reset(Reset::default(), now);
        state
    }

    pub(crate) fn reset(&mut self, reset: Reset, now: Timestamp) {
        let finish_after_ms = reset.finish_after_ms.unwrap_or(self.defaults.finish_after_ms);
        self.finish_after = millis(finish_after_ms);
        self.tokens = reset.tokens.unwrap_or_else(|| {
            vec![Token { client_id: DEFAULT_CLIENT_ID, token: self.defaults.token.clone() }]
        });
        self.direct_answers_new = reset.direct_answers_new;
        self.fuzzy = reset.fuzzy.unwrap_or(true);
        self.profiles.clear();
        self.rules.clear();
        self.ticketing_token = reset.ticketing_token.unwrap_or_else(|| self.defaults.ticketing_token.clone());
        self.tickets.clear();
        self.add_tickets(vec![Ticket::new(DEFAULT_TICKET)]);
        self.add_tickets(reset.tickets);
        let token = DEFAULT_INHOUSE_TOKEN.to_owned();
        self.inhouse.reset(token, reset.inhouse_approves, reset.people);
        self.faults.clear();
        self.journal = Journal::default();
        self.add_profiles(default_seed(), now);
        self.add_profiles(reset.profiles, now);
    }

    /// Adds profiles (or replaces those with the same id) and answers their ids.
    pub(crate) fn add_profiles(&mut self, profiles: Vec<Profile>, now: Timestamp) -> Vec<u64> {
        let mut ids = Vec::with_capacity(profiles.len());
        for mut profile in profiles {
            if profile.id == 0 {
                profile.id = self.next_profile_id();
            }
            profile.complete(now);
            let client_id = profile.client_id.take().unwrap_or(DEFAULT_CLIENT_ID);
            ids.push(profile.id);
            let stored = Stored { client_id, profile, ghost: None, erased: false };
            self.profiles.insert(stored.profile.id, stored);
        }
        ids
    }

    /// Adds tickets, or replaces those with the same id.
    pub(crate) fn add_tickets(&mut self, tickets: Vec<Ticket>) {
        for mut ticket in tickets {
            for comment in &mut ticket.comments {
                self.comments_ever += 1;
                comment.id = self.comments_ever;
            }
            self.tickets.insert(ticket.id, ticket);
        }
    }

    /// Every ticket, by number.
    pub(crate) fn tickets(&self) -> Vec<&Ticket> {
        self.tickets.values().collect()
    }

    pub(crate) fn ticket(&self, id: u64) -> Option<&Ticket> {
        self.tickets.get(&id)
    }

    /// A ticket to change, and the number for a new comment.
    pub(crate) fn ticket_mut(&mut self, id: u64) -> Option<(&mut Ticket, u64)> {
        self.comments_ever += 1;
        self.tickets.get_mut(&id).map(|ticket| (ticket, self.comments_ever))
    }

    /// Whether these are the agent's basic credentials for an API token.
    pub(crate) fn is_agent(&self, credentials: &str) -> bool {
        credentials == format!("{DEFAULT_TICKETING_USER}/token:{}", self.ticketing_token)
    }

    /// The next call's number in the journal.
    pub(crate) fn next_call(&mut self) -> u64 {
        self.calls_ever += 1;
        self.calls_ever
    }

    /// The accounts of a token.
    pub(crate) fn clients_of(&self, token: &str) -> Vec<u64> {
        let matching = self.tokens.iter().filter(|one| one.token == token);
        matching.map(|one| one.client_id).collect()
    }

    /// The result of the vendor's search.
    pub(crate) fn search(&self, client_id: u64, email: &str, now: Timestamp) -> Vec<Profile> {
        let of_client = self.profiles.values().filter(|s| s.client_id == client_id);
        of_client
            .filter_map(|stored| match &stored.ghost {
                Some((ghost, until)) if now < *until => Some(ghost),
                _ if stored.erased => None,
                _ => Some(&stored.profile),
            })
            .filter(|profile| profile.is_found_by(email, self.fuzzy))
            .cloned()
            .collect()
    }

    /// The remaining profiles: with exactly this e-mail, or all; anonymised ones only on demand.
    pub(crate) fn remaining(&self, email: Option<&str>, anonymised_too: bool) -> Vec<Profile> {
        let kept = self.profiles.values();
        kept.filter(|stored| anonymised_too || !stored.erased)
            .filter(|stored| email.is_none_or(|email| stored.profile.email == email))
            .map(|stored| stored.profile.clone())
            .collect()
    }

    /// The e-mails of these profiles.
    pub(crate) fn emails_of(&self, ids: &[u64]) -> Vec<String> {
        let known = ids.iter().filter_map(|id| self.profiles.get(id));
        known.map(|stored| stored.profile.email.clone()).collect()
    }

    /// Opens a rule. A direct one is approved at once, unless the switch says otherwise; an export always
    /// waits for approval.
    pub(crate) fn open_rule(&mut self, mut submission: Submission, direct: bool, now: Timestamp) -> &Rule {
        self.rules_ever += 1;
        let emails = self.emails_of(&submission.profiles);
        let auto = direct && !self.direct_answers_new && submission.rule_type == RuleType::ForgottenRight;
        let index = self.rules.len();
        let faults = self.faults.take_for_rule(false, &emails);
        submission.test &= !faults.contains(&FaultKind::IgnoresTest {});
        self.rules.push(Rule {
            id: format!("{:08x}94efba00{:08x}", now.as_second(), self.rules_ever),
            submission,
            emails,
            is_auto: auto,
            created_at: now,
            approval: None,
            finish_at: None,
            finished: None,
            faults,
        });
        if auto {
            self.approve_at(index, 0, now);
        }
        self.let_appear(index, now);
        &self.rules[index]
    }

    /// The copies of a new rule's first profile that are ordered with it.
    fn let_appear(&mut self, index: usize, now: Timestamp) {
        let Rule { submission, faults, .. } = &self.rules[index];
        let first = submission.profiles.iter().find_map(|id| self.profiles.get(id));
        let Some(first) = first.filter(|first| !first.erased) else { return };
        let copy = Profile { id: 0, client_id: Some(first.client_id), ..first.profile.clone() };
        let count = faults.iter().map(|fault| match fault {
            FaultKind::Appears { n } => *n,
            _ => 0,
        });
        let copies = vec![copy; count.sum()];
        self.add_profiles(copies, now);
    }

    /// The DPO approves a waiting rule; `None` if there is no such rule.
    pub(crate) fn approve(&mut self, id: &str, now: Timestamp) -> Option<&Rule> {
        let index = self.rules.iter().position(|rule| rule.id == id)?;
        if self.rules[index].approval.is_none() {
            self.approve_at(index, DEFAULT_USER_ID, now);
        }
        Some(&self.rules[index])
    }

    fn approve_at(&mut self, index: usize, by: u64, now: Timestamp) {
        let finish_after = self.finish_after;
        let rule = &mut self.rules[index];
        rule.approval = Some(Approval { by, at: now });
        let never = rule.faults.contains(&FaultKind::NeverFinishes {});
        rule.finish_at = (!never).then(|| now.checked_add(finish_after).unwrap_or(Timestamp::MAX));
    }

    pub(crate) fn rule(&self, id: &str) -> Option<&Rule> {
        self.rules.iter().find(|rule| rule.id == id)
    }

    pub(crate) fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// When a rule approved now finishes.
    pub(crate) fn finish_at(&self, now: Timestamp) -> Option<Timestamp> {
        now.checked_add(self.finish_after).ok()
    }

    /// Finishes every rule that is due by now.
    pub(crate) fn settle(&mut self, now: Timestamp) {
        let erased = self.inhouse.settle(now);
        self.journal.inhouse_erasures.extend(erased);
        let rules = self.rules.iter().enumerate();
        let mut due: Vec<(Timestamp, usize)> = rules
            .filter(|(_, rule)| rule.finished.is_none())
            .filter_map(|(index, rule)| rule.finish_at.map(|at| (at, index)))
            .filter(|(at, _)| *at <= now)
            .collect();
        due.sort_unstable();
        for (at, index) in due {
            self.finish(index, at);
        }
    }

    fn finish(&mut self, index: usize, at: Timestamp) {
        let rule = &self.rules[index];
        let (id, submission, faults) = (rule.id.clone(), rule.submission.clone(), rule.faults.clone());
        let erases = submission.rule_type == RuleType::ForgottenRight
            && (!submission.test || faults.contains(&FaultKind::ErasesInTest {}))
            && !faults.contains(&FaultKind::Lies {});
        let mut listed: Vec<(u64, String)> = Vec::new();
        let mut erased: Vec<Profile> = Vec::new();
        let mut profiles = submission.profiles;
        let strangers = faults.iter().find_map(|fault| match fault {
            FaultKind::ListsStranger { erases } => Some(*erases),
            _ => None,
        });
        // A profile of the same account that was never submitted.
        let stranger = strangers.and_then(|erases| {
            let mut others = self.profiles.iter().filter(|(id, _)| !profiles.contains(id));
            let anybody = |one: &Stored| one.client_id == submission.client_id && !one.erased;
            let (id, _) = others.find(|(_, one)| anybody(one) && one.profile.email != CONTROL)?;
            Some((*id, erases))
        });
        profiles.extend(stranger.map(|(id, _)| id));
        for profile_id in profiles {
            let Some(stored) = self.profiles.get_mut(&profile_id) else {
                continue;
            };
            if stored.client_id != submission.client_id || listed.iter().any(|l| l.0 == profile_id) {
                continue;
            }
            let crm_key = match submission.rule_type {
                RuleType::ForgottenRight => ANONYMOUS_EMAIL.to_owned(),
                RuleType::ExportData => stored.profile.trigramme.clone(),
            };
            listed.push((profile_id, crm_key));
            if !erases || stranger == Some((profile_id, false)) {
                continue;
            }
            self.journal.erasures.push(Erasure {
                profile_id,
                rule_id: id.clone(),
                at: stamp(at),
                already: stored.erased,
            });
            if !stored.erased {
                erased.push(stored.erase(at, &faults));
            }
        }
        for fault in &faults {
            match fault {
                FaultKind::MissingCrmIds { n } => {
                    listed.truncate(listed.len().saturating_sub(*n));
                }
                FaultKind::Reappears {} => self.bring_back(&erased, submission.client_id, at),
                _ => {}
            }
        }
        self.rules[index].finished = Some(Finished { at, listed });
    }

    /// Each erased person takes part once more: one new profile for each e-mail.
    fn bring_back(&mut self, erased: &[Profile], client_id: u64, at: Timestamp) {
        let mut people: Vec<&Profile> = Vec::new();
        for profile in erased {
            if !people.iter().any(|one| one.email == profile.email) {
                people.push(profile);
            }
        }
        for person in people {
            let again = Profile {
                id: 0,
                created_at: stamp(at),
                updated_at: stamp(at),
                client_id: Some(client_id),
                ..person.clone()
            };
            self.add_profiles(vec![again], at);
        }
    }

    fn next_profile_id(&self) -> u64 {
        self.profiles.keys().next_back().map_or(1, |last| last + 1)
    }
}

impl Stored {
    /// Anonymises it and returns the profile as it was.
    fn erase(&mut self, at: Timestamp, faults: &[FaultKind]) -> Profile {
        let anonymised = self.profile.anonymised(at);
        let before = std::mem::replace(&mut self.profile, anonymised);
        self.erased = true;
        self.ghost = faults.iter().find_map(|fault| match fault {
            FaultKind::StaleSearch { ms } => {
                at.checked_add(millis(*ms)).ok().map(|until| (before.clone(), until))
            }
            _ => None,
        });
        before
    }
}

fn millis(ms: u64) -> SignedDuration {
    SignedDuration::from_millis(i64::try_from(ms).unwrap_or(i64::MAX))
}
