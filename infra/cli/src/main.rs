//! `rightful`: sets up, feeds, watches and checks a deployment, local or in AWS.
//!
//! Architecture Invariant: no identifier of a data subject and no secret is ever printed, not even
//! back to whoever typed it; what a command says is said in two sentences, what is wrong and what to
//! do. What happens to a request is decided by the domain's operations, never here.

mod args;
mod bars;
mod codes;
mod connector;
mod deployment;
mod extend;
#[cfg(test)]
mod fixtures;
mod input;
mod output;
mod receipt;
mod reconcile;
mod request;
mod show;
mod source;
mod statement;
mod ticketing;
mod watch;
mod words;

use anyhow::Result;
use args::{Cli, Command, Connector, Receipt, Request, Source, Ticketing};
use clap::Parser as _;
use clap::error::ErrorKind;
use deployment::Deployment;
use output::{FAILED, OK, Out, Told, USAGE};
use std::process::ExitCode;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return not_understood(&error),
    };
    let out = Out { json: cli.global.json };
    match run(&cli, out).await {
        Ok(code) => ExitCode::from(code),
        Err(error) if is_broken_pipe(&error) => ExitCode::from(OK),
        Err(error) => {
            let told = error.downcast_ref::<Told>();
            match told {
                Some(told) if out.json => eprintln!("{}", told.json()),
                _ => eprintln!("error: {error}"),
            }
            ExitCode::from(told.map_or(FAILED, |told| told.exit))
        }
    }
}

async fn run(cli: &Cli, out: Out) -> Result<u8> {
    let global = &cli.global;
    match &cli.command {
        Command::Connector(Connector::List) => connector::list(out),
        Command::Connector(Connector::Check { file }) => connector::check(out, file),
        Command::Receipt(Receipt::Verify { file, keys }) => {
            receipt::verify(out, global, file, keys.as_deref())
        }
        Command::Receipt(Receipt::Keys { output }) => {
            receipt::keys(out, &Deployment::open(global).await?, output.as_deref()).await
        }
        Command::Source(Source::Add(add)) => source::add(out, &Deployment::open(global).await?, add).await,
        Command::Source(Source::List) => source::list(out, &Deployment::open(global).await?).await,
        Command::Source(Source::Test { id }) => {
            let id = source::id(id)?;
            source::test(out, &Deployment::open(global).await?, &id).await
        }
        Command::Request(Request::New(new)) => request::new(out, &Deployment::open(global).await?, new).await,
        Command::Request(Request::List { limit, open }) => {
            request::list(out, &Deployment::open(global).await?, *limit, *open).await
        }
        Command::Request(Request::Show { id, events }) => {
            let id = request::id(id)?;
            show::show(out, &Deployment::open(global).await?, id, *events).await
        }
        Command::Request(Request::Watch { id, watching }) => {
            let id = request::id(id)?;
            watch::watch(out, &Deployment::open(global).await?, id, *watching).await
        }
        Command::Request(Request::Extend { id, months, ground }) => {
            let id = request::id(id)?;
            extend::extend(out, &Deployment::open(global).await?, id, *months, (*ground).into()).await
        }
        Command::Request(Request::Receipt { id, output }) => {
            let id = request::id(id)?;
            receipt::of_request(out, &Deployment::open(global).await?, id, output.as_deref()).await
        }
        Command::Ticketing(Ticketing::Set(set)) => {
            ticketing::set(out, &Deployment::open(global).await?, set).await
        }
        Command::Reconcile(_) => reconcile::now(out, &Deployment::open(global).await?).await,
    }
}

/// Help and version go to standard output; everything else is a mistake of usage.
fn not_understood(error: &clap::Error) -> ExitCode {
    if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) {
        let _ = error.print();
        return ExitCode::from(OK);
    }
    if error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
        let _ = error.print();
        return ExitCode::from(USAGE);
    }
    eprint!("{}", args::masked(&error.render().to_string()));
    ExitCode::from(USAGE)
}

/// Whether whoever reads our output has read enough (`rightful … | head`).
fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        cause
            .downcast_ref::<std::io::Error>()
            .is_some_and(|error| error.kind() == std::io::ErrorKind::BrokenPipe)
    })
}
