//! Data sources, their secrets, and the tasks on them.

use rightful_contract::canary;
use rightful_contract::world::{World, ann, request_id, source};
use rightful_domain::base::identifier::IdentifierKind;
use rightful_domain::chain::act::Act;
use rightful_domain::model::source::{Control, DataSource};
use rightful_domain::operations::set_up::{Adding, Becomes, Standing, StandingTask};
use rightful_domain::vendor::target::Target;
use std::collections::BTreeMap;
use zeroize::Zeroizing;

pub const SECRET: &str = "tok-7731904455-canary";

pub fn adding(name: &str, secret: &str) -> Adding {
    Adding {
        id: source(name),
        connector: "plain".to_owned(),
        params: params(&[("account", "7")]),
        secret: secret_of(secret),
        control: None,
    }
}

pub fn params(all: &[(&str, &str)]) -> BTreeMap<String, String> {
    all.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

pub fn secret_of(token: &str) -> BTreeMap<String, Zeroizing<String>> {
    BTreeMap::from([("token".to_owned(), Zeroizing::new(token.to_owned()))])
}

pub async fn added() -> World {
    let world = World::new();
    world.setting_up().add(adding("crm", SECRET), &ann()).await.unwrap();
    world
}

pub async fn row(world: &World, name: &str) -> Option<DataSource> {
    use rightful_domain::ports::store::Reads;
    world.store.source(&source(name)).await.unwrap()
}

pub fn acts(world: &World) -> Vec<Act> {
    world.store.journal().into_iter().map(|entry| entry.act).collect()
}

pub fn secret(world: &World) -> Option<String> {
    world.secrets.value("source/crm")
}

/// A secret as stored without steering parameters.
pub fn written(token: &str) -> Option<String> {
    Some(stored(token, &target(&[])))
}

pub fn target(all: &[(&str, &str)]) -> Target {
    rightful_contract::catalogue::target("plain", &params(all))
}

pub fn stored(token: &str, target: &Target) -> String {
    format!("{{\"token\":\"{token}\",\"target\":\"{}\"}}", target.fingerprint())
}

pub fn control(value: &str) -> Control {
    Control { kind: IdentifierKind::email(), value: value.to_owned() }
}

pub fn standing(tasks: &[(u16, Becomes)]) -> Standing {
    let tasks: Vec<StandingTask> = tasks
        .iter()
        .map(|(n, becomes)| StandingTask { request: request_id(*n), becomes: *becomes })
        .collect();
    Standing { count: u32::try_from(tasks.len()).unwrap(), tasks, more: false }
}

/// The secret is in its vault, and nowhere else.
pub fn keeps_secret(world: &World, more: &str) {
    let text = format!("{} {:?} {:?} {more}", world.store.dump(), world.store.journal(), world.secrets);
    assert_eq!(canary::found(&text, SECRET), Vec::<String>::new());
}
