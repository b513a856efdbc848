//! The JSON Schema of the file (draft 2020-12), for editors that complete and check what is typed.

use serde_json::{Map, Value, json};

use super::encodings::{AAC, MP3, OPUS};
use super::examples::example;
use super::handed_out::{GRAB, HLS_OF_RECORDINGS};
use super::kept::{KEEP, KEEP_CLIPS, KEEP_STATION};
use super::kind::{Key, Kind, OWN, Table};
use super::mail::EMAIL;
use super::notify::{NTFY, TARGET, WEBHOOK};
use super::station::{HLS, ICECAST, RTMP_SOURCE, STATION, STEP, TAPE, TITLES, TLS};
use super::tables::{DEAD_AIR, FILE, LOCAL, SHOW, STORE, TAGS, WEB};

/// The sections that the file has below its top.
pub(super) static SECTIONS: [&Table; 26] = [
    &WEB,
    &STORE,
    &LOCAL,
    &SHOW,
    &TAGS,
    &KEEP,
    &KEEP_CLIPS,
    &KEEP_STATION,
    &GRAB,
    &MP3,
    &AAC,
    &OPUS,
    &DEAD_AIR,
    &HLS_OF_RECORDINGS,
    &STATION,
    &TITLES,
    &HLS,
    &RTMP_SOURCE,
    &ICECAST,
    &TLS,
    &TAPE,
    &STEP,
    &TARGET,
    &WEBHOOK,
    &NTFY,
    &EMAIL,
];

/// Makes the schema from the tables that the file is read by.
pub fn schema() -> Value {
    let mut root = section(&FILE);
    let sections = SECTIONS.iter().map(|table| (table.name.to_owned(), section(table).into()));
    root.insert("patternProperties".to_owned(), json!({ (format!("^{OWN}")): {} }));
    root.insert("$schema".to_owned(), json!("https://json-schema.org/draft/2020-12/schema"));
    root.insert("title".to_owned(), json!("aircheck stations.yaml"));
    root.insert("$defs".to_owned(), sections.collect::<Map<_, _>>().into());
    root.into()
}

fn section(table: &Table) -> Map<String, Value> {
    let mut section = Map::new();
    section.insert("type".to_owned(), json!("object"));
    section.insert("description".to_owned(), json!(table.doc));
    section.insert("additionalProperties".to_owned(), json!(false));
    let properties = table.keys.iter().map(|key| (key.name.to_owned(), property(key)));
    section.insert("properties".to_owned(), properties.collect::<Map<_, _>>().into());
    let required: Vec<&str> = table.keys.iter().filter(|key| key.required).map(|key| key.name).collect();
    if !required.is_empty() {
        section.insert("required".to_owned(), json!(required));
    }
    if !table.one_of.is_empty() {
        let choices: Vec<Value> = table.one_of.iter().map(|name| json!({ "required": [name] })).collect();
        section.insert("oneOf".to_owned(), choices.into());
    }
    section
}

fn property(key: &Key) -> Value {
    let mut property = kind(key);
    if let Some(property) = property.as_object_mut() {
        property.insert("description".to_owned(), json!(key.doc));
        property.insert("examples".to_owned(), json!([example(key)]));
        if let Some(default) = key.default {
            let value = if key.kind.is_text() {
                json!(default)
            } else {
                serde_json::from_str(default).unwrap_or(json!(default))
            };
            property.insert("default".to_owned(), value);
        }
    }
    property
}

fn kind(key: &Key) -> Value {
    let reference = |table: &Table| json!({ "$ref": format!("#/$defs/{}", table.name) });
    let text = || match key.kind.pattern() {
        Some(pattern) => json!({ "type": "string", "pattern": pattern }),
        None => json!({ "type": "string" }),
    };
    let rate = || json!({ "type": ["string", "integer"], "pattern": Kind::Rate.pattern(), "minimum": 1_000 });
    let rates = || json!({ "type": "array", "items": rate(), "minItems": 1 });
    match key.kind {
        // An unquoted `1984` is a title too, and `128000` a bit rate.
        Kind::Text => json!({ "type": ["string", "number"] }),
        Kind::Rate => rate(),
        Kind::Rates => rates(),
        Kind::RatesOr(table) => json!({ "anyOf": [rates(), reference(table)] }),
        // An empty `get` fetches what the step before found.
        Kind::Url(_) if key.name == "get" => json!({ "type": ["string", "null"], "pattern": key.kind.pattern() }),
        Kind::Level => json!({ "type": ["string", "number"], "pattern": key.kind.pattern(), "exclusiveMaximum": 0 }),
        Kind::Word(words) => json!({ "enum": words.iter().flat_map(|word| written(word)).collect::<Vec<_>>() }),
        Kind::WordOr(words, table) => json!({ "anyOf": [{ "enum": words }, reference(table)] }),
        Kind::SectionOrNo(table) => json!({ "anyOf": [reference(table), { "type": "boolean" }] }),
        Kind::Bool => json!({ "type": "boolean" }),
        Kind::Integer(first, last) => json!({ "type": "integer", "minimum": first, "maximum": last }),
        Kind::Choice(values) => json!({ "enum": values }),
        Kind::Words => json!({ "type": "array", "items": { "type": ["string", "number"] } }),
        Kind::Addresses | Kind::Patterns => {
            json!({ "anyOf": [text(), { "type": "array", "items": { "type": "string" } }] })
        }
        Kind::Headers => json!({ "type": "object", "additionalProperties": { "type": ["string", "number"] } }),
        Kind::Section(table) => reference(table),
        Kind::UrlOr(_, table) | Kind::DurationOr(table) => json!({ "anyOf": [text(), reference(table)] }),
        Kind::Named(table) => json!({ "type": "object", "additionalProperties": reference(table) }),
        Kind::Each(table) => json!({ "type": "array", "items": reference(table) }),
        _ => text(),
    }
}

/// Returns the values that YAML may make of `word`: `2.3` without quotes is a number.
fn written(word: &str) -> Vec<Value> {
    let number = word.parse::<f64>().ok().map(|number| json!(number));
    std::iter::once(json!(word)).chain(number).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::values::units;

    /// Collects every `$ref` below `value`.
    fn references(value: &Value, found: &mut Vec<String>) {
        match value {
            Value::Object(map) => {
                found.extend(map.get("$ref").and_then(Value::as_str).map(str::to_owned));
                map.values().for_each(|value| references(value, found));
            }
            Value::Array(items) => items.iter().for_each(|value| references(value, found)),
            _ => {}
        }
    }

    #[test]
    fn every_reference_leads_somewhere_and_every_key_is_described() {
        let schema = schema();
        let mut found = Vec::new();
        references(&schema, &mut found);
        assert!(found.len() >= 9, "{found:?}");
        for reference in found {
            let pointer = reference.trim_start_matches('#');
            let section = schema.pointer(pointer).unwrap_or_else(|| panic!("{reference} leads nowhere"));
            for (name, property) in section["properties"].as_object().unwrap() {
                assert!(property["description"].is_string(), "{name} is not described");
            }
        }
        assert_eq!(schema["properties"]["min_free"]["default"], "1 GiB");
        assert_eq!(schema["$defs"]["mp3"]["properties"]["quality"]["default"], 5);
        assert_eq!(schema["properties"]["id3"]["enum"], json!(["2.4", 2.4, "2.3", 2.3]));
        assert_eq!(schema["$defs"]["show"]["required"], json!(["title", "station", "cron", "length"]));
        assert_eq!(schema["$defs"]["station"]["oneOf"].as_array().unwrap().len(), 3);
    }

    /// Whether `value` is what `property` asks for, as far as this schema says.
    fn fits(value: &Value, property: &Value, schema: &Value) -> bool {
        if let Some(reference) = property["$ref"].as_str() {
            let section = schema.pointer(reference.trim_start_matches('#')).unwrap();
            return value.as_object().is_some_and(|keys| {
                let required = section["required"].as_array().into_iter().flatten();
                let has_all = required.into_iter().all(|name| keys.contains_key(name.as_str().unwrap()));
                let choices = section["oneOf"].as_array().map_or(1, |choices| {
                    let has = |choice: &&Value| keys.contains_key(choice["required"][0].as_str().unwrap());
                    choices.iter().filter(has).count()
                });
                let fit = |(name, value): (&String, &Value)| {
                    section["properties"].get(name).is_some_and(|property| fits(value, property, schema))
                };
                has_all && choices == 1 && keys.iter().all(fit)
            });
        }
        if let Some(several) = property["anyOf"].as_array() {
            return several.iter().any(|one| fits(value, one, schema));
        }
        if let Some(values) = property["enum"].as_array() {
            return values.contains(value);
        }
        let types: Vec<&str> = match &property["type"] {
            Value::String(one) => vec![one],
            several => several.as_array().unwrap().iter().filter_map(Value::as_str).collect(),
        };
        let is_of = |name: &&str| match *name {
            "string" => value.is_string(),
            "number" => value.is_number(),
            "integer" => value.is_u64(),
            "boolean" => value.is_boolean(),
            "array" => {
                value.as_array().is_some_and(|items| items.iter().all(|it| fits(it, &property["items"], schema)))
            }
            "object" => value
                .as_object()
                .is_some_and(|keys| keys.values().all(|value| fits(value, &property["additionalProperties"], schema))),
            _ => false,
        };
        let matches = property["pattern"]
            .as_str()
            .is_none_or(|pattern| value.as_str().is_none_or(|text| regex::Regex::new(pattern).unwrap().is_match(text)));
        types.iter().any(is_of) && matches
    }

    #[test]
    fn every_key_has_a_description_and_an_example_that_fits() {
        let schema = schema();
        let sections = schema["$defs"].as_object().unwrap().values().chain([&schema]);
        let mut keys = 0;
        for section in sections {
            for (name, property) in section["properties"].as_object().unwrap() {
                assert!(property["description"].as_str().is_some_and(|words| words.len() > 10), "{name}: {property}");
                let examples = property["examples"].as_array().unwrap();
                assert!(!examples.is_empty(), "{name} has no example");
                for example in examples {
                    assert!(fits(example, property, &schema), "{name}: {example} is not what {property} asks for");
                }
                keys += 1;
            }
        }
        let tables = SECTIONS.iter().copied().chain([&FILE]);
        assert_eq!(keys, tables.map(|table| table.keys.len()).sum::<usize>());
    }

    #[test]
    fn the_patterns_match_what_the_parsers_accept() {
        let matches = |kind: Kind, text: &str| regex::Regex::new(&kind.pattern().unwrap()).unwrap().is_match(text);
        for text in [
            "15s",
            "1h30m",
            "90m",
            "1 h 5 min",
            "2H",
            "1H30M",
            "10 Minutes",
            "1 HOUR",
            "2 days",
            "90",
            "1:30",
            "h",
            "2x",
            "1.5h",
            "2 hrs",
            "",
        ] {
            assert_eq!(matches(Kind::Duration, text), units::duration(text).is_ok(), "{text}");
        }
        for text in ["5s", "-5s", "- 1m30s", "+5s", "−5s", "-5", "--5s", "5s-", ""] {
            assert_eq!(matches(Kind::Offset, text), units::offset(text).is_ok(), "{text}");
        }
        for text in
            ["1 GiB", "500 MB", "1 KiB", "1.5 kB", "2T", "500M", ".5 GiB", "1", "GiB", "-1 GiB", "1 gib", "1 EB"]
        {
            assert_eq!(matches(Kind::Size, text), units::size(text).is_ok(), "{text}");
        }
        for text in ["128k", "128 kbps", "192K", "1.5M", "128 kbit/s", "128000", "k", "128 kB", "-128k"] {
            assert_eq!(matches(Kind::Rate, text), units::rate(text).is_ok(), "{text}");
        }
        assert!(matches(Kind::Cron, "*/10 2,3,4 5-6 * *") && !matches(Kind::Cron, "* * * *"));
        for table in [&FILE, &SHOW, &STATION, &TITLES] {
            for key in table.keys {
                if let (Some(default), Some(pattern)) = (key.default, key.kind.pattern()) {
                    assert!(regex::Regex::new(&pattern).unwrap().is_match(default), "{}: {default}", key.name);
                }
            }
        }
    }

    #[test]
    fn every_example_is_of_its_key_and_every_choice_is_a_key() {
        for table in SECTIONS.iter().copied().chain([&FILE]) {
            for key in table.keys {
                assert!(key.example.starts_with(&format!("{}:", key.name)), "{}: {}", table.name, key.example);
                assert!(key.doc.ends_with('.'), "{}: {}", table.name, key.doc);
            }
            for choice in table.one_of {
                assert!(table.key(choice).is_some(), "{choice} is no key of {}", table.name);
            }
        }
    }
}
