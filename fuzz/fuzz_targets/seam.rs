#![no_main]

use aircheck::source::media::properties;

libfuzzer_sys::fuzz_target!(|data: &[u8]| properties::seam(data));
