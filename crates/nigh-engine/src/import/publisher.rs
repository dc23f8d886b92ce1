//! When an import publishes what it has: at its end, and on the way so that
//! other processes can search a long one.

use std::path::Path;
use std::time::{Duration, Instant};

use nigh_store::CatalogStore;

use super::meter::{ImportStage, Meter};
use super::{ImportError, ImportEvent};
use crate::publish::{is_published, publish};

/// The store that an import writes, and what of it is published.
pub(crate) struct Publisher<'a> {
    dir: &'a Path,
    pub(crate) store: &'a CatalogStore,
    pub(crate) meter: &'a Meter,
    interval: Duration,
    published: Instant,
    /// Items that were committed since.
    newer: u64,
}

impl<'a> Publisher<'a> {
    pub(crate) fn new(
        dir: &'a Path,
        store: &'a CatalogStore,
        interval: Duration,
        meter: &'a Meter,
    ) -> Self {
        Self {
            dir,
            store,
            meter,
            interval,
            published: Instant::now(),
            newer: 0,
        }
    }

    /// Notes a commit of `items`, and publishes when it is time: a view costs as
    /// much as the whole collection, so a good part of it must be new.
    pub(crate) fn committed(
        &mut self,
        items: usize,
        on_event: &mut dyn FnMut(ImportEvent<'_>),
    ) -> Result<(), ImportError> {
        self.newer += items as u64;
        let waited = self.published.elapsed() >= self.interval;
        if waited && self.newer * 4 >= self.store.view()?.len()? {
            self.publish(on_event)?;
        }
        Ok(())
    }

    /// Publishes everything, unless it is already.
    pub(crate) fn publish(
        &mut self,
        on_event: &mut dyn FnMut(ImportEvent<'_>),
    ) -> Result<(), ImportError> {
        let stored = self.store.view()?;
        if is_published(self.dir, self.store.header().generation, &stored) {
            return Ok(());
        }
        let items = stored.len()?;
        on_event(ImportEvent::Publishing(items));
        let publish = || publish(self.dir, self.store, &stored);
        self.meter
            .time(ImportStage::Publish, items as usize, publish)?;
        (self.published, self.newer) = (Instant::now(), 0);
        Ok(())
    }
}
