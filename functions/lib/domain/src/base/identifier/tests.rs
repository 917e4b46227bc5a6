//! Identifiers as people type them.

use crate::base::identifier::email::comparable_email;
use crate::base::identifier::error::IdentifierError;
use crate::base::identifier::kind::IdentifierKind;
use crate::base::identifier::phone::has_trunk_prefix;
use crate::base::identifier::reading::is_format_character;
use crate::base::identifier::value::{Identifier, TakenOff};

use proptest::prelude::*;

fn email(value: &str) -> Identifier {
    Identifier::new(IdentifierKind::email(), value).unwrap()
}

#[test]
fn addresses_that_differ_in_case_or_in_the_domains_script_are_the_same_person() {
    assert!(email("Joao@Qualifio.COM").matches("joao@qualifio.com"));
    assert!(email("joao@qualifio.com.").matches("joao@qualifio.com"));
    assert!(email(" joao@bücher.example ").matches("joao@xn--bcher-kva.example"));
    assert!(email("jose\u{301}@example.com").matches("jos\u{e9}@example.com"));
}

#[test]
fn dots_plus_tags_and_neighbours_are_other_people() {
    let joao = email("joao@qualifio.com");
    for other in [
        "j.oao@qualifio.com",
        "joao+x@qualifio.com",
        "joao@qualifio.com.example",
        "xjoao@qualifio.com",
        "joao@qualifio.co",
        "",
        "joao",
    ] {
        assert!(!joao.matches(other), "{other}");
    }
}

#[test]
fn the_vendor_gets_what_the_person_wrote() {
    assert_eq!(email(" Joao+Tag@Bücher.example ").expose(), "Joao+Tag@Bücher.example");
}

#[test]
fn what_is_not_one_address_is_refused_without_being_repeated() {
    for bad in [
        "joao",
        "@secret.example",
        "a@b@example.com",
        "a b@example.com",
        "a@localhost",
        "a@localhost.",
        "a@ex..com",
        "a@ex.com..",
        "a@.com",
        "A <a@example.com>",
    ] {
        let error = Identifier::new(IdentifierKind::email(), bad).unwrap_err();
        assert_eq!(error, IdentifierError::NotAnEmail, "{bad}");
        assert!(!error.to_string().contains(bad));
    }
}

#[test]
fn white_space_around_an_address_is_not_part_of_it() {
    for written in ["joao@qualifio.com", "  joao@qualifio.com\t", "\u{a0}joao@qualifio.com\n"] {
        assert_eq!(email(written).expose(), "joao@qualifio.com");
    }
}

#[test]
fn dots_and_plus_tags_are_sent_and_compared_as_they_are() {
    let tagged = email("J.o.ao+News@Example.COM");
    assert_eq!(tagged.expose(), "J.o.ao+News@Example.COM");
    assert_eq!(tagged.comparable(), "j.o.ao+news@example.com");
    assert!(!tagged.matches("joao@example.com"));
}

fn phone(value: &str) -> Result<Identifier, IdentifierError> {
    Identifier::new(IdentifierKind::phone(), value)
}

#[test]
fn a_phone_number_is_the_same_however_it_is_written() {
    for written in [
        "+32470000000",
        " +32 470 00 00 00 ",
        "+32-470-00-00-00",
        "+32.470.00.00.00",
        "+(32) 470000000",
        "+32\u{a0}470\u{a0}000\u{a0}000",
    ] {
        let number = phone(written).unwrap();
        assert_eq!(number.expose(), "+32470000000", "{written}");
        assert_eq!(number.comparable(), "+32470000000", "{written}");
        assert!(number.matches(written) && number.matches("+32 470 000 000"), "{written}");
    }
    for other in ["+32470000001", "32470000000", "0470000000", "0032470000000", "+3247000000", "", "+"] {
        assert!(!phone("+32470000000").unwrap().matches(other), "{other}");
    }
}

#[test]
fn what_is_no_phone_number_with_its_countrys_code_is_refused_without_being_repeated() {
    for bad in [
        "0470000000",
        "0032470000000",
        "491700000000",
        "+0470000000",
        "+491700",
        "+1234567890123456",
        "++32470000000",
        "+32470000000x12",
        "+32/470000000",
        "+32470000000, +32470000001",
        "+\u{663}\u{662}470000000",
        "ann@example.com",
    ] {
        let error = phone(bad).unwrap_err();
        assert_eq!(error, IdentifierError::NotAPhone, "{bad}");
        assert!(error.to_string().contains("such as +32470000000"));
        assert!(!error.to_string().contains(bad), "{bad}");
    }
    assert_eq!(phone(" ").unwrap_err(), IdentifierError::Empty);
    assert!(phone("+1234567").is_ok() && phone("+123456789012345").is_ok());
}

#[test]
fn the_name_of_a_kind_can_be_no_number() {
    for good in ["email", "customer_id", "a", "sha256", &"a".repeat(32)] {
        assert_eq!(IdentifierKind::parse(good).unwrap().as_str(), good);
    }
    for bad in ["", "32470000001", "_a", "E-Mail", "a b", "é", &"a".repeat(33)] {
        assert_eq!(IdentifierKind::parse(bad), Err(IdentifierError::BadKind), "{bad}");
    }
}

fn entered(kind: &str, value: &str) -> Result<(String, Vec<TakenOff>), IdentifierError> {
    let entered = Identifier::entered(IdentifierKind::parse(kind).unwrap(), value)?;
    Ok((entered.identifier.expose().to_owned(), entered.taken_off))
}

#[test]
fn what_is_certainly_no_part_of_a_value_is_taken_off_and_told() {
    use TakenOff::{FinalDot, FormatCharacters, Mailto, Quotes};
    for (written, taken_off) in [
        ("ana@example.com", &[][..]),
        (" ana@example.com\t", &[]),
        ("ana\u{200b}@example.com", &[FormatCharacters]),
        ("\u{feff}ana@example.com", &[FormatCharacters]),
        ("a\u{ad}na@exam\u{ad}ple.com", &[FormatCharacters]),
        ("\u{202a}ana@example.com\u{202c}", &[FormatCharacters]),
        ("\u{200b} ana@example.com \u{200e}", &[FormatCharacters]),
        ("ana\u{200d}@example.com", &[FormatCharacters]),
        ("mailto:ana@example.com", &[Mailto]),
        ("MailTo: ana@example.com", &[Mailto]),
        ("'ana@example.com'", &[Quotes]),
        ("\"ana@example.com\"", &[Quotes]),
        ("\u{201c}ana@example.com\u{201d}", &[Quotes]),
        ("\u{201e}ana@example.com\u{201c}", &[Quotes]),
        ("\u{ab}\u{a0}ana@example.com\u{a0}\u{bb}", &[Quotes]),
        ("\"'ana@example.com'\"", &[Quotes]),
        ("ana@example.com.", &[FinalDot]),
        ("ana@example.com\u{3002}", &[FinalDot]),
        ("\u{feff}'mailto:ana@example.com.'", &[FormatCharacters, Mailto, Quotes, FinalDot]),
        ("mailto:\"ana@example.com\"", &[Mailto, Quotes]),
    ] {
        assert_eq!(
            entered("email", written),
            Ok(("ana@example.com".to_owned(), taken_off.to_vec())),
            "{written}"
        );
        assert_eq!(email(written).expose(), "ana@example.com", "{written}");
        assert!(email("ana@example.com").matches(written), "{written}");
    }
    assert_eq!(
        entered("phone", "\"+32 470\u{202f}\u{200b}00 00 01\""),
        Err(IdentifierError::NotAPhone),
        "a narrow space is seen"
    );
    for written in ["\u{202d}+32 470 00 00 01\u{202c}", "'+32470000001'"] {
        let (value, taken_off) = entered("phone", written).unwrap();
        assert_eq!((value.as_str(), taken_off.len()), ("+32470000001", 1), "{written}");
    }
    assert_eq!(
        entered("customer_id", "\u{200b}100\u{ad}001"),
        Ok(("100001".to_owned(), vec![FormatCharacters]))
    );
    assert_eq!(entered("customer_id", "\"A-17\""), Ok(("A-17".to_owned(), vec![Quotes])));
    assert_eq!(entered("nickname", "mailto:x."), Ok(("mailto:x.".to_owned(), vec![])));
}

#[test]
fn what_belongs_to_a_value_stays() {
    for written in
        ["o'brien@example.com", "ana'@example.com", "a%b&c?@example.com", "ana_b`c@my_host.example.com"]
    {
        assert_eq!(entered("email", written), Ok((written.to_owned(), vec![])));
    }
    assert_eq!(entered("email", "'o'brien@example.com'").unwrap().0, "o'brien@example.com");
    // U+200C in a Persian word: the word without it is another domain.
    let persian = "ana@\u{646}\u{627}\u{645}\u{647}\u{200c}\u{627}\u{6cc}.example";
    assert_eq!(entered("email", persian), Ok((persian.to_owned(), vec![])));
    assert!(!email(persian).matches(&persian.replace('\u{200c}', "")));
}

#[test]
fn what_is_ambiguous_is_refused_with_what_to_write_and_never_with_the_value() {
    use IdentifierError::{Invisible, Link, LooksAlike, NotAPhone, NotAnEmail, Quote, TrunkPrefix};
    for (kind, written, why) in [
        ("email", "'ana@example.com", Quote),
        ("email", "ana@example.com'", Quote),
        ("email", "\"ana@example.com", Quote),
        ("email", "\u{201c}ana@example.com\"", Quote),
        ("email", "\"ana\"@example.com", Quote),
        ("email", "o\u{2019}brien@example.com", Quote),
        ("email", "mailto:ana@example.com?subject=x", Link),
        ("email", "mailto:ana%2Bx@example.com", Link),
        ("email", "email:ana@example.com", NotAnEmail),
        ("email", "<ana@example.com>", NotAnEmail),
        ("email", "ana@example.com;", NotAnEmail),
        ("email", "ana@example.com!", NotAnEmail),
        ("email", "ana@exam'ple.com", NotAnEmail),
        ("email", "ana@example.com..", NotAnEmail),
        ("email", "'ana@example.com','bo@example.com'", NotAnEmail),
        ("email", "ana\u{3164}@example.com", Invisible),
        ("email", "ana\u{fe0f}@example.com", Invisible),
        ("phone", "+32 (0)470 00 00 01", TrunkPrefix),
        ("phone", "+32 ( 0 ) 470 00 00 01", TrunkPrefix),
        ("phone", "+44 (020) 7946 0000", TrunkPrefix),
        ("phone", "+91 098765 43210", TrunkPrefix),
        ("phone", "+86 010 1234 5678", TrunkPrefix),
        ("email", "\u{fb01}ona@example.com", LooksAlike),
        ("email", "\u{ff41}\u{ff4e}\u{ff41}@example.com", LooksAlike),
        ("email", "o\u{b4}brien@example.com", Quote),
        ("email", "o\u{2032}brien@example.com", Quote),
        ("email", "\u{2bc}ana@example.com", Quote),
        ("phone", "+32 0470 00 00 01", TrunkPrefix),
        ("phone", "+353 086 000 0001", TrunkPrefix),
        ("phone", "'+32470000001", Quote),
        ("phone", "tel:+32470000001", NotAPhone),
        ("customer_id", "'100001", Quote),
        ("customer_id", "\"1\",\"2\"", Quote),
    ] {
        let error = entered(kind, written).unwrap_err();
        assert_eq!(error, why, "{written}");
        assert!(!error.to_string().contains(written), "{written}");
        assert!(!error.to_string().contains("ana"), "{written}");
    }
    // Where the 0 belongs to the number, as in Italy and in Benin.
    for (written, number) in [("+39 06 1234567", "+39061234567"), ("+229 01 97 00 00 00", "+2290197000000")] {
        assert_eq!(entered("phone", written).unwrap().0, number);
    }
    assert!(phone("+320470000001").is_ok(), "what was stored before can still be read");
}

#[test]
fn a_vendors_value_is_read_with_the_same_care() {
    let ana = email("ana@example.com");
    for shown in
        ["\u{200b}Ana@example.com.", "mailto:ANA@EXAMPLE.COM", "\"ana@example.com\"", "'ana@example.com'"]
    {
        assert!(ana.matches(shown), "{shown}");
    }
    for shown in [
        "'ana@example.com",
        "ana@example.com, ana@example.com",
        "<ana@example.com>",
        "mailto:ana@example.com?cc=x",
        "",
    ] {
        assert!(!ana.matches(shown), "{shown}");
    }
    let number = phone("+32470000001").unwrap();
    assert!(number.matches("\u{202a}+32 470 00 00 01\u{202c}"));
    assert!(!number.matches("+32 (0)470 00 00 01") && !number.matches("+32 0470 00 00 01"));
    let customer = Identifier::new(IdentifierKind::parse("customer_id").unwrap(), "100001").unwrap();
    assert!(customer.matches("\u{feff}100001 ") && customer.matches("'100001'"));
    assert!(!customer.matches("'100001") && !customer.matches("100 001"));
}

fn spellings(value: &str) -> Vec<String> {
    email(value).spellings().iter().map(|one| one.expose().to_owned()).collect()
}

#[test]
fn every_spelling_that_a_vendor_might_hold_comes_once_and_in_the_same_order() {
    assert_eq!(spellings("ann@example.com"), ["ann@example.com"]);
    assert_eq!(spellings("Ann@Example.com"), ["Ann@Example.com", "ann@example.com", "Ann@example.com"]);
    assert_eq!(spellings("ANN@example.com"), ["ANN@example.com", "ann@example.com"]);
    assert_eq!(
        spellings("ann@b\u{fc}cher.example"),
        ["ann@b\u{fc}cher.example", "ann@xn--bcher-kva.example"]
    );
    assert_eq!(
        spellings("ann@xn--bcher-kva.example"),
        ["ann@xn--bcher-kva.example", "ann@b\u{fc}cher.example"]
    );
    assert_eq!(
        spellings("Jose\u{301}@B\u{dc}cher.example"),
        [
            "Jose\u{301}@B\u{dc}cher.example",
            "jose\u{301}@b\u{fc}cher.example",
            "Jos\u{e9}@B\u{dc}cher.example",
            "jos\u{e9}@b\u{fc}cher.example",
            "jos\u{e9}@xn--bcher-kva.example",
            "Jos\u{e9}@xn--bcher-kva.example",
            "Jos\u{e9}@b\u{fc}cher.example",
            "Jose\u{301}@xn--bcher-kva.example",
            "Jose\u{301}@b\u{fc}cher.example",
        ]
    );
    assert_eq!(phone("+32 470 00 00 01").unwrap().spellings(), [phone("+32470000001").unwrap()]);
    let nickname = |value: &str| Identifier::new(IdentifierKind::parse("nickname").unwrap(), value).unwrap();
    assert_eq!(nickname("Jose\u{301}").spellings(), [nickname("Jose\u{301}"), nickname("Jos\u{e9}")]);
    assert_eq!(nickname("Bob").spellings(), [nickname("Bob")]);
}

#[test]
fn debug_output_shows_no_value() {
    assert_eq!(format!("{:?}", email("joao@qualifio.com")), "Identifier(email ***)");
}

proptest! {
    #[test]
    fn what_was_taken_is_taken_again_as_it_is(
        kind in prop_oneof![Just("email"), Just("phone"), Just("customer_id")],
        text in prop_oneof![
            "\\PC{0,20}@\\PC{0,20}",
            "[ '\"\u{200b}\u{ad}]{0,2}(mailto:)?['\"]?[a-zA-Z\u{301}ı.+'-]{1,8}@[a-zA-Zé\u{ad}]{1,8}\\.[a-z]{2,3}[.'\" ]{0,2}",
            "['\u{202a}]?\\+[1-9][0-9 ()]{6,18}['\u{202c}]?",
            "[0-9A-Z'\"\u{200b}-]{0,12}",
        ],
    ) {
        if let Ok((value, _)) = entered(kind, &text) {
            prop_assert!(!value.chars().any(|c| is_format_character(c) && c.is_ascii()));
            prop_assert_eq!(entered(kind, &value), Ok((value.clone(), vec![])));
            let identifier = Identifier::new(IdentifierKind::parse(kind).unwrap(), &value).unwrap();
            prop_assert!(identifier.matches(&text), "what was entered matches what was written");
        }
    }

    #[test]
    fn what_surrounds_an_address_makes_it_nobody_elses(
        address in "[a-z0-9]{1,8}@[a-z]{1,8}\\.[a-z]{2,3}",
        noise in proptest::collection::vec((any::<prop::sample::Index>(), prop_oneof![
            Just('\u{200b}'), Just('\u{feff}'), Just('\u{ad}'), Just('\u{200e}'), Just('\u{202e}'), Just('\u{2066}'),
        ]), 0..5),
        (before, after) in prop_oneof![
            Just(("", "")), Just(("'", "'")), Just(("\"", "\"")), Just(("mailto:", "")), Just(("", ".")),
            Just(("\u{201c}mailto:", ".\u{201d}")), Just((" ", "\u{a0}")),
        ],
    ) {
        let mut written: Vec<char> = format!("{before}{address}{after}").chars().collect();
        for (place, c) in &noise {
            written.insert(place.index(written.len() + 1), *c);
        }
        let written: String = written.into_iter().collect();
        let (value, taken_off) = entered("email", &written).unwrap();
        prop_assert_eq!(&value, &address);
        prop_assert_eq!(taken_off.contains(&TakenOff::FormatCharacters), !noise.is_empty());
        prop_assert!(email(&address).matches(&written));
    }

    #[test]
    fn an_unmatched_quotation_mark_is_never_a_person(
        address in "[a-z'][a-z0-9]{1,7}@[a-z]{1,8}\\.[a-z]{2,3}",
        mark in prop::sample::select(vec!['\'', '"', '`', '\u{201c}', '\u{201e}', '\u{2018}', '\u{ab}']),
        behind: bool,
    ) {
        let written = if behind { format!("{address}{mark}") } else { format!("{mark}{address}") };
        // A mark of the address's own at the other end may complete the pair.
        let paired = !behind && address.ends_with(mark) || behind && address.starts_with(mark);
        if !paired {
            prop_assert!(entered("email", &written).is_err(), "{written}");
            prop_assert!(!email(&address.replace('\'', "")).matches(&written));
        }
    }

    #[test]
    fn spellings_are_one_person_and_each_comes_once(
        local in "[a-zA-Zéİßσς\u{301}.+]{1,6}", domain in "[a-zA-Zßéüş]{1,6}\\.[a-zé]{2,4}",
    ) {
        if let Ok(identifier) = Identifier::new(IdentifierKind::email(), &format!("{local}@{domain}")) {
            let all = identifier.spellings();
            prop_assert_eq!(&all[0], &identifier);
            prop_assert_eq!(&all, &identifier.spellings());
            for (n, one) in all.iter().enumerate() {
                prop_assert!(!all[..n].contains(one));
                prop_assert_eq!(one.comparable(), identifier.comparable());
                prop_assert!(all.iter().all(|other| one.matches(other.expose())));
                let again = Identifier::new(one.kind().clone(), one.expose());
                prop_assert_eq!(again.as_ref(), Ok(one));
            }
        }
    }

    #[test]
    fn an_ascii_address_in_lower_case_has_one_spelling(address in "[a-z0-9.+_-]{1,10}@[a-wyz][a-z0-9]{0,7}\\.[a-wyz]{2,3}") {
        prop_assert_eq!(spellings(&address), vec![address]);
    }

    #[test]
    fn comparing_never_panics_and_is_stable(
        text in prop_oneof!["\\PC{0,40}@\\PC{0,40}", "[a-zA-ZıİſßẞΣ.+]{1,8}@[aA.\u{ad}。ßéxn-]{1,12}"],
    ) {
        if let Some(once) = comparable_email(&text) {
            prop_assert_eq!(comparable_email(&once), Some(once.clone()));
        }
    }

    #[test]
    fn a_phone_number_is_its_digits_whatever_stands_between_them(
        digits in "[1-9][0-9]{6,14}",
        between in proptest::collection::vec("[-. ()\u{a0}]{0,2}", 16),
    ) {
        let written: String =
            digits.chars().zip(&between).map(|(digit, between)| format!("{digit}{between}")).collect();
        prop_assume!(!has_trunk_prefix(&written));
        let number = phone(&format!("+{written}")).unwrap();
        let plain = format!("+{digits}");
        prop_assert_eq!(number.expose(), plain.as_str());
        prop_assert!(number.matches(&plain));
        let longer = format!("{plain}0");
        prop_assert!(!number.matches(&longer));
    }

    #[test]
    fn what_passes_as_a_phone_number_is_e164(text in "\\PC{0,24}|[+0-9 .()-]{0,20}") {
        if let Ok(number) = phone(&text) {
            let digits = number.expose().strip_prefix('+').unwrap_or_default();
            prop_assert!((7..=15).contains(&digits.len()));
            prop_assert!(digits.bytes().all(|byte| byte.is_ascii_digit()) && !digits.starts_with('0'));
            prop_assert_eq!(number.comparable(), number.expose());
        }
    }
}
