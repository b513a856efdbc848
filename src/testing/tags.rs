//! Tags of ID3 that say what plays, as stations put them between their sound.

use id3::{Tag, TagLike as _, Version};

/// A tag of this version with an artist and a title.
///
/// # Panics
/// Never: text can always be written.
pub fn titled(artist: &str, title: &str, version: Version) -> Vec<u8> {
    let mut tag = Tag::new();
    tag.set_artist(artist);
    tag.set_title(title);
    let mut bytes = Vec::new();
    tag.write_to(&mut bytes, version).unwrap();
    bytes
}
