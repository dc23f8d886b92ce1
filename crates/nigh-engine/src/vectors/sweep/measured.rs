//! What can be measured.

use nigh_index::{Found, Grid, GridSearch, IvfSearch, Mode, SearchError, SearchParams, Segment};
use serde::Serialize;

use super::{GridSetting, Setting};

/// An index, and how it is searched.
pub trait Measured {
    /// One way to search it.
    type Params: Copy;
    /// The same as it is printed.
    type Setting: Clone + Serialize;

    /// The same setting with another number of lists or buckets to read, where it reads some.
    fn at(params: Self::Params, nprobe: usize) -> Self::Params;

    /// The setting as it is printed.
    fn setting(&self, params: Self::Params) -> Self::Setting;

    /// The search for `k` rows that a printed setting stands for.
    fn params(setting: &Self::Setting, k: usize) -> Self::Params;

    /// Searches with one query.
    ///
    /// # Errors
    /// If the query does not fit the index.
    fn search_one(
        &self,
        query: &[f32],
        params: Self::Params,
        threads: usize,
    ) -> Result<Found, SearchError>;

    /// Searches with several queries, laid end to end.
    ///
    /// # Errors
    /// If the queries do not fit the index.
    fn search_all(
        &self,
        queries: &[f32],
        params: Self::Params,
        threads: usize,
    ) -> Result<Vec<Found>, SearchError>;
}

impl Measured for Segment {
    type Params = SearchParams;
    type Setting = Setting;

    fn at(params: SearchParams, nprobe: usize) -> SearchParams {
        let mode = match params.mode {
            Mode::Exact => Mode::Exact,
            Mode::Ivf(ivf) => Mode::Ivf(IvfSearch { nprobe, ..ivf }),
        };
        SearchParams { mode, ..params }
    }

    fn setting(&self, params: SearchParams) -> Setting {
        Setting::of(&params)
    }

    fn params(setting: &Setting, k: usize) -> SearchParams {
        setting.params(k)
    }

    fn search_one(
        &self,
        query: &[f32],
        params: SearchParams,
        threads: usize,
    ) -> Result<Found, SearchError> {
        self.search(query, &params.with_threads(threads), None)
    }

    fn search_all(
        &self,
        queries: &[f32],
        params: SearchParams,
        threads: usize,
    ) -> Result<Vec<Found>, SearchError> {
        self.search_batch(queries, &params.with_threads(threads), None)
    }
}

impl Measured for Grid {
    type Params = GridSearch;
    type Setting = GridSetting;

    fn at(params: GridSearch, probes: usize) -> GridSearch {
        GridSearch { probes, ..params }
    }

    fn setting(&self, params: GridSearch) -> GridSetting {
        GridSetting {
            hash: self.hash(),
            tables: self.tables(),
            bits: self.bits(),
            probes: params.probes,
        }
    }

    fn params(setting: &GridSetting, k: usize) -> GridSearch {
        GridSearch::new(k, setting.probes)
    }

    fn search_one(
        &self,
        query: &[f32],
        params: GridSearch,
        threads: usize,
    ) -> Result<Found, SearchError> {
        self.search(query, &params.with_threads(threads), None)
    }

    fn search_all(
        &self,
        queries: &[f32],
        params: GridSearch,
        threads: usize,
    ) -> Result<Vec<Found>, SearchError> {
        self.search_batch(queries, &params.with_threads(threads), None)
    }
}
