//! How glibc keeps memory that was freed.
//!
//! By its defaults, glibc gives each thread an arena of its own and keeps in each what was freed below what is still in
//! use. A thousand stations that begin in one second leave holes of twice what they need from then on. With two arenas, and
//! with blocks of a page of sound mapped by themselves, what is freed goes back to the system.

/// Sets the limits of glibc's allocator for this process. Does nothing with another libc.
///
/// Call it before other threads exist: an arena that a thread has stays.
pub fn limit() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    glibc::limit();
}

/// Gives memory that was freed back to the system, also from between what is in use. Takes a few milliseconds, in which
/// other threads may wait for memory.
pub fn trim() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    glibc::trim();
}

#[cfg(all(target_os = "linux", target_env = "gnu"))]
mod glibc {
    /// Blocks of this many bytes are mapped by themselves, and unmapped when they are freed.
    const MAPPED_FROM: i32 = 16 * 1024;
    /// The arenas of all threads together.
    const ARENAS: i32 = 2;
    /// Free memory at the end of an arena goes back to the system from this many bytes on.
    const RETURNED_FROM: i32 = 64 * 1024;

    #[expect(unsafe_code, reason = "setting flags of the process's allocator has no safe interface")]
    pub(super) fn limit() {
        for (flag, value) in [
            (libc::M_MMAP_THRESHOLD, MAPPED_FROM),
            (libc::M_ARENA_MAX, ARENAS),
            (libc::M_TRIM_THRESHOLD, RETURNED_FROM),
        ] {
            // SAFETY: mallopt(3) reads two integers. It is called before another thread allocates. A flag that this glibc
            // does not know is ignored.
            unsafe { libc::mallopt(flag, value) };
        }
    }

    #[expect(unsafe_code, reason = "malloc_trim has no safe interface")]
    pub(super) fn trim() {
        // SAFETY: malloc_trim(3) is thread-safe and changes no block in use.
        unsafe { libc::malloc_trim(0) };
    }
}
