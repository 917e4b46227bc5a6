//! Kinds of identifiers, and the parts that were removed from a value that somebody gave.

use rightful_domain::base::identifier::{IdentifierKind, TakenOff, TakenOffAt};
use rightful_domain::ports::set_up::AskedKind;
use rightful_domain::view::task::Needs;

/// The parts that were removed from a value that somebody gave.
pub fn removed(one: &TakenOffAt) -> String {
    let name = |what: &TakenOff| match what {
        TakenOff::FormatCharacters => "invisible characters",
        TakenOff::Mailto => "mailto:",
        TakenOff::Quotes => "quotation marks around it",
        TakenOff::FinalDot => "the dot at its end",
    };
    let what: Vec<&str> = one.what.iter().map(name).collect();
    format!("removed from the {}: {}", one.at, what.join(", "))
}

/// The way to resolve a missing identifier: any one of the kinds is enough.
pub fn missing(needs: &Needs) -> String {
    format!("Missing identifier: give {}", any_of(&needs.asked))
}

/// The kinds of which any one is enough: `email or phone`.
pub fn any_of(asked: &[AskedKind]) -> String {
    let kinds: Vec<&str> = asked.iter().map(|one| one.kind.as_str()).collect();
    match kinds.split_last() {
        None => "one of another kind".to_owned(),
        Some((only, [])) => (*only).to_owned(),
        Some((last, others)) => format!("{} or {last}", others.join(", ")),
    }
}

/// All of the kinds: `email, phone`.
pub fn kinds(kinds: &[IdentifierKind]) -> String {
    kinds.iter().map(IdentifierKind::as_str).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_one_of_the_asked_kinds_will_do() {
        let asked = |kinds: &[&str]| {
            let one = |kind: &&str| AskedKind {
                kind: IdentifierKind::parse(kind).unwrap(),
                description: String::new(),
                example: String::new(),
            };
            any_of(&kinds.iter().map(one).collect::<Vec<_>>())
        };
        assert_eq!(asked(&["email"]), "email");
        assert_eq!(asked(&["email", "phone"]), "email or phone");
        assert_eq!(asked(&["email", "phone", "member"]), "email, phone or member");
    }
}
