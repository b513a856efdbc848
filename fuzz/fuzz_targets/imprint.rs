#![no_main]

use aircheck::library::properties;

libfuzzer_sys::fuzz_target!(|data: &[u8]| properties::imprint(data));
