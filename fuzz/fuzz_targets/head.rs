#![no_main]

use aircheck::base::http::properties;

libfuzzer_sys::fuzz_target!(|data: &[u8]| properties::head(data));
