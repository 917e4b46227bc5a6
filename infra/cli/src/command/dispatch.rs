//! Which function answers which command. A malformed id is an error before the deployment is opened.

use super::{
    connector, console, journal, receipt, reconcile, request_acts, request_copy, request_extend,
    request_list, request_new, request_reasons, request_records, request_review, request_show, source,
    synthetic, ticketing,
};
use crate::api::deployment::Deployment;
use crate::args::command_line::{
    Command, CommandLine, ConnectorCommand, Global, JournalArgs, ReceiptCommand, TicketingCommand,
};
use crate::args::request::RequestCommand;
use crate::args::source::SourceCommand;
use crate::terminal::output::Out;
use crate::values::request::request_id;
use crate::values::source::source_id;
use crate::watch::follow::follow;
use anyhow::Result;
use rightful_domain::base::ids::{RequestId, SourceId};

/// Runs the command, and returns its exit code.
pub async fn dispatch(command_line: &CommandLine, out: Out) -> Result<u8> {
    let global = &command_line.global;
    match &command_line.command {
        Command::Connector(ConnectorCommand::List) => connector::list_connectors(out),
        Command::Connector(ConnectorCommand::Check { file }) => connector::check_connector(out, file),
        Command::Receipt(ReceiptCommand::Verify { file, keys }) => {
            receipt::verify_file(out, global, file, keys.as_deref())
        }
        Command::Receipt(ReceiptCommand::Keys { output }) => {
            receipt::fetch_keys(out, &Deployment::open(global).await?, output.as_deref()).await
        }
        Command::Source(command) => dispatch_source(out, global, command).await,
        Command::Request(command) => dispatch_request(out, global, command).await,
        Command::Journal(JournalArgs { limit }) => {
            journal::show_journal(out, &Deployment::open(global).await?, *limit).await
        }
        Command::Ticketing(TicketingCommand::Set(set)) => {
            ticketing::set_ticketing(out, &Deployment::open(global).await?, set).await
        }
        Command::Console(args) => console::sign_in_link(out, &Deployment::open(global).await?, args).await,
        Command::Reconcile(_) => reconcile::reconcile_now(out, &Deployment::open(global).await?).await,
        Command::Synthetic(args) => {
            synthetic::synthetic_now(out, &Deployment::open(global).await?, args).await
        }
    }
}

async fn dispatch_source(out: Out, global: &Global, command: &SourceCommand) -> Result<u8> {
    let open = async |id: &str| -> Result<(SourceId, Deployment)> {
        let id = source_id(id)?;
        Ok((id, Deployment::open(global).await?))
    };
    match command {
        SourceCommand::List => source::list_sources(out, &Deployment::open(global).await?).await,
        SourceCommand::Add(add) => source::add_source(out, &Deployment::open(global).await?, add).await,
        SourceCommand::Change(change) => {
            source::change_source(out, &Deployment::open(global).await?, change).await
        }
        SourceCommand::Show { id } => {
            let (id, deployment) = open(id).await?;
            source::show_source(out, &deployment, &id).await
        }
        SourceCommand::Test { id } => {
            let (id, deployment) = open(id).await?;
            source::test_source(out, &deployment, &id).await
        }
        SourceCommand::Enable { id } => {
            let (id, deployment) = open(id).await?;
            source::enable_source(out, &deployment, &id, true).await
        }
        SourceCommand::Disable { id } => {
            let (id, deployment) = open(id).await?;
            source::enable_source(out, &deployment, &id, false).await
        }
        SourceCommand::Remove { id, yes } => {
            let (id, deployment) = open(id).await?;
            source::remove_source(out, &deployment, &id, *yes).await
        }
    }
}

async fn dispatch_request(out: Out, global: &Global, command: &RequestCommand) -> Result<u8> {
    let open = async |id: &str| -> Result<(RequestId, Deployment)> {
        let id = request_id(id)?;
        Ok((id, Deployment::open(global).await?))
    };
    match command {
        RequestCommand::New(new) => {
            request_new::new_request(out, &Deployment::open(global).await?, new).await
        }
        RequestCommand::List(list) => {
            request_list::list_requests(out, &Deployment::open(global).await?, list).await
        }
        RequestCommand::Find { identifier } => {
            request_list::find_requests(out, &Deployment::open(global).await?, identifier).await
        }
        RequestCommand::Show { id, events } => {
            let (id, deployment) = open(id).await?;
            request_show::show_request(out, &deployment, id, *events).await
        }
        RequestCommand::Watch { id, watching } => {
            let (id, deployment) = open(id).await?;
            follow(out, &deployment, id, *watching).await
        }
        RequestCommand::Identify { id, source, identifier } => {
            let (id, deployment) = open(id).await?;
            request_acts::identify(out, &deployment, id, source, identifier).await
        }
        RequestCommand::Records { id, source, who, print } => {
            let (id, deployment) = open(id).await?;
            match who {
                true => request_records::show_who(out, &deployment, id, source, *print).await,
                false => request_records::show_records(out, &deployment, id, source, *print).await,
            }
        }
        RequestCommand::Identifiers { id, print } => {
            let (id, deployment) = open(id).await?;
            request_reasons::show_identifiers(out, &deployment, id, *print).await
        }
        RequestCommand::Reasons { id, print } => {
            let (id, deployment) = open(id).await?;
            request_reasons::show_reasons(out, &deployment, id, *print).await
        }
        RequestCommand::Review(review) => {
            let (id, deployment) = open(&review.id).await?;
            request_review::review(out, &deployment, id, review).await
        }
        RequestCommand::Run { id, source } => {
            let (id, deployment) = open(id).await?;
            request_acts::run_again(out, &deployment, id, source).await
        }
        RequestCommand::Reopen { id, source } => {
            let (id, deployment) = open(id).await?;
            request_acts::reopen(out, &deployment, id, source).await
        }
        RequestCommand::Cancel { id } => {
            let (id, deployment) = open(id).await?;
            request_acts::cancel(out, &deployment, id).await
        }
        RequestCommand::State(stated) => {
            let (id, deployment) = open(&stated.id).await?;
            request_acts::state_outcome(out, &deployment, id, stated).await
        }
        RequestCommand::Extend { id, months, ground } => {
            let (id, deployment) = open(id).await?;
            request_extend::extend(out, &deployment, id, *months, *ground).await
        }
        RequestCommand::Copy { id, output, force, link: _ } => {
            let (id, deployment) = open(id).await?;
            request_copy::fetch_copy(out, &deployment, id, output.as_deref(), *force).await
        }
        RequestCommand::Receipt { id, closing, output } => {
            let (id, deployment) = open(id).await?;
            receipt::receipt_of_request(out, &deployment, id, *closing, output.as_deref()).await
        }
    }
}

#[cfg(test)]
#[path = "dispatch_tests.rs"]
mod tests;
