//! The page on which the file is edited.

use reqwest::Url;
use serde_json::json;

use super::accessible::{axe, check};
use crate::support::aircheck::{Aircheck, Service};
use crate::support::airing::quiet;
use crate::support::browser::{Browser, Look, Page};
use crate::support::library::address;
use crate::support::skip;

/// What is said of the text.
const VERDICT: &str = "document.querySelector('.verdict').textContent";
const TEXT: &str = "document.getElementById('yaml-text').value";

struct Serving {
    aircheck: Aircheck,
    _service: Service,
    base: Url,
}

impl Serving {
    async fn start() -> Self {
        let aircheck = Aircheck::new(&format!(
            "web: {{ listen: \"127.0.0.1:0\", edit: true }}\ntimezone: Asia/Seoul\n# 좋은 방송국\nstations:\n  \
             kbs: {{ name: KBS 1FM, hls: \"http://127.0.0.1:9/x\" }}\nshows:\n  \
             - {{ title: 명연주 명음반, station: kbs, cron: \"{}\", length: 1h }}\n",
            quiet()
        ));
        let service = aircheck.start("run", &["run"]);
        let base = address(&service).await;
        Self { aircheck, _service: service, base }
    }

    fn on_disk(&self) -> String {
        std::fs::read_to_string(self.aircheck.path("stations.yaml")).expect("a file")
    }
}

/// Selects the first of these words in the text, and writes others in their place as a person does.
async fn write_over(page: &Page, words: &str, others: &str) {
    page.eval(&format!(
        "(() => {{ const it = document.getElementById('yaml-text'); const at = it.value.indexOf('{words}'); it.focus(); \
         it.setSelectionRange(at, at + '{words}'.length); }})()"
    ))
    .await;
    page.write(others).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mistake_is_shown_while_one_types_and_what_will_change_before_it_is_saved() {
    let serving = Serving::start().await;
    let browser = Browser::start().await;
    let page = browser.page(&serving.base, Look::DESK).await;
    page.goto("/stations").await;
    page.click("a[href$='/configuration']").await;
    page.is("document.querySelector('.paper.drawn .line .key')").await;
    let drawn = "[...document.querySelectorAll('.colours .line')].map((it) => it.textContent).join('\\n')";
    assert_eq!(page.text(drawn).await, page.text(TEXT).await, "the colours say what the text says");
    assert_eq!(
        page.text("document.querySelector('.colours .note').textContent").await,
        "# 좋은 방송국",
        "a comment is one"
    );

    write_over(&page, "length: 1h", "lenght: 1h").await;
    page.is("document.querySelector('.mistakes li [lang=en]')?.textContent.includes('length')").await;
    page.is("document.querySelector('.colours .wrong-word')?.textContent === 'lenght'").await;
    page.click(".mistakes .place").await;
    let selected = format!("{TEXT}.slice(document.activeElement.selectionStart, document.activeElement.selectionEnd)");
    assert_eq!(page.text(&selected).await, "lenght", "one is where the mistake is");

    page.write("length").await;
    page.is("!document.querySelector('.mistakes, .wrong-word')").await;
    write_over(&page, "length: 1h", "length: 2h").await;
    page.is(
        "document.querySelector('.told-changes')?.textContent === '명연주 명음반: length 1h → 2h from the next airing'",
    )
    .await;
    assert!(!serving.on_disk().contains("2h"), "nothing is saved yet");
    page.click("button[value=save]").await;
    page.is(&format!("{VERDICT}.startsWith('Saved.')")).await;
    assert!(serving.on_disk().contains("length: 2h"));

    // Somebody else edits it, too.
    std::fs::write(serving.aircheck.path("stations.yaml"), serving.on_disk() + "# theirs\n").expect("written");
    write_over(&page, "length: 2h", "length: 3h").await;
    page.is("document.querySelector('.told-changes')?.textContent.includes('3h')").await;
    page.click("button[value=save]").await;
    page.is("document.querySelector('.edited .failure')?.textContent.startsWith('somebody else changed the file')")
        .await;
    assert!(serving.on_disk().ends_with("length: 2h }\n# theirs\n"), "{}", serving.on_disk());
    page.is(&format!("{TEXT}.includes('length: 3h')")).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_form_puts_into_the_text_is_undone_like_what_one_types() {
    let serving = Serving::start().await;
    let browser = Browser::start().await;
    let page = browser.page(&serving.base, Look::DESK).await;
    page.goto("/configuration").await;
    page.is("document.querySelector('.paper.drawn')").await;
    let before = page.text(TEXT).await;
    page.click(".more details:last-of-type summary").await;
    for (name, text) in [("title", "밤의 음악"), ("cron", "0 22 * * *"), ("length", "1h")] {
        page.eval(&format!("document.querySelector('.fields [name={name}]').focus()")).await;
        page.write(text).await;
    }
    page.click("button[value=show]").await;
    page.is(&format!("{TEXT}.includes('밤의 음악') && !document.getElementById('yaml-text').readOnly")).await;
    page.eval("document.execCommand('undo')").await;
    page.is(&format!("{TEXT} === {}", json!(before))).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_scripts_a_form_adds_a_show_and_goes_back_to_an_earlier_version() {
    let serving = Serving::start().await;
    let before = serving.on_disk();
    let browser = Browser::start().await;
    let page = browser.page(&serving.base, Look { scripts: false, ..Look::PHONE }).await;
    page.expect("422");
    page.goto("/configuration").await;
    page.fits().await;
    page.click(".more details:last-of-type summary").await;
    for (name, text) in [("title", "밤의 음악"), ("cron", "0 22 * * *"), ("length", "long")] {
        page.eval(&format!("document.querySelector('.fields [name={name}]').focus()")).await;
        page.write(text).await;
    }
    page.click("button[value=show]").await;
    page.is("document.querySelector('.mistakes .place')?.textContent.includes('줄')").await;
    page.fits().await;
    page.click("button[value=save]").await;
    page.is("document.querySelector('.edited .failure')?.textContent.includes('저장하지 않았습니다')").await;
    assert_eq!(serving.on_disk(), before);
    write_over(&page, "length: long", "length: 1h").await;
    page.click("button[value=save]").await;
    page.is(&format!("{VERDICT}.startsWith('저장했습니다') && document.readyState === 'complete'")).await;
    assert!(serving.on_disk().contains("title: 밤의 음악"));
    page.click(".versions summary").await;
    page.click(".versions li:last-child a").await;
    page.is("new URLSearchParams(location.search).has('version') && document.readyState === 'complete'").await;
    page.is(&format!("{TEXT} === {}", json!(before))).await;
    page.click("button[value=save]").await;
    page.is(&format!("{VERDICT}.startsWith('저장했습니다') && document.readyState === 'complete'")).await;
    assert_eq!(serving.on_disk(), before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_editor_has_no_barrier_and_fits_a_phone_with_a_mistake_in_it() {
    let Some(axe) = axe() else {
        skip::without("axe-core in target/axe; tests/axe/fetch brings it");
        return;
    };
    let serving = Serving::start().await;
    let browser = Browser::start().await;
    let shots = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("target/gallery");
    std::fs::create_dir_all(&shots).expect("a folder");
    for (look, name) in [
        (Look::DESK, "edit-en"),
        (Look { dark: true, language: "ko-KR", ..Look::DESK }, "edit-ko-dark"),
        (Look::PHONE, "edit-ko-phone"),
        (Look { dark: true, language: "en-GB", ..Look::PHONE }, "edit-en-phone-dark"),
    ] {
        let page = browser.page(&serving.base, look).await;
        page.goto("/configuration").await;
        page.is("document.querySelector('.paper.drawn')").await;
        write_over(&page, "hls:", "hsl:").await;
        page.is("document.querySelector('.mistakes')").await;
        page.picture(&shots.join(format!("{name}.png"))).await;
        page.eval("document.querySelectorAll('details').forEach((it) => { it.open = true; })").await;
        check(&page, &axe, name).await;
        page.fits().await;
        // Not saved: the browser would ask whether to leave.
        write_over(&page, "hsl:", "hls:").await;
        page.is(&format!("!document.querySelector('.mistakes') && {VERDICT}.length > 0")).await;
    }
}
