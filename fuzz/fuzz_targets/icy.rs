#![no_main]

use aircheck::capture::source::icecast::properties;

libfuzzer_sys::fuzz_target!(|data: &[u8]| properties::icy(data));
