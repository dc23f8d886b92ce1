use std::fmt;

use fast_image_resize::images::{TypedImage, TypedImageRef};
use fast_image_resize::pixels::U8x3;
use fast_image_resize::{FilterType, ResizeAlg, ResizeOptions, Resizer};

use super::choices::{Channels, Filter, Layout, Resize};
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

/// Memory and filter tables that one thread uses again for each picture.
#[derive(Default)]
pub(super) struct Workspace {
    resizer: Resizer,
    scaled: Vec<u8>,
    framed: Vec<u8>,
}

/// A centre crop can see nothing of what lies further out than this many times the shorter side;
/// leaving it away first keeps a picture of 1 x 30,000 from being scaled to millions of rows.
const LONGEST_CROPPED: u32 = 8;

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
                for (values, pixel) in out.as_chunks_mut::<3>().0.iter_mut().zip(pixels.as_chunks::<3>().0) {
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
                let whole = Region::whole(picture);
                self.scale(picture, whole, (self.width, self.height), work);
                &work.scaled
            }
            Resize::Crop => self.crop(picture, work),
            Resize::Pad => self.pad(picture, work),
        }
    }

    /// Scales the shorter side to `shorter_side`, the longer in proportion (rounded), and cuts
    /// the centre out, as torchvision's `Resize` and `CenterCrop` do.
    fn crop<'w>(&self, picture: &Picture, work: &'w mut Workspace) -> &'w [u8] {
        let region = Region::centre(picture, LONGEST_CROPPED);
        let factor = self.shorter_side as f64 / region.width.min(region.height);
        let scaled_width = ((region.width * factor).round() as usize).max(self.width);
        let scaled_height = ((region.height * factor).round() as usize).max(self.height);
        self.scale(picture, region, (scaled_width, scaled_height), work);
        let left = (scaled_width - self.width) / 2;
        let top = (scaled_height - self.height) / 2;
        work.framed.clear();
        for row in work.scaled.chunks_exact(3 * scaled_width).skip(top).take(self.height) {
            work.framed.extend_from_slice(&row[3 * left..3 * (left + self.width)]);
        }
        &work.framed
    }

    /// Scales until one side fits and lays the result on the middle of the background.
    fn pad<'w>(&self, picture: &Picture, work: &'w mut Workspace) -> &'w [u8] {
        let region = Region::whole(picture);
        let factor = (self.width as f64 / region.width).min(self.height as f64 / region.height);
        let width = ((region.width * factor).round() as usize).clamp(1, self.width);
        let height = ((region.height * factor).round() as usize).clamp(1, self.height);
        self.scale(picture, region, (width, height), work);
        let (left, top) = ((self.width - width) / 2, (self.height - height) / 2);
        work.framed.clear();
        work.framed.extend(self.background.iter().cycle().take(self.numbers()));
        let rows = work.framed.chunks_exact_mut(3 * self.width).skip(top);
        for (row, scaled) in rows.zip(work.scaled.chunks_exact(3 * width)) {
            row[3 * left..3 * (left + width)].copy_from_slice(scaled);
        }
        &work.framed
    }

    /// Scales a region of the picture into `work.scaled`.
    fn scale(
        &self,
        picture: &Picture,
        region: Region,
        (width, height): (usize, usize),
        work: &mut Workspace,
    ) {
        work.scaled.resize(3 * width * height, 0);
        let options = ResizeOptions::new()
            .resize_alg(algorithm(self.filter))
            .crop(region.left, region.top, region.width, region.height)
            .use_alpha(false);
        let source = TypedImageRef::<U8x3>::from_buffer(picture.width, picture.height, &picture.rgb);
        let target = TypedImage::from_buffer(width as u32, height as u32, &mut work.scaled);
        #[expect(
            clippy::expect_used,
            reason = "pictures are checked before they come here and the region lies within"
        )]
        {
            let (source, mut target) = (source.expect("checked"), target.expect("sized above"));
            work.resizer.resize_typed(&source, &mut target, &options).expect("region within picture");
        }
    }
}

/// The canonical form: what two fingerprints compare.
impl fmt::Display for Preprocessing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}x{} {}", self.height, self.width, self.resize)?;
        match self.resize {
            Resize::Stretch => {}
            Resize::Crop => write!(f, " from {}", self.shorter_side)?,
            Resize::Pad => write!(f, " on {:?}", self.background)?,
        }
        write!(
            f,
            " {}, {} {}, rescale {:?} mean {:?} std {:?}",
            self.filter, self.channels, self.layout, self.rescale, self.mean, self.std
        )
    }
}

/// A rectangle of a picture in pixels.
#[derive(Clone, Copy, Debug)]
struct Region {
    left: f64,
    top: f64,
    width: f64,
    height: f64,
}

impl Region {
    fn whole(picture: &Picture) -> Region {
        let (width, height) = (f64::from(picture.width), f64::from(picture.height));
        Region { left: 0.0, top: 0.0, width, height }
    }

    /// The middle of the picture, no longer than `longest` times its shorter side.
    fn centre(picture: &Picture, longest: u32) -> Region {
        let limit = picture.width.min(picture.height).saturating_mul(longest);
        let (width, height) = (picture.width.min(limit), picture.height.min(limit));
        Region {
            left: f64::from((picture.width - width) / 2),
            top: f64::from((picture.height - height) / 2),
            width: f64::from(width),
            height: f64::from(height),
        }
    }
}

fn algorithm(filter: Filter) -> ResizeAlg {
    match filter {
        Filter::Nearest => ResizeAlg::Nearest,
        Filter::Box => ResizeAlg::Convolution(FilterType::Box),
        Filter::Bilinear => ResizeAlg::Convolution(FilterType::Bilinear),
        Filter::Bicubic => ResizeAlg::Convolution(FilterType::CatmullRom),
        Filter::Lanczos => ResizeAlg::Convolution(FilterType::Lanczos3),
    }
}
