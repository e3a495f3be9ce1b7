//! `synfin collect`: prints the script that gathers on a host what synfin reads.

use super::Exit;
use super::args::Collect;
use std::io::Write;

/// For any POSIX shell: Linux, macOS, the BSDs.
const UNIX: &str = include_str!("collect/unix.sh");
/// For Windows PowerShell 5 and later.
const WINDOWS: &str = include_str!("collect/windows.ps1");

pub fn run(args: &Collect) -> anyhow::Result<Exit> {
    let script = if args.windows { WINDOWS } else { UNIX };
    std::io::stdout().lock().write_all(script.as_bytes())?;
    Ok(Exit::Analysed)
}
