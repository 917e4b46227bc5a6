//! A value of the domain, given by its name.

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use rightful_domain::law::ground::{Ground, RefusalGround};
use rightful_domain::law::right::Right;

use crate::words;

/// `erasure` or `access`.
pub fn right() -> impl TypedValueParser<Value = Right> {
    one_of([Right::Erasure, Right::Access].map(|right| (PossibleValue::new(right.as_str()), right)))
}

/// The ground of a refusal, by its name in every layer.
pub fn refusal_ground() -> impl TypedValueParser<Value = RefusalGround> {
    one_of(RefusalGround::ALL.map(|ground| {
        let help = words::task::refusal_ground(ground);
        (PossibleValue::new(ground.as_str()).help(help), ground)
    }))
}

/// The ground of an extension.
pub fn extension_ground() -> impl TypedValueParser<Value = Ground> {
    one_of([("complexity", Ground::Complexity), ("number-of-requests", Ground::NumberOfRequests)].map(
        |(name, ground)| {
            let help = words::request::extension_ground(ground);
            (PossibleValue::new(name).help(help), ground)
        },
    ))
}

fn one_of<T, const N: usize>(values: [(PossibleValue, T); N]) -> impl TypedValueParser<Value = T>
where
    T: Copy + Send + Sync + 'static,
{
    let known = values.clone();
    PossibleValuesParser::new(values.map(|(name, _)| name)).try_map(move |given| {
        let found = known.iter().find(|(name, _)| name.get_name() == given);
        found.map(|(_, value)| *value).ok_or("no such value")
    })
}
