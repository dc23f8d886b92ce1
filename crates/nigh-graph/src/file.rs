//! A graph in a file: compressed lists and the ids of its nodes, memory-mapped.

use std::ops::Range;
use std::path::{Path, PathBuf};

use nigh_mmap::{Format, SectionError, SectionWriter, Sections, Verification, View};

use crate::ids::{Ids, IdsFile};
use crate::list;
use crate::{Adjacency, Csr};

const FORMAT: Format = Format {
    magic: *b"nighgrph",
    version: 1,
};
/// So many lists are found from one anchor.
const GROUP: usize = 64;
/// Up to this size, a file is checked whole when it is opened; a larger one by [`GraphFile::verify`].
const CHECKED_BYTES: u64 = 256 << 20;

/// A graph that does not change, mapped from its file: every list compressed, about 2 to 5 bytes an edge for both its
/// directions.
#[derive(Debug)]
pub struct GraphFile {
    path: PathBuf,
    sections: Sections,
    header: Header,
    /// Where in `lists` each group of lists begins.
    anchors: View<u64>,
    /// Where each list begins in its group.
    starts: View<u32>,
    lists: View<u8>,
    /// Where each node's times and weights begin; absent where edges carry nothing.
    entries: Option<View<u64>>,
    times: Option<View<i64>>,
    weights: Option<View<f32>>,
    ids: IdsFile,
}

/// What the file says of itself, as numbers.
#[derive(Clone, Copy, Debug)]
struct Header {
    nodes: usize,
    edges: u64,
    sequence: u64,
}

/// Writes a graph and the ids of its nodes; returns the file's length in bytes.
///
/// `sequence` is the number of the last change that it holds, opaque here.
///
/// # Errors
/// [`WriteGraphError`].
pub fn write_graph(
    path: &Path,
    graph: &Csr,
    ids: &Ids,
    sequence: u64,
) -> Result<u64, WriteGraphError> {
    if ids.len() != graph.nodes() {
        let (ids, nodes) = (ids.len(), graph.nodes());
        return Err(WriteGraphError::Ids { ids, nodes });
    }
    let (anchors, starts, bytes) = pack(graph)?;
    let mut writer = SectionWriter::create(path, FORMAT)?;
    let header = [graph.nodes() as u64, graph.edges() as u64, sequence];
    writer.put("header", &header)?;
    writer.put("anchors", &anchors)?;
    writer.put("starts", &starts)?;
    writer.put("lists", &bytes)?;
    if graph.is_timed() || graph.is_weighted() {
        let offsets: Vec<u64> = graph.offsets().iter().map(|&at| at as u64).collect();
        writer.put("entries", &offsets)?;
    }
    if graph.is_timed() {
        put_lists(&mut writer, "times", graph, Csr::times)?;
    }
    if graph.is_weighted() {
        put_lists(&mut writer, "weights", graph, Csr::weights)?;
    }
    ids.write(&mut writer)?;
    Ok(writer.finish()?)
}

impl GraphFile {
    /// Opens a file; one of up to 256 MB is compared with its checksums and every list is looked at.
    ///
    /// # Errors
    /// [`OpenGraphError`]; the file is derived, and to be made again.
    pub fn open(path: &Path) -> Result<GraphFile, OpenGraphError> {
        let small = std::fs::metadata(path).is_ok_and(|file| file.len() <= CHECKED_BYTES);
        let how = if small {
            Verification::Full
        } else {
            Verification::Structure
        };
        let sections = Sections::open_with(path, FORMAT, how)?;
        let file = GraphFile::over(path, sections)?;
        file.check()?;
        if small {
            file.check_lists()?;
        }
        Ok(file)
    }

    /// Compares the whole file with its checksums and looks at every list.
    ///
    /// # Errors
    /// [`OpenGraphError`].
    pub fn verify(&self) -> Result<(), OpenGraphError> {
        self.sections.verify()?;
        self.check_lists()
    }

    /// How many edges there are, each counted once.
    #[must_use]
    pub fn edges(&self) -> u64 {
        self.header.edges
    }

    /// The number of the last change that the graph holds.
    #[must_use]
    pub fn sequence(&self) -> u64 {
        self.header.sequence
    }

    /// The file's length in bytes.
    #[must_use]
    pub fn file_bytes(&self) -> u64 {
        self.sections.file_bytes()
    }

    /// The ids of the nodes.
    #[must_use]
    pub fn ids(&self) -> &IdsFile {
        &self.ids
    }

    /// When each edge of a node came to be, in the order of its neighbours; empty in a graph without times.
    ///
    /// # Panics
    /// Where the graph has no such node.
    #[must_use]
    pub fn times(&self, node: u32) -> &[i64] {
        carried(&self.times, self.range(node))
    }

    /// How strong each edge of a node is, in the order of its neighbours; empty in a graph without weights.
    ///
    /// # Panics
    /// Where the graph has no such node.
    #[must_use]
    pub fn weights(&self, node: u32) -> &[f32] {
        carried(&self.weights, self.range(node))
    }

    /// Whether edges carry times.
    #[must_use]
    pub fn is_timed(&self) -> bool {
        self.times.is_some()
    }

    /// Whether edges carry weights.
    #[must_use]
    pub fn is_weighted(&self) -> bool {
        self.weights.is_some()
    }

    fn over(path: &Path, sections: Sections) -> Result<GraphFile, OpenGraphError> {
        let header = sections.view::<u64>("header")?;
        let &[nodes, edges, sequence] = &header[..] else {
            return Err(corrupt(path, "its header does not hold three numbers"));
        };
        let header = Header {
            nodes: nodes as usize,
            edges,
            sequence,
        };
        let file = GraphFile {
            path: path.to_owned(),
            header,
            anchors: sections.view("anchors")?,
            starts: sections.view("starts")?,
            lists: sections.view("lists")?,
            entries: optional(&sections, "entries")?,
            times: optional(&sections, "times")?,
            weights: optional(&sections, "weights")?,
            ids: IdsFile::over(path, &sections)?,
            sections,
        };
        Ok(file)
    }

    fn check(&self) -> Result<(), OpenGraphError> {
        let nodes = self.header.nodes;
        let listed = self.starts.len() == nodes && self.anchors.len() == nodes.div_ceil(GROUP);
        let entries = self.entries.as_deref();
        let values = entries.and_then(|entries| entries.last()).copied();
        let whole =
            |length: Option<usize>| length.is_none_or(|length| Some(length as u64) == values);
        let times = self.times.as_deref().map(<[i64]>::len);
        let weights = self.weights.as_deref().map(<[f32]>::len);
        let ordered = entries.is_none_or(|at| at.len() == nodes + 1 && at.is_sorted());
        if !listed || !ordered || !whole(times) || !whole(weights) {
            return Err(corrupt(&self.path, "its sections do not fit each other"));
        }
        match self.ids.len() == nodes {
            true => Ok(()),
            false => Err(corrupt(&self.path, "it has not one id for each node")),
        }
    }

    fn check_lists(&self) -> Result<(), OpenGraphError> {
        let mut buffer = Vec::new();
        let mut entries = 0;
        for node in 0..self.header.nodes as u32 {
            let wanted = list::length(self.list_bytes(node));
            let list = list::decode(self.list_bytes(node), &mut buffer);
            let inside = list
                .last()
                .is_none_or(|&last| (last as usize) < self.header.nodes);
            let carried = self.entries.is_none() || self.range(node).len() == list.len();
            if list.len() != wanted || !inside || !carried || !list.is_sorted() {
                let reason = format!("the list of node {node} is not one");
                return Err(corrupt(&self.path, &reason));
            }
            entries += list.len() as u64;
        }
        match entries == 2 * self.header.edges {
            true => Ok(()),
            false => Err(corrupt(&self.path, "it has not as many edges as it says")),
        }
    }

    fn list_bytes(&self, node: u32) -> &[u8] {
        let node = node as usize;
        let start = self.anchors[node / GROUP].saturating_add(u64::from(self.starts[node]));
        self.lists.get(start as usize..).unwrap_or(&[])
    }

    fn range(&self, node: u32) -> Range<usize> {
        let at = |node: usize| match &self.entries {
            Some(entries) => entries[node] as usize,
            None => 0,
        };
        at(node as usize)..at(node as usize + 1)
    }
}

impl Adjacency for GraphFile {
    fn nodes(&self) -> usize {
        self.header.nodes
    }

    fn degree(&self, node: u32) -> usize {
        list::length(self.list_bytes(node))
    }

    fn neighbours<'a>(&'a self, node: u32, buffer: &'a mut Vec<u32>) -> &'a [u32] {
        list::decode(self.list_bytes(node), buffer)
    }

    fn times<'a>(&'a self, node: u32, _buffer: &'a mut Vec<i64>) -> &'a [i64] {
        self.times(node)
    }
}

type Packed = (Vec<u64>, Vec<u32>, Vec<u8>);

/// Where the groups begin, where each list begins in its group, and the lists.
fn pack(graph: &Csr) -> Result<Packed, WriteGraphError> {
    let nodes = graph.nodes();
    let mut anchors = Vec::with_capacity(nodes.div_ceil(GROUP));
    let mut starts = Vec::with_capacity(nodes);
    let mut bytes = Vec::with_capacity(graph.targets().len() * 2);
    let mut anchor = 0;
    for node in 0..nodes {
        if node % GROUP == 0 {
            anchor = bytes.len();
            anchors.push(anchor as u64);
        }
        let start = u32::try_from(bytes.len() - anchor);
        starts.push(start.map_err(|_| WriteGraphError::TooDense { node })?);
        list::encode(graph.list(node as u32), &mut bytes);
    }
    bytes.extend([0; list::PADDING]);
    Ok((anchors, starts, bytes))
}

fn put_lists<T: bytemuck::NoUninit>(
    writer: &mut SectionWriter,
    name: &str,
    graph: &Csr,
    values: for<'a> fn(&'a Csr, u32) -> &'a [T],
) -> Result<(), nigh_mmap::WriteError> {
    let mut section = writer.section(name)?;
    for node in 0..graph.nodes() as u32 {
        section.write(values(graph, node))?;
    }
    Ok(())
}

pub(crate) fn optional<T: bytemuck::AnyBitPattern>(
    sections: &Sections,
    name: &str,
) -> Result<Option<View<T>>, SectionError> {
    let known = sections.names().any(|known| known == name);
    known.then(|| sections.view(name)).transpose()
}

fn carried<T: bytemuck::AnyBitPattern>(values: &Option<View<T>>, range: Range<usize>) -> &[T] {
    let values = values.as_deref();
    values.and_then(|values| values.get(range)).unwrap_or(&[])
}

pub(crate) fn corrupt(path: &Path, reason: &str) -> OpenGraphError {
    OpenGraphError::Corrupt {
        path: path.to_owned(),
        reason: reason.to_owned(),
    }
}

/// Why a graph cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum WriteGraphError {
    /// Each node has one id.
    #[error("{ids} ids were given for {nodes} nodes")]
    Ids {
        /// How many ids were given.
        ids: usize,
        /// How many nodes the graph has.
        nodes: usize,
    },
    /// Neighbouring lists take more bytes than an offset counts.
    #[error("the lists before that of node {node} take more than 4 GiB together")]
    TooDense {
        /// The first node whose list begins too far away.
        node: usize,
    },
    /// The file cannot be written.
    #[error(transparent)]
    Write(#[from] nigh_mmap::WriteError),
}

/// Why a file is not a graph to use.
#[derive(Debug, thiserror::Error)]
pub enum OpenGraphError {
    /// It is not an intact file.
    #[error(transparent)]
    File(#[from] nigh_mmap::OpenError),
    /// A part of it is missing.
    #[error(transparent)]
    Section(#[from] SectionError),
    /// Its parts contradict each other.
    #[error("{} is no intact graph: {reason}", path.display())]
    Corrupt {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
}
