//! What is said of a candidate.

use nigh_graph::{Adjacency, allocation};

use super::LinkTables;
use super::places::{PLACE_8, add_places, place, share};
use super::scratch::{Far, LinkScratch, Near};

/// Name and meaning of each feature. `d` is a degree, "common" are the friends that person and candidate share, and "back" is
/// the walk from the candidate to the person. The first eight also have a `…_place` among the person's candidates, from
/// 0, and a `…_share` of the best of them, behind all others.
pub const LINK_FEATURES: [(&str, &str); 53] = [
    ("allocation", "Σ 1 / d over common: resource allocation"),
    ("allocation_root", "allocation / √d of the candidate"),
    ("walk_near", "walks of 2 to 4 steps, short ones first"),
    ("walk_far", "walks of 2 to 4 steps, as much of each"),
    (
        "paths_three",
        "paths of three steps over √ of all four degrees",
    ),
    (
        "tie_walk",
        "Σ over common of the tie to the person, by walks",
    ),
    ("spectral_dot", "inner product of the spectral embeddings"),
    ("embedding_dot", "inner product of the learned embeddings"),
    ("common", "how many common"),
    ("adamic_adar", "Σ 1 / ln d over common"),
    ("jaccard", "common / friends of either"),
    ("salton", "common / √(d · d)"),
    ("hub_promoted", "common / the lower d"),
    ("allocation_each", "allocation / d of the candidate"),
    ("allocation_greatest", "the greatest 1 / d over common"),
    ("allocation_of_roots", "Σ 1 / √d over common"),
    ("common_share", "common / d of the candidate"),
    ("walk_three", "share of a walk after three steps"),
    ("walk_four", "share of a walk after four steps"),
    ("walk_three_back", "walk_three, back"),
    ("walk_four_back", "walk_four, back"),
    ("walk_near_back", "walk_near, back"),
    ("walk_far_back", "walk_far, back"),
    ("walk_far_root", "walk_far / √d of the candidate"),
    (
        "paths_between",
        "paths of three steps over √ of the two degrees between",
    ),
    (
        "tie_overlap",
        "Σ over common of the tie to the person, by Jaccard",
    ),
    ("tie_overlap_mean", "tie_overlap / common"),
    ("tie_walk_root", "tie_walk / √d of the candidate"),
    ("degree_own", "d of the person"),
    ("degree", "d of the candidate"),
    ("degree_ratio", "d of the candidate / d of the person"),
    ("core_own", "core number of the person"),
    ("core", "core number of the candidate"),
    ("core_gap", "how far the core numbers are apart"),
    (
        "clustering_own",
        "share of the person's friends who are friends",
    ),
    (
        "clustering",
        "share of the candidate's friends who are friends",
    ),
    ("around_own", "mean ln d of the person's friends"),
    ("around", "mean ln d of the candidate's friends"),
    ("same_community", "1 where both are of one community"),
    ("community_size", "people in the candidate's community"),
    ("spectral_cosine", "cosine of the spectral embeddings"),
    ("embedding_cosine", "cosine of the learned embeddings"),
    ("attributes_same", "attributes of the same value"),
    ("profile_cosine", "cosine of the profiles"),
    (
        "recent_allocation",
        "Σ 1 / d over common, each friendship halved by half-lives of its age",
    ),
    (
        "last_friend_own",
        "ln (1 + days) from the person's last friendship to the newest of all",
    ),
    ("last_friend", "the same of the candidate"),
    (
        "their_place",
        "doublings of the place by allocation in the candidate's list",
    ),
    (
        "their_share",
        "allocation / that of place 8 in the candidate's list",
    ),
    (
        "their_walk_place",
        "doublings of the place by walks in the candidate's list",
    ),
    (
        "their_walk_share",
        "the walk back / that of place 8 in the candidate's list",
    ),
    (
        "their_friends_share",
        "allocation / its mean with the candidate's friends",
    ),
    (
        "own_friends_share",
        "allocation / its mean with the person's friends",
    ),
];

/// How many of the first [`LINK_FEATURES`] are also ranked among a person's candidates.
pub(super) const RANKED: usize = 8;

/// Values of a row: the features, then a place for each that is ranked, then a share for each.
pub(super) const WIDTH: usize = LINK_FEATURES.len() + 2 * RANKED;

/// The names of a row's values, in their order.
#[must_use]
pub fn link_feature_names() -> Vec<String> {
    let ranked = LINK_FEATURES[..RANKED].iter();
    let places = ranked.clone().map(|(name, _)| format!("{name}_place"));
    let shares = ranked.map(|(name, _)| format!("{name}_share"));
    let own = LINK_FEATURES.iter().map(|(name, _)| (*name).to_owned());
    own.chain(places).chain(shares).collect()
}

/// Walks of two and three steps, as tables compare them.
pub(super) fn walk_of_three(two: f32, three: f32) -> f32 {
    0.125 * two + 0.0625 * three
}

/// A person and all that features of candidates read.
pub(super) struct Viewer<'a, G> {
    pub(super) graph: &'a G,
    pub(super) tables: &'a LinkTables,
    pub(super) scratch: &'a LinkScratch,
    pub(super) person: u32,
    /// Of the person; empty where there is none.
    pub(super) embedding: &'a [f32],
}

impl<G: Adjacency> Viewer<'_, G> {
    /// One row for each candidate.
    pub(super) fn rows(&self, candidates: &[u32]) -> Vec<f32> {
        let mut rows = vec![0.0; candidates.len() * WIDTH];
        for (row, &candidate) in rows.chunks_exact_mut(WIDTH).zip(candidates) {
            row[..LINK_FEATURES.len()].copy_from_slice(&self.features(candidate));
        }
        add_places(&mut rows);
        rows
    }

    fn features(&self, candidate: u32) -> [f32; LINK_FEATURES.len()] {
        let near = self.scratch.near[candidate as usize];
        let far = self.scratch.far[candidate as usize];
        let own = self.tables.facts(self.person);
        let other = self.tables.facts(candidate);
        let own_degree = self.graph.degree(self.person);
        let degree = self.graph.degree(candidate);
        let walks = Walks::of(&near, &far, allocation(own_degree));
        let (dot, cosine) = self.tables.spectral(self.person, candidate);
        let (learned_dot, learned_cosine) = self.tables.closeness(self.embedding, candidate);
        let profiles = self.tables.profiles().compare(self.person, candidate);
        let (u, v) = (own_degree.max(1) as f32, degree.max(1) as f32);
        let back = u / v;
        let walk_back = walk_of_three(near.allocation / v, far.three * back);
        [
            near.allocation,
            near.allocation / v.sqrt(),
            walks.near,
            walks.far,
            far.paths / (u * v).sqrt(),
            near.tie_walk,
            dot,
            learned_dot,
            near.common,
            near.adamic,
            near.common / (u + v - near.common).max(1.0),
            near.common / (u * v).sqrt(),
            near.common / u.min(v),
            near.allocation / v,
            near.greatest,
            near.root,
            near.common / v,
            far.three,
            far.four,
            far.three * back,
            far.four * back,
            walks.near * back,
            walks.far * back,
            walks.far / v.sqrt(),
            far.paths,
            near.tie_overlap,
            near.tie_overlap / near.common.max(1.0),
            near.tie_walk / v.sqrt(),
            own_degree as f32,
            degree as f32,
            degree as f32 / u,
            own.core,
            other.core,
            (other.core - own.core).abs(),
            own.clustering,
            other.clustering,
            own.around,
            other.around,
            f32::from(u8::from(own.is_with(other))),
            other.community_size,
            cosine,
            learned_cosine,
            profiles.same as f32,
            profiles.cosine,
            near.recent,
            own.last_friend,
            other.last_friend,
            place(&other.allocations, near.allocation),
            share(near.allocation, other.allocations[PLACE_8]),
            place(&other.walks, walk_back),
            share(walk_back, other.walks[PLACE_8]),
            share(near.allocation, other.friends_allocation),
            share(near.allocation, own.friends_allocation),
        ]
    }
}

/// Two mixtures of walks from the person; their weights were chosen on three networks.
pub(super) struct Walks {
    pub(super) near: f32,
    pub(super) far: f32,
}

impl Walks {
    pub(super) fn of(near: &Near, far: &Far, own_share: f32) -> Walks {
        let two = near.allocation * own_share;
        Walks {
            near: walk_of_three(two, far.three) + 0.0625 * far.four,
            far: 0.25 * two + 0.2 * far.three + 0.25 * far.four,
        }
    }
}
