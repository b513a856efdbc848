//! The key `store`.

use super::*;

#[test]
fn a_store_has_what_is_written_and_what_is_usual() {
    let config = parse(&with_station("store: { bucket: my-radio, access_key: a, secret_key: b }\n"));
    let store = config.store.unwrap();
    assert_eq!(store.place(), "https://s3.us-east-1.amazonaws.com/my-radio");
    assert_eq!((store.what.as_slice(), store.local_days), (&[CopiedKind::Recordings][..], None));
    assert_eq!((store.prefix.as_str(), store.whole_up_to, store.name.is_none()), ("", 100_000_000, true));
    assert_eq!(store.keys, Keys::Given { access: "a".into(), secret: Secret("b".into()) });
    assert!(!format!("{:?}", store.keys).contains("\"b\""), "no log shows it");

    let text = "store:\n  bucket: my-radio\n  endpoint: http://127.0.0.1:8333\n  region: eu\n  prefix: /보관/라디오\n  \
                name: \"{{ show }}\"\n  what: [clips, recordings, reels, accounts]\n  tape_name: \"{{ station }}\"\n  local: { days: 7 }\n  whole_up_to: 5 MiB\n";
    let store = parse(&with_station(text)).store.unwrap();
    assert_eq!((store.place().as_str(), store.prefix.as_str()), ("http://127.0.0.1:8333/my-radio", "보관/라디오/"));
    assert_eq!((store.what.len(), store.local_days, store.whole_up_to), (4, Some(7), 5 << 20));
    assert!(store.tape_name.is_some() && !CopiedKind::Reels.is_listed());
    assert_eq!(store.keys, Keys::Instance);
    assert!(parse(&with_station("")).store.is_none());
}

#[test]
fn what_is_wrong_about_a_store_says_what_to_write() {
    for (keys, message, hint) in [
        ("prefix: x", "this `store` has no `bucket`", "add `bucket: my-radio`"),
        ("bucket: s3://my-radio/x", "a name without `s3://`", "write `my-radio`"),
        ("bucket: ab", "`ab` is no name of a bucket", "3 to 63 letters"),
        ("bucket: my-radio, what: [clip]", "`what` cannot be `clip`", "write `clips`"),
        ("bucket: my-radio, what: [video]", "`what` cannot be `video`", "`accounts`"),
        ("bucket: my-radio, tape_name: \"{{ shwo }}\"", "it names `shwo`", "show"),
        ("bucket: my-radio, local: 7", "`local` cannot be `7`", "write `keep`, or `{ days: 7 }`"),
        ("bucket: my-radio, whole_up_to: 1 MiB", "not from 5 MiB to 5 GiB", "no store takes smaller parts"),
        ("bucket: my-radio, access_key: a", "no `secret_key`", "add `secret_key: env:…`"),
        ("bucket: my-radio, prefix: a/../b", "no folder `.` or `..`", "prefix: archive/"),
        ("bucket: my-radio, name: \"{{ shwo }}\"", "it names `shwo`", "show"),
        (
            "bucket: my-radio, access_key: env:AIRCHECK_NO_SUCH, secret_key: b",
            "no variable `AIRCHECK_NO_SUCH`",
            "set it",
        ),
    ] {
        let problem = only(&with_station(&format!("store: {{ {keys} }}\n")));
        assert!(problem.2.contains(message) && problem.3.contains(hint), "{keys}: {problem:?}");
    }
}
