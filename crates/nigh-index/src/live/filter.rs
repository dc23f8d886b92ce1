//! Which labels a search of a live index may return.

use std::fmt;
use std::ptr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, Weak};

use super::base::Base;
use super::lock::lock;
use crate::allowed::Allowed;
use crate::scan;
use crate::search::SearchError;
use crate::segment::Segment;

/// A condition on labels, for [`LiveIndex::search`](crate::LiveIndex::search): make it once, search with it often.
///
/// The first search with it asks about every row of the segment and keeps the answers as a bitmap; later ones only keep
/// the bitmap up to date with what is deleted, and ask about newer rows as they meet them. After a compaction the
/// next search asks about every row again.
pub struct Filter {
    accepts: Box<dyn Fn(u64) -> bool + Send + Sync>,
    /// What the caller knew already, and about which segment.
    given: Option<(Segment, Allowed)>,
    prepared: Mutex<Option<Arc<Prepared>>>,
}

impl Filter {
    /// Only rows whose label `accepts` approves. It has to answer the same for as long as the filter is in use.
    pub fn new(accepts: impl Fn(u64) -> bool + Send + Sync + 'static) -> Filter {
        Filter {
            accepts: Box::new(accepts),
            given: None,
            prepared: Mutex::new(None),
        }
    }

    /// The same where the answers about the rows of one segment are known: `accepts` is asked only about others, which are newer.
    ///
    /// # Errors
    /// If `allowed` is about another number of rows.
    pub fn over(
        segment: &Segment,
        allowed: Allowed,
        accepts: impl Fn(u64) -> bool + Send + Sync + 'static,
    ) -> Result<Filter, SearchError> {
        scan::check_allowed(segment.len(), Some(&allowed))?;
        Ok(Filter {
            given: Some((segment.clone(), allowed)),
            ..Filter::new(accepts)
        })
    }

    pub(crate) fn accepts(&self, label: u64) -> bool {
        (self.accepts)(label)
    }

    /// The rows of a base's segment that are accepted and live.
    pub(crate) fn prepared(&self, base: &Arc<Base>) -> Arc<Prepared> {
        let mut held = lock(&self.prepared);
        let prepared = match &*held {
            Some(prepared) if ptr::eq(prepared.base.as_ptr(), Arc::as_ptr(base)) => {
                Arc::clone(prepared)
            }
            _ => Arc::new(Prepared {
                base: Arc::downgrade(base),
                allowed: self.allowed(base.segment()),
                masked: AtomicUsize::new(0),
            }),
        };
        *held = Some(Arc::clone(&prepared));
        drop(held);
        prepared.mask(base);
        prepared
    }

    fn allowed(&self, segment: &Segment) -> Allowed {
        match &self.given {
            Some((of, allowed)) if ptr::eq(of.labels(), segment.labels()) => allowed.clone(),
            _ => segment.allow(|label| self.accepts(label)),
        }
    }
}

impl fmt::Debug for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Filter").finish_non_exhaustive()
    }
}

/// A filter's answers about one segment.
#[derive(Debug)]
pub(crate) struct Prepared {
    base: Weak<Base>,
    pub(crate) allowed: Allowed,
    /// How many of the base's masked rows are masked here.
    masked: AtomicUsize,
}

impl Prepared {
    fn mask(&self, base: &Base) {
        let done = self.masked.load(Ordering::Acquire);
        let all = base.each_masked(done, |row| {
            self.allowed.remove_shared(row as usize);
        });
        self.masked.fetch_max(all, Ordering::AcqRel);
    }
}
