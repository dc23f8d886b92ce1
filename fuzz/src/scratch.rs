//! Bytes as a file, since what is fuzzed maps files.

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

/// Runs with a file of these bytes, in memory where the system has such files.
pub fn on_disk<T>(bytes: &[u8], work: impl FnOnce(&Path) -> T) -> T {
    static COUNTER: AtomicU64 = AtomicU64::new(0);
    let memory = Path::new("/dev/shm");
    let folder = match memory.is_dir() {
        true => memory.to_owned(),
        false => std::env::temp_dir(),
    };
    let count = COUNTER.fetch_add(1, Ordering::Relaxed);
    let path = folder.join(format!("nigh-fuzz-{}-{count}", std::process::id()));
    fs::write(&path, bytes).expect("a file to fuzz with");
    let result = work(&path);
    let _ = fs::remove_file(&path);
    result
}
