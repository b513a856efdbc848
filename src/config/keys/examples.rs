//! Examples of values, as editors show them: from the examples of the tables, which are written as in the file.

use serde_json::{Map, Value};

use super::kind::{Key, Kind, Table};

/// Returns a value that the key could have.
pub(super) fn example(key: &Key) -> Value {
    let written = key.example.split_once(':').map_or("", |(_, value)| value).trim();
    match key.kind {
        // Their examples say only how the key is written.
        Kind::Each(table) if written.is_empty() => Value::Array(vec![section(table)]),
        Kind::Named(table) if written.is_empty() => {
            Value::Object(Map::from_iter([(format!("my-{}", table.name), section(table))]))
        }
        _ => serde_yaml::from_str(written).unwrap_or_else(|_| Value::from(written)),
    }
}

/// The least that a section must have: what is required, and one of those of which there must be one.
fn section(table: &Table) -> Value {
    let required = table.keys.iter().filter(|key| key.required);
    let one = table.one_of.first().and_then(|name| table.key(name));
    Value::Object(required.chain(one).map(|key| (key.name.to_owned(), example(key))).collect())
}
