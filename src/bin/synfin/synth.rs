//! `synfin synth`: a packet script becomes a capture.

use super::{Exit, args};
use anyhow::Context;
use std::io::{Read, Write};
use std::path::Path;
use synfin::capture::script;

pub fn run(args: &args::Synth) -> anyhow::Result<Exit> {
    let name = args.script.display();
    let text = if args.script == Path::new("-") {
        let mut text = String::new();
        std::io::stdin().read_to_string(&mut text).map(|_| text)
    } else {
        std::fs::read_to_string(&args.script)
    };
    let text = text.with_context(|| name.to_string())?;
    let capture = script::to_capture(&text).map_err(|error| anyhow::anyhow!("{name}: {error}"))?;
    if args.write == Path::new("-") {
        std::io::stdout().write_all(&capture)?;
    } else {
        std::fs::write(&args.write, &capture).with_context(|| args.write.display().to_string())?;
    }
    Ok(Exit::Analysed)
}
