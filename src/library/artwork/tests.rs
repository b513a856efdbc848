use super::*;
use crate::config::Config;

const JPEG: &[u8] = b"\xff\xd8\xff\xe0 a photo";
const PNG: &[u8] = b"\x89PNG\r\n\x1a\n a logo";

/// Returns width, height, bit depth and colour type of a PNG (W3C PNG, section 11.2.1).
fn header(png: &[u8]) -> (u32, u32, u8, u8) {
    let number = |at: usize| u32::from_be_bytes(png[at..at + 4].try_into().unwrap());
    assert_eq!(&png[12..16], b"IHDR");
    (number(16), number(20), png[24], png[25])
}

fn configured(folder: &Path, station: &str, show: &str) -> Config {
    let text = format!(
        "stations:\n  kbs: {{ name: KBS, hls: \"http://127.0.0.1:9/x\"{station} }}\n\
         shows:\n  - {{ title: 명연주, station: kbs, cron: \"0 14 * * *\", length: 1h{show} }}\n"
    );
    Config::parse(&text, &folder.join("stations.yaml")).unwrap()
}

#[test]
fn a_drawing_is_always_the_same_and_is_a_figure_if_there_are_no_letters() {
    let none = fontdb::Database::new();
    let drawn = |name: &str, title: &str| draw::draw(name, title, 300, &none).unwrap();
    assert_eq!(header(&drawn("a", "명연주")), (300, 300, 8, 2), "RGB, without transparency");
    assert!(drawn("a", "명연주") == drawn("a", "명연주"));
    assert!(drawn("a", "명연주") == drawn("a", "Evening News"), "there are no fonts, so both are figures");
    assert!(drawn("a", "") != drawn("b", ""));
}

#[test]
fn letters_come_from_a_font_that_has_all_of_them() {
    let fonts = letters::fonts();
    // A machine without fonts has only figures.
    if letters::outline("EN", &fonts).is_none() {
        assert!(std::env::var_os("AIRCHECK_REQUIRE_ALL").is_none(), "there are no fonts");
        return;
    }
    let drawn = |title: &str| draw::draw("a", title, 300, &fonts).unwrap();
    assert!(drawn("Evening News") != drawn(""));
    assert!(drawn("Evening News") == drawn("early night"), "both are EN");
    assert!(drawn("Evening News") != drawn("News"));
    // These characters are no letters, even if a font draws boxes for them.
    assert!(letters::outline("E\u{e000}\u{10fffd}", &fonts).is_none());
}

#[tokio::test]
async fn a_show_has_its_own_picture_else_that_of_its_station_else_a_drawn_one() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("logo.png"), PNG).unwrap();
    std::fs::write(folder.path().join("photo.jpg"), JPEG).unwrap();
    let pictures = Pictures::new(folder.path());
    let shown = async |config: &Config| {
        let picture = pictures.of_show(&config.shows[0], config, Size::Small).await.unwrap();
        assert_eq!(pictures.kind_of_show(&config.shows[0], config).await, picture.kind);
        picture
    };
    let both = configured(folder.path(), ", artwork: logo.png", ", artwork: photo.jpg");
    assert_eq!(shown(&both).await, Picture { kind: ImageKind::Jpeg, bytes: JPEG.into() });
    let station = configured(folder.path(), ", artwork: logo.png", "");
    assert_eq!(shown(&station).await, Picture { kind: ImageKind::Png, bytes: PNG.into() });
    let none = configured(folder.path(), "", "");
    let drawn = shown(&none).await;
    assert_eq!(header(&drawn.bytes), (300, 300, 8, 2));
    let large = pictures.of_show(&none.shows[0], &none, Size::Feed).await.unwrap();
    assert_eq!(header(&large.bytes), (1400, 1400, 8, 2));
    let unfetched = configured(folder.path(), "", ", artwork: \"http://127.0.0.1:9/x.png\"");
    assert_eq!(shown(&unfetched).await, drawn, "until it is fetched");

    // The files change after the YAML was read.
    std::fs::remove_file(folder.path().join("logo.png")).unwrap();
    assert_eq!(shown(&station).await, drawn);
    std::fs::write(folder.path().join("photo.jpg"), "<html>").unwrap();
    assert_eq!(shown(&both).await, drawn);
    std::fs::write(folder.path().join("photo.jpg"), [JPEG, &vec![0; 2 << 20]].concat()).unwrap();
    assert_eq!(shown(&both).await, drawn);
}

#[tokio::test]
async fn a_picture_that_is_too_large_is_no_cover() {
    let folder = tempfile::tempdir().unwrap();
    let pictures = Pictures::new(folder.path());
    let drawn = configured(folder.path(), "", "");
    let cover = pictures.cover(&drawn.shows[0], &drawn).await.unwrap();
    assert_eq!(header(&cover.bytes), (600, 600, 8, 2));
    assert!(cover.bytes.len() < 64 * 1024, "{}", cover.bytes.len());
    for (surplus, fits) in [(0, true), (1, false)] {
        let photo = [JPEG, &vec![0; LARGEST_COVER - JPEG.len() + surplus]].concat();
        std::fs::write(folder.path().join("photo.jpg"), photo).unwrap();
        let given = configured(folder.path(), "", ", artwork: photo.jpg");
        assert_eq!(pictures.cover(&given.shows[0], &given).await.is_some(), fits);
    }
}
