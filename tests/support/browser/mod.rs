//! A real Chromium without a window, driven by the Chrome DevTools Protocol.
//!
//! Every test has its own browser; at most two run at a time. A complaint of the browser (an error on the console, an
//! exception, a violation of the content policy) or a request to another host fails the test when its [`Page`] is
//! dropped.

mod protocol;

use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use reqwest::Url;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::process::{Child, Command};
use tokio::sync::{Semaphore, SemaphorePermit};

use super::aircheck::until;
use protocol::Connection;

/// How long a page may take for anything: other tests may keep the processors busy.
const PATIENCE: Duration = Duration::from_secs(60);

/// How many browsers run at a time.
static BROWSERS: Semaphore = Semaphore::const_new(2);

/// A running Chromium; killed when it is dropped.
pub struct Browser {
    connection: Arc<Connection>,
    _child: Child,
    _profile: TempDir,
    _turn: SemaphorePermit<'static>,
}

/// How a visitor looks at the page.
#[derive(Debug, Clone, Copy)]
pub struct Look {
    /// The width and height, in CSS pixels.
    pub width: u32,
    pub height: u32,
    /// Whether it is a phone: two pixels per CSS pixel, touch in place of a mouse.
    pub phone: bool,
    pub dark: bool,
    pub scripts: bool,
    /// `Accept-Language`
    pub language: &'static str,
    /// The time zone, as an IANA name.
    pub zone: &'static str,
}

impl Look {
    /// A desktop with light colours, in English, in Seoul.
    pub const DESK: Self = Self {
        width: 1280,
        height: 860,
        phone: false,
        dark: false,
        scripts: true,
        language: "en-GB",
        zone: "Asia/Seoul",
    };
    /// The smallest phone that every page must fit, in Korean.
    pub const PHONE: Self = Self { width: 360, height: 740, phone: true, language: "ko-KR", ..Self::DESK };
}

impl Browser {
    /// Starts a browser.
    pub async fn start() -> Self {
        let turn = BROWSERS.acquire().await.expect("never closed");
        let profile = tempfile::tempdir().expect("a temporary folder");
        #[expect(clippy::disallowed_methods, reason = "a test may start a program by itself")]
        let mut command = Command::new("chromium");
        command
            .args(["--headless=new", "--no-sandbox", "--no-first-run", "--remote-debugging-port=0", "--mute-audio"])
            .args(["--autoplay-policy=no-user-gesture-required", "--disable-dev-shm-usage", "--hide-scrollbars"])
            .args(["--disable-gpu", "--disable-extensions", "--disable-component-update", "--disable-sync"])
            .args(["--disable-background-networking", "--disable-default-apps", "--force-color-profile=srgb"])
            // No host name outside resolves, so the browser asks nobody for updates.
            .arg("--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost")
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .arg("about:blank")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true);
        let child = command.spawn().expect("chromium starts");
        let place = profile.path().join("DevToolsActivePort");
        let read = || std::fs::read_to_string(&place).unwrap_or_default();
        until("a listening Chromium", PATIENCE, async || read().lines().count() == 2).await;
        let read = read();
        let (port, path) = read.split_once('\n').expect("two lines");
        let connection = Connection::open(port.parse().expect("a port"), path.trim()).await;
        Self { connection, _child: child, _profile: profile, _turn: turn }
    }

    /// Opens an empty page for a visitor with this look at the site at `base`, with a fresh profile.
    pub async fn page(&self, base: &Url, look: Look) -> Page {
        let browser = |method, parameters| self.connection.call(None, method, parameters);
        let context = browser("Target.createBrowserContext", json!({})).await["browserContextId"].clone();
        let parameters = json!({ "url": "about:blank", "browserContextId": context });
        let target = browser("Target.createTarget", parameters).await["targetId"].clone();
        let parameters = json!({ "targetId": target, "flatten": true });
        let session = browser("Target.attachToTarget", parameters).await["sessionId"].clone();
        let session = session.as_str().expect("a session").to_owned();
        let page = Page {
            connection: Arc::clone(&self.connection),
            session,
            base: base.clone(),
            look,
            expected: std::sync::Mutex::default(),
        };
        for domain in ["Page.enable", "Runtime.enable", "Log.enable", "Network.enable"] {
            page.call(domain, json!({})).await;
        }
        let agent = json!({ "userAgent": "aircheck-test", "acceptLanguage": look.language });
        page.call("Emulation.setUserAgentOverride", agent).await;
        page.call("Emulation.setTimezoneOverride", json!({ "timezoneId": look.zone })).await;
        page.call("Emulation.setTouchEmulationEnabled", json!({ "enabled": look.phone })).await;
        page.call("Emulation.setScriptExecutionDisabled", json!({ "value": !look.scripts })).await;
        page.size(look.width, look.height).await;
        page.dark(look.dark).await;
        page
    }
}

/// A page in a browser.
pub struct Page {
    connection: Arc<Connection>,
    session: String,
    base: Url,
    look: Look,
    expected: std::sync::Mutex<Vec<String>>,
}

impl Page {
    async fn call(&self, method: &str, parameters: Value) -> Value {
        self.connection.call(Some(&self.session), method, parameters).await
    }

    /// Changes the size of the page.
    pub async fn size(&self, width: u32, height: u32) {
        let (mobile, scale) = (self.look.phone, if self.look.phone { 2 } else { 1 });
        let metrics = json!({ "width": width, "height": height, "deviceScaleFactor": scale, "mobile": mobile });
        self.call("Emulation.setDeviceMetricsOverride", metrics).await;
    }

    /// Sets dark or light colours.
    pub async fn dark(&self, dark: bool) {
        let scheme = json!({ "name": "prefers-color-scheme", "value": if dark { "dark" } else { "light" } });
        self.call("Emulation.setEmulatedMedia", json!({ "features": [scheme] })).await;
    }

    /// Lets scripts of a test do what the policy of the site forbids to its pages, as on a page of somebody else.
    pub async fn without_policy(&self) {
        self.call("Page.setBypassCSP", json!({ "enabled": true })).await;
    }

    /// Allows complaints of the browser with these words.
    pub fn expect(&self, words: &str) {
        self.expected.lock().expect("not poisoned").push(words.to_owned());
    }

    /// Goes to an address of the site, and waits until all of it is loaded.
    pub async fn goto(&self, path: &str) {
        let url = self.base.join(path).expect("a path");
        let gone = self.call("Page.navigate", json!({ "url": url.as_str() })).await;
        assert!(gone["errorText"].is_null(), "{url}: {gone}");
        self.is("document.readyState === 'complete'").await;
    }

    /// Returns the value of an expression; awaits its promise.
    pub async fn eval(&self, expression: &str) -> Value {
        let parameters = json!({
            "expression": expression, "awaitPromise": true, "returnByValue": true, "userGesture": true
        });
        let answer = self.call("Runtime.evaluate", parameters).await;
        assert!(answer["exceptionDetails"].is_null(), "{expression}: {}", answer["exceptionDetails"]);
        answer["result"]["value"].clone()
    }

    /// Returns the value of an expression that is a text.
    pub async fn text(&self, expression: &str) -> String {
        self.eval(expression).await.as_str().unwrap_or_else(|| panic!("{expression} is no text")).to_owned()
    }

    /// Waits until an expression is true.
    pub async fn is(&self, expression: &str) {
        // An expression that is evaluated between two pages is evaluated again.
        let wrapped = format!("(() => {{ try {{ return !!({expression}); }} catch {{ return false; }} }})()");
        until(expression, PATIENCE, async || self.eval(&wrapped).await == Value::Bool(true)).await;
    }

    /// Clicks into the element that `selector` finds, as a person does: at so many `hundredths` of its width.
    pub async fn click_at(&self, selector: &str, hundredths: u32) {
        let quoted = Value::from(selector);
        self.is(&format!("document.querySelector({quoted})?.checkVisibility()")).await;
        let place = self
            .eval(&format!(
                "(() => {{ const it = document.querySelector({quoted}); \
                 it.scrollIntoView({{ block: 'center', behavior: 'instant' }}); const box = it.getBoundingClientRect(); \
                 return [box.x + box.width * {hundredths} / 100, box.y + box.height / 2]; }})()"
            ))
            .await;
        for kind in ["mouseMoved", "mousePressed", "mouseReleased"] {
            let event = json!({ "type": kind, "x": place[0], "y": place[1], "button": "left", "clickCount": 1 });
            self.call("Input.dispatchMouseEvent", event).await;
        }
    }

    /// Clicks into the middle of the element that `selector` finds.
    pub async fn click(&self, selector: &str) {
        self.click_at(selector, 50).await;
    }

    /// Draws from one point of the element that `selector` finds to another, as a person does with a mouse or a finger:
    /// each is at so many hundredths of its width.
    pub async fn drag(&self, selector: &str, from: u32, to: u32) {
        let quoted = Value::from(selector);
        self.is(&format!("document.querySelector({quoted})?.checkVisibility()")).await;
        let line = self
            .eval(&format!(
                "(() => {{ const it = document.querySelector({quoted}); \
                 it.scrollIntoView({{ block: 'center', behavior: 'instant' }}); const box = it.getBoundingClientRect(); \
                 return [box.x, box.width, box.y + box.height / 2]; }})()"
            ))
            .await;
        let number = |at: usize| line[at].as_f64().expect("a number");
        let x = |hundredths: f64| number(0) + number(1) * hundredths / 100.0;
        let (from, to) = (f64::from(from), f64::from(to));
        let points = [0.0, 0.3, 0.6, 1.0].map(|share| x(from + (to - from) * share));
        for (step, x) in points.into_iter().enumerate() {
            let y = number(2);
            if self.look.phone {
                let kind = if step == 0 { "touchStart" } else { "touchMove" };
                let event = json!({ "type": kind, "touchPoints": [{ "x": x, "y": y }] });
                self.call("Input.dispatchTouchEvent", event).await;
            } else {
                let kind = if step == 0 { "mousePressed" } else { "mouseMoved" };
                let event = json!({ "type": kind, "x": x, "y": y, "button": "left", "buttons": 1, "clickCount": 1 });
                self.call("Input.dispatchMouseEvent", event).await;
            }
        }
        if self.look.phone {
            self.call("Input.dispatchTouchEvent", json!({ "type": "touchEnd", "touchPoints": [] })).await;
        } else {
            let [.., x] = points;
            let event = json!({ "type": "mouseReleased", "x": x, "y": number(2), "button": "left", "clickCount": 1 });
            self.call("Input.dispatchMouseEvent", event).await;
        }
    }

    /// Presses a key by its name (`Tab`, `Enter`, `ArrowRight`, ` `), with Shift if `Shift+` stands before it.
    pub async fn press(&self, key: &str) {
        let (shift, key) = key.strip_prefix("Shift+").map_or((0, key), |key| (8, key));
        let (code, number, text) = match key {
            "Tab" => ("Tab", 9, None),
            "Enter" => ("Enter", 13, Some("\r")),
            "Escape" => ("Escape", 27, None),
            "ArrowLeft" => ("ArrowLeft", 37, None),
            "ArrowRight" => ("ArrowRight", 39, None),
            " " => ("Space", 32, Some(" ")),
            other => panic!("no key {other}"),
        };
        for kind in ["keyDown", "keyUp"] {
            let mut event = json!({
                "type": kind, "key": key, "code": code, "windowsVirtualKeyCode": number, "modifiers": shift
            });
            if let Some(text) = text.filter(|_| kind == "keyDown") {
                event["text"] = text.into();
            }
            self.call("Input.dispatchKeyEvent", event).await;
        }
    }

    /// Types a text into the element with the focus.
    pub async fn write(&self, text: &str) {
        self.call("Input.insertText", json!({ "text": text })).await;
    }

    /// Writes the screen to `file`, as a PNG.
    pub async fn picture(&self, file: &Path) {
        let shot = self.call("Page.captureScreenshot", json!({ "format": "png" })).await;
        let bytes = BASE64_STANDARD.decode(shot["data"].as_str().expect("a picture")).expect("base64");
        std::fs::write(file, bytes).expect("written");
    }

    /// Checks that the page fits the width of the screen; fails with the elements that do not.
    pub async fn fits(&self) {
        let wide = self
            .eval(
                "(() => { const wide = document.documentElement.clientWidth; \
                 if (document.documentElement.scrollWidth <= wide) return []; \
                 return [...document.body.querySelectorAll('*')].filter((it) => \
                 it.getBoundingClientRect().right > wide + 1).map((it) => it.outerHTML.slice(0, 120)); })()",
            )
            .await;
        assert_eq!(wide, json!([]), "wider than the screen");
    }

    /// Returns what the browser has complained about so far.
    pub fn complaints(&self) -> Vec<String> {
        let expected = self.expected.lock().expect("not poisoned");
        let mut complaints = self.connection.complaints(&self.session, &self.base);
        complaints.retain(|complaint| !expected.iter().any(|words| complaint.contains(words)));
        complaints
    }
}

impl Drop for Page {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            assert_eq!(self.complaints(), [""; 0], "the browser complains");
        }
    }
}
