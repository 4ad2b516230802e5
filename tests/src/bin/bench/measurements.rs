//! Repeated measurements of one quantity.

/// The value of each round.
#[derive(Clone, Debug, Default)]
pub(crate) struct Measurements(pub(crate) Vec<f64>);

impl Measurements {
    pub(crate) fn median(&self) -> f64 {
        let mut sorted = self.0.clone();
        sorted.sort_unstable_by(f64::total_cmp);
        match sorted.len() {
            0 => f64::NAN,
            count if count % 2 == 1 => sorted[count / 2],
            count => f64::midpoint(sorted[count / 2 - 1], sorted[count / 2]),
        }
    }

    pub(crate) fn least(&self) -> f64 {
        self.0.iter().copied().fold(f64::INFINITY, f64::min)
    }

    pub(crate) fn most(&self) -> f64 {
        self.0.iter().copied().fold(f64::NEG_INFINITY, f64::max)
    }

    /// Returns the ratio of both values in each round.
    pub(crate) fn over(&self, other: &Self) -> Self {
        Self(self.0.iter().zip(&other.0).map(|(this, that)| this / that).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ratio_compares_measurements_of_the_same_round() {
        let ratio = Measurements(vec![10.0, 40.0, 15.0]).over(&Measurements(vec![20.0, 100.0, 30.0]));
        assert_eq!((ratio.least(), ratio.median(), ratio.most()), (0.4, 0.5, 0.5));
    }
}
