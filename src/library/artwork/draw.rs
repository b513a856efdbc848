//! Draws the picture of a show or station that has none: white initials on a colour, or a figure if there are no
//! letters.
//!
//! Name, title and fonts determine every byte of the picture.

use fontdb::Database;
use tiny_skia::{Color, FillRule, Paint, Path, PathBuilder, Pixmap, Rect, Transform};

use super::colour::{Rgb, colour};
use super::initials::initials;
use super::letters::outline;
use crate::base::hash::fnv1a;

/// The greatest share of the width and of the height that letters take up.
const WIDE: f32 = 0.66;
const HIGH: f32 = 0.40;
/// The number of bars of the figure.
const BARS: u16 = 7;

/// Returns a PNG of `pixels` by `pixels` for `title`, in the colour of `name`. `None` if it cannot be drawn.
pub(super) fn draw(name: &str, title: &str, pixels: u16, fonts: &Database) -> Option<Vec<u8>> {
    let side = f32::from(pixels);
    let background = colour(name);
    let mut canvas = Pixmap::new(pixels.into(), pixels.into())?;
    canvas.fill(opaque(background));
    for (radius, share) in [(0.80, 10), (0.55, 16), (0.30, 22)] {
        let ring = PathBuilder::from_circle(side, side, side * radius)?;
        fill(&mut canvas, &ring, opaque(darker(background, share)), Transform::identity());
    }
    let shape = initials(title).and_then(|letters| outline(&letters, fonts)).or_else(|| figure(name))?;
    fill(&mut canvas, &shape, Color::WHITE, centred(&shape, side));
    encode(&canvas)
}

/// Returns the transform that scales a shape and moves it into the middle.
fn centred(shape: &Path, side: f32) -> Transform {
    let bounds = shape.bounds();
    let scale = (side * WIDE / bounds.width()).min(side * HIGH / bounds.height());
    let (x, y) = (f32::midpoint(bounds.left(), bounds.right()), f32::midpoint(bounds.top(), bounds.bottom()));
    Transform::from_translate(-x, -y).post_scale(scale, scale).post_translate(side / 2.0, side / 2.0)
}

fn fill(canvas: &mut Pixmap, path: &Path, colour: Color, transform: Transform) {
    let mut paint = Paint::default();
    paint.set_color(colour);
    paint.anti_alias = true;
    canvas.fill_path(path, &paint, FillRule::Winding, transform, None);
}

/// Returns the figure: bars that resemble a waveform, whose heights depend on the name.
fn figure(name: &str) -> Option<Path> {
    let mut heights = fnv1a(name);
    let mut path = PathBuilder::new();
    for bar in 0..BARS {
        let height = f32::from(u8::try_from(heights % 7).unwrap_or_default()) / 2.0 + 1.5;
        heights /= 7;
        let x = f32::from(bar) * 1.6;
        path.push_rect(Rect::from_ltrb(x, -height, x + 0.8, height)?);
        for end in [-height, height] {
            path.push_circle(x + 0.4, end, 0.4);
        }
    }
    path.finish()
}

fn opaque([red, green, blue]: Rgb) -> Color {
    Color::from_rgba8(red, green, blue, 255)
}

/// Mixes `share` percent of black into the colour. White stays readable on it.
fn darker(colour: Rgb, share: u16) -> Rgb {
    colour.map(|part| u8::try_from(u16::from(part) * (100 - share) / 100).unwrap_or(part))
}

/// Encodes as PNG without transparency, because podcast directories refuse transparency.
fn encode(canvas: &Pixmap) -> Option<Vec<u8>> {
    let pixels = canvas.data().as_chunks().0;
    let mut rgb = Vec::with_capacity(3 * pixels.len());
    for [red, green, blue, _] in pixels {
        rgb.extend_from_slice(&[*red, *green, *blue]);
    }
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, canvas.width(), canvas.height());
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_compression(png::Compression::Balanced);
    let mut writer = encoder.write_header().ok()?;
    writer.write_image_data(&rgb).ok()?;
    writer.finish().ok()?;
    bytes.shrink_to_fit();
    Some(bytes)
}
