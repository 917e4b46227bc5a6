//! `rightful`: sets up, feeds, watches and checks a deployment, local or in AWS.
//!
//! Architecture Invariant: no identifier of a data subject and no secret is ever printed, not even
//! back to whoever typed it, but for the records, the reasons and the link that an operator asks for by name; what a
//! command says is said in two sentences, what is wrong and what to do. The command line is a client of the
//! deployment's JSON API: what happens to a request is decided there, never here.

mod act;
mod api;
mod args;
mod bars;
mod batch;
mod codes;
mod connector;
mod copy;
mod deployment;
mod extend;
#[cfg(test)]
mod fixtures;
mod input;
mod journal;
mod output;
mod people;
mod receipt;
mod reconcile;
mod request;
mod review;
mod show;
mod source;
mod statement;
mod synthetic;
mod ticketing;
mod watch;
mod words;

use anyhow::Result;
use args::{Cli, Command, Connector, Global, Receipt, Request, Source, Ticketing};
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
        Command::Source(command) => sources(out, global, command).await,
        Command::Request(command) => requests(out, global, command).await,
        Command::Journal(args::Journal { limit }) => {
            journal::journal(out, &Deployment::open(global).await?, *limit).await
        }
        Command::Ticketing(Ticketing::Set(set)) => {
            ticketing::set(out, &Deployment::open(global).await?, set).await
        }
        Command::Reconcile(_) => reconcile::now(out, &Deployment::open(global).await?).await,
        Command::Synthetic(wanted) => {
            synthetic::now(out, &Deployment::open(global).await?, wanted.wait, wanted.timeout).await
        }
    }
}

async fn sources(out: Out, global: &Global, command: &Source) -> Result<u8> {
    // A name that can't be one is told before anything is opened.
    let id = match command {
        Source::List => return source::list(out, &Deployment::open(global).await?).await,
        Source::Add(add) => return source::add(out, &Deployment::open(global).await?, add).await,
        Source::Change(change) => {
            return source::change(out, &Deployment::open(global).await?, change).await;
        }
        Source::Show { id }
        | Source::Test { id }
        | Source::Enable { id }
        | Source::Disable { id }
        | Source::Remove { id, .. } => source::id(id)?,
    };
    let deployment = &Deployment::open(global).await?;
    match command {
        Source::Test { .. } => source::test(out, deployment, &id).await,
        Source::Enable { .. } => source::enable(out, deployment, &id, true).await,
        Source::Disable { .. } => source::enable(out, deployment, &id, false).await,
        Source::Remove { yes, .. } => source::remove(out, deployment, &id, *yes).await,
        Source::Show { .. } | Source::List | Source::Add(_) | Source::Change(_) => {
            source::show(out, deployment, &id).await
        }
    }
}

async fn requests(out: Out, global: &Global, command: &Request) -> Result<u8> {
    match command {
        Request::New(new) => request::new(out, &Deployment::open(global).await?, new).await,
        Request::List(list) => request::list(out, &Deployment::open(global).await?, list).await,
        Request::Show { id, events } => {
            let id = request::id(id)?;
            show::show(out, &Deployment::open(global).await?, id, *events).await
        }
        Request::Watch { id, watching } => {
            let id = request::id(id)?;
            watch::watch(out, &Deployment::open(global).await?, id, *watching).await
        }
        Request::Identify { id, source, identifier } => {
            let id = request::id(id)?;
            act::identify(out, &Deployment::open(global).await?, id, source, identifier).await
        }
        Request::Records { id, source, who, print } => {
            let id = request::id(id)?;
            let deployment = &Deployment::open(global).await?;
            match who {
                true => people::who(out, deployment, id, source, *print).await,
                false => people::records(out, deployment, id, source, *print).await,
            }
        }
        Request::Reasons { id, print } => {
            let id = request::id(id)?;
            people::reasons(out, &Deployment::open(global).await?, id, *print).await
        }
        Request::Review(review) => {
            let id = request::id(&review.id)?;
            review::review(out, &Deployment::open(global).await?, id, review).await
        }
        Request::Run { id, source } => {
            let id = request::id(id)?;
            act::run(out, &Deployment::open(global).await?, id, source).await
        }
        Request::Reopen { id, source } => {
            let id = request::id(id)?;
            act::reopen(out, &Deployment::open(global).await?, id, source).await
        }
        Request::Cancel { id } => {
            let id = request::id(id)?;
            act::cancel(out, &Deployment::open(global).await?, id).await
        }
        Request::State(stated) => {
            let id = request::id(&stated.id)?;
            act::state(out, &Deployment::open(global).await?, id, stated).await
        }
        Request::Extend { id, months, ground } => {
            let id = request::id(id)?;
            extend::extend(out, &Deployment::open(global).await?, id, *months, (*ground).into()).await
        }
        Request::Copy { id, output, force, link: _ } => {
            let id = request::id(id)?;
            copy::fetch(out, &Deployment::open(global).await?, id, output.as_deref(), *force).await
        }
        Request::Receipt { id, closing, output } => {
            let id = request::id(id)?;
            receipt::of_request(out, &Deployment::open(global).await?, id, *closing, output.as_deref()).await
        }
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

#[cfg(test)]
#[path = "main_tests.rs"]
mod tests;
