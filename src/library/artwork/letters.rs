//! The shapes of letters, from the fonts of this machine.

use fontdb::{Database, FaceInfo, Style};
use tiny_skia::{Path, PathBuilder};
use ttf_parser::{Face, GlyphId, OutlineBuilder};

/// A typeface is set in this weight where there is one: bold.
const WEIGHT: u16 = 700;

/// The fonts of this machine. Reads all of them: blocks on the disk.
pub(super) fn fonts() -> Database {
    let mut fonts = Database::new();
    fonts.load_system_fonts();
    fonts
}

/// The outline of `text` in units of the font, the y axis pointing down. None where no font has all of its letters.
pub(super) fn outline(text: &str, fonts: &Database) -> Option<Path> {
    let mut faces: Vec<&FaceInfo> = fonts.faces().collect();
    // The order in which a folder is read is no reason for another picture.
    faces.sort_by_cached_key(|face| (rank(face), face.post_script_name.clone(), face.index));
    faces.into_iter().find_map(|face| {
        let draw = |data: &[u8], index: u32| Face::parse(data, index).ok().and_then(|face| set(text, &face));
        fonts.with_face_data(face.id, draw).flatten()
    })
}

/// Upright before slanted, plain before fixed and narrow, near to bold before far from it.
fn rank(face: &FaceInfo) -> (bool, bool, bool, u16) {
    let named = |word: &str| face.families.iter().any(|(name, _)| name.contains(word));
    let odd = named("Serif") || named("Mono") || named("Math") || named("Symbol") || named("Emoji");
    let narrow = face.stretch != fontdb::Stretch::Normal;
    (face.style != Style::Normal, odd || face.monospaced, narrow, face.weight.0.abs_diff(WEIGHT))
}

/// Sets `text` in one line of `face`.
fn set(text: &str, face: &Face<'_>) -> Option<Path> {
    let glyphs: Vec<GlyphId> = text.chars().map(|c| face.glyph_index(c)).collect::<Option<_>>()?;
    let mut pen = Pen { path: PathBuilder::new(), x: 0.0 };
    for glyph in glyphs {
        // A glyph without an outline is a picture of its own, or nothing.
        face.outline_glyph(glyph, &mut pen)?;
        pen.x += f32::from(face.glyph_hor_advance(glyph)?);
    }
    pen.path.finish()
}

/// Moves letters to their place.
struct Pen {
    path: PathBuilder,
    x: f32,
}

impl OutlineBuilder for Pen {
    fn move_to(&mut self, x: f32, y: f32) {
        self.path.move_to(self.x + x, -y);
    }

    fn line_to(&mut self, x: f32, y: f32) {
        self.path.line_to(self.x + x, -y);
    }

    fn quad_to(&mut self, x1: f32, y1: f32, x: f32, y: f32) {
        self.path.quad_to(self.x + x1, -y1, self.x + x, -y);
    }

    fn curve_to(&mut self, x1: f32, y1: f32, x2: f32, y2: f32, x: f32, y: f32) {
        self.path.cubic_to(self.x + x1, -y1, self.x + x2, -y2, self.x + x, -y);
    }

    fn close(&mut self) {
        self.path.close();
    }
}
