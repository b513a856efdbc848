//! The colour of a name: always the same, and dark enough for white letters.

use crate::base::hash::fnv1a;

/// Red, green and blue.
pub(super) type Rgb = [u8; 3];

/// The least contrast between white and the colour. WCAG 2.2 asks for 4.5 for text of any size.
const CONTRAST: f64 = 5.0;
const SATURATION: f64 = 0.55;
const LIGHTEST: f64 = 0.45;

/// Returns the colour of a name.
pub(super) fn colour(name: &str) -> Rgb {
    let hue = (fnv1a(name) >> 16) % 360;
    let mut lightness = LIGHTEST;
    loop {
        let colour = rgb(hue as f64, SATURATION, lightness);
        if contrast_to_white(colour) >= CONTRAST || lightness <= 0.0 {
            return colour;
        }
        lightness -= 0.01;
    }
}

/// Converts hue in degrees, saturation and lightness to RGB (CSS Color 4, section 7).
fn rgb(hue: f64, saturation: f64, lightness: f64) -> Rgb {
    [0.0, 8.0, 4.0].map(|n| {
        let k = (n + hue / 30.0) % 12.0;
        let part = saturation * lightness.min(1.0 - lightness);
        let value = lightness - part * (k - 3.0).min(9.0 - k).clamp(-1.0, 1.0);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and 255")]
        let byte = (value * 255.0).round().clamp(0.0, 255.0) as u8;
        byte
    })
}

/// Returns the contrast ratio of the colour to white (WCAG 2.2).
fn contrast_to_white(colour: Rgb) -> f64 {
    let linear = |part: u8| {
        let part = f64::from(part) / 255.0;
        if part <= 0.04045 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
    };
    let [red, green, blue] = colour.map(linear);
    1.05 / (0.2126 * red + 0.7152 * green + 0.0722 * blue + 0.05)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn white_is_readable_on_every_colour_and_a_name_always_has_the_same() {
        let names: Vec<String> = (0..2_000).map(|n| format!("show-{n}")).collect();
        assert!(names.iter().all(|name| contrast_to_white(colour(name)) >= CONTRAST));
        let mut all: Vec<Rgb> = names.iter().map(|name| colour(name)).collect();
        all.sort_unstable();
        all.dedup();
        assert!(all.len() > 300, "{} colours", all.len());
        assert_eq!(colour("명연주-명음반"), colour("명연주-명음반"));
        assert_eq!(
            [rgb(0.0, 1.0, 0.5), rgb(120.0, 1.0, 0.5), rgb(240.0, 1.0, 0.25)],
            [[255, 0, 0], [0, 255, 0], [0, 0, 128]]
        );
        assert!((contrast_to_white([0, 0, 0]) - 21.0).abs() < 1e-9);
    }
}
