//! How do parameters follow their gradients?

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
        self.steps = self.steps.saturating_add(1);
        let rate = rate / (1.0 - FIRST_DECAY.powi(self.steps));
        let correction = 1.0 / (1.0 - SECOND_DECAY.powi(self.steps)).sqrt();
        let moments = self.first.iter_mut().zip(&mut self.second);
        for ((parameter, &slope), (first, second)) in
            parameters.iter_mut().zip(gradient).zip(moments)
        {
            *first = FIRST_DECAY * *first + (1.0 - FIRST_DECAY) * slope;
            *second = SECOND_DECAY * *second + (1.0 - SECOND_DECAY) * slope * slope;
            *parameter -= rate * *first / (second.sqrt() * correction + EPSILON);
        }
    }
}
