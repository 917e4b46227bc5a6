//! Names that occur once.

use rightful_domain::base::canonical::hex;
use rightful_domain::base::code::Code;
use rightful_domain::base::failure::Failure;
use ring::rand::{SecureRandom as _, SystemRandom};

/// 128 random bits as text.
pub(crate) fn random_name() -> Result<String, Failure> {
    let mut bytes = [0u8; 16];
    SystemRandom::new().fill(&mut bytes).map_err(|_| Failure::of(Code::NoRandomness))?;
    Ok(hex(&bytes))
}
