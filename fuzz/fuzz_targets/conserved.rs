#![no_main]

use aircheck::deck::properties;

libfuzzer_sys::fuzz_target!(|data: &[u8]| properties::conserved(data));
