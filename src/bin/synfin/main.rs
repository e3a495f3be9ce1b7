//! The command line: reads arguments, runs the analysis, prints, and turns what happened into an exit status.

mod analyze;
mod args;
mod collect;
mod condition;
mod explain;
mod filter;
mod progress;
mod show;
mod synth;
mod timings;

use args::{Cli, Command};
use clap::Parser;
use std::io;
use std::process::ExitCode;

/// Lanes make and drop millions of small boxes from several threads at once.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// What a run came to; scripts rely on these numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Exit {
    /// Analysed, whatever was found.
    Analysed = 0,
    /// Some input could not be read, or not to its end.
    SomeUnread = 1,
    /// Wrong usage, nothing readable, or nowhere to write.
    Failed = 2,
}

fn main() -> ExitCode {
    if std::env::args_os().len() == 1 {
        println!("{}", args::WELCOME);
        return ExitCode::from(Exit::Failed as u8);
    }
    take_small_pages();
    let cli = Cli::parse();
    let result = match cli.command {
        None => analyze::run(&cli.analyze),
        Some(Command::Analyze(args)) => analyze::run(&args),
        Some(Command::Show(args)) => show::run(&args),
        Some(Command::Sockets(args)) => show::sockets(&args),
        Some(Command::Explain(args)) => explain::run(&args),
        Some(Command::Collect(args)) => collect::run(&args),
        Some(Command::Synth(args)) => synth::run(&args),
    };
    match result {
        Ok(exit) => ExitCode::from(exit as u8),
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("synfin: {error:#}");
            ExitCode::from(Exit::Failed as u8)
        }
    }
}

/// The allocator asks for pages of 2 MiB (`MADV_HUGEPAGE`, `madvise(2)`), each of which the kernel clears whole for the first
/// byte that is used of it: up to three quarters more memory, and more time than is saved in finding addresses. This holds for
/// the whole process (`PR_SET_THP_DISABLE`, `prctl(2)`).
fn take_small_pages() {
    // A kernel that cannot leave them out works all the same.
    #[cfg(target_os = "linux")]
    let _ = rustix::thread::disable_transparent_huge_pages(true);
}

/// Whoever reads our output has seen enough: that is success.
fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error
        .chain()
        .filter_map(|cause| cause.downcast_ref::<io::Error>())
        .any(|cause| cause.kind() == io::ErrorKind::BrokenPipe)
}
