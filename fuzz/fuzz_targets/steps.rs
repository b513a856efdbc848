#![no_main]

use aircheck::capture::source::resolve::properties;

libfuzzer_sys::fuzz_target!(|data: &[u8]| properties::steps(data));
