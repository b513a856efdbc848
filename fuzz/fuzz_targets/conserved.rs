#![no_main]

use aircheck::capture::deck::properties;

libfuzzer_sys::fuzz_target!(|data: &[u8]| properties::conserved(data));
