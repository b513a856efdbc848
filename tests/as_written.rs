//! Playlists and keys that are written in odd ways, as real stations do: no sound is lost.

use std::time::Duration;

use crate::support::cases::{Case, stamped, turn};
use crate::support::origin::{
    Container, Encryption, Fault, KeyForm, Kind, Method, Origin, Part, ProgrammeTime, Setup, StationHandle,
};

fn on_air(origin: &Origin, name: &str, more: impl Fn(&mut Setup)) -> StationHandle {
    let mut setup = stamped(Container::Ts);
    if name.ends_with("undated") {
        setup.programme_time = ProgrammeTime::No;
    }
    more(&mut setup);
    origin.station(name, setup)
}

#[tokio::test]
async fn keys_are_read_as_they_are_written() {
    let turn = turn(13).await;
    let origin = Origin::start();
    let usual = Encryption::usual(true, 3);
    let sealed = |name: &str, container, encryption: Encryption| {
        on_air(&origin, name, |setup| {
            (setup.container, setup.encryption, setup.window) = (container, Some(encryption), 8);
        })
    };
    let s = [
        sealed("unpadded", Container::Ts, Encryption { padded: false, ..usual }),
        sealed("unpadded-adts", Container::Adts, Encryption { padded: false, ..usual }),
        sealed("unpadded-fmp4", Container::Fmp4, Encryption { padded: false, ..usual }),
        sealed("padded-adts", Container::Adts, usual),
        sealed("line", Container::Ts, Encryption { key: KeyForm::Line, ..usual }),
        sealed("digits", Container::Ts, Encryption { key: KeyForm::Digits, ..usual }),
        sealed("data", Container::Ts, Encryption { key: KeyForm::Data, ..usual }),
        sealed("aes-256", Container::Adts, Encryption { method: Method::Aes256, padded: false, ..usual }),
        sealed("aes-256-ctr", Container::Ts, Encryption { method: Method::Aes256Ctr, key: KeyForm::Digits, ..usual }),
        sealed("fails", Container::Ts, usual),
        sealed("wrong", Container::Ts, Encryption::usual(true, 100)),
        sealed("sample-aes", Container::Adts, Encryption { method: Method::Samples, ..usual }),
        sealed("sample-aes-ts", Container::Ts, Encryption { method: Method::Samples, ..usual }),
    ];
    let for_8_s = |fault: Fault| fault.after(Duration::from_secs(4)).lasting(Duration::from_secs(8));
    let another = |body: Vec<u8>| body.into_iter().map(|byte| !byte).collect();
    let cases = [
        Case::hls("no padding where it fits, TS", &s[0]).once(),
        Case::hls("the same in ADTS", &s[1]).once(),
        Case::hls("the same in fMP4", &s[2]).once(),
        Case::hls("a padding in ADTS", &s[3]).once(),
        Case::hls("a key file with a line end", &s[4]).once(),
        Case::hls("a key file of digits", &s[5]).once(),
        Case::hls("a key in the list", &s[6]).never_asks("key-").once(),
        Case::hls("AES-256", &s[7]).once(),
        Case::hls("AES-256-CTR", &s[8]).once(),
        Case::hls("SAMPLE-AES", &s[11]).once(),
        Case::hls("SAMPLE-AES, TS", &s[12]).once(),
        // No segment is fetched in vain while its key is missing.
        Case::hls("a key that fails for a while", &s[9])
            .fault(for_8_s(Fault::new(Part::Key, Kind::Status(503))))
            .once(),
        Case::hls("a key that is another for a while", &s[10]).fault(Fault::edit(Part::Key, another).times(3)).once(),
    ];
    turn.record(cases, 20).await;
    // The segments share one request for the key.
    let asked = s[9].log().iter().filter(|entry| entry.part == Part::Key && entry.status == 503).count();
    assert!(asked <= 12, "{asked} requests for a key that fails for 8 s");
}

#[tokio::test]
async fn lists_are_read_as_they_are_written() {
    let turn = turn(8).await;
    let origin = Origin::start();
    let defined = |setup: &mut Setup| {
        (setup.defines, setup.variants) = (true, vec![64_000]);
        setup.encryption = Some(Encryption::usual(true, 3));
    };
    let unsaid = |setup: &mut Setup| (setup.says_lengths, setup.window) = (false, 3);
    let s = [
        on_air(&origin, "defined", defined),
        on_air(&origin, "defined-undated", defined),
        on_air(&origin, "unsaid", unsaid),
        on_air(&origin, "unsaid-undated", unsaid),
        on_air(&origin, "unended", |_| {}),
        on_air(&origin, "unended-undated", |_| {}),
        on_air(&origin, "comment", |_| {}),
        on_air(&origin, "renditions-only", |setup| setup.renditions = vec!["LANGUAGE=\"ko\"", "DEFAULT=YES"]),
    ];
    let unended = || Fault::new(Part::Playlist, Kind::Unended);
    let comment = Fault::edit_playlist(|text| format!("# made by hand\n\n{text}"));
    let master = s[7].url().replace("playlist.m3u8", "master.m3u8");
    let cases = [
        Case::hls("written in variables", &s[0]).once(),
        Case::hls("the same, undated", &s[1]).once(),
        Case::hls("no lengths, window of 6 s, target of 10 s", &s[2]).once(),
        Case::hls("the same, undated", &s[3]).once(),
        Case::hls("shorter than its Content-Length", &s[4]).fault(unended()).once(),
        Case::hls("the same, undated", &s[5]).fault(unended()).once(),
        Case::hls("a comment before the first line", &s[6]).fault(comment).once(),
        Case::stamped("renditions and no variants", format!("hls: {master}")).at(&s[7]).asks("/r1/").never_asks("/r0/"),
    ];
    turn.record(cases, 20).await;
}
