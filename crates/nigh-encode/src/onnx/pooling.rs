use super::choices::{Layout, Pool};
use super::runtime::Output;

/// One row for each picture of a run.
pub(super) struct Pooled {
    pub(super) data: Vec<f32>,
    pub(super) dimension: usize,
}

/// Reduces a model's output to `pictures × dimension`; the error is the end of a sentence.
pub(super) fn pool(output: Output, pool: Pool, layout: Layout) -> Result<Pooled, String> {
    let Output { shape, data } = output;
    let Some((&pictures, inner)) = shape.split_first() else {
        return Err("is a single number".to_owned());
    };
    let (dimension, data) = match (pool, inner) {
        (Pool::None, _) => (flat(inner)?, data),
        (Pool::Mean, &[dimension]) => (dimension, data),
        // [batch, channel, row, column]
        (Pool::Mean, &[channels, height, width]) if layout == Layout::Nchw => {
            (channels, mean_of_runs(&data, height * width))
        }
        // [batch, row, column, channel] and [batch, token, channel]
        (Pool::Mean, &[height, width, channels]) => {
            (channels, mean_of_rows(&data, height * width, channels))
        }
        (Pool::Mean, &[tokens, channels]) => (channels, mean_of_rows(&data, tokens, channels)),
        (Pool::First, &[tokens, channels]) if tokens > 0 => {
            (channels, first_of_rows(&data, tokens, channels))
        }
        _ => {
            return Err(format!(
                "has the shape {shape:?}, which \"pool\": \"{pool}\" cannot reduce"
            ));
        }
    };
    if dimension == 0 || data.len() != pictures * dimension {
        return Err(format!(
            "has the shape {shape:?}, which holds no embeddings"
        ));
    }
    Ok(Pooled { data, dimension })
}

/// The one inner axis that is longer than 1.
fn flat(inner: &[usize]) -> Result<usize, String> {
    if inner.iter().filter(|side| **side != 1).count() > 1 {
        let hint = "a \"pool\" of \"mean\" or \"first\" makes one row of it";
        return Err(format!(
            "has the inner shape {inner:?}, expected one axis: {hint}"
        ));
    }
    Ok(inner.iter().product())
}

fn mean_of_runs(data: &[f32], length: usize) -> Vec<f32> {
    data.chunks_exact(length.max(1))
        .map(|run| (run.iter().map(|x| f64::from(*x)).sum::<f64>() / length as f64) as f32)
        .collect()
}

fn mean_of_rows(data: &[f32], rows: usize, channels: usize) -> Vec<f32> {
    let mut means = Vec::new();
    for picture in data.chunks_exact((rows * channels).max(1)) {
        let mut sums = vec![0f64; channels];
        for row in picture.chunks_exact(channels) {
            sums.iter_mut()
                .zip(row)
                .for_each(|(sum, x)| *sum += f64::from(*x));
        }
        means.extend(sums.into_iter().map(|sum| (sum / rows as f64) as f32));
    }
    means
}

fn first_of_rows(data: &[f32], rows: usize, channels: usize) -> Vec<f32> {
    let pictures = data.chunks_exact((rows * channels).max(1));
    pictures
        .flat_map(|picture| &picture[..channels])
        .copied()
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    type Row = (
        &'static [usize],
        Pool,
        Layout,
        Result<Vec<f32>, &'static str>,
    );

    #[test]
    fn reduces_each_shape_as_documented() {
        let ramp = |n: usize| (0..n).map(|i| i as f32).collect::<Vec<f32>>();
        let rows: [Row; 8] = [
            (&[2, 3], Pool::None, Layout::Nchw, Ok(ramp(6))),
            (&[2, 3, 1, 1], Pool::None, Layout::Nchw, Ok(ramp(6))),
            (
                &[1, 2, 2, 2],
                Pool::None,
                Layout::Nchw,
                Err("has the inner shape [2, 2, 2]"),
            ),
            (&[1, 2, 1, 2], Pool::Mean, Layout::Nchw, Ok(vec![0.5, 2.5])),
            (&[1, 1, 2, 2], Pool::Mean, Layout::Nhwc, Ok(vec![1.0, 2.0])),
            (
                &[2, 2, 2],
                Pool::Mean,
                Layout::Nchw,
                Ok(vec![1.0, 2.0, 5.0, 6.0]),
            ),
            (
                &[2, 2, 2],
                Pool::First,
                Layout::Nchw,
                Ok(vec![0.0, 1.0, 4.0, 5.0]),
            ),
            (
                &[1, 2, 2, 2],
                Pool::First,
                Layout::Nchw,
                Err("has the shape [1, 2, 2, 2], which \"pool\": \"first\""),
            ),
        ];
        for (shape, how, layout, expected) in rows {
            let output = Output {
                shape: shape.to_vec(),
                data: ramp(shape.iter().product()),
            };
            let result = pool(output, how, layout).map(|pooled| pooled.data);
            match expected {
                Ok(data) => assert_eq!(result, Ok(data), "{shape:?} {how}"),
                Err(start) => assert!(result.unwrap_err().starts_with(start), "{shape:?} {how}"),
            }
        }
    }
}
