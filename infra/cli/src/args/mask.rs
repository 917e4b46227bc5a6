//! Messages of clap, without values from the command line.

/// clap's message without any word of the command line that may be personal data or a secret: clap repeats
/// what it doesn't understand.
pub fn without_values(message: &str) -> String {
    let may_be_personal = |word: &str| {
        word.contains('@')
            || word.chars().filter(char::is_ascii_digit).count() >= 5
            || (word.contains('=') && !word.starts_with('-'))
    };
    let parts: Vec<&str> = message.split('\'').collect();
    if parts.len().is_multiple_of(2) {
        // A value has an apostrophe, so nothing shows where it ends.
        return "error: the command line was not understood; see --help\n".to_owned();
    }
    let masked: Vec<&str> = parts
        .iter()
        .enumerate()
        .map(|(index, part)| {
            let placeholder = part.contains('<') || part.contains("...");
            if index % 2 == 1 && !placeholder && may_be_personal(part) { "***" } else { part }
        })
        .collect();
    masked.join("'")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args::command_line::CommandLine;
    use clap::Parser as _;

    fn parse(line: &str) -> Result<CommandLine, clap::Error> {
        CommandLine::try_parse_from(line.split(' '))
    }

    #[test]
    fn a_misplaced_identifier_is_not_repeated() {
        for line in [
            "rightful request new --right erasure --identifier email=- ann@example.com",
            "rightful request ann@example.com",
            "rightful request new --right ann@example.com --identifier email=-",
            "rightful request list --limit ann@example.com",
            "rightful request new --identifer email=ann@example.com",
            "rightful request new --right erasure --identifier email=- +32470000000",
            "rightful request new --right erasure --identifier email=- o'ann@example.com",
            "rightful request identify 1 --source s email=ann@example.com",
            "rightful request review 1 --proceed ann@example.com",
            "rightful request review 1 --refuse --ground ann@example.com --reason r",
            "rightful request new --file f --right ann@example.com",
        ] {
            let Err(error) = parse(line) else { panic!("{line} parses") };
            let shown = without_values(&error.render().to_string());
            assert!(!shown.contains("ann@") && !shown.contains("32470000000"), "{shown}");
        }
    }

    #[test]
    fn a_masked_message_still_says_what_is_wrong() {
        let Err(error) = parse("rightful request new --rihgt erasure") else { panic!("it parses") };
        let shown = without_values(&error.render().to_string());
        assert!(shown.contains("'--rihgt'") && shown.contains("--right"), "{shown}");
    }
}
