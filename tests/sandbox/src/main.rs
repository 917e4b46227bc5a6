//! The sandbox as a process of its own, for the local stack and for tests across processes.

use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use clap::Parser;
use rightful_sandbox::{DEFAULT_FINISH_AFTER_MS, DEFAULT_TICKETING_TOKEN, DEFAULT_TOKEN, Options, Sandbox};
use tokio::signal::unix::{SignalKind, signal};

/// A fake Qualifio GDPR API and a fake Zendesk on 127.0.0.1, with faults to order.
#[derive(Debug, Parser)]
struct Flags {
    /// The port; 0 takes a free one.
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// Where to write the address as well, as the same JSON line.
    #[arg(long)]
    port_file: Option<PathBuf>,
    /// How long after its approval a rule finishes.
    #[arg(long, default_value_t = DEFAULT_FINISH_AFTER_MS)]
    finish_after_ms: u64,
    /// The token of client 2449.
    #[arg(long, default_value = DEFAULT_TOKEN)]
    token: String,
    /// The API token of the ticketing system's agent.
    #[arg(long, default_value = DEFAULT_TICKETING_TOKEN)]
    ticketing_token: String,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let flags = Flags::parse();
    // Before the address is printed, so that a stop right afterwards is clean.
    let mut terminated = signal(SignalKind::terminate())?;
    let mut interrupted = signal(SignalKind::interrupt())?;
    let sandbox = Sandbox::start(Options {
        port: flags.port,
        finish_after_ms: flags.finish_after_ms,
        token: flags.token,
        ticketing_token: flags.ticketing_token,
    })?;
    let line = serde_json::json!({ "url": sandbox.url }).to_string();
    if let Some(path) = &flags.port_file {
        write_whole(path, &line).context("the port file can't be written")?;
    }
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}")?;
    out.flush()?;
    drop(out);
    tokio::select! {
        _ = terminated.recv() => {}
        _ = interrupted.recv() => {}
    }
    sandbox.stop();
    Ok(())
}

/// Written elsewhere and renamed: a waiting reader never sees half of the file.
fn write_whole(path: &Path, line: &str) -> Result<()> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(".new");
    std::fs::write(&beside, format!("{line}\n"))?;
    std::fs::rename(&beside, path)?;
    Ok(())
}
