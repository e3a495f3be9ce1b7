//! The progress bar: bytes done against all bytes, with rate and time left, on standard error if that is a terminal.
//!
//! `analysis` only adds to a counter; a thread here looks at it ten times a second, so that nothing in the work waits for
//! the terminal.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

const INTERVAL: Duration = Duration::from_millis(100);
const TEMPLATE: &str =
    "{bar:30} {percent:>3} %  {binary_bytes} of {binary_total_bytes}  {binary_bytes_per_sec}  {eta} left";

/// A bar that shows how far the work is. It is taken away when it is finished or dropped.
pub struct Progress {
    bar: ProgressBar,
    done: Arc<AtomicBool>,
    watcher: Option<JoinHandle<()>>,
}

impl Progress {
    /// Shows `counter` against `total`, both in bytes, until [`Progress::finish`]. Off a terminal it shows nothing.
    pub fn start(total: u64, counter: Arc<AtomicU64>) -> Self {
        Self::on(ProgressDrawTarget::stderr(), total, counter)
    }

    /// Takes the bar away.
    pub fn finish(mut self) {
        self.stop();
    }

    fn on(target: ProgressDrawTarget, total: u64, counter: Arc<AtomicU64>) -> Self {
        let bar = ProgressBar::with_draw_target(Some(total), target);
        let done = Arc::new(AtomicBool::new(false));
        if bar.is_hidden() {
            return Self { bar, done, watcher: None };
        }
        if let Ok(style) = ProgressStyle::with_template(TEMPLATE) {
            bar.set_style(style);
        }
        let watcher = thread::spawn({
            let (bar, done) = (bar.clone(), done.clone());
            move || {
                while !done.load(Ordering::Acquire) {
                    bar.set_position(counter.load(Ordering::Relaxed));
                    thread::park_timeout(INTERVAL);
                }
            }
        });
        Self { bar, done, watcher: Some(watcher) }
    }

    fn stop(&mut self) {
        if let Some(watcher) = self.watcher.take() {
            self.done.store(true, Ordering::Release);
            watcher.thread().unpark();
            // The watcher panics only if the terminal does; then there is nothing to show it on.
            let _ = watcher.join();
            self.bar.finish_and_clear();
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.stop();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use indicatif::InMemoryTerm;

    #[test]
    fn the_bar_shows_bytes_and_leaves_nothing_behind() {
        let terminal = InMemoryTerm::new(5, 100);
        let target = ProgressDrawTarget::term_like(Box::new(terminal.clone()));
        let counter = Arc::new(AtomicU64::new(1 << 30));
        let progress = Progress::on(target, 2 << 30, counter);
        while !terminal.contents().contains("50 %  1.00 GiB of 2.00 GiB") {
            thread::yield_now();
        }
        progress.finish();
        assert_eq!(terminal.contents(), "");
    }

    #[test]
    fn off_a_terminal_there_is_no_bar_and_no_thread() {
        let progress = Progress::on(ProgressDrawTarget::hidden(), 1, Arc::default());
        assert!(progress.watcher.is_none());
    }
}
