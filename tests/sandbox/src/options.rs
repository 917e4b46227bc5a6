//! How a sandbox starts, and its default tokens.

/// The token of client 2449 unless the options name another.
pub const DEFAULT_TOKEN: &str = "sandbox-token-2449";

/// The API token of the ticketing system's agent unless the options name another.
pub const DEFAULT_TICKETING_TOKEN: &str = "sandbox-ticketing-token";

/// The token of the in-house system.
pub const DEFAULT_INHOUSE_TOKEN: &str = "sandbox-inhouse-token";

/// How long after its approval a rule finishes: the walkthrough's took 2.8 seconds.
pub const DEFAULT_FINISH_AFTER_MS: u64 = 2_800;

/// How a sandbox starts. A reset goes back to these.
#[derive(Debug, Clone)]
pub struct Options {
    /// The port on 127.0.0.1; 0 takes a free one.
    pub port: u16,
    /// How long after its approval a rule finishes.
    pub finish_after_ms: u64,
    /// The token of client 2449.
    pub token: String,
    /// The API token of the ticketing system's agent.
    pub ticketing_token: String,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            port: 0,
            finish_after_ms: DEFAULT_FINISH_AFTER_MS,
            token: DEFAULT_TOKEN.to_owned(),
            ticketing_token: DEFAULT_TICKETING_TOKEN.to_owned(),
        }
    }
}
