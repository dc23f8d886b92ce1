/// Who is next to whom, in any of the forms that a graph has here.
///
/// Nodes are numbers from 0 to `nodes() - 1`. The graph is undirected and simple: every edge lies in the lists of both
/// its ends, once, and nobody is their own neighbour.
pub trait Adjacency: Sync {
    /// How many nodes there are.
    fn nodes(&self) -> usize;

    /// How many neighbours a node has.
    ///
    /// # Panics
    /// Where `node` is not below [`Adjacency::nodes`].
    fn degree(&self, node: u32) -> usize;

    /// The neighbours of a node in ascending order, in `buffer` where the graph does not hold them as they are.
    ///
    /// # Panics
    /// Where `node` is not below [`Adjacency::nodes`].
    fn neighbours<'a>(&'a self, node: u32, buffer: &'a mut Vec<u32>) -> &'a [u32];

    /// When each edge of a node came to be, in seconds since 1970 and in the order of [`Adjacency::neighbours`], in `buffer`
    /// where the graph does not hold it as it is; empty in a graph without times.
    ///
    /// # Panics
    /// Where `node` is not below [`Adjacency::nodes`].
    fn times<'a>(&'a self, node: u32, buffer: &'a mut Vec<i64>) -> &'a [i64];
}
