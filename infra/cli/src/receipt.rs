//! `rightful receipt …` and `rightful request receipt`: reads, checks and explains receipts.
//!
//! Architecture Invariant: the keys that a receipt is checked with come from a file of the
//! operator's, never from the receipt, and checking calls nobody.

use crate::api::{ApiError, Call, told_api};
use crate::args::Global;
use crate::codes::told_failure;
use crate::deployment::{Deployment, stack_file};
use crate::output::{FAILED, OK, OPEN, Out, Told, io_words, told, utc_or};
use crate::request::load;
use crate::{statement, words};
use anyhow::Result;
use rightful_domain::base::ids::RequestId;
use rightful_domain::documents::receipt::{PublicKey, VerifyError, verify as check};
use rightful_domain::model::request::RequestState;
use rightful_domain::view::request::RequestView;
use serde_json::{Value, json};
use std::path::Path;

const FETCH: &str =
    "fetch them once with `rightful receipt keys -o FILE`, keep the file, and give it as --keys FILE";

/// Shows a closed request's receipt, or writes its file: that of its last closing, or of an earlier one.
pub async fn of_request(
    out: Out,
    deployment: &Deployment,
    id: RequestId,
    closing: Option<u32>,
    output: Option<&Path>,
) -> Result<u8> {
    let request = load(&deployment.api, id).await?.request;
    // A reopened request still has the receipts of its earlier closings.
    if request.state == RequestState::Open && request.reopened == 0 {
        return Err(not_there("the request is open, and a receipt is made when it closes", &request));
    }
    let call = Call::get(format!("/requests/{id}/receipt")).with("closing", closing);
    let file = match deployment.api.bytes(call).await {
        Ok(file) => file,
        Err(ApiError::Refused { status: 404, .. }) if closing.is_none() => {
            return Err(not_there("the request is closed, and its receipt isn't kept yet", &request));
        }
        Err(error) => return Err(told_api(error)),
    };
    if let Some(path) = output {
        write(path, &file)?;
    }
    if out.json && output.is_none() {
        out.bytes(&file)?;
        return Ok(OK);
    }
    let keys = &deployment.stack.receipt_keys;
    let checked = if keys.is_empty() { None } else { Some(check(&file, keys)) };
    if out.json {
        let verified = checked.as_ref().map(Result::is_ok);
        out.value(&json!({"request_id": id, "written_to": output, "verified": verified}))?;
    } else {
        match &checked {
            Some(Ok(stated)) => out.line(statement::text_of(stated))?,
            _ => out.line(format_args!(
                "receipt {id}\n  outcome      {}\n  closed       {}",
                words::of_request(&request),
                utc_or(request.closed_at, "-")
            ))?,
        }
        if let Some(path) = output {
            out.line(format_args!("written to {}", path.display()))?;
        }
    }
    if !out.json && request.state == RequestState::Open {
        out.line("the request was reopened since: this is the receipt of an earlier closing")?;
    }
    match checked {
        Some(Err(error)) => Err(not_verified(error)),
        Some(Ok(_)) if !out.json => {
            out.line(format_args!("it verifies with the key saved in {}", deployment.file.display()))?;
            Ok(OK)
        }
        Some(Ok(_)) => Ok(OK),
        None if !out.json => {
            out.line(format_args!("not verified: the stack file holds no keys; {FETCH}"))?;
            Ok(OK)
        }
        None => Ok(OK),
    }
}

fn not_there(what: &str, request: &RequestView) -> anyhow::Error {
    Told {
        what: what.to_owned(),
        todo: format!("wait for it: rightful request watch {}", request.id),
        code: None,
        exit: OPEN,
    }
    .into()
}

fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    std::fs::write(path, bytes).map_err(|error| {
        told(format!("{} can't be written ({})", path.display(), io_words(&error)), "give another path to -o")
    })
}

/// Checks a receipt file against keys from elsewhere, and says what it states.
pub fn verify(out: Out, global: &Global, file: &Path, keys: Option<&Path>) -> Result<u8> {
    let bytes = std::fs::read(file).map_err(|error| {
        told(format!("the receipt {} can't be read ({})", file.display(), io_words(&error)), "check the path")
    })?;
    let from = match keys {
        Some(path) => path.to_owned(),
        None => stack_file(global).map_err(|_| told("there are no keys to check the receipt with", FETCH))?,
    };
    let keys = read_keys(&from)?;
    match check(&bytes, &keys) {
        Ok(stated) if out.json => {
            out.value(&json!({"verified": true, "sandbox": stated.sandbox, "receipt": stated}))?;
        }
        Ok(stated) => {
            out.line(statement::text_of(&stated))?;
            out.line(format_args!("\nverified: signed with a key of {}, and unchanged", from.display()))?;
        }
        Err(error) if out.json => {
            let told = not_verified(error).downcast::<Told>()?;
            out.value(&json!({"verified": false, "what": told.what, "to_do": told.todo}))?;
            return Ok(FAILED);
        }
        Err(error) => return Err(not_verified(error)),
    }
    Ok(OK)
}

fn not_verified(error: VerifyError) -> anyhow::Error {
    let todo = match error {
        VerifyError::NotAReceipt => "give the file that `rightful request receipt ID -o FILE` writes",
        VerifyError::Rewritten | VerifyError::BadSignature | VerifyError::Changed => {
            "don't rely on this file: fetch it again with `rightful request receipt ID -o FILE`"
        }
        VerifyError::UnknownKey => "check that the keys are those of the deployment that made the receipt",
        VerifyError::BadKey => FETCH,
    };
    told(format!("NOT VERIFIED: {error}"), todo)
}

/// The keys of a JWK set, or of a stack file.
fn read_keys(path: &Path) -> Result<Vec<PublicKey>> {
    let shown = path.display();
    let bytes = std::fs::read(path).map_err(|error| {
        told(format!("the keys {shown} can't be read ({})", io_words(&error)), "check the path")
    })?;
    let set: Value = serde_json::from_slice(&bytes)
        .map_err(|_| told(format!("{shown} is neither a JWK set nor a stack file"), FETCH))?;
    let all = set.get("keys").or_else(|| set.get("receipt_keys")).and_then(Value::as_array);
    // A set may hold keys of other types too.
    let keys: Vec<PublicKey> =
        all.into_iter().flatten().filter_map(|key| serde_json::from_value(key.clone()).ok()).collect();
    if keys.is_empty() {
        return Err(told(format!("{shown} holds no Ed25519 public key"), FETCH));
    }
    Ok(keys)
}

/// Fetches the public key that receipts are signed with.
pub async fn keys(out: Out, deployment: &Deployment, output: Option<&Path>) -> Result<u8> {
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
    use std::path::PathBuf;

    struct Files {
        folder: PathBuf,
        receipt: Vec<u8>,
    }

    impl Files {
        /// A folder with a receipt, the key that signed it, and another one.
        fn new(name: &str) -> Self {
            let folder = std::env::temp_dir().join(format!("rightful-receipt-{name}-{}", std::process::id()));
            std::fs::create_dir_all(&folder).unwrap();
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
            std::fs::write(self.folder.join(name), value.to_string()).unwrap();
        }

        fn verify(&self, receipt: &[u8], keys: &str) -> Result<u8, String> {
            let file = self.folder.join("receipt.json");
            std::fs::write(&file, receipt).unwrap();
            let global = Global { json: false, local: false, stack: None, profile: None, region: None };
            verify(Out { json: false }, &global, &file, Some(&self.folder.join(keys)))
                .map_err(|error| error.to_string())
        }
    }

    impl Drop for Files {
        fn drop(&mut self) {
            let _ = std::fs::remove_dir_all(&self.folder);
        }
    }

    #[test]
    fn a_receipt_verifies_with_a_jwk_set_or_a_stack_file() {
        let files = Files::new("good");
        assert_eq!(files.verify(&files.receipt, "keys.json"), Ok(OK));
        assert_eq!(files.verify(&files.receipt, "stack.json"), Ok(OK));
    }

    #[test]
    fn one_changed_byte_and_it_does_not_verify() {
        let files = Files::new("changed");
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
        let files = Files::new("keys");
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
