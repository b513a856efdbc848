#![no_main]

use aircheck::tape::properties;

libfuzzer_sys::fuzz_target!(|data: &[u8]| properties::walk(data));
