//! Signing in and out, in a browser.

use aircheck::base::password::PasswordHash;

use super::{SOUND, shelved, yaml};
use crate::support::browser::{Browser, Look};
use crate::support::shelved::Library;

const PASSWORD: &str = "파란 고양이 & 12%";

/// Returns a page behind the password.
async fn guarded() -> Library {
    let hash = PasswordHash::of(PASSWORD).expect("a hash");
    let yaml = format!("web: {{ listen: \"127.0.0.1:0\", password: \"{}\" }}\n{}", hash.as_str(), yaml());
    Library::open(&yaml, &shelved()).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_the_password_opens_the_page() {
    let library = guarded().await;
    let browser = Browser::start().await;
    for look in [Look { language: "en-GB", ..Look::PHONE }, Look { language: "en-GB", scripts: false, ..Look::DESK }] {
        let page = browser.page(&library.base, look).await;
        page.expect("401");
        page.goto("/schedule").await;
        page.is("location.pathname === '/sign-in'").await;
        page.fits().await;
        for (word, trouble) in [("guess", true), (PASSWORD, false)] {
            page.eval("document.querySelector('#password').focus()").await;
            page.write(word).await;
            page.press("Enter").await;
            if trouble {
                page.is("document.querySelector('#trouble')?.textContent === 'The password is wrong.'").await;
            }
        }
        page.is("location.pathname === '/schedule' && document.querySelector('.slot')").await;
        if look.scripts {
            page.goto("/").await;
            page.click(".row .play").await;
            page.is(&format!("{SOUND}.currentTime > 0.2")).await;
        }
        if look.phone {
            // Signs out in another tab: this one hears of it, and shows nothing any more.
            page.eval("fetch('/sign-out', { method: 'POST' }).then(() => true)").await;
        } else {
            page.click(".sign-out button").await;
        }
        page.is("location.pathname === '/sign-in'").await;
        page.goto("/").await;
        page.is("location.pathname === '/sign-in'").await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_signing_out_going_back_shows_nothing() {
    let library = guarded().await;
    let browser = Browser::start().await;
    let page = browser.page(&library.base, Look::DESK).await;
    page.expect("401");
    page.goto("/subscribe").await;
    page.eval("document.querySelector('#password').focus()").await;
    page.write(PASSWORD).await;
    page.press("Enter").await;
    page.is("location.pathname === '/subscribe' && document.readyState === 'complete'").await;
    page.is("document.body.textContent.includes('token=')").await;
    page.click(".sign-out button").await;
    page.is("location.pathname === '/sign-in' && document.readyState === 'complete'").await;
    page.eval("window.out = true").await;
    page.eval("history.back()").await;
    page.is("!window.out && document.readyState === 'complete'").await;
    let seen = page.text("location.pathname + ' ' + document.body.textContent").await;
    assert!(seen.starts_with("/sign-in ") && !seen.contains("token="), "{seen}");
}
