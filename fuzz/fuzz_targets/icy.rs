#![no_main]

use aircheck::source::icecast::properties;

libfuzzer_sys::fuzz_target!(|data: &[u8]| properties::icy(data));
