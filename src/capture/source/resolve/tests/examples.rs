//! The examples in `config/`, walked against fixtures of the pages they name. The steps are read from the YAML itself, so
//! that what people copy is what is tested.

use std::path::PathBuf;

use super::*;

fn example(name: &str) -> Config {
    let file: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR")).join("config").join(name);
    let text = std::fs::read_to_string(&file).unwrap();
    Config::parse(&text, &file).unwrap_or_else(|errors| panic!("{errors}"))
}

/// Resolves a station of an example file with all its pages served from `web`.
async fn play(web: &Web, file: &str, station: &str) -> Resolved {
    let config = example(file);
    let address = match address_of(&config, station) {
        Address::Find(finds) => Address::Find(finds.iter().map(|find| web.redirect(find)).collect()),
        Address::Url(url) if is_called_a_list(url) => Address::Url(web.url(url.path())),
        Address::Url(url) => Address::Url(url.clone()),
    };
    web.resolve(&address).await.unwrap_or_else(|error| panic!("{station}: {error}"))
}

const KBS: &str = "https://onair.kbs.co.kr/";
const MBC: &str = "http://mini.imbc.com/";

async fn korea() -> Web {
    Web::serve([
        (
            "onair.kbs.co.kr/index.html?sname=onair&stype=live&ch_code=24&ch_type=radioList",
            body(fixture("kbs-page.html")),
        ),
        ("cfpwwwapi.kbs.co.kr/api/v1/landing/live/channel_code/25", Page::For(KBS, fixture("kbs-api.json"))),
        ("sminiplay.imbc.com/aacplay.ashx?agent=webapp&channel=mfm", Page::For(MBC, fixture("mbc.txt"))),
        (
            "sminiplay.imbc.com/aacplay.ashx?agent=webapp&channel=sfm&callback=aircheck",
            Page::For(MBC, fixture("mbc-jsonp.js")),
        ),
        ("miniplay.imbc.com/WebLiveURL.ashx?channel=mfm&protocol=RTMP", body(fixture("mbc-rtmp.js"))),
        (
            "apis.sbs.co.kr/play-api/1.0/livestream/powerpc/powerfm?protocol=hls&ssl=Y",
            Page::Body("text/plain;charset=UTF-8", fixture("sbs.txt")),
        ),
        (
            "apis.sbs.co.kr/play-api/1.0/onair/channel/S08?v_type=2&platform=pcweb&protocol=hls&ssl=Y",
            body(fixture("sbs-onair.json")),
        ),
    ])
    .await
}

#[tokio::test]
async fn every_korean_example_leads_to_its_stream_and_knows_when_that_expires() {
    let web = korea().await;
    let expected = [
        ("kbs-1fm-page", "http://1fm.gscdn.kbs.co.kr/1fm_192_1.m3u8?Expires=1795186800&Policy=ey", Some(1_795_186_800)),
        ("kbs-1fm-json", "http://1fm.gscdn.kbs.co.kr/1fm_192_1.m3u8?Expires=1795186800&Policy=ey", Some(1_795_186_800)),
        ("kbs-coolfm", "https://2fm-ad.gscdn.kbs.co.kr/2fm_ad_192_2.m3u8?Policy=ey", Some(1_795_194_000)),
        ("mbc-fm4u", "https://minimw.imbc.com/dmfm/_definst_/mfm.stream/playlist.m3u8?_lsu_sa_=60E1", None),
        ("mbc-sfm", "https://minimw.imbc.com/dsfm/_definst_/sfm.stream/playlist.m3u8?_lsu_sa_=60E1", None),
        ("mbc-fm4u-rtmp", "rtmp://livemfm.imbc.com/live/mfm.stream?token=made-up", None),
        (
            "sbs-powerfm",
            "https://radiolive.sbs.co.kr/powerpc/powerfm.stream/playlist.m3u8?token=ey",
            Some(1_795_186_800),
        ),
        ("sbs-lovefm", "https://radiolive.sbs.co.kr/lovepc/lovefm.stream/playlist.m3u8?token=ey", Some(1_795_186_800)),
        ("ebs-fm", "https://ebsonair.ebs.co.kr/fmradiofamilypc/familypc1m/playlist.m3u8", None),
        ("ebs-fm-rtmp", "rtmp://ebsandroid.ebs.co.kr:1935/fmradiofamilypc/familypc1m", None),
        ("cbs-music-fm", "https://m-aac.cbs.co.kr/mweb_cbs939/_definst_/cbs939.stream/playlist.m3u8", None),
    ];
    for (station, url, expires) in expected {
        let resolved = play(&web, "korea.yaml", station).await;
        assert!(resolved.url.as_str().starts_with(url), "{station}: {}", resolved.url);
        assert_eq!(resolved.expires.map(|at| at.timestamp()), expires, "{station}");
    }
    let all = example("korea.yaml").stations.len();
    assert_eq!(all, expected.len(), "an example without a test");
}

#[tokio::test]
async fn the_signature_of_the_page_arrives_whole_by_every_example() {
    let web = korea().await;
    let by_pattern = play(&web, "korea.yaml", "kbs-1fm-page").await;
    assert!(by_pattern.url.as_str().ends_with("ABCDEFGH__&Key-Pair-Id=APKAMADEUP0000000000"), "{}", by_pattern.url);
    assert_eq!(by_pattern, play(&web, "korea.yaml", "kbs-1fm-json").await);
    assert_eq!(by_pattern, play(&web, "stations.yaml", "kbs-1fm").await);
}

#[tokio::test]
async fn examples_from_elsewhere_lead_to_their_streams() {
    let browser = "all.api.radio-browser.info/json/stations/search?name=FIP&nameExact=true&hidebroken=true&limit=10";
    let web = Web::serve([
        ("www.nhk.or.jp/radio/config/config_web.xml", Page::Body("text/xml", fixture("nhk-config.xml"))),
        (browser, Page::Body("application/json", fixture("radio-browser.json"))),
        ("/pls/WBGOFMAAC.pls", Page::Body("audio/x-scpls", fixture("streamtheworld.pls"))),
        ("opml.radiotime.com/Tune.ashx?id=s21606&render=json", body(fixture("tunein.json"))),
    ])
    .await;
    for (station, url) in [
        ("nhk-fm-tokyo", "https://radio-stream.nhk.jp/hls/live/0000005/nhkradiruakfm/master.m3u8"),
        ("fip", "https://icecast.example.org/fip-hifi.aac?id=radio&x=1"),
        ("wbgo", "https://20723.live.streamtheworld.com/WBGOFMAAC_SC"),
        (
            "bbc-6music",
            "http://as-hls-ww-live.akamaized.net/pool_904/live/ww/bbc_6music/bbc_6music.isml/\
             bbc_6music-audio%3d320000.norewind.m3u8",
        ),
        ("wnyc", "https://stream.example.org/wnyc.aac"),
        ("old-shoutcast", "http://shoutcast.example.org:8000/;stream.mp3"),
    ] {
        assert_eq!(play(&web, "elsewhere.yaml", station).await.url.as_str(), url, "{station}");
    }
}

#[test]
fn the_files_that_people_start_from_are_right() {
    for (file, stations, shows) in [("stations.yaml", 2, 2), ("korea.yaml", 11, 1), ("elsewhere.yaml", 7, 1)] {
        let config = example(file);
        assert_eq!((config.stations.len(), config.shows.len()), (stations, shows), "{file}");
    }
    for readme in ["README.md", "README.ko.md"] {
        let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(readme)).unwrap();
        let (_, first) = text.split_once("```yaml\n").unwrap();
        let (yaml, _) = first.split_once("```").unwrap();
        Config::parse(yaml, Path::new(readme)).unwrap_or_else(|errors| panic!("{errors}"));
    }
}
