//! The one place that knows the boosting crate.

use std::num::NonZeroUsize;

use hessboost::config::GrowPolicy;
use hessboost::metric::{Cutoff, EvalMetric};
use hessboost::model::BoostedModel;
use hessboost::objective::{LambdaRank, RegLoss};
use hessboost::prelude::{DMatrix, Objective, Trainer, TrainingParams, TreeMethod};
use hessboost::tree::RegTree;

use super::forest::{Forest, Node, UNKNOWN_LEFT};
use super::{RankerConfig, RankerError, RankerExamples, RankerLoss};

/// What training gives: trees, and each feature's share of the gain.
pub(super) struct Grown {
    pub(super) forest: Forest,
    pub(super) importance: Vec<f32>,
}

/// Grows the trees of all models; a model's leaves are divided by their number, so that the sum is the mean.
pub(super) fn grow(
    examples: &RankerExamples,
    validation: Option<&RankerExamples>,
    config: &RankerConfig,
) -> Result<Grown, RankerError> {
    let train = matrix(examples)?;
    let validation = validation.map(matrix).transpose()?;
    let (mut nodes, mut roots) = (Vec::new(), Vec::new());
    let mut gains = vec![0.0; examples.features().len()];
    for model in 0..config.models {
        let seed = config.seed.wrapping_add(model as u64);
        let boosted = boost(&train, validation.as_ref(), config, seed)?;
        let rounds = boosted
            .best_iteration()
            .map_or(boosted.num_trees(), |best| best + 1);
        for tree in boosted.trees().iter().take(rounds) {
            roots.push(nodes.len() as u32);
            append(&mut nodes, tree, 1.0 / config.models as f32);
            add_gains(&mut gains, tree);
        }
    }
    let all = gains.iter().sum::<f64>().max(f64::MIN_POSITIVE);
    let importance = gains.iter().map(|gain| (gain / all) as f32).collect();
    let forest = Forest::new(nodes, &roots, gains.len()).map_err(|reason| {
        let reason = reason.to_owned();
        RankerError::Growth { reason }
    })?;
    Ok(Grown { forest, importance })
}

fn matrix(examples: &RankerExamples) -> Result<DMatrix, RankerError> {
    let (rows, width) = (examples.labels().len(), examples.features().len());
    DMatrix::from_dense(examples.values(), rows, width)
        .and_then(|matrix| matrix.with_labels(examples.labels()))
        .and_then(|matrix| matrix.with_group_sizes(examples.groups()))
        .map_err(growth)
}

fn boost(
    train: &DMatrix,
    validation: Option<&DMatrix>,
    config: &RankerConfig,
    seed: u64,
) -> Result<BoostedModel, RankerError> {
    let params = params(config, seed).map_err(growth)?;
    let mut trainer = Trainer::new(&params, train, config.rounds);
    if let (Some(validation), Some(patience)) = (validation, NonZeroUsize::new(config.patience)) {
        trainer = trainer
            .eval(validation, "validation")
            .early_stopping_rounds(patience);
    }
    Ok(trainer.train().map_err(growth)?.model)
}

fn params(config: &RankerConfig, seed: u64) -> hessboost::error::Result<TrainingParams> {
    TrainingParams::builder()
        .objective(match config.loss {
            RankerLoss::Logistic => Objective::BinaryLogitRaw(RegLoss::default()),
            RankerLoss::LambdaNdcg => Objective::RankNdcg(LambdaRank::new(config.pairs)?),
        })
        .eval_metric(EvalMetric::Ndcg(Cutoff::top(10)?))
        .tree_method(TreeMethod::Hist)
        .grow_policy(GrowPolicy::LossGuide)
        .eta(config.learning_rate)
        .max_leaves(config.leaves)
        .max_depth(config.depth)
        .min_child_weight(config.min_child_weight)
        .subsample(config.row_share)
        .colsample_bytree(config.feature_share)
        .lambda(config.l2)
        .max_bin(config.bins)
        .seed(seed)
        .build()
}

fn append(nodes: &mut Vec<Node>, tree: &RegTree, weight: f32) {
    let root = nodes.len() as u32;
    for (place, node) in tree.nodes().iter().enumerate() {
        nodes.push(if node.is_leaf() {
            Node::leaf(root + place as u32, node.leaf_value * weight)
        } else {
            Node {
                feature: node.split_feature | if node.default_left { UNKNOWN_LEFT } else { 0 },
                threshold: node.split_cond,
                left: root + node.left as u32,
                right: root + node.right as u32,
            }
        });
    }
}

fn add_gains(gains: &mut [f64], tree: &RegTree) {
    for node in tree.nodes().iter().filter(|node| !node.is_leaf()) {
        gains[node.split_feature as usize] += f64::from(node.split_gain);
    }
}

fn growth(error: hessboost::error::HessboostError) -> RankerError {
    let reason = error.to_string();
    RankerError::Growth { reason }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

    use hessboost::model::Iterations;

    use super::*;
    use crate::splitmix64;

    fn random(place: usize) -> f32 {
        (splitmix64(place as u64) >> 40) as f32 / (1 << 24) as f32
    }

    /// Rows of five features, some not known; relevant where the first two say so together.
    fn examples(people: usize) -> RankerExamples {
        let mut examples = RankerExamples::new(&["a", "b", "c", "d", "e"]);
        for person in 0..people {
            let value = |place: usize| match random(person * 1000 + place) {
                unknown if unknown < 0.1 => f32::NAN,
                known => known,
            };
            let rows: Vec<f32> = (0..200).map(value).collect();
            let relevant = |row: &[f32]| row[0] + row[1] * row[1] > 1.4;
            let labels: Vec<bool> = rows.chunks(5).map(relevant).collect();
            examples.push(&rows, &labels).unwrap();
        }
        examples
    }

    #[test]
    fn flat_trees_score_as_the_crate_that_grew_them() {
        let (examples, others) = (examples(60), examples(67));
        let rows = &others.values()[..others.values().len() - 35];
        for loss in [RankerLoss::Logistic, RankerLoss::LambdaNdcg] {
            let config = RankerConfig {
                loss,
                rounds: 40,
                leaves: 31,
                ..RankerConfig::default()
            };
            let boosted = boost(&matrix(&examples).unwrap(), None, &config, 0).unwrap();
            let forest = grow(&examples, None, &config).unwrap().forest;
            let mut scores = Vec::new();
            forest.score(rows, 5, &mut scores);
            let expected = boosted.predict_margin_rows(rows, Iterations::Best).unwrap();
            let wrong: Vec<_> = (0..scores.len())
                .filter(|&row| {
                    let expected = expected.get(row, 0).unwrap() - boosted.base_score();
                    (scores[row] - expected).abs() > 1e-5 * expected.abs().max(1.0)
                })
                .collect();
            assert_eq!(wrong, Vec::<usize>::new(), "{loss:?}");
        }
    }
}
