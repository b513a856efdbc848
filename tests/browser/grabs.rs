//! The page of grabs, with a server to download from on this machine.

use std::time::Duration;

use reqwest::Url;
use serde_json::{Value, json};

use super::accessible::{axe, check};
use crate::support::aircheck::{Aircheck, Service, until};
use crate::support::airing::quiet;
use crate::support::browser::{Browser, Look, Page};
use crate::support::library::address;
use crate::support::origin::{Container, Fault, Kind, Origin, Part, Setup, StationHandle};
use crate::support::skip;

/// How long a test waits before it fails.
const LIMIT: Duration = Duration::from_secs(60);

/// A service that may download from this machine, and a station of which ten segments of 2 s lie at `v/000000.ts` and so on.
struct Serving {
    _aircheck: Aircheck,
    _service: Service,
    _origin: Origin,
    station: StationHandle,
    base: Url,
}

impl Serving {
    async fn start() -> Self {
        let (origin, station) = Origin::with_numbered(Setup::of(Container::Ts), 10).await;
        let aircheck = Aircheck::new(&format!(
            "web: {{ listen: \"127.0.0.1:0\", local_sources: [127.0.0.1] }}\ngrab: {{ parallel: 2 }}\ntimezone: Asia/Seoul\n\
             stations:\n  s: {{ name: 방송국, hls: \"http://127.0.0.1:9/x\" }}\nshows:\n  \
             - {{ title: 방송, station: s, cron: \"{}\", length: 1h }}\n",
            quiet()
        ));
        let service = aircheck.start("run", &["run"]);
        let base = address(&service).await;
        Self { _aircheck: aircheck, _service: service, _origin: origin, station, base }
    }

    /// The address of all segments.
    fn numbered(&self) -> String {
        self.station.page_url().replace("page", "v/(*).ts")
    }

    async fn ask_for(&self, grab: &Value) {
        let path = self.base.join("api/v1/grabs").expect("a path");
        let answer = reqwest::Client::new().post(path).json(grab).send().await.expect("an answer");
        assert_eq!(answer.status(), 202, "{grab}");
    }

    /// A segment that is not there, and all others slowly, so that there is a middle.
    fn one_is_missing(&self) {
        self.station.fault(Fault::new(Part::Segment, Kind::Status(404)).sequence(4));
        self.station.fault(Fault::new(Part::Segment, Kind::Drip(60_000)));
    }
}

/// Clicks, and waits until the next document is there.
async fn follow(page: &Page, selector: &str) {
    page.eval("document.documentElement.dataset.before = ''").await;
    page.click(selector).await;
    page.is("document.readyState === 'complete' && !('before' in document.documentElement.dataset)").await;
}

/// Writes into a field as a person does.
async fn write(page: &Page, name: &str, text: &str) {
    page.eval(&format!(
        "(() => {{ const it = document.querySelector('.grab-form [name={name}]'); it.value = ''; it.focus(); }})()"
    ))
    .await;
    page.write(text).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_grab_is_asked_for_followed_tried_again_played_and_removed_on_the_page() {
    let serving = Serving::start().await;
    serving.one_is_missing();
    let browser = Browser::start().await;
    let page = browser.page(&serving.base, Look::DESK).await;
    page.expect("422");
    page.goto("/grabs").await;
    write(&page, "address", "film").await;
    page.press("Enter").await;
    page.is(
        "document.querySelector('.grab-form .failure').textContent.includes('is no http address: write the whole')",
    )
    .await;
    assert_eq!(page.text("document.querySelector('[name=address]').value").await, "film", "one can mend it");

    write(&page, "address", &serving.numbered()).await;
    write(&page, "name", "영화 <1>").await;
    page.eval("document.querySelector('.grab-form [name=format]').value = 'm4a'").await;
    page.click(".grab-form details summary").await;
    write(&page, "pad", "6").await;
    write(&page, "count", "10").await;
    page.press("Enter").await;
    // How far it is comes by events: nobody loads the page.
    page.is("document.querySelector('.grab.going progress').value >= 2").await;
    page.is("document.querySelector('.grab.going [data-said=stage]').textContent.endsWith(' of 10 segments')").await;
    page.is("document.querySelector('.grab.going [data-said=speed]').textContent.endsWith('iB/s')").await;
    page.is("document.querySelector('.grab.partial')").await;
    assert_eq!(page.text("document.querySelector('.grab .title').textContent").await, "영화 1.m4a");
    assert_eq!(
        page.text("document.querySelector('.grab .ledger summary').textContent").await,
        "1 of 10 segments missing"
    );
    let lack = page.text("document.querySelector('.grab .ledger li').textContent").await;
    assert!(lack.starts_with("0:08: segment 000004, 2.0 s: ") && lack.contains("404 Not Found"), "{lack}");

    serving.station.heal();
    page.eval("document.querySelector('.grab [data-act=retry]').focus()").await;
    page.press("Enter").await;
    page.is("document.querySelector('.grab.complete')").await;
    page.click(".grab .watch summary").await;
    page.eval("document.querySelector('.grab .watch audio').play().then(() => true)").await;
    page.is("document.querySelector('.grab .watch audio').currentTime > 0.2").await;
    let name =
        "fetch(document.querySelector('.grab a[download]').href).then((it) => it.headers.get('Content-Disposition'))";
    let name = page.text(name).await;
    assert!(name.ends_with("%EC%98%81%ED%99%94%201%202.m4a"), "the second file has a name of its own: {name}");
    page.click(".grab [data-act=remove]").await;
    page.is("document.querySelector('#grabs .empty') && !document.querySelector('.grab')").await;
    page.fits().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_scripts_forms_make_cancel_and_remove_grabs() {
    let serving = Serving::start().await;
    serving.station.fault(Fault::new(Part::Segment, Kind::Silence));
    let browser = Browser::start().await;
    let page = browser.page(&serving.base, Look { scripts: false, ..Look::PHONE }).await;
    page.expect("422");
    page.goto("/grabs").await;
    write(&page, "address", &serving.station.page_url()).await;
    page.click(".grab-form details summary").await;
    write(&page, "count", "3").await;
    page.click(".grab-form button.first").await;
    page.is("document.querySelector('.grab-form .failure').textContent.includes('번호 자리에 (*)를 써 주세요')").await;
    assert_eq!(page.text("document.querySelector('[name=count]').value").await, "3", "what was written stays");
    write(&page, "address", &serving.numbered()).await;
    page.click(".grab-form button.first").await;
    page.is("document.querySelectorAll('.grab').length === 1 && document.querySelector('.again a')").await;
    page.fits().await;
    follow(&page, ".grab [data-act=remove]").await;
    // It is cancelled a moment later; then the button removes it.
    let (cancelled, gone) = ("document.querySelector('.grab.cancelled')", "document.querySelector('#grabs .empty')");
    until("it is cancelled", LIMIT, async || {
        follow(&page, ".again a").await;
        page.eval(&format!("Boolean({cancelled})")).await == true
    })
    .await;
    page.click(".grab [data-act=remove]").await;
    page.is(gone).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn grabs_in_every_state_fit_every_look_and_have_no_barrier() {
    let axe = axe();
    if axe.is_none() {
        skip::without("axe-core in target/axe; tests/axe/fetch brings it");
    }
    let serving = Serving::start().await;
    serving.station.fault(Fault::new(Part::Segment, Kind::Status(404)).sequence(4));
    let numbered =
        |name: &str| json!({ "address": serving.numbered(), "pad": 6, "count": 10, "format": "mp4", "name": name });
    serving.ask_for(&numbered("지난주 강의")).await;
    let nothing = serving.station.page_url().replace("page", &format!("{}film.m3u8", "a-long-name/".repeat(12)));
    serving.ask_for(&json!({ "address": nothing, "format": "mp3", "referer": "https://tv.example/" })).await;
    let browser = Browser::start().await;
    let page = browser.page(&serving.base, Look::DESK).await;
    page.goto("/grabs").await;
    page.is("document.querySelector('.grab.partial') && document.querySelector('.grab.failed .reason')").await;
    // Two more, of which the first never ends.
    serving.station.fault(Fault::new(Part::Segment, Kind::Silence));
    serving.ask_for(&numbered("영화")).await;
    serving.ask_for(&numbered("영화")).await;
    page.is("document.querySelector('.grab.going') && document.querySelector('.grab.queued')").await;
    let phone = Look { dark: true, language: "en-GB", ..Look::PHONE };
    for look in [Look::DESK, Look { dark: true, language: "ko-KR", ..Look::DESK }, Look::PHONE, phone] {
        let page = browser.page(&serving.base, look).await;
        page.goto("/grabs").await;
        page.eval("document.querySelectorAll('details').forEach((it) => { it.open = true; })").await;
        page.fits().await;
        if let Some(axe) = &axe {
            check(&page, axe, "grabs").await;
        }
        if look.language == "ko-KR" {
            let reason = page.text("document.querySelector('.grab.failed .reason').textContent").await;
            assert!(reason.starts_with("서버가 거부했거나 서버에 없습니다"), "{reason}");
        }
    }
}
