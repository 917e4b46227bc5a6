//! `rightful request …`.

use super::one_of::{extension_ground, refusal_ground, right};
use clap::{ArgGroup, Args, Subcommand, value_parser};
use rightful_domain::law::ground::{Ground, RefusalGround};
use rightful_domain::law::right::Right;
use std::path::PathBuf;

#[derive(Subcommand)]
pub enum RequestCommand {
    /// Makes a request and starts its workflow, or makes one for each row of a CSV file
    New(RequestNew),
    /// Shows requests, newest first
    List(RequestList),
    /// Finds the requests of a person who is not forgotten yet
    Find {
        /// The identifier that the request named first: the e-mail, or the first one if it named no e-mail; `email=-` reads standard input, `email=@FILE` a file
        #[arg(long, value_name = "KIND=VALUE")]
        identifier: String,
    },
    /// Shows a request with its tasks
    Show {
        /// The request
        id: String,
        /// Show every event, and check that none was changed or removed
        #[arg(long)]
        events: bool,
    },
    /// Shows a request's progress until it is closed
    Watch {
        /// The request
        id: String,
        #[command(flatten)]
        watching: Watching,
    },
    /// Gives a data source an identifier, in place of others of that kind, and has it searched again
    Identify {
        /// The request
        id: String,
        /// The data source
        #[arg(long, value_name = "ID")]
        source: String,
        /// The person's identifier there; `email=-` reads standard input, `email=@FILE` a file
        #[arg(long, value_name = "KIND=VALUE")]
        identifier: String,
    },
    /// Shows the records that were found at a data source; each time is recorded
    Records {
        /// The request
        id: String,
        /// The data source
        #[arg(long, value_name = "ID")]
        source: String,
        /// Ask the vendor now, and show each record with the identifier that found it and the fields that tell who it is; includes records that were set aside
        #[arg(long)]
        who: bool,
        /// Print them even if standard output is no terminal: they are personal data
        #[arg(long)]
        print: bool,
    },
    /// Decides on exactly the records that were found
    Review(RequestReview),
    /// Shows the person's identifiers, until the person is forgotten; each time is recorded
    Identifiers {
        /// The request
        id: String,
        /// Print them even if standard output is no terminal: they are personal data
        #[arg(long)]
        print: bool,
    },
    /// Shows the reasons of the people who decided, until the person is forgotten; each time is recorded
    Reasons {
        /// The request
        id: String,
        /// Print them even if standard output is no terminal: they may be personal data
        #[arg(long)]
        print: bool,
    },
    /// Runs a data source of an open request again, starting with its search
    Run {
        /// The request
        id: String,
        /// The data source
        #[arg(long, value_name = "ID")]
        source: String,
    },
    /// Reopens a closed request, as long as its person is not forgotten
    Reopen {
        /// The request
        id: String,
        /// A data source to run again; without this flag, all that were not acted on
        #[arg(long, value_name = "ID")]
        source: Vec<String>,
    },
    /// Cancels a request, as long as nothing was submitted for it
    Cancel {
        /// The request
        id: String,
    },
    /// States how a task ended that was handed over to a person or can't be searched; it is recorded as your statement, never as verified
    State(RequestStatement),
    /// Extends a request's legal date; possible during its first month
    Extend {
        /// The request
        id: String,
        /// By how many months in all, beyond the first one: 1 or 2
        #[arg(long, value_parser = value_parser!(u8).range(1..=2))]
        months: u8,
        /// Why (Art. 12(3) GDPR)
        #[arg(long, value_parser = extension_ground())]
        ground: Ground,
    },
    /// Fetches the copy of a closed access request
    Copy {
        /// The request
        id: String,
        /// Write the copy to this file, which only this user can read
        #[arg(short, long, value_name = "FILE", required_unless_present = "link")]
        output: Option<PathBuf>,
        /// Overwrite an existing file
        #[arg(long)]
        force: bool,
        /// Print the link instead: anyone who has it can fetch the copy
        #[arg(long, conflicts_with_all = ["output", "force"])]
        link: bool,
    },
    /// Shows a closed request's receipt
    Receipt {
        /// The request
        id: String,
        /// The receipt of an earlier closing of a reopened request, counted from 0
        #[arg(long, value_name = "N")]
        closing: Option<u32>,
        /// Write the receipt to this file
        #[arg(short, long, value_name = "FILE")]
        output: Option<PathBuf>,
    },
}

#[derive(Args)]
pub struct RequestNew {
    /// The right that the data subject exercises; with --file, the right for rows that name none
    #[arg(long, required_unless_present = "file", value_parser = right())]
    pub right: Option<Right>,
    /// Who it is about; `email=-` reads standard input and `email=@FILE` a file, which keeps the value out of the shell's history
    #[arg(long, value_name = "KIND=VALUE", required_unless_present = "file")]
    pub identifier: Vec<String>,
    /// A data source to ask; without this flag, all that are enabled
    #[arg(long, value_name = "ID")]
    pub source: Vec<String>,
    /// Erase and copy nothing: run the vendor's own dry run, or only search
    #[arg(long)]
    pub dry_run: bool,
    /// The ticket's number; no e-mail address or name
    #[arg(long, value_name = "TICKET")]
    pub reference: Option<String>,
    /// When the person asked: a day such as 2026-11-21, or a time with its zone; the legal month counts from
    /// there [default: now]
    #[arg(long, value_name = "DAY")]
    pub received_at: Option<String>,
    /// Make one request for each row of a CSV file. Its header names kinds of identifiers (email, phone, …) and,
    /// optionally, right, reference, sources, dry_run and received_at
    #[arg(long, value_name = "FILE", conflicts_with_all = ["identifier", "reference", "wait"])]
    pub file: Option<PathBuf>,
    /// The batch's name; the same row of the same batch makes only one request, however often it is sent [default: the file's name]
    #[arg(long, value_name = "NAME", requires = "file", conflicts_with = "identifier")]
    pub batch: Option<String>,
    /// Watch the request until it is closed
    #[arg(long)]
    pub wait: bool,
    #[command(flatten)]
    pub watching: Watching,
}

#[derive(Args)]
pub struct RequestList {
    /// Show at most this many
    #[arg(long, default_value_t = 20, value_parser = value_parser!(u32).range(1..=1000))]
    pub limit: u32,
    /// Show all of them
    #[arg(long, conflicts_with = "limit")]
    pub all: bool,
    /// Show only open requests
    #[arg(long)]
    pub open: bool,
    /// Show only closed requests
    #[arg(long, conflicts_with = "open")]
    pub closed: bool,
    /// Show open requests, those that wait for a person first, then the soonest legal date
    #[arg(long, conflicts_with_all = ["open", "closed"])]
    pub urgent: bool,
    /// With --urgent: show only those that wait for a person
    #[arg(long, requires = "urgent")]
    pub person: bool,
    /// With --urgent: show only those whose legal date is at most so many days away; 0 shows overdue ones
    #[arg(long, requires = "urgent", value_name = "DAYS")]
    pub due_within: Option<u32>,
    /// With --urgent: show only requests for this right
    #[arg(long, requires = "urgent", value_parser = right())]
    pub right: Option<Right>,
    /// With --urgent: show only requests that ask this data source
    #[arg(long, requires = "urgent", value_name = "ID")]
    pub source: Option<String>,
}

#[derive(Args)]
#[command(group = ArgGroup::new("verdict").required(true).args(["proceed", "refuse", "leave_out"]))]
pub struct RequestReview {
    /// The request
    pub id: String,
    /// Act on exactly the records that were found; where nothing was found, confirm that there is nothing
    #[arg(long)]
    pub proceed: bool,
    /// Do nothing, on a legal ground
    #[arg(long, requires = "ground")]
    pub refuse: bool,
    /// Go on without a data source that lacks its identifier or can't be searched
    #[arg(long)]
    pub leave_out: bool,
    /// A data source to decide on; without this flag, all that are waiting. One that can't be searched has to be named
    #[arg(long, value_name = "ID")]
    pub source: Vec<String>,
    /// The legal ground of a refusal (GDPR); access can only be refused under art_12_5
    #[arg(long, requires = "refuse", conflicts_with_all = ["proceed", "leave_out"], value_parser = refusal_ground())]
    pub ground: Option<RefusalGround>,
    /// The digest that you saw of a data source's records, or its first 8 characters; `none` where nothing was found. Any other digest is refused. Needed for --proceed and --refuse when there is no terminal to ask on
    #[arg(long, value_name = "ID=DIGEST")]
    pub seen: Vec<String>,
    /// The number of records that show another value than the request's: you confirm that they are acted on all the same
    #[arg(long, value_name = "N")]
    pub confirm_marked: Option<u32>,
    /// The number of records that were set aside although they contain the identifier: you confirm that none is the person's
    #[arg(long, value_name = "N")]
    pub confirm_set_aside: Option<u32>,
    /// Why, in your own words: encrypted, and deleted once the person is forgotten; `-` reads standard input, `@FILE` a file
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
}

#[derive(Args)]
#[command(group = ArgGroup::new("finding").required(true).args(["erased", "failed"]))]
pub struct RequestStatement {
    /// The request
    pub id: String,
    /// The data source
    #[arg(long, value_name = "ID")]
    pub source: String,
    /// The records there are erased
    #[arg(long)]
    pub erased: bool,
    /// The records there are not erased, and won't be
    #[arg(long)]
    pub failed: bool,
    /// How you know, in your own words: encrypted, and deleted once the person is forgotten; `-` reads standard input, `@FILE` a file
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
}

#[derive(Args, Clone, Copy)]
pub struct Watching {
    /// Stop watching after this many seconds
    #[arg(long, value_name = "SECONDS")]
    pub timeout: Option<u64>,
    /// Keep watching while a task is unknown or waits for a person
    #[arg(long)]
    pub until_closed: bool,
}
