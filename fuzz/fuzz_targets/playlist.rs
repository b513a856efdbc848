#![no_main]

use aircheck::capture::source::hls::properties;

libfuzzer_sys::fuzz_target!(|data: &[u8]| properties::playlist(data));
