//! Fitting `time = a · size^b`.

use serde::Serialize;

/// A power law, fitted by least squares of the logarithms.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct PowerLaw {
    /// The power: 1 where twice the data takes twice the time, 0 where it takes no longer.
    pub exponent: f64,
    /// Where the power lies, 19 times of 20: by Student's distribution of the residuals.
    pub low: f64,
    /// See above.
    pub high: f64,
    /// The factor before.
    pub factor: f64,
}

/// Student's 97.5 % quantiles for 1 to 10 degrees of freedom.
const STUDENT: [f64; 10] = [
    12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228,
];

impl PowerLaw {
    /// Through three points or more of size and time, both above 0.
    pub fn fit(points: &[(f64, f64)]) -> Option<PowerLaw> {
        let logs: Vec<(f64, f64)> = points.iter().map(|(x, y)| (x.ln(), y.ln())).collect();
        let n = logs.len() as f64;
        if logs.len() < 3 || logs.iter().any(|(x, y)| !x.is_finite() || !y.is_finite()) {
            return None;
        }
        let mean = |of: fn(&(f64, f64)) -> f64| logs.iter().map(of).sum::<f64>() / n;
        let (x, y) = (mean(|p| p.0), mean(|p| p.1));
        let spread: f64 = logs.iter().map(|p| (p.0 - x).powi(2)).sum();
        if spread <= 0.0 {
            return None;
        }
        let exponent = logs.iter().map(|p| (p.0 - x) * (p.1 - y)).sum::<f64>() / spread;
        let residual = |p: &(f64, f64)| (p.1 - y - exponent * (p.0 - x)).powi(2);
        let freedom = logs.len() - 2;
        let error = logs.iter().map(residual).sum::<f64>() / freedom as f64;
        let quantile = STUDENT[freedom.min(STUDENT.len()) - 1];
        let width = quantile * (error / spread).sqrt();
        Some(PowerLaw {
            exponent,
            low: exponent - width,
            high: exponent + width,
            factor: (y - exponent * x).exp(),
        })
    }

    /// The time at a size.
    pub fn at(&self, size: f64) -> f64 {
        self.factor * size.powf(self.exponent)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_power_again() {
        let check = |exponent: f64| {
            let points: Vec<(f64, f64)> = (0..5)
                .map(|i| 1000.0 * f64::from(1 << i))
                .map(|size| (size, 0.3 * size.powf(exponent)))
                .collect();
            let law = PowerLaw::fit(&points).unwrap();
            assert!((law.exponent - exponent).abs() < 1e-9, "{law:?}");
            assert!((law.factor - 0.3).abs() < 1e-9, "{law:?}");
            assert!(law.high - law.low < 1e-6, "{law:?}");
            assert!((law.at(16_000.0) - points[4].1).abs() < 1e-6, "{law:?}");
        };
        [0.0, 0.5, 1.0, 1.7].into_iter().for_each(check);
    }

    #[test]
    fn says_how_sure_it_is() {
        // By hand: residuals of ±0.1 around a power of 1 over sizes e, e², e³.
        let at = |i: f64, off: f64| (i.exp(), (i + off).exp());
        let law = PowerLaw::fit(&[at(1.0, 0.1), at(2.0, -0.2), at(3.0, 0.1)]).unwrap();
        assert!((law.exponent - 1.0).abs() < 1e-9);
        // Residual squares 0.06 over one degree of freedom, spread 2: 12.706 · √0.03.
        assert!((law.high - 1.0 - 12.706 * 0.03_f64.sqrt()).abs() < 1e-6);
        assert_eq!(PowerLaw::fit(&[(1.0, 1.0), (2.0, 2.0)]), None);
        assert_eq!(PowerLaw::fit(&[(1.0, 0.0), (2.0, 2.0), (3.0, 1.0)]), None);
        assert_eq!(PowerLaw::fit(&[(2.0, 1.0), (2.0, 2.0), (2.0, 1.0)]), None);
    }
}
