//! What people say of recordings: pinned, heard.

use super::{MASTERS, SOUND, library};
use crate::support::browser::{Browser, Look};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_recording_is_pinned_by_a_click_and_heard_when_nine_tenths_of_it_have_played() {
    let library = library().await;
    let browser = Browser::start().await;
    let page = browser.page(&library.base, Look::DESK).await;
    page.goto("/").await;
    let pressed = |mark: &str| format!("document.querySelector(\"{MASTERS} [data-call$='/{mark}']\").ariaPressed");
    assert_eq!(page.text(&pressed("pin")).await, "false");
    page.click(&format!("{MASTERS} [data-call$='/pin']")).await;
    page.is(&format!("{} === 'true'", pressed("pin"))).await;
    page.click(&format!("{MASTERS} [data-call$='/pin']")).await;
    page.is(&format!("{} === 'false'", pressed("pin"))).await;

    // Who jumps to the end has not heard it.
    let heard = "localStorage.getItem('aircheck:heard:masters@20261119T0500Z')";
    page.click(&format!("{MASTERS} .play")).await;
    page.is(&format!("{SOUND}.currentTime > 0.3 && !{SOUND}.paused")).await;
    page.click_at(&format!("{MASTERS} .wave"), 60).await;
    page.is(&format!("{SOUND}.currentTime > 50 && [...({heard} ?? '')].filter((part) => part === '1').length > 2"))
        .await;
    page.click("#player [data-toggle]").await;
    let parts = format!("[...{heard}].filter((part) => part === '1').length");
    assert!(page.eval(&parts).await.as_u64().expect("a number") < 20);
    assert_eq!(page.text(&pressed("heard")).await, "false");

    // Most of it has played on earlier visits.
    page.eval("localStorage.setItem('aircheck:heard:masters@20261119T0500Z', '1'.repeat(88) + '0'.repeat(12))").await;
    page.goto("/").await;
    page.click(&format!("{MASTERS} .play")).await;
    page.click_at(&format!("{MASTERS} .wave"), 92).await;
    page.is(&format!("{} === 'true'", pressed("heard"))).await;
    // What has played counts from the beginning now.
    page.is(&format!("[...({heard} ?? '')].filter((part) => part === '1').length < 20")).await;
    page.click(&format!("{MASTERS} [data-call$='/heard']")).await;
    page.is(&format!("{} === 'false'", pressed("heard"))).await;
}
