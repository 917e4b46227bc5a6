//! Why a ticket can't be read.

use rightful_domain::base::identifier::IdentifierError;
use rightful_domain::base::ids::NameError;
use rightful_domain::law::deadline::ReceivedAtError;

/// Why a ticket can't be read. The texts name places in the body, never its values.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TicketError {
    #[error(
        "the body is not JSON: send an object such as {{\"right\":\"erasure\",\"identifiers\":[{{\"kind\":\"email\",\"value\":\"…\"}}],\"reference\":\"T-1\"}}"
    )]
    NotJson,
    #[error("the body has a member twice, the second one at line {0}, column {1}: send each once")]
    Twice(usize, usize),
    #[error("the body has {0}, which is not known: known there are {1}")]
    Unknown(String, String),
    #[error("none of the identifiers at {0} has a value: at least one is needed")]
    Nobody(String),
    #[error("the body has nothing at {0}: it is needed")]
    Missing(String),
    #[error("the body's {0} must be {1}")]
    Wrong(String, &'static str),
    #[error("the right at {0} is not one of: {1}")]
    UnknownRight(String, String),
    #[error("the identifier at {0}/{1}: {2}")]
    Identifier(String, usize, IdentifierError),
    #[error("the body's {0}: {1}")]
    Name(String, NameError),
    #[error("the body's {0}: {1}")]
    ReceivedAt(String, ReceivedAtError),
}
