//! The whole package from the outside, as a person unpacks it.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use proptest::prelude::*;
use rightful_domain::base::code::Code;
use rightful_domain::base::failure::Failure;
use rightful_domain::base::identifier::{Identifier, IdentifierKind};
use rightful_domain::base::ids::{RequestId, SourceId};
use rightful_domain::base::kind::Kind;
use rightful_domain::base::time::Time;
use rightful_domain::documents::copy::{Contents, Export, SourceCopy};
use rightful_domain::model::task::Outcome;
use rightful_domain::ports::copies::{Packing as _, Packs as _};
use rightful_domain::vendor::record::{RecordCopy, RecordId};
use rightful_package::Packer;
use ring::digest::{SHA256, digest};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::{Cursor, Read as _};

type Unpacked = BTreeMap<String, Vec<u8>>;

/// A copy with its records by data source.
#[derive(Clone)]
struct Whole {
    contents: Contents,
    records: BTreeMap<SourceId, Vec<RecordCopy>>,
}

/// A data source's part of the copy, with its records.
type Given = (SourceCopy, Vec<RecordCopy>);

fn whole(given: Vec<Given>) -> Whole {
    let records = given.iter().map(|(copy, records)| (copy.source.clone(), records.clone())).collect();
    Whole { contents: contents(given.into_iter().map(|(copy, _)| copy).collect()), records }
}

fn contents(sources: Vec<SourceCopy>) -> Contents {
    Contents {
        request: RequestId::parse("019aa6e0-5c1f-7000-8000-000000000001").unwrap(),
        stage: "dev".to_owned(),
        sandbox: false,
        received_at: Time::parse("2026-11-21T09:30:00Z").unwrap(),
        made_at: Time::parse("2026-11-24T08:15:30.250Z").unwrap(),
        identifiers: vec![Identifier::new(IdentifierKind::email(), "joao@example.com").unwrap()],
        sources,
    }
}

fn source(id: &str, outcome: Outcome, records: Vec<Value>) -> Given {
    let count = u32::try_from(records.len()).unwrap();
    let copy = SourceCopy {
        source: SourceId::parse(id).unwrap(),
        title: "Qualifio".to_owned(),
        outcome,
        reason: None,
        records: count,
        decided: count,
        appeared: 0,
        may_be_part: false,
        export: None,
    };
    let records = records.into_iter().enumerate();
    let id = |index: usize| RecordId::new((index + 78).to_string());
    (copy, records.map(|(index, content)| RecordCopy { id: id(index), content }).collect())
}

fn copied(id: &str, records: Vec<Value>) -> Given {
    source(id, Outcome::Copied, records)
}

fn profile() -> Value {
    json!({
        "id": 78,
        "firstName": "João",
        "company": "",
        "birthDay": null,
        "phone": "+32 2 555 01 01",
        "isEmailValid": true,
        "consents": [{"name": "newsletter", "given": false}, {"name": "post", "given": true, "until": null}],
        "tags": ["2021", "summer"],
    })
}

fn unpacked(file: &[u8]) -> Unpacked {
    let mut archive = zip::ZipArchive::new(Cursor::new(file)).unwrap();
    let mut files = Unpacked::new();
    for index in 0..archive.len() {
        let mut entry = archive.by_index(index).unwrap();
        let path = entry.name().unwrap().into_owned();
        assert!(entry.enclosed_name().is_some(), "{path} leaves the folder");
        assert_eq!(entry.last_modified().unwrap().to_string(), "2026-11-24 08:15:30");
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).unwrap();
        assert!(files.insert(path, bytes).is_none());
    }
    files
}

fn file(whole: &Whole) -> Result<Vec<u8>, Failure> {
    let mut packing = Packer.begin(whole.contents.clone())?;
    let mut file = Vec::new();
    while let Some(source) = packing.wants() {
        for record in &whole.records[&source] {
            packing.take(record)?;
            file.extend(packing.ready());
        }
        packing.end()?;
    }
    file.extend(packing.finish()?);
    Ok(file)
}

fn packed(whole: &Whole) -> Unpacked {
    unpacked(&file(whole).unwrap())
}

fn text<'a>(files: &'a Unpacked, path: &str) -> &'a str {
    std::str::from_utf8(&files[path]).unwrap()
}

fn page(contents: &Whole) -> String {
    text(&packed(contents), "index.html").to_owned()
}

fn json_of(files: &Unpacked, path: &str) -> Value {
    serde_json::from_slice(&files[path]).unwrap()
}

/// The page without its tags, as one line.
fn words_of(page: &str) -> String {
    let body = page.split_once("<body>").unwrap().1;
    let texts = body.split('<').map(|part| part.split_once('>').map_or(part, |(_, text)| text));
    texts.flat_map(str::split_whitespace).collect::<Vec<_>>().join(" ")
}

#[test]
fn the_same_contents_give_the_same_bytes() {
    let mut copy = whole(vec![copied("main", vec![profile(), json!({"b": 1, "a": 2})])]);
    let first = file(&copy).unwrap();
    assert_eq!(first, file(&copy).unwrap());
    copy.contents.made_at = copy.contents.made_at.plus_seconds(60);
    assert_ne!(first, file(&copy).unwrap());
}

#[test]
fn unpacking_gives_back_what_was_packed_and_the_manifest_comes_last() {
    let records = vec![profile(), json!({"nested": {"deep": [1, {"x": null}]}})];
    let file = file(&whole(vec![copied("main", records.clone()), copied("shop", vec![])])).unwrap();
    let archive = zip::ZipArchive::new(Cursor::new(&file)).unwrap();
    let order: Vec<_> = archive.file_names().map(|path| path.unwrap().into_owned()).collect();
    let paths = [
        "README.txt",
        "index.html",
        "main/records.csv",
        "main/records.json",
        "shop/records.csv",
        "shop/records.json",
        "manifest.json",
    ];
    assert_eq!(order, paths);
    let files = unpacked(&file);
    assert_eq!(json_of(&files, "main/records.json"), Value::from(records));
    assert_eq!(json_of(&files, "shop/records.json"), json!([]));
    assert!(text(&files, "main/records.json").contains("\n  {\n    \"birthDay\": null,"));
}

#[test]
fn the_manifest_lists_every_other_file_with_its_size_and_digest() {
    let files = packed(&whole(vec![copied("main", vec![profile()])]));
    let listed = json_of(&files, "manifest.json")["files"].as_array().unwrap().clone();
    let paths: Vec<_> = listed.iter().map(|file| file["path"].as_str().unwrap()).collect();
    let others: Vec<_> = files.keys().map(String::as_str).filter(|path| *path != "manifest.json").collect();
    assert_eq!(paths, others);
    for file in &listed {
        let bytes = &files[file["path"].as_str().unwrap()];
        assert_eq!(file["bytes"], bytes.len());
        let hex: String = digest(&SHA256, bytes).as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(file["sha256"], hex);
    }
}

#[test]
fn the_manifest_says_what_became_of_each_data_source() {
    let mut main = copied("main", vec![profile()]);
    (main.0.decided, main.0.appeared, main.0.may_be_part) = (2, 3, true);
    main.0.export = Some(export(false));
    let mut shop = source("shop", Outcome::Failed, vec![]);
    shop.0.reason = Some("vendor_unreachable".to_owned());
    let mut manifest = json_of(&packed(&whole(vec![main, shop])), "manifest.json");
    manifest.as_object_mut().unwrap().remove("files").unwrap();
    assert_eq!(
        manifest,
        json!({
            "format": "rightful.copy.v1",
            "request": "019aa6e0-5c1f-7000-8000-000000000001",
            "received_at": "2026-11-21T09:30:00.000Z",
            "made_at": "2026-11-24T08:15:30.250Z",
            "stage": "dev",
            "sandbox": false,
            "sources": [
                {
                    "source": "main", "title": "Qualifio", "outcome": "copied", "reason": null,
                    "decided": 2, "records": 1, "appeared": 3, "may_be_part": true,
                    "export": {"rule_ids": ["rule-1"], "finished": false, "fetched_from": "Ask the DPO for it."},
                },
                {
                    "source": "shop", "title": "Qualifio", "outcome": "failed", "reason": "vendor_unreachable",
                    "decided": 0, "records": 0, "appeared": 0, "may_be_part": false, "export": null,
                },
            ],
        })
    );
}

#[test]
fn only_a_data_source_that_was_copied_has_files() {
    for outcome in [
        Outcome::NothingFound,
        Outcome::MissingIdentifier,
        Outcome::Refused,
        Outcome::Failed,
        Outcome::DryRun,
        Outcome::Cancelled,
    ] {
        // Records that are handed over all the same are not copied.
        let mut files = packed(&whole(vec![source("main", outcome, vec![profile()])]));
        let manifest = json_of(&files, "manifest.json");
        assert_eq!(manifest["sources"][0]["records"], 0, "{outcome:?}");
        assert!(files.values().all(|bytes| !String::from_utf8_lossy(bytes).contains("João")), "{outcome:?}");
        files.retain(|path, _| path.contains('/'));
        assert!(files.is_empty(), "{outcome:?}");
    }
}

#[test]
fn the_page_tells_each_data_sources_outcome_under_its_name() {
    let mut refused = source("a", Outcome::Refused, vec![]);
    refused.0.title = "Shop".to_owned();
    refused.0.reason = Some("art_12_5".to_owned());
    let mut gone = copied("b", vec![profile()]);
    (gone.0.decided, gone.0.appeared) = (2, 1);
    let words = words_of(&page(&whole(vec![refused, gone, source("c", Outcome::NothingFound, vec![])])));
    for told in [
        "Shop Refused 0",
        "Qualifio (b) Copied 1",
        "Qualifio (c) Nothing found 0",
        "manifestly unfounded or excessive (Art. 12(5) GDPR)",
        "One record that had been found before was no longer there",
        "One more record was found there",
        "no record was found",
    ] {
        assert!(words.contains(told), "{told}: {words}");
    }
}

#[test]
fn one_data_source_needs_no_table_of_contents() {
    assert!(!page(&whole(vec![copied("main", vec![])])).contains("<nav"));
    assert!(page(&whole(vec![copied("main", vec![]), copied("shop", vec![])])).contains("<nav"));
}

#[test]
fn a_copy_without_data_sources_is_still_a_package() {
    let mut empty = whole(vec![]);
    empty.contents.identifiers.clear();
    let files = packed(&empty);
    assert_eq!(files.keys().collect::<Vec<_>>(), ["README.txt", "index.html", "manifest.json"]);
    let words = words_of(text(&files, "index.html"));
    assert!(words.contains("No data source was asked") && words.contains("no identifier"), "{words}");
}

#[test]
fn the_page_says_when_it_proves_nothing_and_only_then() {
    let mut contents = whole(vec![]);
    assert!(!page(&contents).contains("proves nothing"));
    contents.contents.sandbox = true;
    assert!(page(&contents).contains("proves nothing"));
}

fn export(finished: bool) -> Export {
    Export { rule_ids: vec!["rule-1".to_owned()], finished, fetched_from: "Ask the DPO for it.".to_owned() }
}

#[test]
fn the_page_says_where_the_vendors_own_export_is_fetched_and_whether_it_is_done() {
    let told = |finished| {
        let mut main = copied("main", vec![]);
        main.0.export = Some(export(finished));
        words_of(&page(&whole(vec![main])))
    };
    assert!(told(true).contains("Qualifio says that it is done. Ask the DPO for it."));
    assert!(told(false).contains("had not said that it is done. Ask the DPO for it."));
    assert!(told(false).contains("rule-1"));
}

#[test]
fn the_page_links_every_file_and_nothing_else() {
    let files = packed(&whole(vec![copied("main", vec![json!({"site": "https://example.com/"})])]));
    let page = text(&files, "index.html");
    let links: Vec<_> = page.split("href=\"").skip(1).map(|rest| rest.split('"').next().unwrap()).collect();
    for path in files.keys() {
        assert!(links.contains(&path.as_str()), "{path}");
    }
    assert!(links.iter().all(|link| files.contains_key(*link)), "{links:?}");
    assert!(!page.contains("src=") && !page.contains("url(") && !page.contains("@import"));
}

fn style_of(page: &str) -> &str {
    page.split_once("<style>").unwrap().1.split_once("</style>").unwrap().0
}

fn digest_of(style: &str) -> String {
    BASE64.encode(digest(&SHA256, style.as_bytes()))
}

#[test]
fn the_pages_policy_allows_its_own_style_and_nothing_else() {
    let page = page(&whole(vec![]));
    let digest = digest_of(style_of(&page));
    // The browser undoes the escapes in the attribute.
    let policy =
        page.split_once("Policy\" content=\"").unwrap().1.split_once('"').unwrap().0.replace("&#39;", "'");
    assert_eq!(
        policy,
        format!("default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'")
    );
    assert!(!page.contains("style=\"") && !page.contains("<script"));
}

const HOSTILE: &str = "</style></td><script>alert(1)</script><img src=x onerror=\"alert('2')\">&amp;";

#[test]
fn a_vendors_text_is_escaped_everywhere() {
    let mut main = copied(
        "main",
        vec![
            json!({HOSTILE: HOSTILE, "list": [HOSTILE, {HOSTILE: [HOSTILE]}], "empty": {HOSTILE: null}}),
            json!({"a": {"b": {"c": {"d": {"e": {HOSTILE: HOSTILE}}}}}}),
            json!(HOSTILE),
        ],
    );
    main.0.title = HOSTILE.to_owned();
    main.0.reason = Some(HOSTILE.to_owned());
    main.1[0].id = RecordId::new(HOSTILE);
    main.0.export =
        Some(Export { rule_ids: vec![HOSTILE.to_owned()], finished: true, fetched_from: HOSTILE.to_owned() });
    let mut contents =
        whole(vec![main.clone(), (SourceCopy { source: SourceId::parse("b").unwrap(), ..main.0 }, main.1)]);
    contents.contents.stage = HOSTILE.to_owned();
    contents.contents.identifiers =
        vec![Identifier::new(IdentifierKind::parse("nickname").unwrap(), HOSTILE).unwrap()];
    let page = page(&contents);
    for tag in ["<script", "<img", "onerror=\"", "&amp;</"] {
        assert!(!page.contains(tag), "{tag}");
    }
    assert_eq!(page.matches("</style>").count(), 1);
    // Each place shows it whole.
    assert!(page.matches("&#60;script&#62;alert(1)").count() > 20, "{page}");
}

#[test]
fn text_of_any_script_is_shown_and_control_characters_are_replaced() {
    let page = page(&whole(vec![copied(
        "main",
        vec![json!({"name": "Zoë 山田 \u{5d0}\u{5d1}", "odd": "a\u{0}b\u{9f}c", "two": "one\ntwo", "": 1})],
    )]));
    for shown in ["Zoë 山田 \u{5d0}\u{5d1}", "a\u{fffd}b\u{fffd}c", "one\ntwo", "(no name)"] {
        assert!(page.contains(shown), "{shown:?}");
    }
}

#[test]
fn values_nested_deeper_than_the_page_lays_out_are_still_shown() {
    let mut deep = json!("the innermost");
    for _ in 0..50 {
        deep = json!({"inner": [deep]});
    }
    let contents = whole(vec![copied("main", vec![deep.clone()])]);
    let files = packed(&contents);
    assert!(text(&files, "index.html").contains("the innermost"));
    assert_eq!(json_of(&files, "main/records.json"), json!([deep]));
}

#[test]
fn no_folder_is_a_path_or_a_name_that_windows_reserves() {
    for id in ["..", "../x", "a/b", "a\\b", "/etc", "C:", ""] {
        assert!(SourceId::parse(id).is_err(), "{id}");
    }
    for (id, folder) in
        [("con", "con_"), ("com1", "com1_"), ("lpt9", "lpt9_"), ("con-1", "con-1"), ("com", "com")]
    {
        let files = packed(&whole(vec![copied(id, vec![])]));
        assert!(files.contains_key(&format!("{folder}/records.json")), "{id}: {:?}", files.keys());
    }
}

#[test]
fn a_data_source_listed_twice_is_refused() {
    let twice = whole(vec![copied("main", vec![]), copied("main", vec![profile()])]);
    let failure = file(&twice).unwrap_err();
    assert_eq!((failure.kind, failure.code), (Kind::Misconfigured, Code::CopyUnpackable));
}

#[test]
fn a_data_source_with_more_or_fewer_records_than_announced_is_refused() {
    for told in [0, 1, 3] {
        let mut copy = whole(vec![copied("main", vec![profile(), profile()])]);
        copy.contents.sources[0].records = told;
        let failure = file(&copy).unwrap_err();
        assert_eq!((failure.kind, failure.code), (Kind::Misconfigured, Code::CopyUnpackable), "{told}");
    }
}

/// A text that compression can shrink to three quarters at best.
fn noise(seed: u64, bytes: usize) -> String {
    let mut state = seed.wrapping_mul(2).wrapping_add(1);
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    BASE64.encode((0..bytes / 8).flat_map(|_| next().to_le_bytes()).collect::<Vec<u8>>())
}

#[test]
fn only_a_few_records_are_held_whatever_the_size_of_the_copy() {
    let record = |n: u64| RecordCopy {
        id: RecordId::new(n.to_string()),
        content: json!({"n": n, "text": noise(n, 30_000)}),
    };
    let held = |records: u64| {
        let mut given = copied("main", vec![]);
        given.0.records = u32::try_from(records).unwrap();
        let mut packing = Packer.begin(contents(vec![given.0])).unwrap();
        let (mut most, mut largest, mut all) = (0, 0, 0);
        while packing.wants().is_some() {
            // Bytes that went in and did not come out are held. At least three quarters of the text come out.
            let (mut taken, mut given) = (0_usize, 0);
            for n in 0..records {
                packing.take(&record(n)).unwrap();
                taken += 30_000;
                let ready = packing.ready().len();
                given += ready;
                largest = largest.max(ready);
                most = most.max(taken.saturating_sub(given));
            }
            packing.end().unwrap();
            all += given;
        }
        assert!(all > usize::try_from(records).unwrap() * 80_000, "{all}");
        (most, largest)
    };
    let (small, large) = (held(40), held(400));
    assert!(small.0 < 200_000 && small.1 < 200_000, "{small:?}");
    assert!(large.0 < 200_000 && large.1 < 200_000, "{large:?}");
}

#[test]
fn ten_thousand_records_are_packed() {
    let records = (0..10_000).map(|id| {
        let mut record = profile();
        record["id"] = id.into();
        record
    });
    let files = packed(&whole(vec![copied("main", records.collect())]));
    assert_eq!(json_of(&files, "main/records.json").as_array().unwrap().len(), 10_000);
    assert!(text(&files, "index.html").contains("Record 10000 of 10000"));
    assert_eq!(text(&files, "main/records.csv").lines().count(), 10_001);
}

#[test]
fn the_page_of_a_small_copy() {
    let mut contents = whole(vec![copied("main", vec![profile()])]);
    contents.contents.sandbox = true;
    contents.contents.sources[0].export = Some(export(false));
    // The style and its digest change often, and prove nothing here.
    let page = page(&contents);
    let style = style_of(&page);
    let page = page.replace(style, "…").replace(&digest_of(style), "…");
    insta::assert_snapshot!("page", page);
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(any::<String>(), inner, 0..4)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn any_record_survives_the_package(records in prop::collection::vec(any_json(), 0..4)) {
        let files = packed(&whole(vec![copied("main", records.clone())]));
        prop_assert_eq!(json_of(&files, "main/records.json"), Value::from(records));
    }
}
