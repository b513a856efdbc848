#![no_main]

use aircheck::config::properties;

libfuzzer_sys::fuzz_target!(|data: &[u8]| properties::moment(data));
