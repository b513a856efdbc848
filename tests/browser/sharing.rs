//! Sharing a recording, and what whoever gets the link sees.

use serde_json::{Value, json};

use super::accessible::{axe, check};
use super::{MASTERS, library};
use crate::support::browser::{Browser, Look, Page};
use crate::support::shelved::Library;
use crate::support::skip;

const SHARE: &str = ".row[data-id='masters@20261119T0500Z'] [data-share]";

/// Makes a link to the newest recording of the show `masters`; returns its path.
async fn link(library: &Library) -> String {
    let path = library.base.join("/api/v1/recordings/masters@20261119T0500Z/links").expect("a path");
    let made = reqwest::Client::new().post(path).send().await.expect("an answer");
    let made: Value = made.json().await.expect("JSON");
    path_of(made["url"].as_str().expect("an address"))
}

fn path_of(url: &str) -> String {
    url::Url::parse(url).expect("a URL").path().to_owned()
}

async fn links(page: &Page) -> Value {
    page.eval("document.querySelectorAll('.share .links li').length").await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_link_is_made_copied_opened_and_withdrawn_by_keys_alone() {
    let library = library().await;
    let browser = Browser::start().await;
    let page = browser.page(&library.base, Look::DESK).await;
    page.goto("/").await;
    page.eval(&format!("document.querySelector(\"{SHARE}\").focus()")).await;
    page.press("Enter").await;
    page.is("document.querySelector('dialog.over')?.open").await;
    page.is("document.activeElement.matches('[name=for][value=\"7d\"]')").await;
    assert!(page.text("document.querySelector('dialog .which').textContent").await.contains("명연주 명음반"));
    page.press("ArrowRight").await;
    page.is("document.querySelector('[name=for][value=\"30d\"]').checked").await;
    page.press("Tab").await;
    page.press("Enter").await;
    page.is("document.activeElement.matches('.made input') && document.querySelectorAll('.links li').length === 1")
        .await;
    // The link is selected, and in the clipboard: whoever pastes gets it.
    let url = page.text("document.querySelector('.made input').value").await;
    let selected = "(({ value, selectionStart, selectionEnd }) => value.slice(selectionStart, selectionEnd))";
    assert_eq!(page.text(&format!("{selected}(document.querySelector('.made input'))")).await, url);
    page.is("document.querySelector('[data-said]').textContent === 'The link is copied.'").await;

    // A friend opens it, in a browser that knows nothing of the page.
    let friend = browser.page(&library.base, Look::PHONE).await;
    friend.goto(&path_of(&url)).await;
    assert_eq!(friend.text("document.querySelector('h1').textContent").await, "명연주 명음반");
    assert!(friend.text("document.body.textContent").await.contains("이 링크는"));

    for _ in 0..3 {
        if page.eval("document.activeElement.matches('[data-withdraw] button')").await != true {
            page.press("Tab").await;
        }
    }
    page.press("Enter").await;
    page.is("document.querySelectorAll('.links li').length === 0 && document.querySelector('.made').hidden").await;
    page.is("document.activeElement.id === 'share-title'").await;
    friend.expect("404");
    friend.goto(&path_of(&url)).await;
    assert_eq!(friend.text("document.querySelector('h1').textContent").await, "열 수 없는 링크입니다");

    page.press("Escape").await;
    page.is(&format!("!document.querySelector('dialog') && document.activeElement.matches(\"{SHARE}\")")).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refusal_is_said_in_the_dialog() {
    let library = library().await;
    let browser = Browser::start().await;
    let page = browser.page(&library.base, Look { language: "ko-KR", ..Look::DESK }).await;
    page.goto("/").await;
    page.click(SHARE).await;
    page.is("document.querySelector('dialog.over')?.open").await;
    std::fs::remove_file(library.aircheck.path("recordings/masters@20261119T0500Z.mp3")).expect("deleted");
    page.expect("409");
    page.click("dialog button.first").await;
    page.is("document.querySelector('dialog [data-trouble]').textContent.startsWith('공유할 소리가 없는 녹음입니다.')")
        .await;
    assert_eq!(links(&page).await, json!(0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_scripts_a_form_makes_and_withdraws_a_link() {
    let library = library().await;
    let browser = Browser::start().await;
    let page = browser.page(&library.base, Look { scripts: false, ..Look::DESK }).await;
    page.goto("/").await;
    page.click(SHARE).await;
    page.is("location.pathname.startsWith('/share/') && document.readyState === 'complete'").await;
    page.click(".choice label:first-of-type").await;
    page.click(".share button.first").await;
    page.is("document.querySelector('.made input')?.checkVisibility()").await;
    let url = page.text("document.querySelector('.made input').value").await;
    assert_eq!(links(&page).await, json!(1));
    let friend = browser.page(&library.base, Look { scripts: false, ..Look::PHONE }).await;
    friend.goto(&path_of(&url)).await;
    friend.is("document.querySelector('audio[controls]').checkVisibility()").await;
    friend.is("document.querySelector('.wave img').naturalWidth > 0").await;
    assert_eq!(
        friend.eval("[...document.querySelectorAll('button, select')].some((it) => it.checkVisibility())").await,
        json!(false),
        "nothing that would not work"
    );
    friend.fits().await;
    page.click("[data-withdraw] button").await;
    page.is("document.readyState === 'complete' && !document.querySelector('.links')").await;
    friend.expect("404");
    friend.goto(&path_of(&url)).await;
    friend.is("document.querySelector('h1').textContent === '열 수 없는 링크입니다'").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_friend_hears_the_recording_and_seeks_in_it() {
    let library = library().await;
    let browser = Browser::start().await;
    let page = browser.page(&library.base, Look::DESK).await;
    page.goto(&link(&library).await).await;
    let sound = "document.querySelector('audio')";
    page.click("[data-toggle]").await;
    page.is(&format!("{sound}.currentTime > 0.2 && !{sound}.paused")).await;
    assert_eq!(page.text("document.querySelector('[data-toggle]').getAttribute('aria-label')").await, "Pause");
    page.click_at(".wave", 50).await;
    page.is(&format!("{sound}.currentTime > 40")).await;
    page.eval("document.querySelector('.wave').focus()").await;
    page.press("ArrowRight").await;
    page.is(&format!("{sound}.currentTime > 45")).await;
    // What is missing is said, without words about the station's addresses, and one can listen there.
    let lack = page.text("document.querySelector('.lack').textContent").await;
    assert!(lack.contains("0:05 of the broadcast is missing here.") && !lack.contains("403"), "{lack}");
    page.click(".lack summary").await;
    page.click(".lack [data-seek]").await;
    page.is(&format!("{sound}.currentTime > 16 && {sound}.currentTime < 40")).await;
    page.click("[data-toggle]").await;
    page.is(&format!("{sound}.paused")).await;
    assert_eq!(page.eval("localStorage.length + sessionStorage.length + document.cookie.length").await, json!(0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sharing_fits_every_look_and_has_no_barrier() {
    let axe = axe();
    if axe.is_none() {
        skip::without("axe-core in target/axe; tests/axe/fetch brings it");
    }
    let library = library().await;
    let link = link(&library).await;
    let browser = Browser::start().await;
    let phone = Look { dark: true, language: "en-GB", ..Look::PHONE };
    for look in [Look::DESK, Look { dark: true, language: "ko-KR", ..Look::DESK }, Look::PHONE, phone] {
        let page = browser.page(&library.base, look).await;
        let see = async |what: &str| {
            page.eval("document.querySelectorAll('details').forEach((it) => { it.open = true; })").await;
            page.fits().await;
            if let Some(axe) = &axe {
                check(&page, axe, what).await;
            }
        };
        page.goto(&link).await;
        see("the page of a link").await;
        page.expect("404");
        page.goto("/s/nothing").await;
        see("a link that opens nothing").await;
        page.goto("/").await;
        page.click(&format!("{MASTERS} [data-share]")).await;
        page.is("document.querySelector('dialog.over')?.open").await;
        page.click("dialog button.first").await;
        page.is("document.querySelector('.made')?.checkVisibility() && document.querySelector('.links li')").await;
        page.eval("Promise.all(document.getAnimations().map((it) => it.finished)).then(() => true)").await;
        see("the dialog").await;
        // It is not within the page.
        let fits = "(({ left, right }, { scrollWidth, clientWidth }) => left >= 0 && right <= innerWidth && \
                    scrollWidth <= clientWidth)";
        let dialog = "document.querySelector('dialog')";
        assert_eq!(page.eval(&format!("{fits}({dialog}.getBoundingClientRect(), {dialog})")).await, json!(true));
        page.goto("/share/masters@20261119T0500Z").await;
        see("the page on which one shares").await;
    }
}
