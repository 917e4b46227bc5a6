//! `rightful`: sets up, feeds, watches and checks a deployment, local or in AWS.
//!
//! Architecture Invariant: no identifier of a data subject and no secret is ever printed, not even back to
//! the person who typed it. The exceptions are the records, the reasons and the link, which an operator
//! asks for by name. An error is two sentences: what is wrong, and what to do. The command line is a client
//! of the deployment's JSON API: the deployment decides what happens to a request, the command line never
//! does.
//!
//! Each folder uses only those above it in this file.

#[cfg(test)]
mod fixtures;
mod terminal;
mod words;
mod args;
mod values;
mod show;
mod api;
mod watch;
mod batch;
mod command;

use api::error::command_error_of;
use args::command_line::CommandLine;
use args::mask::without_values;
use clap::Parser as _;
use clap::error::ErrorKind;
use std::process::ExitCode;
use terminal::exit_code::{FAILED, OK, USAGE};
use terminal::output::Out;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let command_line = match CommandLine::try_parse() {
        Ok(command_line) => command_line,
        Err(error) => return not_understood(&error),
    };
    let out = Out { json: command_line.global.json };
    match command::dispatch::dispatch(&command_line, out).await {
        Ok(code) => ExitCode::from(code),
        Err(error) if is_broken_pipe(&error) => ExitCode::from(OK),
        Err(error) => {
            let command_error = command_error_of(&error);
            match &command_error {
                Some(command_error) if out.json => eprintln!("{}", command_error.json()),
                _ => eprintln!("error: {error}"),
            }
            ExitCode::from(command_error.map_or(FAILED, |error| error.exit))
        }
    }
}

/// Help and version go to standard output. Everything else is an error of usage.
fn not_understood(error: &clap::Error) -> ExitCode {
    if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) {
        let _ = error.print();
        return ExitCode::from(OK);
    }
    if error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
        let _ = error.print();
        return ExitCode::from(USAGE);
    }
    eprint!("{}", without_values(&error.render().to_string()));
    ExitCode::from(USAGE)
}

/// Whether the reader of our output has closed it, as in `rightful … | head`.
fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        cause
            .downcast_ref::<std::io::Error>()
            .is_some_and(|error| error.kind() == std::io::ErrorKind::BrokenPipe)
    })
}
