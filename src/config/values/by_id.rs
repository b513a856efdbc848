//! Stations and shows in the order of the file, found by their ids without a search.

use std::collections::HashMap;
use std::ops::Deref;
use std::sync::Arc;

/// Values in the order of the file. Reads as a slice; [`ById::by_id`] finds one.
#[derive(Debug, Clone)]
pub struct ById<T> {
    values: Vec<Arc<T>>,
    /// The index in `values` of each id.
    indices: HashMap<String, usize>,
}

impl<T> ById<T> {
    /// Takes `values` in their order; `id` says the id of one. Of several with one id the first is found.
    pub(crate) fn new(values: impl IntoIterator<Item = T>, id: impl Fn(&T) -> &str) -> Self {
        let values: Vec<Arc<T>> = values.into_iter().map(Arc::new).collect();
        let mut indices = HashMap::with_capacity(values.len());
        for (index, value) in values.iter().enumerate() {
            indices.entry(id(value).to_owned()).or_insert(index);
        }
        Self { values, indices }
    }

    /// The value with this id.
    pub fn by_id(&self, id: &str) -> Option<&Arc<T>> {
        self.values.get(self.index(id)?)
    }

    /// The index in the order of the file of the value with this id.
    pub fn index(&self, id: &str) -> Option<usize> {
        self.indices.get(id).copied()
    }
}

impl<T> Deref for ById<T> {
    type Target = [Arc<T>];

    fn deref(&self) -> &Self::Target {
        &self.values
    }
}

impl<'a, T> IntoIterator for &'a ById<T> {
    type Item = &'a Arc<T>;
    type IntoIter = std::slice::Iter<'a, Arc<T>>;

    fn into_iter(self) -> Self::IntoIter {
        self.values.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_keep_their_order_and_each_is_found_by_its_id() {
        let words = ById::new(["zulu", "alpha", "mike"], |word| word);
        assert_eq!(words.iter().map(|word| **word).collect::<Vec<_>>(), ["zulu", "alpha", "mike"]);
        for (index, word) in words.iter().enumerate() {
            assert!(Arc::ptr_eq(words.by_id(word).unwrap(), word));
            assert_eq!(words.index(word), Some(index));
        }
        assert!(words.by_id("november").is_none() && words.index("november").is_none());
    }
}
