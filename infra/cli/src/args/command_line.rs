//! `rightful`, its global flags and its commands.

use super::request::RequestCommand;
use super::source::SourceCommand;
use clap::{Args, Parser, Subcommand, value_parser};
use std::path::PathBuf;

const EXIT_CODES: &str = "\
Exit codes:
  0  done; with --wait and for watch: closed as fulfilled, nothing_found or dry_run, a synthetic request as
     dry_run
  1  it could not be done, or a receipt or a connector is not valid
  2  the command line was not understood
  3  the request is open or unknown
  4  the request closed with another outcome (partly_fulfilled, refused, failed or cancelled), or a row of
     --file was rejected or repeats a closed request

The deployment is the first of these: --stack FILE, --local, RIGHTFUL_STACK_FILE, and
target/local/stack.json in this folder or one above it.";

/// Sets up, feeds, watches and checks a deployment of Rightful, local or in AWS.
#[derive(Parser)]
#[command(name = "rightful", version, after_help = EXIT_CODES, max_term_width = 110)]
pub struct CommandLine {
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
    Source(SourceCommand),
    /// Requests of data subjects
    #[command(subcommand)]
    Request(RequestCommand),
    /// Receipts: checks one, fetches the keys
    #[command(subcommand)]
    Receipt(ReceiptCommand),
    /// Shows what operators changed in the deployment, newest first: data sources and ticketing systems
    Journal(JournalArgs),
    /// Ticketing systems: how tickets are answered
    #[command(subcommand)]
    Ticketing(TicketingCommand),
    /// Connectors: the vendors that this version can connect
    #[command(subcommand)]
    Connector(ConnectorCommand),
    /// Makes a link by which you sign in once on the pages, in a deployment for trials
    Console(ConsoleArgs),
    /// Moves every open request on now; the deployment does so by itself every few minutes
    Reconcile(ReconcileArgs),
    /// Makes the day's synthetic request, which checks that everything works and erases nothing; a deployment
    /// with a test address makes one by itself every day
    Synthetic(SyntheticArgs),
}

#[derive(Subcommand)]
pub enum ReceiptCommand {
    /// Checks a receipt file offline and says what it states
    Verify {
        /// The receipt file
        file: PathBuf,
        /// A JWK set, or a stack file with receipt_keys; without this flag, the keys saved in the stack file
        #[arg(long, value_name = "FILE")]
        keys: Option<PathBuf>,
    },
    /// Fetches the public key that verifies receipts, as a JWK set
    Keys {
        /// Write the JWK set to this file
        #[arg(short, long, value_name = "FILE")]
        output: Option<PathBuf>,
    },
}

#[derive(Args)]
pub struct JournalArgs {
    /// Show at most this many entries
    #[arg(long, default_value_t = 20, value_parser = value_parser!(u32).range(1..=1000))]
    pub limit: u32,
}

#[derive(Subcommand)]
pub enum TicketingCommand {
    /// Sets up how the tickets of a ticketing system are answered, or changes it
    Set(TicketingSet),
}

#[derive(Args)]
pub struct TicketingSet {
    /// The ticketing system
    #[arg(value_parser = ["zendesk"])]
    pub channel: String,
    /// base_url (https://ACCOUNT.zendesk.com) and user (the agent's e-mail address)
    #[arg(long, value_name = "NAME=VALUE")]
    pub set: Vec<String>,
    /// The API token, from a file or from standard input
    #[arg(long, value_name = "token=@FILE|token=-")]
    pub secret: Vec<String>,
}

#[derive(Subcommand)]
pub enum ConnectorCommand {
    /// Shows the connectors of this version, and what each needs
    List,
    /// Checks a connector definition; needs no deployment
    Check {
        /// A connector.yaml, or the folder that holds it
        file: PathBuf,
    },
}

#[derive(Args)]
pub struct ConsoleArgs {
    /// The name that people know you by, as the pages show it
    #[arg(long)]
    pub name: Option<String>,
    /// The role on the pages
    #[arg(long, value_parser = ["viewer", "operator", "reviewer", "administrator"], default_value = "administrator")]
    pub role: String,
}

#[derive(Args)]
pub struct ReconcileArgs {
    /// Run it now, in addition to the schedule
    #[arg(long, required = true)]
    pub now: bool,
}

#[derive(Args)]
pub struct SyntheticArgs {
    /// Make it now, unless the day (UTC) has one already
    #[arg(long, required = true)]
    pub now: bool,
    /// Watch the day's request until it is closed
    #[arg(long)]
    pub wait: bool,
    /// Stop watching after this many seconds
    #[arg(long, value_name = "SECONDS", requires = "wait")]
    pub timeout: Option<u64>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    fn parse(line: &str) -> Result<CommandLine, clap::Error> {
        CommandLine::try_parse_from(line.split(' '))
    }

    #[test]
    fn the_command_line_is_consistent() {
        CommandLine::command().debug_assert();
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
}
