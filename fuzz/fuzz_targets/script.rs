#![no_main]
use synfin::capture::script::parse;

libfuzzer_sys::fuzz_target!(|text: &str| {
    let Ok(script) = parse(text) else { return };
    let printed = script.to_string();
    assert_eq!(parse(&printed).as_ref(), Ok(&script), "{printed}");
    let capture = script.capture();
    for name in ["pcap", "pcapng"] {
        synfin_fuzz::container(name, &capture);
    }
});
