//! Pages elsewhere whose scripts may play what is here.

/// The origins of those pages; none by default.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Origins {
    /// Whether every page may.
    pub everybody: bool,
    /// Those that may, as browsers write them.
    pub named: Vec<String>,
}

impl Origins {
    /// Whether no page elsewhere may.
    pub fn is_empty(&self) -> bool {
        !self.everybody && self.named.is_empty()
    }

    /// Whether the scripts of pages of this origin may.
    pub fn allow(&self, origin: &str) -> bool {
        self.everybody || self.named.iter().any(|named| named == origin)
    }
}
