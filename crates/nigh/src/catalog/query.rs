//! What is searched for: a picture, an item, or several pictures and texts.

use std::path::Path;
use std::time::Instant;

use anyhow::{Context, Result, anyhow};
use nigh_encode::{DecodeLimits, decode};
use nigh_engine::{Catalog, Refined, Trace, combine, read_image, read_image_file};

use super::search::{Ask, search_picture};
use crate::cli::{EncoderArgs, QueryArgs};
use crate::encoder;
use crate::output::Output;

/// What is searched for.
pub(crate) enum Query {
    /// A picture: its name and its bytes.
    Picture(String, Vec<u8>),
    /// An item of the collection.
    Item(String),
    /// Several, or words.
    Mixed(Vec<Part>),
}

/// One of several things that make a query; its weight is negative where there should be less of it.
pub(crate) struct Part {
    what: What,
    weight: f32,
}

enum What {
    Picture(String, Vec<u8>),
    Text(String),
    Item(String),
}

impl Part {
    /// The bytes of a picture to show.
    pub(crate) fn picture(&self) -> Option<&[u8]> {
        match &self.what {
            What::Picture(_, bytes) if self.weight > 0.0 => Some(bytes),
            _ => None,
        }
    }

    fn name(&self) -> String {
        let name = match &self.what {
            What::Picture(name, _) | What::Text(name) | What::Item(name) => name,
        };
        match (self.weight < 0.0, self.weight.abs()) {
            (false, 1.0) => name.clone(),
            (true, 1.0) => format!("less {name}"),
            (false, weight) => format!("{name} (× {weight})"),
            (true, weight) => format!("less {name} (× {weight})"),
        }
    }
}

impl Query {
    /// What a person calls it.
    pub(crate) fn name(&self) -> String {
        match self {
            Self::Picture(name, _) | Self::Item(name) => name.clone(),
            Self::Mixed(parts) => {
                let names: Vec<String> = parts.iter().map(Part::name).collect();
                names.join(" + ")
            }
        }
    }

    pub(super) fn read(args: &QueryArgs) -> Result<Self> {
        let mut parts = Vec::new();
        for (pictures, sign) in [(&args.image, 1.0), (&args.less_image, -1.0)] {
            for given in pictures {
                let (file, weight) = weighted_file(given)?;
                let (name, bytes) = read_picture(file)?;
                let what = What::Picture(name, bytes);
                parts.push(Part {
                    what,
                    weight: sign * weight,
                });
            }
        }
        for (texts, sign) in [(&args.text, 1.0), (&args.less, -1.0)] {
            for given in texts {
                let (text, weight) = weighted(given)?;
                let what = What::Text(text.to_owned());
                parts.push(Part {
                    what,
                    weight: sign * weight,
                });
            }
        }
        parts.extend(args.id.iter().map(|id| Part {
            what: What::Item(id.clone()),
            weight: 1.0,
        }));
        let single = parts.len() == 1;
        match parts.pop() {
            None => Err(anyhow!("give --image FILE, --text WORDS or --id ID")),
            Some(Part {
                what: What::Picture(name, bytes),
                weight: 1.0,
            }) if single => Ok(Self::Picture(name, bytes)),
            Some(Part {
                what: What::Item(id),
                ..
            }) if single => Ok(Self::Item(id)),
            Some(last) => {
                parts.push(last);
                Ok(Self::Mixed(parts))
            }
        }
    }

    /// The query's embeddings and what is near them.
    pub(super) fn search(
        &self,
        catalog: &Catalog,
        encoder: &EncoderArgs,
        threads: usize,
        ask: &Ask,
        output: Output,
    ) -> Result<(Vec<f32>, Refined)> {
        match self {
            Self::Item(id) => {
                let rows = catalog.embeddings(id)?;
                let found = ask.of(catalog, &rows)?;
                Ok((rows, found))
            }
            Self::Picture(name, bytes) => {
                let encoder = catalog
                    .encoder()
                    .open(&encoder::request(encoder, threads)?)?;
                search_picture(catalog, &encoder, name, bytes, ask)
            }
            Self::Mixed(parts) => {
                let mut trace = Trace::default();
                let row = mixed(parts, catalog, encoder, threads, &mut trace, output)?;
                let spent: u64 = trace.stages.iter().map(|stage| stage.us).sum();
                let mut found = ask.of(catalog, &row)?;
                trace.stages.append(&mut found.reply.trace.stages);
                found.reply.trace = trace;
                found.reply.latency_us += spent;
                Ok((row, found))
            }
        }
    }
}

/// The one embedding of all parts.
fn mixed(
    parts: &[Part],
    catalog: &Catalog,
    encoder: &EncoderArgs,
    threads: usize,
    trace: &mut Trace,
    output: Output,
) -> Result<Vec<f32>> {
    let request = encoder::request(encoder, threads)?;
    let mut rows: Vec<(Vec<f32>, f32)> = Vec::new();
    let texts = parts.iter().filter_map(|part| match &part.what {
        What::Text(text) => Some((text.as_str(), part.weight)),
        _ => None,
    });
    let (texts, weights): (Vec<&str>, Vec<f32>) = texts.unzip();
    if !texts.is_empty() {
        let model = catalog.encoder().open_text(&request)?;
        let started = Instant::now();
        let found = model.encode(&texts)?;
        trace.push("words", texts.len(), texts.len(), started);
        for cut in &found.truncated {
            output.note(format!(
                "the text {:?} has {} tokens, of which the model reads {}: its end is left out",
                texts[cut.index], cut.tokens, cut.kept
            ));
        }
        let found = found.rows.chunks_exact(model.dimension());
        let found = found.map(|row| catalog.reduce(row.to_vec()));
        rows.extend(found.zip(weights));
    }
    let pictures = parts.iter().filter_map(|part| match &part.what {
        What::Picture(name, bytes) => Some((name, bytes, part.weight)),
        _ => None,
    });
    let pictures: Vec<_> = pictures.collect();
    if !pictures.is_empty() {
        let model = catalog.encoder().open(&request)?;
        let started = Instant::now();
        for &(name, bytes, weight) in &pictures {
            let picture = decode(bytes, &DecodeLimits::default()).with_context(|| name.clone())?;
            let row = model.encode(&[picture]).with_context(|| name.clone())?;
            rows.push((catalog.reduce(row), weight));
        }
        trace.push("encode", pictures.len(), pictures.len(), started);
    }
    for part in parts {
        if let What::Item(id) = &part.what {
            let images = catalog.embeddings(id)?;
            let images: Vec<(&[f32], f32)> = images
                .chunks(catalog.dimension().max(1))
                .map(|image| (image, 1.0))
                .collect();
            rows.push((combine(&images)?, part.weight));
        }
    }
    let rows: Vec<(&[f32], f32)> = rows
        .iter()
        .map(|(row, weight)| (row.as_slice(), *weight))
        .collect();
    Ok(combine(&rows)?)
}

fn read_picture(path: &Path) -> Result<(String, Vec<u8>)> {
    let limits = DecodeLimits::default();
    let (name, bytes) = if path == Path::new("-") {
        (
            "standard input".to_owned(),
            read_image(std::io::stdin(), 0, &limits),
        )
    } else {
        (path.display().to_string(), read_image_file(path, &limits))
    };
    let bytes = bytes.map_err(|reason| anyhow!("{name} {reason}"))?;
    Ok((name, bytes))
}

/// A file whose name looks like one with a weight is still that file.
fn weighted_file(given: &Path) -> Result<(&Path, f32)> {
    match given.to_str().filter(|_| !given.exists()) {
        Some(given) => weighted(given).map(|(file, weight)| (Path::new(file), weight)),
        None => Ok((given, 1.0)),
    }
}

/// `dress^0.5`: what counts, and how much.
fn weighted(given: &str) -> Result<(&str, f32)> {
    let Some((what, weight)) = given.rsplit_once('^') else {
        return Ok((given, 1.0));
    };
    match weight.trim().parse::<f32>() {
        Ok(weight) if weight.is_finite() && weight > 0.0 => Ok((what.trim_end(), weight)),
        Ok(_) => Err(anyhow!(
            "{given:?}: a weight is more than 0; --less takes what there should be less of"
        )),
        Err(_) => Ok((given, 1.0)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_follow_a_caret() {
        let rows = [
            ("dress", Some(("dress", 1.0))),
            ("red dress^0.5", Some(("red dress", 0.5))),
            ("a.jpg ^ 2", Some(("a.jpg", 2.0))),
            ("x^y", Some(("x^y", 1.0))),
            ("dress^0", None),
            ("dress^-1", None),
            ("dress^inf", None),
        ];
        for (given, expected) in rows {
            assert_eq!(weighted(given).ok(), expected, "{given}");
        }
    }
}
