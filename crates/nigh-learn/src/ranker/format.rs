//! A ranker as bytes, little-endian: magic, version, names and shares of the features, roots, nodes, xxh3 of all before it.

use xxhash_rust::xxh3::xxh3_64;

use super::forest::{Forest, Node};
use super::{Ranker, RankerError};

const MAGIC: &[u8; 8] = b"nighrank";
const VERSION: u32 = 1;

pub(super) fn encode(ranker: &Ranker) -> Vec<u8> {
    let mut bytes = MAGIC.to_vec();
    let number = |bytes: &mut Vec<u8>, number: u32| bytes.extend(number.to_le_bytes());
    number(&mut bytes, VERSION);
    number(&mut bytes, ranker.features.len() as u32);
    for (name, share) in ranker.features.iter().zip(&ranker.importance) {
        number(&mut bytes, name.len() as u32);
        bytes.extend(name.as_bytes());
        number(&mut bytes, share.to_bits());
    }
    number(&mut bytes, ranker.forest.roots().len() as u32);
    for root in ranker.forest.roots() {
        number(&mut bytes, root);
    }
    number(&mut bytes, ranker.forest.nodes().len() as u32);
    for node in ranker.forest.nodes() {
        number(&mut bytes, node.feature);
        number(&mut bytes, node.threshold.to_bits());
        number(&mut bytes, node.left);
        number(&mut bytes, node.right);
    }
    let sum = xxh3_64(&bytes);
    bytes.extend(sum.to_le_bytes());
    bytes
}

pub(super) fn decode(bytes: &[u8]) -> Result<Ranker, RankerError> {
    let wrong = |reason| RankerError::NotARanker { reason };
    let rest = bytes
        .strip_prefix(MAGIC)
        .ok_or(wrong("they do not begin as one"))?;
    let got = Reader { rest }.number()?;
    if got != VERSION {
        let expected = VERSION;
        return Err(RankerError::Version { got, expected });
    }
    let (body, sum) = rest
        .split_last_chunk::<8>()
        .ok_or(wrong("they end too soon"))?;
    if xxh3_64(&bytes[..bytes.len() - 8]) != u64::from_le_bytes(*sum) {
        return Err(wrong("their checksum is another: they are damaged"));
    }
    let mut reader = Reader { rest: &body[4..] };
    let ranker = reader.ranker()?;
    if reader.rest.is_empty() {
        Ok(ranker)
    } else {
        Err(wrong("they go on behind its end"))
    }
}

struct Reader<'a> {
    rest: &'a [u8],
}

impl Reader<'_> {
    fn ranker(&mut self) -> Result<Ranker, RankerError> {
        let named = self.many(|reader| Ok((reader.text()?, f32::from_bits(reader.number()?))))?;
        let (features, importance): (Vec<String>, _) = named.into_iter().unzip();
        let roots = self.many(Reader::number)?;
        let nodes = self.many(Reader::node)?;
        let forest = Forest::new(nodes, &roots, features.len())
            .map_err(|reason| RankerError::NotARanker { reason })?;
        Ok(Ranker {
            features,
            importance,
            forest,
        })
    }

    fn node(&mut self) -> Result<Node, RankerError> {
        Ok(Node {
            feature: self.number()?,
            threshold: f32::from_bits(self.number()?),
            left: self.number()?,
            right: self.number()?,
        })
    }

    /// A count, then so many of what `one` reads. The count is not trusted with memory.
    fn many<T>(
        &mut self,
        one: impl Fn(&mut Self) -> Result<T, RankerError>,
    ) -> Result<Vec<T>, RankerError> {
        let count = self.number()?;
        (0..count).map(|_| one(self)).collect()
    }

    fn text(&mut self) -> Result<String, RankerError> {
        let length = self.number()? as usize;
        let bytes = self.take(length)?.to_vec();
        let reason = "a feature's name is no text";
        String::from_utf8(bytes).map_err(|_| RankerError::NotARanker { reason })
    }

    fn number(&mut self) -> Result<u32, RankerError> {
        let bytes = self.take(4)?;
        Ok(bytes
            .iter()
            .rev()
            .fold(0, |number, &byte| number << 8 | u32::from(byte)))
    }

    fn take(&mut self, count: usize) -> Result<&[u8], RankerError> {
        let reason = "they end too soon";
        let (taken, rest) = self
            .rest
            .split_at_checked(count)
            .ok_or(RankerError::NotARanker { reason })?;
        self.rest = rest;
        Ok(taken)
    }
}
