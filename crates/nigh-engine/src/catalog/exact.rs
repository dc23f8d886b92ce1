//! The exact nearest of many queries at once: what an evaluation calls true.

use nigh_index::{Mode, SearchParams};

use super::Catalog;
use super::candidates::Candidate;
use super::search::{SearchError, SearchOptions};
use crate::eval::EvalQuery;
use crate::trace::Trace;

impl Catalog {
    /// The ids of the `k` nearest items of each query, itself excluded, by
    /// comparing with every image in blocks of queries.
    pub(crate) fn nearest_exact(
        &self,
        queries: &[EvalQuery],
        k: usize,
    ) -> Result<Vec<Vec<String>>, SearchError> {
        let rows: Vec<f32> = queries
            .iter()
            .flat_map(|query| query.embeddings.iter().copied())
            .collect();
        let mut candidates = self.view_candidates(&rows, k)?.into_iter();
        let nearest = |query: &EvalQuery| {
            let options = SearchOptions {
                k,
                exclude: Some(query.id.clone()),
                ..SearchOptions::default()
            };
            let images = query.embeddings.len() / self.dimension.max(1);
            let mut mine: Vec<Candidate> = candidates.by_ref().take(images).flatten().collect();
            if self.tail.len() > 0 {
                for row in query.embeddings.chunks_exact(self.dimension) {
                    mine.extend(self.search_tail(row, &options, None, &mut Trace::default())?);
                }
            }
            Ok(self
                .collect(mine, &options, k)?
                .into_iter()
                .map(|hit| hit.id)
                .collect())
        };
        queries.iter().map(nearest).collect()
    }

    /// For each row its nearest images in the view; one more item than `k`, for
    /// the query itself.
    fn view_candidates(&self, rows: &[f32], k: usize) -> Result<Vec<Vec<Candidate>>, SearchError> {
        let count = rows.len() / self.dimension.max(1);
        let Some(view) = &self.view else {
            return Ok(vec![Vec::new(); count]);
        };
        let k = (k + 1) * view.items.header().most_images.max(1);
        let params = SearchParams {
            k,
            mode: Mode::Exact,
            threads: rayon::current_num_threads(),
        };
        let found = view
            .segment
            .search_batch(rows, &params, self.current_rows.as_ref())?;
        let of = |found: nigh_index::Found| {
            found
                .neighbors
                .into_iter()
                .map(|hit| Candidate::in_view(view, hit))
                .collect()
        };
        Ok(found.into_iter().map(of).collect())
    }
}
