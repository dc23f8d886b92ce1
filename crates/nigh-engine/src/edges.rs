//! Temporary.
/// T.
#[derive(Debug)]
pub struct EdgeList {
    /// T.
    pub ids: nigh_graph::Ids,
    /// T.
    pub edges: Vec<nigh_graph::Edge>,
}
/// T.
#[derive(Debug, thiserror::Error)]
#[error("x")]
pub struct EdgesError;
