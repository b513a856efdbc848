//! Renders templates into answers.
//!
//! Every link in a template begins with `{{ root }}`, the path under which a web server in front serves the page.

use std::sync::LazyLock;

use axum::extract::State;
use axum::http::header::CACHE_CONTROL;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{Html, IntoResponse, Response};
use chrono::TimeDelta;
use minijinja::value::Serde;
use minijinja::{Environment, Value, context};

use crate::base::readable;
use crate::config::Config;
use crate::language::{Language, Sentence};
use crate::notify::Trouble;
use crate::web::Site;
use crate::web::answer::language;

/// How many problems of the list are shown above a page; the log has all.
const MOST: usize = 3;
/// How long a target may be away before every page says so.
const PATIENCE: TimeDelta = TimeDelta::minutes(10);

/// The templates; values in those whose names end in `.html` are escaped.
static TEMPLATES: LazyLock<Environment<'static>> = LazyLock::new(|| {
    let mut templates = Environment::new();
    for (name, source) in [
        ("base.html", include_str!("templates/base.html")),
        ("icons.html", include_str!("templates/icons.html")),
        ("player.html", include_str!("templates/player.html")),
        ("add.html", include_str!("templates/add.html")),
        ("clip_new.html", include_str!("templates/clip_new.html")),
        ("clips.html", include_str!("templates/clips.html")),
        ("edit.html", include_str!("templates/edit.html")),
        ("edited.html", include_str!("templates/edited.html")),
        ("grabs.html", include_str!("templates/grabs.html")),
        ("grab.html", include_str!("templates/grab.html")),
        ("lengths.html", include_str!("templates/lengths.html")),
        ("now.html", include_str!("templates/now.html")),
        ("record.html", include_str!("templates/record.html")),
        ("slot.html", include_str!("templates/slot.html")),
        ("why.html", include_str!("templates/why.html")),
        ("playable.html", include_str!("templates/playable.html")),
        ("track.html", include_str!("templates/track.html")),
        ("found.html", include_str!("templates/found.html")),
        ("rows.html", include_str!("templates/rows.html")),
        ("recordings.html", include_str!("templates/recordings.html")),
        ("schedule.html", include_str!("templates/schedule.html")),
        ("stations.html", include_str!("templates/stations.html")),
        ("station.html", include_str!("templates/station.html")),
        ("hour.html", include_str!("templates/hour.html")),
        ("holds.html", include_str!("templates/holds.html")),
        ("messages.html", include_str!("templates/messages.html")),
        ("show.html", include_str!("templates/show.html")),
        ("on-air.html", include_str!("templates/on-air.html")),
        ("subscribe.html", include_str!("templates/subscribe.html")),
        ("subscriptions.html", include_str!("templates/subscriptions.html")),
        ("share.html", include_str!("templates/share.html")),
        ("shared.html", include_str!("templates/shared.html")),
        ("gone.html", include_str!("templates/gone.html")),
        ("nothing.html", include_str!("templates/nothing.html")),
        ("sign_in.html", include_str!("templates/sign_in.html")),
    ] {
        // The tests render every template.
        if let Err(error) = templates.add_template(name, source) {
            tracing::error!(%error, name, "a template is wrong");
        }
    }
    templates
});

/// Returns a value for a template.
pub(super) fn serde(value: impl serde::Serialize) -> Value {
    Value::from(Serde(value))
}

/// Returns the page for unknown addresses.
pub(super) async fn nothing_here(State(site): State<Site>, headers: HeaderMap) -> Response {
    render("nothing.html", &site, &headers, StatusCode::NOT_FOUND, context! { here => "" })
}

/// Says which targets cannot be told anything for so long that somebody has to look, and which are switched off.
fn untold(site: &Site, language: &Language) -> Vec<String> {
    let lately = site.now() - PATIENCE;
    let of = |(name, trouble): (String, Trouble)| {
        let key = if trouble.off { "target_off" } else { "target_away" };
        let counts = trouble.off || trouble.since < lately;
        counts.then(|| language.say(key, &[("target", name.as_str()), ("reason", &trouble.words)]))
    };
    site.notify.troubles().into_iter().filter_map(of).take(MOST).collect()
}

/// Says what is bad, above every page.
fn damage(site: &Site, config: &Config, language: &Language) -> Vec<String> {
    let damage = site.catalogue.damage().iter().take(MOST).cloned();
    let soon = site.outlook.disks().into_iter().filter_map(|disk| {
        let short = disk.short?;
        let until = short.runs_out.with_timezone(&config.timezone).format("%Y-%m-%d %H:%M");
        let said = Sentence::new("disk_soon").with("what", disk.folder.display()).with("until", until);
        Some(said.with("missing", readable::bytes(short.missing)))
    });
    let clock = site.checkups.machine_clock();
    let clock = clock.off().map(|off| {
        let key = if off.way() == "ahead" { "clock_ahead" } else { "clock_behind" };
        Sentence::new(key).with("by", off.by()).with("hosts", off.who())
    });
    let away = site.copies.trouble().map(|trouble| Sentence::new("store_away").with("reason", trouble.words));
    let said = damage.chain(soon).chain(clock).chain(away).map(|sentence| sentence.say(language));
    said.chain(untold(site, language)).collect()
}

/// Renders template `name` with `values`, in the language of the client.
pub(super) fn render(name: &str, site: &Site, headers: &HeaderMap, status: StatusCode, values: Value) -> Response {
    let language = language::of(headers);
    let config = site.config();
    let values = context! {
        damage => damage(site, &config, language),
        t => serde(&language.messages),
        lang => language.tag,
        root => site.root(),
        guarded => site.is_guarded(),
        may_edit => config.web.may_edit(),
        since => site.events.mark(),
        shows => serde(config.shows.iter().map(|show| (&show.id, &show.title)).collect::<Vec<_>>()),
        ..values
    };
    match TEMPLATES.get_template(name).and_then(|template| template.render(values)) {
        Ok(html) => {
            let mut response = (status, Html(html)).into_response();
            language::label(response.headers_mut(), language);
            if site.is_guarded() {
                // Pages show the secret addresses of feeds; after signing out, nobody finds them by going back.
                response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
            }
            response
        }
        Err(error) => {
            tracing::error!(%error, name, "a page could not be rendered");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}
