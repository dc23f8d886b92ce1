//! The nearest rows of a catalog's view and tail, as many as the budget has time for.

use std::borrow::Cow;
use std::cell::Cell;
use std::time::Instant;

use nigh_index::{Allowed, Found, Mode, SearchParams};

use super::Catalog;
use super::budget::Budget;
use super::candidates::{Candidate, Passing, rows_wanted};
use super::search::{SearchError, SearchOptions};
use crate::trace::{Trace, microseconds};
use crate::vectors::{RECALL_AT, Setting};
use crate::view::View;

/// One search on its way from rows to candidates.
pub(super) struct Search<'s, 'c> {
    pub(super) catalog: &'c Catalog,
    pub(super) options: &'s SearchOptions,
    pub(super) passing: &'s Passing<'c>,
    /// How the view is to be searched.
    pub(super) asked: Setting,
    /// What the budget made of that, where it made something of it.
    pub(super) used: Option<Setting>,
    /// Items that are needed however little time there is.
    pub(super) least: usize,
    pub(super) budget: &'s mut Budget<'c>,
    pub(super) trace: &'s mut Trace,
}

/// How a view is searched within the budget.
struct Reach<'s> {
    params: SearchParams,
    allowed: Option<Cow<'s, Allowed>>,
    /// Rows that a scan would compare.
    scanned: Share,
    /// Lists that would be read, and rows that would be compared exactly after that.
    lists: Share,
    rescored: Share,
}

/// What a stage takes of what it would take without a budget.
#[derive(Clone, Copy)]
struct Share {
    took: usize,
    wanted: usize,
}

impl Share {
    const NONE: Share = Share { took: 0, wanted: 0 };

    fn is_cut(self) -> bool {
        self.took < self.wanted
    }
}

/// The stages that follow on the rows.
const AFTER: [&str; 3] = ["collect", "rank", "diversify"];

impl<'s> Search<'s, '_> {
    /// The best images, enough of them for `k` distinct items.
    pub(super) fn candidates(&mut self, queries: &[f32]) -> Result<Vec<Candidate>, SearchError> {
        let dimension = self.catalog.dimension.max(1);
        let count = queries.len().div_ceil(dimension);
        let (catalog, passing) = (self.catalog, self.passing);
        let mut candidates = Vec::new();
        for (at, query) in queries.chunks(dimension).enumerate() {
            if let Some(view) = &catalog.view {
                candidates.extend(self.in_view(view, query, count - at)?);
            }
            if catalog.tail.len() > 0 {
                let allowed = passing.tail.as_ref();
                candidates.extend(catalog.search_tail(query, self.options, allowed, self.trace)?);
            }
        }
        Ok(candidates)
    }

    /// The best images of the view for a query, which shares what is left of the time with others: `queries` together.
    fn in_view(
        &mut self,
        view: &View,
        query: &[f32],
        queries: usize,
    ) -> Result<Vec<Candidate>, SearchError> {
        let reach = match self.asked {
            Setting::Exact => self.scan(view, queries),
            setting @ Setting::Ivf { .. } => self.probe(view, setting, queries),
        };
        let (started, rescoring) = (Instant::now(), Cell::new(None));
        let mark = || rescoring.set(Some(Instant::now()));
        let (params, allowed) = (&reach.params, reach.allowed.as_deref());
        let found = view.segment.search_staged(query, params, allowed, &mark)?;
        let us = microseconds(started);
        let rescored_us = rescoring.get().map(microseconds);
        self.book(view, &reach, &found, us, rescored_us);
        let of = |neighbor| Candidate::in_view(view, neighbor);
        Ok(found.neighbors.into_iter().map(of).collect())
    }

    /// What the search of a view took, and what of that was cut.
    fn book(
        &mut self,
        view: &View,
        reach: &Reach<'_>,
        found: &Found,
        us: u64,
        rescored_us: Option<u64>,
    ) {
        // Where few rows pass a condition, a search of codes compares them all.
        let coded = view.segment.codes().is_some();
        let scanned = reach.params.mode == Mode::Exact || coded && rescored_us.is_none();
        let (stage, out) = match (scanned, rescored_us) {
            (true, None) => ("scan", found.neighbors.len()),
            (true, Some(_)) => ("scan", found.rescored),
            (false, None) => ("probe", found.neighbors.len()),
            (false, Some(_)) => ("probe", found.rescored),
        };
        let first_us = us.saturating_sub(rescored_us.unwrap_or(0));
        self.trace.took(stage, found.distances, out, first_us);
        let list = list_rows(view);
        if scanned {
            self.cut(reach.scanned, 1);
        } else {
            // A condition leaves few rows of a list; what is read is all of it.
            self.trace.worked(found.visited_lists * list);
            // Under a condition more lists may have been read than were chosen.
            let lists = Share {
                took: reach.lists.took.max(found.visited_lists),
                ..reach.lists
            };
            self.cut(lists, list);
            self.cut(reach.scanned, 1);
        }
        if let Some(us) = rescored_us {
            let out = found.neighbors.len();
            self.trace.took("rescore", found.rescored, out, us);
            self.cut(reach.rescored, 1);
        }
    }

    /// The last stage took a share, in units of so many candidates.
    fn cut(&mut self, share: Share, unit: usize) {
        if share.is_cut() {
            self.trace.cut(share.wanted * unit);
            self.budget.took(share.took, share.wanted);
        }
    }

    /// Compares everything that passes, or what there is time for: the nearest lists by their codes, or where there are none the first rows.
    fn scan(&mut self, view: &View, queries: usize) -> Reach<'s> {
        let passing = self.passing.view.as_deref();
        let rows = passing.map_or(view.segment.len(), Allowed::count);
        let scanned = Share {
            took: self.affordable("scan", rows, view, queries, 0.0),
            wanted: rows,
        };
        let lists = view.segment.lists();
        if scanned.is_cut() && lists > 1 {
            let everywhere = Setting::of(&SearchParams::ivf(RECALL_AT, lists));
            let reach = self.probe(view, everywhere, queries);
            self.used = Some(Setting::of(&reach.params));
            return Reach { scanned, ..reach };
        }
        let allowed = match scanned.is_cut() {
            true => Some(Cow::Owned(first(view, passing, scanned.took))),
            false => passing.map(Cow::Borrowed),
        };
        Reach {
            params: self.params(view, Setting::Exact),
            allowed,
            scanned,
            lists: Share::NONE,
            rescored: Share::NONE,
        }
    }

    /// Reads the nearest lists, and compares the best of them exactly: as many as there is time for.
    fn probe(&mut self, view: &View, setting: Setting, queries: usize) -> Reach<'s> {
        let asked = self.params(view, setting);
        let mut reach = Reach {
            params: asked,
            allowed: self.passing.view.as_deref().map(Cow::Borrowed),
            scanned: Share::NONE,
            lists: Share::NONE,
            rescored: Share::NONE,
        };
        let Mode::Ivf(mut ivf) = asked.mode else {
            return reach;
        };
        let list = list_rows(view);
        let compared = ivf
            .rescored(asked.k, self.passing.view.is_some())
            .min(view.segment.len());
        let least = self.least_rows(view).min(compared);
        let wanted = ivf.nprobe.clamp(1, view.segment.lists().max(1));
        let rescoring = self.budget.predicts("rescore", least);
        let rows = self.affordable("probe", wanted * list, view, queries, rescoring);
        reach.lists = Share {
            took: (rows / list).clamp(1, wanted),
            wanted,
        };
        let probing = self.budget.predicts("probe", reach.lists.took * list);
        reach.rescored = Share {
            took: self.affordable("rescore", compared, view, queries, probing),
            wanted: compared,
        };
        if reach.lists.is_cut() {
            ivf.nprobe = reach.lists.took;
        }
        if reach.rescored.is_cut() {
            let share = reach.rescored.took as f64 / compared as f64;
            ivf.rescore = (ivf.rescore as f64 * share).ceil() as usize;
            // As many as are wanted are compared at least.
            reach.params.k = asked.k.min(reach.rescored.took.max(least));
        }
        reach.params.mode = Mode::Ivf(ivf);
        if reach.lists.is_cut() || reach.rescored.is_cut() {
            self.used = Some(Setting::of(&reach.params));
        }
        reach
    }

    /// How many candidates of one query a stage has time for; `besides` are the microseconds that go to other stages of this query.
    fn affordable(
        &self,
        stage: &str,
        wanted: usize,
        view: &View,
        queries: usize,
        besides: f64,
    ) -> usize {
        let least = self.least_rows(view).min(wanted);
        let after = AFTER.iter();
        let after: f64 = after
            .map(|stage| self.budget.predicts(stage, self.least))
            .sum();
        let tail = self.budget.predicts("tail", self.catalog.tail.images());
        let reserved = after + (tail + besides) * queries as f64;
        self.budget.allows(stage, wanted, least, queries, reserved)
    }

    /// Rows that hold as many items as are needed.
    fn least_rows(&self, view: &View) -> usize {
        let images = view.items.header().most_images;
        rows_wanted(self.least, self.options, images)
    }

    fn params(&self, view: &View, setting: Setting) -> SearchParams {
        let images = view.items.header().most_images;
        let k = rows_wanted(self.options.k, self.options, images).min(view.segment.len());
        let mut params = setting.params(k).with_threads(self.options.threads);
        if let (Mode::Ivf(ivf), Some(keep)) = (&mut params.mode, self.options.rescore) {
            ivf.rescore = keep.min(view.segment.len());
        }
        params
    }
}

/// Rows of a list, on average.
fn list_rows(view: &View) -> usize {
    view.segment
        .len()
        .div_ceil(view.segment.lists().max(1))
        .max(1)
}

/// The first of the rows that pass.
fn first(view: &View, passing: Option<&Allowed>, count: usize) -> Allowed {
    let mut taken = 0;
    Allowed::from_fn(view.segment.len(), |row| {
        let takes = taken < count && passing.is_none_or(|passing| passing.contains(row));
        taken += usize::from(takes);
        takes
    })
}
