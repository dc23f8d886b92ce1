//! How do parameters follow their gradients?

use crate::Matrix;

/// Adam without weight decay (Kingma and Ba, "Adam: A Method for Stochastic Optimization", ICLR 2015, algorithm 1), for one
/// row of parameters.
#[derive(Clone, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
pub(crate) struct Adam {
    first: Vec<f32>,
    second: Vec<f32>,
    steps: i32,
}

const FIRST_DECAY: f32 = 0.9;
const SECOND_DECAY: f32 = 0.999;
const EPSILON: f32 = 1e-8;

impl Adam {
    pub(crate) fn new(parameters: usize) -> Adam {
        let (first, second) = (vec![0.0; parameters], vec![0.0; parameters]);
        let steps = 0;
        Adam {
            first,
            second,
            steps,
        }
    }

    /// One step down the gradient.
    pub(crate) fn step(&mut self, parameters: &mut [f32], gradient: &[f32], rate: f32) {
        let rates = self.next(rate);
        descend(
            parameters,
            gradient,
            &mut self.first,
            &mut self.second,
            rates,
        );
    }

    /// One step of these rows of a table alone, each named once, or of all; `gradient` has a row for each.
    pub(crate) fn step_rows(
        &mut self,
        table: &mut Matrix,
        rows: Option<&[u32]>,
        gradient: &Matrix,
        rate: f32,
    ) {
        let Some(rows) = rows else {
            return self.step(table.data_mut(), gradient.data(), rate);
        };
        let rates = self.next(rate);
        let cols = table.cols();
        for (place, &row) in rows.iter().enumerate() {
            let range = row as usize * cols..(row as usize + 1) * cols;
            let (first, second) = (&mut self.first[range.clone()], &mut self.second[range]);
            descend(
                table.row_mut(row as usize),
                gradient.row(place),
                first,
                second,
                rates,
            );
        }
    }

    fn next(&mut self, rate: f32) -> Rates {
        self.steps = self.steps.saturating_add(1);
        Rates {
            first: rate / (1.0 - FIRST_DECAY.powi(self.steps)),
            second: 1.0 / (1.0 - SECOND_DECAY.powi(self.steps)).sqrt(),
        }
    }
}

#[derive(Clone, Copy)]
struct Rates {
    first: f32,
    second: f32,
}

fn descend(
    parameters: &mut [f32],
    gradient: &[f32],
    first: &mut [f32],
    second: &mut [f32],
    rates: Rates,
) {
    let moments = first.iter_mut().zip(second);
    for ((parameter, &slope), (first, second)) in parameters.iter_mut().zip(gradient).zip(moments) {
        *first = FIRST_DECAY * *first + (1.0 - FIRST_DECAY) * slope;
        *second = SECOND_DECAY * *second + (1.0 - SECOND_DECAY) * slope * slope;
        *parameter -= rates.first * *first / (second.sqrt() * rates.second + EPSILON);
    }
}
