#![no_main]
//! Packed and archived inputs, from a file, because that is where they come from.

use std::path::Path;
use synfin::input::{Options, expand, open};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let folder = Path::new("/dev/shm");
    let scratch = if folder.is_dir() { folder.to_owned() } else { std::env::temp_dir() };
    let path = scratch.join(format!("synfin-fuzz-{}", std::process::id()));
    std::fs::write(&path, bytes).expect("written");
    let options = Options { max_unpacked: 1 << 20, scratch, ..Options::default() };
    let (inputs, _) = expand(&[path]);
    for input in &inputs {
        let (sources, errors) = open(input, &options);
        assert!(!sources.is_empty() || !errors.is_empty());
        let total: usize = sources.iter().map(|source| source.bytes().len()).sum();
        assert!(total <= (1 << 20) + bytes.len());
    }
});
