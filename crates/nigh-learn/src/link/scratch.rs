/// Memory for walks around people, made once for each thread and used again: 45 bytes a node.
#[derive(Debug, Default)]
pub struct LinkScratch {
    /// What lies two steps away.
    pub(super) near: Vec<Near>,
    /// What three and four steps add.
    pub(super) far: Vec<Far>,
    pub(super) is_friend: Vec<bool>,
    /// All friends of the person, ascending.
    pub(super) friends: Vec<u32>,
    /// Those whose lists are read.
    pub(super) read: Vec<u32>,
    /// Nodes two steps away, with the person and friends who are friends of each other.
    pub(super) second: Vec<u32>,
    /// Nodes that the third step reached, maybe also closer ones.
    pub(super) third: Vec<u32>,
    /// Nodes that the fourth step reached first, or the second and the fourth.
    pub(super) fourth: Vec<u32>,
    /// A list as the graph decodes it.
    pub(super) list: Vec<u32>,
    /// Its times.
    pub(super) times: Vec<i64>,
}

/// Sums over the friends that a node has in common with the person.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Near {
    /// 1.
    pub(super) common: f32,
    /// 1 / ln degree.
    pub(super) adamic: f32,
    /// 1 / degree.
    pub(super) allocation: f32,
    /// 1 / √degree.
    pub(super) root: f32,
    /// The greatest 1 / degree.
    pub(super) greatest: f32,
    /// How much of the person's circle the friend shares, as a Jaccard index.
    pub(super) tie_overlap: f32,
    /// The same by a walk.
    pub(super) tie_walk: f32,
    /// 1 / degree, less for friendships of long ago.
    pub(super) recent: f32,
}

/// Sums over longer paths.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Far {
    /// The share of a walk that is here after three steps.
    pub(super) three: f32,
    /// The same after four.
    pub(super) four: f32,
    /// Σ 1 / √(degree · degree) over the two nodes between.
    pub(super) paths: f32,
}

impl LinkScratch {
    /// Forgets the last person and makes room for so many nodes.
    pub(super) fn begin(&mut self, nodes: usize) {
        for &node in self.second.iter().chain(&self.third).chain(&self.fourth) {
            self.near[node as usize] = Near::default();
            self.far[node as usize] = Far::default();
        }
        for &friend in &self.friends {
            self.is_friend[friend as usize] = false;
        }
        for nodes in [
            &mut self.friends,
            &mut self.read,
            &mut self.second,
            &mut self.third,
            &mut self.fourth,
        ] {
            nodes.clear();
        }
        if self.near.len() < nodes {
            self.near.resize(nodes, Near::default());
            self.far.resize(nodes, Far::default());
            self.is_friend.resize(nodes, false);
        }
    }

    /// Everybody who was reached, once.
    pub(super) fn reached(&self) -> impl Iterator<Item = u32> + '_ {
        let later = self.third.iter().chain(&self.fourth);
        let new = later.filter(|&&node| self.near[node as usize].common == 0.0);
        self.second.iter().chain(new).copied()
    }
}
