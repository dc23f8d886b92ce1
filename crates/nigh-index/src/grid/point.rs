//! From vectors as they are compared to points whose angles mean nearness.

use crate::metric::Metric;

/// How vectors become points: where the origin is, and for inner products how far from it all rows are put.
///
/// Rows and queries are centred by the mean of the rows. For inner products they first get one value more, which puts every
/// row on a sphere, where the largest product is the smallest distance (Bachrach et al., "Speeding up the Xbox recommender
/// system using a Euclidean transformation for inner-product spaces", RecSys 2014, §3).
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Center {
    pub(crate) metric: Metric,
    /// As many values as points have.
    pub(crate) mean: Vec<f32>,
    /// For inner products the largest norm of a row, otherwise 0.
    pub(crate) radius: f32,
}

/// Values of a point made of a vector of `dim` values.
pub(crate) fn point_dim(metric: Metric, dim: usize) -> usize {
    dim + usize::from(metric == Metric::InnerProduct)
}

impl Center {
    /// The centre of some rows, each of `dim` values.
    pub(crate) fn of<'a>(
        metric: Metric,
        dim: usize,
        rows: impl ExactSizeIterator<Item = &'a [f32]> + Clone,
    ) -> Center {
        let largest = rows
            .clone()
            .map(|row| nigh_simd::dot(row, row))
            .fold(0.0, f32::max);
        let radius = if metric == Metric::InnerProduct {
            largest.sqrt()
        } else {
            0.0
        };
        let count = rows.len().max(1) as f64;
        let mut sums = vec![0.0; point_dim(metric, dim)];
        for row in rows {
            let lifted = row.iter().copied().chain([height(radius, row)]);
            sums.iter_mut()
                .zip(lifted)
                .for_each(|(sum, x)| *sum += f64::from(x));
        }
        Center {
            metric,
            mean: sums.iter().map(|sum| (sum / count) as f32).collect(),
            radius,
        }
    }

    /// A row's point, of unit length unless it is the centre itself.
    pub(crate) fn row(&self, row: &[f32], point: &mut Vec<f32>) {
        self.center(row, 1.0, height(self.radius, row), point);
    }

    /// A query's point. Products order rows in the same way whatever the query's length is: it is brought to the sphere.
    pub(crate) fn query(&self, query: &[f32], point: &mut Vec<f32>) {
        if self.metric != Metric::InnerProduct {
            return self.center(query, 1.0, 0.0, point);
        }
        let mut unit = query.to_vec();
        nigh_simd::normalize(&mut unit);
        self.center(&unit, self.radius, 0.0, point);
    }

    fn center(&self, values: &[f32], scale: f32, last: f32, point: &mut Vec<f32>) {
        point.clear();
        let lifted = values.iter().map(|x| x * scale).chain([last]);
        point.extend(lifted.zip(&self.mean).map(|(x, mean)| x - mean));
        nigh_simd::normalize(point);
    }
}

/// The value that brings a row up to the sphere.
fn height(radius: f32, row: &[f32]) -> f32 {
    (radius * radius - nigh_simd::dot(row, row)).max(0.0).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// For every metric the order of the angles between points on a sphere is that of the scores.
    #[test]
    fn points_keep_the_order_of_inner_products() {
        let rows: Vec<[f32; 2]> = (1..40)
            .map(|i| i as f32)
            .map(|i| [(i * 0.9).sin() * i, (i * 0.4).cos() * 3.0])
            .collect();
        let center = Center::of(Metric::InnerProduct, 2, rows.iter().map(|row| &row[..]));
        let (query, mut point) = ([0.3, -2.0], Vec::new());
        let lifted = |row: &[f32; 2]| [row[0], row[1], height(center.radius, row)];
        center.query(&query, &mut point);
        let norm = f32::hypot(query[0], query[1]);
        let raised = [
            query[0] / norm * center.radius,
            query[1] / norm * center.radius,
            0.0,
        ];
        let mut by_product: Vec<usize> = (0..rows.len()).collect();
        let mut by_distance = by_product.clone();
        by_product.sort_by(|&a, &b| {
            nigh_simd::dot(&query, &rows[b]).total_cmp(&nigh_simd::dot(&query, &rows[a]))
        });
        let distance = |i: usize| nigh_simd::l2_squared(&raised, &lifted(&rows[i]));
        by_distance.sort_by(|&a, &b| distance(a).total_cmp(&distance(b)));
        assert_eq!(by_product, by_distance);
        let centred: Vec<f32> = raised
            .iter()
            .zip(&center.mean)
            .map(|(x, mean)| x - mean)
            .collect();
        let length = nigh_simd::dot(&centred, &centred).sqrt();
        assert!(
            point
                .iter()
                .zip(&centred)
                .all(|(a, b)| (a * length - b).abs() < 1e-4),
            "{point:?} {centred:?}"
        );
    }

    #[test]
    fn extreme_rows_make_finite_points() {
        let rows: [[f32; 2]; 4] = [[9e18, 0.0], [-9e18, 0.0], [1e-30, 1e-38], [0.0, 0.0]];
        for metric in [Metric::L2, Metric::InnerProduct] {
            let center = Center::of(metric, 2, rows.iter().map(|row| &row[..]));
            let mut point = Vec::new();
            for row in &rows {
                center.row(row, &mut point);
                assert!(point.iter().all(|x| x.abs() <= 1.001), "{metric} {point:?}");
                center.query(row, &mut point);
                assert!(point.iter().all(|x| x.abs() <= 1.001), "{metric} {point:?}");
            }
        }
    }
}
