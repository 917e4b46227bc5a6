//! The command line: names, help and shapes. What a value means is checked where it is used.
//!
//! Values that may be personal data or secrets are taken as they are, because clap repeats a value
//! that it refuses.

use clap::{Args, Parser, Subcommand, ValueEnum};
use rightful_domain::law::ground::{Ground, RefusalGround};
use rightful_domain::law::right::Right;
use std::path::PathBuf;

const EXIT_CODES: &str = "\
Exit codes:
  0  done; for --wait and watch: closed as fulfilled, nothing_found or dry_run; a synthetic request:
     closed as dry_run
  1  it could not be done, or a receipt or a connector is not right
  2  the command line was not understood
  3  the request is open or unknown
  4  the request closed with another outcome (partly_fulfilled, refused, failed or cancelled), or a
     row of --file was rejected

The deployment is, in this order: --stack FILE, --local, RIGHTFUL_STACK_FILE, and
target/local/stack.json in this folder or one above it.";

/// Sets up, feeds, watches and checks a deployment of Rightful, local or in AWS.
#[derive(Parser)]
#[command(name = "rightful", version, after_help = EXIT_CODES, max_term_width = 110)]
pub struct Cli {
    #[command(flatten)]
    pub global: Global,
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Args)]
#[command(next_help_heading = "Everywhere")]
pub struct Global {
    /// Answer in JSON
    #[arg(long, global = true)]
    pub json: bool,
    /// Use the local stack (`make up`); the default while it is up
    #[arg(long, global = true)]
    pub local: bool,
    /// Use the deployment whose outputs are in this file (`make deploy` writes one) [env: RIGHTFUL_STACK_FILE]
    #[arg(long, global = true, value_name = "FILE", conflicts_with = "local")]
    pub stack: Option<PathBuf>,
    /// The AWS profile, for a deployment in AWS
    #[arg(long, global = true)]
    pub profile: Option<String>,
    /// The AWS region, instead of the stack file's
    #[arg(long, global = true)]
    pub region: Option<String>,
}

#[derive(Subcommand)]
pub enum Command {
    /// Data sources: connectors set up for use
    #[command(subcommand)]
    Source(Source),
    /// Requests of data subjects
    #[command(subcommand)]
    Request(Request),
    /// Receipts: check one, fetch the keys
    #[command(subcommand)]
    Receipt(Receipt),
    /// What operators did to the deployment, the newest first: data sources and ticketing systems
    Journal(Journal),
    /// Ticketing systems: what answers tickets
    #[command(subcommand)]
    Ticketing(Ticketing),
    /// Connectors: what this version can connect
    #[command(subcommand)]
    Connector(Connector),
    /// Brings every open request forward; the deployment does so by itself every few minutes
    Reconcile(Reconcile),
    /// Makes the day's synthetic request, which shows that everything works and erases nothing; the
    /// deployment does so by itself once a day where it has a test address
    Synthetic(Synthetic),
}

#[derive(Subcommand)]
pub enum Source {
    /// Connects a data source
    Add(SourceAdd),
    /// Shows the connected data sources, then what can be connected, and what each needs
    List,
    /// Shows a data source: its target, parameters and control, what it finds people by, who decides there
    Show {
        /// The data source
        id: String,
    },
    /// Asks the vendor something harmless, from where the data source is used, and searches for its control
    Test {
        /// The data source
        id: String,
    },
    /// Lets new requests go to it again
    Enable {
        /// The data source
        id: String,
    },
    /// Lets no new request go to it; those under way go on
    Disable {
        /// The data source
        id: String,
    },
    /// Changes parameters, the secret, the control or the review policies; what isn't named stays as it is
    Change(SourceChange),
    /// Removes a data source that no open request goes to, and its secret
    Remove {
        /// The data source
        id: String,
        /// Really remove it
        #[arg(long)]
        yes: bool,
    },
}

#[derive(Args)]
pub struct SourceAdd {
    /// The connector, such as qualifio (`rightful connector list`)
    pub connector: String,
    /// The data source's name: 1 to 32 of a-z, 0-9 and -
    #[arg(long)]
    pub id: String,
    /// A parameter of the connector
    #[arg(long, value_name = "NAME=VALUE")]
    pub set: Vec<String>,
    /// A field of the secret, from a file or from standard input
    #[arg(long, value_name = "NAME=@FILE|NAME=-")]
    pub secret: Vec<String>,
    /// Who decides on what is found there, instead of the deployment's policy: auto, over:N or always
    #[arg(long, value_name = "RIGHT=POLICY")]
    pub review: Vec<String>,
    /// An invented person's identifier, whose record every search there must find; never a data subject's
    #[arg(long, value_name = "KIND=VALUE")]
    pub control: Option<String>,
}

#[derive(Args)]
pub struct SourceChange {
    /// The data source
    pub id: String,
    /// A parameter that gets another value
    #[arg(long, value_name = "NAME=VALUE")]
    pub set: Vec<String>,
    /// A parameter that gets its default again
    #[arg(long, value_name = "NAME")]
    pub unset: Vec<String>,
    /// A new secret: all of its fields, each from a file or from standard input
    #[arg(long, value_name = "NAME=@FILE|NAME=-")]
    pub secret: Vec<String>,
    /// Who decides on what is found there: auto, over:N or always, or `deployment` for the deployment's own policy
    #[arg(long, value_name = "RIGHT=POLICY")]
    pub review: Vec<String>,
    /// An invented person's identifier, whose record every search there must find; never a data subject's
    #[arg(long, value_name = "KIND=VALUE")]
    pub control: Option<String>,
    /// Takes the control away: two looks in a row are needed then
    #[arg(long, conflicts_with = "control")]
    pub no_control: bool,
    /// Changes it although open tasks can't go on as they are; without it they are listed and nothing changes
    #[arg(long)]
    pub force: bool,
}

#[derive(Clone, Copy, ValueEnum)]
pub enum RightArg {
    Erasure,
    Access,
}

impl From<RightArg> for Right {
    fn from(right: RightArg) -> Self {
        match right {
            RightArg::Erasure => Right::Erasure,
            RightArg::Access => Right::Access,
        }
    }
}

/// The grounds of a refusal, by their names in every layer.
#[derive(Clone, Copy, ValueEnum)]
pub enum RefusalArg {
    /// Freedom of expression and information
    #[value(name = "art_17_3_a")]
    Expression,
    /// A legal obligation, or a task in the public interest
    #[value(name = "art_17_3_b")]
    LegalObligation,
    /// Public health
    #[value(name = "art_17_3_c")]
    PublicHealth,
    /// Archiving, research or statistics
    #[value(name = "art_17_3_d")]
    Archiving,
    /// Legal claims
    #[value(name = "art_17_3_e")]
    LegalClaims,
    /// Manifestly unfounded or excessive
    #[value(name = "art_12_5")]
    UnfoundedOrExcessive,
}

impl From<RefusalArg> for RefusalGround {
    fn from(ground: RefusalArg) -> Self {
        match ground {
            RefusalArg::Expression => RefusalGround::Expression,
            RefusalArg::LegalObligation => RefusalGround::LegalObligation,
            RefusalArg::PublicHealth => RefusalGround::PublicHealth,
            RefusalArg::Archiving => RefusalGround::Archiving,
            RefusalArg::LegalClaims => RefusalGround::LegalClaims,
            RefusalArg::UnfoundedOrExcessive => RefusalGround::UnfoundedOrExcessive,
        }
    }
}

#[derive(Clone, Copy, ValueEnum)]
pub enum GroundArg {
    /// The request is complex
    Complexity,
    /// The data subject made many requests
    NumberOfRequests,
}

impl From<GroundArg> for Ground {
    fn from(ground: GroundArg) -> Self {
        match ground {
            GroundArg::Complexity => Ground::Complexity,
            GroundArg::NumberOfRequests => Ground::NumberOfRequests,
        }
    }
}

#[derive(Subcommand)]
pub enum Request {
    /// Makes a request and starts its workflow, or one for each row of a CSV file
    New(RequestNew),
    /// Shows requests, the newest first
    List(RequestList),
    /// Shows a request with its tasks
    Show {
        /// The request
        id: String,
        /// Show every event, and check that they follow each other
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
    /// Gives one data source an identifier, in place of another one of its kind, and has it searched again
    Identify {
        /// The request
        id: String,
        /// The data source
        #[arg(long, value_name = "ID")]
        source: String,
        /// Who it is about there; `email=-` reads standard input, `email=@FILE` a file
        #[arg(long, value_name = "KIND=VALUE")]
        identifier: String,
    },
    /// Shows which records were found at a data source, on the operator's own screen; each time is recorded
    Records {
        /// The request
        id: String,
        /// The data source
        #[arg(long, value_name = "ID")]
        source: String,
        /// Ask the vendor now, and show each record with what found it and the fields that tell who it is, those that were set aside too
        #[arg(long)]
        who: bool,
        /// Print them although standard output is no terminal: they are personal data
        #[arg(long)]
        print: bool,
    },
    /// Decides on exactly the records that were found
    Review(RequestReview),
    /// Shows why persons decided as they did, until the person is forgotten; each time is recorded
    Reasons {
        /// The request
        id: String,
        /// Print them although standard output is no terminal: they may be personal data
        #[arg(long)]
        print: bool,
    },
    /// Has one data source of an open request run again, from its search on
    Run {
        /// The request
        id: String,
        /// The data source
        #[arg(long, value_name = "ID")]
        source: String,
    },
    /// Opens a closed request again, while its person is remembered
    Reopen {
        /// The request
        id: String,
        /// A data source that runs again; without one, all that were not acted on
        #[arg(long, value_name = "ID")]
        source: Vec<String>,
    },
    /// Calls a request off, as long as nothing was submitted for it
    Cancel {
        /// The request
        id: String,
    },
    /// Says how a task ended that was handed to a person, or can't be searched; it is recorded as your word, never as verified
    State(RequestStated),
    /// Extends a request's legal date, while its first month lasts
    Extend {
        /// The request
        id: String,
        /// By how many months in all, beside the first one: 1 or 2
        #[arg(long, value_parser = clap::value_parser!(u8).range(1..=2))]
        months: u8,
        /// Why (Art. 12(3) GDPR)
        #[arg(long)]
        ground: GroundArg,
    },
    /// Fetches the copy of a closed request for access
    Copy {
        /// The request
        id: String,
        /// Write the copy here; only this user can read the file
        #[arg(short, long, value_name = "FILE", required_unless_present = "link")]
        output: Option<PathBuf>,
        /// Write over the file that is there
        #[arg(long)]
        force: bool,
        /// Print the link instead: whoever has it can fetch the copy
        #[arg(long, conflicts_with_all = ["output", "force"])]
        link: bool,
    },
    /// Shows a closed request's receipt
    Receipt {
        /// The request
        id: String,
        /// That of an earlier closing of a reopened request, counted from 0
        #[arg(long, value_name = "N")]
        closing: Option<u32>,
        /// Write the receipt file here
        #[arg(short, long, value_name = "FILE")]
        output: Option<PathBuf>,
    },
}

#[derive(Args)]
pub struct RequestNew {
    /// What the data subject demands; with --file, for rows that don't say it
    #[arg(long, required_unless_present = "file")]
    pub right: Option<RightArg>,
    /// Who it is about; `email=-` reads standard input, `email=@FILE` a file, so that the shell's history doesn't keep it
    #[arg(long, value_name = "KIND=VALUE", required_unless_present = "file")]
    pub identifier: Vec<String>,
    /// Ask this data source; without it, all that are enabled
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
    /// Make one request for each row: a CSV file with a header of identifier kinds (email, phone, …) and,
    /// if wanted, right, reference, sources, dry_run and received_at
    #[arg(long, value_name = "FILE", conflicts_with_all = ["identifier", "reference", "wait"])]
    pub file: Option<PathBuf>,
    /// What this batch is called; the same row of the same batch makes one request, however often it is sent [default: the file's name]
    #[arg(long, value_name = "NAME", requires = "file", conflicts_with = "identifier")]
    pub batch: Option<String>,
    /// Watch it until it is closed
    #[arg(long)]
    pub wait: bool,
    #[command(flatten)]
    pub watching: Watching,
}

#[derive(Args)]
pub struct RequestList {
    /// How many at most
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub limit: u32,
    /// All of them, page by page
    #[arg(long, conflicts_with = "limit")]
    pub all: bool,
    /// Only those that are open
    #[arg(long)]
    pub open: bool,
    /// Only those that are closed
    #[arg(long, conflicts_with = "open")]
    pub closed: bool,
}

#[derive(Args)]
#[command(group = clap::ArgGroup::new("verdict").required(true).args(["proceed", "refuse", "leave_out"]))]
pub struct RequestReview {
    /// The request
    pub id: String,
    /// Act on exactly the records that were found; where nothing was found, confirm that there is nothing
    #[arg(long)]
    pub proceed: bool,
    /// Do nothing, on a legal ground
    #[arg(long, requires = "ground")]
    pub refuse: bool,
    /// Go on without a data source that lacks its identifier, or that can't be searched
    #[arg(long)]
    pub leave_out: bool,
    /// Decide on this data source; without it, on all that wait. One that can't be searched has to be named
    #[arg(long, value_name = "ID")]
    pub source: Vec<String>,
    /// The legal ground of a refusal (GDPR); access is refused under art_12_5 alone
    #[arg(long, requires = "refuse", conflicts_with_all = ["proceed", "leave_out"])]
    pub ground: Option<RefusalArg>,
    /// The digest that you saw of a data source's records, or its first 8 characters; `none` where none was found. Another one is refused. Needed for --proceed and --refuse where no terminal is there to ask on
    #[arg(long, value_name = "ID=DIGEST")]
    pub seen: Vec<String>,
    /// How many records of those decided on show another value than the request's, and are acted on all the same
    #[arg(long, value_name = "N")]
    pub confirm_marked: Option<u32>,
    /// How many records were set aside although they contain the identifier: you confirm that none is the person's
    #[arg(long, value_name = "N")]
    pub confirm_set_aside: Option<u32>,
    /// Why, in your own words: encrypted, and gone with the person; `-` reads standard input, `@FILE` a file
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
}

#[derive(Args)]
#[command(group = clap::ArgGroup::new("finding").required(true).args(["erased", "failed"]))]
pub struct RequestStated {
    /// The request
    pub id: String,
    /// The data source
    #[arg(long, value_name = "ID")]
    pub source: String,
    /// Its records are erased
    #[arg(long)]
    pub erased: bool,
    /// They are not, and won't be
    #[arg(long)]
    pub failed: bool,
    /// How you know, in your own words: encrypted, and gone with the person; `-` reads standard input, `@FILE` a file
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
}

#[derive(Args)]
pub struct Journal {
    /// How many entries at most
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub limit: u32,
}

#[derive(Args, Clone, Copy)]
pub struct Watching {
    /// Stop watching after so many seconds
    #[arg(long, value_name = "SECONDS")]
    pub timeout: Option<u64>,
    /// Go on watching while a task is unknown
    #[arg(long)]
    pub until_closed: bool,
}

#[derive(Subcommand)]
pub enum Receipt {
    /// Checks a receipt file offline and says what it states
    Verify {
        /// The receipt file
        file: PathBuf,
        /// A JWK set, or a stack file with receipt_keys; without it, the keys saved in the stack file
        #[arg(long, value_name = "FILE")]
        keys: Option<PathBuf>,
    },
    /// Fetches the public key that receipts are signed with, as a JWK set
    Keys {
        /// Write the JWK set here
        #[arg(short, long, value_name = "FILE")]
        output: Option<PathBuf>,
    },
}

#[derive(Subcommand)]
pub enum Ticketing {
    /// Sets up how the tickets of a ticketing system are answered, or changes it
    Set(TicketingSet),
}

#[derive(Args)]
pub struct TicketingSet {
    /// The ticketing system
    pub channel: TicketingChannel,
    /// base_url (https://ACCOUNT.zendesk.com) and user (the agent's e-mail address)
    #[arg(long, value_name = "NAME=VALUE")]
    pub set: Vec<String>,
    /// The API token, from a file or from standard input
    #[arg(long, value_name = "token=@FILE|token=-")]
    pub secret: Vec<String>,
}

#[derive(Clone, Copy, ValueEnum)]
pub enum TicketingChannel {
    Zendesk,
}

impl TicketingChannel {
    /// The channel's name in every layer.
    pub fn name(self) -> &'static str {
        match self {
            TicketingChannel::Zendesk => "zendesk",
        }
    }
}

#[derive(Subcommand)]
pub enum Connector {
    /// Shows the connectors of this version, and what each needs
    List,
    /// Checks a connector definition; needs no deployment
    Check {
        /// A connector.yaml, or the folder that holds it
        file: PathBuf,
    },
}

#[derive(Args)]
pub struct Reconcile {
    /// Run it now, beside the schedule
    #[arg(long, required = true)]
    pub now: bool,
}

#[derive(Args)]
pub struct Synthetic {
    /// Make it now, unless the day (UTC) has one already
    #[arg(long, required = true)]
    pub now: bool,
    /// Watch the day's request until it is closed
    #[arg(long)]
    pub wait: bool,
    /// Stop watching after so many seconds
    #[arg(long, value_name = "SECONDS", requires = "wait")]
    pub timeout: Option<u64>,
}

/// clap's message, without any word of the command line that may be personal data or a secret: it
/// repeats what it doesn't understand.
pub fn masked(message: &str) -> String {
    let telling = |word: &str| {
        word.contains('@')
            || word.chars().filter(char::is_ascii_digit).count() >= 5
            || (word.contains('=') && !word.starts_with('-'))
    };
    let parts: Vec<&str> = message.split('\'').collect();
    if parts.len().is_multiple_of(2) {
        // An apostrophe in a value: nothing tells where it ends.
        return "error: the command line was not understood; see --help\n".to_owned();
    }
    let masked: Vec<&str> = parts
        .iter()
        .enumerate()
        .map(|(index, part)| {
            let placeholder = part.contains('<') || part.contains("...");
            if index % 2 == 1 && !placeholder && telling(part) { "***" } else { part }
        })
        .collect();
    masked.join("'")
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    fn parse(line: &str) -> Result<Cli, clap::Error> {
        Cli::try_parse_from(line.split(' '))
    }

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_command_of_this_version_parses() {
        for line in [
            "rightful source add qualifio --id main --set client_id=1 --set user_id=2 --secret token=@f",
            "rightful source list --json",
            "rightful source add qualifio --id main --review erasure=always --review access=over:5",
            "rightful source add qualifio --id main --control email=control@example.com",
            "rightful source change main --set host=b --secret token=@f --force",
            "rightful source change main --control email=control@example.com",
            "rightful source change main --no-control",
            "rightful source show main",
            "rightful source test main --local",
            "rightful source enable main",
            "rightful source disable main",
            "rightful source change main --set a=b --unset c --secret token=- --review access=deployment",
            "rightful source remove main --yes",
            "rightful request new --file people.csv --right erasure --source a --dry-run --batch may",
            "rightful request new --file people.csv",
            "rightful request identify 1 --source s --identifier email=-",
            "rightful request records 1 --source s --print",
            "rightful request review 1 --proceed --reason ok",
            "rightful request review 1 --refuse --ground art_17_3_b --source s --reason @f",
            "rightful request review 1 --leave-out --reason - --seen s=0123456789",
            "rightful request run 1 --source s",
            "rightful request reopen 1 --source s --source t",
            "rightful request cancel 1",
            "rightful request state 1 --source s --erased --reason -",
            "rightful request state 1 --source s --failed --reason seen",
            "rightful request copy 1 -o f --force",
            "rightful request copy 1 --link",
            "rightful request receipt 1 --closing 0",
            "rightful journal --limit 5",
            "rightful request new --right erasure --identifier email=- --source a --source b --dry-run --reference T-1 --wait",
            "rightful request list --limit 5 --open",
            "rightful request list --all --closed",
            "rightful request show 1 --events",
            "rightful request watch 1 --timeout 5 --until-closed",
            "rightful request extend 1 --months 2 --ground complexity",
            "rightful request extend 1 --months 1 --ground number-of-requests --json",
            "rightful request receipt 1 -o f",
            "rightful receipt verify f --keys k",
            "rightful receipt keys -o k --profile p --region eu-west-1 --stack s.json",
            "rightful ticketing set zendesk --set base_url=https://e.zendesk.com --set user=a@example.com --secret token=-",
            "rightful connector list",
            "rightful connector check f",
            "rightful reconcile --now",
            "rightful synthetic --now",
            "rightful synthetic --now --wait --timeout 60 --json",
        ] {
            assert!(parse(line).is_ok(), "{line}");
        }
    }

    #[test]
    fn what_is_missing_or_contradicts_itself_is_refused() {
        for line in [
            "rightful",
            "rightful reconcile",
            "rightful synthetic",
            "rightful synthetic --wait",
            "rightful synthetic --now --timeout 60",
            "rightful request new --right erasure",
            "rightful request new --identifier email=-",
            "rightful request new --right forget --identifier email=-",
            "rightful source add qualifio",
            "rightful source list --local --stack f",
            "rightful source change main --control email=control@example.com --no-control",
            "rightful request list --limit 0",
            "rightful request list --open --closed",
            "rightful request new --file f --right erasure --wait",
            "rightful request new --file f --identifier email=-",
            "rightful request new --right erasure --identifier email=- --batch may",
            "rightful request review 1 --reason because",
            "rightful request review 1 --proceed",
            "rightful request review 1 --proceed --refuse --ground art_12_5 --reason because",
            "rightful request review 1 --refuse --reason because",
            "rightful request review 1 --refuse --ground art_17 --reason because",
            "rightful request review 1 --proceed --ground art_12_5 --reason because",
            "rightful request state 1 --source s --reason because",
            "rightful request state 1 --source s --erased --failed --reason because",
            "rightful request identify 1 --identifier email=-",
            "rightful request run 1",
            "rightful request copy 1",
            "rightful request copy 1 -o f --link",
            "rightful request extend 1 --months 3 --ground complexity",
            "rightful request extend 1 --months 1",
            "rightful request extend 1 --months 1 --ground because",
            "rightful ticketing set",
            "rightful ticketing set jira",
        ] {
            assert!(parse(line).is_err(), "{line}");
        }
    }

    #[test]
    fn a_misplaced_identifier_is_not_repeated() {
        for line in [
            "rightful request new --right erasure --identifier email=- ann@example.com",
            "rightful request ann@example.com",
            "rightful request new --right ann@example.com --identifier email=-",
            "rightful request list --limit ann@example.com",
            "rightful request new --identifer email=ann@example.com",
            "rightful request new --right erasure --identifier email=- +32470000000",
            "rightful request new --right erasure --identifier email=- o'ann@example.com",
            "rightful request identify 1 --source s email=ann@example.com",
            "rightful request review 1 --proceed ann@example.com",
            "rightful request review 1 --refuse --ground ann@example.com --reason r",
            "rightful request new --file f --right ann@example.com",
        ] {
            let Err(error) = parse(line) else { panic!("{line} parses") };
            let shown = masked(&error.render().to_string());
            assert!(!shown.contains("ann@") && !shown.contains("32470000000"), "{shown}");
        }
    }

    #[test]
    fn a_masked_message_still_says_what_is_wrong() {
        let Err(error) = parse("rightful request new --rihgt erasure") else { panic!("it parses") };
        let shown = masked(&error.render().to_string());
        assert!(shown.contains("'--rihgt'") && shown.contains("--right"), "{shown}");
    }
}
