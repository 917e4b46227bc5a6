//! The words of the pages, in the reader's language. All words of a language stand in one file, words/<language>.ftl
//! (Project Fluent). A reader whose browser asks for no language of ours gets English.

use fluent_bundle::{FluentArgs, FluentBundle, FluentResource, FluentValue};
use rightful_domain::base::code::Code;
use rightful_domain::base::failure::Failure;
use std::cell::OnceCell;
use unic_langid::LanguageIdentifier;

/// Each language with its file. The first one is for readers of any other.
const LANGUAGES: [(&str, &str); 2] =
    [("en", include_str!("../../words/en.ftl")), ("de", include_str!("../../words/de.ftl"))];

/// The words of every language, each read when a reader first needs it.
#[derive(Default)]
pub(crate) struct Library([OnceCell<Words>; LANGUAGES.len()]);

impl Library {
    /// The words for a reader whose browser sends this `Accept-Language`.
    ///
    /// # Errors
    /// `Misconfigured` if the language's file can't be read.
    pub fn of(&self, accepted: &str) -> Result<&Words, Failure> {
        let place = chosen(accepted);
        let (language, file) = LANGUAGES[place];
        if self.0[place].get().is_none() {
            let words = Words::read(language, file).ok_or(Failure::of(Code::AnswerUnwritable))?;
            // Set at most once: nobody else does it between the two lines.
            drop(self.0[place].set(words));
        }
        self.0[place].get().ok_or(Failure::of(Code::AnswerUnwritable))
    }
}

/// The words of one language.
pub(crate) struct Words {
    /// Its code, as in `<html lang>`.
    pub language: &'static str,
    bundle: FluentBundle<FluentResource>,
}

impl Words {
    fn read(language: &'static str, file: &str) -> Option<Self> {
        let id: LanguageIdentifier = language.parse().ok()?;
        let mut bundle = FluentBundle::new(vec![id]);
        // Texts from outside are isolated where they are shown, by <bdi>.
        bundle.set_use_isolating(false);
        bundle.add_resource(FluentResource::try_new(file.to_owned()).ok()?).ok()?;
        Some(Self { language, bundle })
    }

    /// The words of this name.
    pub fn t(&self, name: &str) -> String {
        self.with(name, &FluentArgs::new())
    }

    /// The words of this name, if there are any.
    pub fn find(&self, name: &str) -> Option<String> {
        self.bundle.has_message(name).then(|| self.t(name))
    }

    /// The words of this name for a number, which they name `$n`.
    pub fn n(&self, name: &str, n: impl Into<u64>) -> String {
        self.a(name, &[("n", Value::Number(n.into()))])
    }

    /// The words of this name with values.
    pub fn a(&self, name: &str, values: &[(&str, Value<'_>)]) -> String {
        let mut args = FluentArgs::new();
        for (name, value) in values {
            match value {
                Value::Number(number) => args.set(*name, FluentValue::from(*number as f64)),
                Value::Text(text) => args.set(*name, FluentValue::from(*text)),
            }
        }
        self.with(name, &args)
    }

    fn with(&self, name: &str, args: &FluentArgs<'_>) -> String {
        let Some(pattern) = self.bundle.get_message(name).and_then(|message| message.value()) else {
            debug_assert!(false, "no words for {name}");
            return name.to_owned();
        };
        let mut errors = Vec::new();
        let text = self.bundle.format_pattern(pattern, Some(args), &mut errors).into_owned();
        debug_assert!(errors.is_empty(), "{name}: {errors:?}");
        text
    }
}

/// A value in a sentence.
#[derive(Clone, Copy)]
pub(crate) enum Value<'a> {
    Number(u64),
    Text(&'a str),
}

/// The place of the language that the browser likes best.
fn chosen(accepted: &str) -> usize {
    let mut best = (0.0_f32, 0);
    for one in accepted.split(',') {
        let (tag, weight) = one.split_once(';').unwrap_or((one, ""));
        let weight = weight.trim().strip_prefix("q=").map_or(1.0, |q| q.parse().unwrap_or(0.0));
        let tag = tag.trim().split('-').next().unwrap_or_default().to_ascii_lowercase();
        let known = LANGUAGES.iter().position(|(language, _)| *language == tag);
        if let Some(known) = known.filter(|_| weight > best.0) {
            best = (weight, known);
        }
    }
    best.1
}

#[cfg(test)]
mod tests {
    use super::*;
    use fluent_bundle::FluentMessage;
    use rightful_domain::view::task::Situation;
    use std::collections::{BTreeMap, BTreeSet};

    fn all() -> Vec<Words> {
        LANGUAGES.iter().map(|(language, file)| Words::read(language, file).unwrap()).collect()
    }

    /// The names in a file, each with the variables of its text.
    fn names(file: &str) -> BTreeMap<String, BTreeSet<String>> {
        let mut all: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        let mut name = String::new();
        for line in file.lines().filter(|line| !line.starts_with('#')) {
            if let Some((first, _)) = line.split_once(" =").filter(|_| !line.starts_with([' ', '}'])) {
                name = first.to_owned();
                assert!(all.insert(name.clone(), BTreeSet::new()).is_none(), "{name} stands twice");
            }
            for part in line.split('$').skip(1) {
                let variable = part.split(|c: char| !c.is_ascii_alphanumeric()).next().unwrap();
                all.get_mut(&name).unwrap().insert(variable.to_owned());
            }
        }
        all
    }

    #[test]
    fn every_language_has_the_same_words_with_the_same_values() {
        let english = names(LANGUAGES[0].1);
        for (language, file) in LANGUAGES {
            let own = names(file);
            let missing: Vec<&String> = english.keys().filter(|name| !own.contains_key(*name)).collect();
            let strange: Vec<&String> = own.keys().filter(|name| !english.contains_key(*name)).collect();
            assert!(missing.is_empty() && strange.is_empty(), "{language}: {missing:?}, {strange:?}");
            for (name, variables) in &own {
                assert_eq!(variables, &english[name], "{language}: {name}");
            }
        }
    }

    #[test]
    fn every_language_reads_whole() {
        for (words, (language, file)) in all().iter().zip(LANGUAGES) {
            for name in names(file).keys() {
                let message: Option<FluentMessage<'_>> = words.bundle.get_message(name);
                assert!(message.is_some_and(|message| message.value().is_some()), "{language}: {name}");
            }
        }
    }

    #[test]
    fn english_says_what_the_domain_says() {
        let words = &all()[0];
        for situation in Situation::ALL {
            assert_eq!(words.t(&format!("situation-{}", situation.as_str())), situation.words());
        }
        let mut codes = 0;
        for code in Code::ALL {
            if let Some(text) = words.find(&format!("code-{code}")) {
                assert_eq!(text, code.what(), "{code}");
                codes += 1;
            }
        }
        assert!(codes > 150, "{codes}");
    }

    #[test]
    fn the_browser_chooses_the_language() {
        for (accepted, language) in [
            ("", "en"),
            ("de", "de"),
            ("de-AT,de;q=0.9,en;q=0.5", "de"),
            ("fr, en;q=0.8, de;q=0.9", "de"),
            ("en-GB, de;q=0.9", "en"),
            ("fr", "en"),
            ("de;q=nonsense, en;q=0.1", "en"),
            (";;,,", "en"),
        ] {
            assert_eq!(LANGUAGES[chosen(accepted)].0, language, "{accepted}");
        }
    }
}
