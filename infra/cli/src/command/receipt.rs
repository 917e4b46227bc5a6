//! `rightful receipt …` and `rightful request receipt`.
//!
//! Architecture Invariant: the keys that verify a receipt come from a file of the operator's, never from
//! the receipt, and verifying calls nobody.

use crate::api::call::Call;
use crate::api::deployment::Deployment;
use crate::api::error::ApiError;
use crate::api::reads;
use crate::api::stack::stack_file;
use crate::args::command_line::Global;
use crate::show;
use crate::terminal::error::{CommandError, command_error};
use crate::terminal::exit_code::{FAILED, OK, OPEN};
use crate::terminal::format::{io_error, utc_or};
use crate::terminal::output::Out;
use crate::words;
use crate::words::codes::told_failure;
use anyhow::Result;
use rightful_domain::base::ids::RequestId;
use rightful_domain::documents::receipt::{PublicKey, VerifyError, verify};
use rightful_domain::model::request::RequestState;
use rightful_domain::view::request::RequestView;
use serde_json::{Value, json};
use std::path::Path;

const FETCH: &str =
    "fetch them once with `rightful receipt keys -o FILE`, keep the file, and give it as --keys FILE";

/// Shows a closed request's receipt, or writes its file. `closing` chooses an earlier closing.
pub async fn receipt_of_request(
    out: Out,
    deployment: &Deployment,
    id: RequestId,
    closing: Option<u32>,
    output: Option<&Path>,
) -> Result<u8> {
    let request = reads::request(&deployment.api, id).await?.request;
    // A reopened request still has the receipts of its earlier closings.
    if request.state == RequestState::Open && request.reopened == 0 {
        return Err(no_receipt_yet("the request is open, and a receipt is made when it closes", &request));
    }
    let call = Call::get(format!("/requests/{id}/receipt")).query("closing", closing);
    let file = match deployment.api.call_for_bytes(call).await {
        Ok(file) => file,
        Err(ApiError::Refused { status: 404, .. }) if closing.is_none() => {
            return Err(no_receipt_yet("the request is closed, and its receipt isn't kept yet", &request));
        }
        Err(error) => return Err(error.into()),
    };
    if let Some(path) = output {
        write(path, &file)?;
    }
    if out.json && output.is_none() {
        out.bytes(&file)?;
        return Ok(OK);
    }
    let keys = &deployment.stack.receipt_keys;
    let verified = if keys.is_empty() { None } else { Some(verify(&file, keys)) };
    if out.json {
        let verified = verified.as_ref().map(Result::is_ok);
        out.value(&json!({"request_id": id, "written_to": output, "verified": verified}))?;
    } else {
        match &verified {
            Some(Ok(statement)) => out.line(show::receipt::text(statement))?,
            _ => out.line(format_args!(
                "receipt {id}\n  outcome      {}\n  closed       {}",
                words::request::outcome_or_state(&request),
                utc_or(request.closed_at, "-")
            ))?,
        }
        if let Some(path) = output {
            out.line(format_args!("written to {}", path.display()))?;
        }
        if request.state == RequestState::Open {
            out.line("the request was reopened since: this is the receipt of an earlier closing")?;
        }
    }
    match verified {
        Some(Err(error)) => return Err(not_verified(&error).into()),
        _ if out.json => {}
        Some(Ok(_)) => {
            out.line(format_args!("verified with the key saved in {}", deployment.file.display()))?;
        }
        None => out.line(format_args!("not verified: the stack file holds no keys; {FETCH}"))?,
    }
    Ok(OK)
}

fn no_receipt_yet(what: &str, request: &RequestView) -> anyhow::Error {
    CommandError {
        what: what.to_owned(),
        todo: format!("wait for it: rightful request watch {}", request.id),
        code: None,
        exit: OPEN,
    }
    .into()
}

fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    std::fs::write(path, bytes).map_err(|error| {
        command_error(
            format!("{} can't be written ({})", path.display(), io_error(&error)),
            "give another path to -o",
        )
    })
}

/// Verifies a receipt file with keys from another file, and shows its statement.
pub fn verify_file(out: Out, global: &Global, file: &Path, keys: Option<&Path>) -> Result<u8> {
    let bytes = std::fs::read(file).map_err(|error| {
        command_error(
            format!("the receipt {} can't be read ({})", file.display(), io_error(&error)),
            "check the path",
        )
    })?;
    let from = match keys {
        Some(path) => path.to_owned(),
        None => stack_file(global)
            .map_err(|_| command_error("there are no keys to verify the receipt with", FETCH))?,
    };
    let keys = read_keys(&from)?;
    match verify(&bytes, &keys) {
        Ok(statement) if out.json => {
            out.value(&json!({"verified": true, "sandbox": statement.sandbox, "receipt": statement}))?;
        }
        Ok(statement) => {
            out.line(show::receipt::text(&statement))?;
            out.line(format_args!("\nverified: signed with a key of {}, and unchanged", from.display()))?;
        }
        Err(error) if out.json => {
            let CommandError { what, todo, .. } = not_verified(&error);
            out.value(&json!({"verified": false, "what": what, "to_do": todo}))?;
            return Ok(FAILED);
        }
        Err(error) => return Err(not_verified(&error).into()),
    }
    Ok(OK)
}

fn not_verified(error: &VerifyError) -> CommandError {
    let todo = match error {
        VerifyError::NotAReceipt => "give the file that `rightful request receipt ID -o FILE` writes",
        VerifyError::Rewritten | VerifyError::BadSignature | VerifyError::Changed => {
            "don't rely on this file: fetch it again with `rightful request receipt ID -o FILE`"
        }
        VerifyError::UnknownKey => "check that the keys are those of the deployment that made the receipt",
        VerifyError::BadKey => FETCH,
    };
    CommandError { what: format!("NOT VERIFIED: {error}"), todo: todo.to_owned(), code: None, exit: FAILED }
}

/// The keys of a JWK set, or of a stack file.
fn read_keys(path: &Path) -> Result<Vec<PublicKey>> {
    let shown = path.display();
    let bytes = std::fs::read(path).map_err(|error| {
        command_error(format!("the keys {shown} can't be read ({})", io_error(&error)), "check the path")
    })?;
    let set: Value = serde_json::from_slice(&bytes)
        .map_err(|_| command_error(format!("{shown} is neither a JWK set nor a stack file"), FETCH))?;
    let all = set.get("keys").or_else(|| set.get("receipt_keys")).and_then(Value::as_array);
    // A set may also hold keys of other types.
    let keys: Vec<PublicKey> =
        all.into_iter().flatten().filter_map(|key| serde_json::from_value(key.clone()).ok()).collect();
    if keys.is_empty() {
        return Err(command_error(format!("{shown} holds no Ed25519 public key"), FETCH));
    }
    Ok(keys)
}

/// Fetches the public key that verifies receipts.
pub async fn fetch_keys(out: Out, deployment: &Deployment, output: Option<&Path>) -> Result<u8> {
    let key = deployment.receipt_key().public_key().await.map_err(told_failure)?;
    let set = json!({"keys": [key]});
    match output {
        None => out.value(&set)?,
        Some(path) => {
            let mut text = serde_json::to_vec_pretty(&set)?;
            text.push(b'\n');
            write(path, &text)?;
            if out.json {
                out.value(&json!({"written_to": path, "kids": [key.kid]}))?;
            } else {
                out.line(format_args!("written to {}: the key {}", path.display(), key.kid))?;
            }
        }
    }
    Ok(OK)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures;
    use rightful_domain::chain::links::Head;
    use rightful_domain::documents::receipt::{Issuer, Unsigned, state};
    use ring::signature::{Ed25519KeyPair, KeyPair as _};
    use tempfile::TempDir;

    struct Files {
        folder: TempDir,
        receipt: Vec<u8>,
    }

    impl Files {
        /// A folder with a receipt, the key that signed it, and another one.
        fn new() -> Self {
            let folder = TempDir::new().unwrap();
            let pair = Ed25519KeyPair::from_seed_unchecked(&[7; 32]).unwrap();
            let other = Ed25519KeyPair::from_seed_unchecked(&[8; 32]).unwrap();
            let (request, tasks) = fixtures::fulfilled();
            let tasks = [(tasks[0].clone(), vec![fixtures::rule()])];
            let issuer = Issuer { stage: "local".to_owned(), sandbox: true };
            let head = Head { seq: 9, hash: "cd".repeat(32) };
            let stated = state(&request, &tasks, (head, None), &issuer).unwrap();
            let unsigned = Unsigned::new(&stated, "arn:key").unwrap();
            let signature = pair.sign(unsigned.signing_input());
            let receipt = unsigned.sign(signature.as_ref()).unwrap().file;
            let files = Self { folder, receipt };
            let key = PublicKey::new("arn:key", pair.public_key().as_ref());
            let same_id = PublicKey::new("arn:key", other.public_key().as_ref());
            let other_id = PublicKey::new("arn:other", pair.public_key().as_ref());
            files.put("keys.json", &json!({"keys": [{"kty": "RSA", "kid": "x", "n": "", "e": ""}, key]}));
            files.put("stack.json", &json!({"receipt_keys": [key]}));
            files.put("same_id.json", &json!({"keys": [same_id]}));
            files.put("other_id.json", &json!({"keys": [other_id]}));
            files.put("none.json", &json!({"keys": []}));
            files
        }

        fn put(&self, name: &str, value: &Value) {
            std::fs::write(self.folder.path().join(name), value.to_string()).unwrap();
        }

        fn verify(&self, receipt: &[u8], keys: &str) -> Result<u8, String> {
            let file = self.folder.path().join("receipt.json");
            std::fs::write(&file, receipt).unwrap();
            let global = Global { json: false, local: false, stack: None, profile: None, region: None };
            verify_file(Out { json: false }, &global, &file, Some(&self.folder.path().join(keys)))
                .map_err(|error| error.to_string())
        }
    }

    #[test]
    fn a_receipt_verifies_with_a_jwk_set_or_a_stack_file() {
        let files = Files::new();
        assert_eq!(files.verify(&files.receipt, "keys.json"), Ok(OK));
        assert_eq!(files.verify(&files.receipt, "stack.json"), Ok(OK));
    }

    #[test]
    fn one_changed_byte_and_it_does_not_verify() {
        let files = Files::new();
        for place in (0..files.receipt.len()).step_by(11) {
            let mut changed = files.receipt.clone();
            changed[place] ^= 1;
            let error = files.verify(&changed, "keys.json").unwrap_err();
            assert!(error.starts_with("NOT VERIFIED: "), "{place}: {error}");
        }
        let cut = &files.receipt[..files.receipt.len() - 1];
        assert!(files.verify(cut, "keys.json").is_err());
    }

    #[test]
    fn without_its_key_a_receipt_does_not_verify() {
        let files = Files::new();
        for (keys, says) in [
            ("other_id.json", "not among the given keys"),
            ("same_id.json", "signature does not fit"),
            ("none.json", "holds no Ed25519 public key"),
            ("gone.json", "can't be read"),
        ] {
            let error = files.verify(&files.receipt, keys).unwrap_err();
            assert!(error.contains(says) && error.contains("to do:"), "{keys}: {error}");
        }
    }
}
