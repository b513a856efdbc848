//! Names of files that are made of ids: what keeps two ids apart where their names may not differ.

/// FNV-1a, 64 bits, as 16 digits: the same in every release.
pub fn sum(text: &str) -> String {
    let sum =
        text.bytes().fold(0xcbf2_9ce4_8422_2325, |sum, byte| (sum ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    format!("{sum:016x}")
}

/// Whether no other text is the same name on a file system that does not tell small letters from capitals: it has only small
/// Latin letters, and characters of scripts that have no capitals.
pub fn has_one_case(text: &str) -> bool {
    text.chars().all(|c| if c.is_ascii() { !c.is_ascii_uppercase() } else { !c.is_lowercase() && !c.is_uppercase() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sum_never_changes() {
        assert_eq!(sum(""), "cbf29ce484222325");
        assert_eq!(sum("📻"), "feef123874f55506");
    }

    #[test]
    fn letters_that_have_capitals_may_be_others_elsewhere() {
        for one in ["kbs-1fm", "명연주", "ラジオ_1.2", "إذاعة"] {
            assert!(has_one_case(one), "{one}");
        }
        for several in ["KBS", "ö1", "Ω", "σ", "ς", "ſ", "\u{212A}"] {
            assert!(!has_one_case(several), "{several}");
        }
    }
}
