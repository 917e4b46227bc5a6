//! The words about a route in infra/openapi.yaml. The handler's types give the shapes.

#![cfg_attr(not(feature = "schema"), expect(dead_code, reason = "only infra/openapi.yaml has these words"))]

use rightful_domain::base::code::Code;

/// The words about a route.
#[derive(Clone, Copy)]
pub(crate) struct Docs {
    /// Its name for clients: the `operationId`.
    pub id: &'static str,
    pub subject: &'static Subject,
    /// A few words.
    pub summary: &'static str,
    pub description: &'static str,
    /// An example of the body, where the handler reads one.
    pub takes: Option<Example>,
    /// An example of the answer, in JSON.
    pub shows: Option<&'static str>,
    /// The meaning of a success where "Done." says too little, by its status.
    pub success: &'static [(u16, &'static str)],
    /// The errors that not every route of its kind has.
    pub errors: &'static [Code],
}

impl Docs {
    /// Members that a route may leave out.
    pub const NONE: Self = Self {
        id: "",
        subject: &REQUESTS,
        summary: "",
        description: "",
        takes: None,
        shows: None,
        success: &[],
        errors: &[],
    };
}

/// An example of a body, in JSON.
#[derive(Clone, Copy)]
pub(crate) enum Example {
    /// The call needs a body.
    Required(&'static str),
    /// The call can go without a body.
    Optional(&'static str),
}

/// A group of routes.
pub(crate) struct Subject {
    pub name: &'static str,
    pub description: &'static str,
}

const fn subject(name: &'static str, description: &'static str) -> Subject {
    Subject { name, description }
}

pub(crate) const DATA_SOURCES: Subject =
    subject("Data sources", "The systems that Rightful can search and erase from.");
pub(crate) const TICKETS: Subject =
    subject("Tickets", "How Rightful answers the tickets that requests come from.");
pub(crate) const REQUESTS: Subject = subject("Requests", "The demands of data subjects and their progress.");
pub(crate) const PROCESS: Subject = subject("Process", "Decisions and acts of operators.");
pub(crate) const REPLY: Subject =
    subject("Reply", "The copy for the data subject, and the receipt for the authority.");
pub(crate) const JOURNAL: Subject = subject("Journal", "Who did what to the deployment.");

pub(crate) const CONSOLE: Subject =
    subject("Console", "The pages on which operators work without a terminal.");

/// All subjects, in the document's order.
pub(crate) const SUBJECTS: [&Subject; 7] =
    [&DATA_SOURCES, &TICKETS, &REQUESTS, &PROCESS, &REPLY, &JOURNAL, &CONSOLE];
