#![no_main]

use aircheck::encode::properties;

libfuzzer_sys::fuzz_target!(|data: &[u8]| properties::packets(data));
