//! Rows that no centroid is trained on.

use crate::random::Random;

/// Whether a row with this label is kept out of the training of centroids: one in sixteen is, chosen by a hash of the label alone.
///
/// Such rows are found like all others. They can stand for queries that the index has not seen: with some twenty rows in a list, a row
/// draws its own centroid towards itself, and finds 0.003 to 0.006 more of its neighbours than these (Fashion-MNIST, 1,960 lists, 4 to 16 of
/// them visited).
pub fn is_held_out(label: u64) -> bool {
    Random::new(label ^ OTHER).below(HELD_OUT) == 0
}

/// Makes the hash another than that of [`hash_shard`](crate::hash_shard): every shard has its part of these rows.
const OTHER: u64 = 0x6e69_6768_6865_6c64;

/// One in so many.
const HELD_OUT: usize = 16;

/// The rows to train on, up to `count` of those that are not held out, ascending; of all, if at least `least` are needed and
/// would not be left.
pub(crate) fn training_rows(
    labels: &[u64],
    count: usize,
    least: usize,
    random: &mut Random,
) -> Vec<u32> {
    let mut picked = random.pick(labels.len(), count);
    let seen = |row: &&u32| !is_held_out(labels[**row as usize]);
    if picked.iter().filter(seen).count() >= least {
        picked.retain(|row| !is_held_out(labels[*row as usize]));
    }
    picked
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_in_sixteen_is_held_out_whatever_the_labels_look_like() {
        for step in [1_u64, 2, 16, 1 << 16, 1 << 32] {
            let held = (0..64_000).filter(|n| is_held_out(n * step)).count();
            assert!((3_700..4_300).contains(&held), "step {step}: {held}");
        }
    }

    #[test]
    fn every_shard_by_hash_has_its_part() {
        for shards in [2, 4, 16, 32] {
            let mut held = vec![0; shards];
            let labels = (0..32_000).filter(|&label| is_held_out(label));
            labels.for_each(|label| held[crate::hash_shard(label, shards)] += 1);
            let mean = 2_000 / shards;
            assert!(
                held.iter().all(|&n| n > mean / 2 && n < 2 * mean),
                "{held:?}"
            );
        }
    }

    #[test]
    fn training_leaves_them_out_unless_too_few_are_left() {
        let labels: Vec<u64> = (0..3_200).collect();
        let mut random = Random::new(1);
        let rows = training_rows(&labels, 3_200, 2_500, &mut random);
        assert!(rows.len() < 3_100 && rows.is_sorted());
        assert!(!rows.iter().any(|&row| is_held_out(row.into())));
        assert_eq!(
            training_rows(&labels, 3_200, 3_200, &mut random).len(),
            3_200
        );
    }
}
