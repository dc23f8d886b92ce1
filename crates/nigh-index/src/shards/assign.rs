//! Which row goes to which shard.

use std::cmp::Reverse;

use crate::random::Random;

/// The shard of a label where rows are spread by hash: 0 to `shards` − 1 (0 shards count as 1).
///
/// The label's SplitMix64 value (Steele, Lea and Flood, OOPSLA 2014, §5: the first output of a generator whose state is
/// the label) times the number of shards, divided by 2⁶⁴ and rounded down. It depends on nothing else and will not change:
/// a label that is added later finds the shard of an earlier row with the same label.
pub fn hash_shard(label: u64, shards: usize) -> usize {
    Random::new(label).below(shards)
}

/// A shard for each category, given how many rows each has: the largest first, each onto the shard with the fewest rows, so
/// that a category lies whole in one shard.
///
/// The fullest shard then holds at most 4/3 of what the best packing needs (Graham, "Bounds on multiprocessing timing
/// anomalies", SIAM J. Appl. Math. 1969); a category with more than the mean load makes its shard the fullest whatever the
/// packing. Among equals the first category and the first shard come first. 0 shards count as 1.
pub fn pack_categories(rows: &[usize], shards: usize) -> Vec<usize> {
    let mut loads = vec![0_usize; shards.max(1)];
    let mut order: Vec<usize> = (0..rows.len()).collect();
    order.sort_by_key(|&category| Reverse(rows[category]));
    let mut places = vec![0; rows.len()];
    for category in order {
        let least = (0..loads.len()).min_by_key(|&shard| loads[shard]);
        let least = least.unwrap_or_default();
        loads[least] += rows[category];
        places[category] = least;
    }
    places
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Labels must find their shards in files that were written years ago.
    #[test]
    fn hashes_never_change() {
        let cases: &[(u64, u64)] = &[
            // The published first outputs of SplitMix64 for the seeds 0 and 1234567.
            (0, 0xe220_a839_7b1d_cdaf),
            (1_234_567, 6_457_827_717_110_365_317),
        ];
        let mut wrong = Vec::new();
        for &(label, hash) in cases {
            for shards in [1, 2, 3, 7, 64, 1000] {
                let expected = ((u128::from(hash) * shards as u128) >> 64) as usize;
                let found = hash_shard(label, shards);
                if found != expected {
                    wrong.push((label, shards, found, expected));
                }
            }
        }
        assert!(wrong.is_empty(), "{wrong:?}");
        assert_eq!(hash_shard(5, 0), 0);
    }

    #[test]
    fn hashes_spread_consecutive_labels() {
        for shards in [2, 5, 16] {
            let mut loads = vec![0_u32; shards];
            (0..160_000).for_each(|label| loads[hash_shard(label, shards)] += 1);
            let mean = 160_000.0 / shards as f64;
            let far = loads
                .iter()
                .find(|&&load| (f64::from(load) / mean - 1.0).abs() > 0.04);
            assert_eq!(far, None, "{loads:?}");
        }
    }

    #[test]
    fn categories_are_packed_whole() {
        let cases: &[(&[usize], usize, &[usize])] = &[
            (&[], 3, &[]),
            (&[5], 3, &[0]),
            (&[5, 5, 5, 5], 2, &[0, 1, 0, 1]),
            (&[1, 9, 4, 4], 2, &[1, 0, 1, 1]),
            (&[7, 6, 5, 4, 3, 2, 1], 3, &[0, 1, 2, 2, 1, 0, 0]),
            (&[0, 0, 3], 2, &[1, 1, 0]),
            (&[3, 4], 0, &[0, 0]),
        ];
        let mut wrong = Vec::new();
        for &(rows, shards, expected) in cases {
            let found = pack_categories(rows, shards);
            if found != expected {
                wrong.push((rows, shards, found));
            }
        }
        assert!(wrong.is_empty(), "{wrong:?}");
    }
}
