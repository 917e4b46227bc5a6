//! The messages that the author of a definition reads.

use super::checked::Definition;

const GOOD: &str = include_str!("../../definitions/qualifio/connector.yaml");

const INHOUSE: &str = include_str!("../../definitions/inhouse/connector.yaml");

/// The messages for a definition in which each `from` is replaced by its `to`.
fn problems_in(definition: &str, changes: &[(&str, &str)]) -> String {
    let mut text = definition.to_owned();
    for (from, to) in changes {
        assert!(text.contains(from), "{from}");
        text = text.replacen(from, to, 1);
    }
    Definition::parse("connector.yaml", &text).expect_err("nothing was found wrong").to_string()
}

fn problems(changes: &[(&str, &str)]) -> String {
    problems_in(GOOD, changes)
}

fn inhouse_problems(changes: &[(&str, &str)]) -> String {
    problems_in(INHOUSE, changes)
}

#[test]
fn the_embedded_definition_is_good() {
    let definition = Definition::parse("connector.yaml", GOOD).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(definition.name, "qualifio");
    assert_eq!(definition.hosts, ["api.qualif.io", "api.qualifio.com"]);
    assert_eq!(definition.test.success, [200]);
    assert_eq!(definition.plan.deadline_seconds, 30 * 86_400);
}

#[test]
fn a_misspelt_field_is_answered_with_the_right_one() {
    insta::assert_snapshot!(problems(&[("      query:", "      qurey:")]), @"connector.yaml:124:7: unknown field `qurey`: write `query`");
}

#[test]
fn a_field_in_the_wrong_place_is_answered_with_those_allowed_there() {
    insta::assert_snapshot!(problems(&[("limits:\n", "limits:\n  retries: 3\n")]), @"connector.yaml:210:3: unknown field `retries`: write one of `batch_size`, `max_records`, `call_timeout_seconds`, `max_body_bytes`, `longest_retry_after_seconds`, `rate`, `daily_calls`");
}

#[test]
fn a_missing_field_is_named() {
    insta::assert_snapshot!(problems(&[("    match: /email\n", "")]), @"connector.yaml:133:5: missing field `match`: add `match: …` to this block");
}

#[test]
fn a_status_mapped_twice_is_refused() {
    insta::assert_snapshot!(problems(&[("  FINISHED: finished", "  FINISHED: finished\n  NEW: pending")]), @"connector.yaml:200:3: `NEW` is listed twice: keep one");
}

#[test]
fn a_status_can_only_mean_what_the_domain_knows() {
    insta::assert_snapshot!(problems(&[("NEW: awaiting_approval", "NEW: awaiting-approval")]), @"connector.yaml:197:8: `awaiting-approval` is not allowed here: write `awaiting_approval`");
}

#[test]
fn a_value_of_another_type_is_refused() {
    insta::assert_snapshot!(problems(&[("max_records: 1000", "max_records: many")]), @"connector.yaml:211:16: write a whole number without quotes");
    insta::assert_snapshot!(problems(&[("hosts:\n  - api.qualif.io\n  - api.qualifio.com", "hosts: api.qualif.io")]), @"connector.yaml:9:8: write a list here, with `- ` before each item");
    insta::assert_snapshot!(problems(&[("method: POST", "method: post")]), @"connector.yaml:140:13: `post` is not allowed here: write one of `GET`, `POST`, `PUT`, `PATCH`, `DELETE`");
    insta::assert_snapshot!(problems(&[("type: boolean", "type: bool")]), @"connector.yaml:33:11: `bool` is not allowed here: write `boolean`");
}

#[test]
fn broken_yaml_is_refused_with_its_place() {
    insta::assert_snapshot!(problems(&[("params:\n", "params: [\n")]), @r#"connector.yaml:15:3: "-" is only valid inside a block"#);
}

#[test]
fn unknown_and_broken_placeholders_are_refused() {
    insta::assert_snapshot!(
        problems(&[
            ("direct: ${param.direct}", "direct: ${param.driect}"),
            ("userId: ${param.user_id}", "userId: ${user_id}"),
            ("justification: ${justification}", "justification: ${justification"),
            ("/rules/${rule_id}", "/rules/${secret.token}"),
        ]),
        @"
    connector.yaml:144:15: an erasure cannot use `${param.driect}`: write `${param.direct}`
    connector.yaml:150:22: this placeholder has no closing `}`: write `${…}`
    connector.yaml:151:15: unknown placeholder `${user_id}`: write one of `${param.NAME}`, `${identifier.KIND}`, `${records}`, `${justification}`, `${rule_id}`
    connector.yaml:183:11: only `auth` sends a secret: remove this placeholder
    "
    );
}

#[test]
fn placeholders_that_do_not_fit_their_place_are_refused() {
    insta::assert_snapshot!(
        problems(&[
            ("      direct: ${param.direct}", "      direct: ${records}"),
            ("justification: ${justification}", "justification: erase ${records}"),
            ("/rules/${rule_id}", "/rules/${identifier.email}"),
            ("email: ${identifier.email}", "email: ${identifier.phone}"),
        ]),
        @"
    connector.yaml:123:13: the search does not ask for the person: put `${identifier.email}` into it
    connector.yaml:126:16: a search cannot use `${identifier.phone}`: write `${identifier.email}`
    connector.yaml:144:15: `${records}` is a list, which a query cannot hold: put it into the `body`
    connector.yaml:150:22: `${records}` is a list, which a text cannot hold: put it into the `body`
    connector.yaml:183:11: a status check cannot use `${identifier.email}`: write one of `${rule_id}`, `${param.client_id}`, `${param.user_id}`, `${param.base_url}`, `${param.direct}`, `${param.export_rule}`, `${param.batch_size}`, `${param.verify_looks}`, `${param.unknown_wait_seconds}`, `${param.unknown_looks}`, `${param.calls_per_minute}`, `${param.daily_calls}`
    connector.yaml:183:11: the status check does not name the rule: put `${rule_id}` into it
    "
    );
}

#[test]
fn hosts_are_lower_case_names_and_the_base_url_is_one_of_them() {
    insta::assert_snapshot!(
        problems(&[
            ("  - api.qualif.io\n", "  - https://api.qualif.io\n  - 10.0.0.1\n  - API.example.com\n  - api.qualifio.com\n"),
            ("base_url: ${param.base_url}", "base_url: http://api.qualifio.com"),
        ]),
        @"
    connector.yaml:10:5: write a host name in lower-case ASCII, without scheme, port or path, such as `api.example.com`
    connector.yaml:11:5: write a host name in lower-case ASCII, without scheme, port or path, such as `api.example.com`
    connector.yaml:12:5: write a host name in lower-case ASCII, without scheme, port or path, such as `api.example.com`
    connector.yaml:14:5: the host `api.qualifio.com` is listed twice: keep one
    connector.yaml:15:11: the base URL cannot be used: only https is allowed
    connector.yaml:32:14: the example cannot be used: its host is not one that the connector may call (https://api.qualif.io, 10.0.0.1, API.example.com, api.qualifio.com, api.qualifio.com)
    connector.yaml:33:14: the default cannot be used: its host is not one that the connector may call (https://api.qualif.io, 10.0.0.1, API.example.com, api.qualifio.com, api.qualifio.com)
    "
    );
    insta::assert_snapshot!(problems(&[("type: url", "type: string")]), @"connector.yaml:12:11: `${param.base_url}` cannot be used in the base URL like this: use it alone with type `url`, within a URL with type `choice`, or as `https://${param.base_url}` with type `host` and listed in `hosts`");
}

#[test]
fn parameters_are_checked_against_their_own_type() {
    insta::assert_snapshot!(
        problems(&[
            ("name: user_id", "name: client_id"),
            ("default: true", "default: \"yes\""),
            ("default: 100\n    min: 1", "default: 0\n    min: 1"),
            ("example: https://api.qualif.io\n", "example: https://example.com\n"),
        ]),
        @"
    connector.yaml:21:11: the parameter `client_id` is listed twice: keep one
    connector.yaml:29:14: the example cannot be used: its host is not one that the connector may call (api.qualif.io, api.qualifio.com)
    connector.yaml:36:14: the default does not have the parameter's type
    connector.yaml:46:14: the default is less than 1
    connector.yaml:151:15: an erasure cannot use `${param.user_id}`: write `${param.client_id}`
    connector.yaml:176:15: an export cannot use `${param.user_id}`: write `${param.client_id}`
    "
    );
    insta::assert_snapshot!(
        problems(&[("    type: boolean\n", "    type: choice\n    choices: [\"on\", \"off\"]\n"), ("example: true\n    default: true", "example: \"on\"\n    default: \"no\"")]),
        @"
    connector.yaml:37:14: the default is not one of on, off
    connector.yaml:232:20: write true or false, or a parameter such as `${param.direct}` of type `boolean`
    "
    );
}

#[test]
fn requests_must_serve_their_purpose() {
    insta::assert_snapshot!(
        problems(&[
            ("path: /v1/gdpr/profiles", "path: v1/gdpr/profiles?x=1"),
            ("      email: ${identifier.email}", "      x: 1"),
            ("profiles: ${records}", "profiles: []"),
            ("/rules/${rule_id}", "/rules/../all"),
            ("id: /crmId", "id: crmId"),
            ("  dry_run:\n    test: true", "  dry_run: true"),
            ("      anonymised: anonymous@qualifio.com\n", ""),
            ("  FINISHED: finished", "  FINISHED: pending"),
        ]),
        @"
    connector.yaml:123:13: a path begins with a slash: write `/v1/gdpr/profiles?x=1`
    connector.yaml:123:13: the search does not ask for the person: put `${identifier.email}` into it
    connector.yaml:141:11: the erasure does not name the records: put `${records}` into its body
    connector.yaml:153:12: write the fields that a dry run adds to the body, such as `test: true`
    connector.yaml:182:11: a path holds letters, digits and `/ - . _ ~` only; a query belongs in `query`
    connector.yaml:182:11: the status check does not name the rule: put `${rule_id}` into it
    connector.yaml:189:9: a place in JSON begins with a slash: write `/crmId`
    connector.yaml:191:7: write which text means `anonymised` or `deleted`
    connector.yaml:195:3: no status means `finished`, so no task could ever end: add one
    "
    );
}

#[test]
fn a_dry_runs_echo_needs_a_dry_run_and_a_place() {
    let echo = "  dry_run_echo: /ruleTypePayload/test\n";
    insta::assert_snapshot!(problems(&[("  dry_run:\n    test: true\n", "")]), @"connector.yaml:154:17: there is no `dry_run` to echo: add one, or remove this");
    insta::assert_snapshot!(problems(&[(echo, "  dry_run_echo: \"\"\n")]), @"connector.yaml:156:17: write where the answer says `true` for a dry run, such as `/payload/test`");
    insta::assert_snapshot!(problems(&[(echo, "  dry_run_echo: ruleTypePayload.test\n")]), @"connector.yaml:156:17: a place in JSON begins with a slash: write `/ruleTypePayload/test`");
    insta::assert_snapshot!(problems(&[(echo, "  dry_run_echo: true\n")]), @"connector.yaml:156:17: a place in JSON begins with a slash: write `/true`");
    let without = GOOD.replace(echo, "");
    assert!(Definition::parse("connector.yaml", &without).is_ok());
}

#[test]
fn limits_have_bounds() {
    insta::assert_snapshot!(
        problems(&[
            ("max: 10000", "max: 10001"),
            ("max_records: 1000", "max_records: 0"),
            ("call_timeout_seconds: 20", "call_timeout_seconds: 5"),
            ("max_body_bytes: 2097152", "max_body_bytes: 999999999"),
            ("first_seconds: 3,", "first_seconds: 7200,"),
            ("verify_looks: ${param.verify_looks}", "verify_looks: 101"),
            ("deadline_days: 30", "deadline_days: 365"),
            ("    secret: token", "    secret: tokn"),
        ]),
        @"
    connector.yaml:92:13: `secret` has no such field: write `token`
    connector.yaml:210:15: write a number from 1 to 10000, or a parameter such as `${param.batch_size}` of type `integer` within these bounds
    connector.yaml:211:16: write a number from 1 to 100000
    connector.yaml:212:25: write a number from 10 to 120
    connector.yaml:214:19: write a number from 1024 to 8388608
    connector.yaml:223:28: the first wait is longer than the longest wait: swap them
    connector.yaml:226:17: write a number from 1 to 100, or a parameter such as `${param.verify_looks}` of type `integer` within these bounds
    connector.yaml:232:18: write a number from 1 to 90
    "
    );
}

#[test]
fn a_switch_is_true_false_or_a_boolean_parameter() {
    let repeats = "unknown_repeats: ${param.direct}";
    for wrong in ["yes", "1", "${param.batch_size}", "${param.direct}!"] {
        let problems = problems(&[(repeats, &format!("unknown_repeats: {wrong}"))]);
        assert!(
            problems
                .ends_with("write true or false, or a parameter such as `${param.direct}` of type `boolean`"),
            "{wrong}: {problems}"
        );
    }
    for good in ["true", "false"] {
        let text = GOOD.replace(repeats, &format!("unknown_repeats: {good}"));
        assert!(Definition::parse("connector.yaml", &text).is_ok(), "{good}");
    }
}

#[test]
fn a_number_left_to_a_parameter_is_checked_like_a_fixed_one() {
    let looks = "verify_looks: ${param.verify_looks}";
    for (from, to) in [
        ("max: 30", "max: 101"),
        ("default: 14\n    min: 2", "default: 14\n    min: 0"),
        (looks, "verify_looks: ${param.direct}"),
        (looks, "verify_looks: ${param.verify_looks} looks"),
        (looks, "verify_looks: many"),
        (looks, "verify_looks: 0"),
    ] {
        let problems = problems(&[(from, to)]);
        assert!(
            problems.ends_with("write a number from 1 to 100, or a parameter such as `${param.verify_looks}` of type `integer` within these bounds"),
            "{problems}"
        );
        assert_eq!(problems.lines().count(), 1, "{problems}");
    }
    insta::assert_snapshot!(problems(&[(looks, "verify_looks: ${param.looks}")]), @"connector.yaml:226:17: a number cannot use `${param.looks}`: write one of `${param.client_id}`, `${param.user_id}`, `${param.base_url}`, `${param.direct}`, `${param.export_rule}`, `${param.batch_size}`, `${param.verify_looks}`, `${param.unknown_wait_seconds}`, `${param.unknown_looks}`, `${param.calls_per_minute}`, `${param.daily_calls}`");
    assert!(Definition::parse("connector.yaml", &GOOD.replace(looks, "verify_looks: 100")).is_ok());
}

#[test]
fn a_rate_and_a_quota_may_be_left_out_fixed_or_left_to_a_parameter() {
    let rate = "  rate:\n    calls: ${param.calls_per_minute}\n    per_seconds: 60\n";
    let daily = "  daily_calls: ${param.daily_calls}\n";
    for (calls, quota) in [
        ("", ""),
        (rate, ""),
        ("", daily),
        ("  rate:\n    calls: 100000\n    per_seconds: 86400\n    burst: 5\n", "  daily_calls: 10000000\n"),
    ] {
        let text = GOOD.replace(rate, calls).replace(daily, quota);
        Definition::parse("connector.yaml", &text).unwrap_or_else(|error| panic!("{error}"));
    }
}

#[test]
fn a_rate_and_a_quota_are_checked_with_their_parameters() {
    insta::assert_snapshot!(
        problems(&[
            ("    per_seconds: 60\n", "    per_seconds: 0\n    burst: 0\n"),
            ("calls: ${param.calls_per_minute}", "calls: 0"),
            ("daily_calls: ${param.daily_calls}", "daily_calls: ${param.direct}"),
        ]),
        @"
    connector.yaml:217:12: write a number from 1 to 100000, or a parameter such as `${param.calls}` of type `integer` from 0 (no limit) to 100000
    connector.yaml:218:18: write a number from 1 to 86400
    connector.yaml:219:12: write a number from 1 to 100000
    connector.yaml:220:16: write a number from 1 to 10000000, or a parameter such as `${param.daily_calls}` of type `integer` from 0 (no limit) to 10000000
    "
    );
    insta::assert_snapshot!(
        problems(&[
            ("    min: 0\n    max: 6000", "    min: -1\n    max: 6000"),
            ("    max: 500000\n", ""),
        ]),
        @"
    connector.yaml:216:12: write a number from 1 to 100000, or a parameter such as `${param.calls}` of type `integer` from 0 (no limit) to 100000
    connector.yaml:218:16: write a number from 1 to 10000000, or a parameter such as `${param.daily_calls}` of type `integer` from 0 (no limit) to 10000000
    "
    );
    insta::assert_snapshot!(problems(&[("calls: ${param.calls_per_minute}", "calls: ${param.calls}")]), @"connector.yaml:217:12: a number cannot use `${param.calls}`: write `${param.daily_calls}`");
    insta::assert_snapshot!(problems(&[("    per_seconds: 60\n", "")]), @"connector.yaml:217:5: missing field `per_seconds`: add `per_seconds: …` to this block");
    insta::assert_snapshot!(problems(&[("    per_seconds: 60\n", "    per_minute: 60\n")]), @"connector.yaml:218:5: unknown field `per_minute`: write one of `calls`, `per_seconds`, `burst`");
    insta::assert_snapshot!(problems(&[("  rate:\n    calls: ${param.calls_per_minute}\n    per_seconds: 60\n", "  rate: 60\n")]), @"connector.yaml:216:9: write a block of `name: value` lines here");
}

#[test]
fn every_kind_that_a_search_uses_is_described_once_and_no_other_is() {
    insta::assert_snapshot!(inhouse_problems(&[("- kind: phone", "- kind: telephone")]), @"
    connector.yaml:66:11: no search uses `telephone`: add one with `by: telephone`, or remove this description
    connector.yaml:86:9: a search uses `phone`, but `identifiers` does not describe it: add `- kind: phone`
    ");
    insta::assert_snapshot!(inhouse_problems(&[("- kind: phone", "- kind: email")]), @"
    connector.yaml:66:11: the identifier kind `email` is listed twice: keep one
    connector.yaml:68:14: the example does not fit its kind: the value of kind email is not one e-mail address such as name@example.com
    connector.yaml:86:9: a search uses `phone`, but `identifiers` does not describe it: add `- kind: phone`
    ");
    insta::assert_snapshot!(inhouse_problems(&[("    description: an e-mail address that your system knows the person by", "    description: ''")]), @"connector.yaml:64:18: this is empty: write what a reader needs to know");
    insta::assert_snapshot!(inhouse_problems(&[("    example: name@example.com\n", "")]), @"connector.yaml:64:5: missing field `example`: add `example: …` to this block");
}

#[test]
fn an_example_has_the_form_of_its_kind_and_built_in_kinds_have_their_own() {
    insta::assert_snapshot!(
        inhouse_problems(&[
            ("example: name@example.com", "example: name"),
            ("example: \"+32470000000\"", "example: \"0470000000\"\n    form: digits"),
            ("example: \"100001\"", "example: C-100001"),
        ]),
        @"
    connector.yaml:65:14: the example does not fit its kind: the value of kind email is not one e-mail address such as name@example.com
    connector.yaml:68:14: the example does not fit its kind: the value of kind phone is not a phone number of 7 to 15 digits: write it with + and the country's code, such as +32470000000
    connector.yaml:69:11: the kind `phone` has its own form: leave `form` out
    connector.yaml:72:14: the example does not fit its kind: it is not made of the digits 0 to 9 alone
    "
    );
    insta::assert_snapshot!(inhouse_problems(&[("form: digits", "form: uuid")]), @"connector.yaml:71:14: the example does not fit its kind: it is not a UUID: 32 hexadecimal digits, with hyphens after 8, 12, 16 and 20");
    insta::assert_snapshot!(inhouse_problems(&[("form: digits", "form: number")]), @"connector.yaml:72:11: `number` is not allowed here: write one of `digits`, `uuid`, `text`");
    for (form, example) in [("text", "C 1"), ("uuid", "5B0F7C1E-6a51-4a0e-9d57-2f1d7d0f3a10")] {
        let text = INHOUSE.replace("form: digits", &format!("form: {form}"));
        let text = text.replace("example: \"100001\"", &format!("example: {example}"));
        assert!(Definition::parse("connector.yaml", &text).is_ok(), "{form}");
    }
}

#[test]
fn an_operators_host_is_listed_and_used_unchanged_in_the_base_url() {
    insta::assert_snapshot!(
        inhouse_problems(&[("  - ${param.host}\nbase", "  - ${param.token}\nbase"), ("base_url: https://${param.host}", "base_url: https://${param.host}.example.com")]),
        @"
    connector.yaml:10:5: write a host that the operator names as one parameter of type `host` and nothing else, such as `${param.host}`
    connector.yaml:11:11: `${param.host}` cannot be used in the base URL like this: use it alone with type `url`, within a URL with type `choice`, or as `https://${param.host}` with type `host` and listed in `hosts`
    "
    );
    insta::assert_snapshot!(inhouse_problems(&[("type: host", "type: string")]), @"
    connector.yaml:10:5: write a host that the operator names as one parameter of type `host` and nothing else, such as `${param.host}`
    connector.yaml:11:11: `${param.host}` cannot be used in the base URL like this: use it alone with type `url`, within a URL with type `choice`, or as `https://${param.host}` with type `host` and listed in `hosts`
    ");
    insta::assert_snapshot!(inhouse_problems(&[("base_url: https://${param.host}", "base_url: http://${param.host}")]), @"connector.yaml:11:11: `${param.host}` cannot be used in the base URL like this: use it alone with type `url`, within a URL with type `choice`, or as `https://${param.host}` with type `host` and listed in `hosts`");
    insta::assert_snapshot!(
        inhouse_problems(&[("example: privacy.example.com", "example: 127.0.0.1:8080\n    default: privacy.internal")]),
        @"
    connector.yaml:17:14: the example is not a host name: give lower-case ASCII without scheme, port or path, and no IP address
    connector.yaml:18:14: the operator names the host: leave `default` out
    connector.yaml:18:14: the default is not a name in the public DNS
    "
    );
}

#[test]
fn an_export_names_records_a_page_and_a_parameter() {
    insta::assert_snapshot!(
        problems(&[
            ("wanted: ${param.export_rule}", "wanted: true"),
            ("fetched_from: \"Whoever sent you this copy can fetch it in Qualifio, on the page \\\"Export and erasure requests\\\", as a .zip of JSON files.\"", "fetched_from: ' '"),
            ("    method: POST\n    path: /v1/gdpr/rules/exportData", "    method: GET\n    path: /v1/gdpr/rules/exportData"),
            ("ruleType: GDPR_ExportData\n      clientId: ${param.client_id}\n      ruleTypePayload:\n        profiles: ${records}", "x: 1"),
        ]),
        @"
    connector.yaml:163:11: each data source says whether it wants the export: write a parameter such as `${param.export_rule}` of type `boolean`
    connector.yaml:164:17: this is empty: write what a reader needs to know
    connector.yaml:166:13: a GET does not open a rule: write the vendor's method, such as `POST`
    connector.yaml:167:11: the export does not name the records: put `${records}` into its body
    connector.yaml:171:7: a GET has no body: remove it, or write `method: POST`
    "
    );
    insta::assert_snapshot!(problems(&[("wanted: ${param.export_rule}", "wanted: ${param.user_id}")]), @"connector.yaml:163:11: write true or false, or a parameter such as `${param.direct}` of type `boolean`");
    insta::assert_snapshot!(problems(&[("  wanted: ${param.export_rule}\n", "")]), @"connector.yaml:177:3: missing field `wanted`: add `wanted: …` to this block");
    insta::assert_snapshot!(problems(&[("  wanted: ${param.export_rule}\n", "  wanted: ${param.export_rule}\n  dry_run: { test: true }\n")]), @"connector.yaml:164:3: unknown field `dry_run`: write one of `wanted`, `fetched_from`, `request`, `rule_id`, `status`");
}

#[test]
fn a_steering_parameter_is_marked_and_a_version_is_a_number() {
    insta::assert_snapshot!(problems(&[("    default: https://api.qualif.io\n    steers: true\n", "    default: https://api.qualif.io\n")]), @"connector.yaml:26:11: this parameter decides which system is called: add `steers: true`");
    insta::assert_snapshot!(inhouse_problems(&[("    steers: true\n", "")]), @"connector.yaml:14:11: this parameter decides which system is called: add `steers: true`");
    insta::assert_snapshot!(inhouse_problems(&[("    steers: true\n", "    steers: yes\n")]), @"connector.yaml:18:13: write `true` or `false`");
    insta::assert_snapshot!(problems(&[("version: 1\n", "version: 0\n")]), @"connector.yaml:4:10: write a number from 1 to 4294967295");
    insta::assert_snapshot!(problems(&[("version: 1\n", "version: 1.0\n")]), @"connector.yaml:4:10: write a whole number without quotes");
    insta::assert_snapshot!(problems(&[("version: 1\n", "")]), @"connector.yaml:220:1: missing field `version`: add `version: …` to this block");
    // A choice that makes the host steers too.
    let choice = [
        ("type: url", "type: choice\n    choices: [qualif, qualifio]"),
        ("example: https://api.qualif.io", "example: qualif"),
        ("default: https://api.qualif.io\n    steers: true", "default: qualif"),
        ("base_url: ${param.base_url}", "base_url: https://api.${param.base_url}.io"),
    ];
    insta::assert_snapshot!(problems(&choice), @"connector.yaml:12:11: `${param.base_url}` decides which system is called: add `steers: true` to it");
}

#[test]
fn the_member_for_a_secrets_target_is_reserved() {
    insta::assert_snapshot!(problems(&[("  - name: token", "  - name: for_target"), ("    secret: token", "    secret: for_target")]), @"connector.yaml:86:11: `for_target` is where a stored secret names its target: choose another name");
}

#[test]
fn complete_needs_a_place_or_a_number() {
    let said = r#"complete: { "false": /has_more }"#;
    for (complete, says) in [
        ("{ empty: \"\" }", "write where in the answer the link to the next page is, such as `/next`"),
        ("{ \"true\": done }", "a place in JSON begins with a slash: write `/done`"),
        ("{ total: \"\" }", "write where in the answer the total number of records is, such as `/total`"),
        ("{ fewer_than: 0 }", "write a number from 1 to 100000"),
        ("{ fewer_than: many }", "write a whole number without quotes"),
        ("{ not_stated: { round: [] } }", "list the numbers of records at which an answer may have been cut"),
        ("{ not_stated: { round: [10, 0] } }", "write a number from 1 to 100000"),
        ("{ not_stated: { rounds: [10] } }", "unknown field `rounds`: write `round`"),
        ("{ fewer: 10 }", "`fewer` is not allowed here: write one of `empty`"),
        ("{ empty: /next, total: /total }", ""),
        ("known", ""),
    ] {
        let problems = inhouse_problems(&[(said, &format!("complete: {complete}"))]);
        let (place, message) = problems.split_once(": ").unwrap();
        assert!(message.contains(says) && !message.is_empty(), "{complete}: {problems}");
        assert!(place.starts_with("connector.yaml:") && !place.contains(":0:"), "{complete}: {problems}");
    }
    for good in [
        "{ empty: /next }",
        "{ \"true\": /done }",
        "{ total: /total }",
        "{ fewer_than: 100 }",
        "{ not_stated: { round: [10, 100] } }",
    ] {
        let text = INHOUSE.replacen(said, &format!("complete: {good}"), 1);
        Definition::parse("connector.yaml", &text).unwrap_or_else(|error| panic!("{good}: {error}"));
    }
    insta::assert_snapshot!(inhouse_problems(&[(&format!("    {said}\n"), "")]), @"connector.yaml:84:5: missing field `complete`: add `complete: …` to this block");
    // An answer that is the list itself has no room for a sign.
    let list = [(
        "      not_stated:\n        round: [10, 15, 20, 25, 30, 40, 50, 60, 75, 80, 100, 150, 200, 250, 256, 300, 400, 500, 512, 1000]\n",
        "      total: /total\n",
    )];
    insta::assert_snapshot!(problems(&list), @"connector.yaml:128:14: the answer is the list itself, so nothing in it can say whether it is whole: `complete` can be `fewer_than` or `not_stated`");
}

#[test]
fn one_to_eight_fields_tell_whose_record_it_is() {
    insta::assert_snapshot!(inhouse_problems(&[("  - name: name\n    at: /name\n", "  - name: email\n    at: name\n  - name: Name\n    at: \"\"\n")]), @"
    connector.yaml:59:11: the shown field `email` is listed twice: keep one
    connector.yaml:60:9: a place in JSON begins with a slash: write `/name`
    connector.yaml:61:11: write a name of 1 to 32 characters (a-z, 0-9 and _) that begins with a letter
    connector.yaml:62:9: write where the field is in a record, such as `/name`
    ");
    let nine: String = (1..=9).map(|n| format!("  - name: n{n}\n    at: /n{n}\n")).collect();
    let from = INHOUSE.find("shows:\n").unwrap();
    let to = INHOUSE.find("\nidentifiers:").unwrap();
    for shows in ["shows: []\n".to_owned(), format!("shows:\n{nine}")] {
        let text = format!("{}{shows}{}", &INHOUSE[..from], &INHOUSE[to..]);
        let error = Definition::parse("connector.yaml", &text).unwrap_err().to_string();
        assert!(error.ends_with("list 1 to 8 fields that tell a person whose record it is"), "{error}");
    }
}

#[test]
fn no_truncated_definition_breaks_the_parser() {
    let lines: Vec<&str> = GOOD.lines().collect();
    for end in 0..lines.len() {
        let cut = lines[..end].join("\n");
        assert!(Definition::parse("connector.yaml", &cut).is_err() || end + 1 >= lines.len());
        let without: Vec<&str> =
            lines.iter().enumerate().filter(|(n, _)| *n != end).map(|(_, line)| *line).collect();
        if let Err(error) = Definition::parse("connector.yaml", &without.join("\n")) {
            assert!(
                error.problems.iter().all(|problem| problem.line > 0 && !problem.message.is_empty()),
                "{error}"
            );
        }
    }
}
