//! Safe names of files: those that ext4, NTFS and exFAT all accept, in any script.
//!
//! The text of a name comes from templates and titles, and so from anybody. A safe component has no character that NTFS
//! or exFAT refuses, no control character, no leading dot (hidden, or `..`) and no trailing dot or space (Windows drops
//! them). It is not the name of a Windows device, and leaves space for ` (2)` and `.mp3` within 255 bytes of UTF-8. A
//! character never has more UTF-16 units than UTF-8 bytes, so it stays within the 255 units of NTFS and exFAT, too.

use std::path::PathBuf;

use sanitize_filename::Options;

use crate::base::hash::fnv1a_hex;
use crate::base::text::has_one_case;
use crate::model::AiringId;

/// The longest component, in bytes.
const LONGEST: usize = 255;
/// The bytes that stay free for ` (9999).mp3`.
const SPARE: usize = 11;
/// The name of a recording if nothing else is left of it.
const NAMELESS: &str = "recording";
/// Names of Windows devices, whatever follows after a dot.
const DEVICES: &[&str] = &["con", "prn", "aux", "nul", "conin$", "conout$"];

/// Returns `name`, whose folders are separated by `/`, as a relative path of safe components without an extension. The
/// path is never empty, and never leads out of the folder to which it is joined.
pub(super) fn safe_path(name: &str) -> PathBuf {
    let path: PathBuf = name.split('/').filter_map(safe_component).collect();
    if path.as_os_str().is_empty() { PathBuf::from(NAMELESS) } else { path }
}

/// Returns one component made safe. `None` if nothing is left of it.
pub(super) fn safe_component(text: &str) -> Option<String> {
    let text: String = text.chars().filter_map(visible).collect();
    let text = text.trim_matches(|c: char| c == '.' || c.is_whitespace());
    // The Windows rules of the crate replace the whole name of a device, and do not know all devices.
    let options = Options { windows: false, truncate: false, replacement: "-" };
    let text = sanitize_filename::sanitize_with_options(text, options);
    let device = if is_device(&text) { "_" } else { "" };
    let text = format!("{device}{text}");
    let text = shorten(&text, LONGEST - SPARE).trim_end_matches(|c: char| c == '.' || c.is_whitespace());
    (!text.is_empty()).then(|| text.to_owned())
}

/// Returns at most `longest` bytes of `text`, cut at the end of what a person sees as a character.
pub(super) fn shorten(text: &str, longest: usize) -> &str {
    if text.len() <= longest {
        return text;
    }
    // A cut before a character that modifies the one before it, or after a joiner, would change what a person sees.
    let mut characters = text.char_indices().rev().peekable();
    while let Some((at, character)) = characters.next() {
        let joined = characters.peek().is_some_and(|&(_, before)| before == '\u{200D}');
        if at <= longest && !modifies(character) && !joined {
            return text.get(..at).unwrap_or_default();
        }
    }
    ""
}

/// Returns the name of a file of an airing in the hidden folder, without its extension.
pub(super) fn hidden_name(id: &AiringId) -> String {
    let plain = id.as_str();
    let show = plain.rsplit_once('@').map_or(plain, |(show, _)| show);
    let safe = safe_component(&plain.replace('/', "-")).unwrap_or_default();
    if safe == plain && has_one_case(show) {
        return safe;
    }
    // Two ids may have the same safe name, or names that differ only in case. The hash of the whole id tells them
    // apart.
    format!("{}-{}", shorten(&safe, 220), fnv1a_hex(plain))
}

/// Returns the name that [`hidden_name`] returned before it told ids apart that differ only in case. `None` if that is
/// the same name.
pub(super) fn former_hidden_name(id: &AiringId) -> Option<String> {
    let plain = id.as_str();
    let safe = safe_component(&plain.replace('/', "-")).unwrap_or_default();
    (safe == plain && hidden_name(id) != safe).then_some(safe)
}

/// Returns a space for a character that breaks lines, and `None` for one that is invisible or changes the direction of
/// text.
fn visible(character: char) -> Option<char> {
    match character {
        '\t' | '\n' | '\r' | '\u{2028}' | '\u{2029}' => Some(' '),
        '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{FEFF}' => None,
        other if other.is_control() => None,
        other => Some(other),
    }
}

/// Returns whether a character modifies the one before it: combining marks, vowels and finals of decomposed Hangul,
/// joiners, variation selectors, skin tones.
fn modifies(character: char) -> bool {
    matches!(character,
        '\u{0300}'..='\u{036F}' | '\u{1160}'..='\u{11FF}' | '\u{1AB0}'..='\u{1AFF}' | '\u{200D}'
        | '\u{20D0}'..='\u{20FF}' | '\u{3099}' | '\u{309A}' | '\u{FE00}'..='\u{FE0F}' | '\u{1F3FB}'..='\u{1F3FF}')
}

fn is_device(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or_default().trim_end().to_lowercase();
    let port = ["com", "lpt"].iter().filter_map(|port| stem.strip_prefix(port)).any(|number| {
        let mut digits = number.chars();
        matches!((digits.next(), digits.next()), (Some('0'..='9' | '¹' | '²' | '³'), None))
    });
    port || DEVICES.contains(&stem.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn safe(name: &str) -> String {
        safe_path(name).to_str().unwrap().to_owned()
    }

    #[test]
    fn readable_names_in_any_script_stay_as_they_are() {
        for name in [
            "KBS 1FM/명연주 명음반/2026-11-20 1400 명연주 명음반",
            "ラジオ/朝の音楽 🎻",
            "Ö1/Du holde Kunst – №5 (live), 100 %",
            "إذاعة/موسيقى",
        ] {
            assert_eq!(safe(name), name);
        }
    }

    #[test]
    fn characters_and_names_that_a_file_system_refuses_or_hides_are_replaced() {
        assert_eq!(safe(r#"What? "Why": <a|b>*\c"#), "What- -Why-- -a-b---c");
        assert_eq!(safe("tab\tand\nline\0\u{7}"), "tab and line");
        assert_eq!(safe("../../etc/./passwd"), "etc/passwd");
        assert_eq!(safe(".hidden/ ..name.. . "), "hidden/name");
        assert_eq!(safe("CON/nul.txt/com1/Lpt³ .x/console/COM10"), "_CON/_nul.txt/_com1/_Lpt³ .x/console/COM10");
        assert_eq!(safe("evil\u{202E}3pm.exe"), "evil3pm.exe");
    }

    #[test]
    fn a_name_of_which_nothing_is_left_becomes_recording() {
        for name in ["", "/", "..", " . / .. ", "\0\u{1}"] {
            assert_eq!(safe(name), "recording", "{name:?}");
        }
    }

    #[test]
    fn a_long_name_is_cut_between_characters_and_leaves_space_for_its_number() {
        let long = safe(&"명연주".repeat(100));
        assert!(long.len() <= 244 && long.len() > 240, "{}", long.len());
        assert!(long.chars().all(|c| "명연주".contains(c)));
        // A family is four people connected by joiners, and is never cut.
        let family = "👨\u{200D}👩\u{200D}👧\u{200D}👦";
        let families = safe(&family.repeat(20));
        assert_eq!(families.replace(family, ""), "");
        // An accent stays with its letter.
        assert_eq!(shorten("ae\u{301}", 2), "a");
        assert_eq!(shorten("ae\u{301}", 4), "ae\u{301}");
    }
}
