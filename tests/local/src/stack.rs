//! A stack: `infra/local/stack.py` starts and stops it; tests use its command line and read its store.

use anyhow::{Context as _, Result, anyhow, bail, ensure};
use aws_credential_types::Credentials;
use rightful_aws::{Aws, Function, Settings, Store, tls_config};
use rightful_domain::base::ids::{RequestId, SourceId};
use rightful_domain::chain::event::read_chain;
use rightful_domain::chain::fact::Fact;
use rightful_domain::model::request::{Request, RequestState};
use rightful_domain::model::task::{Task, TaskState};
use rightful_domain::ports::store::Reads as _;
use rightful_sandbox::Control;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::{Duration, Instant};

/// How a stack is started.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// The factor of the workflows' waits.
    pub wait_scale: f64,
    /// After how many seconds the reconciliation takes over idle tasks.
    pub grace_seconds: u64,
    /// After how many milliseconds the sandbox finishes a rule.
    pub finish_after_ms: u64,
    /// Further parameters of the template: `Name=value`.
    pub params: &'static [&'static str],
}

impl Default for Options {
    fn default() -> Self {
        Self { wait_scale: 0.1, grace_seconds: 600, finish_after_ms: 100, params: &[] }
    }
}

/// A running stack; stopped when dropped.
#[derive(Debug)]
pub struct Stack {
    /// Where its files are.
    pub dir: PathBuf,
    /// Its stack file.
    file: PathBuf,
    /// Whether it started AWS and the vendor itself, and therefore stops them.
    own: bool,
    /// Its `stack.json`.
    pub json: Value,
    /// The stack's AWS.
    pub aws: Aws,
    /// Its store.
    pub store: Store,
    /// Its sandbox.
    pub sandbox: Control,
}

/// The repository.
#[must_use]
pub fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn program(dir: &Path, command: &str, more: &[String]) -> Result<Output> {
    let root = root();
    Command::new(root.join("target/venv-stack/bin/python"))
        .arg(root.join("infra/local/stack.py"))
        .args([command, "--dir"])
        .arg(dir)
        .args(more)
        .output()
        .context("the stack's program does not run: `make test` sets it up")
}

/// The error text of the stack's program, if it failed.
fn told(output: &Output) -> Result<()> {
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Ok(())
}

impl Stack {
    /// Starts a stack for the test `name`.
    ///
    /// # Errors
    /// When it does not come up.
    pub fn up(name: &str, options: Options) -> Result<Self> {
        let dir = root().join("target/e2e").join(name);
        if dir.exists() {
            // Leftovers of an interrupted test.
            let _ = program(&dir, "down", &[]);
            let _ = std::fs::remove_dir_all(&dir);
        }
        let mut flags = vec![
            format!("--wait-scale={}", options.wait_scale),
            format!("--finish-after-ms={}", options.finish_after_ms),
            format!("--param=ReconcileGraceSeconds={}", options.grace_seconds),
            // The tests call the reconciliation themselves.
            "--param=ReconcileSchedule=rate(1 day)".to_owned(),
        ];
        flags.extend(options.params.iter().map(|param| format!("--param={param}")));
        told(&program(&dir, "up", &flags)?)?;
        Self::of(dir.clone(), dir.join("stack.json"), true)
    }

    fn of(dir: PathBuf, file: PathBuf, own: bool) -> Result<Self> {
        let json: Value = serde_json::from_slice(&std::fs::read(&file)?)?;
        let text = |key: &str| json[key].as_str().unwrap_or_default().to_owned();
        let settings = Settings {
            region: text("region"),
            endpoint_url: Some(text("aws_endpoint_url")),
            credentials: Credentials::new(
                text("access_key_id"),
                text("secret_access_key"),
                None,
                None,
                "stack.json",
            ),
        };
        let aws = Aws::new(settings, tls_config()?)?;
        let store = Store::new(&aws, text("requests_table"), text("keys_table"));
        let sandbox = Control::new(text("sandbox_url"));
        Ok(Self { dir, file, own, aws, store, sandbox, json })
    }

    /// Deploys a second stage beside this one, with parameters of the template. It ends with this one.
    ///
    /// # Errors
    /// When it can't be deployed.
    pub fn stage(&self, name: &str, parameters: &[&str]) -> Result<Self> {
        let mut flags = vec![format!("--stage={name}"), "--param=ReconcileSchedule=rate(1 day)".to_owned()];
        flags.extend(parameters.iter().map(|pair| format!("--param={pair}")));
        told(&program(&self.dir, "stage", &flags)?)?;
        let dir = self.dir.join("stages").join(name);
        Self::of(dir.clone(), dir.join("stack.json"), false)
    }

    /// Deploys another build over this one, while work is in flight.
    ///
    /// # Errors
    /// When it can't be deployed.
    pub fn upgrade(&self, binaries: &Path, root: &Path, parameters: &[&str]) -> Result<()> {
        let mut flags =
            vec![format!("--binaries={}", binaries.display()), format!("--root={}", root.display())];
        flags.extend(parameters.iter().map(|pair| format!("--param={pair}")));
        told(&program(&self.dir, "upgrade", &flags)?)
    }

    /// Deletes all of the deployment but what is kept, as CloudFormation does. AWS stays.
    ///
    /// # Errors
    /// When something can't be deleted.
    pub fn remove(&self) -> Result<()> {
        told(&program(&self.dir, "remove", &[])?)
    }

    /// Deletes the stack of what is kept too: what the template retains stays.
    ///
    /// # Errors
    /// When something can't be deleted.
    pub fn remove_state(&self) -> Result<()> {
        told(&program(&self.dir, "remove", &["--state".to_owned()])?)
    }

    /// The account's resources by kind, as `stack.py resources` prints them.
    ///
    /// # Errors
    /// When it can't be listed.
    pub fn resources(&self) -> Result<Value> {
        let output = program(&self.dir, "resources", &[])?;
        told(&output)?;
        Ok(serde_json::from_slice(&output.stdout)?)
    }

    /// Whether a function's role may do an action on a resource, by IAM's own simulation.
    ///
    /// # Errors
    /// When it can't be asked.
    pub fn may(&self, function: &str, action: &str, resource: &str) -> Result<bool> {
        let flags = [function, action, resource].map(str::to_owned);
        let output = program(&self.dir, "may", &flags)?;
        told(&output)?;
        Ok(String::from_utf8_lossy(&output.stdout).trim() == "allowed")
    }

    /// Which operations of the API, by `METHOD path template`, admit an IAM user with this policy; also
    /// `dynamodb:Scan` of the requests' table. Each is called once, for an id that does not exist.
    ///
    /// # Errors
    /// When they can't be called.
    pub fn operator(&self, policy: &Value) -> Result<BTreeMap<String, bool>> {
        let file = self.dir.join("operator.json");
        std::fs::write(&file, policy.to_string())?;
        let output = program(&self.dir, "operator", &[format!("--policy={}", file.display())])?;
        told(&output)?;
        Ok(serde_json::from_slice(&output.stdout)?)
    }

    /// Makes a KMS key, as an operator does for a deployment's data, and returns its ARN.
    ///
    /// # Errors
    /// When it can't be made.
    pub fn key(&self) -> Result<String> {
        let output = program(&self.dir, "key", &[])?;
        told(&output)?;
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }

    /// A member of `stack.json`.
    #[must_use]
    pub fn text(&self, key: &str) -> &str {
        self.json[key].as_str().unwrap_or_default()
    }

    /// Runs `rightful` against this stack.
    ///
    /// # Errors
    /// When the program can't be run.
    pub fn rightful(&self, arguments: &[&str]) -> Result<Output> {
        Command::new(root().join("target/local/rightful"))
            .arg("--stack")
            .arg(&self.file)
            .args(arguments)
            .current_dir(&self.dir)
            .output()
            .context("`rightful` is not built: `make test` builds it")
    }

    /// Runs `rightful --json`, which must succeed.
    ///
    /// # Errors
    /// With its own message, when it fails.
    pub fn rightful_json(&self, arguments: &[&str]) -> Result<Value> {
        let output = self.rightful(&[&["--json"], arguments].concat())?;
        ensure!(
            output.status.success(),
            "rightful {arguments:?}: {}{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
        Ok(serde_json::from_slice(&output.stdout)?)
    }

    /// Calls a deployed function once and returns its answer.
    ///
    /// # Errors
    /// When it can't be called, or fails.
    pub async fn invoke(&self, function: &str, payload: &Value) -> Result<Value> {
        let name = self.json["functions"][function].as_str().context("no such function")?;
        let deployed = Function::new(&self.aws, name, 330).at("live");
        let answer = deployed.invoke(payload.to_string().into_bytes()).await?;
        let answer =
            answer.map_err(|error| anyhow!("{function} failed: {}", String::from_utf8_lossy(&error)))?;
        Ok(serde_json::from_slice(&answer)?)
    }

    /// Connects the sandbox's Qualifio as data source `id`, with further parameters.
    ///
    /// # Errors
    /// When the command fails.
    pub fn add_source(&self, id: &str, sets: &[&str]) -> Result<()> {
        self.add_source_with(id, self.text("sandbox_token"), sets)
    }

    /// Connects it with another token.
    ///
    /// # Errors
    /// When the command fails.
    pub fn add_source_with(&self, id: &str, token: &str, sets: &[&str]) -> Result<()> {
        let file = self.dir.join(format!("{id}.token"));
        std::fs::write(&file, token)?;
        let secret = format!("token=@{}", file.display());
        let url = format!("base_url={}", self.text("sandbox_url"));
        let control = format!("email={}", rightful_sandbox::CONTROL);
        let mut arguments =
            vec!["source", "add", "qualifio", "--id", id, "--secret", &secret, "--control", &control];
        let chosen = |name: &str| sets.iter().any(|set| set.starts_with(&format!("{name}=")));
        for set in ["client_id=2449", "user_id=1201", &url] {
            if !chosen(set.split('=').next().unwrap_or_default()) {
                arguments.extend(["--set", set]);
            }
        }
        for set in sets {
            arguments.extend(["--set", set]);
        }
        let output = self.rightful(&arguments)?;
        ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        Ok(())
    }

    /// Connects the sandbox's in-house system as data source `id`.
    ///
    /// # Errors
    /// When the command fails.
    pub fn add_inhouse(&self, id: &str) -> Result<()> {
        let file = self.dir.join(format!("{id}.token"));
        std::fs::write(&file, rightful_sandbox::DEFAULT_INHOUSE_TOKEN)?;
        let secret = format!("token=@{}", file.display());
        let host = format!("host={}", self.text("sandbox_url").trim_start_matches("http://"));
        let control = format!("email={}", rightful_sandbox::CONTROL);
        let output = self.rightful(&[
            "source",
            "add",
            "inhouse",
            "--id",
            id,
            "--set",
            &host,
            "--secret",
            &secret,
            "--control",
            &control,
        ])?;
        ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        Ok(())
    }

    /// The request as it is stored.
    ///
    /// # Errors
    /// When it is not there.
    pub async fn request(&self, id: RequestId) -> Result<Request> {
        self.store.request(id).await?.context("no such request")
    }

    /// Its only task.
    ///
    /// # Errors
    /// When it has none.
    pub async fn task(&self, id: RequestId) -> Result<Task> {
        self.store.tasks(id).await?.into_iter().next().context("no task")
    }

    /// Its task at one data source.
    ///
    /// # Errors
    /// When it has none there.
    pub async fn task_at(&self, id: RequestId, source: &str) -> Result<Task> {
        self.store.task(id, &SourceId::parse(source)?).await?.context("no task there")
    }

    /// Waits until a condition on the request and its first task holds.
    ///
    /// # Errors
    /// After 240 seconds, with what was there instead.
    pub async fn until(
        &self,
        id: RequestId,
        holds: impl Fn(&Request, &Task) -> bool,
    ) -> Result<(Request, Task)> {
        let begun = Instant::now();
        loop {
            let (request, task) = (self.request(id).await?, self.task(id).await?);
            if holds(&request, &task) {
                return Ok((request, task));
            }
            if begun.elapsed() > Duration::from_secs(240) {
                bail!("waited 240 s in vain; {request:?} {task:?}");
            }
            tokio::time::sleep(Duration::from_millis(150)).await;
        }
    }

    /// Waits until the request is closed and its receipt kept.
    ///
    /// # Errors
    /// After 240 seconds.
    pub async fn closed(&self, id: RequestId) -> Result<(Request, Task)> {
        self.until(id, |request, _| request.state == RequestState::Closed && request.receipt_sha256.is_some())
            .await
    }

    /// Runs the reconciliation, as its schedule would, until the request is closed and its receipt kept.
    ///
    /// # Errors
    /// After 240 seconds.
    pub async fn reconciled(&self, id: RequestId) -> Result<(Request, Task)> {
        let begun = Instant::now();
        loop {
            let (request, task) = (self.request(id).await?, self.task(id).await?);
            if request.state == RequestState::Closed && request.receipt_sha256.is_some() {
                return Ok((request, task));
            }
            ensure!(begun.elapsed() < Duration::from_secs(240), "not closed: {request:?} {task:?}");
            self.rightful_json(&["reconcile", "--now"])?;
            tokio::time::sleep(Duration::from_millis(300)).await;
        }
    }

    /// Waits until the task is `unknown`.
    ///
    /// # Errors
    /// After 240 seconds.
    pub async fn unknown(&self, id: RequestId) -> Result<(Request, Task)> {
        self.until(id, |_, task| task.state == TaskState::Unknown).await
    }

    /// Its events, whose chain must hold.
    ///
    /// # Errors
    /// When it doesn't.
    pub async fn facts(&self, id: RequestId) -> Result<Vec<Fact>> {
        let (_, facts) = read_chain(id, &self.store.events(id).await?)?;
        Ok(facts.into_iter().map(|(_, fact)| fact).collect())
    }

    /// How many erasures of these records the vendor's journal has.
    ///
    /// # Errors
    /// When the sandbox does not answer.
    pub async fn erasures(&self, ids: &[u64]) -> Result<usize> {
        let journal = self.sandbox.journal().await?;
        Ok(journal.erasures.iter().filter(|one| ids.contains(&one.profile_id)).count())
    }

    /// Stops AWS in the middle of its work, and starts it again with its stored state. The vendor continues
    /// meanwhile.
    ///
    /// # Errors
    /// When it does not come up again.
    pub fn restart(&self) -> Result<()> {
        told(&program(&self.dir, "restart", &[])?)
    }

    /// Kills every running process of a function at once, as if the Lambda were lost; returns their number.
    ///
    /// # Errors
    /// When processes can't be listed.
    pub fn kill_function(&self, function: &str) -> Result<usize> {
        let name = self.json["functions"][function].as_str().context("no such function")?;
        let wanted = format!("AWS_LAMBDA_FUNCTION_NAME={name}");
        let here = format!("AWS_ENDPOINT_URL={}", self.text("aws_endpoint_url"));
        let mut killed = 0;
        for entry in std::fs::read_dir("/proc")? {
            let folder = entry?.path();
            let Ok(environment) = std::fs::read(folder.join("environ")) else { continue };
            let has = |text: &str| environment.split(|byte| *byte == 0).any(|part| part == text.as_bytes());
            if let Some(pid) = folder.file_name().filter(|_| has(&wanted) && has(&here)) {
                killed += usize::from(Command::new("kill").arg("-KILL").arg(pid).status()?.success());
            }
        }
        Ok(killed)
    }

    /// Writes the functions' logs to files and returns the text of all logs.
    ///
    /// # Errors
    /// When they can't be read.
    pub fn logs(&self) -> Result<String> {
        program(&self.dir, "logs", &[])?;
        let mut text = String::new();
        let mut folders = vec![self.dir.join("logs")];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder)? {
                let path = entry?.path();
                // The sandbox is the vendor: its log doesn't count.
                if path.is_dir() {
                    folders.push(path);
                } else if !path.ends_with("sandbox.log") {
                    text.push_str(&String::from_utf8_lossy(&std::fs::read(path)?));
                }
            }
        }
        Ok(text)
    }
}

impl Drop for Stack {
    fn drop(&mut self) {
        if !self.own {
            return;
        }
        let _ = program(&self.dir, "down", &[]);
    }
}
