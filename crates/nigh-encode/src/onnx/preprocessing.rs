use std::fmt;

use super::choices::{Channels, Filter, Layout, Resize};
use super::resample::{Part, Resampler, Window};
use crate::Picture;

/// Every step from a picture to a model's input tensor, with nothing left open.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Preprocessing {
    pub(super) height: usize,
    pub(super) width: usize,
    pub(super) resize: Resize,
    pub(super) shorter_side: usize,
    pub(super) background: [u8; 3],
    pub(super) filter: Filter,
    pub(super) channels: Channels,
    pub(super) layout: Layout,
    pub(super) rescale: f64,
    pub(super) mean: [f64; 3],
    pub(super) std: [f64; 3],
}

/// Memory and filter tables that one caller uses again for each picture.
#[derive(Default)]
pub(super) struct Workspace {
    resampler: Resampler,
    scaled: Vec<u8>,
    framed: Vec<u8>,
}

/// A centre crop can see nothing of what lies further out than this many times the shorter side;
/// leaving it away first keeps a picture of 1 x 30,000 from being scaled to millions of rows.
const LONGEST_CROPPED: usize = 8;

impl Preprocessing {
    /// Numbers in one picture's tensor.
    pub(super) fn numbers(&self) -> usize {
        3 * self.height * self.width
    }

    /// The model's value for each of the 256 pixel values, per channel in the model's order.
    ///
    /// Computed in f64 and rounded once: no further from the definition than f32 allows.
    pub(super) fn table(&self) -> [[f32; 256]; 3] {
        std::array::from_fn(|channel| {
            std::array::from_fn(|value| {
                let scaled = value as f64 * self.rescale - self.mean[channel];
                (scaled / self.std[channel]) as f32
            })
        })
    }

    /// Writes one picture's tensor to `out`, which has [`Preprocessing::numbers`] places.
    pub(super) fn write(
        &self,
        picture: &Picture,
        table: &[[f32; 256]; 3],
        work: &mut Workspace,
        out: &mut [f32],
    ) {
        let pixels = self.bring_to_size(picture, work);
        let source = |channel: usize| match self.channels {
            Channels::Rgb => channel,
            Channels::Bgr => 2 - channel,
        };
        match self.layout {
            Layout::Nchw => {
                let planes = out.chunks_exact_mut(self.height * self.width);
                for ((channel, table), plane) in table.iter().enumerate().zip(planes) {
                    let from = source(channel);
                    for (value, pixel) in plane.iter_mut().zip(pixels.as_chunks::<3>().0) {
                        *value = table[usize::from(pixel[from])];
                    }
                }
            }
            Layout::Nhwc => {
                for (values, pixel) in out
                    .as_chunks_mut::<3>()
                    .0
                    .iter_mut()
                    .zip(pixels.as_chunks::<3>().0)
                {
                    for (channel, value) in values.iter_mut().enumerate() {
                        *value = table[channel][usize::from(pixel[source(channel)])];
                    }
                }
            }
        }
    }

    fn bring_to_size<'w>(&self, picture: &Picture, work: &'w mut Workspace) -> &'w [u8] {
        match self.resize {
            Resize::Stretch => {
                let size = (self.width, self.height);
                self.scale(whole(picture), size, Part::all(size), work);
                &work.scaled
            }
            Resize::Crop => self.crop(picture, work),
            Resize::Pad => self.pad(picture, work),
        }
    }

    /// Scales the shorter side to `shorter_side`, the longer in proportion (rounded down), and
    /// cuts the centre out, as torchvision's `Resize` and `CenterCrop` do.
    fn crop<'w>(&self, picture: &Picture, work: &'w mut Workspace) -> &'w [u8] {
        let source = centre(picture, LONGEST_CROPPED);
        let shorter = source.width.min(source.height);
        let scaled_width = (source.width * self.shorter_side / shorter).max(self.width);
        let scaled_height = (source.height * self.shorter_side / shorter).max(self.height);
        let part = Part {
            left: (scaled_width - self.width) / 2,
            top: (scaled_height - self.height) / 2,
            width: self.width,
            height: self.height,
        };
        self.scale(source, (scaled_width, scaled_height), part, work);
        &work.scaled
    }

    /// Scales until one side fits and lays the result on the middle of the background.
    fn pad<'w>(&self, picture: &Picture, work: &'w mut Workspace) -> &'w [u8] {
        let source = whole(picture);
        let factor_x = self.width as f64 / source.width as f64;
        let factor = factor_x.min(self.height as f64 / source.height as f64);
        let width = scaled(source.width, factor).clamp(1, self.width);
        let height = scaled(source.height, factor).clamp(1, self.height);
        self.scale(source, (width, height), Part::all((width, height)), work);
        let (left, top) = ((self.width - width) / 2, (self.height - height) / 2);
        work.framed.clear();
        work.framed
            .extend(self.background.iter().cycle().take(self.numbers()));
        let rows = work.framed.chunks_exact_mut(3 * self.width).skip(top);
        for (row, scaled) in rows.zip(work.scaled.chunks_exact(3 * width)) {
            row[3 * left..3 * (left + width)].copy_from_slice(scaled);
        }
        &work.framed
    }

    fn scale(&self, source: Window<'_>, size: (usize, usize), part: Part, work: &mut Workspace) {
        work.resampler
            .resize(source, size, part, self.filter, &mut work.scaled);
    }
}

/// The canonical form: what two fingerprints compare.
impl fmt::Display for Preprocessing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}x{} {}", self.height, self.width, self.resize)?;
        match self.resize {
            Resize::Stretch => {}
            // Until "down" was written, the longer side was rounded to the nearest.
            Resize::Crop => write!(f, " from {} down", self.shorter_side)?,
            Resize::Pad => write!(f, " on {:?}", self.background)?,
        }
        write!(
            f,
            " {}, {} {}, rescale {:?} mean {:?} std {:?}",
            self.filter, self.channels, self.layout, self.rescale, self.mean, self.std
        )
    }
}

fn scaled(side: usize, factor: f64) -> usize {
    (side as f64 * factor).round() as usize
}

fn whole(picture: &Picture) -> Window<'_> {
    let (width, height) = (picture.width as usize, picture.height as usize);
    Window {
        rgb: &picture.rgb,
        stride: width,
        left: 0,
        top: 0,
        width,
        height,
    }
}

/// The middle of the picture, no longer than `longest` times its shorter side.
fn centre(picture: &Picture, longest: usize) -> Window<'_> {
    let all = whole(picture);
    let limit = all.width.min(all.height) * longest;
    let (width, height) = (all.width.min(limit), all.height.min(limit));
    let (left, top) = ((all.width - width) / 2, (all.height - height) / 2);
    Window {
        left,
        top,
        width,
        height,
        ..all
    }
}
