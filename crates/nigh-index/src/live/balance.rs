//! Keeping lists about equally long as rows come and go: long ones are split, short ones dissolved, and rows beside them move
//! to where they are nearest (Xu et al., "SPFresh", SOSP 2023, §3.2: LIRE).

use rayon::prelude::*;

use crate::kmeans::{self, Training};

/// The nearest of centroids, laid end to end, for rows laid end to end.
pub(crate) type Assign<'a> = dyn Fn(&[f32], &[f32]) -> Vec<u32> + Sync + 'a;

/// Where rows lie, as lists see them.
pub(crate) struct Space<'a> {
    pub(crate) dim: usize,
    /// Whether centroids are of unit length.
    pub(crate) spherical: bool,
    /// The coordinates of some rows, end to end.
    pub(crate) coordinates: &'a (dyn Fn(&[u32]) -> Vec<f32> + Sync),
    pub(crate) assign: &'a Assign<'a>,
}

impl Space<'_> {
    /// The same by many threads.
    fn all_coordinates(&self, rows: &[u32]) -> Vec<f32> {
        let parts = rows.par_chunks(ROWS_A_TASK).map(self.coordinates);
        parts.collect::<Vec<_>>().concat()
    }
}

/// Centroids, end to end, and the list of each row.
#[derive(Debug)]
pub(crate) struct Lists {
    pub(crate) centroids: Vec<f32>,
    pub(crate) of_rows: Vec<u32>,
}

/// How many lists suit `rows` rows if `lists` suited `before`: what grows with the root is best for searches; see
/// [`IvfConfig::default_lists`](crate::IvfConfig::default_lists).
pub(crate) fn target(lists: usize, before: usize, rows: usize) -> usize {
    let wanted = match before {
        // What grows from nothing says nothing of what suits it.
        0 => 2.0 * (rows as f64).sqrt(),
        _ => lists as f64 * (rows as f64 / before as f64).sqrt(),
    };
    (wanted.round() as usize).clamp(1, rows.max(1))
}

/// Lists beside a centroid that came or went which it may take rows from or leave rows to.
const NEIGHBOURS: usize = 8;

/// Rows that training looks at, for each centroid.
const SAMPLE: usize = 32;

/// Rows that move at a time.
const MOVED: usize = 1 << 16;

const ROWS_A_TASK: usize = 1024;

/// Of training divisions, and then of settling what is new among what is beside it.
const ITERATIONS: usize = 6;

/// Brings the number of lists near `target` and the lists near each other in length. One list is left as it is, and so
/// are all if there are no rows.
pub(crate) fn balanced(lists: Lists, space: &Space<'_>, target: usize) -> Lists {
    let count = lists.centroids.len() / space.dim;
    if count == 0 || lists.of_rows.is_empty() {
        return lists;
    }
    let (starts, members) = kmeans::group(&lists.of_rows, count);
    let sizes: Vec<usize> = starts.windows(2).map(|pair| pair[1] - pair[0]).collect();
    let parts = parts(&sizes, target);
    let of_list = |list: usize| &members[starts[list]..starts[list + 1]];
    let divided: Vec<Vec<f32>> = (0..count)
        .into_par_iter()
        .map(|list| {
            let kept = &lists.centroids[list * space.dim..][..space.dim];
            divide(of_list(list), kept, parts[list], space, list as u64)
        })
        .collect();
    let stirred = stirred(&lists.centroids, space.dim, &parts, &divided);
    let moving: Vec<u32> = (0..count)
        .filter(|&list| stirred[list])
        .flat_map(of_list)
        .copied()
        .collect();
    let mut lists = lists.renamed(&divided, space.dim);
    let new = (0..count).flat_map(|list| vec![stirred[list]; parts[list]]);
    lists.settle(&moving, &new.collect::<Vec<bool>>(), space);
    lists.place(&moving, space);
    lists
}

impl Lists {
    /// Lists with their rows' means, in whatever space, as centroids. All rows are about to move.
    pub(crate) fn around(of_rows: Vec<u32>, count: usize, space: &Space<'_>) -> Lists {
        let step = (of_rows.len() / (SAMPLE * count)).max(1);
        let sample: Vec<u32> = (0..of_rows.len() as u32).step_by(step).collect();
        let nearest: Vec<u32> = sample.iter().map(|&row| of_rows[row as usize]).collect();
        let mut centroids = vec![0.0; count * space.dim];
        kmeans::recentre(
            &space.all_coordinates(&sample),
            space.dim,
            &nearest,
            &mut centroids,
        );
        let mut lists = Lists { centroids, of_rows };
        let all: Vec<u32> = (0..lists.of_rows.len() as u32).collect();
        lists.place(&all, space);
        lists
    }

    /// The same with other centroids in each one's place; rows stay with the first of them.
    fn renamed(self, divided: &[Vec<f32>], dim: usize) -> Lists {
        let firsts = divided.iter().scan(0, |next, centroids| {
            let first = *next;
            *next += (centroids.len() / dim) as u32;
            Some(first)
        });
        let firsts: Vec<u32> = firsts.collect();
        let of_rows = self.of_rows.iter().map(|&list| firsts[list as usize]);
        Lists {
            of_rows: of_rows.collect(),
            centroids: divided.concat(),
        }
    }

    /// Moves the centroids that may move to the means of the rows about them, a few times.
    fn settle(&mut self, rows: &[u32], may_move: &[bool], space: &Space<'_>) {
        let wanted = SAMPLE * may_move.iter().filter(|&&may| may).count();
        let step = (rows.len() / wanted.max(1)).max(1);
        let sample: Vec<u32> = rows.iter().step_by(step).copied().collect();
        let sample = space.all_coordinates(&sample);
        for _ in 0..ITERATIONS {
            let nearest = (space.assign)(&sample, &self.centroids);
            let mut moved = self.centroids.clone();
            kmeans::recentre(&sample, space.dim, &nearest, &mut moved);
            let pairs = self
                .centroids
                .chunks_exact_mut(space.dim)
                .zip(moved.chunks_exact_mut(space.dim));
            for ((centroid, moved), _) in pairs.zip(may_move).filter(|(_, may)| **may) {
                if space.spherical {
                    nigh_simd::normalize(moved);
                }
                centroid.copy_from_slice(moved);
            }
        }
    }

    /// Moves rows to the lists that they are nearest to.
    fn place(&mut self, rows: &[u32], space: &Space<'_>) {
        for some in rows.chunks(MOVED) {
            let nearest = (space.assign)(&space.all_coordinates(some), &self.centroids);
            for (&row, list) in some.iter().zip(nearest) {
                self.of_rows[row as usize] = list;
            }
        }
    }
}

/// Into how many each list is divided, 1 keeping it and 0 dissolving it. Lists longer than twice the mean are divided, those
/// shorter than an eighth dissolved; then, as far as it takes to reach `target`, the longest of those above the mean or the
/// shortest of those below. Where that leaves too few, the longest dissolved ones are kept.
fn parts(sizes: &[usize], target: usize) -> Vec<usize> {
    let rows: usize = sizes.iter().sum();
    let mean = (rows / target).max(1);
    let divide = |&size: &usize| match size {
        size if size > 2 * mean => (size + mean / 2) / mean,
        size if 8 * size < mean => 0,
        _ => 1,
    };
    let mut parts: Vec<usize> = sizes.iter().map(divide).collect();
    let count: usize = parts.iter().sum();
    let mut by_size: Vec<usize> = (0..sizes.len()).filter(|&i| parts[i] < 2).collect();
    by_size.sort_by_key(|&i| sizes[i]);
    if count > target {
        let shortest = by_size.iter().filter(|&&i| sizes[i] < mean);
        let dissolved = shortest.filter(|&&i| parts[i] == 1).copied();
        let dissolved: Vec<usize> = dissolved.take(count - target).collect();
        dissolved.into_iter().for_each(|i| parts[i] = 0);
        return parts;
    }
    let longest = by_size.iter().rev().filter(|&&i| sizes[i] > 0);
    let wanting = longest.filter(|&&i| parts[i] == 0 || sizes[i] > mean);
    let wanting: Vec<usize> = wanting.take(target - count).copied().collect();
    wanting.into_iter().for_each(|i| parts[i] += 1);
    parts
}

/// The centroids that take a list's place.
fn divide(members: &[u32], kept: &[f32], parts: usize, space: &Space<'_>, seed: u64) -> Vec<f32> {
    match parts {
        0 => Vec::new(),
        1 => kept.to_vec(),
        _ => {
            let step = (members.len() / (parts * SAMPLE)).max(1);
            let sample: Vec<u32> = members.iter().step_by(step).copied().collect();
            let training = Training {
                clusters: parts,
                iterations: ITERATIONS,
                seed,
                spherical: space.spherical,
            };
            kmeans::train(&(space.coordinates)(&sample), space.dim, &training)
        }
    }
}

/// Which lists have other rows now, or rows that may be nearer to another centroid: those that are kept no more, and those beside
/// a new centroid or one that is gone.
fn stirred(centroids: &[f32], dim: usize, parts: &[usize], divided: &[Vec<f32>]) -> Vec<bool> {
    let mut stirred: Vec<bool> = parts.iter().map(|&parts| parts != 1).collect();
    let changed = (0..parts.len()).into_par_iter().filter(|&i| stirred[i]);
    let places = changed.flat_map(|i| match parts[i] {
        0 => centroids[i * dim..][..dim].par_chunks_exact(dim),
        _ => divided[i].par_chunks_exact(dim),
    });
    let beside: Vec<usize> = places
        .flat_map_iter(|place| nearest(place, centroids, NEIGHBOURS))
        .collect();
    beside.into_iter().for_each(|list| stirred[list] = true);
    stirred
}

fn nearest(to: &[f32], centroids: &[f32], count: usize) -> Vec<usize> {
    let mut squares = vec![0.0; centroids.len() / to.len()];
    nigh_simd::l2_squared_rows(to, centroids, &mut squares);
    let mut order: Vec<usize> = (0..squares.len()).collect();
    if count < order.len() {
        order.select_nth_unstable_by(count, |&a, &b| squares[a].total_cmp(&squares[b]));
        order.truncate(count);
    }
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_lists_are_divided_and_short_ones_dissolved() {
        let cases: &[(&str, &[usize], usize, &[usize])] = &[
            ("all alike", &[10, 10, 10, 10], 4, &[1, 1, 1, 1]),
            ("one long", &[10, 50, 11, 12], 4, &[0, 3, 0, 1]),
            ("one empty", &[20, 20, 0, 40], 4, &[1, 1, 0, 2]),
            ("more wanted", &[30, 20, 25, 21], 6, &[2, 1, 2, 1]),
            ("fewer wanted", &[16, 40, 7, 41], 3, &[1, 1, 0, 1]),
            ("many for one", &[100, 0, 0, 0], 4, &[4, 0, 0, 0]),
            ("fewer rows than lists", &[1, 0, 1, 0], 2, &[1, 0, 1, 0]),
            ("grown from one row", &[90], 9, &[9]),
            (
                "spread thin",
                &[1, 2, 1, 2, 1, 2, 1, 2, 1, 2, 1],
                1,
                &[0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0],
            ),
        ];
        let mut wrong = Vec::new();
        for &(name, sizes, target, expected) in cases {
            let found = parts(sizes, target);
            if found != expected {
                wrong.push((name, found));
            }
        }
        assert!(wrong.is_empty(), "{wrong:?}");
    }

    #[test]
    fn lists_follow_the_root_of_the_rows() {
        let cases = [
            ((10, 100, 400), 20),
            ((20, 400, 100), 10),
            ((10, 100, 100), 10),
            ((10, 100, 0), 1),
            ((10, 100, 3), 2),
            ((1, 0, 5), 4),
            ((253, 0, 10_000), 200),
        ];
        let wrong: Vec<_> = cases
            .into_iter()
            .map(|((lists, before, rows), expected)| (target(lists, before, rows), expected))
            .filter(|(found, expected)| found != expected)
            .collect();
        assert!(wrong.is_empty(), "{wrong:?}");
    }

    #[test]
    fn every_row_beside_a_new_centroid_is_with_its_nearest() {
        // Three lists on a line; all is well but for the middle one, which grew.
        let rows: Vec<f32> = [
            vec![0.0; 10],
            (0..60).map(|i| 100.0 + i as f32).collect(),
            vec![201.0; 10],
        ]
        .concat();
        let lists = Lists {
            centroids: vec![0.0, 110.0, 201.0],
            of_rows: (0..80)
                .map(|i| u32::from(i >= 10) + u32::from(i >= 70))
                .collect(),
        };
        let space = Space {
            dim: 1,
            spherical: false,
            coordinates: &|some| some.iter().map(|&row| rows[row as usize]).collect(),
            assign: &|rows, centroids| kmeans::assign(rows, 1, centroids).clusters,
        };
        let found = balanced(lists, &space, 4);
        assert!(found.centroids.len() >= 4, "{found:?}");
        assert_eq!(
            found.of_rows,
            kmeans::assign(&rows, 1, &found.centroids).clusters
        );
    }
}
