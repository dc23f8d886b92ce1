//! The nearest rows of a catalog's view and tail, as many as the budget has time for.

use std::borrow::Cow;
use std::cell::Cell;
use std::time::Instant;

use nigh_index::{Allowed, Mode, SearchParams};

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
    /// How the view is searched: in the end, what the budget made of it.
    pub(super) setting: Setting,
    /// Items that are needed however little time there is.
    pub(super) least: usize,
    pub(super) budget: &'s mut Budget<'c>,
    pub(super) trace: &'s mut Trace,
}

/// How a view is searched within the budget.
struct Reach<'s> {
    params: SearchParams,
    allowed: Option<Cow<'s, Allowed>>,
    rows: Share,
    rescored: Share,
}

/// What a stage takes of the candidates that it would take without a budget.
#[derive(Clone, Copy)]
struct Share {
    took: usize,
    wanted: usize,
}

impl Share {
    fn all(wanted: usize) -> Share {
        Share {
            took: wanted,
            wanted,
        }
    }
}

/// The stages that follow.
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
        let reach = match self.setting {
            Setting::Exact => self.scan(view, queries),
            setting @ Setting::Ivf { .. } => self.probe(view, setting, queries),
        };
        let (started, rescoring) = (Instant::now(), Cell::new(None));
        let mark = || rescoring.set(Some(Instant::now()));
        let (params, allowed) = (&reach.params, reach.allowed.as_deref());
        let found = view.segment.search_staged(query, params, allowed, &mark)?;
        let (us, out) = (microseconds(started), found.neighbors.len());
        let rescored_us = rescoring.get().map(microseconds);
        // Where few rows pass a condition, a search of codes compares them all.
        let coded = view.segment.codes().is_some();
        let scanned = params.mode == Mode::Exact || coded && rescored_us.is_none();
        let stage = if scanned { "scan" } else { "probe" };
        let shortlist = if rescored_us.is_some() {
            found.rescored
        } else {
            out
        };
        let first_us = us.saturating_sub(rescored_us.unwrap_or(0));
        self.trace.took(stage, found.distances, shortlist, first_us);
        self.book(reach.rows);
        if let Some(us) = rescored_us {
            self.trace.took("rescore", found.rescored, out, us);
            self.book(reach.rescored);
        }
        let of = |neighbor| Candidate::in_view(view, neighbor);
        Ok(found.neighbors.into_iter().map(of).collect())
    }

    /// The last stage took a share.
    fn book(&mut self, share: Share) {
        if share.took < share.wanted {
            self.trace.cut(share.wanted);
            self.budget.took(share.took, share.wanted);
        }
    }

    /// Compares everything that passes, or what there is time for: the nearest lists, or where there are none the first rows.
    fn scan(&mut self, view: &View, queries: usize) -> Reach<'s> {
        let passing = self.passing.view.as_deref();
        let rows = passing.map_or(view.segment.len(), Allowed::count);
        let affordable = self.affordable("scan", rows, queries, 0.0);
        let lists = view.segment.lists();
        if affordable < rows && lists > 1 {
            let setting = Setting::of(&SearchParams::ivf(RECALL_AT, lists));
            return self.probe(view, setting, queries);
        }
        let allowed = match affordable < rows {
            true => Some(Cow::Owned(first(view, passing, affordable))),
            false => passing.map(Cow::Borrowed),
        };
        Reach {
            params: self.params(view, Setting::Exact),
            allowed,
            rows: Share {
                took: affordable,
                wanted: rows,
            },
            rescored: Share::all(0),
        }
    }

    /// Reads the nearest lists: as many as there is time for.
    fn probe(&mut self, view: &View, setting: Setting, queries: usize) -> Reach<'s> {
        let params = self.params(view, setting);
        let Mode::Ivf(mut ivf) = params.mode else {
            return self.scan(view, queries);
        };
        let (filtered, lists) = (self.options.filter.is_some(), view.segment.lists());
        let list = view.segment.len().div_ceil(lists.max(1)).max(1);
        let wanted = ivf.nprobe.clamp(1, lists.max(1));
        let compared = ivf.rescored(params.k, filtered);
        let rescoring = self.budget.predicts("rescore", params.k.min(compared));
        let rows = self.affordable("probe", wanted * list, queries, rescoring);
        let nprobe = (rows / list).clamp(1, wanted);
        let probing = self.budget.predicts("probe", nprobe * list);
        let rescored = self.affordable("rescore", compared, queries, probing);
        if nprobe < wanted {
            ivf.nprobe = nprobe;
        }
        ivf.rescore = (ivf.rescore * rescored).div_ceil(compared.max(1));
        let params = SearchParams {
            mode: Mode::Ivf(ivf),
            ..params
        };
        if nprobe < wanted || rescored < compared || self.setting == Setting::Exact {
            self.setting = Setting::of(&params);
        }
        Reach {
            params,
            allowed: self.passing.view.as_deref().map(Cow::Borrowed),
            rows: Share {
                took: nprobe * list,
                wanted: wanted * list,
            },
            rescored: Share {
                took: rescored,
                wanted: compared,
            },
        }
    }

    /// How many candidates of one query a stage has time for; `besides` are the microseconds that go to others of this query.
    fn affordable(&self, stage: &str, wanted: usize, queries: usize, besides: f64) -> usize {
        let least = self.least.min(wanted);
        let reserved: f64 = AFTER
            .iter()
            .map(|stage| self.budget.predicts(stage, self.least))
            .sum();
        self.budget.allows(
            stage,
            wanted,
            least,
            queries,
            reserved + besides * queries as f64,
        )
    }

    fn params(&self, view: &View, setting: Setting) -> SearchParams {
        let k = rows_wanted(self.options, view.items.header().most_images);
        let mut params = setting.params(k).with_threads(self.options.threads);
        if let (Mode::Ivf(ivf), Some(keep)) = (&mut params.mode, self.options.rescore) {
            ivf.rescore = keep;
        }
        params
    }
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
