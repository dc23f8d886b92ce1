//! Which rung to stand on.

use serde::Serialize;

use super::Rung;

/// The rung that is recommended.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Recommended {
    /// Its place among the rungs.
    pub rung: usize,
    /// By which rule.
    pub reason: Reason,
}

/// Why a rung is recommended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// The best of those within the budget of time.
    BestWithinBudget,
    /// The fastest of those that are good enough.
    FastestGoodEnough,
    /// The fastest of those that are nearly as good as the best.
    FastestNearBest,
}

/// Differences of quality below this are within what another sample would give.
const ALIKE: f64 = 0.01;

/// Marks the rungs that no other is at once as fast and as good as, and better in one of the two.
pub(super) fn mark_front(rungs: &mut [Rung]) {
    let points: Vec<(f64, f64, u64)> = rungs.iter().map(point).collect();
    for (at, rung) in rungs.iter_mut().enumerate() {
        let mine = points[at];
        let beaten = points.iter().any(|other| {
            let as_good = other.0 <= mine.0 && other.1 >= mine.1 && other.2 <= mine.2;
            as_good && *other != mine
        });
        rung.on_front = !beaten;
    }
}

/// Time, quality and bytes of an embedding: a smaller dimension costs no time here, but memory.
fn point(rung: &Rung) -> (f64, f64, u64) {
    (rung.speed.p50_ms, rung.quality(), rung.embedding_bytes)
}

/// The rung to take: within the budget the best, with a least quality the fastest, otherwise the
/// fastest of those that are as good as the best but for a hundredth. Among equals the one with
/// the smaller embedding.
pub(super) fn recommend(
    rungs: &[Rung],
    budget_ms: Option<f64>,
    least_quality: Option<f64>,
) -> Option<Recommended> {
    let within = |rung: &Rung| budget_ms.is_none_or(|budget| rung.speed.p50_ms <= budget);
    let good = |rung: &Rung| least_quality.is_none_or(|least| rung.quality() >= least);
    let fitting: Vec<usize> = (0..rungs.len())
        .filter(|at| within(&rungs[*at]) && good(&rungs[*at]))
        .collect();
    let qualities = fitting.iter().map(|at| rungs[*at].quality());
    let best = qualities.max_by(f64::total_cmp)?;
    let (reason, least) = match (budget_ms, least_quality) {
        (_, Some(least)) => (Reason::FastestGoodEnough, least),
        (Some(_), None) => (Reason::BestWithinBudget, best - ALIKE / 4.0),
        (None, None) => (Reason::FastestNearBest, best - ALIKE),
    };
    let candidates = fitting
        .into_iter()
        .filter(|at| rungs[*at].quality() >= least);
    let cost = |at: &usize| {
        let rung = &rungs[*at];
        (rung.speed.p50_ms, rung.embedding_bytes as f64)
    };
    let cheapest = candidates.min_by(|a, b| {
        let (a, b) = (cost(a), cost(b));
        a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1))
    });
    cheapest.map(|rung| Recommended { rung, reason })
}

#[cfg(test)]
mod tests {
    use super::super::RungPrecision;
    use super::*;
    use crate::models::EncoderSpeed;

    fn rung(p50_ms: f64, quality: f64, dimension: usize) -> Rung {
        Rung {
            model: "m".into(),
            precision: RungPrecision::Given,
            dimension,
            parameters: 0,
            file_bytes: 0,
            weight_bytes: 0,
            embedding_bytes: 4 * dimension as u64,
            speed: EncoderSpeed {
                p50_ms,
                p99_ms: p50_ms,
                images_per_second: 1e3 / p50_ms,
                cpu_ms: p50_ms,
            },
            precision_at_10: Some(quality),
            recall_at_10: 1.0,
            million_images_price: 0.0,
            on_front: false,
        }
    }

    #[test]
    fn the_front_and_the_choice_follow_time_quality_and_bytes() {
        let mut rungs = vec![
            rung(1.0, 0.60, 512),
            rung(10.0, 0.75, 512),
            rung(10.0, 0.745, 128),
            rung(12.0, 0.74, 512),
            rung(80.0, 0.755, 512),
        ];
        mark_front(&mut rungs);
        let front: Vec<bool> = rungs.iter().map(|rung| rung.on_front).collect();
        assert_eq!(front, [true, true, true, false, true]);
        let rows = [
            (None, None, Some(2), "nearly the best, smallest embedding"),
            (Some(20.0), None, Some(1), "the best in 20 ms"),
            (Some(5.0), None, Some(0), "the best in 5 ms"),
            (None, Some(0.753), Some(4), "good enough"),
            (Some(5.0), Some(0.7), None, "nothing is both"),
        ];
        for (budget, least, expected, what) in rows {
            let found = recommend(&rungs, budget, least).map(|found| found.rung);
            assert_eq!(found, expected, "{what}");
        }
    }
}
