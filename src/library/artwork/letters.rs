//! The outlines of letters, from the fonts of this machine.

use fontdb::{Database, FaceInfo, Style};
use tiny_skia::{Path, PathBuilder};
use ttf_parser::{Face, GlyphId, OutlineBuilder};

/// The preferred weight: bold.
const WEIGHT: u16 = 700;

/// Reads all fonts of this machine. Blocks.
pub(super) fn fonts() -> Database {
    let mut fonts = Database::new();
    fonts.load_system_fonts();
    fonts
}

/// Returns the outline of `text` in units of the font; the y axis points down. `None` if no font has all of the
/// letters.
pub(super) fn outline(text: &str, fonts: &Database) -> Option<Path> {
    let mut faces: Vec<&FaceInfo> = fonts.faces().collect();
    // Sorted, because the order in which a folder is read must not change the picture.
    faces.sort_by_cached_key(|face| (rank(face), face.post_script_name.clone(), face.index));
    faces.into_iter().find_map(|face| {
        let draw = |data: &[u8], index: u32| Face::parse(data, index).ok().and_then(|face| set(text, &face));
        fonts.with_face_data(face.id, draw).flatten()
    })
}

/// Returns the rank of a face; the least is preferred: upright, no special family, neither monospaced nor narrow, and a
/// weight near to bold.
fn rank(face: &FaceInfo) -> (bool, bool, bool, u16) {
    let has_in_name = |word: &str| face.families.iter().any(|(name, _)| name.contains(word));
    let is_special = ["Serif", "Mono", "Math", "Symbol", "Emoji"].into_iter().any(has_in_name);
    let is_narrow = face.stretch != fontdb::Stretch::Normal;
    (face.style != Style::Normal, is_special || face.monospaced, is_narrow, face.weight.0.abs_diff(WEIGHT))
}

/// Returns the outline of `text` in one line of `face`. `None` if the face lacks a letter.
fn set(text: &str, face: &Face<'_>) -> Option<Path> {
    let glyphs: Vec<GlyphId> = text.chars().map(|c| face.glyph_index(c)).collect::<Option<_>>()?;
    let mut pen = Pen { path: PathBuilder::new(), x: 0.0 };
    for glyph in glyphs {
        // A glyph without an outline is a bitmap or empty.
        face.outline_glyph(glyph, &mut pen)?;
        pen.x += f32::from(face.glyph_hor_advance(glyph)?);
    }
    pen.path.finish()
}

/// Draws letters one after another.
struct Pen {
    path: PathBuilder,
    /// Where the letter begins.
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
