//! Trees in one row of small nodes, walked by a block of rows at a time.

/// Rows that walk a tree side by side: their steps do not wait for each other.
const BLOCK: usize = 8;

/// The bit of [`Node::feature`] that sends a value that is not known to the left.
pub(super) const UNKNOWN_LEFT: u32 = 1 << 31;

/// A step in a tree. A leaf is its own child on both sides, so that all rows may take the same number of steps, and its
/// `threshold` is its score.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Node {
    /// Which value decides, and in [`UNKNOWN_LEFT`] where NaN goes.
    pub(super) feature: u32,
    /// Values below it go left.
    pub(super) threshold: f32,
    pub(super) left: u32,
    pub(super) right: u32,
}

impl Node {
    /// A leaf at this place.
    pub(super) fn leaf(place: u32, score: f32) -> Node {
        Node {
            feature: 0,
            threshold: score,
            left: place,
            right: place,
        }
    }

    fn next(&self, row: &[f32]) -> u32 {
        let value = row[(self.feature & !UNKNOWN_LEFT) as usize];
        let unknown_left = value.is_nan() & (self.feature & UNKNOWN_LEFT != 0);
        if (value < self.threshold) | unknown_left {
            self.left
        } else {
            self.right
        }
    }
}

/// Trees whose scores are added up.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Forest {
    nodes: Vec<Node>,
    trees: Vec<Tree>,
}

/// Where a tree's root is, and how many steps from it to the deepest leaf.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Tree {
    root: u32,
    depth: u32,
}

impl Forest {
    /// The trees that begin at these nodes, over rows of `width` values; or why they are none: every child must lie behind
    /// its parent.
    pub(super) fn new(
        nodes: Vec<Node>,
        roots: &[u32],
        width: usize,
    ) -> Result<Forest, &'static str> {
        let count = nodes.len();
        let sound = |(place, node): (usize, &Node)| {
            let children = [node.left as usize, node.right as usize];
            let inner = children.iter().all(|&child| child > place && child < count);
            let leaf = children == [place; 2];
            (inner || leaf) && ((node.feature & !UNKNOWN_LEFT) as usize) < width
        };
        if !nodes.iter().enumerate().all(sound) {
            return Err("a node leads outside its tree");
        }
        if roots.iter().any(|&root| root as usize >= count) {
            return Err("a tree has no root");
        }
        let depths = depths(&nodes);
        let tree = |&root: &u32| Tree {
            root,
            depth: depths[root as usize],
        };
        let trees = roots.iter().map(tree).collect();
        Ok(Forest { nodes, trees })
    }

    pub(super) fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    pub(super) fn roots(&self) -> impl ExactSizeIterator<Item = u32> + '_ {
        self.trees.iter().map(|tree| tree.root)
    }

    pub(super) fn trees(&self) -> usize {
        self.trees.len()
    }

    /// The score of each row of `width` values, instead of what `scores` held. The sum goes over the trees in their order,
    /// whatever the rows beside it are.
    pub(super) fn score(&self, rows: &[f32], width: usize, scores: &mut Vec<f32>) {
        scores.clear();
        if width == 0 {
            return;
        }
        scores.resize(rows.len() / width, 0.0);
        let blocks = rows.chunks(BLOCK * width).zip(scores.chunks_mut(BLOCK));
        for (rows, scores) in blocks {
            for tree in &self.trees {
                self.add(tree, rows, width, scores);
            }
        }
    }

    fn add(&self, tree: &Tree, rows: &[f32], width: usize, scores: &mut [f32]) {
        let mut at = [tree.root; BLOCK];
        for _ in 0..tree.depth {
            for (place, row) in at.iter_mut().zip(rows.chunks_exact(width)) {
                *place = self.nodes[*place as usize].next(row);
            }
        }
        for (score, &place) in scores.iter_mut().zip(&at) {
            *score += self.nodes[place as usize].threshold;
        }
    }
}

/// How many steps lie between each node and the deepest leaf below it.
fn depths(nodes: &[Node]) -> Vec<u32> {
    let mut depths = vec![0; nodes.len()];
    for (place, node) in nodes.iter().enumerate().rev() {
        if node.left as usize != place {
            let below: u32 = depths[node.left as usize].max(depths[node.right as usize]);
            depths[place] = below + 1;
        }
    }
    depths
}
