#![no_main]
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| synfin_fuzz::packed(bytes));
