//! The source that points are drawn from.

use super::random::Random;
use super::{GenerateOptions, Stream};

/// Units in each of the two hidden layers.
const HIDDEN: usize = 256;

/// Cluster sizes fall with rank to this power.
const SIZES: f64 = -0.75;

/// The spread of latent dimensions falls with their number to this power.
const SPECTRUM: f32 = -0.35;

/// The spread inside a cluster, in spreads of the cluster centres.
const WITHIN: f32 = 0.55;

/// The spread of the offset that all points share.
const OFFSET: f32 = 0.35;

/// The spread of each point's own noise.
const NOISE: f32 = 0.06;

pub(super) struct Model {
    seed: u64,
    normalize: bool,
    intrinsic: usize,
    /// For each cluster the share of points in it and those before.
    shares: Vec<f64>,
    centres: Vec<f32>,
    spreads: Vec<f32>,
    layers: [Layer; 3],
}

impl Model {
    pub(super) fn new(options: &GenerateOptions) -> Model {
        let mut random = Random::new(options.seed, Stream::Model as u64, 0);
        let (intrinsic, clusters) = (options.intrinsic as usize, options.clusters() as usize);
        let spectrum: Vec<f32> = (1..=intrinsic).map(|i| (i as f32).powf(SPECTRUM)).collect();
        let centres = (0..clusters).flat_map(|_| &spectrum);
        let centres = centres.map(|spread| spread * random.normal()).collect();
        let spreads = (0..clusters).flat_map(|_| spreads(&spectrum, &mut random));
        let spreads = spreads.collect();
        let energy: f32 = spectrum.iter().map(|spread| spread * spread).sum();
        let hidden = 1.0 / (HIDDEN as f32).sqrt();
        let layers = [
            Layer::new((intrinsic, HIDDEN), 1.2 / energy.sqrt(), 0.3, &mut random),
            Layer::new((HIDDEN, HIDDEN), 1.5 * hidden, 0.3, &mut random),
            Layer::new((HIDDEN, options.dims as usize), hidden, OFFSET, &mut random),
        ];
        Model {
            seed: options.seed,
            normalize: options.normalize,
            intrinsic,
            shares: shares(clusters),
            centres,
            spreads,
            layers,
        }
    }

    pub(super) fn dims(&self) -> usize {
        self.layers[2].bias.len()
    }

    /// The rows of one chunk, end to end.
    pub(super) fn draw(&self, stream: Stream, chunk: usize, rows: usize) -> Vec<f32> {
        let mut random = Random::new(self.seed, stream as u64, chunk as u64);
        let mut latent = Vec::with_capacity(rows * self.intrinsic);
        for _ in 0..rows {
            self.draw_latent(&mut random, &mut latent);
        }
        let [first, second, last] = &self.layers;
        let hidden = second.apply(&first.apply(&latent, f32::tanh), f32::tanh);
        let mut points = last.apply(&hidden, |sum| sum);
        points
            .iter_mut()
            .for_each(|value| *value += NOISE * random.noise());
        if self.normalize {
            let rows = points.chunks_exact_mut(self.dims());
            rows.for_each(|row| {
                nigh_simd::normalize(row);
            });
        }
        points
    }

    fn draw_latent(&self, random: &mut Random, into: &mut Vec<f32>) {
        let at = random.unit();
        let cluster = self.shares.partition_point(|&share| share <= at);
        let start = cluster.min(self.shares.len() - 1) * self.intrinsic;
        let centre = &self.centres[start..][..self.intrinsic];
        let spread = &self.spreads[start..][..self.intrinsic];
        let both = centre.iter().zip(spread);
        into.extend(both.map(|(centre, spread)| centre + spread * random.normal()));
    }
}

/// Cumulative shares of a power law.
fn shares(clusters: usize) -> Vec<f64> {
    let sizes: Vec<f64> = (1..=clusters)
        .map(|rank| (rank as f64).powf(SIZES))
        .collect();
    let total: f64 = sizes.iter().sum();
    let mut sum = 0.0;
    let cumulate = |size: &f64| {
        sum += size / total;
        sum
    };
    sizes.iter().map(cumulate).collect()
}

/// Of one cluster: some are wide, some narrow, each more in some directions than in others.
fn spreads(spectrum: &[f32], random: &mut Random) -> Vec<f32> {
    let size = WITHIN * (0.3 * random.normal()).exp();
    let each = spectrum.iter();
    each.map(|spread| size * spread * (0.2 * random.normal()).exp())
        .collect()
}

/// A matrix and a bias.
struct Layer {
    inputs: usize,
    /// A row of `inputs` weights for each output.
    weights: Vec<f32>,
    bias: Vec<f32>,
}

impl Layer {
    fn new(
        (inputs, outputs): (usize, usize),
        weight: f32,
        bias: f32,
        random: &mut Random,
    ) -> Layer {
        let mut normals = |count: usize, spread: f32| -> Vec<f32> {
            (0..count).map(|_| spread * random.normal()).collect()
        };
        Layer {
            inputs,
            weights: normals(inputs * outputs, weight),
            bias: normals(outputs, bias),
        }
    }

    fn apply(&self, rows: &[f32], activation: impl Fn(f32) -> f32) -> Vec<f32> {
        let outputs = self.bias.len();
        let mut sums = vec![0.0; rows.len() / self.inputs * outputs];
        nigh_simd::dot_block(rows, &self.weights, self.inputs, &mut sums);
        for row in sums.chunks_exact_mut(outputs) {
            let each = row.iter_mut().zip(&self.bias);
            each.for_each(|(sum, bias)| *sum = activation(*sum + bias));
        }
        sums
    }
}
