//! Read-only file maps that outlive damage underneath: the one file of synfin that holds `unsafe`.
//!
//! A map is a view of a file that others may still change. Bytes that change are only odd data, which every reader
//! above survives; bytes that go away (the file was truncated, the disk fails) raise SIGBUS when they are touched. The
//! handler here looks the address up in a table of our maps: if it is ours, zero pages are laid over the map from there
//! on and the place is noted, so that the reader goes on and learns of it by [`Map::damaged_from`]; every other bus error
//! goes where it would have gone without us.
#![allow(unsafe_code)]

use memmap2::{Mmap, MmapOptions};
use std::fs::File;
use std::io;
use std::ops::Range;

/// A file's first bytes, mapped read-only; as many of them as were asked for.
pub(super) struct Map {
    // Dropped before the map: a slot never speaks of addresses that are not ours any more.
    guard: guard::Guard,
    mmap: Mmap,
}

impl Map {
    /// Maps the first `len` bytes of a file. `len` must not be 0 nor exceed the file's length.
    pub(super) fn of(file: &File, len: usize) -> io::Result<Self> {
        // SAFETY: The map is read-only. What another process may do to the file meanwhile is met in three ways:
        // changed bytes are read through `&[u8]` by code that is total on any bytes and reads each header field once;
        // pages that vanish are replaced by zero pages (`guard`); nothing hands out `&str` or references into the map
        // whose validity depends on its contents.
        let mmap = unsafe { MmapOptions::new().len(len).map(file)? };
        let guard = guard::Guard::of(&mmap)?;
        Ok(Self { guard, mmap })
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.mmap
    }

    /// Offset of the first byte that could not be read and stands as zero, if there is one. It and all behind it are
    /// not the file's.
    pub(super) fn damaged_from(&self) -> Option<usize> {
        self.guard.damaged_from()
    }

    /// Gives back the memory of the pages in `range`; they are read from the file again if touched again.
    #[cfg(unix)]
    pub(super) fn release(&self, range: Range<usize>) {
        let page = guard::page_size();
        let end = range.end.min(self.mmap.len());
        let past = if end == self.mmap.len() { end } else { end - end % page };
        // Rounded down: ranges released one after another leave no page between them.
        let first = range.start - range.start % page;
        if first < past {
            // SAFETY: Dropping pages of a file map that nobody can write to loses nothing: the kernel reads the same
            // bytes from the file again. Zero pages that the handler laid over damage stay zero.
            // A refusal changes nothing but memory use, so it is not looked at.
            let _ =
                unsafe { self.mmap.unchecked_advise_range(memmap2::UncheckedAdvice::DontNeed, first, past - first) };
        }
    }

    #[cfg(not(unix))]
    pub(super) fn release(&self, _range: Range<usize>) {}
}

/// Without signals there is nothing to guard against: Windows refuses to truncate a file that is mapped.
#[cfg(not(unix))]
mod guard {
    pub(super) struct Guard;

    impl Guard {
        pub(super) fn of(_bytes: &[u8]) -> std::io::Result<Self> {
            Ok(Self)
        }

        pub(super) fn damaged_from(&self) -> Option<usize> {
            None
        }
    }
}

/// The table of maps and the signal handler that reads it.
#[cfg(unix)]
mod guard {
    use libc::{c_int, c_void, siginfo_t};
    use std::io;
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicUsize, Ordering};

    /// Half of the 65 530 maps that Linux allows a process (`vm.max_map_count`): allocators need some too.
    const SLOTS: usize = 32_768;
    static TABLE: [Slot; SLOTS] = [const { Slot::free() }; SLOTS];
    /// Slots from here on were never used.
    static USED: AtomicUsize = AtomicUsize::new(0);
    /// Where the search for a free slot begins.
    static NEXT: AtomicUsize = AtomicUsize::new(0);

    /// What was done on SIGBUS before us, and the size of a page; known before the handler stands.
    static BEFORE: OnceLock<Before> = OnceLock::new();

    struct Before {
        action: libc::sigaction,
        page: usize,
    }

    /// One map. A handler may read a slot at any moment; `base` is written last and cleared first.
    struct Slot {
        /// Address of the first byte; [`FREE`] or [`TAKEN`] where there is no map.
        base: AtomicUsize,
        len: AtomicUsize,
        /// Lowest offset that could not be read; [`INTACT`] if there is none.
        damaged_from: AtomicUsize,
    }

    const FREE: usize = 0;
    const TAKEN: usize = 1;
    const INTACT: usize = usize::MAX;

    impl Slot {
        const fn free() -> Self {
            Self { base: AtomicUsize::new(FREE), len: AtomicUsize::new(0), damaged_from: AtomicUsize::new(INTACT) }
        }

        /// Start and end of the map, if `address` lies in it.
        fn holding(&self, address: usize) -> Option<(usize, usize)> {
            let base = self.base.load(Ordering::SeqCst);
            let len = self.len.load(Ordering::SeqCst);
            // Read twice: the slot may have passed to another map between the two reads.
            let steady = base > TAKEN && self.base.load(Ordering::SeqCst) == base;
            (steady && address >= base && address - base < len).then(|| (base, base.saturating_add(len)))
        }
    }

    /// A slot in the table, held as long as its map lives.
    pub(super) struct Guard {
        slot: &'static Slot,
    }

    impl Guard {
        pub(super) fn of(bytes: &[u8]) -> io::Result<Self> {
            install()?;
            let first = NEXT.fetch_add(1, Ordering::Relaxed);
            for step in 0..SLOTS {
                let index = first.wrapping_add(step) % SLOTS;
                let slot = &TABLE[index];
                if slot.base.compare_exchange(FREE, TAKEN, Ordering::SeqCst, Ordering::Relaxed).is_ok() {
                    slot.damaged_from.store(INTACT, Ordering::SeqCst);
                    slot.len.store(bytes.len(), Ordering::SeqCst);
                    USED.fetch_max(index + 1, Ordering::SeqCst);
                    slot.base.store(bytes.as_ptr() as usize, Ordering::SeqCst);
                    return Ok(Self { slot });
                }
            }
            Err(io::Error::other("too many files are mapped at once"))
        }

        pub(super) fn damaged_from(&self) -> Option<usize> {
            Some(self.slot.damaged_from.load(Ordering::SeqCst)).filter(|&offset| offset != INTACT)
        }
    }

    impl Drop for Guard {
        fn drop(&mut self) {
            self.slot.base.store(TAKEN, Ordering::SeqCst);
            self.slot.len.store(0, Ordering::SeqCst);
            self.slot.base.store(FREE, Ordering::SeqCst);
        }
    }

    pub(super) fn page_size() -> usize {
        BEFORE.get().map_or(4096, |before| before.page)
    }

    /// Puts the handler in place, once in the life of the process.
    fn install() -> io::Result<()> {
        static INSTALLED: OnceLock<Result<(), c_int>> = OnceLock::new();
        let result = INSTALLED.get_or_init(|| {
            // SAFETY: All three calls get pointers to live, zero-initialised C structs (valid for `sigaction`), or null.
            // `BEFORE` is set before the handler stands, so the handler always finds it.
            unsafe {
                let mut action: libc::sigaction = std::mem::zeroed();
                if libc::sigaction(libc::SIGBUS, std::ptr::null(), &mut action) != 0 {
                    return Err(io::Error::last_os_error().raw_os_error().unwrap_or(libc::EINVAL));
                }
                let page = usize::try_from(libc::sysconf(libc::_SC_PAGESIZE)).unwrap_or(4096);
                BEFORE.get_or_init(|| Before { action, page });
                let mut ours: libc::sigaction = std::mem::zeroed();
                let handler: extern "C" fn(c_int, *mut siginfo_t, *mut c_void) = on_bus_error;
                ours.sa_sigaction = handler as usize;
                // The alternative stack, as Rust's own handler for stack overflows runs on it.
                ours.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK;
                libc::sigemptyset(&mut ours.sa_mask);
                if libc::sigaction(libc::SIGBUS, &ours, std::ptr::null_mut()) != 0 {
                    return Err(io::Error::last_os_error().raw_os_error().unwrap_or(libc::EINVAL));
                }
            }
            Ok(())
        });
        result.map_err(io::Error::from_raw_os_error)
    }

    /// Runs on the thread that touched the address, in the middle of whatever it was doing: atomics and `mmap` only, no
    /// allocation, no lock, no panic.
    extern "C" fn on_bus_error(signal: c_int, info: *mut siginfo_t, context: *mut c_void) {
        // SAFETY: The kernel hands a valid `siginfo_t` to a handler installed with SA_SIGINFO.
        let address = unsafe { (*info).si_addr() } as usize;
        let used = USED.load(Ordering::SeqCst).min(SLOTS);
        for slot in TABLE.iter().take(used) {
            if let Some((base, end)) = slot.holding(address) {
                if cover(address, end) {
                    slot.damaged_from.fetch_min(page_of(address).saturating_sub(base), Ordering::SeqCst);
                    return;
                }
                break;
            }
        }
        pass_on(signal, info, context);
    }

    fn page_of(address: usize) -> usize {
        address - address % page_size()
    }

    /// Lays zero pages over the map from the page of `address` to its end: a reader that goes on meets no second fault, and
    /// one `mmap` is enough for a file that lost a gigabyte.
    fn cover(address: usize, end: usize) -> bool {
        let start = page_of(address);
        let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_FIXED;
        // SAFETY: `start..end` lies within one map of ours, which lives: this thread is reading it. Replacing its pages by
        // readable zero pages keeps every `&[u8]` into it valid. `mmap` is a plain system call, safe in a handler.
        let result = unsafe { libc::mmap(start as *mut c_void, end - start, libc::PROT_READ, flags, -1, 0) };
        result != libc::MAP_FAILED
    }

    /// Does what would have been done without us: calls the handler that stood before, or restores the default action, which
    /// takes effect when the instruction faults again.
    fn pass_on(signal: c_int, info: *mut siginfo_t, context: *mut c_void) {
        let Some(Before { action, .. }) = BEFORE.get() else { return };
        // SAFETY: `action` is what the kernel gave us as the action before ours; its flags say which kind of function it
        // holds. `sigaction` and `raise` are safe in a handler.
        unsafe {
            match action.sa_sigaction {
                libc::SIG_DFL | libc::SIG_IGN => {
                    let mut default: libc::sigaction = std::mem::zeroed();
                    default.sa_sigaction = libc::SIG_DFL;
                    libc::sigaction(signal, &default, std::ptr::null_mut());
                    libc::raise(signal);
                }
                handler if action.sa_flags & libc::SA_SIGINFO != 0 => {
                    let handler: extern "C" fn(c_int, *mut siginfo_t, *mut c_void) = std::mem::transmute(handler);
                    handler(signal, info, context);
                }
                handler => {
                    let handler: extern "C" fn(c_int) = std::mem::transmute(handler);
                    handler(signal);
                }
            }
        }
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::io::Write;
    use std::os::unix::process::ExitStatusExt;
    use std::process::Command;

    /// A multiple of every page size in use (4 KiB to 64 KiB).
    const UNIT: usize = 65_536;

    fn file_of(units: usize) -> File {
        let mut file = tempfile::tempfile().expect("a temporary file");
        file.write_all(&vec![0x5A; units * UNIT]).expect("room for it");
        file
    }

    #[test]
    fn a_file_that_shrinks_under_its_map_reads_as_zeros_and_says_from_where() {
        let file = file_of(64);
        let map = Map::of(&file, 64 * UNIT).expect("a map");
        let other = Map::of(&file_of(2), 2 * UNIT).expect("a map");
        file.set_len(16 * UNIT as u64).expect("truncated");
        assert_eq!(map.bytes()[15 * UNIT], 0x5A);
        assert_eq!(map.damaged_from(), None);
        assert_eq!(map.bytes()[40 * UNIT + 7], 0);
        assert_eq!(map.damaged_from(), Some(40 * UNIT));
        // Touching an earlier page lowers the mark; the pages that are still there keep their bytes.
        assert_eq!(map.bytes()[20 * UNIT], 0);
        assert_eq!(map.damaged_from(), Some(20 * UNIT));
        assert!(map.bytes()[..16 * UNIT].iter().all(|&byte| byte == 0x5A));
        assert_eq!((other.damaged_from(), other.bytes()[UNIT]), (None, 0x5A));
    }

    #[test]
    fn many_threads_may_fall_into_the_same_hole() {
        let file = file_of(256);
        let map = Map::of(&file, 256 * UNIT).expect("a map");
        file.set_len(UNIT as u64).expect("truncated");
        std::thread::scope(|scope| {
            for start in [200, 100, 50, 1] {
                let bytes = map.bytes();
                scope.spawn(move || assert!(bytes[start * UNIT..].iter().all(|&byte| byte == 0)));
            }
        });
        assert_eq!(map.damaged_from(), Some(UNIT));
    }

    #[test]
    fn released_pages_come_back_with_the_same_bytes() {
        let file = file_of(8);
        let map = Map::of(&file, 8 * UNIT - 100).expect("a map");
        assert!(map.bytes().iter().all(|&byte| byte == 0x5A));
        map.release(0..usize::MAX);
        map.release(5000..5001);
        map.release(Range { start: 7 * UNIT, end: 3 * UNIT });
        assert!(map.bytes().iter().all(|&byte| byte == 0x5A));
    }

    /// A bus error that is not ours must end the process as before, so the test runs itself again as a child.
    #[test]
    fn a_bus_error_elsewhere_still_ends_the_process() {
        const CHILD: &str = "SYNFIN_TEST_BUS_ERROR";
        if std::env::var_os(CHILD).is_some() {
            let ours = file_of(4);
            let map = Map::of(&ours, 4 * UNIT).expect("a map");
            let foreign = file_of(4);
            // SAFETY: Read-only; the fault below is the purpose of the test.
            let unguarded = unsafe { Mmap::map(&foreign).expect("a map") };
            foreign.set_len(0).expect("truncated");
            std::hint::black_box(unguarded[UNIT] ^ map.bytes()[0]);
            return;
        }
        let name = "input::map::tests::a_bus_error_elsewhere_still_ends_the_process";
        let status = Command::new(std::env::current_exe().expect("this test"))
            .args([name, "--exact"])
            .env(CHILD, "1")
            .output()
            .expect("the child runs")
            .status;
        assert_eq!(status.signal(), Some(libc::SIGBUS), "{status}");
    }
}
