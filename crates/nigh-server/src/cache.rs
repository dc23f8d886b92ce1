//! What is kept to answer again, by bytes.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use quick_cache::Weighter;
use quick_cache::sync::Cache;

/// A cache of values that know their size.
pub(crate) struct Bytes<V> {
    entries: Option<Cache<u128, Arc<V>, Weigh>>,
    hits: AtomicU64,
    misses: AtomicU64,
}

/// A value that knows how many bytes it takes.
pub(crate) trait HeldBytes {
    fn bytes(&self) -> usize;
}

impl HeldBytes for Vec<f32> {
    fn bytes(&self) -> usize {
        size_of_val(self.as_slice())
    }
}

impl HeldBytes for axum::body::Bytes {
    fn bytes(&self) -> usize {
        self.len()
    }
}

#[derive(Clone)]
pub(crate) struct Weigh;

/// What an entry takes beside its value.
const ENTRY_BYTES: u64 = 96;

impl<V: HeldBytes> Weighter<u128, Arc<V>> for Weigh {
    fn weight(&self, _key: &u128, value: &Arc<V>) -> u64 {
        value.bytes() as u64 + ENTRY_BYTES
    }
}

impl<V: HeldBytes> Bytes<V> {
    /// A cache of at most so many bytes; none of 0.
    pub(crate) fn new(bytes: u64) -> Self {
        const ENTRY_GUESS: u64 = 4_096;
        let entries = (bytes / ENTRY_GUESS).max(16) as usize;
        Self {
            entries: (bytes > 0).then(|| Cache::with_weighter(entries, bytes, Weigh)),
            hits: AtomicU64::new(0),
            misses: AtomicU64::new(0),
        }
    }

    pub(crate) fn get(&self, key: u128) -> Option<Arc<V>> {
        let found = self.entries.as_ref()?.get(&key);
        let counter = if found.is_some() {
            &self.hits
        } else {
            &self.misses
        };
        counter.fetch_add(1, Ordering::Relaxed);
        found
    }

    pub(crate) fn put(&self, key: u128, value: V) -> Arc<V> {
        let value = Arc::new(value);
        if let Some(entries) = &self.entries {
            entries.insert(key, Arc::clone(&value));
        }
        value
    }

    pub(crate) fn figures(&self) -> CacheFigures {
        let entries = self.entries.as_ref();
        CacheFigures {
            entries: entries.map_or(0, Cache::len),
            bytes: entries.map_or(0, Cache::weight),
            capacity_bytes: entries.map_or(0, Cache::capacity),
            hits: self.hits.load(Ordering::Relaxed),
            misses: self.misses.load(Ordering::Relaxed),
        }
    }
}

/// A cache in figures.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CacheFigures {
    pub(crate) entries: usize,
    pub(crate) bytes: u64,
    pub(crate) capacity_bytes: u64,
    pub(crate) hits: u64,
    pub(crate) misses: u64,
}
