//! The recall of real searches: some of them are answered again, exactly, when there is time.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::Catalog;
use super::search::{Method, SearchError, SearchOptions, SearchReply};
use crate::tuning::{TuningFileError, read, write};
use crate::vectors::{Interval, Setting};

/// How much of the exact answer a search found.
#[derive(Clone, Debug, PartialEq)]
pub struct Checked {
    /// What was asked: the shape of the condition, and the share of the items that pass.
    pub shape: String,
    /// How it was searched for.
    pub setting: Setting,
    /// Hits that are among the exact ones, or as near as the last of these.
    pub found: usize,
    /// Hits of the exact answer.
    pub of: usize,
}

/// The recall of the searches that were checked since the index was published, by shape of the condition and by setting.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RunningRecall {
    checked: Vec<Sums>,
}

/// Of the shares found by searches of one shape with one setting.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Sums {
    shape: String,
    setting: Setting,
    searches: u64,
    hits: u64,
    sum: f64,
    squares: f64,
}

/// The running recall of one shape.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ShapeRecall {
    /// The condition with `?` for its values, and about how many items pass; `everything` without a condition.
    pub shape: String,
    /// How they were searched for.
    pub setting: Setting,
    /// Searches that were checked.
    pub searches: u64,
    /// The mean share of the nearest that they found, and where that of all searches lies.
    pub recall: Interval,
}

impl Catalog {
    /// Answers a search again by comparing everything; none if that is how it was answered.
    ///
    /// # Errors
    /// As for [`Catalog::search`].
    pub fn check(
        &self,
        queries: &[f32],
        options: &SearchOptions,
        reply: &SearchReply,
    ) -> Result<Option<Checked>, SearchError> {
        if reply.setting == Setting::Exact {
            return Ok(None);
        }
        let exact = SearchOptions {
            method: Method::Exact,
            budget: None,
            ..options.clone()
        };
        let truth = self.search(queries, &exact)?.hits;
        let least = truth.last().map_or(f32::INFINITY, |hit| hit.score);
        let found = reply.hits.iter().filter(|hit| hit.score >= least).count();
        Ok(Some(Checked {
            shape: shape(options, reply),
            setting: reply.setting,
            found: found.min(truth.len()),
            of: truth.len(),
        }))
    }

    /// What was counted of this view's searches so far.
    ///
    /// # Errors
    /// If the file is damaged.
    pub fn running_recall(&self) -> Result<RunningRecall, TuningFileError> {
        let path = self.checked_file();
        let kept = path.map_or(Ok(None), |path| read(&path))?;
        Ok(kept.unwrap_or_default())
    }

    /// Counts a check. Where several processes do so at once, some of their checks may not count.
    ///
    /// # Errors
    /// If the file is damaged or cannot be written: a collection that may only be read is not counted.
    pub fn count_check(&self, checked: &Checked) -> Result<RunningRecall, TuningFileError> {
        let mut running = self.running_recall()?;
        running.add(checked);
        self.checked_file()
            .map_or(Ok(()), |path| write(&path, &running))?;
        Ok(running)
    }

    /// In the view's folder: another view is another index.
    fn checked_file(&self) -> Option<PathBuf> {
        Some(self.view.as_ref()?.folder().join(CHECKED_FILE))
    }
}

pub(super) const CHECKED_FILE: &str = "checked.json";

impl RunningRecall {
    fn add(&mut self, checked: &Checked) {
        if checked.of == 0 {
            return;
        }
        let share = checked.found as f64 / checked.of as f64;
        let same = |sums: &Sums| sums.shape == checked.shape && sums.setting == checked.setting;
        let at = self.checked.iter().position(same).unwrap_or_else(|| {
            self.checked.push(Sums {
                shape: checked.shape.clone(),
                setting: checked.setting,
                searches: 0,
                hits: 0,
                sum: 0.0,
                squares: 0.0,
            });
            self.checked.len() - 1
        });
        let sums = &mut self.checked[at];
        sums.searches += 1;
        sums.hits += checked.of as u64;
        sums.sum += share;
        sums.squares += share * share;
    }

    /// Shape by shape.
    pub fn shapes(&self) -> Vec<ShapeRecall> {
        let of = |sums: &Sums| {
            let hits = (sums.hits / sums.searches.max(1)).max(1) as usize;
            ShapeRecall {
                shape: sums.shape.clone(),
                setting: sums.setting,
                searches: sums.searches,
                recall: Interval::of_sums(sums.searches, sums.sum, sums.squares, hits),
            }
        };
        let mut shapes: Vec<ShapeRecall> = self.checked.iter().map(of).collect();
        shapes.sort_by(|a, b| a.shape.cmp(&b.shape));
        shapes
    }
}

/// Shares of the items up to which conditions are counted together.
const SHARES: [(f64, &str); 4] = [
    (0.001, "up to 0.1 %"),
    (0.01, "up to 1 %"),
    (0.1, "up to 10 %"),
    (0.5, "up to 50 %"),
];

fn shape(options: &SearchOptions, reply: &SearchReply) -> String {
    let Some(filter) = &options.filter else {
        return "everything".to_owned();
    };
    let stage = reply
        .trace
        .stages
        .iter()
        .find(|stage| stage.stage == "filter");
    let share = stage.map_or(1.0, |stage| stage.output as f64 / stage.input.max(1) as f64);
    let about = SHARES.iter().find(|(most, _)| share <= *most);
    let about = about.map_or("more than 50 %", |(_, words)| words);
    format!("{} ({about})", filter.shape())
}
