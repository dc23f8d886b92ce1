/// Edges that a sample must not use, in either direction: those which a batch is to learn.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LeftOut {
    directed: Vec<(u32, u32)>,
}

impl LeftOut {
    /// Leaves these out.
    #[must_use]
    pub fn of(edges: &[(u32, u32)]) -> LeftOut {
        let both = |&(a, b): &(u32, u32)| [(a, b), (b, a)];
        let mut directed: Vec<_> = edges.iter().flat_map(both).collect();
        directed.sort_unstable();
        LeftOut { directed }
    }

    /// The other ends of what is left out at a node, ascending.
    pub(super) fn at(&self, node: u32) -> &[(u32, u32)] {
        let start = self.directed.partition_point(|edge| edge.0 < node);
        let end = start + self.directed[start..].partition_point(|edge| edge.0 == node);
        &self.directed[start..end]
    }
}
